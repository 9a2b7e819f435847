"""Whether a judge sees it as people do: kappa and its interval against values worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from veo_nb.decisions.agreement import FEWEST, Agreement, agreements
from veo_nb.decisions.ballots import Ballot


def both(pair: int, person: Any, judge: Any) -> list[Ballot]:
    """A person's vote on a pair, and the judge's, who saw it the other way round: `left` is the same clip for both."""
    swapped = {"left": "right", "right": "left"}
    return [
        Ballot(f"a{pair}", f"b{pair}", person, "ann"),
        Ballot(f"b{pair}", f"a{pair}", swapped.get(judge, judge), "sharp", judge=True),
    ]


def told(*counts: tuple[int, str, str]) -> Agreement:
    """The agreement where so many pairs were voted on so by a person, and so by the judge."""
    cases = [(person, judge) for count, person, judge in counts for _ in range(count)]
    ballots = [one for pair, case in enumerate(cases) for one in both(pair, *case)]
    (found,) = agreements(ballots)
    return found


def wilson(share: float, count: float) -> tuple[float, float]:
    """The limits at which a test of a share would just not refuse it: the roots of (p - share)² = z² p (1 - p) / n."""
    z2 = 1.959964**2 / count
    a, b, c = 1 + z2, -(2 * share + z2), share**2
    root = math.sqrt(b * b - 4 * a * c)
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def test_without_ties_kappa_is_twice_what_is_agreed_less_one():
    """Of 40 pairs 31 alike: chance agrees in half, so kappa is 0.55; each pair alone moves it by 2 (agreed - 0.775)."""
    found = told((20, "left", "left"), (11, "right", "right"), (5, "left", "right"), (4, "right", "left"))
    assert (found.agreed, found.votes, found.pairs) == (31, 40, 40)
    assert found.kappa == pytest.approx(0.55)
    low, high = wilson(0.775, 39)
    assert [found.low, found.high] == [pytest.approx(2 * low - 1), pytest.approx(2 * high - 1)]
    assert str(found) == (
        "The judge 'sharp' agrees with people in 31 of 40; kappa 0.55 (0.25 to 0.76), where 0 is chance and 1 is always."
    )


def test_ties_are_a_third_answer():
    """A table of 40: 12 left and 12 right alike, 6 ties alike, 4 the other way, 6 where one alone saw a tie.

    Both say tie in 9 of 40. Chance: 0.225² + 0.775² / 2 = 0.3509; agreed 0.75; kappa (0.75 - 0.3509) / 0.6491 = 0.6148.
    """
    found = told(
        *((12, "left", "left"), (12, "right", "right"), (6, "tie", "tie")),
        *((4, "left", "right"), (3, "tie", "left"), (3, "right", "tie")),
    )
    assert found.kappa == pytest.approx(0.614829, abs=1e-6)
    # Fleiss, Cohen and Everitt (1969) for that table and its mirror image: a variance of 0.0109755 for 40, 0.0112569 for 39.
    alike = 0.75 * 0.25 / (0.0112569 * 0.649063**2)
    low, high = ((one - 0.350938) / 0.649063 for one in wilson(0.75, alike))
    assert [found.low, found.high] == [pytest.approx(low, abs=1e-5), pytest.approx(high, abs=1e-5)]


def test_sides_and_who_is_called_a_carry_no_weight():
    """All of it always for the same value is agreement like any other, not one class that tells nothing."""
    one = told((20, "left", "left"))
    assert one == told((10, "left", "left"), (10, "right", "right"))
    assert one.kappa == 1
    low, _ = wilson(1.0, 20)
    assert [one.low, one.high] == [pytest.approx(2 * low - 1), pytest.approx(1)]


def test_ten_people_on_one_pair_are_one_pair():
    pairs = [(pair, "left" if pair % 4 else "right") for pair in range(12)]
    judged = [ballot for pair, vote in pairs for ballot in both(pair, vote, "left")]
    (alone,) = agreements(judged)
    (many,) = agreements([*judged, *(one for _ in range(9) for one in judged if not one.judge)])
    assert (alone.votes, many.votes, alone.pairs, many.pairs) == (12, 120, 12, 12)
    assert many.kappa == pytest.approx(alone.kappa)
    assert [many.low, many.high] == [pytest.approx(alone.low), pytest.approx(alone.high)]


def test_each_judge_is_compared_alone_and_over_what_both_have_judged():
    ballots = [one for pair in range(12) for one in both(pair, "left", "left")]
    ballots += [Ballot("a0", "b0", "right", "other", judge=True), Ballot("x", "y", "left", "ann")]
    # Skipped pairs say nothing, and the last verdict counts.
    ballots += [Ballot("a0", "b0", "skip", "ben"), Ballot("a1", "b1", "right", "sharp", judge=True)]
    other, sharp = agreements(ballots)
    assert (other.judge, other.agreed, other.votes) == ("other", 0, 1)
    assert (sharp.judge, sharp.agreed, sharp.votes) == ("sharp", 11, 12)


def test_too_few_pairs_are_said_and_no_number():
    found = told((FEWEST - 1, "left", "left"))
    assert (found.kappa, found.low, found.high) == (None, None, None)
    assert str(found) == (
        "The judge 'sharp' agrees with people in 9 of 9. 9 pairs are too few to say more: it takes 10 that both have judged."
    )
    assert str(told((1, "left", "right"))).endswith(
        "0 of 1. 1 pair is too few to say more: it takes 10 that both have judged."
    )


@pytest.mark.parametrize(
    ("person", "judge", "who"),
    [("tie", "left", "people"), ("left", "tie", "the judge"), ("tie", "tie", "people and the judge")],
)
def test_one_who_calls_all_a_tie_can_not_be_told_from_chance(person, judge, who):
    found = told((12, person, judge))
    assert found.kappa is None
    assert str(found).endswith(f"It can't be told from chance: {who} called every pair a tie.")


def test_a_judge_who_is_never_right_has_an_interval_as_well():
    found = told((6, "left", "tie"), (6, "tie", "left"))
    assert found.kappa == pytest.approx((0 - 0.375) / 0.625)
    assert found.low is not None
    assert found.high is not None
    assert -0.6 - 1e-9 <= found.low < found.high


def test_without_a_judge_or_people_there_is_nothing_to_agree_on():
    assert agreements([Ballot("a", "b", "left", "ann")]) == []
    (alone,) = agreements([Ballot("a", "b", "left", "sharp", judge=True)])
    assert str(alone) == "The judge 'sharp' and people have judged no pair in common yet."
