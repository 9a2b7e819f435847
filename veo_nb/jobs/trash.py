"""What was deleted: the file waits in the library's trash for a week, and whoever wants the clip back gets it back.

The row in the ledger (`deleted`) is what counts, and the journal has it too: neither a repair nor a rebuild brings a
deleted clip back. Once the trash is emptied the job is over for good, and the same request is asked anew.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from veo_nb.errors import VideoExpired
from veo_nb.jobs.job import State, error_to_json
from veo_nb.jobs.ledger import Ledger
from veo_nb.jobs.library import Library

FOLDER = ".trash"
KEPT_SECONDS = 7 * 24 * 3600.0
"""Longer than any provider keeps a video, so that what is gone from here can't be had from there either."""


@dataclass(frozen=True)
class Trash:
    """The trash of one library."""

    library: Library
    ledger: Ledger

    def put(self, job_id: str, sample: int, path: str, now: float) -> None:
        """Take a clip out of the library; `path` is relative to its folder, empty where it has no file.

        Raises:
            OSError: its file can't be moved; nothing was changed.
        """
        moved = self._move(path, back=False) if path else []
        try:
            self._mark(job_id, sample, now)
        except BaseException:
            for old, new in moved:
                new.replace(old)
            raise

    def take(self, job_id: str, sample: int, path: str) -> bool:
        """Bring a clip back; whether its file was still here.

        Raises:
            OSError: its file can't be moved; nothing was changed.
        """
        there = not path or (self._home / path).exists() or (self.library.folder / path).exists()
        if path:
            self._move(path, back=True)
        self._mark(job_id, sample, None)
        return there

    def of(self, job_id: str) -> list[int]:
        """The samples of a job that are deleted."""
        found = self.ledger.read(
            "SELECT sample FROM deleted WHERE job_id = ? AND deleted_at IS NOT NULL ORDER BY sample",
            (job_id,),
        )
        return [row["sample"] for row in found]

    def empty(self, now: float) -> list[str]:
        """Throw away what has lain here for long enough; the ids of the jobs that have no clip any more."""
        old = self.ledger.read(
            "SELECT d.job_id, d.sample, ifnull(v.path, o.path) AS path FROM deleted d"
            " LEFT JOIN videos v ON v.job_id = d.job_id AND v.sample = d.sample"
            " LEFT JOIN joined o ON o.id = d.job_id WHERE d.deleted_at < ?",
            (now - KEPT_SECONDS,),
        )
        ended = []
        for row in old:
            for file in _files(self._home / (row["path"] or "-")):
                with contextlib.suppress(OSError):
                    file.unlink()
            job = self.ledger.job(row["job_id"])
            if job is not None and job.state == "succeeded" and not self.ledger.kept_videos(job.id):
                gone = VideoExpired("The clip was deleted.", hint="Run its cell again to make another.")
                self.ledger.update_job(job.id, state=State.FAILED.value, error=error_to_json(gone))
                ended.append(job.id)
        return ended

    @property
    def _home(self) -> Path:
        return self.library.folder / FOLDER

    def _mark(self, job_id: str, sample: int, at: float | None) -> None:
        values: dict[str, Any] = {"job_id": job_id, "sample": sample, "deleted_at": at}
        self.ledger.write(
            lambda db: db.execute(
                "INSERT OR REPLACE INTO deleted (job_id, sample, deleted_at) VALUES (:job_id, :sample, :deleted_at)",
                values,
            ),
            ("deleted", values),
        )

    def _move(self, path: str, *, back: bool) -> list[tuple[Path, Path]]:
        """Move a clip and its recipe; what was moved, for who has to move it again."""
        here, there = _files(self.library.folder / path), _files(self._home / path)
        pairs = [*zip(there, here, strict=True)] if back else [*zip(here, there, strict=True)]
        moved: list[tuple[Path, Path]] = []
        try:
            for old, new in pairs:
                if old.exists():
                    new.parent.mkdir(parents=True, exist_ok=True)
                    old.replace(new)
                    moved.append((old, new))
        except OSError:
            for old, new in moved:
                new.replace(old)
            raise
        return moved


def _files(video: Path) -> tuple[Path, Path]:
    return video, video.with_suffix(".json")
