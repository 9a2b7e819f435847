"""Which process drives which job: owners that say they live, and what becomes of the jobs of one that is gone."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable

from veo_nb.errors import VeoError
from veo_nb.jobs.ledger import JobRow, Ledger, Owner

log = logging.getLogger("veo_nb")

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
        self._beat_at = 0.0
        self._beat()
        self._thread = threading.Thread(target=self._live, name="veo-nb-owner", daemon=True)
        self._thread.start()

    @property
    def id(self) -> str:
        """The name under which this process owns jobs."""
        return self._id

    def adopt(self, row: JobRow) -> bool:
        """Make a job ours; False while its owner lives, or where another was quicker."""
        if row.owner == self._id:
            return True
        owner = self._ledger.owner(row.owner) if row.owner else None
        # Measured at our own last beat: after this machine has slept, the others had no chance to beat either.
        if owner is not None and is_alive(owner, self._host, self._beat_at):
            return False
        return self._ledger.claim(row, self._id)

    def seize(self, row: JobRow) -> bool:
        """Make a job ours that is over, whoever had it; False where it has changed in the meantime."""
        return self._ledger.claim(row, self._id)

    def stop(self) -> None:
        """Stop beating and let go of all jobs."""
        self._ended.set()
        self._thread.join(BEAT_SECONDS)
        try:
            self._ledger.leave(self._id)
        except VeoError as error:
            # The others will notice that this process is gone.
            log.info("not signed off: %s", error)

    def _beat(self) -> None:
        now = self._clock()
        self._ledger.beat(Owner(self._id, self._host, os.getpid(), now))
        self._beat_at = now

    def _live(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            try:
                self._beat()
            except VeoError as error:
                # A ledger that is busy now takes the next beat; a dozen may be missed.
                log.info("no beat: %s", error)


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
