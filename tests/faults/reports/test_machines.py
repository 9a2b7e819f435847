"""Places and machines: who lives is told right, whatever its process number; nothing is taken away or paid twice."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import leaks
from tests.faults.rows import Row
from tests.faults.test_crash import HELD, PROMPT, ROOT
from veo_nb.engine.lease import OwnerLocks
from veo_nb.store.ledger import Ledger
from veo_nb.store.rows import Owner


def row_of(case: str, folder: Path, provider, ended: str, *, lost: int = 0) -> Row:
    return Row(
        "reports",
        case,
        ended=ended,
        submits=len(provider.posts),
        lost=lost,
        doubled=provider.doubled(),
        leaked=leaks(folder),
    )


def until(true, seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(true())


# Whether another kernel lives


@pytest.fixture
def start(folder, provider) -> Iterator:
    """Starts another process whose job is at the provider, which takes its time: `start("unshare", ...)`."""
    provider.slow_polls = 100_000
    started: list[subprocess.Popen[bytes]] = []

    def start(*before: str) -> subprocess.Popen[bytes]:
        command = [*before, sys.executable, "-m", "tests.faults.boundaries", HELD, PROMPT]
        environment = {**provider.environment, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
        started.append(subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True))
        assert until(lambda: provider.polls[PROMPT]), "the other process never asked"
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_killed_process_that_its_parent_has_not_buried(start, folder, provider, studio_in, matrix):
    """Its number is still there; its jobs waited for a minute under "nothing to resume"."""
    zombie = start()
    zombie.kill()
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
    provider.slow_polls = 0
    resumed = studio_in(folder, provider).resume()
    status = resumed[0].wait(30).status if resumed else "not taken on"
    row = matrix(row_of("killed and not buried", folder, provider, status, lost=int(status != "succeeded")))
    assert row.sound
    assert (status, len(provider.posts)) == ("succeeded", 1)


def test_a_living_process_whose_number_is_not_seen_from_here(start, folder, provider, studio_in, matrix):
    """Two containers with one host name and process numbers of their own: each stole the other's living job."""
    apart = ("unshare", "--pid", "--fork", "--kill-child")
    if subprocess.run([*apart, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this user may not make a namespace")
    other = start(*apart)
    studio = studio_in(folder, provider)
    resumed = studio.resume()
    (job,) = studio.history()
    waits = [(one.job_id, one.whom, one.name) for one in studio.jobs.awaited()]
    other.kill()
    other.wait()
    provider.slow_polls = 0
    assert until(lambda: studio.resume() or studio.jobs.awaited() == [])
    after = job.wait(30).status
    row = matrix(row_of("two containers of one host name", folder, provider, f"left alone; then {after}"))
    row.lost = int(after != "succeeded")
    assert row.sound
    assert (resumed, waits) == ([], [(job.id, "notebook", socket.gethostname())])
    assert len(provider.posts) == 1


@pytest.mark.parametrize(
    ("case", "machine"),
    [("a kernel of the former version", None), ("a free lock of another machine", "another")],
)
def test_a_living_owner_that_only_beats(case, machine, folder, provider, studio_in, matrix):
    """Nobody can ask its lock: only after a minute of silence it is gone, not for a number that is not there."""
    studio = studio_in(folder, provider)
    studio.library.files.prepare()
    ledger = Ledger(studio.library.files.ledger_path)
    name = f"{socket.gethostname()}:{2**22 + 1}:x"
    ledger.beat(Owner(name, socket.gethostname(), 2**22 + 1, time.time()))
    if machine is not None:
        locks = OwnerLocks(studio.library.folder, machine)
        assert locks.hold(name)
        locks._held.release()
    job = studio.generate(PROMPT).wait(30)
    ledger.update_job(job.id, state="running", owner=name)
    ledger.close()
    asked = provider.polls[PROMPT]
    again = studio_in(folder, provider)
    resumed, waits = again.resume(), [one.whom for one in again.jobs.awaited()]
    row = matrix(row_of(case, folder, provider, f"left alone, waits for {', '.join(waits)}"))
    assert row.sound
    assert (resumed, waits, provider.polls[PROMPT]) == ([], ["silence"], asked)
