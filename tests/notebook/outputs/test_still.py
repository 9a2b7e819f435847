"""The picture of an output for pages that show nothing else: clips, labels and caption, small, and none where there is nothing."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops

from tests.notebook.test_display import HOSTILE
from tests.notebook.test_magics import loaded, notebook, settings  # noqa: F401  fixtures
from veo_nb.media.probe import UnreadableVideo
from veo_nb.media.sheet import Tile
from veo_nb.notebook.outputs.still import CLIP_BYTES, MOST, SHEET_BYTES, draw_still

WIDE, TALL = (16, 9), (9, 16)


def noise(_: object = None) -> Image.Image:
    """What compresses worst."""
    return Image.effect_noise((480, 270), 90)


def drawn(tiles, caption=("A fox.", "fast"), picture=noise, columns=1, shape=WIDE) -> Image.Image:
    data = draw_still(tiles, caption, picture, columns=columns, shape=shape)
    assert data is not None
    return Image.open(io.BytesIO(data)).convert("L")


def test_the_caption_stands_under_the_clip(tmp_path):
    tile = Tile("", tmp_path)
    with_words = drawn([tile], ["A fox crosses a frozen lake. " * 9, "fast · 4 s"])
    assert with_words.size == (480, 270 + 8 + 4 * 19 + 8), "three lines of the prompt at most, and one"
    below = (0, 278, *with_words.size)
    assert ImageChops.invert(with_words.crop(below)).getbbox() is not None
    assert drawn([tile], ["", ""]).size == (480, 286)


def test_clips_stand_in_rows_with_their_labels_and_the_reason_of_what_is_none(tmp_path):
    tiles = [Tile("fox, dawn", tmp_path), Tile("fox, dusk", None, "Blocked"), Tile("owl, dawn", tmp_path)]
    sheet = drawn(tiles, columns=2)
    row = 270 * 396 // 480 + 2 * 19 + 8
    assert (sheet.width, sheet.height // row) == (800, 2)
    written, ground = (min(sheet.crop(box).tobytes()) for box in ((404, 0, 800, 60), (404, 160, 800, 220)))
    assert written < 130, "the reason"
    assert ground > 220


def test_upright_clips_are_half_as_wide(tmp_path):
    assert drawn([Tile("", tmp_path)] * 3, columns=3, shape=TALL).size[0] == 3 * 240 + 2 * 8


def test_it_stays_small_and_is_none_where_there_is_nothing_to_see(tmp_path):
    def unreadable(_):
        raise UnreadableVideo("it is broken")

    tile = Tile("", tmp_path)

    def draw(count, picture) -> bytes | None:
        return draw_still([tile] * count, ["A fox."], picture, columns=4, shape=WIDE)

    assert len(draw(1, noise) or b"") < 1.5 * CLIP_BYTES
    assert len(draw(12, lambda _: noise().resize((60, 34))) or b"") < SHEET_BYTES
    assert (draw(1, unreadable), draw(0, noise), draw(MOST + 1, noise)) == (None, None, None)


@pytest.mark.parametrize("words", [*HOSTILE, "\ud83d", ""])
def test_any_words_can_be_drawn(words, tmp_path):
    assert drawn([Tile(words, tmp_path), Tile("", None, words)], [words, words], columns=2).width == 800


def test_a_clip_and_a_grid_bring_it_along_for_pages_that_play_nothing(notebook):  # noqa: F811
    clip = notebook("%%veo --wait -n 2\nA fox.").outputs[-1]
    grid = notebook("%%veo --wait --sweep animal=fox,owl\nA {{animal}}.").outputs[-1]
    for bundle in (clip, grid):
        assert {"text/html", "image/jpeg", "text/plain"} <= bundle.keys()
        assert len(bundle["image/jpeg"]) < 70_000
