"""The shelf of what can be found: in step with the tables under it, whoever writes to them, a former version too."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.ledger_v1 import make_ledger_v1
from veo_nb.store.changes import state_of
from veo_nb.store.database import Database
from veo_nb.store.ledger import Ledger
from veo_nb.store.queries import Query, browse, summarize
from veo_nb.store.rows import GONE, State
from veo_nb.store.schema import MIGRATIONS

IDS = ("a", "b", "c")
VIDEO = "VALUES (:id, :sample, '', 'x.mp4', :size, '', 1, 1, 1.0, 24.0, 0)"
JOINED = "(id, title, pieces, path, bytes, sha256, width, height, duration, fps, has_audio, created_at, rating, star, note)"
JOINED += " VALUES (:id, 'title', '[]', 'x.mp4', 1, '', 1, 1, 1.0, 24.0, 0, :at, NULL, 0, '')"
JOB = "VALUES (:id, :id, 1, 'sandbox', :model, '{}', :state, :at)"
WRITES = (
    f"INSERT OR IGNORE INTO jobs (id, fingerprint, take, provider, model, request, state, created_at) {JOB}",
    "UPDATE jobs SET state = :state, finished_at = :at WHERE id = :id",
    "UPDATE jobs SET state = :state, finished_at = NULL WHERE id = :id",
    "UPDATE jobs SET state = :state WHERE id = :id AND owner IS NULL",
    f"INSERT OR REPLACE INTO videos {VIDEO}",
    "INSERT OR REPLACE INTO ratings VALUES (:id, :sample, :rating, :star, 'note', :at)",
    "INSERT OR REPLACE INTO deleted VALUES (:id, :sample, :at)",
    "INSERT OR REPLACE INTO deleted VALUES (:id, :sample, NULL)",
    f"INSERT OR IGNORE INTO joined {JOINED}",
    "DELETE FROM jobs WHERE id = :id AND state = 'queued'",
    "UPDATE joined SET rating = :rating, star = :star WHERE id = :id",
)
"""What the versions before write, word for word in what matters: they replace rows, and know of no shelf."""

writes = st.tuples(
    st.sampled_from(WRITES),
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(IDS),
            "sample": st.integers(0, 1),
            "state": st.sampled_from([*State, State.SUCCEEDED, State.SUCCEEDED]).map(str),
            "model": st.sampled_from(["fast", "standard"]),
            "at": st.integers(1, 4).map(float),
            "rating": st.integers(1, 5),
            "star": st.integers(0, 1),
            "size": st.integers(1, 9),
        }
    ),
)


ONE = {
    "id": "a",
    "sample": 0,
    "state": "succeeded",
    "model": "fast",
    "at": 3.0,
    "rating": 4,
    "star": 1,
    "size": 1,
}


def rows(db: sqlite3.Connection, query: str) -> list[tuple[object, ...]]:
    return sorted(map(tuple, db.execute(query)))


def assert_in_step(db: sqlite3.Connection) -> None:
    assert rows(db, "SELECT * FROM shelf") == rows(db, "SELECT * FROM findable")
    counted = rows(db, "SELECT place, model, clips FROM shelf_counts WHERE clips != 0")
    assert counted == rows(db, "SELECT place, model, count(*) FROM findable GROUP BY 1, 2")


@pytest.fixture(scope="module")
def former(tmp_path_factory):
    """A ledger as a kernel of another version has it open: none of our functions are there."""
    path = tmp_path_factory.mktemp("shelf") / "ledger.sqlite"
    Ledger(path).close()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        yield db


@pytest.fixture(scope="module")
def priced(tmp_path_factory):
    """A ledger that is open here, and in a kernel of another version."""
    path = tmp_path_factory.mktemp("bill") / "ledger.sqlite"
    ledger = Ledger(path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as former:
        former.execute("PRAGMA synchronous = OFF")
        yield ledger, former
    ledger.close()


@given(done=st.lists(writes, min_size=1, max_size=25))
@settings(deadline=None, max_examples=60)
def test_the_shelf_is_in_step_with_whatever_is_written(former, done):
    former.execute("BEGIN")
    try:
        for query, values in done:
            former.execute(query, values)
            assert_in_step(former)
    finally:
        former.execute("ROLLBACK")


def test_all_kinds_of_writes_reach_the_shelf(former):
    """The property above would hold of a shelf on which nothing is ever put, if the view were empty too."""
    former.execute("BEGIN")
    for query in (WRITES[0], WRITES[4], WRITES[5]):
        former.execute(query, ONE)
    assert rows(former, "SELECT job_id, sample, place, model, rating, star FROM shelf") == [
        ("a", 0, "made", "fast", 4, 1)
    ]
    former.execute("ROLLBACK")


@given(done=st.lists(writes, min_size=1, max_size=12))
@settings(deadline=None, max_examples=40)
def test_a_bill_is_what_all_jobs_add_up_to_whatever_was_written_since(priced, done):
    ledger, former = priced
    for query, values in done:
        former.execute(query, values | {"at": values["at"] * 43_200})
        former.execute("UPDATE jobs SET estimate = :size WHERE id = :id", values)
        counted: Counter[str] = Counter()
        for charge in ledger.charges():
            counted[charge.state] += charge.jobs
            counted["usd"] += round(charge.usd)
        states = dict(former.execute("SELECT state, count(*) FROM jobs GROUP BY state"))
        usd = former.execute(
            "SELECT total(estimate) FROM jobs WHERE operation IS NULL AND state NOT IN (?, ?, ?)", GONE
        )
        assert counted == Counter({**states, "usd": usd.fetchone()[0]})


def test_what_is_counted_in_a_transaction_is_not_remembered_when_it_is_taken_back(priced):
    ledger, _ = priced
    before = ledger.charges()

    class TakenBackError(Exception):
        pass

    def enter(db: sqlite3.Connection) -> None:
        db.execute(WRITES[0], {**ONE, "id": "z", "at": 4 * 86_400.0})
        assert sum(charge.jobs for charge in ledger.charges()) == sum(charge.jobs for charge in before) + 1
        raise TakenBackError

    with pytest.raises(TakenBackError):
        ledger.write(enter)
    ledger.write(lambda db: db.execute(WRITES[0], {**ONE, "id": "y", "model": "other", "at": 4 * 86_400.0}))
    assert [charge.jobs for charge in ledger.charges() if charge.model == "other"] == [1]


def test_a_library_of_the_first_version_is_put_on_the_shelf(tmp_path):
    path = tmp_path / "ledger.sqlite"
    make_ledger_v1(path)
    Database(path, MIGRATIONS).close()
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert_in_step(db)
        assert rows(db, "SELECT job_id, place FROM shelf") == [("3f2a", "made")]


def test_each_library_says_another_state(tmp_path):
    ledgers = [Ledger(tmp_path / f"{n}.sqlite") for n in range(2)]
    first, second = map(state_of, ledgers)
    assert first != second
    for ledger in ledgers:
        ledger.close()


def test_nothing_that_a_person_waits_for_goes_through_all_jobs(tmp_path):
    """By SQLite's own plan: the bench says how long it takes."""
    ledger: Any = Ledger(tmp_path / "ledger.sqlite")
    plans: list[str] = []
    read = ledger.read

    def explained(query: str, values: Any = ()) -> Any:
        plans.extend(f"{row['detail']}: {query}" for row in read(f"EXPLAIN QUERY PLAN {query}", values))
        return read(query, values)

    ledger.read = explained
    ledger.unfinished()
    ledger.unfetched(5.0)
    ledger.generation_times("sandbox", "m")
    summarize(ledger)
    state_of(ledger)
    for query in (
        Query(),
        Query(order="rating"),
        Query(states=("failed",), since=5.0),
        Query(search="crosses"),
    ):
        browse(ledger, query)
    ledger.close()
    read_through = {plan.split(":")[0] for plan in plans if plan.startswith("SCAN")}
    # The shelf in its order, of which a page is cut; all jobs never.
    assert read_through & {"SCAN shelf", "SCAN shelf_counts"}
    assert not [
        one for one in read_through if one.startswith(("SCAN jobs", "SCAN j", "SCAN videos", "SCAN v"))
    ]
    for index in (
        "jobs_by_state (state=?)",
        "jobs_by_time (created_at>?)",
        "jobs_by_model (provider=? AND model=?)",
    ):
        assert any(f"SEARCH jobs USING INDEX {index}" in plan for plan in plans), index
    sorted_anew = [
        plan for plan in plans if "TEMP B-TREE FOR ORDER BY" in plan and "LIMIT ? OFFSET ?" in plan
    ]
    assert [plan for plan in sorted_anew if "MATCH" not in plan] == []
