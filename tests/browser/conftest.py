"""One Lab and one Chromium for the tests of a file; a folder and a tab for each.

No longer than a file: the driver keeps an event loop running in this thread, on which no other test could start its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.lab import Lab, Notebook, browser, write_notebook
from tests.kernel.sandbox import Sandbox

ARTEFACTS = Path(__file__).parents[1] / "artefacts"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture
def slow_sandbox(tmp_path) -> Iterator[Sandbox]:
    """A sandbox that takes 6 seconds a video: time to look at what a card does meanwhile."""
    with Sandbox(tmp_path / "sandbox", latency=6) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(tmp_path) -> Iterator[Sandbox]:
    """A sandbox that is as fast as it can render."""
    with Sandbox(tmp_path / "sandbox") as sandbox:
        yield sandbox


@pytest.fixture
def open_notebook(lab, chromium, request) -> Iterator[Callable[..., Notebook]]:
    """`open_notebook(cells, sandbox)`: a notebook in a folder of its own; cell 0 loads the extension."""
    folder = lab.folder / request.node.name.replace("[", "-").strip("]")
    folder.mkdir()
    with ExitStack() as stack:

        def open_(cells: list[str], sandbox: Sandbox, **context: Any) -> Notebook:
            load = f"import os\nos.environ.update({sandbox.environment!r})\n%load_ext veo_nb"
            write_notebook(folder / "notebook.ipynb", [load, *cells])
            path = f"{folder.name}/notebook.ipynb"
            notebook: Notebook = stack.enter_context(lab.open(chromium, path, **context))
            notebook.run(0)
            return notebook

        yield open_


@pytest.fixture
def artefact(request) -> Callable[[Notebook, str], None]:
    """Keep a picture of the page for a person to look at."""

    def keep(notebook: Notebook, name: str) -> None:
        ARTEFACTS.mkdir(exist_ok=True)
        notebook.page.screenshot(path=ARTEFACTS / f"{name}.png")

    return keep
