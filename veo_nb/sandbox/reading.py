"""What a prompt says of place, light, weather and who is there; what it leaves open is drawn by lot from its words."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

Colour = NDArray[np.float32]
"""Luma, blue difference and red difference: BT.709, limited range, without the offsets of 16 and 128."""

PLACES: dict[str, str] = {
    "lake": "lake pond reflection mirror frozen fjord river",
    "sea": "sea ocean wave waves beach coast shore island whale harbour harbor surf",
    "forest": "forest wood woods tree trees pine pines jungle moss fern bear campfire",
    "dunes": "desert dune dunes sand sahara camel mars planet",
    "city": "city town street streets skyline neon car cars traffic office tower towers robot cyberpunk",
    "hills": "hill hills meadow field fields grass flower flowers farm garden sheep village prairie",
    "mountains": "mountain mountains peak peaks alps valley cliff canyon eagle summit rocket volcano castle dragon",
}
LIGHTS: dict[str, str] = {
    "dawn": "dawn sunrise morning daybreak",
    "day": "day noon midday sunny daylight bright afternoon summer",
    "golden": "golden gold autumn fall warm honey evening harvest",
    "dusk": "dusk sunset twilight purple",
    "night": "night midnight moon moonlight moonlit stars starry neon aurora dark firefly fireflies",
    "grey": "storm storms stormy rain rains rainy overcast grey gray cloudy fog foggy gloomy noir winter",
    "ember": "fire flame flames burning lava inferno volcano ember embers blaze",
}
WEATHERS: dict[str, str] = {
    "snow": "snow snows snowy snowing snowfall blizzard winter frozen ice icy arctic christmas",
    "rain": "rain rains rainy raining drizzle storm thunderstorm",
    "embers": "fire flame flames burning ember embers lava volcano sparks blaze campfire",
    "fireflies": "firefly fireflies lantern lanterns magic magical fairy glowing",
    "dust": "dust dusty pollen sand desert hazy",
    "birds": "bird birds seagull seagulls gull gulls flock eagle crow crows",
}
TINTS = {
    "red": "c83232",
    "orange": "e08030",
    "yellow": "e8c840",
    "green": "3c9650",
    "blue": "3264c8",
    "purple": "7840a0",
    "pink": "f08cb4",
    "sepia": "b49060",
}
GREYS = frozenset(["monochrome", "greyscale", "grayscale", "noir", "bw"])
WATERY = ("lake", "sea")
MISTY = "mist misty fog foggy haze hazy smoke steam dawn cloud clouds"

# zenith middle horizon sun far near mist
PALETTES = {
    "dawn": "486296 ba98b2 ffcea0 ffe2b4 b09ab2 222238 f6ccb6",
    "day": "2a64b2 70a8dc d0e4ee fff8e4 86a6c4 162e2c deeaf0",
    "golden": "5c7498 e2b078 ffd88e ffe8aa ce9e7a 2e1c1e ffd49a",
    "dusk": "1a1c44 763e70 ff8c5c ffbe82 724870 100c1e e27e70",
    "night": "05091a 0c1a3a 2c4e74 e4ecff 203454 03060e 406086",
    "grey": "485462 7a8690 b6bcbe e0e2e0 808a92 161c22 b2babe",
    "ember": "140c10 521a16 e86226 ffaa5a 702e22 0a0608 c45430",
}


@dataclass(frozen=True)
class Figure:
    """Someone or something that stands in a landscape: an outline that faces left, into the way it goes."""

    name: str
    words: str
    """Those that mean it in a prompt."""
    height: float
    """In units."""
    home: str = ""
    """The place where it is when the prompt names none, or empty."""
    afloat: bool = False
    """Whether it stands in water, near the horizon; else it is on the ground, near by."""
    lift: float = 0.0
    """How far over the ground it is, in its own heights."""

    @property
    def curves(self) -> list[str]:
        """Closed curves through points `x,y`: to the right and up, in thousandths of the height."""
        return _CURVES[self.name].split(";")


_ALL = (
    Figure("fox", "fox foxes", 0.15, home="forest"),
    Figure("wolf", "wolf wolves dog dogs puppy husky coyote", 0.19, home="forest"),
    Figure("deer", "deer stag elk reindeer moose", 0.3, home="forest"),
    Figure("owl", "owl owls", 0.15, home="forest", lift=0.75),
    Figure("horse", "horse horses pony zebra", 0.27, home="hills"),
    Figure("cat", "cat cats kitten", 0.13, home="city"),
    Figure("lighthouse", "lighthouse", 0.34, home="sea", afloat=True),
    Figure("boat", "boat boats ship ships sail sailing sailboat yacht", 0.2, home="sea", afloat=True),
    Figure(
        "person",
        "person man woman girl boy child traveller traveler hiker astronaut monk samurai figure",
        0.25,
    ),
)
FIGURES = {figure.name: figure for figure in _ALL}
"""Each figure by its name."""


def seed_of(*words: object) -> int:
    """A number that stands for these words; the same in every process."""
    text = "\0".join(str(word) for word in words)
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")


def dice(*words: object) -> np.random.Generator:
    """Random numbers for these words."""
    return np.random.default_rng(seed_of(*words))


def find_figure(text: str) -> Figure | None:
    """The figure that a prompt names first."""
    named = {word: figure for figure in _ALL for word in figure.words.split()}
    return next((named[word] for word in re.findall(r"[a-z]+", text.lower()) if word in named), None)


@dataclass(frozen=True, kw_only=True)
class Light:
    """The colours of a scene, and how bright its sun, stars and clouds are (0 to 1)."""

    zenith: Colour
    middle: Colour
    horizon: Colour
    sun: Colour
    far: Colour
    near: Colour
    mist: Colour
    disc: float
    stars: float
    clouds: float
    haze: float

    def towards(self, other: Light, part: float) -> Light:
        """This light on its way to another: 0 is this one, 1 the other."""
        pairs = {item.name: (getattr(self, item.name), getattr(other, item.name)) for item in fields(self)}
        return replace(self, **{name: one + (two - one) * part for name, (one, two) in pairs.items()})


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A prompt as a scene painter reads it."""

    text: str
    place: str
    time: str
    light: Light
    timed: bool
    """Whether the prompt names the light, so that a photograph is to be shown in it."""
    weather: str
    """A key of `WEATHERS`, or empty."""
    snowy: bool


def read_prompt(text: str, avoid: str = "") -> Reading:
    """What a prompt says; nothing that `avoid` names is chosen."""
    words = words_of(text) - words_of(avoid)
    lot = dice("mood", text)
    figure = find_figure(text)
    place = _named(PLACES, words) or (figure.home if figure else "")
    place = place or _drawn(lot, ("mountains", "lake", "sea", "forest", "hills", "dunes"), avoid, PLACES)
    named = _named(LIGHTS, words)
    time = named or _drawn(lot, ("dawn", "golden", "dusk", "day", "night"), avoid, LIGHTS)
    weather = _named(WEATHERS, words) or ""
    if not weather and lot.random() < 0.4:
        weather = _drawn(lot, _fitting(place, time), avoid, WEATHERS)
    light = _light(time, lot, misty=bool(words & set(MISTY.split())))
    snowy = weather == "snow" or bool(words & set(WEATHERS["snow"].split()))
    return Reading(
        text=text, place=place, time=time, light=light, timed=bool(named), weather=weather, snowy=snowy
    )


@dataclass(frozen=True)
class StagePlan:
    """What of a landscape does not depend on the size of the picture."""

    place: str
    seed: int
    horizon: float
    """Height of the horizon, from 0 at the top of the picture to 1."""
    sun: tuple[float, float]
    """Where the sun or moon stands, from 0 to 1."""
    snowy: bool
    moon: bool
    figure: Figure | None
    """Who stands in it."""

    @property
    def watery(self) -> bool:
        """Whether there is water from the horizon down."""
        return self.place in WATERY


def plan_stage(reading: Reading) -> StagePlan:
    """How to stage a prompt's place."""
    lot = dice("plan", reading.text)
    side = float(lot.uniform(0.24, 0.42))
    low = {"dawn": 0.9, "dusk": 0.93, "golden": 0.72, "ember": 0.9}.get(reading.time, 0.36)
    horizon = {"lake": 0.56, "sea": 0.55, "forest": 0.7, "dunes": 0.6, "city": 0.74}.get(reading.place, 0.66)
    horizon += float(lot.uniform(-0.02, 0.02))
    sun = (side if lot.random() < 0.5 else 1.0 - side, horizon * (low - 0.16) + 0.02)
    figure = find_figure(reading.text)
    if figure is not None and figure.afloat and reading.place not in WATERY:
        figure = None
    seed = seed_of("place", reading.text)
    return StagePlan(reading.place, seed, horizon, sun, reading.snowy, reading.light.stars > 0.5, figure)


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a prompt wants to be different in a clip that is there."""

    light: Light
    graded: bool
    """Whether it is to be seen in that light."""
    weather: str
    tint: Colour | None
    grey: bool


def read_change(text: str) -> Change:
    """What an edit says of light, weather and colour; where it says nothing of them, a light is drawn by lot."""
    words = words_of(text)
    lot = dice("change", text)
    weather = _named(WEATHERS, words) or ""
    tint = next((colour(*bytes.fromhex(code)) for name, code in TINTS.items() if name in words), None)
    grey = bool(words & GREYS) or {"black", "white"} <= words
    named = _named(LIGHTS, words) or (
        ""
        if weather or tint is not None or grey
        else _drawn(lot, ("dawn", "golden", "dusk", "night"), "", LIGHTS)
    )
    light = _light(named or "day", lot, misty=bool(words & set(MISTY.split())))
    return Change(light=light, graded=bool(named), weather=weather, tint=tint, grey=grey)


def pace(text: str) -> float:
    """How quick the prompt wants the camera, 1 for what is usual."""
    words = words_of(text)
    if words & {"static", "locked", "tripod"}:
        return 0.25
    if words & {"fast", "quick", "rush", "dash", "racing", "dramatic"}:
        return 1.7
    return 0.85 if words & {"slow", "slowly", "gentle", "calm"} else 1.0


def words_of(text: str) -> set[str]:
    """The words of a prompt, in small letters."""
    return set(re.findall(r"[a-z]+", text.lower()))


def colour(red: float, green: float, blue: float) -> Colour:
    """A colour, 0 to 255 each, as the painter mixes it."""
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    mixed = (luma * 219 / 255, (blue - luma) / 1.8556 * 224 / 255, (red - luma) / 1.5748 * 224 / 255)
    return np.array(mixed, dtype=np.float32)


def _light(time: str, lot: np.random.Generator, *, misty: bool) -> Light:
    # A little off in hue and value, so that two dusks are not the same dusk.
    tint, value = lot.normal(1.0, 0.03, 3), lot.normal(1.0, 0.03)
    rgb = (bytes.fromhex(code) for code in PALETTES[time].split())
    colours = [
        colour(*(min(255.0, channel * shift * value) for channel, shift in zip(one, tint, strict=True)))
        for one in rgb
    ]
    dark = time in ("night", "ember")
    clouds = 1.0 if time == "grey" else float(lot.uniform(0.35, 0.8)) * (0.5 if dark else 1.0)
    haze = float(lot.uniform(0.45, 0.75)) * (0.6 if time == "day" else 1.0) + (0.3 if misty else 0.0)
    return Light(
        **dict(zip(("zenith", "middle", "horizon", "sun", "far", "near", "mist"), colours, strict=True)),
        disc=0.15 if time == "grey" else 1.0,
        stars={"night": 1.0, "dusk": 0.25}.get(time, 0.0),
        clouds=clouds,
        haze=min(1.0, haze),
    )


def _named(table: dict[str, str], words: set[str]) -> str:
    """The entry that most of the words speak of; the first of equals."""
    counts = {name: len(words & set(known.split())) for name, known in table.items()}
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else ""


def _drawn(lot: np.random.Generator, names: tuple[str, ...], avoid: str, table: dict[str, str]) -> str:
    unwanted = words_of(avoid)
    allowed = [name for name in names if not unwanted & set(table[name].split())] or list(names)
    return allowed[int(lot.integers(len(allowed)))]


def _fitting(place: str, time: str) -> tuple[str, ...]:
    if time == "night":
        return ("fireflies",) if place in ("forest", "hills", "lake") else ("dust",)
    return {"dunes": ("dust",), "forest": ("dust", "birds"), "sea": ("birds",)}.get(place, ("birds", "dust"))


_CURVES = {
    "fox": """
        0,665 70,715 150,790 185,840 200,1000 265,900 300,800 380,710 500,665 750,655 980,665 1100,600
        1270,520 1470,380 1620,200 1665,115 1520,155 1340,250 1200,370 1130,420 1080,330 1125,220 1090,100
        1085,20 1000,0 1015,40 1045,200 975,300 900,370 720,365 585,370 545,250 535,20 455,0 475,50 475,240
        420,400 345,500 260,600 170,635 60,635; 560,420 600,220 660,30 600,10 585,40 540,200 480,400; 920,420
        930,250 885,140 905,20 830,10 845,40 830,160 860,260 800,420
    """,
    "wolf": """
        0,740 100,800 165,860 185,1000 245,910 300,860 420,790 560,760 820,730 1050,720 1160,660 1270,520
        1350,330 1360,260 1270,330 1170,470 1130,440 1150,300 1120,140 1115,20 1020,0 1040,50 1060,260 980,380
        900,450 720,420 590,400 560,260 555,20 465,0 490,50 485,280 430,450 360,580 270,670 160,700 50,705;
        580,460 620,240 670,30 600,10 600,40 560,220 480,440; 950,500 950,280 900,160 910,20 830,10 850,50
        840,180 870,300 800,480
    """,
    "deer": """
        0,635 35,680 100,720 140,735 200,765 215,735 190,710 215,640 270,550 360,505 550,485 720,505 800,490
        835,430 815,410 800,360 775,300 805,220 795,20 755,0 765,200 720,280 660,330 500,305 360,300 335,200
        335,10 295,0 300,200 280,320 225,420 160,580 125,645 60,610 10,600; 385,340 385,180 400,10 365,0
        355,180 320,340; 720,360 705,250 720,200 700,10 665,0 680,200 655,280 620,360; 128,725 105,820 155,930
        145,1000 175,930 128,820 145,730; 112,800 55,870 60,930 72,880 120,825; 150,735 190,820 270,890
        285,970 295,885 215,810 168,735; 190,800 200,880 215,930 215,870 208,810
    """,
    "owl": """
        300,1000 360,955 450,945 540,955 600,1000 620,920 640,840 630,760 680,660 700,520 660,360 590,260
        575,120 520,100 500,220 450,210 400,220 310,260 240,360 200,520 220,660 270,760 260,840 280,920;
        -600,200 -100,225 400,245 900,235 1500,260 1500,200 900,175 400,190 -100,185; 980,270 1030,-200
        1060,-900 1260,-900 1180,-200 1100,270
    """,
    "horse": """
        0,700 40,750 140,870 190,930 200,1000 245,945 330,880 420,770 520,685 720,665 920,690 1040,660
        1100,600 1170,500 1210,300 1220,160 1150,250 1100,420 1070,400 1060,300 1090,220 1070,20 1010,0
        1030,200 980,320 900,410 740,390 580,390 545,260 545,20 485,0 495,260 460,420 380,520 300,680 250,770
        180,755 80,665 20,655; 620,440 630,220 660,20 600,0 580,220 520,440; 980,460 960,300 980,200 940,20
        885,0 920,200 900,300 840,460
    """,
    "cat": """
        30,720 50,830 60,1000 130,920 200,925 275,1000 290,840 300,740 360,650 460,520 535,360 550,200 540,100
        700,85 830,150 860,260 900,250 890,110 760,10 540,0 300,0 60,0 50,40 130,70 135,250 115,450 120,600
        70,650
    """,
    "lighthouse": """
        -300,-20 -160,70 20,120 200,130 360,100 520,30 620,-20; 75,100 115,800 245,800 285,100; 85,800 85,825
        275,825 275,800; 125,820 125,900 235,900 235,820; 110,900 145,955 180,1000 215,955 250,900
    """,
    "boat": """
        -60,170 100,135 500,130 900,160 840,60 780,-20 120,-20 20,70; 430,120 430,1000 450,1000 450,120;
        410,950 320,620 170,330 20,210 250,200 410,200; 470,880 600,620 720,400 800,220 620,200 470,200
    """,
    "person": """
        140,985 180,1000 220,985 235,940 215,885 205,860 260,835 295,780 310,620 300,480 275,470 285,330
        300,40 335,15 320,0 235,0 235,40 205,340 190,380 165,300 130,40 115,0 40,0 35,15 75,45 100,330 95,470
        75,480 60,620 70,780 100,835 155,860 145,885 125,940
    """,
}
