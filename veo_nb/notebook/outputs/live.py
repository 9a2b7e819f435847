"""The live outputs of this kernel, drawn once more in the cell that runs.

nbclient, and so nbconvert, papermill and Quarto, takes what a cell says while that cell runs, and nothing that comes between
two: a card whose job ends there would stay in the notebook, as an error for whoever opens it. So at the end of each cell
what has ended since is drawn again. A page needs none of this and would start the clip anew that somebody looks at; there
`%veo wait` alone draws, what has a button on it or waits to be saved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from IPython.core.getipython import get_ipython

from veo_nb.engine.job import Job
from veo_nb.store.rows import State


class Output(Protocol):
    """A card or a grid under a cell."""

    has_page: bool
    """Whether a page has said that it shows it."""

    @property
    def jobs(self) -> Sequence[Job]:
        """The jobs that it shows."""

    def redraw(self, *, plain: bool) -> bool:
        """Draw it once more where that is due; whether that was the last time. With `plain` no button stays on it."""


class Outputs:
    """What is shown in this kernel and may still change: `add` it, and it is drawn at the end of each cell."""

    def __init__(self) -> None:
        self._open: list[Output] = []
        self._done: list[Output] = []

    def add(self, output: Output) -> None:
        """Have this drawn once more when it is over."""
        self._open.append(output)
        shell = get_ipython()
        if shell is not None and self._after_cell not in shell.events.callbacks["post_run_cell"]:
            shell.events.register("post_run_cell", self._after_cell)

    def draw(self, *, plain: bool = False) -> None:
        """Draw what is due, in the cell that runs."""
        for output in [*self._open]:
            if output.redraw(plain=plain):
                self._open.remove(output)
                self._done.append(output)
        # In front of a page a person has seen how it ended.
        self._done = [output for output in self._done if not output.has_page]

    def failed(self) -> list[Job]:
        """The jobs that have failed where no page was, and no wait has told of, since this was asked last."""
        unseen = [output for output in (*self._done, *self._open) if not output.has_page]
        self._done = []
        jobs = {job.id: job for output in unseen for job in output.jobs}
        over = [job for job in jobs.values() if job.now.state.final and job.now.state is not State.CANCELLED]
        return [job for job in over if job.error is not None and not job.reported]

    def forget(self) -> None:
        """Draw nothing any more of what is shown by now."""
        self._open, self._done = [], []
        shell = get_ipython()
        if shell is not None and self._after_cell in shell.events.callbacks["post_run_cell"]:
            shell.events.unregister("post_run_cell", self._after_cell)

    def _after_cell(self, *_: object) -> None:
        self.draw()


LIVE = Outputs()
"""Those of this process, which has one notebook."""
