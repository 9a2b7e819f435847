"""A landscape from a prompt, as a film maker would stage it: sky, ridges in the haze, water, something near by.

The camera tracks slowly to the right; what is near passes faster than what is far.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from veo_nb.media.encode import FPS
from veo_nb.sandbox.reading import Colour, Light, Reading, StagePlan, colour, dice, plan_stage
from veo_nb.sandbox.render.photo import Reference, hang
from veo_nb.sandbox.render.shapes import Array, Pixels, Places, Sprites, cloud, within
from veo_nb.sandbox.render.stage import (
    BAND,
    Bytes,
    Layers,
    Plate,
    Raster,
    Stage,
    build,
    even,
    lay,
    mix,
    rasters,
)

PLACES = 3
"""Binary places to which the sway of waves is known."""
PARTS = 1 << PLACES
DRIFT = 0.012
"""Units a second that clouds move."""
WHITE, WARM, GREEN = colour(255, 255, 255), colour(255, 176, 84), colour(214, 240, 120)
Span = tuple[float, float]
Patch = tuple[tuple[slice, slice] | Pixels, Array, NDArray[np.int16]]
"""Rows and columns of a rectangle, or the number of each pixel; the colour that is painted there, and how much of it, from 0 to 127."""
GLOWING = ("embers", "fireflies")
"""What only adds to what is behind it."""


class Scene:
    """A landscape that can be painted at any moment of a span: luma at full size, the colour planes at half.

    The place is that of the first prompt; over the span the light goes from that of the last but one to that of the
    last. `pictures` appear in it.
    """

    def __init__(
        self, prompts: list[Reading], size: tuple[int, int], span: Span, pictures: Sequence[Image.Image] = ()
    ) -> None:
        first, last = prompts[max(0, len(prompts) - 2)], prompts[-1]
        self.lights, self.span = (first.light, last.light), span
        large, small = rasters(*size)
        staged = plan_stage(prompts[0])
        layers = build(Stage(staged, large, span))
        references = hang(pictures, staged.horizon, large)
        lights = self.lights[: 1 if first.light is last.light else 2]
        self._views: list[list[Planes]] = [[] for _ in lights]
        self._airs = [
            [Weather(one, staged.seed, prompt.weather) for one in (large, small)] for prompt in (first, last)
        ]
        for raster in (large, small):
            for view, light in zip(self._views, lights, strict=True):
                view.append(Planes(staged, raster, light, span, layers=layers, hung=references))
            layers = ([layer.halved() for layer in layers[0]], [layer.halved() for layer in layers[1]])
            references = [reference.halved() for reference in references]

    def paint(self, planes: Sequence[Bytes], seconds: float, index: int) -> None:
        """Paint a picture's planes, luma as (1, height, width) and the colours as (2, height / 2, width / 2).

        `seconds` count from the shot's beginning; `index` is the picture's number in this clip.
        """
        part = eased((seconds - self.span[0]) / (self.span[1] - self.span[0]))
        for number, out in enumerate(planes):
            if len(self._views) == 1 or part < 1.0:
                self._views[0][number].paint(out, seconds, index)
            if len(self._views) == 2 and part > 0.0:
                after = np.empty_like(out)
                self._views[1][number].paint(after, seconds, index)
                out[:] = mix(out, after, part)
        self._fly(planes, seconds, part)

    def _fly(self, planes: Sequence[Bytes], seconds: float, part: float) -> None:
        """Paint the weather of this moment over a picture."""
        light = self.lights[0].towards(self.lights[1], part) if part else self.lights[0]
        same = self._airs[0][0].kind == self._airs[1][0].kind
        shares = (1.0, 0.0) if same else (1.0 - part, part)
        for airs, share in zip(self._airs, shares, strict=True):
            for air, out in zip(airs, planes, strict=True):
                air.paint(out, light, seconds, share)


class Planes:
    """The planes of one raster in one light, painted from back to front.

    What moves slowly is painted less often: the sky and what is far every fourth time, all else that is not near every
    other time.
    """

    def __init__(
        self,
        staged: StagePlan,
        raster: Raster,
        light: Light,
        span: Span,
        *,
        layers: Layers,
        hung: list[Reference],
    ) -> None:
        self.raster, self.light, self.hung = raster, light, hung
        channels = raster.channels.stop - raster.channels.start
        # The same row in both sizes.
        row = even(staged.horizon * raster.height * channels) // channels
        end = row if staged.watery else min(raster.height, row + round(0.1 * raster.height))
        self.water = Water(raster, staged, row, light, span) if staged.watery else None
        plates: list[list[Plate]] = []
        # What stands in front is never seen through: there, nothing behind it is painted.
        floor, moment = raster.height, sum(span) / 2
        self._ends = [floor]
        for part in reversed(layers):
            plates.append([])
            for layer in reversed(part):
                plates[-1].insert(0, layer.lit(raster, light, floor, moment))
                floor = min(floor, layer.floor)
            self._ends.append(floor)
            floor = row if staged.watery else floor
        before, behind = plates
        far, near = _leading(behind, 0.0125 * raster.unit), _leading(before, 0.05 * raster.unit)
        self.far, self.back = behind[:far], behind[far:]
        self.middle, self.front = before[:near], before[near:]
        self.sky = Sky(raster, staged, light, min(end, self._ends[2]), end)
        self._far, self._near = np.zeros((2, channels, raster.height, raster.width), dtype=np.uint8)
        self._index = -4

    def paint(self, out: Bytes, seconds: float, index: int) -> None:
        """Paint the planes, (channels, height, width)."""
        before, self._index = self._index, index
        if before // 4 != index // 4:
            self.sky.paint(self._far, seconds - index % 4 / FPS)
            lay_down(self.far, self._far, seconds - index % 4 / FPS)
        if before // 2 != index // 2:
            self._near[:] = self._far
            self._paint_near(self._near, seconds - index % 2 / FPS)
        out[:] = self._near
        lay_down(self.front, out, seconds)

    def _paint_near(self, out: Bytes, seconds: float) -> None:
        lay_down(self.back, out, seconds)
        for picture in self.hung:
            picture.paint(out, self.raster, self.light, seconds)
        if self.water is not None:
            self.water.paint(out, seconds, self._ends[1])
        lay_down(self.middle, out, seconds)


def lay_down(plates: list[Plate], out: Bytes, seconds: float) -> None:
    """Lay plates down as they stand at this moment, from back to front."""
    for plate in plates:
        plate.paint(out, seconds)


def _leading(plates: list[Plate], speed: float) -> int:
    """How many plates from the back are slower than this; mist, which has no edges, may be three times as fast."""
    slow = takewhile(lambda plate: plate.speed < speed * (3.0 if plate.soft else 1.0), plates)
    return sum(1 for _ in slow)


def eased(part: float) -> float:
    """From 0 to 1, slowly at both ends."""
    part = min(1.0, max(0.0, part))
    return part * part * (3.0 - 2.0 * part)


def bands(rows: int, width: int) -> Iterator[slice]:
    """Rows, a few at a time: as many as stay in the processor's cache."""
    step = max(1, BAND * 1280 // width)
    return (slice(top, min(rows, top + step)) for top in range(0, rows, step))


class Sky:
    """Paints a sky of so many `rows` down to the row `end`, in one light: colours, sun or moon, stars, clouds."""

    def __init__(self, raster: Raster, staged: StagePlan, light: Light, end: int, rows: int) -> None:
        self.raster, self.rows = raster, end
        sun = (staged.sun[0] * raster.width, staged.sun[1] * raster.height)
        x, y = np.arange(raster.width, dtype=np.float32), np.arange(end, dtype=np.float32)[:, None]
        away = np.hypot(x - np.float32(sun[0]), y - np.float32(sun[1])) / np.float32(raster.unit)
        (near, wide), (strong, weak) = (
            ((0.10, 0.4), (0.34, 0.16)) if staged.moon else ((0.16, 0.55), (0.62, 0.3))
        )
        glow = np.clip(strong * np.exp(-away / near) + weak * np.exp(-away / wide), 0.0, 1.0)
        shade = raster.shade[:end]
        # The disc shines through thin cloud.
        edge = round(raster.unit * 0.06)
        self._spot = tuple(slice(max(0, round(at) - edge), max(0, round(at) + edge)) for at in reversed(sun))
        disc = ((0.034 if staged.moon else 0.046) - away[self._spot]) * np.float32(raster.unit / 1.6) + 0.5
        disc = np.clip(disc, 0.0, 1.0) * np.float32(0.92 * light.disc)
        bright = raster.pick(light.sun * 0.35 + WHITE * 0.65) * shade[self._spot] + raster.zero
        self._disc = (256.5 - 256.0 * disc).astype(np.uint16), (bright * disc + 0.5).astype(np.uint8)
        # Thin near the top of the picture and at the horizon, full in between.
        self._period = int(raster.unit * 3.2)
        tall = max(8, rows)
        texture = cloud(self._period, tall, staged.seed + 1, power=1.75, stretch=2.6)[:end]
        fade = np.linspace(0.0, 1.0, tall, dtype=np.float32)[:end, None]
        arch = np.clip(np.sin(np.pi * fade**0.8), 0.0, 1.0) ** 0.7
        body = np.clip((texture - 0.5) * 2.4 + 0.05, 0.0, 1.0) * arch
        body = (body * np.float32(256.0 * light.clouds) + 0.5).astype(np.uint16)
        self._clouds = np.concatenate([body, body[:, : raster.width + 2]], axis=1)
        down = np.linspace(0.0, 1.0, rows, dtype=np.float32)[:end, None]
        stars = _stars(raster, end, rows, staged.seed) * np.float32(light.stars) if light.stars else None
        clear, veil = self._clear(light, down, glow, stars), self._veil(light, down, glow)
        np.clip(clear, -112.0, 219.0, out=clear)
        veil -= clear
        veil *= shade
        clear *= shade
        grain = raster.grain(end, raster.width)
        # Numbers go round at 65536, so that what is less than nothing adds up too.
        clear += raster.zero + grain
        self._base = (clear * 256.0 + 128.0).astype(np.uint16)
        self._over = np.rint(veil + grain).astype(np.int16).view(np.uint16)

    def paint(self, out: Bytes, seconds: float) -> None:
        """Paint the sky at this moment."""
        at = int((seconds * DRIFT * self.raster.unit) % self._period)
        for rows in bands(self.rows, self.raster.width):
            mixed = self._over[:, rows] * self._clouds[rows, at : at + self.raster.width]
            mixed += self._base[:, rows]
            mixed >>= 8
            out[:, rows] = mixed
        lay(out[:, : self.rows][:, self._spot[0], self._spot[1]], *self._disc)

    def _clear(self, light: Light, down: Array, glow: Array, stars: Array | None) -> Array:
        """The clear sky in this light."""
        shades = (light.zenith, light.middle, light.horizon, light.sun)
        zenith, middle, horizon, sun = (self.raster.pick(shade) for shade in shades)
        low, high = (np.clip(part, 0.0, 1.0) for part in (down / 0.62, (down - 0.42) / 0.58))
        sky = zenith + (middle - zenith) * (low * low * (3.0 - 2.0 * low))
        sky = sky + (horizon - sky) * (high * high * (3.0 - 2.0 * high))
        clear: Array = sky + (sun - sky) * (glow * np.float32(0.35 + 0.65 * light.disc))
        if stars is not None:
            clear += sun * stars
        return clear

    def _veil(self, light: Light, down: Array, glow: Array) -> Array:
        """The colour of a cloud where it stands: lit near the sun and low down, pale above."""
        dark = self.raster.pick(light.zenith * 0.35 + light.middle * 0.65)
        pale = self.raster.pick(light.horizon * 0.75 + light.sun * 0.25)
        veil = dark + (pale - dark) * (0.25 + 0.7 * down)
        lit: Array = veil + (self.raster.pick(light.sun) - veil) * np.minimum(glow * np.float32(1.8), 1.0)
        return lit


def _stars(raster: Raster, end: int, rows: int, seed: int) -> Array:
    """Stars, 0 to 1, sparse towards the horizon."""
    x, y, bright = dice(seed, "stars").random((420, 3)).T[..., None]
    x, y, bright = x * raster.width, y**1.5 * (rows * 0.92), 0.12 + 0.75 * bright**5
    radius = max(0.5, raster.unit / 1400.0) * (0.75 + bright)
    around = np.arange(-4, 6)
    columns, lines = np.floor(x).astype(np.intp) + around, np.floor(y).astype(np.intp) + around
    across, down = (np.exp(-(((part - at) / radius) ** 2)) for part, at in ((columns, x), (lines, y)))
    # A margin, so that what hangs over an edge has its place.
    field = np.zeros((max(end, rows) + 12, raster.width + 12), dtype=np.float32)
    light = (bright * down)[:, :, None] * across[:, None, :]
    np.add.at(field, (lines[:, :, None] + 5, columns[:, None, :] + 5), light.astype(np.float32))
    stars: Array = np.minimum(field[5 : end + 5, 5 : raster.width + 5], 1.0)
    return stars


class Water:
    """Paints from the row of the horizon down, between two moments: it mirrors what stands above, moves, and glitters."""

    def __init__(self, raster: Raster, staged: StagePlan, horizon: int, light: Light, span: Span) -> None:
        self.raster, self.horizon, rows = raster, horizon, raster.height - horizon
        ice = staged.snowy and staged.place == "lake"
        # 1 is the open sea, 0 would be a mirror.
        rough = 1.0 if staged.place == "sea" else 0.12 if ice else 0.3
        down = np.arange(rows, dtype=np.float32)[:, None]
        near = down / max(1, rows - 1)
        # What is far up is seen in what is near: the mirror, a little compressed; and the waves move it.
        mirror = horizon - 1.0 - down * 0.92
        sway = raster.unit * (0.004 + (0.085 * rough + 0.22 * rough**4) * near**0.9)
        x = np.arange(raster.width, dtype=np.float32)
        across = (x / np.float32(raster.width) - np.float32(staged.sun[0])) * np.float32(
            raster.width / raster.unit
        )
        path = np.exp(-((across / (0.05 + 0.22 * near)) ** 2)) * (0.35 + 0.65 * (1 - near))
        lit = np.flatnonzero(path.max(axis=0) > 0.02)
        self._lit = slice(int(lit[0]), int(lit[-1]) + 1) if len(lit) else slice(0, 0)
        shine = 5.0 * 0.9 * light.disc * (0.35 if ice else 1.0)
        # Steep towards the viewer, water shows its own colour; flat and far, only the mirror.
        own = (0.08 + 0.5 * near**1.3) * (0.55 if ice else 1.0)
        tint = light.mist * 0.6 + light.horizon * 0.4 if ice else light.near * 0.5 + light.zenith * 0.5
        self._keep = (256.5 - 256.0 * own).astype(np.uint16)
        add = (
            raster.pick(tint) * raster.shade[horizon:] + raster.zero + raster.grain(rows, raster.width)
        ) * own
        # What is kept of the mirror is rounded down.
        self._add = (add + 1.0).astype(np.uint8)
        self._sun = (raster.pick(light.sun)[:, 0, 0] + raster.zero).astype(np.uint16)
        # What is mirrored, with what stands for it above and below as far as waves reach.
        self._deep = deep = int(np.ceil(float(sway.max()))) + 2
        self._seen = np.zeros((len(self._sun), horizon + 2 * deep, raster.width), dtype=np.uint8)
        waves = [
            Waves(raster, staged.seed + 5 + index, speed * raster.unit, span, sway.astype(np.float32))
            for index, speed in enumerate((0.045, -0.032))
        ]
        self._level = np.rint((mirror + deep + 0.5) * PARTS).astype(np.int16)
        waves[0].sway += self._level
        self._waves, self._x = waves, np.arange(raster.width, dtype=np.int32)
        # Where waves are high enough, the sun glitters: from a tenth of their sway on, and up to a half.
        self._least, self._most = (
            np.rint(sway * (PARTS * at)).astype(np.int16) + self._level for at in (0.1, 0.5)
        )
        gain = 0.5 * shine * 65536.0 / (PARTS * sway)
        self._path = np.minimum(path[:, self._lit] * gain, 65535.0 / (self._most - self._least)).astype(
            np.uint16
        )
        # They have a light and a dark side, which only luma shows.
        form = near * (26.0 * rough * (0.25 + 0.75 * light.disc)) / sway
        self._form = None if raster.channels.start else np.rint(form * (1024 / PARTS)).astype(np.int16)

    def paint(self, out: Bytes, seconds: float, end: int) -> None:
        """Paint it at this moment, down to the row `end`; what it mirrors has been painted above."""
        top, deep, lit, width = self.horizon, self._deep, self._lit, self.raster.width
        self._seen[:, deep : deep + top] = out[:, :top]
        self._seen[:, :deep], self._seen[:, deep + top :] = out[:, :1], out[:, top - 1 : top]
        one, two = (waves.at(seconds) for waves in self._waves)
        for rows in bands(min(out.shape[1], end) - top, width):
            place = one[rows] + two[rows]
            at = (place >> PLACES).astype(np.int32)
            at *= width
            at += self._x
            least = self._least[rows]
            glint = np.minimum(np.maximum(place[:, lit], least), self._most[rows])
            glint -= least
            shine = glint.view(np.uint16) * self._path[rows]
            shine >>= 8
            shown = 256 - shine
            if self._form is not None:
                place -= self._level[rows]
                place *= self._form[rows]
                place >>= 10
            for channel, sun in enumerate(self._sun):
                seen = out[channel, top + rows.start : top + rows.stop]
                self._seen[channel].reshape(-1).take(at, mode="wrap", out=seen)
                mixed = np.multiply(seen, self._keep[rows], dtype=np.uint16)
                mixed >>= 8
                mixed += self._add[channel, rows]
                if self._form is not None:
                    raised = mixed.view(np.int16)
                    raised += place
                    np.clip(raised, 16, 235, out=raised)
                seen[:] = mixed
                lay(seen[:, lit], shown, shine * sun >> 8)


class Waves:
    """Waves lying flat, seen from the shore: small and dense far off, large near by.

    They move sideways by `speed` pixels a second, and what is seen in the highest by `sway` rows.
    """

    def __init__(self, raster: Raster, seed: int, speed: float, span: Span, sway: Array) -> None:
        self.speed, self.width, rows = speed, raster.width, len(sway)
        offsets = [moment * speed for moment in span]
        self.left = int(np.floor(min(offsets)))
        columns = raster.width + int(np.ceil(abs(offsets[1] - offsets[0]))) + 3
        tile = cloud(1024, 1024, seed, power=1.2, stretch=2.4)
        away = 1.0 / (np.arange(rows, dtype=np.float32)[:, None] / np.float32(rows) + np.float32(0.055))
        x = (self.left + np.arange(columns, dtype=np.float32) - raster.width / 2) / np.float32(raster.unit)
        x = x * (away * 26.0 + 64.0)
        y = away * 190.0 + 3.0
        # The tile repeats in both directions.
        x0, y0 = np.floor(x), np.floor(y)
        fx, fy = x - x0, y - y0
        first = y0.astype(np.intp)[:, 0]
        lines = tile[first & 1023]
        lines += (tile[(first + 1) & 1023] - lines) * fy
        # Its first column again after the last.
        lines = np.concatenate([lines, lines[:, :1]], axis=1)
        place = x0.astype(np.intp) & 1023
        place += np.arange(rows)[:, None] * 1025
        strip = lines.take(place)
        fx *= lines.reshape(-1)[1:].take(place) - strip
        strip += fx
        strip -= np.float32(0.5)
        self.sway = np.rint(strip * (sway * PARTS)).astype(np.int16)
        """By how many rows each pixel moves what is seen in it, in parts of one."""

    def at(self, seconds: float) -> NDArray[np.int16]:
        """The sway that is in the picture at this moment."""
        whole = max(0, min(round(seconds * self.speed - self.left), self.sway.shape[1] - self.width))
        sway: NDArray[np.int16] = self.sway[:, whole : whole + self.width]
        return sway


class Weather:
    """Paints the air of one kind of weather; every speck's place is a function of time."""

    def __init__(self, raster: Raster, seed: int, kind: str) -> None:
        self.raster, self.kind = raster, kind
        lot = dice(seed, "weather", kind)
        count = {"snow": 170, "rain": 190, "embers": 90, "fireflies": 40, "dust": 60, "birds": 9}.get(kind, 0)
        self.x, self.y, self.phase, self.depth = (lot.random(count) for _ in range(4))
        self._sprites: Sprites | None = None
        self._spots: list[NDArray[np.int16]] = []

    def paint(self, out: Bytes, light: Light, seconds: float, strength: float = 1.0) -> None:
        """Paint it at this moment over a finished picture's planes."""
        if not self.kind or strength <= 0.01:
            return
        for place, tint, cover in getattr(self, f"_{self.kind}")(light, seconds):
            much = cover if strength >= 1.0 else (cover * np.float32(strength)).astype(np.int16)
            for plane, shade in zip(out, tint[:, 0, 0], strict=True):
                target = plane if isinstance(place, tuple) else plane.reshape(-1)
                there = target[place].astype(np.int16)
                if self.kind in GLOWING:
                    there += np.int16(shade) * much >> 7
                    target[place] = np.clip(there, 16, 240)
                else:
                    target[place] = there + ((np.int16(shade + self.raster.zero) - there) * much >> 7)

    def _snow(self, light: Light, time: float) -> Iterator[Patch]:
        white = light.mist * 0.35 + WHITE * (0.25 + 0.4 * light.mist[0] / 219.0)
        near = self.depth**3
        fall = (self.y * 1.2 + time * (0.05 + 0.14 * near)) % 1.2 - 0.1
        sway = 0.02 * np.sin(time * (0.5 + self.phase) + self.phase * 40.0)
        along = (self.x * 1.2 + time * (0.012 + 0.05 * near) + sway) % 1.2 - 0.1
        return self._specks(along, fall, 0.0016 + 0.0075 * near, white, 0.75 - 0.45 * near)

    def _dust(self, light: Light, time: float) -> Iterator[Patch]:
        near, phase = self.depth**3, self.phase
        rise = 0.012 * np.sin(time * 0.6 + 30 * phase) - 0.012 * time * (0.5 + phase)
        sway = 0.01 * np.sin(time * 0.43 + 50 * phase) + 0.016 * time * (0.5 + near)
        up, along = (self.y + rise) % 1.1 - 0.05, (self.x + sway) % 1.1 - 0.05
        shine = 0.5 + 0.5 * np.sin(time * (0.7 + phase) + 60 * phase)
        return self._specks(along, up, 0.0018 + 0.009 * near, light.sun, shine * (0.42 - 0.28 * near))

    def _embers(self, _: Light, time: float) -> Iterator[Patch]:
        phase = self.phase
        rise = 1.05 - (self.y * 1.1 + time * (0.05 + 0.16 * self.depth)) % 1.1
        sway = 0.03 * np.sin(time * (0.8 + phase) + 30 * phase + rise * 7)
        along = (self.x + sway + 0.012 * time) % 1.1 - 0.05
        flicker = 0.6 + 0.4 * np.sin(time * (5 + 6 * phase) + 80 * phase)
        amount = flicker * np.clip(rise * 1.3, 0.0, 1.0)
        return self._specks(along, rise, 0.0016 + 0.004 * self.depth**3, WARM, amount)

    def _fireflies(self, _: Light, time: float) -> Iterator[Patch]:
        phase = self.phase
        sway = 0.03 * np.sin(time * 0.31 + 40 * phase) + 0.014 * np.sin(time * 0.83 + 9 * phase)
        along = (self.x + sway) % 1.0
        low = 0.5 + 0.46 * self.y + 0.02 * np.sin(time * 0.57 + 70 * phase)
        pulse = np.clip(np.sin(time * (1.0 + 1.2 * phase) + 90 * phase), 0.0, None) ** 2
        sizes = 0.0022 + 0.003 * self.depth
        yield from self._specks(along, low, sizes, GREEN, pulse)
        yield from self._halos(along, low, sizes * 5.5, GREEN, pulse * 0.16)

    def _birds(self, light: Light, time: float) -> Iterator[Patch]:
        """Birds far off: two wings each, bent at the wrist."""
        raster = self.raster
        ink = raster.pick(light.near * 0.8 + light.far * 0.2)
        sizes = raster.unit * (0.008 + 0.007 * self.depth)
        along = (0.1 + 0.35 * self.x + time * (0.018 + 0.004 * self.depth)) % 1.3 - 0.15
        up = 0.16 + 0.17 * self.y + 0.008 * np.sin(time * 0.9 + 20 * self.phase)
        beats = np.sin(time * (6.0 + 2.0 * self.phase) + 50 * self.phase)
        beats *= 0.5 + 0.5 * np.sin(time * 0.7 + 9 * self.phase)
        for x, y, size, beat in zip(along * raster.width, up * raster.height, sizes, beats, strict=True):
            reach = int(size * 2.2) + 2
            rows = within(int(y) - reach, int(y) + reach + 1, raster.height)
            columns = within(int(x) - reach, int(x) + reach + 1, raster.width)
            across = np.abs((np.arange(columns.start, columns.stop) - x) / size)[None, :]
            down = ((np.arange(rows.start, rows.stop) - y) / size)[:, None]
            line = -0.55 * (0.35 + 0.5 * beat) * np.sin(np.clip(across / 1.5, 0, 1.4) * 1.9)
            thick = np.clip(0.17 * (1.0 - across / 1.6), 0.0, None) + 0.10 * np.exp(-((across / 0.2) ** 2))
            cover = np.clip((thick - np.abs(down - line)) * size + 0.5, 0.0, 1.0) * (across < 1.6)
            yield (rows, columns), ink, (cover * 127.0).astype(np.int16)

    def _rain(self, light: Light, time: float) -> Iterator[Patch]:
        raster, speed = self.raster, 1.3 + 1.2 * self.depth
        if raster.channels.start:
            return  # streaks of light, not of hue
        fall = (self.y * 1.3 + time * speed * 0.75) % 1.3 - 0.2
        along = (self.x * 1.2 + 0.08 * time * speed) % 1.2 - 0.1
        if self._sprites is None:
            self._sprites = Sprites.streaks((raster.width, raster.height), raster.unit, self.depth)
        place, cover = self._sprites.at(along, fall, np.ones_like(along))
        yield place, raster.pick(light.mist), cover

    def _specks(self, x: Places, y: Places, sizes: Places, tint: Colour, amounts: Places) -> Iterator[Patch]:
        """Soft round specks; x and y from 0 to 1 of the picture, sizes in units, always the same; colour and amount."""
        raster = self.raster
        radius = np.maximum(0.6, sizes * raster.unit)
        if self._sprites is None:
            # Small ones of snow and dust show no hue.
            faint = raster.channels.start and self.kind in ("snow", "dust")
            self._sprites = Sprites.dots(
                (raster.width, raster.height), radius, sizes < (0.004 if faint else 0.0)
            )
        # What is smaller than a pixel is dimmer, not larger.
        amounts = amounts * np.minimum(1.0, (sizes * raster.unit / radius) ** 2)
        place, cover = self._sprites.at(x, y, amounts)
        yield place, raster.pick(tint), cover

    def _halos(self, x: Places, y: Places, sizes: Places, tint: Colour, amounts: Places) -> Iterator[Patch]:
        """Large soft round spots, few of them, by whole pixels; otherwise as `_specks`."""
        raster = self.raster
        if not self._spots:
            for radius in sizes * raster.unit:
                reach = int(radius * 2.1) + 1
                line = np.exp(-((np.arange(-reach, reach + 1) / radius) ** 2))
                self._spots.append((line[:, None] * line * 127.0).astype(np.int16))
        for number in np.flatnonzero(amounts > 0.02).tolist():
            spot = self._spots[number]
            reach = len(spot) // 2
            left, top = (
                round(float(at)) - reach for at in (x[number] * raster.width, y[number] * raster.height)
            )
            rows, columns = (
                within(top, top + len(spot), raster.height),
                within(left, left + len(spot), raster.width),
            )
            seen = spot[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
            yield (rows, columns), raster.pick(tint), seen * np.int16(127.0 * amounts[number]) >> 7
