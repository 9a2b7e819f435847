"""What the service says: an answer becomes an operation or an error. Pure.

Forgiving with the form, strict where money hangs on it: a video is found wherever an answer may have it, and a name
wherever one was given; but an operation is only called over, so that the same request may be paid for anew, when the
answer says so itself. Source of the names: Google's Gemini API reference, and what gateways make of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from veo_nb import errors
from veo_nb.api.body import (
    USED_UP,
    Mask,
    Said,
    as_it_is,
    items,
    mapping,
    misshapen,
    quoted,
    read,
    read_bytes,
    read_error,
    said_in,
    texts,
    words,
)
from veo_nb.api.retry import retry_after
from veo_nb.api.wire import Operation, Sample, operation_id

_STATE = ("name", "done", "response", "error")
_WRAPPERS = ("operation", "data", "result", "output", "body")
"""Where gateways put the whole answer."""
_NAME = re.compile(r"(?:[^\s\"\\]*/)?operations/[^\s\"\\/]+")
_GIVEN = re.compile(rf'"(?:name|operation|operation_?[nN]ame)"\s*:\s*"({_NAME.pattern})"')
_LISTS = ("generatedsamples", "generatedvideos", "videos", "samples", "predictions", "video")
_ADDRESSES = (
    "uri",
    "gcsuri",
    "url",
    "fileuri",
    "videouri",
    "videourl",
    "downloaduri",
    "downloadurl",
    "signedurl",
)
_BYTES = (
    "bytesbase64encoded",
    "encodedvideo",
    "videobytes",
    "b64json",
    "base64",
    "inlinedata",
    "data",
    "bytes",
)
_WHERE = re.compile(r"https?://|gs://|/|files/")
LEAST_VIDEO = 1000
"""Bytes; a word that happens to be base64 is shorter."""
_NO_VIDEO = r"image|thumb|poster|cover|preview|frame|audio|prompt|input|reference|metadata|hook|help|doc"
"""Names under which an address or bytes are something else."""
_ABOUT = frozenset(
    {
        "@type",
        "mimetype",
        "encoding",
        "state",
        "status",
        "createtime",
        "updatetime",
        "endtime",
        "model",
        "object",
    }
)
"""Names whose text only describes."""


def parse_submitted(body: bytes, mask: Mask = as_it_is) -> Operation:
    """The operation that a submit was answered with; how it stands is for the first poll to tell.

    Raises:
        ServiceError: the answer is not JSON, or names no operation; `operation` is what it gave in place of a name.
    """
    try:
        whole = read(body, mask)
        answer = _unwrapped(whole)
    except errors.ServiceError:
        # Of an answer that broke off the name may be there.
        if (given := find_name(body, mask)) is not None:
            return given
        raise
    name = answer.get("name")
    name = name.strip() if isinstance(name, str) else ""
    try:
        operation_id(name)
    except errors.ServiceError as error:
        elsewhere = (text.strip() for text in texts(whole, lambda key: key in ("error", "message")))
        for text in elsewhere:
            if text != name and _NAME.fullmatch(text) and _is_askable(text):
                return Operation(text)
        if name:
            raise error.__class__(error.message, hint=error.hint, operation=name[:2000]) from None
        raise errors.ServiceError(
            f"The provider's answer names no operation{quoted(said_in(answer).message)}", hint=""
        ) from None
    return Operation(name)


def find_name(body: bytes, mask: Mask = as_it_is) -> Operation | None:
    """The operation that the beginning of an answer names, where the name is there as a whole."""
    found = _GIVEN.search(body[:1_000_000].decode("utf-8", "replace").replace("\\/", "/"))
    return Operation(mask(found[1])) if found and _is_askable(found[1]) else None


def _is_askable(name: str) -> bool:
    try:
        operation_id(name)
    except errors.ServiceError:
        return False
    return True


def parse_operation(body: bytes, mask: Mask = as_it_is, asked: str = "") -> Operation:
    """The state of an operation, from the answer to a poll of the address `asked`.

    Raises:
        ServiceError: the answer is not JSON, or tells no state.
    """
    answer = _unwrapped(read(body, mask))
    name = answer.get("name")
    name = name.strip() if isinstance(name, str) else ""
    said, done = _failure(answer.get("error")), answer.get("done")
    response = answer.get("response")
    samples = tuple(_samples(response, asked))
    inner = mapping(mapping(response).get("generatevideoresponse"))
    reasons = tuple(_filter_reasons(mapping(response), inner))
    over = _is_yes(done)
    if over and not samples and said is None and not reasons:
        samples = tuple(_anywhere({**answer, "name": ""}, asked))
    if samples:
        return Operation(name, done=True, samples=samples, filtered=reasons)
    if not over and not (reasons and done is None):
        # A gateway may wrap its own refusal in a 200; taken for a running operation it would be waited for.
        if said is not None or not (name or _is_no(done)):
            raise errors.ServiceError(
                f"The provider's answer tells no state{quoted(said_in(answer).message)}", hint=""
            )
        return Operation(name)
    if said is not None:
        return Operation(name, done=True, error=_operation_failure(said, name))
    if reasons:
        return Operation(name, done=True, error=_blocked(" ".join(reasons), name), filtered=reasons)
    if next(texts(response, _ABOUT.__contains__), None) is not None:
        # It may well be a video: it is not called over, and can be looked for again by whoever can read it.
        unread = errors.DownloadError(
            "The provider says it is done, in a form that can't be read.",
            hint="It is kept: %veo retry looks again.",
            operation=name,
        )
        return Operation(name, done=True, error=unread)
    nothing = errors.OperationFailed(
        "The provider says it is done but gave no video and no reason.", hint="Ask anew.", operation=name
    )
    return Operation(name, done=True, error=nothing)


def _unwrapped(answer: Any) -> Mapping[str, Any]:
    """The object that tells the state, out of a list of one and out of what a gateway puts around it."""
    if isinstance(answer, list) and len(answer) == 1:
        answer = answer[0]
    if not isinstance(answer, dict):
        raise misshapen()
    if not any(key in answer for key in _STATE):
        for key in _WRAPPERS:
            if any(name in mapping(answer.get(key)) for name in _STATE):
                return mapping(answer[key])
    return answer


def _is_yes(value: Any) -> bool:
    """Whether a value says yes, as JSON or as those write it who have only text or numbers."""
    return (
        value is True or (value == 1 and not isinstance(value, bool)) or str(value).lower() in ("true", "1")
    )


def _is_no(value: Any) -> bool:
    return (
        value is False or (value == 0 and not isinstance(value, bool)) or str(value).lower() in ("false", "0")
    )


def _failure(failure: Any) -> Said | None:
    """What an operation's error says; None where there is none: proto's code for that is 0."""
    if not failure or failure is True:
        return Said() if failure is True else None
    if (
        isinstance(failure, dict)
        and str(failure.get("code")) in ("0", "None", "OK")
        and not failure.get("message")
    ):
        return (
            None if set(failure) <= {"code", "message", "status", "details"} else said_in({"error": failure})
        )
    return said_in({"error": failure})


def _samples(response: Any, asked: str) -> list[Sample]:
    """The videos of a response where they are documented, or under names that say that they are some."""
    inner = mapping(response).get("generatevideoresponse")
    for place in (mapping(inner), *(mapping(one) for one in items(inner)), mapping(response)):
        for key in _LISTS:
            found = [sample for item in items(place.get(key)) for sample in _sample(item, asked)]
            if found:
                return found
    return []


def _sample(item: Any, asked: str) -> list[Sample]:
    if isinstance(item, str):
        return _named(item, asked)
    video = mapping(item).get("video")
    if isinstance(video, str) and (found := _named(video, asked)):
        return found
    for place in (mapping(video), mapping(item)):
        uris = [one for key in _ADDRESSES for one in _named(place.get(key), asked)]
        data = [one for key in _BYTES for one in _inline(place.get(key))]
        if uris and data and uris[0].data is None:
            # The bytes are here; the address is what the clip can be gone on from.
            return [Sample(uri=uris[0].uri, data=data[0].data)]
        if uris or data:
            return (uris or data)[:1]
    return []


def _named(value: Any, asked: str) -> list[Sample]:
    """The video behind a text, where that is an address: a whole one, one relative to `asked`, or one that holds it."""
    text = value.strip() if isinstance(value, str) else ""
    if text[:5].lower() == "data:":
        return _inline(text)
    scheme = re.match(r"[a-zA-Z][a-zA-Z0-9+.-]{0,20}:", text)
    if not text or scheme or not asked:
        return [Sample(uri=text)] if text else []
    if text.startswith("/"):
        return [Sample(uri=urljoin(asked, text))]
    if re.match(r"[\w-]+(\.[\w-]+)+/", text) and not text.startswith(("v1.", "v1/")):
        return [Sample(uri=f"https://{text}")]
    # A name of the API's own, as `files/abc:download?alt=media`, below its version.
    version = re.match(r"/(v\d\w*)/", urlsplit(asked).path)
    prefix = "" if re.match(r"v\d\w*/", text) else f"{version[1] if version else 'v1beta'}/"
    return [Sample(uri=urljoin(asked, f"/{prefix}{text}"))]


def _inline(value: Any) -> list[Sample]:
    if isinstance(value, dict):
        return [one for key in _BYTES for one in _inline(value.get(key))][:1]
    found = read_bytes(value) if isinstance(value, str) and value.strip() else b""
    return [Sample(data=found)] if found else []


def _anywhere(value: Any, asked: str) -> Iterator[Sample]:
    """The videos in an answer that says it is done and has none where they belong."""
    if isinstance(value, list):
        for one in value:
            yield from _anywhere(one, asked)
    if not isinstance(value, dict):
        return
    if found := _likely(_sample(value, ""), asked):
        yield from found
        return
    for key, one in value.items():
        if re.search(_NO_VIDEO, key):
            continue
        if isinstance(one, str):
            yield from _likely(_named(one, ""), asked) if "video" in key else ()
        else:
            yield from _anywhere(one, asked)


def _likely(samples: list[Sample], asked: str) -> list[Sample]:
    """Those that are surely an address or long enough for a video, of what was found where none is documented."""
    return [
        one if one.data is not None else Sample(uri=_named(one.uri, asked)[0].uri)
        for one in samples
        if (_WHERE.match(one.uri) if one.data is None else len(one.data) >= LEAST_VIDEO)
    ]


def _filter_reasons(*places: Mapping[str, Any]) -> list[str]:
    for place in places:
        said = [words(text) for text in items(place.get("raimediafilteredreasons"))]
        # Each of four samples may be refused in the same words.
        reasons = [text for text in dict.fromkeys(said) if text]
        if reasons:
            return reasons
        # A number, or a string of digits as JSON carries large ones.
        if re.fullmatch(r"0*[1-9]\d*", str(place.get("raimediafilteredcount"))):
            return ["The provider's safety filter gave no reason."]
    return []


def _blocked(said: str, name: str, **facts: Any) -> errors.ContentBlocked:
    hint = "The filter varies: try again, or change the prompt."
    return errors.ContentBlocked(words(said), hint=hint, operation=name, **facts)


def _operation_failure(said: Said, name: str) -> errors.VeoError:
    message = said.message or "The provider gave no reason."
    # A rule of an organisation speaks of policy too, and is about rights (google.rpc's code 7).
    if re.search(_POLICY, message) and not re.search(r"\b(?:7|403|PERMISSION_DENIED)\b", said.code):
        return _blocked(message, name, provider_code=said.code)
    # Vertex AI's words for a clip that is too large to go inside an answer, as its users report them.
    large = "storage uri" in message.lower()
    hint = 'Use veo.configure(storage_uri="gs://bucket/folder").' if large else "Ask anew."
    return errors.OperationFailed(message, hint=hint, operation=name, provider_code=said.code)


def parse_error(
    status: int, headers: Mapping[str, str], body: bytes, now: float, mask: Mask = as_it_is
) -> errors.VeoError:
    """The error that an answer other than 2xx means, with the server's words; never raises.

    `now` is the time in seconds since the epoch, for a `Retry-After` that is a date.
    """
    found = read_error(body, mask)
    facts: dict[str, Any] = {"status": status, "provider_code": found.code}
    said = quoted(found.message)
    if status == 401 or (status in (400, 403) and _is_about_key(found)):
        return errors.AuthenticationError(
            f"The provider refused the key{said}", hint="%veo doctor says which key was used.", **facts
        )
    if status == 402 or (status == 429 and _is_used_up(found)):
        hint = "Look at your plan, quota and balance on the provider's dashboard; nothing was made."
        return errors.QuotaExceeded(f"{USED_UP}{said}", hint=hint, **facts)
    if status == 403:
        hint = "Look at your balance and rights on the provider's dashboard."
        return errors.PermissionDenied(f"The provider does not allow this{said}", hint=hint, **facts)
    if status in (404, 410) or (status == 400 and re.search(_NO_MODEL, f"{found.code} {found.message}")):
        return errors.NotFound(f"The provider does not know this{said}", hint="", **facts)
    if status == 429:
        wait = _wait(headers, found, now)
        return errors.RateLimited(f"The provider asks to wait{said}", hint="", retry_after=wait, **facts)
    # A page that speaks of policy is a firewall's; the provider's own filter answers in JSON.
    if status in (400, 503) and found.structured and _is_policy(found):
        hint = "Change the prompt or the image; it was not made."
        message = found.message or "The provider's filter gave no reason."
        return errors.ContentBlocked(message, hint=hint, **facts)
    if 400 <= status < 500 and status not in (408, 425):
        return errors.InvalidRequest(f"The provider refused the request{said}", hint="", **facts)
    facts["retry_after"] = _wait(headers, found, now)
    hint = "It points to another address: look at base_url." if 300 <= status < 400 else ""
    return errors.ServiceError(f"The provider answered {status}{said}", hint=hint, **facts)


def plain_refusal(status: int, body: bytes, mask: Mask = as_it_is) -> None:
    """None: the answer means what HTTP and its words say (`parse_error`)."""
    del status, body, mask


_POLICY = (
    r"(?i)polic(?:y|ies)|safety|prohibited|responsible ai|(?<!case.)\bsensitive|usage guidelines|moderation|sentinel_block|"
    r"\b(?:blocklist|spii|content_blocked)\b"
)
_NO_MODEL = r"(?i)\bmodel_not_found\b|\binvalid model name\b"
"""What gateways answer 400 to a name that they have not."""
_KEY = (
    r"(?i)api[_ ]?key[_ ](?:is )?(?:not[_ ](?:valid|found)|invalid|expired|missing)|(?:invalid|incorrect|expired|a valid|no)[_ ]api[_ ]?key|"
    # What LiteLLM says to a key that is not its master key, where it has no database to look for it.
    r"\bUNAUTHENTICATED\b|authentication_error|\bno_db_connection\b"
)
_USED_UP = (
    r"(?i)per[-_ ]?(?:day|month)|daily|monthly|\blimit: ?0(?![\d.])|insufficient[-_ ]?(?:quota|balance|credit|fund)|"
    r"(?:credits?|balance|quota)[^.]{0,20} (?:used up|exhausted|depleted|too low)|billing[-_ ](?:hard[-_ ])?limit"
)
_PLAN = r"(?i)plan and billing"
"""Google says so of every quota, those of a minute too; these it names beside."""
_SHORT = r"(?i)per[-_ ]?(?:minute|second)"
_AGAIN = r"(?i)(?:retry|try again) (?:in|after) (\d{1,9}(?:\.\d{1,9})?) ?s"


def _is_policy(said: Said) -> bool:
    return bool(re.search(_POLICY, said.message) or re.search(_POLICY, said.code))


def _is_about_key(said: Said) -> bool:
    return bool(re.search(_KEY, said.message) or re.search(_KEY, said.code))


def _is_used_up(said: Said) -> bool:
    """Whether a 429 means a quota that no minute brings back: one of a day, of nothing, or of money."""
    text = " ".join([said.message, said.code, *texts(list(said.details))])
    return bool(re.search(_USED_UP, text) or (re.search(_PLAN, text) and not re.search(_SHORT, text)))


def _wait(headers: Mapping[str, str], said: Said, now: float) -> float | None:
    """Seconds that an answer asks to wait: in its header, as Google's `RetryInfo`, or in its words."""
    if (asked := retry_after(headers.get("retry-after"), now)) is not None:
        return asked
    for detail in said.details:
        delay = detail.get("retrydelay")
        delay = mapping(delay).get("seconds", delay)
        if (asked := retry_after(str(delay).removesuffix("s"), now)) is not None:
            return asked
    found = re.search(_AGAIN, said.message)
    return retry_after(found[1], now) if found else None
