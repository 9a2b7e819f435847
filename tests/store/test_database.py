"""The file under the ledger: checked when it is opened, followed when another stands in its place, written on a full disk."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.test_ledger import ROW
from veo_nb.errors import VeoError
from veo_nb.store import database
from veo_nb.store.database import CHECKED_BYTES, RESERVE_BYTES, Damaged, has_words, uri_of
from veo_nb.store.ledger import Ledger


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def full_ledger(path):
    """A ledger of many pages, closed."""
    ledger: Any = Ledger(path)
    for number in range(50):
        ledger.add_job(replace(ROW, id=f"{number:04d}", request={"prompt": "x" * 2000}), fresh=True)
    ledger.close()
    return path


def scribble(path, start: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xa5" * (path.stat().st_size - start))


@pytest.mark.parametrize("start", [0, 4096, 40_960])
def test_a_damaged_file_is_known_when_it_is_opened(full_ledger, start):
    scribble(full_ledger, start)
    with pytest.raises(Damaged):
        Ledger(full_ledger)


@pytest.fixture
def large_ledger(path):
    """A ledger that is too large to be checked while somebody waits, closed."""
    ledger: Any = Ledger(path)
    ledger.add_job(ROW)
    ledger.write(lambda db: db.execute(f"CREATE TABLE padding AS SELECT zeroblob({CHECKED_BYTES})"))
    ledger.close()
    return path


def test_a_large_file_is_checked_behind_the_back_of_who_opens_it(large_ledger):
    with sqlite3.connect(large_ledger) as db:
        root = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'shelf_by_number'").fetchone()[0]
    db.close()
    with large_ledger.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xa5" * 4096)
    found = threading.Event()
    ledger: Any = Ledger(large_ledger, restore=lambda reopen: found.set())
    assert not found.is_set()
    ledger.check_later()
    assert found.wait(60)
    with pytest.raises(Damaged):
        ledger.check()
    ledger.close()


def test_a_large_file_that_is_sound_is_left_alone_and_a_small_one_is_not_checked_twice(large_ledger, path):
    def restore(reopen: Any) -> None:
        raise AssertionError("nothing was wrong with it")

    before = {*threading.enumerate()}
    ledger: Any = Ledger(large_ledger, restore=restore)
    ledger.check_later()
    for thread in {*threading.enumerate()} - before:
        thread.join(60)
    small: Any = Ledger(path.with_name("small.sqlite"), restore=restore)
    small.check_later()
    assert {*threading.enumerate()} <= before
    for one in (ledger, small):
        one.close()


def test_a_folder_in_its_place_is_not_taken_for_damage(path):
    path.mkdir()
    with pytest.raises(VeoError) as caught:
        Ledger(path)
    assert not isinstance(caught.value, Damaged)


# Another file in its place


def other_ledger(path) -> None:
    """Put another, sound ledger there, as a kernel does that made it anew."""
    for old in path.parent.glob("ledger.sqlite*"):
        old.replace(old.with_name(f"old-{old.name}"))
    new = Ledger(path)
    new.add_job(replace(ROW, id="new1", fingerprint="another"))
    new.close()


@pytest.mark.parametrize("way", ["read", "write"])
def test_a_ledger_that_was_made_anew_elsewhere_is_gone_on_with(path, way):
    ledger: Any = Ledger(path, restore=lambda reopen: reopen())
    ledger.add_job(ROW)
    other_ledger(path)
    if way == "write":
        assert ledger.update_job("new1", state="running")
    assert [row.id for row in ledger.jobs()] == ["new1"]
    ledger.close()
    again: Any = Ledger(path)
    assert again.job("new1").state == ("running" if way == "write" else "queued")
    again.close()


def test_a_ledger_that_is_deleted_while_open_is_restored_once(path):
    made = []

    def restore(reopen) -> None:
        made.append(1)
        other_ledger(path)
        reopen()

    ledger: Any = Ledger(path, restore=restore)
    for old in path.parent.glob("ledger.sqlite*"):
        old.unlink()
    assert [row.id for row in ledger.jobs()] == ["new1"]
    assert ledger.update_job("new1", state="failed")
    assert made == [1]
    ledger.close()


@pytest.mark.parametrize("way", ["read", "write"])
def test_damage_that_is_met_on_the_way_names_the_repair_which_makes_it_anew(path, way):
    class Broken(sqlite3.Connection):
        def execute(self, query, *values):
            if query.startswith(("UPDATE", "SELECT")) and path.stat().st_ino == damaged:
                raise sqlite3.DatabaseError("database disk image is malformed")
            return super().execute(query, *values)

    damaged = 0

    def restore(reopen) -> None:
        other_ledger(path)
        reopen()

    ledger: Any = Ledger(path, restore=restore, connect=partial(sqlite3.connect, factory=Broken))
    damaged = path.stat().st_ino
    with pytest.raises(Damaged) as caught:
        ledger.jobs() if way == "read" else ledger.update_job("new1", state="running")
    assert caught.value.hint == "%veo doctor --repair makes it anew."
    ledger.heal()
    assert ledger.update_job("new1", state="running")
    assert ledger.job("new1").state == "running"
    ledger.close()


def test_threads_that_find_it_gone_at_once_restore_it_once(path):
    made, start = [], threading.Barrier(8)

    def restore(reopen) -> None:
        made.append(1)
        other_ledger(path)
        reopen()

    ledger: Any = Ledger(path, restore=restore)
    for old in path.parent.glob("ledger.sqlite*"):
        old.unlink()

    def ask() -> None:
        start.wait()
        ledger.jobs()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]
    ledger.close()


# A full disk


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("database or disk is full", "SQLITE_FULL"),
        # A quota that is used up, a network drive that finds out at the end.
        ("disk I/O error", "SQLITE_IOERR_WRITE"),
        ("disk I/O error", "SQLITE_IOERR_FSYNC"),
    ],
)
def test_the_reserve_is_there_from_the_start_and_is_given_up_when_the_disk_is_full(
    path, tmp_path, text, name
):
    reserve = tmp_path / ".reserve"

    class Full(sqlite3.Connection):
        def execute(self, query, *values):
            if query.startswith("UPDATE") and reserve.exists():
                error = sqlite3.OperationalError(text)
                error.sqlite_errorname = name
                raise error
            return super().execute(query, *values)

    ledger: Any = Ledger(path, reserve=reserve, connect=partial(sqlite3.connect, factory=Full))
    assert reserve.stat().st_size == RESERVE_BYTES
    ledger.add_job(ROW)
    assert ledger.update_job("3f2a", operation="op")
    assert not reserve.exists()
    assert ledger.job("3f2a").operation == "op"
    ledger.hold_reserve()
    assert reserve.exists()
    ledger.close()


def test_a_reserve_that_has_no_room_is_no_reason_to_stop(path, tmp_path):
    Ledger(path, reserve=tmp_path / "nowhere" / ".reserve").close()


def test_without_a_reserve_a_full_disk_is_an_error(path):
    ledger: Any = Ledger(path)
    ledger.add_job(ROW)
    ledger.read("PRAGMA max_page_count = 1")
    with pytest.raises(VeoError, match="full"):
        ledger.add_job(replace(ROW, id="9c01", request={"prompt": "x" * 1_000_000}), fresh=True)
    ledger.close()


@pytest.mark.skipif(os.name != "posix", reason="an open file can't be renamed there")
def test_what_is_written_after_the_file_was_set_aside_is_not_in_the_old_one(path):
    ledger: Any = Ledger(path, restore=lambda reopen: reopen())
    ledger.add_job(ROW)
    other_ledger(path)
    ledger.update_job("new1", operation="op9")
    ledger.close()
    old = Ledger(path.with_name("old-ledger.sqlite"))
    assert old.job("new1") is None
    old.close()


@given(st.text(), st.lists(st.text(min_size=1, max_size=3), max_size=3))
def test_words_are_looked_for_in_any_order_and_case(text, words):
    assert has_words(text, json.dumps(words)) == all(word.casefold() in text.casefold() for word in words)


@pytest.mark.parametrize("words", [["ÄRGER"], ["straSSe"], ["ärger", "straße"], []])
def test_letters_of_every_language_are_folded(words):
    assert has_words("Strasse: Ärger", json.dumps(words))
    assert not has_words("Ärger", json.dumps(["aerger"]))


# Only those of this system's own kind have it from 3.14 on, and there is one of them alone.
@pytest.mark.filterwarnings("ignore:pathlib.PurePath.as_uri:DeprecationWarning")
@pytest.mark.parametrize(
    ("path", "uri"),
    [
        (PurePosixPath("/srv/a b/ledger.sqlite"), "file:///srv/a%20b/ledger.sqlite"),
        (PureWindowsPath(r"C:\a b\ledger.sqlite"), "file:///C:/a%20b/ledger.sqlite"),
        (PureWindowsPath(r"\\nas\video\ledger.sqlite"), "file:////nas/video/ledger.sqlite"),
    ],
)
def test_sqlite_takes_the_address_of_a_file_on_every_system(path, uri):
    assert uri_of(path) == uri
    try:
        sqlite3.connect(f"{uri}?mode=ro", uri=True).close()
    except sqlite3.OperationalError as error:
        # It isn't there; an address that SQLite can't read is "invalid uri authority".
        assert "unable to open" in str(error)  # noqa: PT017


def test_the_disk_itself_writes_before_a_write_is_done(path):
    ledger = Ledger(path)
    assert [ledger.read(f"PRAGMA {name}")[0][0] for name in ("synchronous", "fullfsync")] == [2, 1]
    ledger.close()


# A drive on which WAL does not work


def without_memory(path, **how) -> sqlite3.Connection:
    """As on a network drive: SQLite's own locks by files know no shared memory."""
    connection: sqlite3.Connection = sqlite3.connect(f"file:{path}?vfs=unix-dotfile", uri=True, **how)
    return connection


def mode_of(path) -> bytes:
    return b"wal" if path.read_bytes()[18:20] == b"\2\2" else b"delete"


posix = pytest.mark.skipif(os.name != "posix", reason="SQLite has these drives on POSIX systems only")


@posix
def test_where_memory_cannot_be_shared_the_file_is_kept_without_wal(path):
    Ledger(path).close()
    assert mode_of(path) == b"wal"
    ledger: Any = Ledger(path, connect=without_memory)
    assert (ledger.without_wal, mode_of(path)) == ("no shared memory", b"delete")
    ledger.add_job(ROW)
    ledger.close()
    ledger = Ledger(path)
    assert (ledger.without_wal, ledger.job("3f2a"), mode_of(path)) == ("", ROW, b"wal")
    ledger.close()


@posix
def test_where_sqlite_finds_out_by_an_error_the_file_is_kept_without_wal(path):
    path.with_name(f"{path.name}-shm").mkdir()
    ledger: Any = Ledger(path)
    assert (ledger.without_wal, mode_of(path)) == ("no shared memory", b"delete")
    assert ledger.add_job(ROW) is not None
    ledger.close()


def test_on_a_network_drive_wal_is_not_even_tried(path, monkeypatch):
    """Between two machines SQLite would not notice."""
    first: Any = Ledger(path)
    first.add_job(ROW)
    first.close()
    monkeypatch.setattr(database, "find_drive", lambda folder: "nfs4")
    ledgers: list[Any] = [Ledger(path), Ledger(path)]
    for number, ledger in enumerate(ledgers):
        assert ledger.without_wal == "nfs4"
        ledger.add_job(replace(ROW, id=f"{number:04d}"), fresh=True)
    assert {row.id for row in ledgers[0].jobs()} == {"3f2a", "0000", "0001"}
    assert mode_of(path) == b"delete"
    for ledger in ledgers:
        ledger.close()


def test_a_file_that_another_kernel_keeps_with_wal_is_shared_with_it(path, monkeypatch):
    """One of the former version, on the same drive."""
    former: Any = Ledger(path)
    monkeypatch.setattr(database, "find_drive", lambda folder: "nfs4")
    ledger: Any = Ledger(path)
    ledger.add_job(ROW)
    assert (ledger.without_wal, former.job("3f2a")) == ("", ROW)
    ledger.close()
    former.close()
