"""The way to the provider, with a sandbox of ours behind it and without."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from tests.engine.test_job import make_job
from tests.world import Service, Time, settings_in
from veo_nb import catalog
from veo_nb.engine.job import JobNote
from veo_nb.engine.providers.connection import Connection
from veo_nb.errors import RateLimited, ServiceError, TransportError, VeoError

SANDBOX = catalog.PROVIDERS["sandbox"]


class Server:
    """A sandbox that starts when told, and dies when told."""

    def __init__(self) -> None:
        self.alive = False
        self.broken = False
        self.starts = 0

    def start(self) -> str:
        if self.broken:
            raise VeoError("No room.")
        if not self.alive:
            self.starts += 1
            self.alive = True
        return f"http://127.0.0.1:{5000 + self.starts}"


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def make(tmp_path, time, clip):
    def make(server=None, provider=SANDBOX) -> Connection:
        return Connection(
            settings_in(tmp_path, provider),
            server,
            transport=Service(clip).transport,
            clock=time.clock,
            sleep=time.sleep,
            chance=lambda: 0.5,
        )

    make.time = time  # type: ignore[attr-defined]
    return make


async def test_without_a_server_of_ours_the_client_is_made_once(make):
    connection = make(provider=catalog.PROVIDERS["gptproto"])
    job = make_job()
    assert await connection.reach(job) is await connection.reach(job)
    assert job.now.note is None
    await connection.close()


async def test_the_sandbox_is_started_once_however_many_ask(make):
    server, job = Server(), make_job()
    connection = make(server)
    clients = await asyncio.gather(*[connection.reach(job) for _ in range(5)])
    assert len(set(map(id, clients))) == 1
    assert server.starts == 1
    assert job.now.note == JobNote(kind="starting")
    await connection.close()


async def test_a_sandbox_that_died_is_started_anew_and_those_in_the_old_one_are_not_cut_off(make):
    """Another job may be about to ask over the old client: it must hear that nobody answers, not that it is closed."""
    server, job = Server(), make_job()
    connection = make(server)
    old = await connection.reach(job)
    server.alive = False
    new = await connection.reach(job)
    assert new is not old
    assert not old._http.is_closed
    await connection.close()
    assert old._http.is_closed
    assert new._http.is_closed


async def test_a_sandbox_that_does_not_start_says_why_and_is_tried_again_by_the_next(make):
    server, job = Server(), make_job()
    connection = make(server)
    server.broken = True
    with pytest.raises(VeoError, match="No room"):
        await connection.reach(job)
    server.broken = False
    assert await connection.reach(job)
    await connection.close()


@pytest.mark.parametrize(
    ("error", "attempt", "kind", "seconds"),
    [
        (TransportError("No way."), 0, "offline", 0.75),
        (TransportError("No way."), 3, "offline", 6.0),
        (ServiceError("Broken."), 0, "down", 0.75),
        (ServiceError("Broken.", retry_after=9.0), 1, "down", 9.0),
        (RateLimited("Wait.", retry_after=12.0), 5, "asked", 12.0),
        (RateLimited("Wait.", retry_after=None), 0, "asked", 0.75),
        (RateLimited("Wait.", retry_after=0.0), 4, "asked", 0.0),
    ],
)
async def test_a_pause_is_as_long_as_was_asked_or_grows_and_says_so(make, error, attempt, kind, seconds):
    time, connection, job = make.time, make(), make_job()
    pausing = asyncio.ensure_future(connection.pause(job, error, attempt, 5.0))
    await time.settle()
    assert job.now.note == JobNote(kind=kind, until=time.now + seconds, since=5.0, why=error.message)
    await time.advance(seconds)
    await pausing


async def test_a_pause_does_not_hide_that_the_job_is_being_cancelled(make, time):
    job, connection = make_job(), make()
    job.change(note=JobNote(kind="stopping"))
    pausing = asyncio.ensure_future(connection.pause(job, TransportError("No way."), 0, 5.0))
    await time.advance(1)
    await pausing
    assert job.stopping


async def test_the_key_goes_to_the_base_that_the_server_named(make, time, clip):
    requests: list[httpx2.Request] = []
    service = Service(clip)
    service.seen = requests.append
    connection = make(Server())
    connection._transport = service.transport
    client = await connection.reach(make_job())
    await client.poll("veo-3.1-fast-generate-preview", "operations/op1")
    assert str(requests[0].url).startswith("http://127.0.0.1:5001/v1beta/")
    await connection.close()
