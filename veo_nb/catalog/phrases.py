"""How messages quote values and list what is known, and how words are read that came from any keyboard or page."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from veo_nb.errors import without_keys

COMMAS = ",，﹐､、،"
"""ASCII's, the full-width and the small one, those of Chinese and Japanese lists, the Arabic one."""
DASHES = "-‐‑‒–—―−﹘﹣－"
"""What keyboards, pages and word processors make of a hyphen."""
_UNSEEN = "\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_AROUND = re.compile(rf"^[\s{_UNSEEN}]+|[\s{_UNSEEN}]+$")
_QUOTES = "\"'`\u2018-\u201f\uff02\uff07«»「」"
_QUOTED = re.compile(rf"^[\s{_UNSEEN}{_QUOTES}]+|[\s{_UNSEEN}{_QUOTES}]+$")


def did_you_mean(name: str, known: list[str]) -> str:
    """A hint for a mistyped word: the nearest known one, or all of them."""
    near = _near(str(name).lower(), known, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."


def nearest(value: str, choices: tuple[Any, ...]) -> Any | None:
    """The choice that was probably meant by a mistyped value; None where nothing is near."""
    names = {str(choice): choice for choice in choices}
    # Nearer than for words: 720p and 1080p are much alike, and mean something else.
    near = _near(value[:40].strip().lower(), list(names), cutoff=0.7)
    return names[near[0]] if near else None


def _near(word: str, known: list[str], *, cutoff: float) -> list[str]:
    # Only who has mistyped something needs it.
    from difflib import get_close_matches

    return get_close_matches(word, known, n=1, cutoff=cutoff)


def shown(value: Any) -> str:
    """A value as a message quotes it: as Python writes it, but a path with the backslashes that it has, at a sane length."""
    path = isinstance(value, str) and value.isprintable() and "'" not in value
    text = without_keys(f"'{value}'" if path else repr(value))
    return text if len(text) <= 80 else f"{text[:79]}…"


def listed(values: tuple[Any, ...]) -> str:
    """`4, 6 or 8`: choices as a person lists them."""
    words = [str(value) for value in values]
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def bare(text: str) -> str:
    """A text without what can't be seen around it: blanks of any kind, marks of direction, a byte-order mark."""
    return _AROUND.sub("", text)


def unquoted(text: str) -> str:
    """A text without the quotes and blanks that a file or a page has left around it."""
    return _QUOTED.sub("", text)


def plain(text: str) -> str:
    """A word as an ASCII keyboard would have typed it: `９：１６` as `9:16`, `٨` as `8`, `–` as `-`."""
    text = re.sub(f"[{re.escape(DASHES)}]", "-", unicodedata.normalize("NFKC", bare(text)))
    return re.sub(r"\d", lambda digit: str(int(digit[0])), text)


def identifier(text: str) -> str:
    """A name as Python has it, whose variables are all in one form; empty where it can't be one."""
    name = unicodedata.normalize("NFKC", bare(text))
    return name if name.isidentifier() else ""
