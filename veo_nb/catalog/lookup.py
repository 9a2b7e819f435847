"""Finding a model by the name that a person types."""

from __future__ import annotations

from veo_nb.catalog.models import MODELS, Model
from veo_nb.catalog.providers import Provider


def find_model(name: str, provider: Provider | None = None) -> Model | None:
    """The model with this id or alias, served by the provider where one is given; None when there is none."""
    for model in MODELS.values():
        if name.lower() in (model.id.lower(), model.alias) and (
            provider is None or model.id in provider.models
        ):
            return model
    return None


def model_names(provider: Provider | None = None) -> list[str]:
    """Every name a person may type for a model: aliases first, then ids."""
    served = [m for m in MODELS.values() if provider is None or m.id in provider.models]
    return [*dict.fromkeys(m.alias for m in served), *(m.id for m in served)]
