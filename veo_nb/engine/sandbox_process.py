"""The sandbox as a process of our own: started when first needed, gone when the kernel goes."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from veo_nb.credentials.keys import SANDBOX_KEY
from veo_nb.errors import VeoError

START_SECONDS = 60.0
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|COOKIE", re.IGNORECASE)


class LocalServer:
    """Starts `python -m veo_nb.sandbox` on a free port, with its data in `folder`.

    The server's standard input is a pipe that this process holds: however this process ends, the pipe closes and
    the server with it.
    """

    def __init__(self, folder: Path, latency: float = 4.0) -> None:
        self.folder = folder
        self.latency = latency
        self.base_url = ""
        self._process: subprocess.Popen[str] | None = None
        self._ended = False
        self._lock = threading.Lock()

    @property
    def alive(self) -> bool:
        """Whether the server runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> str:
        """The base URL of a running server; blocks for about a second when it has to start one.

        Raises:
            VeoError: it does not start; its own words are in the message.
        """
        with self._lock:
            if not self.alive:
                self._stop()
                self.base_url = self._start()
            return self.base_url

    def stop(self) -> None:
        """End the server for good."""
        self._ended = True
        process = self._process
        if process is not None:
            # One that is just starting: whoever waits for its first line need wait no longer.
            process.terminate()
        with self._lock:
            self._stop()

    def _start(self) -> str:
        if self._ended:
            raise VeoError("The sandbox was stopped.", hint="Make another studio.")
        self.folder.mkdir(parents=True, exist_ok=True)
        root = str(Path(__file__).parents[2])
        path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
        with (self.folder / "server.log").open("w", encoding="utf-8") as log:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "veo_nb.sandbox", "--port", "0", "--stop-with-stdin"),
                    *("--data", str(self.folder), "--latency", str(self.latency)),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                env={**_without_secrets(os.environ), "PYTHONPATH": path, "VEO_NB_SANDBOX_KEY": SANDBOX_KEY},
                # From its own folder, so that a file of the person's named like a module is not imported.
                cwd=self.folder,
                # An interrupt of the kernel's process group is not meant for it.
                start_new_session=True,
            )
        self._process = process
        line = _first_line(process, START_SECONDS)
        if not line.startswith("READY "):
            self._stop()
            words = (self.folder / "server.log").read_text("utf-8", "replace").strip().splitlines()
            raise VeoError(
                f"The sandbox did not start: {words[-1] if words else 'it said nothing'}",
                hint="%veo doctor looks for the reason.",
            )
        return line.removeprefix("READY ").strip()

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.terminate()
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(3)
        process.stdout.close()


def _without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that a server needs which knows nobody: none that is called a key, a token or the like."""
    return {name: value for name, value in environ.items() if not _SECRET.search(name)}


def _first_line(process: subprocess.Popen[str], seconds: float) -> str:
    """The first line a process prints; empty when it ends or stays silent for too long."""
    assert process.stdout is not None
    lines: queue.Queue[str] = queue.Queue()
    stdout = process.stdout
    threading.Thread(target=lambda: lines.put(stdout.readline()), name="veo-nb-sandbox", daemon=True).start()
    try:
        return lines.get(timeout=seconds)
    except queue.Empty:
        return ""
