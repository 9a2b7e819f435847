"""Which two values to put before a voter next, and when no more need be."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np

from veo_nb.decisions.ballots import Ballot
from veo_nb.decisions.strengths.certainty import HARDLY, LEVEL, Spread, learn_spread, pair_level, tails
from veo_nb.decisions.strengths.fit import Array, Fit, fit, tally

LEAST = 4
"""Votes of each value, before anything can be enough."""
_NEAR = 0.9
_FINAL = 0.998
"""The level at which voting ends: far beyond 95 %, since one who looks after each vote has many chances to be misled."""


def choose_pair(
    values: Sequence[str], ballots: Sequence[Ballot], candidates: Sequence[tuple[str, str]], random: Random
) -> tuple[str, str]:
    """The one of these pairs of values whose vote tells most of what is not decided yet; which is on the left is by chance.

    A vote tells as much as it is expected to lower the chances, summed over the pairs of values that are asked about, that the
    seemingly better one is the worse. Asked about are first those of the value that leads, then all. Pairs that are decided, or
    are known to hardly differ, ask for nothing more. Among pairs that tell about as much one is drawn, not that of the last vote
    where there is another. Takes a few milliseconds for a dozen values.

    Raises:
        ValueError: there are no candidates.
    """
    if not candidates:
        raise ValueError("There is no pair to choose from")
    at = {value: index for index, value in enumerate(values)}
    found = fit(tally(values, ballots))
    gains = expected_gains(found)
    gained = np.array([gains[at[a], at[b]] for a, b in candidates])
    best = [pair for pair, gain in zip(candidates, gained, strict=True) if gain >= _NEAR * gained.max()]
    last = {ballots[-1].left, ballots[-1].right} if ballots else set()
    a, b = random.choice([pair for pair in best if set(pair) != last] or best)
    return (a, b) if random.random() < 0.5 else (b, a)


def enough(values: Sequence[str], ballots: Sequence[Ballot]) -> bool:
    """Whether each two values are decided, or known to hardly differ, so surely that it may be asked after every vote.

    Voting that ends here calls the worse of two values the better in under 3 % of runs, whatever the strengths are.
    """
    counts = tally(values, ballots)
    if len(values) < 2 or counts.shown.sum(1).min() < LEAST:
        return False
    found = fit(counts)
    decided, alike = settled(found, learn_spread(found), _FINAL)
    return bool((decided | alike).all())


def expected_gains(found: Fit) -> Array:
    """`[i, j]`: by how much a vote of i against j is expected to lower the chances that an order asked about is wrong, summed."""
    number = len(found.strengths)
    first, second = np.triu_indices(number, 1)
    inner = found.covariance[:-1, :-1]
    gap = found.strengths[first] - found.strengths[second]
    variance = found.variances()[first, second]
    decided, alike = settled(found, Spread.none(number), LEVEL)
    # A gap that is seen to be nothing need not be nothing: its square is expected to be larger by its variance.
    distance = np.sqrt(gap**2 / variance + 1)
    weight = np.exp(-(distance**2) / 2) * distance / variance
    asked = ~(decided | alike)
    # Who stops early knows what is best, and the rest learns from it: the whole order takes no more votes so.
    leads = found.strengths.argmax()
    of_the_best = asked & ((first == leads) | (second == leads))
    weight = np.where(of_the_best if of_the_best.any() else asked, weight, 0.0)
    if not weight.any():
        weight = np.ones_like(weight) / variance
    # How the differences of every two pairs vary together.
    rows = inner[first] - inner[second]
    shared = rows[:, first] - rows[:, second]
    chance = found.chances[first, second]
    information = chance * (1 - chance)
    gain = (weight[:, None] * shared**2).sum(0) * information / (1 + information * variance)
    gains = np.zeros((number, number))
    gains[first, second] = gains[second, first] = gain
    return gains


def settled(found: Fit, spread: Spread, level: float) -> tuple[Array, Array]:
    """Of each two values: whether one is better, and whether they hardly differ."""
    number = len(found.strengths)
    first, second = np.triu_indices(number, 1)
    contrasts = np.zeros((len(first), number))
    contrasts[np.arange(len(first)), first] = 1
    contrasts[np.arange(len(first)), second] = -1
    widths = spread.widths(found, contrasts)
    gap = np.abs(found.strengths[first] - found.strengths[second])
    error = np.sqrt(found.variances()[first, second])
    decided = tails(gap / error, widths, spread.chances) < 1 - pair_level(number, level)
    room = np.log(HARDLY / (1 - HARDLY)) - gap
    alike = (room > 0) & (tails(np.maximum(room, 0) / error, widths, spread.chances) < 1 - LEVEL)
    return decided, alike
