"""Live views as anywidgets: `JobView`, the card of a running job.

What syncs: `card`, written by the background loop alone, a fresh snapshot at most four times a second. What
does not: wishes come as messages and are answered one by one (`veo_nb.notebook.protocol`).
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from IPython.display import DisplayHandle, display

from veo_nb.errors import InvalidRequest, VeoError
from veo_nb.jobs.job import Job, State
from veo_nb.notebook import words
from veo_nb.notebook.display import backdrop, finished, poster
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import Card, Clip, Message, Part, parse_message, reply, reply_error

log = logging.getLogger("veo_nb")

STATIC = Path(__file__).parents[1] / "static"
PUSH_SECONDS = 0.25
AGAIN_SECONDS = 600.0
"""How long a blocked job keeps its button. Then what stays is plain, since a card outlives its kernel as an error."""

Later = Callable[[float, Callable[[], None]], Callable[[], None]]
"""Has something done after so many seconds; what it returns calls that off."""


def on_timer(seconds: float, action: Callable[[], None]) -> Callable[[], None]:
    """Have `action` called on a thread of its own after so many seconds."""
    timer = threading.Timer(seconds, action)
    timer.daemon = True
    timer.start()
    return timer.cancel


class JobView(anywidget.AnyWidget):
    """The live card of a job; when the job is done, its output becomes the finished video.

    It composes with ipywidgets (`HBox`, `VBox`, `Tab`) and survives a reload of the page. Where the provider's
    filter said no, the card stays for a while in a page that is alive, and "Try again" on it has another job take
    the place; `replaced(old, new)` hears of that.
    """

    _esm = STATIC / "widget.js"
    _css = STATIC / "widget.css"
    _kind = traitlets.Unicode("job").tag(sync=True)
    card = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        job: Job,
        place: Place,
        clock: Callable[[], float] = time.time,
        *,
        replaced: Callable[[Job, Job], None] | None = None,
        later: Later = on_timer,
    ) -> None:
        self._job = job
        self._replaced = replaced
        self._later = later
        self._call_off: Callable[[], None] = _nothing
        self._heard = False
        self._turn = threading.RLock()
        self._place = place
        self._clock = clock
        self._handle: DisplayHandle | None = None
        self._backdrop = backdrop(job.request.image)
        self._pushed_at = 0.0
        self._push_waits = False
        self._forget: Callable[[], None] = _nothing
        seen = job.now
        super().__init__(card=self._card())
        _let_clicks_through(self)
        self.on_msg(self._receive)
        self._forget = job.on_change(self._changed)
        # It may have gone on between the first look at it and the listening.
        if job.now is not seen:
            self._changed(job)

    def show(self) -> None:
        """Display the card here; it is replaced by the finished output when the job is done."""
        self._handle = display(self, display_id=True)
        # It may have ended between the look at its state and the display.
        if self._job.now.state.final:
            self._settle()

    def close(self) -> None:
        """Take the card away; the job goes on."""
        self._forget()
        self._call_off()
        super().close()

    def _changed(self, job: Job) -> None:
        """Take in a change, on whichever thread it happened, at most four times a second."""
        if job.now.state.final:
            self._push()
            self._settle()
            return
        wait = self._pushed_at + PUSH_SECONDS - self._clock()
        if wait <= 0:
            self._push()
        elif not self._push_waits:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                self._push()
                return
            self._push_waits = True
            loop.call_later(wait, self._push)

    def _push(self) -> None:
        self._push_waits = False
        self._pushed_at = self._clock()
        self.card = self._card()

    def _settle(self) -> None:
        """Show how the job ended: plainly, or with a button where a page is there to press it."""
        with self._turn:
            self._forget()
            if self._job.now.state is State.BLOCKED and self._heard:
                self._offer()
            else:
                self._finish()

    def _offer(self) -> None:
        """Keep the card, and the plain output in the same bundle for who reads the notebook without a kernel."""
        if self._handle is None:
            return
        plain = finished(self._job, self._place)
        made = self._repr_mimebundle_()
        data = made[0] if isinstance(made, tuple) else made
        data = {**(data or {}), "text/html": plain._repr_html_(), "text/plain": repr(plain)}
        self._handle.update(data, raw=True)
        self._call_off()
        self._call_off = self._later(AGAIN_SECONDS, self._withdraw)

    def _withdraw(self) -> None:
        """Leave the plain output, unless the job has been tried again in the meantime."""
        with self._turn:
            if self._job.now.state is State.BLOCKED:
                self._finish()
                self._handle = None

    def _finish(self) -> None:
        if self._handle is not None:
            self._handle.update(finished(self._job, self._place))
        # A page may be about to tell that it is there: it gets the button then.
        if self._job.now.state is not State.BLOCKED:
            self._handle = None

    def _try_again(self) -> None:
        """Have another job for the same request take the place of one that was blocked."""
        with self._turn:
            old = self._job
            if old.now.state is not State.BLOCKED:
                raise InvalidRequest(f"Job {old.id} is {old.status}.", hint="")
            new = old.again()
            self._call_off()
            self._job = new
            if self._replaced is not None:
                self._replaced(old, new)
            self._push()
            self._forget = new.on_change(self._changed)
            if new.now.state.final:
                self._changed(new)

    def _card(self) -> Card:
        return make_card(self._job, self._place, self._backdrop)

    def _receive(self, _: Any, content: Any, __: Any) -> None:
        """Answer a message; it may come on the main thread, on a subshell's, or late."""
        if not self._heard:
            self._heard = True
            if self._job.now.state.final:
                self._settle()
        try:
            message = parse_message(content)
        except InvalidRequest as error:
            self.send(reply_error(str(error.facts.get("id", "")), error))
            return
        try:
            answer = reply(message.id, self._obey(message))
        except VeoError as error:
            answer = reply_error(message.id, error)
        except Exception as error:
            # The browser waits for an answer, whatever broke.
            log.exception("the message %r broke", message.kind)
            broken = VeoError(f"{type(error).__name__}: {error}", hint="Please report this.")
            answer = reply_error(message.id, broken)
        self.send(answer)

    def _obey(self, message: Message) -> dict[str, Any]:
        if message.kind == "cancel":
            self._job.cancel()
            return {}
        if message.kind == "again":
            self._try_again()
            return {}
        return {"now": self._clock()}


def _nothing() -> None:
    """What a card forgets that listens to no job yet."""


def make_card(job: Job, place: Place, behind: str) -> Card:
    """All that the card of a job shows, at this moment; `behind` is the data URI of its backdrop."""
    now = job.now
    videos: list[Clip] = [
        {
            "url": place.url(video.path),
            "poster": poster(video.path) if video.path.exists() else "",
            "path": place.shown(video.path),
            "label": f"sample {video.sample + 1}" if len(now.videos) > 1 else "",
        }
        for video in now.videos
    ]
    blocked = now.state is State.BLOCKED
    line: list[Part] = [words.ending(job, button=True)] if blocked else words.line(job)
    if now.state is State.SUCCEEDED:
        line = [
            part
            for part in (
                *line,
                words.cost(job.estimate, job.provider),
                *(v["path"] for v in videos),
                words.missing(job),
            )
            if part
        ]
    card: Card = {
        "id": job.id,
        "state": now.state.value,
        "prompt": job.request.prompt,
        "settings": words.settings(job.request),
        "cost": "" if now.state is State.SUCCEEDED else words.cost(job.estimate, job.provider),
        "tag": "" if job.provider.bills else job.provider.title,
        "shape": "9:16" if job.request.shape == "9:16" else "16:9",
        "backdrop": behind,
        "line": line,
        "progress": None,
        "actions": ["again"] if blocked else [] if now.state.final else ["cancel"],
        "videos": videos,
    }
    if now.state is State.RUNNING and now.submitted_at is not None:
        card["progress"] = {"since": now.submitted_at, "expected": now.typical}
    elif now.state is State.DOWNLOADING and now.total:
        card["progress"] = {"done": now.received, "total": now.total}
    return card


def _let_clicks_through(view: JobView) -> None:
    """Let a click be handled while a cell runs.

    ipykernel 7.4 sends a message to whichever shell last wrote on its comm; with updates from the background that
    is the main one, which the cell keeps busy. The front end's own choice, a subshell, is the right one. The
    attribute is private, so nothing happens where it is missing.
    """
    if hasattr(view.comm, "_reply_subshell_for"):
        view.comm._reply_subshell_for = lambda data=None, default=None: default  # noqa: ARG005, SLF001
