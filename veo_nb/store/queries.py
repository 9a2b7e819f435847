"""Finding clips in a library of any size: what is asked for, as one query; a page of what there is, newest first."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from veo_nb.store.ledger import Ledger

Order = Literal["newest", "oldest", "rating"]
ENDED = ("failed", "blocked", "cancelled", "uncertain")
"""States of jobs that ended without a clip."""

_ORDERS: dict[str, str] = {
    "newest": "made_at DESC, job_id, sample",
    "oldest": "made_at, job_id, sample",
    "rating": "rating DESC, star DESC, made_at DESC, job_id, sample",
}
_EACH = ("made", "joined", *ENDED)
"""All places on the shelf."""
_TEXT = """CASE WHEN number > 0
    THEN (SELECT ifnull(json_extract(j.request, '$.prompt'), '') FROM jobs j WHERE j.rowid = number) || ' ' || ifnull(
        (SELECT r.note FROM ratings r WHERE r.job_id = shelf.job_id AND r.sample = shelf.sample AND place = 'made'), '')
    ELSE (SELECT o.title || ' ' || o.note FROM joined o WHERE o.rowid = -number)
    END || ' ' || job_id"""
"""What is searched of a row of the shelf."""
_KEPT = """NOT EXISTS (SELECT 1 FROM deleted d
    WHERE d.job_id = {id} AND d.sample = {sample} AND d.deleted_at IS NOT NULL)"""


@dataclass(frozen=True)
class _Part:
    """One kind of what can be found: where it lies, and what each fact is there."""

    source: str
    facts: dict[str, str]

    def select(self, names: Iterable[str]) -> str:
        """The facts with these names, nothing else: a prompt that nobody asks for is not even read."""
        return f"SELECT {', '.join(f'{self.facts[name]} AS {name}' for name in names)} FROM {self.source}"


_JOB = {
    "job_id": "j.id",
    "state": "j.state",
    "request": "j.request",
    "provider": "j.provider",
    "model": "j.model",
    "made_at": "ifnull(j.finished_at, j.created_at)",
    "fingerprint": "j.fingerprint",
    "take": "j.take",
}
_CLIPS = _Part(
    "jobs j JOIN videos v ON v.job_id = j.id"
    " LEFT JOIN ratings r ON r.job_id = v.job_id AND r.sample = v.sample"
    f" WHERE j.state = 'succeeded' AND {_KEPT.format(id='v.job_id', sample='v.sample')}",
    {
        **_JOB,
        **{name: f"v.{name}" for name in ("sample", "path", "bytes", "width", "height", "duration", "fps")},
        "kind": "'clip'",
        "rating": "ifnull(r.rating, 0)",
        "star": "ifnull(r.star, 0)",
        "note": "ifnull(r.note, '')",
    },
)
_JOINED = _Part(
    f"joined o WHERE {_KEPT.format(id='o.id', sample='0')}",
    {
        **{
            name: f"o.{name}"
            for name in ("path", "bytes", "width", "height", "duration", "fps", "star", "note")
        },
        "job_id": "o.id",
        "sample": "0",
        "kind": "'joined'",
        "state": "'succeeded'",
        "request": "json_object('prompt', o.title)",
        "provider": "''",
        "model": "''",
        "rating": "ifnull(o.rating, 0)",
        "made_at": "o.created_at",
        "fingerprint": "''",
        "take": "0",
    },
)
_ENDED = _Part(
    f"jobs j WHERE j.state IN ({{states}}) AND {_KEPT.format(id='j.id', sample='0')}",
    {
        **_JOB,
        **dict.fromkeys(("sample", "bytes", "width", "height", "rating", "star"), "0"),
        **dict.fromkeys(("duration", "fps"), "0.0"),
        **dict.fromkeys(("path", "note"), "''"),
        "kind": "'none'",
    },
)


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
    wanted = query.states or ("made", "joined")
    places = [place for place in _EACH if place in wanted]
    conditions, values = [f"place IN ({_marks(places)})"], [*places]
    if query.models:
        conditions.append(f"model IN ({_marks(query.models)})")
        values += query.models
    counted = len(values)
    narrow = _narrow(query)
    conditions += [condition for condition, _ in narrow]
    values += [value for _, given in narrow for value in given]
    where = " AND ".join(conditions)
    if len(values) == counted and not query.starred:
        count = f"SELECT total(clips) FROM shelf_counts WHERE {where}"
    else:
        count = f"SELECT count(*) FROM shelf WHERE {where}"
    total = int(ledger.read(count, values)[0][0])
    keys = ledger.read(
        f"SELECT job_id, sample FROM shelf WHERE {where} ORDER BY {_ORDERS[query.order]} LIMIT ? OFFSET ?",
        [*values, query.limit, query.offset],
    )
    rows = (find(ledger, key["job_id"], key["sample"]) for key in keys)
    # One may be deleted between the two.
    return Found(total, tuple(row for row in rows if row is not None))


def find(ledger: Ledger, job_id: str, sample: int) -> FoundRow | None:
    """The clip with this id and sample, or the job that has none."""
    rows = ledger.read(
        "SELECT *, ifnull((SELECT c.sweep_id FROM sweep_jobs c WHERE c.fingerprint = found.fingerprint"
        " AND c.take = found.take ORDER BY c.rowid DESC LIMIT 1), '') AS sweep_id"
        f" FROM ({_union((_CLIPS, _JOINED, _ended(ENDED)), _ALL)}) AS found WHERE job_id = ? AND sample = ?",
        (job_id, sample),
    )
    return _row(rows[0]) if rows else None


def summarize(ledger: Ledger) -> LibrarySummary:
    """What there is in a library, in short."""
    total = ledger.read("SELECT total(clips) FROM shelf_counts WHERE place IN ('made', 'joined')")[0][0]
    models = ledger.read("SELECT model FROM shelf_counts WHERE place = 'made' AND clips > 0 ORDER BY model")
    sweeps = ledger.read("SELECT id, prompt, axes FROM sweeps ORDER BY started_at DESC, rowid DESC LIMIT 50")
    titles = (
        (row["id"], row["prompt"] or ", ".join(axis["name"] for axis in json.loads(row["axes"])))
        for row in sweeps
    )
    return LibrarySummary(int(total), tuple(row["model"] for row in models), tuple(titles))


_ALL = tuple(_CLIPS.facts)


Condition = tuple[str, tuple[Any, ...]]
"""A condition on a row of the shelf, and its values."""


def _narrow(query: Query) -> list[Condition]:
    """What a query asks for beside places and models, from what is quickly looked at to what takes longest."""
    found: list[Condition] = []
    if query.since is not None:
        found.append(("made_at >= ?", (query.since,)))
    if query.rating:
        found.append(("rating >= ?", (query.rating,)))
    if query.starred:
        found.append(("star", ()))
    if query.sweep:
        cells = "SELECT j.rowid FROM sweep_jobs JOIN jobs j USING (fingerprint, take) WHERE sweep_id = ?"
        found.append((f"number IN ({cells})", (query.sweep,)))
    if words := query.search.split():
        found.append((f"has_words({_TEXT}, ?)", (json.dumps(words),)))
    return found


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


def _union(parts: Iterable[_Part], names: Iterable[str]) -> str:
    names = [*names]
    return " UNION ALL ".join(part.select(names) for part in parts)


def _ended(states: Iterable[str]) -> _Part:
    shown = ", ".join(f"'{state}'" for state in states)
    return replace(_ENDED, source=_ENDED.source.format(states=shown))


def _row(row: sqlite3.Row) -> FoundRow:
    names = FoundRow.__dataclass_fields__
    values = {name: row[name] for name in names}
    return FoundRow(**{**values, "request": json.loads(values["request"]), "star": bool(values["star"])})
