"""The strengths that explain votes: Bradley and Terry's model with an effect of the side, fitted with numpy alone.

The chance that the left value is preferred, where one is preferred at all, is `1 / (1 + exp(-(s[left] - s[right] + side)))`. Ties are
left out of it: given that there is a preference, Davidson's model of ties says the same of the strengths, and so it holds of
voters who call a tie of whatever they like. Every two values get a share of `n - 1` made-up votes, half for either, which for two values
is Jeffreys' prior: one-sided wins, values without votes and groups that were never compared keep finite strengths.

Bradley and Terry, Biometrika 39 (1952); Davidson, Journal of the American Statistical Association 65 (1970).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from veo_nb.decisions.ballots import Ballot
from veo_nb.records.late import dataclass

Array = npt.NDArray[Any]

SIDE_SPREAD = 2.0
"""Of the weak prior of the side's effect, in logits: it keeps it finite."""
SIDE_SEEN = 0.5
"""The share of what votes say of the side that must be left when strengths are unknown; below it the side is not fitted."""
_FAR, _TURNS = 2.0, 60
_CLOSE = 1e-6
"""After a step so small comes one of its square."""


@dataclass(frozen=True, eq=False)
class Tally:
    """Votes as counts: `left[v, i, j]` of voter v's for i on the left of j, `right[v, i, j]` for j, `ties[v, i, j]`."""

    values: tuple[str, ...]
    voters: tuple[str, ...]
    left: Array
    right: Array
    ties: Array

    @property
    def preferences(self) -> Array:
        """How often one of i on the left and j on the right was preferred, of all voters."""
        total: Array = (self.left + self.right).sum(0)
        return total

    @property
    def wins(self) -> Array:
        """How often i was preferred to j, on whichever side."""
        total: Array = self.left.sum(0) + self.right.sum(0).T
        return total

    @property
    def shown(self) -> Array:
        """How often i and j were voted on, ties counted in."""
        total: Array = (self.left + self.right + self.ties).sum(0)
        return total + total.T


def tally(values: Sequence[str], ballots: Sequence[Ballot]) -> Tally:
    """The votes as counts; a vote of other values, and one that was skipped, is left out."""
    at = {value: index for index, value in enumerate(values)}
    voters = list(dict.fromkeys(ballot.voter for ballot in ballots)) or [""]
    who = {voter: index for index, voter in enumerate(voters)}
    counts = {
        choice: np.zeros((len(voters), len(values), len(values))) for choice in ("left", "right", "tie")
    }
    for ballot in ballots:
        if (
            ballot.choice in counts
            and ballot.left in at
            and ballot.right in at
            and ballot.left != ballot.right
        ):
            counts[ballot.choice][who[ballot.voter], at[ballot.left], at[ballot.right]] += 1
    return Tally(tuple(values), tuple(voters), counts["left"], counts["right"], counts["tie"])


@dataclass(frozen=True, eq=False)
class Fit:
    """What votes say: strengths in logits that sum to nothing, the side's effect, and how sure of both.

    `covariance` is of the strengths and, last, of the side. `with_side` says whether the side could be told from the strengths.
    """

    tally: Tally
    strengths: Array
    side: float
    covariance: Array
    height: float
    with_side: bool

    @property
    def chances(self) -> Array:
        """`[i, j]`: that i is preferred to j, where one is and sides don't matter."""
        return expit(self.strengths[:, None] - self.strengths[None, :])

    def variances(self) -> Array:
        """`[i, j]`: of the difference of the strengths of i and j, as if all votes were one voter's."""
        inner = self.covariance[:-1, :-1]
        spread = np.diag(inner)
        apart: Array = np.maximum(spread[:, None] + spread[None, :] - 2 * inner, 0.0)
        return apart


def expit(x: Array) -> Array:
    """The chance of a logit."""
    chance: Array = 0.5 * (1 + np.tanh(x / 2))
    return chance


def fit(counts: Tally, start: Array | None = None) -> Fit:
    """The most likely strengths, from `start` on where that is near."""
    number = len(counts.values)
    left, right = counts.left.sum(0), counts.right.sum(0)
    model = Model(left, right, SIDE_SPREAD)
    fixed = Model(left, right, 0.0)
    at = np.zeros((1, number + 1))
    if start is not None:
        at[0, :-1] = start - start.mean()
    at = fixed.climb(at)
    with_side = min(left.sum(), right.sum()) > 0 and model.side_left(at[0]) >= SIDE_SEEN
    if with_side:
        at = model.climb(at)
    else:
        model = fixed
    covariance = np.linalg.inv(model.information(at)[0])
    covariance[:-1, :-1] -= 1 / number**2
    return Fit(counts, at[0, :-1], float(at[0, -1]), covariance, float(model.height(at)[0]), with_side)


class Model:
    """The penalised likelihood of counts: `at` are rows of strengths and, last, the side's effect."""

    def __init__(self, left: Array, right: Array, side_spread: float) -> None:
        number = len(left)
        self.left, self.total = left, left + right
        # Both orders of two values have a half of the 2 / n made-up votes.
        self.made = np.full((number, number), 1 / max(number, 1)) - np.eye(number) / max(number, 1)
        self.side_weight = side_spread**-2 if side_spread else 1e12

    def height(self, at: Array) -> Array:
        """The logarithm of the penalised likelihood, a row each."""
        apart, apart_shown = self._apart(at)
        seen = self.left * apart_shown - self.total * np.logaddexp(0, apart_shown)
        made = self.made * (apart / 2 - np.logaddexp(0, apart))
        total: Array = (seen + made).sum((1, 2)) - self.side_weight * at[:, -1] ** 2 / 2
        return total

    def slope(self, at: Array) -> Array:
        """The derivative of the height, by strengths and side."""
        apart, apart_shown = self._apart(at)
        seen = self.left - self.total * expit(apart_shown)
        both = seen + self.made * (0.5 - expit(apart))
        slope = np.empty_like(at)
        slope[:, :-1] = both.sum(2) - both.sum(1)
        slope[:, -1] = seen.sum((1, 2)) - self.side_weight * at[:, -1]
        return slope

    def information(self, at: Array) -> Array:
        """The second derivative with its sign turned; strengths are held to sum to nothing."""
        apart, apart_shown = self._apart(at)
        chance, chance_shown = expit(apart), expit(apart_shown)
        seen = self.total * chance_shown * (1 - chance_shown)
        return laplace(seen + self.made * chance * (1 - chance), seen, self.side_weight)

    def climb(self, at: Array) -> Array:
        """The rows' highest points."""
        for _ in range(_TURNS):
            step = np.linalg.solve(self.information(at), self.slope(at)[..., None])[..., 0]
            at = at + step * bound(step)
            if np.abs(step).max() < _CLOSE:
                break
        return at

    def step_on(self, at: Array, contrasts: Array, levels: Array) -> Array:
        """A step towards the highest points at which each row's contrast of strengths has its level."""
        size = at.shape[1]
        system = np.zeros((len(at), size + 1, size + 1))
        system[:, :-2, -1] = system[:, -1, :-2] = contrasts
        system[:, :size, :size] = self.information(at)
        goal = np.empty((len(at), size + 1))
        goal[:, :size] = self.slope(at)
        goal[:, -1] = levels - (contrasts * at[:, :-1]).sum(1)
        found = np.linalg.solve(system, goal[..., None])[..., 0]
        step: Array = found[:, :-1] * bound(found[:, :-1])
        return step

    def side_left(self, at: Array) -> float:
        """The share of what votes say of the side that is left when strengths have to be learned from them too."""
        information = self.information(at[None])[0]
        inner, cross, whole = information[:-1, :-1], information[:-1, -1], information[-1, -1]
        if whole <= 0:
            return 0.0
        return float((whole - cross @ np.linalg.solve(inner, cross)) / whole)

    def _apart(self, at: Array) -> tuple[Array, Array]:
        strengths = at[:, :-1]
        apart = strengths[:, :, None] - strengths[:, None, :]
        return apart, apart + at[:, -1, None, None]


def laplace(weights: Array, seen: Array, side_weight: float) -> Array:
    """The information that votes of these weights, `[…, left, right]`, hold of strengths and side."""
    number = weights.shape[-1]
    both = weights + np.swapaxes(weights, -1, -2)
    made = np.empty((*weights.shape[:-2], number + 1, number + 1))
    made[..., :-1, :-1] = both.sum(-1)[..., None] * np.eye(number) - both + 1.0
    made[..., :-1, -1] = made[..., -1, :-1] = seen.sum(-1) - seen.sum(-2)
    made[..., -1, -1] = seen.sum((-1, -2)) + side_weight
    return made


def bound(step: Array) -> Array:
    """What a step is cut by so that it stays where the likelihood is still near a parabola."""
    part: Array = np.minimum(1.0, _FAR / np.maximum(np.abs(step).max(-1, keepdims=True), 1e-300))
    return part
