"""What a prompt is taken to say."""

from __future__ import annotations

import pytest

from veo_nb.sandbox.reading import FIGURES, read_prompt


def test_what_is_not_wanted_is_left_out():
    assert read_prompt("a lake in the rain").weather == "rain"
    assert read_prompt("a lake in the rain", avoid="rain").weather != "rain"
    for number in range(40):
        assert read_prompt(f"take {number}", avoid="sea, night").place != "sea"
        assert read_prompt(f"take {number}", avoid="sea, night").time != "night"


@pytest.mark.parametrize(
    ("text", "place", "time", "weather"),
    [
        ("A lake at dawn", "lake", "dawn", None),
        ("Waves on a BEACH, sunset; rain", "sea", "dusk", "rain"),
        ("a castle in a blizzard", "mountains", None, "snow"),
        ("a campfire", "forest", None, "embers"),
    ],
)
def test_its_words_name_place_light_and_weather(text, place, time, weather):
    found = read_prompt(text)
    assert (found.place, found.timed) == (place, time is not None)
    assert time in (None, found.time)
    assert weather in (None, found.weather)
    assert found.snowy == (weather == "snow")


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_who_is_named_is_at_home_where_no_place_is_named(figure):
    for word in figure.words.split():
        assert read_prompt(f"A {word}").place == figure.home or not figure.home


def test_what_is_left_open_is_drawn_from_the_words_and_always_the_same():
    places = {read_prompt(f"take {number}").place for number in range(40)}
    assert len(places) > 3
    assert {read_prompt("take 7").light.haze for _ in range(3)} == {read_prompt("take 7").light.haze}
