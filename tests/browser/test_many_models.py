"""One prompt over three models at three providers in Lab, with a kernel that is killed on the way; then edits and a final.

Each provider is the sandbox by its own wire and key, so that what goes to whom is seen there.
"""

from __future__ import annotations

import json
import os
import signal
from collections import Counter

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations
from tests.browser.test_grid import MADE, cells, grid, settled
from tests.kernel.sandbox import Sandbox

pytestmark = pytest.mark.browser

SWEEP = (
    "%%veo --sweep model=fast,gemini:omni,vertex:fast --duration 4 --yes\n"
    "A fox crosses a frozen lake. Wide shot, dawn."
)
OMNI = "%%veo --model gemini:omni --duration 3 --draft --out fox\nAn owl turns its head on a snowy branch at night."
CHAIN = """
owl = fox.wait()
snow = owl.edit("Make it snow").wait()
night = snow.edit("Now at night").wait()
autumn = owl.edit("In autumn, at dusk").wait()
print("steps", [step.request.edit is not None for step in (owl, snow, night, autumn)])
"""
BILL = "bill = veo_nb.cost()\nprint(sorted({c.provider for c in bill.charges if c.jobs}))"
PID = "import os, veo_nb\nprint('pid', os.getpid())"
REFUSED = """
[[fault]]
call = "submit"
kind = "status"
status = 403
form = "gemini"
message = "Veo is not enabled for this project."
"""


class ThreeProviders:
    """What points three providers at two sandboxes; the second refuses all that it is asked for."""

    def __init__(self, sandbox: Sandbox, refusing: Sandbox) -> None:
        self.environment = {
            "VEO_NB_PROVIDER": "gptproto",
            "GPTPROTO_API_KEY": "sk-sandbox",
            "VEO_NB_GPTPROTO_BASE_URL": sandbox.url,
            "GEMINI_API_KEY": "sk-sandbox",
            "VEO_NB_GEMINI_BASE_URL": sandbox.url,
            "GOOGLE_CLOUD_API_KEY": "sk-sandbox",
            "VEO_NB_VERTEX_BASE_URL": refusing.url,
        }


@pytest.fixture
def providers(tmp_path):
    faults = tmp_path / "faults.toml"
    faults.write_text(REFUSED)
    with (
        Sandbox(tmp_path / "sandbox") as sandbox,
        Sandbox(tmp_path / "refusing", 0.0, "--faults", str(faults)) as refusing,
    ):
        yield sandbox, refusing


def paid(sandbox: Sandbox) -> Counter[str]:
    """What was asked for that costs, by what it asks."""
    bodies = [json.dumps(one["body"]) for one in sandbox.submits if ":cancel" not in one["path"]]
    return Counter(bodies)


def test_one_prompt_at_three_providers_one_of_which_refuses_a_killed_kernel_edits_and_a_final(
    open_notebook, providers, artefact
):
    sandbox, refusing = providers
    notebook = open_notebook(
        [PID, SWEEP, OMNI, CHAIN, BILL],
        ThreeProviders(sandbox, refusing),
        viewport={"width": 1600, "height": 1400},
    )
    page = notebook.page
    notebook.command("application:toggle-left-area")
    notebook.run(1)
    sandbox.hold()
    notebook.run(2)
    expect(cells(notebook, 2)).to_have_count(3)
    expect(cells(notebook, 2).nth(2)).to_contain_text("Failed", timeout=MADE)
    expect(grid(notebook, 2)).to_contain_text("Veo is not enabled for this project")
    artefact(notebook, "many-models-running")

    # The kernel is killed while two providers are at it; the next one goes on with both and pays neither again.
    pid = int(notebook.output(1).inner_text().split("pid ")[1].split()[0])
    sandbox.go_on()
    expect(cells(notebook, 2).nth(0)).to_contain_text("Generating", timeout=MADE)
    os.kill(pid, signal.SIGKILL)
    # Lab says that it died, and starts another.
    page.locator(".jp-Dialog button.jp-mod-accept").click()
    notebook.ready()
    notebook.run(0)
    notebook.run(1)
    notebook.run(2)
    settled(notebook, 2).wait_for(timeout=MADE)
    line = grid(notebook, 2).locator(".veo-summary-line")
    expect(line).to_contain_text("2 of 3 done")
    expect(cells(notebook, 2).locator("img.veo-still")).to_have_count(2)
    assert max(paid(sandbox).values()) == 1
    assert violations(page, ".jp-OutputArea") == []
    artefact(notebook, "many-models-done")

    # A draft, a chain of three with a branch, and the final.
    notebook.run(3)
    notebook.run(4)
    expect(notebook.output(4)).to_contain_text("steps [False, True, True, True]")
    final = notebook.output(3).get_by_role("button", name="Make it final")
    final.scroll_into_view_if_needed()
    final.click()
    expect(notebook.output(3)).not_to_contain_text("Draft", timeout=MADE)
    expect(notebook.video(3)).to_be_visible(timeout=MADE)
    artefact(notebook, "many-models-edits")
    assert max(paid(sandbox).values()) == 1
    notebook.run(5)
    expect(notebook.output(5)).to_contain_text("['gemini', 'gptproto', 'vertex']")
