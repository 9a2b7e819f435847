"""What a page is told of a sweep: its axes, its cells and the line above them, in words. Pure but for the clips' files.

Both the living grid and the saved table are drawn from these, so that they say the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from veo_nb.engine.job import Job
from veo_nb.engine.video import Video
from veo_nb.media.shape import frame_of
from veo_nb.notebook import text
from veo_nb.notebook.clip.pieces import size_of
from veo_nb.notebook.grid.previews import preview_path
from veo_nb.notebook.grid.protocol import (
    BATCH,
    CellAction,
    CellDetails,
    Grid,
    GridAxis,
    GridCell,
    GridClip,
    GridSummary,
    SweepAction,
)
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import Part, Shape, Until
from veo_nb.records.late import dataclass
from veo_nb.store.ratings import UNRATED, Rating
from veo_nb.store.rows import State
from veo_nb.sweep.cell import Cell
from veo_nb.sweep.course.choosing import AGAIN
from veo_nb.sweep.summary import FORBIDDEN, Summary
from veo_nb.sweep.sweep import Sweep

Given = Mapping[tuple[str, int], Rating]
"""Ratings by job and sample."""


@dataclass(frozen=True)
class ShownAxis:
    """An axis as the grid shows it: one of the sweep's, or several that move together as one."""

    names: tuple[str, ...]
    places: Mapping[tuple[str, ...], int]
    """Where each combination of their labels stands."""

    @property
    def title(self) -> str:
        """Its name; those of axes that move together, one after the other."""
        return " · ".join(self.names)

    @property
    def labels(self) -> list[str]:
        """Its values as a person says them."""
        return [" · ".join(labels) for labels in self.places]

    def place(self, cell: Cell) -> int:
        """Where a cell stands along it."""
        return self.places[tuple(cell.labels[name] for name in self.names)]


def shown_axes(sweep: Sweep) -> tuple[ShownAxis, ...]:
    """The axes of a sweep, those that move together as one: else most places of the table would be empty."""
    by_name = {axis.name: axis for axis in sweep.axes}
    partners = {name: group for group in sweep.zipped for name in group}
    groups = dict.fromkeys(partners.get(name, (name,)) for name in by_name)
    return tuple(
        ShownAxis(
            group,
            {
                labels: n
                for n, labels in enumerate(zip(*(by_name[name].labels for name in group), strict=True))
            },
        )
        for group in groups
    )


def make_grid(
    sweep: Sweep, axes: Sequence[ShownAxis], *, rows: str | None, columns: str | None, token: str
) -> Grid:
    """What stays of a sweep; `rows` and `columns` are names of its axes, by default those it was made with."""
    shapes = Counter(cell.request.shape for cell in sweep.cells if cell.request is not None)
    first = _title(axes, rows or sweep.rows)
    second = _title(axes, columns or sweep.columns)
    if first and first == second:
        # An axis that was asked for on one side is no longer free for the other.
        others = [axis.title for axis in axes if axis.title != first]
        first, second = (first, next(iter(others), "")) if rows else (next(iter(others), ""), second)
    return Grid(
        id=sweep.id,
        axes=[GridAxis(name=axis.title, values=axis.labels) for axis in axes],
        rows=first,
        columns=second,
        shape=frame_of(shapes.most_common(1)[0][0]) if shapes else "16:9",
        tag="" if sweep.provider.bills else sweep.provider.title,
        batches=-(-len(sweep.cells) // BATCH),
        token=token,
    )


def make_cells(
    cells: Iterable[Cell], axes: Sequence[ShownAxis], given: Given, place: Place
) -> list[GridCell]:
    """These cells as a page is told of them; `given` has the ratings of their jobs."""
    return [_cell(cell, [axis.place(cell) for axis in axes], given, place) for cell in cells]


def make_summary(found: Summary, now: float, *, settled: bool, finals: str = "") -> GridSummary:
    """The line above the table, at this moment (seconds since 1970); `finals` says what could be made final."""
    cost: list[Part] = []
    if found.seconds_left:
        # To five seconds, so that it stays the same for a while.
        at = 5 * round((now + found.seconds_left) / 5)
        cost.append(Until(at=at, text="about {} left", past="longer than most"))
    cost += found.money
    drafts: list[SweepAction] = ["finalize"] if finals else []
    return GridSummary(
        line=[*found.counted],
        cost=cost,
        actions=[*drafts, *_actions(found)],
        finals=finals,
        settled=settled,
    )


def starred_drafts(cells: Iterable[Cell], given: Given) -> list[Cell]:
    """The cells whose clip is a draft, without a final, and starred."""
    return [
        cell
        for cell in cells
        if cell.job is not None
        and is_draft_here(cell.job)
        and any(given.get((cell.job.id, video.sample), UNRATED).star for video in cell.videos)
    ]


def finals_text(cells: Iterable[Cell]) -> str:
    """`Make 2 starred final · about $1.40`; empty for none."""
    drafts = {cell.job.id: cell.job for cell in cells if cell.job is not None}
    if not drafts:
        return ""
    usd = [job.final_quote.usd for job in drafts.values()]
    first = next(iter(drafts.values()))
    known = None if None in usd else sum(one or 0.0 for one in usd)
    price = text.cost(known, first.provider, first.final_quote.note)
    return " · ".join(part for part in (f"Make {len(drafts)} starred final", price) if part)


def is_draft_here(job: Job) -> bool:
    """Whether a job has made a draft."""
    return job.is_draft and job.now.state is State.SUCCEEDED


def make_details(cell: Cell) -> CellDetails:
    """All that is known of a cell."""
    request, job = cell.request, cell.job
    line: list[Part] = [cell.why]
    settings = [] if request is None else text.settings(request, job.model if job is not None else "")
    if job is not None:
        settings = text.settings_of(job)
        line = [*text.line(job), text.cost_of(job), job.id]
        if cell.draft is not None:
            line.append(f"final of the draft {cell.draft.id}")
        settings += [] if job.videos else text.doubts(job.request, job.provider)
    return CellDetails(
        prompt="" if request is None else request.prompt,
        settings=settings,
        line=[part for part in line if part],
        measures=[text.measured(video.measures) for video in cell.videos],
    )


def batches(cells: Sequence[Cell]) -> list[Sequence[Cell]]:
    """The cells as they go to a page, some at a time."""
    return [cells[start : start + BATCH] for start in range(0, len(cells), BATCH)]


def _title(axes: Sequence[ShownAxis], name: str | None) -> str:
    return next((axis.title for axis in axes if name in axis.names), "")


def _actions(found: Summary) -> list[SweepAction]:
    actions: list[SweepAction] = []
    if found.paused and not found.over:
        actions.append("resume")
    elif found.waiting:
        actions.append("pause")
    if not found.paused and any(found.counts.get(state) for state in AGAIN[:2]):
        actions.append("rerun")
    if not found.over:
        actions.append("cancel-all")
    return actions


def _cell(cell: Cell, at: list[int], given: Given, place: Place) -> GridCell:
    job, request = cell.job, cell.request
    shape: Shape = frame_of(request.shape) if request is not None else "16:9"
    if job is None:
        return GridCell(
            key=str(cell.position),
            place=at,
            job="",
            state="empty" if cell.state == FORBIDDEN else "queued",
            line=[cell.why or "Waiting to be sent"],
            progress=None,
            shape=shape,
            actions=[],
            final_cost="",
            clips=[],
        )
    return GridCell(
        key=str(cell.position),
        place=at,
        job=job.id,
        state=job.now.state.value,
        line=short_line(job),
        progress=text.progress(job.now),
        shape=shape,
        actions=_cell_actions(job),
        final_cost=text.final_cost(job) if is_draft_here(job) else "",
        clips=[_clip(job, video, given, place) for video in job.videos],
    )


def _cell_actions(job: Job) -> list[CellAction]:
    if not job.now.state.final:
        return ["cancel"]
    if job.status in AGAIN:
        return ["retry" if job.fetchable else "rerun"]
    return ["finalize"] if is_draft_here(job) else []


def short_line(job: Job) -> list[Part]:
    """What happens to a job in the few words that a cell has room for; all of them come with the details."""
    if job.error is not None and job.now.state is State.BLOCKED:
        return [f'Blocked: "{job.error.message.rstrip(".")}"']
    if job.error is not None and job.now.state is State.FAILED:
        return [f"Failed: {job.error.message}"]
    if job.now.state is State.UNCERTAIN:
        return ["Sent, but the answer was lost"]
    return text.line(job)


def _clip(job: Job, video: Video, given: Given, place: Place) -> GridClip:
    found = given.get((job.id, video.sample), UNRATED)
    small = preview_path(video)
    return GridClip(
        url=place.url(video.path),
        beside=place.relative(video.path) or "",
        size=size_of(video.path),
        preview=place.url(small) if small.exists() else "",
        small=size_of(small),
        path=place.shown(video.path),
        fps=video.fps,
        rating=found.rating or 0,
        star=found.star,
        note=found.note,
    )
