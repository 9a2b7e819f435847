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
from veo_nb.sandbox.render.photo import Photo, bound, dissolve, grade
from veo_nb.sandbox.render.scene import Scene, Weather, bands, eased
from veo_nb.sandbox.render.shapes import Array
from veo_nb.sandbox.render.stage import rasters
from veo_nb.sandbox.sound.ambience import DRAFT_LOOP, LOOP, Samples, ambience, fade_over

DRAFT_EVERY = FPS
"""In a draft a picture is drawn so often, and stands until the next: from one key frame to another nothing moves."""
DRAFT_LARGEST = 320 * 180
"""Pixels up to which a draft is drawn, where its size can be halved and halved again."""
LARGEST = 1920 * 1080
"""Pixels up to which a landscape is painted; the encoder scales it up from there."""
TUNING = "subme=1:no-deblock=0"
"""What x264 does beyond its quickest preset: it finds movement by less than a pixel, which saves a third of the file."""
CODER = "fast"
"""How sound is written: there is little to choose in wind and slow chords."""
GRAIN = 0.8
"""Spread of the grain, in steps of 8-bit luma: enough that a sky does not band."""


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
    audible, crf = recipe.get("sound", True), 12 if recipe.get("lossless") else 30 if draft else 23
    every = DRAFT_EVERY if draft else 1
    with _writer(out, width, height, sound=audible, crf=crf) as writer:
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
    finish = Finish(width, height, vignette=0.0)
    with av.open(str(source)) as container, _writer(out, width, height) as writer:
        writer.add_sound(sound_of(source))
        for index, found in enumerate(container.decode(video=0)):
            planes = found.reformat(width, height, "yuv420p").to_ndarray()
            luma = planes[:height].astype(np.float32) - 16.0
            chroma = planes[height:].reshape(2, height // 2, width // 2).astype(np.float32) - 128.0
            if change.graded:
                grade((luma, chroma), change.light, 1.0)
            if change.tint is not None:
                chroma += (change.tint[1:, None, None] - chroma) * np.float32(0.7)
            if change.grey:
                chroma *= 0.0
            bound((luma, chroma))
            picture = finish.frame(luma, chroma, index, 0.0)
            for air, view in zip(airs, finish.planes(picture), strict=True):
                air.paint(view, change.light, index / FPS)
            writer.add_picture(picture)


def _drafted(width: int, height: int) -> tuple[int, int]:
    """The size in which the draft of a clip is drawn; the encoder scales it up."""
    while width * height > DRAFT_LARGEST and width % 4 == height % 4 == 0:
        width, height = width // 2, height // 2
    return width, height


def _writer(out: Path, width: int, height: int, *, sound: bool = True, crf: int = 23) -> Writer:
    # Two threads: one picture is encoded while the next is drawn.
    return Writer(
        out, width, height, sound=sound, preset="ultrafast", tuning=TUNING, crf=crf, threads=2, coder=CODER
    )


class Shot:
    """One shot of `seconds`, drawn picture by picture. `shot` is a recipe's, see `veo_nb.sandbox.recipe`.

    Pictures may be smaller than `size` asks: the encoder scales them.
    """

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
        self.finish = Finish(width, height, vignette=0.14 if self.photos else 0.22)

    def picture(self, index: int) -> NDArray[np.uint8]:
        """The picture with this number, YUV 4:2:0 in stacked planes."""
        seconds = self.start + index / FPS
        if self.scene is not None:
            luma, chroma, since = self.scene.paint(seconds, index)
            out = self.finish.frame(luma, chroma, index, since=since)
            self.scene.fly(self.finish.planes(out), seconds)
            return out
        view = self._view(seconds)
        bound(view)
        return self.finish.frame(*view, index, self._touch(seconds))

    def sound(self, samples: int, loop: int = LOOP) -> Samples:
        """Stereo at 48 kHz, (samples, 2), whose noises repeat after so many seconds."""
        return ambience(self.prompts, self.start, samples, loop=loop)

    def _view(self, seconds: float) -> tuple[Array, Array]:
        if len(self.photos) == 1:
            view = self.photos[0].view(seconds)
            for index, prompt in enumerate(self.prompts[1:], 1):
                if prompt.timed:
                    last = index == len(self.prompts) - 1
                    grade(view, prompt.light, eased((seconds - self.start) / self.seconds) if last else 1.0)
            return view
        end = self.seconds - 1 / FPS
        part = eased((seconds / end - 0.28) / 0.44)
        if part <= 0.0:
            return self.photos[0].view(seconds)
        # The second picture is under a camera that comes to rest on it.
        arriving = self.photos[1].view(max(0.0, end - seconds))
        return arriving if part >= 1.0 else dissolve(self.photos[0].view(seconds), arriving, part)

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
    """The last touch on every picture: vignette, a little grain, and the mark that says SANDBOX."""

    def __init__(self, width: int, height: int, *, vignette: float = 0.22) -> None:
        self.width, self.height = width, height
        x = np.linspace(-0.575, 0.575, width, dtype=np.float32)[None, :]
        y = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
        away = np.clip(np.hypot(x, y) / np.float32(0.72), 0.0, 1.0).astype(np.float32, copy=False)
        self._dark = -np.float32(vignette) * away ** np.float32(2.4)
        self._kept = np.empty((height * 3 // 2, width), dtype=np.uint8)
        self._amount = -1.0
        self._mark, self._shadow = mark(width, height)
        margin = round(min(width, height) * 0.032)
        rows, columns = self._mark.shape
        self._corner = (
            slice(height - margin - rows, height - margin),
            slice(width - margin - columns, width - margin),
        )
        # A little of it, which stays in the processor's cache; each band of rows begins somewhere in it.
        tall = max(rows, *(band.stop - band.start for band in bands(height, width)))
        lot = np.random.default_rng(7)
        grain = lot.standard_normal((tall + 64, width + 64), dtype=np.float32) * np.float32(GRAIN)
        # What rounds to the nearest step, and where black is.
        self._grain = grain + np.float32(16.5)
        self._lot = lot.integers(0, 64, (997, 2)).tolist()

    def frame(
        self, luma: Array, chroma: Array, index: int, amount: float = 1.0, since: int = 0
    ) -> NDArray[np.uint8]:
        """A frame: YUV 4:2:0, limited range, planes stacked as (height * 3/2, width).

        `luma` is (height, width) from 0 to 219, `chroma` (2, height / 2, width / 2) about 0; `amount` is how much of
        the vignette there is, from 0 to 1. Rows above `since`, an even number, are as in the frame before.
        """
        if amount != self._amount:
            self._shade, self._amount = 1.0 + self._dark * np.float32(amount), amount
            self._pale = np.ascontiguousarray(self._shade[::2, ::2])
        out, colours = self.planes(self._kept)
        for number, rows in enumerate(bands(self.height, self.width, since)):
            self._expose(luma[rows] * self._shade[rows], 31 * index + number, out[0, rows])
        corner = luma[self._corner] * self._shade[self._corner] * (1.0 - self._shadow)
        corner += (219.0 - corner) * self._mark
        self._expose(corner, index, out[0][self._corner])
        for rows in bands(self.height // 2, self.width, since // 2):
            tint = chroma[:, rows] * self._pale[rows]
            tint += np.float32(128.5)
            colours[:, rows] = tint
        return self._kept.copy()

    def planes(self, frame: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """A frame's luma, (1, height, width), and its colours, (2, height / 2, width / 2)."""
        colours = frame[self.height :].reshape(2, self.height // 2, self.width // 2)
        return frame[None, : self.height], colours

    def _expose(self, luma: Array, number: int, out: NDArray[np.uint8]) -> None:
        down, across = self._lot[number % len(self._lot)]
        # No grain is so coarse that it leaves the 8 bits.
        luma += self._grain[down : down + luma.shape[0], across : across + luma.shape[1]]
        out[:] = luma


def mark(width: int, height: int) -> tuple[Array, Array]:
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
