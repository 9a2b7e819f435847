"""Take the README's pictures again, in a real Lab: a grid, the first notebook's clip under its cell, a comparison, the panel.

    python -m tests.browser.take_pictures          all of them
    python -m tests.browser.take_pictures panel    only this one

Needs Chromium and the packages of `[dev]`. Writes grid.png, first_video.png, compare.png and panel.png in tests/browser/pictures.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
RATED = """sweep.rate(sweep.cell(animal="fox", light="dusk"), 4)
sweep.rate(sweep.cell(animal="owl", light="night"), 3)
sweep.rate(sweep.cell(animal="stag", light="dawn"), 5)
sweep.star(sweep.cell(animal="stag", light="dawn"))"""
COMPARED = """%%veo --sweep light=dawn,dusk --duration 4 --wait --out sweep
A lighthouse above a calm sea, {{light}}. Slow push in. SFX: waves on rocks."""
COMPARE = 'comparison = veo.compare(sweep, by="light", question="Which looks more like film?", voter="ann")'
MADE_BEFORE = """import veo_nb as veo
shots = [("fox", "dawn", "16:9"), ("owl", "night", "16:9"), ("stag", "dusk", "16:9"), ("fox", "noon", "16:9"),
         ("lighthouse", "dusk", "16:9"), ("whale", "dawn", "16:9"), ("rocket", "night", "16:9"), ("owl", "dawn", "16:9")]
jobs = [veo.generate(f"{what.capitalize()} at {when}, slow push in.", aspect_ratio=shape, duration_seconds=4)
        for what, when, shape in shots]
for job in jobs:
    job.wait()
veo.studio().library.rate(jobs[0].id, rating=5)
veo.studio().library.rate(jobs[4].id, rating=4, star=True)"""
PANEL = "%veo panel"
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


def run_panel(notebook: Notebook) -> Locator:
    """Open the panel on a library with clips, with a draft in it and a sweep on its way; the panel."""
    notebook.command("application:toggle-left-area")
    for cell in (0, 1, 2):
        notebook.run(cell, timeout=MADE / 1000)
    panel = notebook.output(2).locator(".veo-panel")
    expect(panel.locator(".veo-tile img")).to_have_count(8, timeout=60_000)
    panel.get_by_label("First frame: files").set_input_files(ROOT / "notebooks" / "coffee.jpg")
    panel.get_by_role("radio", name="crop", exact=True).check()
    panel.get_by_role("textbox", name="Prompt").fill(
        "Steam curls from a {{cup}} cup, {{light}}. A slow push in. SFX: a spoon, quiet voices."
    )
    for name, values in (("cup", "red, blue"), ("light", "morning light")):
        field = panel.get_by_label(f"Add values of {name}")
        field.fill(values)
        field.press("Enter")
    panel.get_by_role("button", name="Generate 2 clips").click()
    expect(panel.locator(".veo-job")).to_have_count(2)
    notebook.command("notebook:move-cursor-up")  # away from the marks of a chosen cell
    notebook.page.mouse.move(5, 400)
    notebook.cell(2).evaluate("cell => cell.scrollIntoView()")
    notebook.page.wait_for_timeout(1200)
    return panel


def run_comparison(notebook: Notebook) -> None:
    """Make two clips and put them before a voter, where they show something."""
    notebook.command("application:toggle-left-area")
    notebook.run(0)
    notebook.run(1, timeout=MADE / 1000)
    notebook.run(2)
    view = notebook.output(2).locator(".veo-compare")
    expect(view.locator("video[data-drawn=true]")).to_have_count(2)
    for video in view.locator("video").all():
        video.evaluate(
            "(video, seconds) => new Promise(done => { video.pause(); video.onseeked = done; video.currentTime = seconds })",
            STEPS,
        )


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


def main(wanted: Sequence[str]) -> None:
    """Take these pictures; all of them where none is named."""
    names = wanted or ("grid", "first_video", "compare", "panel")
    view: dict[str, Any] = {"viewport": {"width": WIDTH, "height": HEIGHT}, "device_scale_factor": 2}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "lab"
        shutil.copytree(ROOT / "notebooks", folder)
        (folder / "sweep").mkdir()
        write_notebook(folder / "sweep" / "grid.ipynb", ["%load_ext veo_nb", SWEEP, RATED])
        (folder / "compare").mkdir()
        write_notebook(
            folder / "compare" / "compare.ipynb",
            ["%load_ext veo_nb\nimport veo_nb as veo", COMPARED, COMPARE],
        )
        (folder / "panel").mkdir()
        write_notebook(folder / "panel" / "panel.ipynb", ["%load_ext veo_nb", MADE_BEFORE, PANEL])
        with Lab(folder) as lab, browser() as chromium:
            if "grid" in names:
                with lab.open(chromium, "sweep/grid.ipynb", **view) as notebook:
                    run_sweep(notebook)
                    cell = notebook.cell(1)
                    keep("grid", notebook.page.screenshot(clip=crop(cell, cell)))
            if "first_video" in names:
                with lab.open(chromium, "01_first_video.ipynb", **view) as notebook:
                    run_first_notebook(notebook)
                    cells = notebook.page.locator(".jp-Notebook .jp-Cell")
                    cell = cells.filter(has=notebook.page.locator("video")).first
                    index = int(cell.get_attribute("data-windowed-list-index") or 0)
                    keep("first_video", notebook.page.screenshot(clip=crop(notebook.cell(index - 1), cell)))
            if "compare" in names:
                with lab.open(chromium, "compare/compare.ipynb", **view) as notebook:
                    run_comparison(notebook)
                    cell = notebook.cell(2)
                    keep("compare", notebook.page.screenshot(clip=crop(cell, cell)))
            if "panel" in names:
                wide = {**view, "viewport": {"width": 1360, "height": 900}}
                with lab.open(chromium, "panel/panel.ipynb", **wide) as notebook:
                    panel = run_panel(notebook)
                    cell = notebook.cell(2)
                    area, last = crop(cell, cell), panel.locator(".veo-tile").last.bounding_box()
                    assert last
                    area["height"] = last["y"] + last["height"] + 16 - area["y"]
                    keep("panel", notebook.page.screenshot(clip=area))


if __name__ == "__main__":
    main(sys.argv[1:])
