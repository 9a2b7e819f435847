"""Putting a job or a sweep under the cell that runs: a live view where there is a page, words in a terminal."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from IPython.display import display
from jupyter_core.paths import jupyter_runtime_dir

from veo_nb.engine.job import Job
from veo_nb.notebook import text
from veo_nb.notebook.display import finished
from veo_nb.notebook.grid.plain import sweep_table
from veo_nb.notebook.place import Place, find_place
from veo_nb.notebook.protocol import format_line
from veo_nb.sweep.sweep import Sweep


def is_terminal(shell: Any) -> bool:
    """Whether this is IPython in a terminal, where there are no widgets."""
    return not hasattr(shell, "kernel")


def find_place_here() -> Place:
    """The place of this kernel, as it is now."""
    return find_place(os.environ, Path.cwd(), Path(jupyter_runtime_dir()))


def show_job(job: Job, place: Place, shell: Any, replaced: Callable[[Job, Job], None] | None = None) -> None:
    """Display a job: its card while it runs, its video when it is done, a line of words in a terminal.

    `replaced(old, new)` is called when a person has a blocked one tried again.
    """
    if job.now.state.final:
        display(finished(job, place))
    elif is_terminal(shell):
        print(f"{job.id}  {format_line(text.line(job), time.time())}")  # noqa: T201
    else:
        from veo_nb.notebook.card import JobView

        JobView(job, place, replaced=replaced).show()


def show_sweep(sweep: Sweep, place: Place, shell: Any, **how: Any) -> None:
    """Display a sweep: its grid in a notebook, a table of words in a terminal; `how` as in `SweepView`."""
    if is_terminal(shell):
        display(sweep_table(sweep))
    else:
        from veo_nb.notebook.grid.view import SweepView

        SweepView(sweep, place, **how).show()
