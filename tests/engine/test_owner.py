"""Which process drives a job, and when it is taken to be gone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from tests.store.test_ledger import ROW
from tests.world import Time
from veo_nb.engine import lease as holder
from veo_nb.engine.lease import SILENT_SECONDS, LeaseHolder, is_alive
from veo_nb.errors import VeoError
from veo_nb.store.ledger import Ledger
from veo_nb.store.rows import Owner

HOST = socket.gethostname()


@pytest.fixture
def time():
    return Time(1000.0)


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    yield ledger
    ledger.close()


@pytest.fixture
def mine(ledger, time):
    mine = LeaseHolder(ledger, "me", time.clock)
    yield mine
    mine.stop()


@pytest.fixture
def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_it_says_that_it_lives_from_its_start_to_its_stop(ledger, time):
    mine = LeaseHolder(ledger, "me", time.clock)
    assert ledger.owner("me") == Owner("me", HOST, os.getpid(), 1000.0)
    mine.stop()
    assert ledger.owner("me") is None
    assert "veo-nb-owner" not in {thread.name for thread in threading.enumerate()}


def test_it_goes_on_beating_even_after_a_beat_could_not_be_written(ledger, time, monkeypatch):
    monkeypatch.setattr(holder, "BEAT_SECONDS", 0.005)
    beats = threading.Semaphore(0)
    real = ledger.beat

    def beat(owner):
        beats.release()
        if owner.beat_at == 1001.0:
            time.now = 1002.0
            raise VeoError("database is locked")
        real(owner)

    mine = LeaseHolder(ledger, "me", time.clock)
    ledger.beat = beat
    time.now = 1001.0
    for _ in range(3):
        assert beats.acquire(timeout=10)
    mine.stop()
    assert mine._beat_at == 1002.0


def test_stopping_bears_a_ledger_that_cannot_be_written(ledger, time):
    mine = LeaseHolder(ledger, "me", time.clock)
    ledger._db.execute("PRAGMA query_only = ON")
    mine.stop()
    assert not mine._thread.is_alive()


# Who is alive


def test_a_process_of_this_machine_lives_while_it_runs(dead):
    assert is_alive(Owner("x", HOST, os.getpid(), 1000.0), HOST, 1000.0)
    assert not is_alive(Owner("x", HOST, dead, 1000.0), HOST, 1000.0)


def test_a_process_that_belongs_to_someone_else_lives(monkeypatch):
    def refuse(pid: int, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert is_alive(Owner("x", HOST, 1, 1000.0), HOST, 1000.0)


def test_a_process_elsewhere_lives_as_long_as_it_says_so(dead):
    owner = Owner("x", "elsewhere", dead, 1000.0)
    assert is_alive(owner, HOST, 1000.0 + SILENT_SECONDS)
    assert not is_alive(owner, HOST, 1000.0 + SILENT_SECONDS + 1)


def test_a_number_that_another_program_has_by_now_does_not_keep_a_job_for_ever():
    assert not is_alive(Owner("x", HOST, os.getpid(), 1000.0), HOST, 1000.0 + SILENT_SECONDS + 1)


# Adopting


def test_a_job_of_ours_is_ours(mine, ledger):
    ledger.add_job(ROW)
    assert mine.adopt(ROW)


def test_a_job_of_a_living_owner_is_left_alone(mine, ledger):
    ledger.beat(Owner("other", HOST, os.getppid(), 1000.0))
    row = replace(ROW, owner="other")
    ledger.add_job(row)
    assert not mine.adopt(row)
    assert ledger.job("3f2a").owner == "other"


@pytest.mark.parametrize("owner", [None, "left", "dead"])
def test_a_job_without_a_living_owner_is_adopted(mine, ledger, dead, owner):
    ledger.beat(Owner("dead", HOST, dead, 1000.0))
    row = replace(ROW, owner=owner)
    ledger.add_job(row)
    assert mine.adopt(row)
    assert ledger.job("3f2a").owner == "me"


def test_after_this_machine_has_slept_nobody_is_taken_to_be_gone_at_once(mine, ledger, time):
    """Both kernels slept for hours; neither has had the time to say that it lives."""
    ledger.beat(Owner("other", HOST, os.getppid(), 999.0))
    row = replace(ROW, owner="other")
    ledger.add_job(row)
    time.now += 8 * 3600
    assert not mine.adopt(row)


def test_who_wakes_first_leaves_the_others_the_time_to_say_that_they_live(mine, ledger, time):
    ledger.beat(Owner("other", HOST, os.getppid(), 999.0))
    row = replace(ROW, owner="other")
    ledger.add_job(row)
    time.now += 8 * 3600
    mine._beat()
    assert not mine.adopt(row)
    for _ in range(14):
        time.now += 5
        mine._beat()
    assert mine.adopt(row), "it has been awake for a minute and the other says nothing"


def test_after_a_sleep_a_dead_owner_is_still_known_to_be_dead(mine, ledger, time, dead):
    ledger.beat(Owner("dead", HOST, dead, 999.0))
    row = replace(ROW, owner="dead")
    ledger.add_job(row)
    time.now += 8 * 3600
    mine._beat()
    assert mine.adopt(row)


def test_a_clock_that_is_set_back_makes_nobody_dead(mine, ledger, time):
    ledger.beat(Owner("other", "elsewhere", 7, 1000.0))
    row = replace(ROW, owner="other")
    ledger.add_job(row)
    time.now -= 8 * 3600
    mine._beat()
    assert not mine.adopt(row)
    ledger.beat(Owner("other", "elsewhere", 7, time.now))
    assert not mine.adopt(row)


def test_after_each_beat_it_looks_around_and_an_error_there_does_not_end_it(ledger, time, monkeypatch):
    monkeypatch.setattr(holder, "BEAT_SECONDS", 0.005)
    looks = threading.Semaphore(0)

    def look() -> None:
        looks.release()
        raise VeoError("database is locked")

    mine = LeaseHolder(ledger, "me", time.clock)
    mine.after_each_beat(look)
    for _ in range(3):
        assert looks.acquire(timeout=10)
    mine.stop()


def test_of_two_one_adopts(mine, ledger, time):
    second = LeaseHolder(ledger, "second", time.clock)
    row = replace(ROW, owner=None)
    ledger.add_job(row)
    assert [mine.adopt(row), second.adopt(row)] == [True, False]
    second.stop()


def test_a_job_that_is_over_is_seized_from_a_living_owner(mine, ledger):
    ledger.beat(Owner("other", HOST, os.getppid(), 1000.0))
    row = replace(ROW, owner="other", state="failed")
    ledger.add_job(row)
    assert mine.seize(row)
    ledger.update_job("3f2a", state="running")
    assert not mine.seize(row)
