"""A video file of this machine as a clip that is changed or gone on from; its bytes go along, or are uploaded."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from veo_nb import catalog
from veo_nb.engine.video import Video, source_limits
from veo_nb.errors import InvalidRequest
from veo_nb.request import Source
from veo_nb.store.files import digest


def clip_of_file(value: Any, field: str, provider: catalog.Provider, model: str) -> Any:
    """The clip in a file, where a path or a stored source names one and this model takes a clip's bytes; else the value.

    Raises:
        InvalidRequest: the file is no video that can be read, or none that a provider takes.
    """
    if isinstance(value, Source):
        path = value.path if value.key.startswith("file:") else None
        clip = read_clip(path, field) if path is not None and path.is_file() else None
        # One that has become another is refused when it is sent.
        return clip if clip is not None and value.key == f"file:{clip.sha256}" else value
    if not isinstance(value, (str, PathLike)) or not source_limits(provider, model).inline:
        return value
    try:
        path = Path(value).expanduser().absolute()
        there = "://" not in str(value) and path.is_file()
    except (OSError, ValueError, RuntimeError, TypeError):
        return value
    return read_clip(path, field) if there else value


def read_clip(path: Path, field: str) -> Video:
    """The clip in this file.

    Raises:
        InvalidRequest: it is no video that can be read, or none that a provider takes.
    """
    from veo_nb.media.probe import UnreadableVideo, probe

    try:
        info, size, sha256 = probe(path), path.stat().st_size, digest(path)
    except UnreadableVideo as error:
        raise InvalidRequest(
            f"{path.name} can't be read: {error}", hint="Give an MP4.", field=field
        ) from None
    except OSError as error:
        text = f"{path.name} can't be read: {error.strerror or error}."
        raise InvalidRequest(text, hint="Look at its rights.", field=field) from None
    if info.kind != "mp4":
        text = f"{path.name} is a {info.kind} file, and an MP4 is taken."
        raise InvalidRequest(text, hint="Save it as MP4.", field=field)
    return Video(
        path=path,
        uri="",
        width=info.width,
        height=info.height,
        duration=info.duration,
        fps=info.fps,
        has_audio=info.has_audio,
        sha256=sha256,
        bytes=size,
        job_id="",
    )
