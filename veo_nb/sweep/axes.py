"""The axes of a sweep, read from what a person gives and checked. Pure.

    animal=fox,owl                                     commas between the values
    style=noir=black and white, hard light || soft=    `||` between values that hold commas; `name=` names one
    seed=1,2,...,10                                    fills in evenly, down and with decimals too
    time=@times                                        a list of the notebook, or a dict of named values

In Python a list stands for itself, a dict names its values, `[1, 2, ..., 10]` fills in, and a text is read as above.
An axis is a field of the request (its option's name will do), `take`, or a `{{variable}}` of the prompt.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from os import PathLike, fspath
from pathlib import PurePath
from typing import Any

from veo_nb import catalog
from veo_nb.errors import InvalidRequest
from veo_nb.records.late import dataclass
from veo_nb.sweep.ellipsis import fill_in
from veo_nb.sweep.template import look_up, variables

MOST_VALUES = 10_000
"""On one axis; more is a mistake, and would not fit on any screen."""

SETTABLE: dict[str, catalog.Field] = {
    item.name: item for item in (*catalog.FIELDS, catalog.FIT, catalog.DRAFT)
}
"""All that can be set of a request, and so be an axis."""
PICTURES = tuple(name for name, item in SETTABLE.items() if item.kind in ("image", "images"))
"""Those that hold images."""

_EQUALS = re.compile("[=＝]")
_BARS = re.compile(r"\|\||｜｜")
_COMMA = re.compile(f"[{catalog.COMMAS}]")
_DOTS = re.compile(r"[.。]{3,}|⋯+")
_LONGEST_LABEL = 40
_MARKS = ("Mn", "Mc")
"""Signs that belong to the letter before them, as the vowels of Hindi do and half of a typed `ö`."""
_SWITCH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_FLAGS = {item.flag: name for name, item in SETTABLE.items() if item.flag}


@dataclass(frozen=True)
class Value:
    """One value of an axis, and the short text by which it is shown and chosen."""

    label: str
    value: Any


@dataclass(frozen=True)
class Axis:
    """What is varied, and through which values, in order."""

    name: str
    """A field of the request, `take`, or a variable of the prompt."""
    values: tuple[Value, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The values as they are shown."""
        return tuple(value.label for value in self.values)


# Reading


def split_axis(text: str) -> tuple[str, str]:
    """`animal=fox,owl` as the axis's name and the text of its values.

    Raises:
        InvalidRequest: there is no `=` in it, or nothing before it.
    """
    name, *values = _EQUALS.split(text, maxsplit=1)
    if not values or not catalog.bare(name):
        raise InvalidRequest(
            f"{catalog.shown(text)} names no axis and its values.", hint="Write --sweep NAME=VALUE,VALUE."
        )
    return catalog.bare(name), values[0]


def split_commas(text: str) -> list[str]:
    """What stands between commas, whichever keyboard they come from."""
    return [catalog.bare(piece) for piece in _COMMA.split(text)]


def read_axes(
    given: Iterable[tuple[str, Any]], prompt: str | None, names: Mapping[str, Any] | None = None
) -> tuple[Axis, ...]:
    """The axes that a person gives as pairs of a name and values; `names` are the notebook's, for `@name`.

    Raises:
        InvalidRequest: an axis is neither field nor variable, comes twice, or has no usable values.
    """
    given = [(catalog.bare(str(name)), values) for name, values in given]
    if not given:
        raise InvalidRequest("A sweep needs an axis.", hint='Give axes={"seed": [1, 2]} or --sweep seed=1,2.')
    # Whole prompts come first: the variables of the others are in them.
    prompts = [_read("prompt", values, names) for name, values in given if name == "prompt"]
    known = variables(prompt, *(str(value.value) for axis in prompts for value in axis.values))
    axes: dict[str, Axis] = {}
    for typed, values in given:
        catalog.check_text("The name of an axis", typed)
        name = axis_name(typed, known)
        if name in axes:
            raise InvalidRequest(
                f"The axis {name} comes twice.", hint="Put all its values in one.", field=name
            )
        axes[name] = _read(name, values, names)
    return tuple(axes.values())


def axis_name(typed: str, known: Sequence[str]) -> str:
    """The axis that is meant: a field by its name or its option, `take`, or one of the prompt's variables.

    Raises:
        InvalidRequest: it is none of them.
    """
    if typed in SETTABLE or typed == "take" or typed in known:
        return typed
    if (variable := catalog.identifier(typed)) in known:
        return variable
    option = catalog.plain(typed).lstrip("-")
    for name in (_FLAGS.get(option, ""), option.replace("-", "_")):
        if name in SETTABLE or name == "take":
            return name
    hint = catalog.did_you_mean(typed, [*known, *_FLAGS, "take", "prompt"])
    raise InvalidRequest(
        f"{typed} is neither a field of the request nor a {{{{{typed}}}}} in the prompt.",
        hint=hint,
        field=typed,
    )


def _read(name: str, given: Any, names: Mapping[str, Any] | None) -> Axis:
    catalog.check_text(name, given, catalog.RENAME if name in PICTURES else catalog.WHOLE)
    if isinstance(given, str):
        text = catalog.bare(given)
        values = _listed(name, text, names) if text.startswith("@") else _parsed(name, text)
    else:
        values = _taken(name, given)
    if not values:
        raise InvalidRequest(f"The axis {name} has no values.", hint=_example(name), field=name)
    # Those of a name of the notebook, too.
    catalog.check_text(name, [part for value in values for part in (value.label, value.value)])
    return Axis(name, _distinct(name, values))


def _listed(name: str, text: str, names: Mapping[str, Any] | None) -> list[Value]:
    """The values in a variable of the notebook."""
    if names is None:
        raise InvalidRequest(f"{text} is for a cell.", hint="In Python give the list itself.", field=name)
    given = look_up(text[1:], names, text, "[…]", name)
    if isinstance(given, str):
        raise InvalidRequest(
            f"{text} is a text, not a list of values.", hint=f"Make it a list: {text[1:]} = […]", field=name
        )
    return _taken(name, given, text)


def _taken(name: str, given: Any, shown: str = "") -> list[Value]:
    """The values in a Python object: a list, a dict of named ones, anything that can be gone through."""
    if isinstance(given, Mapping):
        return [Value(_short(str(label)), value) for label, value in given.items()]
    # A picture is an array too, of two or three dimensions.
    deep = getattr(given, "ndim", 1) not in ((1, 4) if name in ("image", "last_frame") else (1,))
    if (
        isinstance(given, (bytes, bytearray, PathLike, AbstractSet))
        or deep
        or not isinstance(given, Iterable)
    ):
        what = shown or f"The axis {name}"
        order = " (a set has no order)" if isinstance(given, AbstractSet) else ""
        raise InvalidRequest(
            f"{what} is {type(given).__name__}, not a list of values{order}.", hint=_example(name), field=name
        )
    items = list(itertools.islice(given, MOST_VALUES + 1))
    _check_count(name, len(items))
    if any(item is ... for item in items):
        items = fill_in(name, items, MOST_VALUES)
    return [
        item if isinstance(item, Value) else Value(_label(name, item, at), item)
        for at, item in enumerate(items, 1)
    ]


def _parsed(name: str, text: str) -> list[Value]:
    """The values in a text, `||` or else commas between them."""
    if not text:
        return []
    barred = _BARS.search(text)
    pieces = [catalog.bare(piece) for piece in _BARS.split(text)] if barred else split_commas(text)
    if barred and not pieces[-1]:
        # So that one value alone may hold commas.
        pieces.pop()
    _check_count(name, len(pieces))
    dots = [_DOTS.fullmatch(catalog.plain(piece)) for piece in pieces]
    if any(dots):
        pieces = fill_in(
            name,
            [... if dot else piece for piece, dot in zip(pieces, dots, strict=True)],
            MOST_VALUES,
        )
    return [_piece(name, piece) for piece in pieces]


def _piece(name: str, piece: str) -> Value:
    if not piece:
        raise InvalidRequest(
            f"The axis {name} has an empty value.", hint="Name it to keep it empty: plain= ", field=name
        )
    label, *text = map(catalog.bare, _EQUALS.split(piece, maxsplit=1))
    if text and _is_label(label):
        return Value(label, _typed(name, text[0]))
    text = [text[0] if text and not label else piece]
    value = _typed(name, text[0])
    return Value(catalog.plain(text[0]) if isinstance(value, bool) else _label(name, value), value)


def _is_label(text: str) -> bool:
    """Whether this may name a value: words of any language, and nothing that an address or a sentence has."""
    return (
        0 < len(text) <= _LONGEST_LABEL
        and all(sign in "_ -" or sign.isalnum() or unicodedata.category(sign) in _MARKS for sign in text)
        and text[0] not in " -"
    )


def _typed(name: str, text: str) -> Any:
    """A value that was typed, as its field takes it; what does not fit stays text, for the catalog to refuse."""
    kind = "number" if name == "take" else SETTABLE[name].kind if name in SETTABLE else "text"
    if kind in ("number", "switch", "choice"):
        text = catalog.plain(text)
    if name == "duration_seconds":
        kind, text = "number", re.sub(r"(?<=\d)\s*s$", "", text)
    if kind == "number" and re.fullmatch(r"[0-9]{1,20}", text):
        return int(text)
    return _SWITCH.get(text.lower(), text) if kind == "switch" else text


def _distinct(name: str, values: Sequence[Value]) -> tuple[Value, ...]:
    """The values with labels that differ.

    Raises:
        InvalidRequest: the same value, or the same name, comes twice.
    """
    labels: dict[str, Any] = {}
    for value in values:
        label = value.label
        if label in labels:
            if name not in PICTURES or _is_same(value.value, labels[label]):
                raise InvalidRequest(
                    f"The axis {name} has {catalog.shown(label)} twice.",
                    hint="For another sample of it make take an axis: take=1,2.",
                    field=name,
                )
            # Pictures of one name from two folders.
            label = next(other for at in itertools.count(2) if (other := f"{label} ({at})") not in labels)
        labels[label] = value.value
    return tuple(Value(label, value) for label, value in labels.items())


def _is_same(one: Any, other: Any) -> bool:
    # Arrays have no plain answer to whether they are equal.
    return one is other or (isinstance(one, (str, PathLike)) and str(one) == str(other))


def _label(name: str, value: Any, at: int = 1) -> str:
    """The short text for a value that nobody named, the one at this place of its axis."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "on", False: "off"}[value]
    if isinstance(value, PathLike) or (isinstance(value, str) and name in PICTURES):
        return PurePath(str(fspath(value))).name
    if isinstance(value, (bytes, bytearray)):
        return f"image {at}"
    for own in ("name", "filename", "id", "job_id"):
        # A picture knows its file, a clip its job.
        text = getattr(value, own, None)
        if isinstance(text, str) and text and not isinstance(value, str):
            return _short(PurePath(text).name)
    if isinstance(value, (list, tuple)):
        return _short(" + ".join(_label(name, item, at) for item in value))
    # A PIL image or an array, but no number of numpy's.
    if hasattr(value, "tobytes") and not (hasattr(value, "ndim") and value.ndim == 0):
        return f"image {at}"
    return _short(str(value))


def _short(text: str) -> str:
    """A text in one line; whole, since a heading can be cut and a value can't be guessed."""
    return " ".join(text.split())


def _check_count(name: str, count: int) -> None:
    if count > MOST_VALUES:
        raise InvalidRequest(
            f"The axis {name} has more than {MOST_VALUES:,} values.", hint="Give fewer.", field=name
        )


def _example(name: str) -> str:
    return f'Give them as axes={{"{name}": […]}} or --sweep {name}=VALUE,VALUE.'
