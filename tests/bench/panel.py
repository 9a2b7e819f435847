"""Measure the panel on a library of 2,000 clips as a person meets it, in JupyterLab.

How long until it is drawn, how it scrolls, what one job's update costs on the comm and in the page, and whether the
page's memory stays where it is over an hour of updates, four a second, sped up.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import expect

from tests.bench.grid import SCROLL, SPEED, Figure, GridBench, command_line, record, write_clip
from tests.browser.lab import Lab, browser, write_notebook
from veo_nb.store.files import digest
from veo_nb.store.ledger import Ledger
from veo_nb.store.recovery.journal import Journal
from veo_nb.store.rows import JobRow, VideoRow

ROOT = Path(__file__).parents[2]
CLIPS = 2000
FILES = 40
"""Files of their own: each has its still drawn once; the others are the same clip under other names."""
HOUR = 3600 * 4
VIEWPORT = {"width": 1600, "height": 1400}
LOAD = """import os
os.environ["VEO_NB_PROVIDER"] = "sandbox"
%load_ext veo_nb"""
PANEL = "import veo_nb as veo\npanel = veo.panel()\npanel"
UPDATES = """import json, time
row = {{"job": "3f2a", "state": "downloading", "prompt": "A fox crosses a frozen lake. " * 4, "settings": "fast · 9:16 · 8 s",
       "line": ["Downloading · 0.0 of 4.8 MB"], "progress": {{"done": 0, "total": 4800000}}, "actions": ["cancel"]}}
queue = {{"order": ["3f2a"], "more": 0, "line": ["1 generating"]}}
panel.queue = queue
for n in range({count}):
    panel.row_0 = {{**row, "line": [f"Downloading · {{n % 4800 / 1000:.1f}} of 4.8 MB"], "progress": {{"done": n, "total": 4800000}}}}
    time.sleep({pause})
print(len(json.dumps({{"method": "update", "state": {{"row_0": panel.row_0}}, "buffer_paths": []}}).encode()))"""


def fill(folder: Path) -> None:
    """A library of as many clips, made on 50 days, rated here and there."""
    source = folder.parent / "clip.mp4"
    write_clip(source)
    day = folder / "2026-11-01"
    day.mkdir(parents=True)
    sha256, size = digest(source), source.stat().st_size
    ledger = Ledger(folder / "ledger.sqlite", journal=Journal(folder / "ledger.journal"))
    for n in range(CLIPS):
        job_id = f"{n:04x}"
        path = day / f"clip-{job_id}.mp4"
        os.link(source, path)
        made = 1_790_000_000.0 + n * 2000
        request = {
            "prompt": f"Animal {n % 37} crosses place {n % 11} at {n % 24} o'clock.",
            "model": "veo-3.1-fast-generate-preview",
        }
        ledger.add_job(
            JobRow(
                id=job_id,
                fingerprint=f"f{n}",
                take=1,
                provider="sandbox",
                model=request["model"],
                request=request,
                state="succeeded",
                estimate=0.6,
                created_at=made,
                submitted_at=made,
                generated_at=made + 60,
                finished_at=made + 62,
            )
        )
        ledger.add_video(
            VideoRow(
                job_id=job_id,
                sample=0,
                uri="",
                path=path.relative_to(folder).as_posix(),
                bytes=size,
                sha256=f"{n % FILES:064x}" if n >= FILES else sha256,
                width=1280,
                height=720,
                duration=4.0,
                fps=24.0,
                has_audio=True,
            )
        )
    ledger.close()


class PanelBench(GridBench):
    """The measurements of one open notebook: cell 1 is the panel, cells 2 and 3 push updates."""

    def open(self) -> Iterator[Figure]:
        self.notebook.command("application:toggle-left-area")
        self.notebook.run(0)
        self.notebook.cell(1).locator(".jp-InputArea-editor").click()
        self.page.evaluate(
            """() => {
                window.drawn = new Promise(done => new MutationObserver((_, observer) => {
                    if (!document.querySelector(".veo-panel textarea")) return;
                    observer.disconnect();
                    requestAnimationFrame(() => setTimeout(() => done(performance.now())));
                }).observe(document.body, {childList: true, subtree: true}));
                window.addEventListener("keydown", event => {
                    if (event.key === "Enter") window.began ??= performance.now();
                }, {capture: true});
            }"""
        )
        self.page.keyboard.press("Control+Enter")
        taken = self.page.evaluate("window.drawn.then(drawn => drawn - window.began)")
        yield Figure("First paint after the cell was run", taken, "ms", "< 500")
        began = time.perf_counter()
        expect(self.page.locator(".veo-tile[role=option]").first).to_be_visible()
        yield Figure("First tiles after that", (time.perf_counter() - began) * 1000, "ms")
        self.page.wait_for_timeout(3000)

    def updates(self, cell: int, count: int) -> Iterator[Figure]:
        """What each of so many updates of one job costs, by the page's own count of its work."""
        before = self._task_seconds()
        self.notebook.run(cell, timeout=1200)
        self.page.wait_for_timeout(1000)
        worked = self._task_seconds() - before
        size = re.findall(r"\d+", self.notebook.output(cell).inner_text())[-1]
        yield Figure("A job's update on the comm", float(size), "B", "< 1000")
        yield Figure("A job's update in the page", worked * 1000 / count, "ms", f"< 16, mean of {count}")

    def _task_seconds(self) -> float:
        found = {one["name"]: one["value"] for one in self.tab.send("Performance.getMetrics")["metrics"]}
        return float(found["TaskDuration"])

    def run(self) -> Iterator[Figure]:
        yield from self.open()
        for name in ("stills come in", "stills are there"):
            self.page.evaluate("document.querySelector('.veo-gallery').scrollIntoView()")
            seen = self.page.evaluate(SCROLL, [".veo-tiles", self.seconds, SPEED])
            frames = sorted(seen["frames"])
            slow = sum(frame > 50 for frame in frames)
            yield Figure(f"Scrolling, {name}: frames over 50 ms", slow, "", f"of {len(frames)}")
            yield Figure(
                f"Scrolling, {name}: slowest frame",
                frames[-1],
                "ms",
                f"median {frames[len(frames) // 2]:.1f}",
            )
        yield Figure("Tiles in the page", self.page.locator(".veo-tile").count(), "", f"of {CLIPS}")
        yield from self.updates(2, 200)
        yield from self.memory("Before an hour of updates")
        yield from self.updates(3, HOUR)
        yield from self.memory("After it")
        self.notebook.save()
        size = (self.notebook.lab.folder / self.notebook.path).stat().st_size
        yield Figure("The notebook's file", size / 1024, "kB")


def main() -> None:
    """Print the table and write the JSON."""
    seconds = command_line(__doc__).parse_args().seconds
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        place = Path(folder)
        fill(place / "veo_library")
        with Lab(place) as lab:
            cells = [
                LOAD,
                PANEL,
                UPDATES.format(count=200, pause=0.02),
                UPDATES.format(count=HOUR, pause=0.004),
            ]
            write_notebook(place / "bench.ipynb", cells)
            with lab.open(chromium, "bench.ipynb", viewport=VIEWPORT) as notebook:
                record("bench-panel", PanelBench(notebook, chromium, seconds).run())


if __name__ == "__main__":
    main()
