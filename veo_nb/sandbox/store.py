"""What the server remembers, on disk: operations, their videos, and who is rendering what.

Several servers may share one folder. An operation is rendered by the one that claims it; a claim is worth
nothing once its server is dead, which the operating system tells by a lock that dies with the process.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

STEPS = (
    """
CREATE TABLE operations (
    id TEXT PRIMARY KEY,
    model TEXT NOT NULL,
    recipe TEXT NOT NULL,
    submitted REAL NOT NULL,
    ready REAL NOT NULL,
    owner TEXT,
    ended INTEGER NOT NULL DEFAULT 0,
    code INTEGER NOT NULL DEFAULT 0,
    message TEXT NOT NULL DEFAULT '',
    reasons TEXT NOT NULL DEFAULT '[]'
);
CREATE TABLE files (
    id TEXT PRIMARY KEY,
    operation TEXT NOT NULL REFERENCES operations (id) ON DELETE CASCADE,
    sample INTEGER NOT NULL
);
CREATE INDEX unfinished ON operations (ended, submitted);
CREATE INDEX by_operation ON files (operation, sample)
""",
    """
ALTER TABLE operations ADD COLUMN name TEXT NOT NULL DEFAULT '';
UPDATE operations SET name = 'models/' || model || '/operations/' || id;
ALTER TABLE operations ADD COLUMN storage TEXT NOT NULL DEFAULT '';
ALTER TABLE operations ADD COLUMN finished REAL NOT NULL DEFAULT 0;
UPDATE operations SET finished = ready
""",
    """
UPDATE operations SET recipe = replace(recipe, '"moods":', '"prompts":')
""",
    """
ALTER TABLE operations ADD COLUMN facts TEXT NOT NULL DEFAULT '{}';
ALTER TABLE operations ADD COLUMN until REAL NOT NULL DEFAULT 0
""",
)
"""What makes a new folder's tables, and then each change since: a folder that has seen N of them gets the rest."""


LINGER = 3600.0
"""Seconds that an operation is remembered after its videos are gone."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation as it stands."""

    id: str
    model: str
    name: str
    """What it is called on the wire; each dialect has a form of its own."""
    recipe: dict[str, Any]
    storage: str = ""
    """Where its videos are put in the cloud, `gs://bucket/folder`; empty when they are not."""
    ready: float
    """The earliest moment at which it may be done, in seconds since 1970."""
    ended: bool = False
    code: int = 0
    """gRPC's code of a failure, else 0."""
    message: str = ""
    reasons: tuple[str, ...] = ()
    """Why videos were filtered away."""
    files: tuple[str, ...] = ()
    """IDs of its videos, one for each sample."""
    finished: float = 0.0
    """When it was done, once it is: its videos are kept from then on."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What its dialect wants to know of it later."""
    until: float = 0.0
    """Until when its video is kept for another to go on from, though nobody can fetch it any more."""


class Store:
    """The operations in a folder. It belongs to the thread that made it.

    `me` names this server among those that share the folder.

    Raises:
        OSError, sqlite3.Error: the folder can't be written.
    """

    def __init__(self, folder: Path, me: str) -> None:
        self.folder = folder
        self.me = me
        for part in ("", "files", "inputs", "servers"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        self._alive = _lock(folder / "servers" / f"{me}.lock")
        # Autocommit: a transaction begins where this file says BEGIN.
        self._base = sqlite3.connect(folder / "operations.db", timeout=10.0, isolation_level=None)
        self._base.row_factory = sqlite3.Row
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute("PRAGMA synchronous = NORMAL")
        self._base.execute("PRAGMA foreign_keys = ON")
        with self._writing():
            seen = self._base.execute("PRAGMA user_version").fetchone()[0]
            for step in STEPS[seen:]:
                for statement in step.split(";"):
                    self._base.execute(statement)
            self._base.execute(f"PRAGMA user_version = {max(seen, len(STEPS))}")

    def file(self, name: str) -> Path:
        """Where the video with this ID lies."""
        return self.folder / "files" / f"{name}.mp4"

    def add(self, operation: Operation, now: float) -> None:
        """Remember a new operation, submitted now."""
        self._base.execute(
            "INSERT INTO operations"
            " (id, model, name, recipe, storage, submitted, ready, finished, ended, code, message, reasons, facts, until)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                operation.id,
                operation.model,
                operation.name,
                json.dumps(operation.recipe),
                operation.storage,
                now,
                operation.ready,
                operation.ready,
                operation.ended,
                operation.code,
                operation.message,
                json.dumps(operation.reasons),
                json.dumps(operation.facts),
                operation.until,
            ),
        )

    def find(self, operation: str) -> Operation | None:
        """The operation with this ID."""
        row = self._base.execute("SELECT * FROM operations WHERE id = ?", (operation,)).fetchone()
        return None if row is None else self._operation(row)

    def find_named(self, beginning: str) -> list[Operation]:
        """The operations whose names begin so, the oldest first."""
        rows = self._base.execute(
            "SELECT * FROM operations WHERE substr(name, 1, ?) = ? ORDER BY submitted, rowid",
            (len(beginning), beginning),
        )
        return [self._operation(row) for row in rows.fetchall()]

    def find_file(self, name: str) -> tuple[Operation, int] | None:
        """The operation that made this video, and which of its samples it is."""
        row = self._base.execute("SELECT operation, sample FROM files WHERE id = ?", (name,)).fetchone()
        maker = self.find(row["operation"]) if row is not None else None
        return None if maker is None else (maker, row["sample"])

    def claim(self, busy: Collection[str]) -> Operation | None:
        """The oldest operation that nobody renders, from now on ours to render; None when there is none.

        `busy` are those that this server is rendering already.
        """
        with self._writing():
            rows = self._base.execute(
                "SELECT * FROM operations WHERE ended = 0 ORDER BY submitted"
            ).fetchall()
            for row in rows:
                if row["id"] in busy:
                    continue
                if row["owner"] in (None, self.me) or self._dead(row["owner"]):
                    self._base.execute("UPDATE operations SET owner = ? WHERE id = ?", (self.me, row["id"]))
                    return self._operation(row)
        return None

    def finish(self, operation: str, files: list[str], now: float) -> None:
        """Its videos lie in the folder: one for each sample."""
        with self._writing():
            # It may have been cancelled or deleted in the meantime.
            if not self._base.execute(
                "SELECT 1 FROM operations WHERE id = ? AND ended = 0", (operation,)
            ).fetchone():
                return
            self._base.executemany(
                "INSERT INTO files (id, operation, sample) VALUES (?, ?, ?)",
                [(name, operation, sample) for sample, name in enumerate(files)],
            )
            self._base.execute(
                "UPDATE operations SET ended = 1, finished = max(ready, ?) WHERE id = ?", (now, operation)
            )

    def fail(self, operation: str, code: int, message: str, now: float) -> None:
        """It ended without a video."""
        self._base.execute(
            "UPDATE operations SET ended = 1, finished = max(ready, ?), code = ?, message = ? WHERE id = ? AND ended = 0",
            (now, code, message, operation),
        )

    def cancel(self, operation: str, code: int, now: float) -> None:
        """It ends now, and nobody renders it."""
        self._base.execute(
            "UPDATE operations SET ended = 1, ready = ?, finished = ?, code = ?, message = 'Cancelled.' WHERE id = ?",
            (now, now, code, operation),
        )

    def delete(self, operation: str) -> None:
        """Forget it at once, and its videos."""
        found = self.find(operation)
        for name in found.files if found is not None else ():
            _drop(self.file(name))
        self._base.execute("DELETE FROM operations WHERE id = ?", (operation,))

    def forget(self, before: float, now: float = float("inf")) -> None:
        """Delete the videos of operations that were finished before this moment, and an hour later all trace of them.

        Who asks for a video in that hour still hears that it was one. What another may go on from at `now` stays.
        """
        expired = self._base.execute(
            "SELECT files.id FROM files JOIN operations ON operations.id = operation"
            " WHERE finished < ? AND until < ?",
            (before, now),
        )
        for row in expired.fetchall():
            _drop(self.file(row["id"]))
        self._base.execute(
            "DELETE FROM operations WHERE ended = 1 AND finished < ? AND until < ?", (before - LINGER, now)
        )
        known = {row["id"] for row in self._base.execute("SELECT id FROM files")}
        known |= {row["id"] for row in self._base.execute("SELECT id FROM operations WHERE ended = 0")}
        for part in ("files", "inputs"):
            for path in (self.folder / part).iterdir():
                # What an operation starts from is named after it. The rest is a torn render's, or old.
                if path.stem in known or path.name.partition("-")[0] in known:
                    continue
                with contextlib.suppress(FileNotFoundError):
                    if path.stat().st_mtime < before - LINGER:
                        _drop(path)

    def close(self) -> None:
        """Let go of the claims and the files."""
        with self._writing():
            self._base.execute("UPDATE operations SET owner = NULL WHERE owner = ? AND ended = 0", (self.me,))
        self._base.close()
        self._alive.close()
        _drop(self.folder / "servers" / f"{self.me}.lock")

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    def _operation(self, row: sqlite3.Row) -> Operation:
        files = self._base.execute(
            "SELECT id FROM files WHERE operation = ? ORDER BY sample", (row["id"],)
        ).fetchall()
        return Operation(
            id=row["id"],
            model=row["model"],
            name=row["name"],
            storage=row["storage"],
            finished=row["finished"],
            recipe=json.loads(row["recipe"]),
            ready=row["ready"],
            ended=bool(row["ended"]),
            code=row["code"],
            message=row["message"],
            reasons=tuple(json.loads(row["reasons"])),
            facts=json.loads(row["facts"]),
            until=row["until"],
            files=tuple(item["id"] for item in files),
        )

    def _dead(self, owner: str) -> bool:
        path = self.folder / "servers" / f"{owner}.lock"
        if not path.exists():
            return True
        try:
            with contextlib.closing(_lock(path)):
                pass
        except sqlite3.OperationalError:
            return False
        _drop(path)
        return True


def _drop(path: Path) -> None:
    """Delete a file, if it is there; on Windows one that somebody has open waits until it is looked for again."""
    with contextlib.suppress(PermissionError):
        path.unlink(missing_ok=True)


def _lock(path: Path) -> sqlite3.Connection:
    """Hold a file until closed or until this process dies; SQLite does it alike on every system.

    Raises:
        sqlite3.OperationalError: another process holds it.
    """
    lock = sqlite3.connect(path, timeout=0.0, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        lock.close()
        raise
    return lock
