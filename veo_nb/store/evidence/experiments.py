"""What sweeps were made to find out, in the ledger: a question, a hypothesis and a conclusion of each, as a person wrote them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from veo_nb import catalog
from veo_nb.errors import InvalidRequest
from veo_nb.records.late import dataclass
from veo_nb.store.database import insert
from veo_nb.store.ledger import Ledger
from veo_nb.store.rows import known

LONGEST = {"question": 500, "hypothesis": 4000, "conclusion": 4000}
"""Letters of each text: a sentence, and two pages."""


@dataclass(frozen=True, kw_only=True)
class ExperimentRow:
    """What a sweep is to find out, and what it found; an empty text where nobody wrote one."""

    sweep_id: str
    question: str = ""
    hypothesis: str = ""
    conclusion: str = ""
    changed_at: float = 0.0
    """In seconds since the epoch, and 0 where nothing was ever written."""


class ExperimentLedger:
    """The experiments of a library; `ledger` gives the file as it is open now."""

    def __init__(self, ledger: Callable[[], Ledger], clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._clock = clock

    def of(self, sweep_id: str) -> ExperimentRow:
        """What this sweep is to find out."""
        found = self._ledger().read("SELECT * FROM experiments WHERE sweep_id = ?", (sweep_id,))
        return ExperimentRow(**known(ExperimentRow, found[0])) if found else ExperimentRow(sweep_id=sweep_id)

    def describe(self, sweep_id: str, texts: Mapping[str, Any]) -> ExperimentRow:
        """The experiment after a change: `question`, `hypothesis`, `conclusion`; what is not named, or None, stays.

        An empty text takes away what was there. What is as it was is not written again.

        Raises:
            InvalidRequest: one is no text, or too long.
        """
        changes = read_texts(texts)
        noted: dict[str, Any] = {}

        def write(db: sqlite3.Connection) -> ExperimentRow:
            before = self.of(sweep_id)
            row = replace(before, **changes)
            if row != before:
                row = replace(row, changed_at=self._clock())
                noted.update(vars(row))
                insert(db, "experiments", noted, "REPLACE")
            return row

        if replace(before := self.of(sweep_id), **changes) == before:
            return before
        # The entry is filled in by then: it is noted once it is written.
        return self._ledger().write(write, ("experiments", noted))

    def all(self, limit: int) -> list[tuple[str, float]]:
        """The sweeps that are to find something out or that were voted on, and when that changed; the last one first."""
        found = self._ledger().read(
            "SELECT sweep_id, max(at) AS at FROM ("
            " SELECT sweep_id, changed_at AS at, rowid AS nth FROM experiments"
            " WHERE question != '' OR hypothesis != '' OR conclusion != ''"
            " UNION ALL SELECT sweep_id, max(created_at, ifnull((SELECT max(voted_at) FROM votes"
            " WHERE comparison_id = comparisons.id), 0)), 0 FROM comparisons WHERE sweep_id IS NOT NULL"
            ") WHERE sweep_id IN (SELECT id FROM sweeps) GROUP BY sweep_id ORDER BY max(at) DESC, max(nth) DESC LIMIT ?",
            (limit,),
        )
        return [(str(row["sweep_id"]), float(row["at"])) for row in found]


def read_texts(texts: Mapping[str, Any]) -> dict[str, Any]:
    """Those texts of an experiment that are given, without blanks around them.

    Raises:
        InvalidRequest: one is no text, or too long.
    """
    read: dict[str, Any] = {}
    for name, text in texts.items():
        if text is None:
            continue
        if not isinstance(text, str):
            raise InvalidRequest(
                f"{name} can't be {catalog.shown(text)}.",
                hint="Write it as text, in any language.",
                field=name,
            )
        catalog.check_text(name, text, be="kept")
        # A question is put over pairs of clips and into lists, in one line.
        read[name] = " ".join(text.split()) if name == "question" else catalog.bare(text)
        if len(read[name]) > LONGEST[name]:
            raise InvalidRequest(
                f"{name} has {len(read[name]):,} letters, and {LONGEST[name]:,} are kept.",
                hint="Write it shorter, and the rest into a cell of the notebook.",
                field=name,
            )
    return read
