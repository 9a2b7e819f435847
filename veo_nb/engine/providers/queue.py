"""How many jobs are at the provider at once, and how many requests a minute go out; who waits is told so.

What the provider bears is learnt from its own refusals: each "too many" halves both, each request that it takes brings
them a little nearer to what is allowed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from dataclasses import field, replace

from veo_nb.api import retry
from veo_nb.engine.job import Job, JobNote
from veo_nb.records.late import dataclass

LEAST_SHARE = 0.1
STEP = 0.05
"""Of the whole, for each request that is taken: from a half to all of it in ten."""
ONE_REFUSAL = 10.0
"""Seconds in which several refusals are one: they were sent before anyone could know."""
CALM = 30.0
"""Seconds after a refusal before it gets faster again."""
TELLING = 3
"""So many requests within a minute, or their refusal says nothing of how many are too many: others use the key as well."""
PROBE = 0.1
"""What a request that is taken adds to what is borne in a minute: ten of them, one more."""
SHARE_KEPT = 600.0
KEPT = 7 * 24 * 3600.0
"""Seconds after which the share, and what is borne, are found out anew: tariffs change."""


@dataclass(frozen=True)
class Pace:
    """How fast requests go out: halved when the provider says that it is too much, then slowly back.

    `share` is that of the limits which is used. `per_minute` is what a provider without a limit seems to bear, None
    before it was found out: the requests that went out in the minute before it refused one.
    """

    share: float = 1.0
    refused_at: float = float("-inf")
    per_minute: float | None = None

    def slower(self, now: float, sent: int) -> Pace:
        """After a refusal, where so many requests went out within a minute, the refused one among them.

        With a limit that is known, 0: then only the share is learnt.
        """
        if 0 <= now - self.refused_at < ONE_REFUSAL:
            return self
        borne = self.per_minute
        if sent >= TELLING:
            borne = max(1.0, min(sent - 1.0, sent if borne is None else 0.75 * borne))
        return Pace(max(LEAST_SHARE, self.share / 2), now, borne)

    def faster(self, now: float) -> Pace:
        """After a request was taken."""
        if 0 <= now - self.refused_at < CALM:
            return self
        if self.share < 1.0:
            return replace(self, share=min(1.0, self.share + STEP))
        return self if self.per_minute is None else replace(self, per_minute=self.per_minute + PROBE)

    def of(self, limit: int) -> int:
        """So many of a limit; at least one, or nothing would ever be learnt again."""
        # What steps of a twentieth add up to is not exact.
        return max(1, int(limit * self.share + 1e-9))

    def a_minute(self, allowed: int | None) -> int | None:
        """How many requests may go out in a minute, of so many that are allowed; None for any number."""
        if allowed is not None:
            return self.of(allowed)
        return None if self.per_minute is None else int(self.per_minute + 1e-9)

    def after(self, now: float) -> Pace:
        """What is still believed of it in another kernel at `now`."""
        age = now - self.refused_at
        if not 0 <= age < KEPT:
            return Pace()
        return self if age < SHARE_KEPT else replace(self, share=1.0)


@dataclass(eq=False)
class _Waiter:
    job: Job
    turn: asyncio.Event = field(default_factory=asyncio.Event)


class Limits:
    """`most` jobs at once, first come first served, and `per_minute` requests, where that is limited. On one event loop.

    `pace` is what was learnt before, and `learnt(pace)` is told what is learnt now.
    """

    def __init__(
        self,
        most: int,
        per_minute: int | None,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        *,
        pace: Pace | None = None,
        learnt: Callable[[Pace], object] = lambda _: None,
    ) -> None:
        self._most = most
        self._per_minute = per_minute
        self._clock = clock
        self._sleep = sleep
        self._line: list[_Waiter] = []
        self._busy: set[str] = set()
        self._held: set[str] = set()
        # Those that have a slot and wait for the rate.
        self._pacing: dict[str, Job] = {}
        self._sent: deque[float] = deque()
        self._pace = pace or Pace()
        self._learnt = learnt
        self._not_before = float("-inf")

    async def admit(self, job: Job, prepare: Callable[[], Awaitable[None]] | None = None) -> None:
        """Wait until this job may send one more request, and count that; `leave` gives its place to the next.

        It is first come first served, but for those that are held back. `prepare` is what it needs to be ready, once it
        is its turn and before its request counts.
        """
        while True:
            await self._take_slot(job)
            if prepare is not None:
                await prepare()
            await self._keep_rate(job)
            if job.id not in self._held:
                break
            # Held back while it waited for the rate: its place is for another.
            self.leave(job)
        now = self._clock()
        self._sent = deque([*self._recent(now), now])

    def occupy(self, job: Job) -> None:
        """Count a job that is at the provider already, even where that makes one too many."""
        self._busy.add(job.id)

    def leave(self, job: Job) -> None:
        """This job is no longer at the provider, nor wants to be."""
        self._busy.discard(job.id)
        self._move_up()

    @property
    def running(self) -> int:
        """How many jobs are at the provider, or on their way there."""
        return len(self._busy)

    def hold(self, job_ids: AbstractSet[str]) -> None:
        """Keep these jobs from being sent, until `release`; what is at the provider goes on."""
        self._held |= job_ids
        self._move_up()
        self._say_again(job_ids, JobNote(kind="held"))

    def release(self, job_ids: AbstractSet[str]) -> None:
        """Let these jobs be sent."""
        self._held -= job_ids
        self._move_up()
        self._say_again(job_ids, None)

    def move(self, job_id: str, before: str | None) -> bool:
        """Let a job that waits go before another one, or last; False where it doesn't wait for its turn.

        Where the other one is on its way by now, it goes first: whoever was before that one is, too.
        """
        at = {one.job.id: one for one in self._line}
        if job_id not in at:
            return False
        if before != job_id:
            self._line.remove(at[job_id])
            place = len(self._line) if before is None else self._line.index(at[before]) if before in at else 0
            self._line.insert(place, at[job_id])
            self._move_up()
        return True

    def waiting(self) -> list[str]:
        """The jobs that wait for their turn, the next one first."""
        return [one.job.id for one in self._line]

    def refused(self, seconds: float | None) -> None:
        """The provider said that it is too much, and asked for so many seconds of silence, or did not say."""
        now = self._clock()
        self._go(self._pace.slower(now, 0 if self._per_minute else len(self._recent(now))))
        self._not_before = max(self._not_before, now + (seconds or 0.0))

    def taken(self) -> None:
        """The provider took a request."""
        self._go(self._pace.faster(self._clock()))
        self._move_up()

    def _go(self, pace: Pace) -> None:
        """At this pace from now on; what another kernel should know of it is told."""
        before, self._pace = self._pace, pace
        if pace.refused_at != before.refused_at or int(pace.per_minute or 0) != int(before.per_minute or 0):
            self._learnt(pace)

    def _recent(self, now: float) -> list[float]:
        """When the requests of the last minute went out."""
        return [moment for moment in self._sent if now - 60.0 < moment <= now]

    async def _take_slot(self, job: Job) -> None:
        if job.id in self._busy:
            return
        waiter = _Waiter(job)
        self._line.append(waiter)
        self._move_up()
        try:
            await waiter.turn.wait()
        except asyncio.CancelledError:
            if waiter in self._line:
                self._line.remove(waiter)
            raise

    def _say_again(self, job_ids: AbstractSet[str], note: JobNote | None) -> None:
        """Tell those that sleep until the rate allows one more."""
        for job_id, job in self._pacing.items():
            if job_id in job_ids and not job.stopping:
                job.change(note=note)

    async def _keep_rate(self, job: Job) -> None:
        self._pacing[job.id] = job
        try:
            await self._sleep_for_rate(job)
        finally:
            del self._pacing[job.id]

    async def _sleep_for_rate(self, job: Job) -> None:
        while job.id not in self._held:
            now, limit = self._clock(), self._pace.a_minute(self._per_minute)
            # Of a clock that was set back; nobody is asked to wait for longer.
            self._not_before = min(self._not_before, now + retry.LONGEST_PAUSE)
            until = now + (0.0 if limit is None else retry.rate_pause(self._sent, limit, now))
            if max(until, self._not_before) <= now:
                return
            note = JobNote(kind="rate", until=until, count=limit or 0)
            if self._not_before > until:
                note = JobNote(kind="asked", until=self._not_before)
            if not job.stopping:
                job.change(note=note)
            await self._sleep((note.until or now) - now)

    def _move_up(self) -> None:
        free = self._pace.of(self._most) - len(self._busy)
        for waiter in [one for one in self._line if one.job.id not in self._held][: max(0, free)]:
            self._line.remove(waiter)
            self._busy.add(waiter.job.id)
            if waiter.job.held and not waiter.job.stopping:
                # Whoever waits for all that is not held back waits for it from now on.
                waiter.job.change(note=None)
            waiter.turn.set()
        ahead = 0
        for waiter in self._line:
            held = waiter.job.id in self._held
            note = JobNote(kind="held") if held else JobNote(kind="slot", count=ahead)
            ahead += not held
            # A long line is told only what is new to it.
            if not waiter.job.stopping and waiter.job.now.note != note:
                waiter.job.change(note=note)
