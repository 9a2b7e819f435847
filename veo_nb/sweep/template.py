"""A prompt with `{{names}}`: what they are, and what stands for them. Pure.

    {{größe}}  {{fox.name}}  {{light[0]}}  {{d["k"]}}

A name is one of Python's, in whatever form it was typed: Python itself takes `größe` of five characters and of six for
the same. Behind it the way into a value, as `str.format` goes it: no calls, and nothing private. JSON stays as it is;
whatever else stands in double braces is refused, since it would be sent, and paid for, as it is.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from veo_nb import catalog
from veo_nb.errors import InvalidRequest
from veo_nb.records.late import dataclass

_OPENED = re.compile(r"[{｛]{2,}")
_BRACED = re.compile(r"[{｛]{2}([^{}｛｝]*)[}｝]{2}")
_QUOTES = "\"'\u2018\u2019\u201c\u201d\u201e"
_STEP = re.compile(
    rf"""\.(?P<attribute>[^\s.\[\]()]+)
    | \[\s*(?:(?P<place>-?\d+) | [{_QUOTES}](?P<quoted>[^{_QUOTES}]*)[{_QUOTES}] | (?P<key>[^\]\[]+?))\s*\]""",
    re.VERBOSE,
)
_MOST_ENDS = 200
"""Pairs of closing braces that are tried as the end of a piece of JSON."""
_FORMS = 'Write {{name}}, {{name.field}}, {{name[0]}} or {{name["key"]}}.'

Step = tuple[str, str | int]
"""`.` and the name of an attribute, or `[` and a place or a key."""


@dataclass(frozen=True)
class Reference:
    """A `{{name}}` of a prompt, and the way from it into its value."""

    name: str
    """As Python has it."""
    steps: tuple[Step, ...]
    start: int
    end: int
    """Where it stands in the prompt, with its braces."""

    @property
    def text(self) -> str:
        """What stands in the braces, always in the same form."""
        return self.name + "".join(
            f".{what}" if kind == "." else f"[{json.dumps(what, ensure_ascii=False)}]"
            for kind, what in self.steps
        )

    def value(self, names: Mapping[str, Any]) -> Any:
        """What it names.

        Raises:
            InvalidRequest: the way into the value leads nowhere.
        """
        value = names[self.name]
        for kind, what in self.steps:
            value = _step(self, value, kind, what)
        return value

    def words(self, values: Mapping[str, Any]) -> str:
        """The text for it; `values` have that of its whole expression, or what its name stands for.

        Raises:
            InvalidRequest: as `value`, or what it names has no text, as a function has none.
        """
        return _said(self, values[self.text] if self.text in values else self.value(values))


def look_up(expression: str, names: Mapping[str, Any], shown: str, example: str, field: str) -> Any:
    """What `fox`, `fox.name` or `light[0]` is in the notebook; `shown` is how a message quotes it.

    Raises:
        InvalidRequest: there is no such variable, or nothing at the end of the way.
    """
    found = _parse(expression)
    if found is None or found.name not in names:
        raise undefined(shown, found.name if found else "name", names, example, field)
    return found.value(names)


def undefined(shown: str, name: str, names: Mapping[str, Any], example: str, field: str) -> InvalidRequest:
    """The error for a variable that the notebook has not."""
    own = [known for known in names if not known.startswith("_")]
    near = catalog.did_you_mean(name, own) if own else ""
    hint = near if near.startswith("Did you mean") else f"Set it in a cell above: {name} = {example}"
    return InvalidRequest(f"{shown} is not defined in this notebook.", hint=hint, field=field)


def references(*templates: str | None) -> tuple[Reference, ...]:
    """The references in these prompts, each once, in order.

    Raises:
        InvalidRequest: something else stands in double braces, and is no JSON.
    """
    found: dict[str, Reference] = {}
    for template in templates:
        for one in _references(template or ""):
            found.setdefault(one.text, one)
    return tuple(found.values())


def variables(*templates: str | None) -> tuple[str, ...]:
    """The names of the variables in these prompts, each once, in order."""
    return tuple(dict.fromkeys(one.name for one in references(*templates)))


def is_plain(prompt: str) -> bool:
    """Whether nothing in a prompt would be filled in or refused."""
    try:
        return not references(prompt)
    except InvalidRequest:
        return False


def check_filled(field: str, text: Any) -> None:
    """Nothing, where a text has nothing in it that only a prompt of a cell, a sweep or the panel has filled in.

    Raises:
        InvalidRequest: it has, and would be sent as it is.
    """
    for one in references(text) if isinstance(text, str) else ():
        hint = f'Use an f-string, or veo.sweep(prompt, axes={{"{one.name}": […]}}).'
        raise InvalidRequest(
            f"{{{{{one.text}}}}} stands in the {field.replace('_', ' ')}, and nothing fills it in there.",
            hint=hint if field == "prompt" else "Write what it stands for.",
            field=field,
        )


def fill(template: str, values: Mapping[str, Any], *, strict: bool = True) -> str:
    """The prompt with each reference that has a value replaced by its text, which is put in as it is.

    Without `strict` what else stands in double braces stays, as in a prompt that was sent long ago.

    Raises:
        InvalidRequest: as `references` and `Reference.words`.
    """
    pieces, at = [], 0
    for one in _references(template, strict=strict):
        if one.text in values or one.name in values:
            pieces += [template[at : one.start], one.words(values)]
            at = one.end
    return "".join([*pieces, template[at:]])


def _references(template: str, *, strict: bool = True) -> Iterator[Reference]:
    at = 0
    while opened := _OPENED.search(template, at):
        # Of more than two braces the inner ones are meant.
        braced = _BRACED.match(template, opened.end() - 2)
        found = _parse(braced[1], *braced.span()) if braced else None
        if found is not None:
            yield found
            at = found.end
        elif end := _end_of_json(template, opened.start()):
            at = end
        elif not strict:
            at = opened.end()
        else:
            raise _refusal(template[opened.end() - 2 :], braced)


def _parse(expression: str, start: int = 0, end: int = 0) -> Reference | None:
    """What stands in double braces as a reference; None where it is none."""
    inner = catalog.bare(expression)
    name = re.match(r"[^.\[]*", inner)
    assert name is not None, "it may be empty"
    root = catalog.identifier(name[0])
    steps: list[Step] = []
    at = name.end()
    while step := _STEP.match(inner, at):
        at = step.end()
        if step["attribute"] is not None:
            attribute = catalog.identifier(step["attribute"])
            if not attribute or attribute.startswith("_"):
                return None
            steps.append((".", attribute))
        elif step["place"] is not None:
            steps.append(("[", int(step["place"])))
        else:
            steps.append(("[", step["quoted"] if step["quoted"] is not None else step["key"]))
    return Reference(root, tuple(steps), start, end) if root and at == len(inner) else None


def _end_of_json(template: str, start: int) -> int:
    """Where the JSON ends that begins here; 0 where there is none. Doubled braces, as an f-string has them, will do."""
    if _is_json(template):
        return start + 2
    end = start
    for _ in range(_MOST_ENDS):
        end = template.find("}}", end) + 2
        if end < 2:
            return 0
        while template[end : end + 1] == "}":
            end += 1
        piece = template[start:end]
        if any(map(_is_json, (piece.replace("{{", "{").replace("}}", "}"), piece[1:-1]))):
            return end
    return 0


def _is_json(text: str) -> bool:
    """Whether this is an object or a list of JSON with something in it."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, (dict, list)) and bool(found)


def _refusal(rest: str, braced: re.Match[str] | None) -> InvalidRequest:
    said = braced[0] if braced else rest
    said = " ".join(said.split())
    catalog.check_text("prompt", said)
    said = said if len(said) <= 40 else f"{said[:39]}…"
    if braced is None:
        return InvalidRequest(f"{said} has no }}}} that closes it.", hint=_FORMS, field="prompt")
    if "(" in braced[1]:
        return InvalidRequest(
            f"{said} calls something, which a prompt can't.",
            hint="Set a variable to it in a cell above, and write its name.",
            field="prompt",
        )
    what = "names no variable" if catalog.bare(braced[1]) else "names nothing"
    return InvalidRequest(f"{said} {what}.", hint=_FORMS, field="prompt")


def _step(reference: Reference, value: Any, kind: str, what: str | int) -> Any:
    """What lies one step further in a value."""
    try:
        return getattr(value, str(what)) if kind == "." else value[what]
    except Exception as error:  # noqa: BLE001  a property of somebody else's class raises whatever it likes
        known: list[str] = []
        if isinstance(value, Mapping):
            known = [key for key in value if isinstance(key, str)]
        elif kind == ".":
            known = [name for name in dir(value) if not name.startswith("_")]
        if kind == "." and isinstance(value, Mapping) and what in value:
            hint = f'Write ["{what}"] in place of .{what}.'
        else:
            near = catalog.did_you_mean(str(what), known) if known else ""
            hint = near if near.startswith("Did you mean") else "Look at it in a cell of its own."
        missing = isinstance(error, (LookupError, AttributeError, TypeError))
        step = f".{what}" if kind == "." else f"[{json.dumps(what, ensure_ascii=False)}]"
        raise InvalidRequest(
            f"{{{{{reference.text}}}}} can't be filled in: {type(value).__name__} "
            f"{'has no' if missing else 'raised an error at'} {step}.",
            hint=hint,
            field="prompt",
        ) from None


_NOTHING = ("None", "nan", "NaT", "<NA>")
"""What is written for a value that is missing, by Python, numpy and pandas."""


def _said(reference: Reference, value: Any) -> str:
    """The text of a value, where it has one: `<function fox at 0x7f…>` is none."""
    what = ""
    kind: Any = type(value)
    if inspect.ismodule(value):
        what = "a module"
    elif inspect.isclass(value):
        what = "a class"
    elif inspect.isroutine(value):
        what = "a function"
    elif kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__:
        what = f"{kind.__name__}, which has no text of its own"
    else:
        try:
            text = str(value)
            if isinstance(value, str) or text not in _NOTHING:
                return text
            what = f"{text}, which would stand in the prompt as a word"
        except Exception as error:  # noqa: BLE001  as above
            what = f"{kind.__name__}, whose text can't be had ({type(error).__name__})"
    raise InvalidRequest(
        f"{{{{{reference.text}}}}} is {what}.",
        hint="Set a variable to the words that you mean.",
        field="prompt",
    )
