"""An index and a shelf beside the jobs: neither may keep a job from being written, hide one, or be wrong in silence."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from tests.faults.rows import Row
from tests.store.test_ledger import ROW
from tests.store.test_words import Without, found
from veo_nb.errors import VeoError
from veo_nb.store.database import CHECKED_BYTES
from veo_nb.store.files import Files
from veo_nb.store.ledger import Ledger
from veo_nb.store.recovery.rebuild import open_ledger


def jobs(count: int) -> list[Any]:
    """Jobs that ended badly, so that each can be found without a clip."""
    request = {"model": ROW.model}
    return [
        replace(ROW, id=f"k{n:03}", request={**request, "prompt": f"Animal {n} waits."}, state="failed")
        for n in range(count)
    ]


def written(ledger: Ledger, row: Any) -> bool:
    with contextlib.suppress(VeoError):
        return ledger.add_job(row, fresh=True) is not None
    return False


@pytest.mark.parametrize(
    ("case", "harm"),
    [
        ("a kernel without FTS5 in a library that has an index", ""),
        ("an index of words that is damaged", "UPDATE words_data SET block = x'00'"),
        ("an index of words that was taken away", "DROP TABLE words"),
    ],
)
def test_an_index_that_cannot_be_used(tmp_path, matrix, case, harm):
    with_index = Ledger(tmp_path / "ledger.sqlite")
    first, *rest = jobs(20)
    assert written(with_index, first)
    assert found(with_index, "waits") == {first.id}
    if harm:
        with_index.write(lambda db: db.execute(harm))
    ledgers = [
        Ledger(tmp_path / "ledger.sqlite", connect=partial(sqlite3.connect, factory=Without)),
        with_index,
    ]
    missing = sum(not written(ledgers[n % 2], row) for n, row in enumerate(rest))
    hidden = sum(20 - len(found(ledger, "ANIMAL waits")) for ledger in ledgers)
    for ledger in ledgers:
        ledger.close()
    row = matrix(Row("reports", case, ended="all written, all found", tried=20, lost=missing + hidden))
    assert row.sound


def test_a_large_ledger_that_was_damaged_while_nobody_used_it(tmp_path, matrix):
    library, said, healed = Files(tmp_path), list[str](), threading.Event()
    library.prepare()
    ledger = open_ledger(library, lambda: 1_800_000_000.0, said.append)
    for row in jobs(20):
        ledger.add_job(replace(row, operation=f"operations/{row.id}", state="running"), fresh=True)
    ledger.write(lambda db: db.execute(f"CREATE TABLE padding AS SELECT zeroblob({CHECKED_BYTES})"))
    root = ledger.read("SELECT rootpage FROM sqlite_master WHERE name = 'jobs'")[0][0]
    ledger.close()
    with library.ledger_path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xa5" * 4096)

    def say(sentence: str) -> None:
        said.append(sentence)
        healed.set()

    ledger = open_ledger(library, lambda: 1_800_000_000.0, say)
    ledger.check_later()
    assert healed.wait(60)
    left = {row.operation for row in ledger.jobs()}
    ledger.close()
    row = matrix(
        Row("reports", "a large ledger damaged at rest", ended=said[0], tried=20, lost=20 - len(left))
    )
    assert row.sound
    assert "made anew with 20 jobs" in said[0]
