"""`ComparisonView`, the blind comparison under a cell.

What syncs: `comparison` once, and `version`, another number after each vote that anybody gives. What does not: a voter's
pair, votes and clips come as answers to messages (`turns`), each done at once.

What Lab saves is whatever the display id last showed, and a widget saved would be an error message after a restart. So a
page that can lay the living view over words says so with `settle`, and the output becomes those words.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

import traitlets
from IPython.display import DisplayHandle, display

from veo_nb.decisions.comparison import Comparison
from veo_nb.notebook.compare.protocol import COMMANDS
from veo_nb.notebook.compare.saved import saved_comparison
from veo_nb.notebook.compare.turns import Turns
from veo_nb.notebook.live import Bundle, LiveView
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import Command, Commands, Exchanged, FrontEnd, Nothing

LIVING = 4
"""Views of one comparison that live at once: an older one, whose cell was run again, is the saved words from then on."""

_shown: dict[str, deque[ComparisonView]] = {}
"""The views on display, by comparison, oldest first."""


class ComparisonView(LiveView):
    """Two clips at a time, blind, and what is said of them; live while the kernel lives, words in the saved notebook."""

    _bundle = Bundle("compare")
    _kind = traitlets.Unicode("comparison").tag(sync=True)
    _commands: ClassVar[Commands] = COMMANDS
    comparison = traitlets.Dict().tag(sync=True)
    version = traitlets.Int().tag(sync=True)

    def __init__(self, comparison: Comparison, place: Place, clock: Callable[[], float] = time.time) -> None:
        self._turns = Turns(comparison, place)
        self._comparing = self._turns.comparing(token=secrets.token_hex(8))
        self._handle: DisplayHandle | None = None
        self._changes = 0
        self._forget: Callable[[], None] | None = None
        super().__init__(clock, comparison=self._comparing, version=0)
        self._forget = comparison.on_change(self._changed)

    @classmethod
    def bundle(cls) -> FrontEnd:
        """What shows it, for a panel in which clips are compared."""
        return cls._bundle.whole()

    def show(self) -> None:
        """Display it here."""
        shown = _shown.setdefault(self._comparing.id, deque())
        shown.append(self)
        while len(shown) > LIVING:
            shown.popleft().close()
        self._handle = display(self, display_id=True)

    def close(self) -> None:
        """Take the view away; every vote is kept."""
        if self._forget is not None:
            self._forget()
        self._handle = None
        super().close()

    def push(self) -> None:
        """Tell the page that something has changed."""
        self.write(version=self._changes)

    def _changed(self, _: Comparison) -> None:
        """Take in a vote, on whichever thread it was given."""
        with self._writing:
            self._changes += 1
        self.push_soon()

    # What the notebook keeps

    def _repr_mimebundle_(self, **how: Any) -> Any:
        """The widget, and the words for a page without a kernel."""
        found = super()._repr_mimebundle_(**how)
        data, metadata = found if isinstance(found, tuple) else (found, {})
        words = saved_comparison(self._comparing)
        return {**(data or {}), "text/html": words._repr_html_(), "text/plain": repr(words)}, metadata

    def _settle(self) -> None:
        """Let the words take the widget's place in the notebook."""
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.update(saved_comparison(self._comparing))

    # Commands

    def handle(self, command: Command, payload: Any) -> Exchanged | tuple[Exchanged, list[bytes]]:
        """Do what a page asks for."""
        turns = self._turns
        done: dict[str, Callable[[], Exchanged | tuple[Exchanged, list[bytes]]]] = {
            "turn": lambda: turns.turn(payload.voter),
            "vote": lambda: turns.vote(payload),
            "undo": lambda: turns.undo(payload.voter),
            "outcome": turns.outcome,
            "posters": lambda: turns.posters(payload.clips),
            "video": lambda: turns.video(payload.clip, payload.offset),
        }
        if command.kind == "settle":
            self._settle()
            return Nothing()
        return done[command.kind]()
