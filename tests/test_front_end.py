"""The house rules of js/src: which way imports point, that none goes in a circle, how much a folder holds."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "js" / "src"
FILES = {path.relative_to(SOURCE).as_posix(): path for path in SOURCE.rglob("*") if path.is_file()}
MODULES = sorted(name for name in FILES if name.endswith((".ts", ".tsx")))
MOST = 12
"""Files that a folder holds, its style sheets among them."""

# Who may import whom, by the first folder. The entries beside the folders put the parts together.
# All know what is exchanged with Python.
SHARED = {"protocol.gen.ts"}
ARROWS = {
    "core": set(),
    "card": {"core"},
    "grid": {"core"},
    "compare": {"core", "grid"},
    "panel": {"core", "grid", "compare"},
}

IMPORT = re.compile(r"""(?:\bfrom|\bimport|\bimport\s*\()\s*["'](\.[^"']*)["']""")


def imports(name: str) -> set[str]:
    """The files of js/src that a module imports: values, types and style sheets alike."""
    found = set()
    for target in IMPORT.findall(FILES[name].read_text("utf-8")):
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
        matches = [full for end in ("", ".ts", ".tsx") if (full := path + end) in FILES]
        assert matches, f"{name} imports {target}, which is not there"
        found.add(matches[0])
    return found


def part(name: str) -> str:
    """`panel` for `panel/clip/layer.tsx`, and nothing for an entry."""
    return name.partition("/")[0] if "/" in name else ""


def test_the_reader_of_imports_sees_them():
    assert {"core/ui/theme.css", "protocol.gen.ts", "grid/context.ts"} <= imports("grid/view.tsx")
    assert {part(name) for name in FILES} == {"", *ARROWS}


@pytest.mark.parametrize("name", MODULES)
def test_arrows_point_one_way(name):
    wrong = sorted(
        target
        for target in imports(name)
        if part(name) != "" and target not in SHARED and part(target) not in ARROWS[part(name)] | {part(name)}
    )
    assert not wrong, f"{name} may not import {', '.join(wrong)}"


def test_there_is_no_circle_of_imports():
    try:
        TopologicalSorter({name: imports(name) for name in MODULES}).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}")


def test_a_folder_can_be_seen_at_a_glance():
    sizes = Counter(posixpath.dirname(name) for name in FILES)
    assert {folder: size for folder, size in sizes.items() if size > MOST} == {}
