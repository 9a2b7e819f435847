"""The magics: `%%veo` makes a clip from a cell, `%veo` looks after the jobs. Thin: the work is elsewhere."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import traitlets
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from IPython.display import display
from jupyter_core.paths import jupyter_runtime_dir

from veo_nb import catalog
from veo_nb.errors import InvalidRequest, VeoError, WaitTimeout
from veo_nb.jobs.bill import Bill
from veo_nb.jobs.job import Job, WaitInterrupted
from veo_nb.jobs.studio import Studio
from veo_nb.keys import Environment
from veo_nb.notebook import help as help_page
from veo_nb.notebook import words
from veo_nb.notebook.bill import bill_table
from veo_nb.notebook.completion import Matcher
from veo_nb.notebook.display import dry_run, finished, job_table, shown_again
from veo_nb.notebook.login import SetKey, login, logout
from veo_nb.notebook.options import as_options, parse_cell
from veo_nb.notebook.place import Place, find_place
from veo_nb.notebook.protocol import format_line
from veo_nb.notebook.settings import settings_page

TERMINAL_SECONDS = 1.0
SETTINGS = ("provider", "base_url", "library", "model", "max_in_flight", "budget")


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
    budget = traitlets.Float(
        None, allow_none=True, help="USD that the clips of the library may cost; None for no limit"
    ).tag(config=True)

    def __init__(
        self,
        shell: Any,
        *,
        studio: Callable[[], Studio],
        active: Callable[[], list[Job]],
        configure: Callable[[Mapping[str, Any]], Studio],
        doctor: Callable[[], str],
        set_key: SetKey,
    ) -> None:
        super().__init__(shell)
        self._studio = studio
        self._active = active
        self._configure = configure
        self._doctor = doctor
        self._set_key = set_key
        # Looked up now: the working folder may change later.
        self.place = find_place(os.environ, Path.cwd(), Path(jupyter_runtime_dir()))
        # A job or a bill that a cell ends with shows itself.
        shell.display_formatter.ipython_display_formatter.for_type(Job, self._show)
        shell.display_formatter.ipython_display_formatter.for_type(
            Bill, lambda bill: display(bill_table(bill))
        )
        self.matcher = Matcher(
            shell,
            jobs=lambda: self._studio().history(20),
            models=lambda: catalog.model_names(self._studio().settings.provider),
        )
        self.matcher.add()
        if any(value is not None for value in self._chosen().values()):
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
        self._configure(self._chosen())

    def _chosen(self) -> dict[str, Any]:
        """What `%config` has set; a budget of 0 is one, any other setting of 0 is none."""
        return {name: getattr(self, name) or None for name in SETTINGS} | {"budget": self.budget}

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
        if command.dry_run:
            display(dry_run(studio.preview(command.prompt, take=command.take, fresh=command.fresh, **fields)))
            return
        job, new = studio.submit(command.prompt, take=command.take, fresh=command.fresh, **fields)
        if command.out:
            self.shell.user_ns[command.out] = job
        over = job.now.state.final
        self._show(job, new=new, out=command.out)
        if command.wait and over:
            job.wait()
        elif command.wait:
            self._wait([job])

    def _value(self, name: str, typed: Any) -> Any:
        """What was typed for an image or a video: the notebook's variable of that name, a job's id, or itself."""
        kind = catalog.FIELD[name].kind if name in catalog.FIELD else ""
        names = self.shell.user_ns
        if kind == "images":
            return [self._image(one) for one in typed]
        if kind == "image":
            return self._image(typed)
        if kind == "video" and typed in names:
            return names[typed]
        # An address or a file is for the request to judge.
        return self._studio().job(typed) if kind == "video" and typed.isalnum() else typed

    def _image(self, typed: str) -> Any:
        """A file comes first; a variable is what has its name and is no file."""
        is_name = typed.isidentifier() and not Path(typed).exists()
        return self.shell.user_ns.get(typed, typed) if is_name else typed

    def _show(self, job: Job, *, new: bool = True, out: str | None = None) -> None:
        def rebind(old: Job, again: Job) -> None:
            # Who goes on with the variable means the clip that comes.
            if out is not None and self.shell.user_ns.get(out) is old:
                self.shell.user_ns[out] = again

        if job.videos and not new and job.now.state.final:
            display(shown_again(job, self.place))
        else:
            show_job(job, self.place, self.shell, rebind)

    def _command(self, line: str) -> None:
        name, *arguments = line.split() or ["list"]
        if (name, arguments) == ("doctor", ["--repair"]):
            print(self._studio().repair())  # noqa: T201
            return
        commands: dict[str, tuple[int | range, Callable[..., object]]] = {
            "list": (0, lambda: self._list(10)),
            "history": (0, lambda: self._list(200)),
            "wait": (0, lambda: self._wait(self._active())),
            "cancel": (1, lambda job_id: self._studio().job(job_id).cancel()),
            "show": (1, lambda job_id: self._show(self._studio().job(job_id))),
            "retry": (1, lambda job_id: self._show(self._studio().retry(job_id))),
            "resubmit": (1, lambda job_id: self._show(self._studio().resubmit(job_id))),
            "cost": (0, lambda: display(bill_table(self._studio().cost()))),
            "login": (range(2), lambda *who: self._account(login, *who)),
            "logout": (range(2), lambda *who: self._account(logout, *who)),
            "config": (0, lambda: display(settings_page(self._studio().settings))),
            "doctor": (0, lambda: print(self._doctor())),  # noqa: T201
            "help": (0, lambda: display(help_page.page())),
        }
        if name not in commands:
            raise InvalidRequest(f"There is no %veo {name}.", hint=catalog.did_you_mean(name, list(commands)))
        count, run = commands[name]
        if isinstance(count, range):
            if len(arguments) not in count:
                hint = f"Known: {', '.join(catalog.PROVIDERS)}."
                raise InvalidRequest(f"%veo {name} takes one provider's name.", hint=hint)
        elif len(arguments) != count:
            wanted = "needs a job's ID, such as 3f2a" if count else "takes nothing after it"
            raise InvalidRequest(f"%veo {name} {wanted}.", hint="%veo lists the jobs.")
        run(*arguments)

    def _account(self, act: Callable[..., str], name: str | None = None) -> None:
        studio = self._studio()
        print(act(name, studio.settings, studio.stores, Environment(os.environ), self._set_key))  # noqa: T201

    def _list(self, limit: int) -> None:
        studio = self._studio()
        display(job_table(studio.history(limit), time.time(), studio.unfetched()))

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
            goes_on = f" {_count(left)} in the background: {', '.join(left)}. %veo wait waits again."
            raise WaitInterrupted(f"Stopped waiting.{goes_on if left else ''}") from None
        if failed:
            raise failed[0]

    def _wait_for(self, job: Job) -> None:
        if not is_terminal(self.shell):
            job.wait()
            return
        try:
            while not job.now.state.final:
                sys.stdout.write(f"\r\033[K{job.id}  {format_line(words.line(job), time.time())}")
                sys.stdout.flush()
                with contextlib.suppress(WaitTimeout):
                    job.wait(TERMINAL_SECONDS)
        finally:
            sys.stdout.write("\r\033[K")
            if job.now.state.final:
                display(finished(job, self.place))
        job.wait()


def unregister(shell: Any) -> None:
    """Take `%veo` and `%%veo` out of a shell, and whatever came with them."""
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("veo", None)
    magics = shell.magics_manager.registry.pop("VeoMagics", None)
    if magics is not None:
        magics.matcher.remove()
    shell.configurables[:] = [one for one in shell.configurables if not isinstance(one, VeoMagics)]
    for shown in (Job, Bill):
        shell.display_formatter.ipython_display_formatter.pop(shown, None)


def is_terminal(shell: Any) -> bool:
    """Whether this is IPython in a terminal, where there are no widgets."""
    return not hasattr(shell, "kernel")


def greeting(studio: Studio, resumed: list[Job], version: str) -> str:
    """The one line that `%load_ext veo_nb` prints: which provider, which library, what was taken on."""
    settings = studio.settings
    who = settings.provider.title
    if not settings.has_access:
        who += f" (no key: %veo login, or set {' or '.join(settings.provider.key_variables)})"
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
    parts += studio.notices
    if waiting := studio.unfetched():
        parts.append(words.expiry(waiting[0]))
        if len(waiting) > 1:
            parts.append(f"{len(waiting) - 1} more like it: %veo")
    return " · ".join(parts)


def show_job(job: Job, place: Place, shell: Any, replaced: Callable[[Job, Job], None] | None = None) -> None:
    """Display a job: its card while it runs, its video when it is done, a line of words in a terminal.

    `replaced(old, new)` is called when a person has a blocked one tried again.
    """
    if job.now.state.final:
        display(finished(job, place))
    elif is_terminal(shell):
        print(f"{job.id}  {format_line(words.line(job), time.time())}")  # noqa: T201
    else:
        from veo_nb.notebook.widgets import JobView

        JobView(job, place, replaced=replaced).show()


def _count(jobs: list[str]) -> str:
    return "1 job goes on" if len(jobs) == 1 else f"{len(jobs)} jobs go on"
