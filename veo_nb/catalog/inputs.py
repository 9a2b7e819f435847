"""What pictures and videos may be given: limits of size, shape and age."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ImageLimits:
    """What an image must be to be sent inside a request."""

    most_bytes: int
    small_side: int
    """Pixels; with fewer on a side a picture is taken, and a person hears that it is small."""
    tolerance: float
    """How far its shape may be from the clip's, as a share, before a person hears of it."""


@dataclass(frozen=True, kw_only=True)
class SourceLimits:
    """What a clip must be to be gone on from; how long it is kept is the provider's `retention_seconds`."""

    most_seconds: float
    most_lines: int


IMAGE = ImageLimits(most_bytes=20 * 2**20, small_side=128, tolerance=0.03)
"""Gemini takes requests of 20 MB. No service says how small is too small, so none is refused."""

SOURCE = SourceLimits(most_seconds=141.0, most_lines=720)
"""Gemini's reference: the input is up to 141 s long and 720p."""
