"""Comparisons and their votes in the ledger. A clip is named by its job and its sample, `3f2a/0`, as everywhere.

A vote is on disk when the call returns. One that is taken back keeps its row, with when that was.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from veo_nb.records.late import dataclass
from veo_nb.store.changes import evidence_of
from veo_nb.store.database import insert
from veo_nb.store.ledger import Ledger
from veo_nb.store.rows import known


class Sides(NamedTuple):
    """Two clips as they stand beside each other, by their keys."""

    left: str
    right: str


@dataclass(frozen=True, kw_only=True)
class ComparisonRow:
    """A comparison as it is written down. Times are seconds since the epoch."""

    id: str
    sweep_id: str | None
    """The sweep whose clips they are; None for a selection of clips."""
    by: str
    """The axis whose values are compared; empty where each clip stands for itself."""
    question: str
    clips: Mapping[str, str]
    """Every clip that took part so far, and the value that it stands for."""
    rounds: int | None
    """How many votes of each voter are asked for; None where it goes on until enough is known."""
    created_at: float


@dataclass(frozen=True, kw_only=True)
class VoteRow:
    """One vote as it is written down. Times are seconds since the epoch."""

    id: str
    comparison_id: str
    left: str
    right: str
    choice: str
    voter: str
    judge: bool = False
    voted_at: float
    seconds: float | None = None
    """How long the two clips had been shown; None where nobody knows."""
    undone_at: float | None = None
    """When it was taken back; None for one that counts."""


class VoteLedger:
    """The comparisons of a library and their votes; `ledger` gives the file as it is open now."""

    def __init__(self, ledger: Callable[[], Ledger]) -> None:
        self._ledger = ledger

    # Comparisons

    def put(self, row: ComparisonRow) -> ComparisonRow:
        """The comparison with this id after clips have joined it: those of `row` beside those that there were.

        The sweep is `row`'s as well; all else is as it was begun with. Nothing is written where nothing is new.
        """
        before = self.comparison(row.id)
        if before is not None and _merged(before, row) == before:
            return before
        noted: dict[str, Any] = {}

        def write(db: sqlite3.Connection) -> ComparisonRow:
            before = self.comparison(row.id)
            merged = row if before is None else _merged(before, row)
            noted.update(vars(merged), clips=json.dumps(dict(merged.clips), ensure_ascii=False))
            insert(db, "comparisons", noted, "REPLACE")
            return merged

        # The entry is filled in by then: it is noted once it is written.
        return self._ledger().write(write, ("comparisons", noted))

    def ask_for(self, comparison_id: str, rounds: int | None) -> None:
        """Write down how many votes of each voter are asked for."""
        values = {"id": comparison_id, "rounds": rounds}
        query = "UPDATE comparisons SET rounds = :rounds WHERE id = :id"
        self._ledger().write(lambda db: db.execute(query, values), ("comparisons", values))

    def comparison(self, comparison_id: str) -> ComparisonRow | None:
        """The comparison with this id."""
        found = self._ledger().read("SELECT * FROM comparisons WHERE id = ?", (comparison_id,))
        return _read_comparison(found[0]) if found else None

    def comparisons(self, sweep_id: str | None = None) -> list[ComparisonRow]:
        """All comparisons, or those of a sweep, newest first."""
        found = self._ledger().read(
            "SELECT * FROM comparisons WHERE :sweep IS NULL OR sweep_id = :sweep ORDER BY created_at DESC, rowid DESC",
            {"sweep": sweep_id},
        )
        return [_read_comparison(row) for row in found]

    # Votes

    def cast(self, row: VoteRow) -> bool:
        """Write a vote down; its pair is no longer shown to that voter. Whether it was written.

        It is not where this voter has voted on these two clips already and they are not what is shown just now: a second
        window, or a second press of a key, says nothing new.

        Raises:
            VeoError: it can't be written; the pair stays as it was.
        """
        values, noted = _vote_values(row), {}

        def write(db: sqlite3.Connection) -> bool:
            shown = None if row.judge else self.shown(row.comparison_id, row.voter)
            if {*(shown or ())} != {row.left, row.right} and self._has_voted(row):
                return False
            insert(db, "votes", values)
            noted.update(values)
            if not row.judge:
                query = "DELETE FROM pairs WHERE comparison_id = ? AND voter = ?"
                db.execute(query, (row.comparison_id, row.voter))
            return True

        # The entry is filled in by then: it is noted once it is written.
        return self._ledger().write(write, ("votes", noted))

    def _has_voted(self, row: VoteRow) -> bool:
        query = (
            "SELECT * FROM votes WHERE comparison_id = ? AND voter = ? AND judge = ? AND undone_at IS NULL"
        )
        found = self._ledger().read(query, (row.comparison_id, row.voter, int(row.judge)))
        return any({*_read_sides(one)} == {row.left, row.right} for one in found)

    def take_back(self, comparison_id: str, voter: str, now: float) -> VoteRow | None:
        """The last vote of a person that counted, which no longer does; its pair is shown again. None where there is none."""
        noted: dict[str, Any] = {}

        def write(db: sqlite3.Connection) -> VoteRow | None:
            found = db.execute(
                "SELECT * FROM votes WHERE comparison_id = ? AND voter = ? AND undone_at IS NULL AND judge = 0"
                " ORDER BY rowid DESC LIMIT 1",
                (comparison_id, voter),
            ).fetchone()
            if found is None:
                return None
            noted.update(id=found["id"], comparison_id=comparison_id, undone_at=now)
            db.execute("UPDATE votes SET undone_at = :undone_at WHERE id = :id", noted)
            vote = _read_vote(found)
            _show(db, comparison_id, voter, Sides(vote.left, vote.right))
            return vote

        return self._ledger().write(write, ("votes", noted))

    def stamp(self) -> int:
        """What is equal for as long as nobody has voted, here or in another kernel."""
        return evidence_of(self._ledger())

    def votes(self, comparison_id: str) -> list[VoteRow]:
        """The votes of a comparison, oldest first, those that were taken back among them."""
        found = self._ledger().read(
            "SELECT * FROM votes WHERE comparison_id = ? ORDER BY rowid", (comparison_id,)
        )
        return [_read_vote(row) for row in found]

    # What a voter sees

    def shown(self, comparison_id: str, voter: str) -> Sides | None:
        """The two clips that a voter sees just now, in whatever kernel."""
        found = self._ledger().read(
            "SELECT * FROM pairs WHERE comparison_id = ? AND voter = ?", (comparison_id, voter)
        )
        return _read_sides(found[0]) if found else None

    def show(self, comparison_id: str, voter: str, sides: Sides) -> None:
        """Remember the two clips that a voter sees from now on, for whichever kernel asks next."""
        self._ledger().write(lambda db: _show(db, comparison_id, voter, sides))

    def name_of(self, person: str) -> str | None:
        """The name under which a person of a machine votes (`ann@laptop`); None before it was given."""
        found = self._ledger().read("SELECT name FROM voters WHERE person = ?", (person,))
        return str(found[0]["name"]) if found else None

    def remember_name(self, person: str, name: str) -> None:
        """Write down the name under which a person of a machine votes."""
        values = {"person": person, "name": name}
        self._ledger().write(lambda db: insert(db, "voters", values, "REPLACE"))


def _merged(before: ComparisonRow, row: ComparisonRow) -> ComparisonRow:
    # Where a value goes by another name now, the votes on it go along.
    return replace(before, sweep_id=row.sweep_id, clips={**before.clips, **row.clips})


def _show(db: sqlite3.Connection, comparison_id: str, voter: str, sides: Sides) -> None:
    insert(db, "pairs", {"comparison_id": comparison_id, "voter": voter, **_columns(sides)}, "REPLACE")


def _columns(sides: Sides) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for side, key in sides._asdict().items():
        job_id, _, sample = key.partition("/")
        found[f"{side}_job"], found[f"{side}_sample"] = job_id, int(sample)
    return found


def _read_sides(row: sqlite3.Row) -> Sides:
    return Sides(f"{row['left_job']}/{row['left_sample']}", f"{row['right_job']}/{row['right_sample']}")


def _vote_values(row: VoteRow) -> dict[str, Any]:
    rest = {name: value for name, value in vars(row).items() if name not in Sides._fields}
    return {**rest, "judge": int(row.judge), **_columns(Sides(row.left, row.right))}


def _read_vote(row: sqlite3.Row) -> VoteRow:
    # Column by column: there may be thousands, and they are read at every vote.
    sides = _read_sides(row)
    return VoteRow(
        id=row["id"],
        comparison_id=row["comparison_id"],
        left=sides.left,
        right=sides.right,
        choice=row["choice"],
        voter=row["voter"],
        judge=bool(row["judge"]),
        voted_at=row["voted_at"],
        seconds=row["seconds"],
        undone_at=row["undone_at"],
    )


def _read_comparison(row: sqlite3.Row) -> ComparisonRow:
    return ComparisonRow(**{**known(ComparisonRow, row), "clips": json.loads(row["clips"])})
