"""The figures of a ranking, and what of it is needed to show it."""

from __future__ import annotations

from typing import Protocol

from veo_nb.decisions.agreement import Agreement
from veo_nb.decisions.strengths.doubts import Circle, Dissent, PreferredSide
from veo_nb.records.late import dataclass


@dataclass(frozen=True)
class Chance:
    """That one value is preferred to another where there is a preference: `value`, and its interval of 95 % from `low` to `high`.

    `votes` are those on these two, ties among them: other votes tell of them as well.
    """

    value: float
    low: float
    high: float
    votes: int


@dataclass(frozen=True)
class Strength:
    """How one value does: the chance to be preferred to an average rival, its interval of 95 %, and the votes on it.

    An average rival is each of the others as often: `strength` is the mean of the chances against them.
    """

    value: str
    strength: float
    low: float
    high: float
    votes: int


class Figures(Protocol):
    """A ranking as sentences, table and plot see it."""

    skipped: int
    by_judges: int
    agreements: tuple[Agreement, ...]

    @property
    def strengths(self) -> tuple[Strength, ...]:
        """The values, the strongest first."""

    @property
    def values(self) -> tuple[str, ...]:
        """Their names."""

    @property
    def votes(self) -> int:
        """Preferences and ties."""

    @property
    def ties(self) -> int:
        """Votes for neither."""

    @property
    def sides(self) -> tuple[int, int]:
        """Preferences for the left, and for the right."""

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The values with votes, in groups that never met."""

    @property
    def voters(self) -> tuple[str, ...]:
        """Who voted."""

    @property
    def decided(self) -> tuple[tuple[str, str], ...]:
        """Pairs, better and worse."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """It all in words."""

    @property
    def side(self) -> PreferredSide | None:
        """A side that is preferred."""

    @property
    def dissent(self) -> Dissent | None:
        """Voters who differ."""

    @property
    def circle(self) -> Circle | None:
        """Preferences that go in a circle."""

    def chance(self, one: str, other: str) -> Chance:
        """That one is preferred to the other."""

    def more(self, one: str, other: str) -> int | None:
        """How many more votes would tell."""
