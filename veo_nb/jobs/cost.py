"""What a request would cost at list price. Every figure is an estimate, and says so where it is shown."""

from __future__ import annotations

from veo_nb import catalog
from veo_nb.request import VideoRequest

EXTENSION_SECONDS = 7
"""What an extension adds to its source, and all that is billed of it."""


def estimate(request: VideoRequest) -> float | None:
    """The list price of a request in USD, None for a model without a known price (`catalog.PRICES`)."""
    price = catalog.PRICES.get(request.model)
    if price is None:
        return None
    seconds = EXTENSION_SECONDS if request.video is not None else request.seconds
    return price.usd_per_second * seconds * (request.sample_count or 1)
