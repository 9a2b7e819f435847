"""The first notebook with the keyboard alone and by ear, and every state of every view as axe-core sees it.

The grid's story is in test_grid.py, the panel's in test_panel.py.
"""

from __future__ import annotations

import re
import shutil

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser import states
from tests.browser.axe import violations
from tests.browser.ear import focused, listen, named, spoken, tab_to
from tests.browser.test_quickstart import NOTEBOOKS

pytestmark = pytest.mark.browser

ROCKET = 3
"""The cell whose photograph begins to move."""


@pytest.fixture
def notebook(lab, chromium, slow_sandbox):
    folder = lab.folder / "by-keyboard"
    shutil.copytree(NOTEBOOKS, folder)
    path = folder / "01_first_video.ipynb"
    book = nbformat.read(path, as_version=4)
    book.cells[
        1
    ].source = f"import os\nos.environ.update({slow_sandbox.environment!r})\n{book.cells[1].source}"
    nbformat.write(book, path)
    view = {"width": 1280, "height": 2500}
    with lab.open(chromium, "by-keyboard/01_first_video.ipynb", viewport=view) as notebook:
        yield notebook


def test_the_first_clip_is_made_heard_of_and_played_without_a_mouse(notebook, slow_sandbox):
    page = notebook.page
    listen(page)
    page.evaluate("document.querySelector('.jp-Notebook .jp-Cell').focus()")
    for _ in range(ROCKET + 1):
        page.keyboard.press("Shift+Enter")
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
    page.keyboard.press("Space")
    assert violations(page, ".jp-OutputArea") == []


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
