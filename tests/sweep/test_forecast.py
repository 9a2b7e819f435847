"""What a sweep would cost and take, and when it has to be asked for twice; and how one stands that runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.test_job import make_job
from tests.world import PROVIDER
from veo_nb import catalog
from veo_nb.engine.job import Job
from veo_nb.engine.providers.latency import Latency
from veo_nb.engine.timing import seconds_in_all
from veo_nb.errors import InvalidRequest, VeoError
from veo_nb.request import make_request
from veo_nb.store.billing import Quote
from veo_nb.store.rows import State
from veo_nb.sweep.forecast import ASK_ABOVE, Asked, Forecast, ask, forecast
from veo_nb.sweep.summary import Summary, in_time, summarize

REQUEST = make_request(PROVIDER, prompt="A fox.")
ONE = Asked(request=REQUEST, quote=Quote(usd=1.2), latency=Latency.around(40.0), stored=False)


def found(*asked: Asked) -> Forecast:
    return forecast(asked, lambda _: (2, 10))


def test_what_is_there_costs_and_takes_nothing():
    answer = found(ONE, replace(ONE, stored=True), ONE)
    assert (answer.requests, answer.clips, answer.stored, answer.usd) == (2, 2, 1, 2.4)
    assert answer.seconds == pytest.approx(57.7, rel=0.01), (
        "what three of four are under: the slower one of two"
    )
    assert found(ONE).seconds == pytest.approx(40.0, rel=0.01)


def test_samples_are_clips_of_one_request():
    many = replace(ONE, request=make_request(PROVIDER, prompt="A fox.", sample_count=4))
    assert (found(many).requests, found(many).clips) == (1, 4)


@pytest.mark.parametrize(
    ("asked", "price"),
    [
        ([ONE, ONE], "about $2.40"),
        ([ONE, replace(ONE, quote=Quote())], "about $1.20 and 1 of unknown price"),
        ([replace(ONE, quote=Quote())], "price unknown"),
        ([replace(ONE, stored=True)], "about $0.00"),
        ([replace(ONE, quote=Quote(usd=1234.5))], "about $1,234.50"),
    ],
)
def test_the_price_says_what_is_not_known(asked, price):
    assert found(*asked).price == price


def test_up_to_the_threshold_nobody_is_asked():
    few, many = found(*[ONE] * ASK_ABOVE), found(*[ONE] * (ASK_ABOVE + 1))
    ask(few, confirmed=False)
    ask(many, confirmed=True)
    with pytest.raises(InvalidRequest) as caught:
        ask(many, confirmed=False)
    assert caught.value.message == "This sweep asks for 101 clips, about $121.20."
    assert "confirm=True goes ahead (--yes in a cell)" in caught.value.hint


# Time


@pytest.mark.parametrize(
    ("waiting", "most", "per_minute", "running", "seconds"),
    [
        ([], 2, 10, [], 0),
        ([40], 2, 10, [], 40),
        ([40, 40], 2, 10, [], 40),
        ([40, 40, 40], 2, 10, [], 80),
        ([40] * 11, 20, 10, [], 100),
        ([40], 2, 10, [5, 10], 45),
        ([40], 1, 10, [5, 10, 90], 130),
        ([], 2, 10, [5, 10], 10),
    ],
)
def test_the_last_clip_is_there_when_all_slots_and_minutes_were_used(
    waiting, most, per_minute, running, seconds
):
    assert seconds_in_all(waiting, most, per_minute, running) == seconds


@given(
    st.lists(st.floats(1, 100), max_size=30),
    st.integers(1, 9),
    st.integers(1, 60),
    st.lists(st.floats(0, 50), max_size=9),
)
def test_more_slots_or_a_higher_rate_never_take_longer(waiting, most, per_minute, running):
    usual = seconds_in_all(waiting, most, per_minute, running)
    assert usual >= max([*waiting, *running], default=0)
    assert usual >= sum(waiting) / max(most, len(running)) - 1e-6 or running
    assert seconds_in_all(waiting, most, per_minute + 5, running) <= usual + 1e-6


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "about 1 s"), (40, "about 40 s"), (170, "about 3 min"), (9000, "about 2.5 h")],
)
def test_a_time_is_said_roughly(seconds, words):
    assert in_time(seconds) == words


# A sweep that runs


def job(state: str, *, error: VeoError | None = None, **changes: object) -> Job:
    made = make_job()
    made.estimate = 1.2
    made._now = replace(made.now, state=State(state), latency=Latency.around(40.0), error=error, **changes)  # type: ignore[arg-type]
    return made


def summary(*jobs: Job, states: list[str] | None = None, **how: object) -> Summary:
    values: dict[str, object] = {
        "paused": False,
        "now": 1000.0,
        "allowed": lambda _: (2, 10),
        **how,
    }
    return summarize(states or [one.status for one in jobs], jobs, **values)  # type: ignore[arg-type]


def test_the_line_says_how_it_stands():
    answer = summary(
        job("succeeded", operation="op"),
        job("running", operation="op", submitted_at=990.0),
        job("queued"),
        job("queued"),
        job("blocked", operation="op", error=VeoError("You are not charged.")),
    )
    assert str(answer) == (
        "1 of 5 done · 1 generating · 2 waiting · 1 blocked · about 2 min left · about $2.40 so far of $6.00"
    )
    assert (answer.done, answer.running, answer.waiting, answer.total, answer.over) == (1, 1, 2, 5, False)


def test_forbidden_cells_are_none_of_those_to_be_made():
    answer = summary(job("succeeded", operation="op"), states=["succeeded", "forbidden", "forbidden"])
    assert str(answer) == "1 of 1 done · 2 can't be made · about $1.20"


def test_paused_nobody_knows_how_long():
    answer = summary(job("queued"), paused=True)
    assert (answer.seconds_left, str(answer)) == (
        None,
        "0 of 1 done · 1 paused · about $0.00 so far of $1.20",
    )


def test_cells_without_a_job_wait_as_well():
    answer = summary(states=["missing"], missing=[(PROVIDER, Latency.around(40.0), Quote(usd=1.2))])
    assert (answer.waiting, answer.usd_in_all) == (1, 1.2)
    assert answer.seconds_left == pytest.approx(40.0, rel=0.01)


def test_where_nothing_is_charged_it_says_what_it_would_cost():
    one = job("succeeded", operation="op")
    one.provider = catalog.PROVIDERS["sandbox"]
    assert str(summary(one)).endswith("· would cost about $1.20")
    # Beside one that is charged it is no money.
    assert str(summary(one, job("succeeded", operation="op"))).endswith("· about $1.20")


def test_a_price_that_is_not_known_is_not_made_up():
    one = job("running", operation="op", submitted_at=1000.0)
    one.estimate = None
    assert str(summary(one)) == "0 of 1 done · 1 generating · about 40 s left"


@pytest.mark.parametrize(("elapsed", "left"), [(0.0, 40.0), (40.0, 17.7), (400.0, 104.1)])
def test_what_is_left_is_what_half_take_of_those_that_are_not_ready_yet(elapsed, left):
    answer = summary(job("running", operation="op", submitted_at=1000.0 - elapsed))
    assert answer.seconds_left == pytest.approx(left, rel=0.01)
    assert summary(job("downloading", operation="op", submitted_at=1000.0 - elapsed)).seconds_left == 1.0


@pytest.mark.parametrize(
    ("state", "more", "costs"),
    [
        ("queued", {}, False),
        ("running", {"operation": "op"}, True),
        ("uncertain", {"error": VeoError("x")}, True),
        ("blocked", {"operation": "op", "error": VeoError("You are not charged.")}, False),
        ("failed", {"operation": "op", "error": VeoError("the way broke")}, True),
        ("failed", {"error": VeoError("x", hint="refused")}, False),
    ],
)
def test_the_cost_so_far_is_what_was_sent_and_may_be_charged(state, more, costs):
    """By the rule of the bill; what only waits has cost nothing yet."""
    found = summary(job(state, **more))
    assert bool(found.usd_so_far) is costs
