"""The finished output: an `IPython.display.Video` with its caption, complete without a kernel.

Everything from outside goes through markupsafe. The geometry is that of js/src/card/card.css, so that nothing moves
when the live card gives way to this.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from IPython.display import HTML
from IPython.display import Video as IPythonVideo
from markupsafe import Markup, escape

from veo_nb.engine.drafts import undrafted
from veo_nb.engine.job import Job
from veo_nb.engine.jobs import Preview, Unfetched
from veo_nb.engine.video import Video
from veo_nb.media.picture import Picture, thumbnail
from veo_nb.media.shape import frame_of
from veo_nb.notebook import text as words
from veo_nb.notebook.clip.reach import Seen
from veo_nb.notebook.clip.source import data_uri, source_of
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import Shape, Still, format_line
from veo_nb.request import misfit
from veo_nb.store.billing import Saving
from veo_nb.store.rows import State

if TYPE_CHECKING:
    from PIL.Image import Image

POSTER_WIDTH = 480
MOST_WARNINGS = 4
"""Videos about to be lost that are named one by one."""
WIDEST = {"16:9": 640, "9:16": 270}

_TEXT = "var(--jp-ui-font-color1, currentColor)"
SOFT = "var(--jp-ui-font-color2, currentColor)"
NO_DATA = ""
"""What a `Video` of IPython 7 is given beside an address: it looks for a file of that name, and None is none."""
OUTLINE = "1px solid var(--jp-border-color2, #bdbdbd)"
ROOT = (
    f"display:flex;flex-direction:column;gap:8px;padding:4px 0;margin:0;color:{_TEXT};"
    "font:13px/20px var(--jp-ui-font-family, system-ui, sans-serif);font-variant-numeric:tabular-nums"
)
_ROW = "max-width:640px;margin:0;overflow-wrap:anywhere"
_CLAMPED = "display:-webkit-box;-webkit-line-clamp:2;-webkit-box-orient:vertical;overflow:hidden;white-space:pre-wrap"


class ClipVideo(IPythonVideo):  # type: ignore[misc]
    """A finished clip: its videos, the prompt, what was set, and where the files are."""

    def __init__(self, html: str, text: str, paths: Sequence[Path], shape: str) -> None:
        super().__init__(NO_DATA, filename=str(paths[0]), embed=False, mimetype="video/mp4")
        self._html = _literal(html)
        self._text = text
        self._paths, self._shape = paths, shape

    def _repr_html_(self) -> str:
        return self._html

    def _repr_jpeg_(self) -> bytes | None:
        from veo_nb.media.sheet import Tile
        from veo_nb.notebook.outputs.still import draw_still

        return draw_still(
            [Tile("", path) for path in self._paths],
            self._text.rsplit("\n", 2),
            lambda path: _picture(path, POSTER_WIDTH).copy(),
            columns=2,
            shape=(9, 16) if self._shape == "9:16" else (16, 9),
        )

    def __repr__(self) -> str:
        return self._text


def finished(
    job: Job,
    place: Place,
    status: str = "",
    *,
    seen: Seen | None = None,
    embed: bool = False,
    token: str = "",
) -> ClipVideo | HTML:
    """The output of a job that is over: its videos, or why there are none. `status` replaces the last line.

    `seen` is what a page has found out about addresses, `embed` asks for the clips in the notebook itself, `token` marks
    what a living card lies over.
    """
    status = status or last_line(job, place)
    lines = [job.request.prompt, " · ".join(words.settings_of(job))]
    if not job.videos:
        return PlainHTML(_frame(job, _no_video(job), status), "\n".join([*lines, status]))
    row, said = _row_of(job.videos, frame_of(job.request.shape), place, seen, embed=embed)
    status = " · ".join([status, *said])
    html = _frame(job, row, status, _over(seen, token))
    paths = [video.path for video in job.videos]
    return ClipVideo(html, "\n".join([*lines, status]), paths, frame_of(job.request.shape))


def one_clip(
    video: Video, place: Place, *, seen: Seen | None = None, embed: bool = False, token: str = ""
) -> ClipVideo:
    """The output of a clip by itself: the last value of a cell that holds a `Video`. The others as of `finished`."""
    row, said = _row_of([video], shape_of(video), place, seen, embed=embed)
    facts = " · ".join([facts_of(video, place), *said])
    line = Markup('<p style="{};color:{}">{}</p>').format(_ROW, SOFT, facts)
    html = Markup('<div{} role="group" aria-label="{}" style="{}">{}{}</div>').format(
        _over(seen, token), f"Clip {video.job_id}", ROOT, row, line
    )
    return ClipVideo(html, facts, [video.path], shape_of(video))


def shape_of(video: Video) -> Shape:
    """The shape of the box that a clip is shown in."""
    return "9:16" if video.height > video.width else "16:9"


def facts_of(video: Video, place: Place) -> str:
    """What is said under a clip by itself: `8.0 s · 1280 x 720 · veo_library/2026-11-22/fox-3f2a.mp4`."""
    return f"{video.duration:.1f} s · {video.width} x {video.height} · {place.shown(video.path)}"


def _over(seen: Seen | None, token: str) -> Markup:
    """Marks what a living card lies over, where it can and has something to add."""
    if not token or seen is None or seen.form != "over":
        return Markup("")
    return Markup(' data-veo-card="{}"').format(token)


def last_line(job: Job, place: Place) -> str:
    """The status under a job that is over: how long it took, what it cost, where the file is."""
    if job.now.state is not State.SUCCEEDED:
        return words.ending(job)
    parts = [format_line(words.line(job), 0.0), words.cost_of(job)]
    parts += [place.shown(video.path) for video in job.videos]
    parts += [words.missing(job), words.final(job)]
    return " · ".join(part for part in parts if part)


def again_line(job: Job, place: Place) -> str:
    """The status under a clip that was there already."""
    line = words.shown_again(job.now, datetime.now(UTC).astimezone())
    files = " · ".join(place.shown(video.path) for video in job.videos)
    return " · ".join(part for part in (line, files, words.final(job)) if part)


def shown_again(job: Job, place: Place) -> ClipVideo | HTML:
    """The output of a cell whose clip was there already."""
    return finished(job, place, again_line(job, place))


def dry_run(preview: Preview, ending: str = "", *, draft: bool = False) -> HTML:
    """What a cell would send and what that would cost; nothing was sent.

    `ending` is what is said of its model's end, `draft` says that one was asked for.
    """
    request, provider = preview.request, preview.provider
    count = request.sample_count or 1
    facts = [
        f"{count} clip{'s' if count > 1 else ''}",
        words.cost(preview.usd, provider, preview.quote.note) or "price unknown",
        words.in_full(request, preview.in_full),
        f"about {round(preview.seconds)} s",
        f"to {provider.title}",
    ]
    if draft and not request.is_draft:
        facts.append(undrafted(request).rstrip("."))
    status = f"Nothing sent · {' · '.join(fact for fact in facts if fact)}"
    if preview.stored is not None:
        status += f" · job {preview.stored.id} is there already and would be shown"
    elif preview.bill.spent or preview.bill.budget is not None:
        status += f" · {words.budget(preview.bill, noted=bool(preview.quote.note))}"
        status += "" if preview.fits else ": it would not be sent"
    frames = [one for one in (request.image, request.last_frame) if one is not None]
    if any(misfit(one, request.shape) for one in frames):
        status += f" · --fit crop or --fit pad makes the picture {request.shape} before it is sent"
    status += "".join(f" · {doubt}: it would be sent as it is" for doubt in words.doubts(request, provider))
    status += f" · {ending.rstrip('.')}" if ending else ""
    said = words.settings(request, _saving(preview))
    rows = [
        Markup('<p dir="auto" style="{};white-space:pre-wrap">{}</p>').format(_ROW, request.prompt),
        _settings(said, provider.bills, ""),
        Markup('<p style="{};color:{}">{}</p>').format(_ROW, SOFT, status),
    ]
    html = Markup('<div style="{}">{}</div>').format(ROOT, Markup("").join(rows))
    return PlainHTML(html, f"{request.prompt}\n{' · '.join(said)}\n{status}")


def _saving(preview: Preview) -> str:
    """What a draft saves; empty where there is none."""
    if preview.in_full is None:
        return ""
    usd, full = preview.usd, preview.in_full.usd
    share = usd / full if full and usd is not None else None
    return words.saving(Saving(resolution=preview.request.lines, share=share))


def job_table(jobs: Iterable[Job], now: float, unfetched: Iterable[Unfetched] = ()) -> HTML:
    """Jobs as a table: id, state, prompt, what was set, when; below it the videos that are about to be lost."""
    jobs = list(jobs)
    if not jobs:
        text = "Nothing has been made in this library yet. Write a prompt in a %%veo cell."
        return PlainHTML(Markup("<p>{}</p>").format(text), text)
    cell = Markup('<td style="text-align:left;vertical-align:top;padding:4px 12px 4px 0;{}">{}</td>')
    rows, lines = [], []
    for job in jobs:
        prompt = " ".join(job.request.prompt.split())
        prompt = prompt if len(prompt) <= 72 else prompt[:71] + "…"
        state = format_line(words.line(job), now)
        when = words.made_when(job.now, datetime.fromtimestamp(now).astimezone())
        chosen = " · ".join(words.settings_of(job))
        lines.append(f"{job.id}  {state:<44.44}  {when:<16}  {prompt}")
        rows.append(
            Markup("<tr>{}{}{}{}{}</tr>").format(
                cell.format("font-family:var(--jp-code-font-family, monospace)", job.id),
                cell.format("overflow-wrap:anywhere;max-width:320px", state),
                cell.format("max-width:360px;overflow-wrap:anywhere", prompt),
                cell.format(f"color:{SOFT}", chosen),
                cell.format(f"color:{SOFT};white-space:nowrap", when),
            )
        )
    head = Markup("").join(
        Markup('<th style="text-align:left;padding:4px 12px 4px 0">{}</th>').format(name)
        for name in ("job", "state", "prompt", "settings", "when")
    )
    html = Markup('<table style="{}"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>').format(
        "font-size:13px;border-collapse:collapse;margin:4px 0", head, Markup("").join(rows)
    )
    waiting = [words.expiry(one) for one in unfetched]
    warnings = waiting[:MOST_WARNINGS]
    if len(waiting) > MOST_WARNINGS:
        warnings.append(
            f"{len(waiting) - MOST_WARNINGS} more like it: %veo doctor --repair fetches what failed"
        )
    html += Markup("").join(Markup('<p style="{}">{}</p>').format(_ROW, text) for text in warnings)
    return PlainHTML(html, "\n".join([*lines, *warnings]))


def poster(path: Path, width: int = POSTER_WIDTH) -> str:
    """A still of a video as a data URI, so that a saved page shows it before the file is loaded; or empty."""
    from veo_nb.media.probe import UnreadableVideo

    try:
        return _drawn(path, width)
    except (UnreadableVideo, OSError):
        return ""


def still(path: Path, width: int = POSTER_WIDTH) -> tuple[Still, list[bytes]]:
    """The same for a page that is alive, with the bytes that go along, which are fewer."""
    from veo_nb.media.probe import UnreadableVideo

    try:
        return Still(kind="image/webp"), [_drawn_small(path, width)]
    except (UnreadableVideo, OSError):
        return Still(kind=""), []


@functools.lru_cache(maxsize=512)  # the cells of a large grid; 10 MB
def _drawn(path: Path, width: int) -> str:
    from veo_nb.media.frames import as_jpeg

    return data_uri("image/jpeg", as_jpeg(_picture(path, width)))


@functools.lru_cache(maxsize=512)
def _drawn_small(path: Path, width: int) -> bytes:
    from veo_nb.media.frames import as_webp

    return as_webp(_picture(path, width))


@functools.lru_cache(maxsize=32)  # what is drawn in both ways is decoded once
def _picture(path: Path, width: int) -> Image:
    from veo_nb.media.frames import small_picture

    return small_picture(path, width)


def backdrop(picture: Picture | None) -> str:
    """A tiny still of the input image as a data URI, to be shown blurred; empty where there is none any more."""
    if picture is None or not picture.data:
        return ""
    return data_uri("image/jpeg", thumbnail(picture))


class PlainHTML(HTML):  # type: ignore[misc]
    """HTML that a terminal can read too."""

    def __init__(self, html: str, text: str) -> None:
        super().__init__(_literal(html))
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _literal(html: str) -> str:
    """A page in which dollars stay dollars: what stands between two of them Lab would set as a formula."""
    # Lab gives a margin to the last thing in an output, which would move what is below.
    return f'<div class="tex2jax_ignore mathjax_ignore" style="margin:0">{html}</div>'


def _frame(job: Job, box: Markup, status: str, over: str = "") -> str:
    prompt = Markup('<p dir="auto" style="{};{}" title="{}">{}</p>').format(
        _ROW, _CLAMPED, job.request.prompt[:2000], job.request.prompt
    )
    made = job.now.state is State.SUCCEEDED
    said = [*words.settings_of(job), *([] if made else words.doubts(job.request, job.provider))]
    chosen = _settings(said, job.provider.bills, "" if made else words.cost_of(job))
    line = Markup(
        '<div style="{};display:flex;gap:8px;padding:4px 0"><span style="flex:1">{}</span>'
        '<code style="color:{};background:none">{}</code></div>'
    ).format(_ROW, status, SOFT, job.id)
    return Markup('<div{} role="group" aria-label="{}" style="{}">{}{}{}{}</div>').format(
        over, f"Clip {job.id}", ROOT, box, prompt, chosen, line
    )


def _settings(chosen: list[str], bills: bool, usd: str) -> Markup:
    tag = Markup("")
    if not bills:
        tag = Markup(
            '<span style="border:{};border-radius:6px;padding:0 6px;margin-right:8px;'
            'font-size:11px;line-height:16px">sandbox</span>'
        ).format(OUTLINE)
    price = (
        Markup('<span style="margin-left:auto;padding-left:8px">{}</span>').format(usd) if usd else Markup("")
    )
    return Markup(
        '<div style="{};display:flex;align-items:baseline;color:{}">{}<span>{}</span>{}</div>'
    ).format(_ROW, SOFT, tag, " · ".join(chosen), price)


def _box(shape: str, *, several: bool) -> str:
    width = f"min(100%, {WIDEST[shape]}px)"
    if several:
        smallest, largest = (200, 316) if shape == "16:9" else (135, 270)
        width = f"clamp({smallest}px, calc(50% - 4px), {largest}px)"
    ratio = shape.replace(":", "/")
    return f"width:{width};aspect-ratio:{ratio};box-sizing:border-box;border:{OUTLINE};border-radius:6px;background:#000"


def _row_of(
    videos: Sequence[Video], shape: str, place: Place, seen: Seen | None, *, embed: bool
) -> tuple[Markup, list[str]]:
    """Clips side by side, and what is to be said of where they are."""
    several = len(videos) > 1
    found = [_video(video, shape, place, seen, embed=embed, several=several) for video in videos]
    row = Markup('<div style="display:flex;flex-wrap:wrap;gap:8px">{}</div>').format(
        Markup("").join(box for box, _ in found)
    )
    return row, [said for _, said in found if said]


def _video(
    video: Video, shape: str, place: Place, seen: Seen | None, *, embed: bool, several: bool
) -> tuple[Markup, str]:
    if not video.path.exists():
        return _message(shape, gone(video, place)), ""
    source = source_of(video.path, place, seen, embed=embed)
    box, drawn = _box(shape, several=several), poster(video.path)
    if source.src:
        label = f"Clip {video.job_id}"
        tag = video_tag(source.src, still=drawn, style=box, label=label, preload="metadata")
        return tag, source.said
    if not drawn:
        return _message(shape, unserved(video, place)), source.said
    return saved_still(video, place, drawn, box), source.said


def saved_still(video: Video, place: Place, drawn: str, style: str) -> Markup:
    """The still of a clip that the page has no way to, and below it where the clip is and how to get it."""
    where = Markup("{}").format(unserved(video, place))
    address = place.relative(video.path)
    if address is not None and not address.startswith("../"):
        # VS Code opens it, and who has the page beside the file can save it.
        where = Markup('Saved as <a href="{}" download>{}</a>. {}').format(
            address, place.shown(video.path), how_to_play(video.job_id)
        )
    return Markup(
        '<figure style="margin:0;max-width:640px"><img src="{}" alt="{}" style="{};object-fit:contain">'
        '<figcaption style="overflow-wrap:anywhere;color:{}">{}</figcaption></figure>'
    ).format(drawn, f"A still of clip {video.job_id}", style, SOFT, where)


def video_tag(src: str, *, still: str, style: str, label: str, preload: str) -> Markup:
    """A `<video>` as `IPython.display.Video` writes it, with every part escaped."""
    attributes = Markup(
        'controls loop playsinline preload="{}" poster="{}" style="{}" aria-label="{}"'
    ).format(preload, still, style, label)
    shown = IPythonVideo(NO_DATA, url=str(escape(src)), html_attributes=str(attributes))
    return Markup(shown._repr_html_())  # noqa: S704  every part was escaped above


def gone(video: Video, place: Place) -> str:
    """The words for a video whose file is no longer where it was."""
    return f"{place.shown(video.path)} is no longer there. Run the cell again to fetch it."


def unserved(video: Video, place: Place) -> str:
    """The words for a video that a page can't reach: why, and what to do."""
    return f"Saved as {video.path}{why_unserved(video, place)} {how_to_play(video.job_id)}"


def why_unserved(video: Video, place: Place) -> str:
    """Why the server does not serve a video and what to do, to follow what names it; a full stop where that is not known."""
    trouble = place.trouble(video.path)
    return _UNSERVED[trouble].format(root=place.root) if trouble else "."


def how_to_play(named: str, embed: str = "--embed") -> str:
    """What to do with the clips of a job or a sweep where a page has no way to their files; `embed` is how those are asked for."""
    return f"While a kernel runs, %veo show {named} plays it here and saves it; {embed} puts it into the notebook."


_UNSERVED = {
    "outside": ", which is outside the folder that Jupyter serves. Keep the library below {root}: "
    "veo.configure(library=…), or start Jupyter in a folder above both.",
    "hidden": ", in a folder whose name begins with a dot, which Jupyter does not serve. Give the library another name: "
    "veo.configure(library=…).",
    "link": ", behind a link that leads out of the folder that Jupyter serves, which this server does not follow. Keep the "
    "library in a folder of {root} itself: veo.configure(library=…), or start Jupyter in a folder above where it leads.",
    "moved": ". The notebook was moved while its kernel ran: start the kernel again, and run the cell again to see it.",
}


def _no_video(job: Job) -> Markup:
    return _message(job.request.shape, "No video" if job.now.state.final else "Not there yet")


def _message(shape: str, text: str) -> Markup:
    style = (
        f"{_box(shape, several=False)};display:flex;align-items:center;justify-content:center;padding:16px;"
        f"text-align:center;background:var(--jp-layout-color2, transparent);color:{SOFT}"
    )
    return Markup('<div style="{}"><span>{}</span></div>').format(style, text)
