"""Stills of the library's clips: made once, then kept in memory and in the library's folder."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from veo_nb.errors import NotFound
from veo_nb.notebook.clip.source import data_uri
from veo_nb.store.files import replacing
from veo_nb.store.queries import FoundRow

FOLDER = ".posters"
WIDTH = 320
REMEMBERED = 1000
"""Stills in memory; 15 MB."""


class Stills:
    """The stills of one library; those that somebody deletes from its folder are made anew."""

    def __init__(self, library: Path) -> None:
        self._library = library
        self._known: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, row: FoundRow) -> str:
        """A clip's still as a data URI; empty where there is none to be had."""
        if not row.path:
            return ""
        name = _name(row)
        with self._lock:
            data = self._known.pop(name, b"")
        data = data or self._read(name) or self._make(name, self._library / row.path)
        if not data:
            return ""
        with self._lock:
            self._known[name] = data
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return data_uri("image/jpeg", data)

    def prune(self, find: Callable[[str], FoundRow]) -> None:
        """Take away the stills of all clips that `find` does not: of what was deleted nothing should be left to be seen."""
        with contextlib.suppress(OSError):
            for path in (self._library / FOLDER).glob("*.jpg"):
                job_id, _, rest = path.stem.partition("-")
                with contextlib.suppress(NotFound):
                    if _name(find(f"{job_id}/{rest.partition('-')[0]}")) == path.name:
                        continue
                path.unlink()

    def _read(self, name: str) -> bytes:
        try:
            data = (self._library / FOLDER / name).read_bytes()
        except OSError:
            return b""
        return data if data.startswith(b"\xff\xd8") and data.endswith(b"\xff\xd9") else b""

    def _make(self, name: str, clip: Path) -> bytes:
        from veo_nb.media.frames import poster
        from veo_nb.media.probe import UnreadableVideo

        try:
            data = poster(clip, width=WIDTH)
        except (UnreadableVideo, OSError):
            return b""
        path = self._library / FOLDER / name
        # A full disk takes no still away from whoever looks.
        with contextlib.suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            with replacing(path) as part:
                part.write_bytes(data)
        return data


def _name(row: FoundRow) -> str:
    """The still's file; a clip that is fetched anew may be another file."""
    return f"{row.job_id}-{row.sample}-{row.bytes:x}.jpg"
