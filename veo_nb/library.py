"""The library as a person sees it: its clips found, rated, deleted and brought back, joined, and repaired."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from veo_nb import catalog
from veo_nb.engine.job import Job
from veo_nb.engine.jobs import Jobs, free_id, immovable
from veo_nb.engine.repair import Repair, Repairer
from veo_nb.engine.video import Trimmed, Video
from veo_nb.errors import InvalidRequest, NotFound
from veo_nb.media.picture import Origin
from veo_nb.store import lineage as lineages
from veo_nb.store import queries
from veo_nb.store.changes import Change, state_of
from veo_nb.store.files import Files, digest
from veo_nb.store.ledger import Ledger
from veo_nb.store.ratings import Rating, Ratings, check_rating
from veo_nb.store.trash import Trash

MOST_PIECES = 100


class Library:
    """The clips of a library: `browse(query)`, `clip(key)`, `rate(key)`, `delete(key)`, `join(clips)`, ...

    A clip's key is its job and its sample, `3f2a/0`; a joined clip has an id of its own. `files` is its folder.
    """

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._workspace = jobs.workspace
        self.files: Files = jobs.workspace.files
        self.ratings = Ratings(jobs.workspace.ledger, jobs.workspace.clock)

    @property
    def folder(self) -> Path:
        """Where its ledger and its videos are."""
        return self.files.folder

    @property
    def notices(self) -> list[str]:
        """What a person should know of it beside its jobs, such as that its ledger was made anew."""
        return self._workspace.notices

    def on_change(self, listener: Callable[[Change], object]) -> Callable[[], None]:
        """Have `listener(change)` called whenever something changes in it; call what is returned to end it.

        It is called on any thread, also for what other kernels do with this library, then with `EVERYTHING`: all of
        it may have changed. It must return at once, take no lock that is held while the studio is asked something,
        and leave the looking to another thread: the studio itself may be waiting for it.
        """
        self._workspace.open()
        return self._workspace.listen(listener)

    # Finding

    def browse(self, query: queries.Query) -> queries.Found:
        """A page of its clips, and how many there are: those that the query asks for."""
        parts = self._workspace.existing()
        return queries.browse(parts.ledger, query) if parts else queries.Found(0, ())

    def count(self, query: queries.Query) -> int:
        """How many clips a query asks for; with words that are everywhere it takes longer than a page of them does."""
        return self.browse(replace(query, offset=0, limit=0, counted=True)).total

    def index_words(self) -> None:
        """Be ready for a search: it takes in the prompts of jobs that came since the last one, 50 us each."""
        parts = self._workspace.existing()
        if parts:
            parts.ledger.index_words()

    def find(self, key: str) -> queries.FoundRow:
        """The clip with this key, as `browse` gives it, or the job that ended without one.

        Raises:
            NotFound: there is none, or it was deleted.
        """
        job_id, sample = read_key(key)
        parts = self._workspace.existing()
        row = queries.find(parts.ledger, job_id, sample) if parts else None
        if row is None:
            raise NotFound(f"There is no clip {key!r} in this library.", hint="It may have been deleted.")
        return row

    def clip(self, key: str) -> Video:
        """The clip with this key: `3f2a/0` is the first sample of job 3f2a; a joined clip has the id that it got.

        Raises:
            NotFound: there is none, or it was deleted.
        """
        row = self.find(key)
        if row.kind == "joined":
            return self._joined(self._workspace.open().ledger, row.job_id)
        for video in self._jobs.get(row.job_id).videos:
            if video.sample == row.sample:
                return video
        raise NotFound(f"Job {row.job_id} has no clip.", hint=f"It is {row.state}.")

    def key_at(self, address: str) -> str:
        """The key of the clip that the provider has at this address; empty where it is none of these."""
        parts = self._workspace.existing()
        return lineages.key_at(parts.ledger, address) if parts else ""

    def summary(self) -> queries.LibrarySummary:
        """What there is in it, in short."""
        parts = self._workspace.existing()
        return queries.summarize(parts.ledger) if parts else queries.LibrarySummary(0, (), ())

    def state(self) -> tuple[object, ...]:
        """What is equal for as long as nothing that can be found has changed."""
        parts = self._workspace.existing()
        return state_of(parts.ledger) if parts else ()

    def lineage(self, key: str) -> lineages.Lineage:
        """The clips that this one came from, and those that came of it."""
        job_id, sample = read_key(key)
        parts = self._workspace.existing()
        return lineages.find_lineage(parts.ledger, job_id, sample) if parts else lineages.Lineage((), ())

    def steps(self, key: str) -> tuple[lineages.Step, ...]:
        """The clips that were made of one another, this one among them, each before those that were made of it."""
        job_id, sample = read_key(key)
        parts = self._workspace.existing()
        return lineages.find_steps(parts.ledger, job_id, sample) if parts else ()

    def note_origin(self, sha256: str, origin: Origin) -> None:
        """Remember of a picture which clip it is a frame of."""
        lineages.note_origin(self._workspace.open().ledger, sha256, origin)

    def origin_of(self, sha256: str) -> Origin | None:
        """The clip that a picture is a frame of, where that is known."""
        parts = self._workspace.existing()
        return lineages.origin_of(parts.ledger, sha256) if parts else None

    # Judging and keeping

    def rate(self, key: str, **changes: Any) -> Rating:
        """What is thought of a clip, after a change: `rating` 1 to 5 or None, `star`, `note`; what is not named stays.

        Raises:
            NotFound: there is no such clip.
            InvalidRequest: the rating is none of these.
        """
        row, parts = self.find(key), self._workspace.open()
        if row.kind == "none":
            raise InvalidRequest(f"Job {row.job_id} has no clip that could be rated.", hint="")
        if row.kind == "clip":
            return self.ratings.change(row.job_id, row.sample, **changes)
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
        job = self._jobs.find(job_id)
        if job is not None and not job.now.state.final:
            raise InvalidRequest(
                f"Job {job.id} is {job.status}.", hint="Cancel it first, or wait until it is done."
            )
        row, parts = self.find(key), self._workspace.open()
        try:
            Trash(self.files, parts.ledger).put(row.job_id, row.sample, row.path, self._workspace.clock())
        except OSError as error:
            raise immovable(row.path, error) from None
        parts.registry.refresh(row.job_id)

    def restore(self, key: str) -> None:
        """Bring a deleted clip back.

        Raises:
            NotFound: there was none, or it has been in the trash for too long.
        """
        job_id, sample = read_key(key)
        if not self._jobs.bring_back(job_id, [sample]):
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
        self.files.prepare()
        parts, now = self._workspace.open(), self._workspace.clock()
        title = " ".join(title.split()) or (
            f"{len(pieces)} clips joined" if len(pieces) > 1 else "A part of a clip"
        )
        joined_id = free_id(parts.ledger)
        path = self.files.video_path(joined_id, 0, title, now)
        part = self.files.part_path(joined_id, 0)
        try:
            join.join([join.Part(p.video.path, p.start, p.end) for p in pieces], part)
            facts = probe(part)
            row = {
                "id": joined_id,
                "title": title,
                "pieces": json.dumps([_written(piece) for piece in pieces]),
                "path": self.files.relative(path),
                "bytes": part.stat().st_size,
                "sha256": digest(part),
                **{
                    name: getattr(facts, name) for name in ("width", "height", "duration", "fps", "has_audio")
                },
                "created_at": now,
            }
            path.parent.mkdir(exist_ok=True)
            self.files.write_sidecar(
                path, {"joined": joined_id, "title": title, "pieces": [_written(piece) for piece in pieces]}
            )
            self.files.place(part, path)
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
        return self._joined(parts.ledger, joined_id)

    def _joined(self, ledger: Ledger, joined_id: str) -> Video:
        return replace(_joined_clip(ledger, self.folder, joined_id), measured=self._jobs.workspace.measures)

    def repair(self) -> Repair:
        """Check the ledger and every file, bring back what can be, and say what was done.

        Raises:
            VeoError: the library can't be written.
        """
        parts = self._workspace.existing()
        if parts is None:
            return Repair()
        said = len(self.notices)
        report = Repairer(
            library=self.files,
            ledger=parts.ledger,
            registry=parts.registry,
            engine=parts.engine,
            loop=parts.loop,
            leases=parts.leases,
        ).repair()
        report.done[:0] = [f"{sentence[:1].upper()}{sentence[1:]}." for sentence in self.notices[said:]]
        return report


def read_key(key: str) -> tuple[str, int]:
    """`3f2a/0` as a job's id and a sample; without a sample the first one."""
    job_id, _, sample = key.strip().lower().partition("/")
    return job_id, int(sample) if sample.isdecimal() else 0


def _joined_clip(ledger: Ledger, folder: Path, joined_id: str) -> Video:
    """A joined clip as a video.

    Raises:
        NotFound: there is none with this id.
    """
    for row in ledger.read("SELECT * FROM joined WHERE id = ?", (joined_id,)):
        return Video(
            path=folder / row["path"],
            uri="",
            width=row["width"],
            height=row["height"],
            duration=row["duration"],
            fps=row["fps"],
            has_audio=bool(row["has_audio"]),
            sha256=row["sha256"],
            bytes=row["bytes"],
            job_id=row["id"],
        )
    raise NotFound(f"There is no joined clip {joined_id!r}.", hint="It may have been deleted.")


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
