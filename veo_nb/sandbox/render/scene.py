"""A landscape from a prompt, as a film maker would stage it: sky, ridges in the haze, water, something near by.

The camera tracks slowly to the right; what is near passes faster than what is far.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from veo_nb.media.encode import FPS
from veo_nb.sandbox.reading import Colour, Light, Reading, colour, dice
from veo_nb.sandbox.render.photo import Reference, hang
from veo_nb.sandbox.render.shapes import Array, cloud, spot
from veo_nb.sandbox.render.stage import (
    BAND,
    Layer,
    Raster,
    Stage,
    StagePlan,
    blend,
    build,
    even,
    plan_stage,
    slid,
)

DRIFT = 0.012
"""Units a second that clouds move."""
WHITE, WARM, GREEN = colour(255, 255, 255), colour(255, 176, 84), colour(214, 240, 120)
Span = tuple[float, float]
Places = NDArray[np.float64]
Patch = tuple[slice, slice, Array, Array]
"""Rows and columns, the colour that is painted there, and how much of it."""


class Scene:
    """A landscape that can be painted at any moment of a span: luma at full size, the colour planes at half.

    The place is that of the first prompt; over the span the light goes from that of the last but one to that of the
    last. `pictures` appear in it.
    """

    def __init__(
        self, prompts: list[Reading], size: tuple[int, int], span: Span, pictures: Sequence[Image.Image] = ()
    ) -> None:
        width, height = size
        first, last = prompts[max(0, len(prompts) - 2)], prompts[-1]
        self.lights, self.span = (first.light, last.light), span
        unit = 0.75 * float(np.sqrt(width * height))
        large = Raster(width, height, slice(0, 1), unit)
        small = Raster(width // 2, height // 2, slice(1, 3), unit / 2)
        staged = plan_stage(prompts[0])
        layers = build(Stage(staged, large, span))
        references = hang(pictures, staged.horizon, large)
        self._planes = []
        for raster in (large, small):
            view = Planes(staged, raster, self.lights, span)
            view.airs = [Weather(raster, staged.seed, prompt.weather) for prompt in (first, last)]
            view.stand(*layers, references)
            self._planes.append(view)
            layers = ([layer.halved() for layer in layers[0]], [layer.halved() for layer in layers[1]])
            references = [reference.halved() for reference in references]

    def paint(self, seconds: float, index: int) -> tuple[Array, Array]:
        """Luma, (height, width) from 0 to 219, and the colour planes about 0, (2, height / 2, width / 2).

        `seconds` count from the shot's beginning; `index` is the picture's number in this clip. The arrays are
        used again for the next picture.
        """
        part = 0.0
        if self.lights[0] is not self.lights[1]:
            part = eased((seconds - self.span[0]) / (self.span[1] - self.span[0]))
        light = self.lights[0].towards(self.lights[1], part) if part else self.lights[0]
        luma, chroma = (planes.paint(light, part, seconds, index) for planes in self._planes)
        return luma[0], chroma


class Planes:
    """The planes of one raster, painted from back to front."""

    def __init__(self, staged: StagePlan, raster: Raster, lights: tuple[Light, Light], span: Span) -> None:
        self.raster = raster
        self.airs: list[Weather] = []
        channels = raster.channels.stop - raster.channels.start
        # The same row in both sizes.
        row = even(staged.horizon * raster.height * channels) // channels
        end = row if staged.watery else min(raster.height, row + round(0.1 * raster.height))
        self.sky = Sky(raster, staged, lights, end)
        self.water = Water(raster, staged, row, span) if staged.watery else None
        self._out = np.zeros((channels, raster.height, raster.width), dtype=np.float32)
        self._backdrop = self._out.copy()

    def stand(self, back: list[Layer], front: list[Layer], references: list[Reference]) -> None:
        """Put up the layers behind the water and before it, and the pictures between them."""
        # What moves less than half a pixel from one picture to the next is painted for every other one.
        slow = [index for index, layer in enumerate(back) if layer.speed < 0.02 * self.raster.unit * FPS]
        split = slow[-1] + 1 if slow else 0
        self.far, self.back, self.front, self.references = back[:split], back[split:], front, references

    def paint(self, light: Light, part: float, seconds: float, index: int) -> Array:
        """The planes, (channels, height, width)."""
        if index % 2 == 0:
            self.sky.paint(self._backdrop, light, part, seconds)
            for layer in self.far:
                layer.paint(self._backdrop, self.raster, light, seconds)
        out = self._out
        np.copyto(out, self._backdrop)
        for layer in self.back:
            layer.paint(out, self.raster, light, seconds)
        for reference in self.references:
            reference.paint(out, self.raster, light, seconds)
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


def eased(part: float) -> float:
    """From 0 to 1, slowly at both ends."""
    part = min(1.0, max(0.0, part))
    return part * part * (3.0 - 2.0 * part)


def bands(rows: int, width: int) -> Iterator[slice]:
    """Rows, a few at a time: as many as stay in the processor's cache."""
    step = max(1, BAND * 1280 // width)
    return (slice(top, min(rows, top + step)) for top in range(0, rows, step))


class Sky:
    """Paints all above the row `end`, for one light that turns into another: colours, sun or moon, stars, clouds."""

    def __init__(self, raster: Raster, staged: StagePlan, lights: tuple[Light, Light], end: int) -> None:
        self.raster, self.rows = raster, end
        self._lights = lights
        sun = (staged.sun[0] * raster.width, staged.sun[1] * raster.height)
        y, x = np.mgrid[0:end, 0 : raster.width].astype(np.float32)
        away = np.hypot(x - sun[0], y - sun[1]) / raster.unit
        (near, wide), (strong, weak) = (
            ((0.10, 0.4), (0.34, 0.16)) if staged.moon else ((0.16, 0.55), (0.62, 0.3))
        )
        self._glow = np.clip(strong * np.exp(-away / near) + weak * np.exp(-away / wide), 0.0, 1.0)
        disc = np.clip(((0.034 if staged.moon else 0.046) - away) * (raster.unit / 1.6) + 0.5, 0.0, 1.0)
        edge = round(raster.unit * 0.06)
        self._spot = tuple(slice(max(0, round(at) - edge), max(0, round(at) + edge)) for at in reversed(sun))
        self._disc = disc[self._spot]
        self._stars = _stars(raster, end, staged.seed)
        self._period = int(raster.unit * 3.2)
        texture = cloud(self._period, max(8, end), staged.seed + 1, power=1.75, stretch=2.6)
        # Thin near the top of the picture and at the horizon, full in between.
        fade = np.linspace(0.0, 1.0, max(8, end), dtype=np.float32)[:, None]
        arch = np.clip(np.sin(np.pi * fade**0.8), 0.0, 1.0) ** 0.7
        body = np.clip((texture - 0.5) * 2.4 + 0.05, 0.0, 1.0) * arch
        self._clouds = np.pad(body, ((0, 0), (0, raster.width + 2)), mode="wrap")
        self._colours = [(self._clear(light), self._veil(light)) for light in lights]
        self._part = -1.0

    def paint(self, out: Array, light: Light, part: float, seconds: float) -> None:
        """Paint the sky at this moment; `light` is `part` of the way from the first to the second."""
        if part != self._part:
            self._part = part
            (clear, veil), (later, veiled) = self._colours
            self._base = clear + (later - clear) * part if part else clear
            veil = veil + (veiled - veil) * part if part else veil
            self._over = (veil - self._base) * light.clouds
        at = (seconds * DRIFT * self.raster.unit) % self._period
        columns = slice(int(at), int(at) + self.raster.width)
        for rows in bands(self.rows, self.raster.width):
            cover = slid(self._clouds, (rows, columns), np.float32(at - int(at)))
            np.multiply(self._over[:, rows], cover, out=out[:, rows])
            out[:, rows] += self._base[:, rows]
        # The disc shines through thin cloud.
        bright = self.raster.pick(light.sun * 0.35 + WHITE * 0.65)
        blend(out[:, : self.rows][:, self._spot[0], self._spot[1]], bright, self._disc * (0.92 * light.disc))

    def _clear(self, light: Light) -> Array:
        """The clear sky in this light."""
        down = np.linspace(0.0, 1.0, self.rows, dtype=np.float32)[:, None]
        shades = (light.zenith, light.middle, light.horizon, light.sun)
        zenith, middle, horizon, sun = (self.raster.pick(shade) for shade in shades)
        low, high = (np.clip(part, 0.0, 1.0) for part in (down / 0.62, (down - 0.42) / 0.58))
        sky = zenith + (middle - zenith) * (low * low * (3.0 - 2.0 * low))
        sky = sky + (horizon - sky) * (high * high * (3.0 - 2.0 * high))
        sky = sky + (sun - sky) * (self._glow * (0.35 + 0.65 * light.disc))
        clear: Array = (sky + sun * (self._stars * light.stars)).astype(np.float32)
        return clear

    def _veil(self, light: Light) -> Array:
        """The colour of a cloud where it stands: lit near the sun and low down, pale above."""
        down = np.linspace(0.0, 1.0, self.rows, dtype=np.float32)[:, None]
        dark = self.raster.pick(light.zenith * 0.35 + light.middle * 0.65)
        pale = self.raster.pick(light.horizon * 0.75 + light.sun * 0.25)
        veil = dark + (pale - dark) * (0.25 + 0.7 * down)
        lit: Array = veil + (self.raster.pick(light.sun) - veil) * np.clip(self._glow * 1.8, 0.0, 1.0)
        return lit.astype(np.float32)


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


class Water:
    """Paints from the row of the horizon down, between two moments: it mirrors what stands above, moves, and glitters."""

    def __init__(self, raster: Raster, staged: StagePlan, horizon: int, span: Span) -> None:
        self.raster, self.horizon, self.rows = raster, horizon, raster.height - horizon
        self.ice = staged.snowy and staged.place == "lake"
        # 1 is the open sea, 0 would be a mirror.
        self.rough = 1.0 if staged.place == "sea" else 0.12 if self.ice else 0.3
        self._waves = [
            Waves(raster, self.rows, staged.seed + 5 + index, speed * raster.unit, span)
            for index, speed in enumerate((0.045, -0.032))
        ]
        down = np.arange(self.rows, dtype=np.float32)[:, None]
        self._near = near = down / max(1, self.rows - 1)
        # What is far up is seen in what is near: the mirror, a little compressed.
        self._mirror = horizon - 1.0 - down * 0.92
        self._sway = raster.unit * (0.004 + (0.085 * self.rough + 0.22 * self.rough**4) * near**0.9)
        self._columns = np.arange(raster.width, dtype=np.float32)
        across = (self._columns / raster.width - staged.sun[0]) * raster.width / raster.unit
        path = np.exp(-((across / (0.05 + 0.22 * near)) ** 2)) * (0.35 + 0.65 * (1 - near))
        lit = np.flatnonzero(path.max(axis=0) > 0.02)
        self._lit = slice(int(lit[0]), int(lit[-1]) + 1) if len(lit) else slice(0, 0)
        self._path = np.ascontiguousarray(path[:, self._lit], dtype=np.float32)
        self._own: Array = np.asarray(
            (0.08 + 0.5 * near**1.3) * (0.55 if self.ice else 1.0), dtype=np.float32
        )

    def paint(self, out: Array, light: Light, seconds: float) -> None:
        """Paint it at this moment; what it mirrors has been painted above."""
        height, width, luma = self.horizon, self.raster.width, self.raster.channels.start == 0
        # Steep towards the viewer, water shows its own colour; flat and far, only the mirror.
        own = light.mist * 0.6 + light.horizon * 0.4 if self.ice else light.near * 0.5 + light.zenith * 0.5
        tints = [*zip(self.raster.pick(own)[:, 0, 0], self.raster.pick(light.sun)[:, 0, 0], strict=True)]
        shade = 26.0 * self.rough * (0.25 + 0.75 * light.disc)
        shine = np.float32(0.9 * light.disc * (0.35 if self.ice else 1.0))
        for rows in bands(self.rows, width):
            one, two = (waves.at(seconds, rows) for waves in self._waves)
            glint = np.clip((one[:, self._lit] * two[:, self._lit] - 0.30) * 5.0, 0.0, 1.0)
            glint *= self._path[rows]
            glint *= shine
            wave = np.add(one, two, out=one)
            wave -= 1.0
            place = np.multiply(wave, self._sway[rows], out=two)
            place += self._mirror[rows]
            np.clip(place, 0.0, height - 1.001, out=place)
            row = np.floor(place)
            place -= row
            row *= width
            row += self._columns
            at = row.astype(np.intp)
            for channel, (tint, sun) in enumerate(tints):
                above = out[channel, :height].reshape(-1)
                seen = above.take(at, mode="clip")
                blend(seen, above[width:].take(at, mode="clip"), place)
                blend(seen, tint, self._own[rows])
                if luma:
                    seen += wave * (self._near[rows] * shade)
                blend(seen[:, self._lit], sun, glint)
                out[channel, height + rows.start : height + rows.stop] = seen


class Waves:
    """Waves lying flat, seen from the shore: small and dense far off, large near by; 0 to 1, mean a half.

    They move sideways by `speed` pixels a second; `span` is the moments between which they are seen.
    """

    def __init__(self, raster: Raster, rows: int, seed: int, speed: float, span: Span) -> None:
        self.speed, self.width = speed, raster.width
        offsets = [moment * speed for moment in span]
        self.left = int(np.floor(min(offsets)))
        columns = raster.width + int(np.ceil(abs(offsets[1] - offsets[0]))) + 3
        tile = cloud(1024, 1024, seed, power=1.2, stretch=2.4)
        away = 1.0 / (np.arange(rows, dtype=np.float64) / rows + 0.055)[:, None]
        x = (self.left + np.arange(columns, dtype=np.float64) - raster.width / 2) / raster.unit
        x = x * (away * 26.0 + 64.0)
        y = np.broadcast_to(away * 190.0 + 3.0, x.shape)
        # The tile repeats in both directions.
        (x0, fx), (y0, fy) = (
            (np.floor(at).astype(np.int32), (at - np.floor(at)).astype(np.float32)) for at in (x, y)
        )
        x0, x1, y0, y1 = x0 % 1024, (x0 + 1) % 1024, y0 % 1024, (y0 + 1) % 1024
        top, low = (tile[at, x0] + (tile[at, x1] - tile[at, x0]) * fx for at in (y0, y1))
        self._strip: Array = top + (low - top) * fy

    def at(self, seconds: float, rows: slice) -> Array:
        """Some rows of the waves at this moment."""
        offset = seconds * self.speed - self.left
        whole = max(0, min(int(offset), self._strip.shape[1] - self.width - 1))
        return slid(self._strip, (rows, slice(whole, whole + self.width)), np.float32(offset - whole))


class Weather:
    """Paints the air of one kind of weather; every speck's place is a function of time."""

    def __init__(self, raster: Raster, seed: int, kind: str) -> None:
        self.raster, self.kind = raster, kind
        lot = dice(seed, "weather", kind)
        count = {"snow": 170, "rain": 190, "embers": 90, "fireflies": 40, "dust": 60, "birds": 9}.get(kind, 0)
        self.x, self.y, self.phase, self.depth = (lot.random(count) for _ in range(4))

    def paint(self, out: Array, light: Light, seconds: float, strength: float = 1.0) -> None:
        """Paint it at this moment."""
        if not self.kind or strength <= 0.01:
            return
        for rows, columns, tint, cover in getattr(self, f"_{self.kind}")(light, seconds):
            place, much = out[:, rows, columns], cover * np.float32(strength)
            # What glows only adds to what is behind it.
            place += tint * much if self.kind in ("embers", "fireflies") else (tint - place) * much

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
        for size, amount in ((1.0, 1.0), (5.5, 0.16)):
            sizes = (0.0022 + 0.003 * self.depth) * size
            yield from self._specks(along, low, sizes, GREEN, pulse * amount)

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
            rows = _within(int(y) - reach, int(y) + reach + 1, raster.height)
            columns = _within(int(x) - reach, int(x) + reach + 1, raster.width)
            across = np.abs((np.arange(columns.start, columns.stop) - x) / size)[None, :]
            down = ((np.arange(rows.start, rows.stop) - y) / size)[:, None]
            line = -0.55 * (0.35 + 0.5 * beat) * np.sin(np.clip(across / 1.5, 0, 1.4) * 1.9)
            thick = np.clip(0.17 * (1.0 - across / 1.6), 0.0, None) + 0.10 * np.exp(-((across / 0.2) ** 2))
            cover = np.clip((thick - np.abs(down - line)) * size + 0.5, 0.0, 1.0) * (across < 1.6)
            yield rows, columns, ink, cover.astype(np.float32)

    def _rain(self, light: Light, time: float) -> Iterator[Patch]:
        raster, speed, shade = self.raster, 1.3 + 1.2 * self.depth, self.raster.pick(light.mist)
        if raster.channels.start:
            return  # streaks of light, not of hue
        falls = ((self.y * 1.3 + time * speed * 0.75) % 1.3 - 0.2) * raster.height
        along = ((self.x * 1.2 + 0.08 * time * speed) % 1.2 - 0.1) * raster.width
        for x, fall, depth in zip(along, falls, self.depth, strict=True):
            long, half = raster.unit * (0.03 + 0.05 * depth), raster.unit * (0.0006 + 0.0008 * depth)
            rows = _within(int(fall), int(fall + long), raster.height)
            columns = _within(int(x) - 6, int(x) + 8, raster.width)
            down = (np.arange(rows.start, rows.stop) - fall)[:, None]
            away = np.abs(np.arange(columns.start, columns.stop)[None, :] - (x + down * 0.08))
            cover = np.clip(half + 0.5 - away, 0.0, 1.0) * np.sin(np.pi * np.clip(down / long, 0, 1))
            yield rows, columns, shade, (cover * (0.16 + 0.2 * depth)).astype(np.float32)

    def _specks(self, x: Places, y: Places, sizes: Places, tint: Colour, amounts: Places) -> Iterator[Patch]:
        """Soft round specks; x and y from 0 to 1 of the picture, sizes in units; their colour and how much of it."""
        raster = self.raster
        radius = np.maximum(0.6, sizes * raster.unit)
        # What is smaller than a pixel is dimmer, not larger.
        amounts = amounts * np.minimum(1.0, (sizes * raster.unit / radius) ** 2)
        seen = amounts > 0.01
        if self.kind in ("snow", "dust") and raster.channels.start:
            seen &= sizes >= 0.004  # smaller ones show no hue
        if not seen.any():
            return
        x, y, radius, amounts = (
            part[seen] for part in (x * raster.width, y * raster.height, radius, amounts)
        )
        far = int(radius.max() * 2.3) + 1
        steps = np.arange(-far, far + 2)
        left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
        across, down = (
            np.exp(-(((steps - part[:, None]) / radius[:, None]) ** 2)).astype(np.float32)
            for part in (x - left, y - top)
        )
        down *= amounts[:, None].astype(np.float32)
        reach = (radius * 2.3).astype(np.int64) + 1
        paint = raster.pick(tint)
        # What of each is in the picture, first by its own pixels.
        (y0, y1), (x0, x1) = (
            (np.clip(at - reach, 0, end), np.clip(at + reach + 2, 0, end))
            for at, end in ((top, raster.height), (left, raster.width))
        )
        places = np.stack([np.arange(len(x)), y0, y1, x0, x1, top - far, left - far], axis=1)
        for index, up, low, near, wide, row, column in places[(y0 < y1) & (x0 < x1)].tolist():
            tall = down[index, up - row : low - row, None]
            yield (
                slice(up, low),
                slice(near, wide),
                paint,
                tall * across[index, near - column : wide - column],
            )


def _within(first: int, last: int, end: int) -> slice:
    """From one place to before another, as far as they are in the picture."""
    first = min(max(0, first), end)
    return slice(first, max(first, min(last, end)))
