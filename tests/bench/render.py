"""Measure the sandbox's painter: 8 s of 720p beside x264 ultrafast fed with the same pictures, and five clips at once.

CPU is what counts, of every thread; wall is told too, of a machine that may be busy. The pictures that the encoder alone is fed
with are ready in memory and go into it without a copy; it writes no sound. "Alone" is the same in the sandbox's own settings, which spare the
encoder a look at each picture in small: the rest up to ours is set-up, painting and sound. The five clips are asked of the real server, which starts a renderer for them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.bench.measure import keep
from veo_nb.media.encode import FPS, Writer
from veo_nb.sandbox.__main__ import DEFAULT_KEY
from veo_nb.sandbox.render.clip import STEPS, Shot, render

ROOT = Path(__file__).parents[2]
PROMPTS = (
    "A quiet lake at dawn",
    "Snowy mountains at dawn",
    "The sea in a storm, rain",
    "An owl in a forest at night, fireflies",
    "A city at night",
)
SUBMIT = "/v1beta/models/veo-3.1-generate-preview:predictLongRunning"
SIZE = (1280, 720)


@dataclass
class Figure:
    """One line of the table: seconds of CPU and of wall, ours and the floor's."""

    what: str
    cpu: float
    wall: float
    floor_cpu: float | None = None
    floor_wall: float | None = None
    alone_cpu: float | None = None
    promised: str = ""

    @property
    def ratio(self) -> float | None:
        return self.cpu / self.floor_cpu if self.floor_cpu else None


def taken(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of CPU and of wall."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def drawn(prompt: str, seconds: float, rounds: int, folder: Path) -> Figure:
    """A clip as the sandbox makes it, and its pictures encoded alone, in turns."""
    shot: dict[str, Any] = {"prompts": [prompt], "avoid": "", "image": None, "last": None, "references": []}
    shot["start"] = 0.0
    recipe = {"width": SIZE[0], "height": SIZE[1], "seconds": seconds, "source": None, "shot": shot}
    painter = Shot(shot, [prompt], folder, SIZE, seconds)
    pictures = [painter.picture(index).copy() for index in range(round(seconds * FPS))]
    ours, floor, alone = [], [], []
    for _ in range(rounds):
        ours.append(taken(lambda: render(recipe, 0, folder, folder / "ours.mp4")))
        floor.append(taken(lambda: encode(folder / "floor.mp4", pictures)))
        alone.append(taken(lambda: encode(folder / "alone.mp4", pictures, STEPS)))
    cpu, wall = (statistics.median(column) for column in zip(*ours, strict=True))
    floor_cpu, floor_wall = (statistics.median(column) for column in zip(*floor, strict=True))
    alone_cpu = statistics.median(cpu for cpu, _ in alone)
    return Figure(f"{seconds:g} s, {prompt}", cpu, wall, floor_cpu, floor_wall, alone_cpu, "1.5")


def encode(path: Path, pictures: list[NDArray[np.uint8]], steps: int | None = None) -> None:
    """Nothing but x264's quickest preset."""
    with Writer(path, *SIZE, sound=False, preset="ultrafast", crf=23, steps=steps, threads=2) as writer:
        for picture in pictures:
            writer.add_picture(picture)


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """The sandbox as a person starts it, its clips whole; gives its address."""
    command = [sys.executable, "-m", "veo_nb.sandbox", "--port", "0", "--data", str(folder), "--latency", "0"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VEO_NB_")}
    unlimited = ("--per-minute", "0", "--in-flight", "0")
    with subprocess.Popen(
        [*command, *unlimited], cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().split()[1]
        finally:
            process.terminate()


def ask(url: str, body: object = None) -> dict[str, Any]:
    """The answer to a GET, or to a POST of JSON."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"x-goog-api-key": DEFAULT_KEY, "content-type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def five_at_once(folder: Path) -> Figure:
    """Five clips of 4 s in one instant: from the first submit until the last is done, and all that it cost."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with serve(folder) as base:
        start = time.perf_counter()
        waiting = [
            ask(base + SUBMIT, {"instances": [{"prompt": prompt}], "parameters": {"durationSeconds": 4}})[
                "name"
            ]
            for prompt in PROMPTS
        ]
        while waiting:
            time.sleep(0.1)
            found = {name: ask(f"{base}/v1beta/{name}") for name in waiting}
            assert not any("error" in operation for operation in found.values()), found
            waiting = [name for name, operation in found.items() if not operation.get("done")]
        wall = time.perf_counter() - start
    # The server has ended, and the renderers with it.
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Figure("five clips of 4 s at once, server too", cpu, wall, promised="12 s of wall on 2 cores")


def main() -> None:
    """Print the table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="clips for each figure")
    parser.add_argument("--seconds", type=float, default=8.0, help="the length of a clip")
    options = parser.parse_args()
    figures = []
    print(f"{'':46} {'CPU s':>6} {'wall':>6} {'x264':>6} {'wall':>6} {'alone':>6} {'ratio':>6}  promised")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(len(PROMPTS) + 1):
            if number < len(PROMPTS):
                figure = drawn(PROMPTS[number], options.seconds, options.rounds, folder)
            else:
                figure = five_at_once(folder / "data")
            figures.append(asdict(figure) | {"ratio": figure.ratio})
            values = (
                figure.cpu,
                figure.wall,
                figure.floor_cpu,
                figure.floor_wall,
                figure.alone_cpu,
                figure.ratio,
            )
            shown = " ".join(f"{'' if value is None else f'{value:.2f}':>6}" for value in values)
            print(f"{figure.what:46} {shown}  {figure.promised}", flush=True)
    keep("bench-render", figures)


if __name__ == "__main__":
    main()
