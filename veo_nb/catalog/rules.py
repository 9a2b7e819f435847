"""The checks: what a field takes, which fields can't be combined, and what sources disagree about."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike, fspath
from typing import Any, Literal

from veo_nb.catalog.capabilities import RULES, Rule
from veo_nb.catalog.fields import DRAFT, FIELD, FIELDS, FIT, Field, Values
from veo_nb.catalog.lookup import find_model, find_served, model_names
from veo_nb.catalog.models import MODELS, UNKNOWN, Model
from veo_nb.catalog.modes import is_set, mode_of
from veo_nb.catalog.phrases import did_you_mean, listed, nearest, shown
from veo_nb.catalog.providers import PROVIDERS, Provider
from veo_nb.errors import InvalidRequest
from veo_nb.records.late import dataclass

HALVED = "{} holds half a character, which can't be {}."
WHOLE = "Type the emoji or sign in it anew."
RENAME = "Give the file another name."
NAME_MODEL = 'Say which of its models: model="…", or VEO_NB_MODEL for all; its owner gave them their names.'
"""Where there is no default."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why a request can't be sent: the field, what is wrong, what to do."""

    field: str
    message: str
    hint: str


def check(values: Values, provider: Provider) -> list[Problem]:
    """What is wrong with these fields, one by one and then together; an empty list when nothing is.

    The model may be another provider's (`find_served`), whose form of the wire then counts. Images and videos need only
    be present or absent here; that they can be read is checked where they are read.
    """
    found = _model_of(values, provider)
    if isinstance(found, Problem):
        return [*(one for one in _broken(values, provider, None, "no") if one.field == "prompt"), found]
    provider, model = found
    together = _broken(values, provider, model, "no")
    problems = [one for one in together if one.field == "prompt"]
    for item in (*FIELDS, FIT, DRAFT):
        value = values.get(item.name)
        if value is not None:
            problems += (
                _check_value(item, value, model, provider)
                if provider.takes(item, model)
                else [_not_taken(item, model, provider)]
            )
    return [*problems, *(one for one in together if one.field != "prompt")]


def find_doubts(values: Values, provider: Provider) -> list[str]:
    """What sources disagree about in a request that is taken: a sentence each, for who sends it all the same."""
    found = _model_of(values, provider)
    if isinstance(found, Problem):
        return []
    provider, model = found
    return [one.message for one in _broken(values, provider, model, "unsure")]


def _model_of(values: Values, default: Provider) -> tuple[Provider, Model] | Problem:
    """The provider that is asked and its model, or what is wrong with the name."""
    typed = default.default_model if values.get("model") is None else values["model"]
    try:
        provider, name = find_served(typed, default) if isinstance(typed, str) else (default, typed)
    except InvalidRequest as error:
        return Problem(field="model", message=error.message, hint=error.hint)
    model = find_model(name, provider) if isinstance(name, str) else None
    if model is not None:
        return provider, model
    if provider.any_model:
        said = f"{provider.title} needs the name of a model."
        if isinstance(name, str) and name:
            said = f"{shown(name)} can't be the name of a model."
        return Problem(field="model", message=said, hint=NAME_MODEL)
    # Not compared: whatever was given, and an array has no plain answer.
    who = "There is" if name is typed else f"{provider.title} has"
    hint = did_you_mean(str(name), model_names(provider))
    return Problem(field="model", message=f"{who} no model {shown(name)}.", hint=hint)


def translated(values: Values, default: Provider) -> dict[str, Any]:
    """These fields as their model says the same, where it has no field of the name: for one and the same wish to several.

    What it does whatever it is told is left out, and what the clip should be without goes into the prompt. Nothing is
    rounded: another length is another wish.
    """
    found = _model_of(values, default)
    if isinstance(found, Problem):
        return {**values}
    provider, model = found
    strange = {
        item.name for item in FIELDS if is_set(values.get(item.name)) and not provider.takes(item, model)
    }
    said = {
        name: value for name, value in values.items() if name not in strange or value != _ANYWAY.get(name)
    }
    prompt = values.get("prompt")
    if "negative_prompt" in strange and isinstance(prompt, str) and prompt.strip():
        said["prompt"] = f"{prompt.rstrip()}\n\nAvoid: {said.pop('negative_prompt')}"
    return said


_ANYWAY = {"generate_audio": True, "sample_count": 1}
"""What every model does of which a wire has no field for it."""


def choices(item: Field, provider: Provider | None = None, model: Model | None = None) -> tuple[Any, ...]:
    """The values that a field takes, of this provider and model or of any; empty where they can't be listed."""
    if item.name == "model":
        return tuple(dict.fromkeys(name for name in model_names(provider) if name not in MODELS))
    models = [model] if model else [*MODELS.values()]
    if provider is not None and model is None:
        models = [MODELS[name] for name in provider.models] or [UNKNOWN]
    # The model that takes most gives the order.
    widest = sorted(models, key=lambda known: -len(known.choices(item.name)))
    every = item.choices or tuple(dict.fromkeys(one for known in widest for one in known.choices(item.name)))
    if provider is None:
        return every
    kept = [(known.choices(item.name), _barred(item, provider, known)) for known in models]
    return tuple(
        one
        for one in every
        if any((item.choices or one in own) and one not in barred for own, barred in kept)
    )


def _barred(item: Field, provider: Provider, model: Model) -> set[Any]:
    """The values of a field that this model does not take here, beside whatever."""
    return {
        value
        for rule in RULES
        if rule.field == item.name and rule.always and _concerns(rule, provider, model)
        for value in rule.values
    }


def takes(item: Field, provider: Provider) -> bool:
    """Whether there is a value of a field that a provider takes, of any of its models."""
    return provider.takes(item) and not any(
        rule.field == item.name
        and rule.always
        and not (rule.values or rule.models)
        and (not rule.dialects or set(provider.dialects) <= set(rule.dialects))
        for rule in RULES
    )


def _broken(
    values: Values, provider: Provider, model: Model | None, taken: Literal["no", "unsure"]
) -> list[Problem]:
    """The rules that these fields run into, in their words."""
    prompt = values.get("prompt")
    if prompt is None or (isinstance(prompt, str) and not prompt.strip()):
        values = {**values, "prompt": ""}
    named = {**dict.fromkeys(FIELD), **values, "title": model.title if model else ""}
    mode = mode_of(values)
    return [
        Problem(field=rule.field, message=rule.message.format_map(named), hint=rule.hint)
        for rule in RULES
        # What is asked first costs least: a panel tries hundreds of combinations.
        if rule.taken == taken
        and rule.message
        and _has(values, rule.field, rule.values)
        and (not rule.modes or mode in rule.modes)
        and _concerns(rule, provider, model)
        and (not rule.beside or any(_has(values, name, some) for name, some in rule.beside.items()))
        and not any(is_set(values.get(name)) for name in rule.without)
    ]


def _concerns(rule: Rule, provider: Provider, model: Model | None) -> bool:
    """Whether a rule is about this form of the wire and this model."""
    of_model = not rule.models or (model is not None and not {model.id, model.alias}.isdisjoint(rule.models))
    spoken = provider.dialects if model is None else (provider.dialect_of(model),)
    return of_model and (not rule.dialects or not set(spoken).isdisjoint(rule.dialects))


def _has(values: Values, name: str, some: tuple[Any, ...]) -> bool:
    """Whether a field has one of these values, or any where none is named."""
    value = values.get(name)
    return _is_among(value, some) if some else is_set(value)


def _check_value(item: Field, value: Any, model: Model, provider: Provider) -> list[Problem]:
    known = () if item.name == "model" else item.choices or model.choices(item.name)
    hint = ""
    if known and not (_is_among(value, known) and value not in _barred(item, provider, model)):
        known = choices(item, provider, model)
        near = nearest(value, known) if isinstance(value, str) else None
        takes = f"{'It' if item.choices else model.title} takes {listed(known)}."
        elsewhere = _takers(item, value, model)
        if elsewhere and not near:
            takes += f" {value} is for {listed(elsewhere)}."
        hint = f"Did you mean {near}? {takes}" if near else takes
    elif item.kind == "number" and (
        isinstance(value, bool) or not isinstance(value, int) or not item.low <= value <= item.high
    ):
        hint = f"It takes a whole number from {item.low} to {item.high}."
    elif item.kind == "switch" and not isinstance(value, bool):
        hint = "It takes True or False."
    elif item.kind == "images" and not isinstance(value, (list, tuple)):
        hint = "It takes a list of images."
    elif item.kind == "images" and len(value) > model.references:
        most = f"at most {model.references}" if model.references else "no"
        hint = "Leave some out." if model.references else "Leave them out."
        text = f"{model.title} takes {most} reference images."
        return [Problem(field=item.name, message=text, hint=hint)]
    if hint:
        return [Problem(field=item.name, message=f"{item.name} can't be {shown(value)}.", hint=hint)]
    if item.kind == "text" and not isinstance(value, str):
        text = f"{item.name} must be text, not {shown(value)}."
        return [Problem(field=item.name, message=text, hint="")]
    if item.kind == "text" and _is_halved(value):
        return [Problem(field=item.name, message=HALVED.format(item.name, "sent"), hint=WHOLE)]
    return []


def _not_taken(item: Field, model: Model, here: Provider) -> Problem:
    if here.takes(item):
        others = [MODELS[name].alias for name in here.models if here.takes(item, MODELS[name])]
        return Problem(
            field=item.name,
            message=f"{model.title} has no {item.name}.",
            hint=f"Leave it out, or use the model {listed(tuple(dict.fromkeys(others)))}.",
        )
    takers = [provider for provider in PROVIDERS.values() if provider.takes(item)]
    return Problem(
        field=item.name,
        message=f"{item.name} is for {listed(tuple(one.title for one in takers))} only.",
        hint=f"Leave it out, or use the provider {listed(tuple(one.name for one in takers))}.",
    )


def _takers(item: Field, value: Any, model: Model) -> tuple[str, ...]:
    """The providers whose model of the same alias takes this value of a field, by their titles."""
    return tuple(
        one.title
        for one in PROVIDERS.values()
        if one.bills
        and not one.any_model
        and (served := find_model(model.alias, one))
        and _is_among(value, choices(item, one, served))
    )


def _is_among(value: Any, choices: tuple[Any, ...]) -> bool:
    # True equals 1 and an array compares to an array, so the type comes first.
    return (
        isinstance(value, (str, int, float))
        and value in choices
        and isinstance(value, bool) is isinstance(choices[0], bool)
    )


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
