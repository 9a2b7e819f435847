"""The layers of a landscape: how each is painted, how it is made at its distance, and which of them make a place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from veo_nb.media.encode import FPS
from veo_nb.sandbox.reading import Colour, Figure, Light, StagePlan, colour
from veo_nb.sandbox.render import shapes
from veo_nb.sandbox.render.shapes import Array, Line, Strip, Tops, cloud, fractal, spot

TRACK = 0.085
"""Units a second that the nearest things pass."""
COARSE = 3
"""Relief is soft: it is worked out on every third pixel, nine times quicker."""
BAND = 64
"""Rows that are painted at a time: so few stay in the processor's cache from one step to the next."""
GRAIN = 0.8
"""Spread of the grain, in steps of 8-bit luma."""
FAR = 1 << 20
"""A row below every picture."""
LAMP = np.array([188.0, -46.0, 26.0], dtype=np.float32)
"""The colour of a lit window."""
SNOW, GRASS, SAND = colour(226, 236, 250), colour(112, 150, 58), colour(226, 158, 96)
Bytes = NDArray[np.uint8]
Depth = TypeVar("Depth", np.uint8, np.uint16)
Shade = Callable[[Light, float], Colour]


@dataclass(frozen=True)
class Raster:
    """A picture's planes that are painted together: luma at full size, or both colour planes at half."""

    width: int
    height: int
    channels: slice
    unit: float
    """Pixels to the unit in which scenes are measured: the short side."""

    @property
    def zero(self) -> np.float32:
        """Where black is in luma, and grey in the colour planes."""
        return np.float32(128.0 if self.channels.start else 16.0)

    @cached_property
    def shade(self) -> Array:
        """How much of its light each pixel keeps in a landscape."""
        return vignette(self.width, self.height)

    def grain(self, rows: int, columns: int) -> Array:
        """A little noise, so that a sky does not band; only luma has it."""
        if self.channels.start:
            return np.zeros((1, 1), dtype=np.float32)
        # Each row begins further on in one line of noise.
        return np.lib.stride_tricks.as_strided(_grain(), (rows, columns), (97 * 4, 4), writeable=False)

    def pick(self, shade: Colour) -> Array:
        """A colour's part for these planes, to be spread over rows and columns."""
        return shade[self.channels][:, None, None]


def rasters(width: int, height: int) -> tuple[Raster, Raster]:
    """Luma of a picture of this size, and its colour planes."""
    unit = 0.75 * float(np.sqrt(width * height))
    return Raster(width, height, slice(0, 1), unit), Raster(width // 2, height // 2, slice(1, 3), unit / 2)


@cache
def _grain() -> Array:
    return np.random.default_rng(7).standard_normal(1 << 18, dtype=np.float32) * np.float32(GRAIN)


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
    shade: Shade
    """The colour at a height: 0 at the top of the strip, 1 at its lower end."""
    solid: bool = True
    """Whether the layer fills what is below the strip."""
    misty: bool = False
    """Whether it is thin in clear air."""
    relief: Array | None = None
    """Light and shadow on it, -1 to 1, like `cover`. Only luma has it: eyes see form by light, not by hue."""
    glow: Array | None = None
    """Lamps on it, 0 to 1, like `cover`."""

    def halved(self) -> Layer:
        """The same layer for planes of half the size. Its sizes and places must be even."""
        glow = None if self.glow is None else halved(self.glow)
        small = replace(self, cover=halved(self.cover), relief=None, glow=glow)
        return replace(small, top=self.top // 2, speed=self.speed / 2, left=self.left // 2)

    @cached_property
    def floor(self) -> int:
        """The picture's row from which on nothing behind it is ever seen."""
        seen = np.flatnonzero(self.cover.min(axis=1) < 1.0)
        return self.top + (int(seen[-1]) + 1 if len(seen) else 0) if self.solid else FAR

    def lit(self, raster: Raster, light: Light, end: int, moment: float) -> Plate:
        """The layer in this light, its corners dark as it stands at a moment, ready to be laid down as far as the row `end`."""
        high, low = (raster.pick(self.shade(light, at)) for at in (0.0, 1.0))
        rows, columns = self.cover.shape
        tint = high + (low - high) * np.linspace(0.0, 1.0, rows, dtype=np.float32)[:, None]
        zero = raster.zero
        foot, bottom = None, self.top + rows
        if self.solid and bottom < end:
            foot = (
                tint[:, -1:] * raster.shade[bottom:end] + zero + raster.grain(end - bottom, raster.width)
            ).astype(np.uint8)
        rows = max(0, min(rows, end - self.top))
        cover, tint = self.cover[:rows], tint[:, :rows]
        # Thin in clear air.
        if self.misty:
            cover = cover * np.float32(0.5 + 0.5 * light.haze)
        at = np.arange(columns) + round(self.left - moment * self.speed)
        shade = raster.shade[self.top : self.top + rows].take(at, axis=1, mode="clip")
        add: Array = tint * shade
        if self.relief is not None:
            add *= 1.0 + np.float32(0.55) * self.relief[:rows]
            np.clip(add, 0.0, 219.0, out=add)
        add += zero + raster.grain(rows, columns)
        add *= cover
        keep = 256.0 - 256.0 * cover
        if self.glow is not None:
            # Lamps shine as much as it is dark.
            lamps = self.glow[:rows] * np.float32(min(1.0, max(0.1, (120.0 - light.zenith[0]) / 70.0)))
            np.minimum(lamps, 1.0, out=lamps)
            add += (raster.pick(LAMP) * shade + zero - add) * lamps
            keep *= 1.0 - lamps
        keep += 0.5
        kept = keep.astype(np.uint16)
        # Where both count, what is kept is rounded down.
        add += np.where(kept & 255, np.float32(1.0), np.float32(0.5))
        whole = add.astype(np.uint8)
        slow = not self.misty and self.speed * (2 if raster.channels.start else 1) < FPS
        phases = (
            [(quartered(kept, part), quartered(whole, part)) for part in (1, 3)] if slow else [(kept, whole)]
        )
        return Plate(self, end, foot, phases)

    @cached_property
    def pieces(self) -> list[tuple[int, int, bool]]:
        """Where there is anything: rows, from one to before another, and whether all of them is covered."""
        pieces = []
        for top in range(0, len(self.cover), BAND):
            band = self.cover[top : top + BAND]
            lamps = self.glow is not None and bool(self.glow[top : top + BAND].any())
            if lamps or band.any():
                full = not lamps and not self.misty and float(band.min()) == 1.0
                pieces.append((top, top + len(band), full))
        return pieces


class Plate:
    """A layer in one light: how many 256ths are kept of what is behind it, and what is added to that.

    A slow one is kept as it looks a quarter and three quarters of a pixel on, and laid down at the nearer one: to slide it by its
    exact fraction would take three times the work at every picture, and show as little. Mist, which has no edges, and
    what passes by more than a pixel a picture move by whole ones, where the encoder finds them again.
    """

    def __init__(
        self, layer: Layer, end: int, foot: Bytes | None, phases: list[tuple[NDArray[np.uint16], Bytes]]
    ) -> None:
        self.top, self.speed, self._left, self.soft = layer.top, layer.speed, layer.left, layer.misty
        self._end, self._foot, self._phases = end, foot, phases
        rows = phases[0][0].shape[0]
        self._pieces = [(top, min(low, rows), full) for top, low, full in layer.pieces if top < rows]

    def paint(self, out: Bytes, seconds: float) -> None:
        """Lay it down as it stands at this moment. `out` is (channels, height, width)."""
        width, count = out.shape[2], len(self._phases)
        step = int(np.floor((seconds * self.speed - self._left) * count))
        whole = max(0, min(step // count, self._phases[0][0].shape[1] - width))
        keep, add = self._phases[step % count]
        seen = slice(whole, whole + width)
        for top, low, full in self._pieces:
            band = out[:, self.top + top : self.top + low]
            if full:
                band[:] = add[:, top:low, seen]
            else:
                lay(band, keep[top:low, seen], add[:, top:low, seen])
        if self._foot is not None:
            out[:, self._end - self._foot.shape[1] : self._end] = self._foot


def quartered(strip: NDArray[Depth], part: int) -> NDArray[Depth]:
    """A strip moved to the left by so many quarters of a pixel."""
    here, after = strip[..., :-1].astype(np.uint16), strip[..., 1:].astype(np.uint16)
    return ((here * np.uint16(4 - part) + after * np.uint16(part) + np.uint16(2)) >> 2).astype(strip.dtype)


def lay(band: Bytes, keep: NDArray[np.uint16], add: NDArray[np.generic]) -> None:
    """Paint over planes, in place: `keep` 256ths of what is there stay, and `add` comes to it."""
    mixed = np.multiply(band, keep, dtype=np.uint16)
    mixed >>= 8
    np.add(mixed, add, out=band, casting="unsafe")


def mix(first: Bytes, second: Bytes, part: float) -> Bytes:
    """Planes a part of the way to others."""
    share = np.uint16(round(part * 256))
    mixed = np.multiply(first, np.uint16(256) - share, dtype=np.uint16)
    mixed += np.multiply(second, share, dtype=np.uint16)
    mixed >>= 8
    return mixed.astype(np.uint8)


def vignette(width: int, height: int, strength: float = 0.22) -> Array:
    """How much of its light each pixel keeps: all in the middle, less towards the corners."""
    x = np.linspace(-0.575, 0.575, width // 4 or 1, dtype=np.float32)[None, :]
    y = np.linspace(-0.5, 0.5, height // 4 or 1, dtype=np.float32)[:, None]
    away = np.minimum((x * x + y * y) / np.float32(0.72 * 0.72), np.float32(1.0))
    kept = 1.0 - np.float32(strength) * away ** np.float32(1.2)
    return np.asarray(Image.fromarray(kept).resize((width, height), Image.Resampling.BILINEAR))


def halved(planes: Array) -> Array:
    """Planes of half the size."""
    rows, columns = planes.shape[-2] // 2, planes.shape[-1] // 2
    pairs = planes[..., 0 : rows * 2 : 2, : columns * 2] + planes[..., 1 : rows * 2 : 2, : columns * 2]
    small: Array = (pairs[..., ::2] + pairs[..., 1::2]) * np.float32(0.25)
    return small


def hazy(near: float, *, tint: Colour | None = None, amount: float = 0.0) -> Shade:
    """The colour of a layer at a distance: near ones dark, far ones pale, their feet in the mist."""

    def shade(light: Light, low: float) -> Colour:
        base = light.far + (light.near - light.far) * near**0.8
        if tint is not None:
            # A surface can't be brighter than the air that lights it.
            lit = tint * (0.2 + 0.8 * min(1.0, float(light.mist[0]) / 190.0))
            base = base + (lit - base) * amount
        mixed: Colour = base + (light.mist - base) * (light.haze * (1.0 - near) ** 1.3 * low * 0.9)
        return mixed

    return shade


class Hills(NamedTuple):
    """How hills or mountains are; the same of another `number` have another line."""

    number: int
    height: float
    width: float
    rugged: float


class Stage:
    """Makes layers for a picture of one size, as far as they are seen between two moments.

    `near` is a layer's distance: 0 at the horizon, 1 in front of the camera. `foot` is where it ends below, from 0 at
    the top of the picture to 1. Sizes are in units. All pixels are even: the colour planes have half of them.
    """

    def __init__(self, plan: StagePlan, raster: Raster, span: tuple[float, float]) -> None:
        self.plan, self.raster, self.span = plan, raster, span
        self.unit, self.seed, self.horizon = raster.unit, plan.seed, plan.horizon

    def line(self, hills: Hills) -> Tops:
        """The line of hills or mountains."""
        height, width, rugged = hills.height, hills.width, hills.rugged
        return shapes.ridge(self.unit, self.seed + hills.number, height=height, width=width, rugged=rugged)

    def ridge(
        self,
        near: float,
        foot: float,
        line: Tops | Hills,
        tall: float = 0.0,
        *,
        shade: Shade | None = None,
        rough: float = 0.0,
        gullies: float = 1.0,
        trees: float = 0.0,
        blades: float = 0.0,
        figure: Figure | None = None,
        solid: bool = True,
    ) -> Layer:
        """Ground that is at most `tall` high, or as the hills, with trees, blades of grass or a figure on it.

        `rough` is how strongly light moulds it, `gullies` how much they count in that.
        """
        tops = self.line(line) if isinstance(line, Hills) else line
        tall = tall or (line.height if isinstance(line, Hills) else 0.0)
        speed = self.speed(near)
        bottom = even(foot * self.raster.height)
        height = figure.height * (1.05 + figure.lift) if figure else 0.0
        strip = self.strip(speed, min(bottom, even((tall + trees * 1.1 + max(blades, height)) * self.unit)))
        seed = self.seed + round(near * 1000)
        cover = shapes.filled(strip, tops)
        if trees:
            cover = np.maximum(cover, shapes.conifers(strip, tops, seed, size=trees, every=trees * 0.17))
        if blades:
            cover = np.maximum(cover, shapes.grass(strip, tops, seed, size=blades))
        if figure:
            x = self.middle(speed)
            self._stand(figure, cover, x - strip.left, strip.rows - float(tops(np.array([x]))[0]))
        relief = self._relief(strip, tops, seed, gullies) * np.float32(rough) if rough else None
        top = bottom - strip.rows
        return Layer(cover, top, speed, strip.left, shade or hazy(near), relief=relief, solid=solid)

    def trunks(self, near: float, index: int, *, every: float, thick: float) -> Layer:
        """Trunks that reach out of the picture."""
        speed = self.speed(near)
        rows = min(self.raster.height, even((self.horizon + 0.1 + 0.2 * near) * self.raster.height))
        strip = self.strip(speed, rows)
        cover = shapes.trunks(strip, self.seed + index, every=every, thick=thick)
        if near < 1.0:
            # Their feet stand in mist, not on an edge.
            cover *= np.clip(np.linspace(5.0, 0.0, rows, dtype=np.float32), 0.0, 1.0)[:, None]
        return Layer(cover, 0, speed, strip.left, hazy(near), solid=False)

    def skyline(self, near: float, foot: float, index: int, *, scale: float, lit: float) -> Layer:
        """Towers, `scale` times the usual size, with `lit` of their windows' light."""
        speed = self.speed(near)
        strip = self.strip(speed, even(self.unit * 0.62))
        larger = Strip(self.unit * scale, strip.left, strip.columns, strip.rows)
        cover, glow = shapes.towers(larger, self.seed + index, size=0.44 / scale)
        top = even(foot * self.raster.height) - strip.rows
        return Layer(cover, top, speed, strip.left, hazy(0.12 + near), glow=glow * cover * np.float32(lit))

    def mist(self, near: float, middle: float, thick: float, strength: float) -> Layer:
        """A bank of mist about a height of the picture."""
        speed = self.speed(near) + 0.02 * self.unit
        rows = min(even(thick * self.unit * 2.0), self.raster.height - 2)
        top = max(0, min(even(middle * self.raster.height - rows / 2), self.raster.height - rows))
        strip = self.strip(speed, rows)
        wide = even(2.4 * self.unit)
        # Each bank begins elsewhere in the same mist.
        tile = cloud(wide, rows, self.seed, power=1.6, stretch=2.2)
        start = strip.left + even(near * 991)
        picked = tile.take(np.arange(start, start + strip.columns), axis=1, mode="wrap")
        down = np.linspace(-1.0, 1.0, rows, dtype=np.float32)[:, None]
        bank = np.clip(1.0 - down**2, 0.0, None) ** 1.5
        cover = np.clip(picked * 1.9 - 0.35, 0.0, 1.0) * bank * np.float32(strength)
        return Layer(cover, top, speed, strip.left, lambda light, _: light.mist, solid=False, misty=True)

    def afloat(self, figure: Figure) -> Layer:
        """A figure on the water, near the horizon."""
        speed = self.speed(0.3)
        strip = self.strip(speed, even(figure.height * 1.05 * self.unit))
        cover = np.zeros((strip.rows, strip.columns), dtype=np.float32)
        x, size = self.middle(speed) - strip.left, figure.height * self.unit
        self._stand(figure, cover, x, float(strip.rows))
        glow = np.zeros_like(cover) if figure.name == "lighthouse" else None
        if glow is not None:
            for radius, strength in ((0.035, 1.0), (0.16, 0.35)):
                spot(glow, x + 0.02 * size, strip.rows - 0.86 * size, radius * size, strength)
        top = even(self.horizon * self.raster.height) - strip.rows
        return Layer(cover, top, speed, strip.left, hazy(0.5), glow=glow, solid=False)

    def _stand(self, figure: Figure, cover: Array, x: float, foot: float) -> None:
        """Put a figure with its middle at column `x` on the ground at row `foot`."""
        size = figure.height * self.unit
        # A little into the ground, or it would hover.
        shapes.stamp(cover, figure.curves, x, foot - (figure.lift - 0.01) * size, size)

    def middle(self, speed: float) -> float:
        """The world's pixel that is in the middle of the picture after four seconds."""
        return self.raster.width / 2 + 4.0 * speed

    def speed(self, near: float) -> float:
        """Pixels a second at a distance."""
        return TRACK * self.unit * float(near**1.5)

    def strip(self, speed: float, rows: int) -> Strip:
        """The piece of the world that passes at a speed."""
        left = int(self.span[0] * speed // 2) * 2 - 4
        columns = self.raster.width + int((self.span[1] - self.span[0]) * speed // 2) * 2 + 12
        return Strip(self.unit, left, columns, rows)

    def _relief(self, strip: Strip, tops: Tops, seed: int, gullies: float) -> Array:
        """Faces and gullies below the crests, lit from the sun's side; -1 to 1."""
        unit = self.unit
        across: Line = strip.left + np.arange(0, strip.columns + COARSE, COARSE, dtype=np.float64)
        below = np.arange(0, strip.rows + COARSE, COARSE, dtype=np.float64)[:, None]
        down = np.clip(below - (strip.rows - tops(across))[None, :], 0.0, None)
        sunny = 1.0 if self.plan.sun[0] < 0.5 else -1.0
        # Fall lines run away from the peaks: the slope tells to which side, and its sign makes the crest between
        # a lit and a shaded face, which wanders as it goes down.
        wander = 0.16 * (fractal(down / unit * 5.0 + across[None, :] / unit * 0.6, seed + 5, 3) - 0.5)
        line = across[None, :] + wander * unit * np.clip(down / (0.1 * unit), 0.0, 1.0)
        reach = 0.035 * unit
        slope = np.tanh((tops(line + reach) - tops(line - reach)) / (2.0 * reach) * 2.2)
        flow = (across[None, :] + down * 0.6 * slope) / unit * 11.0 + down / unit * 1.5
        here, beside = (fractal(at, seed + 6, 4, sharp=0.7) for at in (flow, flow + 0.22))
        light = np.clip((0.8 * slope + gullies * 3.2 * (beside - here)) * sunny, -1.0, 1.0)
        coarse = (light * np.exp(-down / (0.2 * unit))).astype(np.float32)
        wide, tall = (coarse.shape[1] * COARSE, coarse.shape[0] * COARSE)
        fine = np.asarray(Image.fromarray(coarse).resize((wide, tall), Image.Resampling.BILINEAR))
        relief: Array = fine[: strip.rows, : strip.columns]
        return relief


def even(pixels: float) -> int:
    """The nearest even number."""
    return round(pixels / 2) * 2


Layers = tuple[list[Layer], list[Layer]]
"""Those behind the water, if there is any, and those before it, each from back to front."""


def build(stage: Stage) -> Layers:
    """The layers of the stage's place."""
    return _PLACES[stage.plan.place](stage)


def _mountains(stage: Stage) -> Layers:
    horizon, who = stage.horizon, stage.plan.figure
    snow = 0.75 if stage.plan.snowy else 0.0
    far, nearer = hazy(0.06, tint=SNOW, amount=0.18 + snow * 0.6), hazy(0.22, tint=SNOW, amount=snow * 0.5)
    trees, blades = (0.0, 0.06) if who else (0.34, 0.0)
    return [
        stage.ridge(0.06, horizon + 0.04, Hills(1, 0.5, 0.9, 1.0), shade=far, rough=0.34),
        stage.mist(0.1, horizon, 0.10, 0.55),
        stage.ridge(0.22, horizon + 0.09, Hills(2, 0.36, 0.7, 0.9), shade=nearer, rough=0.3),
        stage.mist(0.26, horizon + 0.07, 0.10, 0.6),
        stage.ridge(0.45, horizon + 0.18, Hills(3, 0.27, 0.8, 0.45), trees=0.05),
        stage.mist(0.5, horizon + 0.14, 0.09, 0.5),
        stage.ridge(0.7, horizon + 0.29, Hills(4, 0.24, 0.9, 0.3), trees=0.12),
    ], [stage.ridge(1.0, 1.0, Hills(5, 0.16, 1.3, 0.2), trees=trees, blades=blades, figure=who)]


def _lake(stage: Stage) -> Layers:
    horizon = stage.horizon
    snow = 0.8 if stage.plan.snowy else 0.0
    far, nearer = hazy(0.06, tint=SNOW, amount=0.15 + snow * 0.6), hazy(0.25, tint=SNOW, amount=snow * 0.55)
    shore, bank = hazy(1.0, tint=SNOW, amount=snow * 0.35), Hills(5, 0.11, 1.4, 0.2)
    afloat, ashore = _who(stage)
    return [
        stage.ridge(0.06, horizon, Hills(1, 0.42, 0.85, 1.0), shade=far, rough=0.32),
        stage.mist(0.1, horizon - 0.04, 0.08, 0.5),
        stage.ridge(0.25, horizon, Hills(2, 0.22, 0.7, 0.8), shade=nearer, rough=0.22),
        stage.ridge(0.42, horizon, Hills(3, 0.07, 0.9, 0.3), trees=0.055),
        stage.mist(0.44, horizon - 0.01, 0.05, 0.6),
        *afloat,
    ], [
        stage.mist(0.5, horizon + 0.03, 0.06, 0.35),
        stage.ridge(1.0, 1.0, bank, shade=shore, blades=0.05 if snow else 0.1, figure=ashore),
    ]


def _sea(stage: Stage) -> Layers:
    line = stage.line(Hills(1, 0.2, 1.1, 0.8))
    afloat, ashore = _who(stage)
    front = [stage.mist(0.3, stage.horizon + 0.015, 0.03, 0.3)]
    if ashore:
        front.append(stage.ridge(1.0, 1.0, Hills(5, 0.12, 1.5, 0.2), blades=0.08, figure=ashore))

    def isles(x: Line) -> Line:
        return np.clip(line(x) - 0.085 * stage.unit, 0.0, None)

    far = stage.ridge(0.1, stage.horizon, isles, 0.14, rough=0.2, solid=False)
    return [far, stage.mist(0.12, stage.horizon - 0.01, 0.04, 0.4), *afloat], front


def _forest(stage: Stage) -> Layers:
    horizon = stage.horizon
    layers: list[Layer] = []
    for index, near in enumerate((0.1, 0.22, 0.36)):
        hills, foot = Hills(index, 0.16, 0.8, 0.3), horizon + 0.06 + 0.07 * index
        layers.append(stage.ridge(near, foot, hills, trees=0.16 + 0.11 * index))
        layers.append(stage.mist(near + 0.05, horizon + 0.02 + 0.06 * index, 0.16, 0.85 - 0.12 * index))
    layers += [
        stage.trunks(0.48, 20, every=0.13, thick=0.022),
        stage.mist(0.52, horizon + 0.12, 0.17, 0.7),
        stage.trunks(0.68, 21, every=0.26, thick=0.042),
        stage.mist(0.72, horizon + 0.17, 0.17, 0.5),
        stage.trunks(1.0, 22, every=0.59, thick=0.082),
    ]
    return layers, [
        stage.ridge(0.85, 1.0, Hills(8, 0.1, 1.1, 0.2), blades=0.05),
        stage.ridge(1.0, 1.0, Hills(10, 0.07, 0.9, 0.2), blades=0.08, figure=stage.plan.figure),
    ]


def _dunes(stage: Stage) -> Layers:
    horizon = stage.horizon
    far = Hills(1, 0.14, 0.8, 0.7)
    layers = [stage.ridge(0.05, horizon + 0.02, far), stage.mist(0.08, horizon, 0.07, 0.5)]
    for index, near in enumerate((0.15, 0.32, 0.55, 0.95)):
        height, width = 0.17 + 0.06 * index, 0.75 + 0.42 * index
        tops = shapes.dune(stage.unit, stage.seed + 11 * index, height=height, width=width)
        foot = horizon + 0.08 + 0.11 * index if index < 3 else 1.0
        shade = hazy(near * 0.75, tint=SAND, amount=0.62 - 0.3 * near)
        who = stage.plan.figure if index == 3 else None
        tall = height + 0.03
        layers.append(stage.ridge(near, foot, tops, tall, shade=shade, rough=0.45, gullies=0.0, figure=who))
        if index < 2:
            layers.append(stage.mist(near + 0.03, foot - 0.02, 0.06, 0.4))
    return layers, []


def _city(stage: Stage) -> Layers:
    layers: list[Layer] = []
    for index, near in enumerate((0.1, 0.28, 0.55)):
        foot = stage.horizon + 0.07 * index
        layers.append(stage.skyline(near, foot, index, scale=1.0 + 0.75 * index, lit=0.35 + 0.3 * index))
        layers.append(stage.mist(near + 0.04, foot - 0.02, 0.1, 0.5 - 0.12 * index))
    front, who = Hills(9, 0.1, 1.3, 0.2), stage.plan.figure
    return layers, [stage.ridge(1.0, 1.0, front, trees=0.0 if who else 0.1, figure=who)]


def _hills(stage: Stage) -> Layers:
    horizon, who = stage.horizon, stage.plan.figure
    tint, amount = (SNOW, 0.6) if stage.plan.snowy else (GRASS, 0.85)
    far = Hills(1, 0.2, 0.8, 0.6)
    layers = [stage.ridge(0.05, horizon, far), stage.mist(0.08, horizon - 0.02, 0.07, 0.5)]
    for index, (near, trees) in enumerate(((0.18, 0.035), (0.36, 0.065), (0.6, 0.0))):
        tall = 0.17 + 0.03 * index
        hills = Hills(3 + index, tall, 0.8 + 0.2 * index, 0.08)
        shade = hazy(near, tint=tint, amount=amount * (1.0 - 0.4 * near))
        foot = horizon + 0.08 + 0.09 * index
        hill = stage.ridge(near, foot, hills, tall + 0.03, shade=shade, trees=trees, rough=0.12, gullies=0.0)
        layers += [hill, stage.mist(near + 0.03, foot - 0.03, 0.07, 0.45)]
    front = Hills(9, 0.13, 1.2, 0.1)
    meadow = hazy(1.0, tint=tint, amount=amount * 0.3)
    return layers, [stage.ridge(1.0, 1.0, front, shade=meadow, blades=0.1 if who else 0.16, figure=who)]


def _who(stage: Stage) -> tuple[list[Layer], Figure | None]:
    """The figure on the water, as a layer, and the one on the shore."""
    figure = stage.plan.figure
    return ([stage.afloat(figure)], None) if figure is not None and figure.afloat else ([], figure)


_ALL = (_mountains, _lake, _sea, _forest, _dunes, _city, _hills)
_PLACES: dict[str, Callable[[Stage], Layers]] = {place.__name__[1:]: place for place in _ALL}
