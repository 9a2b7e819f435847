"""Those who hear of what happens to something: a job, a sweep, a library."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

log = logging.getLogger("veo_nb")

T = TypeVar("T")


class Listeners(Generic[T]):
    """Calls each listener with the news, on whichever thread it is told; `of` names what they listen to, for the log.

    Its length is how many there are.
    """

    def __init__(self, of: str) -> None:
        self._of = of
        self._lock = threading.Lock()
        self._all: dict[object, Callable[[T], object]] = {}

    def subscribe(self, listener: Callable[[T], object]) -> Callable[[], None]:
        """Have `listener(news)` called from now on; call what is returned to end it."""
        key = object()
        with self._lock:
            self._all[key] = listener

        def remove() -> None:
            with self._lock:
                self._all.pop(key, None)

        return remove

    def tell(self, event: T) -> None:
        """Call all of them. One that breaks stops neither the others nor whoever tells."""
        with self._lock:
            listeners = [*self._all.values()]
        for listener in listeners:
            try:
                listener(event)
            except Exception:
                log.exception("a listener of %s broke", self._of)

    def __len__(self) -> int:
        return len(self._all)
