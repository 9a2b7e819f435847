"""What crosses between Python and a page: the front end has its shapes as they are, and what comes in is checked."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from tests.write_protocol import TARGET, typescript
from veo_nb.errors import InvalidRequest, NotFound
from veo_nb.notebook.protocol import (
    COMMANDS,
    Card,
    Estimate,
    Exchanged,
    Nothing,
    Now,
    OfVideo,
    Part,
    Reached,
    Reply,
    Since,
    State,
    Transfer,
    Until,
    VideoBytes,
    format_line,
    parse_command,
    reply,
    reply_error,
    to_json,
)
from veo_nb.store.rows import State as JobState

FIXTURES = Path(__file__).parents[1] / "fixtures" / "protocol"


def read(name: str) -> Any:
    return json.loads((FIXTURES / name).read_text(encoding="utf-8"))


def _below(shape: type[Exchanged]) -> list[type[Exchanged]]:
    found: list[type[Exchanged]] = shape.__subclasses__()
    return [one for below in found for one in (below, *_below(below))]


CARDS = read("cards.json")["cards"]
SHAPES = _below(Exchanged)
WRITTEN = typescript()


def mismatch(value: Any, kind: Any) -> list[str]:
    """Why this is not of this shape once it has crossed as JSON; empty when it is."""
    try:
        msgspec.convert(json.loads(json.dumps(to_json(value))), kind)
    except msgspec.ValidationError as error:
        return [str(error)]
    return []


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
    assert format_line(msgspec.convert(example["parts"], list[Part]), example["now"]) == example["text"]


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_command_of_the_page_is_understood(kind):
    payloads: dict[str, Exchanged] = {
        "poster": OfVideo(video=0),
        "video": VideoBytes(video=0, offset=9),
        "reached": Reached(plays=True, apart=False),
    }
    meant = payloads.get(kind, Nothing())
    command, payload = parse_command({"kind": kind, "id": "k3-1", "payload": to_json(meant)})
    assert (command.kind, command.id, payload) == (kind, "k3-1", meant)


@pytest.mark.parametrize("raw", [None, 7, "cancel", [], True, {}], ids=repr)
def test_what_is_no_command_is_refused(raw):
    with pytest.raises(InvalidRequest) as caught:
        parse_command(raw)
    assert caught.value.facts["id"] == ""
    assert "Reload the page" in caught.value.hint


@pytest.mark.parametrize(
    ("why", "changes", "found"),
    [
        ("no id", {"id": None}, ""),
        ("no payload", {"payload": None}, "a"),
        ("an unknown kind", {"kind": "__del__"}, "a"),
        ("a kind that is no text", {"kind": ["cancel"]}, "a"),
        ("an id that is no text", {"id": 7}, ""),
        ("an empty id", {"id": ""}, ""),
        ("an endless id", {"id": "a" * 101}, ""),
        ("a payload that is a list", {"payload": []}, "a"),
        ("more in the payload than the kind takes", {"payload": {"job": "9c01"}}, "a"),
        ("more than the three fields", {"extra": 1}, "a"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_faulty_command_is_refused_with_the_id_to_reply_to(why, changes, found):
    raw = {"kind": "cancel", "id": "a", "payload": {}, **changes}
    with pytest.raises(InvalidRequest) as caught:
        parse_command({name: value for name, value in raw.items() if value is not None})
    assert caught.value.facts["id"] == found, why


def test_an_endless_payload_is_refused():
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"deeper": deep}
    with pytest.raises(InvalidRequest):
        parse_command({"kind": "cancel", "id": "a", "payload": deep})
    while deep:  # Freed layer by layer: all at once is one recursion too deep for some Pythons.
        deep = deep.pop("deeper")


def test_a_reply_carries_the_answer_or_the_text_of_the_error_and_no_more():
    error = NotFound("There is no job 3f2a.", hint="%veo lists the jobs.", status=404)
    said = {"code": "not_found", "message": "There is no job 3f2a.", "hint": "%veo lists the jobs."}
    assert reply("a", Nothing()) == {"kind": "reply", "id": "a", "ok": {}}
    assert reply("a", Now(now=5.0)) == {"kind": "reply", "id": "a", "ok": {"now": 5.0}}
    assert reply_error("a", error) == {"kind": "reply", "id": "a", "error": said}
    assert mismatch(reply_error("a", error), Reply) == []


def test_the_front_end_has_the_shapes_as_they_are():
    assert TARGET.read_text("utf-8") == WRITTEN, "stale: run python -m tests.write_protocol"


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_a_written_shape_has_the_fields_that_cross(shape):
    """The writer reads the source; what is sent is what msgspec makes of the class."""
    own = set(shape.__struct_fields__) - set(shape.__base__.__struct_fields__)
    written = re.search(
        rf"^export interface {shape.__name__}\b.*?{{\n(.*?)^}}", WRITTEN, re.MULTILINE | re.DOTALL
    )
    found = re.findall(r"^  (\w+)\??:", written[1], re.MULTILINE) if written else []
    assert set(found) - {shape.__struct_config__.tag_field} == own


def test_the_states_are_those_of_a_job():
    assert list(get_args(State)) == [state.value for state in JobState]
