"""Hearing of what other processes do with a library, and of nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.store.test_ledger import ROW, VIDEO
from veo_nb.store.changes import EVIDENCE, LOOK_SECONDS, Change, state_of, watch
from veo_nb.store.ledger import Ledger
from veo_nb.store.rows import Owner


class Looks:
    """A sleep between looks: what the others do then, one thing each; after the last one the ledger is closed."""

    def __init__(self, ledger: Ledger, *deeds) -> None:
        self.ledger = ledger
        self.deeds = [*deeds]
        self.seconds: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if not self.deeds:
            self.ledger.close()
            return
        self.deeds.pop(0)()


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.add_job(ROW)
    ledger.add_video(VIDEO)
    yield ledger
    ledger.close()


@pytest.fixture
def other(ledger, tmp_path):
    """Another kernel on the same file."""
    other = Ledger(tmp_path / "ledger.sqlite")
    yield other
    other.close()


@pytest.fixture
def changes(ledger) -> list[str]:
    changes: list[str] = []
    ledger.changed.listen(lambda change: changes.append(change.id))
    return changes


def joined(**changes):
    facts = {"path": "p", "bytes": 1, "sha256": "", "width": 1, "height": 1, "duration": 1.0, "fps": 24.0}
    return {"id": "x1", "title": "T", "pieces": "[]", **facts, "has_audio": 0, "created_at": 1.0, **changes}


RATING = {"job_id": "3f2a", "sample": 0, "rating": 4, "star": 0, "note": "", "rated_at": 5.0}
DEEDS = {
    "a job is entered": lambda it: it.add_job(replace(ROW, id="9c24", fingerprint="f2")),
    "a job is sent": lambda it: it.update_job("3f2a", state="submitting"),
    "a job is done": lambda it: it.update_job("3f2a", state="succeeded", finished_at=9.0),
    "a clip is there": lambda it: it.add_video(replace(VIDEO, sample=1)),
    "a clip is rated": lambda it: it.put("ratings", RATING),
    "a clip is deleted": lambda it: it.put("deleted", {"job_id": "3f2a", "sample": 0, "deleted_at": 7.0}),
    "clips are joined": lambda it: it.put("joined", joined()),
    "a frame is taken": lambda it: it.put("origins", {"sha256": "a", "job_id": "3f2a", "sample": 0}),
    "a sweep begins": lambda it: it.write(
        lambda db: db.execute(
            "INSERT INTO sweeps VALUES ('s', 'i', 'sandbox', NULL, '[]', '[]', NULL, NULL, '{}', 0, 0, 0, 1, 1)"
        )
    ),
}

VOTE = {"left_job": "3f2a", "left_sample": 0, "right_job": "9c24", "right_sample": 0, "choice": "left"}
EVIDENCES = {
    "a vote": (
        "votes",
        {"id": "v1", "comparison_id": "c1", **VOTE, "voter": "ann", "judge": 0, "voted_at": 5.0},
    ),
    "a measure": (
        "measures",
        {"job_id": "3f2a", "sample": 0, "sha256": "ab", "version": 1, "found": "{}", "measured_at": 5.0},
    ),
    "an experiment": ("experiments", {"sweep_id": "s1", "question": "Which?", "changed_at": 5.0}),
}


@pytest.mark.parametrize("what", EVIDENCES)
async def test_what_another_kernel_decides_by_is_heard_as_that_and_changes_nothing_that_can_be_found(
    ledger, other, what
):
    changes: list[Change] = []
    ledger.changed.listen(changes.append)
    before = state_of(ledger)
    looks = Looks(ledger, lambda: None, lambda: other.put(*EVIDENCES[what]), lambda: None)
    await watch(ledger, ledger.changed, looks.sleep)
    assert changes == [EVIDENCE]
    assert state_of(other) == before


def test_a_vote_names_its_comparison_and_a_description_its_sweep(ledger):
    changes: list[Change] = []
    ledger.changed.listen(changes.append)
    ledger.put(*EVIDENCES["a vote"])
    ledger.put(*EVIDENCES["an experiment"])
    assert changes == [Change("evidence", "c1"), Change("evidence", "s1")]


@pytest.mark.parametrize("what", DEEDS)
async def test_what_another_kernel_does_is_heard_once(ledger, other, changes, what):
    looks = Looks(ledger, lambda: None, lambda: DEEDS[what](other), lambda: None)
    await watch(ledger, ledger.changed, looks.sleep)
    assert changes == [""]
    assert looks.seconds == [LOOK_SECONDS] * 4


async def test_what_this_kernel_does_is_not_heard_a_second_time(ledger, changes):
    looks = Looks(ledger, lambda: ledger.update_job("3f2a", state="running"), lambda: None)
    await watch(ledger, ledger.changed, looks.sleep)
    assert changes == ["3f2a"]


async def test_that_another_kernel_lives_is_no_news(ledger, other, changes):
    beat = Owner("host:1:x", "host", 1, 5.0)
    looks = Looks(ledger, lambda: None, lambda: other.beat(beat), lambda: other.leave(beat.id))
    await watch(ledger, ledger.changed, looks.sleep)
    assert changes == []


async def test_while_nobody_listens_nothing_is_read_and_later_it_is_made_up_for(ledger, other):
    changes: list[str] = []
    ends = [ledger.changed.listen(lambda change: changes.append(change.id))]
    reads: list[str] = []
    read = ledger.read

    def counted(query, values=()):
        reads.append(query)
        return read(query, values)

    ledger.read = counted

    def nobody() -> None:
        ends.pop()()
        reads.clear()

    def rate() -> None:
        DEEDS["a clip is rated"](other)
        assert reads == []

    looks = Looks(
        ledger,
        nobody,
        rate,
        lambda: ends.append(ledger.changed.listen(lambda change: changes.append(change.id))),
    )
    await watch(ledger, ledger.changed, looks.sleep)
    assert changes == [""]


def test_a_clip_that_is_brought_back_or_noted_upon_changes_what_there_is(ledger):
    before = state_of(ledger)
    DEEDS["a clip is deleted"](ledger)
    gone = state_of(ledger)
    assert gone != before
    ledger.write(lambda db: db.execute("UPDATE deleted SET deleted_at = NULL"))
    assert state_of(ledger) not in (before, gone)
    DEEDS["clips are joined"](ledger)
    put = state_of(ledger)
    ledger.write(lambda db: db.execute("UPDATE joined SET note = 'x'"))
    assert state_of(ledger) != put


def test_a_step_on_the_way_changes_nothing_that_can_be_found(ledger):
    ledger.update_job("3f2a", state="submitting")
    before = state_of(ledger)
    ledger.update_job("3f2a", state="running")
    assert state_of(ledger) == before
