"""What is exchanged for a grid; the twin of js/src/core/protocol.ts.

Facts are traits, written by Python alone: `grid` (what stays), `summary` (the line above the table) and
`cells_0`, `cells_1`, … (a batch of cells each, so that one change does not push all of them). Pictures go only
when a page asks for one. Which axes are rows and columns is the page's own affair. Pure.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

import msgspec

from veo_nb.notebook.protocol import Estimate, Nothing, Part, Payloads, State, Transfer

BATCH = 12
"""Cells in one trait: about 4 kB."""


class AxisText(TypedDict):
    """An axis, and its values as a person says them, in order."""

    name: str
    values: list[str]


class Grid(TypedDict):
    """What a sweep is; it does not change while it is shown."""

    id: str
    axes: list[AxisText]
    rows: str
    """The axis that is rows at first; empty for none."""
    columns: str
    shape: Literal["16:9", "9:16"]
    """The shape of most cells; those that come to nothing take it too."""
    tag: str
    """`sandbox`, or empty."""
    batches: int
    token: str
    """Marks the saved table over which this grid is laid once everything is done."""


Action = Literal["pause", "resume", "rerun", "cancel-all"]


class Summary(TypedDict):
    """The line above the table."""

    line: list[Part]
    cost: list[Part]
    """How long still, and what it costs."""
    actions: list[Action]
    settled: bool
    """Whether the saved table has taken the widget's place in the notebook."""


class GridClip(TypedDict):
    """One clip of a cell, and what a person thinks of it."""

    url: str
    path: str
    fps: float
    rating: int
    star: bool
    note: str


CellState = State | Literal["empty"]


class GridCell(TypedDict):
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
    progress: Estimate | Transfer | None
    shape: Literal["16:9", "9:16"]
    actions: list[Literal["cancel", "retry", "rerun"]]
    clips: list[GridClip]
    """One a sample."""


class Details(TypedDict):
    """All that is known of a cell; asked for when it is enlarged."""

    prompt: str
    settings: list[str]
    line: list[Part]


class OfJob(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something asked of one job."""

    job: str


class OfCell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something asked about one cell."""

    cell: str


class OfClip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something asked about one clip of a cell."""

    cell: str
    sample: Annotated[int, msgspec.Meta(ge=0)]


class Rate(OfClip, frozen=True, forbid_unknown_fields=True):
    """1 to 5; 0 clears."""

    rating: Annotated[int, msgspec.Meta(ge=0, le=5)]


class Star(OfClip, frozen=True, forbid_unknown_fields=True):
    """Star a clip, or take the star away."""

    star: bool


class Note(OfClip, frozen=True, forbid_unknown_fields=True):
    """Words about a clip; empty takes them away."""

    note: Annotated[str, msgspec.Meta(max_length=2000)]


class Export(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sweep as a file with this ending; without one, as a folder."""

    ending: Literal[".html", ".mp4", ".png", ".csv", ""]


COMMANDS: Payloads = {
    "clock": Nothing,
    "pause": Nothing,
    "resume": Nothing,
    "rerun": Nothing,
    "cancel-all": Nothing,
    "cancel-job": OfJob,
    "retry-job": OfJob,
    "rerun-job": OfJob,
    "rate": Rate,
    "star": Star,
    "note": Note,
    "poster": OfClip,
    "details": OfCell,
    "export": Export,
}
"""What a page with a grid can ask for, and with which payload."""
