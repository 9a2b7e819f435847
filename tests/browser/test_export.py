"""The page of an exported sweep, opened from disk in a real browser: without a kernel, a server or the network."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Dialog, Locator, Page, expect

from tests.browser.lab import PATIENCE, facts
from tests.browser.looks import keep_picture
from tests.browser.test_grid import MADE, play_in_step, settled, step
from tests.notebook.export.exports import make_sweep

pytestmark = pytest.mark.browser

CLIPS = 5


@pytest.fixture
def export(make_studio, service, tmp_path) -> Callable[..., Path]:
    """`export("grid.html")` of a sweep with five clips of six seconds, the first of them rated."""

    def do(name: str, **how: Any) -> Path:
        sweep = make_sweep(make_studio, service, seconds=6.0, size=(640, 360))
        sweep.rate(sweep.cells[0], 4)
        sweep.note(sweep.cells[0], "<b>ears</b>")
        path = sweep.export(tmp_path / "given" / name, **how)
        # Nothing of the library may be needed any more.
        for video in (tmp_path / "library").rglob("*.mp4"):
            video.unlink()
        return path

    def export(name: str, **how: Any) -> Path:
        # Playwright's loop runs in this thread.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(do, name, **how).result()

    return export


class Opened:
    """A page opened from disk, and everything that went wrong in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.wrong.append(message.text))
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("dialog", self._dismiss)
        page.on("request", lambda request: self.asked.append(request.url))

    def _dismiss(self, dialog: Dialog) -> None:
        self.wrong.append(dialog.message)
        dialog.dismiss()

    def cell(self, spot: str) -> Locator:
        return self.page.locator(f'[data-spot="{spot}"]')

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)


@pytest.fixture
def open_page(chromium) -> Iterator[Callable[..., Opened]]:
    with ExitStack() as stack:

        def open_(path: Path, **context: Any) -> Opened:
            how = {"viewport": {"width": 1600, "height": 1000}, "offline": True} | context
            opened = Opened(stack.enter_context(chromium.new_context(**how)).new_page())
            opened.page.set_default_timeout(PATIENCE)
            opened.page.goto(path.as_uri())
            opened.page.locator(".veo-grid").wait_for()
            return opened

        yield open_


def test_the_page_does_from_disk_what_the_grid_does(export, open_page):
    opened = open_page(export("grid.html"))
    page = opened.page
    expect(page.locator("h1")).to_have_text("A {{animal}} at <b>dawn</b>. </script><script>alert(1)</script>")
    expect(page.locator(".veo-summary-line")).to_contain_text("5 of 6 done · 1 blocked · 2 can't be made")
    expect(page.locator(".veo-cell")).to_have_count(4)
    expect(page.locator("img.veo-still")).to_have_count(3)
    expect(opened.cell("1/0")).to_contain_text("content policy violation")
    expect(page.locator("footer")).to_contain_text("lasts until the page is closed")
    assert "rated 4 of 5, note: <b>ears</b>" in (opened.cell("0/0").get_attribute("aria-label") or "")

    # With the keyboard alone: all in step, paused, a frame on, rated, noted.
    page.keyboard.press("Tab")
    opened.cell("0/0").focus()
    opened.press("k")
    play_in_step(opened.page, 3)
    opened.press("k")
    assert 0 < step(page) < 2.1 / 24
    opened.press("Home", "ArrowDown", "2", "s", "n")
    page.keyboard.type("a round owl")
    opened.press("Enter")
    expect(opened.cell("2/0")).to_have_attribute(
        "aria-label", re.compile("rated 2 of 5, starred, note: a round owl")
    )

    # Compared, with a wipe; enlarged, with all that is known.
    opened.press("x", "ArrowUp", "x", "c")
    dialog = page.locator("dialog")
    expect(dialog.locator("video")).to_have_count(2)
    for video in dialog.locator("video").all():
        assert facts(video)["ready"] == 4
    opened.press("w")
    expect(dialog.locator(".veo-wipe")).to_be_visible()
    opened.press("Escape", "Enter")
    expect(dialog).to_contain_text("A fox at <b>dawn</b>.")
    expect(dialog).to_contain_text("fast · 720p · 8 s")
    opened.press("Escape")

    # The third axis is chosen on screen; a forbidden combination says why, a blocked one what was said.
    resolution = page.locator(".veo-menu select").nth(2)
    resolution.select_option("1")
    expect(opened.cell("5/0")).to_contain_text("1080p needs an 8 second clip")
    resolution.select_option("0")
    assert "rated 2 of 5" in (opened.cell("2/0").get_attribute("aria-label") or "")
    assert opened.wrong == []
    assert {url.split(":")[0] for url in opened.asked} <= {"file", "blob", "data"}


def test_the_page_is_seen_narrow_and_wide_light_and_dark(export, open_page):
    path = export("grid.html")
    for scheme in ("light", "dark"):
        for width in (600, 1600):
            # What is chosen in one stays with its tab.
            view = {"width": width, "height": 1000}
            is_seen(open_page(path, viewport=view, color_scheme=scheme), width, scheme)


def is_seen(opened, width, scheme):
    page = opened.page
    expect(page.locator("img.veo-still").first).to_be_visible()
    keep_picture(page, f"export-{width}-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert ground == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(24, 24, 24)")
    # Two columns stand side by side where there is little room, and leave no third of it empty where there is much.
    page.evaluate("document.body.style.padding = 0")
    for room in (570, 1250):
        page.set_viewport_size({"width": room, "height": 1000})
        first, second = (opened.cell(f"{at}/0").bounding_box() for at in (0, 1))
        assert first["y"] == second["y"]
        assert room * 2 / 3 < second["x"] + second["width"] <= room
    opened.cell("0/0").focus()
    opened.press("-")
    expect(page.get_by_label("cell size")).to_have_value("400")
    assert opened.cell("0/0").bounding_box()["width"] == 400
    assert opened.wrong == []


def test_clips_that_lie_beside_the_page_play_from_there(export, open_page):
    path = export("a grid & more.html", embed=False)
    assert "data-clip" not in path.read_text("utf-8").partition('<script type="module"')[0]
    assert len([*(path.parent / "a grid & more_files").glob("*.mp4")]) == CLIPS
    opened = open_page(path)
    opened.cell("0/0").focus()
    opened.press("k")
    play_in_step(opened.page, 3)
    assert opened.wrong == []


TWO = """%%veo --sweep animal=fox,owl --duration 4 --out sweep
A {{animal}} crosses a meadow."""


def test_the_grids_menu_writes_a_page_that_opens_from_disk(open_notebook, lab, sandbox, open_page, artefact):
    notebook = open_notebook([TWO], sandbox, viewport={"width": 1600, "height": 1400})
    notebook.run(1)
    settled(notebook, 1).wait_for(timeout=MADE)
    grid = notebook.output(1).locator(".veo-grid")
    grid.get_by_label("Export").select_option("Page")
    line = grid.locator(".veo-summary-line")
    expect(line).to_contain_text("Written to sweep-")
    artefact(notebook, "export-menu")
    name = line.inner_text().rpartition(" ")[2]
    opened = open_page(lab.folder / Path(notebook.path).parent / name)
    opened.cell("0/0").focus()
    opened.press("k")
    play_in_step(opened.page, 2)
    assert opened.wrong == []
