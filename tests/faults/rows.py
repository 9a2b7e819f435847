"""The rows of the fault matrices and their report: what was tried, and what it cost.

A test that breaks something fills in one `Row` with what it counted, hands it to the `matrix` fixture of conftest.py, and
only then asserts: so a guard that no longer holds shows in the report as a figure, not as a row that is missing. At
the end of a run the rows lie in tests/artefacts/faults.json, those of earlier runs with them; `tests/faults/report` prints
them. `lost`, `doubled` and `leaked` are zero for as long as the tool can be trusted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

ARTEFACT = Path(__file__).parents[1] / "artefacts" / "faults.json"


@dataclass
class Row:
    """One case of one matrix."""

    matrix: str
    """Such as `crash` or `network`."""
    case: str
    """What was done, in a few words; unique in its matrix."""
    ended: str = ""
    """The state in which it ended, and whatever else a reader wants to know."""
    tried: int = 1
    """How many jobs took part."""
    submits: int = 0
    """How many submits the provider saw that no person asked for twice."""
    lost: int = 0
    """Operations that were finished and whose video did not arrive, though their name was known."""
    doubled: int = 0
    """Submits beyond the first for one job that no person had asked for."""
    leaked: int = 0
    """Places in which the key was found and has no business."""
    red: bool = False
    """Whether the test of this row failed."""

    @property
    def sound(self) -> bool:
        """Whether this row is as it should be."""
        return not (self.lost or self.doubled or self.leaked or self.red)


def save(rows: Iterable[Row], path: Path = ARTEFACT) -> None:
    """Keep rows, in place of earlier ones of the same case."""
    kept = {(row.matrix, row.case): row for row in [*load(path), *rows]}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([asdict(row) for row in kept.values()], indent=1, ensure_ascii=False), "utf-8")


def load(path: Path = ARTEFACT) -> list[Row]:
    """The rows of the last runs."""
    return [Row(**stored) for stored in json.loads(path.read_text("utf-8"))] if path.exists() else []


def render(rows: Iterable[Row]) -> str:
    """The report: a line a case, and the sums."""
    rows = list(rows)
    width = max((len(row.case) for row in rows), default=4)
    lines = []
    for matrix in dict.fromkeys(row.matrix for row in rows):
        lines += [f"== {matrix}", f"   {'':<{width}}  tried sent lost doubled leaked  ended"]
        for row in rows:
            if row.matrix == matrix:
                mark = "  " if row.sound else "!!"
                counts = f"{row.tried:5} {row.submits:4} {row.lost:4} {row.doubled:7} {row.leaked:6}"
                lines.append(f"{mark} {row.case:<{width}}  {counts}  {row.ended}")
    sums = {name: sum(getattr(row, name) for row in rows) for name in ("lost", "doubled", "leaked")}
    lines.append(f"\ncases tried: {len(rows)}, " + ", ".join(f"{name}: {sums[name]}" for name in sums))
    red = sum(row.red for row in rows)
    return "\n".join([*lines, *([f"red: {red}"] if red else [])])
