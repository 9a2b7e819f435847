"""Judges: asked twice with the sides swapped, and when one breaks or talks nonsense, one line that says what to do."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from veo_nb.decisions.judges import name_of, verdict
from veo_nb.engine.video import Video
from veo_nb.errors import InvalidRequest, NotFound


def clip(name: str) -> Video:
    return Video(
        path=Path(f"{name}.mp4"), uri="", width=1280, height=720, duration=4.0, fps=24.0,
        has_audio=False, sha256=name, bytes=1, job_id=name,
    )  # fmt: skip


FOX, OWL = clip("fox"), clip("owl")
QUESTION = "Which is rounder?"


def saying(*answers):
    """A judge that gives these answers one after the other, and notes what it was asked."""
    asked = []

    def judge(left, right, question):
        asked.append((left.job_id, right.job_id, question))
        return answers[len(asked) - 1]

    judge.asked = asked
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
    async def slow(left, right, question):
        return "left"

    with pytest.raises(
        InvalidRequest, match=r"'slow' answered a coroutine\. A judge is a plain function: let it wait"
    ):
        verdict(slow, FOX, OWL, QUESTION)


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
    named.name = "omni, cold"
    assert name_of(saying()) == "judge"
    assert name_of(functools.partial(saying(), question="?")) == "judge"
    assert name_of(lambda *_: None) == "lambda"
    assert (name_of(Model()), name_of(named)) == ("Model", "omni, cold")
