"""Clips of known values, small ones, each made once."""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

RATE = 48_000


@functools.cache
def scene(height, width, seed=0):
    """A picture with detail of every size, so that whatever moves in it can be seen to."""
    numbers = np.random.default_rng(seed)
    found = np.zeros((height, width, 3))
    for size in (4, 8, 16, 32, 64):
        shape = (height // size + 2, width // size + 2, 3)
        coarse = Image.fromarray(numbers.integers(0, 256, shape, dtype=np.uint8))
        found += np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), float)
    return (found / 5).astype(np.uint8)


def pan(step, frames, width=320, height=180, seed=0):
    """Pictures of a scene that moves by so many pixels from one to the next."""
    whole = scene(height, width + step * frames, seed)
    return [whole[:, step * n : step * n + width] for n in range(frames)]


def tone(decibels, seconds, hertz=997.0, rate=RATE):
    """A sine whose peaks are so many dB below full scale, in one channel."""
    return 10 ** (decibels / 20) * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)


@pytest.fixture(scope="session")
def write(tmp_path_factory):
    """Write pictures (height x width x 3) and sound (channels x samples) to a file, and give its path."""
    folder = tmp_path_factory.mktemp("measured")

    def make(name, pictures=(), sound=None, **how):
        if not (path := folder / name).exists():
            write_clip(path, pictures, sound, **how)
        return path

    return make


def write_clip(
    path, pictures, sound=None, *, fps=24, codec="libx264", pixels="yuv420p", times=None, **options
):
    """Write a clip; `times` are when its pictures come, in seconds, where that is not evenly."""
    with av.open(str(path), "w") as out:
        seen: Any = None
        if len(pictures):
            seen = out.add_stream(codec, rate=Fraction(fps), options={"preset": "ultrafast", **options})
            seen.height, seen.width = pictures[0].shape[:2]
            seen.pix_fmt = pixels
            if times is not None:
                seen.codec_context.time_base = Fraction(1, 1000)
        heard: Any = out.add_stream("pcm_s16le", rate=RATE, layout="stereo") if sound is not None else None
        for at, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
            frame = frame.reformat(format=pixels, dst_colorspace="ITU709")
            if times is not None:
                frame.pts, frame.time_base = round(1000 * times[at]), Fraction(1, 1000)
            out.mux(seen.encode(frame))
        if seen is not None:
            out.mux(seen.encode(None))
        if heard is not None:
            whole = np.clip(np.rint(np.asarray(sound) * 32768), -32768, 32767).astype(np.int16)
            piece = av.AudioFrame.from_ndarray(np.ascontiguousarray(whole.T.reshape(1, -1)), "s16", "stereo")
            piece.sample_rate = RATE
            out.mux(heard.encode(piece))
            out.mux(heard.encode(None))
