"""A sweep as a plain table, its rows and columns those of the grid: in a terminal, and for a dry run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from IPython.display import HTML
from markupsafe import Markup

from veo_nb import catalog
from veo_nb.notebook import text as words
from veo_nb.notebook.display import PlainHTML
from veo_nb.sweep.forecast import Forecast
from veo_nb.sweep.plan import Plan
from veo_nb.sweep.summary import in_time
from veo_nb.sweep.sweep import Sweep
from veo_nb.sweep.sweeps import SweepPreview

WIDEST = 32
"""Characters of a heading or a cell in a terminal."""
NONE = "No sweep has been made in this library yet. Give a %%veo cell an axis: --sweep seed=1,2,3."

Entry = tuple[Mapping[str, str], str]
"""A cell of the grid: its labels by axis, and what is said in it."""


def preview_table(preview: SweepPreview) -> HTML:
    """The grid that a sweep would make, with what it would send, cost and take; nothing was sent."""
    plan = preview.plan
    entries = []
    for at, cell in enumerate(plan.cells):
        text = "there already" if at in preview.stored else "would be made"
        labels = {name: value.label for name, value in cell.values.items()}
        entries.append((labels, text if cell.request is not None else f"{cell.reason} {cell.hint}".strip()))
    asked = [cell.request for cell in plan.cells if cell.request is not None]
    doubts = dict.fromkeys(
        doubt for one in asked for doubt in words.doubts(one, catalog.PROVIDERS[one.provider])
    )
    refused = len(plan.cells) - len(asked)
    empty = [f"{refused} can't be made"] if refused else []
    undrafted = [f"{plan.undrafted} of them no draft, since nothing is cheaper"] if plan.undrafted else []
    said = in_words(preview.forecast, preview.providers)
    line = " · ".join(["Nothing sent", said, *empty, *undrafted, *doubts])
    return _page(plan, entries, line)


def sweep_table(sweep: Sweep) -> HTML:
    """The grid as it is now: each cell's job and state, or why it can't be made; and how the whole stands."""
    entries = []
    for cell in sweep.cells:
        text = cell.why or "not sent"
        if cell.job is not None:
            error = f": {cell.job.error.message}" if cell.job.error else ""
            text = f"{cell.job.id} {cell.state}{error}"
        entries.append((cell.labels, text))
    return _page(sweep, entries, f"{sweep.summary()} · {sweep.id}")


def sweeps_table(sweeps: Iterable[Sweep]) -> HTML:
    """Sweeps as a list: id, axes, how each stands."""
    rows = [[sweep.id, sweep.shape, str(sweep.summary())] for sweep in sweeps]
    if not rows:
        return PlainHTML(Markup("<p>{}</p>").format(NONE), NONE)
    heads = ["sweep", "axes", "state"]
    return PlainHTML(html_table(heads, rows), _text(rows))


def in_words(found: Forecast, providers: Sequence[catalog.Provider]) -> str:
    """`8 requests · 8 clips · about $9.60 · about 3 min · to GPTProto`, and how many are there already."""
    parts = [
        _counted(found.requests, "request"),
        _counted(found.clips, "clip"),
        found.price if any(one.bills for one in providers) else f"would cost {found.price}",
        *([found.in_full] if found.drafts else []),
        *([in_time(found.seconds)] if found.requests else []),
        *([f"{found.stored} there already"] if found.stored else []),
        f"to {' and '.join(one.title for one in providers)}",
    ]
    return " · ".join(parts)


def _page(grid: Plan | Sweep, entries: Sequence[Entry], line: str) -> HTML:
    """A table for each combination of the axes that are neither rows nor columns, and a line under them."""
    rows, columns = _side(grid, grid.rows), _side(grid, grid.columns)
    others = [axis.name for axis in grid.axes if axis.name not in rows + columns]
    html, text = [], []
    layers: dict[str, list[Entry]] = {}
    for labels, said in entries:
        layers.setdefault(", ".join(f"{name} {labels[name]}" for name in others), []).append((labels, said))
    for title, layer in layers.items():
        heads = list(dict.fromkeys(_head(labels, columns) for labels, _ in layer))
        lines: dict[str, dict[str, str]] = {}
        for labels, said in layer:
            lines.setdefault(_head(labels, rows), {})[_head(labels, columns)] = said
        body = [[name, *(cells.get(head, "") for head in heads)] for name, cells in lines.items()]
        html.append(html_table([title, *heads], body))
        text.append(_text([[title, *heads], *body]))
    page = Markup('{}<p style="margin:4px 0">{}</p>').format(Markup("").join(html), line)
    return PlainHTML(page, "\n\n".join([*text, line]))


def _side(grid: Plan | Sweep, name: str | None) -> list[str]:
    """The axes of the rows or of the columns: those that move together stand together."""
    if name is None:
        return []
    return list(next((names for names in grid.zipped if name in names), (name,)))


def _head(labels: Mapping[str, str], names: Sequence[str]) -> str:
    return " · ".join(labels[name] for name in names)


def html_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    """A table with these heads, as every list of `%veo` has it."""
    style = "text-align:left;vertical-align:top;padding:4px 12px 4px 0;max-width:320px;overflow-wrap:anywhere"
    # A head without a word is none to who has the table read out.
    named, empty = Markup('<th scope="col" style="{}">{}</th>'), Markup("<td></td>")
    head = Markup("").join(named.format(style, one) if one else empty for one in heads)
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(Markup('<td style="{}">{}</td>').format(style, one) for one in row)
        )
        for row in rows
    )
    return Markup('<table style="{}"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>').format(
        "font-size:13px;border-collapse:collapse;margin:4px 0", head, body
    )


def _text(rows: Sequence[Sequence[str]]) -> str:
    cut = [[one if len(one) <= WIDEST else f"{one[: WIDEST - 1]}…" for one in row] for row in rows]
    widths = [max(len(one) for one in column) for column in zip(*cut, strict=True)]
    padded = ("  ".join(f"{one:<{width}}" for one, width in zip(row, widths, strict=True)) for row in cut)
    return "\n".join(line.rstrip() for line in padded)


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
