"""What the tests of jobs live in: a clock that stands still until told, a provider in memory, an engine between them.

Nothing here waits for real time. Work that goes to threads is done in place, so `settle()` runs everything that can run.
"""

from __future__ import annotations

import asyncio
import base64
import heapq
import itertools
import json
import re
import threading
import tomllib
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2

from veo_nb import catalog
from veo_nb.config import Settings
from veo_nb.credentials.keys import Secret
from veo_nb.engine.download import LOOKERS
from veo_nb.engine.engine import Engine
from veo_nb.engine.job import Job, Registry
from veo_nb.engine.video import Video
from veo_nb.request import make_request
from veo_nb.store.billing import quote
from veo_nb.store.files import Files
from veo_nb.store.ledger import Ledger
from veo_nb.store.rows import JobRow

KEY = "sk-test-0123456789"
PROVIDER = catalog.PROVIDERS["gptproto"]


class Time:
    """Seconds since the epoch that pass only by `advance`; whoever sleeps is woken in order."""

    def __init__(self, now: float = 1_800_000_000.0, *, stopped: Callable[[], bool] = lambda: False) -> None:
        self.now = now
        self._stopped = stopped
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = itertools.count()

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._count), woken))
        await woken

    async def hurry(self, seconds: float) -> None:
        """A sleep for threads that nobody steps: the time passes at once.

        Not while it is `stopped`: what a test holds must not grow old, however long the machine takes.
        """
        if not self._stopped():
            self.now += seconds
        await asyncio.sleep(0.002)

    async def settle(self) -> None:
        """Let everything run until it waits for time or for the test."""
        loop: Any = asyncio.get_running_loop()
        await asyncio.sleep(0)
        while loop._ready:  # noqa: ASYNC110  nothing tells that a loop has nothing left to do
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        await self.settle()
        end = self.now + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            self.now, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
            await self.settle()
        self.now = end

    async def jump(self, seconds: float) -> None:
        """Set the clock, as it is after a sleep of the machine; who sleeps is measured by another one that stood still."""
        await self.settle()
        self.now += seconds
        self._sleepers = [(until + seconds, number, woken) for until, number, woken in self._sleepers]


class InPlace(ThreadPoolExecutor):
    """Does what is meant for a thread at once, so that a test knows when it is done."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  it comes out where the thread is waited for
            done.set_exception(error)
        return done


def stay_on_one_thread(loop: asyncio.AbstractEventLoop) -> None:
    """Have everything done in place on this loop."""
    loop.set_default_executor(InPlace(1))
    LOOKERS[loop] = InPlace(1)


class Held:
    """An answer that the test gives when it likes, from any thread."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self._answer: Future[Any] = Future()

    def give(self, answer: Any = None) -> None:
        self._answer.set_result(answer)

    @property
    def given(self) -> bool:
        return self._answer.done()

    async def wait(self) -> Any:
        self.asked.set()
        return await asyncio.wrap_future(self._answer)


Answer = Any
"""A Response, an exception to raise, a `Held` one, a function of the request, or None for the usual answer."""


class Service:
    """A provider in memory. By default every clip is taken, is ready at the first poll, and downloads whole.

    `submits`, `polls` and `downloads` hold the next answers, first one first; when empty, `on_poll` and the usual answers
    come. `posts`, `asked` and `fetched` list what was requested.
    """

    def __init__(self, clip: bytes) -> None:
        self.clip = clip
        self.submits: list[Answer] = []
        self.polls: list[Answer] = []
        self.downloads: list[Answer] = []
        self.posts: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.asked_otherwise: list[str] = []
        """Polls in the form of GPTProto's other page, which is not known here unless `on_other_poll` answers it."""
        self.on_other_poll: Callable[[str], httpx2.Response] = lambda name: httpx2.Response(404)
        self.uploads: list[Answer] = []
        """The next answers to what is asked of the Files API, announcements, pieces and looks alike."""
        self.files: dict[str, bytearray] = {}
        """What has come of each file."""
        self.fetched: list[Mapping[str, str]] = []
        self.requests: list[httpx2.Request] = []
        self.seen: Callable[[httpx2.Request], None] = lambda request: None
        """Called when a request arrives, before it is answered."""
        self.on_poll: Callable[[str], httpx2.Response] = self.finished
        self._held: list[Held] = []

    def holding(self) -> bool:
        """Whether a request waits for an answer that the test has not given yet."""
        return any(not held.given for held in self._held)

    @property
    def transport(self) -> httpx2.MockTransport:
        return httpx2.MockTransport(self._answer)

    def running(self, name: str) -> httpx2.Response:
        return httpx2.Response(200, json={"name": name})

    def finished(self, name: str, count: int = 1, **beside: Any) -> httpx2.Response:
        """An operation that is done with so many samples."""
        stem = name.rpartition("/")[2]
        base = "https://api.gptproto.com/upload/v1beta/files"
        samples = [{"video": {"uri": f"{base}/{stem}-{n}:download?alt=media"}} for n in range(count)]
        inner = {"generatedSamples": samples, **beside}
        return httpx2.Response(
            200, json={"name": name, "done": True, "response": {"generateVideoResponse": inner}}
        )

    def inline(self, name: str, count: int = 1, **beside: Any) -> httpx2.Response:
        """The same as Vertex AI says it, with the clips in the answer."""
        clip = {"bytesBase64Encoded": base64.b64encode(self.clip).decode(), "mimeType": "video/mp4"}
        response = {"videos": [clip] * count, **beside}
        return httpx2.Response(200, json={"name": name, "done": True, "response": response})

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        self.seen(request)
        path = request.url.path
        if re.match(r"/upload/v1beta/files$|/v1beta/files/up", path):
            return await self._next(self.uploads, request, lambda: self.upload(request))
        if "/interactions" in path:
            return await self._interact(request, path.rpartition("/interactions")[2].lstrip("/"))
        if path.startswith("/v1/videos"):
            return await self._film(request, path.removeprefix("/v1/videos").strip("/"))
        if path.endswith(":fetchPredictOperation"):
            name = json.loads(request.content)["operationName"]
            self.asked.append(name)
            return await self._next(self.polls, request, lambda: self.on_poll(name))
        if request.method == "POST" and "/operations/" in path:
            self.asked_otherwise.append(path.partition("/v1beta/")[2])
            return self.on_other_poll(self.asked_otherwise[-1])
        if request.method == "POST":
            self.posts.append(json.loads(request.content))
            model = path.rpartition("/")[2].partition(":")[0]
            home = "projects/p/locations/global/publishers/google/" if "/publishers/" in path else ""
            name = f"{home}models/{model}/operations/op{len(self.posts)}"
            return await self._next(self.submits, request, lambda: httpx2.Response(200, json={"name": name}))
        if "/operations/" in path:
            name = path.partition("/v1beta/")[2]
            self.asked.append(name)
            return await self._next(self.polls, request, lambda: self.on_poll(name))
        self.fetched.append(request.headers)
        return await self._next(self.downloads, request, lambda: self.send(request))

    async def _interact(self, request: httpx2.Request, name: str) -> httpx2.Response:
        """The same over the wire of Gemini Omni."""
        if request.method == "POST":
            self.posts.append(json.loads(request.content))
            begun = {"id": f"v1_op{len(self.posts)}", "object": "interaction", "status": "in_progress"}
            if not self.posts[-1]["store"]:
                return await self._next(self.submits, request, lambda: self.whole(str(begun["id"])))
            return await self._next(self.submits, request, lambda: httpx2.Response(200, json=begun))
        self.asked.append(name)
        return await self._next(self.polls, request, lambda: self.interaction(name))

    def upload(self, request: httpx2.Request, state: str = "ACTIVE") -> httpx2.Response:
        """What the Files API answers; a file that it tells of stands so."""
        google, headers = "https://generativelanguage.googleapis.com", request.headers
        if headers.get("x-goog-upload-command") == "start":
            name = f"up{len(self.files)}"
            self.files[name] = bytearray()
            address = f"{google}/upload/v1beta/files?upload_id={name}"
            return httpx2.Response(200, headers={"x-goog-upload-url": address})
        name = request.url.params.get("upload_id") or request.url.path.rpartition("/")[2]
        if name not in self.files:
            return httpx2.Response(403, json={"error": {"code": "permission_denied", "message": "No file."}})
        file = {"name": f"files/{name}", "uri": f"{google}/v1beta/files/{name}", "state": state}
        if request.method == "GET":
            return httpx2.Response(200, json=file)
        if headers["x-goog-upload-command"] == "query":
            come = {
                "x-goog-upload-status": "active",
                "x-goog-upload-size-received": str(len(self.files[name])),
            }
            return httpx2.Response(200, headers=come)
        assert headers["x-goog-upload-offset"] == str(len(self.files[name]))
        self.files[name] += request.content
        return httpx2.Response(200, json={"file": file})

    def whole(self, name: str) -> httpx2.Response:
        """The answer to a request of which nothing is stored: it has the clip."""
        data = base64.b64encode(self.clip).decode()
        content = {"type": "video", "mime_type": "video/mp4", "data": data}
        steps = [{"type": "model_output", "content": [content]}]
        return httpx2.Response(200, json={"id": name, "status": "completed", "steps": steps})

    def interaction(self, name: str, status: str = "completed") -> httpx2.Response:
        """An interaction that stands so; a completed one has its clip."""
        uri = f"https://generativelanguage.googleapis.com/v1beta/files/{name}"
        content = {"type": "video", "mime_type": "video/mp4", "uri": uri}
        steps = [{"type": "model_output", "content": [content]}] if status == "completed" else []
        return httpx2.Response(200, json={"id": name, "status": status, "steps": steps})

    async def _film(self, request: httpx2.Request, name: str) -> httpx2.Response:
        """The same over the wire of gateways."""
        if request.method == "POST":
            form = request.headers["content-type"].startswith("multipart/")
            self.posts.append({"form": request.content} if form else json.loads(request.content))
            begun = {"id": f"video_op{len(self.posts)}", "object": "video", "status": "queued"}
            return await self._next(self.submits, request, lambda: httpx2.Response(200, json=begun))
        if name.endswith("/content"):
            self.fetched.append(request.headers)
            return await self._next(self.downloads, request, lambda: self.send(request))
        self.asked.append(name)
        done = {"id": name, "object": "video", "status": "completed", "progress": 100}
        return await self._next(self.polls, request, lambda: httpx2.Response(200, json=done))

    async def _next(
        self, answers: list[Answer], request: httpx2.Request, usual: Callable[[], httpx2.Response]
    ) -> httpx2.Response:
        answer = answers.pop(0) if answers else None
        if isinstance(answer, Held):
            self._held.append(answer)
            answer = await answer.wait()
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            answer = answer(request)
        return answer if answer is not None else usual()

    def send(self, request: httpx2.Request, cut: int | None = None) -> httpx2.Response:
        """The clip, or the part of it that is asked for; with `cut` the way breaks after so many bytes of it."""
        found = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        start = int(found[1]) if found else 0
        body = self.clip[start:]
        headers = {"content-type": "video/mp4", "content-length": str(len(body))}
        if found:
            headers["content-range"] = f"bytes {start}-{len(self.clip) - 1}/{len(self.clip)}"
        stream = Pieces(body) if cut is None else Pieces(body[:cut], breaks=True)
        return httpx2.Response(206 if found else 200, headers=headers, stream=stream)

    def cut(self, after: int) -> Callable[[httpx2.Request], httpx2.Response]:
        """An answer to a download that breaks after so many bytes."""
        return lambda request: self.send(request, after)


class Pieces(httpx2.AsyncByteStream):
    """A body that comes bit by bit, and whose connection may break at its end."""

    def __init__(self, body: bytes, *, breaks: bool = False) -> None:
        self.body = body
        self.breaks = breaks

    async def __aiter__(self):
        for start in range(0, len(self.body), 16_384):
            yield self.body[start : start + 16_384]
        if self.breaks:
            raise httpx2.ReadError("the connection was reset")


OWN = "[prices.gptproto]\nfast = 0.15\nstandard = 0.40\n"
"""What a person has written down who pays GPTProto: it publishes no price."""
PRICES, _ = catalog.read_prices(tomllib.loads(OWN)["prices"], "your veo_nb.toml")


def settings_in(folder: Path, provider: catalog.Provider = PROVIDER, **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "max_in_flight": provider.in_flight,
        "requests_per_minute": provider.requests_per_minute,
        "library": folder,
        "prices": PRICES,
        "model": "veo-3.1-fast-generate-preview",
        **changes,
    }
    return Settings(provider=provider, api_key=Secret(KEY), **values)


def row_of(request: Any, **changes: Any) -> JobRow:
    """A ledger's row for this request, queued and ours."""
    values: dict[str, Any] = {
        "id": "3f2a",
        "fingerprint": request.fingerprint(),
        "take": 1,
        "provider": "gptproto",
        "model": request.model,
        "request": request.canonical(),
        "state": "queued",
        "estimate": quote(request, catalog.PROVIDERS["gptproto"], PRICES).usd,
        "owner": "me",
        "created_at": 1_800_000_000.0,
    }
    return JobRow(**{**values, **changes})


class NoActions:
    """What jobs can ask for where there is no studio: nothing."""

    drafts: Any = None

    def attend(self, job: Job) -> None:
        pass

    def model_name(self, job: Job) -> str:
        return catalog.short_name(job.request.model, job.provider, job.provider)

    def price_note(self, job: Job) -> str:
        return quote(job.request, job.provider, PRICES).note

    def cancel(self, job: Job) -> None:
        raise AssertionError

    def extend(self, video: Video, prompt: str, **fields: Any) -> Job:
        raise AssertionError

    def edit(self, edit: Video, prompt: str, **fields: Any) -> Job:
        raise AssertionError

    def retry(self, job_id: str) -> Job:
        raise AssertionError

    rerun = resubmit = retry


class InEngine(NoActions):
    """Where there is an engine and nothing else: a job can be stopped."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def cancel(self, job: Job) -> None:
        self._engine.cancel(job)


class World:
    """An engine on a library of its own, with the service and the time in the test's hand."""

    def __init__(
        self,
        folder: Path,
        clip: bytes,
        *,
        provider: catalog.Provider = PROVIDER,
        per_minute: int | None = 100,
        most: int = 10,
        store: bool = True,
    ) -> None:
        self.time = Time()
        self.service = Service(clip)
        self.library = Files(folder)
        self.library.prepare()
        self.ledger = Ledger(self.library.ledger_path)
        self.displaced: list[Job] = []
        provider = replace(provider, requests_per_minute=per_minute)
        self.settings = settings_in(folder, provider, max_in_flight=most, store=store)
        self.engine = self.make_engine()
        self.registry = Registry(self.ledger, self.library, InEngine(self.engine))
        self._ids = (f"{number:04x}" for number in itertools.count(0x1000))

    def make_engine(self, owner: str = "me") -> Engine:
        return Engine(
            self.settings,
            self.ledger,
            self.library,
            None,
            owner=owner,
            displaced=self.displaced.append,
            transport=self.service.transport,
            clock=self.time.clock,
            sleep=self.time.sleep,
            chance=lambda: 0.5,
        )

    def job(self, prompt: str = "A fox.", fields: Mapping[str, Any] | None = None, **row: Any) -> Job:
        """A job that is in the ledger and not driven yet; `row` replaces columns."""
        values = {"model": "fast", "prompt": prompt, **(fields or {})}
        request = make_request(self.settings.provider, **values)
        for picture in request.pictures():
            self.library.keep_picture(picture)
        name = self.settings.provider.name
        columns = {
            "id": next(self._ids),
            "created_at": self.time.now,
            "provider": name,
            "fingerprint": request.fingerprint(),
            **row,
        }
        stored = self.ledger.add_job(row_of(request, **columns), fresh=True)
        assert stored is not None
        job = self.registry.job(stored)
        self.registry.hold(job)
        return job

    async def drive(self, prompt: str = "A fox.", fields: Mapping[str, Any] | None = None, **row: Any) -> Job:
        """A job on its way, as far as it gets without time passing."""
        job = self.job(prompt, fields, **row)
        self.engine.drive(job)
        await self.time.settle()
        return job

    async def finish(self, *jobs: Job, within: float = 600.0) -> None:
        """Let time pass until these jobs are over."""
        end = self.time.now + within
        while not all(job.now.state.final for job in jobs):
            assert self.time.now < end, f"still going on: {[job for job in jobs if not job.now.state.final]}"
            await self.time.advance(1.0)

    def row(self, job: Job) -> JobRow:
        """The job as it is on disk."""
        found = self.ledger.job(job.id)
        assert found is not None
        return found

    async def close(self) -> None:
        await self.engine.stop()
        self.ledger.close()
