"""Deadlines and clocks: nothing waits for ever, and a laptop that sleeps for hours, or a clock that is set, harms nothing.

Time stands still here until a test moves it, so the provider is the one in memory; the engine and its ledger are real.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from tests.faults.rows import Row
from tests.world import Held, World
from veo_nb.engine.engine import PLAUSIBLE_SECONDS
from veo_nb.engine.job import Job
from veo_nb.engine.timing import WATCHED_SECONDS

HOUR = 3600.0


async def never_ready(world: World, job: Job) -> None:
    """Given up after its plausible life; the name stays, and looking again finds it."""
    world.service.on_poll = world.service.running
    await world.time.advance(PLAUSIBLE_SECONDS + 60)
    assert job.status == "failed"
    assert f"Operation {job.operation} is kept: %veo retry {job.id}" in str(job.error)
    assert world.row(job).operation == job.operation
    world.service.on_poll = world.service.finished
    world.engine.retry(job)


async def asleep_while_it_runs(world: World, job: Job) -> None:
    """Asked for at once after the wake, and not given up at the first look."""
    world.service.on_poll = world.service.running
    await world.time.advance(30)
    asked = len(world.service.asked)
    await world.time.jump(5 * HOUR)
    await world.time.advance(30)
    assert len(world.service.asked) > asked
    await world.time.advance(WATCHED_SECONDS / 2)
    assert job.status == "running"
    world.service.on_poll = world.service.finished


async def asleep_over_a_weekend_without_a_connection(world: World, job: Job) -> None:
    """The two days are over by the clock when the network comes up."""
    world.service.polls = [httpx2.ConnectError("offline")] * 4
    await world.time.jump(60 * HOUR)


async def asleep_in_a_download(world: World, job: Job) -> None:
    """The connection is dead after the wake; it goes on where it was cut."""
    waking = Held()
    world.service.downloads = [world.service.cut(100_000), waking]
    while not waking.asked.is_set():
        await world.time.advance(1)
    await world.time.jump(5 * HOUR)
    waking.give(httpx2.ReadError("reset"))


async def clock_set_back(world: World, job: Job) -> None:
    """Five hours; whoever waits goes on as before."""
    world.service.on_poll = world.service.running
    await world.time.advance(30)
    await world.time.jump(-5 * HOUR)
    await world.time.advance(60)
    world.service.on_poll = world.service.finished


async def clock_set_back_and_never_ready(world: World, job: Job) -> None:
    """It is given up all the same, by what was watched."""
    world.service.on_poll = world.service.running
    await world.time.advance(30)
    await world.time.jump(-10_000 * HOUR)
    await world.time.advance(PLAUSIBLE_SECONDS + 60)
    assert job.status == "failed"
    world.service.on_poll = world.service.finished
    world.engine.retry(job)


CASES: dict[str, Callable[[Any, Job], Awaitable[None]]] = {
    "an operation that is never ready": never_ready,
    "5 h of sleep while it runs": asleep_while_it_runs,
    "60 h of sleep, then no network": asleep_over_a_weekend_without_a_connection,
    "5 h of sleep in a download": asleep_in_a_download,
    "the clock set back 5 h": clock_set_back,
    "the clock set back a year, never ready": clock_set_back_and_never_ready,
}


@pytest.mark.parametrize("case", CASES)
async def test_time(case, world, matrix, clip):
    job = await world.drive()
    await CASES[case](world, job)
    for _ in range(600):
        if job.now.state.final:
            break
        await world.time.advance(1)
    arrived = bool(job.videos) and job.video.path.read_bytes() == clip
    row = matrix(
        Row(
            "deadlines",
            case,
            ended=job.status,
            submits=len(world.service.posts),
            lost=int(not arrived),
            doubled=len(world.service.posts) - 1,
        )
    )
    assert row.sound
    assert job.status == "succeeded"
