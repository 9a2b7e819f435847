"""A job: one request on its way to a video, and everything a person does with it; and those that this kernel knows."""

from __future__ import annotations

import asyncio
import logging
import threading
import weakref
from collections.abc import Callable, Generator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Literal, Protocol

from veo_nb import catalog
from veo_nb.engine.loop import block_on
from veo_nb.engine.providers.latency import UNKNOWN, Latency
from veo_nb.engine.providers.past import Latencies
from veo_nb.engine.video import Video, video_from_row
from veo_nb.errors import InvalidRequest, NotFound, VeoError, VideoExpired, WaitTimeout
from veo_nb.records.late import dataclass
from veo_nb.records.shown import html_of, live_of
from veo_nb.request import VideoRequest, restore_request
from veo_nb.store.billing import Quote
from veo_nb.store.changes import Change, Changes
from veo_nb.store.evidence.measures import MeasureLedger
from veo_nb.store.files import Files
from veo_nb.store.ledger import Ledger
from veo_nb.store.rows import NEXT, JobRow, State, error_from_json, is_fetchable

log = logging.getLogger("veo_nb")

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""For ids that people type: nothing that looks like something else."""


@dataclass(frozen=True, kw_only=True)
class JobNote:
    """What a job waits for within its state. Times are seconds since the epoch."""

    kind: Literal[
        "slot",
        "rate",
        "asked",
        "held",
        "offline",
        "down",
        "denied",
        "starting",
        "uploading",
        "held_open",
        "elsewhere",
        "stopping",
    ]
    """`held_open` while a request is answered with the clip itself, `offline` when the way is broken, `down` when the provider answers and nothing can be made of it, `denied` when it
    says that it does not know or give out what it accepted."""
    until: float | None = None
    since: float | None = None
    count: int = 0
    """Jobs ahead for `slot`, requests a minute for `rate`."""
    why: str = ""
    """What went wrong, as a sentence, where something did; of `uploading` what is sent."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """All that changes about a job, at one moment. Times are seconds since the epoch, sizes bytes."""

    state: State
    created_at: float
    note: JobNote | None = None
    operation: str | None = None
    error: VeoError | None = None
    submitted_at: float | None = None
    generated_at: float | None = None
    finished_at: float | None = None
    progress: float | None = None
    """How far the provider says it is, 0 to 1; None where it does not tell."""
    received: int = 0
    total: int | None = None
    videos: tuple[Video, ...] = ()
    filtered: tuple[str, ...] = ()
    unanswered: int = 0
    """How many submits before the present one were sent and never answered."""
    lost: tuple[tuple[int, VeoError], ...] = ()
    """The samples whose files are not here and did not come when they were looked for, each with the reason."""
    usage: dict[str, Any] | None = None
    """What the provider says that it took, in its own words; None where it says nothing."""
    latency: Latency = UNKNOWN
    """How long a clip like this takes, by what was known when it was sent."""


class WaitInterrupted(KeyboardInterrupt):
    """The person interrupted a wait; the jobs go on."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class Finals(Protocol):
    """What a draft asks for; `Drafts` does it."""

    def finalize(self, job: Job) -> Job:
        """The job for its final."""

    def find(self, job: Job) -> Job | None:
        """Its final, where there is one."""

    def quote(self, job: Job) -> Quote:
        """What its final costs."""


class Actions(Protocol):
    """What a job asks for when a person wants something of it; `Jobs` does it."""

    def attend(self, job: Job) -> None:
        """See to it that somebody drives a job that is not done: one that nobody drives or follows never ends."""

    def cancel(self, job: Job) -> None:
        """Stop it."""

    def extend(self, video: Video, prompt: str, **fields: Any) -> Job:
        """The job that goes on from this clip."""

    def edit(self, edit: Video, prompt: str, **fields: Any) -> Job:
        """The job that changes this clip."""

    def retry(self, job_id: str) -> Job:
        """The job with this id, whose clip is looked for once more."""

    def rerun(self, job_id: str) -> Job:
        """Another job for the same request."""

    def resubmit(self, job_id: str) -> Job:
        """The job with this id, sent once more."""

    def price_note(self, job: Job) -> str:
        """What has to be said beside its estimate."""

    def model_name(self, job: Job) -> str:
        """How one types the name of its model."""

    @property
    def drafts(self) -> Finals:
        """What makes drafts final."""


class Job:
    """A clip being made. It goes on in the background; `job.wait()` or `await job` wait for it.

    `id` is four letters or digits, unique in the library. `estimate` is what it costs in USD by estimate, or None.
    """

    def __init__(
        self,
        *,
        id: str,  # noqa: A002
        request: VideoRequest,
        provider: catalog.Provider,
        take: int,
        estimate: float | None,
        now: Snapshot,
        actions: Actions | None = None,
        measured: MeasureLedger | None = None,
    ) -> None:
        self.id = id
        self.request = request
        self.provider = provider
        self.take = take
        self.estimate = estimate
        self._now = now
        self._actions = actions
        self._measured = measured
        self.changed: Changes[Job] = Changes(f"job {id}")
        """Says each change, for those who see to it themselves that the job goes on."""
        self._lock = threading.RLock()
        self._done: Future[Job] = Future()
        self.reported = False
        """Whether a wait has told how it ended."""
        if now.state.final:
            self._done.set_result(self)

    @property
    def now(self) -> Snapshot:
        """Everything that changes, at one moment."""
        return self._now

    @property
    def stopping(self) -> bool:
        """Whether someone has cancelled it and it is about to end."""
        return self._now.note is not None and self._now.note.kind == "stopping"

    @property
    def held(self) -> bool:
        """Whether it is not sent because its sweep is paused."""
        return self._now.note is not None and self._now.note.kind == "held"

    @property
    def status(self) -> str:
        """The state in one word, such as queued, running or succeeded (see `State`)."""
        return self._now.state.value

    @property
    def price_note(self) -> str:
        """What has to be said beside its estimate: it is not the price of who makes it. Empty where it is."""
        return self._actions.price_note(self) if self._actions else self.provider.price_note

    @property
    def model(self) -> str:
        """Its model as one types it: `omni`, or `vertex:standard` of a provider that is not the one that is set."""
        if self._actions is not None:
            return self._actions.model_name(self)
        return catalog.short_name(self.request.model, self.provider, self.provider)

    @property
    def usage(self) -> catalog.Usage | None:
        """The tokens that the provider says it took; None where it says nothing. `usage.usd(job.request.model)` is their price."""
        return catalog.read_usage(self._now.usage)

    @property
    def is_draft(self) -> bool:
        """Whether it makes a draft, the cheapest clip of its model: `finalize()` asks for the same in full."""
        return self.request.is_draft

    @property
    def final(self) -> Job | None:
        """The job that makes the final of this draft, where it was asked for; None otherwise."""
        return self._actions.drafts.find(self) if self._actions and self.is_draft else None

    @property
    def final_quote(self) -> Quote:
        """What the final of this draft costs by estimate: `usd`, or None where no price is known."""
        return self._do().drafts.quote(self)

    @property
    def operation(self) -> str | None:
        """The provider's name for it, once it was accepted."""
        return self._now.operation

    @property
    def error(self) -> VeoError | None:
        """Why it ended without a video; None otherwise."""
        return self._now.error

    @property
    def videos(self) -> tuple[Video, ...]:
        """The finished videos, one a sample; empty before."""
        return tuple(replace(video, job=self, measured=self._measured) for video in self._now.videos)

    @property
    def video(self) -> Video:
        """The first finished video.

        Raises:
            NotFound: it is not there yet.
            VeoError: the job's own error, where it ended without one.
        """
        if videos := self.videos:
            return videos[0]
        if (error := self._failure()) is not None:
            raise error
        raise NotFound(
            f"Job {self.id} has no video yet: it is {self.status}.", hint="Wait for it with job.wait()."
        )

    @property
    def complete(self) -> bool:
        """Whether it is done and its files are all here."""
        whole = self._now.state is State.SUCCEEDED and not self._now.lost
        return whole and all(video.path.exists() for video in self.videos)

    @property
    def fetchable(self) -> bool:
        """Whether its clip may still be fetched, though the job has ended without it: `retry` does, and pays nothing."""
        now = self._now
        return is_fetchable(now.state.value, now.operation, None if now.error is None else now.error.code)

    @property
    def missed(self) -> bool:
        """Whether a clip of it is not here and may still be had: `fetchable`, or done and a file is gone since."""
        now = self._now
        if now.lost and all(isinstance(error, VideoExpired) for _, error in now.lost):
            return not all(video.path.exists() for video in now.videos)
        return self.fetchable or (now.state is State.SUCCEEDED and not self.complete)

    @property
    def kept_until(self) -> float:
        """When the provider deletes its video, in seconds since the epoch."""
        # From when it was ready where that is known; before that it can't have been there.
        since = self._now.generated_at or self._now.submitted_at or self._now.created_at
        return since + self.provider.retention_seconds

    def wait(self, timeout: float | None = None) -> Job:
        """This job, once it is done; `timeout` in seconds.

        Interrupting the wait leaves the job running.

        Raises:
            WaitTimeout: it is not done yet, and goes on.
            VeoError: the job's own error.
        """
        try:
            self.attend()
            block_on(self._done, timeout)
        except TimeoutError:
            raise WaitTimeout(
                f"Job {self.id} is still {self.status} after {timeout:g} s.",
                hint="It goes on in the background.",
                job=self.id,
            ) from None
        except KeyboardInterrupt:
            raise WaitInterrupted(
                f"Stopped waiting. Job {self.id} goes on in the background; %veo wait waits again, "
                f"%veo cancel {self.id} stops it."
            ) from None
        return self._result()

    def __await__(self) -> Generator[Any, None, Job]:
        """Wait for it on the caller's own loop; a cancelled `await` leaves the job running."""
        self.attend()
        yield from asyncio.shield(asyncio.wrap_future(self._done)).__await__()
        return self._result()

    def cancel(self) -> None:
        """Stop waiting for it. The provider can't be told, so it may still finish it and charge."""
        self._do().cancel(self)

    def extend(self, prompt: str, *, sample: int = 0, **fields: Any) -> Job:
        """The job that goes on from this one's clip: 7 s more, joined to what is there. Returns at once.

        `sample` counts from 0; fields are those of `veo.generate`.

        Raises:
            InvalidRequest: the clip can't be gone on from: too old, too long, not 720p, or not at this provider.
            NotFound: it is not there yet, or has no such sample.
        """
        return self._do().extend(self._sample(sample), prompt, **fields)

    def edit(self, prompt: str, *, sample: int = 0, **fields: Any) -> Job:
        """The job that changes this one's clip as the prompt says. Returns at once.

        `sample` counts from 0; fields are those of `veo.generate`.

        Raises:
            InvalidRequest: the clip can't be changed: too long, or the model has no edits.
            NotFound: it is not there yet, or has no such sample.
        """
        return self._do().edit(self._sample(sample), prompt, **fields)

    def retry(self) -> Job:
        """This job, whose clip is looked for at the provider once more; nothing is sent or paid for.

        Raises:
            InvalidRequest: it still runs, it is done, it was never accepted, or another provider has it.
        """
        return self._do().retry(self.id)

    def rerun(self) -> Job:
        """Another job for the same request, sent anew and paid for: a safety filter varies, so it may go through.

        Raises:
            InvalidRequest: this one still runs, its answer was lost, or another provider had it.
            BudgetExceeded: it would go over the budget; nothing was sent.
        """
        return self._do().rerun(self.id)

    def finalize(self) -> Job:
        """The job that makes this draft final: the same request in full, with the same seed where the model takes one.

        Returns at once. Asked for again it is the same job, and nothing is paid twice.

        Raises:
            InvalidRequest: this is no draft, or its model or an input is gone.
            BudgetExceeded: it would go over the budget; nothing was sent.
        """
        return self._do().drafts.finalize(self)

    def resubmit(self) -> Job:
        """This job, whose first answer was lost, sent once more: it may be charged twice.

        Raises:
            InvalidRequest: it is not uncertain, or another provider had it.
            BudgetExceeded: a second charge would go over the budget.
        """
        return self._do().resubmit(self.id)

    def attend(self) -> None:
        """See to it that it goes on, driven here or followed; waiting and listening do so by themselves."""
        if self._actions is not None:
            self._actions.attend(self)

    def on_change(self, listener: Callable[[Job], object]) -> Callable[[], None]:
        """Have `listener(job)` called on the background thread at each change; call what is returned to end it."""
        self.attend()
        return self.changed.listen(listener)

    def _sample(self, sample: int) -> Video:
        chosen = [video for video in self.videos if video.sample == sample]
        if self.videos and not chosen:
            raise NotFound(f"Job {self.id} has no sample {sample}.", hint=f"It has {len(self.videos)}.")
        return chosen[0] if chosen else self.video

    def _do(self) -> Actions:
        if self._actions is None:
            raise InvalidRequest(f"Job {self.id} belongs to no studio.", hint="Find it with veo.history().")
        return self._actions

    def change(self, **changes: Any) -> None:
        """Take in what was found out, and tell the listeners. Only who drives or follows the job calls this."""
        with self._lock:
            before, now = self._now, replace(self._now, **changes)
            if now.state is not before.state and not before.state.final:
                assert now.state in NEXT[before.state], f"{before.state} can't become {now.state}"
            done = self._take_in(now)
        self._notify(done)

    def restate(self, now: Snapshot) -> None:
        """Take in a whole moment, as another process wrote it down, and tell the listeners."""
        with self._lock:
            done = self._take_in(now)
        self._notify(done)

    def abandon(self, error: VeoError) -> None:
        """End every wait with this error, since nobody will drive the job here any more; its state stays."""
        with self._lock:
            if not self._done.done():
                self._done.set_exception(error)

    def _take_in(self, now: Snapshot) -> Future[Job] | None:
        """The future to be set once the listeners know of this moment."""
        if self._now.state.final and not now.state.final:
            self._done = Future()
            self.reported = False
        before, self._now = self._now, now
        if (said := _said(now)) != _said(before):
            log.info("Job %s: %s", self.id, said)
        return self._done if now.state.final else None

    def _notify(self, done: Future[Job] | None) -> None:
        self.changed.emit(self)
        with self._lock:
            if done is not None and not done.done():
                done.set_result(self)

    def _result(self) -> Job:
        self.reported = True
        if (error := self._failure()) is not None:
            raise error
        return self

    def _failure(self) -> VeoError | None:
        """Why there is nothing of it: its own error, or that every file of a job that was done is lost."""
        now = self._now
        if now.error is None and now.lost and not now.videos:
            return now.lost[0][1]
        return now.error

    def _repr_html_(self) -> str | None:
        return html_of(self)

    def _display_(self) -> Any:
        return live_of(self)

    def __repr__(self) -> str:
        prompt = " ".join(self.request.prompt.split())
        short = prompt if len(prompt) <= 40 else prompt[:39] + "…"
        return f"<Job {self.id} {self.status}: {short}>"


def _said(now: Snapshot) -> str:
    """A moment as the log has it: the state, and what can be found by it or is waited for. No prompt, no address."""
    parts: list[object] = [now.state.value]
    if now.note is not None:
        parts += ["waits:", now.note.kind, now.note.why]
    elif now.state is State.RUNNING:
        parts.append(now.operation)
    elif now.error is not None:
        parts.append(now.error.message)
    elif now.state is State.SUCCEEDED:
        parts += [video.path.name for video in now.videos]
    return " ".join(str(part) for part in parts if part)


class Registry:
    """One object a job, however often it is asked for: brought back from the ledger, kept alive until it is done."""

    def __init__(
        self,
        ledger: Ledger,
        library: Files,
        actions: Actions | None = None,
        latencies: Latencies | None = None,
        measured: MeasureLedger | None = None,
    ) -> None:
        self.latencies = latencies or Latencies(ledger)
        """How long each kind of clip takes."""
        self._ledger = ledger
        self._library = library
        self._actions = actions
        self._measured = measured
        self._lock = threading.RLock()
        self._known: weakref.WeakValueDictionary[str, Job] = weakref.WeakValueDictionary()
        self._active: dict[str, Job] = {}

    def job(self, row: JobRow, request: VideoRequest | None = None) -> Job:
        """The job of a row: the one that is known already, or a new one as the ledger has it.

        With its `request` it was entered just now, and nothing can have come of it.
        """
        with self._lock:
            known = self._known.get(row.id)
            if row.id in self._active and known is not None:
                return known
            if known is not None or request is None:
                # Read anew: since the row was, the job may have ended and been let go of.
                row = self._ledger.job(row.id) or row
            if known is None:
                self._known[row.id] = made = self._make(row, request)
                return made
        if known.status != row.state:
            known.restate(self.snapshot(row))
        return known

    def known(self, job_id: str) -> Job | None:
        """The job with this id, if anyone has it; nothing is read."""
        with self._lock:
            return self._known.get(job_id)

    def refresh(self, job_id: str) -> None:
        """Let a job that is over say which clips it has now, after they were deleted, brought back or found."""
        row = self._ledger.job(job_id)
        if row is not None and (job := self.job(row)).now.state.final:
            job.restate(self.snapshot(row))

    def active(self) -> list[Job]:
        """The jobs that are not done, oldest first."""
        with self._lock:
            return sorted(self._active.values(), key=lambda job: job.now.created_at)

    def is_active(self, job_id: str) -> bool:
        """Whether the job with this id is being driven or followed."""
        with self._lock:
            return job_id in self._active

    def hold(self, job: Job) -> None:
        """Keep a job until it is done."""
        with self._lock:
            self._active[job.id] = job
        self._let_go(job)

    def _changed(self, job: Job) -> None:
        self._let_go(job)
        self._ledger.changed.emit(Change("job", job.id))

    def _let_go(self, job: Job) -> None:
        if job.now.state.final:
            with self._lock:
                self._active.pop(job.id, None)

    def snapshot(self, row: JobRow) -> Snapshot:
        """A job's moment as the ledger has it."""
        state = State(row.state)
        # Most are asked about when they have just been entered.
        unsent = state is State.QUEUED and row.operation is None
        videos = [] if unsent else self._ledger.kept_videos(row.id)
        return Snapshot(
            state=state,
            created_at=row.created_at,
            operation=row.operation,
            error=error_from_json(row.error),
            submitted_at=row.submitted_at,
            generated_at=row.generated_at,
            finished_at=row.finished_at,
            filtered=row.filtered,
            unanswered=row.unanswered,
            usage=row.usage,
            videos=tuple(video_from_row(video, self._library.folder) for video in videos),
            # Of one that is over nobody asks.
            latency=UNKNOWN if state.final else self._latency(row),
        )

    def _latency(self, row: JobRow) -> Latency:
        asked, provider = row.request, catalog.known_provider(row.provider)
        return self.latencies.of(provider, row.model, asked.get("resolution"), asked.get("duration_seconds"))

    def _make(self, row: JobRow, request: VideoRequest | None) -> Job:
        job = Job(
            id=row.id,
            request=request or restore_request(row.request, self._library.picture_bytes, row.provider),
            provider=catalog.known_provider(row.provider),
            take=row.take,
            estimate=row.estimate,
            now=self.snapshot(row),
            actions=self._actions,
            measured=self._measured,
        )
        job.changed.listen(self._changed)
        return job
