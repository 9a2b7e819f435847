"""A library of the first version, opened by this one and by the next."""

from __future__ import annotations

import contextlib
import sqlite3
import threading

import pytest

from tests.store.ledger_v1 import make_ledger_v1
from veo_nb.errors import VeoError
from veo_nb.store.database import Database, statements
from veo_nb.store.ledger import Ledger
from veo_nb.store.schema import MIGRATIONS

NEXT = """
    CREATE TABLE stars (job_id TEXT PRIMARY KEY REFERENCES jobs (id), stars INTEGER NOT NULL);
    ALTER TABLE jobs ADD COLUMN note TEXT;
    CREATE TRIGGER starred AFTER INSERT ON stars BEGIN
        UPDATE jobs SET note = 'starred; by hand' WHERE id = NEW.job_id;
    END;
"""
AFTER = (*MIGRATIONS, NEXT)
"""The version after this one, with a table, a column and a trigger more."""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "ledger.sqlite"
    make_ledger_v1(path)
    return path


def test_a_ledger_of_the_first_version_is_read_by_this_one(path):
    ledger = Ledger(path)
    assert [(row.id, row.state, row.operation) for row in ledger.jobs()] == [
        ("9c24", "running", "models/m/operations/op2"),
        ("3f2a", "succeeded", "models/m/operations/op1"),
    ]
    assert ledger.videos("3f2a")[0].path == "2027-01-15/fox-3f2a.mp4"
    ledger.close()


TABLES = {
    *("deleted", "joined", "origins", "shelf", "shelf_counts", "revision", "uploads"),
    *("comparisons", "votes", "pairs", "voters", "measures", "experiments"),
}


@pytest.mark.parametrize("version", [1, 2])
def test_a_ledger_of_either_former_version_gets_the_tables_since_and_keeps_its_jobs(path, version):
    if version == 2:
        Database(path, MIGRATIONS[:2]).close()
        with contextlib.closing(sqlite3.connect(path)) as db, db:
            db.execute("INSERT INTO ratings VALUES ('3f2a', 0, 4, 1, 'good', 5.0)")
    ledger = Ledger(path)
    assert ledger.read("PRAGMA user_version")[0][0] == len(MIGRATIONS)
    tables = {row["name"] for row in ledger.read("SELECT name FROM sqlite_master WHERE type = 'table'")}
    indexes = {row["name"] for row in ledger.read("SELECT name FROM sqlite_master WHERE type = 'index'")}
    assert tables >= TABLES
    assert indexes >= {"jobs_by_end", "joined_by_time", "origins_by_clip", "shelf_by_number", "jobs_by_model"}
    assert indexes >= {"votes_by_comparison", "comparisons_by_sweep", "experiments_by_time"}
    assert [row.id for row in ledger.jobs()] == ["9c24", "3f2a"]
    assert [row["note"] for row in ledger.read("SELECT note FROM ratings")] == ["good"] * (version - 1)
    assert path.with_name(f"ledger-v{version}.bak").exists()
    ledger.close()


def test_a_kernel_of_the_former_version_goes_on_writing_while_this_one_migrates(path):
    Database(path, MIGRATIONS[:2]).close()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as former:
        former.execute("SELECT * FROM jobs").fetchall()
        ledger = Ledger(path)
        former.execute("UPDATE jobs SET state = 'succeeded', finished_at = 9.0 WHERE id = '9c24'")
        former.execute(
            "INSERT INTO jobs (id, fingerprint, take, provider, model, request, state, created_at)"
            " VALUES ('b7d3', 'f3', 1, 'sandbox', 'm', '{}', 'queued', 1.0)"
        )
    assert {row.id: row.state for row in ledger.jobs()} == {
        "3f2a": "succeeded",
        "9c24": "succeeded",
        "b7d3": "queued",
    }
    ledger.close()


def test_a_kernel_of_the_former_version_says_plainly_that_it_is_too_old(path):
    Ledger(path).close()
    with pytest.raises(VeoError, match="made by a newer veo_nb") as caught:
        Database(path, MIGRATIONS[:-1])
    assert caught.value.hint == "Run pip install --upgrade veo-nb."


def test_the_next_version_keeps_every_row_and_the_old_file_beside_it(path):
    database = Database(path, AFTER)
    database.read("INSERT INTO stars VALUES ('3f2a', 5)")
    found = {row["id"]: row["note"] for row in database.read("SELECT id, note FROM jobs")}
    database.close()
    assert found == {"3f2a": "starred; by hand", "9c24": None}
    backup = path.with_name("ledger-v1.bak")
    with contextlib.closing(sqlite3.connect(backup)) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == 1
        assert db.execute("SELECT count(*) FROM jobs").fetchone()[0] == 2
        assert not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'stars'").fetchall()
    assert {file.name for file in path.parent.iterdir()} == {"ledger.sqlite", backup.name}


def test_a_new_ledger_and_one_that_is_up_to_date_need_no_backup(tmp_path):
    for _ in range(2):
        Ledger(tmp_path / "new.sqlite").close()
    assert [file.name for file in tmp_path.iterdir()] == ["new.sqlite"]


@pytest.mark.parametrize("script", ["CREATE TABLE stars (id TEXT); SELECT nonsense FROM nowhere;"])
def test_a_migration_that_fails_changes_nothing(path, script):
    before = Ledger(path)
    version = before.read("PRAGMA user_version")[0][0]
    before.close()
    with pytest.raises(VeoError):
        Database(path, (*MIGRATIONS, script))
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == version
        assert not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'stars'").fetchall()


def test_without_a_backup_nothing_is_migrated(path):
    (path.parent / "ledger-v1.part").mkdir()
    with pytest.raises(VeoError, match="can't be backed up"):
        Database(path, AFTER)
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == 1


def test_several_kernels_may_migrate_at_once(path):
    start, made = threading.Barrier(4), []

    def open_it() -> None:
        start.wait()
        made.append(Database(path, AFTER))

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [database.read("SELECT count(*) FROM jobs")[0][0] for database in made] == [2] * 4
    for database in made:
        database.close()


@pytest.mark.parametrize(
    ("script", "count"),
    [
        ("", 0),
        (" ;; ", 0),
        ("CREATE TABLE a (b TEXT)", 1),
        ("CREATE TABLE a (b TEXT DEFAULT 'x;y'); CREATE INDEX c ON a (b);", 2),
        (NEXT, 3),
    ],
)
def test_a_script_is_divided_into_its_statements(script, count):
    assert len([*statements(script)]) == count
