"""When the last of several clips will be ready."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veo_nb.engine.providers.latency import Latency
from veo_nb.engine.timing import seconds_at_all

ONE = Latency.around(40.0)


def allowed(_: str) -> tuple[int, int | None]:
    return 10, None


def test_one_clip_takes_what_is_usual():
    assert seconds_at_all([("gemini", ONE.quantile)], allowed) == pytest.approx(40.0, rel=0.01)


@given(st.integers(1, 9))
def test_of_several_at_once_the_slowest_is_waited_for(count):
    last = seconds_at_all([("gemini", ONE.quantile)] * count, allowed)
    more = seconds_at_all([("gemini", ONE.quantile)] * (count + 1), allowed)
    assert last < more
    assert ONE.quantile(0.5 ** (1 / count)) == pytest.approx(last, rel=0.15), (
        "which half of the time comes later"
    )


def test_those_of_one_provider_wait_for_no_other():
    assert seconds_at_all([("a", ONE.quantile)], allowed, [("b", lambda _: 90.0)]) == 90.0
