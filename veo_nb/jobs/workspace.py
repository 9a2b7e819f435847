"""What an open library consists of: ledger, loop, engine and all around them, put together and taken apart."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass

import httpx

from veo_nb.config import Settings
from veo_nb.engine.engine import Engine
from veo_nb.engine.job import Job, Workshop
from veo_nb.engine.lease import Leases
from veo_nb.engine.loop import BackgroundLoop
from veo_nb.engine.owner import LeaseHolder
from veo_nb.engine.registry import Registry
from veo_nb.engine.sandbox_process import LocalServer
from veo_nb.errors import VeoError
from veo_nb.store.files import Library
from veo_nb.store.ledger import Ledger
from veo_nb.store.recovery.rebuild import open_ledger
from veo_nb.store.sweeps import SweepLedger
from veo_nb.store.trash import Trash


@dataclass(frozen=True)
class Workspace:
    """What exists once the library is open; `close` ends all of it, the last one made first."""

    ledger: Ledger
    registry: Registry
    loop: BackgroundLoop
    engine: Engine
    leases: Leases
    close: Callable[[], None]


@dataclass(frozen=True)
class Doors:
    """How what is inside calls the studio."""

    cancel: Callable[[Job], None]
    attend: Callable[[Job], None]
    say: Callable[[str], None]
    """Hears a sentence about what happened to the library."""
    studio: Workshop


def open_workspace(
    settings: Settings,
    library: Library,
    owner_id: str,
    doors: Doors,
    *,
    transport: httpx.AsyncBaseTransport | None,
    clock: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]],
) -> Workspace:
    """The open library; where anything fails, what was opened before is closed again.

    Raises:
        VeoError: the folder or the ledger can't be used.
    """
    library.prepare()
    with contextlib.ExitStack() as made:
        ledger = open_ledger(library, clock, doors.say)
        made.callback(ledger.close)
        Trash(library, ledger).empty(clock())
        holder = LeaseHolder(ledger, owner_id, clock)
        made.callback(holder.stop)
        loop = BackgroundLoop()
        made.callback(loop.stop)
        server = None
        if settings.provider.name == "sandbox" and not settings.base_url:
            server = LocalServer(library.folder / ".sandbox")
            made.callback(server.stop)
        registry = Registry(ledger, library, doors.cancel, doors.attend, doors.studio)

        async def make_engine() -> Engine:
            # On the loop, which its locks belong to.
            return Engine(
                settings,
                ledger,
                library,
                server,
                owner=owner_id,
                displaced=lambda job: leases.follow(job),  # noqa: PLW0108  made below
                transport=transport,
                clock=clock,
                sleep=sleep,
            )

        engine = loop.run(make_engine()).result(30)
        made.callback(_let_go, registry, engine, loop)
        held = SweepLedger(lambda: ledger).held()
        loop.do(lambda: engine.hold(held, back=True))
        leases = Leases(
            settings=settings,
            ledger=ledger,
            registry=registry,
            holder=holder,
            engine=engine,
            loop=loop,
            sleep=sleep,
        )
        return Workspace(ledger, registry, loop, engine, leases, made.pop_all().close)


def _let_go(registry: Registry, engine: Engine, loop: BackgroundLoop) -> None:
    """Stop the engine; whatever is not done by then, the ledger knows where it is."""
    with contextlib.suppress(FutureTimeout):
        loop.run(engine.stop()).result(10)
    for job in registry.active():
        job.abandon(
            VeoError(
                f"The studio of job {job.id} was closed.",
                hint="It stays in the library: %load_ext veo_nb takes it on.",
            )
        )
