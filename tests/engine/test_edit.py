"""Gemini Omni through the engine: a clip is made, gone on from and changed, and nothing is sent or paid twice."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from tests.world import Held
from veo_nb import catalog, errors
from veo_nb.engine.video import check_clip, source_of
from veo_nb.request import make_request

GEMINI = catalog.PROVIDERS["gemini"]
PRICE = 0.0695
"""USD a second at 720p, as resellers quote it."""


@pytest.fixture
def gemini(make_world):
    return make_world(provider=GEMINI)


@pytest.fixture
def studio(make_studio):
    return make_studio(provider="gemini")


def lasting(clip: Any, seconds: float, **facts: Any) -> Any:
    """The clip as one of another length."""
    return replace(clip, duration=seconds, **facts)


async def test_a_clip_goes_from_the_queue_to_a_file(gemini, clip):
    gemini.service.polls = [gemini.service.interaction("v1_op1", "in_progress")]
    job = await gemini.drive("A fox.", {"model": "omni"})
    await gemini.finish(job)
    assert (job.status, job.operation, job.video.path.read_bytes()) == ("succeeded", "v1_op1", clip)
    assert set(gemini.service.asked) == {"v1_op1"}
    paths = [request.url.path for request in gemini.service.requests]
    assert paths[0] == "/v1beta/interactions"
    assert paths[-1] == "/v1beta/files/v1_op1:download"


async def test_after_a_restart_it_is_gone_on_with_by_its_name_and_not_sent_again(gemini, clip):
    gemini.service.polls.append(Held())
    job = await gemini.drive("A fox.", {"model": "omni"})
    await gemini.time.advance(60)
    assert job.status == "running"
    await gemini.engine.stop()
    assert gemini.row(job).operation == "v1_op1"
    other = gemini.make_engine()
    other.drive(job)
    await gemini.finish(job)
    await other.stop()
    assert (job.status, job.video.path.read_bytes()) == ("succeeded", clip)
    assert (len(gemini.service.posts), set(gemini.service.asked)) == (1, {"v1_op1"})


@pytest.mark.parametrize("answer", [httpx2.ReadTimeout("slow"), httpx2.Response(500), httpx2.Response(200)])
async def test_what_may_have_arrived_is_never_sent_again(gemini, answer):
    gemini.service.submits = [answer]
    job = await gemini.drive("A fox.", {"model": "omni"})
    await gemini.time.advance(3600)
    assert job.status == "uncertain"
    assert len(gemini.service.posts) == 1


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("completed without", "blocked"),
        ("failed", "failed"),
        ("cancelled", "failed"),
        ("incomplete", "failed"),
        ("budget_exceeded", "failed"),
        ("requires_action", "failed"),
    ],
)
async def test_what_ends_without_a_clip_has_a_state_and_a_reason(gemini, status, state):
    answer = {"id": "v1_op1", "status": status.partition(" ")[0], "steps": []}
    gemini.service.polls = [httpx2.Response(200, json=answer)]
    job = await gemini.drive("A fox.", {"model": "omni"})
    await gemini.finish(job)
    assert job.status == state
    assert job.error is not None
    assert (len(gemini.service.posts), gemini.service.fetched) == (1, [])


async def test_a_status_that_nobody_knows_is_asked_again(gemini):
    gemini.service.polls = [
        gemini.service.interaction("v1_op1", status) for status in ("queued", "of_tomorrow", "idle")
    ]
    job = await gemini.drive("A fox.", {"model": "omni"})
    await gemini.finish(job)
    assert job.status == "succeeded"
    assert len(gemini.service.asked) == 4


# A clip as a conversation


def test_an_edit_goes_back_to_what_made_the_clip_and_can_branch(studio, service):
    first = studio.generate("A fox.").wait(30)
    snow = first.video.edit("Make it snow").wait(30)
    night = snow.edit("At night").wait(30)
    other = first.edit("At dawn").wait(30)
    assert [post.get("previous_interaction_id") for post in service.posts] == [
        None,
        first.operation,
        snow.operation,
        first.operation,
    ]
    assert [post["input"] for post in service.posts[1:]] == [
        [{"type": "text", "text": said}] for said in ("Make it snow", "At night", "At dawn")
    ]
    assert other.request.edit.key == f"job:{first.id}/0"
    links = studio.library.lineage(f"{night.id}/0").came_from
    assert [(link.key, link.how) for link in links] == [(f"{snow.id}/0", "changes it")]


def test_an_edit_asked_for_twice_is_made_once(studio, service):
    first = studio.generate("A fox.").wait(30)
    assert first.edit("Make it snow").wait(30) is first.edit("Make it snow")
    assert len(service.posts) == 2


def test_an_edit_of_a_clip_of_before_the_restart_knows_what_made_it(make_studio, service):
    first = make_studio(provider="gemini").generate("A fox.").wait(30)
    again = make_studio(provider="gemini").job(first.id)
    again.edit("Make it snow").wait(30)
    assert service.posts[1]["previous_interaction_id"] == first.operation


def test_a_clip_of_veo_is_changed_by_its_bytes(make_studio, service, clip):
    made = make_studio().generate("A fox.").wait(30)
    studio = make_studio(provider="gemini")
    studio.generate("Make it snow", edit=studio.job(made.id)).wait(30)
    [video, text] = service.posts[1]["input"]
    assert video == {
        "type": "video",
        "mime_type": "video/mp4",
        "data": base64.b64encode(clip).decode(),
    }
    assert text == {"type": "text", "text": "Make it snow"}
    assert "previous_interaction_id" not in service.posts[1]
    assert service.posts[1]["generation_config"] == {"video_config": {"task": "edit"}}


def test_an_extension_goes_on_from_what_made_the_clip(studio, service):
    first = studio.generate("A fox.").wait(30)
    first.extend("It runs.", duration_seconds=5).wait(30)
    post = service.posts[1]
    assert post["previous_interaction_id"] == first.operation
    assert post["generation_config"] == {"video_config": {"task": "extend"}}
    assert post["response_format"]["duration"] == "5s"


def test_veo_says_that_it_has_no_edits_and_who_has(make_studio, service):
    job = make_studio().generate("A fox.").wait(30)
    with pytest.raises(errors.InvalidRequest, match="edit") as caught:
        job.edit("Make it snow")
    assert "Gemini API" in str(caught.value)
    studio = make_studio(provider="gemini", model="fast")
    with pytest.raises(errors.InvalidRequest, match=r"Veo 3\.1 Fast has no edit.*the model omni"):
        studio.generate("Make it snow", edit=studio.job(job.id))
    assert len(service.posts) == 1


@pytest.mark.parametrize(("seconds", "taken"), [(3.0, True), (15.04, True), (15.5, False), (30.0, False)])
def test_what_is_over_15_seconds_is_not_changed(studio, seconds, taken):
    clip = lasting(studio.generate("A fox.").wait(30).video, seconds)
    if taken:
        check_clip(clip, GEMINI, "omni", 0.0, edits=True)
        return
    with pytest.raises(errors.InvalidRequest, match="s long, and up to 15 s can be changed"):
        check_clip(clip, GEMINI, "omni", 0.0, edits=True)
    with pytest.raises(errors.InvalidRequest, match="up to 15 s"):
        studio.generate("Make it snow", edit=clip)


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"duration_seconds": 5}, "An edit keeps the length of its clip. Leave out duration_seconds."),
        ({"aspect_ratio": "9:16"}, "The clip keeps its shape. Leave out aspect_ratio."),
        ({"video": "https://x.example/v"}, "An edit can't be combined with images"),
    ],
)
def test_what_an_edit_keeps_is_not_asked_for(studio, service, fields, line):
    first = studio.generate("A fox.").wait(30)
    with pytest.raises(errors.InvalidRequest) as caught:
        first.edit("Make it snow", **fields)
    assert line in str(caught.value)
    assert len(service.posts) == 1


# Money


@pytest.mark.parametrize(
    ("fields", "usd"),
    [
        ({}, 10 * PRICE),
        ({"duration_seconds": 3}, 3 * PRICE),
        ({"duration_seconds": 15, "resolution": "360p"}, 15 * 0.0232),
        ({"duration_seconds": 4, "resolution": "1080p"}, 4 * 0.1043),
        ({"duration_seconds": 4, "resolution": "4k"}, 4 * 0.2085),
        ({"duration_seconds": 5, "model": "omni-1.1"}, 5 * 0.10),
        # It makes what it adds, which Veo always does in seven seconds.
        ({"duration_seconds": 5, "video": "interaction:v1_a"}, 5 * PRICE),
    ],
)
def test_what_a_clip_costs(studio, fields, usd):
    if "video" in fields:
        fields = {**fields, "video": source_of(studio.generate("A fox.").wait(30).video, GEMINI, "omni")}
    found = studio.preview("A fox runs.", **fields)
    assert found.quote.usd == pytest.approx(usd)


@pytest.mark.parametrize(
    ("seconds", "height", "usd"), [(8.0, 720, 8 * PRICE), (4.0, 1080, 4 * 0.1043), (6.0, 360, 6 * 0.0232)]
)
def test_an_edit_costs_the_seconds_of_its_clip_at_its_resolution(studio, seconds, height, usd):
    made = studio.generate("A fox.").wait(30).video
    clip = lasting(made, seconds, width=height * 16 // 9, height=height)
    request = make_request(GEMINI, prompt="Make it snow", model="omni", edit=source_of(clip, GEMINI, "omni"))
    assert studio.jobs.quote(request).usd == pytest.approx(usd)
