"""Measure what a person at a notebook feels: how soon the prompt is back, what loading costs, what a download weighs.

Every figure is a median of fresh kernels or of many rounds in one, taken in turns with what it is compared with, so that a busy
minute of the machine falls on both.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.kernel.kernel import Kernel
from tests.kernel.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
UNLIMITED = ("--in-flight", "0", "--per-minute", "0")
"""Five hundred jobs at once are what is measured."""

PEAK = """
def peak(reset=False):
    if reset:
        import gc; gc.collect()
        open("/proc/self/clear_refs", "w").write("5")
    words = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return int(words["VmHWM"].split()[0]) / 1024
"""


@dataclass
class Figure:
    """One line of the table: ours, what it is compared with, and the ratio where one is promised."""

    what: str
    unit: str
    ours: float
    other: float | None = None
    against: str = ""
    promised: str = ""

    @property
    def ratio(self) -> float | None:
        return self.ours / self.other if self.other else None


class Bench:
    """The measurements; each starts what it needs in a folder of its own."""

    def __init__(self, rounds: int, peers: str) -> None:
        self.rounds, self.peers = rounds, peers

    @contextmanager
    def kernel(self, python: str = sys.executable, **environment: str) -> Iterator[Kernel]:
        with tempfile.TemporaryDirectory() as folder, Kernel(Path(folder), python, **environment) as kernel:
            yield kernel

    @contextmanager
    def sandbox(self) -> Iterator[Sandbox]:
        """One whose videos take longer than any measurement, so that it never renders."""
        with tempfile.TemporaryDirectory() as folder, Sandbox(Path(folder), 3600, *UNLIMITED) as sandbox:
            yield sandbox

    @contextmanager
    def service(self) -> Iterator[dict[str, str]]:
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.bench.service", folder],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                text=True,
            )
            with process:
                assert process.stdout
                url = process.stdout.readline().split()[1]
                try:
                    yield {"VEO_NB_PROVIDER": "sandbox", "VEO_NB_BASE_URL": url}
                finally:
                    process.terminate()

    def prompt_return(self) -> Figure:
        """From sending a `%%veo` cell to the kernel's answer, and the same of an empty cell."""
        with self.sandbox() as sandbox, self.kernel(**sandbox.environment) as kernel:
            kernel.run("%load_ext veo_nb")
            kernel.run("%%veo\nWarm up.")
            ours, empty = [], []
            for index in range(15):
                ours.append(checked(kernel, f"%%veo\nTake {index} of a fox."))
                empty.append(checked(kernel, "pass"))
        return Figure(
            "%%veo gives the prompt back",
            "ms",
            median(ours) * 1e3,
            median(empty) * 1e3,
            "`pass`",
            "ratio <= 3",
        )

    def loading(self) -> Figure:
        """In fresh kernels: `%load_ext veo_nb` against importing what it stands on."""
        ours, base = [], []
        for _ in range(self.rounds):
            with self.kernel() as kernel:
                ours.append(timed(kernel, "get_ipython().run_line_magic('load_ext', 'veo_nb')"))
            with self.kernel() as kernel:
                base.append(timed(kernel, "import httpx2, ipywidgets, anywidget"))
        against = "import httpx2, ipywidgets, anywidget"
        return Figure(
            "%load_ext veo_nb", "ms", median(ours) * 1e3, median(base) * 1e3, against, "ratio <= 1.1"
        )

    def first_cell(self) -> Figure:
        """In fresh kernels: loading and the first `%%veo` cell together, for nothing to hide in what is loaded late."""
        ours, base = [], []
        with self.sandbox() as sandbox:
            for index in range(self.rounds):
                with self.kernel(**sandbox.environment) as kernel:
                    ours.append(checked(kernel, "%load_ext veo_nb") + checked(kernel, f"%%veo\nFox {index}."))
                with self.kernel() as kernel:
                    base.append(
                        checked(kernel, "pass") + checked(kernel, "import httpx2, ipywidgets, anywidget")
                    )
        against = "import httpx2, ipywidgets, anywidget"
        return Figure("%load_ext and the first %%veo", "ms", median(ours) * 1e3, median(base) * 1e3, against)

    def importing(self) -> Figure:
        """In fresh kernels: `import veo_nb`, which is inert, and what the official library takes until it can be asked."""
        ours, other = [], []
        for _ in range(self.rounds):
            with self.kernel() as kernel:
                ours.append(timed(kernel, "import veo_nb"))
            with self.kernel(self.peers) as kernel:
                other.append(timed(kernel, f"from google import genai\n{CLIENT}"))
        against = "google-genai: import, client"
        return Figure(
            "import veo_nb", "ms", median(ours) * 1e3, median(other) * 1e3, against, "ratio <= 0.05"
        )

    def download(self) -> Figure:
        """What a 40 MB video adds to the kernel's peak, once a small one has loaded all that there is to load."""
        ours, other = [], []
        with self.service() as environment:
            for _ in range(self.rounds):
                with self.kernel(**environment) as kernel:
                    kernel.run(f"{PEAK}\nimport veo_nb as veo\nveo.generate('1 MB, 0 s').wait()")
                    ours.append(
                        added(
                            kernel,
                            "path = veo.generate('40 MB, 0 s').wait().video.path",
                            "path.stat().st_size",
                        )
                    )
                with self.kernel(self.peers, **environment) as kernel:
                    kernel.run(f"{PEAK}\n{GENAI}\nmake('1 MB, 0 s')")
                    other.append(added(kernel, "video = make('40 MB, 0 s')", "len(video)"))
        against = "google-genai, as documented"
        return Figure("40 MB download adds", "MB", median(ours), median(other), against, "< 3 MB")

    def download_wall(self) -> Figure:
        """From the first look that finds a video of 40 MB ready until it is in the library, and a bare stream of it."""
        ours: list[float] = []
        other: list[float] = []
        with self.service() as environment:
            for index in range(self.rounds):
                with self.kernel(**environment) as kernel:
                    kernel.run(f"{WATCHED}\nwatched('1 MB, 0 s')\n{STREAM}\nawait stream('1 MB, 0 s')")
                    pair = [
                        (ours, f"print('took', watched('40 MB, 0 s, {index}'))"),
                        (other, f"print('took', await stream('40 MB, 0 s, {index}'))"),
                    ]
                    # Who comes second finds the machine warm.
                    for found, code in pair if index % 2 else reversed(pair):
                        found.append(said(kernel, code))
        return Figure(
            "40 MB download",
            "ms",
            median(ours) * 1e3,
            median(other) * 1e3,
            "httpx2, streamed to a file",
            "ratio < 1.2",
        )

    def next_cell(self) -> Figure:
        """How long `1+1` waits when it is sent right behind a cell that makes a video in 4 seconds."""
        ours, other = [], []
        with self.service() as environment:
            for _ in range(self.rounds):
                with self.kernel(**environment) as kernel:
                    kernel.run("%load_ext veo_nb")
                    ours.append(behind(kernel, "%%veo --fresh\n1 MB, 4 s"))
                with self.kernel(self.peers, **environment) as kernel:
                    kernel.run(GENAI)
                    other.append(behind(kernel, "make('1 MB, 4 s')"))
        return Figure("the next cell waits", "s", median(ours), median(other), "google-genai, as documented")

    def busy(self) -> Figure:
        """A cell of `1+1` while 500 jobs poll and 5 clips come over a slow line, and with none, in two kernels asked in turns."""
        with (
            self.service() as environment,
            self.kernel(**environment) as idle,
            self.kernel(**environment) as busy,
        ):
            for kernel in (idle, busy):
                kernel.run(
                    "import veo_nb as veo\n%load_ext veo_nb\n"
                    "veo.configure(max_in_flight=505, requests_per_minute=1_000_000)"
                )
            busy.run("jobs = [veo.generate(f'1 MB, 3600 s: {index}') for index in range(500)]", timeout=300)
            busy.run(
                "import time\nwhile any(not job.operation for job in jobs): time.sleep(0.1)", timeout=300
            )
            # As many megabytes a second as a good line brings, for longer than the measurement takes.
            busy.run("comes = [veo.generate(f'400 MB, 0 s, over 200 s: {index}') for index in range(5)]")
            busy.run("while any(job.status != 'downloading' for job in comes): time.sleep(0.1)", timeout=120)
            with_jobs, without = [], []
            for _ in range(300):
                with_jobs.append(checked(busy, "1+1"))
                without.append(checked(idle, "1+1"))
            still = busy.run("print({job.status for job in jobs + comes})").stdout
            assert "downloading" in still, still
        return Figure(
            "1+1, 500 poll and 5 download",
            "ms",
            median(with_jobs) * 1e3,
            median(without) * 1e3,
            "no jobs",
            "ratio < 1.2",
        )


WATCHED = """
import time
import veo_nb as veo
def watched(prompt):
    moments = {}
    job = veo.generate(prompt)
    job.on_change(lambda job: moments.setdefault(str(job.status), time.perf_counter()))
    job.wait()
    return time.perf_counter() - moments["downloading"]
"""

STREAM = """
import os, httpx2
async def stream(prompt):
    base = os.environ["VEO_NB_BASE_URL"] + "/v1beta/"
    async with httpx2.AsyncClient(base_url=base) as http:
        body = {"instances": [{"prompt": prompt}]}
        name = (await http.post("models/veo:predictLongRunning", json=body)).json()["name"]
        found = (await http.get(name)).json()["response"]["generateVideoResponse"]["generatedSamples"]
        start = time.perf_counter()
        async with http.stream("GET", found[0]["video"]["uri"]) as answer:
            with open("streamed.mp4", "wb") as file:
                async for come in answer.aiter_bytes():
                    file.write(come)
        return time.perf_counter() - start
"""

CLIENT = """
import os
client = genai.Client(api_key="sk-sandbox", http_options={"base_url": os.environ.get("VEO_NB_BASE_URL", "http://127.0.0.1:9")})
"""

# The loop of its documentation, with a shorter sleep so that the figure is not about that number.
GENAI = f"""
from google import genai
import time
{CLIENT}
def make(prompt):
    operation = client.models.generate_videos(model="veo-3.1-fast-generate-preview", prompt=prompt)
    while not operation.done:
        time.sleep(0.5)
        operation = client.operations.get(operation)
    video = operation.response.generated_videos[0].video
    video.uri = video.uri.replace("http://", "https://")  # it cuts the file's name out of https addresses only
    return client.files.download(file=video)
"""


def median(values: list[float]) -> float:
    return statistics.median(values)


def checked(kernel: Kernel, code: str) -> float:
    """Seconds from sending a cell to its answer; a failed cell measures nothing."""
    cell = kernel.run(code)
    assert cell.failure is None, cell.failure
    return cell.seconds


def timed(kernel: Kernel, code: str) -> float:
    """Seconds that the code takes inside the kernel."""
    return said(
        kernel,
        f"import time; start = time.perf_counter()\n{code}\nprint('took', time.perf_counter() - start)",
    )


def said(kernel: Kernel, code: str) -> float:
    """The seconds that the code says it took."""
    cell = kernel.run(code, timeout=120)
    assert cell.failure is None, cell.failure
    return float(cell.stdout.split("took ")[1])


def added(kernel: Kernel, code: str, size: str) -> float:
    """Megabytes that the code adds to the kernel's peak; `size` proves that all of the video is there."""
    cell = kernel.run(f"before = peak(reset=True)\n{code}\nprint(peak() - before, {size})", timeout=120)
    assert cell.failure is None, cell.failure
    grown, found = cell.stdout.split()[-2:]
    assert int(found) == 40 * 1024**2, found
    return float(grown)


def behind(kernel: Kernel, code: str) -> float:
    """Seconds that `1+1` waits behind a cell."""
    first = kernel.begin(code)
    second = kernel.run("1+1")
    assert first.failure is None, first.failure
    return second.seconds


def keep(name: str, figures: Sequence[object]) -> None:
    """Write figures to `tests/artefacts/`."""
    artefacts = ROOT / "tests" / "artefacts"
    artefacts.mkdir(exist_ok=True)
    (artefacts / f"{name}.json").write_text(json.dumps(figures, indent=2))


def main() -> None:
    """Print the table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="fresh kernels for each figure")
    parser.add_argument("--peers", required=True, help="a Python that has google-genai")
    parser.add_argument("--only", default="", help="one measurement by its name")
    options = parser.parse_args()
    bench = Bench(options.rounds, options.peers)
    measurements: list[Callable[[], Figure]] = [
        bench.prompt_return,
        bench.loading,
        bench.first_cell,
        bench.download,
        bench.download_wall,
        bench.busy,
        bench.importing,
        bench.next_cell,
    ]
    figures = []
    print(f"{'':30} {'ours':>10} {'other':>10} {'ratio':>7}  against; promised")
    for measure in measurements:
        if options.only in ("", measure.__name__):
            figure = measure()
            figures.append(asdict(figure) | {"ratio": figure.ratio})
            other = "" if figure.other is None else f"{figure.other:.1f} {figure.unit}"
            ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
            notes = "; ".join(filter(None, [figure.against, figure.promised]))
            print(
                f"{figure.what:30} {figure.ours:>7.1f} {figure.unit:2} {other:>10} {ratio:>7}  {notes}",
                flush=True,
            )
    keep("bench", figures)


if __name__ == "__main__":
    main()
