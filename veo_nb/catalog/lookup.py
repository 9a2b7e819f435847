"""Finding a model by the name that a person types, what is known of one, and what there is in place of one that ends."""

from __future__ import annotations

from collections.abc import Iterable

from veo_nb.catalog.models import MODELS, UNKNOWN, Model
from veo_nb.catalog.phrases import bare, did_you_mean, shown
from veo_nb.catalog.providers import PROVIDERS, Provider
from veo_nb.errors import InvalidRequest

LONGEST_NAME = 200
"""Characters of a model's name, where its owner chose it."""


def find_model(name: str, provider: Provider | None = None) -> Model | None:
    """The model with this id or alias, served by the provider where one is given; None when there is none.

    Where its owner chose the names, a name is taken as it is written and no alias means another one.
    """
    if provider is not None and provider.any_model:
        fits = 0 < len(name) <= LONGEST_NAME and name == name.strip() and name.isprintable()
        return model(name) if fits else None
    for known in MODELS.values():
        if name.lower() in (known.id.lower(), known.alias) and (
            provider is None or known.id in provider.models
        ):
            return known
    return None


def model(name: str) -> Model:
    """What is known of the model with this id; of one that nobody here knows, what holds for most.

    Gateways put the name of whom they ask in front: `gemini/veo-3.1-generate-preview` is that model as well.
    """
    if (same := MODELS.get(name)) is not None:
        return same
    known = MODELS.get(name.rpartition("/")[2])
    return UNKNOWN.called(name) if known is None else known.called(name)


def find_served(name: str, default: Provider) -> tuple[Provider, str]:
    """The provider that a model's name asks for, and its name there: `vertex:standard` is Vertex AI's `standard`.

    A name alone is the default provider's; so is one of its models whose own name has a colon, and any such name that is
    no provider's where any is taken.

    Raises:
        InvalidRequest: what stands before the colon is no provider.
    """
    if name and name.lower() in {one.lower() for one in default.models}:
        return default, name
    before, colon, rest = name.partition(":")
    asked = bare(before).lower()
    if not colon or asked == default.name:
        return default, bare(rest) if colon else name
    if asked not in PROVIDERS and default.any_model:
        return default, name
    if asked not in PROVIDERS:
        hint = did_you_mean(asked, [*PROVIDERS])
        raise InvalidRequest(
            f"There is no provider {shown(before)}, as {shown(name)} asks for.", hint=hint, field="model"
        )
    return PROVIDERS[asked], bare(rest)


def qualified(model: str, provider: Provider, default: Provider) -> str:
    """The name of a provider's model as one types it: `vertex:standard`, and without the provider where that is the default."""
    return model if provider.name == default.name else f"{provider.name}:{model}"


def short_name(model: str, provider: Provider, default: Provider) -> str:
    """The shortest name by which a person gets this model of a provider: `fast`, `vertex:standard`, an id."""
    known = MODELS.get(model)
    same = known is not None and find_model(known.alias, provider) is known
    return qualified(known.alias if known is not None and same else model, provider, default)


def model_names(provider: Provider | None = None) -> list[str]:
    """Every name a person may type for a model: aliases first, then ids."""
    served = [m for m in MODELS.values() if provider is None or m.id in provider.models]
    return [*dict.fromkeys(m.alias for m in served), *(m.id for m in served)]


def ending(model: str, provider: Provider, now: float) -> str:
    """What a person should know of a model whose end is near or past, in a sentence; empty where it is neither.

    `now` in seconds since 1970.
    """
    known, life = MODELS.get(model), provider.life_of(model)
    if known is None or not life.ends_soon(now):
        return ""
    after = MODELS.get(known.successor)
    if after is None:
        successor = ""
    elif after.id in provider.models:
        successor = f"; {after.id} ({after.alias}) came after it"
    else:
        successor = f"; {after.id} came after it"
    asked = " It is asked for all the same." if life.is_over(now) else ""
    return f"{life.words(known.title, provider.title, now)}{successor}.{asked}"


def ways_on(model: Model, provider: Provider, others: Iterable[str], now: float, home: str = "") -> list[str]:
    """What can be asked for in place of a model that a provider no longer serves, as a person types it.

    Its successor there, then of each of the `others`, by name, what has its alias or is its successor:
    `["omni", "vertex:standard"]`. Those that are said to be gone themselves are not among them. `home` is the provider
    whose models need no name before them, where that is not this one.
    """

    def typed(alias: str, where: Provider) -> str:
        return alias if where.name == (home or provider.name) else f"{where.name}:{alias}"

    after = MODELS.get(model.successor)
    found = [typed(after.alias, provider)] if after is not None and after.id in provider.models else []
    known = (PROVIDERS[name] for name in others if name in PROVIDERS and name != provider.name)
    # The sandbox plays every model, but nobody looks there for one that is gone.
    for other in (one for one in known if one.bills):
        served = [MODELS[name] for name in other.models if name in MODELS]
        wanted = (one for one in served if one.alias == model.alias or one is after)
        found += [typed(one.alias, other) for one in wanted if not other.life_of(one.id).is_over(now)]
    return found
