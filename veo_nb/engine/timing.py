"""When the last of several clips will be ready; and when one that never ends is given up. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence

from veo_nb.engine.providers.latency import evenly

Left = Callable[[float], float]
"""Seconds in which a clip is ready, for a share of what may come: 0.5 is usual, 0.9 is slow."""

WATCHED_SECONDS = 300.0
"""None is given up before it was watched for so long in one go: after a laptop's sleep, or the start of a kernel, hours
have gone by in which nobody asked."""
GAP_SECONDS = 600.0
"""No two looks lie so far apart, unless the machine slept or somebody set its clock."""


def seconds_in_all(
    waiting: Sequence[float], most: int, per_minute: int | None, running: Sequence[float] = ()
) -> float:
    """When the last of several clips will be ready, in seconds from now.

    `waiting` are the usual seconds of those that are not sent yet, in order; `running` what is left of those that are.
    No more than `most` are at the provider at once, and `per_minute` requests go out, where that is limited.
    """
    slots = [0.0] * max(0, most - len(running)) + list(running)
    heapq.heapify(slots)
    # Even more than allowed may run already, from an earlier kernel.
    for _ in range(len(slots) - max(most, 1)):
        heapq.heappop(slots)
    end = max(running, default=0.0)
    for number, seconds in enumerate(waiting):
        sent = 60.0 * (number // per_minute) if per_minute else 0.0
        ready = max(heapq.heappop(slots), sent) + seconds
        heapq.heappush(slots, ready)
        end = max(end, ready)
    return end


def seconds_at_all(
    waiting: Sequence[tuple[str, Left]],
    allowed: Callable[[str], tuple[int, int | None]],
    running: Sequence[tuple[str, Left]] = (),
) -> float:
    """As `seconds_in_all` for clips of several providers, each with the name of its own, which wait for no other's.

    Of several clips some are slow, and the last one is what is waited for: so each takes another share of what such
    clips take. `allowed(name)` says how many a provider makes at once, and takes in a minute.
    """
    end = 0.0
    for name in dict.fromkeys(name for name, _ in (*waiting, *running)):
        going, coming = ([left for at, left in clips if at == name] for clips in (running, waiting))
        shares = evenly(len(going) + len(coming))
        seconds = [left(share) for left, share in zip([*going, *coming], shares, strict=True)]
        own = seconds_in_all(seconds[len(going) :], *allowed(name), seconds[: len(going)])
        end = max(end, own)
    return end


class Deadline:
    """How long an operation has been watched, through every jump of the clock."""

    def __init__(self, began: float, now: float) -> None:
        self._began = began
        self._since = self._last = now

    def look(self, now: float) -> None:
        """It is looked at now."""
        if not 0 <= now - self._last <= GAP_SECONDS:
            self._since = now
        self._last = now

    def past(self, longest: float) -> float | None:
        """For how many seconds it has been going on, once that is longer than `longest`; None before."""
        watched = self._last - self._since
        # Of a clock that was set back, only what was watched can be believed.
        seconds = max(self._last - self._began, watched)
        return seconds if seconds > longest and watched >= min(longest, WATCHED_SECONDS) else None
