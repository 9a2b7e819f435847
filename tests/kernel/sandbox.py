"""The sandbox as a process of the test's own, and what it has been asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any, Self

from tests.kernel.fork import launch

ROOT = Path(__file__).parents[2]


def requests(data: Path) -> list[dict[str, Any]]:
    """Every request a sandbox has seen, oldest first, from the log in its data folder."""
    log = data / "requests.jsonl"
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []


def submits(data: Path) -> list[dict[str, Any]]:
    """The requests that would have cost money."""
    return [entry for entry in requests(data) if entry["method"] == "POST"]


def clips(folder: Path) -> list[Path]:
    """The videos in the library beside a notebook; what the sandbox keeps for itself is hidden in `.sandbox`."""
    library = folder / "veo_library"
    return sorted(path for path in library.rglob("*.mp4") if ".sandbox" not in path.parts)


class Sandbox:
    """`python -m veo_nb.sandbox` on a free port; videos are ready after `latency` seconds."""

    def __init__(self, data: Path, latency: float = 0.0, *options: str) -> None:
        self.data = data
        self._before = 0
        self.process = launch(
            "veo_nb.sandbox",
            ["--port", "0", "--data", str(data), "--latency", str(latency), *options],
            ROOT,
            {**os.environ},
            streams=(subprocess.DEVNULL, subprocess.PIPE, 2),
        )
        assert self.process.stdout
        ready = self.process.stdout.readline()
        assert ready.startswith("READY "), ready
        self.url = ready.split()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on()
        self.process.terminate()
        with self.process:
            self.process.wait(60)

    def hold(self) -> None:
        """Stop it where it is: no clip is ready before it goes on, however long the machine takes."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    @property
    def environment(self) -> dict[str, str]:
        """What points a studio at it."""
        return {"VEO_NB_PROVIDER": "sandbox", "VEO_NB_BASE_URL": self.url}

    def forget(self) -> None:
        """Begin to count what is asked from here."""
        self._before = len(submits(self.data))

    @property
    def submits(self) -> list[dict[str, Any]]:
        return submits(self.data)[self._before :]

    def sent(self, prompt: str) -> list[dict[str, Any]]:
        """The submits of this very prompt."""
        return [entry for entry in self.submits if entry["body"]["instances"][0]["prompt"] == prompt]
