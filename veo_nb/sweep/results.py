"""What came out of a sweep, clip by clip: chosen, sorted, and ranked by what a person thinks of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from veo_nb import catalog
from veo_nb.engine.job import Job
from veo_nb.engine.video import Video
from veo_nb.errors import InvalidRequest, NotFound
from veo_nb.media.measures import MEASURES, Found
from veo_nb.records.late import dataclass
from veo_nb.store.ratings import UNRATED, Rating
from veo_nb.sweep.axes import Axis
from veo_nb.sweep.cell import Cell

Given = Mapping[tuple[str, int], Rating]
"""Ratings by job and sample."""

Measured = Mapping[tuple[str, int], Found]
"""What was measured of clips, by job and sample; only of those that were."""

RANKED = {
    "rating": True,
    "star": True,
    "seconds": False,
    "usd": False,
    **{name: measure.more_is_better for name, measure in MEASURES.items()},
}
"""By what clips are ranked, and whether more of it is better, or just comes first."""
FACTS = (
    *("provider", "state", "seconds", "usd", "usd_counted", "rating", "star", "note", "path", "sample"),
    *MEASURES,
)


@dataclass(frozen=True, kw_only=True)
class Result:
    """One sample of one cell; for a cell without any, the cell alone."""

    cell: Cell
    job: Job | None
    sample: int | None
    video: Video | None
    rating: int | None
    star: bool
    note: str
    measures: Found = field(default_factory=dict)
    """What was measured of it, by name; empty where it was not: `sweep.measure()` does that."""

    @property
    def state(self) -> str:
        """The cell's state."""
        return self.cell.state

    @property
    def provider(self) -> str | None:
        """The name of the provider that is asked; None where nobody is."""
        return self.cell.request.provider if self.cell.request is not None else None

    @property
    def seconds(self) -> float | None:
        """From submit to ready; None where nobody watched."""
        now = self.job.now if self.job is not None else None
        if now is None or now.generated_at is None or now.submitted_at is None:
            return None
        return now.generated_at - now.submitted_at

    @property
    def usd(self) -> float | None:
        """List price of this sample; None where it is not known."""
        if self.job is None or self.job.estimate is None:
            return None
        return self.job.estimate / max(1, self.job.request.sample_count or 1)

    @property
    def usd_counted(self) -> float | None:
        """What the tokens of this sample cost by the provider's own count; None where it told none."""
        usage = self.job.usage if self.job is not None else None
        if self.job is None or usage is None or (usd := usage.usd(self.job.request.model)) is None:
            return None
        return usd / max(1, self.job.request.sample_count or 1)

    @property
    def path(self) -> Path | None:
        """Its file."""
        return self.video.path if self.video is not None else None

    def value(self, name: str) -> Any:
        """One of its facts, or what was measured, by name; None where it is not known."""
        return self.measures.get(name) if name in MEASURES else getattr(self, name)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How one value of an axis did: the mean over `count` clips, and the best of them."""

    label: str
    value: Any
    mean: float | None
    count: int
    best: Result | None


def clips(cells: Sequence[Cell], ratings: Given, measured: Measured | None = None) -> list[Result]:
    """A clip for each sample, and one without a video for each cell that has none."""
    found = []
    for cell in cells:
        for video in cell.videos or (None,):
            job_id = cell.job.id if cell.job is not None else ""
            sample = video.sample if video else 0
            given = rating_of(ratings, job_id, sample)
            clip = Result(
                cell=cell,
                job=cell.job,
                sample=video.sample if video else None,
                video=video,
                rating=given.rating,
                star=given.star,
                note=given.note,
                measures=(measured or {}).get((job_id, sample), {}),
            )
            found.append(clip)
    return found


def select(
    found: Sequence[Result],
    axes: Sequence[Axis],
    *,
    where: Callable[[Result], bool] | None,
    sort: str | None,
    equal: Mapping[str, Any],
) -> list[Result]:
    """Those for which `where` holds and that have these values, sorted; without what is sorted by, at the end.

    Raises:
        InvalidRequest: a name is neither an axis nor a fact of a clip.
    """
    name, names = (sort or "").lstrip("-"), [axis.name for axis in axes]
    for asked in [*equal, *([name] if sort else [])]:
        if asked not in names and asked not in FACTS:
            hint = catalog.did_you_mean(asked, [*names, *FACTS])
            raise InvalidRequest(f"Clips have no {asked}.", hint=hint, field=asked)
    on_axes = {one: value for one, value in equal.items() if one in names}
    facts = {one: value for one, value in equal.items() if one not in names}
    chosen = [
        clip
        for clip in found
        if matches(clip.cell, on_axes)
        and all(clip.value(one) == value for one, value in facts.items())
        and (where is None or where(clip))
    ]
    if not sort:
        return chosen
    keys = [_key(clip, name, axes) for clip in chosen]
    keyed = [(key, clip) for key, clip in zip(keys, chosen, strict=True) if key is not None]
    keyed.sort(key=lambda pair: pair[0], reverse=sort.startswith("-"))
    return [clip for _, clip in keyed] + [c for key, c in zip(keys, chosen, strict=True) if key is None]


def matches(cell: Cell, values: Mapping[str, Any]) -> bool:
    """Whether a cell has these values, by what they are or how they are shown."""
    for name, wanted in values.items():
        value = cell.chosen.get(name)
        if value is None:
            return False
        # By type, since an array or an image has no plain answer to whether it equals something.
        same = isinstance(wanted, (str, int, float, bool)) and type(value.value) is type(wanted)
        if value.label != str(wanted) and value.value is not wanted and not (same and value.value == wanted):
            return False
    return True


def label(cell: Cell, video: Video, axes: Sequence[Axis]) -> str:
    """What a clip is called among those of its sweep: `fox · dawn`, by the axes that have several values."""
    words = [cell.labels[axis.name] for axis in axes if len(axis.values) > 1]
    if len(cell.videos) > 1:
        words.append(f"sample {video.sample + 1}")
    return " · ".join(words) or video.job_id


def rating_of(ratings: Given, job_id: str, sample: int) -> Rating:
    """What is thought of a sample."""
    return ratings.get((job_id, sample), UNRATED)


def place(what: Any, sample: int, jobs: Sequence[Job]) -> tuple[str, int]:
    """The job and the sample that are meant by a cell, a job, its id, a video or a clip.

    Raises:
        NotFound: there is nothing to rate yet, or it is not of this sweep.
    """
    if isinstance(what, Result):
        what, sample = what.cell, what.sample or 0
    if isinstance(what, Cell):
        if what.job is None:
            raise NotFound("This cell has no clip to rate.", hint=what.reason or "It has not been sent yet.")
        what = what.job
    if isinstance(what, Video):
        what, sample = what.job_id, what.sample
    job_id = what.id if isinstance(what, Job) else str(what).strip().lower()
    job = next((job for job in jobs if job.id == job_id), None)
    if job is None:
        hint = catalog.did_you_mean(job_id, [job.id for job in jobs])
        raise NotFound(f"There is no job {job_id!r} in this sweep.", hint=hint)
    count = len(job.videos) or job.request.sample_count or 1
    if not 0 <= sample < count:
        raise NotFound(f"Job {job_id} has no sample {sample}.", hint=f"They go from 0 to {count - 1}.")
    return job_id, sample


def best(found: Sequence[Result], measure: str) -> Result | None:
    """The clip that is best by a measure, the first of several; None where nothing has any.

    Raises:
        InvalidRequest: there is no such measure, or no clip was measured.
    """
    check_measured(found, measure)
    return _best(found, measure)


def check_measured(found: Sequence[Result], measure: str) -> None:
    """Nothing, where clips can be ranked by this.

    Raises:
        InvalidRequest: there is no such measure, or no clip was measured.
    """
    if measure not in RANKED:
        hint = catalog.did_you_mean(measure, list(RANKED))
        raise InvalidRequest(f"Clips are not ranked by {measure}.", hint=hint, field=measure)
    made = [clip for clip in found if clip.video is not None]
    if measure in MEASURES and made and not any(clip.measures for clip in made):
        label = MEASURES[measure].label.lower()
        raise InvalidRequest(
            f"No clip has its {label} measured yet.",
            hint="sweep.measure() measures them, and %veo measure ID does.",
            field=measure,
        )


def _best(found: Sequence[Result], measure: str) -> Result | None:
    measured = [(value, clip) for clip in found if (value := _measure(clip, measure)) is not None]
    if measure == "star":
        measured = [(value, clip) for value, clip in measured if value]
    if not measured:
        return None
    top = (max if RANKED[measure] else min)(value for value, _ in measured)
    return next(clip for value, clip in measured if value == top)


def ranking(found: Sequence[Result], measure: str, axis: Axis) -> list[Standing]:
    """How the values of an axis did, from the best to the worst; those of which nothing is known come last."""
    check_measured(found, measure)
    standings = []
    for value in axis.values:
        mine = [clip for clip in found if clip.cell.chosen[axis.name].label == value.label]
        measured = [one for clip in mine if (one := _measure(clip, measure)) is not None]
        mean = math.fsum(measured) / len(measured) if measured else None
        standings.append(
            Standing(
                label=value.label,
                value=value.value,
                mean=mean,
                count=len(measured),
                best=_best(mine, measure),
            )
        )
    sign = -1 if RANKED[measure] else 1
    return sorted(standings, key=lambda one: (one.mean is None, sign * (one.mean or 0.0)))


def _measure(clip: Result, measure: str) -> float | None:
    if clip.video is None:
        return None
    value = clip.value(measure)
    return None if value is None else float(value)


def _key(clip: Result, name: str, axes: Sequence[Axis]) -> Any:
    """What a clip is sorted by: its place on an axis, a number, a text."""
    for axis in axes:
        if axis.name == name:
            return axis.labels.index(clip.cell.labels[name])
    value = clip.value(name)
    return str(value) if isinstance(value, Path) else value
