"""Make one clip of several, and an MP4 that every browser plays of one of another kind."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.filter import Graph
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from veo_nb.media.encode import BT709, CODER, FPS, RATE, Sound, Writer
from veo_nb.media.frames import UNSPECIFIED
from veo_nb.media.probe import UnreadableVideo, VideoInfo, opened, probe, reason
from veo_nb.records.late import dataclass

FASTEST = 120
"""Pictures a second."""
SEAM = 0.01
"""Seconds over which sound fades at a seam, so that it does not click."""


@dataclass(frozen=True)
class Part:
    """A part of a file, from `start` to `end` in seconds; without an end up to the file's own."""

    path: str | Path
    start: float = 0.0
    end: float | None = None

    @property
    def whole(self) -> bool:
        """Whether nothing is left out."""
        return self.start <= 0 and self.end is None

    def pictures(self, rate: Fraction) -> tuple[int, int | None]:
        """Its first picture, and the one after its last, at so many pictures a second; never none at all."""
        first = max(0, round(self.start * rate))
        return first, None if self.end is None else max(first + 1, round(self.end * rate))


def join(
    paths: Sequence[str | Path | Part],
    out: str | Path,
    *,
    size: tuple[int, int] | None = None,
    copy: bool = True,
    coder: str = CODER,
) -> None:
    """Write the clips one after another into one MP4 at `out`, index at the front; of a `Part` only that part.

    Where all pictures were encoded alike and all clips are whole they are copied without loss, unless `copy` is False; else all are encoded
    anew at the rate of the first clip and in `size` (by default the first clip's), with bars where the shape differs. Sound is always encoded anew, cut or filled
    to the length of its pictures, so that it stays in step.

    Raises:
        UnreadableVideo: one of the files does not play.
        ValueError: there are no files.
    """
    if not paths:
        raise ValueError("There is nothing to join.")
    parts = [path if isinstance(path, Part) else Part(path) for path in paths]
    facts = [probe(part.path) for part in parts]
    sound = any(item.has_audio for item in facts)
    wanted = size or (facts[0].width // 2 * 2, facts[0].height // 2 * 2)
    same = len({_make(part.path) for part in parts}) == 1 and all(part.whole for part in parts)
    if copy and same and wanted == (facts[0].width, facts[0].height):
        _copy([part.path for part in parts], out, sound=sound, coder=coder)
    else:
        _encode(parts, out, wanted, sound=sound, coder=coder)


def convert(path: Path, out: Path) -> VideoInfo:
    """What is in the MP4 that is written at `out`: pictures and sound are copied where browsers play them, else encoded anew.

    Raises:
        UnreadableVideo: nothing can be made of it; its cause is what went wrong.
    """
    facts = probe(path)
    ways: list[Callable[[], None]] = [lambda: join([path], out, copy=False)]
    if facts.has_playable_pictures:
        ways.insert(0, lambda: _remux(path, out) if facts.has_playable_sound else join([path], out))
    why: Exception = UnreadableVideo("what comes out does not play")
    for way in ways:
        try:
            way()
            made = probe(out)
        except (av.FFmpegError, UnreadableVideo, ValueError, EOFError) as error:
            why = error
            continue
        # What was copied may say that it is as long and have lost its end.
        if made.is_playable and abs(made.duration - facts.duration) < max(0.5, facts.duration / 10):
            return made
    out.unlink(missing_ok=True)
    raise UnreadableVideo(f"{path.name} can't be made into an MP4: {reason(why).rstrip('.')}.") from why


def _remux(path: Path, out: Path) -> None:
    """Put pictures and sound as they are into an MP4, index at the front.

    Raises:
        UnreadableVideo: it doesn't say when a picture comes.
    """
    with (
        opened(path) as source,
        av.open(str(out), mode="w", format="mp4", options={"movflags": "+faststart"}) as target,
    ):
        streams = [source.streams.video[0], *source.streams.audio[:1]]
        made = {stream.index: target.add_stream_from_template(stream) for stream in streams}
        for packet in source.demux(streams):
            if not packet.size:
                # The last packet of a demuxer is empty: it is there to flush decoders.
                continue
            if packet.dts is None or packet.pts is None:
                raise UnreadableVideo(f"{path.name} doesn't say when its pictures come.")
            packet.stream = made[packet.stream_index]
            target.mux(packet)


def sound_of(path: str | Path) -> NDArray[np.float32]:
    """The sound of a file as stereo samples at 48 kHz, (n, 2) from -1 to 1; silence where it has none.

    It has the length of the pictures exactly.
    """
    with av.open(str(path), mode="r") as container:
        length = round(_seconds(container) * RATE)
        samples = np.zeros((length, 2), dtype=np.float32)
        if container.streams.audio:
            resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
            at: int | None = None
            for frame in itertools.chain(container.decode(container.streams.audio[0]), [None]):
                if at is None:
                    at = round((frame.time or 0.0) * RATE) if frame is not None else 0
                for part in resampler.resample(frame):
                    at += _lay(samples, at, part.to_ndarray().T)
    return samples


def _lay(samples: NDArray[np.float32], at: int, part: NDArray[Any]) -> int:
    """Put a part where it belongs; what lies outside is dropped. Returns the part's length."""
    first, last = max(at, 0), min(at + len(part), len(samples))
    if first < last:
        samples[first:last] = part[first - at : last - at]
    return len(part)


def _seconds(container: InputContainer) -> float:
    stream = container.streams.video[0]
    rate = stream.average_rate or Fraction(FPS)
    if stream.frames:
        return float(stream.frames / rate)
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / av.time_base


def _make(path: str | Path) -> tuple[Any, ...]:
    """What must be equal for pictures of two files to stand in one stream."""
    with av.open(str(path), mode="r") as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        return (
            context.name,
            bytes(context.extradata or b""),
            stream.width,
            stream.height,
            context.pix_fmt,
            stream.average_rate,
            stream.time_base,
        )


def _copy(paths: Sequence[str | Path], out: str | Path, *, sound: bool, coder: str) -> None:
    with av.open(str(out), mode="w", format="mp4", options={"movflags": "+faststart"}) as target:
        with av.open(str(paths[0]), mode="r") as first:
            video = target.add_stream_from_template(first.streams.video[0])
        track = Sound(target, coder=coder) if sound else None
        offset = 0
        for index, path in enumerate(paths):
            if track is not None:
                track.add(_softened(path, begins=index > 0, ends=index < len(paths) - 1))
            with av.open(str(path), mode="r") as container:
                stream = container.streams.video[0]
                base = float(stream.time_base or 1)
                for packet in _packets(container, stream):
                    packet.dts = (packet.dts or 0) + offset
                    packet.pts = (packet.pts or 0) + offset
                    moment = packet.pts * base
                    packet.stream = video
                    target.mux(packet)
                    if track is not None:
                        track.advance(moment)
                offset += round(_seconds(container) / base)
        if track is not None:
            track.finish()


def _packets(container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
    for packet in container.demux(stream):
        # The last packet of a demuxer is empty: it is there to flush decoders.
        if packet.dts is not None:
            yield packet


def _encode(
    parts: Sequence[Part], out: str | Path, size: tuple[int, int], *, sound: bool, coder: str
) -> None:
    width, height = size
    with av.open(str(parts[0].path), mode="r") as first:
        rate = first.streams.video[0].average_rate or Fraction(FPS)
    # A file whose pictures come when they like may name any number. From PyAV 19 on it is no Fraction.
    rate = Fraction(rate.numerator, rate.denominator) if 1 <= rate <= FASTEST else Fraction(FPS)
    with Writer(out, width, height, fps=rate, sound=sound, preset="veryfast", crf=18, coder=coder) as writer:
        for index, part in enumerate(parts):
            first_one, end = part.pictures(rate)
            if sound:
                audible = slice(
                    round(first_one / rate * RATE), None if end is None else round(end / rate * RATE)
                )
                writer.add_sound(
                    _softened(part.path, begins=index > 0, ends=index < len(parts) - 1, audible=audible)
                )
            for picture in _from(_pictures(part.path, width, height, rate), first_one, end):
                writer.add_picture(picture)
            writer.fit_sound()


def _from(pictures: Iterator[VideoFrame], first: int, end: int | None) -> Iterator[VideoFrame]:
    """Those from `first` up to `end`; the last one where there are fewer, since no part is without a picture."""
    last = None
    for number, picture in enumerate(itertools.islice(pictures, end)):
        last = picture
        if number >= first:
            yield picture
    if last is not None and number < first:
        yield last


def _pictures(path: str | Path, width: int, height: int, rate: Fraction) -> Iterator[VideoFrame]:
    """The pictures of a clip at another size and rate: FFmpeg's filters repeat, drop, scale and add bars."""
    with av.open(str(path), mode="r") as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        graph = Graph()
        # Told, or it takes a matrix that the file does not name and changes every colour a little.
        named = stream.codec_context.colorspace
        matrix = "bt709" if named in (BT709, UNSPECIFIED) else "auto"
        colours = f"in_color_matrix={matrix}:out_color_matrix=bt709"
        fit = f"{width}:{height}:force_original_aspect_ratio=decrease:force_divisible_by=2:flags=bicubic:{colours}"
        chain = [
            graph.add_buffer(template=stream),
            graph.add("fps", str(rate)),
            graph.add("scale", fit),
            graph.add("pad", f"{width}:{height}:-1:-1"),
            graph.add("setsar", "1"),
            graph.add("format", "yuv420p"),
            graph.add("buffersink"),
        ]
        graph.link_nodes(*chain).configure()
        for frame in container.decode(stream):
            graph.push(frame)
            yield from _pulled(graph)
        graph.push(None)
        yield from _pulled(graph)


def _pulled(graph: Graph) -> Iterator[VideoFrame]:
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        assert isinstance(frame, VideoFrame)
        yield frame


def _softened(
    path: str | Path, *, begins: bool, ends: bool, audible: slice = slice(None)
) -> NDArray[np.float32]:
    """The sound of a clip, or of the samples of it that are `heard`, faded where it meets another."""
    samples = sound_of(path)[audible]
    fade = np.linspace(0.0, 1.0, min(round(SEAM * RATE), len(samples)), dtype=np.float32)[:, None]
    if begins:
        samples[: len(fade)] *= fade
    if ends:
        samples[len(samples) - len(fade) :] *= fade[::-1]
    return samples
