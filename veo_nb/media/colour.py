"""Numbers and colours as a screen has them: 8 bits a channel, sRGB."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image, ImageCms

    Array = np.ndarray[Any, Any]

DEPTHS = (8, 10, 12, 14, 16)
"""Bits of the cameras, scanners and files there are: a camera's 12 bits come in numbers of 16."""
WIDE_DEPTHS = (24, 31, 32)
"""Those that are told only by a number that needs the last bit: what is a little over 16 bits is no such picture."""
SLACK = 0.01
"""How far floats may overshoot 0 and 1, as they do after a resize."""
DEEP_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
ORIENTATION = 0x0112
"""EXIF's tag; 2 to 8 mean turned or mirrored."""
WHITE_IS_ZERO = 262
"""TIFF's tag; 0 where the largest number is black."""

SPACES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK", "LAB": "Lab"}
"""What a profile calls the space of a mode, of those that can be converted."""
BARE = {"RGBA": "RGB", "RGBX": "RGB", "P": "RGB", "PA": "RGB", "LA": "L"}
"""What a mode is without transparency and palette."""


class UnscalableError(ValueError):
    """These numbers mean no brightness; the message says which they are, as the rest of a sentence."""


def scaled(numbers: Array, *, bits: int | None = None) -> NDArray[np.uint8]:
    """Brightness from 0 to 255, of any numbers.

    Whole numbers fill `bits`, or where nobody knows how many these are the fewest of 8, 10, 12, 14 and 16 that hold the
    largest of them; a full 24 or 32 bits as well. So a camera's 12 bits in numbers of 16 are not nearly black. Floats
    go from 0 to 1, or up to 255 where one is above 2. Bytes are what they are, and True is white.

    Raises:
        UnscalableError: they are negative, too large, between 1 and 2, or none at all (NaN).
    """
    # Here and below: 50 ms of `%load_ext`, which needs no picture.
    import numpy as np

    if numbers.dtype == np.uint8:
        return numbers.astype(np.uint8, copy=False)
    if numbers.dtype == np.bool_:
        return np.where(numbers, np.uint8(255), np.uint8(0))
    if numbers.dtype.kind in "iu":
        least, most = int(numbers.min()), int(numbers.max())
        depth = bits or next((depth for depth in DEPTHS if most < 2**depth), most.bit_length())
        if least < 0 or depth not in (*DEPTHS, *WIDE_DEPTHS):
            raise UnscalableError(
                f"whole numbers fill 8, 10, 12, 14, 16, 24 or 32 bits; these go from {least} to {most}"
            )
        return _bytes(numbers * (255.0 / (2**depth - 1)))
    if numbers.dtype.kind != "f":
        raise UnscalableError(f"it holds {numbers.dtype}")
    if not np.isfinite(numbers).all():
        raise UnscalableError("some of its numbers are none (NaN) or infinite")
    low, high = float(numbers.min()), float(numbers.max())
    if low >= -SLACK and high <= 1.0 + SLACK:
        return _bytes(np.clip(numbers, 0.0, 1.0) * 255.0)
    if low < -SLACK * 255 or high > 255.5 or high <= 2.0:
        raise UnscalableError(f"floats go from 0 to 1, or from 0 to 255; these go from {low:g} to {high:g}")
    return _bytes(np.clip(numbers, 0.0, 255.0))


def _bytes(brightness: Array) -> NDArray[np.uint8]:
    import numpy as np

    rounded: NDArray[np.uint8] = np.rint(brightness).astype(np.uint8)
    return rounded


def eight_bits(image: Image.Image) -> Image.Image:
    """The image with 8 bits a channel: grey numbers of 16 and 32 bits, and floats, are scaled; all others are.

    The 16 bits of a PNG are 16, as its description says; of anything else see `scaled`.

    Raises:
        UnscalableError: its numbers mean no brightness.
    """
    from PIL import Image

    if image.mode not in DEEP_MODES:
        return image
    import numpy as np

    numbers = np.asarray(image)
    if image.mode == "F" and numbers.size and numbers.min() >= 0 and 2.0 < numbers.max() <= 255:
        # As ever: a clip that was made of it is found by its bytes.
        return image.convert("L")
    bits = 16 if image.format == "PNG" else None
    shown = scaled(numbers, bits=bits)
    if getattr(image, "tag_v2", {}).get(WHITE_IS_ZERO) == 0:
        shown = 255 - shown
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        shown = np.where(numbers == clear, np.uint8(255), shown)
    flat = Image.fromarray(shown)
    flat.info = {name: value for name, value in image.info.items() if name != "transparency"}
    flat.getexif()[ORIENTATION] = image.getexif().get(ORIENTATION, 1)
    return flat


def is_foreign(profile: bytes, mode: str) -> bool:
    """Whether these are the colours of an image of this mode, and other ones than sRGB's."""
    opened = _opened(profile)
    return opened is not None and _space(opened) == SPACES.get(BARE.get(mode, mode)) and not _is_srgb(opened)


def in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The image in sRGB, by its profile; as it is where it has none, a broken one or one of another mode."""
    from PIL import ImageCms

    opened = _opened(profile or b"")
    if image.mode == "LAB":
        opened = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    if opened is None or _space(opened) != SPACES.get(image.mode) or _is_srgb(opened):
        return image
    try:
        made = ImageCms.profileToProfile(
            image,
            opened,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    assert made is not None, "it is not done in place"
    made.info.pop("icc_profile", None)
    return made


def _opened(profile: bytes) -> ImageCms.ImageCmsProfile | None:
    from PIL import ImageCms

    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(profile)) if profile else None
    except (OSError, ValueError, TypeError):
        return None


def _space(profile: ImageCms.ImageCmsProfile) -> str:
    return str(profile.profile.xcolor_space).strip()


def _is_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    from PIL import ImageCms

    try:
        return "srgb" in ImageCms.getProfileDescription(profile).lower()
    except ImageCms.PyCMSError:
        return False
