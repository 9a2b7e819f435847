"""What was accepted keeps standing: a provider that denies it is asked again, for minutes, before the job ends."""

from __future__ import annotations

import httpx2
import pytest

from veo_nb import errors
from veo_nb.notebook import text
from veo_nb.notebook.protocol import format_line

HOUR = 3600.0
NAME = "models/m/operations/op9"


def denial(status: int, message: str = "no such thing") -> httpx2.Response:
    return httpx2.Response(status, json={"error": {"message": message, "code": "x"}})


async def running(world, hours: float = 0.1, **row):
    values = {"state": "running", "operation": NAME, "submitted_at": world.time.now - hours * HOUR, **row}
    return await world.drive(**values)


DENIALS = [400, 403, 404, 405, 410, 451, 501]


@pytest.mark.parametrize("status", DENIALS)
async def test_a_poll_that_denies_it_is_asked_again_and_the_video_comes(world, status):
    world.service.polls = [denial(status)] * 9
    job = await running(world)
    await world.time.advance(1)
    assert (job.status, job.now.note.kind) == ("running", "denied")
    await world.finish(job)
    assert (job.status, job.error, world.service.posts) == ("succeeded", None, [])


@pytest.mark.parametrize("status", DENIALS)
async def test_a_file_that_is_denied_is_asked_for_again_and_comes(world, clip, status):
    world.service.downloads = [denial(status)] * 9
    job = await running(world)
    await world.time.advance(20)
    assert (job.status, job.now.note.kind) == ("downloading", "denied")
    await world.finish(job)
    assert job.video.path.read_bytes() == clip


@pytest.mark.parametrize("call", ["polls", "downloads"])
@pytest.mark.parametrize("status", DENIALS)
async def test_after_some_minutes_the_job_ends_and_its_operation_is_kept(world, call, status):
    setattr(world.service, call, [denial(status)] * 1000)
    job = await running(world)
    await world.time.advance(4 * 60)
    assert job.status in ("running", "downloading")
    await world.time.advance(2 * 60)
    assert (job.status, job.fetchable, world.row(job).operation) == ("failed", True, NAME)
    assert (type(job.error) is errors.OperationAbandoned) == (call == "polls")
    assert "no such thing" in job.error.message
    assert f"Operation {NAME} is kept: %veo retry {job.id}" in job.error.hint
    assert len(world.service.asked) + len(world.service.fetched) < 20


async def test_the_words_of_a_filter_in_a_refused_poll_are_not_the_operations_end(world):
    """A firewall's policy, say; what the provider's filter said of the clip is in the operation."""
    world.service.polls = [denial(400, "This violates our policies.")] * 1000
    job = await running(world)
    await world.finish(job)
    assert (job.status, job.fetchable) == ("failed", True)


async def test_a_good_answer_in_between_begins_the_minutes_anew(world):
    some = [denial(404)] * 12
    world.service.polls = [*some, world.service.running(NAME), *some, world.service.running(NAME), *some]
    job = await running(world)
    await world.finish(job, within=1200)
    assert job.status == "succeeded"


async def test_a_broken_way_in_between_does_not_end_it(world):
    world.service.polls = [denial(404), httpx2.ConnectError("offline"), httpx2.Response(502)] * 12
    job = await running(world)
    await world.finish(job, within=1800)
    assert job.status == "succeeded"


@pytest.mark.parametrize("call", ["polls", "downloads"])
@pytest.mark.parametrize("status", [404, 410])
async def test_at_the_age_at_which_it_is_deleted_one_answer_is_enough(world, call, status):
    setattr(world.service, call, [denial(status)])
    job = await running(world, hours=49)
    await world.finish(job, within=30)
    assert (job.status, job.error.code, job.fetchable) == ("failed", "expired", False)
    assert "%veo retry" not in text.ending(job)


async def test_its_age_counts_from_when_it_was_ready(world):
    world.service.downloads = [denial(404)] * 1000
    job = await running(world, hours=49, generated_at=world.time.now - 47 * HOUR)
    await world.finish(job)
    assert (job.error.code, job.fetchable) == ("download", True)


async def test_a_key_that_is_refused_is_no_matter_of_minutes(world):
    world.service.polls = [denial(401)]
    job = await running(world)
    await world.finish(job, within=30)
    assert (job.error.code, job.fetchable) == ("authentication", True)


async def test_the_card_says_what_it_waits_for(world):
    world.service.polls, world.service.downloads = [denial(404)] * 3, [denial(404)] * 3
    job = await running(world)
    await world.time.advance(4)
    assert format_line(text.line(job), world.time.now) == (
        "Accepted, and not found there for 0:04 · The provider does not know this: no such thing · "
        "It is paid for, so it is asked for again in 2 s"
    )
    await world.time.advance(12)
    assert format_line(text.line(job), world.time.now).startswith("Made, and not handed out for 0:0")


async def test_a_model_that_is_switched_off_meanwhile_names_its_successor_and_the_operation_is_kept(
    make_world,
):
    from veo_nb import catalog

    world = make_world(provider=catalog.PROVIDERS["gemini"])
    model = "veo-3.1-generate-preview"
    gone = denial(404, f"models/{model} is no longer available.")
    world.service.polls = [gone] * 1000
    job = await world.drive(fields={"model": model}, state="running", operation=NAME, model=model)
    await world.finish(job)
    assert job.fetchable
    assert "Use model='omni'." in job.error.hint
    assert f"%veo retry {job.id}" in job.error.hint


# GPTProto's other page


async def test_where_the_documented_form_is_not_known_the_other_one_is_tried(world):
    world.service.on_poll = lambda name: denial(404)
    world.service.on_other_poll = world.service.running
    job = await world.drive()
    await world.time.advance(30)
    assert (job.status, job.now.note) == ("running", None)
    assert len(world.service.asked) == 1
    world.service.on_other_poll = world.service.finished
    await world.finish(job)
    assert (job.status, len(world.service.posts)) == ("succeeded", 1)
    name = f"models/{job.request.model}/operations/op1"
    assert {*world.service.asked_otherwise} == {name}


@pytest.mark.parametrize("status", [404, 405])
async def test_it_is_tried_once(world, status):
    world.service.on_poll = lambda name: denial(status)
    job = await world.drive()
    await world.finish(job)
    assert job.status == "failed"
    assert len(world.service.asked_otherwise) == 1


async def test_what_was_known_in_the_documented_form_is_not_asked_for_in_another(world):
    world.service.polls = [world.service.running(NAME), denial(404)]
    job = await world.drive()
    await world.finish(job)
    assert (job.status, world.service.asked_otherwise) == ("succeeded", [])


async def test_a_provider_with_one_form_is_asked_in_that(make_world):
    from veo_nb import catalog

    world = make_world(provider=catalog.PROVIDERS["gemini"])
    world.service.polls = [denial(404)] * 3
    job = await world.drive()
    await world.finish(job)
    assert (job.status, world.service.asked_otherwise) == ("succeeded", [])


# What was done stays done


async def made(world, count: int = 4):
    world.service.on_poll = lambda name: world.service.finished(name, count)
    job = await world.drive(fields={"sample_count": count})
    await world.finish(job)
    assert (job.status, len(job.videos)) == ("succeeded", count)
    return job


async def look_again(world, job, hours: float = 49.0):
    await world.time.jump(hours * HOUR)
    world.engine.retry(job)
    await world.finish(job)
    return job


@pytest.mark.parametrize("gone", ["the operation", "the file"])
async def test_of_a_job_that_was_done_the_rest_is_shown_and_what_is_lost_is_named(world, gone):
    job = await made(world)
    was = world.row(job)
    job.videos[3].path.unlink()
    if gone == "the operation":
        world.service.on_poll = lambda name: denial(404)
    else:
        world.service.downloads = [denial(404)]
    await look_again(world, job)
    assert (job.status, job.error, world.row(job).state) == ("succeeded", None, "succeeded")
    assert world.row(job).finished_at == was.finished_at
    assert [video.sample for video in job.videos] == [0, 1, 2]
    assert (job.complete, job.missed) == (False, False)
    assert text.missing(job) == (
        "sample 4 is lost: The provider no longer has this video. They are kept for two days; ask anew with fresh"
    )
    assert await job is job
    assert len(world.service.posts) == 1


async def test_a_job_all_of_whose_files_are_lost_says_so_and_stays_what_it_was(world):
    job = await made(world, 1)
    job.video.path.unlink()
    world.service.on_poll = lambda name: denial(404)
    await look_again(world, job)
    assert (job.status, world.row(job).state, job.videos, job.missed) == ("succeeded", "succeeded", (), False)
    with pytest.raises(errors.VideoExpired, match="ask anew with fresh"):
        await job
    standing = world.ledger.standing(world.row(job).fingerprint, job.take)
    assert standing == world.row(job), "asked for again, it would be paid for again"


async def test_a_look_without_a_connection_leaves_it_done_and_may_be_repeated(world, clip):
    job = await made(world, 2)
    job.videos[1].path.unlink()
    world.service.downloads = [httpx2.ConnectError("offline")] * 10
    await look_again(world, job, hours=1)
    assert (job.status, [video.sample for video in job.videos], job.missed) == ("succeeded", [0], True)
    world.engine.retry(job)
    await world.finish(job)
    assert [video.path.read_bytes() for video in job.videos] == [clip, clip]
    assert job.complete


async def test_a_look_that_is_stopped_leaves_it_done(world):
    job = await made(world, 2)
    job.videos[1].path.unlink()
    world.service.polls = [denial(404)] * 9
    world.engine.retry(job)
    await world.time.advance(5)
    assert job.status == "running"
    world.engine.cancel(job)
    await world.finish(job)
    assert (job.status, world.row(job).state) == ("succeeded", "succeeded")


async def test_a_look_that_another_kernel_takes_on_leaves_it_done(world):
    job = await made(world, 2)
    job.videos[1].path.unlink()
    world.service.on_poll = lambda name: denial(404)
    await world.time.jump(49 * HOUR)
    world.engine.retry(job)
    assert world.row(job).state == "running"
    await world.engine.stop()
    job.restate(world.registry.snapshot(world.row(job)))
    world.engine = world.make_engine()
    world.engine.drive(job)
    await world.finish(job)
    assert (job.status, [video.sample for video in job.videos]) == ("succeeded", [0])


async def test_of_a_first_look_at_an_age_at_which_some_are_deleted_the_others_are_kept(world):
    world.service.on_poll = lambda name: world.service.finished(name, 3)
    world.service.downloads = [None, denial(404)]
    job = await running(world, hours=49)
    await world.finish(job)
    assert (job.status, [video.sample for video in job.videos]) == ("succeeded", [0, 2])
    assert text.missing(job).startswith("sample 2 is lost")


async def test_of_a_first_look_one_file_that_is_denied_keeps_no_other_from_coming(world):
    world.service.on_poll = lambda name: world.service.finished(name, 3)
    world.service.downloads = [denial(404)] * 14
    job = await running(world)
    await world.finish(job)
    assert (job.status, job.fetchable) == ("failed", True)
    assert [row.sample for row in world.ledger.videos(job.id)] == [1, 2]
    world.engine.retry(job)
    await world.finish(job)
    assert [video.sample for video in job.videos] == [0, 1, 2]
