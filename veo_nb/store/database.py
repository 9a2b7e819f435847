"""A SQLite file that threads and processes share: checked when it is opened, backed up before it is migrated.

A ledger may be deleted, or set aside as damaged and made anew, while other kernels have it open. What they would write
to the file that is gone would be lost, so each use first looks whether the file at its path is still the one. Damage
that is read on the way is an error that names the repair: the journal has what was paid for.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import sqlite3
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any, TypeVar

from veo_nb.errors import VeoError
from veo_nb.store.files import find_drive, flush, move

T = TypeVar("T")
Restore = Callable[[Callable[[], None]], object]

BUSY_SECONDS = 15.0
"""How long a call waits for another process that is writing."""
CHECKED_BYTES = 32 * 2**20
"""A larger file is checked behind the back of whoever opens it; up to here it takes under a tenth of a second."""
PROBE_BYTES = 2**16
NOWHERE = (-1, -1)
"""No file is this one."""
RESERVE_BYTES = 2**18
"""Room for some dozen writes when the disk is full."""


MENDED_BY = "%veo doctor --repair makes it anew."
UNUSABLE = "Make room, look at the folder's rights, or use veo.configure(library=…)."


class Damaged(VeoError):  # noqa: N818
    """The file is no database any more."""


class Database:
    """The file at `path`, with the schema that `migrations` lead to; each brings it one version on.

    `restore(reopen)` is called when another file stands at the path while this one is open, or none (the row `alive:
    ledger deleted` of tests/faults): it makes the file anew, if nobody has yet, and calls `reopen` before anyone else
    can touch it. `reserve` is a file that is given up when the disk is full, so that what was just paid for can still
    be written down (the rows `full while it is sent` and `full during the download`). `connect` opens the file.
    With `refuse` it is only read, and whoever wants to write gets the error that this gives.

    Raises:
        Damaged: the file is not a database any more; nothing was changed.
        VeoError: it can't be read or written, here and in each method; nothing was changed then.
    """

    def __init__(
        self,
        path: Path,
        migrations: Sequence[str],
        *,
        restore: Restore | None = None,
        reserve: Path | None = None,
        connect: Callable[..., sqlite3.Connection] = sqlite3.connect,
        refuse: Callable[[], VeoError] | None = None,
    ) -> None:
        self._path = path
        self._refuse = refuse
        self.without_wal = ""
        """Where the file is kept without WAL: why."""
        self._open = connect
        self._migrations = migrations
        self._restore = restore
        self._reserve = reserve
        self._lock = threading.RLock()
        self._together = False
        self._pid = os.getpid()
        self._begin()
        _OPEN.add(self)

    def close(self) -> None:
        """Close the file; calls after this raise `sqlite3.ProgrammingError`."""
        if self._pid != os.getpid():
            return
        with self._lock:
            self._restore = None
            self._db.close()

    def check(self) -> None:
        """Read the whole file, from the disk and not from what this process remembers of it.

        Raises:
            Damaged: something in it is wrong.
        """
        with self._plainly(), contextlib.closing(sqlite3.connect(self._path, timeout=BUSY_SECONDS)) as db:
            self._examine(db, "integrity_check(1)")

    def check_later(self) -> None:
        """Check a file that was too large for that when it was opened, on a thread; have it made anew if it is damaged."""
        if self._unchecked:
            threading.Thread(target=self._check_behind, name="veo_nb-check", daemon=True).start()

    def _check_behind(self) -> None:
        try:
            with self._plainly(), contextlib.closing(sqlite3.connect(self._path, timeout=BUSY_SECONDS)) as db:
                self._glance(db)
        except Damaged:
            with contextlib.suppress(VeoError, sqlite3.ProgrammingError):
                self.heal()
        except VeoError:
            # It is busy or gone: whoever uses it next is told.
            pass

    @property
    def read_only(self) -> bool:
        """Whether nothing can be written."""
        return self._refuse is not None

    def check_writable(self) -> None:
        """Raise the error that whoever wants to write gets, where nothing can be written."""
        if self._refuse is not None:
            raise self._refuse()

    def heal(self) -> None:
        """Have the file made anew if it is damaged or gone, and open it, where there is somebody to do that."""
        with self._lock:
            if self._restore is None:
                return
            # On Windows nobody moves a file that is open, not even whoever has it open.
            self._db.close()
            try:
                self._restore(self._reopen)
            except BaseException:
                self._stand_in()
                raise

    def read(self, query: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[sqlite3.Row]:
        """The rows of a query."""
        self._check_process()
        with self._lock:
            self._follow()
            with self._plainly():
                return self._db.execute(query, values).fetchall()

    def keys(self, table: str) -> tuple[list[str], list[str]]:
        """All columns of a table, and those of its primary key."""
        found = self.read(f"PRAGMA table_info({table})")
        return [row["name"] for row in found], [row["name"] for row in found if row["pk"]]

    def version(self) -> int:
        """A number that changes whenever another process, or another opening of the file, has written to it."""
        return int(self.read("PRAGMA data_version")[0][0])

    def hold_reserve(self) -> None:
        """Have the reserve there for the next full disk, where there is room for it now."""
        if self._reserve is None or self.read_only or self._reserve.exists():
            return
        try:
            # Random, since some disks store zeros in no room at all.
            self._reserve.write_bytes(os.urandom(RESERVE_BYTES))
        except OSError:
            with contextlib.suppress(OSError):
                self._reserve.unlink()

    def _check_process(self) -> None:
        # Before the lock, which a thread of the parent may have held.
        if self._pid != os.getpid():
            raise left_behind(self._pid)

    def _begin(self) -> None:
        if (found := _identity(self._path)) in _LEFT:
            raise left_behind(_LEFT[found])
        with self._plainly():
            self._connect()
        try:
            with self._plainly():
                if not self.read_only:
                    self._choose_journal()
                self._settle()
            self._home = _identity(self._path)
            self._unchecked = self._path.stat().st_size > CHECKED_BYTES
            if not self._unchecked:
                with self._plainly():
                    self._glance(self._db)
            self._migrate()
        except BaseException:
            self._db.close()
            raise
        self.hold_reserve()

    def _connect(self) -> None:
        how: dict[str, Any] = {"timeout": BUSY_SECONDS, "isolation_level": None, "check_same_thread": False}
        if self.read_only:
            self._db = self._open(f"{uri_of(self._path.absolute())}?mode=ro", uri=True, **how)
        else:
            self._db = self._open(self._path, **how)
        self._db.row_factory = sqlite3.Row
        self._db.create_function("has_words", 2, has_words, deterministic=True)

    def _settle(self) -> None:
        """Say what a connection does not remember from the one before it."""
        self._db.execute("PRAGMA synchronous = FULL")
        # On macOS a disk may answer before it has written; elsewhere this is nothing.
        self._db.execute("PRAGMA fullfsync = ON")
        self._db.execute("PRAGMA foreign_keys = ON")

    def _stand_in(self) -> None:
        """Have a connection where the file could not be made anew: to it as it is, or to none, so that the next use tries again."""
        with contextlib.suppress(sqlite3.Error):
            if _identity(self._path) == self._home:
                self._connect()
                self._settle()
                return
        self._db.close()
        self._db, self._home = sqlite3.connect(":memory:", check_same_thread=False), NOWHERE

    def _choose_journal(self) -> None:
        """Have the file kept with WAL; without it on a drive that has no memory for several processes to share.

        There SQLite gives another mode than asked, or an error; between two machines it would not even notice.
        """
        drive, refused = find_drive(self._path.parent), None
        if not drive:
            try:
                if _set_journal(self._db, "WAL") == "wal":
                    # It is in what is shared that the right to write is taken.
                    self._db.execute("BEGIN IMMEDIATE")
                    self._db.execute("ROLLBACK")
                    return
            except sqlite3.OperationalError as error:
                if not _lacks_memory(error):
                    raise
                refused = error
        try:
            if _is_wal(self._path):
                # Alone with the file SQLite needs no such memory, and can take in what WAL has of it.
                self._db.close()
                self._connect()
                self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA busy_timeout = 500")
            _set_journal(self._db, "DELETE")
            self._db.execute("PRAGMA locking_mode = NORMAL")
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if refused is not None:
                raise refused from None
            if "locked" not in str(error):
                raise
            # Another kernel has it open with WAL: with it, then, until all are closed.
            self._db.close()
            self._connect()
        else:
            self.without_wal = drive or "no shared memory"
        finally:
            self._db.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")

    def _reopen(self) -> None:
        self._db.close()
        self._begin()

    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` gives, done in one transaction; once more after room was made on a full disk."""
        self._check_process()
        self.check_writable()
        with self._lock:
            if self._together:
                return work(self._db)
            try:
                with self._writing() as db:
                    return work(db)
            except VeoError as error:
                if not self._make_room(error):
                    raise
            with self._writing() as db:
                return work(db)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self._check_process()
        self.check_writable()
        with self._lock:
            self._follow()
            with self._plainly():
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
    def together(self) -> Iterator[None]:
        """All that this thread writes in the block, in one transaction: on disk when the block ends, or none of it."""
        with self._writing():
            self._together = True
            try:
                yield
            finally:
                self._together = False

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        """Have SQLite's errors raised in our words; a call after `close()` stays SQLite's own."""
        try:
            yield
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.Error as error:
            # Only "malformed" and "not a database" are of the general class itself.
            damaged = type(error) is sqlite3.DatabaseError
            kind, hint = (Damaged, MENDED_BY) if damaged else (VeoError, UNUSABLE)
            name = getattr(error, "sqlite_errorname", "")
            why = f" ({said})" if name in _UNWRITTEN and (said := _unwritable(self._path.parent)) else ""
            text = f"The library's ledger {self._path} can't be used: {error}{why}."
            raise kind(text, hint=hint, full=name == "SQLITE_FULL" or name in _UNWRITTEN) from None

    # The file itself

    def _glance(self, db: sqlite3.Connection) -> None:
        """Check the tables one by one, but for the index of words: it would take longer than all others together."""
        tables = (
            "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE 'words%'"
        )
        for (name,) in db.execute(tables).fetchall():
            self._examine(db, f"quick_check('{name}')")

    def _examine(self, db: sqlite3.Connection, pragma: str) -> None:
        found = db.execute(f"PRAGMA {pragma}").fetchone()[0]
        if found != "ok":
            why = " ".join(str(found).split())
            raise Damaged(f"The library's ledger {self._path} is damaged: {why}.", hint=MENDED_BY)

    def _follow(self) -> None:
        """Open the file at the path where it is another one by now, or none."""
        if not self._db.in_transaction and _identity(self._path) != self._home:
            self.heal()

    def _make_room(self, error: VeoError) -> bool:
        """Give up the reserve if the disk is full; whether that made room."""
        if self._reserve is None or not error.facts.get("full"):
            return False
        try:
            self._reserve.unlink()
        except OSError:
            return False
        return True

    def _migrate(self) -> None:
        if self.read_only:
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version != len(self._migrations):
                raise VeoError("This library is another version's.", hint="")
            return
        with self._writing() as db:
            version = int(db.execute("PRAGMA user_version").fetchone()[0])
            if version > len(self._migrations):
                raise VeoError(
                    "This library was made by a newer veo_nb.", hint="Run pip install --upgrade veo-nb."
                )
            if 0 < version < len(self._migrations):
                self._back_up(version)
            for script in self._migrations[version:]:
                # executescript would commit in between.
                for statement in statements(script):
                    db.execute(statement)
            db.execute(f"PRAGMA user_version = {len(self._migrations)}")

    def _back_up(self, version: int) -> None:
        """Copy the file as it is, `ledger-v1.bak`, before anything in it changes."""
        backup = self._path.with_name(f"{self._path.stem}-v{version}.bak")
        part = backup.with_suffix(".part")
        try:
            part.unlink(missing_ok=True)
            # By a connection of its own: the one that holds the transaction can't be copied from.
            with (
                contextlib.closing(sqlite3.connect(self._path)) as source,
                contextlib.closing(sqlite3.connect(part)) as copy,
            ):
                source.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
            move(part, backup)
        except (OSError, sqlite3.Error) as error:
            raise VeoError(
                f"The library's ledger can't be backed up to {backup}, so it was not brought to this version: {error}.",
                hint="Make room, or look at the folder's rights.",
            ) from None


_OPEN: weakref.WeakSet[Database] = weakref.WeakSet()
_LEFT: dict[tuple[int, int] | None, int] = {}
"""The files that this process' parent had open when it forked, and the parent's number."""


def _leave_to_the_parent() -> None:
    """Make sure that a forked child neither uses nor closes a connection: SQLite forbids both.

    The file can't be opened anew either, since SQLite takes the locks that the parent had for this process' own.
    """
    for database in [*_OPEN]:
        if database._home is not None:  # noqa: SLF001
            _LEFT[database._home] = database._pid  # noqa: SLF001
        # Kept for ever, also when the interpreter ends and throws everything away.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(database._db))  # noqa: SLF001


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_the_parent)


def left_behind(parent: int) -> VeoError:
    """The error for a forked child that asks what only its parent can do."""
    return VeoError(
        f"This process was forked from process {parent}, which goes on making the clips.",
        hint='Ask there. A process that multiprocessing starts by "spawn" can use the library itself.',
    )


def statements(script: str) -> Iterator[str]:
    """The statements of a migration one by one; a trigger's own semicolons don't end it."""
    text = ""
    for piece in script.split(";"):
        text += piece + ";"
        if sqlite3.complete_statement(text):
            if text.strip(" \n;"):
                yield text
            text = ""


def insert(db: sqlite3.Connection, table: str, values: Mapping[str, Any], otherwise: str = "ABORT") -> bool:
    """Write a row; whether it was. `otherwise` says what is done where its key is taken: ABORT, IGNORE or REPLACE."""
    names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
    done = db.execute(f"INSERT OR {otherwise} INTO {table} ({names}) VALUES ({marks})", dict(values))
    return done.rowcount == 1


def has_words(text: str, words: str) -> bool:
    """Whether all of these words, a JSON list, are in the text; SQLite's own lower() knows no letters but English ones."""
    folded = text.casefold()
    return all(word in folded for word in _folded(words))


@lru_cache(maxsize=8)
def _folded(words: str) -> tuple[str, ...]:
    return tuple(word.casefold() for word in json.loads(words))


def uri_of(path: PurePath) -> str:
    """The address of a file as SQLite takes it: of another machine's share the machine is a part of the path, not the host."""
    uri = path.as_uri()
    return uri if uri.startswith("file:///") else f"file://{uri.removeprefix('file:')}"


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


_UNWRITTEN = tuple(f"SQLITE_IOERR_{what}" for what in ("WRITE", "FSYNC", "DIR_FSYNC", "TRUNCATE", "SHMSIZE"))
"""What SQLite says of a quota that is used up, and of a disk that is found to be full when all is written out; it calls
only one of the system's words for it "full"."""


def _unwritable(folder: Path) -> str:
    """Why a folder can't be written, in the system's words; empty where it can."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(os.urandom(PROBE_BYTES))
            file.flush()
            flush(file.fileno())
    except OSError as error:
        return error.strerror or ""
    return ""


def _set_journal(db: sqlite3.Connection, mode: str) -> str:
    """Ask for a journal mode; the one that the file has from then on."""
    # Only this one statement does not wait for another process, which may be making the same new file.
    (wait,) = db.execute("PRAGMA busy_timeout").fetchone()
    end = time.monotonic() + wait / 1000
    while True:
        try:
            return str(db.execute(f"PRAGMA journal_mode = {mode}").fetchone()[0])
        except sqlite3.OperationalError as error:
            if "is locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.01)


def _is_wal(path: Path) -> bool:
    """Whether a file is kept with WAL, as its head says."""
    try:
        with path.open("rb") as file:
            return file.read(20)[18:] == b"\x02\x02"
    except OSError:
        return False


def _lacks_memory(error: sqlite3.Error) -> bool:
    """Whether SQLite says so that it has no memory to share with other processes."""
    name = getattr(error, "sqlite_errorname", "")
    return name.startswith(("SQLITE_PROTOCOL", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_IOERR_SHM"))
