"""Who sees to a job: this process drives it, follows what another one does with it, or takes it over.

Each process is an owner. The operating system holds a lock for it and lets go of it whenever and however the process ends;
for those on other machines, for former versions, and where locks don't work, an owner says every few seconds that it lives.
The jobs of one that is gone are free.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import socket
import sqlite3
import sys
import threading
import weakref
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from veo_nb import catalog
from veo_nb.api import errors as refusals
from veo_nb.config import Settings
from veo_nb.engine.engine import Engine
from veo_nb.engine.job import Job, JobNote, Registry, Snapshot
from veo_nb.engine.loop import BackgroundLoop
from veo_nb.errors import Cancelled, InvalidRequest, NotFound, VeoError
from veo_nb.records.late import dataclass
from veo_nb.store.ledger import Ledger
from veo_nb.store.rows import JobRow, Owner, State

if TYPE_CHECKING:
    from filelock import BaseFileLock

log = logging.getLogger("veo_nb")

BEAT_SECONDS = 5.0
PARTING_SECONDS = 5.0
"""How long the end waits for a beat that is under way."""
SILENT_BEATS = 12
"""An owner that said nothing during so many beats of ours is taken to be gone: no clock is asked, which may be set back, or
be another machine's. A machine that sleeps does not beat either."""
LONG_SILENT_SECONDS = 2 * 3600.0
"""One that said nothing for this long when it is first looked at is gone: no two clocks differ by so much."""
FORGOTTEN_SECONDS = 30 * 24 * 3600.0
"""After so long the ledger need not know an owner any more."""
FOLLOW_SECONDS = 1.0

_HERE: weakref.WeakValueDictionary[str, Leases] = weakref.WeakValueDictionary()
"""Those of this process, by owner: `configure` leaves the jobs of the former studio running."""


Whom = Literal["notebook", "silence", "provider", "address", "key"]
"""Another kernel that lives; one that may be gone; a provider that nobody here knows; where it is; a key for the provider."""


@dataclass(frozen=True)
class Awaited:
    """A job that is not done and not driven by this kernel, and what it waits for."""

    job_id: str
    whom: Whom
    name: str
    """The kernel's machine, or the provider's name."""


class Leases:
    """Brings each job to the engine at most once, in this process and in all that share the library."""

    def __init__(
        self,
        *,
        settings: Settings,
        ledger: Ledger,
        registry: Registry,
        holder: LeaseHolder,
        engine: Engine,
        loop: BackgroundLoop,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._registry = registry
        self._holder = holder
        self._engine = engine
        self._loop = loop
        self._sleep = sleep
        self._lock = threading.RLock()
        _HERE[holder.id] = self
        # From then on: another kernel may be killed while this one lives, and nobody loads anything.
        holder.after_each_beat(self._patrol)

    def end(self) -> None:
        """Be none of this process any more: its studio is closed."""
        _HERE.pop(self._holder.id, None)

    def start(self, job: Job) -> None:
        """Have a new job of ours driven."""
        self._registry.hold(job)
        self._loop.call(self._engine.drive, job)

    def withdraw(self, jobs: Sequence[Job]) -> bool:
        """Take jobs of ours out that were not sent; False where one of them was, and all go on."""
        if not self._ledger.withdraw([job.id for job in jobs]):
            return False
        for job in jobs:
            never = Cancelled("It was never sent: the call that asked for it did not end.", hint="Ask again.")
            job.change(state=State.CANCELLED, error=never)
        return True

    def attend(self, job: Job) -> None:
        """See to it that somebody drives a job that is not done: we, or another whom we then follow."""
        with self._lock:
            if job.now.state.final or self._registry.is_active(job.id):
                return
            row = self._ledger.job(job.id)
            if row is None or State(row.state).final:
                job.restate(self._moment(job, row))
            elif self.may_drive(row) and self._holder.adopt(row):
                self._go_on(job, row)
            else:
                self.follow(job)

    def resume(self) -> list[Job]:
        """Take on what an earlier kernel left unfinished, with every provider that has a key; the jobs that were taken on.

        One that was just being sent then is among them, and uncertain.
        """
        jobs = self._take_over()
        # Only now does each of them say how it stands.
        self._loop.do(len, jobs)
        return jobs

    def _take_over(self) -> list[Job]:
        jobs = []
        with self._lock:
            for row in self._ledger.unfinished():
                ours = self._registry.is_active(row.id) or not self.may_drive(row)
                if not ours and self._holder.adopt(row):
                    jobs.append(self._registry.job(row))
                    self._go_on(jobs[-1], row)
        return jobs

    def _patrol(self) -> None:
        try:
            taken = self._take_over()
        except (RuntimeError, sqlite3.ProgrammingError):
            # The loop or the ledger has just been closed: this process gives its own jobs free.
            return
        if taken:
            log.info("taken on from a kernel that is gone: %s", ", ".join(job.id for job in taken))

    def awaited(self) -> list[Awaited]:
        """The jobs that are not done and not driven by this kernel, oldest first, and what each waits for."""
        found = []
        for row in self._ledger.unfinished():
            owner = row.owner or ""
            if owner in _HERE:
                continue
            lives = self._holder.lives(owner)
            if lives is not False:
                whom: Whom = "notebook" if lives else "silence"
                found.append(Awaited(row.id, whom, owner.partition(":")[0]))
            elif row.provider not in catalog.PROVIDERS:
                found.append(Awaited(row.id, "provider", row.provider))
            elif not self._settings.opens(row.provider):
                here = self._settings.at(row.provider, ask=False).has_address
                found.append(Awaited(row.id, "key" if here else "address", row.provider))
        return found

    def follow(self, job: Job) -> None:
        """Show what another living process does with a job, and take it on when that one is gone."""
        self._loop.run(self._watch(job))
        self._registry.hold(job)

    def again(
        self, job: Job, action: Callable[[Job], None], *, before: Callable[[], None] = lambda: None
    ) -> None:
        """Take a job that is over, whoever had it, and have the engine's `retry` or `resubmit` start it.

        `before()` is called once it is ours; where that raises, the job stays as it is.

        Raises:
            AuthenticationError: its provider needs a key and there is none.
            InvalidRequest: somebody else has just started it.
        """
        self._ledger.check_writable()
        row = self._ledger.job(job.id)
        if row is not None:
            self._settings.at(row.provider).key_or_raise()
        # A row of ours that says something else is one whose end could not be written.
        known = row is not None and (row.state == job.status or row.owner == self._holder.id)
        if row is None or not known or not self._holder.seize(row):
            raise InvalidRequest(
                f"Job {job.id} has just been started elsewhere.", hint="%veo lists the jobs."
            )

        before()

        def begin() -> None:
            action(job)
            self._registry.hold(job)

        self._loop.do(begin)

    def cancel(self, job: Job) -> None:
        """Stop a job.

        Raises:
            InvalidRequest: another living process drives it.
        """
        if job.now.state.final:
            return
        if self._engine.drives(job):
            self._loop.call(self._engine.cancel, job)
            return
        self._ledger.check_writable()
        row = self._ledger.job(job.id)
        if row is None or State(row.state).final:
            job.restate(self._moment(job, row))
        elif self._holder.adopt(row):
            moment = self._taken_on(row)

            def stop() -> None:
                if not self._engine.drives(job):
                    # Its kernel may have come further than was heard of: as far as sending it, say.
                    job.restate(moment)
                self._engine.cancel(job)

            self._loop.call(stop)
        elif (other := _HERE.get(row.owner or "")) is not None:
            other.cancel(other._registry.job(row))  # noqa: SLF001  one of us
        else:
            raise InvalidRequest(f"Job {job.id} is being made by another notebook.", hint="Stop it there.")

    def may_drive(self, row: JobRow | None) -> bool:
        """Whether there is a key for a job's provider, and the library can be written.

        Its key is looked for now, so that nothing needs to be asked for it on the loop.
        """
        return row is not None and not self._ledger.read_only and self._settings.reaches(row.provider)

    def _go_on(self, job: Job, row: JobRow) -> None:
        """Drive a job that has just become ours, from where the ledger says it is."""
        moment = self._taken_on(row)

        def begin() -> None:
            if self._engine.drives(job):
                return
            job.restate(moment)
            if job.now.state is not State.SUBMITTING:
                self._engine.drive(job)
                return
            lost = refusals.unknown("The kernel ended while it was being sent.")
            self._engine.end(job, State.UNCERTAIN, lost)

        self._loop.call(begin)
        self._registry.hold(job)

    def _taken_on(self, row: JobRow) -> Snapshot:
        """The job of a row that has just become ours, where its former kernel left it."""
        if row.state == State.SUBMITTING.value and (name := self._ledger.noted_operation(row)):
            # It was accepted, and the disk too full to say so anywhere but in the journal.
            self._ledger.update_job(row.id, state=State.RUNNING.value, operation=name)
            row = replace(row, state=State.RUNNING.value, operation=name)
        return self._registry.snapshot(row)

    async def _watch(self, job: Job) -> None:
        job.change(note=JobNote(kind="elsewhere"))
        while not job.now.state.final:
            await self._sleep(FOLLOW_SECONDS)
            try:
                row = self._ledger.job(job.id)
                if row is None or State(row.state) is not job.now.state:
                    job.restate(self._moment(job, row))
                elif self.may_drive(row) and self._holder.adopt(row):
                    self._go_on(job, row)
                    return
            except VeoError:
                # The ledger is busy: the next look may do.
                continue

    def _moment(self, job: Job, row: JobRow | None) -> Snapshot:
        """The job as the ledger has it now."""
        if row is not None:
            return self._registry.snapshot(row)
        gone = NotFound("The job is gone from the library.", hint="Run its cell again.")
        return replace(job.now, state=State.FAILED, error=gone, note=None)


OWNERS = ".owners"


class OwnerLocks:
    """A lock file an owner, in the library's folder; the operating system holds it for as long as the process lives.

    So neither a number that another process has by now nor one that its parent has not buried counts as alive. The name of
    the file says which machine's system holds it: from another one it may look free.
    """

    def __init__(self, library: Path, machine: str | None = None) -> None:
        self._folder = library / OWNERS
        self._machine = find_machine() if machine is None else machine
        self._held: BaseFileLock | None = None

    def hold(self, owner_id: str) -> bool:
        """Take an owner's lock until this process ends; False where locks don't work."""
        if not self._machine:
            return False
        path = self._path(owner_id)
        try:
            self._folder.mkdir(exist_ok=True)
            lock = _lock(path)
            lock.acquire()
        except (OSError, NotImplementedError) as error:
            log.info("no lock for this process: %s", error)
            self.remove(owner_id)
            return False
        # Some network drives say yes to everyone.
        if self.is_held(owner_id):
            self._held = lock
            return True
        lock.release()
        self.remove(owner_id)
        return False

    def is_held(self, owner_id: str) -> bool | None:
        """Whether an owner's process lives; None where its lock can't be asked from here."""
        path = self._path(owner_id)
        if not self._machine or not path.exists():
            return None
        try:
            lock = _lock(path)
            lock.acquire()
        except TimeoutError:
            return True
        except (OSError, NotImplementedError):
            return None
        lock.release()
        return False

    def let_go(self, owner_id: str) -> None:
        """Let go of the lock that this process holds, and take its file away."""
        self.release()
        self.remove(owner_id)

    def release(self) -> None:
        """Let go of the lock that this process holds, as the system does at its end: the file stays."""
        if self._held is not None:
            self._held.release()
            self._held = None

    def remove(self, owner_id: str) -> None:
        """Take the files of an owner away that is gone, whichever machine it was on."""
        for path in self._folder.glob(f"{_plain(owner_id)}.*.lock"):
            with contextlib.suppress(OSError):
                path.unlink()

    def _path(self, owner_id: str) -> Path:
        return self._folder / f"{_plain(owner_id)}.{self._machine}.lock"


def _lock(path: Path) -> BaseFileLock:
    # Imported where it is needed: 10 ms, of which `import veo_nb` knows nothing.
    import filelock

    # A soft lock would outlive its process.
    return filelock.FileLock(path, timeout=0, thread_local=False, fallback_to_soft=False)


def _plain(owner_id: str) -> str:
    return re.sub(r"[^0-9A-Za-z-]", "_", owner_id)


def find_machine(
    boot: Path = Path("/proc/sys/kernel/random/boot_id"),
    system: str = sys.platform,
    ask: Callable[[], str] | None = None,
) -> str:
    """What those processes share for which one and the same system keeps the locks; empty where that can't be told.

    Containers may have one host name and each their own process numbers; the system below has one number for each start.
    So has macOS, which `ask` gives, and where the host's name changes with the network. Windows' name stays.
    """
    try:
        found = boot.read_text("ascii").strip()
    except (OSError, ValueError):
        found = (ask or _ask_macos)() if system == "darwin" else ""
        if not found and system != "linux":
            found = socket.gethostname()
    return hashlib.sha256(found.encode()).hexdigest()[:12] if found else ""


def _ask_macos() -> str:  # pragma: no cover
    """The number of this start of macOS; empty where it does not say it."""
    import ctypes

    size, found = ctypes.c_size_t(64), ctypes.create_string_buffer(64)
    with contextlib.suppress(AttributeError, OSError):
        ask = ctypes.CDLL(None).sysctlbyname
        if not ask(b"kern.bootsessionuuid", found, ctypes.byref(size), None, ctypes.c_size_t(0)):
            return found.value.decode("ascii", "replace")
    return ""


class LeaseHolder:
    """This process as an owner: it holds its lock, and beats from a thread of its own, until `stop()`."""

    def __init__(
        self, ledger: Ledger, owner_id: str, clock: Callable[[], float], locks: OwnerLocks | None = None
    ) -> None:
        self._ledger = ledger
        self._id = owner_id
        self._clock = clock
        self._locks = locks
        self._host = socket.gethostname()
        self._ended = threading.Event()
        self._beats = 0
        self._gone: set[str] = set()
        self._last_beats: dict[str, tuple[float, int]] = {}
        """What each owner said last, and with which beat of ours we heard it for the first time."""
        self._look: Callable[[], object] = lambda: None
        if locks is not None and not ledger.read_only:
            locks.hold(owner_id)
        self._beat()
        self._forget()
        self._thread = threading.Thread(target=self._live, name="veo-nb-owner", daemon=True)
        self._thread.start()

    @property
    def id(self) -> str:
        """The name under which this process owns jobs."""
        return self._id

    def adopt(self, row: JobRow) -> bool:
        """Make a job ours; False while its owner lives, or where another was quicker."""
        if row.owner == self._id:
            return True
        if self._ledger.read_only or (row.owner and self.lives(row.owner) is not False):
            return False
        return self._ledger.claim(row, self._id)

    def seize(self, row: JobRow) -> bool:
        """Make a job ours that is over, whoever had it; False where it has changed in the meantime."""
        return self._ledger.claim(row, self._id)

    def lives(self, owner_id: str) -> bool | None:
        """Whether an owner still drives its jobs; None where only time can tell."""
        owner = None if owner_id in self._gone else self._ledger.owner(owner_id)
        if owner is None:
            return False
        held = None if self._locks is None else self._locks.is_held(owner_id)
        if held is None and self._hear(owner) >= SILENT_BEATS:
            return False
        if held is False:
            # It never comes back, and who looks holds the lock for a moment: others would take it to be alive.
            self._gone.add(owner_id)
        return held

    def after_each_beat(self, look: Callable[[], object]) -> None:
        """Have `look` called from the beating thread, every few seconds, for as long as this process lives."""
        self._look = look

    def stop(self) -> None:
        """Stop beating and let go of all jobs."""
        self._ended.set()
        self._thread.join(PARTING_SECONDS)
        try:
            if not self._ledger.read_only:
                self._ledger.leave(self._id)
        except VeoError as error:
            # The others will notice that this process is gone.
            log.info("not signed off: %s", error)
        if self._locks is not None:
            self._locks.let_go(self._id)

    def _beat(self) -> None:
        if not self._ledger.read_only:
            self._ledger.beat(Owner(self._id, self._host, os.getpid(), self._clock()))
        self._beats += 1
        for owner in self._ledger.owners():
            self._hear(owner)

    def _hear(self, owner: Owner) -> int:
        """Take in what an owner said last; for how many of our beats it has said nothing else."""
        said, since = self._last_beats.get(owner.id, (None, self._beats))
        if said is None and self._beats == 1 and self._clock() - owner.beat_at > LONG_SILENT_SECONDS:
            since = self._beats - SILENT_BEATS
        elif said != owner.beat_at:
            since = self._beats
        self._last_beats[owner.id] = (owner.beat_at, since)
        return self._beats - since

    def _forget(self) -> None:
        """Strike those from the ledger that are known to be gone, with their files."""
        if self._ledger.read_only:
            return
        for owner in self._ledger.owners():
            held = None if self._locks is None else self._locks.is_held(owner.id)
            if held is False or (held is None and self._clock() - owner.beat_at > FORGOTTEN_SECONDS):
                self._ledger.leave(owner.id)
                if self._locks is not None:
                    self._locks.remove(owner.id)

    def _live(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            try:
                self._beat()
                if not self._ended.is_set():
                    self._look()
            except VeoError as error:
                # A ledger that is busy now takes the next beat; a dozen may be missed.
                log.info("no beat: %s", error)
