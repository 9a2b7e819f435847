"""The network backend on real sockets of this machine: what comes, what ends, what breaks, and what is asked of a kept connection."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import httpcore2
import httpx2
import pytest

from tests.faults.network.certificates import Certificates
from veo_nb.api import transport
from veo_nb.api.client import AsyncClient
from veo_nb.api.network import Network, with_network
from veo_nb.api.network.backend import MOST_HELD, PIECE, Stream, _one_of

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def between(
    serve: Serve, use: Callable[[Any, int], Awaitable[Any]], tls: ssl.SSLContext | None = None
) -> Any:
    """What comes of a connection to a server that does this."""

    served: set[Any] = set()

    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.add(asyncio.current_task())
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await serve(reader, writer)
        writer.transport.abort()

    async def both() -> Any:
        server = await asyncio.start_server(closing, "127.0.0.1", 0, ssl=tls)
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(20):
            stream = await Network().connect_tcp("127.0.0.1", port, timeout=5)
            try:
                return await use(stream, port)
            finally:
                await stream.aclose()
                server.close()
                for task in served:
                    task.cancel()
                if served:
                    await asyncio.wait(served)

    return asyncio.run(both())


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(2**16):
        writer.write(data)
        await writer.drain()
    writer.write(b"that was all")
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def read_all(stream: Any) -> bytes:
    found = b""
    while data := await stream.read(1000, timeout=5):
        assert len(data) <= 1000
        found += data
    return found


def test_what_comes_is_given_in_parts_of_the_size_that_is_asked_for():
    async def use(stream: Any, _: int) -> bytes:
        await stream.write(b"")
        await stream.write(b"x" * 5000, timeout=5)
        # The server has seen the end of it, and can still answer.
        stream.get_extra_info("socket")
        stream._open.write_eof()
        return await read_all(stream)

    assert between(echo, use) == b"x" * 5000 + b"that was all"


def test_a_server_is_held_up_where_nobody_takes_what_it_sends_and_a_client_where_it_takes_nothing():
    sent = 0

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.read(1)
        for _ in range(400):
            writer.write(bytes(2**16))
            await writer.drain()
            sent += 2**16
        writer.close()
        await writer.wait_closed()

    async def use(stream: Stream, _: int) -> tuple[int, int]:
        await stream.write(b"!")
        first = await stream.read(1, timeout=5)
        while not stream._paused:  # noqa: ASYNC110 - what comes is no event of ours
            await asyncio.sleep(0)
        held = stream._held
        found = len(first)
        while data := await stream.read(2**16, timeout=5):
            assert len(data) <= PIECE
            found += len(data)
        return held, found

    held, come = between(pour, use)
    assert (MOST_HELD < held <= MOST_HELD + 2**18, come, sent) == (True, 400 * 2**16, 400 * 2**16)

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async def shout(stream: Stream, _: int) -> None:
        with pytest.raises(httpcore2.WriteTimeout):
            await stream.write(bytes(2**26), timeout=0.01)

    between(deaf, shout)


def test_what_does_not_come_in_time_is_late_and_what_breaks_off_is_told_from_an_end():
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.abort()

    async def use(stream: Stream, _: int) -> None:
        with pytest.raises(httpcore2.ReadTimeout):
            await stream.read(1, timeout=0.01)
        assert stream.get_extra_info("is_readable") is False
        await stream.write(b"!")
        assert await stream.read(1, timeout=5) == b""
        assert stream.get_extra_info("is_readable") is True
        stream._open.abort()
        with pytest.raises(httpcore2.WriteError):
            await stream.write(b"!")

    between(silent, use)

    async def broken(stream: Stream, _: int) -> None:
        stream.connection_lost(ConnectionResetError("reset"))
        with pytest.raises(httpcore2.ReadError, match="reset") as told:
            await stream.read(1)
        assert transport.reason(httpx2.ReadError(str(told.value))) == "the connection broke"

    between(echo, broken)


@pytest.mark.parametrize("kind", ["good", "another host's"])
def test_tls_is_spoken_and_a_certificate_of_somebody_else_is_no_connection(tmp_path, kind):
    certificates = Certificates(tmp_path, ["localhost"])
    trusted = ssl.create_default_context(cafile=str(certificates.authority))

    async def use(stream: Stream, _: int) -> bytes:
        secure = await stream.start_tls(trusted, server_hostname="localhost", timeout=5)
        assert secure.get_extra_info("ssl_object").version().startswith("TLS")
        await secure.write(b"hello" * 40_000, timeout=5)
        found = b""
        while len(found) < 200_000:
            found += await secure.read(2**16, timeout=5)
        return found

    if kind == "good":
        assert between(echo, use, certificates.context(kind)) == b"hello" * 40_000
        return
    with pytest.raises(httpcore2.ConnectError) as told:
        between(echo, use, certificates.context(kind))
    assert "certificate can't be trusted" in transport.reason(told.value)


def test_nobody_who_listens_is_said_in_the_same_words_by_address_and_by_name():
    async def connect(host: str) -> str:
        try:
            await Network().connect_tcp(host, 9, timeout=5)
        except httpcore2.ConnectError as error:
            return transport.reason(error)
        return ""

    for host in ("127.0.0.1", "localhost"):
        assert asyncio.run(connect(host)) == "it refuses the connection"


def test_each_client_of_ours_goes_over_it_behind_a_proxy_too(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    async def backends() -> list[object]:
        async with AsyncClient("gemini", "sk-0123456789") as client:
            found = [client._http, client._submit_http, client._foreign()]
            every = [one for http in found for one in (http._transport, *http._mounts.values()) if one]
            return [one._pool._network_backend for one in every]  # type: ignore[attr-defined]

    found = asyncio.run(backends())
    assert len(found) >= 6
    assert all(isinstance(one, Network) for one in found)
    assert with_network(httpx2.AsyncClient(transport=httpx2.MockTransport(lambda _: httpx2.Response(200))))
    assert os.environ["HTTPS_PROXY"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Multiple exceptions: [Errno 101] Connect call failed, [Errno 111] Connect call failed", 111),
        ("Multiple exceptions: [WinError 1231] No network, [WinError 1225] The computer refused it", 111),
        ("Multiple exceptions: [WinError 1225] The computer refused it, [WinError 1231] No network", 111),
        ("Multiple exceptions: [WinError 1232] No host, [WinError 1231] No network", 101),
        ("no code", None),
    ],
)
@pytest.mark.skipif(errno.ECONNREFUSED != 111, reason="the codes are others there")
def test_of_several_addresses_the_one_that_refused_says_why_on_windows_too(said, code):
    assert _one_of(OSError(said)).errno == code
