"""Whether a judge sees it as people do: Cohen's kappa of both, with its interval. Pure, over ballots.

Kappa is how much more often two agree than chance would have it: 1 is always, 0 as often as by chance (J. Cohen, "A
coefficient of agreement for nominal scales", 1960). Which of two clips stood left means nothing, so chance has no
sides either: every pair counts in both orders, and without ties chance agrees in half of them.

The variance is that of the delta method (Fleiss, Cohen and Everitt, 1969), summed over pairs rather than votes, since
ten people who vote on one pair say once, not ten times, whether the judge is right about it. The interval is Wilson's
at the number of votes that would have this variance alone, so that a judge who was always right so far is not called
certain.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from veo_nb import catalog
from veo_nb.decisions.ballots import Ballot
from veo_nb.records.late import dataclass

FEWEST = 10
"""Pairs that both have to have judged before kappa is said: of fewer its interval is worth nothing."""
_Z = 1.959964
"""Of the normal distribution, 95 in 100 lie between this and its negative."""
_TIE = None

Pair = tuple[str, str]
Preferred = str | None
"""What was said of a pair; None for a tie."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How often people and a judge say the same of a pair; `str` of it is one sentence.

    `agreed` of `votes`, the votes of people on the `pairs` that the judge has an opinion on too. `kappa` with `low` and
    `high`, its 95 % interval; all three None where there is too little to say so, and `reason` says why.
    """

    judge: str
    agreed: int
    votes: int
    pairs: int
    kappa: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""

    def __str__(self) -> str:
        who = f"The judge {catalog.shown(self.judge)}" if self.judge else "The judge"
        if not self.votes:
            return f"{who} and people have judged no pair in common yet."
        said = f"{who} agrees with people in {self.agreed} of {self.votes}"
        if self.kappa is None:
            return f"{said}. {self.reason}"
        return (
            f"{said}; kappa {_figure(self.kappa)} ({_figure(self.low)} to {_figure(self.high)}), "
            "where 0 is chance and 1 is always."
        )


def agreements(ballots: Iterable[Ballot]) -> list[Agreement]:
    """How far each judge agrees with people, one after the other by name; empty where no judge was asked.

    The ballots name whatever was compared: those that name clips, and not values alone, tell what is one pair and what
    another. Skipped pairs are left out; of several verdicts of one judge on one pair the last counts.
    """
    people: dict[Pair, list[Preferred]] = defaultdict(list)
    judges: dict[str, dict[Pair, Preferred]] = defaultdict(dict)
    for one in ballots:
        if one.choice == "skip" and not one.judge:
            continue
        pair = (min(one.left, one.right), max(one.left, one.right))
        verdict = {"left": one.left, "right": one.right}.get(one.choice, _TIE)
        if not one.judge:
            people[pair].append(verdict)
        elif one.choice == "skip":
            judges[one.voter].pop(pair, None)
        else:
            judges[one.voter][pair] = verdict
    return [_agreement(name, people, judges[name]) for name in sorted(judges)]


def _agreement(
    judge: str, people: Mapping[Pair, Sequence[Preferred]], verdicts: Mapping[Pair, Preferred]
) -> Agreement:
    both = {
        pair: [(vote, verdict) for vote in people[pair]]
        for pair, verdict in verdicts.items()
        if pair in people
    }
    units = [unit for pair in both.values() for unit in pair]
    agreed = sum(vote == verdict for vote, verdict in units)
    counted = Agreement(judge=judge, agreed=agreed, votes=len(units), pairs=len(both))
    ties = [sum(side is _TIE for side in sides) for sides in zip(*units, strict=True)] or [0, 0]
    if len(both) < FEWEST:
        pairs = "1 pair is" if len(both) == 1 else f"{len(both)} pairs are"
        return replace(
            counted, reason=f"{pairs} too few to say more: it takes {FEWEST} that both have judged."
        )
    if len(units) in ties:
        who = " and ".join(
            name for name, count in zip(("people", "the judge"), ties, strict=True) if count == len(units)
        )
        return replace(counted, reason=f"It can't be told from chance: {who} called every pair a tie.")
    kappa, low, high = _kappa(list(both.values()), *(count / len(units) for count in ties))
    return replace(counted, kappa=kappa, low=low, high=high)


def _kappa(
    pairs: Sequence[Sequence[tuple[Preferred, Preferred]]], people: float, judge: float
) -> tuple[float, float, float]:
    """Kappa and its interval; `people` and `judge` are the shares of ties of each."""
    votes = sum(map(len, pairs))
    share = sum(vote == verdict for pair in pairs for vote, verdict in pair) / votes
    chance = people * judge + (1 - people) * (1 - judge) / 2

    def pull(vote: Preferred, verdict: Preferred) -> float:
        """How much this vote alone moves kappa, times the number of votes."""
        of_chance = (3 * judge - 1) / 2 * ((vote is _TIE) - people) + (3 * people - 1) / 2 * (
            (verdict is _TIE) - judge
        )
        return (((vote == verdict) - share) * (1 - chance) - (1 - share) * of_chance) / (1 - chance) ** 2

    squares = math.fsum(math.fsum(pull(*unit) for unit in pair) ** 2 for pair in pairs)
    variance = squares / votes**2 * len(pairs) / (len(pairs) - 1)
    alike = share * (1 - share) / (variance * (1 - chance) ** 2) if variance and 0 < share < 1 else len(pairs)
    low, high = _wilson(share, min(alike, votes))
    return (share - chance) / (1 - chance), (low - chance) / (1 - chance), (high - chance) / (1 - chance)


def _wilson(share: float, count: float) -> tuple[float, float]:
    """The 95 % interval of a share of so many."""
    spread = _Z**2 / count
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(spread * (share * (1 - share) + spread / 4)) / (1 + spread)
    return middle - half, middle + half


def _figure(value: float | None) -> str:
    return f"{value:.2f}".replace("-0.00", "0.00")
