"""Places and machines: who lives is told right, whatever its process number; nothing is taken away or paid twice."""

from __future__ import annotations

import json
import os
import resource
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
from veo_nb.errors import VeoError
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


# A clock that is set back, and what no more can be written to


def test_a_clock_set_back_by_an_hour_while_a_clip_is_made(folder, provider, studio_in, matrix):
    """What was entered after it had an earlier time than what failed before it, and its cell paid again."""
    behind = [0.0]
    studio = studio_in(folder, provider, clock=lambda: time.time() - behind[0])
    failed = studio.generate(PROMPT).wait(30)
    studio.jobs.workspace.open().ledger.update_job(failed.id, state="failed", operation=None)
    studio.close()
    provider.forget()
    behind[0] = 3600.0
    provider.on_post = lambda: behind.__setitem__(0, 7200.0)
    studio = studio_in(folder, provider, clock=lambda: time.time() - behind[0])
    made = studio.generate(PROMPT, fresh=True).wait(30)
    again = studio.generate(PROMPT)
    row = matrix(
        row_of("clock set back by an hour", folder, provider, f"{made.status}; shown, not sent again")
    )
    assert row.sound
    assert (again.id, len(provider.posts)) == (made.id, 1)


@pytest.mark.skipif(sys.platform != "linux", reason="a limit for files is set as Linux does")
def test_a_file_that_may_not_grow_is_a_full_disk(folder, provider, studio_in, matrix):
    """SQLite calls it an I/O error, as it does a quota that is used up."""
    studio = studio_in(folder, provider)
    studio.history()
    studio.jobs.workspace.open()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(VeoError, match=r"can't be used: disk I/O error \(File too large\)") as refused:
            studio.generate(PROMPT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    row = matrix(row_of("a file that may not grow", folder, provider, "refused in one sentence, not sent"))
    assert row.sound
    assert "Make room" in refused.value.hint
    assert provider.posts == []
    assert studio.generate(PROMPT).wait(30).status == "succeeded"


# A process that forks

FORKS = '''
import json, multiprocessing, os, sys, time
from pathlib import Path
from tests.faults.boundaries import shortly
from veo_nb.errors import VeoError
from veo_nb.studio import Studio

folder, library, prompt = Path.cwd(), Path("veo_library"), sys.argv[1]
studio = Studio(sleep=shortly)
sandbox = Studio(provider="sandbox", library="other", environ={})
sandbox.jobs.workspace.open()
server = sandbox.jobs.workspace._server
server.start()
job = studio.generate(prompt)
while not job.operation:
    time.sleep(0.02)


def ask():
    """What a child is told, by whatever it tries."""
    told = []
    for attempt in (
        lambda: studio.generate("Another one."),
        lambda: job.wait(20),
        lambda: job.cancel(),
        lambda: studio.history(),
        lambda: Studio(sleep=shortly).generate("One more."),
        lambda: sandbox.generate("A third."),
    ):
        try:
            told.append(repr(attempt()))
        except VeoError as error:
            told.append(str(error))
    studio.close()
    return told


def work(out):
    Path(out).write_text(json.dumps(ask()))


seconds = []
for name in ("fork", "multiprocessing"):
    began = time.monotonic()
    if name == "fork":
        pid = os.fork()
        if pid == 0:
            work("fork.json")
            # As a script ends: with everything that is done at an exit.
            sys.exit()
        os.waitpid(pid, 0)
    else:
        process = multiprocessing.get_context("fork").Process(target=work, args=("multiprocessing.json",))
        process.start()
        process.join()
    seconds.append(time.monotonic() - began)
Path("parent.json").write_text(
    json.dumps(
        {
            "seconds": seconds,
            "owners": len([*library.glob(".owners/*.lock")]),
            "owned": studio.jobs.workspace.open().ledger.owner(studio.jobs.workspace.owner_id) is not None,
            "lives": studio.jobs.workspace.open().leases._holder.lives(studio.jobs.workspace.owner_id),
            "sandbox": server.alive,
            "status": job.status,
        }
    )
)
print("ready", flush=True)
sys.stdin.readline()
print(job.wait(30).status, flush=True)
'''


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_is_told_that_its_parent_works_on_and_takes_nothing_away(
    folder, provider, matrix, clip
):
    provider.slow_polls = 100_000
    environment = {**provider.environment, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(
        [sys.executable, "-c", FORKS, PROMPT],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout.readline() == "ready\n"
        provider.slow_polls = 0
        ended, _ = parent.communicate("\n", timeout=60)
    arrived = [path.read_bytes() for path in (folder / "veo_library").glob("*/*.mp4")]
    found = json.loads((folder / "parent.json").read_text())
    for name in ("fork", "multiprocessing"):
        told = json.loads((folder / f"{name}.json").read_text())
        refused = sum(f"forked from process {parent.pid}, which goes on" in one for one in told)
        ended_as = f"{refused} of {len(told)} asked are told; the parent: {ended.strip()}"
        row = matrix(row_of(f"a child by {name}", folder, provider, ended_as, lost=int(arrived != [clip])))
        assert row.sound
        assert refused == len(told), told
    seconds = found.pop("seconds")
    assert found == {"owners": 1, "owned": True, "lives": True, "sandbox": True, "status": "running"}
    # It waited for half a minute for a thread that was not there.
    assert max(seconds) < 15
    assert (ended, len(provider.posts)) == ("succeeded\n", 1)
