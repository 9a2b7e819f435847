"""What many tasks write at once is one transaction, and each of them hears of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from tests.world import PROVIDER, row_of
from veo_nb.errors import VeoError
from veo_nb.request import make_request
from veo_nb.store.ledger import Ledger, Writer
from veo_nb.store.recovery.journal import Journal

ROW = row_of(make_request(PROVIDER, prompt="A fox"))


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite", journal=Journal(tmp_path / "ledger.journal"))
    for index in range(4):
        ledger.add_job(replace(ROW, id=f"job{index}", fingerprint=f"f{index}"))
    yield ledger
    ledger.close()


class Gate:
    """Holds the thread that writes, until it is let go."""

    def __init__(self) -> None:
        self.begun, self.open = threading.Event(), threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        assert self.open.wait(30)
        return "written"


async def begun(gate):
    await asyncio.to_thread(gate.begun.wait, 30)


def begins(ledger):
    """The transactions from now on."""
    found: list[str] = []
    ledger._db.set_trace_callback(lambda said: found.append(said) if said.startswith("BEGIN") else None)
    return found


def states(ledger):
    return {row.id: row.state for row in ledger.jobs()}


async def test_what_comes_while_another_write_goes_on_is_one_transaction(ledger, tmp_path):
    writer, gate, heard = Writer(ledger), Gate(), []
    first = asyncio.create_task(writer.do(gate))
    await begun(gate)
    ledger.changed.listen(lambda change: heard.append((change.id, ledger._db.in_transaction)))
    transactions = begins(ledger)
    tasks = [
        asyncio.create_task(writer.do(partial(ledger.update_job, f"job{index}", state="running")))
        for index in range(4)
    ]
    await asyncio.sleep(0)
    gate.open.set()
    assert await first == "written"
    assert await asyncio.gather(*tasks) == [True] * 4
    assert len(transactions) == 1
    assert set(states(ledger).values()) == {"running"}
    # Who listens hears of what is on disk already, and the journal has each of them.
    assert heard == [(f"job{index}", False) for index in range(4)]
    noted = Journal(tmp_path / "ledger.journal").rows("jobs", ["id"])
    assert [row["state"] for row in noted] == ["running"] * 4


async def test_what_fails_keeps_no_other_from_being_written(ledger):
    writer, gate = Writer(ledger), Gate()
    first = asyncio.create_task(writer.do(gate))
    await begun(gate)

    def breaks() -> bool:
        ledger.update_job("job1", state="failed")
        raise VeoError("The disk is full.")

    calls: list[Callable[[], bool]] = [
        partial(ledger.update_job, "job0", state="running"),
        breaks,
        partial(ledger.update_job, "job2", only_of="another", state="running"),
        partial(ledger.update_job, "job3", state="running"),
    ]
    tasks = [asyncio.create_task(writer.do(call)) for call in calls]
    await asyncio.sleep(0)
    gate.open.set()
    await first
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(one) for one in done] == ["True", "The disk is full.", "False", "True"]
    assert states(ledger)["job0"] == states(ledger)["job3"] == "running"
    assert states(ledger)["job2"] == "queued"


async def test_who_is_cancelled_before_it_was_begun_leaves_nothing(ledger):
    writer, gate = Writer(ledger), Gate()
    first = asyncio.create_task(writer.do(gate))
    await begun(gate)
    second = asyncio.create_task(writer.do(partial(ledger.update_job, "job0", state="running")))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    gate.open.set()
    await first
    assert states(ledger)["job0"] == "queued"


async def test_who_is_cancelled_later_waits_for_its_end_and_what_was_written_is_shown(ledger):
    writer, gate = Writer(ledger), Gate()
    shown: list[str] = []
    task = asyncio.create_task(writer.do(gate, shown.append))
    await begun(gate)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
    gate.open.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert shown == ["written"]


async def test_after_one_batch_comes_the_next(ledger):
    writer = Writer(ledger)
    for index in range(4):
        assert await writer.do(partial(ledger.update_job, f"job{index}", state="running"))
    assert set(states(ledger).values()) == {"running"}
