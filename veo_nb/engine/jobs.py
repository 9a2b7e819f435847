"""The jobs of a library: entered, found again, gone on with."""

from __future__ import annotations

import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veo_nb import catalog
from veo_nb.config import Settings
from veo_nb.engine.drafts import Drafts
from veo_nb.engine.fields import fields_again, read_fields
from veo_nb.engine.job import ALPHABET, Job, WaitInterrupted
from veo_nb.engine.lease import Awaited
from veo_nb.engine.loop import Uninterrupted
from veo_nb.engine.providers.latency import Latency
from veo_nb.engine.providers.past import Latencies
from veo_nb.engine.video import Video, check_source, own_model
from veo_nb.engine.workspace import Parts, Workspace
from veo_nb.errors import InvalidRequest, NotFound, VeoError
from veo_nb.records.late import dataclass
from veo_nb.request import VideoRequest
from veo_nb.store import lineage
from veo_nb.store.billing import Bill, Quote, make_bill, make_gate, quote
from veo_nb.store.changes import Change
from veo_nb.store.files import Files
from veo_nb.store.ledger import Ledger
from veo_nb.store.rows import JobRow, State
from veo_nb.store.trash import Trash

if TYPE_CHECKING:
    import httpx2

log = logging.getLogger("veo_nb")

RECENT_SECONDS = 4 * 24 * 3600.0
"""A job that was entered longer ago has no video at the provider any more, even if it waited long in the queue."""


@dataclass(frozen=True)
class Preview:
    """What a request would do: nothing was sent. `seconds` is the usual time."""

    request: VideoRequest
    provider: catalog.Provider
    quote: Quote
    seconds: float
    stored: Job | None
    """The job that would be shown or joined in place of sending anything."""
    bill: Bill
    """What was spent so far, and what is left."""
    in_full: Quote | None = None
    """What the final of a draft would cost; None where it is none."""

    @property
    def usd(self) -> float | None:
        """What it would cost by estimate; None where no price is known."""
        return self.quote.usd

    @property
    def fits(self) -> bool:
        """Whether the budget lets it through."""
        return self.bill.fits(self.quote.firm)


@dataclass(frozen=True)
class Unfetched:
    """A job whose video lies at the provider, and for how many seconds still."""

    job: Job
    seconds: float

    @property
    def left(self) -> str:
        """How long it is still there, in words: `31 h`, `40 min`."""
        minutes = max(1, int(self.seconds / 60))
        return f"{minutes // 60} h" if minutes >= 60 else f"{minutes} min"


class Jobs:
    """The jobs of a library, one object each: `get(id)`, `history()`, `retry(id)`, `rerun(id)`, `resubmit(id)`, ...

    `workspace` is the library with all that works on it.
    """

    def __init__(
        self,
        settings: Settings,
        files: Files,
        *,
        transport: httpx2.AsyncBaseTransport | None,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.settings = settings
        self.workspace = Workspace(settings, files, self, transport=transport, clock=clock, sleep=sleep)
        self.drafts = Drafts(self)

    # Entering

    def request_of(
        self, prompt: str, take: int, fields: Mapping[str, Any], *, fresh: bool = False
    ) -> VideoRequest:
        """The checked request for these fields, where a field of None is none; a job stands for its clip.

        With `draft=True` it asks for the cheapest that the model makes, and knows its final. Without it, and unless it is
        `fresh`, a request of which there is a draft is that draft's final: with the same seed.

        Raises:
            InvalidRequest: it can't be sent.
        """
        asked = {**fields}
        draft = asked.pop("draft", None)
        request = read_fields(
            self.settings,
            prompt,
            take,
            asked,
            find=self.find,
            is_standing=self.is_standing,
            now=self.workspace.clock(),
        )
        return self.drafts.choose(request, take, draft=False if draft is None else draft, fresh=fresh)

    def submit(self, request: VideoRequest, *, take: int = 1, fresh: bool = False) -> tuple[Job, bool]:
        """The job for a request, driven from now on, and whether it is new.

        Raises:
            InvalidRequest: the provider does not have the clip that it goes on from, or an input can't be kept.
            AuthenticationError: the provider needs a key and there is none.
            BudgetExceeded: it would go over the budget; nothing was sent.
        """
        return self.submit_all([(request, take)], fresh=fresh)[0]

    def submit_all(
        self, wanted: Iterable[tuple[VideoRequest, int]], *, fresh: bool = False
    ) -> list[tuple[Job, bool]]:
        """As `submit` for several requests, each with its take: all of them, or none.

        Nothing is sent before the last is entered; where that fails, or is interrupted, they are taken out again.

        Raises:
            WaitInterrupted: interrupted when they were just being sent; it says that they go on.
        """
        wanted = [*wanted]
        self.check_access(request for request, _ in wanted)
        workspace = self.workspace
        parts = workspace.open()
        entered: list[tuple[Job, bool]] = []
        with Uninterrupted() as interrupt:
            try:
                for request, take in wanted:
                    interrupt.check()
                    with workspace.lock:
                        entered.append(self._enter(request, take, workspace.open(), fresh=fresh))
                        if entered[-1][1]:
                            # Nobody takes it for one that was left behind.
                            parts.registry.hold(entered[-1][0])
                for job, new in entered:
                    if not (new or parts.ledger.read_only):
                        self._take_up(job, parts)
                interrupt.check()
                for job in _new(entered):
                    parts.leases.start(job)
            except BaseException:
                if not self._withdraw(_new(entered), parts):
                    for job in _new(entered):
                        # It is in the ledger as it is; better that it goes on here, and is seen.
                        parts.leases.start(job)
                raise
            if interrupt.pending:
                new_jobs = _new(entered)
                raise (
                    KeyboardInterrupt
                    if self._withdraw(new_jobs, parts)
                    else WaitInterrupted(_goes_on(new_jobs))
                )
            return entered

    def _enter(self, request: VideoRequest, take: int, parts: Parts, *, fresh: bool) -> tuple[Job, bool]:
        """The job for a request, written down and not started, and whether it is new."""
        workspace = self.workspace
        if parts.ledger.read_only:
            return self._stored(request, take, parts, fresh=fresh), False
        if request.source is not None and self._standing(request, take, parts, fresh=fresh) is None:
            check_source(request, self.provider_of(request), workspace.clock())
        for picture in request.pictures():
            workspace.files.keep_picture(picture)
            if picture.origin is not None:
                lineage.note_origin(parts.ledger, picture.sha256, picture.origin)
        standing = None
        while standing is None:
            row = self._row(request, take)
            gate = make_gate(self.settings, self.provider_of(request), row.model, self.quote(request).firm)
            standing = parts.ledger.add_job(row, fresh=fresh, admit=gate)
        new = standing is row
        log.info("Job %s: %s", standing.id, "entered" if new else "is there already")
        if new:
            workspace.warn(row.model, self.provider_of(request))
        job = parts.registry.job(standing, request if new else None)
        return job, new

    def _withdraw(self, jobs: Sequence[Job], parts: Parts) -> bool:
        """Take jobs out that were entered in vain; False where one was sent by now, or the ledger can't be written."""
        with contextlib.suppress(VeoError):
            return parts.leases.withdraw(jobs)
        return False

    def preview(self, request: VideoRequest, *, take: int = 1, fresh: bool = False) -> Preview:
        """What `submit` would do, checked in the same way, with nothing sent and nothing written."""
        provider, parts = self.provider_of(request), self.workspace.existing()
        row = self._standing(request, take, parts, fresh=fresh)
        if row is None:
            check_source(request, provider, self.workspace.clock())
        stored = parts.registry.job(row) if parts and row else None
        seconds = self.latency(request).usual
        full = self.quote(request.in_full()) if request.is_draft else None
        return Preview(request, provider, self.quote(request), seconds, stored, self.cost(provider), full)

    def quote(self, request: VideoRequest) -> Quote:
        """What a request costs by estimate, and what has to be said of that."""
        return quote(request, self.provider_of(request), self.settings.prices)

    def price_note(self, job: Job) -> str:
        """What has to be said beside a job's estimate: it is not the price of who makes it. Empty where it is."""
        # Most have a list of their own.
        return job.provider.price_note and quote(job.request, job.provider, self.settings.prices).note

    def model_name(self, job: Job) -> str:
        """How one types the name of a job's model here."""
        return catalog.short_name(job.request.model, job.provider, self.settings.provider)

    def latency(self, request: VideoRequest) -> Latency:
        """How long such a clip takes at its provider, from submit to ready."""
        parts = self.workspace.parts
        known = parts.registry.latencies if parts else Latencies(self.workspace.readable())
        return known.of(
            self.provider_of(request), request.model, request.resolution, request.duration_seconds
        )

    def is_standing(self, request: VideoRequest, take: int) -> bool:
        """Whether a clip for this is there or on its way, and nothing would be sent."""
        ledger = self.workspace.readable()
        return ledger is not None and ledger.standing(request.fingerprint(), take) is not None

    def provider_of(self, request: VideoRequest) -> catalog.Provider:
        """The provider that a request goes to."""
        return self.settings.provider_of(request.provider)

    def check_access(self, requests: Iterable[VideoRequest]) -> None:
        """Nothing, where each of these requests can be sent to its provider as far as its key and address go.

        Raises:
            AuthenticationError: a provider needs a key and there is none.
            InvalidRequest: what is set for a provider is wrong.
        """
        for name in dict.fromkeys(one.provider for one in requests):
            self.settings.at(name).key_or_raise()

    def cost(self, provider: catalog.Provider | None = None) -> Bill:
        """What the jobs of the library cost by estimate, and what is left of the budget for this provider's clips."""
        parts = self.workspace.existing()
        return make_bill(self.settings, parts.ledger.charges() if parts else (), provider)

    # Finding

    def get(self, job_id: str) -> Job:
        """The job with this id.

        Raises:
            NotFound: there is none; the hint names the nearest.
        """
        wanted = job_id.strip().lower()
        job = self.find(wanted)
        if job is None:
            ids = [found.id for found in self.history(8)]
            hint = catalog.did_you_mean(wanted, ids) if ids else "Nothing has been made here yet."
            raise NotFound(f"There is no job {job_id!r} in this library.", hint=hint)
        return job

    def find(self, job_id: str) -> Job | None:
        """The job with exactly this id; None where it is a joined clip's, or nobody's."""
        parts = self.workspace.existing()
        row = parts.ledger.job(job_id) if parts else None
        return parts.registry.job(row) if parts and row else None

    def known(self, job_id: str) -> Job | None:
        """The job with this id, if anyone in this kernel has it; nothing is read."""
        parts = self.workspace.parts
        return parts.registry.known(job_id) if parts else None

    def history(self, limit: int = 50) -> list[Job]:
        """The newest jobs of the library, newest first."""
        parts = self.workspace.existing()
        return [parts.registry.job(row) for row in parts.ledger.jobs(limit)] if parts else []

    def active(self) -> list[Job]:
        """The jobs of this kernel that are not done, oldest first."""
        parts = self.workspace.parts
        return parts.registry.active() if parts else []

    def unfinished(self) -> list[Job]:
        """The library's jobs that are not done, oldest first; those of other kernels are followed from now on."""
        parts = self.workspace.existing()
        if parts is None:
            return []
        jobs = [parts.registry.job(row) for row in parts.ledger.unfinished()]
        for job in jobs:
            parts.leases.attend(job)
        return [job for job in jobs if not job.now.state.final]

    def unfetched(self) -> list[Unfetched]:
        """The jobs whose video is paid for and not here, with the time at which the provider deletes it."""
        parts, now = self.workspace.existing(), self.workspace.clock()
        if parts is None:
            return []
        rows = parts.ledger.unfetched(now - RECENT_SECONDS)
        return unfetched([parts.registry.job(row) for row in rows], now)

    # Going on

    def resume(self) -> list[Job]:
        """Take on what an earlier kernel left unfinished, with every provider that has a key; the jobs that were taken on.

        One that was just being sent then is among them, and uncertain: only a person sends it again.
        """
        parts = self.workspace.existing()
        return parts.leases.resume() if parts else []

    def awaited(self) -> list[Awaited]:
        """The jobs that are not done and not driven by this kernel, oldest first, and what each waits for."""
        parts = self.workspace.existing()
        return parts.leases.awaited() if parts else []

    def attend(self, job: Job) -> None:
        """See to it that somebody drives a job that is not done: this process, or another that is followed."""
        if not job.now.state.final:
            self.workspace.open().leases.attend(job)

    def cancel(self, job: Job | str) -> None:
        """Stop a job, given or by its id. The provider can't be told, so it may still finish it and charge.

        Raises:
            NotFound: there is none with this id.
            InvalidRequest: another living process drives it.
        """
        job = self.get(job) if isinstance(job, str) else job
        if not job.now.state.final:
            self.workspace.open().leases.cancel(job)

    def retry(self, job_id: str) -> Job:
        """Look again for the video of a job that was accepted and then failed on the way; nothing is sent anew.

        Raises:
            InvalidRequest: it still runs, it is done, or it was never accepted.
            AuthenticationError: its provider needs a key and there is none.
        """
        job = self.get(job_id)
        parts = self.workspace.open()
        if not job.now.state.final:
            if parts.registry.is_active(job.id):
                raise InvalidRequest(f"Job {job.id} is {job.status}.", hint="%veo wait waits for it.")
            # Its end could not be written, or its kernel has just gone: it is where the ledger says.
            parts.leases.attend(job)
            return job
        if job.operation is None:
            raise InvalidRequest(f"Job {job.id} was never accepted.", hint=f"%veo rerun {job.id} asks anew.")
        if self._see_again(job) and job.complete:
            return job
        if job.complete:
            raise InvalidRequest(
                f"Job {job.id} is done and its video is here.", hint=f"%veo show {job.id} shows it."
            )
        parts.leases.again(job, parts.engine.retry)
        return job

    def resubmit(self, job_id: str) -> Job:
        """Send a job again whose first answer was lost. It may be charged twice, so only a person asks for it.

        Raises:
            InvalidRequest: the job is not uncertain.
            AuthenticationError: its provider needs a key and there is none.
            BudgetExceeded: a second charge would go over the budget.
        """
        job = self.get(job_id)
        if job.now.state is not State.UNCERTAIN:
            raise InvalidRequest(
                f"Job {job.id} is {job.status}, not uncertain.", hint="Run its cell again instead."
            )
        parts = self.workspace.open()
        self._see_again(job)
        found = self.quote(job.request)
        gate = make_gate(self.settings, job.provider, job.request.model, found.firm)

        def charge() -> None:
            # The first charge stays on the bill, since nobody knows whether it was made.
            job.estimate = parts.ledger.charge_again(job.id, found.usd, admit=gate)

        parts.leases.again(job, parts.engine.resubmit, before=charge)
        return job

    def rerun(self, job_id: str) -> Job:
        """Another job for the request of one that is over, sent anew and paid for; the old one stays in the history.

        Raises:
            InvalidRequest: it still runs, its answer was lost, or an input is gone.
            AuthenticationError: its provider needs a key and there is none.
            BudgetExceeded: it would go over the budget; nothing was sent.
        """
        job = self.get(job_id)
        fields = fields_again(job, self.settings.provider)
        request = self.request_of(fields.pop("prompt"), job.take, fields, fresh=True)
        return self.submit(request, take=job.take, fresh=True)[0]

    def extend(self, video: Video, prompt: str, *, take: int = 1, fresh: bool = False, **fields: Any) -> Job:
        """The job that goes on from this clip.

        Raises:
            InvalidRequest: the clip can't be gone on from.
        """
        fields = {**own_model(video, self.settings), **fields, "video": video}
        request = self.request_of(prompt, take, fields, fresh=fresh)
        return self.submit(request, take=take, fresh=fresh)[0]

    def edit(self, edit: Video, prompt: str, *, take: int = 1, fresh: bool = False, **fields: Any) -> Job:
        """The job that changes this clip as the prompt says.

        Raises:
            InvalidRequest: the clip can't be changed.
        """
        fields = {**own_model(edit, self.settings, edits=True), **fields, "edit": edit}
        request = self.request_of(prompt, take, fields, fresh=fresh)
        return self.submit(request, take=take, fresh=fresh)[0]

    # The queue

    def waiting(self) -> list[str]:
        """The jobs of this kernel that wait to be sent, the next one first."""
        parts = self.workspace.existing()
        return parts.loop.do(parts.engine.waiting) if parts else []

    def move(self, job_id: str, before: str | None) -> None:
        """Send a job that waits before another one, or last.

        Raises:
            NotFound: there is no such job.
            InvalidRequest: it was sent already, or another notebook sends it.
        """
        job = self.get(job_id)
        ahead_of = None if before is None else self.get(before).id
        parts = self.workspace.open()
        if not parts.loop.do(parts.engine.move, job.id, ahead_of):
            waits = job.now.state is State.QUEUED
            raise InvalidRequest(
                f"Job {job.id} does not wait for its turn here.",
                hint="It is just being sent, or by another notebook." if waits else "It was sent already.",
            )
        # Of those that are held back none has another number in the line.
        parts.ledger.changed.emit(Change("job", job.id))

    def hold(self, job_ids: AbstractSet[str], *, back: bool) -> None:
        """Keep jobs from being sent, or let them be sent again; those at the provider go on."""
        parts = self.workspace.open()
        parts.loop.do(lambda: parts.engine.hold(job_ids, back=back))

    # Deleted clips

    def bring_back(self, job_id: str, samples: Collection[int]) -> bool:
        """Bring deleted clips back out of the trash; False where there was none, or a file was no longer there.

        Raises:
            InvalidRequest: a file can't be moved.
        """
        parts = self.workspace.open()
        trash = Trash(self.workspace.files, parts.ledger)
        deleted = set(trash.of(job_id)) & set(samples)
        if not deleted:
            return False
        paths = {video.sample: video.path for video in parts.ledger.videos(job_id)}
        for row in parts.ledger.read("SELECT path FROM joined WHERE id = ?", (job_id,)):
            paths[0] = row["path"]
        there = True
        for sample in sorted(deleted):
            path = paths.get(sample, "")
            try:
                there = trash.take(job_id, sample, path) and there
            except OSError as error:
                raise immovable(path, error) from None
        parts.registry.refresh(job_id)
        return there

    def _see_again(self, job: Job) -> bool:
        """Have the deleted clips of a job back that somebody asks for; whether there were any.

        Where the trash has none of them the job counts as one whose files are missing: they are looked for at the provider.
        """
        parts = self.workspace.open()
        trash = Trash(self.workspace.files, parts.ledger)
        deleted = trash.of(job.id)
        if not deleted:
            return False
        self.bring_back(job.id, deleted)
        if not parts.ledger.kept_videos(job.id):
            trash.forget(job.id)
            parts.registry.refresh(job.id)
        return True

    # Inside

    def _standing(
        self, request: VideoRequest, take: int, parts: Parts | None, *, fresh: bool
    ) -> JobRow | None:
        """The row of a job that would be shown or joined in place of sending anything."""
        if parts is None or fresh:
            return None
        return parts.ledger.standing(request.fingerprint(), take)

    def _stored(self, request: VideoRequest, take: int, parts: Parts, *, fresh: bool) -> Job:
        """The job that stands for a request in a library that can't be written.

        Raises:
            InvalidRequest: there is none, so that one would have to be made.
        """
        row = self._standing(request, take, parts, fresh=fresh)
        if row is None:
            parts.ledger.check_writable()
        assert row is not None
        return parts.registry.job(row, request)

    def _row(self, request: VideoRequest, take: int) -> JobRow:
        """A new row for a request, under an id that may be taken."""
        return JobRow(
            id=new_id(),
            fingerprint=request.fingerprint(),
            take=take,
            provider=request.provider,
            model=request.model,
            request=request.canonical(),
            state=State.QUEUED.value,
            estimate=self.quote(request).usd,
            owner=self.workspace.owner_id,
            created_at=self.workspace.clock(),
        )

    def _take_up(self, job: Job, parts: Parts) -> None:
        """Go on with a stored job where it needs it: its file is not here, or nobody drives it any more."""
        self._see_again(job)
        if job.missed:
            parts.leases.again(job, parts.engine.retry)
        else:
            parts.leases.attend(job)


def _new(entered: Iterable[tuple[Job, bool]]) -> list[Job]:
    return [job for job, new in entered if new]


def _goes_on(jobs: Sequence[Job]) -> str:
    """What a person should know who has interrupted a call when its jobs were just being sent."""
    if len(jobs) == 1:
        return f"Interrupted. Job {jobs[0].id} was just sent and goes on; %veo cancel {jobs[0].id} stops it."
    return f"Interrupted. {len(jobs)} jobs were just sent and go on; %veo lists them."


def new_id() -> str:
    """Four letters or digits that a person can type."""
    return "".join(secrets.choice(ALPHABET) for _ in range(4))


def free_id(ledger: Ledger) -> str:
    """One that neither a job nor a joined clip has."""
    while True:
        found = new_id()
        taken = "SELECT 1 FROM jobs WHERE id = :id UNION ALL SELECT 1 FROM joined WHERE id = :id"
        if not ledger.read(taken, {"id": found}):
            return found


def unfetched(jobs: Iterable[Job], now: float) -> list[Unfetched]:
    """The jobs that nobody goes on with and whose video may still be fetched, the most urgent first."""
    found = []
    for job in jobs:
        seconds = job.kept_until - now
        if seconds > 0 and job.fetchable:
            found.append(Unfetched(job, seconds))
    return sorted(found, key=lambda one: one.seconds)


def immovable(path: str, error: OSError) -> VeoError:
    """The error for a clip whose file can't be moved."""
    return InvalidRequest(
        f"The file {Path(path).name} can't be moved: {error.strerror or error}.",
        hint="Close what has it open, or look at the folder's rights.",
    )
