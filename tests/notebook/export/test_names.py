"""Files named by values: no two alike, and nothing that a system stumbles over."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veo_nb.notebook.export.names import LONGEST, file_names

LABELS = st.dictionaries(st.text(min_size=1, max_size=12), st.text(max_size=140), max_size=4)
PLACES = st.lists(st.tuples(LABELS, st.none() | st.integers(0, 3)), max_size=12)


@pytest.mark.parametrize(
    ("labels", "sample", "name"),
    [
        ({"animal": "fox", "time": "dawn"}, None, "fox_dawn"),
        ({"animal": "Red Fox!", "seed": "7"}, None, "red-fox_seed-7"),
        ({"aspect_ratio": "9:16", "resolution": "720p"}, None, "aspect-ratio-9-16_720p"),
        ({"animal": "fox"}, 1, "fox_2"),
        ({"tier": "狐", "тип": "Лиса"}, None, "狐_лиса"),
        ({"prompt": "../../etc/passwd"}, None, "etc-passwd"),
        ({"name": "CON"}, None, "_con"),
        ({"style": "***"}, None, "style"),
        ({}, None, "clip"),
    ],
)
def test_a_name_is_made_of_the_values(labels, sample, name):
    assert file_names([(labels, sample)]) == [name]


def test_values_that_look_alike_get_numbers():
    places = [({"animal": label}, None) for label in ("fox", "Fox", "fox!", "owl")]
    assert file_names(places) == ["fox", "fox-2", "fox-3", "owl"]


def test_a_long_value_is_cut_and_stays_distinct():
    one, other = file_names([({"prompt": "a long prompt " * 40}, 0), ({"prompt": "a long prompt " * 41}, 0)])
    assert one != other
    assert one.endswith("_1")
    assert other.endswith("_1-2")


@given(PLACES)
def test_every_system_takes_every_name_and_no_two_are_alike(places):
    names = file_names(places)
    assert len(names) == len(places)
    assert len({unicodedata.normalize("NFC", name).casefold() for name in names}) == len(names)
    for name in names:
        assert name
        assert len(name.encode()) <= LONGEST
        assert re.fullmatch(r"[\w-]+", name)
        assert not name.startswith("-")
        assert name.lower() not in {"con", "prn", "aux", "nul", "com1", "lpt9"}
        assert name == unicodedata.normalize("NFC", name)


@given(PLACES)
def test_the_same_sweep_has_the_same_names(places):
    assert file_names(places) == file_names([(dict(labels), sample) for labels, sample in places])
