"""A draft made final in Lab: on its card, in the panel and in a grid; pictures of each for a person to judge."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.looks import look
from tests.browser.test_panel import MADE, open_panel  # noqa: F401 - a fixture

pytestmark = pytest.mark.browser

DRAFT = "%%veo --draft --model omni --duration 3 --out fox\nA fox crosses a frozen lake."
GRID = (
    "%%veo --draft --model omni --duration 3 --sweep animal=fox,owl --yes\nA {{animal}} sleeps in the snow."
)
FINAL = re.compile(r"^Make it final · would cost about \$0\.21$")


def test_a_draft_is_made_final_on_its_card_in_the_panel_and_in_a_grid(
    open_panel,  # noqa: F811
    sandbox,
    artefact,
):
    tell = "print(fox.id, fox.is_draft, fox.request.lines, fox.status)"
    notebook, panel = open_panel(sandbox, DRAFT, tell, GRID, viewport={"width": 1600, "height": 1100})
    page = panel.page

    def pictures(name: str) -> None:
        page.wait_for_timeout(600)
        look(notebook, artefact, f"draft-{name}", ".jp-OutputArea", index=2, height=1100)

    # On the card.
    notebook.run(2)
    card = notebook.card(2)
    make = card.get_by_role("button", name=FINAL)
    expect(make).to_be_visible(timeout=MADE)
    expect(card).to_contain_text("Draft: 360p at about a third of the price")
    # The card may be drawn anew meanwhile: Playwright would wait for the one that is gone to be still.
    card.evaluate("one => one.scrollIntoView()")
    pictures("card")
    make.focus()
    make.press("Enter")
    expect(notebook.output(2).locator("video").first).to_be_visible(timeout=MADE)
    expect(notebook.output(2)).not_to_contain_text("Draft:", timeout=MADE)
    notebook.run(3)
    # Who goes on with the variable means the final.
    expect(notebook.output(3)).to_contain_text("False 720p")

    # In the panel: the composer's box by the keyboard, then the draft's own button.
    panel.root.scroll_into_view_if_needed()
    panel.prompt.fill("An owl turns its head.")
    box = panel.compose.get_by_role("checkbox", name="Draft")
    expect(box).not_to_be_checked()
    panel.button(re.compile("^Model"), panel.compose).click()
    panel.compose.get_by_role("option", name="omni", exact=True).click()
    page.keyboard.press("Escape")
    expect(box).to_have_accessible_description("360p at about a third of the price")
    box.focus()
    page.keyboard.press("Space")
    expect(box).to_be_checked()
    panel.button("Generate 1 draft", panel.compose).wait_for()
    pictures("compose")
    panel.button("Generate 1 draft", panel.compose).click()
    panel.has_clips(3)
    panel.tiles.first.click()
    make = panel.button(re.compile(r"^Make it final · would cost about \$"), panel.dialog)
    expect(make).to_be_visible()
    pictures("details")
    make.click()
    steps = panel.dialog.get_by_role("region", name="Steps").locator(".veo-step")
    expect(steps).to_have_count(2, timeout=MADE)
    expect(steps.nth(0)).to_contain_text("Draft, the first")
    expect(steps.nth(1)).to_contain_text("Final of")
    expect(steps.nth(1)).to_have_attribute("aria-disabled", "false", timeout=MADE)
    expect(make).to_have_count(0)
    pictures("steps")
    page.keyboard.press("Escape")

    # In a grid: one cell, and then the starred.
    notebook.run(4)
    grid = notebook.output(4).locator(".veo-grid")
    cells = grid.get_by_role("gridcell")
    one = cells.nth(0).get_by_role("button", name=re.compile("^Make it final: would cost"))
    expect(one).to_be_visible(timeout=MADE)
    cells.nth(1).get_by_role("button", name="Star").first.click()
    starred = grid.get_by_role("button", name=re.compile(r"^Make 1 starred final · would cost about \$"))
    expect(starred).to_be_visible()
    grid.scroll_into_view_if_needed()
    pictures("grid")
    one.click()
    starred.click()
    expect(grid.get_by_role("button", name=re.compile("^Make"))).to_have_count(0, timeout=MADE)
    expect(cells.nth(0).locator(".veo-cell-foot button").first).to_be_visible(timeout=MADE)
    assert len(sandbox.submits) == 8
