"""The engine: takes each job from the queue to a file. Everything here runs on the background loop.

    queued -> slot and rate -> submitting -> POST -> running -> polls -> downloading -> GETs -> succeeded

The ledger is written before each step that can't be taken back, so that another process can go on from any of
them. Only one step can't be known afterwards, a POST without an answer: that job becomes `uncertain`.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from veo_nb import errors
from veo_nb.api import retry, wire
from veo_nb.api.client import AsyncClient, is_passing
from veo_nb.config import Settings
from veo_nb.jobs.arrival import keep_video
from veo_nb.jobs.job import Job, Note, State, error_to_json
from veo_nb.jobs.ledger import Ledger
from veo_nb.jobs.library import Library
from veo_nb.jobs.local_server import LocalServer
from veo_nb.jobs.video import Video, video_from_row

log = logging.getLogger("veo_nb")

SUBMIT_TRIES = 20
DOWNLOAD_TRIES = 10
PLAUSIBLE_SECONDS = 3600.0
"""An operation that runs longer than this is given up; the service's own figure is 6 minutes at most."""
PROGRESS_SECONDS = 0.25
PARTING_SECONDS = 3.0
"""How long the end of the kernel waits for the answer to a submit that is under way."""

_PERSISTED = ("state", "operation", "error", "submitted_at", "generated_at", "finished_at")


@dataclass(eq=False)
class _Waiter:
    job: Job
    turn: asyncio.Event = field(default_factory=asyncio.Event)


class Engine:
    """Runs jobs within the provider's limits. `clock` is in epoch seconds, `chance` gives 0 to 1."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        library: Library,
        server: LocalServer | None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._library = library
        self._server = server
        self._transport = transport
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._client: AsyncClient | None = None
        self._client_lock = asyncio.Lock()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._posts: set[asyncio.Task[wire.Operation]] = set()
        self._line: list[_Waiter] = []
        self._busy: set[str] = set()
        self._sent: deque[float] = deque(maxlen=1000)
        self._stopping = False

    def drive(self, job: Job) -> None:
        """Take a job on from whatever state it is in."""
        if job.id in self._tasks or self._stopping:
            return
        task = asyncio.get_running_loop().create_task(self._run(job), name=f"veo-nb-{job.id}")
        self._tasks[job.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(job.id, None))

    def look_again(self, job: Job) -> None:
        """Ask once more for the operation of a job that ended, and fetch its video."""
        if job.now.state.final:
            self._record(job, state=State.RUNNING, error=None, finished_at=None, videos=(), note=None)
            self.drive(job)

    def send_again(self, job: Job) -> None:
        """Send a job anew that ended uncertain; a person decided that."""
        if job.now.state is State.UNCERTAIN:
            self._record(job, state=State.QUEUED, error=None, finished_at=None, submitted_at=None, note=None)
            self.drive(job)

    def cancel(self, job: Job) -> None:
        """Stop a job. One whose POST is under way ends when the answer, and with it the name, is written down."""
        task = self._tasks.get(job.id)
        if job.now.state.final:
            return
        if task is None:
            self._end(job, State.CANCELLED, _cancelled(job))
        elif job.now.note is None or job.now.note.kind != "stopping":
            job.change(note=Note(kind="stopping"))
            task.cancel()

    def fail(self, job: Job, state: State, error: errors.VeoError) -> None:
        """End a job that can't be driven."""
        self._end(job, state, error)

    async def stop(self) -> None:
        """Let go of every job as it is; another process can take them on."""
        self._stopping = True
        if self._posts:
            await asyncio.wait(self._posts, timeout=PARTING_SECONDS)
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    # One job

    async def _run(self, job: Job) -> None:
        try:
            try:
                if job.now.state is State.QUEUED:
                    await self._submit(job)
                else:
                    self._busy.add(job.id)
                operation = await self._watch(job)
            finally:
                self._busy.discard(job.id)
                self._move_up()
            videos = await self._fetch(job, operation)
            self._record(
                job,
                state=State.SUCCEEDED,
                finished_at=self._clock(),
                videos=videos,
                filtered=operation.filtered,
                note=None,
            )
        except asyncio.CancelledError:
            if self._stopping:
                raise
            self._end(job, State.CANCELLED, _cancelled(job))
        except errors.SubmissionUncertain as error:
            self._end(job, State.UNCERTAIN, error)
        except errors.ContentBlocked as error:
            self._end(job, State.BLOCKED, error)
        except errors.VeoError as error:
            self._end(job, State.FAILED, error)
        except OSError as error:
            reason = error.strerror or str(error)
            self._end(
                job,
                State.FAILED,
                errors.VeoError(f"The library can't be written: {reason}.", hint="Make room."),
            )
        except Exception as error:
            log.exception("job %s broke", job.id)
            self._end(
                job,
                State.FAILED,
                errors.VeoError(f"{type(error).__name__}: {error}", hint="Please report this."),
            )

    async def _submit(self, job: Job) -> None:
        await self._take_slot(job)
        for attempt in range(SUBMIT_TRIES):
            await self._keep_rate(job)
            try:
                client = await self._reach(job)
                self._record(job, state=State.SUBMITTING, submitted_at=self._clock(), note=None)
                operation = await self._post(job, client)
            except errors.VeoError as error:
                if not is_passing(error) or attempt == SUBMIT_TRIES - 1:
                    raise
                # It was not accepted, so it is queued again; on disk too, or a crash now would look uncertain.
                if job.now.state is State.SUBMITTING:
                    self._record(job, state=State.QUEUED)
                await self._pause(job, error, attempt, job.now.created_at)
            else:
                self._record(job, state=State.RUNNING, operation=operation.name, note=None)
                return

    async def _post(self, job: Job, client: AsyncClient) -> wire.Operation:
        post = asyncio.get_running_loop().create_task(client.submit(job.request))
        self._posts.add(post)
        post.add_done_callback(self._posts.discard)
        try:
            return await asyncio.shield(post)
        except asyncio.CancelledError:
            # Sent is sent: its name is worth knowing even when nobody waits for it any more.
            if not post.done() and not self._stopping:
                await asyncio.wait([post])
            if post.done() and not post.cancelled() and post.exception() is None:
                self._ledger.update_job(job.id, operation=post.result().name, state=State.RUNNING.value)
                job.change(operation=post.result().name, state=State.RUNNING)
            raise

    async def _watch(self, job: Job) -> wire.Operation:
        """Poll until the operation is done; its own error is raised."""
        assert job.operation is not None, "a job that runs has an operation"
        began = job.now.submitted_at or job.now.created_at
        seen_running = self._clock() - began < 5.0
        failures, since = 0, 0.0
        while True:
            elapsed = self._clock() - began
            if seen_running and not failures:
                await self._sleep(retry.poll_pause(elapsed, job.now.typical, self._chance()))
            try:
                client = await self._reach(job)
                operation = await client.poll(job.request.model, job.operation)
            except errors.VeoError as error:
                if not is_passing(error):
                    raise
                since = since or self._clock()
                await self._pause(job, error, failures, since)
                failures += 1
                self._check_plausible(job, began)
                continue
            failures, since = 0, 0.0
            if job.now.note is not None and job.now.note.kind != "stopping":
                job.change(note=None)
            if operation.done:
                if operation.error is not None:
                    raise operation.error
                # Of a clip that was ready before anyone looked, nobody knows how long it took.
                ready = (
                    {"generated_at": self._clock()} if seen_running and job.now.generated_at is None else {}
                )
                self._record(job, state=State.DOWNLOADING, **ready)
                return operation
            seen_running = True
            self._check_plausible(job, began)

    def _check_plausible(self, job: Job, began: float) -> None:
        hours = (self._clock() - began) / 3600
        if hours * 3600 > PLAUSIBLE_SECONDS:
            raise errors.OperationFailed(
                f"The provider has not finished it in {hours:.1f} hours.",
                hint=f"Operation {job.operation} is kept: %veo retry {job.id}",
                operation=job.operation,
            )

    async def _fetch(self, job: Job, operation: wire.Operation) -> tuple[Video, ...]:
        have = {row.sample: row for row in self._ledger.videos(job.id)}
        videos = []
        for number, sample in enumerate(operation.samples):
            row = have.get(number)
            if row is None or not (self._library.folder / row.path).exists():
                part = self._library.part_path(job.id, number)
                await self._arrive(job, sample, part)
                row = await keep_video(self._library, job, number, sample.uri, part)
                self._ledger.add_video(row)
            videos.append(video_from_row(row, self._library.folder))
        return tuple(videos)

    async def _arrive(self, job: Job, sample: wire.Sample, part: Path) -> None:
        """Bring one sample's bytes to `part`, going on after each break."""
        if sample.data is not None:
            await asyncio.to_thread(part.write_bytes, sample.data)
            return
        shown_at = 0.0

        def show(received: int, total: int | None) -> None:
            nonlocal shown_at
            if self._clock() - shown_at >= PROGRESS_SECONDS:
                shown_at = self._clock()
                job.change(received=received, total=total, note=None)

        for attempt in range(DOWNLOAD_TRIES):
            try:
                client = await self._reach(job)
                size = await client.download(sample.uri, part, show)
            except errors.VeoError as error:
                if not is_passing(error) or attempt == DOWNLOAD_TRIES - 1:
                    raise
                await self._pause(job, error, attempt, self._clock())
            else:
                job.change(received=size, total=size, note=None)
                return

    # Limits and the way out

    async def _take_slot(self, job: Job) -> None:
        waiter = _Waiter(job)
        self._line.append(waiter)
        self._move_up()
        try:
            await waiter.turn.wait()
        except asyncio.CancelledError:
            if waiter in self._line:
                self._line.remove(waiter)
                self._move_up()
            raise

    def _move_up(self) -> None:
        while self._line and len(self._busy) < self._settings.max_in_flight:
            waiter = self._line.pop(0)
            self._busy.add(waiter.job.id)
            waiter.turn.set()
        for ahead, waiter in enumerate(self._line):
            waiter.job.change(note=Note(kind="slot", count=ahead))

    async def _keep_rate(self, job: Job) -> None:
        limit = self._settings.provider.requests_per_minute
        while (pause := retry.rate_pause(self._sent, limit, self._clock())) > 0:
            job.change(note=Note(kind="rate", until=self._clock() + pause, count=limit))
            await self._sleep(pause)
        self._sent.append(self._clock())

    async def _pause(self, job: Job, error: errors.VeoError, attempt: int, since: float) -> None:
        asked = error.facts.get("retry_after")
        pause = retry.backoff(attempt, self._chance()) if asked is None else float(asked)
        if job.now.note is None or job.now.note.kind != "stopping":
            asked_to = isinstance(error, errors.RateLimited)
            until = self._clock() + pause
            job.change(note=Note(kind="asked" if asked_to else "offline", until=until, since=since))
        await self._sleep(pause)

    async def _reach(self, job: Job) -> AsyncClient:
        """The client, with the sandbox up where it is ours."""
        async with self._client_lock:
            if self._client is not None and (self._server is None or self._server.alive):
                return self._client
            base_url = self._settings.base_url
            if self._server is not None:
                if job.now.note is None:
                    job.change(note=Note(kind="starting"))
                base_url = await asyncio.to_thread(self._server.start)
            if self._client is not None:
                await self._client.aclose()
            self._client = AsyncClient(
                self._settings.provider,
                self._settings.api_key,
                base_url,
                transport=self._transport,
                clock=self._clock,
            )
            return self._client

    def _record(self, job: Job, **changes: Any) -> None:
        """Write a change to the ledger first, then show it."""
        columns = {name: _plain(value) for name, value in changes.items() if name in _PERSISTED}
        if columns:
            self._ledger.update_job(job.id, **columns)
        job.change(**changes)

    def _end(self, job: Job, state: State, error: errors.VeoError) -> None:
        self._record(job, state=state, error=error, finished_at=self._clock(), note=None)


def _plain(value: Any) -> Any:
    if isinstance(value, State):
        return value.value
    return error_to_json(value) if isinstance(value, errors.VeoError) else value


def _cancelled(job: Job) -> errors.Cancelled:
    sent = job.now.state is not State.QUEUED
    message = (
        "Stopped. The provider may still finish it and charge."
        if sent
        else "Stopped before anything was sent."
    )
    return errors.Cancelled(message, hint="", job=job.id)
