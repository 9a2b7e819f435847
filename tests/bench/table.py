"""One table of all that the benchmarks found: ours, what it is measured against, the ratio, and what was promised.

`tests/bench/run` ends with it. It reads what each benchmark kept in `tests/artefacts/`, so one that was run by itself is in it too,
with its own date; `python -m tests.bench.table --readme` puts what was promised into the README. A row that
misses its promise stays in.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.bench.measure import ROOT

ARTEFACTS = ROOT / "tests" / "artefacts"


@dataclass(frozen=True)
class Row:
    """One promise: `measured` is the ratio, or the figure itself where `against` is empty; `promised` its bound."""

    what: str
    ours: str
    against: str
    measured: float
    promised: float | None = None
    unit: str = ""

    @property
    def kept(self) -> bool | None:
        return None if self.promised is None else self.measured <= self.promised

    def cells(self) -> tuple[str, ...]:
        """What stands in the table."""
        bound = "" if self.promised is None else f"{self.promised:.3g}{self.unit}"
        kept = {None: "", True: "kept", False: "**missed**"}[self.kept]
        return (
            self.what,
            self.ours,
            self.against,
            f"{self.measured:.2g}{self.unit}" if self.measured < 10 else f"{self.measured:.0f}{self.unit}",
            bound,
            kept,
        )


def kernel_rows(found: list[dict[str, Any]]) -> Iterator[Row]:
    """What a person at a notebook feels."""
    bounds = {
        "%%veo gives the prompt back": 3.0,
        "import veo_nb": 0.05,
        "%load_ext veo_nb": 1.1,
        "40 MB download": 1.2,
        "1+1, 500 poll and 5 download": 1.2,
    }
    for one in found:
        ours, unit = one["ours"], one["unit"]
        if one["what"] == "40 MB download adds":
            yield Row(
                "40 MB download: memory added",
                f"{ours:.1f} MB",
                f"{one['against']}: {one['other']:.0f} MB",
                ours,
                3,
                " MB",
            )
            continue
        yield Row(
            one["what"],
            f"{ours:.3g} {unit}",
            f"{one['against']}: {one['other']:.3g} {unit}",
            one["ratio"],
            bounds.get(one["what"]),
        )


def operations_rows(found: list[dict[str, Any]]) -> Iterator[Row]:
    """Many operations at once, beside a bare loop and google-genai."""
    for count in sorted({one["count"] for one in found}):
        clients = {one["client"]: one for one in found if one["count"] == count}
        ours, floor, genai = (clients[name] for name in ("veo_nb", "aiohttp, bare", "google-genai"))
        most = count == max(one["count"] for one in found)
        for column, name, unit, bound in (
            ("wall", "wall", "s", 1.5),
            ("cpu", "CPU", "s", 3.0),
            ("peak", "peak memory", "MB", None),
            ("connections", "connections", "", None),
        ):
            yield Row(
                f"{count} operations: {name}",
                f"{ours[column]:.3g} {unit}".strip(),
                f"bare aiohttp loop: {floor[column]:.3g} {unit}; google-genai: {genai[column]:.3g} {unit}".replace(
                    " ;", ";"
                ).strip(),
                ours[column] / floor[column],
                bound if most else None,
            )
        yield Row(
            f"{count} operations: CPU",
            f"{ours['cpu']:.3g} s",
            f"google-genai: {genai['cpu']:.3g} s",
            ours["cpu"] / genai["cpu"],
            0.1 if most else None,
        )


def watch_rows(found: list[dict[str, Any]]) -> Iterator[Row]:
    """From ready to seen, and looks."""
    by_world: dict[str, list[dict[str, Any]]] = {}
    for one in found:
        by_world.setdefault(one["world"], []).append(one)
    for world, clients in by_world.items():
        loop = next((one for one in clients if "loop" in one["client"]), None)
        for one in clients:
            if loop is None or not one["client"].startswith("veo_nb"):
                continue
            yield Row(
                f"{world}, {one['client']}: seen after it is ready",
                f"{one['delay']:.2g} s",
                f"{loop['client']}: {loop['delay']:.2g} s",
                one["delay"] / loop["delay"],
                1 / 3,
            )
            yield Row(
                f"{world}, {one['client']}: looks a clip",
                f"{one['looks']:.3g}",
                f"{loop['client']}: {loop['looks']:.3g}",
                one["looks"] / loop["looks"],
                1,
            )


def library_rows(found: list[dict[str, Any]]) -> Iterator[Row]:
    """100,000 jobs beside 100."""
    for one in found:
        yield Row(
            f"100,000 jobs: {one['what']}",
            f"{one['large']:.3g} ms",
            f"100 jobs: {one['small']:.3g} ms",
            one["ratio"],
            # It is counted behind a page that is there already.
            None if one["what"].startswith("How many") else 1.5,
        )


def render_rows(found: list[dict[str, Any]]) -> Iterator[Row]:
    """The sandbox's painter."""
    for one in found:
        if one["floor_cpu"]:
            yield Row(
                f"sandbox: {one['what']}",
                f"{one['cpu']:.2f} s of CPU",
                f"x264 alone: {one['floor_cpu']:.2f} s",
                one["ratio"],
                1.5,
            )
        else:
            yield Row(f"sandbox: {one['what']}", f"{one['wall']:.1f} s", "", one["wall"], 12, " s")


BARE, IN_TURN = "Bare page of its videos", "Grid, playing and not scrolled"


def _measured(one: dict[str, Any]) -> str:
    return f"{one['value']:.4g} {one['unit']}"


def page_rows(found: list[dict[str, Any]]) -> Iterator[Row]:
    """What is counted in a page or on its comm, where something was promised of it."""
    promised = {"slowest frame": 50.0, "memory of the page's process": 700.0}
    by_name = {one["what"]: one for one in found}
    for one in found:
        name = one["what"]
        floor = by_name.get(f"{BARE}: {name.partition(': ')[2]}") if name.startswith(IN_TURN) else None
        if name.startswith(BARE):
            continue
        if floor is not None and not name.endswith(tuple(promised)):
            yield Row(
                name,
                f"{_measured(one)}, {one['notes']}",
                f"{BARE.lower()}: {_measured(floor)}, {floor['notes']}",
                # Where the bare page has none, a tenth of a percent stands for it.
                one["value"] / max(floor["value"], 0.1),
                1.1 if "over 50 ms" in name else None,
            )
        if "a job" in name or name in ("First tiles after that", "The notebook's file"):
            yield Row(
                name,
                f"{one['value']:.4g} {one['unit']}",
                one["notes"],
                one["value"],
                None,
                f" {one['unit']}".rstrip(),
            )
        for ending, bound in promised.items():
            if name.endswith(ending) and "Plain" not in name and "Before" not in name:
                yield Row(
                    name,
                    _measured(one),
                    f"{one['notes']}; {BARE.lower()}: {_measured(floor)}" if floor else one["notes"],
                    one["value"],
                    bound,
                    f" {one['unit']}",
                )


TABLES: dict[str, tuple[str, Callable[[list[dict[str, Any]]], Iterator[Row]]]] = {
    "bench": ("In the kernel", kernel_rows),
    "bench-operations": ("Many at once", operations_rows),
    "bench-watch": ("When a clip is seen", watch_rows),
    "bench-library": ("A large library", library_rows),
    "bench-comm": ("From the kernel to the page", page_rows),
    "bench-grid": ("A grid of 200 clips", page_rows),
    "bench-panel": ("The panel on 2,000 clips", page_rows),
    "bench-render": ("The sandbox", render_rows),
}


def machine() -> str:
    """What it ran on, and the versions that matter."""
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("veo-nb", "httpx2", "ipykernel", "anywidget", "av")
    )
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}; Python {platform.python_version()}, {packages}, beside aiohttp and google-genai 2.34.0"


def gather(folder: Path = ARTEFACTS) -> Iterator[tuple[str, str, list[Row]]]:
    """Title, date and rows of each benchmark that was run."""
    for name, (title, rows) in TABLES.items():
        path = folder / f"{name}.json"
        if path.is_file():
            date = time.strftime("%Y-%m-%d", time.gmtime(path.stat().st_mtime))
            yield title, date, list(rows(json.loads(path.read_text("utf-8"))))


BEGIN, END = "<!-- benchmarks, by python -m tests.bench.table --readme -->", "<!-- end of benchmarks -->"
HEAD = ("", "ours", "against", "ratio", "promised", "")


def as_markdown(tables: list[tuple[str, str, list[Row]]]) -> str:
    """The table of the README: all that was promised, kept or missed."""
    lines = [f"| {' | '.join(HEAD)} |", f"|{'---|' * len(HEAD)}"]
    for title, date, rows in tables:
        promised = [row.cells() for row in rows if row.promised is not None]
        if promised:
            lines.append(f"| **{title}**, {date} |{' |' * (len(HEAD) - 1)}")
        lines += [f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |" for cells in promised]
    return "\n".join(lines)


def as_text(tables: list[tuple[str, str, list[Row]]]) -> str:
    """The table of a terminal."""
    lines = []
    for title, date, rows in tables:
        lines.append(f"\n{title} ({date})")
        for row in rows:
            what, ours, against, measured, bound, kept = row.cells()
            lines.append(f"  {what:58} {ours:>14} {measured:>9} {bound:>7} {kept.strip('*'):6}  {against}")
    return "\n".join(lines)


def main() -> None:
    """Print it, and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readme", action="store_true", help="put it into the README too")
    asked = parser.parse_args()
    tables = list(gather())
    print(as_text(tables))
    print(f"\n{machine()}")
    if asked.readme:
        readme = ROOT / "README.md"
        before, _, rest = readme.read_text("utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        assert after, f"{BEGIN} and {END} mark its place"
        table = f"\n\n{as_markdown(tables)}\n\n{machine()}.\n\n"
        readme.write_text(f"{before}{BEGIN}{table}{END}{after}", "utf-8")
    whole = {
        "machine": machine(),
        "tables": [
            {"title": title, "date": date, "rows": [asdict(row) | {"kept": row.kept} for row in rows]}
            for title, date, rows in tables
        ],
    }
    (ARTEFACTS / "bench-table.json").write_text(json.dumps(whole, indent=2), "utf-8")


if __name__ == "__main__":
    main()
