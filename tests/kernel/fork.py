"""Processes that begin as forks of one which has their libraries: a kernel or a sandbox without a second of imports each.

    process = launch("ipykernel_launcher", ["-f", connection], folder, environment, stdin=…, stdout=…, stderr=…)

What is forked has imported the libraries and nothing of ours; from there it goes the way of `python -m`. Only tests begin
this way: a benchmark measures how long a start takes. What nbclient or a test's Lab starts as a kernel is a fork as well,
where jupyter_client has `start_kernel` in the place of `subprocess.Popen` (`forked_kernels`, `tests.browser.server`).
"""

from __future__ import annotations

import atexit
import faulthandler
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, Any, Self

LIBRARIES = (
    *(
        "ipykernel.kernelapp",
        "ipykernel.ipkernel",
        "ipykernel.zmqshell",
        "ipykernel.debugger",
        "ipykernel.serialize",
    ),
    *(
        "tornado.platform.asyncio",
        "IPython.extensions.storemagic",
        "IPython.core.completerlib",
        "jedi",
        "psutil",
    ),
    *(
        "anywidget",
        "ipywidgets",
        "msgspec",
        "httpx2",
        "httpcore2",
        "anyio",
        "psygnal",
        "markupsafe",
        "filelock",
    ),
    *(
        "PIL.ImageCms",
        "PIL.ImageFilter",
        "PIL.ImageOps",
        "PIL.PngImagePlugin",
        "PIL.JpegImagePlugin",
        "numpy",
        "av",
    ),
    *("starlette.applications", "uvicorn", "uvicorn.protocols.http.h11_impl", "uvicorn.lifespan.on"),
    *("nest_asyncio2", "encodings.idna", "sqlite3", "tomllib"),
)
DOOR = "TESTS_FORK_DOOR"
"""Names the open file by which a process has forks made by another's parent."""
Streams = tuple[IO[Any] | int, IO[Any] | int, IO[Any] | int]


class Fork:
    """A process that was forked; to be used as a `subprocess.Popen`."""

    def __init__(self, news: IO[str], stdout: IO[str] | None) -> None:
        self._news = news
        self.pid = int(news.readline())
        self.stdin: IO[Any] | None = None
        self.stdout = stdout
        self.stderr: IO[Any] | None = None
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """How it ended, if it has."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """How it ended, once it has."""
        if self.returncode is None:
            if not select.select([self._news], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("a fork", timeout or 0)
            self.returncode = int(self._news.readline())
            self._news.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.stdout:
            self.stdout.close()
        self.wait()


Process = Fork | subprocess.Popen[Any]


def launch(
    module: str,
    arguments: list[str],
    folder: Path,
    environment: dict[str, str],
    *,
    streams: Streams,
    session: bool = False,
    python: str = sys.executable,
) -> Process:
    """Run a module as a program; forked in a test where the system can, else as a new process."""
    stdin, stdout, stderr = streams
    if python != sys.executable or not can_fork():
        return subprocess.Popen(
            [python, "-m", module, *arguments],
            cwd=folder,
            env=environment,
            start_new_session=session,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            text=True,
        )
    return _fork(module, arguments, folder, environment, streams=streams, session=session)


def can_fork() -> bool:
    """Whether this is a test, and on a system where a fork is safe."""
    return sys.platform == "linux" and "PYTEST_CURRENT_TEST" in os.environ


@contextmanager
def forked_kernels() -> Iterator[None]:
    """While it is open, what jupyter_client starts as a kernel is a fork, where one can be."""
    import pytest
    from jupyter_client import launcher

    with pytest.MonkeyPatch.context() as patch:
        if can_fork():
            patch.setattr(launcher, "Popen", start_kernel)
        yield


def start_kernel(command: list[str], *, cwd: Any, env: dict[str, str], **options: Any) -> Fork:
    """A kernel as jupyter_client has `subprocess.Popen` start it, in a session of its own."""
    module = command.index("-m") + 1
    # ipykernel reads the variable when it is imported.
    server = f"--IPKernelApp.parent_handle={env['JPY_PARENT_PID']}"
    streams = (subprocess.DEVNULL, options["stdout"] or 1, options["stderr"] or 2)
    arguments = [*command[module + 1 :], server]
    kernel = _fork(command[module], arguments, Path(cwd or "."), env, streams=streams, session=True)
    kernel.stdin = Path(os.devnull).open("wb")  # noqa: SIM115  who started it closes it
    return kernel


def _fork(
    module: str,
    arguments: list[str],
    folder: Path,
    environment: dict[str, str],
    *,
    streams: Streams,
    session: bool,
) -> Fork:
    stdout = streams[1]
    order = {
        "module": module,
        "arguments": arguments,
        "folder": str(folder.absolute()),
        "environment": environment,
        "session": session,
    }
    said, saying = os.pipe()
    news, telling = os.pipe()
    with Path(os.devnull).open("r+b") as nothing:
        meant = {subprocess.DEVNULL: nothing.fileno(), subprocess.PIPE: saying}
        files = [one if isinstance(one, int) else one.fileno() for one in streams]
        files = [meant.get(file, file) for file in files]
        socket.send_fds(door(), [json.dumps(order).encode()], [*files, telling])
    os.close(saying)
    os.close(telling)
    if stdout == subprocess.PIPE:
        return Fork(os.fdopen(news), os.fdopen(said))
    os.close(said)
    return Fork(os.fdopen(news), None)


@cache
def door() -> socket.socket:
    """The way to the process that is forked, which ends with this one and all to which this is handed on."""
    if DOOR in os.environ:
        return socket.socket(fileno=int(os.environ.pop(DOOR)))
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    # It would say that it misses breakpoints.
    with theirs:
        parent = subprocess.Popen(
            [sys.executable, "-P", __file__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env={**kept, "PYDEVD_DISABLE_FILE_VALIDATION": "1"},
        )

    def end() -> None:
        ours.close()
        parent.wait()

    atexit.register(end)
    return ours


# ---- in the process that is forked


def _serve(door: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Fork for each order that comes, and tell how the forks end; what returns is a fork, with its order."""
    telling: dict[int, int] = {}
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker)
    while True:
        ready, _, _ = select.select([door.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            for pid in [*telling]:
                found, status = os.waitpid(pid, os.WNOHANG)
                if found:
                    _tell(telling[pid], os.waitstatus_to_exitcode(status))
                    os.close(telling.pop(pid))
        if door.fileno() in ready:
            data, files, _, _ = socket.recv_fds(door, 1 << 20, 4)
            if not data:
                sys.exit()
            order = json.loads(data)
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                signal.signal(signal.SIGINT, signal.default_int_handler)
                # Before anyone hears of it: who asks for its group must not be given this one's.
                if order["session"]:
                    os.setsid()
                _tell(files.pop(), os.getpid())
                return order, files
            telling[pid] = files.pop()
            for file in files:
                os.close(file)


def _tell(file: int, number: int) -> None:
    # Who asked may be gone.
    with suppress(BrokenPipeError):
        os.write(file, b"%d\n" % number)


def _become(order: dict[str, Any], files: list[int]) -> None:
    """Be what `python -m` starts."""
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
    os.closerange(3, max(files) + 100)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    if os.environ.get("PYTHONFAULTHANDLER"):
        faulthandler.enable()
    if os.environ.get("PYTHONWARNINGS") == "error":
        warnings.simplefilter("error")
    more = os.environ.get("PYTHONPATH", "")
    sys.path[:0] = [str(Path.cwd()), *filter(None, more.split(os.pathsep))]
    sys.argv = [order["module"], *order["arguments"]]
    runpy.run_module(order["module"], run_name="__main__", alter_sys=True)


def _main() -> None:
    with socket.socket(fileno=int(sys.argv[1])) as door:
        for name in LIBRARIES:
            with suppress(ImportError):
                importlib.import_module(name)
        gc.collect()
        gc.freeze()
        order, files = _serve(door)
    _become(order, files)


if __name__ == "__main__":
    _main()
