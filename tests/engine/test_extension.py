"""A clip goes on where its provider can, and says why where it can't, before anything is sent."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from veo_nb import catalog, errors
from veo_nb.engine.job import Job, Snapshot
from veo_nb.engine.video import Video, check_clip, check_source, source_of
from veo_nb.request import Source, make_request
from veo_nb.store.rows import State

NOW = 1_800_000_000.0
DAY = 24 * 3600.0
GEMINI = catalog.PROVIDERS["gemini"]
VERTEX = catalog.PROVIDERS["vertex"]
OTHERWISE = "Start a new clip from its last frame, which .last_frame() gives."


def clip_made(ago: float = 60.0, provider: catalog.Provider = GEMINI, **facts: Any) -> Video:
    """A clip of job 3f2a, made so many seconds ago."""
    values = {"width": 1280, "height": 720, "duration": 8.0, "uri": "https://x.example/v", **facts}
    video = Video(
        path=Path("fox.mp4"), fps=24.0, has_audio=True, sha256="ab", bytes=1, job_id="3f2a", **values
    )
    made: dict[str, Any] = {
        "generated_at": NOW - ago,
        "finished_at": NOW - ago + 5,
        "created_at": NOW - ago - 60,
    }
    job = Job(
        id="3f2a",
        request=make_request(provider, prompt="A fox.", model="standard"),
        provider=provider,
        take=1,
        estimate=None,
        now=Snapshot(state=State.SUCCEEDED, videos=(video,), **made),
    )
    return job.video


@pytest.mark.parametrize(
    "video",
    [
        clip_made(),
        clip_made(ago=2 * DAY),
        clip_made(duration=141.04),
        clip_made(width=720, height=1280),
    ],
)
def test_what_can_be_extended(video):
    check_clip(video, GEMINI, "standard", NOW)


@pytest.mark.parametrize("video", ["https://x.example/v", None])
def test_an_address_is_for_the_provider_to_judge(video):
    check_source(make_request(GEMINI, prompt="On.", model="standard", video=video), GEMINI, NOW)


@pytest.mark.parametrize(
    ("video", "line"),
    [
        (
            clip_made(provider=catalog.PROVIDERS["sandbox"]),
            (
                "The clip of job 3f2a was made with sandbox, and Gemini API does not have it. "
                'Use veo.configure(provider="sandbox"), or start a new clip from its last frame, '
                "which .last_frame() gives."
            ),
        ),
        (
            clip_made(uri=""),
            f"The clip of job 3f2a has no address at the provider, since it came inside the answer. {OTHERWISE}",
        ),
        (
            clip_made(ago=2 * DAY + 1),
            f"The clip of job 3f2a is older than the 2 days for which Gemini API keeps it. {OTHERWISE}",
        ),
        (
            clip_made(duration=148.0),
            f"The clip of job 3f2a is 148 s long, and up to 141 s can be extended. {OTHERWISE}",
        ),
        (
            clip_made(width=1920, height=1080),
            (
                "The clip of job 3f2a is 1080p, and only 720p can be extended. "
                'Make it with resolution="720p", or start a new clip from its last frame, which .last_frame() gives.'
            ),
        ),
        (
            clip_made(width=2160, height=3840),
            (
                "The clip of job 3f2a is 2160p, and only 720p can be extended. "
                'Make it with resolution="720p", or start a new clip from its last frame, which .last_frame() gives.'
            ),
        ),
    ],
)
def test_what_cannot_be_extended_says_why_and_what_to_do(video, line):
    with pytest.raises(errors.InvalidRequest) as caught:
        check_clip(video, GEMINI, "standard", NOW)
    assert str(caught.value) == line
    assert caught.value.facts == {"field": "video", "job": "3f2a"}


def test_the_numbers_are_the_catalogs(monkeypatch):
    limits = replace(catalog.SOURCES["gemini"], most_seconds=5.0)
    monkeypatch.setitem(catalog.SOURCES, "gemini", limits)
    with pytest.raises(errors.InvalidRequest, match="8 s long, and up to 5 s"):
        check_clip(clip_made(), GEMINI, "standard", NOW)
    with pytest.raises(errors.InvalidRequest, match="older than the 1 days"):
        check_clip(clip_made(ago=DAY + 1), replace(GEMINI, retention_seconds=DAY), "standard", NOW)


def test_a_clip_built_by_hand_has_no_age_to_be_judged_by():
    check_clip(replace(clip_made(ago=9 * DAY), job=None), GEMINI, "standard", NOW)


def test_a_source_keeps_the_clips_shape():
    tall = clip_made(width=720, height=1280)
    assert source_of(tall, GEMINI, "standard") == Source(
        uri=tall.uri, key="job:3f2a/0", shape="9:16", lines="720p"
    )
    request = make_request(
        GEMINI, prompt="It looks back.", model="standard", video=source_of(tall, GEMINI, "standard")
    )
    assert (request.shape, request.aspect_ratio) == ("9:16", None)


def test_vertex_gets_the_bytes_of_a_clip_wherever_and_whenever_it_was_made(tmp_path):
    """It looks into buckets only; so neither the address nor the age nor the maker of the clip matters."""
    path = tmp_path / "fox.mp4"
    path.write_bytes(b"video")
    clip = replace(clip_made(ago=9 * DAY, provider=GEMINI), path=path)
    check_clip(clip, VERTEX, "standard", NOW)
    assert source_of(clip, VERTEX, "standard").uri == path.as_uri()
    stored = replace(clip, uri="gs://bucket/fox.mp4")
    assert source_of(stored, VERTEX, "standard").uri == "gs://bucket/fox.mp4"
    path.unlink()
    with pytest.raises(errors.InvalidRequest, match="no longer there as a file"):
        check_clip(clip, VERTEX, "standard", NOW)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"duration": 1.0}, ""),
        ({"duration": 30.04}, ""),
        ({"width": 1920, "height": 1080}, ""),
        ({"width": 2160, "height": 3840}, ""),
        ({"duration": 0.8}, "is 0.8 s long, and from 1 s on it can be extended"),
        ({"duration": 37.0}, "is 37 s long, and up to 30 s can be extended"),
        ({"width": 7680, "height": 4320}, "has 4320 lines, and up to 4k can be extended"),
        ({"fps": 30.0}, "has 30 frames a second, and 24 can be extended"),
        ({"suffix": ".webm"}, "is a .webm file, and an MP4 can be extended"),
        ({"width": 960, "height": 720}, "is 4:3, and 16:9 or 9:16 can be extended"),
    ],
)
def test_vertex_goes_on_from_clips_of_1_to_30_seconds_at_any_resolution(tmp_path, facts, why):
    path = tmp_path / f"fox{facts.get('suffix', '.mp4')}"
    path.write_bytes(b"video")
    clip = replace(clip_made(), path=path, **{name: facts[name] for name in facts if name != "suffix"})
    if why:
        with pytest.raises(errors.InvalidRequest, match=re.escape(f"The clip of job 3f2a {why}.")):
            check_clip(clip, VERTEX, "standard", NOW)
    else:
        check_clip(clip, VERTEX, "standard", NOW)


@pytest.mark.parametrize(
    ("width", "height", "asked", "sent"),
    [
        (1280, 720, None, None),
        (1920, 1080, None, "1080p"),
        (2160, 3840, None, "4k"),
        (1920, 1080, "720p", "720p"),
        (192, 108, None, None),
    ],
)
def test_what_goes_on_from_a_clip_has_its_resolution(width, height, asked, sent):
    clip = source_of(replace(clip_made(uri="gs://b/fox.mp4"), width=width, height=height), VERTEX, "standard")
    request = make_request(VERTEX, prompt="It looks back.", model="standard", video=clip, resolution=asked)
    assert request.resolution == sent


# From a clip to the next one


def test_a_clip_is_extended_and_its_extension_too(studio, service):
    first = studio.generate("A fox.").wait(30)
    second = first.video.extend("It looks back.", seed=7).wait(30)
    third = second.extend("It runs.").wait(30)
    sent = [post["instances"][0].get("video") for post in service.posts]
    assert sent == [None, {"uri": first.video.uri}, {"uri": second.video.uri}]
    assert service.posts[1]["parameters"] == {"seed": 7}
    assert third.request.video.key == f"job:{second.id}/0"


def test_each_sample_can_be_extended(studio, service):
    service.on_poll = lambda name: service.finished(name, count=2)
    job = studio.generate("A fox.", sample_count=2).wait(30)
    one, two = (job.extend("It runs.", sample=sample).request.video for sample in (0, 1))
    assert (one.key, two.key) == (f"job:{job.id}/0", f"job:{job.id}/1")
    assert job.videos[1].extend("It runs.").request.video == two
    with pytest.raises(errors.NotFound, match=r"has no sample 2\. It has 2"):
        job.extend("It runs.", sample=2)


def test_an_extension_that_is_there_is_shown_however_old_its_source_is(studio, service, monkeypatch):
    first = studio.generate("A fox.").wait(30)
    second = first.extend("It looks back.").wait(30)
    monkeypatch.setattr(studio.jobs.workspace, "clock", lambda: NOW + 30 * DAY)
    assert first.extend("It looks back.") is second
    assert studio.preview("It looks back.", video=first).stored is second
    for refused in (
        lambda: first.extend("It runs."),
        lambda: first.extend("It looks back.", fresh=True),
        lambda: studio.preview("It runs.", video=first),
    ):
        with pytest.raises(errors.InvalidRequest, match="older than the 2 days"):
            refused()
    assert len(service.posts) == 2
    assert len(studio.history()) == 2


def test_a_job_without_a_clip_can_not_be_extended(studio, service):
    service.submits = [httpx2.Response(400, json={"error": {"message": "content policy violation"}})]
    job = studio.generate("A fox.")
    with pytest.raises(errors.ContentBlocked):
        job.wait(30)
    with pytest.raises(errors.ContentBlocked):
        job.extend("It runs.")
    assert len(service.posts) == 1


def test_a_clip_knows_its_job_and_is_equal_to_one_that_does_not(studio):
    job = studio.generate("A fox.").wait(30)
    assert job.video.job is job
    assert job.video == replace(job.video, job=None)
    assert "job=" not in repr(job.video)


def test_a_clip_without_a_job_says_how_to_go_on():
    with pytest.raises(errors.InvalidRequest, match=r"does not know its job\. Use veo\.generate"):
        replace(clip_made(), job=None).extend("It runs.")
    with pytest.raises(errors.InvalidRequest, match="belongs to no studio"):
        clip_made().extend("It runs.")
