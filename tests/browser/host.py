"""A notebook as VS Code and Colab show it: outputs in frames of other origins, which get nothing of a Jupyter server.

    with Kernel(folder) as kernel, open_host(chromium, kernel, COLAB) as host:
        output = host.run("veo.panel()")
        output.get_by_role("button", name="Generate 1 clip").click()

The models and views are those of ipywidgets and anywidget, from the files that these hosts load; the kernel is a real
one. Messages reach the frame, and what its host serves; any other address is answered with 403, and is written down in
`host.refused`.

What is imitated, and where it was read (2026-11-29):

- VS Code. One frame for all outputs, without the cells' code. `generateContent` in microsoft/vscode,
  src/vs/workbench/contrib/notebook/browser/view/renderers/backLayerWebView.ts, gives it a `<base>` at the notebook's folder, of
  which the webview serves what lies in the workspace, and no Content-Security-Policy unless
  `notebook.experimental.enableCsp` is on, which allows no media at all. `_onDidClickDataLink` there saves what a link with a
  `download` carries. A notebook that is opened without its kernel shows another format of an output whose widget is gone
  (microsoft/vscode-jupyter issue 12611). It decodes H.264 but no AAC, so clips are silent (microsoft/vscode issues 158972, 167685).
- Colab. A frame with an origin of its own for the outputs of each cell (`*.googleusercontent.com`, googlecolab/colab-cdn-widget-manager,
  src/manager.ts). No file of the machine has an address, on a mounted Drive or not. Bytes of a message come as
  `Uint8Array`. Custom widgets are switched on by anywidget itself; comms wait for the cell that runs.
- Both answer nothing while their kernel is away, and tell widgets nothing of that.
- A front end without widgets, or one that finds no model, shows the HTML of a bundle: `reopen`.

Kaggle's is in `kaggle`. JupyterLab, Notebook 7, nbclassic and marimo are the real ones (`lab`, `fronts`).
"""

from __future__ import annotations

import base64
import math
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from playwright.sync_api import Browser, Locator, Page, Route

from tests.kernel.kernel import Cell, Kernel

HERE = Path(__file__).with_name("host")
EXTENSIONS = Path(sys.prefix) / "share" / "jupyter" / "nbextensions"
EDITOR, FRAME, FILES = "https://editor.example/", "https://outputs.example/", "https://files.example/"
SCRIPTS = {
    f"{EDITOR}editor.js": HERE / "editor.js",
    f"{FRAME}frame.js": HERE / "frame.js",
    f"{FRAME}base.js": EXTENSIONS / "jupyter-js-widgets" / "extension.js",
    f"{FRAME}anywidget.js": EXTENSIONS / "anywidget" / "index.js",
}
FRAMES = re.compile(r"https://outputs(-\d+)?\.example/")
PAGE = """<!doctype html>
<style>body, iframe {{ margin: 0; border: 0; width: 100%; height: {height}vh }}</style>
<body data-apart="{apart}">
<script src="editor.js"></script>
"""
OUTPUTS = """<!doctype html>
<meta charset="utf-8">
{base}
<body data-views="{views}">
<script src="{frame}frame.js"></script>
<script>expectModule("@jupyter-widgets/base")</script>
<script src="{frame}base.js"></script>
<script>expectModule("anywidget")</script>
<script src="{frame}anywidget.js"></script>
<script>document.body.dataset.ready = "{ready}"; parent.postMessage({{ type: "ready" }}, "*")</script>
"""
COMMS = {"comm_open": "open", "comm_msg": "message", "comm_close": "close"}


@dataclass(frozen=True)
class Kind:
    """What differs between two hosts: the class in which a message's bytes are handed over, and whether files have an address."""

    name: str
    views: str
    serves: bool = False
    """Whether an address that is relative to the notebook's folder is served."""
    apart: bool = False
    """Whether each cell's outputs have a frame of their own."""


VSCODE = Kind("vscode", "DataView", serves=True)
# `new Uint8Array(…)` in `ClassicComm.on_msg` of googlecolab/colab-cdn-widget-manager, src/manager.ts.
COLAB = Kind("colab", "Uint8Array", apart=True)


@contextmanager
def open_host(chromium: Browser, kernel: Kernel, kind: Kind, **context: Any) -> Iterator[Host]:
    """A page of the host with a kernel; `context` goes to Playwright's `new_context`."""
    with chromium.new_context(**{"viewport": {"width": 1280, "height": 1400}} | context) as tab:
        host = Host(tab.new_page(), kernel, kind)
        host.open()
        yield host


@dataclass
class Host:
    """An open notebook. Messages go to and fro while the test waits for something in the page."""

    page: Page
    kernel: Kernel
    kind: Kind
    refused: list[str] = field(default_factory=list)
    """Addresses that the page has asked for in vain."""
    wrong: list[str] = field(default_factory=list)
    """Errors that nobody caught."""
    lets_through: float = math.inf
    """How many more messages with bytes arrive, before the connection breaks."""
    _seen: int = 0
    _shown: dict[str, dict[str, Any]] = field(default_factory=dict)

    def open(self) -> None:
        self.page.set_default_timeout(120_000)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.context.route("**/*", self._serve)
        self.page.expose_binding("exchange", lambda _, sent: self._exchange(sent))
        self.page.clock.install()
        self.page.goto(EDITOR)
        self._wait_for_frames("first")

    def rebuild(self) -> None:
        """Have the frames made anew from what the editor knows, as when its tab was hidden for long."""
        self.page.evaluate("again()")
        self._wait_for_frames("again")

    def reopen(self) -> None:
        """Have the saved notebook opened anew, without its kernel: no widget has a model."""
        self.page.evaluate("models.clear(); again()")
        self._wait_for_frames("again")

    def wait(self, true: Callable[[], object], seconds: float = 120) -> None:
        """Let the page and the kernel speak until `true()` holds."""
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, "it did not happen"
            self.page.wait_for_timeout(50)

    def saved(self, cell: Cell) -> dict[str, Any]:
        """The formats of a cell's only output, as the notebook keeps them."""
        (output,) = cell.outputs
        return output.data

    def _wait_for_frames(self, state: str) -> None:
        for frame in self.page.locator("iframe").all():
            frame.content_frame.locator(f"body[data-ready='{state}']").wait_for(state="attached")

    def run(self, code: str) -> Locator:
        """Run a cell before a person who can be asked something, and give what stands under it."""
        return self.under(self.ran(code))

    def ran(self, code: str) -> Cell:
        """The cell itself, once it has run."""
        cell = self.kernel.begin(code, looked_at=True)
        self.kernel.until(lambda: cell.done, why=f"the cell did not end:\n{code}")
        return cell

    def under(self, cell: Cell) -> Locator:
        """The outputs of a cell that may still run."""
        name = cell.id if self.kind.apart else "all"
        frame = self.page.frame_locator(f"iframe[data-cell='{name}']")
        return frame.locator(f"[data-cell='{cell.id}']")

    # ---- what the host does

    def _serve(self, route: Route) -> None:
        url, _, again = route.request.url.partition("?")
        if url == EDITOR:
            height, apart = (45, "true") if self.kind.apart else (100, "false")
            body = PAGE.format(height=height, apart=apart)
            route.fulfill(content_type="text/html", body=body)
        elif FRAMES.fullmatch(url):
            base = f'<base href="{FILES}">' if self.kind.serves else ""
            ready = "again" if again else "first"
            page = OUTPUTS.format(base=base, frame=FRAME, views=self.kind.views, ready=ready)
            route.fulfill(content_type="text/html", body=page)
        elif self.kind.serves and (file := self._file(url)) is not None:
            route.fulfill(content_type="video/mp4", path=file)
        elif url in SCRIPTS:
            route.fulfill(content_type="text/javascript", path=SCRIPTS[url])
        else:
            self.refused.append(route.request.url)
            route.fulfill(status=403)

    def _file(self, url: str) -> Path | None:
        """The file of the workspace at an address; None where there is none."""
        file = self.kernel.folder / unquote(url.removeprefix(FILES))
        return file if url.startswith(FILES) and file.is_file() else None

    def _exchange(self, sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Pass on what the page has sent, and give what is new from the kernel."""
        for one in sent:
            self.kernel.say(one["comm"], one["data"], *map(base64.b64decode, one["buffers"]))
        messages = -1
        while messages != len(self.kernel.messages):
            messages = len(self.kernel.messages)
            self.kernel.listen(0.001)
        fresh, self._seen = self.kernel.messages[self._seen : messages], messages
        answered = [
            self._comm(one) for one in fresh if one["header"]["msg_type"] in COMMS and self._arrives(one)
        ]
        return [*answered, *self._outputs()]

    def _arrives(self, message: dict[str, Any]) -> bool:
        if message["buffers"]:
            self.lets_through -= 1
        return not message["buffers"] or self.lets_through >= 0

    def _comm(self, message: dict[str, Any]) -> dict[str, Any]:
        content = message["content"]
        return {
            "kind": COMMS[message["header"]["msg_type"]],
            "comm": content["comm_id"],
            "data": content["data"],
            "buffers": [base64.b64encode(one).decode() for one in message["buffers"]],
        }

    def _outputs(self) -> Iterator[dict[str, Any]]:
        for cell in self.kernel.cells.values():
            for at, output in enumerate(cell.outputs):
                key = f"{cell.id}-{at}"
                if self._shown.get(key) != output.data:
                    self._shown[key] = output.data
                    yield {"kind": "output", "key": key, "cell": cell.id, "data": output.data}
