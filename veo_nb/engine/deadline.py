"""How long an operation was really watched, before it is given up as one that never ends. Pure."""

from __future__ import annotations

WATCHED_SECONDS = 300.0
"""None is given up before it was watched for so long in one go: after a laptop's sleep, or the start of a kernel, hours
have gone by in which nobody asked."""
GAP_SECONDS = 600.0
"""No two looks lie so far apart, unless the machine slept or somebody set its clock."""


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
