"""What the reader forgives and what it does not: any JSON at all, names and videos in any wrapper, keys in any encoding."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.api.service import KEY, MODEL, NAME, REQUEST, Loopback, answer, local, refusal
from veo_nb import errors
from veo_nb.api import answers, body
from veo_nb.api.retry import is_passing
from veo_nb.credentials.keys import Secret

ASKED = "https://api.example.com/v1beta/models/m/operations/op1"
WORDS = st.sampled_from(
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
        "generated_samples",
        "videos",
        "video",
        "uri",
        "url",
        "gcsUri",
        "bytesBase64Encoded",
        "encodedVideo",
        "data",
        "result",
        "operation",
        "errors",
        "detail",
        "loc",
        "msg",
        "retryDelay",
        "seconds",
        "reason",
        "raiMediaFilteredCount",
        "raiMediaFilteredReasons",
        "metadata",
        "samples",
        "predictions",
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=9)
    | st.sampled_from(
        ["true", "0", NAME, "data:,x", "files/a", "https://x.example/v", "{}", '{"error": {"message": "x"}}']
    )
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=6),
    max_leaves=25,
)


@settings(deadline=None, max_examples=settings().max_examples, suppress_health_check=[HealthCheck.too_slow])
@given(JSON)
def test_any_json_gives_an_answer_or_one_of_our_errors(said):
    content = json.dumps(said).encode()
    for parse in (answers.parse_submitted, lambda given: answers.parse_operation(given, asked=ASKED)):
        try:
            operation = parse(content)
        except errors.ServiceError:
            continue
        assert operation.done == bool(operation.samples or operation.error)
        assert all(sample.uri or sample.data for sample in operation.samples)
    for status in (400, 401, 402, 403, 404, 429, 500, 503):
        assert answers.parse_error(status, {}, content, 0.0).message


@settings(deadline=None, max_examples=settings().max_examples, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(WORDS.filter(lambda word: word not in ("error", "message", "name")), JSON, max_size=4),
    st.data(),
)
def test_a_name_that_was_given_is_never_lost(beside, data):
    def wrapped(inner: Any) -> Any:
        return {**beside, data.draw(st.sampled_from(["operation", "data", "result", "task"])): inner}

    key = data.draw(st.sampled_from(["name", "operationName", "operation_name", "id", "operation"]))
    said = {**beside, key: NAME}
    for _ in range(data.draw(st.integers(0, 2))):
        said = wrapped(said)
    # Where several stand there the first is as good as another.
    assert answers.parse_submitted(json.dumps(said).encode()).name == NAME


@pytest.mark.parametrize("given_name", ["abc123", "models/veo/jobs/7", "operations/" + "x" * 900])
def test_a_name_that_can_not_be_asked_for_is_kept_in_the_error(given_name):
    with pytest.raises(errors.ServiceError) as caught:
        answers.parse_submitted(json.dumps({"name": given_name}).encode())
    assert caught.value.facts["operation"] == given_name


FORMS = [
    {"uri": "{uri}"},
    {"url": "{uri}"},
    {"gcs_uri": "{uri}"},
    {"video": "{uri}"},
    {"video": {"uri": "{uri}"}},
    {"video": {"encodedVideo": "{data}"}},
    {"bytesBase64Encoded": "{data}"},
    {"bytes_base64_encoded": "{data}"},
    {"inlineData": {"mimeType": "video/mp4", "data": "{data}"}},
    {"uri": "data:video/mp4;base64,{data}"},
]


@settings(deadline=None, max_examples=settings().max_examples, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(FORMS),
    st.binary(min_size=1200, max_size=1300),
    st.sampled_from(["generatedSamples", "generated_videos", "videos", "predictions", "outputs", "clips"]),
    st.sampled_from([True, "true", 1]),
    st.sampled_from([None, {"code": 0}, {"code": 13, "message": "Half of it failed."}]),
    st.booleans(),
    st.randoms(),
)
def test_a_video_that_arrived_is_never_lost_for_its_form(form, clip, place, done, failure, deep, random):
    data = base64.b64encode(clip).decode()
    if random.random() < 0.5:
        data = data.translate(str.maketrans("+/", "-_")).rstrip("=")
    if random.random() < 0.5:
        data = "\r\n".join(data[at : at + 76] for at in range(0, len(data), 76))
    uri = random.choice(
        ["https://x.example/v.mp4", "/v1beta/files/a:download", "files/a:download", "gs://b/v.mp4"]
    )
    filled = json.loads(
        json.dumps(form).replace("{data}", data.replace("\r\n", "\\r\\n")).replace("{uri}", uri)
    )
    response: Any = {place: [filled]}
    if deep:
        response = {"generateVideoResponse": response}
    said = {"name": NAME, "done": done, "response": response, "error": failure}
    operation = answers.parse_operation(json.dumps(said).encode(), asked=ASKED)
    if failure and failure["code"] and place in ("outputs", "clips"):
        # Where no video is documented none is looked for in spite of an error.
        assert isinstance(operation.error, errors.OperationFailed)
        return
    assert operation.error is None
    (sample,) = operation.samples
    assert sample.data == clip or sample.uri.startswith(("https://", "gs://"))


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("/v1beta/files/a:download?alt=media", "https://api.example.com/v1beta/files/a:download?alt=media"),
        ("//cdn.example.com/a.mp4", "https://cdn.example.com/a.mp4"),
        ("files/a:download?alt=media", "https://api.example.com/v1beta/files/a:download?alt=media"),
        ("v1beta/files/a:download", "https://api.example.com/v1beta/files/a:download"),
        ("v1/files/a", "https://api.example.com/v1/files/a"),
        ("cdn.example.com/a.mp4", "https://cdn.example.com/a.mp4"),
        ("HTTPS://cdn.example.com/a.mp4", "HTTPS://cdn.example.com/a.mp4"),
        ("gs://bucket/a.mp4", "gs://bucket/a.mp4"),
    ],
)
def test_a_relative_address_is_one_of_the_server_that_named_it(uri, address):
    said = {"name": NAME, "done": True, "response": {"videos": [{"uri": uri}]}}
    operation = answers.parse_operation(json.dumps(said).encode(), asked=ASKED)
    assert [sample.uri for sample in operation.samples] == [address]


def test_of_an_answer_that_broke_off_the_name_is_kept():
    whole = json.dumps({"name": NAME, "metadata": {"createTime": "2026-11-22"}}).encode()
    name_ends = whole.index(b'",') + 1
    for cut in range(len(whole)):
        found = answers.find_name(whole[:cut])
        assert (None if found is None else found.name) == (NAME if cut >= name_ends else None)


async def test_a_submit_whose_answer_breaks_after_the_name_is_accepted():
    said = json.dumps({"name": NAME, "metadata": {}}).encode()[:-3]
    async with Loopback(answer(200, said, content_length="999")) as server, local(server) as client:
        assert (await client.submit(REQUEST)).name == NAME


def test_json_that_is_not_quite_is_read():
    for said in (b'\xef\xbb\xbf{"name": "%s"}', b'{"name": "%s", "x": "\xff"}', b'data: {"name": "%s"}\n\n',
                 b')]}\'\n{"name": "%s"}', b'{"name": "%s", "x": "a\nb"}', b'{"name": "%s", "x": NaN} trailing'):  # fmt: skip
        assert answers.parse_submitted(said % NAME.encode()).name == NAME
    assert answers.parse_submitted(json.dumps({"name": NAME}).encode("utf-16")).name == NAME


# ---- what was accepted is waited for


@pytest.mark.parametrize("call", ["poll", "download"])
async def test_a_quota_that_is_used_up_costs_no_clip_that_was_accepted(call, tmp_path):
    said = {"error": {"code": 429, "message": "Daily quota reached."}}
    async with Loopback(answer(429, said)) as server, local(server) as client:
        asked = (
            client.poll(MODEL, NAME) if call == "poll" else client.download(f"{server.url}/v", tmp_path / "a")
        )
        error = await refusal(asked)
    assert (type(error), str(error)) == (
        errors.RateLimited,
        "The provider asks to wait: Daily quota reached.",
    )
    assert is_passing(error)


async def test_a_key_that_was_refused_is_known_by_where_it_came_from():
    said = {"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}}
    async with Loopback(answer(400, said)) as server, local(server) as client:
        for ask in (lambda: client.submit(REQUEST), lambda: client.poll(MODEL, NAME)):
            error = await refusal(ask())
            assert (type(error), error.facts["source"]) == (errors.AuthenticationError, "api_key=")


# ---- the key

TOLD = "sk-A/b+c=d&e_0123-WXYZ"
WAYS: dict[str, Callable[[str], str]] = {
    "as it is": lambda key: key,
    "in an address": lambda key: quote(key, safe=""),
    "in an address, twice": lambda key: quote(quote(key, safe=""), safe=""),
    "each letter percent-encoded": lambda key: "".join(f"%{ord(one):02x}" for one in key),
    "in HTML": html.escape,
    "in HTML, by numbers": lambda key: "".join(f"&#{ord(one)};" for one in key),
    "in HTML, by hex numbers": lambda key: "".join(f"&#x{ord(one):X};" for one in key),
    "escaped as in JSON": lambda key: "".join(f"\\u{ord(one):04x}" for one in key),
    "as Gson does it": lambda key: key.replace("=", "\\u003d").replace("-", "\\u002D").replace("&", "\\u0026"),
    "in JSON in JSON": lambda key: json.dumps(json.dumps("".join(f"\\u{ord(one):04x}" for one in key))),
    "in hex": lambda key: key.encode().hex(),
    "in capitals": str.upper,
    "in base64": lambda key: base64.b64encode(f"{key}!".encode()).decode(),
    "in base64 after a letter": lambda key: base64.b64encode(f"x{key}!".encode()).decode(),
    "in base64 after two": lambda key: base64.b64encode(f"xy{key}!".encode()).decode(),
    "in base64 for addresses": lambda key: base64.urlsafe_b64encode(key.encode()).decode(),
    "in base64 of an authorization": lambda key: base64.b64encode(f"Bearer {key}".encode()).decode(),
}  # fmt: skip


def traces(shown: str, key: str) -> list[str]:
    """In which of the ways the middle of a key, which is enough to use it, stands in a text."""
    return [way for way, write in WAYS.items() if write(key)[6:-6] in shown]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("form", ["as text", "escaped"])
@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_no_key_is_shown_in_any_encoding(way, form, status):
    text = json.dumps(WAYS[way](TOLD))[1:-1]
    if form == "escaped":
        text = "".join(f"\\u{ord(one):04x}" for one in WAYS[way](TOLD))
    said = f'{{"error": {{"message": "The key {text} is bad.", "code": "{text}"}}, "name": "n {text}"}}'
    mask = Secret(TOLD).masked
    if status == 200:
        with pytest.raises(errors.ServiceError) as caught:
            answers.parse_submitted(said.encode(), mask)
        error: errors.VeoError = caught.value
    else:
        error = answers.parse_error(status, {}, said.encode(), 0.0, mask)
    shown = f"{error} {error.facts}"
    assert "[key]" in shown
    assert traces(shown, TOLD) == []


@given(
    # Quotes around a key are none of its own.
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=60).filter(
        lambda key: key == key.strip("\"'`")
    ),
    st.sampled_from([*WAYS]),
)
def test_any_key_is_known_in_any_encoding(key, way):
    key = Secret(key).reveal()
    assume(len(key) >= 8 and way != "in capitals" and key.upper() != key.lower())
    assert "[key]" in Secret(key).masked(f"a {WAYS[way](key)} b")


def test_a_video_is_not_searched_for_the_key_and_stays_as_it_is():
    clip = bytes(range(256)) * 3000
    said = {
        "name": NAME,
        "done": True,
        "response": {"videos": [{"bytesBase64Encoded": base64.b64encode(clip).decode()}]},
    }
    operation = answers.parse_operation(json.dumps(said).encode(), Secret(KEY).masked)
    assert operation.samples[0].data == clip


def test_a_key_behind_many_words_is_not_shown():
    said = json.dumps({"error": {"message": " " * (body.LONGEST_TEXT - 5) + KEY}})
    assert KEY[:8] not in str(answers.parse_error(400, {}, said.encode(), 0.0, Secret(KEY).masked))
