"""The list that `%veo experiments` shows: what was asked of which sweep, and what is known of it so far."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from IPython.display import HTML
from markupsafe import Markup

from veo_nb.notebook.display import PlainHTML
from veo_nb.notebook.grid.plain import html_table
from veo_nb.notebook.text import counted

if TYPE_CHECKING:
    from veo_nb.decisions.experiments import Experiment


NONE = (
    "Nothing is being found out in this library yet. Give a sweep a question: "
    '%%veo --sweep … --question "Which looks more like film?"'
)
HEADS = ("question", "sweep", "clips", "votes", "known so far", "changed")


def experiments_table(experiments: Sequence[Experiment]) -> HTML:
    """The experiments, one a row; in a terminal one a paragraph."""
    if not experiments:
        return PlainHTML(Markup("<p>{}</p>").format(NONE), NONE)
    rows = [
        [
            one.question or "(none written down)",
            one.sweep.id,
            str(one.clips),
            str(one.votes),
            f"{one.known} Concluded: {one.conclusion}" if one.conclusion else one.known,
            f"{datetime.fromtimestamp(one.changed_at).astimezone():%Y-%m-%d %H:%M}",
        ]
        for one in experiments
    ]
    paragraphs = [
        f"{sweep_id}  {question}\n       {counted(int(clips), 'clip')}, {counted(int(votes), 'vote')}, {when}. {known}"
        for question, sweep_id, clips, votes, known, when in rows
    ]
    return PlainHTML(html_table(HEADS, rows), "\n".join(paragraphs))
