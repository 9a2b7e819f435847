"""Reference pictures in a landscape: soft-edged sights that hang in the air over the horizon, like a memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageFilter

from veo_nb.sandbox.layer import Raster
from veo_nb.sandbox.mood import Light, colour
from veo_nb.sandbox.noise import Array
from veo_nb.sandbox.stage import Plan

EDGE = 8
"""Pixels of nothing around a picture, so that it can be moved by fractions of one."""


@dataclass
class Keepsake:
    """One picture, in the colours of a painter, with how much of it covers what is behind."""

    planes: Array
    """(3, rows, columns)."""
    cover: Array
    left: float
    """Pixels from the picture's left edge at 0 seconds."""
    top: float
    turn: float
    """Where it is in its slow rise and fall, in radians."""

    def halved(self) -> Keepsake:
        """The same for planes of half the size."""
        shape = (self.cover.shape[0] // 2, self.cover.shape[1] // 2)
        cover = self.cover[: shape[0] * 2, : shape[1] * 2].reshape(shape[0], 2, shape[1], 2).mean(axis=(1, 3))
        planes = self.planes[:, : shape[0] * 2, : shape[1] * 2]
        planes = planes.reshape(3, shape[0], 2, shape[1], 2).mean(axis=(2, 4))
        return replace(self, planes=planes, cover=cover, left=self.left / 2, top=self.top / 2)

    def paint(self, out: Array, raster: Raster, light: Light, seconds: float) -> None:
        """Paint it as it hangs at this moment."""
        left = self.left - 0.006 * raster.unit * seconds
        top = self.top + 0.012 * raster.unit * float(np.sin(seconds * 0.5 + self.turn))
        rows, columns = self.cover.shape[0] - 1, self.cover.shape[1] - 1
        x, y = int(np.floor(left)), int(np.floor(top))
        across, down = np.float32(left - x), np.float32(top - y)
        x0, x1, y0, y1 = max(0, x), min(out.shape[2], x + columns), max(0, y), min(out.shape[1], y + rows)
        if x0 >= x1 or y0 >= y1:
            return
        part = (slice(y0 - y, y1 - y), slice(x0 - x, x1 - x))
        cover = _moved(self.cover, part, across, down) * np.float32(0.92)
        spot = out[:, y0:y1, x0:x1]
        tint = raster.pick(light.mist)
        for channel, plane in enumerate(self.planes[raster.channels]):
            # A breath of the air between, so that it belongs to the place.
            seen = _moved(plane, part, across, down)
            seen = seen * np.float32(0.86) + tint[channel] * np.float32(0.14)
            spot[channel] += (seen - spot[channel]) * cover


def hang(pictures: Sequence[Image.Image], staged: Plan, raster: Raster) -> list[Keepsake]:
    """Up to three pictures side by side over the horizon."""
    sights = []
    high = staged.horizon * raster.height * 0.66
    wide = raster.width * (0.52 if len(pictures) == 1 else 0.84 / max(1, len(pictures)))
    for index, picture in enumerate(pictures):
        scale = min(high / picture.height, wide / picture.width)
        size = (max(16, round(picture.width * scale)), max(16, round(picture.height * scale)))
        small = np.asarray(picture.convert("RGB").resize(size, Image.Resampling.LANCZOS), dtype=np.float32)
        cover = _cover(small)
        middle = (index + 1.0) / (len(pictures) + 1.0) * raster.width
        sights.append(
            Keepsake(
                np.pad(_painted(small), ((0, 0), (EDGE, EDGE), (EDGE, EDGE)), mode="edge"),
                np.pad(cover, EDGE),
                middle - size[0] / 2 - EDGE,
                staged.horizon * raster.height * 0.5 - size[1] / 2 - EDGE,
                index * 2.1,
            )
        )
    return sights


def _painted(rgb: Array) -> Array:
    weights = np.stack([colour(255, 0, 0), colour(0, 255, 0), colour(0, 0, 255)], axis=1) / np.float32(255.0)
    return np.ascontiguousarray(np.moveaxis(rgb @ weights.T, 2, 0))


def _cover(rgb: Array) -> Array:
    """How much of a picture is kept: a thing on an even ground without that ground, else all but soft edges."""
    rows, columns = rgb.shape[:2]
    border = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
    ground = np.median(border, axis=0)
    if np.percentile(np.abs(border - ground).max(axis=1), 90) < 14.0:
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


def _moved(field: Array, part: tuple[slice, slice], across: np.float32, down: np.float32) -> Array:
    """A part of a field, moved to the right and down by fractions of a pixel."""
    rows, columns = part
    after = slice(rows.start + 1, rows.stop + 1), slice(columns.start + 1, columns.stop + 1)
    upper = field[rows, after[1]] * (1 - across) + field[rows, columns] * across
    lower = field[after[0], after[1]] * (1 - across) + field[after[0], columns] * across
    moved: Array = lower * (1 - down) + upper * down
    return moved
