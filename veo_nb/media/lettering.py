"""Words in a picture: a typeface that has all their letters, broken into lines, cut where there is no room."""

from __future__ import annotations

import functools
import math

from PIL import ImageFont

Face = ImageFont.FreeTypeFont | ImageFont.ImageFont

FACES = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "LiberationSans-Regular.ttf",
    "Arial.ttf",
    "arial.ttf",
    "Arial Unicode.ttf",
    "NotoSansCJK-Regular.ttc",
    "wqy-zenhei.ttc",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "msyh.ttc",
    "malgun.ttf",
)
"""Typefaces of the usual systems, found by Pillow in their folders; its own has little more than English."""
CUT = "…"
NOWHERE = "\U0010fffe"
"""No typeface has a letter for this: what it draws is what it draws for all that it lacks."""


def face(text: str, size: int) -> Face:
    """The typeface that has the most of the letters of a text; `size` is in pixels."""
    letters = frozenset(text) - frozenset(" \n")
    best, fewest = None, len(letters) + 1
    for found in _faces(size):
        missing = sum(not _has(found, letter) for letter in letters)
        if missing < fewest:
            best, fewest = found, missing
        if missing == 0:
            break
    assert best is not None, "Pillow's own is always there"
    return best


def break_lines(text: str, drawn: Face, width: int, most: int) -> list[str]:
    """The text in lines of at most `width` pixels and at most `most` of them; the last one is cut where it must be."""
    lines: list[str] = []
    left = " ".join(text.split())
    while left and len(lines) < most:
        end = _room(left, drawn, width)
        if end < len(left) and len(lines) == most - 1:
            kept = left[: _room(left, drawn, width - math.ceil(drawn.getlength(CUT)))].rstrip()
            lines.append(f"{kept}{CUT}")
            break
        # Between words, unless one word alone is too long for a line.
        space = left.rfind(" ", 0, end + 1)
        if end < len(left) and space > 0:
            end = space
        lines.append(left[:end].rstrip())
        left = left[end:].lstrip()
    return lines


def _room(text: str, drawn: Face, width: int) -> int:
    """How many letters of a text there is room for; one at least, or there would be no end."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if drawn.getlength(text[:middle]) <= width:
            low = middle
        else:
            high = middle - 1
    return low


@functools.lru_cache(maxsize=16)
def _faces(size: int) -> tuple[Face, ...]:
    found: list[Face] = []
    for name in FACES:
        try:
            found.append(ImageFont.truetype(name, size))
        except OSError:
            continue
    return (*found, ImageFont.load_default(size))


@functools.lru_cache(maxsize=4096)
def _has(drawn: Face, letter: str) -> bool:
    return _mask(drawn, letter) != _mask(drawn, NOWHERE)


def _mask(drawn: Face, letter: str) -> tuple[bytes, tuple[int, int]]:
    mask = drawn.getmask(letter)
    return bytes(mask), mask.size
