"""Measure a sweep of 200 clips as a person meets it: its grid scrolled in JupyterLab, and what its notebook weighs.

Every cell has a real clip of 720p with a moving, detailed picture, downloaded from a local server: nothing is rendered.
The same scrolling over a page of plain boxes of the same size shows what Lab and the machine take for themselves.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.server import ThreadingHTTPServer
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import psutil  # type: ignore[import-untyped]  # comes with ipykernel
from playwright.sync_api import Browser, CDPSession, Locator, Page, Route, ViewportSize, expect

from tests.bench.service import Handler
from tests.browser.lab import Lab, Notebook, browser, write_notebook
from veo_nb.media.encode import Writer
from veo_nb.notebook.grid.view import PREVIEW_SECONDS

ROOT = Path(__file__).parents[2]
ROWS, COLUMNS = 20, 10
CLIPS = ROWS * COLUMNS
COPIES_SECONDS = 900
"""For so long it is waited for the small copies of all clips."""
VIEWPORT = {"width": 1600, "height": 1000}

LOAD = """import dataclasses, os
os.environ.update({environment!r})
from veo_nb import catalog
# The local server takes any number at once.
catalog.PROVIDERS["sandbox"] = dataclasses.replace(
    catalog.PROVIDERS["sandbox"], requests_per_minute=100_000, in_flight=50, typical_seconds=1.0
)
%load_ext veo_nb
from veo_nb.notebook.grid import previews
previews.PREVIEWS_HERE._off = {whole!r}"""
SWEEP = f"""import veo_nb as veo
sweep = veo.sweep(
    "0 MB, 0 s. A {{{{animal}}}} at {{{{time}}}}.",
    confirm=True,
    axes={{"animal": [f"animal {{n}}" for n in range({ROWS})], "time": [f"{{n}} o'clock" for n in range({COLUMNS})]}},
)
sweep.grid()"""
PLAIN = f"""from IPython.display import HTML
boxes = "<div style='border:1px solid #888;border-radius:6px;aspect-ratio:16/9'></div>" * {CLIPS}
HTML(f"<div class='plain' style='max-height:80vh;overflow:auto'><div style='display:grid;gap:32px 8px;width:1900px;"
     f"grid-template-columns:repeat({COLUMNS},1fr)'>{{boxes}}</div></div>")"""

SCROLL = """async ([selector, seconds, speed]) => {
    const all = [...document.querySelectorAll(selector)];
    const box = all.find(one => one.scrollHeight > one.clientHeight) ?? all[0];
    const frames = [];
    let last = await new Promise(requestAnimationFrame), way = 1, most = 0;
    const end = last + seconds * 1000;
    while (last < end) {
        const now = await new Promise(requestAnimationFrame);
        frames.push(now - last);
        const before = box.scrollTop;
        box.scrollTop += way * (now - last) / 1000 * speed * box.clientHeight;
        if (speed && box.scrollTop === before) way = -way;
        most = Math.max(most, document.querySelectorAll('.veo-cell video[src]').length);
        last = now;
    }
    return {frames, most};
}"""
"""Scrolls there and back for some seconds; the length of each frame, and the most videos that were loaded at once."""
SPEED = 2
"""Screens in a second, as far as a hand on a wheel comes."""
LATE_MS = 50
ROUNDS = 2
"""How often the grid and the bare page play in turn: what else a machine does falls on both."""
PLAYED = """() => [...document.querySelectorAll('.veo-cell video[src]')].map(one => {
    const {x, y, width, height} = one.getBoundingClientRect();
    return `<video src="${one.src}" style="position:absolute;left:${x}px;top:${y}px;width:${width}px;height:${height}px"`
        + ' muted loop autoplay playsinline></video>';
}).join('')"""
"""The videos that the grid plays, each where it is and as large, in a page that has nothing else and keeps nothing in step."""


@dataclass
class Figure:
    """One line of the table."""

    what: str
    value: float
    unit: str = ""
    notes: str = ""

    def __str__(self) -> str:
        return f"{self.what:50} {self.value:>9.1f} {self.unit:3} {self.notes}"


def write_clip(path: Path) -> bytes:
    """Four seconds of 720p that move over a picture with as much detail as a photograph has."""
    rng = np.random.default_rng(1)
    rough = rng.integers(0, 255, (46, 90, 3), np.uint8).repeat(32, 0).repeat(32, 1)
    ground = np.clip(rough + rng.normal(0, 6, rough.shape), 0, 255).astype(np.uint8)
    with Writer(path, 1280, 720) as writer:
        for index in range(96):
            writer.add_picture(
                np.ascontiguousarray(ground[index : index + 720, 4 * index : 4 * index + 1280])
            )
    return path.read_bytes()


@contextmanager
def served(clip: bytes) -> Iterator[dict[str, str]]:
    """The bench's provider in this process; what points a studio at it."""
    Handler.clip = clip
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield {"VEO_NB_PROVIDER": "sandbox", "VEO_NB_BASE_URL": f"http://127.0.0.1:{server.server_port}"}
    finally:
        server.shutdown()
        server.server_close()


class GridBench:
    """The measurements of one open notebook: cell 1 is the sweep, cell 2 the plain boxes."""

    def __init__(self, notebook: Notebook, chromium: Browser, seconds: float, *, whole: bool = False) -> None:
        self.notebook, self.page, self.seconds = notebook, notebook.page, seconds
        self.whole = whole
        self.chromium = chromium.new_browser_cdp_session()
        self.tab = metered(self.page)

    @property
    def cells(self) -> Locator:
        return self.notebook.output(1).locator("[data-veo-grid] .veo-cell")

    def prepare(self) -> None:
        self.notebook.command("application:toggle-left-area")
        self.notebook.run(0)
        self.notebook.run(1)
        self.notebook.output(1).locator(".veo-cell").first.wait_for()

    def wait_for_copies(self) -> Iterator[Figure]:
        """How long after the clips their small copies are all there."""
        if self.whole:
            return
        folder, began = self.notebook.lab.folder / "veo_library" / "previews", time.monotonic()
        while len([*folder.glob("*.mp4")]) < CLIPS and time.monotonic() - began < COPIES_SECONDS:
            self.page.wait_for_timeout(1000)
        yield Figure("Small copies there, after the clips", time.monotonic() - began, "s")
        self.page.wait_for_timeout(PREVIEW_SECONDS * 1000 + 2000)

    def scroll(self, name: str, selector: str, notes: str = "", *, speed: float = SPEED) -> Iterator[Figure]:
        """Frames over 50 ms while scrolling, the slowest, and how many videos were there at once."""
        self.page.locator(selector).first.scroll_into_view_if_needed()
        self.page.wait_for_timeout(1000)
        seen = self.page.evaluate(SCROLL, [selector, self.seconds, speed])
        frames = sorted(seen["frames"])
        slow = sum(1 for frame in frames if frame > LATE_MS)
        yield Figure(f"{name}: frames over 50 ms", slow, "", f"of {len(frames)} in {self.seconds:g} s{notes}")
        yield Figure(f"{name}: slowest frame", frames[-1], "ms", f"median {frames[len(frames) // 2]:.1f}")
        if ".veo" in selector:
            yield Figure(f"{name}: videos with a source, at most", seen["most"], "", f"of {CLIPS}")

    def play_in_turn(self) -> Iterator[Figure]:
        """The grid that plays, not scrolled, in turn with a page of the same videos alone: frames, and the main thread's time."""
        bare = self.page.context.new_page()
        bare.set_viewport_size(ViewportSize(width=VIEWPORT["width"], height=VIEWPORT["height"]))
        address = f"{self.notebook.lab.url}/bare"
        selector = "[data-veo-grid] .veo-scroll"
        frames: dict[str, list[float]] = {"Grid, playing and not scrolled": [], "Bare page of its videos": []}
        busy = dict.fromkeys(frames, 0.0)
        for _ in range(ROUNDS):
            self.page.bring_to_front()
            self.toggle()
            html = self.page.evaluate(PLAYED)
            for name, page, scrolled in zip(frames, (self.page, bare), (selector, "html"), strict=True):
                if page is bare:
                    self.toggle()
                    page.bring_to_front()
                    show(page, address, html)
                tab = metered(page)
                before = seconds_of_work(tab)
                frames[name] += page.evaluate(SCROLL, [scrolled, self.seconds, 0])["frames"]
                busy[name] += seconds_of_work(tab) - before
                tab.detach()
            bare.goto("about:blank")
        bare.close()
        for name, lengths in frames.items():
            lengths.sort()
            slow = [one for one in lengths if one > LATE_MS]
            whole = sum(lengths)
            counted = f"{len(slow)} of {len(lengths)} in {whole / 1000:.0f} s"
            yield Figure(f"{name}: time in frames over 50 ms", 100 * sum(slow) / whole, "%", counted)
            yield Figure(
                f"{name}: slowest frame", lengths[-1], "ms", f"median {lengths[len(lengths) // 2]:.1f}"
            )
            yield Figure(f"{name}: main thread's CPU", 1e6 * busy[name] / whole, "ms", "in a second")

    def toggle(self) -> None:
        """Play, or pause."""
        self.cells.first.focus()
        self.page.keyboard.press("k")
        self.page.wait_for_timeout(3000)

    def memory(self, name: str) -> Iterator[Figure]:
        """Of the page's script, and of the process that draws it."""
        self.tab.send("HeapProfiler.enable")
        self.tab.send("HeapProfiler.collectGarbage")
        found = {one["name"]: one["value"] for one in self.tab.send("Performance.getMetrics")["metrics"]}
        yield Figure(f"{name}: script heap of the page", found["JSHeapUsedSize"] / 1024**2, "MB")
        yield Figure(f"{name}: memory of the page's process", self._process(), "MB", "of it alone")

    def _process(self) -> float:
        """The largest renderer is the one with Lab in it; memory that no other process shares."""
        processes: list[dict[str, Any]] = self.chromium.send("SystemInfo.getProcessInfo")["processInfo"]
        ids = [one["id"] for one in processes if one["type"] == "renderer"]
        return max(float(psutil.Process(one).memory_full_info().uss) for one in ids) / 1024**2

    def run(self) -> Iterator[Figure]:
        page = self.page
        self.prepare()
        yield from self.memory("Before")
        self.cells.first.wait_for(timeout=600_000)
        self.notebook.run(2)
        yield from self.scroll("Plain boxes", ".plain")
        yield from self.scroll("Grid, at rest", "[data-veo-grid] .veo-scroll", ", stills come in")
        expect(self.cells.locator("video")).to_have_count(0)
        yield from self.scroll("Grid, at rest again", "[data-veo-grid] .veo-scroll", ", stills are there")
        yield from self.memory("Grid, at rest")
        yield from self.wait_for_copies()
        self.page.locator("[data-veo-grid] .veo-scroll").first.scroll_into_view_if_needed()
        yield from self.play_in_turn()
        page.bring_to_front()
        self.toggle()
        yield from self.scroll("Grid, playing", "[data-veo-grid] .veo-scroll")
        page.wait_for_timeout(1000)
        yield from self.memory("Grid, playing")
        counts = page.evaluate(
            """() => { const all = [...document.querySelectorAll('.veo-cell video')];
            const pixels = all.reduce((sum, one) => sum + one.videoWidth * one.videoHeight, 0);
            return [all.filter(one => one.src).length, all.filter(one => !one.paused).length, pixels]; }"""
        )
        yield Figure("Playing: videos with a source", counts[0], "", f"of {CLIPS}")
        yield Figure("Playing: videos that play", counts[1], "", f"of {CLIPS}")
        yield Figure(
            "Playing: pixels decoded for each moment", counts[2] / 1e6, "M", "of all that have a source"
        )
        page.keyboard.press("k")
        self.notebook.save()
        size = (self.notebook.lab.folder / self.notebook.path).stat().st_size
        yield Figure("The notebook's file", size / 1024, "kB", "< 1 MB")


def metered(page: Page) -> CDPSession:
    """A session with a page that tells what its main thread has done."""
    tab = page.context.new_cdp_session(page)
    tab.send("Performance.enable")
    return tab


def show(page: Page, address: str, html: str) -> None:
    """Show this at an address of the server that has the videos, so that each is fetched as it is in the grid."""

    def answer(route: Route) -> None:
        route.fulfill(body=html, content_type="text/html")

    page.route(address, answer)
    # Loaded it is once all the videos are there.
    page.goto(address, wait_until="commit")
    page.unroute(address)
    page.wait_for_timeout(5000)


def seconds_of_work(tab: CDPSession) -> float:
    """CPU time of the page's main thread so far."""
    found = {one["name"]: one["value"] for one in tab.send("Performance.getMetrics")["metrics"]}
    return float(found["ThreadTime"])


def saved_page(notebook: Notebook, page: Page) -> Iterator[Figure]:
    """The saved table with no kernel: what it loads before anything is played."""
    notebook.lab.restart_kernel(notebook.path)
    notebook.reload()
    table = notebook.output(1).locator("[data-veo-grid] table")
    table.wait_for()
    page.wait_for_timeout(3000)
    loading = "all => all.filter(one => one.readyState > 0).length"
    yield Figure("Saved table: videos in it", table.locator("video").count())
    yield Figure("Saved table: videos that load by themselves", table.locator("video").evaluate_all(loading))


def command_line(about: str | None) -> argparse.ArgumentParser:
    """What the command line says: how long each scrolling lasts."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--seconds", type=float, default=10, help="how long each scrolling lasts")
    return parser


def record(name: str, measured: Iterable[Figure]) -> None:
    """Print each figure as it is measured, and write all of them to a JSON file of this name."""
    figures = []
    for figure in measured:
        figures.append(asdict(figure))
        print(figure, flush=True)
    artefacts = ROOT / "tests" / "artefacts"
    artefacts.mkdir(exist_ok=True)
    (artefacts / f"{name}.json").write_text(json.dumps(figures, indent=2))


def main() -> None:
    """Print the table and write the JSON."""
    parser = command_line(__doc__)
    parser.add_argument(
        "--whole", action="store_true", help="play the clips themselves, not their small copies"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        place = Path(folder)
        with served(write_clip(place / "clip.mp4")) as environment, Lab(place) as lab:
            cells = [LOAD.format(environment=environment, whole=asked.whole), SWEEP, PLAIN]
            write_notebook(place / "bench.ipynb", cells)
            with lab.open(chromium, "bench.ipynb", viewport=VIEWPORT) as notebook:
                bench = GridBench(notebook, chromium, asked.seconds, whole=asked.whole)
                record(
                    f"bench-grid{'-whole' if asked.whole else ''}",
                    chain(bench.run(), saved_page(notebook, notebook.page)),
                )


if __name__ == "__main__":
    main()
