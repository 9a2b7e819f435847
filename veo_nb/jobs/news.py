"""Who hears of what happens in a library: each change by the id of its job or joined clip."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger("veo_nb")

EVERYTHING = ""
"""In place of an id: look at all of it anew."""

Listener = Callable[[str], None]


class News:
    """Passes on that something has changed, on whichever thread it happened."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[object, Listener] = {}

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have `listener(id)` called at each change; call what is returned to end it."""
        key = object()
        with self._lock:
            self._listeners[key] = listener

        def remove() -> None:
            with self._lock:
                self._listeners.pop(key, None)

        return remove

    @property
    def heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def tell(self, changed: str) -> None:
        """Say that a job or a joined clip has changed."""
        with self._lock:
            listeners = [*self._listeners.values()]
        for listener in listeners:
            try:
                listener(changed)
            except Exception:
                # Whoever listens must not be able to stop a job, or a write.
                log.exception("a listener of the library broke at %r", changed)
