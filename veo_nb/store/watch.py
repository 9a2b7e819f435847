"""Hearing of what other processes do with a library: SQLite says that somebody wrote, the rows say whether it matters."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable

from veo_nb.errors import VeoError
from veo_nb.store.changes import EVERYTHING
from veo_nb.store.ledger import Ledger

LOOK_SECONDS = 2.0
"""How often it is looked."""

# Where a job is on its way is not asked: whoever shows it follows it.
_JOBS = (
    "SELECT CASE WHEN state IN ('submitting', 'running', 'downloading') THEN 'sent' ELSE state END AS place,"
    " count(*), total(finished_at) FROM jobs GROUP BY place"
)
_STATE = (
    _JOBS,
    "SELECT count(*), total(rated_at) FROM ratings",
    "SELECT count(deleted_at), total(deleted_at) FROM deleted",
    "SELECT count(*), total(rating), total(star), group_concat(note, '/') FROM joined",
    "SELECT count(*), total(started_at) FROM sweeps",
    "SELECT count(*) FROM videos",
    "SELECT count(*) FROM origins",
)


def state_of(ledger: Ledger) -> tuple[object, ...]:
    """What stays equal for as long as nothing that can be found has changed: jobs that ended or were sent, and clips."""
    return tuple(tuple(row) for query in _STATE for row in ledger.read(query))


Look = tuple[int, tuple[object, ...]]
"""The version of the file and the state in it."""


def look(ledger: Ledger) -> Look:
    """How things are now, for a watch that begins with it."""
    # In this order: what is written in between is seen at the next look.
    return ledger.version(), state_of(ledger)


async def watch(
    ledger: Ledger,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    *,
    since: Look | None = None,
) -> None:
    """Emit to the ledger's stream when another process has changed something in it, until the ledger is closed.

    `since` is the look from which on; without it the first one. While nobody listens nothing is read. Others live in
    real time, whatever the studio's own clock says.
    """
    version, seen = since or (-1, None)
    while True:
        try:
            if ledger.changed and (now := ledger.version()) != version:
                before, seen, version = seen, state_of(ledger), now
                # Every kernel says every few seconds that it lives: that is no news.
                if before is not None and seen != before:
                    ledger.changed.emit(EVERYTHING)
        except VeoError:
            # It is busy, or is just being made anew: the next look may do.
            pass
        except sqlite3.ProgrammingError:
            return
        await sleep(LOOK_SECONDS)
