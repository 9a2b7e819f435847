"""The axes of a sweep, as a person writes them: each gives values with labels, or one sentence on what to do."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from veo_nb import catalog
from veo_nb.errors import InvalidRequest
from veo_nb.sweep.axes import (
    MOST_VALUES,
    SETTABLE,
    Axis,
    Value,
    axis_name,
    read_axes,
    split_axis,
)

PROMPT = "A {{animal}} at {{time}}, {{style}}."


def read(text: object, name: str = "animal", prompt: str | None = PROMPT, **names: object):
    """The labels and values of one axis."""
    (axis,) = read_axes([(name, text)], prompt, names)
    return {value.label: value.value for value in axis.values}


def refusal(*pairs: tuple[str, object], prompt: str | None = PROMPT, names=None) -> str:
    with pytest.raises(InvalidRequest) as caught:
        read_axes(pairs, prompt, {} if names is None else names)
    return str(caught.value)


# Text, as in a cell


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("fox,owl", {"fox": "fox", "owl": "owl"}),
        (" fox , an  owl ", {"fox": "fox", "an owl": "an  owl"}),
        ("fox, in snow || owl", {"fox, in snow": "fox, in snow", "owl": "owl"}),
        ("fox, in snow ||", {"fox, in snow": "fox, in snow"}),
        ("noir=black and white, hard light || soft=pastel", {"noir": "black and white, hard light", "soft": "pastel"}),
        ("plain= || noir=hard light", {"plain": "", "noir": "hard light"}),
        ("my style 2=a=b", {"my style 2": "a=b"}),
        ("=a = b, =c", {"a = b": "a = b", "c": "c"}),
        ("1,2,...,5", {"1": "1", "2": "2", "3": "3", "4": "4", "5": "5"}),
        ("1,2,…,4", {"1": "1", "2": "2", "3": "3", "4": "4"}),
        ("0.1 || 0.2 || ... || 0.4", {"0.1": "0.1", "0.2": "0.2", "0.3": "0.3", "0.4": "0.4"}),
        ("https://x.y/z?a=b", {"https://x.y/z?a=b": "https://x.y/z?a=b"}),
        ("fox", {"fox": "fox"}),
    ],
)  # fmt: skip
def test_a_text_holds_values(text, values):
    assert read(text) == values


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        ("seed", "1,2,...,4", {"1": 1, "2": 2, "3": 3, "4": 4}),
        ("duration", "4,8s", {"4": 4, "8": 8}),
        ("take", "1,2", {"1": 1, "2": 2}),
        ("enhance-prompt", "yes,no", {"yes": True, "no": False}),
        ("aspect_ratio", "16:9,9:16", {"16:9": "16:9", "9:16": "9:16"}),
        ("image", "in/fox.png,owl.png", {"fox.png": "in/fox.png", "owl.png": "owl.png"}),
        ("seed", "many", {"many": "many"}),
        ("model", "quick=fast,best=standard", {"quick": "fast", "best": "standard"}),
    ],
)
def test_a_field_gets_the_values_that_it_takes(name, text, values):
    found = read(text, name)
    assert found == values
    assert [type(one) for one in found.values()] == [type(one) for one in values.values()]


def test_images_of_one_name_from_two_folders_are_told_apart():
    assert list(read("a/fox.png,b/fox.png,c/fox.png", "image")) == ["fox.png", "fox.png (2)", "fox.png (3)"]


@pytest.mark.parametrize(
    ("names", "values"),
    [
        ({"animals": ["fox", "owl"]}, {"fox": "fox", "owl": "owl"}),
        ({"animals": ("a,b", "c || d")}, {"a,b": "a,b", "c || d": "c || d"}),
        ({"animals": {"red": "a red fox", "night": "an owl"}}, {"red": "a red fox", "night": "an owl"}),
        ({"animals": pd.Series(["fox", "owl"])}, {"fox": "fox", "owl": "owl"}),
        ({"animals": range(2)}, {"0": 0, "1": 1}),
    ],
)
def test_a_list_of_the_notebook_is_taken_as_it_is(names, values):
    assert read("@animals", **names) == values


# Python


def test_in_python_a_list_stands_for_itself_and_a_dict_names_its_values():
    assert read(["a=b", "c,d"]) == {"a=b": "a=b", "c,d": "c,d"}
    assert read({"noir": "hard light"}) == {"noir": "hard light"}
    assert read([1, 2, ..., 4], "seed") == {"1": 1, "2": 2, "3": 3, "4": 4}
    assert read([Value("one", 1)], "seed") == {"one": 1}
    assert read(np.arange(2), "seed") == {"0": 0, "1": 1}
    assert read([True, None], "enhance_prompt") == {"on": True, "none": None}


def test_images_are_named_by_their_file_or_their_place(tmp_path):
    path = tmp_path / "fox.png"
    Image.new("RGB", (8, 8)).save(path)
    with Image.open(path) as opened:
        given = [path, opened, Image.new("RGB", (8, 8)), np.zeros((8, 8, 3)), b"\x89PNG"]
        labels = [*read(given, "image")]
    assert labels == ["fox.png", "fox.png (2)", "image 3", "image 4", "image 5"]
    assert [*read([[path, Path("owl.png")]], "reference")] == ["fox.png + owl.png"]


def test_a_stack_of_images_is_a_list_and_one_image_is_not():
    assert [*read(np.zeros((2, 8, 8, 3)), "image")] == ["image 1", "image 2"]
    assert "The axis image is ndarray, not a list of values." in refusal(("image", np.zeros((8, 8, 3))))


# Names


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("animal", "animal"),
        ("aspect_ratio", "aspect_ratio"),
        ("aspect-ratio", "aspect_ratio"),
        ("--aspect-ratio", "aspect_ratio"),
        ("duration", "duration_seconds"),
        ("samples", "sample_count"),
        ("reference", "reference_images"),
        ("take", "take"),
        ("prompt", "prompt"),
    ],
)
def test_an_axis_is_a_field_its_option_or_a_variable(typed, name):
    assert axis_name(typed, ("animal",)) == name


def test_a_variable_goes_before_an_option_of_the_same_name():
    assert axis_name("duration", ("duration",)) == "duration"


def test_variables_in_whole_prompts_can_be_axes_too():
    axes = read_axes([("x", "1,2"), ("prompt", ["A {{x}}.", "B."])], None)
    assert [axis.name for axis in axes] == ["x", "prompt"]


# Refused


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        (("animl", "fox"), "animl is neither a field of the request nor a {{animl}} in the prompt. Did you mean animal?"),
        (("durtion", "4"), "durtion is neither a field of the request nor a {{durtion}} in the prompt. Did you mean duration?"),
        (("animal", ""), "The axis animal has no values."),
        (("animal", "||"), "The axis animal has an empty value."),
        (("animal", []), "The axis animal has no values."),
        (("animal", {}), "The axis animal has no values."),
        (("animal", "fox,,owl"), "The axis animal has an empty value. Name it to keep it empty: plain="),
        (("animal", "fox,owl,fox"), "The axis animal has 'fox' twice."),
        (("seed", [1, 1]), "The axis seed has '1' twice. For another sample of it make take an axis: take=1,2."),
        (("animal", "a=x,a=y"), "The axis animal has 'a' twice."),
        (("image", "a/fox.png,a/fox.png"), "The axis image has 'fox.png' twice."),
        (("animal", "@nothing"), "@nothing is not defined in this notebook. Set it in a cell above: nothing = […]"),
        (("animal", "@lsit"), "@lsit is not defined in this notebook. Did you mean list?"),
        (("animal", "@"), "@ is not defined in this notebook."),
        (("animal", "@number"), "@number is int, not a list of values."),
        (("animal", "@text"), "@text is a text, not a list of values. Make it a list: text = […]"),
        (("animal", "@empty"), "The axis animal has no values."),
        (("animal", 5), "The axis animal is int, not a list of values."),
        (("animal", {"fox"} | {"owl"}), "The axis animal is set, not a list of values (a set has no order)."),
        (("image", b"\x89PNG"), "The axis image is bytes, not a list of values."),
        (("image", Path("fox.png")), "The axis image is PosixPath, not a list of values."),
        (("seed", itertools.count()), "The axis seed has more than 10,000 values."),
        (("seed", "1,2,...,99999999"), "The axis seed would get 99,999,997 values"),
        (("seed", pd.DataFrame({"a": [1]})), "The axis seed is DataFrame, not a list of values."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_axis_is_one_sentence(pair, words):
    names = {"number": 5, "text": "a,b", "list": [1], "empty": []}
    assert refusal(pair, names=names).startswith(words)


def test_in_python_there_is_no_notebook_to_read_from():
    with pytest.raises(InvalidRequest, match=r"@animals is for a cell\. In Python give the list itself\."):
        read_axes([("animal", "@animals")], PROMPT)


def test_no_axis_and_the_same_axis_twice_are_refused():
    assert refusal().startswith("A sweep needs an axis.")
    assert refusal(("duration", "4"), ("duration_seconds", "8")).startswith(
        "The axis duration_seconds comes twice."
    )
    assert refusal(("seed", "1"), ("seed", "2")).startswith("The axis seed comes twice.")


@pytest.mark.parametrize("text", ["animal", "", "=fox", " =fox"])
def test_a_text_without_a_name_is_refused(text):
    with pytest.raises(
        InvalidRequest, match=r"names no axis and its values\. Write --sweep NAME=VALUE,VALUE\."
    ):
        split_axis(text)


def test_the_first_equals_sign_divides():
    assert split_axis(" style = noir=hard light") == ("style", " noir=hard light")


# Any text at all


def outcome(name: str, text: str) -> Axis | InvalidRequest:
    try:
        return read_axes([(name, text)], PROMPT, {"a": [1]})[0]
    except InvalidRequest as error:
        return error


NAMES = (
    st.sampled_from([*SETTABLE, *(item.flag for item in catalog.FIELDS if item.flag), "take", "animal"])
    | st.text()
)


@given(
    NAMES,
    st.text() | st.lists(st.sampled_from(["1", "2", "...", ",", "||", "=", "@", "a", " "])).map("".join),
)
@example("seed", "1,2,...,1e9999")
@example("seed", "\u0663,...,\u0665")
@example("animal", "||||")
def test_any_text_gives_distinct_labels_or_one_sentence(name, text):
    found = outcome(name, text)
    if isinstance(found, InvalidRequest):
        assert found.message.endswith(".")
        assert "\n" not in found.message or "\n" in name + text
    else:
        assert found.name in {*SETTABLE, "take", "animal", "time", "style"}
        assert 0 < len(found.values) <= MOST_VALUES
        assert len({*found.labels}) == len(found.labels)


WORDS = st.text(
    st.characters(
        codec="utf-8",
        exclude_characters=f"{catalog.COMMAS}|｜=＝@.。…⋯",
        exclude_categories=["Cc", "Cf", "Zs", "Zl", "Zp"],
    ),
    min_size=1,
)


@given(st.lists(WORDS, min_size=1, unique=True), st.sampled_from([",", " , ", "||", " || "]))
def test_what_is_joined_is_taken_apart_again(words, between):
    assert [*read(between.join(words)).values()] == words


@given(
    st.lists(
        st.tuples(st.integers(0, 99).map("n{}".format), st.text("abc, =")),
        min_size=2,
        unique_by=lambda one: one[0],
    )
)
def test_named_values_keep_their_names_and_may_hold_commas(pairs):
    text = " || ".join(f"{name}={value}" for name, value in pairs)
    assert read(text) == {name: value.strip() for name, value in pairs}


# From any keyboard


@pytest.mark.parametrize("comma", [*catalog.COMMAS])
def test_any_comma_separates(comma):
    assert [*read(f"fox{comma}owl {comma}stag")] == ["fox", "owl", "stag"]
    assert [*read(f"fox{comma}owl || stag")] == [f"fox{comma}owl", "stag"]


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        ("animal", "黑白＝black and white，柔和=pastel", {"黑白": "black and white", "柔和": "pastel"}),
        ("animal", "शाम=evening, रात=night", {"शाम": "evening", "रात": "night"}),
        ("animal", "gro\u0308ße=tall,klein=small", {"gro\u0308ße": "tall", "klein": "small"}),
        ("animal", "狐狸｜｜猫头鹰，白", {"狐狸": "狐狸", "猫头鹰，白": "猫头鹰，白"}),
        ("animal", "\u200ffox\u200f،\u00a0owl\ufeff", {"fox": "fox", "owl": "owl"}),
        ("seed", "１，２，……，５", {str(n): n for n in range(1, 6)}),
        ("seed", "٨،٩", {"8": 8, "9": 9}),
        ("aspect-ratio", "９：１６，16:9", {"9:16": "9:16", "16:9": "16:9"}),
        ("duration", "４s，８ｓ", {"4": 4, "8": 8}),
        ("enhance-prompt", "ｙｅｓ，no", {"yes": True, "no": False}),
    ],
)
def test_what_a_keyboard_of_another_language_types_is_read(name, text, values):
    assert read(text, name) == values


@pytest.mark.parametrize("typed", ["größe", "gro\u0308ße", " \u200fgröße\u00a0"])
@pytest.mark.parametrize("written", ["größe", "gro\u0308ße"])
def test_a_variable_is_the_same_in_whatever_form_it_is_typed(typed, written):
    (axis,) = read_axes([split_axis(f"{typed}=1，2")], f"{{{{{written}}}}}")
    assert (axis.name, axis.labels) == ("größe", ("1", "2"))


def test_a_list_is_found_by_any_name_and_inside_of_a_value():
    names: Any = {"größen": ["klein"], "all": {"light": ("dawn", "dusk")}}
    assert [*read("@gro\u0308ßen", **names)] == ["klein"]
    assert [*read('@all["light"]', **names)] == ["dawn", "dusk"]
    assert 'dict has no ["lihgt"]. Did you mean light?' in refusal(("animal", '@all["lihgt"]'), names=names)
