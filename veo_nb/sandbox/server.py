"""The server's routes: submit, poll, download."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from veo_nb.sandbox import wire
from veo_nb.sandbox.journal import Journal, told
from veo_nb.sandbox.pool import INTERNAL, Pool
from veo_nb.sandbox.recipe import write_recipe
from veo_nb.sandbox.store import Operation, Store

LARGEST = 64 * 1024 * 1024
"""Bytes of the largest body that is taken."""
DRAINED = 1024 * 1024 * 1024
"""Bytes of a too large body that are read and dropped, so that its sender hears the answer."""
REASON = "The sandbox was asked to filter this clip (sandbox:filter). You are not charged."
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Sandbox:
    """The server's parts and settings, handed to each route as `request.app.state.sandbox`."""

    store: Store
    pool: Pool
    journal: Journal
    key: str
    latency: float
    """Seconds an operation takes at least."""


async def submit(request: Request) -> Response:
    """Take an order and answer with the operation's name."""
    sandbox: Sandbox = request.app.state.sandbox
    raw = await _body(request)
    request.scope["veo_body"] = raw
    model = wire.find_model(request.path_params["model"])
    order = await run_in_threadpool(wire.read_order, model, raw)
    operation = secrets.token_hex(8)
    source = sandbox.store.find_file(order.video_file) if order.video_file else None
    recipe = await run_in_threadpool(write_recipe, order, operation, sandbox.store.folder, source)
    now = time.time()
    fails, filtered = "sandbox:fail" in order.prompt, "sandbox:filter" in order.prompt
    sandbox.store.add(
        Operation(
            id=operation,
            model=order.model,
            recipe=recipe,
            ready=now + sandbox.latency,
            ended=fails or filtered,
            code=INTERNAL if fails else 0,
            message="The sandbox was asked to fail (sandbox:fail)." if fails else "",
            reasons=(REASON,) * order.samples if filtered else (),
        ),
        now,
    )
    sandbox.pool.wake()
    return JSONResponse({"name": wire.operation_name(order.model, operation)})


async def poll(request: Request) -> Response:
    """Tell how an operation stands."""
    sandbox: Sandbox = request.app.state.sandbox
    found = sandbox.store.find(request.path_params["operation"])
    if found is None or request.path_params.get("model", found.model) != found.model:
        raise wire.Refused(404, "NOT_FOUND", "There is no such operation.")
    name = wire.operation_name(found.model, found.id)
    if not found.ended or time.time() < found.ready:
        return JSONResponse({"name": name})
    if found.code:
        return JSONResponse(wire.failed(name, found.code, found.message))
    if found.reasons:
        return JSONResponse(wire.filtered(name, list(found.reasons)))
    base = f"http://{request.headers['host']}/upload/v1beta/files"
    return JSONResponse(wire.finished(name, [f"{base}/{item}:download?alt=media" for item in found.files]))


async def download(request: Request) -> Response:
    """Send a video, or the part of it that is asked for."""
    sandbox: Sandbox = request.app.state.sandbox
    name = request.path_params["file"]
    path = sandbox.store.file(name)
    if sandbox.store.find_file(name) is None or not path.is_file():
        raise wire.Refused(404, "NOT_FOUND", "There is no such file, or it has expired.")
    return FileResponse(path, media_type="video/mp4")


async def _body(request: Request) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= LARGEST:
            chunks.append(chunk)
        else:
            chunks.clear()
            if size > DRAINED:
                break
    if size > LARGEST:
        message = f"The request is too large: at most {LARGEST} bytes are taken."
        raise wire.Refused(413, "INVALID_ARGUMENT", message)
    return b"".join(chunks)


class Gate:
    """Lets in who speaks to this machine and has the key, and writes every request down."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox) -> None:
        self.app = app
        self.sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                await run_in_threadpool(self._note, scope, message["status"])
            await send(message)

        refusal = self._refusal(Headers(scope=scope))
        await (refusal or self.app)(scope, receive, watched)

    def _refusal(self, headers: Headers) -> Response | None:
        # A page in a browser can be made to call this machine under another name: DNS rebinding.
        if _host(headers.get("host", "")) not in LOOPBACK:
            body = wire.error(403, "PERMISSION_DENIED", "The sandbox answers on this machine only.")
            return JSONResponse(body, 403)
        key = headers.get("x-goog-api-key", "").encode("utf-8", "replace")
        if not hmac.compare_digest(key, self.sandbox.key.encode()):
            return JSONResponse(wire.UNAUTHORIZED, 401)
        return None

    def _note(self, scope: Scope, status: int) -> None:
        entry: dict[str, Any] = {
            "time": round(time.time(), 3),
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
        }
        if "veo_body" in scope:
            entry["body"] = told(scope["veo_body"])
        self.sandbox.journal.add(entry)


def _host(header: str) -> str:
    """The name in a Host header, without its port."""
    name, colon, port = header.rpartition(":")
    return name if colon and port.isdigit() else header


async def _refused(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, wire.Refused)
    return JSONResponse(problem.body, problem.code)


async def _no_route(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    code = HTTPStatus(problem.status_code)
    status = {404: "NOT_FOUND", 405: "UNIMPLEMENTED"}.get(code, code.name)
    return JSONResponse(wire.error(code, status, f"{problem.detail}."), code, headers=problem.headers)


async def _forget(store: Store) -> None:
    """Keep videos as long as the provider does, and no longer."""
    while True:
        store.forget(time.time() - wire.PROVIDER.retention_seconds)
        await asyncio.sleep(3600.0)


def application(sandbox: Sandbox) -> ASGIApp:
    """The server as an ASGI application."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        sandbox.pool.start()
        sweeper = asyncio.create_task(_forget(sandbox.store))
        try:
            yield
        finally:
            sweeper.cancel()
            await sandbox.pool.stop()

    files = "/v1beta/files/{file}:download"
    routes = [
        Route("/v1beta/models/{model}:predictLongRunning", submit, methods=["POST"]),
        Route("/v1beta/models/{model}/operations/{operation}", poll),
        Route("/v1beta/operations/{operation}", poll),
        Route(files, download),
        Route(f"/upload{files}", download),
    ]
    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={wire.Refused: _refused, HTTPException: _no_route},
    )
    app.state.sandbox = sandbox
    return Gate(app, sandbox)
