"""The calls of the Files API as values, and a file as an answer tells it. Pure.

Source: OMNI.md's page on the service, measured on Google's own client; Google's pages on resumable uploads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from veo_nb import errors
from veo_nb.api.body import Mask, as_it_is, mapping, quoted, read, said_in, words
from veo_nb.api.wire import Call
from veo_nb.records.late import dataclass

QUERY = {"x-goog-upload-command": "query"}
"""The headers that ask how much of a file has come."""
_NAME = re.compile(r"files/[A-Za-z0-9_-]{1,200}")


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """A file at the provider as it stands: `ACTIVE` once it can be named in a request."""

    name: str
    """What the provider calls it: `files/abc`."""
    uri: str
    state: str
    why: str = ""
    """The provider's words on a file that it can't use."""
    expires_at: float | None = None
    """When it is deleted, in seconds since the epoch; None where that is not said."""


def begin(base: str, title: str, mime: str, size: int) -> tuple[Call, dict[str, str]]:
    """The call that announces a file, and its headers; the answer's say where the bytes go."""
    about = {"display_name": title, "mime_type": mime, "size_bytes": size}
    headers = {
        "content-type": "application/json",
        "x-goog-upload-protocol": "resumable",
        "x-goog-upload-command": "start",
        "x-goog-upload-header-content-length": str(size),
        "x-goog-upload-header-content-type": mime,
    }
    return Call("POST", f"{base}/upload/v1beta/files", {"file": about}), headers


def piece(offset: int, size: int, *, last: bool) -> dict[str, str]:
    """The headers of so many bytes of a file, of which the last ones end it."""
    return {
        "content-length": str(size),
        "x-goog-upload-offset": str(offset),
        "x-goog-upload-command": "upload, finalize" if last else "upload",
    }


def look(base: str, name: str) -> Call:
    """The call that asks how a file stands."""
    return Call("GET", f"{base}/v1beta/{name}")


def come_so_far(headers: Mapping[str, str], size: int) -> int | None:
    """How many bytes of a file of this size have come, by the answer to a query; None where it takes no more."""
    come = headers.get("x-goog-upload-size-received", "")
    if headers.get("x-goog-upload-status") != "active" or not re.fullmatch(r"\d{1,15}", come):
        return None
    return int(come) if int(come) <= size else None


def read_file(body: bytes, mask: Mask = as_it_is) -> RemoteFile:
    """The file that an answer tells of.

    Raises:
        ServiceError: it tells of none, or of one that can't be asked for.
    """
    found = read(body, mask)
    file = mapping(mapping(found).get("file")) or mapping(found)
    name, uri = file.get("name"), file.get("uri")
    if not (isinstance(name, str) and _NAME.fullmatch(name) and isinstance(uri, str) and uri):
        raise errors.ServiceError(
            f"The provider's answer names no file{quoted(said_in(found).message)}", hint=""
        )
    return RemoteFile(
        name=name,
        uri=uri,
        state=str(file.get("state") or "ACTIVE"),
        why=words(mapping(file.get("error")).get("message")),
        expires_at=_moment(file.get("expirationtime")),
    )


def _moment(said: object) -> float | None:
    try:
        # Nanoseconds, as Google writes them, are more than Python reads.
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", str(said))).timestamp()
    except (ValueError, OverflowError):
        return None
