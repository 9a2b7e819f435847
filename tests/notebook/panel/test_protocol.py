"""What crosses for the panel: the examples that js/tests draw are its shapes, and what a page asks is checked."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from tests.notebook.test_protocol import mismatch, read
from veo_nb.errors import InvalidRequest
from veo_nb.notebook.panel.commands import COMMANDS
from veo_nb.notebook.panel.protocol import (
    ROWS,
    Check,
    Details,
    GalleryView,
    Item,
    LibraryState,
    PictureState,
    Queue,
    Row,
    RowAction,
    Setup,
    SharedDraft,
    Shelves,
)
from veo_nb.notebook.protocol import parse_command, to_json

EXAMPLES = read("panels.json")
PANELS = EXAMPLES["panels"]
DRAFT = PANELS["composing"]["draft"]["draft"]
VIEW = PANELS["full"]["view"]
CLIP, CLIPS, JOB = {"clip": "3f2a/0"}, {"clips": ["3f2a/0", "j4k2/0"]}, {"job": "3f2a"}
PICTURE = f"{'c1' * 32}.jpg:cat.jpg"
PAYLOADS: dict[str, Any] = {
    "clock": {},
    "bundle": {},
    "draft": {"draft": DRAFT, "by": "v1"},
    "check": {"draft": DRAFT},
    "generate": {"draft": DRAFT, "confirm": False},
    "upload": {"name": "cat.jpg"},
    "frame": {**CLIP, "seconds": 2.5},
    "crop": {"picture": PICTURE, "x": 0.1, "y": 0.0, "width": 0.8, "height": 1.0},
    "picture": {"picture": PICTURE},
    **dict.fromkeys(("cancel", "retry", "rerun", "resubmit", "dismiss"), JOB),
    "move": {**JOB, "before": "d5d5"},
    "browse": {**VIEW, "offset": 0, "limit": 60},
    "count": {"view": VIEW},
    **dict.fromkeys(("posters", "select", "delete", "restore"), CLIPS),
    "video": {**CLIP, "offset": 1_000_000},
    **dict.fromkeys(("details", "another", "finalize", "measure", "vary"), CLIP),
    "view": {"view": VIEW},
    "rate": {**CLIP, "rating": 4},
    "star": {**CLIP, "star": True},
    "note": {**CLIP, "note": "the ears are right"},
    "join": {"pieces": [{**CLIP, "start": 0.5, "end": None}], "title": "fox and owl"},
    "contest": CLIPS,
    "blind": {**CLIPS, "by": "prompt", "question": ""},
    "compare-bundle": {},
    "turn": {"comparison": "c4a1", "voter": "ann"},
    "undo": {"comparison": "c4a1", "voter": "ann"},
    "vote": {"comparison": "c4a1", "voter": "ann", "pair": "p1", "choice": "tie", "seconds": None},
    "outcome": {"comparison": "c4a1"},
}
"""What a page may send, by kind."""


@pytest.mark.parametrize("name", PANELS)
def test_every_example_panel_is_what_the_types_say(name):
    state = PANELS[name]
    assert mismatch({**EXAMPLES["setup"], **state["panel"]}, Setup) == []
    assert mismatch(state["draft"], SharedDraft) == []
    assert mismatch(state["queue"], Queue) == []
    assert mismatch(state["rows"], list[Row]) == []
    assert mismatch(state["library"], LibraryState) == []
    assert mismatch(state["shelves"], Shelves) == []
    assert mismatch(state["chosen"], list[str]) == []
    assert mismatch(state["view"], GalleryView) == []


@pytest.mark.parametrize("name", PANELS)
def test_the_queue_of_an_example_has_a_row_for_each_job_that_it_names(name):
    state = PANELS[name]
    assert [row["job"] for row in state["rows"]] == state["queue"]["order"]
    assert len(state["rows"]) <= ROWS


def test_the_other_examples_are_what_the_types_say():
    assert mismatch(list(EXAMPLES["checks"].values()), list[Check]) == []
    assert mismatch(EXAMPLES["pictures"], list[PictureState]) == []
    assert mismatch(EXAMPLES["items"], list[Item]) == []
    assert mismatch(EXAMPLES["details"], dict[str, Details]) == []


def test_the_examples_have_all_that_can_be_done_with_a_job():
    actions = {action for state in PANELS.values() for row in state["rows"] for action in row["actions"]}
    assert actions == set(get_args(RowAction))


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_command_is_understood_with_its_payload(kind):
    command, payload = parse_command({"kind": kind, "id": "p1", "payload": PAYLOADS[kind]}, COMMANDS)
    assert command.kind == kind
    assert to_json(payload) == PAYLOADS[kind]


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("draft", {"by": 3}),
        ("draft", {"draft": {**DRAFT, "take": 0}}),
        ("draft", {"draft": {**DRAFT, "fit": "stretch"}}),
        ("draft", {"draft": {**DRAFT, "key": "AIza"}}),
        ("draft", {"draft": {"prompt": "A fox."}}),
        ("check", {"draft": {**DRAFT, "prompt": "x" * 20_001}}),
        ("generate", {"confirm": None}),
        ("generate", {"confirm": "yes"}),
        ("upload", {"name": None}),
        ("frame", {"seconds": -1.0}),
        ("crop", {"width": 1.8}),
        ("cancel", {"job": None}),
        ("move", {"before": None}),
        ("browse", {"limit": 1000}),
        ("browse", {"offset": -1}),
        ("browse", {"order": "cost"}),
        ("posters", {"clips": "3f2a/0"}),
        ("video", {"offset": -1}),
        ("details", {"clip": "x" * 41}),
        ("select", {"clips": [1]}),
        ("rate", {"rating": 6}),
        ("star", {"star": 1}),
        ("note", {"note": "x" * 2001}),
        ("join", {"pieces": []}),
        ("clock", {"job": "3f2a"}),
    ],
)
def test_what_goes_too_far_is_refused_with_the_id_to_reply_to(kind: str, changes: dict[str, Any]):
    with pytest.raises(InvalidRequest) as caught:
        parse_command({"kind": kind, "id": "p2", "payload": {**PAYLOADS[kind], **changes}}, COMMANDS)
    assert caught.value.facts["id"] == "p2"


def test_what_only_a_sweep_takes_is_refused():
    with pytest.raises(InvalidRequest, match="Unknown kind 'pause'"):
        parse_command({"kind": "pause", "id": "p3", "payload": {}}, COMMANDS)
