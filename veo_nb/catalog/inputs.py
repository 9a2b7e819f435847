"""What pictures and videos may be given: limits of size, shape and age."""

from __future__ import annotations

from veo_nb.records.late import dataclass


@dataclass(frozen=True, kw_only=True)
class ImageLimits:
    """What an image must be to be sent inside a request."""

    most_bytes: int
    uploaded_bytes: int
    """The same where it is sent beforehand (`Provider.sends_files`)."""
    small_side: int
    """Pixels; with fewer on a side a picture is taken, and a person hears that it is small."""
    tolerance: float
    """How far its shape may be from the clip's, as a share, before a person hears of it."""


@dataclass(frozen=True, kw_only=True)
class SourceLimits:
    """What a clip must be to be gone on from; how long it is kept is the provider's `retention_seconds`."""

    schemes: tuple[str, ...]
    """How an address begins that is looked into."""
    inline: bool
    """Whether its bytes may go along with the request."""
    least_seconds: float
    most_seconds: float
    lines: tuple[int, ...]
    """Of the pictures that it may have."""
    fps: int | None = None
    """None for any."""
    shapes: tuple[str, ...] = ("16:9", "9:16")
    """Of clips whose bytes go along."""
    edited_seconds: float = 0.0
    """How long a clip may be that is changed; 0 where none is."""
    added_seconds: int = 0
    """What is added at the least, where a person says how much."""
    total_seconds: float = 0.0
    """How long a clip may be with what is added; 0 where that is the provider's to say, or not limited but by `most_seconds`."""


IMAGE = ImageLimits(most_bytes=20 * 2**20, uploaded_bytes=100 * 2**20, small_side=128, tolerance=0.03)
"""Gemini took requests of 20 MB, and takes 100 since 2026-01-12 (Google's blog, "Increased file size limits"); over the
Files API 2 GB, of which no picture has need. No service says how small is too small, so none is refused."""

INLINE_BYTES = 8 * 2**20
"""Bytes of pictures and of a source video that go inside a request where they can be sent beforehand. Far less than is
taken: a POST that is paid for and breaks in the middle is uncertain, an upload goes on and costs nothing."""

SOURCES: dict[str, SourceLimits] = {
    # Gemini's reference: the input is up to 141 s long and 720p.
    "gemini": SourceLimits(
        schemes=("http", "https"), inline=False, least_seconds=0.0, most_seconds=141.0, lines=(720,)
    ),
    # Vertex AI's page on extending a video.
    "vertex": SourceLimits(
        schemes=("gs",),
        inline=True,
        least_seconds=1.0,
        most_seconds=30.0,
        lines=(720, 1080, 2160),
        fps=24,
    ),
    # Gemini Omni reads the last 10 s of a clip that it extends, adds 3 to 10 s, and makes up to 30 s in all (apidog and
    # Vercel on Omni 1.2), at Vertex AI up to 40 (Google's page); what an edit takes says the model.
    "interactions": SourceLimits(
        schemes=("interaction", "https"),
        inline=True,
        least_seconds=0.0,
        most_seconds=27.0,
        lines=(360, 720, 1080, 2160),
        edited_seconds=15.0,
        added_seconds=3,
        total_seconds=30.0,
    ),
    # The shape has extensions and edits of its own, which gateways do not pass on.
    "videos": SourceLimits(schemes=(), inline=False, least_seconds=0.0, most_seconds=0.0, lines=()),
}
"""By form of the wire."""
