"""Take the README's pictures again, in a real Lab: a sweep as a grid, and the first notebook's clip under its cell.

    python -m tests.browser.take_pictures

Needs Chromium and the packages of `[dev]`. Writes tests/browser/pictures/grid.png and first_video.png.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import FloatRect, Locator, expect

from tests.browser.lab import Lab, Notebook, browser, facts, write_notebook

ROOT = Path(__file__).parents[2]
PICTURES = Path(__file__).parent / "pictures"
WIDTH, HEIGHT = 1000, 2400
LARGEST = 400_000
"""Bytes: everybody who clones the project downloads the picture."""
MADE = 400_000
"""Milliseconds for the sandbox to render nine clips on a busy machine."""
SWEEP = """%%veo --sweep animal=fox,owl,stag --sweep light=dawn,dusk,night --duration 4 --out sweep
A {{animal}} at a frozen lake, {{light}}. Slow push in. SFX: wind, ice creaking."""
JUDGED = """sweep.rate(sweep.cell(animal="fox", light="dusk"), 4)
sweep.rate(sweep.cell(animal="owl", light="night"), 3)
sweep.rate(sweep.cell(animal="stag", light="dawn"), 5)
sweep.star(sweep.cell(animal="stag", light="dawn"))"""
STEPS = 2
"""Seconds into the clips: all animals are in the picture."""


def run_sweep(notebook: Notebook) -> None:
    """Make the sweep of the README, judge it, and leave its clips where they show something."""
    notebook.command("application:toggle-left-area")
    for cell in (0, 1):
        notebook.run(cell)
    grid = notebook.output(1).locator("[data-veo-grid] .veo-grid")
    grid.wait_for(timeout=MADE)
    notebook.run(2)
    grid.locator(".veo-cell").first.focus()
    for _ in range(STEPS):
        notebook.page.keyboard.press("l")
    expect(grid.locator("video[data-drawn=true]")).to_have_count(9)
    notebook.page.keyboard.press("Escape")
    notebook.command("notebook:move-cursor-down")  # away from the marks of a chosen cell
    notebook.page.mouse.move(5, HEIGHT - 100)
    notebook.page.wait_for_timeout(1500)


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


def crop(first: Locator, last: Locator) -> FloatRect:
    """From one cell to another that stands below it."""
    above, below = first.bounding_box(), last.bounding_box()
    assert above
    assert below
    return {
        "x": below["x"],
        "y": above["y"],
        "width": below["width"],
        "height": below["y"] + below["height"] - above["y"],
    }


def shrink(png: bytes) -> bytes:
    """The same picture with a palette, as small as it must be to be kept in a repository.

    Raises:
        ValueError: it is too large whatever is done.
    """
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for colours in (256, 128, 64):
        small = io.BytesIO()
        # Without kmeans the few coloured words of the code go under in the many blues of a photo.
        picture.quantize(colours, kmeans=2).save(small, "PNG", optimize=True)
        if small.tell() <= LARGEST:
            return small.getvalue()
    raise ValueError(f"{small.tell()} bytes with {colours} colours are more than {LARGEST}.")


def keep(name: str, png: bytes) -> None:
    """Write a picture and say how large it is."""
    PICTURES.mkdir(exist_ok=True)
    path = PICTURES / f"{name}.png"
    path.write_bytes(shrink(png))
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1000} kB")


def main() -> None:
    """Take both pictures."""
    view = {"viewport": {"width": WIDTH, "height": HEIGHT}, "device_scale_factor": 2}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "lab"
        shutil.copytree(ROOT / "notebooks", folder)
        (folder / "sweep").mkdir()
        write_notebook(folder / "sweep" / "grid.ipynb", ["%load_ext veo_nb", SWEEP, JUDGED])
        with Lab(folder) as lab, browser() as chromium:
            with lab.open(chromium, "sweep/grid.ipynb", **view) as notebook:
                run_sweep(notebook)
                cell = notebook.cell(1)
                keep("grid", notebook.page.screenshot(clip=crop(cell, cell)))
            with lab.open(chromium, "01_first_video.ipynb", **view) as notebook:
                run_first_notebook(notebook)
                cells = notebook.page.locator(".jp-Notebook .jp-Cell")
                cell = cells.filter(has=notebook.page.locator("video")).first
                index = int(cell.get_attribute("data-windowed-list-index") or 0)
                keep("first_video", notebook.page.screenshot(clip=crop(notebook.cell(index - 1), cell)))


if __name__ == "__main__":
    main()
