"""`JobView`, the live card of a running job.

What syncs: `card`, written by the background loop alone, a fresh snapshot at most four times a second. What
does not: wishes come as messages and are answered one by one (`veo_nb.notebook.live`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import traitlets
from IPython.display import DisplayHandle, display

from veo_nb.jobs.job import Job, State
from veo_nb.notebook import words
from veo_nb.notebook.display import backdrop, finished, poster
from veo_nb.notebook.live import LiveView
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import Card, Clip, Message


class JobView(LiveView):
    """The live card of a job; when the job is done, its output becomes the finished video.

    It composes with ipywidgets (`HBox`, `VBox`, `Tab`) and survives a reload of the page.
    """

    _kind = traitlets.Unicode("job").tag(sync=True)
    card = traitlets.Dict().tag(sync=True)

    def __init__(self, job: Job, place: Place, clock: Callable[[], float] = time.time) -> None:
        self._job = job
        self._place = place
        self._handle: DisplayHandle | None = None
        self._backdrop = backdrop(job.request.image)
        self._forget: Callable[[], None] = _nothing
        seen = job.now
        super().__init__(clock, card=self._card())
        self._forget = job.on_change(self._changed)
        # It may have gone on between the first look at it and the listening.
        if job.now is not seen:
            self._changed(job)

    def show(self) -> None:
        """Display the card here; it is replaced by the finished output when the job is done."""
        self._handle = display(self, display_id=True)
        # It may have ended between the look at its state and the display.
        if self._job.now.state.final:
            self._finish()

    def close(self) -> None:
        """Take the card away; the job goes on."""
        self._forget()
        super().close()

    def _changed(self, job: Job) -> None:
        """Take in a change, on whichever thread it happened."""
        if job.now.state.final:
            self.push_now()
            self._finish()
        else:
            self.push_soon()

    def push(self) -> None:
        """Write the card as it is now."""
        self.card = self._card()

    def _finish(self) -> None:
        self._forget()
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.update(finished(self._job, self._place))

    def _card(self) -> Card:
        return make_card(self._job, self._place, self._backdrop)

    def obey(self, message: Message, wish: Any) -> dict[str, Any]:  # noqa: ARG002  nothing is said but the kind
        """Cancel the job: the only thing that a card asks for."""
        self._job.cancel()
        return {}


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
    line = words.line(job)
    if now.state is State.SUCCEEDED:
        line = [
            part
            for part in (*line, words.cost(job.estimate, job.provider), *(v["path"] for v in videos))
            if part
        ]
    return {
        "id": job.id,
        "state": now.state.value,
        "prompt": job.request.prompt,
        "settings": words.settings(job.request),
        "cost": "" if now.state is State.SUCCEEDED else words.cost(job.estimate, job.provider),
        "tag": "" if job.provider.bills else job.provider.title,
        "shape": "9:16" if job.request.shape == "9:16" else "16:9",
        "backdrop": behind,
        "line": line,
        "progress": words.progress(now),
        "actions": [] if now.state.final else ["cancel"],
        "videos": videos,
    }
