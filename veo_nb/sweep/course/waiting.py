"""Waiting for a sweep until nothing more happens by itself, in the kernel and on a loop."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Generator, Sequence
from typing import Protocol

from veo_nb.engine.job import Job, WaitInterrupted
from veo_nb.errors import InvalidRequest, VeoError, WaitTimeout
from veo_nb.store.rows import State
from veo_nb.sweep.summary import Summary

LOOK_SECONDS = 1.0
"""How often a wait looks whether the sweep was paused meanwhile."""


class UnderWay(Protocol):
    """What waiting needs of a sweep."""

    id: str

    @property
    def jobs(self) -> Sequence[Job]:
        """Its jobs, in their order."""

    @property
    def paused(self) -> bool:
        """Whether what is not sent yet is held back."""

    def summary(self) -> Summary:
        """How it stands."""


def wait(sweep: UnderWay, timeout: float | None) -> None:
    """Return once it is done; `timeout` in seconds.

    Raises:
        WaitTimeout: it is not done yet, and goes on.
        WaitInterrupted: the wait was interrupted, and the sweep goes on.
        InvalidRequest: it is paused.
        VeoError: the first job's own error, where no cell has a clip.
    """
    end = None if timeout is None else time.monotonic() + timeout
    try:
        while (job := _unfinished(sweep)) is not None:
            left = LOOK_SECONDS if end is None else min(LOOK_SECONDS, end - time.monotonic())
            if left <= 0:
                raise WaitTimeout(
                    f"Sweep {sweep.id} is not done after {timeout:g} s: {sweep.summary()}.",
                    hint="It goes on in the background.",
                    sweep=sweep.id,
                )
            with contextlib.suppress(WaitTimeout), _goes_on_if_over(job):
                job.wait(left)
    except KeyboardInterrupt:
        raise WaitInterrupted(
            f"Stopped waiting. Sweep {sweep.id} goes on in the background; %veo wait waits again, "
            f"%veo cancel {sweep.id} stops it."
        ) from None
    _check_result(sweep)


async def finish(sweep: UnderWay) -> None:
    """As `wait`, on the caller's own loop; cancelled, it leaves the sweep running."""
    while (job := _unfinished(sweep)) is not None:
        with contextlib.suppress(TimeoutError), _goes_on_if_over(job):
            async with asyncio.timeout(LOOK_SECONDS):
                await job
    _check_result(sweep)


async def come(sweep: UnderWay) -> AsyncIterator[Job]:
    """Each job of it once it is over, in the order in which they end, those that are over first; on the caller's own loop.

    One that is asked for anew meanwhile comes in the place of the one before. Ends when nothing more happens by itself.

    Raises:
        InvalidRequest: it is paused, and nothing else is on its way.
    """
    given: set[str] = set()
    while True:
        for job in [one for one in sweep.jobs if one.now.state.final and one.id not in given]:
            given.add(job.id)
            yield job
        if _unfinished(sweep) is None:
            if all(one.id in given for one in sweep.jobs):
                return
            continue
        going = [one for one in sweep.jobs if not one.now.state.final]
        ends = [asyncio.ensure_future(_end(job)) for job in going]
        try:
            await asyncio.wait(ends, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
            await asyncio.gather(*ends, return_exceptions=True)


async def _end(job: Job) -> None:
    with _goes_on_if_over(job):
        await job


def _unfinished(sweep: UnderWay) -> Job | None:
    going = [job for job in sweep.jobs if not job.now.state.final]
    sent = next((job for job in going if job.now.state is not State.QUEUED), None)
    if going and sent is None and sweep.paused:
        raise InvalidRequest(
            f"Sweep {sweep.id} is paused, and {len(going)} of its clips wait.",
            hint="sweep.resume() lets it go on.",
        )
    return sent or next(iter(going), None)


def _check_result(sweep: UnderWay) -> None:
    for job in sweep.jobs:
        job.reported = True
    errors = [job.error for job in sweep.jobs if job.error is not None]
    if errors and len(errors) == len(sweep.jobs):
        raise errors[0]


@contextlib.contextmanager
def _goes_on_if_over(job: Job) -> Generator[None, None, None]:
    """Pass over the error of a job that has ended with it; any other comes through."""
    try:
        yield
    except WaitTimeout:
        raise
    except VeoError:
        if not job.now.state.final:
            raise
