"""The ledger: jobs, their videos and their owners in SQLite, written before anything is sent.

Safe to use from several threads and from several processes on one file. A write is on disk when the call
returns (`synchronous = FULL`), since an operation's name may be worth a dollar.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from veo_nb.errors import VeoError

MIGRATIONS = (
    """
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        take INTEGER NOT NULL,
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        request TEXT NOT NULL,
        state TEXT NOT NULL,
        operation TEXT,
        error TEXT,
        estimate REAL,
        owner TEXT,
        created_at REAL NOT NULL,
        submitted_at REAL,
        generated_at REAL,
        finished_at REAL
    );
    CREATE INDEX jobs_by_request ON jobs (fingerprint, take, created_at);
    CREATE INDEX jobs_by_time ON jobs (created_at);
    CREATE INDEX jobs_by_state ON jobs (state);
    CREATE TABLE videos (
        job_id TEXT NOT NULL REFERENCES jobs (id),
        sample INTEGER NOT NULL,
        uri TEXT NOT NULL,
        path TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        duration REAL NOT NULL,
        fps REAL NOT NULL,
        has_audio INTEGER NOT NULL,
        PRIMARY KEY (job_id, sample)
    );
    CREATE TABLE owners (
        id TEXT PRIMARY KEY,
        host TEXT NOT NULL,
        pid INTEGER NOT NULL,
        beat_at REAL NOT NULL
    );
    """,
    """
    CREATE TABLE sweeps (
        id TEXT PRIMARY KEY,
        identity TEXT NOT NULL UNIQUE,
        provider TEXT NOT NULL,
        prompt TEXT,
        axes TEXT NOT NULL,
        zipped TEXT NOT NULL,
        row_axis TEXT,
        column_axis TEXT,
        fixed TEXT NOT NULL,
        fresh INTEGER NOT NULL,
        entering INTEGER NOT NULL,
        paused INTEGER NOT NULL,
        created_at REAL NOT NULL,
        started_at REAL NOT NULL
    );
    CREATE INDEX sweeps_by_time ON sweeps (started_at);
    CREATE TABLE sweep_jobs (
        sweep_id TEXT NOT NULL REFERENCES sweeps (id),
        position INTEGER NOT NULL,
        labels TEXT NOT NULL,
        fingerprint TEXT,
        take INTEGER NOT NULL,
        request TEXT,
        reason TEXT NOT NULL,
        hint TEXT NOT NULL,
        PRIMARY KEY (sweep_id, position)
    );
    CREATE INDEX sweep_jobs_by_request ON sweep_jobs (fingerprint, take);
    CREATE TABLE ratings (
        job_id TEXT NOT NULL REFERENCES jobs (id),
        sample INTEGER NOT NULL,
        rating INTEGER CHECK (rating BETWEEN 1 AND 5),
        star INTEGER NOT NULL,
        note TEXT NOT NULL,
        rated_at REAL NOT NULL,
        PRIMARY KEY (job_id, sample)
    );
    """,
)
"""Each brings a ledger from the version before it; `user_version` counts them."""

BUSY_SECONDS = 15.0
"""How long a call waits for another process that is writing."""
FINAL = ("succeeded", "failed", "blocked", "cancelled", "uncertain")
GONE = ("failed", "blocked", "cancelled")
"""States after which the same request is asked anew; in any other its job stands for it."""


@dataclass(frozen=True, kw_only=True)
class JobRow:
    """A job as it is written down. Times are seconds since the epoch, the estimate is USD."""

    id: str
    fingerprint: str
    take: int
    provider: str
    model: str
    request: dict[str, Any]
    state: str
    operation: str | None = None
    error: dict[str, Any] | None = None
    estimate: float | None = None
    owner: str | None = None
    created_at: float
    submitted_at: float | None = None
    generated_at: float | None = None
    finished_at: float | None = None


@dataclass(frozen=True, kw_only=True)
class VideoRow:
    """A fetched video as it is written down; `path` is relative to the library's folder."""

    job_id: str
    sample: int
    uri: str
    path: str
    bytes: int
    sha256: str
    width: int
    height: int
    duration: float
    fps: float
    has_audio: bool


@dataclass(frozen=True)
class Owner:
    """A process that drives jobs: when it last said that it lives."""

    id: str
    host: str
    pid: int
    beat_at: float


class Ledger:
    """The jobs of one library; `Ledger(path)` opens the file, or makes it.

    Raises:
        VeoError: the file can't be read or written, here and in each method; nothing was changed then.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        with self._plainly():
            self._db = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        self._db.row_factory = sqlite3.Row
        try:
            with self._plainly():
                _use_wal(self._db)
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.execute("PRAGMA foreign_keys = ON")
            self._migrate()
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file; calls after this raise `sqlite3.ProgrammingError`."""
        with self._lock:
            self._db.close()

    def add_job(self, row: JobRow, *, fresh: bool = False) -> JobRow | None:
        """The row that now stands for a request: this one, or without `fresh` the one that did already.

        One step for all threads and processes, so that the same cell run in two kernels at once is sent once.
        None where the id is taken, and nothing was written.
        """
        values = _job_values(row)
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        with self._writing() as db:
            standing = None if fresh else self.standing(row.fingerprint, row.take)
            if standing is not None:
                return standing
            done = db.execute(f"INSERT OR IGNORE INTO jobs ({names}) VALUES ({marks})", values)
            return row if done.rowcount else None

    def update_job(self, job_id: str, *, only_of: str | None = None, **changes: Any) -> bool:
        """Change columns of a job, with `only_of` just while that owner has it; whether it was changed."""
        values = {
            name: json.dumps(value) if name == "error" and value is not None else value
            for name, value in changes.items()
        }
        sets = ", ".join(f"{name} = :{name}" for name in values)
        mine = "" if only_of is None else " AND owner = :only_of"
        with self._writing() as db:
            done = db.execute(
                f"UPDATE jobs SET {sets} WHERE id = :job_id{mine}",
                {**values, "job_id": job_id, "only_of": only_of},
            )
            return done.rowcount == 1

    def job(self, job_id: str) -> JobRow | None:
        """The job with this id."""
        found = self._rows("SELECT * FROM jobs WHERE id = ?", (job_id,))
        return _job_row(found[0]) if found else None

    def jobs(self, limit: int = 50) -> list[JobRow]:
        """The newest jobs, newest first."""
        return [
            _job_row(r)
            for r in self._rows("SELECT * FROM jobs ORDER BY created_at DESC, rowid DESC LIMIT ?", (limit,))
        ]

    def standing(self, fingerprint: str, take: int) -> JobRow | None:
        """The newest job for this request and take, unless it ended so that the request is asked anew."""
        found = self._rows(
            "SELECT * FROM jobs WHERE fingerprint = ? AND take = ? ORDER BY created_at DESC, rowid DESC LIMIT 1",
            (fingerprint, take),
        )
        return _job_row(found[0]) if found and found[0]["state"] not in GONE else None

    def unfinished(self) -> list[JobRow]:
        """Every job that is not in a final state, oldest first."""
        marks = ", ".join("?" * len(FINAL))
        found = self._rows(
            f"SELECT * FROM jobs WHERE state NOT IN ({marks}) ORDER BY created_at, rowid", FINAL
        )
        return [_job_row(r) for r in found]

    def generation_seconds(self, provider: str, model: str, limit: int = 50) -> list[float]:
        """How long the newest finished clips took from submit to ready, in seconds."""
        found = self._rows(
            "SELECT generated_at - submitted_at AS s FROM jobs WHERE provider = ? AND model = ? AND state = 'succeeded'"
            " AND generated_at > submitted_at ORDER BY created_at DESC LIMIT ?",
            (provider, model, limit),
        )
        return [float(r["s"]) for r in found]

    def add_video(self, row: VideoRow) -> None:
        """Write a fetched video down, in place of an earlier one for the same sample."""
        with self._writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO videos VALUES (:job_id, :sample, :uri, :path, :bytes, :sha256, :width,"
                " :height, :duration, :fps, :has_audio)",
                vars(row),
            )

    def videos(self, job_id: str) -> list[VideoRow]:
        """The fetched videos of a job, by sample."""
        found = self._rows("SELECT * FROM videos WHERE job_id = ? ORDER BY sample", (job_id,))
        return [VideoRow(**{**dict(r), "has_audio": bool(r["has_audio"])}) for r in found]

    def beat(self, owner: Owner) -> None:
        """Say that an owner lives."""
        with self._writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO owners VALUES (?, ?, ?, ?)",
                (owner.id, owner.host, owner.pid, owner.beat_at),
            )

    def leave(self, owner_id: str) -> None:
        """Take an owner out: its jobs are free."""
        with self._writing() as db:
            db.execute("DELETE FROM owners WHERE id = ?", (owner_id,))

    def owner(self, owner_id: str) -> Owner | None:
        """The owner with this id; None when it has left."""
        found = self._rows("SELECT * FROM owners WHERE id = ?", (owner_id,))
        return Owner(**dict(found[0])) if found else None

    def claim(self, row: JobRow, owner_id: str) -> bool:
        """Make a job ours if it is still as `row` says; False where another was quicker."""
        with self._writing() as db:
            done = db.execute(
                "UPDATE jobs SET owner = ? WHERE id = ? AND owner IS ? AND state = ?",
                (owner_id, row.id, row.owner, row.state),
            )
            return done.rowcount == 1

    def read(self, query: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """The rows of a query; for those who keep tables of their own in this file."""
        return self._rows(query, values)

    def writing(self) -> AbstractContextManager[sqlite3.Connection]:
        """A transaction, on disk when it ends; for the same."""
        return self._writing()

    def _rows(self, query: str, values: Sequence[Any]) -> list[sqlite3.Row]:
        with self._lock, self._plainly():
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._plainly():
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                # An interrupt may come anywhere, and a full disk ends the transaction by itself.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        """Have SQLite's errors raised in our words; a call after `close()` stays SQLite's own."""
        try:
            yield
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.Error as error:
            raise VeoError(
                f"The library's ledger {self._path} can't be used: {error}.",
                hint="Make room, look at the folder's rights, or use veo.configure(library=…).",
            ) from None

    def _migrate(self) -> None:
        with self._writing() as db:
            version = int(db.execute("PRAGMA user_version").fetchone()[0])
            if version > len(MIGRATIONS):
                raise VeoError(
                    "This library was made by a newer veo_nb.", hint="Run pip install --upgrade veo-nb."
                )
            for script in MIGRATIONS[version:]:
                # executescript would commit in between.
                for statement in script.split(";"):
                    if statement.strip():
                        db.execute(statement)
            db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _use_wal(db: sqlite3.Connection) -> None:
    # Only this one statement does not wait for another process, which may be making the same new file.
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def _job_values(row: JobRow) -> dict[str, Any]:
    error = None if row.error is None else json.dumps(row.error)
    return {**vars(row), "request": json.dumps(row.request, ensure_ascii=False), "error": error}


def _job_row(found: sqlite3.Row) -> JobRow:
    values = dict(found)
    values["request"] = json.loads(values["request"])
    values["error"] = None if values["error"] is None else json.loads(values["error"])
    return JobRow(**values)
