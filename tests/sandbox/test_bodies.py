"""Bodies that are almost right, thousands of them: golden ones with one thing changed. Never a 500, never a hang."""

from __future__ import annotations

import base64
import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FIXTURES = Path(__file__).parents[1] / "fixtures" / "wire"
PATHS = {
    "gemini": "/v1beta/models/veo-3.1-generate-preview:predictLongRunning",
    "vertex": "/v1/projects/p/locations/l/publishers/google/models/veo-3.1-generate-001:predictLongRunning",
}
# Nothing is rendered for it.
PROMPT = "A fox. sandbox:filter"
THINGS: list[Any] = [
    *(None, True, False, 0, -1, 1, 4, 8, 24, 2**32, 2**63, 2**64, 0.5, 1e300, [], {}, [[]], {"a": None}),
    *(
        "",
        " ",
        "8",
        "16:9",
        "\ud800",
        "\0",
        "AAAA",
        "%%",
        "image/png",
        "image/webp",
        "gs://b/o",
        "x" * 10_000,
    ),
]

MOST = 3 * settings().max_examples


def golden(dialect):
    cases = json.loads((FIXTURES / "submit_bodies.json").read_text("utf-8"))
    return [case["body"] for case in cases if (case["provider"] == "vertex") == (dialect == "vertex")]


def places(value, where=()):
    """Every place in a JSON value, but for the prompt, whose words keep the renderer out of it."""
    found = [where] if where and where[-1] != "prompt" else []
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            found += places(value[key], (*where, key))
    return found


@st.composite
def almost(draw, dialect):
    """A golden body of which one or two places hold something else, are gone, or hold damaged bytes."""
    body = copy.deepcopy(draw(st.sampled_from(golden(dialect))))
    body["instances"][0]["prompt"] = PROMPT
    for _ in range(draw(st.integers(1, 2))):
        if not places(body):
            break
        *way, last = draw(st.sampled_from(places(body)))
        inner = body
        for step in way:
            inner = inner[step]
        kind = draw(st.sampled_from(["other", "gone", "twice", "damaged"]))
        if kind == "gone":
            del inner[last]
        elif kind == "twice" and isinstance(inner, dict):
            inner[f"{last}2"] = copy.deepcopy(inner[last])
        elif kind == "damaged" and last == "bytesBase64Encoded" and isinstance(inner[last], str):
            inner[last] = base64.b64encode(damaged(draw, inner[last])).decode()
        else:
            inner[last] = copy.deepcopy(draw(st.sampled_from(THINGS)))
    return body


def damaged(draw, text):
    try:
        data = bytearray(base64.b64decode(text))
    except ValueError:
        return b""
    for _ in range(draw(st.integers(0, 4))):
        if data:
            data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))]) if draw(st.booleans()) else bytes(data)


@pytest.mark.parametrize("dialect", PATHS)
def test_no_almost_right_body_breaks_the_server(sandbox, dialect):
    refused = 0

    @settings(max_examples=MOST, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(body=almost(dialect))
    def ask(body):
        nonlocal refused
        answer = sandbox.http.post(PATHS[dialect], content=json.dumps(body), timeout=10)
        assert answer.status_code in (200, 400), answer.text
        refused += answer.status_code == 400
        assert answer.json().keys() == ({"name"} if answer.status_code == 200 else {"error"})

    ask()
    # They went deep: many were taken, many were not.
    assert MOST // 10 < refused < MOST
