"""The notebooks that come along with the package."""

from __future__ import annotations

import nbformat
import pytest

from veo_nb.errors import NotFound
from veo_nb.notebook.pages import notebooks as shipped
from veo_nb.notebook.pages.notebooks import NOTEBOOK, find_notebooks


def test_the_notebooks_are_found_beside_the_package():
    assert nbformat.read(find_notebooks() / NOTEBOOK, as_version=4).cells


def test_an_installation_without_them_says_what_to_do(monkeypatch):
    monkeypatch.setattr(shipped, "NOTEBOOK", "none.ipynb")
    with pytest.raises(NotFound, match="not in this installation"):
        find_notebooks()
