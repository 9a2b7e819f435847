"""What Tab offers: only what fits here, and nothing twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from IPython.core.completer import provisionalcompleter
from PIL import Image

from tests.notebook.test_display import make_job, make_video
from tests.notebook.test_magics import magics_of
from veo_nb import catalog
from veo_nb.engine.job import Job
from veo_nb.errors import SubmissionUncertain, TransportError
from veo_nb.notebook.completion import Known, complete, list_files
from veo_nb.notebook.magics import unregister
from veo_nb.notebook.options import all_flags
from veo_nb.notebook.pages.help import COMMANDS
from veo_nb.store.rows import State

FILES = ["fox.png", "my fox.JPG", "owl.webp", "notes.txt", "photos/", "photos/hare.png"]
STILL = Image.new("RGB", (16, 9))


def named(job_id: str, job: Job) -> Job:
    job.id = job_id
    return job


@pytest.fixture
def jobs(tmp_path) -> list[Job]:
    failed = make_job(state=State.FAILED, operation="op", error=TransportError("No."))
    lost = make_job(state=State.UNCERTAIN, error=SubmissionUncertain("Lost."))
    (tmp_path / "fox.mp4").touch()
    made = make_job(videos=(make_video(tmp_path / "fox.mp4"),))
    return [
        named("3f2a", made),
        named("3f9c", make_job(state=State.RUNNING)),
        named("bad2", failed),
        named("late", lost),
    ]


@pytest.fixture
def tab(jobs):
    """`tab("%%veo --asp")`: what would be put in the place of what was typed, with what stands before it."""

    def press(before: str, **names: Any) -> list[str]:
        known = Known(names, lambda: jobs, lambda start: [f for f in FILES if f.startswith(start)])
        found = complete(before, known)
        assert found is not None
        fragment, offers = found
        assert before.endswith(fragment)
        return [offer.text for offer in offers]

    return press


@pytest.mark.parametrize(
    ("before", "after", "put"),
    [
        ('%%veo --image "fo', '"', ['"fox.png']),
        ("%%veo --image 'my", "' -d 4", ["'my fox.JPG"]),
        ('%%veo --image "fo', "", ['"fox.png"']),
        # The quote that follows opens another word.
        ('%%veo --image "fo', ' --model "fast"', ['"fox.png"']),
        ("%%veo\nA {{moo", "}} fox", ["mood"]),
        ("%%veo\nA {{moo", "} fox", ["mood}"]),
        ("%%veo\r\nA {{moo", "\r", ["mood}}"]),
        ("\n \r\n%%veo --asp", "", ["--aspect-ratio"]),
    ],
)
def test_what_the_editor_has_closed_is_not_closed_again(jobs, before, after, put):
    known = Known({"mood": "noon"}, lambda: jobs, lambda start: [f for f in FILES if f.startswith(start)])
    found = complete(before, known, after)
    assert found is not None
    assert [offer.text for offer in found[1]] == put


# Options


def test_an_empty_line_offers_every_option(tab):
    assert tab("%%veo ") == [f"--{flag}" for flag in all_flags()]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("--asp", ["--aspect-ratio"]),
        ("-a 9:16 --d", ["--duration", "--draft", "--dry-run"]),
        ("--no", ["--no-enhance-prompt", "--no-generate-audio"]),
        ("--enh", ["--enhance-prompt"]),
        ("--no-enhance-prompt --", [f"--{f}" for f in all_flags() if "enhance" not in f]),
        ("--fi", ["--fit"]),
        ("--xyz", []),
    ],
)
def test_options_that_begin_so_are_offered(tab, typed, offered):
    assert tab(f"%%veo {typed}") == offered


@pytest.mark.parametrize("given_", ["--aspect-ratio 9:16", "-a 9:16", "--aspect-ratio=9:16"])
def test_an_option_is_not_offered_twice(tab, given_):
    assert "--aspect-ratio" not in tab(f"%%veo {given_} --")


def test_references_are_offered_as_often_as_some_model_takes_them(tab):
    assert "--reference" in tab(f"%%veo {'--reference a ' * 5}--")
    assert "--reference" not in tab(f"%%veo {'--reference a ' * 6}--")


@pytest.mark.parametrize(
    ("before", "offered"),
    [
        ("%%veo --model fast\n--asp", ["--aspect-ratio"]),
        ("%%veo --model fast \\\n  -", None),
        ("%%veo\n--model fast\n--image f", ["fox.png"]),
        ("%%veo --image \\\nf", ["fox.png"]),
        ("%%veo --image\\\nf", ["fox.png"]),
    ],
)
def test_options_are_offered_in_further_lines_too(tab, before, offered):
    found = tab(before)
    assert found == offered if offered else "--image" in found
    assert "--model" not in found


@pytest.mark.parametrize(
    "before", ["%%veo\n\n--asp", "%%veo\nA fox.\n\n--asp", "%%veo\nA fox --asp", "%%veo\nA fox.\n--a"]
)
def test_nothing_is_offered_in_the_prompt(before):
    assert complete(before, Known({}, list, lambda _: [])) is None


# Values


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("--aspect-ratio ", ["16:9", "9:16"]),
        ("-a 9", ["9:16"]),
        ("--aspect-ratio=", ["16:9", "9:16"]),
        ("--resolution=1", ["1080p"]),
        ("--model fast -d ", ["4", "6", "8"]),
        ("--model ", ["standard", "fast", "lite", "omni", "omni-1.1"]),
        ("--model omni -d 1", ["10", "11", "12", "13", "14", "15"]),
        ("--model omni -r ", ["360p", "720p", "1080p", "4k"]),
        ("-m f", ["fast"]),
        ("--person-generation allow_al", ["allow_all"]),
        ("--samples ", ["1", "2", "3", "4"]),
        ("--compression-quality ", ["optimized", "lossless"]),
        ("--fit ", ["crop", "pad"]),
        ("--seed ", []),
        ("--negative-prompt ", []),
        ("--take ", []),
        ("--out ", []),
    ],
)
def test_the_values_of_an_option_are_offered(tab, typed, offered):
    assert tab(f"%%veo {typed}") == offered


def test_after_a_switch_comes_an_option(tab):
    assert "--model" in tab("%%veo --enhance-prompt --")
    assert "--model" in tab("%%veo --fresh ")


@pytest.mark.parametrize("model", ["-m four", "--model four", "--model=four"])
def test_values_are_those_of_the_model_that_the_line_names(tab, monkeypatch, model):
    four = catalog.Model(id="veo-4", title="Veo 4", alias="four", aspect_ratios=("1:1",), durations=(12,))
    monkeypatch.setitem(catalog.MODELS, four.id, four)
    assert tab("%%veo --model fo") == ["four"]
    assert tab(f"%%veo {model} -a ") == ["1:1"]
    assert tab(f"%%veo {model} -d ") == ["12"]


def offers(line: str, provider: str) -> list[str]:
    """What Tab offers at this provider."""
    found = complete(f"%%veo {line}", Known({}, list, lambda _: [], catalog.PROVIDERS[provider]))
    assert found is not None
    return [offer.text for offer in found[1]]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("-m gemini:o", ["gemini:omni", "gemini:omni-1.1"]),
        ("--model vertex:", []),
        ("--model o", []),
        (
            "--sweep model=fast,gem",
            [f"gemini:{one}" for one in ("standard", "fast", "lite", "omni", "omni-1.1")],
        ),
        ("--sweep model=gemini:omni,gemini:omni", ["gemini:omni-1.1"]),
        ("--sweep=model=gemini:f", ["gemini:fast"]),
        ("--sweep aspect_ratio=16:9,", ["9:16"]),
        ("--sweep animal=", []),
        ("--sweep ", []),
        ("--model gemini:omni -d 1", ["10", "11", "12", "13", "14", "15"]),
        ("--model fast -d ", ["4", "6", "8"]),
        # Five seconds are what only Omni makes of these.
        ("-d 5 --model ", ["gemini:omni", "gemini:omni-1.1"]),
        ("--model fast --neg", ["--negative-prompt"]),
    ],
)
def test_the_models_of_other_providers_with_a_key_are_offered_with_their_names(line, offered):
    known = Known({}, list, lambda _: [], catalog.PROVIDERS["gptproto"], others=("gemini",))
    found = complete(f"%%veo {line}", known)
    assert found is not None
    assert f"%%veo {line}".endswith(found[0])
    assert [offer.text for offer in found[1]] == offered


def test_the_models_are_those_that_the_provider_serves():
    assert offers("-m f", "gptproto") == ["fast"]
    assert offers("-m veo-3.1-f", "vertex") == ["veo-3.1-fast-generate-001"]


@pytest.mark.parametrize(
    ("line", "provider", "offered"),
    [
        ("--person-generation ", "gptproto", ["allow_all", "allow_adult"]),
        ("--person-generation ", "vertex", ["allow_all", "allow_adult", "dont_allow"]),
        ("-m lite -r ", "vertex", ["720p", "1080p"]),
        ("-r 4k -d ", "gptproto", ["8"]),
        ("-r 4k -d ", "vertex", ["4", "6", "8"]),
        ("-d 4 --resolution=", "gemini", ["720p"]),
        ("--reference a.png -d ", "vertex", ["8"]),
        ("--video 3f2a -r ", "gptproto", ["720p"]),
        ("--video 3f2a -r ", "vertex", ["720p", "1080p", "4k"]),
        ("--resize-mode ", "vertex", ["pad", "crop"]),
        ("--gen", "gptproto", []),
        ("--gen", "vertex", ["--generate-audio"]),
        ("--no-", "vertex", ["--no-generate-audio"]),
        ("--no-", "gemini", ["--no-enhance-prompt"]),
    ],
)
def test_values_and_options_are_those_that_go_with_the_line_at_this_provider(line, provider, offered):
    assert offers(line, provider) == offered


@pytest.mark.parametrize("option", ["--image", "-i", "--last-frame", "--reference"])
def test_an_image_is_a_variable_or_a_file_that_looks_like_one(tab, option):
    names = {"still": STILL, "array": np.zeros((9, 16)), "mood": "noon", "_still": STILL}
    offered = tab(f"%%veo {option} ", **names)
    assert offered == ["still", "array", "fox.png", '"my fox.JPG"', "owl.webp", "photos/", "photos/hare.png"]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("fo", ["fox.png"]),
        ("photos/", ["photos/", "photos/hare.png"]),
        ('"my', ['"my fox.JPG"']),
        ("'my f", ["'my fox.JPG'"]),
        ('"pho', ['"photos/', '"photos/hare.png"']),
        ("not", []),
    ],
)
def test_a_name_with_a_space_is_put_in_quotes_and_a_folder_is_left_open(tab, typed, offered):
    assert tab(f"%%veo --image {typed}") == offered


def test_a_video_is_a_job_that_has_one_or_a_variable(tab, jobs):
    assert tab("%%veo --video ", fox=jobs[0], clip=jobs[0].video, reading="noon") == ["3f2a", "fox", "clip"]
    assert tab("%%veo --video 3") == ["3f2a"]


# The prompt


def test_in_the_prompt_names_are_offered_after_two_braces(tab):
    names = {"mood": "noon", "more": 3, "still": STILL, "_i": "x"}
    assert tab("%%veo -d 4\nA fox, {{mo", **names) == ["mood}}", "more}}"]
    assert tab("%%veo\nA fox.\nIn {{ ", **names) == ["mood}}", "more}}"]
    assert tab("%%veo\nA {{gro\u0308", größe=1) == ["größe}}"]
    assert tab("%%veo\n一只{{动", 动物=1) == ["动物}}"]


@pytest.mark.parametrize(
    "before",
    [
        "%%veo\nA fox",
        "%%veo\nA {mo",
        "%%veo\nA {{mood}} fo",
        "%%veo",
        "%%veos --a",
        "x = 1\nvalue.",
        "print('%%veo --a')",
        "",
        "\n",
        "%%time\n%%veo --a",
    ],
)
def test_everything_else_is_left_to_python(before):
    assert complete(before, Known({"mood": 1}, list, lambda _: [])) is None


# %veo


def test_the_commands_are_those_of_the_help(tab):
    named_there = dict.fromkeys(name.split()[1] for name, _ in COMMANDS if " " in name)
    assert tab("%veo ") == [*named_there]
    assert tab("%veo doctor ") == ["--repair"]
    assert tab("%veo re") == ["retry", "rerun", "resubmit", "resume", "report"]
    assert tab("x = 1\n  %veo he") == ["help"]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("show ", ["3f2a", "3f9c", "bad2", "late"]),
        ("show 3f", ["3f2a", "3f9c"]),
        ("cancel ", ["3f9c"]),
        ("retry ", ["bad2"]),
        ("rerun ", ["3f2a"]),
        ("resubmit ", ["late"]),
        ("wait ", []),
        ("show 3f2a ", []),
        ("tips 3f", ["3f2a", "3f9c"]),
    ],
)
def test_a_command_is_offered_the_jobs_for_which_it_is_any_use(tab, typed, offered):
    assert tab(f"%veo {typed}") == offered


@example("0\n", "%%veo ")
@given(st.text(), st.sampled_from(["%%veo ", "%veo ", "%%veo --image ", "%%veo\n", ""]))
def test_any_text_can_be_completed(text, start):
    found = complete(start + text, Known({"mood": 1}, list, lambda _: ["a.png"]))
    assert found is None or (start + text).endswith(found[0])


# Files


def test_files_are_listed_by_their_beginning(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for name in ("fox.png", ".hidden.png", "photos/hare.png"):
        (tmp_path / name).touch()
    assert list_files("") == ["fox.png", "photos/"]
    assert list_files("fo") == ["fox.png"]
    assert list_files("photos/h") == ["photos/hare.png"]
    assert list_files(f"{tmp_path}/f") == [f"{tmp_path}/fox.png"]
    assert list_files(".h") == [".hidden.png"]


@pytest.mark.parametrize("start", ["nowhere/x", "a\0b/c", "~nobody-here/x", "fox.png/"])
def test_what_cannot_be_listed_is_empty(start, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fox.png").touch()
    assert list_files(start) == []


# In a shell


@pytest.fixture(params=[True, False], ids=["matchers", "before IPython 8.6"])
def matchers(request, monkeypatch):
    """With IPython's matchers where they are, and as it is without them."""
    if not request.param:
        monkeypatch.delattr("IPython.core.completer.context_matcher", raising=False)


@pytest.mark.filterwarnings("ignore:.*Completer.complete:PendingDeprecationWarning")
@pytest.mark.usefixtures("matchers")
@pytest.mark.parametrize("use_jedi", [True, False])
def test_a_shell_offers_this_and_nothing_else_until_it_is_unloaded(shell, studio, use_jedi):
    shell.Completer.use_jedi = use_jedi
    shell.user_ns["mood"] = "noon"

    def press(code: str) -> list[tuple[int, str, str]]:
        with provisionalcompleter():
            return [(c.start, c.text, c.type) for c in shell.Completer.completions(code, len(code))]

    before = [*shell.Completer.custom_matchers]
    shell.register_magics(magics_of(shell, studio))
    assert press("%%veo --asp") == [(6, "--aspect-ratio", "option")]
    assert press("%%veo -a ") == [(9, "16:9", "value"), (9, "9:16", "value")]
    assert press("%%veo -m ")[:2] == [(9, "standard", "value"), (9, "fast", "value")]
    assert press("%%veo\nA fox, {{mo") == [(15, "mood}}", "name")]
    assert press("%veo canc") == [(5, "cancel", "command")]
    assert "mood" in [text for _, text, _ in press("moo")]
    # A host that has the newer interface switched off sends one line.
    assert shell.complete("", "%%veo --asp", 11) == ("--asp", ["--aspect-ratio"])
    assert "%lsmagic" in shell.complete("", "%lsmag", 6)[1]
    unregister(shell)
    assert shell.Completer.custom_matchers == before
    assert not {"completions", "complete"} & vars(shell.Completer).keys()
    assert "--aspect-ratio" not in [text for _, text, _ in press("%%veo --asp")]


@pytest.mark.usefixtures("matchers")
def test_tab_never_fails_where_the_cell_itself_would(shell, studio, capsys):
    def refuse(limit: int) -> Any:
        raise TransportError("The ledger is busy.")

    studio.history = refuse
    shell.register_magics(magics_of(shell, studio))
    with provisionalcompleter():
        list(shell.Completer.completions("%veo show ", 10))
    assert "busy" not in capsys.readouterr().err
    unregister(shell)
