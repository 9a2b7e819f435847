"""A camera that moves over a photograph: it starts on the whole picture, at rest, and pushes in smoothly."""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from veo_nb.sandbox.mood import Light, colour
from veo_nb.sandbox.noise import Array

RATE = 0.0165
"""How much larger the picture gets in a second, as a share."""
SETTLE = 1.6
"""Seconds in which the camera comes up to speed and to rest."""
TURN = 24.0
"""Seconds after which it comes back: an extended shot never ends on a few pixels."""
ROOM = 1.3
"""Pixels kept for each one shown, so that pushing in finds detail."""


class Photo:
    """One photograph under a moving camera, as luma and two colour planes.

    `towards` is the point that it moves to, each from 0 to 1 of the picture; it is searched for when not given. At
    0 seconds the view is the picture itself, cut to the shape of the clip from its middle.
    """

    def __init__(self, image: Image.Image, width: int, height: int, text: str = "") -> None:
        self.width, self.height = width, height
        image = _fitted(image, width, height)
        self.rate = RATE * pace(text)
        self.focus = _focus(image, text)
        self.size = image.size
        planes = _planes(np.asarray(image, dtype=np.float32))
        self._luma = Image.fromarray(planes[0])
        half = (max(1, image.width // 2), max(1, image.height // 2))
        self._chroma = [Image.fromarray(plane).resize(half, Image.Resampling.BOX) for plane in planes[1:]]

    def view(self, seconds: float) -> tuple[Array, Array]:
        """Luma, 0 to 219, and the colour planes about 0, at this moment."""
        box = self.box(seconds)
        luma = self._cut(self._luma, box, 1.0, Image.Resampling.BICUBIC)
        scale = (self._chroma[0].width / self.size[0], self._chroma[0].height / self.size[1])
        small = tuple(edge * scale[index % 2] for index, edge in enumerate(box))
        chroma = [self._cut(plane, small, 0.5, Image.Resampling.BILINEAR) for plane in self._chroma]
        return luma - np.float32(16.0), np.stack(chroma) - np.float32(128.0)

    def box(self, seconds: float) -> tuple[float, float, float, float]:
        """What the camera sees, in pixels of the picture: left, top, right, lower."""
        wide, tall = self.size
        seen = min(wide / self.width, tall / self.height)
        across, down = seen * self.width, seen * self.height
        left, top = (wide - across) / 2, (tall - down) / 2
        closer = math.exp(-self.rate * way(seconds))
        at = (self.focus[0] * wide, self.focus[1] * tall)
        edges = []
        for edge, point, limit in (
            (left, at[0], wide),
            (top, at[1], tall),
            (left + across, at[0], wide),
            (top + down, at[1], tall),
        ):
            edges.append(min(float(limit), max(0.0, point + (edge - point) * closer)))
        return edges[0], edges[1], edges[2], edges[3]

    def _cut(
        self, plane: Image.Image, box: tuple[float, ...], scale: float, resampling: Image.Resampling
    ) -> Array:
        size = (round(self.width * scale), round(self.height * scale))
        edges = (box[0], box[1], min(box[2], plane.width), min(box[3], plane.height))
        return np.asarray(plane.resize(size, resampling, box=edges), dtype=np.float32)


def way(seconds: float) -> float:
    """How far the camera has come, in seconds at full speed: from rest, to and fro, without a jerk."""
    phase = seconds % (2 * TURN)
    phase = min(phase, 2 * TURN - phase)
    if phase < SETTLE:
        return phase * phase / (2 * SETTLE)
    if phase < TURN - SETTLE:
        return phase - SETTLE / 2
    return TURN - SETTLE - (TURN - phase) ** 2 / (2 * SETTLE)


def pace(text: str) -> float:
    """How quick the prompt wants the camera, 1 for what is usual."""
    words = set(re.findall(r"[a-z]+", text.lower()))
    if words & {"static", "locked", "tripod"}:
        return 0.25
    if words & {"fast", "quick", "rush", "dash", "racing", "dramatic"}:
        return 1.7
    return 0.85 if words & {"slow", "slowly", "gentle", "calm"} else 1.0


def dissolve(first: tuple[Array, Array], second: tuple[Array, Array], part: float) -> tuple[Array, Array]:
    """Two views, one over the other."""
    share = np.float32(part)
    return first[0] + (second[0] - first[0]) * share, first[1] + (second[1] - first[1]) * share


def grade(view: tuple[Array, Array], light: Light, part: float) -> None:
    """Bring a view, in place, `part` of the way into another light: as dark as its air, and in its hue."""
    luma, chroma = view
    dim = 1.0 - 0.75 * part * max(0.0, 1.0 - float(light.mist[0]) / 190.0)
    luma *= np.float32(dim)
    chroma *= np.float32(dim * (1.0 - 0.25 * part))
    # A hue shows where there is light to carry it.
    carried = luma[::2, ::2] * np.float32(part / 150.0)
    chroma += carried * light.mist[1:, None, None]


def _fitted(image: Image.Image, width: int, height: int) -> Image.Image:
    """The picture at a size that suits the clip: large ones made smaller, small ones made larger and soft."""
    image = image.convert("RGB")
    scale = max(width / image.width, height / image.height)
    wanted = scale * ROOM if scale * ROOM < 1.0 else max(1.0, scale)
    if wanted == 1.0:
        return image
    size = (max(width, round(image.width * wanted)), max(height, round(image.height * wanted)))
    if wanted > 1.2:
        # Blocks of a small JPEG would grow into tiles: smooth them before, as little as will do.
        image = image.filter(ImageFilter.GaussianBlur(min(0.9, 0.22 * wanted)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _planes(rgb: Array) -> NDArray[np.uint8]:
    weights = np.stack([colour(255, 0, 0), colour(0, 255, 0), colour(0, 0, 255)], axis=1) / 255.0
    planes = np.empty((3, *rgb.shape[:2]), dtype=np.uint8)
    for index, offset in enumerate((16.5, 128.5, 128.5)):
        planes[index] = rgb @ weights[index] + np.float32(offset)
    return planes


def _focus(image: Image.Image, text: str) -> tuple[float, float]:
    """Where the camera goes: where the prompt says, else to what stands out."""
    words = text.lower()
    small = image.resize((96, max(2, round(96 * image.height / image.width))), Image.Resampling.BOX)
    field = np.asarray(small, dtype=np.float32)
    rough = np.zeros(field.shape[:2], dtype=np.float32)
    for axis in (0, 1):
        rough += np.abs(np.gradient(field, axis=axis)).sum(axis=2)
    sharp = np.clip(rough * (255.0 / max(1.0, float(rough.max()))), 0, 255).astype(np.uint8)
    spread = Image.fromarray(sharp).filter(ImageFilter.BoxBlur(6))
    x = (np.arange(small.width) + 0.5)[None, :] / small.width
    y = (np.arange(small.height) + 0.5)[:, None] / small.height
    weight = np.asarray(spread, dtype=np.float32) * np.exp(-(((x - 0.5) / 0.3) ** 2) - ((y - 0.5) / 0.3) ** 2)
    weight = np.clip(weight - np.percentile(weight, 85), 0.0, None) + 1e-6
    across, down = float((x * weight).sum() / weight.sum()), float((y * weight).sum() / weight.sum())
    for word, sideways, at in (
        ("left", True, 0.05),
        ("right", True, 0.95),
        ("tilt up", False, 0.05),
        ("crane up", False, 0.05),
        ("tilt down", False, 0.95),
    ):
        if re.search(rf"\bpan(s|ning)? {word}\b" if sideways else rf"\b{word}\b", words):
            across, down = (at, down) if sideways else (across, at)
    return across, down
