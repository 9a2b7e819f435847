"""Shapes that chance draws, always the same for the same seed: lines, clouds, and coverage from 0 to 1 of what stands in a landscape.

Outlines are drawn on a strip of an endless world. The same world pixels always look the same, so a strip can begin
anywhere. Soft edges come from drawing at twice the size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from veo_nb.sandbox.reading import dice, seed_of

Array = NDArray[np.float32]
Line = NDArray[np.float64]
Places = NDArray[np.float64]
Pixels = NDArray[np.intp]
Point = tuple[float, float]
Tops = Callable[[Line], Line]
"""The height of a line, in pixels above the strip's lower edge, at any pixels of the world."""
EDGE = 8
"""Pixels around a texture, in which it repeats."""
FINE = 2
"""Drawn at this many times the size."""


def lattice(cells: NDArray[np.int64], seed: int) -> Array:
    """A number from 0 to 1 for each whole number, however far out."""
    mixed = cells.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed & (2**64 - 1))
    mixed ^= mixed >> np.uint64(31)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(32)
    numbers: Array = ((mixed >> np.uint64(40)).astype(np.float64) / 2**24).astype(np.float32)
    return numbers


def smooth(x: Line, seed: int) -> Line:
    """A smooth random line through 0 to 1, with a turn about every 1 of `x`."""
    cell = np.floor(x)
    part = x - cell
    part = part * part * part * (part * (part * 6 - 15) + 10)
    whole = cell.astype(np.int64)
    first = int(whole.min())
    known = lattice(np.arange(first, int(whole.max()) + 2), seed)
    whole -= first
    left, right = known.take(whole), known[1:].take(whole)
    return left + (right - left) * part


def fractal(x: Line, seed: int, octaves: int, *, sharp: float = 0.0) -> Line:
    """A line with detail at every scale, 0 to 1; `sharp` of 1 makes crests of the hills."""
    total = np.zeros_like(x)
    weight, size, reach = 1.0, 1.0, 0.0
    for octave in range(octaves):
        line = smooth(x * size + octave * 17.3, seed + octave)
        crest = 1.0 - np.abs(2.0 * line - 1.0)
        total += weight * (line + (crest - line) * sharp)
        reach += weight
        weight *= 0.5
        size *= 2.03
    return total / reach


@lru_cache(2)
def cloud(width: int, height: int, seed: int, *, power: float = 1.7, stretch: float = 1.0) -> Array:
    """A texture like cloud or smoke, 0 to 1, mean about a half, that repeats without a seam in both directions.

    `power` is how fast detail fades with scale; `stretch` above 1 draws it out sideways.
    It is made at one size and scaled, so that it looks alike at each resolution.
    """
    image = _cloud(seed, power, stretch)
    box = (EDGE, EDGE, image.width - EDGE, image.height - EDGE)
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC, box=box), dtype=np.float32)


@lru_cache(4)
def _cloud(seed: int, power: float, stretch: float) -> Image.Image:
    """The texture at its own size, with an edge around it; the colour planes want it soon after luma."""
    tall, wide = 256, 1024
    spectrum = np.fft.rfft2(np.random.default_rng(seed).standard_normal((tall, wide)).astype(np.float32))
    down = np.fft.fftfreq(tall)[:, None] * tall
    along = np.fft.rfftfreq(wide)[None, :] * tall * stretch
    distance = np.hypot(down, along).astype(np.float32)
    distance[0, 0] = 1.0
    spectrum *= distance ** np.float32(-power)
    spectrum[0, 0] = 0.0
    field = np.fft.irfft2(spectrum, (tall, wide))
    field = np.clip(field / (field.std() * 4.0) + 0.5, 0.0, 1.0).astype(np.float32, copy=False)
    # Wrapped round before it is scaled, so that the seam is interpolated like the rest.
    return Image.fromarray(np.pad(field, EDGE, mode="wrap"))


def spot(field: Array, x: float, y: float, radius: float, strength: float) -> None:
    """Add a soft spot to a field, at fractions of a pixel."""
    reach = int(radius * 3.0) + 1
    columns, rows = (
        within(int(at) - reach, int(at) + reach + 2, end)
        for at, end in zip((x, y), reversed(field.shape), strict=True)
    )
    across = np.exp(-(((np.arange(columns.start, columns.stop) - x) / radius) ** 2))
    down = np.exp(-(((np.arange(rows.start, rows.stop) - y) / radius) ** 2))
    field[rows, columns] += (strength * down[:, None] * across[None, :]).astype(np.float32)


def within(first: int, last: int, end: int) -> slice:
    """From one place to before another, as far as they are in the picture."""
    first = min(max(0, first), end)
    return slice(first, max(first, min(last, end)))


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

    def sheet(self) -> Sheet:
        """Something of its size to draw on."""
        return Sheet(self.columns, self.rows)

    def slots(self, step: float, margin: float) -> Line:
        """The numbers of the places, `step` pixels wide, that the strip and a margin show."""
        return np.arange((self.left - margin) // step, (self.left + self.columns + margin) // step + 1.0)


def filled(strip: Strip, tops: Tops) -> Array:
    """All below a line."""
    edges = [strip.rows - tops(strip.x() + part) for part in (0.17, 0.5, 0.83)]
    total = np.ones((strip.rows, strip.columns), dtype=np.float32)
    first, last = (min(max(0, int(at)), strip.rows) for at in (np.min(edges) - 1, np.max(edges) + 2))
    total[:first] = 0.0
    down = np.arange(first + 1, last + 1, dtype=np.float32)[:, None]
    parts = [np.clip(down - top.astype(np.float32), 0.0, 1.0) for top in edges]
    total[first:last] = (parts[0] + parts[1] + parts[2]) / np.float32(3.0)
    return total


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
        rounded = np.where(part < 0.72, part / 0.72, (1.0 - part) / (1.0 - 0.72)) ** 1.5
        tall = 0.4 + 0.6 * smooth(cell.astype(np.float64) + 0.5, seed + 9)
        base = smooth(at * 0.4, seed + 5)
        result: Line = unit * height * (0.35 * base + 0.65 * rounded * tall + 0.12)
        return result

    return tops


def conifers(strip: Strip, ground: Tops, seed: int, *, size: float, every: float) -> Array:
    """A row of firs on a line, `size` units tall, one about every `every` units."""
    sheet = strip.sheet()
    step = strip.unit * every
    slots = strip.slots(step, strip.unit * size * 0.4)
    clumps = smooth(slots * (every * 1.3 / size), seed + 41)
    level = ground((slots + 0.5) * step)
    for slot, clump, floor in zip(slots.tolist(), clumps.tolist(), level.tolist(), strict=True):
        lot = dice(seed, "fir", int(slot))
        if lot.random() > 0.35 + 1.1 * clump:
            continue
        x = (slot + 0.5 + lot.uniform(-0.1, 0.1)) * step - strip.left
        tall = strip.unit * size * lot.uniform(0.55, 1.05) * (0.7 + 0.5 * clump)
        _fir(sheet, x, strip.rows - floor + 0.12 * tall, tall, lot)
    return sheet.cover()


def _fir(sheet: Sheet, x: float, foot: float, tall: float, lot: np.random.Generator) -> None:
    tiers = int(lot.integers(9, 14))
    wide = tall * lot.uniform(0.17, 0.23)
    lean = tall * lot.normal(0.0, 0.008)
    left, right = [(x + lean, foot - tall)], [(x + lean, foot - tall)]
    for tier, chances in enumerate(lot.random((tiers, 2, 2)).tolist(), 1):
        part = tier / tiers
        reach = wide * part**0.85
        y = foot - tall * (1.0 - part * 0.93)
        axis = x + lean * (1.0 - part)
        for side, points, (far, near) in ((1.0, right, chances[0]), (-1.0, left, chances[1])):
            out = side * reach * (0.72 + 0.4 * far)
            points.append((axis + out, y + tall * 0.022))
            points.append((axis + out * (0.42 + 0.24 * near), y - tall * 0.004))
    sheet.between(left, right)
    trunk = tall * 0.014
    sheet.box(x - trunk, foot - tall * 0.1, x + trunk, foot)


def trunks(strip: Strip, seed: int, *, every: float, thick: float) -> Array:
    """Tall trunks that reach out of the picture, up to `thick` units thick, one about every `every` units."""
    sheet = strip.sheet()
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
        sides = (axis + side * wide * (1.0 + 0.10 * lot.standard_normal(len(down))) for side in (-1, 1))
        sheet.between(*([*zip(side, down * rows, strict=True)] for side in sides))
        for _ in range(int(lot.integers(0, 4))):
            at = int(lot.integers(1, 14))
            _twig(sheet, lot, (float(axis[at]), rows * at / 23.0), half * 0.16, unit)
    return sheet.cover()


def _twig(
    sheet: Sheet, lot: np.random.Generator, root: tuple[float, float], thick: float, unit: float
) -> None:
    """A dead branch: it leaves the trunk, droops and thins out."""
    side = 1.0 if lot.random() < 0.5 else -1.0
    long = unit * float(lot.uniform(0.04, 0.13))
    along = np.linspace(0.0, 1.0, 7)
    x = root[0] + side * along * long
    y = root[1] - unit * float(lot.uniform(0.0, 0.04)) * np.sin(along * 2.2) + long * 0.35 * along**2
    thin = np.maximum(0.4, thick * (1.0 - along))
    sheet.between([*zip(x, y - thin, strict=True)], [*zip(x, y + thin, strict=True)])


def grass(strip: Strip, ground: Tops, seed: int, *, size: float) -> Array:
    """Blades of grass on a line, up to `size` units tall."""
    sheet = strip.sheet()
    unit = strip.unit
    step = unit * 0.0065
    slots = strip.slots(step, unit * size)
    patches = smooth(slots * step / unit * 4.0, seed + 13)
    level = ground((slots + 0.5) * step)
    half = max(0.5, unit * 0.0014)
    for slot, patch, floor in zip(slots.tolist(), patches.tolist(), level.tolist(), strict=True):
        lot = dice(seed, "blade", int(slot))
        x = (slot + lot.random()) * step - strip.left
        tall = unit * size * lot.uniform(0.25, 1.0) * (0.25 + 0.75 * patch)
        bend = tall * lot.normal(0.12, 0.3)
        foot = strip.rows - floor + 2 + unit * 0.004
        middle = (x + bend * 0.3, foot - tall * 0.6)
        tip = (x + bend, foot - tall)
        left = [(x - half, foot), (middle[0] - half * 0.7, middle[1]), tip]
        sheet.between(left, [(x + half, foot), (middle[0] + half * 0.7, middle[1]), tip])
    return sheet.cover()


def towers(strip: Strip, seed: int, *, size: float) -> tuple[Array, Array]:
    """A skyline up to `size` units tall, and the light of its windows."""
    sheet = strip.sheet()
    lights = strip.sheet()
    unit, rows = strip.unit, strip.rows
    step = unit * 0.075
    slots = strip.slots(step, unit * 0.3)
    for slot, centre in zip(slots, smooth(slots * 0.17, seed + 23), strict=True):
        lot = dice(seed, "tower", int(slot))
        tall = unit * size * (0.18 + 0.82 * float(lot.random()) ** 1.6 * (0.35 + 0.8 * centre))
        half = step * float(lot.uniform(0.38, 0.72))
        x = (slot + 0.5 + float(lot.uniform(-0.2, 0.2))) * step - strip.left
        top = rows - tall
        box = (x - half, top, x + half, float(rows))
        sheet.box(*box)
        kind = lot.random()
        if kind < 0.25:
            sheet.box(x - half * 0.55, top - unit * 0.025, x + half * 0.55, top)
        elif kind < 0.4:
            sheet.box(x - unit * 0.0012, top - unit * 0.08, x + unit * 0.0012, top)
        # Windows, some of them lit.
        wide, high, lit = unit * 0.0052, unit * 0.0066, float(lot.uniform(0.12, 0.5))
        across, down = int((box[2] - box[0] - wide) // (wide * 1.9)), int((box[3] - top) // (high * 2.0))
        glow = lot.random((max(down, 0), max(across, 0)))
        for row, column in np.argwhere(glow < lit):
            left, upper = box[0] + wide * (0.9 + column * 1.9), top + high * (1 + row * 2.0)
            fill = int(90 + 165 * glow[row, column] / lit)
            lights.box(left, upper, left + wide, upper + high, fill=fill)
    return sheet.cover(), lights.cover()


class Sheet:
    """Something to draw on, which then tells how much of each pixel is covered."""

    def __init__(self, columns: int, rows: int) -> None:
        self._image = Image.new("L", (columns * FINE, rows * FINE))
        self._draw = ImageDraw.Draw(self._image)

    def box(self, x0: float, y0: float, x1: float, y1: float, *, fill: int = 255) -> None:
        """A rectangle, if it is none turned inside out."""
        if x1 > x0 and y1 > y0:
            self._draw.rectangle((x0 * FINE, y0 * FINE, x1 * FINE, y1 * FINE), fill=fill)

    def between(self, left: Sequence[Point], right: Sequence[Point] = ()) -> None:
        """What lies between two sides, each from one end to the other."""
        self._draw.polygon([(x * FINE, y * FINE) for x, y in [*left, *reversed(right)]], fill=255)

    def cover(self) -> Array:
        """The coverage of each pixel, 0 to 1."""
        small = np.asarray(self._image.reduce(FINE), dtype=np.float32)
        cover: Array = small / np.float32(255.0)
        return cover


def stamp(cover: Array, shapes: Sequence[str], x: float, foot: float, size: float) -> None:
    """Draw closed curves over a coverage: the middle of the first at column `x`, their ground at row `foot`.

    A curve goes through points `x,y`, to the right and up, in thousandths of `size`.
    """
    curves = []
    part = np.linspace(0.0, 1.0, 6, endpoint=False)[None, :, None]
    for shape in shapes:
        at = np.array([point.split(",") for point in shape.split()], dtype=np.float64) / 1000.0
        before, after, beyond = (np.roll(at, by, axis=0) for by in (1, -1, -2))
        # Tightened a little, so that ears stay pointed.
        leave, arrive = 0.38 * (after - before)[:, None], 0.38 * (beyond - at)[:, None]
        curve = (2 * part**3 - 3 * part**2 + 1) * at[:, None] + (part**3 - 2 * part**2 + part) * leave
        curve += (-2 * part**3 + 3 * part**2) * after[:, None] + (part**3 - part**2) * arrive
        curves.append(curve.reshape(-1, 2))
    body = curves[0][:, 0]
    middle = (body.min() + body.max()) / 2
    sheet = Sheet(cover.shape[1], cover.shape[0])
    for curve in curves:
        across, down = x + (curve[:, 0] - middle) * size, foot - curve[:, 1] * size
        sheet.between([*zip(across.tolist(), down.tolist(), strict=True)])
    np.maximum(cover, sheet.cover(), out=cover)


class Sprites:
    """Small things that are painted again and again. `pixels` says whose each is, and how far down and to the right of it;
    `cover`, (pixels, steps down * across), how much of it is covered at that step between two pixels, from 0 to 127.
    """

    def __init__(self, size: tuple[int, int], pixels: Pixels, cover: Array, steps: tuple[int, int]) -> None:
        self._size, self._steps = size, steps
        # Where there is less, nothing is seen.
        seen = cover.max(axis=1) >= 4.0
        self._which, self._down, self._along = pixels[:, seen]
        self._cover = np.ascontiguousarray(cover[seen] + np.float32(0.5)).astype(np.uint8)
        self._place = self._down * size[0] + self._along
        self._first = np.arange(len(self._which)) * (steps[0] * steps[1])
        self._reach = int(np.abs(pixels[1:]).max(initial=0)) + 1

    @classmethod
    def dots(cls, size: tuple[int, int], radius: Places, without: NDArray[np.bool_]) -> Self:
        """Soft round ones, of which some are left out."""
        parts = [np.zeros((3, 0), dtype=np.intp)]
        for number in np.flatnonzero(~without):
            far = int(radius[number] * 2.1) + 1
            down, across = np.mgrid[-far : far + 2, -far : far + 2].reshape(2, -1)
            near = np.hypot(down - 0.5, across - 0.5) <= far + 0.5
            parts.append(np.stack([np.full(near.sum(), number), down[near], across[near]]))
        pixels = np.concatenate(parts, axis=1)
        at = (np.arange(4, dtype=np.float32) + np.float32(0.5)) / 4
        down, across = ((pixels[number, :, None] - at) ** 2 for number in (1, 2))
        pace = (-1.0 / radius[pixels[0]] ** 2).astype(np.float32)[:, None, None]
        cover = np.exp((down[:, :, None] + across[:, None, :]) * pace) * np.float32(127.0)
        return cls(size, pixels, cover.reshape(-1, 16).astype(np.float32), (4, 4))

    @classmethod
    def streaks(cls, size: tuple[int, int], unit: float, depth: Places) -> Self:
        """Drops that fall a little aslant, large ones near by."""
        longs, halves = unit * (0.03 + 0.05 * depth), unit * (0.0006 + 0.0008 * depth)
        reach = int(halves.max() + 0.5) + 1
        drop = np.repeat(np.arange(len(longs)), longs.astype(np.intp))
        down = np.arange(len(drop)) - np.searchsorted(drop, drop)
        slant = down * 0.08
        columns = np.floor(slant).astype(np.intp)[:, None] + np.arange(1 - reach, reach + 2)
        pixels = np.stack(
            [part.ravel() for part in np.broadcast_arrays(drop[:, None], down[:, None], columns)]
        )
        at = (np.arange(8) + 0.5) / 8
        cover = np.clip(
            halves[drop][:, None, None] + 0.5 - np.abs(columns[..., None] - slant[:, None, None] - at), 0, 1
        )
        cover *= (np.sin(np.pi * down / longs[drop]) * (0.16 + 0.2 * depth[drop]) * 127.0)[:, None, None]
        return cls(size, pixels, cover.reshape(-1, 8).astype(np.float32), (1, 8))

    def at(self, x: Places, y: Places, amounts: Places) -> tuple[Pixels, NDArray[np.int16]]:
        """Which pixels they cover at places from 0 to 1 of the picture, and how much, each as strongly as its amount."""
        width, height = self._size
        x, y = x * width, y * height
        left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
        down, across = (
            (part * steps).astype(np.intp)
            for part, steps in zip((y - top, x - left), self._steps, strict=True)
        )
        place = (top * width + left).take(self._which)
        place += self._place
        step = (down * self._steps[1] + across).take(self._which)
        step += self._first
        cover = self._cover.reshape(-1).take(step).astype(np.int16)
        cover *= (amounts * 127.5).astype(np.int16).take(self._which)
        cover >>= 7
        far = self._reach
        edge = (left < far) | (left >= width - far) | (top < far) | (top >= height - far)
        if edge.any():
            # Of those, some pixels are out of the picture.
            near = np.flatnonzero(edge.take(self._which))
            which = self._which[near]
            row, column = top[which] + self._down[near], left[which] + self._along[near]
            lost = near[(row < 0) | (row >= height) | (column < 0) | (column >= width)]
            place[lost], cover[lost] = 0, 0
        return place, cover
