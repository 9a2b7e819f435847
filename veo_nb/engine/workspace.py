"""A library with all that works on it: ledger, loop, engine and leases, put together at its first use and taken apart."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import secrets
import socket
import threading
import weakref
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TYPE_CHECKING

from veo_nb import catalog
from veo_nb.config import Settings
from veo_nb.engine.engine import Engine
from veo_nb.engine.job import Actions, Job, Registry
from veo_nb.engine.lease import LeaseHolder, Leases, OwnerLocks
from veo_nb.engine.loop import BackgroundLoop
from veo_nb.engine.providers.connection import LocalServer
from veo_nb.engine.providers.past import Latencies
from veo_nb.errors import InvalidRequest, VeoError
from veo_nb.notices import tell_at_end, tell_once
from veo_nb.records.late import dataclass
from veo_nb.store.changes import Change, changes_of, forget_streams, look, watch
from veo_nb.store.database import left_behind
from veo_nb.store.evidence.measures import MeasureLedger
from veo_nb.store.files import Files
from veo_nb.store.ledger import Ledger
from veo_nb.store.recovery.rebuild import has_traces, open_ledger, read_ledger
from veo_nb.store.sweeps import SweepLedger
from veo_nb.store.trash import Trash

if TYPE_CHECKING:
    import httpx2

log = logging.getLogger("veo_nb")

MOST_NAMED = 5
"""Jobs that a process names when it ends before them."""


@dataclass(frozen=True)
class Parts:
    """What exists once the library is open; `close` ends all of it, the last one made first."""

    ledger: Ledger
    registry: Registry
    loop: BackgroundLoop
    engine: Engine
    leases: Leases
    close: Callable[[], None]


class Workspace:
    """Opens the library when something of it is needed, and once.

    `actions` is what its jobs ask for what a person wants of them; `clock`, `sleep` and `transport` are the world's,
    or a test's.
    """

    def __init__(
        self,
        settings: Settings,
        files: Files,
        actions: Actions,
        *,
        transport: httpx2.AsyncBaseTransport | None,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.settings = settings
        self.files = files
        self.transport = transport
        self.clock = clock
        self.changed = changes_of(files.folder)
        """The library's stream of changes, which all studios of this process share."""
        self.measures = MeasureLedger(self.readable, clock)
        """What was measured of its clips."""
        self.notices: list[str] = []
        """What a person should know of the library beside its jobs, such as that its ledger was made anew."""
        self.owner_id = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.lock = threading.RLock()
        """Held while the library is opened or closed, and while a request is entered."""
        self._actions = actions
        self._sleep = sleep
        self._parts: Parts | None = None
        self._late: Ledger | None = None
        self._watching: Future[None] | None = None
        self._closed = False
        self._pid = os.getpid()
        self._server: LocalServer | None = None
        _ALL.add(self)

    def warn(self, model: str, provider: catalog.Provider) -> None:
        """Tell a person, once in this process, of a model whose end is near or past."""
        tell_once(self.ending(model, provider))

    def ending(self, model: str, provider: catalog.Provider) -> str:
        """What should be known of a model whose end is near or past, in a sentence; empty where it is neither."""
        return catalog.ending(model, provider, self.clock())

    def open(self) -> Parts:
        """The open library.

        Raises:
            VeoError: the folder or the ledger can't be used, or the studio is closed.
        """
        self._check_process()
        # Without the lock, or a listener that asks for it would wait for whoever is just entering a request.
        if (parts := self._parts) is not None:
            return parts
        with self.lock:
            if self._closed:
                raise VeoError("This studio is closed.", hint="Make another one.")
            if self._parts is None:
                self._parts = self._put_together()
                # A script ends with its jobs in the ledger, and takes the sandbox along.
                atexit.register(self._end)
            return self._parts

    def existing(self) -> Parts | None:
        """The open library, if there is one at all."""
        if self._parts is None and not (self.files.ledger_path.exists() or has_traces(self.files)):
            return None
        return self.open()

    @property
    def parts(self) -> Parts | None:
        """What is open now; nothing is opened."""
        return self._parts

    def ledger(self) -> Ledger:
        """The ledger; once the studio is closed, its file anew: a sweep that is done can still be rated."""
        self._check_process()
        if not self._closed:
            return self.open().ledger
        if self._late is None:
            self._late = Ledger(self.files.ledger_path, changed=self.changed, refuse=self._refusal())
            weakref.finalize(self, self._late.close)
        return self._late

    def readable(self) -> Ledger | None:
        """As `ledger`; None where there is no library yet."""
        return self.ledger() if self._closed or self.existing() is not None else None

    @property
    def closed(self) -> bool:
        """Whether nothing can be made here any more."""
        return self._closed

    def listen(self, listener: Callable[[Change], object]) -> Callable[[], None]:
        """Have `listener(change)` called for each change in the library; call what is returned to end it.

        Those of other processes are looked for as long as anybody listens and this studio is open.
        """
        if not self._closed and (self._watching is None or self._watching.done()):
            parts = self.open()
            self._watching = parts.loop.run(watch(parts.ledger, self.changed, since=look(parts.ledger)))
        return self.changed.listen(listener)

    def close(self) -> None:
        """Stop the background work and the sandbox; unfinished jobs stay in the ledger.

        Nothing in a forked child: it is all the parent's.
        """
        if self._pid != os.getpid():
            return
        with self.lock:
            parts, self._parts, self._closed = self._parts, None, True
        if parts is not None:
            atexit.unregister(self._end)
            parts.close()

    def _end(self) -> None:
        """Close when the process ends, and say what becomes of the jobs that are not done."""
        left = self._parts.registry.active() if self._parts is not None and self._pid == os.getpid() else []
        self.close()
        if left:
            tell_at_end(_kept(left))

    def _refusal(self) -> Callable[[], VeoError] | None:
        """What gives the error for a library that can't be written, where there is something to be read all the same.

        Raises:
            InvalidRequest: it can't be written, and there is nothing.
        """
        try:
            self.files.prepare()
        except InvalidRequest as error:
            if not self.files.ledger_path.exists() and not has_traces(self.files):
                raise
            # A new one each time: an error that is raised again grows.
            text, hint, facts = error.message, error.hint, error.facts
            return lambda: InvalidRequest(text, hint=hint, **facts)
        return None

    def _check_process(self) -> None:
        if self._pid != os.getpid():
            raise left_behind(self._pid)

    def _leave_to_the_parent(self) -> None:
        """Know nothing any more of what is open, in a forked child: the threads are not here, the rest is the parent's."""
        self.lock = threading.RLock()
        if self._parts is not None:
            # Kept for ever: what is thrown away is closed.
            _LEFT.append(self._parts)
            self._parts = None
        if self._server is not None:
            self._server.leave_to_the_parent()

    def _say(self, sentence: str) -> None:
        log.warning("%s: %s", self.files.folder, sentence)
        self.notices.append(sentence)

    def _put_together(self) -> Parts:
        """The parts; where anything fails, what was made before is taken apart again."""
        settings, files, clock, sleep = self.settings, self.files, self.clock, self._sleep
        refuse = self._refusal()
        with contextlib.ExitStack() as made:
            if refuse is None:
                ledger = open_ledger(files, clock, self._say, self.changed)
            else:
                ledger = read_ledger(files, clock, refuse, self.changed, made)
                self._say(
                    f"the library can't be written ({refuse().facts['why']}): what is in it is shown, nothing can be made in it"
                )
            made.callback(ledger.close)
            if ledger.without_wal:
                self._say(
                    f"the library's drive ({ledger.without_wal}) can't do WAL: its ledger is kept without"
                )
            if not ledger.read_only:
                Trash(files, ledger).empty(clock())
            holder = LeaseHolder(ledger, self.owner_id, clock, OwnerLocks(files.folder))
            made.callback(holder.stop)
            loop = BackgroundLoop()
            made.callback(loop.stop)
            # Started when the first clip is asked of it.
            server = self._server = LocalServer(files.folder / ".sandbox")
            made.callback(server.stop)
            registry = Registry(ledger, files, self._actions, Latencies(ledger, clock), self.measures)

            async def make_engine() -> Engine:
                # On the loop, which its locks belong to.
                return Engine(
                    settings,
                    ledger,
                    files,
                    server,
                    owner=self.owner_id,
                    displaced=lambda job: leases.follow(job),  # noqa: PLW0108  made below
                    transport=self.transport,
                    clock=clock,
                    sleep=sleep,
                    latencies=registry.latencies,
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
            made.callback(leases.end)
            ledger.check_later()
            return Parts(ledger, registry, loop, engine, leases, made.pop_all().close)


def _kept(jobs: Sequence[Job]) -> str:
    """What a person whose script ends should know of the jobs that it leaves."""
    ids = [job.id for job in jobs]
    named = ", ".join([*ids[:MOST_NAMED], *(["…"] if len(ids) > MOST_NAMED else [])])
    count = "1 job is" if len(ids) == 1 else f"{len(ids)} jobs are"
    return (
        f"{count} not done: {named}. Nothing is lost or paid twice: run this again, or ask for "
        f'veo_nb.job("{ids[0]}").wait(). With wait() at its end a script ends once its clips are here.'
    )


_ALL: weakref.WeakSet[Workspace] = weakref.WeakSet()
_LEFT: list[Parts] = []


def _leave_all_to_the_parent() -> None:
    forget_streams()
    for workspace in [*_ALL]:
        workspace._leave_to_the_parent()  # noqa: SLF001


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all_to_the_parent)


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
