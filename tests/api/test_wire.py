"""The service's JSON, against golden files written from the provider's page and Google's reference."""

from __future__ import annotations

import base64
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from veo_nb import catalog, errors
from veo_nb.api import answers, body, wire
from veo_nb.api.dialects.dialect import Form, dialects_of
from veo_nb.api.retry import is_passing
from veo_nb.request import Source, make_request

GOLDEN = Path(__file__).parents[1] / "fixtures" / "wire"
NOW = 1795341600.0
"""Sun, 22 Nov 2026 10:00:00 GMT"""


def cases(name: str, only: Callable[[dict[str, Any]], bool] = lambda _: True) -> pytest.MarkDecorator:
    found = [case for case in json.loads((GOLDEN / f"{name}.json").read_text("utf-8")) if only(case)]
    return pytest.mark.parametrize("case", found, ids=[case["case"] for case in found])


def given_by(fields: dict[str, Any]) -> dict[str, Any]:
    """A golden file's fields as a person gives them; README.md beside it tells the forms."""

    def value(item: Any) -> Any:
        if isinstance(item, list):
            return [value(one) for one in item]
        if not isinstance(item, dict):
            return item
        if "base64" in item:
            return base64.b64decode(item["base64"])
        return Source(uri=item.get("uri", "file:///clip.mp4"), key="job:3f2a/0")

    return {name: value(item) for name, item in fields.items()}


def dialect(provider: str, model: str = "standard", **settings: Any) -> Form:
    """A provider's dialect for a model, at its own hosts, where it has some; Vertex AI with a project."""
    values = {
        "base": "" if catalog.PROVIDERS[provider].submit_base else "http://127.0.0.1:1",
        "has_key": False,
        "project": "my-project",
        "location": "us-central1",
        "storage_uri": "",
    }
    known = catalog.find_model(model, catalog.PROVIDERS[provider])
    assert known is not None
    spoken = catalog.PROVIDERS[provider].dialect_of(known)
    return dialects_of(catalog.PROVIDERS[provider], **{**values, **settings})[spoken]


# ---- submit


@cases("submit_bodies")
def test_a_request_becomes_exactly_this_body(case):
    provider = catalog.PROVIDERS[case["provider"]]
    request = make_request(provider, **given_by(case["fields"]))
    video = case["fields"].get("video")
    clip = base64.b64decode(video["clip"]) if isinstance(video, dict) and "clip" in video else b""
    call = dialect(case["provider"], request.model, storage_uri=case.get("storage_uri", "")).submit(
        request, clip
    )
    assert json.loads(msgspec.json.encode(call.body)) == case["body"]


def test_the_golden_bodies_set_every_field():
    found = json.loads((GOLDEN / "submit_bodies.json").read_text("utf-8"))
    taken = {item.name for item in catalog.FIELDS if not item.dialects or {*item.dialects} & {*catalog.VEO}}
    assert set().union(*(case["fields"] for case in found)) == taken


@pytest.mark.parametrize("scene", ["image", "last_frame", "reference_images", "video"])
@pytest.mark.parametrize("provider", ["gptproto", "gemini", "vertex"])
def test_the_golden_bodies_show_every_scene_to_every_provider(scene, provider):
    found = json.loads((GOLDEN / "submit_bodies.json").read_text("utf-8"))
    assert [case for case in found if case["provider"] == provider and scene in case["fields"]]


def test_a_prompt_arrives_letter_by_letter():
    prompt = "<script>\"'\\ \u0000\u2028 🦊 שועל\r\n" + "x" * 20_000
    request = make_request(catalog.PROVIDERS["gptproto"], prompt=prompt)
    body = msgspec.json.encode(wire.submit_body(request, catalog.PROVIDERS["gptproto"]))
    assert json.loads(body)["instances"][0]["prompt"] == prompt


@cases("submit_answers")
def test_an_accepted_request_has_a_name(case):
    body = json.dumps(case["answer"]).encode()
    if "refused" in case:
        with pytest.raises(errors.ServiceError) as caught:
            answers.parse_submitted(body)
        assert caught.value.message == case["refused"]
    else:
        operation = answers.parse_submitted(body)
        assert operation == wire.Operation(case.get("name") or case["answer"]["name"])
        assert wire.operation_id(operation.name) == case["id"]


# ---- poll


def state(operation: wire.Operation) -> str:
    if not operation.done:
        return "running"
    return "succeeded" if operation.error is None else operation.error.code


@cases("poll_answers")
def test_a_poll_tells_how_it_stands(case):
    body = json.dumps(case["answer"]).encode()
    if case["state"] == "unreadable":
        with pytest.raises(errors.ServiceError) as caught:
            answers.parse_operation(body)
        assert caught.value.message == case["message"]
        return
    operation = answers.parse_operation(body)
    assert state(operation) == case["state"]
    assert operation.name == (case["name"] if "name" in case else case["answer"].get("name", ""))
    assert [sample.uri for sample in operation.samples if sample.uri] == case.get("uris", [])
    inline = [sample.data for sample in operation.samples if sample.data is not None]
    assert inline == [base64.b64decode(data) for data in case.get("inline", [])]
    assert list(operation.filtered) == case.get("filtered", [])
    if operation.error is not None:
        assert operation.error.message == case["message"]
        assert operation.error.facts["operation"] == operation.name


@pytest.mark.parametrize("part", [b"[],", b"{},", b"1,"])
def test_an_answer_of_a_million_parts_is_not_unfolded(part):
    """Each part takes many times its bytes in memory; a video inside an answer is one part, however large."""
    body = b'{"name": "n", "done": false, "metadata": [' + part * 400_000 + b"0]}"
    tracemalloc.start()
    try:
        with pytest.raises(errors.ServiceError, match="documented shape"):
            answers.parse_operation(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000


def test_done_is_never_a_success_without_a_video():
    found = json.loads((GOLDEN / "poll_answers.json").read_text("utf-8"))
    ended = [case for case in found if case["state"] == "succeeded"]
    assert all(case.get("uris") or case.get("inline") for case in ended)


def test_a_clip_too_large_for_an_answer_needs_a_bucket():
    said = {"code": 3, "message": "Generated video is large, an output storage uri is required."}
    answer = {"name": "operations/a", "done": True, "error": said}
    operation = answers.parse_operation(json.dumps(answer).encode())
    assert str(operation.error) == (
        "Generated video is large, an output storage uri is required. "
        'Use veo.configure(storage_uri="gs://bucket/folder").'
    )


def test_a_filter_of_many_words_is_cut():
    reasons = [f"{number} {'x' * 900}" for number in range(40)]
    answer = {"name": "operations/a", "done": True, "response": {"raiMediaFilteredReasons": reasons}}
    operation = answers.parse_operation(json.dumps(answer).encode())
    assert operation.error is not None
    assert len(operation.error.message) == body.LONGEST_MESSAGE
    assert max(map(len, operation.filtered)) == body.LONGEST_MESSAGE


# ---- errors


@cases("errors")
def test_an_error_becomes_its_class_with_the_servers_words(case):
    error = answers.parse_error(case["status"], case.get("headers", {}), case["body"].encode(), NOW)
    assert (error.code, str(error)) == (case["error"], case["line"])
    assert (error.facts["status"], error.facts["provider_code"]) == (case["status"], case["provider_code"])
    assert error.facts.get("retry_after") == case.get("retry_after", error.facts.get("retry_after"))
    assert is_passing(error) == case.get("passing", False)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 502, 503])
def test_a_server_of_many_words_is_cut(status):
    for said in (json.dumps({"error": {"message": "x" * 60_000, "code": "y" * 60_000}}), "z" * 60_000):
        error = answers.parse_error(status, {}, said.encode(), NOW)
        assert len(str(error)) < body.LONGEST_MESSAGE + 200
        assert len(error.facts["provider_code"]) <= body.LONGEST_MESSAGE


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("  two\n\n lines\t", "two lines"),
        ("\x1b]0;title\x07\x1b[2Jhidden\x9b31m", "]0;title [2Jhidden 31m"),
        ("half \ud83e a character", "half a character"),
        ("🦊 שועל", "🦊 שועל"),
        ("x" * 500, "x" * 500),
        ("x" * 501, "x" * 499 + "…"),
        (None, ""),
        (5, ""),
        ({"a": 1}, ""),
    ],
)
def test_words_stand_on_one_line_without_control_characters(words, kept):
    assert body.words(words) == kept


# ---- anything at all

KEYS = st.sampled_from(
    [
        "name",
        "done",
        "error",
        "code",
        "message",
        "status",
        "type",
        "details",
        "response",
        "generateVideoResponse",
        "generatedSamples",
        "videos",
        "video",
        "uri",
        "gcsUri",
        "bytesBase64Encoded",
        "raiMediaFilteredCount",
        "raiMediaFilteredReasons",
        "metadata",
    ]
)
"""The names that are looked at, so that each of them holds whatever can be held."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)
DEEP = b"[" * 100_000
NUMBER = b'{"name":"operations/a","done":true,"error":{"code":' + b"9" * 6000 + b"}}"
ANSWERS = st.one_of(
    st.dictionaries(KEYS, JSON, max_size=6).map(lambda value: json.dumps(value).encode()),
    st.dictionaries(KEYS, JSON, max_size=6).map(
        lambda value: json.dumps({"name": "operations/a", "done": True, "response": value}).encode()
    ),
    st.binary(max_size=40),
)


@settings(deadline=None, max_examples=settings().max_examples)
@given(ANSWERS)
@example(DEEP)
@example(NUMBER)
@example(b'{"name":"\\ud83e","done":true,"error":{"message":"\\ud83e"}}')
@example(b"\xef\xbb\xbf{}")
def test_any_answer_gives_an_operation_or_one_of_our_errors(body):
    for parse in (answers.parse_submitted, answers.parse_operation):
        try:
            operation = parse(body)
        except errors.ServiceError:
            continue
        assert isinstance(operation.name, str)
        if operation.done:
            assert bool(operation.samples) == (operation.error is None)
        else:
            assert operation.samples == ()
            assert operation.error is None


@settings(deadline=None, max_examples=settings().max_examples)
@given(
    st.integers(300, 599),
    st.dictionaries(st.just("retry-after"), st.text(max_size=12)),
    ANSWERS | st.text(max_size=30).map(lambda text: f"<html><title>{text}".encode("utf-8", "replace")),
)
@example(503, {"retry-after": "9" * 5000}, DEEP)
@example(400, {}, NUMBER)
@example(500, {}, b"<title" * 10_000)
def test_any_error_gives_one_of_our_errors(status, headers, body):
    error = answers.parse_error(status, headers, body, NOW)
    assert isinstance(error, errors.VeoError)
    assert error.message
    assert error.facts["status"] == status
    wait = error.facts.get("retry_after")
    assert wait is None or 0 <= wait <= 60


@settings(deadline=None)
@given(st.text(max_size=30) | st.text(max_size=20).map("operations/{}".format))
def test_any_name_gives_an_id_that_names_no_other_place(name):
    try:
        found = wire.operation_id(name)
    except errors.ServiceError:
        return
    assert name.endswith(f"operations/{found}")
    assert "/" not in found
    assert found not in (".", "..")
    assert found.isascii()
    assert found.isprintable()
    assert " " not in found


@pytest.mark.parametrize("body", [b'{"error": {"message": "Over', b'\n[{"error": ', b"<html><p>No"])
def test_of_an_error_that_was_cut_off_no_remains_are_shown(body):
    assert str(answers.parse_error(500, {}, body, 0.0)) == "The provider answered 500."
