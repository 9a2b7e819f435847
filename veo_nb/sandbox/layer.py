"""One layer of a landscape: a strip of the world that slides past at its own speed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from veo_nb.sandbox.mood import Colour, Light
from veo_nb.sandbox.noise import Array


@dataclass(frozen=True)
class Raster:
    """A picture's planes that are painted together: luma at full size, or both colour planes at half."""

    width: int
    height: int
    channels: slice
    unit: float
    """Pixels to the unit in which scenes are measured: the short side."""

    def pick(self, shade: Colour) -> Array:
        """A colour's part for these planes, to be spread over rows and columns."""
        return shade[self.channels][:, None, None]


@dataclass
class Layer:
    """Coverage that is painted in a colour, from `top` downwards; all below the strip is covered."""

    cover: Array
    """(rows, columns), 0 to 1, wider than the picture by what slides in."""
    top: int
    """The picture's row of the strip's first."""
    speed: float
    """Pixels a second to the left."""
    left: int
    """The world's pixel of the first column."""
    shade: Callable[[Light, float], Colour]
    """The colour at a height: 0 at the top of the strip, 1 at its lower end."""
    solid: bool = True
    """Whether the layer fills what is below the strip."""
    misty: bool = False
    """Whether it is thin in clear air."""
    relief: Array | None = None
    """Light and shadow on it, -1 to 1, like `cover`. Only luma has it: eyes see form by light, not by hue."""
    glow: Array | None = None
    """Lamps on it, 0 to 1, like `cover`."""
    _spare: dict[str, Array] = field(default_factory=dict)

    def halved(self) -> Layer:
        """The same layer for planes of half the size. Its sizes and places must be even."""
        return replace(
            self,
            cover=_halved(self.cover),
            top=self.top // 2,
            speed=self.speed / 2,
            left=self.left // 2,
            relief=None,
            glow=None if self.glow is None else _halved(self.glow),
            _spare={},
        )

    def paint(self, out: Array, raster: Raster, light: Light, seconds: float) -> None:
        """Paint it as it stands at this moment. `out` is (channels, height, width)."""
        rows = min(self.cover.shape[0], raster.height - self.top)
        ramp = self._ramp(raster, light, rows)
        at = seconds * self.speed - self.left
        whole = max(0, min(int(np.floor(at)), self.cover.shape[1] - raster.width - 1))
        part = np.float32(at - whole)
        for first, last in self._pieces:
            left, right = max(0, first - whole), min(raster.width, last - whole)
            if left < right:
                band = out[:, self.top : self.top + rows, left:right]
                self._paint_piece(band, ramp, light, whole + left, part)
                if self.glow is not None:
                    self._paint_lamps(band, raster, light, whole + left, part)
        if self.solid:
            out[:, self.top + rows :] = ramp[:, -1:]

    def _paint_piece(self, band: Array, ramp: Array, light: Light, first: int, part: np.float32) -> None:
        shape = band.shape[1:]
        cover = self._slid("cover", self.cover, first, part, shape)
        if self.misty:
            cover *= np.float32(0.5 + 0.5 * light.haze)
        paint = self._buffer("paint", shape)
        relief = None if self.relief is None else self._slid("relief", self.relief, first, part, shape)
        for channel, tint in enumerate(ramp):
            if relief is not None:
                np.multiply(relief, tint * np.float32(0.55), out=paint)
                paint += tint
                paint -= band[channel]
            else:
                np.subtract(tint, band[channel], out=paint)
            paint *= cover
            band[channel] += paint

    def _paint_lamps(self, band: Array, raster: Raster, light: Light, first: int, part: np.float32) -> None:
        assert self.glow is not None
        shape = band.shape[1:]
        lamp = self._slid("relief", self.glow, first, part, shape)
        lamp *= np.float32(min(1.0, max(0.1, (120.0 - light.zenith[0]) / 70.0)))
        paint = self._buffer("paint", shape)
        for channel, value in enumerate(raster.pick(LAMP)):
            np.subtract(value, band[channel], out=paint)
            paint *= lamp
            band[channel] += paint

    @cached_property
    def _pieces(self) -> list[tuple[int, int]]:
        """Where there is anything, as columns from one to before the other: between trunks is only air."""
        filled: NDArray[np.bool_] = np.asarray(self.cover.any(axis=0))
        if self.glow is not None:
            filled |= self.glow.any(axis=0)
        # The column before takes part too, when the strip is moved by a fraction of a pixel.
        filled[:-1] |= filled[1:]
        edges = np.flatnonzero(np.diff(filled, prepend=False, append=False)).tolist()
        pieces: list[tuple[int, int]] = []
        for first, last in zip(edges[::2], edges[1::2], strict=True):
            near = pieces and first - pieces[-1][1] < GAP
            pieces.append((pieces.pop()[0] if near else first, last))
        return pieces

    def _ramp(self, raster: Raster, light: Light, rows: int) -> Array:
        high = raster.pick(self.shade(light, 0.0))
        low = raster.pick(self.shade(light, 1.0))
        part = np.linspace(0.0, 1.0, rows, dtype=np.float32)[None, :, None]
        return high + (low - high) * part

    def _slid(self, name: str, strip: Array, first: int, part: np.float32, shape: tuple[int, ...]) -> Array:
        """A piece of a strip, moved to the left by a part of a pixel."""
        rows, columns = shape
        out = self._buffer(name, shape)
        here = strip[:rows, first : first + columns]
        np.subtract(strip[:rows, first + 1 : first + 1 + columns], here, out=out)
        out *= part
        out += here
        return out

    def _buffer(self, name: str, shape: tuple[int, ...]) -> Array:
        size = shape[0] * shape[1]
        spare = self._spare.get(name)
        if spare is None or spare.size < size:
            spare = self._spare[name] = np.empty(size, dtype=np.float32)
        return spare[:size].reshape(shape)


def _halved(strip: Array) -> Array:
    rows, columns = strip.shape[0] // 2, strip.shape[1] // 2
    small: Array = strip[: rows * 2, : columns * 2].reshape(rows, 2, columns, 2).mean(axis=(1, 3))
    return small


GAP = 24
"""Columns of air that are too few to be worth a piece of their own."""
LAMP = np.array([188.0, -46.0, 26.0], dtype=np.float32)
"""The colour of a lit window."""
