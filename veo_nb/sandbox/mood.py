"""What a prompt's words say of place, light and weather; what they leave open is drawn by lot from the prompt."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from veo_nb.sandbox.figures import find_figure
from veo_nb.sandbox.noise import dice

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
MISTY = "mist misty fog foggy haze hazy smoke steam dawn cloud clouds"

PALETTES: dict[str, dict[str, tuple[int, int, int]]] = {
    "dawn": {
        "zenith": (72, 98, 150),
        "middle": (186, 152, 178),
        "horizon": (255, 206, 160),
        "sun": (255, 226, 180),
        "far": (176, 154, 178),
        "near": (34, 34, 56),
        "mist": (246, 204, 182),
    },
    "day": {
        "zenith": (42, 100, 178),
        "middle": (112, 168, 220),
        "horizon": (208, 228, 238),
        "sun": (255, 248, 228),
        "far": (134, 166, 196),
        "near": (22, 46, 44),
        "mist": (222, 234, 240),
    },
    "golden": {
        "zenith": (92, 116, 152),
        "middle": (226, 176, 120),
        "horizon": (255, 216, 142),
        "sun": (255, 232, 170),
        "far": (206, 158, 122),
        "near": (46, 28, 30),
        "mist": (255, 212, 154),
    },
    "dusk": {
        "zenith": (26, 28, 68),
        "middle": (118, 62, 112),
        "horizon": (255, 140, 92),
        "sun": (255, 190, 130),
        "far": (114, 72, 112),
        "near": (16, 12, 30),
        "mist": (226, 126, 112),
    },
    "night": {
        "zenith": (5, 9, 26),
        "middle": (12, 26, 58),
        "horizon": (44, 78, 116),
        "sun": (228, 236, 255),
        "far": (32, 52, 84),
        "near": (3, 6, 14),
        "mist": (64, 96, 134),
    },
    "grey": {
        "zenith": (72, 84, 98),
        "middle": (122, 134, 144),
        "horizon": (182, 188, 190),
        "sun": (224, 226, 224),
        "far": (128, 138, 146),
        "near": (22, 28, 34),
        "mist": (178, 186, 190),
    },
    "ember": {
        "zenith": (20, 12, 16),
        "middle": (82, 26, 22),
        "horizon": (232, 98, 38),
        "sun": (255, 170, 90),
        "far": (112, 46, 34),
        "near": (10, 6, 8),
        "mist": (196, 84, 48),
    },
}


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
        mixed = {
            item.name: getattr(self, item.name)
            + (getattr(other, item.name) - getattr(self, item.name)) * part
            for item in fields(self)
        }
        return replace(self, **mixed)


@dataclass(frozen=True, kw_only=True)
class Mood:
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


def read_mood(text: str, avoid: str = "") -> Mood:
    """The mood of a prompt; nothing that `avoid` names is chosen."""
    words = _words(text) - _words(avoid)
    lot = dice("mood", text)
    figure = find_figure(text)
    place = _named(PLACES, words) or (figure.home if figure else "")
    place = place or _drawn(lot, ("mountains", "lake", "sea", "forest", "hills", "dunes"), avoid, PLACES)
    named = _named(LIGHTS, words)
    time = named or _drawn(lot, ("dawn", "golden", "dusk", "day", "night"), avoid, LIGHTS)
    weather = _named(WEATHERS, words) or ""
    if not weather and lot.random() < 0.4:
        weather = _drawn(lot, _fitting(place, time), avoid, WEATHERS)
    misty = bool(words & set(MISTY.split()))
    light = _light(time, lot, misty=misty)
    snowy = weather == "snow" or bool(words & set(WEATHERS["snow"].split()))
    return Mood(
        text=text, place=place, time=time, light=light, timed=bool(named), weather=weather, snowy=snowy
    )


def colour(red: float, green: float, blue: float) -> Colour:
    """A colour, 0 to 255 each, as the painter mixes it."""
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return np.array(
        [
            luma * 219 / 255,
            (blue - luma) / 1.8556 * 224 / 255,
            (red - luma) / 1.5748 * 224 / 255,
        ],
        dtype=np.float32,
    )


def _light(time: str, lot: np.random.Generator, *, misty: bool) -> Light:
    # A little off in hue and value, so that two dusks are not the same dusk.
    tint = lot.normal(1.0, 0.03, 3)
    value = lot.normal(1.0, 0.03)
    colours: dict[str, Any] = {
        name: colour(*(min(255.0, channel * shift * value) for channel, shift in zip(rgb, tint, strict=True)))
        for name, rgb in PALETTES[time].items()
    }
    dark = time in ("night", "ember")
    return Light(
        **colours,
        disc=0.15 if time == "grey" else 1.0,
        stars=1.0 if time == "night" else 0.25 if time == "dusk" else 0.0,
        clouds=1.0 if time == "grey" else float(lot.uniform(0.35, 0.8)) * (0.5 if dark else 1.0),
        haze=min(
            1.0, float(lot.uniform(0.45, 0.75)) * (0.6 if time == "day" else 1.0) + (0.3 if misty else 0.0)
        ),
    )


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))


def _named(table: dict[str, str], words: set[str]) -> str:
    """The entry that most of the words speak of; the first of equals."""
    counts = {name: len(words & set(known.split())) for name, known in table.items()}
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else ""


def _drawn(lot: np.random.Generator, names: tuple[str, ...], avoid: str, table: dict[str, str]) -> str:
    unwanted = _words(avoid)
    allowed = [name for name in names if not unwanted & set(table[name].split())] or list(names)
    return allowed[int(lot.integers(len(allowed)))]


def _fitting(place: str, time: str) -> tuple[str, ...]:
    if time == "night":
        return ("fireflies",) if place in ("forest", "hills", "lake") else ("dust",)
    return {"dunes": ("dust",), "forest": ("dust", "birds"), "sea": ("birds",)}.get(place, ("birds", "dust"))
