"""What was deleted: the file waits in the library's trash for a week, and whoever wants the clip back gets it back.

The row in the ledger (`deleted`) is what counts, and the journal has it too: neither a repair nor a rebuild brings a
deleted clip back. Once the trash is emptied the job is over for good, and the same request is asked anew.
"""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import Any

from veo_nb.errors import VeoError, VideoExpired
from veo_nb.media.kind import KINDS
from veo_nb.records.late import dataclass
from veo_nb.store.database import insert
from veo_nb.store.files import Files, move
from veo_nb.store.ledger import Ledger
from veo_nb.store.rows import State, error_to_json

log = logging.getLogger("veo_nb")

FOLDER = ".trash"
KEPT_SECONDS = 7 * 24 * 3600.0
"""Longer than any provider keeps a video, so that what is gone from here can't be had from there either."""


@dataclass(frozen=True)
class Trash:
    """The trash of one library."""

    library: Files
    ledger: Ledger

    def put(self, job_id: str, sample: int, path: str, now: float) -> None:
        """Take a clip out of the library; `path` is relative to its folder, empty where it has no file.

        Raises:
            OSError: its file can't be moved; nothing was changed.
        """
        # In this order: a kill in between leaves a clip that can be brought back. One that was moved and not marked
        # would look as if its file were lost, and be paid for again.
        self._mark(job_id, sample, now)
        self.library.drop_previews(job_id, sample)
        if not path:
            return
        try:
            self._move(path, back=False)
        except BaseException:
            self._mark(job_id, sample, None)
            raise

    def take(self, job_id: str, sample: int, path: str) -> bool:
        """Bring a clip back; False where its file is gone, and with it nothing was changed.

        Raises:
            OSError: its file can't be moved; nothing was changed.
        """
        moved: list[tuple[Path, Path]] = []
        if path:
            if not (self._home / path).exists() and not self._is_here(path):
                return False
            moved = self._move(path, back=True)
        try:
            self._mark(job_id, sample, None)
        except BaseException:
            for old, new in moved:
                move(new, old)
            raise
        return True

    def of(self, job_id: str) -> list[int]:
        """The samples of a job that are deleted."""
        found = self.ledger.read(
            "SELECT sample FROM deleted WHERE job_id = ? AND deleted_at IS NOT NULL ORDER BY sample",
            (job_id,),
        )
        return [row["sample"] for row in found]

    def forget(self, job_id: str) -> None:
        """Call nothing of a job deleted any more, whether its files are here or not."""
        for sample in self.of(job_id):
            self._mark(job_id, sample, None)

    def empty(self, now: float) -> list[str]:
        """Throw away what has lain here for long enough; the ids of the jobs that have no clip any more."""
        old = self.ledger.read(
            "SELECT d.job_id, d.sample, ifnull(ifnull(v.path, o.path), '') AS path, j.state FROM deleted d"
            " LEFT JOIN videos v ON v.job_id = d.job_id AND v.sample = d.sample"
            " LEFT JOIN jobs j ON j.id = d.job_id"
            " LEFT JOIN joined o ON o.id = d.job_id WHERE d.deleted_at < ?",
            (now - KEPT_SECONDS,),
        )
        gone: dict[str, set[int]] = {}
        for row in old:
            # One whose deletion was stopped half-way lies where it was, and can still be brought back.
            if not row["path"] or self._is_here(row["path"]):
                continue
            for file in _files(self._home / row["path"]):
                with contextlib.suppress(OSError):
                    file.unlink()
            if row["state"] == State.SUCCEEDED.value and not (self._home / row["path"]).exists():
                gone.setdefault(row["job_id"], set()).add(row["sample"])
        return [job_id for job_id, samples in gone.items() if self._end(job_id, samples)]

    def _end(self, job_id: str, gone: set[int]) -> bool:
        """Call a job over for good of which no clip is left, not even here."""
        if {video.sample for video in self.ledger.videos(job_id)} - gone:
            return False
        lost = VideoExpired("The clip was deleted.", hint="Run its cell again to make another.")
        try:
            self.ledger.update_job(job_id, state=State.FAILED.value, error=error_to_json(lost))
        except VeoError as error:
            # No reason to keep anybody from the library: the next opening tries again.
            log.warning("That the clip of job %s is gone is not in the ledger: %s", job_id, error)
            return False
        return True

    def _is_here(self, path: str) -> bool:
        return (self.library.folder / path).exists()

    @property
    def _home(self) -> Path:
        return self.library.folder / FOLDER

    def _mark(self, job_id: str, sample: int, at: float | None) -> None:
        values: dict[str, Any] = {"job_id": job_id, "sample": sample, "deleted_at": at}
        self.ledger.write(lambda db: insert(db, "deleted", values, "REPLACE"), ("deleted", values))

    def _move(self, path: str, *, back: bool) -> list[tuple[Path, Path]]:
        """Move a clip and its recipe; what was moved, for who has to move it again."""
        here, there = _files(self.library.folder / path), _files(self._home / path)
        pairs = [*zip(there, here, strict=True)] if back else [*zip(here, there, strict=True)]
        pairs = [pair for number, pair in enumerate(pairs) if number < 2 or pair[0].exists()]
        moved: list[tuple[Path, Path]] = []
        try:
            for old, new in pairs:
                new.parent.mkdir(parents=True, exist_ok=True)
                # Another kernel may be doing the same.
                with contextlib.suppress(FileNotFoundError):
                    move(old, new)
                    moved.append((old, new))
        except BaseException:
            for old, new in moved:
                move(new, old)
            raise
        return moved


def _files(video: Path) -> tuple[Path, ...]:
    """A clip, its recipe, and the file of another kind of which it was made, if it was."""
    return (video, video.with_suffix(".json"), *(video.with_suffix(f".original.{kind}") for kind in KINDS))
