"""The form of gateways, over a real socket: its bodies, its progress, its refusals, in the words of the wire."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import time
from typing import Any

import httpx2
import pytest
from PIL import Image

from veo_nb import errors
from veo_nb.media.probe import probe
from veo_nb.sandbox.store import Operation
from veo_nb.sandbox.videos.answer import video
from veo_nb.studio import Studio

PATH = "/v1/videos"
BODY = {"model": "house-fast", "prompt": "A fox. sandbox:filter", "seconds": "4", "size": "1280x720"}


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (160, 90), "teal").save(out, "PNG")
    return out.getvalue()


def ask(sandbox, **body):
    return sandbox.http.post(PATH, json={**BODY, **body})


def ended(sandbox, answer):
    """The video that an answer names, once it has ended."""
    assert answer.status_code == 200, answer.text
    deadline = time.monotonic() + 60
    name = answer.json()["id"]
    while (found := sandbox.http.get(f"{PATH}/{name}").json())["status"] not in ("completed", "failed"):
        assert time.monotonic() < deadline, "it does not end"
        time.sleep(0.05)
    return found


@pytest.mark.parametrize(
    ("model", "seconds", "size"),
    [("house-fast", "4", "720x1280"), ("gemini-omni-1.2-flash", "3", "640x360")],
)
def test_a_clip_is_as_it_was_asked_for(sandbox, tmp_path, model, seconds, size):
    found = ended(sandbox, ask(sandbox, model=model, prompt="A lake", seconds=seconds, size=size))
    assert (found["object"], found["status"], found["progress"], found["error"]) == (
        "video",
        "completed",
        100,
        None,
    )
    assert (found["model"], found["seconds"], found["size"]) == (model, seconds, size)
    facts = probe(sandbox.fetch(f"{PATH}/{found['id']}/content", tmp_path / "clip.mp4"))
    assert (f"{facts.width}x{facts.height}", str(round(facts.duration))) == (size, seconds)


def test_a_picture_comes_as_a_file_or_as_a_data_address(sandbox):
    form = sandbox.http.post(PATH, data=BODY, files={"input_reference": ("a.png", png(), "image/png")})
    assert form.status_code == 200, form.text
    # The log has the picture by its size.
    assert sandbox.log()[-1]["body"]["input_reference"]["data"]["bytes"] == len(png())
    address = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
    assert ask(sandbox, input_reference={"image_url": address}).status_code == 200


@pytest.mark.parametrize(
    ("change", "code", "word", "param"),
    [
        ({"seconds": 4}, 400, "invalid_type", "seconds"),
        ({"seconds": "5"}, 400, "invalid_value", "seconds"),
        ({"size": "1280x721"}, 400, "invalid_value", "size"),
        ({"size": "1920x1080"}, 400, "invalid_value", "seconds"),
        ({"size": "640x360"}, 400, "invalid_value", "size"),
        ({"model": "sora-9"}, 404, "model_not_found", "model"),
        ({"prompt": " "}, 400, "invalid_value", "prompt"),
        ({"seed": 4}, 400, "unknown_parameter", "seed"),
        (
            {"input_reference": {"image_url": "https://example.com/a.png"}},
            400,
            "invalid_value",
            "input_reference",
        ),
        ({"prompt": "A fox. sandbox:block"}, 400, "moderation_blocked", None),
    ],
)
def test_a_body_that_is_wrong_is_refused_by_its_parameter(sandbox, change, code, word, param):
    answer = ask(sandbox, **change)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (code, word, param)
    assert error["type"] == "invalid_request_error"
    assert error["message"]


@pytest.mark.parametrize("wrong", ["file", "field", "twice", "kind", "boundary", "text"])
def test_a_form_that_is_wrong_is_refused(sandbox, wrong):
    forms: dict[str, Any] = {
        "file": {"data": BODY, "files": {"prompt": ("a.png", png(), "image/png")}},
        "field": {"data": {**BODY, "seed": "4"}, "files": {"input_reference": ("a.png", png(), "image/png")}},
        "twice": {"files": [(name, (None, value)) for name, value in [*BODY.items(), ("model", "x")]]},
        "kind": {"data": BODY, "files": {"input_reference": ("a.gif", b"GIF89a", "image/gif")}},
        "boundary": {"content": b"x", "headers": {"content-type": "multipart/form-data"}},
        "text": {"content": b"model=x", "headers": {"content-type": "text/plain"}},
    }
    answer = sandbox.http.post(PATH, **forms[wrong])
    assert answer.status_code in (400, 415)
    assert answer.json()["error"]["code"]


@pytest.mark.parametrize(
    ("word", "code"), [("sandbox:filter", "moderation_blocked"), ("sandbox:fail", "server_error")]
)
def test_a_failure_says_whether_it_was_the_filters(sandbox, word, code):
    found = ended(sandbox, ask(sandbox, prompt=f"A fox. {word}"))
    assert (found["status"], found["error"]["code"]) == ("failed", code)
    assert word in found["error"]["message"]
    content = sandbox.http.get(f"{PATH}/{found['id']}/content")
    assert (content.status_code, content.json()["error"]["code"]) == (404, "not_found")


def test_one_that_is_deleted_is_gone_and_what_is_there_is_listed(sandbox):
    first, second = (ended(sandbox, ask(sandbox))["id"] for _ in range(2))
    page = sandbox.http.get(PATH, params={"limit": 1}).json()
    assert ([one["id"] for one in page["data"]], page["has_more"]) == ([second], True)
    after = sandbox.http.get(PATH, params={"limit": 1, "after": second}).json()
    assert after["data"][0]["id"] == first
    gone = sandbox.http.delete(f"{PATH}/{second}").json()
    assert gone == {"id": second, "object": "video.deleted", "deleted": True}
    assert sandbox.http.get(f"{PATH}/{second}").status_code == 404
    assert sandbox.http.get(f"{PATH}/video_nope").json()["error"]["code"] == "not_found"


def test_a_wrong_key_is_refused_in_the_words_of_this_form(sandbox):
    answer = sandbox.http.get(PATH, headers={"x-goog-api-key": "no", "authorization": "Bearer no"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")


def test_faults_are_played_here_as_on_the_other_wires(launch, tmp_path):
    table = tmp_path / "faults.toml"
    table.write_text(
        '[[fault]]\ncall = "submit"\nnth = 1\nkind = "reset"\ncarried_out = true\n'
        '[[fault]]\ncall = "poll"\nnth = 1\nkind = "status"\nstatus = 503\n'
        '[[fault]]\ncall = "download"\nnth = 1\nkind = "html"\n'
    )
    sandbox = launch(tmp_path / "data", "--latency", "0", "--faults", str(table))
    # A list is no submit, though it has the same address.
    assert sandbox.http.get(PATH).json()["data"] == []
    with pytest.raises(httpx2.TransportError):
        ask(sandbox)
    [taken] = sandbox.http.get(PATH).json()["data"]
    one = f"{PATH}/{taken['id']}"
    assert [sandbox.http.get(one).status_code for _ in range(2)] == [503, 200]
    assert sandbox.http.get(f"{one}/content").headers["content-type"].startswith("text/html")
    assert sandbox.http.get(f"{one}/content").status_code == 404


def test_its_progress_rises_to_the_end():
    def at(seconds: float, *, prompt: str = "A fox", **facts: object) -> tuple[str, int | None]:
        told = {"created": 1000.0, "model": "m", "prompt": prompt, "seconds": "4", "size": "1280x720"}
        one = Operation(id="1", model="m", name="video_1", recipe={}, ready=1010.0, facts=told, **facts)  # type: ignore[arg-type]
        shown = video(one, done=bool(facts), now=1000.0 + seconds, retention=60.0)
        return shown["status"], shown["progress"]

    assert [at(seconds) for seconds in (0, 1, 2, 5, 9.99, 30)] == [
        ("queued", 0),
        ("queued", 0),
        ("in_progress", 20),
        ("in_progress", 50),
        ("in_progress", 99),
        ("in_progress", 99),
    ]
    assert at(30, files=("f",)) == ("completed", 100)
    assert at(5, prompt="sandbox:odd") == ("processing", None)


def test_our_own_client_makes_clips_there_from_text_and_from_a_picture(sandbox, tmp_path):
    studio = Studio(
        provider="gateway",
        base_url=f"{sandbox.url}/v1",
        api_key=sandbox.key,
        model="house-fast",
        library=str(tmp_path / "library"),
        environ={},
        folder=tmp_path,
        sleep=lambda seconds: asyncio.sleep(min(seconds, 0.05)),
    )
    with contextlib.closing(studio):
        text, _ = studio.submit("A quiet lake", duration_seconds=4)
        Image.new("RGB", (90, 160), "teal").save(tmp_path / "upright.png")
        picture, _ = studio.submit("A quiet lake", image=tmp_path / "upright.png", duration_seconds=4)
        refused, _ = studio.submit("A quiet lake", resolution="1080p", duration_seconds=4)
        with pytest.raises(errors.InvalidRequest, match="needs 8 seconds"):
            refused.wait(timeout=60)
        made = [job.wait(timeout=60).video for job in (text, picture)]
    assert [(clip.width, clip.height) for clip in made] == [(1280, 720), (720, 1280)]
