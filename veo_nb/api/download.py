"""What arrives of a video: checked by its headers, written where an earlier try stopped."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from veo_nb import errors

Progress = Callable[[int, "int | None"], None]
"""Called with the bytes that have arrived and the bytes there are in all, None where the server didn't say."""

CHUNK = 64 * 2**10
STALL_SECONDS = 60.0
STALL_BYTES = 16 * 2**10
"""A download that brings less than this in that time is broken off: at such a rate a clip takes hours."""
LARGEST_VIDEO = 4 * 2**30
"""Bytes; clips are 2 to 50 MB. A server that never stops sending must not fill the disk."""


def check_is_video(response: httpx.Response) -> None:
    """Refuse what says of itself that it is no video; what says nothing is looked at once it is here.

    Raises:
        DownloadError: it is a page, a picture or an error in disguise, or is encoded though nobody asked.
    """
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    # Stores name an MP4 in many ways; a page, a refusal or a picture is told by these.
    if re.search(r"^(text|image|audio|multipart|message)/|json|xml|html|script", kind):
        raise errors.DownloadError(
            f"The provider sent {kind[:80]} in place of a video.",
            hint="%veo retry looks again.",
            content_type=kind[:80],
            passing=True,
        )
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise errors.DownloadError(
            f"The provider sent the video as {encoding[:80]}.",
            hint="A proxy may be in the way.",
            passing=True,
        )


async def receive(
    response: httpx.Response,
    path: Path,
    have: int,
    on_progress: Progress | None,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Write the body to `path`, after the `have` bytes there where the answer goes on from them; its whole size.

    Raises:
        TransportError: it ended too early, hardly comes, or is another part than asked; what is right of it stays.
        DownloadError: it is larger than any clip.
    """
    start, total = _extent(response, path, have)
    if total is not None and total > LARGEST_VIDEO:
        raise errors.DownloadError("The video is larger than any clip.", hint="", bytes=total)
    done = start
    looked, had = clock(), done
    with path.open("ab" if start else "wb") as file:
        # In pieces as they come: held back for a full chunk, the last of them would be lost with the connection.
        async for come in response.aiter_bytes():
            for chunk in (come[at : at + CHUNK] for at in range(0, len(come), CHUNK)):
                file.write(chunk)
                done += len(chunk)
                if done > LARGEST_VIDEO:
                    raise errors.DownloadError("The video never ends.", hint="", bytes=done)
                if on_progress is not None:
                    on_progress(done, total)
            if clock() - looked >= STALL_SECONDS:
                if done - had < STALL_BYTES:
                    raise errors.TransportError("The video comes too slowly.", hint="")
                looked, had = clock(), done
    if total is not None and done != total:
        raise errors.TransportError(f"The video stopped at {done} of {total} bytes.", hint="")
    if not done:
        raise errors.TransportError("The provider sent an empty file.", hint="")
    return done


def resume_at_the_end(response: httpx.Response, path: Path, have: int) -> int:
    """The size of a file that was whole already, when a 416 says so.

    Raises:
        TransportError: what is here is not the beginning of what is there; it is thrown away.
    """
    if response.headers.get("content-range", "").replace(" ", "").lower() == f"bytes*/{have}":
        return have
    path.unlink(missing_ok=True)
    raise errors.TransportError("The file changed on its way.", hint="")


def _extent(response: httpx.Response, path: Path, have: int) -> tuple[int, int | None]:
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
