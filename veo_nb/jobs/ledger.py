"""The ledger: jobs, their videos and their owners in SQLite, written before anything is sent.

Safe to use from several threads and from several processes on one file. A write is on disk when the call
returns (`synchronous = FULL`), since an operation's name may be worth a dollar.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
)
"""Each brings a ledger from the version before it; `user_version` counts them."""

FINAL = ("succeeded", "failed", "blocked", "cancelled", "uncertain")


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
    """The jobs of one library; `Ledger(path)` opens the file, or makes it."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, timeout=15.0, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
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

    def add_job(self, row: JobRow) -> bool:
        """Write a new job down; False where its id is taken."""
        values = _job_values(row)
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        try:
            with self._writing() as db:
                db.execute(f"INSERT INTO jobs ({names}) VALUES ({marks})", values)
        except sqlite3.IntegrityError:
            return False
        return True

    def update_job(self, job_id: str, **changes: Any) -> None:
        """Change columns of a job."""
        values = {
            name: json.dumps(value) if name == "error" and value is not None else value
            for name, value in changes.items()
        }
        sets = ", ".join(f"{name} = :{name}" for name in values)
        with self._writing() as db:
            db.execute(f"UPDATE jobs SET {sets} WHERE id = :job_id", {**values, "job_id": job_id})

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

    def latest(self, fingerprint: str, take: int) -> JobRow | None:
        """The newest job for this request and take."""
        found = self._rows(
            "SELECT * FROM jobs WHERE fingerprint = ? AND take = ? ORDER BY created_at DESC, rowid DESC LIMIT 1",
            (fingerprint, take),
        )
        return _job_row(found[0]) if found else None

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

    def claim(self, job_id: str, owner_id: str, previous: str | None) -> bool:
        """Make a job ours if it still belongs to `previous`; False where another was quicker."""
        with self._writing() as db:
            done = db.execute(
                "UPDATE jobs SET owner = ? WHERE id = ? AND owner IS ?", (owner_id, job_id, previous)
            )
            return done.rowcount == 1

    def _rows(self, query: str, values: Sequence[Any]) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

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


def _job_values(row: JobRow) -> dict[str, Any]:
    error = None if row.error is None else json.dumps(row.error)
    return {**vars(row), "request": json.dumps(row.request, ensure_ascii=False), "error": error}


def _job_row(found: sqlite3.Row) -> JobRow:
    values = dict(found)
    values["request"] = json.loads(values["request"])
    values["error"] = None if values["error"] is None else json.loads(values["error"])
    return JobRow(**values)
