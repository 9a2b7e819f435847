"""The sandbox against the golden files of the wire, which are written from API.md and read by the client's tests too."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

FIXTURES = Path(__file__).parents[1] / "fixtures" / "wire"
PROMPT = "A fox. sandbox:filter"
GEMINI = "/v1beta/models/veo-3.1-generate-preview"
VERTEX = "/v1/projects/p/locations/l/publishers/google/models/veo-3.1-generate-001"


def cases(file):
    return json.loads((FIXTURES / file).read_text("utf-8"))


# A gateway's own path is not the sandbox's, and it names no operation without a project.
CALLS = [
    case
    for case in cases("calls.json")
    if "base_url" not in case["settings"] and not case["name"].startswith("publishers/")
]


@pytest.mark.parametrize("case", CALLS, ids=lambda case: case["case"])
def test_each_documented_call_leads_to_its_operation(sandbox, case):
    if case["submit"]["url"].endswith("/interactions"):
        body = {"model": "gemini-omni-1.2-flash", "input": PROMPT, "background": True}
        name = sandbox.http.post(urlsplit(case["submit"]["url"]).path, json=body).json()["id"]
        path = urlsplit(case["poll"]["url"]).path.replace(case["name"], name)
        found = sandbox.http.request(case["poll"]["method"], path).json()
        assert (found["id"], found["status"]) == (name, "completed")
        return
    body = {"instances": [{"prompt": PROMPT}]}
    answer = sandbox.http.post(urlsplit(case["submit"]["url"]).path, json=body)
    name = answer.json()["name"]
    before, _, operation = name.rpartition("/operations/")
    home, _, old = case["name"].rpartition("operations/")
    path = urlsplit(case["poll"]["url"]).path
    # The operation of the case is another, and so may its project and location be.
    path = path.replace(old, old.replace("xxxxx", operation) if "xxxxx" in old else operation)
    if home.startswith("projects/"):
        path = path.replace(home.removesuffix("/"), before)
    asked = {"operationName": name} if "body" in case["poll"] else None
    found = sandbox.http.request(case["poll"]["method"], path, json=asked).json()
    assert (found["name"], found["done"]) == (name, True)


def shape(value):
    """What a JSON value is made of: names and kinds, without the values."""
    if isinstance(value, dict):
        return tuple((name, shape(item)) for name, item in sorted(value.items()) if name != "@type")
    if isinstance(value, list):
        return ("list", *sorted({shape(item) for item in value}))
    return type(value).__name__


def finished(sandbox, base, prompt, **parameters):
    """All answers to the polls of an operation, the last one done."""
    order = {"instances": [{"prompt": prompt}], "parameters": {"durationSeconds": 4, **parameters}}
    name = sandbox.http.post(f"{base}:predictLongRunning", json=order).json()["name"]
    found: list[Any] = []
    deadline = time.monotonic() + 60
    while not (found and found[-1].get("done")):
        assert time.monotonic() < deadline, "it does not end"
        time.sleep(0.05)
        if base == GEMINI:
            answer = sandbox.http.get(f"/v1beta/{name}")
        else:
            answer = sandbox.http.post(f"{base}:fetchPredictOperation", json={"operationName": name})
        found.append(answer.json())
    return found


@pytest.mark.parametrize("base", [GEMINI, VERTEX], ids=["gemini", "vertex"])
def test_each_answer_to_a_poll_is_made_like_a_golden_one_of_its_state(sandbox, base):
    golden = {(case["state"], shape(case["answer"])) for case in cases("poll_answers.json")}
    made = finished(sandbox, base, "A lake")
    assert ("running", shape(made[0])) in golden
    assert ("succeeded", shape(made[-1])) in golden
    partly = finished(sandbox, base, "A lake. sandbox:filter-one", sampleCount=2)[-1]
    assert ("succeeded", shape(partly)) in golden
    assert ("blocked", shape(finished(sandbox, base, PROMPT, sampleCount=2)[-1])) in golden
    assert ("failed", shape(finished(sandbox, base, "sandbox:fail")[-1])) in golden
    if base == VERTEX:
        stored = finished(sandbox, base, "A lake", storageUri="gs://my-bucket")[-1]
        assert ("succeeded", shape(stored)) in golden


def test_each_refusal_is_made_like_a_golden_one_of_its_status(launch, tmp_path):
    golden = set()
    for case in cases("errors.json"):
        try:
            golden.add((case["status"], shape(without_details(json.loads(case["body"])))))
        except ValueError:
            golden.add((case["status"], "no JSON"))
    server = launch(tmp_path, "--latency", "0", "--per-minute", "3")
    fine = {"instances": [{"prompt": PROMPT}]}
    answers = [
        server.http.post(f"{GEMINI}:predictLongRunning", json=fine, headers={"x-goog-api-key": "sk-wrong"}),
        server.http.post("/v1beta/models/veo-9:predictLongRunning", json=fine),
        server.http.post(f"{GEMINI}:predictLongRunning", json={}),
        server.http.post(f"{GEMINI}:predictLongRunning", json={"instances": [{"prompt": "sandbox:block"}]}),
        server.http.post(f"{GEMINI}:predictLongRunning", json=fine),
        server.http.post(f"{VERTEX}:predictLongRunning", json=fine),
    ]
    assert [answer.status_code for answer in answers] == [401, 404, 400, 400, 429, 429]
    for answer in answers:
        assert (answer.status_code, shape(without_details(answer.json()))) in golden


def without_details(body):
    """Google's details say more than the rest, and may be left out."""
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        body["error"].pop("details", None)
    return body
