"""Hearing of changes: one stream of events a library, and one for whatever else has listeners.

Built on psygnal, which anywidget uses too. It calls its slots under a lock of its own and stops at the first that
breaks; here each is called outside of any lock, since a listener may wait for another thread that has something to
say as well, and one that breaks stops neither the others nor whoever emits. What other processes do is found by
looking: SQLite says that somebody wrote, the rows say whether it matters.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import sqlite3
import threading
import weakref
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Generic, Literal, TypeVar

from psygnal import SignalInstance

from veo_nb.errors import VeoError
from veo_nb.records.late import dataclass
from veo_nb.store.database import Database

log = logging.getLogger("veo_nb")

T = TypeVar("T")

LOOK_SECONDS = 2.0
"""How often it is looked."""

_ONE_EVENT = inspect.Signature([inspect.Parameter("event", inspect.Parameter.POSITIONAL_ONLY)])
"""Made once: with thousands of jobs it would be most of what a stream costs."""


@dataclass(frozen=True)
class Change:
    """Something of a library that is not as it was."""

    what: Literal["job", "clip", "rating", "sweep", "evidence", "everything"]
    """`evidence` is a vote, a measure or what a sweep is to find out; `everything` where all of it may have changed, as
    another process wrote."""
    id: str = ""
    """The job, the joined clip, the sweep or the comparison that it is about; empty where that may be any."""


EVERYTHING = Change("everything")
"""Emitted where nobody knows what has changed: look at all of it anew."""
EVIDENCE = Change("evidence")
"""Emitted where another process has voted, measured or described something, and nothing else has changed."""


class Changes(SignalInstance, Generic[T]):
    """A stream of events; `of` says what they are about, for the log. Its length is how many listen."""

    def __init__(self, of: str) -> None:
        super().__init__(_ONE_EVENT, name=of)

    def listen(self, listener: Callable[[T], object]) -> Callable[[], None]:
        """Have `listener(event)` called from now on; call what is returned to end it."""

        def slot(event: T) -> None:
            listener(event)

        # A slot of its own, so that the same listener may be there twice; and held, as a method alone would not be.
        self.connect(slot, check_nargs=False)
        return lambda: self.disconnect(slot)

    def emit(self, event: T) -> None:  # type: ignore[override]
        """Call all who listen, on this thread."""
        for slot in [*self._slots]:
            try:
                slot.cb((event,))
            except Exception:
                log.exception("a listener of %s broke", self.name)


_streams: weakref.WeakValueDictionary[Path, Changes[Change]] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def changes_of(folder: Path) -> Changes[Change]:
    """The stream of the library in this folder: the same one for all studios of this process."""
    with _lock:
        path = folder.resolve()
        stream = _streams.get(path)
        if stream is None:
            stream = _streams[path] = Changes("the library")
        return stream


def forget_streams() -> None:
    """Begin anew in a forked child: who listens is in the parent."""
    global _lock  # noqa: PLW0603  a thread of the parent may have held it
    _lock = threading.Lock()
    _streams.clear()


def state_of(ledger: Database) -> tuple[object, ...]:
    """What stays equal for as long as nothing that can be found has changed: jobs that ended or were sent, and clips.

    Where a job is on its way is not counted: whoever shows it follows it.
    """
    return tuple(ledger.read("SELECT library, changes FROM revision")[0])


def evidence_of(ledger: Database) -> int:
    """As `state_of`, for votes, measures and what sweeps are to find out."""
    return int(ledger.read("SELECT evidence FROM revision")[0][0])


Look = tuple[int, tuple[object, ...], int]
"""The version of the file, the state in it, and that of the evidence."""


def look(ledger: Database) -> Look:
    """How things are now, for a watch that begins with it."""
    # In this order: what is written in between is seen at the next look.
    return ledger.version(), state_of(ledger), evidence_of(ledger)


async def watch(
    ledger: Database,
    changed: Changes[Change],
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    *,
    since: Look | None = None,
) -> None:
    """Emit to the library's stream when another process has changed something in it, until the ledger is closed.

    `since` is the look from which on; without it the first one. While nobody listens nothing is read. Others live in
    real time, whatever the studio's own clock says.
    """
    seen = since
    while True:
        try:
            if changed and (seen is None or ledger.version() != seen[0]):
                before, seen = seen, look(ledger)
                # Every kernel says every few seconds that it lives: that is no news.
                if before is not None and seen[1] != before[1]:
                    changed.emit(EVERYTHING)
                elif before is not None and seen[2] != before[2]:
                    changed.emit(EVIDENCE)
        except VeoError:
            # It is busy, or is just being made anew: the next look may do.
            pass
        except sqlite3.ProgrammingError:
            return
        await sleep(LOOK_SECONDS)
