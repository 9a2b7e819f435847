"""OpenAI's own client makes clips at the sandbox's `/v1/videos` and reads every refusal."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from tests.kernel.sandbox import Sandbox
from tests.sdk.conftest import KEY, python_with
from veo_nb.media.probe import probe

pytestmark = pytest.mark.sdk


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """What came of all scenes."""
    folder = tmp_path_factory.mktemp("openai")
    Image.new("RGB", (160, 90), "teal").save(folder / "first.png")
    python = python_with("openai-newest", "openai")
    with Sandbox(folder / "data", 1.0, "--in-flight", "0") as sandbox:
        run = subprocess.run(
            [python, str(Path(__file__).with_name("openai_driver.py")), sandbox.url, KEY, str(folder)],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    assert run.returncode == 0, run.stderr
    return SimpleNamespace(folder=folder, **json.loads(run.stdout))


def test_a_clip_is_waited_for_by_its_progress_and_fetched(played):
    assert (played.begun["status"], played.begun["seconds"], played.begun["size"]) == (
        "queued",
        "4",
        "720x1280",
    )
    figures = [figure for _, figure in played.progress]
    assert figures == sorted(figures)
    assert set(figures) <= set(range(100))
    # Which of them it meets is a matter of the machine.
    begun = {(status, figure > 0) for status, figure in played.progress}
    assert begun
    assert begun <= {("queued", False), ("in_progress", True)}
    assert (played.text["status"], played.text["progress"]) == ("completed", 100)
    assert played.text["expires_at"] > played.text["completed_at"] >= played.text["created_at"]
    facts = probe(played.folder / "text.mp4")
    assert (facts.width, facts.height, round(facts.duration)) == (720, 1280, 4)


def test_a_clip_begins_with_a_picture_that_is_sent_as_a_file(played):
    assert (played.picture["status"], played.picture["model"]) == ("completed", "house-fast")
    facts = probe(played.folder / "picture.mp4")
    assert (facts.width, facts.height) == (1280, 720)


def test_all_are_listed_page_by_page_and_one_is_deleted(played):
    assert len(played.listed) >= 2
    assert played.listed[:2] == [played.picture["id"], played.begun["id"]]
    assert played.deleted == {"id": played.picture["id"], "object": "video.deleted", "deleted": True}
    assert played.gone == played.gone_content == {"class": "NotFoundError", "code": "not_found"}


def test_a_failure_says_whether_it_was_the_filters(played):
    assert (played.blocked["status"], played.blocked["error"]["code"]) == ("failed", "moderation_blocked")
    assert (played.failed["status"], played.failed["error"]["code"]) == ("failed", "server_error")


@pytest.mark.parametrize(
    ("scene", "refusal", "code", "param"),
    [
        ("wrong_key", "AuthenticationError", "invalid_api_key", None),
        ("unknown_model", "NotFoundError", "model_not_found", "model"),
        ("wrong_size", "BadRequestError", "invalid_value", "size"),
        ("no_picture", "BadRequestError", "invalid_value", "input_reference"),
        ("broken_picture", "BadRequestError", "invalid_value", None),
        ("unknown_field", "BadRequestError", "unknown_parameter", "seed"),
        ("refused_prompt", "BadRequestError", "moderation_blocked", None),
    ],
)
def test_each_refusal_is_understood(played, scene, refusal, code, param):
    assert getattr(played, scene) == {"class": refusal, "code": code, "param": param}
