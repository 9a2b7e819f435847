"""What a saved notebook says of a comparison: the question, how far it is, and how to go on. It tells no clip."""

from __future__ import annotations

from markupsafe import Markup

from veo_nb.notebook.compare.protocol import Comparing
from veo_nb.notebook.display import ROOT, SOFT, PlainHTML


def saved_comparison(comparing: Comparing, progress: str) -> PlainHTML:
    """The words over which the living comparison is laid while the kernel lives."""
    html = Markup(
        '<div data-veo-compare="{}" role="group" aria-label="Blind comparison" style="{}">'
        '<p dir="auto" style="margin:0;font-weight:600">{}</p><p style="margin:0;color:{}">{}</p></div>'
    ).format(comparing.token, ROOT, comparing.question, SOFT, _said(comparing, progress))
    return PlainHTML(html, f"{comparing.question}\n{_said(comparing, progress)}")


def _said(comparing: Comparing, progress: str) -> str:
    return f"A blind comparison of clips · {progress}. Every vote is kept. {comparing.again}"
