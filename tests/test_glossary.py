"""One vocabulary: no word that the glossary has replaced is an identifier, in Python or in TypeScript.

What stands in comments and in what a person reads is not looked at: there these are words like any others.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REPLACED = {
    "wish": "command",
    "wishes": "command",
    "obey": "handle",
    "desk": "state",
    "door": "callback",
    "doors": "callback",
    "hands": "worker, callback",
    "heard": "changed, event",
    "told": "changed, event, or what was said",
    "news": "changed, event",
    "arrival": "download",
    "handover": "lease",
    "ownership": "lease",
    "patience": "deadline",
    "keeping": "what is kept",
    "finding": "what is found",
    "sweeping": "sweep",
    "judged": "rated",
    "keepsake": "reference",
    "mood": "reading",
    "anew": "again, retry, rerun, resubmit",
    "border": "protocol",
    "workshop": "studio",
}
VIEWS = {"facts": "state", "words": "text"}
"""Of the names of classes alone: an error has its facts, a line of options its words."""

# Strings before comments, so that an address in a string is none; `${…}` in a template is code and is read as such.
_TYPESCRIPT = re.compile(r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|//[^\n]*|/\*.*?\*/""", re.DOTALL)
_MARKUP = re.compile(r"""(?<=>)[^<>{}=;()]*(?=</|<[A-Za-z]|\{)""")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def python_names(code: str) -> Iterator[str]:
    """Every name that code gives to something: variables, arguments, functions, classes, attributes, modules."""
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.keyword(arg=str(name)):
                yield name
            case ast.alias(name=name, asname=other):
                yield from (other or name).split(".")


def typescript_names(code: str) -> Iterator[str]:
    """Every word of the code that is neither in a comment, nor in a plain string, nor text between tags."""
    yield from _NAME.findall(_MARKUP.sub("", _TYPESCRIPT.sub(lambda found: '""' if found[1] else "", code)))


def replaced(name: str) -> set[str]:
    """The words of a name that the glossary has replaced."""
    parts = {part.lower() for part in _PART.findall(name)}
    views = VIEWS.keys() & parts if name[:1].isupper() and not name.isupper() else set()
    return REPLACED.keys() & parts | views


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("parse_wish", {"wish"}),
        ("_PanelDesk", {"desk"}),
        ("askAnew", {"anew"}),
        ("PictureFacts", {"facts"}),
        ("facts", set()),
        ("swordsman", set()),
        ("newsletter", set()),
    ],
)
def test_a_replaced_word_is_seen_in_any_spelling(name, words):
    assert replaced(name) == words


def test_the_readers_see_names_and_nothing_else():
    assert {"tell", "desk", "wish"} <= set(python_names("def tell(desk, *, wish=1): 'doors'"))
    code = 'const desk = `a ${wish} b`; // news\nconst tag = <p title="told">heard here</p>;'
    assert {"desk", "wish"} <= set(typescript_names(code))
    assert not {"news", "told", "heard"} & set(typescript_names(code))


def offenders(folder: Path, endings: tuple[str, ...]) -> list[str]:
    """`path: name (say this)` for each name that has a replaced word in it."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix not in endings:
            continue
        code = path.read_text("utf-8")
        names = python_names(code) if path.suffix == ".py" else typescript_names(code)
        for name in sorted({*names, path.stem}):
            say = ", ".join({**REPLACED, **VIEWS}[word] for word in sorted(replaced(name)))
            if say:
                found.append(f"{path.relative_to(ROOT)}: {name} (say {say})")
    return found


def test_python_speaks_the_glossary():
    assert offenders(ROOT / "veo_nb", (".py",)) == []


def test_the_front_end_speaks_the_glossary():
    assert offenders(ROOT / "js" / "src", (".ts", ".tsx")) == []
