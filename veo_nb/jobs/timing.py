"""How long a clip takes, learnt from the library's own past."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from veo_nb import catalog

ENOUGH = 3
ENOUGH_FOR_SLOW = 5


def usual_seconds(
    past: Sequence[float], provider: catalog.Provider, model: catalog.Model
) -> tuple[float, float | None]:
    """The usual seconds from submit to ready, and those under which nine of ten stay.

    Before `ENOUGH` clips were seen the catalog's figure stands in, and the second is None.
    """
    if len(past) < ENOUGH:
        return provider.typical_seconds or model.typical_seconds, None
    slow = statistics.quantiles(past, n=10, method="inclusive")[-1] if len(past) >= ENOUGH_FOR_SLOW else None
    return statistics.median(past), slow
