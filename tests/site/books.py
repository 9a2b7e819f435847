"""The notebooks as they are after a run, each in a folder with the clips and pictures that its outputs name.

In the repository they are kept as if they had never run. Whoever runs one, for a test or for the site, leaves it here.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
SHELF = ROOT / ".cache" / "site"
DRAFTS, CLIPS = SHELF / "drafts", SHELF / "clips"
"""Runs whose clips jerk and are blurred, as those of tests are, and runs that are good to look at."""
NAMES = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))

_FILE = re.compile(r"""\b(?:src|href|poster)=["']([^"':#?]+)["']""")


def files_of(texts: list[str], folder: Path) -> list[Path]:
    """The files in a folder that texts of a notebook show or lead to, relative to it."""
    found = {Path(unquote(name)) for text in texts for name in _FILE.findall(text)}
    below = [path for path in found if not path.is_absolute() and ".." not in path.parts]
    return sorted(path for path in below if (folder / path).is_file())


def outputs_of(book: Any) -> list[str]:
    """The HTML of its outputs."""
    outputs = [output for cell in book.cells for output in cell.get("outputs", ())]
    return [html for output in outputs if (html := output.get("data", {}).get("text/html", ""))]


def keep(name: str, book: Any, folder: Path, shelf: Path) -> Path:
    """The place on a shelf where a notebook that ran in this folder lies from now on, with its files."""
    # Where it ran is nobody's business, and another place each time.
    text = nbformat.writes(book)
    for own in {str(folder), str(folder.resolve())}:
        text = text.replace(own, "/home/you/notebooks")
    book = nbformat.reads(text, as_version=4)
    book.metadata |= {"ran_from": _notebook(name), "ran_by": _package()}
    place = shelf / name / str(time.time_ns())
    made = place.with_suffix(".made")
    for path in files_of(outputs_of(book), folder):
        (made / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / path, made / path)
    made.mkdir(parents=True, exist_ok=True)
    nbformat.write(book, made / "index.ipynb")
    made.rename(place)
    # The one before may be in somebody's hands at this moment.
    for old in _kept(name, shelf)[:-2]:
        shutil.rmtree(old, ignore_errors=True)
    return place


def _kept(name: str, shelf: Path) -> list[Path]:
    """The runs of a notebook on a shelf, the newest last."""
    return sorted(place for place in (shelf / name).glob("*") if place.suffix == "")


def find(name: str, *, draft: bool = False, again: bool = False) -> Path:
    """The place of a notebook that has run as it is now; it is run where there is none, or in any case `again`.

    A draft is a run that nobody has to look at. Of the package it may be one of yesterday, since the tests of the
    notebooks leave theirs; any other is of the package as it is.
    """
    for shelf in () if again else (DRAFTS, CLIPS) if draft else (CLIPS,):
        for place in _kept(name, shelf)[-1:]:
            kept = nbformat.read(place / "index.ipynb", as_version=4).metadata
            if kept.get("ran_from") == _notebook(name) and (draft or kept.get("ran_by") == _package()):
                return place
    with TemporaryDirectory() as made:
        folder = Path(made) / "notebooks"
        shutil.copytree(NOTEBOOKS, folder)
        return keep(name, _run(name, folder, draft=draft), folder, DRAFTS if draft else CLIPS)


def _run(name: str, folder: Path, *, draft: bool) -> Any:
    """A notebook after its run on the sandbox; nobody's key and none of their settings are in it."""
    book = nbformat.read(folder / f"{name}.ipynb", as_version=4)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VEO_NB_", "GOOGLE_", "JUDGE_")) and not name.endswith("_API_KEY")
    }
    environment |= {"VEO_NB_PROVIDER": "sandbox", "PYTHONPATH": str(ROOT)}
    if draft:
        environment["VEO_NB_SANDBOX_DRAFT"] = "1"
    client = NotebookClient(
        book, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    client.execute(env=environment)
    return book


def _notebook(name: str) -> str:
    return hashlib.sha256((NOTEBOOKS / f"{name}.ipynb").read_bytes()).hexdigest()


@cache
def _package() -> str:
    """What tells this package's code from any other."""
    total = hashlib.sha256()
    for path in sorted((ROOT / "veo_nb").rglob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()
