"""Renders operations in processes of their own, so that polls are answered quickly meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import sqlite3
import sys
import time
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Self

from veo_nb.sandbox.store import Operation, Store

INTERNAL = 13
"""gRPC's code for a failure of the server."""
TICK = 0.5
"""Seconds between two looks for work that another server left behind."""
IDLE = 60.0
"""Seconds after which a process without work is let go."""


class Pool:
    """Up to `size` rendering processes, each started when there is work for it."""

    def __init__(self, store: Store, size: int | None = None, *, draft: bool = False) -> None:
        self.store = store
        self.draft = draft
        self.size = size or max(1, (os.cpu_count() or 2) - 1)
        self._work = asyncio.Event()
        self._slots: list[asyncio.Task[None]] = []
        self._busy: set[str] = set()

    def start(self) -> None:
        """Begin to look for work."""
        self._slots = [asyncio.create_task(self._run()) for _ in range(self.size)]

    def wake(self) -> None:
        """There is something new."""
        self._work.set()

    async def stop(self) -> None:
        """Drop what is being rendered; the next server finds it."""
        for slot in self._slots:
            slot.cancel()
        await asyncio.gather(*self._slots, return_exceptions=True)

    async def _run(self) -> None:
        async with Renderer(self.store.folder, draft=self.draft) as renderer:
            idle = 0.0
            while True:
                self._work.clear()
                try:
                    worked = await self._render_one(renderer)
                except sqlite3.OperationalError as error:
                    # A full disk, or another server that holds the file: what was claimed is tried again.
                    sys.stderr.write(f"The sandbox can't write down its work, and tries again: {error}.\n")
                    worked = False
                if worked:
                    idle = 0.0
                    continue
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TICK):
                        await self._work.wait()
                idle += TICK
                if idle > IDLE:
                    await renderer.stop()

    async def _render_one(self, renderer: Renderer) -> bool:
        """Take the next operation and render it; whether there was one."""
        operation = self.store.claim(self._busy)
        if operation is None:
            return False
        self._busy.add(operation.id)
        try:
            names = [secrets.token_hex(12) for _ in range(operation.recipe["samples"])]
            problem = await renderer.render(operation, [f"files/{name}.mp4" for name in names])
            if problem:
                self.store.fail(
                    operation.id, INTERNAL, f"The clip could not be rendered: {problem}", time.time()
                )
            else:
                self.store.finish(operation.id, names, time.time())
        finally:
            self._busy.discard(operation.id)
        return True


class Renderer:
    """One rendering process, started at its first job."""

    def __init__(self, folder: Path, *, draft: bool = False) -> None:
        self.folder = folder
        self.draft = draft
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def render(self, operation: Operation, paths: list[str]) -> str:
        """Render all samples of an operation; why it failed, or an empty string."""
        if self._process is None or self._process.returncode is not None:
            self._process = await self._start()
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        job = json.dumps({"recipe": operation.recipe, "files": paths, "draft": self.draft})
        with contextlib.suppress(ConnectionError):
            process.stdin.write(job.encode() + b"\n")
            await process.stdin.drain()
        line = await process.stdout.readline()
        if not line:
            code = await process.wait()
            return f"the renderer ended with code {code}."
        return str(json.loads(line).get("error", ""))

    async def stop(self) -> None:
        """End the process, in the middle of a job if need be."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            self._process = None

    async def _start(self) -> Process:
        # It runs in the data folder, so that a file of the user's called queue.py is not taken for Python's.
        path = os.pathsep.join(str(Path(item).resolve()) for item in sys.path)
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "veo_nb.sandbox.render.clip",
            str(self.folder.resolve()),
            stdin=PIPE,
            stdout=PIPE,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": path},
        )
