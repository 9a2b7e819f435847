"""Judges: programs that say which of two clips is better. Public as `veo.judges`.

A judge is any function of two clips and the question that returns "left", "right", "tie", or None where it can't say:

    def brighter(left, right, question):
        a, b = (numpy.asarray(clip.frame(1.0)).mean() for clip in (left, right))
        return "left" if a > b else "right"

    comparison.ask(brighter)

It is asked twice with the sides swapped, since a model often prefers a side; where it contradicts itself, it abstains. Its
votes are kept apart from those of people. `measures` makes one that goes by what can be measured.
"""

from __future__ import annotations

import functools
import inspect
import io
import math
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args

from veo_nb import catalog
from veo_nb.errors import InvalidRequest, VeoError

if TYPE_CHECKING:
    from PIL.Image import Image

    from veo_nb.engine.video import Video
    from veo_nb.media.measures import Found

__all__ = ["Judge", "MeasuresJudge", "Verdict", "measures", "name_of", "verdict"]

Verdict = Literal["left", "right", "tie"]
"""What a judge may say; None beside these, where it abstains."""
Judge = Callable[["Video", "Video", str], "Verdict | None"]

SWAPPED: dict[Verdict, Verdict] = {"left": "right", "right": "left", "tie": "tie"}
MARGIN = 0.05
"""How far apart two clips have to be for `measures` to be no tie, as a share."""
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


def measures(*names: str, margin: float = MARGIN, **weights: float) -> MeasuresJudge:
    """A judge that goes by measures alone, so by what is in the files: the same two clips get the same verdict.

        judges.measures("sharpness")
        judges.measures("sharpness", "less motion")
        judges.measures("sharpness", flicker=0.5, less_motion=0.2)  # the others count less

    A name prefers the better end of its measure, which `veo.Measure` names: more sharpness, less flicker; `more` or `less`
    before it says which one is meant. A weight says how much it counts, 1 where none is given. Of each measure the
    difference of the two clips is taken as a share of both together, (a - b) / (|a| + |b|), from -1 to 1 and without a
    unit; of loudness that of the amplitude. Their mean by weight decides; within `margin` of 0 it is a tie. A measure that
    one of them lacks, as a silent clip has no loudness, does not count for that pair; where none counts, it abstains.

    What `sweep.measure()` has found is used; a clip that was not measured is measured when it is asked for.

    Raises:
        InvalidRequest: there is no such measure, it comes twice, or a number is none that could be meant.
    """
    from veo_nb.media.measures import MEASURES

    given: dict[str, float] = {}
    for typed, weight in [*((name, 1.0) for name in names), *weights.items()]:
        found = re.fullmatch(r"(?:(more|less)[ _])?(.*)", str(typed).strip(), re.DOTALL)
        side, name = (found[1], found[2]) if found else ("", "")
        if name not in MEASURES:
            hint = catalog.did_you_mean(name, [*MEASURES])
            raise InvalidRequest(f"There is no measure {catalog.shown(name)}.", hint=hint, field="measures")
        if name in given:
            raise InvalidRequest(f"The measure {name} comes twice.", hint="Give it once.", field="measures")
        if not _is_number(weight) or weight <= 0:
            hint = f"It is a number above 0; less_{name}={1 if weight == 0 else 0.5} prefers less of it."
            raise InvalidRequest(
                f"The weight of {name} can't be {catalog.shown(weight)}.", hint=hint, field=name
            )
        more = side == "more" or (not side and MEASURES[name].more_is_better)
        given[name] = float(weight) if more else -float(weight)
    if not given:
        raise InvalidRequest(
            "A judge by measures needs one.", hint='Write judges.measures("sharpness").', field="measures"
        )
    if not _is_number(margin) or not 0 <= margin < 1:
        hint = "It is a share, from 0 to below 1."
        raise InvalidRequest(f"margin can't be {catalog.shown(margin)}.", hint=hint, field="margin")
    return MeasuresJudge(given, float(margin))


class MeasuresJudge:
    """A judge by measures: `weights` by name, below 0 where less is better, and the `margin` within which it is a tie.

    `name` says what it prefers, and its votes are kept under that.
    """

    def __init__(self, weights: Mapping[str, float], margin: float) -> None:
        self.weights = dict(weights)
        self.margin = margin
        self._found: dict[str, Found] = {}
        """What was measured here, by the clip's hash."""

    @property
    def name(self) -> str:
        """`more sharpness, less motion (0.5)`."""
        return ", ".join(
            f"{'more' if weight > 0 else 'less'} {name}" + ("" if abs(weight) == 1 else f" ({abs(weight):g})")
            for name, weight in self.weights.items()
        )

    def __call__(self, left: Video, right: Video, question: str = "") -> Verdict | None:  # noqa: ARG002  all judges are given it
        """Which of the two is better by these measures, whatever the question.

        Raises:
            UnreadableVideo: a clip was never measured, and its file can't be read.
        """
        score = self.score(self._measured(left), self._measured(right))
        if score is None:
            return None
        if abs(score) <= self.margin:
            return "tie"
        return "left" if score > 0 else "right"

    def score(self, left: Found, right: Found) -> float | None:
        """How much better the left one is, from -1 to 1, by what was measured of both; None where nothing counts."""
        pairs = [(name, left.get(name), right.get(name)) for name in self.weights]
        apart = {name: _apart(name, a, b) for name, a, b in pairs if a is not None and b is not None}
        whole = math.fsum(abs(self.weights[name]) for name in apart)
        return math.fsum(self.weights[name] * one for name, one in apart.items()) / whole if whole else None

    def _measured(self, video: Video) -> Found:
        if video.measures:
            return video.measures
        if video.sha256 not in self._found:
            from veo_nb.media.measures.clip import measure

            self._found[video.sha256] = measure(video.path, _references(video))
        return self._found[video.sha256]

    def __repr__(self) -> str:
        return f"<judge that prefers {self.name}; a tie within {100 * self.margin:g} %>"


def _references(video: Video) -> list[Image]:
    """The pictures that a clip was made from: its first frame, or else its references."""
    from PIL import Image

    request = video.job.request if video.job is not None else None
    if request is None:
        return []
    given = [request.image] if request.image else request.reference_images or ()
    return [Image.open(io.BytesIO(picture.data)) for picture in given]


def _apart(name: str, left: float, right: float) -> float:
    """The difference of two figures as a share of both."""
    from veo_nb.media.measures import MEASURES

    if MEASURES[name].unit == "LUFS":
        # Ten of them up is not ten in a hundred louder: it is a logarithm.
        left, right = 10 ** (left / 20), 10 ** (right / 20)
    both = abs(left) + abs(right)
    return (left - right) / both if both else 0.0


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
