"""A draft of the panel: what it asks for, what would come of it, and all that is wrong with it."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.notebook.test_protocol import mismatch, read
from veo_nb import catalog
from veo_nb.errors import InvalidRequest, NotFound
from veo_nb.media.picture import Picture
from veo_nb.notebook.panel.draft import check_draft, make_setup, read_draft, say, submit
from veo_nb.notebook.panel.protocol import Check, Draft, Setup
from veo_nb.notebook.panel.store import empty_draft
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import to_json

PICTURE = Picture(b"", "image/png", 1600, 900, "fox.png", "ab" * 32)
TALL = Picture(b"", "image/png", 900, 1200, "owl.png", "cd" * 32)
PICTURES = {"fox": PICTURE, "owl": TALL}


def draft(prompt: str = "A fox.", **changes: Any) -> Draft:
    return replace(empty_draft(), prompt=prompt, **changes)


def picture(key: str) -> Picture:
    if key not in PICTURES:
        raise NotFound("A picture is gone from the library.", hint="Give it again.")
    return PICTURES[key]


def clip(key: str) -> Any:
    return f"the clip {key}"


def asked(given: Draft) -> Any:
    return read_draft(given, picture, clip)


def check(studio, given: Draft) -> Check:
    found = check_draft(studio, given, picture, studio.library.clip)
    assert mismatch(found, Check) == []
    return found


def said(found: Check) -> list[tuple[str, str]]:
    return [(one.field, one.message) for one in found.problems]


# The form


@pytest.mark.parametrize("name", catalog.PROVIDERS)
def test_a_form_is_what_the_protocol_says_and_has_what_the_provider_serves(make_studio, tmp_path, name):
    keys = {"project": "p", "location": "us-central1"} if name == "vertex" else {}
    studio = make_studio(provider=name, **keys)
    setup = make_setup(studio, Place(tmp_path))
    assert mismatch(setup, Setup) == []
    model = setup.fields[0]
    provider = catalog.PROVIDERS[name]
    served = {catalog.MODELS[one].alias for one in provider.models}
    assert {choice.value for choice in model.choices if choice.group == provider.title} == served
    # The others' stand there too, whether there is a key or not.
    others = [
        one.title for one in catalog.PROVIDERS.values() if one.bills and one.models and one.name != name
    ]
    own = [provider.title] if served else []
    assert list(dict.fromkeys(choice.group for choice in model.choices)) == [*own, *others]
    assert model.unset in (served or {""})
    assert setup.folder == "library"


def test_the_form_of_the_examples_is_the_real_one(make_studio, tmp_path):
    setup = make_setup(make_studio(provider="sandbox"), Place(tmp_path))
    assert to_json(setup.fields) == read("panels.json")["setup"]["fields"]


def test_all_fields_of_a_form_are_those_of_a_request_that_are_no_pictures(make_studio, tmp_path):
    names = [one.name for one in make_setup(make_studio(), Place(tmp_path)).fields]
    pictures = {"prompt", "image", "last_frame", "reference_images", "video", "edit"}
    assert set(names) == set(catalog.FIELD) - pictures


def test_values_are_said_as_a_person_says_them():
    assert say("duration_seconds", 8) == "8 s"
    assert say("person_generation", "allow_adult") == "allow adult"
    assert (say("enhance_prompt", True), say("enhance_prompt", False)) == ("enhanced", "as written")


# What it asks for


def test_one_value_of_each_is_one_request():
    found = asked(draft(fields={"duration_seconds": [8], "seed": ["7"], "negative_prompt": ["  "]}, take=3))
    assert (found.prompt, found.axes, found.take) == ("A fox.", {}, 3)
    assert found.fields == {"duration_seconds": 8, "seed": 7}


def test_several_values_are_axes():
    found = asked(draft(fields={"duration_seconds": [4, 8]}, image=["fox", "owl"], fit="crop"))
    assert found.axes == {"duration_seconds": [4, 8], "image": [PICTURE, TALL]}
    assert found.fields == {"fit": "crop"}


@pytest.mark.parametrize(
    ("name", "typed"), [("seed", "1,2,...,5"), ("negative_prompt", "rain || snow"), ("seed", "1, 2")]
)
def test_a_list_in_a_text_is_an_axis_as_a_cell_would_read_it(name, typed):
    assert asked(draft(fields={name: [typed]})).axes == {name: typed}


def test_a_comma_in_a_text_is_no_list():
    assert asked(draft(fields={"negative_prompt": ["rain, snow"]})).fields == {
        "negative_prompt": "rain, snow"
    }


def test_variables_are_filled_in_where_each_has_one_value():
    found = asked(
        draft("A {{animal}} at {{time}}.", variables={"animal": ["fox"], "time": ["dusk", " "], "old": ["x"]})
    )
    assert (found.prompt, found.axes, found.variables) == ("A fox at dusk.", {}, {})


def test_a_variable_with_several_values_is_an_axis_and_the_prompt_stays_as_it_was_written():
    found = asked(draft("A {{animal}} at {{time}}.", variables={"animal": ["fox", "owl"], "time": ["dusk"]}))
    assert found.prompt == "A {{animal}} at {{time}}."
    assert (found.axes, found.variables) == ({"animal": ["fox", "owl"]}, {"time": "dusk"})


def test_a_variable_without_a_value_is_told():
    with pytest.raises(InvalidRequest, match=r"\{\{animal\}\} has no value yet"):
        asked(draft("A {{animal}}.", variables={"animal": [""]}))


def test_pictures_and_clips_are_found_by_their_keys():
    found = asked(draft(image=["fox"], last_frame=["owl"], reference_images=["fox", "owl"], video="3f2a/0"))
    assert found.fields == {
        "image": PICTURE,
        "last_frame": TALL,
        "reference_images": [PICTURE, TALL],
        "video": "the clip 3f2a/0",
    }


def test_an_unknown_field_is_refused():
    with pytest.raises(InvalidRequest, match="no field 'budget'"):
        asked(draft(fields={"budget": [1]}))


def test_what_it_asks_for_is_made(studio):
    jobs, sweep = submit(studio, asked(draft(fields={"seed": ["7"]})), confirm=False)
    assert [job.request.seed for job in jobs] == [7]
    assert sweep == ""
    given = draft("A {{animal}}.", variables={"animal": ["fox", "owl"]})
    jobs, sweep = submit(studio, asked(given), confirm=False)
    assert [job.request.prompt for job in jobs] == ["A fox.", "A owl."]
    assert studio.sweeps.get(sweep).id == sweep


# What would come of it


def test_one_clip_with_its_price_and_its_time(studio):
    found = check(studio, draft())
    assert found.problems == []
    assert (found.count, found.stored, found.button) == (1, 0, "Generate 1 clip")
    assert found.line.startswith("1 clip · about $")
    assert " · about " in found.line.partition("$")[2]


def test_nothing_is_sent_or_written_by_looking(studio, service, tmp_path):
    check(studio, draft(fields={"seed": ["1,2,3"]}))
    assert service.posts == []
    assert not (tmp_path / "library").exists()


def test_where_nothing_is_charged_it_would_cost(make_studio):
    assert "would cost about $" in check(make_studio(provider="sandbox"), draft()).line


def test_samples_are_counted_one_by_one(studio):
    assert check(studio, draft(fields={"sample_count": ["3"]})).button == "Generate 3 clips"


def test_a_sweep_counts_its_clips_and_those_that_are_there(studio):
    studio.generate("A fox.", seed=1).wait(30)
    found = check(studio, draft(fields={"seed": ["1,2,3"]}))
    assert (found.count, found.stored, found.button) == (2, 1, "Generate 2 clips")
    assert "1 there already" in found.line


def test_what_was_made_before_is_shown(studio):
    studio.generate("A fox.").wait(30)
    found = check(studio, draft())
    assert (found.count, found.stored, found.button) == (0, 1, "Show the clip")
    assert found.line == "There already, or on its way: nothing is sent"
    assert check(studio, draft(take=2)).button == "Generate 1 clip"


def test_a_budget_that_does_not_suffice_is_told_before(make_studio):
    (note,) = check(make_studio(budget=0.01), draft()).notes
    assert note.startswith("It would not be sent: ")


def test_a_picture_of_another_shape_is_told(studio, monkeypatch):
    monkeypatch.setattr("veo_nb.request._light", lambda given, *_: given)
    found = check(studio, draft(image=["owl"], fields={"aspect_ratio": ["9:16"]}))
    assert found.notes == ["owl.png is 3:4; the provider will make it 9:16. Crop or pad it to say how."]


def test_cells_of_a_sweep_that_cannot_be_made_are_told(studio):
    found = check(studio, draft(fields={"resolution": ["720p", "1080p"], "duration_seconds": [4, 8]}))
    assert found.problems == []
    assert found.count == 3
    assert any("1 of 4 can't be made: 1080p needs an 8 second clip" in note for note in found.notes)


def test_a_value_with_which_nothing_can_be_made_is_told_in_the_words_of_the_form(studio):
    found = check(studio, draft(fields={"resolution": ["1080p"], "duration_seconds": [4, 8]}))
    ((field, message),) = said(found)
    assert field == "duration_seconds"
    assert message.startswith("Nothing can be made with Duration 4 s: 1080p needs")


# What is wrong with it


def test_an_empty_prompt_is_told_with_its_field(studio):
    found = check(studio, draft("  "))
    assert said(found) == [("prompt", "The prompt is empty.")]
    assert (found.count, found.button, found.line) == (0, "Generate", "")


def test_all_that_is_wrong_is_told_at_once(studio):
    found = check(
        studio,
        draft("", fields={"resolution": ["1080p"], "duration_seconds": [4]}, last_frame=["fox"], fit=""),
    )
    assert {field for field, _ in said(found)} == {"prompt", "resolution", "last_frame"}


def test_a_missing_value_does_not_hide_what_else_is_wrong(studio):
    found = check(studio, draft("A {{animal}}.", fields={"resolution": ["4k"], "duration_seconds": [4]}))
    assert [field for field, _ in said(found)] == ["prompt", "resolution"]


def test_of_a_sweep_the_studio_judges_and_not_its_first_cell(studio):
    given = draft("A {{x}}.", fields={"resolution": ["1080p"], "duration_seconds": [4, 8]})
    assert said(check(studio, given)) == [("prompt", "{{x}} has no value yet.")]


def test_a_sweep_of_which_nothing_can_be_made_has_no_button(studio):
    found = check(studio, draft(fields={"resolution": ["1080p"], "duration_seconds": [4, 6]}))
    assert (found.count, found.button, found.line) == (0, "Generate", "")
    assert "1080p needs an 8 second clip" in found.problems[0].message


def test_a_picture_that_is_gone_is_told(studio):
    assert said(check(studio, draft(image=["gone"]))) == [("", "A picture is gone from the library.")]


def test_hints_are_for_who_has_a_form(studio):
    (problem,) = check(studio, draft(fields={"resolution": ["1080p"], "duration_seconds": [4]})).problems
    assert problem.hint == "Use Duration 8 s or Resolution 720p."


values = st.one_of(
    st.sampled_from(
        ["16:9", "9:16", "720p", "4k", "", " ", "1,2,...,9", "1,2", "x", "a || b", "fast", "-1", "\ud800"]
    ),
    st.integers(-2, 2**33),
    st.booleans(),
)


@given(
    fields=st.dictionaries(st.sampled_from([*catalog.FIELD]), st.lists(values, max_size=3), max_size=4),
    prompt=st.sampled_from(["", "A fox.", "A {{x}} at {{y}}.", "{{seed}}", "\ud800"]),
    variables=st.dictionaries(
        st.sampled_from(["x", "y", "seed"]), st.lists(st.text(max_size=3) | st.just("\ud800"), max_size=3)
    ),
    fit=st.sampled_from(["", "crop"]),
    take=st.integers(1, 3),
)
@example(fields={}, prompt="A {{x}}.", variables={"x": ["fox", "\ud800"]}, fit="", take=1)
@example(fields={}, prompt="A {{x}}.", variables={"x": ["\ud800"]}, fit="", take=1)
def test_whatever_a_page_sends_is_checked_and_never_breaks(
    tmp_path_factory, fields, prompt, variables, fit, take
):
    from veo_nb.studio import Studio

    folder = tmp_path_factory.mktemp("any", numbered=True)
    studio = Studio(environ={}, folder=folder, provider="sandbox")
    found = check(studio, draft(prompt, fields=fields, variables=variables, fit=fit, take=take))
    # It can be sent to the page.
    json.dumps(to_json(found), ensure_ascii=False).encode()
    assert bool(found.problems) == (found.count + found.stored == 0)


# What the prompt leaves open


def test_a_check_says_what_the_prompt_leaves_open(studio, monkeypatch):
    found = check(studio, draft("A {{it}} runs at dusk", variables={"it": ["fox", "film noir"]}))
    assert (found.tips, found.left_open[:2]) == ("Left open: setting, camera, sound", ["setting", "camera"])
    assert check(studio, draft("{{it.name}}", variables={"it": ["fox"]})).tips
    assert "sound" not in check(studio, draft(fields={"generate_audio": [False]})).left_open
    assert "style" not in check(studio, draft("", image=["fox"])).left_open
    changed = check(studio, draft("Make it snow", edit="3f2a/0"))
    assert (changed.left_open, changed.tips[:7]) == ([], "An edit")
    for name, model in catalog.MODELS.items():
        monkeypatch.setitem(catalog.MODELS, name, dataclasses.replace(model, sound=False))
    assert "sound" not in check(studio, draft()).left_open
