"""A ballot: one vote as a value against another, whatever the clips were that stood for them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from veo_nb.records.late import dataclass
from veo_nb.store.evidence.votes import VoteRow

Choice = Literal["left", "right", "tie", "skip"]
"""What may be said of two clips; `skip` is that nothing can be said, and never counts as a preference."""
CHOICES: tuple[Choice, ...] = get_args(Choice)


@dataclass(frozen=True)
class Ballot:
    """One vote: the values on either side as they were shown, and which was preferred.

    `voter` is a name, of a person or of a judge (`judge`: a program that was asked); `seconds` how long it took,
    None where nobody knows.
    """

    left: str
    right: str
    choice: Choice
    voter: str = ""
    judge: bool = False
    seconds: float | None = None


def ballots_of(votes: Iterable[VoteRow], values: Mapping[str, str]) -> list[Ballot]:
    """The votes that count, oldest first; `values` says by a clip's key what it stands for.

    One that was taken back is none, nor is one on a clip of which nobody knows any more what it stood for.
    """
    return [
        Ballot(
            values[vote.left],
            values[vote.right],
            vote.choice,
            vote.voter,
            vote.judge,
            vote.seconds,
        )
        for vote in votes
        if vote.undone_at is None
        and vote.choice in CHOICES
        and vote.left in values
        and vote.right in values
        and values[vote.left] != values[vote.right]
    ]
