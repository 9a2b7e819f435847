"""The ledger: jobs, their videos and their owners in SQLite, written before anything is sent.

Safe to use from several threads and from several processes on one file. A write is on disk when the call
returns (`synchronous = FULL`), since an operation's name may be worth a dollar. The journal has it once more, for
the day when the file is damaged.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

from veo_nb import catalog
from veo_nb.errors import VeoError
from veo_nb.store.billing import Admit, Charge, Charges, gather, may_be_charged
from veo_nb.store.changes import Change, Changes
from veo_nb.store.database import Database, Restore, insert
from veo_nb.store.recovery.journal import Entry, Journal
from veo_nb.store.rows import (
    GONE,
    NEXT,
    GenerationTime,
    JobRow,
    LimitsRow,
    Owner,
    UploadRow,
    VideoRow,
    is_fetchable,
    job_changes,
    job_values,
    read_code,
    read_error,
    read_job,
    read_limits,
    read_owner,
    read_time,
    read_upload,
    read_video,
)
from veo_nb.store.schema import KEPT, MIGRATIONS, SURE

log = logging.getLogger("veo_nb")

T = TypeVar("T")

DAY_SECONDS = 86_400
_AddedUp = tuple[dict[int, tuple[object, ...]], dict[int, tuple[Charge, ...]], Charges]
"""How far each day had changed when it was added up, its charges, and those of all days together."""


class Ledger(Database):
    """The jobs of one library; `Ledger(path)` opens the file, or makes it.

    `journal` gets each write once more, `changed` is the library's stream; the others are as in `Database`.

    Raises:
        Damaged: the file is no ledger any more.
        VeoError: the file can't be read or written, here and in each method; nothing was changed then.
    """

    def __init__(
        self,
        path: Path,
        *,
        journal: Journal | None = None,
        restore: Restore | None = None,
        reserve: Path | None = None,
        connect: Callable[..., sqlite3.Connection] = sqlite3.connect,
        changed: Changes[Change] | None = None,
        refuse: Callable[[], VeoError] | None = None,
    ) -> None:
        super().__init__(path, MIGRATIONS, restore=restore, reserve=reserve, connect=connect, refuse=refuse)
        self.changed: Changes[Change] = Changes("the library") if changed is None else changed
        """Says each write to a job, its clips, what is thought of them, a sweep, and what is decided by."""
        self._journal = journal
        self._unnoted: list[Entry] = []
        self._wordless = False
        self._added_up: _AddedUp = ({}, {}, Charges())
        if journal is not None and not journal.path.exists():
            journal.begin(self.entries())

    def entries(self) -> Iterator[Entry]:
        """All that the journal should say."""
        for table in KEPT:
            for row in self.read(f"SELECT * FROM {table} ORDER BY rowid"):
                yield table, dict(row)

    def put(self, table: str, values: dict[str, Any]) -> bool:
        """Write a row that the journal or a sidecar has, unless there is one with its key; whether it was written."""
        columns, _ = self.keys(table)
        values = {name: value for name, value in values.items() if name in columns}
        done = self._write(lambda db: insert(db, table, values, "IGNORE"))
        if done:
            self._note(table, values)
        return done

    def add_job(self, row: JobRow, *, fresh: bool = False, admit: Admit | None = None) -> JobRow | None:
        """The row that now stands for a request: this one, or without `fresh` the one that did already.

        One step for all threads and processes, so that the same cell run in two kernels at once is sent once.
        None where the id is taken, and nothing was written. A new row is shown to `admit` first, as what was charged
        before it; what that raises keeps it out, and no other process gets in between.
        """
        values = job_values(row)

        def enter(db: sqlite3.Connection) -> JobRow | None:
            standing = None if fresh else self.standing(row.fingerprint, row.take)
            if standing is not None:
                return standing
            if admit is not None:
                admit(self.charges())
            if db.execute("SELECT 1 FROM joined WHERE id = ?", (row.id,)).fetchone():
                return None
            return row if insert(db, "jobs", values, "IGNORE") else None

        if admit is not None:
            # So that nobody waits in the transaction for more than what comes in between.
            self.charges()
        entered = self._write(enter)
        if entered is row:
            self._note("jobs", values)
        return entered

    def withdraw(self, job_ids: Sequence[str]) -> bool:
        """Take jobs out that were entered and not sent, all of them; False where one was sent by now, and none is taken out."""
        marks = ", ".join("?" * len(job_ids))
        unsent = f"FROM jobs WHERE id IN ({marks}) AND state = 'queued' AND submitted_at IS NULL AND unanswered = 0"

        def take_out(db: sqlite3.Connection) -> bool:
            (count,) = db.execute(f"SELECT count(*) {unsent}", job_ids).fetchone()
            if count != len(job_ids):
                return False
            db.execute(f"DELETE {unsent}", job_ids)
            return True

        done = self._write(take_out)
        for job_id in job_ids if done else ():
            # A line of the journal can't be taken out: a ledger made anew must not send it.
            self._note("jobs", {"id": job_id, "state": "cancelled"})
        return done

    def update_job(self, job_id: str, *, only_of: str | None = None, **changes: Any) -> bool:
        """Change columns of a job, with `only_of` just while that owner has it; whether it was changed."""
        values = job_changes(**changes)
        sets = ", ".join(f"{name} = :{name}" for name in values)
        mine = "" if only_of is None else " AND owner = :only_of"
        query = f"UPDATE jobs SET {sets} WHERE id = :job_id{mine}"
        bound = {**values, "job_id": job_id, "only_of": only_of}
        try:
            done = self._write(lambda db: db.execute(query, bound).rowcount == 1)
        except VeoError:
            if values.get("operation"):
                # The one thing that nobody can tell us again; the journal may have room where the ledger has none.
                self._note("jobs", {"id": job_id, **values})
            raise
        if done:
            self._note("jobs", {"id": job_id, **values})
        return done

    def noted_operation(self, row: JobRow) -> str | None:
        """The name of the operation of a job that the journal has and the ledger could not take."""
        if self._journal is None:
            return None
        for noted in self._journal.rows("jobs", ("id",)):
            if noted["id"] == row.id and noted.get("submitted_at") == row.submitted_at:
                return noted.get("operation")
        return None

    def job(self, job_id: str) -> JobRow | None:
        """The job with this id."""
        found = self.read("SELECT * FROM jobs WHERE id = ?", (job_id,))
        return read_job(found[0]) if found else None

    def jobs(self, limit: int = 50) -> list[JobRow]:
        """The newest jobs, newest first."""
        return [
            read_job(r)
            for r in self.read("SELECT * FROM jobs ORDER BY created_at DESC, rowid DESC LIMIT ?", (limit,))
        ]

    def standing(self, fingerprint: str, take: int) -> JobRow | None:
        """The newest job for this request and take that did not end so that the request is asked anew.

        One that was accepted stands even when it was stopped or its download failed, and whatever came of a later one:
        to ask anew would be to pay again.
        """
        # By when it was entered, not by a clock that may have been set back.
        found = self.read(
            "SELECT * FROM jobs WHERE fingerprint = ? AND take = ? ORDER BY rowid DESC",
            (fingerprint, take),
        )
        rows = (read_job(one) for one in found)
        return next((row for row in rows if row.state not in GONE or row.fetchable), None)

    def has_any(self, fingerprints: Sequence[str], take: int) -> bool:
        """Whether one of these requests was ever asked for with this take, whatever came of it."""
        marks = ", ".join("?" * len(fingerprints))
        query = f"SELECT 1 FROM jobs WHERE fingerprint IN ({marks}) AND take = ? LIMIT 1"
        return bool(self.read(query, (*fingerprints, take)))

    def unfinished(self) -> list[JobRow]:
        """Every job that is not in a final state, oldest first."""
        # Those that are named are found by an index; to find all others each job would be looked at.
        going = [*NEXT]
        marks = ", ".join("?" * len(going))
        found = self.read(f"SELECT * FROM jobs WHERE state IN ({marks}) ORDER BY created_at, rowid", going)
        return [read_job(r) for r in found]

    def unfetched(self, since: float) -> list[JobRow]:
        """The jobs entered after `since` that ended without a clip that may still be fetched, and nobody deleted."""
        found = self.read(
            # The plus keeps SQLite from going through all that ever failed, in place of the few of late.
            "SELECT * FROM jobs WHERE +state IN ('failed', 'cancelled') AND operation IS NOT NULL AND created_at > ?"
            " AND id NOT IN (SELECT job_id FROM deleted WHERE deleted_at IS NOT NULL) ORDER BY created_at, rowid",
            (since,),
        )
        # Most failed for good: of those nothing but the error is read.
        may_be = (r for r in found if is_fetchable(r["state"], r["operation"], read_code(r["error"])))
        return [read_job(r) for r in may_be]

    def generation_times(self, provider: str, model: str, limit: int = 50) -> list[GenerationTime]:
        """How long the newest finished clips took from submit to ready, newest first, and what was asked of each."""
        found = self.read(
            "SELECT generated_at - submitted_at AS s, request FROM jobs WHERE provider = ? AND model = ?"
            " AND state = 'succeeded' AND generated_at > submitted_at ORDER BY created_at DESC LIMIT ?",
            (provider, model, limit),
        )
        return [read_time(r) for r in found]

    def charges(self) -> Charges:
        """What all jobs cost by their estimates, by day, provider, model and state, newest day first."""
        with self._lock:
            found = self.read("SELECT day, days.changes, library FROM days, revision")
            days: dict[int, tuple[object, ...]] = {
                row["day"]: (row["changes"], row["library"], time.tzname) for row in found
            }
            before, known, charges = self._added_up
            if days == before:
                return charges
            sheets = {
                day: known[day] if before.get(day) == stamp else self._sheet(day)
                for day, stamp in days.items()
            }
            charges = Charges(gather(charge for sheet in sheets.values() for charge in sheet))
            if not self._db.in_transaction:
                # What is counted in a transaction may be taken back with it, and counted once more for something else.
                self._added_up = days, sheets, charges
            return charges

    def _sheet(self, day: int) -> tuple[Charge, ...]:
        """The charges of the jobs of a day of 86,400 seconds since the epoch."""
        found = self.read(
            "SELECT date(created_at, 'unixepoch', 'localtime') AS day, provider, model, state,"
            " operation IS NOT NULL AS accepted, submitted_at IS NOT NULL AS sent, error, unanswered > 0 AS unanswered,"
            " count(*) AS jobs, total(estimate) AS usd, sum(estimate IS NULL) AS unpriced,"
            " total(unanswered_usd) AS unanswered_usd, sum(unanswered_usd IS NULL) AS unanswered_unpriced,"
            " count(usage) AS counted, total(CASE WHEN usage IS NOT NULL THEN estimate END) AS counted_estimate,"
            " total(json_extract(usage, '$.input')) AS input, total(json_extract(usage, '$.video')) AS video,"
            " total(json_extract(usage, '$.text')) AS text"
            " FROM jobs WHERE created_at >= ? AND created_at < ? GROUP BY 1, 2, 3, 4, 5, 6, 7, 8",
            (day * DAY_SECONDS, (day + 1) * DAY_SECONDS),
        )
        return gather(_charge(r) for r in found)

    def charge_again(self, job_id: str, usd: float | None, *, admit: Admit | None = None) -> float | None:
        """What a job may cost now that it is sent once more, if `admit` lets that through."""

        def charge(db: sqlite3.Connection) -> dict[str, Any] | None:
            if admit is not None:
                admit(self.charges())
            db.execute(
                "UPDATE jobs SET unanswered = unanswered + 1, unanswered_usd = estimate,"
                # Of an unknown price nothing can be added.
                " estimate = ifnull(ifnull(estimate, 0) + ?, estimate) WHERE id = ?",
                (usd, job_id),
            )
            return _bill(db, job_id)

        return self._billed(self._write(charge))

    def take_back(self, job_id: str) -> float | None:
        """What a job may have cost without its last submit, which was certainly not accepted."""

        def restore(db: sqlite3.Connection) -> dict[str, Any] | None:
            db.execute("UPDATE jobs SET estimate = unanswered_usd WHERE id = ? AND unanswered > 0", (job_id,))
            return _bill(db, job_id)

        return self._billed(self._write(restore))

    def _billed(self, row: dict[str, Any] | None) -> float | None:
        if row is None:
            return None
        self._note("jobs", row)
        estimate: float | None = row["estimate"]
        return estimate

    def add_video(self, row: VideoRow) -> None:
        """Write a fetched video down, in place of an earlier one for the same sample."""
        self.write(lambda db: insert(db, "videos", vars(row), "REPLACE"), ("videos", vars(row)))

    def videos(self, job_id: str) -> list[VideoRow]:
        """The fetched videos of a job, by sample."""
        found = self.read("SELECT * FROM videos WHERE job_id = ? ORDER BY sample", (job_id,))
        return [read_video(r) for r in found]

    def kept_videos(self, job_id: str) -> list[VideoRow]:
        """As `videos`, without those that somebody deleted."""
        gone = {
            row["sample"]
            for row in self.read(
                "SELECT sample FROM deleted WHERE job_id = ? AND deleted_at IS NOT NULL", (job_id,)
            )
        }
        return [row for row in self.videos(job_id) if row.sample not in gone]

    def beat(self, owner: Owner) -> None:
        """Say that an owner lives; not worth the reserve of a full disk."""
        with self._writing() as db:
            insert(db, "owners", vars(owner), "REPLACE")

    def index_words(self) -> bool:
        """Take the prompts of new jobs into the index of words; False where this SQLite has none, or it can't be written.

        They are taken in when somebody searches, not by a trigger: a kernel whose SQLite has no FTS5 could write no job
        any more, and only Python folds all letters. A prompt never changes, and a number is given once, so the last one says what is missing.
        """
        try:
            while not self._wordless and self._has_new_words():
                with self._writing() as db:
                    for table in _WORDS:
                        db.execute(table)
                    found = db.execute(_UNINDEXED).fetchall()
                    texts = ((row["number"], row["text"].casefold() + _END) for row in found)
                    db.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", texts)
        except VeoError as error:
            log.info("no index of words: %s", error)
            self._wordless = True
        return not self._wordless

    def _has_new_words(self) -> bool:
        if not self.read("SELECT 1 FROM sqlite_master WHERE name = 'words'"):
            return True
        newest = "SELECT ifnull((SELECT max(number) FROM numbers), 0) > ifnull((SELECT max(id) FROM words_docsize), 0)"
        return bool(self.read(newest)[0][0])

    def leave(self, owner_id: str) -> None:
        """Take an owner out: its jobs are free."""
        with self._writing() as db:
            db.execute("DELETE FROM owners WHERE id = ?", (owner_id,))

    def owner(self, owner_id: str) -> Owner | None:
        """The owner with this id; None when it has left."""
        found = self.read("SELECT * FROM owners WHERE id = ?", (owner_id,))
        return read_owner(found[0]) if found else None

    def owners(self) -> list[Owner]:
        """Those that have not left."""
        return [read_owner(found) for found in self.read("SELECT * FROM owners")]

    def limits(self, place: str) -> LimitsRow | None:
        """What the refusals of a provider have taught; None where it never refused."""
        found = self.read("SELECT * FROM limits WHERE place = ?", (place,))
        return read_limits(found[0]) if found else None

    def remember_limits(self, row: LimitsRow) -> None:
        """Write down what a refusal has taught, for the kernels to come."""
        with self._writing() as db:
            insert(db, "limits", vars(row), "REPLACE")

    def upload(self, sha256: str, place: str) -> UploadRow | None:
        """The file with these bytes that lies at a provider; None where none does, or nobody remembers."""
        found = self.read("SELECT * FROM uploads WHERE sha256 = ? AND place = ?", (sha256, place))
        return read_upload(found[0]) if found else None

    def remember_upload(self, row: UploadRow, now: float) -> None:
        """Write down that a file lies at a provider, for all kernels; those that have expired by now are forgotten."""
        with self._writing() as db:
            db.execute("DELETE FROM uploads WHERE expires_at < ?", (now,))
            insert(db, "uploads", vars(row), "REPLACE")

    def forget_upload(self, uri: str, place: str) -> bool:
        """Strike a file out that the provider does not have; whether it was known."""
        with self._writing() as db:
            query = "DELETE FROM uploads WHERE uri = ? AND place = ?"
            return db.execute(query, (uri, place)).rowcount > 0

    def claim(self, row: JobRow, owner_id: str) -> bool:
        """Make a job ours if it is still as `row` says; False where another was quicker."""
        query = "UPDATE jobs SET owner = ? WHERE id = ? AND owner IS ? AND state = ?"
        bound = (owner_id, row.id, row.owner, row.state)
        done = self._write(lambda db: db.execute(query, bound).rowcount == 1)
        if done:
            self._note("jobs", {"id": row.id, "owner": owner_id})
        return done

    def write(self, work: Callable[[sqlite3.Connection], T], *notes: Entry) -> T:
        """What `work` gives, in a transaction that is on disk when it ends, and then in the journal.

        For those who keep tables of their own in this file, as `read` is. `work` may fill the notes in; one that is left
        empty is none.
        """
        done = self._write(work)
        for table, values in notes:
            if values:
                self._note(table, values)
        return done

    @contextmanager
    def together(self) -> Iterator[None]:
        """As in `Database`; the journal has it, and who listens hears of it, once it is on disk."""
        with self._lock:
            try:
                with super().together():
                    yield
                entries = self._unnoted
            finally:
                self._unnoted = []
        self._note_all(entries)

    def _note(self, table: str, values: dict[str, Any]) -> None:
        """Write into the journal what has just been written into a table, and tell who listens."""
        if self._together:
            self._unnoted.append((table, values))
        else:
            self._note_all([(table, values)])

    def _note_all(self, entries: Sequence[Entry]) -> None:
        surely = any(values.get(name) for _, values in entries for name in SURE)
        if self._journal is not None and not self._journal.add(entries, surely=surely):
            self._journal.begin(self.entries())
        for table, values in entries:
            changed = next((values[name] for name in _ABOUT if values.get(name)), None)
            if changed:
                self.changed.emit(Change(_KINDS.get(table, "clip"), str(changed)))


class Writer:
    """The ledger for the many tasks of one event loop: what they write at the same time is one transaction, on a thread.

    A disk takes milliseconds to say that it has something, and a loop that waits for it sends nothing meanwhile.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._waiting: list[tuple[Callable[[], Any], asyncio.Future[Any]]] = []
        self._task: asyncio.Task[None] | None = None

    async def do(self, call: Callable[[], T], then: Callable[[T], object] = lambda _: None) -> T:
        """What this call of the ledger gives, once it is on disk; `then` is told of it even where nobody waits any more.

        A task that is cancelled before the call was begun leaves nothing behind; later, it first waits for its end, so
        that what is written next comes after it.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        entry = (call, future)
        self._waiting.append(entry)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError:
            if entry in self._waiting:
                self._waiting.remove(entry)
                raise
            while not future.done():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait([future])
            if not future.cancelled() and future.exception() is None:
                then(future.result())
            raise
        then(future.result())
        return future.result()

    async def _work(self) -> None:
        batch: list[tuple[Callable[[], Any], asyncio.Future[Any]]] = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                calls = [call for call, _ in batch]
                try:
                    outcomes = await asyncio.to_thread(self._all, calls)
                except RuntimeError:
                    # At the end of the process no thread can be had any more.
                    outcomes = self._all(calls)
                for (_, future), (done, failure) in zip(batch, outcomes, strict=True):
                    if failure is None:
                        future.set_result(done)
                    else:
                        future.set_exception(failure)
        finally:
            self._task = None
            for _, future in (*batch, *self._waiting):
                # Only where the loop itself ends is one of them left over.
                future.cancel()

    def _all(self, calls: Sequence[Callable[[], Any]]) -> list[tuple[Any, Exception | None]]:
        if len(calls) > 1:
            # Where it fails, nothing of it is there, and none of them fails for another's sake.
            with contextlib.suppress(Exception), self.ledger.together():
                return [(call(), None) for call in calls]
        return [_outcome(call) for call in calls]


def _outcome(call: Callable[[], T]) -> tuple[T | None, Exception | None]:
    try:
        return call(), None
    except Exception as error:  # noqa: BLE001  it is for whoever waits for it
        return None, error


_WORDS = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(text, content='', tokenize='trigram case_sensitive 1')",
    "CREATE VIRTUAL TABLE IF NOT EXISTS words_terms USING fts5vocab(words, row)",
)
_UNINDEXED = (
    "SELECT number, coalesce(json_extract(request, '$.prompt'), title, '') || ' ' || job_id AS text FROM numbers"
    " LEFT JOIN jobs j ON j.id = job_id LEFT JOIN joined o ON o.id = job_id"
    " WHERE number > ifnull((SELECT max(id) FROM words_docsize), 0) ORDER BY number LIMIT 1000"
)
"""So many at once hold nobody up who wants to write."""
_END = "\n\n"
"""Behind each text, so that its last two letters begin three of them as well."""


_KINDS: dict[str, Literal["job", "rating", "evidence"]] = {
    "jobs": "job",
    "ratings": "rating",
    **dict.fromkeys(("comparisons", "votes", "experiments"), "evidence"),
}
"""What a row of a table is about; all the other tables are about clips."""
_ABOUT = ("job_id", "comparison_id", "id", "sweep_id")
"""The columns of a row that name what it is about; the first that it has counts."""


def _bill(db: sqlite3.Connection, job_id: str) -> dict[str, Any] | None:
    """The columns of a job that say what it may cost."""
    query = "SELECT id, estimate, unanswered, unanswered_usd FROM jobs WHERE id = ?"
    found = db.execute(query, (job_id,)).fetchone()
    return None if found is None else dict(found)


def _charge(found: sqlite3.Row) -> Charge:
    error = read_error(found["error"])
    charged = may_be_charged(
        found["state"], accepted=bool(found["accepted"]), sent=bool(found["sent"]), error=error
    )
    # Whatever came of the last submit, what was sent before and never answered may have been charged.
    before = "" if charged or not found["unanswered"] else "unanswered_"
    charged = charged or bool(before)
    return Charge(
        day=found["day"],
        provider=found["provider"],
        model=found["model"],
        state=found["state"],
        charged=charged,
        jobs=found["jobs"],
        usd=found[f"{before}usd"] if charged else 0.0,
        unpriced=found[f"{before}unpriced"] if charged else 0,
        **(_counted(found) if charged else {}),
    )


def _counted(found: sqlite3.Row) -> dict[str, Any]:
    """What the provider's own count of the tokens of these jobs comes to; nothing where it told none."""
    usage = catalog.Usage(**{name: int(found[name]) for name in ("input", "video", "text")})
    usd = usage.usd(found["model"])
    if not found["counted"] or usd is None:
        return {}
    return {
        "counted": found["counted"],
        "counted_usd": usd,
        "counted_estimate": found["counted_estimate"],
    }
