"""Which two clips come next, on which sides: what tells most, that this voter has seen least. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from random import Random

from veo_nb.decisions.ballots import Ballot
from veo_nb.decisions.contenders import Contender, pairs_of
from veo_nb.store.evidence.votes import Sides, VoteRow

Values = tuple[str, str]
Two = tuple[Contender, Contender]


def open_pairs(contenders: Sequence[Contender], own: Sequence[VoteRow], *, again: bool) -> list[Two]:
    """The pairs of clips that a voter may see next, after these votes of theirs: those that they saw least often.

    Without `again` only those that they never saw. The one they answered last is among them only where there is no
    other, and never after it was skipped.
    """
    every = pairs_of(contenders)
    seen = Counter(frozenset((vote.left, vote.right)) for vote in own)
    least = min((seen[_both(two)] for two in every), default=0)
    if least and not again:
        return []
    found = [two for two in every if seen[_both(two)] == least]
    last = own[-1] if own else None
    if last is None:
        return found
    others = [two for two in found if _both(two) != {last.left, last.right}]
    if others or last.choice == "skip":
        return others
    return found


def draw(
    pairs: Sequence[Two],
    own: Sequence[VoteRow],
    mine: Sequence[Ballot],
    choose: Callable[[Sequence[Values]], Values],
    random: Random,
) -> Sides:
    """One of these pairs, on its sides, for a voter with these votes, which `mine` has as ballots.

    `choose` says which two values it is about. Of their clips it is the two in whose setting this voter has voted least.
    Which is on the left is left to chance, but none of the two values is on one side more often than the other.
    """
    among: dict[Values, list[Two]] = {}
    for two in pairs:
        one, other = sorted(two, key=lambda contender: contender.value)
        among.setdefault((one.value, other.value), []).append((one, other))
    first, second = choose([*among])
    fitting = among[(first, second) if (first, second) in among else (second, first)]
    settings = _settings(own, (contender for two in pairs for contender in two))
    least = min(settings[two[0].shared] for two in fitting)
    one, other = random.choice([two for two in fitting if settings[two[0].shared] == least])
    if _leans(mine, one.value, other.value, random) > 0:
        one, other = other, one
    return Sides(one.key, other.key)


def _both(two: Two) -> frozenset[str]:
    return frozenset(one.key for one in two)


def _settings(own: Sequence[VoteRow], contenders: Iterable[Contender]) -> Counter[Hashable]:
    """How often a voter has voted in each setting: what the two clips of a pair share."""
    shared = {one.key: one.shared for one in contenders}
    return Counter(shared[vote.left] for vote in own if vote.left in shared)


def _leans(mine: Sequence[Ballot], one: str, other: str, random: Random) -> float:
    """Above 0 where `one` was on the left too often, against `other` or else in all; by chance where it was not."""
    against = sum(
        (ballot.left == one) - (ballot.right == one)
        for ballot in mine
        if {ballot.left, ballot.right} == {one, other}
    )
    in_all = sum(
        sign * ((ballot.left == value) - (ballot.right == value))
        for ballot in mine
        for value, sign in ((one, 1), (other, -1))
    )
    return against or in_all or random.choice((1, -1))
