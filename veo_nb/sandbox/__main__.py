"""Start the sandbox: `python -m veo_nb.sandbox`, or `veo-nb sandbox`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sqlite3
import sys
import threading
from pathlib import Path

import uvicorn

import veo_nb.sandbox
from veo_nb.sandbox.faults import Faults, Table, UnusableFaults, read_faults
from veo_nb.sandbox.gate import Quota, RequestLog
from veo_nb.sandbox.mishap import ExposedConnection
from veo_nb.sandbox.pool import Pool
from veo_nb.sandbox.server import application
from veo_nb.sandbox.service import Sandbox
from veo_nb.sandbox.store import Store
from veo_nb.sandbox.wire import PROVIDER

DEFAULT_KEY = "sk-sandbox"
KEY_VARIABLE = "VEO_NB_SANDBOX_KEY"
DRAFT_VARIABLE = "VEO_NB_SANDBOX_DRAFT"
STOCK_VARIABLE = "VEO_NB_SANDBOX_STOCK"
"""Names a folder in which drafts are kept for further clips of their size, length and sound; for tests."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a parser the sandbox's options, and what its help says before them."""
    parser.description = (veo_nb.sandbox.__doc__ or "").partition("How it is built:")[0]
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one (default)")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("veo_sandbox"),
        metavar="DIR",
        help="folder for operations and videos, made when missing (default: veo_sandbox)",
    )
    parser.add_argument(
        "--latency",
        type=_seconds,
        default=4.0,
        metavar="SECONDS",
        help="how long an operation takes at least (default: 4)",
    )
    parser.add_argument(
        "--key",
        default=None,
        help=f"key that callers must send (default: ${KEY_VARIABLE}, else {DEFAULT_KEY})",
    )
    parser.add_argument(
        "--retention",
        type=_seconds,
        default=PROVIDER.retention_seconds,
        metavar="SECONDS",
        help="how long a finished video is kept; after that a download gets a 404 (default: two days)",
    )
    parser.add_argument(
        "--per-minute",
        type=_count,
        default=PROVIDER.requests_per_minute,
        metavar="N",
        help="submits taken in a minute, 0 for any number; more get a 429 with Retry-After (default: %(default)s)",
    )
    parser.add_argument(
        "--in-flight",
        type=_count,
        default=PROVIDER.in_flight,
        metavar="N",
        help="operations at work at once, 0 for any number; more get a 429 (default: %(default)s)",
    )
    parser.add_argument(
        "--faults",
        type=Path,
        metavar="FILE",
        help="let things go wrong as this table says, TOML or JSON; `python -m pydoc veo_nb.sandbox.faults` explains it",
    )
    parser.add_argument(
        "--draft",
        action="store_true",
        default=os.environ.get(DRAFT_VARIABLE) == "1",
        help=f"draw one small picture a second: clips that jerk and are blurred, in a fifth of the time (default: whether ${DRAFT_VARIABLE} is 1)",
    )
    parser.add_argument(
        "--stop-with-stdin",
        action="store_true",
        help="stop when standard input ends, that is when the program that started it is gone",
    )


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.0 <= value < float("inf"):
        raise ValueError
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError
    return value


def run(args: argparse.Namespace) -> int:
    """Serve until stopped; the exit code: 0, or 2 when it can't start."""
    try:
        faults = read_faults(args.faults) if args.faults else Faults(Table())
    except UnusableFaults as error:
        return _give_up(str(error))
    try:
        listener = _listen(args.port)
    except (OSError, OverflowError) as error:
        return _give_up(f"Port {args.port} can't be used: {error}. Choose another with --port, or --port 0.")
    with listener:
        folder = args.data.expanduser().absolute()
        try:
            store = Store(folder, secrets.token_hex(8))
            log = RequestLog(folder)
        except (OSError, sqlite3.Error) as error:
            return _give_up(f"The folder {folder} can't be used: {error}. Choose another with --data.")
        try:
            key = args.key or os.environ.get(KEY_VARIABLE) or DEFAULT_KEY
            stock = Path(os.environ[STOCK_VARIABLE]) if os.environ.get(STOCK_VARIABLE) else None
            sandbox = Sandbox(
                store=store,
                pool=Pool(store, draft=args.draft, stock=stock),
                log=log,
                quota=Quota(args.per_minute, args.in_flight),
                faults=faults,
                key=key,
                latency=args.latency,
                retention=args.retention,
            )
            asyncio.run(_serve(sandbox, listener, stop_with_stdin=args.stop_with_stdin))
        finally:
            store.close()
    return 0


async def _serve(sandbox: Sandbox, listener: socket.socket, *, stop_with_stdin: bool) -> None:
    config = uvicorn.Config(
        application(sandbox),
        log_level="warning",
        access_log=False,
        lifespan="on",
        http=ExposedConnection,
        ws="none",
        server_header=False,
        # A download that is under way when the server is told to stop must not hold it.
        timeout_graceful_shutdown=1,
    )
    server = Server(config)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: server.stop())
    if stop_with_stdin:
        # An interrupt of the program that started it reaches the whole group; it is not meant for the server.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(target=_stop_with_stdin, args=(server,), daemon=True).start()
    await server.serve([listener])


class Server(uvicorn.Server):
    """Uvicorn, told when to be ready and when to stop by us."""

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        """Leave signals to `_serve`: uvicorn would raise them again at its end, and the exit code would be odd."""
        return contextlib.nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, and say so."""
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            sys.stdout.write(f"READY http://{host}:{port}\n")
            sys.stdout.flush()

    def stop(self) -> None:
        """End soon; from any thread."""
        self.should_exit = True


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            # Windows means something else by it: there two servers could share the port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except BaseException:
        listener.close()
        raise
    return listener


def _stop_with_stdin(server: Server) -> None:
    # os.read, for a buffered reader would hold a lock that the end of the process waits for.
    while os.read(0, 4096):
        pass
    server.stop()


def _give_up(message: str) -> int:
    sys.stderr.write(f"{message}\n")
    return 2


def main(argv: list[str] | None = None) -> int:
    """Run the sandbox with these arguments; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m veo_nb.sandbox")
    add_arguments(parser)
    return run(parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
