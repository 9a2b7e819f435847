"""What a value looks like in a host that asks for HTML and has not loaded the extension."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

import veo_nb as veo
from tests.world import Held
from veo_nb.records import shown


@pytest.fixture
def studio(make_studio, tmp_path, monkeypatch):
    monkeypatch.setattr(shown, "_draw", [])
    # As a notebook makes one.
    veo.Studio(library=tmp_path / "another").close()
    return make_studio()


def test_a_job_a_clip_a_sweep_and_a_bill_show_themselves(studio):
    job = studio.generate("A <b>fox</b> & a lake.").wait(60)
    sweep = studio.sweep("A {{animal}}.", axes={"animal": ["<i>fox</i>", "owl"]}).wait(60)
    for value in (job, job.video, sweep, studio.cost()):
        html = value._repr_html_()
        assert html.startswith("<div")
        assert "<b>fox" not in html
        assert "<i>fox" not in html
    assert "<video" in job._repr_html_()
    assert sweep._repr_html_().count("<video") == 2


def test_a_job_that_is_not_done_says_how_it_stands(studio, service):
    service.submits = [held := Held()]
    job = studio.generate("A fox.")
    assert "Not there yet" in job._repr_html_()
    held.give()
    assert "Not there yet" not in job.wait(60)._repr_html_()


def test_without_a_notebook_there_is_no_html():
    code = "from veo_nb.records.shown import html_of; import sys; print(html_of(1), 'IPython' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["None", "False"]


def test_the_log_says_once_what_happens_and_tells_no_prompt(studio, caplog):
    with caplog.at_level(logging.INFO, logger="veo_nb"):
        job = studio.generate("A secret owl.").wait(60)
        studio.generate("A secret owl.")
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.INFO]
    assert said[0] == f"Job {job.id}: entered"
    assert said[-1] == f"Job {job.id}: is there already"
    assert f"Job {job.id}: running {job.operation}" in said
    assert f"Job {job.id}: succeeded {job.video.path.name}" in said
    assert len(said) == len(set(said))
    assert "secret" not in " ".join(said).replace(job.video.path.name, "")
