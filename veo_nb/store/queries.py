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
    text, values = _keys(query)
    # All keys in one go: to count them apart would take as long again, and a search would read each prompt twice.
    keys = ledger.read(text, values)
    page = keys[query.offset : query.offset + query.limit]
    rows = (find(ledger, key["job_id"], key["sample"]) for key in page)
    # One may be deleted between the two.
    return Found(len(keys), tuple(row for row in rows if row is not None))


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
    total = ledger.read(f"SELECT count(*) FROM ({_union((_CLIPS, _JOINED), ('job_id',))})")[0][0]
    models = ledger.read("SELECT DISTINCT model FROM jobs WHERE state = 'succeeded' ORDER BY model")
    sweeps = ledger.read("SELECT id, prompt, axes FROM sweeps ORDER BY started_at DESC, rowid DESC LIMIT 50")
    titles = (
        (row["id"], row["prompt"] or ", ".join(axis["name"] for axis in json.loads(row["axes"])))
        for row in sweeps
    )
    return LibrarySummary(total, tuple(row["model"] for row in models), tuple(titles))


_ALL = tuple(_CLIPS.facts)


def _keys(query: Query) -> tuple[str, list[Any]]:
    """The query for the keys of all that is asked for, in order, and its values."""
    wanted = query.states or ("made", "joined")
    parts = [_CLIPS] if "made" in wanted else []
    parts += [_JOINED] if "joined" in wanted else []
    ended = [state for state in ENDED if state in wanted]
    parts += [_ended(ended)] if ended else []
    names = dict.fromkeys(("job_id", "sample", "made_at"))
    conditions: list[str] = []
    values: list[Any] = []

    def narrow(condition: str, *given: Any, by: Sequence[str]) -> None:
        names.update(dict.fromkeys(by))
        conditions.append(condition)
        values.extend(given)

    # From what is quickly looked at to what takes longest.
    if query.since is not None:
        narrow("made_at >= ?", query.since, by=())
    if query.rating:
        narrow("rating >= ?", query.rating, by=("rating",))
    if query.starred:
        narrow("star", by=("star",))
    if query.models:
        narrow(f"model IN ({', '.join('?' * len(query.models))})", *query.models, by=("model",))
    if query.sweep:
        cells = "SELECT fingerprint, take FROM sweep_jobs WHERE sweep_id = ?"
        narrow(f"(fingerprint, take) IN ({cells})", query.sweep, by=("fingerprint", "take"))
    if words := query.search.split():
        text = "ifnull(json_extract(request, '$.prompt'), '') || ' ' || note || ' ' || job_id"
        narrow(f"has_words({text}, ?)", json.dumps(words), by=("request", "note"))
    if query.order == "rating":
        names.update(dict.fromkeys(("rating", "star")))
    where = " AND ".join(conditions) or "1"
    source = _union(parts, names) if parts else f"{_CLIPS.select(names)} AND 0"
    return f"SELECT job_id, sample FROM ({source}) WHERE {where} ORDER BY {_ORDERS[query.order]}", values


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
