"""The commands of `%veo`: one table, and the few that need more than a call."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from IPython.display import display

from veo_nb import catalog
from veo_nb.credentials.keys import Environment
from veo_nb.engine.job import ALPHABET, Job
from veo_nb.engine.video import Video
from veo_nb.errors import InvalidRequest, NotFound
from veo_nb.notebook.compare.commands import compare, rank
from veo_nb.notebook.display import job_table
from veo_nb.notebook.grid.plain import sweeps_table
from veo_nb.notebook.login import SetKey, login, logout
from veo_nb.notebook.options import split_words
from veo_nb.notebook.outputs.live import LIVE
from veo_nb.notebook.pages import help as help_page
from veo_nb.notebook.pages.bill import bill_table
from veo_nb.notebook.pages.experiments import experiments_table
from veo_nb.notebook.pages.settings import settings_page
from veo_nb.notebook.place import Place
from veo_nb.notebook.showing import (
    count_jobs,
    is_terminal,
    show_comparison,
    show_job,
    show_sweep,
    wait_for_jobs,
)
from veo_nb.studio import Studio
from veo_nb.sweep.sweep import Sweep, is_sweep_id

if TYPE_CHECKING:
    from veo_nb.notebook.pages.tips import Asked

NEEDS = {
    "pause": "a sweep's ID, such as s3f2a",
    "resume": "a sweep's ID, such as s3f2a",
    "export": "a sweep's ID and a file, such as s3f2a grid.html",
    "report": "a sweep's ID and a file, such as s3f2a report.html",
    "conclude": "a sweep's ID and what you conclude, such as s3f2a The slow zoom wins.",
}
"""What stands behind a command that is not for a job."""


class Commands:
    """What `%veo` can do; `run(line)` does it."""

    def __init__(
        self,
        shell: Any,
        place: Place,
        *,
        studio: Callable[[], Studio],
        active: Callable[[], list[Job]],
        doctor: Callable[[], str],
        set_key: SetKey,
    ) -> None:
        self._shell = shell
        self._place = place
        self._studio = studio
        self._active = active
        self._doctor = doctor
        self._set_key = set_key

    def run(self, line: str) -> None:
        """Do what a `%veo` line asks for.

        Raises:
            VeoError: it can't be done.
        """
        first, _, rest = catalog.bare(line).partition(" ")
        if first == "tips":
            # A prompt is no list of words: its quotes, dashes and blanks are its own.
            from veo_nb.notebook.pages.tips import tips_page

            display(tips_page(self._asked(catalog.bare(rest))))
            return
        name, *arguments = split_words(line) or ["list"]
        if (name, arguments) == ("doctor", ["--repair"]):
            print(self._studio().library.repair())  # noqa: T201
            return
        yes = name in ("rerun", "final") and _has_flag("--yes", arguments)
        embed = name == "show" and _has_flag("--embed", arguments)
        if name in ("compare", "rank"):
            self._decide(name, arguments)
            return
        if name == "conclude" and len(arguments) > 2:
            # A sentence is typed as it is said.
            arguments = [arguments[0], " ".join(arguments[1:])]
        commands: dict[str, tuple[int | range, Callable[..., object]]] = {
            "list": (0, lambda: self._list(10)),
            "history": (0, lambda: self._list(200)),
            "wait": (0, self._wait),
            "cancel": (1, lambda typed: self._named(typed).cancel()),
            "show": (1, lambda typed: self._show_named(typed, embed=embed)),
            "retry": (1, self._retry),
            "rerun": (1, lambda typed: self._rerun(typed, confirm=yes)),
            "final": (1, lambda typed: self._finalize(typed, confirm=yes)),
            "sweeps": (0, lambda: display(sweeps_table(self._studio().sweeps.all(20)))),
            "pause": (1, lambda sweep_id: self._studio().sweeps.get(sweep_id).pause()),
            "resume": (1, lambda sweep_id: self._studio().sweeps.get(sweep_id).resume()),
            "export": (2, self._export),
            "measure": (1, lambda typed: display(self._studio().measure(typed))),
            "conclude": (2, self._conclude),
            "report": (2, self._report),
            "experiments": (0, lambda: display(experiments_table(self._studio().experiments(20)))),
            "resubmit": (1, lambda job_id: self._show(self._studio().jobs.resubmit(job_id))),
            "panel": (0, self._panel),
            "tips": (0, lambda: None),
            "cost": (0, lambda: display(bill_table(self._studio().cost()))),
            "login": (range(2), lambda *who: self._account(login, *who)),
            "logout": (range(2), lambda *who: self._account(logout, *who)),
            "config": (0, lambda: display(settings_page(self._studio().settings, time.time()))),
            "doctor": (0, lambda: print(self._doctor())),  # noqa: T201
            "help": (0, lambda: display(help_page.page())),
        }
        if name not in commands:
            # What is no word may be a key, and what a cell says is saved with the notebook.
            what = f"%veo {name}" if re.fullmatch("[a-z][a-z-]{0,19}", name) else "such command of %veo"
            raise InvalidRequest(
                f"There is no {what}.", hint=catalog.did_you_mean(name, [*commands, "compare", "rank"])
            )
        count, run = commands[name]
        if isinstance(count, range):
            if len(arguments) not in count:
                hint = f"Known: {', '.join(catalog.PROVIDERS)}."
                raise InvalidRequest(f"%veo {name} takes one provider's name.", hint=hint)
        elif len(arguments) != count:
            wanted = NEEDS.get(name, "a job's ID, such as 3f2a")
            wanted = f"needs {wanted}" if count else "takes nothing after it"
            lists = "%veo sweeps lists the sweeps." if name in NEEDS else "%veo lists the jobs."
            raise InvalidRequest(f"%veo {name} {wanted}.", hint=lists)
        run(*arguments)

    def _decide(self, name: str, arguments: list[str]) -> None:
        """Put clips before voters, or say what the votes come to."""
        if name == "compare":
            show_comparison(compare(self._studio(), arguments), self._place, self._shell)
        else:
            display(rank(self._studio(), arguments))

    def _account(self, act: Callable[..., str], name: str | None = None) -> None:
        studio = self._studio()
        print(act(name, studio.settings, studio.stores, Environment(os.environ), self._set_key))  # noqa: T201

    def _asked(self, typed: str) -> Asked:
        """What `%veo tips` is asked about: a job, a sweep, a variable, a prompt, or nothing for the last one."""
        from veo_nb.notebook.pages.tips import asked_now, asked_of

        studio = self._studio()
        if not typed:
            jobs = studio.history(1)
            if not jobs:
                raise InvalidRequest(
                    "There is no prompt in this library yet.",
                    hint='Give one: %veo tips "A fox crosses a frozen lake"',
                )
            return asked_of(jobs[0], studio.library.files)
        found = self._shell.user_ns.get(catalog.identifier(typed))
        if not isinstance(found, (str, Job, Sweep, Video)):
            found = self._found(typed)
        if isinstance(found, Video):
            found = studio.job(found.job_id)
        if isinstance(found, Sweep):
            # Its clips differ in what it varies: the first stands for all.
            found = next(iter(found.jobs), found.prompt or "")
        if isinstance(found, Job):
            return asked_of(found, studio.library.files)
        settings = studio.settings
        return asked_now(found if isinstance(found, str) else typed, self._shell.user_ns, settings)

    def _found(self, typed: str) -> Job | Sweep | None:
        """The job or the sweep with this id; None for what is rather a word."""
        if not re.fullmatch(f"s?[{ALPHABET}]{{4}}", typed.lower()):
            return None
        try:
            return self._named(typed)
        except NotFound:
            # Most ids have a digit, and no word has.
            if any(sign.isdigit() for sign in typed):
                raise
            return None

    def _export(self, sweep_id: str, to: str) -> None:
        path = self._studio().sweeps.get(sweep_id).export(to)
        print(f"Written to {self._place.shown(path)}")  # noqa: T201

    def _report(self, sweep_id: str, to: str) -> None:
        path = self._studio().sweeps.get(sweep_id).report(to)
        print(f"Written to {self._place.shown(path)}")  # noqa: T201

    def _conclude(self, sweep_id: str, conclusion: str) -> None:
        sweep = self._studio().sweeps.get(sweep_id)
        sweep.describe(conclusion=conclusion)
        kept = f"Kept with sweep {sweep.id}: {sweep.conclusion}"
        print(kept if sweep.conclusion else f"Sweep {sweep.id} has no conclusion now.")  # noqa: T201

    def _panel(self) -> None:
        from veo_nb.notebook.panel.panel import Panel, check_place

        check_place(self._shell)
        display(Panel(self._studio, self._place))

    def _list(self, limit: int) -> None:
        studio = self._studio()
        display(job_table(studio.history(limit), time.time(), studio.jobs.unfetched()))

    def _wait(self) -> None:
        jobs = self._active()
        # Whether a job fails before a wait or while it waits is chance, and a batch run must end alike.
        over = [job for job in LIVE.failed() if job not in jobs]
        try:
            wait_for_jobs([*over, *jobs], self._place, terminal=is_terminal(self._shell))
        finally:
            LIVE.draw(plain=True)
        held = [job for job in jobs if job.held]
        if held:
            print(f"{count_jobs(held, 'is', 'are')} held back by a paused sweep: %veo sweeps lists it.")  # noqa: T201

    def _named(self, typed: str) -> Job | Sweep:
        """The job or the sweep with this id; a sweep's is the longer one."""
        studio = self._studio()
        return studio.sweeps.get(typed) if is_sweep_id(typed) else studio.job(typed)

    def _show_named(self, typed: str, *, embed: bool) -> None:
        found = self._named(typed)
        if isinstance(found, Sweep):
            self._show_sweep(found, embed=embed)
        else:
            self._show(found, embed=embed)

    def _retry(self, typed: str) -> None:
        if is_sweep_id(typed):
            sweep = self._studio().sweeps.get(typed)
            if not sweep.retry():
                raise InvalidRequest(
                    f"Sweep {sweep.id} has no clip that could be fetched.",
                    hint=f"%veo rerun {sweep.id} asks anew for what failed or was blocked.",
                )
            self._show_sweep(sweep)
        else:
            self._show(self._studio().jobs.retry(typed))

    def _rerun(self, typed: str, *, confirm: bool) -> None:
        if is_sweep_id(typed):
            sweep = self._studio().sweeps.get(typed)
            sweep.rerun(confirm=confirm)
            self._show_sweep(sweep)
        else:
            self._show(self._studio().jobs.rerun(typed))

    def _finalize(self, typed: str, *, confirm: bool) -> None:
        if is_sweep_id(typed):
            sweep = self._studio().sweeps.get(typed)
            finals = sweep.finalize(confirm=confirm)
            print(f"{count_jobs(finals, 'makes', 'make')} drafts of sweep {sweep.id} final.")  # noqa: T201
            self._show_sweep(sweep)
        else:
            self._show(self._studio().job(typed).finalize())

    def _show(self, job: Job, *, embed: bool = False) -> None:
        show_job(job, self._place, self._shell, embed=embed or self._studio().settings.embed)

    def _show_sweep(self, sweep: Sweep, *, embed: bool = False) -> None:
        show_sweep(sweep, self._place, self._shell, embed=embed or self._studio().settings.embed)


def _has_flag(flag: str, arguments: list[str]) -> bool:
    """Whether a flag is among the arguments, which go on without it."""
    found = flag in arguments
    if found:
        arguments.remove(flag)
    return found
