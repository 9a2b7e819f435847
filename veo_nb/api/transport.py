"""One exchange over HTTP: a request goes out, no more of the answer is read than makes sense, and what broke is said."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

import httpx2

from veo_nb import catalog, errors
from veo_nb.api import body as answers
from veo_nb.api.auth import origin, parsed
from veo_nb.api.download import CHUNK

LONGEST_ERROR = 64 * 2**10
JSON = "application/json"


class TooLongError(Exception):
    """The answer is longer than any that is expected."""

    def __init__(self, beginning: bytes = b"") -> None:
        super().__init__()
        self.beginning = beginning

    def __str__(self) -> str:
        return "it is too long"


def beginning(error: BaseException) -> bytes:
    """What had come of an answer of 2xx when `read` ended with this error."""
    found: bytes = vars(error).get("beginning", b"")
    return found


async def read(
    http: httpx2.AsyncClient,
    method: str,
    url: str,
    body: bytes | AsyncIterator[bytes] | None,
    longest: int,
    *,
    kind: str = JSON,
    headers: Mapping[str, str] | None = None,
    **options: Any,
) -> tuple[int, httpx2.Headers, bytes]:
    """The status, the headers and the body of an answer; of an error only the beginning. `kind` is the type of ours.

    `headers` are those to be sent in place of that type, `options` those of httpx2.

    Raises:
        TooLongError: the body has more than `longest` bytes.
    """
    check_open(http)
    if headers is None:
        headers = {"content-type": kind} if body is not None else {}
    async with http.stream(method, parsed(url), headers=headers, content=body, **options) as response:
        if response.status_code >= 300:
            return response.status_code, response.headers, await head(response)
        parts = bytearray()
        try:
            async for chunk in response.aiter_bytes():
                parts += chunk
                if len(parts) > longest:
                    break
        except httpx2.HTTPError as error:
            vars(error)["beginning"] = bytes(parts)
            raise
        if len(parts) > longest:
            raise TooLongError(bytes(parts[:longest]))
        return response.status_code, response.headers, bytes(parts)


def check_open(http: httpx2.AsyncClient) -> None:
    """Refuse to go on with a client that was closed.

    Raises:
        TransportError: it was.
    """
    if http.is_closed:
        raise errors.TransportError("This client is closed.", hint="Make another one.")


async def head(response: httpx2.Response) -> bytes:
    """The beginning of a body: enough for an error's words, however long the page is."""
    found = bytearray()
    async for chunk in response.aiter_bytes(CHUNK):
        found += chunk
        if len(found) >= LONGEST_ERROR:
            break
    return bytes(found[:LONGEST_ERROR])


def reason(error: BaseException) -> str:
    """Why the way broke, in a few words of ours where it is one of the usual ways."""
    if isinstance(error, (TimeoutError, httpx2.TimeoutException)):
        return "it took too long"
    for cause in _causes(error):
        if found := _reason_behind(cause):
            return found
    if isinstance(error, httpx2.DecodingError):
        return "its answer can't be unpacked"
    said = answers.words(str(error))
    if isinstance(error, httpx2.RemoteProtocolError):
        if "without sending a response" in said:
            return "it hung up without an answer"
        return (
            "it was cut off"
            if "incomplete" in said or "without sending complete" in said
            else "it does not speak HTTP"
        )
    if isinstance(error, httpx2.NetworkError):
        named = [cause.strerror for cause in _causes(error) if isinstance(cause, OSError) and cause.strerror]
        broke = not isinstance(error, httpx2.ConnectError) or not named
        return "the connection broke" if broke else named[-1][:1].lower() + named[-1][1:]
    return said or type(error).__name__


def _reason_behind(cause: BaseException) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate can't be trusted ({answers.words(cause.verify_message)})"
    if isinstance(cause, ssl.SSLError):
        return "no secure connection could be made"
    if isinstance(cause, socket.gaierror):
        return "its name can't be found"
    return "it refuses the connection" if isinstance(cause, ConnectionRefusedError) else ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what lies behind it; of several tries that failed, each."""
    while error is not None:
        yield error
        for one in getattr(error, "exceptions", ()):
            yield from _causes(one)
        error = error.__cause__ or error.__context__


def unreachable(url: str, error: BaseException) -> errors.TransportError:
    """The way to this address is broken."""
    host = _host(url) or catalog.shown(url)
    return errors.TransportError(
        f"{host} can't be reached: {reason(error)}.", hint="Look at your connection and proxy.", host=host
    )


def pointed_away(url: str, location: str) -> errors.TransportError:
    """Something on the way sends a poll to another address, where the key does not go: a hotel's page to sign in, say."""
    try:
        there = _host(urljoin(url, location)) or "nowhere"
    except ValueError:
        there = "nowhere"
    return errors.TransportError(
        f"{_host(url)} can't be reached: it points to another address ({there}).",
        hint="Sign in to your network, or look at base_url.",
        host=_host(url),
    )


def _host(url: str) -> str:
    return origin(url).rpartition("://")[2].rpartition(":")[0]
