"""Tell what is in a video file, and whether it really plays."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from veo_nb.media.kind import BOXES, LOOK, kind_of, kind_of_file
from veo_nb.records.late import dataclass


class UnreadableVideo(ValueError):  # noqa: N818
    """The file is not a video that plays from its first to its last frame; the message says why."""


class CutOff(UnreadableVideo):
    """What is there of the file is right, and its end is missing."""


_LAST = frozenset({b"mfra", b"meta", b"udta", b"emsg", b"ssix", b"prft", b"bloc"})
"""More boxes that may come after the pictures."""
SMALL_BYTES = 2**20
_DEMUXERS = {
    "mp4": "mov",
    "webm": "matroska",
    "mkv": "matroska",
    "ogv": "ogg",
    "mpg": "mpeg",
    "ts": "mpegts",
    "wmv": "asf",
}
"""FFmpeg's names for the kinds that it calls otherwise."""


def opened(path: str | Path) -> InputContainer:
    """A video of a known kind, opened as that kind: nothing in a file can send FFmpeg to another one.

    Raises:
        UnreadableVideo: it is of no known kind.
        FFmpegError: FFmpeg can't open it.
    """
    kind = kind_of_file(Path(path))
    if not kind:
        raise UnreadableVideo(f"{Path(path).name} is no video.")
    return _opened(path, kind)


def _opened(path: str | Path, kind: str) -> InputContainer:
    return av.open(str(path), mode="r", format=_DEMUXERS.get(kind, kind))


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
    audio_codec: str = ""
    pixels: str = "yuv420p"
    """As FFmpeg names the form of its pictures."""
    kind: str = "mp4"
    """The kind of its file, as an ending."""

    @property
    def is_playable(self) -> bool:
        """Whether every browser plays it as it is."""
        return self.kind == "mp4" and self.has_playable_pictures and self.has_playable_sound

    @property
    def has_playable_pictures(self) -> bool:
        """Whether a browser plays its pictures in an MP4."""
        return self.video_codec in ("vp9", "av1") or (
            self.video_codec == "h264" and self.pixels in ("yuv420p", "yuvj420p")
        )

    @property
    def has_playable_sound(self) -> bool:
        """Whether a browser plays its sound in an MP4, or it has none."""
        return self.audio_codec in ("", "aac", "mp3", "opus", "flac")


def probe(path: str | Path) -> VideoInfo:
    """What is in a video file, after its first and last frames were decoded; of other kinds than MP4 and MOV after all.

    Raises:
        UnreadableVideo: it is no video, it has no picture, or a part of it is missing.
    """
    path = Path(path)
    kind = _checked_kind(path)
    try:
        with _opened(path, kind) as container:
            return _read(container, path.name, kind)
    except (av.FFmpegError, EOFError) as error:
        raise UnreadableVideo(f"{path.name} is damaged or cut off: {reason(error)}.") from error


def _checked_kind(path: Path) -> str:
    """The kind of a file that is whole, as far as its kind tells that.

    Raises:
        UnreadableVideo: it is of no known kind, or damaged; `CutOff` where only its end is missing.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(LOOK)
            kind = kind_of(head)
            if not size:
                raise UnreadableVideo(f"{path.name} is empty.")
            if not kind:
                looks = " It looks like a web page." if head.lstrip()[:1] == b"<" else ""
                raise UnreadableVideo(f"{path.name} is no video.{looks}")
            if kind in ("mp4", "mov"):
                _check_boxes(file, size, path.name)
            elif _length(kind, head) > size:
                raise CutOff(f"{path.name} is cut off: its end is missing.")
    except OSError as error:
        raise UnreadableVideo(f"{path.name} can't be read: {error.strerror or error}.") from error
    return kind


def _length(kind: str, head: bytes) -> int:
    """How long a file says that it is; 0 where it does not."""
    if kind == "avi":
        return 8 + int.from_bytes(head[4:8], "little")
    if kind not in ("webm", "mkv"):
        return 0
    # An element of EBML: its name, the length of what follows, and that. After the first comes the one with all the rest.
    length, after = _number(head, 4)
    at = after + length
    if head[at : at + 4] != b"\x18\x53\x80\x67":
        return 0
    length, after = _number(head, at + 4)
    return after + length if length >= 0 else 0


def _number(head: bytes, at: int) -> tuple[int, int]:
    """A number of EBML, whose first byte says how many it has, and where it ends; -1 for a length that is not known."""
    first = head[at] if at < len(head) else 0
    bits = 8 - first.bit_length() + 1
    if not first or bits > 8:
        return 0, at
    value = int.from_bytes(head[at : at + bits], "big") & ((1 << 7 * bits) - 1)
    return (-1 if value == (1 << 7 * bits) - 1 else value), at + bits


def _check_boxes(file: BinaryIO, size: int, name: str) -> None:
    """Raise `UnreadableVideo` unless the file is made of the boxes of an MP4, each of them whole.

    Decoding alone would forgive a file that lacks its last few bytes. What somebody hung on after the last box is no
    harm, as long as pictures and index come before it.
    """
    kinds: list[bytes] = []
    at = 0
    while at < size:
        file.seek(at)
        head = file.read(16)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if {b"moov", b"mdat"} <= {*kinds} and b"moof" not in kinds and kind not in BOXES | _LAST:
            return
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        elif length == 0:  # it reaches to the end of the file
            length = size - at
        if length < 8 <= len(head):
            raise UnreadableVideo(f"{name} is damaged: its boxes can't be told apart.")
        if at + max(length, 8) > size:
            raise CutOff(f"{name} is cut off: its end is missing.")
        kinds.append(kind)
        at += length
    if b"moov" not in kinds:
        raise CutOff(f"{name} is cut off: the index of its pictures is missing.")


def _read(container: InputContainer, name: str, kind: str) -> VideoInfo:
    if not container.streams.video:
        raise UnreadableVideo(f"{name} has no picture, only sound.")
    stream = container.streams.video[0]
    # Threads that share a picture: those that take one each hold some more of them, and need more time for so few.
    stream.thread_type = "SLICE"
    if container.size < SMALL_BYTES:
        # To start threads would take as long as to decode it does.
        stream.thread_count = 1
    # Nobody sees these pictures.
    stream.codec_context.options = {"skip_loop_filter": "all"}
    first = [*itertools.islice(_moments(container, stream), 1)]
    if not first:
        raise UnreadableVideo(f"{name} has no picture that can be shown.")
    duration = _duration(container, stream)
    if kind in ("mp4", "mov"):
        # Half a second before the end finds the last key frame even where sound outlasts the picture.
        container.seek(int(max(0.0, duration - 0.5) / float(stream.time_base or 1)), stream=stream)
        if not sum(1 for _ in _moments(container, stream)):
            raise UnreadableVideo(f"{name} is cut off: its last picture is missing.")
    else:
        # Others can't all be entered at any place, nor say how long they are.
        times = [moment for moment in _moments(container, stream) if moment is not None]
        if not times:
            raise UnreadableVideo(f"{name} is a single picture.")
        duration = duration or max(times) - (first[0] or 0.0) + 1 / float(stream.average_rate or 24)
    sound = container.streams.audio[0] if container.streams.audio else None
    return VideoInfo(
        width=stream.width,
        height=stream.height,
        duration=duration,
        fps=float(stream.average_rate or 0.0),
        has_audio=sound is not None,
        video_codec=stream.codec_context.codec.canonical_name,
        audio_codec=sound.codec_context.codec.canonical_name if sound is not None else "",
        pixels=stream.codec_context.pix_fmt or "",
        kind=kind,
    )


def _moments(container: InputContainer, stream: VideoStream) -> Iterator[float | None]:
    """When each picture is shown, in seconds; no picture is kept while the next one is made."""
    for found in container.decode(stream):
        moment = found.time
        del found
        yield moment


def _duration(container: InputContainer, stream: VideoStream) -> float:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / av.time_base


def reason(error: Exception) -> str:
    """What FFmpeg or the system says went wrong, as the end of a sentence."""
    text = getattr(error, "strerror", None) or str(error)
    return text[:1].lower() + text[1:]
