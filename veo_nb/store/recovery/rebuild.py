"""How a library's ledger is opened, and made anew where it is damaged or gone.

It comes back from two places: the journal beside it, which has every write, and the sidecars beside the videos. What
was damaged is set aside, never deleted. Living kernels go on with the new one (see `database`), so they keep their
jobs; those that nobody drives are taken on by whoever looks next, as after a kill.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from veo_nb import catalog
from veo_nb.errors import VeoError
from veo_nb.request import restore_request
from veo_nb.store.changes import Change, Changes
from veo_nb.store.database import Damaged, Restore
from veo_nb.store.files import Files, move
from veo_nb.store.ledger import Ledger
from veo_nb.store.recovery.journal import Journal
from veo_nb.store.recovery.sidecar import find_sidecars, read_sidecar
from veo_nb.store.rows import JobRow, Owner, VideoRow, job_values
from veo_nb.store.schema import KEPT

LOCK = ".rebuild.lock"
WAIT_SECONDS = 120.0


def open_ledger(
    library: Files,
    clock: Callable[[], float],
    say: Callable[[str], None],
    changed: Changes[Change] | None = None,
) -> Ledger:
    """The library's ledger, which emits to `changed`; `say` is told in one sentence where it had to be made anew.

    Raises:
        VeoError: the folder can't be read or written, or the library is a newer version's.
    """
    path = library.ledger_path

    def restore(reopen: Callable[[], None]) -> None:
        with _alone(library):
            if not _is_sound(path):
                _rebuild(library, clock(), say)
            reopen()

    # Nobody may open the file while another one puts it in its place: SQLite would mix up the logs of the two.
    with _alone(library):
        if not _has_content(path) and has_traces(library):
            _rebuild(library, clock(), say)
        try:
            return _open(library, restore, changed)
        except Damaged:
            _rebuild(library, clock(), say)
            return _open(library, restore, changed)


def read_ledger(
    library: Files,
    clock: Callable[[], float],
    refuse: Callable[[], VeoError],
    changed: Changes[Change] | None,
    made: contextlib.ExitStack,
) -> Ledger:
    """The ledger of a library that can't be written, to be read; who wants to write it gets what `refuse` gives.

    Where even reading needs to write (what another process wrote last is not taken in, the file is a former version's,
    damaged or gone) it is a copy as of now, which `made` takes away in the end.

    Raises:
        VeoError: it can't be read, or is a newer version's.
    """
    path = library.ledger_path
    if _has_content(path):
        with contextlib.suppress(VeoError):
            return Ledger(path, restore=lambda reopen: reopen(), refuse=refuse, changed=changed)
    copy = Path(made.enter_context(tempfile.TemporaryDirectory(prefix="veo_nb-"))) / path.name
    try:
        for old, new in zip(_files(path), _files(copy), strict=True):
            # SQLite makes what is shared anew; on Windows those who share it keep others from reading it.
            if old.exists() and not old.name.endswith("-shm"):
                shutil.copyfile(old, new)
    except OSError as error:
        raise VeoError(
            f"The library's ledger {path} can't be read: {error.strerror or error}.",
            hint="Look at the folder's rights, or use veo.configure(library=…).",
        ) from None
    whole = _has_content(copy)
    try:
        Ledger(copy).close()
    except Damaged:
        whole = False
        for file in _files(copy):
            file.unlink(missing_ok=True)
    if not whole:
        with contextlib.closing(Ledger(copy)) as ledger:
            refill(ledger, library, clock())
    return Ledger(copy, refuse=refuse, changed=changed)


def has_traces(library: Files) -> bool:
    """Whether there was a ledger in this folder: its journal or a video's sidecar is there."""
    return library.journal_path.exists() or next(find_sidecars(library.folder), None) is not None


def _rebuild(library: Files, now: float, say: Callable[[str], None]) -> None:
    path = library.ledger_path
    try:
        aside = _set_aside(path, now)
        fresh = path.with_name(f"{path.stem}.new.sqlite")
        for old in _files(fresh):
            old.unlink(missing_ok=True)
        with contextlib.closing(Ledger(fresh)) as ledger:
            jobs, videos = refill(ledger, library, now)
        move(fresh, path)
    except OSError as error:
        raise VeoError(
            f"The library's ledger {path} is damaged and can't be made anew: {error}.",
            hint="Make room, look at the folder's rights, and close the other notebooks that use it.",
        ) from None
    was = f"was damaged, it is kept as {aside.name}" if aside else "was gone"
    say(f"the ledger {was} · made anew with {jobs} jobs and {videos} videos")


def refill(ledger: Ledger, library: Files, now: float) -> tuple[int, int]:
    """Bring back what the journal and the sidecars know; how many jobs and videos."""
    journal = Journal(library.journal_path)
    owners: set[str] = set()
    counts = dict.fromkeys(KEPT, 0)
    for table in KEPT:
        for values in journal.rows(table, ledger.keys(table)[1]):
            # A line may be missing or from another version: half a row is none.
            with contextlib.suppress(VeoError):
                if table != "jobs" or _is_readable(values):
                    counts[table] += ledger.put(table, values)
                    owners |= {str(values["owner"])} if values.get("owner") else set()
    for owner in owners:
        # Each may live. One that does beats on; the others are found out as after any kill.
        host, _, rest = owner.partition(":")
        pid = rest.partition(":")[0]
        ledger.beat(Owner(owner, host, int(pid) if pid.isdigit() else 0, now))
    jobs, videos = index_sidecars(ledger, library)
    return counts["jobs"] + len(jobs), counts["videos"] + len(videos)


def index_sidecars(ledger: Ledger, library: Files) -> tuple[list[JobRow], list[VideoRow]]:
    """Enter the videos that have a sidecar and are not in the ledger; the jobs and the videos that are new."""
    jobs, videos = [], []
    for path in find_sidecars(library.folder):
        found = read_sidecar(path, library.folder)
        if found is None:
            continue
        job, video = found
        known = ledger.job(job.id)
        if known is not None and known.fingerprint != job.fingerprint:
            # From another library, where the same four letters were drawn.
            continue
        if known is None and path.with_suffix(".mp4").exists() and ledger.put("jobs", job_values(job)):
            jobs.append(job)
            known = job
        # Of a job that is still under way, the engine enters what has arrived.
        if known is not None and known.state == "succeeded" and ledger.put("videos", vars(video)):
            videos.append(video)
    return jobs, videos


def _open(library: Files, restore: Restore, changed: Changes[Change] | None) -> Ledger:
    return Ledger(
        library.ledger_path,
        journal=Journal(library.journal_path),
        restore=restore,
        reserve=library.reserve_path,
        changed=changed,
    )


def _is_readable(values: dict[str, object]) -> bool:
    """Whether a job of the journal can be shown by this version."""
    try:
        request = restore_request(json.loads(str(values["request"])), lambda *_: b"", str(values["provider"]))
    except (KeyError, ValueError, TypeError, AttributeError, VeoError):
        return False
    provider = catalog.known_provider(str(values["provider"]))
    return provider.any_model or request.model in catalog.MODELS


def _is_sound(path: Path) -> bool:
    if not _has_content(path):
        return False
    try:
        ledger = Ledger(path)
    except Damaged:
        return False
    try:
        ledger.check()
    except Damaged:
        return False
    finally:
        ledger.close()
    return True


def _has_content(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _set_aside(path: Path, now: float) -> Path | None:
    """Rename the ledger to `ledger.corrupt-2026-11-22.sqlite`, with what SQLite keeps beside it."""
    day = datetime.fromtimestamp(now).astimezone().strftime("%Y-%m-%d")
    aside = path.with_name(f"{path.stem}.corrupt-{day}.sqlite")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.stem}.corrupt-{day}-{number}.sqlite")
    kept = _has_content(path)
    for old, new in zip(_files(path), _files(aside), strict=True):
        if old.exists():
            move(old, new) if kept else old.unlink()
    return aside if kept else None


def _files(path: Path) -> tuple[Path, ...]:
    # The logs first: without them the ledger alone would be taken for whole.
    return *(path.with_name(f"{path.name}-{end}") for end in ("wal", "shm", "journal")), path


@contextmanager
def _alone(library: Files) -> Iterator[None]:
    """One process and thread at a time, also where another one is killed in the middle."""
    try:
        lock = sqlite3.connect(library.folder / LOCK, timeout=WAIT_SECONDS, isolation_level=None)
    except sqlite3.Error as error:
        raise _no_lock(library, error) from None
    with contextlib.closing(lock):
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            raise _no_lock(library, error) from None
        yield


def _no_lock(library: Files, error: Exception) -> VeoError:
    return VeoError(
        f"The library {library.folder} can't be opened: {error}.",
        hint="Look at the folder's rights, and whether its drive knows locks, or use veo.configure(library=…).",
    )
