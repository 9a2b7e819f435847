"""A clip changed by saying how: what a panel is told of it, from the check to the steps that it is one of."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.kernel.sandbox import Sandbox
from tests.notebook.panel.panels import Seen
from tests.notebook.test_protocol import mismatch
from veo_nb.notebook.options import parse_cell
from veo_nb.notebook.panel.protocol import Details
from veo_nb.notebook.panel.store import empty_draft
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import to_json
from veo_nb.studio import Studio

SHORT: dict[str, Any] = {"model": "omni", "resolution": "360p", "duration_seconds": 3}


@pytest.fixture(scope="module")
def talking(tmp_path_factory):
    """A studio at a sandbox, a panel of it, a clip of Omni's, and the sandbox."""
    folder = tmp_path_factory.mktemp("talking")
    with Sandbox(folder / "sandbox", 0.0, "--per-minute", "0") as sandbox:
        studio = Studio(environ={}, folder=folder, provider="sandbox", base_url=sandbox.url)
        panel = Seen(lambda: studio, Place(folder, folder, "/base/"))
        first = studio.generate("A fox crosses a frozen lake.", **SHORT).wait(60)
        yield studio, panel, first, sandbox
        panel.close()
        studio.close()


def edit(clip: str, prompt: str, **changes: Any) -> dict[str, Any]:
    """The draft that the line under a clip asks for."""
    return {
        **to_json(empty_draft()),
        "prompt": prompt,
        "edit": clip,
        "fields": {"model": ["omni"]},
        **changes,
    }


def details(panel: Seen, clip: str) -> dict[str, Any]:
    found = json.loads(json.dumps(panel.ask("details", clip=clip)))
    assert mismatch(found, Details) == []
    return dict(found)


def steps(panel: Seen, clip: str) -> list[tuple[str, str, int]]:
    return [(one["key"], one["how"], one["depth"]) for one in details(panel, clip)["steps"]]


def test_a_conversation_is_a_chain_that_branches(talking):
    studio, panel, first, _ = talking
    root = f"{first.id}/0"
    found = details(panel, root)
    assert found["change"] == {"model": "omni", "reason": "", "other": ""}
    assert found["steps"] == []
    made: list[str] = []
    for clip, words in ((root, "Make it snow"), ("", "Now at night"), (root, "In black and white")):
        asked = edit(clip or f"{made[-1]}/0", words)
        check = panel.ask("check", draft=asked)
        assert (check["button"], check["count"]) == ("Change it", 1)
        # Three seconds of 360p, as the clip has, whatever the model makes by itself.
        assert check["cost"] == f"would cost about ${studio.job(first.id).estimate:.2f}"
        made += panel.ask("generate", draft=asked, confirm=False)["jobs"]
        studio.job(made[-1]).wait(60)
    snow, night, grey = made
    chain = [
        (root, "the first", 0),
        (f"{snow}/0", f"changes {first.id}", 1),
        (f"{night}/0", f"changes {snow}", 2),
        (f"{grey}/0", f"changes {first.id}", 1),
    ]
    # From wherever it is looked at.
    assert {tuple(steps(panel, key)) for key, _, _ in chain} == {tuple(chain)}
    assert panel.ask("check", draft=edit(root, "Make it snow"))["button"] == "Show the clip"
    studio.library.delete(f"{snow}/0")
    try:
        shown = {one["key"]: (one["here"], one["note"]) for one in details(panel, f"{night}/0")["steps"]}
        assert shown[f"{snow}/0"] == (False, "gone")
        assert shown[root] == (True, "")
    finally:
        studio.library.restore(f"{snow}/0")


def test_an_extension_is_by_the_clips_own_model_and_another_only_if_that_is_said(talking):
    studio, panel, first, _ = talking
    assert studio.settings.model != first.request.model
    key = f"{first.id}/0"
    assert details(panel, key)["extend_model"] == "omni"
    assert details(panel, key)["cannot_extend"] == ""
    asked = {**edit("", "It runs on"), "video": key, "fields": {"duration_seconds": [5]}}
    check = panel.ask("check", draft=asked)
    # Five seconds are none of Veo's lengths.
    assert (check["problems"], check["button"]) == ([], "Generate 1 clip")
    made = studio.job(panel.ask("generate", draft=asked, confirm=False)["jobs"][0]).wait(60)
    assert made.request.model == first.request.model
    other = {**asked, "fields": {"model": ["fast"], "duration_seconds": [5]}}
    problems = panel.ask("check", draft=other)["problems"]
    assert problems != []


def test_a_source_that_is_no_clip_of_the_library_is_varied_by_its_address(talking):
    _, panel, _, _ = talking
    asked = edit("https://x.example/fox.mp4", "Make it snow")
    check = panel.ask("check", draft=asked)
    assert (check["problems"], check["button"]) == ([], "Change it")


def test_vary_and_a_copied_cell_keep_the_edit(talking):
    studio, panel, first, _ = talking
    job = first.edit("Let it rain").wait(60)
    given = panel.ask("vary", clip=f"{job.id}/0")["draft"]
    assert given["edit"] == f"{first.id}/0"
    assert panel.ask("check", draft=given)["button"] == "Show the clip"
    assert panel.ask("generate", draft=given, confirm=False)["jobs"] == [job.id]
    found = details(panel, f"{job.id}/0")
    line, _, body = found["cell"].partition("\n")
    assert f"--edit {first.id}" in line
    command = parse_cell(line.removeprefix("%%veo"), body, {})
    fields = {**command.fields, "edit": studio.job(command.fields["edit"])}
    assert studio.submit(command.prompt, **fields) == (job, False)
    code = found["python"].removeprefix("import veo_nb as veo\n")
    names: dict[str, Any] = {"veo": type("Veo", (), {"studio": lambda: studio, "generate": studio.generate})}
    exec(code, names)
    assert names["job"].id == job.id
    assert "changes a clip" in found["item"]["settings"]


def test_another_take_of_an_edit_changes_the_same_clip_at_the_same_price(talking):
    studio, panel, first, sandbox = talking
    job = first.edit("Let the wind blow").wait(60)
    again = studio.job(panel.ask("another", clip=f"{job.id}/0")["job"]).wait(60)
    assert (again.take, again.request.edit.key, again.estimate) == (2, f"job:{first.id}/0", job.estimate)
    # A later kernel has only what is written down.
    later = Studio(environ={}, folder=studio.library.folder.parent, provider="sandbox", base_url=sandbox.url)
    try:
        assert later.job(job.id).rerun().wait(60).estimate == job.estimate
    finally:
        later.close()


def test_a_step_that_is_on_its_way_is_no_clip_yet(talking):
    _, panel, first, sandbox = talking
    sandbox.hold()
    try:
        job = first.edit("With fireflies")
        (step,) = [one for one in details(panel, f"{first.id}/0")["steps"] if one["key"] == f"{job.id}/0"]
        assert (step["here"], step["note"]) == (False, "on its way")
    finally:
        sandbox.go_on()
    job.wait(60)


def test_where_the_model_has_no_edits_the_reason_is_said_and_one_that_has(talking):
    studio, panel, _, _ = talking
    job = studio.generate("An owl.", model="fast", resolution="720p", duration_seconds=4).wait(60)
    change = details(panel, f"{job.id}/0")["change"]
    assert change["reason"] == "Veo 3.1 Fast can't change a clip; Gemini Omni can."
    assert change["other"] == "omni"
    # And it does.
    assert panel.ask("check", draft=edit(f"{job.id}/0", "Make it snow"))["problems"] == []


def test_at_a_provider_without_edits_nothing_is_offered(studio, tmp_path, shell):
    panel = Seen(lambda: studio, Place(tmp_path, tmp_path, "/base/"))
    job = studio.generate("A fox.", seed=7).wait(30)
    change = details(panel, f"{job.id}/0")["change"]
    assert change == {
        "model": "fast",
        "reason": "Veo 3.1 Fast can't change a clip; Gemini Omni can.",
        "other": "",
    }
    panel.close()


def test_a_joined_clip_says_what_to_change_instead(studio, tmp_path, shell):
    panel = Seen(lambda: studio, Place(tmp_path, tmp_path, "/base/"))
    job = studio.generate("A fox.", seed=7).wait(30)
    both = studio.join([job.video, job.video])
    change = details(panel, f"{both.job_id}/0")["change"]
    assert change["reason"] == "A joined clip can't be changed. Change one of its clips, and join them again."
    panel.close()
