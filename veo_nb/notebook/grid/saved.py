"""The saved grid: a table of `IPython.display.Video`s with axis headings, complete without a kernel.

Drawn from the same facts as the living grid (`veo_nb.notebook.grid.protocol`), so that both say the same. What
comes from outside goes through markupsafe. Videos are linked, never embedded unless asked; the stills are as
small as it takes to keep the notebook under 1 MB.
"""

from __future__ import annotations

import base64
import io
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from IPython.display import Video as IPythonVideo
from markupsafe import Markup
from PIL import Image

from veo_nb.engine.video import Video
from veo_nb.notebook.clip.pieces import size_of
from veo_nb.notebook.clip.reach import Seen
from veo_nb.notebook.clip.source import SMALL, data_uri, megabytes, source_of
from veo_nb.notebook.display import (
    OUTLINE,
    ROOT,
    SOFT,
    gone,
    how_to_play,
    poster,
    video_tag,
    why_unserved,
)
from veo_nb.notebook.grid.protocol import Grid, GridCell, GridClip
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import format_line
from veo_nb.records.late import dataclass

STILLS = 520_000
"""Bytes that all stills of a table may take in the notebook."""
EACH = 30_000
"""Bytes that one of them may take."""
STILL_WIDTH = 480
"""Pixels of a still that a page asks for: the largest cell's."""
SMALLER = ((320, 62), (240, 58), (192, 52), (144, 46), (112, 40), (80, 34))
"""Width and JPEG quality of a still, from the best to the least that still shows anything."""
LEAST, MOST = 160, {"16:9": 480, "9:16": 416}
"""Pixels of a cell; in between it takes what its columns leave, as in js/src/grid/grid.css."""
GAP = 8
"""Pixels between cells."""
WRAPS = 240
"""Pixels of a cell under which a table without rows has fewer of them in a line, but two where they have `LEAST`."""
HEAD = 128
"""Pixels of the heads of the rows."""
MOST_ACROSS = 4
"""Clips side by side in the picture of a table without rows."""
AT_ONCE = 12
"""Above this many clips the page loads none before it is played."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Everything that a saved grid shows. `videos` are the files of the clips, by cell and sample."""

    grid: Grid
    cells: Sequence[GridCell]
    line: str
    prompt: str
    videos: Mapping[tuple[str, int], Video] = field(default_factory=dict)
    embed: bool = False
    seen: Seen | None = None
    """What a page has found out about the addresses of its clips."""


class SavedGrid(IPythonVideo):  # type: ignore[misc]
    """A finished sweep as its notebook keeps it: a table of videos."""

    def __init__(self, html: str, text: str, path: Path, still: Callable[[], bytes | None]) -> None:
        super().__init__(filename=str(path), embed=False, mimetype="video/mp4")
        self._html = html
        self._text = text
        self._still = still

    def _repr_html_(self) -> str:
        return self._html

    def _repr_jpeg_(self) -> bytes | None:
        return self._still()

    def __repr__(self) -> str:
        return self._text


def saved_grid(table: Table, place: Place, *, now: float) -> SavedGrid:
    """The table of a sweep as it is now (`now` in seconds since 1970)."""
    draw = _Drawing(table, place, now)
    slices = Markup("").join(draw.slices())
    line = " · ".join([table.line, *draw.said()])
    html = Markup(
        '<div data-veo-grid="{}" role="group" aria-label="{}" style="{}"><p style="margin:0">{}{}</p>{}</div>'
    ).format(
        table.grid.token,
        f"Sweep {table.grid.id}",
        ROOT,
        _tag(table.grid.tag),
        line,
        slices,
    )
    text = f"Sweep {table.grid.id}: {line}\n{table.prompt}"
    return SavedGrid(html, text, place.folder, lambda: still_of(table, now))


def still_of(table: Table, now: float) -> bytes | None:
    """The table as a picture, of each cell its first clip; None where there is none, or where there are too many."""
    from veo_nb.media.sheet import Tile
    from veo_nb.notebook.outputs.still import draw_still

    grid = table.grid
    names = [axis.name for axis in grid.axes]
    shown = [names.index(name) for name in (grid.rows, grid.columns) if name]
    order = [*(at for at in range(len(names)) if at not in shown), *shown]
    tiles = []
    for cell in sorted(table.cells, key=lambda cell: [cell.place[at] for at in order]):
        label = ", ".join(axis.values[at] for axis, at in zip(grid.axes, cell.place, strict=True))
        video = table.videos.get((cell.key, 0))
        path = None if video is None else video.path
        tiles.append(Tile(label, path, format_line(cell.line, now)))
    columns = next((len(axis.values) for axis in grid.axes if axis.name == grid.columns), 1)
    return draw_still(
        tiles,
        [table.prompt, f"Sweep {grid.id}: {table.line}"],
        _small_picture,
        columns=columns if grid.rows else min(columns, MOST_ACROSS),
        shape=(9, 16) if grid.shape == "9:16" else (16, 9),
    )


def _small_picture(path: Path) -> Image.Image:
    return Image.open(io.BytesIO(poster_bytes(poster(path, STILL_WIDTH))))


class _Drawing:
    """One table being drawn."""

    def __init__(self, table: Table, place: Place, now: float) -> None:
        self.table, self.place, self.now = table, place, now
        self.grid = table.grid
        self.axes = {axis.name: axis.values for axis in self.grid.axes}
        self.names = [*self.axes]
        self.cells = {tuple(cell.place): cell for cell in table.cells}
        self.room = min(EACH, STILLS // max(1, len(table.videos)))
        self.most = MOST[self.grid.shape]
        sizes = [size_of(video.path) for video in table.videos.values()]
        # All together are as small as a clip that goes into a notebook unasked, or none goes.
        self.unasked = SMALL if sum(sizes) <= SMALL else 0
        self.inside = self.too_large = 0
        """Bytes that have gone into the notebook, and clips that have not though that was asked for."""
        self.unreached = ""
        """What to do about clips that a page without a kernel has no way to; empty while there is none."""

    def said(self) -> list[str]:
        """What a person should know of where the clips are."""
        said = [f"In this notebook: {megabytes(self.inside)}"] if self.inside else []
        if self.too_large:
            said.append(f"{self.too_large} too large for a notebook, which are linked")
        return [*said, self.unreached] if self.unreached else said

    def slices(self) -> Iterator[Markup]:
        """A table for each combination of the axes that are neither rows nor columns."""
        shown = {self.grid.rows, self.grid.columns}
        held = [name for name in self.names if name not in shown]
        for values in itertools.product(*(range(len(self.axes[name])) for name in held)):
            at = dict(zip(held, values, strict=True))
            if not any(
                all(cell.place[self.names.index(n)] == v for n, v in at.items()) for cell in self.table.cells
            ):
                continue
            if len(at) > 0:
                label = ", ".join(f"{name}: {self.axes[name][value]}" for name, value in at.items())
                yield Markup('<p dir="auto" style="margin:8px 0 0;font-weight:600">{}</p>').format(label)
            yield self._table(at) if self.grid.rows else self._flow(at)

    def _table(self, at: Mapping[str, int]) -> Markup:
        rows, columns = self.axes[self.grid.rows], self.axes.get(self.grid.columns, [""])
        plain = "border:0;background:none;text-align:left;vertical-align:top"
        head = Markup(
            '<th dir="auto" scope="{}" style="{};padding:4px 8px 4px 0;overflow-wrap:anywhere;'
            'white-space:normal">{}</th>'
        )
        top = Markup("").join(head.format("col", plain, value) for value in columns)
        corner = " / ".join(name for name in (self.grid.rows, self.grid.columns) if name)
        lines = [
            Markup(
                '<tr style="background:none"><th style="{};width:{}px;font-weight:normal;color:{}">{}</th>{}</tr>'
            ).format(plain, HEAD, SOFT, corner, top)
        ]
        for row, value in enumerate(rows):
            boxes = Markup("").join(
                Markup('<td style="{};padding:0 8px 8px 0">{}</td>').format(plain, self._at(at, row, column))
                for column in range(len(columns))
            )
            lines.append(
                Markup('<tr style="background:none">{}{}</tr>').format(
                    head.format("row", plain, value), boxes
                )
            )
        return Markup(
            # Reached by Tab: what is too wide is scrolled with the arrow keys as well.
            '<div tabindex="0" role="group" aria-label="Clips by {}" style="overflow-x:auto">'
            '<table style="table-layout:fixed;width:100%;min-width:{}px;max-width:{}px;'
            'border:0;border-collapse:collapse;margin:0;font-size:13px">{}</table></div>'
        ).format(
            corner,
            HEAD + len(columns) * (LEAST + GAP),
            HEAD + len(columns) * (self.most + GAP),
            Markup("").join(lines),
        )

    def _flow(self, at: Mapping[str, int]) -> Markup:
        """A sweep along one axis: the cells one after the other, each under its value."""
        columns = self.axes.get(self.grid.columns, [""])
        figures = Markup("").join(
            Markup(
                '<figure style="margin:0;min-width:0"><figcaption dir="auto">{}</figcaption>{}</figure>'
            ).format(value, self._at(at, 0, column))
            for column, value in enumerate(columns)
        )
        return Markup(
            '<div style="display:grid;gap:{gap}px;grid-template-columns:'
            "repeat(auto-fit,minmax(max({least}px,min({wraps}px,50% - {half}px)),1fr));"
            'max-width:{most}px">{figures}</div>'
        ).format(
            gap=GAP,
            least=LEAST,
            wraps=WRAPS,
            half=GAP // 2,
            most=len(columns) * (self.most + GAP) - GAP,
            figures=figures,
        )

    def _at(self, at: Mapping[str, int], row: int, column: int) -> Markup:
        here = {**at, self.grid.rows: row, self.grid.columns: column}
        where = tuple(here[name] for name in self.names)
        cell = self.cells.get(where)
        if cell is None:
            return self._text("Not part of this sweep", self.grid.shape)
        if not cell.clips:
            return self._text(format_line(cell.line, self.now), cell.shape)
        label = ", ".join(f"{name} {self.axes[name][here[name]]}" for name in self.names)
        return Markup("").join(
            self._clip(cell, sample, clip, label) for sample, clip in enumerate(cell.clips)
        )

    def _clip(self, cell: GridCell, sample: int, clip: GridClip, label: str) -> Markup:
        video = self.table.videos.get((cell.key, sample))
        if video is None or not video.path.exists():
            box = self._text(gone(video, self.place) if video else clip.path, cell.shape)
        else:
            box = self._video(video, cell.shape, label)
        return Markup('<div>{}<div style="min-height:20px;overflow-wrap:anywhere">{}</div></div>').format(
            box, marks(clip)
        )

    def _video(self, video: Video, shape: str, label: str) -> Markup:
        still = small_still(video.path, self.room)
        src = self._source(video)
        if src:
            return video_tag(
                src,
                still=still,
                style=self._box(shape, "#000"),
                label=label,
                preload="metadata" if len(self.table.videos) <= AT_ONCE else "none",
            )
        where = f"Saved as {self.place.shown(video.path)}"
        self.unreached = (
            f"What is shown as a still is a file{why_unserved(video, self.place)} "
            f"{how_to_play(self.grid.id, 'sweep.grid(embed=True)')}"
        )
        if not still:
            return self._text(where, shape)
        return Markup(
            '<img src="{}" alt="{}" style="{};object-fit:contain"><div style="overflow-wrap:anywhere;color:{}">{}</div>'
        ).format(still, label, self._box(shape, "#000"), SOFT, where)

    def _source(self, video: Video) -> str:
        found = source_of(video.path, self.place, self.table.seen, embed=self.table.embed, room=self.unasked)
        if found.inside:
            self.inside += size_of(video.path)
        elif self.table.embed:
            self.too_large += 1
        return found.src

    def _text(self, label: str, shape: str) -> Markup:
        style = (
            f"{self._box(shape, 'none')};display:flex;align-items:center;justify-content:center;padding:8px;"
            f"text-align:center;overflow:auto;color:{SOFT};font-size:12px;line-height:16px"
        )
        return Markup('<div style="{}"><span>{}</span></div>').format(style, label)

    def _box(self, shape: str, ground: str) -> str:
        # An upright clip among wide ones: as high as the cell is wide.
        width = "56.25%" if shape == "9:16" and self.grid.shape == "16:9" else "100%"
        ratio = shape.replace(":", "/")
        return (
            f"display:block;width:{width};margin:0 auto;aspect-ratio:{ratio};box-sizing:border-box;border:{OUTLINE};"
            f"border-radius:6px;background:{ground}"
        )


def marks(clip: GridClip) -> str:
    """What a person thinks of a clip, in one line: `★ 4 of 5 · the ears are right`."""
    rating = f"{clip.rating} of 5" if clip.rating else ""
    return " · ".join(
        part for part in (" ".join(filter(None, ("★" if clip.star else "", rating))), clip.note) if part
    )


def small_still(path: Path, room: int) -> str:
    """A still of a video as a data URI of at most `room` characters; empty where none is small enough."""
    whole = poster(path, STILL_WIDTH)
    if len(whole) <= room:
        return whole
    data = poster_bytes(whole)
    if not data:
        return ""
    image = Image.open(io.BytesIO(data))
    for width, quality in SMALLER:
        out = io.BytesIO()
        size = (width, max(1, round(image.height * width / image.width)))
        image.resize(size, Image.Resampling.LANCZOS).save(out, "JPEG", quality=quality, optimize=True)
        uri = data_uri("image/jpeg", out.getvalue())
        if len(uri) <= room:
            return uri
    return ""


def poster_bytes(uri: str) -> bytes:
    """The bytes that a data URI carries."""
    return base64.b64decode(uri.partition(",")[2])


def _tag(tag: str) -> Markup:
    if not tag:
        return Markup("")
    return Markup(
        '<span style="border:{};border-radius:6px;padding:0 6px;margin-right:8px;font-size:11px;'
        'line-height:16px;color:{}">{}</span>'
    ).format(OUTLINE, SOFT, tag)
