"""The bill: what counts, what is added up with what, and when a budget says no."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.world import PRICES
from veo_nb import catalog
from veo_nb.errors import BudgetExceeded
from veo_nb.request import Source, make_request
from veo_nb.store.billing import Bill, Charge, Charges, gather, may_be_charged, quote
from veo_nb.store.rows import State

FAST = "veo-3.1-fast-generate-preview"


def charge(**changes: Any) -> Charge:
    """One clip of GPTProto's that was made, with what is said otherwise."""
    values: dict[str, Any] = {
        "day": "2026-11-22",
        "provider": "gptproto",
        "model": FAST,
        "state": "succeeded",
        "charged": True,
        "jobs": 1,
        "usd": 1.2,
    }
    return Charge(**{**values, **changes})


GEMINI, VERTEX = catalog.PROVIDERS["gemini"], catalog.PROVIDERS["vertex"]
GPTPROTO, SANDBOX = catalog.PROVIDERS["gptproto"], catalog.PROVIDERS["sandbox"]


def bill_of(
    *charges: Charge,
    budget: float | None = None,
    provider: catalog.Provider = catalog.PROVIDERS["gptproto"],
) -> Bill:
    return Bill(charges=charges, provider=provider, budget=budget, prices=PRICES)


# What counts


@pytest.mark.parametrize(
    ("state", "accepted", "sent", "error", "counts"),
    [
        ("queued", False, False, None, True),
        ("submitting", False, True, None, True),
        ("running", True, True, None, True),
        ("downloading", True, True, None, True),
        ("succeeded", True, True, None, True),
        ("uncertain", False, True, ("uncertain", "The answer was lost."), True),
        ("failed", True, True, ("failed", "It broke."), True),
        ("failed", True, True, ("failed", "It broke. You have not been charged."), False),
        ("failed", False, True, ("invalid_request", "The provider refused it."), False),
        ("failed", False, False, ("error", "The library can't be written."), False),
        ("failed", False, True, ("error", "KeyError: 'name'"), True),
        ("blocked", False, True, ("blocked", "A content policy violation."), False),
        ("blocked", True, True, ("blocked", "Audio. You will not be charged for this attempt."), False),
        ("blocked", True, True, ("blocked", "Audio."), True),
        ("cancelled", False, False, ("cancelled", "Stopped before it was taken; nothing is charged."), False),
        ("cancelled", False, True, ("cancelled", "Stopped; nothing is charged."), False),
        ("cancelled", True, True, ("cancelled", "Stopped. It may still finish it and charge."), True),
        ("cancelled", False, True, ("cancelled", "Stopped. It may still finish it and charge."), True),
    ],
)
def test_a_job_counts_unless_it_is_known_to_be_free(state, accepted, sent, error, counts):
    stated = None if error is None else {"code": error[0], "message": error[1], "hint": ""}
    assert may_be_charged(state, accepted=accepted, sent=sent, error=stated) is counts


@pytest.mark.parametrize(
    ("words", "free"),
    [
        ("You will not be charged for this attempt.", True),
        ("You won't be charged.", True),
        ("You haven’t been billed for it.", True),  # noqa: RUF001  as a provider's page has it
        ("This is free of charge", True),
        ("There is no charge.", True),
        ("Not charged", True),
        ("You are charged.", False),
        ("Not made. You have been charged.", False),
        ("Do not try again: you will be charged", False),
        ("The charge of the battery", False),
        ("", False),
    ],
)
def test_the_providers_own_word_says_that_it_is_free(words, free):
    error = {"code": "blocked", "message": words}
    assert may_be_charged("blocked", accepted=True, sent=True, error=error) is not free


@given(st.sampled_from([*State]), st.booleans(), st.text().filter(lambda text: "charge" not in text.lower()))
def test_what_was_accepted_counts_unless_the_provider_speaks_of_the_charge(state, sent, words):
    error = {"code": "failed", "message": words.replace("bill", "")}
    assert may_be_charged(state.value, accepted=True, sent=sent, error=error)


# Adding up

charges = st.builds(
    charge,
    day=st.sampled_from(["2026-11-21", "2026-11-22", "2026-11-23"]),
    provider=st.sampled_from(["gptproto", "vertex", "sandbox", "gone"]),
    state=st.sampled_from([state.value for state in State]),
    charged=st.booleans(),
    jobs=st.integers(1, 9),
    usd=st.integers(0, 1000).map(lambda cents: cents / 100),
    unpriced=st.integers(0, 3),
)


@given(st.lists(charges))
def test_putting_together_keeps_every_job_and_every_cent(found):
    rows = gather(found)
    assert sum(row.jobs for row in rows) == sum(one.jobs for one in found)
    assert sum(row.usd for row in rows) == pytest.approx(sum(one.usd for one in found))
    assert sum(row.unpriced for row in rows) == sum(one.unpriced for one in found)
    keys = [(row.day, row.provider, row.model, row.state, row.charged) for row in rows]
    assert len(keys) == len(set(keys))
    assert [row.day for row in rows] == sorted((row.day for row in rows), reverse=True)
    assert gather(rows) == rows


@given(st.lists(charges), st.lists(charges))
def test_putting_together_in_two_steps_is_the_same(one, two):
    both, steps = gather([*one, *two]), gather([*gather(one), *gather(two)])
    assert [replace(row, usd=0) for row in both] == [replace(row, usd=0) for row in steps]
    assert [row.usd for row in both] == pytest.approx([row.usd for row in steps])


def test_money_and_the_sandbox_are_added_up_apart():
    rows = (charge(usd=3.2), charge(provider="vertex", usd=1.0), charge(provider="sandbox", usd=0.6))
    assert bill_of(*rows).spent == pytest.approx(4.2)
    assert bill_of(*rows, provider=catalog.PROVIDERS["sandbox"]).spent == pytest.approx(0.6)


def test_a_provider_that_is_no_longer_known_took_money():
    assert bill_of(charge(provider="gone")).spent == 1.2


# The budget


@given(st.lists(charges), st.integers(0, 5000), st.integers(0, 1000))
def test_a_clip_is_let_through_just_when_the_sum_stays_within_the_budget(found, budget, cents):
    bill = bill_of(*found, budget=budget / 100)
    spent = sum(round(one.usd * 100) for one in found if one.provider != "sandbox")
    fits = spent + cents <= budget
    assert bill.fits(cents / 100) is fits
    assert bill.left == pytest.approx(max(0, budget - spent) / 100)
    if fits:
        bill.admit(FAST, cents / 100)
    else:
        with pytest.raises(BudgetExceeded):
            bill.admit(FAST, cents / 100)


def test_without_a_budget_everything_fits():
    bill = bill_of(charge(usd=1e9))
    assert (bill.fits(1e9), bill.fits(None), bill.left) == (True, True, None)
    bill.admit(FAST, None)


def test_sums_of_cents_come_out_even():
    """0.1 + 0.2 is a little more than 0.3."""
    bill_of(charge(usd=0.1), budget=0.3).admit(FAST, 0.2)


REFUSALS = {
    "too little is left": (
        bill_of(charge(usd=1.4), budget=2),
        1.2,
        """
        This would cost about $1.20, and about $0.60 of the library's budget of $2.00 is left. Nothing was sent.
        Make a shorter clip, take a cheaper model, or raise it with veo.configure(budget=…).
        """,
    ),
    "nothing is left": (
        bill_of(charge(usd=2.4), budget=2),
        0.6,
        """
        This would cost about $0.60, and nothing of the library's budget of $2.00 is left. Nothing was sent.
        Raise it with veo.configure(budget=…).
        """,
    ),
    "no price": (
        bill_of(budget=2),
        None,
        """
        GPTProto publishes no price, so nobody can say whether it fits the budget of $2.00. Nothing was sent.
        Put fast = { per_call = USD } under [prices.gptproto] in veo_nb.toml.
        """,
    ),
}


@pytest.mark.parametrize(("bill", "usd", "text"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_says_what_it_costs_what_is_left_and_what_to_do(bill, usd, text):
    with pytest.raises(BudgetExceeded) as caught:
        bill.admit(FAST, usd)
    assert str(caught.value) == " ".join(text.split())
    assert caught.value.facts == {
        "estimate": usd,
        "spent": bill.spent,
        "left": bill.left,
        "budget": bill.budget,
    }


# Estimates at list price


def usd(provider: catalog.Provider = GEMINI, **fields: Any) -> float | None:
    return quote(make_request(provider, prompt="A fox.", **fields), provider).usd


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"model": "fast", "duration_seconds": 4}, 0.40),
        ({"model": "fast"}, 0.80),
        ({"model": "standard", "duration_seconds": 8}, 3.20),
        ({"model": "fast", "resolution": "1080p"}, 0.96),
        ({"model": "fast", "resolution": "4k"}, 2.40),
        ({"model": "lite", "resolution": "1080p"}, 0.64),
        ({"model": "fast", "duration_seconds": 4, "sample_count": 3}, 1.20),
        ({"model": "fast", "video": "https://example.com/fox.mp4"}, 0.70),
    ],
    ids=[
        "by the second",
        "the provider's default length",
        "by the model",
        "by the resolution",
        "4k",
        "lite",
        "by the sample",
        "7 s are added",
    ],
)
def test_a_clip_costs_its_seconds(fields, expected):
    assert usd(**fields) == pytest.approx(expected)


def test_a_silent_clip_costs_less_where_the_provider_says_so():
    assert usd(VERTEX, model="standard") == pytest.approx(3.20)
    assert usd(VERTEX, model="standard", generate_audio=True) == pytest.approx(3.20)
    assert usd(VERTEX, model="standard", generate_audio=False) == pytest.approx(1.60)
    assert usd(VERTEX, model="lite", resolution="1080p", generate_audio=False) == pytest.approx(0.40)


def test_what_goes_on_from_a_clip_of_more_lines_costs_what_those_do():
    clip = Source(uri="gs://bucket/fox.mp4", key="job:3f2a/0", lines="4k")
    assert usd(VERTEX, model="standard", video=clip) == pytest.approx(7 * 0.60)


def test_a_model_without_a_known_price_has_no_estimate():
    assert quote(make_request(GEMINI, prompt="A fox."), GEMINI, ()).usd is None


@pytest.mark.parametrize(
    "fields", [{"duration_seconds": 4}, {"sample_count": 3}, {"video": "https://x.example/a"}]
)
def test_a_price_by_the_call_is_for_the_request_as_a_whole(fields):
    request = make_request(GEMINI, prompt="A fox.", model="fast", **fields)
    assert quote(request, GEMINI, [catalog.Price(usd_per_call=0.6)]).usd == 0.6


@given(st.floats(0, 100), st.sampled_from([4, 6, 8]), st.integers(1, 4))
def test_an_estimate_grows_with_the_price_the_seconds_and_the_samples(usd, seconds, samples):
    request = make_request(
        GEMINI, prompt="A fox.", model="fast", duration_seconds=seconds, sample_count=samples
    )
    found = quote(request, GEMINI, [catalog.Price(usd_per_second=usd)]).usd
    assert found == pytest.approx(usd * seconds * samples)


def test_googles_price_at_gptproto_says_so_and_is_none_for_a_budget():
    found = quote(make_request(GPTPROTO, prompt="A fox."), GPTPROTO)
    assert found.usd == pytest.approx(0.80)
    assert found.note == "Google's list price; GPTProto bills per call"
    assert found.firm is None
    own, _ = catalog.read_prices({"gptproto": {"fast": {"per_call": 0.9}}}, "your file")
    found = quote(make_request(GPTPROTO, prompt="A fox."), GPTPROTO, own)
    assert (found.usd, found.note, found.firm) == (0.9, "", 0.9)


def test_on_the_sandbox_a_clip_would_cost_what_google_says_and_a_budget_can_be_tried():
    for model, figure in (("veo-3.1-generate-preview", 3.20), ("veo-3.1-fast-generate-001", 0.80)):
        found = quote(make_request(SANDBOX, prompt="A fox.", model=model), SANDBOX)
        assert found.usd == pytest.approx(figure)
        assert found.note == ""
        assert found.firm == found.usd


def test_what_is_added_up_once_stays_right_when_a_provider_comes(monkeypatch):
    found = Charges(charge(day=f"2026-11-{day:02}", provider="another", jobs=day) for day in range(20, 0, -1))
    tables = found.tables()
    assert [(one.day, one.jobs) for one in tables[True]][6:] == [("2026-11-14", 14), ("2026-11, earlier", 91)]
    assert (tables[False], found.tables() is tables) == ((), True)
    another = replace(catalog.PROVIDERS["sandbox"], name="another")
    monkeypatch.setitem(catalog.PROVIDERS, "another", another)
    assert found.tables() == {True: (), False: tables[True]}
