"""`%%veo` and `%veo` in a real shell of IPython: each command, and each wrong input of which the cell must say what to do."""

from __future__ import annotations

import base64
import io
import os
import signal
import threading
from pathlib import Path
from types import SimpleNamespace

import httpx2
import numpy as np
import pytest
from IPython.utils.capture import capture_output
from PIL import Image

from tests.world import Held
from veo_nb import errors
from veo_nb.engine.job import Job
from veo_nb.notebook import magics
from veo_nb.notebook.card import JobView
from veo_nb.notebook.magics import VeoMagics, unregister
from veo_nb.notebook.pages.greeting import greeting
from veo_nb.notebook.pages.help import COMMANDS
from veo_nb.studio import Studio


def magics_of(shell, studio: Studio, configure=None) -> VeoMagics:
    return VeoMagics(
        shell,
        studio=lambda: studio,
        active=studio.jobs.active,
        configure=configure or (lambda _: studio),
        doctor=lambda: "all is well",
        set_key=lambda provider, key: studio,
    )


class Ran:
    """What a cell printed, displayed and raised."""

    def __init__(self, shell, code: str) -> None:
        shell.display_pub.outputs.clear()
        with capture_output(display=False) as captured:
            result = shell.run_cell(code)
        self.printed = captured.stdout
        self.error = result.error_before_exec or result.error_in_exec
        self.outputs = [data for data, _ in shell.display_pub.outputs]
        self.text = "\n".join(data["text/plain"] for data in self.outputs)
        self.html = "\n".join(data.get("text/html", "") for data in self.outputs)


@pytest.fixture
def settings():
    """What `%config` asked for, oldest first."""
    return []


@pytest.fixture
def loaded(shell, studio, settings):
    """The shell with the magics of `studio`."""

    def configure(changes):
        if changes["provider"] == "nobody":
            raise errors.InvalidRequest("There is no provider 'nobody'.")
        settings.append({name: value for name, value in changes.items() if value is not None})
        return studio

    shell.register_magics(magics_of(shell, studio, configure))
    yield shell
    unregister(shell)


@pytest.fixture
def run(loaded):
    return lambda code: Ran(loaded, code)


@pytest.fixture
def notebook(loaded):
    """The shell as in a kernel: with a front end that shows widgets."""
    type(loaded).kernel = SimpleNamespace()
    yield lambda code: Ran(loaded, code)
    del type(loaded).kernel


# Making a clip


def test_a_dry_run_says_that_its_model_ends(shell, make_studio):
    studio = make_studio(provider="gemini", model="omni-1.1")
    shell.register_magics(magics_of(shell, studio))
    ran = Ran(shell, "%%veo --dry-run\nA fox.")
    unregister(shell)
    assert (
        "Gemini Omni 1.1 (Gemini API) is reported to be off since 2026-12-03; gemini-omni-1.2-flash"
        in ran.text
    )


def test_clips_are_measured_by_their_id(run, studio):
    job = studio.generate("A fox.", duration_seconds=4).wait(30)
    ran = run(f"%veo measure {job.id}")
    assert ran.error is None
    assert "motion %/s" in ran.text
    assert job.video.measures["motion"] is not None
    assert "There is no" in str(run("%veo measure zzzz").error)


def test_a_cell_makes_a_clip_and_binds_the_job(run, loaded, service):
    ran = run("%%veo --aspect-ratio 9:16 -d 4 --out fox\nA fox.")
    assert ran.error is None
    job = loaded.user_ns["fox"]
    assert isinstance(job, Job)
    assert ran.printed.startswith(job.id)
    job.wait(30)
    assert service.posts == [
        {"instances": [{"prompt": "A fox."}], "parameters": {"aspectRatio": "9:16", "durationSeconds": "4"}}
    ]


def test_names_in_the_prompt_are_those_of_the_notebook(run, loaded, service):
    loaded.user_ns["mood"] = "golden"
    run("%%veo --wait\nA fox, {{mood}} light, {mood}, $mood.")
    assert service.posts[0]["instances"][0]["prompt"] == "A fox, golden light, {mood}, $mood."


@pytest.mark.parametrize(
    ("cell", "field"),
    [
        ("%%veo\nA fox \\ud83e.", "prompt"),
        ("%%veo --negative-prompt 'rain \\ud83e'\nA fox.", "negative_prompt"),
        ("%%veo --image '\\ud83e.png'\nA fox.", "image"),
        ("%%veo --sweep x=fox,\\ud83e\nA {{x}}.", "x"),
    ],
)
def test_half_a_character_is_refused_with_its_field(run, service, cell, field):
    # As a notebook has it that was not written by a person: the shell itself can't run such a cell.
    name, _, body = cell.replace("\\ud83e", "\ud83e").partition("\n")
    ran = run(f"get_ipython().run_cell_magic('veo', {name.removeprefix('%%veo').strip()!r}, {body!r})")
    assert isinstance(ran.error, errors.InvalidRequest)
    assert str(ran.error).startswith(f"{field} holds half a character")
    assert service.posts == []


def test_a_prompt_in_json_goes_out_as_it_is(run, service):
    prompt = '{"scene": {"subject": "fox", "style": {"light": "noon"}}}'
    run(f"%%veo --wait\n{prompt}")
    assert service.posts[0]["instances"][0]["prompt"] == prompt


def test_wait_holds_the_cell_until_the_video_is_here(run):
    ran = run("%%veo --wait\nA fox.")
    assert ran.error is None
    assert "<video" in ran.html


def test_wait_raises_the_jobs_own_error(run, service):
    service.submits = [httpx2.Response(400, json={"error": {"message": "content policy violation"}})]
    ran = run("%%veo --wait\nA fox.")
    assert isinstance(ran.error, errors.ContentBlocked)


def test_the_same_cell_shows_the_stored_clip_and_sends_nothing(run, service):
    run("%%veo --wait\nA fox.")
    for code in ("%%veo\nA fox.", "%%veo --wait\nA fox."):
        again = run(code)
        assert "shown again, nothing sent" in again.text
        assert again.html.count("<video") == 1
    assert len(service.posts) == 1


def test_take_and_fresh_send_again(run, service):
    run("%%veo --wait\nA fox.")
    run("%%veo --wait --take 2\nA fox.")
    run("%%veo --wait --fresh\nA fox.")
    assert len(service.posts) == 3


def test_a_dry_run_sends_nothing(run, service, tmp_path):
    ran = run("%%veo --dry-run -d 8\nA fox.")
    assert "Nothing sent · 1 clip · about $1.20" in ran.text
    assert service.requests == []
    assert not (tmp_path / "library").exists()


def test_what_the_provider_has_no_place_for_is_refused_before_anything_is_sent(run, service):
    ran = run("%%veo --compression-quality lossless\nA fox.")
    assert isinstance(ran.error, errors.InvalidRequest)
    assert "--compression-quality is for Vertex AI only. Leave it out, or use the provider vertex." in str(
        ran.error
    )
    assert service.requests == []


def test_at_vertex_ai_a_cell_can_set_and_vary_the_compression(shell, make_studio, service):
    studio = make_studio(provider="vertex")
    shell.register_magics(magics_of(shell, studio))
    single = Ran(shell, "%%veo --dry-run --compression-quality lossless\nA fox.")
    several = Ran(shell, "%%veo --dry-run --sweep compression-quality=optimized,lossless\nA fox.")
    unregister(shell)
    assert "lossless compression" in single.text
    assert several.text.splitlines()[0].split() == ["optimized", "lossless"]
    assert "Nothing sent · 2 requests" in several.text
    assert service.requests == []


def test_an_image_is_a_file_or_a_variable(run, loaded, service, tmp_path):
    Image.new("RGB", (8, 8), "red").save(tmp_path / "red.png")
    Image.new("RGB", (8, 8), "blue").save(tmp_path / "blue", "PNG")
    loaded.user_ns["teal"] = Image.new("RGB", (8, 8), "teal")
    loaded.user_ns["blue"] = "not this one: the file wins"
    for name in ("red.png", "teal", "blue"):
        assert run(f"%%veo --wait --image {name}\nA fox.").error is None
    sent = [post["instances"][0]["image"]["bytesBase64Encoded"] for post in service.posts]
    assert len(set(sent)) == 3


def test_frames_and_references_are_files_or_variables_too(run, loaded, service, tmp_path):
    Image.new("RGB", (16, 9), "red").save(tmp_path / "red.png")
    loaded.user_ns["teal"] = Image.new("RGB", (16, 9), "teal")
    loaded.user_ns["grey"] = np.full((9, 16), 128, np.uint8)
    assert run("%%veo --wait --image red.png --last-frame teal\nA fox.").error is None
    assert run("%%veo --wait --reference red.png --reference teal --reference grey\nA fox.").error is None
    first, second = (post["instances"][0] for post in service.posts)
    assert {"image", "lastFrame"} <= first.keys()
    sent = [reference["image"]["bytesBase64Encoded"] for reference in second["referenceImages"]]
    assert len(set(sent)) == 3
    assert first["lastFrame"]["bytesBase64Encoded"] == sent[1]


@pytest.mark.parametrize(
    "option",
    ["--image photo", "--last-frame photo", "--reference photo", "--video photo", "--sweep image=photo"],
)
def test_a_picture_or_a_clip_that_is_none_is_refused_since_another_clip_would_be_paid(
    run, loaded, service, option
):
    # What OpenCV gives for a file that it does not find.
    loaded.user_ns["photo"] = None
    assert "photo is None. Look whether its file was read" in str(run(f"%%veo {option}\nA fox.").error)
    assert service.posts == []


@pytest.mark.parametrize("axis", ["image", "reference"])
def test_an_axis_takes_the_pictures_that_a_list_of_the_notebook_holds(run, loaded, service, tmp_path, axis):
    Image.new("RGB", (32, 18), "red").save(tmp_path / "red.png")
    loaded.user_ns["photos"] = [
        None,
        Image.new("RGB", (32, 18), "teal"),
        np.full((18, 32), 128, np.uint8),
        tmp_path / "red.png",
    ]
    assert run(f"%%veo --wait --sweep {axis}=@photos\nA fox.").error is None
    sent = [
        str(post["instances"][0].get("image") or post["instances"][0].get("referenceImages"))
        for post in service.posts
    ]
    assert len(set(sent)) == len(sent) == 4
    assert sum("bytesBase64Encoded" in one for one in sent) == 3


def test_every_option_reaches_the_wire_and_what_is_unset_is_left_out(run, service):
    line = (
        "-m standard -a 9:16 -r 720p -d 8 --person-generation allow_all --no-enhance-prompt "
        "--negative-prompt 'rain' --seed 7 -n 2"
    )
    assert run(f"%%veo --wait {line}\nA fox.").error is None
    assert service.posts[0]["parameters"] == {
        "aspectRatio": "9:16",
        "resolution": "720p",
        "durationSeconds": "8",
        "personGeneration": "allow_all",
        "enhancePrompt": False,
        "negativePrompt": "rain",
        "seed": 7,
        "sampleCount": 2,
    }


def test_fit_makes_the_picture_fit_and_without_it_the_card_says_that_the_provider_does(
    run, service, tmp_path
):
    Image.new("RGB", (640, 427), "teal").save(tmp_path / "photo.png")
    assert "photo.png (3:2, the provider makes it 16:9)" in run("%%veo --wait -i photo.png\nA fox.").text
    assert "from photo.png\n" in run("%%veo --wait -i photo.png --fit crop\nA fox.").text
    sizes = [
        Image.open(io.BytesIO(base64.b64decode(post["instances"][0]["image"]["bytesBase64Encoded"]))).size
        for post in service.posts
    ]
    assert sizes == [(640, 427), (640, 360)]
    assert "--fit crop or --fit pad makes the picture 16:9" in run("%%veo --dry-run -i photo.png\nA.").text


def test_a_video_is_a_job_a_variable_or_an_address(run, loaded, service):
    run("%%veo --wait --out fox\nA fox.")
    job = loaded.user_ns["fox"]
    loaded.user_ns["clip"] = job.video
    for number, name in enumerate((job.id, "fox", "clip", "https://x.example/a.mp4")):
        assert run(f"%%veo --wait --video {name} --take {number + 1}\nIt looks back.").error is None
    sent = [post["instances"][0]["video"]["uri"] for post in service.posts[1:]]
    assert sent == [job.video.uri] * 3 + ["https://x.example/a.mp4"]


def test_a_clip_is_changed_by_the_id_of_its_job_or_a_variable(shell, make_studio, service):
    shell.register_magics(magics_of(shell, make_studio(provider="gemini")))
    Ran(shell, "%%veo --wait --out fox\nA fox.")
    fox = shell.user_ns["fox"]
    cells = [f"%%veo --wait --edit {fox.id}\nMake it snow", "%%veo --wait --edit fox\nAt night"]
    again, lost = [Ran(shell, cell) for cell in cells], Ran(shell, "%%veo --edit zzzz\nAt dawn")
    unregister(shell)
    assert [ran.error for ran in again] == [None, None]
    assert [post.get("previous_interaction_id") for post in service.posts] == [None, *[fox.operation] * 2]
    assert "There is no job 'zzzz' in this library." in str(lost.error)


def test_the_model_that_made_a_clip_changes_it_whichever_is_set(shell, make_studio, service):
    shell.register_magics(magics_of(shell, make_studio(provider="gemini", model="omni-1.1")))
    Ran(shell, "%%veo --wait --model omni --out fox\nA fox.")
    fox = shell.user_ns["fox"]
    for cell in (
        "--edit fox\nMake it snow",
        "--edit fox --sweep light=dusk\nMake it {{light}}",
        "--video fox\nOn.",
    ):
        assert Ran(shell, f"%%veo --wait {cell}").error is None
    Ran(shell, "%%veo --wait --edit fox --model omni-1.1\nAt night")
    unregister(shell)
    assert [post["model"] for post in service.posts] == [fox.request.model] * 4 + ["gemini-omni-1.1-flash"]


def test_veo_changes_no_clip_and_a_cell_says_who_does(run, loaded, service):
    run("%%veo --wait --out fox\nA fox.")
    ran = run("%%veo --edit fox\nMake it snow")
    assert "--edit is for Gemini API" in str(ran.error)
    assert len(service.posts) == 1


def test_a_variable_follows_the_job_that_was_tried_again(notebook, loaded, service, monkeypatch):
    views: list[JobView] = []
    monkeypatch.setattr(JobView, "show", lambda view, looks: views.append(view))
    held = Held()
    service.submits = [held]
    notebook("%%veo --out fox\nA fox.")
    old = loaded.user_ns["fox"]
    held.give(httpx2.Response(400, json={"error": {"message": "content policy violation"}}))
    with pytest.raises(errors.ContentBlocked):
        old.wait(10)
    views[0]._receive(None, {"kind": "rerun", "id": "k1", "payload": {}}, [])
    new = loaded.user_ns["fox"]
    assert new is not old
    assert new.wait(30).status == "succeeded"
    assert service.posts[0] == service.posts[1]
    views[0].close()


# Wrong input: one line, the cell failed, nothing sent


@pytest.fixture
def files(tmp_path):
    (tmp_path / "broken.png").write_text("this is no picture")
    (tmp_path / "folder.png").mkdir()
    Image.new("RGB", (16, 9)).save(tmp_path / "ok.png")
    Image.new("RGB", (50, 100)).save(tmp_path / "upright.png")


WRONG = {
    "unknown option": (
        "%%veo --aspekt-ratio 9:16\nA fox.",
        "There is no option --aspekt-ratio. Did you mean --aspect-ratio?",
    ),
    "unknown value": (
        "%%veo --aspect-ratio 4:3\nA fox.",
        "--aspect-ratio can't be '4:3'. Veo 3.1 Fast takes 16:9 or 9:16.",
    ),
    "unknown length": ("%%veo -d 5\nA fox.", "--duration can't be 5. Veo 3.1 Fast takes 4, 6 or 8."),
    "a mistyped value": (
        "%%veo --resolution 1080\nA fox.",
        "--resolution can't be '1080'. Did you mean 1080p? Veo 3.1 Fast takes 720p, 1080p or 4k.",
    ),
    "a seed of words": (
        "%%veo --seed many\nA fox.",
        "--seed can't be 'many'. It takes a whole number from 0 to 4294967295.",
    ),
    "a last frame alone": (
        "%%veo --last-frame ok.png\nA fox.",
        "A last frame needs a first one. Give --image as well;",
    ),
    "a missing reference": (
        "%%veo --reference nowhere.png\nA fox.",
        "There is no image file nowhere.png.",
    ),
    "an upright picture": (
        "%%veo -a 16:9 --image upright.png\nA fox.",
        (
            "upright.png is upright (1:2), and the clip would be wide (16:9). "
            "Use --aspect-ratio 9:16, or --fit crop or --fit pad to make the picture 16:9."
        ),
    ),
    "fit without a picture": (
        "%%veo --fit crop\nA fox.",
        "There is no picture that could be made to fit. Leave out --fit, or give --image as well.",
    ),
    "no number": ("%%veo --duration long\nA fox.", "--duration can't be 'long'."),
    "unknown model": ("%%veo --model fsat\nA fox.", "There is no model 'fsat'. Did you mean fast?"),
    "no value": ("%%veo --duration\nA fox.", "--duration lacks its value."),
    "open quote": ("%%veo --image 'a\nA fox.", "A quote in the options is not closed."),
    "empty prompt": ("%%veo\n  \n", "The prompt is empty. Write it under the %%veo line."),
    "missing image": ("%%veo --image nowhere.png\nA fox.", "There is no image file nowhere.png."),
    "missing image by name": ("%%veo --image nowhere\nA fox.", "There is no image file nowhere."),
    "broken image": ("%%veo --image broken.png\nA fox.", "broken.png is not an image that can be read."),
    "a folder": ("%%veo --image folder.png\nA fox.", "folder.png is a folder, not an image."),
    "1080p with 4 s": (
        "%%veo -r 1080p -d 4\nA fox.",
        "1080p needs an 8 second clip; you asked for 4. Use --duration 8 or --resolution 720p.",
    ),
    "undefined name": ("%%veo\nA {{animal}}.", "{{animal}} is not defined in this notebook."),
    "no name for a variable": ("%%veo --out 1fox\nA fox.", "--out 1fox is no name for a variable."),
    "take": ("%%veo --take 0\nA fox.", "--take can't be 0. It takes a whole number from 1."),
    "a job that is not there": ("%%veo --video zzzz\nA fox.", "There is no job 'zzzz' in this library."),
    "a file as a source": (
        "%%veo --video clip.mp4\nA fox.",
        "'clip.mp4' is no video this provider can reach.",
    ),
    "unknown command": ("%veo wiat", "There is no %veo wiat. Did you mean wait?"),
    "a command without its ID": ("%veo cancel", "%veo cancel needs a job's ID, such as 3f2a."),
    "a command with too much": ("%veo wait 3f2a", "%veo wait takes nothing after it."),
    "an unknown job": ("%veo show zzzz", "There is no job 'zzzz' in this library."),
    "cancel of an unknown job": ("%veo cancel zzzz", "There is no job 'zzzz' in this library."),
    "prompt on the line": ("%%veo A fox\ncrosses.", "'A' belongs to no option."),
}


@pytest.mark.parametrize(("code", "words"), WRONG.values(), ids=WRONG.keys())
def test_wrong_input_is_one_line_that_says_what_to_do_and_nothing_is_sent(run, service, files, code, words):
    ran = run(code)
    assert isinstance(ran.error, errors.VeoError)
    (line,) = ran.printed.strip().splitlines()
    assert line.startswith(f"{type(ran.error).__name__}: {words}")
    assert (service.requests, ran.outputs) == ([], [])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"api_key": None},
            "AuthenticationError: GPTProto needs a key and none was found. %veo login gptproto asks for it",
        ),
        ({"library": "taken/library"}, "InvalidRequest: The library folder "),
    ],
    ids=["no key", "a library that can't be written"],
)
def test_settings_that_cannot_work_are_one_line_too(shell, make_studio, service, changes, words):
    Path("taken").write_text("a file")
    studio = make_studio(**changes)
    shell.register_magics(magics_of(shell, studio))
    ran = Ran(shell, "%%veo\nA fox.")
    (line,) = ran.printed.strip().splitlines()
    assert line.startswith(words)
    assert service.requests == []
    unregister(shell)


def test_a_busy_ledger_is_one_line_too(run, studio, service):
    run("%%veo --wait\nA fox.")
    studio.jobs.workspace.parts.ledger._db.execute("PRAGMA query_only = ON")
    ran = run("%%veo\nAn owl.")
    studio.jobs.workspace.parts.ledger._db.execute("PRAGMA query_only = OFF")
    (line,) = ran.printed.strip().splitlines()
    assert "ledger" in line
    assert len(service.posts) == 1


def test_an_error_in_a_cell_can_be_caught(run):
    ran = run("""
        try:
            get_ipython().run_cell_magic("veo", "--aspect-ratio 4:3", "A fox.")
        except ValueError as error:
            print(error.code, "|", error.hint)
    """)
    assert ran.printed == "invalid_request | Veo 3.1 Fast takes 16:9 or 9:16.\n"


# Looking after jobs


def test_the_list_and_the_history_name_the_jobs(run, loaded):
    assert "Nothing has been made" in run("%veo").text
    run("%%veo --wait --out fox\nA fox.")
    for code in ("%veo", "%veo list", "%veo history"):
        assert run(code).text.startswith(f"{loaded.user_ns['fox'].id}  Made")


def test_show_shows_the_clip(run, loaded):
    run("%%veo --wait --out fox\nA fox.")
    assert "<video" in run(f"%veo show {loaded.user_ns['fox'].id}").html


def test_a_job_at_the_end_of_a_cell_shows_itself(run):
    run("%%veo --wait --out fox\nA fox.")
    assert "<video" in run("fox").html


def test_cancel_stops_a_job(run, loaded, service):
    held = Held()
    service.polls = [held]
    run("%%veo --out fox\nA fox.")
    assert held.asked.wait(10)
    assert run(f"%veo cancel {loaded.user_ns['fox'].id}").error is None
    with pytest.raises(errors.Cancelled):
        loaded.user_ns["fox"].wait(10)


def test_retry_fetches_what_was_made(run, loaded, service):
    service.polls = [httpx2.Response(401)]
    run("%%veo --wait --out fox\nA fox.")
    job = loaded.user_ns["fox"]
    assert job.status == "failed"
    assert run(f"%veo retry {job.id}").error is None
    assert job.wait(30).status == "succeeded"
    assert len(service.posts) == 1


def test_a_cell_whose_operation_was_given_up_is_run_again_and_fetches_it(run, loaded, service):
    service.on_poll = service.running
    assert isinstance(run("%%veo --wait --out fox\nA fox.").error, errors.OperationAbandoned)
    job = loaded.user_ns["fox"]
    service.on_poll = service.finished
    assert run("%%veo --wait --out again\nA fox.").error is None
    assert (loaded.user_ns["again"].video.job_id, len(service.posts)) == (job.id, 1)


def test_rerun_asks_anew_and_retry_does_not(run, loaded, studio, service):
    service.submits = [httpx2.Response(400, json={"error": {"message": "content policy violation"}})]
    run("%%veo --wait --out fox\nA fox.")
    job = loaded.user_ns["fox"]
    refused = run(f"%veo retry {job.id}").error
    assert f"%veo rerun {job.id} asks anew" in str(refused)
    assert len(service.posts) == 1
    assert run(f"%veo rerun {job.id}").error is None
    assert studio.history()[0].wait(30).id != job.id
    assert len(service.posts) == 2


def test_the_words_of_the_magics_are_those_of_a_job(studio, service):
    service.submits = [None, httpx2.ReadTimeout("no answer")]
    service.polls = [httpx2.Response(401)]
    fox, owl = studio.generate("A fox."), studio.generate("An owl.")
    for job in (fox, owl):
        with pytest.raises(errors.VeoError):
            job.wait(30)
    made, lost = (fox, owl) if fox.status == "failed" else (owl, fox)
    assert made.retry() is made
    assert made.wait(30).status == "succeeded"
    assert lost.resubmit() is lost
    assert lost.wait(30).status == "succeeded"
    assert made.rerun().wait(30).id not in (fox.id, owl.id)
    assert len(service.posts) == 4


def test_resubmit_sends_what_was_lost(run, loaded, service):
    service.submits = [httpx2.ReadTimeout("no answer")]
    run("%%veo --wait --out fox\nA fox.")
    job = loaded.user_ns["fox"]
    assert job.status == "uncertain"
    assert run(f"%veo resubmit {job.id}").error is None
    assert job.wait(30).status == "succeeded"


def test_an_uncertain_job_is_shown_again_and_not_sent(run, service):
    service.submits = [httpx2.ReadTimeout("no answer")]
    run("%%veo --wait\nA fox.")
    assert "the answer was lost" in run("%%veo\nA fox.").text
    assert len(service.posts) == 1


def test_a_clip_that_a_cell_ends_with_is_played(run, loaded):
    run("%%veo --wait --out fox\nA <b>fox</b>.")
    shown = run("fox.video")
    assert shown.html.count("<video") == 1
    assert "0.5 s · 192 x 108 · library" in shown.text


def test_wait_waits_for_all_and_raises_the_first_error(run, loaded, service):
    holds = [Held() for _ in range(3)]
    service.submits = [*holds]
    for name in ("one", "two", "three"):
        run(f"%%veo --out {name}\nThe {name}.")

    def answer() -> None:
        holds[0].give()
        holds[1].give(httpx2.Response(400, json={"error": {"message": "no"}}))
        holds[2].give()

    threading.Timer(0.1, answer).start()
    ran = run("%veo wait")
    states = sorted(loaded.user_ns[name].status for name in ("one", "two", "three"))
    assert states == ["failed", "succeeded", "succeeded"]
    assert isinstance(ran.error, errors.InvalidRequest)
    assert ran.html.count("<video") == 2


def test_wait_with_nothing_to_wait_for_returns(run):
    assert run("%veo wait").error is None


@pytest.fixture
def interruptible():
    """A run in the background of a shell begins with interrupts ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_interrupting_a_wait_says_what_goes_on(run, loaded, service, interruptible, monkeypatch):
    held = Held()
    service.polls = [held]
    run("%%veo --out fox\nA fox.")
    job = loaded.user_ns["fox"]
    assert held.asked.wait(10)
    # Sent from inside the wait, so that nothing else can be hit.
    attend = job.attend

    def interrupt() -> None:
        attend()
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()

    with monkeypatch.context() as patch:
        patch.setattr(job, "attend", interrupt)
        ran = run("%veo wait")
    assert isinstance(ran.error, KeyboardInterrupt)
    assert f"Stopped waiting. 1 job goes on in the background: {job.id}." in ran.printed
    assert job.status == "running"
    held.give()
    job.wait(30)


def test_doctor_and_help_answer(run):
    assert run("%veo doctor").printed == "all is well\n"
    assert "--duration" in run("%veo help").text


def test_the_doctor_repairs_and_says_what_it_did(run, loaded):
    run("%%veo --wait --out fox\nA fox.")
    fox = loaded.user_ns["fox"]
    fox.video.path.unlink()
    assert f"{fox.id}: its video was missing; fetched again." in run("%veo doctor --repair").printed
    assert fox.video.path.exists()
    assert "Nothing to repair." in run("%veo doctor --repair").printed
    assert "takes nothing after it" in str(run("%veo doctor --mend").error)


def test_the_help_names_every_command_and_no_other(run):
    known = str(run("%veo zzzzzz").error).partition("Known: ")[2].rstrip(".").split(", ")
    found_all = {name.split()[1] for name, _ in COMMANDS if " " in name}
    assert found_all == set(known) - {"list"}


def test_cost_shows_the_bill_and_so_does_a_bill_at_the_end_of_a_cell(run, loaded, studio):
    assert "Nothing has been made in this library yet." in run("%veo cost").text
    run("%%veo --wait -d 4\nA fox.")
    loaded.user_ns["bill"] = studio.cost()
    for code in ("%veo cost", "bill"):
        ran = run(code)
        assert "Veo 3.1 Fast, GPTProto  made      1  $0.60" in ran.text
        assert "<table" in ran.html


def test_over_the_budget_is_one_line_and_a_failed_cell(shell, make_studio, service):
    shell.register_magics(magics_of(shell, make_studio(budget=1)))
    ran = Ran(shell, "%%veo -d 8\nA fox.")
    assert isinstance(ran.error, errors.BudgetExceeded)
    (line,) = ran.printed.strip().splitlines()
    assert line.startswith(
        "BudgetExceeded: This would cost about $1.20, and about $1.00 of the library's budget"
    )
    assert (service.requests, ran.outputs) == ([], [])
    unregister(shell)


def test_a_budget_is_set_by_config_0_as_well_and_none_takes_it_back(run, settings):
    for value in ("20", "0", "None"):
        assert run(f"%config VeoMagics.budget = {value}").error is None
    assert settings == [{"budget": 20.0}, {"budget": 0.0}, {}]


# In a notebook


def test_a_cell_shows_a_card_that_gives_way_to_the_video(notebook, loaded, service):
    held = Held()
    service.polls = [held]
    ran = notebook("%%veo --out fox\nA fox.")
    assert "application/vnd.jupyter.widget-view+json" in ran.outputs[0]
    assert ran.printed == ""
    held.give()
    loaded.user_ns["fox"].wait(30)
    data, update = loaded.display_pub.outputs[-1]
    assert update
    assert "<video" in data["text/html"]
    assert len(loaded.user_ns["fox"].changed) == 1  # the registry's


def test_a_cell_run_again_while_its_job_runs_shows_a_second_card(notebook, service):
    held = Held()
    service.polls = [held]
    notebook("%%veo\nA fox.")
    again = notebook("%%veo\nA fox.")
    assert "application/vnd.jupyter.widget-view+json" in again.outputs[0]
    held.give()
    assert notebook("%veo wait").error is None
    assert len(service.posts) == 1


def test_a_file_that_was_deleted_comes_back_under_a_card(notebook, loaded, service):
    notebook("%%veo --wait --out fox\nA fox.")
    path = loaded.user_ns["fox"].video.path
    path.unlink()
    assert notebook("%%veo --wait\nA fox.").error is None
    assert path.exists()
    assert len(service.posts) == 1


# %config, loading, unloading


def test_config_changes_the_settings(run, settings):
    run("%config VeoMagics.model = 'standard'")
    run("%config VeoMagics.max_in_flight = 3")
    assert settings == [{"model": "standard"}, {"model": "standard", "max_in_flight": 3}]


def test_config_says_that_nothing_is_stored_and_that_it_is_again(run, settings):
    run("%config VeoMagics.store = False")
    run("%config VeoMagics.store = True")
    assert settings == [{"store": False}, {"store": True}]


def test_a_setting_that_is_refused_is_said_and_not_kept(run, loaded, settings, caplog):
    run("%config VeoMagics.provider = 'nobody'")
    # IPython logs what %config raises.
    assert "There is no provider 'nobody'." in caplog.text
    assert loaded.magics_manager.registry["VeoMagics"].provider == ""
    run("%config VeoMagics.model = 'standard'")
    assert settings == [{"model": "standard"}]


def test_settings_of_ipythons_own_configuration_count(shell, studio):
    asked = []
    shell.config.VeoMagics.model = "standard"

    def configure(changes):
        asked.append(changes["model"])
        return studio

    magics_of(shell, studio, configure)
    assert asked == ["standard"]
    unregister(shell)


def test_unregistering_leaves_the_shell_as_it_was(shell, studio):
    before = [*shell.configurables]
    shell.register_magics(magics_of(shell, studio))
    unregister(shell)
    assert shell.configurables == before
    assert "veo" not in shell.magics_manager.magics["line"] | shell.magics_manager.magics["cell"]
    assert Job not in shell.display_formatter.ipython_display_formatter
    unregister(shell)


# The greeting


def greet(studio: Studio, resumed=()) -> str:
    return greeting(studio, list(resumed), "0.1.0")


def test_the_greeting_names_provider_and_library(shell, studio):
    assert greet(studio) == "veo_nb 0.1.0 · GPTProto · library library · nothing to resume"


@pytest.mark.parametrize(
    ("changes", "who"),
    [
        ({"api_key": None}, "GPTProto (no key: %veo login, or set GPTPROTO_API_KEY)"),
        ({"api_key": None, "provider": None}, "sandbox (no key set, nothing is charged)"),
        ({"api_key": None, "provider": "sandbox"}, "sandbox"),
        ({"api_key": None, "provider": "vertex", "project": "my-project"}, "Vertex AI"),
    ],
)
def test_the_greeting_says_who_makes_the_clips(shell, make_studio, changes, who):
    assert greet(make_studio(**changes)).split(" · ")[1] == who


def test_the_greeting_counts_what_was_taken_on(shell, studio):
    jobs = [SimpleNamespace(id=name, status="running") for name in ("3f2a", "9c01")]
    assert greet(studio, jobs[:1]).endswith("resumed 1 job: 3f2a")
    assert greet(studio, jobs).endswith("resumed 2 jobs: 3f2a, 9c01")


def test_the_greeting_names_what_was_just_being_sent(shell, studio):
    lost = SimpleNamespace(id="3f2a", status="uncertain")
    said = " · being sent when the kernel ended: 3f2a, see %veo show 3f2a"
    assert greet(studio, [lost]).endswith(f"library library{said}")
    running = SimpleNamespace(id="9c01", status="running")
    assert greet(studio, [lost, running]).endswith(f"resumed 1 job: 9c01{said}")


def broken_download(studio: Studio, service) -> Job:
    """A job that is paid for and whose video did not come."""
    service.downloads.append(httpx2.Response(401, json={"error": {"message": "no", "code": "x"}}))
    job = studio.generate("A fox.")
    with pytest.raises(errors.VeoError):
        job.wait(30)
    return job


def test_a_video_that_is_about_to_be_deleted_is_said_at_load_and_in_the_list(run, studio, service):
    job = broken_download(studio, service)
    warning = f"{job.id}: not fetched yet, the provider deletes it in 48 h: %veo retry {job.id} fetches it"
    assert greet(studio).endswith(f" · {warning}")
    listed = run("%veo")
    assert listed.text.splitlines()[-1] == warning
    assert warning in listed.html
    run(f"%veo retry {job.id}")
    job.wait(30)
    assert "not fetched yet" not in greet(studio) + run("%veo").text


def test_the_greeting_names_one_video_and_counts_the_others(shell, studio, service):
    broken_download(studio, service)
    other = studio.generate("An owl.", fresh=True).wait(30)
    assert "more like it" not in greet(studio)
    service.downloads.append(httpx2.Response(401, json={"error": {"message": "no", "code": "x"}}))
    with pytest.raises(errors.VeoError):
        studio.generate("A hare.").wait(30)
    assert greet(studio).endswith("1 more like it: %veo")
    assert other.id not in greet(studio)


def test_the_list_names_the_most_urgent_videos_and_counts_the_others(run, studio, service):
    for number in range(7):
        service.downloads.append(httpx2.Response(401, json={"error": {"message": "no", "code": "x"}}))
        with pytest.raises(errors.VeoError):
            studio.generate(f"Clip {number}").wait(30)
    lines = run("%veo").text.splitlines()
    assert sum("not fetched yet" in line for line in lines) == 4
    assert lines[-1] == "3 more like it: %veo doctor --repair fetches what failed"


def test_a_ledger_that_was_made_anew_is_said_in_the_greeting(shell, make_studio, caplog):
    first = make_studio()
    first.generate("A fox.").wait(30)
    first.close()
    first.library.files.ledger_path.write_text("nonsense " * 1000)
    second = make_studio()
    said = greet(second, second.resume())
    assert (
        "the ledger was damaged, it is kept as ledger.corrupt-2027-01-15.sqlite · made anew with 1 jobs"
        in said
    )
    assert "\n" not in said


def test_a_library_elsewhere_is_named_in_full(shell, make_studio, tmp_path):
    elsewhere = tmp_path.parent / "elsewhere"
    assert f"library {elsewhere} ·" in greet(make_studio(library=str(elsewhere)))


def test_every_setting_of_config_is_one_that_is_applied():
    assert set(magics.SETTINGS) == set(VeoMagics.class_own_traits(config=True))


# Deciding


def test_a_comparison_is_shown_once_by_its_cell_and_again_by_its_command(notebook, loaded, studio):
    sweep = studio.sweep("A {{move}}.", axes={"move": ["dolly in", "crane"]}).wait(60)
    loaded.user_ns.update(studio=studio, sweep=sweep)

    def shown(code: str) -> list[str]:
        ran = notebook(code)
        assert ran.error is None
        return [data["text/html"] for data in ran.outputs if "data-veo-compare" in data.get("text/html", "")]

    assert len(shown('c = studio.compare(sweep, by="move", question="Which is calmer?")\nc')) == 1
    assert len(shown("c")) == 1
    (html,) = shown(f"%veo compare {sweep.id} --by move --question 'Which is calmer?'")
    assert "Which is calmer?" in html
    assert "dolly in" not in html


def test_a_terminal_is_told_how_to_vote(run, loaded, studio):
    sweep = studio.sweep("A {{move}}.", axes={"move": ["dolly in", "crane"]}).wait(60)
    assert 'c.vote("left"' in run(f"%veo compare {sweep.id}").printed
    assert "Did you mean --by?" in str(run(f"%veo compare {sweep.id} --bye move").error.hint)
