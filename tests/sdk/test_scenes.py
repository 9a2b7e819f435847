"""Google's own client makes every kind of clip on the sandbox and reads every error, in each of its modes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.kernel.sandbox import Sandbox
from tests.sdk.conftest import play
from veo_nb.media.probe import probe

pytestmark = pytest.mark.sdk

SCENES = ("text", "image", "frames", "references", "samples")
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


@pytest.fixture(scope="module", params=["key", "express", "token"])
def made(request, tmp_path_factory):
    """What came of all scenes in one mode, and the sandbox's data."""
    mode = request.param
    folder = tmp_path_factory.mktemp(mode)
    # Both ways into Vertex AI lead to the same place, so each plays half of what is rendered there.
    more = {
        "key": (*SCENES, "expired_file"),
        "express": ("text", "references", "samples", "stored"),
        "token": ("image", "frames", "silent"),
    }[mode]
    with Sandbox(folder / "data", 0.2, "--in-flight", "0") as sandbox:
        outcome = play(mode, sandbox.url, folder, *more, *ERRORS)
    return SimpleNamespace(mode=mode, outcome=outcome, **outcome)


def facts(scene):
    """The one video of a scene."""
    [video] = scene["videos"]
    assert scene["error"] is None
    return probe(video["path"])


def test_the_releases_are_those_that_are_meant(made):
    if made.mode == "key":
        assert made.version == "2.34.0"
    else:
        assert int(made.version.partition(".")[0]) >= 3


@pytest.mark.parametrize(
    ("scene", "seconds"), [("text", 4), ("image", 4), ("frames", 4), ("references", 8), ("extension", 11)]
)
def test_each_scene_makes_a_clip(made, scene, seconds):
    if scene not in made.outcome:
        pytest.skip("played by the other way into Vertex AI")
    found = facts(made.outcome[scene])
    assert (found.width, found.height, found.has_audio) == (1280, 720, True)
    assert found.duration == pytest.approx(seconds, abs=0.05)


def test_one_of_two_samples_is_filtered_away(made):
    if made.mode == "token":
        pytest.skip("played by the other way into Vertex AI")
    assert made.samples["videos"][0]["mime"] == "video/mp4"
    assert len(made.samples["videos"]) == made.samples["filtered"] == 1
    assert "not charged" in made.samples["reasons"][0]


def test_what_only_vertex_ai_can_do(made):
    if made.mode == "token":
        assert not facts(made.silent).has_audio
    if made.mode == "express":
        assert facts(made.stored).duration == pytest.approx(4, abs=0.05)
        assert made.stored["videos"][0]["uri"].startswith("gs://my-bucket/clips/")


def test_a_filtered_operation_tells_its_reasons(made):
    assert (made.filtered["videos"], made.filtered["filtered"]) == ([], 1)
    assert "not charged" in made.filtered["reasons"][0]
    assert made.filtered["error"] is None


def test_a_failed_operation_tells_its_error(made):
    assert made.failed["error"] == {"code": 13, "message": "The sandbox was asked to fail (sandbox:fail)."}


@pytest.mark.parametrize(
    ("scene", "code", "words"),
    [
        ("blocked", 400, "policy"),
        ("combination", 400, "1080p needs an 8 second clip"),
        ("broken_image", 400, "can't be read as an image"),
        ("unknown_model", 404, "veo-9"),
        ("unknown_operation", 404, ""),
    ],
)
def test_each_refusal_is_understood(made, scene, code, words):
    error = made.outcome[scene]
    assert (error["class"], error["code"]) == ("ClientError", code)
    assert error["status"] == {400: "INVALID_ARGUMENT", 404: "NOT_FOUND"}[code]
    assert words in error["message"]


def test_a_wrong_key_is_understood(made):
    error = made.wrong_key
    assert (error["class"], error["code"]) == ("ClientError", 401)
    # The provider's page documents another form of this body than Google's.
    assert error["status"] == (None if made.mode == "key" else "UNAUTHENTICATED")
    assert error["message"]


def test_an_expired_file_is_understood(made):
    if made.mode == "key":
        assert (made.expired_file["code"], made.expired_file["status"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("mode", ["key", "express"])
def test_too_many_are_understood(mode, tmp_path):
    with Sandbox(tmp_path / "data", 0.2, "--per-minute", "1") as sandbox:
        outcome = play(mode, sandbox.url, tmp_path, "failed", "blocked")
    assert outcome["failed"]["error"]["code"] == 13
    error = outcome["blocked"]
    assert error["class"] == "ClientError"
    assert "1 requests a minute" in error["message"]
    assert error["code"] in (429, "rate_limit_exceeded")
