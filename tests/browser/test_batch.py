"""What nbconvert prints by Chromium, as `--to webpdf` does: the still of a clip, whose file is nowhere near."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.browser.lab import find_chromium
from veo_nb.notebook.display import finished
from veo_nb.notebook.place import Place

pytestmark = pytest.mark.browser

LAUNCH = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    playwright.chromium.launch()
"""


@pytest.fixture
def chromium_of_playwright(tmp_path, monkeypatch):
    """The system's Chromium where playwright looks for its own, since nbconvert takes no other."""
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "browsers"))
    # In a process of its own: this one may have a browser open, beside which playwright begins no second time.
    missed = subprocess.run(
        [sys.executable, "-c", LAUNCH], capture_output=True, text=True, check=False
    ).stderr
    found = re.search(rf"{re.escape(str(tmp_path))}\S+", missed)
    assert found, missed
    path = Path(found[0])
    path.parent.mkdir(parents=True)
    path.symlink_to(find_chromium())


def pictures(folder: Path, *outputs: str) -> list[int]:
    """How many pictures stand in the PDF of a notebook with each of these outputs."""
    books = [folder / f"{at}.ipynb" for at in range(len(outputs))]
    for book, html in zip(books, outputs, strict=True):
        output = new_output("display_data", data={"text/html": html})
        nbformat.write(new_notebook(cells=[new_code_cell("", outputs=[output])]), book)
    command = [
        sys.executable,
        "-m",
        "nbconvert",
        "--to",
        "webpdf",
        "--disable-chromium-sandbox",
        *map(str, books),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    printed = [book.with_suffix(".pdf").read_bytes() for book in books]
    assert all(pdf.startswith(b"%PDF") for pdf in printed)
    return [pdf.count(b"/Subtype /Image") for pdf in printed]


def test_a_still_is_printed_where_no_video_can_be_played(studio, tmp_path, chromium_of_playwright):
    job = studio.generate("A fox.", duration_seconds=4).wait(30)
    html = finished(job, Place(tmp_path))._repr_html_()
    with_still, without = pictures(tmp_path, html, re.sub('poster="[^"]*"', "", html))
    assert with_still == without + 1
