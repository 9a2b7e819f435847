"""Finding a model by the name that a person types."""

from __future__ import annotations

from veo_nb.catalog.models import MODELS, Model
from veo_nb.catalog.phrases import bare, did_you_mean, shown
from veo_nb.catalog.providers import PROVIDERS, Provider
from veo_nb.errors import InvalidRequest


def find_model(name: str, provider: Provider | None = None) -> Model | None:
    """The model with this id or alias, served by the provider where one is given; None when there is none."""
    for model in MODELS.values():
        if name.lower() in (model.id, model.alias) and (provider is None or model.id in provider.models):
            return model
    return None


def find_served(name: str, default: Provider) -> tuple[Provider, str]:
    """The provider that a model's name asks for, and its name there: `vertex:standard` is Vertex AI's `standard`.

    A name alone is the default provider's.

    Raises:
        InvalidRequest: what stands before the colon is no provider.
    """
    before, colon, model = name.partition(":")
    asked = bare(before).lower()
    if not colon or asked == default.name:
        return default, bare(model) if colon else name
    if asked not in PROVIDERS:
        hint = did_you_mean(asked, [*PROVIDERS])
        raise InvalidRequest(
            f"There is no provider {shown(before)}, as {shown(name)} asks for.", hint=hint, field="model"
        )
    return PROVIDERS[asked], bare(model)


def qualified(model: str, provider: Provider, default: Provider) -> str:
    """The name of a provider's model as one types it: `vertex:standard`, and without the provider where that is the default."""
    return model if provider.name == default.name else f"{provider.name}:{model}"


def model_names(provider: Provider | None = None) -> list[str]:
    """Every name a person may type for a model: aliases first, then ids."""
    served = [m for m in MODELS.values() if provider is None or m.id in provider.models]
    return [*dict.fromkeys(m.alias for m in served), *(m.id for m in served)]
