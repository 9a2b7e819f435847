"""The life of the server: starting, stopping, dying, coming back, sharing its folder; and its downloads."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import time

import httpx2
import numpy as np
import psutil  # type: ignore[import-untyped]
import pytest

from veo_nb.media.frames import frame
from veo_nb.media.probe import probe

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")


def renderers(sandbox):
    """The processes that render for a server."""
    return psutil.Process(sandbox.process.pid).children()


def until(what, seconds=20.0):
    """Wait for something, and give it."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
    return found


@pytest.fixture(autouse=True)
def whole_clips(monkeypatch):
    """A render takes its time here, so that it can be met in the middle."""
    monkeypatch.delenv("VEO_NB_SANDBOX_DRAFT")


# Starting.


def test_it_says_where_it_is_ready_and_listens_on_this_machine_only(sandbox):
    assert sandbox.ready == f"READY {sandbox.url}\n"
    port = int(sandbox.url.rpartition(":")[2])
    listening = [
        item.laddr
        for item in psutil.Process(sandbox.process.pid).net_connections("inet")
        if item.status == psutil.CONN_LISTEN
    ]
    assert [tuple(address) for address in listening] == [("127.0.0.1", port)]


@pytest.mark.parametrize(
    ("options", "variable"), [(("--draft",), ""), ((), "1"), ((), "")], ids=["option", "variable", "neither"]
)
def test_it_draws_drafts_where_it_is_told_to(launch, tmp_path, monkeypatch, options, variable):
    monkeypatch.setenv("VEO_NB_SANDBOX_DRAFT", variable)
    one = launch(tmp_path, "--latency", "0", *options)
    asked = {"durationSeconds": 4}
    clip = one.fetch(
        one.uris(one.start({"prompt": "The sea in a storm, rain"}, asked))[0], tmp_path / "a.mp4"
    )
    first, second = (np.asarray(frame(clip, at), dtype=float) for at in (1.1, 1.9))
    assert (np.abs(first - second).mean() > 1) == (not options and not variable)


def test_drafts_of_a_kind_are_drawn_once_where_there_is_a_stock_and_no_two_are_the_same_file(
    launch, tmp_path, blob, photo
):
    one = launch(tmp_path / "data", "--latency", "0", "--draft", stock=tmp_path / "stock")
    asked = {"durationSeconds": 4}
    orders = [({"prompt": "The sea"}, asked), ({"prompt": "A meadow"}, {**asked, "sampleCount": 2})]
    orders.append(({"image": blob(photo())}, asked))
    uris = [uri for order in orders for uri in one.uris(one.start(*order))]
    drawn, copy, other, shown = (one.fetch(uri, tmp_path / f"{n}.mp4") for n, uri in enumerate(uris))
    (kept,) = (tmp_path / "stock").iterdir()
    assert drawn.read_bytes() == kept.read_bytes() == copy.read_bytes()[:-40] == other.read_bytes()[:-40]
    assert copy.read_bytes() != other.read_bytes()
    assert probe(copy) == probe(drawn)
    assert np.abs(np.asarray(frame(shown, 0), float) - np.asarray(frame(drawn, 0), float)).mean() > 5


def test_a_port_in_use_is_told_in_one_line(launch, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = launch(tmp_path, "--port", port, wait=False).process
        out, err = process.communicate(timeout=10)
    assert process.returncode == 2
    assert out == ""
    assert err.startswith(f"Port {port} can't be used: ")
    assert err.endswith("--port 0.\n")
    assert err.count("\n") == 1


def test_a_folder_that_can_not_be_written_is_told_in_one_line(launch, tmp_path):
    (tmp_path / "file").write_text("")
    process = launch(tmp_path / "file" / "data", wait=False).process
    _, err = process.communicate(timeout=10)
    assert process.returncode == 2
    assert err.startswith(f"The folder {tmp_path / 'file' / 'data'} can't be used: ")
    assert err.endswith("Choose another with --data.\n")
    assert err.count("\n") == 1


def test_the_key_can_come_from_the_environment_or_an_option(launch, tmp_path):
    assert launch(tmp_path / "a", key="sk-quiet").ask({"prompt": "sandbox:fail"}).status_code == 200
    other = launch(tmp_path / "b", "--key", "sk-loud", key="sk-quiet")
    assert other.ask({"prompt": "sandbox:fail"}).status_code == 401
    answer = other.ask({"prompt": "sandbox:fail"}, headers={"x-goog-api-key": "sk-loud"})
    assert answer.status_code == 200


# Stopping, dying and coming back.


@POSIX
def test_told_to_stop_in_the_middle_of_a_render_it_stops_at_once_and_finishes_after_the_next_start(
    launch, tmp_path
):
    first = launch(tmp_path, "--latency", "0")
    name = first.start({}, {"durationSeconds": 4})
    until(lambda: list((tmp_path / "files").glob("*.part")))
    workers = renderers(first)
    assert first.stop() == 0
    assert not list((tmp_path / "files").glob("*.mp4")), "it did not wait for the clip"
    assert not [worker for worker in workers if worker.is_running()]

    second = launch(tmp_path, "--latency", "0")
    assert second.url != first.url
    [uri] = second.uris(name)
    assert uri.startswith(second.url), "the address is where the server is now"
    assert probe(second.fetch(uri, tmp_path / "clip.mp4")).duration == pytest.approx(4.0, abs=0.01)


@POSIX
def test_killed_it_leaves_no_renderer_and_its_work_is_taken_over_by_another_server(launch, tmp_path):
    first, second = launch(tmp_path, "--latency", "0"), launch(tmp_path, "--latency", "0")
    names = [first.start({"prompt": f"Dunes {number}"}, {"durationSeconds": 4}) for number in range(2)]
    until(lambda: renderers(first) and renderers(second))
    until(lambda: len(list((tmp_path / "files").glob("*.part"))) == 2)
    with contextlib.closing(sqlite3.connect(tmp_path / "operations.db")) as base:
        owners = [owner for (owner,) in base.execute("SELECT owner FROM operations")]
    assert len({*owners} - {None}) == 2, "each took one, and neither took the other's"
    workers = renderers(first)
    first.process.send_signal(signal.SIGKILL)
    first.process.wait(5)
    assert [second.uris(name) for name in names]
    until(lambda: not [worker for worker in workers if worker.is_running()])
    # The one that lived rendered its own once; only what the dead one had begun was begun again.
    assert len(list((tmp_path / "files").glob("*.mp4"))) == 2


def test_it_stops_when_the_program_that_started_it_is_gone(launch, tmp_path):
    server = launch(tmp_path, "--stop-with-stdin", stdin=subprocess.PIPE)
    assert server.ask({"prompt": "sandbox:fail"}).status_code == 200
    server.process.stdin.close()
    assert server.process.wait(3) == 0


@POSIX
def test_an_interrupt_of_the_program_that_started_it_does_not_stop_it(launch, tmp_path):
    server = launch(tmp_path, "--stop-with-stdin", stdin=subprocess.PIPE)
    server.process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert server.ask({"prompt": "sandbox:fail"}).status_code == 200
    server.process.stdin.close()
    assert server.process.wait(3) == 0


@POSIX
def test_control_c_stops_one_that_runs_alone_without_a_traceback(launch, tmp_path):
    server = launch(tmp_path, alone=True)
    server.process.send_signal(signal.SIGINT)
    _, err = server.process.communicate(timeout=5)
    assert (server.process.returncode, err) == (0, "")


@POSIX
def test_a_download_under_way_does_not_keep_it_from_stopping(launch, tmp_path):
    server = launch(tmp_path)
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as slow:
        slow.sendall(b"POST /v1beta/models/veo-3.1-generate-preview:predictLongRunning HTTP/1.1\r\n")
        slow.sendall(b"host: 127.0.0.1\r\nx-goog-api-key: sk-test\r\ncontent-length: 100\r\n\r\n{")
        time.sleep(0.2)
        assert server.stop() == 0, "it would wait for the rest for ever"


def test_what_ended_is_still_there_after_a_restart(launch, tmp_path):
    first = launch(tmp_path, "--latency", "0")
    name = first.start({"prompt": "sandbox:fail"})
    first.stop()
    assert launch(tmp_path, "--latency", "0").wait(name, 5)["error"]["code"] == 13


def test_videos_are_forgotten_when_the_provider_would_have_forgotten_them(launch, tmp_path):
    first = launch(tmp_path, "--latency", "0")
    name = first.start({"prompt": "sandbox:fail"})
    first.stop()
    with sqlite3.connect(tmp_path / "operations.db") as base:
        base.execute("UPDATE operations SET finished = finished - 50 * 3600")
    base.close()
    old = tmp_path / "files" / "00ff.mp4"
    old.write_bytes(b"old")
    os.utime(old, (time.time() - 50 * 3600,) * 2)
    second = launch(tmp_path)
    assert until(lambda: second.http.get(f"/v1beta/{name}").status_code == 404)
    assert not old.exists()


# While it works.


def test_an_operation_takes_at_least_the_latency(launch, tmp_path):
    server = launch(tmp_path, "--latency", "1.2")
    begun = time.monotonic()
    name = server.start({"prompt": "sandbox:filter"})
    assert server.poll(name) == {"name": name}
    server.wait(name, 5)
    assert time.monotonic() - begun >= 1.2


def test_polls_are_answered_at_once_while_it_renders(sandbox):
    name = sandbox.start({"prompt": "A city"}, {"durationSeconds": 4})
    until(lambda: list((sandbox.data / "files").glob("*.part")))
    polls = 0
    while not sandbox.poll(name).get("done"):
        polls += 1
    # With the render in the same process each would wait for a frame, of which there are 96.
    assert polls > 110


# Downloads.


def test_a_video_is_what_was_asked_for(sandbox, clip, tmp_path):
    facts = probe(sandbox.fetch(clip, tmp_path / "clip.mp4"))
    assert (facts.width, facts.height, facts.fps) == (1280, 720, 24.0)
    assert (facts.has_audio, facts.video_codec) == (True, "h264")
    assert facts.duration == pytest.approx(4.0, abs=0.01)


def test_an_upright_video_is_upright(sandbox, tmp_path):
    name = sandbox.start({"prompt": "Waves at night"}, {"durationSeconds": "4", "aspectRatio": "9:16"})
    facts = probe(sandbox.fetch(sandbox.uris(name)[0], tmp_path / "clip.mp4"))
    assert (facts.width, facts.height) == (720, 1280)


def test_a_video_is_sent_as_mp4_with_its_length_and_a_tag(sandbox, clip):
    answer = sandbox.http.get(clip)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["etag"]
    head = sandbox.http.head(clip)
    assert head.content == b""
    names = ("content-length", "etag", "accept-ranges", "content-type", "last-modified")
    assert {key: head.headers[key] for key in names} == {key: answer.headers[key] for key in names}


def test_both_addresses_of_a_file_lead_to_it(sandbox, clip):
    assert "/upload/v1beta/files/" in clip
    assert sandbox.http.get(clip.replace("/upload/", "/")).content == sandbox.http.get(clip).content


@pytest.mark.parametrize(
    ("asked", "first", "last"), [("bytes=0-99", 0, 100), ("bytes=100-", 100, None), ("bytes=-50", -50, None)]
)
def test_a_part_is_sent_when_a_part_is_asked_for(sandbox, clip, asked, first, last):
    whole = sandbox.http.get(clip).content
    part = sandbox.http.get(clip, headers={"range": asked})
    assert part.status_code == 206
    assert part.content == whole[first:last]
    begin = first % len(whole)
    end = (last or len(whole)) - 1
    assert part.headers["content-range"] == f"bytes {begin}-{end}/{len(whole)}"


def test_a_part_beyond_the_end_is_refused(sandbox, clip):
    whole = int(sandbox.http.head(clip).headers["content-length"])
    answer = sandbox.http.get(clip, headers={"range": f"bytes={whole}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{whole}"


def test_a_part_of_another_version_is_not_sent(sandbox, clip):
    tag = sandbox.http.head(clip).headers["etag"]
    same = sandbox.http.get(clip, headers={"range": "bytes=10-19", "if-range": tag})
    other = sandbox.http.get(clip, headers={"range": "bytes=10-19", "if-range": '"other"'})
    assert (same.status_code, other.status_code) == (206, 200)
    assert len(other.content) > 10


def test_a_video_needs_the_key_too(clip):
    assert httpx2.get(clip, trust_env=False).status_code == 401
