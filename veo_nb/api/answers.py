"""What the service says: an answer becomes an operation or an error. Pure.

Source of the names: Google's Gemini API reference for the shape of answers and errors.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from veo_nb import errors
from veo_nb.api.retry import retry_after
from veo_nb.api.wire import Operation, Sample, operation_id

MOST_PARTS = 100_000
"""Commas and brackets in an answer. One with a video in it is long, but not of many parts: as objects each takes
twenty times its bytes."""
LONGEST_MESSAGE = 500
"""Characters of a server's words that are kept."""


def parse_submitted(body: bytes) -> Operation:
    """The operation that a submit was answered with; how it stands is for the first poll to tell.

    Raises:
        ServiceError: the answer is not JSON, or names no operation.
    """
    answer = _decode(body)
    name = answer.get("name")
    if not isinstance(name, str) or not name:
        said, _ = _read_message(answer)
        raise errors.ServiceError(f"The provider's answer names no operation{_quoted(said)}", hint="")
    operation_id(name)
    return Operation(name)


def parse_operation(body: bytes) -> Operation:
    """The state of an operation, from the answer to a poll.

    Raises:
        ServiceError: the answer is not JSON, or not of the documented shape.
    """
    answer = _decode(body)
    name = answer.get("name")
    name = name if isinstance(name, str) else ""
    failure = answer.get("error")
    if answer.get("done") is not True:
        # A gateway may wrap its own refusal in a 200; taken for a running operation it would be waited for.
        if failure or not (name or answer.get("done") is False):
            said, _ = _read_message(answer)
            raise errors.ServiceError(f"The provider's answer tells no state{_quoted(said)}", hint="")
        return Operation(name)
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
            words(" ".join(reasons)),
            hint="The filter varies: try again, or change the prompt.",
            operation=name,
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
        said = [words(text) for text in _list(place.get("raiMediaFilteredReasons"))]
        # Each of four samples may be refused in the same words.
        reasons = [text for text in dict.fromkeys(said) if text]
        if reasons:
            return reasons
        # A number, or a string of digits as JSON carries large ones.
        if re.fullmatch(r"0*[1-9]\d*", str(place.get("raiMediaFilteredCount"))):
            return ["The provider's safety filter gave no reason."]
    return []


def _operation_failure(failure: Any, name: str) -> errors.VeoError:
    message, code = _read_message({"error": failure})
    message = message or "The provider gave no reason."
    # Vertex AI's words for a clip that is too large to go inside an answer, as its users report them.
    large = "storage uri" in message.lower()
    hint = 'Use veo.configure(storage_uri="gs://bucket/folder").' if large else "Ask anew."
    return errors.OperationFailed(message, hint=hint, operation=name, provider_code=code)


def parse_error(status: int, headers: Mapping[str, str], body: bytes, now: float) -> errors.VeoError:
    """The error that an answer other than 2xx means, with the server's words; never raises.

    `now` is the time in seconds since the epoch, for a `Retry-After` that is a date.
    """
    message, code, structured = _error_words(body)
    facts: dict[str, Any] = {"status": status, "provider_code": code}
    said = _quoted(message)
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
    # A page that speaks of policy is a firewall's; the provider's own filter answers in JSON.
    if status in (400, 503) and structured and _is_policy(message, code):
        hint = "Change the prompt or the image; it was not made."
        return errors.ContentBlocked(message or "The provider's filter gave no reason.", hint=hint, **facts)
    if 400 <= status < 500 and status not in (408, 425):
        return errors.InvalidRequest(f"The provider refused the request{said}", hint="", **facts)
    facts["retry_after"] = retry_after(headers.get("retry-after"), now)
    hint = "It points to another address: look at base_url." if 300 <= status < 400 else ""
    return errors.ServiceError(f"The provider answered {status}{said}", hint=hint, **facts)


_POLICY = re.compile(
    r"polic(?:y|ies)|safety|prohibited|responsible ai|(?<!case.)\bsensitive|usage guidelines",
    re.IGNORECASE,
)


def _is_policy(message: str, code: str) -> bool:
    return bool(_POLICY.search(message) or _POLICY.search(code))


def _error_words(body: bytes) -> tuple[str, str, bool]:
    """The message and the code in any of the documented forms of an error body, and whether it was JSON."""
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # A CDN's page or a proxy's words: its title says more than its markup.
        text = body[:20_000].decode("utf-8", "replace")
        title = re.search(r"<title[^>]{0,200}>([^<]*)", text, re.IGNORECASE)
        if title:
            return words(title[1]), "", False
        # Of markup, and of JSON that was cut off, nobody understands a piece.
        return ("" if "<" in text or text.lstrip()[:1] in ("{", "[") else words(text)), "", False
    return *_read_message(_mapping(answer)), isinstance(answer, dict)


def _read_message(answer: Mapping[str, Any]) -> tuple[str, str]:
    """The message and the code in an error's JSON."""
    inner = answer.get("error")
    if isinstance(inner, str):
        return words(inner), ""
    place = _mapping(inner) or answer
    found = (place.get(key) for key in ("status", "code", "type"))
    codes = [str(code)[:80] for code in found if code and isinstance(code, (str, int))]
    return words(place.get("message")), words(" ".join(codes))


def _quoted(said: str) -> str:
    """A server's words at the end of a sentence, which has one full stop in any case."""
    return f": {said}{'' if said.endswith(('.', '!', '?', '…')) else '.'}" if said else "."


def words(value: Any) -> str:
    """A server's words on one line, without control characters and cut at a sane length; empty for anything but text."""
    # Escape sequences would colour or hide what a terminal and a notebook show.
    text = re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+", " ", value) if isinstance(value, str) else ""
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_MESSAGE else text[: LONGEST_MESSAGE - 1] + "…"


def _decode(body: bytes) -> Mapping[str, Any]:
    if sum(body.count(mark) for mark in (b",", b"[", b"{")) > MOST_PARTS:
        raise _misshapen()
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise errors.ServiceError(
            "The provider's answer is not JSON.", hint="A proxy may be in the way."
        ) from None
    if not isinstance(answer, dict):
        raise _misshapen()
    return answer


def _misshapen() -> errors.ServiceError:
    return errors.ServiceError("The provider's answer is not of the documented shape.", hint="")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
