"""Two kernels on one library: one drives a job, the other follows, and takes it on when the first is gone."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import threading
from dataclasses import replace

import pytest

from tests.world import PROVIDER, Held, row_of
from veo_nb import errors
from veo_nb.engine import lease as holder
from veo_nb.engine import lease as leases
from veo_nb.engine.lease import Awaited, OwnerLocks
from veo_nb.request import make_request
from veo_nb.store.ledger import Ledger
from veo_nb.store.recovery.journal import Journal
from veo_nb.store.rows import Owner, State

REQUEST = make_request(PROVIDER, prompt="A fox.")
NAME = f"models/{REQUEST.model}/operations/op7"


@pytest.fixture
def ledger(studio):
    """The library's ledger, before any studio has opened it."""
    studio.library.files.prepare()
    ledger = Ledger(studio.library.files.ledger_path)
    yield ledger
    ledger.close()


@pytest.fixture
def dead(ledger, studio) -> str:
    """An owner that was killed: its lock is there, and free."""
    locks = OwnerLocks(studio.library.folder)
    locks.hold("dead")
    locks.release()
    ledger.beat(Owner("dead", socket.gethostname(), os.getpid(), 1_800_000_000.0))
    return "dead"


@pytest.fixture
def living(ledger, studio):
    """An owner in another kernel that lives."""
    locks = OwnerLocks(studio.library.folder)
    assert locks.hold("other")
    ledger.beat(Owner("other", socket.gethostname(), os.getppid(), 1_800_000_000.0))
    yield "other"
    locks.let_go("other")


def wait_for(condition) -> None:
    tick = threading.Event()
    for _ in range(2000):
        if condition():
            return
        tick.wait(0.005)
    raise AssertionError("it never came")


# Taking on what another kernel leaves while this one lives


def test_what_a_kernel_leaves_behind_is_taken_on_by_one_that_lives_without_being_asked(
    studio, service, ledger, dead, monkeypatch
):
    monkeypatch.setattr(holder, "BEAT_SECONDS", 0.01)
    assert studio.history() == []
    ledger.add_job(row_of(REQUEST, state="running", operation=NAME, owner=dead))
    wait_for(lambda: ledger.job("3f2a").state == "succeeded")
    assert service.posts == []


def test_what_another_living_kernel_drives_is_left_to_it_each_time(
    studio, service, ledger, living, monkeypatch
):
    monkeypatch.setattr(holder, "BEAT_SECONDS", 0.01)
    studio.history()
    ledger.add_job(row_of(REQUEST, state="running", operation=NAME, owner="other"))
    threading.Event().wait(0.2)
    assert ledger.job("3f2a").owner == "other"
    assert service.asked == []


def test_closing_while_it_looks_around_makes_no_noise(make_studio, ledger, dead, monkeypatch):
    monkeypatch.setattr(holder, "BEAT_SECONDS", 0.001)
    for number in range(10):
        studio = make_studio()
        studio.history()
        ledger.add_job(
            row_of(REQUEST, id=f"{number:04d}", state="running", operation=NAME, owner=dead), fresh=True
        )
        studio.close()


# Taking on what an earlier kernel left


@pytest.mark.parametrize("state", ["queued", "running", "downloading"])
def test_what_a_killed_kernel_left_is_gone_on_with(studio, service, ledger, dead, state):
    name = None if state == "queued" else NAME
    ledger.add_job(row_of(REQUEST, state=state, operation=name, owner=dead))
    (job,) = studio.resume()
    assert job.wait(30).video.path.exists()
    assert len(service.posts) == (1 if state == "queued" else 0)
    assert ledger.job("3f2a").owner != dead


def test_what_a_killed_kernel_was_just_sending_is_uncertain(studio, service, ledger, dead):
    ledger.add_job(row_of(REQUEST, state="submitting", owner=dead))
    (job,) = studio.resume()
    assert job.status == "uncertain"
    with pytest.raises(errors.SubmissionUncertain, match="while it was being sent"):
        job.wait(30)
    assert ledger.job("3f2a").state == "uncertain"
    assert service.requests == []
    assert studio.jobs.active() == []


def test_a_name_that_only_the_journal_had_room_for_is_gone_on_with(studio, service, dead, ledger):
    """The disk was full when the provider answered, and the kernel was killed then."""
    row = row_of(REQUEST, state="submitting", submitted_at=5.0, owner=dead)
    ledger.add_job(row)
    journal = Journal(studio.library.files.journal_path)
    journal.begin(ledger.entries())
    journal.add([("jobs", {"id": "3f2a", "state": "running", "operation": NAME})], surely=True)
    (job,) = studio.resume()
    assert job.wait(30).operation == NAME
    assert service.posts == []


def test_a_name_of_an_earlier_submit_is_not_taken_for_that_of_this_one(studio, service, dead, ledger):
    row = row_of(REQUEST, state="submitting", submitted_at=5.0, owner=dead)
    ledger.add_job(row)
    journal = Journal(studio.library.files.journal_path)
    journal.begin([("jobs", {"id": "3f2a", "submitted_at": 4.0, "operation": NAME})])
    (job,) = studio.resume()
    assert job.status == "uncertain"


def test_what_a_living_kernel_drives_is_left_alone(make_studio, service):
    first, second = make_studio(), make_studio()
    held = Held()
    service.polls = [held]
    job = first.generate("A fox.")
    assert held.asked.wait(10)
    assert second.resume() == []
    held.give()
    job.wait(30)
    assert len(service.posts) == 1


def test_jobs_of_a_provider_without_a_key_are_left_alone(studio, ledger, dead):
    ledger.add_job(row_of(REQUEST, state="queued", owner=dead, provider="gemini"))
    assert studio.resume() == []
    assert ledger.job("3f2a").owner == dead


def test_without_a_key_nothing_is_taken_on(make_studio, ledger, dead):
    ledger.add_job(row_of(REQUEST, state="queued", owner=dead))
    assert make_studio(api_key=None).resume() == []


def test_what_is_not_taken_on_says_whom_it_waits_for(make_studio, ledger, dead, living):
    for number, owner in enumerate((living, "elsewhere:7:x", dead, dead, dead)):
        provider = {3: "gemini", 4: "gateway"}.get(number, "gptproto")
        row = row_of(REQUEST, id=f"000{number}", state="queued", owner=owner, provider=provider)
        ledger.add_job(row, fresh=True)
    ledger.beat(Owner("elsewhere:7:x", "elsewhere", 7, 1_800_000_000.0))
    studio = make_studio(api_key=None)
    assert studio.resume() == []
    assert studio.jobs.awaited() == [
        Awaited("0000", "notebook", "other"),
        Awaited("0001", "silence", "elsewhere"),
        Awaited("0002", "key", "gptproto"),
        Awaited("0003", "key", "gemini"),
        Awaited("0004", "address", "gateway"),
    ]


def test_what_is_driven_here_waits_for_nobody(make_studio, held):
    first, second = make_studio(), make_studio()
    first.generate("A fox.")
    assert held.asked.wait(10)
    assert first.jobs.awaited() == second.jobs.awaited() == []


def test_resuming_twice_takes_on_once(studio, service, ledger, dead):
    ledger.add_job(row_of(REQUEST, state="queued", owner=dead))
    held = Held()
    service.submits = [held]
    assert len(studio.resume()) == 1
    assert studio.resume() == []
    held.give()
    studio.job("3f2a").wait(30)
    assert len(service.posts) == 1


def test_of_two_kernels_one_takes_on(make_studio, service, ledger, dead):
    for number in range(6):
        ledger.add_job(row_of(REQUEST, id=f"000{number}", state="queued", owner=dead), fresh=True)
    start, taken = threading.Barrier(2), []

    def resume(studio) -> None:
        start.wait()
        taken.extend(studio.resume())

    workers = [threading.Thread(target=resume, args=(make_studio(),)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(job.id for job in taken) == [f"000{number}" for number in range(6)]
    for job in taken:
        job.wait(30)
    assert len(service.posts) == 6


# Following


@pytest.fixture
def held(service) -> Held:
    """The answer to the first poll."""
    held = Held()
    service.polls = [held]
    return held


def test_the_same_cell_in_a_second_kernel_follows_the_first(make_studio, service, held):
    first, second = make_studio(), make_studio()
    job = first.generate("A fox.")
    assert held.asked.wait(10)
    same, new = second.submit("A fox.")
    assert (new, same.id, same is job) == (False, job.id, False)
    wait_for(lambda: same.now.note is not None and same.now.note.kind == "elsewhere")
    assert second.jobs.active() == [same]
    held.give()
    assert same.wait(30).video == job.wait(30).video
    assert (len(service.posts), second.jobs.active()) == (1, [])


def test_a_job_is_followed_once_however_often_it_is_asked_for(make_studio, held):
    first, second = make_studio(), make_studio()
    first.generate("A fox.")
    assert held.asked.wait(10)
    same = second.generate("A fox.")
    wait_for(lambda: same.now.note is not None)
    before = second.jobs.workspace.parts.loop.do(lambda: len(asyncio.all_tasks()))
    for _ in range(3):
        assert second.generate("A fox.") is same
        same.on_change(lambda job: None)
    assert second.jobs.workspace.parts.loop.do(lambda: len(asyncio.all_tasks())) == before
    held.give()
    same.wait(30)


def test_a_job_that_was_only_looked_at_can_be_waited_for_too(make_studio, service, held):
    first, second = make_studio(), make_studio()
    job = first.generate("A fox.")
    assert held.asked.wait(10)
    (same,) = second.history()
    held.give()
    assert same.wait(30).status == "succeeded"
    assert job.wait(30)


def test_when_the_first_is_gone_the_second_takes_the_job_on(make_studio, service, held):
    first, second = make_studio(), make_studio()
    first.generate("A fox.")
    assert held.asked.wait(10)
    same = second.generate("A fox.")
    first.close()
    assert same.wait(30).video.path.exists()
    assert len(service.posts) == 1


def test_a_busy_ledger_does_not_end_the_following(make_studio, service, held):
    first, second = make_studio(), make_studio()
    first.generate("A fox.")
    assert held.asked.wait(10)
    same = second.generate("A fox.")
    ledger, busy = second.jobs.workspace.parts.ledger, threading.Event()
    real = ledger.job

    def locked(job_id: str):
        busy.set()
        ledger.job = real
        raise errors.VeoError("database is locked")

    ledger.job = locked
    assert busy.wait(10)
    held.give()
    assert same.wait(30).status == "succeeded"


def test_a_job_whose_row_is_gone_fails_in_place_of_waiting_for_ever(make_studio, ledger, held):
    first, second = make_studio(), make_studio()
    first.generate("A fox.")
    assert held.asked.wait(10)
    same = second.generate("A fox.")
    second.jobs.workspace.parts.ledger.job = lambda _: None
    with pytest.raises(errors.NotFound, match="gone from the library"):
        same.wait(30)


def test_a_kernel_that_slept_too_long_sends_nothing_and_follows_who_took_its_job(
    make_studio, service, ledger, living
):
    """Its machine was asleep, another took over: a POST of both would be paid twice."""
    studio = make_studio(max_in_flight=1)
    held = Held()
    service.polls = [held]
    studio.generate("An owl.")
    assert held.asked.wait(10)
    waiting = studio.generate("A fox.")
    ledger.update_job(waiting.id, owner=living)
    held.give()
    wait_for(lambda: waiting.now.note is not None and waiting.now.note.kind == "elsewhere")
    ledger.update_job(waiting.id, state="running", operation=NAME)
    wait_for(lambda: waiting.status == "running")
    ledger.update_job(waiting.id, state="failed", error={"code": "failed", "message": "No.", "hint": ""})
    with pytest.raises(errors.OperationFailed, match="No"):
        waiting.wait(30)
    assert len(service.posts) == 1


def test_a_job_that_was_seen_running_and_ended_elsewhere_is_not_waited_for_for_ever(studio, ledger):
    ledger.add_job(row_of(REQUEST, state="running", operation=NAME, owner="x"))
    (job,) = studio.history()
    ledger.update_job("3f2a", state="failed", error={"code": "failed", "message": "No.", "hint": ""})
    with pytest.raises(errors.OperationFailed):
        job.wait(30)


# Cancelling across


def test_a_job_of_another_living_process_is_not_cancelled_from_here(studio, ledger, living):
    ledger.add_job(row_of(REQUEST, state="running", operation=NAME, owner="other"))
    with pytest.raises(errors.InvalidRequest, match="another notebook"):
        studio.job("3f2a").cancel()
    assert ledger.job("3f2a").state == "running"


def test_a_job_of_another_studio_of_this_process_is_cancelled_there(make_studio, service, held):
    """As after veo.configure(): the former studio goes on with its jobs, %veo cancel asks the new one."""
    first, second = make_studio(), make_studio()
    job = first.generate("A fox.")
    assert held.asked.wait(10)
    second.job(job.id).cancel()
    with pytest.raises(errors.Cancelled):
        job.wait(30)
    assert second.job(job.id).status == "cancelled"


def test_an_orphan_is_cancelled_without_being_driven(studio, service, ledger, dead):
    ledger.add_job(row_of(REQUEST, state="running", operation=NAME, owner=dead))
    job = studio.job("3f2a")
    job.cancel()
    wait_for(lambda: job.now.state.final)
    assert (ledger.job("3f2a").state, service.requests) == ("cancelled", [])


def test_cancelling_a_job_that_has_ended_elsewhere_keeps_its_end(studio, ledger):
    ledger.add_job(row_of(REQUEST, state="running", operation=NAME, owner="x"))
    job = studio.job("3f2a")
    ledger.update_job("3f2a", state="succeeded")
    job.cancel()
    assert (job.status, ledger.job("3f2a").state) == ("succeeded", "succeeded")


def test_cancelling_right_after_the_submit_is_not_lost(studio, service):
    job = studio.generate("A fox.")
    job.cancel()
    with pytest.raises(errors.Cancelled):
        job.wait(30)
    assert len(service.posts) <= 1


# A person's second try, from two places


def test_of_two_who_resubmit_one_sends(make_studio, service, ledger):
    ledger.add_job(row_of(REQUEST, state="uncertain", error={"code": "uncertain", "message": "", "hint": ""}))
    first, second = make_studio(), make_studio()
    jobs = [first.job("3f2a"), second.job("3f2a")]
    held = Held()
    service.submits = [held]
    first.jobs.resubmit("3f2a")
    with pytest.raises(errors.InvalidRequest, match=r"not uncertain|started elsewhere"):
        second.jobs.resubmit("3f2a")
    held.give()
    for job in jobs:
        assert job.wait(30).status == "succeeded"
    assert len(service.posts) == 1


def test_a_job_that_was_started_elsewhere_in_the_same_instant_is_left_to_that(studio, service, ledger):
    ledger.add_job(row_of(REQUEST, state="uncertain", owner="x"))
    job = studio.job("3f2a")
    parts = studio.jobs.workspace.parts
    ledger.update_job("3f2a", state="queued")
    with pytest.raises(errors.InvalidRequest, match="started elsewhere"):
        parts.leases.again(job, parts.engine.resubmit)
    assert service.requests == []


def test_a_job_that_another_kernel_finished_can_be_fetched_again_here(make_studio, service, clip):
    first, second = make_studio(), make_studio()
    path = first.generate("A fox.").wait(30).video.path
    path.unlink()
    assert second.generate("A fox.").wait(30).video.path == path
    assert (path.read_bytes(), len(service.posts)) == (clip, 1)


def test_an_end_that_could_not_be_written_does_not_stand_in_the_way_of_a_retry(studio, service):
    held = Held()
    service.polls = [held]
    job = studio.generate("A fox.")
    assert held.asked.wait(10)
    real = studio.jobs.workspace.parts.ledger.update_job

    def full(*_, **__):
        raise errors.VeoError("The disk is full.")

    studio.jobs.workspace.parts.ledger.update_job = full
    held.give()
    with pytest.raises(errors.VeoError, match="full"):
        job.wait(30)
    studio.jobs.workspace.parts.ledger.update_job = real
    parts = studio.jobs.workspace.parts
    parts.leases.again(job, parts.engine.retry)
    assert job.wait(30).status == "succeeded"
    assert len(service.posts) == 1


def test_those_of_closed_studios_are_forgotten(make_studio, service):
    studio = make_studio()
    studio.generate("A fox.").wait(30)
    owner = studio.jobs.workspace.owner_id
    assert owner in leases._HERE
    studio.close()
    gc.collect()
    assert owner not in leases._HERE


def test_a_state_nobody_drives_is_never_left_behind(studio, service, ledger, dead):
    """Attending twice at once drives once."""
    ledger.add_job(replace(row_of(REQUEST), state="queued", owner=dead))
    job = studio.job("3f2a")
    start = threading.Barrier(4)

    def attend() -> None:
        start.wait()
        job.on_change(lambda job: None)

    workers = [threading.Thread(target=attend) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert job.wait(30).now.state is State.SUCCEEDED
    assert len(service.posts) == 1
