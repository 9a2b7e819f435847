"""What each wish of a page does and is answered with, on a real studio."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import httpx2
import pytest
from PIL import Image

from tests.notebook.panel.panels import Seen, wait_until
from tests.notebook.panel.test_images import drawn
from tests.notebook.test_protocol import mismatch
from tests.world import Held
from veo_nb.errors import InvalidRequest, NotFound
from veo_nb.notebook.clip import pieces
from veo_nb.notebook.panel.commands import COMMANDS
from veo_nb.notebook.panel.handlers import QUIET, all_or_none
from veo_nb.notebook.panel.protocol import Check, Details, Item, PictureState
from veo_nb.notebook.panel.store import empty_draft, first_view
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import to_json

BLOCKED = httpx2.Response(400, json={"error": {"message": "content policy violation"}})


@pytest.fixture
def panel(studio, tmp_path, shell):
    panel = Seen(lambda: studio, Place(tmp_path, tmp_path, "/base/"))
    yield panel
    panel.close()


@pytest.fixture
def job(studio):
    return studio.generate("A fox crosses a frozen lake.", seed=7).wait(30)


def draft(**changes: Any) -> dict[str, Any]:
    return {**to_json(empty_draft()), **changes}


def browse(panel: Seen, **changes: Any) -> dict[str, Any]:
    found = panel.ask("browse", **{**to_json(first_view()), "offset": 0, "limit": 60, **changes})
    assert mismatch(json.loads(json.dumps(found["items"])), list[Item]) == []
    return dict(found)


def keys(panel: Seen, **changes: Any) -> list[str]:
    return [item["key"] for item in browse(panel, **changes)["items"]]


def test_there_is_a_way_for_every_wish(panel):
    assert set(panel._handlers._ways) | {"clock", "bundle", "upload"} == set(COMMANDS)
    assert set(COMMANDS) > QUIET


def test_the_clock_is_the_kernels(panel):
    assert panel.ask("clock")["now"] > 1_700_000_000


# Compose


def test_a_draft_is_checked_as_it_is_typed(panel):
    found = panel.ask("check", draft=draft(prompt="A fox."))
    assert mismatch(found, Check) == []
    assert found["button"] == "Generate 1 clip"


def test_generate_makes_a_clip(panel, studio):
    answer = panel.ask("generate", draft=draft(prompt="A fox.", fields={"seed": ["7"]}), confirm=False)
    assert answer["sweep"] == ""
    assert studio.job(answer["jobs"][0]).request.seed == 7


def test_generate_makes_a_sweep_of_what_was_given_several_values(panel, studio):
    given = draft(prompt="A {{animal}}.", variables={"animal": ["fox", "owl"]}, fields={"seed": ["1,2"]})
    answer = panel.ask("generate", draft=given, confirm=False)
    assert len(answer["jobs"]) == 4
    assert len(studio.sweeps.get(answer["sweep"]).cells) == 4


def test_a_large_sweep_asks_first_and_is_made_once_that_is_answered(panel, service):
    given = draft(prompt="A fox.", fields={"seed": ["1,2,...,120"]})
    asked = panel.ask("generate", draft=given, confirm=False)
    assert (asked["jobs"], "120 clips" in asked["question"]) == ([], True)
    assert service.posts == []
    assert len(panel.ask("generate", draft=given, confirm=True)["jobs"]) == 120


def test_what_cannot_be_made_is_refused_and_nothing_is_sent(panel, service):
    assert panel.refused("generate", draft=draft(), confirm=False) == "The prompt is empty."
    assert service.posts == []


def test_a_picture_comes_as_bytes_beside_the_message(panel):
    state = panel.ask("upload", drawn(), name="fox.png")
    assert mismatch(state, PictureState) == []
    assert panel.ask("picture", picture=state["key"]) == state
    part = panel.ask("crop", picture=state["key"], x=0.0, y=0.0, width=1.0, height=0.5)
    assert (part["height"], part["name"]) == (90, "fox.png")
    assert panel.ask("check", draft=draft(prompt="A fox.", image=[part["key"]]))["count"] == 1


def test_an_upload_without_bytes_is_refused(panel):
    assert "fox.png" in panel.refused("upload", name="fox.png")


@pytest.mark.parametrize(("seconds", "name"), [(None, "end"), (0.2, "0.2 s")])
def test_a_frame_of_a_clip_becomes_a_picture(panel, job, seconds, name):
    state = panel.ask("frame", clip=f"{job.id}/0", seconds=seconds)
    assert (state["name"], state["origin"]) == (f"{job.id} {name}.png", f"{job.id}/0")
    assert (state["width"], state["height"]) == (192, 108)


def test_what_comes_of_a_frame_is_in_the_lineage(panel, job, studio):
    key = panel.ask("frame", clip=f"{job.id}/0", seconds=None)["key"]
    (new,) = panel.ask("generate", draft=draft(prompt="It goes on.", image=[key]), confirm=False)["jobs"]
    studio.job(new).wait(30)
    (link,) = panel.ask("details", clip=f"{job.id}/0")["became"]
    assert (link["key"], link["how"], link["here"]) == (f"{new}/0", "its last frame", True)
    (link,) = panel.ask("details", clip=f"{new}/0")["came_from"]
    assert link["key"] == f"{job.id}/0"


# Watch


def test_a_job_is_cancelled(panel, studio, service):
    held = Held()
    service.submits = [held]
    job = studio.generate("A fox.")
    panel.ask("cancel", job=job.id)
    wait_until(lambda: job.stopping or job.now.state.final)
    held.give()
    wait_until(lambda: job.now.state.final)


def test_a_blocked_job_is_tried_again_and_leaves_the_queue(panel, studio, service):
    service.submits = [BLOCKED]
    job = studio.generate("A fox.")
    wait_until(lambda: panel.queue["order"] == [job.id] and job.now.state.final)
    new = panel.ask("rerun", job=job.id)["job"]
    assert new != job.id
    studio.job(new).wait(30)
    wait_until(lambda: panel.queue["order"] == [])


def test_what_was_put_aside_and_is_fetched_is_shown_again(panel, studio, service):
    service.polls = [httpx2.Response(401)]
    job = studio.generate("A fox.")
    wait_until(lambda: job.now.state.final)
    wait_until(lambda: "retry" in panel.rows.get(job.id, {"actions": []})["actions"])
    panel.ask("dismiss", job=job.id)
    wait_until(lambda: panel.rows == {})
    panel.ask("retry", job=job.id)
    assert panel._panel_state.store.dismissed == []
    assert job.wait(30).now.videos


def test_a_job_whose_answer_was_lost_is_sent_again_only_when_asked(panel, studio, service):
    service.submits = [httpx2.ReadError("lost")]
    job = studio.generate("A fox.")
    wait_until(lambda: job.now.state.final)
    wait_until(lambda: panel.rows.get(job.id, {"actions": []})["actions"] == ["resubmit", "dismiss"])
    posts = len(service.posts)
    panel.ask("resubmit", job=job.id)
    job.wait(30)
    assert len(service.posts) == posts + 1


def test_a_job_that_waits_is_moved_before_another(make_studio, tmp_path, shell, service):
    held = Held()
    service.submits = [held]
    studio = make_studio(max_in_flight=1)
    panel = Seen(lambda: studio, Place(tmp_path, tmp_path))
    try:
        first, second, third = (studio.generate(f"Fox {n}.") for n in range(3))
        wait_until(lambda: panel.queue["order"] == [first.id, second.id, third.id])
        wait_until(lambda: panel.rows[third.id]["actions"] == ["move", "cancel"])
        panel.ask("move", job=third.id, before=second.id)
        wait_until(lambda: panel.queue["order"] == [first.id, third.id, second.id])
        panel.ask("move", job=third.id, before="")
        wait_until(lambda: panel.queue["order"] == [first.id, second.id, third.id])
        assert "does not wait" in panel.refused("move", job=first.id, before=third.id)
        held.give()
        third.wait(30)
    finally:
        panel.close()


@pytest.mark.parametrize("kind", ["cancel", "retry", "rerun", "resubmit", "dismiss"])
def test_a_job_that_is_not_there_is_told(panel, kind):
    assert "no job 'zzzz'" in panel.refused(kind, job="zzzz")


# Find


def test_the_gallery_is_asked_for_in_pieces(panel, studio):
    jobs = [studio.generate(f"Fox {n}.").wait(30) for n in range(3)]
    found = browse(panel, limit=2)
    assert (found["total"], len(found["items"])) == (3, 2)
    assert keys(panel, offset=2) == [f"{jobs[0].id}/0"]
    assert keys(panel, search="fox 1") == [f"{jobs[1].id}/0"]
    assert keys(panel, order="oldest")[0] == f"{jobs[0].id}/0"


def test_what_a_page_does_not_count_is_counted_when_it_is_asked_for(panel, studio):
    for n in range(3):
        job = studio.generate(f"Fox {n}.").wait(30)
        panel.ask("star", clip=f"{job.id}/0", star=True)
    part = browse(panel, states=["starred"], limit=2)
    assert (part["total"], part["uncounted"], len(part["items"])) == (2, True, 2)
    view = {**to_json(first_view()), "states": ["starred"]}
    assert panel.ask("count", view=view) == {"total": 3}
    assert panel.ask("count", view={**view, "days": 7, "search": "fox 1"}) == {"total": 1}
    after = browse(panel, states=["starred"], limit=2)
    assert (after["total"], after["uncounted"]) == (3, False)


def test_an_item_is_all_that_a_card_needs(panel, job):
    (item,) = browse(panel)["items"]
    assert item["url"].startswith("/base/files/library/")
    assert item["path"].startswith("library/")
    assert (item["here"], item["shape"], item["kind"], item["state"]) == (True, "16:9", "clip", "succeeded")
    assert item["settings"].endswith(" · seed 7")


def test_starred_narrows_what_is_found(panel, studio, job):
    other = studio.generate("An owl.").wait(30)
    panel.ask("star", clip=f"{other.id}/0", star=True)
    assert keys(panel, states=["starred"]) == [f"{other.id}/0"]
    assert keys(panel, states=["starred", "joined"]) == []


def test_jobs_without_a_clip_are_found_when_asked_for(panel, studio, service):
    service.submits = [BLOCKED]
    job = studio.generate("A fox.")
    wait_until(lambda: job.now.state.final)
    assert keys(panel) == []
    (item,) = browse(panel, states=["blocked"])["items"]
    assert (item["kind"], item["here"], item["url"]) == ("none", False, "")


def test_only_the_last_days_are_found(panel, studio, job):
    assert keys(panel, days=100_000) == [f"{job.id}/0"]
    panel._panel_state.clock = lambda: job.now.created_at + 3 * 86_400
    assert keys(panel, days=2) == []
    assert keys(panel, days=4) == [f"{job.id}/0"]


def test_stills_come_for_those_that_have_one(panel, job):
    found = panel.ask("posters", clips=[f"{job.id}/0", "zzzz/0"])["posters"]
    assert set(found) == {f"{job.id}/0"}
    assert Image.open(io.BytesIO(base64.b64decode(found[f"{job.id}/0"].partition(",")[2]))).width == 320


def test_a_video_comes_in_pieces_as_bytes(panel, job, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE", 100_000)
    whole, offset, count = job.videos[0].path.read_bytes(), 0, 0
    read = b""
    while offset < len(whole):
        answer = panel.ask("video", clip=f"{job.id}/0", offset=offset)
        (piece,) = answer["buffers"]
        assert answer["size"] == len(whole)
        assert len(piece) <= 100_000
        read, offset, count = read + bytes(piece), answer["next"], count + 1
    assert read == whole
    assert count > 1


def test_past_the_end_of_a_video_is_nothing(panel, job):
    answer = panel.ask("video", clip=f"{job.id}/0", offset=10**9)
    assert answer["buffers"] == [b""]
    assert answer["next"] == answer["size"]


def test_a_video_whose_file_is_gone_is_told(panel, job):
    job.videos[0].path.unlink()
    assert "no longer there" in panel.refused("video", clip=f"{job.id}/0", offset=0)


def test_a_job_without_a_clip_has_no_video(panel, studio, service):
    service.submits = [BLOCKED]
    job = studio.generate("A fox.")
    wait_until(lambda: job.now.state.final)
    assert "has no clip" in panel.refused("video", clip=f"{job.id}/0", offset=0)


def test_details_are_all_that_is_known(panel, job):
    found = panel.ask("details", clip=f"{job.id}/0")
    plain = json.loads(json.dumps(found))
    assert mismatch(plain, Details) == []
    assert ["Seed", "7"] in plain["recipe"]
    assert plain["cell"].startswith("%%veo")
    assert plain["actions"] == ["another", "vary", "extend"]


def test_a_clip_is_measured_when_somebody_asks_and_that_stands_in_its_details(panel, job, studio):
    assert panel.ask("details", clip=f"{job.id}/0")["measures"] == []
    panel.ask("measure", clip=f"{job.id}/0")
    found = {one["label"]: one["value"] for one in panel.ask("details", clip=f"{job.id}/0")["measures"]}
    assert found["Motion"].endswith("%/s")
    assert found["Loudness"] == "\u2013"
    other = studio.generate("An owl.").wait(30)
    other.video.path.unlink()
    assert "is not there" in panel.refused("measure", clip=f"{other.id}/0")


# Go on


def test_another_take_is_the_first_that_nobody_has_asked_for(panel, studio, job):
    studio.generate("A fox crosses a frozen lake.", seed=7, take=2).wait(30)
    new = studio.job(panel.ask("another", clip=f"{job.id}/0")["job"])
    assert (new.take, new.request.seed) == (3, 7)


def test_vary_gives_a_draft_that_makes_the_same_clip_until_something_is_changed(panel, studio, service):
    picture = Image.open(io.BytesIO(drawn()))
    job = studio.generate("A fox.", image=picture, seed=7, enhance_prompt=False, duration_seconds=8).wait(30)
    given = panel.ask("vary", clip=f"{job.id}/0")["draft"]
    assert panel.ask("check", draft=given)["button"] == "Show the clip"
    posts = len(service.posts)
    assert panel.ask("generate", draft=given, confirm=False)["jobs"] == [job.id]
    assert len(service.posts) == posts


def test_a_clip_is_rated_starred_and_noted(panel, job):
    key = f"{job.id}/0"
    panel.ask("rate", clip=key, rating=4)
    panel.ask("star", clip=key, star=True)
    panel.ask("note", clip=key, note="the ears")
    (item,) = browse(panel)["items"]
    assert (item["rating"], item["star"], item["note"]) == (4, True, "the ears")
    panel.ask("rate", clip=key, rating=0)
    assert browse(panel)["items"][0]["rating"] == 0


def test_deleted_clips_come_back(panel, job):
    key = f"{job.id}/0"
    panel.ask("select", clips=[key])
    panel.ask("delete", clips=[key])
    assert keys(panel) == []
    assert panel.chosen == []
    panel.ask("restore", clips=[key])
    assert keys(panel) == [key]


def test_where_one_cannot_be_deleted_none_is(panel, studio, job):
    assert "no clip 'zzzz/0'" in panel.refused("delete", clips=[f"{job.id}/0", "zzzz/0"])
    assert keys(panel) == [f"{job.id}/0"]


def test_all_or_none_takes_back_in_reverse():
    done: list[str] = []

    def act(key: str) -> None:
        if key == "c":
            raise NotFound("no c", hint="")
        done.append(key)

    with pytest.raises(NotFound):
        all_or_none(["a", "b", "a", "c"], act, lambda key: done.append(f"-{key}"))
    assert done == ["a", "b", "-b", "-a"]


def test_clips_are_joined_in_order_and_found(panel, studio, job):
    other = studio.generate("An owl.").wait(30)
    pieces = [
        {"clip": f"{job.id}/0", "start": 0.0, "end": None},
        {"clip": f"{other.id}/0", "start": 0.1, "end": 0.4},
    ]
    key = panel.ask("join", pieces=pieces, title="Both")["clip"]
    (item,) = browse(panel, states=["joined"])["items"]
    assert (item["key"], item["prompt"], item["kind"]) == (key, "Both", "joined")
    found = panel.ask("details", clip=key)
    assert [link["key"] for link in found["came_from"]] == [f"{job.id}/0", f"{other.id}/0"]
    assert (found["actions"], bool(found["cannot_extend"])) == ([], True)
    panel.ask("rate", clip=key, rating=5)
    assert browse(panel, rating=5)["items"][0]["key"] == key
    assert panel.ask("posters", clips=[key])["posters"]


def test_a_piece_of_nothing_is_refused(panel, job):
    pieces = [{"clip": f"{job.id}/0", "start": 99.0, "end": None}]
    assert "Nothing is left" in panel.refused("join", pieces=pieces, title="")


def test_of_a_joined_clip_there_is_no_other_take(panel, job):
    key = panel.ask("join", pieces=[{"clip": f"{job.id}/0", "start": 0.0, "end": None}], title="")["clip"]
    for kind in ("another", "vary"):
        assert panel.refused(kind, clip=key)


def test_errors_of_the_studio_are_the_words_a_person_gets(panel, studio, monkeypatch):
    def refuse(*_: Any, **__: Any) -> None:
        raise InvalidRequest("It can't be.", hint="Do this.")

    monkeypatch.setattr(studio.library, "rate", refuse)
    content, _ = panel.answer(panel.tell("rate", {"clip": "3f2a/0", "rating": 1}))
    assert content["error"] == {"code": "invalid_request", "message": "It can't be.", "hint": "Do this."}


@pytest.mark.parametrize("kind", ["another", "rerun"])
def test_what_was_asked_for_again_without_an_answer_is_done_once(panel, studio, service, kind):
    """A page that waited in vain sends its wish under the same id; one of another click has another."""
    made = studio.generate("A fox.").wait(30)
    payload = {"another": {"clip": f"{made.id}/0"}, "rerun": {"job": made.id}}[kind]
    ids = [panel.tell(kind, payload, asked="twice") for _ in range(2)]
    wait_until(lambda: sum(one["id"] == "twice" for one, _ in panel.sent) == len(ids))
    first, second = (one for one, _ in panel.sent if one["id"] == "twice")
    assert first == second
    assert "ok" in first
    for job in studio.history():
        job.wait(30)
    assert len(service.posts) == 2
