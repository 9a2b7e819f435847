"""`%veo compare`, `%veo rank` and what Tab offers after them."""

from __future__ import annotations

import pytest

from veo_nb.errors import InvalidRequest, NotFound
from veo_nb.notebook.compare.commands import compare, rank
from veo_nb.notebook.completion import Known, complete


@pytest.fixture
def studio(make_studio):
    return make_studio()


@pytest.fixture
def sweep(studio):
    axes = {"move": ["dolly in", "crane"], "time": ["dawn", "dusk"], "resolution": "720p"}
    return studio.sweep("A {{move}} at {{time}}.", axes=axes).wait(60)


def test_a_line_says_what_is_compared_by_what_and_by_whom(studio, sweep):
    found = compare(
        studio, [sweep.id, "--by", "move", "--question=Which is calmer?", "--rounds", "3", "--voter", "ann"]
    )
    assert (found.values, found.question, found.rounds, found.voter) == (
        ("dolly in", "crane"),
        "Which is calmer?",
        3,
        "ann",
    )
    assert found.pair is not None
    again = compare(studio, [found.id, "--voter", "bob"])
    assert (again.id, again.voter, again.rounds) == (found.id, "bob", 3)
    assert compare(studio, [found.id, "--rounds", "5"]).rounds == 5
    assert compare(studio, [job.id for job in sweep.jobs]).by == ""


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "%veo compare needs a sweep's ID"),
        ("SWEEP --bye move", "%veo compare has no option --bye. Did you mean --by?"),
        ("SWEEP --by", "--by needs a value. The axis that is compared: --by prompt"),
        ("SWEEP --by --voter ann", "--by needs a value."),
        ("SWEEP --by moove", "Did you mean move?"),
        ("SWEEP", "Say which to compare: by="),
        ("SWEEP --by move --rounds many", "--rounds can't be 'many'."),
        ("SWEEP --by move --rounds 0", "rounds can't be 0."),
        ("szzzz --by move", "There is no sweep"),
        ("c123456789", "There is no comparison"),
        ("zzzz", "zzzz"),
    ],
)
def test_a_line_that_is_wrong_is_told_what_to_do(studio, sweep, line, says):
    with pytest.raises((InvalidRequest, NotFound)) as caught:
        compare(studio, [sweep.id if word == "SWEEP" else word for word in line.split()])
    assert says in f"{caught.value.message} {caught.value.hint}"


def test_what_came_out_is_asked_for_by_the_sweep_or_by_the_comparison(studio, sweep):
    found = compare(studio, [sweep.id, "--by", "move", "--question", "Which is calmer?"])
    with pytest.raises(InvalidRequest, match="There are no votes yet"):
        rank(studio, [sweep.id, "--by", "move"])
    for _ in range(2):
        found.vote("left", "ann")
    by_sweep, by_id = rank(studio, [sweep.id, "--by", "move"]), rank(studio, [found.id])
    assert repr(by_sweep) == repr(by_id)
    assert "dolly in" in repr(by_id)
    with pytest.raises(InvalidRequest, match="no option --rounds"):
        rank(studio, [sweep.id, "--rounds", "3"])


def test_a_comparison_is_not_made_another_by_its_own_line(studio, sweep):
    found = compare(studio, [sweep.id, "--by", "move"])
    assert found.pair is not None
    with pytest.raises(InvalidRequest, match="would make it another"):
        compare(studio, [found.id, "--by", "time"])


def test_tab_offers_sweeps_options_and_the_axes_of_that_sweep(sweep):
    known = Known({}, list, lambda _: [], sweeps=lambda: [sweep])

    def tab(line):
        return [offer.text for offer in (complete(line, known) or ("", []))[1]]

    assert tab("%veo compare ") == [sweep.id, "--by", "--question", "--rounds", "--voter"]
    assert tab(f"%veo compare {sweep.id} ") == ["--by", "--question", "--rounds", "--voter"]
    assert tab(f"%veo compare {sweep.id} --by ") == ["move", "time"]
    assert tab(f"%veo rank {sweep.id} --by t") == ["time"]
    assert tab(f"%veo rank {sweep.id} --by time --") == ["--question"]
    assert tab(f"%veo compare {sweep.id} --question ") == []
