"""What a report is written as: one page that opens from disk, or a text of Markdown with its clips beside it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from veo_nb import catalog
from veo_nb.decisions.comparison import Comparison
from veo_nb.errors import InvalidRequest, VeoError
from veo_nb.notebook.export.material import Material
from veo_nb.notebook.export.redaction import Discretion
from veo_nb.notebook.export.writer import Check, Write, copy_videos, page_writer, take_away
from veo_nb.notebook.report.contents import Contents, contents_of
from veo_nb.notebook.report.markdown import text_of
from veo_nb.notebook.text import counted
from veo_nb.store.files import replacing
from veo_nb.sweep.sweep import Sweep

WAYS = "Use report.html or report.md."
PAGE, TEXT = ".html", ".md"

KINDS = {PAGE: "page", TEXT: "text"}


def report(
    sweep: Sweep,
    to: str | os.PathLike[str],
    *,
    keys: Iterable[str] = (),
    comparisons: Sequence[Comparison] = (),
    embed: bool | None = None,
    now: float | None = None,
) -> Path:
    """Write what a sweep found out, and return where; `comparisons` are those of its clips, `keys` must not be in it.

    Raises:
        InvalidRequest: there is no such kind of report, or it can't be written.
    """
    catalog.check_text("to", to, catalog.RENAME, be="written")
    kind = kind_of(to)
    if kind == "text" and embed:
        raise InvalidRequest(
            "A text has no clips in it.", hint="Leave embed out, or use report.html.", field="embed"
        )
    unmeasured = _measure(sweep)

    def choose(material: Material, target: Path, discretion: Discretion) -> Write:
        contents = contents_of(sweep, material, discretion, comparisons, unmeasured)
        if kind == "text":
            return _text(contents, material)
        around = {"heading": contents.heading, "before": contents.before, "after": contents.after}
        return page_writer(material, target, embed=embed is not False, **around)

    return take_away(sweep, to, choose, keys=keys, now=now)


def kind_of(to: str | os.PathLike[str]) -> str:
    """What a report is by the ending of its file.

    Raises:
        InvalidRequest: there is none with this ending.
    """
    text = os.fspath(to)
    if not text.strip():
        raise InvalidRequest("A report needs a name.", hint=WAYS)
    path = Path(text).expanduser()
    kind = KINDS.get(path.suffix.lower())
    if kind is None or path.is_dir():
        what = path.name if path.is_dir() else path.suffix or catalog.shown(path.name)
        raise InvalidRequest(f"A report can't be written as {what}.", hint=WAYS)
    return kind


def _measure(sweep: Sweep) -> str:
    """Have those clips measured that are here and were not; why some could not be, or nothing."""
    if not any(video.path.exists() for cell in sweep.cells for video in cell.videos):
        return ""
    try:
        problems = sweep.measure().problems
    except VeoError as error:
        # A report without measures is better than none.
        return str(error)
    said = next(iter(problems.values()), "")
    return f"Not measured: {counted(len(problems), 'clip')}. {said}" if problems else ""


def _text(contents: Contents, material: Material) -> Write:
    def write(path: Path, check: Check) -> None:
        beside = path.with_name(f"{path.stem}_files")
        copy_videos(material, beside, check)
        with replacing(path) as part:
            part.write_text(text_of(contents, material, beside.name), "utf-8", newline="\n")

    return write
