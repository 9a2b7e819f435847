"""Who sees to a job: this process drives it, follows what another one does with it, or takes it over.

Each process is an owner that says every few seconds that it lives; the jobs of one that is gone are free.
"""

from __future__ import annotations

import logging
import os
import socket
import sqlite3
import threading
import weakref
from collections.abc import Awaitable, Callable
from dataclasses import replace

from veo_nb.api import errors as refusals
from veo_nb.config import Settings
from veo_nb.engine.engine import Engine
from veo_nb.engine.job import Job, JobNote, Registry, Snapshot
from veo_nb.engine.loop import BackgroundLoop
from veo_nb.errors import Cancelled, InvalidRequest, NotFound, VeoError
from veo_nb.store.ledger import Ledger
from veo_nb.store.rows import JobRow, Owner, State

log = logging.getLogger("veo_nb")

BEAT_SECONDS = 5.0
PARTING_SECONDS = 5.0
"""How long the end waits for a beat that is under way."""
SILENT_SECONDS = 60.0
"""An owner that has said nothing for this long is taken to be gone."""
FOLLOW_SECONDS = 1.0

_HERE: weakref.WeakValueDictionary[str, Leases] = weakref.WeakValueDictionary()
"""Those of this process, by owner: `configure` leaves the jobs of the former studio running."""


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

    def start(self, job: Job) -> None:
        """Have a new job of ours driven."""
        self._registry.hold(job)
        self._loop.call(self._engine.drive, job)

    def withdraw(self, job: Job) -> bool:
        """Take a job of ours out that was not started; False where it is on its way all the same."""
        if not self._ledger.withdraw(job.id):
            return False
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
        """Take on what an earlier kernel left unfinished with this provider; the jobs that were taken on.

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
            InvalidRequest: it belongs to another provider than is set now, or somebody else has just started it.
        """
        row = self._ledger.job(job.id)
        if not self.may_drive(row):
            raise InvalidRequest(
                f"Job {job.id} was made with {job.provider.title}.",
                hint=f'Use veo.configure(provider="{job.provider.name}") with its key first.',
            )
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
        """Whether a job is of the provider that is set, and there is a key for it."""
        return row is not None and row.provider == self._settings.provider.name and self._settings.has_access

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


class LeaseHolder:
    """This process as an owner: it beats from a thread of its own until `stop()`."""

    def __init__(self, ledger: Ledger, owner_id: str, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._id = owner_id
        self._clock = clock
        self._host = socket.gethostname()
        self._ended = threading.Event()
        self._beat_at = 0.0
        self._slept: tuple[float, float] | None = None
        self._look: Callable[[], object] = lambda: None
        self._beat()
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
        owner = self._ledger.owner(row.owner) if row.owner else None
        if owner is not None and any(is_alive(owner, self._host, now) for now in self._measured_at()):
            return False
        return self._ledger.claim(row, self._id)

    def seize(self, row: JobRow) -> bool:
        """Make a job ours that is over, whoever had it; False where it has changed in the meantime."""
        return self._ledger.claim(row, self._id)

    def after_each_beat(self, look: Callable[[], object]) -> None:
        """Have `look` called from the beating thread, every few seconds, for as long as this process lives."""
        self._look = look

    def stop(self) -> None:
        """Stop beating and let go of all jobs."""
        self._ended.set()
        self._thread.join(PARTING_SECONDS)
        try:
            self._ledger.leave(self._id)
        except VeoError as error:
            # The others will notice that this process is gone.
            log.info("not signed off: %s", error)

    def _beat(self) -> None:
        now = self._clock()
        self._ledger.beat(Owner(self._id, self._host, os.getpid(), now))
        if self._beat_at and not 0 <= now - self._beat_at <= SILENT_SECONDS:
            self._slept = (self._beat_at, now)
        self._beat_at = now

    def _measured_at(self) -> list[float]:
        """The moments at one of which the others must have been alive: our own last beat.

        After this machine has slept, or its clock was set, also the last one before: the others need the time to say
        that they live, and whoever wakes first must not take their jobs.
        """
        if self._slept is not None:
            before, awake = self._slept
            if self._beat_at - awake <= SILENT_SECONDS:
                return [before, self._beat_at]
        return [self._beat_at]

    def _live(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            try:
                self._beat()
                if not self._ended.is_set():
                    self._look()
            except VeoError as error:
                # A ledger that is busy now takes the next beat; a dozen may be missed.
                log.info("no beat: %s", error)


def is_alive(owner: Owner, host: str, now: float) -> bool:
    """Whether an owner still drives its jobs, seen from `host` at `now` (epoch seconds)."""
    if now - owner.beat_at > SILENT_SECONDS:
        return False
    # Elsewhere os.kill(pid, 0) is no question but a kill.
    if owner.host != host or os.name != "posix":
        return True
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
