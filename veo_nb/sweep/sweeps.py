"""The sweeps of a library: started from a plan, found again, and gone on with after a crash."""

from __future__ import annotations

import hashlib
import itertools
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from veo_nb import catalog
from veo_nb.engine.job import ALPHABET, Job
from veo_nb.engine.jobs import Jobs
from veo_nb.errors import NotFound
from veo_nb.records.late import dataclass
from veo_nb.request import VideoRequest, restore_request
from veo_nb.store.evidence.experiments import ExperimentLedger, read_texts
from veo_nb.store.ratings import Ratings
from veo_nb.store.sweeps import CellRow, SweepLedger, SweepRow
from veo_nb.sweep.axes import Axis, Value
from veo_nb.sweep.cell import Cell
from veo_nb.sweep.forecast import Asked, Forecast, Key, asked_for, check, foresee
from veo_nb.sweep.plan import Plan, make_plan
from veo_nb.sweep.sweep import Sweep, Views


@dataclass(frozen=True)
class SweepPreview:
    """What a sweep would do, all of it checked: nothing was sent and nothing written.

    `plan.cells` are the grid's cells, each with its request or the reason why there is none.
    """

    plan: Plan
    forecast: Forecast
    providers: tuple[catalog.Provider, ...]
    """Who would be asked."""
    stored: frozenset[int]
    """The cells, by their place in the order, whose clip is there or on its way."""


class Sweeps:
    """The sweeps of a library, one object each: `start(prompt, axes=...)`, `preview(...)`, `get(id)`, `all()`."""

    def __init__(self, jobs: Jobs, ratings: Ratings, views: Views | None) -> None:
        self._jobs = jobs
        self._workspace = jobs.workspace
        self._ratings = ratings
        self._views = views
        self._book = SweepLedger(jobs.workspace.ledger)
        self._experiments = ExperimentLedger(jobs.workspace.ledger, jobs.workspace.clock)
        self._known: weakref.WeakValueDictionary[tuple[str, float], Sweep] = weakref.WeakValueDictionary()
        """One object a sweep, by its id and when it was started: with other values it is another one."""

    # Starting

    def start(
        self,
        prompt: str | None = None,
        *,
        axes: Mapping[str, Any] | Iterable[Axis],
        zip: Any = (),  # noqa: A002
        rows: str | None = None,
        columns: str | None = None,
        take: int = 1,
        fresh: bool = False,
        confirm: bool = False,
        variables: Mapping[str, Any] | None = None,
        question: str | None = None,
        hypothesis: str | None = None,
        **fixed: Any,
    ) -> Sweep:
        """The sweep of a prompt over all combinations of `axes`; returns at once, the clips are made in the background.

        An axis is a field of `VideoRequest`, `take`, or a `{{variable}}` of the prompt, with a list of values, a dict
        of named ones, or a text as in a cell (`sweep.axes`). Axes named by `zip` move together. What is the same for
        all goes into `fixed`, fields and variables; `variables` is for those that are called like a field. The same
        prompt with the same settings and axes is the same sweep, whose stored clips are shown: another value on an
        axis sends only what is new. `question` is what it is to find out, and `hypothesis` what is expected; both are
        written down with it, and stay where they are not given again.

        Raises:
            InvalidRequest: something is wrong with it, or it is large and `confirm` is not set; nothing was sent.
            AuthenticationError: the provider needs a key and there is none.
        """
        texts = read_texts({"question": question, "hypothesis": hypothesis})
        plan = self._plan(
            prompt,
            axes,
            fresh=fresh,
            zipped=zip,
            rows=rows,
            columns=columns,
            take=take,
            same=variables,
            fixed=fixed,
        )
        check(self._jobs, self._asked(plan, fresh=fresh).values(), confirmed=confirm)
        self._workspace.open()
        sweep = self._enter(plan, fresh=fresh)
        if texts:
            self._experiments.describe(sweep.id, texts)
        return sweep

    def preview(
        self,
        prompt: str | None = None,
        *,
        axes: Mapping[str, Any] | Iterable[Axis],
        zip: Any = (),  # noqa: A002
        rows: str | None = None,
        columns: str | None = None,
        take: int = 1,
        fresh: bool = False,
        variables: Mapping[str, Any] | None = None,
        question: str | None = None,
        hypothesis: str | None = None,
        **fixed: Any,
    ) -> SweepPreview:
        """What `start` would do, checked in the same way, with nothing sent and nothing written."""
        read_texts({"question": question, "hypothesis": hypothesis})
        plan = self._plan(
            prompt,
            axes,
            fresh=fresh,
            zipped=zip,
            rows=rows,
            columns=columns,
            take=take,
            same=variables,
            fixed=fixed,
        )
        asked = self._asked(plan, fresh=fresh)
        stored = frozenset(
            at
            for at, cell in enumerate(plan.cells)
            if cell.request and asked[cell.request.fingerprint(), cell.take].stored
        )
        names = dict.fromkeys(cell.request.provider for cell in plan.cells if cell.request)
        providers = tuple(self._jobs.settings.provider_of(name) for name in names)
        return SweepPreview(plan, foresee(self._jobs, asked.values()), providers, stored)

    def _enter(self, plan: Plan, *, fresh: bool) -> Sweep:
        """The sweep of a plan, all its jobs entered: new ones are sent, those that are there are joined or shown.

        It is written down whole before its first job, so that a kernel that ends in the middle can be followed by
        one that enters the rest. Started again it goes on, even if it was paused.
        """
        for picture in {p.sha256: p for c in plan.cells if c.request for p in c.request.pictures()}.values():
            self._workspace.files.keep_picture(picture)
        before = self._book.by_identity(plan.identity(plan.provider(self._provider.name)))
        former = (before, self._book.cells(before.id)) if before is not None else None
        row = self._write(plan, fresh=fresh)
        cells = [
            Cell(
                position,
                planned.values,
                planned.take,
                planned.request,
                reason=planned.reason,
                hint=planned.hint,
            )
            for position, planned in enumerate(plan.cells)
        ]
        keys = {
            cell.position: (cell.request.fingerprint(), cell.take)
            for cell in cells
            if cell.request is not None
        }
        # Two cells may be the same.
        wanted = {
            keys[cell.position]: (cell.request, cell.take) for cell in cells if cell.request is not None
        }
        try:
            entered = self._jobs.submit_all(wanted.values(), fresh=fresh)
        except BaseException:
            # Only a kernel that ends leaves the rest to be entered: whoever interrupts this wants no more.
            if any(self._book.job_id(*key, row.started_at) for key in keys.values()):
                self._book.mark(row.id, entering=False)
            elif former is None:
                self._book.remove(row.id)
            else:
                self._book.put(*former)
            raise
        self._book.mark(row.id, entering=False)
        jobs = {key: job for key, (job, _) in zip(wanted, entered, strict=True)}
        for cell in cells:
            if cell.position in keys:
                job = jobs[keys[cell.position]]
                cell.take_up(job, job.final)
        self._jobs.hold({job.id for job in jobs.values()}, back=False)
        known = self._known.get((before.id, before.started_at)) if before is not None else None
        if known is not None and self._is_same(known, plan, cells):
            known.started_at = row.started_at
            self._known[row.id, row.started_at] = known
            known.take_over([cell.job for cell in cells])
            return known
        return self._sweep(row, lambda: tuple(cells), plan.axes)

    def _is_same(self, known: Sweep, plan: Plan, cells: Sequence[Cell]) -> bool:
        """Whether a sweep that is started again is what it was, cell by cell."""

        def shape(it: Sweep | Plan) -> object:
            axes = [(axis.name, axis.labels) for axis in it.axes]
            return axes, [tuple(names) for names in it.zipped], it.rows, it.columns

        def keys(of: Sequence[Cell]) -> object:
            return [(cell.request and cell.request.fingerprint(), cell.take) for cell in of]

        return shape(known) == shape(plan) and keys(known.cells) == keys(cells)

    def go_on(self) -> list[Job]:
        """Enter the jobs that a kernel did not come to before it ended; those jobs."""
        parts = self._workspace.existing()
        if parts is None or parts.ledger.read_only:
            return []
        jobs = []
        for row in self._book.entering():
            missing = []
            for cell in self._book.cells(row.id):
                entered = cell.fingerprint and self._book.job_id(cell.fingerprint, cell.take, row.started_at)
                if cell.request is not None and not entered:
                    missing.append((self._request(row, cell.request), cell.take))
            if all(self._jobs.settings.reaches(request.provider) for request, _ in missing):
                jobs += [
                    self._jobs.submit(request, take=take, fresh=row.fresh)[0] for request, take in missing
                ]
                self._book.mark(row.id, entering=False)
        return jobs

    # Finding

    def all(self, limit: int = 50) -> list[Sweep]:
        """The newest sweeps of the library, newest first."""
        if self._workspace.existing() is None:
            return []
        return [self._restored(row) for row in self._book.sweeps(limit)]

    def get(self, sweep_id: str) -> Sweep:
        """The sweep with this id.

        Raises:
            NotFound: there is none; the hint names the nearest.
        """
        wanted = sweep_id.strip().lower()
        row = self._book.sweep(wanted) if self._workspace.existing() else None
        if row is None:
            ids = [sweep.id for sweep in self.all(8)]
            hint = catalog.did_you_mean(wanted, ids) if ids else "No sweep has been made here yet."
            raise NotFound(f"There is no sweep {sweep_id!r} in this library.", hint=hint)
        return self._restored(row)

    def experiments(self, limit: int = 50) -> list[tuple[Sweep, float]]:
        """The sweeps that are to find something out or that were voted on, and when that changed; the last one first."""
        if self._workspace.existing() is None:
            return []
        return [(self.get(sweep_id), at) for sweep_id, at in self._experiments.all(limit)]

    # Inside

    @property
    def _provider(self) -> catalog.Provider:
        return self._jobs.settings.provider

    def _request(self, row: SweepRow, stored: Mapping[str, Any]) -> VideoRequest:
        """The request of a cell, which names its provider where that is not the sweep's own."""
        return restore_request(stored, self._workspace.files.picture_bytes, row.provider)

    def _plan(
        self, prompt: str | None, axes: Mapping[str, Any] | Iterable[Axis], *, fresh: bool, **how: Any
    ) -> Plan:
        make = partial(self._make, fresh=fresh)
        return make_plan(make, prompt=prompt, axes=axes, image_types=self._image_types, **how)

    def _make(
        self, prompt: str, take: int, fields: Mapping[str, Any], *, fresh: bool, several: bool
    ) -> VideoRequest:
        """The request of a cell; where the models are `several`, in the words of each."""
        if several:
            given = {name: value for name, value in fields.items() if value is not None}
            said = catalog.translated(
                {"model": self._jobs.settings.model, **given, "prompt": prompt}, self._provider
            )
            prompt, fields = said.pop("prompt"), said
        return self._jobs.request_of(prompt, take, fields, fresh=fresh)

    def _image_types(self, models: Sequence[str]) -> set[str]:
        """The types of images that stay as they are, since one of these models takes them."""
        types: set[str] = set()
        for model in models or [self._jobs.settings.model]:
            types.update(catalog.find_served(model, self._provider)[0].image_types)
        return types

    def _asked(self, plan: Plan, *, fresh: bool) -> dict[Key, Asked]:
        wanted = ((cell.request, cell.take) for cell in plan.cells if cell.request is not None)
        return asked_for(self._jobs, wanted, fresh=fresh)

    def _write(self, plan: Plan, *, fresh: bool) -> SweepRow:
        now = self._workspace.clock()
        provider = plan.provider(self._provider.name)

        def stored(request: VideoRequest) -> dict[str, Any]:
            away = request.provider != provider
            return request.canonical() | ({"provider": request.provider} if away else {})

        cells = [
            CellRow(
                labels={name: value.label for name, value in planned.values.items()},
                fingerprint=planned.request.fingerprint() if planned.request else None,
                take=planned.take,
                request=stored(planned.request) if planned.request else None,
                reason=planned.reason,
                hint=planned.hint,
            )
            for planned in plan.cells
        ]
        identity = plan.identity(provider)
        for attempt in itertools.count():
            row = SweepRow(
                id=_id_of(identity, attempt),
                identity=identity,
                provider=provider,
                prompt=plan.prompt,
                axes=[_axis_to_json(axis) for axis in plan.axes],
                zipped=plan.zipped,
                row_axis=plan.rows,
                column_axis=plan.columns,
                fixed=plan.fixed,
                fresh=fresh,
                entering=True,
                paused=False,
                created_at=now,
                started_at=now,
            )
            if (written := self._book.put(row, cells)) is not None:
                return written
        raise AssertionError("counting has no end")

    def _restored(self, row: SweepRow) -> Sweep:
        known = self._known.get((row.id, row.started_at))
        if known is not None:
            known.refresh()
            return known
        axes = tuple(_axis_from_json(axis) for axis in row.axes)

        def load() -> tuple[Cell, ...]:
            values = {axis.name: {value.label: value for value in axis.values} for axis in axes}
            ids = self._book.job_ids(row.id)
            return tuple(
                self._cell(row, at, cell, values, ids.get(at))
                for at, cell in enumerate(self._book.cells(row.id))
            )

        return self._sweep(row, load, axes)

    def _cell(
        self,
        sweep: SweepRow,
        position: int,
        row: CellRow,
        values: Mapping[str, Mapping[str, Value]],
        job_id: str | None,
    ) -> Cell:
        chosen = {name: values[name][label] for name, label in row.labels.items()}
        job = self._jobs.find(job_id) if job_id else None
        request = job.request if job is not None else None
        if request is None and row.request is not None:
            request = self._request(sweep, row.request)
        cell = Cell(position, chosen, row.take, request, reason=row.reason, hint=row.hint)
        cell.take_up(job, job and job.final)
        return cell

    def _sweep(self, row: SweepRow, cells: Callable[[], tuple[Cell, ...]], axes: tuple[Axis, ...]) -> Sweep:
        sweep = self._known[row.id, row.started_at] = Sweep(
            jobs=self._jobs,
            book=self._book,
            ratings=self._ratings,
            experiments=self._experiments,
            views=self._views,
            id=row.id,
            started_at=row.started_at,
            provider=catalog.known_provider(row.provider),
            prompt=row.prompt,
            axes=axes,
            zipped=tuple(tuple(names) for names in row.zipped),
            rows=row.row_axis,
            columns=row.column_axis,
            fixed=row.fixed,
            cells=cells,
        )
        return sweep


def _id_of(identity: str, attempt: int) -> str:
    """The id of a sweep, one letter longer than a job's, so that the two can't be mistaken; another at each attempt.

    The same sweep gets the same one in a ledger that was made anew, and so finds its question and its votes there.
    """
    drawn = hashlib.sha256(f"{identity} {attempt}".encode()).digest()
    return "s" + "".join(ALPHABET[byte % len(ALPHABET)] for byte in drawn[:4])


def _axis_to_json(axis: Axis) -> dict[str, Any]:
    plain = (str, int, float, bool)
    return {
        "name": axis.name,
        "values": [
            {"label": one.label, **({"value": one.value} if isinstance(one.value, plain) else {})}
            for one in axis.values
        ],
    }


def _axis_from_json(stored: Mapping[str, Any]) -> Axis:
    return Axis(
        stored["name"], tuple(Value(one["label"], one.get("value", one["label"])) for one in stored["values"])
    )
