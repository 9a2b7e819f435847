"""The cells that make a sweep again: run, they are the same sweep, and nothing is sent."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from PIL import Image

from tests.notebook.test_magics import loaded, run, settings  # noqa: F401  fixtures
from veo_nb.notebook.report.cells import LOAD, _python, cells_of

CELLS = {
    "short values in lines, an option, a side": "%%veo --sweep animal=fox,owl --sweep seed=1,2 --rows seed -d 4\nA {{animal}}.",
    "values with commas, a quote, takes": (
        "%%veo --sweep 'animal=a fox, red ||' --sweep take=1,2 --negative-prompt \"it's rain\"\nA {{animal}}."
    ),
    "named values, names of the notebook": "%%veo --sweep prompt=@prompts\n{{prompt}} SFX: {{mood}}.",
    "a question in any language, pairs, a prompt that looks like options": (
        "%%veo --sweep animal=fox,owl --sweep seed=1,2 --zip animal,seed --take 2\n"
        "--question „Was's rounder?“ --hypothesis=--none\n\n--take a {{animal}}\nhome."
    ),
    "a picture": "%%veo --sweep seed=1,2 --image fox.png\nIt runs.",
}
NAMES = {
    "prompts": {"bare": "A fox.", "in the snow": 'A fox, deep in the "snow",\nat dusk.'},
    "mood": "noir's",
}


@pytest.mark.parametrize("name", CELLS)
def test_what_is_pasted_is_the_same_sweep_and_sends_nothing(run, loaded, studio, service, tmp_path, name):  # noqa: F811
    Image.new("RGB", (1280, 720), "red").save(tmp_path / "fox.png")
    loaded.user_ns.update(NAMES)
    assert run(CELLS[name].replace("%%veo", "%%veo --out sweep", 1)).error is None
    sweep = loaded.user_ns["sweep"]
    jobs = [cell.job for cell in sweep.cells]
    first, *before, cell, last = cells_of(sweep)
    assert (first, last) == (LOAD, 'sweep.report("report.html")')
    for own in (*NAMES, "sweep"):
        del loaded.user_ns[own]
    for text in (*before, cell):
        assert run(text).error is None, text
    again = loaded.user_ns["sweep"]
    assert again is sweep
    # Whoever has no cell has Python.
    scope = {"veo": SimpleNamespace(sweep=studio.sweep)}
    exec(_python(sweep), scope)
    assert scope["sweep"] is sweep
    assert [cell.job for cell in sweep.cells] == jobs
    sweep.wait(60)
    assert len(service.posts) == len(jobs)


def test_whole_prompts_are_said_in_python(studio):
    prompts = {"bare": "A fox.", "snow": "A fox, deep in the snow."}
    sweep = studio.sweep(axes={"prompt": prompts}, question="Which?").wait(60)
    _, call, asked, _ = cells_of(sweep, [("prompt", "Which is „better“?")])
    assert call.startswith("sweep = veo.sweep(\n    axes={")
    assert asked == "veo.compare(sweep, by='prompt', question='Which is „better“?')"
    scope = {"veo": SimpleNamespace(sweep=studio.sweep)}
    exec(call, scope)
    assert scope["sweep"] is sweep


def test_the_way_into_a_value_is_filled_in(studio):
    sweep = studio.sweep(
        "A {{animal}} as {{light[0]}}.", axes={"animal": ["fox"]}, variables={"light": ["a film"]}
    )
    (cell,) = [text for text in cells_of(sweep) if text.startswith("%%veo")]
    assert cell.endswith("\nA {{animal}} as a film.")
    sweep.wait(60)
