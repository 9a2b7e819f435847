"""What crosses the border for a grid: the same examples are read by js/tests."""

from __future__ import annotations

from typing import get_args

import pytest

from tests.notebook.test_protocol import mismatch, read
from veo_nb.errors import InvalidRequest
from veo_nb.notebook.grid.protocol import COMMANDS, CellState, Grid, GridCell, Summary
from veo_nb.notebook.protocol import parse_command

EXAMPLES = read("grids.json")


@pytest.mark.parametrize("name", EXAMPLES["grids"])
def test_every_example_grid_is_what_the_types_say(name):
    state = EXAMPLES["grids"][name]
    assert mismatch(state["grid"], Grid) == []
    assert mismatch(state["summary"], Summary) == []
    assert mismatch(state["cells"], list[GridCell]) == []


def test_the_examples_have_most_states_and_all_wishes():
    states = {cell["state"] for state in EXAMPLES["grids"].values() for cell in state["cells"]}
    every = {state for part in get_args(CellState) for state in get_args(part)}
    assert every - states == {"submitting", "downloading", "cancelled", "uncertain"}
    assert {raw["kind"] for raw in EXAMPLES["requests"]} == set(COMMANDS)


@pytest.mark.parametrize("raw", EXAMPLES["requests"], ids=lambda raw: raw["kind"])
def test_a_wish_is_understood_with_its_payload(raw):
    message, payload = parse_command(raw, COMMANDS)
    assert message.kind == raw["kind"]
    assert {name: getattr(payload, name) for name in raw["payload"]} == raw["payload"]


@pytest.mark.parametrize("raw", EXAMPLES["not requests"], ids=lambda raw: f"{raw['kind']}-{raw['id']}")
def test_what_goes_too_far_is_refused_with_the_id_to_reply_to(raw):
    with pytest.raises(InvalidRequest) as caught:
        parse_command(raw, COMMANDS)
    assert caught.value.facts["id"] == raw["id"]
