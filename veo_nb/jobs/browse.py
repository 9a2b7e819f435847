"""Finding clips in a library of any size: what is asked for, as one query; a page of what there is, newest first."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any, Literal

from veo_nb.jobs.ledger import Ledger

Order = Literal["newest", "oldest", "rating"]
ENDED = ("failed", "blocked", "cancelled", "uncertain")
"""States of jobs that ended without a clip."""

_ORDERS: dict[str, str] = {
    "newest": "made_at DESC, job_id, sample",
    "oldest": "made_at, job_id, sample",
    "rating": "rating DESC, star DESC, made_at DESC, job_id, sample",
}
_CLIPS = """
    SELECT j.id AS job_id, v.sample, 'clip' AS kind, j.state, j.request, j.provider, j.model, v.path, v.bytes,
        v.width, v.height, v.duration, v.fps, ifnull(r.rating, 0) AS rating, ifnull(r.star, 0) AS star,
        ifnull(r.note, '') AS note, ifnull(j.finished_at, j.created_at) AS made_at, j.fingerprint, j.take
    FROM videos v JOIN jobs j ON j.id = v.job_id
    LEFT JOIN ratings r ON r.job_id = v.job_id AND r.sample = v.sample
    WHERE j.state = 'succeeded' AND NOT EXISTS (SELECT 1 FROM deleted d
        WHERE d.job_id = v.job_id AND d.sample = v.sample AND d.deleted_at IS NOT NULL)"""
_JOINED = """
    SELECT o.id AS job_id, 0 AS sample, 'joined' AS kind, 'succeeded' AS state,
        json_object('prompt', o.title) AS request, '' AS provider, '' AS model, o.path, o.bytes, o.width, o.height,
        o.duration, o.fps, ifnull(o.rating, 0) AS rating, o.star, o.note, o.created_at AS made_at,
        '' AS fingerprint, 0 AS take
    FROM joined o WHERE NOT EXISTS (SELECT 1 FROM deleted d
        WHERE d.job_id = o.id AND d.sample = 0 AND d.deleted_at IS NOT NULL)"""
_NONE = """
    SELECT j.id AS job_id, 0 AS sample, 'none' AS kind, j.state, j.request, j.provider, j.model, '' AS path,
        0 AS bytes, 0 AS width, 0 AS height, 0.0 AS duration, 0.0 AS fps, 0 AS rating, 0 AS star, '' AS note,
        ifnull(j.finished_at, j.created_at) AS made_at, j.fingerprint, j.take
    FROM jobs j WHERE j.state IN ({states}) AND NOT EXISTS (SELECT 1 FROM deleted d
        WHERE d.job_id = j.id AND d.sample = 0 AND d.deleted_at IS NOT NULL)"""


@dataclass(frozen=True, kw_only=True)
class Query:
    """What is looked for; what is not named is not asked about.

    `states` are `made`, `joined` and those of `ENDED`; none means clips, made and joined. `models` are full ids, `since`
    is in seconds since the epoch.
    """

    search: str = ""
    """Words that are all in the prompt, the note or the id, in any order."""
    models: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    rating: int = 0
    """At least so many."""
    starred: bool = False
    sweep: str = ""
    since: float | None = None
    order: Order = "newest"
    offset: int = 0
    limit: int = 60


@dataclass(frozen=True, kw_only=True)
class FoundRow:
    """A clip that was found, or a job without one; `request` is the request's canonical form."""

    job_id: str
    sample: int
    kind: Literal["clip", "joined", "none"]
    state: str
    request: dict[str, Any]
    provider: str
    model: str
    path: str
    """Relative to the library's folder; empty without a clip."""
    bytes: int
    width: int
    height: int
    duration: float
    fps: float
    rating: int
    star: bool
    note: str
    sweep_id: str
    """The newest sweep with it; empty for none."""
    made_at: float

    @property
    def key(self) -> str:
        """Names the clip: `3f2a/0`."""
        return f"{self.job_id}/{self.sample}"

    @property
    def prompt(self) -> str:
        """What was asked for, or the title of what was joined."""
        return str(self.request.get("prompt", ""))


@dataclass(frozen=True)
class Found:
    """A page of what was found, and how many there are in all."""

    total: int
    rows: tuple[FoundRow, ...]


@dataclass(frozen=True)
class LibrarySummary:
    """What there is: `total` clips, the models that made something, the newest sweeps by id and title."""

    total: int
    models: tuple[str, ...]
    sweeps: tuple[tuple[str, str], ...]


def browse(ledger: Ledger, query: Query) -> Found:
    """The clips that a query asks for, without those that somebody deleted."""
    source, conditions, values = _plan(query)
    where = " AND ".join(conditions) or "1"
    total = ledger.read(f"SELECT count(*) FROM ({source}) WHERE {where}", values)[0][0]
    rows = ledger.read(
        f"SELECT *, ifnull((SELECT c.sweep_id FROM sweep_jobs c WHERE fingerprint <> '' AND c.fingerprint = found.fingerprint"
        f" AND c.take = found.take ORDER BY c.rowid DESC LIMIT 1), '') AS sweep_id"
        f" FROM (SELECT * FROM ({source}) WHERE {where} ORDER BY {_ORDERS[query.order]} LIMIT ? OFFSET ?) AS found",
        [*values, query.limit, query.offset],
    )
    return Found(total, tuple(_row(row) for row in rows))


def find(ledger: Ledger, job_id: str, sample: int) -> FoundRow | None:
    """The clip with this id and sample, or the job that has none."""
    parts = [_CLIPS, _JOINED, _NONE.format(states=", ".join(f"'{state}'" for state in ENDED))]
    rows = ledger.read(
        f"SELECT *, ifnull((SELECT c.sweep_id FROM sweep_jobs c WHERE c.fingerprint = found.fingerprint"
        f" AND c.take = found.take ORDER BY c.rowid DESC LIMIT 1), '') AS sweep_id"
        f" FROM ({' UNION ALL '.join(parts)}) AS found WHERE job_id = ? AND sample = ?",
        (job_id, sample),
    )
    return _row(rows[0]) if rows else None


def summarize(ledger: Ledger) -> LibrarySummary:
    """What there is in a library, in short."""
    total = ledger.read(f"SELECT count(*) FROM ({_CLIPS} UNION ALL {_JOINED})")[0][0]
    models = ledger.read("SELECT DISTINCT model FROM jobs ORDER BY model")
    sweeps = ledger.read("SELECT id, prompt, axes FROM sweeps ORDER BY started_at DESC, rowid DESC LIMIT 50")
    titles = (
        (row["id"], row["prompt"] or ", ".join(axis["name"] for axis in json.loads(row["axes"])))
        for row in sweeps
    )
    return LibrarySummary(total, tuple(row["model"] for row in models), tuple(titles))


def _plan(query: Query) -> tuple[str, list[str], list[Any]]:
    """What is looked through, the conditions, and their values."""
    wanted = query.states or ("made", "joined")
    ended = [state for state in wanted if state in ENDED]
    parts = [_CLIPS] if "made" in wanted else []
    parts += [_JOINED] if "joined" in wanted else []
    parts += [_NONE.format(states=", ".join(f"'{state}'" for state in ended))] if ended else []
    source = " UNION ALL ".join(parts) if parts else f"{_CLIPS} AND 0"
    conditions: list[str] = []
    values: list[Any] = []
    for word in query.search.casefold().split():
        conditions.append(
            "instr(folded(json_extract(request, '$.prompt') || ' ' || note || ' ' || job_id), ?) > 0"
        )
        values.append(word)
    if query.models:
        conditions.append(f"model IN ({', '.join('?' * len(query.models))})")
        values += query.models
    if query.rating:
        conditions.append("rating >= ?")
        values.append(query.rating)
    if query.starred:
        conditions.append("star")
    if query.since is not None:
        conditions.append("made_at >= ?")
        values.append(query.since)
    if query.sweep:
        conditions.append(
            "EXISTS (SELECT 1 FROM sweep_jobs s WHERE s.sweep_id = ? AND s.fingerprint = fingerprint_ AND s.take = take_)"
        )
        values.append(query.sweep)
        source = f"SELECT *, fingerprint AS fingerprint_, take AS take_ FROM ({source})"
    return source, conditions, values


def _row(row: sqlite3.Row) -> FoundRow:
    names = FoundRow.__dataclass_fields__
    values = {name: row[name] for name in names}
    return FoundRow(**{**values, "request": json.loads(values["request"]), "star": bool(values["star"])})
