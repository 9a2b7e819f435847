"""Finding clips in a library of any size: what is asked for, as one query; a page of what there is, newest first."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple
from weakref import WeakKeyDictionary

from veo_nb.errors import VeoError
from veo_nb.records.late import dataclass
from veo_nb.store.changes import state_of
from veo_nb.store.database import has_words
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
_TEXT = """CASE place WHEN 'joined' THEN (SELECT o.title || ' ' || o.note FROM joined o WHERE o.id = job_id)
    ELSE (SELECT ifnull(json_extract(j.request, '$.prompt'), '') FROM jobs j WHERE j.id = job_id) || ' ' || ifnull(
        (SELECT r.note FROM ratings r WHERE r.job_id = shelf.job_id AND r.sample = shelf.sample AND place = 'made'), '')
    END || ' ' || job_id"""
"""What is searched of a row of the shelf."""
_NOTED = """SELECT n.number, r.job_id || '/' || r.sample AS key, r.note
    FROM ratings r JOIN numbers n ON n.job_id = r.job_id WHERE r.note != ''
    UNION ALL SELECT n.number, o.id || '/0', o.note FROM joined o JOIN numbers n ON n.job_id = o.id WHERE o.note != ''"""
"""The clips whose words are not all in the index: those with a note."""
_LETTERS = 3
"""The index has each piece of so many letters; a shorter word is found by all the pieces that begin with it."""
_MOST_PIECES = 100
_MOST_WORDS = 50
_MOST_TOTALS = 100
_TOTALS: WeakKeyDictionary[Ledger, tuple[tuple[object, ...], dict[Any, int]]] = WeakKeyDictionary()
"""What was counted in each ledger in the state that it has."""
_NOTES: WeakKeyDictionary[Ledger, tuple[tuple[object, ...], list[_Note]]] = WeakKeyDictionary()
"""The notes of each ledger in the state that it has."""
_FEW = 1000
"""So many clips are rather put in order than looked for in it."""
_LOOKED_AT, _AT_ONCE = 400, 100
"""So many texts are looked into for a page of what is everywhere, some at once, before all that has the words is put in order."""
_COUNTED_AT_ONCE = 20_000
"""Among so many jobs it is counted what has some words, and who wants to write waits for no more."""
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
    counted: bool = True
    """Whether it must be known how many there are: to count what a word is in takes longer than to find a page of it."""


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
    counted: bool = True
    """Whether that is so; else there are at least `total`, and nobody has counted them."""


@dataclass(frozen=True)
class LibrarySummary:
    """What there is: `total` clips, the models that made something, the newest sweeps by id and title."""

    total: int
    models: tuple[str, ...]
    sweeps: tuple[tuple[str, str], ...]


def browse(ledger: Ledger, query: Query) -> Found:
    """The clips that a query asks for, without those that somebody deleted."""
    if query.search and ledger.index_words():
        # What is wrong with the index keeps nobody from finding anything.
        with contextlib.suppress(VeoError):
            return _browse(ledger, query, has_index=True)
    return _browse(ledger, query, has_index=False)


def _browse(ledger: Ledger, query: Query, *, has_index: bool) -> Found:
    wanted = query.states or ("made", "joined")
    places = [place for place in _EACH if place in wanted]
    conditions, values = [f"place IN ({_marks(places)})"], [*places]
    if query.models:
        conditions.append(f"model IN ({_marks(query.models)})")
        values += query.models
    narrow = _narrow(query)
    bare = _Where(conditions, values).with_all(narrow)
    words = [word.casefold() for word in query.search.split()]
    asked = {word: ask for word in words[:_MOST_WORDS] if (ask := _ask(ledger, word))} if has_index else {}
    where = bare.with_all(_by_words(ledger, words, asked))
    total: int | None
    if not narrow and not words:
        total = where.read_number(ledger, "total(clips)", "shelf_counts")
    elif query.sweep:
        # What belongs to one may change with nothing else.
        total = where.read_number(ledger)
    elif query.counted:
        total = _count(ledger, where, by_words=bool(words))
    else:
        total = _count_known(ledger, where)
    keys = None
    if total is None and words:
        every = _spread(ledger, asked) if asked else 0.0
        if every is None:
            total = _count(ledger, where, by_words=True)
        elif (query.offset + query.limit) * every <= _LOOKED_AT:
            keys = _among_the_first(ledger, query, bare, words)
    if keys is None:
        # Of many that were found by their words the first are found soonest by going through all in order.
        many = total is None or total > _FEW
        text = where.text.replace("(number IN", "(+number IN") if many else where.text
        keys = ledger.read(
            f"SELECT job_id, sample FROM shelf WHERE {text} ORDER BY {_ORDERS[query.order]} LIMIT ? OFFSET ?",
            [*where.values, query.limit, query.offset],
        )
    rows = (find(ledger, key["job_id"], key["sample"]) for key in keys)
    # One may be deleted between the two.
    shown = tuple(row for row in rows if row is not None)
    if total is not None:
        return Found(total, shown)
    # Behind a page that is not full there is nothing; how much is before one that is empty, nobody knows.
    whole = len(keys) < query.limit and (bool(keys) or query.offset == 0)
    return Found(query.offset + len(keys) if keys else 0, shown, counted=whole)


@dataclass(frozen=True)
class _Where:
    """Which rows of the shelf: conditions that all hold, and their values."""

    conditions: list[str]
    values: list[Any]

    def with_all(self, more: Sequence[Condition]) -> _Where:
        """The same with these as well."""
        return _Where(
            [*self.conditions, *(condition for condition, _ in more)],
            [*self.values, *(value for _, given in more for value in given)],
        )

    @property
    def text(self) -> str:
        return " AND ".join(self.conditions)

    def read_number(self, ledger: Ledger, number: str = "count(*)", table: str = "shelf") -> int:
        """A number about these rows."""
        return int(ledger.read(f"SELECT {number} FROM {table} WHERE {self.text}", self.values)[0][0])

    def between(self, first: int, last: int) -> _Where:
        """Those of the jobs with these numbers, which are looked for in the index of words alone."""
        span = f"BETWEEN {first:d} AND {last:d}"
        text = self.text.replace("words MATCH ?", f"words MATCH ? AND rowid {span}")
        return _Where([text, f"number {span}"], self.values)


def _among_the_first(
    ledger: Ledger, query: Query, bare: _Where, words: Sequence[str]
) -> list[sqlite3.Row] | None:
    """A page of what has these words, where the first texts in order are enough for it; None where they are not."""
    last, asked = query.offset + query.limit, json.dumps([*words])
    found: list[sqlite3.Row] = []
    for offset in range(0, _LOOKED_AT, _AT_ONCE):
        rows = ledger.read(
            f"SELECT job_id, sample, {_TEXT} AS text FROM shelf WHERE {bare.text}"
            f" ORDER BY {_ORDERS[query.order]} LIMIT ? OFFSET ?",
            [*bare.values, _AT_ONCE, offset],
        )
        found += [row for row in rows if has_words(row["text"], asked)]
        if len(found) >= last or len(rows) < _AT_ONCE:
            return found[query.offset : last]
    return None


def _spread(ledger: Ledger, asked: Mapping[str, str]) -> float | None:
    """One of about so many jobs has all of these words, among the first; None where so few have that they are soon counted."""
    first = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid LIMIT ?"
    (row,) = ledger.read(
        f"SELECT count(*) AS found, max(rowid) AS last FROM ({first})", (_match(asked), _FEW + 1)
    )
    return None if row["found"] <= _FEW else row["last"] / row["found"]


def _totals(ledger: Ledger) -> dict[Any, int]:
    """What has been counted in the library as it is now."""
    state = state_of(ledger)
    known, totals = _TOTALS.get(ledger, ((), {}))
    if known != state or len(totals) >= _MOST_TOTALS:
        totals = {}
        _TOTALS[ledger] = state, totals
    return totals


def _count_known(ledger: Ledger, where: _Where) -> int | None:
    """How many rows there are, if somebody has counted them."""
    return _totals(ledger).get((where.text, *where.values))


def _count(ledger: Ledger, where: _Where, *, by_words: bool) -> int:
    """How many rows there are; counted once for as long as nothing has changed, since each page is told it."""
    # Asked first: what changes while it is counted is counted anew the next time.
    totals = _totals(ledger)
    key = (where.text, *where.values)
    if key not in totals:
        last = int(ledger.read("SELECT ifnull(max(number), 0) FROM numbers")[0][0]) if by_words else 0
        starts = range(0, last + 1, _COUNTED_AT_ONCE)
        parts = [where.between(at, at + _COUNTED_AT_ONCE - 1) for at in starts] if by_words else [where]
        totals[key] = sum(part.read_number(ledger) for part in parts)
    return totals[key]


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
    """What a query asks for beside places, models and words, from what is quickly looked at to what takes longest."""
    found: list[Condition] = []
    if query.since is not None:
        found.append(("made_at >= ?", (query.since,)))
    if query.rating:
        found.append(("rating >= ?", (query.rating,)))
    if query.starred:
        found.append(("star", ()))
    if query.sweep:
        cells = (
            "SELECT number FROM sweep_jobs JOIN jobs USING (fingerprint, take) JOIN numbers ON job_id = id"
            " WHERE sweep_id = ?"
        )
        found.append((f"number IN ({cells})", (query.sweep,)))
    return found


def _by_words(ledger: Ledger, words: Sequence[str], asked: Mapping[str, str]) -> list[Condition]:
    """What has all of these words, by what the index is asked for and by looking into the texts."""
    found: list[Condition] = []
    if asked:
        found.append(_by_index(ledger, asked))
    if others := [word for word in words if word not in asked]:
        found.append((f"has_words({_TEXT}, ?)", (json.dumps(others),)))
    return found


def _ask(ledger: Ledger, word: str) -> str:
    """How the index is asked for a word; empty where it is quicker to look into each text, as for one letter."""
    if "\0" in word or any("\ud800" <= letter <= "\udfff" for letter in word):
        return ""
    pieces = [word]
    if len(word) < _LETTERS:
        terms = "SELECT term FROM words_terms WHERE term >= ? AND term < ? LIMIT ?"
        pieces = [row["term"] for row in ledger.read(terms, (word, word + "\U0010ffff", _MOST_PIECES + 1))]
        if len(pieces) > _MOST_PIECES:
            return ""
    return " OR ".join('"{}"'.format(piece.replace('"', '""')) for piece in pieces or [word])


def _by_index(ledger: Ledger, asked: Mapping[str, str]) -> Condition:
    """What has all of these words, by the index; notes are not in it, since they change."""
    others = [note for note in _notes(ledger) for word in asked if word in note.text]
    condition, match = "number IN (SELECT rowid FROM words WHERE words MATCH ?)", _match(asked)
    if not others:
        return f"({condition})", (match,)
    numbers, keys = (json.dumps([note[part] for note in others]) for part in (0, 1))
    # By number first, which there is an index of.
    listed = "(SELECT value FROM json_each(?))"
    noted = f"number IN {listed} AND job_id || '/' || sample IN {listed} AND place IN ('made', 'joined')"
    return (
        f"({condition} OR ({noted} AND has_words({_TEXT}, ?)))",
        (match, numbers, keys, json.dumps([*asked])),
    )


class _Note(NamedTuple):
    """A note, folded for a search, and the clip that has it: the number of its job, and its key."""

    number: int
    key: str
    text: str


def _notes(ledger: Ledger) -> list[_Note]:
    """All notes; read once for as long as nothing has changed, since each letter of a search asks for them."""
    state = state_of(ledger)
    known, notes = _NOTES.get(ledger, ((), []))
    if known != state:
        notes = [_Note(row["number"], row["key"], row["note"].casefold()) for row in ledger.read(_NOTED)]
        _NOTES[ledger] = state, notes
    return notes


def _match(asked: Mapping[str, str]) -> str:
    """How the index is asked for all of some words."""
    return " AND ".join(f"({one})" for one in asked.values())


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
