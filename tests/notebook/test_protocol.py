"""What crosses the border: the same examples are read by js/tests, so the two sides can't drift apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from veo_nb.errors import InvalidRequest, NotFound
from veo_nb.notebook.protocol import (
    Card,
    Estimate,
    Kind,
    Reply,
    Since,
    State,
    Transfer,
    Until,
    format_line,
    parse_command,
    reply,
    reply_error,
)

FIXTURES = Path(__file__).parents[1] / "fixtures" / "protocol"


def read(name: str) -> Any:
    return json.loads((FIXTURES / name).read_text(encoding="utf-8"))


CARDS = read("cards.json")["cards"]
MESSAGES = read("messages.json")


def mismatch(value: Any, kind: Any, where: str = "card") -> list[str]:
    """Where this JSON value is not of this type; empty when it is."""
    if kind is None or kind is type(None):
        return [] if value is None else [f"{where} is not null"]
    if get_origin(kind) is Literal:
        return [] if value in get_args(kind) else [f"{where} is {value!r}"]
    if get_origin(kind) is list:
        (item,) = get_args(kind)
        if not isinstance(value, list):
            return [f"{where} is not a list"]
        return [fault for i, one in enumerate(value) for fault in mismatch(one, item, f"{where}[{i}]")]
    if is_typeddict(kind):
        if not isinstance(value, dict):
            return [f"{where} is not an object"]
        hints = get_type_hints(kind)
        faults = [f"{where}.{name} is missing" for name in kind.__required_keys__ - value.keys()]
        faults += [f"{where}.{name} is not known" for name in value.keys() - hints.keys()]
        known = [(name, one) for name, one in value.items() if name in hints]
        return faults + [
            fault for name, one in known for fault in mismatch(one, hints[name], f"{where}.{name}")
        ]
    if get_origin(kind) is dict:
        return [] if isinstance(value, dict) else [f"{where} is not an object"]
    if get_args(kind):  # a union
        every = [mismatch(value, one, where) for one in get_args(kind)]
        return min(every, key=len)
    right = isinstance(value, (int, float)) if kind is float else isinstance(value, kind)
    return [] if right and isinstance(value, bool) == (kind is bool) else [f"{where} is {value!r}"]


@pytest.mark.parametrize("name", CARDS)
def test_every_example_card_is_what_the_types_say(name):
    assert mismatch(CARDS[name], Card) == []


def test_the_examples_use_every_state_and_every_kind_of_part_and_progress():
    parts = [part for card in CARDS.values() for part in card["line"]]
    assert {card["state"] for card in CARDS.values()} == set(get_args(State))
    assert any(mismatch(part, Since) == [] for part in parts)
    assert any(mismatch(part, Until) == [] for part in parts)
    for kind in (Estimate, Transfer):
        assert any(mismatch(card["progress"], kind) == [] for card in CARDS.values())


@pytest.mark.parametrize(
    "change",
    [{"state": "asleep"}, {"id": 7}, {"videos": [{"url": ""}]}, {"line": [{"clock": "since"}]}, {"extra": 1}],
    ids=lambda change: next(iter(change)),
)
def test_a_card_that_is_not_what_the_types_say_is_noticed(change):
    assert mismatch({**CARDS["running"], **change}, Card) != []


@pytest.mark.parametrize("example", read("lines.json"), ids=lambda example: example["text"])
def test_the_live_line_says_what_the_browser_says(example):
    assert format_line(example["parts"], example["now"]) == example["text"]


@pytest.mark.parametrize("raw", MESSAGES["requests"], ids=lambda raw: raw["kind"])
def test_a_message_of_the_browser_is_understood(raw):
    message, _ = parse_command(raw)
    assert {"kind": message.kind, "id": message.id, "payload": message.payload} == raw


def test_the_examples_have_every_kind_of_message():
    assert {raw["kind"] for raw in MESSAGES["requests"]} == set(get_args(Kind))


@pytest.mark.parametrize("example", MESSAGES["not requests"], ids=lambda example: example["why"])
def test_anything_else_is_refused_with_the_id_to_reply_to(example):
    with pytest.raises(InvalidRequest) as caught:
        parse_command(example["raw"])
    assert caught.value.facts["id"] == example["id"]
    assert "Reload the page" in caught.value.hint


def test_an_endless_payload_is_refused():
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"deeper": deep}
    with pytest.raises(InvalidRequest):
        parse_command({"kind": "cancel", "id": "a", "payload": deep})
    while deep:  # Freed layer by layer: all at once is one recursion too deep for some Pythons.
        deep = deep.pop("deeper")


def test_replies_are_those_of_the_examples():
    granted, answer, refused = MESSAGES["replies"]
    assert reply("k3-1") == granted
    assert reply("k3-2", ok=answer["ok"]) == answer
    assert reply_error("k3-1", NotFound("There is no job 3f2a.", hint="%veo lists the jobs.")) == refused


@pytest.mark.parametrize(
    "made", [reply("a"), reply_error("a", NotFound("No.", status=404))], ids=["ok", "error"]
)
def test_a_reply_is_json_and_carries_no_more_than_the_words(made):
    assert mismatch(json.loads(json.dumps(made)), Reply, "reply") == []
    assert "404" not in json.dumps(made)
