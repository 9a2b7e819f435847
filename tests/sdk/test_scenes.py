"""Google's own client makes every kind of clip on the sandbox and reads every error, in each of its modes."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

import pytest

from tests.kernel.sandbox import Sandbox
from tests.sdk.conftest import play
from veo_nb.media.probe import probe

pytestmark = pytest.mark.sdk

SECONDS = {"text": 4, "image": 4, "frames": 4, "references": 8, "extension": 11, "stored": 4, "silent": 4}
# Both ways into Vertex AI lead to the same place, so each plays a part of what is rendered there.
CLIPS = {
    "key": ("text", "image", "frames", "references"),
    "express": ("text", "references", "stored"),
    "token": ("image", "frames", "silent"),
}
ERRORS = (
    "filtered",
    "failed",
    "blocked",
    "combination",
    "broken_image",
    "unknown_model",
    "wrong_key",
    "unknown_operation",
)
each_mode = pytest.mark.parametrize("mode", CLIPS)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What came of all scenes in a mode; they are played when that is asked first."""

    @cache
    def outcome(mode):
        folder = tmp_path_factory.mktemp(mode)
        more = {"key": ("samples", "expired_file"), "express": ("samples",), "token": ()}[mode]
        with Sandbox(folder / "data", 0.2, "--in-flight", "0") as sandbox:
            return SimpleNamespace(**play(mode, sandbox.url, folder, *CLIPS[mode], *more, *ERRORS))

    return outcome


def facts(scene):
    """The one video of a scene."""
    [video] = scene["videos"]
    assert scene["error"] is None
    return probe(video["path"])


def test_the_releases_are_those_that_are_meant(made):
    assert made("key").version == "2.34.0"
    assert {int(made(mode).version.partition(".")[0]) >= 3 for mode in ("express", "token")} == {True}


CASES = [
    (mode, scene)
    for mode, scenes in CLIPS.items()
    for scene in (*scenes, *["extension"] * ("text" in scenes))
]


@pytest.mark.parametrize(("mode", "scene"), CASES)
def test_each_scene_makes_a_clip(made, mode, scene):
    outcome = getattr(made(mode), scene)
    found = facts(outcome)
    assert (found.width, found.height, found.has_audio) == (1280, 720, scene != "silent")
    assert found.duration == pytest.approx(SECONDS[scene], abs=0.05)
    assert outcome["videos"][0]["mime"] == "video/mp4"


def test_a_clip_lies_in_the_bucket_that_was_named(made):
    assert made("express").stored["videos"][0]["uri"].startswith("gs://my-bucket/clips/")


@pytest.mark.parametrize("mode", ["key", "express"])
def test_one_of_two_samples_is_filtered_away(made, mode):
    samples = made(mode).samples
    assert len(samples["videos"]) == samples["filtered"] == 1
    assert "not charged" in samples["reasons"][0]


@each_mode
def test_a_filtered_operation_tells_its_reasons(made, mode):
    filtered = made(mode).filtered
    assert (filtered["videos"], filtered["filtered"], filtered["error"]) == ([], 1, None)
    assert "not charged" in filtered["reasons"][0]


@each_mode
def test_a_failed_operation_tells_its_error(made, mode):
    assert made(mode).failed["error"] == {
        "code": 13,
        "message": "The sandbox was asked to fail (sandbox:fail).",
    }


@each_mode
@pytest.mark.parametrize(
    ("scene", "code", "words"),
    [
        ("blocked", 400, "policy"),
        ("combination", 400, "work with 8 seconds only"),
        ("broken_image", 400, "can't be read as an image"),
        ("unknown_model", 404, "veo-9"),
        ("unknown_operation", 404, ""),
    ],
)
def test_each_refusal_is_understood(made, mode, scene, code, words):
    error = getattr(made(mode), scene)
    assert (error["class"], error["code"]) == ("ClientError", code)
    assert error["status"] == {400: "INVALID_ARGUMENT", 404: "NOT_FOUND"}[code]
    assert words in error["message"]


@each_mode
def test_a_wrong_key_is_understood(made, mode):
    error = made(mode).wrong_key
    assert (error["class"], error["code"]) == ("ClientError", 401)
    # The provider's page documents another form of this body than Google's.
    assert error["status"] == (None if mode == "key" else "UNAUTHENTICATED")
    assert error["message"]


def test_an_expired_file_is_understood(made):
    error = made("key").expired_file
    assert (error["class"], error["code"], error["status"]) == ("ClientError", 404, "NOT_FOUND")


@pytest.mark.parametrize("mode", ["key", "express"])
def test_too_many_are_understood(mode, tmp_path):
    with Sandbox(tmp_path / "data", 0.2, "--per-minute", "1") as sandbox:
        outcome = play(mode, sandbox.url, tmp_path, "failed", "blocked")
    assert outcome["failed"]["error"]["code"] == 13
    error = outcome["blocked"]
    assert error["class"] == "ClientError"
    assert "1 requests a minute" in error["message"]
    assert error["code"] in (429, "rate_limit_exceeded")
