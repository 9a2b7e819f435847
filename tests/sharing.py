"""Files as Windows has them: what a process has open is neither moved nor deleted, not even by itself.

Python and SQLite open files there without leave to delete them (`FILE_SHARE_DELETE`), and so does whoever else has
them; the error is "Access is denied" or "being used by another process". Here the system says who has what open. Only
what this process has open counts, and only for calls from the package: a test may do what another system would.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import veo_nb

PACKAGE = str(Path(veo_nb.__file__).parent)
OPEN = Path("/proc/self/fd")
needs_the_system = pytest.mark.skipif(not OPEN.exists(), reason="the system does not say what is open")
IN_USE = 32


def share_as_windows(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that the package tried to move or delete while they were open; each try failed."""
    refused: list[str] = []

    def guarded(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*paths: Any, **how: Any) -> Any:
            for path in () if how else paths:
                if _is_open(path) and _asked_by_the_package():
                    refused.append(Path(path).name)
                    raise in_use(path)
            return real(*paths, **how)

        return call

    for name in ("replace", "rename", "unlink", "remove"):
        monkeypatch.setattr(os, name, guarded(getattr(os, name)))
    return refused


def in_use(path: Any) -> PermissionError:
    """The error that Windows gives for a file which somebody has open."""
    error: Any = PermissionError(errno.EACCES, "The file is being used by another process", os.fspath(path))
    error.winerror = IN_USE
    return error  # type: ignore[no-any-return]


def _is_open(path: Any) -> bool:
    try:
        wanted = Path(path).stat()
    except OSError:
        return False
    for number in OPEN.iterdir():
        try:
            found = number.stat()
        except OSError:
            continue
        if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
            return True
    return False


def _asked_by_the_package() -> bool:
    frame = sys._getframe(2)
    while frame is not None and frame.f_globals["__name__"].partition(".")[0] == "pathlib":
        frame = frame.f_back  # type: ignore[assignment]
    return frame is not None and frame.f_code.co_filename.startswith(PACKAGE)
