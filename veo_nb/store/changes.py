"""Hearing of changes: one stream of events a library, and one for whatever else has listeners.

Built on psygnal, which anywidget uses too. It calls its slots under a lock of its own and stops at the first that
breaks; here each is called outside of any lock, since a listener may wait for another thread that has something to
say as well, and one that breaks stops neither the others nor whoever emits.
"""

from __future__ import annotations

import inspect
import logging
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeVar

from psygnal import SignalInstance

log = logging.getLogger("veo_nb")

T = TypeVar("T")

_ONE_EVENT = inspect.Signature([inspect.Parameter("event", inspect.Parameter.POSITIONAL_ONLY)])
"""Made once: with thousands of jobs it would be most of what a stream costs."""


@dataclass(frozen=True)
class Change:
    """Something of a library that is not as it was."""

    what: Literal["job", "clip", "rating", "sweep", "everything"]
    """`everything` where all of it may have changed, as another process wrote."""
    id: str = ""
    """The job, the joined clip or the sweep that it is about."""


EVERYTHING = Change("everything")
"""Emitted where nobody knows what has changed: look at all of it anew."""


class Changes(SignalInstance, Generic[T]):
    """A stream of events; `of` says what they are about, for the log. Its length is how many listen."""

    def __init__(self, of: str) -> None:
        super().__init__(_ONE_EVENT, name=of)

    def listen(self, listener: Callable[[T], object]) -> Callable[[], None]:
        """Have `listener(event)` called from now on; call what is returned to end it."""

        def slot(event: T) -> None:
            listener(event)

        # A slot of its own, so that the same listener may be there twice; and held, as a method alone would not be.
        self.connect(slot, check_nargs=False)
        return lambda: self.disconnect(slot)

    def emit(self, event: T) -> None:  # type: ignore[override]
        """Call all who listen, on this thread."""
        for slot in [*self._slots]:
            try:
                slot.cb((event,))
            except Exception:
                log.exception("a listener of %s broke", self.name)


_streams: weakref.WeakValueDictionary[Path, Changes[Change]] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def changes_of(folder: Path) -> Changes[Change]:
    """The stream of the library in this folder: the same one for all studios of this process."""
    with _lock:
        path = folder.resolve()
        stream = _streams.get(path)
        if stream is None:
            stream = _streams[path] = Changes("the library")
        return stream
