"""Pictures are told by their content, sent upright and opaque, and refused in one sentence."""

from __future__ import annotations

import contextlib
import io
import os
import pathlib
import struct
import warnings
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from veo_nb.media.colour import ORIENTATION
from veo_nb.media.picture import (
    LARGEST_FILE,
    Picture,
    UnreadablePicture,
    read_picture,
    thumbnail,
)

SIZE = (40, 24)


def painted(mode: str = "RGB", size: tuple[int, int] = SIZE) -> Image.Image:
    """Red at the top left, green at the top right, blue below."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1] // 2))
    image.paste("lime", (size[0] // 2, 0, size[0], size[1] // 2))
    return image.convert(mode)


def encoded(kind: str, image: Image.Image | None = None, **options: Any) -> bytes:
    out = io.BytesIO()
    (image or painted()).save(out, kind, **options)
    return out.getvalue()


def pixels(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.data)).convert("RGB")


def near(colour: Any, wanted: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 30 for a, b in zip(colour, wanted, strict=True))


def refusal(source: object) -> str:
    """The sentence that a person reads."""
    with pytest.raises(UnreadablePicture) as caught:
        read_picture(source)
    return str(caught.value)


# ---- what is taken


@pytest.mark.parametrize(
    ("kind", "mime", "suffix"), [("PNG", "image/png", ".png"), ("JPEG", "image/jpeg", ".jpg")]
)
def test_an_upright_png_or_jpeg_is_sent_byte_for_byte(kind, mime, suffix):
    data = encoded(kind)
    picture = read_picture(data)
    assert picture.data == data
    assert (picture.mime, picture.suffix, picture.width, picture.height) == (mime, suffix, *SIZE)


@pytest.mark.parametrize("kind", ["WEBP", "BMP", "GIF", "TIFF"])
def test_a_format_that_not_every_provider_takes_becomes_png(kind):
    picture = read_picture(encoded(kind, lossless=True) if kind == "WEBP" else encoded(kind))
    assert (picture.mime, picture.width, picture.height) == ("image/png", *SIZE)
    assert Image.open(io.BytesIO(picture.data)).format == "PNG"
    assert pixels(picture).tobytes() == painted().tobytes()


def test_a_phone_photo_of_several_frames_is_the_jpeg_that_it_is():
    data = encoded("MPO", save_all=True, append_images=[painted()])
    assert Image.open(io.BytesIO(data)).format == "MPO"
    picture = read_picture(data)
    assert (picture.mime, picture.data) == ("image/jpeg", data)


def test_of_an_animation_the_first_frame_is_taken():
    data = encoded("GIF", save_all=True, append_images=[Image.new("RGB", SIZE, "white")])
    assert near(pixels(read_picture(data)).getpixel((1, 1)), (255, 0, 0))


def test_the_content_tells_the_type_and_not_the_name(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(encoded("JPEG"))
    picture = read_picture(path)
    assert (picture.mime, picture.name) == ("image/jpeg", "photo.png")


@pytest.mark.parametrize("wrap", [str, pathlib.Path])
def test_a_path_may_be_text_or_a_path(tmp_path, wrap):
    path = tmp_path / "fox 🦊.png"
    path.write_bytes(encoded("PNG"))
    assert read_picture(wrap(path)).name == "fox 🦊.png"


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
def test_bytes_may_come_in_any_form(wrap):
    assert read_picture(wrap(encoded("PNG"))).name == ""


def test_a_tilde_means_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.png").write_bytes(encoded("PNG"))
    assert read_picture("~/a.png").width == SIZE[0]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "CMYK", "YCbCr", "HSV", "I", "F"])
def test_a_pil_image_of_any_mode_becomes_png(mode):
    image = painted("RGB").convert(mode) if mode != "HSV" else painted("HSV")
    picture = read_picture(image)
    assert (picture.mime, picture.width, picture.height, picture.name) == ("image/png", *SIZE, "")


def test_an_animated_webp_is_one_still():
    data = encoded("WEBP", save_all=True, append_images=[Image.new("RGB", SIZE, "white")], lossless=True)
    picture = read_picture(data, ("image/png", "image/webp"))
    assert picture.mime == "image/png"
    assert near(pixels(picture).getpixel((1, 1)), (255, 0, 0))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_what_the_provider_takes_is_sent_byte_for_byte(kind):
    data = encoded(kind)
    picture = read_picture(data, (f"image/{kind.lower()}",))
    assert (picture.data, picture.mime) == (data, f"image/{kind.lower()}")
    assert read_picture(picture, ("image/gif",)).mime in ("image/png", "image/jpeg")


@pytest.mark.parametrize(
    "array",
    [
        np.asarray(painted()),
        np.asarray(painted("RGBA")),
        np.asarray(painted()) / 255.0,
        (np.asarray(painted()) / 255.0).astype(np.float32),
        np.asarray(painted("RGB", (40, 48)))[::2],
    ],
    ids=["bytes", "with alpha", "floats", "small floats", "every second line"],
)
def test_an_array_is_the_picture_that_it_shows(array):
    picture = read_picture(array)
    assert (picture.mime, picture.width, picture.height) == ("image/png", *SIZE)
    assert pixels(picture).tobytes() == painted().tobytes()


@pytest.mark.parametrize("array", [np.full((24, 40), 200, np.uint8), np.full((24, 40, 1), 200, np.uint8)])
def test_an_array_without_colour_is_grey(array):
    assert pixels(read_picture(array)).getpixel((0, 0)) == (200, 200, 200)


def test_a_picture_is_taken_as_it_is():
    picture = read_picture(encoded("PNG"))
    assert read_picture(picture) is picture


def test_equal_content_has_an_equal_hash_wherever_it_comes_from(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(encoded("PNG"))
    assert read_picture(path).sha256 == read_picture(path.read_bytes()).sha256
    assert len(read_picture(path).sha256) == 64


def test_a_picture_does_not_pour_its_bytes_into_a_repr():
    assert len(repr(read_picture(encoded("PNG")))) < 250


# ---- upright


def turned(kind: str, orientation: int) -> bytes:
    """The painted scene, stored so that a viewer has to turn it as EXIF says."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return encoded(kind, painted().transpose(undo[orientation]), exif=exif)


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("through", [bytes, lambda data: Image.open(io.BytesIO(data))], ids=["bytes", "pil"])
def test_a_turned_photo_is_sent_upright(kind, orientation, through):
    picture = read_picture(through(turned(kind, orientation)))
    assert (picture.width, picture.height) == SIZE
    assert Image.open(io.BytesIO(picture.data)).getexif().get(ORIENTATION, 1) == 1
    shown = pixels(picture)
    assert near(shown.getpixel((8, 6)), (255, 0, 0))
    assert near(shown.getpixel((32, 6)), (0, 255, 0))
    assert near(shown.getpixel((20, 18)), (0, 0, 255))


def test_a_turned_jpeg_stays_jpeg_since_as_png_it_would_be_too_large():
    noise = Image.fromarray(np.random.default_rng(1).integers(90, 160, (300, 400, 3), np.uint8))
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    data = encoded("JPEG", noise, exif=exif, quality=90)
    picture = read_picture(data)
    assert picture.mime == "image/jpeg"
    assert len(picture.data) < 3 * len(data)


@pytest.mark.parametrize("orientation", [0, 1, 9, 255])
def test_an_orientation_that_turns_nothing_changes_nothing(orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = encoded("JPEG", exif=exif)
    assert read_picture(data).data == data


# ---- opaque


@pytest.mark.parametrize(
    "through", [lambda i: encoded("PNG", i), lambda i: encoded("WEBP", i, lossless=True), lambda i: i]
)
def test_what_is_transparent_gets_a_white_ground(through):
    image = painted("RGBA")
    image.putpixel((30, 20), (0, 0, 0, 0))
    picture = read_picture(through(image))
    assert not Image.open(io.BytesIO(picture.data)).has_transparency_data
    assert pixels(picture).getpixel((30, 20)) == (255, 255, 255)
    assert pixels(picture).getpixel((1, 1)) == (255, 0, 0)


def test_a_transparent_palette_gets_a_white_ground():
    image = painted("P")
    data = encoded("PNG", image, transparency=image.getpixel((1, 1)))
    assert pixels(read_picture(data)).getpixel((1, 1)) == (255, 255, 255)


def test_an_alpha_channel_that_hides_nothing_is_left_as_it_is():
    data = encoded("PNG", painted("RGBA"))
    assert read_picture(data).data == data


# ---- what is refused


def test_a_missing_file():
    assert refusal("nowhere/fox.png") == "There is no image file nowhere/fox.png."


def test_a_folder(tmp_path):
    assert refusal(tmp_path) == f"{tmp_path} is a folder, not an image."


def test_a_file_that_can_not_be_read(tmp_path):
    path = tmp_path / "file" / "fox.png"
    path.parent.write_text("not a folder")
    assert refusal(path) == f"{path} can't be read: Not a directory."


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe") == f"{tmp_path / 'pipe'} is no ordinary file."


def test_a_file_of_gigabytes_is_not_read(tmp_path):
    path = tmp_path / "movie.png"
    with path.open("wb") as file:
        file.truncate(LARGEST_FILE + 2**20)
    with pytest.raises(UnreadablePicture, match=r"is too large for an image: 101 MB\.") as caught:
        read_picture(path)
    assert "3840 pixels" in caught.value.hint


@pytest.mark.parametrize("source", ["a\0b.png", "x" * 5000, "~nobody-here/x.png"])
def test_a_name_that_no_file_can_have(source):
    assert refusal(source).endswith(".")


def test_an_address():
    assert refusal("https://example.com/fox.png") == "https://example.com/fox.png is an address, not a file."


@pytest.mark.parametrize(
    ("source", "kind"), [(5, "int"), (None, "NoneType"), ([], "list"), (object(), "object")]
)
def test_what_is_no_image_at_all(source, kind):
    assert refusal(source) == f"An image is a path, bytes, a PIL image or a numpy array, not {kind}."


@pytest.mark.parametrize(
    ("array", "line"),
    [
        (
            np.zeros((4, 9, 16, 3), np.uint8),
            "An array must be height x width, with 3 or 4 channels or none; this one is 4 x 9 x 16 x 3.",
        ),
        (
            np.zeros((9, 16, 2), np.uint8),
            "An array must be height x width, with 3 or 4 channels or none; this one is 9 x 16 x 2.",
        ),
        (
            np.zeros((), np.uint8),
            "An array must be height x width, with 3 or 4 channels or none; this one is a single number.",
        ),
        (
            np.zeros((0, 16, 3), np.uint8),
            "An array must be height x width, with 3 or 4 channels or none; this one is 0 x 16 x 3.",
        ),
        (
            np.full((9, 16), -1, np.int64),
            "An array can't be shown: whole numbers fill 8, 10, 12, 14, 16, 24 or 32 bits; these go from -1 to -1.",
        ),
        (
            np.full((9, 16), 70_000),
            "An array can't be shown: whole numbers fill 8, 10, 12, 14, 16, 24 or 32 bits; these go from 70000 to 70000.",
        ),
        (
            np.full((9, 16, 3), 1.5),
            "An array can't be shown: floats go from 0 to 1, or from 0 to 255; these go from 1.5 to 1.5.",
        ),
        (
            np.full((9, 16, 3), 256.0),
            "An array can't be shown: floats go from 0 to 1, or from 0 to 255; these go from 256 to 256.",
        ),
        (
            np.full((9, 16), -0.5),
            "An array can't be shown: floats go from 0 to 1, or from 0 to 255; these go from -0.5 to -0.5.",
        ),
        (
            np.full((9, 16), np.nan),
            "An array can't be shown: some of its numbers are none (NaN) or infinite.",
        ),
        (
            np.full((9, 16), 1j),
            "An array can't be shown: it holds complex128.",
        ),
    ],
)
def test_an_array_that_is_no_picture(array, line):
    assert refusal(array) == line


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (
            b"\0\0\0\x18ftypcrx ",
            "The image is a camera's raw file, not an image: export it as JPEG.",
        ),
        (b"\0\0\0\x18ftypisom", "The image is a video, not an image: use one of its frames."),
        (b"<svg xmlns=''/>", "The image is a drawing (SVG), not an image: save it as PNG."),
        (b"<?xml version='1.0'?><svg/>", "The image is a drawing (SVG), not an image: save it as PNG."),
        (b"%PDF-1.7", "The image is a PDF, not an image: save the page as PNG."),
    ],
)
def test_a_file_of_another_kind_says_what_it_is(data, line):
    assert refusal(data + bytes(64)) == line


@pytest.mark.parametrize("data", [b"", bytearray()])
def test_nothing(data):
    assert refusal(data) == "The image is empty."


def test_an_empty_file(tmp_path):
    (tmp_path / "fox.png").touch()
    assert refusal(tmp_path / "fox.png") == "fox.png is empty."


@pytest.mark.parametrize("data", [b"<html>no</html>", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\0" * 999])
def test_bytes_that_are_no_image(data):
    assert refusal(data).startswith(
        ("The image is not an image that can be read.", "The image is a broken image")
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP"])
def test_a_file_that_was_cut_off(kind, tmp_path):
    path = tmp_path / "fox.png"
    image = Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8))
    data = encoded(kind, image)
    path.write_bytes(data[: len(data) // 2])
    line = refusal(path)
    assert line.startswith(("fox.png is a broken image: ", "fox.png is not an image that can be read"))


def test_a_pil_image_whose_file_is_broken():
    image = Image.open(io.BytesIO(encoded("JPEG", painted(size=(400, 400)))[:2000]))
    assert refusal(image).startswith("The image is a broken image: ")


def test_a_pil_image_without_a_pixel():
    assert refusal(Image.new("RGB", (0, 0))).startswith("The image is a broken image: ")


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@pytest.mark.parametrize("side", [12_000, 60_000])
def test_a_small_file_of_very_many_pixels_is_not_unpacked(side):
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(9999)))
        + chunk(b"IEND", b"")
    )
    assert refusal(bomb) == "The image has too many pixels."


def test_a_text_in_a_png_that_unpacks_to_gigabytes_is_not_unpacked():
    text = PngImagePlugin.PngInfo()
    text.add_text("bomb", "x" * (80 * 2**20), zip=True)
    assert refusal(encoded("PNG", pnginfo=text)).startswith("The image is a broken image: ")


def test_what_pillow_forgives_shows_no_warning():
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    data = encoded("TIFF", exif=exif)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for cut in range(8, len(data), 97):
            try:
                read_picture(data[:cut])
            except UnreadablePicture:
                continue
    assert said == []


SEEDS = [
    turned("JPEG", 6),
    turned("PNG", 3),
    encoded("WEBP"),
    encoded("GIF"),
    encoded("BMP"),
    encoded("TIFF"),
    encoded("ICO"),
]


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=6))
def test_a_damaged_file_is_read_or_refused(seed, damage):
    data = bytearray(seed)
    for place, value in damage:
        data[int(place * len(data))] = value
    with contextlib.suppress(UnreadablePicture):
        assert read_picture(data).mime in ("image/png", "image/jpeg")


# ---- thumbnails


@pytest.mark.parametrize("size", [(1, 1), (4000, 1), (1, 4000), (40, 24), (900, 1600)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_a_thumbnail_is_a_small_jpeg(size, mode):
    small = thumbnail(read_picture(encoded("PNG", painted(mode, size))))
    assert len(small) < 4000
    image = Image.open(io.BytesIO(small))
    assert image.format == "JPEG"
    assert image.width <= 64


def test_a_picture_names_its_own_suffix():
    assert Picture(b"", "image/png", 1, 1).suffix == ".png"
    assert Picture(b"", "image/jpeg", 1, 1).suffix == ".jpg"
    assert Picture(b"", "image/webp", 1, 1).suffix == ".webp"
