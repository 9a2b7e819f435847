"""What was measured of clips, in the ledger: computed once, and good for as long as file and definitions are the same.

None of it is in the journal: a library that is made anew is measured anew.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping

from veo_nb.media.measures import MEASURES, VERSION, Found
from veo_nb.store.changes import Change
from veo_nb.store.ledger import Ledger

Key = tuple[str, int]
"""A clip by its job, or the id of a joined one, and its sample."""

_AT_ONCE = 500
"""Jobs in one query; SQLite takes 999 values in an old version."""
_CLIPS = "(SELECT job_id, sample, sha256 FROM videos UNION ALL SELECT id AS job_id, 0 AS sample, sha256 FROM joined)"


class MeasureLedger:
    """The measures of a library's clips; `ledger` gives the file as it is open now, or None where there is none yet."""

    def __init__(self, ledger: Callable[[], Ledger | None], clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._clock = clock

    def of(self, job_ids: Iterable[str]) -> dict[Key, Found]:
        """What is known of the clips of these jobs: only of those that were measured as they are now, by these definitions."""
        ids = list(dict.fromkeys(job_ids))
        found: dict[Key, Found] = {}
        ledger = self._ledger() if ids else None
        for start in range(0, len(ids) if ledger is not None else 0, _AT_ONCE):
            part = ids[start : start + _AT_ONCE]
            assert ledger is not None, "asked of it"
            marks = ", ".join("?" * len(part))
            query = (
                f"SELECT m.job_id, m.sample, m.found FROM measures m JOIN {_CLIPS} c USING (job_id, sample, sha256)"
                f" WHERE m.version = ? AND m.job_id IN ({marks})"
            )
            for row in ledger.read(query, [VERSION, *part]):
                said = json.loads(row["found"])
                found[row["job_id"], row["sample"]] = {name: said.get(name) for name in MEASURES}
        return found

    def keep(self, key: Key, sha256: str, found: Mapping[str, float | None]) -> bool:
        """Write down what was found of the file with these bytes; whether it is a clip of this library, else nothing is written.

        Raises:
            VeoError: it can't be written.
        """
        ledger = self._ledger()
        if ledger is None:
            return False
        values = {
            "job_id": key[0],
            "sample": key[1],
            "sha256": sha256,
            "version": VERSION,
            "found": json.dumps(dict(found), allow_nan=False),
            "measured_at": self._clock(),
        }

        def write(db: sqlite3.Connection) -> bool:
            done = db.execute(
                f"INSERT OR REPLACE INTO measures ({', '.join(values)})"
                f" SELECT {', '.join(f':{name}' for name in values)} WHERE EXISTS (SELECT 1 FROM {_CLIPS}"
                " WHERE job_id = :job_id AND sample = :sample AND sha256 = :sha256)",
                values,
            )
            return done.rowcount > 0

        kept = ledger.write(write)
        if kept:
            ledger.changed.emit(Change("evidence", key[0]))
        return kept
