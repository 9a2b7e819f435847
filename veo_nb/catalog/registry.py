"""What other packages add to the tables: all of it checked first, then all of it there, or none.

Whoever imported `PROVIDERS`, `MODELS`, `PRICES`, `RULES` or `SOURCES` sees it: they grow in place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from itertools import chain
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from veo_nb.catalog.capabilities import RULES, Rule
from veo_nb.catalog.fields import FIELD, LISTED
from veo_nb.catalog.inputs import SOURCES, SourceLimits
from veo_nb.catalog.models import MODELS, Model
from veo_nb.catalog.phrases import listed, shown
from veo_nb.catalog.prices import PRICES, PRICES_SOURCE, Price
from veo_nb.catalog.providers import PROVIDERS, Provider
from veo_nb.records.late import dataclass

NOTHING = SourceLimits(schemes=(), inline=False, least_seconds=0.0, most_seconds=0.0, lines=())
_NAME = re.compile(r"[a-z][a-z0-9-]{0,15}")
"""Of a provider, a dialect or a model's alias; no longer, since what is as long as a key is not quoted."""
_ALIAS = re.compile(r"[a-z0-9][a-z0-9.-]{0,31}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,99}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """What a form of the wire has: these fields beside the prompt, and clips within these limits to go on from."""

    fields: tuple[str, ...]
    sources: SourceLimits | None = None


@dataclass(frozen=True, kw_only=True)
class Entries:
    """What a package adds; `dialects` by name."""

    providers: Sequence[Provider] = ()
    models: Sequence[Model] = ()
    prices: Sequence[Price] = ()
    rules: Sequence[Rule] = ()
    dialects: Mapping[str, Spoken] = field(default_factory=dict)


def register(added: Entries) -> None:
    """Add these to the tables, from which everything else reads.

    Raises:
        ValueError: something is wrong with one of them, which it says in a sentence; nothing was added.
    """
    added = _plain(added)
    _check_dialects(added.dialects)
    for model in added.models:
        _check_model(model, {*SOURCES, *added.dialects})
        successor = model.successor in {"", *MODELS, *(one.id for one in added.models)}
        _need(successor, f"model {shown(model.id)}: nobody knows its successor {shown(model.successor)}")
    _once("model", [one.id for one in added.models], MODELS)
    models = {**MODELS, **{one.id: one for one in added.models}}
    for model in added.models:
        _need(
            model.alias not in models,
            f"model {shown(model.id)}: its alias {model.alias} is another model's id",
        )
    for provider in added.providers:
        _check_provider(provider, {*SOURCES, *added.dialects}, models)
    _once("provider", [one.name for one in added.providers], PROVIDERS)
    _check_variables(added.providers)
    for price in added.prices:
        _check_price(price, {one.name: one for one in added.providers}, models)
    for rule in added.rules:
        _check_rule(rule, added)
    for name, spoken in added.dialects.items():
        # A picture can always be made to fit.
        LISTED[name] = frozenset({"prompt", "model", "fit", *spoken.fields})
        SOURCES[name] = spoken.sources or NOTHING
    MODELS.update((one.id, one) for one in added.models)
    PROVIDERS.update((one.name, one) for one in added.providers)
    PRICES.extend(added.prices)
    RULES.extend(added.rules)


def _plain(added: Entries) -> Entries:
    """The same, with a tuple where a list was given and nothing of another class."""
    return Entries(
        providers=[_typed(one, Provider, "providers") for one in added.providers],
        models=[_typed(one, Model, "models") for one in added.models],
        prices=[_typed(one, Price, "prices") for one in added.prices],
        rules=[_typed(one, Rule, "rules") for one in added.rules],
        dialects={name: _typed(one, Spoken, f"dialect {name}") for name, one in added.dialects.items()},
    )


def _need(fine: bool, wrong: str) -> None:
    if not fine:
        raise ValueError(wrong)


def _typed(item: _T, kind: type[_T], among: str) -> _T:
    """The entry as one of this class, where each of its fields is what that says."""
    _need(isinstance(item, kind), f"{among} holds {shown(item)}, which is no {kind.__name__}")
    name = getattr(item, "name", "") or getattr(item, "id", "") or getattr(item, "field", "")
    try:
        return msgspec.convert(msgspec.to_builtins(item), kind, strict=True)
    except (msgspec.ValidationError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"the {kind.__name__} {shown(name)} has a wrong value: {error}") from None


def _once(what: str, names: list[str], known: Mapping[str, Any]) -> None:
    for name in names:
        _need(name not in known, f"there is a {what} {shown(name)} already")
        _need(names.count(name) == 1, f"the {what} {shown(name)} is there twice")


def _check_dialects(dialects: Mapping[str, Spoken]) -> None:
    for name, spoken in dialects.items():
        _need(
            isinstance(name, str) and bool(_NAME.fullmatch(name)), f"a dialect can't be called {shown(name)}"
        )
        _need(name not in SOURCES, f"there is a dialect {shown(name)} already")
        where = f"dialect {name}"
        for one in spoken.fields:
            _need(one in FIELD, f"{where}: a request has no field {shown(one)}")
        clips = {"video", "edit"}.intersection(spoken.fields)
        _need(not clips or spoken.sources is not None, f"{where}: it takes a clip, so it needs sources=")


def _check_model(model: Model, dialects: set[str]) -> None:
    where = f"model {shown(model.id)}"
    _need(bool(_ID.fullmatch(model.id)), f"a model can't have the id {shown(model.id)}")
    _need(
        bool(_ALIAS.fullmatch(model.alias)),
        f"{where}: its alias can't be {shown(model.alias)}; small letters, digits, . and -",
    )
    _need(bool(model.title.strip()), f"{where}: it has no title")
    _need(
        bool(model.dialects) and dialects.issuperset(model.dialects),
        f"{where}: nobody knows its dialects {model.dialects}",
    )
    for shape in model.aspect_ratios:
        _need(
            bool(re.fullmatch(r"[1-9]\d?:[1-9]\d?", shape)),
            f"{where}: an aspect ratio looks like 16:9, not {shown(shape)}",
        )
    for lines in model.resolutions:
        _need(
            bool(re.fullmatch(r"[1-9]\d{2,3}p|[1-9]k", lines)),
            f"{where}: a resolution looks like 720p or 4k, not {shown(lines)}",
        )
    _need(all(seconds > 0 for seconds in model.durations), f"{where}: its durations are seconds, from 1")
    _need(
        not model.durations or model.default_duration in model.durations,
        f"{where}: default_duration={model.default_duration} is none of its durations, {listed(model.durations)}",
    )
    _need(
        model.default_duration > 0 and model.typical_seconds > 0,
        f"{where}: it makes a clip of some seconds, in some seconds",
    )
    _need(model.references >= 0, f"{where}: references can't be {model.references}")


def _check_provider(provider: Provider, dialects: set[str], models: Mapping[str, Model]) -> None:
    where = f"provider {shown(provider.name)}"
    _need(
        bool(_NAME.fullmatch(provider.name)),
        f"a provider can't be called {shown(provider.name)}; up to 16 small letters, digits and -",
    )
    _need(bool(provider.title.strip()), f"{where}: it has no title")
    _need(
        bool(provider.dialects) and dialects.issuperset(provider.dialects),
        f"{where}: nobody knows its dialects {provider.dialects}",
    )
    # They would send a token of Google's to whom it is not for.
    _need(not provider.keyless, f"{where}: keyless is for Google's own")
    _check_origins(provider, where)
    _need(
        bool(re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,63}", provider.key_header)),
        f"{where}: key_header can't be {shown(provider.key_header)}",
    )
    _need(
        bool(re.fullmatch(r"[A-Za-z0-9-]{0,20}", provider.key_scheme)),
        f"{where}: key_scheme can't be {shown(provider.key_scheme)}",
    )
    _need(
        all(one.startswith("image/") for one in provider.image_types),
        f"{where}: image_types are such as image/png",
    )
    _need(
        provider.in_flight > 0 and (provider.requests_per_minute or 1) > 0,
        f"{where}: in_flight and requests_per_minute are from 1",
    )
    _need(provider.retention_seconds > 0, f"{where}: retention_seconds is how long a clip stays there")
    for name in provider.models:
        _need(name in models, f"{where}: nobody knows its model {shown(name)}")
        _need(
            not set(provider.dialects).isdisjoint(models[name].dialects),
            f"{where}: it speaks no dialect of its model {shown(name)}",
        )
    for life in provider.lives:
        _need(
            {*provider.models}.issuperset(life.models),
            f"{where}: it has a life of a model that it doesn't serve",
        )
        _need(bool(life.source.strip()), f"{where}: a life's source says where its days were read")
    if provider.any_model:
        _need(not provider.models, f"{where}: any_model takes any name, so models lists none")
        return
    served = [models[name] for name in provider.models]
    _need(bool(served), f"{where}: it serves no model")
    aliases = [one.alias for one in served]
    _need(len({*aliases}) == len(aliases), f"{where}: two of its models have one alias")
    _need(
        provider.default_model in {*aliases, *provider.models},
        f"{where}: default_model={provider.default_model!r} is none of its models, {listed(tuple(aliases))}",
    )


def _check_origins(provider: Provider, where: str) -> None:
    """The key goes to these and nowhere else, so they are whole, and never in the clear."""
    origins = {address: _origin(address) for address in provider.key_origins}
    for address, found in origins.items():
        _need(
            bool(found), f"{where}: a key's origin looks like https://api.example.com, not {shown(address)}"
        )
    for name in ("submit_base", "poll_base"):
        base = getattr(provider, name)
        _need(bool(_origin(base)), f"{where}: {name} looks like https://api.example.com, not {shown(base)}")
        _need(
            not provider.key_variables or _origin(base) in origins.values(),
            f"{where}: the key would not go to its {name}; name {base} among its key_origins",
        )


def _origin(address: str) -> str:
    """`https://host:port` of an address that is just that; empty for any other."""
    if not re.fullmatch(r"https://[a-z0-9.-]+(?::\d{1,5})?", address):
        return ""
    parts = urlsplit(address)
    try:
        port = parts.port or 443
    except ValueError:
        return ""
    host = parts.hostname or ""
    return f"https://{host}:{port}" if host.strip(".-") == host and ".." not in host else ""


def _check_variables(providers: Sequence[Provider]) -> None:
    owners: dict[str, str] = {}
    for provider in chain(PROVIDERS.values(), providers):
        for variable in provider.key_variables:
            if provider in providers:
                fine = re.fullmatch(r"[A-Z][A-Z0-9_]{2,63}", variable) and not variable.startswith("VEO_NB_")
                _need(
                    bool(fine),
                    f"provider {provider.name}: a key's variable looks like ACME_API_KEY, not {shown(variable)}",
                )
                _need(
                    variable not in owners,
                    f"provider {provider.name}: {variable} holds the key of {owners.get(variable)}",
                )
            owners[variable] = provider.name


def _check_price(price: Price, providers: Mapping[str, Provider], models: Mapping[str, Model]) -> None:
    where = f"the price of {price.model or 'a model'}"
    _need(
        price.provider in providers,
        f"{where}: it is for {shown(price.provider)}, which is no provider of this package",
    )
    _need(
        price.model in providers[price.provider].models,
        f"{where}: {price.provider} serves no model {shown(price.model)}",
    )
    known = ("", *models[price.model].resolutions)
    _need(price.resolution in known, f"{where}: it has no resolution {shown(price.resolution)}")
    figures = (price.usd_per_second, price.usd_per_call)
    _need(all(math.isfinite(usd) and usd >= 0 for usd in figures), f"{where}: it can't be {figures}")
    _need(bool(_DAY.fullmatch(price.date)), f"{where}: date is the day it was read, such as 2026-11-29")
    _need(price.source not in ("", PRICES_SOURCE), f"{where}: source says where it was read")


def _check_rule(rule: Rule, added: Entries) -> None:
    where = f"the rule on {shown(rule.field)}"
    for name in (rule.field, *rule.beside, *rule.without):
        _need(name in FIELD, f"{where}: a request has no field {shown(name)}")
    ids = {one.id for one in added.models}
    narrow = (rule.dialects and added.dialects.keys() >= {*rule.dialects}) or (
        rule.models and ids.issuperset(rule.models)
    )
    _need(bool(narrow), f"{where}: it must be about a dialect or about models, by id, of this package alone")
    _need(rule.always or bool(rule.message), f"{where}: it has no message")
    try:
        rule.message.format_map({**dict.fromkeys(FIELD), "title": ""})
    except (KeyError, ValueError, IndexError, AttributeError) as error:
        raise ValueError(
            f"{where}: its message can't be filled in ({type(error).__name__}: {error})"
        ) from None
