"""How a finished video comes here: fetched, checked, its recipe written, then moved into its place beside it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from veo_nb.api.retry import is_passing
from veo_nb.api.wire import UNSTORED, Operation, Sample
from veo_nb.engine.job import Job
from veo_nb.engine.providers.connection import Connection
from veo_nb.engine.video import Video, video_from_row
from veo_nb.errors import DownloadError, VeoError
from veo_nb.media.kind import kind_of_file
from veo_nb.store.files import FULL, Files, check_video, digest, replacing
from veo_nb.store.ledger import Ledger, Writer
from veo_nb.store.recovery.sidecar import read_sidecar, recipe
from veo_nb.store.rows import JobRow, VideoRow

log = logging.getLogger("veo_nb")

DOWNLOAD_TRIES = 10
"""How often a download may break without `PROGRESS_BYTES` having come."""
PROGRESS_BYTES = 64 * 2**10
"""A server that cuts each answer after a byte would be asked for ever."""
PLAYABLE_TRIES = 3
"""How often what arrives may be no video, when it was sent for one."""
PROGRESS_SECONDS = 0.25
LARGE_BYTES = 2**20
"""From here on the disk needs some time for a video."""

LOOKERS: WeakKeyDictionary[asyncio.AbstractEventLoop, ThreadPoolExecutor] = WeakKeyDictionary()
"""The thread of each loop on which videos are looked at, one after another: each thread that decodes keeps some MB for it."""


class Fetched(NamedTuple):
    """What came of an operation's samples: the videos that are here, and why the others are not."""

    videos: tuple[Video, ...]
    lost: tuple[tuple[int, VeoError], ...]


async def fetch_videos(
    job: Job,
    samples: Sequence[Sample],
    writer: Writer,
    library: Files,
    connection: Connection,
    *,
    again: Collection[int] = (),
    fresh: bool = False,
) -> Fetched:
    """The videos of a finished operation in the library; those that are there already are left alone.

    So are those that somebody deleted. The samples in `again` are fetched all the same, since their files are damaged.
    Of a job that was sent just now (`fresh`) nothing can be here.
    One that the provider doesn't give out keeps no other from coming.

    Raises:
        VeoError: the provider can't be reached, or the ledger can't be written.
        OSError: the folder can't be written.
    """
    # On a thread, as all that waits for who writes.
    ledger = writer.ledger
    have, kept = ({}, set()) if fresh else await asyncio.to_thread(_recorded, ledger, job)
    deleted = have.keys() - kept
    videos: list[Video] = []
    lost: list[tuple[int, VeoError]] = []
    for number, sample in enumerate(samples):
        if number in deleted:
            continue
        row = have.get(number)
        if row is None and not fresh:
            row = await asyncio.to_thread(_placed, library, job, number)
            if row is not None:
                await writer.do(partial(ledger.add_video, row))
        if row is None or number in again or not (library.folder / row.path).exists():
            try:
                if sample.data is not None:
                    row = await keep_bytes(library, job, number, sample.uri, sample.data, fresh=fresh)
                else:
                    row = await fetch_whole(library, job, number, sample.uri, connection, fresh=fresh)
            except DownloadError as error:
                lost.append((number, error))
                continue
            except OSError as error:
                if error.errno in FULL and not (job.operation or "").startswith(UNSTORED):
                    # It can be fetched again. The ledger needs what room there is, to say how the job ended.
                    library.part_path(job.id, number).unlink(missing_ok=True)
                raise
            await writer.do(partial(ledger.add_video, row))
        videos.append(video_from_row(row, library.folder))
    return Fetched(tuple(videos), tuple(lost))


def keep_unstored(library: Files, job: Job, operation: Operation) -> None:
    """Write the clip that came with an answer where it arrives: no provider has it, and a kernel may end at any moment."""
    for number, sample in enumerate(operation.samples):
        if sample.data is not None:
            try:
                with replacing(library.part_path(job.id, number)) as part:
                    part.write_bytes(sample.data)
            except OSError as error:
                log.warning("The clip of job %s is in memory alone: %s", job.id, error)


def kept_clip(library: Files, job: Job) -> Operation | None:
    """The operation of a clip that came with an answer and is here, as `keep_unstored` left it; None for any other."""
    name = job.operation or ""
    if not name.startswith(UNSTORED):
        return None
    part = library.part_path(job.id, 0)
    if part.exists():
        return Operation(name, done=True, samples=(Sample(data=part.read_bytes()),))
    return Operation(name, done=True, samples=(Sample(),)) if _placed(library, job, 0) else None


async def keep_bytes(
    library: Files, job: Job, sample: int, uri: str, data: bytes, *, fresh: bool = False
) -> VideoRow:
    """The ledger's row for a video that came inside an answer.

    Raises:
        DownloadError: it is no video; it is kept as it came, and the error names the file.
    """
    part = library.part_path(job.id, sample)
    size = len(data)
    if _size(part) != size:
        await asyncio.to_thread(part.write_bytes, data)
    job.change(received=size, total=size)
    try:
        return await keep_video(library, job, sample, uri, part, fresh=fresh)
    except DownloadError as error:
        raise await asyncio.to_thread(_set_aside, library, job, sample, part, error) from None


async def fetch_whole(
    library: Files, job: Job, sample: int, uri: str, connection: Connection, *, fresh: bool = False
) -> VideoRow:
    """The ledger's row for the video behind an address, once it is here and plays.

    An answer without a length may end anywhere and look whole. So what is cut off goes on where it was cut, and what is
    no video is fetched anew.

    Raises:
        VeoError: it can't be brought here, or is no video, `PLAYABLE_TRIES` times over. What came is kept, and the error names the file.
    """
    part = library.part_path(job.id, sample)
    failures, since, most = 0, 0.0, 0
    while True:
        sha256 = await download(job, uri, part, connection)
        try:
            return await keep_video(
                library, job, sample, uri, part, sha256=sha256, fresh=fresh and not failures
            )
        except DownloadError as error:
            # Only of what is cut off a rest can be asked for.
            have, since = _size(part) if error.facts["cut_off"] else 0, since or connection.now()
            failures = 1 if have >= most + PROGRESS_BYTES else failures + 1
            why = error
            if have <= most or failures == PLAYABLE_TRIES:
                # Out of the way of the next try, and kept: it was paid for, and may be all that ever comes.
                why = await asyncio.to_thread(_set_aside, library, job, sample, part, error)
            most = max(most, have)
            if failures == PLAYABLE_TRIES:
                raise why from None
            await connection.pause(job, why, failures - 1, since)


async def download(job: Job, uri: str, part: Path, connection: Connection) -> str:
    """Bring the bytes behind an address to `part`, going on after each break; the job shows how many are here.

    Their SHA-256, in hex; empty where they came in several tries.

    Raises:
        VeoError: it is no use to try again, or `DOWNLOAD_TRIES` brought nothing, or it is denied for minutes.
    """
    shown_at = 0.0

    def show(received: int, total: int | None) -> None:
        nonlocal shown_at
        # At once, too, where the clock was set back.
        if not 0 <= connection.now() - shown_at < PROGRESS_SECONDS and not job.stopping:
            shown_at = connection.now()
            job.change(received=received, total=total, note=None)

    failures, since, most = 0, 0.0, _size(part)
    denials, denied_since = 0, 0.0
    while True:
        try:
            client = await connection.reach(job)
            found = await client.fetch(uri, part, show)
        except VeoError as error:
            if not is_passing(error):
                denials, denied_since = denials + 1, denied_since or connection.now()
                await connection.doubt(job, error, denials, denied_since, uri)
                continue
            if _size(part) >= most + PROGRESS_BYTES:
                failures, since, most = 0, 0.0, _size(part)
            failures += 1
            if failures == DOWNLOAD_TRIES:
                raise
            since = since or connection.now()
            await connection.pause(job, error, failures - 1, since)
        else:
            job.change(received=found.size, total=found.size, note=None)
            return found.sha256


async def keep_video(
    library: Files,
    job: Job,
    sample: int,
    uri: str,
    part: Path,
    *,
    sha256: str = "",
    fresh: bool = False,
) -> VideoRow:
    """The ledger's row for a video whose bytes lie at `part`; they move to their place in one step.

    `sha256` is theirs where it is known. With `fresh` nothing that was no video lies there from an earlier try.

    Where no browser plays them, an MP4 that is made of them does so in that place, and they lie beside it.

    Raises:
        DownloadError: it is no video; the bytes are left alone.
    """
    loop = asyncio.get_running_loop()
    one = LOOKERS.setdefault(loop, ThreadPoolExecutor(1, "veo_nb-look"))
    written: asyncio.Future[None] | None = None
    if job.now.received >= LARGE_BYTES:
        # The disk takes about as long to have it as looking at it does.
        written = loop.run_in_executor(None, library.flush, part)
        # Of what is no video nobody asks whether the disk has it.
        written.add_done_callback(lambda done: done.cancelled() or done.exception())
    found = await loop.run_in_executor(one, _look, part, sha256)
    if written is not None:
        await written
    path = _path(library, job, sample)
    row = VideoRow(
        job_id=job.id,
        sample=sample,
        uri=uri,
        path=library.relative(path),
        bytes=found.size,
        sha256=found.sha256,
        width=found.facts.width,
        height=found.facts.height,
        duration=found.facts.duration,
        fps=found.facts.fps,
        has_audio=found.facts.has_audio,
    )
    # Made of the job here, where it does not change meanwhile.
    facts = recipe(_row(job), row)
    await asyncio.to_thread(_place, library, found, part, path, facts, fresh=fresh)
    return row


class _Looked(NamedTuple):
    """What came, and the file of it that plays: another one where an MP4 was made of it."""

    facts: Any
    playable: Path
    sha256: str
    size: int


def _look(came: Path, sha256: str) -> _Looked:
    made = came.with_suffix(".mp4")
    facts = check_video(came, made)
    playable = made if made.exists() else came
    known = sha256 if playable is came else ""
    return _Looked(facts, playable, known or digest(playable), playable.stat().st_size)


def _place(
    library: Files, found: _Looked, came: Path, path: Path, facts: dict[str, Any], *, fresh: bool
) -> None:
    # The recipe first: a file at its place is then known to be whole, even where the ledger has not heard of it.
    library.write_sidecar(path, facts)
    if found.playable is not came:
        library.place(came, library.original_path(path, kind_of_file(came)))
    library.place(found.playable, path)
    if not fresh:
        library.drop_unreadable(path)


def _set_aside(library: Files, job: Job, sample: int, part: Path, error: DownloadError) -> DownloadError:
    """The error for what arrived in place of a video, which is kept beside where that belongs and named in it."""
    path = library.keep_unreadable(part, _path(library, job, sample))
    return DownloadError(
        error.message.replace(part.name, library.relative(path)),
        hint="What arrived is kept in that file; %veo retry fetches it anew, for as long as the provider has it.",
        **error.facts,
        path=str(path),
    )


def _row(job: Job) -> JobRow:
    """The job as it is known here: on a full disk memory may know more of it than the ledger."""
    return JobRow(
        id=job.id,
        fingerprint=job.request.fingerprint(),
        take=job.take,
        provider=job.provider.name,
        model=job.request.model,
        request=job.request.canonical(),
        state=job.status,
        operation=job.operation,
        estimate=job.estimate,
        created_at=job.now.created_at,
        submitted_at=job.now.submitted_at,
        generated_at=job.now.generated_at,
        usage=job.now.usage,
    )


def _recorded(ledger: Ledger, job: Job) -> tuple[dict[int, VideoRow], set[int]]:
    """The videos of a job that the ledger has, by sample, and the samples of those that nobody deleted."""
    have = {row.sample: row for row in ledger.videos(job.id)}
    return have, {row.sample for row in ledger.kept_videos(job.id)} if have else set()


def _placed(library: Files, job: Job, sample: int) -> VideoRow | None:
    """The row of a video that a former kernel moved to its place and did not write down; only if it is whole."""
    path = _path(library, job, sample)
    found = read_sidecar(path.with_suffix(".json"), library.folder)
    if found is None or not path.exists():
        return None
    same = found[0].id == job.id and found[1].sample == sample
    return found[1] if same and digest(path) == found[1].sha256 else None


def _path(library: Files, job: Job, sample: int) -> Path:
    return library.video_path(job.id, sample, job.request.prompt, job.now.created_at)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
