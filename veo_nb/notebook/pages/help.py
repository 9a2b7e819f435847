"""The page that `%veo help` shows, and the README's table: options and commands, made from the tables that drive them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from IPython.display import HTML
from markupsafe import Markup, escape

from veo_nb import catalog
from veo_nb.engine.video import resolution_of
from veo_nb.errors import NotFound
from veo_nb.notebook.display import PlainHTML
from veo_nb.notebook.options import option_rows
from veo_nb.notebook.pages.notebooks import find_documentation, find_notebooks

COMMANDS: tuple[tuple[str, str], ...] = (
    ("%veo", "the newest jobs"),
    ("%veo wait", "hold the cell until every job is over"),
    ("%veo show ID", "a job's card or its video, or a sweep"),
    (
        "%veo cancel ID",
        "stop waiting for a job or a whole sweep; the provider may still finish it and charge",
    ),
    (
        "%veo retry ID",
        "look again for what was accepted and did not get here, of a job or a sweep; it never pays",
    ),
    (
        "%veo rerun ID [--yes]",
        "ask anew for the same as a job, or for what failed or was blocked in a sweep; it may pay",
    ),
    (
        "%veo final ID [--yes]",
        "make a draft final, or all drafts of a sweep: the same in full, with the same seed; it pays once",
    ),
    ("%veo resubmit ID", "send a job again whose answer was lost; it may be charged twice"),
    ("%veo sweeps", "the newest sweeps"),
    ("%veo pause ID", "hold back what a sweep has not sent yet"),
    ("%veo resume ID", "let a paused sweep go on"),
    (
        "%veo compare ID [--by AXIS] [--question TEXT] [--rounds N] [--voter NAME]",
        "put the clips of a sweep before voters, two at a time and blind",
    ),
    ("%veo rank ID [--by AXIS] [--question TEXT]", "what the votes come to, and how sure that is"),
    ("%veo export ID FILE", "write a sweep to grid.html, grid.mp4, grid.png, grid.csv or a folder: results/"),
    (
        "%veo measure ID",
        "what a program can say of the clips of a job or a sweep: motion, sharpness, loudness",
    ),
    (
        "%veo conclude ID TEXT",
        "write down what you conclude of a sweep; an empty text in quotes takes it away",
    ),
    (
        "%veo report ID FILE",
        "write one page of a sweep: question, ranking, clips, cost, conclusion; report.html or report.md",
    ),
    ("%veo experiments", "the sweeps that are to find something out, and what is known so far"),
    ("%veo history", "up to 200 jobs of this library"),
    ("%veo panel", "make, compare and find clips with the mouse or the keyboard alone"),
    (
        '%veo tips [ID|"PROMPT"]',
        "what a prompt leaves open, by default the last one, and words to try; nothing is sent",
    ),
    ("%veo cost", "what the clips of this library cost by estimate, and what is left of the budget"),
    ("%veo login [PROVIDER]", "type a key where nobody sees it; the keyring keeps it if you say so"),
    ("%veo logout [PROVIDER]", "take that key away again"),
    ("%veo config", "each setting, its value, and where it came from"),
    ("%veo doctor", "check the installation and the key, say which models it opens, and what to do"),
    ("%veo doctor --repair", "check the ledger and every file; bring back what is damaged or missing"),
    ("%veo help", "this page"),
)

LINES = "Options may go on in the lines under %%veo; the prompt begins where a line begins with none, or after an empty one."


_STILL, _CLIP, _THINGS = {"image": "x"}, {"video": "x"}, {"reference_images": ["x"]}
ASKED: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("1080p and 4k with 4 or 6 s", {"resolution": "1080p", "duration_seconds": 4}),
    ("`--reference` in a clip of 9:16", {**_THINGS, "aspect_ratio": "9:16"}),
    ("`--video` at 1080p and 4k", {**_CLIP, "resolution": "1080p"}),
    ("no prompt beside an image or a clip", {**_STILL, "prompt": ""}),
    ("`--person-generation dont_allow`", {"person_generation": "dont_allow"}),
    ("`--no-enhance-prompt`", {"enhance_prompt": False}),
    ("`--generate-audio`, `--no-generate-audio`", {"generate_audio": False}),
    ("`--resize-mode`", {**_STILL, "resize_mode": "pad"}),
    ("`--compression-quality`", {"compression_quality": "lossless"}),
    ("`--negative-prompt`", {"negative_prompt": "rain"}),
    ("`--samples` 2 to 4", {"sample_count": 2}),
    ("`--edit`", {"edit": "x"}),
    ("`fast` at 4k", {"model": "fast", "resolution": "4k"}),
    ("`lite` at 4k", {"model": "lite", "resolution": "4k"}),
    ("`lite` with `--reference`", {"model": "lite", **_THINGS}),
    ("`lite` with `--video`", {"model": "lite", **_CLIP}),
)
"""What is not taken everywhere, and fields that ask for it."""


def taken_rows() -> tuple[list[str], list[list[str]]]:
    """Who takes what: the forms of the wire by who speaks them, and of each line what the catalog says for each.

    `✓` is taken, `no` is not, `?` is sent with a warning, since sources disagree; empty where it is of another model.
    """
    heads, columns, sources = [], [], []
    for dialect in catalog.SOURCES:
        model = "omni" if dialect == "interactions" else "standard"
        spoken = [
            one
            for one in catalog.PROVIDERS.values()
            if one.bills and (served := catalog.find_model(model, one)) and one.dialect_of(served) == dialect
        ]
        if not spoken:
            continue
        heads.append("Gemini Omni" if model == "omni" else ", ".join(one.title for one in spoken))
        columns.append((model, spoken))
        sources.append(_source(catalog.SOURCES[dialect]))
    rows = [[said, *(_mark(values, *column) for column in columns)] for said, values in ASKED]
    return heads, [*rows, ["what `--video` goes on from", *sources]]


def _mark(values: Mapping[str, Any], model: str, providers: Sequence[catalog.Provider]) -> str:
    asked = {"prompt": "x", "model": model, **values}
    if model == "omni" != asked["model"]:
        return ""
    # One that serves the model: GPTProto has no lite.
    one = next(one for one in providers if catalog.find_model(asked["model"], one))
    if catalog.check(asked, one):
        return "no"
    return "?" if catalog.find_doubts(asked, one) else "✓"


def _source(limits: catalog.SourceLimits) -> str:
    """`1 to 30 s at 720p or 1080p, a clip of the library or gs://…`."""
    if not limits.lines:
        return "no clip"
    some = f"{limits.least_seconds:g} to" if limits.least_seconds else "up to"
    lines = catalog.listed(tuple(resolution_of(one) for one in limits.lines))
    whose = "a clip of the library or" if limits.inline else "a clip made there or"
    addresses = "http(s)://…" if "https" in limits.schemes else f"{limits.schemes[0]}://…"
    return f"{some} {limits.most_seconds:g} s at {lines}, {whose} {addresses}"


def page() -> HTML:
    """Every option of `%%veo` and every command of `%veo`, with what it does, and who takes what."""
    options = [(f"%%veo {names}", text) for names, text in option_rows()]
    heads, lines = taken_rows()
    taken = [
        (
            said.replace("`", ""),
            " · ".join(f"{head}: {mark}" for head, mark in zip(heads, marks, strict=True) if mark),
        )
        for said, *marks in lines
    ]
    rows = [*options, ("", LINES), *COMMANDS, *taken]
    width = max(len(name) for name, _ in rows) + 2
    text = "\n".join(f"{name:<{width}}{meaning}" for name, meaning in rows)
    row = Markup(
        '<tr><td style="text-align:left;padding:2px 16px 2px 0"><code>{}</code></td>'
        '<td style="text-align:left;padding:2px 0">{}</td></tr>'
    )
    body = Markup("").join(row.format(name, meaning) for name, meaning in rows)
    more, linked = _more(find_documentation())
    html = Markup('<table style="font-size:13px;margin:4px 0">{}</table><p>{}</p>').format(body, linked)
    return PlainHTML(html, f"{text}\n\n{more}")


def _more(address: str) -> tuple[str, Markup]:
    """Where more is to be read, as text and as HTML: the documentation, else the notebooks that came along."""
    if address:
        link = Markup('<a href="{0}" target="_blank" rel="noopener">{0}</a>').format(address)
        return f"Documentation: {address}", Markup("Documentation: {}").format(link)
    try:
        said = f"Step by step, with notebooks that run: {find_notebooks()}"
    except NotFound:
        said = "help(veo_nb.NAME) says more of each name in Python."
    return said, escape(said)


def readme_taken() -> str:
    """Who takes what, as a table of Markdown; `python -m tests.write_readme` puts it into the README too."""
    heads, rows = taken_rows()
    return "\n".join(
        f"| {' | '.join(cells)} |" for cells in (["", *heads], ["---"] * (len(heads) + 1), *rows)
    )


def readme_lives() -> str:
    """Whose key opens which models, since when and until when, as a table of Markdown; written as the others are."""
    rows = [["your key", "what it opens", "since", "until"], ["---"] * 4]
    for one in catalog.PROVIDERS.values():
        if not one.bills:
            continue
        project = ["GOOGLE_CLOUD_PROJECT"] if one.keyless else []
        variables = " or ".join(f"`{name}`" for name in (*project, *one.key_variables))
        key = f"{one.title}: {variables}"
        if one.any_model:
            rows.append([key, "what it offers, by its own names", "?", "?"])
        for life in one.lives:
            served = [catalog.model(name) for name in life.models]
            opens = ", ".join(
                f"{model.title} (`{model.alias}`{', the default' if model.alias == one.default_model else ''})"
                for model in served
            )
            rows.append(
                [
                    key,
                    opens,
                    life.since or "?",
                    UNTIL[life.sure].format(life.until) if life.until else "no end known",
                ]
            )
            key = ""
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


UNTIL = {
    "stated": "{}",
    "reported": "{}, as others report",
    "earliest": "{} at the earliest",
}
"""How an end reads in a table, by how sure it is."""


def readme_table() -> str:
    """The options as a table of Markdown; `python -m tests.write_readme` puts it into the README."""
    rows = ["| option of `%%veo` | what it is |", "|---|---|"]
    for names, meaning in option_rows():
        # A bar would end the column, inside of code as well.
        cells = [text.replace("|", "\\|") for text in (f"`{names}`", meaning)]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)
