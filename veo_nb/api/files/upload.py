"""One file on its way to the provider, in pieces: what breaks off goes on where it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from veo_nb import errors
from veo_nb.api.download import Progress
from veo_nb.api.files import calls

PIECE = 8 * 2**20
"""Bytes in one POST: a multiple of what any of Google's services asks for, and soon sent once more."""
SLICE = 64 * 2**10
"""Bytes after which the progress is told."""
_LATER = (408, 425, 429)


class Exchange(Protocol):
    """How a call goes out and its answer comes back."""

    def __call__(
        self, url: str, headers: Mapping[str, str], content: bytes | AsyncIterator[bytes], *, keyed: bool
    ) -> Awaitable[tuple[Mapping[str, str], bytes]]:
        """Headers and body of an answer of 2xx to a POST; anything else is raised. Only with `keyed` it shows the key."""


class Upload:
    """A file that is being sent: its bytes, or where they lie, and how far it is.

    `title` is what the provider calls it in its lists.
    """

    def __init__(self, source: bytes | Path, *, title: str, mime: str) -> None:
        self.source = source
        self.title = title
        self.mime = mime
        self.size = len(source) if isinstance(source, bytes) else source.stat().st_size
        self.come = 0
        """Bytes that have certainly arrived."""
        self._address = ""

    async def send(self, exchange: Exchange, base: str, on_progress: Progress | None = None) -> bytes:
        """Send what is missing, and get the answer that tells of the file; after an error that passes, call it again.

        Raises:
            TransportError, RateLimited, ServiceError: it goes on from there later.
            AuthenticationError, PermissionDenied, InvalidRequest: the provider takes no such file from this key.
            OSError: the file can't be read.
        """
        if not self._address:
            call, headers = calls.begin(base, self.title, self.mime, self.size)
            begun, _ = await exchange(call.url, headers, msgspec.json.encode(call.body), keyed=True)
            self._address, self.come = begun.get("x-goog-upload-url", ""), 0
        elif (whole := await self._ask(exchange)) is not None:
            return whole
        while True:
            data = await asyncio.to_thread(self._read, self.come)
            if not data:
                raise errors.InvalidRequest(f"{self.title} is empty, or was cut while it was sent.", hint="")
            last = self.come + len(data) >= self.size
            headers = calls.piece(self.come, len(data), last=last)
            _, body = await self._to_address(exchange, headers, self._watched(data, on_progress))
            if last:
                return body
            self.come += len(data)

    async def _ask(self, exchange: Exchange) -> bytes | None:
        """Find out how much has come; the answer itself where it tells that the file is whole."""
        headers, body = await self._to_address(exchange, calls.QUERY, b"")
        come = calls.come_so_far(headers, self.size)
        if come is not None:
            self.come = come
            return None
        try:
            calls.read_file(body)
        except errors.ServiceError:
            # The last answer was lost, and with it the name.
            raise self._lost() from None
        return body

    async def _to_address(
        self, exchange: Exchange, headers: Mapping[str, str], content: bytes | AsyncIterator[bytes]
    ) -> tuple[Mapping[str, str], bytes]:
        try:
            return await exchange(self._address, headers, content, keyed=False)
        except errors.VeoError as error:
            status = error.facts.get("status", 500)
            if 400 <= status < 500 and status not in _LATER:
                raise self._lost() from None
            raise

    def _lost(self) -> errors.ServiceError:
        """The error for an upload that the provider does not go on with; the next call begins it anew."""
        self._address, self.come = "", 0
        return errors.ServiceError("The provider lost what was uploaded so far.", hint="", passing=True)

    def _read(self, offset: int) -> bytes:
        if isinstance(self.source, bytes):
            return self.source[offset : offset + PIECE]
        with self.source.open("rb") as file:
            file.seek(offset)
            return file.read(min(PIECE, self.size - offset))

    async def _watched(self, data: bytes, on_progress: Progress | None) -> AsyncIterator[bytes]:
        for start in range(0, len(data), SLICE):
            yield data[start : start + SLICE]
            if on_progress is not None:
                on_progress(self.come + min(start + SLICE, len(data)), self.size)
