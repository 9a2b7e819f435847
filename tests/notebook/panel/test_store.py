"""What a panel is found with again: draft, view and what was put aside, in a file of the library."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.notebook.test_protocol import mismatch
from veo_nb.notebook.panel.protocol import Draft, GalleryView
from veo_nb.notebook.panel.store import FILE, MOST_DISMISSED, PanelStore, empty_draft, first_view


def test_at_first_there_is_nothing(tmp_path):
    store = PanelStore(tmp_path)
    assert (store.draft, store.view, store.dismissed) == (empty_draft(), first_view(), [])
    assert store.fresh
    assert mismatch(store.draft, Draft) == []
    assert mismatch(store.view, GalleryView) == []
    assert [*tmp_path.iterdir()] == []


def test_what_was_saved_is_there_again(tmp_path):
    store = PanelStore(tmp_path)
    store.draft = replace(
        empty_draft(), prompt="A fox 狐.", fields={"seed": [1, "2"], "enhance_prompt": [True]}
    )
    store.view = replace(first_view(), search="fox", days=7, order="rating")
    store.dismissed = ["3f2a"]
    store.save()
    again = PanelStore(tmp_path)
    assert (again.draft, again.view, again.dismissed) == (store.draft, store.view, ["3f2a"])
    assert not again.fresh
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_only_the_newest_of_what_was_put_aside_are_kept(tmp_path):
    store = PanelStore(tmp_path)
    store.dismissed = [f"{n:04}" for n in range(MOST_DISMISSED + 5)]
    store.save()
    assert PanelStore(tmp_path).dismissed == store.dismissed[5:]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '"x"', '{"draft": 3, "view": [], "dismissed": 7}', "\x00"]
)
def test_a_file_that_cannot_be_read_is_none(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    store = PanelStore(tmp_path)
    assert (store.draft, store.view, store.dismissed) == (empty_draft(), first_view(), [])


def test_of_a_file_by_another_version_what_is_known_is_taken(tmp_path):
    stored = {"draft": {"prompt": "A fox.", "image": [5], "fit": "stretch", "new": 1}, "dismissed": ["a", 1]}
    (tmp_path / FILE).write_text(json.dumps(stored))
    store = PanelStore(tmp_path)
    assert store.draft == replace(empty_draft(), prompt="A fox.")
    assert store.dismissed == ["a"]


def test_where_it_cannot_be_written_it_holds_until_the_kernel_ends(tmp_path, caplog):
    store = PanelStore(tmp_path / "missing")
    store.draft = replace(store.draft, prompt="A fox.")
    store.save()
    assert "can't be kept" in caplog.text
    assert store.draft.prompt == "A fox."


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*Draft.__struct_fields__, *GalleryView.__struct_fields__]), inner)
    ),
    max_leaves=12,
)


@given(anything, anything, anything)
def test_whatever_stands_in_the_file_a_page_gets_what_the_protocol_says(
    tmp_path_factory, draft, view, dismissed
):
    folder = tmp_path_factory.mktemp("any", numbered=True)
    (folder / FILE).write_text(json.dumps({"draft": draft, "view": view, "dismissed": dismissed}))
    store = PanelStore(folder)
    assert mismatch(store.draft, Draft) == []
    assert mismatch(store.view, GalleryView) == []
    assert all(isinstance(one, str) for one in store.dismissed)
