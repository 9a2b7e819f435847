"""A sweep as one page that opens from disk: the living grid's own view, on state and clips that are in the page.

What comes from outside stands in it as escaped text, or as data that the script reads; the page's own policy lets
nothing run but this script, and nothing be fetched but the clips.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

from markupsafe import Markup
from msgspec.structs import replace

from veo_nb.errors import InvalidRequest, VeoError
from veo_nb.notebook.export.material import Material
from veo_nb.notebook.export.sections import Section, html_of
from veo_nb.notebook.grid.protocol import PageState
from veo_nb.notebook.protocol import to_json

BUNDLE = Path(__file__).parents[2] / "static" / "page.js"
LARGEST = 150_000_000
"""Bytes of clips in one page; it becomes a third larger, and a browser holds all of it."""
STILL_WIDTH = 480
"""Pixels of the still that a cell shows before it plays."""
SELF = "'self' file:"
"""Where a page from disk finds what lies beside it; served, it is its own host alone."""
KEPT = "Ratings and notes are those of the export. What you change here lasts until the page is closed."


def check_size(material: Material, target: Path) -> None:
    """Refuse to put more into one page than a browser takes.

    Raises:
        InvalidRequest: the clips are too large together.
    """
    total = sum(video.bytes for video in material.videos.values())
    if total > LARGEST:
        raise InvalidRequest(
            f"The {len(material.videos)} clips are {total / 1e6:.0f} MB, and a page takes {LARGEST / 1e6:.0f} MB.",
            hint=f"Use embed=False: they are put beside it, in {target.stem}_files/.",
            field="embed",
        )


def write_page(
    material: Material,
    out: TextIO,
    *,
    heading: str = "",
    before: Sequence[Section] = (),
    after: Sequence[Section] = (),
    beside: str | None = None,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Write the page; its clips are in it, or `beside` it in a folder of this name. `check` may raise to end it.

    `heading` stands over it in place of the prompt; `before` and `after` are what comes above and below the grid.

    Raises:
        VeoError: the page's script was not built.
    """
    script, style = _built()
    heading = heading or material.prompt or f"Sweep {material.id}"
    title = " ".join(heading.split())
    out.write(
        Markup(
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta http-equiv="Content-Security-Policy" content="{}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
            "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n"
            '<header>\n<h1 dir="auto">{}</h1>\n<p>{}</p>\n</header>\n'
            '<main>\n{}<div id="grid"><noscript>Allow scripts on this page to see its clips.</noscript></div>\n{}</main>\n'
            "<footer>{}</footer>\n"
        ).format(
            _policy(script, style, beside),
            title if len(title) <= 80 else f"{title[:79]}…",
            Markup(style),  # noqa: S704  our own, built
            heading,
            f"Sweep {material.id} · {len(material.videos)} clips",
            html_of(before),
            html_of(after, len(before) + 1),
            KEPT,
        )
    )
    out.write(
        f'<script type="application/json" id="state">{_json(_state(material, beside, check))}</script>\n'
    )
    if beside is None:
        for (cell, sample), video in material.videos.items():
            check()
            data = base64.b64encode(video.path.read_bytes()).decode("ascii")
            out.write(f'<script type="text/plain" data-clip="{cell}/{sample}">{data}</script>\n')
    out.write(f'<script type="module">{script}</script>\n</body>\n</html>\n')


def _state(material: Material, beside: str | None, check: Callable[[], None]) -> PageState:
    cells = [*material.cells]
    if beside is not None:
        cells = [
            replace(
                cell,
                clips=[replace(clip, url=f"{quote(beside)}/{quote(clip.path)}") for clip in cell.clips],
            )
            for cell in cells
        ]
    stills = {}
    for (cell, sample), video in material.videos.items():
        check()
        stills[f"{cell}/{sample}"] = _still(video.path)
    return PageState(
        grid=material.grid,
        summary=material.summary,
        cells=cells,
        details=dict(material.details),
        stills=stills,
    )


def _still(path: Path) -> str:
    from veo_nb.media.frames import poster
    from veo_nb.media.probe import UnreadableVideo

    try:
        data = poster(path, width=STILL_WIDTH)
    except UnreadableVideo:
        return ""
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode('ascii')}"


def _json(state: PageState) -> str:
    """JSON that can't end the element it stands in."""
    return json.dumps(to_json(state), ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _built() -> tuple[str, str]:
    """The page's script and style."""
    try:
        script, style = (BUNDLE.with_suffix(end).read_text("utf-8").strip() for end in (".js", ".css"))
    except FileNotFoundError:
        raise VeoError(
            "The page's script is missing: veo_nb was installed without its front end.",
            hint="Install it again with Node, or export a video, a picture or a folder.",
        ) from None
    return script, style


def _policy(script: str, style: str, beside: str | None) -> str:
    """The page's own policy: this script and this style, and nothing from elsewhere."""

    def fingerprint(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"

    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {fingerprint(script)}",
            f"style-src {fingerprint(style)}",
            # A ranking's plot has its own in its attributes, which can do no more than look.
            "style-src-attr 'unsafe-inline'",
            "img-src data:",
            f"media-src {'blob:' if beside is None else SELF}",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
