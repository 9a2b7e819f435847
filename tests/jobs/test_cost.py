"""Estimates at list price."""

from __future__ import annotations

from typing import Any

import pytest

from veo_nb import catalog
from veo_nb.jobs.cost import estimate
from veo_nb.request import make_request

PROVIDER = catalog.PROVIDERS["gptproto"]


def usd(**fields: Any) -> float | None:
    return estimate(make_request(PROVIDER, prompt="A fox.", **fields))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"model": "fast", "duration_seconds": 4}, 0.60),
        ({"model": "fast"}, 1.20),
        ({"model": "standard", "duration_seconds": 8}, 3.20),
        ({"model": "fast", "duration_seconds": 4, "sample_count": 3}, 1.80),
        ({"model": "fast", "video": "https://example.com/fox.mp4"}, 1.05),
    ],
    ids=["by the second", "the provider's default length", "by the model", "by the sample", "7 s are added"],
)
def test_a_clip_costs_its_seconds(fields, expected):
    assert usd(**fields) == pytest.approx(expected)


def test_a_model_without_a_known_price_has_no_estimate(monkeypatch):
    monkeypatch.setattr(catalog, "PRICES", {})
    assert usd() is None
