"""A notebook as Kaggle's editor shows it: a real JupyterLab behind a proxy, which draws no widgets but ipywidgets' own.

    with kaggle(chromium, folder, sandbox.environment) as editor:
        editor.run(0)
        editor.output(1).locator("video").wait_for()

What differs there from a Lab of one's own, and where it was read (2026-11-29; the site itself was not to be had):

- The front end is a static build of Kaggle's, apart from the machine with the kernel, so that a widget's package adds nothing to it,
  whether the image has it or pip brings it (Kaggle/docker-python issues 1190 and 648, answered by its maintainers; pull request 1487
  asks for anywidget, and was closed). ipywidgets' own are there, with `controls` 2.0.0 (a trace in IAmPara0x/Yuno issue 9, of
  March 2025, with scripts at `https://kkb-production.jupyter-proxy.kaggle.net/static/dist/jupyterlab/v-…/`). anywidget lies in Colab's
  image, on which Kaggle's is built, but whether the build has it nobody says: here it has not. With it the page is what `lab` is.
- The server's path is `/k/<kernel>/<token>/proxy/`, which is all of its authentication (`list_running_servers()` in public notebooks
  of Google's and Kaggle's course on agents), so that no
  cookie is needed to fetch a file. Lab is in a frame of `www.kaggle.com`; here it is the page itself, which is the same to it.
- The kernel works in `/kaggle/working`, which the server serves, with the notebook beside what it writes:
  `FileLinks('.')` lists `__notebook_source__.ipynb` there and its links work. What lies elsewhere has no address.
- `KAGGLE_KERNEL_RUN_TYPE` is `Interactive` in the editor and `Batch` for a version that is saved, which is run without anybody and
  converted by nbconvert: what holds of that is in test_batch.py.
- Internet is off until it is switched on for the notebook (docker-python issues 482 and 1368: names are not resolved). Without it nothing
  can be installed; the sandbox needs none.

The image's packages are in `tests/package/kaggle.txt`: Colab's IPython 7.34 and ipykernel 6.17, with ipywidgets 8.1.5 and JupyterLab
3.6.8, which is not what the page is made of. Here it is the Lab that is installed.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from tests.browser import fronts
from tests.browser.lab import PATIENCE, write_notebook

NOTEBOOK = "__notebook_source__.ipynb"
PATH = "/k/240515/eyJhbGciOi.J9.tests/proxy/"
SIZE = ViewportSize(width=1280, height=2400)


class Editor:
    """The open notebook; its cells are counted from 0."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def cell(self, index: int) -> Locator:
        return self.page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{index}"]')

    def output(self, index: int) -> Locator:
        return self.cell(index).locator(".jp-OutputArea").first

    def run(self, index: int) -> None:
        """Run a cell as a person does, and wait until it has ended."""
        self.cell(index).locator(".jp-InputArea-editor").click()
        self.page.keyboard.press("Control+Enter")
        prompt = self.cell(index).locator(".jp-InputArea-prompt").first
        expect(prompt).to_have_text(re.compile(r"\[\d+\]"))


@contextmanager
def kaggle(
    chromium: Browser, working: Path, environment: Mapping[str, str], cells: list[str]
) -> Iterator[Editor]:
    """The editor with these cells; `working` is what `/kaggle/working` is there."""
    write_notebook(working / NOTEBOOK, cells)
    config = working / ".home" / ".jupyter" / "labconfig"
    config.mkdir(parents=True)
    without = {"disabledExtensions": {"anywidget": True}, "buildCheck": False}
    (config / "page_config.json").write_text(json.dumps(without))
    port = fronts.free_port()
    url = f"http://127.0.0.1:{port}{PATH}"
    options = {
        "IdentityProvider.token": "",
        "ServerApp.disable_check_xsrf": True,
        "ServerApp.base_url": PATH,
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": working,
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.news_url": "",
    }
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *(f"--{name}={value}" for name, value in options.items()),
    ]
    there = {**environment, "KAGGLE_KERNEL_RUN_TYPE": "Interactive"}
    with (
        fronts.served(command, working, there, f"{url}api/status"),
        chromium.new_context(viewport=SIZE) as tab,
    ):
        page = tab.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{url}lab/tree/{NOTEBOOK}")
        editor = Editor(page)
        editor.cell(0).wait_for()
        page.locator("#jp-main-statusbar").get_by_text(re.compile(r"\| Idle")).wait_for()
        yield editor
