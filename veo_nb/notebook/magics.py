"""The magics: `%%veo` makes a clip from a cell, `%veo` looks after the jobs. Thin: the work is elsewhere."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets
from IPython.core.getipython import get_ipython
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from IPython.display import display

from veo_nb import catalog
from veo_nb.config import Settings
from veo_nb.engine.drafts import undrafted
from veo_nb.engine.job import Job
from veo_nb.engine.video import Video, own_model
from veo_nb.errors import InvalidRequest, VeoError
from veo_nb.notebook.commands import Commands
from veo_nb.notebook.completion import Matcher
from veo_nb.notebook.display import again_line, dry_run
from veo_nb.notebook.grid.plain import preview_table
from veo_nb.notebook.login import SetKey
from veo_nb.notebook.options import CellCommand, as_options, missing_source, parse_cell
from veo_nb.notebook.outputs.live import LIVE
from veo_nb.notebook.pages.bill import bill_table
from veo_nb.notebook.place import Place
from veo_nb.notebook.showing import (
    find_place_here,
    is_terminal,
    show_clip,
    show_comparison,
    show_job,
    show_sweep,
    wait_for_jobs,
)
from veo_nb.request import SOURCES
from veo_nb.store.billing import Bill
from veo_nb.studio import Studio
from veo_nb.sweep.axes import Axis, Value
from veo_nb.sweep.sweep import Sweep

if TYPE_CHECKING:
    from veo_nb.decisions.comparison import Comparison

TERMINAL_SECONDS = 1.0
COMPARISON = "veo_nb.decisions.comparison.Comparison"
"""Named, so that it is not loaded before something is compared."""
SETTINGS = (
    "provider",
    "base_url",
    "library",
    "model",
    "max_in_flight",
    "requests_per_minute",
    "budget",
    "store",
    "embed",
)


@magics_class
class VeoMagics(Magics):  # type: ignore[misc]
    """`%%veo` and `%veo`. `%config VeoMagics.provider = "sandbox"` and the like change the settings."""

    provider = traitlets.Unicode(
        "", help=f"{catalog.listed(tuple(catalog.PROVIDERS))}; by default whichever has a key"
    ).tag(config=True)
    base_url = traitlets.Unicode("", help="one base address for all calls").tag(config=True)
    library = traitlets.Unicode("", help="folder of the ledger and the videos").tag(config=True)
    model = traitlets.Unicode(
        "",
        help="an alias such as fast, vertex:fast of another provider, or a full id; by default the provider's own",
    ).tag(config=True)
    max_in_flight = traitlets.Int(0, help="operations at the provider at once; 0 for the default").tag(
        config=True
    )
    requests_per_minute = traitlets.Int(
        0, help="requests for clips that go out in a minute; 0 for the default"
    ).tag(config=True)
    budget = traitlets.Float(
        None, allow_none=True, help="USD that the clips of the library may cost; None for no limit"
    ).tag(config=True)

    store = traitlets.Bool(
        None, allow_none=True, help="False to have Google store nothing of what is asked of Gemini Omni"
    ).tag(config=True)

    embed = traitlets.Bool(
        None, allow_none=True, help="True to put clips into the notebook itself, however large that makes it"
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
        self._configure = configure
        # Looked up now: the working folder may change later.
        self.place = find_place_here()
        self._commands = Commands(
            shell, self.place, studio=studio, active=active, doctor=doctor, set_key=set_key
        )
        # What a cell ends with shows itself.
        for kind, show in self._shown().items():
            shell.display_formatter.ipython_display_formatter.for_type(kind, show)
        self.matcher = Matcher(
            shell,
            jobs=lambda: self._studio().history(20),
            sweeps=lambda: self._studio().sweeps.all(20),
            settings=lambda: self._studio().settings,
        )
        self.matcher.add()
        if any(value is not None for value in self._chosen().values()):
            # From a configuration file of IPython.
            self._apply()
        self.observe(self._change, SETTINGS)

    @property
    def embeds(self) -> bool:
        """Whether clips go into the notebook unasked, by the setting."""
        return self._studio().settings.embed

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
        """What `%config` has set; a budget of 0 is one and so is a switch of False, any other setting of 0 is none."""
        said = {"budget": self.budget, "store": self.store, "embed": self.embed}
        return {name: getattr(self, name) or None for name in SETTINGS} | said

    @no_var_expand  # type: ignore[untyped-decorator]
    @line_cell_magic  # type: ignore[untyped-decorator]
    def veo(self, line: str, cell: str | None = None) -> None:
        """Make a clip from this cell (`%%veo`), or look after the clips that there are (`%veo`).

        A cell that begins with %%veo is a prompt; the clip appears under it while you go on working:

            %%veo --aspect-ratio 9:16 --duration 8
            A fox crosses a frozen lake. SFX: ice creaking.

        Run again it shows the same clip and pays nothing; --fresh asks anew, --take 2 for another of the same.
        {{name}} in the prompt stands for a variable of the notebook.

        Much used:
            --model NAME              fast, standard, omni, or at another provider: vertex:standard
            --image FILE              a first frame; --last-frame FILE the last one, --reference FILE what shall appear in it
            --duration N, --resolution R, --aspect-ratio A, --seed N
            --sweep NAME=V1,V2        each value, side by side in a grid; several of them: all combinations
            --draft                   the cheapest clip of the model; %veo final ID makes it in full
            --dry-run                 what would be asked for and what it would cost; nothing is sent
            --wait                    hold the cell until it is there
            --embed                   put the clip into the notebook itself
            --out NAME                put the job into a variable

        %veo alone lists the newest jobs. Of one of them, by the id that its card shows:
            %veo show ID, %veo cancel ID, %veo retry ID (looks again, never pays), %veo rerun ID (asks anew, may pay)

        %veo wait       hold the cell until all is done
        %veo panel      make, find and compare clips without typing commands
        %veo cost       what was spent, and what is left of the budget
        %veo doctor     check the installation and the key, and say what to do
        %veo help       every option and command

        Tab completes options, values, files and ids. Without a key all runs on a local sandbox that costs nothing.
        """
        try:
            if cell is None:
                self._commands.run(line)
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
        if not any(name == "model" for name in (*fields, *(axis.name for axis in command.axes))):
            fields |= _model_of_source(fields, studio.settings)
        if command.axes:
            self._sweep(command, fields)
            return
        if command.dry_run:
            preview = studio.preview(command.prompt, take=command.take, fresh=command.fresh, **fields)
            ending = studio.jobs.workspace.ending(preview.request.model, preview.provider)
            display(dry_run(preview, ending, draft=bool(fields.get("draft"))))
            return
        job, new = studio.submit(command.prompt, take=command.take, fresh=command.fresh, **fields)
        if command.out:
            self.shell.user_ns[command.out] = job
        if fields.get("draft") and not job.is_draft:
            print(undrafted(job.request))  # noqa: T201
        over = job.now.state.final
        self._show(job, new=new, out=command.out, embed=command.embed or self.embeds)
        if command.wait and over:
            job.wait()
        elif command.wait:
            wait_for_jobs([job], self.place, terminal=is_terminal(self.shell))

    def _sweep(self, command: CellCommand, fields: Mapping[str, Any]) -> None:
        how: dict[str, Any] = {
            **fields,
            "axes": [self._resolved(axis) for axis in command.axes],
            "zip": command.zip,
            "rows": command.rows,
            "columns": command.columns,
            "take": command.take,
            "fresh": command.fresh,
            "variables": command.variables,
            "question": command.question,
            "hypothesis": command.hypothesis,
        }
        studio = self._studio()
        if command.dry_run:
            display(preview_table(studio.sweeps.preview(command.prompt, **how)))
            return
        sweep = studio.sweep(command.prompt, confirm=command.yes, **how)
        if command.out:
            self.shell.user_ns[command.out] = sweep
        made = [cell.request for cell in sweep.cells if cell.request is not None]
        if fields.get("draft") and (whole := [one for one in made if not one.is_draft]):
            print(f"{len(whole)} of {len(made)}: {undrafted(whole[0])}")  # noqa: T201
        if command.wait and is_terminal(self.shell):
            sweep.wait()
        show_sweep(sweep, self.place, self.shell, embed=command.embed or self.embeds)
        if command.wait:
            sweep.wait()

    def _resolved(self, axis: Axis) -> Axis:
        """The axis with its images and videos in place of their names."""
        if axis.name not in catalog.FIELD:
            return axis
        return Axis(
            axis.name, tuple(Value(one.label, self._value(axis.name, one.value)) for one in axis.values)
        )

    def _value(self, name: str, typed: Any) -> Any:
        """What was typed for an image or a video: the notebook's variable of that name, a job's id, or itself."""
        item = catalog.FIELD.get(name)
        if item is None or item.kind not in ("image", "images", "video") or typed is None:
            return typed
        if item.kind == "images":
            several = typed if isinstance(typed, list | tuple) else [typed]
            return [self._source(item, one) for one in several]
        return self._source(item, typed)

    def _source(self, item: catalog.Field, typed: Any) -> Any:
        if not isinstance(typed, str):
            # What a list of the notebook holds, as the value of an axis.
            return typed
        names = self.shell.user_ns
        if item.kind != "video":
            found = self._image(typed)
        elif (name := catalog.identifier(typed)) in names:
            found = names[name]
        else:
            # An address or a file is for the request to judge.
            found = self._studio().job(typed) if typed.isalnum() else typed
        if found is None:
            raise missing_source(item, typed)
        return found

    def _image(self, typed: str) -> Any:
        """A file comes first; a variable is what has its name and is no file."""
        # `ö` is one character or two, and file systems keep the one that was given.
        for path in (typed, unicodedata.normalize("NFC", typed), unicodedata.normalize("NFD", typed)):
            if _exists(path):
                return path
        return self.shell.user_ns.get(catalog.identifier(typed), typed)

    def _show(self, job: Job, *, new: bool = True, out: str | None = None, embed: bool = False) -> None:
        def rebind(old: Job, again: Job) -> None:
            # Who goes on with the variable means the clip that comes.
            if out is not None and self.shell.user_ns.get(out) is old:
                self.shell.user_ns[out] = again

        again = job.videos and not new and job.now.state.final
        status = again_line(job, self.place) if again else ""
        show_job(job, self.place, self.shell, rebind, status=status, embed=embed)

    def _shown(self) -> dict[type | str, Callable[[Any], object]]:
        return {
            Job: lambda job: self._show(job, embed=self.embeds),
            Sweep: self._show_sweep,
            Bill: lambda bill: display(bill_table(bill)),
            Video: lambda video: show_clip(video, self.place, self.shell, embed=self.embeds),
            COMPARISON: self._show_comparison,
        }

    def _show_sweep(self, sweep: Sweep) -> None:
        show_sweep(sweep, self.place, self.shell, embed=self.embeds)

    def _show_comparison(self, comparison: Comparison) -> None:
        """Show what a cell ends with, unless the same cell has shown it already: `veo.compare(…)` does."""
        if comparison.id not in _compared:
            show_comparison_here(comparison)


def _model_of_source(fields: Mapping[str, Any], settings: Settings) -> dict[str, str]:
    """The model that made the clip that is changed or gone on from, as `job.edit` and `job.extend` take it."""
    name = next((name for name in SOURCES if fields.get(name) is not None), "")
    clip = fields.get(name)
    if isinstance(clip, Job):
        clip = clip.video
    return own_model(clip, settings, edits=name == "edit") if isinstance(clip, Video) else {}


def _exists(path: str) -> bool:
    try:
        return Path(path).expanduser().exists()
    except (OSError, ValueError, RuntimeError):
        return False


def unregister(shell: Any) -> None:
    """Take `%veo` and `%%veo` out of a shell, and whatever came with them."""
    for magic in ("line", "cell"):
        shell.magics_manager.magics[magic].pop("veo", None)
    magics = shell.magics_manager.registry.pop("VeoMagics", None)
    if magics is not None:
        magics.matcher.remove()
    shell.configurables[:] = [one for one in shell.configurables if not isinstance(one, VeoMagics)]
    for kind in (Job, Sweep, Bill, Video, COMPARISON):
        shell.display_formatter.ipython_display_formatter.pop(kind, None)
    LIVE.forget()


_compared: set[str] = set()
"""The comparisons that the cell which runs has shown."""


def show_comparison_here(comparison: Comparison) -> None:
    """Put the clips of a comparison before a voter in the cell that runs."""
    shell = get_ipython()
    if shell is not None:
        _compared.add(comparison.id)
        shell.events.register("post_run_cell", _forget_compared)
    show_comparison(comparison, _place_of(shell), shell)


def _forget_compared(*_: object) -> None:
    _compared.clear()
    shell = get_ipython()
    if shell is not None and _forget_compared in shell.events.callbacks["post_run_cell"]:
        shell.events.unregister("post_run_cell", _forget_compared)


def show_here(sweep: Sweep, **how: Any) -> None:
    """Display a sweep in the cell that runs; `how` as in `SweepView`."""
    shell = get_ipython()
    magics = _magics_of(shell)
    embed = how.pop("embed", False) or (magics is not None and magics.embeds)
    show_sweep(sweep, _place_of(shell), shell, embed=embed, **how)


def _magics_of(shell: Any) -> VeoMagics | None:
    magics = shell.magics_manager.registry.get("VeoMagics") if shell is not None else None
    return magics if isinstance(magics, VeoMagics) else None


def _place_of(shell: Any) -> Place:
    magics = _magics_of(shell)
    return find_place_here() if magics is None else magics.place
