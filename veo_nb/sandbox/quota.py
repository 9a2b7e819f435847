"""How much is taken at once and in a minute, as the provider limits a project. Pure: the time is an argument."""

from __future__ import annotations

import contextlib
import math
from collections import deque
from collections.abc import Callable, Iterator

from veo_nb.sandbox import wire
from veo_nb.sandbox.wire import Refused

MINUTE = 60.0


class Quota:
    """Lets submits in until there are too many; a limit of 0 is none."""

    def __init__(self, per_minute: int, in_flight: int) -> None:
        self.per_minute = per_minute
        self.in_flight = in_flight
        self._recent: deque[float] = deque()
        self._entering: set[str] = set()
        """Submits that are being read: nobody can tell yet whether an operation comes of them."""
        self._open: set[str] = set()

    @contextlib.contextmanager
    def place(self, operation: str, now: float, is_done: Callable[[str], bool]) -> Iterator[None]:
        """Count a submit, valid or not, and hold a place for the operation that the block starts.

        The place is the operation's until it is done; it is free at once when the block raises.

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
        if 0 < self.in_flight <= len(self._open) + len(self._entering):
            message = f"Quota exceeded: {self.in_flight} operations are in flight. Wait until one is done."
            raise Refused(429, "RESOURCE_EXHAUSTED", message)
        self._entering.add(operation)
        try:
            yield
            self._open.add(operation)
        finally:
            self._entering.discard(operation)
