"""What every dialect's routes share: the server's parts, reading a body, beginning an operation, sending a video."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from veo_nb.sandbox import vertex, wire
from veo_nb.sandbox.faults import Faults
from veo_nb.sandbox.gate import Quota, RequestLog
from veo_nb.sandbox.pool import INTERNAL, Pool
from veo_nb.sandbox.store import Operation, Store

LARGEST = 64 * 1024 * 1024
"""Bytes of the largest body that is taken."""
DRAINED = 1024 * 1024 * 1024
"""Bytes of a too large body that are read and dropped, so that its sender hears the answer."""
REASON = "The sandbox was asked to filter this clip ({word}). You are not charged."


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """The server's parts and settings, handed to each route as `request.app.state.sandbox`."""

    store: Store
    pool: Pool
    log: RequestLog
    quota: Quota
    faults: Faults
    key: str
    latency: float
    """Seconds an operation takes at least."""
    retention: float
    """Seconds for which a finished video is kept."""
    clock: Callable[[], float] = time.time
    """Seconds since 1970."""

    def kept(self, name: str) -> tuple[Operation, int, Path] | None:
        """What made the video with this ID, which sample it is and where it lies; None once it has expired."""
        found = self.store.find_file(name)
        if found is None or self.clock() > found[0].finished + self.retention:
            return None
        path = self.store.file(name)
        return (*found, path) if path.is_file() else None

    def named(self, address: str) -> str:
        """The ID of the video at this address in the cloud; empty when there is none."""
        found = vertex.read_object(address)
        maker = self.store.find(found[0]) if found else None
        if not found or maker is None or found[1] >= len(maker.files):
            return ""
        return maker.files[found[1]] if vertex.object_address(maker, found[1]) == address else ""

    def is_done(self, operation: str) -> bool:
        """Whether a poll would say that an operation is done, or does not know it."""
        found = self.store.find(operation)
        return found is None or (found.ended and self.clock() >= found.ready)


def start(
    sandbox: Sandbox,
    order: wire.Order,
    recipe: dict[str, Any],
    operation: str,
    *,
    name: str,
    facts: Mapping[str, Any] = {},
    ends: bool = False,
    until: float = 0.0,
) -> None:
    """Remember an operation and let it be rendered, or end it as its prompt asks.

    `facts` are what its dialect wants to know of it later, `ends` says that it ends without a video, and `until` when
    the last moment is at which another may go on from it.
    """
    fails, reasons = "sandbox:fail" in order.prompt, _reasons(order)
    # What is filtered away nobody will see, so it is not rendered.
    recipe["samples"] -= len(reasons)
    now = sandbox.clock()
    sandbox.store.add(
        Operation(
            id=operation,
            model=order.model,
            name=name,
            recipe=recipe,
            storage=order.extras.storage,
            ready=now + sandbox.latency,
            ended=ends or fails or not recipe["samples"],
            code=INTERNAL if fails else 0,
            message="The sandbox was asked to fail (sandbox:fail)." if fails else "",
            reasons=reasons,
            facts=dict(facts),
            until=until,
        ),
        now,
    )
    sandbox.pool.wake()


def _reasons(order: wire.Order) -> tuple[str, ...]:
    """Why samples of an order are filtered away, as its prompt asks: one reason for each."""
    if "sandbox:filter-one" in order.prompt:
        return (REASON.format(word="sandbox:filter-one"),)
    return (REASON.format(word="sandbox:filter"),) * (
        order.samples if "sandbox:filter" in order.prompt else 0
    )


def send_video(request: Request, name: str) -> Response:
    """Send a video of ours, or the part of it that is asked for.

    Raises:
        Refused: 404, it is not there, or not any more.
    """
    sandbox: Sandbox = request.app.state.sandbox
    found = sandbox.kept(name)
    if found is None:
        raise wire.Refused(404, "NOT_FOUND", "There is no such file, or it has expired.")
    return FileResponse(found[2], media_type="video/mp4")


async def read_body(request: Request) -> bytes:
    """The body of a request, which the log may then show.

    Raises:
        Refused: 413, it is too large.
    """
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= LARGEST:
            chunks.append(chunk)
        else:
            chunks.clear()
            if size > DRAINED:
                break
    if size > LARGEST:
        message = f"The request is too large: at most {LARGEST} bytes are taken."
        raise wire.Refused(413, "INVALID_ARGUMENT", message)
    raw = request.scope["veo_body"] = b"".join(chunks)
    return raw
