"""What a saved notebook says of a comparison: the question, and how to go on. It tells no clip, and no count of votes: it is
not written again, since the living view over it would be taken out of the page and put back while somebody looks at clips.
"""

from __future__ import annotations

from markupsafe import Markup

from veo_nb.notebook.compare.protocol import Comparing
from veo_nb.notebook.display import ROOT, SOFT, PlainHTML


def saved_comparison(comparing: Comparing) -> PlainHTML:
    """The words over which the living comparison is laid while the kernel lives."""
    words = f"A blind comparison of clips. Every vote is kept. {comparing.again}"
    html = Markup(
        '<div data-veo-compare="{}" role="group" aria-label="Blind comparison" style="{}">'
        '<p dir="auto" style="margin:0;font-weight:600">{}</p><p style="margin:0;color:{}">{}</p></div>'
    ).format(comparing.token, ROOT, comparing.question, SOFT, words)
    return PlainHTML(html, f"{comparing.question}\n{words}")
