"""The prices: a dated table with its source, and what a person puts into it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veo_nb import catalog
from veo_nb.catalog import Price, read_amount, read_prices

GEMINI, VERTEX = catalog.PROVIDERS["gemini"], catalog.PROVIDERS["vertex"]
GPTPROTO, SANDBOX = catalog.PROVIDERS["gptproto"], catalog.PROVIDERS["sandbox"]
FAST = "veo-3.1-fast-generate-preview"
MINE = "my file"


def said(table: Any) -> list[str]:
    """What a person reads about their table."""
    return [f"{one.message} {one.hint}".strip() for one in read_prices(table, MINE)[1]]


# The figures of API.md, "Money", as read on 2026-11-29: USD per second at 720p, 1080p and 4k, with sound, and without.
LISTED = {
    "standard": ((0.40, 0.40, 0.60), (0.20, 0.20, 0.40)),
    # Two of the four tables have 0.08 and 0.10 for silence at 720p and 1080p: the higher ones are safe.
    "fast": ((0.10, 0.12, 0.30), (0.10, 0.12, 0.25)),
    "lite": ((0.05, 0.08, None), (0.03, 0.05, None)),
}
LINES = ("720p", "1080p", "4k")


def figure(
    provider: catalog.Provider, alias: str, lines: str, *, sound: bool = True, prices: Any = None
) -> Any:
    model = catalog.find_model(alias, provider)
    assert model is not None
    table = catalog.PRICES if prices is None else prices
    found = catalog.find_price(table, provider, model.id, resolution=lines, sound=sound)
    return found and (found.usd_per_call or found.usd_per_second)


@pytest.mark.parametrize("alias", LISTED)
def test_the_table_has_the_dated_figures(alias):
    loud, silent = LISTED[alias]
    for lines, with_sound, without in zip(LINES, loud, silent, strict=True):
        assert figure(GEMINI, alias, lines) == with_sound
        assert figure(VERTEX, alias, lines) == with_sound
        assert figure(VERTEX, alias, lines, sound=False) == without
        assert figure(SANDBOX, alias, lines) == with_sound


def test_the_table_is_dated_and_says_where_it_comes_from():
    assert date.fromisoformat(catalog.PRICES_DATE) == date(2026, 11, 29)
    assert read_prices({}, MINE) == (tuple(catalog.PRICES), [])
    for price in catalog.PRICES:
        assert price.date == catalog.PRICES_DATE
        of_resellers = price.model in catalog.OMNI and "resellers" in price.source
        assert price.source.startswith(catalog.PRICES_SOURCE) or of_resellers
        assert (price.provider in ("gemini", "vertex"), price.note) == (True, "")
    unsure = {
        one.resolution
        for one in catalog.PRICES
        if one.source != catalog.PRICES_SOURCE and one.model not in catalog.OMNI
    }
    assert unsure == {"720p", "1080p"}


def test_gptproto_has_no_price_of_its_own_and_googles_says_so():
    assert [one for one in catalog.PRICES if one.provider == "gptproto"] == []
    for alias, lines in itertools.product(("standard", "fast"), LINES):
        model = catalog.find_model(alias, GPTPROTO)
        assert model is not None
        found = catalog.find_price(catalog.PRICES, GPTPROTO, model.id, resolution=lines)
        assert found is not None
        assert found.note == "Google's list price; GPTProto bills per call"


def test_nobody_borrows_a_price_unasked():
    other = replace(GEMINI, name="other")
    assert figure(other, "fast", "720p") is None
    prices, _ = read_prices({"vertex": {"fast": 9.0}}, MINE)
    assert figure(GPTPROTO, "fast", "720p", prices=prices) == 0.10
    assert figure(SANDBOX, "fast", "720p", prices=prices) == 0.10


@pytest.mark.parametrize(
    ("value", "price"),
    [
        (0.12, Price(usd_per_second=0.12)),
        (1, Price(usd_per_second=1.0)),
        (0, Price(usd_per_second=0.0)),
        ({"per_second": 0.12}, Price(usd_per_second=0.12)),
        ({"per_call": 0.6}, Price(usd_per_call=0.6)),
    ],
)
def test_a_figure_of_ones_own_goes_before_the_list_price(value, price):
    prices, problems = read_prices({FAST: value}, MINE)
    assert problems == []
    assert prices == (replace(price, model=FAST, source=MINE), *catalog.PRICES)
    for provider in (GPTPROTO, GEMINI, SANDBOX):
        assert catalog.find_price(prices, provider, FAST, resolution="4k") == prices[0]


def test_an_alias_is_for_every_model_of_that_name_and_an_id_goes_before_it():
    prices, problems = read_prices({"lite": 0.05, "fast": 0.1, FAST: {"per_call": 0.6}}, MINE)
    assert problems == []
    assert figure(GEMINI, "fast", "720p", prices=prices) == 0.6
    assert figure(VERTEX, "fast", "4k", sound=False, prices=prices) == 0.1
    for provider in (GEMINI, VERTEX):
        assert figure(provider, "lite", "1080p", prices=prices) == 0.05


def test_a_figure_may_be_for_a_provider_a_resolution_or_sound():
    prices, problems = read_prices(
        {
            "fast": {"720p": 0.2, "4k": {"per_call": 4}},
            "standard": {"sound": 0.5, "silent": {"720p": 0.3, "1080p": 0.35}},
            "gptproto": {"fast": {"per_call": 0.9}},
            "vertex": {"fast": {"1080p": {"sound": 0.21, "silent": 0.11}}},
        },
        MINE,
    )
    assert problems == []
    assert [figure(GEMINI, "fast", lines, prices=prices) for lines in LINES] == [0.2, 0.12, 4]
    assert [figure(GPTPROTO, "fast", lines, prices=prices) for lines in LINES] == [0.9] * 3
    assert [figure(VERTEX, "fast", lines, prices=prices) for lines in LINES] == [0.2, 0.21, 4]
    assert [figure(VERTEX, "fast", lines, sound=False, prices=prices) for lines in LINES] == [0.2, 0.11, 4]
    assert [figure(VERTEX, "standard", lines, prices=prices) for lines in LINES] == [0.5] * 3
    silent = [figure(VERTEX, "standard", lines, sound=False, prices=prices) for lines in LINES]
    assert silent == [0.3, 0.35, 0.40]


EXAMPLE = (
    "Give USD for a second, such as 0.15, or {per_call = 0.6}; "
    "or one for each resolution, such as {720p = 0.10, 4k = 0.30}."
)


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ({"fsat": 0.1}, "There is no model 'fsat' to have a price. Did you mean fast?"),
        ({"fast": -1}, f"The price of fast can't be -1. {EXAMPLE}"),
        ({"fast": True}, f"The price of fast can't be True. {EXAMPLE}"),
        ({"fast": "0.1"}, f"The price of fast can't be '0.1'. {EXAMPLE}"),
        ({"fast": float("nan")}, f"The price of fast can't be nan. {EXAMPLE}"),
        ({"fast": float("inf")}, f"The price of fast can't be inf. {EXAMPLE}"),
        ({"fast": {"720p": -1}}, f"The price of fast can't be {{'720p': -1}}. {EXAMPLE}"),
        (
            {"fast": {"720p": 1, "sound": 1}},
            f"The price of fast can't be {{'720p': 1, 'sound': 1}}. {EXAMPLE}",
        ),
        (
            {"fast": {"720p": {"4k": 1}}},
            f"The price of fast can't be {{'720p': {{'4k': 1}}}}. {EXAMPLE}",
        ),
        ({"gptproto": {"fsat": 1}}, "There is no model 'fsat' to have a price. Did you mean fast?"),
        ({"gptproot": {"fast": 1}}, "There is no model 'gptproot' to have a price. Did you mean gptproto?"),
        ({"gptproto": 1}, "The price of gptproto can't be 1. It is a table of models: [prices.gptproto]"),
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
    assert prices[len(prices) - len(catalog.PRICES) :] == tuple(catalog.PRICES)
    for price in prices:
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
