"""Still images as the service takes them: told by content, upright, opaque, PNG or JPEG."""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

KEPT = {"PNG": "image/png", "JPEG": "image/jpeg", "MPO": "image/jpeg"}
"""Formats that every provider takes, sent byte for byte when they are upright and opaque. MPO is a phone's JPEG."""
LARGEST_FILE = 100 * 2**20
"""Bytes; no provider takes as many, so what is larger is not even read."""
ORIENTATION = 0x0112
"""EXIF's tag; 2 to 8 mean turned or mirrored."""


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

    @property
    def suffix(self) -> str:
        """The file name ending that fits the type."""
        return ".png" if self.mime == "image/png" else ".jpg"


def read_picture(source: Any) -> Picture:
    """The picture in a path, in bytes, or in a PIL image.

    The type is told by the content, never by the name. EXIF rotation is applied, and what is transparent gets
    a white ground. A turned JPEG stays JPEG; a format that not every provider takes becomes PNG.

    Raises:
        UnreadablePicture: there is no such file, or it holds no image that Pillow can read.
    """
    if isinstance(source, Picture):
        return source
    if isinstance(source, Image.Image):
        name = Path(str(getattr(source, "filename", "") or "")).name
        return _guarded(lambda: _encoded(source, name), name)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _decoded(bytes(source), "")
    if isinstance(source, str) and "://" in source:
        raise UnreadablePicture(f"{source[:80]} is an address, not a file.")
    if isinstance(source, (str, os.PathLike)):
        path = Path(os.fsdecode(source))
        return _decoded(_file_bytes(path), path.name)
    raise UnreadablePicture(f"An image is a path, bytes or a PIL image, not {type(source).__name__}.")


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


def _decoded(data: bytes, name: str) -> Picture:
    if not data:
        raise UnreadablePicture(f"{name or 'The image'} is empty.")
    return _guarded(lambda: _looked_at(data, name), name)


def _guarded(work: Callable[[], Picture], name: str) -> Picture:
    """What `work` gives; whatever it stumbles on is said in one sentence."""
    what = name or "The image"
    try:
        with warnings.catch_warnings():
            # Pillow warns of what it forgives, and a notebook would show that.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return work()
    except UnidentifiedImageError:
        raise UnreadablePicture(f"{what} is not an image that can be read.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnreadablePicture(f"{what} has too many pixels.") from None
    except Exception as error:  # noqa: BLE001  Pillow's readers raise whatever they trip over: struct.error, KeyError
        reason = str(error).rstrip(".") or type(error).__name__
        raise UnreadablePicture(f"{what} is a broken image: {reason}.") from None


def _looked_at(data: bytes, name: str) -> Picture:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        mime = KEPT.get(image.format or "")
        if mime and not _is_turned(image) and not _is_transparent(image):
            return _picture(data, mime, image.width, image.height, name)
        return _encoded(image, name)


def _encoded(image: Image.Image, name: str) -> Picture:
    # As a PNG a phone's photo would be several times as large, more than providers take.
    as_jpeg = image.format in ("JPEG", "MPO")
    upright = _opaque(ImageOps.exif_transpose(image))
    out = io.BytesIO()
    if as_jpeg:
        upright.save(out, "JPEG", quality=95, subsampling=0)
    else:
        upright.save(out, "PNG")
    mime = "image/jpeg" if as_jpeg else "image/png"
    return _picture(out.getvalue(), mime, upright.width, upright.height, name)


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
