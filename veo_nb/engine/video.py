"""A finished video in the library, and still images out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from veo_nb import catalog
from veo_nb.errors import InvalidRequest, NotFound
from veo_nb.store.rows import VideoRow

if TYPE_CHECKING:
    from PIL.Image import Image


class Maker(Protocol):
    """What a clip knows of the job that made it."""

    @property
    def provider(self) -> catalog.Provider:
        """Who has the clip."""

    @property
    def now(self) -> Any:
        """The job's `Snapshot`, which says when the clip was made."""

    def extend(self, prompt: str, *, sample: int = 0, **fields: Any) -> Any:
        """The `Job` that goes on from this sample."""


@dataclass(frozen=True, kw_only=True)
class Video:
    """One finished clip: its file and what is in it.

    `duration` is in seconds, `fps` in frames a second, `bytes` the file's size; `uri` is the provider's own
    address of it, good for two days.
    """

    path: Path
    uri: str
    width: int
    height: int
    duration: float
    fps: float
    has_audio: bool
    sha256: str
    bytes: int
    job_id: str
    sample: int = 0
    job: Maker | None = field(default=None, repr=False, compare=False)
    """The job that it came from; None for one that was built by hand."""

    def extend(self, prompt: str, **fields: Any) -> Any:
        """The `Job` that goes on from this clip's end: 7 s more, joined to what is there. Returns at once.

        Fields are those of `veo.generate`.

        Raises:
            InvalidRequest: it can't be gone on from: too old, too long, not 720p, or not at this provider.
        """
        if self.job is None:
            raise InvalidRequest(
                "This clip does not know its job.", hint="Use veo.generate(…, video=clip).", field="video"
            )
        return self.job.extend(prompt, sample=self.sample, **fields)

    def frame(self, seconds: float) -> Image:
        """The frame shown at this time, after the end the last one, as a PIL image: good as `image=` of a clip.

        Raises:
            NotFound: the file is no longer there.
        """
        from veo_nb.media.frames import frame

        return self._marked(frame(self._file(), seconds), seconds)

    def last_frame(self) -> Image:
        """The last frame, as a PIL image.

        Raises:
            NotFound: the file is no longer there.
        """
        from veo_nb.media.frames import last_frame

        return self._marked(last_frame(self._file()), None)

    def trim(self, start: float = 0.0, end: float | None = None) -> Trimmed:
        """A part of this clip for `veo.join`, from `start` to `end` in seconds; without an end up to its own.

        Raises:
            InvalidRequest: there is nothing between them.
        """
        last = self.duration if end is None else min(end, self.duration)
        if not 0.0 <= start < last:
            raise InvalidRequest(
                f"Nothing is left of a clip of {self.duration:.1f} s from {start:g} to {last:g} s.",
                hint="Use 0 <= start < end.",
            )
        return Trimmed(self, start, None if end is None or end >= self.duration else end)

    def _marked(self, image: Image, seconds: float | None) -> Image:
        """The image, which knows where it comes from: a clip that begins with it is shown beside this one."""
        from veo_nb.media.picture import ORIGIN, Origin

        image.info[ORIGIN] = Origin(self.job_id, self.sample, seconds)
        return image

    def _file(self) -> Path:
        if not self.path.exists():
            raise NotFound(
                f"The file {self.path.name} is no longer there.", hint="Run its cell again to fetch it."
            )
        return self.path


@dataclass(frozen=True)
class Trimmed:
    """A part of a clip; without an end up to the clip's own. Times are in seconds."""

    video: Video
    start: float = 0.0
    end: float | None = None


def video_from_row(row: VideoRow, folder: Path) -> Video:
    """The video that the ledger describes, in the library at `folder`."""
    return Video(**{**vars(row), "path": folder / row.path})
