"""Who may come in, and the note of each request that came."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from veo_nb.sandbox import vertex, wire
from veo_nb.sandbox.journal import Journal, told

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
GOOGLES = ("/v1/", "/v1beta1/", "/storage/", "/download/")
"""Paths that only Google serves; on all others errors have the provider's own form, where it has one."""


class Note:
    """What the journal will say of one request; the first word about its answer counts."""

    def __init__(self, journal: Journal, scope: Scope, now: float) -> None:
        self.fault = ""
        """The kind of fault that was played, if any."""
        self._journal = journal
        self._scope = scope
        self._now = now
        self._written = False

    async def write(self, status: int) -> None:
        """Write the request down, with the status of its answer; 0 for none."""
        if self._written:
            return
        self._written = True
        scope = self._scope
        entry = {
            "time": round(self._now, 3),
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
        }
        if self.fault:
            entry["fault"] = self.fault
        await run_in_threadpool(self._add, entry)

    def _add(self, entry: dict[str, object]) -> None:
        if "veo_body" in self._scope:
            entry["body"] = told(self._scope["veo_body"])
        self._journal.add(entry)


class Gate:
    """Lets in who speaks to this machine and has the key, and writes every request down.

    A request's note is in its scope as `veo_note`; who reads its body leaves that as `veo_body`.
    """

    def __init__(self, app: ASGIApp, key: str, journal: Journal, clock: Callable[[], float]) -> None:
        self.app = app
        self.key = key.encode()
        self.journal = journal
        self.clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        note = scope["veo_note"] = Note(self.journal, scope, self.clock())

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                await note.write(message["status"])
            await send(message)

        refusal = self._refusal(Headers(scope=scope), scope["path"])
        await (refusal or self.app)(scope, receive, watched)
        await note.write(0)

    def _refusal(self, headers: Headers, path: str) -> Response | None:
        # A page in a browser can be made to call this machine under another name: DNS rebinding.
        if _host(headers.get("host", "")) not in LOOPBACK:
            body = wire.error(403, "PERMISSION_DENIED", "The sandbox answers on this machine only.")
            return JSONResponse(body, 403)
        if not any(hmac.compare_digest(key, self.key) for key in _keys(headers)):
            return JSONResponse(vertex.UNAUTHORIZED if is_googles(path) else wire.UNAUTHORIZED, 401)
        return None


def is_googles(path: str) -> bool:
    """Whether only Google serves this path, so that its errors have Google's form."""
    return path.startswith(GOOGLES)


def _keys(headers: Headers) -> list[bytes]:
    """What a request offers for a key, in either of the two headers."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    offered = [headers.get("x-goog-api-key", ""), token.strip() if kind.lower() == "bearer" else ""]
    return [key.encode("utf-8", "replace") for key in offered]


def _host(header: str) -> str:
    """The name in a Host header, without its port."""
    name, colon, port = header.rpartition(":")
    return name if colon and port.isdigit() else header
