"""The notebooks that come along with the package."""

from __future__ import annotations

import importlib.metadata
from email.message import Message

import nbformat
import pytest

from veo_nb.errors import NotFound
from veo_nb.notebook.pages import notebooks as shipped
from veo_nb.notebook.pages.notebooks import NOTEBOOK, find_documentation, find_notebooks


def test_the_notebooks_are_found_beside_the_package():
    assert nbformat.read(find_notebooks() / NOTEBOOK, as_version=4).cells


def test_an_installation_without_them_says_what_to_do(monkeypatch):
    monkeypatch.setattr(shipped, "NOTEBOOK", "none.ipynb")
    with pytest.raises(NotFound, match="not in this installation"):
        find_notebooks()


def test_the_documentation_is_where_the_installed_package_says(monkeypatch):
    named = Message()
    monkeypatch.setattr(importlib.metadata, "metadata", lambda name: named)
    assert find_documentation() == ""
    for label, address in {"Source": "https://a.example/x", "Documentation": "https://a.example/d"}.items():
        named["Project-URL"] = f"{label}, {address}"
    assert find_documentation() == "https://a.example/d"
    assert find_documentation(["Documentation, javascript:alert(1)"]) == ""
