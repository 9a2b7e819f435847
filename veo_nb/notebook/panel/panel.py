"""`Panel`, the small studio inside a notebook: compose, watch, find and go on, with the mouse or the keyboard alone.

What syncs is the state of `protocol`, written by the panel state's thread alone. Commands are messages
(`commands`); each is answered, from a thread of its own, so that nothing here holds the kernel up.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import traitlets
from markupsafe import Markup

from veo_nb.engine.job import Job
from veo_nb.engine.video import Video
from veo_nb.errors import InvalidRequest, NotFound
from veo_nb.notebook.display import ROOT
from veo_nb.notebook.live import Bundle, LiveView
from veo_nb.notebook.panel.commands import COMMANDS
from veo_nb.notebook.panel.handlers import Answer, Handlers
from veo_nb.notebook.panel.protocol import ROWS
from veo_nb.notebook.panel.state import PanelState
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import Command, Commands
from veo_nb.notebook.showing import find_place_here, is_terminal
from veo_nb.studio import Studio

LIVING = 4
"""Panels that live at once: an older one, whose cell was run again, is at rest from then on."""
NO_PAGE = "A terminal can't show the panel."
WHERE = "Open it in JupyterLab, Jupyter Notebook, VS Code, Colab or marimo."
_WORKERS = {
    "read": (
        {"check", "browse", "details", "vary", "clock", "bundle", "contest", "compare-bundle", "outcome"},
        2,
    ),
    "count": ({"count"}, 1),
    "stills": ({"posters"}, 1),
    "bytes": ({"video"}, 1),
    "pictures": ({"upload", "frame", "crop", "picture"}, 1),
    "join": ({"join"}, 1),
    "measure": ({"measure"}, 1),
    "act": (set[str](), 1),
}
"""Who does what, and on how many threads: what takes long holds nothing else up. What changes things, and is not
named, is done one after another by the last."""

ONCE = frozenset({"generate", "another", "rerun", "resubmit", "join"})
"""Commands that cost something. A page that got no answer in time asks again under the same id, and is told what came of
the first time."""
REMEMBERED = 100

_living: deque[Panel] = deque()
_panel_states: dict[Callable[[], Studio], PanelState] = {}
# Garbage that is collected while it is held may be a panel, which then leaves on this very thread.
_lock = threading.RLock()


class Panel(LiveView):
    """The panel, as the last value of a cell: `veo.panel()`.

    `studio` gives the studio of now. Several panels of a kernel, its cards and its grids show the same.
    """

    _bundle = Bundle("panel")
    _own_layout = True
    _kind = traitlets.Unicode("panel").tag(sync=True)
    _commands: ClassVar[Commands] = COMMANDS
    _lenient = frozenset({"check"})
    panel = traitlets.Dict().tag(sync=True)
    draft = traitlets.Dict().tag(sync=True)
    view = traitlets.Dict().tag(sync=True)
    queue = traitlets.Dict().tag(sync=True)
    library = traitlets.Dict().tag(sync=True)
    shelves = traitlets.Dict().tag(sync=True)
    chosen = traitlets.List().tag(sync=True)
    for _at in range(ROWS):
        locals()[f"row_{_at}"] = traitlets.Dict().tag(sync=True)
    del _at

    def __init__(
        self,
        studio: Callable[[], Studio],
        place: Place | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        with _lock:
            # One panel state for each way to a studio: all panels of `veo.panel()` share theirs.
            self._way = studio
            panel_state = _panel_states.get(studio)
            if panel_state is None:
                panel_state = _panel_states[studio] = PanelState(studio, place or find_place_here(), clock)
        self._panel_state = panel_state
        self._writing = threading.RLock()
        self._handlers = Handlers(panel_state, self._choose)
        self._workers = {
            name: ThreadPoolExecutor(most, thread_name_prefix=f"veo_nb-panel-{name}")
            for name, (_, most) in _WORKERS.items()
        }
        self._along = threading.local()
        self._done: OrderedDict[str, Answer] = OrderedDict()
        self._endings: list[Callable[[], None]] = []
        self._closed = self._made = False
        try:
            super().__init__(clock, **panel_state.join(self))
        except BaseException:
            self._leave()
            raise
        # Nothing was written while it was being made: now look at what has changed meanwhile.
        self._made = True
        panel_state.wake()
        with _lock:
            _living.append(self)
            old = [_living.popleft() for _ in range(len(_living) - LIVING)]
        for one in old:
            one.close()

    @property
    def selected(self) -> tuple[Video, ...]:
        """The clips that are chosen in the gallery, in the order in which they were; else the one that is open."""
        studio, opened, found = self._panel_state.studio, self._handlers.opened, []
        for key in self.chosen or ([opened] if opened else []):
            try:
                found.append(studio.library.clip(key))
            except NotFound:
                # Deleted since.
                continue
        return tuple(found)

    def on_finished(self, callback: Callable[[Job], object]) -> Callable[[], None]:
        """Have `callback(job)` called for each job of the library that is done; call what is returned to end it.

        It is called on a background thread: what it prints shows up under whichever cell ran last.
        """
        end = self._panel_state.on_finished(callback)
        self._endings.append(end)
        return end

    def close(self) -> None:
        """Take the panel away; all jobs go on."""
        if self._closed:
            return
        self._closed = True
        for end in self._endings:
            end()
        self._leave()
        for workers in self._workers.values():
            workers.shutdown(wait=False, cancel_futures=True)
        super().close()

    def _leave(self) -> None:
        self._panel_state.leave(self)
        with _lock:
            # By identity: a widget has no other.
            for one in [one for one in _living if one is self]:
                _living.remove(one)
            if not self._panel_state.shown:
                _panel_states.pop(self._way, None)

    def push(self) -> None:
        """Have the panel state look at what there is."""
        self._panel_state.wake()

    def take(self, state: dict[str, Any]) -> None:
        """Write the traits that are new."""
        if not self._made or self._closed:
            return
        self.write(**state)

    def _choose(self, change: Callable[[list[str]], list[str]]) -> None:
        with self._writing:
            self.chosen = change(self.chosen)

    def _repr_mimebundle_(self, **how: Any) -> Any:
        """The widget, and for a page without a kernel a sentence that says what it is."""
        found = super()._repr_mimebundle_(**how)
        data, metadata = found if isinstance(found, tuple) else (found, {})
        words = (
            "The veo_nb panel: make, compare and find clips. Run this cell to open it; "
            f"the clips are in {self.panel['folder']}."
        )
        html = Markup('<p style="{}">{}</p>').format(ROOT, words)
        # A page has the other two: this is what a terminal prints.
        return {**(data or {}), "text/html": str(html), "text/plain": f"{NO_PAGE} {WHERE}"}, metadata

    # Commands

    def _receive(self, view: Any, content: Any, buffers: Any) -> None:
        """Hand a message over: the kernel's main thread has better things to do."""
        if self._closed:
            return
        kind = str(content.get("kind")) if isinstance(content, dict) else ""
        name = next((name for name, (kinds, _) in _WORKERS.items() if kind in kinds), "act")
        self._workers[name].submit(self._answer_with, view, content, buffers)

    def _answer_with(self, view: Any, content: Any, buffers: Any) -> None:
        self._along.buffers = buffers or ()
        try:
            super()._receive(view, content, buffers)
        finally:
            del self._along.buffers

    def handle(self, command: Command, payload: Any) -> Answer:
        """Do what a page asks for; what costs something once, however often it is asked under one id."""
        if command.kind not in ONCE:
            return self._handlers.give(command.kind, payload, self._along.buffers)
        if command.id not in self._done:
            self._done[command.id] = self._handlers.give(command.kind, payload, self._along.buffers)
            while len(self._done) > REMEMBERED:
                self._done.popitem(last=False)
        return self._done[command.id]


def check_place(shell: Any) -> None:
    """Nothing, where there is a page that can show a panel.

    Raises:
        InvalidRequest: this is a terminal.
    """
    if is_terminal(shell):
        raise InvalidRequest(NO_PAGE, hint=WHERE)
