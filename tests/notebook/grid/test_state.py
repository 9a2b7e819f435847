"""What a page is told of a sweep: axes, cells and the line above them."""

from __future__ import annotations

import httpx2
import pytest

from tests.notebook.test_protocol import mismatch
from tests.notebook.test_text import NOW
from tests.world import Held
from veo_nb import errors
from veo_nb.media.measures import MEASURES
from veo_nb.notebook.grid.protocol import CellDetails, Grid, GridCell, GridSummary
from veo_nb.notebook.grid.state import make_cells, make_details, make_grid, make_summary, shown_axes
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import format_line
from veo_nb.sweep.summary import Summary

PROMPT = "A {{animal}}."
AXES = {"animal": ["fox", "owl"], "resolution": ["720p", "1080p"], "duration_seconds": [4, 8]}


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path, tmp_path, "/")


@pytest.fixture
def sweep(make_studio, service):
    """Eight cells: those of 4 seconds can't be 1080p, and one of the others is blocked."""
    service.submits = [
        None,
        httpx2.Response(400, json={"error": {"message": "content policy violation <b>"}}),
    ]
    return make_studio(max_in_flight=1).sweep(PROMPT, axes=AXES).wait(60)


def cells_of(sweep, place) -> list[GridCell]:
    ratings = sweep.ratings(job.id for job in sweep.jobs)
    cells = make_cells(sweep.cells, shown_axes(sweep), ratings, place)
    assert mismatch(cells, list[GridCell]) == []
    return cells


def grid_of(sweep, **how) -> Grid:
    return make_grid(sweep, shown_axes(sweep), **({"rows": None, "columns": None, "token": "t"} | how))


def test_the_axes_are_those_of_the_sweep_with_its_rows_and_columns(sweep):
    grid = grid_of(sweep)
    assert mismatch(grid, Grid) == []
    assert [axis.name for axis in grid.axes] == ["animal", "resolution", "duration_seconds"]
    assert grid.axes[2].values == ["4", "8"]
    assert (grid.rows, grid.columns, grid.tag) == ("animal", "resolution", "")


def test_other_axes_can_be_rows_and_columns(sweep):
    shown = grid_of(sweep, rows="duration_seconds", columns="animal")
    assert (shown.rows, shown.columns) == ("duration_seconds", "animal")
    # What is asked for as columns is not rows any more.
    shown = grid_of(sweep, columns="animal")
    assert (shown.rows, shown.columns) == ("resolution", "animal")


def test_axes_that_move_together_are_one(make_studio, place):
    sweep = make_studio().sweep(
        "A {{animal}} at {{time}}.",
        axes={"animal": ["fox", "owl"], "time": ["dawn", "dusk"], "seed": [1, 2]},
        zip=("animal", "time"),
    )
    sweep.wait(60)
    grid = grid_of(sweep)
    assert {axis.name: axis.values for axis in grid.axes} == {
        "animal · time": ["fox · dawn", "owl · dusk"],
        "seed": ["1", "2"],
    }
    assert grid.rows == "animal · time"
    assert sorted(cell.place for cell in cells_of(sweep, place)) == [[0, 0], [0, 1], [1, 0], [1, 1]]


def test_every_cell_has_a_place_of_its_own_that_is_its_labels(sweep, place):
    axes = shown_axes(sweep)
    for cell, state in zip(sweep.cells, cells_of(sweep, place), strict=True):
        labels = [axis.labels[at] for axis, at in zip(axes, state.place, strict=True)]
        assert labels == list(cell.labels.values())
        assert sweep.cells[int(state.key)] is cell


def test_a_cell_says_what_became_of_it_and_what_can_be_done(sweep, place):
    by_state = {cell.state: cell for cell in cells_of(sweep, place)}
    assert set(by_state) == {"succeeded", "blocked", "empty"}
    blocked, made, empty = by_state["blocked"], by_state["succeeded"], by_state["empty"]
    assert format_line(blocked.line, NOW).startswith('Blocked: "')
    assert (blocked.actions, blocked.clips) == (["rerun"], [])
    assert made.clips[0].url.startswith("/files/library/")
    assert (made.actions, made.progress) == ([], None)
    assert "1080p" in format_line(empty.line, NOW)
    assert (empty.job, empty.actions) == ("", [])


def test_a_cell_that_runs_says_how_far_and_can_be_cancelled(make_studio, place, service):
    service.polls = [Held()]
    (poll,) = service.polls
    sweep = make_studio().sweep("A fox.", axes={"seed": [1]})
    assert poll.asked.wait(60)
    (cell,) = cells_of(sweep, place)
    assert (cell.state, cell.actions) == ("running", ["cancel"])
    sweep.cancel()
    with pytest.raises(errors.Cancelled):
        sweep.wait(60)
    (cell,) = cells_of(sweep, place)
    assert (cell.state, cell.actions) == ("cancelled", ["retry"])


def test_the_shape_is_that_of_most_cells(make_studio):
    studio = make_studio()
    mixed = studio.sweep("A fox.", axes={"aspect_ratio": ["16:9", "9:16"]})
    upright = studio.sweep("A fox.", axes={"seed": [1]}, aspect_ratio="9:16")
    assert [grid_of(one).shape for one in (mixed, upright)] == ["16:9", "9:16"]


def test_ratings_stand_with_their_clip(sweep, place):
    cell = next(cell for cell in sweep.cells if cell.videos)
    sweep.rate(cell, 4)
    sweep.star(cell)
    sweep.note(cell, "<b>good</b>")
    (clip,) = cells_of(sweep, place)[cell.position].clips
    assert (clip.rating, clip.star, clip.note) == (4, True, "<b>good</b>")


def test_details_are_all_that_is_known(sweep):
    for cell in sweep.cells:
        details = make_details(cell)
        assert mismatch(details, CellDetails) == []
        assert cell.reason or details.prompt == cell.request.prompt
    cell = next(cell for cell in sweep.cells if cell.videos)
    assert make_details(cell).measures == [[]]
    keep = sweep._jobs.workspace.measures.keep
    assert keep((cell.job.id, 0), cell.videos[0].sha256, {**dict.fromkeys(MEASURES), "motion": 6.537})
    ((_, motion, *_),) = make_details(cell).measures
    assert (motion.label, motion.value) == ("Motion", "6.5 %/s")
    forbidden = next(cell for cell in sweep.cells if cell.reason)
    assert make_details(forbidden).line == [f"{forbidden.reason} {forbidden.hint}".strip()]


# The line above


def summary(paused=False, left=180.0, **counts) -> GridSummary:
    found = Summary(
        counts=counts, paused=paused, seconds_left=left, usd_so_far=4.8, usd_in_all=9.6, bills=True
    )
    state = make_summary(found, NOW, settled=False)
    assert mismatch(state, GridSummary) == []
    return state


def test_the_line_counts_and_the_other_ticks():
    state = summary(succeeded=3, running=2, queued=2, blocked=1)
    assert format_line(state.line, NOW) == "3 of 8 done · 2 generating · 2 waiting · 1 blocked"
    assert format_line(state.cost, NOW) == "about 3 min left · about $4.80 so far of $9.60"
    assert format_line(state.cost, NOW + 170) == "about 10 s left · about $4.80 so far of $9.60"


@pytest.mark.parametrize(
    ("counts", "actions"),
    [
        ({"queued": 2}, ["pause", "cancel-all"]),
        ({"running": 2}, ["cancel-all"]),
        ({"running": 1, "failed": 1}, ["rerun", "cancel-all"]),
        ({"queued": 2, "paused": True}, ["resume", "cancel-all"]),
        ({"queued": 2, "failed": 1, "paused": True}, ["resume", "cancel-all"]),
        ({"succeeded": 2}, []),
        ({"succeeded": 2, "blocked": 1}, ["rerun"]),
        ({"succeeded": 2, "uncertain": 1}, []),
    ],
)
def test_what_can_be_done_about_all_is_what_makes_sense(counts, actions):
    assert summary(left=None, **counts).actions == actions
