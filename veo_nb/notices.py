"""Telling a person what no output of a cell is for: under the cell in a notebook, else by Python's log."""

from __future__ import annotations

import logging
import sys
import threading
import unicodedata
from typing import Any, TextIO

log = logging.getLogger("veo_nb")

_seen: set[str] = set()
"""What was said in this process, or stood where a person saw it."""


def tell(text: str) -> None:
    """Say a sentence where a person looks."""
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        print(text)  # noqa: T201
    else:
        log.warning(text)


def tell_at_end(text: str) -> None:
    """As `tell`, when the process ends; nothing in a kernel, whose page has gone by then."""
    ipython = sys.modules.get("IPython")
    if ipython is None or not hasattr(ipython.get_ipython(), "kernel"):
        tell(text)


def tell_once(text: str) -> None:
    """As `tell`, but nothing where it is empty or was told in this process before."""
    if text and text not in _seen:
        note_seen(text)
        tell(text)


def note_seen(text: str) -> None:
    """A person has read this elsewhere, so that it need not be told."""
    _seen.add(text)


def write_over(stream: TextIO, former: str, text: str) -> None:
    """Write a terminal's last line anew, where `former` stands.

    With blanks over what is left of that: a console of Windows may show the signs with which other terminals take a line
    away.
    """
    blanks = " " * max(0, _width(former) - _width(text))
    stream.write(f"\r{text}{blanks}" if text else f"\r{blanks}\r")
    stream.flush()


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


class Line:
    """A line where a person looks that is written anew again and again: `say(text)`, and at the end `end()`.

    In a notebook it stands under the cell and goes at its end, in a terminal it is the last one; elsewhere there is none.
    Only what the main thread says is shown: another one has no cell.
    """

    def __init__(self) -> None:
        self._handle: Any = None
        self._said = ""

    def say(self, text: str) -> None:
        """Let this stand in the line."""
        if text == self._said or threading.current_thread() is not threading.main_thread():
            return
        former, self._said = self._said, text
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython is not None else None
        if hasattr(shell, "kernel"):
            self._show({"text/plain": text})
        elif sys.stderr is not None and sys.stderr.isatty():
            write_over(sys.stderr, former, text)
            self._handle = sys.stderr

    def end(self) -> None:
        """Take the line away."""
        if self._handle is sys.stderr and self._handle is not None:
            write_over(sys.stderr, self._said, "")
        elif self._handle is not None:
            self._show({"text/plain": ""})
        self._handle, self._said = None, ""

    def _show(self, bundle: dict[str, str]) -> None:
        from IPython.display import display

        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)
