"""A picture of an output, its words in it: for PDF, LaTeX, Word and whatever else shows neither HTML nor a video.

Such a page takes one form of an output, the picture, and so a caption beside it would be lost. Black on white, as it is printed.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from veo_nb.media.lettering import break_lines, face
from veo_nb.media.probe import UnreadableVideo
from veo_nb.media.sheet import Tile

WIDTH = 480
"""Pixels of a clip by itself."""
WIDEST = 800
"""Pixels of several side by side."""
MOST = 40
"""Clips of which a picture is drawn; more could not be told apart on a page."""
CLIP_BYTES, SHEET_BYTES = 45_000, 90_000
"""Bytes that the picture of a clip, and that of a sweep, may add to a notebook."""
QUALITIES = (78, 64, 50, 36)
Ink = tuple[int, int, int]
GAP = 8
LETTERS = 14
LINE = 19
PROMPT_LINES = 3
INK, SOFT, EMPTY = (33, 33, 33), (97, 97, 97), (238, 238, 238)


def draw_still(
    tiles: Sequence[Tile],
    caption: Sequence[str],
    picture: Callable[[Path], Image.Image],
    *,
    columns: int,
    shape: tuple[int, int],
) -> bytes | None:
    """A JPEG of these clips, so many in a row, above their caption; None where there is no picture of any, or too many.

    `picture` gives the still of a file, `shape` is (16, 9) or the like. In a caption the first line is the prompt.
    """
    if not tiles or len(tiles) > MOST:
        return None
    columns = max(1, min(columns, len(tiles)))
    width = min(WIDTH, (WIDEST - (columns - 1) * GAP) // columns)
    if shape[0] < shape[1]:
        width = min(width, WIDTH // 2)
    height = round(width * shape[1] / shape[0])
    label = LINE * 2 if any(tile.label for tile in tiles) else 0
    rows = -(-len(tiles) // columns)
    across = max(WIDTH, columns * (width + GAP) - GAP)
    lines = _lines(caption, across)
    down = rows * (height + label + GAP)
    sheet = Image.new("RGB", (across, down + len(lines) * LINE + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    found = 0
    for index, tile in enumerate(tiles):
        row, column = divmod(index, columns)
        left, top = column * (width + GAP), row * (height + label + GAP)
        still = _still_of(tile, picture)
        if still is None:
            draw.rectangle((left, top, left + width - 1, top + height - 1), fill=EMPTY)
            room = width - 2 * GAP, (height - GAP) // LINE
            _write(draw, (left + GAP, top + GAP), tile.reason, room, SOFT)
        else:
            found += 1
            still.thumbnail((width, height), Image.Resampling.LANCZOS)
            sheet.paste(still, (left + (width - still.width) // 2, top + (height - still.height) // 2))
        _write(draw, (left, top + height + 2), tile.label, (width, 2), INK)
    for number, (words, ink) in enumerate(lines):
        draw.text((0, down + number * LINE), words, ink, face(words, LETTERS))
    return _as_jpeg(sheet, CLIP_BYTES if len(tiles) == 1 else SHEET_BYTES) if found else None


def _still_of(tile: Tile, picture: Callable[[Path], Image.Image]) -> Image.Image | None:
    if tile.path is None:
        return None
    try:
        return picture(tile.path).convert("RGB")
    except (UnreadableVideo, OSError):
        return None


def _lines(caption: Sequence[str], width: int) -> list[tuple[str, Ink]]:
    """The lines of a caption, each with its colour."""
    lines = []
    for number, words in enumerate(caption):
        broken = break_lines(words, face(words, LETTERS), width, PROMPT_LINES if number == 0 else 2)
        lines += [(line, SOFT if number else INK) for line in broken]
    return lines


def _write(
    draw: ImageDraw.ImageDraw, corner: tuple[int, int], words: str, room: tuple[int, int], ink: Ink
) -> None:
    """Write words where there is room for so many pixels across and so many lines."""
    drawn = face(words, LETTERS)
    for number, line in enumerate(break_lines(words, drawn, room[0], max(1, room[1]))):
        draw.text((corner[0], corner[1] + number * LINE), line, ink, drawn)


def _as_jpeg(sheet: Image.Image, room: int) -> bytes:
    """The picture in as many bytes as there is room for, or in as few as it can be read with."""
    data = b""
    for quality in QUALITIES:
        out = io.BytesIO()
        sheet.save(out, "JPEG", quality=quality, optimize=True)
        data = out.getvalue()
        if len(data) <= room:
            break
    return data
