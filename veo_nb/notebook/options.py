"""The line and the text of a `%%veo` cell, read into a command. Pure: no IPython, nothing looked up but names.

    %%veo --model fast --aspect-ratio 9:16 --duration 8
    --image "my photos/fox.png" --out fox
    A fox crosses a frozen lake, {{mood}} light.

Options are made from the catalog's fields, and end where a line begins with none, or is empty. `{{name}}` reads a
variable of the notebook; a prompt written in JSON stays as it is.
"""

from __future__ import annotations

import argparse
import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from keyword import iskeyword
from os import PathLike
from typing import Any, NoReturn

from veo_nb import catalog
from veo_nb.errors import InvalidRequest
from veo_nb.records.late import dataclass
from veo_nb.sweep import axes as grammar
from veo_nb.sweep.template import fill as replace_names
from veo_nb.sweep.template import references, undefined

_DOUBLE = (
    '""',
    "\u201c\u201d\u201c",
    "\u201d\u201d",
    "\u201e\u201c\u201d",
    "\uff02\uff02",
    "«»",
    "»«",
    "「」",
    "『』",
)
_SINGLE = "''", "\u2018\u2019", "\u2019\u2019", "\u201a\u2018\u2019", "\uff07\uff07"
_QUOTES = {pair[0]: pair[1:] for pair in (*_DOUBLE, *_SINGLE)}
"""What opens a quote, and what closes it."""
_APOSTROPHES = "'\u2019"
_BEFORE_QUOTES = f"=＝|｜{catalog.COMMAS}"
"""Inside of a word a quote opens only after these."""
_WINDOWS = re.compile(r"(?:^|[=＝])(?:[A-Za-z]:\\|\\\\)")
"""How a path of Windows begins; a backslash in it is nothing else."""
_OPENED = "{{"
_SOURCES = ("image", "images", "video")
_BY_NAME = {item.name: item for item in catalog.OPTIONS}
_SHORTS = tuple(item.short for item in catalog.OPTIONS if item.short)


@dataclass(frozen=True, kw_only=True)
class CellCommand:
    """What a `%%veo` cell asks for."""

    prompt: str
    """With its `{{names}}` filled in; of a sweep as it was written, since each cell is filled in anew."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `catalog.OPTIONS` by name, and `draft`, only those that were given; images and videos still as typed."""
    take: int = 1
    fresh: bool = False
    dry_run: bool = False
    wait: bool = False
    embed: bool = False
    out: str | None = None
    axes: tuple[grammar.Axis, ...] = ()
    """What is varied; empty for a single clip. Images and videos still as they were typed."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    """Of a sweep, the notebook's values for the names in the prompt that are no axis."""
    zip: tuple[str, ...] = ()
    rows: str | None = None
    columns: str | None = None
    question: str | None = None
    hypothesis: str | None = None
    yes: bool = False


def parse_cell(line: str, cell: str, names: Mapping[str, Any]) -> CellCommand:
    """The command in a cell; `names` are the notebook's variables, for `{{name}}` in the prompt.

    Raises:
        InvalidRequest: an option is unknown or lacks its value, a name is undefined, or the prompt is empty.
    """
    line, cell = split_cell(line, cell)
    found, rest = _parser().parse_known_args(split_words(line))
    for word in rest:
        _refuse(word)
    options = {name: value for name, value in vars(found).items() if value is not None}
    own = {flag: options.pop(flag) for flag in _OWN_NAMES if flag in options}
    read = {name: _read(name, value, names) for name, value in options.items()}
    options = {name: value for name, value in read.items() if value is not None}
    if "take" in own:
        own["take"] = _take(own["take"], names)
    if "out" in own:
        typed, own["out"] = own["out"], catalog.identifier(own["out"])
        if not own["out"] or iskeyword(own["out"]):
            raise InvalidRequest(
                f"--out {typed} is no name for a variable.", hint="Use letters, digits and _."
            )
    if "sweep" in own:
        return _sweep(cell.strip(), own, options, names)
    for flag in OF_SWEEPS:
        if flag in own:
            raise InvalidRequest(f"--{flag} is for a sweep.", hint="Give an axis: --sweep NAME=VALUE,VALUE.")
    prompt = fill(cell.strip(), names)
    # Whether it may be left out beside an image or a clip is for the catalog to say.
    if not prompt.strip() and not {"image", "video", "edit"} & options.keys():
        raise InvalidRequest("The prompt is empty.", hint="Write it under the %%veo line.", field="prompt")
    return CellCommand(prompt=prompt, fields=options, **own)


def split_cell(line: str, cell: str) -> tuple[str, str]:
    """The options of a cell in one line, and its prompt.

    A line that begins with an option is one of options, with a backslash at the end of the one before it or without.
    After an empty line all is prompt.

    Raises:
        InvalidRequest: one stands under the prompt, where it would be sent as a part of it.
    """
    options, lines = [line], cell.replace("\r\n", "\n").split("\n")
    while True:
        goes_on = options[-1].rstrip().endswith("\\")
        if goes_on:
            options[-1] = options[-1].rstrip()[:-1]
        if not lines or not lines[0].strip() or not (goes_on or _is_option(lines[0])):
            break
        options.append(lines.pop(0))
    for one in lines:
        if not one.strip():
            break
        if _is_option(one):
            word = one.split()[0].partition("=")[0]
            raise InvalidRequest(
                f"{catalog.shown(word)} stands under the prompt, and would be sent as a part of it.",
                hint="Options go above it. What must begin so goes after an empty line.",
                field="prompt",
            )
    return " ".join(options), "\n".join(lines)


def split_words(line: str) -> list[str]:
    """The words of a line, those in quotes whole, and its options with the dashes that they have.

    Word processors and phones make a dash of `--` and bend the quotes. A backslash is a part of a path, but before
    blanks and signs, which it takes the meaning.

    Raises:
        InvalidRequest: a quote is not closed.
    """
    words: list[str] = []
    at = 0
    while at < len(line):
        if line[at].isspace():
            at += 1
            continue
        start, (at, word) = at, _word(line, at)
        # What stands in quotes is meant as it is.
        if line[start] in _QUOTES or (word := _straight(word)):
            words.append(word)
    return words


def _word(line: str, at: int) -> tuple[int, str]:
    """Where the word ends that begins here, and what it is without its quotes."""
    word, quoted = "", False
    while at < len(line) and not line[at].isspace():
        sign = line[at]
        after = line[at + 1 : at + 2]
        if line.startswith(_OPENED, at) and (closed := line.find("}}", at)) > 0:
            # Blanks and quotes in it are its own.
            word, at = word + line[at : closed + 2], closed + 2
            continue
        # An apostrophe inside of a word is none that opens.
        if sign in _QUOTES and (not word or quoted or word[-1] in _BEFORE_QUOTES):
            at, piece = _quoted(line, at, word)
            word, quoted = word + piece, True
            continue
        quoted = False
        if sign == "\\" and after and not re.match(r"[\w.\\]", after) and not _WINDOWS.search(word + sign):
            word, at = word + after, at + 2
        else:
            word, at = word + sign, at + 1
    return at, word


def _quoted(line: str, at: int, before: str) -> tuple[int, str]:
    """Where a quote ends that opens here, and what stands in it; `before` is the word so far."""
    opened, piece = line[at], ""
    at += 1
    while at < len(line):
        sign, after = line[at], line[at + 1 : at + 2]
        # An apostrophe inside of a word does not close either.
        if sign in _QUOTES[opened] and not (sign in _APOSTROPHES and re.match(r"\w", after)):
            return at + 1, piece
        # `"C:\photos\"` is a folder's whole path.
        whole = _WINDOWS.search(before + piece + sign) and not line[at + 2 : at + 3].strip()
        if (sign, after, opened) == ("\\", '"', '"') and not whole:
            piece, at = piece + after, at + 2
        else:
            piece, at = piece + sign, at + 1
    raise InvalidRequest("A quote in the options is not closed.", hint="Put values with spaces in quotes.")


def _straight(word: str) -> str:
    """An option as `--flag` or `-f`, whatever its dashes have become; any other word without the marks around it."""
    word = catalog.bare(word)
    name, *value = re.split("[=＝]", word, maxsplit=1)
    flag = catalog.plain(name)
    bare = flag.lstrip("-")
    if flag == bare or bare not in (*_SHORTS, *all_flags()):
        return word
    return "=".join([f"-{bare}" if bare in _SHORTS else f"--{bare}", *value])


def _is_option(line: str) -> bool:
    """Whether a line begins with an option, or with what is nearly one: a prompt hardly begins so."""
    words = line.split()
    word = _straight(words[0]) if words else ""
    return bool(re.match(rf"--[^\W\d_]|-(?:{'|'.join(_SHORTS)})(?:$|[=\d])", word))


def _sweep(
    prompt: str, own: dict[str, Any], fields: Mapping[str, Any], names: Mapping[str, Any]
) -> CellCommand:
    """The command of a cell with axes: they come first to a name in the prompt, then the notebook."""
    given = [grammar.split_axis(text) for text in own.pop("sweep")]
    # Whole prompts are filled in for each cell, all else as if it had been typed.
    given = [(name, values if name == "prompt" else fill(values, names, name)) for name, values in given]
    axes = grammar.read_axes(given, prompt, names)
    whole = [str(value.value) for axis in axes if axis.name == "prompt" for value in axis.values]
    own_names = {axis.name for axis in axes}
    wanted = [one for one in references(prompt, *whole) if one.name not in own_names]
    variables = {
        one.text: fill(f"{{{{{one.text}}}}}", names)
        for one in wanted
        if one.name in names or one.name not in fields
    }
    return CellCommand(
        prompt=prompt, fields=fields, axes=axes, variables=variables, zip=tuple(own.pop("zip", ())), **own
    )


def fill(template: str, names: Mapping[str, Any], field: str = "prompt") -> str:
    """A text with each `{{name}}` replaced by what the notebook has there.

    Raises:
        InvalidRequest: there is no such variable, or what stands in double braces is neither a name nor JSON.
    """
    for one in references(template):
        if one.name not in names:
            raise undefined(f"{{{{{one.text}}}}}", one.name, names, "…", field)
    return replace_names(template, names)


def _read(name: str, typed: Any, names: Mapping[str, Any]) -> Any:
    """The value of an option with its `{{names}}` filled in; None, which leaves it out, where that is what a variable holds.

    Raises:
        InvalidRequest: also for a picture or a clip that is None.
    """
    if isinstance(typed, list):
        return [_read(name, one, names) for one in typed]
    if not (isinstance(typed, str) and (found := references(typed))):
        return typed
    item = _BY_NAME[name]
    if item.kind == "text":
        return fill(typed, names, name)
    if len(found) == 1 and found[0].name in names and typed == typed[found[0].start : found[0].end]:
        value = found[0].value(names)
        if value is None and item.kind in _SOURCES:
            raise missing_source(item, found[0].text)
        if value is None:
            return None
        if item.kind in _SOURCES and not isinstance(value, str | PathLike):
            # A picture or a clip is meant itself, which goes by the name of its variable.
            return found[0].text
    return _reader(item)(fill(typed, names, name))


def missing_source(item: catalog.Field, variable: str) -> InvalidRequest:
    """What is said of a picture or a clip that is None: without it another clip would be made, and paid.

    OpenCV's `imread` gives None for a file that it does not find.
    """
    return InvalidRequest(
        f"--{item.flag}: {variable} is None.",
        hint=f"Look whether its file was read, or leave --{item.flag} out.",
        field=item.name,
    )


def _take(typed: int | str, names: Mapping[str, Any]) -> int:
    take = _number(fill(typed, names, "take")) if isinstance(typed, str) else typed
    if isinstance(take, str):
        raise InvalidRequest(f"--take can't be {take!r}.", hint=_example("take"))
    return take


def as_options(text: str) -> str:
    """Words about request fields (`duration_seconds=8`) as a person in a cell types them (`--duration 8`)."""
    flags = {item.name: item.flag for item in catalog.OPTIONS} | {"take": "take"}
    names = "|".join(sorted(flags, key=len, reverse=True))
    for pattern in (rf"^(Nothing can be made with )({names})(?= )", rf"(^|: )({names})(?= can't be | is )"):
        text = re.sub(pattern, lambda found: f"{found[1]}--{flags[found[2]]}", text)

    def option(found: re.Match[str]) -> str:
        value = found[2].strip("\"'")
        return f"--{flags[found[1]]} {value}".rstrip()

    return re.sub(rf"\b({names})=(\"[^\"]*\"|'[^']*'|[\w.]*)", option, text)


def option_rows() -> list[tuple[str, str]]:
    """Each option with its meaning, for the help: `("-d, --duration 3|4|…|15", "length in seconds")`."""
    return [(_written(item), item.help) for item in catalog.OPTIONS] + [
        (f"--{flag}{' ' + value if value else ''}", text) for flag, value, text in OWN
    ]


MOST_WRITTEN = 6
"""Values of an option that are all written in the help."""


def _written(item: catalog.Field) -> str:
    """An option as the help writes it, with its short form and what it takes."""
    names = f"-{item.short}, --{item.flag}" if item.short else f"--{item.flag}"
    if item.kind == "switch":
        return f"{names}, --no-{item.flag}"
    choices = catalog.choices(item)
    values = [str(one) for one in choices]
    if len(choices) > MOST_WRITTEN:
        # They are numbers that follow one another.
        values[2:-1] = ["…"]
    return f"{names} {'|'.join(values) or WORDS[item.kind]}"


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
    (catalog.DRAFT.flag, "", catalog.DRAFT.help),
    ("take", "N", "another sample of the same request: --take 2"),
    ("fresh", "", "ask anew, whatever is stored"),
    ("out", "NAME", "put the job into this variable"),
    ("wait", "", "hold the cell until the video is here"),
    ("embed", "", "put the clip into the notebook itself"),
    ("dry-run", "", "show the request and its price, send nothing"),
    (
        "sweep",
        "NAME=V1,V2",
        "vary an option or a {{name}} of the prompt; repeatable. @name, || and 1,2,...,10 work",
    ),
    ("zip", "NAME,NAME", "pair these axes in place of combining them"),
    ("rows", "NAME", "the axis that makes the rows of the grid"),
    ("columns", "NAME", "the axis that makes its columns"),
    ("question", "TEXT", "what a sweep is to find out, for votes and the report"),
    ("hypothesis", "TEXT", "what you expect of it"),
    ("yes", "", "go ahead with a large sweep"),
)
"""Options of the cell itself: name, value, meaning."""
OF_SWEEPS = ("zip", "rows", "columns", "question", "hypothesis")
"""Those of them that a single clip has no use for."""
_OWN_NAMES = tuple(flag.replace("-", "_") for flag, _, _ in OWN if flag != catalog.DRAFT.flag)
"""Those that are no field of what is asked for."""


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


@functools.cache
def _parser() -> _Parser:
    parser = _Parser(add_help=False, allow_abbrev=False)
    for item in catalog.OPTIONS:
        names = [f"-{item.short}", f"--{item.flag}"] if item.short else [f"--{item.flag}"]
        if item.kind == "switch":
            parser.add_argument(*names, dest=item.name, action=argparse.BooleanOptionalAction)
            continue
        parser.add_argument(
            *names,
            dest=item.name,
            type=_reader(item),
            action=_Several if item.most > 1 else _Once,
        )
    parser.add_argument("--take", type=_number, action=_Once)
    parser.add_argument("--out", action=_Once)
    for flag in ("sweep", "zip"):
        parser.add_argument(f"--{flag}", action="append")
    for flag in ("rows", "columns", "question", "hypothesis"):
        parser.add_argument(f"--{flag}", action=_Once)
    for flag in ("draft", "fresh", "dry-run", "wait", "embed", "yes"):
        parser.add_argument(f"--{flag}", action="store_true", default=None, dest=flag.replace("-", "_"))
    return parser


def _reader(item: catalog.Field) -> Callable[[str], int | str]:
    """What reads the value of an option."""
    if item.kind == "number" or any(isinstance(choice, int) for choice in catalog.choices(item)):
        return _number
    return catalog.plain if item.kind == "choice" else str


def _number(text: str) -> int | str:
    """`8` or `8s` as a number; anything else as it is, for the catalog to say what it takes."""
    text = catalog.plain(text)
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
