"""A clip as a conversation in the panel: changed by saying how, walked back, changed another way, two steps compared."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations
from tests.browser.test_panel import MADE, open_panel  # noqa: F401 - a fixture

pytestmark = pytest.mark.browser

FIRST = (
    'veo.generate("A fox crosses a frozen lake.", model="omni", resolution="360p", duration_seconds=3).wait()'
)
VEO = 'veo.generate("An owl turns its head.", model="fast", duration_seconds=4).wait()'


def test_a_clip_is_changed_by_saying_how_and_its_steps_are_a_chain_that_branches(
    open_panel,  # noqa: F811
    sandbox,
    artefact,
):
    notebook, panel = open_panel(sandbox, FIRST, VEO, viewport={"width": 1280, "height": 760})
    page = panel.page
    notebook.run(2)
    panel.has_clips(1)
    panel.tiles.first.click()
    line = panel.dialog.get_by_role("textbox", name="Change it")
    steps = panel.dialog.get_by_role("region", name="Steps").locator(".veo-step")
    send = panel.button(re.compile(r"^Change it · would cost about \$"), panel.dialog)
    expect(send).to_be_visible()
    box = line.bounding_box()

    line.fill("Make it snow")
    line.press("Enter")
    expect(line).to_have_value("")
    expect(steps).to_have_count(2)
    assert line.bounding_box() == box
    expect(line).to_be_focused()
    snowy = panel.dialog.get_by_role("button", name=re.compile("^Make it snow: "))
    expect(snowy).to_have_attribute("aria-disabled", "false", timeout=MADE)
    snowy.press("Enter")
    expect(steps.nth(1)).to_have_attribute("aria-current", "step")
    # The keyboard goes along, and the chain goes on from here.
    expect(steps.nth(1)).to_be_focused()
    line.fill("Now at night")
    send.click()
    night = panel.dialog.get_by_role("button", name=re.compile("^Now at night: "))
    expect(night).to_have_attribute("aria-disabled", "false", timeout=MADE)
    # Back to the first, and another way from there.
    steps.first.click()
    expect(steps.first).to_have_attribute("aria-current", "step")
    line.fill("In autumn, at dusk")
    line.press("Enter")
    expect(steps).to_have_count(4)
    expect(steps.nth(3)).to_have_attribute("aria-disabled", "false", timeout=MADE)
    artefact(notebook, "panel-change")
    assert violations(page, ".veo-panel dialog") == []
    edits = [one["body"] for one in sandbox.submits if "interactions" in one["path"]]
    assert len(edits) == 4

    night.locator("xpath=..").get_by_role("button", name=re.compile("^Compare with")).click()
    compared = panel.dialog.last
    expect(compared.locator("video")).to_have_count(2)
    artefact(notebook, "panel-change-compared")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(panel.dialog).to_have_count(0)

    # Where the model has no edits the line says so, and which model has.
    notebook.run(3)
    panel.has_clips(5)
    panel.tiles.first.click()
    expect(panel.dialog.get_by_text("Veo 3.1 Fast can't change a clip; Gemini Omni can.")).to_be_visible()
    artefact(notebook, "panel-change-not")
    assert violations(page, ".veo-panel dialog") == []
    panel.button("Change it with omni", panel.dialog).click()
    expect(line).to_be_focused()
