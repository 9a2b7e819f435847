"""Cards with finished clips, which a page plays from an address or from the bytes: what all have, and that of a clip by itself."""

from __future__ import annotations

import secrets
import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import traitlets

from veo_nb.engine.video import Video
from veo_nb.errors import NotFound
from veo_nb.notebook.clip.output import Later, Output, on_timer
from veo_nb.notebook.clip.pieces import piece_of, size_of
from veo_nb.notebook.clip.reach import HERE, Reach, Seen
from veo_nb.notebook.display import ClipVideo, facts_of, one_clip, shape_of, still
from veo_nb.notebook.live import LiveView
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import Card, CardClip, Command, Exchanged, Nothing, to_json


class CardView(LiveView):
    """A live card, whose output becomes what plays the clips once there are all.

    It composes with ipywidgets (`HBox`, `VBox`, `Tab`) and survives a reload of the page.
    """

    _kind = traitlets.Unicode("job").tag(sync=True)
    card = traitlets.Dict()
    """All that it shows. Of it a page has `opened` and `changed`: what does not change is not said again."""
    opened = traitlets.Dict().tag(sync=True)
    changed = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        place: Place,
        clock: Callable[[], float],
        *,
        embed: bool,
        reach: Reach,
        later: Later,
    ) -> None:
        self._place = place
        self._embed = embed
        self._token = secrets.token_hex(8)
        self._output = Output(self, self.plain, self._file, embed=embed, reach=reach, later=later)
        card = self.make()
        super().__init__(clock, card=card, opened=card)

    @abstractmethod
    def make(self) -> Card:
        """The card as it is now."""

    @abstractmethod
    def plain(self, seen: Seen | None) -> Any:
        """What it is without a kernel, in a page that has found out this much."""

    @property
    @abstractmethod
    def videos(self) -> Sequence[Video]:
        """The clips that are there."""

    def push(self) -> None:
        """Write the card as it is now."""
        card = to_json(self.make())
        # Another job has everything anew.
        opened = self.opened if self.opened["id"] == card["id"] else card
        changed = {name: value for name, value in card.items() if value != opened[name]}
        self.write(card=card, opened=opened, changed=changed)

    def close(self) -> None:
        """Take the card away."""
        self._output.stop()
        super().close()

    def handle(self, command: Command, payload: Any) -> Exchanged | tuple[Exchanged, list[bytes]]:
        """Give a still or a piece of a clip, or take in what the page has found out."""
        if command.kind == "reached":
            self._output.note(Seen(plays=payload.plays, apart=payload.apart))
            return Nothing()
        if payload.video >= len(self.videos):
            raise NotFound("This card has no such clip.", hint="Reload the page.")
        path = self.videos[payload.video].path
        return still(path) if command.kind == "poster" else piece_of(path, payload.offset, path.name)

    def _file(self) -> Path | None:
        return next((video.path for video in self.videos if video.path.exists()), None)


class ClipView(CardView):
    """A clip by itself: what a cell ends with, and what a host without a notebook's outputs shows."""

    def __init__(
        self,
        video: Video,
        place: Place,
        clock: Callable[[], float] = time.time,
        *,
        embed: bool = False,
        reach: Reach = HERE,
        later: Later = on_timer,
    ) -> None:
        self._video = video
        super().__init__(place, clock, embed=embed, reach=reach, later=later)

    @property
    def videos(self) -> Sequence[Video]:
        """The one clip."""
        return (self._video,)

    def show(self) -> None:
        """Display it here, before someone who looks at the page."""
        self._output.show(over=True, looks=True)
        self._output.settle(looks=True)

    def plain(self, seen: Seen | None) -> ClipVideo:
        """The clip and where it is."""
        return one_clip(self._video, self._place, seen=seen, embed=self._embed, token=self._token)

    def make(self) -> Card:
        """The clip under its facts, without what was asked for."""
        video = self._video
        return Card(
            id=video.job_id,
            state="succeeded",
            prompt="",
            settings=[],
            token=self._token,
            cost="",
            final_cost="",
            tag="",
            shape=shape_of(video),
            backdrop="",
            line=[facts_of(video, self._place)],
            progress=None,
            actions=[],
            videos=[card_clip(video, self._place)],
        )


def card_clip(video: Video, place: Place, label: str = "") -> CardClip:
    """A clip as a card has it; `label` tells it from its siblings."""
    return CardClip(
        url=place.url(video.path),
        beside=place.relative(video.path) or "",
        size=size_of(video.path),
        path=place.shown(video.path),
        label=label,
    )
