"""Take all measures of a file, in one pass over what is in it: pictures at a bounded size, sound as it comes."""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from PIL import Image

from veo_nb.media.frames import UNSPECIFIED
from veo_nb.media.measures import motion, picture
from veo_nb.media.measures.definitions import MEASURES
from veo_nb.media.measures.sound import Sound
from veo_nb.media.picture import UnreadablePicture, outgoing, read_picture
from veo_nb.media.probe import UnreadableVideo, opened, reason

Bytes = NDArray[np.uint8]

MOST_RATE = 30.0
"""Pictures a second that are looked at: a clip of 60 is measured as one of 30, and they can be compared."""
FLOW_LINES = 128
"""Pixels of the shorter side in which motion, flicker and cuts are looked for: 4k takes hardly longer than 360p."""
SHARP_LINES = 540
"""And those in which sharpness is: below, every clip would be sharp."""
SHARP_SECONDS = 0.25
"""Sharpness is that of a picture in so many seconds."""
WIDE, HIGH = 64, 36
"""Pixels in which two pictures are compared: small enough that a step to the side is not another picture."""
MOST_FLOWS = 1500
"""Of a clip of more than a minute motion is looked for between some of its pictures, evenly spread."""
LONGEST = 4
"""No side is measured at more than so many times the other: what is narrower is squeezed."""
UNNAMED = {6: "5.1", 8: "7.1"}
"""What so many channels are, where a file does not say."""
LEAST_RATE = 8000
"""Samples a second below which sound is brought up to it: the filters of loudness reach up to 2 kHz."""


def measure(
    path: str | Path, reference: str | Path | Image.Image | Sequence[str | Path | Image.Image] | None = None
) -> dict[str, float | None]:
    """All measures of a video file by name, as in `MEASURES`; None where one can't be said.

    `reference` is the picture that the clip was made from, or several: files or PIL images. Luma is looked at as it is
    coded, at 8 bits: HDR is not brought to another range first. Memory does not grow with length or resolution.

    Raises:
        UnreadableVideo: the file or a reference can't be read to its end.
    """
    path = Path(path)
    given = (
        []
        if reference is None
        else [reference]
        if isinstance(reference, (str, Path, Image.Image))
        else reference
    )
    try:
        with opened(path) as container:
            return _measure(container, path.name, [_as_image(one) for one in given])
    except (av.FFmpegError, EOFError, OSError) as error:
        raise UnreadableVideo(f"{path.name} can't be measured: {reason(error)}.") from error


def _measure(
    container: InputContainer, name: str, references: Sequence[Image.Image]
) -> dict[str, float | None]:
    # Covers of songs are pictures too.
    streams = [one for one in container.streams.video[:1] if not one.disposition & Disposition.attached_pic]
    if streams:
        # Workers stand side by side: each has one thread.
        streams[0].thread_type = "NONE"
    seconds = max(
        [0.0, *(float(it.duration * it.time_base) for it in streams if it.duration and it.time_base)]
    )
    pictures, sounds = _Pictures(references, every=math.ceil(seconds * MOST_RATE / MOST_FLOWS)), _Sounds()
    audio = container.streams.audio[:1]
    if not streams and not audio:
        raise UnreadableVideo(f"{name} has neither picture nor sound.")
    for packet in container.demux([*streams, *audio]):
        for frame in packet.decode():
            if isinstance(frame, VideoFrame):
                pictures.add(frame)
            elif isinstance(frame, AudioFrame):
                sounds.add(frame)
    sounds.end()
    if streams and not pictures.count:
        raise UnreadableVideo(f"{name} has no picture that can be shown.")
    found = {**pictures.found(), **sounds.found(max(seconds, pictures.seconds))}
    return {one: found[one] for one in MEASURES}


class _Pictures:
    """What is seen of a clip: each picture is looked at as it comes, and only the last two are kept."""

    def __init__(self, references: Sequence[Image.Image], every: int) -> None:
        self._every = max(1, every)
        self.count = 0
        self.seconds = 0.0
        """When the last picture is shown."""
        self._references = references
        self._small_references: list[NDArray[np.float32]] = []
        self._nearest: list[float] = []
        self._times: list[float] = []
        self._first: NDArray[np.float32] | None = None
        self._before: list[tuple[motion.Pyramid, Bytes]] = []
        self._brightness: list[NDArray[np.float64]] = []
        self._alike: list[float] = []
        self._moves: list[float] = []
        self._changes: list[float] = []
        self._overs: list[float] = []
        self._sharp: list[float] = []
        self._sharp_due = 0.0

    def add(self, frame: VideoFrame) -> None:
        """Look at the next picture, unless it comes too soon after the one before."""
        now = frame.time if frame.time is not None else self.seconds + (1 / 24 if self.count else 0.0)
        self.seconds = max(self.seconds, now)
        # Somewhat less than a picture's time: clocks of files are coarse. What goes back in time is damaged.
        if self._times and now - self._times[-1] < 0.95 / MOST_RATE:
            return
        self.count += 1
        self._times.append(now)
        width, height = _shown_size(frame)
        flat_width, flat_height = _scaled(width, height, FLOW_LINES, motion.TILE)
        planes = _planes(frame, flat_width, flat_height)
        self._look(planes[0], planes, (width, height))
        turned = round(frame.rotation / 90) % 4
        self._compare(_small(planes, turned), (height, width) if turned % 2 else (width, height))
        if now >= self._sharp_due:
            self._sharp_due = now + SHARP_SECONDS
            value = picture.sharpness(_luma(frame, *_scaled(width, height, SHARP_LINES, 2)))
            if value is not None:
                self._sharp.append(value)

    def _look(self, luma: Bytes, planes: Bytes, size: tuple[int, int]) -> None:
        """What has changed since the picture before."""
        self._brightness.append(picture.brightness(luma))
        now = motion.Pyramid(luma), planes[:, 2::4, 2::4].copy()
        if self._before:
            before = self._before[-1]
            self._changes.append(picture.difference(before[1], now[1]))
            if len(self._before) > 1:
                self._overs.append(picture.difference(self._before[-2][1], now[1]))
            move = float("nan")
            if (self.count - 2) % self._every == 0:
                shift = motion.flow(before[0], now[0])
                # In shares of the frame as it is shown, whose diagonal is 1.
                across = shift[:, 0] / luma.shape[1] * size[0]
                down = shift[:, 1] / luma.shape[0] * size[1]
                move = float(np.hypot(across, down).mean() / np.hypot(*size))
            self._moves.append(move)
        self._before = [*self._before[-1:], now]

    def _compare(self, small: NDArray[np.float32], shown: tuple[int, int]) -> None:
        """How like the first picture and the references it is; `shown` is its size as it is shown."""
        if self._first is None:
            self._first = small
            self._small_references = [_small_reference(one, *shown) for one in self._references]
            self._nearest = [0.0] * len(self._references)
        else:
            self._alike.append(picture.likeness(self._first, small))
        self._nearest = [
            max(best, picture.likeness(one, small))
            for best, one in zip(self._nearest, self._small_references, strict=True)
        ]

    def found(self) -> dict[str, float | None]:
        """What was seen."""
        cuts = picture.find_cuts(np.array(self._changes), np.array(self._overs))
        lengths = np.diff(self._times)
        moves = np.array(self._moves)
        within = np.isfinite(moves)
        within[[cut - 1 for cut in cuts]] = False
        brightness = np.array(self._brightness)
        return {
            "sharpness": float(np.mean(self._sharp)) if self._sharp else None,
            # A way in a time: pictures may come at uneven times.
            "motion": 100.0 * float(moves[within].sum() / lengths[within].sum()) if within.any() else None,
            "flicker": picture.flicker(brightness, cuts) if len(brightness) else None,
            "cuts": float(len(cuts)) if self.count > 1 else None,
            "steadiness": float(np.average(self._alike, weights=lengths)) if self._alike else None,
            "likeness": float(np.mean(self._nearest)) if self._nearest else None,
        }


class _Sounds:
    """What is heard of a clip; its sound may begin in one form and go on in another."""

    def __init__(self) -> None:
        self._sound: Sound | None = None
        self._form: object = None
        self._resampler: av.AudioResampler | None = None
        self._layout = ""

    def add(self, frame: AudioFrame) -> None:
        """Take in the next piece."""
        if self._sound is None:
            self._layout = frame.layout.name
            usual = UNNAMED.get(frame.layout.nb_channels) if frame.layout.name.endswith(" channels") else None
            layout = av.AudioLayout(usual) if usual else frame.layout
            channels = [channel.name for channel in layout.channels]
            self._sound = Sound(max(LEAST_RATE, frame.sample_rate), channels)
        form = frame.format.name, frame.layout.name, frame.sample_rate
        if self._resampler is None or form != self._form:
            self.end()
            self._form = form
            self._resampler = av.AudioResampler("fltp", self._layout, self._sound.rate)
        self._take(self._resampler.resample(frame))

    def end(self) -> None:
        """Take in what the resampler has kept back."""
        if self._resampler is not None:
            with contextlib.suppress(av.FFmpegError):
                self._take(self._resampler.resample(None))

    def _take(self, pieces: Iterable[AudioFrame]) -> None:
        assert self._sound is not None, "made with the first piece"
        for piece in pieces:
            samples = piece.to_ndarray()
            # A broken sound may hold what is no number.
            self._sound.add(np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0))

    def found(self, seconds: float) -> dict[str, float | None]:
        """What was heard of a clip of so many seconds."""
        sound = self._sound
        if sound is None:
            return dict.fromkeys(("loudness", "silence", "clipping"))
        return {
            "loudness": sound.loudness(),
            "silence": sound.silence(seconds),
            "clipping": sound.clipping(),
        }


def _shown_size(frame: VideoFrame) -> tuple[int, int]:
    """How wide and high a picture is shown, before it is turned: its pixels need not be square."""
    ratio = getattr(frame, "sample_aspect_ratio", None)
    return (round(frame.width * float(ratio)) or frame.width) if ratio else frame.width, frame.height


def _scaled(width: int, height: int, lines: int, step: int) -> tuple[int, int]:
    """The size of this shape whose shorter side has so many pixels, in whole steps."""
    scale = lines / min(width, height)
    longest = LONGEST * lines
    return tuple(max(step, round(min(longest, side * scale) / step) * step) for side in (width, height))  # type: ignore[return-value]


def _planes(frame: VideoFrame, width: int, height: int) -> Bytes:
    """Y, Cb and Cr of a picture at this size, at full range."""
    scaled = frame.reformat(
        width,
        height,
        "yuv444p",
        src_colorspace="ITU709" if frame.colorspace == UNSPECIFIED else None,
        dst_colorspace="ITU709",
        dst_color_range="JPEG",
        interpolation=_interpolation(frame, width),
    )
    return scaled.to_ndarray()  # type: ignore[return-value]


def _luma(frame: VideoFrame, width: int, height: int) -> Bytes:
    """The luma of a picture at this size, at full range."""
    return frame.reformat(width, height, "gray", interpolation=_interpolation(frame, width)).to_ndarray()  # type: ignore[return-value]


def _interpolation(frame: VideoFrame, width: int) -> str:
    """How it is scaled: down by the mean of what falls together, up smoothly."""
    return "AREA" if width <= frame.width else "BICUBIC"


def _small(planes: Bytes, turned: int) -> NDArray[np.float32]:
    """A picture as it is compared: tiny, as it is shown, wide or upright."""
    upright = np.rot90(planes, turned, axes=(1, 2))
    size = _small_size(upright.shape[2], upright.shape[1])
    images = [Image.fromarray(np.ascontiguousarray(plane)) for plane in upright]
    return np.stack([np.asarray(one.resize(size, Image.Resampling.BOX), np.float32) for one in images])


def _small_reference(image: Image.Image, width: int, height: int) -> NDArray[np.float32]:
    """A reference as it is compared with pictures of this size: the middle of it, in that shape."""
    shape = width / height
    wide = max(1, min(image.width, round(image.height * shape)))
    high = max(1, min(image.height, round(image.width / shape)))
    left, top = (image.width - wide) // 2, (image.height - high) // 2
    part = image.crop((left, top, left + wide, top + high))
    return _bt709(np.asarray(part.resize(_small_size(width, height), Image.Resampling.BOX), np.float32))


def _small_size(width: int, height: int) -> tuple[int, int]:
    return (WIDE, HIGH) if width >= height else (HIGH, WIDE)


def _bt709(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Height x width x RGB as Y, Cb and Cr at full range, after BT.709."""
    red, green, blue = np.moveaxis(rgb, 2, 0)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return np.stack([luma, 128 + (blue - luma) / 1.8556, 128 + (red - luma) / 1.5748])


def _as_image(given: Any) -> Image.Image:
    """A reference as an upright RGB image, in the colours that a provider gets.

    Raises:
        UnreadableVideo: it can't be read.
    """
    try:
        data = outgoing(read_picture(given)).data
        return Image.open(io.BytesIO(data)).convert("RGB")
    except UnreadablePicture as error:
        raise UnreadableVideo(f"The picture to compare with can't be read: {error}") from error
