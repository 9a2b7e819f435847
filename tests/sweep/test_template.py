"""Prompts with `{{names}}`: every text is filled in, left as JSON, or refused in a sentence; nothing is called."""

from __future__ import annotations

import json
import math
import unicodedata
from keyword import iskeyword
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from veo_nb.errors import InvalidRequest
from veo_nb.sweep.template import fill, is_plain, references, variables

TEMPLATES_OF_BOTH = Path(__file__).parents[1] / "fixtures" / "templates.json"
NAMES = {
    "größe": "3 m",
    "动物": "狐狸",
    "fox": SimpleNamespace(name="Ida", tail=SimpleNamespace(colour="red")),
    "light": ["dawn", "dusk"],
    "d": {"k": 1, "a key": "blue", "größe": "tall", 2: "two"},
    "n": 7,
}


def refused(template: str, names: dict[str, object] = NAMES) -> str:
    with pytest.raises(InvalidRequest) as caught:
        fill(template, names)
    assert caught.value.hint
    return str(caught.value)


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{{größe}}, {{ größe }}", "3 m, 3 m"),
        ("{{gro\u0308ße}}", "3 m"),
        ("一只{{动物}}。", "一只狐狸。"),
        ("｛｛动物｝｝", "狐狸"),
        ("{{ｎ}} {{\u00a0n\u3000}} {{\u200fn\u200e}} {{\ufeffn}}", "7 7 7 7"),
        ("{{fox.name}} {{fox.tail.colour}}", "Ida red"),
        ("{{light[0]}} {{light[1]}} {{light[-1]}} {{light[０]}}", "dawn dusk dusk dawn"),
        ('{{d["k"]}} {{d[\'k\']}} {{d[k]}} {{d[“k”]}} {{d[a key]}} {{d["größe"]}} {{d[2]}}', "1 1 1 1 blue tall two"),
        ("{{{n}}}", "{7}"),
        ('{"count": {{n}}}', '{"count": 7}'),
        ('{"text": "{{n}} {{ no name }}"}', '{"text": "7 {{ no name }}"}'),
        ("{n} ${n} %n {% if %}", "{n} ${n} %n {% if %}"),
        ("{{other}} {{n}}", "{{other}} 7"),
    ],
)  # fmt: skip
def test_names_are_looked_up_as_a_format_does(template, filled):
    assert fill(template, NAMES) == filled


@pytest.mark.parametrize(
    "prompt",
    [
        '{"a":{"b":{"c":1}}}',
        '[[{"a":{}}]]',
        'As JSON: {"scene":{"subject":{"name":"fox"}}} and more.',
        '{{"a": 1}}',
        'An f-string: {{"a": {{"b": [1, 2]}}}}, wide.',
        '{"css": "{{ a b }}"}',
    ],
)
def test_json_stays_as_it_is(prompt):
    assert fill(prompt, {}) == prompt
    assert is_plain(prompt)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{}}", "{{}} names nothing. Write {{name}}, {{name.field}}"),
        ("A {{ \u200b}}.", "{{ \u200b}} names nothing."),
        ("{{1x}}", "{{1x}} names no variable."),
        ("{{a b}}", "{{a b}} names no variable."),
        ("{{n|upper}}", "{{n|upper}} names no variable."),
        ("{{n!r}} ", "{{n!r}} names no variable."),
        ("{{n:.2f}}", "{{n:.2f}} names no variable."),
        ("{{light[0}}", "{{light[0}} names no variable."),
        ("{{n.__class__}}", "{{n.__class__}} names no variable."),
        ("{{light.sort()}}", "{{light.sort()}} calls something, which a prompt can't. Set a variable"),
        ("A {{n", "{{n has no }} that closes it."),
        ("A {{n} fox", "{{n} fox has no }} that closes it."),
        ("{{{{", "{{ has no }} that closes it."),
        ('{{"a": 1, }}', '{{"a": 1, }} names no variable.'),
        (f"{{{{{'x ' * 60}}}}}", f"{{{{{'x ' * 18}x…"),
        ("{{fox.nmae}}", "{{fox.nmae}} can't be filled in: SimpleNamespace has no .nmae. Did you mean name?"),
        ("{{light[5]}}", "{{light[5]}} can't be filled in: list has no [5]."),
        ("{{light[a]}}", '{{light["a"]}} can\'t be filled in: list has no ["a"].'),
        ("{{d.k}}", '{{d.k}} can\'t be filled in: dict has no .k. Write ["k"] in place of .k.'),
        ("{{n[0]}}", "{{n[0]}} can't be filled in: int has no [0]."),
        ("{{light.sort}}", "{{light.sort}} is a function. Set a variable to the words that you mean."),
    ],
)  # fmt: skip
def test_anything_else_in_double_braces_is_refused(template, words):
    assert refused(template).startswith(words)
    assert not is_plain(template)


class Shy:
    @property
    def secret(self) -> str:
        raise OSError("sk-1234567890")

    def __str__(self) -> str:
        raise OSError("sk-1234567890")


@pytest.mark.parametrize(
    ("value", "template", "words"),
    [
        (None, "{{x}}", "{{x}} is None, which would stand in the prompt as a word."),
        (float("nan"), "{{x}}", "{{x}} is nan, which would stand in the prompt as a word."),
        (pd.NaT, "{{x}}", "{{x}} is NaT, which would stand in the prompt as a word."),
        (pd.NA, "{{x}}", "{{x}} is <NA>, which would stand in the prompt as a word."),
        (math, "{{x}}", "{{x}} is a module."),
        (math, "{{x.pi.real.hex}}", "{{x.pi.real.hex}} is a function."),
        (SimpleNamespace, "{{x}}", "{{x}} is a class."),
        (len, "{{x}}", "{{x}} is a function."),
        (object(), "{{x}}", "{{x}} is object, which has no text of its own."),
        (Shy(), "{{x.secret}}", "{{x.secret}} can't be filled in: Shy raised an error at .secret."),
        (Shy(), "{{x}}", "{{x}} is Shy, whose text can't be had (OSError)."),
    ],
)
def test_what_has_no_text_is_refused_and_nobodys_error_is_quoted(value, template, words):
    said = refused(template, {"x": value})
    assert said.startswith(words)
    assert "sk-" not in said


def test_half_a_character_is_told_before_it_is_quoted():
    assert refused("{{a \ud83e}}").startswith("prompt holds half a character")


def test_a_whole_expression_may_have_its_text():
    assert fill('{{light[0]}} {{ d["k"] }}', {"light[0]": "noon", 'd["k"]': 5}) == "noon 5"


def test_a_prompt_that_was_sent_long_ago_is_shown_as_it_was():
    assert fill("{{a b}} {{n}} {{", {"n": 7}, strict=False) == "{{a b}} 7 {{"


@pytest.mark.parametrize(("template", "names"), json.loads(TEMPLATES_OF_BOTH.read_text("utf-8")))
def test_the_page_and_python_find_the_same_names(template, names):
    """The other half is in js/tests/panel/compose/draft.test.ts."""
    assert variables(template) == (*names,)


def test_variables_are_found_once_each_in_order():
    assert variables("{{b}} {{a}} {{ b }} {c}", None, "{{d[1]}} {{d}}") == ("b", "a", "d")
    assert [one.text for one in references("{{d[1]}} {{d['1']}} {{d[1]}}")] == ["d[1]", 'd["1"]']


def test_a_value_is_put_in_as_it_is():
    assert fill("{{a}} {{b}} {{ a }}", {"a": r"\1 {{b}} {{"}) == r"\1 {{b}} {{ {{b}} \1 {{b}} {{"


# Any text at all

TEMPLATES = st.text() | st.lists(
    st.sampled_from(["{{", "}}", "{", "}", "a", "light", ".", "[", "]", "0", '"', "'", "(", ")", " ", ":", ",", "1", "｛"])
).map("".join)  # fmt: skip


def outcome(template: str, names: dict[str, object]) -> str | InvalidRequest:
    try:
        return fill(template, names)
    except InvalidRequest as error:
        return error


@given(TEMPLATES)
@example('{{"a":{{')
@example("{{" * 60)
def test_every_text_is_filled_in_or_refused_in_a_sentence(template):
    assume(template.isprintable())
    found = outcome(template, {"a": "A", "light": ["L"]})
    if isinstance(found, InvalidRequest):
        assert found.message.endswith(".")
        assert found.hint
        assert len(found.message) < 200
    elif "{{" not in template and "｛" not in template:
        assert found == template
    else:
        assert "{{a}}" not in found


@given(
    st.text(st.characters(categories=["L", "Mn", "Nd"]), min_size=1, max_size=8),
    st.sampled_from(["NFC", "NFD", "NFKD"]),
)
def test_every_name_that_python_takes_is_one_in_all_its_forms(name, form):
    assume(name.isidentifier() and not iskeyword(unicodedata.normalize("NFKC", name)))
    typed = unicodedata.normalize(form, name)
    assume(typed.isidentifier())
    names: dict[str, str] = {}
    # As Python itself files it.
    exec(f"{name} = 'here'", names)
    assert fill(f"{{{{{typed}}}}}", names) == "here"


def dictionaries(values):
    return st.dictionaries(st.text("ab"), values, min_size=1)


@given(dictionaries(st.recursive(st.integers() | st.text("ab{} "), dictionaries, max_leaves=6)))
def test_json_is_never_refused(value):
    text = json.dumps(value)
    assert fill(text, {}) == text
    if "{" not in text.replace('{"', ""):
        doubled = text.replace("{", "{{").replace("}", "}}")
        assert fill(f"As {doubled}.", {}) == f"As {doubled}."
