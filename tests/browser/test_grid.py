"""A sweep as a person sees it: from submit to rating to the saved notebook, in a real page."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.ear import focused, listen, named, spoken, tab_to
from tests.browser.lab import Notebook, facts, plays
from tests.browser.looks import look

pytestmark = pytest.mark.browser

# Twelve cells: in the last column two fail, and the third is too short for its resolution.
SWEEP = """import veo_nb as veo
sweep = veo.sweep(
    "A {{animal}} crosses a meadow at {{time}}.",
    axes={
        "animal": ["fox", "owl", "bear"],
        "duration_seconds": {"long": 8, "8 s": 8, "4 s": 4},
        "time": {"dawn": "dawn", "noon": "noon", "dusk": "dusk", "night": "night, sandbox:fail"},
        "resolution": {"small": "720p", "720p": "720p", "HD": "720p", "1080p": "1080p"},
    },
    zip=[("animal", "duration_seconds"), ("time", "resolution")],
)
sweep.grid()"""
RATINGS = "print([(clip.rating, clip.star, clip.note) for clip in sweep.clips() if clip.rating])"
TWELVE = """%%veo --sweep animal=fox,owl,bear --sweep time=dawn,noon,dusk,night --duration 4 --out sweep
A {{animal}} crosses a meadow at {{time}}."""
MADE = 400_000
"""Milliseconds for the sandbox to render a dozen clips on a busy machine."""


def grid(notebook: Notebook, index: int) -> Locator:
    """The living grid under a cell."""
    return notebook.output(index).locator(".veo-grid")


def cells(notebook: Notebook, index: int) -> Locator:
    return grid(notebook, index).locator(".veo-cell")


def settled(notebook: Notebook, index: int) -> Locator:
    """The living grid once it lies over the saved table."""
    return notebook.output(index).locator("[data-veo-grid] .veo-grid")


def box(element: Locator) -> tuple[float, float, float]:
    """Where it begins, and how wide it is."""
    found = element.bounding_box()
    assert found
    return found["x"], found["y"], found["width"]


def at_cell(page: Page) -> bool:
    """Whether the keyboard is on a cell of a grid."""
    there: bool = page.evaluate("document.activeElement?.classList.contains('veo-cell') ?? false")
    return there


def test_a_sweep_from_submit_to_rating_to_the_saved_notebook(open_notebook, lab, chromium, sandbox, artefact):
    notebook = open_notebook([SWEEP, RATINGS], sandbox, viewport={"width": 1600, "height": 1400})
    page = notebook.page
    notebook.command("application:toggle-left-area")
    listen(page)
    # Without a mouse, from the first cell on.
    notebook.cell(0).locator(".jp-InputArea-editor").focus()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Control+Enter")
    notebook.finish(1)

    # Everything has its place from the first moment, and what can't be made says why.
    expect(cells(notebook, 1)).to_have_count(12)
    expect(cells(notebook, 1).nth(11)).to_contain_text("1080p needs an 8 second clip")
    line = grid(notebook, 1).locator(".veo-summary-line")
    expect(line).to_contain_text("of 11 done")
    expect(line).to_contain_text("1 can't be made")
    expect(cells(notebook, 1).nth(3)).to_contain_text("Failed", timeout=MADE)
    bar = grid(notebook, 1).locator(".veo-transport")
    before = box(bar)
    called = {one["name"] for one in named(page, "group")}
    made = r"fox · long, \w+ · \w+: (done|Generating|Waiting|Sending|Downloading).*"
    assert any(re.fullmatch(made, name) for name in called), called
    assert [name for name in called if "needs an 8 second clip" in name]
    assert all(0 <= one["value"] <= 100 for one in named(page, "progressbar") if one["name"] == "Progress")
    look(notebook, artefact, "grid-running", ".jp-OutputArea", index=1)

    # Done: the saved table is the output, and the living grid lies over it where it was.
    settled(notebook, 1).wait_for(timeout=MADE)
    expect(line).to_contain_text("9 of 11 done")
    expect(line).to_contain_text("2 failed")
    assert box(bar) == pytest.approx(before, abs=4)
    expect(cells(notebook, 1).locator("img.veo-still")).to_have_count(9)
    expect(cells(notebook, 1).locator("video")).to_have_count(0)
    look(notebook, artefact, "grid-done", ".jp-OutputArea", index=1)

    # Of twelve clips their end was read out, once, and no clock.
    said = spoken(page)
    assert sum(words.startswith("9 of 11 done") for words in said) == 1, said
    assert [words for words in said if "Generating" in words or ":" in words] == []

    # With the keyboard alone: move, rate, star, note, choose, compare, wipe, back.
    notebook.cell(1).locator(".jp-InputArea-editor").click()
    page.keyboard.press("Escape")
    tab_to(page, lambda: at_cell(page))
    assert focused(page).startswith("fox · long, ")
    assert focused(page).endswith(": done")
    for key in ("ArrowRight", "4", "s", "n"):
        page.keyboard.press(key)
    page.keyboard.type("The <b>ears</b>, 1 to 5")
    page.keyboard.press("Enter")
    expect(grid(notebook, 1).locator("dialog")).to_have_count(0)
    assert focused(page).endswith(": done, rated 4 of 5, starred, note: The <b>ears</b>, 1 to 5")
    page.wait_for_timeout(300)
    assert {"Rated 4 of 5", "Starred"} <= {*spoken(page)}
    for key in ("x", "ArrowDown", "x", "c"):
        page.keyboard.press(key)
    dialog = grid(notebook, 1).locator("dialog")
    expect(dialog.locator("video")).to_have_count(2)
    expect(dialog.locator("figcaption")).to_have_text(["A fox · long", "B owl · 8 s"])
    for video in dialog.locator("video").all():
        assert facts(video)["ready"] == 4
    look(notebook, artefact, "grid-beside", ".jp-OutputArea", index=1)
    page.set_viewport_size({"width": 1600, "height": 1400})
    page.keyboard.press("w")
    page.wait_for_timeout(600)
    artefact(notebook, "grid-wipe")
    page.keyboard.press("d")
    page.wait_for_timeout(300)
    artefact(notebook, "grid-difference")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert focused(page).startswith("owl · 8 s, ")
    assert focused(page).endswith("chosen as B")
    for key in ("ArrowUp", "ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(dialog).to_contain_text("sandbox:fail")
    expect(dialog.get_by_role("button", name="Try again")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(dialog).to_contain_text("one frame back or on")
    # Lab's own rules for lists reach into what lies over the saved table.
    entries = dialog.locator("dl > div")
    assert box(entries.nth(0))[1] == box(entries.nth(1))[1], "the keys are not in two columns"
    artefact(notebook, "grid-keys")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.closest('.veo-grid')") is None
    notebook.run(2)
    expect(notebook.output(2)).to_contain_text("[(4, True, 'The <b>ears</b>, 1 to 5')]")

    # A page that is reloaded has the living grid again, as the kernel lives.
    expect(notebook.output(1).locator("[data-veo-grid]").get_by_text("★ 4 of 5")).to_have_count(1)
    notebook.save()
    notebook.reload()
    settled(notebook, 1).wait_for()
    expect(cells(notebook, 1).nth(1)).to_have_attribute("data-state", "succeeded")
    assert "rated 4 of 5" in (cells(notebook, 1).nth(1).get_attribute("aria-label") or "")

    # The notebook keeps a small table, which plays without this kernel.
    (output,) = notebook.saved().cells[1].outputs
    html = output["data"]["text/html"]
    assert "widget" not in json.dumps(dict(output["data"]))
    assert html.count("<video") == 9
    assert "data:video" not in html
    assert len(html) < 300_000
    notebook.lab.restart_kernel(notebook.path)
    notebook.reload()
    table = notebook.output(1).locator("[data-veo-grid] table")
    expect(table).to_be_visible()
    expect(grid(notebook, 1)).to_have_count(0)
    expect(table.get_by_role("columnheader")).to_have_count(5)
    expect(table).to_contain_text("★ 4 of 5 · The <b>ears</b>, 1 to 5")
    expect(table).to_contain_text("1080p needs an 8 second clip")
    assert plays(table.locator("video").first)
    look(notebook, artefact, "grid-saved", ".jp-OutputArea", index=1)


SPREAD = """seconds => new Promise(done => {
    const videos = [...document.querySelectorAll('.veo-cell video')];
    const spreads = [];
    const end = performance.now() + seconds * 1000;
    const look = () => {
        const times = videos.map(video => video.currentTime).sort((a, b) => a - b);
        const length = Math.max(...videos.map(video => video.duration));
        // Round the loop's end the short way: what is left when the widest gap is taken out of the circle.
        const gaps = times.map((time, i) => (i ? time - times[i - 1] : time + length - times[times.length - 1]));
        spreads.push(length - Math.max(...gaps));
        if (performance.now() < end) setTimeout(look, 50);
        else done({count: videos.length, spreads, times});
    };
    look();
})"""


MOVED = """async ([step, before]) => {
    const times = () => [...document.querySelectorAll('.veo-cell video')].map(video => video.currentTime);
    const spread = all => Math.max(...all) - Math.min(...all);
    // They stand still together, where they stood for a fifth of a second, and elsewhere than before.
    for (let i = 0, last = times(); i < 600; i++, last = times()) {
        await new Promise(done => setTimeout(done, 200));
        const now = times();
        if (spread([...now, ...last]) < 0.002 && (!step || now[0] !== before)) return now[0];
    }
    throw new Error("they do not stand");
}"""


def play_in_step(page: Page, count: int) -> None:
    """All clips move, together: a busy machine may let some wait now and then, and those catch up."""
    expect(page.locator(".veo-cell video[data-drawn=true]")).to_have_count(count)
    first = page.evaluate(SPREAD, 0)
    for _ in range(40):
        seen = page.evaluate(SPREAD, 3)
        assert seen["count"] == count
        moved = seen["times"] != first["times"]
        if moved and min(seen["spreads"]) < 0.1:
            return
    pytest.fail(f"they do not play in step: {seen}")


def stand(page: Page) -> float:
    """The one moment at which all clips stand."""
    at: float = page.evaluate(MOVED, [False, 0])
    return at


def step(page: Page) -> float:
    """How far one frame takes them all."""
    before = stand(page)
    page.keyboard.press(".")
    after: float = page.evaluate(MOVED, [True, before])
    return after - before


def test_twelve_clips_play_in_step(open_notebook, sandbox):
    notebook = open_notebook([TWELVE], sandbox, viewport={"width": 1600, "height": 1400})
    notebook.command("application:toggle-left-area")
    notebook.run(1)
    settled(notebook, 1).wait_for(timeout=MADE)
    cells(notebook, 1).first.focus()
    notebook.page.keyboard.press("k")
    play_in_step(notebook.page, 12)
    notebook.page.keyboard.press("k")
    assert 0 < step(notebook.page) < 2.1 / 24

    # What is scrolled away rests and loads nothing.
    notebook.page.keyboard.press("k")
    notebook.page.set_viewport_size({"width": 1600, "height": 520})
    expect(cells(notebook, 1).locator("video")).not_to_have_count(12)
