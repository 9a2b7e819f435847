"""A job seen by a person: its states, waiting for it, listening to it."""

from __future__ import annotations

import asyncio
import dataclasses
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.world import PROVIDER, NoActions
from veo_nb.engine.job import Job, JobNote, Snapshot, WaitInterrupted
from veo_nb.errors import KINDS, Cancelled, NotFound, OperationFailed, VeoError, WaitTimeout
from veo_nb.request import make_request
from veo_nb.store.rows import FINAL, NEXT, State, error_from_json, error_to_json

ROOT = Path(__file__).parents[2]
REQUEST = make_request(PROVIDER, prompt="A fox crosses\n a frozen lake, harsh noon light, wide shot.")


class Noted(NoActions):
    """Writes down what a job asks for."""

    def __init__(self, calls: list[str]) -> None:
        self.calls = calls

    def attend(self, job: Job) -> None:
        self.calls.append("attend")

    def cancel(self, job: Job) -> None:
        self.calls.append("cancel")


def make_job(state: State = State.QUEUED, actions: NoActions | None = None, **now) -> Job:
    calls: list[str] = []
    job = Job(
        id="3f2a",
        request=REQUEST,
        provider=PROVIDER,
        take=1,
        estimate=1.2,
        now=Snapshot(state=state, created_at=1.0, **now),
        actions=actions or Noted(calls),
    )
    job.calls = calls  # type: ignore[attr-defined]
    return job


@pytest.fixture
def job() -> Job:
    return make_job()


# States


def test_the_final_states_are_those_of_the_ledger():
    assert {str(state) for state in State if state.final} == set(FINAL)


def test_every_state_but_the_final_ones_can_end_or_be_cancelled():
    for after in NEXT.values():
        assert {State.FAILED, State.BLOCKED, State.CANCELLED} <= after


def test_every_state_can_be_reached():
    reached = {State.QUEUED}
    while more := {after for state in reached for after in NEXT.get(state, ())} - reached:
        reached |= more
    assert reached == set(State)


@given(st.lists(st.sampled_from(State)))
def test_a_job_follows_the_table_and_only_a_person_takes_it_out_of_its_end(states):
    job = make_job()
    for state in states:
        before = job.now.state
        allowed = state is before or before.final or state in NEXT[before]
        if allowed:
            job.change(state=state)
            assert job.now.state is state
        else:
            with pytest.raises(AssertionError):
                job.change(state=state)
            assert job.now.state is before


@given(st.lists(st.sampled_from(State), max_size=8))
def test_whoever_waits_is_answered_whatever_the_order_of_states(states):
    """As another process writes them: the future is done exactly in the final states."""
    job = make_job()
    for state in states:
        job.restate(Snapshot(state=state, created_at=1.0))
        assert job._done.done() == state.final


def test_a_job_in_one_line(job):
    assert repr(job) == "<Job 3f2a queued: A fox crosses a frozen lake, harsh noon…>"


# What it gives


def test_a_video_before_its_time_says_what_to_do(job):
    with pytest.raises(NotFound, match="it is queued") as caught:
        _ = job.video
    assert "job.wait()" in caught.value.hint


def test_a_video_that_never_came_raises_the_jobs_own_error():
    error = OperationFailed("The sky fell.")
    with pytest.raises(OperationFailed, match="sky"):
        _ = make_job(State.FAILED, error=error).video


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.__name__)
def test_an_error_comes_back_from_the_ledger_as_what_it_was(kind):
    error = error_from_json(error_to_json(kind("What happened.", hint="What to do.", operation="op")))
    assert error is not None
    assert type(error) is kind
    assert (error.message, error.hint) == ("What happened.", "What to do.")


def test_an_error_of_a_kind_nobody_knows_is_still_one():
    assert type(error_from_json({"code": "new", "message": "x", "hint": ""})) is VeoError
    assert error_from_json(None) is None


# Waiting


def test_waiting_for_a_job_that_is_done_returns_it():
    job = make_job(State.SUCCEEDED)
    assert job.wait() is job


def test_waiting_ends_when_the_job_does(job):
    timer = threading.Timer(0.05, job.change, kwargs={"state": State.CANCELLED, "error": Cancelled("No.")})
    timer.start()
    with pytest.raises(Cancelled):
        job.wait(10)


def test_a_wait_that_is_too_short_says_that_the_job_goes_on(job):
    with pytest.raises(WaitTimeout, match=r"still queued after 0\.01 s") as caught:
        job.wait(0.01)
    assert "goes on" in caught.value.hint
    assert isinstance(caught.value, TimeoutError)
    assert job.status == "queued"


def test_a_wait_that_is_too_short_says_what_holds_the_job_up(job):
    job.change(note=JobNote(kind="offline", why="gptproto.com can't be reached."))
    with pytest.raises(WaitTimeout) as caught:
        job.wait(0.01)
    assert caught.value.hint == "gptproto.com can't be reached. It goes on in the background."
    job.change(note=JobNote(kind="uploading", why="fox.png"))
    with pytest.raises(WaitTimeout) as caught:
        job.wait(0.01)
    assert caught.value.hint == "It goes on in the background."


async def test_a_job_can_be_awaited_beside_other_tasks(job):
    done = Snapshot(state=State.SUCCEEDED, created_at=1.0)
    asyncio.get_running_loop().call_later(0.01, job.restate, done)
    assert await job is job


async def test_awaiting_raises_the_jobs_own_error():
    with pytest.raises(OperationFailed):
        await make_job(State.FAILED, error=OperationFailed("No."))


async def test_a_cancelled_await_leaves_the_job_running(job):
    waiting = asyncio.ensure_future(_await(job))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    job.change(state=State.SUBMITTING)
    assert job.status == "submitting"
    assert not job._done.cancelled()


async def _await(job: Job) -> Job:
    return await job


def test_an_await_given_up_in_a_loop_that_has_ended_makes_no_noise(job, caplog):
    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(_await(job), 0.01)

    asyncio.run(main())
    job.change(state=State.FAILED, error=OperationFailed("No."))
    assert caplog.text == ""
    with pytest.raises(OperationFailed):
        job.wait()


def test_an_interrupted_wait_says_that_the_job_goes_on():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            textwrap.dedent("""
                import os, signal, threading
                from tests.engine.test_job import make_job
                # A run in the background of a shell begins with interrupts ignored.
                signal.signal(signal.SIGINT, signal.default_int_handler)
                from tests.world import NoActions

                class Interrupts(NoActions):
                    def attend(self, job):
                        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()

                # Sent from inside the wait.
                job = make_job(actions=Interrupts())
                try:
                    job.wait()
                except KeyboardInterrupt as interrupt:
                    print(interrupt._render_traceback_()[0], job.status)
            """),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == (
        "Stopped waiting. Job 3f2a goes on in the background; %veo wait waits again, %veo cancel 3f2a stops it."
        " queued\n"
    ), done.stderr
    assert issubclass(WaitInterrupted, KeyboardInterrupt)


def test_waiting_listening_and_awaiting_see_to_it_that_somebody_drives_the_job(job):
    with pytest.raises(WaitTimeout):
        job.wait(0)
    job.on_change(lambda job: None)
    assert job.calls == ["attend", "attend"]
    job.changed.listen(lambda job: None)
    assert len(job.calls) == 2


def test_a_job_that_goes_on_after_its_end_can_be_waited_for_anew():
    job = make_job(State.FAILED, error=OperationFailed("No."))
    job.change(state=State.RUNNING, error=None)
    with pytest.raises(WaitTimeout):
        job.wait(0.01)
    job.change(state=State.DOWNLOADING)
    job.change(state=State.SUCCEEDED)
    assert job.wait() is job


def test_a_job_that_nobody_will_drive_any_more_ends_its_waits(job):
    threading.Timer(0.05, job.abandon, [VeoError("The studio was closed.")]).start()
    with pytest.raises(VeoError, match="closed"):
        job.wait(10)
    assert job.status == "queued"


def test_an_abandoned_job_may_still_hear_of_its_end(job):
    job.abandon(VeoError("The studio was closed."))
    job.change(state=State.CANCELLED, error=Cancelled("No."))
    assert job.status == "cancelled"


# Listening


def test_a_listener_hears_each_change_until_it_is_removed(job):
    changes: list[str] = []
    remove = job.on_change(lambda job: changes.append(job.status))
    job.change(state=State.SUBMITTING)
    job.change(note=JobNote(kind="offline"))
    remove()
    remove()
    job.change(state=State.RUNNING)
    assert changes == ["submitting", "submitting"]
    assert len(job.changed) == 0


def test_removing_takes_away_no_equal_listener(job):
    changes: list[str] = []

    def listen(job: Job) -> None:
        changes.append(job.status)

    remove, _ = job.on_change(listen), job.on_change(listen)
    remove()
    remove()
    job.change(state=State.SUBMITTING)
    assert changes == ["submitting"]


def test_a_listener_that_breaks_stops_neither_the_job_nor_the_others(job, caplog):
    changes: list[str] = []

    def breaks(job: Job) -> None:
        raise ZeroDivisionError("oops")

    job.on_change(breaks)
    job.on_change(lambda job: changes.append(job.status))
    job.change(state=State.CANCELLED, error=Cancelled("No."))
    assert changes == ["cancelled"]
    with pytest.raises(Cancelled):
        job.wait(0)
    assert "a listener of job 3f2a broke" in caplog.text


def test_a_listener_may_remove_itself_while_it_is_called(job):
    def once(job: Job) -> None:
        remove()

    remove = job.on_change(once)
    job.change(note=JobNote(kind="slot"))
    assert len(job.changed) == 0


def test_listeners_know_before_those_who_wait(job):
    """A cell that waits must find the finished video in the card above it."""
    order: list[str] = []
    job.on_change(lambda job: order.append("card"))
    job._done.add_done_callback(lambda _: order.append("wait"))
    job.change(state=State.CANCELLED)
    assert order == ["card", "wait"]


def test_changes_from_many_threads_are_none_of_them_lost(job):
    job.restate(Snapshot(state=State.RUNNING, created_at=1.0))
    ready = threading.Barrier(8)

    def change() -> None:
        ready.wait()
        for _ in range(200):
            with job._lock:
                job.change(received=job.now.received + 1)

    threads = [threading.Thread(target=change) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert job.now.received == 1600


def test_two_threads_that_change_different_things_do_not_undo_each_other(job, monkeypatch):
    """`change` reads and writes in one step: a slow one does not bring back what it read before."""
    from veo_nb.engine import job as module

    real, inside = dataclasses.replace, threading.Event()

    def slow(now, **changes):
        if "received" in changes:
            inside.set()
            time.sleep(0.05)
        return real(now, **changes)

    monkeypatch.setattr(module, "replace", slow)
    thread = threading.Thread(target=job.change, kwargs={"received": 5})
    thread.start()
    inside.wait()
    job.change(operation="op")
    thread.join()
    assert (job.now.received, job.now.operation) == (5, "op")


def test_ends_from_many_threads_answer_once(job):
    threads = [
        threading.Thread(target=job.change, kwargs={"state": State.CANCELLED, "finished_at": float(number)})
        for number in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert job.wait(0) is job
