"""What a panel is told of jobs and clips: rows of the queue, items of the gallery, details."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notebook.test_display import make_job
from tests.notebook.test_protocol import mismatch
from tests.notebook.test_text import NOW
from veo_nb import errors
from veo_nb.engine.job import JobNote
from veo_nb.engine.providers.latency import Latency
from veo_nb.notebook.panel.entries import make_row, queue_line
from veo_nb.notebook.panel.protocol import Row
from veo_nb.notebook.protocol import format_line, to_json
from veo_nb.store.rows import State


@pytest.mark.parametrize("state", State)
def test_a_row_is_what_the_protocol_says_in_every_state(state):
    error = errors.OperationFailed("No.") if state.final and state is not State.SUCCEEDED else None
    row = make_row(make_job(state=state, error=error, submitted_at=NOW, received=5, total=10), waits=False)
    assert mismatch(row, Row) == []


LOST = errors.TransportError("No connection.")


@pytest.mark.parametrize(
    ("now", "actions"),
    [
        ({"state": State.RUNNING, "submitted_at": NOW}, ["cancel"]),
        ({"state": State.RUNNING, "submitted_at": NOW, "note": JobNote(kind="stopping")}, []),
        ({"state": State.UNCERTAIN, "error": LOST}, ["resubmit", "dismiss"]),
        ({"state": State.BLOCKED, "error": errors.ContentBlocked("No.")}, ["rerun", "dismiss"]),
        ({"state": State.FAILED, "error": LOST, "operation": "op"}, ["retry", "dismiss"]),
        ({"state": State.FAILED, "error": LOST}, ["rerun", "dismiss"]),
        (
            {"state": State.FAILED, "error": errors.OperationFailed("No."), "operation": "op"},
            ["rerun", "dismiss"],
        ),
        (
            {"state": State.FAILED, "error": errors.VideoExpired("Gone."), "operation": "op"},
            ["rerun", "dismiss"],
        ),
    ],
)
def test_a_row_offers_what_makes_sense(now, actions):
    assert make_row(make_job(**now), waits=False).actions == actions


def test_only_a_job_that_waits_can_be_moved():
    assert make_row(make_job(state=State.QUEUED), waits=True).actions == ["move", "cancel"]
    assert make_row(make_job(state=State.QUEUED), waits=False).actions == ["cancel"]


def test_a_clip_may_be_ready_only_where_the_provider_took_the_job():
    assert not make_job(state=State.FAILED, error=LOST).fetchable
    assert make_job(state=State.CANCELLED, error=errors.Cancelled("Stopped."), operation="op").fetchable


@given(st.text(max_size=3000), st.text(min_size=1, max_size=3000), st.text(max_size=9000))
def test_a_row_is_small_whatever_was_asked_for_and_answered(prompt, negative, said):
    job = make_job(
        prompt=f"x{prompt}",
        fields={"negative_prompt": negative},
        state=State.BLOCKED,
        error=errors.ContentBlocked(said),
    )
    row = make_row(job, waits=False)
    assert len(json.dumps(to_json(row), ensure_ascii=False).encode(errors="replace")) < 900
    assert len(row.prompt) <= 120
    assert "\n" not in row.prompt


def test_the_line_of_the_queue_counts_and_says_how_long_still(studio):
    jobs = [
        make_job(state=State.RUNNING, submitted_at=NOW - 10, latency=Latency.around(40.0)),
        make_job(state=State.QUEUED, latency=Latency.around(40.0)),
        make_job(state=State.QUEUED, latency=Latency.around(40.0)),
    ]
    line = queue_line(jobs, studio, NOW)
    said = format_line(line, NOW)
    assert said.startswith("1 generating · 2 waiting · about ")
    assert said.endswith(" left")
    # A moment later it is the same, so that nothing need be pushed.
    assert queue_line(jobs, studio, NOW + 0.001) == line


def test_while_nothing_is_on_its_way_it_says_nothing(studio):
    assert queue_line([make_job(state=State.FAILED, error=LOST)], studio, NOW) == []
