"""The network matrix: each fault of table.py on a real socket, under a studio as people use it."""

from __future__ import annotations

import logging

import pytest

from tests.faults.network import interactions
from tests.faults.network.table import CASES, HUGE_FAULTS, OK, Case
from tests.faults.network.world import NOT_FOR_PEOPLE, Tried, World, tried


# What is huge is tried in test_lasting.py, where its memory is measured too.
@pytest.mark.parametrize(
    "case", [*(case for case in CASES if case.fault not in HUGE_FAULTS), *interactions.CASES], ids=str
)
def test_the_network(case: Case, world, impatient, matrix, caplog):
    caplog.set_level(logging.DEBUG)
    if case.fault.hangs:
        impatient()
    check(case, world, tried(case, world, matrix, lambda: caplog.text))


def check(case: Case, world: World, found: Tried) -> None:
    """What the table says of a case is what came of it."""
    # Whoever looks reads a sentence, of which the table has a part.
    said = [*world.said, *world.lines, found.error]
    assert any(case.says in text for text in said), said
    assert not [text for text in said if NOT_FOR_PEOPLE.search(text)]
    assert found.state == case.ends
    assert found.row.sound
    if case.call == "submit" and case.ends != OK:
        assert found.asked == case.posts
    elif case.ends == OK:
        assert len(world.line.asked["submit"]) == case.posts
    if case.pause is not None:
        assert world.pauses[0] == pytest.approx(case.pause, abs=1.01)
    assert not [*(world.folder / "veo_library").rglob("*.part")]
    if case.ends != OK or case.call != "download":
        # What is refused is not even asked, least of all in the clear.
        assert not world.line.abroad
