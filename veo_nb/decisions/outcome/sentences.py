"""A ranking in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from veo_nb.decisions.outcome.figures import Chance, Figures

LONGEST = 48
"""Letters of a value in a sentence."""
_ALL_PAIRS, _MOST_LINES = 3, 10
_ONE_SIDED = 6
_ENDLESS = 1000


def sentences(ranking: Figures) -> tuple[str, ...]:
    """What is best, how sure that is, and what the strengths alone do not say."""
    names = short_names(ranking.values)
    voted = [one.value for one in ranking.strengths if one.votes]
    unseen = [one.value for one in ranking.strengths if not one.votes]
    if len(voted) <= _ALL_PAIRS:
        pairs = [(one, other) for at, one in enumerate(voted) for other in voted[at + 1 :]]
    else:
        pairs = list(pairwise(voted))
    lines = [_best(ranking, voted, names)] if len(voted) > 2 else []
    lines += [_pair(ranking, one, other, names) for one, other in pairs[:_MOST_LINES]]
    if len(pairs) > _MOST_LINES:
        lines.append(
            f"What holds of the {len(pairs) - _MOST_LINES} pairs further down ranking.chance(…) says."
        )
    if unseen:
        have = "has" if len(unseen) == 1 else "have"
        lines.append(
            f"{_listed([names[one] for one in unseen])} {have} no votes yet: nothing is known there."
        )
    return tuple(
        line for line in (*lines, _apart(ranking, names), *_doubts(ranking, names), *_counts(ranking)) if line
    )


def short_names(values: Sequence[str]) -> dict[str, str]:
    """Each value as a sentence has it: in one line, a long one cut where it still differs from all others."""
    named: dict[str, str] = {}
    for value in values:
        name = value if len(value) <= LONGEST else f"{value[: LONGEST - 1].rstrip()}…"
        if any(name == other for other in named.values()):
            # Two prompts that begin alike: show where they part.
            twin = next(one for one, other in named.items() if other == name)
            at = next(
                (at for at, (one, other) in enumerate(zip(value, twin, strict=False)) if one != other),
                min(len(value), len(twin)),
            )
            name = f"{value[:12].rstrip()}…{value[max(12, at - 6) : at + 24].strip()}…"
            named[twin] = f"{twin[:12].rstrip()}…{twin[max(12, at - 6) : at + 24].strip()}…"
        if any(name == other for other in named.values()):
            name = f"{name} ({len(named) + 1})"
        named[value] = name
    return named


def of_hundred(chance: float) -> int:
    """A chance as so many of a hundred; neither none nor all, since nothing is that sure."""
    return min(99, max(1, round(100 * chance)))


def between(low: float, high: float) -> str:
    """An interval as `60 to 80`."""
    return f"{of_hundred(low)} to {of_hundred(high)}"


def counted(number: int, what: str) -> str:
    """`1 vote`, `38 votes`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _best(ranking: Figures, voted: Sequence[str], names: dict[str, str]) -> str:
    worse = {other for _, other in ranking.decided}
    first = [one for one in voted if one not in worse]
    beaten = {other for one, other in ranking.decided if one == voted[0]}
    if first == [voted[0]] and beaten >= set(voted[1:]):
        return f"{names[voted[0]]} is best: it beats each of the other {len(voted) - 1}."
    if len(first) == len(voted):
        return "Which is best is not decided: it may be any of them."
    if len(first) > 3:
        return f"Which is best is not decided: it may be any of {len(first)}."
    if len(first) == 1:
        return f"{names[first[0]]} seems best, but it is not sure against all of the others."
    return f"Which is best is not decided: {_listed([names[one] for one in first], 'or')}."


def _pair(ranking: Figures, one: str, other: str, names: dict[str, str]) -> str:
    chance = ranking.chance(one, other)
    if (other, one) in ranking.decided or ((one, other) not in ranking.decided and chance.value < 0.5):
        one, other = other, one
        chance = ranking.chance(one, other)
    facts = f"{of_hundred(chance.value)} of 100 ({between(chance.low, chance.high)}), {_votes(chance)}"
    a, b = names[one], names[other]
    if (one, other) in ranking.decided:
        return f"{a} beats {b} in {facts}."
    more = ranking.more(one, other)
    if more is None:
        return f"{a} and {b} hardly differ: {facts}."
    about = more if more < 30 else round(more, -1)
    would = f"about {counted(about, 'more vote')} would tell"
    if more > _ENDLESS:
        would = f"it would take more than {_ENDLESS:,} more votes to tell"
    if chance.low > 0.5:
        # Its own interval is on one side of the half, and yet one in twenty such intervals would be by chance.
        return f"{a} seems to beat {b}: {facts}, which is not sure beside all the other pairs; {would}."
    return f"{a} and {b}: not decided, {facts}; {would}."


def _votes(chance: Chance) -> str:
    return counted(chance.votes, "vote") if chance.votes else "by their votes against others alone"


def _apart(ranking: Figures, names: dict[str, str]) -> str:
    """Groups of values between which nobody ever voted."""
    groups = ranking.groups
    if len(groups) < 2:
        return ""
    first, second = ([names[value] for value in group] for group in groups[:2])
    return (
        f"{_listed(first)} {'was' if len(first) == 1 else 'were'} never compared with {_listed(second)}, not by way of others either: "
        "how they stand to each other is a guess."
    )


def _doubts(ranking: Figures, names: dict[str, str]) -> list[str]:
    lines = []
    left, right = ranking.sides
    if (side := ranking.side) is not None:
        lines.append(
            f"The {side.name} clip is preferred whatever it shows: of two equals in {of_hundred(side.chance)} of 100. "
            "The chances here are without that."
        )
    elif min(left, right) == 0 and left + right >= _ONE_SIDED:
        lines.append(
            f"Each of the {left + right} preferences is for the {'left' if left else 'right'} one. Where sides were shuffled, "
            "voters looked at the side and not at the clip; where the winner was always written there, all is well."
        )
    if (dissent := ranking.dissent) is not None:
        who = f"“{dissent.voter}”" if dissent.voter else "who gave no name"
        lines.append(
            f"Voters disagree with each other by more than chance: {who} is furthest from the others, and thinks more of "
            f"{names[dissent.value]} than they do."
        )
    if (circle := ranking.circle) is not None:
        a, b, c = (names[value] for value in circle.values)
        lines.append(
            f"Preferences go in a circle: {a} beats {b}, {b} beats {c}, and {c} beats {a}. No order says that: look at each pair."
        )
    return lines


def _counts(ranking: Figures) -> list[str]:
    lines = []
    if ranking.ties:
        lines.append(
            f"{ranking.ties:,} of {counted(ranking.votes, 'vote')} {'is a tie' if ranking.ties == 1 else 'are ties'}."
        )
    if ranking.skipped:
        lines.append(
            f"{counted(ranking.skipped, 'more vote')} {'was' if ranking.skipped == 1 else 'were'} skipped."
        )
    if ranking.by_judges:
        lines.append(
            f"{counted(ranking.by_judges, 'vote')} of judges {'is' if ranking.by_judges == 1 else 'are'} not counted here."
        )
    lines += [str(one) for one in ranking.agreements]
    if len(ranking.voters) == 1:
        lines.append(f"All votes are of “{ranking.voters[0]}”: how others would vote is not known.")
    return lines


def _listed(names: Sequence[str], word: str = "and") -> str:
    return f"{', '.join(names[:-1])} {word} {names[-1]}" if len(names) > 1 else names[0]
