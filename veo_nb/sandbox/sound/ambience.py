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
BLOCK = 64
"""Samples that are made together: what comes and goes slowly stands still for so long."""
Samples = NDArray[np.float32]
Blocks = NDArray[np.float32]
"""Sound in the making: (2 ears, blocks, samples of a block)."""
Slow = NDArray[np.float64]
"""Something of each block: the moment when it begins, how loud it is."""


def ambience(prompts: list[Reading], start: float, samples: int, *, loop: int = LOOP) -> Samples:
    """Stereo sound, (samples, 2), that begins at this moment of the shot and turns from one prompt to the last."""
    first, last = prompts[max(0, len(prompts) - 2)], prompts[-1]
    time: Slow = start + np.arange(-(-samples // BLOCK), dtype=np.float64) * (BLOCK / RATE)
    blocks = _sound(first, time, loop)
    if first is not last:
        part = np.linspace(0.0, 1.0, len(time), dtype=np.float32)[:, None]
        part *= part * (3.0 - 2.0 * part) * np.float32(np.pi / 2)
        blocks *= np.cos(part)
        blocks += _sound(last, time, loop) * np.sin(part)
    if max(-float(blocks.min()), float(blocks.max())) > LOUD * 0.6:
        # A gentle shoulder, not a limiter at work.
        blocks = np.tanh(blocks / np.float32(LOUD)) * np.float32(LOUD)
    sound = np.ascontiguousarray(blocks.reshape(2, -1)[:, :samples].T)
    if start == 0.0:
        fade = min(samples, RATE // 4)
        sound[:fade] *= np.linspace(0.0, 1.0, fade, dtype=np.float32)[:, None]
    return sound


def fade_over(sound: Samples, before: Samples) -> None:
    """Let the end of the sound before, backwards, fade into the new sound: the seam has no gap."""
    tail = before[::-1][: min(len(before), len(sound), round(FADE * RATE))]
    part = np.linspace(0.0, 1.0, len(tail), dtype=np.float32)[:, None]
    sound[: len(tail)] = sound[: len(tail)] * np.sqrt(part) + tail * np.sqrt(1.0 - part)


def _sound(prompt: Reading, time: Slow, loop: int) -> Blocks:
    words, seed = words_of(prompt.text), seed_of("sound", prompt.text)
    if words & {"silent", "silence", "mute", "muted"}:
        return np.zeros((2, len(time), BLOCK), dtype=np.float32)
    noise = partial(_noise, loop=loop)
    out = _chord(prompt, seed, time)
    out += noise(seed + 1, time, 90.0, 620.0, _swell(seed + 2, time, 0.11) * 0.030)
    if prompt.place == "sea" or words & {"wave", "waves", "surf"}:
        out += noise(seed + 3, time, 140.0, 2600.0, _surf(seed, time) * 0.075)
    elif prompt.place in ("lake", "forest") and prompt.weather != "snow":
        out += noise(seed + 4, time, 900.0, 4200.0, _swell(seed + 5, time, 0.23) * 0.008)
    if words & {"wind", "storm", "breeze", "gust"} or prompt.weather in ("snow", "dust", "rain"):
        out += noise(seed + 6, time, 180.0, 1100.0, _swell(seed + 7, time, 0.19) ** 2 * 0.06)
    if prompt.weather == "rain":
        out += noise(seed + 8, time, 1800.0, 9000.0, np.full(len(time), 0.022))
    if prompt.weather == "embers":
        out += _crackle(seed + 9, time) * np.float32(0.05)
    if words & {"hum", "engine", "engines", "rocket", "machine", "ship", "city", "traffic"}:
        out += _hum(seed + 10, time)
    return out


def _wave(time: Slow, pitch: float, phase: float = 0.0) -> Slow:
    """A slow wave."""
    return np.sin(2 * np.pi * pitch * time + phase)


def _tones(time: Slow, tones: list[tuple[float, float, Slow]]) -> Blocks:
    """Pure tones: the pitch and phase of each, and how loud it is in either ear, (2, blocks).

    The sine of a moment comes from that of its block's beginning and that of its place in the block: all tones of all
    blocks are one product of matrices.
    """
    within = 2 * np.pi * np.arange(BLOCK) / RATE
    begins, goes = (
        np.empty((2, len(time), 2 * len(tones)), np.float32),
        np.empty((2 * len(tones), BLOCK), np.float32),
    )
    for index, (pitch, phase, loud) in enumerate(tones):
        # The turns are counted exactly, their sines need no such care.
        turns = pitch * time
        turn = 2 * np.pi * (turns - np.floor(turns)) + phase
        begins[:, :, 2 * index], begins[:, :, 2 * index + 1] = loud * np.sin(turn), loud * np.cos(turn)
        goes[2 * index], goes[2 * index + 1] = np.cos(pitch * within), np.sin(pitch * within)
    blocks: Blocks = begins @ goes
    return blocks


def _chord(prompt: Reading, seed: int, time: Slow) -> Blocks:
    """Five voices, each of two strings a little out of tune, that come and go."""
    lot = dice(seed, "chord")
    notes = CHORDS[prompt.time in ("night", "dusk", "grey", "ember")][int(lot.integers(3))]
    root = 110.0 * 2.0 ** (int(lot.integers(-2, 6)) / 12.0)
    tones = []
    for index, note in enumerate(notes):
        tone = root * 2.0 ** (note / 12.0)
        breath = 0.55 + 0.45 * _wave(time, float(lot.uniform(0.03, 0.09)), float(lot.uniform(0, 6.28)))
        place = float(lot.uniform(0.25, 0.75))
        loud = np.array([[1.0 - place], [place]]) * breath * (0.025 / (1.0 + 0.7 * index))
        tones += [(tone, 0.0, loud), (tone * 1.0023, 1.0, loud), (2 * tone, 0.5, 0.25 * loud)]
    return _tones(time, tones)


def _noise(seed: int, time: Slow, low: float, high: float, loud: Slow, *, loop: int) -> Blocks:
    """Noise between two pitches, with soft edges, different in each ear."""
    length = loop * RATE
    # Of what is higher, nothing is heard.
    pitch = np.arange(min(length // 2 + 1, round(6 * high * loop)), dtype=np.float32) / np.float32(loop)
    least = np.maximum(pitch, np.float32(1.0))
    shape = (
        1.0 / (1.0 + (low / least) ** 4) / (1.0 + (pitch / high) ** 3) / np.sqrt(np.maximum(pitch, low) / low)
    )
    turns = np.random.default_rng(seed).random(len(pitch), dtype=np.float32) * np.float32(2 * np.pi)
    spectrum = np.empty(len(pitch), dtype=np.complex64)
    spectrum.real, spectrum.imag = shape * np.cos(turns), shape * np.sin(turns)
    wave = np.fft.irfft(spectrum, length)
    wave /= wave.std()
    # What is heard on one side was heard on the other long ago.
    return _looped(np.stack([wave, np.roll(wave, length // 2)]), time) * loud[:, None].astype(np.float32)


def _looped(loop: Samples, time: Slow) -> Blocks:
    """What is heard of a loop, (2, samples), that begins again and again."""
    first, samples = round(float(time[0]) * RATE) % loop.shape[1], len(time) * BLOCK
    again = np.tile(loop, (1, -(-(first + samples) // loop.shape[1])))
    return again[:, first : first + samples].reshape(2, -1, BLOCK)


def _swell(seed: int, time: Slow, rate: float) -> Slow:
    """A slow coming and going, 0.1 to 1."""
    lot = dice(seed, "swell")
    phases = [float(lot.uniform(0, 6.28)) for _ in range(3)]
    parts = [_wave(time, rate * (1.0 + 0.61 * at), phase) / (1 + at) for at, phase in enumerate(phases)]
    total: Slow = np.sum(parts, axis=0)
    return 0.55 + 0.45 * total / 1.83


def _surf(seed: int, time: Slow) -> Slow:
    """Waves that break on a shore every six seconds or so."""
    lot = dice(seed, "surf")
    out = np.zeros_like(time)
    for period in (6.1, 8.7):
        phase = (time / period + float(lot.random())) % 1.0
        out += np.where(phase < 0.3, (phase / 0.3) ** 2, np.exp(-(phase - 0.3) * 4.6)) * (1.0 - phase**8)
    return 0.18 + 0.6 * out


def _crackle(seed: int, time: Slow) -> Blocks:
    """Sparks of a fire: short, soft clicks at random."""
    lot = np.random.default_rng(seed)
    loop = np.zeros((2, LOOP * RATE), dtype=np.float32)
    for _ in range(LOOP * 7):
        at, long = int(lot.integers(0, loop.shape[1] - 2000)), int(lot.integers(120, 900))
        click = lot.standard_normal(long) * np.exp(-np.arange(long) / (long / 6.0))
        click *= float(lot.uniform(0.1, 1.0)) ** 2
        side = float(lot.random())
        loop[:, at : at + long] += click * np.array([[1 - side], [side]])
    return _looped(loop, time)


def _hum(seed: int, time: Slow) -> Blocks:
    """A far machine: low, steady, with a slow beat."""
    base = float(dice(seed, "hum").uniform(48.0, 62.0))
    beat = 0.7 + 0.3 * _wave(time, 0.13)
    loud = np.stack([beat, 1.4 - 0.57 * beat]) * 0.04
    return _tones(time, [(base, 0.0, loud), (base * 2.01, 0.0, 0.5 * loud), (base * 3.0, 1.0, 0.22 * loud)])
