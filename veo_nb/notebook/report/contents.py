"""What a report says around its clips: what was asked and what came of it above them, how they were made below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from veo_nb import catalog
from veo_nb.decisions.comparison import Comparison
from veo_nb.media.measures import MEASURES, shown
from veo_nb.notebook import text
from veo_nb.notebook.export.evidence import evidence_of
from veo_nb.notebook.export.material import Material
from veo_nb.notebook.export.redaction import Discretion
from veo_nb.notebook.export.sections import Block, Code, Points, Section, Sentences, Table
from veo_nb.notebook.report.cells import asked_of, cells_of, word_of
from veo_nb.records.late import dataclass
from veo_nb.sweep.axes import Axis
from veo_nb.sweep.results import Result
from veo_nb.sweep.sweep import Sweep

AGAIN = (
    "Paste these into a notebook with veo_nb. A clip that is in its library is shown again, and nothing is sent; what is "
    "not there is made, and may be charged."
)


@dataclass(frozen=True, kw_only=True)
class Contents:
    """A report but for its clips."""

    heading: str
    before: Sequence[Section]
    after: Sequence[Section]


def contents_of(
    sweep: Sweep,
    material: Material,
    discretion: Discretion,
    comparisons: Sequence[Comparison] = (),
    unmeasured: str = "",
) -> Contents:
    """What a report of this sweep says, with what was voted in these comparisons; `unmeasured` is why clips have no measures."""
    words = discretion.words
    said = [("Conclusion", sweep.conclusion), ("What was expected", sweep.hypothesis)]
    before = [Section(title, [Sentences(words(one))]) for title, one in said if one]
    compared = [(one.by, one.question) for one in comparisons]
    cells = [Code(words(cell)) for cell in cells_of(sweep, compared)]
    asked = sweep.question or next((one.question for one in comparisons), "")
    return Contents(
        heading=words(asked) or material.prompt or f"Sweep {sweep.id}",
        before=[*before, *evidence_of(comparisons, discretion)],
        after=[
            *_measures(material, words(unmeasured)),
            Section("Settings", [_settings(sweep, material, discretion)]),
            Section("Cost", _cost(sweep, material)),
            Section("Make it again", [Sentences(AGAIN), *cells]),
        ],
    )


def _measures(material: Material, unmeasured: str) -> list[Section]:
    labels = {
        (cell.key, sample): material.label(cell, sample)
        for cell in material.cells
        for sample in range(len(cell.clips))
    }
    found = {spot: video.measures for spot, video in material.videos.items() if video.measures}
    # What can be said of none of them is no column.
    names = [name for name in MEASURES if any(one.get(name) is not None for one in found.values())]
    blocks: list[Block] = []
    if names:
        heads = ["clip", *(f"{MEASURES[name].label.lower()} {MEASURES[name].unit}".strip() for name in names)]
        rows = [
            [
                labels[spot],
                *(shown(name, one.get(name)).removesuffix(MEASURES[name].unit).strip() for name in names),
            ]
            for spot, one in found.items()
        ]
        blocks = [
            Table(heads, rows, caption="What a program measured of each clip"),
            Points([f"{MEASURES[name].label}: higher is {MEASURES[name].higher}." for name in names]),
        ]
    if unmeasured:
        blocks.append(Sentences(unmeasured))
    return [Section("Measures", blocks)] if blocks else []


def _settings(sweep: Sweep, material: Material, discretion: Discretion) -> Table:
    asked = {name: value for name, value in asked_of(sweep).items() if name != "draft"}
    models = dict.fromkeys(catalog.model(job.request.model).title for job in sweep.jobs)
    providers = dict.fromkeys(job.provider.title for job in sweep.jobs)
    rows = [
        ["sweep", f"{sweep.id}, {datetime.fromtimestamp(sweep.started_at).astimezone():%Y-%m-%d}"],
        *([["prompt", material.prompt]] if material.prompt else []),
        *(row for axis in sweep.axes for row in _values(axis)),
        *([["model", ", ".join(models)]] if all(axis.name != "model" for axis in sweep.axes) else []),
        ["provider", ", ".join(providers)],
        *([_spaced(name), _said(value)] for name, value in asked.items()),
        *([["draft", "yes, the cheapest that the model makes"]] if sweep.fixed.get("draft") else []),
    ]
    shown_rows = [[discretion.words(word) for word in row] for row in rows if row[1]]
    return Table(["", ""], shown_rows, figures=2)


def _values(axis: Axis) -> Iterable[list[str]]:
    """An axis with its values in a line, or a line for each that has a name of its own."""
    if all(
        isinstance(one.value, bool) or " ".join(_said(one.value).split()) == one.label for one in axis.values
    ):
        if not any("," in label for label in axis.labels):
            return [[_spaced(axis.name), ", ".join(axis.labels)]]
        return [[_spaced(axis.name), label] for label in axis.labels]
    return [[f"{_spaced(axis.name)}: {value.label}", _said(value.value)] for value in axis.values]


def _cost(sweep: Sweep, material: Material) -> list[Block]:
    # Two cells that ask for the same have one clip.
    found = {
        (one.job.id, one.sample): one
        for one in sweep.clips()
        if one.job is not None and one.video is not None
    }
    sums: dict[str, list[Result]] = {}
    for (job_id, _), clip in found.items():
        job = next(job for job in sweep.jobs if job.id == job_id)
        who = f"{catalog.model(job.request.model).title}, {job.provider.title}"
        sums.setdefault(who, []).append(clip)
    rows = [
        [who, str(len(clips)), _sum(one.usd for one in clips), _sum(one.usd_counted for one in clips)]
        for who, clips in sums.items()
    ]
    line = " · ".join(map(str, [*material.summary.line, *material.summary.cost]))
    heads = ["made by", "clips", "by list price", "by the provider's count"]
    if all(row[3] == "-" for row in rows):
        heads, rows = heads[:3], [row[:3] for row in rows]
    return [Sentences(line), *([Table(heads, rows)] if rows else [])]


def _sum(amounts: Iterable[float | None]) -> str:
    """The sum in dollars; a dash where one is not known."""
    known = [*amounts]
    return "-" if None in known else text.dollars(sum(filter(None, known)))


def _said(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_said, value))
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return word_of(value)


def _spaced(name: str) -> str:
    return name.replace("_", " ")
