"""Sweeps in the ledger: what was varied, each combination as a request, in one step before anything is sent.

A cell's job is the newest for its request and take: so a job that was retried, asked anew or made by a cell of its own
is the one that is shown, and a kernel that ends in the middle leaves nothing that would have to be mended.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from veo_nb.records.late import dataclass
from veo_nb.store.changes import Change
from veo_nb.store.ledger import Ledger
from veo_nb.store.rows import known

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class SweepRow:
    """A sweep as it is written down. Times are seconds since the epoch."""

    id: str
    identity: str
    provider: str
    prompt: str | None
    axes: Sequence[Mapping[str, Any]]
    """`{"name": …, "values": [{"label": …, "value": …}]}`; an image or a clip has no value but its label."""
    zipped: Sequence[Sequence[str]]
    row_axis: str | None
    column_axis: str | None
    fixed: Mapping[str, Any]
    fresh: bool
    """Whether it was started anew, whatever was stored."""
    entering: bool
    """Whether its jobs are just being entered; still so after the kernel ended in the middle of that."""
    paused: bool
    created_at: float
    started_at: float


@dataclass(frozen=True, kw_only=True)
class CellRow:
    """One combination: its labels by axis, and the request, or why there is none."""

    labels: Mapping[str, str]
    fingerprint: str | None
    take: int
    request: Mapping[str, Any] | None
    reason: str = ""
    hint: str = ""


_JSON = ("axes", "zipped", "fixed", "labels", "request")
_SWITCHES = ("fresh", "entering", "paused")


class SweepLedger:
    """The sweeps of a library; `ledger` gives the file as it is open now."""

    def __init__(self, ledger: Callable[[], Ledger]) -> None:
        self._ledger = ledger

    def put(self, row: SweepRow, cells: Sequence[CellRow]) -> SweepRow | None:
        """Write a sweep down, in place of what it was before; the row, which keeps its first id and date.

        None where the id is taken by another sweep, and nothing was written.
        """

        def write(db: sqlite3.Connection) -> SweepRow | None:
            known = self.by_identity(row.identity)
            first = {"id": known.id, "created_at": known.created_at} if known else {}
            written = SweepRow(**{**vars(row), **first})
            if known is None and self.sweep(row.id) is not None:
                return None
            db.execute("DELETE FROM sweep_jobs WHERE sweep_id = ?", (written.id,))
            _insert(db, "sweeps", vars(written), "id")
            for position, cell in enumerate(cells):
                _insert(db, "sweep_jobs", {"sweep_id": written.id, "position": position, **vars(cell)})
            return written

        ledger = self._ledger()
        written = ledger.write(write)
        if written is not None:
            ledger.changed.emit(Change("sweep", written.id))
        return written

    def remove(self, sweep_id: str) -> None:
        """Forget a sweep; the jobs that its cells show stay."""

        def erase(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM sweep_jobs WHERE sweep_id = ?", (sweep_id,))
            db.execute("DELETE FROM sweeps WHERE id = ?", (sweep_id,))

        ledger = self._ledger()
        ledger.write(erase)
        ledger.changed.emit(Change("sweep", sweep_id))

    def mark(self, sweep_id: str, **switches: bool) -> None:
        """Note that a sweep is `paused` or `entering`, or no longer."""
        sets = ", ".join(f"{name} = :{name}" for name in switches)
        query, bound = f"UPDATE sweeps SET {sets} WHERE id = :id", {**switches, "id": sweep_id}
        ledger = self._ledger()
        ledger.write(lambda db: db.execute(query, bound))
        ledger.changed.emit(Change("sweep", sweep_id))

    def sweep(self, sweep_id: str) -> SweepRow | None:
        """The sweep with this id."""
        return self._first("SELECT * FROM sweeps WHERE id = ?", sweep_id)

    def by_identity(self, identity: str) -> SweepRow | None:
        """The sweep with this prompt, these settings and these axes, whatever their values."""
        return self._first("SELECT * FROM sweeps WHERE identity = ?", identity)

    def sweeps(self, limit: int = 50) -> list[SweepRow]:
        """The newest sweeps, newest first."""
        found = self._ledger().read(
            "SELECT * FROM sweeps ORDER BY started_at DESC, rowid DESC LIMIT ?", (limit,)
        )
        return [_read(SweepRow, row) for row in found]

    def entering(self) -> list[SweepRow]:
        """Those whose jobs were not all entered, oldest first."""
        found = self._ledger().read("SELECT * FROM sweeps WHERE entering ORDER BY started_at, rowid")
        return [_read(SweepRow, row) for row in found]

    def cells(self, sweep_id: str) -> list[CellRow]:
        """The combinations of a sweep, in order."""
        found = self._ledger().read(
            "SELECT * FROM sweep_jobs WHERE sweep_id = ? ORDER BY position", (sweep_id,)
        )
        return [_read(CellRow, row) for row in found]

    def job_id(self, fingerprint: str, take: int, since: float = 0.0) -> str | None:
        """The newest job for a request, by when it was entered and however it ended; none that is older than `since`."""
        found = self._ledger().read(
            "SELECT id FROM jobs WHERE fingerprint = ? AND take = ? AND created_at >= ?"
            " ORDER BY rowid DESC LIMIT 1",
            (fingerprint, take, since),
        )
        return str(found[0]["id"]) if found else None

    def job_ids(self, sweep_id: str) -> dict[int, str]:
        """As `job_id` for all cells of a sweep, by their place."""
        found = self._ledger().read(
            "SELECT position, id FROM (SELECT position, jobs.id, row_number() OVER (PARTITION BY position"
            " ORDER BY jobs.rowid DESC) AS nth FROM sweep_jobs JOIN jobs USING (fingerprint, take)"
            " WHERE sweep_id = ?) WHERE nth = 1",
            (sweep_id,),
        )
        return {int(row["position"]): str(row["id"]) for row in found}

    def held(self) -> set[str]:
        """The jobs of paused sweeps that may not have been sent."""
        found = self._ledger().read(
            "SELECT DISTINCT jobs.id FROM jobs JOIN sweep_jobs USING (fingerprint, take)"
            " JOIN sweeps ON sweeps.id = sweep_id WHERE paused AND state = 'queued'"
        )
        return {str(row["id"]) for row in found}

    def _first(self, query: str, value: str) -> SweepRow | None:
        found = self._ledger().read(query, (value,))
        return _read(SweepRow, found[0]) if found else None


def _insert(db: sqlite3.Connection, table: str, values: Mapping[str, Any], key: str = "") -> None:
    shown = {
        name: json.dumps(value, ensure_ascii=False) if name in _JSON and value is not None else value
        for name, value in values.items()
    }
    names, marks = ", ".join(shown), ", ".join(f":{name}" for name in shown)
    # Not REPLACE, which deletes the row first, and with it what refers to it.
    sets = ", ".join(f"{name} = :{name}" for name in shown)
    again = f" ON CONFLICT ({key}) DO UPDATE SET {sets}" if key else ""
    db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks}){again}", shown)


def _read(kind: type[T], row: sqlite3.Row) -> T:
    return kind(
        **{
            name: json.loads(value)
            if name in _JSON and value is not None
            else bool(value)
            if name in _SWITCHES
            else value
            for name, value in known(kind, row).items()
        }
    )
