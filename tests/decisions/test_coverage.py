"""What a ranking promises, held against voters whose strengths are known: 400 rankings a kind of voter."""

from __future__ import annotations

import numpy as np
import pytest

from tests.decisions.voters import Voters
from veo_nb.decisions.ranking import Ranking
from veo_nb.decisions.strengths.certainty import ends
from veo_nb.decisions.strengths.fit import SIDE_SPREAD, Model, fit

RUNS = 400
KINDS = {
    "three values, 40 votes": (Voters(strengths=(0.5, 0.0, -0.5)), 40),
    "five values, 100 votes": (Voters(strengths=(0.8, 0.4, 0.0, -0.4, -0.8)), 100),
    "very different": (Voters(strengths=(2.0, 0.0, -2.0)), 40),
    "many ties of equals": (Voters(strengths=(1.0, 0.0, -1.0), davidson=2.0), 80),
    "the left is preferred, and many ties whatever is shown": (
        Voters(strengths=(0.5, 0.0, -0.5), side=1.0, tie=0.4),
        100,
    ),
    "one of five is careless": (Voters(strengths=(0.5, 0.0, -0.5), number=5, careless=True), 100),
}


@pytest.mark.parametrize("kind", KINDS)
def test_intervals_hold_the_truth_in_95_of_100(kind):
    """Pairs of one run go together: of 400 runs the share of intervals varies by about one of a hundred."""
    voters, votes = KINDS[kind]
    truth, chance = voters.truth, np.random.default_rng(7)
    size = len(truth)
    first, second = np.triu_indices(size, 1)
    mean = (truth.sum(1) - 0.5) / (size - 1)
    pairs, strengths, wrong = [], [], 0
    for _ in range(RUNS):
        ranking = Ranking(voters.vote(votes, chance))
        low, high = ranking._between(first, second)
        pairs.append((low <= truth[first, second]) & (truth[first, second] <= high))
        found = {one.value: one for one in ranking.strengths}
        each = [found[f"value {at}"] for at in range(size)]
        strengths.append([one.low <= mean[at] <= one.high for at, one in enumerate(each)])
        order = [(int(one.split()[1]), int(other.split()[1])) for one, other in ranking.decided]
        wrong += any(truth[one, other] < 0.5 for one, other in order)
    assert 0.93 <= np.mean(pairs) <= 0.97
    assert 0.93 <= np.mean(strengths) <= 0.97
    assert wrong < 0.03 * RUNS


def test_the_ends_of_an_interval_lie_where_the_likelihood_has_fallen_so_far():
    """Of votes of any kind: few, one-sided, in groups that never met."""
    chance = np.random.default_rng(3)
    for _ in range(60):
        size = int(chance.integers(2, 7))
        spread = float(chance.choice([0.0, 2.0, 8.0]))
        voters = Voters(strengths=tuple(chance.normal(0, spread, size)), tie=0.1)
        found = fit(voters.vote(int(chance.integers(1, 80)), chance))
        contrasts = np.zeros((size - 1, size))
        contrasts[:, 0], contrasts[np.arange(size - 1), np.arange(1, size)] = 1, -1
        for way, rows in zip((-1, 1), ends(found, contrasts, np.full(size - 1, 1.96)), strict=True):
            counts = found.tally
            model = Model(counts.left.sum(0), counts.right.sum(0), SIDE_SPREAD if found.with_side else 0.0)
            assert np.sqrt(2 * (found.height - model.height(rows))) == pytest.approx(1.96, abs=0.01)
            assert (way * ((contrasts * rows[:, :-1]).sum(1) - contrasts @ found.strengths) > 0).all()
