"""A contact sheet: clips side by side, each over its label, as one video in which they play in step, or as a still.

`lay_out` tells where everything stands; `draw_sheet` makes the still, `write_sheet` the video. Of the video no more is held than a
stretch of pictures of the sheet and a few decoders, however many clips there are.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from veo_nb.media.encode import FPS, LIMITED, RATE, Writer
from veo_nb.media.frames import frame
from veo_nb.media.join import sound_of
from veo_nb.media.lettering import break_lines, face
from veo_nb.media.probe import probe
from veo_nb.media.reel import Reel, fit
from veo_nb.records.late import dataclass

SIZES = ((1920, 1920), (3840, 2160))
"""Width and height that a sheet may have: the second where the first would make the clips small."""
CLEAR = 160
"""Pixels of a clip's shorter side under which the larger sheet is taken."""
SMALLEST = 64
"""Pixels of a clip's shorter side under which nothing can be told apart any more."""
GAP = 8
GROUND, EMPTY = (24, 24, 24), (58, 58, 58)
LABEL, REASON = (236, 236, 236), (206, 206, 206)

STRETCH_BYTES = 96_000_000
"""Of the sheet's pictures that are put together at once."""
MOST_OPEN = 16
"""Decoders that stay open; with more clips each is opened anew for every stretch."""


Pictures = NDArray[np.uint8]
"""Some of the sheet's pictures, each as planes of YUV 4:2:0, one over the other."""


class TooManyClips(ValueError):  # noqa: N818
    """There is no room on a sheet for so many clips; the message says for how many there may be."""


@dataclass(frozen=True)
class Tile:
    """One place of a sheet: a clip, or the reason why there is none; and the words under it."""

    label: str
    path: Path | None = None
    reason: str = ""


@dataclass(frozen=True)
class Layout:
    """Where everything stands, in pixels."""

    columns: int
    rows: int
    cell: tuple[int, int]
    """Width and height of a clip; even, as its colours have half the resolution."""
    letters: int
    """Height of the letters."""
    lines: int
    """Lines that are kept free under a clip for its label."""

    @property
    def label(self) -> int:
        """Height of what is kept free under a clip."""
        return self.lines * _line(self.letters) + 4

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the whole, even as all its parts are."""
        width = GAP + self.columns * (self.cell[0] + GAP)
        return width, GAP + self.rows * (self.cell[1] + self.label + GAP)

    def place(self, index: int) -> tuple[int, int]:
        """The upper left corner of a clip, by its place in the order."""
        row, column = divmod(index, self.columns)
        left = GAP + column * (self.cell[0] + GAP)
        return left, GAP + row * (self.cell[1] + self.label + GAP)


def lay_out(
    count: int, columns: int, shape: tuple[int, int], largest: int = 1280, *, lines: int = 2
) -> Layout:
    """Where `count` clips of this shape (16, 9 or the like) stand in so many columns; 0 takes what fills best.

    Where so many columns leave the clips too small, they flow on as fills best. `largest` is the longer side of
    a clip, over which it is not enlarged; `lines` are kept free for each label.

    Raises:
        TooManyClips: there is no room for so many.
    """
    for wanted in dict.fromkeys((columns, 0)):
        tried = [wanted] if wanted else range(1, count + 1)
        for size in SIZES:
            found = [
                layout
                for one in tried
                if (layout := _in_columns(count, min(one, count), shape, size, largest=largest, lines=lines))
                is not None
            ]
            best = max(found, key=lambda layout: (layout.cell, -_awkward(layout, count)), default=None)
            least = CLEAR if size != SIZES[-1] else SMALLEST
            if best is not None and (min(best.cell) >= least or max(best.cell) + 2 >= largest):
                return best
    raise TooManyClips(f"A sheet has no room for {count} clips.")


def _awkward(layout: Layout, count: int) -> float:
    """0 for a sheet of the shape of a screen without an empty place, more for any other."""
    empty = layout.columns * layout.rows / count - 1
    return empty + abs(math.log(layout.size[0] / layout.size[1] * 9 / 16))


def _in_columns(
    count: int, columns: int, shape: tuple[int, int], size: tuple[int, int], *, largest: int, lines: int
) -> Layout | None:
    rows = math.ceil(count / columns)
    widest = min((size[0] - GAP) // columns - GAP, largest * shape[0] // max(shape))
    # The label's height follows from the width, so the width that fits is looked for from above.
    for width in range(widest // 2 * 2, 1, -2):
        letters = max(11, min(18, width // 18))
        layout = Layout(
            columns=columns,
            rows=rows,
            cell=(width, max(2, round(width * shape[1] / shape[0] / 2) * 2)),
            letters=letters,
            lines=lines,
        )
        if layout.size[1] <= size[1]:
            return layout
    return None


def draw_sheet(
    tiles: Sequence[Tile], layout: Layout, *, check: Callable[[], None] = lambda: None
) -> Image.Image:
    """The still of a sheet: of each clip the picture in its middle. What `check` raises ends the work.

    Raises:
        UnreadableVideo: one of the clips does not play.
    """
    sheet = _ground(tiles, layout)
    for index, tile in enumerate(tiles):
        check()
        if tile.path is None:
            continue
        picture = frame(tile.path, probe(tile.path).duration / 2)
        width, height = fit(picture.size, layout.cell)
        left, top = layout.place(index)
        at = left + (layout.cell[0] - width) // 2, top + (layout.cell[1] - height) // 2
        sheet.paste(picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0), at)
    return sheet


def write_sheet(
    tiles: Sequence[Tile],
    layout: Layout,
    out: Path,
    *,
    sound: Path | None = None,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Write the sheet's video to `out`, as long as its longest clip; a shorter one stands still at its end.

    `sound` is the clip that is heard. `check` is called before each picture, from several threads; what it raises ends the work.

    Raises:
        UnreadableVideo: one of the clips does not play.
        ValueError: there is no clip.
    """
    paths = {index: tile.path for index, tile in enumerate(tiles) if tile.path is not None}
    if not paths:
        raise ValueError("There is no clip for the sheet.")
    width, height = layout.size
    length = max(round(probe(path).duration * FPS) for path in paths.values())
    stretch = max(1, min(2 * FPS, STRETCH_BYTES // (width * height * 3 // 2)))
    still = _planes(_ground(tiles, layout))
    reels = [(Reel(path, layout.cell), layout.place(index)) for index, path in paths.items()]
    with (
        contextlib.ExitStack() as stack,
        ThreadPoolExecutor(thread_name_prefix="veo-nb-sheet") as pool,
        Writer(out, width, height, sound=sound is not None, preset="veryfast", crf=20) as writer,
    ):
        for reel, _ in reels:
            stack.callback(reel.rest)
        if sound is not None:
            writer.add_sound(sound_of(sound)[: length * RATE // FPS])
        for start in range(0, length, stretch):
            pictures = np.repeat(still[None], min(stretch, length - start), axis=0)

            def lay(placed: tuple[Reel, tuple[int, int]], pictures: Pictures = pictures) -> None:
                _lay(*placed, pictures, width, check)
                if len(reels) > MOST_OPEN:
                    placed[0].rest()

            # Each puts its clip into its own place, so they do not get into each other's way.
            list(pool.map(lay, reels))
            for picture in pictures:
                check()
                writer.add_picture(picture)


def _lay(
    reel: Reel, corner: tuple[int, int], pictures: Pictures, width: int, check: Callable[[], None]
) -> None:
    """Put the next pictures of a clip into those of the sheet."""
    height = pictures.shape[1] * 2 // 3
    for picture in pictures:
        check()
        small = reel.next()
        left, top = corner[0] + small.left, corner[1] + small.top
        rows, columns = small.luma.shape
        picture[top : top + rows, left : left + columns] = small.luma
        # After the luma come the two planes of colour, each a quarter of its size.
        planes = picture[height:].reshape(2, height // 2, width // 2)
        for plane, colour in zip(planes, small.colours, strict=True):
            rows, columns = colour.shape
            plane[top // 2 : top // 2 + rows, left // 2 : left // 2 + columns] = colour


def _ground(tiles: Sequence[Tile], layout: Layout) -> Image.Image:
    """All of a sheet that does not move: labels, and grey boxes with their reasons."""
    sheet = Image.new("RGB", layout.size, GROUND)
    draw = ImageDraw.Draw(sheet)
    line = _line(layout.letters)
    for index, tile in enumerate(tiles):
        (left, top), (width, height) = layout.place(index), layout.cell
        if tile.path is None:
            draw.rectangle((left, top, left + width - 1, top + height - 1), fill=EMPTY)
            drawn = face(tile.reason, layout.letters)
            lines = break_lines(tile.reason, drawn, width - 2 * GAP, max(1, (height - GAP) // line))
            for number, words in enumerate(lines):
                y = top + (height - len(lines) * line) // 2 + number * line
                draw.text((left + width // 2, y), words, REASON, drawn, anchor="ma")
        drawn = face(tile.label, layout.letters)
        for number, words in enumerate(break_lines(tile.label, drawn, width, layout.lines)):
            draw.text((left, top + height + 3 + number * line), words, LABEL, drawn)
    return sheet


def _line(letters: int) -> int:
    """Height of a line of text."""
    return round(letters * 0.65) * 2


def _planes(picture: Image.Image) -> Pictures:
    """A picture as the encoder takes it: planes of YUV 4:2:0, one over the other."""
    whole = VideoFrame.from_ndarray(np.asarray(picture), format="rgb24").reformat(
        format="yuv420p", dst_colorspace="ITU709", dst_color_range=LIMITED
    )
    return np.asarray(whole.to_ndarray(), dtype=np.uint8)
