"""Renders operations in processes of their own, so that polls are answered quickly meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import secrets
import sqlite3
import subprocess
import sys
import time
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any, Self

from veo_nb.sandbox.store import Operation, Store

INTERNAL = 13
"""gRPC's code for a failure of the server."""
TICK = 0.5
"""Seconds between two looks for work that another server left behind."""
IDLE = 60.0
"""Seconds after which a process without work is let go."""


class Pool:
    """Up to `size` rendering processes, each started when there is work for it."""

    def __init__(
        self, store: Store, size: int | None = None, *, draft: bool = False, stock: Path | None = None
    ) -> None:
        self.store = store
        self.draft = draft
        self.stock = Stock(stock) if draft and stock is not None else None
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
            problem = await self._make(operation, [f"files/{name}.mp4" for name in names], renderer)
            if problem:
                self.store.fail(
                    operation.id, INTERNAL, f"The clip could not be rendered: {problem}", time.time()
                )
            else:
                self.store.finish(operation.id, names, time.time())
        finally:
            self._busy.discard(operation.id)
        return True

    async def _make(self, operation: Operation, paths: list[str], renderer: Renderer) -> str:
        """Take an operation's clips from the stock or render them; why that failed, or an empty string."""
        files = [self.store.folder / path for path in paths]
        stock = self.stock
        if stock is not None and await asyncio.to_thread(stock.take, operation, files):
            return ""
        problem = await renderer.render(operation, paths)
        if stock is not None and not problem:
            await asyncio.to_thread(stock.keep, operation, files[0])
        return problem


class Stock:
    """Drafts for programs that look at no picture: a new one is a copy of the first that had its size, length and sound.

    No two are the same file: each has the recipe's own mark in it, where players look past it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def take(self, operation: Operation, files: list[Path]) -> bool:
        """Write an operation's clips; False where there is none of this kind yet."""
        kept = self._kept(operation)
        if kept is None or not kept.exists():
            return False
        clip = kept.read_bytes()
        for sample, file in enumerate(files):
            mark = hashlib.sha256(f"{operation.id} {operation.recipe} {sample}".encode()).digest()
            part = file.with_suffix(".part")
            part.write_bytes(clip + (8 + len(mark)).to_bytes(4) + b"free" + mark)
            part.replace(file)
        return True

    def keep(self, operation: Operation, file: Path) -> None:
        """Let others be copies of this one."""
        kept = self._kept(operation)
        if kept is not None and not kept.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            part = self.folder / f"{operation.id}.part"
            part.write_bytes(file.read_bytes())
            part.replace(kept)

    def _kept(self, operation: Operation) -> Path | None:
        """Where the clip of a kind is, or None for one that shows something of the user's."""
        recipe: dict[str, Any] = operation.recipe
        shot = recipe["shot"]
        if recipe["source"] or recipe.get("edits") or shot["image"] or shot["last"] or shot["references"]:
            return None
        kind = [recipe.get(name) for name in ("width", "height", "seconds", "sound", "lossless")]
        return self.folder / ("-".join(map(str, kind)) + ".mp4")


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
            # Elsewhere it lets others go first by itself.
            creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),
        )
