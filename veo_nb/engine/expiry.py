"""Which videos are paid for and not here yet, and when the provider deletes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from veo_nb.engine.job import Job

RECENT_SECONDS = 4 * 24 * 3600.0
"""A job that was entered longer ago has no video at the provider any more, even if it waited long in the queue."""


@dataclass(frozen=True)
class Unfetched:
    """A job whose video lies at the provider, and for how many seconds still."""

    job: Job
    seconds: float

    @property
    def left(self) -> str:
        """How long it is still there, in words: `31 h`, `40 min`."""
        minutes = max(1, int(self.seconds / 60))
        return f"{minutes // 60} h" if minutes >= 60 else f"{minutes} min"


def unfetched(jobs: Iterable[Job], now: float) -> list[Unfetched]:
    """The jobs that nobody goes on with and whose video may still be fetched, the most urgent first."""
    found = []
    for job in jobs:
        # From when it was ready where that is known; before that it can't have been there.
        since = job.now.generated_at or job.now.submitted_at or job.now.created_at
        seconds = since + job.provider.retention_seconds - now
        if seconds > 0 and job.fetchable:
            found.append(Unfetched(job, seconds))
    return sorted(found, key=lambda one: one.seconds)
