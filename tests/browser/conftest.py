"""One Lab in one tab of one Chromium for these tests; a folder for each.

No longer than for these: the driver keeps an event loop running in this thread, on which no other test could start its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.lab import Lab, Notebook, browser, write_notebook
from tests.browser.looks import keep_picture
from tests.kernel.sandbox import Sandbox

HERE = Path(__file__).parent


class Shared:
    """What is started for the first test that wants it, and ends after the last."""

    def __init__(self) -> None:
        self.stack = ExitStack()

    @cached_property
    def chromium(self) -> Browser:
        return self.stack.enter_context(browser())

    @cached_property
    def lab(self) -> Lab:
        folder = Path(self.stack.enter_context(TemporaryDirectory()))
        return self.stack.enter_context(Lab(folder))

    @cached_property
    def sandbox(self) -> Sandbox:
        return self._sandbox(latency=0)

    @cached_property
    def slow_sandbox(self) -> Sandbox:
        return self._sandbox(latency=6)

    def _sandbox(self, latency: float) -> Sandbox:
        folder = Path(self.stack.enter_context(TemporaryDirectory()))
        # The tests follow on one another faster than a person.
        limits = ("--per-minute", "0", "--in-flight", "0")
        return self.stack.enter_context(Sandbox(folder, latency, *limits))


SHARED = pytest.StashKey[Shared]()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item, nextitem):
    if nextitem is None or HERE not in nextitem.path.parents:
        item.config.stash.setdefault(SHARED, Shared()).stack.close()
        del item.config.stash[SHARED]


@pytest.fixture
def shared(pytestconfig: pytest.Config) -> Shared:
    return pytestconfig.stash.setdefault(SHARED, Shared())


@pytest.fixture
def chromium(shared: Shared) -> Browser:
    return shared.chromium


@pytest.fixture
def lab(shared: Shared) -> Lab:
    return shared.lab


@pytest.fixture
def slow_sandbox(shared: Shared) -> Iterator[Sandbox]:
    """A sandbox that takes 6 seconds a video: time to look at what a card does meanwhile."""
    with visit(shared.slow_sandbox) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared: Shared) -> Iterator[Sandbox]:
    """A sandbox that is as fast as it can render."""
    with visit(shared.sandbox) as sandbox:
        yield sandbox


@contextmanager
def visit(sandbox: Sandbox) -> Iterator[Sandbox]:
    """One that other tests have had, as if it were new: each notebook has a library of its own."""
    sandbox.forget()
    try:
        yield sandbox
    finally:
        sandbox.go_on()


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
def artefact() -> Callable[[Notebook, str], None]:
    """Keep a picture of the page for a person to look at, where those are wanted."""
    return lambda notebook, name: keep_picture(notebook.page, name)
