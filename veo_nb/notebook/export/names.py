"""Names of files for the clips of a sweep, by their values on its axes: `fox_dawn`, `owl_seed-7`. Pure."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping

LONGEST = 96
"""Bytes of a name without its ending: every system takes 255, and paths go on top of it."""
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
)
"""Names that Windows keeps for devices."""

Place = tuple[Mapping[str, str], int | None]
"""The labels of a clip by axis, and its sample where there are several."""


def file_names(places: Iterable[Place]) -> list[str]:
    """A name for each clip, no two alike, not even where capitals make no difference.

    Each is made of the values: in small letters, those of other scripts too, `-` for everything else. A value of
    digits alone stands behind the name of its axis.
    """
    taken: set[str] = set()
    names = []
    for labels, sample in places:
        parts = [_part(axis, label) for axis, label in labels.items()]
        ending = "" if sample is None else f"_{sample + 1}"
        whole = "_".join(part for part in parts if part) or "clip"
        name = _distinct(f"_{whole}" if whole in _RESERVED else whole, ending, taken)
        taken.add(name)
        names.append(name)
    return names


def _part(axis: str, label: str) -> str:
    plain = _plain(label)
    # "9-16" alone says nothing; a letter of any script does.
    return plain if any(letter.isalpha() for letter in plain) else _plain(f"{axis} {label}")


def _plain(text: str) -> str:
    """Small letters and digits of any script, and single dashes between them."""
    # Small letters first: a few become others that have to be put together again.
    small = unicodedata.normalize("NFKC", text.casefold())
    return re.sub(r"[\W_]+", "-", small).strip("-")


def _distinct(whole: str, ending: str, taken: set[str]) -> str:
    for number in itertools.count(1):
        tail = ending if number == 1 else f"{ending}-{number}"
        name = f"{_cut(whole, LONGEST - len(tail))}{tail}"
        if name not in taken:
            return name
    raise AssertionError("counting has no end")


def _cut(text: str, most: int) -> str:
    """As much of a text as fits into so many bytes; no letter is cut in two."""
    return text.encode()[:most].decode(errors="ignore").rstrip("-_")
