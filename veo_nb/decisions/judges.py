"""Judges: programs that say which of two clips is better. Public as `veo.judges`.

A judge is any function of two clips and the question that returns "left", "right", "tie", or None where it can't say:

    def brighter(left, right, question):
        a, b = (numpy.asarray(clip.frame(1.0)).mean() for clip in (left, right))
        return "left" if a > b else "right"

    comparison.ask(brighter)

It is asked twice with the sides swapped, since a model often prefers a side; where it contradicts itself, it abstains. Its
votes are kept apart from those of people.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, get_args

from veo_nb import catalog
from veo_nb.errors import InvalidRequest, VeoError

if TYPE_CHECKING:
    from veo_nb.engine.video import Video

__all__ = ["Judge", "Verdict", "name_of", "verdict"]

Verdict = Literal["left", "right", "tie"]
"""What a judge may say; None beside these, where it abstains."""
Judge = Callable[["Video", "Video", str], "Verdict | None"]

SWAPPED: dict[Verdict, Verdict] = {"left": "right", "right": "left", "tie": "tie"}
_LONGEST = 200
"""Letters of what a judge raised that are quoted."""
_KEPT = "The votes so far are kept."


def verdict(judge: Judge, left: Video, right: Video, question: str) -> Verdict | None:
    """What a judge says of two clips, asked twice with the sides swapped; None where it abstains or contradicts itself.

    Raises:
        InvalidRequest: it raised something, or answered what is no verdict.
    """
    first = _ask(judge, left, right, question)
    if first is None:
        return None
    second = _ask(judge, right, left, question)
    return first if second is not None and SWAPPED[second] == first else None


def name_of(judge: Judge) -> str:
    """By which name a judge votes: its own `name`, that of its function, or that of its class."""
    while isinstance(judge, functools.partial):
        judge = judge.func
    own = getattr(judge, "name", None) or getattr(judge, "__name__", None)
    name = own if isinstance(own, str) else type(judge).__name__
    return "lambda" if name == "<lambda>" else name


def _ask(judge: Judge, left: Video, right: Video, question: str) -> Verdict | None:
    try:
        said: Any = judge(left, right, question)
    except VeoError as error:
        raise InvalidRequest(
            f"The judge {catalog.shown(name_of(judge))} could not tell: {error.message}",
            hint=f"{error.hint} {_KEPT}".strip(),
            field="judge",
        ) from error
    except Exception as error:
        words = " ".join(f"{type(error).__name__}: {error}".removesuffix(": ").split())
        raise InvalidRequest(
            f"The judge {catalog.shown(name_of(judge))} raised {words[:_LONGEST]}.",
            hint=f"Mend it and ask it again. {_KEPT}",
            field="judge",
        ) from error
    if said is None:
        return None
    answer = said.strip().lower() if isinstance(said, str) else ""
    for known in get_args(Verdict):
        if answer == known:
            return known  # type: ignore[no-any-return]
    shown, hint = catalog.shown(said), "It must return left, right, tie or None"
    if inspect.iscoroutine(said):
        said.close()
        shown, hint = "a coroutine", "A judge is a plain function: let it wait for what it asks"
    raise InvalidRequest(
        f"The judge {catalog.shown(name_of(judge))} answered {shown}.",
        hint=f"{hint}. {_KEPT}",
        field="judge",
    )
