"""Judges: asked twice with the sides swapped, and when one breaks or talks nonsense, one line that says what to do."""

from __future__ import annotations

import functools
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from veo_nb.decisions.judges import measures, name_of, verdict
from veo_nb.engine.video import Video
from veo_nb.errors import InvalidRequest, NotFound
from veo_nb.media.encode import Writer


def clip(name: str) -> Video:
    return Video(
        path=Path(f"{name}.mp4"), uri="", width=1280, height=720, duration=4.0, fps=24.0,
        has_audio=False, sha256=name, bytes=1, job_id=name,
    )  # fmt: skip


FOX, OWL = clip("fox"), clip("owl")
QUESTION = "Which is rounder?"


def saying(*answers: Any) -> Any:
    """A judge that gives these answers one after the other, and notes what it was asked."""
    asked = []

    def judge(left: Any, right: Any, question: str) -> Any:
        asked.append((left.job_id, right.job_id, question))
        return answers[len(asked) - 1]

    vars(judge)["asked"] = asked
    return judge


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (("left", "right"), "left"),
        (("right", "left"), "right"),
        (("tie", "tie"), "tie"),
        ((" Left\n", "RIGHT"), "left"),
        (("left", "left"), None),
        (("left", "tie"), None),
        (("tie", None), None),
        ((None,), None),
    ],
)
def test_it_is_asked_twice_and_abstains_where_it_contradicts_itself(answers, said):
    judge = saying(*answers)
    assert verdict(judge, FOX, OWL, QUESTION) == said
    asked = [("fox", "owl", QUESTION), ("owl", "fox", QUESTION)]
    assert judge.asked == asked[: len(answers)], "who abstains is not asked, and paid, twice"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("A", "'A'. It must return left, right, tie or None. The votes so far are kept."),
        ("skip", "'skip'. It must return left"),
        (True, "True. It must return left"),
        ({"winner": "left"}, "{'winner': 'left'}. It must return left"),
    ],
)
def test_nonsense_is_said_with_who_said_it(answer, words):
    with pytest.raises(InvalidRequest) as caught:
        verdict(saying("left", answer), FOX, OWL, QUESTION)
    assert str(caught.value).startswith(f"The judge 'judge' answered {words}")


def test_what_breaks_is_one_line_and_the_cause_is_there_to_be_looked_at():
    def film_like(left, right, question):
        raise KeyError("no such\nkey sk-1234567890abcdef")

    with pytest.raises(InvalidRequest) as caught:
        verdict(film_like, FOX, OWL, QUESTION)
    assert str(caught.value) == (
        "The judge 'film_like' raised KeyError: 'no such\\nkey [key]'. "
        "Mend it and ask it again. The votes so far are kept."
    )
    assert isinstance(caught.value.__cause__, KeyError)

    def unlucky(left, right, question):
        raise NotFound("The file of fox is gone.", hint="Run its cell again.")

    with pytest.raises(InvalidRequest) as caught:
        verdict(unlucky, FOX, OWL, QUESTION)
    assert str(caught.value) == (
        "The judge 'unlucky' could not tell: The file of fox is gone. "
        "Run its cell again. The votes so far are kept."
    )


def test_one_that_has_to_be_awaited_says_so():
    async def slow(left: Any, right: Any, question: str) -> Any:
        return "left"

    with pytest.raises(
        InvalidRequest, match=r"'slow' answered a coroutine\. A judge is a plain function: let it wait"
    ):
        verdict(cast("Any", slow), FOX, OWL, QUESTION)


def test_an_interrupt_is_no_mistake_of_the_judge():
    def judge(left, right, question):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verdict(judge, FOX, OWL, QUESTION)


def test_a_judge_has_a_name():
    class Model:
        def __call__(self, left, right, question):
            return None

    named = Model()
    vars(named)["name"] = "omni, cold"
    assert name_of(saying()) == "judge"
    assert name_of(functools.partial(saying(), question="?")) == "judge"
    assert name_of(lambda *_: None) == "lambda"
    assert (name_of(Model()), name_of(named)) == ("Model", "omni, cold")


# By measures


def measured(**found: Any) -> Any:
    """A clip of which this was measured."""
    return SimpleNamespace(measures=found)


@pytest.mark.parametrize(
    ("judge", "left", "right", "said"),
    [
        (measures("sharpness"), {"sharpness": 60.0}, {"sharpness": 40.0}, "left"),
        (measures("flicker"), {"flicker": 0.3}, {"flicker": 0.1}, "right"),
        (measures("more flicker"), {"flicker": 0.3}, {"flicker": 0.1}, "left"),
        (measures("less motion"), {"motion": 9.0}, {"motion": 3.0}, "right"),
        # 2 of 98 is within 5 in 100, and not within 1.
        (measures("sharpness"), {"sharpness": 50.0}, {"sharpness": 48.0}, "tie"),
        (measures("sharpness", margin=0.01), {"sharpness": 50.0}, {"sharpness": 48.0}, "left"),
        (measures("cuts"), {"cuts": 0.0}, {"cuts": 0.0}, "tie"),
        # 3 dB are 17 in 100 of the amplitude of both, and 1 dB no more than 6.
        (measures("loudness", margin=0.1), {"loudness": -20.0}, {"loudness": -23.0}, "left"),
        (measures("loudness", margin=0.1), {"loudness": -20.0}, {"loudness": -21.0}, "tie"),
        # 1/3 for the right one twice against 1/2 for the left one.
        (measures("motion", sharpness=2), {"motion": 3.0, "sharpness": 20.0}, {"motion": 1.0, "sharpness": 40.0}, "right"),
        (measures("motion", less_sharpness=2), {"motion": 1.0, "sharpness": 20.0}, {"motion": 3.0, "sharpness": 40.0}, "left"),
        # What one of them lacks does not count.
        (measures("loudness", "sharpness"), {"loudness": None, "sharpness": 60.0}, {"loudness": -20.0, "sharpness": 40.0}, "left"),
        (measures("loudness"), {"loudness": None}, {"loudness": -20.0}, None),
    ],
)  # fmt: skip
def test_it_goes_by_what_was_measured_and_by_nothing_else(judge, left, right, said):
    clips = measured(**left), measured(**right)
    assert verdict(judge, *clips, QUESTION) == said
    assert verdict(judge, *clips[::-1], "Another?") == {"left": "right", "right": "left"}.get(said, said)


def test_what_it_prefers_is_its_name_and_its_repr():
    judge = measures("sharpness", flicker=0.5, less_motion=0.25, margin=0.1)
    assert name_of(judge) == "more sharpness, less flicker (0.5), less motion (0.25)"
    assert repr(judge) == f"<judge that prefers {judge.name}; a tie within 10 %>"


def test_a_clip_that_was_not_measured_is_measured_once(tmp_path):
    path = tmp_path / "noise.mp4"
    with Writer(path, 192, 108, crf=12) as writer:
        for _ in range(3):
            writer.add_picture(np.random.default_rng(1).integers(0, 255, (108, 192, 3), dtype=np.uint8))
    noise: Any = SimpleNamespace(measures={}, path=path, sha256="noise", job=None)
    judge = measures("sharpness", "less likeness")
    assert judge(noise, measured(sharpness=0.1)) == "left"
    path.unlink()
    assert judge(measured(sharpness=0.1), noise) == "right"
    gone: Any = SimpleNamespace(measures={}, path=tmp_path / "gone.mp4", sha256="gone", job=None)
    with pytest.raises(
        InvalidRequest, match=r"The judge 'more sharpness.*' raised .*gone\.mp4.* votes so far are kept"
    ):
        verdict(judge, gone, noise, QUESTION)


@pytest.mark.parametrize(
    ("names", "weights", "words"),
    [
        (["sharpnes"], {}, "There is no measure 'sharpnes'. Did you mean sharpness?"),
        ([], {}, 'A judge by measures needs one. Write judges.measures("sharpness").'),
        (["motion"], {"less_motion": 1}, "The measure motion comes twice. Give it once."),
        (
            [],
            {"motion": -1},
            "The weight of motion can't be -1. It is a number above 0; less_motion=0.5 prefers less",
        ),
        ([], {"motion": float("nan")}, "The weight of motion can't be nan."),
        ([], {"motion": "much"}, "The weight of motion can't be 'much'."),
        (["motion"], {"margin": 1}, "margin can't be 1. It is a share, from 0 to below 1."),
    ],
)
def test_what_can_not_be_meant_is_refused(names, weights, words):
    with pytest.raises(InvalidRequest) as caught:
        measures(*names, **weights)
    assert str(caught.value).startswith(words)
