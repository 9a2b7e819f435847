"""Outlines of what stands in a landscape, as coverage from 0 to 1: ridges, trees, towers, grass.

Each draws a strip of an endless world. The same world pixels always look the same, so a strip can begin anywhere.
Soft edges come from drawing at twice the size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from veo_nb.sandbox.noise import Array, dice, fractal, seed_of, smooth

Line = NDArray[np.float64]
Tops = Callable[[Line], Line]
"""The height of a line, in pixels above the strip's lower edge, at any pixels of the world."""
FINE = 2
"""Drawn at this many times the size."""


@dataclass(frozen=True)
class Strip:
    """A piece of the world to draw on, in pixels."""

    unit: float
    """The size that all else is measured in."""
    left: int
    """The world's pixel of the first column."""
    columns: int
    rows: int

    def x(self) -> Line:
        """The world's pixels of the columns."""
        return self.left + np.arange(self.columns, dtype=np.float64)

    def slots(self, step: float, margin: float) -> Line:
        """The numbers of the places, `step` pixels wide, that the strip and a margin show."""
        return np.arange((self.left - margin) // step, (self.left + self.columns + margin) // step + 1.0)


def filled(strip: Strip, tops: Tops) -> Array:
    """All below a line."""
    total = np.zeros((strip.rows, strip.columns), dtype=np.float32)
    down = np.arange(strip.rows, dtype=np.float32)[:, None]
    for part in (0.17, 0.5, 0.83):
        top = (strip.rows - tops(strip.x() + part)).astype(np.float32)
        total += np.clip(down + 1.0 - top[None, :], 0.0, 1.0)
    return total / 3.0


def ridge(unit: float, seed: int, *, height: float, width: float, rugged: float) -> Tops:
    """The line of hills or mountains: `height` and `width` of the largest in units, `rugged` from 0 (dunes) to 1."""
    octaves = 2 + round(6 * rugged)

    def tops(x: Line) -> Line:
        at = x / (unit * width)
        shape = fractal(at, seed, octaves, sharp=0.75 * rugged)
        # Contrast makes peaks and saddles of what would be a plateau.
        peaks = np.clip((shape - 0.34 * rugged) / (1.0 - 0.52 * rugged), 0.0, 1.0) ** (1.0 + 0.3 * rugged)
        swell = smooth(at * 0.31, seed + 77)
        result: Line = unit * height * (0.12 + 0.88 * peaks) * (0.5 + 0.5 * swell)
        return result

    return tops


def dune(unit: float, seed: int, *, height: float, width: float) -> Tops:
    """The line of dunes: long slopes to windward, short ones in the lee, sharp crests."""

    def tops(x: Line) -> Line:
        at = x / (unit * width)
        bent = at + 0.55 * (smooth(at * 0.7, seed + 3) - 0.5)
        cell = np.floor(bent)
        part = bent - cell
        lee = 0.72
        rise = np.where(part < lee, part / lee, (1.0 - part) / (1.0 - lee))
        rounded = rise**1.5
        tall = 0.4 + 0.6 * smooth(cell.astype(np.float64) + 0.5, seed + 9)
        base = smooth(at * 0.4, seed + 5)
        result: Line = unit * height * (0.35 * base + 0.65 * rounded * tall + 0.12)
        return result

    return tops


def conifers(strip: Strip, ground: Tops, seed: int, *, size: float, every: float) -> Array:
    """A row of firs on a line, `size` units tall, one about every `every` units."""
    image, draw = _sheet(strip)
    step = strip.unit * every
    slots = strip.slots(step, strip.unit * size * 0.4)
    clumps = smooth(slots * (every * 1.3 / size), seed + 41)
    level = ground((slots + 0.5) * step)
    for slot, clump, floor in zip(slots, clumps, level, strict=True):
        lot = dice(seed, "fir", int(slot))
        if lot.random() > 0.35 + 1.1 * clump:
            continue
        x = (slot + 0.5 + float(lot.uniform(-0.1, 0.1))) * step - strip.left
        tall = strip.unit * size * float(lot.uniform(0.55, 1.05)) * (0.7 + 0.5 * clump)
        _fir(draw, x, strip.rows - floor + 0.12 * tall, tall, lot)
    return _coverage(image)


def _fir(draw: ImageDraw.ImageDraw, x: float, foot: float, tall: float, lot: np.random.Generator) -> None:
    tiers = int(lot.integers(9, 14))
    wide = tall * float(lot.uniform(0.17, 0.23))
    lean = tall * float(lot.normal(0.0, 0.008))
    right: list[tuple[float, float]] = []
    left: list[tuple[float, float]] = []
    for tier in range(tiers):
        part = (tier + 1.0) / tiers
        reach = wide * part**0.85
        y = foot - tall * (1.0 - part * 0.93)
        axis = x + lean * (1.0 - part)
        for side, points in ((1.0, right), (-1.0, left)):
            out = reach * float(lot.uniform(0.72, 1.12))
            points.append((axis + side * out, y + tall * 0.022))
            points.append((axis + side * out * float(lot.uniform(0.42, 0.66)), y - tall * 0.004))
    tip = (x + lean, foot - tall)
    _shape(draw, [tip, *left], [tip, *right])
    trunk = tall * 0.014
    draw.rectangle(
        ((x - trunk) * FINE, (foot - tall * 0.1) * FINE, (x + trunk) * FINE, foot * FINE), fill=255
    )


def trunks(strip: Strip, seed: int, *, every: float, thick: float) -> Array:
    """Tall trunks that reach out of the picture, up to `thick` units thick, one about every `every` units."""
    image, draw = _sheet(strip)
    unit, rows = strip.unit, strip.rows
    step = unit * every
    down = np.linspace(0.0, 1.0, 24)
    for slot in strip.slots(step, unit * 0.5):
        lot = dice(seed, "trunk", int(slot))
        if lot.random() > 0.72:
            continue
        x = (slot + float(lot.uniform(0.1, 0.9))) * step - strip.left
        half = unit * thick * float(lot.uniform(0.35, 1.0)) / 2.0
        lean = unit * float(lot.normal(0.0, 0.022))
        axis = x + lean * (1.0 - down) + half * 1.2 * (smooth(down * 2.3, seed_of(seed, slot)) - 0.5)
        # Wider at the foot, with bark that is not quite even.
        wide = half * (0.8 + 0.25 * down + 4.5 * np.clip(down - 0.88, 0.0, None))
        left, right = (wide * (1.0 + 0.10 * lot.standard_normal(len(down))) for _ in range(2))
        _shape(
            draw,
            [*zip(axis - left, down * rows, strict=True)],
            [*zip(axis + right, down * rows, strict=True)],
        )
        for _ in range(int(lot.integers(0, 4))):
            at = int(lot.integers(1, 14))
            _twig(draw, lot, (float(axis[at]), rows * at / 23.0), half * 0.16, unit)
    return _coverage(image)


def _twig(
    draw: ImageDraw.ImageDraw, lot: np.random.Generator, root: tuple[float, float], thick: float, unit: float
) -> None:
    """A dead branch: it leaves the trunk, droops and thins out."""
    side = 1.0 if lot.random() < 0.5 else -1.0
    long = unit * float(lot.uniform(0.04, 0.13))
    along = np.linspace(0.0, 1.0, 7)
    x = root[0] + side * along * long
    y = root[1] - unit * float(lot.uniform(0.0, 0.04)) * np.sin(along * 2.2) + long * 0.35 * along**2
    thin = np.maximum(0.4, thick * (1.0 - along))
    _shape(draw, [*zip(x, y - thin, strict=True)], [*zip(x, y + thin, strict=True)])


def grass(strip: Strip, ground: Tops, seed: int, *, size: float) -> Array:
    """Blades of grass on a line, up to `size` units tall."""
    image, draw = _sheet(strip)
    unit = strip.unit
    step = unit * 0.0065
    slots = strip.slots(step, unit * size)
    patches = smooth(slots * step / unit * 4.0, seed + 13)
    level = ground((slots + 0.5) * step)
    half = max(0.5, unit * 0.0014)
    for slot, patch, floor in zip(slots, patches, level, strict=True):
        lot = dice(seed, "blade", int(slot))
        x = (slot + float(lot.random())) * step - strip.left
        tall = unit * size * float(lot.uniform(0.25, 1.0)) * (0.25 + 0.75 * patch)
        bend = tall * float(lot.normal(0.12, 0.3))
        foot = strip.rows - floor + 2 + unit * 0.004
        middle = (x + bend * 0.3, foot - tall * 0.6)
        tip = (x + bend, foot - tall)
        left = [(x - half, foot), (middle[0] - half * 0.7, middle[1]), tip]
        _shape(draw, left, [(x + half, foot), (middle[0] + half * 0.7, middle[1]), tip])
    return _coverage(image)


def towers(strip: Strip, seed: int, *, size: float) -> tuple[Array, Array]:
    """A skyline up to `size` units tall, and the light of its windows."""
    image, draw = _sheet(strip)
    lights, lamp = _sheet(strip)
    unit, rows = strip.unit, strip.rows
    step = unit * 0.075
    slots = strip.slots(step, unit * 0.3)
    for slot, centre in zip(slots, smooth(slots * 0.17, seed + 23), strict=True):
        lot = dice(seed, "tower", int(slot))
        tall = unit * size * (0.18 + 0.82 * float(lot.random()) ** 1.6 * (0.35 + 0.8 * centre))
        half = step * float(lot.uniform(0.38, 0.72))
        x = (slot + 0.5 + float(lot.uniform(-0.2, 0.2))) * step - strip.left
        top = rows - tall
        _box(draw, x - half, top, x + half, rows)
        kind = lot.random()
        if kind < 0.25:
            _box(draw, x - half * 0.55, top - unit * 0.025, x + half * 0.55, top)
        elif kind < 0.4:
            _box(draw, x - unit * 0.0012, top - unit * 0.08, x + unit * 0.0012, top)
        _windows(lamp, lot, unit, (x - half, top, x + half, float(rows)))
    return _coverage(image), _coverage(lights)


def _windows(
    lamp: ImageDraw.ImageDraw,
    lot: np.random.Generator,
    unit: float,
    box: tuple[float, float, float, float],
) -> None:
    wide, tall = unit * 0.0052, unit * 0.0066
    lit = float(lot.uniform(0.12, 0.5))
    across = int((box[2] - box[0] - wide) // (wide * 1.9))
    down = int((box[3] - box[1]) // (tall * 2.0))
    glow = lot.random((max(down, 0), max(across, 0)))
    for row, column in np.argwhere(glow < lit):
        x = box[0] + wide * 0.9 + column * wide * 1.9
        y = box[1] + tall + row * tall * 2.0
        _box(lamp, x, y, x + wide, y + tall, fill=int(90 + 165 * glow[row, column] / lit))


def _box(draw: ImageDraw.ImageDraw, x0: float, y0: float, x1: float, y1: float, *, fill: int = 255) -> None:
    if x1 > x0 and y1 > y0:
        draw.rectangle((x0 * FINE, y0 * FINE, x1 * FINE, y1 * FINE), fill=fill)


def _shape(
    draw: ImageDraw.ImageDraw, left: list[tuple[float, float]], right: list[tuple[float, float]]
) -> None:
    """What lies between two sides, each from one end to the other."""
    draw.polygon([(x * FINE, y * FINE) for x, y in [*left, *reversed(right)]], fill=255)


def _sheet(strip: Strip) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("L", (strip.columns * FINE, strip.rows * FINE))
    return image, ImageDraw.Draw(image)


def _coverage(image: Image.Image) -> Array:
    small = image.resize((image.width // FINE, image.height // FINE), Image.Resampling.BOX)
    cover: Array = np.asarray(small, dtype=np.float32) / np.float32(255.0)
    return cover
