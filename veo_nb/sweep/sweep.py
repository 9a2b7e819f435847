"""A sweep: one prompt through all combinations of some axes, and everything a person does with the whole of it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from veo_nb import catalog
from veo_nb.engine.job import Job, WaitInterrupted
from veo_nb.errors import InvalidRequest, NotFound, VeoError, WaitTimeout
from veo_nb.jobs.judged import Judged
from veo_nb.request import VideoRequest
from veo_nb.store.ledger import Change
from veo_nb.store.listeners import Listeners
from veo_nb.store.ratings import Ratings
from veo_nb.store.rows import State
from veo_nb.sweep import results
from veo_nb.sweep.axes import Axis
from veo_nb.sweep.cell import Cell
from veo_nb.sweep.summary import MISSING, Summary

LOOK_SECONDS = 1.0
"""How often a wait looks whether the sweep was paused meanwhile."""
AGAIN = ("failed", "blocked", "cancelled")
"""States after which a cell can be asked anew; of an uncertain one only a person knows."""


class Desk(Protocol):
    """What a sweep needs of the studio; `jobs.sweeps` is it."""

    ratings: Ratings
    provider: catalog.Provider

    def check(self, asked: Iterable[tuple[VideoRequest, int]], *, confirmed: bool) -> None:
        """Raise where these requests together are too many or too dear."""

    def enter(self, request: VideoRequest, take: int) -> Job:
        """The job for a request, driven from now on."""

    def look_again(self, job: Job) -> Job:
        """Fetch the video of a job that failed on the way; nothing is sent."""

    def pause(self, sweep_id: str, jobs: Sequence[Job], *, paused: bool) -> None:
        """Hold the jobs back that are not sent yet, or let them go."""

    def is_paused(self, sweep_id: str) -> bool:
        """Whether they are held back."""

    def listen(self, listener: Callable[[Change], object]) -> Callable[[], None]:
        """Have `listener(change)` called for each change in the library; call what is returned to end it."""

    def summarize(self, sweep_id: str, cells: Sequence[Cell]) -> Summary:
        """How it stands."""


class Sweep(Judged):
    """A prompt through all combinations of its `axes`: a `Cell` for each, row by row, as the grid shows them.

    `rows` and `columns` name the grid's two axes; `id` is five letters or digits, unique in the library. The sweep
    goes on in the background; `sweep.wait()` or `await sweep` wait for it.
    """

    viewer: ClassVar[Callable[..., None] | None] = None
    """What shows a grid: jobs know nothing of notebooks, so it is given from above."""

    def __init__(
        self,
        desk: Desk,
        *,
        id: str,  # noqa: A002
        provider: catalog.Provider,
        prompt: str | None,
        axes: tuple[Axis, ...],
        zipped: tuple[tuple[str, ...], ...],
        rows: str | None,
        columns: str | None,
        fixed: Mapping[str, Any],
        cells: Callable[[], tuple[Cell, ...]],
    ) -> None:
        self.id = id
        self.provider = provider
        self.prompt = prompt
        self.axes = axes
        self.zipped = zipped
        self.rows = rows
        self.columns = columns
        self.fixed = fixed
        self._desk = desk
        self._load = cells
        self._ratings = desk.ratings
        self._cells: tuple[Cell, ...] | None = None
        self._listeners: Listeners[tuple[Cell, ...]] = Listeners(f"sweep {id}")
        self._followed: dict[str, Callable[[], None]] = {}
        self._unhear: Callable[[], None] | None = None
        self._lock = threading.RLock()

    # What there is

    @property
    def cells(self) -> tuple[Cell, ...]:
        """A cell for each combination, in the order in which they are sent."""
        if self._cells is None:
            # Not under the lock: a job that is read anew tells its listeners, who may be sweeps as well.
            loaded = self._load()
            with self._lock:
                self._cells = self._cells or loaded
        return self._cells

    @property
    def loaded(self) -> bool:
        """Whether the cells were looked at before."""
        return self._cells is not None

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs, each once, in that order."""
        found = {cell.job.id: cell.job for cell in self.cells if cell.job is not None}
        return tuple(found.values())

    @property
    def paused(self) -> bool:
        """Whether what is not sent yet is held back."""
        return self._desk.is_paused(self.id)

    def cell(self, **values: Any) -> Cell:
        """The cell with these values, by what they are or how they are shown: `sweep.cell(animal="fox", seed=1)`.

        Raises:
            NotFound: there is none, or several.
        """
        found = [cell for cell in self.cells if results.matches(cell, values)]
        if len(found) == 1:
            return found[0]
        shown = ", ".join(f"{name}={catalog.shown(value)}" for name, value in values.items())
        names = ", ".join(axis.name for axis in self.axes)
        raise NotFound(
            f"{len(found) or 'No'} cells of sweep {self.id} have {shown}.", hint=f"Its axes: {names}."
        )

    def summary(self) -> Summary:
        """How it stands: cells by state, seconds left, cost so far and in all; `str` of it is one line."""
        return self._desk.summarize(self.id, self.cells)

    def grid(self, rows: str | None = None, columns: str | None = None, *, embed: bool = False) -> None:
        """Show the sweep here as a table of clips, with these axes as rows and columns.

        It is live while something runs, and stays so as long as the kernel lives; the notebook keeps a table that
        needs none. Videos are linked; `embed=True` puts them into the notebook.

        Raises:
            InvalidRequest: a name is no axis of the sweep.
        """
        for name in (rows, columns):
            if name is not None:
                self._axis(name)
        if Sweep.viewer is None:
            raise InvalidRequest("There is nothing here to show a grid with.", hint="import veo_nb first.")
        Sweep.viewer(self, rows=rows, columns=columns, embed=embed)

    # Waiting

    def wait(self, timeout: float | None = None) -> Sweep:
        """This sweep, once nothing more happens by itself; `timeout` in seconds.

        A cell that ends without a clip is a result like any other and raises nothing, unless there is not one clip
        in the end. Interrupting the wait leaves the sweep running.

        Raises:
            WaitTimeout: it is not done yet, and goes on.
            InvalidRequest: it is paused.
            VeoError: the first job's own error, where no cell has a clip.
        """
        end = None if timeout is None else time.monotonic() + timeout
        try:
            while (job := self._unfinished()) is not None:
                left = LOOK_SECONDS if end is None else min(LOOK_SECONDS, end - time.monotonic())
                if left <= 0:
                    raise WaitTimeout(
                        f"Sweep {self.id} is not done after {timeout:g} s: {self.summary()}.",
                        hint="It goes on in the background.",
                        sweep=self.id,
                    )
                with contextlib.suppress(WaitTimeout), _goes_on_if_over(job):
                    job.wait(left)
        except KeyboardInterrupt:
            raise WaitInterrupted(
                f"Stopped waiting. Sweep {self.id} goes on in the background; %veo wait waits again, "
                f"%veo cancel {self.id} stops it."
            ) from None
        return self._result()

    def __await__(self) -> Generator[Any, None, Sweep]:
        """Wait for it on the caller's own loop; a cancelled `await` leaves the sweep running."""
        return self._finish().__await__()

    async def _finish(self) -> Sweep:
        async def end_of(job: Job) -> None:
            await job

        while (job := self._unfinished()) is not None:
            with contextlib.suppress(asyncio.TimeoutError), _goes_on_if_over(job):
                await asyncio.wait_for(end_of(job), LOOK_SECONDS)
        return self._result()

    def _unfinished(self) -> Job | None:
        going = [job for job in self.jobs if not job.now.state.final]
        sent = next((job for job in going if job.now.state is not State.QUEUED), None)
        if going and sent is None and self.paused:
            raise InvalidRequest(
                f"Sweep {self.id} is paused, and {len(going)} of its clips wait.",
                hint="sweep.resume() lets it go on.",
            )
        return sent or next(iter(going), None)

    def _result(self) -> Sweep:
        errors = [job.error for job in self.jobs if job.error is not None]
        if errors and len(errors) == len(self.jobs):
            raise errors[0]
        return self

    # Steering

    def cancel(self) -> None:
        """Stop all that is not done. The provider can't be told, so it may still finish what it has, and charge.

        Raises:
            InvalidRequest: another notebook makes some of them; the others are stopped.
        """
        refused: list[VeoError] = []
        # From the end, so that none moves up that is stopped a moment later.
        for job in reversed(self.jobs):
            try:
                job.cancel()
            except VeoError as error:
                refused.append(error)
        if refused:
            raise refused[0]

    def pause(self) -> None:
        """Hold back what is not sent yet; what is at the provider goes on. It lasts until `resume()`."""
        self._desk.pause(self.id, self.jobs, paused=True)
        self._notify(self.cells)

    def resume(self) -> None:
        """Let go on what was held back."""
        self._desk.pause(self.id, self.jobs, paused=False)
        self._notify(self.cells)

    def retry(self, *, cells: Iterable[Cell] | None = None) -> list[Job]:
        """Look again for the clips that were accepted and did not get here; their jobs. Nothing is sent or paid for.

        With `cells` for those of them alone.

        Raises:
            InvalidRequest: it was made with another provider.
        """
        self._check_provider()
        among = self.cells if cells is None else tuple(cells)
        jobs = {cell.job.id: cell.job for cell in among if cell.job is not None and _is_missed(cell.job)}
        for job in jobs.values():
            self._desk.look_again(job)
        self._notify(tuple(cell for cell in among if cell.job is not None and cell.job.id in jobs))
        return list(jobs.values())

    def rerun(self, *states: str, cells: Iterable[Cell] | None = None, confirm: bool = False) -> list[Job]:
        """Ask anew for the cells that failed or were blocked, or that ended in these `states`; their jobs. It may cost.

        With `cells` for those of them alone, however they ended without a clip.
        A clip that was accepted and did not get here is looked for as by `retry`, and nothing is sent. What is uncertain
        stays so, since it may be charged twice: `%veo resubmit` is for that.

        Raises:
            InvalidRequest: it is paused, it was made with another provider, a state is none of these, or it is large
                and `confirm` is not set; nothing was sent.
            BudgetExceeded: it would go over the budget; nothing was sent.
        """
        wanted = states or (AGAIN[:2] if cells is None else AGAIN)
        for state in wanted:
            if state not in AGAIN:
                hint = f"It takes {catalog.listed(AGAIN)}."
                raise InvalidRequest(f"Cells that are {state} can't be asked anew.", hint=hint)
        self._check_provider()
        if self.paused:
            raise InvalidRequest(f"Sweep {self.id} is paused.", hint="sweep.resume() lets it go on.")
        among = self.cells if cells is None else tuple(cells)
        cells = [cell for cell in among if cell.request and cell.state in (*wanted, MISSING)]
        to_send = [
            (cell.request, cell.take)
            for cell in cells
            if cell.request and not (cell.job and cell.job.fetchable)
        ]
        self._desk.check(to_send, confirmed=confirm)
        jobs: dict[str, Job] = {}
        for cell in cells:
            if cell.job is not None and cell.job.fetchable:
                job = self._desk.look_again(cell.job)
            else:
                assert cell.request is not None, "chosen so"
                job = self._desk.enter(cell.request, cell.take)
            with self._lock:
                cell.job = jobs[job.id] = job
        self._follow()
        self._notify(tuple(cells))
        return list(jobs.values())

    def _check_provider(self) -> None:
        if self.provider.name != self._desk.provider.name:
            raise InvalidRequest(
                f"Sweep {self.id} was made with {self.provider.title}.",
                hint=f'Use veo.configure(provider="{self.provider.name}") with its key first.',
            )

    # Listening

    def on_change(self, listener: Callable[[tuple[Cell, ...]], None]) -> Callable[[], None]:
        """Have `listener(cells)` called with the cells that have changed; call what is returned to end it.

        It comes from the background thread, and after a pause, a rerun or a rating from whoever asked for that.
        """
        end = self._listeners.subscribe(listener)
        self._listen()
        self._follow()

        def remove() -> None:
            end()
            self._listen()
            self._follow()

        return remove

    def _follow(self) -> None:
        """Listen to the jobs of now, and only while somebody listens to us."""
        jobs = {job.id: job for job in self.jobs}
        with self._lock:
            wanted = jobs if self._listeners else {}
            ended = [self._followed.pop(job_id) for job_id in [*self._followed] if job_id not in wanted]
            new = [job for job in wanted.values() if job.id not in self._followed]
            self._followed.update({job.id: _nothing for job in new})
        for stop in ended:
            stop()
        for job in new:
            # Not under the lock either: one that nobody drives is taken up now, and says so.
            stop = job.on_change(self._heard)
            with self._lock:
                if job.id in self._followed:
                    self._followed[job.id] = stop
                    continue
            stop()

    def _listen(self) -> None:
        """Hear from the library what is thought of the clips, and only while somebody listens to us."""
        # Not under the lock: the library has its own.
        end = self._desk.listen(self._hear) if self._listeners else None
        with self._lock:
            if bool(self._listeners) is not (self._unhear is not None):
                end, self._unhear = self._unhear, end
        if end is not None:
            end()

    def _hear(self, change: Change) -> None:
        # Empty where another kernel has changed something, and nobody knows what.
        if change.table == "ratings":
            self._notify(tuple(cell for cell in self.cells if cell.job and cell.job.id == change.id))
        elif not change.id:
            self._notify(self.cells)

    def _heard(self, job: Job) -> None:
        self._notify(tuple(cell for cell in self.cells if cell.job is job))

    def _notify(self, cells: tuple[Cell, ...]) -> None:
        if cells:
            self._listeners.tell(cells)

    def take_over(self, jobs: Sequence[Job | None]) -> None:
        """Let these be the jobs of the cells from now on, in their order: the newest for what each asks for."""
        changed = []
        for cell, job in zip(self.cells, jobs, strict=True):
            with self._lock:
                if cell.job is not job:
                    cell.job = job
                    changed.append(cell)
        if changed:
            self._follow()
            self._notify(tuple(changed))

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def shape(self) -> str:
        """`3 animal × 4 time`: how many values each axis has."""  # noqa: RUF002
        return " × ".join(f"{len(axis.values)} {axis.name}" for axis in self.axes)  # noqa: RUF001

    def __repr__(self) -> str:
        return f"<Sweep {self.id}: {self.shape} · {self.summary()}>"


def is_sweep_id(typed: str) -> bool:
    """Whether an id is that of a sweep: one letter longer than a job's, and it begins with s."""
    return len(typed.strip()) == 5 and typed.strip().lower().startswith("s")


def _is_missed(job: Job) -> bool:
    """Whether there is a clip that is not here, and may be at the provider."""
    return job.fetchable or (job.now.state is State.SUCCEEDED and not job.complete)


def _nothing() -> None:
    pass


@contextlib.contextmanager
def _goes_on_if_over(job: Job) -> Generator[None, None, None]:
    """Pass over the error of a job that has ended with it; any other comes through."""
    try:
        yield
    except WaitTimeout:
        raise
    except VeoError:
        if not job.now.state.final:
            raise
