"""Panels that tests look at: what they send to the page and what they push, as bytes on the comm would be."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable
from typing import Any

try:
    from comm import DummyComm
except ImportError:
    from ipykernel.comm import Comm

    class DummyComm(Comm):  # type: ignore[no-redef,misc]
        """The same before ipykernel 6.18; ipywidgets 7 says nothing on one without a kernel."""

        kernel = "none"

        def _say_nothing(self, *_: Any, **__: Any) -> None:
            """What it does in place of telling a kernel."""

        open = close = send = _say_nothing


from tests.notebook.test_protocol import mismatch
from veo_nb.notebook.panel.panel import Panel
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import Reply
from veo_nb.studio import Studio

WAIT_SECONDS = 60.0
_ids = itertools.count()


class Seen(Panel):
    """A panel that keeps what it sends to the browser."""

    def __init__(self, studio: Callable[[], Studio], place: Place, **how: Any) -> None:
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        self.states: list[dict[str, Any]] = []
        self._answered = threading.Condition()
        super().__init__(studio, place, **how)

    def open(self) -> None:
        """Have a comm of its own: where an earlier test imported ipykernel, its comms wait for a kernel."""
        self.comm = DummyComm()

    def send(self, content: Any, buffers: Any = None) -> None:
        with self._answered:
            self.sent.append((content, buffers or []))
            self._answered.notify_all()

    def _send(self, message: dict[str, Any], buffers: Any = None) -> None:
        """What ipywidgets puts on the comm."""
        if message.get("method") == "update":
            self.states.append(message["state"])

    def tell(
        self, kind: str, payload: dict[str, Any], buffers: tuple[bytes, ...] = (), asked: str = ""
    ) -> str:
        """Send a message as a page does; the id to which the answer comes."""
        asked = asked or f"k{next(_ids)}"
        message = {"kind": kind, "id": asked, "payload": payload}
        self._handle_custom_msg(message, [memoryview(one) for one in buffers])
        return asked

    def answer(self, asked: str) -> tuple[dict[str, Any], list[bytes]]:
        """The answer to a message, once it has come."""
        with self._answered:
            found: list[Any] = []

            def has_come() -> bool:
                found[:] = [one for one in self.sent if one[0]["id"] == asked]
                return bool(found)

            assert self._answered.wait_for(has_come, WAIT_SECONDS), f"no answer to {asked}"
        ((content, buffers),) = found
        assert mismatch(json.loads(json.dumps(content)), Reply) == []
        return content, buffers

    def ask(self, kind: str, *buffers: bytes, **payload: Any) -> Any:
        """What a page's wish is answered with; it must be granted."""
        content, sent = self.answer(self.tell(kind, payload, buffers))
        assert "ok" in content, content
        return {**content["ok"], "buffers": sent} if sent else content["ok"]

    def refused(self, kind: str, *buffers: bytes, **payload: Any) -> str:
        """The words with which a page's wish is refused."""
        content, _ = self.answer(self.tell(kind, payload, buffers))
        assert "error" in content, content
        return str(content["error"]["message"])

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        """The rows of the queue by the job that each shows."""
        found = (getattr(self, f"row_{at}") for at in range(24))
        return {row["job"]: row for row in found if row}


def wait_until(condition: Callable[[], object], what: str = "") -> None:
    """Wait for what another thread brings about."""
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < end, what or "it did not come"
        time.sleep(0.01)
