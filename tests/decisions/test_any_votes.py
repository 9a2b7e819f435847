"""Whatever several voters do, in whatever order: the ballots are the votes that were not taken back, and no other."""

from __future__ import annotations

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.decisions.contests import NOW, Clips, compare_in
from veo_nb.decisions.ballots import Ballot
from veo_nb.decisions.comparison import Comparison
from veo_nb.errors import InvalidRequest
from veo_nb.store.files import Files
from veo_nb.store.ledger import Ledger
from veo_nb.store.recovery.rebuild import open_ledger

VOTERS = st.sampled_from(["ann", "bob", "Zoë"])


class Voting(RuleBasedStateMachine):
    """Two kernels on one library, and what they should have between them."""

    def __init__(self) -> None:
        super().__init__()
        self.place = TemporaryDirectory()
        self.files = Files(Path(self.place.name))
        self.files.prepare()
        self.clips = Clips()
        self.random = Random(1)
        self.kernels: list[tuple[Ledger, Comparison]] = []
        self.expected: dict[str, list[tuple[str, str, str]]] = {"ann": [], "bob": [], "Zoë": []}
        self.taken_back = 0
        self.rounds: int | None = None

    @initialize(rounds=st.sampled_from([None, 8]))
    def begin(self, rounds: int | None) -> None:
        self.rounds = rounds
        for _ in range(2):
            self.open()

    def open(self) -> None:
        ledger = open_ledger(self.files, lambda: NOW, lambda _: None)
        made = compare_in(ledger, self.clips, rounds=self.rounds, random=self.random)
        self.kernels.append((ledger, made))

    @rule(kernel=st.integers(0, 1), voter=VOTERS, choice=st.sampled_from(["left", "right", "tie", "skip"]))
    def vote(self, kernel: int, voter: str, choice: str) -> None:
        comparison = self.kernels[kernel][1]
        pair = comparison.pair_for(voter)
        if pair is None:
            assert comparison.done_for(voter)
            return
        assert pair.keys == self.kernels[1 - kernel][1].pair_for(voter).keys  # type: ignore[union-attr]
        assert not {*pair.keys} & self.clips.gone
        assert pair.left.job_id[1] == pair.right.job_id[1]
        if self.rounds is None:
            assert {*pair.keys} not in [{*keys} for *keys, _ in self.expected[voter]]
        vote = comparison.vote(choice, voter)
        assert (vote.left, vote.right) == pair.keys
        self.expected[voter].append((*pair.keys, choice))

    @rule(kernel=st.integers(0, 1), voter=VOTERS)
    def vote_again_on_what_was_voted_on(self, kernel: int, voter: str) -> None:
        """From a window that has not looked since."""
        comparison = self.kernels[kernel][1]
        pair = comparison.pair_for(voter)
        if pair is not None:
            self.kernels[1 - kernel][1].vote("tie", voter, pair=pair)
            self.expected[voter].append((*pair.keys, "tie"))
            with pytest.raises(InvalidRequest, match="already"):
                comparison.vote("left", voter, pair=pair)

    @rule(kernel=st.integers(0, 1), voter=VOTERS)
    def undo(self, kernel: int, voter: str) -> None:
        comparison = self.kernels[kernel][1]
        vote = comparison.undo(voter)
        if not self.expected[voter]:
            assert vote is None
            return
        left, right, choice = self.expected[voter].pop()
        self.taken_back += 1
        assert vote is not None
        assert (vote.left, vote.right, vote.choice) == (left, right, choice)
        pair = comparison.pair_for(voter)
        if not {left, right} & self.clips.gone and pair is not None:
            assert pair.keys == (left, right)

    @rule(which=st.sampled_from(["a1/0", "b1/0", "c2/0"]))
    def delete_or_bring_back(self, which: str) -> None:
        self.clips.gone ^= {which}

    @rule(kernel=st.integers(0, 1))
    def end_a_kernel_and_begin_another(self, kernel: int) -> None:
        self.kernels.pop(kernel)[0].close()
        self.open()

    @precondition(lambda self: any(self.expected.values()))
    @rule()
    def lose_the_ledger(self) -> None:
        for ledger, _ in self.kernels:
            ledger.close()
        self.kernels.clear()
        for file in self.files.folder.glob("ledger.sqlite*"):
            file.unlink()
        for _ in range(2):
            self.open()

    @invariant()
    def the_ballots_are_the_votes_that_were_not_taken_back(self) -> None:
        for _, comparison in self.kernels:
            for voter, votes in self.expected.items():
                found = [one for one in comparison.ballots() if one.voter == voter]
                assert found == [
                    Ballot(left[0], right[0], choice, voter)  # type: ignore[arg-type]
                    for left, right, choice in votes
                ]
                assert comparison.progress(voter).given == len(votes)
            undone = [one for one in comparison.votes() if one.undone_at is not None]
            assert len(undone) == self.taken_back

    def teardown(self) -> None:
        for ledger, _ in self.kernels:
            ledger.close()
        self.place.cleanup()


def test_any_votes():
    """Few and short ones: each vote waits for the disk."""
    run_state_machine_as_test(
        Voting, settings=settings(max_examples=settings().max_examples // 8, stateful_step_count=20)
    )
