"""The rows of the network matrix that another dialect makes anew: whatever depends on how the answers of Gemini Omni are read.

What happens before there is an answer, on the port, in TLS or by a deadline, is in table.py and the same for all.
"""

from __future__ import annotations

import base64
from typing import Any

from tests.api.service import Call, Step, answer
from tests.faults.network import table
from tests.faults.network.line import ELSEWHERE, Fault, Kind, Line
from tests.faults.network.table import BLOCKED, FAILED, OK, UNCERTAIN, D, P, S, says
from tests.faults.wires import Interactions

OMNI = Interactions()
LATER = "Try again later."


def said(code: int, word: str, *, listed: bool = False) -> Fault:
    """A refusal with a word for its code; or in the front end's way, a list of one with Google's older fields."""
    error: dict[str, Any] = {"code": word, "message": LATER}
    if listed:
        error = {"code": code, "message": LATER, "status": word}
    body = {"error": error}

    def step(_: Line, __: Call) -> Step:
        return answer(code, [body] if listed else body)

    said_no = code in (400, 403, 429, 503)
    return Fault(f"{code} {word}{', in a list' if listed else ''}", step, said_no=said_no)


def shows(name: str, **changes: Any) -> Fault:
    """A poll that shows the interaction so."""
    return Fault(name, lambda line, call: answer(200, {**OMNI.going(line.name_in(call.target)), **changes}))


def at_first(name: str, *statuses: str) -> Fault:
    """Polls that show these statuses one after another, and then what is true."""

    def step(line: Line, call: Call) -> Step:
        looks = len(line.asked["poll"])
        if looks > len(statuses):
            return line.usual("poll", call)
        return answer(200, {**OMNI.going(line.name_in(call.target)), "status": statuses[looks - 1]})

    return Fault(name, step)


def inline(line: Line, call: Call) -> Step:
    """The clip in the answer, though its address was asked for; Google's pages and live reports say one thing each."""
    data = base64.b64encode(line.clip).decode("ascii")
    return answer(
        200,
        OMNI.completed(line.name_in(call.target), {"type": "video", "mime_type": "video/mp4", "data": data}),
    )


SORRY = {"type": "model_output", "content": [{"type": "text", "text": "I can't show this."}]}
NUMBERS = says("JSON: numbers for words", 200, {"id": 7, "status": 3, "steps": 3})


def row(call: Kind, fault: Fault, ends: str, words: str, posts: int = 1) -> table.Case:
    return table.Case(call, fault, ends, words, posts, wire=OMNI.name)


CASES: tuple[table.Case, ...] = (
    # call  fault                                         ends       what is said                             POSTs
    row(S, table.RESET_AFTER,                             UNCERTAIN, "no answer (the connection broke)"),
    row(S, table.CDN_200,                                 UNCERTAIN, "the provider's answer is not JSON"),
    row(S, table.EMPTY,                                   UNCERTAIN, "the provider's answer is not JSON"),
    row(S, table.LIST,                                    UNCERTAIN, "names no interaction"),
    row(S, NUMBERS,                                       UNCERTAIN, "names no interaction"),
    row(S, table.WRAPPED,                                 UNCERTAIN, "names no interaction: Upstream is busy"),
    row(S, table.CUT,                                     OK,        ""),
    row(S, table.SHORT_LENGTH,                            OK,        ""),
    row(S, table.SEE_OTHER,                               UNCERTAIN, "the provider answered 303"),
    row(S, table.ELSEWHERE_302,                           UNCERTAIN, "the provider answered 302"),
    row(S, table.ELSEWHERE_307,                           FAILED,    "answered 307. It points to another address"),
    row(S, said(400, "parameter_unknown"),                FAILED,    LATER),
    row(S, said(403, "PERMISSION_DENIED", listed=True),   FAILED,    LATER),
    row(S, said(408, "deadline_exceeded"),                UNCERTAIN, "Try again later"),
    row(S, said(429, "rate_limit_exceeded"),              OK,        f"asks to wait: {LATER}", 3),
    row(S, said(429, "RESOURCE_EXHAUSTED", listed=True),  OK,        f"asks to wait: {LATER}", 3),
    row(S, said(500, "api_error"),                        UNCERTAIN, "answered 500: Try again later"),
    row(S, said(503, "service_unavailable"),              OK,        f"answered 503: {LATER}", 3),
    row(S, said(503, "UNAVAILABLE", listed=True),         OK,        f"answered 503: {LATER}", 3),
    row(S, said(504, "deadline_exceeded"),                UNCERTAIN, "answered 504: Try again later"),
    row(P, table.RESET_AFTER,                             OK,        "the connection broke"),
    row(P, table.CDN_200,                                 OK,        "The provider's answer is not JSON."),
    row(P, table.EMPTY,                                   OK,        "The provider's answer is not JSON."),
    row(P, table.NULL,                                    OK,        "tells no state"),
    row(P, NUMBERS,                                       OK,        "tells no state"),
    row(P, table.WRAPPED,                                 OK,        "tells no state: Upstream is busy."),
    row(P, table.CUT,                                     OK,        "it was cut off"),
    row(P, table.SHORT_LENGTH,                            OK,        "The provider's answer is not JSON."),
    row(P, table.ELSEWHERE_302,                           OK,        f"points to another address ({ELSEWHERE})"),
    row(P, said(408, "deadline_exceeded"),                OK,        f"answered 408: {LATER}"),
    row(P, said(429, "too_many_requests"),                OK,        f"asks to wait: {LATER}"),
    row(P, said(503, "UNAVAILABLE", listed=True),         OK,        f"answered 503: {LATER}"),
    row(P, at_first("odd statuses", "queued", "idle", "requires_continuation", "of tomorrow"), OK, ""),
    row(P, Fault("the clip inline", inline),              OK,        ""),
    row(P, shows("completed without a clip", status="completed", steps=[SORRY]), BLOCKED, "I can't show this."),
    row(P, shows("completed without a word", status="completed"), BLOCKED, "made no video and gave no reason"),
    row(P, shows("failed, api_error", status="failed", errors=[{"code": "api_error", "message": "It broke."}]),
                                                          FAILED,    "It broke."),
    row(P, shows("failed, safety", status="failed", errors=[{"code": "safety", "message": "Not this."}]),
                                                          BLOCKED,   "Not this."),
    row(P, shows("failed, without a word", status="failed"), FAILED, "gave no reason"),
    row(P, shows("too many at the first poll", status="failed", errors=[{"code": "too_many_requests", "message": "No."}]),
                                                          FAILED,    "did not begin. Nothing is charged. No."),
    row(P, shows("incomplete", status="incomplete"),      FAILED,    "stopped before the clip was done"),
    row(P, shows("budget_exceeded", status="budget_exceeded"), FAILED, "its own budget for this key is used up"),
    row(P, shows("requires_action", status="requires_action"), FAILED, "asks for something instead"),
    row(P, shows("cancelled", status="cancelled"),        FAILED,    "cancelled at the provider"),
    row(D, table.CDN_200,                                 OK,        "sent text/html in place of a video"),
    row(D, table.JSON_FILE,                               OK,        "sent application/json in place of a video"),
    row(D, table.CUT,                                     OK,        "it was cut off"),
    row(D, said(503, "UNAVAILABLE", listed=True),         OK,        f"answered 503: {LATER}"),
    row(D, table.ELSEWHERE_302,                           OK,        ""),
    row(D, table.PLAIN_302,                               FAILED,    f"The video's address is refused: 'http://{ELSEWHERE}"),
)  # fmt: skip
