"""The network matrix: each fault of table.py on a real socket, under a studio as people use it."""

from __future__ import annotations

import logging

import pytest

from tests.faults.network.table import CASES, OK, Case
from tests.faults.network.world import NOT_FOR_PEOPLE, tried


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_network(case: Case, world, impatient, matrix, caplog):
    caplog.set_level(logging.DEBUG)
    if case.fault.hangs:
        impatient()
    found = tried(case, world, matrix, lambda: caplog.text)
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
