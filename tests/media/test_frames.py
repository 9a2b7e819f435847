"""Pictures out of a clip: the right one, in the right colours."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from veo_nb.media.frames import frame, last_frame, poster
from veo_nb.media.probe import UnreadableVideo


def shade(image):
    """The mean colour."""
    return np.asarray(image, dtype=float).mean(axis=(0, 1))


@pytest.mark.parametrize(("seconds", "number"), [(0.0, 0), (0.5, 12), (1.0, 24), (1.25, 30), (1.99, 47)])
def test_a_moment_gives_the_picture_that_is_shown_then(clip, seconds, number):
    image = frame(clip, seconds)
    assert image.size == (320, 180)
    assert image.mode == "RGB"
    np.testing.assert_allclose(shade(image), (4 * number, 20, 30), atol=3.5)


def test_before_the_start_is_the_first_picture_and_after_the_end_the_last(clip):
    np.testing.assert_allclose(shade(frame(clip, -5)), shade(frame(clip, 0)), atol=0.01)
    np.testing.assert_allclose(shade(frame(clip, 1000)), shade(last_frame(clip)), atol=0.01)


def test_the_last_picture_is_the_last(clip):
    np.testing.assert_allclose(shade(last_frame(clip)), (188, 20, 30), atol=3.5)


def test_the_poster_is_a_small_jpeg_of_the_width_that_was_asked_for(clip):
    data = poster(clip, width=160)
    image = Image.open(io.BytesIO(data))
    assert (image.format, image.size) == ("JPEG", (160, 90))
    assert len(data) < 5_000


def test_the_poster_of_an_upright_clip_is_upright(make_clip):
    image = Image.open(
        io.BytesIO(poster(make_clip("upright.mp4", frames=12, width=180, height=320), width=90))
    )
    assert image.size == (90, 160)


def test_the_poster_of_a_clip_that_fades_in_from_black_is_not_black(make_clip):
    fading = make_clip("fading.mp4", shade=0)
    assert shade(frame(fading, 0)).max() < 35
    assert shade(Image.open(io.BytesIO(poster(fading)))).max() > 90


def test_a_clip_that_is_black_throughout_still_has_a_poster(make_clip):
    assert Image.open(io.BytesIO(poster(make_clip("black.mp4", frames=1, shade=0)))).format == "JPEG"


def test_a_file_that_is_no_video_has_no_pictures(tmp_path):
    (tmp_path / "page.mp4").write_text("<html>")
    for take in (last_frame, poster, lambda path: frame(path, 1)):
        with pytest.raises(UnreadableVideo, match=r"page\.mp4"):
            take(tmp_path / "page.mp4")
