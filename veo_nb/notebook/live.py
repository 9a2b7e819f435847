"""What all live views share: the bundle, messages that are always answered, and no more than four pushes a second."""

from __future__ import annotations

import hashlib
import logging
import sys
import threading
import time
import weakref
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import ipywidgets
import traitlets
from IPython.core.getipython import get_ipython

from veo_nb.engine.loop import call_later
from veo_nb.errors import InvalidRequest, VeoError
from veo_nb.notebook.protocol import (
    COMMANDS,
    Command,
    Commands,
    Exchanged,
    FrontEnd,
    Now,
    parse_command,
    reply,
    reply_error,
    to_json,
)

log = logging.getLogger("veo_nb")

STATIC = Path(__file__).parents[1] / "static"
MARK = "@digest@"
"""Stands in the built scripts where the bundle's own mark belongs."""

PUSH_SECONDS = 0.25
PROGRESS_SECONDS = 1.0
"""Where nothing has changed but how far something is: what moves in a page takes as long."""


def answers_while_busy() -> bool:
    """Whether a page that asks for the script gets it while a cell runs, and whether all views are in one page.

    Colab has a page for each output.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    return "google.colab" not in sys.modules and bool(getattr(kernel, "_supports_kernel_subshells", False))


class Bundle:
    """A script with its style, sent to a page once: the first view brings it, and the others what finds it there.

    Else each view would bring it, 80 kB for a card, which is most of what a job says. A page that has lost it asks for it
    (js/src/loader.ts). `shares` says whether it may be shared at all.
    """

    def __init__(self, name: str, shares: Callable[[], bool] = answers_while_busy) -> None:
        self._files = STATIC / f"{name}.js", STATIC / f"{name}.css", STATIC / "loader.js"
        self._shares = shares
        self._lock = threading.Lock()
        self._bringer: Callable[[], Any] = lambda: None

    def traits_for(self, view: Any) -> dict[str, str]:
        """What a new view brings along: the script where none that is open has brought it."""
        with self._lock:
            first = self._bringer()
            whole, loader = self._read()
            if first is not None and first.comm is not None and self._shares():
                return {"_esm": loader, "_css": ""}
            self._bringer = weakref.ref(view)
            return {"_esm": whole.script, "_css": whole.style}

    def whole(self) -> FrontEnd:
        """Script and style, for a page that asks."""
        return self._read()[0]

    def _read(self) -> tuple[FrontEnd, str]:
        # Anew each time: whoever works on the front end sees what was built last.
        script, style, loader = (path.read_text("utf-8") for path in self._files)
        mark = hashlib.sha256(f"{script}\0{style}".encode()).hexdigest()[:12]
        return FrontEnd(script=script.replace(MARK, mark), style=style), loader.replace(MARK, mark)


_WHOLE: dict[tuple[type[LiveView], tuple[str, ...]], type[LiveView]] = {}
"""The kinds of views with the traits of these names added."""


class LiveView(anywidget.AnyWidget):
    """A view whose traits Python alone writes, a fresh snapshot at most four times a second, also while a cell runs.

    It composes with ipywidgets (`HBox`, `VBox`, `Tab`) and survives a reload of the page.
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    _bundle: ClassVar[Bundle] = Bundle("widget")
    """What shows it."""
    _own_layout: ClassVar[bool] = False
    """Whether a person gives it a height or a width; the others have theirs together, in place of a model for each."""
    _commands: ClassVar[Commands] = COMMANDS
    """The commands it takes."""
    _lenient: ClassVar[frozenset[str]] = frozenset()
    """Those whose answer says where a text holds half a character; all others are refused with one."""

    _later: Callable[[float, Callable[[], object]], bool] = staticmethod(call_later)
    """Has something done after so many seconds, on a loop that goes on while a cell runs; whether it will be."""

    has_page = False
    """Whether a page has said something: there is one that shows it."""

    def __init__(self, clock: Callable[[], float] = time.time, **traits: Any) -> None:
        self._clock = clock
        self._writing = threading.RLock()
        # What it opens with is its first push.
        self._pushed_at = clock()
        self._push_due: float | None = None
        layout = {} if self._own_layout else {"layout": _common_layout()}
        super().__init__(**to_json(traits), **self._bundle.traits_for(self), **layout)
        let_clicks_through(self)
        self.on_msg(self._receive)

    def add_traits(self, **traits: Any) -> None:
        """Add what anywidget adds to each view, with one class for all that have the same: to make one takes as long as the rest."""
        wanted = type(self), tuple(sorted(traits))
        if whole := _WHOLE.get(wanted):
            self.__class__ = whole
            for name in traits:
                getattr(whole, name).instance_init(self)
        else:
            super().add_traits(**traits)
            _WHOLE[wanted] = type(self)

    @abstractmethod
    def push(self) -> None:
        """Write the traits as things are now."""

    @abstractmethod
    def handle(self, command: Command, payload: Any) -> Exchanged | tuple[Exchanged, list[bytes]]:
        """Do what a command asks for, and give the answer, with bytes that go along where there are any.

        `payload` is its own, checked.

        Raises:
            VeoError: it can't be done; the person is told.
        """

    def push_soon(self, seconds: float = PUSH_SECONDS) -> None:
        """Write the traits now, or as soon as the last time is so many seconds ago."""
        with self._writing:
            now = self._clock()
            # A clock that was set back would have it wait for as long.
            wait = min(seconds, self._pushed_at + seconds - now)
            if wait <= 0:
                self.push_now()
            elif self._push_due is None or now + wait < self._push_due:
                self._push_due = now + wait
                if not self._later(wait, self._push_when_due):
                    self.push_now()

    def _push_when_due(self) -> None:
        """Write the traits, unless that was done by somebody who could not wait."""
        with self._writing:
            if self._push_due is not None:
                self.push_now()

    def push_now(self) -> None:
        """Write the traits, however short the last time is ago."""
        # One after another: what is written last is what was read last.
        with self._writing:
            self._push_due = None
            self._pushed_at = self._clock()
            self.push()

    def write(self, **traits: object) -> None:
        """Write those of these traits that are new, in one message."""
        with self._writing, self.hold_sync():
            for name, shape in traits.items():
                if getattr(self, name) != (value := to_json(shape)):
                    setattr(self, name, value)

    @property
    def _answers(self) -> dict[str, Callable[[Command, Any], Exchanged]]:
        """What every view answers in the same way."""
        return {
            "clock": lambda *_: Now(now=self._clock()),
            "bundle": lambda *_: self._bundle.whole(),
        }

    def bundle_with(self, plain: Any) -> dict[str, Any]:
        """The view in an output, with what is `plain` beside it for a page that can't show it."""
        made = self._repr_mimebundle_()
        data = made[0] if isinstance(made, tuple) else made
        return {**(data or {}), "text/html": plain._repr_html_(), "text/plain": repr(plain)}

    def page_came(self) -> None:
        """There is a page that shows it, whose person can press a button."""

    def _receive(self, _: Any, content: Any, __: Any) -> None:
        """Answer a message; it may come on the main thread, on a subshell's, or late."""
        if not self.has_page:
            self.has_page = True
            self.page_came()
        try:
            command, payload = parse_command(content, self._commands, self._lenient)
        except InvalidRequest as error:
            self.send(reply_error(str(error.facts.get("id", "")), error))
            return
        buffers: list[bytes] | None = None
        try:
            found = self._answers.get(command.kind, self.handle)(command, payload)
            if isinstance(found, tuple):
                found, buffers = found
            answer = reply(command.id, found)
        except VeoError as error:
            answer = reply_error(command.id, error)
        except Exception as error:
            # The browser waits for an answer, whatever broke.
            log.exception("the message %r broke", command.kind)
            broken = VeoError(f"{type(error).__name__}: {error}", hint="Please report this.")
            answer = reply_error(command.id, broken)
        self.send(answer, buffers)


_layout: ipywidgets.Layout | None = None


def _common_layout() -> ipywidgets.Layout:
    global _layout  # noqa: PLW0603  made for the first, and anew where somebody closed all widgets
    if _layout is None or _layout.comm is None:
        _layout = ipywidgets.Layout()
    return _layout


def let_clicks_through(view: Any) -> None:
    """Let a click be handled while a cell runs.

    ipykernel 7.4 sends a message to whichever shell last wrote on its comm; with updates from the background that
    is the main one, which the cell keeps busy. The front end's own choice, a subshell, is the right one. The
    attribute is private, so nothing happens where it is missing.
    """
    if hasattr(view.comm, "_reply_subshell_for"):
        view.comm._reply_subshell_for = lambda data=None, default=None: default  # noqa: ARG005, SLF001
