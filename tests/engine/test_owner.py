"""Which process drives a job, and when it is taken to be gone."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import threading
from dataclasses import replace

import pytest

from tests.store.test_ledger import ROW
from tests.world import Time
from veo_nb.engine import lease as holder
from veo_nb.engine.lease import (
    FORGOTTEN_SECONDS,
    LONG_SILENT_SECONDS,
    SILENT_BEATS,
    LeaseHolder,
    OwnerLocks,
    find_machine,
)
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
def locks(tmp_path):
    """What this process knows of the library's locks."""
    return OwnerLocks(tmp_path)


@pytest.fixture
def mine(ledger, time, locks):
    mine = LeaseHolder(ledger, "me", time.clock, locks)
    yield mine
    mine.stop()


@pytest.fixture
def hold(tmp_path):
    """Has other owners' locks held, as their processes do: `hold("other")`, and calling what it gives ends one."""
    with contextlib.ExitStack() as held:

        def hold(name: str, machine: str | None = None):
            locks = OwnerLocks(tmp_path, machine)
            assert locks.hold(name)
            held.callback(locks.release)
            return locks.release

        yield hold


def beat_on(mine: LeaseHolder, beats: int) -> None:
    for _ in range(beats):
        mine._beat()


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
    assert ledger.owner("me") is None
    assert mine._beats >= 2


def test_stopping_bears_a_ledger_that_cannot_be_written(ledger, time):
    mine = LeaseHolder(ledger, "me", time.clock)
    ledger._db.execute("PRAGMA query_only = ON")
    mine.stop()
    assert not mine._thread.is_alive()


# Who is alive


def test_a_process_of_this_machine_lives_while_the_system_holds_its_lock(mine, ledger, hold):
    end = hold("other")
    ledger.beat(Owner("other", HOST, 1, 0.0))
    assert mine.lives("other") is True, "whatever the clock says"
    end()
    assert mine.lives("other") is False


def test_a_number_that_another_process_has_by_now_keeps_no_job(mine, ledger, hold):
    hold("other")()
    ledger.beat(Owner("other", HOST, os.getpid(), 1000.0))
    assert mine.lives("other") is False


def test_a_process_that_is_not_seen_from_here_lives(mine, ledger, hold):
    """As in a container of the same host name: no such number, and the lock is held all the same."""
    hold("other")
    ledger.beat(Owner("other", HOST, 2**22 + 1, 1000.0))
    assert mine.lives("other") is True


def test_a_free_lock_of_another_machine_says_nothing(mine, ledger, hold):
    """A network drive may keep the locks of each machine by itself."""
    hold("other", "another")()
    ledger.beat(Owner("other", HOST, os.getpid(), 1000.0))
    assert mine.lives("other") is None


@pytest.mark.parametrize("host", [HOST, "elsewhere"])
def test_an_owner_that_only_beats_lives_until_it_is_silent_for_a_dozen_of_our_beats(mine, ledger, host):
    """One of the former version, or one where locks don't work."""
    ledger.beat(Owner("other", host, 7, 1000.0))
    beat_on(mine, SILENT_BEATS)
    assert mine.lives("other") is None
    ledger.beat(Owner("other", host, 7, 1005.0))
    beat_on(mine, SILENT_BEATS)
    assert mine.lives("other") is None
    mine._beat()
    assert mine.lives("other") is False


@pytest.mark.parametrize("ahead", [-3600.0, -300.0, 3600.0, 86400.0])
def test_an_owner_whose_clock_is_another_one_is_judged_by_its_words_alone(ledger, time, ahead):
    ledger.beat(Owner("other", "elsewhere", 7, time.now + ahead))
    mine = LeaseHolder(ledger, "me", time.clock)
    try:
        assert mine.lives("other") is None
        beat_on(mine, SILENT_BEATS)
        assert mine.lives("other") is False
    finally:
        mine.stop()


def test_one_that_was_silent_for_hours_when_it_is_first_seen_is_gone_at_once(ledger, time):
    ledger.beat(Owner("other", HOST, os.getpid(), time.now - LONG_SILENT_SECONDS - 1))
    mine = LeaseHolder(ledger, "me", time.clock)
    assert mine.lives("other") is False
    mine.stop()


@pytest.mark.parametrize("by", [-8 * 3600.0, -3600.0, 3600.0, 8 * 3600.0])
def test_a_clock_that_jumps_makes_nobody_dead_and_keeps_nobody_alive(mine, ledger, time, by):
    """It was set, or the machine slept."""
    ledger.beat(Owner("other", "elsewhere", 7, 1000.0))
    mine._beat()
    time.now += by
    beat_on(mine, SILENT_BEATS - 1)
    assert mine.lives("other") is None
    mine._beat()
    assert mine.lives("other") is False


@pytest.mark.parametrize("error", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EIO, errno.EACCES])
def test_where_locks_do_not_work_nobody_is_told_by_one(tmp_path, monkeypatch, error):
    def refuse(fd: int, flags: int) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr("fcntl.flock", refuse)
    locks = OwnerLocks(tmp_path)
    assert not locks.hold("me")
    assert locks.is_held("me") is None
    assert [*tmp_path.rglob("*.lock")] == []


def test_locks_that_everyone_gets_are_none(tmp_path, monkeypatch):
    monkeypatch.setattr("fcntl.flock", lambda fd, flags: None)
    locks = OwnerLocks(tmp_path)
    assert not locks.hold("me")
    assert [*tmp_path.rglob("*.lock")] == []


def test_where_the_machine_has_no_name_locks_are_not_asked(tmp_path):
    locks = OwnerLocks(tmp_path, "")
    assert not locks.hold("me")
    assert locks.is_held("me") is None


def test_who_is_gone_is_struck_out_at_the_next_opening_with_its_file(ledger, time, locks, hold, tmp_path):
    hold("dead")()
    hold("other")
    hold("elsewhere", "another")
    for name in ("dead", "other", "elsewhere"):
        ledger.beat(Owner(name, HOST, 7, time.now))
    ledger.beat(Owner("former", HOST, 7, time.now - FORGOTTEN_SECONDS - 1))
    mine = LeaseHolder(ledger, "me", time.clock, locks)
    assert {owner.id for owner in ledger.owners()} == {"me", "other", "elsewhere"}
    assert {path.name.partition(".")[0] for path in tmp_path.rglob("*.lock")} == {"me", "other", "elsewhere"}
    mine.stop()
    assert {path.name.partition(".")[0] for path in tmp_path.rglob("*.lock")} == {"other", "elsewhere"}


# Adopting


def test_a_job_of_ours_is_ours(mine, ledger):
    ledger.add_job(ROW)
    assert mine.adopt(ROW)


def test_a_job_of_a_living_owner_is_left_alone(mine, ledger, hold):
    hold("other")
    ledger.beat(Owner("other", HOST, os.getppid(), 1000.0))
    row = replace(ROW, owner="other")
    ledger.add_job(row)
    assert not mine.adopt(row)
    assert ledger.job("3f2a").owner == "other"


def test_a_job_of_which_nobody_knows_whether_its_owner_lives_is_left_alone_for_a_minute(mine, ledger):
    ledger.beat(Owner("other", HOST, os.getppid(), 1000.0))
    row = replace(ROW, owner="other")
    ledger.add_job(row)
    assert not mine.adopt(row)
    beat_on(mine, SILENT_BEATS)
    assert mine.adopt(row)


@pytest.mark.parametrize("owner", [None, "left", "dead"])
def test_a_job_without_a_living_owner_is_adopted(mine, ledger, hold, owner):
    hold("dead")()
    ledger.beat(Owner("dead", HOST, 7, 1000.0))
    row = replace(ROW, owner=owner)
    ledger.add_job(row)
    assert mine.adopt(row)
    assert ledger.job("3f2a").owner == "me"


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


def test_a_job_that_is_over_is_seized_from_a_living_owner(mine, ledger, hold):
    hold("other")
    ledger.beat(Owner("other", HOST, os.getppid(), 1000.0))
    row = replace(ROW, owner="other", state="failed")
    ledger.add_job(row)
    assert mine.seize(row)
    ledger.update_job("3f2a", state="running")
    assert not mine.seize(row)


def test_a_machine_is_told_by_its_start_where_the_system_says_it(tmp_path, monkeypatch):
    """A Mac has another host name in another network, and its kernels must still find each other's locks."""
    nowhere, boot = tmp_path / "nowhere", tmp_path / "boot_id"
    boot.write_text("a-number\n")
    here = find_machine(boot, "linux")
    assert (len(here), find_machine(nowhere, "linux")) == (12, "")
    assert find_machine(nowhere, "darwin", lambda: "a-number") == here
    at_home = [find_machine(nowhere, system, lambda: "") for system in ("darwin", "win32")]
    monkeypatch.setattr(socket, "gethostname", lambda: "elsewhere")
    assert find_machine(nowhere, "darwin", lambda: "a-number") == here
    assert find_machine(nowhere, "darwin", lambda: "") not in at_home
