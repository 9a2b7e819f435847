"""A sweep that is to find something out: its question, what was expected, what was concluded."""

from __future__ import annotations

import pytest

from veo_nb.errors import InvalidRequest

AXES = {"animal": ["fox", "owl"]}


def test_a_sweep_has_the_question_that_it_was_started_with(make_studio):
    studio = make_studio()
    sweep = studio.sweep("A {{animal}}.", axes=AXES, question="Which is rounder?", hypothesis="The owl.")
    assert (sweep.question, sweep.hypothesis, sweep.conclusion) == ("Which is rounder?", "The owl.", "")
    again = studio.sweep("A {{animal}}.", axes=AXES)
    assert again.question == "Which is rounder?", "what is not given again stays"
    again.describe(conclusion="It is.")
    assert make_studio().sweeps.get(sweep.id).conclusion == "It is."
    sweep.wait(60)


def test_a_wrong_question_is_refused_before_anything_is_sent(make_studio, service):
    studio = make_studio()
    for ask in (studio.sweep, studio.sweeps.preview):
        with pytest.raises(InvalidRequest, match="hypothesis can't be 1"):
            ask("A {{animal}}.", axes=AXES, hypothesis=1)
    assert service.posts == []
    assert studio.sweeps.experiments() == []


def test_experiments_are_those_sweeps_that_ask_something_the_last_changed_first(make_studio):
    studio = make_studio()
    first = studio.sweep("A {{animal}}.", axes=AXES, question="One?")
    second = studio.sweep("The {{animal}}.", axes=AXES, question="Two?")
    studio.sweep("An old {{animal}}.", axes=AXES)
    assert [sweep for sweep, _ in studio.sweeps.experiments()] == [second, first]
    first.describe(conclusion="Yes.")
    assert [sweep for sweep, _ in studio.sweeps.experiments(1)] == [first]
    first.describe(question="", conclusion="")
    assert [sweep for sweep, _ in studio.sweeps.experiments()] == [second]


def test_in_a_ledger_that_was_made_anew_its_cell_finds_question_and_conclusion(make_studio, tmp_path):
    studio = make_studio()
    sweep = studio.sweep("A {{animal}}.", axes=AXES, question="Which is rounder?").wait(60)
    sweep.describe(conclusion="The owl.")
    studio.close()
    (tmp_path / "library" / "ledger.sqlite").unlink()
    studio = make_studio()
    again = studio.sweep("A {{animal}}.", axes=AXES)
    assert (again.id, again.question, again.conclusion) == (sweep.id, "Which is rounder?", "The owl.")
