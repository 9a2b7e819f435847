"""Who may come in, how many, and the log of the requests that came.

The log has one JSON object a line, so that a test or a person can see what arrived: `time`, `method`, `path` and
`status`; of a submit its `body` too, with each payload replaced by its size and SHA-256. No header is written, so no
key is.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import json
import math
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from veo_nb.sandbox import vertex, wire
from veo_nb.sandbox.videos import refusal
from veo_nb.sandbox.wire import Refused

MINUTE = 60.0
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
GOOGLES = ("/v1/", "/v1beta1/", "/storage/", "/download/")
"""Paths that only Google serves; on all others errors have the provider's own form, where it has one."""
LARGEST = 16_000_000
"""Bytes after which a log is put aside when a server starts."""
LONGEST = 100_000
"""Characters up to which a text is written out."""


class Gate:
    """Lets in who speaks to this machine and has the key, and writes every request down.

    A request's entry is in its scope as `veo_entry`; who reads its body leaves that as `veo_body`.
    """

    def __init__(self, app: ASGIApp, key: str, log: RequestLog, clock: Callable[[], float]) -> None:
        self.app = app
        self.key = key.encode()
        self.log = log
        self.clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        entry = scope["veo_entry"] = Entry(self.log, scope, self.clock())

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                await entry.write(message["status"])
            await send(message)

        refusal = self._refusal(Headers(scope=scope), scope["path"], scope["query_string"])
        await (refusal or self.app)(scope, receive, watched)
        await entry.write(0)

    def _refusal(self, headers: Headers, path: str, query: bytes) -> Response | None:
        # A page in a browser can be made to call this machine under another name: DNS rebinding.
        if _host(headers.get("host", "")) not in LOOPBACK:
            body = wire.error(403, "PERMISSION_DENIED", "The sandbox answers on this machine only.")
            return JSONResponse(body, 403)
        # The address to which a file is sent is secret itself.
        if path.startswith("/upload/") and b"upload_id=" in query:
            return None
        if not any(hmac.compare_digest(key, self.key) for key in _keys(headers)):
            body = vertex.UNAUTHORIZED if is_googles(path) else wire.UNAUTHORIZED
            if path.startswith("/v1/videos"):
                body = refusal.UNAUTHORIZED
            # What stands in front of the newer service answers with a list.
            return JSONResponse([vertex.UNAUTHORIZED] if "/interactions" in path else body, 401)
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


class Quota:
    """Lets submits in until there are too many, as the provider limits a project; a limit of 0 is none.

    Pure: the time is an argument.
    """

    def __init__(self, per_minute: int, in_flight: int) -> None:
        self.per_minute = per_minute
        self.in_flight = in_flight
        self._recent: deque[float] = deque()
        self._entering: set[str] = set()
        """Submits that are being read: nobody can tell yet whether an operation comes of them."""
        self._open: set[str] = set()

    @contextlib.contextmanager
    def place(self, operation: str, now: float, is_done: Callable[[str], bool]) -> Iterator[None]:
        """Count a submit, valid or not, and hold a place for the operation that the block starts.

        The place is the operation's until it is done; it is free at once when the block raises.

        Raises:
            Refused: 429, it came too early, or all places are taken by operations that are not done.
        """
        while self._recent and self._recent[0] <= now - MINUTE:
            self._recent.popleft()
        if 0 < self.per_minute <= len(self._recent):
            wait = max(1, math.ceil(self._recent[0] + MINUTE - now))
            message = f"Rate limit exceeded: {self.per_minute} requests a minute. Try again in {wait} s."
            raise Refused(429, "RESOURCE_EXHAUSTED", message, wait=wait, provider=wire.slow_down(message))
        self._recent.append(now)
        self._open = {name for name in self._open if not is_done(name)}
        if 0 < self.in_flight <= len(self._open) + len(self._entering):
            message = f"Quota exceeded: {self.in_flight} operations are in flight. Wait until one is done."
            raise Refused(429, "RESOURCE_EXHAUSTED", message)
        self._entering.add(operation)
        try:
            yield
            self._open.add(operation)
        finally:
            self._entering.discard(operation)


class RequestLog:
    """Appends to `requests.jsonl` in a folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "requests.jsonl"
        if self.path.exists() and self.path.stat().st_size > LARGEST:
            self.path.replace(folder / "requests.old.jsonl")

    def add(self, entry: dict[str, Any]) -> None:
        """Write one request down."""
        # One write to a file opened for appending: lines of two servers don't mix.
        with self.path.open("ab", buffering=0) as file:
            file.write(json.dumps(entry).encode() + b"\n")


class Entry:
    """What the log will say of one request; the first word about its answer counts."""

    def __init__(self, log: RequestLog, scope: Scope, now: float) -> None:
        self.fault = ""
        """The kind of fault that was played, if any."""
        self._log = log
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
            entry["body"] = shown(self._scope["veo_body"])
        self._log.add(entry)


def shown(raw: bytes) -> Any:
    """A body as it may be written down: payloads by size and SHA-256."""
    try:
        return _digested(msgspec.json.decode(raw))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _digest(raw)


def _digested(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _payload(item)
            if key in ("bytesBase64Encoded", "data") and isinstance(item, str)
            else _digested(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_digested(item) for item in value]
    if isinstance(value, str) and len(value) > LONGEST:
        return {"characters": len(value)}
    return value


def _payload(text: str) -> Any:
    try:
        return _digest(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return {"characters": len(text)}


def _digest(data: bytes) -> dict[str, Any]:
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
