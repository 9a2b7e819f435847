"""What arrives of a video: looked at where its headers call it something else, written where an earlier try stopped."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from veo_nb import errors
from veo_nb.api.unpacking import HEAD, is_packed, is_packed_file, unpack
from veo_nb.media.kind import LOOK, kind_of

if TYPE_CHECKING:
    import httpx2

Progress = Callable[[int, "int | None"], None]
"""Called with the bytes that have arrived and the bytes there are in all, None where the server didn't say."""

CHUNK = 64 * 2**10
PIECE = 128 * 2**10
"""Bytes after which progress is told anew."""
DIGESTED = 256 * 2**10
"""Bytes that are taken into a digest at once, on a thread, while the next come."""
STALL_SECONDS = 60.0
STALL_BYTES = 16 * 2**10
"""A download that brings less than this in that time is broken off: at such a rate a clip takes hours."""
HELD = 8 * 2**10
"""Bytes of a download that a killed process loses at the most: from 3.14 on Python would hold 128 kB."""
LARGEST_VIDEO = 4 * 2**30
"""Bytes; clips are 2 to 50 MB. A server that never stops sending must not fill the disk."""


class Received(NamedTuple):
    """What is at a path once it has all come."""

    size: int
    sha256: str
    """Of all of it, in hex; empty where a part of it came in an earlier try."""


def doubt_of(response: httpx2.Response, mask: Callable[[str], str]) -> errors.DownloadError | None:
    """What an answer says of itself that no video says: that it is a page, a picture or a refusal, or packed.

    Stores mislabel what they have, so it counts only where what comes begins like no video either.
    """
    kind = mask(response.headers.get("content-type", "").partition(";")[0].strip().lower())[:80]
    # Stores name an MP4 in many ways; a page, a refusal or a picture is told by these.
    if re.search(r"^(text|image|audio|multipart|message)/|json|xml|html|script", kind):
        return errors.DownloadError(
            f"The provider sent {kind} in place of a video.",
            hint="%veo retry looks again.",
            content_type=kind,
            passing=True,
        )
    encoding = mask(response.headers.get("content-encoding", "").strip().lower())[:80]
    if encoding in ("", "identity"):
        return None
    return errors.DownloadError(
        f"The provider sent the video as {encoding}.", hint="A proxy may be in the way.", passing=True
    )


async def receive(
    response: httpx2.Response,
    path: Path,
    have: int,
    on_progress: Progress | None,
    *,
    doubt: errors.DownloadError | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Received:
    """Write the body to `path` as it comes, after the `have` bytes there where the answer goes on from them.

    Where it came packed it is unpacked.

    Raises:
        TransportError: it ended too early, hardly comes, or is another part than asked; what is right of it stays.
        DownloadError: it is larger than any clip; or `doubt` itself, where it does not begin like a video.
    """
    start, total = _extent(response, path, have)
    if total is not None and total > LARGEST_VIDEO:
        raise errors.DownloadError("The video is larger than any clip.", hint="", bytes=total)
    # As it was sent, whatever it says that it is packed in: so that its length and the parts of it are right.
    pieces = response.aiter_raw() if "content-encoding" in response.headers else response.aiter_bytes()
    # Before the file is opened: what is there may be the beginning of the video.
    first = b"" if doubt is None or start else await _beginning(pieces, doubt)
    done, head = start, b""
    known = None if start else _Digest()
    looked, had = clock(), done
    with path.open("ab" if start else "wb", buffering=HELD) as file:
        # In pieces as they come: held back for a full chunk, the last of them would be lost with the connection.
        async for piece in _after(first, pieces):
            file.write(piece)
            if len(head) < HEAD:
                head += piece[:HEAD]
            done += len(piece)
            if known is not None:
                await known.add(piece)
            if done > LARGEST_VIDEO:
                raise errors.DownloadError("The video never ends.", hint="", bytes=done)
            if on_progress is not None:
                on_progress(done, total)
            if clock() - looked >= STALL_SECONDS:
                if done - had < STALL_BYTES:
                    raise errors.TransportError("The video comes too slowly.", hint="")
                looked, had = clock(), done
    _check_whole(done, total)
    if is_packed_file(path) if start else is_packed(head):
        return Received(await asyncio.to_thread(unpack, path), "")
    return Received(done, await known.done() if known is not None else "")


class _Digest:
    """The SHA-256 of what comes, taken on a thread: it costs as much as all else about a piece, and this way no time."""

    def __init__(self) -> None:
        self._known = hashlib.sha256()
        self._held: list[bytes] = []
        self._size = 0
        self._busy: asyncio.Future[None] | None = None

    async def add(self, piece: bytes) -> None:
        """Take this in; back when no more than `DIGESTED` bytes wait beside those under way."""
        self._held.append(piece)
        self._size += len(piece)
        if self._size >= DIGESTED:
            if self._busy is not None:
                await self._busy
            held, self._held, self._size = self._held, [], 0
            self._busy = asyncio.get_running_loop().run_in_executor(None, self._take, held)

    async def done(self) -> str:
        """The digest of all of it, in hex."""
        if self._busy is not None:
            await self._busy
        self._take(self._held)
        return self._known.hexdigest()

    def _take(self, pieces: list[bytes]) -> None:
        while pieces:
            # One by one, so that none is kept longer than it is looked at.
            self._known.update(pieces.pop(0))


def _check_whole(done: int, total: int | None) -> None:
    if total is not None and done != total:
        raise errors.TransportError(f"The video stopped at {done} of {total} bytes.", hint="")
    if not done:
        raise errors.TransportError("The provider sent an empty file.", hint="")


async def _beginning(pieces: AsyncIterator[bytes], doubt: errors.DownloadError) -> bytes:
    """The first bytes of a body; the doubt is raised where no video begins so."""
    first = b""
    async for come in pieces:
        first += come
        if len(first) >= LOOK:
            break
    if not (kind_of(first) or is_packed(first)):
        # A refusal may quote the key, and a traceback that prints variables would show it.
        first = come = b""
        raise doubt
    return first


async def _after(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """What has come and what comes, in pieces of `PIECE` bytes at the most."""
    for at in range(0, len(first), PIECE):
        yield first[at : at + PIECE]
    async for come in rest:
        for at in range(0, len(come), PIECE):
            yield come[at : at + PIECE]


def resume_at_the_end(response: httpx2.Response, path: Path, have: int) -> Received:
    """A file that was whole already, when a 416 says so.

    Raises:
        TransportError: what is here is not the beginning of what is there; it is thrown away.
    """
    if response.headers.get("content-range", "").replace(" ", "").lower() == f"bytes*/{have}":
        return Received(have, "")
    path.unlink(missing_ok=True)
    raise errors.TransportError("The file changed on its way.", hint="")


def _extent(response: httpx2.Response, path: Path, have: int) -> tuple[int, int | None]:
    """Where the answer's bytes begin and how many the whole file has; None where the server didn't say."""
    if response.status_code == 206:
        found = re.fullmatch(
            r"bytes\s+([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)",
            response.headers.get("content-range", "").strip(),
            re.IGNORECASE,
        )
        if found and int(found[1]) == have:
            return have, None if found[2] == "*" else int(found[2])
        # Asking for the same part again would get the same answer: ask for the whole.
        path.unlink(missing_ok=True)
        raise errors.TransportError("The provider sent another part than asked.", hint="")
    length = response.headers.get("content-length", "")
    return 0, int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None
