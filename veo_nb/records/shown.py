"""How a value shows itself where a host asks it for HTML: in marimo, in Quarto, in a notebook that has not loaded the extension.

What draws it lies above in the house, so it is given from there when a studio is made for a notebook.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_draw: list[Callable[[Any], str]] = []


def draw_with(draw: Callable[[Any], str]) -> None:
    """Have jobs, sweeps, clips and bills drawn by this from now on."""
    _draw[:] = [draw]


def html_of(value: Any) -> str | None:
    """The value as HTML, everything escaped; None where nothing draws it, so that its repr is shown."""
    return _draw[0](value) if _draw else None
