"""`JobView`, the live card of a running job.

What syncs: `opened` and `changed`, written by the background loop alone, at most four times a second. What
does not: commands come as messages and are answered one by one (`veo_nb.notebook.live`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import traitlets
from IPython.display import DisplayHandle, display

from veo_nb.engine.job import Job
from veo_nb.errors import InvalidRequest, NotFound
from veo_nb.media.shape import frame_of
from veo_nb.notebook import text
from veo_nb.notebook.display import backdrop, finished, still
from veo_nb.notebook.live import PROGRESS_SECONDS, PUSH_SECONDS, LiveView
from veo_nb.notebook.outputs.live import LIVE
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import Card, CardAction, CardClip, Command, Exchanged, Nothing, Part, to_json
from veo_nb.store.rows import State

AGAIN_SECONDS = 600.0
"""How long a blocked job and a draft keep their button. Then what stays is plain, since a card outlives its kernel as an error."""

Later = Callable[[float, Callable[[], None]], Callable[[], None]]
"""Has something done after so many seconds; what it returns calls that off."""


def on_timer(seconds: float, action: Callable[[], None]) -> Callable[[], None]:
    """Have `action` called on a thread of its own after so many seconds."""
    timer = threading.Timer(seconds, action)
    timer.daemon = True
    timer.start()
    return timer.cancel


class JobView(LiveView):
    """The live card of a job; when the job is done, its output becomes the finished video.

    It composes with ipywidgets (`HBox`, `VBox`, `Tab`) and survives a reload of the page. Where the provider's
    filter said no, the card stays for a while in a page that is alive, and "Try again" on it has another job take
    the place, as "Make it final" does under a draft; `replaced(old, new)` hears of that.
    """

    _kind = traitlets.Unicode("job").tag(sync=True)
    card = traitlets.Dict()
    """All that it shows. Of it a page has `opened` and `changed`: what does not change is not said again."""
    opened = traitlets.Dict().tag(sync=True)
    changed = traitlets.Dict().tag(sync=True)

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
        self._on_timer = later
        self._call_off: Callable[[], None] | None = None
        self._turn = threading.RLock()
        self._place = place
        self._handle: DisplayHandle | None = None
        """Of an output that may still change by itself."""
        self._shown: DisplayHandle | None = None
        self._backdrop = backdrop(job.request.image)
        self._forget: Callable[[], None] | None = None
        seen = job.now
        self._standing = _standing(job)
        card = self._card()
        super().__init__(clock, card=card, opened=card)
        self._forget = job.on_change(self._changed)
        # It may have gone on between the first look at it and the listening.
        if job.now is not seen:
            self._changed(job)

    def show(self) -> None:
        """Display the card here; it is replaced by the finished output when the job is done."""
        self._handle = self._shown = display(self, display_id=True)
        LIVE.add(self)
        # It may have ended between the look at its state and the display.
        if self._job.now.state.final:
            self._settle()

    @property
    def jobs(self) -> tuple[Job]:
        """The job that it shows."""
        return (self._job,)

    def redraw(self, *, plain: bool) -> bool:
        """Draw the plain output once more where no page was there to get it, and with `plain` in place of a button."""
        with self._turn:
            if not self._job.now.state.final:
                return False
            if plain and self._handle is not None:
                self._stop_timer()
                self._withdraw()
            elif not self.has_page and self._shown is not None:
                self._shown.update(finished(self._job, self._place))
            return not self.has_page or self._handle is None

    def close(self) -> None:
        """Take the card away; the job goes on."""
        self._end_listening()
        self._stop_timer()
        super().close()

    def _end_listening(self) -> None:
        if self._forget is not None:
            self._forget()

    def _stop_timer(self) -> None:
        if self._call_off is not None:
            self._call_off()

    def _changed(self, job: Job) -> None:
        """Take in a change, on whichever thread it happened."""
        if job.now.state.final:
            self.push_now()
            self._settle()
        else:
            before, self._standing = self._standing, _standing(job)
            self.push_soon(PROGRESS_SECONDS if self._standing == before else PUSH_SECONDS)

    def push(self) -> None:
        """Write the card as it is now."""
        card = to_json(self._card())
        # Another job has everything anew.
        opened = self.opened if self.opened["id"] == card["id"] else card
        changed = {name: value for name, value in card.items() if value != opened[name]}
        self.write(card=card, opened=opened, changed=changed)

    def _settle(self) -> None:
        """Show how the job ended: plainly, or with a button where a page is there to press it."""
        with self._turn:
            self._end_listening()
            if _has_button(self._job) and self.has_page:
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
        self._stop_timer()
        self._call_off = self._on_timer(AGAIN_SECONDS, self._withdraw)

    def _withdraw(self) -> None:
        """Leave the plain output, unless the job has been tried again in the meantime."""
        with self._turn:
            if self._job.now.state.final:
                self._finish()
                self._handle = None

    def _finish(self) -> None:
        if self._handle is not None:
            self._handle.update(finished(self._job, self._place))
        # A page may be about to tell that it is there: it gets the button then.
        if not _has_button(self._job):
            self._handle = None

    def _go_on(self, kind: str) -> None:
        """Have another job take the place: for the same request where that was blocked, or for a draft's final."""
        with self._turn:
            old = self._job
            if kind == "rerun" and old.now.state is not State.BLOCKED:
                raise InvalidRequest(f"Job {old.id} is {old.status}.", hint="")
            new = old.rerun() if kind == "rerun" else old.finalize()
            self._stop_timer()
            self._job = new
            if self._replaced is not None:
                self._replaced(old, new)
            self.push_now()
            self._forget = new.on_change(self._changed)
            if new.now.state.final:
                self._changed(new)

    def _card(self) -> Card:
        return make_card(self._job, self._place, self._backdrop)

    def _receive(self, view: Any, content: Any, buffers: Any) -> None:
        if not self.has_page:
            # A person can press a button.
            self.has_page = True
            if self._job.now.state.final:
                self._settle()
        super()._receive(view, content, buffers)

    def handle(self, command: Command, payload: Any) -> Exchanged | tuple[Exchanged, list[bytes]]:
        """Cancel the job, try a blocked one again, or make a draft final; or give a still of a video."""
        if command.kind == "poster":
            videos = self._job.now.videos
            if payload.video >= len(videos):
                raise NotFound("This card has no such clip.", hint="Reload the page.")
            return still(videos[payload.video].path)
        if command.kind == "cancel":
            self._job.cancel()
        else:
            self._go_on(command.kind)
        return Nothing()


def _standing(job: Job) -> object:
    """What stays the same while a job only gets further."""
    now = job.now
    return job.id, now.state, now.note, len(now.videos)


def _has_button(job: Job) -> bool:
    """Whether a job that is over has a button: it was blocked, or is a draft."""
    return job.now.state is State.BLOCKED or (job.is_draft and job.now.state is State.SUCCEEDED)


def make_card(job: Job, place: Place, behind: str) -> Card:
    """All that the card of a job shows, at this moment; `behind` is the data URI of its backdrop."""
    now = job.now
    videos = [
        CardClip(
            url=place.url(video.path),
            path=place.shown(video.path),
            label=f"sample {video.sample + 1}" if len(now.videos) > 1 else "",
        )
        for video in now.videos
    ]
    blocked = now.state is State.BLOCKED
    line: list[Part] = [text.ending(job, button=True)] if blocked else text.line(job)
    made = now.state is State.SUCCEEDED
    if made:
        line = [
            part
            for part in (
                *line,
                text.cost_of(job),
                *(video.path for video in videos),
                text.missing(job),
            )
            if part
        ]
    drafted = made and job.is_draft
    actions: list[CardAction] = ["rerun"] if blocked else [] if now.state.final else ["cancel"]
    return Card(
        id=job.id,
        state=now.state.value,
        prompt=job.request.prompt,
        # Once the clip is here, it was taken after all.
        settings=[*text.settings_of(job), *([] if made else text.doubts(job.request, job.provider))],
        cost="" if made else text.cost_of(job),
        final_cost=text.final_cost(job) if drafted else "",
        tag="" if job.provider.bills else job.provider.title,
        shape=frame_of(job.request.shape),
        backdrop=behind,
        line=line,
        progress=text.progress(now),
        actions=["finalize"] if drafted else actions,
        videos=videos,
    )
