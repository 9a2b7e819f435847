"""A service to speak to: scripted on a real loopback socket, or played in memory for hosts that are not this machine.

The scripted one gives each request the next answer and writes all of them down.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx2
import pytest

from veo_nb import catalog, errors
from veo_nb.api.client import AsyncClient
from veo_nb.credentials.keys import Secret
from veo_nb.request import make_request

KEY = "sk-0123456789abcdef-WXYZ"
MODEL = "veo-3.1-fast-generate-preview"
NAME = f"models/{MODEL}/operations/abc123"
FILE = "/upload/v1beta/files/abc:download?alt=media"
MP4 = bytes(range(256)) * 40
REQUEST = make_request(catalog.PROVIDERS["gptproto"], prompt="A fox", duration_seconds=8)


@dataclass(frozen=True)
class Call:
    """One request as it arrived; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Step = Callable[[asyncio.StreamWriter], Awaitable[bool]]
"""Answers one request and tells whether the connection stays."""


class Loopback:
    """Use it as `async with Loopback(answer(200, b"…"), cut()) as server:`; the last step is repeated."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.calls: list[Call] = []
        self.connections = 0
        self._arrived = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**22)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        self._tasks: set[asyncio.Task[Any]] = set()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def called(self, enough: Callable[[list[Call]], bool]) -> None:
        """Wait until the calls are as they should be; 10 seconds at most, which only a failure takes."""

        async def wait() -> None:
            async with self._arrived:
                await self._arrived.wait_for(lambda: enough(self.calls))

        await asyncio.wait_for(wait(), 10)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        stays = True
        try:
            while stays:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, target, _ = head[0].split(" ")
                pairs = (line.partition(":") for line in head[1:] if line)
                headers = {name.lower(): value.strip() for name, _, value in pairs}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                async with self._arrived:
                    self.calls.append(Call(method, target, headers, body))
                    self._arrived.notify_all()
                step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
                stays = await step(writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client went away, or the test is over
        finally:
            writer.transport.abort()


def raw(data: bytes) -> Step:
    """These bytes and then an orderly end of the connection."""

    async def step(writer: asyncio.StreamWriter) -> bool:
        writer.write(data)
        await writer.drain()
        writer.write_eof()
        # An abort right after would throw away what is still on its way.
        writer.close()
        await writer.wait_closed()
        return False

    return step


def answer(status: int, body: bytes | dict[str, Any] | list[Any] = b"", /, **headers: str) -> Step:
    """A whole answer; `content_type="…"` and the like set headers."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    names.setdefault("content-length", str(len(content)))
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in names.items()), "", ""]
    data = "\r\n".join(lines).encode("latin-1") + content
    if int(names["content-length"]) > len(content):
        return raw(data)

    async def step(writer: asyncio.StreamWriter) -> bool:
        writer.write(data)
        await writer.drain()
        return True

    return step


def cut() -> Step:
    """A reset in place of an answer, after the whole request was read."""

    async def step(writer: asyncio.StreamWriter) -> bool:
        writer.transport.abort()
        return False

    return step


def silence() -> Step:
    """No answer, ever; the connection stays open."""

    async def step(writer: asyncio.StreamWriter) -> bool:
        await asyncio.get_running_loop().create_future()
        return False

    return step


def flow(
    size: int, chunk: bytes = bytes(65536), opening: bytes = b"", content_type: str = "video/mp4"
) -> Step:
    """A body of `size` bytes, a video's if not said otherwise, of which only a chunk is in memory."""

    async def step(writer: asyncio.StreamWriter) -> bool:
        head = f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {size}\r\n\r\n"
        writer.write(head.encode() + opening)
        for start in range(len(opening), size, len(chunk)):
            writer.write(chunk[: size - start])
            await writer.drain()
        return True

    return step


def video(**headers: str) -> Step:
    """A small video, whole."""
    return answer(200, MP4, content_type="video/mp4", **headers)


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def local(server: Loopback) -> AsyncClient:
    """A client of a scripted server that stands in for the whole provider."""
    return AsyncClient("gptproto", KEY, server.url)


def played(play: Callable[[httpx2.Request], httpx2.Response], key: str | Secret = KEY) -> AsyncClient:
    """A client of the real hosts, played by a function; no socket is opened."""
    return AsyncClient("gptproto", key, transport=httpx2.MockTransport(play))


async def refusal(waiting: Awaitable[object]) -> errors.VeoError:
    """The error that a call ends in."""
    with pytest.raises(errors.VeoError) as caught:
        await waiting
    return caught.value


def asking(client: AsyncClient, call: str, uri: str, path: Path) -> Awaitable[Any]:
    """One of the client's three calls, by its name."""
    if call == "submit":
        return client.submit(REQUEST)
    return client.poll(MODEL, NAME) if call == "poll" else client.download(uri, path)


async def fetched(path: Path, *steps: Step, **options: Any) -> tuple[Any, list[Call]]:
    """The size or the error of a download, and what the server was asked."""
    async with Loopback(*steps) as server, local(server) as client:
        found: int | errors.VeoError
        try:
            found = await client.download(server.url + FILE, path, **options)
        except errors.VeoError as error:
            found = error
    return found, server.calls
