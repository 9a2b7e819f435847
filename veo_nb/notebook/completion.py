"""What Tab offers in a `%%veo` cell and after `%veo`: options, their values, names, files and jobs.

`complete` is pure; `Matcher` is the part that IPython calls.
"""

from __future__ import annotations

import itertools
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import IPython.core.completer as ipython

from veo_nb import catalog
from veo_nb.config import Settings
from veo_nb.engine.job import Job
from veo_nb.engine.video import Video
from veo_nb.errors import VeoError
from veo_nb.notebook.compare.commands import OPTIONS as DECISIONS
from veo_nb.notebook.options import OWN, all_flags, split_cell
from veo_nb.notebook.pages.help import COMMANDS
from veo_nb.records.late import dataclass
from veo_nb.store.rows import State
from veo_nb.sweep.sweep import Sweep

IMAGE_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"})
_OF_JOBS = (["ID"], ["ID", "[--yes]"], ['[ID|"PROMPT"]'])
"""What `%veo help` writes behind the commands that take a job's id."""
_OF_SWEEPS = {"export", "report", "conclude", "pause", "resume"}
_SOME = "x"
"""Stands for the prompt, which is not written yet."""
FEW = 10
"""Numbers up to which all are offered: four samples, and not four billion seeds."""

# A word as the shell of the options sees it; the last one may be a quote that is still open.
_WORD = re.compile(r"(?:[^\s\"']|\"[^\"]*(?:\"|$)|'[^']*(?:'|$))+")
_REST = re.compile(r"^[^\s{}\"']+")
_EMPTY = re.compile(r"\A(?:[ \t]*\r?\n)+")
_OPENED = re.compile(r"\{\{\s*([^\s{}]*)$")


@dataclass(frozen=True)
class Offer:
    """One completion, and what it is: `option`, `value`, `name`, `path`, `job`, `sweep` or `command`."""

    text: str
    kind: str


@dataclass(frozen=True)
class Known:
    """What there is to offer; what needs looking up is looked up only when it is asked for."""

    names: Mapping[str, Any]
    jobs: Callable[[], list[Job]]
    files: Callable[[str], Iterable[str]]
    """The paths that begin so, folders with a slash at the end."""
    provider: catalog.Provider | None = None
    """Whose models and values are offered; None for those of all."""
    default: str = catalog.DEFAULT_MODEL
    """The model where the line names none."""
    others: tuple[str, ...] = ()
    """The other providers with a key, whose models are offered with their name before it."""
    sweeps: Callable[[], list[Sweep]] = list


def complete(before: str, known: Known, after: str = "") -> tuple[str, list[Offer]] | None:
    """What fits at the end of `before`, the cell up to the cursor: the piece to be replaced, and what to put there.

    `after` is what follows in the cursor's line: VS Code and Colab close a quote and a brace while they are typed. None
    where the cell is not ours to complete.
    """
    found = _complete(before, known)
    if found is None:
        return None
    fragment, offers = found
    return fragment, [replace(offer, text=_unclosed(offer.text, after)) for offer in offers]


def _unclosed(text: str, after: str) -> str:
    """A completion without the end that stands there already, behind the rest of the word."""
    rest = _REST.sub("", after)
    for end in ("}}", "}", '"', "'"):
        if text.endswith(end) and rest.startswith(end):
            return text.removesuffix(end)
    return text


def _complete(before: str, known: Known) -> tuple[str, list[Offer]] | None:
    # IPython takes a cell's magic from below empty lines too.
    first, *body = _EMPTY.sub("", before).split("\n")
    if re.match(r"\s*%%veo\s", f"{first}\n" if body else first):
        if (options := _options_of_cell(first, body)) is not None:
            return _in_options(options, known)
        opened = _OPENED.search(before)
        return (opened[1], _names(opened[1], known, ending="}}")) if opened else None
    line = before.rpartition("\n")[2]
    return _in_command(line, known) if re.match(r"\s*%veo\s", line) else None


def _options_of_cell(first: str, body: list[str]) -> str | None:
    """All the options before the cursor in one line; None where it is in the prompt."""
    if not body:
        return first
    *above, line = body
    # A lone dash becomes an option while it is typed.
    begun = "--x" if catalog.bare(line)[:1] in {*catalog.DASHES} else line
    try:
        options, prompt = split_cell(first, "\n".join([*above, begun]))
    except VeoError:
        return None
    # What stands in the line above is not gone on with.
    return None if prompt else f"{options.removesuffix(begun).rstrip()} {line}"


def _in_options(line: str, known: Known) -> tuple[str, list[Offer]]:
    *words, fragment = _words(line)
    given = [word.partition("=")[0] for word in words]
    item = _field(words[-1]) if words else None
    if item is not None and item.kind != "switch" and "=" not in words[-1]:
        return fragment, _values(item, fragment, words, known)
    if fragment.startswith("--sweep=") or (words and words[-1] == "--sweep"):
        return _on_axis(fragment.removeprefix("--sweep="), words, known)
    if words and words[-1] in {f"--{flag}" for flag, value, _ in OWN if value}:
        return fragment, []
    name, equals, value = fragment.partition("=")
    if equals and (item := _field(name)) is not None:
        return value, _values(item, value, words, known)
    return fragment, [
        Offer(f"--{flag}", "option")
        for flag in all_flags()
        if f"--{flag}".startswith(fragment) and not _is_used_up(flag, given) and _is_taken(flag, words, known)
    ]


def _on_axis(fragment: str, words: list[str], known: Known) -> tuple[str, list[Offer]]:
    """The values of an axis, `model=fast,`, those that it has left out."""
    name, equals, values = fragment.partition("=")
    item = _field(f"--{name}") or _field(f"--{name.replace('_', '-')}")
    if not equals or item is None or item.kind not in ("choice", "text"):
        return fragment, []
    *before, piece = values.split(",")
    return piece, [one for one in _values(item, piece, words, known) if one.text not in before]


def _in_command(line: str, known: Known) -> tuple[str, list[Offer]]:
    *words, fragment = _words(line)
    commands = {name.split()[1]: name.split()[2:] for name, _ in COMMANDS if len(name.split()) > 1}
    if words and words[0] in DECISIONS:
        return fragment, _in_decision(words, fragment, known)
    if not words:
        return fragment, [Offer(name, "command") for name in commands if name.startswith(fragment)]
    if len(words) == 1 and (option := _options_of(words[0])):
        return fragment, [Offer(one, "option") for one in option if one.startswith(fragment)]
    if len(words) == 1 and words[0] in _OF_SWEEPS:
        found = [sweep.id for sweep in known.sweeps()]
        return fragment, [Offer(one, "sweep") for one in found if one.startswith(fragment)]
    if len(words) == 1 and commands.get(words[0]) in _OF_JOBS:
        wanted = [job.id for job in known.jobs() if _suits(words[0], job) and job.id.startswith(fragment)]
        return fragment, [Offer(job_id, "job") for job_id in wanted]
    return fragment, []


def _in_decision(words: list[str], fragment: str, known: Known) -> list[Offer]:
    """What fits after `%veo compare` and `%veo rank`: a sweep, options, and the axes of that sweep."""
    name, *given = words
    sweeps = {sweep.id: sweep for sweep in known.sweeps()}
    if given and given[-1] == "--by":
        found = [sweeps[word] for word in given if word in sweeps] or [*sweeps.values()]
        axes = dict.fromkeys(axis.name for sweep in found for axis in sweep.axes if len(axis.values) > 1)
        return [Offer(axis, "value") for axis in axes if axis.startswith(fragment)]
    flags = [f"--{flag}" for flag in DECISIONS[name]]
    if given and given[-1] in flags:
        return []
    ids = [] if any(word in sweeps for word in given) else [one for one in sweeps if one.startswith(fragment)]
    options = [flag for flag in flags if flag.startswith(fragment) and flag not in given]
    return [*(Offer(one, "sweep") for one in ids), *(Offer(one, "option") for one in options)]


def _options_of(command: str) -> list[str]:
    rows = [name.split() for name, _ in COMMANDS]
    return [word for row in rows if row[1:2] == [command] for word in row[2:] if word.startswith("--")]


def _suits(command: str, job: Job) -> bool:
    """Whether there is a point in this command for this job."""
    state = job.now.state
    if command == "cancel":
        return not state.final
    if command == "resubmit":
        return state is State.UNCERTAIN
    if command == "rerun":
        return state.final and state is not State.UNCERTAIN and not job.fetchable
    if command == "final":
        return job.is_draft and state is State.SUCCEEDED
    return job.fetchable if command == "retry" else True


def _words(line: str) -> list[str]:
    """The words after the magic, the last one being what is typed just now; it may be empty."""
    _, _, rest = line.lstrip().partition("veo")
    words = _WORD.findall(rest)
    return words if words and rest.endswith(words[-1]) else [*words, ""]


def _field(word: str) -> catalog.Field | None:
    for item in catalog.OPTIONS:
        if word == f"--{item.flag}" or (item.short and word == f"-{item.short}"):
            return item
    return None


def _is_taken(flag: str, words: list[str], known: Known) -> bool:
    """Whether there is a point in this option at the provider that is set, or at that of the model in the line."""
    name = flag.removeprefix("no-")
    item = _field(f"--{name}")
    if item is None or known.provider is None:
        return True
    typed = _given(words).get("model", "")
    provider, _ = _served(typed if ":" in typed else known.default, known.provider)
    if item.kind != "switch":
        return catalog.takes(item, provider)
    asked = {"prompt": _SOME, "model": typed if ":" in typed else known.default}
    before = catalog.check(asked, known.provider)
    return catalog.check({**asked, item.name: name == flag}, known.provider) == before


def _served(name: str, default: catalog.Provider) -> tuple[catalog.Provider, catalog.Model | None]:
    """Who is asked for a model of this name, and the model, if it is one."""
    try:
        provider, alias = catalog.find_served(name, default)
    except VeoError:
        return default, None
    return provider, catalog.find_model(alias, provider)


def _models(known: Known) -> list[str]:
    """The names of all models that can be asked for here; of other providers the short ones."""
    if known.provider is None:
        return [*catalog.choices(catalog.FIELD["model"])]
    found = catalog.model_names(known.provider)
    if known.provider.any_model:
        # Nobody here knows the names, but for those that were used.
        used = (job.request.model for job in known.jobs() if job.provider.name == known.provider.name)
        found = [one for one in dict.fromkeys([known.default, *used]) if one]
    for name in known.others:
        provider = catalog.PROVIDERS[name]
        aliases = dict.fromkeys(catalog.MODELS[model].alias for model in provider.models)
        found += [f"{name}:{alias}" for alias in aliases]
    return found


def _is_used_up(flag: str, given: list[str]) -> bool:
    item = _field(f"--{flag.removeprefix('no-')}")
    if item is None:
        return f"--{flag}" in given
    forms = {f"--{item.flag}", f"--no-{item.flag}", f"-{item.short}"}
    return sum(word in forms for word in given) >= item.most


def _values(item: catalog.Field, fragment: str, words: list[str], known: Known) -> list[Offer]:
    """The values of an option that go on from `fragment`."""
    if item.kind in ("image", "images"):
        return [*_names(fragment, known, is_image), *_paths(fragment, known)]
    if item.kind == "video":
        made = [job.id for job in known.jobs() if job.now.state is State.SUCCEEDED]
        ids = [Offer(job_id, "job") for job_id in made if job_id.startswith(fragment)]
        return [*ids, *_names(fragment, known, lambda value: isinstance(value, (Job, Video)))]
    given = _given(words)
    name = given.get("model", known.default)
    provider, model = known.provider, catalog.find_model(name)
    if provider is not None:
        provider, model = _served(name, provider)
    values: Iterable[Any] = catalog.choices(item, provider, model)
    if item.name == "model":
        values = _models(known)
    elif item.kind == "number" and item.high <= FEW:
        values = range(item.low, item.high + 1)
    if (default := known.provider) is not None and model is not None:

        def problems(**changes: Any) -> set[catalog.Problem]:
            return set(catalog.check({**given, "prompt": _SOME, "model": name, **changes}, default))

        found = {value: problems(**{item.name: value}) for value in values}
        # There is always a model: what each of them minds is none's fault.
        alike = item.name == "model" and found
        before = set[catalog.Problem].intersection(*found.values()) if alike else problems()
        # What can't be combined with the options before it is not offered.
        values = [value for value in values if found[value] <= before]
    return [Offer(str(value), "value") for value in values if str(value).startswith(fragment)]


def _given(words: list[str]) -> dict[str, Any]:
    """The values of the options that the line has so far, as far as they bear on each other."""
    given: dict[str, Any] = {}
    for word, following in itertools.pairwise([*words, ""]):
        name, equals, value = word.partition("=")
        item = _field(name)
        value = value if equals else following
        if item is not None and item.kind != "switch" and value:
            known = {str(one): one for one in catalog.choices(item)}
            given[item.name] = [value] if item.kind == "images" else known.get(value, value)
    return given


def is_image(value: Any) -> bool:
    """Whether a variable is an image by itself. Told by its type: nothing of the notebook's is looked into."""
    kinds = {f"{kind.__module__}.{kind.__name__}" for kind in type(value).__mro__}
    return bool(kinds & {"PIL.Image.Image", "numpy.ndarray", "veo_nb.media.picture.Picture"})


def _names(
    fragment: str, known: Known, fits: Callable[[Any], bool] | None = None, ending: str = ""
) -> list[Offer]:
    """The notebook's own names that begin so."""
    return [
        Offer(f"{name}{ending}", "name")
        for name, value in known.names.items()
        if name.startswith(unicodedata.normalize("NFKC", fragment))
        and not name.startswith("_")
        and (fits(value) if fits else isinstance(value, (str, int, float)))
    ]


def _paths(fragment: str, known: Known) -> list[Offer]:
    quote = fragment[:1] if fragment[:1] in ("'", '"') else ""
    offers = []
    for path in known.files(fragment.removeprefix(quote)):
        if path.endswith("/") or Path(path).suffix.lower() in IMAGE_ENDINGS:
            around = quote or ('"' if re.search(r"[\s'\"]", path) else "")
            # A folder is left open: one goes on typing in it.
            offers.append(Offer(f"{around}{path}{'' if path.endswith('/') else around}", "path"))
    return offers


def list_files(start: str) -> list[str]:
    """The visible paths that begin so, folders with a slash at the end; none where they can't be listed."""
    at = max(start.rfind(slash) for slash in ("/", os.sep)) + 1
    folder, beginning = start[:at], start[at:]
    try:
        found = sorted(Path(folder or ".").expanduser().iterdir())
        return [
            f"{folder}{path.name}{'/' if path.is_dir() else ''}"
            for path in found
            if path.name.startswith(beginning) and (beginning or not path.name.startswith("."))
        ]
    except (OSError, ValueError, RuntimeError):
        return []


class Matcher:
    """The completions of one shell; `add` puts them in, `remove` takes them out again.

    Before IPython 8.6 a matcher is given one word of the line, in which `16:9` and `--image` are several, and what it
    offers is sorted among all that others find. There the completer's own two methods are asked through this.
    """

    def __init__(
        self,
        shell: Any,
        jobs: Callable[[], list[Job]],
        settings: Callable[[], Settings],
        sweeps: Callable[[], list[Sweep]] = list,
    ) -> None:
        self._shell = shell
        self._jobs = jobs
        self._sweeps = sweeps
        self._settings = settings
        self._ours: dict[str, Callable[..., Any]] = {}
        self._matcher: Callable[..., Any] | None = None
        if hasattr(ipython, "context_matcher"):

            @ipython.context_matcher(identifier="veo_nb")  # type: ignore[untyped-decorator]
            def match(context: Any) -> dict[str, Any]:
                return self._match(context)

            self._matcher = match
        else:
            self._ours = {"completions": self._completions, "complete": self._complete}

    def add(self) -> None:
        """Have Tab offer what fits."""
        completer = self._shell.Completer
        if self._matcher is not None:
            completer.custom_matchers.append(self._matcher)
        for name, method in self._ours.items():
            setattr(completer, name, method)

    def remove(self) -> None:
        """Have Tab as it was before."""
        completer = self._shell.Completer
        if self._matcher in completer.custom_matchers:
            completer.custom_matchers.remove(self._matcher)
        for name, method in self._ours.items():
            # Whoever came after this one has its own there.
            if vars(completer).get(name) == method:
                delattr(completer, name)

    def _find(self, before: str, after: str) -> tuple[str, list[Offer]] | None:
        """What `complete` gives for this shell; `after` is the rest of the cursor's line."""
        if "%veo" not in before:
            return None
        try:
            settings = self._settings()
            known = Known(
                names=self._shell.user_ns,
                jobs=self._jobs,
                files=list_files,
                provider=settings.provider,
                default=settings.model,
                others=tuple(settings.others()),
                sweeps=self._sweeps,
            )
            return complete(before, known, after)
        except VeoError:
            # A wrong setting or a busy ledger: the cell will say so, Tab is not the place.
            return None

    def _match(self, context: Any) -> dict[str, Any]:
        *above, line = context.full_text.split("\n")[: context.cursor_line + 1]
        before = "\n".join([*above, line[: context.cursor_position]])
        found = self._find(before, line[context.cursor_position :])
        if found is None:
            return {"completions": []}
        fragment, offers = found
        return {
            "completions": [ipython.SimpleCompletion(offer.text, type=offer.kind) for offer in offers],
            "matched_fragment": fragment,
            "suppress": True,
            "ordered": True,
        }

    def _completions(self, text: str, offset: int) -> Iterator[Any]:
        """What `IPCompleter.completions` gives, which the kernel and the terminal ask."""
        found = self._find(text[:offset], text[offset:].partition("\n")[0])
        if found is None or not found[1]:
            completer = self._shell.Completer
            yield from type(completer).completions(completer, text, offset)
            return
        fragment, offers = found
        for offer in offers:
            yield ipython.Completion(
                start=offset - len(fragment), end=offset, text=offer.text, type=offer.kind, _origin="veo_nb"
            )

    def _complete(
        self, text: str | None = None, line_buffer: str | None = None, cursor_pos: int | None = None
    ) -> tuple[str, list[str]]:
        """What `IPCompleter.complete` gives, of one line: what hosts ask that have the other switched off."""
        line = line_buffer or text or ""
        at = len(line) if cursor_pos is None else cursor_pos
        found = self._find(line[:at], line[at:])
        if found is None or not found[1]:
            completer = self._shell.Completer
            given: tuple[str, list[str]] = type(completer).complete(completer, text, line_buffer, cursor_pos)
            return given
        fragment, offers = found
        return fragment, [offer.text for offer in offers]
