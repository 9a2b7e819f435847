"""What is exchanged for a blind comparison (see `veo_nb.notebook.protocol`): two clips at a time, and what is said of them.

Its traits are `comparison` (what stays) and `version`, another number whenever somebody has voted, here or elsewhere. What
a voter sees is asked for with the voter's name, since several may vote in one page. A clip's key and address are for the
page's own use: it shows neither. Pure.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from veo_nb.notebook.protocol import (
    Bytes,
    Commands,
    Exchanged,
    FrontEnd,
    Key,
    Nothing,
    Now,
    OfClips,
    Posters,
    VideoPiece,
)

Preference = Literal["left", "right", "tie", "skip"]
"""What a person says of a pair."""
Voter = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
BoxShape = Literal["16:9", "9:16", "1:1"]


class Comparing(Exchanged, frozen=True):
    """What is compared; it does not change while it is shown."""

    id: str
    question: str
    voter: str
    """Who votes, where the cell says so; empty: the page knows or asks."""
    usual: str
    """Who voted last from where the kernel runs, for a page that does not know; empty where nobody did."""
    frame: BoxShape
    """The box of every clip, so that none moves from pair to pair; square where some are wide and some upright."""
    token: str
    """Marks the saved words over which the comparison is laid."""
    again: str
    """How to go on with it in another kernel."""


class ShownClip(Exchanged, frozen=True):
    """One of the two."""

    key: Key
    url: str
    """Where the page can fetch it; empty when it can't."""
    here: bool
    """Whether its file is there."""
    sound: bool


class ShownPair(Exchanged, frozen=True):
    """Two clips, on the sides where they are shown."""

    id: str
    """Names this showing of them: a vote is about it, and about no other."""
    left: ShownClip
    right: ShownClip


class Turn(Exchanged, frozen=True):
    """What a voter sees now."""

    pair: ShownPair | None
    given: int
    """Votes of this voter, without what was undone."""
    progress: str
    """`12 votes of 30`, `12 votes; about 8 more`."""
    ended: str
    """Why there is no pair; empty where there is one."""
    over: bool
    """Whether nothing more is asked of this voter, so that what came out may be seen."""


class OfVoter(Exchanged, frozen=True):
    """Something that a voter asks about a comparison."""

    comparison: Key
    voter: Voter


class CastVote(OfVoter, frozen=True):
    """What a voter says of the pair with this id."""

    pair: Key
    choice: Preference
    seconds: Annotated[float, msgspec.Meta(ge=0.0)] | None
    """From when both clips played until the vote, while the page was looked at; None where they did not play."""


class OfComparison(Exchanged, frozen=True):
    """Something asked about a comparison."""

    comparison: Key


class Outcome(Exchanged, frozen=True):
    """What the votes come to."""

    html: str


COMMANDS: Commands = {
    "clock": (Nothing, Now),
    "bundle": (Nothing, FrontEnd),
    "settle": (Nothing, Nothing),
    "turn": (OfVoter, Turn),
    "vote": (CastVote, Turn),
    "undo": (OfVoter, Turn),
    "outcome": (OfComparison, Outcome),
    "posters": (OfClips, Posters),
    "video": (Bytes, VideoPiece),
}
"""What a page with a comparison can ask for. `settle` says that words may take the widget's place in the notebook."""
