"""What is seen in single pictures, and from one to the next: sharpness, flicker, cuts, likeness. Arrays in, numbers out.

A picture is an array of 3 x height x width, numbers from 0 to 255: luma Y and the colours Cb and Cr at full range.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Numbers = NDArray[Any]
"""Bytes or floats."""

BLUR = 9
"""Pixels over which a picture is blurred once more, at `SHARP_LINES`: an edge that is wider is not sharp."""
LEAST_DETAIL = 0.05
"""Levels between neighbours, on average: with less there is nothing whose sharpness could be told."""
PARTS = 4
"""Flicker is looked at in so many by so many parts of the frame: a lamp at one side flickers too."""
DARK = 8.0
"""Luma below which a change counts as one from here: in black, a level or two is noise."""
LEAST_CUT = 10.0
"""Levels by which a picture is another one than that before, on average over Y, Cb and Cr."""
CUT_RATIO = 3.0
"""How much more a cut changes than the pictures around it do: a fast pan changes everything, all the time."""
CUT_WINDOW = 5
"""So many pictures before and after are looked at."""
STAYS = 0.5
"""How much of the change is still there a picture later: after a flash all is as it was."""
WINDOW = 7
"""Pixels of the window of SSIM."""
WEIGHTS = (0.8, 0.1, 0.1)
"""Of Y, Cb and Cr in the likeness: what has shape is mostly in the first."""
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
"""Of SSIM, as in its paper: what keeps it from dividing by nothing."""
COLOUR_C1 = (0.05 * 255) ** 2
"""Of Cb and Cr in place of `C1`: they are counted from grey, and a shade to either side of it is no other colour."""


def sharpness(luma: NDArray[np.uint8]) -> float | None:
    """How sharp a picture is, in percent: see `MEASURES`; None where it has no detail.

    `luma` is height x width, whole numbers. The worse of the two directions counts, as a pan blurs only along its way.
    """
    found = []
    for picture in (luma, luma.T):
        if len(picture) <= BLUR:
            return None
        # Where it is blurred two neighbours have all but their outermost pixels in common: the blur need not be done.
        levels = np.pad(np.asarray(picture, np.int16), ((BLUR // 2 + 1, BLUR // 2), (0, 0)), mode="edge")
        detail = np.abs(np.diff(np.asarray(picture, np.int16), axis=0))
        blurred = np.abs(levels[BLUR + 1 :] - levels[1:-BLUR])
        # A slope of less than a level comes as steps of one, which are no edges.
        lost = np.where(detail > 1, np.maximum(0, BLUR * detail - blurred), 0)
        whole = float(detail.mean())
        if whole >= LEAST_DETAIL:
            found.append(100.0 * float(lost.mean()) / (BLUR * whole))
    # Stripes have detail in one direction alone.
    return min(found) if found else None


def brightness(luma: Numbers) -> NDArray[np.float64]:
    """The mean luma of each part of the frame, `PARTS` by `PARTS` of them, as one row."""
    height, width = luma.shape
    rows = np.linspace(0, height, PARTS + 1).astype(int)
    columns = np.linspace(0, width, PARTS + 1).astype(int)
    sums = np.add.reduceat(np.add.reduceat(luma, rows[:-1], 0, dtype=np.float64), columns[:-1], 1)
    areas = np.outer(np.diff(rows), np.diff(columns))
    return np.asarray((sums / np.maximum(areas, 1)).ravel(), np.float64)


def flicker(brightnesses: Floats, cuts: list[int]) -> float | None:
    """The flicker of pictures whose `brightness` are these, in percent: see `MEASURES`; None for less than three.

    `cuts` are the pictures with which another shot begins: three in a row count where they are of one shot.
    """
    if len(brightnesses) < 3:
        return None
    before, now, after = brightnesses[:-2], brightnesses[1:-1], brightnesses[2:]
    around = (before + after) / 2
    changes = np.abs(now - around).sum(axis=1) / np.maximum(now + around, 2 * DARK).sum(axis=1)
    whole = np.ones(len(changes), bool)
    for cut in cuts:
        # Three of which the second or the third is the first of another shot.
        whole[max(0, cut - 2) : cut] = False
    return 100.0 * float(changes[whole].mean()) if whole.any() else None


def difference(one: Numbers, other: Numbers) -> float:
    """By how many levels two small pictures differ, on average over all that they hold."""
    return float(np.abs(np.asarray(one, np.float32) - np.asarray(other, np.float32)).mean())


def find_cuts(changes: Floats, overs: Floats) -> list[int]:
    """The pictures with which another shot begins.

    `changes[n]` is the difference of picture n + 1 from picture n, and `overs[n]` that of picture n + 2 from picture n.
    """
    cuts = []
    for at, change in enumerate(changes):
        first, last = max(0, at - CUT_WINDOW), at + CUT_WINDOW + 1
        around = np.delete(changes[first:last], at - first)
        usual = float(around.mean()) if len(around) else 0.0
        # After the last picture nobody knows whether it would have stayed.
        stays = at >= len(overs) or overs[at] >= STAYS * change
        # And it was not there before: the end of a flash is none either.
        new = at == 0 or overs[at - 1] >= STAYS * change
        if change >= LEAST_CUT and change >= CUT_RATIO * usual and stays and new:
            cuts.append(at + 1)
    return cuts


def likeness(one: Floats, other: Floats) -> float:
    """How like two small pictures of one size are, in percent: their structural similarity, 0 where they contradict."""
    shape = _similarity(one[0], other[0], C1)
    colours = [_similarity(a - 128, b - 128, COLOUR_C1) for a, b in zip(one[1:], other[1:], strict=True)]
    found = np.array([shape, *colours])
    return 100.0 * max(0.0, float(np.dot(WEIGHTS, found)))


def _similarity(one: Floats, other: Floats, least: float) -> float:
    """SSIM of one plane, the mean over all windows."""
    first: NDArray[np.float64] = np.asarray(one, np.float64)
    second: NDArray[np.float64] = np.asarray(other, np.float64)
    mean_one, mean_other = _means(first), _means(second)
    # Of a sample, as in the paper's own code.
    whole = WINDOW**2 / (WINDOW**2 - 1)
    spread_one = whole * (_means(first * first) - mean_one**2)
    spread_other = whole * (_means(second * second) - mean_other**2)
    together = whole * (_means(first * second) - mean_one * mean_other)
    above = (2 * mean_one * mean_other + least) * (2 * together + C2)
    below = (mean_one**2 + mean_other**2 + least) * (spread_one + spread_other + C2)
    return float((above / below).mean())


def _means(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of each window that lies within the plane."""
    height, width = plane.shape
    sums = np.zeros((height + 1, width + 1))
    plane.cumsum(0).cumsum(1, out=sums[1:, 1:])
    total = (
        sums[WINDOW:, WINDOW:] - sums[:-WINDOW, WINDOW:] - sums[WINDOW:, :-WINDOW] + sums[:-WINDOW, :-WINDOW]
    )
    return np.asarray(total / WINDOW**2)
