"""What a submit of this form holds, as JSON or as a form's fields and its file; read into an `Order`."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import msgspec
from msgspec import UNSET, Struct, UnsetType
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from veo_nb import catalog
from veo_nb.sandbox.service import read_body
from veo_nb.sandbox.videos.refusal import Problem
from veo_nb.sandbox.wire import PROVIDER, Blob, Extras, Order, Source, shown

NAMES = {"house-fast": "veo-3.1-fast-generate-preview"}
"""Models that are called here as the owner of this gateway likes; the others go by their ids."""
STILLS = ("image/png", "image/jpeg", "image/webp")
PIXELS = {"360p": (640, 360), "720p": (1280, 720), "1080p": (1920, 1080), "4k": (3840, 2160)}
DEFAULT_SECONDS, DEFAULT_SIZE = "4", "720x1280"
"""OpenAI's own, an upright clip."""
LONGEST_PROMPT = 32_000


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one kind of model bears."""

    seconds: tuple[str, ...]
    resolutions: tuple[str, ...]
    whole: bool = False
    """Whether more than 720p is made of 8 seconds only."""


VEO = Limits(seconds=("4", "6", "8"), resolutions=("720p", "1080p", "4k"), whole=True)
LITE = Limits(seconds=("4", "6", "8"), resolutions=("720p", "1080p"), whole=True)
OMNI = Limits(seconds=tuple(str(one) for one in range(3, 16)), resolutions=("360p", "720p", "1080p", "4k"))


class Reference(Struct, forbid_unknown_fields=True):
    """A picture by its address; in JSON no file can go along."""

    image_url: str | UnsetType = UNSET
    file_id: str | UnsetType = UNSET


class Body(Struct, forbid_unknown_fields=True):
    """A submit."""

    model: str
    prompt: str
    seconds: str = DEFAULT_SECONDS
    size: str = DEFAULT_SIZE
    input_reference: Reference | UnsetType = UNSET


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a submit asks for beside the clip, as it is told again."""

    order: Order
    model: str
    seconds: str
    size: str


async def read_wanted(request: Request) -> Wanted:
    """What is asked for.

    Raises:
        Problem: 400, 404 or 415, with the parameter that is wrong.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        body, picture = await _read_form(request)
    elif kind == "application/json":
        body, picture = _decoded(await read_body(request)), None
        if body.input_reference is not UNSET:
            picture = _by_address(body.input_reference)
    else:
        raise Problem(415, "unsupported_content_type", f"Unsupported content type {shown(kind)}.")
    return _ordered(body, picture)


async def _read_form(request: Request) -> tuple[Body, Blob | None]:
    raw = await read_body(request)

    async def whole() -> AsyncGenerator[bytes, None]:
        yield raw

    try:
        form = await MultiPartParser(request.headers, whole()).parse()
    except MultiPartException as problem:
        raise Problem(400, "invalid_multipart", f"The form can't be read: {problem.message}") from problem
    fields: dict[str, str] = {}
    picture = None
    for name, value in form.multi_items():
        if isinstance(value, UploadFile) != (name == "input_reference") or name in fields:
            raise Problem(400, "invalid_type", f"Invalid value for {shown(name)}.", name)
        if isinstance(value, UploadFile):
            data = await value.read()
            picture = Blob(value.content_type or "", data)
        else:
            fields[name] = value
    body = _decoded(json.dumps(fields).encode())
    # What the log shows: the picture by its size, as of other bodies.
    payload = (
        {"data": base64.b64encode(picture.data).decode(), "type": picture.mime_type} if picture else None
    )
    request.scope["veo_body"] = json.dumps(
        {**fields, **({"input_reference": payload} if payload else {})}
    ).encode()
    return body, picture


def _decoded(raw: bytes) -> Body:
    try:
        return msgspec.json.decode(raw, type=Body)
    except msgspec.ValidationError as problem:
        raise _invalid(str(problem)) from problem
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise Problem(400, "invalid_json", f"The body can't be read as JSON: {problem}.") from problem


def _invalid(said: str) -> Problem:
    """The refusal of a body of another shape, which names the parameter."""
    named = re.search(r"(?:unknown|required) field `(\w+)`", said) or re.search(r"at `\$\.([\w.]+)`", said)
    name = named[1] if named else None
    if "unknown field" in said:
        return Problem(400, "unknown_parameter", f"Unknown parameter: {shown(name or '')}.", name)
    if "required field" in said:
        return Problem(
            400, "missing_required_parameter", f"Missing required parameter: {shown(name or '')}.", name
        )
    return Problem(400, "invalid_type", f"Invalid type for {shown(name or 'body')}: {said}.", name)


def _by_address(reference: Reference) -> Blob:
    """The picture in a `data:` address; the sandbox fetches nothing."""
    address = "" if reference.image_url is UNSET else reference.image_url
    found = re.fullmatch(r"data:([a-z]+/[a-z0-9.+-]+);base64,(.*)", address, re.DOTALL)
    try:
        if found:
            return Blob(found[1], base64.b64decode(found[2], validate=True))
    except binascii.Error:
        pass
    message = "The sandbox takes a picture as a file in a form, or as a data: address."
    raise Problem(400, "invalid_value", message, "input_reference")


def _ordered(body: Body, picture: Blob | None) -> Wanted:
    model = find_model(body.model)
    limits = OMNI if model.id in catalog.OMNI else LITE if model.alias == "lite" else VEO
    if not body.prompt.strip() or len(body.prompt) > LONGEST_PROMPT:
        message = f"'prompt' takes 1 to {LONGEST_PROMPT} characters."
        raise Problem(400, "invalid_value", message, "prompt")
    if body.seconds not in limits.seconds:
        raise _unknown_value("seconds", body.seconds, limits.seconds)
    sizes = {
        f"{size[0]}x{size[1]}": (lines, ratio)
        for lines in limits.resolutions
        for ratio, size in (("16:9", PIXELS[lines]), ("9:16", PIXELS[lines][::-1]))
    }
    if body.size not in sizes:
        raise _unknown_value("size", body.size, tuple(sizes))
    lines, ratio = sizes[body.size]
    if limits.whole and lines != "720p" and body.seconds != "8":
        raise Problem(400, "invalid_value", f"Size {body.size} needs 8 seconds.", "seconds")
    if picture is not None and picture.mime_type not in STILLS:
        raise _unknown_value("input_reference", picture.mime_type, STILLS)
    if "sandbox:block" in body.prompt:
        raise Problem(400, "moderation_blocked", "Your request was blocked by our moderation system.")
    order = Order(
        model=model.id,
        dialect="videos",
        prompt=body.prompt,
        aspect_ratio=ratio,
        resolution=lines,
        seconds=float(body.seconds),
        seed=None,
        samples=1,
        negative_prompt="",
        image=picture,
        last_frame=None,
        references=(),
        source=Source(),
        extras=Extras(),
    )
    return Wanted(order=order, model=body.model, seconds=body.seconds, size=body.size)


def find_model(name: str) -> catalog.Model:
    """The model that is called so here.

    Raises:
        Problem: 404, there is none.
    """
    known = NAMES.get(name, name)
    if known not in PROVIDER.models:
        message = f"The model {shown(name)} does not exist or you do not have access to it."
        raise Problem(404, "model_not_found", message, "model")
    return catalog.MODELS[known]


def _unknown_value(name: str, value: str, known: tuple[str, ...]) -> Problem:
    message = f"Invalid value: {shown(value)}. Supported values are: {', '.join(map(repr, known))}."
    return Problem(400, "invalid_value", message, name)
