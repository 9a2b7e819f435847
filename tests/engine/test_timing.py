"""How long a clip takes, learnt from the past."""

from __future__ import annotations

import pytest

from veo_nb import catalog
from veo_nb.engine.timing import usual_seconds

MODEL = catalog.MODELS["veo-3.1-fast-generate-preview"]
GPTPROTO, SANDBOX = catalog.PROVIDERS["gptproto"], catalog.PROVIDERS["sandbox"]


@pytest.mark.parametrize("past", [[], [10.0], [10.0, 11.0]])
def test_before_enough_was_seen_the_catalog_says_it(past):
    assert usual_seconds(past, GPTPROTO, MODEL) == (MODEL.typical_seconds, None)
    assert usual_seconds(past, SANDBOX, MODEL) == (SANDBOX.typical_seconds, None)


def test_then_it_is_the_one_in_the_middle_whatever_the_odd_ones_took():
    assert usual_seconds([10.0, 12.0, 900.0], GPTPROTO, MODEL) == (12.0, None)


def test_nine_of_ten_are_under_the_second_figure():
    past = [float(second) for second in range(1, 101)]
    usual, slow = usual_seconds(past, GPTPROTO, MODEL)
    assert usual == 50.5
    assert slow is not None
    assert sum(second < slow for second in past) == 90
