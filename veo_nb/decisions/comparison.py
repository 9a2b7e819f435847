"""A blind comparison: two clips at a time are put before voters, and what they say is kept.

The ledger has all of it, so a comparison is left and gone on with in any kernel, and several people vote on one library
at once. An object of it is a face that remembers nothing but the pairs that it has shown.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

from veo_nb import catalog
from veo_nb.decisions import judges
from veo_nb.decisions.agreement import Agreement, agreements
from veo_nb.decisions.ballots import CHOICES, Ballot, Choice, ballots_of
from veo_nb.decisions.contenders import Contender, Contest, key_of
from veo_nb.decisions.draw import Two, draw, open_pairs
from veo_nb.decisions.voters import Voters, read_name
from veo_nb.engine.video import Video
from veo_nb.engine.workspace import Workspace
from veo_nb.errors import InvalidRequest, VeoError
from veo_nb.notices import tell
from veo_nb.records.late import dataclass
from veo_nb.store.changes import Change
from veo_nb.store.evidence.votes import ComparisonRow, Sides, VoteLedger, VoteRow

if TYPE_CHECKING:
    from veo_nb.decisions.ranking import Ranking

HOW = 'c.pair has the two clips, c.vote("left" | "right" | "tie" | "skip") says which is better.'


@dataclass(frozen=True)
class Pair:
    """Two clips side by side."""

    left: Video
    right: Video

    @property
    def keys(self) -> tuple[str, str]:
        """Their keys, from left to right: `3f2a/0`."""
        return key_of(self.left), key_of(self.right)


@dataclass(frozen=True, kw_only=True)
class Vote:
    """What somebody said of two clips. Times are seconds since the epoch."""

    id: str
    left: str
    """The clip on the left, by its key: `3f2a/0`."""
    right: str
    choice: Choice
    voter: str
    judge: bool
    """Whether a program was asked, in place of a person."""
    voted_at: float
    seconds: float | None
    """How long it took; None where nobody knows."""
    undone_at: float | None
    """When it was taken back; None for one that counts."""


@dataclass(frozen=True)
class Progress:
    """How far a voter is: votes `given` (a skip is one), and `of` how many; None where it ends when enough is known."""

    given: int
    of: int | None

    def __str__(self) -> str:
        votes = "vote" if (self.of or self.given) == 1 else "votes"
        return f"{self.given} of {self.of} {votes}" if self.of is not None else f"{self.given} {votes}"


class Views(Protocol):
    """What shows a comparison: the studio was given it, since a comparison knows nothing of pages."""

    def compare(self, comparison: Comparison) -> None:
        """Display it where the code runs; without a page say how to vote in Python."""


@dataclass(frozen=True)
class _Turn:
    """What a voter sees: a pair, or why there is none, and whether that is the end."""

    pair: Pair | None
    reason: str = ""
    done: bool = False


class Comparison:
    """The values of one axis of a sweep, or some clips, compared two at a time: `pair`, `vote(choice)`, `ballots()`.

    `by` is what is compared, empty where each clip stands for itself; `rounds` how many pairs each voter is asked for,
    None where it goes on until enough is known; `voter` who votes where nobody else is named. The same clips, `by` and
    question are the same comparison in every kernel, with the same `id` and the same votes.
    """

    def __init__(
        self,
        row: ComparisonRow,
        contest: Contest,
        *,
        workspace: Workspace,
        book: VoteLedger,
        voters: Voters,
        views: Views | None,
        voter: str | None,
        random: Random | None,
    ) -> None:
        self.id = row.id
        self.by = row.by
        self.question = row.question
        self._row = row
        self._contest = contest
        self._workspace = workspace
        self._book = book
        self._voters = voters
        self._views = views
        self._voter = voter
        self._random = random or Random()  # noqa: S311  it decides which clips come next
        self._shown: dict[str, Sides] = {}
        """The pair that each voter saw here last and has not voted on."""
        self._lock = threading.RLock()
        self._read: tuple[int, list[VoteRow]] | None = None
        self._enough: tuple[object, bool] = ((), False)

    # What is compared

    @property
    def values(self) -> tuple[str, ...]:
        """What is compared, in order, whether it has a clip yet or not."""
        return self._contest.values

    @property
    def clips(self) -> tuple[Video, ...]:
        """The clips that are compared, as far as they are finished and were not deleted."""
        return tuple(one.video for one in self._contest.contenders())

    @property
    def sweep_id(self) -> str | None:
        """The sweep whose clips they are; None for a selection of clips."""
        return self._contest.sweep_id

    @property
    def rounds(self) -> int | None:
        """How many pairs each voter is asked for; None where it goes on until enough is known."""
        return self._row.rounds

    @property
    def voter(self) -> str:
        """Who votes where nobody is named: who was said to, else who voted last from here, else the login's name."""
        return self._voter or self._voters.name

    @property
    def asked(self) -> str | None:
        """Who was said to vote here: `voter=`; None where nobody was."""
        return self._voter

    @property
    def named(self) -> bool:
        """Whether anybody has ever said who votes from here: who has not can be asked once."""
        return self._voter is not None or self._voters.known

    # Voting

    @property
    def pair(self) -> Pair | None:
        """The two clips that the voter is to see; the same ones until they vote. None where there are none (`reason`)."""
        return self.pair_for()

    def pair_for(self, voter: str | None = None) -> Pair | None:
        """As `pair`, for this voter.

        Raises:
            InvalidRequest: it is no name.
        """
        return self._turn(self._name(voter)).pair

    @property
    def done(self) -> bool:
        """Whether nothing more is asked of the voter; `reason` says why."""
        return self.done_for()

    def done_for(self, voter: str | None = None) -> bool:
        """As `done`, for this voter."""
        return self._turn(self._name(voter)).done

    @property
    def reason(self) -> str:
        """Why there is no pair now, in a sentence; empty where there is one."""
        return self.reason_for()

    def reason_for(self, voter: str | None = None) -> str:
        """As `reason`, for this voter."""
        return self._turn(self._name(voter)).reason

    def progress(self, voter: str | None = None) -> Progress:
        """How far a voter is; `str` of it is a few words."""
        return Progress(len(self._own(self._name(voter))), self.rounds)

    def vote(
        self, choice: str, voter: str | None = None, seconds: float | None = None, *, pair: Pair | None = None
    ) -> Vote:
        """Say which of the two is better: "left", "right", "tie", or "skip" where nothing can be said. On disk at once.

        It is about the pair that this voter saw last, or the one that is given; `seconds` is how long they looked.
        A pair that was voted on in another window meanwhile is not voted on twice.

        Raises:
            InvalidRequest: it is none of the four, there is no pair, or nothing can be written here. The pair stays.
            VeoError: it can't be written. The pair stays.
        """
        said, who, seconds = _read_choice(choice), self._name(voter), _read_seconds(seconds)
        sides = Sides(*pair.keys) if pair is not None else self._shown.get(who)
        if sides is None:
            turn = self._turn(who)
            if turn.pair is None:
                raise InvalidRequest(f"There is no pair to vote on: {turn.reason}", hint="", field="vote")
            sides = Sides(*turn.pair.keys)
        made = self._cast(sides, said, who, seconds)
        self._shown.pop(who, None)
        if made is None:
            raise InvalidRequest(
                f"{who} has voted on this pair already.", hint="Look at the next one: c.pair.", field="vote"
            )
        if voter is not None or self._voter is not None:
            self._voters.remember(who)
        return made

    def undo(self, voter: str | None = None) -> Vote | None:
        """Take back the last vote of a voter; its pair is shown again. The vote, or None where there is none.

        Raises:
            VeoError: it can't be written.
        """
        who = self._name(voter)
        taken = self._book.take_back(self.id, who, self._workspace.clock())
        if taken is None:
            return None
        self._shown[who] = Sides(taken.left, taken.right)
        return _vote(taken)

    def ask(
        self, judge: judges.Judge, name: str | None = None, *, rounds: int | None = None
    ) -> tuple[Vote, ...]:
        """Have a program vote on every pair that it has not seen, or on so many; its votes, kept apart from people's.

        It is asked of two clips and the question, twice with the sides swapped, and abstains where it contradicts
        itself: that is kept as a skip. First come the pairs that people have voted on. `name` is its own unless given.

        Raises:
            InvalidRequest: it raised something or answered what is no verdict; the votes before are kept.
        """
        if not callable(judge):
            raise InvalidRequest(
                f"A judge is a function of two clips and the question, not {catalog.shown(judge)}.",
                hint='veo.judges.measures("sharpness") is one.',
                field="judge",
            )
        who, rounds = read_name(name if name is not None else judges.name_of(judge)), read_rounds(rounds)
        made: list[Vote] = []
        while rounds is None or len(made) < rounds:
            pair = self._pair_to_judge(who)
            if pair is None:
                break
            began = time.monotonic()
            said = judges.verdict(judge, pair.left, pair.right, self.question) or "skip"
            vote = self._cast(Sides(*pair.keys), said, who, time.monotonic() - began, judge=True)
            # None where it was asked about this pair elsewhere meanwhile.
            made += [vote] if vote is not None else []
        return tuple(made)

    # What came of it

    def votes(self) -> tuple[Vote, ...]:
        """All votes, oldest first: of people and of judges, those that were taken back among them."""
        return tuple(_vote(row) for row in self._votes())

    def ballots(self, *, judges: bool = False) -> list[Ballot]:
        """The votes of people that count, as values against values; with `judges` those of judges instead."""
        return [ballot for ballot in self._ballots(self._votes()) if ballot.judge is judges]

    def ranking(self) -> Ranking:
        """What the votes of people come to.

        Raises:
            InvalidRequest: there are no votes.
            VeoError: the extra `rank` is not installed.
        """
        from veo_nb.decisions.ranking import rank

        return rank(self.ballots(), self.values, agreements=self.agreements())

    def agreements(self) -> list[Agreement]:
        """How far each judge agrees with people, over the pairs of clips that both have judged; empty without a judge."""
        counted = [vote for vote in self.votes() if vote.undone_at is None]
        return agreements(
            # By clips, not by values: of ten votes on one pair the judge has seen one pair.
            Ballot(vote.left, vote.right, vote.choice, vote.voter, vote.judge)
            for vote in counted
        )

    def show(self) -> None:
        """Show it here, to be voted on; without a notebook say how to do so in Python."""
        if self._views is None:
            tell(f"{self!r}. {HOW}")
        else:
            self._views.compare(self)

    def on_change(self, listener: Callable[[Comparison], object]) -> Callable[[], None]:
        """Have `listener(comparison)` called when somebody has voted, here or in another kernel, and when clips come or go.

        Call what is returned to end it. It comes on any thread, as the library's changes do (`Library.on_change`).
        """

        def hear(change: Change) -> None:
            mine = change.id in ("", self.id) if change.what == "evidence" else change.what == "everything"
            deleted = change.what == "clip" and any(
                key.startswith(f"{change.id}/") for key in self._row.clips
            )
            if mine or deleted:
                listener(self)

        ends = [self._workspace.listen(hear), self._contest.listen(lambda: listener(self))]

        def end() -> None:
            for one in ends:
                one()

        return end

    def __repr__(self) -> str:
        what = f"{len(self.values)} values of {self.by}" if self.by else f"{len(self.values)} clips"
        return f"<Comparison {self.id}: {what} · {len(self.ballots())} votes>"

    # Inside

    def _turn(self, who: str) -> _Turn:
        """What a voter sees; a pair that is new to them is remembered as theirs."""
        contenders = self._join()
        by_key = {one.key: one for one in contenders}
        votes = self._votes()
        own = _own(votes, who)
        with self._lock:
            ballots = [ballot for ballot in self._ballots(votes) if not ballot.judge]
            if end := self._end(own, ballots):
                return _Turn(None, end, done=True)
            shown = self._book.shown(self.id, who) or self._unwritten(own, who)
            if shown is None or not _fit(shown, by_key):
                pairs = open_pairs(contenders, own, again=self.rounds is not None)
                if not pairs:
                    return self._without_pair(own)
                shown = self._draw(pairs, own, ballots)
                # Where it can't be written it is known here at least.
                with suppress(VeoError):
                    self._book.show(self.id, who, shown)
            self._shown[who] = shown
            return _Turn(Pair(by_key[shown.left].video, by_key[shown.right].video))

    def _unwritten(self, own: Sequence[VoteRow], who: str) -> Sides | None:
        """The pair that a voter saw here and has not voted on anywhere, where it could not be written down."""
        shown = self._shown.get(who)
        return None if shown and any({vote.left, vote.right} == {*shown} for vote in own) else shown

    def _end(self, own: Sequence[VoteRow], ballots: Sequence[Ballot]) -> str:
        """Why nothing more is asked of a voter, whatever there is to see; empty where something may be."""
        if self.rounds is not None:
            return f"You have voted {self.rounds} times, as was asked." if len(own) >= self.rounds else ""
        from veo_nb.decisions.pairs import enough

        asked = (self.values, tuple(ballots))
        if self._enough[0] != asked:
            self._enough = asked, enough(self.values, ballots)
        return "Enough is known: more votes would hardly change the answer." if self._enough[1] else ""

    def _draw(self, pairs: Sequence[Two], own: Sequence[VoteRow], ballots: Sequence[Ballot]) -> Sides:
        from veo_nb.decisions.pairs import choose_pair

        def choose(among: Sequence[tuple[str, str]]) -> tuple[str, str]:
            return choose_pair(self.values, ballots, among, self._random)

        return draw(pairs, own, self._ballots(own), choose, self._random)

    def _without_pair(self, own: Sequence[VoteRow]) -> _Turn:
        if waiting := len(self._contest.unfinished()):
            return _Turn(
                None, f"{waiting} of the clips are still being made: a pair comes when they are done."
            )
        if own:
            return _Turn(None, "You have seen every pair.", done=True)
        return _Turn(None, "No two of the clips that are to be compared are there.", done=True)

    def _pair_to_judge(self, who: str) -> Pair | None:
        """The next pair that a judge has not seen: before others those that people voted on."""
        contenders = self._join()
        votes = self._votes()
        own = _own(votes, who, judge=True)
        pairs = open_pairs(contenders, own, again=False)
        counted = [vote for vote in votes if vote.undone_at is None and not vote.judge]
        known = {frozenset((vote.left, vote.right)) for vote in counted}
        pairs = [two for two in pairs if {one.key for one in two} in known] or pairs
        if not pairs:
            return None
        ballots = [ballot for ballot in self._ballots(own) if ballot.judge]
        sides = self._draw(pairs, own, ballots)
        by_key = {one.key: one.video for one in contenders}
        return Pair(by_key[sides.left], by_key[sides.right])

    def _cast(
        self, sides: Sides, choice: Choice, who: str, seconds: float | None, *, judge: bool = False
    ) -> Vote | None:
        """A vote, written down; None where this voter has voted on the same two clips meanwhile."""
        if any(key not in self._row.clips for key in sides):
            # What they stand for has to be known before they are voted on.
            self._row = self._book.put(self._row_with(self._contest.contenders()))
        row = VoteRow(
            id=secrets.token_hex(8),
            comparison_id=self.id,
            left=sides.left,
            right=sides.right,
            choice=choice,
            voter=who,
            judge=judge,
            voted_at=self._workspace.clock(),
            seconds=seconds,
        )
        return _vote(row) if self._book.cast(row) else None

    def _join(self) -> list[Contender]:
        """The clips that are there now; what those stand for that have come since is written down."""
        contenders = self._contest.contenders()
        self._row = self._book.comparison(self.id) or self._row
        row = self._row_with(contenders)
        if row != self._row:
            # Where it can't be written now, it is before a vote.
            with suppress(VeoError):
                self._row = self._book.put(row)
        return contenders

    def _row_with(self, contenders: Sequence[Contender]) -> ComparisonRow:
        clips = {**self._row.clips, **{one.key: one.value for one in contenders}}
        return replace(self._row, clips=clips, sweep_id=self.sweep_id)

    def _votes(self) -> list[VoteRow]:
        """All votes; read anew when somebody has voted."""
        stamp = self._book.stamp()
        if self._read is None or self._read[0] != stamp:
            self._read = stamp, self._book.votes(self.id)
        return self._read[1]

    def _ballots(self, votes: Sequence[VoteRow]) -> list[Ballot]:
        """The votes that count, on values that are still compared."""
        self._row = self._book.comparison(self.id) or self._row
        values = {*self.values}
        return ballots_of(votes, {key: one for key, one in self._row.clips.items() if one in values})

    def _own(self, who: str) -> list[VoteRow]:
        return _own(self._votes(), who)

    def _name(self, voter: str | None) -> str:
        return self.voter if voter is None else read_name(voter)


def read_rounds(given: Any) -> int | None:
    """How many pairs are asked for; None where nobody says.

    Raises:
        InvalidRequest: it is no whole number above 0.
    """
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        raise InvalidRequest(
            f"rounds can't be {catalog.shown(given)}.",
            hint="It is how many pairs each voter is shown, such as 20.",
            field="rounds",
        )
    return given


def _read_choice(given: Any) -> Choice:
    said = given.strip().lower() if isinstance(given, str) else ""
    for choice in CHOICES:
        if said == choice:
            return choice
    hint = f"Say {catalog.listed(CHOICES)}."
    raise InvalidRequest(f"A vote can't be {catalog.shown(given)}.", hint=hint, field="vote")


def _read_seconds(given: Any) -> float | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not 0 <= given < float("inf"):
        hint = "It is how long the two clips were looked at."
        raise InvalidRequest(f"seconds can't be {catalog.shown(given)}.", hint=hint, field="seconds")
    return float(given)


def _own(votes: Sequence[VoteRow], who: str, *, judge: bool = False) -> list[VoteRow]:
    """The votes of one voter that count."""
    return [vote for vote in votes if vote.undone_at is None and vote.voter == who and vote.judge is judge]


def _fit(sides: Sides, contenders: dict[str, Contender]) -> bool:
    """Whether two clips are there and still may be put side by side."""
    one, other = (contenders.get(key) for key in sides)
    return one is not None and other is not None and one.shared == other.shared and one.value != other.value


def _vote(row: VoteRow) -> Vote:
    return Vote(**{name: value for name, value in vars(row).items() if name != "comparison_id"})
