"""What crosses for a grid: the examples that js/tests draw are its shapes, and what a page asks is checked."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from tests.notebook.test_protocol import mismatch, read
from veo_nb.errors import InvalidRequest
from veo_nb.notebook.grid.protocol import COMMANDS, CellState, Grid, GridCell, GridSummary, RateSample
from veo_nb.notebook.protocol import parse_command

GRIDS = read("grids.json")["grids"]
SAMPLE = {"cell": "0", "sample": 0}


@pytest.mark.parametrize("name", GRIDS)
def test_every_example_grid_is_what_the_types_say(name):
    state = GRIDS[name]
    assert mismatch(state["grid"], Grid) == []
    assert mismatch(state["summary"], GridSummary) == []
    assert mismatch(state["cells"], list[GridCell]) == []


def test_the_examples_have_most_states():
    states = {cell["state"] for state in GRIDS.values() for cell in state["cells"]}
    assert set(get_args(CellState)) - states == {"submitting", "downloading", "cancelled", "uncertain"}


def test_a_command_is_understood_with_its_payload():
    sent = {**SAMPLE, "rating": 4}
    command, payload = parse_command({"kind": "rate", "id": "g1", "payload": sent}, COMMANDS)
    assert (command.kind, command.id) == ("rate", "g1")
    assert payload == RateSample(cell="0", sample=0, rating=4)


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("export", {"ending": ".exe"}),
        ("rate", {**SAMPLE, "rating": 6}),
        ("rate", {**SAMPLE, "rating": -1}),
        ("rate", {**SAMPLE, "sample": -1, "rating": 1}),
        ("rate", {**SAMPLE, "cell": 0, "rating": 1}),
        ("star", {**SAMPLE, "star": 1}),
        ("note", {**SAMPLE, "note": "x" * 2001}),
        ("cancel-job", {}),
        ("pause", {"job": "3f2a"}),
        ("cancel", {}),
    ],
)
def test_what_goes_too_far_is_refused_with_the_id_to_reply_to(kind: str, payload: dict[str, Any]):
    with pytest.raises(InvalidRequest) as caught:
        parse_command({"kind": kind, "id": "g2", "payload": payload}, COMMANDS)
    assert caught.value.facts["id"] == "g2"
