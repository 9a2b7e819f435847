"""How much is taken at once and in a minute, as the provider limits a project. Pure: the time is an argument."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

from veo_nb.sandbox import wire
from veo_nb.sandbox.wire import Refused

MINUTE = 60.0


class Quota:
    """Lets submits in until there are too many; a limit of 0 is none."""

    def __init__(self, per_minute: int, in_flight: int) -> None:
        self.per_minute = per_minute
        self.in_flight = in_flight
        self._recent: deque[float] = deque()
        self._open: set[str] = set()

    def enter(self, operation: str, now: float, is_done: Callable[[str], bool]) -> None:
        """Count a submit, valid or not, and take a place for the operation that it may start.

        Raises:
            Refused: 429, it came too early, or all places are taken by operations that are not done.
        """
        while self._recent and self._recent[0] <= now - MINUTE:
            self._recent.popleft()
        if 0 < self.per_minute <= len(self._recent):
            wait = max(1, math.ceil(self._recent[0] + MINUTE - now))
            message = f"Rate limit exceeded: {self.per_minute} requests a minute. Try again in {wait} s."
            raise Refused(429, "RESOURCE_EXHAUSTED", message, wait=wait, provider=wire.slow_down(message))
        self._recent.append(now)
        self._open = {name for name in self._open if not is_done(name)}
        if 0 < self.in_flight <= len(self._open):
            message = f"Quota exceeded: {self.in_flight} operations are in flight. Wait until one is done."
            raise Refused(429, "RESOURCE_EXHAUSTED", message)
        self._open.add(operation)

    def leave(self, operation: str) -> None:
        """Give a place back: no operation came of it."""
        self._open.discard(operation)
