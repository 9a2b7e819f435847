"""What a submit of this dialect holds: parts in a list, a format, a task; read into an `Order`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from veo_nb.sandbox.wire import Blob, Extras, Order, Refused, Source, shown

ID = re.compile(r"v1_([a-z0-9]+)")
TASKS = ("text_to_video", "image_to_video", "reference_to_video", "edit", "extend")
STILLS = ("image/png", "image/jpeg", "image/webp")
"""Those that can be painted here; the service takes HEIC as well."""
CODES = {
    "INVALID_ARGUMENT": "invalid_request",
    "FAILED_PRECONDITION": "failed_precondition",
    "NOT_FOUND": "not_found",
    "RESOURCE_EXHAUSTED": "rate_limit_exceeded",
}
"""This dialect's words for the statuses of the other two."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one model bears."""

    longest: int
    """Seconds of a new clip, and of a source that is edited."""
    references: int
    resolutions: tuple[str, ...] = ("360p", "720p", "1080p", "4k")
    shortest: int = 3
    between: int = 10
    """Seconds from a first to a last frame."""
    added: int = 10
    """Seconds that an extension adds at most."""
    total: int = 30
    """Seconds of a clip with its extension."""


LIMITS = {
    "gemini-omni-1.2-flash": Limits(longest=15, references=6),
    "gemini-omni-1.1-flash": Limits(longest=10, references=3),
}
DEFAULT_SECONDS = 10.0
CLOUD_TOTAL = 40.0
"""Seconds of a clip with its extension at Vertex AI."""


class Problem(Refused):
    """A refusal in this dialect's shape, whose code is a word."""

    def __init__(self, code: int, word: str, message: str, *, wait: int = 0) -> None:
        body = error(word, message)
        super().__init__(code, "", message, wait=wait, provider=body)
        self.body = body


def error(word: str, message: str) -> dict[str, Any]:
    """The body of an answer that says no."""
    return {"error": {"code": word, "message": message.encode("utf-8", "replace").decode("utf-8")}}


def translated(refused: Refused) -> Problem:
    """A refusal by what the dialects share, in the words of this one."""
    if isinstance(refused, Problem):
        return refused
    word = CODES.get(refused.body["error"]["status"], "invalid_request")
    return Problem(refused.code, word, str(refused), wait=refused.wait)


def wrong(message: str, word: str = "invalid_request") -> Problem:
    """The refusal of a submit that is wrong in itself."""
    return Problem(400, word, message)


class Part(Struct, forbid_unknown_fields=True, tag_field="type"):
    """A piece of the input."""


class Text(Part, tag="text"):
    """Words."""

    text: str


class Medium(Part):
    """A picture or a video: its bytes, or the address of a file that was uploaded."""

    mime_type: str | UnsetType = UNSET
    data: bytes | UnsetType = UNSET
    uri: str | UnsetType = UNSET


class Image(Medium, tag="image"):
    """A picture."""


class Video(Medium, tag="video"):
    """A video."""


class Turn(Part, tag="user_input"):
    """All of it in one, as Google's own client wraps it."""

    content: list[Text | Image | Video]


class Format(Struct, forbid_unknown_fields=True):
    """How the video is to be."""

    type: Literal["video"]
    aspect_ratio: str | UnsetType = UNSET
    resolution: str | UnsetType = UNSET
    duration: str | UnsetType = UNSET
    delivery: Literal["inline", "uri"] = "inline"
    gcs_uri: str = ""


class VideoConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be done."""

    task: str = ""


class Generation(Struct, frozen=True, forbid_unknown_fields=True):
    """How it is to be done."""

    seed: int | UnsetType = UNSET
    video_config: VideoConfig = VideoConfig()


class Webhook(Struct, forbid_unknown_fields=True):
    """Who is to be told; the sandbox tells nobody."""

    uris: list[str]
    user_metadata: dict[str, Any] = {}


class Body(Struct, forbid_unknown_fields=True):
    """A submit."""

    model: str
    input: str | list[Text | Image | Video | Turn]
    response_format: Format | list[Format] | UnsetType = UNSET
    generation_config: Generation = Generation()
    background: bool = False
    store: bool = True
    stream: Literal[False] = False
    previous_interaction_id: str = ""
    labels: dict[str, str] = {}
    webhook_config: Webhook | UnsetType = UNSET


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a submit asks for beside the clip."""

    order: Order
    previous: str
    """ID of the operation that it goes on from; empty when there is none."""
    background: bool
    store: bool
    delivery: str
    input: Any
    """The input as it came, without payloads."""


def read_body(raw: bytes, read_upload: Callable[[str], bytes], *, cloud: bool) -> Wanted:
    """What is asked for; `read_upload` gives the bytes of a file by its address, `cloud` says that this is Vertex AI.

    Raises:
        Problem: 400 or 404, with the wire's name of what is wrong.
    """
    body = _decoded(raw)
    limits = LIMITS.get(body.model)
    if limits is None:
        raise Problem(404, "model_not_found", f"Model {shown(body.model)} is not found.")
    if body.background and not body.store:
        raise wrong("background needs store: true.", "failed_precondition")
    parts = _parts(body.input)
    text = "\n".join(part.text for part in parts if isinstance(part, Text))
    if not text.strip():
        raise wrong("input holds no text.")
    images = [_still(part, read_upload) for part in parts if isinstance(part, Image)]
    videos = [part for part in parts if isinstance(part, Video)]
    previous = _previous(body.previous_interaction_id)
    task = _task(body.generation_config.video_config.task, images, videos, previous)
    _check(task, images, videos, previous, limits)
    wanted = _format(body.response_format, cloud=cloud)
    if wanted.delivery == "uri" and not body.store:
        raise wrong("delivery: uri needs store: true.", "failed_precondition")
    if "sandbox:block" in text:
        raise wrong("The prompt was refused by the safety filter.", "prohibited_content")
    framed = task == "image_to_video"
    order = Order(
        model=body.model,
        dialect="interactions",
        prompt=text,
        aspect_ratio=_aspect(wanted, task),
        resolution=_resolution(wanted, limits),
        seconds=_seconds(wanted, task, limits, framed=len(images) if framed else 0),
        seed=_seed(body.generation_config.seed),
        samples=1,
        negative_prompt="",
        image=images[0] if framed else None,
        last_frame=images[1] if framed and len(images) > 1 else None,
        references=tuple(images) if task == "reference_to_video" else (),
        source=Source(data=_bytes(videos[0], read_upload)) if videos else Source(),
        extras=Extras(storage=wanted.gcs_uri.rstrip("/")),
        edits=task == "edit",
        total=CLOUD_TOTAL if cloud else float(limits.total),
    )
    return Wanted(
        order=order,
        previous=previous,
        background=body.background,
        store=body.store,
        delivery=wanted.delivery,
        input=_without_payloads(body.input),
    )


def _decoded(raw: bytes) -> Body:
    try:
        return msgspec.json.decode(raw, type=Body)
    except msgspec.ValidationError as problem:
        unknown = "unknown field" in str(problem)
        raise wrong(f"{problem}.", "parameter_unknown" if unknown else "invalid_request") from problem
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise wrong(f"The body can't be read as JSON: {problem}.") from problem


def _parts(given: str | list[Text | Image | Video | Turn]) -> list[Text | Image | Video]:
    if isinstance(given, str):
        return [Text(given)]
    return [one for part in given for one in (part.content if isinstance(part, Turn) else [part])]


def _without_payloads(given: str | list[Text | Image | Video | Turn]) -> list[dict[str, Any]]:
    kinds = {Image: "image", Video: "video"}
    return [
        {"type": "text", "text": part.text}
        if isinstance(part, Text)
        else {"type": kinds[type(part)], "mime_type": part.mime_type or ""}
        for part in _parts(given)
    ]


def _previous(name: str) -> str:
    if not name:
        return ""
    found = ID.fullmatch(name)
    if found is None:
        raise wrong("Invalid interaction name.")
    return found[1]


def _task(named: str, images: list[Blob], videos: list[Video], previous: str) -> str:
    """The task that is named, or that the input tells."""
    if named and named not in TASKS:
        raise wrong(f"task can't be {shown(named)}. It takes {', '.join(TASKS)}.")
    if named:
        return named
    if previous or videos:
        return "edit"
    if not images:
        return "text_to_video"
    return "image_to_video" if len(images) < 3 else "reference_to_video"


def _check(task: str, images: list[Blob], videos: list[Video], previous: str, limits: Limits) -> None:
    sources = len(videos) + bool(previous)
    if sources > 1:
        raise wrong("input takes one video, or previous_interaction_id.")
    if (task in ("edit", "extend")) != bool(sources):
        raise wrong(f"{task} and a video don't go together." if sources else f"{task} needs a video.")
    most = {"image_to_video": 2, "reference_to_video": limits.references}.get(task, 0)
    if len(images) > most:
        raise wrong(f"{task} takes up to {most} images, not {len(images)}.")
    if most and not images:
        raise wrong(f"{task} needs an image.")


def _still(part: Image, read_upload: Callable[[str], bytes]) -> Blob:
    if part.mime_type not in STILLS:
        raise wrong(f"mime_type can't be {shown(str(part.mime_type or ''))}. Use {', '.join(STILLS)}.")
    return Blob(str(part.mime_type), _bytes(part, read_upload))


def _bytes(part: Medium, read_upload: Callable[[str], bytes]) -> bytes:
    if (part.data is UNSET) == (part.uri is UNSET):
        raise wrong("A part takes either data or uri.")
    return read_upload(part.uri) if isinstance(part.uri, str) else bytes(part.data or b"")


def _format(given: Format | list[Format] | UnsetType, *, cloud: bool) -> Format:
    if given is UNSET:
        return Format(type="video")
    one = given if isinstance(given, Format) else given[0] if len(given) == 1 else None
    if one is None:
        raise wrong("response_format holds one format.")
    if cloud and one.delivery == "uri" and not one.gcs_uri.startswith("gs://"):
        raise wrong("delivery: uri needs gcs_uri.")
    if one.gcs_uri and not cloud:
        raise wrong("gcs_uri is known at Vertex AI only.", "parameter_unknown")
    return one


def _aspect(wanted: Format, task: str) -> str | None:
    if wanted.aspect_ratio is UNSET:
        return None
    if task == "extend":
        raise wrong("aspect_ratio can't be given with extend: the clip has one.")
    if wanted.aspect_ratio not in ("16:9", "9:16"):
        raise wrong(f"aspect_ratio can't be {shown(str(wanted.aspect_ratio))}. It takes 16:9 or 9:16.")
    return str(wanted.aspect_ratio)


def _resolution(wanted: Format, limits: Limits) -> str:
    name = "720p" if wanted.resolution is UNSET else str(wanted.resolution)
    if name not in limits.resolutions:
        raise wrong(f"resolution can't be {shown(name)}. It takes {', '.join(limits.resolutions)}.")
    return name


def _seconds(wanted: Format, task: str, limits: Limits, *, framed: int) -> float:
    if wanted.duration is UNSET:
        return DEFAULT_SECONDS
    found = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)s", str(wanted.duration))
    most = limits.added if task == "extend" else limits.between if framed > 1 else limits.longest
    if found is None or not limits.shortest <= float(found[1]) <= most:
        asked = shown(str(wanted.duration))
        raise wrong(f"duration can't be {asked}. It takes {limits.shortest}s to {most}s.")
    return float(found[1])


def _seed(seed: int | UnsetType) -> int | None:
    if seed is UNSET:
        return None
    if not 0 <= seed < 2**32:
        raise wrong(f"seed can't be {seed}. It takes 0 to {2**32 - 1}.")
    return int(seed)
