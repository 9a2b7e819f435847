"""Pictures that a panel is given: kept in the library under a key, there again after a restart."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from tests.notebook.test_protocol import mismatch
from veo_nb.engine.video import Video
from veo_nb.errors import InvalidRequest, NotFound
from veo_nb.media.picture import read_picture
from veo_nb.notebook.panel.images import REMEMBERED, STILL_WIDTH, Pictures
from veo_nb.notebook.panel.protocol import PictureState


def drawn(width: int = 320, height: int = 180, kind: str = "PNG", shade: int = 0) -> bytes:
    pixels = np.full((height, width, 3), shade, dtype=np.uint8)
    pixels[:, : width // 2] = (250, 10, 10)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture
def pictures() -> Pictures:
    return Pictures()


def test_what_was_dropped_is_kept_with_its_name_and_its_size(pictures, studio):
    state = pictures.read(studio, drawn(), "fox.png")
    assert mismatch(state, PictureState) == []
    assert (state.name, state.width, state.height, state.origin) == ("fox.png", 320, 180, "")
    assert pictures.get(studio, state.key).data == drawn()


def test_its_still_is_small(pictures, studio):
    state = pictures.read(studio, drawn(1600, 900), "fox.png")
    still = base64.b64decode(state.still.partition(",")[2])
    assert Image.open(io.BytesIO(still)).width <= STILL_WIDTH


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP"])
def test_it_is_there_after_a_restart_whatever_it_was(pictures, studio, kind):
    state = pictures.read(studio, drawn(kind=kind), f"fox.{kind.lower()}")
    again = Pictures().get(studio, state.key)
    assert (again.width, again.height, again.name) == (320, 180, f"fox.{kind.lower()}")
    assert again.mime in studio.settings.provider.image_types
    assert Pictures().state(studio, again) == state


@pytest.mark.parametrize("name", ["", "a:b\nc.png", "x" * 200, "<b>&", "狐.png"])
def test_any_name_is_kept_in_a_key_that_the_protocol_takes(pictures, studio, name):
    key = pictures.read(studio, drawn(), name).key
    assert len(key) <= 200
    assert Pictures().get(studio, key).name == name[:100]


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", drawn()[:40]])
def test_what_is_no_picture_is_refused_with_its_name(pictures, studio, data):
    with pytest.raises(InvalidRequest, match=r"notes\.pdf") as caught:
        pictures.read(studio, data, "notes.pdf")
    assert caught.value.hint == "Give a PNG or JPEG file."


def test_a_picture_that_no_provider_takes_is_refused(pictures, studio):
    noise = np.random.default_rng(1).integers(0, 255, (2700, 2700, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG", compress_level=0)
    with pytest.raises(InvalidRequest, match="MB, and 20 are taken"):
        pictures.read(studio, buffer.getvalue(), "noise.png")


def test_a_part_of_a_picture_is_another_picture(pictures, studio):
    whole = pictures.read(studio, drawn(), "fox.png")
    part = pictures.crop(studio, whole.key, (0.5, 0.0, 0.5, 1.0))
    assert (part.width, part.height) == (160, 180)
    assert part.key != whole.key
    with Image.open(io.BytesIO(pictures.get(studio, part.key).data)) as image:
        assert {color for _, color in image.getcolors() or []} == {(0, 0, 0)}


def test_a_part_ends_where_the_picture_does(pictures, studio):
    whole = pictures.read(studio, drawn(), "fox.png")
    assert pictures.crop(studio, whole.key, (0.75, 0.5, 1.0, 1.0)).width == 80


def test_nothing_of_a_picture_is_refused(pictures, studio):
    whole = pictures.read(studio, drawn(), "fox.png")
    with pytest.raises(InvalidRequest, match="Nothing would be left"):
        pictures.crop(studio, whole.key, (0.5, 0.5, 0.0, 0.5))


@pytest.mark.parametrize(
    "key", ["", "fox.png", f"{'0' * 64}.png:fox", "../../etc/passwd", f"{'0' * 64}.exe:x"]
)
def test_a_key_of_no_picture_is_told(pictures, studio, key):
    with pytest.raises(NotFound, match="gone from the library"):
        pictures.get(studio, key)


def test_a_picture_whose_file_was_damaged_is_gone(pictures, studio):
    key = pictures.read(studio, drawn(), "fox.png").key
    (file,) = (studio.library.folder / "inputs").iterdir()
    file.write_bytes(b"half")
    with pytest.raises(NotFound):
        Pictures().get(studio, key)


def test_many_pictures_are_not_all_remembered(pictures, studio):
    keys = [pictures.read(studio, drawn(8, 8, shade=n), "").key for n in range(REMEMBERED + 3)]
    assert len(pictures._known) == REMEMBERED
    assert pictures.get(studio, keys[0]).width == 8


def test_a_frame_of_a_clip_remembers_the_clip(pictures, studio):
    video = studio.generate("A fox.").wait(30).videos[0]
    assert isinstance(video, Video)
    state = pictures.keep(studio, read_picture(video.last_frame()))
    assert state.origin == f"{video.job_id}/0"
    part = pictures.crop(studio, state.key, (0.0, 0.0, 0.5, 0.5))
    assert part.origin == f"{video.job_id}/0"
    # After a restart as well: it is in the ledger, not in the picture.
    fresh = Pictures()
    assert fresh.state(studio, fresh.get(studio, state.key)).origin == f"{video.job_id}/0"
