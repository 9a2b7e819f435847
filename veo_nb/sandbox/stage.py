"""Stages a place: where the horizon and the sun are, and how each layer is made at its distance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from veo_nb.sandbox import outline
from veo_nb.sandbox.figures import Figure, find_figure, stamp
from veo_nb.sandbox.layer import Layer, Raster
from veo_nb.sandbox.mood import Colour, Light, Mood
from veo_nb.sandbox.noise import Array, cloud, dice, fractal, seed_of, spot
from veo_nb.sandbox.outline import Line, Strip, Tops

TRACK = 0.085
"""Units a second that the nearest things pass."""
COARSE = 3
"""Relief is soft: it is worked out on every third pixel, nine times quicker."""
WATERY = ("lake", "sea")
Shade = Callable[[Light, float], Colour]


@dataclass(frozen=True)
class Plan:
    """What of a landscape does not depend on the size of the picture."""

    place: str
    seed: int
    horizon: float
    """Height of the horizon, from 0 at the top of the picture to 1."""
    sun: tuple[float, float]
    """Where the sun or moon stands, from 0 to 1."""
    snowy: bool
    moon: bool
    figure: Figure | None
    """Who stands in it."""

    @property
    def watery(self) -> bool:
        """Whether there is water from the horizon down."""
        return self.place in WATERY


def plan(mood: Mood) -> Plan:
    """How to stage a mood's place."""
    lot = dice("plan", mood.text)
    side = float(lot.uniform(0.24, 0.42))
    low = {"dawn": 0.9, "dusk": 0.93, "golden": 0.72, "ember": 0.9}.get(mood.time, 0.36)
    horizon = {"lake": 0.56, "sea": 0.55, "forest": 0.7, "dunes": 0.6, "city": 0.74}.get(mood.place, 0.66)
    horizon += float(lot.uniform(-0.02, 0.02))
    sun = (side if lot.random() < 0.5 else 1.0 - side, horizon * (low - 0.16) + 0.02)
    figure = find_figure(mood.text)
    if figure is not None and figure.afloat and mood.place not in WATERY:
        figure = None
    return Plan(
        mood.place, seed_of("place", mood.text), horizon, sun, mood.snowy, mood.light.stars > 0.5, figure
    )


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


class Stage:
    """Makes layers for a picture of one size, as far as they are seen between two moments.

    `near` is a layer's distance: 0 at the horizon, 1 in front of the camera. `foot` is where it ends below, from 0 at
    the top of the picture to 1. Sizes are in units. All pixels are even: the colour planes have half of them.
    """

    def __init__(self, plan: Plan, raster: Raster, span: tuple[float, float]) -> None:
        self.plan = plan
        self.raster = raster
        self.span = span
        self.unit = raster.unit
        self.seed = plan.seed
        self.horizon = plan.horizon

    def hills(self, index: int, *, height: float, width: float, rugged: float) -> Tops:
        """The line of hills or mountains; `index` makes it another line than those before."""
        return outline.ridge(self.unit, self.seed + index, height=height, width=width, rugged=rugged)

    def ridge(
        self,
        near: float,
        foot: float,
        tops: Tops,
        tall: float,
        *,
        shade: Shade | None = None,
        rough: float = 0.0,
        gullies: float = 1.0,
        trees: float = 0.0,
        blades: float = 0.0,
        figure: Figure | None = None,
        solid: bool = True,
    ) -> Layer:
        """Ground that is at most `tall` high, with trees, blades of grass or a figure on it.

        `rough` is how strongly light moulds it, `gullies` how much they count in that.
        """
        speed = self.speed(near)
        bottom = even(foot * self.raster.height)
        height = figure.height * (1.05 + figure.lift) if figure else 0.0
        strip = self.strip(speed, min(bottom, even((tall + trees * 1.1 + max(blades, height)) * self.unit)))
        seed = self.seed + round(near * 1000)
        cover = outline.filled(strip, tops)
        if trees:
            firs = outline.conifers(strip, tops, seed, size=trees, every=trees * 0.17)
            cover = np.maximum(cover, firs)
        if blades:
            cover = np.maximum(cover, outline.grass(strip, tops, seed, size=blades))
        if figure:
            x = self.middle(speed)
            stamp(figure, cover, x - strip.left, strip.rows - float(tops(np.array([x]))[0]), self.unit)
        relief = self._relief(strip, tops, seed, gullies) * np.float32(rough) if rough else None
        top = bottom - strip.rows
        return Layer(cover, top, speed, strip.left, shade or hazy(near), relief=relief, solid=solid)

    def trunks(self, near: float, index: int, *, every: float, thick: float) -> Layer:
        """Trunks that reach out of the picture."""
        speed = self.speed(near)
        rows = min(self.raster.height, even((self.horizon + 0.1 + 0.2 * near) * self.raster.height))
        cover = outline.trunks(self.strip(speed, rows), self.seed + index, every=every, thick=thick)
        if near < 1.0:
            # Their feet stand in mist, not on an edge.
            cover *= np.clip(np.linspace(5.0, 0.0, rows, dtype=np.float32), 0.0, 1.0)[:, None]
        return Layer(cover, 0, speed, self.strip(speed, rows).left, hazy(near), solid=False)

    def skyline(self, near: float, foot: float, index: int, *, scale: float, lit: float) -> Layer:
        """Towers, `scale` times the usual size, with `lit` of their windows' light."""
        speed = self.speed(near)
        strip = self.strip(speed, even(self.unit * 0.62))
        larger = Strip(self.unit * scale, strip.left, strip.columns, strip.rows)
        cover, glow = outline.towers(larger, self.seed + index, size=0.44 / scale)
        top = even(foot * self.raster.height) - strip.rows
        return Layer(cover, top, speed, strip.left, hazy(0.12 + near), glow=glow * cover * np.float32(lit))

    def mist(self, near: float, middle: float, thick: float, strength: float) -> Layer:
        """A bank of mist about a height of the picture."""
        speed = self.speed(near) + 0.02 * self.unit
        rows = min(even(thick * self.unit * 2.0), self.raster.height - 2)
        top = max(0, min(even(middle * self.raster.height - rows / 2), self.raster.height - rows))
        strip = self.strip(speed, rows)
        wide = even(2.4 * self.unit)
        tile = cloud(wide, rows, self.seed + round(near * 991), power=1.6, stretch=2.2)
        picked = tile[:, (strip.left + np.arange(strip.columns)) % wide]
        down = np.linspace(-1.0, 1.0, rows, dtype=np.float32)[:, None]
        bank = np.clip(1.0 - down**2, 0.0, None) ** 1.5
        cover = np.clip(picked * 1.9 - 0.35, 0.0, 1.0) * bank * np.float32(strength)
        return Layer(cover, top, speed, strip.left, lambda light, _: light.mist, solid=False, misty=True)

    def afloat(self, figure: Figure) -> Layer:
        """A figure on the water, near the horizon."""
        speed = self.speed(0.3)
        strip = self.strip(speed, even(figure.height * 1.05 * self.unit))
        cover = np.zeros((strip.rows, strip.columns), dtype=np.float32)
        x = self.middle(speed) - strip.left
        stamp(figure, cover, x, float(strip.rows), self.unit)
        glow = None
        if figure.name == "lighthouse":
            size = figure.height * self.unit
            glow = np.zeros_like(cover)
            spot(glow, x + 0.02 * size, strip.rows - 0.86 * size, 0.035 * size, 1.0)
            spot(glow, x + 0.02 * size, strip.rows - 0.86 * size, 0.16 * size, 0.35)
        top = even(self.horizon * self.raster.height) - strip.rows
        return Layer(cover, top, speed, strip.left, hazy(0.5), glow=glow, solid=False)

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
        here = fractal(flow, seed + 6, 4, sharp=0.7)
        beside = fractal(flow + 0.22, seed + 6, 4, sharp=0.7)
        light = np.clip((0.8 * slope + gullies * 3.2 * (beside - here)) * sunny, -1.0, 1.0)
        coarse = (light * np.exp(-down / (0.2 * unit))).astype(np.float32)
        fine = np.repeat(np.repeat(coarse, COARSE, axis=0), COARSE, axis=1)
        return _blurred(fine[: strip.rows, : strip.columns])


def even(pixels: float) -> int:
    """The nearest even number."""
    return round(pixels / 2) * 2


def _blurred(field: Array) -> Array:
    """A field with its coarse pixels smoothed away."""
    for axis in (0, 1):
        total = np.zeros_like(field)
        for shift in range(-COARSE + 1, COARSE):
            total += np.roll(field, shift, axis=axis)
        field = total / np.float32(2 * COARSE - 1)
    return field
