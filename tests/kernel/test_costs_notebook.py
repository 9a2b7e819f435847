"""The notebook on keys and costs, run without a browser and without a key: each cell shows what its text promises."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.kernel.fork import forked_kernels
from tests.kernel.sandbox import submits
from tests.site import books

pytestmark = pytest.mark.kernel

NAME = "06_your_key_and_costs.ipynb"
NOTEBOOK = Path(__file__).parents[2] / "notebooks" / NAME


class Outputs:
    """The notebook's cells once it has run."""

    def __init__(self, folder: Path) -> None:
        shutil.copyfile(NOTEBOOK, folder / NAME)
        self.folder = folder
        self.content = nbformat.read(folder / NAME, as_version=4)
        client = NotebookClient(
            self.content, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
        )
        with forked_kernels():
            client.execute(env={**os.environ, "PYTHONPATH": str(NOTEBOOK.parents[1])})
        # For the site, whose tests need not run it again.
        books.keep(NOTEBOOK.stem, self.content, folder, books.DRAFTS)

    def under(self, words: str) -> str:
        """Everything that a person reads or sees under the cells that hold these words."""
        found = ""
        for cell in self.content.cells:
            if cell.cell_type == "code" and words in cell.source:
                for output in cell.outputs:
                    data = output.get("data", {})
                    found += output.get("text", "") + data.get("text/plain", "") + data.get("text/html", "")
                    found += "\n".join(output.get("traceback", []))
        return found


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    return Outputs(tmp_path_factory.mktemp("costs"))


def test_a_key_does_not_show_itself(ran):
    said = ran.under("settings.api_key")
    assert "shown as Secret('****')" in said
    assert "https://gptproto.com https://api.gptproto.com" in said
    assert re.search(r"ok\s+provider\s+sandbox", said)
    kept = [path for path in ran.folder.rglob("*") if path.is_file() and path.name != NAME]
    assert [path for path in kept if b"made-up-for-this-page" in path.read_bytes()] == []
    outputs = [cell.get("outputs") for cell in ran.content.cells]
    assert "made-up-for-this-page" not in str(outputs)


def test_the_estimate_comes_before_anything_is_sent(ran):
    assert "Nothing sent · 1 clip · would cost about $0.40" in ran.under("--dry-run")
    assert "$0.50 left" in ran.under("--dry-run")


def test_the_budget_says_no_in_one_line(ran):
    (failed,) = [cell for cell in ran.content.cells if "raises-exception" in cell.metadata.get("tags", [])]
    (output,) = failed.outputs
    assert output.output_type == "error"
    assert output.ename == "BudgetExceeded"
    (line,) = output.traceback
    assert "would cost about $0.40, and about $0.10 of the library's budget of $0.50 is left" in line


def test_the_clip_of_the_kernel_that_died_arrives_and_is_sent_once(ran):
    said = re.fullmatch(
        r"The other kernel: job (\w{4}) is running\.\nThe other kernel is dead\.\n",
        ran.under("start_new_kernel"),
    )
    assert said is not None
    assert f"Taken on: [<Job {said[1]} running: A fox" in ran.under("resume()")
    assert "<video" in ran.under("A fox crosses")
    prompts = [
        entry["body"]["instances"][0]["prompt"] for entry in submits(ran.folder / "key_and_costs/.sandbox")
    ]
    assert [prompt.split(".")[0] for prompt in prompts] == [
        "A lantern drifts over dark water",
        "A fox crosses a frozen lake at dusk",
    ]


def test_the_bill_adds_up(ran):
    bill = ran.under("%veo cost")
    assert "made      2  $0.80" in bill
    assert "So far about $0.80 of the budget of $2.00, $1.20 left." in bill
    assert "2026-11-29" in bill
    assert "Every figure is an estimate" in bill


def test_run_again_it_shows_what_is_there_and_sends_nothing(ran):
    before = submits(ran.folder / "key_and_costs/.sandbox")
    again = Outputs(ran.folder)
    assert "shown again, nothing sent" in again.under("A lantern")
    assert "BudgetExceeded" in again.under("An owl")
    assert "shown again, nothing sent" in again.under("%%veo --duration 4 --wait\nA fox")
    assert submits(ran.folder / "key_and_costs/.sandbox") == before
