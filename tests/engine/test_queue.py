"""Who may go to the provider, in which order, and what those hear who may not yet."""

from __future__ import annotations

import asyncio

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.test_job import make_job
from tests.world import Time
from veo_nb import errors
from veo_nb.engine.job import Job, JobNote
from veo_nb.engine.providers.queue import CALM, LEAST_SHARE, ONE_REFUSAL, Limits, Pace
from veo_nb.store.rows import LimitsRow


@pytest.fixture
def time():
    return Time()


def jobs_of(count: int):
    jobs = []
    for number in range(count):
        job = make_job()
        job.id = f"000{number}"
        jobs.append(job)
    return jobs


async def test_first_come_first_served(time):
    limits = Limits(1, 100, time.clock, time.sleep)
    jobs = jobs_of(4)
    order: list[str] = []

    async def take(job: Job) -> None:
        await limits.admit(job)
        order.append(job.id)

    tasks = [asyncio.ensure_future(take(job)) for job in jobs]
    await time.settle()
    assert order == ["0000"]
    for job in jobs:
        limits.leave(job)
        await time.settle()
    assert order == [job.id for job in jobs]
    await asyncio.gather(*tasks)


async def test_who_gives_up_in_the_line_makes_room_and_takes_no_slot(time):
    limits = Limits(1, 100, time.clock, time.sleep)
    first, second, third = jobs_of(3)
    await limits.admit(first)
    tasks = [asyncio.ensure_future(limits.admit(job)) for job in (second, third)]
    await time.settle()
    assert [job.now.note.count for job in (second, third)] == [0, 1]
    tasks[0].cancel()
    await time.settle()
    limits.leave(second)
    assert third.now.note == JobNote(kind="slot", count=0)
    assert not tasks[1].done()
    limits.leave(first)
    await tasks[1]


async def test_jobs_that_are_at_the_provider_already_count(time):
    """Those of an earlier kernel: even more than allowed, but then nobody else goes."""
    limits = Limits(1, 100, time.clock, time.sleep)
    first, second, third = jobs_of(3)
    limits.occupy(first)
    limits.occupy(second)
    waiting = asyncio.ensure_future(limits.admit(third))
    limits.leave(first)
    await time.settle()
    assert not waiting.done()
    limits.leave(second)
    await waiting


async def test_a_job_that_is_being_cancelled_keeps_saying_so(time):
    limits = Limits(1, 100, time.clock, time.sleep)
    first, second = jobs_of(2)
    await limits.admit(first)
    waiting = asyncio.ensure_future(limits.admit(second))
    await time.settle()
    second.change(note=JobNote(kind="stopping"))
    limits.occupy(first)
    limits._move_up()
    assert second.stopping
    waiting.cancel()


@pytest.mark.parametrize("at_once", [1, 5, 30])
async def test_in_no_minute_do_more_go_out_than_allowed(time, at_once):
    limits = Limits(100, 10, time.clock, time.sleep)
    sent: list[float] = []

    async def send(job: Job) -> None:
        await limits.admit(job)
        sent.append(time.now)

    tasks = []
    for job in jobs_of(35):
        tasks.append(asyncio.ensure_future(send(job)))
        if len(tasks) % at_once == 0:
            await time.advance(3)
    await time.advance(600)
    await asyncio.gather(*tasks)
    assert len(sent) == 35
    for moment in sent:
        assert sum(moment - 60 < other <= moment for other in sent) <= 10


async def test_a_wait_for_the_rate_says_how_long(time):
    limits = Limits(100, 1, time.clock, time.sleep)
    first, second = jobs_of(2)
    await limits.admit(first)
    assert first.now.note is None
    await time.advance(18)
    waiting = asyncio.ensure_future(limits.admit(second))
    await time.settle()
    assert second.now.note == JobNote(kind="rate", until=time.now + 42, count=1)
    await time.advance(42)
    await waiting


# Held back


async def test_who_is_held_back_is_passed_by_and_says_so(time):
    limits = Limits(1, 100, time.clock, time.sleep)
    first, second, third = jobs_of(3)
    await limits.admit(first)
    waiting = [asyncio.ensure_future(limits.admit(job)) for job in (second, third)]
    await time.settle()
    limits.hold({second.id})
    assert [job.now.note for job in (second, third)] == [JobNote(kind="held"), JobNote(kind="slot", count=0)]
    limits.leave(first)
    await waiting[1]
    limits.leave(third)
    await time.advance(3600)
    assert not waiting[0].done()
    limits.release({second.id})
    await waiting[0]


async def test_who_is_held_back_while_it_waits_for_the_rate_makes_room(time):
    limits = Limits(1, 1, time.clock, time.sleep)
    first, second, third = jobs_of(3)
    await limits.admit(first)
    limits.leave(first)
    waiting = [asyncio.ensure_future(limits.admit(job)) for job in (second, third)]
    await time.settle()
    assert second.now.note.kind == "rate"
    limits.hold({second.id})
    assert second.now.note == JobNote(kind="held")
    await time.advance(60)
    assert [one.done() for one in waiting] == [False, True]
    assert second.now.note == JobNote(kind="held")
    waiting[0].cancel()


async def test_a_job_that_is_sent_already_is_not_held_back(time):
    limits = Limits(2, 100, time.clock, time.sleep)
    first, second = jobs_of(2)
    await limits.admit(first)
    limits.hold({first.id})
    await limits.admit(second)
    limits.leave(first)
    assert limits._busy == {second.id}


# What the provider bears


async def line_of(limits: Limits, jobs: list[Job], order: list[str]) -> list[asyncio.Task[None]]:
    """Jobs that wait, and write themselves into `order` when their turn comes."""

    async def take(job: Job) -> None:
        await limits.admit(job)
        order.append(job.id)

    tasks = [asyncio.ensure_future(take(job)) for job in jobs]
    await asyncio.sleep(0)
    return tasks


async def test_who_is_moved_goes_in_the_new_order_and_all_hear_their_place(time):
    limits = Limits(1, 100, time.clock, time.sleep)
    jobs = jobs_of(5)
    order: list[str] = []
    tasks = await line_of(limits, jobs, order)
    await time.settle()
    assert limits.move("0004", "0002")
    assert limits.move("0001", None)
    assert limits.waiting() == ["0004", "0002", "0003", "0001"]
    assert [job.now.note.count for job in jobs[1:]] == [3, 1, 2, 0]
    for job_id in ("0000", "0004", "0002", "0003"):
        limits.leave(jobs[int(job_id)])
        await time.settle()
    assert order == ["0000", "0004", "0002", "0003", "0001"]
    await asyncio.gather(*tasks)


async def test_who_has_been_sent_or_never_waited_is_not_moved(time):
    limits = Limits(1, 100, time.clock, time.sleep)
    jobs = jobs_of(3)
    order: list[str] = []
    tasks = await line_of(limits, jobs, order)
    await time.settle()
    assert not limits.move("0000", "0002")
    assert not limits.move("none", None)
    assert limits.waiting() == ["0001", "0002"]
    for job in jobs:
        limits.leave(job)
    await asyncio.gather(*tasks)


async def test_before_one_that_has_just_been_sent_is_first(time):
    limits = Limits(1, 100, time.clock, time.sleep)
    jobs = jobs_of(4)
    order: list[str] = []
    tasks = await line_of(limits, jobs, order)
    await time.settle()
    assert limits.move("0003", "0000")
    assert limits.waiting() == ["0003", "0001", "0002"]
    for job in (jobs[0], jobs[3], jobs[1]):
        limits.leave(job)
        await time.settle()
    await asyncio.gather(*tasks)


async def test_who_is_held_back_is_moved_and_stays_held_back(time):
    limits = Limits(1, 100, time.clock, time.sleep)
    jobs = jobs_of(4)
    order: list[str] = []
    tasks = await line_of(limits, jobs, order)
    await time.settle()
    limits.hold({"0003"})
    assert limits.move("0003", "0001")
    assert jobs[3].now.note == JobNote(kind="held")
    limits.leave(jobs[0])
    await time.settle()
    assert order == ["0000", "0001"]
    limits.release({"0003"})
    limits.leave(jobs[1])
    await time.settle()
    assert order == ["0000", "0001", "0003"]
    limits.leave(jobs[3])
    await asyncio.gather(*tasks)


async def shown(moves: list[tuple[int, int | None]]) -> list[str]:
    """The line after these moves of eight jobs behind one that is at the provider."""
    time = Time()
    limits = Limits(1, 100, time.clock, time.sleep)
    tasks = await line_of(limits, jobs_of(9), [])
    for job, before in moves:
        assert limits.move(f"000{job}", None if before is None else f"000{before}")
    found = limits.waiting()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return found


@given(st.lists(st.tuples(st.integers(1, 8), st.none() | st.integers(1, 8)), max_size=12))
def test_no_move_loses_or_doubles_anyone(moves):
    line = [f"000{number}" for number in range(1, 9)]
    for job, before in moves:
        if job != before:
            line.remove(f"000{job}")
            line.insert(len(line) if before is None else line.index(f"000{before}"), f"000{job}")
    assert asyncio.run(shown(moves)) == line


async def test_too_many_halves_what_is_at_the_provider_at_once(time):
    limits = Limits(4, 100, time.clock, time.sleep)
    jobs = jobs_of(6)
    for job in jobs[:4]:
        await limits.admit(job)
    waiting = [asyncio.ensure_future(limits.admit(job)) for job in jobs[4:]]
    limits.refused(None)
    limits.leave(jobs[0])
    limits.leave(jobs[1])
    await time.settle()
    assert [one.done() for one in waiting] == [False, False]
    limits.leave(jobs[2])
    await waiting[0]
    assert not waiting[1].done()
    waiting[1].cancel()


async def test_nobody_sends_before_the_time_that_one_was_told(time):
    limits = Limits(4, 100, time.clock, time.sleep)
    first, second = jobs_of(2)
    await limits.admit(first)
    limits.refused(20.0)
    waiting = asyncio.ensure_future(limits.admit(second))
    await time.settle()
    assert second.now.note == JobNote(kind="asked", until=time.now + 20)
    await time.advance(19)
    assert not waiting.done()
    await time.advance(1)
    await waiting


async def test_what_is_taken_makes_room_again_slowly(time):
    limits = Limits(4, 100, time.clock, time.sleep)
    limits.refused(None)
    for _ in range(20):
        limits.taken()
    assert limits._pace.of(4) == 2
    await time.advance(CALM)
    for share in (0.55, 0.6):
        limits.taken()
        assert limits._pace.share == pytest.approx(share)
    for _ in range(8):
        limits.taken()
    assert limits._pace.of(4) == 4


def test_a_burst_of_refusals_is_one():
    pace = Pace()
    for second in range(int(ONE_REFUSAL)):
        pace = pace.slower(1000.0 + second, 1)
    assert pace.share == 0.5
    assert pace.slower(1000.0 + ONE_REFUSAL, 1).share == 0.25


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 100), st.integers(0, 50))),
    st.integers(1, 1000),
    st.none() | st.integers(1, 100),
)
def test_the_pace_stays_between_a_little_and_all_of_it(events, limit, allowed):
    pace, now = Pace(), 0.0
    for refused, seconds, sent in events:
        now += seconds
        before = pace
        pace = pace.slower(now, sent) if refused else pace.faster(now)
        borne = pace.a_minute(allowed)
        assert (borne is None) == (allowed is None and pace.per_minute is None)
        assert borne is None or 1 <= borne <= (allowed or 1e9)
        assert pace.share <= before.share if refused else pace.share >= before.share
        assert LEAST_SHARE <= pace.share <= 1
        assert 1 <= pace.of(limit) <= limit


# What was learnt


async def test_without_a_limit_none_waits_for_the_rate(time):
    limits = Limits(100, None, time.clock, time.sleep)
    for job in jobs_of(9):
        await limits.admit(job)
        assert job.now.note is None


async def test_where_no_limit_is_known_a_refusal_tells_what_is_borne(time):
    learnt: list[Pace] = []
    limits = Limits(100, None, time.clock, time.sleep, learnt=learnt.append)
    jobs = jobs_of(9)
    for job in jobs[:6]:
        await limits.admit(job)
    limits.refused(None)
    assert [(pace.per_minute, pace.share, pace.refused_at) for pace in learnt] == [(5.0, 0.5, time.now)]
    waiting = asyncio.ensure_future(limits.admit(jobs[6]))
    await time.settle()
    assert jobs[6].now.note == JobNote(kind="rate", until=time.now + 60, count=5)
    await time.advance(61)
    assert waiting.done()


async def test_a_clock_that_is_set_back_makes_nobody_wait_for_as_long(time):
    limits = Limits(10, 10, time.clock, time.sleep)
    limits.refused(30.0)
    time.now -= 3600
    (job,) = jobs_of(1)
    waiting = asyncio.ensure_future(limits.admit(job))
    await time.advance(61)
    assert waiting.done()


def test_a_refusal_after_hardly_anything_says_nothing_of_how_much_is_too_much():
    assert Pace().slower(1000.0, 2).per_minute is None
    assert Pace(per_minute=7.0).slower(1000.0, 1).per_minute == 7.0


def test_refused_again_and_again_it_comes_down_quickly_and_never_to_nothing():
    pace, found = Pace(), []
    for minute in range(9):
        sent = int(pace.per_minute or 20) + 1
        pace = pace.slower(60.0 * minute, sent)
        found.append(int(pace.per_minute or 0))
    assert found == [20, 15, 11, 8, 6, 4, 3, 2, 2]


def test_what_is_borne_is_probed_once_all_of_it_is_used():
    pace = Pace(per_minute=5.0, refused_at=0.0)
    for _ in range(10):
        pace = pace.faster(CALM)
    assert pace.a_minute(None) == 6
    assert pace.a_minute(4) == 4, "what is documented or set is kept to"


def test_it_is_forgotten_after_some_days_and_the_share_sooner():
    pace = Pace(0.5, 1000.0, 5.0)
    assert pace.after(1060.0) == pace
    assert pace.after(1000.0 + 3600) == Pace(1.0, 1000.0, 5.0)
    assert pace.after(1000.0 + 8 * 24 * 3600) == Pace()
    # Of a clock that was set back since, nothing can be told.
    assert pace.after(900.0) == Pace()


async def test_the_next_kernel_begins_with_what_was_learnt(make_world):
    world = make_world(per_minute=None)
    world.service.submits = [None, None, None, httpx2.Response(429)]
    jobs = [await world.drive(f"Clip {number}.") for number in range(4)]
    await world.finish(*jobs)
    kept = world.ledger.limits("gptproto")
    assert (kept.per_minute, kept.share) == (3.0, 0.5)
    assert world.make_engine()._routes.of(jobs[0]).limits._pace == Pace(0.5, kept.refused_at, 3.0)
    world.time.now += 3600
    assert world.make_engine()._routes.of(jobs[0]).limits._pace.a_minute(None) == 3


async def test_where_the_ledger_cannot_be_written_it_is_learnt_all_the_same(make_world):
    world = make_world(per_minute=None)
    world.service.submits = [httpx2.Response(429)]
    world.ledger.remember_limits = broken
    job = await world.drive()
    await world.finish(job)
    assert job.status == "succeeded"


def broken(row: LimitsRow) -> None:
    raise errors.VeoError("The library's ledger can't be used: disk I/O error.")


def test_after_a_clock_was_set_back_the_pace_is_learnt_as_before():
    pace = Pace().slower(7200.0, 1)
    assert pace.slower(3600.0, 1).share == pace.share / 2
    assert pace.faster(3600.0).share > pace.share
