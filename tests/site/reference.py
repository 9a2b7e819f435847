"""The pages of the API: every public name once, beside those that live in the same room, by Sphinx's autodoc."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import veo_nb
from veo_nb.records.homes import HOMES

ROOMS = {
    "": "Functions",
    "views": "The studio",
    "engine": "Jobs and clips",
    "request": "Requests",
    "library": "The library",
    "sweep": "Sweeps",
    "decisions": "Votes and rankings",
    "measuring": "Measuring",
    "media": "Pictures and measures",
    "notebook": "The panel",
    "store": "Records and bills",
    "catalog": "Models, providers, prices",
    "config": "Settings",
    "credentials": "Keys",
    "api": "The wire",
    "errors": "Errors",
}
"""Titles, in the order of the pages; a room that is not here goes by its own name, after them."""
PLUGIN = "providers"
"""The page for who writes a package that brings a provider; it stands among what can be added."""

_CODE = re.compile(r"(``?)(.+?)\1")
_MARKED = re.compile(r"[*|\\]|_(?=\W|$)")


def room_of(name: str) -> str:
    """The room that a public name lives in; empty for the functions of the package itself."""
    if name == "judges":
        return "decisions"
    home = HOMES.get(name, "veo_nb.errors" if name[0].isupper() else "veo_nb")
    return home.partition(":")[0].partition(".")[2].partition(".")[0]


def write_reference(target: Path) -> None:
    """Write a page for each room that has public names, and one that leads to them."""
    folder = target / "reference"
    folder.mkdir()
    rooms = [*ROOMS, *sorted({room_of(name) for name in veo_nb.__all__} - ROOMS.keys())]
    pages = []
    for room in rooms:
        names = [name for name in veo_nb.__all__ if room_of(name) == room]
        if names:
            pages.append(room or "functions")
            text = _title(ROOMS.get(room, room)) + "\n".join(map(_entry, _sorted(names)))
            (folder / f"{pages[-1]}.rst").write_text(text, "utf-8")
    plugin = _title("A package that brings a provider") + ".. automodule:: veo_nb.providers\n"
    (folder / f"{PLUGIN}.rst").write_text(plugin, "utf-8")
    tree = ".. toctree::\n   :maxdepth: 2\n\n" + "".join(f"   {page}\n" for page in pages)
    head = _title("Names of ``veo_nb``") + "``import veo_nb as veo``: all of these are ``veo.NAME``.\n\n"
    (folder / "index.rst").write_text(head + tree, "utf-8")


def _sorted(names: list[str]) -> list[str]:
    """The root of the errors before its kinds; else as they are."""
    return sorted(names, key=lambda name: name != "VeoError")


def _title(text: str) -> str:
    return f"{text}\n{'=' * len(text)}\n\n"


def _entry(name: str) -> str:
    head = f"{name}\n{'-' * len(name)}\n\n"
    if name == "judges":
        return f"{head}.. automodule:: veo_nb.decisions.judges\n   :members:\n"
    thing = getattr(veo_nb, name)
    if inspect.isfunction(thing):
        return f"{head}.. autofunction:: veo_nb.{name}\n"
    if not inspect.isclass(thing):
        return f"{head}.. autodata:: veo_nb.{name}\n"
    bases = "   :show-inheritance:\n" if issubclass(thing, Exception) else ""
    return f"{head}.. autoclass:: veo_nb.{name}\n   :members:\n   :undoc-members:\n{bases}"


def as_rst(lines: list[str]) -> list[str]:
    """A docstring of this house, which is near to Markdown, as Sphinx reads it: code between backticks, blocks by indent."""
    found, block = list[str](), list[str]()
    before = after_text = ""
    for line in [*lines, ""]:
        if line.startswith("    ") and (block or (not before and not after_text.startswith((" ", "- ")))):
            block.append(line)
        elif block and not line.strip():
            block.append("")
        else:
            if block:
                found += [*_as_code(block), ""]
                block = []
            if line.startswith("- ") and before and not before.startswith(("- ", "  ")):
                found.append("")
            found.append(_as_text(line))
            after_text = line if line.strip() else after_text
        before = line.strip() and line
    return found + _as_code(block)


def _as_code(block: list[str]) -> list[str]:
    if not block:
        return []
    code = inspect.cleandoc("\n".join(["", *block]))
    try:
        ast.parse(code)
    except SyntaxError:
        language = "text"
    else:
        language = "python"
    return [f".. code-block:: {language}", "", *(f"   {line}".rstrip() for line in code.splitlines())]


def _as_name(code: str) -> str:
    """A piece of code in a text; it leads to the class whose name it is."""
    named = code[0].isupper() and code in veo_nb.__all__
    return f":py:obj:`{code} <veo_nb.{code}>`\\ " if named else f"``{code}``\\ "


def _as_text(line: str) -> str:
    """A line of text: its code marked as code, and what else Sphinx would take for a mark taken literally."""
    pieces, end = [], 0
    for match in _CODE.finditer(line):
        pieces += [_MARKED.sub(r"\\\g<0>", line[end : match.start()]), _as_name(match[2])]
        end = match.end()
    return "".join(pieces) + _MARKED.sub(r"\\\g<0>", line[end:])
