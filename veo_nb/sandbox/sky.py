"""The sky of a landscape: its colours, the sun or moon, stars and moving clouds."""

from __future__ import annotations

import numpy as np

from veo_nb.sandbox.layer import Raster
from veo_nb.sandbox.mood import Light
from veo_nb.sandbox.noise import Array, cloud, dice, spot
from veo_nb.sandbox.stage import Plan

WHITE = np.array([219.0, 0.0, 0.0], dtype=np.float32)
DRIFT = 0.012
"""Units a second that clouds move."""


class Sky:
    """Paints all above the row `end`, for one light that turns into another."""

    def __init__(self, raster: Raster, staged: Plan, lights: tuple[Light, Light], end: int) -> None:
        self.raster = raster
        self.horizon = end
        self.lights = lights
        rows, columns, sun, seed = end, raster.width, staged.sun, staged.seed
        self._glow, self._disc = _sun(raster, rows, sun, moon=staged.moon)
        edge = round(raster.unit * 0.06)
        middle = (round(sun[1] * raster.height), round(sun[0] * raster.width))
        self._spot = tuple(slice(max(0, at - edge), max(0, at + edge)) for at in middle)
        self._disc = self._disc[self._spot]
        self._stars = _stars(raster, rows, seed)
        wide = int(raster.unit * 3.2)
        texture = cloud(wide, max(8, rows), seed + 1, power=1.75, stretch=2.6)
        fade = np.linspace(0.0, 1.0, max(8, rows), dtype=np.float32)[:, None]
        # Thin near the top of the picture and at the horizon, full in between.
        arch = np.clip(np.sin(np.pi * fade**0.8), 0.0, 1.0) ** 0.7
        body = np.clip((texture - 0.5) * 2.4 + 0.05, 0.0, 1.0) * arch
        self._clouds = np.pad(body, ((0, 0), (0, columns + 2)), mode="wrap")
        self._period = wide
        self._bases = [self._base(light) for light in lights]
        self._veils = [self._veil(light) for light in lights]
        self._cover = np.empty((rows, columns), dtype=np.float32)
        self._paint = np.empty((rows, columns), dtype=np.float32)

    def paint(self, out: Array, seconds: float, part: float) -> None:
        """Paint the sky at this moment; `part` of the way from the first light to the second."""
        sky = out[:, : self.horizon]
        first, second = self._bases
        np.copyto(sky, first)
        if part > 0.0:
            sky += (second - first) * np.float32(part)
        at = (seconds * DRIFT * self.raster.unit) % self._period
        whole = int(at)
        left = self._clouds[:, whole : whole + self.raster.width]
        right = self._clouds[:, whole + 1 : whole + 1 + self.raster.width]
        cover = self._cover[: sky.shape[1]]
        np.subtract(right[: sky.shape[1]], left[: sky.shape[1]], out=cover)
        cover *= np.float32(at - whole)
        cover += left[: sky.shape[1]]
        first, second = self._veils
        amount = self.lights[0].clouds + (self.lights[1].clouds - self.lights[0].clouds) * part
        cover *= np.float32(amount)
        for channel in range(sky.shape[0]):
            veil = (
                first[channel] if part == 0.0 else first[channel] + (second[channel] - first[channel]) * part
            )
            np.subtract(veil, sky[channel], out=self._paint)
            self._paint *= cover
            sky[channel] += self._paint
        # The disc shines through thin cloud.
        light = self.lights[0].towards(self.lights[1], part) if part else self.lights[0]
        spot = sky[:, self._spot[0], self._spot[1]]
        bright = self.raster.pick(light.sun * 0.35 + WHITE * 0.65)
        spot += (bright - spot) * (self._disc * np.float32(0.92 * light.disc))

    def _base(self, light: Light) -> Array:
        """The clear sky in this light."""
        raster = self.raster
        rows = self.horizon
        down = np.linspace(0.0, 1.0, rows, dtype=np.float32)[None, :, None]
        zenith, middle, horizon = (
            raster.pick(shade) for shade in (light.zenith, light.middle, light.horizon)
        )
        low = _eased(np.clip(down / 0.62, 0.0, 1.0))
        high = _eased(np.clip((down - 0.42) / 0.58, 0.0, 1.0))
        sky = zenith + (middle - zenith) * low
        sky = sky + (horizon - sky) * high
        sky = np.repeat(sky, raster.width, axis=2).astype(np.float32)
        sun = raster.pick(light.sun)
        sky += (sun - sky) * (self._glow * (0.35 + 0.65 * light.disc))
        if light.stars:
            sky += raster.pick(light.sun) * (self._stars * light.stars)
        return sky

    def _veil(self, light: Light) -> Array:
        """The colour of a cloud where it stands: lit near the sun and low down, pale above."""
        raster = self.raster
        down = np.linspace(0.0, 1.0, self.horizon, dtype=np.float32)[None, :, None]
        dark = light.zenith * 0.35 + light.middle * 0.65
        pale = light.horizon * 0.75 + light.sun * 0.25
        veil = raster.pick(dark) + (raster.pick(pale) - raster.pick(dark)) * (0.25 + 0.7 * down)
        lit = np.clip(self._glow * 1.8, 0.0, 1.0)
        shade: Array = (veil + (raster.pick(light.sun) - veil) * lit).astype(np.float32)
        return shade


def _sun(raster: Raster, rows: int, sun: tuple[float, float], *, moon: bool) -> tuple[Array, Array]:
    """The glow about the sun, and its disc, both 0 to 1."""
    y, x = np.mgrid[0:rows, 0 : raster.width].astype(np.float32)
    away = np.hypot(x - sun[0] * raster.width, y - sun[1] * raster.height) / raster.unit
    if moon:
        glow = 0.34 * np.exp(-away / 0.10) + 0.16 * np.exp(-away / 0.4)
        size = 0.034
    else:
        glow = 0.62 * np.exp(-away / 0.16) + 0.3 * np.exp(-away / 0.55)
        size = 0.046
    edge = 1.6 / raster.unit
    disc = np.clip((size - away) / edge + 0.5, 0.0, 1.0)
    return np.clip(glow, 0.0, 1.0), disc


def _stars(raster: Raster, rows: int, seed: int) -> Array:
    """Stars, 0 to 1, sparse towards the horizon."""
    field = np.zeros((rows, raster.width), dtype=np.float32)
    lot = dice(seed, "stars")
    spread = max(0.5, raster.unit / 1400.0)
    for _ in range(420):
        x, y = float(lot.random()), float(lot.random()) ** 1.5
        bright = 0.12 + 0.75 * float(lot.random()) ** 5
        spot(field, x * raster.width, y * rows * 0.92, spread * (0.75 + bright), bright)
    return np.clip(field, 0.0, 1.0)


def _eased(part: Array) -> Array:
    return part * part * (3.0 - 2.0 * part)
