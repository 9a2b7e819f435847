"""The studio's part that has to do with the library as a whole: who hears of changes, what is found, what comes next."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from veo_nb.engine.job import Job
from veo_nb.engine.video import Video
from veo_nb.errors import InvalidRequest, NotFound
from veo_nb.jobs.sweeping import Open
from veo_nb.media.picture import Origin
from veo_nb.store import lineage as lineages
from veo_nb.store import queries as browsing
from veo_nb.store.files import Library
from veo_nb.store.ledger import Change, Ledger
from veo_nb.store.rows import State
from veo_nb.store.watch import state_of


class Finding(ABC):
    """What there is in a library, for a studio, which gives the rest."""

    library: Library

    @abstractmethod
    def job(self, job_id: str) -> Job:
        """The job with this id."""

    @abstractmethod
    def _open(self) -> Open: ...

    @abstractmethod
    def _listen(self, listener: Callable[[Change], object]) -> Callable[[], None]: ...

    @abstractmethod
    def _open_existing(self) -> Open | None: ...

    def on_change(self, listener: Callable[[str], object]) -> Callable[[], None]:
        """Have `listener(id)` called whenever a job or a joined clip changes; call what is returned to end it.

        It is called on any thread, also for what other kernels do with this library, then with an empty id: all of it
        may have changed. It must return at once, take no lock that is held while the studio is asked something, and
        leave the looking to another thread: the studio itself may be waiting for it.
        """
        self._open()
        return self._listen(lambda change: listener(change.id))

    def browse(self, query: browsing.Query) -> browsing.Found:
        """A page of the library's clips, and how many there are: those that the query asks for."""
        parts = self._open_existing()
        return browsing.browse(parts.ledger, query) if parts else browsing.Found(0, ())

    def found(self, key: str) -> browsing.FoundRow:
        """The clip with this key (`3f2a/0`), as `browse` gives it, or the job that ended without one.

        Raises:
            NotFound: there is none, or it was deleted.
        """
        job_id, sample = read_key(key)
        parts = self._open_existing()
        row = browsing.find(parts.ledger, job_id, sample) if parts else None
        if row is None:
            raise NotFound(f"There is no clip {key!r} in this library.", hint="It may have been deleted.")
        return row

    def clip(self, key: str) -> Video:
        """The clip with this key: `3f2a/0` is the first sample of job 3f2a; a joined clip has the id that it got.

        Raises:
            NotFound: there is none, or it was deleted.
        """
        row = self.found(key)
        if row.kind == "joined":
            return joined_clip(self._open().ledger, self.library, row.job_id)
        for video in self.job(row.job_id).videos:
            if video.sample == row.sample:
                return video
        raise NotFound(f"Job {row.job_id} has no clip.", hint=f"It is {row.state}.")

    def summary(self) -> browsing.LibrarySummary:
        """What there is in the library, in short."""
        parts = self._open_existing()
        return browsing.summarize(parts.ledger) if parts else browsing.LibrarySummary(0, (), ())

    def lineage(self, key: str) -> lineages.Lineage:
        """The clips that this one came from, and those that came of it."""
        job_id, sample = read_key(key)
        parts = self._open_existing()
        return lineages.find_lineage(parts.ledger, job_id, sample) if parts else lineages.Lineage((), ())

    def note_origin(self, sha256: str, origin: Origin) -> None:
        """Remember of a picture which clip it is a frame of."""
        lineages.note_origin(self._open().ledger, sha256, origin)

    def origin_of(self, sha256: str) -> Origin | None:
        """The clip that a picture is a frame of, where that is known."""
        parts = self._open_existing()
        return lineages.origin_of(parts.ledger, sha256) if parts else None

    def unfinished(self) -> list[Job]:
        """The library's jobs that are not done, oldest first; those of other kernels are followed from now on."""
        parts = self._open_existing()
        if parts is None:
            return []
        jobs = [parts.registry.job(row) for row in parts.ledger.unfinished()]
        for job in jobs:
            parts.leases.attend(job)
        return [job for job in jobs if not job.now.state.final]

    def state(self) -> tuple[object, ...]:
        """What is equal for as long as nothing that can be found has changed."""
        parts = self._open_existing()
        return state_of(parts.ledger) if parts else ()

    def waiting(self) -> list[str]:
        """The jobs of this kernel that wait to be sent, the next one first."""
        parts = self._open_existing()
        return parts.loop.do(parts.engine.waiting) if parts else []

    def move(self, job_id: str, before: str | None) -> None:
        """Send a job that waits before another one, or last.

        Raises:
            NotFound: there is no such job.
            InvalidRequest: it was sent already, or another notebook sends it.
        """
        job = self.job(job_id)
        ahead_of = None if before is None else self.job(before).id
        parts = self._open()
        if not parts.loop.do(parts.engine.move, job.id, ahead_of):
            waits = job.now.state is State.QUEUED
            raise InvalidRequest(
                f"Job {job.id} does not wait for its turn here.",
                hint="It is just being sent, or by another notebook." if waits else "It was sent already.",
            )
        # Of those that are held back none has another number in the line.
        parts.ledger.changed.tell(Change(job.id))


def read_key(key: str) -> tuple[str, int]:
    """`3f2a/0` as a job's id and a sample; without a sample the first one."""
    job_id, _, sample = key.strip().lower().partition("/")
    return job_id, int(sample) if sample.isdecimal() else 0


def joined_clip(ledger: Ledger, library: Library, joined_id: str) -> Video:
    """A joined clip as a video.

    Raises:
        NotFound: there is none with this id.
    """
    for row in ledger.read("SELECT * FROM joined WHERE id = ?", (joined_id,)):
        return Video(
            path=library.folder / row["path"],
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
