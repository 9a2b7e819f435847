"""The tables of the ledger, version by version."""

_COUNT = "UPDATE revision SET changes = changes + 1;"
_SHELVE = f"""
        DELETE FROM shelf WHERE number = (SELECT number FROM numbers WHERE job_id = NEW.{{id}});
        INSERT INTO shelf SELECT * FROM findable WHERE job_id = NEW.{{id}};
        {_COUNT}"""
"""What most triggers of version 5 do: the clips of a job are put on the shelf anew, as they are now."""
_NUMBER = """
        INSERT INTO numbers (job_id) SELECT NEW.id WHERE NOT EXISTS (SELECT 1 FROM numbers WHERE job_id = NEW.id);"""
_KEPT = """NOT EXISTS
            (SELECT 1 FROM deleted d WHERE d.job_id = {id} AND d.sample = {sample} AND d.deleted_at IS NOT NULL)"""
_DAY = "CAST({row}.created_at / 86400 AS INTEGER)"
_OVER = "{row}.state IN ('succeeded', 'failed', 'blocked', 'cancelled', 'uncertain')"


def _count_evidence(*tables: str) -> str:
    """The triggers that count each write to these tables."""
    return "".join(
        f"CREATE TRIGGER {table}_{event.lower()} AFTER {event} ON {table}"
        " BEGIN UPDATE revision SET evidence = evidence + 1; END;"
        for table in tables
        for event in ("INSERT", "UPDATE", "DELETE")
    )


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
    f"""
    CREATE TABLE numbers (number INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT NOT NULL UNIQUE);
    CREATE VIEW findable AS
        SELECT ifnull(j.finished_at, j.created_at) AS made_at, j.id AS job_id, v.sample AS sample,
            n.number AS number, 'made' AS place, j.model AS model,
            ifnull(r.rating, 0) AS rating, ifnull(r.star, 0) AS star
        FROM jobs j JOIN numbers n ON n.job_id = j.id JOIN videos v ON v.job_id = j.id
            LEFT JOIN ratings r ON r.job_id = v.job_id AND r.sample = v.sample
        WHERE j.state = 'succeeded' AND {_KEPT.format(id="v.job_id", sample="v.sample")}
        UNION ALL
        SELECT o.created_at, o.id, 0, n.number, 'joined', '', ifnull(o.rating, 0), o.star
        FROM joined o JOIN numbers n ON n.job_id = o.id WHERE {_KEPT.format(id="o.id", sample="0")}
        UNION ALL
        SELECT ifnull(j.finished_at, j.created_at), j.id, 0, n.number, j.state, j.model, 0, 0
        FROM jobs j JOIN numbers n ON n.job_id = j.id
        WHERE j.state IN ('failed', 'blocked', 'cancelled', 'uncertain')
            AND {_KEPT.format(id="j.id", sample="0")};
    CREATE TABLE shelf (
        made_at REAL NOT NULL,
        job_id TEXT NOT NULL,
        sample INTEGER NOT NULL,
        number INTEGER NOT NULL,
        place TEXT NOT NULL,
        model TEXT NOT NULL,
        rating INTEGER NOT NULL,
        star INTEGER NOT NULL,
        PRIMARY KEY (made_at DESC, job_id, sample, place)
    ) WITHOUT ROWID;
    CREATE INDEX shelf_by_number ON shelf (number, place);
    CREATE INDEX shelf_by_rating ON shelf (rating DESC, star DESC, made_at DESC, job_id, sample, place);
    CREATE TABLE shelf_counts (
        place TEXT NOT NULL,
        model TEXT NOT NULL,
        clips INTEGER NOT NULL,
        PRIMARY KEY (place, model)
    );
    CREATE TABLE days (day INTEGER PRIMARY KEY, changes INTEGER NOT NULL);
    INSERT INTO days SELECT {_DAY.format(row="jobs")} AS day, 0 FROM jobs GROUP BY day;
    CREATE TRIGGER days_begin AFTER INSERT ON jobs BEGIN
        INSERT INTO days SELECT {_DAY.format(row="NEW")}, 0
            WHERE NOT EXISTS (SELECT 1 FROM days WHERE day = {_DAY.format(row="NEW")});
        UPDATE days SET changes = changes + 1 WHERE day = {_DAY.format(row="NEW")};
    END;
    CREATE TRIGGER days_change AFTER UPDATE ON jobs BEGIN
        UPDATE days SET changes = changes + 1 WHERE day = {_DAY.format(row="NEW")};
    END;
    CREATE TRIGGER days_lose AFTER DELETE ON jobs BEGIN
        UPDATE days SET changes = changes + 1 WHERE day = {_DAY.format(row="OLD")};
    END;
    CREATE TABLE revision (library TEXT NOT NULL, changes INTEGER NOT NULL);
    INSERT INTO revision VALUES (hex(randomblob(8)), 0);
    INSERT INTO numbers (job_id) SELECT id FROM jobs ORDER BY rowid;
    INSERT OR IGNORE INTO numbers (job_id) SELECT id FROM joined ORDER BY rowid;
    INSERT INTO shelf SELECT * FROM findable;
    INSERT INTO shelf_counts SELECT place, model, count(*) FROM shelf GROUP BY place, model;
    CREATE TRIGGER shelf_gets AFTER INSERT ON shelf BEGIN
        INSERT INTO shelf_counts SELECT NEW.place, NEW.model, 0 WHERE NOT EXISTS
            (SELECT 1 FROM shelf_counts WHERE place = NEW.place AND model = NEW.model);
        UPDATE shelf_counts SET clips = clips + 1 WHERE place = NEW.place AND model = NEW.model;
    END;
    CREATE TRIGGER shelf_loses AFTER DELETE ON shelf BEGIN
        UPDATE shelf_counts SET clips = clips - 1 WHERE place = OLD.place AND model = OLD.model;
    END;
    CREATE TRIGGER jobs_enter AFTER INSERT ON jobs WHEN NOT {_OVER.format(row="NEW")}
        BEGIN {_NUMBER} {_COUNT} END;
    CREATE TRIGGER jobs_return AFTER INSERT ON jobs WHEN {_OVER.format(row="NEW")}
        BEGIN {_NUMBER} {_SHELVE.format(id="id")} END;
    CREATE TRIGGER jobs_are_sent AFTER UPDATE OF state ON jobs
        WHEN (OLD.state = 'queued') != (NEW.state = 'queued') AND NOT {_OVER.format(row="OLD")}
            AND NOT {_OVER.format(row="NEW")}
        BEGIN {_COUNT} END;
    CREATE TRIGGER jobs_end AFTER UPDATE OF state, finished_at ON jobs
        WHEN ({_OVER.format(row="OLD")} OR {_OVER.format(row="NEW")})
            AND (OLD.state != NEW.state OR OLD.finished_at IS NOT NEW.finished_at)
        BEGIN {_SHELVE.format(id="id")} END;
    CREATE TRIGGER jobs_leave AFTER DELETE ON jobs BEGIN
        DELETE FROM shelf WHERE number = (SELECT number FROM numbers WHERE job_id = OLD.id);
        DELETE FROM numbers WHERE job_id = OLD.id;
        {_COUNT}
    END;
    CREATE TRIGGER videos_come AFTER INSERT ON videos BEGIN {_SHELVE.format(id="job_id")} END;
    CREATE TRIGGER ratings_come AFTER INSERT ON ratings BEGIN {_SHELVE.format(id="job_id")} END;
    CREATE TRIGGER ratings_change AFTER UPDATE ON ratings BEGIN {_SHELVE.format(id="job_id")} END;
    CREATE TRIGGER deleted_come AFTER INSERT ON deleted BEGIN {_SHELVE.format(id="job_id")} END;
    CREATE TRIGGER deleted_change AFTER UPDATE ON deleted BEGIN {_SHELVE.format(id="job_id")} END;
    CREATE TRIGGER joined_come AFTER INSERT ON joined BEGIN {_NUMBER} {_SHELVE.format(id="id")} END;
    CREATE TRIGGER joined_change AFTER UPDATE ON joined BEGIN {_SHELVE.format(id="id")} END;
    CREATE TRIGGER sweeps_come AFTER INSERT ON sweeps BEGIN UPDATE revision SET changes = changes + 1; END;
    CREATE TRIGGER sweeps_start AFTER UPDATE OF started_at ON sweeps BEGIN
        UPDATE revision SET changes = changes + 1;
    END;
    CREATE TRIGGER origins_come AFTER INSERT ON origins BEGIN UPDATE revision SET changes = changes + 1; END;
    CREATE INDEX jobs_by_model ON jobs (provider, model, created_at, submitted_at, generated_at)
        WHERE state = 'succeeded';
    CREATE INDEX ratings_with_note ON ratings (job_id, sample, note) WHERE note != '';
    """,
    """
    ALTER TABLE jobs ADD COLUMN usage TEXT;
    CREATE TABLE uploads (
        sha256 TEXT NOT NULL,
        place TEXT NOT NULL,
        name TEXT NOT NULL,
        uri TEXT NOT NULL,
        mime TEXT NOT NULL,
        expires_at REAL NOT NULL,
        PRIMARY KEY (sha256, place)
    );
    """,
    f"""
    CREATE TABLE comparisons (
        id TEXT PRIMARY KEY,
        sweep_id TEXT,
        by TEXT NOT NULL,
        question TEXT NOT NULL,
        clips TEXT NOT NULL,
        rounds INTEGER,
        created_at REAL NOT NULL
    );
    CREATE INDEX comparisons_by_sweep ON comparisons (sweep_id);
    CREATE TABLE votes (
        id TEXT PRIMARY KEY,
        comparison_id TEXT NOT NULL,
        left_job TEXT NOT NULL,
        left_sample INTEGER NOT NULL,
        right_job TEXT NOT NULL,
        right_sample INTEGER NOT NULL,
        choice TEXT NOT NULL,
        voter TEXT NOT NULL,
        judge INTEGER NOT NULL DEFAULT 0,
        voted_at REAL NOT NULL,
        seconds REAL,
        undone_at REAL
    );
    CREATE INDEX votes_by_comparison ON votes (comparison_id, voter);
    CREATE TABLE pairs (
        comparison_id TEXT NOT NULL,
        voter TEXT NOT NULL,
        left_job TEXT NOT NULL,
        left_sample INTEGER NOT NULL,
        right_job TEXT NOT NULL,
        right_sample INTEGER NOT NULL,
        PRIMARY KEY (comparison_id, voter)
    );
    CREATE TABLE voters (person TEXT PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE measures (
        job_id TEXT NOT NULL,
        sample INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        version INTEGER NOT NULL,
        found TEXT NOT NULL,
        measured_at REAL NOT NULL,
        PRIMARY KEY (job_id, sample)
    );
    CREATE TABLE experiments (
        sweep_id TEXT PRIMARY KEY,
        question TEXT NOT NULL DEFAULT '',
        hypothesis TEXT NOT NULL DEFAULT '',
        conclusion TEXT NOT NULL DEFAULT '',
        changed_at REAL NOT NULL
    );
    CREATE INDEX experiments_by_time ON experiments (changed_at);
    ALTER TABLE revision ADD COLUMN evidence INTEGER NOT NULL DEFAULT 0;
    {_count_evidence("comparisons", "votes", "measures", "experiments")}
    """,
)
"""Each brings a ledger from the version before it; `user_version` counts them.

To change the schema, add one at the end and never touch those above: libraries are out there in each version, and a
kernel that loaded the former version goes on writing while this one migrates. So only add: tables, indexes, columns
with a default. The old file is kept beside it (`ledger-v1.bak`), all of it happens in one transaction, and
`tests/store/test_migrations.py` migrates a file of the first version. Rows of a new table that can't be made again
belong into the journal: one `_note` after the write, and the table's name in `KEPT`.

The `shelf` of version 5 is what can be found, a row each, in the order in which it is shown, and `shelf_counts` how many
there are: so a page costs the same whatever is in the library. Triggers keep both in step, since a former version
writes too; they ask SQLite for nothing that an old build of it has not. `revision` counts what changes in the library,
`days` what changes about the jobs of each day (UTC), so that a bill adds up anew only those that have changed.
A job or a joined clip has one of `numbers`, which nobody else gets when it is gone: the index of words goes by it.
The `uploads` of version 6 are the files that lie at a provider for two days; who has forgotten one uploads it once more.
Version 7 has what is decided by: who preferred which clip of two (`comparisons` with the value of each of their clips,
`votes`, and `pairs`, the one that a voter sees just now; `voters` are the names that people gave), what was measured of a
clip, and what a sweep was made to find out. `revision.evidence` counts their changes by themselves, since none of them
changes what can be found.
"""

KEPT = (
    *("jobs", "videos", "ratings", "deleted", "joined", "origins"),
    *("comparisons", "votes", "experiments"),
)
"""The tables whose rows are in the journal as well; owners come and go, and measures can be made again."""
SURE = ("operation", "submitted_at")
"""A change of these goes through a power cut in the journal too: money hangs on it."""
