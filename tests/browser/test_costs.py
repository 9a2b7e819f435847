"""The notebook on keys and costs as a stranger runs it in Lab: it goes on after the cell that fails, and prices are prices."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.lab import facts

pytestmark = pytest.mark.browser

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def test_it_runs_to_the_bill_and_no_price_becomes_a_formula(lab, chromium):
    shutil.copytree(NOTEBOOKS, lab.folder / "costs")
    view = {"width": 1280, "height": 4000}
    with lab.open(chromium, "costs/06_your_key_and_costs.ipynb", viewport=view) as notebook:
        notebook.command("notebook:run-all-cells")
        budget = notebook.page.get_by_text("So far about $0.80 of the budget of $2.00, $1.20 left.")
        budget.wait_for(timeout=120_000)
        expect(notebook.page.get_by_text("BudgetExceeded: This would cost about $0.40")).to_have_count(1)
        videos = notebook.page.locator(".jp-OutputArea video")
        expect(videos).to_have_count(2)
        for number in range(2):
            assert facts(videos.nth(number))["error"] is None
        # Lab sets formulas a moment after the output is there.
        notebook.page.wait_for_timeout(1500)
        expect(notebook.page.locator(".jp-OutputArea mjx-container")).to_have_count(0)
