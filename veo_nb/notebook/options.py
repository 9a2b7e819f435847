"""The line and the text of a `%%veo` cell, read into a command. Pure: no IPython, nothing looked up but names.

    %%veo --model fast --aspect-ratio 9:16 --duration 8 --image fox.png --out fox
    A fox crosses a frozen lake, {{mood}} light.

Options are made from the catalog's fields. `{{name}}` reads a variable of the notebook; any other brace, as in a
prompt written in JSON, stays as it is.
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from keyword import iskeyword
from typing import Any, NoReturn

from veo_nb import catalog
from veo_nb.errors import InvalidRequest
from veo_nb.sweep import axes as grammar

_QUOTES = "\"'"


@dataclass(frozen=True, kw_only=True)
class CellCommand:
    """What a `%%veo` cell asks for."""

    prompt: str
    """With its `{{names}}` filled in; of a sweep as it was written, since each cell is filled in anew."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `catalog.OPTIONS` by name, only those that were given; images and videos still as they were typed."""
    take: int = 1
    fresh: bool = False
    dry_run: bool = False
    wait: bool = False
    out: str | None = None
    axes: tuple[grammar.Axis, ...] = ()
    """What is varied; empty for a single clip. Images and videos still as they were typed."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    """Of a sweep, the notebook's values for the names in the prompt that are no axis."""
    zip: tuple[str, ...] = ()
    rows: str | None = None
    columns: str | None = None
    yes: bool = False


def parse_cell(line: str, cell: str, names: Mapping[str, Any]) -> CellCommand:
    """The command in a cell; `names` are the notebook's variables, for `{{name}}` in the prompt.

    Raises:
        InvalidRequest: an option is unknown or lacks its value, a name is undefined, or the prompt is empty.
    """
    try:
        words = shlex.split(line)
    except ValueError:
        raise InvalidRequest(
            "A quote in the options is not closed.", hint="Put values with spaces in quotes."
        ) from None
    found, rest = _parser().parse_known_args(words)
    for word in rest:
        _refuse(word)
    options = {name: value for name, value in vars(found).items() if value is not None}
    own = {flag: options.pop(flag) for flag in _OWN_NAMES if flag in options}
    out = own.get("out")
    if out is not None and (not out.isidentifier() or iskeyword(out)):
        raise InvalidRequest(f"--out {out} is no name for a variable.", hint="Use letters, digits and _.")
    if "sweep" in own:
        return _sweep(cell.strip(), own, options, names)
    for flag in ("zip", "rows", "columns"):
        if flag in own:
            raise InvalidRequest(f"--{flag} is for a sweep.", hint="Give an axis: --sweep NAME=VALUE,VALUE.")
    prompt = fill(cell.strip(), names)
    # Whether it may be left out beside an image or a clip is for the catalog to say.
    if not prompt.strip() and not {"image", "video"} & options.keys():
        raise InvalidRequest("The prompt is empty.", hint="Write it under the %%veo line.", field="prompt")
    return CellCommand(prompt=prompt, fields=options, **own)


def _sweep(
    prompt: str, own: dict[str, Any], fields: Mapping[str, Any], names: Mapping[str, Any]
) -> CellCommand:
    """The command of a cell with axes: they come first to a name in the prompt, then the notebook."""
    axes = grammar.read_axes(map(grammar.split_axis, own.pop("sweep")), prompt, names)
    whole = [str(value.value) for axis in axes if axis.name == "prompt" for value in axis.values]
    wanted = [one for one in grammar.variables(prompt, *whole) if one not in {axis.name for axis in axes}]
    variables = {one: fill(f"{{{{{one}}}}}", names) for one in wanted if one in names or one not in fields}
    return CellCommand(
        prompt=prompt, fields=fields, axes=axes, variables=variables, zip=tuple(own.pop("zip", ())), **own
    )


def fill(template: str, names: Mapping[str, Any]) -> str:
    """The prompt with each `{{name}}` replaced by that variable's text.

    Raises:
        InvalidRequest: there is no such variable.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in names:
            own = [known for known in names if not known.startswith("_")]
            near = catalog.did_you_mean(name, own) if own else ""
            near = near if near.startswith("Did you mean") else f"Set it in a cell above: {name} = …"
            raise InvalidRequest(
                f"{{{{{name}}}}} is not defined in this notebook.", hint=near, field="prompt"
            )
        return str(names[name])

    return grammar.VARIABLE.sub(value, template)


def as_options(text: str) -> str:
    """Words about request fields (`duration_seconds=8`) as a person in a cell types them (`--duration 8`)."""
    flags = {item.name: item.flag for item in catalog.OPTIONS} | {"take": "take"}
    names = "|".join(sorted(flags, key=len, reverse=True))
    text = re.sub(rf"^({names})(?= can't be | is )", lambda found: f"--{flags[found[1]]}", text)

    def option(found: re.Match[str]) -> str:
        return f"--{flags[found[1]]} {found[2].strip(_QUOTES)}".rstrip()

    return re.sub(rf"\b({names})=(\"[^\"]*\"|'[^']*'|[\w.]*)", option, text)


def option_rows() -> list[tuple[str, str]]:
    """Each option with its meaning, for the help: `("-d, --duration 4|6|8", "length in seconds")`."""
    return [(_written(item), item.help) for item in catalog.OPTIONS] + [
        (f"--{flag}{' ' + value if value else ''}", text) for flag, value, text in OWN
    ]


def _written(item: catalog.Field) -> str:
    """An option as the help writes it, with its short form and what it takes."""
    names = f"-{item.short}, --{item.flag}" if item.short else f"--{item.flag}"
    if item.kind == "switch":
        return f"{names}, --no-{item.flag}"
    return f"{names} {'|'.join(map(str, catalog.choices(item))) or WORDS[item.kind]}"


WORDS = {
    "text": "TEXT",
    "choice": "VALUE",
    "number": "N",
    "image": "IMAGE",
    "images": "IMAGE",
    "video": "VIDEO",
    "switch": "",
}
"""What stands for a value, by the kind of the field."""

OWN: tuple[tuple[str, str, str], ...] = (
    ("take", "N", "another sample of the same request: --take 2"),
    ("fresh", "", "ask anew, whatever is stored"),
    ("out", "NAME", "put the job into this variable"),
    ("wait", "", "hold the cell until the video is here"),
    ("dry-run", "", "show the request and its price, send nothing"),
    (
        "sweep",
        "NAME=V1,V2",
        "vary an option or a {{name}} of the prompt; repeatable. @name, || and 1,2,...,10 work",
    ),
    ("zip", "NAME,NAME", "pair these axes in place of combining them"),
    ("rows", "NAME", "the axis that makes the rows of the grid"),
    ("columns", "NAME", "the axis that makes its columns"),
    ("yes", "", "go ahead with a large sweep"),
)
"""Options of the cell itself: name, value, meaning."""
_OWN_NAMES = tuple(flag.replace("-", "_") for flag, _, _ in OWN)


class _Parser(argparse.ArgumentParser):
    """argparse that raises in place of ending the process."""

    def error(self, message: str) -> NoReturn:
        found = re.match(
            r"argument (?:-\w/)?--([\w-]+)(?:/--[\w-]+)?: (?:(expected one)|(invalid \w+ value: |given again)(.*))?",
            message,
        )
        if found is None:
            raise InvalidRequest(f"{message}.", hint="%veo help lists the options.")
        flag, lacks, wrong, value = found.groups()
        if lacks:
            raise InvalidRequest(f"--{flag} lacks its value.", hint=_example(flag))
        if wrong == "given again":
            most = next((item.most for item in catalog.OPTIONS if item.flag == flag), 1)
            times = "once" if most == 1 else f"up to {most} times"
            raise InvalidRequest(f"--{flag} can be given {times}.", hint="Leave the others out.")
        if wrong:
            raise InvalidRequest(f"--{flag} can't be {value}.", hint=_example(flag))
        raise InvalidRequest(f"--{flag} takes no value.", hint="%veo help lists the options.")


class _Once(argparse.Action):
    """Takes a value, and refuses another: of two, one would be lost unnoticed."""

    def __call__(self, _: Any, found: argparse.Namespace, value: Any, __: Any = None) -> None:
        if getattr(found, self.dest) is not None:
            raise argparse.ArgumentError(self, "given again")
        setattr(found, self.dest, value)


class _Several(argparse.Action):
    """Gathers the values of an option that may be given several times."""

    def __call__(self, _: Any, found: argparse.Namespace, value: Any, __: Any = None) -> None:
        many = [*(getattr(found, self.dest) or []), value]
        if len(many) > catalog.FIELD[self.dest].most:
            raise argparse.ArgumentError(self, "given again")
        setattr(found, self.dest, many)


def _parser() -> _Parser:
    parser = _Parser(add_help=False, allow_abbrev=False)
    for item in catalog.OPTIONS:
        names = [f"-{item.short}", f"--{item.flag}"] if item.short else [f"--{item.flag}"]
        if item.kind == "switch":
            parser.add_argument(*names, dest=item.name, action=argparse.BooleanOptionalAction)
            continue
        counts = item.kind == "number" or any(isinstance(choice, int) for choice in catalog.choices(item))
        parser.add_argument(
            *names,
            dest=item.name,
            type=_number if counts else str,
            action=_Several if item.most > 1 else _Once,
        )
    parser.add_argument("--take", type=int, action=_Once)
    parser.add_argument("--out", action=_Once)
    for flag in ("sweep", "zip"):
        parser.add_argument(f"--{flag}", action="append")
    for flag in ("rows", "columns"):
        parser.add_argument(f"--{flag}", action=_Once)
    for flag in ("fresh", "dry-run", "wait", "yes"):
        parser.add_argument(f"--{flag}", action="store_true", default=None, dest=flag.replace("-", "_"))
    return parser


def _number(text: str) -> int | str:
    """`8` or `8s` as a number; anything else as it is, for the catalog to say what it takes."""
    found = re.fullmatch(r"(\d{1,20})\s*s?", text)
    return int(found[1]) if found else text


def all_flags() -> list[str]:
    """Every option without its dashes, those of fields first; of a switch both."""
    flags = []
    for item in catalog.OPTIONS:
        flags += [item.flag, f"no-{item.flag}"] if item.kind == "switch" else [item.flag]
    return flags + [flag for flag, _, _ in OWN]


def _refuse(word: str) -> NoReturn:
    if word.startswith("-"):
        name = word.lstrip("-").partition("=")[0]
        near = catalog.did_you_mean(name, all_flags())
        hint = (
            near.replace("Did you mean ", "Did you mean --")
            if near.startswith("Did")
            else "%veo help lists the options."
        )
        raise InvalidRequest(f"There is no option {word.partition('=')[0]}.", hint=hint)
    raise InvalidRequest(
        f"{word!r} belongs to no option.", hint="The prompt goes into the lines under %%veo."
    )


def _example(flag: str) -> str:
    for names, _ in option_rows():
        if f"--{flag} " in names:
            return f"Write {names.rpartition(', ')[2]}."
    return "%veo help lists the options."
