"""What is heard: loudness after ITU-R BS.1770-4, silence and clipping. Sound in as it comes, numbers out at its end.

BS.1770-4 gives its two filters as numbers for 48 kHz alone. They are worked out here for any rate, from the analogue
filters that give those numbers (De Man: Evaluation of implementations of the EBU R 128 loudness measurement, AES 145,
2018), and done in the frequency domain, where numpy is quick. Its own numbers are in the test. pyloudnorm is no extra:
it would bring SciPy for what takes these lines, knows no gate across pieces of a long sound, and two libraries that
round differently would make stored values differ from one machine to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

STEP_SECONDS = 0.1
"""Loudness is taken of blocks of four of these, one beginning with each; silence is looked at in each."""
BLOCK_STEPS = 4
ABSOLUTE_GATE = -70.0
"""LUFS: quieter blocks are no part of the programme."""
RELATIVE_GATE = -10.0
"""LU below what is left then: neither are these."""
OFFSET = -0.691
"""So that a tone of 997 Hz is as loud as it is high."""
SILENT = 10 ** (-60 / 20)
"""RMS of full scale below which nothing is heard."""
FULL_SCALE = 32767 / 32768
RUN = 3
"""So many samples in a row at full scale are cut off; a loud wave may well touch it for one or two."""
SURROUND = frozenset({"BL", "BR", "SL", "SR"})
"""Channels at the side and behind count more, as FFmpeg names them."""
SURROUND_WEIGHT = 1.41
UNHEARD = frozenset({"LFE", "LFE2"})
TAIL_SECONDS = 0.5
"""How long the filters remember, many times over: what of a piece the next one needs to know."""


class Sound:
    """Takes a sound in pieces: `add(samples)`, and then `loudness()`, `silence(seconds)`, `clipping()`.

    `rate` is in samples a second, `channels` are their names as FFmpeg has them (`FL`, `LFE`); of one that is not known
    the weight is 1. Samples are channels x length, floats in which 1 is full scale.
    """

    def __init__(self, rate: int, channels: Sequence[str]) -> None:
        self.rate = rate
        self.weights = np.array([_weight(name) for name in channels])
        self.samples = 0
        self._step = max(1, round(rate * STEP_SECONDS))
        self._tail = np.zeros((len(channels), round(rate * TAIL_SECONDS)))
        self._rest = np.zeros((len(channels), 0))
        self._powers: list[NDArray[np.float64]] = []
        """Of each step the mean square of its filtered samples, weighted and summed over the channels."""
        self._silent = 0
        self._steps = 0
        self._clipped = 0
        self._runs = np.zeros(len(channels), int)
        """How long each channel is at full scale by now."""

    def add(self, samples: Floats) -> None:
        """Take in what comes next."""
        piece: NDArray[np.float64] = np.asarray(samples, np.float64)
        self.samples += piece.shape[1]
        self._clipped += self._count_clipped(piece)
        self._rest = np.concatenate([self._rest, piece], axis=1)
        # Many steps at once: a transform of a second costs little more than one of a tenth.
        if self._rest.shape[1] >= 20 * self._step:
            self._work_off()

    def loudness(self) -> float | None:
        """Integrated loudness in LUFS; None where no block is above the gate."""
        self._work_off()
        powers = np.concatenate(self._powers) if self._powers else np.zeros(0)
        if len(powers) < BLOCK_STEPS:
            return None
        blocks = np.convolve(powers, np.full(BLOCK_STEPS, 1 / BLOCK_STEPS), mode="valid")
        blocks = blocks[_level(blocks) > ABSOLUTE_GATE]
        if not len(blocks):
            return None
        gate = float(_level(blocks.mean())) + RELATIVE_GATE
        return float(_level(blocks[_level(blocks) > gate].mean()))

    def silence(self, seconds: float) -> float | None:
        """The share of a clip of so many seconds in which nothing is heard, in percent; None for a clip of no length."""
        self._work_off()
        audible = (self._steps - self._silent) * self._step / self.rate
        # The last step, which is not a whole one.
        if self._rest.size and not _is_silent(self._rest):
            audible += self._rest.shape[1] / self.rate
        length = max(seconds, self.samples / self.rate)
        return 100.0 * max(0.0, 1.0 - audible / length) if length > 0 else None

    def clipping(self) -> float | None:
        """The share of the samples that are cut off, in percent of all of all channels; None where there is no sample."""
        total = self.samples * len(self.weights)
        return 100.0 * self._clipped / total if total else None

    def _work_off(self) -> None:
        """Filter and measure all whole steps that wait."""
        count = self._rest.shape[1] // self._step
        if not count:
            return
        whole, self._rest = np.split(self._rest, [count * self._step], axis=1)
        filtered = filter_k(np.concatenate([self._tail, whole], axis=1), self.rate)[:, self._tail.shape[1] :]
        steps = filtered.reshape(len(filtered), count, self._step)
        self._powers.append(self.weights @ np.square(steps).mean(axis=2))
        unfiltered = whole.reshape(len(whole), count, self._step)
        loudest = np.sqrt(np.square(unfiltered).mean(axis=2)).max(axis=0)
        self._silent += int((loudest < SILENT).sum())
        self._steps += count
        if size := self._tail.shape[1]:
            self._tail = np.concatenate([self._tail, whole], axis=1)[:, -size:]

    def _count_clipped(self, samples: NDArray[np.float64]) -> int:
        """How many samples of this piece belong to a run at full scale; a run may have begun in the piece before."""
        count = 0
        for at, channel in enumerate(np.abs(samples) >= FULL_SCALE):
            if not channel.any():
                self._runs[at] = 0
                continue
            edges = np.flatnonzero(np.diff(channel, prepend=False, append=False))
            for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
                before = int(self._runs[at]) if start == 0 else 0
                if before + end - start >= RUN:
                    # Those of the piece before are counted now, if they were too few then.
                    count += end - start + (before if before < RUN else 0)
            run = len(channel) - int(edges[-2]) if channel[-1] else 0
            self._runs[at] = run + (int(self._runs[at]) if run == len(channel) else 0)
        return count


def filter_k(samples: Floats, rate: int) -> NDArray[np.float64]:
    """Samples, channels x length, as the head and the ear have them: BS.1770-4's two filters, one after the other."""
    length = samples.shape[1]
    # Room for the end of the filters' answer, which would come round to the beginning; a size that is quickly transformed.
    size = 1 << (length + round(rate * TAIL_SECONDS) - 1).bit_length()
    turn = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    answer = np.ones(size // 2 + 1, complex)
    for above, below in k_weighting(rate):
        answer *= np.polyval(above[::-1], turn) / np.polyval(below[::-1], turn)
    return np.asarray(np.fft.irfft(np.fft.rfft(samples, size) * answer, size)[:, :length])


def k_weighting(rate: int) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """The two filters of K-weighting at a rate: a shelf for the head, then a high pass; numerator and denominator of each."""
    tangent, quality = np.tan(np.pi * 1681.974450955533 / rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    whole = 1 + tangent / quality + tangent**2
    shelf = (
        np.array(
            [
                high + band * tangent / quality + tangent**2,
                2 * (tangent**2 - high),
                high - band * tangent / quality + tangent**2,
            ]
        )
        / whole,
        np.array([whole, 2 * (tangent**2 - 1), 1 - tangent / quality + tangent**2]) / whole,
    )
    tangent, quality = np.tan(np.pi * 38.13547087602444 / rate), 0.5003270373238773
    whole = 1 + tangent / quality + tangent**2
    below = np.array([whole, 2 * (tangent**2 - 1), 1 - tangent / quality + tangent**2]) / whole
    return shelf, (np.array([1.0, -2.0, 1.0]), below)


def _level(power: Any) -> Any:
    """Power as LUFS."""
    with np.errstate(divide="ignore"):
        return OFFSET + 10 * np.log10(power)


def _weight(channel: str) -> float:
    if channel in UNHEARD:
        return 0.0
    return SURROUND_WEIGHT if channel in SURROUND else 1.0


def _is_silent(samples: NDArray[np.float64]) -> bool:
    return float(np.sqrt(np.square(samples).mean(axis=1)).max()) < SILENT
