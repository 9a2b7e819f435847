"""Faults as a table tells them, and as a client meets them on the socket."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import sqlite3
import time
from typing import get_args

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from veo_nb.sandbox import faults
from veo_nb.sandbox.faults import Faults, UnusableFaults, read_faults

SUBMIT = "/v1beta/models/veo-3.1-generate-preview:predictLongRunning"
PROMPT = "A fox. sandbox:filter"


def table(tmp_path, text, name="faults.toml"):
    path = tmp_path / name
    path.write_text(text)
    return read_faults(path)


def met(deal: Faults, call="poll", number=12):
    """Which of the first calls of a kind meet a fault."""
    return [index for index in range(1, number + 1) if deal.meet(call)]


# When.


@pytest.mark.parametrize(
    ("when", "calls"),
    [
        ("", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        ("nth = 3", [3]),
        ("nth = [1, 4]", [1, 4]),
        ('nth = "2-4"', [2, 3, 4]),
        ('nth = "11-"', [11, 12]),
        ('nth = [1, "5 - 6", "12-"]', [1, 5, 6, 12]),
        ("times = 2", [1, 2]),
        ('nth = "4-"\ntimes = 2', [4, 5]),
        ('call = "poll"\nnth = 2', [2]),
        ('call = ["submit", "poll"]\nnth = 2', [2]),
        ('call = "submit"', []),
        ("share = 0", []),
        ("share = 1", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    ],
)
def test_a_fault_falls_on_the_calls_that_it_names(tmp_path, when, calls):
    assert met(table(tmp_path, f'[[fault]]\nkind = "empty"\n{when}')) == calls


def test_calls_of_each_kind_are_counted_apart(tmp_path):
    deal = table(tmp_path, '[[fault]]\nkind = "empty"\nnth = 2')
    assert [bool(deal.meet(call)) for call in ("submit", "poll", "download", "poll", "submit")] == [
        *(False, False, False),
        *(True, True),
    ]


def test_a_share_is_drawn_by_lot_and_the_same_seed_draws_the_same(tmp_path):
    def drawn(seed):
        return met(table(tmp_path, f'seed = {seed}\n[[fault]]\nkind = "empty"\nshare = 0.3'), number=1000)

    assert 230 < len(drawn(1)) < 370
    assert drawn(1) == drawn(1) != drawn(2)


def test_the_first_that_fits_happens(tmp_path):
    deal = table(tmp_path, '[[fault]]\nkind = "empty"\nnth = 1\n[[fault]]\nkind = "html"')
    kinds = [fault.kind for fault in (deal.meet("poll"), deal.meet("poll")) if fault]
    assert kinds == ["empty", "html"]


# The file.


def test_json_says_the_same_as_toml(tmp_path):
    one = table(tmp_path, 'seed = 3\n[[fault]]\nkind = "reset"\nat = "answer"\nbytes = 9\nnth = [1, "3-"]')
    same = {"seed": 3, "fault": [{"kind": "reset", "at": "answer", "bytes": 9, "nth": [1, "3-"]}]}
    assert table(tmp_path, json.dumps(same), "faults.json").table == one.table


def test_the_docstring_is_true(tmp_path):
    """Its example can be read, and it explains every kind."""
    said = faults.__doc__ or ""
    example = re.findall(r"^    ((?:seed|\[\[fault|[a-z_]+ = ).*)$", said, re.MULTILINE)
    deal = table(tmp_path, "\n".join(example))
    assert [fault.kind for fault in deal.table.fault] == ["status", "reset", "truncate"]
    kinds = {str(kind.__struct_config__.tag) for kind in get_args(faults.AnyFault)}
    assert set(re.findall(r"^    ([a-z-]+)  +\S", said.partition("its `kind`")[2], re.MULTILINE)) == kinds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[fault]", ""),
        ("faults = []", "unknown field `faults`"),
        ("[[fault]]", "fault 1: Object missing required field `kind`"),
        ('[[fault]]\nkind = "flood"', "fault 1, kind: Invalid value 'flood'"),
        (
            '[[fault]]\nkind = "empty"\n[[fault]]\nkind = "empty"\nnht = 3',
            "fault 2: Object contains unknown field",
        ),
        ('[[fault]]\nkind = "status"', "fault 1: Object missing required field `status`"),
        ('[[fault]]\nkind = "status"\nstatus = 200', "fault 1, status: Expected `int` >= 400"),
        ('[[fault]]\nkind = "empty"\nshare = 1.5', "fault 1, share: Expected `float` <= 1"),
        ('[[fault]]\nkind = "empty"\ncall = "dance"', "fault 1, call: Invalid enum value 'dance'"),
        ('[[fault]]\nkind = "empty"\nnth = 0', "fault 1: nth can't be 0"),
        ('[[fault]]\nkind = "empty"\nnth = "4-2x"', "fault 1: nth can't be '4-2x'"),
        ('[[fault]]\nkind = "empty"\nnth = [1, "-3"]', "fault 1: nth can't be '-3'"),
        (
            '[[fault]]\nkind = "reset"\nat = "head"\ncarried_out = true',
            "at the head nothing can be carried_out",
        ),
        ('[[fault]]\nkind = "slow"\nrate = 0', "fault 1, rate: Expected `int` >= 1"),
        ('[[fault]]\nkind = "answer"\nheaders = {"a b" = "c"}', "fault 1: headers can't hold 'a b'"),
        ('[[fault]]\nkind = "truncate"\nbytes = 5\ncarried_out = true', "unknown field `carried_out`"),
    ],
)
def test_a_file_that_can_not_be_meant_is_told_in_one_line(tmp_path, text, said):
    with pytest.raises(UnusableFaults) as caught:
        table(tmp_path, text)
    message = str(caught.value)
    assert message.startswith(f"The faults in {tmp_path / 'faults.toml'} can't be used: ")
    assert said in message
    assert message.endswith(".")
    assert "\n" not in message
    assert "$" not in message


@given(text=st.text(max_size=200) | st.binary(max_size=200))
def test_any_file_is_a_table_or_an_error(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    try:
        read_faults(path)
    except UnusableFaults as error:
        assert "\n" not in str(error)  # noqa: PT017


def test_a_file_that_is_not_there_is_told_by_the_program(launch, tmp_path):
    process = launch(tmp_path, "--faults", str(tmp_path / "none.toml"), wait=False).process
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (2, "")
    assert err == f"The faults in {tmp_path / 'none.toml'} can't be used: No such file or directory.\n"


# On the socket.


@pytest.fixture
def faulty(launch, tmp_path):
    """Start a server on which these faults happen."""

    def start(*table, seed=0, alone=False):
        path = tmp_path / "faults.json"
        path.write_text(json.dumps({"seed": seed, "fault": table}))
        return launch(tmp_path / "data", "--latency", "0", "--faults", str(path), alone=alone)

    return start


def spoken(server, request, seconds=5.0):
    """All bytes that come for a request, and how the connection ends: closed, reset, or not at all."""
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), seconds) as line:
        line.sendall(request)
        got = b""
        while True:
            try:
                chunk = line.recv(65536)
            except ConnectionResetError:
                return got, "reset"
            except TimeoutError:
                return got, "open"
            if not chunk:
                return got, "closed"
            got += chunk


def written(method, path, body=b"", **headers):
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", "x-goog-api-key: sk-test"]
    headers.setdefault("content_length", str(len(body)))
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


ORDER = json.dumps({"instances": [{"prompt": PROMPT}]}).encode()
POST = written("POST", SUBMIT, ORDER)
POLL = written("GET", "/v1beta/operations/none")


def started(server):
    """How many operations there are in a server's folder."""
    with contextlib.closing(sqlite3.connect(server.data / "operations.db")) as base:
        return base.execute("SELECT count(*) FROM operations").fetchone()[0]


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("gemini", {"error": {"code": 503, "message": "Busy", "status": "UNAVAILABLE"}}),
        ("provider", {"error": {"message": "Busy", "type": "503"}}),
        ("flat", {"code": 503, "message": "Busy", "type": "error"}),
    ],
)
def test_an_error_has_any_documented_form(faulty, form, body):
    fault = {"kind": "status", "status": 503, "form": form, "message": "Busy", "retry_after": 7, "nth": 2}
    server = faulty(fault)
    assert server.ask({"prompt": PROMPT}).status_code == 200
    answer = server.ask({"prompt": PROMPT})
    assert (answer.status_code, answer.headers["retry-after"], answer.json()) == (503, "7", body)
    assert server.ask({"prompt": PROMPT}).status_code == 200
    assert started(server) == 2
    entry = server.log()[1]
    assert (entry["status"], entry["fault"]) == (503, "status")
    assert entry["body"]["instances"] == [{"prompt": PROMPT}]
    assert "fault" not in server.log()[0]


def test_an_error_may_be_a_page_or_nothing_and_of_a_status_that_only_a_cdn_knows(faulty):
    server = faulty(
        {"kind": "status", "status": 502, "form": "html", "nth": 1},
        {"kind": "status", "status": 520, "form": "empty", "nth": 2},
        {
            "kind": "status",
            "status": 429,
            "form": "provider",
            "nth": 3,
            "retry_after": "Sun, 22 Nov 2026 10:00:09 GMT",
        },
    )
    page, nothing, busy = (server.ask({"prompt": PROMPT}) for _ in range(3))
    assert page.headers["content-type"].startswith("text/html")
    assert (nothing.status_code, nothing.content) == (520, b"")
    assert busy.headers["retry-after"].endswith("GMT")
    assert busy.json()["error"]["code"] == "rate_limit_exceeded"


def test_work_may_be_done_although_an_error_is_told(faulty):
    server = faulty({"kind": "status", "status": 500, "carried_out": True})
    assert server.ask({"prompt": PROMPT}).status_code == 500
    assert started(server) == 1


@pytest.mark.parametrize(("carried_out", "operations"), [(False, 0), (True, 1)])
def test_a_reset_comes_instead_of_the_answer(faulty, carried_out, operations):
    server = faulty({"kind": "reset", "carried_out": carried_out, "nth": 1})
    assert spoken(server, POST) == (b"", "reset")
    assert started(server) == operations
    assert server.log()[0]["body"]["instances"] == [{"prompt": PROMPT}]
    assert (server.log()[0]["status"], server.log()[0]["fault"]) == (0, "reset")
    assert server.ask({"prompt": PROMPT}).status_code == 200


def test_a_reset_may_come_before_the_body(faulty):
    server = faulty({"kind": "reset", "at": "head"})
    # It answers although the body never comes.
    assert spoken(server, written("POST", SUBMIT, b"", content_length="1000")) == (b"", "reset")
    assert "body" not in server.log()[0]


def test_a_reset_may_come_in_the_middle_of_the_answer(faulty):
    server = faulty({"kind": "reset", "at": "answer", "bytes": 10})
    got, end = spoken(server, POST)
    head, _, body = got.partition(b"\r\n\r\n")
    assert end == "reset"
    assert body == b'{"name":"m'
    assert int(re.search(rb"content-length: (\d+)", head)[1]) > 60  # type: ignore[index]
    assert started(server) == 1


def test_silence_lasts_as_long_as_it_says_and_ends_with_the_client(faulty):
    server = faulty({"kind": "hang", "seconds": 0.4, "nth": 1}, {"kind": "hang", "nth": 2})
    begun = time.monotonic()
    assert spoken(server, POLL) == (b"", "reset")
    assert time.monotonic() - begun > 0.3
    assert spoken(server, POLL, seconds=0.5) == (b"", "open")
    assert server.http.get("/v1beta/operations/none").status_code == 404
    assert server.stop() == 0, "one that is silent for ever does not hold it"


def test_an_answer_ends_too_early_or_is_longer_than_it_says(faulty):
    server = faulty(
        {"kind": "truncate", "bytes": -5, "nth": 1},
        {"kind": "wrong-length", "by": 10, "nth": 2},
        {"kind": "wrong-length", "by": -10, "nth": 3},
    )
    for missing in (5, 10, -10):
        got, end = spoken(server, POLL)
        head, _, body = got.partition(b"\r\n\r\n")
        assert end == "closed"
        assert int(re.search(rb"content-length: (\d+)", head)[1]) == len(body) + missing  # type: ignore[index]
    for fault in ("truncate", "wrong-length"):
        assert fault in [entry.get("fault") for entry in server.log()]


def test_a_body_trickles(faulty):
    server = faulty({"kind": "slow", "rate": 200})
    begun = time.monotonic()
    answer = server.http.get("/v1beta/operations/none")
    assert answer.json()["error"]["code"] == 404
    assert time.monotonic() - begun > 0.8 * len(answer.content) / 200


def test_any_fault_may_come_late(faulty):
    server = faulty({"kind": "empty", "delay": 0.5})
    begun = time.monotonic()
    assert server.http.get("/v1beta/operations/none").content == b""
    assert time.monotonic() - begun > 0.45


def test_an_answer_may_be_anything_but_what_was_hoped_for(faulty):
    server = faulty(
        {"kind": "html", "nth": 1},
        {"kind": "empty", "nth": 2},
        {"kind": "not-json", "nth": 3},
        {"kind": "wrong-shape", "nth": 4},
        {"kind": "wrong-shape", "nth": 5, "body": [1, None]},
        {"kind": "answer", "nth": 6, "status": 203, "headers": {"content-type": "a/b"}, "body": "hm"},
        {"kind": "answer", "nth": 7, "body": {"done": True}},
    )
    answers = [server.http.get("/v1beta/operations/none") for _ in range(7)]
    assert answers[0].headers["content-type"].startswith("text/html")
    assert answers[1].content == b""
    with pytest.raises(ValueError, match="Unterminated"):
        answers[2].json()
    assert "surprise" in answers[3].json()
    assert answers[4].json() == [1, None]
    assert (answers[5].status_code, answers[5].headers["content-type"], answers[5].text) == (203, "a/b", "hm")
    assert answers[6].json() == {"done": True}


def test_a_body_may_be_huge_and_is_not_held_in_memory(faulty):
    server = faulty({"kind": "huge", "bytes": 50_000_000, "nth": 1}, {"kind": "huge", "nth": 2})
    answer = server.http.get("/v1beta/operations/none")
    assert len(answer.content) == 50_000_002
    assert answer.json() == {}
    # Who has enough leaves.
    with server.http.stream("GET", "/v1beta/operations/none") as endless:
        assert next(endless.iter_bytes())
    assert server.http.get("/v1beta/operations/none").status_code == 404


def test_a_redirect_leads_to_another_host_or_in_a_circle(faulty):
    server = faulty(
        {"kind": "redirect", "nth": 1},
        {"kind": "redirect", "nth": 2, "status": 307, "to": "{same}"},
        {"kind": "redirect", "nth": 3, "to": "https://example.com/x"},
    )
    path = "/v1beta/operations/none?x=1"
    places = [(answer.status_code, answer.headers["location"]) for answer in map(server.http.get, [path] * 3)]
    port = server.url.rpartition(":")[2]
    assert places == [
        (302, f"http://localhost:{port}{path}"),
        (307, f"{server.url}{path}"),
        (302, "https://example.com/x"),
    ]


def test_what_comes_may_be_no_http(faulty):
    server = faulty({"kind": "garbage"})
    got, end = spoken(server, POLL)
    assert end == "closed"
    assert not got.startswith(b"HTTP")
    with pytest.raises(httpx2.RemoteProtocolError):
        server.http.get("/v1beta/operations/none")


def test_a_download_may_be_torn_or_whole_though_a_part_was_asked_for(faulty):
    server = faulty(
        {"kind": "truncate", "bytes": 1000, "call": "download", "nth": 2},
        {"kind": "no-range", "call": "download", "nth": 3},
    )
    [uri] = server.uris(server.start({}, {"durationSeconds": 4}))
    whole = server.http.get(uri).content
    with pytest.raises(httpx2.RemoteProtocolError, match="1000"):
        server.http.get(uri)
    part = server.http.get(uri, headers={"range": "bytes=1000-"})
    assert (part.status_code, part.content) == (200, whole)
    assert server.http.get(uri, headers={"range": "bytes=1000-"}).content == whole[1000:]


def test_the_second_dialect_has_the_same_calls(faulty):
    server = faulty(*({"kind": "empty", "call": call, "nth": 1} for call in ("submit", "poll", "download")))
    base = "/v1/publishers/google/models/veo-3.1-generate-001"
    for method, path in (
        ("POST", f"{base}:predictLongRunning"),
        ("POST", f"{base}:fetchPredictOperation"),
        ("GET", "/storage/v1/b/bucket/o/a%2Fb.mp4"),
    ):
        assert server.http.request(method, path).content == b""
        assert server.http.request(method, path).content != b""


def test_without_the_key_nothing_is_counted(faulty):
    server = faulty({"kind": "empty", "nth": 1})
    for _ in range(3):
        answer = httpx2.get(f"{server.url}/v1beta/operations/none", trust_env=False)
        assert answer.status_code == 401
    assert server.http.get("/v1beta/operations/none").content == b""


def test_faults_are_quiet_for_the_person_at_the_server(faulty):
    """What a fault does to the connection is no news: nothing is printed."""
    kinds = [
        {"kind": "reset", "nth": 1},
        {"kind": "garbage", "nth": 2},
        {"kind": "truncate", "bytes": 3, "nth": 3},
        {"kind": "hang", "nth": 4},
        {"kind": "wrong-length", "by": 9, "nth": 5},
        {"kind": "reset", "at": "head", "nth": 6},
        {"kind": "reset", "at": "answer", "nth": 7},
    ]
    server = faulty(*kinds, alone=True)
    for _ in kinds:
        spoken(server, POLL, seconds=0.3)
    server.process.terminate()
    _, err = server.process.communicate(timeout=10)
    assert err == ""
    assert server.process.returncode == 0
