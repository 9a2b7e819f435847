"""What is too large for a request goes to the provider before it, and is named in it by its address.

An upload costs nothing, so it may break, be begun anew and be made twice. It is over before the row of a job says that
the request is being sent: whoever takes the job on after a crash just uploads what is missing.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from veo_nb import catalog, errors
from veo_nb.api import errors as refusals
from veo_nb.api.files.calls import RemoteFile
from veo_nb.api.files.upload import Upload
from veo_nb.api.retry import is_passing
from veo_nb.api.wire import encode_picture
from veo_nb.engine.job import Job, JobNote
from veo_nb.engine.providers.connection import Connection
from veo_nb.media.picture import Picture
from veo_nb.records.late import dataclass
from veo_nb.request import Source, VideoRequest
from veo_nb.store.files import digest
from veo_nb.store.ledger import Ledger
from veo_nb.store.rows import UploadRow

if TYPE_CHECKING:
    from veo_nb.api.client import AsyncClient

UPLOAD_TRIES = 10
"""How often an upload may break without anything having come."""
READY_SECONDS = 600.0
"""How long the provider may take to make a file ready that has come whole."""
MARGIN_SECONDS = 3600.0
"""A file that is deleted sooner than this is uploaded anew: the request may have to wait."""
PROGRESS_SECONDS = 0.25

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Input:
    """A picture or a clip of a request as it goes out: its bytes, or the file that has them."""

    key: str
    """What the request knows it by: the picture's hash, or the clip's address."""
    title: str
    mime: str
    size: int
    source: bytes | Path
    sha256: str


def check_inputs(request: VideoRequest) -> None:
    """Nothing, where the pictures of a request are there, and its clip is still the file that was given.

    Raises:
        InvalidRequest: one is gone, or another one by now.
    """
    for picture in request.pictures():
        if not picture.data:
            text = f"The input image {picture.name or picture.sha256[:16]} is gone from the library."
            raise errors.InvalidRequest(text, hint="Run the cell again.")
    source = request.source
    path = source.path if source is not None and source.key.startswith("file:") else None
    if path is None:
        return
    try:
        same = f"file:{digest(path)}" == getattr(source, "key", "")
    except OSError as error:
        text = f"{path.name} can't be read: {error.strerror or error}."
        raise errors.InvalidRequest(text, hint="Give it anew.", field="video") from None
    if not same:
        text = f"{path.name} is another clip than it was when it was asked for."
        raise errors.InvalidRequest(text, hint="Run the cell again.", field="video")


def too_large(request: VideoRequest, provider: catalog.Provider) -> list[Input]:
    """What of a request goes to this provider beforehand: the largest first, until the rest is light enough.

    Raises:
        InvalidRequest: a picture or the clip can't be read, or is too large even so.
    """
    known = catalog.MODELS.get(request.model)
    if known is None or not provider.sends_files(known):
        return []
    chosen = []
    found = {one.key: one for one in _inputs(request)}
    left = sum(one.size for one in found.values())
    for one in sorted(found.values(), key=lambda one: -one.size):
        if left <= catalog.INLINE_BYTES:
            break
        if one.size > provider.file_bytes:
            most = f"{provider.file_bytes / 2**30:.0f}"
            text = f"{one.title} has {one.size / 2**30:.1f} GB, and {provider.title} takes up to {most}."
            raise errors.InvalidRequest(text, hint="Make it smaller.", field="video")
        chosen.append(one)
        left -= one.size
    return chosen


def placed(request: VideoRequest, there: Mapping[str, UploadRow]) -> VideoRequest:
    """The request with addresses in place of the inputs that are there, by their keys."""

    def picture(one: Picture) -> Picture:
        row = there.get(one.sha256)
        return one if row is None else replace(one, uri=row.uri, mime=row.mime)

    def source(one: Source | None) -> Source | None:
        row = there.get(one.uri) if one is not None else None
        return one if one is None or row is None else replace(one, uri=row.uri)

    return replace(
        request,
        image=request.image and picture(request.image),
        last_frame=request.last_frame and picture(request.last_frame),
        reference_images=tuple(picture(one) for one in request.reference_images),
        video=source(request.video),
        edit=source(request.edit),
    )


def _inputs(request: VideoRequest) -> Iterator[Input]:
    pictures, path = request.pictures(), request.source.path if request.source is not None else None
    size = 0
    try:
        size = path.stat().st_size if path is not None else 0
        if sum(len(picture.data) for picture in pictures) + size <= catalog.INLINE_BYTES:
            return
        if path is not None and request.source is not None:
            yield Input(
                key=request.source.uri,
                title=path.name,
                mime="video/mp4",
                size=size,
                source=path,
                sha256=digest(path),
            )
    except OSError as error:
        text = f"The source video can't be read: {error.strerror or error}."
        raise errors.InvalidRequest(text, hint="Run its cell again to fetch it.", field="video") from None
    for picture in pictures:
        sent = encode_picture(picture)
        yield Input(
            key=picture.sha256,
            title=picture.name or "the image",
            mime=sent.mime,
            size=len(sent.data),
            source=sent.data,
            sha256=sent.sha256,
        )


class Uploads:
    """Brings what is too large for a request to the provider, once for all jobs and kernels of a library.

    `place` is what the ledger calls the provider. On one event loop.
    """

    def __init__(
        self,
        ledger: Ledger,
        connection: Connection,
        place: str,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._ledger = ledger
        self._connection = connection
        self._place = place
        self._sleep = sleep
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def bring(self, job: Job) -> VideoRequest:
        """The request of a job as it can be sent, with all that is too large for it at the provider by now.

        Raises:
            InvalidRequest: an input can't be read, or the provider can't use it.
            VeoError: it can't be brought there; nothing was sent that is paid for.
        """
        request = job.request
        if not request.pictures() and request.source is None:
            return request
        await asyncio.to_thread(check_inputs, request)
        there: dict[str, UploadRow] = {}
        for one in await asyncio.to_thread(too_large, request, job.provider):
            self._tell(job, one, 0)
            # Whoever needs the same file waits here for the one that uploads it.
            async with self._turns[one.sha256]:
                there[one.key] = await self._there(job, one)
        if there and not job.stopping:
            job.change(note=None, received=0, total=None)
        return placed(request, there) if there else request

    def forget(self, request: VideoRequest, error: errors.VeoError) -> bool:
        """Forget the files that a refusal of this request names, since they are not there; whether it names any."""
        if not isinstance(error, (errors.NotFound, errors.PermissionDenied, errors.InvalidRequest)):
            return False
        uris = [picture.uri for picture in request.pictures()]
        uris += [request.source.uri] if request.source is not None else []
        named = [uri for uri in uris if (stem := uri.partition("/files/")[2]) and stem in error.message]
        return sum(self._ledger.forget_upload(uri, self._place) for uri in named) > 0

    async def _there(self, job: Job, one: Input) -> UploadRow:
        row = self._ledger.upload(one.sha256, self._place)
        now = self._connection.now()
        if row is not None and row.expires_at > now + MARGIN_SECONDS and await self._stands(job, one, row):
            return row
        upload = Upload(one.source, title=one.title, mime=one.mime)
        file = await self._patiently(
            job, lambda client: client.upload(upload, self._progress(job, one)), come=lambda: upload.come
        )
        file = await self._ready(job, one, file)
        now = self._connection.now()
        ends = now + job.provider.file_seconds
        row = UploadRow(
            sha256=one.sha256,
            place=self._place,
            name=file.name,
            uri=file.uri,
            mime=one.mime,
            expires_at=ends if file.expires_at is None else min(ends, file.expires_at),
        )
        self._ledger.remember_upload(row, now)
        return row

    async def _stands(self, job: Job, one: Input, row: UploadRow) -> bool:
        """Whether a file that was uploaded before is there; it costs a look, where a request would cost a refusal."""
        try:
            file = await self._patiently(job, lambda client: client.find_file(row.name))
            await self._ready(job, one, file)
        except errors.VeoError as error:
            # For another key of the same provider, too, it is not there.
            if not refusals.is_denial(error) and "file" not in error.facts:
                raise
            self._ledger.forget_upload(row.uri, self._place)
            return False
        return True

    async def _ready(self, job: Job, one: Input, file: RemoteFile) -> RemoteFile:
        """The file, once it can be named in a request."""
        began, pause = self._connection.now(), 1.0
        while file.state != "ACTIVE":
            if file.state == "FAILED":
                said = f": {file.why.rstrip('.')}." if file.why else "."
                kind = "an MP4" if one.mime.startswith("video/") else "a PNG or a JPEG"
                raise errors.InvalidRequest(
                    f"The provider can't use {one.title}{said}",
                    hint=f"Save it anew as {kind}. Nothing was asked for yet, and nothing is charged.",
                    file=file.name,
                )
            waited = self._connection.now() - began
            if waited > READY_SECONDS:
                raise errors.ServiceError(
                    f"{one.title} was uploaded, and the provider has not made it ready in {waited / 60:.0f} min.",
                    hint="Run the cell again. Nothing was asked for yet, and nothing is charged.",
                    file=file.name,
                )
            self._tell(job, one, one.size)
            await self._sleep(pause)
            pause = min(10.0, 1.5 * pause)
            name = file.name
            try:
                file = await self._patiently(job, lambda client: client.find_file(name))  # noqa: B023  it ends before the next
            except errors.VeoError as error:
                # A server behind a balancer may not have heard of it yet.
                if not refusals.is_denial(error):
                    raise
        return file

    async def _patiently(
        self, job: Job, call: Callable[[AsyncClient], Awaitable[T]], come: Callable[[], int] = lambda: 0
    ) -> T:
        """What a call gives, made again after what passes; `come` says how many bytes have arrived by now."""
        failures, since, most = 0, 0.0, 0
        while True:
            client = await self._connection.reach(job)
            try:
                return await call(client)
            except errors.VeoError as error:
                if come() > most:
                    failures, since, most = 0, 0.0, come()
                failures += 1
                if not is_passing(error) or failures == UPLOAD_TRIES:
                    raise
                since = since or self._connection.now()
                await self._connection.pause(job, error, failures - 1, since)

    def _progress(self, job: Job, one: Input) -> Callable[[int, int | None], None]:
        shown_at = float("-inf")

        def show(come: int, _: int | None) -> None:
            nonlocal shown_at
            now = self._connection.now()
            if not 0 <= now - shown_at < PROGRESS_SECONDS:
                shown_at = now
                self._tell(job, one, come)

        return show

    def _tell(self, job: Job, one: Input, come: int) -> None:
        if not job.stopping:
            job.change(note=JobNote(kind="uploading", why=one.title), received=come, total=one.size)
