"""What goes over the wire as values: a request becomes a body; a call, a sample and an operation. Pure.

Source of the names: the provider's page for the parameters. Answers are
read in `answers`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from veo_nb import catalog, errors
from veo_nb.media.picture import Picture, UnreadablePicture, outgoing
from veo_nb.records.late import dataclass
from veo_nb.request import VideoRequest

PARAMETERS = {field.name: field.wire for field in catalog.FIELDS if field.wire}
"""Fields that go under `parameters`, and their names on the wire."""


@dataclass(frozen=True)
class Attachment:
    """A file that goes along in a form."""

    name: str
    mime: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Call:
    """One request as it will be sent: its method, its whole address, and its body as JSON values, or as the fields of a form."""

    method: Literal["GET", "POST"]
    url: str
    body: Mapping[str, Any] | None = None
    attachments: Mapping[str, Attachment] = field(default_factory=dict)
    """Files by the names of their fields. Where there are some it goes as a form, whose other fields are the body's."""
    held: bool = False
    """Whether it is answered when the clip is made, with the clip in the answer."""


@dataclass(frozen=True)
class Sample:
    """One finished video at the provider: an address, or the bytes themselves."""

    uri: str = ""
    data: bytes | None = None


@dataclass(frozen=True)
class Operation:
    """The state of one operation: still running, or done with samples, a failure or a filter's reasons."""

    name: str = ""
    done: bool = False
    samples: tuple[Sample, ...] = ()
    error: errors.VeoError | None = None
    """Why a done operation has no sample; None while it runs and when it has one."""
    filtered: tuple[str, ...] = ()
    """The safety filter's words, for a done operation that lost some or all of its samples."""
    usage: Mapping[str, Any] | None = None
    """What the provider says that it took, in its own words; None where it says nothing."""
    progress: float | None = None
    """How far one that runs is, 0 to 1; None where the provider does not tell."""


UNSTORED = "unstored:"
"""How the name of an operation begins that nobody can ask for, since the provider stored nothing of it."""


def submit_body(
    request: VideoRequest,
    provider: catalog.Provider,
    video: Mapping[str, str] | None = None,
    **beside: Any,
) -> dict[str, Any]:
    """The JSON body of a submit: what is unset is left out, and `parameters` too when it is empty.

    A source video goes by its address, or as `video` where a dialect takes it otherwise; parameters that a dialect
    has beside those of the request come last.
    """
    instance: dict[str, Any] = {"prompt": request.prompt} if request.prompt.strip() else {}
    if request.image is not None:
        instance["image"] = _image(request.image)
    if request.last_frame is not None:
        instance["lastFrame"] = _image(request.last_frame)
    if request.reference_images:
        instance["referenceImages"] = [
            {"image": _image(picture), "referenceType": "asset"} for picture in request.reference_images
        ]
    if request.video is not None:
        instance["video"] = {"uri": request.video.uri} if video is None else dict(video)
    parameters = {
        wire: getattr(request, name)
        for name, wire in PARAMETERS.items()
        if getattr(request, name) is not None
    }
    if "durationSeconds" in parameters and provider.duration_type == "string":
        parameters["durationSeconds"] = str(parameters["durationSeconds"])
    parameters |= beside
    return {"instances": [instance], **({"parameters": parameters} if parameters else {})}


def encode_picture(picture: Picture) -> Picture:
    """The picture as it is sent.

    Raises:
        InvalidRequest: it can't be read.
    """
    try:
        return outgoing(picture)
    except UnreadablePicture as error:
        raise errors.InvalidRequest(str(error), hint=error.hint) from None


def _image(picture: Picture) -> dict[str, str]:
    sent = encode_picture(picture)
    return {"mimeType": sent.mime, "bytesBase64Encoded": base64.b64encode(sent.data).decode("ascii")}


def operation_id(name: str) -> str:
    """The id at the end of an operation's name, in any of its forms.

    Raises:
        ServiceError: the name holds none, or one that can't stand in a path, even quoted.
    """
    found = re.fullmatch(r"(?:.*/)?operations/([!-.0-~]{1,500})", name) if len(name) <= 1000 else None
    if found is None or set(found[1]) <= {"."}:
        raise errors.ServiceError(
            f"The provider named its operation {catalog.shown(name)}, which can't be asked for.",
            hint="Look at your provider's dashboard: the clip may be there.",
        )
    return found[1]


def is_plain_name(name: str) -> bool:
    """Whether an operation's name has one of the two documented forms, and so may stand in a path as it is."""
    found = re.fullmatch(r"(?:models/([!-.0-~]{1,200})/)?operations/[!-.0-~]{1,500}", name)
    return found is not None and not set(found[1] or "x") <= {"."}
