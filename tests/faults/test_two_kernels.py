"""Two kernels on one library: each shows what the other does, none does it twice, and what one leaves the other takes on."""

from __future__ import annotations

import contextlib
import functools
import os
import random
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from tests.faults.rows import Row
from tests.kernel.kernel import Kernel

pytestmark = pytest.mark.kernel

SEED = 4
KILLS = 3
"""Of each kernel."""
PROMPTS = [f"Clip number {number} of fifty." for number in range(50)]


def states(folder: Path) -> dict[str, int]:
    """How many jobs are in which state, as the ledger has it."""
    ledger = folder / "veo_library" / "ledger.sqlite"
    with contextlib.closing(sqlite3.connect(ledger, timeout=10)) as db:
        return dict(db.execute("SELECT state, count(*) FROM jobs GROUP BY state"))


def is_sending(folder: Path, kernel: Kernel) -> bool:
    """Whether a kernel has a POST under way: the one step where nobody can know."""
    ledger = folder / "veo_library" / "ledger.sqlite"
    with contextlib.closing(sqlite3.connect(ledger, timeout=10)) as db:
        owner = f"%:{kernel.process.pid}:%"
        query = "SELECT count(*) FROM jobs WHERE state = 'submitting' AND owner LIKE ?"
        return bool(db.execute(query, (owner,)).fetchone()[0])


def kill_at_any_moment(folder: Path, kernel: Kernel, chance: random.Random) -> None:
    """Kill a kernel at random, anywhere but while a submit is under way (that is a row of the crash matrix)."""
    time.sleep(chance.uniform(0.1, 1.2))
    while True:
        os.kill(kernel.process.pid, signal.SIGSTOP)
        if not is_sending(folder, kernel):
            kernel.kill()
            return
        os.kill(kernel.process.pid, signal.SIGCONT)
        time.sleep(chance.uniform(0.001, 0.02))


def all_done(kernel: Kernel) -> bool:
    return all(cell.done for cell in kernel.cells.values())


def until(true, seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.1)
    return bool(true())


def test_fifty_jobs_in_two_kernels_that_are_killed_again_and_again(folder, provider, matrix, clip):
    """Half of the prompts are run in both, as by two people with the same notebook."""
    chance = random.Random(SEED)
    provider.slow_polls = 3
    kernels = [Kernel(folder, **provider.quick) for _ in range(2)]
    shares = [PROMPTS[:35], PROMPTS[15:]]
    under_way: list[int] = []
    try:
        for kernel, share in zip(kernels, shares, strict=True):
            kernel.start()
            kernel.run("%load_ext veo_nb\nimport veo_nb as veo")
            kernel.begin(f"for prompt in {share!r}: veo.generate(prompt)")
        for kernel in kernels:
            kernel.until(functools.partial(all_done, kernel))
        for number in [0, 1] * KILLS:
            kill_at_any_moment(folder, kernels[number], chance)
            under_way.append(50 - states(folder).get("succeeded", 0))
            kernels[number] = Kernel(folder, **provider.quick)
            kernels[number].start()
            kernels[number].run("%load_ext veo_nb")
        until(lambda: states(folder) == {"succeeded": 50})
    finally:
        for kernel in kernels:
            with contextlib.suppress(AttributeError, ValueError):
                kernel.stop()
    found = states(folder)
    videos = [path.read_bytes() for path in (folder / "veo_library").rglob("*.mp4")]
    row = matrix(
        Row(
            "two kernels",
            f"50 jobs, {len(under_way)} kills at random",
            ended=", ".join(f"{count} {state}" for state, count in found.items())
            + f"; under way at each kill: {under_way}",
            tried=50,
            submits=len(provider.posts),
            lost=50 - videos.count(clip),
            doubled=provider.doubled(),
        )
    )
    assert row.sound
    assert all(under_way[:4]), "the kills came too late to hurt"
    assert (found, len(videos), len(provider.posts)) == ({"succeeded": 50}, 50, 50)


def test_a_second_kernel_shows_a_job_and_asks_nothing(folder, provider, matrix):
    provider.slow_polls = 4
    cell = "%%veo --out job\nA fox crosses a frozen lake."
    with Kernel(folder, **provider.quick) as first, Kernel(folder, **provider.quick) as second:
        first.run("%load_ext veo_nb")
        first.run(cell)
        assert "being made by another notebook on" in second.run("%load_ext veo_nb").stdout
        assert "fox crosses" in second.run("%veo").shown
        second.run(cell)
        assert second.run("%veo wait").failure is None
        assert second.value("job.status") == "succeeded"
        assert first.run("%veo wait").failure is None
    (prompt,) = provider.posts
    asked = (provider.polls[prompt], provider.downloads[prompt])
    row = matrix(Row("two kernels", "both wait for one job", ended=f"{asked[0]} polls, {asked[1]} download"))
    row.submits = 1
    assert asked == (provider.slow_polls + 1, 1)


def test_a_living_kernel_takes_on_what_a_killed_one_left_without_being_asked(folder, provider, matrix, clip):
    provider.slow_polls = 1000
    with Kernel(folder, **provider.quick) as living:
        living.run("%load_ext veo_nb")
        with Kernel(folder, **provider.quick) as other:
            other.run("%load_ext veo_nb")
            other.run("%%veo --out job\nA fox crosses a frozen lake.")
            other.run("import time\nwhile not job.operation: time.sleep(0.05)")
            # The library is open here, and the job the other's.
            assert "fox crosses" in living.run("%veo").shown
            other.kill()
        provider.slow_polls = 0
        arrived = until(lambda: states(folder) == {"succeeded": 1}, 30)
        videos = [path.read_bytes() for path in (folder / "veo_library").rglob("*.mp4")]
    row = matrix(
        Row(
            "two kernels",
            "the other is killed, nobody asks",
            ended="taken on, video here" if arrived else str(states(folder)),
            submits=len(provider.posts),
            lost=int(videos != [clip]),
            doubled=provider.doubled(),
        )
    )
    assert row.sound
    assert len(provider.posts) == 1
