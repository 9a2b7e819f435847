"""Quiet sound for a scene: wind, waves, rain, a fire, and a soft chord that never ends.

All of it is a function of the moment, so that a shot that goes on later sounds as if it had never stopped.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from veo_nb.media.encode import RATE
from veo_nb.sandbox.mood import Mood
from veo_nb.sandbox.noise import dice, seed_of

LOOP = 16
"""Seconds after which noise repeats."""
CHORDS = {
    "bright": ((0, 7, 12, 16, 19), (0, 7, 11, 14, 19), (0, 5, 9, 16, 21)),
    "dark": ((0, 7, 12, 15, 19), (0, 7, 10, 15, 22), (0, 5, 8, 15, 20)),
}
LOUD = 0.16
"""The loudest that it gets, of 1."""

Samples = NDArray[np.float32]


def ambience(moods: list[Mood], start: float, samples: int) -> Samples:
    """Stereo sound, (samples, 2), that begins at this moment of the shot and turns from one mood to the last."""
    first, last = moods[max(0, len(moods) - 2)], moods[-1]
    sound = _of(first, start, samples)
    if first is not last:
        part = np.linspace(0.0, 1.0, samples, dtype=np.float32)[:, None]
        part = part * part * (3.0 - 2.0 * part)
        sound = sound * np.cos(part * np.pi / 2) + _of(last, start, samples) * np.sin(part * np.pi / 2)
    peak = float(np.abs(sound).max())
    # A gentle shoulder, not a limiter that is heard working.
    sound = np.tanh(sound / LOUD) * LOUD if peak > LOUD * 0.6 else sound
    if start == 0.0:
        fade = min(samples, RATE // 4)
        sound[:fade] *= np.linspace(0.0, 1.0, fade, dtype=np.float32)[:, None]
    return sound.astype(np.float32)


def _of(mood: Mood, start: float, samples: int) -> Samples:
    words = set(re.findall(r"[a-z]+", mood.text.lower()))
    seed = seed_of("sound", mood.text)
    time = start + np.arange(samples, dtype=np.float64) / RATE
    silent = bool(words & {"silent", "silence", "mute", "muted"})
    out = np.zeros((samples, 2), dtype=np.float64)
    if silent:
        return out.astype(np.float32)
    out += _chord(mood, seed, time) * 0.055
    out += _noise(seed + 1, time, 90.0, 620.0) * _swell(seed + 2, time, 0.11)[:, None] * 0.030
    if mood.place == "sea" or words & {"wave", "waves", "surf"}:
        out += _noise(seed + 3, time, 140.0, 2600.0) * _surf(seed, time)[:, None] * 0.075
    elif mood.place in ("lake", "forest") and mood.weather != "snow":
        out += _noise(seed + 4, time, 900.0, 4200.0) * _swell(seed + 5, time, 0.23)[:, None] * 0.008
    if words & {"wind", "storm", "breeze", "gust"} or mood.weather in ("snow", "dust", "rain"):
        out += _noise(seed + 6, time, 180.0, 1100.0) * _swell(seed + 7, time, 0.19)[:, None] ** 2 * 0.06
    if mood.weather == "rain":
        out += _noise(seed + 8, time, 1800.0, 9000.0) * 0.022
    if mood.weather == "embers":
        out += _crackle(seed + 9, time) * 0.05
    if words & {"hum", "engine", "engines", "rocket", "machine", "ship", "city", "traffic"}:
        out += _hum(seed + 10, time) * 0.04
    return out.astype(np.float32)


def _chord(mood: Mood, seed: int, time: NDArray[np.float64]) -> NDArray[np.float64]:
    """Five voices, each of two strings a little out of tune, that come and go."""
    lot = dice(seed, "chord")
    kind = "dark" if mood.time in ("night", "dusk", "grey", "ember") else "bright"
    notes = CHORDS[kind][int(lot.integers(3))]
    root = 55.0 * 2.0 ** (int(lot.integers(-2, 6)) / 12.0) * 2.0
    out = np.zeros((len(time), 2))
    for index, note in enumerate(notes):
        tone = root * 2.0 ** (note / 12.0)
        breath = 0.55 + 0.45 * np.sin(
            2 * np.pi * time * float(lot.uniform(0.03, 0.09)) + float(lot.uniform(0, 6.28))
        )
        place = float(lot.uniform(0.25, 0.75))
        voice = np.sin(2 * np.pi * tone * time) + np.sin(2 * np.pi * tone * 1.0023 * time + 1.0)
        voice += 0.25 * np.sin(2 * np.pi * 2 * tone * time + 0.5)
        voice *= breath / (1.0 + 0.7 * index)
        out[:, 0] += voice * (1.0 - place)
        out[:, 1] += voice * place
    return out / 2.2


def _noise(seed: int, time: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Noise between two pitches, with soft edges, different in each ear."""
    length = LOOP * RATE
    pitch = np.fft.rfftfreq(length, 1.0 / RATE)
    shape = 1.0 / (1.0 + (low / np.maximum(pitch, 1.0)) ** 4) / (1.0 + (pitch / high) ** 3)
    shape /= np.sqrt(np.maximum(pitch, low) / low)
    where = np.round(time * RATE).astype(np.int64) % length
    ears = []
    for ear in (0, 1):
        lot = np.random.default_rng(seed * 2 + ear)
        spectrum = shape * np.exp(2j * np.pi * lot.random(len(pitch)))
        wave = np.fft.irfft(spectrum, length)
        ears.append((wave / wave.std())[where])
    return np.stack(ears, axis=1)


def _swell(seed: int, time: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
    """A slow coming and going, 0.1 to 1."""
    lot = dice(seed, "swell")
    total = np.zeros_like(time)
    for index in range(3):
        total += np.sin(2 * np.pi * rate * (1.0 + 0.61 * index) * time + float(lot.uniform(0, 6.28))) / (
            1 + index
        )
    return 0.55 + 0.45 * total / 1.83


def _surf(seed: int, time: NDArray[np.float64]) -> NDArray[np.float64]:
    """Waves that break on a shore every six seconds or so."""
    lot = dice(seed, "surf")
    out = np.zeros_like(time)
    for period, shift in ((6.1, float(lot.random())), (8.7, float(lot.random()))):
        phase = (time / period + shift) % 1.0
        out += np.where(phase < 0.3, (phase / 0.3) ** 2, np.exp(-(phase - 0.3) * 4.6)) * (1.0 - phase**8)
    return 0.18 + 0.6 * out


def _crackle(seed: int, time: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sparks of a fire: short, soft clicks at random."""
    length = LOOP * RATE
    lot = np.random.default_rng(seed)
    loop = np.zeros((length, 2))
    for _ in range(LOOP * 7):
        at = int(lot.integers(0, length - 2000))
        long = int(lot.integers(120, 900))
        click = (
            lot.standard_normal(long)
            * np.exp(-np.arange(long) / (long / 6.0))
            * float(lot.uniform(0.1, 1.0)) ** 2
        )
        side = float(lot.random())
        loop[at : at + long, 0] += click * (1 - side)
        loop[at : at + long, 1] += click * side
    return loop[np.round(time * RATE).astype(np.int64) % length]


def _hum(seed: int, time: NDArray[np.float64]) -> NDArray[np.float64]:
    """A far machine: low, steady, with a slow beat."""
    lot = dice(seed, "hum")
    base = float(lot.uniform(48.0, 62.0))
    beat = 0.7 + 0.3 * np.sin(2 * np.pi * 0.13 * time)
    wave = np.sin(2 * np.pi * base * time) + 0.5 * np.sin(2 * np.pi * base * 2.01 * time)
    wave += 0.22 * np.sin(2 * np.pi * base * 3.0 * time + 1.0)
    return np.stack([wave * beat, wave * (1.4 - 0.57 * beat)], axis=1)
