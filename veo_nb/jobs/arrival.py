"""A file that has arrived becomes a video of the library: checked, moved into place, its recipe beside it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from veo_nb.errors import DownloadError
from veo_nb.jobs.job import Job
from veo_nb.jobs.ledger import VideoRow
from veo_nb.jobs.library import Library, check_video, digest


async def keep_video(library: Library, job: Job, sample: int, uri: str, part: Path) -> VideoRow:
    """The ledger's row for a video whose bytes lie at `part`; they move to their place in one step.

    Raises:
        DownloadError: it is not a playable video; the bytes are thrown away, so that another try begins anew.
    """
    try:
        facts = await asyncio.to_thread(check_video, part)
    except DownloadError:
        part.unlink(missing_ok=True)
        raise
    sha256 = await asyncio.to_thread(digest, part)
    size = part.stat().st_size
    path = await asyncio.to_thread(
        library.place, part, job.id, sample, job.request.prompt, job.now.created_at
    )
    row = VideoRow(
        job_id=job.id,
        sample=sample,
        uri=uri,
        path=library.relative(path),
        bytes=size,
        sha256=sha256,
        width=facts.width,
        height=facts.height,
        duration=facts.duration,
        fps=facts.fps,
        has_audio=facts.has_audio,
    )
    library.write_sidecar(
        path,
        {
            "job": job.id,
            "take": job.take,
            "provider": job.provider.name,
            "operation": job.operation,
            "created_at": job.now.created_at,
            "request": job.request.canonical(),
            "fingerprint": job.request.fingerprint(job.provider.name),
            "video": {name: value for name, value in vars(row).items() if name != "job_id"},
        },
    )
    return row
