"""The provider on real sockets, one for each of its calls, of which one is out of order until it is mended.

    with Line(clip) as line:
        line.open(FAULT, "poll")
        …
        line.mend()

A fault takes the place of the answer (after the request was read, when only its head was, or as soon as somebody connects), or
of the port: closed, without a name, or with a certificate that nobody trusts.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Self

from tests.api.service import Call, Step, answer
from tests.faults.network.certificates import Certificates
from tests.faults.wires import WIRES
from veo_nb.engine.loop import BackgroundLoop

Kind = Literal["submit", "poll", "download"]
CALLS: tuple[Kind, ...] = ("submit", "poll", "download")
NAMES = {"submit": "submit.veo.example", "poll": "poll.veo.example", "download": "files.veo.example"}
"""The hosts of the calls, where they have names; `elsewhere` is nobody's of ours."""
ELSEWHERE = "cdn.example.com"


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong with a call, for as long as it is not mended."""

    name: str
    step: Callable[[Line, Call], Step] | None = None
    at: Literal["connect", "head", "answer"] = "answer"
    port: Literal["open", "closed", "nameless", "self-signed", "expired", "another host's"] = "open"
    tls: bool = False
    """Whether the three calls go over TLS."""
    hangs: bool = False
    """Whether only a deadline ends it."""
    said_no: bool = False
    """Whether a submit that is answered so was certainly not accepted."""


class Line:
    """Takes every clip, says `running` to the first look at it, and sends `clip`, or the part of it that is asked for.

    `asked` lists the requests by call; `taken` counts the submits that may have been accepted; `abroad` lists what was
    asked on a host that is not the provider's. `tls` puts certificates on all ports, `names` names on the hosts.
    """

    def __init__(self, clip: bytes, certificates: Certificates) -> None:
        self.clip = clip
        self._certificates = certificates
        self._loop = BackgroundLoop()
        self._servers: dict[str, asyncio.Server] = {}
        self._ports: dict[str, int] = {}
        self._fault: Fault | None = None
        self._broken: str = ""
        self._tasks: set[asyncio.Task[Any]] = set()
        self.tls = False
        self.names = False
        self.wire = WIRES["gemini"]
        self.now: Callable[[], float] = lambda: 0.0
        self.forget()

    def forget(self) -> None:
        """Begin anew: everything works, nothing was asked."""
        self.asked: dict[str, list[Call]] = {kind: [] for kind in CALLS}
        self.abroad: list[Call] = []
        self.taken = 0
        self.looks: dict[str, int] = {}
        self.uri = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.run(self._close()).result(10)
        self._loop.stop()

    # Breaking and mending, from any thread

    def open(self, fault: Fault | None = None, kind: Kind | None = None, *, names: bool = False) -> None:
        """Open all ports, with this fault on those of one call."""
        self.forget()
        self._fault, self._broken = fault, kind or ""
        self.tls = bool(fault and fault.tls)
        self.names = names or bool(fault and fault.port == "nameless")
        self._loop.run(self._open_all()).result(10)

    def break_(self, fault: Fault, kind: Kind) -> None:
        """Have the answers to one call go wrong from now on; the ports stay as they are."""
        self._broken, self._fault = kind, fault

    def mend(self) -> None:
        """Have everything work from now on."""
        fault, self._fault = self._fault, None
        if fault is not None and (fault.port != "open" or fault.at == "connect"):
            self._loop.run(self._open_port(self._broken)).result(10)

    @property
    def nameless(self) -> str:
        """The host whose name can't be found at present."""
        return NAMES[self._broken] if self._fault is not None and self._fault.port == "nameless" else ""

    def base(self, kind: str) -> str:
        """The address in front of a call."""
        host = NAMES[kind] if self.names else "127.0.0.1"
        return f"{'https' if self.tls else 'http'}://{host}:{self._ports[kind]}"

    def elsewhere(self, scheme: str = "https") -> str:
        """An address on a host that is not the provider's."""
        return f"{scheme}://{ELSEWHERE}:{self._ports['elsewhere' if scheme == 'https' else 'plain']}"

    # The sockets

    async def _open_all(self) -> None:
        await self._close()
        for kind in (*CALLS, "elsewhere", "plain"):
            await self._open_port(kind)

    async def _open_port(self, kind: str) -> None:
        fault = self._fault if kind == self._broken else None
        if kind in self._servers:
            self._servers.pop(kind).close()
        if kind not in self._ports:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self._ports[kind] = free.getsockname()[1]
        if fault is not None and fault.port == "closed":
            return
        context: ssl.SSLContext | None = None
        if kind == "elsewhere":
            context = self._certificates.context("good")
        elif self.tls and kind != "plain" and not (fault and fault.at == "connect"):
            context = self._certificates.context(fault.port if fault and fault.port != "open" else "good")

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve(kind, reader, writer)

        self._servers[kind] = await asyncio.start_server(
            serve, "127.0.0.1", self._ports[kind], ssl=context, limit=2**22, reuse_address=True
        )

    async def _close(self) -> None:
        for server in self._servers.values():
            server.close()
        self._servers.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._ports.clear()

    def _active(self, kind: str, at: str) -> Fault | None:
        """The fault that falls on this call here."""
        return self._fault if self._fault and kind == self._broken and self._fault.at == at else None

    async def _serve(self, kind: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # The client went away, or the test is over.
        gone = (asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError, OSError)
        with contextlib.suppress(*gone):
            if fault := self._active(kind, "connect"):
                await _step(fault, self, Call("", "", {}, b""))(writer)
            else:
                while await self._answer(kind, reader, writer):
                    pass
        writer.transport.abort()

    async def _answer(self, kind: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        pairs = (line.partition(":") for line in head[1:] if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        if kind == "submit" and method == "GET":
            # Where both are asked at one address.
            kind = "poll"
        early = self._active(kind, "head")
        body = b"" if early else await reader.readexactly(int(headers.get("content-length", "0")))
        call = Call(method, target, headers, body)
        self.asked.get(kind, self.abroad).append(call)
        fault = early or self._active(kind, "answer")
        if kind == "submit" and not (fault and fault.said_no):
            self.taken += 1
        return await (_step(fault, self, call) if fault else self.usual(kind, call))(writer)

    # What a provider answers

    def usual(self, kind: str, call: Call) -> Step:
        """The answer to a call when everything works."""
        if kind == "submit":
            return answer(200, self.wire.begun(call.target, len(self.asked["submit"])))
        if kind == "poll":
            return answer(200, self.state_of(call.target))
        return self.sends(call)

    def state_of(self, target: str) -> dict[str, Any]:
        """How an operation stands: running at the first look, then done."""
        name = self.name_in(target)
        self.looks[name] = self.looks.get(name, 0) + 1
        return self.wire.going(name) if self.looks[name] == 1 else self.done(name)

    def name_in(self, target: str) -> str:
        """The operation that a poll asks for."""
        return self.wire.name_in(target.partition("?")[0], None)

    def done(self, name: str) -> dict[str, Any]:
        """An operation that is done."""
        place = self.uri or self.wire.place(self.base("download"), name.rpartition("/")[2])
        return self.wire.made(name, [place], self.clip)

    def sends(self, call: Call, clip: bytes | None = None) -> Step:
        """The clip, or the part of it that is asked for."""
        clip = self.clip if clip is None else clip
        found = re.fullmatch(r"bytes=(\d+)-", call.headers.get("range", ""))
        start = int(found[1]) if found else 0
        if start and start >= len(clip):
            return answer(416, content_range=f"bytes */{len(clip)}")
        part = {"content_range": f"bytes {start}-{len(clip) - 1}/{len(clip)}"} if found else {}
        return answer(206 if found else 200, clip[start:], content_type="video/mp4", **part)

    def json(self, kind: str, call: Call) -> bytes:
        """The body of the usual answer to a submit or a poll, for a fault that spoils it."""
        if kind == "submit":
            return json.dumps(self.wire.begun(call.target, len(self.asked["submit"]))).encode()
        return json.dumps(self.state_of(call.target)).encode()


def _step(fault: Fault, line: Line, call: Call) -> Step:
    assert fault.step is not None, f"{fault.name} is a fault of the port and never answers"
    return fault.step(line, call)


def reset(data: bytes = b"") -> Step:
    """These bytes, and then a reset as from a router that forgot the connection."""

    async def step(writer: asyncio.StreamWriter) -> bool:
        if data:
            writer.write(data)
            await writer.drain()
            # So that they arrive: a reset overtakes what waits in the other's buffer.
            await asyncio.sleep(0.02)
        plug = writer.get_extra_info("socket")
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return False

    return step


def drip(data: bytes, pause: float = 0.005) -> Step:
    """A byte at a time."""

    async def step(writer: asyncio.StreamWriter) -> bool:
        for at in range(len(data)):
            writer.write(data[at : at + 1])
            await writer.drain()
            await asyncio.sleep(pause)
        return False

    return step
