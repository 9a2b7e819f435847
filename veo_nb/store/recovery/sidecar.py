"""The recipe beside each video: enough to make its clip again, and to bring its rows back into a ledger."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from veo_nb import catalog
from veo_nb.errors import VeoError
from veo_nb.request import restore_request
from veo_nb.store.rows import JobRow, VideoRow

FOLDERS = "????-??-??"
"""Where videos lie: a folder a day."""


def recipe(job: JobRow, video: VideoRow) -> dict[str, Any]:
    """What is written beside a video."""
    names = (
        *("take", "provider", "operation", "estimate", "usage"),
        *("created_at", "submitted_at", "generated_at"),
    )
    return {
        "job": job.id,
        **{name: getattr(job, name) for name in names},
        "request": job.request,
        "fingerprint": job.fingerprint,
        "video": {name: value for name, value in vars(video).items() if name != "job_id"},
    }


def find_sidecars(folder: Path) -> Iterator[Path]:
    """The sidecars of a library, oldest day first."""
    yield from sorted(folder.glob(f"{FOLDERS}/*.json"))


def read_sidecar(path: Path, folder: Path) -> tuple[JobRow, VideoRow] | None:
    """The rows of the job and of the video that a sidecar in the library at `folder` describes.

    None where it is no sidecar: people put other files into folders, and a recipe may come from anywhere.
    """
    try:
        stored = json.loads(path.read_text("utf-8"))
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,15}", stored["provider"]):
            return None
        provider = catalog.known_provider(stored["provider"])
        request = restore_request(stored["request"], lambda *_: b"", provider.name)
        if not provider.any_model and request.model not in catalog.MODELS:
            return None
        if not re.fullmatch(r"[0-9a-z]{1,16}", stored["job"]):
            return None
        # The file lies beside it, whatever the recipe says.
        place = path.with_suffix(".mp4").relative_to(folder).as_posix()
        video = VideoRow(**{**stored["video"], "job_id": stored["job"], "path": place})
        job = JobRow(
            id=stored["job"],
            fingerprint=request.fingerprint(),
            take=int(stored["take"]),
            provider=provider.name,
            model=request.model,
            request=request.canonical(),
            state="succeeded",
            operation=stored.get("operation"),
            estimate=stored.get("estimate"),
            usage=dict(stored.get("usage") or {}) or None,
            created_at=float(stored["created_at"]),
            submitted_at=stored.get("submitted_at"),
            generated_at=stored.get("generated_at"),
            finished_at=path.stat().st_mtime,
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, VeoError):
        return None
    return job, video
