"""All of a sweep that goes into an export, as it is at one moment, and without keys and paths of this machine."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from veo_nb.engine.job import Job
from veo_nb.engine.video import Video
from veo_nb.notebook.export.names import file_names
from veo_nb.notebook.export.redaction import Discretion
from veo_nb.notebook.grid.protocol import CellDetails, Grid, GridCell, GridSummary
from veo_nb.notebook.grid.state import (
    ShownAxis,
    make_cells,
    make_details,
    make_grid,
    make_summary,
    shown_axes,
)
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import format_line
from veo_nb.records.late import dataclass
from veo_nb.request import SOURCES
from veo_nb.sweep import dataframe as table
from veo_nb.sweep.cell import Cell
from veo_nb.sweep.results import Result
from veo_nb.sweep.sweep import Sweep
from veo_nb.sweep.template import fill

UNMADE = "Not made yet"
NO_FILE = "Its file is no longer there"
NOT_PART = "Not part of this sweep"

Spot = tuple[str, int]
"""A clip by its cell's key, and its place among the clips of the cell whose files are there."""


@dataclass(frozen=True, kw_only=True)
class Material:
    """A sweep as an export shows it: nothing in it changes any more, and nothing can be asked for."""

    id: str
    prompt: str
    grid: Grid
    summary: GridSummary
    cells: Sequence[GridCell]
    details: Mapping[str, CellDetails]
    """By the cell's key; of a cell that was sent."""
    rows: Sequence[Mapping[str, Any]]
    """The table of results: a row a sample, its file by the name in the library."""
    recipes: Mapping[Spot, Mapping[str, Any]]
    videos: Mapping[Spot, Video]
    """The clips whose files are there."""
    names: Mapping[Spot, str]
    """The file of each in the export."""

    @property
    def samples(self) -> int:
        """The most clips that a cell has."""
        return max([1, *(len(cell.clips) for cell in self.cells)])

    def label(self, cell: GridCell, sample: int = 0) -> str:
        """A clip's values, without those that all have: `fox · dawn`."""
        axes = zip(self.grid.axes, cell.place, strict=True)
        words = [axis.values[at] for axis, at in axes if len(axis.values) > 1]
        if self.samples > 1:
            video = self.videos.get((cell.key, sample))
            words.append(f"sample {(video.sample if video else sample) + 1}")
        return " · ".join(words)

    def in_order(self) -> list[GridCell | None]:
        """The cells row by row, each combination of the other axes after the other; None where there is none."""
        grid = self.grid
        by_place = {tuple(cell.place): cell for cell in self.cells}
        names = [axis.name for axis in grid.axes]
        counts = {axis.name: len(axis.values) for axis in grid.axes}
        shown = [name for name in (grid.rows, grid.columns) if name]
        order = [*(name for name in names if name not in shown), *shown]
        places = itertools.product(*(range(counts[name]) for name in order))
        found = [dict(zip(order, place, strict=True)) for place in places]
        return [by_place.get(tuple(at[name] for name in names)) for at in found]


def gather(
    sweep: Sweep, discretion: Discretion, now: float, *, rows: str | None = None, columns: str | None = None
) -> Material:
    """The material of a sweep at the moment `now`, in seconds since 1970; `rows` and `columns` as in `sweep.grid`."""
    axes, clips = shown_axes(sweep), sweep.clips()
    made = [clip for clip in clips if clip.video is not None and clip.video.path.exists()]
    spots = _spots(made)
    several = {cell.position for cell in sweep.cells if len(cell.videos) > 1}
    names = file_names(
        (clip.cell.labels, clip.sample if clip.cell.position in several else None) for clip in made
    )
    grid = make_grid(sweep, axes, rows=rows, columns=columns, token="")
    summary = make_summary(sweep.summary(), now, settled=True)
    summary = replace(
        summary,
        line=[format_line(summary.line, now)],
        cost=[format_line(summary.cost, now)],
        actions=[],
    )
    named = {spot: f"{name}.mp4" for spot, name in zip(spots, names, strict=True)}
    details = {
        str(cell.position): _details(cell, discretion, now) for cell in sweep.cells if _is_over(cell.job)
    }
    return Material(
        id=sweep.id,
        # What is the same in all cells is said; what differs stands in the heads.
        prompt=discretion.words(fill(sweep.prompt or "", sweep.fixed, strict=False)),
        grid=discretion.shape(grid),
        summary=discretion.shape(summary),
        cells=_cells(
            sweep,
            axes,
            {_place(clip): named[spot] for clip, spot in zip(made, spots, strict=True)},
            discretion,
            now,
        ),
        details=details,
        rows=[
            _row(clip, row, discretion)
            for clip, row in zip(clips, table.rows(clips, sweep.axes), strict=True)
        ],
        recipes={spot: discretion.data(_recipe(sweep, clip)) for spot, clip in zip(spots, made, strict=True)},
        videos={spot: clip.video for spot, clip in zip(spots, made, strict=True) if clip.video is not None},
        names=named,
    )


def _cells(
    sweep: Sweep,
    axes: Sequence[ShownAxis],
    names: Mapping[tuple[int, int], str],
    discretion: Discretion,
    now: float,
) -> list[GridCell]:
    """The cells, with those of their clips that have a name: by position and sample."""
    ratings = sweep.ratings(job.id for job in sweep.jobs)
    stills = make_cells(sweep.cells, axes, ratings, Place(Path()))
    return [
        _still_cell(cell, own, names, discretion, now) for cell, own in zip(stills, sweep.cells, strict=True)
    ]


def _still_cell(
    cell: GridCell, own: Cell, names: Mapping[tuple[int, int], str], discretion: Discretion, now: float
) -> GridCell:
    """A cell in which nothing runs, and nothing can be cancelled or tried again."""
    kept = [
        replace(clip, url="", beside="", preview="", small=0, path=name, note=discretion.words(clip.note))
        for video, clip in zip(own.videos, cell.clips, strict=True)
        if (name := names.get((own.position, video.sample))) is not None
    ]
    cell = replace(cell, progress=None, actions=[], final_cost="", clips=kept)
    if own.videos and not kept:
        return replace(cell, line=[NO_FILE], state="empty")
    if own.request is not None and not _is_over(own.job):
        return replace(cell, line=[UNMADE], state="empty", job="")
    return replace(cell, line=[discretion.words(format_line(cell.line, now))])


def _details(cell: Cell, discretion: Discretion, now: float) -> CellDetails:
    found = discretion.shape(make_details(cell))
    # Of the clips that the cell still has here.
    here = [shown for video, shown in zip(cell.videos, found.measures, strict=True) if video.path.exists()]
    return replace(found, line=[discretion.words(format_line(found.line, now))], measures=here)


def _row(clip: Result, row: Mapping[str, Any], discretion: Discretion) -> dict[str, Any]:
    path = clip.path and clip.path.relative_to(clip.path.parents[1]).as_posix()
    return {**discretion.data(row), "path": path}


def _recipe(sweep: Sweep, clip: Result) -> dict[str, Any]:
    """How a clip was made, and what it is."""
    job, video = clip.job, clip.video
    assert job is not None, "it has a clip"
    assert video is not None, "it has a clip"
    request = job.request.canonical()
    for name in SOURCES:
        if name in request:
            # The address is good for two days, and may be one on this machine.
            request[name] = request[name]["key"]
    facts = ("width", "height", "duration", "fps", "has_audio", "bytes", "sha256")
    return {
        "sweep": sweep.id,
        "axes": clip.cell.labels,
        "job": job.id,
        "take": job.take,
        "sample": video.sample,
        "provider": job.provider.name,
        "request": request,
        "seconds": clip.seconds,
        "usd": clip.usd,
        "rating": clip.rating,
        "star": clip.star,
        "note": clip.note,
        "video": {name: getattr(video, name) for name in facts},
    }


def _spots(clips: Sequence[Result]) -> list[Spot]:
    counts: Counter[str] = Counter()
    spots = []
    for clip in clips:
        key = str(clip.cell.position)
        spots.append((key, counts[key]))
        counts[key] += 1
    return spots


def _place(clip: Result) -> tuple[int, int]:
    return clip.cell.position, clip.sample or 0


def _is_over(job: Job | None) -> bool:
    return job is not None and job.now.state.final
