"""A notebook as VS Code and Colab show it: no Jupyter server, and outputs in a frame of another origin.

    with Kernel(folder) as kernel, open_host(chromium, kernel, COLAB) as host:
        output = host.run("veo.panel()")
        output.get_by_role("button", name="Generate 1 clip").click()

The models and views are those of ipywidgets and anywidget, from the files that these hosts load; the kernel is a real
one. Nothing but messages reaches the frame: any address of a file fails, and is written down in `host.refused`.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, FrameLocator, Locator, Page, Route

from tests.kernel.kernel import Cell, Kernel

HERE = Path(__file__).with_name("host")
EXTENSIONS = Path(sys.prefix) / "share" / "jupyter" / "nbextensions"
EDITOR, FRAME = "https://editor.example/", "https://outputs.example/"
SCRIPTS = {
    f"{EDITOR}editor.js": HERE / "editor.js",
    f"{FRAME}frame.js": HERE / "frame.js",
    f"{FRAME}base.js": EXTENSIONS / "jupyter-js-widgets" / "extension.js",
    f"{FRAME}anywidget.js": EXTENSIONS / "anywidget" / "index.js",
}
PAGE = """<!doctype html>
<style>body, iframe {{ margin: 0; border: 0; width: 100%; height: 100vh }}</style>
<iframe data-src="{}" sandbox="allow-scripts allow-same-origin allow-forms allow-downloads"></iframe>
<script src="editor.js"></script>
"""
"""The frame may do what one of VS Code's webviews may."""
OUTPUTS = """<!doctype html>
<meta charset="utf-8">
<body data-views="{views}">
<script src="frame.js"></script>
<script>expectModule("@jupyter-widgets/base")</script>
<script src="base.js"></script>
<script>expectModule("anywidget")</script>
<script src="anywidget.js"></script>
<script>document.body.dataset.ready = "{ready}"; parent.postMessage({{ type: "ready" }}, "*")</script>
"""
COMMS = {"comm_open": "open", "comm_msg": "message", "comm_close": "close"}


@dataclass(frozen=True)
class Kind:
    """What differs between two hosts: the class in which a message's bytes are handed over."""

    name: str
    views: str


VSCODE = Kind("vscode", "DataView")
# `new Uint8Array(…)` in `ClassicComm.on_msg` of googlecolab/colab-cdn-widget-manager, src/manager.ts.
COLAB = Kind("colab", "Uint8Array")


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
    _seen: int = 0
    _shown: dict[str, dict[str, Any]] = field(default_factory=dict)

    def open(self) -> None:
        self.page.set_default_timeout(120_000)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.context.route("**/*", self._serve)
        self.page.expose_binding("exchange", lambda _, sent: self._exchange(sent))
        self.page.goto(EDITOR)
        self.frame.locator("body[data-ready]").wait_for(state="attached")

    def rebuild(self) -> None:
        """Have the frame made anew from what the editor knows, as when its tab was hidden for long."""
        self.page.evaluate("frame.src += '?again'")
        self.frame.locator("body[data-ready='again']").wait_for(state="attached")

    @property
    def frame(self) -> FrameLocator:
        return self.page.frame_locator("iframe")

    def run(self, code: str) -> Locator:
        """Run a cell, and give what stands under it."""
        return self.under(self.kernel.run(code))

    def under(self, cell: Cell) -> Locator:
        """The outputs of a cell that may still run."""
        return self.frame.locator(f"[data-cell='{cell.id}']")

    # ---- what the host does

    def _serve(self, route: Route) -> None:
        url, _, again = route.request.url.partition("?")
        if url == EDITOR:
            route.fulfill(content_type="text/html", body=PAGE.format(FRAME))
        elif url == FRAME:
            views, ready = self.kind.views, "again" if again else "first"
            route.fulfill(content_type="text/html", body=OUTPUTS.format(views=views, ready=ready))
        elif url in SCRIPTS:
            route.fulfill(content_type="text/javascript", path=SCRIPTS[url])
        else:
            self.refused.append(route.request.url)
            route.abort()

    def _exchange(self, sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Pass on what the page has sent, and give what is new from the kernel."""
        for one in sent:
            self.kernel.say(one["comm"], one["data"], *map(base64.b64decode, one["buffers"]))
        messages = -1
        while messages != len(self.kernel.messages):
            messages = len(self.kernel.messages)
            self.kernel.listen(0.001)
        fresh, self._seen = self.kernel.messages[self._seen : messages], messages
        answered = [self._comm(one) for one in fresh if one["header"]["msg_type"] in COMMS]
        return [*answered, *self._outputs()]

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
