"""What a page with a comparison asks for, done: whose turn it is with which pair, votes, and what came out.

A pair has an id for each time that a voter comes to it, and a vote is about that id. So one that comes twice, since a
busy kernel gave no answer in time, is one vote.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterable

from veo_nb.decisions.comparison import Comparison, Pair
from veo_nb.decisions.contenders import key_of
from veo_nb.decisions.voters import read_name
from veo_nb.engine.video import Video
from veo_nb.errors import InvalidRequest, NotFound
from veo_nb.media.shape import frame_of
from veo_nb.notebook.clip.pieces import piece_of
from veo_nb.notebook.compare.protocol import (
    BoxShape,
    CastVote,
    Comparing,
    Outcome,
    ShownClip,
    ShownPair,
    Turn,
)
from veo_nb.notebook.display import poster
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import Posters, VideoPiece
from veo_nb.records.late import dataclass

STILL_WIDTH = 640
REMEMBERED = 200
"""Pairs of which it is known that their vote has come."""


@dataclass(frozen=True)
class _Shown:
    """A pair as a voter came to it."""

    id: str
    pair: Pair
    given: int


class Turns:
    """One comparison as its pages see it; anything may be asked from any thread."""

    def __init__(self, comparison: Comparison, place: Place) -> None:
        self.comparison = comparison
        self._place = place
        self._shown: dict[str, _Shown] = {}
        """By voter."""
        self._voted: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.RLock()

    def comparing(self, token: str = "", again: str = "") -> Comparing:
        """What is compared: `token` marks the words that are saved of it, `again` says how to go on elsewhere."""
        one = self.comparison
        return Comparing(
            id=one.id,
            question=one.question,
            voter=one.asked or "",
            usual=one.voter if one.named else "",
            frame=box_of((clip.width, clip.height) for clip in one.clips),
            token=token,
            again=again or f"Run this cell again to go on, or %veo compare {one.id} in another.",
        )

    def turn(self, voter: str) -> Turn:
        """What this voter sees now.

        Raises:
            InvalidRequest: it is no name.
        """
        who = read_name(voter)
        with self._lock:
            pair = self.comparison.pair_for(who)
            given = self.comparison.progress(who).given
            shown = None if pair is None else self._showing(who, pair, given)
            return Turn(
                pair=None if shown is None else self._pair(shown),
                given=given,
                progress=self._progress(who),
                ended="" if shown is not None else self.comparison.reason_for(who),
                over=shown is None and self.comparison.done_for(who),
            )

    def vote(self, cast: CastVote) -> Turn:
        """Keep what a voter says of a pair, and give the next one.

        Raises:
            InvalidRequest: it is not this voter's pair any more.
            VeoError: it can't be written down; the pair stays.
        """
        who = read_name(cast.voter)
        with self._lock:
            if cast.pair in self._voted:
                return self.turn(who)
            shown = self._shown.get(who)
            if shown is None or shown.id != cast.pair:
                raise InvalidRequest(
                    "This pair is not the one that was shown last.", hint="Look at the next one."
                )
            self.comparison.vote(cast.choice, who, cast.seconds, pair=shown.pair)
            self._voted[cast.pair] = None
            while len(self._voted) > REMEMBERED:
                self._voted.popitem(last=False)
            return self.turn(who)

    def undo(self, voter: str) -> Turn:
        """Take back this voter's last vote; its pair is the next one.

        Raises:
            VeoError: it can't be written down.
        """
        who = read_name(voter)
        with self._lock:
            self.comparison.undo(who)
            return self.turn(who)

    def outcome(self) -> Outcome:
        """What the votes come to.

        Raises:
            InvalidRequest: the extra is not installed, or there are no votes.
        """
        return Outcome(html=self.comparison.ranking()._repr_html_())

    def posters(self, keys: list[str]) -> Posters:
        """The stills of some clips; none of one that is gone."""
        found = {}
        for key in keys:
            with contextlib.suppress(NotFound):
                found[key] = poster(self._clip(key).path, STILL_WIDTH)
        return Posters(posters=found)

    def video(self, key: str, offset: int) -> tuple[VideoPiece, list[bytes]]:
        """A piece of a clip's file.

        Raises:
            NotFound: it is not there any more.
        """
        return piece_of(self._clip(key).path, offset)

    # Inside

    def _showing(self, who: str, pair: Pair, given: int) -> _Shown:
        """This pair as the voter sees it: it keeps its id until they have voted, wherever."""
        shown = self._shown.get(who)
        if shown is None or (shown.pair, shown.given) != (pair, given):
            shown = self._shown[who] = _Shown(secrets.token_hex(6), pair, given)
        return shown

    def _pair(self, shown: _Shown) -> ShownPair:
        pair = shown.pair
        return ShownPair(id=shown.id, left=self._shown_clip(pair.left), right=self._shown_clip(pair.right))

    def _shown_clip(self, video: Video) -> ShownClip:
        return ShownClip(
            key=key_of(video),
            url=self._place.url(video.path),
            here=video.path.exists(),
            sound=video.has_audio,
        )

    def _clip(self, key: str) -> Video:
        """A clip of a pair that is shown: no page is given another."""
        with self._lock:
            pairs = [shown.pair for shown in self._shown.values()]
        for video in (video for pair in pairs for video in (pair.left, pair.right)):
            if key_of(video) == key:
                return video
        # Never its name: what a refusal says is read.
        raise NotFound("This clip is not shown any more.", hint="")

    def _progress(self, who: str) -> str:
        """How far this voter is, and how many votes there are in all where others vote as well."""
        said = str(self.comparison.progress(who))
        votes = [vote for vote in self.comparison.votes() if vote.undone_at is None and not vote.judge]
        people = len({vote.voter for vote in votes} | {who})
        return f"{said} · {len(votes)} in all by {people} people" if people > 1 else said


def box_of(sizes: Iterable[tuple[int, int]]) -> BoxShape:
    """The box in which clips of all these sizes are shown: square where some are wide and some upright."""
    shapes = {frame_of(f"{width}:{height}") for width, height in sizes}
    return "1:1" if len(shapes) > 1 else shapes.pop() if shapes else "16:9"
