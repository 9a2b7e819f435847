"""Finding a model by the name that a person types, and what is known of one by its id."""

from __future__ import annotations

from veo_nb.catalog.models import MODELS, UNKNOWN, Model
from veo_nb.catalog.providers import Provider

LONGEST_NAME = 200
"""Characters of a model's name, where its owner chose it."""


def find_model(name: str, provider: Provider | None = None) -> Model | None:
    """The model with this id or alias, served by the provider where one is given; None when there is none.

    Where its owner chose the names, a name is taken as it is written and no alias means another one.
    """
    if provider is not None and provider.any_model:
        return (
            model(name)
            if 0 < len(name) <= LONGEST_NAME and name == name.strip() and name.isprintable()
            else None
        )
    for known in MODELS.values():
        if name.lower() in (known.id, known.alias) and (provider is None or known.id in provider.models):
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


def short_name(name: str, provider: Provider) -> str:
    """The alias of the model with this id, where it means the same at this provider; else the id."""
    alias = model(name).alias
    found = find_model(alias, provider)
    return alias if found is not None and found.id == name else name


def model_names(provider: Provider | None = None) -> list[str]:
    """Every name a person may type for a model: aliases first, then ids."""
    served = [m for m in MODELS.values() if provider is None or m.id in provider.models]
    return [*dict.fromkeys(m.alias for m in served), *(m.id for m in served)]
