"""Clips of known values, small ones, each made once."""

from __future__ import annotations

import functools
from fractions import Fraction

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

    def make(
        name,
        pictures=(),
        sound=None,
        *,
        fps=24,
        codec="libx264",
        pixels="yuv420p",
        times=None,
        layout="stereo",
        turned=0,
        sound_codec="pcm_s16le",
        **options,
    ):
        path = folder / name
        if path.exists():
            return path
        with av.open(str(path), "w") as out:
            stream = heard = None
            if len(pictures):
                stream = out.add_stream(codec, rate=Fraction(fps), options={"preset": "ultrafast", **options})
                stream.height, stream.width = pictures[0].shape[:2]
                stream.pix_fmt = pixels
                if times is not None:
                    stream.codec_context.time_base = Fraction(1, 1000)
            if sound is not None:
                heard = out.add_stream(sound_codec, rate=RATE, layout=layout)
            for at, picture in enumerate(pictures):
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
                frame = frame.reformat(format=pixels, dst_colorspace="ITU709")
                if times is not None:
                    frame.pts, frame.time_base = round(1000 * times[at]), Fraction(1, 1000)
                out.mux(stream.encode(frame))
            if stream:
                out.mux(stream.encode(None))
            if heard:
                packed = np.ascontiguousarray(
                    np.clip(np.rint(np.asarray(sound) * 32768), -32768, 32767)
                    .astype(np.int16)
                    .T.reshape(1, -1)
                )
                frame = av.AudioFrame.from_ndarray(packed, "s16", layout)
                frame.sample_rate = RATE
                resampler = av.AudioResampler(
                    heard.format, layout, RATE, frame_size=heard.codec_context.frame_size or None
                )
                for piece in (*resampler.resample(frame), *resampler.resample(None)):
                    out.mux(heard.encode(piece))
                out.mux(heard.encode(None))
        return path

    return make
