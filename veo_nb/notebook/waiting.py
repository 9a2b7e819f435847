"""Holding a cell until jobs are over, with one line a job in a terminal."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Sequence

from IPython.display import display

from veo_nb.engine.job import Job, WaitInterrupted
from veo_nb.errors import VeoError, WaitTimeout
from veo_nb.notebook import text
from veo_nb.notebook.display import finished
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import format_line

LOOK_SECONDS = 1.0


def wait_for_jobs(jobs: Sequence[Job], place: Place, *, terminal: bool) -> None:
    """Hold the cell until these jobs are over; the first error among them is raised at the end."""
    failed: list[VeoError] = []
    try:
        for job in jobs:
            try:
                _wait_for(job, place, terminal=terminal)
            except VeoError as error:
                if not job.now.state.final:
                    raise
                failed.append(error)
    except KeyboardInterrupt:
        left = [job.id for job in jobs if not job.now.state.final]
        goes_on = f" {count_jobs(left, 'goes on', 'go on')} in the background: {', '.join(left)}. %veo wait waits again."
        raise WaitInterrupted(f"Stopped waiting.{goes_on if left else ''}") from None
    if failed:
        raise failed[0]


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
    try:
        while not job.now.state.final and not job.held:
            sys.stdout.write(f"\r\033[K{job.id}  {format_line(text.line(job), time.time())}")
            sys.stdout.flush()
            with contextlib.suppress(WaitTimeout):
                job.wait(LOOK_SECONDS)
    finally:
        sys.stdout.write("\r\033[K")
        if job.now.state.final:
            display(finished(job, place))


def count_jobs(jobs: Sequence[object], one: str, several: str) -> str:
    """`1 job goes on` or `3 jobs go on`."""
    return f"1 job {one}" if len(jobs) == 1 else f"{len(jobs)} jobs {several}"
