"""The drawing of the house: a floor for each room, with what it says of itself and what it really imports."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from markupsafe import Markup, escape

from tests.rooms import FLOORS, MODULES, TOP, imports, part

PAGE = """# The house

Imports go down only: a floor may know those below it, and none above. A test says so (`tests/test_house.py`), and this drawing
is made from the same list and from what each room says of itself.

{}

The way of a `%%veo` cell through it is in [](find-your-way.md).
"""


def write_house(target: Path) -> None:
    """Write the page with the drawing."""
    (target / "house.md").write_text(PAGE.format(draw()), "utf-8")


def draw() -> Markup:
    """The house as HTML, with the doors on its top and the sandbox beside it."""
    doors = sorted(TOP - {"", "__init__", "__main__"})
    floors = Markup("\n").join(_floor(name) for name in FLOORS)
    return Markup(
        '<div class="house">\n<section class="doors" aria-label="Where one comes in">\n<h2>veo_nb</h2>\n{}\n</section>\n'
        '<ol class="floors" aria-label="Floors, from the top to the ground">\n{}\n</ol>\n'
        '<section class="beside" aria-label="Beside the house">\n{}\n</section>\n</div>'
    ).format(_list(f"veo_nb.{name}" for name in doors), floors, _room("sandbox"))


def _floor(name: str) -> Markup:
    return Markup("<li>{}</li>").format(_room(name))


def _room(name: str) -> Markup:
    """A room: its name, its sentence, the rooms in it, and those that it stands on."""
    module = f"veo_nb.{name}"
    inside = [
        other
        for other, path in sorted(MODULES.items())
        if path.name == "__init__.py" and other.rpartition(".")[0] == module
    ]
    below = {
        part(other) for own in MODULES if part(own) == name for other in imports(own) if part(other) != name
    }
    order = [other for other in FLOORS if other in below]
    stands = Markup('<p class="below">stands on {}</p>').format(", ".join(order)) if order else ""
    return Markup("<h3>{}</h3>\n<p>{}</p>\n{}\n{}").format(name, _sentence(module), _list(inside), stands)


def _list(modules: Iterable[str]) -> Markup:
    items = [
        Markup("<li><code>{}</code> {}</li>").format(module.rpartition(".")[2], _sentence(module))
        for module in modules
    ]
    return Markup("<ul>{}</ul>").format(Markup("").join(items)) if items else Markup("")


def _sentence(module: str) -> Markup:
    """The first line of what a module says of itself, with its code as code."""
    said = (ast.get_docstring(ast.parse(MODULES[module].read_text("utf-8"))) or "").partition("\n")[0]
    pieces = [
        Markup("<code>{}</code>").format(text) if at % 2 else escape(text)
        for at, text in enumerate(said.split("`"))
    ]
    return Markup("").join(pieces)
