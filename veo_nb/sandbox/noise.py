"""Randomness with a shape, always the same for the same seed: ridges, clouds, and plain numbers by name."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.float32]


def seed_of(*words: object) -> int:
    """A number that stands for these words; the same in every process."""
    text = "\0".join(str(word) for word in words)
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")


def dice(*words: object) -> np.random.Generator:
    """Random numbers for these words."""
    return np.random.default_rng(seed_of(*words))


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


def smooth(x: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """A smooth random line through 0 to 1, with a turn about every 1 of `x`."""
    cell = np.floor(x)
    part = x - cell
    part = part * part * part * (part * (part * 6 - 15) + 10)
    left = lattice(cell.astype(np.int64), seed)
    right = lattice(cell.astype(np.int64) + 1, seed)
    return left + (right - left) * part


def fractal(x: NDArray[np.float64], seed: int, octaves: int, *, sharp: float = 0.0) -> NDArray[np.float64]:
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


def cloud(width: int, height: int, seed: int, *, power: float = 1.7, stretch: float = 1.0) -> Array:
    """A texture like cloud or smoke, 0 to 1, mean about a half, that repeats without a seam in both directions.

    `power` is how fast detail fades with scale; `stretch` above 1 draws it out sideways.
    It is made at one size and scaled, so that it looks alike at each resolution.
    """
    tall, wide = 256, 1024
    spectrum = np.fft.rfft2(np.random.default_rng(seed).standard_normal((tall, wide)))
    down = np.fft.fftfreq(tall)[:, None] * tall
    along = np.fft.rfftfreq(wide)[None, :] * tall * stretch
    distance = np.hypot(down, along)
    distance[0, 0] = 1.0
    spectrum *= distance**-power
    spectrum[0, 0] = 0.0
    field = np.fft.irfft2(spectrum, (tall, wide))
    field = np.clip(field / (field.std() * 4.0) + 0.5, 0.0, 1.0).astype(np.float32)
    # Wrapped round before it is scaled, so that the seam is interpolated like the rest.
    edge = 8
    wrapped = np.pad(field, edge, mode="wrap")
    box = (edge, edge, edge + wide, edge + tall)
    image = Image.fromarray(wrapped).resize((width, height), Image.Resampling.BICUBIC, box=box)
    return np.asarray(image, dtype=np.float32)


def spot(field: Array, x: float, y: float, radius: float, strength: float) -> None:
    """Add a soft spot to a field, at fractions of a pixel."""
    reach = int(radius * 3.0) + 1
    x0, x1 = max(0, int(x) - reach), min(field.shape[1], int(x) + reach + 2)
    y0, y1 = max(0, int(y) - reach), min(field.shape[0], int(y) + reach + 2)
    if x0 >= x1 or y0 >= y1:
        return
    across = np.exp(-(((np.arange(x0, x1) - x) / radius) ** 2))
    down = np.exp(-(((np.arange(y0, y1) - y) / radius) ** 2))
    field[y0:y1, x0:x1] += (strength * down[:, None] * across[None, :]).astype(np.float32)
