"""A laptop that sleeps: the clock jumps by hours, connections are dead afterwards, and nothing comes of it."""

from __future__ import annotations

import pytest

from tests.api.service import Call, Step
from tests.faults.network.line import CALLS, Fault, Line, reset
from tests.faults.network.world import World, arrived, ended
from tests.faults.rows import Row

HOUR = 3600.0
JUMPS = {"5 hours": 5 * HOUR, "a weekend": 47 * HOUR, "2 hours back": -2 * HOUR}


def leap(world: World, seconds: float, *, dead: bool) -> Fault:
    """The clock jumps once before the answer; with `dead` the connection does not outlive it."""
    jumped: list[bool] = []

    def step(line: Line, call: Call) -> Step:
        kind = "submit" if call.method == "POST" else "download" if "/files/" in call.target else "poll"
        if not jumped:
            jumped.append(True)
            world.time.now += seconds
            if dead:
                return reset()
        return line.usual(kind, call)

    return Fault(f"the clock jumps {seconds:+}", step)


@pytest.mark.parametrize("dead", [False, True], ids=["connection lives", "connection dead"])
@pytest.mark.parametrize("jump", JUMPS)
@pytest.mark.parametrize("call", CALLS)
def test_a_sleep_during_a_call_harms_nothing(call, jump, dead, world, matrix):
    line = world.line
    line.open(leap(world, JUMPS[jump], dead=dead), call)
    world.mends_after = None
    studio = world.make_studio()
    try:
        job = world.start(studio)
        state = ended(job)
        # A POST whose answer was lost in the sleep is the one thing that nobody can know.
        uncertain = call == "submit" and dead
        row = matrix(
            Row(
                "network",
                f"{call}: the machine sleeps, {jump}{', connection dead' if dead else ''}",
                ended=state,
                submits=line.taken,
                lost=int(not uncertain and not arrived(job, line.clip)),
                doubled=line.taken - 1,
            )
        )
        assert row.sound
        assert state == ("uncertain" if uncertain else "succeeded")
    finally:
        studio.close()


@pytest.mark.parametrize("jump", JUMPS)
def test_a_sleep_between_two_looks_harms_nothing(jump, world, matrix):
    line = world.line
    line.open()
    slept: list[bool] = []
    studio = world.make_studio()
    try:
        job = studio.generate("An owl.")

        def wake(job):
            if job.status == "running" and not slept:
                slept.append(True)
                world.time.now += JUMPS[jump]

        job.on_change(wake)
        state = ended(job)
        row = matrix(
            Row(
                "network",
                f"between polls: the machine sleeps, {jump}",
                ended=state,
                submits=line.taken,
                lost=int(not arrived(job, line.clip)),
                doubled=line.taken - 1,
            )
        )
        assert row.sound
    finally:
        studio.close()
