"""The magics: `%%veo` makes a clip from a cell, `%veo` looks after the jobs. Thin: the work is elsewhere."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import traitlets
from IPython.core.getipython import get_ipython
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from IPython.display import display
from jupyter_core.paths import jupyter_runtime_dir

from veo_nb import catalog
from veo_nb.errors import InvalidRequest, VeoError, WaitTimeout
from veo_nb.jobs.axes import Axis, Value
from veo_nb.jobs.job import Job, WaitInterrupted
from veo_nb.jobs.studio import Studio
from veo_nb.jobs.sweep import Sweep, is_sweep_id
from veo_nb.notebook import help as help_page
from veo_nb.notebook import words
from veo_nb.notebook.display import dry_run, finished, job_table, shown_again
from veo_nb.notebook.options import Command, as_options, parse_cell
from veo_nb.notebook.place import Place, find_place
from veo_nb.notebook.protocol import format_line
from veo_nb.notebook.sweep_table import preview_table, sweep_table, sweeps_table

LOOK_SECONDS = 1.0
SETTINGS = ("provider", "base_url", "library", "model", "max_in_flight")


@magics_class
class VeoMagics(Magics):  # type: ignore[misc]
    """`%%veo` and `%veo`. `%config VeoMagics.provider = "sandbox"` and the like change the settings."""

    provider = traitlets.Unicode("", help="gptproto or sandbox; by default whichever has a key").tag(
        config=True
    )
    base_url = traitlets.Unicode("", help="one base address for all calls").tag(config=True)
    library = traitlets.Unicode("", help="folder of the ledger and the videos").tag(config=True)
    model = traitlets.Unicode("", help="fast, standard or a full id").tag(config=True)
    max_in_flight = traitlets.Int(0, help="operations at the provider at once; 0 for the default").tag(
        config=True
    )

    def __init__(
        self,
        shell: Any,
        *,
        studio: Callable[[], Studio],
        active: Callable[[], list[Job]],
        configure: Callable[[Mapping[str, Any]], Studio],
        doctor: Callable[[], str],
    ) -> None:
        super().__init__(shell)
        self._studio = studio
        self._active = active
        self._configure = configure
        self._doctor = doctor
        # Looked up now: the working folder may change later.
        self.place = find_place_here()
        # A job or a sweep that a cell ends with shows itself.
        shell.display_formatter.ipython_display_formatter.for_type(Job, self._show)
        shell.display_formatter.ipython_display_formatter.for_type(Sweep, self._show_sweep)
        if any(getattr(self, name) for name in SETTINGS):
            # From a configuration file of IPython.
            self._apply()
        self.observe(self._change, SETTINGS)

    def _change(self, change: Mapping[str, Any]) -> None:
        try:
            self._apply()
        except VeoError:
            # What was refused must not stay set, or the next %config would be refused with it.
            self.unobserve(self._change, SETTINGS)
            setattr(self, change["name"], change["old"])
            self.observe(self._change, SETTINGS)
            raise

    def _apply(self) -> None:
        self._configure({name: getattr(self, name) or None for name in SETTINGS})

    @no_var_expand  # type: ignore[untyped-decorator]
    @line_cell_magic  # type: ignore[untyped-decorator]
    def veo(self, line: str, cell: str | None = None) -> None:
        """Make a clip from this cell (`%%veo`), or look after the jobs (`%veo help` lists what there is)."""
        try:
            if cell is None:
                self._command(line)
            else:
                self._make(line, cell)
        except InvalidRequest as error:
            raise InvalidRequest(
                as_options(error.message), hint=as_options(error.hint), **error.facts
            ) from None

    def _make(self, line: str, cell: str) -> None:
        command = parse_cell(line, cell, self.shell.user_ns)
        fields = {name: self._value(name, value) for name, value in command.fields.items()}
        studio = self._studio()
        if command.axes:
            self._sweep(command, fields)
            return
        if command.dry_run:
            display(dry_run(studio.preview(command.prompt, take=command.take, fresh=command.fresh, **fields)))
            return
        job, new = studio.submit(command.prompt, take=command.take, fresh=command.fresh, **fields)
        if command.out:
            self.shell.user_ns[command.out] = job
        over = job.now.state.final
        self._show(job, new=new)
        if command.wait and over:
            job.wait()
        elif command.wait:
            self._wait([job])

    def _sweep(self, command: Command, fields: Mapping[str, Any]) -> None:
        how: dict[str, Any] = {
            **fields,
            "axes": [self._resolved(axis) for axis in command.axes],
            "zip": command.zip,
            "rows": command.rows,
            "columns": command.columns,
            "take": command.take,
            "fresh": command.fresh,
            "variables": command.variables,
        }
        studio = self._studio()
        if command.dry_run:
            display(preview_table(studio.preview_sweep(command.prompt, **how)))
            return
        sweep = studio.sweep(command.prompt, confirm=command.yes, **how)
        if command.out:
            self.shell.user_ns[command.out] = sweep
        if command.wait and is_terminal(self.shell):
            sweep.wait()
        self._show_sweep(sweep)
        if command.wait:
            sweep.wait()

    def _resolved(self, axis: Axis) -> Axis:
        """The axis with its images and videos in place of their names."""
        if axis.name not in catalog.FIELD:
            return axis
        return Axis(
            axis.name, tuple(Value(one.label, self._value(axis.name, one.value)) for one in axis.values)
        )

    def _named(self, typed: str) -> Job | Sweep:
        """The job or the sweep with this id; a sweep's is the longer one."""
        studio = self._studio()
        return studio.find_sweep(typed) if is_sweep_id(typed) else studio.job(typed)

    def _show_named(self, typed: str) -> None:
        found = self._named(typed)
        self._show_sweep(found) if isinstance(found, Sweep) else self._show(found)

    def _retry(self, typed: str) -> None:
        if is_sweep_id(typed):
            sweep = self._studio().find_sweep(typed)
            sweep.retry()
            self._show_sweep(sweep)
        else:
            self._show(self._studio().retry(typed))

    def _value(self, name: str, typed: Any) -> Any:
        """What was typed for an image or a video: the notebook's variable of that name, a job's id, or itself."""
        kind = catalog.FIELD[name].kind
        names = self.shell.user_ns
        if kind == "image" and isinstance(typed, str) and typed.isidentifier() and not Path(typed).exists():
            return names.get(typed, typed)
        if kind == "video" and typed in names:
            return names[typed]
        # An address or a file is for the request to judge.
        return self._studio().job(typed) if kind == "video" and typed.isalnum() else typed

    def _show(self, job: Job, *, new: bool = True) -> None:
        if job.videos and not new and job.now.state.final:
            display(shown_again(job, self.place))
        else:
            show_job(job, self.place, self.shell)

    def _show_sweep(self, sweep: Sweep) -> None:
        show_sweep(sweep, self.place, self.shell)

    def _command(self, line: str) -> None:
        name, *arguments = line.split() or ["list"]
        commands: dict[str, tuple[int, Callable[..., object]]] = {
            "list": (0, lambda: self._list(10)),
            "history": (0, lambda: self._list(200)),
            "wait": (0, self._wait_for_all),
            "cancel": (1, lambda typed: self._named(typed).cancel()),
            "show": (1, self._show_named),
            "retry": (1, self._retry),
            "sweeps": (0, lambda: display(sweeps_table(self._studio().sweeps(20)))),
            "pause": (1, lambda sweep_id: self._studio().find_sweep(sweep_id).pause()),
            "resume": (1, lambda sweep_id: self._studio().find_sweep(sweep_id).resume()),
            "export": (2, self._export),
            "resubmit": (1, lambda job_id: self._show(self._studio().resubmit(job_id))),
            "doctor": (0, lambda: print(self._doctor())),  # noqa: T201
            "help": (0, lambda: display(help_page.page())),
        }
        if name not in commands:
            raise InvalidRequest(f"There is no %veo {name}.", hint=catalog.did_you_mean(name, list(commands)))
        count, run = commands[name]
        if len(arguments) != count:
            whose = "sweep's ID, such as s3f2a" if name in ("pause", "resume") else "job's ID, such as 3f2a"
            if name == "export":
                whose = "sweep's ID and a file, such as s3f2a grid.html"
            wanted = f"needs a {whose}" if count else "takes nothing after it"
            raise InvalidRequest(f"%veo {name} {wanted}.", hint="%veo lists the jobs.")
        run(*arguments)

    def _export(self, sweep_id: str, to: str) -> None:
        path = self._studio().find_sweep(sweep_id).export(to)
        print(f"Written to {self.place.shown(path)}")  # noqa: T201

    def _list(self, limit: int) -> None:
        display(job_table(self._studio().history(limit), time.time()))

    def _wait_for_all(self) -> None:
        jobs = self._active()
        self._wait(jobs)
        held = [job for job in jobs if job.held]
        if held:
            print(f"{_count(held, 'is', 'are')} held back by a paused sweep: %veo sweeps lists it.")  # noqa: T201

    def _wait(self, jobs: list[Job]) -> None:
        """Hold the cell until these jobs are over; the first error among them is raised at the end."""
        failed: list[VeoError] = []
        try:
            for job in jobs:
                try:
                    self._wait_for(job)
                except VeoError as error:
                    if not job.now.state.final:
                        raise
                    failed.append(error)
        except KeyboardInterrupt:
            left = [job.id for job in jobs if not job.now.state.final]
            goes_on = f" {_count(left, 'goes on', 'go on')} in the background: {', '.join(left)}. %veo wait waits again."
            raise WaitInterrupted(f"Stopped waiting.{goes_on if left else ''}") from None
        if failed:
            raise failed[0]

    def _wait_for(self, job: Job) -> None:
        # One that is held back with its sweep would be waited for for ever.
        if is_terminal(self.shell):
            self._watch(job)
        while not job.now.state.final and not job.held:
            with contextlib.suppress(WaitTimeout):
                job.wait(LOOK_SECONDS)
        if not job.held:
            job.wait()

    def _watch(self, job: Job) -> None:
        """Wait for a job with one line that says how it stands."""
        try:
            while not job.now.state.final and not job.held:
                sys.stdout.write(f"\r\033[K{job.id}  {format_line(words.line(job), time.time())}")
                sys.stdout.flush()
                with contextlib.suppress(WaitTimeout):
                    job.wait(LOOK_SECONDS)
        finally:
            sys.stdout.write("\r\033[K")
            if job.now.state.final:
                display(finished(job, self.place))


def unregister(shell: Any) -> None:
    """Take `%veo` and `%%veo` out of a shell, and whatever came with them."""
    for magic in ("line", "cell"):
        shell.magics_manager.magics[magic].pop("veo", None)
    shell.magics_manager.registry.pop("VeoMagics", None)
    shell.configurables[:] = [one for one in shell.configurables if not isinstance(one, VeoMagics)]
    for kind in (Job, Sweep):
        shell.display_formatter.ipython_display_formatter.pop(kind, None)


def is_terminal(shell: Any) -> bool:
    """Whether this is IPython in a terminal, where there are no widgets."""
    return not hasattr(shell, "kernel")


def greeting(studio: Studio, resumed: list[Job], version: str) -> str:
    """The one line that `%load_ext veo_nb` prints: which provider, which library, what was taken on."""
    settings = studio.settings
    who = settings.provider.title
    if settings.provider.key_variables and not settings.api_key:
        who += f" (no key: set {' or '.join(settings.provider.key_variables)})"
    elif settings.sources.get("provider") == "default":
        who += " (no key set, nothing is charged)"
    folder = settings.library
    shown = folder.relative_to(Path.cwd()).as_posix() if folder.is_relative_to(Path.cwd()) else str(folder)
    lost = [job.id for job in resumed if job.status == "uncertain"]
    going = [job.id for job in resumed if job.id not in lost]
    parts = [f"veo_nb {version}", who, f"library {shown}"]
    if going:
        parts.append(f"resumed {len(going)} job{'s' if len(going) > 1 else ''}: {', '.join(going)}")
    if lost:
        parts.append(f"being sent when the kernel ended: {', '.join(lost)}, see %veo show {lost[0]}")
    if not resumed:
        parts.append("nothing to resume")
    return " · ".join(parts)


def show_job(job: Job, place: Place, shell: Any) -> None:
    """Display a job: its card while it runs, its video when it is done, a line of words in a terminal."""
    if job.now.state.final:
        display(finished(job, place))
    elif is_terminal(shell):
        print(f"{job.id}  {format_line(words.line(job), time.time())}")  # noqa: T201
    else:
        from veo_nb.notebook.widgets import JobView

        JobView(job, place).show()


def show_sweep(sweep: Sweep, place: Place, shell: Any, **how: Any) -> None:
    """Display a sweep: its grid in a notebook, a table of words in a terminal; `how` as in `SweepView`."""
    if is_terminal(shell):
        display(sweep_table(sweep))
    else:
        from veo_nb.notebook.sweep_view import SweepView

        SweepView(sweep, place, **how).show()


def show_here(sweep: Sweep, **how: Any) -> None:
    """Display a sweep in the cell that runs; `how` as in `SweepView`."""
    shell = get_ipython()
    magics = shell.magics_manager.registry.get("VeoMagics") if shell is not None else None
    place = magics.place if isinstance(magics, VeoMagics) else find_place_here()
    show_sweep(sweep, place, shell, **how)


def find_place_here() -> Place:
    """The place of this kernel, as it is now."""
    return find_place(os.environ, Path.cwd(), Path(jupyter_runtime_dir()))


def _count(jobs: Sequence[object], one: str, several: str) -> str:
    return f"1 job {one}" if len(jobs) == 1 else f"{len(jobs)} jobs {several}"
