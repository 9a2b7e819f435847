"""What is exchanged between Python and the browser; the twin of js/src/core/protocol.ts.

Facts are the trait `card`: one JSON object, written by Python alone, a new snapshot each time. Commands are
messages `{kind, id, payload}`, each answered by `{kind: "reply", id, ok | error}`. All words are made here, in
Python; the browser only ticks the numbers in them. tests/fixtures/protocol holds examples that both sides
read in their tests. Pure: no widgets, no clock.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypedDict

import msgspec

from veo_nb.errors import InvalidRequest, VeoError

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


class _SinceClock(TypedDict):
    clock: Literal["since"]
    at: float


class Since(_SinceClock, total=False):
    """Time gone by since `at` (seconds since 1970), as `0:42`, put where `text` has `{}`."""

    text: str


class Until(TypedDict):
    """Time left until `at`, as `40 s` or `3 min`, put where `text` has `{}`; `past` once it is over."""

    clock: Literal["until"]
    at: float
    text: str
    past: str
    """Empty: the part disappears when the time is over."""


Part = str | Since | Until
"""A piece of the live line; the pieces are joined by ` · `."""


class Estimate(TypedDict):
    """Progress guessed from past runs: it never reaches the end."""

    since: float
    """Seconds since 1970."""
    expected: float
    """Seconds from start to end."""


class Transfer(TypedDict):
    """Progress counted in bytes."""

    done: int
    total: int


class Clip(TypedDict):
    """A video that is there."""

    url: str
    """Where the page can fetch it; empty when it can't."""
    poster: str
    """A data URI of a JPEG, or empty."""
    path: str
    """Where the file is, as a person says it."""
    label: str
    """What tells it from its siblings; empty for an only one."""


class Card(TypedDict):
    """All that the card under a cell shows."""

    id: str
    state: State
    prompt: str
    settings: list[str]
    """What was set, in reading order: `["fast", "9:16", "8 s"]`."""
    cost: str
    tag: str
    """`sandbox`, or empty."""
    shape: Literal["16:9", "9:16"]
    backdrop: str
    """The input image, small, as a data URI; or empty."""
    line: list[Part]
    progress: Estimate | Transfer | None
    actions: list[Literal["cancel", "rerun"]]
    videos: list[Clip]


class ErrorText(TypedDict):
    """An error as the browser shows it."""

    code: str
    message: str
    hint: str


class Reply(TypedDict, total=False):
    """The answer to a message: `ok` or `error`, never both."""

    kind: Literal["reply"]
    id: str
    ok: dict[str, Any]
    error: ErrorText


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of a message that has nothing to say but its kind."""


Payloads = Mapping[str, type[msgspec.Struct]]
"""The kinds of message that a view takes, and the payload of each."""

Kind = Literal["cancel", "rerun", "clock"]
COMMANDS: Payloads = {"cancel": Nothing, "rerun": Nothing, "clock": Nothing}
"""Those of the card."""


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that the person at the browser wants."""

    kind: str
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    """Chosen by the browser; the reply carries it back."""
    payload: dict[str, Any]


def parse_command(raw: object, payloads: Payloads = COMMANDS) -> tuple[Command, msgspec.Struct]:
    """The message in this JSON value, which is one of those that the view takes, and its payload, checked.

    Raises InvalidRequest where it is none that is known; its `facts["id"]` is the id to reply to, or empty.
    """
    try:
        message = msgspec.convert(raw, Command)
        wanted = payloads.get(message.kind)
        if wanted is None:
            raise msgspec.ValidationError(f"Unknown kind {message.kind[:40]!r}")  # noqa: TRY301  said as the others
        payload = msgspec.convert(message.payload, wanted)
    except (msgspec.ValidationError, RecursionError) as error:
        found = raw.get("id") if isinstance(raw, Mapping) else None
        raise InvalidRequest(
            f"The kernel does not understand this message: {error}.",
            hint="Reload the page: it may show another version of veo_nb than the kernel runs.",
            id=found if isinstance(found, str) and len(found) <= 100 else "",
        ) from None
    return message, payload


def reply(id: str, ok: Mapping[str, Any] | None = None) -> Reply:  # noqa: A002
    """The answer that what was asked is done; `ok` carries what was asked for."""
    return {"kind": "reply", "id": id, "ok": dict(ok or {})}


def reply_error(id: str, error: VeoError) -> Reply:  # noqa: A002
    """The answer that it can't be done, and why."""
    words: ErrorText = {"code": error.code, "message": error.message, "hint": error.hint}
    return {"kind": "reply", "id": id, "error": words}


def format_line(parts: Sequence[Part], now: float) -> str:
    """The live line as text, at this moment (seconds since 1970), for terminals and static pages."""
    return " · ".join(text for part in parts if (text := _format_part(part, now)))


def _format_part(part: Part, now: float) -> str:
    if isinstance(part, str):
        return part
    if part["clock"] == "since":
        return part.get("text", "{}").replace("{}", format_elapsed(now - part["at"]), 1)
    if part["at"] > now:
        return part["text"].replace("{}", format_left(part["at"] - now), 1)
    return part["past"]


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
