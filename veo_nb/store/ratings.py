"""What a person thinks of a clip: one to five, a star, a note. In the ledger, a row for each sample of a job."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from veo_nb.catalog import check_text
from veo_nb.errors import InvalidRequest
from veo_nb.records.late import dataclass
from veo_nb.store.database import insert
from veo_nb.store.ledger import Ledger


@dataclass(frozen=True, kw_only=True)
class Rating:
    """What is thought of one sample; `rating` is 1 to 5, or None before anyone rated it."""

    rating: int | None = None
    star: bool = False
    note: str = ""


UNRATED = Rating()
HIGHEST = 5
_AT_ONCE = 500
"""Jobs in one query; SQLite takes 999 values in an old version."""


class Ratings:
    """The ratings of a library; `ledger` gives the file as it is open now."""

    def __init__(self, ledger: Callable[[], Ledger], clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._clock = clock

    def of(self, job_ids: Iterable[str]) -> dict[tuple[str, int], Rating]:
        """The ratings of these jobs, by job and sample; only those that there are."""
        ids = list(dict.fromkeys(job_ids))
        found: dict[tuple[str, int], Rating] = {}
        for start in range(0, len(ids), _AT_ONCE):
            part = ids[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(part))
            for row in self._ledger().read(f"SELECT * FROM ratings WHERE job_id IN ({marks})", part):
                found[row["job_id"], row["sample"]] = Rating(
                    rating=row["rating"], star=bool(row["star"]), note=row["note"]
                )
        return found

    def change(self, job_id: str, sample: int, **changes: Any) -> Rating:
        """The rating after a change: `rating` 1 to 5 or None, `star`, `note`; what is not named stays.

        Raises:
            InvalidRequest: the rating is none of these.
        """
        check_rating(changes.get("rating"))
        check_text("note", changes.get("note"), be="kept")
        kept: dict[str, Any] = {"job_id": job_id, "sample": sample}

        def write(db: sqlite3.Connection) -> Rating:
            now = replace(self.of([job_id]).get((job_id, sample), UNRATED), **changes)
            kept.update(vars(now), rated_at=self._clock())
            insert(db, "ratings", kept, "REPLACE")
            return now

        # The entry is filled in by then: it is noted once it is written.
        return self._ledger().write(write, ("ratings", kept))


def check_rating(rating: Any) -> None:
    """Nothing, where this is a rating or none.

    Raises:
        InvalidRequest: it is neither.
    """
    whole = isinstance(rating, int) and not isinstance(rating, bool)
    if rating is not None and not (whole and 1 <= rating <= HIGHEST):
        raise InvalidRequest(
            f"A rating can't be {rating!r}.", hint=f"It goes from 1 to {HIGHEST}; None takes it back."
        )
