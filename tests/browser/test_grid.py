"""A sweep as a person sees it: from submit to rating to the saved notebook, in a real page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.lab import Notebook

pytestmark = pytest.mark.browser

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
