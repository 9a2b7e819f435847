"""A draft and its final as a person sees them: in a cell, on its card, in a grid and in the panel."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.notebook.grid.test_view import Seen as SeenGrid
from tests.notebook.grid.test_view import ask
from tests.notebook.panel.panels import Seen
from tests.notebook.test_card import tell
from tests.notebook.test_magics import Ran, magics_of
from tests.notebook.test_protocol import mismatch
from veo_nb import errors
from veo_nb.notebook import text as words
from veo_nb.notebook.card import JobView, make_card
from veo_nb.notebook.completion import Known, complete
from veo_nb.notebook.magics import unregister
from veo_nb.notebook.options import parse_cell
from veo_nb.notebook.panel.protocol import Check, Details
from veo_nb.notebook.panel.store import empty_draft
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import Card, to_json
from veo_nb.store.billing import Saving

SAVED = "Draft: 360p at about a third of the price"


@pytest.fixture
def studio(make_studio):
    return make_studio(provider="gemini")


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path, tmp_path, "/")


@pytest.fixture
def run(shell, studio):
    """Cells run in a shell with the magics of `studio`."""
    shell.register_magics(magics_of(shell, studio))
    yield lambda code: Ran(shell, code)
    unregister(shell)


# Words


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (1 / 3, " at about a third of the price"),
        (0.334, " at about a third of the price"),
        (0.5, " at about half of the price"),
        (0.1 / 0.12, " at about 83% of the price"),
        (0.01, " at about 1% of the price"),
        (None, ""),
    ],
)
def test_what_a_draft_saves_is_said_in_a_few_words(share, said):
    assert words.saving(Saving(resolution="360p", share=share)) == f"Draft: 360p{said}"


# Cells


def test_a_cell_asks_for_a_draft_and_a_command_makes_it_final(run, studio, service):
    assert run("%%veo --draft --resolution 1080p --out fox --wait\nA fox.").error is None
    [draft] = studio.history()
    ran = run(f"%veo show {draft.id}")
    assert "Draft: 360p at about 22% of the price · omni" in ran.text
    assert f"%veo final {draft.id} makes it final, about $1.04" in ran.text
    assert "1080p" not in ran.text
    ran = run(f"%veo final {draft.id}")
    assert ran.error is None
    final = draft.final.wait(30)
    assert [post["response_format"]["resolution"] for post in service.posts] == ["360p", "1080p"]
    # The cell run again shows the draft, and which its final is.
    ran = run("%%veo --draft --resolution 1080p\nA fox.")
    assert f"its final is {final.id}: %veo show {final.id}" in ran.text
    # And without --draft the final.
    assert final.video.path.name in run("%%veo --resolution 1080p\nA fox.").text
    assert len(service.posts) == 2


def test_a_dry_run_says_what_the_draft_and_its_final_cost(run, service):
    text = run("%%veo --draft --dry-run\nA fox.").text
    assert SAVED in text
    assert "about $0.23 · in full about $0.70" in text.replace(" (", " · (")
    text = run("%%veo --draft --dry-run --sweep animal=fox,owl\nA {{animal}}.").text
    assert "about $0.46 · all 2 in full about $1.39" in text
    assert service.posts == []


def test_where_nothing_is_cheaper_a_cell_says_so_and_makes_the_clip(run, studio, service):
    said = "Nothing that Veo 3.1 Fast makes is cheaper than 720p: this is no draft but the clip itself, at its price."
    assert said[:-1] in run("%%veo --draft --model fast --dry-run\nA fox.").text
    assert said in run("%%veo --draft --model fast --wait\nA fox.").printed
    ran = run("%%veo --draft --sweep model=fast,omni --wait\nA fox.")
    assert f"1 of 2: {said}" in ran.printed
    assert [job.is_draft for job in reversed(studio.history())] == [False, True]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("%veo final", "needs a job's ID"),
        ("%veo finalize 3f2a", "There is no %veo finalize"),
        ("%%veo --draft=yes\nA fox.", "--draft takes no value"),
        ("%%veo --draft --sweep resolution=720p,4k\nA fox.", "resolution is an axis"),
    ],
)
def test_a_wrong_command_says_what_to_do(run, service, code, said):
    error = run(code).error
    assert isinstance(error, errors.InvalidRequest)
    assert said in error.message
    assert service.posts == []


def test_all_drafts_of_a_sweep_are_made_final_by_one_command(run, studio, service):
    run("%%veo --draft --sweep animal=fox,owl --wait\nA {{animal}}.")
    [sweep] = studio.sweeps.all()
    assert "2 jobs make" in run(f"%veo final {sweep.id}").printed
    sweep.wait(30)
    assert [cell.job.is_draft for cell in sweep.cells] == [False, False]
    assert "no draft here" in run(f"%veo final {sweep.id}").error.message
    assert len(service.posts) == 4


def test_tab_offers_the_drafts_that_are_here(studio):
    draft = studio.generate("A fox.", draft=True).wait(30)
    studio.generate("A fox.", duration_seconds=5).wait(30)
    known = Known({}, studio.history, lambda _: [])
    found = complete("%veo final ", known)
    assert found is not None
    assert [offer.text for offer in found[1]] == [draft.id]


# The card


def test_the_card_of_a_draft_says_what_it_saves_and_makes_it_final(studio, shell, place, service):
    service.polls.append(service.interaction("v1_op1", "in_progress"))
    job = studio.generate("A fox.", draft=True)
    replaced: list[Any] = []
    view = JobView(job, place, replaced=lambda *both: replaced.append(both), later=lambda *_: lambda: None)
    view.sent = []
    view.send = lambda content, buffers=None: view.sent.append(content)
    view.show()
    tell(view, {"kind": "clock", "id": "k1", "payload": {}})
    job.wait(30)
    card = view.card
    assert mismatch(make_card(job, place, ""), Card) == []
    assert card["settings"][0] == SAVED
    assert (card["actions"], card["final_cost"]) == (["finalize"], "about $0.70")
    bundle = shell.display_pub.outputs[-1][0]
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert f"%veo final {job.id}" in bundle["text/html"]
    tell(view, {"kind": "finalize", "id": "k2", "payload": {}})
    final = job.final.wait(30)
    assert replaced == [(job, final)]
    assert view.card["id"] == final.id
    tell(view, {"kind": "reached", "id": "k3", "payload": {"plays": True, "apart": False}})
    bundle = shell.display_pub.outputs[-1][0]
    assert "application/vnd.jupyter.widget-view+json" not in bundle
    assert final.id in bundle["text/html"]
    answer = tell(view, {"kind": "finalize", "id": "k3", "payload": {}})
    assert "is no draft" in answer["error"]["message"]
    assert len(service.posts) == 2


def test_a_budget_that_does_not_suffice_leaves_the_draft_and_its_button(make_studio, shell, place):
    job = make_studio(provider="gemini", budget=0.5).generate("A fox.", draft=True).wait(30)
    view = JobView(job, place)
    view.sent = []
    view.send = lambda content, buffers=None: view.sent.append(content)
    assert tell(view, {"kind": "finalize", "id": "k1", "payload": {}})["error"]["code"] == "budget"
    assert view.card["actions"] == ["finalize"]
    view.close()


# The grid


def test_cells_and_starred_cells_of_a_grid_are_made_final(studio, shell, place, service):
    axes = {"animal": ["fox", "owl", "cat"]}
    sweep = studio.sweep("A {{animal}}.", axes=axes, draft=True).wait(30)
    view = SeenGrid(sweep, place)
    assert [(cell["actions"], cell["final_cost"]) for cell in view.cells_0] == [
        (["finalize"], "about $0.70")
    ] * 3
    assert (view.summary["actions"], view.summary["finals"]) == ([], "")
    fox, owl, cat = (cell.job for cell in sweep.cells)
    for draft in (fox, owl):
        sweep.star(draft)
    assert view.summary["finals"] == "Make 2 starred final · about $1.39"
    assert "ok" in ask(view, "finalize")
    sweep.wait(30)
    assert [cell.job for cell in sweep.cells] == [fox.final, owl.final, cat]
    assert view.summary["finals"] == ""
    assert f"final of the draft {fox.id}" in ask(view, "details", cell="0")["ok"]["line"]
    ask(view, "finalize-job", job=cat.id)
    sweep.wait(30)
    assert [cell["actions"] for cell in view.cells_0] == [[]] * 3
    view.close()
    assert len(service.posts) == 6


# The panel


@pytest.fixture
def panel(studio, place):
    panel = Seen(lambda: studio, place)
    yield panel
    panel.close()


def check(panel: Seen, **changes: Any) -> dict[str, Any]:
    draft = {**to_json(empty_draft()), "prompt": "A fox.", **changes}
    found = dict(json.loads(json.dumps(panel.ask("check", draft=draft))))
    assert mismatch(found, Check) == []
    return found


def test_compose_says_what_a_draft_would_save_and_what_its_final_costs(panel):
    found = check(panel)
    assert found["saving"] == "360p at about a third of the price"
    assert "draft" not in found["unavailable"]
    # Also before there is a prompt.
    assert check(panel, prompt="")["saving"] == found["saving"]
    found = check(panel, drafted=True)
    assert "about $0.23 · in full about $0.70" in found["line"]
    assert found["button"] == "Generate 1 draft"
    assert check(panel, fields={"resolution": ["4k"]})["saving"] == "360p at about 11% of the price"


def test_compose_says_why_there_is_no_draft(panel):
    found = check(panel, fields={"resolution": ["360p"]}, drafted=True)
    assert found["unavailable"]["draft"] == {"*": "Nothing that Gemini Omni 1.2 makes is cheaper than 360p."}
    assert any("this is no draft" in note for note in found["notes"])
    assert found["saving"] == ""


def test_a_draft_made_in_the_panel_is_made_final_there(panel, studio, service):
    draft = {**to_json(empty_draft()), "prompt": "A fox.", "drafted": True}
    [made] = panel.ask("generate", draft=draft, confirm=False)["jobs"]
    job = studio.job(made).wait(30)
    found = panel.ask("details", clip=f"{made}/0")
    assert mismatch(json.loads(json.dumps(found)), Details) == []
    assert (found["actions"][0], found["final_cost"]) == ("finalize", "about $0.70")
    assert ["Draft", "its final has 720p"] in [list(one) for one in found["recipe"]]
    assert found["item"]["settings"].startswith("Draft: 360p")
    # As a cell it is the same draft, without the seed that it has drawn.
    assert found["cell"].startswith("%%veo --model omni --draft\n")
    line, _, prompt = found["cell"].removeprefix("%%veo").partition("\n")
    command = parse_cell(line, prompt, {})
    assert studio.submit(command.prompt, **command.fields)[0] is job
    assert "draft=True" in found["python"]
    varied = panel.ask("vary", clip=f"{made}/0")["draft"]
    assert varied["drafted"]
    assert "seed" not in varied["fields"]
    final = panel.ask("finalize", clip=f"{made}/0")["job"]
    assert panel.ask("finalize", clip=f"{made}/0")["job"] == final
    studio.job(final).wait(30)
    found = panel.ask("details", clip=f"{final}/0")
    assert [(one["key"], one["how"]) for one in found["steps"]] == [
        (f"{made}/0", "Draft, the first"),
        (f"{final}/0", f"Final of {made}"),
    ]
    assert "finalize" not in panel.ask("details", clip=f"{made}/0")["actions"]
    other = studio.job(panel.ask("another", clip=f"{final}/0")["job"]).wait(30)
    assert other.request.seed != job.request.seed
    assert len(service.posts) == 3
