"""Quiet sound for a scene: wind, waves, rain, a fire, and a soft chord that never ends.

All of it is a function of the moment, so that a shot that goes on later sounds as if it had never stopped.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from veo_nb.media.encode import RATE
from veo_nb.sandbox.reading import Reading, dice, seed_of, words_of

LOOP = 6
"""Seconds after which noise repeats."""
DRAFT_LOOP = 2
"""The same in a draft."""
FADE = 1.5
"""Seconds in which the sound of a clip that is not ours turns into the new one."""
LOUD = 0.16
"""The loudest that it gets, of 1."""
CHORDS = (
    ((0, 7, 12, 16, 19), (0, 7, 11, 14, 19), (0, 5, 9, 16, 21)),
    ((0, 7, 12, 15, 19), (0, 7, 10, 15, 22), (0, 5, 8, 15, 20)),
)
"""Bright ones and dark ones, in half tones."""
Samples = NDArray[np.float32]
Time = NDArray[np.float64]


def ambience(prompts: list[Reading], start: float, samples: int, *, loop: int = LOOP) -> Samples:
    """Stereo sound, (samples, 2), that begins at this moment of the shot and turns from one prompt to the last."""
    first, last = prompts[max(0, len(prompts) - 2)], prompts[-1]
    sound = _sound(first, start, samples, loop)
    if first is not last:
        part = np.linspace(0.0, 1.0, samples, dtype=np.float32)[:, None]
        part = part * part * (3.0 - 2.0 * part) * np.float32(np.pi / 2)
        sound = sound * np.cos(part) + _sound(last, start, samples, loop) * np.sin(part)
    if float(np.abs(sound).max()) > LOUD * 0.6:
        # A gentle shoulder, not a limiter at work.
        sound = np.tanh(sound / LOUD) * LOUD
    if start == 0.0:
        fade = min(samples, RATE // 4)
        sound[:fade] *= np.linspace(0.0, 1.0, fade, dtype=np.float32)[:, None]
    return sound.astype(np.float32)


def fade_over(sound: Samples, before: Samples) -> None:
    """Let the end of the sound before, backwards, fade into the new sound: the seam has no gap."""
    tail = before[::-1][: min(len(before), len(sound), round(FADE * RATE))]
    part = np.linspace(0.0, 1.0, len(tail), dtype=np.float32)[:, None]
    sound[: len(tail)] = sound[: len(tail)] * np.sqrt(part) + tail * np.sqrt(1.0 - part)


def _sound(prompt: Reading, start: float, samples: int, loop: int) -> Samples:
    words, seed = words_of(prompt.text), seed_of("sound", prompt.text)
    time = start + np.arange(samples, dtype=np.float64) / RATE
    if words & {"silent", "silence", "mute", "muted"}:
        return np.zeros((samples, 2), dtype=np.float32)
    noise = partial(_noise, loop=loop)
    out = _chord(prompt, seed, time) * 0.055
    out += noise(seed + 1, time, 90.0, 620.0) * _swell(seed + 2, time, 0.11) * 0.030
    if prompt.place == "sea" or words & {"wave", "waves", "surf"}:
        out += noise(seed + 3, time, 140.0, 2600.0) * _surf(seed, time) * 0.075
    elif prompt.place in ("lake", "forest") and prompt.weather != "snow":
        out += noise(seed + 4, time, 900.0, 4200.0) * _swell(seed + 5, time, 0.23) * 0.008
    if words & {"wind", "storm", "breeze", "gust"} or prompt.weather in ("snow", "dust", "rain"):
        out += noise(seed + 6, time, 180.0, 1100.0) * _swell(seed + 7, time, 0.19) ** 2 * 0.06
    if prompt.weather == "rain":
        out += noise(seed + 8, time, 1800.0, 9000.0) * 0.022
    if prompt.weather == "embers":
        out += _crackle(seed + 9, time) * 0.05
    if words & {"hum", "engine", "engines", "rocket", "machine", "ship", "city", "traffic"}:
        out += _hum(seed + 10, time) * 0.04
    return out.astype(np.float32)


def _wave(time: Time, pitch: float, phase: float = 0.0) -> Time:
    """A pure tone: the turns are counted exactly, their sines need no such care and are quick."""
    turns = pitch * time
    turns -= np.floor(turns)
    return np.sin((2 * np.pi * turns + phase).astype(np.float32))


def _chord(prompt: Reading, seed: int, time: Time) -> Time:
    """Five voices, each of two strings a little out of tune, that come and go."""
    lot = dice(seed, "chord")
    notes = CHORDS[prompt.time in ("night", "dusk", "grey", "ember")][int(lot.integers(3))]
    root = 110.0 * 2.0 ** (int(lot.integers(-2, 6)) / 12.0)
    out = np.zeros((len(time), 2))
    for index, note in enumerate(notes):
        tone = root * 2.0 ** (note / 12.0)
        breath = 0.55 + 0.45 * _wave(time, float(lot.uniform(0.03, 0.09)), float(lot.uniform(0, 6.28)))
        place = float(lot.uniform(0.25, 0.75))
        voice = _wave(time, tone) + _wave(time, tone * 1.0023, 1.0) + 0.25 * _wave(time, 2 * tone, 0.5)
        voice *= breath / (1.0 + 0.7 * index)
        out += voice[:, None] * (1.0 - place, place)
    return out / 2.2


def _noise(seed: int, time: Time, low: float, high: float, *, loop: int) -> Time:
    """Noise between two pitches, with soft edges, different in each ear."""
    length = loop * RATE
    pitch = np.fft.rfftfreq(length, 1.0 / RATE)
    shape = 1.0 / (1.0 + (low / np.maximum(pitch, 1.0)) ** 4) / (1.0 + (pitch / high) ** 3)
    shape = (shape / np.sqrt(np.maximum(pitch, low) / low)).astype(np.float32)
    waves = np.empty((length, 2))
    for ear in (0, 1):
        lot = np.random.default_rng(seed * 2 + ear)
        turns = (2 * np.pi * lot.random(len(pitch))).astype(np.float32)
        wave = np.fft.irfft(shape * np.exp(np.complex64(1j) * turns), length)
        waves[:, ear] = wave / wave.std()
    return _looped(waves, time)


def _looped(loop: Time, time: Time) -> Time:
    """What is heard of a loop that begins again and again."""
    return np.take(loop, np.round(time * RATE).astype(np.int64), axis=0, mode="wrap")


def _swell(seed: int, time: Time, rate: float) -> Time:
    """A slow coming and going, 0.1 to 1."""
    lot = dice(seed, "swell")
    phases = [float(lot.uniform(0, 6.28)) for _ in range(3)]
    parts = [_wave(time, rate * (1.0 + 0.61 * at), phase) / (1 + at) for at, phase in enumerate(phases)]
    total: Time = np.sum(parts, axis=0)
    return 0.55 + 0.45 * total[:, None] / 1.83


def _surf(seed: int, time: Time) -> Time:
    """Waves that break on a shore every six seconds or so."""
    lot = dice(seed, "surf")
    out = np.zeros_like(time)
    for period in (6.1, 8.7):
        phase = (time / period + float(lot.random())) % 1.0
        out += np.where(phase < 0.3, (phase / 0.3) ** 2, np.exp(-(phase - 0.3) * 4.6)) * (1.0 - phase**8)
    return 0.18 + 0.6 * out[:, None]


def _crackle(seed: int, time: Time) -> Time:
    """Sparks of a fire: short, soft clicks at random."""
    lot = np.random.default_rng(seed)
    loop = np.zeros((LOOP * RATE, 2))
    for _ in range(LOOP * 7):
        at, long = int(lot.integers(0, len(loop) - 2000)), int(lot.integers(120, 900))
        click = lot.standard_normal(long) * np.exp(-np.arange(long) / (long / 6.0))
        click *= float(lot.uniform(0.1, 1.0)) ** 2
        side = float(lot.random())
        loop[at : at + long] += click[:, None] * (1 - side, side)
    return _looped(loop, time)


def _hum(seed: int, time: Time) -> Time:
    """A far machine: low, steady, with a slow beat."""
    base = float(dice(seed, "hum").uniform(48.0, 62.0))
    beat = 0.7 + 0.3 * _wave(time, 0.13)
    wave = _wave(time, base) + 0.5 * _wave(time, base * 2.01) + 0.22 * _wave(time, base * 3.0, 1.0)
    return np.stack([wave * beat, wave * (1.4 - 0.57 * beat)], axis=1)
