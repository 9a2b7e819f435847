"""`1, 2, ..., 10`: what it stands for, and what it can't."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veo_nb.errors import InvalidRequest
from veo_nb.sweep.ellipsis import fill_in

MOST = 1000


@pytest.mark.parametrize(
    ("items", "filled"),
    [
        ([1, 2, ..., 5], [1, 2, 3, 4, 5]),
        ([1, ..., 4], [1, 2, 3, 4]),
        ([3, ..., 0], [3, 2, 1, 0]),
        ([10, 7, ..., 1], [10, 7, 4, 1]),
        ([1, 2, 3, ..., 5], [1, 2, 3, 4, 5]),
        ([-4, -2, ..., 2], [-4, -2, 0, 2]),
        ([0.1, 0.2, ..., 0.5], [0.1, 0.2, 0.3, 0.4, 0.5]),
        ([1, 1.5, ..., 3], [1, 1.5, 2.0, 2.5, 3]),
        (["0.10", "0.15", ..., "0.25"], ["0.10", "0.15", "0.20", "0.25"]),
        (["1", "2", ..., "4"], ["1", "2", "3", "4"]),
        ([1, 2, ..., 4, 10, ..., 22], [1, 2, 3, 4, 10, 16, 22]),
        (["fox", 1, 2, ..., 4, "owl"], ["fox", 1, 2, 3, 4, "owl"]),
        ([1, 2, ..., 3], [1, 2, 3]),
        ([1, ..., 2], [1, 2]),
    ],
)
def test_it_fills_in_evenly(items, filled):
    assert fill_in("seed", items, MOST) == filled


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([1, 2, 4, ..., 16], "is not evenly spaced: 1, 2, 4, ..."),
        ([1, 3, ..., 10], "passes 10: the nearest is 9"),
        ([10, 8, ..., 1], "passes 1: the nearest is 2"),
        ([1, 2, ..., 0], "never comes to 0 from 2 in steps of 1"),
        ([1, 1, ..., 5], "never comes to 5 from 1 in steps of 0"),
        ([1, ..., 1], "never comes to 1 from 1"),
        ([1, 2, ..., 100_000], "would get 99,998 values"),
        ([..., 3], "needs a number before ... and one after it"),
        ([1, ...], "needs a number before ... and one after it"),
        ([1, ..., ..., 5], "needs a number before ... and one after it"),
        (["fox", ..., 5], "needs a number before ... and one after it"),
        ([1, ..., "owl"], "needs a number before ... and one after it"),
        ([True, ..., 5], "needs a number before ... and one after it"),
        ([1, ..., float("inf")], "needs a number before ... and one after it"),
        ([1, ..., "1e400"], "needs a number before ... and one after it"),
    ],
)
def test_what_leads_nowhere_is_refused(items, words):
    with pytest.raises(InvalidRequest) as caught:
        fill_in("seed", items, MOST)
    assert caught.value.message.startswith(f"The axis seed {words}")
    assert caught.value.hint


@given(st.integers(-500, 500), st.integers(-9, 9).filter(bool), st.integers(2, 60))
def test_it_is_what_range_says(first, step, count):
    whole = [first + step * number for number in range(count + 1)]
    assert fill_in("seed", [whole[0], whole[1], ..., whole[-1]], MOST) == whole


@given(st.decimals(-99, 99, places=2), st.decimals(-3, 3, places=2).filter(bool), st.integers(2, 60))
def test_decimals_written_as_text_are_never_rounded(first, step, count):
    whole = [first + step * number for number in range(count + 1)]
    filled = fill_in("x", [str(whole[0]), str(whole[1]), ..., str(whole[-1])], MOST)
    assert [Decimal(one) for one in filled] == whole


ITEMS = st.lists(
    st.sampled_from([...])
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.booleans()
    | st.decimals().map(str)
    | st.sampled_from(["1e999999", "-0", "nan", "1_0", " 7 ", "1e-30", "999999999999"]),
    max_size=6,
)


def outcome(items: list[Any]) -> list[Any] | InvalidRequest:
    try:
        return fill_in("seed", items, MOST)
    except InvalidRequest as error:
        return error


@given(ITEMS)
def test_any_list_is_filled_in_or_refused_and_never_longer_than_allowed(items):
    filled = outcome(items)
    if isinstance(filled, InvalidRequest):
        assert filled.message.endswith(".")
        return
    assert ... not in filled
    assert len(filled) <= MOST + len(items)
    # What was given is all there, in its order.
    rest = iter(filled)
    assert all(any(one is item for one in rest) for item in items if item is not ...)
