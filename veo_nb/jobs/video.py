"""A finished video in the library, and still images out of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from veo_nb.errors import NotFound
from veo_nb.jobs.ledger import VideoRow

if TYPE_CHECKING:
    from PIL.Image import Image


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

    def frame(self, seconds: float) -> Image:
        """The frame shown at this time, after the end the last one, as a PIL image: good as `image=` of a clip.

        Raises:
            NotFound: the file is no longer there.
        """
        from veo_nb.media.frames import frame

        return frame(self._file(), seconds)

    def last_frame(self) -> Image:
        """The last frame, as a PIL image.

        Raises:
            NotFound: the file is no longer there.
        """
        from veo_nb.media.frames import last_frame

        return last_frame(self._file())

    def _file(self) -> Path:
        if not self.path.exists():
            raise NotFound(
                f"The file {self.path.name} is no longer there.", hint="Run its cell again to fetch it."
            )
        return self.path


def video_from_row(row: VideoRow, folder: Path) -> Video:
    """The video that the ledger describes, in the library at `folder`."""
    return Video(**{**vars(row), "path": folder / row.path})
