"""What is exchanged for a grid (see `veo_nb.notebook.protocol`), and for the page that a sweep is exported to.

Its traits are `grid` (what stays), `summary` (the line above the table) and `cells_0`, `cells_1`, … (a batch of cells
each, so that one change does not push all of them). Pictures go only when a page asks for one. Which axes are rows and
columns is the page's own affair. Pure.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from veo_nb.notebook.protocol import (
    Commands,
    Exchanged,
    FrontEnd,
    Measured,
    Nothing,
    Now,
    OfJob,
    Part,
    Progress,
    Reached,
    Shape,
    State,
    Still,
    VideoPiece,
)

BATCH = 4
"""Cells in one trait: a kilobyte, since mostly one of them has changed."""


class GridAxis(Exchanged, frozen=True):
    """An axis, and its values as a person says them, in order."""

    name: str
    values: list[str]


class Grid(Exchanged, frozen=True):
    """What a sweep is; it does not change while it is shown."""

    id: str
    axes: list[GridAxis]
    rows: str
    """The axis that is rows at first; empty for none."""
    columns: str
    shape: Shape
    """The shape of most cells; those that come to nothing take it too."""
    tag: str
    """`sandbox`, or empty."""
    batches: int
    """How many traits `cells_N` there are."""
    token: str
    """Marks the saved table over which this grid is laid once everything is done."""


SweepAction = Literal["finalize", "pause", "resume", "rerun", "cancel-all"]


class GridSummary(Exchanged, frozen=True):
    """The line above the table."""

    line: list[Part]
    cost: list[Part]
    """How long still, and what it costs."""
    actions: list[SweepAction]
    finals: str
    """What making the starred drafts final would do: `Make 2 starred final · about $1.40`; empty where there are none."""
    settled: bool
    """Whether the saved table has taken the widget's place in the notebook."""


class GridClip(Exchanged, frozen=True):
    """One clip of a cell, and what a person thinks of it."""

    url: str
    """Its address on the server; empty where there is none. Whether the page can fetch it, the page tries."""
    beside: str
    """Its address from the notebook's folder; empty where there is none."""
    size: int
    """Bytes of the file; 0 where it is gone."""
    preview: str
    """Where a small copy of it is, which a cell plays; empty while there is none, or none is needed."""
    small: int
    """Bytes of that copy, which come through the kernel too; 0 while there is none."""
    path: str
    fps: float
    rating: int
    star: bool
    note: str


CellState = Literal[State, "empty"]
CellAction = Literal["cancel", "retry", "rerun", "finalize"]


class GridCell(Exchanged, frozen=True):
    """One cell."""

    key: str
    """Names the cell in messages."""
    place: list[int]
    """Where it stands along each axis."""
    job: str
    """Empty for a combination that is not sent."""
    state: CellState
    line: list[Part]
    """What happens, in few words; of an empty cell: why it is not sent."""
    progress: Progress | None
    shape: Shape
    actions: list[CellAction]
    final_cost: str
    """What it would cost to make a draft final: `about $0.70`; empty where it is none, or no price is known."""
    clips: list[GridClip]
    """One a sample."""


class CellDetails(Exchanged, frozen=True):
    """All that is known of a cell; asked for when it is enlarged."""

    prompt: str
    settings: list[str]
    line: list[Part]
    measures: list[list[Measured]]
    """Of each clip, as in the cell; empty of one that was not measured."""


class PageState(Exchanged, frozen=True):
    """All that an exported page shows but its clips."""

    grid: Grid
    summary: GridSummary
    cells: list[GridCell]
    details: dict[str, CellDetails]
    """By the cell's key."""
    stills: dict[str, str]
    """Data URIs by `cell/sample`, as the clips."""


class OfCell(Exchanged, frozen=True):
    """Something asked about one cell."""

    cell: str


class OfSample(Exchanged, frozen=True):
    """Something asked about one clip of a cell."""

    cell: str
    sample: Annotated[int, msgspec.Meta(ge=0)]


class SampleBytes(OfSample, frozen=True):
    """A piece of a clip's file, or of its small copy, from this byte on."""

    offset: Annotated[int, msgspec.Meta(ge=0)]
    small: bool


class RateSample(OfSample, frozen=True):
    """1 to 5; 0 clears."""

    rating: Annotated[int, msgspec.Meta(ge=0, le=5)]


class StarSample(OfSample, frozen=True):
    """Star a clip, or take the star away."""

    star: bool


class NoteSample(OfSample, frozen=True):
    """Words about a clip; empty takes them away."""

    note: Annotated[str, msgspec.Meta(max_length=2000)]


class Export(Exchanged, frozen=True):
    """The sweep as a file with this ending beside the notebook; without one, as a folder."""

    ending: Literal[".html", ".mp4", ".png", ".csv", ""]


class Exported(Exchanged, frozen=True):
    """Where an export was written."""

    text: str


COMMANDS: Commands = {
    "clock": (Nothing, Now),
    "bundle": (Nothing, FrontEnd),
    "pause": (Nothing, Nothing),
    "resume": (Nothing, Nothing),
    "rerun": (Nothing, Nothing),
    "finalize": (Nothing, Nothing),
    "cancel-all": (Nothing, Nothing),
    "cancel-job": (OfJob, Nothing),
    "retry-job": (OfJob, Nothing),
    "rerun-job": (OfJob, Nothing),
    "finalize-job": (OfJob, Nothing),
    "rate": (RateSample, Nothing),
    "star": (StarSample, Nothing),
    "note": (NoteSample, Nothing),
    "poster": (OfSample, Still),
    "video": (SampleBytes, VideoPiece),
    "reached": (Reached, Nothing),
    "details": (OfCell, CellDetails),
    "export": (Export, Exported),
}
"""What a page with a grid can ask for: with which payload, and what it is answered with."""
