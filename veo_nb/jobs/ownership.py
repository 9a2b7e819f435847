"""Which process drives which job: owners that say they live, and what becomes of the jobs of one that is gone."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable

from veo_nb.jobs.ledger import JobRow, Ledger, Owner

BEAT_SECONDS = 5.0
SILENT_SECONDS = 60.0
"""An owner that has said nothing for this long is taken to be gone."""


class Ownership:
    """This process as an owner: it beats from a thread of its own until `stop()`."""

    def __init__(self, ledger: Ledger, owner_id: str, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._id = owner_id
        self._clock = clock
        self._host = socket.gethostname()
        self._ended = threading.Event()
        self._beat()
        self._thread = threading.Thread(target=self._live, name="veo-nb-owner", daemon=True)
        self._thread.start()

    def adopt(self, row: JobRow) -> bool:
        """Make a job ours; False while its owner lives, or where another was quicker."""
        if row.owner == self._id:
            return True
        owner = self._ledger.owner(row.owner) if row.owner else None
        if owner is not None and is_alive(owner, self._host, self._clock()):
            return False
        return self._ledger.claim(row.id, self._id, row.owner)

    def stop(self) -> None:
        """Stop beating and let go of all jobs."""
        self._ended.set()
        self._thread.join(BEAT_SECONDS)
        self._ledger.leave(self._id)

    def _beat(self) -> None:
        self._ledger.beat(Owner(self._id, self._host, os.getpid(), self._clock()))

    def _live(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            self._beat()


def is_alive(owner: Owner, host: str, now: float) -> bool:
    """Whether an owner still drives its jobs, seen from `host` at `now` (epoch seconds)."""
    if now - owner.beat_at > SILENT_SECONDS:
        return False
    # Elsewhere os.kill(pid, 0) is no question but a kill.
    if owner.host != host or os.name != "posix":
        return True
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
