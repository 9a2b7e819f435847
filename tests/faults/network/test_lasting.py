"""What never gets better ends in bounded time, memory and requests; and a person can still fetch what was paid for."""

from __future__ import annotations

import logging
import tracemalloc
from dataclasses import replace

import pytest

from tests.api.service import answer, raw
from tests.faults.network import table
from tests.faults.network.line import Fault
from tests.faults.network.table import FAILED, UNCERTAIN, Case, D, P, S, status
from tests.faults.network.test_network import check
from tests.faults.network.world import NOT_FOR_PEOPLE, tried

NEVER_DONE = Fault(
    "never done", lambda line, call: answer(200, {"name": call.target.partition("/v1beta/")[2]})
)
DROPS = Fault(
    "cut after each byte",
    lambda line, call: (
        raw(
            b"HTTP/1.1 206 P\r\ncontent-range: bytes %s-9998/9999\r\n\r\nx"
            % call.headers["range"][6:-1].encode()
        )
        if "range" in call.headers
        else raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\nx")
    ),
)

LASTING: tuple[tuple[Case, int], ...] = (
    #    fault                      ends       what is said at the end               POSTs   requests at most
    (Case(S, table.REFUSED,         FAILED,    "it refuses the connection",              0), 0),
    (Case(S, table.NO_NAME,         FAILED,    "its name can't be found",                0), 0),
    (Case(S, table.SELF_SIGNED,     FAILED,    "its certificate can't be trusted",       0), 0),
    (Case(S, status(429),           FAILED,    "asks to wait: Try again later",         20), 20),
    (Case(S, status(503),           FAILED,    "answered 503: Try again later",         20), 20),
    (Case(S, status(500),           UNCERTAIN, "answered 500: Try again later",          1), 1),
    (Case(P, table.REFUSED,         FAILED,    "has not finished it in 48."               ), 0),
    (Case(P, status(503),           FAILED,    "has not finished it in 48."               ), 1000),
    (Case(P, table.CDN_200,         FAILED,    "has not finished it in 48."               ), 1000),
    (Case(P, NEVER_DONE,            FAILED,    "has not finished it in 1."                ), 100),
    (Case(D, table.REFUSED,         FAILED,    "it refuses the connection"                ), 0),
    (Case(D, table.SELF_SIGNED,     FAILED,    "its certificate can't be trusted"         ), 0),
    (Case(D, status(429),           FAILED,    "asks to wait: Try again later"            ), 10),
    (Case(D, status(503),           FAILED,    "answered 503: Try again later"            ), 10),
    (Case(D, table.RESET_AFTER,     FAILED,    "the connection broke"                     ), 10),
    (Case(D, table.CUT,             FAILED,    "it was cut off"                           ), 11),
    (Case(D, DROPS,                 FAILED,    "The video stopped at 10 of 9999 bytes"    ), 10),
    (Case(D, table.CDN_200,         FAILED,    "sent text/html in place of a video"       ), 10),
    (Case(D, table.EMPTY,           FAILED,    "sent an empty file"                       ), 10),
    (Case(D, table.NO_VIDEO,        FAILED,    "What arrived is not a playable video"     ), 3),
    (Case(D, table.SHORT_LENGTH,    FAILED,    "is cut off: its end is missing"           ), 10),
)  # fmt: skip


@pytest.mark.parametrize(("case", "most"), LASTING, ids=str)
def test_what_lasts_ends_and_is_fetched_later(case, most, world, matrix):
    world.mends_after = None
    world.hurry = 19.0
    fault = replace(case.fault, name=f"{case.fault.name}, for ever")
    found = tried(replace(case, fault=fault), world, matrix)
    assert found.state == case.ends
    assert case.says in found.error
    assert not NOT_FOR_PEOPLE.search(found.error)
    assert found.row.sound
    assert found.asked <= most
    if case.call == "submit":
        assert found.asked == case.posts


MEGABYTES = {
    # A submit's answer names an operation, and of a file that calls itself JSON nothing is read. The answer to a poll may
    # hold four videos, so it is read whole; but it is not unfolded, and no more than twice its size is ever held.
    (S, table.HUGE_TEXT): 12,
    (S, table.HUGE_LISTS): 12,
    (S, table.HUGE_ERROR): 12,
    (P, table.HUGE_TEXT): 330,
    (P, table.HUGE_LISTS): 250,
    (P, table.HUGE_ERROR): 12,
    (D, table.HUGE_TEXT): 12,
    (D, table.HUGE_ERROR): 12,
}


@pytest.mark.parametrize("case", [case for case in table.CASES if case.fault in table.HUGE_FAULTS], ids=str)
def test_what_is_huge_takes_bounded_memory_and_ends_as_the_table_says(case, world, matrix, caplog):
    caplog.set_level(logging.DEBUG)
    # What is loaded once, at the first video, is not the fault's.
    from veo_nb.media import probe

    assert probe
    tracemalloc.start()
    try:
        found = tried(case, world, matrix, lambda: caplog.text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    found.row.ended += f" · at most {peak / 2**20:.0f} MB"
    assert peak < MEGABYTES[case.call, case.fault] * 2**20
    check(case, world, found)
