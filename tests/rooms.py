"""The rooms of the package: which there are, in which order they stand, and what each module imports.

The house's tests hold them to it, and the site draws them.
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "veo_nb"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}

# The rooms from the top of the house to its ground: each may import those after it.
FLOORS = [
    "notebook",
    "studio",
    "decisions",
    "library",
    "sweep",
    "measuring",
    "engine",
    "store",
    "api",
    "request",
    "config",
    "credentials",
    "media",
    "catalog",
    "notices",
    "errors",
    "records",
]
SANDBOX = {"catalog", "media", "errors"}
"""It speaks the wire on its own, or a wrong field's name would agree with itself."""
TOP = {"", "__init__", "__main__", "cli", "demo", "doctor", "providers", "views"}
"""These put the parts together and may import all of them."""


def imports(module: str) -> set[str]:
    """The modules of ours that a module imports anywhere in it, inside functions as well."""
    path = MODULES[module]
    home = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*home.split(".")[: len(home.split(".")) - node.level + 1], base]).strip(".")
            # `from veo_nb import catalog` means the module, `from veo_nb.catalog import FIELDS` a name in it.
            found |= {full if (full := f"{base}.{alias.name}") in MODULES else base for alias in node.names}
    return {name for name in found if name.split(".")[0] == "veo_nb"} - {module}


def part(module: str) -> str:
    """`jobs` for `veo_nb.engine.engine`, and nothing for the package itself."""
    return module.partition(".")[2].partition(".")[0]
