"""Google's own client makes every kind of clip of Gemini Omni on the sandbox and reads every refusal, in each of its modes."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

import pytest

from tests.kernel.sandbox import Sandbox, requests
from tests.sdk.conftest import NEW, play
from veo_nb.media.probe import probe

pytestmark = pytest.mark.sdk

SECONDS = {
    "text": 3,
    "image": 3,
    "frames": 3,
    "references": 3,
    "stored": 3,
    "edit": 3,
    "extension": 6,
    "edit_of_a_file": 3,
    "extension_of_a_file": 6,
}
# All ways lead to the same place, so each into Vertex AI plays a part of what is rendered.
CLIPS = {
    "key": ("text", "image", "frames", "references", "edit", "extension", "edit_of_a_file"),
    "express": ("text", "stored", "edit", "extension_of_a_file"),
    "token": ("text", "frames", "extension"),
}
ENDS = ("filtered", "failed", "busy", "odd", "cancelled")
REFUSALS = {
    "wrong_key": ("AuthenticationError", 401, 401, ""),
    "unknown_model": ("NotFoundError", 404, "model_not_found", "gemini-omni-9"),
    "number": ("BadRequestError", 400, "invalid_request", "duration"),
    "unknown_parameter": ("BadRequestError", 400, "parameter_unknown", "temperature"),
    "unknown_interaction": ("NotFoundError", 404, "not_found", "v1_0"),
    "no_interaction": ("BadRequestError", 400, "invalid_request", "Invalid interaction name"),
    "deleted": ("NotFoundError", 404, "not_found", "is not found"),
    "edit_of_one_that_is_gone": ("NotFoundError", 404, "not_found", "v1_0"),
}
each_mode = pytest.mark.parametrize("mode", CLIPS)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What came of all scenes in a mode; they are played when that is asked first."""

    @cache
    def outcome(mode):
        folder = tmp_path_factory.mktemp(mode)
        more = {"key": ("forgotten_file",)}.get(mode, ())
        with Sandbox(folder / "data", 0.2, "--in-flight", "0") as sandbox:
            told = play(mode, sandbox.url, folder, *CLIPS[mode], *ENDS, *REFUSALS, *more, driver="omni.py")
        return SimpleNamespace(**told, requests=requests(folder / "data"))

    return outcome


def test_the_release_is_the_one_that_is_meant(made):
    assert made("key").version == NEW


@pytest.mark.parametrize(("mode", "scene"), [(mode, scene) for mode in CLIPS for scene in CLIPS[mode]])
def test_each_scene_makes_a_clip(made, mode, scene):
    outcome = getattr(made(mode), scene)
    assert (outcome["status"], outcome["errors"], outcome["mime"]) == ("completed", [], "video/mp4")
    found = probe(outcome["path"])
    assert (found.width, found.height, found.has_audio) == (640, 360, True)
    assert found.duration == pytest.approx(SECONDS[scene], abs=0.1)
    # An extension costs what it adds.
    assert outcome["tokens"] == pytest.approx(1931 * 3, rel=0.05)
    goes_back = scene in ("edit", "extension")
    assert outcome["previous"] == (made(mode).text["id"] if goes_back else None)


@each_mode
@pytest.mark.parametrize(
    ("scene", "status", "code", "words"),
    [
        ("filtered", "completed", None, "sandbox:filter"),
        ("odd", "completed", None, "sandbox:filter"),
        ("failed", "failed", "api_error", ""),
        ("busy", "failed", "too_many_requests", ""),
        ("cancelled", "cancelled", None, ""),
    ],
)
def test_what_ends_without_a_clip_says_how(made, mode, scene, status, code, words):
    outcome = getattr(made(mode), scene)
    assert (outcome["status"], outcome.get("path")) == (status, None)
    assert [said for said, _ in outcome["errors"]] == ([code] if code else [])
    assert words in outcome["text"]


@each_mode
@pytest.mark.parametrize("scene", REFUSALS)
def test_each_refusal_is_understood(made, mode, scene):
    name, status, code, words = REFUSALS[scene]
    error = getattr(made(mode), scene)
    assert (error["class"], error["http"], error["code"]) == (name, status, code)
    assert words in error["message"]


def test_a_file_that_was_deleted_is_not_gone_on_from(made):
    assert made("key").forgotten_file["code"] == "not_found"


@pytest.mark.parametrize(
    ("mode", "home"),
    [
        ("key", "/v1"),
        ("express", "/v1beta1"),
        ("token", "/v1beta1/projects/my-project/locations/global"),
    ],
)
def test_each_mode_has_paths_of_its_own(made, mode, home):
    asked = {entry["path"] for entry in made(mode).requests if "/interactions" in entry["path"]}
    assert asked
    assert all(path.startswith(f"{home}/interactions") for path in asked)
