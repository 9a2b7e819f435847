"""What `%veo doctor --repair` does: check the ledger and every file, and bring back what is damaged or missing."""

from __future__ import annotations

import contextlib
from dataclasses import field

from veo_nb.engine.engine import Engine
from veo_nb.engine.job import Job, Registry
from veo_nb.engine.lease import Leases
from veo_nb.engine.loop import BackgroundLoop, block_on
from veo_nb.errors import VeoError
from veo_nb.records.late import dataclass
from veo_nb.store.database import Damaged
from veo_nb.store.files import Files, digest
from veo_nb.store.ledger import Ledger
from veo_nb.store.recovery.rebuild import index_sidecars
from veo_nb.store.recovery.sidecar import read_sidecar, recipe
from veo_nb.store.rows import State
from veo_nb.store.trash import Trash

FETCH_SECONDS = 1800.0
"""The longest that one clip is waited for."""
ALL = 1_000_000


@dataclass
class Repair:
    """What was done, a sentence each: `checked`, `done`, and `left` for what could not be brought back."""

    checked: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [("ok", line) for line in self.checked] + [("++", line) for line in self.done]
        lines += [("!!", line) for line in self.left]
        if not self.done and not self.left:
            lines.append(("ok", "Nothing to repair."))
        return "\n".join(f"{mark}  {line}" for mark, line in lines)


class Repairer:
    """Repairs one open library."""

    def __init__(
        self,
        *,
        library: Files,
        ledger: Ledger,
        registry: Registry,
        engine: Engine,
        loop: BackgroundLoop,
        leases: Leases,
    ) -> None:
        self._library = library
        self._ledger = ledger
        self._registry = registry
        self._engine = engine
        self._loop = loop
        self._leases = leases
        self._trash = Trash(library, ledger)
        self._report = Repair()

    def repair(self) -> Repair:
        """Do everything, and say what was done."""
        self._check_ledger()
        self._index()
        jobs = [self._registry.job(row) for row in self._ledger.jobs(ALL)]
        whole = sum(self._check_videos(job) for job in jobs if job.now.state is State.SUCCEEDED)
        self._report.checked.append(f"{whole} videos are as they arrived.")
        for job in jobs:
            if job.fetchable and not self._trash.of(job.id):
                self._fetch_ended(job)
        self._tidy()
        return self._report

    def _check_ledger(self) -> None:
        try:
            self._ledger.check()
        except Damaged:
            self._ledger.heal()
            self._ledger.check()
        self._ledger.hold_reserve()
        self._report.checked.append("The ledger is sound.")

    def _index(self) -> None:
        """Enter what lies in the folder with a sidecar and is unknown to the ledger."""
        jobs, videos = index_sidecars(self._ledger, self._library)
        if jobs or videos:
            ids = ", ".join(sorted({video.job_id for video in videos} | {job.id for job in jobs}))
            self._report.done.append(f"Found by their sidecars and entered: {ids}.")
        for row in self._ledger.jobs(ALL):
            if row.state == "failed" and row.operation and not self._trash.of(row.id):
                self._accept_placed(self._registry.job(row))

    def _accept_placed(self, job: Job) -> None:
        """Call a job done whose video was moved to its place and whose end was lost."""
        path = self._library.video_path(job.id, 0, job.request.prompt, job.now.created_at)
        found = read_sidecar(path.with_suffix(".json"), self._library.folder)
        if found is None or not path.exists() or digest(path) != found[1].sha256 or found[0].id != job.id:
            return
        self._ledger.add_video(found[1])
        self._ledger.update_job(job.id, state="succeeded", error=None)
        self._show_again(job)
        self._report.done.append(f"{job.id}: its video was here, and is entered.")

    def _check_videos(self, job: Job) -> int:
        """How many of a job's videos are whole, after those that were not were fetched again."""
        damaged = {}
        for video in job.videos:
            if not video.path.exists():
                damaged[video.sample] = "missing"
            elif digest(video.path) != video.sha256:
                damaged[video.sample] = "damaged"
            elif not video.path.with_suffix(".json").exists():
                self._write_sidecar(job, video.sample)
        if not job.videos and not self._ledger.videos(job.id):
            damaged[0] = "missing"
        if damaged:
            how = " and ".join(sorted(set(damaged.values())))
            self._fetch(job, f"{job.id}: its video was {how}", set(damaged))
        return len(job.videos) - len(damaged) if job.videos else 0

    def _fetch(self, job: Job, what: str, samples: set[int]) -> None:
        if not self._may_drive(job):
            self._report.left.append(f"{what}; {_elsewhere(job)}")
            return
        if job.operation is None:
            self._report.left.append(f"{what}, and no operation's name is known.")
            return
        try:
            block_on(self._loop.run(self._engine.fetch_again(job, samples)), FETCH_SECONDS)
        except (VeoError, OSError) as error:
            self._report.left.append(f"{what} and could not be fetched: {error}")
        except TimeoutError:
            self._report.left.append(f"{what} and did not come within {FETCH_SECONDS / 60:g} minutes.")
        else:
            self._report.done.append(f"{what}; fetched again.")

    def _fetch_ended(self, job: Job) -> None:
        """Look again for the video of a job that failed on the way; one that a person stopped is only named."""
        if job.now.state is State.CANCELLED:
            self._report.left.append(
                f"{job.id}: stopped by you; %veo retry {job.id} fetches it all the same."
            )
            return
        if not self._may_drive(job):
            self._report.left.append(f"{job.id}: its video was not fetched; {_elsewhere(job)}")
            return
        try:
            self._leases.again(job, self._engine.retry)
            job.wait(FETCH_SECONDS)
        except VeoError as error:
            self._report.left.append(f"{job.id}: looked for again, and not fetched: {error}")
        else:
            self._report.done.append(f"{job.id}: its video is here now.")

    def _may_drive(self, job: Job) -> bool:
        return self._leases.may_drive(self._ledger.job(job.id))

    def _write_sidecar(self, job: Job, sample: int) -> None:
        stored = self._ledger.job(job.id)
        (video,) = [row for row in self._ledger.videos(job.id) if row.sample == sample]
        assert stored is not None, "it has a video"
        self._library.write_sidecar(self._library.folder / video.path, recipe(stored, video))
        self._report.done.append(f"{job.id}: its sidecar is written again.")

    def _show_again(self, job: Job) -> None:
        row = self._ledger.job(job.id)
        assert row is not None, "it was just written"
        job.restate(self._registry.snapshot(row))

    def _tidy(self) -> None:
        """Throw away the beginnings of videos that are here."""
        for part in sorted((self._library.folder / "arriving").glob("*.part")):
            job_id, _, sample = part.stem.rpartition("-")
            if sample.isdigit() and int(sample) in {row.sample for row in self._ledger.videos(job_id)}:
                with contextlib.suppress(OSError):
                    part.unlink()


def _elsewhere(job: Job) -> str:
    return f"{job.provider.title} needs its key (%veo login {job.provider.name}); then repair again."
