"""`JobView`, the live card of a running job.

What syncs: `opened` and `changed`, written by the background loop alone, at most four times a second. What
does not: commands come as messages and are answered one by one (`veo_nb.notebook.live`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from veo_nb.engine.job import Job
from veo_nb.engine.video import Video
from veo_nb.errors import InvalidRequest
from veo_nb.media.shape import frame_of
from veo_nb.notebook import text
from veo_nb.notebook.clip.output import Later, on_timer
from veo_nb.notebook.clip.reach import HERE, Reach, Seen
from veo_nb.notebook.clip.view import CardView, card_clip
from veo_nb.notebook.display import backdrop, finished
from veo_nb.notebook.live import PROGRESS_SECONDS, PUSH_SECONDS
from veo_nb.notebook.outputs.live import LIVE
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import Card, CardAction, Command, Exchanged, Nothing, Part
from veo_nb.store.rows import State

AGAIN_SECONDS = 600.0
"""How long a blocked job and a draft keep their button. Then what stays is plain, since a card outlives its kernel as an error."""


class JobView(CardView):
    """The live card of a job; when the job is done, its output becomes what plays the video in the page that shows it.

    Where the provider's filter said no, the card stays for a while in a page that is alive, and "Try again" on it has
    another job take the place, as "Make it final" does under a draft; `replaced(old, new)` hears of that. `status` is said
    under a clip that was there already.
    """

    def __init__(
        self,
        job: Job,
        place: Place,
        clock: Callable[[], float] = time.time,
        *,
        replaced: Callable[[Job, Job], None] | None = None,
        status: str = "",
        embed: bool = False,
        reach: Reach = HERE,
        later: Later = on_timer,
    ) -> None:
        self._job = job
        self._replaced = replaced
        self._status = status
        self._looked_at = False
        self._backdrop = backdrop(job.request.image)
        self._forget: Callable[[], None] | None = None
        seen = job.now
        self._standing = _standing(job)
        super().__init__(place, clock, embed=embed, reach=reach, later=later)
        self._forget = job.on_change(self._changed)
        # It may have gone on between the first look at it and the listening.
        if job.now is not seen:
            self._changed(job)

    @property
    def videos(self) -> Sequence[Video]:
        """The samples that are there."""
        return self._job.now.videos

    def show(self, *, looks: bool = False) -> None:
        """Display the card here; it becomes what plays when the job is done. `looks` says that someone looks at the page."""
        self._looked_at = looks
        self._output.show(over=self._job.now.state.final, looks=looks)
        LIVE.add(self)
        # It may have ended between the look at its state and the display.
        if self._job.now.state.final:
            self._settle()

    @property
    def jobs(self) -> tuple[Job]:
        """The job that it shows."""
        return (self._job,)

    def redraw(self, *, plain: bool) -> bool:
        """Draw what is left once more where no page was there to get it, and with `plain` in place of a button."""
        with self._output.turn:
            if not self._job.now.state.final:
                return False
            if plain and self._output.offered:
                self._withdraw()
            elif not self.has_page and not self._looked_at:
                self._output.finish(redraw=True)
            return not (self.has_page and self._output.offered)

    def close(self) -> None:
        """Take the card away; the job goes on."""
        self._end_listening()
        super().close()

    def _end_listening(self) -> None:
        if self._forget is not None:
            self._forget()

    def _changed(self, job: Job) -> None:
        """Take in a change, on whichever thread it happened."""
        if job.now.state.final:
            self.push_now()
            self._settle()
        else:
            before, self._standing = self._standing, _standing(job)
            self.push_soon(PROGRESS_SECONDS if self._standing == before else PUSH_SECONDS)

    def _settle(self) -> None:
        """Show how the job ended: as what plays, or with a button where a page is there to press it."""
        with self._output.turn:
            self._end_listening()
            if _has_button(self._job) and self.has_page:
                self._output.offer(AGAIN_SECONDS, self._withdraw)
            else:
                self._output.settle(looks=self.has_page or self._looked_at)

    def _withdraw(self) -> None:
        """Leave what plays, unless the job has been tried again in the meantime."""
        with self._output.turn:
            if self._job.now.state.final:
                self._output.settle(looks=False)

    def page_came(self) -> None:
        """Give the page its button, or have it say what plays, where the job ended before anyone saw it."""
        if self._job.now.state.final:
            self._settle()

    def _go_on(self, kind: str) -> None:
        """Have another job take the place: for the same request where that was blocked, or for a draft's final."""
        with self._output.turn:
            old = self._job
            if kind == "rerun" and old.now.state is not State.BLOCKED:
                raise InvalidRequest(f"Job {old.id} is {old.status}.", hint="")
            new = old.rerun() if kind == "rerun" else old.finalize()
            self._output.go_on()
            self._job, self._status = new, ""
            if self._replaced is not None:
                self._replaced(old, new)
            self.push_now()
            self._forget = new.on_change(self._changed)
            if new.now.state.final:
                self._changed(new)

    def make(self) -> Card:
        """The card as it is now."""
        return make_card(self._job, self._place, self._backdrop, token=self._token, status=self._status)

    def plain(self, seen: Seen | None) -> Any:
        """What it is without a kernel."""
        return finished(self._job, self._place, self._status, seen=seen, embed=self._embed, token=self._token)

    def handle(self, command: Command, payload: Any) -> Exchanged | tuple[Exchanged, list[bytes]]:
        """Cancel the job, try a blocked one again, or make a draft final; or what every card does."""
        if command.kind == "cancel":
            self._job.cancel()
        elif command.kind in ("rerun", "finalize"):
            self._go_on(command.kind)
        else:
            return super().handle(command, payload)
        return Nothing()


def _standing(job: Job) -> object:
    """What stays the same while a job only gets further."""
    now = job.now
    return job.id, now.state, now.note, len(now.videos)


def _has_button(job: Job) -> bool:
    """Whether a job that is over has a button: it was blocked, or is a draft."""
    return job.now.state is State.BLOCKED or (job.is_draft and job.now.state is State.SUCCEEDED)


def make_card(job: Job, place: Place, behind: str, *, token: str = "", status: str = "") -> Card:
    """All that the card of a job shows, at this moment; `behind` is the data URI of its backdrop.

    `token` marks what it is laid over, `status` stands under a clip that was there already.
    """
    now = job.now
    several = len(now.videos) > 1
    videos = [card_clip(one, place, f"sample {one.sample + 1}" if several else "") for one in now.videos]
    blocked = now.state is State.BLOCKED
    line: list[Part] = [text.ending(job, button=True)] if blocked else text.line(job)
    made = now.state is State.SUCCEEDED
    if made and status:
        line = [status]
    elif made:
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
        token=token,
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
