"""The site: its sources written, built by Sphinx, and looked through."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import nbformat
from markupsafe import Markup

import veo_nb
from tests.site.books import NAMES, NOTEBOOKS, ROOT, files_of, outputs_of
from tests.site.house import write_house
from tests.site.links import broken, read
from tests.site.pages import PICTURES, pictures, write_pages
from tests.site.reference import write_reference

CONFIGURATION = Path(__file__).parent
LIVING = {"data-veo-compare": "compare.png", "The veo_nb panel:": "panel.png"}
"""What is left in a saved notebook of a view that needs a kernel, and the picture of that."""
_NOTEBOOK = re.compile(r"(?<=\]\()(\w+)\.ipynb(?=\))")


def build(
    folder: Path, books: Mapping[str, Path], settings: Mapping[str, object] = MappingProxyType({})
) -> tuple[Path, list[str]]:
    """The built site in this folder, and all that is wrong with it; `books` are the places of notebooks that have run.

    `settings` take the place of some in conf.py.

    Raises:
        FileNotFoundError: a page leads to a file of the repository that is not there.
    """
    source, site = folder / "source", folder / "html"
    for made in (source, site):
        shutil.rmtree(made, ignore_errors=True)
    source.mkdir(parents=True)
    write_pages(source)
    write_house(source)
    write_reference(source)
    write_notebooks(source, books)
    wrong = _run_sphinx(source, site, folder / "read", settings)
    for page in site.rglob("*.html"):
        page.write_text(tidy(page.read_text("utf-8")), "utf-8")
    for name, place in books.items():
        copy_files(place, site / "notebooks" / name)
    for picture in LIVING.values():
        shutil.copyfile(ROOT / PICTURES / picture, site / "_static" / picture)
    return site, wrong + (missing(site, books) + broken(site) if site.exists() else [])


def write_notebooks(source: Path, books: Mapping[str, Path]) -> None:
    """Write the notebooks that have run, each a folder's page, with their links to one another turned."""
    for name, place in books.items():
        book = nbformat.read(place / "index.ipynb", as_version=4)
        for cell in book.cells:
            if cell.cell_type == "markdown":
                cell.source = _NOTEBOOK.sub(r"../\1/index.ipynb", cell.source)
            for output in cell.get("outputs", ()):
                show_living(output)
        # The state of its widgets: each output has a still of its own, and scripts from elsewhere would be loaded for it.
        book.metadata.pop("widgets", None)
        (source / "notebooks" / name).mkdir(parents=True)
        nbformat.write(book, source / "notebooks" / name / "index.ipynb")


def show_living(output: Any) -> None:
    """Put a picture of what only lives with a kernel, as the README has it, beside the words that are left of it.

    What may be wider than a phone scrolls by itself, and by key.
    """
    html = output.get("data", {}).get("text/html", "")
    if "<table" in html:
        output["data"]["text/html"] = f'<div class="wide" tabindex="0">{html}</div>'
    for mark, picture in LIVING.items():
        if mark in html:
            shown = Markup('<p><img src="../../_static/{}" alt="{}"></p>').format(
                picture, pictures()[picture]
            )
            output["data"]["text/html"] = f"{html}{shown}"


_NAMELESS = {
    '<p class="caption" role="heading">': '<p class="caption" role="heading" aria-level="2">',
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="Pages">',
    '<aside class="toc-drawer">': '<aside class="toc-drawer" aria-label="On this page">',
    '<th class="head"><p></p></th>': "<td></td>",
}
"""What Sphinx and furo leave without a level, a name or a word, and what a screen reader is to read."""
_PARAMETERS = re.compile(r"<dl>\n((?:<dd>.*</dd>\n)+)</dl>")
"""The lines of a long signature: a list of definitions without what is defined."""


def tidy(html: str) -> str:
    """A built page as assistive technology can read it."""
    for written, meant in _NAMELESS.items():
        html = html.replace(written, meant)
    return _PARAMETERS.sub(
        lambda found: (
            '<span class="sig-params">'
            + found[1].replace("<dd>", '<span class="sig-line">').replace("</dd>", "</span>")
            + "</span>"
        ),
        html,
    )


def copy_files(place: Path, page: Path) -> None:
    """Put the clips and pictures that a notebook shows beside its page."""
    shutil.copytree(place, page, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.ipynb"))
    book = nbformat.read(place / "index.ipynb", as_version=4)
    for path in files_of([cell.source for cell in book.cells if cell.cell_type == "markdown"], NOTEBOOKS):
        shutil.copyfile(NOTEBOOKS / path, page / path)


def _run_sphinx(source: Path, site: Path, read_before: Path, settings: Mapping[str, object]) -> list[str]:
    """Run Sphinx; its warnings, each of which is a defect."""
    command = [
        *(sys.executable, "-m", "sphinx", "--quiet", "--fresh-env", "--builder", "html"),
        *(f"--define={name}={value}" for name, value in settings.items()),
        *("--conf-dir", str(CONFIGURATION), "--doctree-dir", str(read_before), str(source), str(site)),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    ran = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    said = [line for line in ran.stdout.splitlines() if line.strip()]
    return said or ([f"sphinx-build ended with {ran.returncode}"] if ran.returncode else [])


def missing(site: Path, books: Mapping[str, Path]) -> list[str]:
    """What the site lacks: public names without an entry, notebooks without a page or without a still of theirs."""
    anchors = set().union(*(read(page).anchors for page in (site / "reference").glob("*.html")))
    names = {
        "judges": "module-veo_nb.decisions.judges",
        **{name: f"veo_nb.{name}" for name in veo_nb.__all__ if name != "judges"},
    }
    found = [f"veo_nb.{name} is in no page" for name, anchor in names.items() if anchor not in anchors]
    for name in NAMES:
        page = site / "notebooks" / name / "index.html"
        if name not in books or not page.exists():
            found.append(f"{name} has no page")
            continue
        shown = page.read_text("utf-8")
        stills = stills_of(books[name])
        lost = [still for still in stills if still not in shown]
        if lost or not stills:
            found.append(f"{name} shows {len(stills) - len(lost)} of {len(stills)} stills")
    return found


_STILL = re.compile(r"""\b(?:poster|src)=["'](data:image/[^"']+)["']""")


def stills_of(place: Path) -> set[str]:
    """The stills that the outputs of a notebook hold."""
    book = nbformat.read(place / "index.ipynb", as_version=4)
    return {still for html in outputs_of(book) for still in _STILL.findall(html)}
