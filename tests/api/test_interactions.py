"""The dialect of Gemini Omni, against golden files written from Google's pages and what its users report, and over a socket."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx2
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.service import KEY, MP4, Loopback, answer, cut, raw, refusal, silence, video
from tests.api.test_wire import GOLDEN, cases, dialect, given_by, state
from veo_nb import catalog, errors
from veo_nb.api import client as module
from veo_nb.api.client import AsyncClient
from veo_nb.api.retry import is_passing
from veo_nb.api.wire import Operation
from veo_nb.request import make_request
from veo_nb.store.billing import may_be_charged
from veo_nb.store.rows import error_to_json

MODEL = "gemini-omni-1.2-flash"
GEMINI = catalog.PROVIDERS["gemini"]
REQUEST = make_request(GEMINI, prompt="A fox", model="omni")
NAME = "v1_abc"
GOOGLE = "https://generativelanguage.googleapis.com"
BEGUN: dict[str, Any] = {"id": NAME, "object": "interaction", "status": "in_progress"}
SPOKEN = dialect("gemini", "omni")


def omni(server: Loopback) -> AsyncClient:
    """A client of a scripted server that stands in for the Gemini API."""
    return AsyncClient("gemini", KEY, server.url)


@cases("interaction_bodies")
def test_a_request_becomes_exactly_this_body(case):
    provider = catalog.PROVIDERS[case["provider"]]
    request = make_request(provider, **given_by(case["fields"]))
    source = case["fields"].get("edit") or case["fields"].get("video") or {}
    clip = base64.b64decode(source.get("clip", ""))
    call = dialect(case["provider"], request.model, storage_uri=case.get("storage_uri", "")).submit(
        request, clip
    )
    assert json.loads(msgspec.json.encode(call.body)) == case["body"]


def test_the_golden_bodies_set_every_field_that_this_dialect_has():
    found = json.loads((GOLDEN / "interaction_bodies.json").read_text("utf-8"))
    model = catalog.MODELS[MODEL]
    assert set().union(*(case["fields"] for case in found)) == {
        item.name for item in catalog.FIELDS if GEMINI.takes(item, model)
    }


@cases("interaction_answers")
def test_a_poll_tells_how_it_stands(case):
    body = json.dumps(case["answer"]).encode()
    if case["state"] == "unreadable":
        with pytest.raises(errors.ServiceError, match=case["message"]):
            SPOKEN.read_operation(body)
        return
    operation = SPOKEN.read_operation(body)
    assert operation.name == NAME
    assert state(operation) == case["state"]
    assert [sample.uri for sample in operation.samples if sample.uri] == case.get("uris", [])
    inline = [sample.data for sample in operation.samples if sample.data is not None]
    assert inline == [base64.b64decode(data) for data in case.get("inline", [])]
    if operation.error is not None:
        assert operation.error.message == case["message"]
        assert operation.error.facts["operation"] == NAME


def test_too_many_at_once_cost_nothing_and_says_so():
    body = {"id": NAME, "status": "failed", "error": {"code": "too_many_requests", "message": "Slow down."}}
    failure = SPOKEN.read_operation(json.dumps(body).encode()).error
    assert failure is not None
    assert "Nothing is charged. Slow down." in failure.message
    # The bill goes by what is written down of it.
    assert not may_be_charged("failed", accepted=True, sent=True, error=error_to_json(failure))


@pytest.mark.parametrize("status", ["failed", "incomplete", "completed"])
def test_a_reason_beside_the_output_is_told(status):
    """Google's client knows one there, with a number for its code."""
    step = {"type": "model_output", "error": {"code": 3, "message": "No faces of children."}}
    failure = SPOKEN.read_operation(json.dumps({**BEGUN, "status": status, "steps": [step]}).encode()).error
    assert failure is not None
    assert "No faces of children." in failure.message


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"id": "v1_abc", "status": "in_progress"}', NAME),
        (b'{"status": "queued", "id": "v1_abc"}', NAME),
        (b'{"id": "v1_abc", "status": "in_pro', NAME),
        (b'{"id": "v1_a', ""),
        (b'{"id": ""}', ""),
        (b'{"id": "../x"}', ""),
        (b'{"error": {"code": "api_error", "message": "No."}}', ""),
        (b"<html>", ""),
    ],
)
def test_a_submit_names_its_interaction_even_where_the_answer_was_cut(body, name):
    if name:
        assert SPOKEN.read_submitted(body) == Operation(name)
    else:
        with pytest.raises(errors.ServiceError):
            SPOKEN.read_submitted(body)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a b", "ä", "x" * 501])
def test_a_name_that_can_not_be_asked_for_is_not(name):
    with pytest.raises(errors.ServiceError, match="can't be asked for"):
        SPOKEN.poll(MODEL, name)


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_a_clip_in_one_that_goes_on_is_not_its_own(status):
    """An edit may show the clip that it goes back to while it is made: taken for the result, the result would be lost."""
    content = {"type": "video", "uri": "https://h/v1beta/files/old"}
    answer = {**BEGUN, "status": status, "steps": [{"type": "model_output", "content": [content]}]}
    found = SPOKEN.read_operation(json.dumps(answer).encode())
    assert (found.done, found.samples) == (False, ())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)
CONTENT = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["video", "text", "image"]) | JSON,
        "uri": JSON,
        "data": JSON,
        "text": JSON,
    },
)
STEP = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["model_output", "thought"]) | JSON,
        "content": st.lists(CONTENT) | JSON,
    },
)
FAILURE = st.fixed_dictionaries({}, optional={"code": st.sampled_from(["safety", 3]) | JSON, "message": JSON})
STATUSES = [
    *("queued", "in_progress", "completed", "failed", "cancelled", "incomplete", "budget_exceeded"),
    *("requires_action", "requires_continuation", "idle", "of tomorrow"),
]
ANSWERS = JSON | st.fixed_dictionaries(
    {"id": st.just(NAME) | JSON, "status": st.sampled_from(STATUSES) | JSON},
    optional={
        "steps": st.lists(STEP, max_size=3) | JSON,
        "error": FAILURE | JSON,
        "errors": st.lists(FAILURE, max_size=2) | JSON,
        "usage": JSON,
    },
)


@settings(deadline=None)
@given(ANSWERS)
def test_any_json_is_an_operation_or_one_of_our_errors(body):
    sent = json.dumps(body).encode()
    for read in (SPOKEN.read_submitted, SPOKEN.read_operation):
        try:
            operation = read(sent)
        except errors.VeoError:
            continue
        # It is never a success without a video, nor over while its words are not known.
        assert not operation.done or bool(operation.samples) != (operation.error is not None)
        assert isinstance(operation.name, str)
        if operation.done:
            assert body["status"] in STATUSES or operation.samples


# ---- over a socket


@pytest.mark.parametrize(
    "step",
    [
        cut(),
        raw(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"),
        answer(200, b"<html>"),
        answer(200, {"status": "in_progress"}),
        # Google's own client sends these again, up to five times.
        answer(408),
        answer(500, {"error": {"code": "api_error", "message": "Internal error"}}),
        answer(504, {"error": {"code": "deadline_exceeded", "message": "Too late"}}),
    ],
)
async def test_what_may_have_arrived_is_uncertain_and_never_sent_again(step):
    async with Loopback(step) as server, omni(server) as client:
        error = await refusal(client.submit(REQUEST))
    assert type(error) is errors.SubmissionUncertain
    assert not is_passing(error)
    assert [call.method for call in server.calls] == ["POST"]


async def test_an_answer_that_never_comes_is_uncertain(monkeypatch):
    monkeypatch.setattr(module, "SUBMIT_SECONDS", 0.2)
    async with Loopback(silence()) as server, omni(server) as client:
        error = await refusal(client.submit(REQUEST))
    assert type(error) is errors.SubmissionUncertain
    assert len(server.calls) == 1


async def test_the_name_in_an_answer_that_breaks_off_is_taken():
    step = raw(b'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"id": "v1_abc", "status": "in_pro')
    async with Loopback(step) as server, omni(server) as client:
        assert await client.submit(REQUEST) == Operation(NAME)
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_request", errors.InvalidRequest),
        (400, "parameter_unknown", errors.InvalidRequest),
        (401, "authentication", errors.AuthenticationError),
        (403, "permission_denied", errors.PermissionDenied),
        (404, "model_not_found", errors.NotFound),
        (429, "rate_limit_exceeded", errors.RateLimited),
        (503, "service_unavailable", errors.ServiceError),
        (429, "too_many_requests", errors.RateLimited),
        *(
            (400, code, errors.ContentBlocked)
            for code in ("safety", "prohibited_content", "blocklist", "spii", "content_blocked")
        ),
    ],
)
@pytest.mark.parametrize("listed", [False, True], ids=["one error", "the front end's list"])
async def test_a_refusal_is_told_apart_and_not_repeated(status, code, kind, listed):
    said: Any = {"error": {"code": code, "message": "Not this."}}
    body = json.dumps([said] if listed else said).encode()
    async with Loopback(answer(status, body)) as server, omni(server) as client:
        error = await refusal(client.submit(REQUEST))
    assert type(error) is kind, error
    assert len(server.calls) == 1


async def test_a_file_is_fetched_as_bytes_and_not_as_what_is_known_of_it(tmp_path):
    async with Loopback(video()) as server, omni(server) as client:
        await client.download(f"{GOOGLE}/v1beta/files/abc", tmp_path / "a.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == MP4
    assert [call.target for call in server.calls] == ["/v1beta/files/abc:download?alt=media"]


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("/v1beta/files/abc", "/v1beta/files/abc:download?alt=media"),
        ("/v1beta/files/abc:download", "/v1beta/files/abc:download?alt=media"),
        ("/v1beta/files/abc:download?alt=media", "/v1beta/files/abc:download?alt=media"),
        ("/v1beta/other/abc", "/v1beta/other/abc"),
    ],
)
def test_where_a_video_is_fetched(uri, address):
    assert SPOKEN.address(GOOGLE + uri) == GOOGLE + address


async def test_the_key_goes_to_googles_own_host_and_not_where_that_points(tmp_path):
    seen = []

    def play(request: httpx2.Request) -> httpx2.Response:
        seen.append((request.method, request.url.host, request.headers.get("x-goog-api-key")))
        if request.url.host == "storage.googleapis.com":
            return httpx2.Response(200, headers={"content-type": "video/mp4"}, content=MP4)
        if ":download" in request.url.path:
            return httpx2.Response(302, headers={"location": "https://storage.googleapis.com/there/a.mp4"})
        return httpx2.Response(200, json=BEGUN)

    async with AsyncClient("gemini", KEY, transport=httpx2.MockTransport(play)) as client:
        name = (await client.submit(REQUEST)).name
        assert not (await client.poll(MODEL, name)).done
        await client.download(f"{GOOGLE}/v1beta/files/abc", tmp_path / "a.mp4")
    own = "generativelanguage.googleapis.com"
    assert seen == [
        ("POST", own, KEY),
        ("GET", own, KEY),
        ("GET", own, KEY),
        ("GET", "storage.googleapis.com", None),
    ]


async def test_a_key_that_the_model_repeats_is_masked():
    said = {"type": "text", "text": f"Your key is {KEY}."}
    body = {"id": NAME, "status": "completed", "steps": [{"type": "model_output", "content": [said]}]}
    async with Loopback(answer(200, body)) as server, omni(server) as client:
        operation = await client.poll(MODEL, NAME)
    assert operation.error is not None
    assert KEY not in str(operation.error)
    assert KEY not in str(operation.filtered)
