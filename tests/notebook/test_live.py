"""What all live views share: the bundle that a page is given once, and one layout."""

from __future__ import annotations

import gc

import pytest

from tests.notebook.test_display import make_job
from veo_nb.engine.job import Job
from veo_nb.notebook import live
from veo_nb.notebook.card import JobView
from veo_nb.notebook.live import Bundle
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import Command, Nothing
from veo_nb.store.rows import State

SCRIPT, LOADER = "the script @digest@", "the loader @digest@"


@pytest.fixture
def static(tmp_path, monkeypatch):
    """A built front end."""
    monkeypatch.setattr(live, "STATIC", tmp_path)
    for name, text in (("widget.js", SCRIPT), ("widget.css", "the style"), ("loader.js", LOADER)):
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def look(shell, tmp_path, static, monkeypatch):
    """Cards of one bundle, which may be shared or not."""
    # A layout that another test made may belong to the comms of before a kernel was imported.
    monkeypatch.setattr(live, "_layout", None)
    views: list[JobView] = []

    def make(bundle: Bundle) -> JobView:
        class Card(JobView):
            _bundle = bundle

        job: Job = make_job(state=State.RUNNING)
        views.append(Card(job, Place(tmp_path)))
        return views[-1]

    yield make
    for view in views:
        view.close()
    views.clear()


def brought(view: JobView) -> tuple[str, str]:
    state = view.get_state()
    return state["_esm"].rpartition(" ")[0], state["_css"]


def test_the_first_view_brings_the_bundle_and_the_others_find_it(look):
    bundle = Bundle("widget", lambda: True)
    first, second, third = look(bundle), look(bundle), look(bundle)
    assert brought(first) == ("the script", "the style")
    assert brought(second) == brought(third) == ("the loader", "")
    marks = {view.get_state()["_esm"].rpartition(" ")[2] for view in (first, second, third)}
    assert len(marks) == 1
    assert "@" not in marks.pop()


def test_when_the_first_is_closed_or_lost_the_next_brings_it(look):
    bundle = Bundle("widget", lambda: True)
    look(bundle).close()
    assert brought(look(bundle)) == ("the script", "the style")
    assert brought(look(bundle)) == ("the loader", "")
    other = Bundle("widget", lambda: True)
    other.traits_for(type("View", (), {"comm": "open"})())
    gc.collect()
    assert brought(look(other)) == ("the script", "the style")


def test_where_it_can_not_be_shared_each_view_brings_it(look):
    bundle = Bundle("widget", lambda: False)
    assert brought(look(bundle)) == brought(look(bundle)) == ("the script", "the style")


def test_outside_a_kernel_that_answers_while_it_is_busy_nothing_is_shared(shell):
    assert not live.answers_while_busy()


def test_another_bundle_has_another_mark(static):
    bundle = Bundle("widget")
    before = bundle.whole().script
    (static / "widget.js").write_text(f"{SCRIPT} of another version")
    assert bundle.whole().script.split()[2] != before.split()[2]


def test_a_page_that_has_lost_it_is_given_it(look):
    view = look(Bundle("widget", lambda: True))
    answer = view._answers["bundle"](Command(kind="bundle", id="k1", payload={}), Nothing())
    assert answer == view._bundle.whole()


def test_all_cards_have_one_layout_and_a_new_one_once_that_is_closed(look):
    bundle = Bundle("widget")
    one, other = look(bundle), look(bundle)
    assert one.layout is other.layout
    one.layout.close()
    assert look(bundle).layout is not one.layout
