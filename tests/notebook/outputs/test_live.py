"""What a batch run keeps: outputs drawn once more in the cell that runs, and a wait that tells what failed before it."""

from __future__ import annotations

import re

import httpx2
import pytest

from tests.notebook.test_magics import Ran, loaded, notebook, run, settings  # noqa: F401  fixtures
from tests.world import Held
from veo_nb import errors
from veo_nb.notebook.card import JobView
from veo_nb.notebook.grid.view import SweepView
from veo_nb.notebook.outputs.live import LIVE

WIDGET = "application/vnd.jupyter.widget-view+json"
REFUSED = {"error": {"message": "no"}}


@pytest.fixture
def cards(monkeypatch):
    """The cards that are shown, oldest first."""
    made: list[JobView] = []
    show = JobView.show

    def noted(card: JobView, **how: bool) -> None:
        made.append(card)
        show(card, **how)

    monkeypatch.setattr(JobView, "show", noted)
    return made


def refuse() -> httpx2.Response:
    return httpx2.Response(400, json=REFUSED)


def test_what_ends_between_two_cells_is_drawn_in_the_next_one_and_once(notebook, loaded, service):  # noqa: F811
    held = Held()
    service.polls = [held]
    notebook("%%veo --out fox\nA fox.")
    assert "<video" not in notebook("1 + 1").html, "it has not ended yet"
    held.give()
    loaded.user_ns["fox"].wait(30)
    drawn = notebook("1 + 1")
    assert drawn.html.count("<video") == 1
    assert WIDGET not in drawn.outputs[0]
    assert notebook("1 + 1").outputs == []


def test_a_grid_that_is_told_of_the_end_after_who_waited_for_it_is_drawn_in_its_cell(notebook, monkeypatch):  # noqa: F811
    monkeypatch.setattr(SweepView, "_changed", lambda *_: None)
    last = notebook("%%veo --wait --sweep animal=fox,owl\nA {{animal}}.").outputs[-1]
    assert WIDGET not in last
    assert last["text/html"].count("<video") == 2


def test_in_front_of_a_page_nothing_is_drawn_again(notebook, loaded, service, cards):  # noqa: F811
    held = Held()
    service.polls = [held]
    notebook("%%veo --out fox\nA fox.")
    cards[0]._receive(None, {"kind": "clock", "id": "k1", "payload": {}}, [])
    held.give()
    loaded.user_ns["fox"].wait(30)
    assert notebook("%veo wait").outputs == [], "a clip that plays would begin anew"


def test_wait_takes_a_button_away_so_that_no_card_is_saved(notebook, loaded, service, cards):  # noqa: F811
    held = Held()
    service.polls = [held]
    notebook("%%veo --out fox\nA fox.")
    cards[0]._receive(None, {"kind": "clock", "id": "k1", "payload": {}}, [])
    blocked = {"done": True, "error": {"code": 3, "message": "The prompt could not be submitted: safety."}}
    held.give(httpx2.Response(200, json={"name": "models/veo/operations/1", **blocked}))
    with pytest.raises(errors.ContentBlocked):
        loaded.user_ns["fox"].wait(30)
    assert WIDGET in loaded.display_pub.outputs[-1][0], "a button, for a person who is there"
    assert notebook("1 + 1").outputs == []
    (plain,) = notebook("%veo wait").outputs
    assert WIDGET not in plain
    assert "Blocked" in plain["text/html"]


def test_a_rating_is_in_the_table_at_the_end_of_its_cell(notebook, loaded):  # noqa: F811
    notebook("%%veo --sweep seed=1,2 --wait --out grid\nA fox.")
    ran = notebook("grid.rate(grid.clips()[0], 5)\ngrid.note(grid.clips()[0], 'the one')")
    assert "5 of 5 · the one" in ran.html
    assert notebook("1 + 1").outputs == []


def test_wait_tells_of_what_failed_before_it_but_once(notebook, loaded, service):  # noqa: F811
    service.submits = [refuse(), refuse()]
    for name in ("one", "two", "three"):
        notebook(f"%%veo --out {name}\nThe {name}.")
    jobs = [loaded.user_ns[name] for name in ("one", "two", "three")]
    for job in jobs:
        job._done.result(30)
    failed = {job.id for job in jobs if job.status == "failed"}
    ran = notebook("%veo wait")
    assert isinstance(ran.error, errors.InvalidRequest)
    found = re.search(r"2 jobs have failed: (\w+), (\w+)\.", ran.printed)
    assert found, ran.printed
    assert set(found.groups()) == failed
    assert notebook("%veo wait").error is None


def test_wait_tells_of_what_had_failed_before_it_was_shown(notebook, loaded, service):  # noqa: F811
    """Which of the two comes first is chance."""
    service.submits = [refuse()]
    notebook("%%veo --out fox\nA fox.")
    loaded.user_ns["fox"]._done.result(30)
    LIVE.forget()
    notebook(f"%veo show {loaded.user_ns['fox'].id}")
    assert isinstance(notebook("%veo wait").error, errors.InvalidRequest)
    assert notebook("%veo wait").error is None


@pytest.mark.parametrize(
    "cell",
    ["%%veo --wait --out fox\nA fox.", "%%veo --out fox\nA fox.\n", "%%veo --sweep take=1,2 --wait\nA fox."],
    ids=["--wait", "fox.wait()", "a sweep's --wait"],
)
def test_what_another_wait_has_told_is_not_told_again(notebook, loaded, service, cell):  # noqa: F811
    service.submits = [refuse()]
    notebook(cell)
    if "--wait" not in cell:
        assert isinstance(notebook("fox.wait()").error, errors.InvalidRequest)
    assert notebook("%veo wait").error is None


def test_a_job_that_was_stopped_is_no_failure(notebook, loaded, service):  # noqa: F811
    service.polls = [Held()]
    notebook("%%veo --out fox\nA fox.")
    notebook("fox.cancel()")
    loaded.user_ns["fox"]._done.result(30)
    assert notebook("%veo wait").error is None


def test_in_a_terminal_the_wait_writes_what_ended_before_it(run, loaded):  # noqa: F811
    run("%%veo --out fox\nA fox.")
    loaded.user_ns["fox"]._done.result(30)
    assert loaded.user_ns["fox"].video.path.name in run("%veo wait").text
    assert run("%veo wait").text == ""


def test_in_a_terminal_the_clips_of_a_sweep_are_named_too(run, loaded, service):  # noqa: F811
    service.submits = [held := Held()]
    run("%%veo --sweep seed=1,2 --out grid\nA fox.")
    held.give()
    jobs = loaded.user_ns["grid"].jobs
    for job in jobs:
        job._done.result(30)
    ran = run("%veo wait")
    assert [job.video.path.name in ran.text for job in jobs].count(True) >= 1
    assert "In library/" in run("grid").printed


def test_unloading_forgets_what_is_shown(notebook, loaded, service):  # noqa: F811
    from veo_nb.notebook.magics import unregister

    service.polls = [held := Held()]
    notebook("%%veo --out fox\nA fox.")
    unregister(loaded)
    held.give()
    loaded.user_ns["fox"].wait(30)
    assert Ran(loaded, "1 + 1").outputs == []
