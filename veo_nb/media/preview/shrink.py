"""Write a small copy of a clip's pictures, each at its own moment."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av

from veo_nb.media.encode import BT709, LIMITED
from veo_nb.media.frames import UNSPECIFIED
from veo_nb.media.probe import UnreadableVideo, opened, reason

SHORT = 360
"""Pixels of the shorter side: 640 across, where the largest cell of a grid has 480."""
MADE = "made"
"""What the process says of one that is there."""
OPTIONS = {"preset": "superfast", "tune": "fastdecode", "crf": "26", "profile": "main", "bf": "0"}
"""What takes least to decode: dozens of them play at once."""


def is_larger(width: int, height: int) -> bool:
    """Whether a clip of this size is larger than its small copy would be."""
    return min(width, height) > SHORT


def shrink(path: Path, out: Path) -> None:
    """Write the pictures of a clip to `out`, small and without sound: an MP4 that every browser plays, index at the front.

    Each picture comes at the moment at which it comes in the clip, so that both can be played in step and be looked at
    picture by picture. One thread does it all.

    Raises:
        UnreadableVideo: the clip does not play, or is turned by its file, as the copy would not be; or the copy can't be
            written.
    """
    try:
        _shrink(path, out)
    except (av.FFmpegError, EOFError, OSError) as error:
        raise UnreadableVideo(f"There is no small copy of {path.name}: {reason(error)}.") from error


def _shrink(path: Path, out: Path) -> None:
    with (
        opened(path) as source,
        av.open(str(out), mode="w", format="mp4", options={"movflags": "+faststart"}) as target,
    ):
        if not source.streams.video:
            raise UnreadableVideo(f"{path.name} has no picture, only sound.")
        stream = source.streams.video[0]
        stream.thread_type = "NONE"
        said = stream.average_rate or 24
        # From PyAV 19 on what it says is no Fraction.
        rate = Fraction(said.numerator, said.denominator)
        width, height = _small(stream.width, stream.height)
        made = target.add_stream("libx264", rate=rate, options=OPTIONS)
        made.width, made.height, made.pix_fmt = width, height, "yuv420p"
        context = made.codec_context
        context.time_base = stream.time_base or 1 / rate
        context.thread_count = 1
        # A key frame a second: clips that play in step are sought in.
        context.gop_size = max(1, round(rate))
        context.color_range = LIMITED
        context.colorspace = context.color_primaries = context.color_trc = BT709
        last = None
        for picture in source.decode(stream):
            if picture.pts is None or (last is not None and picture.pts <= last) or picture.rotation:
                raise UnreadableVideo(f"{path.name} doesn't say when its pictures come, or it is turned.")
            last = picture.pts
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
            small.pts, small.time_base, small.duration = picture.pts, picture.time_base, picture.duration
            target.mux(made.encode(small))
        if last is None:
            raise UnreadableVideo(f"{path.name} has no picture that can be shown.")
        target.mux(made.encode(None))


def _small(width: int, height: int) -> tuple[int, int]:
    """The size of this shape whose shorter side has `SHORT` pixels, in even ones."""
    scale = min(1.0, SHORT / min(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)
