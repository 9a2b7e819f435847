"""Still images as the service takes them: told by content, upright, PNG, JPEG or WebP."""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

KEPT = {"PNG": "image/png", "JPEG": "image/jpeg"}
"""Formats that every provider takes, sent byte for byte when they are upright."""


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

    The type is told by the content, never by the name. EXIF rotation is applied; a format that not every
    provider takes becomes PNG.

    Raises:
        UnreadablePicture: there is no such file, or it holds no image that Pillow can read.
    """
    if isinstance(source, Picture):
        return source
    if isinstance(source, Image.Image):
        return _encoded(source, str(getattr(source, "filename", "") or ""))
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _decoded(bytes(source), "")
    if isinstance(source, (str, os.PathLike)):
        path = Path(source).expanduser()
        try:
            data = path.read_bytes()
        except IsADirectoryError:
            raise UnreadablePicture(f"{path} is a folder, not an image.") from None
        except FileNotFoundError:
            raise UnreadablePicture(f"There is no image file {path}.") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UnreadablePicture(f"{path} can't be read: {reason}.") from None
        return _decoded(data, path.name)
    raise UnreadablePicture(f"An image is a path, bytes or a PIL image, not {type(source).__name__}.")


def thumbnail(picture: Picture, width: int = 64, quality: int = 60) -> bytes:
    """A small JPEG of a picture, a kilobyte or two: enough for a blurred backdrop."""
    with Image.open(io.BytesIO(picture.data)) as image:
        small = _opaque(image)
        small.thumbnail((width, width * 4))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _decoded(data: bytes, name: str) -> Picture:
    what = name or "The image"
    if not data:
        raise UnreadablePicture(f"{what} is empty.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as image:
                image.load()
                turned = image.getexif().get(0x0112, 1) != 1
                if image.format in KEPT and not turned:
                    return _picture(data, KEPT[image.format], image.width, image.height, name)
                return _encoded(ImageOps.exif_transpose(image), name)
    except UnidentifiedImageError:
        raise UnreadablePicture(f"{what} is not an image that can be read.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnreadablePicture(f"{what} has too many pixels.") from None
    except (OSError, ValueError, SyntaxError, EOFError, IndexError) as error:
        raise UnreadablePicture(f"{what} is a broken image: {str(error).rstrip('.')}.") from None


def _encoded(image: Image.Image, name: str) -> Picture:
    out = io.BytesIO()
    _opaque(image).save(out, "PNG")
    return _picture(out.getvalue(), "image/png", image.width, image.height, Path(name).name)


def _opaque(image: Image.Image) -> Image.Image:
    """Without transparency: a video has none, and what lies under it would surprise."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        ground = Image.new("RGB", rgba.size, "white")
        ground.paste(rgba, mask=rgba.getchannel("A"))
        return ground
    return image.convert("RGB")


def _picture(data: bytes, mime: str, width: int, height: int, name: str) -> Picture:
    return Picture(data, mime, width, height, name, hashlib.sha256(data).hexdigest())
