"""`%veo cost`: the table by day, model and state with its sums, and where the prices come from."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notebook.test_display import HOSTILE, checked
from tests.store.test_billing import bill_of, charge, charges
from veo_nb import catalog
from veo_nb.notebook.pages.bill import bill_table, state_of
from veo_nb.store.billing import Bill, gather

SANDBOX = catalog.PROVIDERS["sandbox"]


def text_of(bill: Bill) -> str:
    """What a terminal shows, once it is known that the page says the same."""
    shown = bill_table(bill)
    page = " ".join(" ".join(checked(shown.data).texts).split())
    for line in repr(shown).splitlines():
        for word in line.split("  "):
            assert word.strip() in page
    return repr(shown)


def test_it_adds_up_days_models_and_states():
    bill = bill_of(
        charge(day="2026-11-23", jobs=2, usd=2.4),
        charge(day="2026-11-23", state="blocked", charged=False, usd=0.0),
        charge(day="2026-11-22", model="veo-3.1-generate-preview", state="uncertain", usd=3.2),
    )
    assert text_of(bill).splitlines()[:6] == [
        "day         model                   state                      jobs  about",
        "2026-11-23  Veo 3.1 Fast, GPTProto  made                          2  $2.40",
        "            Veo 3.1 Fast, GPTProto  blocked, not charged          1      -",
        "                                                                  3  $2.40",
        "2026-11-22  Veo 3.1, GPTProto       uncertain, may be charged     1  $3.20",
        "total                                                             4  $5.60",
    ]


def test_older_days_are_added_up_by_month():
    days = [f"2026-11-{day:02}" for day in range(20, 0, -1)]
    days += [f"2026-{month:02}-{day}" for month in (10, 9) for day in (30, 10)]
    bill = bill_of(
        *(charge(day=day, jobs=2, usd=1.0) for day in days), charge(day="2026-09-01", state="failed")
    )
    rows = [line.split() for line in text_of(bill).splitlines()]
    assert [row[0] for row in rows[1:8]] == days[:7]
    assert [(row[0], row[-2:]) for row in rows[8:13]] == [
        ("2026-11,", ["26", "$13.00"]),
        ("2026-10", ["4", "$2.00"]),
        ("2026-09", ["1", "$1.20"]),
        ("Veo", ["4", "$2.00"]),
        ("5", ["5", "$3.20"]),
    ]
    assert rows[13] == ["total", "49", "$25.20"]


def test_money_and_the_sandbox_have_a_table_each():
    text = text_of(bill_of(charge(usd=3.2), charge(provider="sandbox", usd=0.6)))
    money, _, made_up = text.partition("On the sandbox, where nothing is charged, clips would have cost:")
    assert ("$3.20" in money, "$0.60" in money) == (True, False)
    assert ("$3.20" in made_up, "$0.60" in made_up) == (False, True)


def test_the_budget_is_told():
    assert "So far about $3.20 of the budget of $20.00, $16.80 left." in text_of(
        bill_of(charge(usd=3.2), budget=20)
    )
    assert "of the budget of $3.00, nothing left." in text_of(bill_of(charge(usd=3.2), budget=3))
    assert "So far about $0.60 of the budget of $1.00, $0.40 left." in text_of(
        bill_of(charge(provider="sandbox", usd=0.6), budget=1, provider=SANDBOX)
    )


def test_the_prices_their_source_and_their_date_are_told_and_that_all_is_an_estimate():
    text = text_of(bill_of(provider=catalog.PROVIDERS["gemini"]))
    assert (
        "Prices: standard $0.40 a second, 4k $0.60 a second; "
        "fast $0.10 a second, 1080p $0.12 a second, 4k $0.30 a second; "
        f"lite $0.05 a second, 1080p $0.08 a second ({catalog.PRICES_SOURCE}, {catalog.PRICES_DATE})" in text
    )
    assert "Every figure is an estimate" in text


def test_prices_of_ones_own_say_so():
    own = {"fast": {"per_call": 0.6}}
    bill = Bill(
        charges=(),
        provider=catalog.PROVIDERS["gemini"],
        budget=None,
        prices=catalog.read_prices(own, "your veo_nb.toml")[0],
    )
    assert "Prices: fast $0.60 a call (your veo_nb.toml)." in text_of(bill).splitlines()
    assert "No price is known for standard, lite, omni or omni-1.1." in text_of(
        replace(bill, prices=tuple(one for one in catalog.PRICES if "fast" in one.model))
    )


def test_where_no_price_is_published_the_figures_say_whose_they_are_and_ones_own_is_asked_for():
    theirs = "GPTProto's figures: Google's list price; GPTProto bills per call."
    listed = replace(bill_of(charge(usd=3.2)), prices=tuple(catalog.PRICES))
    lines = text_of(listed).splitlines()
    assert lines[3] == theirs
    assert any(line.startswith("GPTProto publishes no price: what do you pay there? Put") for line in lines)
    prices, _ = catalog.read_prices({"gptproto": {"fast": 0.1, "standard": 0.4}}, "your veo_nb.toml")
    said = text_of(replace(listed, prices=prices))
    assert "Google" not in said
    assert "publishes no price" not in said
    # Those of another provider keep theirs.
    assert theirs in text_of(replace(listed, provider=SANDBOX))


@pytest.mark.parametrize("usd", [0.015, 0.1234])
def test_a_price_shows_every_digit_that_it_has(usd):
    prices = (catalog.Price(usd_per_second=usd),)
    bill = Bill(charges=(), provider=catalog.PROVIDERS["gptproto"], budget=None, prices=prices)
    assert f"standard ${usd} a second" in text_of(bill)


def test_an_empty_library_says_so_and_still_tells_the_prices():
    lines = text_of(bill_of(budget=20)).splitlines()
    assert lines[0] == "Nothing has been made in this library yet."
    assert lines[1] == "So far about $0.00 of the budget of $20.00, $20.00 left."


def test_clips_without_a_price_are_not_hidden():
    text = text_of(bill_of(charge(model="veo-3.1-lite-generate-preview", jobs=2, usd=0.0, unpriced=2)))
    assert "2      ?" in text
    assert "Jobs without a known price, which are not in the sums: 2." in text


@pytest.mark.parametrize(
    ("state", "charged", "provider", "words"),
    [
        ("queued", True, "gptproto", "waiting"),
        ("running", True, "gptproto", "generating"),
        ("succeeded", True, "gptproto", "made"),
        ("failed", True, "gptproto", "failed, may be charged"),
        ("failed", False, "gptproto", "failed, not charged"),
        ("cancelled", True, "gptproto", "stopped, may be charged"),
        ("cancelled", True, "sandbox", "stopped"),
    ],
)
def test_a_state_says_whether_it_is_charged(state, charged, provider, words):
    assert state_of(charge(state=state, charged=charged, provider=provider)) == words


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_in_the_ledger_show_as_text(text):
    page = checked(bill_table(bill_of(charge(day=text, provider=text, model=text, state=text))).data)
    assert {text, f"{text}, {text}"} <= set(page.texts)


@given(st.lists(charges), st.none() | st.integers(0, 50))
def test_every_bill_can_be_shown(found, budget):
    bill = bill_of(*gather(found), budget=budget)
    page = checked(bill_table(bill).data)
    assert page.texts.count("total") == len({charge.billed for charge in found})
