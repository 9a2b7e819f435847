"""How things move from one picture to the next: optical flow of windows, from coarse to fine. Arrays in, arrays out.

Lucas and Kanade's method (1981) on a pyramid (Bouguet, 2000), each window with one shift that is improved step by step
with the gradients of the first picture (Baker and Matthews, 2004). OpenCV's dense flow is no extra: stored values must be
the same on every machine of a team, whatever is installed there, and a window's mean needs no pixel of its own.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]

TILE = 16
"""Pixels of a window, on every level; on the finest the windows lie side by side."""
LEVELS = 4
STEPS = 4
"""How often the shifts are improved on each level, unless they are found before."""
FOUND = 0.03
"""Pixels: a smaller step changes nothing that is measured."""
MOST_STEP = 3.0
"""Pixels by which a shift is improved at once: what would go further has lost its way."""
NOISE = 2.0
"""Levels of noise in a pixel: a window with no more detail than that does not move."""
BETTER = 0.9
"""How much of the difference without any motion may be left for a motion to be believed."""
STILL = 0.35
"""Levels by which the pixels of a window differ that stands still: no flow is looked for."""
LEAST_CONTRAST = 4.0
"""Levels: the contrast of two pictures is made equal, but a nearly even one stays even."""


class Pyramid:
    """A picture and its halves, ready to be compared: `luma` is height x width, each a multiple of `TILE`."""

    def __init__(self, luma: NDArray[np.uint8]) -> None:
        picture = luma.astype(np.float32)
        self.mean = float(picture.mean())
        self.contrast = max(LEAST_CONTRAST, float(picture.std()))
        self.levels = [picture]
        for _ in range(LEVELS - 1):
            picture = _halved(picture)
            self.levels.append(picture)


def flow(one: Pyramid, other: Pyramid) -> Floats:
    """The shift of each window from one picture to the other: windows x 2, pixels to the right and down.

    What grows lighter or darker as a whole does not move. A window without detail, and one whose shift explains nothing,
    has none.
    """
    height, width = one.levels[0].shape
    count = (height // TILE) * (width // TILE)
    shift = np.zeros((count, 2), np.float32)
    # As light and of the same contrast: a fade is no motion.
    gain = one.contrast / other.contrast
    difference = np.abs((other.levels[0] - other.mean) * gain - (one.levels[0] - one.mean))
    if float(_per_tile(difference).max()) < STILL:
        return shift
    for level in range(LEVELS - 1, -1, -1):
        shift = 2 * shift if level < LEVELS - 1 else shift
        first = (one.levels[level] - one.mean).ravel()
        second = ((other.levels[level] - other.mean) * gain).ravel()
        windows = _windows(height >> level, width >> level, height // TILE, width // TILE)
        shift = _improved(first, second, windows, shift, finest=level == 0)
    return shift


class _Windows:
    """Where the pixels of all windows of a level lie, with one more around each."""

    def __init__(self, height: int, width: int, rows: int, columns: int) -> None:
        self.height, self.width = height, width
        # The first pixel of each, so that they are spread over the level and within it.
        top = np.linspace(0, height - TILE, rows).round().astype(np.intp)
        left = np.linspace(0, width - TILE, columns).round().astype(np.intp)
        self.top = np.repeat(top, columns)
        self.left = np.tile(left, rows)
        self.around = np.arange(-1, TILE + 1, dtype=np.intp)
        self.within = np.arange(TILE + 1, dtype=np.intp)

    def take(self, picture: Floats, top: Indices, left: Indices, offsets: Indices) -> Floats:
        """The pixels of windows that begin there; beyond the frame those at its edge."""
        rows = np.clip(top[:, None] + offsets, 0, self.height - 1) * self.width
        columns = np.clip(left[:, None] + offsets, 0, self.width - 1)
        return np.asarray(picture[rows[:, :, None] + columns[:, None, :]], np.float32)


@lru_cache(maxsize=16)
def _windows(height: int, width: int, rows: int, columns: int) -> _Windows:
    return _Windows(height, width, rows, columns)


def _improved(first: Floats, second: Floats, windows: _Windows, shift: Floats, *, finest: bool) -> Floats:
    """The shifts of all windows on one level, from what the coarser one gave."""
    patch = windows.take(first, windows.top, windows.left, windows.around)
    template = patch[:, 1:-1, 1:-1]
    across = (patch[:, 1:-1, 2:] - patch[:, 1:-1, :-2]) / 2
    down = (patch[:, 2:, 1:-1] - patch[:, :-2, 1:-1]) / 2
    template, across, down = (one - one.mean(axis=(1, 2), keepdims=True) for one in (template, across, down))
    damping = np.float32(NOISE**2 * TILE**2 / 16)
    xx, yy = (np.square(one).sum(axis=(1, 2)) + damping for one in (across, down))
    xy = (across * down).sum(axis=(1, 2))
    scale = 1 / (xx * yy - xy * xy)

    def difference(at: Floats) -> Floats:
        """By how much the second picture at these shifts is not what the first one is, pixel by pixel."""
        whole = np.floor(at)
        right, below = (at - whole).T[:, :, None, None]
        top, left = windows.top + whole[:, 1].astype(np.intp), windows.left + whole[:, 0].astype(np.intp)
        found = windows.take(second, top, left, windows.within)
        upper = found[:, :-1, :-1] + right * (found[:, :-1, 1:] - found[:, :-1, :-1])
        lower = found[:, 1:, :-1] + right * (found[:, 1:, 1:] - found[:, 1:, :-1])
        moved = upper + below * (lower - upper)
        return np.asarray(moved - moved.mean(axis=(1, 2), keepdims=True) - template, np.float32)

    def cost(of: Floats) -> Floats:
        return np.asarray(np.abs(of).mean(axis=(1, 2)), np.float32)

    left_over = difference(shift)
    least = cost(left_over)
    still = cost(difference(np.zeros_like(shift))) if shift.any() else least
    best = now = shift
    for _ in range(STEPS):
        towards_x = (left_over * across).sum(axis=(1, 2))
        towards_y = (left_over * down).sum(axis=(1, 2))
        step = (
            np.stack([yy * towards_x - xy * towards_y, xx * towards_y - xy * towards_x], axis=1)
            * scale[:, None]
        )
        step = np.clip(step, -MOST_STEP, MOST_STEP)
        now = now - step
        left_over = difference(now)
        costs = cost(left_over)
        better = costs < least
        best = np.where(better[:, None], now, best)
        least = np.minimum(least, costs)
        if float(np.abs(step).max()) < FOUND:
            break
    # What explains nothing is noise, or something that was not there before.
    if finest:
        detail = np.sqrt((np.square(across) + np.square(down)).mean(axis=(1, 2)))
        believed = (least < BETTER * still) & (detail > NOISE / 4) & (still > STILL)
    else:
        believed = least < still
    return np.where(believed[:, None], best, np.float32(0.0))


def _per_tile(picture: Floats) -> Floats:
    height, width = picture.shape
    return np.asarray(
        picture.reshape(height // TILE, TILE, width // TILE, TILE).mean(axis=(1, 3)), np.float32
    )


def _halved(picture: Floats) -> Floats:
    return np.asarray(
        (picture[::2, ::2] + picture[1::2, ::2] + picture[::2, 1::2] + picture[1::2, 1::2]) / 4, np.float32
    )
