"""How long a clip takes, as far as is known, and when it pays to look."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veo_nb.engine.providers.latency import (
    LONGEST,
    SHORTEST,
    Latency,
    evenly,
    learn,
    look_pause,
    with_progress,
)

SECONDS = st.floats(0.5, 3600.0)
PAST = st.lists(SECONDS, max_size=20)
ANY = st.builds(learn, PAST, PAST, st.floats(5.0, 300.0))
"""Whatever was learnt."""


def test_before_any_clip_the_catalog_says_it():
    known = learn([], [], 45.0)
    assert known.usual == pytest.approx(45.0, rel=0.01)
    assert known.quantile(0.9) == pytest.approx(45.0 * 9 ** (1 / 3), rel=0.02)


def test_clips_of_the_past_move_it_whatever_the_odd_ones_took():
    few, many = learn([20.0] * 3, [], 60.0), learn([20.0] * 40 + [900.0], [], 60.0)
    assert 20.0 < few.usual < 60.0
    assert many.usual == pytest.approx(20.0, rel=0.1)
    assert many.slope > few.slope, "it is surer"


def test_clips_of_another_kind_count_until_there_are_some_like_it():
    assert learn([], [20.0] * 40, 60.0).usual == pytest.approx(20.0, rel=0.15)
    assert learn([50.0] * 40, [20.0] * 40, 60.0).usual == pytest.approx(50.0, rel=0.1)


@given(ANY, SECONDS, st.floats(0.01, 0.98))
def test_more_is_ready_later_and_never_at_once(known, elapsed, share):
    assert 0.0 < known.rest(elapsed, share) < known.rest(elapsed, share + 0.01)


@given(ANY, SECONDS, st.floats(0.0, 5.0))
def test_the_rest_does_not_jump(known, elapsed, passed):
    """What was said to be ready at a moment is not said to be ready much sooner a while later."""
    before, after = elapsed + known.rest(elapsed), elapsed + passed + known.rest(elapsed + passed)
    assert after >= before - 1e-6 * before
    assert after - before <= 2 * passed + 1e-6 * before


@given(ANY, SECONDS, st.floats(0.02, 2.0))
def test_a_look_lies_ahead_and_sooner_the_more_it_is_worth(known, elapsed, worth):
    soon, late = (known.next_look(elapsed, one) for one in (worth / 2, worth))
    assert elapsed < soon < late


@given(ANY, st.floats(-1e6, 1e9), st.integers(0, 1000), st.floats(0, 1))
def test_a_look_comes_within_seconds_but_never_in_a_rush_whatever_the_clock_does(
    known, elapsed, count, chance
):
    assert 0.9 * SHORTEST <= look_pause(known, elapsed, count, chance) <= 1.1 * LONGEST


@given(ANY, SECONDS)
def test_of_many_each_is_looked_at_less_often(known, elapsed):
    pauses = [look_pause(known, elapsed, count, 0.5) for count in (1, 3, 11, 500)]
    assert pauses == sorted(pauses)
    assert pauses[-2] == pauses[-1], "and no less than a loop of ten seconds would"


def looks(known: Latency, ready: float, at_once: int) -> tuple[int, float]:
    """How often one asks until it is ready, and how late the last look is."""
    at, count = 0.0, 0
    while at < ready:
        at += look_pause(known, at, at_once, 0.5)
        count += 1
    return count, at - ready


def test_looks_lie_as_densely_as_the_root_of_the_hazard():
    """Then a look and the delay that it saves are worth the same everywhere: no schedule does better."""
    known = Latency.around(60.0)
    for at in (40.0, 60.0, 100.0):
        left, ready = known._survival(at)
        pause = known.next_look(at, 0.01) - at
        assert pause == pytest.approx(math.sqrt(2 * 0.01 * left / ready), rel=0.05)


@pytest.mark.parametrize(("at_once", "sooner", "dearer"), [(1, 0.5, 2.6), (10, 0.98, 1.05)])
def test_of_clips_that_are_as_usual_it_is_sooner_than_a_loop_of_ten_seconds(at_once, sooner, dearer):
    """And with several at once, with no more looks."""
    chance, known = random.Random(7), Latency.around(60.0)
    times = [known.quantile(chance.uniform(0.02, 0.98)) for _ in range(500)]
    ours = [looks(known, ready, at_once) for ready in times]
    loop = [(math.ceil(ready / 10), 10 * math.ceil(ready / 10) - ready) for ready in times]
    assert sum(late for _, late in ours) < sooner * sum(late for _, late in loop)
    assert sum(count for count, _ in ours) < dearer * sum(count for count, _ in loop)


def test_a_clip_that_is_far_over_is_looked_at_seldom():
    known = Latency.around(45.0)
    assert looks(known, 3600.0, 1)[0] < 500
    assert look_pause(known, 3600.0, 10, 0.5) == LONGEST


def test_a_progress_that_is_told_is_believed_by_half():
    known = learn([], [], 60.0)
    assert 60.0 < with_progress(known, 60.0, 0.4).usual < 150.0
    assert with_progress(known, 6.0, 0.4).usual < 60.0


@pytest.mark.parametrize(
    ("elapsed", "share"), [(0.0, 0.4), (-5.0, 0.4), (20.0, 0.0), (20.0, 0.01), (20.0, 1.0)]
)
def test_a_progress_that_says_nothing_changes_nothing(elapsed, share):
    known = learn([], [], 60.0)
    assert with_progress(known, elapsed, share) is known


@given(st.integers(0, 60))
def test_shares_are_spread_evenly(count):
    assert sorted(evenly(count)) == pytest.approx([(rank + 0.5) / count for rank in range(count)])
    assert all(
        before < after
        for before, after in zip(sorted(evenly(count)), sorted(evenly(count))[1:], strict=False)
    )
