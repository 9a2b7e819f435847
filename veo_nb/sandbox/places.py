"""The places, each as layers from back to front: those behind the water, if there is any, and those before it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from veo_nb.sandbox import outline
from veo_nb.sandbox.figures import Figure
from veo_nb.sandbox.layer import Layer
from veo_nb.sandbox.mood import colour
from veo_nb.sandbox.outline import Line
from veo_nb.sandbox.stage import Stage, hazy

Layers = tuple[list[Layer], list[Layer]]
SNOW = colour(226, 236, 250)
GRASS = colour(112, 150, 58)
SAND = colour(226, 158, 96)


def build(stage: Stage) -> Layers:
    """The layers of the stage's place."""
    return _PLACES[stage.plan.place](stage)


def _mountains(stage: Stage) -> Layers:
    horizon, who = stage.horizon, stage.plan.figure
    snow = 0.75 if stage.plan.snowy else 0.0
    peaks = stage.hills(1, height=0.5, width=0.9, rugged=1.0)
    range_ = stage.hills(2, height=0.36, width=0.7, rugged=0.9)
    hills = stage.hills(3, height=0.27, width=0.8, rugged=0.45)
    slope = stage.hills(4, height=0.24, width=0.9, rugged=0.3)
    front = stage.hills(5, height=0.16, width=1.3, rugged=0.2)
    white = hazy(0.06, tint=SNOW, amount=0.18 + snow * 0.6)
    return [
        stage.ridge(0.06, horizon + 0.04, peaks, 0.5, shade=white, rough=0.34),
        stage.mist(0.1, horizon, 0.10, 0.55),
        stage.ridge(
            0.22, horizon + 0.09, range_, 0.36, shade=hazy(0.22, tint=SNOW, amount=snow * 0.5), rough=0.3
        ),
        stage.mist(0.26, horizon + 0.07, 0.10, 0.6),
        stage.ridge(0.45, horizon + 0.18, hills, 0.27, trees=0.05),
        stage.mist(0.5, horizon + 0.14, 0.09, 0.5),
        stage.ridge(0.7, horizon + 0.29, slope, 0.24, trees=0.12),
    ], [
        stage.ridge(
            1.0, 1.0, front, 0.16, trees=0.0 if who else 0.34, blades=0.06 if who else 0.0, figure=who
        )
    ]


def _lake(stage: Stage) -> Layers:
    horizon = stage.horizon
    snow = 0.8 if stage.plan.snowy else 0.0
    peaks = stage.hills(1, height=0.42, width=0.85, rugged=1.0)
    range_ = stage.hills(2, height=0.22, width=0.7, rugged=0.8)
    bank = stage.hills(3, height=0.07, width=0.9, rugged=0.3)
    front = stage.hills(5, height=0.11, width=1.4, rugged=0.2)
    white = hazy(0.06, tint=SNOW, amount=0.15 + snow * 0.6)
    shore = hazy(1.0, tint=SNOW, amount=snow * 0.35)
    afloat, ashore = _who(stage)
    return [
        stage.ridge(0.06, horizon, peaks, 0.42, shade=white, rough=0.32),
        stage.mist(0.1, horizon - 0.04, 0.08, 0.5),
        stage.ridge(0.25, horizon, range_, 0.22, shade=hazy(0.25, tint=SNOW, amount=snow * 0.55), rough=0.22),
        stage.ridge(0.42, horizon, bank, 0.07, trees=0.055),
        stage.mist(0.44, horizon - 0.01, 0.05, 0.6),
        *afloat,
    ], [
        stage.mist(0.5, horizon + 0.03, 0.06, 0.35),
        stage.ridge(1.0, 1.0, front, 0.11, shade=shore, blades=0.05 if snow else 0.1, figure=ashore),
    ]


def _sea(stage: Stage) -> Layers:
    line = stage.hills(1, height=0.2, width=1.1, rugged=0.8)

    afloat, ashore = _who(stage)
    front = [stage.mist(0.3, stage.horizon + 0.015, 0.03, 0.3)]
    if ashore:
        coast = stage.hills(5, height=0.12, width=1.5, rugged=0.2)
        front.append(stage.ridge(1.0, 1.0, coast, 0.12, blades=0.08, figure=ashore))

    def isles(x: Line) -> Line:
        return np.clip(line(x) - 0.085 * stage.unit, 0.0, None)

    return [
        stage.ridge(0.1, stage.horizon, isles, 0.14, rough=0.2, solid=False),
        stage.mist(0.12, stage.horizon - 0.01, 0.04, 0.4),
        *afloat,
    ], front


def _forest(stage: Stage) -> Layers:
    horizon = stage.horizon
    layers: list[Layer] = []
    for index, near in enumerate((0.1, 0.22, 0.36)):
        tops = stage.hills(index, height=0.16, width=0.8, rugged=0.3)
        layers.append(stage.ridge(near, horizon + 0.06 + 0.07 * index, tops, 0.16, trees=0.16 + 0.11 * index))
        layers.append(stage.mist(near + 0.05, horizon + 0.02 + 0.06 * index, 0.16, 0.85 - 0.12 * index))
    layers += [
        stage.trunks(0.48, 20, every=0.13, thick=0.022),
        stage.mist(0.52, horizon + 0.12, 0.17, 0.7),
        stage.trunks(0.68, 21, every=0.26, thick=0.042),
        stage.mist(0.72, horizon + 0.17, 0.17, 0.5),
        stage.trunks(1.0, 22, every=0.59, thick=0.082),
    ]
    bank = stage.hills(8, height=0.1, width=1.1, rugged=0.2)
    front = stage.hills(10, height=0.07, width=0.9, rugged=0.2)
    return layers, [
        stage.ridge(0.85, 1.0, bank, 0.1, blades=0.05),
        stage.ridge(1.0, 1.0, front, 0.07, blades=0.08, figure=stage.plan.figure),
    ]


def _dunes(stage: Stage) -> Layers:
    horizon = stage.horizon
    layers = [
        stage.ridge(0.05, horizon + 0.02, stage.hills(1, height=0.14, width=0.8, rugged=0.7), 0.14),
        stage.mist(0.08, horizon, 0.07, 0.5),
    ]
    for index, near in enumerate((0.15, 0.32, 0.55, 0.95)):
        height, width = 0.17 + 0.06 * index, 0.75 + 0.42 * index
        tops = outline.dune(stage.unit, stage.seed + 11 * index, height=height, width=width)
        foot = horizon + 0.08 + 0.11 * index if index < 3 else 1.0
        shade = hazy(near * 0.75, tint=SAND, amount=0.62 - 0.3 * near)
        who = stage.plan.figure if index == 3 else None
        layers.append(
            stage.ridge(near, foot, tops, height + 0.03, shade=shade, rough=0.45, gullies=0.0, figure=who)
        )
        if index < 2:
            layers.append(stage.mist(near + 0.03, foot - 0.02, 0.06, 0.4))
    return layers, []


def _city(stage: Stage) -> Layers:
    horizon = stage.horizon
    layers: list[Layer] = []
    for index, near in enumerate((0.1, 0.28, 0.55)):
        foot = horizon + 0.07 * index
        layers.append(stage.skyline(near, foot, index, scale=1.0 + 0.75 * index, lit=0.35 + 0.3 * index))
        layers.append(stage.mist(near + 0.04, foot - 0.02, 0.1, 0.5 - 0.12 * index))
    front = stage.hills(9, height=0.1, width=1.3, rugged=0.2)
    who = stage.plan.figure
    return layers, [stage.ridge(1.0, 1.0, front, 0.1, trees=0.0 if who else 0.1, figure=who)]


def _hills(stage: Stage) -> Layers:
    horizon = stage.horizon
    tint, amount = (SNOW, 0.6) if stage.plan.snowy else (GRASS, 0.85)
    layers = [
        stage.ridge(0.05, horizon, stage.hills(1, height=0.2, width=0.8, rugged=0.6), 0.2),
        stage.mist(0.08, horizon - 0.02, 0.07, 0.5),
    ]
    for index, (near, trees) in enumerate(((0.18, 0.035), (0.36, 0.065), (0.6, 0.0))):
        height = 0.17 + 0.03 * index
        tops = stage.hills(3 + index, height=height, width=0.8 + 0.2 * index, rugged=0.08)
        shade = hazy(near, tint=tint, amount=amount * (1.0 - 0.4 * near))
        foot = horizon + 0.08 + 0.09 * index
        layers.append(
            stage.ridge(near, foot, tops, height + 0.03, shade=shade, trees=trees, rough=0.12, gullies=0.0)
        )
        layers.append(stage.mist(near + 0.03, foot - 0.03, 0.07, 0.45))
    front = stage.hills(9, height=0.13, width=1.2, rugged=0.1)
    who = stage.plan.figure
    meadow = hazy(1.0, tint=tint, amount=amount * 0.3)
    return layers, [stage.ridge(1.0, 1.0, front, 0.13, shade=meadow, blades=0.1 if who else 0.16, figure=who)]


def _who(stage: Stage) -> tuple[list[Layer], Figure | None]:
    """The figure on the water, as a layer, and the one on the shore."""
    figure = stage.plan.figure
    if figure is not None and figure.afloat:
        return [stage.afloat(figure)], None
    return [], figure


_PLACES: dict[str, Callable[[Stage], Layers]] = {
    "mountains": _mountains,
    "lake": _lake,
    "sea": _sea,
    "forest": _forest,
    "dunes": _dunes,
    "city": _city,
    "hills": _hills,
}
