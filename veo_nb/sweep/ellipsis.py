"""`1, 2, ..., 10` filled in: evenly, up or down, whole numbers and decimals without rounding. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from veo_nb.errors import InvalidRequest

LONGEST = 13
"""Characters of a number that is counted with: exact in every sum and quotient of two."""


def fill_in(name: str, items: Sequence[Any], most: int) -> list[Any]:
    """The list with each `...` replaced by the numbers between its neighbours, no more than `most` of them.

    The step is that of the two numbers before, or 1 where there is only one. Numbers written as text stay text.

    Raises:
        InvalidRequest: a neighbour is no number, the step is uneven, or it does not lead to the end.
    """
    found: list[Any] = []
    start = 0
    for at, item in enumerate(items):
        if item is not ...:
            found.append(item)
            continue
        before = _numbers(items[max(start, at - 3) : at])
        if not before or at + 1 == len(items) or not (end := _numbers(items[at + 1 : at + 2])):
            _refuse(name, "needs a number before ... and one after it")
        between = _between(name, before, end[0], most - len(found))
        found += [_like(number, (items[at - 1], items[at + 1])) for number in between]
        start = at + 1
    return found


def _between(name: str, before: list[Decimal], end: Decimal, most: int) -> list[Decimal]:
    """What lies between the last of `before` and `end`."""
    begin = before[-1]
    step = before[-1] - before[-2] if len(before) > 1 else Decimal(1 if end > begin else -1)
    if len(before) > 2 and before[-2] - before[-3] != step:
        _refuse(name, f"is not evenly spaced: {', '.join(map(str, before))}, ...")
    if step == 0 or (end - begin) / step <= 0:
        _refuse(name, f"never comes to {end} from {begin} in steps of {step}")
    count, rest = divmod(end - begin, step)
    if count > most:
        _refuse(name, f"would get {count:,.0f} values from {begin}, ..., {end}")
    if rest:
        _refuse(name, f"passes {end}: the nearest is {end - rest}")
    return [begin + step * number for number in range(1, int(count))]


def _like(number: Decimal, neighbours: Sequence[Any]) -> Any:
    """A number as its neighbours are written: as text, as a decimal, or whole."""
    if any(isinstance(one, str) for one in neighbours):
        return f"{number:f}"
    if number != number.to_integral_value() or any(isinstance(one, float) for one in neighbours):
        return float(number)
    return int(number)


def _numbers(items: Sequence[Any]) -> list[Decimal]:
    """The numbers at the end of these, as far back as there are only numbers."""
    found: list[Decimal] = []
    for item in reversed(items):
        try:
            number = Decimal(str(item).strip())
        except InvalidOperation:
            break
        # Beyond this, sums would be rounded; and True is no number to count with.
        if isinstance(item, bool) or not number.is_finite() or len(f"{number:f}") > LONGEST:
            break
        found.append(number)
    return found[::-1]


def _refuse(name: str, what: str) -> NoReturn:
    raise InvalidRequest(f"The axis {name} {what}.", hint="Write it as 1,2,...,10.", field=name)
