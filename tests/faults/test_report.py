"""The report itself: it adds up, keeps the newest of each case, and nothing that is wrong can hide in it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.faults import conftest
from tests.faults.rows import Row, load, render, save

GOOD = Row("crash", "polling", ended="video here", submits=1)


def test_rows_of_several_runs_are_kept_and_the_newest_of_a_case_counts(tmp_path):
    path = tmp_path / "artefacts" / "faults.json"
    save([GOOD, Row("crash", "mid-download", lost=1)], path)
    save([Row("crash", "mid-download"), Row("network", "reset")], path)
    assert [(row.matrix, row.case, row.lost) for row in load(path)] == [
        ("crash", "polling", 0),
        ("crash", "mid-download", 0),
        ("network", "reset", 0),
    ]


def test_without_a_run_there_is_nothing_to_load(tmp_path):
    assert load(tmp_path / "none.json") == []


def test_the_sums_stand_below_the_rows():
    text = render([GOOD, Row("crash", "mid-download", lost=1), Row("network", "reset", doubled=2, leaked=3)])
    assert text.splitlines()[-1] == "cases tried: 3, lost: 1, doubled: 2, leaked: 3"
    assert "== crash" in text
    assert "== network" in text


@pytest.mark.parametrize("wrong", [{"lost": 1}, {"doubled": 1}, {"leaked": 1}, {"red": True}])
def test_a_row_that_is_wrong_is_marked(wrong):
    bad = Row("crash", "mid-download", **wrong)
    assert (GOOD.sound, bad.sound) == (True, False)
    lines = render([GOOD, bad]).splitlines()
    assert [line[:2] for line in lines[2:4]] == ["  ", "!!"]
    assert render([GOOD, Row("x", "y", red=True)]).endswith("red: 1")


def test_a_test_that_fails_makes_its_row_red(monkeypatch):
    """The hook of conftest.py, asked as pytest asks it."""
    row = Row("made up", "fails")
    item = SimpleNamespace(stash={conftest.ROW: row})
    for failed in (False, True):
        asked = conftest.pytest_runtest_makereport(item, None)
        next(asked)
        with pytest.raises(StopIteration):
            asked.send(SimpleNamespace(failed=failed))
        assert row.red == failed
