"""The second dialect, Vertex AI's: longer names, bytes or `gs://` addresses, more parameters, videos inline.

Only what differs from `veo_nb.sandbox.wire` is here. As there, the names are written down a second time on purpose.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from msgspec import UNSET, Struct, UnsetType, field

from veo_nb import catalog
from veo_nb.media.encode import FPS
from veo_nb.sandbox import wire
from veo_nb.sandbox.store import Operation
from veo_nb.sandbox.wire import Blob, Extras, Order, Reference, Refused, Source, invalid, shown

PROVIDER = replace(wire.PROVIDER, dialects=("vertex",))
"""The sandbox as it is met here: the same models, by the rules of this form of the wire."""
PROJECT, LOCATION = "sandbox", "global"
"""Where an operation belongs that was asked for by the short path, whose key alone tells the project."""
RESOURCE = re.compile(r"projects/[^/]+/locations/[^/]+/publishers/google/models/([^/]+)")
ADDRESS = re.compile(r"gs://([a-z0-9][a-z0-9._-]{1,61}[a-z0-9])(?:/([^\x00-\x1f]{0,500}))?")
OBJECT = re.compile(r"(?:(.*)/)?([a-z0-9]+)/sample_([0-9])\.mp4", re.DOTALL)
KIND = "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse"


class Still(Struct, forbid_unknown_fields=True):
    """An image: its bytes, or where in the cloud it is."""

    mime_type: str | UnsetType = field(name="mimeType", default=UNSET)
    data: bytes | UnsetType = field(name="bytesBase64Encoded", default=UNSET)
    object: str | UnsetType = field(name="gcsUri", default=UNSET)


class Thing(Struct, forbid_unknown_fields=True):
    """An image of something that should appear."""

    image: Still
    kind: str = field(name="referenceType")


class SourceClip(Struct, forbid_unknown_fields=True):
    """A video to go on from: its bytes, or where in the cloud it is."""

    mime_type: str | UnsetType = field(name="mimeType", default=UNSET)
    data: bytes | UnsetType = field(name="bytesBase64Encoded", default=UNSET)
    object: str | UnsetType = field(name="gcsUri", default=UNSET)


class Instance(Struct, forbid_unknown_fields=True):
    """What to show."""

    prompt: str = ""
    image: Still | UnsetType = UNSET
    last_frame: Still | UnsetType = field(name="lastFrame", default=UNSET)
    reference_images: list[Thing] | UnsetType = field(name="referenceImages", default=UNSET)
    video: SourceClip | UnsetType = UNSET


class Parameters(wire.Parameters, forbid_unknown_fields=True):
    """How to show it."""

    generate_audio: bool | UnsetType = field(name="generateAudio", default=UNSET)
    storage_uri: str | UnsetType = field(name="storageUri", default=UNSET)
    fps: int | UnsetType = UNSET
    compression_quality: str | UnsetType = field(name="compressionQuality", default=UNSET)
    resize_mode: str | UnsetType = field(name="resizeMode", default=UNSET)


class Body(Struct, forbid_unknown_fields=True):
    """A submit."""

    instances: list[Instance]
    parameters: Parameters | UnsetType = UNSET


class Question(Struct, forbid_unknown_fields=True):
    """A poll."""

    name: str = field(name="operationName")


def find_model(name: str, project: str, location: str) -> catalog.Model:
    """The model with exactly this ID.

    Raises:
        Refused: 404, there is none.
    """
    model = wire.known_model(name)
    if model is None:
        where = resource(name, project, location)
        message = f"Publisher Model `{where}` was not found or your project does not have access to it."
        raise Refused(404, "NOT_FOUND", message)
    return model


def publisher_model(name: str) -> dict[str, Any]:
    """What the Model Garden says of a model.

    Raises:
        Refused: 404, there is none.
    """
    if name not in PROVIDER.models:
        raise Refused(
            404, "NOT_FOUND", f"Publisher Model publishers/google/models/{shown(name)} is not found."
        )
    stage = "GA" if catalog.MODELS[name].stage == "general" else "PUBLIC_PREVIEW"
    return {"name": f"publishers/google/models/{name}", "versionId": "default", "launchStage": stage}


def read_order(model: catalog.Model, raw: bytes) -> Order:
    """The order in the body of a submit.

    Raises:
        Refused: 400, with the wire's name of the field that is wrong.
    """
    body = wire.decode(raw, Body)
    values = wire.read_values(wire.only(body.instances), body.parameters)
    for name in ("image", "last_frame"):
        if name in values:
            values[name] = _blob(wire.NAMES[name], values[name])
    if "reference_images" in values:
        values["reference_images"] = [
            Reference(_blob("referenceImages", thing.image), thing.kind)
            for thing in values["reference_images"]
        ]
    return wire.make_order(model, values, _source, _take_extras(values), PROVIDER)


def _blob(name: str, still: Still) -> Blob:
    _one_of(name, still)
    if still.object is not UNSET:
        message = f"{name}.gcsUri does not name an object of this server: {shown(still.object)}."
        raise invalid(f"{message} The sandbox keeps only videos there: send bytesBase64Encoded.")
    if still.mime_type is UNSET:
        raise invalid(f"{name} needs a mimeType.")
    assert still.data is not UNSET
    return Blob(still.mime_type, still.data)


def _source(clip: SourceClip) -> Source:
    _one_of("video", clip)
    if clip.mime_type not in (UNSET, "video/mp4"):
        raise invalid(f"video.mimeType can't be {shown(str(clip.mime_type))}. It takes video/mp4.")
    return Source(data=clip.data) if clip.data is not UNSET else Source(object=str(clip.object))


def _one_of(name: str, part: Still | SourceClip) -> None:
    if (part.data is UNSET) == (part.object is UNSET):
        raise invalid(f"{name} takes either bytesBase64Encoded or gcsUri.")


def _take_extras(values: dict[str, Any]) -> Extras:
    """What only this dialect has; what is no field of the catalog is judged here and taken out of the values."""
    # There is no other rate on the service, and the renderer has none either.
    if (fps := values.pop("fps", FPS)) != FPS:
        raise invalid(f"fps can't be {fps}. It takes {FPS}.")
    storage = values.pop("storage_uri", "")
    if storage and not ADDRESS.fullmatch(storage):
        raise invalid(f"storageUri can't be {shown(storage)}. It takes gs://bucket/folder.")
    for name in ("compression_quality", "resize_mode"):
        if name in values:
            # Google's own pages write them in small letters and in large ones.
            values[name] = values[name].lower()
    return Extras(
        sound=values.get("generate_audio", True),
        lossless=values.get("compression_quality") == "lossless",
        fit=values.get("resize_mode", ""),
        storage=storage.rstrip("/"),
    )


def resource(model: str, project: str, location: str) -> str:
    """A model's full name."""
    return f"projects/{project}/locations/{location}/publishers/google/models/{model}"


def operation_name(model: str, project: str, location: str, operation: str) -> str:
    """The name under which an operation is polled."""
    return f"{resource(model, project, location)}/operations/{operation}"


def read_question(raw: bytes, model: str, where: str) -> tuple[str, str]:
    """The name and the ID of the operation that a poll asks for; `where` is the resource in its path, if in full.

    Raises:
        Refused: 400, the name is of another form, or belongs to another model, project or location.
    """
    name = wire.decode(raw, Question).name
    before, _, operation = name.rpartition("/operations/")
    found = RESOURCE.fullmatch(before)
    if not found or not operation:
        raise invalid(f"operationName can't be {shown(name)}. It takes the name that the submit answered.")
    if found[1] != model or where not in ("", before):
        raise invalid(f"The operation {shown(name)} does not belong to the resource of this call.")
    return name, operation


def object_address(operation: Operation, sample: int) -> str:
    """Where in the cloud a sample is put: `gs://…`."""
    return f"{operation.storage}/{operation.id}/sample_{sample}.mp4"


def read_object(address: str) -> tuple[str, int] | None:
    """The operation and the sample that an address in the cloud may be of; None when it is no such address."""
    found = ADDRESS.fullmatch(address)
    inner = OBJECT.fullmatch(found[2] or "") if found else None
    return (inner[2], int(inner[3])) if inner else None


def object_facts(bucket: str, name: str, size: int, base: str) -> dict[str, Any]:
    """What the storage service says of an object when its bytes are not asked for."""
    path = f"storage/v1/b/{bucket}/o/{quote(name, safe='')}?alt=media"
    return {
        "kind": "storage#object",
        "bucket": bucket,
        "name": name,
        "size": str(size),
        "contentType": "video/mp4",
        "mediaLink": f"{base}/download/{path}",
    }


def finished(name: str, videos: list[dict[str, str]], reasons: list[str]) -> dict[str, Any]:
    """A poll's answer: the videos that the safety filter left, and its reasons for the others."""
    response: dict[str, Any] = {"@type": KIND}
    if videos:
        response["videos"] = [{**video, "mimeType": "video/mp4"} for video in videos]
    return {"name": name, "done": True, "response": {**response, **wire.filtered(reasons)}}


UNAUTHORIZED = wire.error(
    401,
    "UNAUTHENTICATED",
    "Request had invalid authentication credentials. Expected a key or an access token.",
)
"""The body of a 401, in Google's shape."""
