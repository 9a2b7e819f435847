"""The background loop's thread, and waiting for it from a thread that may run a loop of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import Future
from contextvars import ContextVar
from pathlib import Path

import pytest

from veo_nb.engine.loop import TURN_SECONDS, BackgroundLoop, _shielded, block_on

ROOT = Path(__file__).parents[2]


@pytest.fixture
def loop():
    loop = BackgroundLoop()
    yield loop
    loop.stop()


async def whose() -> str:
    return threading.current_thread().name


def test_a_coroutine_runs_on_a_thread_of_its_own(loop):
    assert loop.run(whose()).result(5) == "veo-nb-loop"


def test_a_call_runs_soon_and_in_order(loop):
    done: list[int] = []
    loop.call(done.append, 1)
    loop.call(done.append, 2)
    assert loop.do(lambda: [*done]) == [1, 2]


def test_do_gives_back_what_the_function_gave_or_raised(loop):
    assert loop.do(max, 3, 5) == 5
    with pytest.raises(ZeroDivisionError):
        loop.do(lambda: 1 / 0)


def test_do_on_the_loops_own_thread_does_not_wait_for_itself(loop):
    async def inside() -> object:
        return loop.do(lambda: threading.current_thread().name)

    assert loop.run(inside()).result(5) == "veo-nb-loop"


CELL: ContextVar[str] = ContextVar("cell", default="none")


def test_what_is_started_does_not_belong_to_the_cell_that_started_it(loop):
    """ipykernel keeps the running cell in such a variable, and sends with it whatever a task displays."""

    async def seen() -> str:
        return CELL.get()

    token = CELL.set("the first")
    found: list[str] = []
    loop.call(lambda: found.append(CELL.get()))
    assert [loop.run(seen()).result(5), loop.do(CELL.get), *found] == ["none"] * 3
    CELL.reset(token)


def test_stopping_ends_the_thread_and_cancels_what_runs():
    loop = BackgroundLoop()
    ended = threading.Event()

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    loop.run(forever())
    loop.do(lambda: None)
    loop.stop()
    assert ended.is_set()
    assert "veo-nb-loop" not in {thread.name for thread in threading.enumerate()}


def test_it_ends_quietly_where_python_starts_no_thread_any_more(monkeypatch):
    loop = BackgroundLoop()

    async def work():
        return await asyncio.to_thread(threading.get_ident)

    loop.run(work()).result(10)
    thread, turning = loop._thread, loop._loop

    def refuse(*_, **__):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    loop.stop()
    assert not thread.is_alive()
    assert turning.is_closed()


def test_stopping_twice_is_stopping_once(loop):
    loop.stop()
    loop.stop()


def test_after_the_stop_nothing_can_be_started(loop):
    loop.stop()
    with pytest.raises(RuntimeError):
        loop.run(whose())
    with pytest.raises(RuntimeError):
        loop.call(print)


# Waiting


def later(loop: BackgroundLoop, seconds: float = 0.05) -> Future[str]:
    async def answer() -> str:
        await asyncio.sleep(seconds)
        return "done"

    return loop.run(answer())


def never() -> Future[str]:
    return Future()


def test_waiting_without_a_loop(loop):
    assert block_on(later(loop)) == "done"


def test_a_wait_that_is_too_short_ends_and_cancels_nothing():
    future = never()
    with pytest.raises(TimeoutError):
        block_on(future, 0.01)
    assert not future.cancelled()


def test_an_error_comes_out_of_the_wait(loop):
    async def fails() -> None:
        raise LookupError("no")

    with pytest.raises(LookupError):
        block_on(loop.run(fails()))


INSIDE_A_LOOP = """
    import asyncio, threading
    from concurrent.futures import Future
    from veo_nb.engine.loop import BackgroundLoop, block_on

    background = BackgroundLoop()

    async def answer():
        await asyncio.sleep(0.3)
        return "done"

    async def fails():
        raise LookupError("no")

    async def main():
        beats = 0

        async def beat():
            nonlocal beats
            while True:
                beats += 1
                await asyncio.sleep(0.01)

        task = asyncio.ensure_future(beat())
        await asyncio.sleep(0)

        assert block_on(background.run(answer())) == "done"
        assert beats > 5, beats

        future = Future()
        try:
            block_on(future, 0.05)
        except TimeoutError:
            assert not future.cancelled() and not future.done()
        else:
            raise AssertionError("it should have ended")

        try:
            block_on(background.run(fails()))
        except LookupError:
            pass
        else:
            raise AssertionError("it should have failed")

        # The wait is over; what it awaited inside the loop is gone with it.
        await asyncio.sleep(0.01)
        assert len(asyncio.all_tasks()) == 2, asyncio.all_tasks()
        task.cancel()

    asyncio.run(main())
    background.stop()
    print("well")
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: nest_asyncio2 changes asyncio for good."""
    return subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", textwrap.dedent(code)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_waiting_inside_a_running_loop_keeps_its_other_tasks_going():
    done = run(INSIDE_A_LOOP)
    assert (done.stdout, done.stderr) == ("well\n", "")


def test_a_loop_that_cannot_be_entered_again_is_blocked_plainly():
    """As uvloop's: nest_asyncio2 refuses it, and the wait still works."""
    done = run("""
        import asyncio
        from concurrent.futures import Future
        import nest_asyncio2
        from veo_nb.engine.loop import BackgroundLoop, block_on

        def refuse(loop=None):
            raise ValueError("Can't patch loop of type uvloop")

        nest_asyncio2.apply = refuse
        background = BackgroundLoop()

        async def answer():
            return "done"

        async def main():
            return block_on(background.run(answer()), 5)

        print(asyncio.run(main()))
        background.stop()
    """)
    assert (done.stdout, done.stderr) == ("done\n", "")


def test_an_interrupt_ends_a_wait_inside_a_loop_and_leaves_the_future_alone():
    done = run("""
        import asyncio, os, signal, threading
        from concurrent.futures import Future
        from veo_nb.engine.loop import block_on

        async def main():
            future = Future()
            # It can only run while the wait turns the loop.
            asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGINT)
            try:
                block_on(future)
            except KeyboardInterrupt:
                print(future.cancelled(), future.done())
            await asyncio.sleep(0.01)
            print(len(asyncio.all_tasks()))

        # As in a kernel, where nobody but Python itself handles the signal.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        asyncio.new_event_loop().run_until_complete(main())
    """)
    assert done.stdout == "False False\n1\n", done.stderr


class Watched(Future[str]):
    """A future that is done at the third time it is asked, and remembers for how long each one would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def result(self, timeout: float | None = None) -> str:
        self.waits.append(timeout)
        if len(self.waits) < 3:
            raise TimeoutError
        return "done"


def test_a_wait_lets_an_interrupt_in_now_and_then():
    """On Windows none ends a wait for a lock; it comes when that is over."""
    future = Watched()
    assert block_on(future) == "done"
    assert future.waits == [TURN_SECONDS] * 3
    with pytest.raises(TimeoutError):
        block_on(Watched(), 0.0)


async def test_a_wait_in_a_running_loop_turns_it_now_and_then(monkeypatch):
    waits: list[float | None] = []
    future: Future[str] = Future()

    async def wait(waited, real=asyncio.wait, **how):
        waits.append(how["timeout"])
        if len(waits) == 3:
            future.set_result("done")
            return await real(waited)
        return set(), set(waited)

    monkeypatch.setattr(asyncio, "wait", wait)
    assert await _shielded(future, None) == "done"
    assert waits == [TURN_SECONDS] * 3
