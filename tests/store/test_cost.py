"""Estimates at list price."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veo_nb import catalog
from veo_nb.request import make_request
from veo_nb.store.cost import estimate

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


def test_a_model_without_a_known_price_has_no_estimate():
    assert estimate(make_request(PROVIDER, prompt="A fox."), {}) is None


@pytest.mark.parametrize(
    "fields", [{"duration_seconds": 4}, {"sample_count": 3}, {"video": "https://x.example/a"}]
)
def test_a_price_by_the_call_is_for_the_request_as_a_whole(fields):
    request = make_request(PROVIDER, prompt="A fox.", **fields)
    assert estimate(request, {request.model: catalog.Price(usd_per_call=0.6)}) == 0.6


@given(st.floats(0, 100), st.sampled_from([4, 6, 8]), st.integers(1, 4))
def test_an_estimate_grows_with_the_price_the_seconds_and_the_samples(usd, seconds, samples):
    request = make_request(PROVIDER, prompt="A fox.", duration_seconds=seconds, sample_count=samples)
    found = estimate(request, {request.model: catalog.Price(usd_per_second=usd)})
    assert found == pytest.approx(usd * seconds * samples)
