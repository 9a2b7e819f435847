"""What is in the body of an answer: JSON as values, base64 as bytes, and the words of an error. Pure.

Names are compared without their underscores and in small letters, since gateways write them as they like: `gcs_uri`
is `gcsUri`. Whatever is text goes through `mask` once it is decoded: a key that a server quotes may have been written
in any encoding.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from veo_nb import errors
from veo_nb.records.late import dataclass

Mask = Callable[[str], str]
"""Takes the key out of a text."""

MOST_PARTS = 100_000
"""Commas and brackets in an answer. One with a video in it is long, but not of many parts: as objects each takes
twenty times its bytes."""
LONGEST_MESSAGE = 500
"""Characters of a server's words that are kept."""
LONGEST_TEXT = 65_536
"""Characters of a text that are looked at for a key. What is longer is a video, of which nothing is shown; of words,
which are cut to far less, none beyond them is."""
USED_UP = "A quota is used up, and waiting does not help"
LAYERS = 9
"""How deep one error is looked for inside another."""

_LEAD = re.compile(r"\s*(?:\)\]\}'|data:)\s*")
"""What some servers put before JSON: a guard against scripts, or the sign of an event stream."""


def as_it_is(text: str) -> str:
    """The text: the mask where there is no key."""
    return text


def read(body: bytes, mask: Mask = as_it_is, *, as_written: bool = False) -> Any:
    """The JSON values in a body, without the key, and with plain names unless they are to be `as_written`.

    Bytes that are no UTF-8, control characters inside of a text and what follows the first value are forgiven.

    Raises:
        ServiceError: there is no JSON in it, or more parts of it than any answer has.
    """
    if sum(body.count(mark) for mark in (b",", b"[", b"{")) > MOST_PARTS:
        raise misshapen()
    try:
        return _plain(_decoded(body), mask, as_written=as_written)
    except (ValueError, RecursionError):
        raise errors.ServiceError(
            "The provider's answer is not JSON.", hint="A proxy may be in the way."
        ) from None


def read_bytes(text: str) -> bytes:
    """The bytes behind base64 in either alphabet, with or without line breaks, padding and the head of a `data:` address.

    Of what is none of it, the text itself: whoever paid for it may make something of it.
    """
    head, comma, _ = text[:200].lstrip().partition(",")
    if comma and head.lower().startswith("data:"):
        text = text.lstrip()[len(head) + 1 :]
        if not head.lower().endswith(";base64"):
            return unquote_to_bytes(text)
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        pass
    plain = unquote_to_bytes(text).translate(bytes.maketrans(b"-_", b"+/"), b" \t\r\n\f\v=")
    try:
        return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except ValueError:
        return text.encode("utf-8", "replace")


def misshapen() -> errors.ServiceError:
    """The error for JSON that is nothing we know."""
    return errors.ServiceError("The provider's answer is not of the documented shape.", hint="")


def words(value: Any) -> str:
    """A server's words on one line, without control characters and cut at a sane length; empty for anything but text."""
    # Escape sequences would colour or hide what a terminal and a notebook show.
    text = value[: LONGEST_TEXT // 16] if isinstance(value, str) else ""
    text = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+", " ", text).split())
    return text if len(text) <= LONGEST_MESSAGE else text[: LONGEST_MESSAGE - 1] + "…"


def quoted(said: str) -> str:
    """A server's words at the end of a sentence, which has one full stop in any case."""
    return f": {said}{'' if said.endswith(('.', '!', '?', '…')) else '.'}" if said else "."


def mapping(value: Any) -> Mapping[str, Any]:
    """A value that is an object, and an empty one for any other."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """A value that is a list; one that is a single thing as a list of it, nothing as an empty one."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


@dataclass(frozen=True)
class Said:
    """What an error's body says: its words, its codes, its details, and whether it was JSON at all."""

    message: str = ""
    code: str = ""
    structured: bool = False
    details: tuple[Mapping[str, Any], ...] = ()
    """Google's typed details."""


def read_error(body: bytes, mask: Mask = as_it_is) -> Said:
    """The words in an error's body, whichever form it has; a page's title where it is one."""
    try:
        answer = read(body, mask)
    except errors.ServiceError:
        return Said(_page_words(body, mask))
    if isinstance(answer, (dict, list)):
        return said_in(answer)
    return Said(words(answer) if isinstance(answer, str) else _page_words(body, mask))


def said_in(answer: Any) -> Said:
    """The words in an error's JSON: of the innermost of the errors that lie in each other, as gateways pack them."""
    layers = _layers(answer)
    sentences = (_sentence(layer) for layer in layers)
    codes = (_codes(layer) for layer in layers)
    details = [part for layer in layers for part in items(layer.get("details")) if isinstance(part, dict)]
    reasons = [part["reason"] for part in details if isinstance(part.get("reason"), str)]
    return Said(
        message=next(filter(None, sentences), "") or _text(answer),
        code=words(" ".join(dict.fromkeys([*next(filter(None, codes), []), *reasons]))),
        structured=True,
        details=tuple(details),
    )


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        text = body.decode(json.detect_encoding(body), "replace")
        lead = _LEAD.match(text)
        found, _ = json.JSONDecoder(strict=False).raw_decode(
            text[lead.end() if lead else 0 :].lstrip("\ufeff \t\r\n")
        )
        if not isinstance(found, (dict, list)):
            # The number of a page's words is no answer.
            raise ValueError("no JSON") from None  # noqa: TRY004  as what reads JSON says it
        return found


def _plain(value: Any, mask: Mask, *, as_written: bool = False) -> Any:
    if isinstance(value, str):
        head = value[:LONGEST_TEXT]
        masked = mask(head)
        return value if masked == head else masked + value[LONGEST_TEXT:]
    if isinstance(value, list):
        return [_plain(one, mask, as_written=as_written) for one in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for key, one in value.items():
        name = mask(key[:LONGEST_TEXT])
        name = name if as_written else name.replace("_", "").lower()
        if found.get(name) in (None, "", [], {}):
            found[name] = _plain(one, mask, as_written=as_written)
    return found


def _page_words(body: bytes, mask: Mask) -> str:
    # A CDN's page, a store's XML or a proxy's words: its title or its message says more than its markup.
    text = body[:20_000].decode("utf-8", "replace")
    title = re.search(r"<(?:title|message)\b[^>]{0,200}>([^<]*)", text, re.IGNORECASE)
    if title:
        return words(mask(html.unescape(title[1])))
    # Of markup, and of JSON that was cut off, nobody understands a piece.
    return "" if "<" in text or text.lstrip()[:1] in ("{", "[") else words(mask(html.unescape(text)))


_INNER = ("error", "errors", "fault", "exception", "message", "detail", "msg")
_WORDS = (
    *("message", "msg", "detail", "errormessage", "errormsg", "errmsg", "statusmessage", "statusmsg"),
    *("errordescription", "description", "faultstring", "title", "reason", "errors"),
)
"""Where the words of an error stand, best first, in the forms of Google, OpenAI, FastAPI, Spring, Apigee, OAuth and RFC 9457."""


def _layers(value: Any) -> list[Mapping[str, Any]]:
    """The objects of an error that lie in each other, the innermost first."""
    found: list[Mapping[str, Any]] = []
    while len(found) < LAYERS:
        if isinstance(value, str):
            value = _embedded(value)
        if isinstance(value, list):
            value = next((one for one in value if isinstance(one, dict)), None)
        if not isinstance(value, dict):
            break
        found.append(value)
        inner = (value.get(key) for key in _INNER)
        value = next((one for one in inner if _is_nested(one)), None)
    return found[::-1]


def _is_nested(value: Any) -> bool:
    return bool(value) if isinstance(value, dict) else isinstance(value, str) and _embedded(value) is not None


_NAMED = re.compile(r"[^{\n]{1,200}? - (?=\{)")
"""What LiteLLM puts before the answer that it quotes: `litellm.BadRequestError: GeminiException - {…}`."""


def _embedded(text: str) -> Any:
    """The JSON in a text: gateways quote the answer that they got as the words of theirs."""
    text = text.lstrip()
    named = None if text.startswith(("{", "[")) else _NAMED.match(text)
    if not text.startswith(("{", "[")) and named is None:
        return None
    try:
        # The text has gone through the mask, which knows a key by the escapes of JSON too.
        start = named.end() if named is not None else 0
        found = _plain(_decoded(text[start:LONGEST_TEXT].encode("utf-8", "replace")), as_it_is)
    except (ValueError, RecursionError):
        return None
    # What stands behind words may be anything that they speak of.
    return None if named is not None and not mapping(mapping(found).get("error")) else found


def _sentence(layer: Mapping[str, Any]) -> str:
    """What one object says; a word for it and a sentence where it has both."""
    name = _text(layer.get("error"))
    sentence = next(filter(None, (_text(layer.get(key)) for key in _WORDS)), "")
    if name and sentence and name.lower() not in sentence.lower():
        return words(f"{name}: {sentence}")
    return sentence or name


def _text(value: Any, depth: int = 0) -> str:
    """The words in a value; of each thing in a list, once."""
    if isinstance(value, str):
        return words(value)
    if depth >= LAYERS:
        return ""
    if isinstance(value, list):
        found = (_text(one, depth + 1) for one in value[:LAYERS])
        return words(" ".join(text for text in dict.fromkeys(found) if text))
    if not isinstance(value, dict):
        return ""
    said = next(filter(None, (_text(value.get(key), depth + 1) for key in _WORDS)), "")
    place = ".".join(
        str(one) for one in items(value.get("loc")) if isinstance(one, (str, int)) and one != "body"
    )
    return words(f"{place}: {said}" if place and said else said)


def _codes(layer: Mapping[str, Any]) -> list[str]:
    """The codes of an object, or of the first of several errors in it."""
    several = (items(layer.get(key)) for key in ("error", "errors", "detail"))
    for place in (layer, *(mapping(one) for listed in several for one in listed[:1])):
        found = (place.get(key) for key in ("status", "code", "type", "errorcode", "errcode"))
        if codes := [str(code)[:80] for code in found if code and isinstance(code, (str, int))]:
            return codes
    return []


def texts(value: Any, skip: Callable[[str], bool] = lambda _: False) -> Iterator[str]:
    """Each text in a value that is not empty, but for what lies under a name to `skip`."""
    if isinstance(value, str):
        if value.strip():
            yield value
    elif isinstance(value, list):
        for one in value:
            yield from texts(one, skip)
    elif isinstance(value, dict):
        for key, one in value.items():
            if not skip(key):
                yield from texts(one, skip)
