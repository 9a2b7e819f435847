"""A `%%veo` cell, read: every line gives a command or one sentence on what to do."""

from __future__ import annotations

import json
import re
import shlex
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from veo_nb import catalog
from veo_nb.errors import InvalidRequest
from veo_nb.notebook.options import (
    OWN,
    CellCommand,
    as_options,
    fill,
    option_rows,
    parse_cell,
    split_words,
)

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
        ("--model omni --edit 3f2a", {"model": "omni", "edit": "3f2a"}),
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
        ("--duration", "--duration lacks its value. Write --duration 3|4|…|15."),
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
            "--reference a " * 7,
            "--reference can be given up to 6 times. Leave the others out.",
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


# From any keyboard, page and system


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (r"--image C:\Users\me\fox.png", ["--image", r"C:\Users\me\fox.png"]),
        (r"--image=C:\Users\me\fox.png", [r"--image=C:\Users\me\fox.png"]),
        (r'--image "C:\Users\me\my fox.png"', ["--image", r"C:\Users\me\my fox.png"]),
        (r"--image 'C:\Users\me\my fox.png'", ["--image", r"C:\Users\me\my fox.png"]),
        (r"-i C:\new\tables\fox.png", ["-i", r"C:\new\tables\fox.png"]),
        (r"-i \\server\share\fox.png", ["-i", r"\\server\share\fox.png"]),
        (r'-i "\\server\my share\fox.png"', ["-i", r"\\server\my share\fox.png"]),
        (r'--out "C:\my photos\" --wait', ["--out", "C:\\my photos\\", "--wait"]),
        (r"-i C:\Users\O'Brien\fox.png", ["-i", r"C:\Users\O'Brien\fox.png"]),
        (r"-i C:\(old)\$me\fox.png", ["-i", r"C:\(old)\$me\fox.png"]),
        (r"-i ..\photos\fox.png", ["-i", r"..\photos\fox.png"]),
        (r"--sweep image=C:\a.png,D:\b.png", ["--sweep", r"image=C:\a.png,D:\b.png"]),
        (r"-i my\ fox\ \(1\).png", ["-i", "my fox (1).png"]),
        ("-i l'été.png --last-frame d'or.png", ["-i", "l'été.png", "--last-frame", "d'or.png"]),
        (r'--negative-prompt "a \"b\" c"', ["--negative-prompt", 'a "b" c']),
        ("—model fast", ["--model", "fast"]),
        ("–d 8 −−wait", ["-d", "8", "--wait"]),
        ("－－ｍｏｄｅｌ＝fast", ["--model=fast"]),
        ("--aspect‑ratio 9:16", ["--aspect-ratio", "9:16"]),
        ("-model fast --m fast", ["--model", "fast", "-m", "fast"]),
        ("--negative-prompt —fog", ["--negative-prompt", "—fog"]),
        ("--model\u00a0fast\u3000-d\u20098", ["--model", "fast", "-d", "8"]),
        ("\u200f--model\u200f \ufefffast \u200b", ["--model", "fast"]),
        ("--image “my fox.png” -i „a b“ -i «c d» -i 「e f」", ["--image", "my fox.png", "-i", "a b", "-i", "c d", "-i", "e f"]),
        ("--sweep style=“noir=black, white || soft”", ["--sweep", "style=noir=black, white || soft"]),
        ("--negative-prompt 'don't blur' --wait", ["--negative-prompt", "don't blur", "--wait"]),
        ("--negative-prompt \u2018don\u2019t blur\u2019", ["--negative-prompt", "don\u2019t blur"]),
        ("--sweep x=fox,'big owl'", ["--sweep", "x=fox,big owl"]),
    ],
)  # fmt: skip
def test_words_are_read_as_they_were_meant(line, words):
    assert split_words(line) == words


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        (
            "--aspect-ratio ９：１６ -d ８ --seed ١٢",
            {"aspect_ratio": "9:16", "duration_seconds": 8, "seed": 12},
        ),
        ("--model ｆａｓｔ -r １０８０ｐ", {"model": "fast", "resolution": "1080p"}),
        (r"--video C:\Users\me\fox.mp4", {"video": r"C:\Users\me\fox.mp4"}),
        (r"--reference \\nas\fox.png", {"reference_images": [r"\\nas\fox.png"]}),
        ("--negative-prompt 'no {{weather}}'", {"negative_prompt": "no rain"}),
    ],
)
def test_values_are_read_as_they_were_meant(line, fields):
    assert parse(line, weather="rain").fields == fields


def test_a_name_for_the_job_is_one_of_pythons():
    assert parse("--out gro\u0308ße").out == "größe"
    assert (
        refusal(r"--out C:\Users\me\fox.mp4").message
        == r"--out C:\Users\me\fox.mp4 is no name for a variable."
    )


TYPED = st.text(max_size=12)


@given(st.lists(TYPED.filter(lambda word: not word.lstrip().startswith("-")), max_size=5))
@example(["C:\\"])
@example(["it's", ""])
def test_what_a_shell_would_quote_is_read_again(words):
    """As the panel's Copy as cell writes it."""
    assert split_words(" ".join(map(shlex.quote, words))) == words


@given(
    st.lists(
        st.sampled_from(["a", " ", "\\", '"', "'", "“", "”", "=", "C:", "—", "-", "d", ",", "\u200f"])
    ).map("".join)
)
def test_any_line_has_words_or_a_quote_that_is_not_closed(line):
    try:
        words = split_words(line)
    except InvalidRequest as error:
        words = []
        said = error.message
        assert said == "A quote in the options is not closed."
    assert sum(map(len, words)) <= len(line) + 2 * len(words)


# Several lines


@pytest.mark.parametrize(
    ("line", "cell"),
    [
        ("--model fast", "--image fox.png\nA fox."),
        ("--model fast \\", "--image fox.png\nA fox."),
        ("--model fast\\", "  --image fox.png \\\n\nA fox."),
        ("", "—model fast\n\u200f-i=fox.png\nA fox."),
        ("", "--model fast \\\r\n  --image \\\r\n  fox.png\r\nA fox.\r\n"),
    ],
)
def test_options_may_go_on_in_further_lines(line, cell):
    command = parse(line, cell)
    assert (command.prompt, command.fields) == ("A fox.", {"model": "fast", "image": "fox.png"})


@pytest.mark.parametrize("prompt", ["--model fast", "—image a", "-d 4 of them", "--no such option"])
def test_after_an_empty_line_all_is_prompt(prompt):
    assert parse("-d 4", f"\n{prompt}\nA fox.").prompt == f"{prompt}\nA fox."
    assert parse("-d 4", f"A fox.\n \n{prompt}").prompt == f"A fox.\n \n{prompt}"


@pytest.mark.parametrize(
    "prompt",
    [
        "- a fox\n- an owl",
        "—Wait! she says.",
        "-5 degrees",
        "-- and then",
        "---",
        "A fox, --model fast",
        "-image-like",
    ],
)
def test_what_only_looks_like_an_option_is_prompt(prompt):
    assert parse("-d 4", prompt).prompt == prompt


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("A fox.\n--image fox.png", "'--image' stands under the prompt, and would be sent as a part of it."),
        ("A fox.\n  -d 8\nIt runs.", "'-d' stands under the prompt"),
        ("A fox.\r\n—model=fast", "'—model' stands under the prompt"),
        ("--modl fast\nA fox.", "There is no option --modl. Did you mean --model?"),
        ("--Model fast\nA fox.", "There is no option --Model. Did you mean --model?"),
        ("--image\nfox.png", "--image lacks its value."),
        ("--last-frame fox.png", "The prompt is empty."),
        ("--wait \\\nA fox.", "'A' belongs to no option."),
    ],
)
def test_no_option_is_ever_sent_as_prompt(cell, words):
    assert str(refusal("", cell)).startswith(words)


@pytest.mark.parametrize("line", ["--image fox.png", "--video 3f2a"])
def test_beside_an_image_or_a_clip_the_catalog_says_whether_the_prompt_may_be_left_out(line):
    for found in (parse(line, ""), parse("", line)):
        assert (found.prompt, len(found.fields)) == ("", 1)


@given(st.text(st.sampled_from("-—d4 ai\n\r\\")), st.lists(WORDS, max_size=3))
def test_no_line_that_begins_with_an_option_is_prompt(text, lines):
    cell = "\n".join([text, *lines])
    found = outcome("", cell)
    # An empty line may stand above the prompt as well, and is not a part of it.
    if isinstance(found, CellCommand) and not re.search(r"\n\s*\n|^\s*\n", cell):
        for one in found.prompt.split("\n"):
            assert one.split()[:1] not in ([f"--{flag}"] for flag in FLAGS)


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


def test_what_the_notebook_has_inside_of_a_value_is_looked_up_once():
    command = parse(
        "--sweep 动物＝狐狸，猫头鹰", '{{动物}}, {{light[0]}}, {{d["k"]}}', light=["dawn"], d={"k": "fog"}
    )
    assert command.axes[0].labels == ("狐狸", "猫头鹰")
    assert command.variables == {"light[0]": "dawn", 'd["k"]': "fog"}


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
        ("--question Why?", "--question is for a sweep."),
        ("--sweep seed=1 --question Why? --question How?", "--question can be given once."),
    ],
)  # fmt: skip
def test_a_wrong_axis_says_what_to_do(line, words):
    assert str(refusal(line, "A {{animal}}.", number=5)).startswith(words)


# Names of the notebook in options

PARAMETERS: dict[str, Any] = {
    "seed": 7,
    "seconds": "4s",
    "model": "omni",
    "photo": Path("my photos/fox 1.png"),
    "pixels": object(),
    "shape": {"of a phone": "9:16"},
    "nothing": None,
    "animals": "fox,owl",
}


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("--seed {{seed}}", {"seed": 7}),
        ("--seed={{seed}} -d{{seconds}}", {"seed": 7, "duration_seconds": 4}),
        ("-m {{ model }}", {"model": "omni"}),
        ('-a {{ shape["of a phone"] }}', {"aspect_ratio": "9:16"}),
        ("--image {{photo}}", {"image": "my photos/fox 1.png"}),
        ("--image 'frames/{{seed}}.png'", {"image": "frames/7.png"}),
        ("--last-frame {{pixels}}", {"last_frame": "pixels"}),
        ("--seed {{nothing}} --reference {{photo}}", {"reference_images": ["my photos/fox 1.png"]}),
    ],
)
def test_an_option_reads_a_variable_and_none_leaves_it_out(line, fields):
    assert dict(parse(line, **PARAMETERS).fields) == fields


def test_a_take_and_the_values_of_an_axis_are_read_too_as_if_they_were_typed():
    assert parse("--take {{seed}}", **PARAMETERS).take == 7
    command = parse("--sweep animal={{animals}} --sweep seed={{seed}},8", "A {{animal}}.", **PARAMETERS)
    assert [axis.labels for axis in command.axes] == [("fox", "owl"), ("7", "8")]
    (prompts,) = parse("--sweep prompt='A {{animals}}||B'", **PARAMETERS).axes
    assert prompts.values[0].value == "A {{animals}}", "each cell fills in its own"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--seed {{sed}}", "{{sed}} is not defined in this notebook. Did you mean seed?"),
        ("--sweep seed={{sed}},1", "{{sed}} is not defined in this notebook."),
        ("--seed {{seed", "{{seed has no }} that closes it."),
        ("--image {{pixels.size}}", "{{pixels.size}} can't be filled in: object has no .size."),
        ("--take {{model}}", "--take can't be 'omni'. Write --take N."),
        *[
            (f"--{flag} {{{{nothing}}}}", f"--{flag}: nothing is None. Look whether its file was read")
            for flag in ("image", "last-frame", "reference", "video", "edit")
        ],
    ],
)
def test_a_variable_that_is_none_of_the_notebook_says_what_to_do(line, words):
    assert str(refusal(line, **PARAMETERS)).startswith(words)


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
        (
            "Nothing can be made with duration_seconds 5: duration_seconds can't be 5.",
            "Nothing can be made with --duration 5: --duration can't be 5.",
        ),
        (
            "Nothing can be made with mood 5: 1080p needs an 8 second clip.",
            "Nothing can be made with mood 5: 1080p needs an 8 second clip.",
        ),
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
    assert "-d, --duration 3|4|…|15" in rows
    assert "-m, --model standard|fast|lite|omni|omni-1.1" in rows
    assert "--take N" in rows
    assert "--enhance-prompt, --no-enhance-prompt" in rows
    assert "--reference IMAGE" in rows
    assert "--fit crop|pad" in rows
    assert len(rows) == len(FLAGS) + len(OWN)
    assert all(rows.values())
