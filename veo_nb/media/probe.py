"""Tell what is in a video file, and whether it really plays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream


class UnreadableVideo(ValueError):  # noqa: N818
    """The file is not a video that plays from its first to its last frame; the message says why."""


class CutOff(UnreadableVideo):
    """What is there of the file is right, and its end is missing."""


@dataclass(frozen=True)
class VideoInfo:
    """What a video file holds."""

    width: int
    """Pixels, as shown."""
    height: int
    """Pixels, as shown."""
    duration: float
    """Seconds of picture."""
    fps: float
    has_audio: bool
    video_codec: str
    """As FFmpeg names it: `h264`."""


def probe(path: str | Path) -> VideoInfo:
    """What is in an MP4 file, after its first and last frames were decoded.

    Raises:
        UnreadableVideo: it is no MP4, it has no picture, or a part of it is missing.
    """
    path = Path(path)
    check_boxes(path)
    try:
        with av.open(str(path), mode="r") as container:
            return _read(container, path.name)
    except (av.FFmpegError, EOFError) as error:
        raise UnreadableVideo(f"{path.name} is damaged or cut off: {reason(error)}.") from error


def check_boxes(path: Path) -> None:
    """Raise `UnreadableVideo` unless the file is made of the boxes of an MP4, each of them whole.

    Decoding alone would forgive a file that lacks its last few bytes.
    """
    kinds: list[bytes] = []
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            at = 0
            while at < size:
                file.seek(at)
                head = file.read(16)
                length, kind = int.from_bytes(head[:4], "big"), head[4:8]
                if not kinds and kind != b"ftyp":
                    looks = " It looks like a web page." if head.lstrip()[:1] == b"<" else ""
                    raise UnreadableVideo(f"{path.name} is not an MP4 file.{looks}")
                if length == 1:
                    length = int.from_bytes(head[8:16], "big")
                elif length == 0:  # it reaches to the end of the file
                    length = size - at
                if length < 8 <= len(head):
                    raise UnreadableVideo(f"{path.name} is damaged: its boxes can't be told apart.")
                if at + max(length, 8) > size:
                    raise CutOff(f"{path.name} is cut off: its end is missing.")
                kinds.append(kind)
                at += length
    except OSError as error:
        raise UnreadableVideo(f"{path.name} can't be read: {error.strerror or error}.") from error
    if not kinds:
        raise UnreadableVideo(f"{path.name} is empty.")
    if b"moov" not in kinds:
        raise CutOff(f"{path.name} is cut off: the index of its pictures is missing.")


def _read(container: InputContainer, name: str) -> VideoInfo:
    if not container.streams.video:
        raise UnreadableVideo(f"{name} has no picture, only sound.")
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    if next(container.decode(stream), None) is None:
        raise UnreadableVideo(f"{name} has no picture that can be shown.")
    duration = _duration(container, stream)
    # Half a second before the end finds the last key frame even where sound outlasts the picture.
    container.seek(int(max(0.0, duration - 0.5) / float(stream.time_base or 1)), stream=stream)
    if not sum(1 for _ in container.decode(stream)):
        raise UnreadableVideo(f"{name} is cut off: its last picture is missing.")
    return VideoInfo(
        width=stream.width,
        height=stream.height,
        duration=duration,
        fps=float(stream.average_rate or 0.0),
        has_audio=bool(container.streams.audio),
        video_codec=stream.codec_context.name,
    )


def _duration(container: InputContainer, stream: VideoStream) -> float:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / av.time_base


def reason(error: Exception) -> str:
    """What FFmpeg or the system says went wrong, as the end of a sentence."""
    text = getattr(error, "strerror", None) or str(error)
    return text[:1].lower() + text[1:]
