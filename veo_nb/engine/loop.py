"""The background loop: one daemon thread on which client and engine live, and how to wait for it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextvars import Context
from types import FrameType
from typing import Any, Self, TypeVar

from veo_nb.errors import VeoError
from veo_nb.store.database import left_behind

T = TypeVar("T")

TURN_SECONDS = 0.5
"""How long a wait may last at a time: on Windows an interrupt comes only between two."""
_turning: list[asyncio.AbstractEventLoop] = []
"""The loops of all that run in this process."""


class BackgroundLoop:
    """An event loop on a thread of its own, running while cells run, until `stop()`.

    Its methods raise RuntimeError once it has ended. What they start knows nothing of the cell that started it: a
    job outlives its cell, and an update that names a cell which is over is thrown away by nbclient. In a forked child
    they raise VeoError: the thread is in the parent.
    """

    def __init__(self) -> None:
        self._pid = os.getpid()
        ready: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(target=_live, args=(ready,), name="veo-nb-loop", daemon=True)
        self._thread.start()
        self._loop = ready.result(10)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine on the loop, from any thread."""
        try:
            self._check_process()
            return Context().run(asyncio.run_coroutine_threadsafe, coroutine, self._loop)
        except (RuntimeError, VeoError):
            coroutine.close()
            raise

    def call(self, function: Callable[..., object], *arguments: Any) -> None:
        """Call a function on the loop, soon, from any thread."""
        self._check_process()
        Context().run(self._loop.call_soon_threadsafe, function, *arguments)

    def do(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a function on the loop, from any thread, and wait until it has run."""
        if threading.current_thread() is self._thread:
            return function(*arguments)

        async def carry() -> T:
            return function(*arguments)

        return self.run(carry()).result(30)

    def _check_process(self) -> None:
        if self._pid != os.getpid():
            raise left_behind(self._pid)

    def stop(self, timeout: float = 5.0) -> None:
        """End the loop and its thread; what still runs on it is cancelled."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout)


def _live(ready: Future[asyncio.AbstractEventLoop]) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.call_soon(ready.set_result, loop)
    _turning.append(loop)
    try:
        loop.run_forever()
        _turning.remove(loop)
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        # From 3.12 on Python starts no thread at its end, as this would; the executor's have ended by then.
        with contextlib.suppress(RuntimeError):
            loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


if hasattr(os, "register_at_fork"):
    # They turn in the parent.
    os.register_at_fork(after_in_child=_turning.clear)


def call_later(seconds: float, function: Callable[[], object]) -> bool:
    """Call a function from a background loop after so many seconds; False where there is none, and nothing is called.

    The kernel's own loop stands still while a cell runs.
    """
    with contextlib.suppress(RuntimeError):
        here = asyncio.get_running_loop()
        if here in _turning:
            here.call_later(seconds, function)
            return True
    for loop in [*_turning]:
        # One that has just ended takes nothing any more.
        with contextlib.suppress(RuntimeError):
            Context().run(loop.call_soon_threadsafe, loop.call_later, seconds, function)
            return True
    return False


def block_on(future: Future[T], timeout: float | None = None) -> T:
    """The future's result, waited for without stopping a loop that this thread already runs.

    In a notebook the kernel's own loop keeps turning, so the person's other tasks go on. The future itself is
    never cancelled by a wait that ends early.

    Raises:
        TimeoutError: it was not done within `timeout` seconds.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _result(future, timeout)
    import nest_asyncio2

    try:
        nest_asyncio2.apply(loop)
    except ValueError:
        # Only asyncio's own loops can be entered again (uvloop's can't): then the thread just waits.
        return _result(future, timeout)
    waiting = loop.create_task(_shielded(future, timeout))
    try:
        return loop.run_until_complete(waiting)
    finally:
        waiting.cancel()


def _result(future: Future[T], seconds: float | None) -> T:
    end = None if seconds is None else time.monotonic() + seconds
    while True:
        left = TURN_SECONDS if end is None else min(TURN_SECONDS, max(0.0, end - time.monotonic()))
        try:
            return future.result(left)
        except TimeoutError:
            # It may be its own.
            if future.done() or (end is not None and time.monotonic() >= end):
                raise


async def _shielded(future: Future[T], seconds: float | None) -> T:
    async with asyncio.timeout(seconds):
        waited = asyncio.wrap_future(future)
        while not waited.done():
            await asyncio.wait([waited], timeout=TURN_SECONDS)
        return waited.result()


class Uninterrupted:
    """Keeps an interrupt out of the block, until `check()` lets one come that has arrived; at its end it comes by itself.

    Interrupts reach the main thread alone, so in any other this is nothing.
    """

    def __init__(self) -> None:
        self.pending = False
        self._former: Any = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            former = signal.getsignal(signal.SIGINT)
            # What ignores it, or was not set from Python, raises nothing.
            if callable(former):
                self._former = former
                signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._former is None:
            return
        signal.signal(signal.SIGINT, self._former)
        if self.pending and kind is None:
            self._former(signal.SIGINT, None)

    def check(self) -> None:
        """Let an interrupt come that has arrived.

        Raises:
            KeyboardInterrupt: one has.
        """
        if self.pending:
            raise KeyboardInterrupt

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  what Python calls it with
        self.pending = True
