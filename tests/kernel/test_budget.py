"""A budget in a real kernel: it says no before anything is sent, and two kernels share it."""

from __future__ import annotations

import pytest

from tests.kernel.kernel import Kernel

pytestmark = pytest.mark.kernel

FOX = "%%veo -d 4 --wait\nA fox crosses a frozen lake."
OWL = "%%veo -d 4 --wait\nAn owl turns its head."


@pytest.fixture
def thrifty(folder, sandbox):
    """A kernel at the quick sandbox with a budget for one clip of 4 seconds."""
    with Kernel(folder, **sandbox.environment, VEO_NB_BUDGET="0.5") as kernel:
        kernel.run("%load_ext veo_nb")
        yield kernel


def test_over_the_budget_the_cell_fails_in_one_line_and_nothing_is_sent(thrifty, sandbox):
    assert thrifty.run(FOX).failure is None
    cell = thrifty.run(OWL)
    assert cell.status == "error"
    assert cell.failure is not None
    assert cell.failure.name == "BudgetExceeded"
    (line,) = cell.failure.traceback
    assert "would cost about $0.40, and about $0.10 of the library's budget of $0.50 is left" in line
    assert cell.outputs == []
    assert len(sandbox.submits) == 1
    assert "BudgetExceeded" not in thrifty.run("%veo").shown


def test_a_higher_budget_lets_it_through(thrifty, sandbox):
    thrifty.run(FOX)
    thrifty.run("import veo_nb as veo\nveo.configure(budget=2)")
    assert thrifty.run(OWL).failure is None
    assert len(sandbox.submits) == 2
    bill = thrifty.run("%veo cost")
    assert "$0.80" in bill.shown
    assert "$1.20 left" in bill.shown


def test_what_another_kernel_has_spent_counts(thrifty, sandbox):
    thrifty.run(FOX)
    other = thrifty.again()
    other.run("%load_ext veo_nb")
    failure = other.run(OWL).failure
    assert failure is not None
    assert failure.name == "BudgetExceeded"
    assert len(sandbox.submits) == 1
