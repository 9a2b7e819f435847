"""Stills of clips: decoded once, then from memory or the library's folder."""

from __future__ import annotations

import pytest

from veo_nb.media import frames
from veo_nb.notebook.panel import stills as panel_stills
from veo_nb.notebook.panel.stills import FOLDER, Stills
from veo_nb.store.queries import Query


@pytest.fixture
def row(studio):
    studio.generate("A fox.").wait(30)
    (row,) = studio.library.browse(Query()).rows
    return row


@pytest.fixture
def drawn(monkeypatch) -> list[str]:
    """The clips that were decoded."""
    found: list[str] = []
    draw = frames.poster

    def poster(path, **how):
        found.append(path.name)
        return draw(path, **how)

    monkeypatch.setattr(frames, "poster", poster)
    return found


def test_a_still_is_decoded_once_and_lies_in_the_library(studio, row, drawn):
    stills = Stills(studio.library.folder)
    still = stills.get(row)
    assert still.startswith("data:image/jpeg;base64,")
    assert stills.get(row) == still
    assert Stills(studio.library.folder).get(row) == still
    assert len(drawn) == 1
    assert len([*(studio.library.folder / FOLDER).iterdir()]) == 1


def test_a_still_that_was_cut_short_is_made_anew(studio, row, drawn):
    Stills(studio.library.folder).get(row)
    (file,) = (studio.library.folder / FOLDER).iterdir()
    file.write_bytes(file.read_bytes()[:100])
    assert Stills(studio.library.folder).get(row)
    assert len(drawn) == 2
    assert file.stat().st_size > 100


def test_without_room_on_the_disk_there_are_stills_all_the_same(studio, row, drawn):
    (studio.library.folder / FOLDER).write_text("in the way")
    stills = Stills(studio.library.folder)
    assert stills.get(row)
    assert stills.get(row)
    assert len(drawn) == 1


def test_a_clip_that_is_gone_or_broken_has_none(studio, row):
    path = studio.library.folder / row.path
    path.write_bytes(b"no video")
    assert Stills(studio.library.folder).get(row) == ""
    path.unlink()
    assert Stills(studio.library.folder).get(row) == ""


def test_memory_holds_the_newest(studio, row, monkeypatch):
    monkeypatch.setattr(panel_stills, "REMEMBERED", 1)
    from dataclasses import replace

    stills = Stills(studio.library.folder)
    stills.get(row)
    stills.get(replace(row, sample=1))
    assert len(stills._known) == 1


def test_of_a_clip_that_was_deleted_no_still_is_left(studio, row):
    other = studio.generate("An owl.").wait(30)
    stills = Stills(studio.library.folder)
    for one in studio.library.browse(Query()).rows:
        assert stills.get(one)
    studio.library.delete(row.key)
    stills.prune(studio.library.find)
    (file,) = (studio.library.folder / FOLDER).iterdir()
    assert file.name.startswith(other.id)


def test_where_there_are_none_there_is_nothing_to_take_away(studio):
    Stills(studio.library.folder).prune(studio.library.find)
    assert not studio.library.folder.exists()
