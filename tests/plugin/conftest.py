"""Packages with providers, installed as pip leaves them: modules and a `dist-info` in a folder that Python looks into."""

from __future__ import annotations

import itertools
import sys
import threading
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.plugin.service import KEY, Lumen
from tests.world import Time
from veo_nb import catalog
from veo_nb.api.dialects import dialect, plugins
from veo_nb.catalog.fields import LISTED
from veo_nb.engine.job import Job, Snapshot
from veo_nb.views import NotebookStudio

HOME = Path(__file__).parent / "lumen"
TABLES: tuple[dict[str, Any], ...] = (
    catalog.PROVIDERS,
    catalog.MODELS,
    catalog.SOURCES,
    LISTED,
    dialect.FORMS,
)
LISTS: tuple[list[Any], ...] = (catalog.PRICES, catalog.RULES)


@pytest.fixture(autouse=True)
def catalog_of_now(monkeypatch):
    """What a test adds is gone after it, and what is installed is looked for again in it."""
    monkeypatch.setattr(plugins, "_packages", None)
    tables, lists, modules = [dict(one) for one in TABLES], [list(one) for one in LISTS], {*sys.modules}
    yield
    for table, before in zip(TABLES, tables, strict=True):
        table.clear()
        table.update(before)
    for one, former in zip(LISTS, lists, strict=True):
        one[:] = former
    for name in {*sys.modules} - modules:
        if name.startswith("veo_nb_"):
            del sys.modules[name]


def lay_out(folder: Path, name: str, version: str, points: dict[str, str], code: dict[str, str]) -> None:
    """A package in a folder: its entry points by name, and its modules' code by name."""
    folder.mkdir(parents=True, exist_ok=True)
    for module, text in code.items():
        (folder / f"{module}.py").write_text(text, "utf-8")
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [f"{point} = {target}" for point, target in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[veo_nb.providers]", *lines, ""]))


def lay_out_lumen(folder: Path) -> None:
    project = tomllib.loads((HOME / "pyproject.toml").read_text("utf-8"))["project"]
    code = {path.stem: path.read_text("utf-8") for path in HOME.glob("*.py")}
    lay_out(folder, project["name"], project["version"], project["entry-points"]["veo_nb.providers"], code)


def until(job: Job, found: Callable[[Snapshot], Any]) -> Any:
    """What is found in a job's moments, as soon as it is there."""
    there: list[Any] = []
    came = threading.Event()

    def look(changed: Job) -> None:
        if value := found(changed.now):
            there.append(value)
            came.set()

    forget = job.changed.listen(look)
    look(job)
    assert came.wait(60)
    forget()
    return there[0]


@pytest.fixture
def install(tmp_path, monkeypatch) -> Callable[[str, str], None]:
    """Install a package of one module: `install("veo-nb-acme", code)`."""
    numbers = itertools.count()

    def one(name: str, code: str, version: str = "0.1") -> None:
        folder = tmp_path / f"site{next(numbers)}"
        module = name.replace("-", "_")
        lay_out(folder, name, version, {name: f"{module}:plugin"}, {module: code})
        monkeypatch.syspath_prepend(folder)

    return one


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Lumen's package, installed."""
    lay_out_lumen(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")


@pytest.fixture
def lumen(clip):
    """Lumen's server."""
    server = Lumen(clip)
    yield server
    server.close()


@pytest.fixture
def make_studio(tmp_path, installed, lumen, tls):
    """Studios on one library, of a person who has a key of Lumen's and has chosen nothing else."""
    time = Time()
    studios = []

    def make(**settings):
        studio = NotebookStudio(
            environ={"LUMEN_API_KEY": KEY, "VEO_NB_BASE_URL": lumen.url, "VEO_NB_LIBRARY": "library"},
            folder=tmp_path,
            clock=time.clock,
            sleep=time.hurry,
            **settings,
        )
        studios.append(studio)
        return studio

    yield make
    for studio in studios:
        studio.close()
