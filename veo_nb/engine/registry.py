"""The jobs that this kernel knows: one object a job, however often it is asked for."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable

from veo_nb import catalog
from veo_nb.engine.job import Job, Snapshot, Workshop
from veo_nb.engine.timing import usual_seconds
from veo_nb.engine.video import video_from_row
from veo_nb.request import VideoRequest, restore_request
from veo_nb.store.files import Library
from veo_nb.store.ledger import Change, Ledger
from veo_nb.store.rows import JobRow, State, error_from_json


class Registry:
    """Brings jobs back from the ledger and keeps those alive that are not done."""

    def __init__(
        self,
        ledger: Ledger,
        library: Library,
        cancel: Callable[[Job], None],
        attend: Callable[[Job], None],
        workshop: Workshop | None = None,
    ) -> None:
        self._ledger = ledger
        self._library = library
        self._cancel = cancel
        self._attend = attend
        self._workshop = workshop
        self._lock = threading.RLock()
        self._known: weakref.WeakValueDictionary[str, Job] = weakref.WeakValueDictionary()
        self._active: dict[str, Job] = {}

    def job(self, row: JobRow, request: VideoRequest | None = None) -> Job:
        """The job of a row: the one that is known already, or a new one as the ledger has it."""
        with self._lock:
            known = self._known.get(row.id)
            if row.id in self._active and known is not None:
                return known
            # Read anew: since the row was, the job may have ended and been let go of.
            row = self._ledger.job(row.id) or row
            if known is None:
                self._known[row.id] = made = self._make(row, request)
                return made
        if known.status != row.state:
            known.restate(self.snapshot(row))
        return known

    def active(self) -> list[Job]:
        """The jobs that are not done, oldest first."""
        with self._lock:
            return sorted(self._active.values(), key=lambda job: job.now.created_at)

    def is_active(self, job_id: str) -> bool:
        """Whether the job with this id is being driven or followed."""
        with self._lock:
            return job_id in self._active

    def hold(self, job: Job) -> None:
        """Keep a job until it is done."""
        with self._lock:
            self._active[job.id] = job
        self._let_go(job)

    def _changed(self, job: Job) -> None:
        self._let_go(job)
        self._ledger.changed.tell(Change(job.id))

    def _let_go(self, job: Job) -> None:
        if job.now.state.final:
            with self._lock:
                self._active.pop(job.id, None)

    def snapshot(self, row: JobRow) -> Snapshot:
        """A job's moment as the ledger has it."""
        past = self._ledger.generation_seconds(row.provider, row.model)
        typical, slow = usual_seconds(past, catalog.PROVIDERS[row.provider], catalog.MODELS[row.model])
        videos = self._ledger.kept_videos(row.id)
        return Snapshot(
            state=State(row.state),
            created_at=row.created_at,
            operation=row.operation,
            error=error_from_json(row.error),
            submitted_at=row.submitted_at,
            generated_at=row.generated_at,
            finished_at=row.finished_at,
            filtered=row.filtered,
            videos=tuple(video_from_row(video, self._library.folder) for video in videos),
            typical=typical,
            slow=slow,
        )

    def _make(self, row: JobRow, request: VideoRequest | None) -> Job:
        job = Job(
            id=row.id,
            request=request or restore_request(row.request, self._library.picture_bytes),
            provider=catalog.PROVIDERS[row.provider],
            take=row.take,
            estimate=row.estimate,
            now=self.snapshot(row),
            cancel=self._cancel,
            attend=self._attend,
            workshop=self._workshop,
        )
        job.listen(self._changed)
        return job
