"""What stands under a cell for something with clips: the live view, or what a saved notebook keeps of it.

A widget in a saved notebook is an error message in JupyterLab, and the still beside it in VS Code; HTML alone has no way to
a file that the page can't fetch. So once nothing more happens by itself the output becomes what plays in the page that shows
it: HTML where that does, else the live view, which gets the bytes from the kernel. A page that says nothing gets HTML.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.display import DisplayHandle, display

from veo_nb.notebook.clip.reach import HERE, Reach, Seen

if TYPE_CHECKING:
    from veo_nb.notebook.live import LiveView

DEADLINE_SECONDS = 60.0
"""How long a page may take to say what it can fetch: VS Code and Colab load their widgets at the first one."""

Later = Callable[[float, Callable[[], None]], Callable[[], None]]
"""Has something done after so many seconds; what it returns calls that off."""


def on_timer(seconds: float, action: Callable[[], None]) -> Callable[[], None]:
    """Have `action` called on a thread of its own after so many seconds."""
    timer = threading.Timer(seconds, action)
    timer.daemon = True
    timer.start()
    return timer.cancel


class Output:
    """The display of a view.

    `plain` gives its HTML, for a page that has found out this much; `clip` is a file that it shows, or None.
    """

    def __init__(
        self,
        view: LiveView,
        plain: Callable[[Seen | None], Any],
        clip: Callable[[], Path | None],
        *,
        embed: bool = False,
        reach: Reach = HERE,
        later: Later = on_timer,
    ) -> None:
        self._view, self._plain, self._clip = view, plain, clip
        self._embed = embed
        self._reach = reach
        self._later = later
        self._handle: DisplayHandle | None = None
        self._call_off: Callable[[], None] | None = None
        self._settled = False
        self._beside = False
        """Whether HTML stands beside the live view."""
        self.offered = False
        """Whether it stays live for a while, for what a person may do."""
        self._drawn: tuple[Seen | None] | None = None
        """For what it is drawn by now; None while it is live."""
        self.turn = threading.RLock()
        """Held while it changes."""

    def show(self, *, over: bool, looks: bool = False) -> None:
        """Display it here: live, or as what is left once all is `over`; `looks` says that someone looks at the page."""
        with self.turn:
            if not over:
                self._handle = display(self._view, display_id=True)
            elif looks and self._unknown():
                self._handle = display(self._both(None), raw=True, display_id=True)
            else:
                what, raw = self._final()
                self._handle = display(what, raw=raw, display_id=True)

    def settle(self, *, looks: bool) -> None:
        """Become what a saved notebook keeps: once a page has said what plays, or at once where nobody looks."""
        with self.turn:
            self._settled = True
            if not looks or not self._unknown():
                self.finish()
                return
            if self._beside and self._handle is not None:
                self._handle.update(self._both(None), raw=True)
            self._after(DEADLINE_SECONDS, self.finish)

    def finish(self, *, redraw: bool = False) -> None:
        """Become what a saved notebook keeps, by what is known now; `redraw` where it has another content than before."""
        with self.turn:
            self.stop()
            self.offered = False
            if self._handle is not None and (redraw or self._drawn != (self._seen(),)):
                what, raw = self._final()
                self._handle.update(what, raw=raw)

    def offer(self, seconds: float, then: Callable[[], None]) -> None:
        """Stay live for so long, with the HTML beside it for who reads the notebook without a kernel."""
        with self.turn:
            if self._handle is not None:
                self._drawn, self._beside, self.offered = None, True, True
                self._handle.update(self._both(self._seen()), raw=True)
                self._after(seconds, then)

    def go_on(self) -> None:
        """Be live again: something else has taken the place."""
        with self.turn:
            self.stop()
            self._settled, self._drawn, self.offered = False, None, False

    def note(self, seen: Seen) -> None:
        """Take in what a page has found out."""
        with self.turn:
            if (clip := self._clip()) is not None:
                self._reach.note(clip, seen)
            if self._settled:
                self.finish()

    @property
    def shown(self) -> bool:
        """Whether it stands under a cell, and is still to change."""
        return self._handle is not None

    def end(self) -> None:
        """Stay as it is."""
        with self.turn:
            self.stop()
            self._handle = None

    def stop(self) -> None:
        """Wait for nothing any more."""
        if self._call_off is not None:
            self._call_off()
            self._call_off = None

    def _after(self, seconds: float, then: Callable[[], None]) -> None:
        self.stop()
        self._call_off = self._later(seconds, then)

    def _seen(self) -> Seen | None:
        clip = self._clip()
        return None if clip is None or self._embed else self._reach.of(clip)

    def _unknown(self) -> bool:
        return not self._embed and self._clip() is not None and self._seen() is None

    def _final(self) -> tuple[Any, bool]:
        """What is left of it, and whether that is a bundle of formats."""
        seen = self._seen()
        self._drawn = (seen,)
        if seen is not None and seen.form == "both":
            return self._both(seen), True
        return self._plain(seen), False

    def _both(self, seen: Seen | None) -> dict[str, Any]:
        return self._view.bundle_with(self._plain(seen))
