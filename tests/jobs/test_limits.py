"""Who may go to the provider, in which order, and what those hear who may not yet."""

from __future__ import annotations

import asyncio

import pytest

from tests.jobs.test_job import make_job
from tests.jobs.world import Time
from veo_nb.jobs.job import Job, Note
from veo_nb.jobs.limits import Limits


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
    assert third.now.note == Note(kind="slot", count=0)
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
    second.change(note=Note(kind="stopping"))
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
    assert second.now.note == Note(kind="rate", until=time.now + 42, count=1)
    await time.advance(42)
    await waiting
