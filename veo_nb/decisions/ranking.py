"""The ranking that votes come to: strengths with intervals, what is decided, and what is to be said of it.

The model is Bradley and Terry's with Davidson's ties. `evalica` fits it (Newman's iteration): from there come the tie's share and the
strengths that `strengths.fit` starts from, which adds what evalica has not: the effect of the side and a covariance. Its own
bootstrap is not used: it draws single votes, as if each were another voter's, so that habits of voters make it too sure, and a value
that won nearly all its votes wins them in each draw: of 40 votes on three values of strengths 2, 0 and -2, its intervals of 95 % (0.4.2,
BCa) held in 53 of 100. `strengths.certainty` says how intervals are made instead.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from veo_nb import catalog
from veo_nb.decisions.agreement import Agreement
from veo_nb.decisions.agreement import agreements as agreements_of
from veo_nb.decisions.outcome.figures import Chance, Strength
from veo_nb.decisions.outcome.votes import EXAMPLE, read_value, read_votes
from veo_nb.decisions.strengths.certainty import (
    HARDLY,
    LEVEL,
    ends,
    learn_spread,
    pair_level,
    quantile,
    reaches,
    signs,
    tails,
)
from veo_nb.decisions.strengths.doubts import (
    Circle,
    Dissent,
    PreferredSide,
    find_circle,
    find_dissent,
    find_side,
)
from veo_nb.decisions.strengths.fit import Array, Tally, expit, fit, tally
from veo_nb.errors import InvalidRequest, VeoError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_MOST_EXACT = 30
"""Values up to which each two are compared by the likelihood itself; of more by its parabola, which decides a little less."""
_ROWS = 200


class Ranking:
    """What votes come to. It shows itself as a table with a plot; `sentences` says it in words.

    Sides and ties don't count: chances are those of a preference, with either value as often on either side. Intervals are
    of 95 % each, and hold of people like the voters as far as these let one see how people differ. They say nothing of other
    clips of the same values than those that were shown.
    """

    def __init__(
        self,
        counts: Tally,
        *,
        skipped: int = 0,
        by_judges: int = 0,
        agreements: Sequence[Agreement] = (),
    ) -> None:
        start, self._tie = _evalica(counts)
        self._fit = fit(counts, start)
        self._spread = learn_spread(self._fit)
        self._level = pair_level(len(counts.values))
        self._at = {value: index for index, value in enumerate(counts.values)}
        self.skipped = skipped
        """Votes that said nothing."""
        self.by_judges = by_judges
        """Votes of judges, which are not counted among people's."""
        self.agreements = tuple(agreements)
        """How far each judge agrees with people."""

    @cached_property
    def strengths(self) -> tuple[Strength, ...]:
        """The values, the strongest first."""
        found, number = self._fit, len(self._fit.strengths)
        own = np.arange(number)

        def bends(rows: Array) -> Array:
            each = np.tile(own, len(rows) // number)
            lines = np.arange(len(rows))
            chance = expit(rows[lines, each][:, None] - rows)
            weights = -chance * (1 - chance)
            weights[lines, each] = 0
            weights[lines, each] = -weights.sum(1)
            # So that each is of one size, wherever it is.
            contrasts: Array = weights / weights[lines, each][:, None]
            return contrasts

        def means(rows: Array) -> Array:
            each: Array = (expit(rows[own, own][:, None] - rows).sum(1) - 0.5) / (number - 1)
            return each

        contrasts = bends(np.tile(found.strengths, (number, 1)))
        reach = reaches(LEVEL, self._spread.widths(found, contrasts), self._spread.chances)
        low, high = ends(found, contrasts, reach, bends)
        best, low, high = (
            means(rows) for rows in (np.tile(found.strengths, (number, 1)), low[:, :-1], high[:, :-1])
        )
        votes = found.tally.shown.sum(1)
        made = [
            Strength(value, float(best[at]), float(low[at]), float(high[at]), int(votes[at]))
            for value, at in self._at.items()
        ]
        # Equals stay in the order that was given.
        return tuple(sorted(made, key=lambda one: -round(one.strength, 9)))

    @cached_property
    def values(self) -> tuple[str, ...]:
        """What is ranked, the strongest first."""
        return tuple(one.value for one in self.strengths)

    @property
    def votes(self) -> int:
        """Those that count: preferences and ties."""
        return int(self._fit.tally.shown.sum()) // 2

    @property
    def ties(self) -> int:
        """Votes for neither."""
        return int(self._fit.tally.ties.sum())

    @property
    def sides(self) -> tuple[int, int]:
        """Preferences for the left, and for the right."""
        return int(self._fit.tally.left.sum()), int(self._fit.tally.right.sum())

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The values with votes, in groups between which there is none, not by way of others either."""
        found = self._fit.tally
        met = (found.left + found.right).sum(0)
        met = met + met.T
        left = [at for at in range(len(met)) if found.shown[at].any()]
        groups = []
        while left:
            group, edge = set(), {left[0]}
            while edge:
                group |= edge
                edge = {int(other) for at in edge for other in np.nonzero(met[at])[0]} - group
            groups.append(tuple(found.values[at] for at in sorted(group)))
            left = [at for at in left if at not in group]
        return tuple(groups)

    @property
    def voters(self) -> tuple[str, ...]:
        """Who voted, by name; nobody who gave none."""
        return tuple(voter for voter in self._fit.tally.voters if voter)

    def chance(self, one: Any, other: Any) -> Chance:
        """That `one` is preferred to `other`, where there is a preference.

        Raises:
            InvalidRequest: one of them is not ranked, or they are the same.
        """
        a, b = self._index(one), self._index(other)
        if a == b:
            raise InvalidRequest(
                f"{catalog.shown(one)} is not compared with itself.", hint="Name two values.", field="value"
            )
        low, high = self._between(np.array([min(a, b)]), np.array([max(a, b)]))
        value, votes = float(self._fit.chances[a, b]), int(self._fit.tally.shown[a, b])
        # One way round for both questions, so that they agree to the last digit.
        if a < b:
            return Chance(value, float(low[0]), float(high[0]), votes)
        return Chance(value, 1 - float(high[0]), 1 - float(low[0]), votes)

    @cached_property
    def decided(self) -> tuple[tuple[str, str], ...]:
        """The pairs, better and worse, of which that is sure when all pairs are asked at once.

        The level is Tukey's of 95 % for all pairs together, so that a ranking calls any worse value the better in under 3 % of
        runs. It holds of votes whose number was fixed, or that ended with a comparison's own "enough"; who looks after each vote and
        stops as soon as something is decided is misled more often.
        """
        order = {value: at for at, value in enumerate(self.values)}
        found = [
            (one, other) if self._apart[self._at[one], self._at[other]] > 0 else (other, one)
            for one, other in _pairs(self.values)
            if self._sure[self._at[one], self._at[other]]
        ]
        return tuple(sorted(found, key=lambda pair: (order[pair[0]], order[pair[1]])))

    def more(self, one: Any, other: Any) -> int | None:
        """About how many more votes on these two would tell which is better, or that they hardly differ; None where that is known.

        As many as it takes if the strengths are as they now seem; of voters who are not unlike those until now.
        """
        a, b = self._index(one), self._index(other)
        if self._sure[a, b] or self._hardly(one, other):
            return None
        found = self._fit
        gap = abs(float(found.strengths[a] - found.strengths[b]))
        variance = float(found.variances()[a, b])
        contrast = _contrasts(len(found.strengths), np.array([a]), np.array([b]))
        width = float(np.sqrt(self._spread.widths(found, contrast)[0] ** 2 @ self._spread.chances))
        share = float(found.chances[a, b])
        # Newman's tie: 2 v sqrt(p q) beside p and q.
        tie = 2 * self._tie * math.sqrt(share * (1 - share))
        each = share * (1 - share) / (1 + tie)
        goals = [gap / quantile(self._level)]
        room = math.log(HARDLY / (1 - HARDLY)) - gap
        if room > 0:
            goals.append(room / quantile(LEVEL))
        needed = max(goals) / width
        return max(1, math.ceil((needed**-2 - 1 / variance) / each))

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """What is to be said, in plain words, the most important first."""
        from veo_nb.decisions.outcome.sentences import sentences

        return sentences(self)

    @cached_property
    def side(self) -> PreferredSide | None:
        """The side that is preferred whatever is on it, or None; raised by chance in 1 of 100 rankings."""
        return find_side(self._fit)

    @cached_property
    def dissent(self) -> Dissent | None:
        """Voters who differ by more than chance, or None; raised by chance in 1 of 100 rankings."""
        return find_dissent(self._fit)

    @cached_property
    def circle(self) -> Circle | None:
        """Preferences that go in a circle by more than chance, or None; raised by chance in 1 of 100 rankings."""
        return find_circle(self._fit)

    def to_dataframe(self) -> pd.DataFrame:
        """The strengths as a pandas table, the strongest first: `value, strength, low, high, votes`."""
        import pandas as pd

        names = ["value", "strength", "low", "high", "votes"]
        return pd.DataFrame([[getattr(one, name) for name in names] for one in self.strengths], columns=names)

    def plot(self) -> Figure:
        """The strengths and their intervals as a chart of matplotlib's.

        Raises:
            VeoError: matplotlib is missing.
        """
        from veo_nb.decisions.outcome.plot import chart

        return chart(self.strengths)

    def to_markdown(self) -> str:
        """The table and the sentences, as a report in Markdown has them."""
        from veo_nb.decisions.outcome.table import markdown

        return markdown(self)

    def _repr_html_(self) -> str:
        from veo_nb.decisions.outcome.table import html

        return str(html(self))

    def __repr__(self) -> str:
        from veo_nb.decisions.outcome.table import plain

        return plain(self)

    # Inside

    def _between(self, first: Array, second: Array) -> tuple[Array, Array]:
        """The ends of the intervals of the chances of pairs."""
        contrasts = _contrasts(len(self._at), first, second)
        reach = reaches(LEVEL, self._spread.widths(self._fit, contrasts), self._spread.chances)
        low, high = ends(self._fit, contrasts, reach)
        return expit((contrasts * low[:, :-1]).sum(1)), expit((contrasts * high[:, :-1]).sum(1))

    @cached_property
    def _apart(self) -> Array:
        """`[i, j]`: how far i is above j, as a standard normal would be if they were equal."""
        found, number = self._fit, len(self._fit.strengths)
        first, second = np.triu_indices(number, 1)
        contrasts = _contrasts(number, first, second)
        if number <= _MOST_EXACT:
            distances = np.concatenate(
                [signs(found, part) for part in np.array_split(contrasts, len(first) // _ROWS + 1)]
            )
        else:
            distances = contrasts @ found.strengths / np.sqrt(found.variances()[first, second])
        apart = np.zeros((number, number))
        apart[first, second], apart[second, first] = distances, -distances
        return apart

    @cached_property
    def _sure(self) -> Any:
        number = len(self._fit.strengths)
        first, second = np.triu_indices(number, 1)
        widths = self._spread.widths(self._fit, _contrasts(number, first, second))
        chances = tails(np.abs(self._apart[first, second]), widths, self._spread.chances)
        sure = np.zeros((number, number), bool)
        sure[first, second] = sure[second, first] = chances < 1 - self._level
        return sure

    def _hardly(self, one: Any, other: Any) -> bool:
        """Whether two values are known to hardly differ: neither is preferred in more than 60 of 100."""
        chance = self.chance(one, other)
        return chance.low > 1 - HARDLY and chance.high < HARDLY

    def _index(self, value: Any) -> int:
        if isinstance(value, str) and value in self._at:
            return self._at[value]
        text = read_value(value, "The value")
        if text not in self._at:
            raise InvalidRequest(
                f"{catalog.shown(text)} is not ranked.",
                hint=catalog.did_you_mean(text, [*self._at]),
                field="value",
            )
        return self._at[text]


def rank(
    votes: Any,
    values: Sequence[Any] = (),
    *,
    judges: bool = False,
    agreements: Sequence[Agreement] | None = None,
) -> Ranking:
    """The ranking of values that were put before voters two at a time.

        rank([("dolly in", "crane", "left"), ("crane", "slow zoom", "tie")])

    A vote is a tuple of left, right, `"left"`, `"right"`, `"tie"` or `"skip"`, and perhaps a voter; a mapping or row with these
    names; or a `Ballot`. All may be a table of pandas. `values` are those to rank, those without a vote among them. Votes of
    judges are left out; with `judges` they are those that count. `agreements` is how far each judge agrees with people, where
    more is known of that than these votes say.

    Raises:
        InvalidRequest: there are no votes, or of one value, or some can't be read.
        VeoError: the extra `rank` is not installed.
    """
    named, ballots = read_votes(votes, values)
    counted = [ballot for ballot in ballots if ballot.judge is judges]
    said = [ballot for ballot in counted if ballot.choice != "skip"]
    if not said:
        raise _nothing(ballots, len(counted), judges=judges)
    if not values:
        # Those of the votes that count.
        used = {value for ballot in counted for value in (ballot.left, ballot.right)}
        named = tuple(value for value in named if value in used)
    return Ranking(
        tally(named, said),
        skipped=len(counted) - len(said),
        by_judges=len(ballots) - len(counted),
        agreements=agreements_of(ballots) if agreements is None else agreements,
    )


def _nothing(ballots: Sequence[Any], counted: int, *, judges: bool) -> InvalidRequest:
    if counted:
        text, hint = f"All {counted} votes were skipped", "Vote on some pairs: left, right or tie."
    elif ballots and not judges:
        text, hint = (
            f"All {len(ballots)} votes are a judge's",
            "Rank those with judges=True, or have people vote.",
        )
    elif judges:
        text, hint = "No judge has voted yet", "Have one vote: comparison.ask(judge)."
    else:
        text, hint = "There are no votes yet", f"Vote first: veo.compare(…). Or give votes=[…]. {EXAMPLE}"
    return InvalidRequest(f"{text}, so there is nothing to rank.", hint=hint, field="votes")


def _evalica(counts: Tally) -> tuple[Array | None, float]:
    """What evalica makes of the votes: the strengths' logarithms, and how ties go (`v` of Newman's form of Davidson's model)."""
    try:
        import evalica
    except ImportError:
        raise VeoError("A ranking needs evalica.", hint='Run pip install "veo-nb[rank]".') from None
    number = len(counts.values)
    left, right, ties = counts.left.sum(0), counts.right.sum(0), counts.ties.sum(0)
    # Half a made-up win for either, as in our own fit, so that nothing runs away.
    made = (np.ones((number, number)) - np.eye(number)) / number
    xs, ys, winners, weights = [], [], [], []
    for winner, part in (
        (evalica.Winner.X, left + made),
        (evalica.Winner.Y, right),
        (evalica.Winner.Draw, ties),
    ):
        first, second = np.nonzero(part)
        xs += first.tolist()
        ys += second.tolist()
        winners += [winner] * len(first)
        weights += part[first, second].tolist()
    found = evalica.newman(xs, ys, winners, weights=weights, tolerance=1e-8, limit=500)
    scores = found.scores.reindex(range(number)).to_numpy(dtype=float)
    good = np.isfinite(scores).all() and (scores > 0).all()
    return (np.log(scores) if good else None), float(found.v) if math.isfinite(found.v) else 1.0


def _contrasts(number: int, first: Array, second: Array) -> Array:
    made = np.zeros((len(first), number))
    made[np.arange(len(first)), first] = 1
    made[np.arange(len(first)), second] = -1
    return made


def _pairs(values: Sequence[str]) -> list[tuple[str, str]]:
    return [(one, other) for at, one in enumerate(values) for other in values[at + 1 :]]
