"""What moves in the air: snow, rain, sparks, fireflies, dust, birds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from veo_nb.sandbox.layer import Raster
from veo_nb.sandbox.mood import Light, colour
from veo_nb.sandbox.noise import Array, dice

Places = NDArray[np.float64]
WARM = colour(255, 176, 84)
GREEN = colour(214, 240, 120)


@dataclass(frozen=True)
class Air:
    """What is painted into, and when."""

    out: Array
    light: Light
    seconds: float
    strength: float


class Weather:
    """Paints the air of one kind of weather; every speck's place is a function of time."""

    def __init__(self, raster: Raster, seed: int, kind: str) -> None:
        self.raster = raster
        self.kind = kind
        lot = dice(seed, "weather", kind)
        count = {"snow": 170, "rain": 190, "embers": 90, "fireflies": 40, "dust": 60, "birds": 9}.get(kind, 0)
        self.count = count
        self.x, self.y, self.phase, self.depth = (lot.random(count) for _ in range(4))
        self.wide = raster.width / raster.unit
        self.tall = raster.height / raster.unit

    def paint(self, out: Array, light: Light, seconds: float, strength: float = 1.0) -> None:
        """Paint it at this moment."""
        if self.count and strength > 0.01:
            getattr(self, f"_{self.kind}")(Air(out, light, seconds, strength))

    def _snow(self, air: Air) -> None:
        white = air.light.mist * 0.35 + colour(255, 255, 255) * (0.25 + 0.4 * air.light.mist[0] / 219.0)
        near = self.depth**3
        fall = (self.y * 1.2 + air.seconds * (0.05 + 0.14 * near)) % 1.2 - 0.1
        sway = 0.02 * np.sin(air.seconds * (0.5 + self.phase) + self.phase * 40.0)
        along = (self.x * 1.2 + air.seconds * (0.012 + 0.05 * near) + sway) % 1.2 - 0.1
        self._specks(air, along, fall, 0.0016 + 0.0075 * near, (white, air.strength * (0.75 - 0.45 * near)))

    def _dust(self, air: Air) -> None:
        near, phase = self.depth**3, self.phase
        up = (
            self.y - 0.012 * air.seconds * (0.5 + phase) + 0.012 * np.sin(air.seconds * 0.6 + 30 * phase)
        ) % 1.1 - 0.05
        along = (
            self.x + 0.016 * air.seconds * (0.5 + near) + 0.01 * np.sin(air.seconds * 0.43 + 50 * phase)
        ) % 1.1 - 0.05
        shine = 0.5 + 0.5 * np.sin(air.seconds * (0.7 + phase) + 60 * phase)
        amount = air.strength * shine * (0.42 - 0.28 * near)
        self._specks(air, along, up, 0.0018 + 0.009 * near, (air.light.sun, amount))

    def _embers(self, air: Air) -> None:
        phase = self.phase
        rise = 1.05 - (self.y * 1.1 + air.seconds * (0.05 + 0.16 * self.depth)) % 1.1
        sway = 0.03 * np.sin(air.seconds * (0.8 + phase) + 30 * phase + rise * 7)
        along = (self.x + sway + 0.012 * air.seconds) % 1.1 - 0.05
        flicker = 0.6 + 0.4 * np.sin(air.seconds * (5 + 6 * phase) + 80 * phase)
        cool = np.clip(rise * 1.3, 0.0, 1.0)
        amount = air.strength * flicker * cool
        self._specks(air, along, rise, 0.0016 + 0.004 * self.depth**3, (WARM, amount), add=True)

    def _fireflies(self, air: Air) -> None:
        phase = self.phase
        sway = 0.03 * np.sin(air.seconds * 0.31 + 40 * phase) + 0.014 * np.sin(air.seconds * 0.83 + 9 * phase)
        along = (self.x + sway) % 1.0
        low = 0.5 + 0.46 * self.y + 0.02 * np.sin(air.seconds * 0.57 + 70 * phase)
        pulse = np.clip(np.sin(air.seconds * (1.0 + 1.2 * phase) + 90 * phase), 0.0, None) ** 2
        size = 0.0022 + 0.003 * self.depth
        self._specks(air, along, low, size, (GREEN, air.strength * pulse), add=True)
        self._specks(air, along, low, size * 5.5, (GREEN, air.strength * pulse * 0.16), add=True)

    def _birds(self, air: Air) -> None:
        unit = self.raster.unit
        ink = air.light.near * 0.8 + air.light.far * 0.2
        for x, y, phase, depth in zip(self.x, self.y, self.phase, self.depth, strict=True):
            size = unit * (0.008 + 0.007 * depth)
            along = (
                (0.1 + 0.35 * x + air.seconds * (0.018 + 0.004 * depth)) % 1.3 - 0.15
            ) * self.raster.width
            up = (0.16 + 0.17 * y + 0.008 * np.sin(air.seconds * 0.9 + 20 * phase)) * self.raster.height
            beat = np.sin(air.seconds * (6.0 + 2.0 * phase) + 50 * phase) * (
                0.5 + 0.5 * np.sin(air.seconds * 0.7 + 9 * phase)
            )
            self._wings(air, (along, up), size, float(beat), ink)

    def _wings(self, air: Air, at: tuple[float, float], size: float, beat: float, ink: Array) -> None:
        """A bird far off: two wings bent at the wrist."""
        x, y = at
        reach = int(size * 2.2) + 2
        x0, x1 = max(0, int(x) - reach), min(air.out.shape[2], int(x) + reach + 1)
        y0, y1 = max(0, int(y) - reach), min(air.out.shape[1], int(y) + reach + 1)
        if x0 >= x1 or y0 >= y1:
            return
        across = np.abs((np.arange(x0, x1) - x) / size)[None, :]
        down = ((np.arange(y0, y1) - y) / size)[:, None]
        line = -0.55 * (0.35 + 0.5 * beat) * np.sin(np.clip(across / 1.5, 0, 1.4) * 1.9)
        thick = np.clip(0.17 * (1.0 - across / 1.6), 0.0, None) + 0.10 * np.exp(-((across / 0.2) ** 2))
        cover = np.clip((thick - np.abs(down - line)) * size + 0.5, 0.0, 1.0) * (across < 1.6) * air.strength
        spot = air.out[:, y0:y1, x0:x1]
        spot += (self.raster.pick(ink) - spot) * cover.astype(np.float32)

    def _rain(self, air: Air) -> None:
        if self.raster.channels.start:
            return  # streaks of light, not of hue
        unit = self.raster.unit
        shade = self.raster.pick(air.light.mist)
        for x, y, depth in zip(self.x, self.y, self.depth, strict=True):
            speed = 1.3 + 1.2 * depth
            fall = ((y * 1.3 + air.seconds * speed * 0.75) % 1.3 - 0.2) * self.raster.height
            along = ((x * 1.2 + 0.08 * air.seconds * speed) % 1.2 - 0.1) * self.raster.width
            long = unit * (0.03 + 0.05 * depth)
            half = unit * (0.0006 + 0.0008 * depth)
            x0, x1 = max(0, int(along) - 6), min(air.out.shape[2], int(along) + 8)
            y0, y1 = max(0, int(fall)), min(air.out.shape[1], int(fall + long))
            if x0 >= x1 or y0 >= y1:
                continue
            down = (np.arange(y0, y1) - fall)[:, None]
            slant = along + down * 0.08
            away = np.abs(np.arange(x0, x1)[None, :] - slant)
            cover = np.clip(half + 0.5 - away, 0.0, 1.0) * np.sin(np.pi * np.clip(down / long, 0, 1))
            spot = air.out[:, y0:y1, x0:x1]
            spot += (shade - spot) * (cover * air.strength * (0.16 + 0.2 * depth)).astype(np.float32)

    def _specks(
        self, air: Air, x: Places, y: Places, sizes: Places, tint: tuple[Array, Places], *, add: bool = False
    ) -> None:
        """Soft round specks; x and y from 0 to 1 of the picture, sizes in units; their colour and how much of it."""
        out, (shade, strengths) = air.out, tint
        unit = self.raster.unit
        radius = np.maximum(0.6, sizes * unit)
        # What is smaller than a pixel is dimmer, not larger.
        strengths = strengths * np.minimum(1.0, (sizes * unit / radius) ** 2)
        seen = strengths > 0.01
        if not add and self.raster.channels.start:
            seen &= sizes >= 0.004  # smaller ones show no hue
        px, py, radius, strengths = (
            item[seen] for item in (x * self.raster.width, y * self.raster.height, radius, strengths)
        )
        if not len(px):
            return
        reach = (radius * 2.3).astype(np.int64) + 1
        far = int(reach.max())
        steps = np.arange(-far, far + 2)
        left, top = np.floor(px).astype(np.int64), np.floor(py).astype(np.int64)
        across = np.exp(-(((steps - (px - left)[:, None]) / radius[:, None]) ** 2)).astype(np.float32)
        down = np.exp(-(((steps - (py - top)[:, None]) / radius[:, None]) ** 2)) * strengths[:, None]
        down = down.astype(np.float32)
        paint = self.raster.pick(shade)
        height, width = out.shape[1:]
        for index, (column, row, around) in enumerate(
            zip(left.tolist(), top.tolist(), reach.tolist(), strict=True)
        ):
            x0, x1 = max(0, column - around), min(width, column + around + 2)
            y0, y1 = max(0, row - around), min(height, row + around + 2)
            if x0 >= x1 or y0 >= y1:
                continue
            tall = down[index, y0 - row + far : y1 - row + far, None]
            cover = tall * across[index, x0 - column + far : x1 - column + far]
            spot = out[:, y0:y1, x0:x1]
            spot += paint * cover if add else (paint - spot) * cover
