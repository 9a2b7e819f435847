"""The third dialect, over a real socket: its bodies, its statuses, its refusals, its files, in the words of the wire."""

from __future__ import annotations

import base64
import re
import time

import numpy as np
import pytest

from tests.sandbox.conftest import UNLIMITED
from veo_nb import catalog, errors
from veo_nb.api.client import AsyncClient
from veo_nb.media.frames import frame
from veo_nb.media.probe import probe
from veo_nb.request import make_request

MODEL = "gemini-omni-1.2-flash"
PATH = "/v1beta/interactions"
VERTEX = "/v1beta1/projects/my-project/locations/global/interactions"
# Quick to serve: nothing is rendered for it.
PROMPT = "A fox. sandbox:filter"
SHORT = {"type": "video", "duration": "3s", "resolution": "360p", "delivery": "uri"}


def submit(sandbox, path=PATH, **body):
    return sandbox.http.post(path, json={"model": MODEL, "input": PROMPT, "background": True, **body})


def ended(sandbox, answer, path=PATH):
    """The interaction that an answer names, once it has ended."""
    assert answer.status_code == 200, answer.text
    deadline = time.monotonic() + 60
    name = answer.json()["id"]
    while (found := sandbox.http.get(f"{path}/{name}").json())["status"] == "in_progress":
        assert time.monotonic() < deadline, "it does not end"
        time.sleep(0.05)
    return found


def video(interaction):
    assert interaction["status"] == "completed", interaction
    (content,) = interaction["steps"][-1]["content"]
    assert content["type"] == "video"
    assert content["mime_type"] == "video/mp4"
    return content


def refusal(answer, code=400, word="invalid_request"):
    assert answer.status_code == code, answer.text
    error = answer.json()["error"]
    assert error["code"] == word, error
    return error["message"]


@pytest.fixture(scope="module")
def made(sandbox):
    """An interaction with a clip of three seconds."""
    return ended(sandbox, submit(sandbox, input="A fox by a lake at noon", response_format=SHORT))


@pytest.mark.parametrize(
    "path",
    [PATH, "/v1/interactions", VERTEX, "/v1beta1/interactions"],
    ids=["beta", "v1", "vertex", "express"],
)
def test_each_path_takes_a_submit_and_a_poll(sandbox, path):
    answer = submit(sandbox, path)
    assert re.fullmatch("v1_[a-z0-9]+", answer.json()["id"])
    assert answer.json()["object"] == "interaction"
    assert ended(sandbox, answer, path)["id"] == answer.json()["id"]


def test_a_clip_is_made_and_fetched_and_its_tokens_are_told(sandbox, made, tmp_path):
    info = probe(sandbox.fetch(video(made)["uri"], tmp_path / "clip.mp4"))
    assert (info.width, info.height, info.duration, info.has_audio) == (640, 360, 3.0, True)
    usage = made["usage"]
    assert usage["output_tokens_by_modality"] == [
        {"modality": "video", "tokens": usage["total_output_tokens"]}
    ]
    assert usage["total_output_tokens"] == 3 * 1931


def test_inline_is_what_comes_when_nothing_is_asked(sandbox, tmp_path):
    answer = submit(
        sandbox, response_format={**SHORT, "delivery": "inline"}, input="A lake", background=False
    )
    # In the foreground it is there when the answer is.
    content = video(answer.json())
    path = tmp_path / "clip.mp4"
    path.write_bytes(base64.b64decode(content["data"], validate=True))
    assert probe(path).duration == 3.0


def test_an_edit_changes_the_clip_that_it_goes_back_to_and_no_other_thing(sandbox, made, tmp_path):
    edited = ended(
        sandbox,
        submit(sandbox, input="At night", previous_interaction_id=made["id"], response_format=SHORT),
    )
    assert edited["previous_interaction_id"] == made["id"]
    before = sandbox.fetch(video(made)["uri"], tmp_path / "before.mp4")
    after = sandbox.fetch(video(edited)["uri"], tmp_path / "after.mp4")
    assert probe(after).duration == probe(before).duration
    one, two = (np.asarray(frame(path, 1.5).convert("L"), dtype=float) for path in (before, after))
    assert two.mean() < 0.8 * one.mean()
    # The same mountains stand where they stood.
    assert np.corrcoef(one.ravel(), two.ravel())[0, 1] > 0.9


def test_an_extension_goes_on_from_the_clip_and_holds_it(sandbox, made, tmp_path):
    answer = submit(
        sandbox,
        input="It goes on",
        previous_interaction_id=made["id"],
        response_format=SHORT,
        generation_config={"video_config": {"task": "extend"}},
    )
    path = sandbox.fetch(video(ended(sandbox, answer))["uri"], tmp_path / "longer.mp4")
    assert probe(path).duration == pytest.approx(6.0, abs=0.1)


@pytest.mark.parametrize(
    ("word", "status", "code"),
    [
        ("fail", "failed", "api_error"),
        ("busy", "failed", "too_many_requests"),
        ("incomplete", "incomplete", None),
        ("budget", "budget_exceeded", None),
        ("action", "requires_action", None),
    ],
)
def test_words_in_the_prompt_let_it_end_otherwise(sandbox, word, status, code):
    found = ended(sandbox, submit(sandbox, input=f"A lake sandbox:{word}"))
    assert found["status"] == status
    assert [error["code"] for error in found.get("errors", [])] == ([code] if code else [])
    assert "usage" not in found


def test_what_is_filtered_is_completed_with_words_and_without_tokens(sandbox):
    found = ended(sandbox, submit(sandbox))
    assert found["status"] == "completed"
    assert [content["type"] for content in found["steps"][-1]["content"]] == ["text"]
    assert found["usage"]["total_output_tokens"] == 0


def test_a_prompt_that_is_refused_at_once_is_an_error(sandbox):
    refusal(submit(sandbox, input="A lake sandbox:block"), word="prohibited_content")


@pytest.mark.parametrize(
    ("body", "word", "said"),
    [
        ({"model": "gemini-omni"}, "model_not_found", "gemini-omni"),
        ({"temperature": 1}, "parameter_unknown", "temperature"),
        ({"response_format": {"type": "video", "duration": 8}}, "invalid_request", "duration"),
        ({"response_format": {"type": "video", "duration": "8"}}, "invalid_request", "3s to 15s"),
        ({"response_format": {"type": "video", "duration": "16s"}}, "invalid_request", "3s to 15s"),
        ({"response_format": {"type": "video", "resolution": "8k"}}, "invalid_request", "360p"),
        ({"response_format": {"type": "video", "gcs_uri": "gs://b/f"}}, "parameter_unknown", "Vertex"),
        ({"response_format": SHORT, "background": False, "store": False}, "failed_precondition", "store"),
        ({"store": False}, "failed_precondition", "background"),
        ({"input": ""}, "invalid_request", "no text"),
        ({"previous_interaction_id": "interactions/1"}, "invalid_request", "Invalid interaction name"),
        ({"previous_interaction_id": "v1_0"}, "not_found", "v1_0"),
        ({"generation_config": {"video_config": {"task": "extend"}}}, "invalid_request", "needs a video"),
        ({"generation_config": {"video_config": {"task": "upscale"}}}, "invalid_request", "text_to_video"),
    ],
)
def test_what_can_not_be_meant_is_refused(sandbox, body, word, said):
    assert said in refusal(submit(sandbox, **body), 404 if word.endswith("not_found") else 400, word)


def test_uri_needs_a_place_in_the_cloud_at_vertex(sandbox):
    assert "gcs_uri" in refusal(submit(sandbox, VERTEX, response_format=SHORT))
    placed = {**SHORT, "gcs_uri": "gs://bucket/folder"}
    found = ended(sandbox, submit(sandbox, VERTEX, input="A lake", response_format=placed), VERTEX)
    assert video(found)["uri"].startswith("gs://bucket/folder/")


def test_pictures_are_frames_or_references_by_task_and_number(sandbox, photo, blob):
    def part(seed):
        picture = blob(photo(seed=seed))
        return {"type": "image", "mime_type": picture["mimeType"], "data": picture["bytesBase64Encoded"]}

    text = {"type": "text", "text": PROMPT}
    for count, task, taken in (
        (1, "image_to_video", True),
        (2, "image_to_video", True),
        (3, "image_to_video", False),
        (6, "reference_to_video", True),
        (7, "reference_to_video", False),
        (1, "text_to_video", False),
    ):
        answer = submit(
            sandbox,
            input=[{"type": "user_input", "content": [*(part(seed) for seed in range(count)), text]}],
            generation_config={"video_config": {"task": task}},
        )
        assert answer.status_code == (200 if taken else 400), (count, task, answer.text)


def test_a_wrong_key_is_refused_in_a_list(sandbox):
    answer = sandbox.http.post(PATH, json={}, headers={"x-goog-api-key": "no"})
    assert answer.status_code == 401
    assert answer.json()[0]["error"]["status"] == "UNAUTHENTICATED"


def test_one_that_runs_can_be_cancelled_and_one_that_has_ended_be_forgotten(launch, tmp_path):
    sandbox = launch(tmp_path, "--latency", "3600", *UNLIMITED)
    name = submit(sandbox, input="A lake").json()["id"]
    assert sandbox.http.post(f"{PATH}/{name}/cancel").json()["status"] == "cancelled"
    assert sandbox.http.get(f"{PATH}/{name}").json()["status"] == "cancelled"
    assert sandbox.http.delete(f"{PATH}/{name}").json() == {}
    refusal(sandbox.http.get(f"{PATH}/{name}"), 404, "not_found")


def test_what_is_not_stored_is_known_to_nobody_afterwards(sandbox):
    answer = submit(sandbox, background=False, store=False).json()
    assert answer["status"] == "completed"
    refusal(sandbox.http.get(f"{PATH}/{answer['id']}"), 404, "not_found")
    word = "failed_precondition"
    refusal(submit(sandbox, previous_interaction_id=answer["id"]), 400, word)


async def test_our_client_is_held_for_what_is_not_stored_and_gets_the_clip(sandbox, tmp_path):
    request = make_request(
        catalog.PROVIDERS["sandbox"], prompt="A lake", model="omni", duration_seconds=3, resolution="360p"
    )
    async with AsyncClient("sandbox", sandbox.key, sandbox.url, store=False) as client:
        operation = await client.submit(request)
        with pytest.raises(errors.VideoExpired, match="stored nothing"):
            await client.poll(MODEL, operation.name)
    assert operation.done
    (sample,) = operation.samples
    path = tmp_path / "clip.mp4"
    path.write_bytes(sample.data or b"")
    assert probe(path).duration == 3.0


def test_a_file_is_sent_in_pieces_without_a_key_and_named_in_a_submit(sandbox, photo, blob):
    data = base64.b64decode(blob(photo())["bytesBase64Encoded"])
    start = {
        "x-goog-upload-protocol": "resumable",
        "x-goog-upload-command": "start",
        "x-goog-upload-header-content-length": str(len(data)),
        "x-goog-upload-header-content-type": "image/png",
    }
    begun = sandbox.http.post("/upload/v1beta/files", json={"file": {"display_name": "fox"}}, headers=start)
    where = begun.headers["x-goog-upload-url"]

    def send(piece, offset, command):
        headers = {
            "x-goog-upload-offset": str(offset),
            "x-goog-upload-command": command,
            "x-goog-api-key": "",
        }
        return sandbox.http.post(where, content=piece, headers=headers)

    assert send(data[:100], 0, "upload").headers["x-goog-upload-status"] == "active"
    refusal(send(data[100:], 0, "upload, finalize"), word="out_of_range")
    asked = sandbox.http.post(where, headers={"x-goog-upload-command": "query"})
    assert asked.headers["x-goog-upload-size-received"] == "100"
    whole = send(data[100:], 100, "upload, finalize")
    assert whole.headers["x-goog-upload-status"] == "final"
    file = whole.json()["file"]
    assert (file["state"], file["mimeType"], file["sizeBytes"]) == ("ACTIVE", "image/png", str(len(data)))
    assert sandbox.http.get(f"/v1beta/{file['name']}").json()["uri"] == file["uri"]

    parts = [
        {"type": "image", "mime_type": "image/png", "uri": file["uri"]},
        {"type": "text", "text": PROMPT},
    ]
    assert submit(sandbox, input=parts).status_code == 200
    assert sandbox.http.delete(f"/v1beta/{file['name']}").json() == {}
    refusal(submit(sandbox, input=parts), 404, "not_found")


def test_faults_fall_on_this_dialect_as_on_the_others(launch, tmp_path):
    table = tmp_path / "faults.toml"
    table.write_text('[[fault]]\nkind = "status"\ncall = "submit"\nnth = 1\nstatus = 503\n')
    sandbox = launch(tmp_path / "data", "--faults", str(table), *UNLIMITED)
    assert submit(sandbox).status_code == 503
    assert submit(sandbox).status_code == 200


def test_the_log_shows_the_body_and_no_payload(sandbox, photo, blob):
    picture = blob(photo(seed=77))
    part = {"type": "image", "mime_type": picture["mimeType"], "data": picture["bytesBase64Encoded"]}
    submit(sandbox, input=[part, {"type": "text", "text": f"{PROMPT} logged"}])
    (entry,) = (one for one in sandbox.log() if "logged" in str(one.get("body")))
    assert set(entry["body"]["input"][0]["data"]) == {"bytes", "sha256"}
