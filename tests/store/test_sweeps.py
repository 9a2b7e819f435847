"""Sweeps and ratings on disk: what is written stays written, for every kernel that shares the file."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.test_ledger import ledger, other, path  # noqa: F401  fixtures
from tests.world import PROVIDER, row_of
from veo_nb.errors import InvalidRequest, VeoError
from veo_nb.request import make_request
from veo_nb.store.database import Database
from veo_nb.store.ledger import Ledger
from veo_nb.store.ratings import Rating, Ratings
from veo_nb.store.schema import MIGRATIONS
from veo_nb.store.sweeps import CellRow, SweepLedger, SweepRow

REQUEST = make_request(PROVIDER, prompt='A fox, "quoted" 🦊')
JOB = row_of(REQUEST)
ROW = SweepRow(
    id="s3f2a",
    identity="abc",
    provider="gptproto",
    prompt="A {{animal}}.",
    axes=[{"name": "animal", "values": [{"label": "fox", "value": "fox 🦊"}, {"label": "a picture"}]}],
    zipped=[["animal", "seed"]],
    row_axis=None,
    column_axis="animal",
    fixed={"resolution": "720p"},
    fresh=False,
    entering=True,
    paused=False,
    created_at=1.0,
    started_at=1.0,
)
CELL = CellRow(labels={"animal": "fox"}, fingerprint=JOB.fingerprint, take=1, request=REQUEST.canonical())
EMPTY = CellRow(labels={"animal": "owl"}, fingerprint=None, take=1, request=None, reason="no", hint="do")


@pytest.fixture
def book(ledger):  # noqa: F811
    return SweepLedger(lambda: ledger)


@pytest.fixture
def elsewhere(other):  # noqa: F811
    return SweepLedger(lambda: other)


def test_a_sweep_is_read_as_it_was_written_by_anyone(book, elsewhere):
    assert book.put(ROW, [CELL, EMPTY]) == ROW
    assert elsewhere.sweep("s3f2a") == ROW
    assert elsewhere.by_identity("abc") == ROW
    assert elsewhere.cells("s3f2a") == [CELL, EMPTY]
    assert (elsewhere.sweep("s0000"), elsewhere.by_identity("x"), elsewhere.cells("s0000")) == (
        None,
        None,
        [],
    )


def test_written_again_it_keeps_its_id_and_its_first_date(book):
    book.put(ROW, [CELL, EMPTY])
    later = replace(ROW, id="szzzz", fresh=True, created_at=9.0, started_at=9.0)
    assert book.put(later, [CELL]) == replace(later, id="s3f2a", created_at=1.0)
    assert (book.cells("s3f2a"), book.sweep("szzzz")) == ([CELL], None)


def test_an_id_that_is_taken_is_refused_and_nothing_changes(book):
    book.put(ROW, [CELL])
    assert book.put(replace(ROW, identity="other"), []) is None
    assert (book.sweep("s3f2a"), book.cells("s3f2a")) == (ROW, [CELL])


def test_sweeps_come_newest_first_and_no_more_than_asked(book):
    for number in range(3):
        book.put(replace(ROW, id=f"s000{number}", identity=str(number), started_at=float(number)), [])
    assert [row.id for row in book.sweeps(2)] == ["s0002", "s0001"]
    assert [row.id for row in book.entering()] == ["s0000", "s0001", "s0002"]
    book.mark("s0001", entering=False)
    assert [row.id for row in book.entering()] == ["s0000", "s0002"]


def test_a_cells_job_is_the_newest_for_its_request(book, ledger):  # noqa: F811
    assert book.job_id(JOB.fingerprint, 1) is None
    for number, state in enumerate(["succeeded", "failed"]):
        ledger.add_job(replace(JOB, id=f"000{number}", state=state, created_at=float(number)), fresh=True)
    assert book.job_id(JOB.fingerprint, 1) == "0001"
    assert book.job_id(JOB.fingerprint, 2) is None
    assert book.job_id(JOB.fingerprint, 1, since=2.0) is None


def test_the_queued_jobs_of_paused_sweeps_are_held(book, ledger):  # noqa: F811
    book.put(ROW, [CELL])
    ledger.add_job(JOB)
    ledger.add_job(replace(JOB, id="0002", take=2))
    assert book.held() == set()
    book.mark("s3f2a", paused=True)
    assert book.held() == {JOB.id}
    ledger.update_job(JOB.id, state="running")
    assert book.held() == set()


def test_a_write_that_fails_leaves_no_half(book, ledger):  # noqa: F811
    book.put(ROW, [CELL])
    broken = replace(CELL, take=None)  # type: ignore[arg-type]
    with pytest.raises(VeoError):
        book.put(replace(ROW, prompt="another"), [broken])
    assert (book.sweep("s3f2a"), book.cells("s3f2a")) == (ROW, [CELL])


def test_a_library_of_the_first_version_gets_the_new_tables_and_keeps_its_jobs(path):  # noqa: F811
    with sqlite3.connect(path) as db:
        for statement in MIGRATIONS[0].split(";"):
            db.execute(statement)
        db.execute("PRAGMA user_version = 1")
    db.close()
    first = Ledger(path)
    first.add_job(JOB)
    assert SweepLedger(lambda: first).put(ROW, [CELL]) == ROW
    assert first.job(JOB.id) == JOB
    first.close()


# Ratings


@pytest.fixture
def ratings(ledger):  # noqa: F811
    ledger.add_job(JOB)
    ledger.add_job(replace(JOB, id="0002", take=2))
    return Ratings(lambda: ledger, lambda: 5.0)


def test_what_is_not_named_stays(ratings, other):  # noqa: F811
    assert ratings.change("3f2a", 0, rating=4) == Rating(rating=4)
    assert ratings.change("3f2a", 0, star=True) == Rating(rating=4, star=True)
    assert ratings.change("3f2a", 0, note="flickers") == Rating(rating=4, star=True, note="flickers")
    assert ratings.change("3f2a", 0, rating=None) == Rating(star=True, note="flickers")
    ratings.change("3f2a", 1, rating=1)
    assert Ratings(lambda: other, lambda: 6.0).of(["3f2a", "0002"]) == {
        ("3f2a", 0): Rating(star=True, note="flickers"),
        ("3f2a", 1): Rating(rating=1),
    }
    assert ratings.of([]) == {}


@pytest.mark.parametrize("wrong", [0, 6, -1, 2.5, "3", True])
def test_a_rating_goes_from_one_to_five(ratings, wrong):
    with pytest.raises(InvalidRequest, match=r"It goes from 1 to 5; None takes it back\."):
        ratings.change("3f2a", 0, rating=wrong)
    assert ratings.of(["3f2a"]) == {}


def test_the_ratings_of_very_many_jobs_are_read(ratings):
    ratings.change("0002", 0, rating=2)
    assert ratings.of([*(f"x{number}" for number in range(3000)), "0002"]) == {("0002", 0): Rating(rating=2)}


@given(st.lists(st.fixed_dictionaries({}, optional={
    "rating": st.none() | st.integers(1, 5), "star": st.booleans(), "note": st.text(st.characters(codec="utf-8")),
})))  # fmt: skip
def test_a_rating_is_the_sum_of_its_changes(tmp_path_factory, changes):
    book = Ledger(tmp_path_factory.mktemp("ratings") / "ledger.sqlite")
    book.add_job(JOB)
    ratings, expected = Ratings(lambda: book, lambda: 1.0), Rating()
    for change in changes:
        expected = replace(expected, **change)
        assert ratings.change("3f2a", 0, **change) == expected
    book.close()


def test_columns_that_a_newer_version_adds_while_this_one_has_the_file_open_do_no_harm(book, ledger, path):  # noqa: F811
    book.put(ROW, [CELL])
    ledger.add_job(JOB)
    columns = "".join(
        f"ALTER TABLE {table} ADD COLUMN later TEXT DEFAULT 'x';"
        for table in ("jobs", "sweeps", "sweep_jobs", "ratings")
    )
    Database(path, (*MIGRATIONS, columns)).close()
    assert (book.sweep("s3f2a"), book.cells("s3f2a"), book.sweeps()) == (ROW, [CELL], [ROW])
    assert ledger.job(JOB.id) == JOB


def test_a_cell_has_the_job_that_was_entered_last_whatever_the_clock_said(book, ledger):  # noqa: F811
    """It was set back by an hour in between."""
    book.put(ROW, [CELL])
    ledger.add_job(replace(JOB, state="failed"), fresh=True)
    ledger.add_job(replace(JOB, id="9c01", created_at=JOB.created_at - 3600), fresh=True)
    assert book.job_ids("s3f2a") == {0: "9c01"}
    assert book.job_id(JOB.fingerprint, 1) == "9c01"
