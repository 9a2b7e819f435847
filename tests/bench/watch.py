"""Measure how late a finished clip is seen, by how many looks, and whether what is said to be left is right.

The engine itself drives 200 clips against a provider in memory, with a clock that a program moves: each clip takes a time from a
distribution with a long tail, from 11 s to 6 min, and the library knows nothing of them when it begins. Beside it stands the loop
of the official documentation, which sleeps ten seconds, and the least delay that any schedule can have with as many looks that
knows only the distribution: half the square of the integral of sqrt(f S), by the looks.
"""

from __future__ import annotations

import argparse
import asyncio
import bisect
import json
import math
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx2

import veo_nb as veo
from tests.bench.measure import ROOT, keep
from tests.bench.operations import make_clip
from tests.world import InPlace, World
from veo_nb.notebook.protocol import WITHIN, format_line
from veo_nb.notebook.text import line
from veo_nb.store.rows import State

SHORTEST, LONGEST = 11.0, 360.0
LOOP = 10.0
"""Seconds that the official loop sleeps."""
SAID = re.compile(r"(?:(about|up to) )?(?:(\d+)(?: (s|min))? to )?(\d+) (s|min) left")
UNITS = {"s": 1.0, "min": 60.0}


@dataclass(frozen=True, eq=False)
class Kind:
    """Clips that are alike: what is asked of them, and a log-normal distribution of their seconds, cut at both ends."""

    fields: dict[str, Any]
    usual: float
    spread: float

    def draw(self, chance: random.Random) -> float:
        while True:
            seconds = self.usual * math.exp(chance.gauss(0, self.spread))
            if SHORTEST <= seconds <= LONGEST:
                return seconds

    def root(self) -> float:
        """The integral of sqrt(f S)."""
        count = 4000
        step = (LONGEST - SHORTEST) / count
        at = [SHORTEST + (index + 0.5) * step for index in range(count)]
        density = [math.exp(-0.5 * (math.log(t / self.usual) / self.spread) ** 2) / t for t in at]
        whole, left, root = sum(density), 1.0, 0.0
        for one in density:
            share = one / whole
            root += math.sqrt(share / step * max(0.0, left - share / 2)) * step
            left -= share
        return root


SHORT, LONG = (
    {"resolution": "720p", "duration_seconds": 4},
    {"resolution": "1080p", "duration_seconds": 8},
)
WORLDS = {
    "one kind": [Kind(SHORT, 60.0, 0.65)],
    "two kinds": [Kind(SHORT, 45.0, 0.35), Kind(LONG, 110.0, 0.35)],
}


@dataclass
class Figure:
    """A line of the table: means over the clips, and shares of the readings."""

    world: str
    client: str
    delay: float
    looks: float
    least: float
    """The least delay for as many looks."""
    right: float | None = None
    """Share of the readings where what was left lay in what was said, give or take the factor."""
    strictly: float | None = None
    """The same without the factor."""
    number: float | None = None
    """The same if the one number had been said that half of the clips stay under."""
    ceiling: float | None = None
    """And if the best number had been said, by one who knows the distribution."""


async def drive(kinds: Sequence[Kind], count: int, at_once: int, seed: int, clip: bytes) -> dict[str, float]:
    """Have the engine make so many clips, and read what it says every two seconds."""
    asyncio.get_running_loop().set_default_executor(InPlace())
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), clip, per_minute=None, most=at_once)
        seconds: dict[str, float] = {}
        jobs, drawn = [], {}
        for number in range(count):
            kind = kinds[number % len(kinds)]
            job = world.job(f"Clip {number}.", kind.fields)
            drawn[job.id] = kind, kind.draw(chance)
            jobs.append(job)

        def answer(name: str) -> httpx2.Response:
            job = next(job for job in jobs if job.operation == name)
            seconds[job.id] = drawn[job.id][1]
            assert job.now.submitted_at is not None
            done = world.time.now >= job.now.submitted_at + seconds[job.id]
            return world.service.finished(name) if done else world.service.running(name)

        world.service.on_poll = answer
        for job in jobs:
            world.engine.drive(job)
        readings = right = strictly = number = 0
        best: dict[Kind, list[float]] = {kind: [] for kind in kinds}
        while not all(job.now.state.final for job in jobs):
            await world.time.advance(2.0)
            for job in jobs:
                if job.now.state is not State.RUNNING or job.now.submitted_at is None:
                    continue
                kind, takes = drawn[job.id]
                elapsed = world.time.now - job.now.submitted_at
                left = takes - elapsed
                if left <= 0:
                    # It is only not known yet.
                    continue
                low, high = heard(format_line(line(job), world.time.now))
                readings += 1
                right += low / WITHIN <= left <= high * WITHIN
                strictly += low <= left <= high
                number += 1 / WITHIN <= job.now.latency.rest(elapsed) / left <= WITHIN
                best[kind].append(elapsed)
        assert all(job.now.state is State.SUCCEEDED for job in jobs)
        late = [
            (job.now.generated_at or 0.0) - (job.now.submitted_at or 0.0) - drawn[job.id][1] for job in jobs
        ]
        await world.engine.stop()
        world.ledger.close()
    ceiling = sum(best_number(kind, elapsed) for kind, elapsed in best.items())
    return {
        "delay": statistics.fmean(late),
        "looks": len(world.service.asked) / count,
        "right": right / readings,
        "strictly": strictly / readings,
        "number": number / readings,
        "ceiling": ceiling / readings,
    }


def heard(said: str) -> tuple[float, float]:
    """The least and the most that a line says is left; a single number is both."""
    found = SAID.search(said)
    assert found, said
    word, few, few_unit, many, unit = found.groups()
    high = float(many) * UNITS[unit]
    if few:
        return float(few) * UNITS[few_unit or unit], high
    return (0.0 if word == "up to" else high), high


def best_number(kind: Kind, elapsed: Sequence[float]) -> float:
    """How many of these readings are right if each time the number is said that is right most often."""
    chance, total = random.Random(1), 0.0
    times = sorted(kind.draw(chance) for _ in range(4000))
    known: dict[int, float] = {}
    for at in elapsed:
        step = int(at // 5) * 5 + 2
        if step not in known:
            rests = [time - step for time in times if time > step]
            most = max(
                (
                    bisect.bisect_right(rests, rest * WITHIN**2) - index
                    for index, rest in enumerate(rests)
                    if index % max(1, len(rests) // 200) == 0
                ),
                default=0,
            )
            known[step] = most / len(rests) if rests else 0.0
        total += known[step]
    return total


def loop(kinds: Sequence[Kind], count: int, seed: int, sleep: float) -> tuple[float, float]:
    """Mean delay and looks of a loop that sleeps so long before each look."""
    chance = random.Random(seed)
    times = [kinds[number % len(kinds)].draw(chance) for number in range(count)]
    looks = [math.ceil(time / sleep) for time in times]
    late = [sleep * count - time for count, time in zip(looks, times, strict=True)]
    return statistics.fmean(late), statistics.fmean(looks)


def replay(count: int, seeds: int, clip: bytes) -> list[Figure]:
    """Every client in every world, on a clock of our own."""
    figures = []
    print(f"{'':10} {'':28} {'late s':>7} {'looks':>6} {'least s':>8} {'right %':>8} {'strictly':>9}", end="")
    print(f" {'a number':>9} {'the best':>9}")
    for name, kinds in WORLDS.items():
        bound = statistics.fmean(kind.root() for kind in kinds) ** 2 / 2
        found = []
        for sleep in (LOOP, 2 * LOOP):
            loops = [loop(kinds, 20 * count, seed, sleep) for seed in range(seeds)]
            delay, looks = (statistics.fmean(column) for column in zip(*loops, strict=True))
            found.append(Figure(name, f"loop that sleeps {sleep:.0f} s", delay, looks, bound / looks))
        for at_once in (1, 10, count):
            runs = [asyncio.run(drive(kinds, count, at_once, seed, clip)) for seed in range(seeds)]
            means = {key: statistics.fmean(run[key] for run in runs) for key in runs[0]}
            found.append(Figure(name, f"veo_nb, {at_once} at once", least=bound / means["looks"], **means))
            show(found[-3] if at_once == 1 else None, found[-2] if at_once == 1 else None, found[-1])
        figures += found
    return figures


def show(*figures: Figure | None) -> None:
    for one in figures:
        if one is None:
            continue
        shares = (one.right, one.strictly, one.number, one.ceiling)
        shown = "".join(f" {'' if share is None else f'{share:.0%}':>9}" for share in shares)
        looks, least = (
            "" if math.isnan(value) else f"{value:.{digits}f}"
            for value, digits in ((one.looks, 1), (one.least, 2))
        )
        print(f"{one.world:10} {one.client:28} {one.delay:>7.2f} {looks:>6} {least:>8}{shown}", flush=True)


def in_real_time(count: int) -> list[Figure]:
    """Once against a local server, ours beside the loop, so that nothing hangs on a clock that only pretends."""
    chance, kind = random.Random(3), WORLDS["one kind"][0]
    times = [round(kind.draw(chance)) for _ in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.service", folder], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        with process, ThreadPoolExecutor(count) as pool:
            assert process.stdout
            base = process.stdout.readline().split()[1]
            try:
                studio = veo.Studio(
                    provider="gptproto",
                    api_key="sk-bench",
                    base_url=base,
                    library=f"{folder}/library",
                    max_in_flight=count,
                    requests_per_minute=1_000_000,
                )
                looped = [pool.submit(documented, base, seconds) for seconds in times]
                jobs = [studio.generate(f"1 MB, {seconds} s, {n}") for n, seconds in enumerate(times)]
                for job in jobs:
                    job.wait(timeout=600)
                late = [
                    (job.now.generated_at or 0.0) - (job.now.submitted_at or 0.0) - seconds
                    for job, seconds in zip(jobs, times, strict=True)
                ]
                found = [one.result() for one in looped]
                studio.close()
            finally:
                process.terminate()
    delay, looks = (statistics.fmean(column) for column in zip(*found, strict=True))
    figures = [
        Figure("real time", f"loop that sleeps {LOOP:.0f} s", delay, looks, math.nan),
        Figure("real time", f"veo_nb, {count} at once", statistics.fmean(late), math.nan, math.nan),
    ]
    show(*figures)
    return figures


def documented(base: str, seconds: int) -> tuple[float, int]:
    """How late the documented loop sees a clip, and after how many looks."""
    begun, looks = time.time(), 0
    with httpx2.Client() as client:
        body = {"instances": [{"prompt": f"1 MB, {seconds} s"}]}
        name = client.post(f"{base}/v1beta/models/m:predictLongRunning", json=body).json()["name"]
        done = False
        while not done:
            time.sleep(LOOP)
            done = client.get(f"{base}/v1beta/{name}").json().get("done", False)
            looks += 1
    return time.time() - begun - seconds, looks


def main() -> None:
    """Print the table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--real", type=int, default=10, help="clips in real time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        make_clip(path)
        figures = replay(options.clips, options.seeds, path.read_bytes()) if options.clips else []
    if options.real:
        figures += in_real_time(options.real)
    keep("bench-watch", [json.loads(json.dumps(asdict(one)).replace("NaN", "null")) for one in figures])


if __name__ == "__main__":
    main()
