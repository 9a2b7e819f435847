"""Comparisons and votes in the ledger: each on disk at once, none ever gone, and all back in a ledger made anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from veo_nb.store.changes import Change
from veo_nb.store.evidence.votes import ComparisonRow, Sides, VoteLedger, VoteRow
from veo_nb.store.files import Files
from veo_nb.store.ledger import Ledger
from veo_nb.store.recovery.rebuild import open_ledger

NOW = 1_800_000_000.0
COMPARISON = ComparisonRow(
    id="c1",
    sweep_id="sab12",
    by="prompt",
    question="Which „läuft“ better?",
    clips={"3f2a/0": "dolly in", "9c24/1": "slow zoom"},
    rounds=None,
    created_at=NOW,
)
VOTE = VoteRow(
    id="v1",
    comparison_id="c1",
    left="9c24/1",
    right="3f2a/0",
    choice="left",
    voter="ann",
    voted_at=NOW,
    seconds=2.5,
)


@pytest.fixture
def library(tmp_path):
    library = Files(tmp_path / "library")
    library.prepare()
    return library


@pytest.fixture
def open_it(library):
    """Open the library's ledger, as a kernel of its own."""
    opened: list[Ledger] = []

    def make() -> Ledger:
        opened.append(open_ledger(library, lambda: NOW, lambda _: None))
        return opened[-1]

    yield make
    for ledger in opened:
        ledger.close()


@pytest.fixture
def kernel(open_it):
    """The votes of the library as a kernel of its own has them: `kernel()`."""

    def make() -> VoteLedger:
        ledger = open_it()
        return VoteLedger(lambda: ledger)

    return make


def test_a_vote_is_there_for_another_kernel_and_ends_its_pair(kernel):
    here, there = kernel(), kernel()
    here.put(COMPARISON)
    here.show("c1", "ann", Sides("9c24/1", "3f2a/0"))
    here.show("c1", "bob", Sides("3f2a/0", "9c24/1"))
    assert there.shown("c1", "ann") == ("9c24/1", "3f2a/0")
    here.cast(VOTE)
    assert there.votes("c1") == [VOTE]
    assert there.shown("c1", "ann") is None
    assert there.shown("c1", "bob") == ("3f2a/0", "9c24/1")


def test_one_that_is_taken_back_keeps_its_row_and_its_pair_is_shown_again(kernel):
    book = kernel()
    book.cast(VOTE)
    book.show("c1", "ann", Sides(VOTE.left, VOTE.right))
    book.cast(replace(VOTE, id="v2", choice="tie"))
    book.cast(replace(VOTE, id="v3", voter="bob"))
    book.cast(replace(VOTE, id="v4", voter="ann", judge=True))
    assert book.take_back("c1", "ann", NOW + 1).id == "v2"
    assert book.shown("c1", "ann") == (VOTE.left, VOTE.right)
    assert [(vote.id, vote.undone_at) for vote in book.votes("c1")] == [
        ("v1", None),
        ("v2", NOW + 1),
        ("v3", None),
        ("v4", None),
    ]
    assert book.take_back("c1", "ann", NOW + 2).id == "v1"
    assert book.take_back("c1", "ann", NOW + 3) is None


def test_the_same_two_clips_are_voted_on_once_unless_they_are_shown_again(kernel):
    here, there = kernel(), kernel()
    here.show("c1", "ann", Sides(VOTE.left, VOTE.right))
    assert here.cast(VOTE)
    swapped = replace(VOTE, id="v2", left=VOTE.right, right=VOTE.left)
    assert not there.cast(replace(VOTE, id="v2"))
    assert not there.cast(swapped)
    assert there.cast(replace(VOTE, id="v3", judge=True))
    assert not there.cast(replace(VOTE, id="v4", judge=True))
    here.show("c1", "ann", Sides(VOTE.left, VOTE.right))
    assert there.cast(swapped)
    here.take_back("c1", "ann", NOW)
    here.take_back("c1", "ann", NOW)
    assert [vote.id for vote in here.votes("c1") if vote.undone_at is None] == ["v3"]


def test_clips_join_a_comparison_and_none_ever_leaves_it(kernel):
    book = kernel()
    book.put(COMPARISON)
    clips = {"3f2a/0": "dolly", "b7d3/0": "crane"}
    later = replace(COMPARISON, sweep_id="szz99", clips=clips, rounds=20, question="?", created_at=NOW + 9)
    merged = replace(COMPARISON, sweep_id="szz99", clips={**COMPARISON.clips, **clips})
    assert book.put(later) == merged
    assert book.comparison("c1") == merged
    assert book.comparisons("szz99") == book.comparisons() == [merged]
    assert book.comparisons("sab12") == []
    book.ask_for("c1", 20)
    assert book.comparison("c1") == replace(merged, rounds=20)


def test_all_but_what_is_shown_comes_back_in_a_ledger_made_anew(library, open_it):
    ledger = open_it()
    book = VoteLedger(lambda: ledger)
    book.put(COMPARISON)
    book.put(replace(COMPARISON, clips={"b7d3/0": "crane"}))
    other = replace(VOTE, id="v2", left="b7d3/0", seconds=None)
    for vote in (VOTE, other, replace(VOTE, id="v3", voter="sharp", judge=True)):
        book.cast(vote)
    book.take_back("c1", "ann", NOW + 1)
    ledger.put("experiments", {"sweep_id": "sab12", "question": "Which?", "changed_at": NOW})
    ledger.write(
        lambda db: db.execute("UPDATE experiments SET conclusion = 'both'"),
        ("experiments", {"sweep_id": "sab12", "conclusion": "both"}),
    )
    votes, comparisons = book.votes("c1"), book.comparisons()
    assert [vote.undone_at for vote in votes] == [None, NOW + 1, None]
    ledger.close()
    library.ledger_path.write_bytes(b"nonsense " * 2000)
    ledger = open_it()
    assert book.votes("c1") == votes
    assert book.comparisons() == comparisons
    assert [tuple(row) for row in ledger.read("SELECT * FROM experiments")] == [
        ("sab12", "Which?", "", "both", NOW)
    ]
    assert book.shown("c1", "ann") is None


def test_a_write_is_said_on_the_librarys_stream(open_it):
    ledger = open_it()
    book = VoteLedger(lambda: ledger)
    changes: list[Change] = []
    ledger.changed.listen(changes.append)
    book.put(COMPARISON)
    book.put(COMPARISON)
    book.show("c1", "ann", Sides("9c24/1", "3f2a/0"))
    book.cast(VOTE)
    book.take_back("c1", "ann", NOW)
    book.take_back("c1", "ann", NOW)
    assert changes == [Change("evidence", "c1")] * 3


def test_the_name_that_somebody_gave_is_known_in_the_next_kernel(kernel):
    kernel().remember_name("ann@laptop", "Ann É.")
    assert kernel().name_of("ann@laptop") == "Ann É."
    assert kernel().name_of("bob@laptop") is None
