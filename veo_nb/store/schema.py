"""The tables of the ledger, version by version."""

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
    ALTER TABLE jobs ADD COLUMN filtered TEXT;
    """,
    """
    CREATE TABLE deleted (
        job_id TEXT NOT NULL,
        sample INTEGER NOT NULL,
        deleted_at REAL,
        PRIMARY KEY (job_id, sample)
    );
    CREATE TABLE joined (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        pieces TEXT NOT NULL,
        path TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        duration REAL NOT NULL,
        fps REAL NOT NULL,
        has_audio INTEGER NOT NULL,
        created_at REAL NOT NULL,
        rating INTEGER CHECK (rating BETWEEN 1 AND 5),
        star INTEGER NOT NULL DEFAULT 0,
        note TEXT NOT NULL DEFAULT ''
    );
    CREATE TABLE origins (
        sha256 TEXT PRIMARY KEY,
        job_id TEXT NOT NULL,
        sample INTEGER NOT NULL,
        seconds REAL
    );
    CREATE INDEX jobs_by_end ON jobs (state, finished_at, created_at, id);
    CREATE INDEX joined_by_time ON joined (created_at);
    CREATE INDEX origins_by_clip ON origins (job_id, sample);
    """,
    """
    ALTER TABLE jobs ADD COLUMN unanswered INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE jobs ADD COLUMN unanswered_usd REAL;
    CREATE TABLE limits (
        place TEXT PRIMARY KEY,
        share REAL NOT NULL,
        per_minute REAL,
        refused_at REAL NOT NULL
    );
    """,
)
"""Each brings a ledger from the version before it; `user_version` counts them.

To change the schema, add one at the end and never touch those above: libraries are out there in each version, and a
kernel that loaded the former version goes on writing while this one migrates. So only add: tables, indexes, columns
with a default. The old file is kept beside it (`ledger-v1.bak`), all of it happens in one transaction, and
`tests/store/test_migrations.py` migrates a file of the first version. Rows of a new table that can't be made again
belong into the journal: one `_note` after the write, and the table's name in `KEPT`.
"""

KEPT = ("jobs", "videos", "ratings", "deleted", "joined", "origins")
"""The tables whose rows are in the journal as well; owners come and go."""
SURE = ("operation", "submitted_at")
"""A change of these goes through a power cut in the journal too: money hangs on it."""
