"""Measure how many votes it takes: with the pairs that `choose_pair` chooses, and with pairs by chance.

Voters of known strengths vote until every two values are decided or known to hardly differ, at one level for both ways. It is counted
how many votes that took, and how often the worse of two values was then called the better. Last comes how long one choice takes.

Of three values chosen pairs save a fifth to a quarter, not more: most of those pairs are hard, and a vote on the third tells of the other two.
From four values on it is about a half, since by chance most votes go to pairs that were decided long ago.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tests.bench.measure import keep
from veo_nb.decisions.ballots import Ballot
from veo_nb.decisions.pairs import choose_pair, settled
from veo_nb.decisions.strengths.certainty import LEVEL, Spread
from veo_nb.decisions.strengths.fit import fit, tally

MOST = 3000
"""Votes after which a run is given up; it then counts as so many."""
KINDS = {
    "3 values, evenly apart": (0.7, 0.0, -0.7),
    "3 values, two of them near": (1.2, 0.3, -0.3),
    "4 values, evenly apart": (1.2, 0.4, -0.4, -1.2),
    "5 values, evenly apart": (1.6, 0.8, 0.0, -0.8, -1.6),
    "5 values, one that is best": (1.5, 0.0, 0.0, 0.0, 0.0),
    "8 values, evenly apart": tuple(0.8 * (3.5 - at) for at in range(8)),
}
"""Strengths in logits: 0.7 apart is preferred in 67 of 100."""


@dataclass(frozen=True)
class Run:
    """How many votes it took, and whether it then called a worse value the better."""

    votes: int
    wrong: bool


def run(strengths: Sequence[float], *, chosen: bool, seed: int, every: int) -> Run:
    """Votes until all is settled, looked at after each few."""
    chance = random.Random(seed)
    values = [f"value {at}" for at in range(len(strengths))]
    known = dict(zip(values, strengths, strict=True))
    candidates = list(combinations(values, 2))
    ballots: list[Ballot] = []
    while len(ballots) < MOST:
        for _ in range(every):
            a, b = choose_pair(values, ballots, candidates, chance) if chosen else chance.sample(values, 2)
            left = chance.random() < 1 / (1 + math.exp(known[b] - known[a]))
            ballots.append(Ballot(a, b, "left" if left else "right"))
        found = fit(tally(values, ballots))
        decided, alike = settled(found, Spread.none(len(values)), LEVEL)
        if (decided | alike).all():
            break
    first, second = np.triu_indices(len(values), 1)
    truth = np.array(strengths)
    turned = (found.strengths[first] - found.strengths[second]) * (truth[first] - truth[second]) < 0
    return Run(len(ballots), bool((decided & turned).any()))


def time_of_choice() -> float:
    """Milliseconds that one choice among a dozen values takes, after 400 votes."""
    chance = random.Random(1)
    values = [f"value {at}" for at in range(12)]
    shown = [chance.sample(values, 2) for _ in range(400)]
    ballots = [Ballot(left, right, "left" if chance.random() < 0.5 else "right") for left, right in shown]
    candidates = list(combinations(values, 2))
    taken = []
    for _ in range(20):
        began = time.perf_counter()
        choose_pair(values, ballots, candidates, chance)
        taken.append(time.perf_counter() - began)
    return 1000 * min(taken)


def main() -> None:
    """Print a row for each kind of strengths."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=60, help="of each kind, 60 unless given")
    parser.add_argument("--every", type=int, default=5, help="votes between two looks, 5 unless given")
    given = parser.parse_args()
    found: list[dict[str, object]] = []
    print(f"{'':<30}{'chosen':>8}{'chance':>8}{'of 100':>8}{'wrong':>14}")
    for name, strengths in KINDS.items():
        runs = {
            chosen: [
                run(strengths, chosen=chosen, seed=seed, every=given.every) for seed in range(given.runs)
            ]
            for chosen in (True, False)
        }
        votes = {chosen: statistics.fmean(one.votes for one in each) for chosen, each in runs.items()}
        wrong = {chosen: sum(one.wrong for one in each) for chosen, each in runs.items()}
        share = 100 * votes[True] / votes[False]
        print(
            f"{name:<30}{votes[True]:>8.0f}{votes[False]:>8.0f}{share:>8.0f}{wrong[True]:>8}, {wrong[False]} of {given.runs}",
            flush=True,
        )
        found.append(
            {
                "kind": name,
                "chosen": votes[True],
                "chance": votes[False],
                "wrong": wrong[True],
                "runs": given.runs,
            }
        )
    choice = time_of_choice()
    print(f"One choice among a dozen values, after 400 votes: {choice:.1f} ms")
    keep("bench-votes", [*found, {"choice_ms": choice}])


if __name__ == "__main__":
    main()
