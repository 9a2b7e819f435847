"""What crosses the border for the panel: the same examples are read by js/tests."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest

from tests.notebook.test_protocol import mismatch, read
from veo_nb.errors import InvalidRequest
from veo_nb.notebook.panel.commands import COMMANDS
from veo_nb.notebook.panel.protocol import (
    ROWS,
    Check,
    Details,
    Item,
    LibraryContents,
    PictureState,
    Queue,
    Row,
    RowAction,
    Setup,
    SharedDraft,
    View,
)
from veo_nb.notebook.protocol import parse_command

EXAMPLES = read("panels.json")
PANELS = EXAMPLES["panels"]


@pytest.mark.parametrize("name", PANELS)
def test_every_example_panel_is_what_the_types_say(name):
    state = PANELS[name]
    assert mismatch(state["panel"], Setup) == []
    assert mismatch(state["draft"], SharedDraft) == []
    assert mismatch(state["queue"], Queue) == []
    assert mismatch(state["rows"], list[Row]) == []
    assert mismatch(state["library"], LibraryContents) == []
    assert mismatch(state["chosen"], list[str]) == []
    assert mismatch(state["view"], View) == []


@pytest.mark.parametrize("name", PANELS)
def test_the_queue_of_an_example_has_a_row_for_each_job_that_it_names(name):
    state = PANELS[name]
    assert [row["job"] for row in state["rows"]] == state["queue"]["order"]
    assert len(state["rows"]) <= ROWS


def test_the_other_examples_are_what_the_types_say():
    assert mismatch(list(EXAMPLES["checks"].values()), list[Check]) == []
    assert mismatch(EXAMPLES["pictures"], list[PictureState]) == []
    assert mismatch(EXAMPLES["items"], list[Item]) == []
    for state in EXAMPLES["details"].values():
        assert mismatch({**state, "recipe": []}, Details) == []
        assert all(isinstance(part, str) for pair in state["recipe"] for part in pair)


def test_the_examples_have_all_wishes_and_all_that_can_be_done_with_a_job():
    assert {raw["kind"] for raw in EXAMPLES["requests"]} == set(COMMANDS)
    actions = {action for state in PANELS.values() for row in state["rows"] for action in row["actions"]}
    assert actions == set(get_args(RowAction))
    assert set(EXAMPLES["answers"]) < set(COMMANDS)


@pytest.mark.parametrize("raw", EXAMPLES["requests"], ids=lambda raw: raw["kind"])
def test_a_wish_is_understood_with_its_payload(raw: dict[str, Any]):
    message, payload = parse_command(raw, COMMANDS)
    assert message.kind == raw["kind"]
    assert msgspec.to_builtins(payload) == raw["payload"]


@pytest.mark.parametrize("raw", EXAMPLES["not requests"], ids=lambda raw: f"{raw['kind']}-{raw['id']}")
def test_what_goes_too_far_is_refused_with_the_id_to_reply_to(raw: dict[str, Any]):
    with pytest.raises(InvalidRequest) as caught:
        parse_command(raw, COMMANDS)
    assert caught.value.facts["id"] == raw["id"]
