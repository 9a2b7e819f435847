"""Texts without what is nobody else's business: keys, and where files lie on this machine. Pure.

An export is given away. A key or a path can be in it only by way of words: a message that quotes a file, a note, a prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, TypeVar

import msgspec

from veo_nb.notebook.protocol import Exchanged, to_json

T = TypeVar("T")
S = TypeVar("S", bound=Exchanged)

SHORTEST_KEY = 8
"""What is shorter may be a word."""
KEY = "[key]"
_KEY_SHAPES = re.compile(r"\b(?:sk-[A-Za-z0-9_-]{8,}|AIza[A-Za-z0-9_-]{30,})")
_PATH = re.compile(
    # Not behind a letter, a colon or a slash: those are addresses, fractions and times.
    r"""(?:file://|(?<![\w:/.\\]))(?:~|[A-Za-z]:)?[/\\](?:[^\s/\\"'<>|:;,]+[/\\])+(?=[^\s/\\])"""
)


class Discretion:
    """What an export may say: `keys` are left out, and of a path the last name is left.

    In `folders` a path is known as one even where it holds spaces, and what is below them is left of it.
    """

    def __init__(self, keys: Iterable[str], folders: Iterable[PurePath]) -> None:
        self._keys = [key for key in keys if len(key) >= SHORTEST_KEY]
        # The longest first: one may lie in the other. A root is no secret, and everything begins with it.
        known = {str(folder) for folder in folders if len(folder.parts) > 1}
        self._folders = sorted(known, key=len, reverse=True)

    def words(self, text: str) -> str:
        """What a person or a server wrote, without keys and paths."""
        for key in self._keys:
            text = text.replace(key, KEY)
        text = _KEY_SHAPES.sub(KEY, text)
        for folder in self._folders:
            text = re.sub(rf"(?:file://)?{re.escape(folder)}(?:[/\\]|(?![\w.-]))", "", text)
        return _PATH.sub("", text)

    def shape(self, value: S) -> S:
        """A shape that a page is told, with all of its texts as `words` leaves them."""
        return msgspec.convert(self.data(to_json(value)), type(value))

    def data(self, value: T) -> T:
        """Plain JSON values with all of their texts as `words` leaves them; names of keys stay."""
        return self._cleaned(value)  # type: ignore[no-any-return]

    def _cleaned(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.words(value)
        if isinstance(value, Mapping):
            return {name: self._cleaned(one) for name, one in value.items()}
        return [self._cleaned(one) for one in value] if isinstance(value, Sequence) else value
