"""The journal: each write to the ledger once more, and what a torn file still says."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace

import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from tests.store.test_ledger import ROW, VIDEO
from veo_nb.store.ledger import Ledger
from veo_nb.store.recovery import journal as recovery_journal
from veo_nb.store.recovery.journal import LOCK, Journal


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path / "ledger.journal")
    journal.begin([])
    return journal


@pytest.fixture
def ledger(tmp_path, journal):
    ledger = Ledger(tmp_path / "ledger.sqlite", journal=journal)
    yield ledger
    ledger.close()


def test_the_last_word_on_each_column_counts(journal):
    journal.add([("jobs", {"id": "a", "state": "queued", "take": 1})], surely=False)
    journal.add([("jobs", {"id": "b", "state": "queued"})], surely=False)
    journal.add([("jobs", {"id": "a", "state": "running", "operation": "op"})], surely=True)
    assert journal.rows("jobs", ["id"]) == [
        {"id": "a", "state": "running", "take": 1, "operation": "op"},
        {"id": "b", "state": "queued"},
    ]


def test_a_line_that_was_torn_does_not_take_the_next_with_it(journal):
    journal.add([("jobs", {"id": "a"})], surely=False)
    with journal.path.open("ab") as file:
        file.write(b'\n["jobs", {"id": "b", "sta')
    journal.add([("jobs", {"id": "c"})], surely=False)
    assert [row["id"] for row in journal.rows("jobs", ["id"])] == ["a", "c"]


@pytest.mark.parametrize(
    "line", ["null", "7", '"x"', "[]", '["jobs"]', '["jobs", 7]', '[7, {"id": 1}]', "\x00\x01", "{"]
)
def test_a_line_that_is_none_is_left_out(journal, line):
    journal.path.write_text(line + '\n["jobs", {"id": "a"}]\n')
    assert [*journal.entries()] == [("jobs", {"id": "a"})]


@given(st.binary(max_size=200))
def test_whatever_lies_there_can_be_read(tmp_path_factory, content):
    journal = Journal(tmp_path_factory.mktemp("journal") / "j")
    journal.path.write_bytes(content)
    journal.rows("jobs", ["id"])


def test_where_there_is_none_it_says_so_and_reads_as_empty(tmp_path):
    journal = Journal(tmp_path / "none")
    assert not journal.add([("jobs", {"id": "a"})], surely=False)
    assert [*journal.entries()] == []


def test_one_that_cannot_be_written_stops_nobody(tmp_path, caplog):
    (tmp_path / "folder").mkdir()
    journal = Journal(tmp_path / "folder")
    assert journal.add([("jobs", {"id": "a"})], surely=False)
    journal.begin([])
    assert "can't be written" in caplog.text


def test_many_may_write_at_once(journal):
    def write(number: int) -> None:
        for index in range(50):
            journal.add([("jobs", {"id": f"{number}-{index}", "text": "ä" * 500})], surely=False)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(journal.rows("jobs", ["id"])) == 200


def test_where_a_system_does_not_append_in_one_step_one_adds_at_a_time(journal, monkeypatch):
    """As on Windows: two kernels that look for the end at once would write over each other."""
    busy = []

    def write(file: int, data: bytes, real=os.write):
        with pytest.raises(TimeoutError), FileLock(journal.path.with_name(LOCK), timeout=0):
            pass
        busy.append(data)
        return real(file, data)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        assert Journal(journal.path, appends=False).add([("jobs", {"id": "a"})], surely=True)
    assert len(busy) == 1
    assert journal.rows("jobs", ["id"]) == [{"id": "a"}]


def test_one_who_never_gets_a_turn_adds_all_the_same(journal, monkeypatch):
    monkeypatch.setattr(recovery_journal, "TURN_SECONDS", 0.0)
    with FileLock(journal.path.with_name(LOCK)):
        Journal(journal.path, appends=False).add([("jobs", {"id": "a"})], surely=False)
    assert journal.rows("jobs", ["id"]) == [{"id": "a"}]


# What the ledger says to it


def test_every_write_is_there(ledger, journal):
    ledger.add_job(ROW)
    ledger.update_job(
        "3f2a", state="running", operation="op", error={"code": "x", "message": "é", "hint": ""}
    )
    ledger.claim(ledger.job("3f2a"), "another")
    ledger.add_video(VIDEO)
    (job,) = journal.rows("jobs", ["id"])
    (stored,) = [dict(row) for row in ledger.read("SELECT * FROM jobs")]
    assert job == stored
    assert journal.rows("videos", ["job_id", "sample"]) == [vars(VIDEO)]


def test_what_was_not_written_is_not_there(ledger, journal):
    ledger.add_job(ROW)
    assert ledger.add_job(ROW) is not None
    assert not ledger.update_job("3f2a", only_of="another", state="running")
    assert not ledger.claim(replace(ROW, state="failed"), "another")
    assert [*journal.entries()] == [("jobs", {**job_columns(ledger)})]


def job_columns(ledger) -> dict[str, object]:
    return dict(ledger.read("SELECT * FROM jobs")[0])


@pytest.mark.parametrize("when", ["at the opening", "at a write"])
def test_a_journal_that_is_gone_is_begun_anew_with_all_that_is_known(tmp_path, ledger, journal, when):
    ledger.add_job(ROW)
    ledger.add_video(VIDEO)
    journal.path.unlink()
    if when == "at a write":
        ledger.update_job("3f2a", state="running")
    else:
        Ledger(tmp_path / "ledger.sqlite", journal=journal).close()
    assert journal.rows("jobs", ["id"]) == [job_columns(ledger)]
    assert len(journal.rows("videos", ["job_id", "sample"])) == 1


def test_the_name_of_an_operation_is_noted_where_the_ledger_has_no_room_for_it(ledger):
    ledger.add_job(replace(ROW, state="submitting", submitted_at=5.0))
    ledger.read("PRAGMA query_only = ON")
    with pytest.raises(Exception, match="readonly"):
        ledger.update_job("3f2a", state="running", operation="op7")
    with pytest.raises(Exception, match="readonly"):
        ledger.update_job("3f2a", state="failed")
    ledger.read("PRAGMA query_only = OFF")
    assert ledger.noted_operation(ledger.job("3f2a")) == "op7"
    assert ledger.noted_operation(replace(ROW, state="submitting", submitted_at=6.0)) is None
    assert ledger.noted_operation(replace(ROW, id="none")) is None


def test_a_journal_holds_plain_json_lines(ledger, journal):
    ledger.add_job(ROW)
    lines = [line for line in journal.path.read_text("utf-8").splitlines() if line]
    assert [json.loads(line)[0] for line in lines] == ["jobs"]
