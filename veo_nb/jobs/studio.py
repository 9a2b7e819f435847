"""The studio: settings, ledger, library and engine put together behind a few plain calls."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from veo_nb import catalog
from veo_nb.config import Settings, resolve_settings
from veo_nb.errors import InvalidRequest, NotFound, VeoError
from veo_nb.jobs.cost import estimate
from veo_nb.jobs.engine import Engine
from veo_nb.jobs.handover import Handover
from veo_nb.jobs.job import ALPHABET, Job, State
from veo_nb.jobs.ledger import JobRow, Ledger
from veo_nb.jobs.library import Library
from veo_nb.jobs.local_server import LocalServer
from veo_nb.jobs.loop import BackgroundLoop
from veo_nb.jobs.ownership import Ownership
from veo_nb.jobs.registry import Registry
from veo_nb.jobs.sweep_ledger import SweepLedger
from veo_nb.jobs.sweeping import Sweeping
from veo_nb.jobs.timing import usual_seconds
from veo_nb.jobs.video import Video
from veo_nb.request import Source, VideoRequest, make_request


@dataclass(frozen=True)
class Preview:
    """What a request would do: nothing was sent. `usd` is the list price, `seconds` the usual time."""

    request: VideoRequest
    provider: catalog.Provider
    usd: float | None
    seconds: float
    stored: Job | None
    """The job that would be shown or joined in place of sending anything."""


@dataclass(frozen=True)
class _Parts:
    """What exists once the library is open; `close` ends all of it, the last one made first."""

    ledger: Ledger
    registry: Registry
    loop: BackgroundLoop
    engine: Engine
    handover: Handover
    close: Callable[[], None]


class Studio(Sweeping):
    """Makes clips, keeps them, and finds them again.

    Arguments are the settings of `veo_nb.config`: `provider`, `api_key`, `base_url`, `library`, `model`,
    `max_in_flight`. Nothing is started or written before the first job, except that jobs an earlier kernel left
    are taken on by `resume()`.

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
        **settings: Any,
    ) -> None:
        self.settings: Settings = resolve_settings(
            settings, options or {}, os.environ if environ is None else environ, folder or Path.cwd()
        )
        self.library = Library(self.settings.library)
        self._transport = transport
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.RLock()
        self._owner_id = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._parts: _Parts | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"Studio(provider={self.settings.provider.name!r}, library={str(self.settings.library)!r})"

    # Making

    def generate(self, prompt: str, *, take: int = 1, fresh: bool = False, **fields: Any) -> Job:
        """The job for this request; returns at once, the clip is made in the background.

        A request that was made before is not sent again: the stored clip, or the job that still runs, is what
        you get. `take=2` asks for another sample of it, `fresh=True` ignores what is stored. Fields are those of
        `VideoRequest`.

        Raises:
            InvalidRequest: before anything is sent.
            AuthenticationError: the provider needs a key and there is none.
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
            for picture in request.pictures():
                self.library.keep_picture(picture)
            mine, row = self._enter(request, take, parts.ledger, fresh=fresh)
            job = parts.registry.job(row, request if mine else None)
            if mine:
                parts.handover.start(job)
        if not mine:
            self._take_up(job, parts)
        return job, mine

    def preview(self, prompt: str, *, take: int = 1, fresh: bool = False, **fields: Any) -> Preview:
        """What `generate` would do, checked in the same way, with nothing sent and nothing written."""
        request = self._request(prompt, take, fields)
        provider, parts = self.settings.provider, self._open_existing()
        past = parts.ledger.generation_seconds(provider.name, request.model) if parts else []
        seconds, _ = usual_seconds(past, provider, catalog.MODELS[request.model])
        row = parts.ledger.standing(request.fingerprint(provider.name), take) if parts and not fresh else None
        stored = parts.registry.job(row) if parts and row else None
        return Preview(request, provider, estimate(request), seconds, stored)

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
        return [*parts.handover.resume(), *self._desk().go_on()] if parts else []

    def retry(self, job_id: str) -> Job:
        """Look again for the video of a job that was accepted and then failed on the way; nothing is sent anew.

        Raises:
            InvalidRequest: it still runs, it is done, it was never accepted, or another provider has it.
        """
        job = self.job(job_id)
        if not job.now.state.final:
            raise InvalidRequest(f"Job {job.id} is {job.status}.", hint="%veo wait waits for it.")
        if job.operation is None:
            raise InvalidRequest(f"Job {job.id} was never accepted.", hint="Run its cell again.")
        if _is_complete(job):
            raise InvalidRequest(
                f"Job {job.id} is done and its video is here.", hint=f"%veo show {job.id} shows it."
            )
        parts = self._open()
        parts.handover.again(job, parts.engine.look_again)
        return job

    def resubmit(self, job_id: str) -> Job:
        """Send a job again whose first answer was lost. It may be charged twice, so only a person asks for it.

        Raises:
            InvalidRequest: the job is not uncertain, or another provider had it.
        """
        job = self.job(job_id)
        if job.now.state is not State.UNCERTAIN:
            raise InvalidRequest(
                f"Job {job.id} is {job.status}, not uncertain.", hint="Run its cell again instead."
            )
        parts = self._open()
        parts.handover.again(job, parts.engine.send_again)
        return job

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
            values["video"] = _source(values["video"])
        for name in ("image", "last_frame"):
            if isinstance(values.get(name), Job):
                raise InvalidRequest(
                    f"{name} is a whole job.", hint="Use its .video.last_frame().", field=name
                )
        return make_request(self.settings.provider, prompt=prompt, **values)

    def _take_up(self, job: Job, parts: _Parts) -> None:
        """Go on with a stored job where it needs it: its file is gone, or nobody drives it any more."""
        if job.now.state is State.SUCCEEDED and not _is_complete(job):
            parts.handover.again(job, parts.engine.look_again)
        else:
            parts.handover.attend(job)

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
                estimate=estimate(request),
                owner=self._owner_id,
                created_at=self._clock(),
            )
            standing = ledger.add_job(row, fresh=fresh)
            if standing is not None:
                return standing is row, standing

    def _attend(self, job: Job) -> None:
        if not job.now.state.final:
            self._open().handover.attend(job)

    def _cancel(self, job: Job) -> None:
        if not job.now.state.final:
            self._open().handover.cancel(job)

    def _open_existing(self) -> _Parts | None:
        """The open library, if there is one at all."""
        if self._parts is None and not self.library.ledger_path.exists():
            return None
        return self._open()

    def _open(self) -> _Parts:
        with self._lock:
            if self._closed:
                raise VeoError("This studio is closed.", hint="Make another one.")
            if self._parts is None:
                self._parts = self._make_parts()
                # A script ends with its jobs in the ledger, and takes the sandbox along.
                atexit.register(self.close)
            return self._parts

    def _make_parts(self) -> _Parts:
        self.library.prepare()
        with contextlib.ExitStack() as made:
            ledger = Ledger(self.library.ledger_path)
            made.callback(ledger.close)
            ownership = Ownership(ledger, self._owner_id, self._clock)
            made.callback(ownership.stop)
            loop = BackgroundLoop()
            made.callback(loop.stop)
            server = None
            if self.settings.provider.name == "sandbox" and not self.settings.base_url:
                server = LocalServer(self.library.folder / ".sandbox")
                made.callback(server.stop)
            registry = Registry(ledger, self.library, self._cancel, self._attend)
            making = self._make_engine(ledger, server, lambda job: handover.follow(job))  # noqa: PLW0108  see below
            engine = loop.run(making).result(30)
            made.callback(_let_go, registry, engine, loop)
            held = SweepLedger(lambda: ledger).held()
            loop.do(lambda: engine.hold(held, back=True))
            handover = Handover(
                settings=self.settings,
                ledger=ledger,
                registry=registry,
                ownership=ownership,
                engine=engine,
                loop=loop,
                sleep=self._sleep,
            )
            return _Parts(ledger, registry, loop, engine, handover, made.pop_all().close)

    async def _make_engine(
        self, ledger: Ledger, server: LocalServer | None, displaced: Callable[[Job], None]
    ) -> Engine:
        return Engine(
            self.settings,
            ledger,
            self.library,
            server,
            owner=self._owner_id,
            displaced=displaced,
            transport=self._transport,
            clock=self._clock,
            sleep=self._sleep,
        )


def _let_go(registry: Registry, engine: Engine, loop: BackgroundLoop) -> None:
    """Stop the engine; whatever is not done by then, the ledger knows where it is."""
    with contextlib.suppress(FutureTimeout):
        loop.run(engine.stop()).result(10)
    for job in registry.active():
        job.abandon(
            VeoError(
                f"The studio of job {job.id} was closed.",
                hint="It stays in the library: %load_ext veo_nb takes it on.",
            )
        )


def _is_complete(job: Job) -> bool:
    return job.now.state is State.SUCCEEDED and all(video.path.exists() for video in job.videos)


def _source(value: Any) -> Any:
    """A clip of this library as a source; anything else as it is."""
    if isinstance(value, Job):
        value = value.video
    if isinstance(value, Video):
        if not value.uri:
            raise InvalidRequest(
                f"The clip of job {value.job_id} has no address at the provider.", hint="", field="video"
            )
        return Source(uri=value.uri, key=f"job:{value.job_id}/{value.sample}")
    return value
