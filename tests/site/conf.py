"""How Sphinx builds the site; its sources are written by tests/site before."""

from __future__ import annotations

import builtins
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx

import veo_nb
from tests.site.reference import as_rst

project = "veo_nb"
version = release = veo_nb.__version__
html_title = f"veo_nb {release}"
copyright = "the authors of veo_nb; Apache-2.0"  # noqa: A001  the name is Sphinx's

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.githubpages"]
nb_execution_mode = "off"
nb_merge_streams = True
# Each output of ours has what stays of it without a kernel beside its widget.
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]
smartquotes = False
myst_heading_anchors = 3
highlight_language = "none"
nitpicky = False

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_default_options = {"exclude-members": "__init__, __new__"}
python_maximum_signature_line_length = 88
napoleon_numpy_docstring = False

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": False}


def read_docstring(
    _app: Sphinx, _what: str, _name: str, _thing: Any, _options: Any, lines: list[str]
) -> None:
    """Turn a docstring into what Sphinx reads, before its sections are looked for."""
    lines[:] = as_rst(lines)


def find_public(_app: Sphinx, _env: Any, node: Any, text: nodes.Element) -> nodes.reference | None:
    """A link to a public name from wherever a type goes by the module that it lives in."""
    name = node.get("reftarget", "").rpartition(".")[2]
    if node.get("refdomain") != "py" or name not in veo_nb.__all__:
        return None
    full = "veo_nb.decisions.judges" if name == "judges" else f"veo_nb.{name}"
    found: nodes.reference | None = _env.get_domain("py").resolve_xref(
        _env, node["refdoc"], _app.builder, "obj", full, node, text
    )
    return found


def leave_builtins(_app: Sphinx, document: nodes.document) -> None:
    """Have `bytes` lead to nothing: Sphinx would find `Video.bytes`."""
    for node in [*document.findall(pending_xref)]:
        if node.get("refdomain") == "py" and hasattr(builtins, node["reftarget"]):
            node.replace_self(node.children)


def setup(app: Sphinx) -> None:
    """Hang these into Sphinx."""
    app.connect("autodoc-process-docstring", read_docstring, priority=100)
    app.connect("doctree-read", leave_builtins)
    app.connect("missing-reference", find_public)
