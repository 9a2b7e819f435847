"""Acts faults out on the socket; which, and when, is told by `veo_nb.sandbox.faults`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import socket
import struct
from http import HTTPStatus
from typing import Any

from msgspec import UNSET
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from veo_nb.sandbox import faults, wire
from veo_nb.sandbox.faults import Call, Fault, Faults

CALLS: tuple[tuple[Call, re.Pattern[str]], ...] = (
    ("submit", re.compile(r":predictLongRunning$|/interactions$|^/v1/videos$")),
    ("poll", re.compile(r"/operations/|:fetchPredictOperation$|/interactions/[^/]+$|^/v1/videos/[^/]+$")),
    ("download", re.compile(r"/files/[^/]*:download$|/storage/v1/b/|^/v1/videos/[^/]+/content$")),
    ("upload", re.compile(r"^/upload/[^/]+/files$")),
    ("models", re.compile(r"^/v1(?:beta)?/models$|/publishers/google/models/[^/:]+$")),
)
GOOGLE = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""Google's words for a status, where they are not HTTP's."""
PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1><hr>nginx</body></html>"
CHUNK = 65536
TICK = 0.1
"""Seconds between two pieces of a slow body."""


class ExposedConnection(H11Protocol):
    """HTTP as uvicorn speaks it, with its transport within a fault's reach: `scope["state"]["transport"]`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to serve a client."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class Mishaps:
    """Lets things go wrong on their way, as a table of faults says."""

    def __init__(self, app: ASGIApp, deal: Faults) -> None:
        self.app = app
        self.deal = deal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or spoil it."""
        call = _call(scope)
        fault = self.deal.meet(call) if call else None
        if fault is None or call is None:
            await self.app(scope, receive, send)
            return
        scope["veo_entry"].fault = fault.kind
        await asyncio.sleep(fault.delay)
        if isinstance(fault, faults.Broken):
            await self._break(fault, call, scope, receive)
        elif isinstance(fault, faults.Unready):
            scope["veo_file_state"] = fault.state
            await self.app(scope, receive, send)
        elif isinstance(fault, faults.Truncate):
            await self._answer_raw(scope, receive, end=fault.bytes)
            await _end(scope, receive)
        elif isinstance(fault, faults.WrongLength):
            await self._answer_raw(scope, receive, by=fault.by)
            await _end(scope, receive)
        elif isinstance(fault, faults.Slow):
            await self.app(scope, receive, _trickling(send, fault.rate))
        elif isinstance(fault, faults.NoRange):
            scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"range"]
            await self.app(scope, receive, send)
        else:
            await self._read(fault, scope, receive)
            if isinstance(fault, faults.Garbage):
                await scope["veo_entry"].write(0)
                _transport(scope).write(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
                await _end(scope, receive)
            elif isinstance(fault, faults.Huge):
                await _send_much(fault.bytes, call, scope, send)
            else:
                await _response(fault, Request(scope))(scope, receive, send)

    async def _read(self, fault: Fault, scope: Scope, receive: Receive) -> None:
        """Take the request in, and do its work where that is asked for."""
        if fault.carried_out:
            await self.app(scope, receive, _drop)
        else:
            scope["veo_body"] = await Request(scope, receive).body()

    async def _break(self, fault: faults.Broken, call: Call, scope: Scope, receive: Receive) -> None:
        """Reset the connection at the place that the fault says, or keep silent there."""
        if fault.at == "answer":
            await self._answer_raw(scope, receive, end=fault.bytes)
        elif fault.at == "body" and call == "upload" and fault.bytes:
            with contextlib.suppress(ClientDisconnect):
                await self.app(scope, _cut(receive, fault.bytes), _drop)
        elif fault.at == "body":
            await self._read(fault, scope, receive)
        await scope["veo_entry"].write(0)
        if isinstance(fault, faults.Hang):
            await _silence(scope, fault.seconds)
        _reset(_transport(scope))
        await _gone(receive)

    async def _answer_raw(
        self, scope: Scope, receive: Receive, *, end: int | None = None, by: int = 0
    ) -> None:
        """Do the work and write the answer past uvicorn, which would insist on its being right."""
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        await self.app(scope, receive, collect)
        body = b"".join(message.get("body", b"") for message in messages[1:])
        await scope["veo_entry"].write(messages[0]["status"])
        headers = [pair for pair in messages[0]["headers"] if pair[0] != b"content-length"]
        headers.append((b"content-length", b"%d" % max(0, len(body) + by)))
        transport = _transport(scope)
        transport.write(_head(messages[0]["status"], headers) + body[:end])
        while transport.get_write_buffer_size() and not transport.is_closing():  # noqa: ASYNC110  it tells no event
            await asyncio.sleep(0.01)


async def _drop(_: Message) -> None:
    pass


def _cut(receive: Receive, size: int) -> Receive:
    """A request of which so many bytes of the body come, and then its connection ends."""
    left = size

    async def part() -> Message:
        nonlocal left
        if left <= 0:
            return {"type": "http.disconnect"}
        message = await receive()
        body = message.get("body", b"")[:left]
        left -= len(body)
        return {**message, "body": body, "more_body": True} if message["type"] == "http.request" else message

    return part


def _call(scope: Scope) -> Call | None:
    if scope["type"] != "http":
        return None
    found = next((call for call, pattern in CALLS if pattern.search(scope["path"])), None)
    # A list of what there is has the address of a submit.
    return None if found == "submit" and scope["method"] != "POST" else found


def _transport(scope: Scope) -> asyncio.Transport:
    transport: asyncio.Transport = scope["state"]["transport"]
    return transport


def _head(status: int, headers: list[tuple[bytes, bytes]]) -> bytes:
    lines = [b"HTTP/1.1 %d %s" % (status, _phrase(status).encode())]
    lines += [name + b": " + value for name, value in [*headers, (b"connection", b"close")]]
    return b"\r\n".join([*lines, b"", b""])


def _phrase(status: int) -> str:
    """A status in words; those that only some CDN knows have none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _reset(transport: asyncio.Transport) -> None:
    """End a connection so that the other side hears "connection reset by peer"."""
    line = transport.get_extra_info("socket")
    if line is not None and not transport.is_closing():
        # Two numbers, which are short on Windows: do not linger.
        both = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, both)
    transport.abort()


async def _end(scope: Scope, receive: Receive) -> None:
    _transport(scope).close()
    await _gone(receive)


async def _gone(receive: Receive) -> None:
    """Wait until uvicorn knows that the connection has ended; else it would complain that nothing was answered."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _silence(scope: Scope, seconds: float) -> None:
    """Say nothing until the time is over or the other side has left. It is not read from: nothing takes its bytes."""
    waited = 0.0
    while not _transport(scope).is_closing() and (not seconds or waited < seconds):
        await asyncio.sleep(min(TICK, seconds - waited) if seconds else TICK)
        waited += TICK


def _trickling(send: Send, rate: int) -> Send:
    async def slowly(message: Message) -> None:
        body = message.get("body", b"")
        size = max(1, round(rate * TICK))
        while len(body) > size:
            await send({"type": "http.response.body", "body": body[:size], "more_body": True})
            body = body[size:]
            await asyncio.sleep(size / rate)
        if body:
            await asyncio.sleep(len(body) / rate)
            message = {**message, "body": body}
        await send(message)

    return slowly


async def _send_much(size: int, call: Call, scope: Scope, send: Send) -> None:
    kind, piece = (b"video/mp4", bytes(CHUNK)) if call == "download" else (b"application/json", b" " * CHUNK)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
    sent = 0
    while sent < size and not _transport(scope).is_closing():
        part = piece[: size - sent]
        await send({"type": "http.response.body", "body": part, "more_body": True})
        sent += len(part)
    await send({"type": "http.response.body", "body": b"" if call == "download" else b"{}"})


def _response(fault: Fault, request: Request) -> Response:
    """An answer that is an answer, and not the one that was hoped for."""
    if isinstance(fault, faults.Status):
        headers = {} if fault.retry_after is UNSET else {"retry-after": str(fault.retry_after)}
        body, kind = _error(fault)
        return Response(body, fault.status, headers, kind)
    if isinstance(fault, faults.Empty):
        return Response(b"", fault.status)
    if isinstance(fault, faults.Html):
        return Response(PAGE.format(_phrase(fault.status)), fault.status, media_type="text/html")
    if isinstance(fault, faults.NotJson):
        return Response(b'{"name": "models/', media_type="application/json")
    if isinstance(fault, faults.Redirect):
        same = request.url
        other = same.replace(hostname="127.0.0.1" if same.hostname == "localhost" else "localhost")
        to = fault.to.replace("{same}", str(same)).replace("{other}", str(other))
        return Response(b"", fault.status, {"location": to})
    if isinstance(fault, faults.WrongShape):
        return Response(json.dumps(fault.body), media_type="application/json")
    assert isinstance(fault, faults.Answer)
    text = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
    return Response(text.encode("utf-8", "surrogatepass"), fault.status, fault.headers)


def _error(fault: faults.Status) -> tuple[str, str]:
    """The body of an error in one of its documented forms, and its type."""
    body: dict[str, Any]
    if fault.form == "empty":
        return "", "application/json"
    if fault.form == "html":
        return PAGE.format(fault.message), "text/html"
    if fault.form == "flat":
        body = {"code": fault.status, "message": fault.message, "type": "error"}
    elif fault.form == "provider" and fault.status == 429:
        body = wire.slow_down(fault.message)
    elif fault.form == "provider":
        body = {"error": {"message": fault.message, "type": fault.reason or str(fault.status)}}
    else:
        status = GOOGLE.get(fault.status) or _phrase(fault.status).upper().replace(" ", "_")
        body = wire.error(fault.status, status, fault.message, fault.reason)
    return json.dumps(body), "application/json"
