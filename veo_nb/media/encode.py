"""Write an MP4 that every browser plays: H.264, AAC stereo at 48 kHz, index at the front."""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import final

import av
import numpy as np
from av.container import OutputContainer
from av.video.frame import VideoFrame
from numpy.typing import NDArray

FPS = 24
RATE = 48_000
"""Samples of sound in a second."""
BT709 = 1
"""FFmpeg's number for the colours of high definition, for matrix, primaries and transfer alike."""
LIMITED = 1
"""FFmpeg's number for luma from 16 to 235, which is what browsers expect."""
CODER = "twoloop"
"""How FFmpeg looks for the best way to write a piece of sound; `fast` takes a quarter of the time."""


@final
class Writer:
    """Writes one clip: give it pictures and sound in order, in a `with` block; the block's end completes the file.

    `width` and `height` are even pixels. `threads` of 0 lets the encoder take every core, `tuning` is what x264 does
    otherwise than its preset says. With `steps`, from 1 to 51, every picture is rounded alike (x264's `qp`) and `crf` does not count: nothing is worked
    out about a picture before it is encoded, two fifths of the quickest preset's time. An exception inside the block leaves an unfinished file behind: write to a temporary name and rename.
    """

    def __init__(
        self,
        path: str | Path,
        width: int,
        height: int,
        *,
        fps: Fraction | int = FPS,
        sound: bool = True,
        preset: str = "superfast",
        crf: int = 21,
        steps: int | None = None,
        tuning: str = "",
        threads: int = 0,
        coder: str = CODER,
    ) -> None:
        self.width = width
        self.height = height
        self.fps = Fraction(fps)
        self.frames = 0
        self._container = av.open(str(path), mode="w", format="mp4", options={"movflags": "+faststart"})
        self._video = self._container.add_stream("libx264", rate=self.fps)
        self._video.width = width
        self._video.height = height
        self._video.pix_fmt = "yuv420p"
        self._video.codec_context.time_base = 1 / self.fps
        # A key frame a second: seeking is quick, and so is a look at the last frame.
        self._video.codec_context.gop_size = round(self.fps)
        self._video.codec_context.thread_count = threads
        self._video.codec_context.color_range = LIMITED
        self._video.codec_context.colorspace = BT709
        self._video.codec_context.color_primaries = BT709
        self._video.codec_context.color_trc = BT709
        rate, value = ("crf", crf) if steps is None else ("qp", steps)
        self._video.options = {"preset": preset, rate: str(value), "x264-params": tuning}
        self._audio = Sound(self._container, coder=coder) if sound else None

    def add_picture(self, picture: NDArray[np.uint8] | VideoFrame) -> None:
        """Add a frame: RGB as (height, width, 3), YUV 4:2:0 planes stacked as (height * 3/2, width), or PyAV's own.

        A picture of another size is scaled to the clip's.
        """
        frame = self.fit_picture(picture)
        frame.pts = self.frames
        frame.time_base = 1 / self.fps
        self._container.mux(self._video.encode(frame))
        self.frames += 1
        if self._audio is not None:
            self._audio.advance(float(self.frames / self.fps))

    def fit_picture(self, picture: NDArray[np.uint8] | VideoFrame) -> VideoFrame:
        """The frame that `add_picture` makes of a picture: for one that is added again and again."""
        frame = as_frame(picture)
        if (frame.width, frame.height, frame.format.name) == (self.width, self.height, "yuv420p"):
            return frame
        return frame.reformat(
            self.width,
            self.height,
            "yuv420p",
            dst_colorspace="ITU709",
            dst_color_range=LIMITED,
            interpolation="BICUBIC",
        )

    def add_sound(self, samples: NDArray[np.float32]) -> None:
        """Add sound: stereo as (samples, 2), -1 to 1. It may run ahead of the pictures by any length."""
        if self._audio is None:
            raise ValueError("This clip was begun without sound.")
        self._audio.add(samples)

    def fit_sound(self) -> None:
        """Cut the sound so far, or fill it with silence, to the length of the pictures so far."""
        if self._audio is not None:
            self._audio.fit(float(self.frames / self.fps))

    def close(self) -> None:
        """Complete the file."""
        self._container.mux(self._video.encode(None))
        if self._audio is not None:
            self.fit_sound()
            self._audio.finish()
        self._container.close()

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self._container.close()


class Sound:
    """The sound track of an MP4 being written: AAC, stereo, 48 kHz.

    What is added waits until the pictures have come as far, so that a player finds both side by side in the file.
    """

    def __init__(self, container: OutputContainer, bit_rate: int = 128_000, *, coder: str = CODER) -> None:
        self._container = container
        self._stream = container.add_stream(
            "aac", rate=RATE, layout="stereo", bit_rate=bit_rate, options={"aac_coder": coder}
        )
        self._waiting: deque[NDArray[np.float32]] = deque()
        self._added = 0
        self._written = 0

    def add(self, samples: NDArray[np.float32]) -> None:
        """Add stereo samples, (n, 2) from -1 to 1."""
        self._waiting.append(samples)
        self._added += len(samples)

    def advance(self, seconds: float) -> None:
        """Write what is heard before this moment."""
        while self._waiting and self._written < seconds * RATE:
            part = self._waiting.popleft()
            # Half a second at a time keeps sound and pictures close in the file.
            if len(part) > RATE // 2:
                self._waiting.appendleft(part[RATE // 2 :])
                part = part[: RATE // 2]
            self._write(part)

    def fit(self, seconds: float) -> None:
        """Cut what waits, or add silence, so that the sound ends at this moment."""
        missing = round(seconds * RATE) - self._added
        if missing > 0:
            self.add(np.zeros((missing, 2), dtype=np.float32))
        while missing < 0 and self._waiting:
            part = self._waiting.pop()
            kept = part[: max(0, len(part) + missing)]
            missing += len(part) - len(kept)
            self._added -= len(part) - len(kept)
            if len(kept):
                self._waiting.append(kept)

    def finish(self) -> None:
        """Write what waits and what the encoder still holds."""
        self.advance(float("inf"))
        self._container.mux(self._stream.encode(None))

    def _write(self, samples: NDArray[np.float32]) -> None:
        if not len(samples):
            return
        planes = np.ascontiguousarray(np.clip(samples, -1.0, 1.0).T, dtype=np.float32)
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
        frame.sample_rate = RATE
        frame.pts = self._written
        frame.time_base = Fraction(1, RATE)
        self._written += planes.shape[1]
        self._container.mux(self._stream.encode(frame))


def as_frame(picture: NDArray[np.uint8] | VideoFrame) -> VideoFrame:
    """PyAV's frame for an array of RGB, or around one of stacked YUV 4:2:0 planes: the encoder takes a copy."""
    if isinstance(picture, VideoFrame):
        return picture
    if picture.ndim == 3:
        return VideoFrame.from_ndarray(picture, format="rgb24")
    frame = VideoFrame.from_numpy_buffer(np.ascontiguousarray(picture), format="yuv420p")
    frame.colorspace = BT709
    frame.color_range = LIMITED
    return frame
