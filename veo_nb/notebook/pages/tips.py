"""What `%veo tips` shows: what a prompt leaves open, words for it, and cells that try them. Every text escaped."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from IPython.display import HTML
from markupsafe import Markup

from veo_nb import catalog
from veo_nb.catalog.tips import GUIDES, Element, Reading, open_questions, put_in
from veo_nb.config import Settings
from veo_nb.engine.job import Job
from veo_nb.errors import InvalidRequest
from veo_nb.notebook.display import OUTLINE, ROOT, SOFT, PlainHTML
from veo_nb.notebook.options import split_cell
from veo_nb.notebook.panel.code import cell_of
from veo_nb.notebook.text import EDIT_OPEN, counted, left_open
from veo_nb.records.late import dataclass
from veo_nb.store.files import Files
from veo_nb.sweep.template import fill

MOST_TRIED = 3
"""Phrases in a cell that is shown: each is a clip that costs something, and more are typed quickly."""
LONG_PROMPT = 1000
"""Letters of a prompt beyond which it is not shown once for each thing that it leaves open."""
DECIDES = "What a prompt leaves open the model decides."
OMNI = "Gemini Omni needs to be told less than Veo: name what matters to you."
FRAME = "Of a clip that begins with a picture or goes on from a clip only what that can't show is asked."


@dataclass(frozen=True)
class Asked:
    """A prompt that is looked at, and what else is asked for with it."""

    prompt: str
    """As it is written in a cell."""
    filled: str = ""
    """With what is known of its `{{names}}`; empty where it has none."""
    options: str = "%%veo"
    """The line of options that a cell for it begins with; empty where a cell can't say it."""
    model: catalog.Model | None = None
    silent: bool = False
    picture: bool = False
    """Whether it begins with a picture or goes on from a clip."""
    edits: bool = False
    whose: str = ""
    """`3f2a`; empty for a prompt that was typed."""

    @property
    def reading(self) -> Reading:
        """What it leaves open."""
        sounds = not self.silent and (self.model is None or self.model.sound)
        return open_questions(self.filled or self.prompt, sound=sounds, picture=self.picture)


def asked_of(job: Job, library: Files) -> Asked:
    """The prompt of a job, and a cell's options that ask for the same."""
    request = job.request
    return Asked(
        prompt=request.prompt,
        options=cell_of(job, library).partition("\n")[0],
        model=catalog.model(request.model),
        silent=request.silent,
        picture=request.image is not None or request.video is not None,
        edits=request.edit is not None,
        whose=job.id,
    )


def asked_now(typed: str, names: Mapping[str, Any], settings: Settings) -> Asked:
    """A prompt that was typed, in quotes or without, to be asked of the model that is set.

    Raises:
        InvalidRequest: it holds half a character.
    """
    prompt = _unquoted(catalog.bare(typed))
    catalog.check_text("prompt", prompt)
    served, name = catalog.find_served(settings.model, settings.provider)
    known = {name: value for name, value in names.items() if isinstance(value, (str, int, float, list, dict))}
    return Asked(prompt, filled_in(prompt, known), model=catalog.find_model(name, served))


def filled_in(prompt: str, known: Mapping[str, Any]) -> str:
    """A prompt with what is known of its `{{names}}`; as it is where one of them leads nowhere."""
    try:
        return fill(prompt, known, strict=False)
    except InvalidRequest:
        # Who sends it hears what is wrong with it.
        return prompt


def _unquoted(text: str) -> str:
    """A prompt without the quotes around the whole of it; those that open inside of it are its own."""
    inner = re.fullmatch(r"""(?s)(?:"(.*)"|'(.*)'|“(.*)”|«(.*)»)""", text)
    found = next((one for one in inner.groups() if one is not None), "") if inner else ""
    # `"Hi" says a sign that reads "OPEN"` is not in quotes: the first one closes at once.
    before = re.split(r"""\s["'“«]""", found, maxsplit=1)[0]
    closes = re.search(r"""\S["”»]|\w'(?!\w)""", before)
    return catalog.bare(found) if found and not closes else text


def tips_page(asked: Asked) -> HTML:
    """What is left open with words to say it, a cell for each that tries some, and where the words are from."""
    found = asked.reading
    rows = [] if asked.edits else [(one.name, one.question, " · ".join(one.phrases)) for one in found.open]
    lines = _lines(asked, found)
    cells = [] if asked.edits else _cells(asked, found)
    plain = "\n".join(
        [
            *lines,
            *(f"{name:<13}{question}\n{'':<13}{phrases}" for name, question, phrases in rows),
            *(f"\n{title}\n{cell}" for title, cell in cells),
        ]
    )
    guides = Markup(", ").join(
        Markup('<a href="{}" target="_blank" rel="noopener">{}</a> ({})').format(one.url, one.title, one.date)
        for one in GUIDES
    )
    return PlainHTML(
        Markup('<div style="{}">{}{}{}{}</div>').format(
            ROOT,
            Markup("").join(
                Markup('<p style="margin:0;overflow-wrap:anywhere">{}</p>').format(one) for one in lines
            ),
            _table(rows),
            Markup("").join(_cell(*one, shown=not at) for at, one in enumerate(cells)),
            Markup('<p style="margin:0;color:{}">In our words, after {}. Nothing was sent.</p>').format(
                SOFT, guides
            ),
        ),
        plain,
    )


def _lines(asked: Asked, found: Reading) -> list[str]:
    prompt = " ".join(asked.prompt.split())
    lines = [
        f"{asked.whose + ': ' if asked.whose else ''}{prompt if len(prompt) <= 200 else prompt[:199] + '…'}"
    ]
    if asked.edits:
        return [*lines, f"{EDIT_OPEN}."]
    lines.append(f"{left_open(found)}. {DECIDES if found.understood and found.open else ''}".strip())
    if found.unknown:
        names = ", ".join(f"{{{{{name}}}}}" for name in found.unknown[:4])
        lines.append(f"What {names} stands for isn't known here, and may say some of it.")
    if asked.picture and found.open:
        lines.append(FRAME)
    if asked.model is not None and asked.model.dialects == ("interactions",):
        lines.append(OMNI)
    return lines


def _cells(asked: Asked, found: Reading) -> list[tuple[str, str]]:
    """A title and a cell for each thing that matters, is open and has words."""
    wanted = [one for one in found.open if one.phrases and not one.fine]
    wanted = wanted or [one for one in found.open if one.phrases]
    if len(asked.prompt) > LONG_PROMPT:
        del wanted[1:]
    cells = [(one, sweep_cell(asked, one)) for one in wanted]
    return [
        (f"Vary {one.name}: {counted(len(one.phrases[:MOST_TRIED]), 'clip')}", cell)
        for one, cell in cells
        if cell
    ]


def sweep_cell(asked: Asked, element: Element) -> str:
    """A `%%veo` cell that tries some phrases for this; empty where a cell can't say what the prompt is asked with."""
    if not asked.options:
        return ""
    prompt = put_in(asked.prompt, element.name, f"{{{{{element.name}}}}}", first=element.first)
    axis = shlex.quote(f"{element.name}={'||'.join(element.phrases[:MOST_TRIED])}")
    # Its first lines may look like options.
    for body in (prompt, f"\n{prompt}"):
        try:
            if split_cell("", body)[1].strip() == prompt:
                return f"{asked.options} --sweep {axis}\n{body}"
        except InvalidRequest:
            continue
    return ""


def _table(rows: Sequence[tuple[str, str, str]]) -> Markup:
    if not rows:
        return Markup("")
    row = Markup(
        '<tr><th scope="row" style="{0}">{1}</th>'
        '<td style="{0}">{2}<br><span style="color:{3}">{4}</span></td></tr>'
    )
    look = "text-align:left;vertical-align:top;padding:2px 16px 2px 0;white-space:normal"
    body = Markup("").join(
        row.format(look, name, question, SOFT, phrases) for name, question, phrases in rows
    )
    return Markup('<table style="font-size:13px;margin:0">{}</table>').format(body)


def _cell(title: str, cell: str, *, shown: bool) -> Markup:
    """A cell under its title; a click marks the whole of it, ready to be copied."""
    return Markup('<details{}><summary>{}</summary><pre style="{}">{}</pre></details>').format(
        Markup(" open") if shown else "",
        title,
        f"margin:4px 0;padding:8px;border:{OUTLINE};border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere;"
        "user-select:all",
        cell,
    )
