"""Showing and exporting: what a studio is given so that `sweep.grid()`, `sweep.export()` and `comparison.show()` work.

Nothing heavy is loaded before it is done.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veo_nb import catalog
from veo_nb.credentials.keys import Secret, wrap_key
from veo_nb.records.shown import draw_with
from veo_nb.studio import Studio
from veo_nb.sweep.sweep import Sweep

if TYPE_CHECKING:
    from veo_nb.decisions.comparison import Comparison
    from veo_nb.decisions.comparisons import Comparisons


class NotebookViews:
    """Shows a sweep or a comparison in the cell that runs, and writes a sweep out without any key that this process knows."""

    def __init__(self) -> None:
        self._comparisons: Callable[[], Comparisons] | None = None

    def attach(self, comparisons: Callable[[], Comparisons]) -> None:
        """Know the comparisons of this studio: what they came to goes into what is written out."""
        self._comparisons = comparisons

    def show(self, sweep: Sweep, *, rows: str | None, columns: str | None, embed: bool) -> None:
        """Display it where the code runs."""
        from veo_nb.notebook.magics import show_here

        show_here(sweep, rows=rows, columns=columns, embed=embed)

    def compare(self, comparison: Comparison) -> None:
        """Put its clips before a voter where the code runs."""
        from veo_nb.notebook.magics import show_comparison_here

        show_comparison_here(comparison)

    def export(self, sweep: Sweep, to: str | os.PathLike[str], **how: Any) -> Path:
        """Write it to a file or folder, and say where."""
        from veo_nb.notebook.export.writer import export

        return export(sweep, to, keys=_keys(), comparisons=self._of(sweep), **how)

    def report(self, sweep: Sweep, to: str | os.PathLike[str], **how: Any) -> Path:
        """Write what it found out to a page, and say where."""
        from veo_nb.notebook.report.writer import report

        return report(sweep, to, keys=_keys(), comparisons=self._of(sweep), **how)

    def _of(self, sweep: Sweep) -> list[Comparison]:
        """The comparisons of a sweep, oldest first."""
        return self._comparisons().all(sweep)[::-1] if self._comparisons is not None else []


class NotebookStudio(Studio):
    """A `Studio` whose sweeps can be shown and exported: `veo.Studio(...)`, with the same settings."""

    def __init__(self, **settings: Any) -> None:
        wrap_key(settings)
        draw_with(_draw, _live)
        super().__init__(**{"views": NotebookViews(), **settings})
        _made.add(self)


_made: weakref.WeakSet[Studio] = weakref.WeakSet()
"""The studios of this process, whose keys must not be in what is given away."""


def _draw(value: Any) -> str:
    from veo_nb.notebook.showing import as_html

    return as_html(value)


def _live(value: Any) -> Any:
    from veo_nb.notebook.showing import live

    return live(value)


def _keys() -> list[str]:
    """The keys that this process knows of."""
    variables = [name for one in catalog.PROVIDERS.values() for name in one.key_variables]
    known = [Secret(os.environ.get(name, "")) for name in variables]
    return [
        one.reveal()
        for one in (*known, *(key for studio in [*_made] for key in studio.settings.known_keys()))
    ]
