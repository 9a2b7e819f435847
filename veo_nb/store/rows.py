"""The rows of the ledger as values: a job, a video, an owner; the states of a job; an error as it is kept. Pure.

Whoever writes a row or reads one does it through these, the ledger, the journal and the sidecars alike, so that a
column is spelled out in one place.
"""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import fields
from enum import StrEnum
from typing import Any

from veo_nb import errors
from veo_nb.records.late import dataclass


class State(StrEnum):
    """Where a job is. The last five are final."""

    QUEUED = "queued"
    SUBMITTING = "submitting"
    RUNNING = "running"
    DOWNLOADING = "downloading"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"
    UNCERTAIN = "uncertain"

    @property
    def final(self) -> bool:
        """Whether nothing more happens by itself."""
        return self not in NEXT


_ENDS = frozenset({State.FAILED, State.BLOCKED, State.CANCELLED})
NEXT: dict[State, frozenset[State]] = {
    # Uncertain again where it was sent before, and is stopped while it waits to be sent once more.
    State.QUEUED: frozenset({State.SUBMITTING, State.UNCERTAIN}) | _ENDS,
    # Back to queued when the provider said that it did not take it.
    State.SUBMITTING: frozenset({State.QUEUED, State.RUNNING, State.UNCERTAIN}) | _ENDS,
    # Done at once where it was before, and a file that is gone since did not come.
    State.RUNNING: frozenset({State.DOWNLOADING, State.SUCCEEDED}) | _ENDS,
    State.DOWNLOADING: frozenset({State.SUCCEEDED}) | _ENDS,
}
"""Which state may follow which by itself; only a person takes a job out of a final one."""
FINAL = tuple(state.value for state in State if state.final)
GONE = ("failed", "blocked", "cancelled")
"""States after which the same request is asked anew, unless the job was accepted and given up on this side only."""

_ENDED_HERE = ("failed", "cancelled")
_LAST_WORDS = tuple(
    kind.code for kind in (errors.OperationFailed, errors.ContentBlocked, errors.VideoExpired)
)
"""Codes of errors after which there is no clip at the provider: it could not or would not make it, or has deleted it."""
_GIVEN_UP = re.compile(r"Operation \S+ is kept: %veo retry \w+")


def is_fetchable(state: str, operation: str | None, code: str | None) -> bool:
    """Whether a job ended on this side alone, with an operation whose clip is or will be there to be fetched.

    `code` is that of the job's error. Whoever asks the same again then looks at the operation and pays nothing.
    """
    return state in _ENDED_HERE and bool(operation) and code not in _LAST_WORDS


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
    filtered: tuple[str, ...] = ()
    """The safety filter's words, for a job that lost some of its samples."""
    unanswered: int = 0
    """How many submits before the present one were sent and never answered."""
    unanswered_usd: float | None = None
    """What those may have cost by estimate; it is in `estimate` too."""
    usage: dict[str, Any] | None = None
    """What the provider says that it took of it, in the provider's own words."""

    @property
    def fetchable(self) -> bool:
        """Whether its clip may still be fetched, though the job has ended without it."""
        return is_fetchable(self.state, self.operation, (self.error or {}).get("code"))


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


@dataclass(frozen=True)
class LimitsRow:
    """What the refusals of a provider have taught: the share of what is allowed, and how many requests a minute it bore."""

    place: str
    """The provider's name, or the base address that stands in for it."""
    share: float
    per_minute: float | None
    refused_at: float


@dataclass(frozen=True)
class GenerationTime:
    """How many seconds a clip took, and what was asked of it; None where that was left to the provider."""

    seconds: float
    resolution: str | None
    duration: int | None


@dataclass(frozen=True)
class UploadRow:
    """A file that lies at a provider, to be named by its address: which bytes, where, and until when."""

    sha256: str
    place: str
    """The provider's name, or the base address that stands in for it."""
    name: str
    """What the provider calls it: `files/abc`."""
    uri: str
    mime: str
    expires_at: float


def job_values(row: JobRow) -> dict[str, Any]:
    """A job as the columns of its table."""
    texts = job_changes(request=row.request, error=row.error, filtered=row.filtered or None, usage=row.usage)
    return {**vars(row), **texts}


def job_changes(**changes: Any) -> dict[str, Any]:
    """Some columns of a job as its table has them."""
    return {
        name: json.dumps(value, ensure_ascii=name != "request")
        if name in ("request", "error", "filtered", "usage") and value is not None
        else value
        for name, value in changes.items()
    }


def read_job(found: sqlite3.Row) -> JobRow:
    """The job in a row of its table."""
    values = known(JobRow, found)
    values["request"] = json.loads(values["request"])
    values["error"] = read_error(values["error"])
    values["filtered"] = tuple(json.loads(values["filtered"] or "[]"))
    values["usage"] = json.loads(values["usage"] or "null")
    return JobRow(**values)


def read_video(found: sqlite3.Row) -> VideoRow:
    """The video in a row of its table."""
    return VideoRow(**{**known(VideoRow, found), "has_audio": bool(found["has_audio"])})


def read_owner(found: sqlite3.Row) -> Owner:
    """The owner in a row of its table."""
    return Owner(**known(Owner, found))


def read_limits(found: sqlite3.Row) -> LimitsRow:
    """The limits in a row of their table."""
    return LimitsRow(**known(LimitsRow, found))


def read_time(found: sqlite3.Row) -> GenerationTime:
    """How long a clip took, out of its job's row."""
    asked = json.loads(found["request"])
    return GenerationTime(float(found["s"]), asked.get("resolution"), asked.get("duration_seconds"))


def read_upload(found: sqlite3.Row) -> UploadRow:
    """The file in a row of its table."""
    return UploadRow(**known(UploadRow, found))


def read_error(stored: str | None) -> dict[str, Any] | None:
    """A job's error out of its column.

    The first versions wrote that they had given an operation up as if the provider had failed: it is told by its hint.
    """
    if stored is None:
        return None
    error: dict[str, Any] = json.loads(stored)
    if error.get("code") == errors.OperationFailed.code and _GIVEN_UP.fullmatch(str(error.get("hint"))):
        return {**error, "code": errors.OperationAbandoned.code}
    return error


def read_code(stored: str | None) -> str | None:
    """The code of a job's error out of its column."""
    return (read_error(stored) or {}).get("code")


def error_to_json(error: errors.VeoError) -> dict[str, Any]:
    """An error as the ledger keeps it."""
    return {"code": error.code, "message": error.message, "hint": error.hint}


def error_from_json(stored: dict[str, Any] | None) -> errors.VeoError | None:
    """The error that was kept, as its own class."""
    if stored is None:
        return None
    return errors.KINDS.get(stored["code"], errors.VeoError)(stored["message"], hint=stored["hint"])


def known(kind: Any, found: sqlite3.Row) -> dict[str, Any]:
    """The columns that this version knows: a newer one may add some while this one has the file open."""
    names = {field.name for field in fields(kind)}
    return {name: found[name] for name in found.keys() if name in names}  # noqa: SIM118  a Row's `in` looks at values
