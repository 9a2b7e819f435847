"""Comparisons of clips that were never made, on a ledger of their own: for all that becomes of votes, clips don't matter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from veo_nb.decisions.comparison import Comparison
from veo_nb.decisions.contenders import Contender
from veo_nb.decisions.voters import Voters
from veo_nb.engine.video import Video
from veo_nb.store.evidence.votes import ComparisonRow, VoteLedger
from veo_nb.store.ledger import Ledger

NOW = 1_800_000_000.0
FACTS: dict[str, Any] = {
    "width": 1,
    "height": 1,
    "duration": 1.0,
    "fps": 24.0,
    "has_audio": False,
    "bytes": 1,
}


def contender(value: str, setting: str) -> Contender:
    """A clip that stands for a value, in a setting that it shares with others."""
    video = Video(path=Path("x"), uri="", sha256="", job_id=f"{value}{setting}", **FACTS)
    return Contender(f"{value}{setting}/0", value, setting, video)


class Clips:
    """A contest over values of one letter in settings of one digit, of which the clips in `gone` are not there."""

    identity = "x"
    sweep_id = None
    question = None
    name = "these clips"

    def __init__(self, values: str = "abc", settings: str = "12") -> None:
        self.values = tuple(values)
        self.all = [contender(value, setting) for value in values for setting in settings]
        self.gone: set[str] = set()

    def contenders(self) -> list[Contender]:
        return [one for one in self.all if one.key not in self.gone]

    def unfinished(self) -> list[Any]:
        return []

    def listen(self, changed: Callable[[], object]) -> Callable[[], None]:
        raise NotImplementedError


class Clock:
    """All that a comparison asks of its workspace as long as nobody listens."""

    @staticmethod
    def clock() -> float:
        return NOW


def compare_in(
    ledger: Ledger,
    clips: Clips,
    *,
    rounds: int | None = None,
    voter: str | None = None,
    random: Random | None = None,
) -> Any:
    """The `Comparison` of these clips, as a kernel has it that has this ledger open."""
    book, workspace = VoteLedger(lambda: ledger), Clock()
    stored = book.comparison("c1")
    row = ComparisonRow(id="c1", sweep_id=None, by="x", question="?", clips={}, rounds=rounds, created_at=NOW)
    return Comparison(
        stored or row,
        clips,
        workspace=workspace,  # type: ignore[arg-type]
        book=book,
        voters=Voters(book),
        views=None,
        voter=voter,
        random=random or Random(1),
    )
