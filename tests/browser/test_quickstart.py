"""The first notebook, as a stranger runs it in Lab: a photo becomes a playing video, and stays one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Notebook, facts, plays

pytestmark = pytest.mark.browser

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.fixture
def notebook(lab, chromium):
    """The notebook and its photo in an empty folder, opened and not yet run; tall enough for Lab to draw every cell."""
    shutil.copytree(NOTEBOOKS, lab.folder / "quickstart")
    view = {"width": 1280, "height": 4000}
    with lab.open(chromium, "quickstart/01_first_video.ipynb", viewport=view) as notebook:
        yield notebook


def both_play(notebook: Notebook) -> None:
    """The clip from the photo and the upright one from words are there, whole, and move."""
    videos = notebook.page.locator(".jp-OutputArea video")
    expect(videos).to_have_count(2, timeout=120_000)
    for video, size in ((videos.nth(0), (1280, 720)), (videos.nth(1), (720, 1280))):
        seen = facts(video)
        assert seen["error"] is None
        assert seen["ready"] == 4
        assert (seen["width"], seen["height"]) == size
        assert seen["duration"] == pytest.approx(4, abs=0.1)
        assert seen["poster"] == "data:image/jpeg;base64,"
        assert plays(video)


def test_the_first_notebook_from_an_empty_folder_to_clips_that_stay(notebook, lab):
    notebook.command("notebook:run-all-cells")
    both_play(notebook)
    expect(notebook.page.locator(".jp-OutputArea [data-mime-type*=stderr], .jp-RenderedError")).to_have_count(
        0
    )
    notebook.save()

    notebook.command("application:close")
    notebook.replace()
    both_play(notebook)

    lab.restart_kernel(notebook.path)
    notebook.reload()
    both_play(notebook)
    assert notebook.alerts == []
    assert not [cell for cell in notebook.saved().cells if "data:video" in str(cell)], (
        "a clip is inside the notebook"
    )
