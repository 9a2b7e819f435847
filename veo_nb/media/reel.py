"""A clip that is read picture by picture in a small size, beside many others: closed between two looks if need be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from veo_nb.media.encode import FPS, LIMITED
from veo_nb.media.frames import UNSPECIFIED
from veo_nb.media.probe import UnreadableVideo, reason
from veo_nb.records.late import dataclass

NEAR = 0.25 / FPS
"""Seconds by which a picture may come early: clocks are rounded."""


@dataclass(frozen=True)
class Small:
    """A picture in its box: planes of YUV 4:2:0, and where they begin in it, in even pixels."""

    left: int
    top: int
    luma: NDArray[np.uint8]
    colours: tuple[NDArray[np.uint8], NDArray[np.uint8]]


class Reel:
    """The pictures of a clip at 24 a second, each as large as fits into `box`; after the end the last one again."""

    def __init__(self, path: Path, box: tuple[int, int]) -> None:
        self._path = path
        self._box = box
        self._at = 0
        self._container: InputContainer | None = None
        self._pictures: Iterator[VideoFrame] = iter(())
        self._coming: VideoFrame | None = None
        self._small: Small | None = None
        self._ended = False

    def next(self) -> Small:
        """The picture that is shown at the next moment.

        Raises:
            UnreadableVideo: the clip does not play.
        """
        moment = self._at / FPS
        self._at += 1
        try:
            shown = self._until(moment + NEAR)
        except (av.FFmpegError, EOFError, OSError) as error:
            self.rest()
            raise UnreadableVideo(f"{self._path.name} can't be read as a video: {reason(error)}.") from error
        if shown is not None:
            self._small = self._made_small(shown)
        if self._small is None:
            raise UnreadableVideo(f"{self._path.name} has no picture that can be shown.")
        return self._small

    def rest(self) -> None:
        """Close the file; the next look opens it again and goes on where it was."""
        if self._container is not None:
            self._container.close()
        self._container, self._coming, self._pictures = None, None, iter(())

    def _until(self, moment: float) -> VideoFrame | None:
        """The last picture up to a moment that was not given yet; None where there is no new one."""
        if self._container is None and not self._ended:
            self._open(moment)
        shown = None
        # The very first is shown from the start, whenever it says it comes.
        while self._coming is not None and ((self._coming.time or 0.0) <= moment or self._at == 1):
            shown, self._coming = self._coming, next(self._pictures, None)
            if self._at == 1:
                break
        if self._coming is None:
            self._ended = True
        return shown

    def _open(self, moment: float) -> None:
        container = self._container = av.open(str(self._path), mode="r")
        if not container.streams.video:
            raise UnreadableVideo(f"{self._path.name} has no picture, only sound.")
        stream = container.streams.video[0]
        # Many clips are read side by side, so one thread for each is enough, and takes a fraction of the memory.
        stream.thread_type = "NONE"
        if self._at > 1:
            container.seek(int(moment / float(stream.time_base or 1)), stream=stream)
        self._pictures = container.decode(stream)
        self._coming = next(self._pictures, None)

    def _made_small(self, picture: VideoFrame) -> Small:
        width, height = fit((picture.width, picture.height), self._box)
        small = picture.reformat(
            width,
            height,
            "yuv420p",
            # Browsers take BT.709 where a file does not say.
            src_colorspace="ITU709" if picture.colorspace == UNSPECIFIED else None,
            dst_colorspace="ITU709",
            dst_color_range=LIMITED,
            interpolation="AREA",
        )
        planes = np.asarray(small.to_ndarray(), dtype=np.uint8)
        first, second = planes[height:].reshape(2, height // 2, width // 2)
        left, top = ((box - size) // 4 * 2 for box, size in zip(self._box, (width, height), strict=True))
        return Small(left, top, planes[:height], (first, second))


def fit(size: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    """The largest size of this shape that fits into a box, in even pixels."""
    scale = min(box[0] / size[0], box[1] / size[1])
    width, height = (max(2, round(one * scale / 2) * 2) for one in size)
    return min(width, box[0]), min(height, box[1])
