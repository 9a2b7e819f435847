"""Write js/src/protocol.gen.ts again, after a change of what Python and the page exchange: python -m tests.write_protocol.

Read is the source, not the classes: it has the names of unions, and the words under each field.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from veo_nb.notebook import protocol as card
from veo_nb.notebook.compare import protocol as compare
from veo_nb.notebook.grid import protocol as grid
from veo_nb.notebook.panel import commands as panel_commands
from veo_nb.notebook.panel import protocol as panel
from veo_nb.notebook.protocol import Commands

TARGET = Path(__file__).parents[1] / "js" / "src" / "protocol.gen.ts"
MODULES = (card, grid, panel, panel_commands, compare)
VIEWS: dict[ModuleType, str] = {card: "Card", grid: "Grid", panel_commands: "Panel", compare: "Comparison"}
"""The modules that have a table of commands, and whose it is."""
UNSAID = {"Exchange", "Commands"}
"""What only Python has."""
PLAIN = {"str": "string", "int": "number", "float": "number", "bool": "boolean", "Any": "unknown"}
WIDTH = 110
HEAD = (
    "// What crosses between Python and this front end. Written by `python -m tests.write_protocol` from the Structs in\n"
    "// veo_nb/notebook (protocol.py, grid/protocol.py, panel/protocol.py, panel/commands.py, compare/protocol.py): change\n"
    "// those, not this.\n"
)


def typescript() -> str:
    """The whole file."""
    return "\n".join([HEAD, *(part for module in MODULES for part in _Module(module).parts())])


class _Module:
    """One module of shapes, as TypeScript."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._body = ast.parse(inspect.getsource(module)).body
        # `Text` and `Key` only say how long a text may be, which a page can't say in its types.
        self._checked = {
            name: node
            for name, node in (_assigned(one) for one in _bodies())
            if isinstance(node, ast.Subscript) and _name(node.value) == "Annotated"
        }

    def parts(self) -> Iterator[str]:
        for node, words in _with_words(self._body):
            name, value = _assigned(node)
            if isinstance(node, ast.ClassDef) and node.name != "Exchanged":
                yield self._class(node)
            elif isinstance(value, ast.Constant) and isinstance(value.value, (int, float)):
                yield f"{_comment(words)}export const {name} = {value.value};\n"
            elif isinstance(value, (ast.Subscript, ast.BinOp)) and name not in {*UNSAID, *self._checked}:
                yield f"{_comment(words)}{_alias(name, self._union(value))}"
        if self._module in VIEWS:
            yield from _maps(VIEWS[self._module], self._module.COMMANDS)

    def _class(self, node: ast.ClassDef) -> str:
        options = {one.arg: getattr(one.value, "value", None) for one in node.keywords}
        words = _comment(ast.get_docstring(node) or "")
        base = _name(node.bases[0])
        lines = []
        if "tag" in options:
            lines.append(f"  {options['tag_field']}: {json.dumps(options['tag'])};")
        for field, said in _with_words(node.body):
            if isinstance(field, ast.AnnAssign):
                left_out = "?" if options.get("omit_defaults") and field.value is not None else ""
                kinds = self._union(field.annotation)
                if left_out:
                    kinds = [kind for kind in kinds if kind != "null"]
                lines.append(f"{_comment(said, '  ')}{_field(f'{_name(field.target)}{left_out}', kinds)}")
        if not lines:
            return f"{words}export type {node.name} = Record<string, never>;\n"
        above = "" if base == "Exchanged" else f" extends {base}"
        return "\n".join([f"{words}export interface {node.name}{above} {{", *lines, "}\n"])

    def _union(self, node: ast.expr) -> list[str]:
        """The types of which a value has one."""
        if isinstance(node, ast.BinOp):
            return [*self._union(node.left), *self._union(node.right)]
        if isinstance(node, ast.Constant):
            return ["null" if node.value is None else json.dumps(node.value)]
        if isinstance(node, ast.Subscript):
            return self._made_of(_name(node.value), _items(node.slice))
        name = _name(node)
        return self._union(self._checked[name]) if name in self._checked else [PLAIN.get(name, name)]

    def _made_of(self, kind: str, items: list[ast.expr]) -> list[str]:
        if kind == "Annotated":
            return self._union(items[0])
        inner = [self._union(item) for item in items]
        if kind == "Literal":
            return [value for one in inner for value in one]
        texts = [" | ".join(one) for one in inner]
        if kind == "list":
            return [f"({texts[0]})[]" if len(inner[0]) > 1 else f"{texts[0]}[]"]
        if kind == "dict":
            return [f"Record<string, {texts[1]}>"]
        assert kind == "tuple", f"no shape is made of {kind}"
        return [f"[{', '.join(texts)}]"]


def _bodies() -> Iterator[ast.stmt]:
    for module in MODULES:
        yield from ast.parse(inspect.getsource(module)).body


def _with_words(body: list[ast.stmt]) -> Iterator[tuple[ast.stmt, str]]:
    """Each statement, and the string that stands under it."""
    for node, after in zip(body, [*body[1:], None], strict=True):
        said = after.value if isinstance(after, ast.Expr) else None
        yield node, said.value if isinstance(said, ast.Constant) and isinstance(said.value, str) else ""


def _assigned(node: ast.stmt) -> tuple[str, ast.expr | None]:
    if isinstance(node, ast.Assign):
        return _name(node.targets[0]), node.value
    return "", None


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _items(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]


def _maps(view: str, commands: Commands) -> Iterator[str]:
    for what, at, words in (
        ("Commands", 0, "What can be asked for, and with which payload."),
        ("Answers", 1, "What each is answered with."),
    ):
        lines = [
            f"  {kind if kind.isidentifier() else json.dumps(kind)}: {exchange[at].__name__};"
            for kind, exchange in commands.items()
        ]
        yield "\n".join([f"{_comment(words)}export interface {view}{what} {{", *lines, "}\n"])
    yield f"export type {view}Command = keyof {view}Commands;\n"


def _alias(name: str, kinds: list[str]) -> str:
    line = f"export type {name} = {' | '.join(kinds)};"
    return f"{line if len(line) <= WIDTH else _tall(f'export type {name} =', kinds, '  ')}\n"


def _field(name: str, kinds: list[str]) -> str:
    line = f"  {name}: {' | '.join(kinds)};"
    return line if len(line) <= WIDTH else _tall(f"  {name}:", kinds, "    ")


def _tall(start: str, kinds: list[str], indent: str) -> str:
    return "\n".join([start, *(f"{indent}| {kind}" for kind in kinds)]) + ";"


def _comment(words: str, indent: str = "") -> str:
    words = " ".join(words.split())
    if not words:
        return ""
    if len(line := f"{indent}/** {words} */") <= WIDTH:
        return f"{line}\n"
    lines = textwrap.wrap(words, WIDTH - len(indent) - 3, break_long_words=False, break_on_hyphens=False)
    return "".join([f"{indent}/**\n", *(f"{indent} * {one}\n" for one in lines), f"{indent} */\n"])


if __name__ == "__main__":
    TARGET.write_text(typescript(), "utf-8")
