"""Words of a server, of a prompt, of an axis, of a note and of a file are never run, in no place where they are shown.

The same notebook is looked at alive, reloaded without its kernel, and as a stranger's file that Jupyter does not trust.
"""

from __future__ import annotations

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.hostile import SCRIPT, TRICKS, Hostile
from tests.browser.lab import Notebook, facts

pytestmark = pytest.mark.browser

TYPED = "<script>alert('typed')</script><img src=x onerror=alert('typed')><a href=javascript:alert('typed')>see</a>"
CARDS = """import veo_nb as veo
from IPython.display import display
for words in {words!r}:
    get_ipython().run_cell_magic("veo", "-d 4", words)"""
SWEEP = """sweep = veo.sweep(
    "{{{{what}}}}.",
    axes={{"what": {{**{{trick: trick for trick in {tricks!r}}}, {typed!r}: {typed!r}, "fox": "A fox"}}}},
    duration_seconds=4,
)
sweep.grid()"""
NOTED = """import time
end = time.time() + 20
while veo._active() and time.time() < end: time.sleep(0.1)
for one in veo._active(): one.cancel()
for made in sweep.clips():
    sweep.note(made, {typed!r})
print(len(sweep.clips()), "clips")"""
LINES = """for line in ("", "history", "sweeps", "cost", "config", "help", "show " + sweep.id, "show " + sweep.jobs[0].id):
    get_ipython().run_line_magic("veo", line)
get_ipython().run_cell_magic("veo", "--dry-run --sweep animal=fox,owl", {typed!r} + " {{{{animal}}}}")"""
REFUSED = """veo.sweep("A {{{{animal}}}}.", axes={{{typed!r}: ["fox"]}})"""
SHOW = "sweep.jobs[0].wait()"
CONTROL = "<img src=y onerror=\"alert('control')\"><p>Control</p>"
"""An output that does run, where the notebook is trusted; else nothing would show that the others could."""


@pytest.fixture
def hostile(clip):
    with Hostile(clip) as hostile:
        yield hostile


def unharmed(notebook: Notebook) -> None:
    """No element has come out of the words, and nothing has run."""
    made = "script, iframe, img[src='x'], [onerror], a[href^='javascript'], td b, p b, figcaption b"
    expect(notebook.page.locator(".jp-OutputArea").locator(made)).to_have_count(0)
    notebook.page.wait_for_timeout(500)
    assert notebook.alerts == []


def test_words_are_never_run(open_notebook, hostile, lab):
    words = [f"{TRICKS[1]}.", "poll failed.", "poll filtered.", TYPED]
    cells = [
        CARDS.format(words=words),
        SWEEP.format(tricks=[*TRICKS], typed=TYPED),
        NOTED.format(typed=TYPED),
        LINES.format(typed=TYPED),
        REFUSED.format(typed=TYPED),
        SHOW,
    ]
    notebook = open_notebook(cells, hostile, viewport={"width": 1400, "height": 3000})
    page = notebook.page

    # Alive: the cards and the grid, its layers, the errors and every list.
    for index in range(1, len(cells) + 1):
        notebook.run(index)
    expect(notebook.output(3)).to_contain_text("clips")
    grid = notebook.output(2).locator("[data-veo-grid] .veo-grid")
    grid.wait_for()
    expect(notebook.output(1)).to_contain_text(SCRIPT[:40])
    expect(notebook.output(1)).to_contain_text(TYPED)
    expect(grid.locator(".veo-cell").nth(1)).to_contain_text("</p></figure>")
    expect(grid.locator(f'.veo-cell[aria-label*="{TYPED[:24]}"]').first).to_be_attached()
    for index in (4, 5):
        expect(notebook.output(index)).to_contain_text(TYPED[:24])
    expect(notebook.output(6)).to_contain_text(SCRIPT[:40])
    unharmed(notebook)
    for cell in (1, len(TRICKS)):
        grid.locator(".veo-cell").nth(cell).focus()
        page.keyboard.press("Enter")
        expect(grid.locator("dialog")).to_have_count(1)
        unharmed(notebook)
        page.keyboard.press("Escape")
    grid.locator(".veo-cell").nth(len(TRICKS)).focus()
    page.keyboard.press("n")
    expect(grid.locator("dialog")).to_contain_text(TYPED[:24])
    unharmed(notebook)
    page.keyboard.press("Escape")

    # Saved, trusted, and without a kernel.
    notebook.save()
    lab.restart_kernel(notebook.path)
    notebook.reload()
    table = notebook.output(2).locator("[data-veo-grid] table, [data-veo-grid] figure").first
    expect(table).to_be_visible()
    expect(notebook.output(2)).to_contain_text(TYPED)
    expect(notebook.output(1)).to_contain_text(SCRIPT[:40])
    unharmed(notebook)

    # The same as a stranger's file. One more output changes its signature, and is seen to run where it is trusted.
    book = notebook.saved()
    control = nbformat.v4.new_output("display_data", {"text/html": CONTROL})
    book.cells.append(nbformat.v4.new_code_cell("", outputs=[control]))
    path = notebook.path.replace("notebook.ipynb", "stranger.ipynb")
    nbformat.write(book, lab.folder / path)
    notebook.path = path
    notebook.replace()
    expect(notebook.output(len(cells) + 1)).to_contain_text("Control")
    expect(notebook.output(2)).to_contain_text(TYPED)
    expect(notebook.output(1)).to_contain_text(SCRIPT[:40])
    unharmed(notebook)
    assert facts(notebook.video(1))["ready"] == 4
    assert facts(notebook.video(2))["ready"] == 4
    # Not waited for: it ends with the question's answer.
    page.evaluate("void jupyterapp.commands.execute('notebook:trust')")
    page.get_by_role("button", name="Trust").click()
    page.wait_for_timeout(1000)
    assert {*notebook.alerts} == {"control"}
