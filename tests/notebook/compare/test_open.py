"""Comparisons in a panel: what its clips can be compared by, and that its page gets turns as a cell's does."""

from __future__ import annotations

import pytest

from tests.notebook.panel.panels import Seen
from veo_nb.notebook.place import Place


@pytest.fixture
def studio(make_studio):
    return make_studio()


@pytest.fixture
def panel(studio, tmp_path, shell):
    panel = Seen(lambda: studio, Place(tmp_path))
    yield panel
    panel.close()


def clips(studio, *requests):
    return [f"{studio.generate(prompt, **fields).wait(60).id}/0" for prompt, fields in requests]


def test_the_chosen_clips_are_compared_by_what_they_differ_in(studio, panel):
    keys = clips(studio, ("A fox.", {}), ("An owl.", {}), ("An owl.", {"aspect_ratio": "9:16", "seed": 3}))
    contest = panel.ask("contest", clips=keys)
    assert [one["value"] for one in contest["by"]] == ["prompt", "aspect_ratio"]
    comparing = panel.ask("blind", clips=keys, by="prompt", question="")
    assert comparing["question"] == contest["question"] == "Which is better?"
    who = {"comparison": comparing["id"], "voter": "ann"}
    turn = panel.ask("turn", **who)
    assert {turn["pair"][side]["key"] for side in ("left", "right")} == {*keys[:2]}
    over = panel.ask("vote", **who, pair=turn["pair"]["id"], choice="left", seconds=None)
    assert (over["given"], over["pair"]) == (1, None)
    assert panel.ask("undo", **who)["pair"] is not None
    assert panel.ask("blind", clips=keys, by="prompt", question="")["id"] == comparing["id"]


def test_what_can_not_be_compared_says_why(studio, panel):
    (fox,) = clips(studio, ("A fox.", {}))
    assert "can't be compared" in panel.refused("blind", clips=[fox], by="", question="")
    refused = panel.refused("turn", comparison="c000000000", voter="ann")
    assert refused == "This comparison is not open any more."


def test_its_page_gets_the_bundle_when_somebody_compares(panel):
    assert "showComparison" in panel.ask("compare-bundle")["script"]
