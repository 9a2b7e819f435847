"""Where this notebook is, so that a saved page and a live one can each find a video's file."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import quote, urlsplit

from veo_nb.records.late import dataclass

ASK_SECONDS = 1.0
"""How long the server may take to answer."""
KNOWN_SECONDS = 5.0
"""For how long its answer is believed."""

Trouble = Literal["", "outside", "hidden", "link", "moved"]


class Server(Protocol):
    """What a Jupyter server is asked where its files alone don't tell."""

    def notebook_folder(self) -> Path | None:
        """Where the notebook is by now; None where it does not say."""

    def serves(self, address: str) -> bool:
        """Whether it gives the file at an address of its own, such as `/files/a/b.mp4`."""


@dataclass(frozen=True)
class Place:
    """The notebook's folder, and what its Jupyter server serves: both by the names under which they were opened.

    A name may lead through symbolic links, as from a home folder to a cluster's scratch disk: the server goes by names. Where
    a link leads out of what it serves, older ones follow and newer ones don't; and it may be set to serve what is hidden.
    So in doubt it is asked.
    """

    folder: Path
    """What a relative address in an output is relative to."""
    root: Path | None = None
    """The folder that the server serves; None where it is not known."""
    base_url: str = "/"
    notebook: Path | None = field(default=None, compare=False)
    """The notebook's file when its kernel was started, where it is known; it may be moved."""
    server: Server | None = field(default=None, compare=False, repr=False)

    def relative(self, path: Path) -> str | None:
        """The address of a file as a saved notebook names it; None where the server does not serve it (`trouble` says why)."""
        named, folder = self._served(path), self.now()
        if named is None or folder is None:
            return None
        try:
            return quote(Path(os.path.relpath(named, folder)).as_posix())
        except ValueError:  # another drive
            return None

    def url(self, path: Path) -> str:
        """The address of a file on the server itself; empty where it is not known."""
        named = self._served(path)
        return "" if self.root is None or named is None else self._address(named, self.root)

    def shown(self, path: Path) -> str:
        """A path as a person says it: from the notebook's folder, where it lies below."""
        named = self._named(path)
        return named.relative_to(self.folder).as_posix() if named.is_relative_to(self.folder) else str(path)

    def trouble(self, path: Path) -> Trouble:
        """Why a saved notebook can't name a file; empty where it can."""
        if self._served(path) is None:
            return self._doubt(self._named(path))
        return "moved" if self.now() is None else ""

    def now(self) -> Path | None:
        """The notebook's folder as it is now: it may have been renamed or moved while its kernel runs. None if unknown."""
        if self.notebook is None or self.notebook.exists():
            return self.folder
        return None if self.server is None else self.server.notebook_folder()

    def _served(self, path: Path) -> Path | None:
        """The name under which the server serves a file; where no server is known every file has one."""
        named = self._named(path)
        if self.root is None or not (doubt := self._doubt(named)):
            return named
        if doubt == "outside" or self.server is None:
            return None
        return named if self.server.serves(self._address(named, self.root)) else None

    def _doubt(self, named: Path) -> Trouble:
        """Why a server may not serve what it knows by this name; empty where there is no doubt."""
        folder = named.parent
        if folder not in self._doubts:
            self._doubts[folder] = self._find_doubt(folder)
        return self._doubts[folder]

    def _find_doubt(self, folder: Path) -> Trouble:
        if self.root is None:
            return ""
        if not folder.is_relative_to(self.root):
            return "outside"
        if any(part.startswith(".") for part in folder.relative_to(self.root).parts):
            return "hidden"
        return "" if folder.resolve().is_relative_to(self.root.resolve()) else "link"

    def _address(self, named: Path, root: Path) -> str:
        return f"{self.base_url.rstrip('/')}/files/{quote(named.relative_to(root).as_posix())}"

    def _named(self, path: Path) -> Path:
        """A file by a name below the root or the notebook's folder, where it has one."""
        for candidate in (path, path.resolve()):
            for real, named in self._names:
                if candidate.is_relative_to(real):
                    return named / candidate.relative_to(real)
        return path

    @functools.cached_property
    def _names(self) -> list[tuple[Path, Path]]:
        """Folders as a path may begin with, each with the name under which it was opened: all between root and notebook."""
        opened = [*_up(self.folder, self.root)]
        plain = [(folder, folder) for folder in (self.root, self.folder) if folder is not None]
        return [*plain, *((folder.resolve(), folder) for folder in opened)]

    @functools.cached_property
    def _doubts(self) -> dict[Path, Trouble]:
        return {}


def _up(folder: Path, root: Path | None) -> Iterator[Path]:
    """The notebook's folder and those above it, up to the root; the root itself in any case."""
    yield folder
    if root is not None:
        yield from (parent for parent in folder.parents if parent.is_relative_to(root))
        if not folder.is_relative_to(root):
            yield root


def find_place(
    environ: Mapping[str, str],
    folder: Path,
    runtime: Path,
    kernel_id: str = "",
    process: Callable[[int], int] | None = None,
) -> Place:
    """The place of this kernel: `folder` is its working folder, `runtime` where servers leave their notes.

    A Jupyter server tells its kernels the notebook's path in `JPY_SESSION_NAME` and its own process in
    `JPY_PARENT_PID`, and describes itself in `jpserver-PID.json`. Where it does not, the working folder stands in. Where
    a notebook is moved, the server is asked for the session of the kernel with `kernel_id`.

    On Windows what stands in `JPY_PARENT_PID` is no number of a process but a handle for it (jupyter_client's
    `launcher.py`); `process` gives the number for that, by default Windows itself.
    """
    if process is None:
        process = _process_of_handle if os.name == "nt" else int
    session = Path(environ.get("JPY_SESSION_NAME", ""))
    notebook = session if session.is_absolute() and session.is_file() else None
    if session.is_absolute() and session.parent.is_dir():
        # nbclassic gives its sessions no name, and what stands there is the folder alone.
        folder = session if session.is_dir() else session.parent
    try:
        server = process(int(environ["JPY_PARENT_PID"]))
        note = json.loads((runtime / f"jpserver-{server}.json").read_text("utf-8"))
        root, base_url = Path(note["root_dir"]), str(note["base_url"])
    except (KeyError, ValueError, TypeError, OSError):
        return Place(folder, notebook=notebook)
    if not folder.is_relative_to(root):
        # The server knows it by another name than the kernel; or does not serve it.
        with contextlib.suppress(ValueError):
            folder = root / folder.resolve().relative_to(root.resolve())
    return Place(folder, root, base_url, notebook, JupyterServer(note, root, kernel_id))


def _process_of_handle(handle: int) -> int:  # pragma: no cover
    """The number of the process that an inherited handle stands for; 0 where it is none."""
    import ctypes

    system: Any = ctypes
    # Without a word on it a handle would be cut to half its length.
    return int(system.windll.kernel32.GetProcessId(ctypes.c_void_p(handle)))


class JupyterServer:
    """The server that a note of its own describes, asked for a kernel; its answers are believed for some seconds."""

    def __init__(
        self,
        note: Mapping[str, Any],
        root: Path,
        kernel_id: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._note = note
        self._root = root
        self._kernel_id = kernel_id
        self._clock = clock
        self._known: dict[str, tuple[float, Any]] = {}

    def notebook_folder(self) -> Path | None:
        """The folder in which the kernel's notebook is by now; None where the server does not say it."""
        answer = self._believed("notebook", lambda: self._ask("GET", f"{self._base()}api/sessions"))
        try:
            for session in json.loads(answer):
                if self._kernel_id and session["kernel"]["id"] == self._kernel_id:
                    return (self._root / str(session["path"]).strip("/")).parent
        except (KeyError, TypeError, ValueError):
            pass
        return None

    def serves(self, address: str) -> bool:
        """Whether the server gives the file at an address; what it says of one it says of all in its folder."""
        folder = address.rpartition("/")[0]
        return self._believed(folder, lambda: self._ask("HEAD", address)) is not None

    def _believed(self, question: str, ask: Callable[[], bytes | None]) -> Any:
        now = self._clock()
        if question not in self._known or now - self._known[question][0] > KNOWN_SECONDS:
            self._known[question] = now, ask()
        return self._known[question][1]

    def _base(self) -> str:
        return f"{str(self._note.get('base_url', '')).rstrip('/')}/"

    def _ask(self, method: str, address: str) -> bytes | None:
        """The body of an answer; None for a refusal, and where nobody answers."""
        import urllib.error
        import urllib.request

        try:
            url = urlsplit(str(self._note["url"]))
            request = urllib.request.Request(  # noqa: S310  the server's own note says http or https
                f"{url.scheme}://{url.netloc}{address}",
                method=method,
                headers={"Authorization": f"token {self._note['token']}"},
            )
            # Nobody's proxy leads to it.
            direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with direct.open(request, timeout=ASK_SECONDS) as answer:
                body: bytes = answer.read()
                return body
        except urllib.error.HTTPError as error:
            # It holds the connection, and Python 3.14 warns of one that nobody closes.
            error.close()
            return None
        except (KeyError, ValueError, OSError):
            return None
