"""What a request would cost at list price. Every figure is an estimate, and says so where it is shown."""

from __future__ import annotations

from collections.abc import Mapping

from veo_nb import catalog
from veo_nb.request import VideoRequest

EXTENSION_SECONDS = 7
"""What an extension adds to its source, and all that is billed of it."""


def estimate(request: VideoRequest, prices: Mapping[str, catalog.Price] = catalog.PRICES) -> float | None:
    """The list price of a request in USD, None for a model without a known price.

    `prices` are those of the settings, in which a person may have put figures of their own. A price by the call is
    for the request as a whole, whatever its length and its samples.
    """
    price = prices.get(request.model)
    if price is None:
        return None
    seconds = EXTENSION_SECONDS if request.video is not None else request.seconds
    return price.usd_per_call + price.usd_per_second * seconds * (request.sample_count or 1)
