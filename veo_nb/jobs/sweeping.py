"""The studio's part that has to do with sweeps: what a person calls, down to where jobs are entered."""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from veo_nb import catalog
from veo_nb.config import Settings
from veo_nb.engine.engine import Engine
from veo_nb.engine.extension import check_source
from veo_nb.engine.job import Job
from veo_nb.engine.lease import Leases
from veo_nb.engine.loop import BackgroundLoop
from veo_nb.engine.registry import Registry
from veo_nb.errors import NotFound
from veo_nb.request import VideoRequest
from veo_nb.store.billing import Bill, estimate
from veo_nb.store.files import Library
from veo_nb.store.ledger import Change, Ledger
from veo_nb.store.listeners import Listeners
from veo_nb.store.watch import state_of, watch
from veo_nb.sweep.axes import Axis
from veo_nb.sweep.forecast import Asked, Forecast, ask, forecast
from veo_nb.sweep.plan import Plan, make_plan
from veo_nb.sweep.sweep import Sweep
from veo_nb.sweep.sweeps import Key, Sweeps, asked_for


@dataclass(frozen=True)
class SweepPreview:
    """What a sweep would do, all of it checked: nothing was sent and nothing written.

    `plan.cells` are the grid's cells, each with its request or the reason why there is none.
    """

    plan: Plan
    forecast: Forecast
    provider: catalog.Provider
    stored: frozenset[int]
    """The cells, by their place in the order, whose clip is there or on its way."""


class Open(Protocol):
    """What exists once the library is open."""

    @property
    def ledger(self) -> Ledger:
        """The rows of all jobs."""

    @property
    def registry(self) -> Registry:
        """The jobs that this kernel knows."""

    @property
    def loop(self) -> BackgroundLoop:
        """Where the engine lives."""

    @property
    def engine(self) -> Engine:
        """What drives the jobs."""

    @property
    def leases(self) -> Leases:
        """Who sees to them."""


class Sweeping(ABC):
    """Sweeps for a studio, which gives the rest."""

    settings: Settings
    library: Library
    _clock: Callable[[], float]
    _closed: bool
    _late: Ledger | None = None
    _watching: Future[None] | None = None
    _sweeps: Sweeps | None = None
    _news: Listeners[Change] | None = None

    @abstractmethod
    def enter(self, request: VideoRequest, *, take: int = 1, fresh: bool = False) -> tuple[Job, bool]:
        """The job for a request, and whether it is new."""

    @abstractmethod
    def cost(self) -> Bill:
        """What the library's jobs cost, and what is left of the budget."""

    @abstractmethod
    def retry(self, job_id: str) -> Job:
        """Look again for the video of a job."""

    @abstractmethod
    def _request(self, prompt: str, take: int, fields: Mapping[str, Any]) -> VideoRequest: ...

    @abstractmethod
    def _open(self) -> Open: ...

    @abstractmethod
    def _open_existing(self) -> Open | None: ...

    def sweep(
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
        **fixed: Any,
    ) -> Sweep:
        """The sweep of a prompt over all combinations of `axes`; returns at once, the clips are made in the background.

        An axis is a field of `VideoRequest`, `take`, or a `{{variable}}` of the prompt, with a list of values, a dict
        of named ones, or a text as in a cell (`jobs.axes`). Axes named by `zip` move together. What is the same for
        all goes into `fixed`, fields and variables; `variables` is for those that are called like a field. The same
        prompt with the same settings and axes is the same sweep, whose stored clips are shown: another value on an
        axis sends only what is new.

        Raises:
            InvalidRequest: something is wrong with it, or it is large and `confirm` is not set; nothing was sent.
            AuthenticationError: the provider needs a key and there is none.
        """
        plan = self._plan(
            prompt, axes, zipped=zip, rows=rows, columns=columns, take=take, same=variables, fixed=fixed
        )
        self.settings.key_or_raise()
        self._check_sweep(self._asked(plan, fresh=fresh).values(), confirmed=confirm)
        self._open()
        return self._desk().start(plan, fresh=fresh)

    def preview_sweep(
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
        **fixed: Any,
    ) -> SweepPreview:
        """What `sweep` would do, checked in the same way, with nothing sent and nothing written."""
        plan = self._plan(
            prompt, axes, zipped=zip, rows=rows, columns=columns, take=take, same=variables, fixed=fixed
        )
        asked = self._asked(plan, fresh=fresh)
        stored = frozenset(
            at
            for at, cell in enumerate(plan.cells)
            if cell.request and asked[self._key(cell.request, cell.take)].stored
        )
        return SweepPreview(plan, self._forecast(asked.values()), self.settings.provider, stored)

    def sweeps(self, limit: int = 50) -> list[Sweep]:
        """The newest sweeps of the library, newest first."""
        return self._desk().all(limit) if self._open_existing() else []

    def find_sweep(self, sweep_id: str) -> Sweep:
        """The sweep with this id.

        Raises:
            NotFound: there is none; the hint names the nearest.
        """
        wanted = sweep_id.strip().lower()
        found = self._desk().find(wanted) if self._open_existing() else None
        if found is None:
            ids = [sweep.id for sweep in self.sweeps(8)]
            hint = catalog.did_you_mean(wanted, ids) if ids else "No sweep has been made here yet."
            raise NotFound(f"There is no sweep {sweep_id!r} in this library.", hint=hint)
        return found

    def _check_sweep(self, asked: Iterable[Asked], *, confirmed: bool) -> None:
        """The one place where a sweep as a whole is let through or not, before anything is written or sent."""
        asked = [*asked]
        found = self._forecast(asked)
        ask(found, confirmed=confirmed)
        new = [one for one in asked if not one.stored]
        for one in new:
            check_source(one.request.video and one.request.video.clip, self.settings.provider, self._clock())
        bill = self.cost()
        for one in new:
            if one.usd is None:
                bill.admit(one.request.model, None)
        if new:
            bill.admit("This sweep", found.usd)

    def _forecast(self, asked: Iterable[Asked]) -> Forecast:
        return forecast([*asked], self.settings.max_in_flight, self.settings.provider.requests_per_minute)

    def _plan(self, prompt: str | None, axes: Mapping[str, Any] | Iterable[Axis], **how: Any) -> Plan:
        return make_plan(
            self._request,
            prompt=prompt,
            axes=axes,
            image_types=self.settings.provider.image_types,
            **how,
        )

    def _asked(self, plan: Plan, *, fresh: bool) -> dict[Key, Asked]:
        parts = self._open_existing()
        wanted = ((cell.request, cell.take) for cell in plan.cells if cell.request is not None)
        provider, ledger = self.settings.provider, parts.ledger if parts else None
        return asked_for(wanted, provider, ledger, self._estimate, fresh=fresh)

    def _estimate(self, request: VideoRequest) -> float | None:
        return estimate(request, self.settings.prices)

    def _key(self, request: VideoRequest, take: int) -> Key:
        return request.fingerprint(self.settings.provider.name), take

    def _desk(self) -> Sweeps:
        """The library's sweeps, with what they need of this studio; the same ones each time, so that they know each other."""
        if self._sweeps is not None:
            return self._sweeps

        def hold(job_ids: set[str], back: bool) -> None:
            parts = self._open()
            parts.loop.do(lambda: parts.engine.hold(job_ids, back=back))

        self._sweeps = Sweeps(
            listen=self._listen,
            ledger=self._any_ledger,
            registry=lambda: self._open().registry,
            library=self.library,
            provider=self.settings.provider,
            most=self.settings.max_in_flight,
            enter=lambda request, **how: self.enter(request, **how)[0],
            look_again=lambda job: self.retry(job.id),
            check=self._check_sweep,
            hold=hold,
            estimate=self._estimate,
            clock=self._clock,
        )
        return self._sweeps

    def _listen(self, listener: Callable[[Change], object]) -> Callable[[], None]:
        """Have `listener(change)` called for each change in the library, of a closed studio for what is done with it."""
        news = self._any_ledger().changed
        if not self._closed and (self._watching is None or self._watching.done()):
            parts = self._open()
            self._watching = parts.loop.run(watch(parts.ledger, since=state_of(parts.ledger)))
        return news.subscribe(listener)

    def _any_ledger(self) -> Ledger:
        """The ledger; once the studio is closed, its file anew: a sweep that is done can still be rated."""
        if not self._closed:
            ledger = self._open().ledger
            self._news = ledger.changed
            return ledger
        if self._late is None:
            self._late = Ledger(self.library.ledger_path)
            # Who listened before it was closed goes on to hear.
            self._late.changed = self._news or self._late.changed
            weakref.finalize(self, self._late.close)
        return self._late
