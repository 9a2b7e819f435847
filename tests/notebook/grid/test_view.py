"""The living grid: what it pushes and how often, what it answers, and when the saved table takes its place."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.notebook.panel import panels
from tests.notebook.test_protocol import mismatch
from tests.world import Held
from veo_nb.engine.video import Video
from veo_nb.notebook.grid import view as sweep_view
from veo_nb.notebook.grid.previews import preview_path
from veo_nb.notebook.grid.protocol import BATCH, Grid, GridCell, GridSummary
from veo_nb.notebook.grid.view import SweepView
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import Reply
from veo_nb.views import NotebookViews

PROMPT = "A {{animal}} at {{time}}."
AXES = {"animal": ["fox", "owl"], "time": ["dawn", "dusk"]}
BLOCKED = httpx2.Response(400, json={"error": {"message": "content policy violation"}})


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path, tmp_path, "/")


class Seen(SweepView):
    """A view that keeps what it sends to the browser, and which traits it writes."""

    def __init__(self, *arguments: Any, **how: Any) -> None:
        self.sent: list[dict[str, Any]] = []
        self.buffers: list[list[bytes]] = []
        self.pushed: list[str] = []
        super().__init__(*arguments, **how)
        self.observe(lambda change: self.pushed.append(change["name"]))

    def send(self, content, buffers=None):
        self.sent.append(content)
        self.buffers.append(buffers or [])


@pytest.fixture
def look(place, shell):
    """Views that are closed in the end."""
    views: list[Seen] = []

    def make(sweep, **how) -> Seen:
        views.append(Seen(sweep, place, **how))
        return views[-1]

    yield make
    for view in views:
        view.close()


@pytest.fixture
def done(make_studio, service):
    service.submits = [None, BLOCKED]
    return make_studio(max_in_flight=1).sweep(PROMPT, axes=AXES).wait(60)


@pytest.fixture
def held() -> Iterator[Held]:
    """The answer to the first submit; given in the end, as a studio waits some seconds for it when it closes."""
    held = Held()
    yield held
    if not held.given:
        held.give()


@pytest.fixture
def running(make_studio, service, held):
    """A sweep whose first cell is being sent until `held` is given, so that the others wait for its slot."""
    service.submits = [held]
    return make_studio(max_in_flight=1).sweep(PROMPT, axes=AXES)


def ask(view: Seen, kind: str, **payload: Any) -> dict[str, Any]:
    view.sent.clear()
    view._handle_custom_msg({"kind": kind, "id": "k1", "payload": payload}, [])
    (answer,) = view.sent
    assert mismatch(json.loads(json.dumps(answer)), Reply) == []
    return answer


def wait_until(condition) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


# What it pushes


def test_its_traits_are_what_the_protocol_says(look, done):
    view = look(done)
    assert mismatch(json.loads(json.dumps(view.grid)), Grid) == []
    assert mismatch(json.loads(json.dumps(view.summary)), GridSummary) == []
    assert mismatch(json.loads(json.dumps(view.cells_0)), list[GridCell]) == []
    assert {"grid", "summary", "cells_0"} <= set(view.get_state())
    assert "data:" not in json.dumps([view.grid, view.summary, view.cells_0])


def test_one_change_pushes_its_own_cells_and_not_all(look, make_studio):
    sweep = make_studio().sweep("A fox.", axes={"seed": f"1,2,...,{BATCH * 3}"}).wait(60)
    view = look(sweep)
    assert view.grid["batches"] == 3
    view.pushed.clear()
    sweep.rate(sweep.cells[BATCH + 1], 3)
    assert set(view.pushed) <= {"cells_1", "summary"}
    assert view.cells_1[1]["clips"][0]["rating"] == 3


class Asked:
    """Takes down whose small copy is asked for, and has each made when told."""

    def __init__(self) -> None:
        self.asked: dict[Video, Any] = {}

    def ask(self, video: Video, ready: Any) -> None:
        self.asked.setdefault(video, ready)

    def make(self, video: Video) -> None:
        preview_path(video).parent.mkdir(exist_ok=True)
        preview_path(video).write_bytes(b"small")
        self.asked[video]()


def test_a_small_copy_is_told_of_once_it_is_there_with_others(look, done):
    previews = Asked()
    view = look(done, previews=previews)
    videos = [cell.videos[0] for cell in done.cells if cell.videos]
    assert [*previews.asked] == videos
    waiting: list[Any] = []

    def later(_: float, action: Any) -> bool:
        waiting.append(action)
        return True

    view._later = later
    view.pushed.clear()
    for video in videos[:2]:
        previews.make(video)
    assert (view.pushed, len(waiting)) == ([], 1)
    waiting.pop()()
    assert set(view.pushed) == {"cells_0"}
    shown = [clip for cell in view.cells_0 for clip in cell["clips"]]
    assert [bool(clip["preview"]) for clip in shown] == [True, True, False]
    assert shown[0]["preview"].startswith("/files/")
    assert shown[0]["preview"].endswith(f"/previews/{preview_path(videos[0]).name}")
    previews.make(videos[2])
    assert len(waiting) == 1


def test_no_small_copy_is_made_where_no_page_could_fetch_it(shell, done, tmp_path):
    previews = Asked()
    view = Seen(done, Place(tmp_path), previews=previews)
    view.close()
    assert previews.asked == {}


def test_a_rating_reaches_every_living_grid_wherever_it_is_given(look, place, make_studio, service):
    studio = make_studio()
    sweep = studio.sweep("A fox.", axes={"seed": [1, 2]}).wait(60)
    grids = [look(sweep), look(studio.sweeps.get(sweep.id))]
    panel = panels.Seen(lambda: studio, place)
    try:
        panel.ask("rate", clip=f"{sweep.jobs[0].id}/0", rating=4)
        panel.ask("star", clip=f"{sweep.jobs[0].id}/0", star=True)
    finally:
        panel.close()
    ask(grids[0], "note", cell="0", sample=0, note="The ears.")
    sweep.rate(sweep.cells[1], 2)
    for grid in grids:
        shown = [cell["clips"][0] for cell in grid.cells_0]
        assert [(one["rating"], one["star"], one["note"]) for one in shown] == [
            (4, True, "The ears."),
            (2, False, ""),
        ]


def test_a_rerun_from_the_panel_reaches_a_living_grid(look, place, make_studio, service):
    service.submits = [BLOCKED]
    studio = make_studio(max_in_flight=1)
    sweep = studio.sweep("A fox.", axes={"seed": [1, 2]}).wait(60)
    grid = look(sweep)
    (failed,) = [cell for cell in grid.cells_0 if not cell["clips"]]
    panel = panels.Seen(lambda: studio, place)
    try:
        new = panel.ask("rerun", job=sweep.cells[int(failed["key"])].job.id)["job"]
    finally:
        panel.close()
    studio.job(new).wait(30)
    wait_until(lambda: grid.cells_0[int(failed["key"])]["clips"])
    assert sweep.cells[int(failed["key"])].job is studio.job(new)


def test_a_rating_given_through_another_studio_reaches_a_living_grid(look, make_studio, service):
    sweep = make_studio().sweep("A fox.", axes={"seed": [1]}).wait(60)
    grid = look(sweep)
    other = make_studio()
    other.library.rate(f"{sweep.jobs[0].id}/0", rating=3)
    wait_until(lambda: grid.cells_0[0]["clips"][0]["rating"] == 3)


def test_a_sweep_of_a_closed_studio_can_still_be_rated_in_its_grids(look, make_studio, service):
    studio = make_studio()
    sweep = studio.sweep("A fox.", axes={"seed": [1]}).wait(60)
    grids = [look(sweep), look(sweep)]
    studio.close()
    ask(grids[0], "rate", cell="0", sample=0, rating=5)
    assert [grid.cells_0[0]["clips"][0]["rating"] for grid in grids] == [5, 5]


def test_it_lets_go_of_its_sweep(look, running):
    view = look(running)
    view.close()
    view.pushed.clear()
    running.cancel()
    assert view.pushed == []
    assert len(running.changed) == 0


# What it answers


def test_all_can_be_paused_let_go_and_cancelled(look, running, held):
    view = look(running)
    assert ask(view, "pause")["ok"] == {}
    assert running.paused
    assert ask(view, "resume")["ok"] == {}
    assert not running.paused
    ask(view, "cancel-all")
    held.give()
    wait_until(lambda: {cell["state"] for cell in view.cells_0} == {"cancelled"})


def test_one_job_can_be_cancelled_and_tried_again(look, running, service):
    view = look(running)
    job = running.cells[1].job
    ask(view, "cancel-job", job=job.id)
    wait_until(lambda: view.cells_0[1]["state"] == "cancelled")
    assert view.cells_0[0]["state"] != "cancelled"
    ask(view, "rerun-job", job=job.id)
    assert running.cells[1].job is not job
    wait_until(lambda: view.cells_0[1]["job"] == running.cells[1].job.id)
    running.cancel()


def test_what_failed_is_tried_again_at_once(look, done):
    view = look(done)
    assert done.summary().counts == {"succeeded": 3, "blocked": 1}
    ask(view, "rerun")
    done.wait(60)
    wait_until(lambda: {cell["state"] for cell in view.cells_0} == {"succeeded"})


def test_a_rating_goes_to_the_ledger_and_comes_back(look, done):
    view = look(done)
    ask(view, "rate", cell="0", sample=0, rating=5)
    ask(view, "star", cell="0", sample=0, star=True)
    ask(view, "note", cell="0", sample=0, note="<b>good</b>")
    clip = view.cells_0[0]["clips"][0]
    assert (clip["rating"], clip["star"], clip["note"]) == (5, True, "<b>good</b>")
    assert done.rating(done.cells[0]).rating == 5
    ask(view, "rate", cell="0", sample=0, rating=0)
    assert done.rating(done.cells[0]).rating is None


def test_a_still_and_the_details_come_when_they_are_asked_for(look, done):
    view = look(done)
    assert ask(view, "poster", cell="0", sample=0)["ok"] == {"kind": "image/webp"}
    assert view.buffers[-1][0].startswith(b"RIFF")
    assert ask(view, "details", cell="1")["ok"]["prompt"] == done.cells[1].request.prompt
    assert "now" in ask(view, "clock")["ok"]


def test_an_export_is_written_beside_the_notebook(look, done, tmp_path):
    answer = ask(look(done), "export", ending=".csv")
    assert answer["ok"] == {"text": f"Written to sweep-{done.id}.csv"}
    assert (tmp_path / f"sweep-{done.id}.csv").read_text("utf-8").startswith("animal,time,")


def test_an_export_that_takes_long_goes_on_after_the_answer(look, done, tmp_path, monkeypatch):
    go_on = threading.Event()
    monkeypatch.setattr(sweep_view, "EXPORT_SECONDS", 0.01)
    monkeypatch.setattr(NotebookViews, "export", lambda self, sweep, to, **how: go_on.wait(10) and to.touch())
    answer = ask(look(done), "export", ending=".mp4")
    path = tmp_path / f"sweep-{done.id}.mp4"
    assert "Being written to" in answer["ok"]["text"]
    assert not path.exists()
    go_on.set()
    wait_until(path.exists)


def test_an_export_that_fails_is_said(look, done, tmp_path):
    (tmp_path / f"sweep-{done.id}").write_text("in the way")
    answer = ask(look(done), "export", ending="")
    assert "is a file, not a folder" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("poster", {"cell": "99", "sample": 0}),
        ("poster", {"cell": "../x", "sample": 0}),
        ("rate", {"cell": "0", "sample": 7, "rating": 1}),
        ("star", {"cell": "1", "sample": 0, "star": True}),
        ("cancel-job", {"job": "zzzz"}),
        ("retry-job", {"job": "zzzz"}),
        ("rerun-job", {"job": "zzzz"}),
    ],
)
def test_what_is_not_there_is_said(look, done, kind, payload):
    assert ask(look(done), kind, **payload)["error"]["code"] == "not_found"


def test_a_wish_of_another_kind_is_refused(look, done):
    assert ask(look(done), "format-disk")["error"]["code"] == "invalid_request"


# When the saved table takes its place


def outputs(shell) -> list[str]:
    return [data.get("text/html", "") for data, _ in shell.display_pub.outputs]


def test_what_is_over_is_the_saved_table_from_the_start(look, done, shell):
    view = look(done)
    view.show()
    assert "application/vnd.jupyter.widget-view+json" not in shell.display_pub.outputs[0][0]
    assert f'data-veo-grid="{view.grid["token"]}"' in outputs(shell)[0]
    assert view.summary["settled"]


def test_the_widget_gives_way_when_the_last_cell_is_over(look, running, shell, held):
    view = look(running)
    view.show()
    assert "application/vnd.jupyter.widget-view+json" in shell.display_pub.outputs[0][0]
    assert not view.summary["settled"]
    running.cells[3].job.cancel()
    assert len(shell.display_pub.outputs) == 1
    running.cancel()
    held.give()
    wait_until(lambda: len(shell.display_pub.outputs) > 1)
    data, update = shell.display_pub.outputs[-1]
    assert update
    assert "0 of 4 done" in data["text/html"]
    assert view.summary["settled"]


def test_a_rating_is_saved_a_little_later_once(look, done, shell, monkeypatch):
    monkeypatch.setattr(sweep_view, "SAVE_SECONDS", 0.1)
    view = look(done)
    view.show()
    before = len(shell.display_pub.outputs)
    for rating in (1, 2, 3):
        ask(view, "rate", cell="0", sample=0, rating=rating)
    assert len(shell.display_pub.outputs) == before
    wait_until(lambda: len(shell.display_pub.outputs) > before)
    assert "3 of 5" in outputs(shell)[-1]
    assert len(shell.display_pub.outputs) == before + 1


def test_of_many_grids_of_one_sweep_the_newest_live(look, done):
    views = [look(done) for _ in range(sweep_view.LIVING + 2)]
    for view in views:
        view.show()
    assert [view.comm is None for view in views] == [True, True] + [False] * sweep_view.LIVING
    assert len(done.changed) == sweep_view.LIVING


def test_the_grid_of_a_sweep_needs_an_axis_of_it(done):
    with pytest.raises(Exception, match="nope is no axis of this sweep"):
        done.grid(rows="nope")
