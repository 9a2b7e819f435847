"""The studio: settings, ledger, library and engine put together behind a few plain calls."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from veo_nb import catalog
from veo_nb.config import Settings, resolve_settings
from veo_nb.credentials.keys import Environment, Secret
from veo_nb.credentials.stores import KeyStores, machine_stores
from veo_nb.engine.expiry import RECENT_SECONDS, Unfetched, unfetched
from veo_nb.engine.extension import check_source, source_of
from veo_nb.engine.job import ALPHABET, Job
from veo_nb.engine.repair import Repair, Repairer
from veo_nb.engine.repeat import fields_again
from veo_nb.engine.timing import usual_seconds
from veo_nb.errors import InvalidRequest, NotFound, VeoError
from veo_nb.jobs.finding import Finding
from veo_nb.jobs.keeping import Keeping
from veo_nb.jobs.sweeping import Sweeping
from veo_nb.jobs.workspace import Doors, Workspace, open_workspace
from veo_nb.request import VideoRequest, make_request
from veo_nb.store.billing import Bill, estimate, make_bill, make_gate
from veo_nb.store.files import Library
from veo_nb.store.ledger import Ledger
from veo_nb.store.recovery.rebuild import has_traces
from veo_nb.store.rows import JobRow, State

log = logging.getLogger("veo_nb")


@dataclass(frozen=True)
class Preview:
    """What a request would do: nothing was sent. `usd` is the list price, `seconds` the usual time."""

    request: VideoRequest
    provider: catalog.Provider
    usd: float | None
    seconds: float
    stored: Job | None
    """The job that would be shown or joined in place of sending anything."""
    bill: Bill
    """What was spent so far, and what is left."""


class Studio(Sweeping, Finding, Keeping):
    """Makes clips, keeps them, and finds them again.

    Arguments are the settings of `veo_nb.config`: `provider`, `api_key`, `base_url`, `library`, `model`,
    `max_in_flight`, `budget`, and Google's `project`, `location`, `storage_uri`. `stores` keep keys: this machine's,
    or none where `environ` stands in for it. Nothing is started or written before the first job, except that jobs an
    earlier kernel left are taken on by `resume()`.

    Raises:
        InvalidRequest: a setting is wrong.
    """

    def __init__(
        self,
        *,
        options: Mapping[str, Any] | None = None,
        environ: Mapping[str, str] | None = None,
        folder: Path | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        stores: KeyStores | None = None,
        **settings: Any,
    ) -> None:
        if isinstance(settings.get("api_key"), str):
            # From here on it can't be shown, not even by a traceback that prints variables.
            settings["api_key"] = Secret(settings["api_key"])
        if environ is None:
            environ, stores = Environment(os.environ), stores or machine_stores()
        self.stores = stores
        self.settings: Settings = resolve_settings(
            settings, options or {}, environ, folder or Path.cwd(), stores
        )
        self.library = Library(self.settings.library)
        self._transport = transport
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.RLock()
        self._owner_id = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._parts: Workspace | None = None
        self._closed = False
        self.notices: list[str] = []
        """What a person should know of the library beside its jobs, such as that its ledger was made anew."""

    def __repr__(self) -> str:
        return f"Studio(provider={self.settings.provider.name!r}, library={str(self.settings.library)!r})"

    # Making

    def generate(self, prompt: str, *, take: int = 1, fresh: bool = False, **fields: Any) -> Job:
        """The job for this request; returns at once, the clip is made in the background.

        A request that was made before is not sent again: the stored clip, or the job that still runs, is what
        you get. `take=2` asks for another sample of it, `fresh=True` ignores what is stored. Fields are those of
        `VideoRequest`, and `fit` for its frames (see `make_request`).

        Raises:
            InvalidRequest: before anything is sent.
            AuthenticationError: the provider needs a key and there is none.
            BudgetExceeded: it would go over the budget; nothing was sent.
        """
        return self.submit(prompt, take=take, fresh=fresh, **fields)[0]

    def submit(self, prompt: str, *, take: int = 1, fresh: bool = False, **fields: Any) -> tuple[Job, bool]:
        """As `generate`, and whether the job is new."""
        return self.enter(self._request(prompt, take, fields), take=take, fresh=fresh)

    def enter(self, request: VideoRequest, *, take: int = 1, fresh: bool = False) -> tuple[Job, bool]:
        """As `submit`, for a request that was made and checked before."""
        self.settings.key_or_raise()
        with self._lock:
            parts = self._open()
            if self._standing(request, take, parts, fresh=fresh) is None and request.video is not None:
                check_source(request.video.clip, self.settings.provider, self._clock())
            for picture in request.pictures():
                self.library.keep_picture(picture)
                if picture.origin is not None:
                    self.note_origin(picture.sha256, picture.origin)
            mine, row = self._enter(request, take, parts.ledger, fresh=fresh)
            job = parts.registry.job(row, request if mine else None)
            if mine:
                parts.leases.start(job)
        if not mine:
            self._take_up(job, parts)
        return job, mine

    def preview(self, prompt: str, *, take: int = 1, fresh: bool = False, **fields: Any) -> Preview:
        """What `generate` would do, checked in the same way, with nothing sent and nothing written."""
        request = self._request(prompt, take, fields)
        provider, parts = self.settings.provider, self._open_existing()
        past = parts.ledger.generation_seconds(provider.name, request.model) if parts else []
        seconds, _ = usual_seconds(past, provider, catalog.MODELS[request.model])
        row = self._standing(request, take, parts, fresh=fresh)
        if row is None:
            check_source(request.video and request.video.clip, provider, self._clock())
        stored = parts.registry.job(row) if parts and row else None
        usd = estimate(request, self.settings.prices)
        return Preview(request, provider, usd, seconds, stored, self.cost())

    # Finding

    def job(self, job_id: str) -> Job:
        """The job with this id.

        Raises:
            NotFound: there is none; the hint names the nearest.
        """
        wanted = job_id.strip().lower()
        parts = self._open_existing()
        row = parts.ledger.job(wanted) if parts else None
        if parts is None or row is None:
            ids = [found.id for found in parts.ledger.jobs(8)] if parts else []
            hint = catalog.did_you_mean(wanted, ids) if ids else "Nothing has been made here yet."
            raise NotFound(f"There is no job {job_id!r} in this library.", hint=hint)
        return parts.registry.job(row)

    def history(self, limit: int = 50) -> list[Job]:
        """The newest jobs of the library, newest first."""
        parts = self._open_existing()
        return [parts.registry.job(row) for row in parts.ledger.jobs(limit)] if parts else []

    def cost(self) -> Bill:
        """What the jobs of the library cost by estimate, and what is left of the budget."""
        parts = self._open_existing()
        return make_bill(self.settings, parts.ledger.charges() if parts else ())

    def active(self) -> list[Job]:
        """The jobs of this kernel that are not done, oldest first."""
        parts = self._parts
        return parts.registry.active() if parts else []

    # Going on

    def resume(self) -> list[Job]:
        """Take on what an earlier kernel left unfinished with this provider; the jobs that were taken on.

        One that was just being sent then is among them, and uncertain: only a person sends it again.
        """
        parts = self._open_existing()
        # Of a sweep that was just being entered the rest comes after what is there.
        return [*parts.leases.resume(), *self._desk().go_on()] if parts else []

    def retry(self, job_id: str) -> Job:
        """Look again for the video of a job that was accepted and then failed on the way; nothing is sent anew.

        Raises:
            InvalidRequest: it still runs, it is done, it was never accepted, or another provider has it.
        """
        job = self.job(job_id)
        if not job.now.state.final:
            parts = self._open()
            if parts.registry.is_active(job.id):
                raise InvalidRequest(f"Job {job.id} is {job.status}.", hint="%veo wait waits for it.")
            # Its end could not be written, or its kernel has just gone: it is where the ledger says.
            parts.leases.attend(job)
            return job
        if job.operation is None:
            raise InvalidRequest(f"Job {job.id} was never accepted.", hint=f"%veo rerun {job.id} asks anew.")
        if self._trash().of(job.id):
            self._see_again(job)
            if job.complete:
                return job
        if job.complete:
            raise InvalidRequest(
                f"Job {job.id} is done and its video is here.", hint=f"%veo show {job.id} shows it."
            )
        parts = self._open()
        parts.leases.again(job, parts.engine.look_again)
        return job

    def resubmit(self, job_id: str) -> Job:
        """Send a job again whose first answer was lost. It may be charged twice, so only a person asks for it.

        Raises:
            InvalidRequest: the job is not uncertain, or another provider had it.
            BudgetExceeded: a second charge would go over the budget.
        """
        job = self.job(job_id)
        if job.now.state is not State.UNCERTAIN:
            raise InvalidRequest(
                f"Job {job.id} is {job.status}, not uncertain.", hint="Run its cell again instead."
            )
        parts = self._open()
        self._see_again(job)
        usd = estimate(job.request, self.settings.prices)
        before, gate = job.estimate, make_gate(self.settings, job.request.model, usd)
        # The first charge stays on the bill, since nobody knows whether it was made.
        job.estimate = parts.ledger.charge_again(job.id, usd, admit=gate)
        try:
            parts.leases.again(job, parts.engine.send_again)
        except VeoError:
            job.estimate = before
            parts.ledger.update_job(job.id, estimate=before)
            raise
        return job

    def rerun(self, job_id: str) -> Job:
        """Another job for the request of one that is over, sent anew and paid for; the old one stays in the history.

        Raises:
            InvalidRequest: it still runs, its answer was lost, an input is gone, or another provider had it.
            BudgetExceeded: it would go over the budget; nothing was sent.
        """
        job = self.job(job_id)
        return self.generate(take=job.take, fresh=True, **fields_again(job, self.settings.provider))

    def unfetched(self) -> list[Unfetched]:
        """The jobs whose video is paid for and not here, with the time at which the provider deletes it."""
        parts, now = self._open_existing(), self._clock()
        if parts is None:
            return []
        rows = parts.ledger.ended_with_operation(now - RECENT_SECONDS)
        return unfetched([parts.registry.job(row) for row in rows], now)

    def repair(self) -> Repair:
        """Check the ledger and every file, bring back what can be, and say what was done.

        Raises:
            VeoError: the library can't be written.
        """
        parts = self._open_existing()
        if parts is None:
            return Repair()
        said = len(self.notices)
        report = Repairer(
            library=self.library,
            ledger=parts.ledger,
            registry=parts.registry,
            engine=parts.engine,
            loop=parts.loop,
            leases=parts.leases,
        ).repair()
        report.done[:0] = [f"{sentence[:1].upper()}{sentence[1:]}." for sentence in self.notices[said:]]
        return report

    def close(self) -> None:
        """Stop the background work and the sandbox; unfinished jobs stay in the ledger for `resume()`."""
        with self._lock:
            parts, self._parts, self._closed = self._parts, None, True
        if parts is not None:
            atexit.unregister(self.close)
            parts.close()

    # Inside

    def _request(self, prompt: str, take: int, fields: Mapping[str, Any]) -> VideoRequest:
        if isinstance(take, bool) or not isinstance(take, int) or take < 1:
            raise InvalidRequest(
                f"take can't be {take!r}.", hint="It takes a whole number from 1.", field="take"
            )
        values = {"model": self.settings.model, **{k: v for k, v in fields.items() if v is not None}}
        if "video" in values:
            values["video"] = source_of(values["video"], self.settings.provider)
        for name in ("image", "last_frame"):
            if isinstance(values.get(name), Job):
                raise InvalidRequest(
                    f"{name} is a whole job.", hint="Use its .video.last_frame().", field=name
                )
        return make_request(self.settings.provider, prompt=prompt, **values)

    def _standing(
        self, request: VideoRequest, take: int, parts: Workspace | None, *, fresh: bool
    ) -> JobRow | None:
        """The row of a job that would be shown or joined in place of sending anything."""
        if parts is None or fresh:
            return None
        return parts.ledger.standing(request.fingerprint(self.settings.provider.name), take)

    def _take_up(self, job: Job, parts: Workspace) -> None:
        """Go on with a stored job where it needs it: its file is not here, or nobody drives it any more."""
        self._see_again(job)
        if job.fetchable or (job.now.state is State.SUCCEEDED and not job.complete):
            parts.leases.again(job, parts.engine.look_again)
        else:
            parts.leases.attend(job)

    def _enter(self, request: VideoRequest, take: int, ledger: Ledger, *, fresh: bool) -> tuple[bool, JobRow]:
        """Whether this request needed a new row, and the row that stands for it."""
        while True:
            row = JobRow(
                id="".join(secrets.choice(ALPHABET) for _ in range(4)),
                fingerprint=request.fingerprint(self.settings.provider.name),
                take=take,
                provider=self.settings.provider.name,
                model=request.model,
                request=request.canonical(),
                state=State.QUEUED.value,
                estimate=estimate(request, self.settings.prices),
                owner=self._owner_id,
                created_at=self._clock(),
            )
            standing = ledger.add_job(
                row, fresh=fresh, admit=make_gate(self.settings, row.model, row.estimate)
            )
            if standing is not None:
                return standing is row, standing

    def _attend(self, job: Job) -> None:
        if not job.now.state.final:
            self._open().leases.attend(job)

    def _cancel(self, job: Job) -> None:
        if not job.now.state.final:
            self._open().leases.cancel(job)

    def _say(self, sentence: str) -> None:
        log.warning("%s: %s", self.library.folder, sentence)
        self.notices.append(sentence)

    def _open_existing(self) -> Workspace | None:
        """The open library, if there is one at all."""
        if self._parts is None and not (self.library.ledger_path.exists() or has_traces(self.library)):
            return None
        return self._open()

    def _open(self) -> Workspace:
        with self._lock:
            if self._closed:
                raise VeoError("This studio is closed.", hint="Make another one.")
            if self._parts is None:
                self._parts = open_workspace(
                    self.settings,
                    self.library,
                    self._owner_id,
                    Doors(cancel=self._cancel, attend=self._attend, say=self._say, studio=self),
                    transport=self._transport,
                    clock=self._clock,
                    sleep=self._sleep,
                )
                # A script ends with its jobs in the ledger, and takes the sandbox along.
                atexit.register(self.close)
            return self._parts
