"""Places and machines: who lives is told right, whatever its process number; nothing is taken away or paid twice."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.faults.conftest import leaks
from tests.faults.rows import Row
from tests.faults.test_crash import HELD, PROMPT, ROOT
from tests.faults.test_disk import mount
from veo_nb.engine.lease import OwnerLocks
from veo_nb.errors import VeoError
from veo_nb.notebook.clip import source
from veo_nb.notebook.display import finished
from veo_nb.notebook.place import Place
from veo_nb.store import database
from veo_nb.store.ledger import Ledger
from veo_nb.store.queries import Query
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
def start(folder, provider) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
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
        locks.release()
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
    import resource

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


# Drives


def test_a_drive_on_which_wal_does_not_work(folder, provider, studio_in, matrix, monkeypatch, caplog):
    """A library that was made on a disk, and lies on a network drive now; two kernels use it."""
    first = studio_in(folder, provider)
    made = first.generate(PROMPT).wait(30)
    first.close()
    monkeypatch.setattr(database, "find_drive", lambda _: "nfs4")
    one, two = studio_in(folder, provider), studio_in(folder, provider)
    shown, other = one.generate(PROMPT), two.generate("An owl.").wait(30)
    assert one.job(other.id).wait(30).status == "succeeded"
    said = one.library.notices
    with contextlib.closing(sqlite3.connect(one.library.files.ledger_path)) as db:
        (mode,) = db.execute("PRAGMA journal_mode").fetchone()
    row = matrix(row_of("library on a network drive", folder, provider, f"kept with {mode}; {said[0]}"))
    row.tried = 2
    assert row.sound
    assert (mode, shown.id, len(provider.posts)) == ("delete", made.id, 2)
    assert said == ["the library's drive (nfs4) can't do WAL: its ledger is kept without"]
    assert [*one.library.folder.glob("ledger.sqlite-*")] == []


@pytest.fixture
def read_only() -> Iterator[Callable[[Path], None]]:
    """Has a folder, or a file alone, be one that can't be written: `read_only(path)`."""
    mounted: list[Path] = []

    def make(path: Path) -> None:
        if os.geteuid() != 0:
            for each in (path, *path.rglob("*")):
                each.chmod(0o555 if each.is_dir() else 0o444)
        elif mount("bind", "--bind", str(path), str(path)):
            mounted.append(path)
            subprocess.run(["mount", "-o", "remount,ro,bind", str(path)], check=True)
        else:
            pytest.skip("this user may not mount")

    yield make
    for path in mounted:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@pytest.mark.parametrize("left", ["closed", "killed", "its ledger alone"])
def test_a_library_that_can_only_be_read(left, folder, provider, studio_in, matrix, read_only, clip):
    """Its kernel had closed it, or what that wrote last lies beside it still; or only a file is another's."""
    library = folder / "veo_library"
    writer = studio_in(folder, provider)
    made = writer.generate(PROMPT).wait(30)
    writer.library.rate(made.id, star=True)
    if left != "killed":
        writer.close()
    else:
        kept = folder / "kept"
        shutil.copytree(library, kept)
        writer.close()
        shutil.rmtree(library)
        shutil.copytree(kept, library, ignore=shutil.ignore_patterns("*-shm"))
    read_only(library if left != "its ledger alone" else library / "ledger.sqlite")
    studio = studio_in(folder, provider)
    (job,) = studio.history()
    found = studio.library.browse(Query())
    again = studio.generate(PROMPT)
    refused = []
    for attempt in (
        lambda: studio.generate("An owl."),
        lambda: studio.sweep("A {{animal}}.", axes={"animal": ["fox", "owl"]}),
        lambda: studio.library.delete(made.id),
        lambda: studio.library.rate(made.id, star=False),
        lambda: studio.jobs.rerun(made.id),
        studio.library.repair,
    ):
        with pytest.raises(VeoError) as error:
            attempt()
        refused.append(str(error.value))
    lost = int(job.video.path.read_bytes() != clip)
    row = matrix(
        row_of(
            f"read-only library, {left}", folder, provider, "shown; what would write is refused", lost=lost
        )
    )
    assert row.sound
    assert (job.id, job.status, again is job, again.video.path.exists()) == (made.id, "succeeded", True, True)
    assert studio.cost().spent == pytest.approx(made.estimate or 0)
    assert (found.total, found.rows[0].star) == (1, True)
    assert studio.resume() == studio.jobs.awaited() == []
    assert all("can't be written" in one and "VEO_NB_LIBRARY" in one for one in refused), refused
    (said,) = studio.library.notices
    assert said.endswith("what is in it is shown, nothing can be made in it")
    assert len(provider.posts) == 1


# Where a notebook is


@dataclass
class Jupyter:
    """A server that says this of itself."""

    follows: bool = False
    moved_to: Path | None = None

    def notebook_folder(self) -> Path | None:
        return self.moved_to

    def serves(self, address: str) -> bool:
        return self.follows


PLACES = {
    # The notebook's folder, where the library is, the server, what plays.
    "behind a link that is followed": ("root/link", "disk/lib", Jupyter(follows=True), "lib/{clip}"),
    "behind a link that is not followed": ("root/link", "disk/lib", Jupyter(), "data:video/mp4"),
    "library in a hidden folder": ("root/a", "root/a/.lib", Jupyter(), "data:video/mp4"),
    "notebook moved": ("root/a", "root/a/lib", Jupyter(moved_to=Path("root/b")), "../a/lib/{clip}"),
    "notebook moved, nobody knows where": ("root/a", "root/a/lib", Jupyter(), "data:video/mp4"),
}


@pytest.mark.parametrize("case", PLACES)
def test_the_saved_video_plays_wherever_the_notebook_is(
    case, folder, provider, studio_in, matrix, monkeypatch
):
    home, library, server, plays = PLACES[case]
    for name in ("root/a", "root/b", "disk"):
        (folder / name).mkdir(parents=True)
    (folder / "root/link").symlink_to(folder / "disk")
    if server.moved_to is not None:
        server = replace(server, moved_to=folder / server.moved_to)
    job = studio_in(folder, provider, library=str(folder / library)).generate(PROMPT).wait(30)
    gone = folder / home / "gone.ipynb" if "moved" in case else None
    place = Place(folder / home, folder / "root", "/", gone, server)
    shown = finished(job, place)._repr_html_()
    (src,) = re.findall(r'<video src="([^"]*)"', shown)
    row = matrix(row_of(case, folder, provider, f"plays from {src[:14]}…", lost=int(not src)))
    assert row.sound
    assert src.startswith(plays.format(clip=job.video.path.parent.name))
    # Too large to be put into the notebook it is said what to do.
    monkeypatch.setattr(source, "SMALL", 0)
    said = finished(job, place)._repr_html_()
    assert ("<video" in said) == (not plays.startswith("data:"))
    assert ("Saved as" in said) == plays.startswith("data:")


# A process that forks

FORKS = '''
import json, multiprocessing, os, sys, time
from pathlib import Path
import veo_nb as veo
from tests.faults.boundaries import shortly
from veo_nb.errors import VeoError
from veo_nb.studio import Studio

folder, library, prompt = Path.cwd(), Path("veo_library"), sys.argv[1]
studio = Studio(sleep=shortly)
sandbox = Studio(provider="sandbox", library="other", environ={})
sandbox.jobs.workspace.open()
server = sandbox.jobs.workspace._server
server.start()
veo.history()
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
        lambda: veo.generate("A fourth."),
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
        assert parent.stdout is not None
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
