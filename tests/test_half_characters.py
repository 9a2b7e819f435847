"""Half a surrogate pair, as a page or a broken file name brings it: refused wherever a text comes in, before anything is
sent or written. It can be neither stored nor sent, and an error that quoted it could not be shown."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from veo_nb.errors import InvalidRequest
from veo_nb.media.picture import read_picture

HALF = "a fox \ud83e"
AXES = {"seed": [1, 2]}


def picture_called(name):
    out = io.BytesIO()
    Image.new("RGB", (1280, 720)).save(out, "PNG")
    return replace(read_picture(out.getvalue()), name=name)


ENTRIES = {
    "a prompt": (lambda studio: studio.generate(HALF), "prompt"),
    "a field": (lambda studio: studio.generate("A fox.", negative_prompt=HALF), "negative_prompt"),
    "a file's name": (lambda studio: studio.generate("A fox.", image=f"{HALF}.png"), "image"),
    "a path": (lambda studio: studio.generate("A fox.", image=Path(f"{HALF}.png")), "image"),
    "a picture's name": (lambda studio: studio.generate("A fox.", image=picture_called(HALF)), "image"),
    "a sweep's prompt": (lambda studio: studio.sweep(HALF, axes=AXES), "prompt"),
    "one of its prompts": (lambda studio: studio.sweep(axes={"prompt": ["A fox.", HALF]}), "prompt"),
    "a value of an axis": (lambda studio: studio.sweep("{{x}}", axes={"x": ["owl", HALF]}), "x"),
    "a list as a text": (lambda studio: studio.sweep("{{x}}", axes={"x": f"owl,{HALF}"}), "x"),
    "a label": (lambda studio: studio.sweep("{{x}}", axes={"x": {"owl": "o", HALF: "f"}}), "x"),
    "the name of an axis": (lambda studio: studio.sweep("A fox.", axes={HALF: [1]}), "The name of an axis"),
    "a picture on an axis": (lambda studio: studio.sweep("A fox.", axes={"image": [f"{HALF}.png"]}), "image"),
    "a variable": (lambda studio: studio.sweep("{{x}}", axes=AXES, variables={"x": HALF}), "x"),
    "a variable beside the fields": (lambda studio: studio.sweep("{{x}}", axes=AXES, x=HALF), "x"),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_what_is_asked_for_is_refused_with_its_field(make_studio, service, name):
    ask, field = ENTRIES[name]
    with pytest.raises(InvalidRequest, match=f"{field} holds half a character") as caught:
        ask(make_studio())
    assert str(caught.value).encode().endswith((b"anew.", b"another name."))
    assert caught.value.facts["field"] == field
    assert service.posts == []


@pytest.fixture
def made(make_studio):
    studio = make_studio()
    return studio, studio.generate("A fox.").wait(30)


def test_a_note_is_refused_and_the_one_that_is_there_stays(made):
    studio, job = made
    studio.library.rate(job.id, note="red")
    with pytest.raises(InvalidRequest, match="note holds half a character"):
        studio.library.rate(job.id, note=HALF)
    assert studio.library.find(f"{job.id}/0").note == "red"


def test_a_title_is_refused_and_nothing_is_joined(made):
    studio, job = made
    with pytest.raises(InvalidRequest, match="title holds half a character"):
        studio.join([job, job], title=HALF)
    assert studio.library.summary().total == 1


def test_a_place_for_a_copy_is_refused_before_it_is_made(made, tmp_path):
    studio, job = made
    with pytest.raises(InvalidRequest, match="out holds half a character"):
        studio.join([job, job], out=tmp_path / f"{HALF}.mp4")
    assert studio.library.summary().total == 1
