"""The journal: every write to the ledger once more, a line each, in a file that nothing can tear apart.

SQLite keeps a ledger whole through a kill and a power cut, but not through a bad disk, a careless sync tool or an
`rm`. An operation's name is the only handle on something paid for, and a sidecar knows it only once the video is
here. So the ledger can be made anew from these lines: the last word on each column of each row counts.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from veo_nb.store.files import flush, replacing

log = logging.getLogger("veo_nb")

LOCK = ".journal.lock"
TURN_SECONDS = 5.0
"""How long one waits for another who adds; a line that may be torn is better than none."""

Entry = tuple[str, dict[str, Any]]
"""A table's name and columns of one row of it, the primary key among them."""


class Journal:
    """The lines at `path`; several processes may add to them at once.

    With `appends`, as POSIX says it, what is added stands behind what is there. Windows looks for the end first and
    writes then, and another process may do the same meanwhile: there they wait for one another.
    """

    def __init__(self, path: Path, *, appends: bool = os.name == "posix") -> None:
        self.path = path
        self._appends = appends

    def add(self, entries: Iterable[Entry], *, surely: bool) -> bool:
        """Write columns of rows down, with `surely` through a power cut; False where there is no journal yet.

        A journal that can't be written is no reason to stop: the ledger has it.
        """
        try:
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))
        except FileNotFoundError:
            return False
        except OSError as error:
            log.warning("The journal of the ledger can't be written: %s", error)
            return True
        try:
            # From a line of its own: the former one may have been torn by a full disk.
            with self._turn():
                os.write(file, b"\n" + b"".join(_line(table, values) for table, values in entries))
            if surely:
                flush(file)
        except OSError as error:
            log.warning("The journal of the ledger can't be written: %s", error)
        finally:
            os.close(file)
        return True

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Keep others from adding meanwhile, where that is needed and locks work."""
        with contextlib.ExitStack() as held:
            if not self._appends:
                import filelock

                lock = filelock.FileLock(
                    self.path.with_name(LOCK),
                    timeout=TURN_SECONDS,
                    thread_local=False,
                    fallback_to_soft=False,
                )
                with contextlib.suppress(OSError, NotImplementedError):
                    held.enter_context(lock)
            yield

    def begin(self, entries: Iterable[Entry]) -> None:
        """Make the file anew with these."""
        try:
            with replacing(self.path) as part:
                part.write_bytes(b"\n".join(_line(table, values) for table, values in entries))
        except OSError as error:
            log.warning("The journal of the ledger can't be written: %s", error)

    def entries(self) -> Iterator[Entry]:
        """What was written, oldest first; lines that can't be read are left out."""
        try:
            lines = self.path.read_bytes().splitlines()
        except OSError:
            return
        for line in lines:
            try:
                table, values = json.loads(line)
            except (ValueError, TypeError):
                continue
            if isinstance(table, str) and isinstance(values, dict):
                yield table, values

    def rows(self, table: str, keys: Iterable[str]) -> list[dict[str, Any]]:
        """The rows of a table as they were left, in the order in which they came."""
        keys = list(keys)
        found: dict[tuple[Any, ...], dict[str, Any]] = {}
        for name, values in self.entries():
            if name == table and all(key in values for key in keys):
                found.setdefault(tuple(str(values[key]) for key in keys), {}).update(values)
        return [*found.values()]


def _line(table: str, values: Mapping[str, Any]) -> bytes:
    return json.dumps([table, dict(values)], ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
