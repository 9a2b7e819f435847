"""Measure what a library of 100,000 jobs costs: what a person does in it, beside the same in one of 100.

The newest 100 jobs are the same in both, and a search is asked for as many clips as the small one has, so that the same is
shown. Each round asks one library after the other, and a figure is a median: a busy minute of the machine falls on both. On a
busy machine the kernel's CPU says more than the clock on the wall.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from tests.bench.grid import write_clip
from tests.bench.measure import keep, timed
from tests.kernel.kernel import Kernel
from tests.kernel.test_panel import BROWSE, Page
from veo_nb.catalog import PROVIDERS
from veo_nb.engine.job import ALPHABET
from veo_nb.errors import OperationFailed
from veo_nb.request import make_request
from veo_nb.store.database import insert
from veo_nb.store.files import digest
from veo_nb.store.ledger import Ledger
from veo_nb.store.recovery.journal import Journal
from veo_nb.store.rows import JobRow, VideoRow, error_to_json, job_values

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
SMALL, LARGE = 100, 100_000
FILES = 60
"""Clips with a file: those of the first page."""
APART = 400.0
"""Seconds between two jobs: two hundred a day."""
WORDS = """fox owl cat whale astronaut rocket lantern harbour forest desert glacier market violin dancer robot crosses
circles enters leaves follows watches paints carries drops lifts opens breaks mends finds slowly quietly suddenly gently
at dusk dawn noon midnight under above behind beyond golden silver a push in handheld static shot rain on glass steam
rises snow falls 狐狸穿过 结冰的湖面"""
LOAD = 'get_ipython().run_line_magic("load_ext", "veo_nb")'

PANEL = "panel = veo.panel()\npanel"
FAILED = error_to_json(OperationFailed("The service could not make the clip."))


@dataclass
class Figure:
    """One line of the table: milliseconds in the small library and in the large one, on the wall and of the kernel's CPU."""

    what: str
    small: float
    large: float
    small_cpu: float
    large_cpu: float

    @property
    def ratio(self) -> float:
        return self.large / self.small

    @property
    def cpu_ratio(self) -> float:
        return self.large_cpu / self.small_cpu


def prompt_of(n: int) -> str:
    """What the job that is n-th newest asked for: two to five lines."""
    chance = random.Random(n)
    rare = ["quokka"] * (n == 7) + ["zeppelin"] * (n % 40 == 3)
    words = [*chance.choices(WORDS.split(), k=chance.randint(15, 45)), *rare]
    chance.shuffle(words)
    return f"{' '.join(words)}. The camera holds, take {n}."


CELLS = {
    "%veo": "%veo",
    "A cell run again": f"%%veo --duration 8 --seed 0\n{prompt_of(0)}",
    "veo.history(80)": "jobs = veo.history(80); del jobs",
    "%veo cost": "%veo cost",
}
VIEWS: dict[str, dict[str, Any]] = {
    "The panel's first page": {},
    "The best first": {"order": "rating"},
    "A search: one clip": {"search": "quokka"},
    "A search: a clip in forty": {"search": "zeppelin"},
    "A search: each clip": {"search": "camera"},
    "A search: a Chinese word of two": {"search": "湖面"},
}
"""The first search of a library takes its prompts into the index; the median is of one that finds them there."""


def fill(folder: Path, count: int) -> None:
    """A library of so many jobs, most of them clips, some rated, noted upon or deleted, some that failed."""
    source = folder.parent / "clip.mp4"
    if not source.exists():
        write_clip(source)
    (folder / "2026-11-01").mkdir(parents=True)
    sha256, size, now, provider = (
        digest(source),
        source.stat().st_size,
        time.time() - 3600,
        PROVIDERS["sandbox"],
    )
    ledger = Ledger(folder / "ledger.sqlite")
    ledger.read("PRAGMA synchronous = OFF")

    def write(db: Any) -> None:
        for n in reversed(range(count)):
            made, state = (
                now - n * APART,
                "failed" if n % 12 == 5 else "blocked" if n % 25 == 6 else "succeeded",
            )
            request = make_request(
                provider,
                prompt=prompt_of(n),
                model="fast" if n % 3 else "standard",
                duration_seconds=8,
                seed=n,
            )
            row = JobRow(
                id="".join(ALPHABET[n // len(ALPHABET) ** place % len(ALPHABET)] for place in range(4)),
                fingerprint=request.fingerprint(),
                take=1,
                provider="sandbox",
                model=request.model,
                request=request.canonical(),
                state=state,
                operation=f"models/veo/operations/{n:032x}",
                error=None if state == "succeeded" else FAILED,
                estimate=3.2,
                owner="gone:1:ab",
                created_at=made,
                submitted_at=made + 1,
                generated_at=made + 60 + n % 17 if state == "succeeded" else None,
                finished_at=made + 80,
            )
            insert(db, "jobs", job_values(row))
            if state != "succeeded":
                continue
            path = folder / "2026-11-01" / f"clip-{row.id}.mp4"
            if n < FILES:
                os.link(source, path)
            video = VideoRow(
                job_id=row.id,
                sample=0,
                uri=f"https://example.org/v1beta/files/{n:024x}:download?alt=media",
                path=path.relative_to(folder).as_posix(),
                bytes=size,
                sha256=sha256,
                width=1280,
                height=720,
                duration=8.0,
                fps=24.0,
                has_audio=True,
            )
            insert(db, "videos", vars(video))
            if n % 10 == 1:
                note = "too dark, the tail flickers" if n % 50 == 1 else ""
                values = {"rating": n // 10 % 5 + 1, "star": n % 20 == 1, "note": note, "rated_at": made + 90}
                insert(db, "ratings", {"job_id": row.id, "sample": 0, **values})
            if n % 100 == 9:
                insert(db, "deleted", {"job_id": row.id, "sample": 0, "deleted_at": now})

    ledger.write(write)
    ledger.close()
    # With its journal, as each library has one.
    Ledger(folder / "ledger.sqlite", journal=Journal(folder / "ledger.journal")).close()


class LibraryBench:
    """The measurements: in fresh kernels for what comes first, then in one kernel for each library."""

    def __init__(self, folders: tuple[Path, Path], rounds: int) -> None:
        self.folders, self.rounds = folders, rounds

    def kernel(self, folder: Path) -> Kernel:
        # The address is never asked: nothing is sent, and no sandbox is started.
        return Kernel(folder, VEO_NB_PROVIDER="sandbox", VEO_NB_BASE_URL="http://127.0.0.1:9")

    def run(self) -> Iterator[Figure]:
        """The figures one by one."""
        yield self.figure("%load_ext veo_nb, fresh kernel", self.loading, self.folders)
        with ExitStack() as open_ones:
            kernels = [open_ones.enter_context(self.kernel(folder)) for folder in self.folders]
            for kernel in kernels:
                # A large ledger is checked on a thread meanwhile.
                timed(kernel, f"import veo_nb as veo\n{LOAD}\ntime.sleep(3)")
                # Once for each library, and then for what is new.
                timed(kernel, "veo.studio().library.index_words()")
            for what, code in CELLS.items():
                yield self.figure(what, partial(checked, code=code), kernels, many=True)
            yield self.figure(
                "The panel opened", partial(checked, code=PANEL, after="panel.close()"), kernels
            )
            pages = [Page(kernel, kernel.run(PANEL)) for kernel in kernels]
            for what, view in VIEWS.items():
                limit = len(pages[0].ask("browse", **{**BROWSE, **view})["items"])
                yield self.figure(what, partial(asked, limit=limit, **view), pages, many=True)
            # Another one each time: what was counted once is known.
            words = iter([word for word in WORDS.split() for _ in pages])
            yield self.figure(
                "How many have two words", lambda page: counted(page, f"camera {next(words)}"), pages
            )

    def figure(
        self, what: str, way: Callable[[T], Spent], both: Sequence[T], *, many: bool = False
    ) -> Figure:
        """The medians of a few rounds, the small library first in each."""
        taken = [[way(one) for one in both] for _ in range(self.rounds * 3 if many else self.rounds)]
        small, large = zip(*taken, strict=True)
        walls, cpus = zip(
            *(map(statistics.median, zip(*one, strict=True)) for one in (small, large)), strict=True
        )
        return Figure(what, *(1000 * seconds for seconds in (*walls, *cpus)))

    def loading(self, folder: Path) -> Spent:
        with self.kernel(folder) as kernel:
            began = cpu(kernel)
            wall = timed(kernel, LOAD)
            return wall, cpu(kernel) - began


Spent = tuple[float, float]
"""Seconds on the wall, and those of the kernel's CPU."""


def cpu(kernel: Kernel) -> float:
    """Seconds of CPU that all threads of a kernel have taken."""
    tasks = Path(f"/proc/{kernel.process.pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def spent(kernel: Kernel, act: Callable[[], object]) -> Spent:
    began, used = time.perf_counter(), cpu(kernel)
    act()
    return time.perf_counter() - began, cpu(kernel) - used


def asked(page: Page, **view: Any) -> Spent:
    """From the page's question to the answer; one without a clip measures nothing."""
    answers = []
    taken = spent(page.kernel, lambda: answers.append(page.ask("browse", **{**BROWSE, **view})))
    assert answers[0]["items"], view
    return taken


def counted(page: Page, search: str) -> Spent:
    """From the page's question how many there are to the answer."""
    view = {name: value for name, value in BROWSE.items() if name not in ("offset", "limit")}
    return spent(page.kernel, lambda: page.ask("count", view={**view, "search": search}))


def checked(kernel: Kernel, code: str, after: str = "") -> Spent:
    """From sending a cell to its answer."""
    cells = []
    taken = spent(kernel, lambda: cells.append(kernel.run(code)))
    assert cells[0].failure is None, cells[0].failure
    if after:
        kernel.run(after)
    return taken


def main() -> None:
    """Print the table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=LARGE, help="in the large library")
    options = parser.parse_args()
    figures = []
    with tempfile.TemporaryDirectory() as place:
        folders = Path(place) / "small", Path(place) / "large"
        for folder, count in zip(folders, (SMALL, options.jobs), strict=True):
            folder.mkdir()
            fill(folder / "veo_library", count)
        print(f"{'':32} {SMALL:>9,} {options.jobs:>10,} jobs   ratio   of CPU alone")
        for figure in LibraryBench(folders, options.rounds).run():
            figures.append(asdict(figure) | {"ratio": figure.ratio, "cpu_ratio": figure.cpu_ratio})
            print(
                f"{figure.what:32} {figure.small:>6.1f} ms {figure.large:>7.1f} ms {figure.ratio:>12.2f}"
                f" {figure.small_cpu:>8.1f} ms {figure.large_cpu:>7.1f} ms {figure.cpu_ratio:>7.2f}",
                flush=True,
            )
    keep("bench-library", figures)


if __name__ == "__main__":
    main()
