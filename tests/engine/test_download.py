"""A video on its way into the library: gone on with after a break, checked, and its recipe beside it."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
from pathlib import Path

import av
import httpx2
import pytest

from tests.world import KEY, Held, Pieces
from veo_nb.api.wire import Sample
from veo_nb.engine import download as download_of
from veo_nb.engine.download import (
    DOWNLOAD_TRIES,
    PLAYABLE_TRIES,
    download,
    fetch_videos,
    fetch_whole,
    keep_bytes,
    keep_video,
)
from veo_nb.engine.providers.connection import Connection
from veo_nb.engine.video import video_from_row
from veo_nb.errors import AuthenticationError, DownloadError, TransportError
from veo_nb.media import join
from veo_nb.media.probe import probe
from veo_nb.store.files import digest
from veo_nb.store.ledger import Writer

CHUNK = 64 * 1024
URI = "https://api.gptproto.com/upload/v1beta/files/abc:download?alt=media"


@pytest.fixture
def job(world):
    return world.job(
        "A fox crosses a lake.",
        {"duration_seconds": 4},
        state="downloading",
        operation="models/m/operations/op7",
    )


def connection_of(world) -> Connection:
    """A way to the provider, as an engine has one."""
    time, transport = world.time, world.service.transport
    return Connection(
        world.settings, None, transport=transport, clock=time.clock, sleep=time.sleep, chance=lambda: 0.5
    )


@pytest.fixture
def fetch(world, job):
    """A download that is under way, and where it goes."""
    part = world.library.part_path(job.id, 0)

    async def begin(within: float = 600):
        task = asyncio.ensure_future(download(job, URI, part, connection_of(world)))
        for _ in range(int(within)):
            await world.time.advance(1)
            if task.done():
                break
        assert task.done(), "it waits for ever"
        await task
        return part

    return begin


async def test_the_bytes_arrive_and_are_counted(world, job, fetch, clip):
    seen = []
    job.on_change(lambda job: seen.append((job.now.received, job.now.total)))
    part = await fetch()
    assert part.read_bytes() == clip
    assert seen[-1] == (len(clip), len(clip))
    assert seen[0][0] < len(clip)


async def test_what_a_former_kernel_has_brought_is_not_fetched_again(world, job, fetch, clip):
    world.library.part_path(job.id, 0).write_bytes(clip[:1000])
    part = await fetch()
    assert part.read_bytes() == clip
    assert world.service.fetched[0]["range"] == "bytes=1000-"


async def test_as_long_as_bytes_come_it_is_never_given_up(world, job, fetch):
    """A bad line that drops every chunk still brings a large file here in the end."""
    world.service.clip = bytes(CHUNK * (DOWNLOAD_TRIES * 2))
    world.service.downloads = [world.service.cut(CHUNK)] * (DOWNLOAD_TRIES * 2 - 1)
    part = await fetch()
    assert part.stat().st_size == len(world.service.clip)


async def test_where_nothing_comes_it_ends(world, job, fetch):
    world.service.downloads = [httpx2.ConnectError("offline")] * 100
    with pytest.raises(TransportError):
        await fetch()
    assert len(world.service.fetched) == DOWNLOAD_TRIES


async def test_a_file_that_changes_with_every_try_is_given_up_too(world, job, fetch):
    """416 throws the part away, and the next try brings the same bytes as before: that is no progress."""
    broken = [world.service.cut(2 * CHUNK), httpx2.Response(416)]
    world.service.downloads = broken * 50
    with pytest.raises(TransportError):
        await fetch()
    assert len(world.service.fetched) <= DOWNLOAD_TRIES + 1


async def test_a_break_is_said_since_when_and_how_long_still(world, job):
    world.service.downloads = [httpx2.ConnectError("offline"), httpx2.ConnectError("offline"), Held()]
    part = world.library.part_path(job.id, 0)
    task = asyncio.ensure_future(download(job, URI, part, connection_of(world)))
    await world.time.settle()
    began = world.time.now
    assert (job.now.note.kind, job.now.note.since) == ("offline", began)
    await world.time.advance(1)
    assert job.now.note.since == began
    task.cancel()


async def test_what_is_no_use_to_try_again_is_raised_at_once(world, job, fetch):
    world.service.downloads = [httpx2.Response(401)]
    with pytest.raises(AuthenticationError):
        await fetch()
    assert len(world.service.fetched) == 1


async def test_after_a_page_to_sign_in_the_video_comes(world, job, fetch, clip):
    world.service.downloads = [httpx2.Response(200, html="<html>Sign in</html>")] * 3
    part = await fetch()
    assert part.read_bytes() == clip


async def test_a_page_that_stays_is_told(world, job, fetch):
    world.service.downloads = [httpx2.Response(200, html="<html>Sign in</html>")] * 99
    with pytest.raises(DownloadError, match="text/html"):
        await fetch()
    assert len(world.service.fetched) == DOWNLOAD_TRIES


async def test_a_server_that_cuts_after_each_byte_is_not_asked_for_ever(world, job, fetch):
    world.service.downloads = [world.service.cut(1)] * 99
    with pytest.raises(TransportError):
        await fetch()
    assert len(world.service.fetched) == DOWNLOAD_TRIES


# What came without a length


async def bring(world, job):
    """The row of a video at the end of its way; its error is raised."""
    task = asyncio.ensure_future(fetch_whole(world.library, job, 0, URI, connection_of(world)))
    for _ in range(600):
        await world.time.advance(1)
        if task.done():
            break
    return await task


def lengthless(world, cut):
    """The clip up to a byte, in an answer that does not say how long it is."""

    def answer(request):
        whole = world.service.send(request)
        whole.headers.pop("content-length")
        return httpx2.Response(
            whole.status_code, headers={"content-type": "video/mp4"}, stream=Pieces(world.service.clip[:cut])
        )

    return answer


@pytest.mark.parametrize("cut", [1, 30, 5_000, 100_000, -1])
async def test_what_looks_whole_and_is_not_goes_on_where_it_was_cut(world, job, clip, cut):
    world.service.downloads = [lengthless(world, cut)]
    row = await bring(world, job)
    assert (world.library.folder / row.path).read_bytes() == clip
    size = cut % len(clip)
    # Of what is too short to be told from rubbish nothing is kept.
    begins = f"bytes={size}-" if size > 8 else None
    assert [headers.get("range") for headers in world.service.fetched] == [None, begins]


async def test_what_is_cut_at_the_provider_is_fetched_anew_and_then_given_up(world, job, clip):
    world.service.clip = clip[:-100]
    with pytest.raises(DownloadError, match="cut off"):
        await bring(world, job)
    assert not world.library.part_path(job.id, 0).exists()
    assert len(world.service.posts) == 0
    assert len(world.service.fetched) <= 2 * PLAYABLE_TRIES


async def test_what_is_no_video_is_fetched_anew_and_then_given_up(world, job):
    world.service.clip = b"garbage! " * 999
    with pytest.raises(DownloadError, match="not a playable video"):
        await bring(world, job)
    assert [headers.get("range") for headers in world.service.fetched] == [None] * PLAYABLE_TRIES


# Keeping


async def test_a_kept_video_is_described_where_it_lies(world, job, clip):
    part = world.library.part_path(job.id, 0)
    part.write_bytes(clip)
    row = await keep_video(world.library, job, 0, URI, part)
    path = world.library.folder / row.path
    assert (row.bytes, row.sha256) == (len(clip), hashlib.sha256(clip).hexdigest())
    assert (row.width, row.height, row.has_audio) == (192, 108, True)
    assert row.duration == pytest.approx(0.5, abs=0.05)
    assert (path.read_bytes(), part.exists()) == (clip, False)
    recipe = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert recipe["request"] == job.request.canonical()
    assert (recipe["job"], recipe["operation"], recipe["take"]) == (job.id, "models/m/operations/op7", 1)
    assert recipe["video"]["sha256"] == row.sha256
    assert KEY not in path.with_suffix(".json").read_text("utf-8")


async def test_what_is_no_video_is_left_alone(world, job):
    part = world.library.part_path(job.id, 0)
    part.write_bytes(b"<html>hello</html>")
    with pytest.raises(DownloadError):
        await keep_video(world.library, job, 0, URI, part)
    assert part.read_bytes() == b"<html>hello</html>"
    assert not [*world.library.folder.rglob("*.mp4")]


def kept_unreadable(world) -> list[bytes]:
    return [path.read_bytes() for path in world.library.folder.rglob("*.unreadable.*")]


async def test_what_can_not_be_read_is_kept_as_it_came_and_named(world, job):
    world.service.clip = b"garbage! " * 999
    with pytest.raises(DownloadError) as caught:
        await bring(world, job)
    path = Path(caught.value.facts["path"])
    assert path.read_bytes() == world.service.clip
    assert world.library.relative(path) in caught.value.message
    assert path.name == f"fox-crosses-lake-{job.id}.unreadable.bin"


async def test_what_is_cut_off_at_the_provider_is_kept_too(world, job, clip):
    world.service.clip = clip[:-100]
    with pytest.raises(DownloadError, match=r"unreadable\.mp4 is cut off"):
        await bring(world, job)
    assert kept_unreadable(world) == [clip[:-100]]


async def test_once_the_video_is_here_what_came_in_its_place_goes(world, job, clip):
    world.service.downloads = [httpx2.Response(200, content=b"garbage! " * 99)]
    row = await bring(world, job)
    assert (world.library.folder / row.path).read_bytes() == clip
    assert kept_unreadable(world) == []


async def test_of_four_clips_inside_an_answer_one_that_is_garbled_loses_no_other(world, job, clip):
    with pytest.raises(DownloadError):
        await keep_bytes(world.library, job, 1, "", b"%%%")
    assert kept_unreadable(world) == [b"%%%"]


@pytest.fixture(scope="session")
def webm(clip, tmp_path_factory) -> bytes:
    """The clip in another kind of file."""
    folder = tmp_path_factory.mktemp("webm")
    (folder / "clip.mp4").write_bytes(clip)
    with (
        av.open(str(folder / "clip.mp4")) as source,
        av.open(str(folder / "clip.mkv"), "w", format="matroska") as target,
    ):
        streams = {stream.index: target.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.size:
                packet.stream = streams[packet.stream_index]
                target.mux(packet)
    return bytes((folder / "clip.mkv").read_bytes())


async def test_a_clip_of_another_kind_is_kept_beside_the_mp4_that_is_made_of_it(world, job, webm):
    world.service.clip = webm
    row = await bring(world, job)
    video = video_from_row(row, world.library.folder)
    assert video.path.suffix == ".mp4"
    assert probe(video.path).is_playable
    assert (row.sha256, row.bytes) == (digest(video.path), video.path.stat().st_size)
    assert (video.original.name, video.original.read_bytes()) == (
        f"fox-crosses-lake-{job.id}.original.mkv",
        webm,
    )
    assert not [*(world.library.folder / "arriving").iterdir()]


async def test_a_clip_of_another_kind_that_was_cut_goes_on_where_it_was(world, job, webm):
    world.service.clip = webm
    world.service.downloads = [lengthless(world, 5_000)]
    row = await bring(world, job)
    assert video_from_row(row, world.library.folder).original.read_bytes() == webm
    assert [headers.get("range") for headers in world.service.fetched] == [None, "bytes=5000-"]


async def test_what_a_killed_kernel_left_half_made_is_not_taken_for_the_clip(world, job, clip):
    world.library.part_path(job.id, 0).with_suffix(".mp4").write_bytes(b"half")
    row = await bring(world, job)
    assert (world.library.folder / row.path).read_bytes() == clip


async def test_a_full_disk_is_not_called_a_bad_clip(world, job, webm, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise av.error.OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(join, "_remux", full)
    monkeypatch.setattr(join, "join", full)
    world.service.clip = webm
    with pytest.raises(OSError, match="No space"):
        await bring(world, job)


async def test_what_the_disk_does_not_take_is_no_video_that_is_here(world, job, clip, monkeypatch):
    """A system tells of it once, so what is heard while the video is looked at counts."""
    monkeypatch.setattr(download_of, "LARGE_BYTES", 1)
    heard = []

    def flush(_: object, part: Path) -> None:
        heard.append(part)
        if len(heard) == 1:
            raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(type(world.library), "flush", flush)
    part = world.library.part_path(job.id, 0)
    part.write_bytes(clip)
    job.change(received=len(clip))
    with pytest.raises(OSError, match="broken"):
        await keep_video(world.library, job, 0, URI, part)
    assert (heard, part.exists()) == ([part], True)


# Killed between the file and the ledger


@pytest.fixture
async def kept(world, job, clip):
    """A video that was moved to its place, and that nobody wrote down."""
    part = world.library.part_path(job.id, 0)
    part.write_bytes(clip)
    row = await keep_video(world.library, job, 0, URI, part)
    return world.library.folder / row.path


def fetching(world, job, **how):
    return fetch_videos(
        job, [Sample(uri=URI)], Writer(world.ledger), world.library, connection_of(world), **how
    )


async def test_a_video_in_its_place_is_entered_and_not_fetched(world, job, kept, clip):
    ((video,), _) = await fetching(world, job)
    assert (video.path, video.path.read_bytes()) == (kept, clip)
    assert [row.job_id for row in world.ledger.videos(job.id)] == [job.id]
    assert world.service.fetched == []


@pytest.mark.parametrize("harm", ["a bit of it", "its recipe", "its recipe is another's"])
async def test_a_video_that_is_not_surely_this_one_is_fetched(world, job, kept, clip, harm):
    recipe = kept.with_suffix(".json")
    if harm == "a bit of it":
        kept.write_bytes(clip[:-1] + b"?")
    elif harm == "its recipe":
        recipe.unlink()
    else:
        recipe.write_text(recipe.read_text("utf-8").replace(job.id, "9c24"), "utf-8")
    ((video,), _) = await fetching(world, job)
    assert video.path.read_bytes() == clip
    assert len(world.service.fetched) == 1


async def test_one_that_is_wanted_anew_is_fetched_though_it_is_there(world, job, kept):
    await fetching(world, job, again={0})
    assert len(world.service.fetched) == 1


async def test_the_recipe_is_there_before_the_video(world, job, clip, monkeypatch):
    """So a file at its place is known to be whole by its digest, whenever the kernel was killed."""
    part = world.library.part_path(job.id, 0)
    part.write_bytes(clip)
    seen = []
    monkeypatch.setattr(
        type(world.library), "place", lambda _, part, path: seen.append(path.with_suffix(".json").exists())
    )
    await keep_video(world.library, job, 0, URI, part)
    assert seen == [True]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
async def test_on_a_full_disk_the_beginning_makes_room_for_the_ledger(world, job, number, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(number, "no room")

    monkeypatch.setattr(type(world.library), "write_sidecar", full)
    with pytest.raises(OSError, match="no room"):
        await fetching(world, job)
    assert not world.library.part_path(job.id, 0).exists()


async def test_after_another_error_of_the_disk_the_beginning_stays(world, job, monkeypatch):
    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(type(world.library), "write_sidecar", broken)
    with pytest.raises(OSError, match="broken"):
        await fetching(world, job)
    assert world.library.part_path(job.id, 0).exists()
