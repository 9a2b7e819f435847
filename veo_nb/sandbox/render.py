"""Render a recipe into MP4 files; a process of its own that dies with the server.

    python -m veo_nb.sandbox.render FOLDER

reads jobs from standard input, a JSON object a line, `{"recipe": …, "files": [path, …], "draft": false}`, and answers
each with a line on standard output: `{}` when the files are there, `{"error": "why not"}` when not. When the input ends, because
the server closed it or died, the process ends too, in the middle of a job if need be.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from veo_nb.media.encode import FPS, RATE, Writer
from veo_nb.media.join import join, sound_of
from veo_nb.sandbox.recipe import mood_of
from veo_nb.sandbox.shot import Shot

FADE = 1.5
"""Seconds in which the sound of a clip that is not ours turns into the new one."""

DRAFT_EVERY = FPS
"""In a draft a picture is drawn so often, and stands until the next: from one key frame to another nothing moves."""


def render(recipe: dict[str, Any], sample: int, folder: Path, out: Path, *, draft: bool = False) -> None:
    """Write one clip of a recipe to `out`; paths in the recipe are relative to `folder`.

    A draft is as large, as long and as loud as the clip, and takes a fraction of the work, since it jerks.
    """
    part = out.with_suffix(".part")
    new = out.with_suffix(".new") if recipe["source"] else part
    try:
        _write(recipe, sample, folder, new, draft=draft)
        if recipe["source"]:
            join([folder / recipe["source"], new], part, size=(recipe["width"], recipe["height"]))
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
        new.unlink(missing_ok=True)


def _write(recipe: dict[str, Any], sample: int, folder: Path, out: Path, *, draft: bool) -> None:
    width, height, seconds = recipe["width"], recipe["height"], recipe["seconds"]
    shot = Shot(recipe["shot"], mood_of(recipe["shot"], sample), folder, (width, height), seconds)
    heard, crf = recipe.get("sound", True), 12 if recipe.get("lossless") else 22
    every, preset = (DRAFT_EVERY, "ultrafast") if draft else (1, "superfast")
    # Two threads: one picture is encoded while the next is drawn.
    with Writer(out, width, height, sound=heard, preset=preset, crf=crf, threads=2) as writer:
        if heard:
            sound = shot.sound(round(seconds * RATE))
            if recipe["source"] and not recipe["shot"]["start"]:
                _fade_over(sound, sound_of(folder / recipe["source"]))
            writer.add_sound(sound)
        count = round(seconds * FPS)
        for index in range(count):
            # The last one is where another clip may go on.
            if index % every == 0 or index == count - 1:
                picture = shot.picture(index)
            writer.add_picture(picture)


def _fade_over(sound: NDArray[np.float32], before: NDArray[np.float32]) -> None:
    """Let the end of what was heard before, backwards, fade into the new sound: the seam has no gap."""
    tail = before[::-1][: min(len(before), len(sound), round(FADE * RATE))]
    part = np.linspace(0.0, 1.0, len(tail), dtype=np.float32)[:, None]
    sound[: len(tail)] = sound[: len(tail)] * np.sqrt(part) + tail * np.sqrt(1.0 - part)


def serve(folder: Path) -> None:
    """Do the jobs that come in until the input ends."""
    if hasattr(os, "nice"):
        os.nice(10)  # the person's own work comes first
    # Control-C is for the server, which then ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    jobs: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    while True:
        job = json.loads(jobs.get())
        answer = {}
        try:
            for sample, name in enumerate(job["files"]):
                render(job["recipe"], sample, folder, folder / name, draft=job["draft"])
        except Exception as error:  # noqa: BLE001 - the operation ends with it, and the log has the trace
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _listen(jobs: queue.SimpleQueue[bytes]) -> None:
    rest = b""
    # os.read, for a buffered reader would hold a lock that the end of the process waits for.
    while chunk := os.read(0, 65536):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            jobs.put(line)
    os._exit(0)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
