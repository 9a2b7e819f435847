"""What is wrong with a draft, and which values can't be combined with it; all by trying the catalog's rules. Pure."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from veo_nb import catalog
from veo_nb.config import Settings, variable_of
from veo_nb.errors import VeoError
from veo_nb.notebook.panel.protocol import Draft, Problem
from veo_nb.records.late import dataclass
from veo_nb.request import SOURCES

LABELS = {item.name: item.label for item in catalog.FIELDS if item.label}
"""The fields that a form has, in its order."""
_PICTURES = ("image", "last_frame", "reference_images")
MOST_TRIED = math.prod(len(catalog.choices(catalog.FIELD[name])) or 1 for name in LABELS)
"""Combinations of choices with which a value is tried: all that the catalog has."""
_MARK = object()
"""Stands for a picture or a clip where only its presence counts."""
_SAID = {
    "image=": "a first frame",
    "video=": "the source video",
    "edit=": "the clip to change",
    "fit=": "Crop and Pad",
    "reference_images": "the references",
    "last_frame": "the last frame",
}
"""What a form calls that for which a cell has options."""
_TRIED = {"text": "x", "number": 1}
"""A value of each kind of field that has no list of them."""


def find_problems(
    error: VeoError, values: Mapping[str, Any], provider: catalog.Provider, *, varied: bool
) -> list[Problem]:
    """All that is wrong, each with its field: what the studio said, and what else breaks the catalog's rules."""
    every = catalog.check(values, provider)
    # Of a sweep some combinations may break a rule: it is the studio that judges the whole.
    known = every if not varied or any(error.message == one.message for one in every) else []
    found: list[Problem] = [
        Problem(field=one.field, message=plain_text(one.message), hint=plain_text(one.hint)) for one in known
    ]
    if all(error.message != one.message for one in known):
        named = str(error.facts.get("field", ""))
        found.insert(0, Problem(field=named, message=plain_text(error.message), hint=plain_text(error.hint)))
    return found


def plain_text(text: str) -> str:
    """Words for who has a form and no code: `Use duration_seconds=8` becomes `Use Duration 8 s`."""
    for seconds in (4, 6, 8):
        text = re.sub(
            rf"\bduration_seconds[= ]{seconds}\b", f"{LABELS['duration_seconds']} {seconds} s", text
        )
    for name, label in LABELS.items():
        text = text.replace(f"{name}=", f"{label} ")
    text = text.replace('"', "").replace("fit=crop or fit=pad", "Crop or Pad")
    for code, said in _SAID.items():
        text = re.sub(rf"\b{code}", said, text)
    for name in (name for name in LABELS if "_" in name):
        text = re.sub(rf"\b{name}\b", LABELS[name], text)
    return text[:1].upper() + text[1:]


def plain_values(draft: Draft, model: str) -> dict[str, Any]:
    """The first value of everything, for the catalog's rules; of pictures only that they are there."""
    values: dict[str, Any] = {"prompt": draft.prompt, "model": model}
    values |= {name: given[0] for name, given in _given(draft).items()}
    for name in _PICTURES:
        keys: list[str] = getattr(draft, name)
        if keys:
            values[name] = [_MARK] * len(keys) if name == "reference_images" else _MARK
    values |= {name: _MARK for name in SOURCES if getattr(draft, name)}
    if draft.fit:
        values["fit"] = draft.fit
    return values


def _given(draft: Draft) -> dict[str, list[Any]]:
    """The values of each field that has any, numbers as numbers; a list in one text is read elsewhere."""
    found: dict[str, list[Any]] = {}
    for name, values in draft.fields.items():
        kept = [value for value in values if not (isinstance(value, str) and not value.strip())]
        if name in LABELS and catalog.FIELD[name].kind == "number":
            texts = [value.strip() if isinstance(value, str) else value for value in kept]
            numbers = [int(text) if isinstance(text, str) and text.isdecimal() else text for text in texts]
            kept = [one for one in numbers if not isinstance(one, str)]
        if name in LABELS and kept:
            found[name] = kept
    return found


@dataclass(frozen=True)
class Served:
    """A model that a form offers: how one types it, and under which provider it stands."""

    value: str
    alias: str
    group: str
    provider: str


def served_here(settings: Settings) -> list[Served]:
    """The models of all providers, those of the one that is set first; the sandbox's where that is set."""
    found = []
    others = [one for one in catalog.PROVIDERS.values() if one.bills and one.name != settings.provider.name]
    for provider in (settings.provider, *others):
        names = [catalog.MODELS[name].alias for name in provider.models]
        if provider.any_model and provider is settings.provider and ":" not in settings.model:
            # Of a gateway's models only the one is known that is set.
            names.append(settings.model)
        for alias in dict.fromkeys(filter(None, names)):
            value = catalog.qualified(alias, provider, settings.provider)
            found.append(Served(value, alias, provider.title, provider.name))
    return found


def offered(item: catalog.Field, settings: Settings) -> tuple[Any, ...]:
    """The values of a choice that one of the providers here takes; of a field that none has, all."""
    providers = [settings.provider, *(catalog.PROVIDERS[name] for name in settings.others())]
    taken = [catalog.choices(item, one) for one in providers if one.takes(item)]
    every = catalog.choices(item)
    return tuple(value for value in every if any(value in some for some in taken)) if taken else every


def closed(name: str, settings: Settings) -> str:
    """Why nothing can be sent to a provider: there is no key, and where one goes; empty where it can."""
    if name == settings.provider.name or settings.opens(name):
        return ""
    found = settings.at(name, ask=False)
    if not found.has_address:
        return f"{found.provider.title} has no address here: set {variable_of(name, 'base_url')}."
    return f"No key: set {catalog.listed(found.provider.key_variables)}, or %veo login {name}."


def find_closed(draft: Draft, settings: Settings) -> list[Problem]:
    """What is wrong with a draft whose models are those of providers without a key."""
    models = {one.value: one.provider for one in served_here(settings)}
    names = dict.fromkeys(models[str(one)] for one in draft.fields.get("model", []) if str(one) in models)
    reasons = [why for name in names if (why := closed(name, settings))]
    return [Problem(field="model", message=why, hint="") for why in reasons]


def find_unavailable(
    values: Mapping[str, Any], draft: Draft, settings: Settings
) -> dict[str, dict[str, str]]:
    """Of each field the values that can't be combined with the rest of a draft, and why; `*` is the whole field.

    Where a field has several values, one that goes with any of them is not among these.
    """
    found: dict[str, dict[str, str]] = {}
    for name in LABELS:
        tried = _Tried(name, values, draft, settings.provider)
        reasons = _reasons(catalog.FIELD[name], tried, settings, is_set=bool(draft.fields.get(name)))
        if reasons:
            found[name] = reasons
    others = {name: [_MARK] if name == "reference_images" else _MARK for name in (*_PICTURES, "video")}
    for name, value in {**others, "fit": "crop"}.items():
        if getattr(draft, name):
            continue
        if reason := _Tried(name, values, draft, settings.provider).reason(value):
            found[name] = {"*": reason}
    return found


def _reasons(item: catalog.Field, tried: _Tried, settings: Settings, *, is_set: bool) -> dict[str, str]:
    """Of one field the values that can't be chosen, as a page writes them, and why."""
    if item.name == "model":
        shut = {name: closed(name, settings) for name in catalog.PROVIDERS}
        reasons = {one.value: shut[one.provider] or tried.reason(one.value) for one in served_here(settings)}
    elif item.kind == "choice":
        reasons = {str(one): tried.reason(one) for one in offered(item, settings)}
    elif item.kind == "switch":
        reasons = {said: tried.reason(on) for said, on in (("true", True), ("false", False))}
        if all(reasons.values()):
            return {"*": reasons["true"]}
    else:
        reasons = {} if is_set else {"*": tried.reason(_TRIED[item.kind])}
    return {value: reason for value, reason in reasons.items() if reason}


class _Tried:
    """A draft in each combination of its choices but one field's, whose values are tried in it."""

    def __init__(
        self, name: str, values: Mapping[str, Any], draft: Draft, provider: catalog.Provider
    ) -> None:
        self._name = name
        self._values = values
        self._provider = provider
        several = {
            known: given
            for known, given in _given(draft).items()
            # There is always a model: one that breaks what the present one keeps is to blame.
            if catalog.FIELD[known].kind == "choice" and (known != name or name == "model")
        }
        every = itertools.islice(itertools.product(*several.values()), MOST_TRIED)
        self._left = (dict(zip(several, one, strict=True)) for one in every)
        self._seen: list[tuple[dict[str, Any], set[str]]] = []

    def reason(self, value: Any) -> str:
        """What is wrong with this value, whatever the other fields are, that is not wrong without it; else empty."""
        reason = ""
        for without, before in self._each():
            problems = [
                one
                for one in catalog.check({**without, self._name: value}, self._provider)
                if one.message not in before
            ]
            if not problems:
                return ""
            reason = reason or plain_text(f"{problems[0].message} {problems[0].hint}".strip())
        return reason

    def _each(self) -> Iterator[tuple[dict[str, Any], set[str]]]:
        """The other fields, and what is wrong with them alone; looked at once for all values, and no further than asked."""
        yield from self._seen
        for chosen in self._left:
            values = {**self._values, **chosen}
            without = {known: given for known, given in values.items() if known != self._name}
            present = values if self._name == "model" else without
            before = {one.message for one in catalog.check(present, self._provider)}
            self._seen.append((without, before))
            yield without, before
