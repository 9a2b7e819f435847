"""The comparisons that are open in a panel: what its clips can be compared by, and each comparison's turns."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from veo_nb import catalog
from veo_nb.decisions.comparisons import QUESTION
from veo_nb.errors import NotFound
from veo_nb.notebook.compare.protocol import Comparing
from veo_nb.notebook.compare.turns import Turns
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import Exchanged
from veo_nb.studio import Studio

MOST = 20
"""Comparisons that a panel keeps open; one that was closed is begun again where it was left."""
NEVER = frozenset({"seed", "take"})
"""Fields by which nobody means to compare: they tell samples of one thing apart."""


class OpenComparisons:
    """Those of one panel, by id."""

    def __init__(self, studio: Callable[[], Studio], place: Place) -> None:
        self._studio = studio
        self._place = place
        self._open: OrderedDict[str, Turns] = OrderedDict()
        self._lock = threading.Lock()

    def fields(self, keys: Sequence[str]) -> list[str]:
        """The fields of the request in which these clips differ, in the catalog's order."""
        studio = self._studio()
        asked = [studio.job(studio.library.find(key).job_id).request.canonical() for key in keys]
        return [
            name
            for name in catalog.FIELD
            if name not in NEVER and len({str(one.get(name)) for one in asked}) > 1
        ]

    def begin(self, keys: Sequence[str], by: str, question: str) -> Comparing:
        """Put these clips before a voter.

        Raises:
            InvalidRequest: they can't be compared by this.
        """
        comparison = self._studio().comparisons.open(keys, by or None, question or QUESTION)
        with self._lock:
            turns = self._open.pop(comparison.id, None) or Turns(comparison, self._place)
            self._open[comparison.id] = turns
            while len(self._open) > MOST:
                self._open.popitem(last=False)
        return turns.comparing(again=f"%veo compare {comparison.id} in a cell goes on with it.")

    def answer(self, kind: str, payload: Any) -> Exchanged:
        """Do what is asked of a comparison.

        Raises:
            VeoError: it can't be done.
        """
        with self._lock:
            turns = self._open.get(payload.comparison)
        if turns is None:
            raise NotFound("This comparison is not open any more.", hint="Choose the clips again.")
        if kind == "turn":
            return turns.turn(payload.voter)
        if kind == "vote":
            return turns.vote(payload)
        return turns.undo(payload.voter) if kind == "undo" else turns.outcome()
