"""Which process drives which job: owners that say they live, and what becomes of the jobs of one that is gone."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable

from veo_nb.errors import VeoError
from veo_nb.store.ledger import Ledger
from veo_nb.store.rows import JobRow, Owner

log = logging.getLogger("veo_nb")

BEAT_SECONDS = 5.0
PARTING_SECONDS = 5.0
"""How long the end waits for a beat that is under way."""
SILENT_SECONDS = 60.0
"""An owner that has said nothing for this long is taken to be gone."""


class LeaseHolder:
    """This process as an owner: it beats from a thread of its own until `stop()`."""

    def __init__(self, ledger: Ledger, owner_id: str, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._id = owner_id
        self._clock = clock
        self._host = socket.gethostname()
        self._ended = threading.Event()
        self._beat_at = 0.0
        self._slept: tuple[float, float] | None = None
        self._look: Callable[[], object] = lambda: None
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
        if owner is not None and any(is_alive(owner, self._host, now) for now in self._measured_at()):
            return False
        return self._ledger.claim(row, self._id)

    def seize(self, row: JobRow) -> bool:
        """Make a job ours that is over, whoever had it; False where it has changed in the meantime."""
        return self._ledger.claim(row, self._id)

    def after_each_beat(self, look: Callable[[], object]) -> None:
        """Have `look` called from the beating thread, every few seconds, for as long as this process lives."""
        self._look = look

    def stop(self) -> None:
        """Stop beating and let go of all jobs."""
        self._ended.set()
        self._thread.join(PARTING_SECONDS)
        try:
            self._ledger.leave(self._id)
        except VeoError as error:
            # The others will notice that this process is gone.
            log.info("not signed off: %s", error)

    def _beat(self) -> None:
        now = self._clock()
        self._ledger.beat(Owner(self._id, self._host, os.getpid(), now))
        if self._beat_at and not 0 <= now - self._beat_at <= SILENT_SECONDS:
            self._slept = (self._beat_at, now)
        self._beat_at = now

    def _measured_at(self) -> list[float]:
        """The moments at one of which the others must have been alive: our own last beat.

        After this machine has slept, or its clock was set, also the last one before: the others need the time to say
        that they live, and whoever wakes first must not take their jobs.
        """
        if self._slept is not None:
            before, awake = self._slept
            if self._beat_at - awake <= SILENT_SECONDS:
                return [before, self._beat_at]
        return [self._beat_at]

    def _live(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            try:
                self._beat()
                if not self._ended.is_set():
                    self._look()
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
