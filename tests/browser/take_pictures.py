"""Take the README's picture again: the first notebook, executed in a real Lab, with the finished clip under its cell.

    python -m tests.browser.take_pictures

Needs Chromium and the packages of `[dev]`. Writes tests/browser/pictures/first_video.png.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import FloatRect

from tests.browser.lab import Lab, Notebook, browser, facts

ROOT = Path(__file__).parents[2]
PICTURES = Path(__file__).parent / "pictures"
WIDTH, HEIGHT = 1000, 2400
LARGEST = 400_000
"""Bytes: everybody who clones the project downloads the picture."""


def run_first_notebook(notebook: Notebook) -> None:
    """Execute it and leave the clip at a moment where it shows something."""
    notebook.command("application:toggle-left-area")
    notebook.command("notebook:run-all-cells")
    video = notebook.page.locator(".jp-OutputArea video").first
    video.wait_for(timeout=120_000)
    facts(video)
    video.evaluate(
        """video => new Promise(done => {
            video.onseeked = done;
            video.currentTime = video.duration / 2;
        })"""
    )
    notebook.page.keyboard.press("Escape")
    notebook.page.mouse.move(5, HEIGHT - 100)
    notebook.page.wait_for_timeout(1500)


def crop(notebook: Notebook) -> FloatRect:
    """From the heading above the cell that has the video to a little below it."""
    cells = notebook.page.locator(".jp-Notebook .jp-Cell")
    cell = cells.filter(has=notebook.page.locator("video")).first
    index = int(cell.get_attribute("data-windowed-list-index") or 0)
    first, last = notebook.cell(index - 1).bounding_box(), cell.bounding_box()
    assert first
    assert last
    return {
        "x": last["x"],
        "y": first["y"],
        "width": last["width"],
        "height": last["y"] + last["height"] - first["y"],
    }


def shrink(png: bytes) -> bytes:
    """The same picture with a palette, as small as it must be to be kept in a repository."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for colours in (256, 128, 64):
        small = io.BytesIO()
        # Without kmeans the few coloured words of the code go under in the many blues of a photo.
        picture.quantize(colours, kmeans=2).save(small, "PNG", optimize=True)
        if small.tell() <= LARGEST:
            break
    return small.getvalue()


def main() -> None:
    """Write the picture and say how large it is."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "lab"
        shutil.copytree(ROOT / "notebooks", folder)
        view = {"viewport": {"width": WIDTH, "height": HEIGHT}, "device_scale_factor": 2}
        with (
            Lab(folder) as lab,
            browser() as chromium,
            lab.open(chromium, "01_first_video.ipynb", **view) as notebook,
        ):
            run_first_notebook(notebook)
            png = notebook.page.screenshot(clip=crop(notebook))
    PICTURES.mkdir(exist_ok=True)
    path = PICTURES / "first_video.png"
    path.write_bytes(shrink(png))
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
