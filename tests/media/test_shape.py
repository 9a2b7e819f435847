"""Shapes have names, and a picture is cut or bordered to one without being stretched."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from veo_nb.media.picture import Picture, read_picture
from veo_nb.media.shape import deviation, fitted, shape_name, turned_away


def image_of(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.data)).convert("RGB")


@pytest.mark.parametrize(
    ("size", "name"),
    [
        ((1920, 1080), "16:9"),
        ((1080, 1920), "9:16"),
        ((1920, 1088), "16:9"),
        ((640, 427), "3:2"),
        ((3000, 4000), "3:4"),
        ((7, 7), "1:1"),
        ((2560, 1080), "21:9"),
        ((640, 150), "640x150"),
    ],
)
def test_a_shape_is_called_as_people_call_it(size, name):
    assert shape_name(*size) == name


@pytest.mark.parametrize(
    ("size", "shape", "far"),
    [((16, 9), "16:9", 0.0), ((32, 9), "16:9", 1.0), ((8, 9), "16:9", 1.0), ((9, 16), "9:16", 0.0)],
)
def test_how_far_a_shape_is_from_another(size, shape, far):
    width, height = size
    assert deviation(width, height, shape) == pytest.approx(far)


@pytest.mark.parametrize(
    ("size", "shape", "away"),
    [
        ((3, 4), "16:9", True),
        ((4, 3), "16:9", False),
        ((4, 3), "9:16", True),
        ((4, 4), "16:9", False),
        ((4, 4), "9:16", False),
    ],
)
def test_upright_and_wide_are_turned_away_from_each_other(size, shape, away):
    width, height = size
    assert turned_away(width, height, shape) is away


def stripes() -> Image.Image:
    """300 x 100: red, a teal middle of 178 x 100, which is 16:9, and blue."""
    image = Image.new("RGB", (300, 100), "red")
    image.paste("teal", (60, 0, 240, 100))
    image.paste("blue", (240, 0, 300, 100))
    return image


def test_crop_keeps_the_middle():
    cut = image_of(fitted(read_picture(stripes()), "16:9", "crop"))
    assert cut.size == (178, 100)
    assert cut.getcolors() == [(178 * 100, (0, 128, 128))]


def test_pad_keeps_all_of_it_in_the_middle_and_blurs_it_around():
    wide = stripes()
    padded = image_of(fitted(read_picture(wide), "16:9", "pad"))
    assert padded.size == (300, 169)
    assert padded.crop((0, 34, 300, 134)).tobytes() == wide.tobytes()
    # Above it is the blurred middle, not a black bar.
    assert padded.getpixel((150, 5)) == pytest.approx((0, 128, 128), abs=6)


def test_the_border_is_blurred():
    checks = np.kron(np.indices((8, 8)).sum(0) % 2 * 255, np.ones((16, 16))).astype(np.uint8)
    padded = np.asarray(image_of(fitted(read_picture(checks), "16:9", "pad")).convert("L"), float)
    edge, inside = padded[:, :40], padded[:, 50:178]
    assert np.abs(np.diff(edge, axis=1)).max() < 40 < np.abs(np.diff(inside, axis=1)).max()


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 400),
    st.integers(1, 400),
    st.sampled_from(["16:9", "9:16"]),
    st.sampled_from(["crop", "pad"]),
)
def test_any_picture_is_made_to_fit_within_a_pixel(width, height, shape, fit):
    made = fitted(read_picture(Image.new("RGB", (width, height))), shape, fit)
    across, down = (int(side) for side in shape.split(":"))
    assert abs(made.width - made.height * across / down) <= max(1.0, across / down)


def test_it_keeps_its_name_and_type(tmp_path):
    stripes().save(tmp_path / "fox.jpg")
    made = fitted(read_picture(tmp_path / "fox.jpg"), "16:9", "crop")
    assert (made.name, made.mime) == ("fox.jpg", "image/jpeg")
    assert made.sha256 != read_picture(tmp_path / "fox.jpg").sha256
