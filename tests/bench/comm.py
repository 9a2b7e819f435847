"""Measure what a kernel says to a page for a job, from its submit to its video: messages and bytes.

A real kernel, at a local server that sends each clip slowly enough for its download to be seen. What a page does is done
here: it asks for the time, and for the stills of the clips that come into sight. Counted is what a page is sent for what
is shown, on the comms and as outputs, `status` and the echo of a cell not. The bytes of the clip itself in the output, as
`show()` of google-genai puts it there, are what it is compared with.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.bench.grid import Figure, record, write_clip
from tests.bench.service import Handler
from tests.kernel.kernel import Kernel

KINDS = ("comm_open", "comm_msg", "comm_close", "display_data", "update_display_data", "execute_result")
SECONDS = 3.0
"""How long a clip is under way."""
GRID = 12
LOAD = """import dataclasses, os
from veo_nb import catalog
# The local server takes any number at once.
catalog.PROVIDERS["sandbox"] = dataclasses.replace(
    catalog.PROVIDERS["sandbox"], requests_per_minute=100_000, in_flight=50, typical_seconds=2.0
)
%load_ext veo_nb
import veo_nb as veo"""
PROMPT = (
    "0 MB, 2 s. A fox crosses a frozen lake at dawn, slow push in, soft light, take {}. SFX: ice creaking."
)
SWEEP = f"""sweep = veo.sweep(
    "0 MB, 2 s. A {{{{animal}}}} crosses a frozen lake at {{{{time}}}}.",
    confirm=True,
    axes={{"animal": [f"animal {{n}}" for n in range({GRID // 3})], "time": ["dawn", "noon", "dusk"]}},
)
sweep.grid()"""


class Slow(Handler):
    """Sends a clip a piece at a time."""

    def send(self, content: bytes, seconds: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "video/mp4")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            size = -(-len(content) // 60)
            for start in range(0, len(content), size):
                self.wfile.write(content[start : start + size])
                time.sleep(SECONDS / 60)


@contextmanager
def served(clip: bytes) -> Iterator[dict[str, str]]:
    """The slow provider in this process; what points a kernel at it."""
    Slow.clip = clip
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield {"VEO_NB_PROVIDER": "sandbox", "VEO_NB_BASE_URL": f"http://127.0.0.1:{server.server_port}"}
    finally:
        server.shutdown()
        server.server_close()


def weigh(message: dict[str, Any]) -> int:
    """The bytes of a message's content and of what goes beside it."""
    content = len(json.dumps(message["content"]).encode())
    return content + sum(len(bytes(one)) for one in message["buffers"])


def kind_of(message: dict[str, Any]) -> str:
    """What a message is, as the figures say it."""
    content = message["content"]
    data = content.get("data", {})
    method = data.get("method", "")
    if method == "update":
        return f"{method} {', '.join(sorted(data['state']))}"
    if method == "custom":
        return f"answer {', '.join(data['content'].get('ok', {}))}"
    state = data.get("state", {})
    return f"{message['header']['msg_type']} {state.get('_kind') or state.get('_model_name', '')}".strip()


@dataclass
class Page:
    """What a page does with a kernel."""

    kernel: Kernel
    asked: set[str] = field(default_factory=set)
    known: int = 0

    def act(self) -> None:
        """Ask for the time of each new view, and for the stills of the clips that are new."""
        for comm_id, widget in [*self.kernel.widgets.items()]:
            kind = widget.state.get("_kind")
            if kind and comm_id not in self.asked:
                self.ask(comm_id, "clock", comm_id, {})
            if kind == "sweep":
                batches = [value for name, value in widget.state.items() if name.startswith("cells_")]
                for cell in (cell for batch in batches for cell in batch if cell["clips"]):
                    self.ask(
                        comm_id, "poster", f"{comm_id} {cell['key']}", {"cell": cell["key"], "sample": 0}
                    )
            if kind == "job":
                for at, clip in enumerate(widget.state["opened"]["videos"]):
                    if not clip.get("poster", "-"):
                        self.ask(comm_id, "poster", f"{comm_id} {at}", {"sample": at})

    def ask(self, comm_id: str, command: str, once: str, payload: dict[str, Any]) -> None:
        """Send a command, once under this name."""
        if once not in self.asked:
            self.asked.add(once)
            self.kernel.tell(comm_id, {"kind": command, "id": f"q{len(self.asked)}", "payload": payload})

    def watch(self, code: str, done: str) -> list[dict[str, Any]]:
        """All that is said from running a cell until `done` holds in the kernel and nothing more is said."""
        known = len(self.kernel.messages)
        self.kernel.run(code)
        end = time.monotonic() + 120
        while time.monotonic() < end:
            self.kernel.listen(0.2)
            self.act()
            if self.kernel.value(done) == "True":
                break
        for _ in range(10):
            self.kernel.listen(0.3)
            self.act()
        return [one for one in self.kernel.messages[known:] if one["header"]["msg_type"] in KINDS]


def figures(name: str, said: list[dict[str, Any]], jobs: int, clip: int) -> Iterator[Figure]:
    """Messages and bytes a job, and what the bytes are of."""
    total = sum(map(weigh, said))
    ratio = total / jobs / (clip * 4 / 3)
    yield Figure(f"{name}: messages a job", len(said) / jobs, "", f"{len(said)} for {jobs}")
    yield Figure(f"{name}: bytes a job", total / jobs / 1000, "kB", f"{ratio:.2f} of the clip as base64")
    count, weight = Counter[str](), Counter[str]()
    for message in said:
        count[kind_of(message)] += 1
        weight[kind_of(message)] += weigh(message)
    for kind, size in weight.most_common():
        yield Figure(f"    {kind}"[:50], size / 1000, "kB", f"{count[kind]} messages")


def run(kernel: Kernel, clip: int) -> Iterator[Figure]:
    """A card, a grid, and both with the panel open."""
    page = Page(kernel)
    kernel.run(LOAD)
    done = "veo.history()[0].status == 'succeeded'"
    all_done = "all(job.status == 'succeeded' for job in sweep.jobs)"
    for name, number in (("The first card", 0), ("A card", 1)):
        yield from figures(name, page.watch(f"%%veo\n{PROMPT.format(number)}", done), 1, clip)
    yield from figures(f"A grid of {GRID}", page.watch(SWEEP, all_done), GRID, clip)
    yield from figures("The panel, opened", page.watch("veo.panel()", "True"), 1, clip)
    yield from figures("A card, panel open", page.watch(f"%%veo\n{PROMPT.format(2)}", done), 1, clip)
    again = SWEEP.replace("frozen", "wide")
    yield from figures(f"A grid of {GRID}, panel open", page.watch(again, all_done), GRID, clip)


def main() -> None:
    """Print the table and write the JSON."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        clip = write_clip(place / "clip.mp4")
        notebook = place / "notebook"
        notebook.mkdir()
        with served(clip) as environment, Kernel(notebook, **environment) as kernel:
            record("bench-comm", run(kernel, len(clip)))


if __name__ == "__main__":
    main()
