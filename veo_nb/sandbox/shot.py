"""What a recipe shows and sounds like, as a function of time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from veo_nb.media.encode import FPS
from veo_nb.sandbox.camera import Photo, dissolve, grade
from veo_nb.sandbox.finish import Finish
from veo_nb.sandbox.mood import read_mood
from veo_nb.sandbox.noise import Array
from veo_nb.sandbox.scene import Scene
from veo_nb.sandbox.sound import Samples, ambience

LARGEST = 1920 * 1080
"""Pixels up to which a landscape is painted; the encoder scales it up from there."""


class Shot:
    """One shot of `seconds`, drawn picture by picture. `shot` is a recipe's, see `veo_nb.sandbox.recipe`.

    Pictures may be smaller than `size` asks: the encoder scales them.
    """

    def __init__(
        self, shot: dict[str, Any], moods: list[str], folder: Path, size: tuple[int, int], seconds: float
    ) -> None:
        self.start = float(shot["start"])
        self.seconds = seconds
        self.moods = [read_mood(text, shot["avoid"]) for text in moods]
        self.photos = [
            Photo(_opened(folder, path), *size, moods[0]) for path in (shot["image"], shot["last"]) if path
        ]
        self.scene = None
        width, height = size
        if not self.photos:
            if width * height > LARGEST:
                width, height = width // 2, height // 2
            pictures = [_opened(folder, path) for path in shot["references"]]
            self.scene = Scene(self.moods, (width, height), (self.start, self.start + seconds), pictures)
        self.finish = Finish(width, height, vignette=0.14 if self.photos else 0.22)

    def picture(self, index: int) -> NDArray[np.uint8]:
        """The picture with this number, YUV 4:2:0 in stacked planes."""
        seconds = self.start + index / FPS
        if self.scene is not None:
            return self.finish.frame(*self.scene.paint(seconds, index), index)
        return self.finish.frame(*self._view(seconds), index, self._touch(seconds))

    def sound(self, samples: int) -> Samples:
        """Stereo at 48 kHz, (samples, 2)."""
        return ambience(self.moods, self.start, samples)

    def _view(self, seconds: float) -> tuple[Array, Array]:
        if len(self.photos) == 1:
            view = self.photos[0].view(seconds)
            for index, mood in enumerate(self.moods[1:], 1):
                if mood.timed:
                    last = index == len(self.moods) - 1
                    grade(view, mood.light, _eased((seconds - self.start) / self.seconds) if last else 1.0)
            return view
        end = self.seconds - 1 / FPS
        part = _eased((seconds / end - 0.28) / 0.44)
        if part <= 0.0:
            return self.photos[0].view(seconds)
        # The second picture is under a camera that comes to rest on it.
        arriving = self.photos[1].view(max(0.0, end - seconds))
        return arriving if part >= 1.0 else dissolve(self.photos[0].view(seconds), arriving, part)

    def _touch(self, seconds: float) -> float:
        """How much of the vignette there is: none on pictures that must be the ones that were sent."""
        touch = _eased(seconds / 1.5)
        if len(self.photos) > 1:
            touch = min(touch, _eased((self.seconds - 1 / FPS - seconds) / 1.5))
        return touch


def _opened(folder: Path, path: str) -> Image.Image:
    with Image.open(folder / path) as image:
        upright: Image.Image = image.convert("RGB")
        return upright


def _eased(part: float) -> float:
    part = min(1.0, max(0.0, part))
    return part * part * (3.0 - 2.0 * part)
