"""The way to the provider: its client, and the sandbox behind it where that is ours to start."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from veo_nb.api import errors as refusals
from veo_nb.api import retry
from veo_nb.config import Settings
from veo_nb.credentials.keys import SANDBOX_KEY
from veo_nb.engine.job import Job, JobNote
from veo_nb.engine.providers import child
from veo_nb.errors import (
    DownloadError,
    NotFound,
    OperationAbandoned,
    RateLimited,
    TransportError,
    VeoError,
)

if TYPE_CHECKING:
    import httpx2

    from veo_nb.api.client import AsyncClient

START_SECONDS = 60.0


def open_client(
    settings: Settings,
    base_url: str,
    transport: httpx2.AsyncBaseTransport | None,
    clock: Callable[[], float],
) -> AsyncClient:
    """A client as these settings want it, at `base_url` where that is not empty."""
    # With it comes httpx2, which is a third of what all of this takes to load.
    from veo_nb.api.client import AsyncClient

    return AsyncClient(
        settings.provider,
        settings.api_key,
        base_url,
        project=settings.project,
        location=settings.location,
        storage_uri=settings.storage_uri,
        store=settings.store,
        keyed=settings.keyed,
        home=settings.home.provider.name,
        transport=transport,
        clock=clock,
    )


class Connection:
    """Made at its first use, and anew when the sandbox had to be started anew. On one event loop."""

    def __init__(
        self,
        settings: Settings,
        server: LocalServer | None,
        *,
        transport: httpx2.AsyncBaseTransport | None,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        chance: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._server = server
        self._transport = transport
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._lock = asyncio.Lock()
        # Former ones stay open: another job may be waiting for its turn in one, and hears there that it is dead.
        self._clients: list[AsyncClient] = []

    async def reach(self, job: Job) -> AsyncClient:
        """The client, with the sandbox up.

        Raises:
            VeoError: the sandbox does not start.
        """
        async with self._lock:
            if not self._clients or (self._server is not None and not self._server.alive):
                base_url = self._settings.base_url
                if self._server is not None:
                    if job.now.note is None:
                        job.change(note=JobNote(kind="starting"))
                    base_url = await asyncio.to_thread(self._server.start)
                client = open_client(self._settings, base_url, self._transport, self._clock)
                self._clients.append(client)
            return self._clients[-1]

    async def pause(self, job: Job, error: VeoError, attempt: int, since: float) -> None:
        """Wait before try number `attempt` + 1 of what failed so, for the first time at `since`; the job says so."""
        asked = error.facts.get("retry_after")
        seconds = retry.backoff(attempt, self._chance()) if asked is None else float(asked)
        if not job.stopping:
            until = self._clock() + seconds
            job.change(note=JobNote(kind=_waits_for(error), until=until, since=since, why=error.message))
        await self._sleep(seconds)

    async def doubt(self, job: Job, denial: VeoError, times: int, since: float, uri: str = "") -> None:
        """Wait before the provider is asked again about what it accepted; it has denied it `times` times from `since` on.

        `uri` is the address of the video, where that is denied and not the operation.

        Raises:
            VideoExpired: it is so old that the provider has deleted it.
            OperationAbandoned, DownloadError: it was asked for long enough; the operation is kept.
            VeoError: the error itself, where it is no denial.
        """
        if isinstance(denial, NotFound) and self._clock() > job.kept_until:
            # An operation goes with its video.
            raise refusals.of_age(denial, uri, job.provider) from None
        if not refusals.is_denial(denial):
            raise denial
        seconds = retry.doubt_pause(times, self._chance())
        if seconds is None:
            raise _given_up(job, denial, self._clock() - since, fetching=bool(uri))
        if not job.stopping:
            until = self._clock() + seconds
            job.change(note=JobNote(kind="denied", until=until, since=since, why=denial.message))
        await self._sleep(seconds)

    def now(self) -> float:
        """The time in epoch seconds."""
        return self._clock()

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients:
            await client.aclose()


def _given_up(job: Job, denial: VeoError, seconds: float, *, fetching: bool) -> VeoError:
    """The end of a job that the provider accepted and denies; running the cell again looks at its operation."""
    kind, what = (
        (DownloadError, "Made, but not handed out")
        if fetching
        else (OperationAbandoned, "Accepted, but not found there")
    )
    kept = (
        f"Operation {job.operation} is kept: %veo retry {job.id} or the cell looks again, --fresh asks anew."
    )
    return kind(
        f"{what} for {max(1, round(seconds / 60))} min: {denial.message[:1].lower()}{denial.message[1:]}",
        hint=f"{denial.hint} {kept}".strip(),
        operation=job.operation,
    )


def _waits_for(error: VeoError) -> Literal["asked", "offline", "down"]:
    """What a job waits for after an error that passes."""
    if isinstance(error, RateLimited):
        return "asked"
    return "offline" if isinstance(error, TransportError) else "down"


class LocalServer:
    """Starts `python -m veo_nb.sandbox` on a free port, with its data in `folder`.

    The server's standard input is a pipe that this process holds: however this process ends, the pipe closes and
    the server with it.
    """

    def __init__(self, folder: Path, latency: float = 4.0) -> None:
        self.folder = folder
        self.latency = latency
        self.base_url = ""
        self._process: subprocess.Popen[str] | None = None
        self._ended = False
        self._lock = threading.Lock()

    @property
    def alive(self) -> bool:
        """Whether the server runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> str:
        """The base URL of a running server; blocks for about a second when it has to start one.

        Raises:
            VeoError: it does not start; its own words are in the message.
        """
        with self._lock:
            if not self.alive:
                self._stop()
                self.base_url = self._start()
            return self.base_url

    def stop(self) -> None:
        """End the server for good."""
        self._ended = True
        process = self._process
        if process is not None:
            # One that is just starting: whoever waits for its first line need wait no longer.
            process.terminate()
        with self._lock:
            self._stop()

    def leave_to_the_parent(self) -> None:
        """Let go of the server in a forked child, which would keep it alive: it ends with the parent."""
        process, self._process = self._process, None
        self._lock = threading.Lock()
        if process is not None:
            # Nobody here waits for it.
            process.returncode = 0
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()

    def _start(self) -> str:
        if self._ended:
            raise VeoError("The sandbox was stopped.", hint="Make another studio.")
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "server.log").open("w", encoding="utf-8") as log:
            try:
                process = child.start(
                    [
                        *(sys.executable, "-m", "veo_nb.sandbox", "--port", "0", "--stop-with-stdin"),
                        *("--data", str(self.folder), "--latency", str(self.latency)),
                    ],
                    # From its own folder, so that a file of the person's named like a module is not imported.
                    self.folder,
                    log=log,
                    extra={"VEO_NB_SANDBOX_KEY": SANDBOX_KEY},
                )
            except OSError as error:
                raise VeoError(
                    f"The sandbox did not start: {sys.executable} can't be run: {error.strerror or error}.",
                    hint="%veo doctor looks for the reason.",
                ) from None
        self._process = process
        line = _first_line(process, START_SECONDS)
        if not line.startswith("READY "):
            self._stop()
            words = (self.folder / "server.log").read_text("utf-8", "replace").strip().splitlines()
            raise VeoError(
                f"The sandbox did not start: {words[-1] if words else 'it said nothing'}",
                hint="%veo doctor looks for the reason.",
            )
        return line.removeprefix("READY ").strip()

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.terminate()
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(3)
        process.stdout.close()


def _first_line(process: subprocess.Popen[str], seconds: float) -> str:
    """The first line a process prints; empty when it ends or stays silent for too long."""
    assert process.stdout is not None
    lines: queue.Queue[str] = queue.Queue()
    stdout = process.stdout
    threading.Thread(target=lambda: lines.put(stdout.readline()), name="veo-nb-sandbox", daemon=True).start()
    try:
        return lines.get(timeout=seconds)
    except queue.Empty:
        return ""
