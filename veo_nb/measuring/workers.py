"""The processes of this machine that measure: made at need, no more than it has cores, gone when the work is done.

Not `ProcessPoolExecutor`: with `spawn`, the only way on Windows and macOS, its children import the script that started
them, so that one without `if __name__ == "__main__":` would start itself again and again; an interrupt of the kernel
reaches them all; and one that ends over a broken file takes the whole pool along. These are started as modules, as the
ones for small copies are, in a session of their own and without keys, and each ends alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from veo_nb.engine.providers import child
from veo_nb.media.measures import VERSION
from veo_nb.media.measures.worker import Answer

COMMAND = (sys.executable, "-m", "veo_nb.media.measures")


class Workers:
    """Measures clips in up to `most` processes: `with Workers(2) as workers: workers.submit(path, sha256, references)`."""

    def __init__(self, most: int, command: Sequence[str] = COMMAND) -> None:
        self._command = [*command]
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="veo_nb-measuring")
        """Each has a process of its own, and waits for it."""
        self._own = threading.local()
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def submit(self, path: str, sha256: str, references: Sequence[str]) -> Future[Answer]:
        """What `measure_file` says of a file, once it has been measured."""
        return self._threads.submit(self._ask, path, sha256, references)

    def end(self) -> None:
        """End all processes; what is not measured by now is not."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._over = True
            running, self._running = self._running, set()
        for process in running:
            process.kill()
            process.wait()
        self._threads.shutdown()
        for process in running:
            _close(process)

    def _ask(self, path: str, sha256: str, references: Sequence[str]) -> Answer:
        said = ""
        try:
            process = self._process()
        except OSError as error:
            return _problem(f"no process to measure in can be started: {error.strerror or error}.")
        # Windows calls a pipe that nobody reads any more an invalid argument.
        with contextlib.suppress(OSError):
            assert process.stdin is not None, "a pipe was asked for"
            assert process.stdout is not None, "a pipe was asked for"
            process.stdin.write(json.dumps([path, sha256, [*references]]) + "\n")
            process.stdin.flush()
            said = process.stdout.readline()
        if said:
            return cast(Answer, json.loads(said))
        self._let_go()
        return _problem(f"The process that measured {Path(path).name} ended over it.")

    def _process(self) -> subprocess.Popen[str]:
        """The process of this thread.

        Raises:
            OSError: none can be started.
        """
        process: subprocess.Popen[str] | None = getattr(self._own, "process", None)
        if process is None:
            with self._lock:
                if self._over:
                    raise OSError("all is over")
                process = self._own.process = child.start(self._command, child.ROOT, humble=True)
                self._running.add(process)
        return process

    def _let_go(self) -> None:
        """Forget the process of this thread, which has ended; the next clip gets another."""
        process: subprocess.Popen[str] | None = getattr(self._own, "process", None)
        self._own.process = None
        with self._lock:
            mine = process in self._running
            if process is not None:
                self._running.discard(process)
        if process is not None and mine:
            process.kill()
            process.wait()
            _close(process)


def most_workers() -> int:
    """How many processes may measure at once: as many as this one may use cores."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def _close(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _problem(text: str) -> Answer:
    return Answer(version=VERSION, found={}, problem=text[:1].upper() + text[1:])
