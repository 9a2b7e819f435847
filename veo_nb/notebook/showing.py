"""Putting jobs and sweeps under the cell that runs, and holding the cell until jobs are over.

A live view where there is a page, lines of words in a terminal.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython
from IPython.display import display
from jupyter_core.paths import jupyter_runtime_dir

from veo_nb.engine.job import Job, WaitInterrupted
from veo_nb.engine.video import Video
from veo_nb.errors import VeoError, WaitTimeout
from veo_nb.notebook import text
from veo_nb.notebook.clip.reach import HERE
from veo_nb.notebook.display import finished, one_clip
from veo_nb.notebook.grid.plain import sweep_table
from veo_nb.notebook.outputs.live import LIVE
from veo_nb.notebook.place import Place, find_place
from veo_nb.notebook.protocol import format_line
from veo_nb.notices import write_over
from veo_nb.store.billing import Bill
from veo_nb.sweep.sweep import Sweep

if TYPE_CHECKING:
    from veo_nb.decisions.comparison import Comparison

LOOK_SECONDS = 1.0


def is_terminal(shell: Any) -> bool:
    """Whether this is IPython in a terminal, where there are no widgets."""
    return not hasattr(shell, "kernel")


def find_place_here() -> Place:
    """The place of this kernel, as it is now."""
    shell, kernel_id = get_ipython(), ""
    # In a terminal it takes IPython's application for a kernel's.
    if not is_terminal(shell):
        from ipykernel.connect import get_connection_file

        with contextlib.suppress(RuntimeError, ValueError):
            kernel_id = Path(get_connection_file()).stem.removeprefix("kernel-")
        if written := written_to(shell.user_ns, Path.cwd()):
            return Place(written)
    return find_place(os.environ, Path.cwd(), Path(jupyter_runtime_dir()), kernel_id)


def written_to(names: Mapping[str, Any], folder: Path) -> Path | None:
    """The folder of the notebook that papermill writes, where `--inject-output-path` has it say so; `folder` is the kernel's."""
    path = names.get("PAPERMILL_OUTPUT_PATH")
    return (folder / path).parent if isinstance(path, str) and "://" not in path else None


def looked_at(shell: Any) -> bool:
    """Whether someone looks at the page in which the cell runs, and can be asked: not where nbclient, papermill or Quarto run it.

    A front end says with each cell whether its person can be asked for input.
    """
    parent = getattr(getattr(shell, "kernel", None), "get_parent", None)
    if parent is None:
        return False
    return bool((parent("shell") or {}).get("content", {}).get("allow_stdin", False))


def show_job(
    job: Job,
    place: Place,
    shell: Any,
    replaced: Callable[[Job, Job], None] | None = None,
    *,
    status: str = "",
    embed: bool = False,
) -> None:
    """Display a job: its card while it runs, its video when it is done, a line of words in a terminal.

    `replaced(old, new)` is called when a person has a blocked one tried again, `status` is said under a clip that was there
    already, `embed` puts the clip into the notebook.
    """
    over = job.now.state.final
    if over and (embed or not _is_tried(job.videos, shell)):
        display(finished(job, place, status, embed=embed))
        if not looked_at(shell):
            LIVE.add(JobAtItsEnd(job))
    elif not over and is_terminal(shell):
        print(f"{job.id}  {format_line(text.line(job), time.time())}")  # noqa: T201
        LIVE.add(JobInTerminal(job, place))
    else:
        from veo_nb.notebook.card import JobView

        JobView(job, place, replaced=replaced, status=status, embed=embed).show(looks=looked_at(shell))


def show_clip(video: Video, place: Place, shell: Any, *, embed: bool = False) -> None:
    """Display a clip by itself; `embed` puts it into the notebook."""
    if embed or not _is_tried([video], shell):
        display(one_clip(video, place, embed=embed))
    else:
        from veo_nb.notebook.clip.view import ClipView

        ClipView(video, place, embed=embed).show()


def _is_tried(videos: Sequence[Video], shell: Any) -> bool:
    """Whether a page is to find out how it can play these, or is known to need the kernel for it."""
    path = next((video.path for video in videos if video.path.exists()), None)
    if path is None or not looked_at(shell):
        return False
    seen = HERE.of(path)
    return seen is None or not seen.plays


class JobAtItsEnd:
    """A job that had ended before it was shown, where nobody looked: a wait tells of it like of one that ended a moment later."""

    has_page = False

    def __init__(self, job: Job) -> None:
        self.jobs = (job,)

    def redraw(self, *, plain: bool) -> bool:  # noqa: ARG002
        """It stands there as it ended."""
        return True


class JobInTerminal:
    """A job that a terminal was told has begun; how it ended is written by the next `%veo wait`."""

    has_page = False

    def __init__(self, job: Job, place: Place) -> None:
        self.jobs = (job,)
        self._place = place

    def redraw(self, *, plain: bool) -> bool:
        """Write what became of it, unless another wait has done so."""
        (job,) = self.jobs
        if not (plain and job.now.state.final):
            return False
        if not job.reported:
            job.reported = True
            display(finished(job, self._place))
        return True


def show_sweep(sweep: Sweep, place: Place, shell: Any, **how: Any) -> None:
    """Display a sweep: its grid in a notebook, a table of words in a terminal; `how` as in `SweepView`."""
    if is_terminal(shell):
        display(sweep_table(sweep))
        if folders := [video.path.parent for cell in sweep.cells for video in cell.videos]:
            print(f"In {place.shown(Path(os.path.commonpath(folders)))}")  # noqa: T201
        for job in sweep.jobs:
            if not job.now.state.final:
                LIVE.add(JobInTerminal(job, place))
    else:
        from veo_nb.notebook.grid.view import SweepView

        SweepView(sweep, place, **how).show(looks=looked_at(shell))


def live(value: Job | Sweep | Video) -> Any:
    """The live view of a value, for a host that shows widgets but keeps no outputs of a kernel: marimo."""
    place = find_place_here()
    if isinstance(value, Job):
        from veo_nb.notebook.card import JobView

        return JobView(value, place)
    if isinstance(value, Video):
        from veo_nb.notebook.clip.view import ClipView

        return ClipView(value, place)
    from veo_nb.notebook.grid.view import SweepView

    return SweepView(value, place)


def as_html(value: Job | Sweep | Video | Bill) -> str:
    """What a value looks like as it is now, without a widget: how a host shows it that asks for HTML."""
    place = find_place_here()
    if isinstance(value, Bill):
        from veo_nb.notebook.pages.bill import bill_table

        shown: Any = bill_table(value)
    elif isinstance(value, Video):
        shown = one_clip(value, place)
    elif isinstance(value, Job):
        shown = finished(
            value, place, "" if value.now.state.final else format_line(text.line(value), time.time())
        )
    else:
        from veo_nb.notebook.grid.view import SweepView

        view = SweepView(value, place)
        shown = view.saved()
        view.close()
    html: str = shown._repr_html_()
    return html


def show_comparison(comparison: Comparison, place: Place, shell: Any) -> None:
    """Put the clips of a comparison before a voter; in a terminal say how to vote in Python."""
    if is_terminal(shell):
        from veo_nb.decisions.comparison import HOW

        print(f"{comparison!r}. {HOW}")  # noqa: T201
    else:
        from veo_nb.notebook.compare.view import ComparisonView

        ComparisonView(comparison, place).show()


def wait_for_jobs(jobs: Sequence[Job], place: Place, *, terminal: bool) -> None:
    """Hold the cell until these jobs are over; the first error among them is raised at the end."""
    failed: dict[str, VeoError] = {}
    try:
        for job in jobs:
            try:
                _wait_for(job, place, terminal=terminal)
            except VeoError as error:
                if not job.now.state.final:
                    raise
                failed[job.id] = error
    except KeyboardInterrupt:
        left = [job.id for job in jobs if not job.now.state.final]
        goes_on = f" {count_jobs(left, 'goes on', 'go on')} in the background: {', '.join(left)}. %veo wait waits again."
        raise WaitInterrupted(f"Stopped waiting.{goes_on if left else ''}") from None
    if len(failed) > 1:
        print(f"{len(failed)} jobs have failed: {', '.join(failed)}. Of the first one:")  # noqa: T201
    for first in failed.values():
        raise first


def _wait_for(job: Job, place: Place, *, terminal: bool) -> None:
    # One that is held back with its sweep would be waited for for ever.
    if terminal:
        _watch(job, place)
    while not job.now.state.final and not job.held:
        with contextlib.suppress(WaitTimeout):
            job.wait(LOOK_SECONDS)
    if not job.held:
        job.wait()


def _watch(job: Job, place: Place) -> None:
    """Wait for a job with one line that says how it stands."""
    said = ""
    try:
        while not job.now.state.final and not job.held:
            # In a file, such as the log of a batch run, each would be a line of its own.
            if sys.stdout.isatty():
                former, said = said, f"{job.id}  {format_line(text.line(job), time.time())}"
                write_over(sys.stdout, former, said)
            with contextlib.suppress(WaitTimeout):
                job.wait(LOOK_SECONDS)
    finally:
        if said:
            write_over(sys.stdout, said, "")
        if job.now.state.final:
            display(finished(job, place))


def count_jobs(jobs: Sequence[object], one: str, several: str) -> str:
    """`1 job goes on` or `3 jobs go on`."""
    return f"1 job {one}" if len(jobs) == 1 else f"{len(jobs)} jobs {several}"
