"""A clip as text: read again and entered, it is the same request, so that nothing is sent and the stored clip is shown."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from veo_nb.notebook.options import parse_cell
from veo_nb.notebook.panel.code import cell_of, python_of


def photo(colour="red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (320, 180), colour).save(out, "PNG")
    return out.getvalue()


def entered_from_cell(studio, text):
    line, _, body = text.partition("\n")
    command = parse_cell(line.removeprefix("%%veo"), body, {})
    fields = dict(command.fields)
    if isinstance(fields.get("video"), str) and "://" not in fields["video"]:
        fields["video"] = studio.job(fields["video"])
    return studio.submit(command.prompt, take=command.take, **fields)


FIELDS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "everything": {
        "aspect_ratio": "9:16",
        "resolution": "720p",
        "duration_seconds": 6,
        "person_generation": "allow_adult",
        "enhance_prompt": False,
        "negative_prompt": "blur, 'quotes' and \"more\"; $HOME",
        "seed": 7,
        "sample_count": 1,
        "take": 3,
    },
    "a value that looks like an option": {"negative_prompt": "-blur"},
    "frames": {"image": photo(), "last_frame": photo("blue")},
    "references": {"reference_images": [photo(), photo("blue")], "duration_seconds": 8},
    "an address": {"video": "https://example.com/clip.mp4"},
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_cell_and_python_make_exactly_this_clip(studio, service, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    job = studio.generate("A fox's tail, {snow} \\ 100%.\nSFX: wind.", **FIELDS[name]).wait(30)
    again, new = entered_from_cell(studio, cell_of(job, studio.library.files))
    assert (again.id, new) == (job.id, False)
    code = python_of(job, studio.library.files).removeprefix("import veo_nb as veo\n")
    names: dict[str, Any] = {"veo": studio}
    exec(code, names)
    assert names["job"].id == job.id
    assert len(service.posts) == 1


@pytest.mark.parametrize(
    "prompt",
    [
        "--model fast",
        "-d 4 of them\nA fox.",
        "A fox.\n--model fast",
        "—image a",
        'As JSON: {{"a": 1}}',
        "A «fox» \\ 'owl'",
    ],
)
def test_a_prompt_that_begins_like_an_option_is_copied_below_an_empty_line(studio, prompt):
    job = studio.generate(prompt, negative_prompt="C:\\photos\\ “no”")
    assert entered_from_cell(studio, cell_of(job, studio.library.files)) == (job, False)


@pytest.mark.parametrize(
    ("prompt", "fields"),
    [
        ("A fox.\r\nIt runs.", {}),
        ("A fox.", {"negative_prompt": "{{rain}}"}),
    ],
)
def test_what_a_cell_would_read_otherwise_is_not_copied_as_one(studio, prompt, fields):
    assert cell_of(studio.submit(prompt, **fields)[0], studio.library.files) == ""


def test_python_for_a_prompt_with_braces_in_it_sends_them(studio, service):
    job, _ = studio.submit("A fox in {{braces}}.")
    names: dict[str, Any] = {"veo": SimpleNamespace(studio=lambda: studio)}
    exec(python_of(job, studio.library.files).removeprefix("import veo_nb as veo\n"), names)
    assert (names["job"], len(service.posts)) == (job, 1)


def test_what_only_one_provider_takes_is_copied_too(make_studio):
    studio = make_studio(provider="vertex")
    job = studio.generate("A fox.", compression_quality="lossless")
    cell = cell_of(job, studio.library.files)
    assert "--compression-quality lossless" in cell
    assert entered_from_cell(studio, cell) == (job, False)
    assert "compression_quality='lossless'" in python_of(job, studio.library.files)


def test_a_clip_that_goes_on_from_another_names_its_job(studio, service, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fox = studio.generate("A fox.", resolution="720p").wait(30)
    job = studio.generate("It runs.", video=fox).wait(30)
    cell = cell_of(job, studio.library.files)
    assert f"--video {fox.id}" in cell
    assert entered_from_cell(studio, cell) == (job, False)
    assert f"clip('{fox.id}/0')" in python_of(job, studio.library.files)
    assert len(service.posts) == 2


def test_a_cell_cannot_name_another_sample_than_the_first_and_python_can(studio, service):
    service.polls = [service.finished("one", count=2)]
    fox = studio.generate("A fox.", resolution="720p", sample_count=2).wait(30)
    job = studio.generate("It runs.", video=fox.videos[1]).wait(30)
    assert cell_of(job, studio.library.files) == ""
    assert f"clip('{fox.id}/1')" in python_of(job, studio.library.files)


@pytest.mark.parametrize("prompt", ["A {{fox}}.", " A fox.", "A fox.\n", "%%veo x"])
def test_what_a_cell_would_change_is_given_as_python_alone(studio, prompt):
    job = studio.submit(prompt)[0].wait(30)
    assert cell_of(job, studio.library.files) == ""
    assert repr(prompt) in python_of(job, studio.library.files)


@pytest.mark.parametrize("gone", [False, True])
def test_python_names_the_sample_even_where_another_one_is_gone(studio, service, tmp_path, monkeypatch, gone):
    monkeypatch.chdir(tmp_path)
    service.polls = [service.finished("one", count=2)]
    job = studio.generate("A fox.", sample_count=2).wait(30)
    second = job.videos[1]
    if gone:
        studio.library.delete(f"{job.id}/0")
        (studio.library.folder / ".trash" / job.videos[0].path.parent.name).rename(tmp_path / "elsewhere")
    *lines, last = python_of(job, studio.library, 1).removeprefix("import veo_nb as veo\n").splitlines()
    names: dict[str, Any] = {"veo": studio}
    exec("\n".join(lines), names)
    assert eval(last, names) == second
    assert len(service.posts) == 1


@given(
    prompt=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(lambda it: it.strip()),
    negative=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(
        lambda it: it.strip()
    ),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)
def test_any_words_come_back_as_they_were(make_preview, prompt, negative):
    """Without a studio: the cell's text read again gives the same prompt and the same value."""
    job = make_preview(prompt, negative)
    cell = cell_of(job, job.library_)
    if not cell:
        return
    line, _, body = cell.partition("\n")
    command = parse_cell(line.removeprefix("%%veo"), body, {})
    assert command.prompt == prompt
    assert command.fields["negative_prompt"] == negative


@pytest.fixture
def make_preview(studio):
    """A job that was never sent, with this prompt."""
    from veo_nb import catalog
    from veo_nb.engine.job import Job, Snapshot
    from veo_nb.store.rows import State

    def make(prompt, negative):
        request = studio.jobs.request_of(prompt, 1, {"negative_prompt": negative})
        job = Job(
            id="3f2a",
            request=request,
            provider=catalog.PROVIDERS["gptproto"],
            take=1,
            estimate=None,
            now=Snapshot(state=State.QUEUED, created_at=0.0),
        )
        job.library_ = studio.library.files  # type: ignore[attr-defined]
        return job

    return make
