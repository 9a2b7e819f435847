"""A ledger as the first version of the package wrote it. Never touch this text: such libraries are out there."""

from __future__ import annotations

import sqlite3
from pathlib import Path

SCHEMA = """
CREATE TABLE jobs (
    id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, take INTEGER NOT NULL, provider TEXT NOT NULL,
    model TEXT NOT NULL, request TEXT NOT NULL, state TEXT NOT NULL, operation TEXT, error TEXT, estimate REAL,
    owner TEXT, created_at REAL NOT NULL, submitted_at REAL, generated_at REAL, finished_at REAL
);
CREATE INDEX jobs_by_request ON jobs (fingerprint, take, created_at);
CREATE INDEX jobs_by_time ON jobs (created_at);
CREATE INDEX jobs_by_state ON jobs (state);
CREATE TABLE videos (
    job_id TEXT NOT NULL REFERENCES jobs (id), sample INTEGER NOT NULL, uri TEXT NOT NULL, path TEXT NOT NULL,
    bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
    duration REAL NOT NULL, fps REAL NOT NULL, has_audio INTEGER NOT NULL, PRIMARY KEY (job_id, sample)
);
CREATE TABLE owners (id TEXT PRIMARY KEY, host TEXT NOT NULL, pid INTEGER NOT NULL, beat_at REAL NOT NULL);
PRAGMA user_version = 1;
"""
JOBS = """
INSERT INTO jobs VALUES ('3f2a', 'f1', 1, 'gptproto', 'veo-3.1-fast-generate-preview',
    '{"prompt": "A fox.", "model": "veo-3.1-fast-generate-preview"}', 'succeeded', 'models/m/operations/op1', NULL,
    1.2, 'me', 1800000000.0, 1800000001.0, 1800000042.0, 1800000050.0);
INSERT INTO jobs VALUES ('9c24', 'f2', 1, 'gptproto', 'veo-3.1-fast-generate-preview',
    '{"prompt": "An owl.", "model": "veo-3.1-fast-generate-preview"}', 'running', 'models/m/operations/op2', NULL,
    1.2, 'gone', 1800000100.0, 1800000101.0, NULL, NULL);
INSERT INTO videos VALUES ('3f2a', 0, 'https://x/1', '2027-01-15/fox-3f2a.mp4', 1000, 'ab', 1280, 720, 4.0, 24.0, 1);
"""


def make_ledger_v1(path: Path) -> None:
    """Write such a file: one job that is done, one under way."""
    db = sqlite3.connect(path)
    db.executescript("PRAGMA journal_mode = WAL;" + SCHEMA + JOBS)
    db.close()
