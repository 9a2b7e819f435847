"""Small videos of other kinds than MP4, as somebody else's encoder writes them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import OutputContainer

KINDS = {
    # name: container, pictures, sound, form of the pictures
    "webm": ("webm", "libvpx-vp9", "libopus", "yuv420p"),
    "webm, silent": ("webm", "libvpx", "", "yuv420p"),
    "mkv": ("matroska", "libx264", "aac", "yuv420p"),
    "mkv, PCM": ("matroska", "libx264", "pcm_s16le", "yuv420p"),
    "mov": ("mov", "libx264", "aac", "yuv420p"),
    "mov, ProRes": ("mov", "prores_ks", "pcm_s16le", "yuv422p10le"),
    "avi": ("avi", "mpeg4", "", "yuv420p"),
    "ts": ("mpegts", "libx264", "aac", "yuv420p"),
    "flv": ("flv", "libx264", "aac", "yuv420p"),
    "mpg": ("mpeg", "mpeg2video", "mp2", "yuv420p"),
    "gif": ("gif", "gif", "", "rgb8"),
    "ivf": ("ivf", "libvpx-vp9", "", "yuv420p"),
    "mp4, 4:4:4": ("mp4", "libx264", "aac", "yuv444p"),
    "mp4, 10 bits": ("mp4", "libx264", "aac", "yuv420p10le"),
    "mp4, MPEG-4": ("mp4", "mpeg4", "aac", "yuv420p"),
}
"""Each as its container, its two codecs and the form of its pictures."""


def write(path: Path, kind: str, *, frames: int = 24) -> Path:
    """A second of 320 x 180 of this kind."""
    container, pictures, sound, form = KINDS[kind]
    with av.open(str(path), "w", format=container) as target:
        video: Any = target.add_stream(pictures, rate=24)
        video.width, video.height, video.pix_fmt = 320, 180, form
        audio: Any = target.add_stream(sound, rate=48_000, layout="stereo") if sound else None
        for number in range(frames):
            shade = np.full((180, 320, 3), (10 * number % 255, 20, 30), np.uint8)
            frame = av.VideoFrame.from_ndarray(shade, format="rgb24").reformat(format=form)
            frame.pts, frame.time_base = number, Fraction(1, 24)
            target.mux(video.encode(frame))
        target.mux(video.encode(None))
        if audio is not None:
            _add_silence(target, audio, frames * 2000)
    return path


def _add_silence(target: OutputContainer, audio: Any, length: int) -> None:
    form, step = audio.codec_context.format.name, audio.codec_context.frame_size or 1024
    shape = (2, step) if form.endswith("p") else (1, 2 * step)
    for at in range(0, length, step):
        samples = np.zeros(shape, np.int16 if form.startswith("s16") else np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format=form, layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, at, Fraction(1, 48_000)
        target.mux(audio.encode(frame))
    target.mux(audio.encode(None))


def without_ftyp(content: bytes) -> bytes:
    """An MP4 as old QuickTime writes it: the first box says nothing of the kind."""
    return content[:4] + b"wide" + content[8:]
