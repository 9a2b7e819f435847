"""Telling a person what no output of a cell is for: under the cell in a notebook, else by Python's log."""

from __future__ import annotations

import logging
import sys

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


def tell_once(text: str) -> None:
    """As `tell`, but nothing where it is empty or was told in this process before."""
    if text and text not in _seen:
        note_seen(text)
        tell(text)


def note_seen(text: str) -> None:
    """A person has read this elsewhere, so that it need not be told."""
    _seen.add(text)
