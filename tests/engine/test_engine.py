"""The engine: what is on disk before what is sent, what is tried again and what never is, and how each job ends."""

from __future__ import annotations

import asyncio
import base64
import sqlite3

import httpx2
import pytest
from PIL import Image

from tests.world import Held
from veo_nb import errors
from veo_nb.engine.engine import PLAUSIBLE_SECONDS, SUBMIT_TRIES
from veo_nb.engine.job import Job, JobNote
from veo_nb.engine.timing import GAP_SECONDS, WATCHED_SECONDS
from veo_nb.store.rows import State


def refusal(status: int, message: str = "no", **headers: str) -> httpx2.Response:
    return httpx2.Response(status, json={"error": {"message": message, "code": "x"}}, headers=headers)


# The way of a clip


async def test_a_clip_goes_from_the_queue_to_a_file(world, clip):
    states = []
    job = world.job("A fox crosses a frozen lake.")
    job.on_change(lambda job: states.append(job.status))
    world.engine.drive(job)
    await world.finish(job)
    assert list(dict.fromkeys(states)) == ["submitting", "running", "downloading", "succeeded"]
    assert job.video.path.read_bytes() == clip
    assert job.video.path.name == f"fox-crosses-{job.id}.mp4"
    assert (job.video.width, job.video.height, job.video.has_audio) == (192, 108, True)
    assert [video.path for video in world.ledger.videos(job.id)] == [world.library.relative(job.video.path)]
    assert world.row(job).state == "succeeded"
    assert not [*world.library.folder.rglob("*.part")]


async def test_the_row_is_on_disk_when_the_post_arrives_and_the_name_right_after(world):
    seen = []

    def look(request: httpx2.Request) -> None:
        # Another connection, as another process would see it.
        with sqlite3.connect(world.library.ledger_path) as db:
            seen.append((request.method, *db.execute("SELECT state, operation FROM jobs").fetchone()))
        db.close()

    world.service.seen = look
    job = await world.drive()
    assert seen == [("POST", "submitting", None)]
    assert world.row(job).operation == job.operation == f"models/{job.request.model}/operations/op1"
    await world.time.advance(20)
    assert seen[1] == ("GET", "running", job.operation)


async def test_the_body_is_the_request_and_the_key_goes_in_the_header_only(world):
    await world.drive("A fox.", {"aspect_ratio": "9:16", "duration_seconds": 4})
    (post,) = world.service.posts
    assert post["instances"] == [{"prompt": "A fox."}]
    assert post["parameters"] == {"aspectRatio": "9:16", "durationSeconds": "4"}
    assert b"sk-test" not in world.library.ledger_path.read_bytes()


async def test_the_time_it_took_is_learnt(world):
    held = Held()
    world.service.polls = [held]
    job = await world.drive()
    await world.time.advance(10)
    held.give()
    await world.finish(job)
    assert job.now.generated_at - job.now.submitted_at == pytest.approx(10, abs=2)
    (time,) = world.ledger.generation_times("gptproto", job.request.model)
    assert time.seconds == pytest.approx(job.now.generated_at - job.now.submitted_at)


async def test_of_a_clip_that_was_ready_before_anyone_looked_nobody_knows_how_long_it_took(world):
    job = await world.drive(
        state="running", operation="models/m/operations/op9", submitted_at=world.time.now - 500
    )
    await world.finish(job)
    assert job.status == "succeeded"
    assert job.now.generated_at is None
    assert world.ledger.generation_times("gptproto", job.request.model) == []


async def test_several_samples_become_several_files(world):
    world.service.on_poll = lambda name: world.service.finished(name, 3)
    job = await world.drive(fields={"sample_count": 3})
    await world.finish(job)
    assert [video.path.stem.partition(job.id)[2] for video in job.videos] == ["", "-2", "-3"]
    assert all(video.path.exists() for video in job.videos)


async def test_a_video_may_come_inside_the_answer(world, clip):
    data = base64.b64encode(clip).decode()
    body = {"name": "n", "done": True, "response": {"videos": [{"bytesBase64Encoded": data}]}}
    world.service.on_poll = lambda name: httpx2.Response(200, json=body)
    job = await world.drive()
    await world.finish(job)
    assert job.video.path.read_bytes() == clip
    assert world.service.fetched == []


async def test_a_partly_filtered_answer_succeeds_and_keeps_the_reasons(world):
    world.service.on_poll = lambda name: world.service.finished(
        name, 1, raiMediaFilteredCount=1, raiMediaFilteredReasons=["Loud noise."]
    )
    job = await world.drive(fields={"sample_count": 2})
    await world.finish(job)
    assert (job.status, len(job.videos), job.now.filtered) == ("succeeded", 1, ("Loud noise.",))


# Sending


async def test_rate_limited_it_is_queued_again_and_waits_as_long_as_was_asked(world):
    world.service.submits = [refusal(429, **{"retry-after": "12"})]
    job = await world.drive()
    assert (job.status, job.now.note.kind, job.now.note.until - world.time.now) == ("queued", "asked", 12)
    # A crash now must not look uncertain.
    assert world.row(job).state == "queued"
    await world.time.advance(11.9)
    assert len(world.service.posts) == 1
    await world.time.advance(0.2)
    assert len(world.service.posts) == 2
    await world.finish(job)
    assert job.status == "succeeded"


@pytest.mark.parametrize("failure", [httpx2.ConnectError("refused"), httpx2.ConnectTimeout("slow")])
async def test_where_nothing_arrived_it_is_tried_again_and_says_since_when(world, failure):
    world.service.submits = [failure, failure]
    job = await world.drive()
    began = world.time.now
    assert (job.status, job.now.note.kind, job.now.note.since) == ("queued", "offline", began)
    await world.time.advance(1)
    assert job.now.note.since == began
    await world.finish(job)
    assert (job.status, len(world.service.posts)) == ("succeeded", 3)


async def test_trying_again_has_an_end(world):
    world.service.submits = [refusal(429, **{"retry-after": "1"})] * 100
    job = await world.drive()
    await world.finish(job)
    assert (job.status, job.error.code) == ("failed", "rate_limited")
    assert len(world.service.posts) == SUBMIT_TRIES


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.ReadTimeout("no answer"),
        httpx2.ReadError("reset"),
        httpx2.WriteError("broken pipe"),
        httpx2.RemoteProtocolError("gone"),
        httpx2.Response(500),
        httpx2.Response(502, html="<html>Bad gateway</html>"),
        httpx2.Response(200, json={"no": "name"}),
        httpx2.Response(200, text="hello"),
    ],
    ids=str,
)
async def test_what_may_have_arrived_is_never_sent_again(world, answer):
    world.service.submits = [answer]
    job = await world.drive()
    await world.time.advance(3600)
    assert (job.status, job.error.code, world.row(job).state) == ("uncertain", "uncertain", "uncertain")
    assert len(world.service.posts) == 1


@pytest.mark.parametrize(
    ("answer", "state", "code"),
    [
        (refusal(400, "durationSeconds is wrong"), "failed", "invalid_request"),
        (refusal(401), "failed", "authentication"),
        (refusal(403, "insufficient balance"), "failed", "permission_denied"),
        (refusal(404), "failed", "not_found"),
        (refusal(400, "content policy violation"), "blocked", "blocked"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_was_refused_ends_with_the_reason(world, answer, state, code):
    world.service.submits = [answer]
    job = await world.drive()
    assert (job.status, job.error.code, len(world.service.posts)) == (state, code, 1)
    assert world.row(job).error["code"] == code
    assert world.row(job).finished_at == world.time.now


async def test_an_input_that_is_gone_from_the_library_is_not_sent(world, tmp_path):
    job = world.job(fields={"image": Image.new("RGB", (32, 32), "red")})
    # As a new kernel brings it back after someone has tidied up.
    for path in (world.library.folder / "inputs").iterdir():
        path.unlink()
    row, world.registry._active = world.row(job), {}
    del job
    again = world.registry.job(row)
    world.engine.drive(again)
    await world.time.settle()
    assert (again.status, again.error.code) == ("failed", "invalid_request")
    assert "gone from the library" in again.error.message
    assert world.service.posts == []


# Limits


async def test_no_more_jobs_are_at_the_provider_than_allowed_and_the_others_know_their_place(make_world):
    world = make_world(most=2)
    holds = [Held() for _ in range(2)]
    world.service.polls = [*holds]
    jobs = [await world.drive(f"Fox {number}.") for number in range(5)]
    await world.time.advance(30)
    assert [job.status for job in jobs] == ["running", "running", "queued", "queued", "queued"]
    assert [(job.now.note.kind, job.now.note.count) for job in jobs[2:]] == [
        ("slot", 0),
        ("slot", 1),
        ("slot", 2),
    ]
    assert len(world.service.posts) == 2
    holds[0].give()
    await world.time.settle()
    assert [job.status for job in jobs[2:]] == ["running", "queued", "queued"]
    assert [job.now.note.count for job in jobs[3:]] == [0, 1]
    holds[1].give()
    await world.finish(*jobs)
    assert {job.status for job in jobs} == {"succeeded"}


async def test_a_download_holds_no_slot(make_world):
    world = make_world(most=1)
    held = Held()
    world.service.downloads = [held]
    first, second = await world.drive("One."), await world.drive("Two.")
    await world.time.advance(60)
    assert (first.status, second.status) == ("downloading", "succeeded")
    held.give()
    await world.finish(first)


async def test_a_job_that_ends_badly_leaves_its_slot(make_world):
    world = make_world(most=1)
    world.service.submits = [refusal(400), httpx2.ReadTimeout("no answer")]
    jobs = [await world.drive(f"Fox {number}.") for number in range(3)]
    await world.finish(*jobs)
    assert [job.status for job in jobs] == ["failed", "uncertain", "succeeded"]


async def test_the_rate_is_kept_and_the_wait_is_said(make_world):
    world = make_world(per_minute=2)
    jobs = [await world.drive(f"Fox {number}.") for number in range(3)]
    assert len(world.service.posts) == 2
    note = jobs[2].now.note
    assert (note.kind, note.count, note.until - world.time.now) == ("rate", 2, 60)
    await world.time.advance(59)
    assert len(world.service.posts) == 2
    await world.time.advance(2)
    assert len(world.service.posts) == 3


async def test_a_refusal_slows_down_all_and_is_made_good_again(make_world):
    world = make_world(most=4)
    # Held, so that the others wait for what it hears.
    held = Held()
    world.service.submits = [held]
    world.service.on_poll = world.service.running
    jobs = [world.job(f"Fox {number}.") for number in range(8)]
    world.engine.drive(jobs[0])
    await world.time.settle()
    held.give(refusal(429, "slow down", **{"Retry-After": "5"}))
    await world.time.advance(1)
    for job in jobs[1:]:
        world.engine.drive(job)
    await world.time.advance(3)
    assert len(world.service.posts) == 1
    await world.time.advance(10)
    assert [job.status for job in jobs].count("running") == 2
    world.service.on_poll = world.service.finished
    await world.finish(*jobs)
    assert len(world.service.posts) == 9
    await world.time.advance(60)
    limits = world.engine._routes.of(jobs[0]).limits
    before = limits._pace.share
    await world.finish(await world.drive("Fox 9."))
    assert before < limits._pace.share


async def test_what_is_held_back_is_not_sent_until_it_is_let_go(make_world):
    world = make_world(most=2)
    first, second = world.job("One."), world.job("Two.")
    world.engine.hold({second.id}, back=True)
    for job in (first, second):
        world.engine.drive(job)
    await world.finish(first)
    await world.time.advance(600)
    assert (second.status, second.now.note, len(world.service.posts)) == ("queued", JobNote(kind="held"), 1)
    world.engine.hold({second.id}, back=False)
    await world.finish(second)
    assert second.status == "succeeded"


async def test_what_is_held_back_can_be_cancelled(world):
    job = world.job()
    world.engine.hold({job.id}, back=True)
    world.engine.drive(job)
    await world.time.settle()
    world.engine.cancel(job)
    await world.time.settle()
    assert (job.status, world.service.posts) == ("cancelled", [])


async def test_driving_a_job_twice_sends_it_once(world):
    job = world.job()
    world.engine.drive(job)
    world.engine.drive(job)
    await world.time.settle()
    world.engine.drive(job)
    await world.finish(job)
    world.engine.drive(job)
    await world.time.advance(60)
    assert len(world.service.posts) == 1


# Waiting for it


@pytest.mark.parametrize(
    ("failure", "kind"),
    [(httpx2.ConnectError("offline"), "offline"), (httpx2.Response(503), "down"), (refusal(429), "asked")],
)
async def test_a_poll_that_fails_is_borne_and_shown(world, failure, kind):
    world.service.polls = [failure] * 3
    job = await world.drive()
    notes = set()
    for _ in range(15):
        await world.time.advance(1)
        notes.add(job.now.note)
    notes.discard(None)
    assert {note.kind for note in notes} == {kind}
    # Since the first failure, with a new time for each try.
    assert len({note.since for note in notes}) == 1
    assert len({note.until for note in notes}) == 3
    await world.finish(job)
    assert (job.status, job.now.note, len(world.service.posts)) == ("succeeded", None, 1)


async def test_without_a_connection_nobody_says_that_it_takes_too_long(world):
    world.service.polls = [httpx2.ConnectError("offline")] * 400
    job = await world.drive()
    await world.time.advance(2 * PLAUSIBLE_SECONDS)
    assert (job.status, job.now.note.kind) == ("running", "offline")


async def test_without_a_connection_it_ends_when_the_video_is_deleted(world):
    world.service.polls = [httpx2.ConnectError("offline")] * 100_000
    job = await world.drive(
        state="running", operation="models/m/operations/op9", submitted_at=world.time.now - 48 * 3600 + 60
    )
    await world.time.advance(WATCHED_SECONDS - 60)
    assert job.status == "running"
    await world.time.advance(120)
    assert job.status == "failed"
    assert "op9 is kept" in job.error.hint


async def test_an_operation_that_runs_for_ever_is_given_up_and_kept(world):
    world.service.on_poll = world.service.running
    job = await world.drive()
    await world.time.advance(PLAUSIBLE_SECONDS - 10)
    assert job.status == "running"
    await world.time.advance(30)
    assert (job.status, world.row(job).operation) == ("failed", job.operation)
    assert isinstance(job.error, errors.OperationAbandoned)
    assert f"%veo retry {job.id}" in job.error.hint


# The machine sleeps, or its clock is set


HOUR = 3600.0


async def test_after_hours_of_sleep_it_is_asked_for_and_fetched(world):
    job = await world.drive()
    await world.time.jump(5 * HOUR)
    await world.finish(job)
    assert job.status == "succeeded"
    assert len(world.service.posts) == 1


async def test_after_hours_of_sleep_nothing_is_given_up_at_the_first_look(world):
    """The clock was wrong, or the provider slept too: a few minutes decide, not one answer."""
    world.service.on_poll = world.service.running
    job = await world.drive()
    await world.time.advance(30)
    await world.time.jump(5 * HOUR)
    await world.time.advance(WATCHED_SECONDS - 20)
    assert job.status == "running"
    world.service.on_poll = world.service.finished
    await world.finish(job)
    assert job.status == "succeeded"


async def test_after_hours_of_sleep_what_never_ends_is_still_given_up(world):
    world.service.on_poll = world.service.running
    job = await world.drive()
    await world.time.advance(30)
    await world.time.jump(5 * HOUR)
    await world.time.advance(WATCHED_SECONDS + 30)
    assert job.status == "failed"
    assert f"%veo retry {job.id}" in job.error.hint


async def test_waking_without_a_connection_harms_nothing(world):
    """Over a long weekend the provider's two days are over too; the network comes up after the clock."""
    job = await world.drive()
    world.service.polls = [httpx2.ConnectError("offline")] * 3
    await world.time.jump(60 * HOUR)
    await world.finish(job)
    assert job.status == "succeeded"


async def test_a_sleep_in_the_middle_of_a_download_harms_nothing(world, clip):
    waking = Held()
    world.service.downloads = [world.service.cut(100_000), waking]
    job = await world.drive()
    while not waking.asked.is_set():
        await world.time.advance(1)
    await world.time.jump(5 * HOUR)
    waking.give(httpx2.ReadError("the connection died in the sleep"))
    await world.finish(job)
    assert job.video.path.read_bytes() == clip
    assert world.service.fetched[-1]["range"].startswith("bytes=")


@pytest.mark.parametrize("hours", [-5, -10_000])
async def test_a_clock_that_is_set_back_harms_nothing_and_keeps_nothing_waiting_for_ever(world, hours):
    world.service.on_poll = world.service.running
    job = await world.drive()
    await world.time.advance(30)
    await world.time.jump(hours * HOUR)
    await world.time.advance(60)
    assert job.status == "running"
    await world.time.advance(PLAUSIBLE_SECONDS + GAP_SECONDS)
    assert job.status == "failed"


async def test_a_rate_that_was_reached_before_the_clock_was_set_back_holds_nobody_up(make_world):
    world = make_world(per_minute=1)
    first = await world.drive("A fox.")
    await world.time.jump(-5 * HOUR)
    second = await world.drive("An owl.")
    await world.finish(first, second, within=120)
    assert len(world.service.posts) == 2


async def test_a_job_that_was_given_up_is_watched_for_minutes_when_it_is_looked_for_again(world):
    world.service.on_poll = world.service.running
    job = await world.drive()
    await world.time.advance(PLAUSIBLE_SECONDS + 30)
    assert job.status == "failed"
    world.engine.retry(job)
    await world.time.advance(WATCHED_SECONDS - 30)
    assert job.status == "running"
    world.service.on_poll = world.service.finished
    await world.finish(job)
    assert job.status == "succeeded"
    assert len(world.service.posts) == 1


async def test_a_poll_whose_key_is_refused_ends_the_job_and_keeps_the_operation(world):
    world.service.polls = [refusal(401)]
    job = await world.drive()
    await world.finish(job)
    assert job.status == "failed"
    assert world.row(job).operation == job.operation == f"models/{job.request.model}/operations/op1"


@pytest.mark.parametrize(
    ("answer", "state", "word"),
    [
        ({"error": {"code": 3, "message": "The sky fell."}}, "failed", "The sky fell."),
        (
            {
                "response": {
                    "generateVideoResponse": {
                        "raiMediaFilteredCount": 1,
                        "raiMediaFilteredReasons": ["Not this."],
                    }
                }
            },
            "blocked",
            "Not this.",
        ),
        ({"response": {}}, "failed", "gave no video and no reason"),
    ],
    ids=["failed", "blocked", "nothing"],
)
async def test_an_operation_that_is_done_without_a_video_is_no_success(world, answer, state, word):
    world.service.polls = [httpx2.Response(200, json={"name": "n", "done": True, **answer})]
    job = await world.drive()
    await world.finish(job)
    assert (job.status, world.row(job).state, job.videos) == (state, state, ())
    assert word in job.error.message


# Cancelling


async def test_cancelled_in_the_queue_nothing_was_sent_and_the_next_moves_up(make_world):
    world = make_world(most=1)
    held = Held()
    world.service.polls = [held]
    jobs = [await world.drive(f"Fox {number}.") for number in range(3)]
    await world.time.advance(30)
    world.engine.cancel(jobs[1])
    await world.time.settle()
    assert (jobs[1].status, world.row(jobs[1]).state) == ("cancelled", "cancelled")
    assert "nothing is charged" in jobs[1].error.message
    assert (jobs[2].now.note.kind, jobs[2].now.note.count) == ("slot", 0)
    held.give()
    await world.finish(*jobs)
    assert len(world.service.posts) == 2


async def test_cancelled_before_its_first_step_it_ends(world):
    """Asyncio then never enters the task, and nobody would ever end the job."""
    job = world.job()
    world.engine.drive(job)
    world.engine.cancel(job)
    await world.time.settle()
    assert (job.status, world.row(job).state, world.service.posts) == ("cancelled", "cancelled", [])


async def test_cancelled_while_it_waits_for_the_rate_it_is_not_sent(make_world):
    world = make_world(per_minute=1)
    await world.drive("One.")
    job = await world.drive("Two.")
    world.engine.cancel(job)
    await world.time.advance(120)
    assert (job.status, len(world.service.posts)) == ("cancelled", 1)


async def test_cancelled_during_the_post_the_name_is_still_written_down(world):
    held = Held()
    world.service.submits = [held]
    job = await world.drive()
    world.engine.cancel(job)
    world.engine.cancel(job)
    await world.time.settle()
    assert (job.status, job.now.note.kind) == ("submitting", "stopping")
    held.give()
    await world.time.settle()
    assert (job.status, world.row(job).state) == ("cancelled", "cancelled")
    assert world.row(job).operation == job.operation == f"models/{job.request.model}/operations/op1"
    assert "may still finish it and charge" in job.error.message


async def test_cancelled_during_a_post_that_is_refused_nothing_is_charged(world):
    held = Held()
    world.service.submits = [held]
    job = await world.drive()
    world.engine.cancel(job)
    held.give(refusal(429))
    await world.time.settle()
    assert job.status == "cancelled"
    assert "nothing is charged" in job.error.message


async def test_cancelled_during_a_post_whose_answer_is_lost_it_is_uncertain(world):
    held = Held()
    world.service.submits = [held]
    job = await world.drive()
    world.engine.cancel(job)
    held.give(httpx2.ReadError("reset"))
    await world.time.settle()
    assert job.status == "uncertain"


async def test_cancelled_while_it_runs_nobody_asks_any_more(world):
    world.service.on_poll = world.service.running
    job = await world.drive()
    await world.time.advance(30)
    world.engine.cancel(job)
    await world.time.settle()
    asked = len(world.service.asked)
    await world.time.advance(60)
    assert (job.status, len(world.service.asked)) == ("cancelled", asked)
    assert world.row(job).operation == job.operation


async def test_cancelled_while_it_downloads_nothing_comes_into_place(world):
    held = Held()
    world.service.downloads = [held]
    job = await world.drive()
    await world.time.advance(60)
    assert job.status == "downloading"
    world.engine.cancel(job)
    await world.time.settle()
    assert job.status == "cancelled"
    assert not [*world.library.folder.rglob("*.mp4")]


@pytest.mark.parametrize("call", ["submits", "polls", "downloads"])
@pytest.mark.parametrize("steps", range(8))
async def test_a_cancel_is_heard_however_near_it_falls_to_an_answer(world, call, steps):
    """An answer goes through several turns of the loop, and in one of them a cancel was lost with it."""
    held = Held()
    setattr(world.service, call, [held])
    job = await world.drive()
    await world.time.advance(60)
    held.give(httpx2.Response(200, json={"name": job.operation}) if call == "polls" else None)
    for _ in range(steps):
        await asyncio.sleep(0)
    world.engine.cancel(job)
    await world.time.settle()
    assert job.status in ("cancelled", *(["succeeded"] if call == "downloads" else []))


async def test_cancelling_a_job_that_is_over_changes_nothing(world):
    job = await world.drive()
    await world.finish(job)
    world.engine.cancel(job)
    await world.time.settle()
    assert (job.status, world.row(job).state) == ("succeeded", "succeeded")


# The download


async def test_a_download_that_breaks_goes_on_where_it_stopped(world, clip):
    chunk = 64 * 1024
    world.service.downloads = [world.service.cut(2 * chunk), world.service.cut(chunk + 100)]
    job = await world.drive()
    await world.finish(job)
    starts = [headers.get("range", "bytes=0-")[6:-1] for headers in world.service.fetched]
    assert 0 == int(starts[0]) < int(starts[1]) < int(starts[2])
    assert job.video.path.read_bytes() == clip


async def test_a_file_that_is_no_video_fails_and_a_retry_begins_anew(world, clip):
    whole, world.service.clip = world.service.clip, b"\x00\x00\x00\x10garbage!" * 40
    job = await world.drive()
    await world.finish(job)
    assert (job.status, job.error.code) == ("failed", "download")
    assert not [*world.library.folder.rglob("*.mp4"), *world.library.folder.rglob("*.part")]
    world.service.clip = whole
    world.engine.retry(job)
    assert job.status == "running"
    await world.finish(job)
    assert (job.status, job.video.path.read_bytes()) == ("succeeded", clip)
    assert job.error is None
    assert len(world.service.posts) == 1


# Disk


async def test_where_the_row_cannot_be_written_nothing_is_sent(world):
    job = world.job()
    world.ledger._db.execute("PRAGMA query_only = ON")
    world.engine.drive(job)
    await world.time.settle()
    world.ledger._db.execute("PRAGMA query_only = OFF")
    assert world.service.posts == []
    assert job.status == "failed"
    assert "can't be used" in job.error.message


async def test_where_the_name_cannot_be_written_it_is_not_lost(world):
    held = Held()
    world.service.submits = [held]
    job = await world.drive()
    world.ledger._db.execute("PRAGMA query_only = ON")
    held.give()
    await world.time.settle()
    assert job.status == "failed"
    assert job.operation == f"models/{job.request.model}/operations/op1"
    # The disk still says that a POST went out: to another kernel it is uncertain, never new.
    assert world.row(job).state == "submitting"
    world.ledger._db.execute("PRAGMA query_only = OFF")
    world.engine.retry(job)
    await world.finish(job)
    assert (job.status, len(world.service.posts)) == ("succeeded", 1)


async def test_the_end_writes_what_could_not_be_written_before(world):
    held = Held()
    world.service.submits = [held]
    job = await world.drive()
    written = world.ledger.update_job
    calls = []

    def fails_once(*args, **changes):
        calls.append(changes)
        if len(calls) == 1:
            raise errors.VeoError("The disk is full.")
        return written(*args, **changes)

    world.ledger.update_job = fails_once
    held.give()
    await world.time.settle()
    assert (job.status, world.row(job).state) == ("failed", "failed")
    assert world.row(job).operation == job.operation is not None


async def test_a_folder_that_cannot_be_written_fails_the_job_and_it_can_be_fetched_later(world):
    (world.library.folder / "arriving").write_text("a file where the folder should be")
    job = await world.drive()
    await world.finish(job)
    assert job.status == "failed"
    assert "can't be written" in job.error.message
    (world.library.folder / "arriving").unlink()
    world.engine.retry(job)
    await world.finish(job)
    assert job.status == "succeeded"


async def test_a_mistake_of_ours_ends_the_job_in_place_of_hanging_it(world, caplog):
    def broken(name: str) -> httpx2.Response:
        raise ZeroDivisionError("oops")

    world.service.on_poll = broken
    job = await world.drive()
    await world.finish(job)
    assert job.status == "failed"
    assert "ZeroDivisionError" in job.error.message
    assert "broke" in caplog.text


# Letting go and going on


@pytest.mark.parametrize("state", ["queued", "running", "downloading"])
async def test_stopping_leaves_each_job_where_another_engine_can_go_on(make_world, clip, state):
    world = make_world(most=1 if state == "queued" else 10)
    held = Held()
    (world.service.downloads if state == "downloading" else world.service.polls).append(held)
    job = await world.drive()
    await world.time.advance(60)
    if state == "queued":
        job = await world.drive("Another.")
    assert job.status == state
    posts = len(world.service.posts)
    await world.engine.stop()
    assert world.row(job).state == state
    assert not job.now.state.final
    other = world.make_engine()
    other.drive(job)
    await world.finish(job)
    await other.stop()
    assert (job.status, job.video.path.read_bytes()) == ("succeeded", clip)
    assert len(world.service.posts) == posts + (state == "queued")


async def test_stopping_waits_for_the_answer_to_a_post(world):
    held = Held()
    world.service.submits = [held]
    job = await world.drive()
    stopping = asyncio.ensure_future(world.engine.stop())
    await world.time.settle()
    held.give()
    await stopping
    assert (world.row(job).state, world.row(job).operation) == ("running", job.operation)
    assert job.operation is not None


async def test_a_job_cancelled_during_its_post_stays_cancelled_when_the_kernel_ends(world):
    held = Held()
    world.service.submits = [held]
    job = await world.drive()
    world.engine.cancel(job)
    stopping = asyncio.ensure_future(world.engine.stop())
    await world.time.settle()
    held.give()
    await stopping
    assert world.row(job).state == "cancelled"
    assert world.row(job).operation == job.operation is not None


async def test_a_post_whose_answer_does_not_come_before_the_end_is_uncertain_to_the_next(world, monkeypatch):
    monkeypatch.setattr("veo_nb.engine.engine.PARTING_SECONDS", 0.0)
    held = Held()
    world.service.submits = [held]
    job = await world.drive()
    await world.engine.stop()
    held.give()
    assert world.row(job).state == "submitting"
    assert world.row(job).operation is None


async def test_nothing_is_driven_after_the_stop(world):
    await world.engine.stop()
    job = await world.drive()
    assert (job.status, world.service.posts) == ("queued", [])


@pytest.mark.parametrize("ending", ["failed", "cancelled", "blocked"])
async def test_looking_again_fetches_without_a_post(world, ending):
    job = world.job(state=ending, operation="models/m/operations/op7", finished_at=1.0)
    world.engine.retry(job)
    assert (job.status, job.now.finished_at, world.row(job).state) == ("running", None, "running")
    await world.finish(job)
    assert (job.status, world.service.posts) == ("succeeded", [])
    assert world.service.asked[-1].endswith("op7")


async def test_looking_again_right_when_a_job_has_ended_is_not_lost(world):
    """The former task is still listed in that instant."""
    world.service.polls = [refusal(401)]
    job = world.job()
    looked: list[Job] = []

    def again(job):
        if job.status == "failed" and not looked:
            looked.append(job)
            asyncio.get_running_loop().call_soon(world.engine.retry, job)

    job.on_change(again)
    world.engine.drive(job)
    await world.time.advance(60)
    assert looked
    assert job.status == "succeeded"


async def test_sending_again_is_one_more_post_and_only_for_an_uncertain_job(world):
    world.service.submits = [httpx2.ReadTimeout("no answer")]
    job = await world.drive()
    assert job.status == "uncertain"
    world.engine.resubmit(job)
    await world.finish(job)
    assert (job.status, len(world.service.posts)) == ("succeeded", 2)
    world.engine.resubmit(job)
    await world.time.advance(60)
    assert len(world.service.posts) == 2


async def test_only_the_file_that_is_missing_is_fetched_again(world):
    world.service.on_poll = lambda name: world.service.finished(name, 2)
    job = await world.drive(fields={"sample_count": 2})
    await world.finish(job)
    job.videos[1].path.unlink()
    world.engine.retry(job)
    await world.finish(job)
    assert [video.path.exists() for video in job.videos] == [True, True]
    assert len(world.service.fetched) == 3


# Another process


async def test_a_job_that_another_process_has_taken_is_not_sent_by_us(make_world):
    """As after a machine has slept: the others heard nothing from us for an hour."""
    world = make_world(most=1)
    held = Held()
    world.service.polls = [held]
    first = await world.drive("One.")
    waiting = await world.drive("Two.")
    await world.time.advance(30)
    world.ledger.update_job(waiting.id, owner="another")
    held.give()
    await world.finish(first)
    await world.time.settle()
    assert len(world.service.posts) == 1
    assert world.displaced == [waiting]
    assert (waiting.status, world.row(waiting).state) == ("queued", "queued")


async def test_a_job_that_runs_is_let_go_of_when_another_has_taken_it(world):
    job = await world.drive()
    world.ledger.update_job(job.id, owner="another")
    await world.time.advance(60)
    assert world.displaced == [job]
    assert world.service.fetched == []
    assert world.row(job).state == "running"


async def test_the_name_of_what_was_paid_for_is_written_whoever_has_the_job_by_then(world):
    held = Held()
    world.service.submits = [held]
    job = await world.drive()
    world.ledger.update_job(job.id, owner="another", state="uncertain")
    held.give()
    await world.time.settle()
    assert (world.row(job).operation, world.row(job).owner) == (job.operation, "me")
    await world.finish(job)
    assert (job.now.state, len(world.service.posts)) == (State.SUCCEEDED, 1)


async def test_what_ends_an_orphan_is_written_down(world):
    job = world.job(state="submitting")
    world.engine.end(job, State.UNCERTAIN, errors.SubmissionUncertain("Lost."))
    assert (job.status, world.row(job).state) == ("uncertain", "uncertain")


def while_it_is_written(world, state, do):
    """Have `do()` called in the middle of the first write of this state."""
    written = world.ledger.update_job
    done: list[int] = []

    def update_job(*args, **changes):
        found = written(*args, **changes)
        if changes.get("state") == state and not done:
            done.append(1)
            do()
        return found

    world.ledger.update_job = update_job


@pytest.mark.parametrize(
    ("state", "ended", "posts"),
    [("submitting", "cancelled", 0), ("running", "cancelled", 1), ("succeeded", "succeeded", 1)],
)
async def test_who_stops_a_job_while_a_step_is_being_written_finds_what_became_of_it(
    world, state, ended, posts
):
    job = world.job()
    while_it_is_written(world, state, lambda: world.engine.cancel(job))
    world.engine.drive(job)
    await world.finish(job)
    assert (job.status, world.row(job).state, len(world.service.posts)) == (ended, ended, posts)
    # What was paid for keeps its name, what was not sent is not called uncertain.
    assert bool(world.row(job).operation) == bool(posts)
    assert (world.row(job).submitted_at is None) == (posts == 0)


@pytest.mark.parametrize(("state", "posts"), [("submitting", 0), ("running", 1)])
async def test_a_kernel_that_ends_while_a_step_is_being_written_leaves_it_to_the_next(world, state, posts):
    stops = []
    while_it_is_written(
        world, state, lambda: stops.append(asyncio.get_running_loop().create_task(world.engine.stop()))
    )
    job = world.job()
    world.engine.drive(job)
    await world.time.advance(1.0)
    await stops[0]
    row = world.row(job)
    assert (row.state, len(world.service.posts)) == ("running" if posts else "queued", posts)
    assert (row.operation is None, row.submitted_at is None) == (not posts, not posts)
