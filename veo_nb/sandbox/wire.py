"""The wire as the server reads and writes it: JSON in, an `Order` out; operations and errors as JSON.

The names are written down here a second time, on purpose: see `veo_nb.catalog`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, Struct, UnsetType

from veo_nb import catalog

NAMES = {
    "prompt": "prompt",
    "image": "image",
    "last_frame": "lastFrame",
    "reference_images": "referenceImages",
    "video": "video",
    "aspect_ratio": "aspectRatio",
    "resolution": "resolution",
    "duration_seconds": "durationSeconds",
    "person_generation": "personGeneration",
    "enhance_prompt": "enhancePrompt",
    "negative_prompt": "negativePrompt",
    "seed": "seed",
    "sample_count": "sampleCount",
    "compression_quality": "compressionQuality",
    "generate_audio": "generateAudio",
    "resize_mode": "resizeMode",
}
"""How each field of the catalog is called on the wire."""

PROVIDER = catalog.PROVIDERS["sandbox"]
IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp")
FILE_ID = re.compile(r"/files/([a-z0-9]+)(?::download)?/?", re.ASCII)
USUAL_PAGE, LARGEST_PAGE = 50, 1000
"""Models on a page of the list, where nothing is asked and at most."""
POLICY = "Content policy violation: the prompt was refused by the safety filter."


class Refused(Exception):  # noqa: N818
    """The request can't be served; it becomes an answer in the provider's shape."""

    def __init__(
        self,
        code: int,
        status: str,
        message: str,
        reason: str = "",
        *,
        wait: int = 0,
        provider: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.body = error(code, status, message, reason)
        """Google's shape."""
        self.provider = provider or self.body
        """The provider's own shape, where its page documents one."""
        self.wait = wait
        """Seconds after which it may be tried again, for `Retry-After`; 0 for not said."""


class Blob(Struct, forbid_unknown_fields=True):
    """An image as it comes: its type and its bytes."""

    mime_type: str = msgspec.field(name="mimeType")
    data: bytes = msgspec.field(name="bytesBase64Encoded")


class Reference(Struct, forbid_unknown_fields=True):
    """An image of something that should appear."""

    image: Blob
    kind: str = msgspec.field(name="referenceType")


class SourceVideo(Struct, forbid_unknown_fields=True):
    """A video to go on from: one of ours by its address, or its bytes."""

    uri: str | UnsetType = UNSET
    data: bytes | UnsetType = msgspec.field(name="bytesBase64Encoded", default=UNSET)
    mime_type: str | UnsetType = msgspec.field(name="mimeType", default=UNSET)
    encoding: str | UnsetType = UNSET


class Instance(Struct, forbid_unknown_fields=True):
    """What to show."""

    prompt: str = ""
    image: Blob | UnsetType = UNSET
    last_frame: Blob | UnsetType = msgspec.field(name="lastFrame", default=UNSET)
    reference_images: list[Reference] | UnsetType = msgspec.field(name="referenceImages", default=UNSET)
    video: SourceVideo | UnsetType = UNSET


class Parameters(Struct, forbid_unknown_fields=True):
    """How to show it."""

    aspect_ratio: str | UnsetType = msgspec.field(name="aspectRatio", default=UNSET)
    resolution: str | UnsetType = UNSET
    duration_seconds: int | str | UnsetType = msgspec.field(name="durationSeconds", default=UNSET)
    person_generation: str | UnsetType = msgspec.field(name="personGeneration", default=UNSET)
    enhance_prompt: bool | UnsetType = msgspec.field(name="enhancePrompt", default=UNSET)
    negative_prompt: str | UnsetType = msgspec.field(name="negativePrompt", default=UNSET)
    seed: int | UnsetType = UNSET
    sample_count: int | UnsetType = msgspec.field(name="sampleCount", default=UNSET)


class Body(Struct, forbid_unknown_fields=True):
    """A submit."""

    instances: list[Instance]
    parameters: Parameters | UnsetType = UNSET


@dataclass(frozen=True, kw_only=True)
class Order:
    """A submit that holds what it must: ready to be rendered once its pictures were looked at."""

    model: str
    dialect: str
    """The form of the wire that it came by, by whose rules it was taken."""
    prompt: str
    aspect_ratio: str | None
    resolution: str | None
    seconds: float
    seed: int | None
    samples: int
    negative_prompt: str
    image: Blob | None = field(repr=False)
    last_frame: Blob | None = field(repr=False)
    references: tuple[Blob, ...] = field(repr=False)
    source: Source
    extras: Extras
    edits: bool = False
    """Whether the source is changed, and not gone on from."""
    total: float = 0.0
    """Seconds that a source and what is added to it may last, where the clip says how much that is; 0 for Veo's rules."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """The video that an order goes on from, by one of these; none of them when it begins from nothing."""

    file: str = ""
    """The ID of one of our files."""
    object: str = ""
    """The address of one of our files in the cloud, `gs://…`."""
    data: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Extras:
    """What only the second dialect can ask for, see `veo_nb.sandbox.vertex`."""

    sound: bool = True
    lossless: bool = False
    """Whether the file may be large for the sake of the picture."""
    fit: str = ""
    """What is done to a picture of another shape: `crop` or `pad`; empty for what the camera likes."""
    storage: str = ""
    """Where in the cloud the videos go, `gs://bucket/folder`; empty for inline."""


def find_model(name: str) -> catalog.Model:
    """The model with exactly this ID.

    Raises:
        Refused: 404, there is none.
    """
    model = known_model(name)
    if model is None:
        message = f"models/{name} is not found, or does not support predictLongRunning."
        raise Refused(404, "NOT_FOUND", message)
    return model


def model_page(size: str, token: str) -> dict[str, Any]:
    """A page of the list of models, as Google's Developer API lists them.

    Raises:
        Refused: 400, the size or the token is none.
    """
    if not re.fullmatch(r"[0-9]{0,9}", size, re.ASCII) or not re.fullmatch(r"(?:after-[0-9]{1,9})?", token):
        raise invalid("pageSize and pageToken must be a number and a token that a page has named.")
    every = [catalog.MODELS[name] for name in PROVIDER.models]
    begin = int(token.removeprefix("after-") or 0)
    end = begin + min(int(size or 0) or USUAL_PAGE, LARGEST_PAGE)
    page: dict[str, Any] = {"models": [_listed(model) for model in every[begin:end]]}
    return {**page, "nextPageToken": f"after-{end}"} if end < len(every) else page


def _listed(model: catalog.Model) -> dict[str, Any]:
    entry = {
        "name": f"models/{model.id}",
        "version": "1",
        "displayName": model.title,
        "inputTokenLimit": 480,
        "outputTokenLimit": 8192,
    }
    # How Google's list names the methods of what is spoken to in interactions was nowhere seen.
    return (
        {**entry, "supportedGenerationMethods": ["predictLongRunning"]}
        if "gemini" in model.dialects
        else entry
    )


def model_data() -> dict[str, Any]:
    """The same list in OpenAI's form."""
    data = [
        {"id": name, "object": "model", "created": 1_793_836_800, "owned_by": "sandbox"}
        for name in PROVIDER.models
    ]
    return {"object": "list", "data": data}


def known_model(name: str) -> catalog.Model | None:
    """The model with exactly this ID, if the sandbox serves it."""
    model = catalog.MODELS[name] if name in PROVIDER.models else None
    return model if model is not None and set(catalog.VEO) <= set(model.dialects) else None


def read_order(model: catalog.Model, raw: bytes) -> Order:
    """The order in the body of a submit.

    Raises:
        Refused: 400, with the wire's name of the field that is wrong.
    """
    body = decode(raw, Body)
    values = read_values(only(body.instances), body.parameters)
    return make_order(model, values, _source)


def make_order(
    model: catalog.Model,
    values: dict[str, Any],
    source: Callable[[Any], Source],
    extras: Extras = Extras(),
    provider: catalog.Provider = PROVIDER,
) -> Order:
    """The order that these fields make, by the catalog's names; `source` reads the video among them.

    Raises:
        Refused: 400, they break a rule, or the prompt is one that the filter refuses.
    """
    problems = catalog.check({**values, "model": model.id}, provider)
    if problems:
        raise invalid(_in_wire_names(f"{problems[0].message} {problems[0].hint}".strip()))
    _check_images(values)
    prompt = values.get("prompt", "")
    if "sandbox:block" in prompt:
        raise Refused(400, "INVALID_ARGUMENT", POLICY, "CONTENT_POLICY_VIOLATION")
    return Order(
        model=model.id,
        dialect=provider.dialect_of(model),
        prompt=prompt,
        aspect_ratio=values.get("aspect_ratio"),
        resolution=values.get("resolution"),
        seconds=values.get("duration_seconds", model.default_duration),
        seed=values.get("seed"),
        samples=values.get("sample_count", 1),
        negative_prompt=values.get("negative_prompt", ""),
        image=values.get("image"),
        last_frame=values.get("last_frame"),
        references=tuple(item.image for item in values.get("reference_images", ())),
        source=source(values["video"]) if "video" in values else Source(),
        extras=extras,
    )


T = TypeVar("T")


def decode(raw: bytes, kind: type[T]) -> T:
    """A body of this kind.

    Raises:
        Refused: 400, it is no JSON, or not of this shape.
    """
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as problem:
        raise invalid(f"Invalid JSON payload received. {problem}") from problem
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise invalid(
            f"Invalid JSON payload received. The body can't be read as JSON: {problem}"
        ) from problem


def only(instances: list[T]) -> T:
    """The one instance of a body.

    Raises:
        Refused: 400, there are more, or none.
    """
    if len(instances) != 1:
        raise invalid(f"instances must hold exactly one instance, not {len(instances)}.")
    return instances[0]


def read_values(*parts: Struct | UnsetType) -> dict[str, Any]:
    """The fields by the catalog's names; what was not sent is absent."""
    values: dict[str, Any] = {}
    for part in parts:
        for name in () if part is UNSET else part.__struct_fields__:
            value = getattr(part, name)
            if value is not UNSET:
                values[name] = value
    duration = values.get("duration_seconds")
    if isinstance(duration, str):
        if not re.fullmatch(r"[0-9]{1,3}", duration):
            raise invalid(f"durationSeconds can't be {shown(duration)}. It takes a number of seconds.")
        values["duration_seconds"] = int(duration)
    return values


def _check_images(values: dict[str, Any]) -> None:
    blobs: list[tuple[str, Blob]] = [
        (NAMES[name], values[name]) for name in ("image", "last_frame") if name in values
    ]
    for reference in values.get("reference_images", ()):
        if reference.kind.lower() != "asset":
            raise invalid(f"referenceType can't be {shown(reference.kind)}. It takes asset.")
        blobs.append(("referenceImages", reference.image))
    for name, blob in blobs:
        if blob.mime_type not in IMAGE_TYPES:
            raise invalid(f"{name}.mimeType can't be {shown(blob.mime_type)}. Use {', '.join(IMAGE_TYPES)}.")


def _source(clip: SourceVideo) -> Source:
    """The source video: one of our files by its ID, or bytes."""
    if (clip.uri is UNSET) == (clip.data is UNSET):
        raise invalid("video takes either uri or bytesBase64Encoded.")
    if clip.data is not UNSET:
        return Source(data=clip.data)
    assert clip.uri is not UNSET
    try:
        found = FILE_ID.search(urlsplit(clip.uri).path)
    except ValueError:
        found = None
    if not found:
        message = f"video.uri does not name a video of this server: {shown(clip.uri)}."
        raise invalid(f"{message} Use the uri that a finished operation gave.")
    return Source(file=found[1])


def _in_wire_names(text: str) -> str:
    """A sentence of the catalog with its fields as the wire calls them."""
    return re.sub(r"\b[a-z]+(?:_[a-z]+)+\b", lambda word: NAMES.get(word[0], word[0]), text)


def shown(text: str) -> str:
    """A value from outside, quoted for a message and not too long."""
    return repr(text if len(text) <= 100 else text[:100] + "…")


def invalid(message: str) -> Refused:
    """The refusal of a request that is wrong in itself."""
    return Refused(400, "INVALID_ARGUMENT", message)


def error(code: int, status: str, message: str, reason: str = "") -> dict[str, Any]:
    """The body of an answer that says no, in Gemini's shape."""
    status = status or HTTPStatus(code).name
    # A message may quote a body that holds half a surrogate pair, which no answer can carry.
    problem: dict[str, Any] = {
        "code": code,
        "message": message.encode("utf-8", "replace").decode("utf-8"),
        "status": status,
    }
    if reason:
        problem["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}]
    return {"error": problem}


UNAUTHORIZED: dict[str, Any] = {"error": {"message": "Invalid signature", "type": "401"}}
"""The body of a 401, as the provider documents it."""


def slow_down(message: str) -> dict[str, Any]:
    """The body of a 429, as the provider documents it."""
    return {"error": {"message": message, "type": "rate_limit_error", "code": "rate_limit_exceeded"}}


def operation_name(model: str, operation: str) -> str:
    """The name under which an operation is polled."""
    return f"models/{model}/operations/{operation}"


def finished(name: str, uris: list[str], reasons: list[str]) -> dict[str, Any]:
    """A poll's answer: the videos that the safety filter left, if any, and its reasons for the others."""
    response: dict[str, Any] = {}
    if uris:
        response["generatedSamples"] = [{"video": {"uri": uri, "encoding": "video/mp4"}} for uri in uris]
    return {
        "name": name,
        "done": True,
        "response": {"generateVideoResponse": {**response, **filtered(reasons)}},
    }


def filtered(reasons: list[str]) -> dict[str, Any]:
    """The part of an answer that tells what the safety filter took."""
    return {"raiMediaFilteredCount": len(reasons), "raiMediaFilteredReasons": reasons} if reasons else {}


def failed(name: str, code: int, message: str) -> dict[str, Any]:
    """A poll's answer: it ended without a video; `code` is gRPC's."""
    return {"name": name, "done": True, "error": {"code": code, "message": message}}
