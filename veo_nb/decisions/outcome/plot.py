"""The strengths drawn: as SVG within a page, which needs no further library, and as a chart of matplotlib's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from veo_nb.decisions.outcome.figures import Strength
from veo_nb.decisions.outcome.sentences import between, of_hundred, short_names
from veo_nb.sweep.dataframe import need, self_showing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ACCENT = "var(--jp-brand-color1, #1976d2)"
_FAINT = "var(--jp-border-color1, #8a8a8a)"
_HIGH = 20


def scale() -> Markup:
    """The scale over the plots of a table: 0, 50 and 100 of 100, for eyes alone."""
    marks = Markup("").join(
        Markup(
            '<text x="{}%" y="14" text-anchor="{}" style="fill:currentColor;font-size:11px">{}</text>'
        ).format(at, where, at)
        for at, where in ((0, "start"), (50, "middle"), (100, "end"))
    )
    return Markup('<svg aria-hidden="true" width="100%" height="{}" style="display:block">{}</svg>').format(
        _HIGH, marks
    )


def bar(one: Strength) -> Markup:
    """A strength as a dot on its interval; half of 100 is a dashed line."""
    said = f"{of_hundred(one.strength)} of 100, between {between(one.low, one.high)}"
    return Markup(
        '<svg role="img" aria-label="{said}" width="100%" height="{high}" style="display:block;overflow:visible">'
        '<line x1="50%" x2="50%" y1="0" y2="{high}" style="stroke:{faint};stroke-dasharray:2 3"/>'
        '<line x1="{low}%" x2="{top}%" y1="{middle}" y2="{middle}" style="stroke:{accent};stroke-width:2"/>'
        '<circle cx="{at}%" cy="{middle}" r="4.5" style="fill:{accent}"/></svg>'
    ).format(
        said=said,
        high=_HIGH,
        middle=_HIGH // 2,
        faint=_FAINT,
        accent=ACCENT,
        low=f"{100 * one.low:.1f}",
        top=f"{100 * one.high:.1f}",
        at=f"{100 * one.strength:.1f}",
    )


def svg(strengths: Sequence[Strength]) -> Markup:
    """All strengths as one picture of SVG, for a page that has no table of them."""
    names = short_names([one.value for one in strengths])
    height = 28 * (len(strengths) + 1)
    rows = []
    for at, one in enumerate(strengths):
        middle = 28 * at + 14
        rows.append(
            Markup(
                '<text x="0" y="{text}" style="fill:currentColor">{name}</text>'
                '<line x1="{low}" x2="{top}" y1="{middle}" y2="{middle}" style="stroke:{accent};stroke-width:2"/>'
                '<circle cx="{at}" cy="{middle}" r="4.5" style="fill:{accent}"/>'
            ).format(
                text=middle + 4,
                middle=middle,
                name=names[one.value],
                accent=ACCENT,
                low=f"{340 + 3 * 100 * one.low:.1f}",
                top=f"{340 + 3 * 100 * one.high:.1f}",
                at=f"{340 + 3 * 100 * one.strength:.1f}",
            )
        )
    marks = [
        Markup('<text x="{}" y="{}" text-anchor="middle" style="fill:currentColor">{}</text>').format(
            340 + 3 * mark, height - 8, mark
        )
        for mark in (0, 50, 100)
    ]
    half = Markup('<line x1="490" x2="490" y1="0" y2="{}" style="stroke:{};stroke-dasharray:2 3"/>').format(
        height - 24, _FAINT
    )
    said = "; ".join(
        f"{names[one.value]}: {of_hundred(one.strength)} of 100, {between(one.low, one.high)}"
        for one in strengths
    )
    return Markup(
        '<svg role="img" aria-label="{}" viewBox="-4 0 660 {}" style="max-width:660px;width:100%;'
        'font:13px var(--jp-ui-font-family, system-ui, sans-serif)">{}</svg>'
    ).format(said, height, Markup("").join([half, *rows, *marks]))


def chart(strengths: Sequence[Strength]) -> Figure:
    """The strengths with their intervals as a chart of matplotlib's, the strongest on top.

    Raises:
        VeoError: matplotlib is missing.
    """
    names = short_names([one.value for one in strengths])
    figure: Figure = self_showing(need("matplotlib.figure").Figure)(figsize=(6.4, 0.8 + 0.4 * len(strengths)))
    plot = figure.add_subplot()
    for at, one in enumerate(strengths):
        plot.plot([100 * one.low, 100 * one.high], [at, at], color="#1567b8", linewidth=2)
        plot.plot([100 * one.strength], [at], "o", color="#1567b8")
    # Prompts are text, whatever matplotlib would make of their dollar signs.
    plot.set_yticks(range(len(strengths)), [names[one.value] for one in strengths], parse_math=False)
    plot.invert_yaxis()
    plot.axvline(50, color="#8a8a8a", linestyle=":", zorder=0)
    plot.set_xlim(0, 100)
    plot.set_xlabel("preferred to an average rival, of 100")
    plot.spines[["top", "right"]].set_visible(False)
    figure.set_layout_engine("constrained")
    return figure
