"""Still images as the service takes them: told by content, upright, opaque, of a type that the provider knows."""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "MPO": "image/jpeg", "WEBP": "image/webp"}
"""Formats that may be sent byte for byte when they are upright and opaque. MPO is a phone's JPEG."""
SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}
EVERYWHERE = ("image/png", "image/jpeg")
"""The types that every provider takes."""
LARGEST_FILE = 100 * 2**20
"""Bytes; no provider takes as many, so what is larger is not even read."""
ORIENTATION = 0x0112
"""EXIF's tag; 2 to 8 mean turned or mirrored."""


ORIGIN = "veo_nb"
"""Under this name a PIL image that is a frame of a clip carries its `Origin`."""


@dataclass(frozen=True)
class Origin:
    """The clip that a picture is a frame of; `seconds` is None for the last one."""

    job_id: str
    sample: int
    seconds: float | None


class UnreadablePicture(ValueError):  # noqa: N818
    """This can't be read as an image; the message says why, in one sentence."""


@dataclass(frozen=True)
class Picture:
    """An image ready to be sent: its bytes, type and size in pixels, and the name it came by."""

    data: bytes = field(repr=False)
    mime: str
    width: int
    height: int
    name: str = ""
    sha256: str = ""
    origin: Origin | None = field(default=None, compare=False)
    """The clip that it comes from; no part of what is asked for."""

    @property
    def suffix(self) -> str:
        """The file name ending that fits the type."""
        return SUFFIXES[self.mime]


def read_picture(source: Any, takes: Collection[str] = EVERYWHERE) -> Picture:
    """The picture in a path, in bytes, in a PIL image or in a numpy array.

    The type is told by the content, never by the name. EXIF rotation is applied, and what is transparent gets
    a white ground. A turned JPEG stays JPEG; a type that is not among `takes` becomes PNG. An array is height by
    width, with 1, 3 or 4 channels or none: bytes from 0 to 255, or floats from 0 to 1.

    Raises:
        UnreadablePicture: there is no such file, or it holds no image that Pillow can read.
    """
    if isinstance(source, Picture):
        if source.mime in takes:
            return source
        return replace(_decoded(source.data, source.name, takes), origin=source.origin)
    if isinstance(source, Image.Image):
        name = Path(str(getattr(source, "filename", "") or "")).name
        made = _guarded(lambda: _encoded(source, name), name)
        origin = source.info.get(ORIGIN)
        return replace(made, origin=origin) if isinstance(origin, Origin) else made
    if isinstance(source, np.ndarray):
        pixels = _pixels(source)
        return _guarded(lambda: _encoded(Image.fromarray(pixels), ""), "")
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _decoded(bytes(source), "", takes)
    if isinstance(source, str) and "://" in source:
        raise UnreadablePicture(f"{source[:80]} is an address, not a file.")
    if isinstance(source, (str, os.PathLike)):
        path = Path(os.fsdecode(source))
        return _decoded(_file_bytes(path), path.name, takes)
    raise UnreadablePicture(
        f"An image is a path, bytes, a PIL image or a numpy array, not {type(source).__name__}."
    )


def redrawn(picture: Picture, draw: Callable[[Image.Image], Image.Image]) -> Picture:
    """The picture after `draw` has changed it: a JPEG stays one, all else becomes PNG."""
    with Image.open(io.BytesIO(picture.data)) as image:
        kind = "JPEG" if picture.mime == "image/jpeg" else "PNG"
        made = _saved(draw(_opaque(ImageOps.exif_transpose(image))), kind, picture.name)
    return replace(made, origin=picture.origin)


def _pixels(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array as bytes: height by width, or with 3 or 4 channels.

    Raises:
        UnreadablePicture: it has another shape, or numbers that mean nothing.
    """
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))) or not array.size:
        raise UnreadablePicture(
            f"An array must be height x width, with 3 or 4 channels or none; this one is "
            f"{' x '.join(map(str, array.shape)) or 'a single number'}."
        )
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    if array.dtype.kind != "f":
        raise UnreadablePicture(
            f"An array must hold bytes (uint8) from 0 to 255 or floats from 0 to 1, not {array.dtype}."
        )
    low, high = float(array.min()), float(array.max())
    # Not a number is neither.
    if not (low >= 0.0 and high <= 1.0):
        raise UnreadablePicture(f"An array of floats goes from 0 to 1; this one from {low:g} to {high:g}.")
    return np.rint(array * 255.0).astype(np.uint8)


def _file_bytes(path: Path) -> bytes:
    try:
        path = path.expanduser()
        facts = path.stat()
        # A pipe or a device could give bytes for ever.
        wrong = "a folder, not an image" if path.is_dir() else "" if path.is_file() else "no ordinary file"
        if not wrong and facts.st_size > LARGEST_FILE:
            wrong = f"too large for an image: {facts.st_size / 2**20:.0f} MB"
        if not wrong:
            return path.read_bytes()
    except FileNotFoundError:
        raise UnreadablePicture(f"There is no image file {path}.") from None
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error).rstrip(".")
        raise UnreadablePicture(f"{path} can't be read: {reason}.") from None
    raise UnreadablePicture(f"{path} is {wrong}.")


def thumbnail(picture: Picture, width: int = 64, quality: int = 60) -> bytes:
    """A small JPEG of a picture, a kilobyte or two: enough for a blurred backdrop."""
    with Image.open(io.BytesIO(picture.data)) as image:
        small = _opaque(image)
        small.thumbnail((width, width * 4))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _decoded(data: bytes, name: str, takes: Collection[str]) -> Picture:
    if not data:
        raise UnreadablePicture(f"{name or 'The image'} is empty.")
    return _guarded(lambda: _looked_at(data, name, takes), name, data)


def _guarded(work: Callable[[], Picture], name: str, data: bytes = b"") -> Picture:
    """What `work` gives; whatever it stumbles on is said in one sentence."""
    what = name or "The image"
    try:
        with warnings.catch_warnings():
            # Pillow warns of what it forgives, and a notebook would show that.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return work()
    except UnidentifiedImageError:
        raise UnreadablePicture(f"{what} is {_kind(data)}.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnreadablePicture(f"{what} has too many pixels.") from None
    except Exception as error:  # noqa: BLE001  Pillow's readers raise whatever they trip over: struct.error, KeyError
        reason = str(error).rstrip(".") or type(error).__name__
        raise UnreadablePicture(f"{what} is a broken image: {reason}.") from None


def _kind(data: bytes) -> str:
    """What these bytes are that no reader of images knows."""
    head = data[:4096].lstrip()
    if data[4:8] == b"ftyp":
        if data[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis"):
            return "a HEIC or AVIF photo, which can't be read here: save it as JPEG"
        return "a video, not an image: use one of its frames"
    if head.startswith((b"<svg", b"<?xml")) and b"<svg" in head:
        return "a drawing (SVG), not an image: save it as PNG"
    if head.startswith(b"%PDF"):
        return "a PDF, not an image: save the page as PNG"
    return "not an image that can be read"


def _looked_at(data: bytes, name: str, takes: Collection[str]) -> Picture:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        mime = TYPES.get(image.format or "")
        # The second picture of a phone's JPEG is for its own use; an animation is not a still.
        moves = image.format == "WEBP" and getattr(image, "n_frames", 1) > 1
        if mime in takes and not moves and not _is_turned(image) and not _is_transparent(image):
            return _picture(data, str(mime), image.width, image.height, name)
        return _encoded(image, name)


def _encoded(image: Image.Image, name: str) -> Picture:
    # As a PNG a phone's photo would be several times as large, more than providers take.
    kind = "JPEG" if image.format in ("JPEG", "MPO") else "PNG"
    return _saved(_opaque(ImageOps.exif_transpose(image)), kind, name)


def _saved(image: Image.Image, kind: str, name: str) -> Picture:
    out = io.BytesIO()
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    image.save(out, kind, **options)
    return _picture(out.getvalue(), TYPES[kind], image.width, image.height, name)


def _is_turned(image: Image.Image) -> bool:
    return image.getexif().get(ORIENTATION) in range(2, 9)


def _is_transparent(image: Image.Image) -> bool:
    """Whether anything shows through; screenshots have an alpha channel that hides nothing."""
    if not image.has_transparency_data:
        return False
    lowest, _ = image.convert("RGBA").getchannel("A").getextrema()
    return bool(lowest < 255)  # type: ignore[operator]


def _opaque(image: Image.Image) -> Image.Image:
    """Without transparency: a video has none, and what lies under it would surprise."""
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        ground = Image.new("RGB", rgba.size, "white")
        ground.paste(rgba, mask=rgba.getchannel("A"))
        return ground
    return image.convert("RGB")


def _picture(data: bytes, mime: str, width: int, height: int, name: str) -> Picture:
    return Picture(data, mime, width, height, name, hashlib.sha256(data).hexdigest())
