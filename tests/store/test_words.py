"""The index of words: it finds what a look into every text finds, in any language, and is done without where it can't be had."""

from __future__ import annotations

import itertools
import sqlite3
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.test_ledger import ROW
from veo_nb.store.ledger import Ledger
from veo_nb.store.queries import Query, browse

LETTERS = "aAbBsSß\u1e9eﬁﬀİ\u0131\u017f\u212a\u00c5ÄäéÉe\u0301Σς\u03c3ǅꭰᏠ狐狸湖面穿過ひกำ🦊👩\u200d🚀\"'*-:^()_%\\\ufdd0"
FOX = {"prompt": "A fox crosses the GROSSE Straße at dusk.", "model": ROW.model}


class Without(sqlite3.Connection):
    """A connection of an SQLite that was built without FTS5."""

    def execute(self, query, *values):
        if "fts5" in query or " words " in query:
            raise sqlite3.OperationalError("no such module: fts5")
        return super().execute(query, *values)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ledger(path):
    ledger = Ledger(path)
    yield ledger
    ledger.close()


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A library that two processes have open, one of them without FTS5."""
    path = tmp_path_factory.mktemp("words") / "ledger.sqlite"
    both = Ledger(path), Ledger(path, connect=partial(sqlite3.connect, factory=Without))
    for one in both:
        one.read("PRAGMA synchronous = OFF")
    yield both
    for one in both:
        one.close()


@pytest.fixture
def without(path, ledger):
    """The same library in a process whose SQLite has no FTS5."""
    without = Ledger(path, connect=partial(sqlite3.connect, factory=Without))
    yield without
    without.close()


_numbers = itertools.count()


def put(ledger: Ledger, prompt: str, note: str = "", *, state: str = "failed") -> str:
    """A job that ended without a clip, or with one that is noted upon."""
    job_id = f"q{next(_numbers):05}"
    ledger.add_job(replace(ROW, id=job_id, request={**FOX, "prompt": prompt}, state=state), fresh=True)
    if state == "succeeded":
        video = {"uri": "", "path": "", "bytes": 1, "sha256": "", "width": 1, "height": 1}
        ledger.put(
            "videos", {"job_id": job_id, "sample": 0, "duration": 1, "fps": 1, "has_audio": 0, **video}
        )
        rated = {"rating": None, "star": 0, "note": note, "rated_at": 1.0}
        ledger.put("ratings", {"job_id": job_id, "sample": 0, **rated})
    return job_id


def found(ledger: Ledger, words: str) -> set[str]:
    asked = Query(search=words, states=("made", "joined", "failed"), limit=10_000)
    rows = browse(ledger, asked)
    assert rows.total == len(rows.rows)
    return {row.job_id for row in rows.rows}


texts = st.text(LETTERS, max_size=12) | st.lists(st.text(LETTERS, max_size=5), max_size=4).map(" ".join)


@given(data=st.data())
@settings(deadline=None, max_examples=25)
def test_the_index_finds_what_a_look_into_every_text_finds(both, data):
    ledger, without = both
    kept = data.draw(st.lists(st.tuples(texts, texts), min_size=1, max_size=6))
    for prompt, note in kept:
        put(ledger, prompt, note, state="succeeded")
        put(ledger, prompt)
    for _ in range(4):
        prompt, note = data.draw(st.sampled_from(kept))
        text = data.draw(st.sampled_from([prompt, note, f"{prompt} {note}"])) or "q01"
        start = data.draw(st.integers(0, len(text) - 1))
        part = text[start : start + data.draw(st.integers(1, 8))]
        words = data.draw(
            st.sampled_from([part, part.upper(), part.lower(), f"{part} q000", f"q0001 {note}"])
        )
        assert found(ledger, words) == found(without, words) == by_hand(ledger, words)


def by_hand(ledger: Ledger, words: str) -> set[str]:
    notes = {row["job_id"]: row["note"] for row in ledger.read("SELECT job_id, note FROM ratings")}
    jobs = [
        (row.id, f"{row.request['prompt']} {notes.get(row.id, '')} {row.id}") for row in ledger.jobs(1000)
    ]
    return {job for job, text in jobs if all(w.casefold() in text.casefold() for w in words.split())}


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        ("strasse", True),
        ("STRASSE fox", True),
        ("große", True),
        ("SSES", True),
        ("fo", True),
        ("fo crosses", True),
        ("x", True),
        ("fox owl", False),
        ("fo zz", False),
        ("crosses zz", False),
        ("zz crosses", False),
        ("zz", False),
        ("fox AND crosses", False),
        ('"fox', False),
        ("fox*", False),
        ("fox \ud800", False),
        ("fox\0", False),
        (" ".join(["fox"] * 2000), True),
        ("fox" * 2000, False),
    ],
)
def test_words_are_found_with_the_index_as_without(ledger, without, words, is_found):
    fox = put(ledger, FOX["prompt"])
    assert found(ledger, words) == found(without, words) == ({fox} if is_found else set())


def test_one_or_two_letters_are_found_wherever_they_stand(ledger, without):
    fox = put(ledger, "狐狸穿过 结冰的湖面")
    for words in ("狐狸", "湖面", "面", "过 狐", "q", fox[-2:], fox[-1:], f"结冰 {fox[-2:]}"):
        assert found(ledger, words) == found(without, words) == {fox}, words
    assert found(ledger, "面结") == found(ledger, "狸狐") == set()


def test_a_note_is_found_as_it_is_now(ledger):
    fox = put(ledger, FOX["prompt"], "too dark", state="succeeded")
    assert found(ledger, "dark") == found(ledger, "dark dusk") == {fox}
    rated = {"job_id": fox, "sample": 0, "rating": 3, "star": 0, "note": "Too bright", "rated_at": 2.0}
    ledger.write(lambda db: db.execute("REPLACE INTO ratings VALUES (:job_id, 0, 3, 0, :note, 2.0)", rated))
    assert found(ledger, "dark") == set()
    assert found(ledger, "BRIGHT crosses") == {fox}


def test_what_a_kernel_without_an_index_writes_is_found_at_the_next_search(ledger, without):
    put(ledger, "An owl.")
    assert len(found(ledger, "owl")) == 1
    put(without, "Another owl.")
    assert len(found(without, "owl")) == len(found(ledger, "owl")) == 2


def test_a_job_that_was_taken_out_again_leaves_no_words_to_the_next(ledger, without):
    put(ledger, "An owl.")
    put(ledger, "A whale.", state="queued")
    assert found(ledger, "whale") == set()
    ledger.write(lambda db: db.execute("DELETE FROM jobs WHERE state = 'queued'"))
    fox = put(ledger, FOX["prompt"])
    assert found(ledger, "crosses") == found(without, "crosses") == {fox}
    assert found(ledger, "whale") == set()


def test_a_joined_clip_is_found_by_its_title_and_its_note(ledger, without):
    facts = {"pieces": "[]", "path": "", "bytes": 1, "sha256": "", "width": 1, "height": 1, "duration": 1.0}
    row = {"id": "x1", "title": "Die Straße", **facts, "fps": 1.0, "has_audio": 0, "created_at": 1.0}
    ledger.put("joined", row)
    assert found(ledger, "STRASSE x1") == found(without, "STRASSE x1") == {"x1"}
    ledger.write(lambda db: db.execute("UPDATE joined SET note = 'too dark'"))
    assert found(ledger, "strasse dark") == found(without, "strasse dark") == {"x1"}


def test_several_batches_are_taken_in_and_each_prompt_once(ledger):
    ledger.read("PRAGMA synchronous = OFF")

    def fill(db: sqlite3.Connection) -> None:
        for n in range(2500):
            db.execute(
                "INSERT INTO jobs (id, fingerprint, take, provider, model, request, state, created_at)"
                " VALUES (?, ?, 1, 'sandbox', 'm', json_object('prompt', ?), 'failed', ?)",
                (f"n{n:04}", f"f{n}", f"Animal {n} waits.", float(n)),
            )

    ledger.write(fill)
    assert ledger.index_words()
    assert ledger.index_words()
    assert ledger.read("SELECT count(*), max(id) FROM words_docsize")[0][:] == (2500, 2500)
    asked = Query(search="waits", states=("failed",), offset=2400, limit=60)
    assert browse(ledger, asked).total == 2500
    assert [row.job_id for row in browse(ledger, asked).rows] == [
        f"n{n:04}" for n in reversed(range(40, 100))
    ]


def test_a_ledger_that_can_only_be_read_is_searched_all_the_same(ledger, path):
    fox = put(ledger, FOX["prompt"])
    ledger.read("PRAGMA query_only = ON")
    assert found(ledger, "crosses") == {fox}


def test_an_index_that_is_damaged_is_done_without(ledger):
    fox = put(ledger, FOX["prompt"])
    assert found(ledger, "crosses") == {fox}
    ledger.write(lambda db: db.execute("UPDATE words_data SET block = x'00'"))
    assert found(ledger, "crosses") == {fox}
