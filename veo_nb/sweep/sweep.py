"""A sweep: one prompt through all combinations of some axes, and everything a person does with the whole of it."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, overload

from veo_nb import catalog
from veo_nb.engine.job import Job, Snapshot
from veo_nb.engine.jobs import Jobs
from veo_nb.errors import InvalidRequest, NotFound, VeoError
from veo_nb.measuring.measurements import Measurements, key_of
from veo_nb.measuring.measuring import Measuring
from veo_nb.records.shown import html_of, live_of
from veo_nb.store.changes import Change, Changes
from veo_nb.store.evidence.experiments import ExperimentLedger
from veo_nb.store.ratings import Rating, Ratings
from veo_nb.store.sweeps import SweepLedger
from veo_nb.sweep import dataframe, results
from veo_nb.sweep.axes import Axis
from veo_nb.sweep.cell import Cell
from veo_nb.sweep.course import waiting
from veo_nb.sweep.course.choosing import AGAIN, by_request, check_states, drafts_of
from veo_nb.sweep.forecast import asked_for, check
from veo_nb.sweep.results import Result, Standing
from veo_nb.sweep.summary import MISSING, Summary, summarize

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd
    from matplotlib.figure import Figure


class Views(Protocol):
    """What shows a sweep and writes it out: the studio was given it, since a sweep knows nothing of pages."""

    def show(self, sweep: Sweep, *, rows: str | None, columns: str | None, embed: bool) -> None:
        """Display it where the code runs."""

    def export(self, sweep: Sweep, to: str | PathLike[str], **how: Any) -> Path:
        """Write it to a file or folder, and say where."""

    def report(self, sweep: Sweep, to: str | PathLike[str], **how: Any) -> Path:
        """Write what it found out to a page, and say where."""


class Sweep:
    """A prompt through all combinations of its `axes`: a `Cell` for each, row by row, as the grid shows them.

    `rows` and `columns` name the grid's two axes; `id` is five letters or digits, unique in the library. The sweep
    goes on in the background; `sweep.wait()` or `await sweep` wait for it. The ratings of its clips are in the ledger:
    any other sweep with the same clip has them.
    """

    def __init__(
        self,
        *,
        jobs: Jobs,
        book: SweepLedger,
        ratings: Ratings,
        experiments: ExperimentLedger,
        views: Views | None,
        id: str,  # noqa: A002
        started_at: float,
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
        self.started_at = started_at
        self.provider = provider
        self.prompt = prompt
        self.axes = axes
        self.zipped = zipped
        self.rows = rows
        self.columns = columns
        self.fixed = fixed
        self._jobs = jobs
        self._book = book
        self._ratings = ratings
        self._experiments = experiments
        self._views = views
        self._load = cells
        self._cells: tuple[Cell, ...] | None = None
        self._keys: dict[tuple[str, int], list[Cell]] | None = None
        self.changed: Changes[tuple[Cell, ...]] = Changes(f"sweep {id}")
        self._seen: dict[str, Snapshot] = {}
        """Of each job the moment that listeners have heard of: the ledger and the job both say that it has changed."""
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
    def jobs(self) -> tuple[Job, ...]:
        """The jobs, each once, in that order."""
        found = {cell.job.id: cell.job for cell in self.cells if cell.job is not None}
        return tuple(found.values())

    @property
    def paused(self) -> bool:
        """Whether what is not sent yet is held back."""
        row = self._book.sweep(self.id)
        return row is not None and row.paused

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
        missing = [
            (cell.request, cell.take) for cell in self.cells if cell.job is None and cell.request is not None
        ]
        return summarize(
            [cell.state for cell in self.cells],
            # What is drafted is paid for as well.
            [*self.jobs, *{cell.draft.id: cell.draft for cell in self.cells if cell.draft}.values()],
            missing=[
                (self._jobs.provider_of(one.request), one.latency, one.quote)
                for one in asked_for(self._jobs, missing).values()
            ],
            paused=self.paused,
            now=self._jobs.workspace.clock(),
            allowed=self._jobs.settings.allowed,
        )

    def grid(self, rows: str | None = None, columns: str | None = None, *, embed: bool = False) -> None:
        """Show the sweep here as a table of clips, with these axes as rows and columns.

        It is live while something runs, and stays so as long as the kernel lives; the notebook keeps a table that
        needs none. Videos are linked; `embed=True` puts them into the notebook.

        Raises:
            InvalidRequest: a name is no axis of the sweep.
        """
        for name in (rows, columns):
            if name is not None:
                self.axis(name)
        self._shown_by().show(self, rows=rows, columns=columns, embed=embed)

    # What it is to find out

    @property
    def question(self) -> str:
        """What it is to find out, as a person wrote it; empty where nobody did."""
        return self._experiments.of(self.id).question

    @property
    def hypothesis(self) -> str:
        """What was expected before there were votes."""
        return self._experiments.of(self.id).hypothesis

    @property
    def conclusion(self) -> str:
        """What was concluded from them."""
        return self._experiments.of(self.id).conclusion

    def describe(
        self, *, question: str | None = None, hypothesis: str | None = None, conclusion: str | None = None
    ) -> None:
        """Write down what it is to find out, what is expected, and what came of it; what is None stays as it is.

        Raises:
            InvalidRequest: one is no text, or too long.
        """
        texts = {"question": question, "hypothesis": hypothesis, "conclusion": conclusion}
        self._experiments.describe(self.id, texts)

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
        waiting.wait(self, timeout)
        return self

    def __await__(self) -> Generator[Any, None, Sweep]:
        """Wait for it on the caller's own loop; a cancelled `await` leaves the sweep running."""
        return self._finish().__await__()

    async def __aiter__(self) -> AsyncIterator[Result]:
        """Each sample as it comes, in the order in which the jobs end: `async for clip in sweep: clip.video`.

        A cell that ends without a clip comes too, with its state and no video. Leaving the loop leaves the sweep running.

        Raises:
            InvalidRequest: it is paused, and nothing is on its way.
        """
        async for job in waiting.come(self):
            for clip in self.clips(lambda clip, job=job: clip.job is job):  # type: ignore[misc]
                yield clip

    async def _finish(self) -> Sweep:
        await waiting.finish(self)
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
        self._hold(back=True)

    def resume(self) -> None:
        """Let go on what was held back."""
        self._hold(back=False)

    def _hold(self, *, back: bool) -> None:
        # Written down, so that it lasts; whoever listens to the library hears of it so.
        self._book.mark(self.id, paused=back)
        self._jobs.hold({job.id for job in self.jobs if not job.now.state.final}, back=back)

    def retry(self, *, cells: Iterable[Cell] | None = None) -> list[Job]:
        """Look again for the clips that were accepted and did not get here; their jobs. Nothing is sent or paid for.

        With `cells` for those of them alone.

        Raises:
            AuthenticationError: a provider needs a key and there is none.
        """
        among = self.cells if cells is None else tuple(cells)
        jobs = {cell.job.id: cell.job for cell in among if cell.job is not None and cell.job.missed}
        for job in jobs.values():
            self._jobs.retry(job.id)
        self._notify(tuple(cell for cell in among if cell.job is not None and cell.job.id in jobs))
        return list(jobs.values())

    def rerun(self, *states: str, cells: Iterable[Cell] | None = None, confirm: bool = False) -> list[Job]:
        """Ask anew for the cells that failed or were blocked, or that ended in these `states`; their jobs. It may cost.

        With `cells` for those of them alone, however they ended without a clip.
        A clip that was accepted and did not get here is looked for as by `retry`, and nothing is sent. What is uncertain
        stays so, since it may be charged twice: `%veo resubmit` is for that.

        Raises:
            InvalidRequest: it is paused, a state is none of these, or it is large and `confirm` is not set; nothing was
                sent.
            AuthenticationError: a provider needs a key and there is none.
            BudgetExceeded: it would go over the budget; nothing was sent.
        """
        wanted = states or (AGAIN[:2] if cells is None else AGAIN)
        check_states(wanted)
        if self.paused:
            raise InvalidRequest(f"Sweep {self.id} is paused.", hint="sweep.resume() lets it go on.")
        among = self.cells if cells is None else tuple(cells)
        cells = [cell for cell in among if cell.request and cell.state in (*wanted, MISSING)]
        to_send = [
            (cell.wanted, cell.take)
            for cell in cells
            if cell.wanted and not (cell.job and cell.job.fetchable)
        ]
        check(self._jobs, asked_for(self._jobs, to_send).values(), confirmed=confirm)
        sent = iter(self._jobs.submit_all(to_send))
        jobs: dict[str, Job] = {}
        for cell in cells:
            kept = cell.job is not None and cell.job.fetchable
            job = self._jobs.retry(cell.job.id) if cell.job is not None and kept else next(sent)[0]
            self._give(cell, job)
            jobs[job.id] = job
        self._attend(jobs.values())
        self._notify(tuple(cells))
        return list(jobs.values())

    def finalize(self, *, cells: Iterable[Cell] | None = None, confirm: bool = False) -> list[Job]:
        """Make the drafts final whose clip is here; the jobs of their finals, which take the cells over.

        With `cells` for those of them alone: `sweep.finalize(cells=[sweep.cell(animal="fox")])`.

        Raises:
            InvalidRequest: it has no draft that is done, a model is gone, or it is large and `confirm` is not set; nothing
                was sent.
            BudgetExceeded: it would go over the budget; nothing was sent.
        """
        among = self.cells if cells is None else tuple(cells)
        drafts = drafts_of(self.id, among)
        asked = {job.id: (self._jobs.drafts.full(job), job.take) for job in drafts.values()}
        check(self._jobs, asked_for(self._jobs, asked.values()).values(), confirmed=confirm)
        made = zip(asked, self._jobs.submit_all(asked.values()), strict=True)
        finals = {job_id: job for job_id, (job, _) in made}
        found = tuple(cell for cell in among if cell.position in drafts)
        for cell in found:
            self._give(cell, finals[drafts[cell.position].id])
        self._attend(finals.values())
        self._notify(found)
        return list(finals.values())

    # Judging

    def rate(self, what: Any, rating: int | None, *, sample: int = 0) -> Rating:
        """Give a clip one to five, or None to take it back; `what` is a cell, a job, its id, a video or a `Result`."""
        return self._judge(what, sample, rating=rating)

    def star(self, what: Any, on: bool = True, *, sample: int = 0) -> Rating:
        """Star a clip, or take its star away."""
        return self._judge(what, sample, star=bool(on))

    def note(self, what: Any, text: str, *, sample: int = 0) -> Rating:
        """Write something down about a clip, in place of what was there."""
        return self._judge(what, sample, note=str(text))

    def rating(self, what: Any, *, sample: int = 0) -> Rating:
        """What is thought of a clip."""
        job, sample = results.place(what, sample, self.jobs)
        return results.rating_of(self._ratings.of([job]), job, sample)

    def ratings(self, job_ids: Iterable[str]) -> dict[tuple[str, int], Rating]:
        """What is thought of the clips of these jobs, by job and sample; only of those that were rated."""
        return self._ratings.of(job_ids)

    def _judge(self, what: Any, sample: int, **changes: Any) -> Rating:
        job_id, sample = results.place(what, sample, self.jobs)
        return self._ratings.change(job_id, sample, **changes)

    def clips(
        self, where: Callable[[Result], bool] | None = None, *, sort: str | None = None, **equal: Any
    ) -> list[Result]:
        """A `Result` for each sample, and one for each cell without any: `sweep.clips(style="noir", sort="-rating")`.

        `equal` are values of axes or of a clip's own facts; `sort` is one of them, from the highest with a minus.
        """
        ids = [job.id for job in self.jobs]
        found = results.clips(self.cells, self._ratings.of(ids), self._jobs.workspace.measures.of(ids))
        return results.select(found, self.axes, where=where, sort=sort, equal=equal)

    @overload
    def best(self, measure: str = ..., *, by: None = None) -> Result | None: ...
    @overload
    def best(self, measure: str = ..., *, by: str) -> list[Standing]: ...
    def best(self, measure: str = "rating", *, by: str | None = None) -> Result | list[Standing] | None:
        """The best clip by `rating`, `star`, `seconds`, `usd` or a measure; None while there is nothing to go by.

        With `by` the values of that axis from the best to the worst: of each the mean, how many clips it is over,
        and the best of them.
        """
        found = self.clips()
        return results.best(found, measure) if by is None else results.ranking(found, measure, self.axis(by))

    def measure(self, executor: Executor | None = None) -> Measurements:
        """What can be measured of its clips, as `veo.measure`; kept, and shown as a table."""
        clips = [(cell, video) for cell in self.cells for video in cell.videos]
        labels = {key_of(video): results.label(cell, video, self.axes) for cell, video in clips}
        return Measuring(self._jobs).measure([video for _, video in clips], executor, labels=labels)

    def to_dataframe(self) -> pd.DataFrame:
        """A pandas table, one row a sample: axes, parameters, state, seconds, cost, rating, star, note, path, measures.

        A clip has measures once `sweep.measure()` has taken them; before any has, there are no such columns.
        """
        return dataframe.to_dataframe(self.clips(), self.axes)

    def chart(self, by: str | None = None, *, measure: str = "rating") -> Figure:
        """The ratings, or another measure, by the values of an axis, as a matplotlib figure."""
        return dataframe.chart(self.clips(), self.axis(by or self.axes[0].name), measure)

    def export(
        self,
        to: str | PathLike[str],
        *,
        embed: bool | None = None,
        sound: Any = None,
        rows: str | None = None,
        columns: str | None = None,
    ) -> Path:
        """Take the sweep away, and return where it was written; its ending says as what.

        `grid.html` is one page with the grid and its clips, that opens from disk; `embed=False` puts the clips beside
        it. `grid.mp4` is a video of all clips side by side in step, silent or with the `sound` of one of them, and
        `grid.png` a still of it. `grid.csv` is the table of results, and `results/` a folder with it, all clips and
        their recipes. `rows` and `columns` are as in `grid()`. A file that is there is replaced in one step.

        Raises:
            InvalidRequest: there is no such kind, or it can't be made or written.
        """
        for name in (rows, columns):
            if name is not None:
                self.axis(name)
        return self._shown_by().export(self, to, embed=embed, sound=sound, rows=rows, columns=columns)

    def report(self, to: str | PathLike[str] = "report.html", *, embed: bool | None = None) -> Path:
        """Write what the sweep found out, and return where: question, settings, cost, clips, ranking, conclusion.

        `report.html` is one page that opens from disk and plays its clips; `embed=False` puts them beside it.
        `report.md` is the same as text, with links to the clips beside it. Both have the cells that make it again.

        Raises:
            InvalidRequest: there is no such kind, or it can't be written.
        """
        return self._shown_by().report(self, to, embed=embed)

    def axis(self, name: str) -> Axis:
        """The axis of this name.

        Raises:
            InvalidRequest: there is none; the hint names the nearest.
        """
        for axis in self.axes:
            if axis.name == name:
                return axis
        hint = catalog.did_you_mean(name, [axis.name for axis in self.axes])
        raise InvalidRequest(f"{name} is no axis of this sweep.", hint=hint, field=name)

    def _shown_by(self) -> Views:
        if self._views is None:
            raise InvalidRequest(
                "There is nothing here to show a sweep with.", hint="Use veo.Studio(...) or veo.sweep(...)."
            )
        return self._views

    # Listening

    def on_change(self, listener: Callable[[tuple[Cell, ...]], object]) -> Callable[[], None]:
        """Have `listener(cells)` called with the cells that have changed; call what is returned to end it.

        It comes from the background thread, and after a pause, a rerun or a rating from whoever asked for that,
        wherever it was: here, in the panel, or in another kernel.
        """
        jobs = self.jobs
        with self._lock:
            self._seen = {job.id: job.now for job in jobs} | self._seen
        end = self.changed.listen(listener)
        self._hear_library()
        self._attend(jobs)

        def remove() -> None:
            end()
            self._hear_library()

        return remove

    def _hear_library(self) -> None:
        """Listen to the library, and only while somebody listens to us."""
        # Not under the lock: the library has its own.
        end = self._jobs.workspace.listen(self._hear) if self.changed else None
        with self._lock:
            if bool(self.changed) is not (self._unhear is not None):
                end, self._unhear = self._unhear, end
        if end is not None:
            end()

    def _attend(self, jobs: Iterable[Job]) -> None:
        """See to it that these jobs go on, while somebody listens: one that nobody drives or follows never changes."""
        if self.changed:
            for job in jobs:
                job.attend()

    def _hear(self, change: Change) -> None:
        if change.what == "everything":
            self.refresh()
            self._notify(self.cells)
        elif change.what == "sweep" and change.id == self.id:
            self._notify(self.cells)
        elif change.what in ("rating", "evidence"):
            self._notify(self._of_job(change.id))
        elif change.what == "job":
            self._hear_of_job(change.id)

    def _hear_of_job(self, job_id: str) -> None:
        cells = self._of_job(job_id)
        if not cells and (job := self._jobs.known(job_id)) is not None:
            # Asked for otherwise than through the sweep.
            cells = self._take_up(job)
        for cell in cells[:1]:
            assert cell.job is not None, "found by it"
            now = cell.job.now
            with self._lock:
                before, self._seen[job_id] = self._seen.get(job_id), now
            if now is not before:
                self._notify(cells)

    def _of_job(self, job_id: str) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if cell.job is not None and cell.job.id == job_id)

    def _take_up(self, job: Job) -> tuple[Cell, ...]:
        """Let a job be that of the cells that ask for it, if it is the newest one; these cells."""
        if self._keys is None:
            self._keys = by_request(self.cells)
        key = (job.request.fingerprint(), job.take)
        cells = tuple(self._keys.get(key, ()))
        if not cells or self._book.job_id(*key) != job.id:
            return ()
        for cell in cells:
            self._give(cell, job)
        return cells

    def _give(self, cell: Cell, job: Job | None) -> bool:
        """Let a job, or its final, be that of a cell; whether it is another one now."""
        # Not under the lock: see `cells`.
        final = job.final if job is not None else None
        with self._lock:
            return cell.take_up(job, final)

    def refresh(self) -> None:
        """Let the newest job be that of each cell, where that has become another one."""
        row = self._book.sweep(self.id)
        if (
            self._cells is None
            or self._jobs.workspace.closed
            or row is None
            or row.started_at != self.started_at
        ):
            return
        jobs = {cell.position: cell.draft or cell.job for cell in self.cells}
        for position, job_id in self._book.job_ids(self.id).items():
            before = jobs.get(position)
            if before is None or before.id != job_id:
                jobs[position] = self._jobs.find(job_id)
        self.take_over([jobs[cell.position] for cell in self.cells])

    def take_over(self, jobs: Sequence[Job | None]) -> None:
        """Let these be the jobs of the cells from now on, in their order: the newest for what each asks for."""
        pairs = zip(self.cells, jobs, strict=True)
        changed = [cell for cell, job in pairs if self._give(cell, job)]
        self._attend([cell.job for cell in changed if cell.job is not None])
        self._notify(tuple(changed))

    def _notify(self, cells: tuple[Cell, ...]) -> None:
        if cells:
            self.changed.emit(cells)

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def shape(self) -> str:
        """`3 animal × 4 time`: how many values each axis has."""  # noqa: RUF002
        return " × ".join(f"{len(axis.values)} {axis.name}" for axis in self.axes)  # noqa: RUF001

    def _repr_html_(self) -> str | None:
        return html_of(self)

    def _display_(self) -> Any:
        return live_of(self)

    def __repr__(self) -> str:
        return f"<Sweep {self.id}: {self.shape} · {self.summary()}>"


def is_sweep_id(typed: str) -> bool:
    """Whether an id is that of a sweep: one letter longer than a job's, and it begins with s."""
    return len(typed.strip()) == 5 and typed.strip().lower().startswith("s")
