"""Figures that a prompt may name, drawn as outlines: they face left, into the way they go."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from veo_nb.sandbox.noise import Array
from veo_nb.sandbox.outline import FINE


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Someone or something that stands in a landscape."""

    name: str
    words: str
    """Those that mean it in a prompt."""
    height: float
    """In units."""
    home: str
    """The place where it is when the prompt names none, or empty."""
    afloat: bool
    """Whether it stands in water, near the horizon; else it is on the ground, near by."""
    lift: float
    """How far over the ground it is, in its own heights."""
    shapes: tuple[str, ...]
    """Closed curves through points `x,y`: to the right and up, in thousandths of the height."""


_ALL = (
    Figure(
        name="fox",
        words="fox foxes",
        height=0.15,
        home="forest",
        afloat=False,
        lift=0.0,
        shapes=(
            (
                "0,665 70,715 150,790 185,840 200,1000 265,900 300,800 380,710 500,665 750,655"
                " 980,665 1100,600 1270,520 1470,380 1620,200 1665,115 1520,155 1340,250 1200,370"
                " 1130,420 1080,330 1125,220 1090,100 1085,20 1000,0 1015,40 1045,200 975,300 900,370"
                " 720,365 585,370 545,250 535,20 455,0 475,50 475,240 420,400 345,500 260,600 170,635"
                " 60,635"
            ),
            "560,420 600,220 660,30 600,10 585,40 540,200 480,400",
            "920,420 930,250 885,140 905,20 830,10 845,40 830,160 860,260 800,420",
        ),
    ),
    Figure(
        name="wolf",
        words="wolf wolves dog dogs puppy husky coyote",
        height=0.19,
        home="forest",
        afloat=False,
        lift=0.0,
        shapes=(
            (
                "0,740 100,800 165,860 185,1000 245,910 300,860 420,790 560,760 820,730 1050,720"
                " 1160,660 1270,520 1350,330 1360,260 1270,330 1170,470 1130,440 1150,300 1120,140"
                " 1115,20 1020,0 1040,50 1060,260 980,380 900,450 720,420 590,400 560,260 555,20 465,0"
                " 490,50 485,280 430,450 360,580 270,670 160,700 50,705"
            ),
            "580,460 620,240 670,30 600,10 600,40 560,220 480,440",
            "950,500 950,280 900,160 910,20 830,10 850,50 840,180 870,300 800,480",
        ),
    ),
    Figure(
        name="deer",
        words="deer stag elk reindeer moose",
        height=0.3,
        home="forest",
        afloat=False,
        lift=0.0,
        shapes=(
            (
                "0,635 35,680 100,720 140,735 200,765 215,735 190,710 215,640 270,550 360,505 550,485"
                " 720,505 800,490 835,430 815,410 800,360 775,300 805,220 795,20 755,0 765,200 720,280"
                " 660,330 500,305 360,300 335,200 335,10 295,0 300,200 280,320 225,420 160,580 125,645"
                " 60,610 10,600"
            ),
            "385,340 385,180 400,10 365,0 355,180 320,340",
            "720,360 705,250 720,200 700,10 665,0 680,200 655,280 620,360",
            "128,725 105,820 155,930 145,1000 175,930 128,820 145,730",
            "112,800 55,870 60,930 72,880 120,825",
            "150,735 190,820 270,890 285,970 295,885 215,810 168,735",
            "190,800 200,880 215,930 215,870 208,810",
        ),
    ),
    Figure(
        name="owl",
        words="owl owls",
        height=0.15,
        home="forest",
        afloat=False,
        lift=0.75,
        shapes=(
            (
                "300,1000 360,955 450,945 540,955 600,1000 620,920 640,840 630,760 680,660 700,520"
                " 660,360 590,260 575,120 520,100 500,220 450,210 400,220 310,260 240,360 200,520"
                " 220,660 270,760 260,840 280,920"
            ),
            "-600,200 -100,225 400,245 900,235 1500,260 1500,200 900,175 400,190 -100,185",
            "980,270 1030,-200 1060,-900 1260,-900 1180,-200 1100,270",
        ),
    ),
    Figure(
        name="horse",
        words="horse horses pony zebra",
        height=0.27,
        home="hills",
        afloat=False,
        lift=0.0,
        shapes=(
            (
                "0,700 40,750 140,870 190,930 200,1000 245,945 330,880 420,770 520,685 720,665"
                " 920,690 1040,660 1100,600 1170,500 1210,300 1220,160 1150,250 1100,420 1070,400"
                " 1060,300 1090,220 1070,20 1010,0 1030,200 980,320 900,410 740,390 580,390 545,260"
                " 545,20 485,0 495,260 460,420 380,520 300,680 250,770 180,755 80,665 20,655"
            ),
            "620,440 630,220 660,20 600,0 580,220 520,440",
            "980,460 960,300 980,200 940,20 885,0 920,200 900,300 840,460",
        ),
    ),
    Figure(
        name="cat",
        words="cat cats kitten",
        height=0.13,
        home="city",
        afloat=False,
        lift=0.0,
        shapes=(
            (
                "30,720 50,830 60,1000 130,920 200,925 275,1000 290,840 300,740 360,650 460,520"
                " 535,360 550,200 540,100 700,85 830,150 860,260 900,250 890,110 760,10 540,0 300,0"
                " 60,0 50,40 130,70 135,250 115,450 120,600 70,650"
            ),
        ),
    ),
    Figure(
        name="lighthouse",
        words="lighthouse",
        height=0.34,
        home="sea",
        afloat=True,
        lift=0.0,
        shapes=(
            "-300,-20 -160,70 20,120 200,130 360,100 520,30 620,-20",
            "75,100 115,800 245,800 285,100",
            "85,800 85,825 275,825 275,800",
            "125,820 125,900 235,900 235,820",
            "110,900 145,955 180,1000 215,955 250,900",
        ),
    ),
    Figure(
        name="boat",
        words="boat boats ship ships sail sailing sailboat yacht",
        height=0.2,
        home="sea",
        afloat=True,
        lift=0.0,
        shapes=(
            "-60,170 100,135 500,130 900,160 840,60 780,-20 120,-20 20,70",
            "430,120 430,1000 450,1000 450,120",
            "410,950 320,620 170,330 20,210 250,200 410,200",
            "470,880 600,620 720,400 800,220 620,200 470,200",
        ),
    ),
    Figure(
        name="person",
        words="person man woman girl boy child traveller traveler hiker astronaut monk samurai figure",
        height=0.25,
        home="",
        afloat=False,
        lift=0.0,
        shapes=(
            (
                "140,985 180,1000 220,985 235,940 215,885 205,860 260,835 295,780 310,620 300,480"
                " 275,470 285,330 300,40 335,15 320,0 235,0 235,40 205,340 190,380 165,300 130,40"
                " 115,0 40,0 35,15 75,45 100,330 95,470 75,480 60,620 70,780 100,835 155,860 145,885"
                " 125,940"
            ),
        ),
    ),
)
FIGURES: dict[str, Figure] = {figure.name: figure for figure in _ALL}
"""Each figure by its name."""


def find_figure(text: str) -> Figure | None:
    """The figure that a prompt names first."""
    named = {word: figure for figure in _ALL for word in figure.words.split()}
    return next((named[word] for word in re.findall(r"[a-z]+", text.lower()) if word in named), None)


def stamp(figure: Figure, cover: Array, x: float, foot: float, unit: float) -> None:
    """Draw a figure over a layer's coverage: its middle at column `x`, the ground at row `foot`."""
    size = figure.height * unit
    curves = [_smoothed(shape) for shape in figure.shapes]
    body = curves[0][:, 0]
    middle = (body.min() + body.max()) / 2
    sheet = Image.new("L", (cover.shape[1] * FINE, cover.shape[0] * FINE))
    draw = ImageDraw.Draw(sheet)
    for curve in curves:
        across = (x + (curve[:, 0] - middle) * size) * FINE
        # A little into the ground, or it would hover.
        down = (foot - (curve[:, 1] + figure.lift - 0.01) * size) * FINE
        draw.polygon([*zip(across.tolist(), down.tolist(), strict=True)], fill=255)
    small = sheet.resize((cover.shape[1], cover.shape[0]), Image.Resampling.BOX)
    np.maximum(cover, np.asarray(small, dtype=np.float32) / np.float32(255.0), out=cover)


def _smoothed(shape: str, steps: int = 6) -> NDArray[np.float64]:
    """A closed curve through points, (n, 2): tightened a little, so that ears stay pointed."""
    at = np.array([point.split(",") for point in shape.split()], dtype=np.float64) / 1000.0
    before, after, beyond = np.roll(at, 1, axis=0), np.roll(at, -1, axis=0), np.roll(at, -2, axis=0)
    part = np.linspace(0.0, 1.0, steps, endpoint=False)[None, :, None]
    leave, arrive = 0.38 * (after - before)[:, None], 0.38 * (beyond - at)[:, None]
    curve: NDArray[np.float64] = (
        (2 * part**3 - 3 * part**2 + 1) * at[:, None]
        + (part**3 - 2 * part**2 + part) * leave
        + (-2 * part**3 + 3 * part**2) * after[:, None]
        + (part**3 - part**2) * arrive
    )
    return curve.reshape(-1, 2)
