"""A ledger made anew: what comes back, what is kept, and that two kernels do it once."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import threading
from dataclasses import replace
from typing import Any

import pytest

from tests.sharing import needs_the_system, share_as_windows
from tests.store.ledger_v1 import make_ledger_v1
from tests.store.test_ledger import REQUEST, ROW
from veo_nb.errors import VeoError
from veo_nb.store import files
from veo_nb.store.files import Files
from veo_nb.store.ledger import Ledger
from veo_nb.store.recovery import rebuild
from veo_nb.store.recovery.journal import Journal
from veo_nb.store.recovery.rebuild import has_traces, open_ledger, read_ledger, refill
from veo_nb.store.rows import job_values

NOW = 1_800_000_000.0
DAMAGED = b"nonsense " * 2000


@pytest.fixture
def library(tmp_path):
    library = Files(tmp_path / "library")
    library.prepare()
    return library


@pytest.fixture
def open_it(library):
    """Open the library's ledger: `ledger, said = open_it()`."""
    opened: list[Ledger] = []

    def make() -> tuple[Ledger, list[str]]:
        said: list[str] = []
        opened.append(open_ledger(library, lambda: NOW, said.append))
        return opened[-1], said

    yield make
    for ledger in opened:
        ledger.close()


def names(library) -> set[str]:
    return {path.name for path in library.folder.iterdir() if not path.name.startswith(".")}


def test_a_new_library_has_a_ledger_and_a_journal_and_nothing_is_said(library, open_it):
    assert not has_traces(library)
    ledger, said = open_it()
    ledger.add_job(ROW)
    ledger.close()
    assert has_traces(library)
    assert names(library) == {"ledger.sqlite", "ledger.journal"}
    again, said_again = open_it()
    assert again.job("3f2a") == ROW
    assert said == said_again == []


def test_each_state_comes_back_as_it_was(library, open_it):
    """Above all those that hang on money: what is under way, and what nobody knows."""
    states = ["queued", "submitting", "running", "downloading", "failed", "uncertain", "cancelled", "blocked"]
    ledger, _ = open_it()
    for number, state in enumerate(states):
        row = replace(ROW, id=f"{number:04d}", fingerprint=state, owner=f"host:{number}:x")
        ledger.add_job(row)
        ledger.update_job(
            row.id, state=state, operation=f"op{number}", error={"code": "x", "message": "é", "hint": ""}
        )
    before = ledger.jobs()
    ledger.close()
    library.ledger_path.write_bytes(DAMAGED)
    again, said = open_it()
    assert again.jobs() == before
    assert said == [
        "the ledger was damaged, it is kept as ledger.corrupt-2027-01-15.sqlite · made anew with 8 jobs and 0 videos"
    ]
    assert again.owner("host:3:x").pid == 3


def test_what_was_deleted_joined_and_taken_out_of_clips_comes_back(library, open_it):
    """The last word on each: one that was brought back is not deleted, a joined clip has its stars."""
    facts = {
        "bytes": 1,
        "sha256": "ab",
        "width": 1280,
        "height": 720,
        "duration": 9.5,
        "fps": 24.0,
        "has_audio": 1,
    }
    kept: dict[str, list[dict[str, Any]]] = {
        "deleted": [
            {"job_id": "3f2a", "sample": 0, "deleted_at": NOW},
            {"job_id": "3f2a", "sample": 1, "deleted_at": None},
        ],
        "joined": [
            {
                "id": "x7k2",
                "title": "Füchse",
                "pieces": "[]",
                "path": "2027-01-15/x.mp4",
                **facts,
                "created_at": NOW,
            }
        ],
        "origins": [
            {"sha256": "cd" * 32, "job_id": "3f2a", "sample": 0, "seconds": None},
            {"sha256": "ef" * 32, "job_id": "gone", "sample": 2, "seconds": 2.5},
        ],
    }
    ledger, _ = open_it()
    ledger.add_job(ROW)
    ledger.put("deleted", {"job_id": "3f2a", "sample": 1, "deleted_at": NOW})
    back = kept["deleted"][1]
    ledger.write(lambda db: db.execute("UPDATE deleted SET deleted_at = NULL"), ("deleted", back))
    for table, rows in kept.items():
        for row in rows:
            ledger.put(table, row)
    stars = {"id": "x7k2", "rating": 4, "star": 1, "note": "the one"}
    ledger.write(
        lambda db: db.execute(
            "UPDATE joined SET rating = :rating, star = :star, note = :note WHERE id = :id", stars
        ),
        ("joined", stars),
    )
    before = {
        table: [dict(row) for row in ledger.read(f"SELECT * FROM {table} ORDER BY 1, 2")] for table in kept
    }
    assert before["joined"] == [{**kept["joined"][0], **stars}]
    assert before["deleted"] == kept["deleted"]
    ledger.close()
    for file in library.folder.glob("ledger.sqlite*"):
        file.unlink()
    again, said = open_it()
    assert len(said) == 1
    assert {
        table: [dict(row) for row in again.read(f"SELECT * FROM {table} ORDER BY 1, 2")] for table in kept
    } == before


def test_a_library_that_was_brought_to_this_version_keeps_in_its_journal_what_comes_now(library, open_it):
    """Its journal was begun by a version that knew nothing of origins."""
    make_ledger_v1(library.ledger_path)
    Journal(library.journal_path).begin([("jobs", job_values(ROW))])
    ledger, _ = open_it()
    ledger.put("origins", {"sha256": "cd" * 32, "job_id": "3f2a", "sample": 0, "seconds": 1.5})
    ledger.close()
    library.ledger_path.write_bytes(DAMAGED)
    again, _ = open_it()
    assert [tuple(row) for row in again.read("SELECT * FROM origins")] == [("cd" * 32, "3f2a", 0, 1.5)]


def test_what_was_damaged_is_kept_and_none_overwrites_another(library, open_it):
    open_it()[0].close()
    for number in range(3):
        library.ledger_path.write_bytes(b"%d " % number + DAMAGED)
        open_it()[0].close()
    kept = sorted(path.read_bytes()[:1] for path in library.folder.glob("ledger.corrupt-*.sqlite"))
    assert kept == [b"0", b"1", b"2"]


def test_a_library_from_before_there_was_a_journal_gets_one(library, open_it):
    make_ledger_v1(library.ledger_path)
    open_it()[0].close()
    library.ledger_path.unlink()
    ledger, said = open_it()
    assert [row.id for row in ledger.jobs()] == ["9c24", "3f2a"]
    assert ledger.videos("3f2a")[0].sha256 == "ab"
    assert said == ["the ledger was gone · made anew with 2 jobs and 1 videos"]


def test_half_a_row_and_what_this_version_cannot_show_are_left_out(library):
    journal = Journal(library.journal_path)
    whole = job_values(replace(ROW, request=REQUEST.canonical()))
    journal.begin(
        [
            ("jobs", whole),
            ("jobs", {"id": "half", "state": "running"}),
            ("jobs", {**whole, "id": "gone", "provider": "lumen"}),
            ("jobs", {**whole, "id": "newm", "model": "none", "request": '{"prompt": "x", "model": "none"}'}),
            ("jobs", {**whole, "id": "newc", "colour": "red"}),
            ("videos", {"job_id": "none", "sample": 0}),
            ("stars", {"id": "x"}),
        ]
    )
    ledger = Ledger(library.ledger_path)
    assert refill(ledger, library, NOW) == (3, 0)
    # One whose package is gone is shown for all that.
    assert {row.id for row in ledger.jobs()} == {"3f2a", "newc", "gone"}
    ledger.close()


def test_two_kernels_that_find_it_damaged_make_it_anew_once(library, open_it):
    ledger, _ = open_it()
    ledger.add_job(ROW)
    ledger.close()
    library.ledger_path.write_bytes(DAMAGED)
    start = threading.Barrier(4)
    opened: list[Any] = []
    said: list[str] = []

    def run() -> None:
        start.wait()
        opened.append(open_ledger(library, lambda: NOW, said.append))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [ledger.job("3f2a") for ledger in opened] == [ROW] * 4
    assert len(said) == 1
    assert len([*library.folder.glob("ledger.corrupt-*.sqlite")]) == 1
    for one in opened:
        one.close()


def test_killed_while_it_is_made_anew_the_next_does_it_again(library, open_it, monkeypatch):
    ledger, _ = open_it()
    ledger.add_job(ROW)
    ledger.close()
    library.ledger_path.write_bytes(DAMAGED)
    with monkeypatch.context() as patch:
        patch.setattr(rebuild, "refill", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            open_it()
    assert not library.ledger_path.exists()
    again, said = open_it()
    assert again.job("3f2a") == ROW
    assert len(said) == 1


def test_a_library_of_a_newer_version_is_never_set_aside(library, open_it):
    ledger, _ = open_it()
    ledger.read("PRAGMA user_version = 99")
    ledger.close()
    with pytest.raises(VeoError, match="newer veo_nb"):
        open_it()
    assert not [*library.folder.glob("ledger.corrupt-*")]


@pytest.mark.skipif(os.name != "posix", reason="an open file can't be deleted there")
def test_a_living_kernel_keeps_its_jobs_when_another_makes_the_ledger_anew(library, open_it):
    living, _ = open_it()
    living.add_job(replace(ROW, owner="host:1:x"))
    for path in library.folder.glob("ledger.sqlite*"):
        path.unlink()
    other, said = open_it()
    assert len(said) == 1
    assert other.job("3f2a").owner == "host:1:x"
    assert living.update_job("3f2a", only_of="host:1:x", state="running", operation="op")
    assert other.job("3f2a").operation == "op"


def damaged_while_open(library, open_it) -> Ledger:
    ledger: Ledger = open_it()[0]
    ledger.add_job(ROW)
    ledger.read("PRAGMA wal_checkpoint(TRUNCATE)")
    library.ledger_path.write_bytes(DAMAGED)
    return ledger


@needs_the_system
def test_who_has_it_open_lets_go_of_it_before_it_is_made_anew(library, open_it, monkeypatch):
    """On Windows a file that is open is not moved: a repair would be in its own way."""
    ledger, sharing = damaged_while_open(library, open_it), share_as_windows(monkeypatch)
    ledger.heal()
    assert ledger.job("3f2a") == ROW
    assert (sharing, "ledger.corrupt-2027-01-15.sqlite" in names(library)) == ([], True)


@needs_the_system
def test_another_notebook_that_has_it_open_is_to_be_closed_and_then_it_goes_on(library, open_it, monkeypatch):
    monkeypatch.setattr(files, "PAUSES", ())
    ledger, sharing = damaged_while_open(library, open_it), share_as_windows(monkeypatch)
    with library.ledger_path.open("rb"), pytest.raises(VeoError, match="close the other notebooks"):
        ledger.heal()
    assert sharing == ["ledger.sqlite"]
    with contextlib.suppress(VeoError):
        ledger.job("3f2a")
    ledger.heal()
    assert ledger.job("3f2a") == ROW


def test_a_kernel_whose_ledger_could_not_be_made_anew_tries_again(library, open_it, monkeypatch):
    ledger = damaged_while_open(library, open_it)
    with monkeypatch.context() as patch:
        patch.setattr(rebuild, "refill", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
        for use in (ledger.heal, lambda: ledger.job("3f2a")):
            with pytest.raises(VeoError, match="can't be made anew"):
                use()
    assert ledger.job("3f2a") == ROW


def test_where_it_cannot_be_made_anew_that_is_said_and_nothing_is_lost(library, open_it, monkeypatch):
    ledger, _ = open_it()
    ledger.add_job(ROW)
    ledger.close()
    library.ledger_path.write_bytes(DAMAGED)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(rebuild, "refill", full)
        with pytest.raises(VeoError, match=r"damaged and can't be made anew: .*No space left"):
            open_it()
    assert open_it()[0].job("3f2a") == ROW


# A library that can't be written


def refuse() -> VeoError:
    return VeoError("It can't be written.")


@pytest.fixture
def read_it(library):
    """Open the library's ledger to be read only."""
    with contextlib.ExitStack() as made:

        def make() -> Ledger:
            ledger = read_ledger(library, lambda: NOW, refuse, None, made)
            made.callback(ledger.close)
            return ledger

        yield make


def as_it_lies(library) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in library.folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("state", ["whole", "former", "damaged", "gone", "emptied"])
def test_what_can_only_be_read_is_read_whatever_its_state_and_nothing_is_written(
    library, open_it, read_it, state
):
    if state == "former":
        make_ledger_v1(library.ledger_path)
    else:
        ledger, _ = open_it()
        ledger.add_job(ROW)
        ledger.close()
    if state == "damaged":
        library.ledger_path.write_bytes(DAMAGED)
    elif state == "gone":
        library.ledger_path.unlink()
    elif state == "emptied":
        library.ledger_path.write_bytes(b"")
    before = as_it_lies(library)
    read = read_it()
    assert len(read.jobs()) >= 1
    assert read.read_only
    for attempt in (
        lambda: read.add_job(replace(ROW, id="9c01")),
        lambda: read.leave("me"),
        read.check_writable,
    ):
        with pytest.raises(VeoError, match="can't be written"):
            attempt()
    after = as_it_lies(library)
    assert {name: after[name] for name in before} == before
    assert after.keys() - before.keys() <= {"ledger.sqlite-wal", "ledger.sqlite-shm"}


def test_what_others_write_is_seen_by_who_can_only_read(library, open_it, read_it):
    ledger, _ = open_it()
    read = read_it()
    ledger.add_job(ROW)
    assert read.job("3f2a") == ROW


def test_what_those_who_have_it_open_share_is_not_copied(library, read_it, monkeypatch):
    """Windows lets nobody read what they have locked of it; what they wrote last is in the log beside it."""

    def copy(old, new, real=shutil.copyfile) -> None:
        if old.name.endswith("-shm"):
            raise PermissionError(13, "The process cannot access the file")
        real(old, new)

    make_ledger_v1(library.ledger_path)
    with contextlib.closing(sqlite3.connect(library.ledger_path)) as living:
        living.execute("PRAGMA journal_mode = WAL")
        living.execute("CREATE TABLE last (word)")
        assert library.ledger_path.with_name("ledger.sqlite-shm").exists()
        monkeypatch.setattr(shutil, "copyfile", copy)
        read = read_it()
        assert len(read.jobs()) >= 1
        assert read.read("SELECT name FROM sqlite_master WHERE name = 'last'")


def test_a_library_of_a_newer_version_is_not_read(library, open_it, read_it):
    ledger, _ = open_it()
    ledger.close()
    with contextlib.closing(sqlite3.connect(library.ledger_path)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(VeoError, match="newer veo_nb"):
        read_it()
