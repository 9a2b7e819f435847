"""Votes from anywhere, read and checked: from Python, a table or a file, of values that may be numbers."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from veo_nb import catalog
from veo_nb.decisions.ballots import CHOICES, Ballot
from veo_nb.errors import InvalidRequest

MOST_VALUES = 100
EXAMPLE = (
    'A vote is ("a", "b", "left"): two values, and "left", "right", "tie" or "skip"; a voter may follow.'
)
_NAMES = ("left", "right", "choice", "voter", "judge", "seconds")


def read_votes(votes: Any, values: Iterable[Any] = ()) -> tuple[tuple[str, ...], list[Ballot]]:
    """The values that are ranked and the votes on them, in the order given.

    A vote is a tuple, a mapping or a row with `left`, `right`, `choice` and perhaps `voter`, or a `Ballot`; all of them may be
    a table. `values` are those to rank, also without a vote; without them they are those of the votes.

    Raises:
        InvalidRequest: a vote can't be read, is of other values, or two values look alike.
    """
    names = _Names(_listed(values))
    ballots = [_read(vote, at, names) for at, vote in enumerate(_rows(votes), 1)]
    if len(names.known) > MOST_VALUES:
        raise InvalidRequest(
            f"{len(names.known)} values are more than can be ranked two at a time.",
            hint=f"Rank at most {MOST_VALUES}: name them with values=[…], and leave out the votes on others.",
            field="values",
        )
    return tuple(names.known), ballots


def read_value(given: Any, where: str) -> str:
    """A value as an axis of a sweep shows it: a number as it is written, a switch as on or off.

    Raises:
        InvalidRequest: it is missing, or no text and no number.
    """
    if getattr(given, "ndim", None) == 0 and hasattr(given, "item"):
        given = given.item()
    catalog.check_text(where, given)
    if isinstance(given, bool):
        return "on" if given else "off"
    if isinstance(given, float) and given.is_integer():
        return str(int(given))
    text = (
        " ".join(str(given).split()) if isinstance(given, (str, int, float)) and not _missing(given) else ""
    )
    if not catalog.bare(text):
        what = f"is {catalog.shown(given)}, not a text or a number" if not _missing(given) else "is missing"
        raise InvalidRequest(
            f"{where} {what}.", hint="Leave this vote out, or name what was compared.", field="votes"
        )
    return text


class _Names:
    """The values known so far: those that were named, or else all that come."""

    def __init__(self, given: Sequence[Any]) -> None:
        self.known: dict[str, str] = {}
        """Each value, with what is the same of all that look like it."""
        self._by_look: dict[str, str] = {}
        self._closed = bool(given)
        for at, value in enumerate(given, 1):
            text = value if isinstance(value, str) else read_value(value, f"Value {at}")
            if text in self.known:
                raise InvalidRequest(
                    f"The value {catalog.shown(text)} comes twice.", hint="Name it once.", field="values"
                )
            self._add(text)

    def find(self, given: Any, where: str) -> str:
        """The value that is meant."""
        if isinstance(given, str) and given in self.known:
            return given
        text = read_value(given, where)
        if text in self.known:
            return text
        like = self._by_look.get(_look(text))
        if self._closed:
            if like is not None:
                return like
            raise InvalidRequest(
                f"{where} is {catalog.shown(text)}, which is not among what is ranked.",
                hint=catalog.did_you_mean(text, [*self.known]),
                field="votes",
            )
        if like is not None:
            raise InvalidRequest(
                f"{where} is {catalog.shown(text)}, which looks like {catalog.shown(like)}.",
                hint=f"Write it the same each time, or name both if they differ: values=[{like!r}, {text!r}, …].",
                field="votes",
            )
        self._add(text)
        return text

    def _add(self, text: str) -> None:
        look = _look(text)
        self.known[text] = look
        # Of two that were both named neither stands for what looks like them.
        if look in self._by_look:
            del self._by_look[look]
        else:
            self._by_look[look] = text


def _look(text: str) -> str:
    """What is the same of texts that a reader takes for one another."""
    plain = catalog.plain(text).casefold()
    try:
        return f"{float(plain):.12g}"
    except ValueError:
        return " ".join(
            "".join(sign for sign in unicodedata.normalize("NFKC", plain) if sign.isprintable()).split()
        )


def _rows(votes: Any) -> Iterable[Any]:
    if hasattr(votes, "to_dict") and hasattr(votes, "columns"):
        found: Iterable[Any] = votes.to_dict("records")
        return found
    if isinstance(votes, (str, bytes, Mapping, Ballot)) or not isinstance(votes, Iterable):
        raise InvalidRequest(
            f"Votes come as a list, not as {catalog.shown(votes)}.", hint=EXAMPLE, field="votes"
        )
    return votes


def _listed(values: Any) -> list[Any]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise InvalidRequest(
            f"values= is a list, not {catalog.shown(values)}.",
            hint='For one: values=["dolly in", "crane"].',
            field="values",
        )
    return list(values)


def _read(vote: Any, at: int, names: _Names) -> Ballot:
    fields = _fields(vote, at)
    choice = fields["choice"]
    said = catalog.plain(choice).lower() if isinstance(choice, str) else choice
    left, right = (
        names.find(fields["left"], f"The left of vote {at}"),
        names.find(fields["right"], f"The right of vote {at}"),
    )
    if left == right:
        raise InvalidRequest(
            f"Vote {at} compares {catalog.shown(left)} with itself.", hint="Leave it out.", field="votes"
        )
    if not isinstance(said, str) or said not in CHOICES:
        side = next((side for side in ("left", "right") if fields[side] == choice), None)
        hint = (
            f'{catalog.shown(choice)} is on the {side}: say "{side}".'
            if side
            else f"Say one of {', '.join(CHOICES)}."
        )
        raise InvalidRequest(f"Vote {at} has the choice {catalog.shown(choice)}.", hint=hint, field="votes")
    voter, seconds = fields.get("voter"), fields.get("seconds")
    return Ballot(
        left,
        right,
        next(known for known in CHOICES if known == said),
        "" if voter is None or _missing(voter) else " ".join(str(voter).split()),
        bool(fields.get("judge")) and not _missing(fields["judge"]),
        float(seconds) if isinstance(seconds, (int, float)) and not _missing(seconds) else None,
    )


def _fields(vote: Any, at: int) -> Mapping[str, Any]:
    if isinstance(vote, Ballot):
        return vars(vote)
    if hasattr(vote, "_asdict"):
        vote = vote._asdict()
    if hasattr(vote, "keys"):
        found = {str(name).strip().lower(): vote[name] for name in vote.keys()}  # noqa: SIM118  a row of pandas, too
        lacking = [name for name in _NAMES[:3] if name not in found]
        if lacking:
            has = ", ".join(found)
            raise InvalidRequest(
                f"Vote {at} has no {lacking[0]}: it has {has or 'nothing'}.",
                hint="Name what is there left, right, choice and voter.",
                field="votes",
            )
        return found
    if isinstance(vote, (str, bytes)) or not isinstance(vote, Iterable):
        raise InvalidRequest(f"Vote {at} is {catalog.shown(vote)}.", hint=EXAMPLE, field="votes")
    parts = list(vote)
    if not 3 <= len(parts) <= 4:
        raise InvalidRequest(f"Vote {at} has {len(parts)} parts.", hint=EXAMPLE, field="votes")
    return dict(zip(_NAMES, parts, strict=False))


def _missing(given: Any) -> bool:
    """Whether it is None, NaN, or what pandas has for a value that is not there."""
    if given is None or (isinstance(given, float) and math.isnan(given)):
        return True
    return type(given).__name__ in ("NAType", "NaTType")
