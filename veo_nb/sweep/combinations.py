"""The axes of a sweep multiplied into combinations, or paired, in the order of the grid. Pure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from veo_nb import catalog
from veo_nb.errors import InvalidRequest
from veo_nb.sweep.axes import Axis, Value, axis_name, split_commas

MOST_CELLS = 10_000
"""In one sweep; more is a mistake, and would not fit on any screen."""

Combination = Mapping[str, Value]
"""One value for each axis, by its name."""


def pair(axes: Sequence[Axis], zipped: Any) -> tuple[tuple[Axis, ...], ...]:
    """The axes in groups: those of a group move together, each group through its own values.

    `zipped` is True for all of them, the names of those that are paired, or several such lists.

    Raises:
        InvalidRequest: a name is no axis or comes twice, or paired axes have not as many values.
    """
    wanted = _pairs(axes, zipped)
    names = [name for names in wanted for name in names]
    for name in names:
        if name not in {axis.name for axis in axes}:
            hint = catalog.did_you_mean(name, [axis.name for axis in axes])
            raise InvalidRequest(f"zip names {name}, which is no axis of this sweep.", hint=hint, field=name)
        if names.count(name) > 1:
            raise InvalidRequest(f"zip names {name} twice.", hint="Pair each axis once.", field=name)
    by_name = {axis.name: axis for axis in axes}
    groups: dict[str, tuple[Axis, ...]] = {}
    for axis in axes:
        partners = next((names for names in wanted if axis.name in names), (axis.name,))
        groups.setdefault(min(partners), tuple(by_name[name] for name in partners))
    for group in groups.values():
        if len({len(axis.values) for axis in group}) > 1:
            shown = ", ".join(f"{axis.name} has {len(axis.values)}" for axis in group)
            raise InvalidRequest(
                f"Paired axes need as many values each: {shown}.",
                hint="Leave out zip, or add values.",
                field="zip",
            )
    return tuple(groups.values())


def _pairs(axes: Sequence[Axis], zipped: Any) -> list[tuple[str, ...]]:
    known = tuple(axis.name for axis in axes)
    if zipped is True and len(known) > 1:
        return [known]
    if not zipped:
        return []
    lists = (
        [zipped] if isinstance(zipped, str) else list(zipped) if isinstance(zipped, (list, tuple)) else [()]
    )
    split = [split_commas(one) if isinstance(one, str) else one for one in lists]
    if len(lists) > 1 and all(isinstance(one, str) for one in lists) and all(len(one) == 1 for one in split):
        split = [lists]
    pairs = [tuple(axis_name(str(name).strip(), known) for name in names) for names in split]
    if any(len(names) < 2 for names in pairs):
        raise InvalidRequest(
            "zip pairs two axes or more.",
            hint='Write zip=("animal", "time") or --zip animal,time.',
            field="zip",
        )
    return pairs


def layout(
    groups: Sequence[Sequence[Axis]], rows: str | None, columns: str | None
) -> tuple[str | None, str | None]:
    """Which axes are the grid's rows and columns: those asked for, else the first ones; a lone axis makes columns.

    Raises:
        InvalidRequest: one is no axis, or both are the same or move together.
    """
    home = {axis.name: at for at, group in enumerate(groups) for axis in group}
    rows, columns = _side("rows", rows, home), _side("columns", columns, home)
    if rows and columns and home[rows] == home[columns]:
        together = "are the same axis" if rows == columns else "move together"
        raise InvalidRequest(
            f"rows and columns {together}.", hint="Choose another axis for one.", field="rows"
        )
    free = [
        group[0].name
        for at, group in enumerate(groups)
        if at not in {home.get(rows or ""), home.get(columns or "")}
    ]
    if rows is None and len(free) + (columns is not None) > 1:
        rows = free.pop(0)
    if columns is None and free:
        columns = free.pop(0)
    return rows, columns


def _side(side: str, typed: str | None, home: Mapping[str, int]) -> str | None:
    if typed is None:
        return None
    name = axis_name(typed, list(home))
    if name not in home:
        hint = catalog.did_you_mean(name, list(home))
        raise InvalidRequest(f"{side} is {name}, which is no axis of this sweep.", hint=hint, field=side)
    return name


def count(groups: Sequence[Sequence[Axis]]) -> int:
    """How many combinations there are."""
    return math.prod(len(group[0].values) for group in groups)


def expand(groups: Sequence[Sequence[Axis]], rows: str | None, columns: str | None) -> list[Combination]:
    """Every combination, in the order that fills the grid on the screen row by row, then the grids behind it.

    Raises:
        InvalidRequest: there are more than `MOST_CELLS`.
    """
    if (cells := count(groups)) > MOST_CELLS:
        raise InvalidRequest(
            f"These axes make {cells:,} combinations; a sweep takes {MOST_CELLS:,} at most.",
            hint="Leave out values, or pair axes with zip.",
        )

    def speed(group: Sequence[Axis]) -> int:
        names = {axis.name for axis in group}
        return 2 if columns in names else 1 if rows in names else 0

    order = sorted(groups, key=speed)
    steps = [
        [dict(zip((a.name for a in group), v, strict=True)) for v in _side_by_side(group)] for group in order
    ]
    names = [axis.name for group in groups for axis in group]
    found: list[Combination] = []
    for parts in itertools.product(*steps):
        merged: dict[str, Value] = {name: value for part in parts for name, value in part.items()}
        found.append({name: merged[name] for name in names})
    return found


def _side_by_side(group: Sequence[Axis]) -> Iterable[tuple[Value, ...]]:
    return zip(*(axis.values for axis in group), strict=True)
