"""What stands under a cell once a clip is there: by what its page has found out, and what a page that says nothing gets."""

from __future__ import annotations

from typing import Any

import pytest

from tests.notebook.test_card import WIDGET, Seen, tell
from tests.notebook.test_display import checked, make_job, make_video
from tests.notebook.test_text import NOW
from veo_nb.notebook import showing
from veo_nb.notebook.clip import source
from veo_nb.notebook.clip.output import DEADLINE_SECONDS
from veo_nb.notebook.clip.reach import Reach
from veo_nb.notebook.clip.reach import Seen as Found
from veo_nb.notebook.clip.source import source_of
from veo_nb.notebook.clip.view import ClipView
from veo_nb.notebook.place import Place
from veo_nb.records import shown
from veo_nb.store.rows import State

PLAYS, OVER, APART = Found(plays=True, apart=True), Found(plays=False, apart=False), Found(False, True)


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path, tmp_path)


@pytest.fixture
def video(tmp_path, clip):
    path = tmp_path / "veo_library" / "2026-11-22" / "fox.mp4"
    path.parent.mkdir(parents=True)
    path.write_bytes(clip)
    return make_video(path)


# The rule for a saved page


@pytest.mark.parametrize(
    ("seen", "embed", "small", "found"),
    [
        (None, False, True, "the address"),
        (PLAYS, False, True, "the address"),
        (PLAYS, True, False, "the bytes"),
        (OVER, False, True, "the bytes"),
        (OVER, False, False, "nothing"),
        (APART, False, False, "nothing"),
        (APART, True, False, "the bytes"),
    ],
)
def test_a_saved_page_has_a_clip_from(place, video, monkeypatch, seen, embed, small, found):
    monkeypatch.setattr(source, "SMALL", video.bytes if small else video.bytes - 1)
    kept = source_of(video.path, place, seen, embed=embed)
    kinds = {"the address": "veo_library/", "the bytes": "data:video/mp4;base64,", "nothing": ""}
    assert kept.src.startswith(kinds[found])
    assert bool(kept.src) == (found != "nothing")
    assert kept.said == ("In this notebook: 0.2 MB" if found == "the bytes" else "")


def test_one_that_is_too_large_for_a_notebook_is_linked_and_that_is_said(place, video, monkeypatch):
    monkeypatch.setattr(source, "EMBED_LIMIT", video.bytes - 1)
    kept = source_of(video.path, place, embed=True)
    assert (kept.inside, kept.src) == (False, "veo_library/2026-11-22/fox.mp4")
    assert "Too large to be put into a notebook: 0.2 MB" in kept.said


def test_what_goes_into_a_notebook_unasked_leaves_it_under_a_megabyte():
    assert source.SMALL * 4 / 3 < 950_000


def test_a_still_says_where_the_clip_is_and_how_to_play_and_save_it(place, video, monkeypatch):
    monkeypatch.setattr(source, "SMALL", 0)
    view = ClipView(video, place, reach=Reach())
    page = checked(view.plain(APART)._repr_html_(), {"div", "p", "figure", "figcaption", "img", "a"})
    view.close()
    assert page.only("img")["src"].startswith("data:image/jpeg;base64,")
    assert page.only("a")["href"] == "veo_library/2026-11-22/fox.mp4"
    assert "%veo show 3f2a plays it here and saves it" in " ".join(page.texts)


# The output under a cell


class Shown:
    """A clip's card under a cell, and what is done later."""

    def __init__(self, place, video, shell, reach, **how) -> None:
        self.timers: list[tuple[float, Any]] = []
        self.outputs = shell.display_pub.outputs

        def later(seconds, action):
            self.timers.append((seconds, action))
            return lambda: None

        job = make_job(state=State.RUNNING, submitted_at=NOW, operation="op")
        self.view = Seen(job, place, reach=reach, later=later, **how)
        self.view.show()
        tell(self.view, {"kind": "clock", "id": "k1", "payload": {}})
        for state in (State.DOWNLOADING, State.SUCCEEDED):
            job.change(state=state, videos=(video,) if state is State.SUCCEEDED else ())

    @property
    def bundle(self) -> dict[str, Any]:
        data: dict[str, Any] = self.outputs[-1][0]
        return data

    def say(self, seen: Found) -> None:
        payload = {"plays": seen.plays, "apart": seen.apart}
        tell(self.view, {"kind": "reached", "id": "k2", "payload": payload})


@pytest.fixture
def show(place, video, shell, monkeypatch):
    monkeypatch.setattr(source, "SMALL", 0)
    made = []

    def show(reach: Reach | None = None, **how: Any) -> Shown:
        made.append(Shown(place, video, shell, reach or Reach(), **how))
        return made[-1]

    yield show
    for one in made:
        one.view.close()


def test_the_card_stays_until_its_page_has_said_what_plays(show):
    shown = show()
    assert WIDGET in shown.bundle
    assert [seconds for seconds, _ in shown.timers] == [DEADLINE_SECONDS]


def test_where_html_plays_it_is_html(show):
    shown = show()
    shown.say(PLAYS)
    assert WIDGET not in shown.bundle
    assert 'src="veo_library/2026-11-22/fox.mp4"' in shown.bundle["text/html"]


def test_where_only_the_kernel_has_it_the_card_stays_with_a_still_beside_it(show):
    shown = show()
    shown.say(APART)
    assert WIDGET in shown.bundle
    assert "<img" in shown.bundle["text/html"]
    assert len(shown.bundle["text/html"]) < 100_000


def test_in_a_page_with_the_notebook_around_it_the_card_lies_over_what_is_saved(show):
    shown = show()
    shown.say(OVER)
    assert WIDGET not in shown.bundle
    assert f'data-veo-card="{shown.view.card["token"]}"' in shown.bundle["text/html"]
    # It finds the same again where it lies.
    count = len(shown.outputs)
    shown.say(OVER)
    assert len(shown.outputs) == count


def test_a_host_that_answers_nothing_gets_html_and_may_still_speak_later(show):
    shown = show()
    shown.timers[0][1]()
    assert WIDGET not in shown.bundle
    shown.say(APART)
    assert WIDGET in shown.bundle


def test_what_a_page_has_found_out_holds_for_the_library(show):
    reach = Reach()
    show(reach).say(PLAYS)
    later = show(reach)
    assert WIDGET not in later.bundle
    assert later.timers == []


def test_embedding_that_was_asked_for_needs_no_page(show):
    shown = show(embed=True)
    assert WIDGET not in shown.bundle
    assert 'src="data:video/mp4;base64,' in shown.bundle["text/html"]
    assert "In this notebook: 0.2 MB" in shown.bundle["text/plain"]


def test_a_piece_of_the_clip_comes_with_the_answer(show, clip):
    shown = show()
    answer = tell(shown.view, {"kind": "video", "id": "k3", "payload": {"video": 0, "offset": 200_000}})
    assert answer["ok"] == {"size": len(clip), "next": len(clip)}
    assert shown.view.buffers[-1] == [clip[200_000:]]
    refused = tell(shown.view, {"kind": "video", "id": "k4", "payload": {"video": 1, "offset": 0}})
    assert refused["error"]["code"] == "not_found"


# Whether someone looks


class Kernel:
    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content

    def get_parent(self, channel: str) -> dict[str, Any]:
        assert channel == "shell"
        return {"content": self.content}


class Front:
    def __init__(self, kernel: Any) -> None:
        self.kernel = kernel


def test_who_runs_a_notebook_without_a_person_is_known_by_what_can_be_asked():
    assert showing.looked_at(Front(Kernel({"allow_stdin": True})))
    assert not showing.looked_at(Front(Kernel({"allow_stdin": False})))
    assert not showing.looked_at(Front(Kernel({})))
    assert not showing.looked_at(object())


def test_a_host_that_asks_what_displays_a_clip_gets_its_live_view(video, shell, monkeypatch, tmp_path):
    monkeypatch.setattr(shown, "_live", [showing.live])
    monkeypatch.chdir(tmp_path)
    view = video._display_()
    assert isinstance(view, ClipView)
    assert [clip["beside"] for clip in view.card["videos"]] == ["veo_library/2026-11-22/fox.mp4"]
    view.close()
