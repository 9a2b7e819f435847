"""A `%%veo` cell, read: every line gives a command or one sentence on what to do."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from veo_nb import catalog
from veo_nb.errors import InvalidRequest
from veo_nb.notebook.options import OWN, CellCommand, as_options, fill, option_rows, parse_cell

FLAGS = [item.flag for item in catalog.OPTIONS]


def parse(line: str, cell: str = "A fox.", **names: object) -> CellCommand:
    return parse_cell(line, cell, names)


def refusal(line: str, cell: str = "A fox.", **names: object) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        parse(line, cell, **names)
    return caught.value


# Options


def test_the_cell_is_the_prompt_and_what_is_not_given_is_not_there():
    assert parse("", "\n  A fox crosses\na lake.  \n") == CellCommand(prompt="A fox crosses\na lake.")


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("--model fast", {"model": "fast"}),
        ("-m standard", {"model": "standard"}),
        ("--aspect-ratio 9:16", {"aspect_ratio": "9:16"}),
        ("-a 9:16 -r 1080p", {"aspect_ratio": "9:16", "resolution": "1080p"}),
        ("--duration 8", {"duration_seconds": 8}),
        ("-d 4", {"duration_seconds": 4}),
        ("-d 6s", {"duration_seconds": 6}),
        ("--duration=8", {"duration_seconds": 8}),
        ("-i fox.png", {"image": "fox.png"}),
        ("--image 'my photos/fox 1.png'", {"image": "my photos/fox 1.png"}),
        ('--image "my fox.png"', {"image": "my fox.png"}),
        ("--video 3f2a", {"video": "3f2a"}),
        ("--duration long", {"duration_seconds": "long"}),
        ("-i a.png --last-frame b.png", {"image": "a.png", "last_frame": "b.png"}),
        ("--reference a.png", {"reference_images": ["a.png"]}),
        (
            "--reference a.png --reference 'b c.png' --reference c",
            {"reference_images": ["a.png", "b c.png", "c"]},
        ),
        ("--person-generation allow_all", {"person_generation": "allow_all"}),
        ("--enhance-prompt", {"enhance_prompt": True}),
        ("--no-enhance-prompt", {"enhance_prompt": False}),
        ("--negative-prompt 'rain, snow'", {"negative_prompt": "rain, snow"}),
        ("--negative-prompt=''", {"negative_prompt": ""}),
        ("--seed 4294967295", {"seed": 4294967295}),
        ("--seed many", {"seed": "many"}),
        ("--seed=-1", {"seed": "-1"}),
        ("-n 2", {"sample_count": 2}),
        ("--samples 4", {"sample_count": 4}),
        ("--compression-quality lossless", {"compression_quality": "lossless"}),
        ("-i a.png --fit crop", {"image": "a.png", "fit": "crop"}),
    ],
)
def test_options_are_the_fields_of_the_request(line, fields):
    assert parse(line).fields == fields


def test_the_cells_own_options():
    command = parse("--take 2 --fresh --dry-run --wait --out fox")
    assert (command.take, command.fresh, command.dry_run, command.wait, command.out) == (
        2,
        True,
        True,
        True,
        "fox",
    )
    assert command.fields == {}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--aspekt-ratio 9:16", "There is no option --aspekt-ratio. Did you mean --aspect-ratio?"),
        ("--durtion=4", "There is no option --durtion. Did you mean --duration?"),
        ("--xyzzy", "There is no option --xyzzy. %veo help lists the options."),
        ("-z", "There is no option -z. %veo help lists the options."),
        ("--aspect 9:16", "There is no option --aspect."),
        (
            "A fox crosses.",
            "'A' belongs to no option. The prompt goes into the lines under %%veo.",
        ),
        ("--duration", "--duration lacks its value. Write --duration 4|6|8."),
        ("-d", "--duration lacks its value."),
        ("--image --wait", "--image lacks its value."),
        ("--take two", "--take can't be 'two'."),
        ("--fresh=yes", "--fresh takes no value. %veo help lists the options."),
        ("--no-enhance-prompt=1", "--enhance-prompt takes no value. %veo help lists the options."),
        ("--no-enhance", "There is no option --no-enhance. Did you mean --no-enhance-prompt?"),
        ("--seed", "--seed lacks its value. Write --seed N."),
        ("-n", "--samples lacks its value. Write --samples N."),
        ("--reference", "--reference lacks its value. Write --reference IMAGE."),
        ("--seed 1 --seed 2", "--seed can be given once. Leave the others out."),
        ("-d 4 --duration 8", "--duration can be given once."),
        ("--take 1 --take 2", "--take can be given once."),
        (
            "--reference a --reference b --reference c --reference d",
            "--reference can be given up to 3 times. Leave the others out.",
        ),
        ("--image 'fox.png", "A quote in the options is not closed."),
        ("--out 1fox", "--out 1fox is no name for a variable."),
        ("--out my-fox", "--out my-fox is no name"),
        ("--out class", "--out class is no name"),
    ],
)
def test_a_wrong_option_says_what_to_do(line, words):
    assert str(refusal(line)).startswith(words)


@pytest.mark.parametrize("cell", ["", " \n\t\n", "{{empty}}"])
def test_an_empty_prompt_is_refused(cell):
    error = refusal("", cell, empty="  ")
    assert (error.message, error.facts["field"]) == ("The prompt is empty.", "prompt")


def outcome(line: str, cell: str) -> CellCommand | InvalidRequest:
    try:
        return parse(line, cell)
    except InvalidRequest as error:
        return error


@given(st.text(), st.text())
@example("--take ²", "A fox.")
@example("--duration ٤", "A fox.")
@example("--", "A fox.")
@example("-d4", "A fox.")
@example("--image ''", "A fox.")
@example("-%s %(prog)s", "A fox.")
def test_every_line_and_every_cell_give_a_command_or_a_sentence(line, cell):
    found = outcome(line, cell)
    if isinstance(found, InvalidRequest):
        assert found.message.endswith((".", "?"))
        assert "\n" not in found.message or "\n" in line
    else:
        assert found.prompt.strip()
        assert set(found.fields) <= {item.name for item in catalog.OPTIONS}


WORDS = st.sampled_from(
    [f"--{flag}" for flag in FLAGS]
    + [f"--{flag}" for flag, _, _ in OWN]
    + ["-m", "-a", "-r", "-d", "-i", "--", "-", "8", "9:16", "fast", "fox.png", "x", "--model=fast", "''"]
)


@given(st.lists(WORDS, max_size=8).map(" ".join))
def test_every_mix_of_options_gives_a_command_or_a_sentence(line):
    found = outcome(line, "A fox.")
    if isinstance(found, InvalidRequest):
        assert found.message
        assert found.hint
    else:
        assert found.prompt == "A fox."


# Sweeps


def test_axes_come_from_the_line_and_their_values_from_the_notebook():
    command = parse(
        '--sweep animal=@animals --sweep "style=noir=black, white || soft=pastel" --sweep duration=4,8 -r 720p',
        "A {{animal}}, {{style}}, {{time}}.",
        animals=["fox", "owl"],
        time="dawn",
    )
    assert [(axis.name, axis.labels) for axis in command.axes] == [
        ("animal", ("fox", "owl")),
        ("style", ("noir", "soft")),
        ("duration_seconds", ("4", "8")),
    ]
    assert [value.value for value in command.axes[2].values] == [4, 8]
    assert (command.prompt, command.variables) == ("A {{animal}}, {{style}}, {{time}}.", {"time": "dawn"})
    assert command.fields == {"resolution": "720p"}


def test_an_axis_goes_before_a_variable_of_the_same_name():
    command = parse("--sweep animal=fox,owl", "A {{animal}}.", animal="bear")
    assert command.variables == {}


def test_variables_of_whole_prompts_are_looked_up_too():
    command = parse("--sweep prompt=@prompts", "{{prompt}}", prompts=["A {{animal}}.", "B."], animal="fox")
    assert command.variables == {"animal": "fox"}


def test_a_field_may_be_named_in_the_prompt_of_a_sweep():
    assert parse("--sweep take=1,2 --seed 7", "Seed {{seed}}.").variables == {}


def test_the_grids_own_options():
    command = parse("--sweep seed=1,2 --sweep take=1,2 --zip seed,take --rows seed --columns take --yes")
    assert (command.zip, command.rows, command.columns, command.yes) == (("seed,take",), "seed", "take", True)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--sweep animl=fox", "animl is neither a field of the request nor a {{animl}} in the prompt. Did you mean animal?"),
        ("--sweep animal", "'animal' names no axis and its values. Write --sweep NAME=VALUE,VALUE."),
        ("--sweep animal=", "The axis animal has no values."),
        ("--sweep animal=fox --sweep animal=owl", "The axis animal comes twice."),
        ("--sweep animal=@animals", "@animals is not defined in this notebook."),
        ("--sweep animal=@number", "@number is int, not a list of values."),
        ("--sweep seed=1,2", "{{animal}} is not defined in this notebook."),
        ("--sweep", "--sweep lacks its value. Write --sweep NAME=V1,V2."),
        ("--rows animal", "--rows is for a sweep. Give an axis: --sweep NAME=VALUE,VALUE."),
        ("--zip a,b", "--zip is for a sweep."),
    ],
)  # fmt: skip
def test_a_wrong_axis_says_what_to_do(line, words):
    assert str(refusal(line, "A {{animal}}.", number=5)).startswith(words)


# Names in the prompt


def test_names_are_read_from_the_notebook():
    assert (
        fill("A {{animal}} at {{ hour }} o'clock, {{animal}}.", {"animal": "fox", "hour": 7})
        == "A fox at 7 o'clock, fox."
    )


def test_a_value_is_put_in_as_it_is():
    assert fill("{{x}}", {"x": r"\1 \g<0> {{y}} <b>"}) == r"\1 \g<0> {{y}} <b>"


@pytest.mark.parametrize(
    "prompt",
    [
        json.dumps({"scene": {"subject": "fox", "tags": ["{a}", "b"]}, "nested": {"deep": {"er": {}}}}),
        json.dumps({"scene": {"subject": {"name": "fox"}}}, indent=2),
        '{"a":{"b":{"c":1}}}',
        "{single} { {a} } }} {",
        "{% if %} ${x} %s $x",
    ],
)
def test_other_braces_stay_as_they_are(prompt):
    assert fill(prompt, {}) == prompt


@given(
    st.recursive(
        st.none() | st.integers() | st.text(string.printable),
        lambda inner: st.dictionaries(st.text("ab"), inner),
    )
)
@settings(max_examples=40)
def test_a_prompt_written_in_json_is_never_touched(value):
    """`json.dumps` never writes two opening braces side by side."""
    text = json.dumps(value)
    if "{{" not in text:
        assert fill(text, {}) == text


@pytest.mark.parametrize(
    ("names", "hint"),
    [
        ({"animals": 1, "_": 2}, "Did you mean animals?"),
        ({}, "Set it in a cell above: animal = …"),
        ({"_animal": 1, "In": 2, "x": 3}, "Set it in a cell above: animal = …"),
    ],
)
def test_a_name_that_is_not_there_says_what_to_do(names, hint):
    with pytest.raises(InvalidRequest) as caught:
        fill("An {{animal}}.", names)
    assert caught.value.message == "{{animal}} is not defined in this notebook."
    assert caught.value.hint == hint


# Words


@pytest.mark.parametrize(
    ("field_words", "option_words"),
    [
        ('Use duration_seconds=8 or resolution="720p".', "Use --duration 8 or --resolution 720p."),
        ("duration_seconds can't be 5.", "--duration can't be 5."),
        ("aspect_ratio can't be '4:3'.", "--aspect-ratio can't be '4:3'."),
        ("take can't be 0.", "--take can't be 0."),
        ("image is a whole video.", "--image is a whole video."),
        ("Give image= as well.", "Give --image as well."),
        (
            'Use aspect_ratio="9:16", or fit="crop" or fit="pad".',
            "Use --aspect-ratio 9:16, or --fit crop or --fit pad.",
        ),
        ("fit can't be 'stretch'.", "--fit can't be 'stretch'."),
        ("Leave out video= or the images.", "Leave out --video or the images."),
        ("The image fox.png is broken.", "The image fox.png is broken."),
        ("There is no model 'fsat'.", "There is no model 'fsat'."),
    ],
)
def test_what_is_said_about_fields_is_said_about_options(field_words, option_words):
    assert as_options(field_words) == option_words


def test_every_rule_of_the_catalog_speaks_of_options_that_exist():
    for rule in catalog.RULES:
        for word in as_options(rule.hint).split():
            if word.startswith("--"):
                assert word.strip(".,").removeprefix("--") in FLAGS


@given(st.text())
def test_no_text_breaks_it(text):
    assert isinstance(as_options(text), str)


def test_the_help_knows_every_option():
    rows = dict(option_rows())
    assert "-d, --duration 4|6|8" in rows
    assert "-m, --model standard|fast|lite" in rows
    assert "--take N" in rows
    assert "--enhance-prompt, --no-enhance-prompt" in rows
    assert "--reference IMAGE" in rows
    assert "--fit crop|pad" in rows
    assert len(rows) == len(FLAGS) + len(OWN)
    assert all(rows.values())
