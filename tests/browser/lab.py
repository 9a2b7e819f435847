"""A real JupyterLab in a real Chromium, for tests and pictures that see what a person sees.

    with Lab(folder) as lab, browser() as chromium, lab.open(chromium, "a.ipynb") as notebook:
        notebook.run(0)
        notebook.video(1).wait_for()

The facts behind the flags and selectors are in JUPYTER.md's section on driving Lab.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import nbformat
from playwright.sync_api import Browser, Dialog, Locator, Page, ViewportSize, expect, sync_playwright

from tests.kernel import fork
from tests.kernel.kernel import KEPT

TOKEN = "tests"
PATIENCE = 120_000
"""Milliseconds in which something has to happen at all: the machine may be busy."""
expect.set_options(timeout=PATIENCE)
VIEWPORT = {"width": 1280, "height": 2000}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
PARTS = """
audio celltags console csvviewer debugger extensionmanager fileeditor help htmlviewer hub imageviewer inspector javascript
json json-lines launcher logconsole lsp markdownviewer mermaid metadataform pdf pluginmanager running settingeditor terminal
toc tooltip vega5 video workspaces
"""
LEFT_OUT = [
    *(f"@jupyterlab/{part}-extension" for part in PARTS.split()),
    *("@jupyter-notebook/lab-extension", "jupyterlab-jupytext", "jupyterlab_pygments"),
    # It would ask in a corner of the page whether news are wanted.
    "@jupyterlab/apputils-extension:announcements",
    # They move whenever the page is loaded, the theme changes or a cell runs.
    *("@jupyterlab/application-extension:faviconbusy", "@jupyterlab/apputils-extension:splash"),
]
"""What neither a notebook nor a widget needs of Lab: a third of what it takes to load the page."""


def find_browser() -> str:
    """The path of the system's Chrome or Chromium.

    Chrome first: GitHub's machines have both, and their Chromium is a snapshot of its makers', which has no H.264 and no AAC
    (actions/runner-images, images/ubuntu/scripts/build/install-google-chrome.sh, read 2026-11-29). Not chromium-headless-shell,
    which takes a third less to load a page: now and then it hangs where many videos stand in one, and misses a file chooser.
    """
    path = shutil.which("google-chrome") or shutil.which("chromium")
    assert path, "Chromium is not installed: tests/run installs it where it can"
    return path


@contextmanager
def browser() -> Iterator[Browser]:
    """The system's Chrome or Chromium without a window."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        try:
            yield chromium
        finally:
            chromium.close()


def write_notebook(path: Path, cells: list[str]) -> None:
    """A notebook of code cells that has never run."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, path)


class Lab:
    """A JupyterLab server that serves `folder`, with nobody's settings and keys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tab: Page | None = None
        self._taken = False
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        home = self.folder / ".home"
        config = home / ".jupyter/labconfig"
        config.mkdir(parents=True)
        # Each time the page is loaded Node would be asked twice whether Lab has to be built anew.
        page = {"buildCheck": False, "disabledExtensions": dict.fromkeys(LEFT_OUT, True)}
        (config / "page_config.json").write_text(json.dumps(page))
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        environment |= {"HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[2])}
        options = {
            "ServerApp.token": TOKEN,
            "ServerApp.port": self.port,
            "ServerApp.port_retries": 0,
            "ServerApp.root_dir": self.folder,
            "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
            "LabApp.extension_manager": "readonly",
            "LabApp.expose_app_in_browser": True,
        }
        # In a test its kernels are forks, which saves a second of a core for each.
        forks, module = [], ["jupyterlab"]
        if fork.can_fork():
            forks, module = [fork.door().fileno()], ["tests.browser.server", "jupyterlab"]
            environment[fork.DOOR] = str(forks[0])
        with (home / "lab.log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *module, "--no-browser", "--allow-root"]
                + [f"--{name}={value}" for name, value in options.items()],
                cwd=self.folder,
                env=environment,
                pass_fds=forks,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 120
        while not self._handlers():
            assert self.process.poll() is None, (home / "lab.log").read_text()
            assert time.monotonic() < deadline, "JupyterLab did not start"
            time.sleep(0.2)
        return self

    def __exit__(self, *_: object) -> None:
        for kernel in self.call("GET", "kernels"):
            self.call("DELETE", f"kernels/{kernel['id']}")
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise

    def _handlers(self) -> bool:
        try:
            self.call("GET", "status")
        except (urllib.error.URLError, ConnectionError):
            return False
        return True

    def call(self, method: str, path: str) -> Any:
        """The server's own REST interface."""
        request = urllib.request.Request(
            f"{self.url}/api/{path}", method=method, headers={"Authorization": f"token {TOKEN}"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def restart_kernel(self, path: str) -> None:
        """Restart the kernel of a notebook, as Kernel > Restart does."""
        (kernel,) = (s["kernel"]["id"] for s in self.call("GET", "sessions") if s["path"] == path)
        self.call("POST", f"kernels/{kernel}/restart")

    def end_sessions(self) -> None:
        """End the kernels of all notebooks."""
        for session in self.call("GET", "sessions"):
            self.call("DELETE", f"sessions/{session['id']}")

    @contextmanager
    def open(
        self, chromium: Browser, path: str, *, viewport: Mapping[str, int] = VIEWPORT, **context: Any
    ) -> Iterator[Notebook]:
        """A notebook in a tab with nothing else; `context` goes to Playwright's `new_context`.

        Without it the tab is that of the notebook before, unless that is still open: to load Lab takes a core six seconds.
        """
        size = ViewportSize(width=viewport["width"], height=viewport["height"])
        own = chromium.new_context(viewport=size, **context) if context or self._taken else None
        page = own.new_page() if own else self._shared(chromium)
        self._taken |= own is None
        page.set_viewport_size(size)
        notebook = Notebook(self, page, path)
        try:
            if page.url.startswith(self.url):
                notebook.replace()
            else:
                notebook.open()
            yield notebook
        finally:
            notebook.leave()
            if own:
                own.close()
            else:
                self._taken = False
            self.end_sessions()

    def _shared(self, chromium: Browser) -> Page:
        """The tab for all notebooks; another one where a test has left a question open in it."""
        if self._tab and self._tab.locator(".jp-Dialog").count():
            self._tab.context.close()
            self._tab = None
        if self._tab is None:
            # What shimmers all the time while a test waits takes a tenth of a core.
            context = chromium.new_context(
                permissions=["clipboard-read", "clipboard-write"], reduced_motion="reduce"
            )
            self._tab = context.new_page()
        return self._tab


class Notebook:
    """One open notebook."""

    def __init__(self, lab: Lab, page: Page, path: str) -> None:
        self.lab, self.page, self.path = lab, page, path
        self.alerts: list[str] = []
        """What scripts have said in dialogs; leaving a page that is not saved is not one of them."""
        page.set_default_timeout(PATIENCE)
        page.on("dialog", self._answer)

    def _answer(self, dialog: Dialog) -> None:
        if dialog.type != "beforeunload":
            self.alerts.append(dialog.message)
        dialog.accept()

    def open(self) -> None:
        self.page.goto(f"{self.lab.url}/lab/tree/{self.path}?token={TOKEN}&reset")
        self.ready()

    def replace(self) -> None:
        """Open it in a page that has Lab, in the place of what is there."""
        self.page.evaluate(
            """async path => {
                const {shell, commands} = jupyterapp;
                // What was open before the page was loaded may still come back.
                await jupyterapp.restored;
                for (const widget of [...shell.widgets("main")]) widget.dispose();
                if (shell.leftCollapsed) shell.expandLeft();
                const opened = await commands.execute("docmanager:open", {path});
                for (const widget of [...shell.widgets("main")]) if (widget !== opened) widget.dispose();
            }""",
            self.path,
        )
        if self.is_dark():
            self.theme(dark=False)
        self.ready()

    def leave(self) -> None:
        """Hear no more of the page."""
        self.page.remove_listener("dialog", self._answer)

    def reload(self) -> None:
        self.page.reload()
        self.ready()

    def ready(self) -> None:
        """Wait until the cells are drawn and the kernel is there, idle or busy."""
        self.page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
        kernel = self.page.locator("#jp-main-statusbar").get_by_text(re.compile(r"\| (Idle|Busy)"))
        kernel.wait_for()

    def restart(self) -> None:
        """Restart the kernel as Kernel > Restart does, which Lab then tells its widgets."""
        # It waits for the dialog to be answered, so it is not waited for.
        self.page.evaluate("() => void jupyterapp.commands.execute('notebook:restart-kernel')")
        self.page.locator(".jp-Dialog button.jp-mod-accept").click()

    def command(self, name: str, **arguments: Any) -> None:
        """Run one of Lab's own commands and wait for it."""
        self.page.evaluate("([name, args]) => jupyterapp.commands.execute(name, args)", [name, arguments])

    # ---- cells, counted over all kinds from 0

    def cell(self, index: int) -> Locator:
        return self.page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{index}"]')

    def output(self, index: int) -> Locator:
        return self.cell(index).locator(".jp-OutputArea").first

    def card(self, index: int) -> Locator:
        """The live card under a cell."""
        return self.output(index).locator(".veo-card")

    def video(self, index: int) -> Locator:
        """The first video under a cell; the card's own before it gives way to what the notebook keeps."""
        return self.output(index).locator("video").first

    def begin(self, index: int) -> None:
        """Run a cell as a person does, and do not wait for it."""
        self.cell(index).locator(".jp-InputArea-editor").click()
        self.page.keyboard.press("Control+Enter")

    def run(self, index: int, timeout: float = 120) -> None:
        self.begin(index)
        self.finish(index, timeout)

    def finish(self, index: int, timeout: float = 120) -> None:
        prompt = self.cell(index).locator(".jp-InputArea-prompt").first
        expect(prompt).to_have_text(re.compile(r"\[\d+\]"), timeout=timeout * 1000)

    def save(self) -> None:
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Control+s")
        expect(self.page.locator("#jp-main-dock-panel .jp-mod-current.jp-mod-dirty")).to_have_count(0)

    def saved(self) -> Any:
        """The notebook's file as it is on disk."""
        return nbformat.read(self.lab.folder / self.path, as_version=4)

    def is_dark(self) -> bool:
        """Whether Lab has its dark theme."""
        return self.page.locator("body").get_attribute("data-jp-theme-light") == "false"

    def theme(self, *, dark: bool) -> None:
        self.command("apputils:change-theme", theme="JupyterLab Dark" if dark else "JupyterLab Light")
        expect(self.page.locator("body")).to_have_attribute(
            "data-jp-theme-light", "false" if dark else "true"
        )


def facts(video: Locator) -> dict[str, Any]:
    """What the browser knows of a `<video>` once it can play it through."""
    video.wait_for()
    result: dict[str, Any] = video.evaluate(
        """async video => {
            video.scrollIntoView({block: "nearest"});
            for (let i = 0; i < 600 && video.readyState < 4 && !video.error; i++)
                await new Promise(done => setTimeout(done, 100));
            return {
                ready: video.readyState, width: video.videoWidth, height: video.videoHeight,
                duration: video.duration, poster: video.poster.slice(0, 23),
                error: video.error && video.error.message,
            };
        }"""
    )
    return result


def plays(video: Locator) -> bool:
    """Whether its time moves on once it is started, wherever in the clip it stood."""
    moved: bool = video.evaluate(
        """async video => {
            video.muted = true;
            video.currentTime = 0;
            await video.play();
            for (let i = 0; i < 600 && video.currentTime < 0.3 && !video.ended; i++)
                await new Promise(done => setTimeout(done, 100));
            video.pause();
            return video.currentTime >= 0.3;
        }"""
    )
    return moved
