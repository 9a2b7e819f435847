"""A sweep before anything is sent: each cell a request or a reason, and all that is wrong said in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.world import PROVIDER
from veo_nb.errors import InvalidRequest
from veo_nb.media import picture
from veo_nb.request import VideoRequest, make_request
from veo_nb.sweep.plan import Plan, make_plan
from veo_nb.sweep.template import variables

PROMPT = "A {{animal}} at {{time}}."


def make(prompt: str, take: Any, fields: Mapping[str, Any], *, several: bool) -> VideoRequest:
    if take not in range(1, 100) or isinstance(take, bool):
        raise InvalidRequest(f"take can't be {take!r}.")
    return make_request(PROVIDER, prompt=prompt, **fields)


def plan(prompt: str | None = PROMPT, axes: Any = None, **how: Any) -> Plan:
    known = ("zipped", "rows", "columns", "take", "same")
    fixed = {name: how.pop(name) for name in [*how] if name not in known}
    given_axes = {"animal": ["fox", "owl"], "time": ["dawn"]} if axes is None else axes
    return make_plan(make, prompt=prompt, axes=given_axes, fixed=fixed, **how)


def prompts(found: Plan) -> list[str]:
    return [cell.request.prompt for cell in found.cells if cell.request]


def refusal(prompt: str | None = PROMPT, axes: Any = None, **how: Any) -> str:
    with pytest.raises(InvalidRequest) as caught:
        plan(prompt, axes, **how)
    return str(caught.value)


# Cells


def test_variables_are_filled_in_and_fields_set():
    found = plan(
        axes={"animal": ["fox", "owl"], "aspect_ratio": ["16:9", "9:16"]}, time="dawn", resolution="720p"
    )
    assert prompts(found) == ["A fox at dawn.", "A fox at dawn.", "A owl at dawn.", "A owl at dawn."]
    assert [c.request.aspect_ratio for c in found.cells if c.request] == ["16:9", "9:16"] * 2
    assert {c.request.resolution for c in found.cells if c.request} == {"720p"}
    assert (found.rows, found.columns) == ("animal", "aspect_ratio")


def test_a_named_value_goes_into_the_prompt_by_what_it_is():
    found = plan("A fox, {{style}}.", {"style": "noir=black and white, hard light || plain="})
    assert prompts(found) == ["A fox, black and white, hard light.", "A fox, ."]
    assert [axis.labels for axis in found.axes] == [("noir", "plain")]


def test_a_value_is_put_in_as_it_is():
    assert prompts(plan("{{a}} {{b}}", {"a": ["{{b}}"], "b": ["x"]})) == ["{{b}} x"]


def test_whole_prompts_are_an_axis_with_variables_of_their_own():
    axes = {"prompt": ["A {{animal}}.", "B."], "animal": ["fox", "owl"]}
    assert prompts(plan(None, axes)) == ["A fox.", "A owl.", "B.", "B."]
    assert prompts(plan("{{prompt}} At night.", axes))[:2] == ["A fox. At night.", "A owl. At night."]


def test_a_field_that_is_named_in_the_prompt_is_there_as_well():
    assert prompts(plan("Seed {{seed}}, {{resolution}}.", {"seed": [1, 2]}, resolution="720p")) == [
        "Seed 1, 720p.", "Seed 2, 720p.",
    ]  # fmt: skip


def test_the_notebooks_value_for_a_name_is_no_field():
    found = plan("A {{model}} {{animal}}.", {"animal": ["fox"]}, same={"model": "toy"})
    assert prompts(found) == ["A toy fox."]


def test_takes_make_several_samples_of_one_request():
    found = plan("A fox.", {"take": np.arange(1, 4)})
    assert [cell.take for cell in found.cells] == [1, 2, 3]
    assert all(type(cell.take) is int for cell in found.cells)
    assert [cell.take for cell in plan("A fox.", {"seed": [1]}, take=2).cells] == [2]


def test_each_image_is_read_once(tmp_path, monkeypatch):
    for name in ("fox", "owl", "end"):
        Image.new("RGB", (32, 18), "red").save(tmp_path / f"{name}.png")
    read: list[str] = []
    real = picture._file_bytes

    def watched(path: Path) -> bytes:
        read.append(path.name)
        return real(path)

    monkeypatch.setattr(picture, "_file_bytes", watched)
    axes = {"image": [tmp_path / "fox.png", str(tmp_path / "owl.png")], "seed": range(5)}
    found = plan("A walk.", axes, last_frame=tmp_path / "end.png")
    assert sorted(read) == ["end.png", "fox.png", "owl.png"]
    assert {c.request.image.name for c in found.cells if c.request and c.request.image} == {
        "fox.png",
        "owl.png",
    }


def test_none_leaves_a_field_out():
    found = plan("A walk.", {"image": [None, Image.new("RGB", (32, 18))]})
    assert [cell.request.image is None for cell in found.cells if cell.request] == [True, False]
    assert found.axes[0].labels == ("none", "image 2")


# What can't be made


def test_a_forbidden_combination_is_an_empty_cell_with_its_reason():
    found = plan("A fox.", {"resolution": ["720p", "1080p"], "duration": [4, 8]})
    reasons = {tuple(v.label for v in c.values.values()): c.reason for c in found.cells if c.request is None}
    assert reasons == {("1080p", "4"): "1080p needs an 8 second clip; you asked for 4."}


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"axes": {"resolution": ["720p", "8k"], "seed": [1]}, "prompt": "A fox."},
         "Nothing can be made with resolution 8k: resolution can't be '8k'. Veo 3.1 Fast takes 720p, 1080p or 4k."),
        ({"axes": {"resolution": ["720p", "1080p"]}, "prompt": "A fox.", "duration_seconds": 4},
         "Nothing can be made with resolution 1080p: 1080p needs an 8 second clip; you asked for 4."),
        ({"axes": {"seed": [1, 2]}, "prompt": "A fox.", "resolution": "8k"}, "resolution can't be '8k'."),
        ({"axes": {"image": ["none.png", None]}, "prompt": "A fox."},
         "Nothing can be made with image none.png: There is no image file none.png."),
        ({"axes": {"take": [0, 1]}, "prompt": "A fox."}, "Nothing can be made with take 0: take can't be 0."),
        ({"axes": {"animal": ["", "fox"]}, "prompt": "{{animal}}"}, "Nothing can be made with animal : The prompt is empty."),
        ({"axes": {"animal": ["fox"]}}, "{{time}} in the prompt has no value."),
        ({"axes": {"tiem": ["dawn"], "animal": ["fox"]}}, "tiem is neither a field of the request nor a {{tiem}} in the prompt. Did you mean time?"),
        ({"colour": "red"}, "colour is neither a field of the request nor a {{colour}} in the prompt."),
        ({"axes": {"animal": ["fox"], "time": ["dawn"], "seed": [1]}, "seed": 3}, "seed is set, and is an axis as well."),
        ({"axes": {"animal": ["fox"], "time": ["dawn"], "take": [1]}, "take": 3}, "take is set, and is an axis as well."),
        ({"prompt": None, "axes": {"seed": [1]}}, "The prompt is empty. Write one, or make prompt an axis."),
        ({"prompt": " ", "axes": {"seed": [1]}}, "The prompt is empty."),
        ({"prompt": "A fox.", "axes": {"prompt": ["B."]}}, "The prompt is given, and is an axis as well."),
        ({"zipped": ("animal", "time")}, "Paired axes need as many values each: animal has 2, time has 1."),
        ({"axes": {}}, "A sweep needs an axis."),
        ({"rows": "seed"}, "rows is seed, which is no axis of this sweep."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence(how, words):
    assert refusal(**how).startswith(words)


# What makes it this sweep


def identity(prompt: str | None = PROMPT, axes: Any = None, provider: str = "gptproto", **how: Any) -> str:
    return plan(prompt, axes, **how).identity(provider)


def test_another_value_or_another_layout_is_the_same_sweep():
    one = identity()
    assert identity(axes={"animal": ["fox", "owl", "bear"], "time": ["dawn"]}) == one
    assert identity(axes={"time": ["noon"], "animal": ["bear"]}) == one
    assert identity(rows="time") == one
    assert identity(model="fast") == one


@pytest.mark.parametrize(
    "how",
    [
        {"prompt": "An {{animal}} at {{time}}."},
        {"axes": {"animal": ["fox", "owl"]}, "time": "dawn"},
        {"axes": {"animal": ["fox"], "time": ["dawn"], "seed": [1]}},
        {"provider": "sandbox"},
        {"model": "standard"},
        {"resolution": "1080p"},
        {"take": 2},
        {"image": Image.new("RGB", (32, 18))},
    ],
)
def test_another_prompt_setting_axis_or_provider_is_another_sweep(how):
    assert identity(**how) != identity()


def test_a_fixed_image_counts_by_what_is_in_it(tmp_path):
    red, blue = Image.new("RGB", (32, 18), "red"), Image.new("RGB", (32, 18), "blue")
    red.save(tmp_path / "a.png")
    assert identity(image=red) == identity(image=tmp_path / "a.png")
    assert identity(image=red) != identity(image=blue)


def test_values_that_stay_the_same_count_too():
    axes = {"animal": ["fox"]}
    assert identity(axes=axes, time="dawn") != identity(axes=axes, time="dusk")


# Any axes at all

VALUES = st.lists(
    st.text("ab {}", min_size=1), min_size=1, max_size=3, unique_by=lambda text: " ".join(text.split())
)


@given(
    st.dictionaries(st.sampled_from(["x", "y", "z"]), VALUES, min_size=1),
    st.lists(st.integers(0, 99), unique=True, max_size=3),
)
def test_each_cell_is_its_template_with_its_own_values(axes, seeds):
    template = "Clip: " + " ".join(f"{{{{{name}}}}}" for name in axes)
    if seeds:
        axes = {**axes, "seed": seeds}
    found = plan(template, axes)
    assert len(found.cells) == len({tuple(v.label for v in c.values.values()) for c in found.cells})
    for cell in found.cells:
        assert cell.request is not None
        parts = [str(cell.values[name].value) for name in variables(template)]
        assert cell.request.prompt == "Clip: " + " ".join(parts)
        assert cell.request.seed == (cell.values["seed"].value if seeds else None)
