"""Voters whose strengths are known, so that what a ranking says can be held against the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from veo_nb.decisions.strengths.fit import Array, Tally, expit


@dataclass(frozen=True, kw_only=True)
class Voters:
    """How people vote: strengths in logits, and what else moves them.

    `side` is for the left, in logits. A pair is a tie as often as `tie` says, whatever is in it, or as Davidson's model has it with
    `davidson`. The first of the voters may be careless: he votes by chance alone. Each may differ by so much as `habit`.
    """

    strengths: tuple[float, ...]
    side: float = 0.0
    tie: float = 0.0
    davidson: float = 0.0
    number: int = 1
    careless: bool = False
    habit: float = 0.0

    @property
    def truth(self) -> Array:
        """`[i, j]`: that i is preferred to j by voters who look, where sides don't matter."""
        at = np.array(self.strengths)
        apart = at[:, None] - at[None, :]
        nodes, weights = np.polynomial.hermite_e.hermegauss(31)
        chance: Array = (expit(apart[..., None] + 2**0.5 * self.habit * nodes) * weights).sum(
            -1
        ) / weights.sum()
        return chance

    def vote(self, votes: int, chance: np.random.Generator) -> Tally:
        """So many votes on pairs by chance, the voters in turn."""
        size = len(self.strengths)
        left, right, ties = np.zeros((3, self.number, size, size))
        who = np.arange(votes) % self.number
        first = chance.integers(size, size=votes)
        second = (first + chance.integers(1, size, size=votes)) % size
        own = np.array(self.strengths) + chance.normal(0, self.habit, (self.number, size))
        apart = own[who, first] - own[who, second] + self.side
        if self.careless:
            apart = np.where(who == 0, 0.0, apart)
        tied = self.davidson / (2 * np.cosh(apart / 2) + self.davidson) if self.davidson else self.tie
        is_tie = chance.random(votes) < tied
        is_left = chance.random(votes) < expit(apart)
        for part, where in ((ties, is_tie), (left, ~is_tie & is_left), (right, ~is_tie & ~is_left)):
            np.add.at(part, (who[where], first[where], second[where]), 1)
        names = tuple(f"voter {at}" for at in range(self.number))
        return Tally(tuple(f"value {at}" for at in range(size)), names, left, right, ties)
