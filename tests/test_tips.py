"""What a prompt leaves open: told of real prompts, and nothing false of any text."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from veo_nb.catalog.tips import ELEMENTS, GUIDES, open_questions, put_in
from veo_nb.sweep.axes import read_axes, split_axis
from veo_nb.sweep.template import variables

PLACED = json.loads((Path(__file__).parent / "fixtures" / "tips.json").read_text("utf-8"))["placed"]
MAIN = {"action", "setting", "camera", "light", "style", "sound"}


def left(prompt: str, **how: bool) -> str:
    """What matters most of what is open."""
    return " ".join(one.name for one in open_questions(prompt, **how).open if not one.fine)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        # Of the README and the notebooks.
        ("A fox crosses a frozen lake.", "camera light style sound"),
        ("A fox crosses a frozen lake, harsh noon light. SFX: ice creaking.", "camera style"),
        ("A lighthouse above a rough sea, {{mood}} light. SFX: waves on rocks.", "action camera style"),
        ("A {{animal}} at a frozen lake, {{light}}. Slow push in. SFX: ice creaking.", "action style"),
        ("An owl on a bare branch turns its head. SFX: wind, an owl's call.", "camera light style"),
        ("The cat turns to the camera and blinks, slowly. SFX: rain.", "setting light style"),
        # A guide's whole one, in other words.
        (
            "Medium shot, eye level: a tired clerk rubs his eyes in an office at night. Grainy 1980s film. A phone rings.",
            "",
        ),
        # What is heard describes nothing that is seen, and what stands on a sign is not heard.
        ('A man says, "The camera loves golden hour."', "action setting camera light style"),
        ("A man murmurs: 'That's film noir, isn't it?'", "action setting camera light style"),
        ('A neon sign reads "Camera shop".', "action setting camera style sound"),
        ("A fox. Audio: a slow pan of drums in the dark", "action setting camera light style"),
        # What is ruled out stays open, but for what doing without it says.
        ("A fox, no music, not a cartoon, without neon", "action setting camera light style sound"),
        ("A fox, the camera does not move. No sound.", "action setting light style"),
        ("Not a cartoon but film noir", "action setting camera light sound"),
        # JSON, by keys and texts; an empty one says nothing.
        ('{"subject": "a fox", "camera_move": "in", "audio": [], "scene": {"mainLight": "low"}}', "action style sound"),
        ('{"prompt": "A fox crosses a lake at dusk"}', "camera style sound"),
        ("", "subject action setting camera light style sound"),
        ("🦊 …", "subject action setting camera light style sound"),
    ],
)  # fmt: skip
def test_real_prompts_are_read(prompt, expected):
    assert (left(prompt), open_questions(prompt).understood) == (expected, True)


@pytest.mark.parametrize(
    "prompt",
    [
        "Ein Fuchs überquert einen See, hartes Licht von der Seite",
        "Un renard traverse un lac gelé, film noir",
        "A raposa atravessa o lago gelado",
        "Kettu ylittää jäätyneen järven",
        "A róka átkel a befagyott tavon",
        "狐が凍った湖を渡る。",
        "Лиса идёт по замёрзшему озеру, camera: slow",
        "זאב חוצה אגם קפוא",
        "fox",
    ],
)
def test_of_a_prompt_in_another_language_nothing_is_claimed(prompt):
    assert not open_questions(prompt).understood


def test_english_with_foreign_names_and_words_in_quotes_is_english():
    for prompt in ("El Capitan at dawn, seen from the valley", 'A waiter in a café says "Je ne sais pas"'):
        assert open_questions(prompt).understood


def test_a_silent_clip_is_asked_no_sound_and_a_picture_nothing_that_it_shows():
    assert left("A fox runs", sound=False) == "setting camera light style"
    assert left("", picture=True) == "action camera sound"


def test_what_a_variable_may_say_is_named():
    assert open_questions("{{prompt}}, {{camera}}, {{ look }}").unknown == ("prompt",)


@given(
    st.text()
    | st.recursive(st.text(max_size=5), lambda x: st.lists(x) | st.dictionaries(st.text(), x)).map(json.dumps)
)
@example("\ud800 {{")
@example("'" * 3000 + " 'a'b" * 3000)
@example('{"a":' * 400 + "1" + "}" * 400)
@example("[" * 100_000)
def test_any_text_has_an_answer(text):
    found = open_questions(text)
    assert set(found.open) <= set(ELEMENTS)
    for element in ELEMENTS:
        put = put_in(text, element.name, "{{it}}", first=element.first)
        assert "{{it}}" in put


@pytest.mark.parametrize("case", PLACED, ids=lambda case: case["put"])
def test_a_phrase_goes_where_the_guides_have_it(case):
    """The page's twin of this is held to the same table."""
    assert put_in(case["prompt"], case["name"], case["phrase"], first=case["first"]) == case["put"]


@pytest.mark.parametrize("element", [one for one in ELEMENTS if one.phrases], ids=lambda one: one.name)
def test_each_phrase_answers_its_own_question_and_is_a_value_of_a_sweep(element):
    for phrase in element.phrases:
        assert element not in open_questions(put_in("A fox", element.name, phrase, first=element.first)).open
    prompt = put_in("A fox.", element.name, f"{{{{{element.name}}}}}", first=element.first)
    assert variables(prompt) == (element.name,)
    assert element not in open_questions(prompt).open
    (axis,) = read_axes([split_axis(f"{element.name}={'||'.join(element.phrases)}")], prompt)
    assert axis.labels == element.phrases


def test_each_guide_has_its_address_and_date():
    assert all(
        one.url.startswith("https://") and re.fullmatch(r"\d{4}-\d\d-\d\d", one.date) for one in GUIDES
    )
