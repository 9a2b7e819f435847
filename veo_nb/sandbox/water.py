"""Water that mirrors what stands above it, moves, and glitters under the sun."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from veo_nb.sandbox.layer import Raster
from veo_nb.sandbox.mood import Light
from veo_nb.sandbox.noise import Array, cloud
from veo_nb.sandbox.stage import Plan


class Water:
    """Paints from the row of the horizon to the picture's lower edge, as it is seen between two moments."""

    def __init__(self, raster: Raster, staged: Plan, horizon: int, span: tuple[float, float]) -> None:
        self.raster = raster
        self.horizon = horizon
        self.ice = staged.snowy and staged.place == "lake"
        # 1 is the open sea, 0 would be a mirror.
        rough = 1.0 if staged.place == "sea" else 0.12 if self.ice else 0.3
        self.rough = rough
        self.rows = raster.height - horizon
        self._waves = [
            Waves(raster, self.rows, staged.seed + 5 + index, speed * raster.unit, span)
            for index, speed in enumerate((0.045, -0.032))
        ]
        down = np.arange(self.rows, dtype=np.float32)
        near = down / max(1, self.rows - 1)
        self._near = near[:, None]
        # What is far up is seen in what is near: the mirror, a little compressed.
        self._mirror = (horizon - 1.0 - down * 0.92)[:, None]
        self._sway = (raster.unit * (0.004 + (0.085 * rough + 0.22 * rough**4) * near**0.9))[:, None]
        across = (
            (np.arange(raster.width, dtype=np.float32)[None, :] / raster.width - staged.sun[0])
            * raster.width
            / raster.unit
        )
        path = 0.05 + 0.22 * near[:, None]
        self._path = np.exp(-((across / path) ** 2)).astype(np.float32) * (0.35 + 0.65 * (1 - near[:, None]))
        self._columns = np.arange(raster.width, dtype=np.intp)[None, :]
        self._own = ((0.08 + 0.5 * self._near**1.3) * (0.55 if self.ice else 1.0)).astype(np.float32)
        lit = np.flatnonzero(self._path.max(axis=0) > 0.02)
        self._lit = slice(int(lit[0]), int(lit[-1]) + 1) if len(lit) else slice(0, 0)
        self._path = np.ascontiguousarray(self._path[:, self._lit])
        shape = (self.rows, raster.width)
        self._upper, self._lower = (np.empty(shape, dtype=np.float32) for _ in range(2))

    def paint(self, out: Array, light: Light, seconds: float) -> None:
        """Paint it at this moment; what it mirrors has been painted above."""
        height, width = self.horizon, self.raster.width
        one, two = (waves.at(seconds) for waves in self._waves)
        glint = (one[:, self._lit] * two[:, self._lit] - np.float32(0.30)) * np.float32(5.0)
        np.clip(glint, 0.0, 1.0, out=glint)
        glint *= self._path
        glint *= np.float32(0.9 * light.disc * (0.35 if self.ice else 1.0))
        wave = np.add(one, two, out=one)
        wave -= np.float32(1.0)
        rows = np.multiply(wave, self._sway, out=two)
        rows += self._mirror
        np.clip(rows, 0.0, height - 1.001, out=rows)
        place = rows.astype(np.intp)
        rows -= place
        place *= width
        place += self._columns
        # Steep towards the viewer, water shows its own colour; flat and far, only the mirror.
        own = (
            light.near * 0.5 + light.zenith * 0.5 if not self.ice else light.mist * 0.6 + light.horizon * 0.4
        )
        shade = np.float32(26.0 * self.rough * (0.25 + 0.75 * light.disc)) * self._near
        for channel in range(out.shape[0]):
            above = out[channel, :height].reshape(-1)
            seen = above.take(place, mode="clip", out=self._upper)
            below = above[width:].take(place, mode="clip", out=self._lower)
            below -= seen
            below *= rows
            seen += below
            np.subtract(self.raster.pick(own)[channel], seen, out=below)
            below *= self._own
            seen += below
            if self.raster.channels.start == 0:
                np.multiply(wave, shade, out=below)
                seen += below
            lit = seen[:, self._lit]
            lit += (self.raster.pick(light.sun)[channel] - lit) * glint
            out[channel, height:] = seen


class Waves:
    """Waves lying flat, seen from the shore: small and dense far off, large near by; 0 to 1, mean a half.

    They move sideways by `speed` pixels a second; `span` is the moments between which they are seen.
    """

    def __init__(self, raster: Raster, rows: int, seed: int, speed: float, span: tuple[float, float]) -> None:
        self.speed = speed
        self.width = raster.width
        offsets = [moment * speed for moment in span]
        self.left = int(np.floor(min(offsets)))
        columns = raster.width + int(np.ceil(abs(offsets[1] - offsets[0]))) + 3
        tile = cloud(1024, 1024, seed, power=1.2, stretch=2.4)
        away = 1.0 / (np.arange(rows, dtype=np.float64) / rows + 0.055)
        x = (self.left + np.arange(columns, dtype=np.float64)[None, :] - raster.width / 2) / raster.unit
        self._strip = _sampled(tile, x * (away * 26.0 + 64.0)[:, None], (away * 190.0)[:, None] + 3.0)

    def at(self, seconds: float) -> Array:
        """The waves in the picture at this moment."""
        offset = seconds * self.speed - self.left
        whole = max(0, min(int(offset), self._strip.shape[1] - self.width - 1))
        left = self._strip[:, whole : whole + self.width]
        right = self._strip[:, whole + 1 : whole + 1 + self.width]
        moved: Array = left + (right - left) * np.float32(offset - whole)
        return moved


def _sampled(tile: Array, x: NDArray[np.float64], y: NDArray[np.float64]) -> Array:
    """A repeating texture at any places."""
    tall, wide = tile.shape
    x, y = np.broadcast_arrays(x, y)
    x0, y0 = np.floor(x).astype(np.int32), np.floor(y).astype(np.int32)
    fx, fy = (x - x0).astype(np.float32), (y - y0).astype(np.float32)
    x0, y0 = x0 % wide, y0 % tall
    x1, y1 = (x0 + 1) % wide, (y0 + 1) % tall
    top = tile[y0, x0] + (tile[y0, x1] - tile[y0, x0]) * fx
    low = tile[y1, x0] + (tile[y1, x1] - tile[y1, x0]) * fx
    sampled: Array = top + (low - top) * fy
    return sampled
