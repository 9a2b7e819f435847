"""`%veo tips`: the prompt that is meant, what is said of it, and cells that can be run as they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.notebook.test_display import ALLOWED, FOLDED, HOSTILE, checked
from tests.notebook.test_magics import Ran, magics_of
from veo_nb import catalog
from veo_nb.notebook.options import parse_cell
from veo_nb.notebook.pages.tips import Asked, asked_of, sweep_cell, tips_page

FOX = "A fox crosses a frozen lake."


@pytest.fixture
def loaded(shell, studio):
    shell.register_magics(magics_of(shell, studio))
    return shell


def head(ran: Ran) -> list[str]:
    """The prompt that was looked at, and what is open."""
    assert ran.error is None
    return ran.text.splitlines()[:2]


def test_a_typed_prompt_keeps_its_own_quotes_and_apostrophes(loaded):
    assert head(Ran(loaded, f'%veo tips "{FOX}"')) == [
        FOX,
        "Left open: camera, light, style, sound. What a prompt leaves open the model decides.",
    ]
    for typed, prompt in (
        ("The fox's den", "The fox's den"),
        ('"A man says "hi" to her"', 'A man says "hi" to her'),
        ('"Hi" says a sign that reads "OPEN"', '"Hi" says a sign that reads "OPEN"'),
        ("bear", "bear"),
    ):
        assert head(Ran(loaded, f"%veo tips {typed}"))[0] == prompt


def test_it_finds_the_prompt_of_a_job_a_sweep_a_variable_and_the_last_one(loaded, studio):
    assert "There is no prompt in this library yet." in str(Ran(loaded, "%veo tips").error)
    sweep = studio.sweep("An {{animal}} at dusk.", axes={"animal": ["owl", "otter"]})
    job, _ = studio.submit(FOX, model="standard")
    loaded.user_ns.update(fox=job, text="A stag runs.", mood="film noir")
    for typed, expected in (
        ("", f"{job.id}: {FOX}"),
        (job.id, f"{job.id}: {FOX}"),
        ("fox", f"{job.id}: {FOX}"),
        (sweep.id, f"{sweep.jobs[0].id}: An owl at dusk."),
        ("text", "A stag runs."),
    ):
        assert head(Ran(loaded, f"%veo tips {typed}"))[0] == expected
    assert "style" not in head(Ran(loaded, "%veo tips A fox, {{mood}}."))[1]
    assert "There is no job '3f2a'" in str(Ran(loaded, "%veo tips 3f2a").error)


def test_each_cell_is_a_sweep_of_the_same_request(loaded, studio):
    job, _ = studio.submit(FOX, model="standard", duration_seconds=4, seed=7)
    asked = asked_of(job, studio.library.files)
    for element in asked.reading.open:
        line, _, cell = sweep_cell(asked, element).partition("\n")
        read = parse_cell(line.removeprefix("%%veo"), cell, {})
        assert read.fields == {"model": job.model, "duration_seconds": 4, "seed": 7}
        assert [(axis.name, axis.labels) for axis in read.axes] == [(element.name, element.phrases[:3])]
    # One whose first line looks like an option is read as a prompt.
    looks = replace(asked, prompt="--seed\nA fox.")
    light = next(one for one in asked.reading.open if one.name == "light")
    assert parse_cell("", sweep_cell(looks, light).partition("\n")[2], {"light": "x"}).prompt.startswith(
        "--seed"
    )


def test_what_a_cell_cannot_say_has_no_cell(studio):
    job, _ = studio.submit(FOX, image=_png())
    asked = asked_of(job, studio.library.files)
    assert (asked.picture, asked.reading.open[0].name) == (True, "camera")
    assert "%%veo" not in repr(tips_page(replace(asked, options="")))


def test_a_model_without_sound_is_asked_none_and_an_edit_nothing():
    silent = replace(catalog.model("veo-3.1-generate-preview"), sound=False)
    assert "sound" not in repr(tips_page(Asked(FOX, model=silent)))
    assert "sound" not in repr(tips_page(Asked(FOX, silent=True)))
    edit = repr(tips_page(Asked("Make it snow", edits=True)))
    assert edit.splitlines() == [
        "Make it snow",
        "An edit says only what should change: the rest of its clip stays.",
    ]
    omni = repr(tips_page(Asked(FOX, model=catalog.model("gemini-omni-1.2-flash"))))
    assert "Gemini Omni needs to be told less than Veo" in omni


@pytest.mark.parametrize("prompt", HOSTILE)
def test_hostile_prompts_stay_text(prompt):
    shown = " ".join(" ".join(checked(tips_page(Asked(prompt)).data, ALLOWED | FOLDED).texts).split())
    assert " ".join(prompt.split())[:199] in shown


def test_a_long_prompt_is_not_shown_over_and_over():
    assert len(tips_page(Asked("A fox runs. " * 1500)).data) < 30_000


def test_the_sources_are_linked():
    assert tips_page(Asked(FOX)).data.count('<a href="https://') == 3


def _png() -> bytes:
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (640, 360)).save(file, "PNG")
    return file.getvalue()
