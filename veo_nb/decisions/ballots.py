"""A ballot: one vote as a value against another, whatever the clips were that stood for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

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
