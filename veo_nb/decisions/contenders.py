"""What is compared: the clips that stand for each value, and what two of them have to share to be put side by side.

Either the values of one axis of a sweep, or of one field of some clips; or each of some clips stands for itself.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from veo_nb import catalog
from veo_nb.engine.job import Job
from veo_nb.engine.jobs import Jobs
from veo_nb.engine.video import Video
from veo_nb.errors import InvalidRequest, NotFound, VeoError
from veo_nb.library import Library, read_key
from veo_nb.records.late import dataclass
from veo_nb.sweep.cell import Cell
from veo_nb.sweep.results import Result
from veo_nb.sweep.sweep import Sweep

MOST_VALUES = 100
"""Two at a time; of more nobody would see a tenth of the pairs."""
_UNSHARED = ("seed",)
"""What need not be the same for two clips to be compared by a field: it is drawn anew for each request."""


@dataclass(frozen=True)
class Contender:
    """A finished clip, the value that it stands for, and what another one has to share with it."""

    key: str
    value: str
    shared: Hashable
    video: Video


class Contest(Protocol):
    """Where the contenders come from."""

    @property
    def identity(self) -> str:
        """What makes it this one, in every kernel."""

    @property
    def sweep_id(self) -> str | None:
        """The sweep that it is about."""

    @property
    def values(self) -> tuple[str, ...]:
        """What is compared, in order, also what has no clip yet."""

    @property
    def name(self) -> str:
        """What it is called in a sentence."""

    def contenders(self) -> list[Contender]:
        """The clips that are there now."""

    def unfinished(self) -> list[Job]:
        """The jobs that may bring more."""

    def listen(self, changed: Callable[[], object]) -> Callable[[], None]:
        """Have `changed()` called when clips come or go; call what is returned to end it."""


def key_of(video: Video) -> str:
    """The key of a clip in its library: `3f2a/0`."""
    return f"{video.job_id}/{video.sample}"


class OfSweep:
    """The values of one axis of a sweep.

    Two clips share their values on all other axes, but for those that are paired with this one, and their sample.
    """

    def __init__(self, sweep: Sweep, by: str) -> None:
        self.sweep = sweep
        self.by = by
        self.identity = sweep.id
        self.sweep_id: str | None = sweep.id
        self.name = f"sweep {sweep.id}"
        self._paired = {name for names in sweep.zipped if by in names for name in names} | {by}

    @property
    def values(self) -> tuple[str, ...]:
        """The labels of the axis as it is now: a sweep may get more values."""
        return self.sweep.axis(self.by).labels

    def contenders(self) -> list[Contender]:
        """The finished clips of all its cells; a clip of two cells stands for the first."""
        self.sweep.refresh()
        _attend(self.unfinished())
        found: dict[str, Contender] = {}
        for cell in self.sweep.cells:
            shared = tuple((name, label) for name, label in cell.labels.items() if name not in self._paired)
            for video in cell.videos:
                one = Contender(key_of(video), cell.labels[self.by], (shared, video.sample), video)
                if video.path.exists():
                    found.setdefault(one.key, one)
        return [*found.values()]

    def unfinished(self) -> list[Job]:
        """The jobs of its cells that are not done."""
        return [job for job in self.sweep.jobs if not job.now.state.final]

    def listen(self, changed: Callable[[], object]) -> Callable[[], None]:
        """Have `changed()` called when one of its jobs has ended, or is another one."""

        def hear(cells: tuple[Cell, ...]) -> None:
            if any(cell.job is None or cell.job.now.state.final for cell in cells):
                changed()

        return self.sweep.on_change(hear)


class OfClips:
    """Some clips of the library, by their keys. With `by` the values of that field; without it each stands for itself."""

    sweep_id: str | None = None
    name = "this selection"

    def __init__(self, library: Library, jobs: Jobs, keys: Iterable[str], by: str) -> None:
        self.keys = tuple(sorted(set(keys)))
        self.by = by
        self.identity = " ".join(self.keys)
        self._library = library
        made = {job_id: jobs.find(job_id) for job_id in {read_key(key)[0]: None for key in self.keys}}
        self._made = {job_id: job for job_id, job in made.items() if job is not None}
        facts = {key: found for key in self.keys if (found := self._facts(key)) is not None}
        self._labels = {key: _text(one.get(by)) for key, one in facts.items()} if by else label_clips(facts)
        self._shared = {key: _rest(one, by) if by else "" for key, one in facts.items()}

    def remember(self, values: Mapping[str, str]) -> None:
        """Have the clips stand for what they stood for when they were compared before."""
        self._labels |= {key: values[key] for key in self.keys if key in values}

    def check(self) -> None:
        """Nothing, where it is known of each clip what it is, also of one that is gone.

        Raises:
            NotFound: it is not.
        """
        for key in self.keys:
            if key not in self._labels:
                raise NotFound(f"There is no clip {key!r} in this library.", hint="It may have been deleted.")

    @property
    def values(self) -> tuple[str, ...]:
        """The values in the order of the clips' keys."""
        return tuple(dict.fromkeys(self._labels[key] for key in self.keys))

    def contenders(self) -> list[Contender]:
        """Those of the clips that are finished and were not deleted."""
        _attend(self.unfinished())
        found = []
        for key in self.keys:
            with contextlib.suppress(NotFound):
                video = self._library.clip(key)
                if key_of(video) == key and video.path.exists():
                    found.append(Contender(key, self._labels[key], self._shared.get(key, ""), video))
        return found

    def unfinished(self) -> list[Job]:
        """The jobs that are not done."""
        return [job for job in self._made.values() if not job.now.state.final]

    def listen(self, changed: Callable[[], object]) -> Callable[[], None]:
        """Have `changed()` called when one of the jobs has ended."""

        def hear(job: Job) -> None:
            if job.now.state.final:
                changed()

        ends = [job.on_change(hear) for job in self._made.values()]

        def end() -> None:
            for one in ends:
                one()

        return end

    def _facts(self, key: str) -> dict[str, Any] | None:
        """What was asked for a clip, field by field; None where nobody knows it any more."""
        job_id, sample = read_key(key)
        job = self._made.get(job_id)
        if job is not None:
            asked = job.request.canonical()
            return {**asked, "model": job.model, "take": job.take, "sample": sample}
        with contextlib.suppress(NotFound):
            return {"prompt": self._library.find(key).prompt}
        return None


def read_clips(given: Iterable[Any]) -> tuple[str, ...]:
    """The keys of the clips that are meant by jobs, videos, results, cells and keys.

    Of a job that is not done these are all that it may bring.

    Raises:
        InvalidRequest: one is none of these, or has no clip to come.
    """
    keys = dict.fromkeys(key for one in given for key in _keys(one))
    if len(keys) < 2:
        raise InvalidRequest(
            f"{len(keys) or 'No'} clip{'s' if not keys else ''} can't be compared.",
            hint="Give two or more.",
            field="clips",
        )
    return tuple(keys)


def _keys(one: Any) -> Iterator[str]:
    if isinstance(one, Result):
        one = one.video or one.cell
    if isinstance(one, Cell):
        if one.job is None:
            raise InvalidRequest(
                "A cell without a clip can't be compared.", hint=one.why or "Send it first.", field="clips"
            )
        one = one.job
    if isinstance(one, Job):
        yield from (f"{one.id}/{sample}" for sample in range(one.request.sample_count or 1))
    elif isinstance(one, Video) and one.job_id:
        yield key_of(one)
    elif isinstance(one, str) and one.strip():
        job_id, sample = read_key(one)
        yield f"{job_id}/{sample}"
    else:
        raise InvalidRequest(
            f"{catalog.shown(one)} is no clip of the library.",
            hint="Give jobs, videos, or keys such as 3f2a/0.",
            field="clips",
        )


def label_clips(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """A short text for each clip that says how it differs from the others: its prompt, its model, its seed; else its key.

    `facts` are what was asked for each, field by field.
    """
    names = list(dict.fromkeys(name for one in facts.values() for name in one))
    texts = {name: {key: _text(one.get(name)) for key, one in facts.items()} for name in names}
    differing = [name for name in names if len(set(texts[name].values())) > 1]
    ways = [[name] for name in differing] + [differing[:count] for count in range(2, len(differing) + 1)]
    for way in ways:
        labels = {key: " · ".join(_named(name, texts[name][key]) for name in way) for key in facts}
        if len(set(labels.values())) == len(facts):
            return labels
    return {key: " · ".join([*(_named(n, texts[n][key]) for n in differing), key]) for key in facts}


def check_values(contest: Contest, by: str) -> None:
    """Nothing, where there are values to be compared.

    Raises:
        InvalidRequest: there is one, or there are too many.
    """
    values = contest.values
    if len(values) < 2:
        raise InvalidRequest(
            f"There is nothing to compare: {by or 'it'} has the one value {catalog.shown(''.join(values))}.",
            hint="Give it another value, or compare by something else.",
            field="by",
        )
    if len(values) > MOST_VALUES:
        raise InvalidRequest(
            f"{len(values)} values of {by or contest.name} are too many to be compared two at a time.",
            hint=f"Choose {MOST_VALUES} at most.",
            field="by",
        )


def pairs_of(contenders: Sequence[Contender]) -> list[tuple[Contender, Contender]]:
    """Every two clips that may be put side by side: they share what they have to, and stand for different values."""
    groups: dict[Hashable, list[Contender]] = {}
    for one in contenders:
        groups.setdefault(one.shared, []).append(one)
    return [
        (one, other)
        for group in groups.values()
        for at, one in enumerate(group)
        for other in group[at + 1 :]
        if one.value != other.value
    ]


def _attend(jobs: Iterable[Job]) -> None:
    """Have it seen to that these jobs go on: one that nobody follows here would never be done."""
    for job in jobs:
        # Where nothing can be made, what there is can be compared.
        with contextlib.suppress(VeoError):
            job.attend()


def _rest(facts: Mapping[str, Any], by: str) -> str:
    """All that was asked for a clip but for one field."""
    return json.dumps(
        {name: one for name, one in facts.items() if name not in (by, *_UNSHARED)}, sort_keys=True
    )


def _text(value: Any) -> str:
    """A field's value in a line."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "on", False: "off"}[value]
    if isinstance(value, Mapping):
        return str(value.get("key") or value.get("name") or str(value.get("sha256"))[:4])
    if isinstance(value, (list, tuple)):
        return " + ".join(map(_text, value))
    return " ".join(str(value).split())


def _named(name: str, text: str) -> str:
    return text if name in ("prompt", "model") else f"{name.replace('_', ' ')} {text}"
