"""Schedules: how long until the next try, the next look, the next request."""

from __future__ import annotations

import math
from email.utils import formatdate

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from veo_nb.api.retry import LONGEST_PAUSE, backoff, rate_pause, retry_after

CHANCE = st.floats(0, 1)
NOW = 1795341600.0

# ---- after a failure


def test_each_pause_is_twice_the_last_up_to_half_a_minute():
    assert [backoff(attempt, 1.0) for attempt in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_the_bounds_may_be_others():
    assert [backoff(attempt, 1.0, first=0.5, longest=1.5) for attempt in range(4)] == [0.5, 1, 1.5, 1.5]


@given(st.integers(0, 10**9), CHANCE)
def test_a_pause_is_spread_over_its_upper_half(attempt, chance):
    full = backoff(attempt, 1.0)
    assert full / 2 <= backoff(attempt, chance) <= full <= 30


def test_jobs_that_failed_together_come_back_apart():
    assert len({backoff(3, step / 50) for step in range(50)}) == 50


# ---- Retry-After


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("60", 60.0),
        ("3600", LONGEST_PAUSE),
        ("-5", 0.0),
        ("1e400", LONGEST_PAUSE),
        ("inf", LONGEST_PAUSE),
        ("Sun, 22 Nov 2026 10:00:09 GMT", 9.0),
        ("Sun, 22 Nov 2026 10:00:09", 9.0),
        ("Sun, 22 Nov 2026 11:00:09 +0100", 9.0),
        ("Sun, 22 Nov 2026 09:00:00 GMT", 0.0),
        ("Sun, 22 Nov 2099 10:00:00 GMT", LONGEST_PAUSE),
        ("", None),
        (None, None),
        ("soon", None),
        ("nan", None),
        ("Sun, 99 Nov 2026 10:00:00 GMT", None),
        ("Fri, 01 Jan 999999999999 00:00:00 GMT", None),
    ],
)
def test_a_server_says_how_long_in_seconds_or_by_a_date(header, seconds):
    assert retry_after(header, NOW) == seconds


@given(st.floats(0, 59))
def test_a_date_means_the_time_until_then(ahead):
    found = retry_after(formatdate(NOW + ahead, usegmt=True), NOW)
    assert found is not None
    assert abs(found - ahead) <= 1


@given(
    st.text()
    | st.from_regex(r"\A\w{3}, -?\d{1,9} \w{3} -?\d{1,12} \d+:\d+:\d+ [+-]?\w{1,9}\Z")
    | st.from_regex(r"\A[-+0-9._eE]+\Z")
)
@example("9" * 5000)
@example(", ")
@example("Sun, 22 Nov 2026 10:00:09 +99999999999999999999")
def test_any_header_gives_a_bearable_pause_or_none(header):
    found = retry_after(header, NOW)
    assert found is None or 0 <= found <= LONGEST_PAUSE


# ---- the next request


@pytest.mark.parametrize(
    ("sent", "pause"),
    [
        ([], 0.0),
        ([100.0], 0.0),
        ([70.0, 90.0], 30.0),
        ([60.0, 70.0, 90.0], 30.0),
        ([40.0, 90.0], 0.0),
        ([90.0, 70.0], 30.0),
        ([100.0, 100.0], 60.0),
    ],
)
def test_two_a_minute(sent, pause):
    assert rate_pause(sent, 2, now=100.0) == pause


MOMENTS = st.lists(st.integers(0, 200_000).map(lambda tick: tick / 1000), max_size=40)


@given(MOMENTS, st.integers(1, 12), st.integers(0, 200_000).map(lambda tick: tick / 1000))
def test_after_the_pause_one_more_fits_and_not_sooner(sent, limit, now):
    pause = rate_pause(sent, limit, now)
    assert 0 <= pause <= 60 + 1e-9
    past = [moment for moment in sent if moment <= now]

    def recent(then: float) -> int:
        return sum(1 for moment in past if moment > then - 60)

    assert recent(now + pause + 1e-6) < limit
    if pause > 1e-3:
        assert recent(now + pause - 1e-3) >= limit


def test_a_thousand_requests_keep_the_limit():
    now = 0.0
    sent: list[float] = []
    for _ in range(100):
        while (pause := rate_pause(sent, 10, now)) > 0:
            now += pause
        sent.append(now)
    assert math.isclose(now, 9 * 60, abs_tol=1e-6)
    assert all(sent[i + 10] - sent[i] >= 60 - 1e-9 for i in range(90))
