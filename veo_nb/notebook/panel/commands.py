"""What a page with a panel can ask for, and with which payload; the other half of `protocol`. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from veo_nb.notebook.protocol import Nothing, Payloads


class _Payload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a page asks for."""


Text = Annotated[str, msgspec.Meta(max_length=20_000)]
Name = Annotated[str, msgspec.Meta(max_length=200)]
Key = Annotated[str, msgspec.Meta(max_length=40)]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Seconds = Annotated[float, msgspec.Meta(ge=0.0)]
Several = Annotated[list[str | int | bool], msgspec.Meta(max_length=1000)]


class GivenDraft(_Payload, frozen=True, forbid_unknown_fields=True):
    """A `Draft` as a page sends it."""

    prompt: Text
    variables: dict[Name, Annotated[list[Text], msgspec.Meta(max_length=1000)]]
    fields: dict[Name, Several]
    image: list[Name]
    last_frame: list[Name]
    reference_images: list[Name]
    video: Key
    fit: Literal["", "crop", "pad"]
    take: Annotated[int, msgspec.Meta(ge=1)]


class Keep(_Payload, frozen=True, forbid_unknown_fields=True):
    """Keep this draft; `by` names the view."""

    draft: GivenDraft
    by: Name


class Of(_Payload, frozen=True, forbid_unknown_fields=True):
    """What would this draft do."""

    draft: GivenDraft


class Generate(_Payload, frozen=True, forbid_unknown_fields=True):
    """Make it; `confirm` answers the question that a large sweep raises."""

    draft: GivenDraft
    confirm: bool


class Upload(_Payload, frozen=True, forbid_unknown_fields=True):
    """Keep the picture that comes along as the message's only buffer."""

    name: Name


class Frame(_Payload, frozen=True, forbid_unknown_fields=True):
    """Keep a frame of a clip as a picture; no time means the last one."""

    clip: Key
    seconds: Seconds | None


class Crop(_Payload, frozen=True, forbid_unknown_fields=True):
    """Keep a part of a picture as another; shares of its width and height."""

    picture: Name
    x: Share
    y: Share
    width: Share
    height: Share


class OfPicture(_Payload, frozen=True, forbid_unknown_fields=True):
    """Something asked about a picture."""

    picture: Name


class GivenView(_Payload, frozen=True, forbid_unknown_fields=True):
    """A `View` as a page sends it.

    `states` are any of `made`, `joined`, `failed`, `blocked`, `cancelled`, `uncertain`, and `starred`, which narrows the
    others; none means `made` and `joined`.
    """

    search: Name
    models: list[Name]
    states: list[Name]
    rating: Annotated[int, msgspec.Meta(ge=0, le=5)]
    sweep: Key
    days: Annotated[int, msgspec.Meta(ge=0)]
    order: Literal["newest", "oldest", "rating"]


class Browse(GivenView, frozen=True, forbid_unknown_fields=True):
    """A part of what the view shows."""

    offset: Annotated[int, msgspec.Meta(ge=0)]
    limit: Annotated[int, msgspec.Meta(ge=1, le=120)]


class OfClip(_Payload, frozen=True, forbid_unknown_fields=True):
    """Something asked of one clip."""

    clip: Key


class OfClips(_Payload, frozen=True, forbid_unknown_fields=True):
    """Something asked of some clips."""

    clips: Annotated[list[Key], msgspec.Meta(max_length=500)]


class Bytes(_Payload, frozen=True, forbid_unknown_fields=True):
    """A piece of a clip's file, from this byte on."""

    clip: Key
    offset: Annotated[int, msgspec.Meta(ge=0)]


class OfJob(_Payload, frozen=True, forbid_unknown_fields=True):
    """Something asked of one job."""

    job: Key


class Move(_Payload, frozen=True, forbid_unknown_fields=True):
    """Send a job before another one; empty for the end."""

    job: Key
    before: Key


class Rate(OfClip, frozen=True, forbid_unknown_fields=True):
    """1 to 5; 0 clears."""

    rating: Annotated[int, msgspec.Meta(ge=0, le=5)]


class Star(OfClip, frozen=True, forbid_unknown_fields=True):
    """Star a clip, or take the star away."""

    star: bool


class Note(OfClip, frozen=True, forbid_unknown_fields=True):
    """Words about a clip; empty takes them away."""

    note: Annotated[str, msgspec.Meta(max_length=2000)]


class Piece(_Payload, frozen=True, forbid_unknown_fields=True):
    """A part of a clip; no end means its own."""

    clip: Key
    start: Seconds
    end: Seconds | None


class Join(_Payload, frozen=True, forbid_unknown_fields=True):
    """Put these together into one clip, in this order."""

    pieces: Annotated[list[Piece], msgspec.Meta(min_length=1, max_length=100)]
    title: Name


class KeepView(_Payload, frozen=True, forbid_unknown_fields=True):
    """Keep how the gallery is shown."""

    view: GivenView


COMMANDS: Payloads = {
    "clock": Nothing,
    # Compose
    "draft": Keep,
    "check": Of,
    "generate": Generate,
    "upload": Upload,
    "frame": Frame,
    "crop": Crop,
    "picture": OfPicture,
    # Watch
    "cancel": OfJob,
    "retry": OfJob,
    "rerun": OfJob,
    "resubmit": OfJob,
    "dismiss": OfJob,
    "move": Move,
    # Find
    "browse": Browse,
    "posters": OfClips,
    "video": Bytes,
    "details": OfClip,
    "select": OfClips,
    "view": KeepView,
    # Go on
    "another": OfClip,
    "vary": OfClip,
    "rate": Rate,
    "star": Star,
    "note": Note,
    "delete": OfClips,
    "restore": OfClips,
    "join": Join,
}
"""What a page with a panel can ask for, and with which payload.

What is answered: `check` a `Check`; `generate` `{jobs, sweep, question}`, of which
the question is what a large sweep asks before anything is sent; `upload`, `frame`, `crop` and `picture` a
`PictureFacts`; `rerun`, `another` `{job}`; `browse` `{total, items}`; `posters` `{posters}`, a data URI for each key that has
one; `video` `{size, next}` with the bytes as the answer's only buffer; `details` a `Details`; `vary` `{draft}`; `join`
`{clip}`; all others nothing.
"""
