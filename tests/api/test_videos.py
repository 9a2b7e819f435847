"""The dialect of `/v1/videos`, against golden files written from OpenAI's reference and LiteLLM's pages, and over a wire."""

from __future__ import annotations

import io
import json
from typing import Any

import httpx2
import pytest
from PIL import Image

from tests.api.service import MP4, refusal
from tests.api.test_wire import cases, state
from veo_nb import catalog, errors
from veo_nb.api.client import AsyncClient
from veo_nb.api.dialects.videos import Videos
from veo_nb.request import VideoRequest, make_request

GATEWAY = catalog.PROVIDERS["gateway"]
KEY = "sk-gateway-0123456789"
BASE = "https://gateway.example.com"
NAME = "video_bGl0ZWxsbTpjdXN0b20="
SPOKEN = Videos(base=BASE)


def asked(**fields: Any) -> VideoRequest:
    return make_request(GATEWAY, **{"prompt": "A fox", "model": "house-fast", **fields})


def client_of(play: Any, base: str = BASE) -> AsyncClient:
    return AsyncClient(GATEWAY, KEY, base, transport=httpx2.MockTransport(play))


def png(width: int = 320, height: int = 180) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, "PNG")
    return out.getvalue()


@cases("video_bodies")
def test_a_request_becomes_exactly_this_body(case):
    call = SPOKEN.submit(make_request(GATEWAY, **case["fields"]))
    assert (call.method, call.url) == ("POST", f"{BASE}/v1/videos")
    assert call.body == case["body"]
    assert not call.attachments


@cases("video_answers")
def test_a_poll_tells_how_it_stands(case):
    body, at = json.dumps(case["answer"]).encode(), f"{BASE}/v1/videos/video_1"
    if case["state"] == "unreadable":
        with pytest.raises(errors.ServiceError, match=case["message"]):
            SPOKEN.read_operation(body, asked=at)
        return
    operation = SPOKEN.read_operation(body, asked=at)
    assert (operation.name, state(operation)) == ("video_1", case["state"])
    assert operation.progress == case.get("progress")
    assert [one.uri for one in operation.samples] == [f"{at}/content"] * (case["state"] == "succeeded")
    if operation.error is not None:
        assert operation.error.message == case["message"]
        assert operation.error.facts["operation"] == "video_1"


@pytest.mark.parametrize("base", [BASE, f"{BASE}/v1", f"{BASE}/team"])
def test_the_address_may_end_in_its_version_or_not(base):
    home = "https://gateway.example.com/team/v1/videos" if base.endswith("team") else f"{BASE}/v1/videos"
    spoken = Videos(base=base)
    assert spoken.submit(asked()).url == home
    # LiteLLM's ids are base64 with its padding.
    assert spoken.poll("house-fast", NAME).url == f"{home}/{NAME[:-1]}%3D"


@pytest.mark.parametrize("name", ["a/b", "..", "", "a b", "x" * 3000])
def test_a_name_that_can_stand_in_no_path_is_not_asked_for(name):
    with pytest.raises(errors.ServiceError):
        SPOKEN.poll("house-fast", name)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"id": "video_1", "status": "queued"}', "video_1"),
        (b'{"object": "video", "id": "video_1", "prom', "video_1"),
        (b'{"data": {"id": "video_1"}}', "video_1"),
        (b'{"id": ""}', ""),
        (b'{"error": {"message": "No."}}', ""),
        (b'{"id": "../x"}', ""),
        (b"<html>", ""),
    ],
)
def test_what_a_submit_is_answered_with_names_it_or_is_an_error(body, name):
    if name:
        assert SPOKEN.read_submitted(body).name == name
        return
    with pytest.raises(errors.ServiceError):
        SPOKEN.read_submitted(body)


async def test_a_picture_goes_as_a_file_in_a_form_with_the_key_as_a_bearers():
    seen: list[httpx2.Request] = []

    def play(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json={"id": NAME, "object": "video", "status": "queued"})

    async with client_of(play) as client:
        picture = png()
        assert (await client.submit(asked(image=picture, duration_seconds=4))).name == NAME
        await client.submit(asked())
    form, plain = seen
    assert form.headers["authorization"] == f"Bearer {KEY}"
    assert form.headers["content-type"].startswith("multipart/form-data; boundary=")
    fields = {
        part.partition(b'name="')[2].partition(b'"')[0].decode(): part.partition(b"\r\n\r\n")[2].strip(
            b"-\r\n"
        )
        for part in form.content.split(b"\r\n--" + form.headers["content-type"].partition("=")[2].encode())
    }
    assert {name: text for name, text in fields.items() if name and name != "input_reference"} == {
        "model": b"house-fast",
        "prompt": b"A fox",
        "size": b"1280x720",
        "seconds": b"4",
    }
    assert picture in form.content
    assert b'filename="first_frame.png"\r\nContent-Type: image/png' in form.content
    assert plain.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (
            401,
            {"message": "Incorrect API key provided.", "code": "invalid_api_key"},
            errors.AuthenticationError,
        ),
        # LiteLLM to a key that is not its master key, where it has no database.
        (400, {"message": "No connected db.", "type": "no_db_connection"}, errors.AuthenticationError),
        (404, {"message": "No such model.", "code": "model_not_found"}, errors.NotFound),
        (400, {"message": "/videos: Invalid model name passed in model=x."}, errors.NotFound),
        (
            400,
            {"message": "Invalid value: '1x1'.", "param": "size", "code": "invalid_value"},
            errors.InvalidRequest,
        ),
        (400, {"message": "Blocked.", "code": "moderation_blocked"}, errors.ContentBlocked),
        (
            400,
            {"message": "Hmmm something didn't look right.", "code": "sentinel_block"},
            errors.ContentBlocked,
        ),
        (429, {"message": "Slow down.", "code": "rate_limit_exceeded"}, errors.RateLimited),
    ],
)
async def test_its_refusals_are_told_apart(status, error, kind):
    async with client_of(lambda _: httpx2.Response(status, json={"error": error})) as client:
        caught = await refusal(client.submit(asked()))
    assert type(caught) is kind
    assert error["message"].rstrip(".") in caught.message
    if kind is errors.NotFound:
        assert "%veo doctor lists those" in caught.hint


async def test_what_it_quotes_of_whom_it_asked_is_read_and_not_shown_as_json():
    inner = {"error": {"code": 400, "message": "Content policy violation.", "status": "INVALID_ARGUMENT"}}
    said = f"litellm.BadRequestError: GeminiException BadRequestError - {json.dumps(inner)}\n\nLiteLLM: no fallback."
    answer = {"error": {"message": said, "type": "invalid_request_error", "code": "400"}}
    async with client_of(lambda _: httpx2.Response(400, json=answer)) as client:
        caught = await refusal(client.submit(asked()))
    assert (type(caught), caught.message) == (errors.ContentBlocked, "Content policy violation.")


@pytest.mark.parametrize(
    "answer",
    [httpx2.ReadTimeout("slow"), httpx2.ReadError("reset"), httpx2.Response(500), httpx2.Response(200)],
)
@pytest.mark.parametrize("fields", [{}, {"image": png()}], ids=["json", "form"])
async def test_a_submit_that_may_have_arrived_is_uncertain_and_sent_once(answer, fields):
    sent = []

    def play(request: httpx2.Request) -> Any:
        sent.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with client_of(play) as client:
        caught = await refusal(client.submit(asked(**fields)))
    assert isinstance(caught, errors.SubmissionUncertain)
    assert len(sent) == 1


async def test_the_key_stays_at_the_gateway_when_the_content_lies_elsewhere(tmp_path):
    seen = {}

    def play(request: httpx2.Request) -> httpx2.Response:
        seen[request.url.host] = dict(request.headers)
        if request.url.host == "gateway.example.com":
            return httpx2.Response(302, headers={"location": "https://store.example.org/clip.mp4?sig=1"})
        return httpx2.Response(200, content=MP4, headers={"content-type": "video/mp4"})

    async with client_of(play) as client:
        await client.download(f"{BASE}/v1/videos/{NAME}/content", tmp_path / "clip.mp4")
    assert (tmp_path / "clip.mp4").read_bytes() == MP4
    assert seen["gateway.example.com"]["authorization"] == f"Bearer {KEY}"
    assert KEY not in str(seen["store.example.org"])
    assert "authorization" not in seen["store.example.org"]


def test_without_an_address_it_says_where_to_put_one():
    with pytest.raises(errors.InvalidRequest, match="Nobody said where the gateway is") as caught:
        AsyncClient("gateway", KEY)
    assert "VEO_NB_BASE_URL" in caught.value.hint
