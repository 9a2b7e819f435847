"""What all live views share: the bundle, messages that are always answered, and no more than four pushes a second."""

from __future__ import annotations

import logging
import threading
import time
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import anywidget

from veo_nb.engine.loop import call_later
from veo_nb.errors import InvalidRequest, VeoError
from veo_nb.notebook.protocol import (
    COMMANDS,
    Command,
    Commands,
    Exchanged,
    Now,
    parse_command,
    reply,
    reply_error,
    to_json,
)

log = logging.getLogger("veo_nb")

STATIC = Path(__file__).parents[1] / "static"
PUSH_SECONDS = 0.25


_WHOLE: dict[type[LiveView], type[LiveView]] = {}
"""The kinds of views with all their traits."""


class LiveView(anywidget.AnyWidget):
    """A view whose traits Python alone writes, a fresh snapshot at most four times a second, also while a cell runs.

    It composes with ipywidgets (`HBox`, `VBox`, `Tab`) and survives a reload of the page.
    """

    _esm = STATIC / "widget.js"
    _css = STATIC / "widget.css"
    _commands: ClassVar[Commands] = COMMANDS
    """The commands it takes."""
    _lenient: ClassVar[frozenset[str]] = frozenset()
    """Those whose answer says where a text holds half a character; all others are refused with one."""

    _later: Callable[[float, Callable[[], object]], bool] = staticmethod(call_later)
    """Has something done after so many seconds, on a loop that goes on while a cell runs; whether it will be."""

    def __init__(self, clock: Callable[[], float] = time.time, **traits: Any) -> None:
        self._clock = clock
        self._writing = threading.RLock()
        self._pushed_at = 0.0
        self._push_waits = False
        super().__init__(**to_json(traits))
        let_clicks_through(self)
        self.on_msg(self._receive)

    def add_traits(self, **traits: Any) -> None:
        """Add what anywidget adds to each view, with one class for all of a kind: to make one anew takes as long as the rest."""
        kind = type(self)
        if kind in _WHOLE:
            self.__class__ = _WHOLE[kind]
            for name in traits:
                getattr(_WHOLE[kind], name).instance_init(self)
        else:
            super().add_traits(**traits)
            _WHOLE[kind] = type(self)

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

    def push_soon(self) -> None:
        """Write the traits now, or as soon as the last time is long enough ago."""
        with self._writing:
            # A clock that was set back would have it wait for as long.
            wait = min(PUSH_SECONDS, self._pushed_at + PUSH_SECONDS - self._clock())
            if wait <= 0:
                self.push_now()
            elif not self._push_waits:
                self._push_waits = self._later(wait, self.push_now)
                if not self._push_waits:
                    self.push_now()

    def push_now(self) -> None:
        """Write the traits, however short the last time is ago."""
        # One after another: what is written last is what was read last.
        with self._writing:
            self._push_waits = False
            self._pushed_at = self._clock()
            self.push()

    def write(self, **traits: object) -> None:
        """Write those of these traits that are new, in one message."""
        with self._writing, self.hold_sync():
            for name, shape in traits.items():
                if getattr(self, name) != (value := to_json(shape)):
                    setattr(self, name, value)

    def _receive(self, _: Any, content: Any, __: Any) -> None:
        """Answer a message; it may come on the main thread, on a subshell's, or late."""
        try:
            command, payload = parse_command(content, self._commands, self._lenient)
        except InvalidRequest as error:
            self.send(reply_error(str(error.facts.get("id", "")), error))
            return
        buffers: list[bytes] | None = None
        try:
            found = Now(now=self._clock()) if command.kind == "clock" else self.handle(command, payload)
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


def let_clicks_through(view: Any) -> None:
    """Let a click be handled while a cell runs.

    ipykernel 7.4 sends a message to whichever shell last wrote on its comm; with updates from the background that
    is the main one, which the cell keeps busy. The front end's own choice, a subshell, is the right one. The
    attribute is private, so nothing happens where it is missing.
    """
    if hasattr(view.comm, "_reply_subshell_for"):
        view.comm._reply_subshell_for = lambda data=None, default=None: default  # noqa: ARG005, SLF001
