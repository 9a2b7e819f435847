"""What a sweep is taken away as: a page, a video, a picture, a table, or a folder with all of it.

The facts are gathered by whoever asks; pictures and files are then written in a thread, so that a notebook's own
loop goes on. A file takes its place whole, and a folder keeps what else is in it.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from veo_nb import catalog
from veo_nb.decisions.comparison import Comparison
from veo_nb.engine.loop import block_on
from veo_nb.errors import InvalidRequest, NotFound
from veo_nb.notebook.export.evidence import evidence_of
from veo_nb.notebook.export.material import NO_FILE, NOT_PART, Material, gather
from veo_nb.notebook.export.page import check_size, write_page
from veo_nb.notebook.export.redaction import Discretion
from veo_nb.store.files import replacing
from veo_nb.sweep import results
from veo_nb.sweep.sweep import Sweep

FOLDER = "folder"
KINDS = {".html": "page", ".mp4": "video", ".png": "picture", ".csv": "table"}
TAKES = {
    "embed": ("page",),
    "sound": ("video",),
    "rows": ("page", "video", "picture"),
    "columns": ("page", "video", "picture"),
}
"""Which options are for which kinds."""
WAYS = "Use grid.html, grid.mp4, grid.png, grid.csv, or a folder: results/."
ONE_LINE = 24
"""Letters that have room under the smallest clip of a sheet."""
LEADS = ("=", "+", "-", "@", "\t", "\r")
"""Begin a formula for a spreadsheet."""

Check = Callable[[], None]
"""Raises once nobody wants the export any more."""
Write = Callable[[Path, Check], None]


class _Unwanted(Exception):  # noqa: N818
    """Whoever asked for the export has interrupted it."""


def export(
    sweep: Sweep,
    to: str | os.PathLike[str],
    *,
    keys: Iterable[str] = (),
    comparisons: Sequence[Comparison] = (),
    now: float | None = None,
    **how: Any,
) -> Path:
    """Write a sweep to a file or folder, and return where; `how` as in `Sweep.export`, `keys` must not be in it.

    `comparisons` are those of its clips: what was voted in them stands below the grid of a page.

    Raises:
        InvalidRequest: there is no such kind of export, it can't be made of this sweep, or it can't be written.
    """
    catalog.check_text("to", to, catalog.RENAME, be="written")
    kind = kind_of(to)
    options = {name: value for name, value in how.items() if value is not None}
    for name in options:
        if kind not in TAKES[name]:
            kinds = catalog.listed(tuple(f"a {one}" for one in TAKES[name]))
            raise InvalidRequest(
                f"{name}= is for {kinds}, not for a {kind}.", hint="Leave it out.", field=name
            )
    sides = {name: options[name] for name in ("rows", "columns") if name in options}

    def choose(material: Material, target: Path, discretion: Discretion) -> Write:
        if kind == "page":
            found = evidence_of(comparisons, discretion)
            return page_writer(material, target, embed=options.get("embed", True), after=found)
        return _writer(kind, material, sweep, options)

    return take_away(sweep, to, choose, keys=keys, now=now, **sides)


def take_away(
    sweep: Sweep,
    to: str | os.PathLike[str],
    choose: Callable[[Material, Path, Discretion], Write],
    *,
    keys: Iterable[str],
    now: float | None = None,
    **sides: str,
) -> Path:
    """Write a sweep with what `choose(material, target, discretion)` gives, and return where.

    `keys` must not be in it, nor where things lie on this machine; `sides` are the grid's `rows` and `columns`.

    Raises:
        InvalidRequest: it can't be made of this sweep, or it can't be written.
    """
    from veo_nb.media.probe import UnreadableVideo

    target = Path(to).expanduser().absolute()
    videos = [video for cell in sweep.cells for video in cell.videos]
    folders = [video.path.parents[1] for video in videos]
    discretion = Discretion(keys, [*folders, Path.cwd(), Path.home(), target.parent])
    material = gather(sweep, discretion, time.time() if now is None else now, **sides)
    write = choose(material, target, discretion)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _apart(lambda check: write(target, check))
    except UnreadableVideo as error:
        raise InvalidRequest(
            str(error), hint="Delete the file, and run the cell again to fetch it."
        ) from error
    except OSError as error:
        reason = error.strerror or error
        # Windows keeps what a spreadsheet has open.
        close = "Close what has it open, or give" if isinstance(error, PermissionError) else "Give"
        raise InvalidRequest(
            f"{target.name} can't be written: {reason}.", hint=f"{close} another place."
        ) from error
    return target


def kind_of(to: str | os.PathLike[str]) -> str:
    """What an export is by where it goes: by the ending of a file, and else a folder.

    Raises:
        InvalidRequest: there is none with this ending.
    """
    text = os.fspath(to)
    path = Path(text).expanduser()
    if not text.strip():
        raise InvalidRequest("An export needs a name.", hint=WAYS)
    if path.is_dir() or text.endswith(("/", os.sep)) or not path.suffix:
        if path.is_file():
            raise InvalidRequest(f"{path.name} is a file, not a folder.", hint=WAYS)
        return FOLDER
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise InvalidRequest(f"A sweep can't be exported as {path.suffix}.", hint=WAYS)
    return kind


def _writer(kind: str, material: Material, sweep: Sweep, options: Mapping[str, Any]) -> Write:
    """What writes any other kind; all that can be refused is refused here."""
    if kind == "video":
        return _video(material, _sound_of(sweep, options.get("sound")))
    if kind == "picture":
        return _picture(material)
    if kind == "table":
        return lambda path, _: _table(material.rows, path)
    return lambda path, check: _folder(material, path, check)


def _apart(work: Callable[[Check], None]) -> None:
    """Do this in a thread, and wait for it; an interrupted wait ends it too."""
    unwanted = threading.Event()

    def check() -> None:
        if unwanted.is_set():
            raise _Unwanted

    with ThreadPoolExecutor(1, thread_name_prefix="veo-nb-export") as pool:
        done = pool.submit(work, check)
        try:
            block_on(done)
        finally:
            unwanted.set()


# A page


def page_writer(material: Material, target: Path, *, embed: bool, **around: Any) -> Write:
    """What writes the page; `around` is what stands above and below its grid, as in `write_page`.

    Raises:
        InvalidRequest: the clips are too large for one page.
    """
    if embed:
        check_size(material, target)

    def write(path: Path, check: Check) -> None:
        beside = None if embed else path.with_name(f"{path.stem}_files")
        if beside is not None:
            copy_videos(material, beside, check)
        with replacing(path) as part, part.open("w", encoding="utf-8", newline="\n") as out:
            write_page(material, out, beside=beside.name if beside else None, check=check, **around)

    return write


# A video, a picture


def _video(material: Material, sound: Path | None) -> Write:
    tiles, layout = _sheet(material)
    if not material.videos:
        raise InvalidRequest("This sweep has no clip yet.", hint="sweep.wait() waits for them.")

    def write(path: Path, check: Check) -> None:
        from veo_nb.media.sheet import write_sheet

        with replacing(path) as part:
            write_sheet(tiles, layout, part, sound=sound, check=check)

    return write


def _picture(material: Material) -> Write:
    tiles, layout = _sheet(material)

    def write(path: Path, check: Check) -> None:
        from veo_nb.media.sheet import draw_sheet

        with replacing(path) as part:
            draw_sheet(tiles, layout, check=check).save(part, "PNG")

    return write


def _sheet(material: Material) -> tuple[list[Any], Any]:
    """The tiles of the contact sheet, and where they stand."""
    from veo_nb.media.sheet import Tile, TooManyClips, lay_out

    grid, samples = material.grid, material.samples
    tiles = []
    for cell in material.in_order():
        for sample in range(samples):
            if cell is None:
                tiles.append(Tile("", reason=NOT_PART))
                continue
            video = material.videos.get((cell.key, sample))
            # A cell without clips says why once; a clip that is missing among others has lost its file.
            reason = "" if video else NO_FILE if cell.clips else str(cell.line[0])
            tiles.append(
                Tile(material.label(cell, sample), path=video.path if video else None, reason=reason)
            )
    columns = {axis.name: len(axis.values) for axis in grid.axes}.get(grid.columns, 1)
    shape = (9, 16) if grid.shape == "9:16" else (16, 9)
    sizes = [max(video.width, video.height) for video in material.videos.values()]
    try:
        # One axis alone has no table to keep to.
        wanted = columns * samples if grid.rows and grid.columns else 0
        lines = 1 if max(len(tile.label) for tile in tiles) <= ONE_LINE else 2
        return tiles, lay_out(len(tiles), wanted, shape, largest=max(sizes, default=640), lines=lines)
    except TooManyClips as error:
        raise InvalidRequest(str(error), hint="Export a page or a folder.") from None


def _sound_of(sweep: Sweep, sound: Any) -> Path | None:
    """The clip whose sound is wanted."""
    if sound is None:
        return None
    job_id, sample = results.place(sound, 0, sweep.jobs)
    for cell in sweep.cells:
        for video in cell.videos:
            if (video.job_id, video.sample) == (job_id, sample) and video.path.exists():
                return video.path
    raise NotFound(f"Job {job_id} has no clip to be heard.", hint="Choose a cell that has one.")


# A table, a folder


def _table(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    names = dict.fromkeys(name for row in rows for name in row)
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, [*names])
        writer.writeheader()
        writer.writerows({name: _entry(value) for name, value in row.items()} for row in rows)


def _entry(value: Any) -> Any:
    """A value of a table: a text that a spreadsheet would take for a formula stays a text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(LEADS) else value


def _folder(material: Material, folder: Path, check: Check) -> None:
    copy_videos(material, folder, check)
    for spot, recipe in material.recipes.items():
        path = (folder / material.names[spot]).with_suffix(".json")
        with replacing(path) as part:
            part.write_text(json.dumps(recipe, indent=2, ensure_ascii=False) + "\n", "utf-8")
    files = {(video.job_id, video.sample): material.names[spot] for spot, video in material.videos.items()}
    rows = [{**row, "path": files.get((row["job"], row["sample"]))} for row in material.rows]
    _table(rows, folder / "results.csv")


def copy_videos(material: Material, folder: Path, check: Check) -> None:
    """Put the clips into a folder, each under its name in the export."""
    folder.mkdir(parents=True, exist_ok=True)
    for spot, video in material.videos.items():
        check()
        with replacing(folder / material.names[spot]) as part:
            shutil.copyfile(video.path, part)
