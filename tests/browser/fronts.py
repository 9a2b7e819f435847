"""Front ends beside JupyterLab: Jupyter Notebook 7 and marimo, each showing the panel, and nbclassic."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.lab import PATIENCE, TOKEN, Lab, write_notebook
from tests.kernel.kernel import KEPT

ROOT = Path(__file__).parents[2]
PANEL = "%load_ext veo_nb\nimport veo_nb as veo\npanel = veo.panel()\npanel"
CARD = """%%veo --duration 4
An owl turns its head."""
FAR = """import veo_nb as veo
from veo_nb.notebook.clip import source
source.SMALL = 0
veo.configure(library={!r})"""
"""Whatever is made then lies where no server serves it, and is too large for the notebook."""
APP = """import marimo

app = marimo.App(width="full")


@app.cell
def _():
    import marimo as mo
    import veo_nb as veo

    mo.ui.anywidget(veo.panel())


@app.cell
def _():
    import veo_nb

    job = veo_nb.generate("An owl turns its head.", duration_seconds=4).wait()
    job


if __name__ == "__main__":
    app.run()
"""


@contextmanager
def notebook7(chromium: Browser, lab: Lab, folder: Path, environment: Mapping[str, str]) -> Iterator[Page]:
    """A page of Notebook 7 whose first cell has opened the panel; a second one makes a clip."""
    with _opened(chromium, lab, "notebooks", folder / "panel.ipynb", [PANEL, CARD], environment) as page:
        page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
        # What is asked of a page that has no kernel yet is lost, and its indicator is idle even then.
        _wait_for(lambda: _has_kernel(lab, folder / "panel.ipynb"), "no kernel")
        page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()
        page.locator(".jp-InputArea-editor").first.click()
        page.keyboard.press("Control+Enter")
        page.locator(".veo-panel").wait_for()
        yield page


@contextmanager
def _opened(
    chromium: Browser, lab: Lab, app: str, path: Path, cells: list[str], environment: Mapping[str, str]
) -> Iterator[Page]:
    """A notebook with these cells in a page of another front end, which Lab's server has as well."""
    first, *others = cells
    write_notebook(path, [f"import os\nos.environ.update({dict(environment)!r})\n{first}", *others])
    with chromium.new_context(viewport={"width": 1280, "height": 1400}) as tab:
        page = tab.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{lab.url}/{app}/{path.relative_to(lab.folder)}?token={TOKEN}")
        try:
            yield page
        finally:
            lab.end_sessions()


def _has_kernel(lab: Lab, path: Path) -> bool:
    """Whether a notebook's kernel is idle and its page listens to it."""
    name = str(path.relative_to(lab.folder))
    kernels = [session["kernel"] for session in lab.call("GET", "sessions") if session["path"] == name]
    return any(kernel["execution_state"] == "idle" and kernel["connections"] for kernel in kernels)


def _wait_for(true: Callable[[], bool], why: str, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, why
        time.sleep(0.2)


@contextmanager
def nbclassic(
    chromium: Browser, lab: Lab, folder: Path, elsewhere: Path, environment: Mapping[str, str]
) -> Iterator[Page]:
    """A page of nbclassic whose first cell loads the extension; the second one makes a clip, as the fourth does elsewhere."""
    cells = ["%load_ext veo_nb", CARD, FAR.format(str(elsewhere)), CARD]
    path = folder / "classic.ipynb"
    with _opened(chromium, lab, "nbclassic/notebooks", path, cells, environment) as page:
        page.locator(".cell.code_cell").first.wait_for()
        _wait_for(lambda: _has_kernel(lab, path), "no kernel")
        page.locator("#kernel_indicator_icon.kernel_idle_icon").wait_for()
        yield page


@contextmanager
def marimo(chromium: Browser, folder: Path, environment: Mapping[str, str]) -> Iterator[Page]:
    """A page of a marimo app that shows the panel."""
    (folder / "app.py").write_text(APP)
    port = free_port()
    command = [
        *(sys.executable, "-m", "marimo", "run", "app.py", "--headless", "--no-token"),
        f"--port={port}",
    ]
    url = f"http://127.0.0.1:{port}"
    with (
        served(command, folder, environment, f"{url}/health"),
        chromium.new_context(viewport={"width": 1280, "height": 1400}) as tab,
    ):
        page = tab.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(url)
        page.locator(".veo-panel").wait_for()
        yield page


@contextmanager
def served(command: list[str], folder: Path, environment: Mapping[str, str], url: str) -> Iterator[None]:
    """Run a server until the block ends; it is there once `url` answers."""
    home = folder / ".home"
    home.mkdir(exist_ok=True)
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**kept, **environment, "HOME": str(home), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 120
        while not _handlers(url):
            assert process.poll() is None, (home / "server.log").read_text()
            assert time.monotonic() < deadline, (home / "server.log").read_text()
            time.sleep(0.2)
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _handlers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port
