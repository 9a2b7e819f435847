"""One exchange over HTTP: a request goes out, and no more of the answer is read than makes sense."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx2

from veo_nb import errors
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
    async with http.stream(method, url, headers=headers, content=body, **options) as response:
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
