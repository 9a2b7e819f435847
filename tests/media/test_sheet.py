"""The contact sheet: where clips stand, what is seen of each and when, and that many take no more memory than few."""

from __future__ import annotations

import itertools
import string

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from veo_nb.media import sheet as sheet_module
from veo_nb.media.frames import frame
from veo_nb.media.join import sound_of
from veo_nb.media.lettering import break_lines, face
from veo_nb.media.probe import UnreadableVideo, probe
from veo_nb.media.reel import Reel, fit
from veo_nb.media.sheet import (
    GROUND,
    SIZES,
    SMALLEST,
    Layout,
    Tile,
    TooManyClips,
    draw_sheet,
    lay_out,
    write_sheet,
)

WIDE, UPRIGHT = (16, 9), (9, 16)


def colour(picture: Image.Image, layout: Layout, index: int) -> tuple[float, ...]:
    """The mean colour in the middle of a clip."""
    left, top = layout.place(index)
    width, height = layout.cell
    middle = picture.crop(
        (left + width // 3, top + height // 3, left + 2 * width // 3, top + 2 * height // 3)
    )
    return tuple(np.asarray(middle, dtype=float).mean(axis=(0, 1)))


def words_under(picture: Image.Image, layout: Layout, index: int) -> float:
    """How much is written under a clip: 0 for nothing."""
    left, top = layout.place(index)
    width, height = layout.cell
    strip = picture.crop((left, top + height + 2, left + width, top + height + layout.label))
    return float(np.abs(np.asarray(strip, dtype=float) - GROUND).mean())


# Where clips stand


@given(
    st.integers(1, 260),
    st.integers(0, 24),
    st.sampled_from([WIDE, UPRIGHT]),
    st.sampled_from([640, 1280, 3840]),
)
def test_every_clip_has_a_place_of_its_own_on_a_sheet_that_players_take(count, columns, shape, largest):
    layout = lay_out(count, columns, shape, largest)
    width, height = layout.size
    assert any(width <= most[0] and height <= most[1] for most in SIZES)
    assert width % 2 == 0
    assert height % 2 == 0
    assert min(layout.cell) >= min(SMALLEST, largest // 2)
    assert max(layout.cell) <= largest
    assert layout.cell[0] / layout.cell[1] == pytest.approx(shape[0] / shape[1], rel=0.04)
    boxes = [(*layout.place(n), *layout.cell) for n in range(count)]
    for x, y, w, h in boxes:
        assert x % 2 == y % 2 == w % 2 == h % 2 == 0
        assert x + w <= width
        assert y + h + layout.label <= height
    assert len({box[:2] for box in boxes}) == count


def test_a_table_keeps_its_columns_and_one_axis_flows():
    assert (lay_out(12, 4, WIDE).columns, lay_out(12, 4, WIDE).rows) == (4, 3)
    assert lay_out(12, 4, WIDE).size[0] <= 1920
    assert (lay_out(9, 0, WIDE).columns, lay_out(9, 0, WIDE).rows) == (3, 3)
    # Where all could be as large as they are, the whole has the shape of a screen.
    assert lay_out(9, 0, WIDE, largest=192).columns == 3
    assert lay_out(200, 20, WIDE).columns == 20
    # Fifty columns would leave nothing to be seen.
    assert lay_out(100, 50, WIDE).columns < 50


def test_a_clip_is_not_enlarged():
    assert lay_out(1, 1, WIDE, largest=640).cell == (640, 360)


def test_too_many_clips_are_refused():
    with pytest.raises(TooManyClips, match="no room for 5000 clips"):
        lay_out(5000, 50, WIDE)


# The still


def test_the_still_shows_the_middle_of_each_clip_over_its_label(make_clip):
    tiles = [
        Tile("red at its middle", make_clip("a.mp4")),
        Tile("", make_clip("b.mp4", shade=200)),
        Tile("not there", reason="1080p needs an 8 second clip"),
    ]
    layout = lay_out(3, 3, WIDE, largest=320)
    picture = draw_sheet(tiles, layout)
    assert picture.size == layout.size
    assert colour(picture, layout, 0) == pytest.approx((96, 20, 30), abs=8)
    assert colour(picture, layout, 1) == pytest.approx((96, 200, 30), abs=8)
    red, green, blue = colour(picture, layout, 2)
    assert red == green == blue
    assert words_under(picture, layout, 0) > 2
    assert words_under(picture, layout, 1) == 0


def test_a_clip_of_another_shape_stands_whole_in_the_middle_of_its_box(make_clip):
    layout = lay_out(1, 1, WIDE, largest=320)
    picture = draw_sheet([Tile("", make_clip("up.mp4", width=90, height=160))], layout)
    left, top = layout.place(0)
    assert picture.getpixel((left + 4, top + 90)) == GROUND
    assert colour(picture, layout, 0) == pytest.approx((96, 20, 30), abs=8)


# The video


@pytest.fixture
def written(make_clip, tmp_path):
    """Three clips, the second shorter and at 12 a second, the third missing; the first one is heard."""
    tiles = [
        Tile("fox · dawn", make_clip("a.mp4", loud=(24, 25, 26))),
        Tile("owl · dusk", make_clip("b.mp4", frames=12, fps=12, shade=200, sound=False)),
        Tile("bear", reason="Blocked"),
    ]
    layout = lay_out(3, 3, WIDE, largest=320)
    write_sheet(tiles, layout, tmp_path / "sheet.mp4", sound=tiles[0].path)
    return tmp_path / "sheet.mp4", layout


def test_the_video_is_as_long_as_its_longest_clip_and_plays_everywhere(written):
    path, layout = written
    facts = probe(path)
    assert (facts.width, facts.height, facts.fps, facts.video_codec) == (*layout.size, 24.0, "h264")
    assert facts.duration == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize(
    ("seconds", "first", "second"), [(0.0, 0, 0), (0.5, 48, 24), (1.5, 144, 44), (1.95, 188, 44)]
)
def test_all_clips_play_in_step_and_a_short_one_stands_still_at_its_end(written, seconds, first, second):
    path, layout = written
    picture = frame(path, seconds)
    assert colour(picture, layout, 0) == pytest.approx((first, 20, 30), abs=8)
    assert colour(picture, layout, 1) == pytest.approx((second, 200, 30), abs=8)
    assert words_under(picture, layout, 0) > 2
    grey = colour(picture, layout, 2)
    assert max(grey) - min(grey) < 4


def test_the_sound_is_that_of_one_clip_or_none(written, make_clip, tmp_path):
    path, layout = written
    level = np.abs(sound_of(path)[:, 0])
    assert level[48_000 : 48_000 + 6000].max() > 0.3
    assert level[:40_000].max() < 0.02
    write_sheet([Tile("", make_clip("a.mp4", loud=(1, 2)))], layout, tmp_path / "mute.mp4")
    assert not probe(tmp_path / "mute.mp4").has_audio


def test_more_clips_than_stay_open_give_the_same_picture(written, make_clip, tmp_path, monkeypatch):
    """Opened anew for each stretch, a clip goes on at the very picture where it was."""
    path, layout = written
    clips = [make_clip("a.mp4"), make_clip("b.mp4", frames=12, fps=12, shade=200, sound=False)]
    tiles = [*(Tile("", one) for one in clips), Tile("", reason="x")]
    monkeypatch.setattr(sheet_module, "MOST_OPEN", 1)
    monkeypatch.setattr(sheet_module, "STRETCH_BYTES", layout.size[0] * layout.size[1] * 3 // 2 * 7)
    opened: list[str] = []
    real = av.open

    def watch(file, *rest, **how):
        opened.append(str(file))
        return real(file, *rest, **how)

    monkeypatch.setattr(av, "open", watch)
    write_sheet(tiles, layout, tmp_path / "many.mp4")
    assert opened.count(str(clips[0])) > 5
    for seconds in (0.0, 0.25, 0.3, 1.0, 1.95):
        one, other = frame(path, seconds), frame(tmp_path / "many.mp4", seconds)
        for index in (0, 1):
            assert colour(other, layout, index) == pytest.approx(colour(one, layout, index), abs=2)


def test_whoever_does_not_want_it_any_more_ends_it(make_clip, tmp_path):
    counted = itertools.count()

    def check():
        if next(counted) == 20:
            raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        write_sheet([Tile("", make_clip("a.mp4"))], lay_out(1, 1, WIDE, 320), tmp_path / "x.mp4", check=check)
    assert next(counted) < 40


def test_a_clip_that_does_not_play_is_named(tmp_path, make_clip):
    (tmp_path / "broken.mp4").write_bytes(make_clip("a.mp4").read_bytes()[:3000])
    tiles = [Tile("", tmp_path / "broken.mp4")]
    with pytest.raises(UnreadableVideo, match=r"broken\.mp4"):
        write_sheet(tiles, lay_out(1, 1, WIDE), tmp_path / "x.mp4")
    with pytest.raises(UnreadableVideo, match=r"broken\.mp4"):
        draw_sheet(tiles, lay_out(1, 1, WIDE))


def test_no_clip_at_all_is_no_video(tmp_path):
    with pytest.raises(ValueError, match="no clip"):
        write_sheet([Tile("", reason="Blocked")], lay_out(1, 1, WIDE), tmp_path / "x.mp4")


def test_a_clip_can_be_put_away_at_any_moment(make_clip):
    path = make_clip("a.mp4")
    whole, pieces = Reel(path, (64, 36)), Reel(path, (64, 36))
    for _ in range(50):
        assert np.array_equal(whole.next().luma, pieces.next().luma)
        pieces.rest()
    whole.rest()


@given(
    st.tuples(st.integers(16, 4000), st.integers(16, 4000)),
    st.tuples(st.integers(8, 500), st.integers(8, 500)),
)
def test_what_fits_is_even_and_within_its_box(size, box):
    box = (box[0] * 2, box[1] * 2)
    width, height = fit(size, box)
    assert 2 <= width <= box[0]
    assert 2 <= height <= box[1]
    assert width % 2 == height % 2 == 0


# Words


@given(st.text(string.ascii_letters + " ", max_size=200), st.integers(30, 300), st.integers(1, 4))
def test_lines_are_as_short_as_they_must_be_and_lose_nothing_but_the_end(text, width, most):
    drawn = face(text, 12)
    lines = break_lines(text, drawn, width, most)
    assert len(lines) <= most
    assert all(drawn.getlength(line) <= width for line in lines)
    kept = "".join("".join(lines).split())
    whole = "".join(text.split())
    assert kept == whole or (kept.endswith("…") and whole.startswith(kept[:-1]))


def test_letters_of_other_scripts_are_drawn_and_not_left_out():
    """Where the machine has a typeface for them, as those of the tests have DejaVu."""
    drawn = face("лиса é →", 14)
    assert drawn.getmask("л").getbbox()
    assert bytes(drawn.getmask("л")) != bytes(drawn.getmask("\U0010fffe"))
