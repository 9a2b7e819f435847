"""The studio's part that has to do with clips that are there: what is thought of them, deleting, joining."""

from __future__ import annotations

import json
import secrets
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from typing import Any

from veo_nb import catalog
from veo_nb.engine.job import ALPHABET, Job
from veo_nb.engine.video import Trimmed, Video
from veo_nb.errors import InvalidRequest, NotFound, VeoError
from veo_nb.jobs.finding import joined_clip, read_key
from veo_nb.jobs.sweeping import Open
from veo_nb.store.files import Library, digest
from veo_nb.store.queries import FoundRow
from veo_nb.store.ratings import Rating, Ratings, check_rating
from veo_nb.store.trash import Trash

MOST_PIECES = 100


class Keeping(ABC):
    """What a person does with the clips of a library, for a studio, which gives the rest."""

    library: Library
    _clock: Callable[[], float]

    @abstractmethod
    def job(self, job_id: str) -> Job:
        """The job with this id."""

    @abstractmethod
    def found(self, key: str) -> FoundRow:
        """The clip with this key."""

    @abstractmethod
    def _open(self) -> Open: ...

    @abstractmethod
    def _open_existing(self) -> Open | None: ...

    def rate(self, key: str, **changes: Any) -> Rating:
        """What is thought of a clip, after a change: `rating` 1 to 5 or None, `star`, `note`; what is not named stays.

        Raises:
            NotFound: there is no such clip.
            InvalidRequest: the rating is none of these.
        """
        row, parts = self.found(key), self._open()
        if row.kind == "none":
            raise InvalidRequest(f"Job {row.job_id} has no clip that could be rated.", hint="")
        if row.kind == "clip":
            return Ratings(lambda: parts.ledger, self._clock).change(row.job_id, row.sample, **changes)
        now = {"rating": row.rating or None, "star": row.star, "note": row.note, **changes}
        check_rating(now["rating"])
        values = {"id": row.job_id, **now}
        parts.ledger.write(
            lambda db: db.execute(
                "UPDATE joined SET rating = :rating, star = :star, note = :note WHERE id = :id", values
            ),
            ("joined", values),
        )
        return Rating(**now)

    def delete(self, key: str) -> None:
        """Take a clip out of the library, or a job that ended without one. `restore` brings it back, for a week.

        A cell that asks for it again brings it back as well, in place of paying twice.

        Raises:
            NotFound: there is no such clip.
            InvalidRequest: its job still runs, or the file can't be moved.
        """
        job_id, _ = read_key(key)
        for job in self._known(job_id):
            if not job.now.state.final:
                raise InvalidRequest(
                    f"Job {job.id} is {job.status}.", hint="Cancel it first, or wait until it is done."
                )
        row = self.found(key)
        try:
            self._trash().put(row.job_id, row.sample, row.path, self._clock())
        except OSError as error:
            raise _immovable(row.path, error) from None
        self._show_again(row.job_id)

    def restore(self, key: str) -> None:
        """Bring a deleted clip back.

        Raises:
            NotFound: there was none, or it has been in the trash for too long.
        """
        job_id, sample = read_key(key)
        if not self._bring_back(job_id, [sample]):
            raise NotFound(f"The clip {key} is no longer in the trash.", hint="")

    def join(
        self,
        clips: Sequence[Video | Trimmed | Job],
        *,
        title: str = "",
        out: str | PathLike[str] | None = None,
    ) -> Video:
        """One clip of several, in this order; it lies in the library as any other. `out` gets a copy.

        A clip is a `Video`, a job, or a part: `video.trim(1, 4)`. The size and the rate are those of the first;
        another shape gets bars. Takes as long as encoding does, unless all were encoded alike and are whole.

        Raises:
            InvalidRequest: there is nothing to join, a file is gone, or it can't be written.
        """
        from veo_nb.media import join
        from veo_nb.media.probe import UnreadableVideo, probe

        pieces = [_piece(clip) for clip in clips]
        if not 0 < len(pieces) <= MOST_PIECES:
            raise InvalidRequest(
                f"{len(pieces)} clips can't be joined.", hint=f"Give one to {MOST_PIECES}.", field="clips"
            )
        for piece in pieces:
            if not piece.video.path.exists():
                raise InvalidRequest(
                    f"The file {piece.video.path.name} is no longer there.",
                    hint="Run its cell again to fetch it.",
                )
        catalog.check_text("title", title, be="kept")
        catalog.check_text("out", out, catalog.RENAME, be="written")
        self.library.prepare()
        parts, now = self._open(), self._clock()
        title = " ".join(title.split()) or (
            f"{len(pieces)} clips joined" if len(pieces) > 1 else "A part of a clip"
        )
        joined_id = self._free_id(parts)
        path = self.library.video_path(joined_id, 0, title, now)
        part = self.library.part_path(joined_id, 0)
        try:
            join.join([join.Part(p.video.path, p.start, p.end) for p in pieces], part)
            facts = probe(part)
            row = {
                "id": joined_id,
                "title": title,
                "pieces": json.dumps([_written(piece) for piece in pieces]),
                "path": self.library.relative(path),
                "bytes": part.stat().st_size,
                "sha256": digest(part),
                **{n: v for n, v in asdict(facts).items() if n != "video_codec"},
                "created_at": now,
            }
            path.parent.mkdir(exist_ok=True)
            self.library.write_sidecar(
                path, {"joined": joined_id, "title": title, "pieces": [_written(piece) for piece in pieces]}
            )
            self.library.place(part, path)
        except UnreadableVideo as error:
            raise InvalidRequest(f"They can't be joined: {error}", hint="") from None
        except OSError as error:
            raise InvalidRequest(
                f"The joined clip can't be written: {error.strerror or error}.",
                hint="Make room, or look at the folder's rights.",
            ) from None
        finally:
            part.unlink(missing_ok=True)
        names = ", ".join(row)
        marks = ", ".join(f":{name}" for name in row)
        parts.ledger.write(
            lambda db: db.execute(f"INSERT INTO joined ({names}) VALUES ({marks})", row), ("joined", row)
        )
        if out is not None:
            _copy(path, Path(out).expanduser(), joined_id)
        return joined_clip(parts.ledger, self.library, joined_id)

    def _bring_back(self, job_id: str, samples: Sequence[int]) -> bool:
        """Bring deleted clips back out of the trash; False where a file was no longer there."""
        trash, parts = self._trash(), self._open()
        deleted = set(trash.of(job_id)) & set(samples)
        if not deleted:
            return False
        paths = {video.sample: video.path for video in parts.ledger.videos(job_id)}
        for row in parts.ledger.read("SELECT path FROM joined WHERE id = ?", (job_id,)):
            paths[0] = row["path"]
        there = True
        for sample in sorted(deleted):
            path = paths.get(sample, "")
            try:
                there = trash.take(job_id, sample, path) and there
            except OSError as error:
                raise _immovable(path, error) from None
        self._show_again(job_id)
        return there

    def _see_again(self, job: Job) -> None:
        """Have the deleted clips of a job back that somebody asks for.

        Where the trash has none of them the job counts as one whose files are missing: they are looked for at the provider.
        """
        trash, parts = self._trash(), self._open()
        deleted = trash.of(job.id)
        if not deleted:
            return
        self._bring_back(job.id, deleted)
        if not parts.ledger.kept_videos(job.id):
            trash.forget(job.id)
            self._show_again(job.id)

    def _trash(self) -> Trash:
        return Trash(self.library, self._open().ledger)

    def _known(self, job_id: str) -> list[Job]:
        """The job with this id; none where it is a joined clip."""
        try:
            return [self.job(job_id)]
        except NotFound:
            return []

    def _show_again(self, job_id: str) -> None:
        """Let a job that is over say which clips it has now."""
        parts = self._open()
        row = parts.ledger.job(job_id)
        if row is not None and (job := parts.registry.job(row)).now.state.final:
            job.restate(parts.registry.snapshot(row))

    def _free_id(self, parts: Open) -> str:
        while True:
            found = "".join(secrets.choice(ALPHABET) for _ in range(4))
            taken = "SELECT 1 FROM jobs WHERE id = ?1 UNION ALL SELECT 1 FROM joined WHERE id = ?1"
            if not parts.ledger.read(taken, (found,)):
                return found


def _piece(clip: Any) -> Trimmed:
    if isinstance(clip, Trimmed):
        return clip
    if isinstance(clip, Job):
        clip = clip.video
    if isinstance(clip, Video):
        return Trimmed(clip)
    raise InvalidRequest(
        f"A clip to be joined is a video, a job or a part of one, not {type(clip).__name__}.",
        hint="veo.join([job, other.video.trim(1, 4)])",
        field="clips",
    )


def _written(piece: Trimmed) -> dict[str, Any]:
    return {"job": piece.video.job_id, "sample": piece.video.sample, "start": piece.start, "end": piece.end}


def _copy(path: Path, out: Path, joined_id: str) -> None:
    """Put a copy of a joined clip where it is wanted as well."""
    try:
        shutil.copyfile(path, out)
    except OSError as error:
        raise InvalidRequest(
            f"The copy {out} can't be written: {error.strerror or error}.",
            hint=f"The joined clip is in the library, as {joined_id}.",
        ) from None


def _immovable(path: str, error: OSError) -> VeoError:
    return InvalidRequest(
        f"The file {Path(path).name} can't be moved: {error.strerror or error}.",
        hint="Close what has it open, or look at the folder's rights.",
    )
