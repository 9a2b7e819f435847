"""Axes multiplied or paired: every combination once, in the order in which the grid fills."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veo_nb.errors import InvalidRequest
from veo_nb.sweep.axes import Axis, Value
from veo_nb.sweep.combinations import count, expand, layout, pair


def axis(name: str, *labels: str) -> Axis:
    return Axis(name, tuple(Value(label, label) for label in labels))


ANIMAL, TIME, SEED = (
    axis("animal", "fox", "owl"),
    axis("time", "dawn", "noon", "dusk"),
    axis("seed", "1", "2"),
)


def labels(axes, zipped=(), rows=None, columns=None) -> list[str]:
    groups = pair(axes, zipped)
    found = expand(groups, *layout(groups, rows, columns))
    return [" ".join(value.label for value in one.values()) for one in found]


def test_two_axes_fill_the_grid_row_by_row():
    assert labels([ANIMAL, TIME]) == ["fox dawn", "fox noon", "fox dusk", "owl dawn", "owl noon", "owl dusk"]


def test_the_rows_and_columns_that_were_chosen_decide_the_order():
    assert labels([ANIMAL, TIME], rows="time") == [
        "fox dawn", "owl dawn", "fox noon", "owl noon", "fox dusk", "owl dusk",
    ]  # fmt: skip


def test_of_three_axes_the_grid_on_the_screen_is_filled_first():
    found = labels([ANIMAL, SEED, axis("model", "fast", "standard")])
    assert found[:4] == ["fox 1 fast", "fox 2 fast", "owl 1 fast", "owl 2 fast"]
    assert found[4] == "fox 1 standard"


def test_paired_axes_move_together():
    assert labels([ANIMAL, SEED], zipped=True) == ["fox 1", "owl 2"]
    assert labels([ANIMAL, TIME, SEED], zipped=("animal", "seed")) == [
        "fox 1 dawn", "fox 1 noon", "fox 1 dusk", "owl 2 dawn", "owl 2 noon", "owl 2 dusk",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "zipped", ["animal,seed", ("animal", "seed"), ["animal,seed"], [("animal", "seed")], [["animal", "seed"]]]
)
def test_pairs_may_be_written_in_several_ways(zipped):
    groups = pair([ANIMAL, TIME, SEED], zipped)
    assert [[one.name for one in group] for group in groups] == [["animal", "seed"], ["time"]]


def test_there_may_be_several_pairs():
    other = axis("model", "a", "b")
    groups = pair([ANIMAL, SEED, other, axis("image", "x", "y")], ["animal,seed", "model,image"])
    assert [[one.name for one in group] for group in groups] == [["animal", "seed"], ["model", "image"]]
    assert count(groups) == 4


@pytest.mark.parametrize(
    ("zipped", "words"),
    [
        (("animal", "time"), "Paired axes need as many values each: animal has 2, time has 3. Leave out zip, or add values."),
        (("animal", "sed"), "sed is neither a field of the request nor"),
        (("animal", "model"), "zip names model, which is no axis of this sweep."),
        (("animal", "animal"), "zip names animal twice."),
        (["animal,seed", "seed,time"], "zip names seed twice."),
        (("animal",), "zip pairs two axes or more."),
        ("animal", "zip pairs two axes or more."),
        (5, "zip pairs two axes or more."),
    ],
)  # fmt: skip
def test_what_cannot_be_paired_is_one_sentence(zipped, words):
    with pytest.raises(InvalidRequest) as caught:
        pair([ANIMAL, TIME, SEED], zipped)
    assert str(caught.value).startswith(words)


def test_one_axis_alone_cannot_be_paired():
    with pytest.raises(InvalidRequest, match="zip pairs two axes or more"):
        pair([ANIMAL], zipped=True)


@pytest.mark.parametrize(
    ("axes", "asked", "sides"),
    [
        ([ANIMAL], (None, None), (None, "animal")),
        ([ANIMAL], ("animal", None), ("animal", None)),
        ([ANIMAL, TIME], (None, None), ("animal", "time")),
        ([ANIMAL, TIME], ("time", None), ("time", "animal")),
        ([ANIMAL, TIME], (None, "animal"), ("time", "animal")),
        ([ANIMAL, TIME, SEED], (None, "animal"), ("time", "animal")),
        ([ANIMAL, TIME, SEED], ("seed", None), ("seed", "animal")),
        ([axis("aspect_ratio", "a")], ("aspect-ratio", None), ("aspect_ratio", None)),
    ],
)
def test_what_is_not_chosen_is_the_first_axis_that_is_free(axes, asked, sides):
    assert layout(pair(axes, ()), *asked) == sides


@pytest.mark.parametrize(
    ("rows", "columns", "words"),
    [
        ("animal", "animal", "rows and columns are the same axis."),
        ("animal", "seed", "rows and columns move together."),
        ("model", None, "rows is model, which is no axis of this sweep."),
        (
            None,
            "tiem",
            "tiem is neither a field of the request nor a {{tiem}} in the prompt. Did you mean time?",
        ),
    ],
)
def test_sides_that_cannot_be_are_refused(rows, columns, words):
    with pytest.raises(InvalidRequest) as caught:
        layout(pair([ANIMAL, TIME, SEED], ("animal", "seed")), rows, columns)
    assert str(caught.value).startswith(words)


def test_too_many_combinations_are_counted_and_not_made():
    many = [axis(name, *map(str, range(1000))) for name in "abcd"]
    with pytest.raises(
        InvalidRequest, match="make 1,000,000,000,000 combinations; a sweep takes 10,000 at most"
    ):
        expand(pair(many, ()), None, None)


AXES = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(
    lambda sizes: [axis(f"a{at}", *map(str, range(size))) for at, size in enumerate(sizes)]
)


@given(AXES, st.data())
def test_every_combination_is_there_once_and_neighbours_differ_in_the_columns(axes, data):
    names = [one.name for one in axes]
    rows = data.draw(st.none() | st.sampled_from(names))
    columns = data.draw(st.none() | st.sampled_from([name for name in names if name != rows] or [None]))
    groups = pair(axes, ())
    rows, columns = layout(groups, rows, columns)
    found = expand(groups, rows, columns)
    assert len({tuple((n, v.label) for n, v in one.items()) for one in found}) == count(groups) == len(found)
    assert count(groups) == math.prod(len(one.values) for one in axes)
    assert all([*one] == names for one in found)
    if columns is not None:
        width = len(next(one for one in axes if one.name == columns).values)
        for at, one in enumerate(found):
            assert int(one[columns].label) == at % width


@given(st.integers(1, 5), st.integers(2, 4))
def test_paired_axes_make_as_many_combinations_as_each_has_values(size, number):
    axes = [axis(f"a{at}", *map(str, range(size))) for at in range(number)]
    found = expand(pair(axes, zipped=True), None, None)
    assert [{value.label for value in one.values()} for one in found] == [{str(at)} for at in range(size)]
