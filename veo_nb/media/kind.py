"""What kind of video a file is, told by its first bytes and without reading it."""

from __future__ import annotations

import re
from pathlib import Path

LOOK = 512
"""Bytes at the beginning of a file that tell its kind."""

BOXES = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"uuid", b"styp", b"sidx", b"moof"})
"""What an MP4 is made of after its `ftyp`, and what a QuickTime file, which needs none, may begin with."""
_PICTURES = re.compile(rb"hei[cx]|hevc|avi[fs]|mif1|msf1|M4A |crx ")
"""Brands of the same boxes that hold pictures or sound alone."""
_OPENINGS = {
    b"OggS": "ogv",
    b"FLV\x01": "flv",
    b"\x00\x00\x01\xba": "mpg",
    b"\x30\x26\xb2\x75": "wmv",
    b"GIF8": "gif",
    b"DKIF": "ivf",
}
KINDS = ("mp4", "mov", "webm", "mkv", "avi", "ts", *_OPENINGS.values())
"""Kinds of files that are read, as their endings."""


def kind_of(head: bytes) -> str:
    """The kind of video that begins so, as the ending of its file: `mp4`, `webm`; empty for anything else."""
    if head[4:8] == b"ftyp":
        if _PICTURES.match(head[8:12]):
            return ""
        return "mov" if head[8:12] == b"qt  " else "mp4"
    if head[4:8] in BOXES:
        return "mov"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "webm" if b"webm" in head[:64] else "mkv"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head[:1] == b"G" and head[188:189] == b"G" and head[376:377] == b"G":
        return "ts"
    return _OPENINGS.get(head[:4], "")


def kind_of_file(path: Path) -> str:
    """The kind of video in a file; empty where it can't be read."""
    try:
        with path.open("rb") as file:
            return kind_of(file.read(LOOK))
    except OSError:
        return ""
