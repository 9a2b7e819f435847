"""The panel as a person has it: a photograph becomes a clip, is varied, compared and kept, by mouse and by keyboard."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser import fronts
from tests.browser.axe import violations
from tests.browser.lab import Notebook, facts, plays
from tests.browser.looks import look
from tests.photos import SERIAL, encoded, exif

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
PHOTOGRAPH = ROOT / "notebooks" / "coffee.jpg"
PANEL = "import veo_nb as veo\npanel = veo.panel()\npanel"
SELECTED = "print([clip.job_id for clip in panel.selected], [job.status for job in heard])"
FINISHED = "heard = []\npanel.on_finished(heard.append);"
CLOCK = re.compile(r"\d:\d\d")
SLEEP = "import time; time.sleep(600)"
MADE = 120_000
"""Milliseconds for the sandbox to render a few clips on a busy machine."""


class Panel:
    """The panel under a cell, by what a person calls its parts."""

    def __init__(self, root: Locator) -> None:
        self.root = root
        self.page: Page = root.page
        self.compose = root.get_by_role("group", name="Compose").or_(root.locator(".veo-compose")).first
        self.prompt = root.get_by_role("textbox", name="Prompt")
        self.queue = root.get_by_role("group", name="Queue")
        self.gallery = root.get_by_role("group", name="Gallery")
        self.tiles = root.locator(".veo-tile[role=option]")
        self.dialog = root.locator("dialog[open]")

    def button(self, name: str | re.Pattern[str], within: Locator | None = None) -> Locator:
        return (within or self.root).get_by_role("button", name=name, exact=isinstance(name, str))

    def generate(self, count: int = 1) -> None:
        clips = "1 clip" if count == 1 else f"{count} clips"
        self.button(f"Generate {clips}", self.compose).click()

    def has_clips(self, count: int) -> None:
        expect(self.tiles).to_have_count(count, timeout=MADE)

    def press_first(self) -> None:
        """Click the first clip, whose still comes between the pressing and the letting go."""
        box = self.tiles.first.locator(".veo-tile-box")
        box.evaluate(
            "e => e.append(Object.assign(document.createElement('div'), {className: 'veo-tile-blank'}))"
        )
        box.hover()
        self.page.mouse.down()
        box.evaluate("e => e.querySelector(':scope > div.veo-tile-blank:last-child').remove()")
        self.page.mouse.up()

    def gallery_top(self) -> float:
        """How far the gallery is below the panel's top."""
        return float(
            self.gallery.evaluate(
                "e => e.getBoundingClientRect().top - e.closest('.veo-panel').getBoundingClientRect().top"
            )
        )

    def choose(self, *tiles: int) -> None:
        for at in tiles:
            self.tiles.nth(at).hover()
            self.tiles.nth(at).locator(".veo-tile-pick").click()


@pytest.fixture
def open_panel(open_notebook):
    """`open_panel(sandbox, *cells)`: a notebook whose cell 1 shows the panel, with other cells after it."""

    def open_(sandbox, *cells: str, **context) -> tuple[Notebook, Panel]:
        view = {"viewport": {"width": 1500, "height": 1500}, **context}
        notebook = open_notebook([PANEL, *cells], sandbox, **view)
        notebook.command("application:toggle-left-area")
        notebook.run(1)
        panel = Panel(notebook.output(1).locator(".veo-panel"))
        panel.prompt.wait_for()
        return notebook, panel

    return open_


def test_no_key_in_it_is_taken_by_the_notebook_and_a_camera_s_photo_is_made_smaller_in_the_page(
    open_panel, sandbox, tmp_path
):
    notebook, panel = open_panel(sandbox, "%%veo --out fox\nA fox.")
    page = panel.page
    panel.button(re.compile("^Model"), panel.compose).click()
    expect(panel.compose.get_by_role("listbox")).to_be_focused()
    # For Lab "m" makes the cell Markdown, "a" puts one above, "dd" takes it away, "x" cuts it.
    page.keyboard.type("maddx")
    expect(panel.compose.get_by_role("listbox")).to_be_focused()
    page.keyboard.press("Escape")
    panel.button("Clear", panel.compose).focus()
    page.keyboard.type("maddx")
    sandbox.hold()
    notebook.run(2)
    notebook.card(2).get_by_role("button", name="Cancel").focus()
    page.keyboard.type("maddx")
    sandbox.go_on()
    expect(page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(3)

    # A photo of many megabytes.
    pixels = np.random.default_rng(1).integers(0, 55, (2700, 4000, 3), np.uint8)
    pixels[:, :2000, 0] += 200
    # Held upright: its left is up.
    photo = encoded("JPEG", Image.fromarray(pixels), exif=exif(6), quality=95, subsampling=0)
    assert len(photo) > 9_000_000
    given = tmp_path / "alp.jpg"
    given.write_bytes(photo)
    panel.button("Clear", panel.compose).click()
    panel.root.get_by_label("First frame: files").set_input_files(given)
    expect(panel.button(re.compile("^Aspect ratio"), panel.compose)).to_have_text("9:16, as the first frame")
    folder = (notebook.lab.folder / notebook.path).parent
    kept = max(folder.rglob("inputs/*.jpg"), key=lambda path: path.stat().st_mtime)
    assert kept.stat().st_size <= 9_000_000
    assert SERIAL.encode() not in kept.read_bytes()
    with Image.open(kept) as image:
        assert image.size == (2592, 3840)
        top = np.asarray(image.resize((1, 2), Image.Resampling.BOX))[0, 0]
    assert top[0] > 180


def test_a_photograph_becomes_a_clip_is_varied_compared_and_one_is_kept(open_panel, sandbox, artefact):
    notebook, panel = open_panel(sandbox, FINISHED, SELECTED, "%%veo")
    notebook.run(2)
    page = panel.page

    # Make one from a photograph of one's own.
    panel.button("Clear", panel.compose).click()
    expect(panel.prompt).to_have_value("")
    panel.root.get_by_label("First frame: files").set_input_files(PHOTOGRAPH)
    expect(panel.compose.get_by_text("coffee.jpg is not 16:9")).to_be_visible()
    panel.compose.get_by_role("radio", name="crop").check()
    panel.prompt.fill("Steam curls from a {{cup}} cup.")
    values = panel.compose.get_by_label("Add values of cup")
    values.fill("red")
    values.press("Enter")
    panel.button(re.compile(r"^Duration"), panel.compose).click()
    panel.root.get_by_role("option", name=re.compile(r"^4 s")).click()
    page.keyboard.press("Escape")
    panel.generate()
    expect(panel.queue.get_by_text("Steam curls from a red cup.")).to_be_visible()
    panel.has_clips(1)
    expect(panel.tiles.first).to_have_accessible_name(re.compile("Steam curls from a red cup"))

    # Vary it: two more at once.
    values.fill("blue, green")
    values.press("Enter")
    panel.button(re.compile("^Remove red"), panel.compose).click()
    panel.generate(2)
    panel.has_clips(3)
    artefact(notebook, "panel-three")
    assert violations(page, ".veo-panel") == []

    # Look at one, and at the text that makes it.
    panel.tiles.last.click()
    expect(panel.dialog.get_by_text("Recipe")).to_be_visible()
    shown = facts(panel.dialog.locator("video").first)
    assert (shown["width"], shown["height"]) == (1280, 720)
    assert plays(panel.dialog.locator("video").first)
    assert violations(page, ".veo-panel dialog") == []
    artefact(notebook, "panel-details")
    panel.button("Copy as cell", panel.dialog).click()
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("%%veo --model fast --image ")
    assert text.endswith("Steam curls from a red cup.")
    page.keyboard.press("Escape")
    expect(panel.dialog).to_have_count(0)
    notebook.cell(4).locator(".jp-InputArea-editor").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)
    page.keyboard.press("Control+Enter")
    expect(notebook.output(4)).to_contain_text("shown again, nothing sent")

    # Compare two, rate one, keep it and delete the other; that can be undone.
    panel.choose(0, 1)
    panel.button("Compare", panel.gallery).click()
    expect(panel.dialog.locator("video")).to_have_count(2)
    for video in panel.dialog.locator("video").all():
        assert facts(video)["ready"] == 4
    artefact(notebook, "panel-compared")
    panel.dialog.get_by_role("radio", name="Wipe").click()
    page.keyboard.press("Escape")
    notebook.run(3)
    assert re.search(
        r"\['\w{4}', '\w{4}'\] \['succeeded', 'succeeded', 'succeeded'\]", notebook.output(3).inner_text()
    )
    panel.button("Delete", panel.gallery).click()
    panel.button(re.compile("^Delete"), panel.gallery.locator(".veo-gallery-asked")).first.click()
    panel.has_clips(1)
    panel.button("Undo").click()
    panel.has_clips(3)


def test_it_fits_light_and_dark_narrow_and_wide_goes_on_from_a_frame_and_joins_what_came_of_it(
    open_panel, sandbox, artefact
):
    notebook, panel = open_panel(sandbox)
    before = panel.gallery_top()
    panel.generate()
    expect(panel.queue.locator(".veo-job")).to_have_count(1)
    during = panel.gallery_top()
    panel.has_clips(1)
    expect(panel.queue.locator(".veo-job")).to_have_count(0)
    # One job comes and goes, and nothing moves.
    assert [during, panel.gallery_top()] == [before, before]

    def is_as_high_as_its_clip() -> None:
        assert panel.root.locator(".veo-tiles").bounding_box()["height"] < 300

    widths = (520, 820, 1920, 1320)
    look(notebook, artefact, "panel", ".veo-panel", index=1, widths=widths, also=is_as_high_as_its_clip)

    panel.press_first()
    panel.button("Use frame", panel.dialog).click()
    panel.dialog.get_by_role("radio", name="the last one").check()
    panel.button("As first frame", panel.dialog).click()
    expect(panel.dialog).to_have_count(0)
    panel.prompt.fill("The cup is lifted out of the frame.")
    panel.generate()
    panel.has_clips(2)
    panel.tiles.first.click()
    expect(panel.dialog.get_by_role("region", name="It came from")).to_be_visible()
    page = panel.page
    page.keyboard.press("Escape")
    panel.choose(1, 0)
    panel.button("Join", panel.gallery).click()
    expect(panel.dialog.get_by_role("list", name="Pieces, in order").get_by_role("listitem")).to_have_count(2)
    end = panel.dialog.get_by_role("spinbutton", name=re.compile(r"^to: ")).first
    end.fill("2")
    end.press("Enter")
    artefact(notebook, "panel-join")
    assert violations(page, ".veo-panel dialog") == []
    panel.dialog.get_by_role("textbox", name="Title").fill("Coffee in two parts")
    panel.button(re.compile("^Save"), panel.dialog).click()
    expect(panel.dialog.get_by_role("heading", name=re.compile("Joined clip"))).to_be_visible(timeout=MADE)
    assert facts(panel.dialog.locator("video").first)["duration"] == pytest.approx(6.0, abs=0.1)
    page.keyboard.press("Escape")
    panel.has_clips(3)


def test_two_panels_a_card_and_a_cell_show_the_same_while_a_cell_runs(open_panel, slow_sandbox, artefact):
    notebook, panel = open_panel(
        slow_sandbox, "veo.panel()", "%%veo --duration 4\nAn owl turns its head.", SLEEP
    )
    notebook.run(2)
    second = Panel(notebook.output(2).locator(".veo-panel"))
    second.prompt.wait_for()
    panel.prompt.fill("A stag in the mist.")
    expect(second.prompt).to_have_value("A stag in the mist.")
    notebook.run(3)
    for each in (panel, second):
        expect(each.queue.get_by_text("An owl turns its head.")).to_be_visible()
    notebook.begin(4)
    # The kernel is busy for a minute: what is wished is done all the same.
    second.generate()
    for each in (panel, second):
        expect(each.queue.get_by_text("A stag in the mist.")).to_be_visible()
    for each in (panel, second):
        each.has_clips(2)
    expect(notebook.cell(4).locator(".jp-InputArea-prompt")).to_have_text("[*]:")
    panel.tiles.first.focus()
    panel.tiles.first.click()
    expect(panel.dialog.get_by_text("Recipe")).to_be_visible()
    panel.page.keyboard.press("5")
    panel.page.keyboard.press("Escape")
    expect(second.tiles.first).to_have_accessible_name(re.compile("5 of 5"))
    artefact(notebook, "panel-two")


def test_after_a_reload_and_after_the_kernel_was_killed_it_is_as_it_was(
    open_panel, slow_sandbox, lab, artefact
):
    notebook, panel = open_panel(slow_sandbox)
    panel.prompt.fill("A {{animal}} in the rain.")
    values = panel.compose.get_by_label("Add values of animal")
    values.fill("fox")
    values.press("Enter")
    panel.generate()
    expect(panel.queue.get_by_text("A fox in the rain.")).to_be_visible()
    expect(panel.queue).to_contain_text(CLOCK)
    slow_sandbox.hold()
    panel.gallery.get_by_role("searchbox").fill("rain")
    notebook.page.wait_for_timeout(800)
    notebook.cell(0).locator(".jp-InputArea-editor").click()
    notebook.save()
    notebook.reload()
    panel = Panel(notebook.output(1).locator(".veo-panel"))
    expect(panel.prompt).to_have_value("A {{animal}} in the rain.")
    expect(panel.queue.get_by_text("A fox in the rain.")).to_be_visible()
    notebook.restart()
    expect(panel.root.get_by_text("The kernel was restarted or has ended.")).to_be_visible()
    slow_sandbox.go_on()
    artefact(notebook, "panel-lost")
    notebook.run(0)
    notebook.run(1)
    panel = Panel(notebook.output(1).locator(".veo-panel"))
    expect(panel.prompt).to_have_value("A {{animal}} in the rain.")
    expect(panel.gallery.get_by_role("searchbox")).to_have_value("rain")
    panel.has_clips(1)


@pytest.mark.parametrize("front", ["notebook7", "marimo"])
def test_it_works_in_other_front_ends(chromium, lab, sandbox, front):
    folder = lab.folder / front
    folder.mkdir()
    if front == "marimo":
        opened = fronts.marimo(chromium, folder, sandbox.environment)
    else:
        opened = fronts.notebook7(chromium, lab, folder, sandbox.environment)
    with opened as page:
        panel = Panel(page.locator(".veo-panel"))
        panel.generate()
        # A cell of marimo's app makes one too.
        made = 1 if front == "notebook7" else 2
        panel.has_clips(made)
        panel.tiles.first.click()
        shown = facts(panel.dialog.locator("video").first)
        assert (shown["ready"], shown["width"]) == (4, 1280)
        page.keyboard.press("Escape")
        panel.prompt.fill("Another one.")
        panel.generate()
        panel.has_clips(made + 1)
        if front == "notebook7":
            # Where there are magics there are cards.
            page.locator(".jp-InputArea-editor").nth(1).click()
            page.keyboard.press("Control+Enter")
            output = page.locator(".jp-OutputArea").nth(1)
            expect(output.locator(".veo-card .veo-line")).to_be_visible()
            expect(output.locator(".veo-card")).to_have_count(0, timeout=MADE)
            assert plays(output.locator("video"))
        else:
            # A job that a cell ends with has no address here: its bytes come.
            card = page.locator(".veo-card")
            card.get_by_role("button", name="Play").click()
            assert plays(card.locator("video"))


def test_cards_play_in_nbclassic(chromium, lab, sandbox, tmp_path):
    folder = lab.folder / "nbclassic"
    folder.mkdir()
    with fronts.nbclassic(chromium, lab, folder, tmp_path / "far", sandbox.environment) as page:
        cells = page.locator(".cell.code_cell")
        for at in range(4):
            cells.nth(at).locator(".CodeMirror").click()
            page.keyboard.press("Control+Enter")
            expect(cells.nth(at).locator(".input_prompt")).to_contain_text(re.compile(r"\[\d\]"))
        beside = cells.nth(1).locator("video:not(.veo-card video)")
        beside.wait_for(timeout=MADE)
        assert plays(beside)
        far = cells.nth(3).locator(".output_area")
        # It comes as bytes, and over what is saved.
        far.locator("[data-veo-card] .veo-play-clip").click(timeout=MADE)
        assert plays(far.locator("video"))
