"""The page that `%veo help` shows, and the README's table: options and commands, made from the tables that drive them."""

from __future__ import annotations

from IPython.display import HTML
from markupsafe import Markup

from veo_nb.notebook.display import PlainHTML
from veo_nb.notebook.options import option_rows

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
    ("%veo resubmit ID", "send a job again whose answer was lost; it may be charged twice"),
    ("%veo sweeps", "the newest sweeps"),
    ("%veo pause ID", "hold back what a sweep has not sent yet"),
    ("%veo resume ID", "let a paused sweep go on"),
    ("%veo export ID FILE", "write a sweep to grid.html, grid.mp4, grid.png, grid.csv or a folder: results/"),
    ("%veo history", "up to 200 jobs of this library"),
    ("%veo panel", "make, compare and find clips with the mouse or the keyboard alone"),
    ("%veo cost", "what the clips of this library cost by estimate, and what is left of the budget"),
    ("%veo login [PROVIDER]", "type a key where nobody sees it; the keyring keeps it if you say so"),
    ("%veo logout [PROVIDER]", "take that key away again"),
    ("%veo config", "each setting, its value, and where it came from"),
    ("%veo doctor", "check the installation, and say what to do"),
    ("%veo doctor --repair", "check the ledger and every file; bring back what is damaged or missing"),
    ("%veo help", "this page"),
)

LINES = "Options may go on in the lines under %%veo; the prompt begins where a line begins with none, or after an empty one."


def page() -> HTML:
    """Every option of `%%veo` and every command of `%veo`, with what it does."""
    options = [(f"%%veo {names}", text) for names, text in option_rows()]
    rows = [*options, ("", LINES), *COMMANDS]
    width = max(len(name) for name, _ in rows) + 2
    text = "\n".join(f"{name:<{width}}{meaning}" for name, meaning in rows)
    row = Markup(
        '<tr><td style="text-align:left;padding:2px 16px 2px 0"><code>{}</code></td>'
        '<td style="text-align:left;padding:2px 0">{}</td></tr>'
    )
    body = Markup("").join(row.format(name, meaning) for name, meaning in rows)
    return PlainHTML(Markup('<table style="font-size:13px;margin:4px 0">{}</table>').format(body), text)


def readme_table() -> str:
    """The options as a table of Markdown; `python -m tests.write_readme` puts it into the README."""
    rows = ["| option of `%%veo` | what it is |", "|---|---|"]
    for names, meaning in option_rows():
        # A bar would end the column, inside of code as well.
        cells = [text.replace("|", "\\|") for text in (f"`{names}`", meaning)]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)
