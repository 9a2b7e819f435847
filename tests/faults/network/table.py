"""The faults of the network matrix, and what a job should make of each: tables to be read, one row a case.

`ends` is the state of a job whose network works again after two pauses; `says` is a part of what a person reads meanwhile, or of
the error that it ended with. Of a job that was accepted only one POST was ever seen, whatever is in the row.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formatdate

from tests.api.service import Call, Step, answer, flow, raw, silence
from tests.faults.network.line import ELSEWHERE, Fault, Kind, Line, drip, reset

PAGE = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>cloudfront</body></html>"
HUGE = 100 * 2**20
SAYS_NO = {"error": {"code": 503, "message": "Try again later.", "status": "UNAVAILABLE"}}


# Faults of the way


def port(kind: str, *, tls: bool = False) -> Fault:
    return Fault(kind, port=kind, tls=tls, said_no=True)  # type: ignore[arg-type]


REFUSED = port("closed")
NO_NAME = port("nameless")
SELF_SIGNED = port("self-signed", tls=True)
EXPIRED = port("expired", tls=True)
ANOTHERS = port("another host's", tls=True)
NO_TLS = Fault(
    "no TLS", lambda *_: raw(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "connect", tls=True, said_no=True
)
HANDSHAKE_RESET = Fault("reset in the handshake", lambda *_: reset(), "connect", tls=True, said_no=True)
HANDSHAKE_HANG = Fault(
    "hang in the handshake", lambda *_: silence(), "connect", tls=True, hangs=True, said_no=True
)
RESET_BEFORE = Fault("reset before the body", lambda *_: reset(), "head")
RESET_AFTER = Fault("reset after the body", lambda *_: reset())
RESET_INSIDE = Fault(
    "reset inside the answer",
    lambda *_: reset(b"HTTP/1.1 200 OK\r\ncontent-type: video/mp4\r\ncontent-length: 99\r\n\r\n{"),
)
CLOSED = Fault("closed without a word", lambda *_: raw(b""))
HANG = Fault("hang", lambda *_: silence(), hangs=True)
HEAD_HANG = Fault("hang before the body", lambda *_: silence(), "head", hangs=True)


def trickles(line: Line, call: Call) -> Step:
    body = line.clip if "/files/" in call.target else b" " * 5000
    return drip(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)


TRICKLE = Fault("a byte a second", trickles, hangs=True)


# Faults of the answer


def says(name: str, status: int, body: bytes | dict[str, object] = b"", /, **headers: str) -> Fault:
    return Fault(name, lambda *_: answer(status, body, **headers))


def status(code: int, retry_after: str | None = None) -> Fault:
    """A status with the provider's own words, and with a Retry-After in which DATE is seven seconds from then."""

    def step(line: Line, _: Call) -> Step:
        headers = {}
        if retry_after is not None:
            headers["retry_after"] = retry_after.replace("DATE", formatdate(line.now() + 7, usegmt=True))
        return answer(code, {"error": {**SAYS_NO["error"], "code": code}}, **headers)

    shown = f", Retry-After {retry_after}" if retry_after is not None else ""
    return Fault(f"{code}{shown}", step, said_no=code in (425, 429, 503))


CDN_PAGE = says("a CDN's page, 502", 502, PAGE, content_type="text/html")
CDN_503 = says("a CDN's page, 503", 503, PAGE, content_type="text/html")
CDN_200 = says("a CDN's page, 200", 200, PAGE, content_type="text/html")
EMPTY = says("empty body", 200, b"")
NO_CONTENT = Fault("204", lambda *_: raw(b"HTTP/1.1 204 No Content\r\n\r\n"))
NOT_JSON = says("invalid JSON", 200, b'{"name": "models/', content_type="application/json")
LIST = says("JSON: a list", 200, b"[1, 2, 3]", content_type="application/json")
NULL = says("JSON: null", 200, b"null", content_type="application/json")
NUMBERS = says(
    "JSON: numbers for words", 200, {"name": 7, "done": "yes", "response": 3}, content_type="application/json"
)
DEEP = says("JSON: 100 000 deep", 200, b"[" * 100_000, content_type="application/json")
WRAPPED = says(
    "JSON: a refusal in a 200",
    200,
    {"error": {"message": "Upstream is busy"}},
    content_type="application/json",
)
NO_HTTP = Fault("no HTTP", lambda *_: raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"))
ENCODED = says("unreadable gzip", 200, b"nonsense", content_encoding="gzip")
BOMB = says(
    "gzip bomb",
    200,
    gzip.compress(b" " * 50_000_000),
    content_encoding="gzip",
    content_type="application/json",
)


def huge(opening: bytes, chunk: bytes) -> Step:
    """100 MB of JSON, of which only a chunk is in memory here."""
    return flow(HUGE, chunk, opening, "application/json")


HUGE_TEXT = Fault("100 MB of JSON, one text", lambda *_: huge(b'{"name": "', b"x" * 65536))
HUGE_LISTS = Fault("100 MB of JSON, lists", lambda *_: huge(b'{"name": "n", "metadata": [', b"[]," * 21846))
HUGE_ERROR = Fault(
    "100 MB of JSON, 500",
    lambda *_: raw(b"HTTP/1.1 500 No\r\ncontent-length: %d\r\n\r\n" % HUGE + b'{"error": "' + b"x" * 2**20),
)
HUGE_FAULTS = (HUGE_TEXT, HUGE_LISTS, HUGE_ERROR)


def cut(line: Line, call: Call) -> Step:
    """Half of what belongs there, under the Content-Length of the whole."""
    if "/files/" in call.target:
        return answer(
            200,
            line.clip[: len(line.clip) // 2],
            content_type="video/mp4",
            content_length=str(len(line.clip)),
        )
    body = line.json("submit" if call.method == "POST" else "poll", call)
    return answer(200, body[:-9], content_type="application/json", content_length=str(len(body)))


def mislabelled(by: int) -> Fault:
    """All of it, under a Content-Length that is off."""

    def step(line: Line, call: Call) -> Step:
        body = (
            line.clip
            if "/files/" in call.target
            else line.json("submit" if call.method == "POST" else "poll", call)
        )
        head = b"HTTP/1.1 200 OK\r\ncontent-type: video/mp4\r\ncontent-length: %d\r\n\r\n"
        return raw(head % (len(body) + by) + body)

    return Fault(f"Content-Length {by:+}", step)


CUT = Fault("truncated", cut)
SHORT_LENGTH = mislabelled(-9)
LONG_LENGTH = mislabelled(+9)
NO_LENGTH = Fault(
    "Content-Length: a word", lambda *_: raw(b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n{}")
)
NO_VIDEO = says("a 200 that is not a video", 200, b"\x00\x00\x00\x18garbage!" * 900, content_type="video/mp4")
A_SONG = says("a 200 that is a song", 200, b"ID3" * 900, content_type="audio/mpeg")
JSON_FILE = says(
    "a refusal as a file", 200, {"error": {"message": "Not yet."}}, content_type="application/json"
)


# Redirects


def redirect(name: str, to: str, code: int = 302) -> Fault:
    """To a place in which {base} is the call's own, {other} another host over TLS, {plain} that without TLS."""

    def step(line: Line, call: Call) -> Step:
        kind = "submit" if call.method == "POST" else "download" if "/files/" in call.target else "poll"
        places = {
            "base": line.base(kind) + call.target,
            "other": line.elsewhere(),
            "plain": line.elsewhere("http"),
        }
        return answer(code, location=to.format(**places))

    return Fault(name, step, tls=True, said_no=code not in (302, 303))


LOOP = redirect("a redirect loop", "{base}")
LOOP_308 = redirect("a redirect loop, 308", "{base}", 308)
ELSEWHERE_302 = redirect("a redirect to another host", "{other}/v")
ELSEWHERE_307 = redirect("a redirect to another host, 307", "{other}/v", 307)
ELSEWHERE_301 = redirect("a redirect to another host, 301", "{other}/v", 301)
PLAIN_302 = redirect("a redirect down to plain http", "{plain}/v")
INSIDE_302 = redirect("a redirect into this network", "http://169.254.169.254/latest")
FILE_302 = redirect("a redirect to a file", "file:///etc/passwd")
SEE_OTHER = redirect("a redirect, 303", "{other}/v", 303)


@dataclass(frozen=True)
class Case:
    """One row: this fault on this call, and how it ends."""

    call: Kind
    fault: Fault
    ends: str
    says: str
    posts: int = 1
    pause: float | None = None
    """Seconds of the first pause, where the answer said how many."""
    wire: str = "gemini"
    """The dialect that is spoken."""

    def __str__(self) -> str:
        spoken = "" if self.wire == "gemini" else f"{self.wire}, "
        return f"{spoken}{self.call}: {self.fault.name}"


S: Kind = "submit"
P: Kind = "poll"
D: Kind = "download"
OK, UNCERTAIN, FAILED, BLOCKED = "succeeded", "uncertain", "failed", "blocked"
SUBMIT: tuple[Case, ...] = (
    # fault                  ends       what is said                                 POSTs
    Case(S, REFUSED,         OK,        "it refuses the connection"),
    Case(S, NO_NAME,         OK,        "its name can't be found"),
    Case(S, SELF_SIGNED,     OK,        "its certificate can't be trusted (self-signed certificate)"),
    Case(S, EXPIRED,         OK,        "its certificate can't be trusted (certificate has expired)"),
    Case(S, ANOTHERS,        OK,        "its certificate can't be trusted"),
    Case(S, NO_TLS,          OK,        "no secure connection could be made"),
    Case(S, HANDSHAKE_RESET, OK,        "can't be reached"),
    Case(S, HANDSHAKE_HANG,  OK,        "it took too long"),
    Case(S, RESET_BEFORE,    UNCERTAIN, "no answer (the connection broke)"),
    Case(S, RESET_AFTER,     UNCERTAIN, "no answer (the connection broke)"),
    Case(S, RESET_INSIDE,    UNCERTAIN, "no answer (the connection broke)"),
    Case(S, CLOSED,          UNCERTAIN, "no answer (it hung up without an answer)"),
    Case(S, HANG,            UNCERTAIN, "no answer (it took too long)"),
    Case(S, HEAD_HANG,       UNCERTAIN, "no answer (it took too long)"),
    Case(S, TRICKLE,         UNCERTAIN, "no answer (it took too long)"),
    Case(S, CDN_PAGE,        UNCERTAIN, "the provider answered 502: 502 Bad Gateway"),
    Case(S, CDN_503,         UNCERTAIN, "the provider answered 503: 502 Bad Gateway"),
    Case(S, CDN_200,         UNCERTAIN, "the provider's answer is not JSON"),
    Case(S, EMPTY,           UNCERTAIN, "the provider's answer is not JSON"),
    Case(S, NO_CONTENT,      UNCERTAIN, "the provider's answer is not JSON"),
    Case(S, NOT_JSON,        UNCERTAIN, "the provider's answer is not JSON"),
    Case(S, LIST,            UNCERTAIN, "not of the documented shape"),
    Case(S, NULL,            UNCERTAIN, "not of the documented shape"),
    Case(S, NUMBERS,         UNCERTAIN, "names no operation"),
    Case(S, DEEP,            UNCERTAIN, "the provider's answer is not JSON"),
    Case(S, WRAPPED,         UNCERTAIN, "names no operation: Upstream is busy"),
    Case(S, NO_HTTP,         UNCERTAIN, "no answer (it does not speak HTTP)"),
    Case(S, ENCODED,         UNCERTAIN, "no answer (its answer can't be unpacked)"),
    Case(S, BOMB,            UNCERTAIN, "it is too long"),
    Case(S, HUGE_TEXT,       UNCERTAIN, "it is too long"),
    Case(S, HUGE_LISTS,      UNCERTAIN, "it is too long"),
    Case(S, HUGE_ERROR,      UNCERTAIN, "the provider answered 500"),
    Case(S, CUT,             UNCERTAIN, "no answer (it was cut off)"),
    Case(S, LONG_LENGTH,     OK,        ""),
    Case(S, SHORT_LENGTH,    UNCERTAIN, "the provider's answer is not JSON"),
    Case(S, NO_LENGTH,       UNCERTAIN, "no answer (it does not speak HTTP)"),
    Case(S, LOOP,            UNCERTAIN, "the provider answered 302"),
    Case(S, LOOP_308,        FAILED,    "answered 308. It points to another address: look at base_url"),
    Case(S, ELSEWHERE_302,   UNCERTAIN, "the provider answered 302"),
    Case(S, ELSEWHERE_301,   FAILED,    "answered 301. It points to another address: look at base_url"),
    Case(S, ELSEWHERE_307,   FAILED,    "answered 307. It points to another address: look at base_url"),
    Case(S, PLAIN_302,       UNCERTAIN, "the provider answered 302"),
    Case(S, SEE_OTHER,       UNCERTAIN, "the provider answered 303"),
)  # fmt: skip
POLL: tuple[Case, ...] = (
    # fault                  ends       what is said meanwhile
    Case(P, REFUSED,         OK,        "it refuses the connection"),
    Case(P, NO_NAME,         OK,        "its name can't be found"),
    Case(P, SELF_SIGNED,     OK,        "its certificate can't be trusted (self-signed certificate)"),
    Case(P, EXPIRED,         OK,        "its certificate can't be trusted (certificate has expired)"),
    Case(P, ANOTHERS,        OK,        "its certificate can't be trusted"),
    Case(P, NO_TLS,          OK,        "no secure connection could be made"),
    Case(P, HANDSHAKE_RESET, OK,        "can't be reached"),
    Case(P, HANDSHAKE_HANG,  OK,        "it took too long"),
    Case(P, RESET_BEFORE,    OK,        "the connection broke"),
    Case(P, RESET_AFTER,     OK,        "the connection broke"),
    Case(P, RESET_INSIDE,    OK,        "the connection broke"),
    Case(P, CLOSED,          OK,        "it hung up without an answer"),
    Case(P, HANG,            OK,        "it took too long"),
    Case(P, TRICKLE,         OK,        "it took too long"),
    Case(P, CDN_PAGE,        OK,        "The provider answered 502: 502 Bad Gateway."),
    Case(P, CDN_503,         OK,        "The provider answered 503: 502 Bad Gateway."),
    Case(P, CDN_200,         OK,        "The provider's answer is not JSON."),
    Case(P, EMPTY,           OK,        "The provider's answer is not JSON."),
    Case(P, NO_CONTENT,      OK,        "The provider's answer is not JSON."),
    Case(P, NOT_JSON,        OK,        "The provider's answer is not JSON."),
    Case(P, LIST,            OK,        "not of the documented shape"),
    Case(P, NULL,            OK,        "not of the documented shape"),
    Case(P, NUMBERS,         OK,        "tells no state"),
    Case(P, DEEP,            OK,        "not JSON"),
    Case(P, WRAPPED,         OK,        "tells no state: Upstream is busy."),
    Case(P, NO_HTTP,         OK,        "it does not speak HTTP"),
    Case(P, ENCODED,         OK,        "its answer can't be unpacked"),
    Case(P, BOMB,            OK,        "The provider's answer is not JSON."),
    Case(P, HUGE_TEXT,       OK,        "The provider's answer is not JSON."),
    Case(P, HUGE_LISTS,      OK,        "not of the documented shape"),
    Case(P, HUGE_ERROR,      OK,        "The provider answered 500"),
    Case(P, CUT,             OK,        "it was cut off"),
    Case(P, LONG_LENGTH,     OK,        "it was cut off"),
    Case(P, SHORT_LENGTH,    OK,        "The provider's answer is not JSON."),
    Case(P, NO_LENGTH,       OK,        "it does not speak HTTP"),
    Case(P, LOOP,            OK,        "it points to another address (127.0.0.1)"),
    Case(P, LOOP_308,        OK,        "it points to another address (127.0.0.1)"),
    Case(P, ELSEWHERE_302,   OK,        f"it points to another address ({ELSEWHERE})"),
    Case(P, PLAIN_302,       OK,        f"it points to another address ({ELSEWHERE})"),
    Case(P, INSIDE_302,      OK,        "it points to another address (169.254.169.254)"),
)  # fmt: skip
DOWNLOAD: tuple[Case, ...] = (
    # fault                  ends       what is said
    Case(D, REFUSED,         OK,        "it refuses the connection"),
    Case(D, NO_NAME,         OK,        "its name can't be found"),
    Case(D, SELF_SIGNED,     OK,        "its certificate can't be trusted (self-signed certificate)"),
    Case(D, EXPIRED,         OK,        "its certificate can't be trusted (certificate has expired)"),
    Case(D, ANOTHERS,        OK,        "its certificate can't be trusted"),
    Case(D, NO_TLS,          OK,        "no secure connection could be made"),
    Case(D, HANDSHAKE_RESET, OK,        "can't be reached"),
    Case(D, HANDSHAKE_HANG,  OK,        "it took too long"),
    Case(D, RESET_BEFORE,    OK,        "the connection broke"),
    Case(D, RESET_AFTER,     OK,        "the connection broke"),
    Case(D, RESET_INSIDE,    OK,        "the connection broke"),
    Case(D, CLOSED,          OK,        "it hung up without an answer"),
    Case(D, HANG,            OK,        "it took too long"),
    Case(D, TRICKLE,         OK,        "The video comes too slowly."),
    Case(D, CDN_PAGE,        OK,        "The provider answered 502: 502 Bad Gateway."),
    Case(D, CDN_503,         OK,        "The provider answered 503: 502 Bad Gateway."),
    Case(D, CDN_200,         OK,        "The provider sent text/html in place of a video."),
    Case(D, EMPTY,           OK,        "The provider sent an empty file."),
    Case(D, NO_CONTENT,      OK,        "The provider sent an empty file."),
    Case(D, NOT_JSON,        OK,        "The provider sent application/json in place of a video."),
    Case(D, JSON_FILE,       OK,        "The provider sent application/json in place of a video."),
    Case(D, NO_HTTP,         OK,        "it does not speak HTTP"),
    Case(D, ENCODED,         OK,        "The provider sent the video as gzip."),
    Case(D, BOMB,            OK,        "The provider sent application/json in place of a video."),
    Case(D, HUGE_TEXT,       OK,        "The provider sent application/json in place of a video."),
    Case(D, HUGE_ERROR,      OK,        "The provider answered 500"),
    Case(D, CUT,             OK,        "it was cut off"),
    Case(D, LONG_LENGTH,     OK,        "it was cut off"),
    Case(D, SHORT_LENGTH,    OK,        "is cut off: its end is missing"),
    Case(D, NO_LENGTH,       OK,        "it does not speak HTTP"),
    Case(D, NO_VIDEO,        OK,        "What arrived is not a playable video"),
    Case(D, A_SONG,          OK,        "The provider sent audio/mpeg in place of a video."),
    Case(D, LOOP,            FAILED,    "leads in a circle"),
    Case(D, LOOP_308,        FAILED,    "leads in a circle"),
    Case(D, ELSEWHERE_302,   OK,        ""),
    Case(D, PLAIN_302,       FAILED,    f"The video's address is refused: 'http://{ELSEWHERE}"),
    Case(D, INSIDE_302,      FAILED,    "The video's address is refused: 'http://169.254.169.254:80"),
    Case(D, FILE_302,        FAILED,    "The video's address is refused: 'file:///etc/passwd"),
)  # fmt: skip

RETRY_AFTER: dict[str | None, float | None] = {
    None: None,
    "3": 3.0,
    "DATE": 7.0,
    "99999999": 60.0,
    "soon": None,
    "-5": 0.0,
}
"""What the header says, and how long a job then waits; None for its own back-off."""
ABSURD = {"soon", "-5"}
"""These are tried with two statuses; all are read in one place."""
SUBMIT_STATUS = {408: UNCERTAIN, 425: OK, 429: OK, 500: UNCERTAIN, 502: UNCERTAIN, 503: OK, 504: UNCERTAIN}
"""What becomes of a submit that is answered so, in the provider's own words. Polls and downloads are simply repeated."""


def statuses() -> Iterator[Case]:
    """Each status on each call, with each Retry-After."""
    for code, submitted in SUBMIT_STATUS.items():
        for header, pause in RETRY_AFTER.items():
            if header in ABSURD and code not in (429, 503):
                continue
            fault = status(code, header)
            said = "asks to wait: Try again later." if code == 429 else f"answered {code}: Try again later."
            # A submit that is refused is sent again, and two are refused here before the network is mended.
            if submitted == OK:
                yield Case("submit", fault, OK, said, 3, pause)
            else:
                yield Case("submit", fault, submitted, f"answered {code}: Try again later")
            yield Case("poll", fault, OK, said, 1, pause)
            yield Case("download", fault, OK, said, 1, pause)


CASES = (*SUBMIT, *POLL, *DOWNLOAD, *statuses())
