"""Measure many operations at once: wall, CPU, memory, requests and connections, beside a bare loop and Google's own library.

All three ask the same local server, in a process of its own, in turns; an operation is ready after two seconds and its clip has
ten kB. What a client of the three does in that time beyond waiting is what is compared.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

import av
import numpy as np

from tests.bench.measure import keep, median

ROOT = Path(__file__).parents[2]
CLIENTS = {"aiohttp, bare": "floor", "google-genai": "official", "veo_nb": "ours"}
COLUMNS = ("wall", "cpu", "peak", "requests", "connections")


def make_clip(path: Path) -> None:
    """One small second, so that the network is not what is measured."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as out:
        video = out.add_stream("libx264", rate=24, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        for index in range(24):
            picture = np.full((180, 320, 3), index * 8, np.uint8)
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        out.mux(video.encode(None))


def measure(python: str, client: str, base: str, count: int) -> dict[str, float]:
    """What a client says of itself, and what the server saw of it."""
    _counts(base, "POST")
    done = subprocess.run(
        [python, "-m", f"tests.bench.clients.{client}", base, str(count)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found | _counts(base, "GET")


def _counts(base: str, method: str) -> dict[str, float]:
    with urllib.request.urlopen(urllib.request.Request(f"{base}/counts", method=method)) as answer:
        found: dict[str, float] = json.load(answer)
        return found


def main() -> None:
    """Print the table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", required=True, help="a Python that has google-genai as it is installed")
    parser.add_argument(
        "--floor", required=True, help="a Python that has aiohttp, which google-genai would use too"
    )
    parser.add_argument("--counts", type=int, nargs="+", default=[10, 100, 500])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    pythons = {"floor": options.floor, "official": options.peers, "ours": sys.executable}
    figures: list[dict[str, Any]] = []
    print(f"{'':>5} {'':14} {'wall s':>8} {'CPU s':>8} {'peak MB':>8} {'requests':>9} {'connections':>12}")
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        make_clip(clip)
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.swift", str(clip)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        with server:
            assert server.stdout
            base = server.stdout.readline().split()[1]
            try:
                for count in options.counts:
                    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in CLIENTS}
                    for _ in range(options.rounds):
                        for name, client in CLIENTS.items():
                            rounds[name].append(measure(pythons[client], client, base, count))
                    for name, found in rounds.items():
                        middle = {column: median([one[column] for one in found]) for column in COLUMNS}
                        figures.append({"count": count, "client": name, **middle})
                        print(
                            f"{count:>5} {name:14} {middle['wall']:>8.2f} {middle['cpu']:>8.2f}"
                            f" {middle['peak']:>8.0f} {middle['requests']:>9.0f} {middle['connections']:>12.0f}",
                            flush=True,
                        )
            finally:
                server.terminate()
    keep("bench-operations", figures)


if __name__ == "__main__":
    main()
