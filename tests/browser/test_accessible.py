"""Notebooks 01, 03 and 05 as they are, with the keyboard alone and by ear; and every state of every view as axe-core sees it."""

from __future__ import annotations

import re
import shutil
from contextlib import ExitStack

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser import states
from tests.browser.axe import violations
from tests.browser.ear import focused, go_to, listen, named, spoken, tab_to
from tests.browser.lab import facts, plays
from tests.browser.test_grid import MADE, at_cell, box, cells, grid, settled
from tests.browser.test_panel import CLOCK, PHOTOGRAPH, Panel
from tests.browser.test_quickstart import NOTEBOOKS

pytestmark = pytest.mark.browser

ROCKET = 3
"""The cell of 01 whose photograph begins to move."""
STAG, EMPTY, WAIT, RATED, TURNED = 9, 11, 13, 14, 16
"""Cells of 03: the grid that is judged, the one with a cell that can't be made, and those after them."""
SHOWN, COFFEE, NEXT, FINISHED = 2, 5, 6, 8
"""Cells of 05: the panel, a clip that a cell makes, another one, and what is chosen."""


@pytest.fixture
def open_story(lab, chromium):
    """`open_story("01_first_video", sandbox)`: a notebook of ours, with the keyboard on its first cell."""
    with ExitStack() as stack:

        def open_(name, sandbox, height=2500):
            folder = f"keys-{name[:2]}"
            shutil.copytree(NOTEBOOKS, lab.folder / folder)
            path = lab.folder / folder / f"{name}.ipynb"
            book = nbformat.read(path, as_version=4)
            load = book.cells[1]
            load.source = f"import os\nos.environ.update({sandbox.environment!r})\n{load.source}"
            nbformat.write(book, path)
            view = {"width": 1280, "height": height}
            # In a tab of its own, which ends with what listens in it.
            opened = lab.open(chromium, f"{folder}/{name}.ipynb", viewport=view, reduced_motion="reduce")
            notebook = stack.enter_context(opened)
            listen(notebook.page)
            notebook.page.evaluate("document.querySelector('.jp-Notebook .jp-Cell').focus()")
            return notebook

        yield open_


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def go_up_to(cell):
    """From a cell below it."""
    for _ in range(20):
        press(cell.page, "ArrowUp")
        if cell.evaluate("e => e === document.activeElement"):
            return
    pytest.fail("the arrow does not come there")


def said(page, words):
    """Wait until this was read out."""
    page.wait_for_function("words => veoSpoken.includes(words)", arg=words)


def run_through(page, count):
    """Run the cell that has the keyboard and those after it."""
    press(page, *["Shift+Enter"] * count)


def test_the_first_clip_is_made_heard_of_and_played_without_a_mouse(open_story, slow_sandbox):
    notebook = open_story("01_first_video", slow_sandbox)
    page = notebook.page
    run_through(page, ROCKET + 1)
    line = notebook.card(ROCKET).locator(".veo-line")
    expect(line).to_contain_text("Generating")
    slow_sandbox.hold()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowUp")
    # Past what Lab has in a cell's corner.
    tab_to(page, lambda: focused(page) == "Cancel")
    # Two seconds of a clock that is seen and not heard.
    shown = line.inner_text()
    expect(line).not_to_have_text(shown)
    (bar,) = [one for one in named(page, "progressbar") if one["name"] == "Progress"]
    assert 0 <= bar["value"] < 100
    # In words that stand for some seconds: the tree that Chromium gives out has them in no field.
    words = notebook.card(ROCKET).get_by_role("progressbar").get_attribute("aria-valuetext")
    assert re.fullmatch(r"Generating · .* left", words or "")
    assert violations(page, ".jp-OutputArea") == []
    slow_sandbox.go_on()

    # It becomes its video under the focus: that is with the cell then, and what became of it is said all the same.
    notebook.video(ROCKET).wait_for()
    expect(notebook.cell(ROCKET)).to_be_focused()
    page.wait_for_function("veoSpoken.filter(words => words.startsWith('Job ')).length > 1")
    said = [words for words in spoken(page) if words.startswith("Job ")]
    assert len(said) == 2, said
    assert re.match(r"Job \w{4}: Generating · .* left$", said[0])
    assert re.match(r"Job \w{4}: Made in \d:\d\d · would cost about \$0\.40$", said[1])
    tab_to(page, lambda: re.fullmatch(r"Clip \w{4}", focused(page)))
    page.keyboard.press("Space")
    page.wait_for_function("document.activeElement.currentTime > 0.2")
    # Saved while it plays: it goes on, and the file has it as what plays by its address.
    page.keyboard.press("Control+s")
    expect(page.locator("#jp-main-dock-panel .jp-mod-current.jp-mod-dirty")).to_have_count(0)
    assert not page.evaluate("document.activeElement.paused")
    (output,) = notebook.saved().cells[ROCKET].outputs
    assert "<video" in output["data"]["text/html"]
    assert not {"application/vnd.jupyter.widget-view+json"} & {*output["data"]}
    assert len(str(output)) < 1_000_000
    page.keyboard.press("Space")
    assert violations(page, ".jp-OutputArea") == []


def test_a_sweep_is_followed_judged_compared_and_turned_without_a_mouse(open_story, lab, sandbox, artefact):
    notebook = open_story("03_sweeps_and_grids", sandbox, height=6000)
    page = notebook.page
    run_through(page, STAG)
    notebook.finish(STAG - 1)
    run_through(page, 1)
    # Everything has its place from the first moment, and a name that says what happens there.
    expect(cells(notebook, STAG)).to_have_count(6)
    line = grid(notebook, STAG).locator(".veo-summary-line")
    expect(line).to_contain_text("of 6 done")
    top = notebook.cell(STAG)
    bar = grid(notebook, STAG).locator(".veo-transport")
    before = box(bar)[1] - box(top)[1]
    made = r"stag, dawn: (done|Generating|Waiting|Sending|Downloading).*"
    called = {one["name"] for one in named(page, "group")}
    assert any(re.fullmatch(made, name) for name in called), called
    assert all(0 <= one["value"] <= 100 for one in named(page, "progressbar") if one["name"] == "Progress")
    assert violations(page, ".jp-OutputArea") == []

    # What can't be combined says why; once all are there it was said of each grid, and no clock.
    run_through(page, WAIT - STAG)
    notebook.finish(WAIT, timeout=MADE / 1000)
    for index, count in ((3, 4), (6, 4), (STAG, 6), (EMPTY, 3)):
        settled(notebook, index).wait_for()
        expect(cells(notebook, index)).to_have_count(4 if index == EMPTY else count)
        expect(grid(notebook, index).locator(".veo-summary-line")).to_contain_text(f"{count} of {count} done")
    assert box(bar)[1] - box(top)[1] == pytest.approx(before, abs=4)
    page.wait_for_function("veoSpoken.filter(words => /^\\d of \\d done/.test(words)).length > 2")
    heard = spoken(page)
    assert 3 <= sum(bool(re.match(r"\d of \d done", words)) for words in heard) <= 4, heard
    assert [words for words in heard if "Generating" in words or CLOCK.search(words)] == []

    # The notebook's own code judges, and the grid says so.
    run_through(page, TURNED - WAIT)
    notebook.finish(TURNED)
    expect(notebook.output(RATED)).to_contain_text("★★★★★ {'animal': 'stag', 'light': 'dusk'}")
    called = {one["name"] for one in named(page, "group")}
    assert "stag, dusk: done, rated 5 of 5, note: the one for the trailer" in called, called
    assert "fox, dusk: done, rated 4 of 5, starred" in called, called

    # In a grid: arrows, a rating, a star, a note.
    go_up_to(notebook.cell(STAG))
    tab_to(page, lambda: at_cell(page))
    assert focused(page) == "fox, dawn: done"
    spoken(page)
    press(page, "ArrowDown", "ArrowDown", "ArrowRight", "ArrowLeft", "4", "s", "n")
    page.keyboard.type("The <b>ears</b>, 1 to 5")
    press(page, "Enter")
    expect(grid(notebook, STAG).locator("dialog")).to_have_count(0)
    assert focused(page) == "stag, dawn: done, rated 4 of 5, starred, note: The <b>ears</b>, 1 to 5"
    said(page, "Starred")
    assert "Rated 4 of 5" in spoken(page)

    # Two compared: side by side, with a wipe, by their difference, larger, and another part of that.
    press(page, "x", "ArrowRight", "x", "c")
    dialog = grid(notebook, STAG).locator("dialog")
    expect(dialog.locator("video")).to_have_count(2)
    expect(dialog.locator("figcaption")).to_have_text(["A dawn", "B dusk"])
    for video in dialog.locator("video").all():
        assert facts(video)["ready"] == 4
    assert [one["name"] for one in named(page, "dialog")] == ["Two clips compared"]
    assert violations(page, ".jp-OutputArea") == []
    modes = lambda: [one["name"] for one in named(page, "radio") if one["checked"] == "true"]  # noqa: E731
    press(page, "w")
    said(page, "Wipe")
    assert modes() == ["Wipe"]
    page.set_viewport_size({"width": 1280, "height": 1400})
    page.wait_for_timeout(600)
    artefact(notebook, "keys-03-wipe")
    press(page, "d")
    said(page, "Difference")
    assert modes() == ["Difference"]
    zoomed = dialog.locator("video").first
    at_rest = box(zoomed)[2]
    press(page, "+", "+", "Shift+ArrowRight")
    said(page, "156 % of its size")
    assert box(zoomed)[2] > at_rest * 1.4
    press(page, "Escape")
    expect(dialog).to_have_count(0)
    assert focused(page).startswith("stag, dusk: ")
    assert focused(page).endswith("chosen as B")
    press(page, "Enter")
    expect(dialog).to_contain_text("A stag at a frozen lake at dusk, the sky red.")
    press(page, "Space")
    page.wait_for_function("document.querySelector('.veo-grid dialog video').currentTime > 0.2")
    press(page, "Space", "Escape", "?")
    expect(dialog).to_contain_text("one frame back or on")
    # Lab's own rules for lists reach into what lies over the saved table.
    entries = dialog.locator("dl > div")
    assert box(entries.nth(0))[1] == box(entries.nth(1))[1], "the keys are not in two columns"
    artefact(notebook, "keys-03-keys")
    press(page, "Escape")

    # Turned round by its menus.
    page.set_viewport_size({"width": 1280, "height": 6000})
    go_to(grid(notebook, STAG).get_by_role("combobox", name="rows"), back=True)
    page.keyboard.type("light")
    expect(grid(notebook, STAG).get_by_role("columnheader", name="stag")).to_be_visible()
    press(page, "Escape")
    expect(notebook.cell(STAG)).to_be_focused()

    # The cell that can't be made is reached too.
    press(page, "ArrowDown", "ArrowDown")
    tab_to(page, lambda: at_cell(page))
    press(page, "ArrowDown")
    assert focused(page).startswith(
        "1080p, duration_seconds 4: 1080p needs an 8 second clip; you asked for 4."
    )

    # All of it is in the notebook, and plays without this kernel.
    notebook.save()
    (output,) = notebook.saved().cells[STAG].outputs
    html = output["data"]["text/html"]
    assert "widget" not in str(dict(output["data"]))
    assert html.count("<video") == 6
    assert "data:video" not in html
    assert len(html) < 300_000
    lab.restart_kernel(notebook.path)
    notebook.reload()
    table = notebook.output(STAG).locator("[data-veo-grid] table")
    expect(table).to_be_visible()
    expect(grid(notebook, STAG)).to_have_count(0)
    expect(table).to_contain_text("★ 4 of 5 · The <b>ears</b>, 1 to 5")
    expect(notebook.output(EMPTY).locator("table")).to_contain_text("1080p needs an 8 second clip")
    assert plays(table.locator("video").first)
    for width in (600, 1280):
        page.set_viewport_size({"width": width, "height": 1400})
        page.wait_for_timeout(500)
        artefact(notebook, f"keys-03-saved-{width}")
        assert notebook.output(STAG).evaluate("e => e.scrollWidth - e.clientWidth") <= 0


def test_a_photograph_becomes_clips_that_are_judged_and_joined_without_a_mouse(open_story, sandbox, artefact):
    notebook = open_story("05_panel", sandbox, height=3600)
    page = notebook.page
    run_through(page, SHOWN + 1)
    panel = Panel(notebook.output(SHOWN).locator(".veo-panel"))
    panel.prompt.wait_for()
    # When a cell has ended Lab takes the focus back.
    notebook.finish(SHOWN)
    go_up_to(notebook.cell(SHOWN))

    # A photograph is given, cut to the clip's shape and said to be there; then the words, one of them open.
    go_to(panel.button("Remove coffee.jpg", panel.compose))
    # From before the first key on: a chooser that opens in the moment in which it is asked for is missed.
    with page.expect_file_chooser() as choosing:
        press(page, "Enter")
        first = panel.compose.get_by_role("button", name="First frame: drop, paste, pick a picture")
        expect(first).to_be_focused()
        press(page, "Enter")
    choosing.value.set_files(PHOTOGRAPH)
    said(page, "First frame: coffee.jpg. It is not 16:9: choose how it fits.")
    assert focused(page).startswith("First frame")
    go_to(panel.compose.get_by_role("radio", name="as it is"))
    press(page, "ArrowUp", "ArrowUp")
    assert [one["name"] for one in named(page, "radio") if one["checked"] == "true"] == ["crop"]
    go_to(panel.prompt, back=True)
    press(page, "Control+a")
    page.keyboard.type("Steam curls from a {{cup}} cup.")
    go_to(panel.compose.get_by_label("Add values of cup"))
    page.keyboard.type("red, blue")
    press(page, "Enter")
    said(page, "cup: red, blue added")
    go_to(panel.button("Remove blue", panel.compose), back=True)
    press(page, "Enter")
    said(page, "cup: blue removed")
    go_to(panel.button("Generate 1 clip", panel.compose))
    spoken(page)
    press(page, "Enter")
    panel.has_clips(1)
    page.wait_for_function("veoSpoken.some(words => words.endsWith(': made'))")
    heard = spoken(page)
    assert sum(words.startswith("On its way: ") for words in heard) == 1, heard
    assert sum(bool(re.fullmatch(r"\w{4}: made", words)) for words in heard) == 1, heard
    assert not [words for words in heard if CLOCK.search(words)], heard

    # Found by its words, shown and played; varied, which is said to be made over the details that are open by then.
    go_to(panel.gallery.get_by_role("searchbox"))
    page.keyboard.type("red cup")
    tile = panel.gallery.locator(".veo-tile[tabindex='0']")
    go_to(tile)
    assert next(one["name"] for one in named(page, "option") if one.get("focused")).startswith(
        "Steam curls from a red cup. 4 s. fast"
    )
    press(page, "Enter")
    expect(panel.dialog.get_by_text("Recipe")).to_be_visible()
    assert facts(panel.dialog.locator("video").first)["ready"] == 4
    press(page, "Space")
    said(page, "Playing")
    page.wait_for_function("document.querySelector('.veo-panel dialog video').currentTime > 0.2")
    press(page, "Space")
    assert violations(page, ".veo-panel dialog") == []
    go_to(panel.button("Vary", panel.dialog))
    press(page, "Enter")
    expect(panel.prompt).to_be_focused()
    press(page, "Control+a")
    page.keyboard.type("The red cup is lifted.")
    press(page, "Control+Enter")
    page.wait_for_function("veoSpoken.some(words => words.startsWith('On its way: '))")
    sandbox.hold()
    go_to(tile)
    press(page, "Enter")
    expect(panel.dialog.get_by_text("Recipe")).to_be_visible()
    sandbox.go_on()
    page.wait_for_function("veoSpoken.some(words => words.endsWith(': made'))")
    assert panel.dialog.locator("[data-veo-spoken]").inner_text().endswith(": made")
    press(page, "Escape")
    panel.has_clips(2)
    expect(tile).to_be_focused()
    go_to(panel.button("Clear the filters", panel.gallery), back=True)
    press(page, "Enter")
    expect(tile).to_be_focused()

    # Two compared, and joined.
    press(page, "Home", "x", "ArrowRight", "x")
    chosen = [one["name"] for one in named(page, "option") if one.get("selected") and "made" in one["name"]]
    assert len(chosen) == 2, chosen
    go_to(panel.button("Compare", panel.gallery), back=True)
    press(page, "Enter")
    expect(panel.dialog.locator("video")).to_have_count(2)
    press(page, "w")
    said(page, "Wipe")
    press(page, "Escape")
    expect(panel.dialog).to_have_count(0)
    go_to(panel.button("Join", panel.gallery))
    press(page, "Enter")
    pieces = panel.dialog.get_by_role("list", name="Pieces, in order").get_by_role("listitem")
    expect(pieces).to_have_count(2)
    go_to(panel.dialog.get_by_role("textbox", name="Title"))
    page.keyboard.type("Coffee in two parts")
    go_to(panel.button(re.compile("^Save"), panel.dialog))
    press(page, "Enter")
    expect(panel.dialog.get_by_role("heading", name=re.compile("Joined clip"))).to_be_visible(timeout=MADE)
    assert next(one["name"] for one in named(page, "dialog")).startswith("Joined clip ")
    press(page, "Escape")
    panel.has_clips(3)

    # The cells below it make more, which is read out in the panel; what is chosen there is theirs.
    press(page, "Escape", *["ArrowDown"] * (COFFEE - SHOWN))
    spoken(page)
    run_through(page, NEXT - COFFEE + 1)
    panel.has_clips(5)
    page.wait_for_function("veoSpoken.filter(words => /^\\w{4}: made$/.test(words)).length === 2")
    run_through(page, FINISHED - NEXT)
    notebook.finish(FINISHED)
    expect(notebook.output(FINISHED)).to_contain_text("Video(path=")

    # Judged, deleted and brought back: the focus has a place at each step.
    go_up_to(notebook.cell(SHOWN))
    go_to(tile)
    press(page, "End", "Enter")
    expect(panel.dialog.get_by_text("Recipe")).to_be_visible()
    press(page, "4", "s", "n")
    page.keyboard.type("The first")
    press(page, "Enter", "Escape")
    expect(panel.tiles.last).to_be_focused()
    judged = re.compile(r"rated 4 of 5\. starred\. note: The first")
    expect(panel.tiles.last).to_have_accessible_name(judged)
    name = next(one["name"] for one in named(page, "option") if one.get("focused"))
    assert judged.search(name), name
    artefact(notebook, "keys-05")
    spoken(page)
    press(page, "Delete")
    expect(panel.button("Delete 2 clips")).to_be_focused()
    press(page, "Enter")
    panel.has_clips(3)
    said(page, "Deleted 2 clips.")
    assert panel.gallery.evaluate("e => e.contains(document.activeElement)")
    go_to(panel.button("Undo"))
    press(page, "Enter")
    panel.has_clips(5)
    said(page, "2 clips back again.")
    assert panel.root.evaluate("e => e.contains(document.activeElement)")
    press(page, "Escape")
    assert not panel.root.evaluate("e => e.contains(document.activeElement)")
    expect(notebook.cell(SHOWN)).to_be_focused()


def test_axe_finds_nothing_in_any_state(chromium):
    with chromium.new_context() as context:
        page = context.new_page()
        for what in (states.cards, states.grids, states.panels):
            for dark in (False, True):
                states.show(page, *what(), dark=dark)
                for width in (600, 1600):
                    page.set_viewport_size({"width": width, "height": 1400})
                    found = violations(page, "main")
                    assert found == [], f"{what.__name__}, {width} px, {'dark' if dark else 'light'}"
