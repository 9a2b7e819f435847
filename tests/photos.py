"""Photos as cameras, phones, scanners and programs make them: with colours of their own, turned, and telling where."""

from __future__ import annotations

import functools
import io
from typing import Any

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

SERIAL = "SN-4711-FOX"
"""Stands in everything that tells of a camera."""
XMP = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><GPSLatitude>{SERIAL}</GPSLatitude></x:xmpmeta>'.encode()


@functools.cache
def srgb() -> bytes:
    """The profile that changes nothing."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@functools.cache
def swapped() -> bytes:
    """A profile in which what is called red is blue: who ignores it shows it at once."""
    profile = srgb().replace("sRGB".encode("utf-16-be"), "foxy".encode("utf-16-be"))
    end = 132 + 12 * int.from_bytes(profile[128:132], "big")
    table = profile[132:end].replace(b"rXYZ", b"?").replace(b"bXYZ", b"rXYZ").replace(b"?", b"bXYZ")
    return profile[:132] + table + profile[end:]


def scene(size: tuple[int, int] = (80, 60)) -> Image.Image:
    """Red at the left, blue at the right, soft noise over it: nothing that is smooth hides an error."""
    width, height = size
    pixels = np.random.default_rng(1).integers(0, 30, (height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] += 200
    pixels[:, width // 2 :, 2] += 200
    return Image.fromarray(pixels)


def exif(orientation: int = 1) -> Image.Exif:
    """What a phone writes: where it was, and which one it is."""
    told = Image.Exif()
    told[0x0112] = orientation
    told[0x010F] = SERIAL
    told.get_ifd(0x8825)[29] = SERIAL
    told.get_ifd(0x8769)[0xA431] = SERIAL
    return told


def text() -> PngImagePlugin.PngInfo:
    """What programs write into a PNG."""
    told = PngImagePlugin.PngInfo()
    told.add_text("Author", SERIAL)
    told.add_text("Place", SERIAL, zip=True)
    told.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return told


def encoded(kind: str, image: Image.Image | None = None, **options: Any) -> bytes:
    """The file of an image, of the scene where none is given."""
    out = io.BytesIO()
    (image or scene()).save(out, kind, **options)
    return out.getvalue()


def pixels_of(data: bytes) -> np.ndarray[Any, Any]:
    """What it shows, as RGB."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def is_red_left(data: bytes) -> bool:
    """Whether the scene has its colours: red at the left."""
    red, _, blue = pixels_of(data)[:, :20].mean(axis=(0, 1))
    return bool(red > blue + 100)
