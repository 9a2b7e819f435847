"""The shape of a picture: what it is called, whether it is a clip's, and how it is made so."""

from __future__ import annotations

from typing import Literal

from veo_nb.media.picture import Picture, redrawn

Fit = Literal["crop", "pad"]

USUAL = ("1:1", "5:4", "4:3", "3:2", "16:10", "16:9", "2:1", "21:9")
"""Shapes that have a name people know, wide ones; upright they are turned around."""
NEAR = 0.02
"""How far a shape may be from a usual one to be called by its name, as a share."""


def ratio_of(shape: str) -> float:
    """Width by height of a shape such as `16:9`."""
    width, height = shape.split(":")
    return int(width) / int(height)


def frame_of(shape: str) -> Literal["16:9", "9:16"]:
    """The frame that a clip of this shape is shown in: an upright one or a wide one."""
    return "9:16" if ratio_of(shape) < 1 else "16:9"


def shape_name(width: int, height: int) -> str:
    """What a person calls this shape: `3:2`, `9:16`, or `640x150` where there is no name for it."""
    for usual in USUAL:
        for name in (usual, ":".join(reversed(usual.split(":")))):
            if deviation(width, height, name) <= NEAR:
                return name
    return f"{width}x{height}"


def deviation(width: int, height: int, shape: str) -> float:
    """How far a picture is from this shape, as a share: 0.0 where it is just so."""
    ratio = (width / height) / ratio_of(shape)
    return max(ratio, 1 / ratio) - 1


def turned_away(width: int, height: int, shape: str) -> bool:
    """Whether one is upright and the other wide: more would be cut off than is kept."""
    return (width - height) * (ratio_of(shape) - 1) < 0


def fitted(picture: Picture, shape: str, fit: Fit) -> Picture:
    """The picture in this shape: `crop` keeps the middle of it, `pad` adds borders of its own blurred picture."""
    from PIL import Image, ImageFilter

    def crop(image: Image.Image) -> Image.Image:
        return image.crop(_middle(image.size, shape))

    def pad(image: Image.Image) -> Image.Image:
        ratio = ratio_of(shape)
        wide = image.width / image.height > ratio
        width = image.width if wide else round(image.height * ratio)
        height = round(image.width / ratio) if wide else image.height
        # Blurred while it is small: that takes a moment, and shows no difference.
        small = (max(1, round(64 * ratio)), 64)
        ground = image.crop(_middle(image.size, shape)).resize(small, Image.Resampling.BOX)
        ground = ground.filter(ImageFilter.GaussianBlur(3)).resize((width, height), Image.Resampling.BICUBIC)
        ground.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
        return ground

    return redrawn(picture, crop if fit == "crop" else pad)


def _middle(size: tuple[int, int], shape: str) -> tuple[int, int, int, int]:
    """The largest box of this shape in the middle of a picture."""
    width, height = size
    ratio = ratio_of(shape)
    inner_width = min(width, max(1, round(height * ratio)))
    inner_height = min(height, max(1, round(width / ratio)))
    left, top = (width - inner_width) // 2, (height - inner_height) // 2
    return left, top, left + inner_width, top + inner_height
