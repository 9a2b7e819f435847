"""The prices: a dated table with its source, and what a person puts into it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veo_nb import catalog
from veo_nb.catalog import Price, read_amount, read_prices

FAST = "veo-3.1-fast-generate-preview"
MINE = "my file"


def said(table: Any) -> list[str]:
    """What a person reads about their table."""
    return [f"{one.message} {one.hint}".strip() for one in read_prices(table, MINE)[1]]


def test_the_table_is_dated_and_says_where_it_comes_from():
    assert date.fromisoformat(catalog.PRICES_DATE)
    assert read_prices({}, MINE) == (catalog.PRICES, [])
    assert {price.source for price in catalog.PRICES.values()} == {
        f"{catalog.PRICES_SOURCE}, {catalog.PRICES_DATE}"
    }


@pytest.mark.parametrize(
    ("value", "price"),
    [
        (0.12, Price(usd_per_second=0.12, source=MINE)),
        (1, Price(usd_per_second=1.0, source=MINE)),
        (0, Price(usd_per_second=0.0, source=MINE)),
        ({"per_second": 0.12}, Price(usd_per_second=0.12, source=MINE)),
        ({"per_call": 0.6}, Price(usd_per_call=0.6, source=MINE)),
    ],
)
def test_a_figure_of_ones_own_takes_the_place_of_the_list_price(value, price):
    prices, problems = read_prices({FAST: value}, MINE)
    assert problems == []
    assert prices == {**catalog.PRICES, FAST: price}


def test_an_alias_is_for_every_model_of_that_name_and_an_id_goes_before_it():
    prices, problems = read_prices({"lite": 0.05, "fast": 0.1, FAST: {"per_call": 0.6}}, MINE)
    assert problems == []
    assert {
        name: (price.usd_per_second, price.usd_per_call)
        for name, price in prices.items()
        if price.source == MINE
    } == {
        FAST: (0.0, 0.6),
        "veo-3.1-fast-generate-001": (0.1, 0.0),
        "veo-3.1-lite-generate-preview": (0.05, 0.0),
        "veo-3.1-lite-generate-001": (0.05, 0.0),
    }


EXAMPLE = "Give USD for a second, such as 0.15, or {per_call = 0.6}."


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ({"fsat": 0.1}, "There is no model 'fsat' to have a price. Did you mean fast?"),
        ({"fast": -1}, f"The price of fast can't be -1. {EXAMPLE}"),
        ({"fast": True}, f"The price of fast can't be True. {EXAMPLE}"),
        ({"fast": "0.1"}, f"The price of fast can't be '0.1'. {EXAMPLE}"),
        ({"fast": float("nan")}, f"The price of fast can't be nan. {EXAMPLE}"),
        ({"fast": float("inf")}, f"The price of fast can't be inf. {EXAMPLE}"),
        ({"fast": []}, f"The price of fast can't be []. {EXAMPLE}"),
        ({"fast": {}}, f"The price of fast can't be {{}}. {EXAMPLE}"),
        ({"fast": {"per_clip": 1}}, f"The price of fast can't be {{'per_clip': 1}}. {EXAMPLE}"),
        (
            {"fast": {"per_call": 1, "per_second": 1}},
            f"The price of fast can't be {{'per_call': 1, 'per_second': 1}}. {EXAMPLE}",
        ),
        (
            {"fast": {"per_call": {"x": 1}}},
            f"The price of fast can't be {{'per_call': {{'x': 1}}}}. {EXAMPLE}",
        ),
        (0.15, "prices can't be 0.15. It is a table: [prices]"),
        ([], "prices can't be []. It is a table: [prices]"),
    ],
)
def test_a_wrong_entry_is_named_with_what_would_be_right(table, line):
    assert said(table) == [line]


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
names = st.sampled_from([*catalog.MODELS, "fast", "standard", "lite"]) | st.text()


@given(
    st.dictionaries(names, json | st.dictionaries(st.sampled_from(["per_call", "per_second"]), json)) | json
)
def test_whatever_the_file_says_there_is_a_table_or_a_line_about_it(table):
    prices, problems = read_prices(table, MINE)
    assert set(catalog.PRICES) <= set(prices)
    for price in prices.values():
        assert price.usd_per_second >= 0
        assert price.usd_per_call >= 0
    for one in problems:
        assert one.message


@pytest.mark.parametrize(
    ("value", "amount"),
    [(20, 20.0), (0, 0.0), (0.6, 0.6), ("20", 20.0), (" $0.60 ", 0.6), ("1e2", 100.0)],
)
def test_an_amount_is_a_number_or_is_written_as_one(value, amount):
    assert read_amount(value) == amount


@pytest.mark.parametrize(
    "value", ["", "lots", "-1", "nan", "inf", "20 EUR", -0.01, float("nan"), True, None, [20], 10**400, b"20"]
)
def test_what_is_no_amount_is_none(value):
    assert read_amount(value) is None
