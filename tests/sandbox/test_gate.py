"""How the server says that it is too much, or too late."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from veo_nb.catalog import PROVIDERS
from veo_nb.media.probe import probe
from veo_nb.sandbox import wire
from veo_nb.sandbox.__main__ import main
from veo_nb.sandbox.gate import Quota
from veo_nb.sandbox.wire import Refused

GOOGLES = "/v1beta1/publishers/google/models/veo-3.1-generate-001:predictLongRunning"


def enter(quota, name, now=0.0, done=()):
    """A submit that starts an operation."""
    with quota.place(name, now, lambda operation: operation in done):
        pass


def refused(quota, now=0.0, done=()):
    with pytest.raises(Refused) as caught:
        enter(quota, "x", now, done)
    assert caught.value.code == 429
    return caught.value


# The count itself.


def test_a_minute_slides():
    quota = Quota(2, 0)
    enter(quota, "a", 0.0)
    enter(quota, "b", 30.0)
    assert refused(quota, 31.5).wait == 29
    assert refused(quota, 59.9).wait == 1
    enter(quota, "c", 60.0)
    assert refused(quota, 61.0).wait == 29, "what was refused did not count"


def test_a_place_is_free_again_when_an_operation_is_done():
    quota = Quota(0, 2)
    enter(quota, "a")
    enter(quota, "b")
    assert refused(quota).wait == 0
    enter(quota, "c", done=("a",))
    refused(quota)


def test_a_submit_holds_a_place_while_it_is_read_and_only_then_when_it_is_refused():
    quota = Quota(0, 1)

    def read():
        with quota.place("a", 0.0, lambda _: False):
            # Nobody can tell yet whether an operation comes of it: it counts although none is known.
            refused(quota, done=("a",))
            raise wire.invalid("This can't be read.")

    with pytest.raises(Refused, match="can't be read"):
        read()
    enter(quota, "b")


def test_zero_is_no_limit():
    quota = Quota(0, 0)
    for number in range(2000):
        enter(quota, str(number))


# The server.


def test_too_many_in_a_minute_are_asked_to_wait(launch, tmp_path):
    server = launch(tmp_path, "--latency", "0", "--per-minute", "3")
    for instance in ({"prompt": "sandbox:fail"}, {"prompt": ""}, {"prompt": "sandbox:filter"}):
        assert server.ask(instance).status_code in (200, 400)
    answer = server.ask({})
    assert answer.status_code == 429
    assert 50 <= int(answer.headers["retry-after"]) <= 60
    error = answer.json()["error"]
    assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")
    assert "3 requests a minute" in error["message"]
    answer = server.http.post(GOOGLES, json={"instances": [{"prompt": "A fox"}]})
    assert answer.headers["retry-after"]
    assert answer.json()["error"]["status"] == "RESOURCE_EXHAUSTED", "Google's form where only Google serves"
    assert server.http.get("/v1beta/operations/x").status_code == 404, "only submits are counted"


def test_too_many_at_once_are_asked_to_wait(launch, tmp_path):
    server = launch(tmp_path, "--latency", "1", "--in-flight", "2")
    names = [server.start({"prompt": "sandbox:filter"}) for _ in range(2)]
    assert server.ask({"prompt": ""}).status_code == 429, "before it is even read"
    answer = server.ask({"prompt": "sandbox:filter"})
    assert (answer.status_code, answer.json()["error"]["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert "retry-after" not in answer.headers
    for name in names:
        server.wait(name, 5)
    for _ in range(3):
        assert server.ask({"prompt": ""}).status_code == 400, "a refused one takes no place"
    server.start({"prompt": "sandbox:filter"})


def test_the_limits_of_the_catalog_are_meant_when_none_are_given(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert f"(default: {PROVIDERS['sandbox'].requests_per_minute})" in said
    assert f"(default: {PROVIDERS['sandbox'].in_flight})" in said
    assert "sandbox:filter-one" in said


@pytest.mark.parametrize(
    "option", [["--per-minute", "-1"], ["--in-flight", "x"], ["--retention", "nan"], ["--latency", "-1"]]
)
def test_a_limit_that_is_none_is_refused(option, capsys):
    with pytest.raises(SystemExit) as caught:
        main(option)
    assert caught.value.code == 2
    assert option[0] in capsys.readouterr().err


# Too late.


def test_a_video_is_gone_when_its_time_is_over(launch, tmp_path):
    data = tmp_path / "data"
    server = launch(data, "--latency", "0")
    name = server.start({}, {"durationSeconds": 4})
    [uri] = server.uris(name)
    assert probe(server.fetch(uri, tmp_path / "clip.mp4")).duration > 3
    with contextlib.closing(sqlite3.connect(data / "operations.db", isolation_level=None)) as base:
        retention = PROVIDERS["sandbox"].retention_seconds
        base.execute("UPDATE operations SET finished = finished - ?", (retention + 1,))
    answer = server.http.get(uri)
    assert (answer.status_code, answer.json()["error"]["status"]) == (404, "NOT_FOUND")
    assert "expired" in answer.json()["error"]["message"]
    answer = server.ask({"video": {"uri": uri}})
    assert "not here any more" in answer.json()["error"]["message"]
    assert server.poll(name)["done"], "the operation is remembered for an hour more"
    server.stop()
    again = launch(data, "--latency", "0")
    assert again.poll(name)["done"]
    assert not list((data / "files").iterdir()), "the file is gone with the next sweep"


def test_what_is_at_work_is_not_forgotten_however_short_the_time(launch, tmp_path, photo, blob):
    server = launch(tmp_path, "--latency", "0", "--retention", "0.5")
    name = server.start({"image": blob(photo())}, {"durationSeconds": 8})
    assert "response" in server.wait(name)
