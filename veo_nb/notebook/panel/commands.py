"""What a page with a panel can ask for, and what it is answered; the other half of `protocol`. Pure."""

from __future__ import annotations

from typing import Annotated

import msgspec

from veo_nb.notebook.compare.protocol import CastVote, Comparing, OfComparison, OfVoter, Outcome, Turn
from veo_nb.notebook.panel.protocol import (
    Check,
    Choice,
    Details,
    Draft,
    GalleryView,
    Item,
    Name,
    PictureState,
)
from veo_nb.notebook.protocol import (
    Bytes,
    Commands,
    Exchanged,
    FrontEnd,
    Key,
    Nothing,
    Now,
    OfClips,
    OfJob,
    Posters,
    VideoPiece,
)

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Seconds = Annotated[float, msgspec.Meta(ge=0.0)]


class KeepDraft(Exchanged, frozen=True):
    """Keep this draft; `by` names the view."""

    draft: Draft
    by: Name


class OfDraft(Exchanged, frozen=True):
    """A draft: what it would do is asked, or it is what was asked for."""

    draft: Draft


class Generate(Exchanged, frozen=True):
    """Make it; `confirm` answers the question that a large sweep raises."""

    draft: Draft
    confirm: bool


class Upload(Exchanged, frozen=True):
    """Keep the picture that comes along as the message's only buffer."""

    name: Name


class Frame(Exchanged, frozen=True):
    """Keep a frame of a clip as a picture; no time means the last one."""

    clip: Key
    seconds: Seconds | None


class Crop(Exchanged, frozen=True):
    """Keep a part of a picture as another; shares of its width and height."""

    picture: Name
    x: Share
    y: Share
    width: Share
    height: Share


class OfPicture(Exchanged, frozen=True):
    """Something asked about a picture."""

    picture: Name


class Browse(GalleryView, frozen=True):
    """A part of what the view shows."""

    offset: Annotated[int, msgspec.Meta(ge=0)]
    limit: Annotated[int, msgspec.Meta(ge=1, le=120)]


class OfClip(Exchanged, frozen=True):
    """One clip: something is asked of it, or it is what was made."""

    clip: Key


class Move(Exchanged, frozen=True):
    """Send a job before another one; empty for the end."""

    job: Key
    before: Key


class RateClip(OfClip, frozen=True):
    """1 to 5; 0 clears."""

    rating: Annotated[int, msgspec.Meta(ge=0, le=5)]


class StarClip(OfClip, frozen=True):
    """Star a clip, or take the star away."""

    star: bool


class NoteClip(OfClip, frozen=True):
    """Words about a clip; empty takes them away."""

    note: Annotated[str, msgspec.Meta(max_length=2000)]


class Piece(Exchanged, frozen=True):
    """A part of a clip; no end means its own."""

    clip: Key
    start: Seconds
    end: Seconds | None


class Join(Exchanged, frozen=True):
    """Put these together into one clip, in this order."""

    pieces: Annotated[list[Piece], msgspec.Meta(min_length=1, max_length=100)]
    title: Name


class OfView(Exchanged, frozen=True):
    """A view of the gallery: it is to be kept so, or something is asked about it."""

    view: GalleryView


class Blind(OfClips, frozen=True):
    """Put these before voters, blind."""

    by: Name
    """The field whose values are compared; empty: each clip stands for itself."""
    question: Annotated[str, msgspec.Meta(max_length=500)]
    """Empty for the usual one."""


class Contest(Exchanged, frozen=True):
    """By what some clips can be compared."""

    by: list[Choice]
    """The fields in which they differ."""
    question: str
    """The usual one."""


class Generated(Exchanged, frozen=True):
    """What was made, or the question that a large sweep raises before anything is sent."""

    jobs: list[str]
    sweep: str
    """Empty for a single job."""
    question: str
    """Empty where it is sent."""


class Found(Exchanged, frozen=True):
    """A part of what the gallery's view shows."""

    total: int
    uncounted: bool
    """Whether there are at least so many, and how many would take longer to find than these: `count` does."""
    items: list[Item]


class Counted(Exchanged, frozen=True):
    """How many there are in the gallery's view."""

    total: int


COMMANDS: Commands = {
    "clock": (Nothing, Now),
    "bundle": (Nothing, FrontEnd),
    # Compose
    "draft": (KeepDraft, Nothing),
    "check": (OfDraft, Check),
    "generate": (Generate, Generated),
    "upload": (Upload, PictureState),
    "frame": (Frame, PictureState),
    "crop": (Crop, PictureState),
    "picture": (OfPicture, PictureState),
    # Watch
    "cancel": (OfJob, Nothing),
    "retry": (OfJob, Nothing),
    "rerun": (OfJob, OfJob),
    "resubmit": (OfJob, Nothing),
    "dismiss": (OfJob, Nothing),
    "move": (Move, Nothing),
    # Find
    "browse": (Browse, Found),
    "count": (OfView, Counted),
    "posters": (OfClips, Posters),
    "video": (Bytes, VideoPiece),
    "details": (OfClip, Details),
    "select": (OfClips, Nothing),
    "view": (OfView, Nothing),
    # Go on
    "another": (OfClip, OfJob),
    "finalize": (OfClip, OfJob),
    "measure": (OfClip, Nothing),
    "vary": (OfClip, OfDraft),
    "rate": (RateClip, Nothing),
    "star": (StarClip, Nothing),
    "note": (NoteClip, Nothing),
    "delete": (OfClips, Nothing),
    "restore": (OfClips, Nothing),
    "join": (Join, OfClip),
    # Decide
    "contest": (OfClips, Contest),
    "blind": (Blind, Comparing),
    "compare-bundle": (Nothing, FrontEnd),
    "turn": (OfVoter, Turn),
    "vote": (CastVote, Turn),
    "undo": (OfVoter, Turn),
    "outcome": (OfComparison, Outcome),
}
"""What a page with a panel can ask for: with which payload, and what it is answered with."""
