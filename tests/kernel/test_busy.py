"""A cell that holds the kernel up: what has changed right before it is shown while it runs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kernel.kernel import Kernel
from tests.kernel.sandbox import Sandbox

pytestmark = pytest.mark.kernel

BUSY = """
import time
time.sleep(4)
print("the end of the cell")
"""


@pytest.fixture
def still(folder, tmp_path):
    """A kernel at a sandbox that takes so long that nothing happens by itself meanwhile."""
    with (
        Sandbox(tmp_path / "sandbox", latency=300) as sandbox,
        Kernel(folder, **sandbox.environment) as kernel,
    ):
        kernel.run("%load_ext veo_nb")
        yield kernel


def news(kernel: Kernel) -> list[str]:
    """What the kernel said, in its order: the end of the busy cell, and whether the grid can be let go on."""
    found = []
    for message in kernel.messages:
        content: dict[str, Any] = message["content"]
        summary = content.get("data", {}).get("state", {}).get("summary") or {}
        if "actions" in summary:
            found.append("paused" if "resume" in summary["actions"] else "going on")
        elif "the end of the cell" in content.get("text", ""):
            found.append("end")
    return found


def test_a_change_right_before_a_long_cell_does_not_wait_for_its_end(still: Kernel):
    shown = still.run("%%veo --sweep seed=1,2 -d 4 --out sweep\nA fox.")
    assert shown.failure is None, shown.failure
    _, grid = still.widget(shown)
    still.until(lambda: {cell["state"] for cell in grid.state["cells_0"]} == {"running"})
    still.messages.clear()
    # The second is within a quarter of a second of the first, so that it is held back for a moment.
    still.begin("sweep.resume(); sweep.pause()")
    busy = still.begin(BUSY)
    still.until(lambda: busy.done and "paused" in news(still))
    assert [one for one in news(still) if one != "going on"] == ["paused", "end"]
