"""A ranking as a table: for a page, for a report in Markdown, and for a terminal. Everything of voters and values is escaped."""

from __future__ import annotations

import re

from markupsafe import Markup

from veo_nb.decisions.outcome.figures import Figures
from veo_nb.decisions.outcome.plot import bar, scale
from veo_nb.decisions.outcome.sentences import between, counted, of_hundred, short_names

_ROOT = (
    "display:block;max-width:760px;padding:4px 0;color:var(--jp-ui-font-color1, currentColor);"
    "font:13px/20px var(--jp-ui-font-family, system-ui, sans-serif);font-variant-numeric:tabular-nums"
)
_RULE = "1px solid var(--jp-border-color2, #bdbdbd)"
_CELL = f"padding:4px 8px;border:0;border-bottom:{_RULE};vertical-align:middle;background:none;color:inherit;overflow-wrap:anywhere;"
_HEADS = ("Value", "Strength", "95 % interval", "Votes")
EXPLAINED = "Strength: in how many of 100 it is preferred to an average rival"


def title(ranking: Figures) -> str:
    """What the ranking is of: `3 values by 76 votes of 2 voters`."""
    voters = f" of {counted(len(ranking.voters), 'voter')}" if ranking.voters else ""
    return f"{counted(len(ranking.values), 'value')} by {counted(ranking.votes, 'vote')}{voters}"


def html(ranking: Figures) -> Markup:
    """The whole ranking for a page: the table with a plot in its rows, and under it the sentences."""
    return Markup('<div data-veo-ranking role="group" aria-label="{}" style="{}">{}{}</div>').format(
        f"Ranking of {title(ranking)}", _ROOT, table(ranking), lines(ranking)
    )


def table(ranking: Figures) -> Markup:
    """The strengths as a table of HTML, with their intervals drawn."""
    heads = [
        Markup('<th scope="col" style="{}text-align:{};font-weight:600;white-space:nowrap">{}</th>').format(
            _CELL, side, head
        )
        for head, side in zip(_HEADS, ("left", "right", "right", "right"), strict=True)
    ]
    # No head: it has nothing to be read out, and each plot says its own figures.
    heads.insert(3, Markup('<td style="{}width:34%;min-width:90px">{}</td>').format(_CELL, scale()))
    rows = [
        Markup(
            '<tr style="background:none"><th scope="row" dir="auto" style="{0}text-align:left;font-weight:400;min-width:72px;max-width:280px">{1}</th>'
            '<td style="{0}text-align:right">{2}</td><td style="{0}text-align:right;white-space:nowrap">{3}</td>'
            '<td style="{0}">{4}</td><td style="{0}text-align:right">{5}</td></tr>'
        ).format(
            _CELL,
            one.value,
            of_hundred(one.strength),
            between(one.low, one.high),
            bar(one),
            f"{one.votes:,}",
        )
        for one in ranking.strengths
    ]
    return Markup(
        '<div style="overflow-x:auto"><table style="border-collapse:collapse;table-layout:auto;width:100%;margin:0;color:inherit;font:inherit">'
        '<caption style="text-align:left;padding:0 8px 4px;color:var(--jp-ui-font-color2, currentColor);caption-side:top">{}</caption>'
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>"
    ).format(f"Ranking of {title(ranking)}. {EXPLAINED}.", Markup("").join(heads), Markup("").join(rows))


def lines(ranking: Figures) -> Markup:
    """The sentences as a list of HTML."""
    items = [Markup('<li dir="auto" style="margin:2px 0">{}</li>').format(line) for line in ranking.sentences]
    return Markup('<ul style="margin:8px 0 0;padding:0 8px 0 24px;overflow-wrap:anywhere">{}</ul>').format(
        Markup("").join(items)
    )


def markdown(ranking: Figures) -> str:
    """The table and the sentences in Markdown."""
    rows = [
        f"| {_marked(one.value)} | {of_hundred(one.strength)} | {between(one.low, one.high)} | {one.votes:,} |"
        for one in ranking.strengths
    ]
    said = [f"- {_marked(line)}" for line in ranking.sentences]
    head = f"| {' | '.join(_HEADS)} |\n| --- | ---: | ---: | ---: |"
    return "\n".join([head, *rows, "", f"{EXPLAINED}.", "", *said])


def plain(ranking: Figures) -> str:
    """The table and the sentences for a terminal."""
    names = short_names(ranking.values)
    width = max(len(name) for name in (*names.values(), "value"))
    rows = [f"{'value':<{width}}  of 100  interval  votes"]
    rows += [
        f"{names[one.value]:<{width}}  {of_hundred(one.strength):>6}  {between(one.low, one.high):>8}  {one.votes:>5}"
        for one in ranking.strengths
    ]
    return "\n".join([f"Ranking of {title(ranking)}", *rows, "", *ranking.sentences])


def _marked(text: str) -> str:
    """A text whose signs mean nothing in Markdown, in one line."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~$&-])", r"\\\1", " ".join(text.split()))
