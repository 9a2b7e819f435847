"""What Gemini Omni goes on from or changes: how long, how old, by which name, and files of this machine."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest

from veo_nb import catalog, errors
from veo_nb.engine.video import check_clip, source_limits, source_of
from veo_nb.notebook.panel.draft import draft_again
from veo_nb.request import make_request
from veo_nb.store.files import digest

GEMINI = catalog.PROVIDERS["gemini"]
VERTEX = catalog.PROVIDERS["vertex"]
DAY = 24 * 3600.0


@pytest.fixture
def studio(make_studio):
    return make_studio(provider="gemini")


@pytest.fixture
def file(tmp_path, clip):
    path = tmp_path / "my own clip.mp4"
    path.write_bytes(clip)
    return path


# How long


@pytest.mark.parametrize(
    ("model", "seconds", "most"),
    [("omni", 15.0, None), ("omni", 15.5, 15), ("omni-1.1", 10.04, None), ("omni-1.1", 12.0, 10)],
)
def test_how_long_a_clip_may_be_that_is_changed_depends_on_the_model(studio, model, seconds, most):
    clip = replace(studio.generate("A fox.").wait(30).video, duration=seconds)
    if most is None:
        check_clip(clip, GEMINI, model, 0.0, edits=True)
        return
    with pytest.raises(errors.InvalidRequest, match=f"up to {most} s can be changed"):
        check_clip(clip, GEMINI, model, 0.0, edits=True)


@pytest.mark.parametrize(
    ("provider", "seconds", "added", "line"),
    [
        (GEMINI, 20.04, 10, ""),
        (GEMINI, 27.0, 3, ""),
        (
            GEMINI,
            24.0,
            10,
            "longer than the 30 s that Gemini API makes. Use duration_seconds=6 or less.",
        ),
        (GEMINI, 28.0, 3, "is 28 s long, and up to 27 s can be extended"),
        (VERTEX, 30.0, 10, ""),
        (VERTEX, 36.0, 5, "longer than the 40 s that Vertex AI makes. Use duration_seconds=4 or less."),
        (VERTEX, 38.0, 3, "up to 37 s can be extended"),
    ],
)
def test_a_clip_is_made_longer_up_to_what_the_provider_makes_in_all(studio, provider, seconds, added, line):
    clip = replace(
        studio.generate("A fox.").wait(30).video, duration=seconds, width=1280, height=720, fps=24.0
    )
    if provider is VERTEX:
        clip = replace(clip, job=None)
    if not line:
        check_clip(clip, provider, "omni", 0.0, seconds=added)
        return
    with pytest.raises(errors.InvalidRequest) as caught:
        check_clip(clip, provider, "omni", 0.0, seconds=added)
    assert line in str(caught.value)


def test_what_nobody_says_is_added_is_what_the_model_makes(studio, service):
    clip = replace(studio.generate("A fox.").wait(30).video, duration=22.0)
    with pytest.raises(errors.InvalidRequest, match="with 10 s more"):
        studio.generate("It runs.", video=clip)
    studio.generate("It runs.", video=clip, duration_seconds=8).wait(30)
    assert len(service.posts) == 2


def test_what_veo_goes_on_from_is_as_it_was():
    assert source_limits(GEMINI, "fast") == catalog.SOURCES["gemini"]
    assert source_limits(VERTEX, "fast") == catalog.SOURCES["vertex"]


# How old


@pytest.mark.parametrize(
    ("provider", "days", "named"),
    [("gemini", 54, True), ("gemini", 56, False), ("vertex", 6, True), ("vertex", 8, False)],
)
def test_an_interaction_is_named_for_as_long_as_the_provider_knows_it(
    make_studio, service, provider, days, named
):
    settings: dict[str, Any] = {"provider": provider, "model": "omni"}
    studio = make_studio(**settings)
    job = studio.generate("A fox.").wait(30)
    asked = job.now.submitted_at
    now = asked + days * DAY
    at = catalog.PROVIDERS[provider]
    source = source_of(job.video, at, "omni", now)
    assert source.uri.startswith("interaction:" if named else "file:")
    assert source == replace(source_of(job.video, at, "omni"), uri=source.uri)
    clip = replace(job.video, duration=5.0)
    check_clip(clip, at, "omni", now, edits=True)
    job.video.path.unlink()
    if named:
        check_clip(clip, at, "omni", now, edits=True)
        return
    with pytest.raises(errors.InvalidRequest, match="no longer there as a file"):
        check_clip(clip, at, "omni", now, edits=True)


# Files of this machine


def test_a_file_is_changed_by_its_bytes_and_known_by_its_content(studio, service, file, tmp_path, clip):
    job = studio.generate("Make it snow", edit=str(file)).wait(30)
    [video, _] = service.posts[0]["input"]
    assert (video["type"], video["mime_type"]) == ("video", "video/mp4")
    assert job.request.edit.key == f"file:{digest(file)}"
    # Half a second of it, at 720p: that is what an edit is billed by.
    assert job.estimate == pytest.approx(0.5 * 0.0695, abs=0.01)
    other = tmp_path / "renamed.mp4"
    file.rename(other)
    assert studio.generate("Make it snow", edit=other) is job
    assert len(service.posts) == 1


def test_a_large_file_is_uploaded_first(studio, service, file, clip, monkeypatch):
    monkeypatch.setattr(catalog, "INLINE_BYTES", 1000)
    studio.generate("Make it snow", edit=file).wait(30)
    assert [bytes(one) for one in service.files.values()] == [clip]
    assert service.posts[0]["input"][0] == {
        "type": "video",
        "mime_type": "video/mp4",
        "uri": "https://generativelanguage.googleapis.com/v1beta/files/up0",
    }


def test_it_can_be_asked_for_again_while_it_is_there(make_studio, service, file):
    job = make_studio(provider="gemini").generate("Make it snow", edit=file).wait(30)
    job = make_studio(provider="gemini").job(job.id)
    again = job.rerun().wait(30)
    assert again.estimate == pytest.approx(job.estimate)
    file.unlink()
    with pytest.raises(
        errors.InvalidRequest, match=r"my own clip\.mp4 can't be read: No such file.* Give it anew"
    ):
        job.rerun().wait(30)
    assert len(service.posts) == 2


def test_a_file_that_became_another_is_not_sent(make_studio, service, file, clip):
    studio = make_studio(provider="gemini")
    request = studio.jobs.request_of("Make it snow", 1, {"edit": str(file)})
    file.write_bytes(clip + b"more")
    with pytest.raises(errors.InvalidRequest, match="another clip than it was"):
        studio.jobs.submit(request)[0].wait(30)
    assert service.posts == []


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("fox.mp4", b"no video", "fox.mp4 can't be read"),
        ("fox.mp4", b"", "fox.mp4 can't be read"),
        ("none.mp4", None, "'none.mp4' is no video this provider can reach"),
        (
            ".",
            None,
            "'.' is no video this provider can reach. Give a job, a clip made here, the path of an MP4",
        ),
        ("a\0b", None, "is no video this provider can reach"),
    ],
)
def test_what_is_no_video_is_refused_before_anything_is_sent(
    studio, service, tmp_path, monkeypatch, name, content, line
):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(errors.InvalidRequest) as caught:
        studio.generate("Make it snow", edit=name)
    assert line in str(caught.value)
    assert service.requests == []


def test_veo_at_the_gemini_api_takes_no_file(make_studio, file):
    studio = make_studio(provider="gemini", model="fast")
    with pytest.raises(errors.InvalidRequest, match="files can't be uploaded as a source"):
        studio.generate("It runs on.", video=file)


# By its address


def test_a_clip_that_is_named_by_its_address_is_still_one_of_the_family(studio, service):
    first = studio.generate("A fox.").wait(30)
    snow = studio.generate("Make it snow", edit=first.video.uri).wait(30)
    assert snow.request.edit.key == first.video.uri
    library = studio.library
    assert [link.key for link in library.lineage(f"{snow.id}/0").came_from] == [f"{first.id}/0"]
    assert [link.key for link in library.lineage(f"{first.id}/0").became] == [f"{snow.id}/0"]
    assert [step.key for step in library.steps(f"{snow.id}/0")] == [f"{first.id}/0", f"{snow.id}/0"]
    assert draft_again(snow, library.key_at).edit == f"{first.id}/0"


def test_one_of_elsewhere_stays_in_what_is_varied(studio, service, file):
    there = studio.generate("Make it snow", edit="https://x.example/fox.mp4").wait(30)
    assert draft_again(there, studio.library.key_at).edit == "https://x.example/fox.mp4"
    assert studio.library.lineage(f"{there.id}/0").came_from == ()
    here = studio.generate("At night", edit=file).wait(30)
    assert draft_again(here, studio.library.key_at).edit == os.fspath(file)


def test_what_lies_in_a_bucket_is_for_vertex():
    bucket = "gs://bucket/fox.mp4"
    request = make_request(VERTEX, prompt="Make it snow", model="omni", edit=bucket)
    assert request.edit is not None
    assert request.edit.uri == bucket
    with pytest.raises(errors.InvalidRequest, match="no video this provider can reach"):
        make_request(GEMINI, prompt="Make it snow", model="omni", edit=bucket)


def test_an_address_is_for_the_provider_to_judge():
    request = make_request(GEMINI, prompt="Make it snow", model="omni", edit="https://x.example/fox.mp4")
    assert request.edit is not None
    assert request.edit.clip is None
