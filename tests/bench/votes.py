"""Measure how many votes it takes: with the pairs that are chosen, with clips by chance, and with values by chance.

Voters of known strengths vote on a sweep that has each value in two shapes, twice, until every two values are decided or known to
hardly differ, at one level for all ways. It is counted how many votes that took, after how many of them the best was known, and how
often the worse of two values was then called the better. Last comes how long one choice takes.

- *clips by chance* are any two of the sweep, as someone takes them who opens two of its files: often of one value, and often of two
  shapes, one of which voters like better.
- *values by chance* are two clips that differ in nothing but the value. Of three values choosing saves a quarter of these, not more: most
  of those pairs are hard, and a vote on the third tells of the other two.
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
from typing import Literal

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


SHAPES = (0.25, -0.25)
"""What a clip's shape adds to its value's strength, in logits."""
TAKES = 2
Way = Literal["chosen", "clips", "values"]
WAYS: tuple[Way, ...] = ("chosen", "clips", "values")


@dataclass(frozen=True)
class Run:
    """How many votes it took until the best was known and until all was, and whether it then called a worse value the better."""

    best: int
    votes: int
    wrong: bool


def run(strengths: Sequence[float], *, way: Way, seed: int, every: int) -> Run:
    """Votes until all is settled, looked at after each few."""
    chance = random.Random(seed)
    values = [f"value {at}" for at in range(len(strengths))]
    known = dict(zip(values, strengths, strict=True))
    candidates = list(combinations(values, 2))
    clips = [(value, shape) for value in values for shape in SHAPES for _ in range(TAKES)]
    first, second = np.triu_indices(len(values), 1)
    truth = np.array(strengths)
    ballots: list[Ballot] = []
    best = votes = 0
    while votes < MOST:
        for _ in range(every):
            more = 0.0
            if way == "chosen":
                a, b = choose_pair(values, ballots, candidates, chance)
            elif way == "values":
                a, b = chance.sample(values, 2)
            else:
                (a, wide), (b, other) = chance.sample(clips, 2)
                more = wide - other
            votes += 1
            if a != b:
                left = chance.random() < 1 / (1 + math.exp(known[b] - known[a] - more))
                ballots.append(Ballot(a, b, "left" if left else "right"))
        found = fit(tally(values, ballots))
        decided, alike = settled(found, Spread.none(len(values)), LEVEL)
        leads = found.strengths.argmax()
        if not best and (decided | alike)[(first == leads) | (second == leads)].all():
            best = votes
        if (decided | alike).all():
            break
    turned = (found.strengths[first] - found.strengths[second]) * (truth[first] - truth[second]) < 0
    return Run(best or votes, votes, bool((decided & turned).any()))


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
    print(f"{'votes until all is known':<35}{'':>8}{'of clips':>20}{'of values':>20}{'wrong':>12}")
    print(f"{'(until the best is)':<35}{'chosen':>8}{'by chance':>20}{'by chance':>20}")
    for name, strengths in KINDS.items():
        runs = {
            way: [run(strengths, way=way, seed=seed, every=given.every) for seed in range(given.runs)]
            for way in WAYS
        }
        votes = {way: statistics.fmean(one.votes for one in each) for way, each in runs.items()}
        best = {way: statistics.fmean(one.best for one in each) for way, each in runs.items()}
        wrong = {way: sum(one.wrong for one in each) for way, each in runs.items()}
        chosen, *others = WAYS
        shares = "".join(
            f"{f'{votes[chosen] / votes[way]:.0%} of {votes[way]:.0f} ({best[chosen] / best[way]:.0%})':>20}"
            for way in others
        )
        print(f"{name:<35}{votes[chosen]:>8.0f}{shares}{', '.join(map(str, wrong.values())):>12}", flush=True)
        found.append({"kind": name, "runs": given.runs, "votes": votes, "best": best, "wrong": wrong})
    choice = time_of_choice()
    print(f"One choice among a dozen values, after 400 votes: {choice:.1f} ms")
    keep("bench-votes", [*found, {"choice_ms": choice}])


if __name__ == "__main__":
    main()
