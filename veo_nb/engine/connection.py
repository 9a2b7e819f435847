"""The way to the provider: its client, and the sandbox behind it where that is ours to start."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

import httpx

from veo_nb.api import retry
from veo_nb.api.client import AsyncClient
from veo_nb.config import Settings
from veo_nb.engine.job import Job, Note
from veo_nb.engine.sandbox_process import LocalServer
from veo_nb.errors import RateLimited, TransportError, VeoError


def open_client(
    settings: Settings,
    base_url: str,
    transport: httpx.AsyncBaseTransport | None,
    clock: Callable[[], float],
) -> AsyncClient:
    """A client as these settings want it, at `base_url` where that is not empty."""
    return AsyncClient(
        settings.provider,
        settings.api_key,
        base_url,
        project=settings.project,
        location=settings.location,
        storage_uri=settings.storage_uri,
        transport=transport,
        clock=clock,
    )


class Connection:
    """Made at its first use, and anew when the sandbox had to be started anew. On one event loop."""

    def __init__(
        self,
        settings: Settings,
        server: LocalServer | None,
        *,
        transport: httpx.AsyncBaseTransport | None,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        chance: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._server = server
        self._transport = transport
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._lock = asyncio.Lock()
        # Former ones stay open: another job may be waiting for its turn in one, and hears there that it is dead.
        self._clients: list[AsyncClient] = []

    async def reach(self, job: Job) -> AsyncClient:
        """The client, with the sandbox up.

        Raises:
            VeoError: the sandbox does not start.
        """
        async with self._lock:
            if not self._clients or (self._server is not None and not self._server.alive):
                base_url = self._settings.base_url
                if self._server is not None:
                    if job.now.note is None:
                        job.change(note=Note(kind="starting"))
                    base_url = await asyncio.to_thread(self._server.start)
                client = open_client(self._settings, base_url, self._transport, self._clock)
                self._clients.append(client)
            return self._clients[-1]

    async def pause(self, job: Job, error: VeoError, attempt: int, since: float) -> None:
        """Wait before try number `attempt` + 1 of what failed so, for the first time at `since`; the job says so."""
        asked = error.facts.get("retry_after")
        seconds = retry.backoff(attempt, self._chance()) if asked is None else float(asked)
        if not job.stopping:
            until = self._clock() + seconds
            job.change(note=Note(kind=_waits_for(error), until=until, since=since, why=error.message))
        await self._sleep(seconds)

    def now(self) -> float:
        """The time in epoch seconds."""
        return self._clock()

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients:
            await client.aclose()


def _waits_for(error: VeoError) -> Literal["asked", "offline", "down"]:
    """What a job waits for after an error that passes."""
    if isinstance(error, RateLimited):
        return "asked"
    return "offline" if isinstance(error, TransportError) else "down"
