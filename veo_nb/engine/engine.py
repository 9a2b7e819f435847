"""The engine: takes each job from the queue to a file. Everything here runs on the background loop.

    queued -> slot and rate -> submitting -> POST -> running -> polls -> downloading -> GETs -> succeeded

The ledger is written before each step that can't be taken back, so that another process can go on from any of
them. Only one step can't be known afterwards, a POST without an answer: that job becomes `uncertain`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable, Collection
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from veo_nb import errors
from veo_nb.api import errors as refusals
from veo_nb.api import retry, wire
from veo_nb.config import Settings
from veo_nb.engine.download import fetch_videos, keep_unstored, kept_clip
from veo_nb.engine.job import Job, JobNote
from veo_nb.engine.providers.connection import LocalServer
from veo_nb.engine.providers.latency import look_pause, with_progress
from veo_nb.engine.providers.past import Latencies
from veo_nb.engine.providers.routes import Routes
from veo_nb.engine.timing import Deadline
from veo_nb.engine.video import Video, video_from_row
from veo_nb.request import VideoRequest
from veo_nb.store.billing import may_be_charged
from veo_nb.store.files import Files
from veo_nb.store.ledger import Ledger, Writer
from veo_nb.store.rows import State, error_to_json

if TYPE_CHECKING:
    import httpx2

    from veo_nb.api.client import AsyncClient

log = logging.getLogger("veo_nb")

SUBMIT_TRIES = 20
PLAUSIBLE_SECONDS = 3600.0
"""An operation that runs longer than this is given up; the service's own figure is 6 minutes at most."""
PARTING_SECONDS = 3.0
"""How long the end of the kernel waits for the answer to a submit that is under way."""

_PERSISTED = (
    "state",
    "operation",
    "error",
    "submitted_at",
    "generated_at",
    "finished_at",
    "filtered",
    "usage",
)

_ENDINGS: dict[type[errors.VeoError], State] = {
    errors.SubmissionUncertain: State.UNCERTAIN,
    errors.ContentBlocked: State.BLOCKED,
}


class _Displaced(errors.VeoError):
    """Another process has taken the job on, since it heard nothing from this one."""


class Engine:
    """Runs jobs, each within the limits of its provider. `clock` is in epoch seconds, `chance` gives 0 to 1.

    `owner` is the name under which the ledger lists this process: a job that has another by now is let go of, and
    `displaced(job)` called. `server` is the sandbox, where it is ours to start.
    """

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        library: Files,
        server: LocalServer | None,
        *,
        owner: str,
        displaced: Callable[[Job], None],
        transport: httpx2.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        latencies: Latencies | None = None,
    ) -> None:
        self._latencies = latencies or Latencies(ledger, clock)
        self._ledger = ledger
        self._writer = Writer(ledger)
        self._library = library
        self._owner = owner
        self._displaced = displaced
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._routes = Routes(
            settings, ledger, server, transport=transport, clock=clock, sleep=sleep, chance=chance
        )
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._forms: dict[str, bool] = {}
        """Of each job whose polls were answered or denied, whether it is asked for in the provider's other form."""
        self._posts: dict[str, asyncio.Task[wire.Operation]] = {}
        self._stopping = False

    def drives(self, job: Job) -> bool:
        """Whether a job is on its way here."""
        task = self._tasks.get(job.id)
        # A task that has ended stays listed until its callbacks have run.
        return task is not None and not task.done()

    def drive(self, job: Job) -> None:
        """Take a job on from whatever state it is in."""
        if self._stopping or job.now.state.final:
            return
        if self.drives(job):
            if self._tasks[job.id] is asyncio.current_task():
                # A listener that hears of the job's end and wants it to go on at once.
                self._tasks[job.id].add_done_callback(lambda _: self.drive(job))
            return
        task = asyncio.get_running_loop().create_task(self._run(job), name=f"veo-nb-{job.id}")
        self._tasks[job.id] = task
        task.add_done_callback(lambda task: self._forget(job, task))

    def retry(self, job: Job) -> None:
        """Ask once more for the operation of a job that ended, and fetch its video."""
        if job.now.state.final:
            was_done = job.now.state is State.SUCCEEDED
            self._record_now(
                job,
                state=State.RUNNING,
                error=None,
                # When it was done stays written: whatever is found now, it was (`_was_done`).
                finished_at=job.now.finished_at if was_done else None,
                videos=self._here(job) if was_done else (),
                lost=(),
                note=None,
            )
            self.drive(job)

    def resubmit(self, job: Job) -> None:
        """Send a job anew that ended uncertain; a person decided that."""
        if job.now.state is State.UNCERTAIN:
            self._record_now(
                job, state=State.QUEUED, error=None, finished_at=None, submitted_at=None, note=None
            )
            job.change(unanswered=job.now.unanswered + 1)
            self.drive(job)

    def hold(self, job_ids: AbstractSet[str], *, back: bool) -> None:
        """Keep jobs from being sent, or let them be sent again; those at the provider go on."""
        self._routes.hold(job_ids, back=back)

    def move(self, job_id: str, before: str | None) -> bool:
        """Send a job that waits before another one, or last; False where it doesn't wait any more."""
        return self._routes.move(job_id, before)

    def waiting(self) -> list[str]:
        """The jobs that wait to be sent, the next one first."""
        return self._routes.waiting()

    def cancel(self, job: Job) -> None:
        """Stop a job. One whose POST is under way ends when the answer, and with it the name, is written down."""
        if job.now.state.final:
            return
        if not self.drives(job):
            self.end(job, State.CANCELLED, _cancelled(job))
        elif not job.stopping:
            job.change(note=JobNote(kind="stopping"))
            self._tasks[job.id].cancel()

    def end(self, job: Job, state: State, error: errors.VeoError) -> None:
        """End a job in the ledger and here; here also where the ledger can't be written, or it would never end."""
        # It is raised again in a cell: with our frames a verbose traceback would show what a server said, word for word.
        error.__traceback__ = error.__context__ = error.__cause__ = None
        end: dict[str, Any] = {"state": state, "error": error, "finished_at": self._clock()}
        if (unknown := self._unknown(job, state, error)) is not None:
            end |= {"state": State.UNCERTAIN, "error": unknown}
        elif _was_done(job):
            # What was made stays made: of its files some are here, and it says why the others are not.
            videos = self._here(job)
            here = {video.sample for video in videos}
            lost = tuple(
                (row.sample, error) for row in self._ledger.kept_videos(job.id) if row.sample not in here
            )
            end = {
                "state": State.SUCCEEDED,
                "error": None,
                "finished_at": job.now.finished_at,
                "videos": videos,
                "lost": lost,
            }
        try:
            # All of it, in case an earlier write failed.
            self._record_now(job, **{name: getattr(job.now, name) for name in _PERSISTED} | end, note=None)
        except _Displaced:
            self._displaced(job)
        except errors.VeoError as unwritten:
            log.warning("The end of job %s is not in the ledger: %s", job.id, unwritten)
            job.change(**end, note=None)

    async def fetch_again(self, job: Job, samples: Collection[int]) -> None:
        """Fetch these videos of a job that is done once more; where that fails, it stays as it is.

        Raises:
            VeoError: the provider can't be reached or no longer has them.
            OSError: the folder can't be written.
        """
        assert job.operation is not None, "a job that is done has an operation"
        operation = await self._ask(job)
        if operation.error is not None:
            raise operation.error
        found = await fetch_videos(
            job,
            operation.samples,
            self._writer,
            self._library,
            self._routes.of(job).connection,
            again=samples,
        )
        if found.lost:
            raise found.lost[0][1]
        job.change(videos=found.videos, lost=(), note=None)

    async def stop(self) -> None:
        """Let go of every job as it is; another process can take them on."""
        self._stopping = True
        tasks = dict(self._tasks)
        for job_id, task in tasks.items():
            if job_id not in self._posts:
                task.cancel()
        if self._posts:
            await asyncio.wait(self._posts.values(), timeout=PARTING_SECONDS)
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        await self._routes.close()

    def _forget(self, job: Job, task: asyncio.Task[None]) -> None:
        if self._tasks.get(job.id) is task:
            del self._tasks[job.id]
            self._forms.pop(job.id, None)
        if task.cancelled() and not self._stopping:
            # Cancelled before its first step, so that not even the way out was begun.
            self.end(job, State.CANCELLED, _cancelled(job))

    # One job

    async def _run(self, job: Job) -> None:
        try:
            await self._make(job)
        except _Displaced:
            self._displaced(job)
        except asyncio.CancelledError:
            if job.now.state.final and not self._stopping:
                # It came too late: the end was being written.
                return
            # A POST whose answer can't be waited for stays as it is in the ledger: the next kernel calls it uncertain.
            if self._stopping and (not job.stopping or job.now.state is State.SUBMITTING):
                raise
            self.end(job, State.CANCELLED, _cancelled(job))
        except errors.VeoError as error:
            self.end(job, _ENDINGS.get(type(error), State.FAILED), error)
        except OSError as error:
            text = f"The library can't be written: {error.strerror or error}."
            hint = "Make room, or look at the folder's rights."
            self.end(job, State.FAILED, errors.VeoError(text, hint=hint))
        except Exception as error:  # noqa: BLE001  a job that nobody ends is waited for for ever
            self._break(job, error)

    def _break(self, job: Job, error: Exception) -> None:
        """End a job after something that nobody foresaw."""
        if isinstance(error, RuntimeError) and "shutdown" in str(error):
            # At the end of the process no thread can be had any more, a moment before we hear of it. A POST needs
            # one before it goes out, to write its body or look up the host: so nothing was sent.
            if job.now.state is State.SUBMITTING:
                with contextlib.suppress(errors.VeoError):
                    self._record_now(job, state=State.QUEUED, submitted_at=None)
        elif not self._stopping:
            log.error("job %s broke", job.id, exc_info=error)
            text = f"{type(error).__name__}: {error}"
            self.end(job, State.FAILED, errors.VeoError(text, hint="Please report this."))

    async def _make(self, job: Job) -> None:
        route = self._routes.of(job)
        try:
            sent = job.now.state is State.QUEUED
            if not sent:
                route.limits.occupy(job)
            known = await self._submit(job) if sent else kept_clip(self._library, job)
            if known is not None and known.done:
                operation = await self._ended(job, known, watched=sent)
            else:
                operation = await self._watch(job)
        finally:
            route.limits.leave(job)
        found = await fetch_videos(
            job, operation.samples, self._writer, self._library, route.connection, fresh=sent
        )
        if found.lost and not _was_done(job):
            # What is deleted does not come any more, and what is here must not be lost with it.
            kept = [error for _, error in found.lost if not isinstance(error, errors.VideoExpired)]
            if kept or not found.videos:
                raise [*kept, found.lost[0][1]][0]
        await self._record(
            job,
            state=State.SUCCEEDED,
            finished_at=job.now.finished_at or self._clock(),
            videos=found.videos,
            lost=found.lost,
            filtered=operation.filtered,
            note=None,
        )

    async def _submit(self, job: Job) -> wire.Operation:
        """Send a job's request, and get what it was answered with."""
        route = self._routes.of(job)
        since: float | None = None
        request, uploaded_again = job.request, False

        async def prepare() -> None:
            nonlocal request
            request = await route.uploads.bring(job)

        for attempt in range(SUBMIT_TRIES):
            await route.limits.admit(job, prepare)
            try:
                client = await route.connection.reach(job)
                await self._announce(job, held=route.settings.holds(request.model))
                operation = await self._post(job, client, request)
            except errors.VeoError as error:
                if attempt == SUBMIT_TRIES - 1:
                    raise
                if not uploaded_again and route.uploads.forget(request, error):
                    # It was refused, for a file that is not there after all.
                    uploaded_again = True
                    await self._record(job, state=State.QUEUED, submitted_at=None)
                    continue
                if not retry.is_passing(error):
                    raise
                if isinstance(error, errors.RateLimited):
                    route.limits.refused(error.retry_after)
                # It was not accepted, so it is queued again; on disk too, or a crash now would look uncertain.
                if job.now.state is State.SUBMITTING:
                    await self._record(job, state=State.QUEUED, submitted_at=None)
                since = since or self._clock()
                await route.connection.pause(job, error, attempt, since)
            else:
                await self._accepted(job, operation)
                route.limits.taken()
                return operation
        raise AssertionError("the last try ends in its answer or its error")

    async def _announce(self, job: Job, *, held: bool) -> None:
        """Write down that a job is being sent, before it is; with `held` it is answered when its clip is made."""
        note = JobNote(kind="held_open") if held else None
        try:
            await self._record(job, state=State.SUBMITTING, submitted_at=self._clock(), note=note)
        except asyncio.CancelledError:
            # It was not sent after all. Where that can't be written, it counts as uncertain, which is the safer mistake.
            if job.now.state is State.SUBMITTING:
                with contextlib.suppress(errors.VeoError):
                    self._record_now(job, state=State.QUEUED, submitted_at=None)
            raise

    async def _post(self, job: Job, client: AsyncClient, request: VideoRequest) -> wire.Operation:
        post = asyncio.get_running_loop().create_task(client.submit(request))
        self._posts[job.id] = post
        post.add_done_callback(lambda _: self._posts.pop(job.id, None))
        try:
            return await asyncio.shield(post)
        except asyncio.CancelledError:
            # Sent is sent: its name is worth knowing even when nobody waits for it any more.
            if not post.done() and not self._stopping:
                await asyncio.wait([post])
            if post.done() and not post.cancelled():
                failure = post.exception()
                if failure is None:
                    self._accepted_now(job, post.result())
                elif isinstance(failure, errors.SubmissionUncertain):
                    raise failure from None
                else:
                    job.change(state=State.QUEUED, submitted_at=None)
            raise

    async def _accepted(self, job: Job, operation: wire.Operation) -> None:
        """Write down the name of what was just paid for, whoever the ledger thinks has the job."""
        try:
            await self._writer.do(lambda: self._named(job, operation))
        except asyncio.CancelledError:
            self._accepted_now(job, operation)
            raise
        finally:
            self._show_accepted(job, operation)

    def _accepted_now(self, job: Job, operation: wire.Operation) -> None:
        """The same for those who were cancelled, and can't wait for the others' writes."""
        try:
            self._named(job, operation)
        finally:
            self._show_accepted(job, operation)

    def _named(self, job: Job, operation: wire.Operation) -> None:
        running = State.RUNNING.value
        self._ledger.update_job(
            job.id, state=running, operation=operation.name, error=None, owner=self._owner
        )

    def _show_accepted(self, job: Job, operation: wire.Operation) -> None:
        # Where the disk is full, memory keeps it: the job's end tries to write it again, and says it.
        note = job.now.note if job.stopping else None
        # What others have taught while it waited is known now.
        request = job.request
        latency = self._latencies.of(
            job.provider, request.model, request.resolution, request.duration_seconds
        )
        job.change(state=State.RUNNING, operation=operation.name, note=note, latency=latency)
        if operation.done:
            # Nobody else has it: what comes next may be the end of this process.
            keep_unstored(self._library, job, operation)

    async def _watch(self, job: Job) -> wire.Operation:
        """Poll until the operation is done; its own error is raised."""
        assert job.operation is not None, "a job that runs has an operation"
        route = self._routes.of(job)
        began = job.now.submitted_at or job.now.created_at
        seen_running = self._clock() - began < 5.0
        failures, since = 0, 0.0
        denials, denied_since = 0, 0.0
        deadline = Deadline(began, self._clock())
        usual = job.now.latency
        while True:
            elapsed = self._clock() - began
            if seen_running and not failures and not denials:
                pause = look_pause(job.now.latency, elapsed, route.limits.running, self._chance())
                await self._sleep(pause)
            try:
                operation = await self._ask(job)
            except errors.VeoError as error:
                if not retry.is_passing(error):
                    denials, denied_since = denials + 1, denied_since or self._clock()
                    await route.connection.doubt(job, error, denials, denied_since)
                    continue
                since = since or self._clock()
                await route.connection.pause(job, error, failures, since)
                failures += 1
                # Nobody has said that it takes so long; but some day its video is deleted.
                self._check_plausible(job, deadline, route.retention)
                continue
            failures, since = 0, 0.0
            denials, denied_since = 0, 0.0
            if job.now.note is not None and not job.stopping:
                job.change(note=None)
            if operation.done:
                return await self._ended(job, operation, watched=seen_running)
            seen_running = True
            if operation.progress != job.now.progress:
                latency = with_progress(usual, self._clock() - began, operation.progress or 0.0)
                job.change(progress=operation.progress, latency=latency)
            self._check_plausible(job, deadline, PLAUSIBLE_SECONDS)

    async def _ended(self, job: Job, operation: wire.Operation, *, watched: bool) -> wire.Operation:
        """The operation that is done, once that is written down; its own error is raised."""
        if operation.usage is not None:
            # Of one that ends in an error as well: its end is written with all that is known.
            job.change(usage=dict(operation.usage))
        if operation.error is not None:
            raise operation.error
        # Of a clip that was ready before anyone looked, nobody knows how long it took.
        ready: dict[str, float] = {}
        if watched and job.now.generated_at is None:
            ready = {"generated_at": self._clock()}
            if job.now.submitted_at is not None:
                self._latencies.note(job.provider.name, job.request, self._clock() - job.now.submitted_at)
        await self._record(
            job, state=State.DOWNLOADING, received=0, total=None, note=None, usage=job.now.usage, **ready
        )
        return operation

    async def _ask(self, job: Job) -> wire.Operation:
        """How the operation of a job stands.

        Where the documented form of the question is not known from the first, the other one is tried, once.
        """
        assert job.operation is not None, "a job that runs has an operation"
        client = await self._routes.of(job).connection.reach(job)
        other = self._forms.get(job.id)
        try:
            operation = await client.poll(job.request.model, job.operation, other=bool(other))
        except errors.VeoError as denial:
            if other is not None or denial.facts.get("status") not in (404, 405):
                raise
            self._forms[job.id] = False
            try:
                operation = await client.poll(job.request.model, job.operation, other=True)
            except errors.VeoError:
                raise denial from None
            other = True
        self._forms[job.id] = bool(other)
        return operation

    def _unknown(self, job: Job, state: State, error: errors.VeoError) -> errors.SubmissionUncertain | None:
        """What a job ends with of which nobody knows whether the provider has taken it; None for any other.

        That is one that ends between its POST and the answer. And it is one that was sent once more since the first
        answer was lost, and was not taken then: the bill is what it was before, and of the first nobody knows more.
        """
        if job.operation is not None or state is State.UNCERTAIN:
            return None
        said = f"{error.message.rstrip('.')}."
        if may_be_charged(
            state, accepted=False, sent=job.now.submitted_at is not None, error=error_to_json(error)
        ):
            return refusals.unknown(f"{said} It was being sent then.")
        if not job.now.unanswered:
            return None
        try:
            job.estimate = self._ledger.take_back(job.id)
        except errors.VeoError as unwritten:
            log.warning("The bill of job %s is too high: %s", job.id, unwritten)
        stopped = state is State.CANCELLED
        again = "Stopped before it was sent again." if stopped else f"Sent again and not taken: {said}"
        return refusals.unknown(f"{again} The answer before that was lost.")

    def _here(self, job: Job) -> tuple[Video, ...]:
        """The videos of a job whose files are here."""
        folder = self._library.folder
        rows = self._ledger.kept_videos(job.id)
        return tuple(video_from_row(row, folder) for row in rows if (folder / row.path).exists())

    def _check_plausible(self, job: Job, deadline: Deadline, longest: float) -> None:
        deadline.look(self._clock())
        seconds = deadline.past(longest)
        if seconds is not None:
            raise errors.OperationAbandoned(
                f"The provider has not finished it in {seconds / 3600:.1f} hours.",
                hint=f"Operation {job.operation} is kept: %veo retry {job.id}",
                operation=job.operation,
            )

    def _record_now(self, job: Job, **changes: Any) -> None:
        """Write a change to the ledger first, then show it; for those who can't wait for the others' writes."""
        if not self._written(job, changes):
            raise _displaced(job)
        job.change(**changes)

    async def _record(self, job: Job, **changes: Any) -> None:
        """As `_record_now`, together with what other jobs have to write; it is on disk when this returns."""

        def show(written: bool) -> None:
            if written:
                job.change(**changes)

        if not await self._writer.do(lambda: self._written(job, changes), show):
            raise _displaced(job)

    def _written(self, job: Job, changes: dict[str, Any]) -> bool:
        columns = {name: _plain(value) for name, value in changes.items() if name in _PERSISTED}
        return not columns or self._ledger.update_job(job.id, only_of=self._owner, **columns)


def _displaced(job: Job) -> _Displaced:
    return _Displaced(f"Another kernel has taken job {job.id} on.", hint="Look at it there.")


def _plain(value: Any) -> Any:
    if isinstance(value, State):
        return value.value
    return error_to_json(value) if isinstance(value, errors.VeoError) else value


def _was_done(job: Job) -> bool:
    """Whether a job that goes on was done before, and only looks for a file that is gone since."""
    return job.now.finished_at is not None and not job.now.state.final


def _cancelled(job: Job) -> errors.Cancelled:
    message = (
        "Stopped before the provider took it; nothing is charged."
        if job.now.state is State.QUEUED
        else "Stopped. The provider may still finish it and charge."
    )
    hint = "Run the cell again to fetch it, --fresh to ask anew." if job.operation else ""
    return errors.Cancelled(message, hint=hint, job=job.id)
