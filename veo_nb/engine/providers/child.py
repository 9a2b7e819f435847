"""Our own modules as processes of their own: without keys, without a window, out of the reach of others' interrupts."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[3]
"""Where this package is: nothing of a person's is named like a module there."""
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|COOKIE", re.IGNORECASE)
_NO_WINDOW, _LESS = 0x08000000, 0x00004000
"""Windows' `CREATE_NO_WINDOW` and `BELOW_NORMAL_PRIORITY_CLASS`, which `subprocess` names there alone."""


def start(
    command: Sequence[str],
    folder: Path,
    *,
    log: int | IO[str] = subprocess.DEVNULL,
    extra: Mapping[str, str] | None = None,
    humble: bool = False,
) -> subprocess.Popen[str]:
    """Start a command that finds this package, in `folder`, with lines of text on pipes to and from it.

    `log` takes what it says of errors, `extra` are variables for it; a `humble` one lets others go first on Windows, and
    elsewhere by itself.

    Raises:
        OSError: it can't be started.
    """
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return subprocess.Popen(
        [*command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        encoding="utf-8",
        env={
            **without_secrets(os.environ),
            "PYTHONPATH": path,
            "PYTHONIOENCODING": "utf-8",
            **(extra or {}),
        },
        cwd=folder,
        **apart(os.name, humble=humble),
    )


def apart(system: str, *, humble: bool = False) -> dict[str, Any]:
    """How a process is started that hears no interrupt of ours; `system` is `os.name`.

    On POSIX in a session of its own. On Windows on a console of its own without a window: a kernel that has none, as in
    VS Code, would get one on the screen with each process.
    """
    if system == "nt":
        return {"creationflags": _NO_WINDOW | (_LESS if humble else 0)}
    return {"start_new_session": True}


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that a process needs which knows nobody: none that is called a key, a token or the like."""
    return {name: value for name, value in environ.items() if not _SECRET.search(name)}
