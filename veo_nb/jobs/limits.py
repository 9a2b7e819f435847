"""How many jobs are at the provider at once, and how many requests a minute go out; who waits is told so."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from veo_nb.api import retry
from veo_nb.jobs.job import Job, Note


@dataclass(eq=False)
class _Waiter:
    job: Job
    turn: asyncio.Event = field(default_factory=asyncio.Event)


class Limits:
    """`most` jobs at once, first come first served, and `per_minute` requests. On one event loop."""

    def __init__(
        self,
        most: int,
        per_minute: int,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._most = most
        self._per_minute = per_minute
        self._clock = clock
        self._sleep = sleep
        self._line: list[_Waiter] = []
        self._busy: set[str] = set()
        self._sent: deque[float] = deque(maxlen=per_minute)

    async def take_slot(self, job: Job) -> None:
        """Wait for this job's turn; `leave` gives its place to the next."""
        waiter = _Waiter(job)
        self._line.append(waiter)
        self._move_up()
        try:
            await waiter.turn.wait()
        except asyncio.CancelledError:
            if waiter in self._line:
                self._line.remove(waiter)
            raise

    def occupy(self, job: Job) -> None:
        """Count a job that is at the provider already, even where that makes one too many."""
        self._busy.add(job.id)

    def leave(self, job: Job) -> None:
        """This job is no longer at the provider, nor wants to be."""
        self._busy.discard(job.id)
        self._move_up()

    async def keep_rate(self, job: Job) -> None:
        """Wait until one more request may go out, and count it."""
        while (pause := retry.rate_pause(self._sent, self._per_minute, self._clock())) > 0:
            job.change(note=Note(kind="rate", until=self._clock() + pause, count=self._per_minute))
            await self._sleep(pause)
        self._sent.append(self._clock())

    def _move_up(self) -> None:
        while self._line and len(self._busy) < self._most:
            waiter = self._line.pop(0)
            self._busy.add(waiter.job.id)
            waiter.turn.set()
        for ahead, waiter in enumerate(self._line):
            if not waiter.job.stopping:
                waiter.job.change(note=Note(kind="slot", count=ahead))
