"""Gemini Omni with nothing stored at the provider: the answer to the request is all that there is of a clip."""

from __future__ import annotations

import base64

import httpx2
import pytest

from tests.world import Held
from veo_nb import catalog
from veo_nb.notebook import text
from veo_nb.notebook.protocol import Estimate, format_line
from veo_nb.studio import UNSTORED, changes

OMNI = {"model": "omni"}


@pytest.fixture
def world(make_world):
    return make_world(provider=catalog.PROVIDERS["gemini"], store=False)


async def test_the_request_is_held_until_the_clip_is_made_and_brings_it(world, clip):
    held = Held()
    world.service.submits = [held]
    job = await world.drive("A fox.", OMNI)
    assert (job.status, world.row(job).state) == ("submitting", "submitting")
    line = format_line(text.line(job), world.time.now + 42)
    assert line == (
        "Generating · 0:42 · not stored (store=False): if the connection breaks it is lost, and may be charged"
    )
    assert isinstance(text.progress(job.now), Estimate)
    [post] = world.service.posts
    assert (post["background"], post["store"], post["response_format"]["delivery"]) == (
        False,
        False,
        "inline",
    )
    await world.time.advance(70)
    held.give()
    await world.finish(job)
    assert (job.status, job.video.path.read_bytes()) == ("succeeded", clip)
    assert (world.service.asked, world.service.fetched) == ([], [])
    assert job.now.generated_at - job.now.submitted_at >= 70


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.ReadError("cut off after 60 s"),
        httpx2.ReadTimeout("slow"),
        httpx2.Response(500),
        httpx2.Response(504),
        # It may come at the end of the work, whatever it says.
        httpx2.Response(503, json={"error": {"code": "service_unavailable", "message": "Overloaded."}}),
        httpx2.Response(200, text='{"id": "v1_op1", "status": "comp'),
    ],
)
async def test_a_connection_that_breaks_leaves_it_uncertain_and_nothing_is_sent_again(world, answer):
    world.service.submits = [answer]
    job = await world.drive("A fox.", OMNI)
    await world.time.advance(3600)
    assert (job.status, len(world.service.posts), world.service.asked) == ("uncertain", 1, [])
    assert [charge.charged for charge in world.ledger.charges()] == [True]


async def test_one_that_is_stopped_while_it_is_held_keeps_the_clip_that_comes(world, clip):
    held = Held()
    world.service.submits = [held]
    job = await world.drive("A fox.", OMNI)
    world.engine.cancel(job)
    await world.time.settle()
    assert (job.status, job.stopping) == ("submitting", True)
    held.give()
    await world.finish(job)
    assert job.status == "cancelled"
    # It is paid for: looked for again, it is there.
    world.engine.retry(job)
    await world.finish(job)
    assert (job.status, job.video.path.read_bytes()) == ("succeeded", clip)
    assert (len(world.service.posts), world.service.asked) == (1, [])


async def test_a_kernel_that_ends_while_it_is_held_leaves_it_to_be_called_uncertain(world):
    world.service.submits = [Held()]
    job = await world.drive("A fox.", OMNI)
    await world.engine.stop()
    assert world.row(job).state == "submitting"


async def test_a_clip_that_came_before_the_kernel_ended_is_taken_up_by_the_next(world, clip):
    job = world.job("A fox.", OMNI, state="running", operation="unstored:v1_op1", submitted_at=1.0)
    world.library.part_path(job.id, 0).write_bytes(clip)
    world.engine.drive(job)
    await world.finish(job)
    assert (job.status, job.video.path.read_bytes()) == ("succeeded", clip)
    assert job.now.generated_at is None
    assert world.service.requests == []


async def test_one_whose_clip_did_not_come_that_far_has_none_and_may_be_asked_anew(world):
    job = world.job("A fox.", OMNI, state="running", operation="unstored:v1_op1", submitted_at=1.0)
    world.engine.drive(job)
    await world.finish(job)
    assert (job.status, job.error.code, job.fetchable) == ("failed", "expired", False)
    assert world.service.requests == []
    assert [charge.charged for charge in world.ledger.charges()] == [True]


async def test_what_ends_without_a_clip_says_so_in_the_same_answer(world):
    said = {"type": "text", "text": "I can't make this."}
    steps = [{"type": "model_output", "content": [said]}]
    answer = {"id": "v1_op1", "status": "completed", "steps": steps}
    world.service.submits = [httpx2.Response(200, json=answer)]
    job = await world.drive("A fox.", OMNI)
    await world.finish(job)
    assert (job.status, job.error.message) == ("blocked", "I can't make this.")


async def test_one_that_still_goes_on_is_asked_for_after_all(world):
    begun = {"id": "v1_op1", "status": "in_progress"}
    world.service.submits = [httpx2.Response(200, json=begun)]
    job = await world.drive("A fox.", OMNI)
    await world.finish(job)
    assert (job.status, job.operation, world.service.asked) == ("succeeded", "v1_op1", ["v1_op1"])


async def test_veo_is_asked_for_by_name_whatever_is_set(make_world):
    world = make_world(store=False)
    job = await world.drive("A fox.")
    await world.finish(job)
    assert (job.status, len(world.service.asked) > 0) == ("succeeded", True)


def test_an_edit_of_what_was_not_stored_sends_the_clip_along(make_studio, service, clip):
    studio = make_studio(provider="gemini", store=False)
    first = studio.generate("A fox.").wait(30)
    first.edit("Make it snow").wait(30)
    [video, _] = service.posts[1]["input"]
    assert base64.b64decode(video["data"]) == clip
    assert "previous_interaction_id" not in service.posts[1]


def test_an_edit_of_what_was_stored_before_goes_back_to_it(make_studio, service):
    first = make_studio(provider="gemini").generate("A fox.").wait(30)
    studio = make_studio(provider="gemini", store=False)
    studio.job(first.id).edit("Make it snow").wait(30)
    assert service.posts[1]["previous_interaction_id"] == first.operation
    assert service.posts[1]["store"] is False


def test_what_is_lost_is_said_when_it_is_set(make_studio):
    stored, unstored = (make_studio(store=store).settings for store in (True, False))
    assert changes(stored, unstored) == f"From now on {UNSTORED}."
    assert "stores" in changes(unstored, stored)
    assert changes(stored, stored) == ""
