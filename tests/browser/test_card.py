"""The card under a cell while its job runs, and what becomes of it, in a real page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.lab import facts, plays
from tests.browser.looks import look

pytestmark = pytest.mark.browser

FOX = "%%veo --duration 4 --aspect-ratio 9:16 --out job\nA fox crosses a frozen lake."
SLEEP = "import time; time.sleep(600)"
CLOCK = re.compile(r"\d:\d\d")


def test_a_card_counts_keeps_its_place_and_becomes_the_video_while_a_later_cell_sleeps(
    open_notebook, slow_sandbox, artefact
):
    """And it looks right in each state: one that waits, one that is refused, one that is made."""
    cells = [FOX, "%%veo --aspect-ratio 4:3\nA fox.", "%veo", SLEEP]
    notebook = open_notebook(cells, slow_sandbox, viewport={"width": 1600, "height": 1400})
    notebook.command("application:toggle-left-area")
    notebook.run(1)
    line = notebook.card(1).locator(".veo-line")
    expect(line).to_have_text(CLOCK)
    slow_sandbox.hold()
    notebook.run(2)
    notebook.run(3)
    notebook.begin(4)
    expect(line).not_to_have_text(line.inner_text())
    look(notebook, artefact, "card-running", ".jp-OutputArea", index=1)
    before = notebook.cell(2).bounding_box()
    slow_sandbox.go_on()

    notebook.video(1).wait_for()
    expect(notebook.card(1)).to_have_count(0)
    shown = facts(notebook.video(1))
    assert (shown["ready"], shown["width"], shown["height"]) == (4, 720, 1280)
    assert shown["duration"] == pytest.approx(4, abs=0.1)
    # What is below it has not moved.
    after = notebook.cell(2).bounding_box()
    assert after["y"] == pytest.approx(before["y"], abs=2)
    assert plays(notebook.video(1))
    notebook.page.wait_for_timeout(1000)  # the player's own controls fade in and out
    look(notebook, artefact, "card-finished", ".jp-OutputArea", index=1)
    expect(notebook.cell(4).locator(".jp-InputArea-prompt")).to_have_text("[*]:")


CLOSE = """import ipywidgets.widgets.widget as all_widgets
cards = [one for one in [*all_widgets._instances.values()] if type(one).__name__ == 'JobView']
cards[0].close()
len(cards)"""


def test_a_page_reloaded_while_jobs_run_shows_them_again_and_then_their_videos(open_notebook, slow_sandbox):
    """The second card has no script of its own, and asks for it where the card that brought it is gone; a third is cancelled."""
    cells = [
        FOX,
        FOX.replace("fox", "owl"),
        CLOSE,
        FOX.replace("fox", "bear"),
        "%veo wait",
        "print(job.status)",
    ]
    notebook = open_notebook(cells, slow_sandbox)
    notebook.run(1)
    notebook.run(2)
    first, line = (notebook.card(at).locator(".veo-line") for at in (1, 2))
    expect(line).to_have_text(CLOCK)
    # Not before it has arrived there.
    slow_sandbox.hold()
    notebook.save()
    notebook.reload()
    for each in (first, line):
        expect(each).to_have_text(CLOCK)
        expect(each).not_to_have_text(each.inner_text())
    notebook.run(3)
    expect(notebook.output(3)).to_contain_text(":2")
    notebook.save()
    notebook.reload()
    expect(line).to_have_text(CLOCK)
    assert line.evaluate("one => getComputedStyle(one.closest('.veo-card')).display") != "block", "its style"
    slow_sandbox.go_on()
    notebook.video(2).wait_for()
    shown = facts(notebook.video(2))
    assert (shown["ready"], shown["width"], shown["height"]) == (4, 720, 1280)
    assert plays(notebook.video(2))
    assert len(slow_sandbox.submits) == 2

    # Cancel works while a cell waits.
    notebook.run(4)
    notebook.begin(5)
    expect(notebook.cell(5).locator(".jp-InputArea-prompt")).to_have_text("[*]:")
    slow_sandbox.hold()
    notebook.page.wait_for_timeout(1000)
    notebook.card(4).get_by_role("button", name="Cancel").click()
    notebook.finish(5)
    slow_sandbox.go_on()
    expect(notebook.output(4)).to_contain_text("Stopped")
    notebook.run(6)
    expect(notebook.output(6)).to_have_text("cancelled")


def test_a_clip_that_the_server_does_not_serve_plays_over_what_is_saved(
    open_notebook, sandbox, tmp_path, artefact
):
    """The library is outside of its root: the card lies over a still, and the notebook keeps that alone."""
    setup = (
        f"import veo_nb as veo; from veo_nb.notebook.clip import source; source.SMALL = 0\n"
        f"veo.configure(library={str(tmp_path / 'elsewhere')!r})"
    )
    notebook = open_notebook([setup, FOX], sandbox)
    notebook.run(1)
    notebook.run(2)
    saved = notebook.output(2).locator("[data-veo-card]")
    play = saved.get_by_role("button", name="Play")
    play.wait_for()
    expect(saved.locator("> :not(.veo-card-root)").first).to_be_hidden()
    artefact(notebook, "card-out-of-reach")
    play.click()
    assert plays(saved.locator("video"))
    notebook.save()
    notebook.run(2)
    again = notebook.output(2).locator("[data-veo-card]")
    again.get_by_role("button", name="Play").wait_for()
    expect(again).to_contain_text("shown again, nothing sent")
    notebook.save()
    notebook.restart()
    notebook.reload()
    expect(notebook.output(2).locator("img")).to_be_visible()
    expect(notebook.output(2)).to_contain_text("outside the folder that Jupyter serves")
    expect(notebook.output(2).locator(".veo-card")).to_have_count(0)
    artefact(notebook, "card-out-of-reach-reopened")


HOSTILE = [
    "<script>alert(1); document.title = 'owned'</script>",
    '"><img src=x onerror="alert(1)">\'<b>bold</b> & &lt;',
    "</p></figure></video><style>body{display:none}</style><iframe srcdoc='<script>alert(1)</script>'>",
    "🦊 שועל חוצה אגם קפוא \u202e ثعلب",
]


def test_hostile_prompts_are_text_in_the_card_and_under_the_video(open_notebook, slow_sandbox):
    notebook = open_notebook([f"%%veo -d 4\n{prompt}" for prompt in HOSTILE], slow_sandbox)
    title = notebook.page.title()
    injected = notebook.page.locator(".jp-OutputArea").locator("script, iframe, b, style, img[src='x']")
    for index, prompt in enumerate(HOSTILE, 1):
        notebook.run(index)
        expect(notebook.card(index)).to_contain_text(prompt)
    expect(injected).to_have_count(0)
    for index, prompt in enumerate(HOSTILE, 1):
        # The cell and not the video: it is swapped for the saved one while the page scrolls to it.
        notebook.cell(index).scroll_into_view_if_needed()
        notebook.video(index).wait_for()
        expect(notebook.card(index)).to_have_count(0)
        expect(notebook.output(index)).to_contain_text(prompt)
    expect(injected).to_have_count(0)
    assert notebook.alerts == []
    assert notebook.page.title() == title
