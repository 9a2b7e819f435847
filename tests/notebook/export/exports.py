"""A sweep to be given away, made in memory: five clips of two kinds, one blocked, two that can't be made."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import numpy as np

from tests.world import Service
from veo_nb.media.encode import RATE, Writer
from veo_nb.sweep.sweep import Sweep

COLOURS = {"fox": (200, 40, 30), "owl": (30, 60, 190)}
PROMPT = "A {{animal}} at <b>dawn</b>. </script><script>alert(1)</script>"
AXES: dict[str, Any] = {
    "animal": ["fox", "owl"],
    "duration_seconds": {"long & <i>slow</i>": 8, "short": 4},
    "resolution": {"small": "720p", "large": "1080p"},
}
BLOCKED = httpx2.Response(400, json={"error": {"message": "content policy violation"}})


@cache
def write_clip(colour: tuple[int, int, int], seconds: float, size: tuple[int, int]) -> bytes:
    """A clip of one colour that a bright bar goes through, with a tone; the same for all who ask."""
    width, height = size
    frames = round(seconds * 24)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        with Writer(path, width, height, preset="ultrafast") as writer:
            for index in range(frames):
                picture = np.empty((height, width, 3), np.uint8)
                picture[:] = colour
                at = index * (width - 16) // frames
                picture[:, at : at + 16] = 255
                writer.add_picture(picture)
            tone = 0.3 * np.sin(np.arange(round(seconds * RATE)) / RATE * 2 * np.pi * 440)
            writer.add_sound(np.stack([tone, tone], axis=1).astype(np.float32))
        return path.read_bytes()


def make_sweep(
    make_studio: Callable[..., Any],
    service: Service,
    *,
    seconds: float = 1.0,
    size: tuple[int, int] = (320, 180),
) -> Sweep:
    """Two animals by two lengths by two resolutions: short clips are not to be had large, and a large fox is blocked."""
    clips = {name: write_clip(colour, seconds, size) for name, colour in COLOURS.items()}

    def send(name: str) -> Callable[[httpx2.Request], httpx2.Response]:
        def answer(request: httpx2.Request) -> httpx2.Response:
            service.clip = clips[name]
            return service.send(request)

        return answer

    service.submits = [None, BLOCKED]
    service.downloads = [send("fox"), send("owl"), send("owl"), send("fox"), send("owl")]
    studio = make_studio(max_in_flight=1)
    sweep: Sweep = studio.sweep(PROMPT, axes=AXES)
    return sweep.wait(60)
