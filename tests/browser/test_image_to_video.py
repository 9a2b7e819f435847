"""The second notebook in Lab: photographs become clips, and a blocked one is tried again with a click."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.lab import facts, plays

pytestmark = pytest.mark.browser

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def test_it_runs_to_its_end_and_try_again_has_another_job_take_the_place(lab, chromium, artefact):
    shutil.copytree(NOTEBOOKS, lab.folder / "images")
    view = {"width": 1100, "height": 7000}
    with lab.open(chromium, "images/02_image_to_video.ipynb", viewport=view) as notebook:
        notebook.command("notebook:run-all-cells")
        page = notebook.page
        videos = page.locator(".jp-OutputArea video")
        expect(videos).to_have_count(5, timeout=170_000)
        lengths = []
        for index in range(5):
            seen = facts(videos.nth(index))
            assert seen["error"] is None
            assert (seen["width"], seen["height"]) == (1280, 720)
            lengths.append(round(seen["duration"]))
        assert lengths == [4, 4, 8, 11, 4]
        assert plays(videos.nth(3))
        # The last cell has run: neither of the two that are refused stopped it.
        expect(page.locator(".jp-RenderedImage img")).to_have_count(2)

        button = page.locator(".veo-card .veo-button")
        expect(button).to_have_text("Try again")
        expect(page.locator(".veo-card .veo-line")).to_contain_text("Try again, or change the prompt")
        before = page.locator(".veo-card .veo-id").inner_text()
        artefact(notebook, "image_to_video")
        button.click()
        expect(page.locator(".veo-card .veo-id")).not_to_have_text(before)
        expect(page.locator(".veo-card .veo-button")).to_have_text("Try again")

        notebook.save()
        (refused,) = [
            c for c in notebook.saved().cells if "sandbox:block" in c.source and c.cell_type == "code"
        ]
        # For who opens the file without a kernel.
        assert "run the cell again, or change the prompt" in str(refused.outputs)
