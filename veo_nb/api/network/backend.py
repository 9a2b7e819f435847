"""A network backend of httpcore2 over asyncio's transports and protocols."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import re
import socket
import ssl
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, cast

import httpcore2
import httpx2

MOST_HELD = 2**17
"""Bytes that have come and are not read yet, beyond which no more are taken from the system."""
BODY = 2**16
"""Who asks for this many bytes or more reads a body, as httpcore2 does."""
PIECE = 2**17
"""Bytes that it gets then: each turn in httpcore2 and h11 costs more than the bytes do, and what is twice as long again
is too much for who promises to keep little of it in memory."""
ATTEMPT_SECONDS = 0.25
"""After so long the next address of a host is tried beside the first one, as RFC 8305 has it."""


class Stream(asyncio.Protocol, httpcore2.AsyncNetworkStream):
    """One connection: what comes is gathered as it comes, and taken away by `read`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._pieces: deque[bytes | memoryview] = deque()
        self._held = 0
        self._paused = False
        self._ended = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._full = False

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is there."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Keep what has come, and have no more of it sent where it is not taken away."""
        self._pieces.append(data)
        self._held += len(data)
        if self._held > MOST_HELD and not self._paused:
            self._paused = True
            self._open.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> bool:
        """Nothing more comes; whether it can still be written to."""
        self._ended = True
        _wake(self._reader)
        # What is still being sent goes on; behind TLS there is no half of a connection.
        return self._open.get_extra_info("ssl_object") is None

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._ended = True
        self._error = self._error or exc
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        """Too much waits to be sent."""
        self._full = True

    def resume_writing(self) -> None:
        """It is sent, or nearly."""
        self._full = False
        _wake(self._writer)

    # What httpcore2 calls

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore2's
        """What has come, as soon as there is any; empty at the end. Of `BODY` bytes or more it may be `PIECE`.

        Raises:
            httpcore2.ReadError, httpcore2.ReadTimeout: the connection broke, or nothing came in time.
        """
        if not self._pieces and not self._ended:
            self._reader = self._loop.create_future()
            try:
                await self._awaited(self._reader, timeout, httpcore2.ReadTimeout)
            finally:
                self._reader = None
        if not self._pieces:
            if self._error is not None:
                raise httpcore2.ReadError(str(self._error)) from self._error
            return b""
        data = self._pieces.popleft()
        max_bytes = PIECE if max_bytes >= BODY else max_bytes
        if len(data) > max_bytes:
            self._pieces.appendleft(memoryview(data)[max_bytes:])
            data = data[:max_bytes]
        self._held -= len(data)
        if self._paused and self._held <= MOST_HELD // 2:
            self._paused = False
            if not self._open.is_closing():
                self._open.resume_reading()
        return data if isinstance(data, bytes) else bytes(data)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore2's
        """Send it; back when so much of it is on its way that more can be sent.

        Raises:
            httpcore2.WriteError, httpcore2.WriteTimeout: the connection broke, or it takes nothing.
        """
        if not buffer:
            return
        if self._error is not None or self._open.is_closing():
            raise httpcore2.WriteError(str(self._error or "the connection is closed")) from self._error
        self._open.write(buffer)
        if not self._full:
            return
        self._writer = self._loop.create_future()
        try:
            await self._awaited(self._writer, timeout, httpcore2.WriteTimeout)
        finally:
            self._writer = None
        if self._error is not None:
            raise httpcore2.WriteError(str(self._error)) from self._error

    async def aclose(self) -> None:
        """Close it at once."""
        # Nothing is left to be said on it, and nobody waits for the other side to say so.
        self._open.abort()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore2's
    ) -> httpcore2.AsyncNetworkStream:
        """The same connection behind TLS, where a proxy is one inside of another.

        Raises:
            httpcore2.ConnectError, httpcore2.ConnectTimeout: there is no handshake, and it is closed.
        """
        try:
            async with asyncio.timeout(timeout):
                transport = await self._loop.start_tls(
                    self._open, self, ssl_context, server_hostname=server_hostname
                )
        except TimeoutError as error:
            self._open.abort()
            raise httpcore2.ConnectTimeout(str(error)) from error
        except OSError as error:
            # A broken certificate or handshake is one too.
            self._open.abort()
            raise httpcore2.ConnectError(str(error)) from error
        except BaseException:
            self._open.abort()
            raise
        if transport is None:
            raise httpcore2.ConnectError("The connection was closed.")
        self._transport = transport
        return self

    def get_extra_info(self, info: str) -> Any:
        """What httpcore2 asks of a connection; None for what is not known."""
        if info == "is_readable":
            # Whoever closes a connection that is kept, or speaks without being asked, has done so.
            return self._ended or bool(self._pieces)
        names = {"client_addr": "sockname", "server_addr": "peername"}
        return self._open.get_extra_info(names.get(info, info))

    @property
    def _open(self) -> asyncio.Transport:
        assert self._transport is not None, "it was connected"
        return self._transport

    async def _awaited(
        self, future: asyncio.Future[None], seconds: float | None, late: Callable[[str], Exception]
    ) -> None:
        if seconds is None:
            await future
            return
        # A scope for each piece would cost more than the piece.
        timer = self._loop.call_later(seconds, _wake, future, late(""))
        try:
            await future
        finally:
            timer.cancel()


class Network(httpcore2.AsyncNetworkBackend):
    """Connects over asyncio; it is for one loop at a time, whichever runs."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore2's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to this host.

        Raises:
            httpcore2.ConnectError, httpcore2.ConnectTimeout: there is none.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                transport, stream = await loop.create_connection(
                    lambda: Stream(loop),
                    host,
                    port,
                    local_addr=None if local_address is None else (local_address, 0),
                    # An address that is written out has no other beside it.
                    happy_eyeballs_delay=None if _is_address(host) else ATTEMPT_SECONDS,
                )
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from _one_of(error)
        for option in socket_options or ():
            transport.get_extra_info("socket").setsockopt(*option)
        return stream

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


def with_network(http: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """The client, with every connection that it will open over this network."""
    # httpx2 makes its transports and the pools in them by itself, and has no word for what they connect over. One that keeps
    # them elsewhere one day goes on with its own way, which is slower and right.
    for transport in (getattr(http, "_transport", None), *getattr(http, "_mounts", {}).values()):
        pool = getattr(transport, "_pool", None)
        if isinstance(pool, httpcore2.AsyncConnectionPool) and hasattr(pool, "_network_backend"):
            pool._network_backend = Network()  # noqa: SLF001
    return http


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


_WINDOWS = {
    121: errno.ETIMEDOUT,
    1225: errno.ECONNREFUSED,
    1231: errno.ENETUNREACH,
    1232: errno.EHOSTUNREACH,
}
"""What Windows' own loop of asyncio says of a connection, as others say it."""


def _one_of(error: OSError) -> OSError:
    """The error that says why; of several addresses of a host asyncio only quotes what each has said."""
    codes = [
        _WINDOWS.get(code, code) for code in map(int, re.findall(r"\[(?:Errno|WinError) (\d+)\]", str(error)))
    ]
    if error.errno is not None or not codes:
        return error
    code = codes[-1] if errno.ECONNREFUSED not in codes else errno.ECONNREFUSED
    # Windows' C library has no words for what befalls a connection; Python has them there.
    return OSError(code, getattr(socket, "errorTab", {}).get(code) or os.strerror(code))


def _wake(future: asyncio.Future[None] | None, error: Exception | None = None) -> None:
    if future is None or future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
