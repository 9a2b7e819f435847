from itertools import combinations
from random import Random

import pytest

from veo_nb.decisions.ballots import Ballot
from veo_nb.decisions.pairs import choose_pair, enough

THREE = ("a", "b", "c")
ALL = list(combinations(THREE, 2))


def votes(left, right, wins, losses=0, ties=0):
    return (
        [Ballot(left, right, "left")] * wins
        + [Ballot(left, right, "right")] * losses
        + [Ballot(left, right, "tie")] * ties
    )


def chosen(values, ballots, candidates=None, seed=0):
    return set(choose_pair(values, ballots, candidates or list(combinations(values, 2)), Random(seed)))


def test_a_value_that_nobody_has_seen_comes_first():
    ballots = votes("a", "b", 6, 4)
    for seed in range(20):
        assert "c" in chosen(THREE, ballots, seed=seed)


def test_what_is_decided_is_not_asked_again():
    """a beats both; b and c are open."""
    ballots = votes("a", "b", 20, 1) + votes("a", "c", 20, 1) + votes("b", "c", 6, 5)
    for seed in range(20):
        assert chosen(THREE, ballots, seed=seed) == {"b", "c"}


def test_a_pair_that_is_open_is_told_of_by_others_where_it_can_not_be_shown():
    ballots = votes("a", "b", 8, 2) + votes("a", "c", 8, 3)
    assert chosen(THREE, ballots, [("a", "b"), ("a", "c")]) in ({"a", "b"}, {"a", "c"})


@pytest.mark.parametrize(
    "ballots",
    [
        [],
        votes("a", "b", 0, 0, 30),
        votes("a", "b", 40),
        [*votes("a", "b", 5), Ballot("x", "y", "left"), Ballot("a", "c", "skip")],
        votes("a", "b", 300, 200) + votes("b", "c", 1),
    ],
    ids=["none", "all ties", "one-sided", "of other values", "unbalanced"],
)
def test_any_votes_lead_to_a_pair(ballots):
    assert choose_pair(THREE, ballots, ALL, Random(1)) in {*ALL, *((b, a) for a, b in ALL)}
    assert not enough(THREE, ballots)


def test_groups_that_were_never_compared_are_brought_together():
    values = ("a", "b", "c", "d")
    ballots = votes("a", "b", 12, 8) + votes("c", "d", 12, 8)
    for seed in range(10):
        assert chosen(values, ballots, seed=seed) not in ({"a", "b"}, {"c", "d"})


def test_sides_are_shuffled():
    first = [choose_pair(("a", "b"), [], [("a", "b")], Random(seed))[0] for seed in range(200)]
    assert 70 < first.count("a") < 130


def test_the_same_pair_is_not_shown_twice_in_a_row_where_another_tells_as_much():
    ballots = [*votes("b", "c", 9, 9), *votes("a", "b", 4, 1), *votes("a", "c", 4, 1)]
    for seed in range(20):
        assert chosen(THREE, ballots, seed=seed) == {"a", "b"}


def test_what_is_best_is_asked_first_and_then_the_order_of_the_rest():
    """Two pairs that are equally open, far apart: the upper comes first, whichever has fewer votes."""
    values = ("a", "b", "c", "d")
    ballots = [*votes("b", "c", 40, 2), *votes("a", "b", 16, 12), *votes("c", "d", 13, 10)]
    for seed in range(10):
        assert chosen(values, ballots, seed=seed) == {"a", "b"}
        assert chosen(values, [*ballots, *votes("a", "b", 60)], seed=seed) == {"c", "d"}


def test_nothing_to_choose_from():
    with pytest.raises(ValueError, match="no pair"):
        choose_pair(THREE, [], [], Random(0))


def test_enough_when_all_is_decided_or_known_to_hardly_differ():
    apart = votes("a", "b", 30, 3)
    assert enough(("a", "b"), apart)
    assert not enough(("a", "b"), votes("a", "b", 7, 1))
    assert not enough(THREE, apart)
    assert enough(("a", "b"), votes("a", "b", 100, 100))
    assert not enough(("a",), [])
    assert not enough((), [])


def test_ties_alone_never_decide():
    assert not enough(("a", "b"), votes("a", "b", 0, 0, 500))
