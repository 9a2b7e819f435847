"""`SweepView`, the living grid of a sweep, and the saved table that takes its place in the notebook.

What syncs: `grid` once, `summary`, and `cells_N`, a few cells each: only those that have changed, once a
second. What does not: stills and details are asked for by message, and videos come from the server.

When the grid gives way to the table: as soon as nothing more happens by itself. What Lab saves is whatever the
display id last showed, and a widget saved would be an error message after a restart; so the output becomes the
table at once, and again some seconds after each rating. A person who is comparing at that moment is not cut off:
the model lives on with the kernel, finds the table by its token and lays the living grid over it, with everything
chosen, open and loaded (js/src/grid/mount.ts). It does so again when the page is reloaded. Without a kernel, or
where the front end keeps outputs apart from each other, the table is what there is; `sweep.grid()` and
`%veo show ID` show the living one anew.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path
from typing import Any, ClassVar

import traitlets

from veo_nb.engine.job import Job
from veo_nb.engine.video import Video
from veo_nb.errors import NotFound
from veo_nb.notebook.clip.output import Output
from veo_nb.notebook.clip.pieces import piece_of
from veo_nb.notebook.clip.reach import HERE, Reach, Seen
from veo_nb.notebook.display import poster, still
from veo_nb.notebook.grid.previews import PREVIEWS_HERE, Previews, preview_path
from veo_nb.notebook.grid.protocol import (
    BATCH,
    COMMANDS,
    Exported,
    GridCell,
    GridSummary,
    OfCell,
    OfSample,
    SampleBytes,
)
from veo_nb.notebook.grid.saved import STILL_WIDTH, SavedGrid, Table, saved_grid
from veo_nb.notebook.grid.state import (
    batches,
    finals_text,
    is_draft_here,
    make_cells,
    make_details,
    make_grid,
    make_summary,
    shown_axes,
    starred_drafts,
)
from veo_nb.notebook.live import PROGRESS_SECONDS, LiveView
from veo_nb.notebook.outputs.live import LIVE
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import Command, Commands, Exchanged, Nothing, format_line
from veo_nb.sweep.cell import Cell
from veo_nb.sweep.sweep import Sweep

LIVING = 4
"""Grids of one sweep that live at once: an older one, whose cell was run again, is the saved table from then on."""
log = logging.getLogger("veo_nb")

EXPORT_SECONDS = 4.0
"""How long a page waits for an export before it is told that it takes longer."""
PREVIEW_SECONDS = 5.0
"""For so long a page is not told of a small copy, since others come."""
SAVE_SECONDS = 3.0
"""After a rating the saved table is drawn anew, once no other has come for so long."""


_shown: dict[str, deque[SweepView]] = {}
"""The grids on display, by sweep, oldest first."""


class SweepView(LiveView):
    """The grid of a sweep: live while it runs and while the kernel lives, a table of videos in the saved notebook."""

    _kind = traitlets.Unicode("sweep").tag(sync=True)
    _commands: ClassVar[Commands] = COMMANDS
    grid = traitlets.Dict().tag(sync=True)
    summary = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        sweep: Sweep,
        place: Place,
        *,
        rows: str | None = None,
        columns: str | None = None,
        embed: bool = False,
        clock: Callable[[], float] = time.time,
        previews: Previews = PREVIEWS_HERE,
        reach: Reach = HERE,
    ) -> None:
        self._sweep = sweep
        self._place = place
        self._embed = embed
        self._axes = shown_axes(sweep)
        self._reach = reach
        self._output = Output(self, self.saved, self._file, embed=embed, reach=reach)
        self._looked_at = False
        self._settled = False
        self._stale = False
        """Whether a batch run may lack the table as it is now."""
        self._dirty: set[int] = set()
        self._saving: threading.Timer | None = None
        self._previews = previews
        self._preview_waits = False
        self._artist = ThreadPoolExecutor(1, thread_name_prefix="veo_nb-stills")
        self._scribe = ThreadPoolExecutor(1, thread_name_prefix="veo_nb-exports")
        self._clock = clock
        self._forget: Callable[[], None] | None = None
        parts = batches(sweep.cells)
        self.add_traits(**{f"cells_{n}": traitlets.List().tag(sync=True) for n in range(len(parts))})
        self._grid = make_grid(sweep, self._axes, rows=rows, columns=columns, token=secrets.token_hex(8))
        super().__init__(
            clock,
            grid=self._grid,
            summary=self._summary(),
            **{f"cells_{n}": self._cells(part) for n, part in enumerate(parts)},
        )
        self._forget = sweep.on_change(self._changed)
        # They may have gone on between the first look at them and the listening.
        self._changed(sweep.cells)

    def show(self, *, looks: bool = False) -> None:
        """Display the grid here: the living one while something runs, else the table with the living one over it.

        `looks` says that someone looks at the page, which then may say what it can play.
        """
        shown = _shown.setdefault(self._sweep.id, deque())
        shown.append(self)
        while len(shown) > LIVING:
            shown.popleft().close()
        over = self._sweep.summary().over
        self._looked_at = looks
        self._output.show(over=over, looks=looks)
        LIVE.add(self)
        # It may have ended between the look at it and the display.
        if over or self._sweep.summary().over:
            self._settle()

    @property
    def jobs(self) -> Sequence[Job]:
        """The jobs of its cells."""
        return self._sweep.jobs

    def redraw(self, *, plain: bool) -> bool:
        """Draw the table once more where no page was there to get it; with `plain` what waits to be saved too."""
        with self._writing:
            # Who waited may be here before this has heard of the end, on the thread that tells all others of it.
            unheard = not self._settled and self._sweep.summary().over
            due = self._saving is not None if self.has_page else self._stale or unheard
            if due and (plain or not (self.has_page or self._looked_at)):
                self._stop_saving()
                self._settle()
                self._stale = False
            return not self._output.shown

    def close(self) -> None:
        """Take the grid away; the sweep goes on."""
        if self._forget is not None:
            self._forget()
        self._output.end()
        self._stop_saving()
        self._artist.shutdown(wait=False, cancel_futures=True)
        self._scribe.shutdown(wait=False)
        super().close()

    # State

    def _changed(self, cells: tuple[Cell, ...]) -> None:
        """Take in that these cells have changed, on whichever thread it happened."""
        with self._writing:
            self._dirty |= {cell.position // BATCH for cell in cells}
        for video in (video for cell in cells for video in cell.videos):
            # Drawn now and kept: at the end there are all at once. None any more when it is just being closed.
            with contextlib.suppress(RuntimeError):
                self._artist.submit(poster, video.path, STILL_WIDTH)
        self._ask_for_previews(cells)
        if not self._sweep.summary().over:
            # Many cells change all the time; who has asked for something is told of it at once.
            self.push_soon(PROGRESS_SECONDS)
            return
        self.push_now()
        self._stale = True
        if self._settled:
            self._save_later()
        else:
            self._settle()

    def _ask_for_previews(self, cells: tuple[Cell, ...]) -> None:
        """Have small copies made of the clips of these cells, where a page can fetch them or gets their bytes."""
        for cell in cells:
            for video in cell.videos:
                seen = self._reach.of(video.path)
                if self._place.url(video.path) or (seen is not None and not seen.plays):
                    self._previews.ask(video, functools.partial(self._preview_made, cell.position // BATCH))

    def _preview_made(self, batch: int) -> None:
        """Tell the page of a small copy, with others that are made meanwhile: nobody waits for it."""
        with self._writing:
            self._dirty.add(batch)
            if not self._preview_waits:
                self._preview_waits = self._later(PREVIEW_SECONDS, self._push_previews)
            if not self._preview_waits:
                self.push_now()

    def _push_previews(self) -> None:
        with self._writing:
            self._preview_waits = False
            self.push_now()

    def push(self) -> None:
        """Write what has changed since the last time, as it is now."""
        with self._writing:
            dirty, self._dirty = self._dirty, set()
            parts = batches(self._sweep.cells)
            changed = {f"cells_{number}": self._cells(parts[number]) for number in sorted(dirty)}
            self.write(**changed, summary=self._summary())

    def _cells(self, cells: Any) -> list[GridCell]:
        ids = [cell.job.id for cell in cells if cell.job is not None]
        return make_cells(cells, self._axes, self._sweep.ratings(ids), self._place)

    def _summary(self) -> GridSummary:
        finals = finals_text(self._starred_drafts())
        return make_summary(self._sweep.summary(), self._clock(), settled=self._settled, finals=finals)

    def _starred_drafts(self) -> list[Cell]:
        drafts = [cell for cell in self._sweep.cells if cell.job is not None and is_draft_here(cell.job)]
        # Mostly there are none, and nothing is looked up.
        ids = [cell.job.id for cell in drafts if cell.job is not None]
        return starred_drafts(drafts, self._sweep.ratings(ids)) if ids else []

    # The saved table

    def _settle(self) -> None:
        """Let the table take the widget's place in the notebook."""
        with self._writing:
            if not self._output.shown:
                return
            if self._settled:
                self._output.finish(redraw=True)
                return
            self._settled = True
            # First, so that a page knows whose table it is when it comes.
            self.push_now()
            self._output.settle(looks=self.has_page or self._looked_at)

    def _save_later(self) -> None:
        """Draw the table anew, once nothing has changed for a while."""
        self._stop_saving()
        self._saving = threading.Timer(SAVE_SECONDS, self._settle)
        self._saving.daemon = True
        self._saving.start()

    def _stop_saving(self) -> None:
        if self._saving is not None:
            self._saving.cancel()
            self._saving = None

    def saved(self, seen: Seen | None = None) -> SavedGrid:
        """The table that the notebook keeps, as it is now, for a page that has found out this much; it needs no kernel."""
        cells = self._sweep.cells
        state = self._summary()
        now = self._clock()
        table = Table(
            grid=self._grid,
            cells=self._cells(cells),
            line=format_line([*state.line, *state.cost], now),
            prompt=self._sweep.prompt or "",
            videos={(str(cell.position), n): video for cell in cells for n, video in enumerate(cell.videos)},
            embed=self._embed,
            seen=seen,
        )
        return saved_grid(table, self._place, now=now)

    # Commands

    def handle(self, command: Command, payload: Any) -> Exchanged | tuple[Exchanged, list[bytes]]:
        """Do what a page asks for."""
        sweep = self._sweep
        done: dict[str, Callable[[], object]] = {
            "pause": sweep.pause,
            "resume": sweep.resume,
            "rerun": sweep.rerun,
            "finalize": lambda: sweep.finalize(cells=self._starred_drafts()),
            "cancel-all": sweep.cancel,
            "cancel-job": lambda: self._cancel(payload.job),
            "retry-job": lambda: sweep.retry(cells=self._of_job(payload.job)),
            "rerun-job": lambda: sweep.rerun(cells=self._of_job(payload.job)),
            "finalize-job": lambda: sweep.finalize(cells=self._of_job(payload.job)),
            "rate": lambda: sweep.rate(self._video(payload), payload.rating or None),
            "star": lambda: sweep.star(self._video(payload), payload.star),
            "note": lambda: sweep.note(self._video(payload), payload.note),
        }
        if command.kind == "details":
            return make_details(self._at(payload))
        if command.kind == "poster":
            return still(self._video(payload).path, STILL_WIDTH)
        if command.kind == "video":
            return self._piece(payload)
        if command.kind == "reached":
            self._reached(Seen(plays=payload.plays, apart=payload.apart))
            return Nothing()
        if command.kind == "export":
            return Exported(text=self._export(payload.ending))
        done[command.kind]()
        self.push_now()
        return Nothing()

    def _piece(self, payload: SampleBytes) -> tuple[Exchanged, list[bytes]]:
        video = self._video(payload)
        path = preview_path(video) if payload.small else video.path
        return piece_of(path, payload.offset, video.path.name)

    def _reached(self, seen: Seen) -> None:
        """Take in what a page has found out; where bytes come through the kernel, small copies spare most of them."""
        self._output.note(seen)
        if not seen.plays:
            self._ask_for_previews(self._sweep.cells)

    def _file(self) -> Path | None:
        """A clip that is there, for what is known about all of them."""
        videos = (video for cell in self._sweep.cells for video in cell.videos)
        return next((video.path for video in videos if video.path.exists()), None)

    def _export(self, ending: str) -> str:
        """Write the sweep beside the notebook, and say where; what takes long goes on after the answer."""
        path = (self._place.now() or self._place.folder) / f"sweep-{self._sweep.id}{ending}"
        done = self._scribe.submit(self._sweep.export, path)
        try:
            done.result(EXPORT_SECONDS)
        except FutureTimeout:
            done.add_done_callback(_tell_log)
            return f"Being written to {path.name}: it is there once it is whole"
        return f"Written to {path.name}"

    def _cancel(self, job_id: str) -> None:
        for cell in self._of_job(job_id)[:1]:
            assert cell.job is not None, "found by it"
            cell.job.cancel()

    def _at(self, payload: OfCell | OfSample) -> Cell:
        cells = self._sweep.cells
        if not payload.cell.isdecimal() or int(payload.cell) >= len(cells):
            raise NotFound(f"This sweep has no cell {payload.cell[:40]!r}.", hint="Reload the page.")
        return cells[int(payload.cell)]

    def _video(self, payload: OfSample) -> Video:
        videos = self._at(payload).videos
        if payload.sample >= len(videos):
            raise NotFound("This cell has no such clip.", hint="Reload the page.")
        return videos[payload.sample]

    def _of_job(self, job_id: str) -> list[Cell]:
        found = [cell for cell in self._sweep.cells if cell.job is not None and cell.job.id == job_id]
        if not found:
            raise NotFound(f"This sweep has no job {job_id[:40]!r}.", hint="Reload the page.")
        return found


def _tell_log(done: Future[Path]) -> None:
    """Say what became of an export that nobody waits for any more."""
    if (error := done.exception()) is not None:
        log.error("the export failed: %s", error)
