"""Where this notebook is, so that a saved page and a live one can each find a video's file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote


@dataclass(frozen=True)
class Place:
    """The notebook's folder, and what its Jupyter server serves."""

    folder: Path
    """What a relative address in an output is relative to."""
    root: Path | None = None
    """The folder that the server serves; None where it is not known."""
    base_url: str = "/"

    def relative(self, path: Path) -> str | None:
        """The address of a file as a saved notebook names it; None where the server can't serve it."""
        if self.root is not None and not path.is_relative_to(self.root):
            return None
        try:
            return quote(Path(os.path.relpath(path, self.folder)).as_posix())
        except ValueError:  # another drive
            return None

    def url(self, path: Path) -> str:
        """The address of a file on the server itself; empty where it is not known."""
        if self.root is None or not path.is_relative_to(self.root):
            return ""
        return f"{self.base_url.rstrip('/')}/files/{quote(path.relative_to(self.root).as_posix())}"

    def shown(self, path: Path) -> str:
        """A path as a person says it: from the notebook's folder, where it lies below."""
        return path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else str(path)


def find_place(environ: Mapping[str, str], folder: Path, runtime: Path) -> Place:
    """The place of this kernel: `folder` is its working folder, `runtime` where servers leave their notes.

    A Jupyter server tells its kernels the notebook's path in `JPY_SESSION_NAME` and its own process in
    `JPY_PARENT_PID`, and describes itself in `jpserver-PID.json`. Where it does not, the working folder stands in.
    """
    session = Path(environ.get("JPY_SESSION_NAME", ""))
    if session.is_absolute() and session.parent.is_dir():
        folder = session.parent
    folder = folder.resolve()
    try:
        note = json.loads((runtime / f"jpserver-{int(environ['JPY_PARENT_PID'])}.json").read_text("utf-8"))
        root = Path(note["root_dir"]).resolve()
        return Place(folder, root, str(note["base_url"]))
    except (KeyError, ValueError, TypeError, OSError):
        return Place(folder)
