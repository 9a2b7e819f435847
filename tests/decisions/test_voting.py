"""What becomes of votes: given once, taken back, refused, and never lost."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from tests.decisions.contests import Clips, compare_in
from tests.decisions.test_comparison import go_through
from veo_nb.errors import InvalidRequest, VeoError
from veo_nb.store.ledger import Ledger


@pytest.fixture
def kernel(tmp_path):
    """The ledger of one library as another kernel has it open each time."""
    opened: list[Ledger] = []

    def make() -> Ledger:
        opened.append(Ledger(tmp_path / "ledger.sqlite"))
        return opened[-1]

    yield make
    for ledger in opened:
        ledger.close()


NO_VOTES = [
    ("lefft", "ann", None),
    (None, "ann", None),
    (1, "ann", None),
    ("left", "", None),
    ("left", "  \u200b ", None),
    ("left", "a\u202eb", None),
    ("left", "x" * 61, None),
    ("left", "\udc00ann", None),
    ("left", 7, None),
    ("left", "ann", -1),
    ("left", "ann", float("nan")),
    ("left", "ann", "2 s"),
]


def test_with_rounds_the_pairs_come_again_but_not_the_same_one_at_once(kernel):
    comparison = compare_in(kernel(), Clips(), rounds=14)
    pairs = [frozenset(pair.keys) for pair in go_through(comparison, "ann", "tie")]
    assert len(pairs) == 14
    assert sorted(Counter(pairs).values()) == [2, 2, 2, 2, 3, 3]
    assert all(one != other for one, other in pairwise(pairs))


def test_the_only_pair_comes_again_where_rounds_are_asked_for_but_not_after_it_was_skipped(kernel):
    comparison = compare_in(kernel(), Clips("ab", "1"), rounds=9)
    assert len(go_through(comparison, "ann", "left", most=3)) == 3
    comparison.vote("skip", "ann")
    assert (comparison.pair_for("ann"), comparison.done_for("ann")) == (None, True)


def test_a_vote_that_is_taken_back_brings_its_pair_back_and_counts_no_more(kernel):
    comparison = compare_in(kernel(), Clips(), voter="ann")
    assert comparison.undo() is None
    assert len(comparison.clips) == 6
    first = comparison.pair
    comparison.vote("left")
    second = comparison.pair
    vote = comparison.vote("right")
    comparison.pair  # noqa: B018  another one is shown by then
    assert comparison.undo().id == vote.id
    assert comparison.pair.keys == second.keys
    assert [one.choice for one in comparison.ballots()] == ["left"]
    comparison.undo()
    assert comparison.pair.keys == first.keys
    assert comparison.ballots() == []
    assert [(one.choice, one.undone_at is None) for one in comparison.votes()] == [
        ("left", False),
        ("right", False),
    ]


def test_one_pair_is_not_voted_on_twice_from_two_windows(kernel):
    here, there = (compare_in(kernel(), Clips(), voter="ann") for _ in range(2))
    pair = here.pair
    assert there.pair.keys == pair.keys
    there.vote("left")
    with pytest.raises(InvalidRequest, match="ann has voted on this pair already") as caught:
        here.vote("right")
    assert caught.value.hint == "Look at the next one: c.pair."
    with pytest.raises(InvalidRequest, match="already"):
        here.vote("right", pair=pair)
    pair = here.pair
    there.vote("tie")
    assert {*here.pair.keys} != {*pair.keys}
    here.vote("right", pair=here.pair)
    assert [one.choice for one in here.ballots()] == ["left", "tie", "right"]


def test_the_name_that_was_given_last_votes_also_in_the_next_kernel(kernel):
    comparison = compare_in(kernel(), Clips())
    assert not comparison.named
    login = comparison.voter
    assert login
    assert comparison.vote("tie").voter == login
    assert not comparison.named
    assert comparison.vote("tie", "  Ann   Lee ").voter == "Ann Lee"
    assert (comparison.voter, comparison.named) == ("Ann Lee", True)
    assert compare_in(kernel(), Clips()).voter == "Ann Lee"


def test_what_is_no_vote_is_refused_and_the_pair_stays(kernel):
    comparison = compare_in(kernel(), Clips(), voter="ann")
    pair = comparison.pair
    for choice, voter, seconds in NO_VOTES:
        with pytest.raises(InvalidRequest) as caught:
            comparison.vote(choice, voter, seconds)
        assert caught.value.hint
    assert comparison.pair.keys == pair.keys
    assert comparison.votes() == ()


def test_the_name_of_a_voter_is_one_however_it_was_typed(kernel):
    comparison = compare_in(kernel(), Clips())
    for name in ("J\u00fcrgen \u5f20", "Ju\u0308rgen  \u5f20", "\u200bJ\u00fcrgen\t\u5f20"):
        comparison.vote(" Left ", name)
    assert comparison.progress("J\u00fcrgen \u5f20").given == 3


def test_where_a_vote_can_not_be_written_it_raises_and_the_pair_stays(kernel):
    ledger = kernel()
    comparison = compare_in(ledger, Clips(), voter="ann")
    pair = comparison.pair

    def full(work, *notes):
        raise VeoError("The library's ledger can't be used: database or disk is full.", hint="Make room.")

    ledger.write = full
    with pytest.raises(VeoError, match="Make room"):
        comparison.vote("left")
    with pytest.raises(VeoError, match="Make room"):
        comparison.undo()
    assert comparison.pair.keys == pair.keys
    # Nor could the pair of somebody else be written down: it is the same one for all that.
    assert comparison.pair_for("bob").keys == comparison.pair_for("bob").keys
    del ledger.write
    comparison.vote("left")
    comparison.vote("right", "bob")
    assert [(one.voter, one.choice) for one in comparison.votes()] == [("ann", "left"), ("bob", "right")]
