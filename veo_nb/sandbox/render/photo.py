"""Pictures that were sent: one under a moving camera, or references that hang in a landscape."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageFilter

from veo_nb.sandbox.reading import Light, colour, pace
from veo_nb.sandbox.render.shapes import Array
from veo_nb.sandbox.render.stage import Bytes, Raster, halved, lay

RATE = 0.0165
"""How much larger the picture gets in a second, as a share."""
SETTLE = 1.6
"""Seconds in which the camera comes up to speed and to rest."""
TURN = 24.0
"""Seconds after which it comes back: an extended shot never ends on a few pixels."""
ROOM = 1.3
"""Pixels kept for each one shown, so that pushing in finds detail."""
EDGE = 8
"""Pixels of nothing around a reference, so that it can be moved by fractions of one."""
WEIGHTS = np.stack([colour(255, 0, 0), colour(0, 255, 0), colour(0, 0, 255)], axis=1) / np.float32(255.0)
"""How much of red, green and blue is in luma and in the two colour planes."""


class Photo:
    """One photograph under a moving camera that starts on the whole picture, at rest, and pushes in smoothly.

    Where it goes the prompt says; else to what stands out. At 0 seconds the view is the picture itself, cut to the
    shape of the clip from its middle.
    """

    def __init__(self, image: Image.Image, width: int, height: int, text: str = "") -> None:
        self.width, self.height = width, height
        image = _fitted(image, width, height)
        self.rate = RATE * pace(text)
        self.focus = _focus(image, text)
        self.size = image.size
        rgb = np.asarray(image, dtype=np.float32)
        self._luma, *chroma = (
            Image.fromarray((rgb @ weights + np.float32(offset)).astype(np.uint8))
            for weights, offset in zip(WEIGHTS, (16.5, 128.5, 128.5), strict=True)
        )
        half = (max(1, image.width // 2), max(1, image.height // 2))
        self._chroma = [plane.resize(half, Image.Resampling.BOX) for plane in chroma]

    def view(self, seconds: float) -> tuple[Bytes, Bytes]:
        """Luma, (1, height, width), and the colour planes, (2, height / 2, width / 2), at this moment."""
        box = self.box(seconds)
        luma = self._cut(self._luma, box, 1.0, Image.Resampling.BICUBIC)
        scale = (self._chroma[0].width / self.size[0], self._chroma[0].height / self.size[1])
        small = tuple(edge * scale[index % 2] for index, edge in enumerate(box))
        chroma = [self._cut(plane, small, 0.5, Image.Resampling.BILINEAR) for plane in self._chroma]
        return luma[None], np.stack(chroma)

    def box(self, seconds: float) -> tuple[float, ...]:
        """What the camera sees, in pixels of the picture: left, top, right, lower."""
        seen = min(self.size[0] / self.width, self.size[1] / self.height)
        half = (seen * self.width / 2, seen * self.height / 2)
        closer = math.exp(-self.rate * way(seconds))
        edges = []
        for side in (-1, 1):
            for long, reach, at in zip(self.size, half, self.focus, strict=True):
                edge = at * long + (long / 2 + side * reach - at * long) * closer
                edges.append(min(float(long), max(0.0, edge)))
        return tuple(edges)

    def _cut(
        self, plane: Image.Image, box: tuple[float, ...], scale: float, resampling: Image.Resampling
    ) -> Bytes:
        size = (round(self.width * scale), round(self.height * scale))
        edges = (box[0], box[1], min(box[2], plane.width), min(box[3], plane.height))
        return np.asarray(plane.resize(size, resampling, box=edges))


def way(seconds: float) -> float:
    """How far the camera has come, in seconds at full speed: from rest, to and fro, without a jerk."""
    phase = seconds % (2 * TURN)
    phase = min(phase, 2 * TURN - phase)
    if phase < SETTLE:
        return phase * phase / (2 * SETTLE)
    if phase < TURN - SETTLE:
        return phase - SETTLE / 2
    return TURN - SETTLE - (TURN - phase) ** 2 / (2 * SETTLE)


def grade(planes: tuple[Bytes, Bytes], light: Light, part: float) -> tuple[Bytes, Bytes]:
    """A picture `part` of the way into another light: as dark as its air, and in its hue."""
    dim = np.float32(1.0 - 0.75 * part * max(0.0, 1.0 - float(light.mist[0]) / 190.0))
    luma = np.clip((planes[0] - np.float32(16.0)) * dim, 0.0, 219.0)
    chroma = (planes[1] - np.float32(128.0)) * (dim * np.float32(1.0 - 0.25 * part))
    # A hue shows where there is light to carry it.
    chroma += luma[:, ::2, ::2] * np.float32(part / 150.0) * light.mist[1:, None, None]
    chroma = np.clip(chroma, -112.0, 112.0)
    return (luma + np.float32(16.5)).astype(np.uint8), (chroma + np.float32(128.5)).astype(np.uint8)


def _fitted(image: Image.Image, width: int, height: int) -> Image.Image:
    """The picture at a size that suits the clip: large ones made smaller, small ones made larger and soft."""
    image = image.convert("RGB")
    scale = max(width / image.width, height / image.height)
    wanted = scale * ROOM if scale * ROOM < 1.0 else max(1.0, scale)
    if wanted == 1.0:
        return image
    size = (max(width, round(image.width * wanted)), max(height, round(image.height * wanted)))
    if wanted > 1.2:
        # Blocks of a small JPEG would grow into tiles: smooth them before, as little as will do.
        image = image.filter(ImageFilter.GaussianBlur(min(0.9, 0.22 * wanted)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _focus(image: Image.Image, text: str) -> tuple[float, float]:
    """Where the camera goes: where the prompt says, else to what stands out."""
    small = image.resize((96, max(2, round(96 * image.height / image.width))), Image.Resampling.BOX)
    field = np.asarray(small, dtype=np.float32)
    rough = np.zeros(field.shape[:2], dtype=np.float32)
    for axis in (0, 1):
        rough += np.abs(np.gradient(field, axis=axis)).sum(axis=2)
    sharp = np.clip(rough * (255.0 / max(1.0, float(rough.max()))), 0, 255).astype(np.uint8)
    spread = Image.fromarray(sharp).filter(ImageFilter.BoxBlur(6))
    x = (np.arange(small.width) + 0.5)[None, :] / small.width
    y = (np.arange(small.height) + 0.5)[:, None] / small.height
    weight = np.asarray(spread, dtype=np.float32) * np.exp(-(((x - 0.5) / 0.3) ** 2) - ((y - 0.5) / 0.3) ** 2)
    weight = np.clip(weight - np.percentile(weight, 85), 0.0, None) + 1e-6
    across, down = (float((part * weight).sum() / weight.sum()) for part in (x, y))
    words = text.lower()
    for word, at in (("left", 0.05), ("right", 0.95)):
        if re.search(rf"\bpan(s|ning)? {word}\b", words):
            across = at
    for word, at in (("tilt up", 0.05), ("crane up", 0.05), ("tilt down", 0.95)):
        if re.search(rf"\b{word}\b", words):
            down = at
    return across, down


@dataclass
class Reference:
    """A picture that hangs soft-edged in the air over the horizon, like a memory."""

    planes: Array
    """(3, rows, columns), in the colours of a painter."""
    cover: Array
    """How much of it covers what is behind."""
    left: float
    """Pixels from the picture's left edge at 0 seconds."""
    top: float
    turn: float
    """Where it is in its slow rise and fall, in radians."""

    def halved(self) -> Reference:
        """The same for planes of half the size."""
        planes, cover = halved(self.planes), halved(self.cover)
        return replace(self, planes=planes, cover=cover, left=self.left / 2, top=self.top / 2)

    def paint(self, out: Bytes, raster: Raster, light: Light, seconds: float) -> None:
        """Paint it as it hangs at this moment."""
        left = self.left - 0.006 * raster.unit * seconds
        top = self.top + 0.012 * raster.unit * float(np.sin(seconds * 0.5 + self.turn))
        rows, columns = self.cover.shape[0] - 1, self.cover.shape[1] - 1
        x, y = int(np.floor(left)), int(np.floor(top))
        moved = (np.float32(left - x), np.float32(top - y))
        x0, x1, y0, y1 = max(0, x), min(out.shape[2], x + columns), max(0, y), min(out.shape[1], y + rows)
        if x0 >= x1 or y0 >= y1:
            return
        part = (slice(y0 - y, y1 - y), slice(x0 - x, x1 - x))
        # A breath of the air between, so that it belongs to the place.
        seen = _moved(self.planes[raster.channels], part, *moved) * np.float32(0.86)
        seen += raster.pick(light.mist) * np.float32(0.14) + raster.zero
        cover = _moved(self.cover, part, *moved) * np.float32(0.92)
        keep = (256.5 - 256.0 * cover).astype(np.uint16)
        lay(out[:, y0:y1, x0:x1], keep, (seen * cover + 0.5).astype(np.uint8))


def hang(pictures: Sequence[Image.Image], horizon: float, raster: Raster) -> list[Reference]:
    """Up to three pictures side by side over the horizon."""
    references = []
    high = horizon * raster.height * 0.66
    wide = raster.width * (0.52 if len(pictures) == 1 else 0.84 / max(1, len(pictures)))
    for index, picture in enumerate(pictures):
        scale = min(high / picture.height, wide / picture.width)
        size = (max(16, round(picture.width * scale)), max(16, round(picture.height * scale)))
        small = np.asarray(picture.convert("RGB").resize(size, Image.Resampling.LANCZOS), dtype=np.float32)
        planes = np.ascontiguousarray(np.moveaxis(small @ WEIGHTS.T, 2, 0))
        middle = (index + 1.0) / (len(pictures) + 1.0) * raster.width
        references.append(
            Reference(
                np.pad(planes, ((0, 0), (EDGE, EDGE), (EDGE, EDGE)), mode="edge"),
                np.pad(_cover(small), EDGE),
                middle - size[0] / 2 - EDGE,
                horizon * raster.height * 0.5 - size[1] / 2 - EDGE,
                index * 2.1,
            )
        )
    return references


def _cover(rgb: Array) -> Array:
    """How much of a picture is kept: a thing on an even ground without that ground, else all but soft edges."""
    rows, columns = rgb.shape[:2]
    edge = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
    ground = np.median(edge, axis=0)
    if np.percentile(np.abs(edge - ground).max(axis=1), 90) < 14.0:
        away = np.abs(rgb - ground).max(axis=2)
        mask = Image.fromarray((np.clip((away - 10.0) / 22.0, 0.0, 1.0) * 255).astype(np.uint8))
        soft = mask.filter(ImageFilter.GaussianBlur(max(0.6, rows / 400)))
        kept: Array = np.asarray(soft, dtype=np.float32) / np.float32(255.0)
        return kept
    across = np.linspace(-1.0, 1.0, columns, dtype=np.float32)[None, :]
    down = np.linspace(-1.0, 1.0, rows, dtype=np.float32)[:, None]
    part = np.clip((1.0 - (across**4 + down**4) ** 0.25) / 0.3, 0.0, 1.0)
    eased: Array = part * part * (3.0 - 2.0 * part)
    return eased


def _moved(planes: Array, part: tuple[slice, slice], across: np.float32, down: np.float32) -> Array:
    """A part of some planes, moved to the right and down by fractions of a pixel."""
    rows, columns = part
    below, after = slice(rows.start + 1, rows.stop + 1), slice(columns.start + 1, columns.stop + 1)
    upper = planes[..., rows, after] * (1 - across) + planes[..., rows, columns] * across
    lower = planes[..., below, after] * (1 - across) + planes[..., below, columns] * across
    moved: Array = (lower * (1 - down) + upper * down).astype(np.float32, copy=False)
    return moved
