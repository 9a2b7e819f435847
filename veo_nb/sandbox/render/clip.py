"""Render a recipe into MP4 files; a process of its own that dies with the server.

    python -m veo_nb.sandbox.render.clip FOLDER

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

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from veo_nb.media.encode import FPS, RATE, Writer
from veo_nb.media.join import join, sound_of
from veo_nb.sandbox.reading import read_change, read_prompt, seed_of
from veo_nb.sandbox.recipe import prompts_of
from veo_nb.sandbox.render.photo import Photo, grade
from veo_nb.sandbox.render.scene import Scene, Weather, eased
from veo_nb.sandbox.render.stage import Bytes, lay, mix, rasters, vignette
from veo_nb.sandbox.sound.ambience import DRAFT_LOOP, LOOP, Samples, ambience, fade_over

DRAFT_EVERY = FPS
"""In a draft a picture is drawn so often, and stands until the next: from one key frame to another nothing moves."""
DRAFT_LARGEST = 320 * 180
"""Pixels up to which a draft is drawn, where its size can be halved and halved again."""
LARGEST = 1920 * 1080
"""Pixels up to which a landscape is painted; the encoder scales it up from there."""
STEPS = 20
"""How coarsely x264 rounds: as its constant rate factor of 23 does where things move."""
CODER = "fast"
"""How sound is written: there is little to choose in wind and slow chords."""


def render(recipe: dict[str, Any], sample: int, folder: Path, out: Path, *, draft: bool = False) -> None:
    """Write one clip of a recipe to `out`; paths in the recipe are relative to `folder`.

    A draft is as large, as long and as loud as the clip, and takes a fraction of the work: it jerks and is blurred.
    """
    part = out.with_suffix(".part")
    new = out.with_suffix(".new") if recipe["source"] else part
    try:
        _write(recipe, sample, folder, new, draft=draft)
        if recipe["source"]:
            size = recipe["width"], recipe["height"]
            join([folder / recipe["source"], new], part, size=size, coder=CODER)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
        new.unlink(missing_ok=True)


def _write(recipe: dict[str, Any], sample: int, folder: Path, out: Path, *, draft: bool) -> None:
    width, height, seconds = recipe["width"], recipe["height"], recipe["seconds"]
    if recipe.get("edits"):
        _edit(recipe, folder, out)
        return
    size = _drafted(width, height) if draft else (width, height)
    shot = Shot(recipe["shot"], prompts_of(recipe["shot"], sample), folder, size, seconds)
    audible, steps = recipe.get("sound", True), 9 if recipe.get("lossless") else 27 if draft else STEPS
    every = DRAFT_EVERY if draft else 1
    with _writer(out, width, height, sound=audible, steps=steps) as writer:
        if audible:
            sound = shot.sound(round(seconds * RATE), DRAFT_LOOP if draft else LOOP)
            if recipe["source"] and not recipe["shot"]["start"]:
                fade_over(sound, sound_of(folder / recipe["source"]))
            writer.add_sound(sound)
        count = round(seconds * FPS)
        for index in range(count):
            # The last one is where another clip may go on.
            if index % every == 0 or index == count - 1:
                picture = writer.fit_picture(shot.picture(index))
            writer.add_picture(picture)


def _edit(recipe: dict[str, Any], folder: Path, out: Path) -> None:
    """Write a video that is there once more, changed as the prompt says: light, weather, colour."""
    source, width, height = folder / recipe["edits"], recipe["width"], recipe["height"]
    change = read_change(recipe["shot"]["prompts"][-1])
    airs = [Weather(raster, seed_of("edit"), change.weather) for raster in rasters(width, height)]
    finish = Finish(width, height)
    with av.open(str(source)) as container, _writer(out, width, height) as writer:
        writer.add_sound(sound_of(source))
        for index, found in enumerate(container.decode(video=0)):
            picture = np.asarray(found.reformat(width, height, "yuv420p").to_ndarray(), dtype=np.uint8)
            planes = finish.planes(picture)
            if change.graded:
                planes[0][:], planes[1][:] = grade(planes, change.light, 1.0)
            if change.tint is not None:
                tint = (change.tint[1:, None, None] + np.float32(128.5)).astype(np.uint8)
                planes[1][:] = mix(planes[1], tint, 0.7)
            if change.grey:
                planes[1][:] = 128
            finish.frame(picture)
            for air, view in zip(airs, planes, strict=True):
                air.paint(view, change.light, index / FPS)
            writer.add_picture(picture)


def _drafted(width: int, height: int) -> tuple[int, int]:
    """The size in which the draft of a clip is drawn; the encoder scales it up."""
    while width * height > DRAFT_LARGEST and width % 4 == height % 4 == 0:
        width, height = width // 2, height // 2
    return width, height


def _writer(out: Path, width: int, height: int, *, sound: bool = True, steps: int = STEPS) -> Writer:
    # Two threads: one picture is encoded while the next is drawn. What moves quickly does so by whole pixels, which the
    # quickest preset finds again.
    return Writer(out, width, height, sound=sound, preset="ultrafast", steps=steps, threads=2, coder=CODER)


class Shot:
    """One shot of `seconds`, drawn picture by picture, at most at `size`. `shot` is a recipe's, see `veo_nb.sandbox.recipe`."""

    def __init__(
        self, shot: dict[str, Any], prompts: list[str], folder: Path, size: tuple[int, int], seconds: float
    ) -> None:
        self.start, self.seconds = float(shot["start"]), seconds
        self.prompts = [read_prompt(text, shot["avoid"]) for text in prompts]
        paths = [path for path in (shot["image"], shot["last"]) if path]
        self.photos = [Photo(_opened(folder, path), *size, prompts[0]) for path in paths]
        self.scene = None
        width, height = size
        if not self.photos:
            if width * height > LARGEST:
                width, height = width // 2, height // 2
            pictures = [_opened(folder, path) for path in shot["references"]]
            self.scene = Scene(self.prompts, (width, height), (self.start, self.start + seconds), pictures)
        self.finish = Finish(width, height)
        self._picture = np.zeros((height * 3 // 2, width), dtype=np.uint8)

    def picture(self, index: int) -> Bytes:
        """The picture with this number, YUV 4:2:0 in stacked planes; the array is used again for the next."""
        seconds = self.start + index / FPS
        planes = self.finish.planes(self._picture)
        if self.scene is not None:
            self.scene.paint(planes, seconds, index)
            self.finish.frame(self._picture)
        else:
            for plane, seen in zip(planes, self._view(seconds), strict=True):
                plane[:] = seen
            self.finish.frame(self._picture, self._touch(seconds))
        return self._picture

    def sound(self, samples: int, loop: int = LOOP) -> Samples:
        """Stereo at 48 kHz, (samples, 2), whose noises repeat after so many seconds."""
        return ambience(self.prompts, self.start, samples, loop=loop)

    def _view(self, seconds: float) -> tuple[Bytes, Bytes]:
        if len(self.photos) == 1:
            view = self.photos[0].view(seconds)
            for index, prompt in enumerate(self.prompts[1:], 1):
                if prompt.timed:
                    last = index == len(self.prompts) - 1
                    view = grade(
                        view, prompt.light, eased((seconds - self.start) / self.seconds) if last else 1.0
                    )
            return view
        end = self.seconds - 1 / FPS
        part = eased((seconds / end - 0.28) / 0.44)
        if part <= 0.0:
            return self.photos[0].view(seconds)
        # The second picture is under a camera that comes to rest on it.
        before, after = self.photos[0].view(seconds), self.photos[1].view(max(0.0, end - seconds))
        return mix(before[0], after[0], part), mix(before[1], after[1], part)

    def _touch(self, seconds: float) -> float:
        """How much of the vignette there is: none on pictures that must be the ones that were sent."""
        touch = eased(seconds / 1.5)
        if len(self.photos) > 1:
            touch = min(touch, eased((self.seconds - 1 / FPS - seconds) / 1.5))
        return touch


def _opened(folder: Path, path: str) -> Image.Image:
    with Image.open(folder / path) as image:
        upright: Image.Image = image.convert("RGB")
        return upright


class Finish:
    """The last touch on a picture: darker corners, where it has none of its own, and the mark that says SANDBOX."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        text, shadow = mark(width, height)
        margin = round(min(width, height) * 0.032)
        rows, columns = text.shape
        self._corner = (
            slice(height - margin - rows, height - margin),
            slice(width - margin - columns, width - margin),
        )
        keep = (1.0 - shadow) * (1.0 - text)
        self._mark = (
            (keep * 256.0 + 0.5).astype(np.uint16),
            (219.0 * text + 16.5 - 16.0 * keep).astype(np.uint8),
        )
        self._amount = 0.0
        self._shade: list[tuple[NDArray[np.uint16], Bytes]] = []

    def frame(self, picture: Bytes, amount: float = 0.0) -> None:
        """Touch a picture, in place: YUV 4:2:0, limited range, planes stacked as (height * 3/2, width).

        `amount` is how much of the vignette there is, from 0 to 1.
        """
        if amount != self._amount:
            keep = 256.5 - (256.0 - 256.0 * vignette(self.width, self.height, 0.14)) * np.float32(amount)
            kept, self._amount = keep.astype(np.uint16), amount
            pale = np.ascontiguousarray(kept[::2, ::2])
            self._shade = [
                (part, ((256 - part) * np.uint16(zero) + np.uint16(255) >> 8).astype(np.uint8))
                for part, zero in ((kept, 16), (pale, 128))
            ]
        if amount:
            for plane, shade in zip(self.planes(picture), self._shade, strict=True):
                lay(plane, *shade)
        lay(picture[self._corner], *self._mark)

    def planes(self, frame: Bytes) -> tuple[Bytes, Bytes]:
        """A frame's luma, (1, height, width), and its colours, (2, height / 2, width / 2)."""
        colours = frame[self.height :].reshape(2, self.height // 2, self.width // 2)
        return frame[None, : self.height], colours


def mark(width: int, height: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The word SANDBOX as coverage, and the soft shadow that keeps it legible on white."""
    unit = min(width, height)
    font = ImageFont.load_default(unit * 0.0245)
    spacing = unit * 0.0065
    lengths = [font.getlength(letter) for letter in "SANDBOX"]
    pad = round(unit * 0.012)
    size = (round(sum(lengths) + spacing * 6) + 2 * pad, round(unit * 0.03) + 2 * pad)
    sheet = Image.new("L", size)
    draw = ImageDraw.Draw(sheet)
    x = float(pad)
    for letter, length in zip("SANDBOX", lengths, strict=True):
        draw.text((x, size[1] / 2), letter, fill=255, font=font, anchor="lm")
        x += length + spacing
    blurred = sheet.filter(ImageFilter.GaussianBlur(unit * 0.004))
    text = np.asarray(sheet, dtype=np.float32) / 255.0 * 0.5
    shadow = np.clip(np.asarray(blurred, dtype=np.float32) / 255.0 * 0.5, 0.0, 0.35)
    return text, shadow


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
