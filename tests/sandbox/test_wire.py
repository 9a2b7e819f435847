"""What the server accepts and refuses, over a real socket, in the words of the wire."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

SUBMIT = "/v1beta/models/veo-3.1-generate-preview:predictLongRunning"
FIXTURES = Path(__file__).parents[1] / "fixtures" / "wire"
# Quick to serve: nothing is rendered for it.
PROMPT = "A fox. sandbox:filter"


def refusal(answer, code=400, status="INVALID_ARGUMENT"):
    """The message of a refusal in Gemini's shape."""
    assert answer.status_code == code, answer.text
    error = answer.json()["error"]
    assert (error["code"], error["status"]) == (code, status)
    return error["message"]


# The key and the host.


@pytest.mark.parametrize("path", [SUBMIT, "/v1beta/operations/x", "/v1beta/files/x:download", "/elsewhere"])
@pytest.mark.parametrize("key", [None, "", "sk-wrong", "sk-tes", "sk-test2"])
def test_without_the_key_nothing_is_served(sandbox, path, key):
    headers = {} if key is None else {"x-goog-api-key": key}
    method = "POST" if path == SUBMIT else "GET"
    answer = httpx2.request(method, sandbox.url + path, headers=headers, trust_env=False)
    assert answer.status_code == 401
    assert answer.json() == {"error": {"message": "Invalid signature", "type": "401"}}


@pytest.mark.parametrize(
    "host", ["example.com", "localhost.example.com", "127.0.0.1.nip.io:80", "192.168.1.1"]
)
def test_a_page_that_calls_it_by_another_name_is_turned_away(sandbox, host):
    answer = sandbox.http.get("/v1beta/operations/x", headers={"host": host})
    assert "this machine only" in refusal(answer, 403, "PERMISSION_DENIED")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1234", "[::1]:80", "[::1]"])
def test_this_machine_may_be_called_by_each_of_its_names(sandbox, host):
    assert sandbox.http.get("/v1beta/operations/x", headers={"host": host}).status_code == 404


# Submits.


def test_a_submit_is_answered_with_a_name_that_can_be_polled(sandbox):
    name = sandbox.start({"prompt": PROMPT})
    assert re.fullmatch(r"models/veo-3\.1-generate-preview/operations/[a-z0-9]+", name)
    assert sandbox.wait(name)["name"] == name
    short = name.partition("/operations/")[2]
    # The forms of older pages, and a gateway's path with the name of one of them.
    model = "veo-3.1-generate-preview"
    for path in (short, f"{model}-{short}"):
        assert sandbox.http.get(f"/v1beta/operations/{path}").json()["name"] == name
        assert sandbox.http.get(f"/v1beta/models/{model}/operations/{path}").json()["name"] == name
    refusal(sandbox.http.get(f"/v1beta/operations/veo-3.1-lite-generate-preview-{short}"), 404, "NOT_FOUND")


@pytest.mark.parametrize("duration", ["4", "6", "8", 4, 6, 8])
def test_a_duration_may_be_text_or_number(sandbox, duration):
    assert sandbox.ask({"prompt": PROMPT}, {"durationSeconds": duration}).status_code == 200


def test_every_documented_field_is_taken(sandbox, photo, blob):
    parameters = {
        "aspectRatio": "16:9",
        "resolution": "720p",
        "durationSeconds": 8,
        "personGeneration": "allow_adult",
        "enhancePrompt": True,
        "negativePrompt": "rain",
        "seed": 4294967295,
        "sampleCount": 4,
    }
    image = blob(photo())
    assert sandbox.ask({"prompt": PROMPT, "image": image, "lastFrame": image}, parameters).status_code == 200
    for kind in ("asset", "ASSET"):
        references = [{"image": image, "referenceType": kind}] * 3
        assert sandbox.ask({"prompt": PROMPT, "referenceImages": references}, parameters).status_code == 200


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_pictures_of_each_kind_are_taken(sandbox, photo, blob, kind):
    assert sandbox.ask({"prompt": PROMPT, "image": blob(photo(), kind)}).status_code == 200


@pytest.mark.parametrize(
    ("instance", "parameters", "said"),
    [
        ({"prompt": ""}, {}, "The prompt is empty"),
        ({"prompt": None}, {}, r"instances\[0\].prompt"),
        ({"imgae": {}}, {}, "unknown field `imgae`"),
        ({}, {"duration_seconds": 4}, "unknown field `duration_seconds`"),
        ({}, {"durationSeconds": 5}, "durationSeconds can't be 5"),
        ({}, {"durationSeconds": "eight"}, "durationSeconds can't be 'eight'"),
        ({}, {"durationSeconds": 4.5}, r"parameters.durationSeconds"),
        ({}, {"durationSeconds": None}, r"parameters.durationSeconds"),
        ({}, {"aspectRatio": "4:3"}, "aspectRatio can't be '4:3'"),
        ({}, {"resolution": "8k"}, "resolution can't be '8k'"),
        ({}, {"resolution": "1080p", "durationSeconds": "4"}, "Use durationSeconds=8"),
        ({}, {"resolution": "4k", "durationSeconds": 6}, "4k needs an 8 second clip"),
        ({}, {"personGeneration": "allow_none"}, "personGeneration can't be"),
        ({}, {"seed": -1}, "seed can't be -1"),
        ({}, {"seed": 2**32}, "seed can't be 4294967296"),
        ({}, {"seed": "7"}, "parameters.seed"),
        ({}, {"sampleCount": 5}, "sampleCount can't be 5"),
        ({}, {"sampleCount": 0}, "sampleCount can't be 0"),
        ({}, {"enhancePrompt": "yes"}, "parameters.enhancePrompt"),
        ({}, {"compressionQuality": "lossless"}, "unknown field `compressionQuality`"),
        ({"video": {}}, {}, "either uri or bytesBase64Encoded"),
        ({"video": {"uri": "https://example.com/cat.mp4"}}, {}, "does not name a video of this server"),
        ({"video": {"uri": "file:///etc/passwd"}}, {}, "does not name a video of this server"),
        ({"video": {"uri": "/v1beta/files/..%2f..%2fkey:download"}}, {}, "does not name a video"),
        ({"video": {"uri": "https://h/v1beta/files/0000:download"}}, {}, "not here any more"),
        ({"video": {"uri": "http://[broken/files/a"}}, {}, "does not name a video"),
        ({"video": {"bytesBase64Encoded": "AAAA"}}, {}, "no MP4"),
        ({"image": {"mimeType": "image/png", "bytesBase64Encoded": "AAAA"}}, {}, "can't be read as an image"),
        ({"image": {"mimeType": "image/png", "bytesBase64Encoded": "%%"}}, {}, "base64"),
        ({"image": {"mimeType": "image/gif", "bytesBase64Encoded": "AAAA"}}, {}, r"image.mimeType can't be"),
        ({"image": {"gcsUri": "gs://b/o"}}, {}, "gcsUri"),
    ],
)
def test_what_is_wrong_is_refused_by_its_name_on_the_wire(sandbox, instance, parameters, said):
    assert re.search(said, refusal(sandbox.ask(instance, parameters)))


def test_pictures_that_do_not_go_together_are_refused(sandbox, photo, blob):
    image = blob(photo())
    reference = {"image": image, "referenceType": "asset"}
    assert "last frame needs a first" in refusal(sandbox.ask({"lastFrame": image}))
    assert "Reference images" in refusal(sandbox.ask({"image": image, "referenceImages": [reference]}))
    assert "at most 3" in refusal(sandbox.ask({"referenceImages": [reference] * 4}))
    assert "8 seconds only" in refusal(sandbox.ask({"referenceImages": [reference]}, {"durationSeconds": 4}))
    style = {"image": image, "referenceType": "style"}
    assert "referenceType" in refusal(sandbox.ask({"referenceImages": [style]}))


def test_a_picture_is_told_by_its_bytes(sandbox, photo, blob):
    image = {**blob(photo(), "JPEG"), "mimeType": "image/png"}
    assert "bytes are JPEG" in refusal(sandbox.ask({"image": image}))


@pytest.mark.parametrize("left", [0.3, 0.7, 0.95])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_half_a_picture_is_refused(sandbox, photo, blob, kind, left):
    image = blob(photo(400, 300), kind)
    whole = base64.b64decode(image["bytesBase64Encoded"])
    image["bytesBase64Encoded"] = base64.b64encode(whole[: int(len(whole) * left)]).decode()
    assert "can't be read as an image" in refusal(sandbox.ask({"image": image}))


def test_a_picture_of_absurd_size_is_refused_unread(sandbox, blob):
    assert "too large" in refusal(sandbox.ask({"image": blob(Image.new("1", (12_000, 12_000)))}))


def test_a_broken_body_leaves_no_file_behind(sandbox, photo, blob):
    before = sorted((sandbox.data / "inputs").iterdir())
    broken = {**blob(photo(), "JPEG"), "mimeType": "image/png"}
    refusal(sandbox.ask({"image": blob(photo()), "lastFrame": broken}))
    assert sorted((sandbox.data / "inputs").iterdir()) == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"NaN",
        b"{}",
        b'{"instances": []}',
        b'{"instances": [{"prompt": "a"}, {"prompt": "b"}]}',
        b'{"instances": [{"prompt": "\\ud800"}]}',
        b'{"instances": [{"prompt": "a", "\\ud800": 1}]}',
        b'{"instances": [{"prompt": "\xff"}]}',
        b'{"instances": [{"prompt": "a"}], "parameters": {"seed": 1e400}}',
        b'{"instances": [{"prompt": "a"}], "parameters": {"seed": ' + b"9" * 5000 + b"}}",
        b'{"instances": [{"prompt": "a"}], "parameters": {"aspectRatio": "\\ud800"}}',
        b"[" * 200_000,
        b'{"a":' * 100_000,
    ],
)
def test_bodies_that_are_no_request_are_refused(sandbox, body):
    refusal(sandbox.http.post(SUBMIT, content=body))


def test_a_prompt_with_a_null_and_every_script_is_taken_as_it_is(sandbox):
    prompt = "\0<script>'\"; \u202e 你好 🦊 " + "x" * 20_000 + " sandbox:filter"
    sandbox.wait(sandbox.start({"prompt": prompt}))
    assert sandbox.log()[-2]["body"]["instances"][0]["prompt"] == prompt


def test_a_body_that_is_too_large_is_refused_without_taking_the_memory(sandbox):
    answer = sandbox.http.post(SUBMIT, content=(b"x" * 2**20 for _ in range(70)))
    assert "too large" in refusal(answer, 413)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
ANY = JSON | st.sampled_from(["", "8", "16:9", "image/png", "AAAA", "asset", 4, 8, True])
IMAGE = st.fixed_dictionaries({}, optional={"mimeType": ANY, "bytesBase64Encoded": ANY, "x": ANY})
REFERENCE = st.fixed_dictionaries({}, optional={"image": ANY | IMAGE, "referenceType": ANY})
BODY = st.fixed_dictionaries(
    {},
    optional={
        "instances": ANY
        | st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "prompt": ANY.filter(lambda value: not isinstance(value, str)) | st.just(PROMPT),
                    "image": ANY | IMAGE,
                    "lastFrame": ANY | IMAGE,
                    "referenceImages": ANY | st.lists(REFERENCE, max_size=4),
                    "video": ANY
                    | st.fixed_dictionaries({}, optional={"uri": ANY, "bytesBase64Encoded": ANY}),
                },
            ),
            max_size=2,
        ),
        "parameters": ANY
        | st.fixed_dictionaries(
            {},
            optional=dict.fromkeys(
                ("aspectRatio", "resolution", "durationSeconds", "seed", "sampleCount", "negativePrompt"), ANY
            ),
        ),
    },
)


@settings(
    max_examples=3 * settings().max_examples,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(body=BODY | JSON)
def test_no_body_breaks_the_server(sandbox, body):
    answer = sandbox.http.post(SUBMIT, content=json.dumps(body).encode())
    assert answer.status_code in (200, 400)
    assert ("name" in answer.json()) == (answer.status_code == 200)


def test_every_body_that_the_fixtures_hold_for_the_wire_is_understood(sandbox):
    for case in json.loads((FIXTURES / "submit_bodies.json").read_text("utf-8")):
        if case["provider"] == "vertex":
            continue  # the other dialect, under another path
        instance = {**case["body"]["instances"][0], "prompt": PROMPT}
        answer = sandbox.ask(instance, case["body"].get("parameters"))
        if "video" in instance:
            assert "video.uri" in refusal(answer), case["case"]
        else:
            assert answer.status_code == 200, (case["case"], answer.text)


# Words in the prompt, and what is not there.


def test_a_prompt_can_ask_to_be_blocked(sandbox):
    assert "policy" in refusal(sandbox.ask({"prompt": "A fox. sandbox:block"}))


def test_a_prompt_can_ask_to_be_filtered(sandbox):
    name = sandbox.start({"prompt": "A fox. sandbox:filter"}, {"sampleCount": 2})
    answer = sandbox.wait(name)["response"]["generateVideoResponse"]
    assert answer["raiMediaFilteredCount"] == 2
    assert "not charged" in answer["raiMediaFilteredReasons"][0]
    assert "generatedSamples" not in answer


def test_a_prompt_can_ask_for_one_of_several_to_be_filtered(sandbox):
    prompt = "A fox. sandbox:filter-one"
    answer = sandbox.wait(sandbox.start({"prompt": prompt}, {"sampleCount": 2, "durationSeconds": 4}))
    told = answer["response"]["generateVideoResponse"]
    assert told["raiMediaFilteredCount"] == len(told["raiMediaFilteredReasons"]) == 1
    [sample] = told["generatedSamples"]
    assert sandbox.http.get(sample["video"]["uri"]).status_code == 200
    alone = sandbox.wait(sandbox.start({"prompt": prompt}))["response"]["generateVideoResponse"]
    assert alone["raiMediaFilteredCount"] == 1
    assert "generatedSamples" not in alone


def test_a_prompt_can_ask_to_fail(sandbox):
    error = sandbox.wait(sandbox.start({"prompt": "A fox. sandbox:fail"}))["error"]
    assert error == {"code": 13, "message": "The sandbox was asked to fail (sandbox:fail)."}


def test_what_is_not_there_is_not_found(sandbox):
    http = sandbox.http
    refusal(http.get("/v1beta/operations/none"), 404, "NOT_FOUND")
    refusal(http.get("/v1beta/files/none:download"), 404, "NOT_FOUND")
    refusal(http.get("/v1beta/nothing"), 404, "NOT_FOUND")
    refusal(http.get(SUBMIT), 405, "UNIMPLEMENTED")
    for model in ("veo-9", "fast", "veo-3.1"):
        path = SUBMIT.replace("veo-3.1-generate-preview", model)
        message = refusal(http.post(path, json={"instances": [{"prompt": "a"}]}), 404, "NOT_FOUND")
        assert f"models/{model} is not found" in message


def test_an_operation_belongs_to_its_model(sandbox):
    name = sandbox.start({"prompt": PROMPT})
    other = name.replace("veo-3.1-generate", "veo-3.1-fast-generate")
    refusal(sandbox.http.get(f"/v1beta/{other}"), 404, "NOT_FOUND")


# The log.


def test_what_arrived_is_written_down_without_payloads_and_without_the_key(sandbox, photo, blob):
    image = blob(photo())
    data = base64.b64decode(image["bytesBase64Encoded"])
    sandbox.ask({"prompt": PROMPT, "image": image}, {"aspectRatio": "9:16"})
    entry = sandbox.log()[-1]
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", SUBMIT, 200)
    assert entry["body"] == {
        "instances": [
            {
                "prompt": PROMPT,
                "image": {
                    "mimeType": "image/png",
                    "bytesBase64Encoded": {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()},
                },
            }
        ],
        "parameters": {"aspectRatio": "9:16"},
    }
    sandbox.http.get("/v1beta/operations/x", params={"key": "sk-test"})
    assert "sk-test" not in (sandbox.data / "requests.jsonl").read_text()


def test_refused_submits_are_written_down_too(sandbox):
    sandbox.http.post(SUBMIT, content=b"{broken")
    entry = sandbox.log()[-1]
    assert (entry["status"], entry["body"]["bytes"]) == (400, 7)
