"""The panel in a real kernel, driven over the comm as a front end does: also while a cell runs, and after a kill."""

from __future__ import annotations

import io
import itertools
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.kernel.kernel import Cell, Kernel
from tests.kernel.sandbox import Sandbox, clips
from veo_nb.notebook.panel.store import empty_draft, first_view
from veo_nb.notebook.protocol import to_json

pytestmark = pytest.mark.kernel

BROWSE: dict[str, Any] = {**to_json(first_view()), "offset": 0, "limit": 60}


class Page:
    """A panel as a page sees it: its traits, and an answer to each wish."""

    def __init__(self, kernel: Kernel, cell: Cell, subshell: str | None = None) -> None:
        assert cell.failure is None, cell.failure
        self.kernel = kernel
        self.id, self.widget = kernel.widget(cell)
        self.subshell = subshell
        self._count = itertools.count()

    def ask(self, kind: str, *buffers: bytes, **payload: Any) -> dict[str, Any]:
        """What a wish is answered with; bytes that came along are its `buffers`."""
        asked = f"{kind}-{next(self._count)}"
        self.kernel.tell(
            self.id, {"kind": kind, "id": asked, "payload": payload}, *buffers, subshell=self.subshell
        )
        self.kernel.until(lambda: self._at(asked) is not None, why=f"no answer to {kind}")
        at = self._at(asked)
        assert at is not None
        answer = self.widget.messages[at]
        assert "ok" in answer, answer
        return {**answer["ok"], "buffers": self.widget.buffers[at]}

    def _at(self, asked: str) -> int | None:
        return next((at for at, one in enumerate(self.widget.messages) if one["id"] == asked), None)

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        found = (self.widget.state[f"row_{at}"] for at in range(24))
        return {row["job"]: row for row in found if row}

    def total(self) -> int:
        return int(self.widget.state["library"]["total"])


def photograph() -> bytes:
    pixels = np.random.default_rng(1).integers(0, 255, (360, 640, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


def draft(**changes: Any) -> dict[str, Any]:
    return {**to_json(empty_draft()), "fields": {"duration_seconds": [4]}, **changes}


@pytest.fixture
def opened(folder, tmp_path):
    """A kernel with a panel on a sandbox that takes two seconds for a clip."""
    with (
        Sandbox(tmp_path / "sandbox", latency=2) as sandbox,
        Kernel(folder, **sandbox.environment) as kernel,
    ):
        assert kernel.run("%load_ext veo_nb").failure is None
        page = Page(kernel, kernel.run("import veo_nb as veo\npanel = veo.panel()\npanel"))
        yield kernel, page, sandbox


def test_a_clip_is_made_from_a_photograph_found_looked_at_and_told_as_a_cell(opened, folder):
    kernel, page, sandbox = opened
    kernel.run("heard = []\nend = panel.on_finished(lambda job: heard.append(job.id))")
    picture = page.ask("upload", photograph(), name="mine.jpg")
    given = draft(prompt="It comes alive.", image=[picture["key"]])
    assert page.ask("check", draft=given)["button"] == "Generate 1 clip"
    (job,) = page.ask("generate", draft=given, confirm=False)["jobs"]
    kernel.until(lambda: job in page.rows, why="no row for the job")
    kernel.until(lambda: page.total() == 1 and not page.rows, why="the clip did not come")
    (item,) = page.ask("browse", **BROWSE)["items"]
    assert item["key"] == f"{job}/0"
    assert page.ask("posters", clips=[item["key"]])["posters"][item["key"]].startswith("data:image/jpeg")
    read = b""
    while len(read) < item["bytes"]:
        read += page.ask("video", clip=item["key"], offset=len(read))["buffers"][0]
    (file,) = clips(folder)
    assert read == file.read_bytes()
    kernel.run("import time\nwhile not heard: time.sleep(0.05)")
    assert kernel.value("heard") == str([job])
    page.ask("select", clips=[item["key"]])
    assert kernel.value("[video.job_id for video in panel.selected]") == str([job])
    shown = kernel.run(page.ask("details", clip=item["key"])["cell"])
    assert "<video" in shown.html
    assert "nothing sent" in shown.html
    assert len(sandbox.submits) == 1


def test_while_a_cell_runs_the_panel_answers_and_goes_on(opened):
    kernel, page, _ = opened
    page.subshell = kernel.subshell()
    if page.subshell is None:
        pytest.skip("this kernel has no subshells: a click waits for the cell")
    other = Page(kernel, kernel.run("other = veo.panel()\nother"), page.subshell)
    busy = kernel.begin("import time\ntime.sleep(600)")
    (job,) = page.ask("generate", draft=draft(prompt="A fox."), confirm=False)["jobs"]
    kernel.until(lambda: job in page.rows and job in other.rows, why="both show the job")
    kernel.until(lambda: page.total() == other.total() == 1, why="the clip did not come to both")
    other.ask("rate", clip=f"{job}/0", rating=5)
    assert page.ask("browse", **BROWSE)["items"][0]["rating"] == 5
    written = draft(prompt="Written meanwhile.")
    page.ask("draft", draft=written, by="page")
    kernel.until(lambda: other.widget.state["draft"]["draft"] == written, why="the draft came to no other")
    assert not busy.done
    kernel.interrupt()
    kernel.until(lambda: busy.done)


def test_a_job_of_a_cell_is_in_the_panel_and_its_card_lives(opened):
    kernel, page, _ = opened
    cell = kernel.run("%%veo -d 4 --out job\nAn owl.")
    job = kernel.value("job.id")
    kernel.until(lambda: job in page.rows, why="no row for the job of the cell")
    page.ask("cancel", job=job)
    kernel.until(lambda: "Stopped" in cell.html or "video" in cell.html, why="the card did not hear of it")


def test_after_a_kill_all_is_as_it_was_and_the_clip_still_comes(opened, folder):
    kernel, page, sandbox = opened
    written = draft(prompt="A {{animal}}.", variables={"animal": ["fox", "owl"]})
    view = {**to_json(first_view()), "search": "fox", "order": "oldest"}
    page.ask("draft", draft=written, by="page")
    page.ask("view", view=view)
    (job,) = page.ask("generate", draft=draft(prompt="A fox."), confirm=False)["jobs"]
    # On a busy machine the clip may be there before the page has heard that it was taken.
    kernel.until(
        lambda: page.rows.get(job, {"state": ""})["state"] == "running" or page.total(),
        why="it was not taken",
    )
    kernel.kill()
    new = kernel.again()
    assert new.run("%load_ext veo_nb").failure is None
    again = Page(new, new.run("%veo panel"))
    assert again.widget.state["draft"] == {"by": "", "draft": written}
    assert again.widget.state["view"] == view
    assert job in again.rows or again.total() == 1
    new.until(lambda: again.total() == 1, why="the clip did not come")
    assert len(sandbox.submits) == 1
    assert len(clips(folder)) == 1


def test_saved_without_its_kernel_it_says_what_it_is_and_closed_it_leaves_no_threads(opened):
    kernel, _, _ = opened
    cell = kernel.run("veo.panel()")
    (output,) = cell.outputs
    assert "Run this cell to open it" in output.data["text/html"]
    assert "<button" not in json.dumps(output.data)
    kernel.run("import threading, time\npanel.close()\n_.close()\ntime.sleep(1)")
    count = "sum(one.name.startswith('veo_nb-panel') for one in threading.enumerate())"
    assert kernel.value(count) == "0"
