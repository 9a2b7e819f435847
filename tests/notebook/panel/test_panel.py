"""The panel's life: what it pushes and how much, who shares it, and that it holds nothing up and leaves nothing behind."""

from __future__ import annotations

import functools
import json
import threading
from types import SimpleNamespace
from typing import Any

import httpx2
import ipywidgets
import pytest

import veo_nb
from tests.notebook.panel.panels import Seen, wait_until
from tests.notebook.panel.test_protocol import PAYLOADS
from tests.notebook.test_protocol import mismatch
from tests.world import Held
from veo_nb.errors import InvalidRequest, VeoError
from veo_nb.notebook.live import PUSH_SECONDS
from veo_nb.notebook.panel import panel as panel_module
from veo_nb.notebook.panel import state as panel_state
from veo_nb.notebook.panel.panel import LIVING, check_place
from veo_nb.notebook.panel.protocol import (
    ROWS,
    GalleryView,
    LibraryState,
    Queue,
    Row,
    Setup,
    SharedDraft,
    Shelves,
)
from veo_nb.notebook.panel.store import empty_draft, first_view
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import Nothing, Posters, to_json
from veo_nb.store.changes import Change

ROW_NAMES = [f"row_{at}" for at in range(ROWS)]
BLOCKED = httpx2.Response(400, json={"error": {"message": "content policy violation"}})


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path, tmp_path, "/")


@pytest.fixture
def look(place, shell):
    """Panels that are closed in the end: `look(lambda: studio)`."""
    panels: list[Seen] = []

    def make(way, **how) -> Seen:
        panels.append(Seen(way, place, **how))
        return panels[-1]

    yield make
    for panel in panels:
        panel.close()


@pytest.fixture
def here(studio):
    """The way to one studio, as `veo_nb.studio` is."""
    return lambda: studio


def assert_as_the_protocol_says(panel: Seen) -> None:
    state = json.loads(json.dumps(panel.get_state()))
    assert mismatch(state["panel"], Setup) == []
    assert mismatch(state["draft"], SharedDraft) == []
    assert mismatch(state["queue"], Queue) == []
    assert mismatch(state["library"], LibraryState) == []
    assert mismatch(state["shelves"], Shelves) == []
    assert mismatch(state["view"], GalleryView) == []
    assert mismatch(state["chosen"], list[str]) == []
    for at in range(ROWS):
        row = state[f"row_{at}"]
        assert row == {} or mismatch(row, Row) == []


def draft(**changes: Any) -> dict[str, Any]:
    return {**to_json(empty_draft()), **changes}


# What it shows


def test_a_panel_on_an_empty_library_begins_with_an_example_and_its_photograph(look, here):
    panel = look(here)
    assert_as_the_protocol_says(panel)
    assert panel.library["total"] == 0
    (key,) = panel.draft["draft"]["image"]
    state = panel.ask("picture", picture=key)
    assert state["name"] == "coffee.jpg"
    check = panel.ask("check", draft=panel.draft["draft"])
    assert (check["problems"], check["button"]) == ([], "Generate 1 clip")


def test_a_panel_on_a_used_library_begins_with_nothing(look, here, studio):
    studio.generate("A fox.").wait(30)
    panel = look(here)
    assert panel.draft["draft"] == to_json(empty_draft())
    assert panel.library["total"] == 1
    assert panel.queue == {"order": [], "more": 0, "line": []}


def test_a_job_of_a_cell_shows_up_is_followed_and_leaves(look, here, studio, service):
    held = Held()
    service.submits = [held]
    panel = look(here)
    job = studio.generate("A fox.")
    wait_until(lambda: panel.queue["order"] == [job.id])
    assert_as_the_protocol_says(panel)
    row = panel.rows[job.id]
    assert (row["prompt"], row["actions"]) == ("A fox.", ["cancel"])
    wait_until(lambda: panel.queue["line"])
    held.give()
    wait_until(lambda: panel.queue["order"] == [])
    wait_until(lambda: panel.library["total"] == 1)
    assert panel.rows == {}


def test_jobs_that_ended_badly_stay_until_they_are_put_aside(look, here, studio, service):
    service.submits = [BLOCKED]
    job = studio.generate("A fox.")
    wait_until(lambda: job.now.state.final)
    panel = look(here)
    assert panel.queue["order"] == [job.id]
    assert panel.rows[job.id]["actions"] == ["rerun", "dismiss"]
    panel.ask("dismiss", job=job.id)
    wait_until(lambda: panel.queue["order"] == [])
    panel.close()
    assert look(lambda: studio).queue["order"] == []


def test_more_jobs_than_there_are_rows_are_counted(look, make_studio, service):
    service.submits = [Held()]
    studio = make_studio(max_in_flight=1)
    studio.sweep("A fox.", axes={"seed": f"1,2,...,{ROWS + 5}"})
    panel = look(lambda: studio)
    wait_until(lambda: len(panel.queue["order"]) == ROWS and panel.queue["more"] == 5)
    assert len(panel.rows) == ROWS
    assert_as_the_protocol_says(panel)


def test_a_panel_that_is_opened_takes_away_the_stills_of_what_was_deleted(look, here, studio):
    job = studio.generate("A fox.").wait(30)
    panel = look(here)
    assert panel.ask("posters", clips=[f"{job.id}/0"])["posters"]
    studio.library.delete(f"{job.id}/0")
    panel.close()
    folder = studio.library.folder / ".posters"
    assert len([*folder.iterdir()]) == 1
    look(lambda: studio).push()
    wait_until(lambda: [*folder.iterdir()] == [])


# How much it pushes


def has_grown(things: list[int], before: int) -> bool:
    return len(things) > before


def test_a_change_of_one_job_pushes_its_row_alone_and_less_than_a_kilobyte(look, make_studio, service):
    first, second = Held(), Held()
    service.submits = [first, second]
    studio = make_studio(max_in_flight=2)
    fields = {"negative_prompt": "n" * 2000, "person_generation": "allow_adult", "sample_count": 4}
    one = studio.generate("狐" * 3000, **fields)
    two = studio.generate("A fox.")
    panel = look(lambda: studio)
    # Until both are being sent: what two jobs do at the same time is pushed together.
    wait_until(
        lambda: (
            [panel.rows[job.id]["state"] for job in (one, two) if job.id in panel.rows] == ["submitting"] * 2
        )
    )
    panel.states.clear()
    seen = panel.rows[one.id]
    first.give(httpx2.Response(400, json={"error": {"message": "content policy violation " + "b" * 5000}}))
    wait_until(lambda: panel.rows.get(one.id, seen)["state"] == "blocked")
    wait_until(lambda: panel.states)
    pushed = [state for state in panel.states if any(name.startswith("row_") for name in state)]
    for state in pushed:
        assert sum(name.startswith("row_") for name in state) == 1
    sizes = [len(json.dumps(state, ensure_ascii=False).encode()) for state in panel.states]
    assert max(sizes) < 1000, panel.states
    second.give()


def test_all_that_crosses_for_a_job_from_its_start_to_its_end_is_small(look, here, studio):
    panel = look(here)
    panel.states.clear()
    job = studio.generate("A fox crosses a frozen lake, harsh noon light.", resolution="720p")
    job.wait(30)
    wait_until(lambda: panel.library["total"] == 1 and not panel.rows)
    sizes = [len(json.dumps(state).encode()) for state in panel.states]
    assert sizes
    assert max(sizes) < 1000


def test_nothing_is_pushed_while_nothing_changes(look, here, studio):
    studio.generate("A fox.").wait(30)
    panel = look(here)
    panel.states.clear()
    looks: list[int] = []
    gather = panel._panel_state._gather

    def counted() -> Any:
        looks.append(1)
        return gather()

    panel._panel_state._gather = counted
    for _ in range(3):
        seen = len(looks)
        panel.push()
        wait_until(functools.partial(has_grown, looks, seen))
    assert panel.states == []


def test_many_changes_while_the_desk_rests_become_one_push(look, here, studio, monkeypatch):
    key = f"{studio.generate('A fox.').wait(30).id}/0"
    rests: list[float] = []
    resting, go_on = threading.Event(), threading.Event()

    def rest(seconds: float) -> None:
        rests.append(seconds)
        resting.set()
        go_on.wait(20)

    monkeypatch.setattr(panel_state, "time", SimpleNamespace(sleep=rest))
    panel = look(here)
    panel.push()
    assert resting.wait(20)
    panel.states.clear()
    for n in range(60):
        studio.library.rate(key, rating=1 + n % 5)
    version = panel.library["version"]
    go_on.set()
    wait_until(lambda: panel.library["version"] == version + 1)
    wait_until(lambda: len(rests) > 1)
    assert len(panel.states) == 1
    assert set(rests) == {PUSH_SECONDS}


def test_a_job_keeps_its_row_when_one_before_it_is_done(look, make_studio, service):
    held = [Held(), Held(), Held()]
    service.submits = [*held]
    studio = make_studio(max_in_flight=3)
    panel = look(lambda: studio)
    jobs = [studio.generate(f"Fox {n}.") for n in range(3)]
    wait_until(lambda: len(panel.rows) == 3)
    wait_until(lambda: all(row["state"] == "submitting" for row in panel.rows.values()))
    before = {row["job"]: name for name in ROW_NAMES if (row := getattr(panel, name))}
    panel.states.clear()
    held[0].give()
    wait_until(lambda: len(panel.rows) == 2)
    for job in jobs[1:]:
        assert getattr(panel, before[job.id])["job"] == job.id
    pushed = {name for state in panel.states for name in state if name in ROW_NAMES}
    assert pushed == {before[jobs[0].id]}
    for one in held[1:]:
        one.give()


def test_no_video_and_no_still_is_ever_in_a_trait(look, here, studio):
    panel = look(here)
    studio.generate("A fox.").wait(30)
    wait_until(lambda: panel.library["total"] == 1)
    state = {name: value for name, value in panel.get_state().items() if name not in ("_esm", "_css")}
    assert "data:" not in json.dumps(state)
    assert len(json.dumps(state)) < 10_000


# Who shares it


def test_two_panels_show_the_same_and_know_who_wrote(look, here):
    one, two = look(here), look(here)
    one.ask("draft", draft=draft(prompt="A fox."), by="one")
    wait_until(lambda: two.draft == {"by": "one", "draft": draft(prompt="A fox.")})
    wait_until(lambda: one.draft == two.draft)
    view = {**to_json(first_view()), "search": "fox", "states": ["starred"]}
    two.ask("view", view=view)
    wait_until(lambda: one.view == two.view == view)


def test_what_is_chosen_is_each_panels_own(look, here, studio):
    job = studio.generate("A fox.").wait(30)
    one, two = look(here), look(here)
    one.ask("select", clips=[f"{job.id}/0", f"{job.id}/0"])
    assert one.chosen == [f"{job.id}/0"]
    assert two.chosen == []
    assert [video.job_id for video in one.selected] == [job.id]
    assert two.selected == ()


def test_without_a_choice_the_opened_clip_is_selected(look, here, studio):
    job = studio.generate("A fox.").wait(30)
    panel = look(here)
    panel.ask("details", clip=f"{job.id}/0")
    assert [video.job_id for video in panel.selected] == [job.id]


def test_a_clip_that_was_deleted_is_no_longer_selected(look, here, studio):
    job = studio.generate("A fox.").wait(30)
    panel = look(here)
    panel.ask("select", clips=[f"{job.id}/0"])
    studio.library.delete(f"{job.id}/0")
    assert panel.selected == ()


def test_all_is_as_it_was_after_a_restart(look, make_studio):
    first, second = make_studio(), make_studio()
    panel = look(lambda: first)
    written = draft(prompt="A {{x}}.", variables={"x": ["fox", "owl"]}, fields={"seed": ["1,2"]})
    view = {**to_json(first_view()), "rating": 3}
    panel.ask("draft", draft=written, by="v1")
    panel.ask("view", view=view)
    panel.close()
    again = look(lambda: second)
    assert again.draft == {"by": "", "draft": written}
    assert again.view == view


def test_ratings_and_deletes_of_a_cell_show_up(look, here, studio):
    job = studio.generate("A fox.").wait(30)
    panel = look(here)
    before = panel.library["version"]
    studio.library.rate(f"{job.id}/0", rating=4)
    wait_until(lambda: panel.library["version"] > before)
    studio.library.delete(f"{job.id}/0")
    wait_until(lambda: panel.library["total"] == 0)
    studio.library.restore(f"{job.id}/0")
    wait_until(lambda: panel.library["total"] == 1)


def test_what_another_kernel_makes_shows_up(look, here, make_studio):
    panel = look(here)
    job = make_studio().generate("A fox.").wait(30)
    wait_until(lambda: panel.library["total"] == 1)
    assert panel.ask("details", clip=f"{job.id}/0")["item"]["state"] == "succeeded"


def test_a_panel_follows_the_settings(look, make_studio, tmp_path):
    studios = [make_studio(), make_studio(provider="sandbox", library=str(tmp_path / "other"))]
    studios[0].generate("A fox.").wait(30)
    panel = look(lambda: studios[0])
    panel.ask("draft", draft=draft(prompt="Kept."), by="v1")
    wait_until(lambda: panel.draft["by"] == "v1")
    studios.reverse()
    panel.push()
    wait_until(lambda: panel.panel["tag"] == "sandbox")
    wait_until(lambda: panel.library["total"] == 0)
    assert panel.draft["draft"]["prompt"] != "Kept."
    # The view that wrote the other library's draft takes this one over.
    assert panel.draft["by"] == ""
    studios.reverse()
    panel.push()
    wait_until(lambda: panel.draft["draft"]["prompt"] == "Kept.")


# Who hears of it


def test_who_waits_for_jobs_hears_of_each_once(look, here, studio, service):
    studio.generate("Before.").wait(30)
    panel = look(here)
    finished: list[str] = []
    end = panel.on_finished(lambda job: finished.append(job.request.prompt))
    service.submits = [BLOCKED]
    bad = studio.generate("Bad.")
    wait_until(lambda: bad.now.state.final)
    studio.generate("A fox.").wait(30)
    wait_until(lambda: finished)
    studio.generate("An owl.").wait(30)
    wait_until(lambda: len(finished) == 2)
    assert finished == ["A fox.", "An owl."]
    end()
    studio.generate("A hare.").wait(30)
    wait_until(lambda: panel.library["total"] == 4)
    assert len(finished) == 2


def test_who_takes_long_with_a_job_holds_no_panel_up(look, here, studio):
    panel = look(here)
    finished, go_on = threading.Event(), threading.Event()

    def slow(_job) -> None:
        finished.set()
        go_on.wait(20)

    panel.on_finished(slow)
    studio.generate("A fox.").wait(30)
    assert finished.wait(20)
    studio.generate("An owl.").wait(30)
    wait_until(lambda: panel.library["total"] == 2)
    go_on.set()


def test_who_breaks_at_a_job_is_logged_and_the_next_one_hears(look, here, studio, caplog):
    panel = look(here)
    finished: list[str] = []

    def broken(_job) -> None:
        raise ValueError("mine")

    panel.on_finished(broken)
    panel.on_finished(lambda job: finished.append(job.id))
    job = studio.generate("A fox.").wait(30)
    wait_until(lambda: finished == [job.id])
    assert "mine" in caplog.text


# That it holds nothing up


@pytest.mark.parametrize(
    "kind", ["generate", "check", "browse", "count", "posters", "video", "details", "upload", "join"]
)
def test_a_wish_whose_work_takes_long_does_not_hold_who_hands_it_over(look, here, monkeypatch, kind):
    """The kernel's main thread, or the subshell's: it is free before the work is done."""
    panel = look(here)
    began, go_on = threading.Event(), threading.Event()
    where: list[threading.Thread] = []

    def blocked(*_: Any) -> Nothing:
        where.append(threading.current_thread())
        began.set()
        assert go_on.wait(20)
        return Nothing()

    monkeypatch.setattr(panel._handlers, "give", blocked)
    asked = panel.tell(kind, PAYLOADS[kind])
    # Handed over while the work has not ended, which only this thread lets it.
    assert began.wait(20)
    assert panel.sent == []
    go_on.set()
    assert panel.answer(asked)[0]["ok"] == {}
    assert where != [threading.current_thread()]


def test_while_stills_are_made_a_job_can_be_cancelled(look, here, studio, service, monkeypatch):
    held = Held()
    service.submits = [held]
    job = studio.generate("A fox.")
    panel = look(here)
    began, go_on = threading.Event(), threading.Event()

    def blocked(_payload: Any) -> Posters:
        began.set()
        go_on.wait(20)
        return Posters(posters={})

    monkeypatch.setitem(panel._handlers._ways, "posters", blocked)
    asked = panel.tell("posters", {"clips": []})
    assert began.wait(20)
    panel.ask("cancel", job=job.id)
    go_on.set()
    panel.answer(asked)
    held.give()


def test_a_change_is_told_while_the_desk_looks(look, here, studio, monkeypatch):
    """The loop tells of changes, and the desk waits for the loop: neither may hold what the other needs."""
    panel = look(here)
    inside, go_on = threading.Event(), threading.Event()
    waiting = studio.jobs.waiting

    def slow() -> Any:
        inside.set()
        go_on.wait(20)
        return waiting()

    monkeypatch.setattr(studio.jobs, "waiting", slow)
    panel.push()
    assert inside.wait(20)
    answer = threading.Thread(target=panel._panel_state._note_change, args=(Change("job", "x"),), daemon=True)
    answer.start()
    answer.join(5)
    assert not answer.is_alive()
    go_on.set()


def test_every_message_is_answered_whatever_breaks(look, here, monkeypatch, caplog):
    panel = look(here)

    def broken(*_: Any) -> dict[str, Any]:
        raise ZeroDivisionError

    monkeypatch.setattr(panel._handlers, "give", broken)
    assert "ZeroDivisionError" in panel.refused("browse", **to_json(first_view()), offset=0, limit=5)
    assert "broke" in caplog.text


def test_what_it_does_not_understand_is_answered_with_the_way_out(look, here):
    panel = look(here)
    assert "does not understand" in panel.refused("pause")
    assert "does not understand" in panel.refused("rate", clip="3f2a/0", rating=9)


@pytest.mark.parametrize("content", [None, "x", 3, [], {}, {"kind": []}, {"kind": {}, "id": 5}])
def test_what_is_no_message_at_all_is_answered_too(look, here, content):
    panel = look(here)
    panel._handle_custom_msg(content, [])
    wait_until(lambda: panel.sent)
    assert "does not understand" in panel.sent[0][0]["error"]["message"]


HALF = "fox \ud83e"
HALVES: list[tuple[str, dict[str, Any], str]] = [
    ("draft", {"draft": draft(prompt=HALF), "by": "v1"}, "prompt"),
    ("draft", {"draft": draft(variables={HALF: ["owl"]}), "by": "v1"}, "variables"),
    (
        "generate",
        {"draft": draft(prompt="{{x}}", variables={"x": ["owl", HALF]}), "confirm": False},
        "variables",
    ),
    ("generate", {"draft": draft(fields={"negative_prompt": [HALF]}), "confirm": False}, "fields"),
    ("upload", {"name": f"{HALF}.png"}, "name"),
    ("picture", {"picture": HALF}, "picture"),
    ("browse", {**to_json(first_view()), "search": HALF, "offset": 0, "limit": 5}, "search"),
    ("view", {"view": {**to_json(first_view()), "search": HALF}}, "search"),
    ("note", {"clip": "3f2a/0", "note": HALF}, "note"),
    ("join", {"pieces": [{"clip": "3f2a/0", "start": 0.0, "end": None}], "title": HALF}, "title"),
    ("details", {"clip": HALF}, "clip"),
    ("posters", {"clips": ["3f2a/0", HALF]}, "clips"),
]


@pytest.mark.parametrize(("kind", "payload", "field"), HALVES)
def test_half_a_character_is_refused_with_its_field(look, here, kind, payload, field):
    """A page may cut an emoji in two; what can't be stored must not stop all that comes after."""
    panel = look(here)
    assert panel.refused(kind, **payload).startswith(f"{field} holds half a character")
    assert panel.ask("clock")["now"] > 0


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (draft(prompt=HALF), "prompt"),
        (draft(prompt="{{x}}", variables={"x": [HALF]}), "x"),
        (draft(prompt="{{x}}", variables={"x": ["owl", HALF]}), "x"),
        (draft(fields={"negative_prompt": [HALF]}), "negative_prompt"),
        (draft(fields={HALF: ["x"]}), "The name of a field"),
        (draft(image=[HALF]), "image"),
        (draft(video=HALF), "video"),
    ],
)
def test_the_check_of_a_draft_says_where_half_a_character_stands(look, here, given, field):
    problems = look(here).ask("check", draft=given)["problems"]
    assert field in [one["field"] for one in problems]
    assert any(one["message"].endswith("holds half a character, which can't be sent.") for one in problems)


@pytest.mark.parametrize(
    "content",
    [
        {"kind": HALF, "id": "a", "payload": {}},
        {"kind": "clock", "id": "a", "payload": {HALF: 1}},
        {"kind": "clock", "id": "a", "payload": {}, HALF: 1},
        {"kind": "clock", "id": HALF, "payload": {}},
    ],
)
def test_half_a_character_in_a_message_itself_can_be_answered(look, here, content):
    panel = look(here)
    panel._handle_custom_msg(content, [])
    wait_until(lambda: panel.sent)
    json.dumps(panel.sent[0][0], ensure_ascii=False).encode()
    assert "does not understand" in panel.sent[0][0]["error"]["message"]


def test_a_panel_that_cannot_take_what_is_new_holds_no_other_up(look, here, monkeypatch, caplog):
    one, two = look(here), look(here)

    def broken(_facts: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(one, "take", broken)
    two.ask("draft", draft=draft(prompt="A fox."), by="two")
    wait_until(lambda: two.draft["by"] == "two")
    assert "could not take" in caplog.text


# That it leaves nothing behind


def threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("veo_nb-panel")]


def test_a_panel_that_is_closed_leaves_no_thread_and_no_listener(look, here, studio):
    # Those of the test before may still be on their way out.
    wait_until(lambda: threads() == [])
    before, desks = threads(), len(panel_module._panel_states)
    listening = len(studio.jobs.workspace.open().ledger.changed)
    panel = look(here)
    panel.on_finished(lambda job: None)
    for kind in ("browse", "check", "posters"):
        payload: Any = {
            "browse": {**to_json(first_view()), "offset": 0, "limit": 5},
            "check": {"draft": draft()},
            "posters": {"clips": []},
        }[kind]
        panel.answer(panel.tell(kind, payload))
    panel.ask("dismiss", job=studio.generate("A fox.").wait(30).id)
    assert len(threads()) > len(before)
    assert len(studio.jobs.workspace.open().ledger.changed) == listening + 1
    panel.close()
    panel.close()
    wait_until(lambda: threads() == before, f"{threads()}")
    assert len(studio.jobs.workspace.open().ledger.changed) == listening
    assert len(panel_module._panel_states) == desks
    assert panel not in panel_module._living


def test_a_panel_that_cannot_be_opened_leaves_nothing(place, make_studio, shell):
    studio = make_studio()
    before = threads()
    studio.close()
    with pytest.raises(VeoError, match="closed"):
        Seen(lambda: studio, place)
    assert threads() == before
    assert not [
        panel_state for panel_state in panel_module._panel_states.values() if panel_state._panels == []
    ]


def test_with_one_of_two_closed_the_other_lives(look, here, studio):
    one, two = look(here), look(here)
    finished: list[str] = []
    one.on_finished(lambda job: finished.append("one"))
    two.on_finished(lambda job: finished.append("two"))
    one.close()
    studio.generate("A fox.").wait(30)
    wait_until(lambda: two.library["total"] == 1)
    wait_until(lambda: finished)
    assert finished == ["two"]


def test_of_many_panels_the_oldest_is_put_to_rest(look, here):
    panels = [look(here) for _ in range(LIVING + 1)]
    assert panels[0]._closed
    assert not any(panel._closed for panel in panels[1:])


# How it is shown


def test_it_is_shown_as_the_last_value_of_a_cell_and_says_without_a_kernel_what_it_is(look, here, shell):
    panel = look(here)
    assert shell.display_pub.outputs == []
    data, _ = panel._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == panel.model_id
    assert "Run this cell to open it" in data["text/html"]
    assert "<button" not in data["text/html"]
    assert "<script" not in data["text/html"]


def test_the_folder_in_its_words_is_escaped(look, make_studio, tmp_path):
    studio = make_studio(library=str(tmp_path / "<b>lib</b>"))
    data, _ = look(lambda: studio)._repr_mimebundle_()
    assert "<b>" not in data["text/html"]


def test_in_a_terminal_it_says_where_it_works(look, here, shell):
    with pytest.raises(InvalidRequest, match="A terminal can't show the panel") as caught:
        check_place(shell)
    assert "JupyterLab" in caught.value.hint
    data, _ = look(here)._repr_mimebundle_()
    assert data["text/plain"] == f"{caught.value.message} {caught.value.hint}"
    assert "\n" not in data["text/plain"]


def test_it_stands_in_a_box_of_ipywidgets(look, here):
    panel = look(here)
    assert ipywidgets.VBox([panel]).children == (panel,)


def test_veo_panel_shows_the_studio_of_this_kernel(shell, monkeypatch, studio):
    monkeypatch.setattr(veo_nb, "studio", lambda: studio)
    panel = veo_nb.panel()
    other = veo_nb.panel()
    try:
        assert shell.display_pub.outputs == []
        assert panel._panel_state is other._panel_state
        assert panel._panel_state.studio is studio
    finally:
        panel.close()
        other.close()
