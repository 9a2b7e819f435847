"""What a provider gets of a picture: nothing about the person, 8 bits, sRGB; and its name stays what it ever was."""

from __future__ import annotations

import contextlib
import hashlib
import io
import struct
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from tests.photos import SERIAL, XMP, encoded, exif, is_red_left, pixels_of, scene, srgb, swapped, text
from veo_nb.media import segments
from veo_nb.media.picture import Picture, UnreadablePicture, outgoing, read_picture
from veo_nb.media.shape import fitted

TAKES = ("image/png", "image/jpeg", "image/webp")


def iptc(jpeg: bytes) -> bytes:
    """With the segments that Pillow does not write: IPTC, FlashPix, a maker's own, and a film behind it."""
    put = b""
    for marker, name in ((0xED, b"Photoshop 3.0\0"), (0xE2, b"FPXR\0"), (0xE4, b""), (0xE0, b"JFXX\0\x10")):
        content = name + SERIAL.encode()
        put += bytes([0xFF, marker]) + (2 + len(content)).to_bytes(2, "big") + content
    return jpeg[:20] + put + jpeg[20:] + b"ftypmp42" + SERIAL.encode()


TELLING = {
    "a phone's JPEG": encoded("JPEG", exif=exif(), xmp=XMP, comment=SERIAL.encode()),
    "a progressive JPEG": encoded("JPEG", exif=exif(), progressive=True, optimize=True),
    "a JPEG in sRGB": encoded("JPEG", exif=exif(), icc_profile=srgb()),
    "a JPEG from an editor": iptc(encoded("JPEG")),
    "a JPEG of two pictures": encoded("MPO", save_all=True, append_images=[scene()], exif=exif()),
    "a PNG": encoded("PNG", exif=exif(), pnginfo=text()),
    "a PNG with something behind its end": encoded("PNG") + SERIAL.encode(),
    "an animated PNG": encoded("PNG", save_all=True, append_images=[Image.new("RGB", (80, 60))]),
    "a WebP": encoded("WEBP", exif=exif(), xmp=XMP, icc_profile=srgb()),
    "a WebP without loss": encoded("WEBP", exif=exif(), lossless=True),
}


@pytest.mark.parametrize("data", TELLING.values(), ids=TELLING.keys())
def test_what_tells_of_a_person_is_taken_out_and_the_picture_is_left(data):
    kept = read_picture(data, TAKES)
    sent = outgoing(kept)
    assert kept.data == data
    assert SERIAL.encode() not in sent.data
    assert len(sent.data) < len(data)
    assert sent.mime == kept.mime
    with Image.open(io.BytesIO(sent.data)) as image:
        assert (len(image.getexif()), getattr(image, "n_frames", 1)) == (0, 1)
        assert "xmp" not in image.info
        assert image.info.get("icc_profile") == (srgb() if srgb()[40:] in data else None) or "PNG" in data[
            :8
        ].decode("latin")
    assert np.array_equal(pixels_of(sent.data), pixels_of(data))
    assert outgoing(sent) is sent


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_tells_nothing_is_sent_byte_for_byte(kind):
    kept = read_picture(encoded(kind), TAKES)
    assert outgoing(kept) is kept


def test_what_can_not_be_taken_apart_is_written_anew():
    data = bytearray(encoded("PNG", exif=exif()))
    # A length that reaches beyond the end, behind the picture, where lenient readers no longer look.
    data += b"\xff\xff\xff\xffzzZz"
    del data[data.index(b"IEND") - 4 : data.index(b"IEND") + 8]
    kept = Picture(bytes(data), "image/png", 80, 60)
    with pytest.raises(segments.BrokenFileError):
        segments.without_metadata(kept.data)
    with contextlib.suppress(UnreadablePicture):
        assert SERIAL.encode() not in outgoing(kept).data


# ---- Colours


FOREIGN = {
    "JPEG": encoded("JPEG", icc_profile=swapped(), exif=exif(), subsampling=0),
    "turned JPEG": encoded("JPEG", icc_profile=swapped(), exif=exif(3), subsampling=0),
    "PNG": encoded("PNG", icc_profile=swapped()),
    "PNG with a palette": encoded("PNG", scene().quantize(64), icc_profile=swapped()),
    "WebP": encoded("WEBP", icc_profile=swapped(), quality=95),
    "TIFF": encoded("TIFF", icc_profile=swapped()),
    "transparent PNG": encoded("PNG", scene().convert("RGBA").rotate(2), icc_profile=swapped()),
}


@pytest.mark.parametrize("through", [bytes, lambda data: Image.open(io.BytesIO(data))], ids=["file", "pil"])
@pytest.mark.parametrize("takes", [TAKES, TAKES[:2]], ids=["webp", "no webp"])
@pytest.mark.parametrize("data", FOREIGN.values(), ids=FOREIGN.keys())
def test_colours_are_sent_as_srgb(data, takes, through):
    kept = read_picture(through(data), takes)
    sent = outgoing(kept)
    # In the file red is called what this profile calls blue; the second is turned around as well.
    for one in (sent, outgoing(fitted(kept, "16:9", "crop"))):
        assert is_red_left(one.data) is (data is FOREIGN["turned JPEG"])
    with Image.open(io.BytesIO(sent.data)) as image:
        assert "icc_profile" not in image.info
        assert image.mode == "RGB"
    assert outgoing(sent) is sent


def test_a_profile_that_is_broken_or_another_modes_is_no_reason_to_fail():
    for profile in (b"no profile", swapped()[:200], swapped()):
        sent = outgoing(read_picture(encoded("JPEG", scene().convert("L"), icc_profile=profile)))
        assert pixels_of(sent.data).mean() == pytest.approx(
            pixels_of(encoded("JPEG", scene().convert("L"))).mean(), abs=1
        )


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_what_is_made_for_print_is_sent_for_a_screen(kind):
    sent = outgoing(read_picture(encoded(kind, scene().convert("CMYK"))))
    with Image.open(io.BytesIO(sent.data)) as image:
        assert image.mode == "RGB"
    assert is_red_left(sent.data)


# ---- Names


def before(source: bytes | Image.Image, *, cut: tuple[int, int, int, int] | None = None) -> bytes:
    """What the version before wrote anew: it lost the colours of a JPEG."""
    image = Image.open(io.BytesIO(source)) if isinstance(source, bytes) else source
    kind = "JPEG" if image.format == "JPEG" else "PNG"
    upright: Any = ImageOps.exif_transpose(image)
    if upright.has_transparency_data:
        ground = Image.new("RGB", upright.size, "white")
        ground.paste(upright, mask=upright.getchannel("A"))
        upright = ground
    shown = upright.convert("RGB")
    out = io.BytesIO()
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    (shown.crop(cut) if cut else shown).save(out, kind, **options)
    return out.getvalue()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def name(picture: Picture) -> str:
    return picture.key or picture.sha256


def clear() -> Image.Image:
    image = scene().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


ANEW = {
    "turned": encoded("JPEG", exif=exif(6)),
    "turned, other colours": encoded("JPEG", exif=exif(6), icc_profile=swapped()),
    "turned, sRGB": encoded("JPEG", exif=exif(6), icc_profile=srgb()),
    "turned PNG": encoded("PNG", exif=exif(6), icc_profile=swapped()),
    "transparent": encoded("PNG", clear()),
    "transparent, other colours": encoded("PNG", clear(), icc_profile=swapped()),
    "TIFF": encoded("TIFF", icc_profile=swapped()),
    "GIF": encoded("GIF"),
    "CMYK, turned": encoded("JPEG", scene().convert("CMYK"), exif=exif(6)),
}


@pytest.mark.parametrize("data", ANEW.values(), ids=ANEW.keys())
def test_a_picture_keeps_the_name_that_it_had_and_so_does_its_kept_file(data):
    kept = read_picture(data)
    assert name(kept) == digest(before(data))
    assert name(read_picture(Image.open(io.BytesIO(data)))) == digest(before(data))
    assert name(read_picture(kept.data)) == digest(before(data))
    assert read_picture(Picture(kept.data, kept.mime, kept.width, kept.height)).key == kept.key


@pytest.mark.parametrize("data", ANEW.values(), ids=ANEW.keys())
def test_a_picture_that_is_made_to_fit_keeps_its_name_too(data):
    kept = read_picture(data)
    made = fitted(kept, "16:9", "crop")
    top = (kept.height - made.height) // 2
    assert name(made) == digest(before(before(data), cut=(0, top, made.width, top + made.height)))


def test_a_photo_is_known_by_its_own_bytes_whatever_is_taken_out():
    for data in (
        *TELLING.values(),
        FOREIGN["JPEG"],
        FOREIGN["PNG"],
        encoded("JPEG", scene().convert("CMYK")),
    ):
        assert name(read_picture(data, TAKES)) == digest(data)


@pytest.mark.parametrize("size", [1, 600, 65_519, 65_520, 200_000])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_profile_is_put_in_and_taken_out_again(size, kind):
    data, profile = encoded(kind), np.random.default_rng(1).bytes(size)
    put = segments.with_profile(data, profile)
    with Image.open(io.BytesIO(put)) as image:
        assert image.info["icc_profile"] == profile
    assert segments.without_profile(put) == data
    assert segments.without_profile(data) is data


# ---- Numbers

RAMP = np.tile(np.linspace(0, 1, 40), (24, 1))
DEEP: dict[str, Any] = {
    "uint16": (RAMP * 65535).astype(np.uint16),
    "12 bits in uint16": (RAMP * 4095).astype(np.uint16),
    "bytes in uint16": (RAMP * 255).astype(np.uint16),
    "bytes in int64": (RAMP * 255).astype(np.int64),
    "uint32": (RAMP * (2**32 - 1)).astype(np.uint32),
    "big-endian": (RAMP * 65535).astype(">u2"),
    "floats to 1": RAMP,
    "half floats": RAMP.astype(np.float16),
    "floats to 255": RAMP * 255.0,
    "floats that overshoot": RAMP * 1.01 - 0.005,
    "channels first": np.stack([RAMP] * 3),
    "one channel first": RAMP[None],
    "16 bits in colour": (np.stack([RAMP] * 3, axis=2) * 65535).astype(np.uint16),
    "I;16": Image.fromarray((RAMP * 65535).astype(np.uint16)),
    "I;16B": Image.frombytes("I;16B", (40, 24), (RAMP * 65535).astype(">u2").tobytes()),
    "I": Image.fromarray((RAMP * 65535).astype(np.int32)),
    "I of bytes": Image.fromarray((RAMP * 255).astype(np.int32)),
    "F to 1": Image.fromarray(RAMP.astype(np.float32)),
    "F to 255": Image.fromarray((RAMP * 255).astype(np.float32)),
    "16-bit PNG": encoded("PNG", Image.fromarray((RAMP * 65535).astype(np.uint16))),
    "16-bit TIFF": encoded("TIFF", Image.fromarray((RAMP * 65535).astype(np.uint16))),
    "12 bits in a TIFF": encoded("TIFF", Image.fromarray((RAMP * 4095).astype(np.uint16))),
    "32-bit TIFF": encoded("TIFF", Image.fromarray((RAMP * 65535).astype(np.int32))),
    "float TIFF": encoded("TIFF", Image.fromarray(RAMP.astype(np.float32))),
    "JPEG 2000": encoded("JPEG2000", Image.fromarray((RAMP * 65535).astype(np.uint16))),
}  # fmt: skip


@pytest.mark.parametrize("fit", [None, "crop"])
@pytest.mark.parametrize("source", DEEP.values(), ids=DEEP.keys())
def test_numbers_of_any_depth_are_as_bright_as_they_were(source, fit):
    kept = read_picture(source)
    sent = outgoing(fitted(kept, "16:9", fit) if fit else kept)
    with Image.open(io.BytesIO(sent.data)) as image:
        assert image.mode in ("RGB", "L")
        assert sent.data[24] == 8
    assert np.abs(pixels_of(sent.data).mean(axis=(0, 2)) - RAMP[0] * 255).max() < 3


def test_a_dark_png_of_16_bits_stays_dark():
    dark = Image.fromarray((RAMP * 4095).astype(np.uint16))
    for kept in (
        read_picture(encoded("PNG", dark)),
        read_picture(Image.open(io.BytesIO(encoded("PNG", dark)))),
    ):
        for one in (kept, fitted(kept, "9:16", "crop")):
            assert 8 <= pixels_of(outgoing(one).data).max() <= 16


def test_a_deep_photo_that_is_turned_is_upright():
    turned = encoded("TIFF", Image.fromarray((RAMP * 65535).astype(np.uint16)), exif=exif(6))
    assert (read_picture(turned).width, read_picture(turned).height) == (24, 40)


def test_white_that_is_zero_and_a_colour_that_is_clear():
    ramp = (RAMP * 65535).astype(np.uint16)
    meaning = struct.pack("<HHI", 262, 3, 1)
    tiff = encoded("TIFF", Image.fromarray(ramp))
    inverted = tiff.replace(meaning + b"\1", meaning + b"\0")
    assert inverted != tiff
    assert pixels_of(read_picture(inverted).data)[0, 0].tolist() == [255] * 3
    keyed = encoded("PNG", Image.fromarray(ramp), transparency=0)
    assert pixels_of(outgoing(read_picture(keyed)).data)[0, 0].tolist() == [255] * 3


def test_true_is_white():
    assert pixels_of(read_picture(RAMP > 0.5).data)[0, [0, -1], 0].tolist() == [0, 255]


# ---- Other kinds


def heic(**options: Any) -> bytes:
    heif = pytest.importorskip("pillow_heif")
    out = io.BytesIO()
    heif.from_pillow(scene()).save(out, quality=95, **options)
    return out.getvalue()


def test_a_heic_photo_is_an_upright_jpeg_without_what_it_told():
    kept = read_picture(heic(exif=exif(6).tobytes()))
    assert (kept.mime, kept.width, kept.height) == ("image/jpeg", 60, 80)
    assert SERIAL.encode() not in kept.data
    assert is_red_left(read_picture(heic()).data)


def test_without_the_extra_a_heic_photo_names_it(monkeypatch):
    data = heic()
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(UnreadablePicture, match="HEIC photo") as caught:
        read_picture(data)
    assert 'pip install "veo-nb[heif]"' in caught.value.hint


def test_a_cut_off_heic_photo_is_broken():
    with pytest.raises(UnreadablePicture):
        read_picture(heic()[:300])


def test_a_raw_file_is_not_taken_for_its_preview():
    with pytest.raises(UnreadablePicture, match="raw file"):
        read_picture(encoded("TIFF", tiffinfo={50706: b"\x01\x04\x00\x00"}))
    with pytest.raises(UnreadablePicture, match="raw file"):
        read_picture(encoded("TIFF", tiffinfo={254: 1}))


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from([*TELLING.values(), FOREIGN["JPEG"], FOREIGN["PNG"], DEEP["16-bit PNG"]]),
    st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=6),
)
def test_a_damaged_file_is_sent_without_metadata_or_refused(data, damage):
    broken = bytearray(data)
    for at, value in damage:
        broken[int(at * len(broken))] = value
    with contextlib.suppress(UnreadablePicture):
        kept = read_picture(bytes(broken), TAKES)
        assert outgoing(outgoing(kept)).data == outgoing(kept).data
