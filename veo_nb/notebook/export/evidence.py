"""What the votes on a sweep came to, as it stands in what is given away: a section for each question that was asked."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from veo_nb.decisions.comparison import Comparison
from veo_nb.decisions.outcome.table import html
from veo_nb.errors import VeoError
from veo_nb.notebook.export.redaction import Discretion
from veo_nb.notebook.export.sections import Block, Drawn, Points, Section, Sentences
from veo_nb.notebook.text import counted


def evidence_of(comparisons: Iterable[Comparison], discretion: Discretion) -> list[Section]:
    """A section for each comparison that has votes: what was asked, what came of it, and whether judges agree."""
    return [
        _section(one, discretion)
        for one in comparisons
        if any(vote.undone_at is None for vote in one.votes())
    ]


def _section(comparison: Comparison, discretion: Discretion) -> Section:
    blocks: list[Block] = [Sentences(f"{_asked(comparison)}.")]
    if comparison.ballots():
        try:
            ranking = comparison.ranking()
        except VeoError as error:
            # The extra is missing, or all was skipped: what there is else is said all the same.
            blocks.append(Sentences(discretion.words(str(error))))
            blocks += _agreements(comparison, discretion)
        else:
            page, text = str(html(ranking)), ranking.to_markdown()
            drawn = Markup(discretion.words(page))  # noqa: S704  escaped where it is made, and words only go
            blocks.append(Drawn(drawn, discretion.words(text)))
    else:
        blocks += _agreements(comparison, discretion)
    return Section(discretion.words(comparison.question), blocks)


def _agreements(comparison: Comparison, discretion: Discretion) -> list[Block]:
    """How far judges agree with people, where no ranking says it; nothing where no judge was asked."""
    said = [discretion.words(str(one)) for one in comparison.agreements()]
    return [Points(said)] if said else []


def _asked(comparison: Comparison) -> str:
    """`Compared by prompt, two clips at a time and without their names: 24 votes of 2 people`."""
    votes = comparison.ballots()
    people = {ballot.voter for ballot in votes}
    what = f"Compared by {comparison.by.replace('_', ' ')}" if comparison.by else "Compared"
    who = "1 person" if len(people) == 1 else f"{len(people)} people"
    said = f"{counted(len(votes), 'vote')} of {who}" if votes else "no votes of people yet"
    return f"{what}, two clips at a time and without their names: {said}"
