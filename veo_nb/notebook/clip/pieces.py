"""A clip's file piece by piece, for a page that the server does not give it to."""

from __future__ import annotations

from pathlib import Path

from veo_nb.errors import NotFound
from veo_nb.notebook.protocol import VideoPiece

PIECE = 1_000_000
"""Bytes in one message."""


def piece_of(path: Path, offset: int, name: str = "") -> tuple[VideoPiece, list[bytes]]:
    """The piece that begins at this byte, and its bytes; `name` is what a refusal calls the file.

    Raises:
        NotFound: it is not there any more.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            piece = file.read(PIECE)
        size = path.stat().st_size
    except OSError:
        raise NotFound(
            f"The file {name} is no longer there." if name else "Its file is no longer there.",
            hint="Fetch it again while the provider has it." if name else "",
        ) from None
    return VideoPiece(size=size, next=min(size, offset + len(piece))), [piece]


def size_of(path: Path) -> int:
    """Bytes of a file; 0 where it is gone."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
