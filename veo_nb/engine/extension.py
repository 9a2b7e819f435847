"""Going on from a clip: what it is to the provider, and why some clips can't be extended."""

from __future__ import annotations

from typing import Any

from veo_nb import catalog
from veo_nb.engine.job import Job
from veo_nb.engine.video import Video
from veo_nb.errors import InvalidRequest
from veo_nb.request import Source

LAST_FRAME = "start a new clip from its last frame, which .last_frame() gives"
DAY = 24 * 3600.0


def clip_of(value: Any) -> Any:
    """The clip of a job; anything else as it is.

    Raises:
        VeoError: the job has no clip.
    """
    return value.video if isinstance(value, Job) else value


def source_of(value: Any, provider: catalog.Provider) -> Any:
    """A clip of a library as the source in a request to this provider; anything else as it is."""
    clip = clip_of(value)
    if not isinstance(clip, Video):
        return clip
    shape = "9:16" if clip.height > clip.width else "16:9"
    uri = clip.path.as_uri() if _goes_along(clip, provider) else clip.uri
    return Source(uri=uri, key=f"job:{clip.job_id}/{clip.sample}", shape=shape, clip=clip)


def check_source(value: Any, provider: catalog.Provider, now: float) -> None:
    """Nothing, where this provider can go on from the clip at this moment; addresses are for it to judge.

    Raises:
        InvalidRequest: it can't, and why.
    """
    clip = clip_of(value)
    if not isinstance(clip, Video):
        return
    found = _obstacle(clip, provider, now)
    if found is not None:
        what, hint = found
        raise InvalidRequest(
            f"The clip of job {clip.job_id} {what}.", hint=hint, field="video", job=clip.job_id
        )


def _goes_along(clip: Video, provider: catalog.Provider) -> bool:
    """Whether the clip's bytes are sent: Vertex AI looks into buckets only, but takes them with the request."""
    return provider.dialect == "vertex" and not clip.uri.startswith("gs://")


def _obstacle(clip: Video, provider: catalog.Provider, now: float) -> tuple[str, str] | None:
    """Why this clip can't be gone on from, and what to do."""
    otherwise = f"{LAST_FRAME[0].upper()}{LAST_FRAME[1:]}."
    if _goes_along(clip, provider):
        if not clip.path.exists():
            return "is no longer there as a file, and would be sent along", "Run its cell again to fetch it."
    elif (away := _out_of_reach(clip, provider, now, otherwise)) is not None:
        return away
    limits = catalog.SOURCE
    # A clip is a frame or two longer than its seconds.
    if clip.duration > limits.most_seconds + 0.1:
        return (
            f"is {clip.duration:.0f} s long, and up to {limits.most_seconds:g} s can be extended",
            otherwise,
        )
    lines = min(clip.width, clip.height)
    if lines > limits.most_lines:
        hint = f'Make it with resolution="{limits.most_lines}p", or {LAST_FRAME}.'
        return f"is {lines}p, and only {limits.most_lines}p can be extended", hint
    return None


def _out_of_reach(
    clip: Video, provider: catalog.Provider, now: float, otherwise: str
) -> tuple[str, str] | None:
    """Why the provider doesn't have this clip any more, or never had it."""
    made_by = clip.job.provider if clip.job is not None else provider
    if made_by.name != provider.name:
        hint = f'Use veo.configure(provider="{made_by.name}"), or {LAST_FRAME}.'
        return f"was made with {made_by.title}, and {provider.title} does not have it", hint
    if not clip.uri:
        return "has no address at the provider, since it came inside the answer", otherwise
    made = (clip.job.now.generated_at or clip.job.now.finished_at) if clip.job is not None else None
    if made is not None and now - made > provider.retention_seconds:
        days = provider.retention_seconds / DAY
        return f"is older than the {days:g} days for which {provider.title} keeps it", otherwise
    return None
