"""A landscape from a prompt, as a film maker would stage it: sky, ridges in the haze, water, something near by.

The camera tracks slowly to the right; what is near passes faster than what is far.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from veo_nb.media.encode import FPS
from veo_nb.sandbox.keepsake import Keepsake, hang
from veo_nb.sandbox.layer import Layer, Raster
from veo_nb.sandbox.mood import Light, Mood
from veo_nb.sandbox.noise import Array
from veo_nb.sandbox.places import build
from veo_nb.sandbox.sky import Sky
from veo_nb.sandbox.stage import Plan, Stage, even, plan
from veo_nb.sandbox.water import Water
from veo_nb.sandbox.weather import Weather

Span = tuple[float, float]


class Scene:
    """A landscape that can be painted at any moment of a span: luma at full size, the colour planes at half.

    The place is that of the first mood; over the span the light goes from that of the last but one to that of the
    last. `pictures` appear in it.
    """

    def __init__(
        self, moods: list[Mood], size: tuple[int, int], span: Span, pictures: Sequence[Image.Image] = ()
    ) -> None:
        width, height = size
        first, last = moods[max(0, len(moods) - 2)], moods[-1]
        unit = 0.75 * float(np.sqrt(width * height))
        self.lights = (first.light, last.light)
        self.span = span
        large = Raster(width, height, slice(0, 1), unit)
        small = Raster(width // 2, height // 2, slice(1, 3), unit / 2)
        staged = plan(moods[0])
        back, front = build(Stage(staged, large, span))
        sights = hang(pictures, staged, large)
        self._planes = []
        for raster in (large, small):
            view = Planes(staged, raster, self.lights, span)
            whole = raster is large
            view.stand(
                back if whole else [layer.halved() for layer in back],
                front if whole else [layer.halved() for layer in front],
                sights if whole else [sight.halved() for sight in sights],
            )
            view.airs = [Weather(raster, staged.seed, mood.weather) for mood in (first, last)]
            self._planes.append(view)

    def paint(self, seconds: float, index: int) -> tuple[Array, Array]:
        """Luma, (height, width) from 0 to 219, and the colour planes about 0, (2, height / 2, width / 2).

        `seconds` count from the shot's beginning; `index` is the picture's number in this clip. The arrays are
        used again for the next picture.
        """
        part = 0.0
        if self.lights[0] is not self.lights[1]:
            part = _eased((seconds - self.span[0]) / (self.span[1] - self.span[0]))
        light = self.lights[0].towards(self.lights[1], part) if part else self.lights[0]
        luma, chroma = (planes.paint(light, part, seconds, index) for planes in self._planes)
        return luma[0], chroma


class Planes:
    """The planes of one raster, painted from back to front."""

    def __init__(self, staged: Plan, raster: Raster, lights: tuple[Light, Light], span: Span) -> None:
        self.raster = raster
        row = even(staged.horizon * raster.height) if raster.channels.start == 0 else 0
        row = row or even(staged.horizon * raster.height * 2) // 2
        end = row if staged.watery else min(raster.height, row + round(0.1 * raster.height))
        self.sky = Sky(raster, staged, lights, end)
        self.water = Water(raster, staged, row, span) if staged.watery else None
        self.airs: list[Weather] = []
        channels = 1 if raster.channels.start == 0 else 2
        self._out = np.zeros((channels, raster.height, raster.width), dtype=np.float32)
        self._backdrop = self._out.copy()
        self.stand([], [], [])

    def stand(self, back: list[Layer], front: list[Layer], sights: list[Keepsake]) -> None:
        """Put up the layers behind the water and before it, and the pictures between them."""
        # What moves less than half a pixel from one picture to the next is painted for every other one.
        slow = [index for index, layer in enumerate(back) if layer.speed < 0.02 * self.raster.unit * FPS]
        split = slow[-1] + 1 if slow else 0
        self.far, self.back, self.front = back[:split], back[split:], front
        self.sights = sights

    def paint(self, light: Light, part: float, seconds: float, index: int) -> Array:
        """The planes, (channels, height, width)."""
        if index % 2 == 0:
            self.sky.paint(self._backdrop, seconds, part)
            for layer in self.far:
                layer.paint(self._backdrop, self.raster, light, seconds)
        out = self._out
        np.copyto(out, self._backdrop)
        for layer in self.back:
            layer.paint(out, self.raster, light, seconds)
        for sight in self.sights:
            sight.paint(out, self.raster, light, seconds)
        if self.water is not None:
            self.water.paint(out, light, seconds)
        for layer in self.front:
            layer.paint(out, self.raster, light, seconds)
        before, after = self.airs
        same = before.kind == after.kind
        before.paint(out, light, seconds, 1.0 if same else 1.0 - part)
        if not same:
            after.paint(out, light, seconds, part)
        return out


def _eased(part: float) -> float:
    part = min(1.0, max(0.0, part))
    return part * part * (3.0 - 2.0 * part)
