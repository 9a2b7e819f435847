"""What a saved page plays a clip from: an address, the bytes in the notebook itself, or nothing. Pure but for the file's bytes."""

from __future__ import annotations

import base64
from pathlib import Path

from veo_nb.notebook.clip.reach import Seen
from veo_nb.notebook.place import Place
from veo_nb.records.late import dataclass

SMALL = 700_000
"""Bytes of a clip that may go into the notebook unasked: with its still it stays under 1 MB there."""
EMBED_LIMIT = 64_000_000
"""Bytes of one that may be put there by asking for it: more stops a browser from opening the notebook."""


@dataclass(frozen=True)
class Source:
    """Where a saved page has a clip from."""

    src: str
    """For a `<video>`; empty where it has none."""
    said: str = ""
    """What a person should know: that it is in the notebook, or why it is not though that was asked for."""

    @property
    def inside(self) -> bool:
        """Whether the clip is in the notebook itself."""
        return self.src.startswith("data:")


def source_of(
    clip: Path, place: Place, seen: Seen | None = None, *, embed: bool = False, room: int | None = None
) -> Source:
    """Where a saved page has this clip from, if a page has found out as much as `seen`.

    `embed` says that it was asked for in the notebook; `room` is how many bytes may go there
    unasked, by default `SMALL`.

    Raises:
        OSError: the file can't be read.
    """
    size = clip.stat().st_size
    if embed and size <= EMBED_LIMIT:
        return Source(_bytes_of(clip), _inside(size))
    said = ""
    if embed:
        said = f"Too large to be put into a notebook: {megabytes(size)}, {megabytes(EMBED_LIMIT)} at the most"
    address = place.relative(clip)
    if address is not None and (seen is None or seen.plays):
        return Source(address, said)
    if size > (SMALL if room is None else room):
        return Source("", said)
    # A small one plays wherever the notebook is opened.
    return Source(_bytes_of(clip), said or _inside(size))


def _inside(size: int) -> str:
    return f"In this notebook: {megabytes(size)}"


def megabytes(size: int) -> str:
    """`4.8 MB`."""
    return f"{size / 1e6:.1f} MB"


def _bytes_of(clip: Path) -> str:
    return data_uri("video/mp4", clip.read_bytes())


def data_uri(mime: str, data: bytes) -> str:
    """Bytes as an address that carries them."""
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"
