"""Take pictures out of a video file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from veo_nb.media.probe import UnreadableVideo, reason

UNSPECIFIED = 2
"""FFmpeg's word for a picture that does not say which matrix its colours are in."""

POSTER_MOMENTS = (0.0, 0.5, 1.0, 2.0)
"""Where to look for a picture that is not black, in seconds."""


def frame(path: str | Path, seconds: float) -> Image.Image:
    """The picture shown at this moment, RGB; before the start the first one, after the end the last.

    Raises:
        UnreadableVideo: there is no picture to be had from this file.
    """
    with _opened(path) as container:
        found = _frame_at(container, container.streams.video[0], seconds)
    return to_image(found)


def last_frame(path: str | Path) -> Image.Image:
    """The last picture of the video, RGB.

    Raises:
        UnreadableVideo: there is no picture to be had from this file.
    """
    return frame(path, float("inf"))


def poster(path: str | Path, width: int = 480, quality: int = 72) -> bytes:
    """A small JPEG for a page that shows the video before it plays; `quality` is JPEG's, 1 to 95.

    Raises:
        UnreadableVideo: there is no picture to be had from this file.
    """
    return as_jpeg(small_picture(path, width), quality)


def small_picture(path: str | Path, width: int) -> Image.Image:
    """A frame near the start that is not black, RGB, so many pixels wide.

    Raises:
        UnreadableVideo: there is no picture to be had from this file.
    """
    best: tuple[float, VideoFrame] | None = None
    with _opened(path) as container:
        stream = container.streams.video[0]
        for moment in POSTER_MOMENTS:
            found = _frame_at(container, stream, moment)
            light = _light(found)
            if best is None or light > best[0]:
                best = (light, found)
            if light > 24.0:
                break
    assert best is not None
    image = to_image(best[1])
    height = max(1, round(image.height * width / image.width))
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)


def as_jpeg(image: Image.Image, quality: int = 72) -> bytes:
    """A picture as a JPEG that comes in sight as it is loaded."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    return out.getvalue()


def as_webp(image: Image.Image, quality: int = 70) -> bytes:
    """A picture as a WebP, two thirds of a JPEG of the same fidelity: for pages alone, since not every program reads it."""
    out = io.BytesIO()
    image.save(out, "WEBP", quality=quality)
    return out.getvalue()


def to_image(found: VideoFrame) -> Image.Image:
    """A decoded frame as an RGB picture, in the colours a browser shows."""
    # Browsers take BT.709 where a file does not say; FFmpeg would take BT.601.
    matrix = "ITU709" if found.colorspace == UNSPECIFIED else None
    return Image.fromarray(found.to_ndarray(format="rgb24", src_colorspace=matrix))


@contextmanager
def _opened(path: str | Path) -> Iterator[InputContainer]:
    """A file opened for reading pictures; FFmpeg's errors leave it as `UnreadableVideo`."""
    name = Path(path).name
    try:
        with av.open(str(path), mode="r") as container:
            if not container.streams.video:
                raise UnreadableVideo(f"{name} has no picture, only sound.")
            container.streams.video[0].thread_type = "AUTO"
            yield container
    except (av.FFmpegError, EOFError, OSError) as error:
        raise UnreadableVideo(f"{name} can't be read as a video: {reason(error)}.") from error


def _frame_at(container: InputContainer, stream: VideoStream, seconds: float) -> VideoFrame:
    base = float(stream.time_base or 1)
    length = (stream.duration or 0) * base
    # Seeking past the end finds nothing: land before it and let decoding run out.
    target = min(max(0.0, seconds), max(0.0, length - 0.5 * base))
    container.seek(int(target / base), stream=stream)
    half = 0.5 / float(stream.average_rate or 24)
    found = None
    for found in container.decode(stream):
        if seconds != float("inf") and found.time is not None and found.time > seconds - half:
            break
    if found is None:
        raise UnreadableVideo("The video has no picture at that moment.")
    return found


def _light(found: VideoFrame) -> float:
    """How bright the bright parts of the picture are, 0 to 255: a night with a lamp in it is not black."""
    grey = found.reformat(width=64, height=36, format="gray").to_ndarray()
    return float(np.percentile(grey, 90))
