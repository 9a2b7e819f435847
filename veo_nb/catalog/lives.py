"""The lives of models: since when a provider serves one, until when, and how sure that is. Pure: the time,
in seconds since 1970, is an argument.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Literal

from veo_nb.records.late import dataclass

NOTICE = timedelta(days=30)
"""How long before its end a model's user hears of it."""


@dataclass(frozen=True, kw_only=True)
class Life:
    """When a provider serves some models, and who says so."""

    models: tuple[str, ...]
    """Their ids."""
    since: str = ""
    """The day or the month from which it does, `2026-11-05` or `2026-04`; empty where none was seen."""
    until: str = ""
    """The first day on which they may be gone, `2026-12-03`; empty where none is known."""
    sure: Literal["stated", "reported", "earliest"] = "reported"
    """Who names the end: the provider itself, others alone, or the provider as a day before which it will not come."""
    source: str
    """Where the days were read, and when."""

    def __post_init__(self) -> None:
        """Refuse an end that is no day: whoever asks for it would meet the mistake much later."""
        if self.until:
            date.fromisoformat(self.until)

    def ends_soon(self, now: float) -> bool:
        """Whether the end is near, or was."""
        return bool(self.until) and date.fromisoformat(self.until) - _day_of(now) <= NOTICE

    def is_over(self, now: float) -> bool:
        """Whether they are said to be gone; those that may go any day are not."""
        return self.sure != "earliest" and self._is_past(now)

    def words(self, title: str, place: str, now: float) -> str:
        """The end of a model in words, without a full stop; empty where none is known."""
        if not self.until:
            return ""
        form = {
            ("stated", False): "{title} ({place}) stops on {until}",
            ("stated", True): "{title} ({place}) was switched off on {until}",
            ("reported", False): "{title} ({place}) may stop on {until}",
            ("reported", True): "{title} ({place}) is reported to be off since {until}",
            ("earliest", False): "{title} ({place}) may stop any day from {until} on",
            ("earliest", True): "{title} ({place}) may stop any day since {until}",
        }[self.sure, self._is_past(now)]
        return form.format(title=title, place=place, until=self.until)

    def _is_past(self, now: float) -> bool:
        return bool(self.until) and date.fromisoformat(self.until) <= _day_of(now)


def _day_of(now: float) -> date:
    return datetime.fromtimestamp(now, UTC).date()


UNKNOWN = Life(models=(), source="")
"""That of a model of which nothing was read."""
