"""What pages have found out about the addresses of clips, by trying them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from veo_nb.records.late import dataclass

Form = Literal["plain", "over", "both"]
"""What an output becomes: HTML alone; HTML over which the live view lies as long as the kernel lives; the live view, with HTML beside
it for a page that has no kernel."""


@dataclass(frozen=True)
class Seen:
    """What a page has found out about the clips of a library."""

    plays: bool
    """Whether HTML alone plays a clip there, by an address that the page can fetch."""
    apart: bool
    """Whether the page holds outputs alone, without the notebook around them: a view can't outlive its output there."""

    @property
    def form(self) -> Form:
        """What an output becomes in such a page."""
        if self.plays:
            return "plain"
        return "both" if self.apart else "over"


class Reach:
    """What the pages of this kernel have found out, by library; the last one counts."""

    def __init__(self) -> None:
        self._seen: dict[Path, Seen] = {}

    def of(self, clip: Path) -> Seen | None:
        """What is known of a clip's library; None where no page has said anything."""
        return self._seen.get(_library(clip))

    def note(self, clip: Path, seen: Seen) -> None:
        """Keep what a page has found out about a clip."""
        self._seen[_library(clip)] = seen


def _library(clip: Path) -> Path:
    # Clips lie in a folder for each day.
    return clip.parent.parent


HERE = Reach()
"""What the pages of this kernel have found out."""
