"""The studio: one object in front of everything below, put together behind a few plain calls."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

from veo_nb.api.dialects.plugins import load_plugins
from veo_nb.config import Settings, resolve_settings
from veo_nb.credentials.keys import Environment, wrap_key
from veo_nb.credentials.stores import KeyStores, machine_stores
from veo_nb.engine.job import Job
from veo_nb.engine.jobs import Jobs, Preview
from veo_nb.engine.video import Trimmed, Video
from veo_nb.errors import InvalidRequest
from veo_nb.library import Library
from veo_nb.store.billing import Bill
from veo_nb.store.files import Files
from veo_nb.sweep import sweep
from veo_nb.sweep.axes import Axis
from veo_nb.sweep.cell import Cell
from veo_nb.sweep.results import Result
from veo_nb.sweep.sweep import Sweep, is_sweep_id
from veo_nb.sweep.sweeps import Sweeps
from veo_nb.sweep.template import check_filled

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import httpx2

    # To compare and to measure is for later: nothing of it is loaded with the extension.
    from veo_nb.decisions import comparison
    from veo_nb.decisions.comparison import Comparison
    from veo_nb.decisions.comparisons import Comparisons
    from veo_nb.decisions.experiments import Experiment
    from veo_nb.decisions.judges import Judge
    from veo_nb.decisions.ranking import Ranking
    from veo_nb.measuring.measurements import Measurements

    class Views(sweep.Views, comparison.Views, Protocol):
        """What shows sweeps and comparisons."""

        def attach(self, comparisons: Callable[[], Comparisons]) -> None:
            """Know the comparisons of this studio: what they came to goes into what is written out."""


class Studio:
    """Makes clips, keeps them, and finds them again.

    What there is lives in four places: `jobs`, `sweeps`, `library` and `comparisons`; the calls here are those that a notebook
    needs most, and `settings` says what they work with.

    Arguments are the settings of `veo_nb.config`: `provider`, `api_key`, `base_url`, `library`, `model`,
    `max_in_flight`, `requests_per_minute`, `budget`, `store`, `embed`, and Google's `project`, `location`, `storage_uri`. `stores` keep
    keys: this machine's, or none where `environ` stands in for it. `views` show and export sweeps, and show comparisons. Nothing is started or written before the
    first job, except that jobs an earlier kernel left are taken on by `resume()`.

    Raises:
        InvalidRequest: a setting is wrong.
    """

    settings: Settings
    stores: KeyStores | None
    jobs: Jobs
    library: Library
    sweeps: Sweeps

    def __init__(
        self,
        *,
        options: Mapping[str, Any] | None = None,
        environ: Mapping[str, str] | None = None,
        folder: Path | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        stores: KeyStores | None = None,
        views: Views | None = None,
        **settings: Any,
    ) -> None:
        load_plugins()
        wrap_key(settings)
        if environ is None:
            environ, stores = Environment(os.environ), stores or machine_stores()
        self.stores = stores
        self.settings = resolve_settings(settings, options or {}, environ, folder or Path.cwd(), stores)
        files = Files(self.settings.library)
        self.jobs = Jobs(self.settings, files, transport=transport, clock=clock, sleep=sleep)
        self.library = Library(self.jobs)
        self.sweeps = Sweeps(self.jobs, self.library.ratings, views)
        self._views = views
        if views is not None:
            views.attach(lambda: self.comparisons)

    def __repr__(self) -> str:
        return f"Studio(provider={self.settings.provider.name!r}, library={str(self.settings.library)!r})"

    # Making

    def generate(self, prompt: str, *, take: int = 1, fresh: bool = False, **fields: Any) -> Job:
        """The job for this request; returns at once, the clip is made in the background.

        A request that was made before is not sent again: the stored clip, or the job that still runs, is what
        you get. `take=2` asks for another sample of it, `fresh=True` ignores what is stored. Fields are those of
        `VideoRequest`, `fit` for its frames (see `make_request`), and `draft=True` for the cheapest that the model makes,
        of which `job.finalize()` asks for the same in full; where nothing is cheaper, the job is that itself.

        Raises:
            InvalidRequest: before anything is sent.
            AuthenticationError: the provider needs a key and there is none.
            BudgetExceeded: it would go over the budget; nothing was sent.
        """
        check_filled("prompt", prompt)
        check_filled("negative_prompt", fields.get("negative_prompt"))
        return self.submit(prompt, take=take, fresh=fresh, **fields)[0]

    def submit(self, prompt: str, *, take: int = 1, fresh: bool = False, **fields: Any) -> tuple[Job, bool]:
        """As `generate`, and whether the job is new; the prompt goes out as it is, braces and all."""
        request = self.jobs.request_of(prompt, take, fields, fresh=fresh)
        return self.jobs.submit(request, take=take, fresh=fresh)

    def preview(self, prompt: str, *, take: int = 1, fresh: bool = False, **fields: Any) -> Preview:
        """What `generate` would do, checked in the same way, with nothing sent and nothing written."""
        request = self.jobs.request_of(prompt, take, fields, fresh=fresh)
        return self.jobs.preview(request, take=take, fresh=fresh)

    def sweep(
        self, prompt: str | None = None, *, axes: Mapping[str, Any] | Iterable[Axis], **how: Any
    ) -> Sweep:
        """The sweep of a prompt over all combinations of `axes`; returns at once. `how` is as in `sweeps.start`.

        Raises:
            InvalidRequest: something is wrong with it, or it is large and not confirmed; nothing was sent.
            AuthenticationError: the provider needs a key and there is none.
        """
        return self.sweeps.start(prompt, axes=axes, **how)

    def join(
        self,
        clips: Sequence[Video | Trimmed | Job],
        *,
        title: str = "",
        out: str | PathLike[str] | None = None,
    ) -> Video:
        """One clip of several, in this order; it lies in the library as any other (`library.join`)."""
        return self.library.join(clips, title=title, out=out)

    # Deciding

    def compare(
        self,
        what: Sweep | str | Iterable[Any],
        by: str | None = None,
        question: str | None = None,
        *,
        rounds: int | None = None,
        voter: str | None = None,
        judge: Judge | None = None,
        show: bool = True,
        random: Random | None = None,
    ) -> Comparison:
        """A blind comparison of clips two at a time, shown to be voted on; `show=False` for Python alone.

        `what`, `by`, `question`, `rounds` and `random` are as in `comparisons.open`; `voter` is who votes; a `judge` is
        asked first (`Comparison.ask`).

        Raises:
            InvalidRequest: there is nothing to compare, or the judge can't be asked.
            NotFound: there is no such sweep or clip.
        """
        found = self.comparisons.open(what, by, question, rounds=rounds, voter=voter, random=random)
        if judge is not None:
            found.ask(judge)
        if show:
            found.show()
        return found

    def rank(
        self,
        what: Sweep | str | Iterable[Any] | None = None,
        by: str | None = None,
        question: str | None = None,
        *,
        votes: Any = None,
        values: Sequence[Any] = (),
    ) -> Ranking:
        """What the votes of people on these clips come to, or `votes` from anywhere; it shows itself as a table with a plot.

        `what`, `by` and `question` are as in `compare`. A vote is `("a", "b", "left")`, as in `decisions.ranking.rank`, and
        `values` are what is ranked, where not all of it has a vote; with `what` and `by` they are its own.

        Raises:
            InvalidRequest: there are no votes, or they can't be read.
            NotFound: there is no such sweep or clip.
            VeoError: the extra `rank` is not installed.
        """
        from veo_nb.decisions.ranking import rank

        if what is None:
            return rank(() if votes is None else votes, values)
        if votes is not None:
            return rank(votes, values or self.comparisons.values_of(what, by))
        named, ballots = self.comparisons.ballots_of(what, by, question)
        agreements = self.comparisons.agreements_of(what, by, question)
        return rank(ballots, values or named, agreements=agreements)

    @cached_property
    def comparisons(self) -> Comparisons:
        """The comparisons of the library."""
        from veo_nb.decisions.comparisons import Comparisons

        return Comparisons(self.jobs, self.sweeps, self.library, self._views)

    # Measuring

    def measure(self, what: Any, executor: Executor | None = None) -> Measurements:
        """What can be measured of these clips without a person; what is not stored yet is measured now, and kept.

        `what` is a sweep, a job, a clip, an id or a clip's key, or several of them. For `executor` and what is raised see
        `Measuring.measure`.

        Raises:
            NotFound: there is no such sweep, job or clip.
        """
        if isinstance(what, str) and is_sweep_id(what):
            what = self.sweeps.get(what)
        if isinstance(what, Sweep):
            return what.measure(executor)
        from veo_nb.measuring.measuring import Measuring

        return Measuring(self.jobs).measure(self._clips(what), executor)

    def _clips(self, what: Any) -> list[Video]:
        """The clips that are meant by a sweep, a job, a cell, a result, a video, an id or a key, or by several of them.

        Raises:
            NotFound: there is no such thing.
            InvalidRequest: it is none of these.
        """
        if isinstance(what, str):
            if "/" in what:
                return [self.library.clip(what)]
            if is_sweep_id(what):
                return self._clips(self.sweeps.get(what))
            job = self.jobs.find(what.strip().lower())
            # A joined clip has an id of its own.
            return [*job.videos] if job is not None else [self.library.clip(what)]
        if isinstance(what, Video):
            return [what]
        if isinstance(what, Result):
            return [what.video] if what.video is not None else []
        if isinstance(what, (Job, Cell)):
            return [*what.videos]
        if isinstance(what, Sweep):
            return [video for cell in what.cells for video in cell.videos]
        if isinstance(what, Iterable) and not isinstance(what, (bytes, Mapping)):
            return [video for one in what for video in self._clips(one)]
        raise InvalidRequest(
            f"A sweep, a job or a clip can be measured, not {type(what).__name__}.",
            hint="veo.measure(sweep), veo.measure(job.video), veo.measure([job, other])",
        )

    # Finding

    def job(self, job_id: str) -> Job:
        """The job with this id.

        Raises:
            NotFound: there is none; the hint names the nearest.
        """
        return self.jobs.get(job_id)

    def history(self, limit: int = 50) -> list[Job]:
        """The newest jobs of the library, newest first."""
        return self.jobs.history(limit)

    def experiments(self, limit: int = 50) -> list[Experiment]:
        """The sweeps that are to find something out, with what was voted on them; the last that changed first."""
        from veo_nb.decisions.experiments import experiments_of

        return experiments_of(self.sweeps, self.comparisons, limit)

    def cost(self) -> Bill:
        """What the jobs of the library cost by estimate, and what is left of the budget."""
        return self.jobs.cost()

    # Going on

    def resume(self) -> list[Job]:
        """Take on what an earlier kernel left unfinished with this provider; the jobs that were taken on.

        One that was just being sent then is among them, and uncertain: only a person sends it again.
        """
        # Of a sweep that was just being entered the rest comes after what is there.
        return [*self.jobs.resume(), *self.sweeps.go_on()]

    def close(self) -> None:
        """Stop the background work and the sandbox; unfinished jobs stay in the ledger for `resume()`."""
        self.jobs.workspace.close()


def changes(before: Settings, after: Settings) -> str:
    """A sentence on another library or budget, or on what is stored; empty where all are as they were."""
    parts = []
    if after.library != before.library:
        parts.append(f"the library is {after.library} (it was {before.library})")
    if after.budget != before.budget:
        parts.append(f"the budget is {_amount(after.budget)} (it was {_amount(before.budget)})")
    if after.store != before.store:
        parts.append("Google stores what is asked of Gemini Omni" if after.store else UNSTORED)
    return f"From now on {' and '.join(parts)}." if parts else ""


UNSTORED = (
    "Google stores nothing of what is asked of Gemini Omni: a clip whose connection breaks may be charged and lost, "
    "and it is changed or extended by its file alone"
)
"""What is lost by `store=False`."""


def _amount(budget: float | None) -> str:
    return "none" if budget is None else f"USD {budget:,.2f}"
