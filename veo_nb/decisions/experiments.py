"""Experiments: sweeps that are to find something out, with what was voted on them and what is known of it so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veo_nb.decisions.comparison import Comparison
from veo_nb.errors import VeoError
from veo_nb.records.late import dataclass
from veo_nb.sweep.sweep import Sweep

if TYPE_CHECKING:
    from veo_nb.decisions.comparisons import Comparisons
    from veo_nb.sweep.sweeps import Sweeps


@dataclass(frozen=True)
class Experiment:
    """A sweep with its question, and the comparisons of its clips, newest first.

    `changed_at` is when it was last written to or voted on, in seconds since the epoch.
    """

    sweep: Sweep
    comparisons: tuple[Comparison, ...]
    changed_at: float

    @property
    def question(self) -> str:
        """What it is to find out: what was said of the sweep, else what was asked of its clips."""
        return self.sweep.question or next((one.question for one in self.comparisons), "")

    @property
    def hypothesis(self) -> str:
        """What was expected."""
        return self.sweep.hypothesis

    @property
    def conclusion(self) -> str:
        """What was concluded; empty while nobody has."""
        return self.sweep.conclusion

    @property
    def clips(self) -> int:
        """How many clips it has that are there."""
        return sum(len(cell.videos) for cell in self.sweep.cells)

    @property
    def votes(self) -> int:
        """How many votes of people count."""
        return sum(len(one.ballots()) for one in self.comparisons)

    @property
    def known(self) -> str:
        """What is known so far in a sentence or two for each axis that was compared."""
        found = [one for one in self.comparisons if one.ballots()]
        if not found:
            return "No votes yet."
        said = [_known(one) for one in found]
        if len(said) == 1:
            return said[0]
        return " ".join(f"By {one.by}: {text}" for one, text in zip(found, said, strict=True))

    def __repr__(self) -> str:
        votes = "1 vote" if self.votes == 1 else f"{self.votes} votes"
        return f"<Experiment {self.sweep.id}: {self.question or self.sweep.shape} · {votes} · {self.known}>"


def experiments_of(sweeps: Sweeps, comparisons: Comparisons, limit: int = 50) -> list[Experiment]:
    """The experiments of a library, the last that changed first."""
    return [Experiment(sweep, tuple(comparisons.all(sweep)), at) for sweep, at in sweeps.experiments(limit)]


def _known(comparison: Comparison) -> str:
    """What the votes of a comparison say, in its ranking's first words."""
    try:
        return comparison.ranking().sentences[0]
    except VeoError as error:
        return str(error)
