"""The sweeps of a library: started from a plan, found again, and gone on with after a crash."""

from __future__ import annotations

import secrets
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from veo_nb import catalog
from veo_nb.engine.job import ALPHABET, Job
from veo_nb.engine.registry import Registry
from veo_nb.engine.timing import usual_seconds
from veo_nb.request import VideoRequest, restore_request
from veo_nb.store.files import Library
from veo_nb.store.ledger import Change, Ledger
from veo_nb.store.ratings import Ratings
from veo_nb.store.sweeps import CellRow, SweepLedger, SweepRow
from veo_nb.sweep.axes import Axis, Value
from veo_nb.sweep.cell import Cell
from veo_nb.sweep.forecast import Asked
from veo_nb.sweep.plan import Plan
from veo_nb.sweep.summary import Summary, summarize
from veo_nb.sweep.sweep import Sweep

Wanted = tuple[VideoRequest, int]
"""A request and its take."""
Key = tuple[str, int]
"""What it is stored under: its fingerprint and its take."""
Estimate = Callable[[VideoRequest], float | None]


class Sweeps:
    """Makes sweeps and brings them back; this is also what each of them has of the studio (`jobs.sweep.Desk`).

    `enter`, `look_again`, `check` and `hold` are the studio's and the engine's; `ledger` and `registry` give what is
    open now; `most` is how many jobs are at the provider at once.
    """

    def __init__(
        self,
        *,
        ledger: Callable[[], Ledger],
        registry: Callable[[], Registry],
        library: Library,
        provider: catalog.Provider,
        most: int,
        enter: Callable[..., Job],
        look_again: Callable[[Job], Job],
        check: Callable[..., None],
        hold: Callable[[set[str], bool], None],
        estimate: Estimate,
        clock: Callable[[], float],
        listen: Callable[[Callable[[Change], object]], Callable[[], None]],
    ) -> None:
        self.ratings = Ratings(ledger, clock)
        self.provider = provider
        self._book = SweepLedger(ledger)
        self._ledger = ledger
        self._registry = registry
        self._library = library
        self._most = most
        self._enter = enter
        self._look_again = look_again
        self._check = check
        self._hold = hold
        self._estimate = estimate
        self._clock = clock
        self.listen = listen
        self._known: weakref.WeakValueDictionary[tuple[str, float], Sweep] = weakref.WeakValueDictionary()
        """One object a sweep, by its id and when it was started: with other values it is another one."""

    # Starting

    def start(self, plan: Plan, *, fresh: bool) -> Sweep:
        """The sweep of a plan, all its jobs entered: new ones are sent, those that are there are joined or shown.

        It is written down whole before its first job, so that a kernel that ends in the middle can be followed by
        one that enters the rest. Started again it goes on, even if it was paused.
        """
        for picture in {p.sha256: p for c in plan.cells if c.request for p in c.request.pictures()}.values():
            self._library.keep_picture(picture)
        before = self._book.by_identity(plan.identity(self.provider.name))
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
        jobs: dict[tuple[str, int], Job] = {}
        try:
            for cell in cells:
                if cell.request is not None:
                    key = (self._fingerprint(cell.request), cell.take)
                    if key not in jobs:
                        jobs[key] = self._enter(cell.request, take=cell.take, fresh=fresh)
                    cell.job = jobs[key]
        finally:
            # Only a kernel that ends leaves the rest to be entered: whoever interrupts this wants no more.
            self._book.mark(row.id, entering=False)
        self._hold({job.id for job in jobs.values()}, False)
        known = self._known.get((before.id, before.started_at)) if before is not None else None
        if known is not None and self._is_same(known, plan, cells):
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
            return [(cell.request and self._fingerprint(cell.request), cell.take) for cell in of]

        return shape(known) == shape(plan) and keys(known.cells) == keys(cells)

    def go_on(self) -> list[Job]:
        """Enter the jobs that a kernel did not come to before it ended; those jobs."""
        jobs = []
        for row in self._book.entering():
            if row.provider != self.provider.name:
                continue
            for cell in self._book.cells(row.id):
                entered = cell.fingerprint and self._book.job_id(cell.fingerprint, cell.take, row.started_at)
                if cell.request is not None and not entered:
                    request = restore_request(cell.request, self._library.picture_bytes)
                    jobs.append(self._enter(request, take=cell.take, fresh=row.fresh))
            self._book.mark(row.id, entering=False)
        return jobs

    # Finding

    def all(self, limit: int) -> list[Sweep]:
        """The newest sweeps, newest first."""
        return [self._restored(row) for row in self._book.sweeps(limit)]

    def find(self, sweep_id: str) -> Sweep | None:
        """The sweep with this id."""
        row = self._book.sweep(sweep_id)
        return None if row is None else self._restored(row)

    # What a sweep needs

    def check(self, wanted: Iterable[Wanted], *, confirmed: bool) -> None:
        """Refuse what is too much or too dear together."""
        self._check(self._asked(wanted), confirmed=confirmed)

    def enter(self, request: VideoRequest, take: int) -> Job:
        """The job for a request, driven from now on."""
        return self._enter(request, take=take, fresh=False)

    def look_again(self, job: Job) -> Job:
        """Fetch the video of a job that failed on the way; nothing is sent."""
        return self._look_again(job)

    def pause(self, sweep_id: str, jobs: Sequence[Job], *, paused: bool) -> None:
        """Hold the jobs back that are not sent yet, or let them go; written down, so that it lasts."""
        self._book.mark(sweep_id, paused=paused)
        self._hold({job.id for job in jobs if not job.now.state.final}, paused)

    def is_paused(self, sweep_id: str) -> bool:
        """Whether they are held back."""
        row = self._book.sweep(sweep_id)
        return row is not None and row.paused

    def summarize(self, sweep_id: str, cells: Sequence[Cell]) -> Summary:
        """How it stands."""
        jobs = {cell.job.id: cell.job for cell in cells if cell.job is not None}
        wanted = [
            (cell.request, cell.take) for cell in cells if cell.job is None and cell.request is not None
        ]
        missing = self._asked(wanted) if wanted else []
        return summarize(
            [cell.state for cell in cells],
            list(jobs.values()),
            missing=[(one.seconds, one.usd) for one in missing],
            paused=self.is_paused(sweep_id),
            bills=self.provider.bills,
            now=self._clock(),
            most=self._most,
            per_minute=self.provider.requests_per_minute,
        )

    # Inside

    def _asked(self, wanted: Iterable[Wanted]) -> list[Asked]:
        return list(asked_for(wanted, self.provider, self._ledger(), self._estimate).values())

    def _fingerprint(self, request: VideoRequest) -> str:
        return request.fingerprint(self.provider.name)

    def _write(self, plan: Plan, *, fresh: bool) -> SweepRow:
        now = self._clock()
        cells = [
            CellRow(
                labels={name: value.label for name, value in planned.values.items()},
                fingerprint=self._fingerprint(planned.request) if planned.request else None,
                take=planned.take,
                request=planned.request.canonical() if planned.request else None,
                reason=planned.reason,
                hint=planned.hint,
            )
            for planned in plan.cells
        ]
        while True:
            row = SweepRow(
                # One letter more than a job's, so that the two can't be mistaken.
                id="s" + "".join(secrets.choice(ALPHABET) for _ in range(4)),
                identity=plan.identity(self.provider.name),
                provider=self.provider.name,
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

    def _restored(self, row: SweepRow) -> Sweep:
        known = self._known.get((row.id, row.started_at))
        if known is not None:
            if known.loaded:
                rows = self._book.cells(row.id)
                known.take_over([self._job(cell) for cell in rows])
            return known
        axes = tuple(_axis_from_json(axis) for axis in row.axes)

        def load() -> tuple[Cell, ...]:
            values = {axis.name: {value.label: value for value in axis.values} for axis in axes}
            return tuple(self._cell(at, cell, values) for at, cell in enumerate(self._book.cells(row.id)))

        return self._sweep(row, load, axes)

    def _cell(self, position: int, row: CellRow, values: Mapping[str, Mapping[str, Value]]) -> Cell:
        chosen = {name: values[name][label] for name, label in row.labels.items()}
        job = self._job(row)
        request = job.request if job is not None else None
        if request is None and row.request is not None:
            request = restore_request(row.request, self._library.picture_bytes)
        return Cell(position, chosen, row.take, request, reason=row.reason, hint=row.hint, job=job)

    def _job(self, row: CellRow) -> Job | None:
        """The newest job for a cell."""
        job_id = row.fingerprint and self._book.job_id(row.fingerprint, row.take)
        stored = self._ledger().job(job_id) if job_id else None
        return None if stored is None else self._registry().job(stored)

    def _sweep(self, row: SweepRow, cells: Callable[[], tuple[Cell, ...]], axes: tuple[Axis, ...]) -> Sweep:
        sweep = self._known[row.id, row.started_at] = Sweep(
            self,
            id=row.id,
            provider=catalog.PROVIDERS[row.provider],
            prompt=row.prompt,
            axes=axes,
            zipped=tuple(tuple(names) for names in row.zipped),
            rows=row.row_axis,
            columns=row.column_axis,
            fixed=row.fixed,
            cells=cells,
        )
        return sweep


def asked_for(
    wanted: Iterable[Wanted],
    provider: catalog.Provider,
    ledger: Ledger | None,
    estimate: Estimate,
    *,
    fresh: bool = False,
) -> dict[Key, Asked]:
    """What each request comes to, each once: two cells may be the same; `ledger` is None where there is none yet."""
    usual: dict[str, float] = {}
    found: dict[Key, Asked] = {}
    for request, take in wanted:
        if request.model not in usual:
            past = ledger.generation_seconds(provider.name, request.model) if ledger is not None else []
            usual[request.model], _ = usual_seconds(past, provider, catalog.MODELS[request.model])
        key = (request.fingerprint(provider.name), take)
        stored = ledger is not None and not fresh and ledger.standing(*key) is not None
        found[key] = Asked(
            request=request, usd=estimate(request), seconds=usual[request.model], stored=stored
        )
    return found


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
