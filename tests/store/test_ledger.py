"""The ledger: what is written stays written, for every thread and process that shares the file."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.world import PROVIDER, row_of, settings_in
from veo_nb.errors import BudgetExceeded, VeoError
from veo_nb.request import make_request
from veo_nb.store.billing import make_gate
from veo_nb.store.ledger import Ledger
from veo_nb.store.rows import FINAL, GONE, Owner, VideoRow
from veo_nb.store.schema import MIGRATIONS

ROOT = Path(__file__).parents[2]
REQUEST = make_request(PROVIDER, prompt='A fox, "quoted" 🦊', duration_seconds=4)
ROW = row_of(REQUEST)
VIDEO = VideoRow(
    job_id="3f2a",
    sample=0,
    uri="https://x/1",
    path="2026-11-22/fox-3f2a.mp4",
    bytes=1000,
    sha256="ab",
    width=1280,
    height=720,
    duration=4.0,
    fps=24.0,
    has_audio=True,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ledger(path):
    ledger = Ledger(path)
    yield ledger
    ledger.close()


@pytest.fixture
def other(path, ledger):
    """The same file as another process has it open."""
    other = Ledger(path)
    yield other
    other.close()


def test_a_job_is_read_as_it_was_written_by_anyone(ledger, other):
    row = replace(ROW, error={"code": "failed", "message": "x", "hint": ""}, operation="op", submitted_at=2.5)
    assert ledger.add_job(row) is row
    assert other.job("3f2a") == row
    assert other.job("none") is None


def test_a_write_is_on_disk_when_the_call_returns(ledger):
    assert ledger.read("PRAGMA synchronous")[0][0] == 2
    assert ledger.read("PRAGMA journal_mode")[0][0] == "wal"


def test_a_taken_id_is_refused_and_nothing_changes(ledger):
    ledger.add_job(ROW)
    assert ledger.add_job(replace(ROW, fingerprint="another")) is None
    assert ledger.job("3f2a") == ROW


@pytest.mark.parametrize(
    "state", ["queued", "submitting", "running", "downloading", "succeeded", "uncertain"]
)
def test_a_request_that_stands_is_not_written_twice(ledger, state):
    ledger.add_job(replace(ROW, state=state))
    found = ledger.add_job(replace(ROW, id="9c01"))
    assert (found.id, found.state) == ("3f2a", state)
    assert [row.id for row in ledger.jobs()] == ["3f2a"]


@pytest.mark.parametrize("state", GONE)
def test_a_request_that_ended_without_a_video_is_asked_anew(ledger, state):
    ledger.add_job(replace(ROW, state=state))
    new = replace(ROW, id="9c01", created_at=ROW.created_at + 1)
    assert ledger.add_job(new) is new
    assert ledger.standing(ROW.fingerprint, 1) == new


def test_another_take_another_request_or_fresh_is_another_row(ledger):
    ledger.add_job(ROW)
    for number, row in enumerate([replace(ROW, take=2), replace(ROW, fingerprint="another")]):
        assert ledger.add_job(replace(row, id=f"000{number}")).id == f"000{number}"
    assert ledger.add_job(replace(ROW, id="9c01"), fresh=True).id == "9c01"


def test_the_same_request_from_two_processes_at_once_is_one_row(path, ledger):
    """Sixteen kernels run the same cell in the same instant."""
    ledgers = [Ledger(path) for _ in range(4)]
    start = threading.Barrier(16)
    found: list[str] = []

    def run(number: int) -> None:
        start.wait()
        row = ledgers[number % 4].add_job(replace(ROW, id=f"{number:04d}"))
        found.append(row.id if row else "")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in ledgers:
        one.close()
    assert len(set(found)) == 1
    assert len(ledger.jobs()) == 1


def test_columns_change_and_the_others_stay(ledger, other):
    ledger.add_job(ROW)
    assert ledger.update_job("3f2a", state="failed", error={"code": "x", "message": "é", "hint": ""})
    assert other.job("3f2a") == replace(ROW, state="failed", error={"code": "x", "message": "é", "hint": ""})
    ledger.update_job("3f2a", error=None)
    assert other.job("3f2a").error is None


def test_a_change_for_an_owner_is_made_only_while_it_has_the_job(ledger):
    ledger.add_job(ROW)
    assert ledger.update_job("3f2a", only_of="me", state="submitting")
    ledger.update_job("3f2a", owner="another")
    assert not ledger.update_job("3f2a", only_of="me", state="running")
    assert ledger.job("3f2a").state == "submitting"


def test_jobs_come_newest_first_and_no_more_than_asked(ledger):
    for number in range(5):
        ledger.add_job(replace(ROW, id=f"000{number}", created_at=100.0), fresh=True)
    assert [row.id for row in ledger.jobs(3)] == ["0004", "0003", "0002"]


def test_unfinished_jobs_come_oldest_first(ledger):
    states = ["queued", *FINAL, "submitting", "running", "downloading"]
    for number, state in enumerate(states):
        ledger.add_job(replace(ROW, id=f"{number:04d}", state=state), fresh=True)
    assert [row.state for row in ledger.unfinished()] == ["queued", "submitting", "running", "downloading"]


def test_jobs_that_ended_with_an_operation_are_found_by_when_they_were_entered(ledger):
    for number, (state, operation, created_at) in enumerate(
        [
            ("failed", "op", 20.0),
            ("cancelled", "op", 30.0),
            ("failed", None, 30.0),
            ("failed", "op", 10.0),
            ("succeeded", "op", 30.0),
            ("running", "op", 30.0),
        ]
    ):
        row = replace(ROW, id=f"{number:04d}", state=state, operation=operation, created_at=created_at)
        ledger.add_job(row, fresh=True)
    assert [row.id for row in ledger.unfetched(10.0)] == ["0000", "0001"]


def test_only_times_that_were_seen_and_worked_out_are_learnt_from(ledger):
    times: list[dict[str, Any]] = [
        {"state": "succeeded", "submitted_at": 10.0, "generated_at": 52.0},
        {"state": "failed", "submitted_at": 10.0, "generated_at": 53.0},
        {"state": "succeeded", "submitted_at": 10.0, "generated_at": None},
        {"state": "succeeded", "submitted_at": 10.0, "generated_at": 9.0},
        {"state": "succeeded", "submitted_at": 10.0, "generated_at": 54.0, "provider": "sandbox"},
        {"state": "succeeded", "submitted_at": 10.0, "generated_at": 55.0, "model": "another"},
    ]
    for number, columns in enumerate(times):
        ledger.add_job(replace(ROW, id=f"{number:04d}", **columns), fresh=True)
    assert [time.seconds for time in ledger.generation_times("gptproto", ROW.model)] == [42.0]


def test_videos_are_kept_by_sample_and_the_newest_counts(ledger, other):
    ledger.add_job(ROW)
    ledger.add_video(replace(VIDEO, sample=1, has_audio=False))
    ledger.add_video(VIDEO)
    ledger.add_video(replace(VIDEO, path="elsewhere.mp4"))
    assert other.videos("3f2a") == [
        replace(VIDEO, path="elsewhere.mp4"),
        replace(VIDEO, sample=1, has_audio=False),
    ]
    assert other.videos("none") == []


def test_an_owner_beats_and_leaves(ledger, other):
    assert other.owner("me") is None
    ledger.beat(Owner("me", "host", 7, 1.0))
    ledger.beat(Owner("me", "host", 7, 2.0))
    assert other.owner("me") == Owner("me", "host", 7, 2.0)
    ledger.leave("me")
    assert other.owner("me") is None


@pytest.mark.parametrize("owner", [None, "gone"])
def test_of_two_who_claim_a_job_one_gets_it(ledger, other, owner):
    row = replace(ROW, owner=owner)
    ledger.add_job(row)
    assert [ledger.claim(row, "a"), other.claim(row, "b")] == [True, False]
    assert ledger.job("3f2a").owner == "a"


def test_a_job_that_has_gone_on_since_it_was_looked_at_cannot_be_claimed(ledger, other):
    """Two people resubmit the same uncertain job: the second one must look again first."""
    row = replace(ROW, state="uncertain")
    ledger.add_job(row)
    assert other.claim(row, "me")
    other.update_job("3f2a", state="queued")
    assert not ledger.claim(row, "me")


# What goes wrong


def test_a_file_that_is_no_ledger_says_so_in_one_sentence(path):
    path.write_text("hello " * 1000)
    with pytest.raises(VeoError, match="can't be used: file is not a database"):
        Ledger(path)


def test_a_ledger_of_a_newer_version_is_left_alone(path, ledger):
    ledger.read(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    ledger.close()
    with pytest.raises(VeoError, match="newer veo_nb"):
        Ledger(path)


@pytest.mark.parametrize("trial", range(5))
def test_a_new_ledger_may_be_made_by_several_at_once(path, trial):
    start, made = threading.Barrier(4), []

    def make() -> None:
        start.wait()
        made.append(Ledger(path))

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    for ledger in made:
        ledger.close()


def test_opening_an_existing_ledger_keeps_it(path, ledger):
    ledger.add_job(ROW)
    ledger.close()
    again = Ledger(path)
    assert again.job("3f2a") == ROW
    again.close()


def test_a_locked_ledger_raises_our_own_error_and_works_again_later(path, ledger):
    ledger.read("PRAGMA busy_timeout = 20")
    with sqlite3.connect(path, isolation_level=None) as blocker:
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(VeoError, match="database is locked"):
            ledger.add_job(ROW)
        blocker.execute("ROLLBACK")
    blocker.close()
    assert ledger.add_job(ROW) is ROW


def test_a_full_disk_raises_our_own_error_and_leaves_no_half(ledger, other):
    ledger.add_job(ROW)
    ledger.read("PRAGMA max_page_count = 1")
    big = replace(ROW, id="9c01", request={"prompt": "x" * 1_000_000})
    with pytest.raises(VeoError, match="full"):
        ledger.add_job(big, fresh=True)
    assert ledger.update_job("3f2a", state="running")
    assert [row.state for row in other.jobs()] == ["running"]


@pytest.mark.parametrize("where", ["BEGIN IMMEDIATE", "UPDATE", "COMMIT"])
def test_an_interrupt_anywhere_in_a_write_leaves_no_open_transaction(path, other, where):
    """Ctrl-C while a cell submits: the next write must not find the former one still open."""
    interrupted = ""

    class Interrupted(sqlite3.Connection):
        def execute(self, query, *values):
            done = super().execute(query, *values)
            if interrupted and query.startswith(interrupted):
                raise KeyboardInterrupt
            return done

    ledger = Ledger(path, connect=partial(sqlite3.connect, factory=Interrupted))
    ledger.add_job(ROW)
    interrupted = where
    with pytest.raises(KeyboardInterrupt):
        ledger.update_job("3f2a", state="running")
    interrupted = ""
    # Neither here nor for anybody else is it still open.
    assert other.update_job("3f2a", state="blocked")
    assert ledger.update_job("3f2a", state="failed")
    ledger.close()


def test_a_closed_ledger_says_so(ledger):
    ledger.close()
    with pytest.raises(sqlite3.ProgrammingError):
        ledger.jobs()


def test_many_threads_may_write_at_once(ledger):
    def write(number: int) -> None:
        for index in range(10):
            ledger.add_job(replace(ROW, id=f"{number}-{index}"), fresh=True)
            ledger.update_job(f"{number}-{index}", state="running")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [row.state for row in ledger.jobs(100)] == ["running"] * 40


def test_what_was_written_survives_kill_9(path):
    code = f"""
import os, signal
from pathlib import Path
from typing import Any
from tests.store.test_ledger import ROW
from veo_nb.store.ledger import Ledger
ledger = Ledger(Path({str(path)!r}))
ledger.add_job(ROW)
ledger.update_job("3f2a", operation="op")
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=60)
    ledger = Ledger(path)
    assert ledger.job("3f2a") == replace(ROW, operation="op")
    ledger.close()


# The bill


def test_charges_are_by_day_provider_model_and_state(ledger):
    late = ROW.created_at + 86_400
    rows = [
        replace(ROW, state="succeeded", operation="op"),
        replace(ROW, id="b", state="succeeded", operation="op"),
        replace(ROW, id="c", state="queued", created_at=late),
        replace(ROW, id="d", provider="sandbox", created_at=late, estimate=None),
        replace(
            ROW, id="e", state="failed", created_at=late, error={"code": "invalid_request", "message": "no"}
        ),
    ]
    for row in rows:
        ledger.add_job(row, fresh=True)
    day, next_day = (
        datetime.fromtimestamp(at).astimezone().date().isoformat() for at in (ROW.created_at, late)
    )
    seen = [
        (c.day, c.provider, c.state, c.charged, c.jobs, round(c.usd, 2), c.unpriced) for c in ledger.charges()
    ]
    assert seen == [
        (next_day, "gptproto", "failed", False, 1, 0.0, 0),
        (next_day, "gptproto", "queued", True, 1, 0.6, 0),
        (next_day, "sandbox", "queued", True, 1, 0.0, 1),
        (day, "gptproto", "succeeded", True, 2, 1.2, 0),
    ]


def test_an_empty_ledger_has_no_charges(ledger):
    assert ledger.charges() == ()


def test_what_the_gate_raises_keeps_a_row_out(ledger, other):
    ledger.add_job(ROW)

    def refuse(charges):
        assert sum(charge.usd for charge in charges) == pytest.approx(0.6)
        raise BudgetExceeded("No.")

    with pytest.raises(BudgetExceeded):
        other.add_job(replace(ROW, id="b"), fresh=True, admit=refuse)
    assert other.job("b") is None
    assert other.add_job(replace(ROW, id="b"), fresh=True) is not None


def test_a_request_that_stands_is_not_asked_about_money(ledger):
    ledger.add_job(ROW)
    assert ledger.add_job(replace(ROW, id="b"), admit=lambda charges: pytest.fail("asked")) == ROW


def test_processes_at_once_do_not_spend_more_than_there_is(path, ledger):
    """The check and the row are one step: sixteen ask, and the money is for five."""
    settings = settings_in(path.parent, PROVIDER, budget=3.0)
    refused = []

    def enter(number: int) -> None:
        mine = Ledger(path)
        try:
            mine.add_job(
                replace(ROW, id=f"{number:04x}"),
                fresh=True,
                admit=make_gate(settings, settings.provider, ROW.model, ROW.estimate),
            )
        except BudgetExceeded:
            refused.append(number)
        finally:
            mine.close()

    crowd = [threading.Thread(target=enter, args=(number,)) for number in range(16)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert (len(ledger.jobs()), len(refused)) == (5, 11)


@pytest.mark.parametrize(
    ("before", "more", "after"), [(0.6, 0.6, 1.2), (None, 0.6, 0.6), (0.6, None, 0.6), (None, None, None)]
)
def test_what_is_sent_again_may_be_charged_again(ledger, before, more, after):
    ledger.add_job(replace(ROW, estimate=before))
    assert ledger.charge_again("3f2a", more) == after
    assert ledger.job("3f2a").estimate == after


def test_an_older_job_stands_whatever_came_of_a_later_one(ledger):
    ledger.add_job(replace(ROW, state="succeeded"))
    later = replace(ROW, id="9c01", state="failed", created_at=ROW.created_at + 1)
    ledger.add_job(later, fresh=True)
    assert ledger.standing(ROW.fingerprint, 1).id == ROW.id


@pytest.mark.parametrize("first", [0.6, None])
def test_what_was_not_taken_the_second_time_is_taken_off_the_bill(ledger, first):
    ledger.add_job(replace(ROW, estimate=first, state="uncertain"))
    ledger.charge_again(ROW.id, 0.5)
    assert ledger.take_back(ROW.id) == first
    row = ledger.job(ROW.id)
    assert (row.estimate, row.unanswered, row.unanswered_usd) == (first, 1, first)


def test_a_job_that_was_sent_once_has_nothing_to_take_back(ledger):
    ledger.add_job(replace(ROW, estimate=0.6))
    assert ledger.take_back(ROW.id) == 0.6
    assert ledger.take_back("none") is None


def test_the_newest_stands_whatever_the_clock_said_when_it_was_entered(ledger):
    """It was set back by an hour in between: the same cell would be paid for again."""
    ledger.add_job(replace(ROW, state="failed"))
    ledger.add_job(replace(ROW, id="9c01", state="succeeded", created_at=ROW.created_at - 3600))
    assert ledger.standing(ROW.fingerprint, ROW.take).id == "9c01"
