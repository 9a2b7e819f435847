"""How sure votes are: intervals by profile likelihood, made wider by as much as voters are seen to differ.

Votes of one voter go together: who likes fast pictures does so in each vote. How far voters differ is learned from the votes
(restricted maximum likelihood, over a grid), and each distance counts by how likely it is, so that two voters who agree by chance
don't pass for proof that all do. With one voter nothing can be learned of others: intervals then hold of that voter alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from statistics import NormalDist

import numpy as np

from veo_nb.decisions.strengths.fit import SIDE_SPREAD, Array, Fit, Model, expit, laplace
from veo_nb.records.late import dataclass

LEVEL = 0.95
HARDLY = 0.6
"""Two values of which neither is preferred more often than this hardly differ: knowing so is an answer as well."""
SPREADS: Array = np.array([0.0, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0, 1.4, 2.0])
"""How far a voter's strengths may lie from everyone's, in logits. Before the votes, that voters are alike …"""
SAME, USUAL = 0.7, 0.5
"""… is as likely as this, and else each distance as a half of normal spread says."""
_TURNS, _CLOSE = 50, 5e-3
_erfc = np.vectorize(math.erfc, otypes=[float])


@dataclass(frozen=True, eq=False)
class Spread:
    """How far voters' strengths lie from everyone's: `chances` of each of `SPREADS`, and what that adds to the covariance."""

    chances: Array
    added: Array

    @classmethod
    def none(cls, number: int) -> Spread:
        """That of voters who are alike."""
        return cls(np.eye(len(SPREADS))[0], np.zeros((number, number)))

    @property
    def usual(self) -> float:
        """The mean, in logits."""
        return float(self.chances @ SPREADS)

    def widths(self, found: Fit, contrasts: Array) -> Array:
        """`[contrast, spread]`: how much wider than one voter's the distribution of a contrast is if voters differ so far."""
        inner = found.covariance[:-1, :-1]
        plain = np.einsum("ci,ij,cj->c", contrasts, inner, contrasts)
        added = np.einsum("ci,ij,cj->c", contrasts, self.added, contrasts)
        wider: Array = np.sqrt(1 + (added / np.maximum(plain, 1e-300))[:, None] * SPREADS**2)
        return wider


def learn_spread(found: Fit) -> Spread:
    """How far voters differ, from what each one's votes say beyond the strengths of all."""
    counts = found.tally
    number = len(counts.values)
    each = [v for v in range(len(counts.voters)) if counts.left[v].any() or counts.right[v].any()]
    if len(each) < 2:
        return Spread.none(number)
    chance = expit(found.strengths[:, None] - found.strengths[None, :] + found.side)
    total = counts.left[each] + counts.right[each]
    seen = total * chance * (1 - chance)
    surplus = counts.left[each] - total * chance
    slopes = surplus.sum(2) - surplus.sum(1)
    informations = laplace(seen, seen, 0.0)[:, :-1, :-1] - 1.0
    made = Model(np.zeros((number, number)), np.zeros((number, number)), 1.0)
    base = made.information(np.append(found.strengths, 0.0)[None])[0, :-1, :-1]
    sizes, axes = np.linalg.eigh(informations)
    sizes = np.where(sizes > 1e-9, sizes, 0.0)
    along = np.einsum("vij,vi->vj", axes, slopes)
    heights = np.array([_restricted(spread, sizes, axes, along, base) for spread in SPREADS])
    prior = np.exp(-((SPREADS / USUAL) ** 2) / 2) * np.gradient(SPREADS)
    prior[0] = 0.0
    prior *= (1 - SAME) / prior.sum()
    prior[0] = SAME
    chances = prior * np.exp(heights - heights.max())
    inner = found.covariance[:-1, :-1]
    return Spread(chances / chances.sum(), inner @ (informations @ informations).sum(0) @ inner)


def _restricted(spread: float, sizes: Array, axes: Array, along: Array, base: Array) -> float:
    """The restricted likelihood's logarithm of voters that differ so far."""
    widened = 1 + spread**2 * sizes
    precision = np.einsum("vij,vj,vkj->ik", axes, sizes / widened, axes) + base
    pull = np.einsum("vij,vj->i", axes, along / widened)
    rest = np.where(sizes > 0, along**2 / np.where(sizes > 0, sizes * widened, 1.0), 0.0).sum()
    return float(
        -0.5
        * (
            np.log(widened).sum()
            + np.linalg.slogdet(precision)[1]
            + rest
            - pull @ np.linalg.solve(precision, pull)
        )
    )


def tails(distances: Array, widths: Array, chances: Array) -> Array:
    """The chance that something is further from its mean than these distances, to either side, of widths as likely as said."""
    tail: Array = _erfc(distances[:, None] / widths / math.sqrt(2)) @ chances
    return tail


def reaches(level: float, widths: Array, chances: Array) -> Array:
    """How far to go to either side so that so much of the distribution lies between."""
    plain = quantile(level)
    if chances[0] == 1:
        return np.full(len(widths), plain)
    low, high = np.full(len(widths), plain), plain * widths[:, -1]
    for _ in range(30):
        middle = (low + high) / 2
        out = tails(middle, widths, chances) > 1 - level
        low, high = np.where(out, middle, low), np.where(out, high, middle)
    return (low + high) / 2


def ends(
    found: Fit, contrasts: Array, distances: Array, steer: Callable[[Array], Array] | None = None
) -> tuple[Array, Array]:
    """The strengths and sides at which each contrast is so far below and above what is most likely, by the likelihood's fall.

    A distance of 1.96 is where the profile likelihood has fallen by 1.92, which makes an interval of 95 %. Of what is no
    contrast, but bends, `steer` says for rows of strengths which contrasts it is there.
    """
    number = len(contrasts)
    model = _model(found)
    both = np.vstack([contrasts, contrasts])
    way = np.repeat([-1.0, 1.0], number)
    goal = np.tile(distances, 2)
    at = np.tile(np.append(found.strengths, found.side), (2 * number, 1))
    width = np.sqrt(np.einsum("ci,ij,cj->c", both, found.covariance[:-1, :-1], both))
    levels = both @ found.strengths + way * goal * width
    best = at
    for _ in range(_TURNS):
        step = model.step_on(at, both, levels)
        at = at + step
        fallen = np.sqrt(np.maximum(2 * (found.height - model.height(at)), 1e-12))
        steep = np.abs((both * model.slope(at)[:, :-1]).sum(1)) / (both**2).sum(1)
        before, off = both, goal - fallen
        if steer is not None:
            # Half of the way: what a value that nobody has seen does to the others would else go back and forth.
            both = (both + steer(at[:, :-1])) / 2
        if max(np.abs(part).max() for part in (off, step, both - before)) < _CLOSE:
            break
        level = (both * at[:, :-1]).sum(1)
        out = way * (level - (both * best[:, :-1]).sum(1))
        # Never back past the middle, where the likelihood falls the other way.
        outward = np.clip(off * fallen / np.maximum(steep, 1e-9), -0.6 * np.abs(out), 2 * width)
        levels = level + way * outward
    return at[:number], at[number:]


def signs(found: Fit, contrasts: Array) -> Array:
    """How far each contrast is from nothing, by the likelihood's fall: a standard normal where there is none."""
    at = np.tile(np.append(found.strengths, found.side), (len(contrasts), 1))
    model = _model(found)
    for _ in range(_TURNS):
        step = model.step_on(at, contrasts, np.zeros(len(contrasts)))
        at = at + step
        if np.abs(step).max() < _CLOSE:
            break
    fallen = np.sqrt(np.maximum(2 * (found.height - model.height(at)), 0.0))
    sign: Array = np.sign(contrasts @ found.strengths) * fallen
    return sign


def _model(found: Fit) -> Model:
    counts = found.tally
    return Model(counts.left.sum(0), counts.right.sum(0), SIDE_SPREAD if found.with_side else 0.0)


@cache
def pair_level(number: int, level: float = LEVEL) -> float:
    """The level at which each pair of so many values must hold so that all do at once (Tukey's range)."""
    if number <= 2:
        return level
    at = np.linspace(-8, 8, 801)
    density = np.exp(-(at**2) / 2) / math.sqrt(2 * math.pi)
    below = 1 - _erfc(at / math.sqrt(2)) / 2
    low, high = 1.0, 10.0
    for _ in range(40):
        middle = (low + high) / 2
        inside = below - (1 - _erfc((at - middle * math.sqrt(2)) / math.sqrt(2)) / 2)
        held = number * float((density * inside ** (number - 1)).sum() * (at[1] - at[0]))
        low, high = (middle, high) if held < level else (low, middle)
    return 1 - math.erfc(low / math.sqrt(2))


def quantile(level: float) -> float:
    """How many standard errors to either side hold so much of a normal distribution."""
    return NormalDist().inv_cdf((1 + level) / 2)
