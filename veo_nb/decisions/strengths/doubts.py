"""What strengths alone do not explain: a side that is preferred, voters who differ, preferences that go in a circle.

Each is said where chance explains it in at most one of a hundred rankings (`ALPHA`): that is the rate of false alarms of each by itself,
so that one of the three is raised for nothing in at most three of a hundred.
"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np

from veo_nb.decisions.strengths.fit import SIDE_SPREAD, Array, Fit, Model, expit, laplace
from veo_nb.records.late import dataclass

ALPHA = 0.01
_DRAWS, _SEED = 999, 20
_HINT = 2.0
"""A circle that is nearer to none than so many standard errors is none by any test."""


@dataclass(frozen=True)
class PreferredSide:
    """A side that is preferred: the chance that it is, of two values as strong as each other, and the test's p."""

    name: str
    chance: float
    p: float


@dataclass(frozen=True)
class Dissent:
    """Voters who differ: who is furthest from all, the value that they think more of, and the test's p."""

    voter: str
    value: str
    p: float


@dataclass(frozen=True)
class Circle:
    """Three values of which each beats the next, and the last the first; and the test's p."""

    values: tuple[str, str, str]
    p: float


def find_side(found: Fit) -> PreferredSide | None:
    """The side that voters prefer whatever is on it; None where that may be chance, or sides can't be told from strengths.

    A likelihood ratio test of the side's effect beside all strengths. False alarms: 1 of 100.
    """
    if not found.with_side:
        return None
    counts = found.tally
    left, right = counts.left.sum(0), counts.right.sum(0)
    at = Model(left, right, 0.0).climb(np.append(found.strengths, 0.0)[None])
    without = float(Model(left, right, SIDE_SPREAD).height(at)[0])
    p = math.erfc(math.sqrt(max(found.height - without, 0.0)))
    if p > ALPHA:
        return None
    name = "left" if found.side > 0 else "right"
    return PreferredSide(name, float(expit(np.array(abs(found.side)))), p)


def find_dissent(found: Fit) -> Dissent | None:
    """Whether voters differ by more than chance, and who most; None where they may all think alike.

    Each voter's votes pull the strengths of all somewhere; where all think alike those pulls are small. How small is drawn
    from the fitted model. False alarms: 1 of 100.
    """
    counts = found.tally
    who, first, second, total = _cells(counts.left + counts.right)
    if len(set(who.tolist())) < 2:
        return None
    number = len(counts.values)
    chance = expit(found.strengths[first] - found.strengths[second] + found.side)
    drawn = np.random.default_rng(_SEED).binomial(total.astype(int), chance, (_DRAWS, len(total)))
    surplus = np.vstack([counts.left[who, first, second], drawn]) - total * chance
    design = np.zeros((len(total), number + 1))
    at = np.arange(len(total))
    design[at, first], design[at, second], design[at, -1] = 1, -1, 1
    if not found.with_side:
        design[:, -1] = 0
    # What a fit to the drawn votes would have taken up.
    weights = total * chance * (1 - chance)
    taken = surplus @ design @ found.covariance @ design.T
    surplus -= weights * taken
    pulls = np.stack([(surplus * (who == voter)) @ design[:, :-1] for voter in range(len(counts.voters))])
    sizes = (pulls**2).sum((0, 2))
    p = float((sizes >= sizes[0] * (1 - 1e-9)).mean())
    if p > ALPHA:
        return None
    seen = np.zeros_like(counts.left)
    seen[who, first, second] = weights
    usual = np.trace(laplace(seen, seen, 0.0)[:, :-1, :-1] - 1, axis1=1, axis2=2)
    furthest = int(np.argmax((pulls[:, 0] ** 2).sum(1) / np.maximum(usual, 1e-9)))
    return Dissent(counts.voters[furthest], counts.values[int(np.argmax(pulls[furthest, 0]))], p)


def find_circle(found: Fit) -> Circle | None:
    """Three values that beat each other in a circle; None where there are none, or chance alone may have made them.

    For each three the logits of their wins, summed around the circle, would be nothing if strengths explained all. The largest
    such sum in its standard errors is compared with those of votes drawn from the fitted model. False alarms: 1 of 100.
    """
    wins = found.tally.wins
    both = wins + wins.T
    threes = np.array(
        [
            three
            for three in combinations(range(len(wins)), 3)
            if all(both[a, b] for a, b in combinations(three, 2))
        ]
    )
    if not len(threes):
        return None
    turns = _turns(wins[None], threes)[0]
    strongest = int(np.argmax(np.abs(turns)))
    if abs(turns[strongest]) < _HINT:
        return None
    counts = found.tally
    _, first, second, total = _cells((counts.left + counts.right).sum(0)[None])
    chance = expit(found.strengths[first] - found.strengths[second] + found.side)
    chances = np.random.default_rng(_SEED)
    larger = 1
    # As many at once as a few megabytes hold.
    step = max(1, min(_DRAWS, 2_000_000 // len(threes)))
    for begin in range(0, _DRAWS, step):
        count = min(step, _DRAWS - begin)
        left = chances.binomial(total.astype(int), chance, (count, len(total)))
        drawn = np.zeros((count, *wins.shape))
        drawn[:, first, second] += left
        drawn[:, second, first] += total - left
        larger += int((np.abs(_turns(drawn, threes)).max(1) >= abs(turns[strongest]) - 1e-9).sum())
    p = larger / (_DRAWS + 1)
    if p > ALPHA:
        return None
    a, b, c = (found.tally.values[index] for index in threes[strongest])
    return Circle((a, b, c) if turns[strongest] > 0 else (c, b, a), p)


def _cells(total: Array) -> tuple[Array, Array, Array, Array]:
    """Where anybody has a preference: voter, left, right, and how many."""
    who, first, second = np.nonzero(total)
    return who, first, second, total[who, first, second]


def _turns(wins: Array, threes: Array) -> Array:
    """`[draw, three]`: how far around each three goes, in standard errors and with its direction; nothing without a circle."""
    a, b, c = threes.T
    sums = np.zeros((len(wins), len(threes)))
    variances = np.zeros_like(sums)
    forward = np.ones(sums.shape, bool)
    back = np.ones(sums.shape, bool)
    for one, other in ((a, b), (b, c), (c, a)):
        won, lost = wins[:, one, other], wins[:, other, one]
        sums += np.log((won + 0.5) / (lost + 0.5))
        variances += 1 / (won + 0.5) + 1 / (lost + 0.5)
        forward &= won > lost
        back &= won < lost
    turns: Array = np.where(forward | back, sums / np.sqrt(variances), 0.0)
    return turns
