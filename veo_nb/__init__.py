"""Experiment with Veo 3.1 in a notebook: `%%veo` cells, videos that arrive in the background.

In a notebook, `%load_ext veo_nb` and then `%%veo` cells. In Python:

    import veo_nb as veo
    job = veo.generate("A fox crosses a frozen lake.", aspect_ratio="9:16")
    job.wait().video.path

Nothing is started, opened or read at import; the functions here use one studio, made at their first call.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import threading
import types
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veo_nb.records.homes import HOMES as _HOMES

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from random import Random

    from veo_nb.api.client import AsyncClient
    from veo_nb.api.download import Received
    from veo_nb.api.files.calls import RemoteFile
    from veo_nb.api.files.upload import Upload
    from veo_nb.api.wire import Operation, Sample
    from veo_nb.catalog.lives import Life
    from veo_nb.catalog.prices import Price, Usage
    from veo_nb.catalog.providers import Provider
    from veo_nb.config import Settings
    from veo_nb.credentials.keys import Secret
    from veo_nb.credentials.stores import KeyStores
    from veo_nb.decisions import judges
    from veo_nb.decisions.agreement import Agreement
    from veo_nb.decisions.ballots import Ballot
    from veo_nb.decisions.comparison import Comparison, Pair, Progress, Vote
    from veo_nb.decisions.comparisons import Comparisons
    from veo_nb.decisions.experiments import Experiment
    from veo_nb.decisions.judges import Judge
    from veo_nb.decisions.outcome.figures import Chance, Strength
    from veo_nb.decisions.ranking import Ranking
    from veo_nb.decisions.strengths.doubts import Circle, Dissent, PreferredSide
    from veo_nb.engine.job import Job, JobNote, Snapshot
    from veo_nb.engine.jobs import Jobs, Preview, Unfetched
    from veo_nb.engine.lease import Awaited
    from veo_nb.engine.providers.latency import Latency
    from veo_nb.engine.repair import Repair
    from veo_nb.engine.video import Trimmed, Video
    from veo_nb.errors import (
        AuthenticationError,
        BudgetExceeded,
        Cancelled,
        ContentBlocked,
        DownloadError,
        InvalidRequest,
        NotFound,
        OperationAbandoned,
        OperationFailed,
        PermissionDenied,
        QuotaExceeded,
        RateLimited,
        ServiceError,
        SubmissionUncertain,
        TransportError,
        VeoError,
        VideoExpired,
        WaitTimeout,
    )
    from veo_nb.library import Library
    from veo_nb.measuring.measurements import Measurement, Measurements
    from veo_nb.media.measures.definitions import Measure
    from veo_nb.media.picture import Origin, Picture
    from veo_nb.notebook.panel.panel import Panel
    from veo_nb.request import Source, VideoRequest
    from veo_nb.store.billing import Bill, Charge, Quote
    from veo_nb.store.changes import Change
    from veo_nb.store.lineage import Lineage, Link, Step
    from veo_nb.store.queries import Found, FoundRow, LibrarySummary, Query
    from veo_nb.store.ratings import Rating
    from veo_nb.store.rows import State
    from veo_nb.studio import Studio
    from veo_nb.sweep.axes import Axis, Value
    from veo_nb.sweep.cell import Cell
    from veo_nb.sweep.forecast import Forecast
    from veo_nb.sweep.plan import Plan, Planned
    from veo_nb.sweep.results import Result, Standing
    from veo_nb.sweep.summary import Summary
    from veo_nb.sweep.sweep import Sweep
    from veo_nb.sweep.sweeps import SweepPreview, Sweeps


__version__ = "0.1.0"

__all__ = [
    "Agreement",
    "AsyncClient",
    "AuthenticationError",
    "Awaited",
    "Axis",
    "Ballot",
    "Bill",
    "BudgetExceeded",
    "Cancelled",
    "Cell",
    "Chance",
    "Change",
    "Charge",
    "Circle",
    "Comparison",
    "Comparisons",
    "ContentBlocked",
    "Dissent",
    "DownloadError",
    "Experiment",
    "Forecast",
    "Found",
    "FoundRow",
    "InvalidRequest",
    "Job",
    "JobNote",
    "Jobs",
    "KeyStores",
    "Latency",
    "Library",
    "LibrarySummary",
    "Life",
    "Lineage",
    "Link",
    "Measure",
    "Measurement",
    "Measurements",
    "NotFound",
    "Operation",
    "OperationAbandoned",
    "OperationFailed",
    "Origin",
    "Pair",
    "Panel",
    "PermissionDenied",
    "Picture",
    "Plan",
    "Planned",
    "PreferredSide",
    "Preview",
    "Price",
    "Progress",
    "Provider",
    "Query",
    "QuotaExceeded",
    "Quote",
    "Ranking",
    "RateLimited",
    "Rating",
    "Received",
    "RemoteFile",
    "Repair",
    "Result",
    "Sample",
    "Secret",
    "ServiceError",
    "Settings",
    "Snapshot",
    "Source",
    "Standing",
    "State",
    "Step",
    "Strength",
    "Studio",
    "SubmissionUncertain",
    "Summary",
    "Sweep",
    "SweepPreview",
    "Sweeps",
    "TransportError",
    "Trimmed",
    "Unfetched",
    "Upload",
    "Usage",
    "Value",
    "VeoError",
    "Video",
    "VideoExpired",
    "VideoRequest",
    "Vote",
    "WaitTimeout",
    "compare",
    "configure",
    "cost",
    "experiments",
    "generate",
    "history",
    "job",
    "join",
    "judges",
    "measure",
    "panel",
    "rank",
    "studio",
    "sweep",
    "sweeps",
]

_lock = threading.RLock()


def _unlock() -> None:
    """Free the lock in a forked child: a thread of the parent may have held it."""
    global _lock  # noqa: PLW0603  one default studio a process
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock)

_studio: Studio | None = None
_retired: list[Studio] = []
_settings: dict[str, Any] = {}
_options: dict[str, Any] = {}
_folder: Path | None = None
"""The working folder of the first use: `os.chdir` must not take another library and another budget."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'veo_nb' has no attribute {name!r}")
    if name == "judges":
        return importlib.import_module("veo_nb.decisions.judges")
    module, _, real = _HOMES.get(name, "veo_nb.errors").partition(":")
    return getattr(importlib.import_module(module), real or name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


class _Package(types.ModuleType):
    """This package, whose functions `studio` and `sweep` stay what they are when modules of these names are loaded."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (isinstance(value, types.ModuleType) and name in __all__):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def studio() -> Studio:
    """The studio that the functions of this module and the magics use, made at the first call.

    Its library and its `veo_nb.toml` are those of the working folder of that call, whatever it is later.

    Raises:
        InvalidRequest: a setting is wrong.
    """
    global _studio, _folder  # noqa: PLW0603  one default studio a process
    with _lock:
        if _studio is None:
            from veo_nb.views import NotebookStudio

            folder = _folder or Path.cwd()
            _studio = NotebookStudio(options=_options, folder=folder, **_settings)
            _folder = folder
        return _studio


def configure(**settings: Any) -> Studio:
    """The studio, with these settings from now on: `veo.configure(provider="gemini", budget=20)`.

    - `provider`: who makes the clips: "sandbox" (default without a key), "gptproto", "gemini", "vertex", "gateway"
    - `api_key`: its key; better in the provider's variable or by `%veo login`, where no notebook keeps it
    - `base_url`: where the provider is reached, if not at its own address
    - `library`: the folder for clips and ledger; default `veo_library` in the working folder
    - `model`: what is asked where no model is named: "fast", "standard", "omni"
    - `budget`: USD that all clips of the library may cost together; default no limit
    - `max_in_flight`: operations at the provider at once; `requests_per_minute`: requests for clips that go out in a minute
    - `store`: False has Google store nothing of what is asked of Gemini Omni; a clip is lost with the kernel then
    - `embed`: True puts clips into the notebook itself, which plays them anywhere then, and is as large as they are

    A setting of None goes back to where it came from before: a variable such as `VEO_NB_BUDGET`, `veo_nb.toml`, the default;
    `%veo config` shows each with its source. Jobs that run go on as they were started. Another library or another budget is said.

    Raises:
        InvalidRequest: a setting is wrong; the old ones stay.
    """
    from veo_nb.credentials.keys import wrap_key

    wrap_key(settings)
    return _remake(_settings, settings)


def _configure_options(options: Mapping[str, Any]) -> Studio:
    """As `configure`, for what `%config` says, which arguments override."""
    return _remake(_options, options)


def _set_key(provider: str, key: Secret | None) -> Studio:
    """As `configure`, for `%veo login`; without a key it takes away the one that came so."""
    from veo_nb.credentials.keys import LOGIN

    if key is not None:
        return _remake(_settings, {"provider": provider, "api_key": key})
    given = _settings.get("api_key")
    mine = given is not None and given.source == LOGIN and _settings.get("provider") == provider
    # Anew in any case: the former settings know the key of another provider, too.
    return _remake(_settings, {"api_key": None} if mine else {})


def _remake(layer: dict[str, Any], changes: Mapping[str, Any]) -> Studio:
    global _studio  # noqa: PLW0603  one default studio a process
    with _lock:
        before, old = dict(layer), _studio
        layer.update(changes)
        for name in [name for name, value in layer.items() if value is None]:
            del layer[name]
        _studio = None
        try:
            new = studio()
        except BaseException:
            layer.clear()
            layer.update(before)
            _studio = old
            raise
        if old is not None:
            # What runs goes on, with its cards; it is closed with the process.
            _retired.append(old) if old.jobs.active() else old.close()
            _say_what_changed(old.settings, new.settings)
        return new


def _say_what_changed(before: Settings, after: Settings) -> None:
    from veo_nb.notices import tell
    from veo_nb.studio import changes

    if said := changes(before, after):
        tell(said)


def generate(prompt: str, *, take: int = 1, fresh: bool = False, **fields: Any) -> Job:
    """The job that makes this clip; returns at once, and shows a stored clip in place of asking twice.

    Fields are those of `VideoRequest`; an image is a path, bytes, a PIL image or a numpy array, a video is a `Video`,
    a job or a URL. `fit="crop"` or `fit="pad"` makes a first and a last frame of another shape fit the clip. `take=2`
    asks for another sample of the same request, `fresh=True` ignores what is stored. `draft=True` asks for the cheapest
    that the model makes: `job.finalize()` then makes it in full. Where nothing is cheaper, `job.is_draft` is False and the
    job is the clip itself.

    Raises:
        InvalidRequest: the request can't be sent as it is; nothing was sent.
        AuthenticationError: the provider needs a key and there is none.
        BudgetExceeded: it would go over the budget; nothing was sent.
    """
    job = studio().generate(prompt, take=take, fresh=fresh, **fields)
    if fields.get("draft") and not job.is_draft:
        from veo_nb.engine.drafts import undrafted
        from veo_nb.notices import tell

        tell(undrafted(job.request))
    return job


def sweep(prompt: str | None = None, *, axes: Mapping[str, Any], **how: Any) -> Sweep:
    """The sweep of a prompt over all combinations of `axes`; returns at once, as `generate` does.

        veo.sweep("A {{animal}} at {{time}}", axes={"animal": ["fox", "owl"], "time": ["dawn", "dusk"]}, resolution="720p")

    An axis is a field of `VideoRequest`, `take`, or a `{{variable}}` of the prompt. Its values are a list
    (`[1, 2, ..., 10]` fills in), a dict of named ones, or a text as in a cell: `"fox,owl"`, `"1,2,...,10"`,
    `"noir=black and white, hard light || soft pastel"`. `how` are the fields and variables that stay the same,
    `draft=True` for the cheapest of each model (`sweep.finalize()` makes them final), and `zip=("animal", "time")` to pair axes, `rows=` and `columns=` of the grid, `take`, `fresh`, and `confirm=True` for
    a sweep of more than a hundred clips. `question=` is what it is to find out and `hypothesis=` what you expect: both stay with it.

    Raises:
        InvalidRequest: something is wrong with it, or it is large and not confirmed; nothing was sent.
        AuthenticationError: the provider needs a key and there is none.
    """
    return studio().sweep(prompt, axes=axes, **how)


def job(job_id: str) -> Job:
    """The job with this id.

    Raises:
        NotFound: there is none; the hint names the nearest.
    """
    return studio().job(job_id)


def sweeps(limit: int = 50) -> list[Sweep]:
    """The newest sweeps of the library, newest first; `veo.studio().sweeps` has them by id as well."""
    return studio().sweeps.all(limit)


def experiments(limit: int = 50) -> list[Experiment]:
    """What sweeps were to find out, with their votes and what is known of it so far; the last that changed first.

    A sweep is one that was started with a question (`veo.sweep(…, question="…")`), described, or compared.
    """
    return studio().experiments(limit)


def history(limit: int = 50) -> list[Job]:
    """The newest jobs of the library, newest first."""
    return studio().history(limit)


def cost() -> Bill:
    """What the jobs of the library cost by estimate: `charges` by day, model and state, `spent`, `budget` and `left`."""
    return studio().cost()


def join(
    clips: Sequence[Video | Trimmed | Job], *, title: str = "", out: str | PathLike[str] | None = None
) -> Video:
    """One clip of several, in this order: `veo.join([a, b.trim(1, 4)])`; it lies in the library as any other.

    A clip is a `Video`, a job, or a part of one. `out` gets a copy. Size and rate are those of the first.

    Raises:
        InvalidRequest: there is nothing to join, a file is gone, or it can't be written.
    """
    return studio().join(clips, title=title, out=out)


def compare(
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
    """A blind comparison, shown to be voted on: two clips at a time, without names, the sides shuffled.

        veo.compare(sweep, by="prompt", question="Which looks more like film?")

    `what` is a sweep or its id, of which the values of one axis are compared, all else being equal; or some clips: jobs,
    videos or keys. Each vote is in the library at once; the same clips, axis and question are the same comparison in every
    kernel, and several people may vote. Without a question it is the sweep's own. It ends after `rounds` pairs, or when enough is known. `voter` is who votes, `judge`
    a program that is asked first, twice for each pair. With `show=False`: `c.pair`, `c.vote("left", voter="ann")`, `c.done`.

    Raises:
        InvalidRequest: there is nothing to compare, or the judge can't be asked.
        NotFound: there is no such sweep or clip.
    """
    return studio().compare(
        what, by, question, rounds=rounds, voter=voter, judge=judge, show=show, random=random
    )


def rank(
    what: Sweep | str | Iterable[Any] | None = None,
    by: str | None = None,
    question: str | None = None,
    *,
    votes: Any = None,
    values: Sequence[Any] = (),
) -> Ranking:
    """What votes come to: which value is better, and how sure that is, as a table with a plot and in plain words.

        veo.rank(sweep, by="prompt")
        veo.rank(votes=[("dolly in", "crane", "left"), ("crane", "slow zoom", "tie", "ann")])

    `what` and `by` are those of `veo.compare`, and people's votes on them count; where several questions were asked, `question`
    says which. `votes` come from anywhere: tuples of left, right, "left", "right", "tie" or "skip", and perhaps a voter;
    mappings; or a table with such columns. `values` names what is ranked, where not all of it has a vote.

    Raises:
        InvalidRequest: there are no votes, or some can't be read.
        NotFound: there is no such sweep or clip.
        VeoError: the extra `rank` is not installed.
    """
    if what is None and votes is not None:
        from veo_nb.decisions.ranking import rank as rank_votes

        # Votes from elsewhere need no library, and no studio.
        return rank_votes(votes, values)
    return studio().rank(what, by, question, votes=votes, values=values)


def measure(what: Any, executor: Executor | None = None) -> Measurements:
    """What a program can say of these clips: `veo.measure(sweep)`, `veo.measure(job.video)`; it shows itself as a table.

    Each clip is measured once and then read from the library, which `video.measures`, `sweep.to_dataframe()`,
    `sweep.best(measure="motion")` and `sweep.chart(measure="motion")` do too. What can't be said, such as the loudness of a
    clip without sound, is None. `veo_nb.media.measures.MEASURES` has all of this at length, with its sources:

    - `sharpness`, %: how much of the detail a further blur takes, at 540 lines; 0 is all blur
    - `motion`, %/s: how far the picture moves in a second, as a share of the frame's diagonal; cuts left out
    - `flicker`, %: by how much each picture is lighter or darker than those before and after it
    - `cuts`: how often the picture is another one all at once
    - `loudness`, LUFS: after ITU-R BS.1770-4; -23 is television, -14 what players on the web play at
    - `silence`, %: the share of the clip's length in which nothing is above -60 dB
    - `clipping`, %: the share of the samples of sound that stand at full scale, three or more in a row
    - `steadiness`, %: how like its first picture the clip stays
    - `likeness`, %: how like the picture that it was made from the clip gets where it is most like it

    It is done in processes of this machine, one a core at most, or by `executor`, any `concurrent.futures.Executor` whose
    workers have veo_nb and see the library's folder: `client.get_executor()` of a Dask client. A clip that can't be measured
    says why.

    Raises:
        InvalidRequest: there is no clip, or this can't be measured.
        NotFound: there is no such sweep, job or clip.
        VeoError: the executor gave up; what it had measured by then is kept.
    """
    return studio().measure(what, executor)


def panel() -> Panel:
    """The panel, as the last value of a cell: make, compare and find clips with the mouse or the keyboard alone.

    `panel.selected` are the clips that are chosen in it, `panel.on_finished(function)` hears of each job that is done.
    """
    from veo_nb.notebook.panel.panel import Panel

    return Panel(studio)


def load_ipython_extension(shell: Any) -> None:
    """Register `%%veo` and `%veo`, take on what an earlier kernel left, and say so in one line."""
    collects = gc.isenabled()
    # What is loaded stays: looking for garbage among it, and again and again among all that the kernel has, is half as
    # long again.
    gc.disable()
    try:
        _load(shell)
    finally:
        if collects:
            gc.enable()


def _load(shell: Any) -> None:
    from veo_nb.api.dialects.plugins import load_plugins

    # The help of `%config VeoMagics` lists them.
    load_plugins()
    from veo_nb.notebook.magics import VeoMagics
    from veo_nb.notebook.pages.greeting import greeting

    magics = VeoMagics(
        shell,
        studio=studio,
        active=_active,
        configure=_configure_options,
        doctor=_doctor,
        set_key=_set_key,
    )
    shell.register_magics(magics)
    current = studio()
    print(greeting(current, current.resume(), __version__))  # noqa: T201


def unload_ipython_extension(shell: Any) -> None:
    """Take the magics away and stop the background work; unfinished jobs stay in the ledger."""
    from veo_nb.notebook.magics import unregister

    unregister(shell)
    _close()


def _doctor() -> str:
    from veo_nb import doctor

    return doctor.report(studio())


def _active() -> list[Job]:
    """The jobs of this kernel that are not done; those that were started before `configure()` too."""
    # First who drives a job, then who only follows it.
    jobs = {job.id: job for one in reversed([*_retired, studio()]) for job in one.jobs.active()}
    return sorted(jobs.values(), key=lambda job: job.now.created_at)


def _close() -> None:
    global _studio  # noqa: PLW0603  one default studio a process
    with _lock:
        open_ones = [*_retired, *([_studio] if _studio is not None else [])]
        _retired.clear()
        _studio = None
    for one in open_ones:
        one.close()
