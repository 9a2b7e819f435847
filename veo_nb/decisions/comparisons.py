"""The comparisons of a library: begun, found again, and their votes as values against values."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from random import Random
from typing import Any

from veo_nb import catalog
from veo_nb.decisions.agreement import Agreement
from veo_nb.decisions.ballots import Ballot
from veo_nb.decisions.comparison import Comparison, Views, read_rounds
from veo_nb.decisions.contenders import Contest, OfClips, OfSweep, check_values, pairs_of, read_clips
from veo_nb.decisions.voters import Voters, read_name
from veo_nb.engine.jobs import Jobs
from veo_nb.errors import InvalidRequest, NotFound, VeoError
from veo_nb.library import Library
from veo_nb.store.evidence.votes import ComparisonRow, VoteLedger
from veo_nb.sweep.axes import axis_name
from veo_nb.sweep.sweep import Sweep, is_sweep_id
from veo_nb.sweep.sweeps import Sweeps

QUESTION = "Which is better?"
LONGEST_QUESTION = 500


class Comparisons:
    """Comparisons of clips two at a time: `open(sweep, by="prompt")`, `get(id)`, `all()`."""

    def __init__(self, jobs: Jobs, sweeps: Sweeps, library: Library, views: Views | None) -> None:
        self._jobs = jobs
        self._workspace = jobs.workspace
        self._sweeps = sweeps
        self._library = library
        self._views = views
        self._book = VoteLedger(jobs.workspace.ledger)
        self._voters = Voters(self._book)

    def open(
        self,
        what: Sweep | str | Iterable[Any],
        by: str | None = None,
        question: str | None = None,
        *,
        rounds: int | None = None,
        voter: str | None = None,
        random: Random | None = None,
    ) -> Comparison:
        """The comparison of these clips, which is the one that there was if they were compared by this before.

        `what` is a sweep or its id, of which the values of the axis `by` are compared, or some clips: jobs, videos or
        keys, each for itself, or `by` a field of their requests. The id of a comparison is enough for it. `rounds` is how many
        pairs each voter is shown; without it what was said before, else it goes on until enough is known. Without a question
        that of the sweep is asked. `random` decides where chance does.

        Raises:
            InvalidRequest: there is nothing to compare.
            NotFound: there is no such sweep or clip.
        """
        rounds, name = read_rounds(rounds), None if voter is None else read_name(voter)
        known = self._stored(what.strip().lower()) if isinstance(what, str) else None
        if known is not None:
            contest, by = self._restored(known), known.by
        else:
            contest, by = self._contest(what, by)
        if question is None and known is not None:
            question = known.question
        elif question is None and contest.sweep_id is not None:
            # What a sweep was made to find out is what is asked of its clips.
            question = self._sweeps.get(contest.sweep_id).question or None
        asked = read_question(question)
        check_values(contest, by)
        row = ComparisonRow(
            id=_id_of(contest.identity, by, asked),
            sweep_id=contest.sweep_id,
            by=by,
            question=asked,
            clips={},
            rounds=rounds,
            created_at=self._workspace.clock(),
        )
        stored = self._stored(row.id)
        if stored is None and not contest.unfinished() and not pairs_of(contest.contenders()):
            raise _without_pairs(contest, by)
        if stored is not None and rounds not in (None, stored.rounds):
            self._book.ask_for(row.id, rounds)
            stored = replace(stored, rounds=rounds)
        return self._made(stored or row, contest, name, random)

    def get(self, comparison_id: str, *, voter: str | None = None) -> Comparison:
        """The comparison with this id.

        Raises:
            NotFound: there is none, or its sweep is gone.
        """
        wanted, name = comparison_id.strip().lower(), None if voter is None else read_name(voter)
        row = self._book.comparison(wanted) if self._workspace.existing() else None
        if row is None:
            ids = [one.id for one in self._rows()]
            hint = catalog.did_you_mean(wanted, ids) if ids else "Nothing has been compared here yet."
            raise NotFound(f"There is no comparison {comparison_id!r} in this library.", hint=hint)
        return self._made(row, self._restored(row), name, None)

    def all(self, sweep: Sweep | None = None) -> list[Comparison]:
        """Those of a sweep, or all; newest first, without those whose sweep is gone."""
        found = []
        for row in self._rows(sweep.id if sweep is not None else None):
            try:
                found.append(self._made(row, self._restored(row), None, None))
            except VeoError:
                continue
        return found

    def values_of(self, what: Sweep | str | Iterable[Any], by: str | None = None) -> tuple[str, ...]:
        """The values that would be compared.

        Raises:
            InvalidRequest: there is nothing to compare.
        """
        contest, by = self._contest(what, by)
        check_values(contest, by)
        return contest.values

    def ballots_of(
        self, what: Sweep | str | Iterable[Any], by: str | None = None, question: str | None = None
    ) -> tuple[tuple[str, ...], list[Ballot]]:
        """The values that are compared, and the votes of people on them; without a question the one that was asked.

        Raises:
            InvalidRequest: there is nothing to compare, or several questions were asked.
        """
        contest, found = self._voted(what, by, question)
        return contest.values, found.ballots() if found is not None else []

    def agreements_of(
        self, what: Sweep | str | Iterable[Any], by: str | None = None, question: str | None = None
    ) -> list[Agreement]:
        """How far judges agree with the people who gave these votes; what is given and raised is as in `ballots_of`."""
        _, found = self._voted(what, by, question)
        return found.agreements() if found is not None else []

    # Inside

    def _voted(self, what: Any, by: str | None, question: str | None) -> tuple[Contest, Comparison | None]:
        """What is compared, and the one comparison of it that has votes; None where none has."""
        contest, by = self._contest(what, by)
        check_values(contest, by)
        asked = self._about(contest.identity, by)
        if question is not None:
            asked = [row for row in asked if row.question == read_question(question)]
        asked = [row for row in asked if any(vote.undone_at is None for vote in self._book.votes(row.id))]
        if len(asked) > 1:
            questions = " ".join(catalog.shown(row.question) for row in asked)
            raise InvalidRequest(
                f"{len(asked)} questions were asked about this.",
                hint=f"Say which with question=…: {questions}",
                field="question",
            )
        return contest, self._made(asked[0], contest, None, None) if asked else None

    def _contest(self, what: Any, by: str | None) -> tuple[Contest, str]:
        """What is compared, and by what."""
        if isinstance(what, str) and is_sweep_id(what):
            what = self._sweeps.get(what)
        if isinstance(what, Sweep):
            by = _axis_of(what, by)
            return OfSweep(what, by), by
        if isinstance(what, str) or not isinstance(what, Iterable):
            raise InvalidRequest(
                f"{catalog.shown(what)} can't be compared.",
                hint="Give a sweep, its id, that of a comparison, or several clips: veo.compare([job, other]).",
                field="clips",
            )
        keys, by = read_clips(what), "" if by is None else axis_name(by, ())
        return self._of_clips(keys, by), by

    def _of_clips(self, keys: Iterable[str], by: str) -> OfClips:
        contest = OfClips(self._library, self._jobs, keys, by)
        for row in self._about(contest.identity, by):
            contest.remember(row.clips)
        contest.check()
        return contest

    def _about(self, identity: str, by: str) -> list[ComparisonRow]:
        """The comparisons of these clips by this, whatever the question; newest first."""
        return [row for row in self._rows() if row.by == by and row.id == _id_of(identity, by, row.question)]

    def _rows(self, sweep_id: str | None = None) -> list[ComparisonRow]:
        return self._book.comparisons(sweep_id) if self._workspace.existing() else []

    def _stored(self, comparison_id: str) -> ComparisonRow | None:
        return self._book.comparison(comparison_id) if self._workspace.existing() else None

    def _restored(self, row: ComparisonRow) -> Contest:
        """What a comparison is about that was begun before."""
        if row.sweep_id is None:
            return self._of_clips(row.clips, row.by)
        sweep = self._sweeps.get(row.sweep_id)
        return OfSweep(sweep, sweep.axis(row.by).name)

    def _made(
        self, row: ComparisonRow, contest: Contest, voter: str | None, random: Random | None
    ) -> Comparison:
        return Comparison(
            row,
            contest,
            workspace=self._workspace,
            book=self._book,
            voters=self._voters,
            views=self._views,
            voter=voter,
            random=random,
        )


def read_question(given: Any) -> str:
    """The question in one line; without one the usual.

    Raises:
        InvalidRequest: it is no text that could be read.
    """
    if given is None:
        return QUESTION
    catalog.check_text("question", given, be="kept")
    question = unicodedata.normalize("NFC", " ".join(given.split())) if isinstance(given, str) else ""
    if not question:
        raise InvalidRequest(
            f"{catalog.shown(given)} is no question.", hint=f'Such as question="{QUESTION}"', field="question"
        )
    if len(question) > LONGEST_QUESTION:
        raise InvalidRequest(
            f"A question has {LONGEST_QUESTION} letters at most; this one has {len(question)}.",
            hint="Ask in a sentence.",
            field="question",
        )
    return question


def _axis_of(sweep: Sweep, by: str | None) -> str:
    """The axis whose values are compared: the one that is meant, or the only one that has several."""
    if by is not None:
        typed = catalog.bare(str(by))
        option = catalog.plain(typed).lstrip("-").replace("-", "_")
        return sweep.axis(option if option in {axis.name for axis in sweep.axes} else typed).name
    several = [axis.name for axis in sweep.axes if len(axis.values) > 1] or [sweep.axes[0].name]
    if len(several) > 1:
        raise InvalidRequest(
            f"Sweep {sweep.id} has {len(several)} axes.",
            hint=f"Say which to compare: by={catalog.listed(tuple(several))}.",
            field="by",
        )
    return several[0]


def _id_of(identity: str, by: str, question: str) -> str:
    """The id of a comparison: the same in every kernel that begins it, at once or later."""
    return f"c{hashlib.sha256(json.dumps([identity, by, question]).encode()).hexdigest()[:9]}"


def _without_pairs(contest: Contest, by: str) -> InvalidRequest:
    """The error where no two clips can be put side by side, and none is being made."""
    there = contest.contenders()
    if len({one.value for one in there}) < 2:
        finished = f"only {catalog.shown(there[0].value)}" if there else "none"
        text = f"There are no two clips to compare: of {contest.name} {finished} is finished and here."
        return InvalidRequest(text, hint="Make more, or bring deleted ones back.", field="clips")
    text = f"No two finished clips of {contest.name} differ in {by} alone."
    return InvalidRequest(text, hint="Compare clips that share the rest.", field="clips")
