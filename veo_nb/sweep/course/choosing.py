"""Which cells of a sweep are asked for once more: those that ended without a clip, those that are drafts, those that ask for the same."""

from __future__ import annotations

from collections.abc import Sequence

from veo_nb import catalog
from veo_nb.engine.job import Job
from veo_nb.errors import InvalidRequest
from veo_nb.store.rows import State
from veo_nb.sweep.cell import Cell

AGAIN = ("failed", "blocked", "cancelled")
"""States after which a cell can be asked anew; of an uncertain one only a person knows."""


def check_states(states: Sequence[str]) -> None:
    """Nothing, where cells that ended so can be asked anew.

    Raises:
        InvalidRequest: one is no such state.
    """
    for state in states:
        if state not in AGAIN:
            hint = f"It takes {catalog.listed(AGAIN)}."
            raise InvalidRequest(f"Cells that are {state} can't be asked anew.", hint=hint)


def drafts_of(sweep_id: str, cells: Sequence[Cell]) -> dict[int, Job]:
    """The drafts that are done, by the place of their cell.

    Raises:
        InvalidRequest: there is none.
    """
    drafts = {
        cell.position: cell.job
        for cell in cells
        if cell.job is not None and cell.job.is_draft and cell.job.now.state is State.SUCCEEDED
    }
    if not drafts:
        raise InvalidRequest(
            f"Sweep {sweep_id} has no draft here that could be made final.",
            hint="A sweep of drafts is made with draft=True (--draft in a cell).",
        )
    return drafts


def by_request(cells: Sequence[Cell]) -> dict[tuple[str, int], list[Cell]]:
    """The cells by fingerprint and take of what each asks for; what was made of a draft is its cell's as well."""
    keys: dict[tuple[str, int], list[Cell]] = {}
    for cell in cells:
        if cell.request is not None:
            asked = (cell.request, cell.request.in_full())
            for found in {one.fingerprint() for one in asked}:
                keys.setdefault((found, cell.take), []).append(cell)
    return keys
