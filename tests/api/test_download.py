"""A video arrives whole, goes on where it stopped, and nothing else is taken for one."""

from __future__ import annotations

import gzip
import hashlib
import random
import tracemalloc

import httpx2
import pytest

from tests.api.service import (
    FILE,
    MP4,
    Loopback,
    answer,
    cut,
    fetched,
    flow,
    local,
    played,
    raw,
    refusal,
    silence,
    video,
)
from veo_nb import catalog, errors
from veo_nb.api import client as module
from veo_nb.api import download as transfer
from veo_nb.api.errors import of_age
from veo_nb.api.retry import is_passing


async def test_a_video_arrives_whole_and_tells_how_far_it_is(tmp_path):
    progress = []
    found, [call] = await fetched(tmp_path / "a", video(), on_progress=lambda *now: progress.append(now))
    assert found == len(MP4)
    assert (tmp_path / "a").read_bytes() == MP4
    assert progress[-1] == (len(MP4), len(MP4))
    assert (call.method, call.target) == ("GET", FILE)
    assert call.headers["accept-encoding"] == "identity"
    assert "range" not in call.headers


async def test_progress_is_told_in_small_steps_however_large_the_pieces_are(tmp_path):
    seen = []

    def play(request):
        return httpx2.Response(200, content=bytes(300_000), headers={"content-type": "video/mp4"})

    async with played(play) as client:
        await client.download("https://api.gptproto.com/v", tmp_path / "a", lambda done, _: seen.append(done))
    assert seen == [131_072, 262_144, 300_000]


async def test_the_digest_is_that_of_the_whole_or_none_at_all(tmp_path):
    """What came in two tries, or was packed, is another file than what was hashed."""
    # In several pieces, of which the last are fewer than are digested at once.
    body = b"\x00\x00\x00\x18ftypisom" + random.Random(1).randbytes(3 * transfer.DIGESTED + 1000)

    def play(request):
        start = int(request.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        headers = {"content-range": f"bytes {start}-{len(body) - 1}/{len(body)}"} if start else {}
        return httpx2.Response(206 if start else 200, content=body[start:], headers=headers)

    async with played(play) as client:
        whole = await client.fetch("https://api.gptproto.com/v", tmp_path / "a")
        (tmp_path / "b").write_bytes(body[:1000])
        rest = await client.fetch("https://api.gptproto.com/v", tmp_path / "b")
    async with played(lambda _: httpx2.Response(200, content=gzip.compress(body))) as client:
        packed = await client.fetch("https://api.gptproto.com/v", tmp_path / "c")
    assert whole == (len(body), hashlib.sha256(body).hexdigest())
    assert rest == packed == (len(body), "")
    assert {(tmp_path / name).read_bytes() for name in "abc"} == {body}


async def test_a_video_of_unknown_length_arrives(tmp_path):
    body = b"HTTP/1.1 200 OK\r\ncontent-type: video/mp4\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    progress = []
    found, _ = await fetched(tmp_path / "a", raw(body), on_progress=lambda *now: progress.append(now))
    assert (found, progress) == (3, [(3, None)])


@pytest.mark.parametrize(
    "kind",
    [
        "video/mp4",
        "VIDEO/MP4; codecs=avc1",
        "application/octet-stream",
        "binary/octet-stream",
        "application/mp4",
        "",
    ],
)
async def test_a_store_may_call_a_video_what_it_likes(kind, tmp_path):
    found, _ = await fetched(tmp_path / "a", answer(200, MP4, content_type=kind))
    assert found == len(MP4)


async def test_after_a_cut_only_the_rest_is_asked_for(tmp_path):
    half = len(MP4) // 2
    part = f"bytes {half}-{len(MP4) - 1}/{len(MP4)}"
    steps = (
        answer(200, MP4[:half], content_type="video/mp4", content_length=str(len(MP4))),
        answer(206, MP4[half:], content_type="video/mp4", content_range=part),
    )
    async with Loopback(*steps) as server, local(server) as client:
        error = await refusal(client.download(f"{server.url}/v", tmp_path / "a"))
        assert isinstance(error, errors.TransportError)
        assert (tmp_path / "a").read_bytes() == MP4[:half]
        assert await client.download(f"{server.url}/v", tmp_path / "a") == len(MP4)
    assert [call.headers.get("range") for call in server.calls] == [None, f"bytes={half}-"]
    assert (tmp_path / "a").read_bytes() == MP4


async def test_a_server_that_ignores_the_range_sends_it_whole(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 5000)
    found, [call] = await fetched(tmp_path / "a", video())
    assert (found, call.headers["range"]) == (len(MP4), "bytes=5000-")
    assert (tmp_path / "a").read_bytes() == MP4


@pytest.mark.parametrize("said", ["bytes */5000", "Bytes */5000", " bytes  */5000"])
async def test_what_is_whole_already_is_not_fetched_again(said, tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 5000)
    assert (await fetched(tmp_path / "a", answer(416, content_range=said)))[0] == 5000
    assert (tmp_path / "a").stat().st_size == 5000


@pytest.mark.parametrize("said", ["bytes */4000", "", "bytes */*", "nonsense"])
async def test_what_is_longer_than_the_video_begins_anew(said, tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 5000)
    error, _ = await fetched(tmp_path / "a", answer(416, content_range=said))
    assert (type(error), str(error)) == (
        errors.TransportError,
        "The file changed on its way.",
    )
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    "said",
    [
        "bytes 0-9999/10240",
        "bytes 4999-10239/10240",
        "bytes 5001-10239/10240",
        "",
        "bytes",
        "bytes */10240",
        "items 5000-10239/10240",
        "bytes 5000-10239/" + "9" * 5000,
        "bytes " + "5" * 5000 + "-1/2",
        "bytes \u0665\u0660\u0660\u0660-10239/10240".encode().decode("latin-1"),
        "bytes -5000-10239/10240",
    ],
)
async def test_another_part_than_asked_is_never_joined_and_it_begins_anew(said, tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 5000)
    error, _ = await fetched(
        tmp_path / "a", answer(206, MP4[5000:], content_type="video/mp4", content_range=said)
    )
    assert (type(error), str(error)) == (
        errors.TransportError,
        "The provider sent another part than asked.",
    )
    assert not (tmp_path / "a").exists()


async def test_a_rest_of_the_wrong_length_is_told(tmp_path):
    (tmp_path / "a").write_bytes(MP4[:5000])
    steps = answer(206, MP4[5000:6000], content_type="video/mp4", content_range=f"bytes 5000-5999/{len(MP4)}")
    error, _ = await fetched(tmp_path / "a", steps)
    assert str(error) == f"The video stopped at 6000 of {len(MP4)} bytes."
    assert is_passing(error)
    assert (tmp_path / "a").read_bytes() == MP4[:6000]


@pytest.mark.parametrize(
    ("step", "line"),
    [
        (answer(200, b""), "The provider sent an empty file."),
        (answer(204), "The provider sent an empty file."),
        (cut(), "127.0.0.1 can't be reached: "),
        (answer(500, b"<title>Oh</title>"), "The provider answered 500: Oh."),
        (answer(429), "The provider asks to wait."),
    ],
)
async def test_a_download_that_broke_may_be_tried_again(step, line, tmp_path):
    error, _ = await fetched(tmp_path / "a", step)
    assert str(error).startswith(line)
    assert is_passing(error)


@pytest.mark.parametrize(
    "kind",
    [
        "text/html; charset=utf-8",
        "text/plain",
        "application/json",
        "application/xml",
        "application/xhtml+xml",
        "image/png",
    ],
)
async def test_a_page_in_place_of_a_video_is_not_taken_and_what_is_here_stays(kind, tmp_path):
    """As before one has signed in to a hotel's network; afterwards the video comes."""
    (tmp_path / "a").write_bytes(MP4[:5000])
    error, _ = await fetched(tmp_path / "a", answer(200, b"<html>", content_type=kind))
    plain = kind.partition(";")[0]
    assert (type(error), str(error)) == (
        errors.DownloadError,
        f"The provider sent {plain} in place of a video. %veo retry looks again.",
    )
    assert is_passing(error)
    assert (tmp_path / "a").read_bytes() == MP4[:5000]


async def test_a_video_that_was_packed_on_the_way_is_refused(tmp_path):
    error, _ = await fetched(tmp_path / "a", video(content_encoding="gzip"))
    assert str(error) == "The provider sent the video as gzip. A proxy may be in the way."
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("status", [404, 410])
async def test_a_video_that_is_not_there_is_told_in_the_servers_words(status, tmp_path):
    """Whether it was deleted only its age tells."""
    error, _ = await fetched(tmp_path / "a", answer(status, {"error": {"message": "gone"}}))
    assert (type(error), str(error)) == (errors.NotFound, "The provider does not know this: gone.")
    assert not is_passing(error)
    assert str(of_age(error, "https://there/files/a", catalog.PROVIDERS["gemini"])) == (
        "The provider no longer has this video. They are kept for two days; ask anew with fresh."
    )


async def test_a_video_larger_than_any_clip_is_not_begun(tmp_path):
    error, _ = await fetched(tmp_path / "a", video(content_length=str(5 * 2**30)))
    assert str(error) == "The video is larger than any clip."
    assert not (tmp_path / "a").exists()


async def test_a_video_that_never_ends_is_left(monkeypatch, tmp_path):
    monkeypatch.setattr(transfer, "LARGEST_VIDEO", 1_000_000)

    async def endless(writer):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(bytes(65536))
            await writer.drain()

    error, _ = await fetched(tmp_path / "a", endless)
    assert str(error) == "The video never ends."
    assert (tmp_path / "a").stat().st_size < 2_000_000


async def test_a_download_that_trickles_ends_and_keeps_what_came(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "DOWNLOAD_SECONDS", 1.0)

    async def trickle(writer):
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nabc")
        await writer.drain()
        return await silence()(writer)

    error, _ = await fetched(tmp_path / "a", trickle)
    assert (type(error), str(error).partition(".0.1 ")[2]) == (
        errors.TransportError,
        "can't be reached: it took too long. Look at your connection and proxy.",
    )
    assert (tmp_path / "a").read_bytes() == b"abc"


@pytest.mark.parametrize(("pause", "arrives"), [(10.0, True), (30.0, False)])
async def test_a_video_that_hardly_comes_is_broken_off(pause, arrives, tmp_path):
    """Four kilobytes each ten seconds is slow, each thirty seconds is nothing."""
    time = [0.0]

    def pieces():
        for _ in range(20):
            time[0] += pause
            yield bytes(4096)

    class Body(httpx2.AsyncByteStream):
        async def __aiter__(self):
            for piece in pieces():
                yield piece

    response = httpx2.Response(200, stream=Body())
    coming = transfer.receive(response, tmp_path / "a", 0, None, clock=lambda: time[0])
    if arrives:
        assert (await coming).size == 20 * 4096
        return
    error = await refusal(coming)
    assert (type(error), str(error)) == (
        errors.TransportError,
        "The video comes too slowly.",
    )
    assert 0 < (tmp_path / "a").stat().st_size < 20 * 4096


async def test_a_disk_that_is_full_is_not_the_ways_fault(tmp_path):
    """The engine tells it apart: the library can't be written."""
    async with Loopback(video()) as server, local(server) as client:
        with pytest.raises(FileNotFoundError):
            await client.download(f"{server.url}/v", tmp_path / "nowhere" / "a")


async def test_forty_megabytes_never_lie_in_memory(tmp_path):
    size = 40 * 2**20
    largest = last = 0

    def watch(received, total):
        nonlocal largest, last
        largest, last = max(largest, received - last), received
        assert total == size

    async with Loopback(flow(size)) as server, local(server) as client:
        tracemalloc.start()
        try:
            assert await client.download(f"{server.url}/v", tmp_path / "a", watch) == size
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert (tmp_path / "a").stat().st_size == size
    assert largest <= transfer.PIECE
    assert peak < 8 * 2**20
