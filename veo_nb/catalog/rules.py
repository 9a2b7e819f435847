"""The rules: what a field takes, and which fields can't be combined."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike, fspath
from typing import Any

from veo_nb.catalog.fields import FIELDS, FIT, Field, Values
from veo_nb.catalog.lookup import find_model, model_names
from veo_nb.catalog.models import DEFAULT_MODEL, Model
from veo_nb.catalog.phrases import did_you_mean, listed, nearest, shown
from veo_nb.catalog.providers import PROVIDERS, Provider
from veo_nb.errors import InvalidRequest

HALVED = "{} holds half a character, which can't be {}."
WHOLE = "Type the emoji or sign in it anew."
RENAME = "Give the file another name."


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why a request can't be sent: the field, what is wrong, what to do."""

    field: str
    message: str
    hint: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Fields that can't be combined as asked: `broken` tells when, `message` and `hint` what to say."""

    field: str
    broken: Callable[[Values], bool]
    message: str
    hint: str
    providers: tuple[str, ...] = ()
    """Only for these providers; empty for all."""


def _has(values: Values, *names: str) -> bool:
    # By type and length: a value may be an array, which refuses to be compared.
    return any(
        values.get(name) is not None
        and not (isinstance(values[name], (str, tuple, list)) and not values[name])
        for name in names
    )


def _is(values: Values, name: str, *choices: Any) -> bool:
    return _is_among(values.get(name), choices)


def _count(values: Values, name: str) -> int:
    value = values.get(name)
    return len(value) if isinstance(value, (tuple, list)) else 0


RULES: tuple[Rule, ...] = (
    Rule(
        field="resolution",
        broken=lambda v: _is(v, "resolution", "1080p", "4k") and _is(v, "duration_seconds", 4, 6),
        message="{resolution} needs an 8 second clip; you asked for {duration_seconds}.",
        hint='Use duration_seconds=8 or resolution="720p".',
    ),
    Rule(
        field="last_frame",
        broken=lambda v: _has(v, "last_frame") and not _has(v, "image"),
        message="A last frame needs a first one.",
        hint="Give image= as well; the clip moves from one to the other.",
    ),
    Rule(
        field="reference_images",
        broken=lambda v: _has(v, "reference_images") and _has(v, "image", "last_frame", "video"),
        message="Reference images can't be combined with a first frame, a last frame or a source video.",
        hint="Leave out reference_images or the others.",
    ),
    Rule(
        field="reference_images",
        broken=lambda v: _count(v, "reference_images") > 3,
        message="At most 3 reference images are taken.",
        hint="Leave some out.",
    ),
    Rule(
        field="reference_images",
        broken=lambda v: (
            _has(v, "reference_images")
            and (_is(v, "aspect_ratio", "9:16") or _is(v, "duration_seconds", 4, 6))
        ),
        message="Reference images work at 16:9 and 8 seconds only.",
        hint='Use aspect_ratio="16:9" and duration_seconds=8.',
    ),
    Rule(
        field="video",
        broken=lambda v: _has(v, "video") and _has(v, "image", "last_frame"),
        message="A source video can't be combined with a first or a last frame.",
        hint="Leave out video= or the images.",
    ),
    Rule(
        field="resolution",
        broken=lambda v: _has(v, "video") and _is(v, "resolution", "1080p", "4k"),
        message="A clip can be extended at 720p only; you asked for {resolution}.",
        hint='Use resolution="720p" or leave it out.',
    ),
    Rule(
        field="fit",
        broken=lambda v: _has(v, "fit") and not _has(v, "image", "last_frame", "reference_images"),
        message="There is no picture that could be made to fit.",
        hint="Leave out fit=, or give image= as well.",
    ),
)


def check(values: Values, provider: Provider) -> list[Problem]:
    """What is wrong with these fields, one by one and then together; an empty list when nothing is.

    Images and videos need only be present or absent here; that they can be read is checked where they are read.
    """
    problems: list[Problem] = []
    prompt = values.get("prompt")
    if prompt is None or (isinstance(prompt, str) and not prompt.strip()):
        problems.append(
            Problem(field="prompt", message="The prompt is empty.", hint="Say what the clip should show.")
        )
    name = DEFAULT_MODEL if values.get("model") is None else values["model"]
    model = find_model(name, provider) if isinstance(name, str) else None
    if model is None:
        hint = did_you_mean(str(name), model_names(provider))
        return [*problems, Problem(field="model", message=f"There is no model {shown(name)}.", hint=hint)]
    for item in (*FIELDS, FIT):
        value = values.get(item.name)
        if value is not None:
            problems += _check_value(item, value, model) if provider.takes(item) else [_not_taken(item)]
    for rule in RULES:
        if (not rule.providers or provider.name in rule.providers) and rule.broken(values):
            problems.append(
                Problem(field=rule.field, message=rule.message.format_map(values), hint=rule.hint)
            )
    return problems


def _check_value(item: Field, value: Any, model: Model) -> list[Problem]:
    choices = item.choices or model.choices(item.name)
    hint = ""
    if choices and not _is_among(value, choices):
        near = nearest(value, choices) if isinstance(value, str) else None
        takes = f"{'It' if item.choices else model.title} takes {listed(choices)}."
        hint = f"Did you mean {near}? {takes}" if near else takes
    elif item.kind == "number" and (
        isinstance(value, bool) or not isinstance(value, int) or not item.low <= value <= item.high
    ):
        hint = f"It takes a whole number from {item.low} to {item.high}."
    elif item.kind == "switch" and not isinstance(value, bool):
        hint = "It takes True or False."
    elif item.kind == "images" and not isinstance(value, (list, tuple)):
        hint = "It takes a list of images."
    if hint:
        return [Problem(field=item.name, message=f"{item.name} can't be {shown(value)}.", hint=hint)]
    if item.kind == "text" and not isinstance(value, str):
        text = f"{item.name} must be text, not {shown(value)}."
        return [Problem(field=item.name, message=text, hint="")]
    if item.kind == "text" and _is_halved(value):
        return [Problem(field=item.name, message=HALVED.format(item.name, "sent"), hint=WHOLE)]
    return []


def _not_taken(item: Field) -> Problem:
    takers = [provider for provider in PROVIDERS.values() if provider.takes(item)]
    return Problem(
        field=item.name,
        message=f"{item.name} is for {listed(tuple(one.title for one in takers))} only.",
        hint=f"Leave it out, or use the provider {listed(tuple(one.name for one in takers))}.",
    )


def _is_among(value: Any, choices: tuple[Any, ...]) -> bool:
    # True equals 1 and an array compares to an array, so the type comes first.
    return isinstance(value, (str, int, float)) and not isinstance(value, bool) and value in choices


def check_text(field: str, value: Any, hint: str = WHOLE, *, be: str = "sent") -> None:
    """Nothing, where all texts in a value are whole; a path is one, and a mapping's names are among its own.

    Raises:
        InvalidRequest: one holds half a surrogate pair, which can be neither stored nor sent, nor even quoted.
    """
    if _is_halved(value):
        raise InvalidRequest(HALVED.format(field, be), hint=hint, field=field)


def _is_halved(value: Any) -> bool:
    if isinstance(value, (str, PathLike)):
        text = fspath(value)
        return isinstance(text, str) and text != text.encode(errors="replace").decode()
    if isinstance(value, Mapping):
        return any(_is_halved(one) for pair in value.items() for one in pair)
    return isinstance(value, (list, tuple, set, frozenset)) and any(_is_halved(one) for one in value)
