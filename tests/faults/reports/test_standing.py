"""What was accepted keeps standing, and what may have been charged stays on the bill: a row each way in which it did not.

The figures are the provider's: how many submits it saw beyond those that a person asked for.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import httpx2
import pytest

import veo_nb
from tests.faults.rows import Row
from tests.world import Held
from veo_nb import errors
from veo_nb.engine.job import Job, WaitInterrupted

OURS = str(Path(veo_nb.__file__).parent)
HOUR = 3600.0
LOST = httpx2.ReadTimeout("no answer")


def says(status: int, message: str = "no such thing") -> httpx2.Response:
    return httpx2.Response(status, json={"error": {"message": message, "code": "x"}})


def ended(job: Job, seconds: float = 60) -> str:
    """The state in which a job ends."""
    with contextlib.suppress(errors.VeoError):
        job.wait(seconds)
    return str(job.status)


@pytest.fixture
def record(matrix, service):
    """Hand in the row of a case after which the provider should have seen so many submits."""

    def hand_in(case: str, job: Job, posts: int, *, lost: bool = False) -> Row:
        seen = len(service.posts)
        said = str(job.error or "") or job.status
        row = Row("reports", case, ended=said, submits=seen, lost=int(lost), doubled=max(0, seen - posts))
        matrix(row)
        return row

    return hand_in


# Denied at the provider


@pytest.mark.parametrize("status", [400, 403, 404, 405, 410])
@pytest.mark.parametrize("call", ["poll", "download"])
def test_one_denial_is_asked_about_again(studio, service, record, call, status):
    answers = service.polls if call == "poll" else service.downloads
    answers += [says(status)]
    job = studio.generate("A fox.")
    state = ended(job)
    again = studio.generate("A fox.")
    row = record(f"one {status} on a {call}, and the cell again", job, 1, lost=state != "succeeded")
    assert row.sound
    assert (state, again is job, len(service.posts)) == ("succeeded", True, 1)


@pytest.mark.parametrize("status", [400, 403, 404, 405, 410])
@pytest.mark.parametrize("call", ["poll", "download"])
def test_denied_for_minutes_it_is_kept_and_the_cell_looks_for_it_first(studio, service, record, call, status):
    answers = service.polls if call == "poll" else service.downloads
    answers += [says(status)] * 14
    job = studio.generate("A fox.")
    first, why = ended(job), str(job.error)
    again = studio.generate("A fox.")
    state = ended(again)
    row = record(f"{status} on a {call} for minutes, and the cell again", job, 1, lost=state != "succeeded")
    row.ended = why
    assert row.sound
    assert (first, state, again is job, len(service.posts)) == ("failed", "succeeded", True, 1)
    assert "is kept" in why


def test_a_firewalls_policy_is_no_block(studio, service, record):
    service.polls += [says(400, "Blocked by your network's security policy")] * 14
    job = studio.generate("A fox.")
    first = ended(job)
    state = ended(studio.generate("A fox."))
    assert record("a firewall's policy as the answer to polls", job, 1, lost=state != "succeeded").sound
    assert (first, state, len(service.posts)) == ("failed", "succeeded", 1)


def test_a_later_one_that_was_refused_does_not_hide_what_stands(studio, service, record):
    service.polls += [says(401)]
    job = studio.generate("A fox.")
    ended(job)
    service.submits = [says(400)]
    fresh, _ = studio.submit("A fox.", fresh=True)
    ended(fresh)
    again = studio.generate("A fox.")
    state = ended(again)
    row = record("kept, then --fresh is refused, and the cell again", job, 2, lost=state != "succeeded")
    assert row.sound
    assert (again is job, state, len(service.posts)) == (True, "succeeded", 2)


def test_only_the_operations_own_end_is_paid_for_again(studio, service, record):
    name = "models/m/operations/op1"
    service.polls = [
        httpx2.Response(200, json={"name": name, "done": True, "error": {"message": "It broke."}})
    ]
    job = studio.generate("A fox.")
    ended(job)
    again = studio.generate("A fox.")
    assert record("failed by the operation's own word, and the cell again", job, 2).sound
    assert (again is job, ended(again), len(service.posts)) == (False, "succeeded", 2)


# Done is done


def late(make_studio, hours: float):
    """A studio of another day."""
    studio = make_studio()
    clock = studio.jobs.workspace.clock
    studio.close()
    time = clock.__self__
    time.now += hours * HOUR
    return make_studio()


@pytest.mark.parametrize("gone", [1, 4])
def test_of_four_samples_what_is_lost_is_named_and_nothing_is_sent(make_studio, service, record, gone):
    service.on_poll = lambda name: service.finished(name, 4)
    job = make_studio().generate("A fox.", sample_count=4).wait(60)
    for video in job.videos[4 - gone :]:
        video.path.unlink()
    studio = late(make_studio, 49)
    service.on_poll = lambda name: says(404)
    states = []
    for _ in range(3):
        job = studio.generate("A fox.", sample_count=4)
        states.append(ended(job))
    row = record(f"{gone} of 4 files deleted after two days, the cell three times", job, 1)
    assert row.sound
    assert states == ["succeeded"] * 3
    assert ([video.sample for video in job.videos], job.error) == ([*range(4 - gone)], None)
    assert [sample for sample, _ in job.now.lost] == [*range(4 - gone, 4)]


# What may have been charged


@pytest.fixture
def lost(studio, service):
    """A job whose submit was not answered."""
    service.submits = [LOST]
    job = studio.generate("A fox.")
    assert ended(job) == "uncertain"
    assert studio.cost().spent == pytest.approx(job.estimate)
    return job


def test_stopped_before_it_is_sent_again(make_studio, service, record):
    studio = make_studio(max_in_flight=1)
    service.submits = [LOST]
    job = studio.generate("A fox.")
    ended(job)
    price, hold = job.estimate, Held()
    service.polls = [hold]
    other = studio.generate("An owl.", duration_seconds=4)
    assert hold.asked.wait(30)
    studio.jobs.resubmit(job.id)
    assert studio.cost().spent == pytest.approx(2 * price + other.estimate)
    job.cancel()
    state = ended(job)
    spent = studio.cost().spent - other.estimate
    again = studio.generate("A fox.")
    hold.give()
    ended(other)
    row = record("uncertain, resubmitted, stopped while it waits, and the cell again", job, 2)
    assert row.sound
    assert (state, ended(again), again is job, len(service.posts)) == ("uncertain", "uncertain", True, 2)
    assert (spent, job.estimate) == (pytest.approx(price), pytest.approx(price))
    assert str(job.error).startswith("Stopped before it was sent again. The answer before that was lost")


@pytest.mark.parametrize("refusal", [says(400), says(400, "content policy violation"), says(403)])
def test_refused_when_it_is_sent_again(studio, service, record, lost, refusal):
    price = lost.estimate
    service.submits = [refusal]
    studio.jobs.resubmit(lost.id)
    state = ended(lost)
    again = studio.generate("A fox.")
    row = record(f"uncertain, resubmitted, refused: {lost.error.message[:60]}", lost, 2)
    assert row.sound
    assert (state, again is lost, len(service.posts)) == ("uncertain", True, 2)
    assert studio.cost().spent == pytest.approx(price)
    assert lost.estimate == pytest.approx(price)


def test_it_is_on_the_bill_in_the_next_kernel_too(make_studio, studio, service, record, lost):
    price = lost.estimate
    service.submits = [says(400)]
    studio.jobs.resubmit(lost.id)
    ended(lost)
    studio.close()
    studio.library.files.ledger_path.unlink()
    later = make_studio()
    job = later.job(lost.id)
    assert record("uncertain, resubmitted, refused, and the ledger made anew", job, 2).sound
    assert (job.status, job.estimate) == ("uncertain", pytest.approx(price))
    assert later.cost().spent == pytest.approx(price)
    service.submits = [LOST]
    later.jobs.resubmit(job.id)
    assert ended(job) == "uncertain"
    assert later.cost().spent == pytest.approx(2 * price)


def test_made_when_it_is_sent_again_and_free_by_the_providers_word(studio, service, record, lost):
    price = lost.estimate
    free = {"message": "The audio was blocked. You will not be charged."}
    service.polls = [httpx2.Response(200, json={"name": "n", "done": True, "error": free})]
    studio.jobs.resubmit(lost.id)
    ended(lost)
    assert record("uncertain, resubmitted, taken and failed for free", lost, 2).sound
    assert studio.cost().spent == pytest.approx(price)


def test_a_denial_that_speaks_of_no_charge_leaves_the_charge(studio, service, record):
    service.polls += [says(404, "Not found. You have not been charged.")] * 14
    job = studio.generate("A fox.")
    assert ended(job) == "failed"
    assert record("a denial that says that nothing was charged", job, 1).sound
    assert studio.cost().spent == pytest.approx(job.estimate)


# Interrupted


def interrupted(call: Callable[[], object], at: int) -> tuple[int, BaseException | None]:
    """Call it and interrupt it at this call of ours, as Ctrl-C does; how many calls there were, and what it raised.

    Python lets an interrupt come where a function begins, and not between a lock that was taken and what it is for.
    """
    calls = 0

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal calls
        # In the first one is let through, and which of its two instructions it meets is not up to us; the second ends where
        # nobody hears of what is raised.
        if frame.f_code.co_filename.startswith(OURS) and frame.f_code.co_name not in (
            "__exit__",
            "<genexpr>",
        ):
            calls += 1
            if calls == at:
                signal.raise_signal(signal.SIGINT)

    # Whoever was started in the background of a shell has it ignored.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except BaseException as error:  # noqa: BLE001  an interrupt is none of the usual ones
        return calls, error
    finally:
        sys.settrace(before)
        signal.signal(signal.SIGINT, handler)
    return calls, None


def test_an_interrupted_call_gives_its_job_or_enters_none(make_studio, service, matrix):
    studio = make_studio(max_in_flight=100)
    ended(studio.generate("A fox."))
    service.posts.clear()
    calls, _ = interrupted(lambda: studio.generate("An owl."), at=0)
    ended(studio.generate("An owl."))
    assert calls > 50
    given: set[str] = set()
    said: set[str] = set()
    tries = [*range(1, calls, 5), *range(calls - 12, calls + 1)]
    for at in tries:
        prompt = f"Clip {at}."
        found: list[Job] = []
        _, error = interrupted(lambda: found.append(studio.generate(prompt)), at)  # noqa: B023  called at once
        assert error is None or isinstance(error, KeyboardInterrupt), error
        (said if isinstance(error, WaitInterrupted) else given if found else set()).add(prompt)
        # As the patrol does every few seconds.
        studio.resume()
    for job in studio.history(1000):
        ended(job)
    sent = {post["instances"][0]["prompt"] for post in service.posts} - {"An owl."}
    case = "generate() interrupted at each step"
    row = Row("reports", case, tried=len(tries), submits=len(sent), doubled=len(sent - given - said))
    row.ended = f"{len(given)} gave their job, {len(tries) - len(given)} entered none"
    assert matrix(row).sound
    # Where it was being sent already, it says so.
    assert len(given | said) <= 12, "in one of the last steps only"
    assert sent == given | said
    assert {job.request.prompt for job in studio.history(1000)} - {"A fox.", "An owl."} == given | said


def test_an_interrupted_sweep_enters_none(make_studio, service, matrix):
    studio = make_studio()
    calls, _ = interrupted(lambda: studio.sweep("A fox.", axes={"seed": [0, 1]}), at=0)
    studio.sweeps.all()[0].wait(60)
    service.posts.clear()
    for number, at in enumerate(range(1, calls, calls // 12)):
        seeds = [10 * number + 10, 10 * number + 11]
        _, error = interrupted(lambda: studio.sweep("A fox.", axes={"seed": seeds}), at)  # noqa: B023  called at once
        studio.resume()
        if error is not None:
            assert len([job for job in studio.history(1000) if job.request.seed in seeds]) in (0, 2)
    for job in studio.history(1000):
        ended(job)
    row = Row("reports", "sweep() interrupted at each step", tried=12, submits=len(service.posts))
    assert matrix(row).sound
    assert len(service.posts) % 2 == 0
