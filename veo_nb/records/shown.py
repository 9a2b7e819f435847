"""How a value shows itself where a host asks it for HTML: in marimo, in Quarto, in a notebook that has not loaded the extension.

What draws it lies above in the house, so it is given from there when a studio is made for a notebook.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_draw: list[Callable[[Any], str]] = []
_live: list[Callable[[Any], Any]] = []


def draw_with(draw: Callable[[Any], str], live: Callable[[Any], Any]) -> None:
    """Have jobs, sweeps, clips and bills drawn by `draw` from now on, and the first three shown by `live` where widgets are."""
    _draw[:] = [draw]
    _live[:] = [live]


def html_of(value: Any) -> str | None:
    """The value as HTML, everything escaped; None where nothing draws it, so that its repr is shown."""
    return _draw[0](value) if _draw else None


def live_of(value: Any) -> Any:
    """The value as a live view, for a host that asks for what displays it (marimo); its repr where nothing does."""
    return _live[0](value) if _live else repr(value)
