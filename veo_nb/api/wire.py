"""The service's JSON: a request becomes a body, an answer becomes an operation or an error. Pure.

The wire has no progress figure and no cancel. Sources of the names: the provider's page for the parameters,
Google's Gemini API reference for the shape of answers and errors.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from veo_nb import catalog, errors
from veo_nb.api.retry import retry_after
from veo_nb.media.picture import Picture
from veo_nb.request import VideoRequest

LONGEST_MESSAGE = 500
"""Characters of a server's words that are kept."""

PARAMETERS = {
    "aspect_ratio": "aspectRatio",
    "resolution": "resolution",
    "duration_seconds": "durationSeconds",
    "person_generation": "personGeneration",
    "enhance_prompt": "enhancePrompt",
    "negative_prompt": "negativePrompt",
    "seed": "seed",
    "sample_count": "sampleCount",
}
"""Fields that go under `parameters`, and their names on the wire."""


@dataclass(frozen=True)
class Sample:
    """One finished video at the provider: an address, or the bytes themselves."""

    uri: str = ""
    data: bytes | None = None


@dataclass(frozen=True)
class Operation:
    """The state of one operation: still running, or done with samples, a failure or a filter's reasons."""

    name: str
    done: bool = False
    samples: tuple[Sample, ...] = ()
    error: errors.VeoError | None = None
    """Why a done operation has no sample; None while it runs and when it has one."""
    filtered: tuple[str, ...] = ()
    """The safety filter's words, for a done operation that lost some or all of its samples."""


def submit_body(request: VideoRequest, provider: catalog.Provider) -> dict[str, Any]:
    """The JSON body of a submit: what is unset is left out, and `parameters` too when it is empty."""
    instance: dict[str, Any] = {"prompt": request.prompt}
    if request.image is not None:
        instance["image"] = _image(request.image)
    if request.last_frame is not None:
        instance["lastFrame"] = _image(request.last_frame)
    if request.reference_images:
        instance["referenceImages"] = [
            {"image": _image(picture), "referenceType": "asset"} for picture in request.reference_images
        ]
    if request.video is not None:
        instance["video"] = {"uri": request.video.uri}
    parameters = {
        wire: getattr(request, name)
        for name, wire in PARAMETERS.items()
        if getattr(request, name) is not None
    }
    if "durationSeconds" in parameters and provider.duration_type == "string":
        parameters["durationSeconds"] = str(parameters["durationSeconds"])
    return {"instances": [instance], **({"parameters": parameters} if parameters else {})}


def _image(picture: Picture) -> dict[str, str]:
    return {"mimeType": picture.mime, "bytesBase64Encoded": base64.b64encode(picture.data).decode("ascii")}


def operation_id(name: str) -> str:
    """The id at the end of an operation's name, in any of its forms.

    Raises:
        ServiceError: the name holds none, or one that can't stand in a path.
    """
    found = re.fullmatch(r"(?:.*/)?operations/([A-Za-z0-9._~-]+)", name)
    if found is None or set(found[1]) <= {"."}:
        raise errors.ServiceError(
            f"The provider named its operation {name[:80]!r}, which can't be asked for.",
            hint="Look at your provider's dashboard: the clip may be there.",
        )
    return found[1]


def parse_submitted(body: bytes) -> Operation:
    """The operation that a submit was answered with.

    Raises:
        ServiceError: the answer is not JSON, or names no operation.
    """
    answer = _decode(body)
    name = answer.get("name")
    if not isinstance(name, str) or not name:
        raise errors.ServiceError("The provider's answer names no operation.", hint="")
    operation_id(name)
    return parse_operation(body)


def parse_operation(body: bytes) -> Operation:
    """The state of an operation, from the answer to a poll.

    Raises:
        ServiceError: the answer is not JSON, or not of the documented shape.
    """
    answer = _decode(body)
    name = answer.get("name")
    name = name if isinstance(name, str) else ""
    if answer.get("done") is not True:
        return Operation(name)
    failure = answer.get("error")
    if failure:
        return Operation(name, done=True, error=_operation_failure(failure, name))
    response = _mapping(answer.get("response"))
    inner = _mapping(response.get("generateVideoResponse")) or response
    samples = tuple(_samples(inner))
    reasons = tuple(_filter_reasons(response, inner))
    if samples:
        return Operation(name, done=True, samples=samples, filtered=reasons)
    if reasons:
        blocked = errors.ContentBlocked(
            " ".join(reasons), hint="The filter varies: try again, or change the prompt.", operation=name
        )
        return Operation(name, done=True, error=blocked, filtered=reasons)
    nothing = errors.OperationFailed(
        "The provider says it is done but gave no video and no reason.", hint="Ask anew.", operation=name
    )
    return Operation(name, done=True, error=nothing)


def _samples(inner: Mapping[str, Any]) -> list[Sample]:
    found: list[Sample] = []
    for item in _list(inner.get("generatedSamples")) + _list(inner.get("videos")):
        video = _mapping(_mapping(item).get("video")) or _mapping(item)
        uri = video.get("uri") or video.get("gcsUri")
        data = video.get("bytesBase64Encoded")
        if isinstance(uri, str) and uri:
            found.append(Sample(uri=uri))
        elif isinstance(data, str) and data:
            try:
                found.append(Sample(data=base64.b64decode(data, validate=True)))
            except ValueError:
                raise errors.ServiceError("The video in the provider's answer is garbled.") from None
    return found


def _filter_reasons(*places: Mapping[str, Any]) -> list[str]:
    for place in places:
        reasons = [
            words(text) for text in _list(place.get("raiMediaFilteredReasons")) if isinstance(text, str)
        ]
        if reasons:
            return reasons
        count = place.get("raiMediaFilteredCount")
        if isinstance(count, int) and not isinstance(count, bool) and count > 0:
            return ["The provider's safety filter gave no reason."]
    return []


def _operation_failure(failure: Any, name: str) -> errors.VeoError:
    status = _mapping(failure)
    message = words(status.get("message")) or "no reason given"
    return errors.OperationFailed(message, hint="Ask anew.", operation=name, provider_code=status.get("code"))


def parse_error(status: int, headers: Mapping[str, str], body: bytes, now: float) -> errors.VeoError:
    """The error that an answer other than 2xx means, with the server's words; never raises.

    `now` is the time in seconds since the epoch, for a `Retry-After` that is a date.
    """
    message, code = _error_words(body)
    facts: dict[str, Any] = {"status": status, "provider_code": code}
    said = f": {message}" if message else "."
    if status == 401:
        return errors.AuthenticationError(
            f"The provider refused the key{said}", hint="%veo doctor says which key was used.", **facts
        )
    if status == 403:
        hint = "Look at your balance and rights on the provider's dashboard."
        return errors.PermissionDenied(f"The provider does not allow this{said}", hint=hint, **facts)
    if status in (404, 410):
        return errors.NotFound(f"The provider does not know this{said}", hint="", **facts)
    if status == 429:
        wait = retry_after(headers.get("retry-after"), now)
        return errors.RateLimited(f"The provider asks to wait{said}", hint="", retry_after=wait, **facts)
    if status in (400, 503) and _is_policy(message, code):
        hint = "Change the prompt or the image; it was not made."
        return errors.ContentBlocked(message, hint=hint, **facts)
    if 400 <= status < 500 and status not in (408, 425):
        return errors.InvalidRequest(f"The provider refused the request{said}", hint="", **facts)
    facts["retry_after"] = retry_after(headers.get("retry-after"), now)
    return errors.ServiceError(f"The provider answered {status}{said}", hint="", **facts)


_POLICY = re.compile(
    r"content[ _]policy|polic(?:y|ies)|safety|prohibited|responsible ai|sensitive|usage guidelines",
    re.IGNORECASE,
)


def _is_policy(message: str, code: str) -> bool:
    return bool(_POLICY.search(message) or _POLICY.search(code))


def _error_words(body: bytes) -> tuple[str, str]:
    """The message and the code in any of the documented forms of an error body."""
    try:
        answer = _mapping(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # A CDN's page or a proxy's words: its title says more than its markup.
        text = body[:20_000].decode("utf-8", "replace")
        title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
        if title:
            return words(title[1]), ""
        return ("" if "<" in text else words(text)), ""
    inner = answer.get("error")
    if isinstance(inner, str):
        return words(inner), ""
    place = _mapping(inner) or answer
    codes = [str(place[key]) for key in ("status", "code", "type") if place.get(key)]
    return words(place.get("message")), " ".join(codes)


def words(value: Any) -> str:
    """A server's words on one line, cut at a sane length; empty for anything but text."""
    text = " ".join(value.split()) if isinstance(value, str) else ""
    return text if len(text) <= LONGEST_MESSAGE else text[: LONGEST_MESSAGE - 1] + "…"


def _decode(body: bytes) -> Mapping[str, Any]:
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise errors.ServiceError(
            "The provider's answer is not JSON.", hint="A proxy may be in the way."
        ) from None
    if not isinstance(answer, dict):
        raise errors.ServiceError("The provider's answer is not of the documented shape.", hint="")
    return answer


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
