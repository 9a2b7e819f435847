"""What is exchanged between Python and a page, each shape said once: js/src/protocol.gen.ts is written from it.

What is true are traits, written by Python alone: of a card `opened`, all that it showed first, and `changed`, those of
its fields that are otherwise by now; those of a grid and of a panel in the modules beside
their views. What a person wants is a command `{kind, id, payload}`, always answered by a reply. A view's table
`COMMANDS` says which kinds it takes, with what payload, and what each is answered with. All text is made here, in
Python; the page only ticks the numbers in it. After a change: `python -m tests.write_protocol`. Pure: no widgets, no
clock.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec

from veo_nb.catalog import check_text
from veo_nb.errors import InvalidRequest, VeoError


class Exchanged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A shape that crosses between Python and a page."""


WITHIN = 1.5
"""A time that is off by this factor is still right: nobody plans by the second."""
SAME = 1.35
"""Two times that differ by less are said as one."""
SOON = 5
"""Seconds that nobody counts."""
UP_TO = 5
"""Where the longer is so many times the shorter one, only the longer is said."""
Key = Annotated[str, msgspec.Meta(max_length=40)]
"""Names a job, a clip or a sweep."""
Shape = Literal["16:9", "9:16"]
State = Literal[
    "queued",
    "submitting",
    "running",
    "downloading",
    "succeeded",
    "failed",
    "blocked",
    "cancelled",
    "uncertain",
]


class Measured(Exchanged, frozen=True):
    """What was measured of a clip by one measure."""

    label: str
    value: str
    """With its unit; a dash where it can't be said."""
    about: str
    """What it is, and what a higher number means."""


class Since(Exchanged, frozen=True, tag_field="clock", tag="since", omit_defaults=True):
    """Time gone by since `at`, as `0:42`, put where `text` has `{}`."""

    at: float
    """Seconds since 1970."""
    text: str = "{}"


class Until(Exchanged, frozen=True, tag_field="clock", tag="until"):
    """Time left until `at`, as `40 s` or `3 min`, put where `text` has `{}`; `past` once it is over."""

    at: float
    """Seconds since 1970."""
    text: str
    past: str
    """Empty: the part disappears when the time is over."""


class Left(Exchanged, frozen=True, tag_field="clock", tag="left"):
    """What is left of a clip that was sent at `at`, as `40 to 90 s left`: no more than is known, and less as time passes.

    Of clips like it half take `usual` seconds, and the larger `slope`, the less the others differ from that.
    """

    at: float
    """Seconds since 1970."""
    usual: float
    slope: float


Part = str | Since | Until | Left
"""A piece of the live line; the pieces are joined by ` · `."""


class Estimate(Exchanged, frozen=True, tag_field="kind", tag="estimate"):
    """Progress guessed from past runs: it never reaches the end."""

    since: float
    """Seconds since 1970."""
    usual: float
    """Seconds that half of such clips take."""
    slope: float
    """The larger, the less the others differ from that."""


class Reported(Exchanged, frozen=True, tag_field="kind", tag="reported"):
    """Progress as the provider reports it."""

    share: float
    """From 0 to 1."""


class Transfer(Exchanged, frozen=True, tag_field="kind", tag="transfer"):
    """Progress counted in bytes."""

    done: int
    total: int


Progress = Estimate | Reported | Transfer


class CardClip(Exchanged, frozen=True):
    """A video that is there."""

    url: str
    """Its address on the server; empty where there is none. Whether the page can fetch it, the page tries."""
    beside: str
    """Its address from the notebook's folder; empty where there is none."""
    size: int
    """Bytes of the file; 0 where it is gone."""
    path: str
    """Where the file is, as a person says it."""
    label: str
    """What tells it from its siblings; empty for an only one."""


CardAction = Literal["cancel", "rerun", "finalize"]
"""What a person can have done with the job of a card."""


class Card(Exchanged, frozen=True):
    """All that the card under a cell shows."""

    id: str
    state: State
    prompt: str
    settings: list[str]
    """What was set, in reading order: `["fast", "9:16", "8 s"]`."""
    token: str
    """Marks the saved output over which this card is laid where that can't play its clips."""
    cost: str
    final_cost: str
    """What it would cost to make a draft final: `about $0.70`; empty where it is none, or no price is known."""
    tag: str
    """`sandbox`, or empty."""
    shape: Shape
    backdrop: str
    """The input image, small, as a data URI; or empty."""
    line: list[Part]
    progress: Progress | None
    actions: list[CardAction]
    videos: list[CardClip]


class Command(Exchanged, frozen=True):
    """Something that the person at the browser wants."""

    kind: str
    id: Annotated[str, msgspec.Meta(max_length=100, pattern="^[!-~]+$")]
    """Chosen by the browser; the reply carries it back."""
    payload: dict[str, Any]


class ErrorText(Exchanged, frozen=True):
    """An error as the browser shows it."""

    code: str
    message: str
    hint: str


class Reply(Exchanged, frozen=True, tag_field="kind", tag="reply", omit_defaults=True):
    """The answer to a command: `ok` or `error`, never both."""

    id: str
    ok: dict[str, Any] | None = None
    error: ErrorText | None = None


class Nothing(Exchanged, frozen=True):
    """A command that has nothing to say but its kind, or an answer that has nothing to say but that it is done."""


class Now(Exchanged, frozen=True):
    """What time it is for the kernel."""

    now: float
    """Seconds since 1970."""


class FrontEnd(Exchanged, frozen=True):
    """The bundle of a view, for a page that has lost it."""

    script: str
    style: str


class OfVideo(Exchanged, frozen=True):
    """Something asked about one of the videos of a card, by its place among them."""

    video: Annotated[int, msgspec.Meta(ge=0)]


class VideoBytes(OfVideo, frozen=True):
    """A piece of its file, from this byte on."""

    offset: Annotated[int, msgspec.Meta(ge=0)]


class Still(Exchanged, frozen=True):
    """A still of a clip, whose bytes go along."""

    kind: str
    """`image/webp`; empty where there is none to be had."""


class OfJob(Exchanged, frozen=True):
    """One job: something is asked of it, or it is what was made."""

    job: Key


class OfClips(Exchanged, frozen=True):
    """Something asked of some clips."""

    clips: Annotated[list[Key], msgspec.Meta(max_length=500)]


class Bytes(Exchanged, frozen=True):
    """A piece of a clip's file, from this byte on."""

    clip: Key
    offset: Annotated[int, msgspec.Meta(ge=0)]


class Reached(Exchanged, frozen=True):
    """What a page has found out by trying to fetch a clip from its addresses."""

    plays: bool
    """Whether an output that is HTML alone plays it there."""
    apart: bool
    """Whether the page holds outputs alone, without the notebook around them."""


class Posters(Exchanged, frozen=True):
    """The stills of some clips."""

    posters: dict[str, str]
    """A data URI for each key that has one."""


class VideoPiece(Exchanged, frozen=True):
    """A piece of a clip's file, whose bytes come along as the answer's only buffer."""

    size: int
    """Bytes of the whole."""
    next: int
    """Where the next piece begins."""


Exchange = tuple[type[Exchanged], type[Exchanged]]
"""The payload of a command, and what it is answered with."""
Commands = Mapping[str, Exchange]
"""The kinds of command that a view takes."""

COMMANDS: Commands = {
    "clock": (Nothing, Now),
    "bundle": (Nothing, FrontEnd),
    "cancel": (Nothing, Nothing),
    "rerun": (Nothing, Nothing),
    "finalize": (Nothing, Nothing),
    "poster": (OfVideo, Still),
    "video": (VideoBytes, VideoPiece),
    "reached": (Reached, Nothing),
}
"""Those of the card."""


def parse_command(
    raw: object, commands: Commands = COMMANDS, lenient: Container[str] = ()
) -> tuple[Command, Exchanged]:
    """The command in this JSON value, which is one of those that the view takes, and its payload, checked.

    A text that holds half a character goes through in the kinds that are `lenient` where they are handled.

    Raises InvalidRequest where it is none that is known; its `facts["id"]` is the id to reply to, or empty.
    """
    try:
        command = msgspec.convert(raw, Command)
        exchange = commands.get(command.kind)
        if exchange is None:
            raise msgspec.ValidationError(f"Unknown kind {command.kind[:40]!r}")  # noqa: TRY301  said as the others
        payload = msgspec.convert(command.payload, exchange[0])
    except (msgspec.ValidationError, RecursionError, UnicodeEncodeError) as error:
        # msgspec itself can't quote half a character where a name or a choice holds one.
        found = raw.get("id") if isinstance(raw, Mapping) else None
        raise InvalidRequest(
            f"The kernel does not understand this message: {error}.",
            hint="Reload the page: it may show another version of veo_nb than the kernel runs.",
            id=found if isinstance(found, str) and len(found) <= 100 and found.isascii() else "",
        ) from None
    if command.kind not in lenient:
        _check_texts(command)
    return command, payload


def _check_texts(command: Command) -> None:
    """Nothing, where all texts of a payload are whole.

    Raises:
        InvalidRequest: one is not; the field is the innermost that has a name of ours.
    """
    try:
        for name, value in command.payload.items():
            for inner, one in value.items() if isinstance(value, dict) else [(name, value)]:
                check_text(inner, one)
    except InvalidRequest as error:
        error.facts["id"] = command.id
        raise


def to_json(shape: object) -> Any:
    """A shape, or several in lists and dicts, as the plain values that a trait or a message can carry."""
    return msgspec.to_builtins(shape)


def reply(id: str, answer: Exchanged) -> dict[str, Any]:  # noqa: A002
    """The reply that what was asked is done, with what was asked for."""
    return dict(to_json(Reply(id=id, ok=to_json(answer))))


def reply_error(id: str, error: VeoError) -> dict[str, Any]:  # noqa: A002
    """The reply that it can't be done, and why."""
    said = ErrorText(code=error.code, message=error.message, hint=error.hint)
    return dict(to_json(Reply(id=id, error=said)))


def format_line(parts: Sequence[Part], now: float) -> str:
    """The live line as text, at this moment (seconds since 1970), for terminals and static pages."""
    return " · ".join(text for part in parts if (text := _format_part(part, now)))


def _format_part(part: Part, now: float) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Since):
        return part.text.replace("{}", format_elapsed(now - part.at), 1)
    if isinstance(part, Left):
        return _format_rest(part, now)
    if part.at > now:
        return part.text.replace("{}", format_left(part.at - now), 1)
    return part.past


def _format_rest(part: Left, now: float) -> str:
    """`about 40 s left`, `40 to 90 s left` or `up to 2 min left`: in eight of ten readings that is right within a half."""
    elapsed = max(0.0, now - part.at)
    gone = (elapsed / part.usual) ** part.slope
    low, high = (part.usual * ((1 + gone) / left - 1) ** (1 / part.slope) - elapsed for left in (0.9, 0.1))
    said = _format_range(low * WITHIN, high / WITHIN)
    return f"longer than 9 of 10 · {said} left" if gone > 9 else f"{said} left"


def _format_range(low: float, high: float) -> str:
    if high <= low * SAME:
        return f"about {format_left(_coarse(math.sqrt(max(0.0, low * high)), math.ceil))}"
    least, most = _coarse(low, math.floor), _coarse(high, math.ceil)
    few, many = format_left(least), format_left(most)
    if low < SOON or least * UP_TO < most:
        return f"up to {many}"
    if few == many:
        return f"about {many}"
    if many.endswith(" min") and 60 <= least < most < 3600:
        few = f"{least // 60:.0f} min"
    number, unit = few.split(" ", 1)
    return f"{number if many.split(' ', 1)[1] == unit else few} to {many}"


def _coarse(seconds: float, to_whole: Callable[[float], int]) -> float:
    """In steps that a person counts in, so that it does not change with every second."""
    step = 5 if seconds < 30 else 10 if seconds < 90 else 60
    return max(SOON, to_whole(seconds / step) * step)


def format_elapsed(seconds: float) -> str:
    """`0:42`, `12:05` or `1:02:03`."""
    minutes, rest = divmod(max(0, math.floor(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def format_left(seconds: float) -> str:
    """`12 s`, `40 s`, `3 min` or `1 h 5 min`: coarser when it is long, since nobody knows it that well."""
    whole = math.ceil(seconds)
    if whole <= 20:
        return f"{whole} s"
    if whole <= 90:
        return f"{math.ceil(whole / 5) * 5} s"
    hours, minutes = divmod(math.ceil(whole / 60), 60)
    if hours == 0:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
