"""Two people vote on one library in kernels of their own, and one of these is killed in the middle: no vote is lost."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from itertools import pairwise
from pathlib import Path

from tests.world import KEY

ROOT = Path(__file__).parents[2]
VOTER = """
    import sys
    from veo_nb.studio import Studio

    library, key, sweep, voter = sys.argv[1:]
    studio = Studio(provider="gptproto", api_key=key, library=library, environ={})
    comparison = studio.compare(sweep, "seed", voter=voter, rounds=400, show=False)
    for choice in ["left", "right", "tie", "skip"] * 100:
        pair = comparison.pair
        print(comparison.vote(choice).id, *pair.keys, choice, flush=True)
"""


def start(library: Path, sweep: str, voter: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(VOTER), str(library), KEY, sweep, voter]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def said(process: subprocess.Popen[str], votes: int) -> list[tuple[str, ...]]:
    """The next votes that a process says are written."""
    assert process.stdout is not None
    return [tuple(process.stdout.readline().split()) for _ in range(votes)]


def test_no_vote_is_lost_when_one_of_two_kernels_is_killed_in_the_middle(make_studio):
    studio = make_studio()
    sweep = studio.sweep("A fox.", axes={"seed": [1, 2, 3]}).wait(60)
    library = studio.library.folder
    ann, bob = (start(library, sweep.id, voter) for voter in ("ann", "bob"))
    try:
        written = {"ann": said(ann, 15), "bob": said(bob, 5)}
        ann.kill()
        rest, _ = ann.communicate(timeout=60)
        written["ann"] += [tuple(line.split()) for line in rest.splitlines() if line.count(" ") == 3]
        written["bob"] += said(bob, 5)
    finally:
        for process in (ann, bob):
            process.kill()
            process.communicate(timeout=60)
    comparison = studio.compare(sweep, "seed", show=False)

    def kept(studio):
        votes = studio.comparisons.get(comparison.id).votes()
        return {
            voter: [(one.id, one.left, one.right, one.choice) for one in votes if one.voter == voter]
            for voter in written
        }

    for voter, votes in kept(studio).items():
        # What was said is there; the last one may have been written and not said.
        assert votes[: len(written[voter])] == written[voter]
        assert all({*one[1:3]} != {*other[1:3]} for one, other in pairwise(votes))
    before = kept(studio)
    assert len(before["ann"]) <= len(written["ann"]) + 1
    # All of it is in the journal as well.
    studio.close()
    for file in library.glob("ledger.sqlite*"):
        file.unlink()
    again = make_studio()
    again.sweep("A fox.", axes={"seed": [1, 2, 3]})
    after = kept(again)
    assert {voter: after[voter][: len(written[voter])] for voter in written} == {
        voter: before[voter][: len(written[voter])] for voter in written
    }
