"""The last touch on every picture: vignette, a little grain, and the mark that says SANDBOX."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from veo_nb.sandbox.noise import Array

GRAIN = 0.8
"""Spread of the grain, in steps of 8-bit luma: enough that a sky does not band."""


class Finish:
    """Turns painted planes into a frame: YUV 4:2:0, limited range, planes stacked as (height * 3/2, width)."""

    def __init__(self, width: int, height: int, *, vignette: float = 0.22) -> None:
        self.width, self.height = width, height
        x = np.linspace(-0.575, 0.575, width, dtype=np.float32)[None, :]
        y = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
        away = np.clip(np.hypot(x, y) / np.float32(0.72), 0.0, 1.0)
        self.vignette = np.float32(1.0) - np.float32(vignette) * away ** np.float32(2.4)
        self.vignette_small = np.ascontiguousarray(self.vignette[::2, ::2])
        lot = np.random.default_rng(7)
        self._grain = lot.standard_normal((height + 64, width + 64), dtype=np.float32) * np.float32(GRAIN)
        self._lot = lot.integers(0, 64, (997, 2))
        self.mark, self.shadow = mark(width, height)
        self._luma = np.empty((height, width), dtype=np.float32)

    def frame(self, luma: Array, chroma: Array, index: int, amount: float = 1.0) -> NDArray[np.uint8]:
        """The frame. `luma` is (height, width) from 0 to 219, `chroma` (2, height / 2, width / 2) about 0.

        `amount` is how much of the vignette there is, from 0 to 1.
        """
        out = np.empty((self.height * 3 // 2, self.width), dtype=np.uint8)
        down, across = self._lot[index % len(self._lot)]
        work = self._luma
        shade, small_shade = self.vignette, self.vignette_small
        if amount < 1.0:
            shade, small_shade = (1.0 + (full - 1.0) * np.float32(amount) for full in (shade, small_shade))
        np.multiply(luma, shade, out=work)
        self._stamp(work)
        work += self._grain[down : down + self.height, across : across + self.width]
        work += 16.5
        np.clip(work, 16.0, 235.9, out=work)
        out[: self.height] = work
        quarter = self.height // 4
        for plane in (0, 1):
            first = self.height + plane * quarter
            target = out[first : first + quarter].reshape(self.height // 2, self.width // 2)
            small = chroma[plane] * small_shade
            small += np.float32(128.5)
            np.clip(small, 16.0, 240.9, out=small)
            target[:] = small
        return out

    def _stamp(self, luma: Array) -> None:
        rows, columns = self.mark.shape
        margin = round(min(self.width, self.height) * 0.032)
        spot = luma[
            self.height - margin - rows : self.height - margin,
            self.width - margin - columns : self.width - margin,
        ]
        spot *= 1.0 - self.shadow
        spot += (219.0 - spot) * self.mark


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
