"""Once more: a new job for the same request, where that makes sense."""

from __future__ import annotations

import httpx2
import pytest
from PIL import Image

from tests.world import Held
from veo_nb import errors

BLOCKED = httpx2.Response(400, json={"error": {"message": "content policy violation"}})


def test_a_blocked_job_is_asked_for_again_as_it_was_and_stays_in_the_history(studio, service):
    service.submits = [BLOCKED]
    fields = {
        "image": Image.new("RGB", (64, 36), "teal"),
        "aspect_ratio": "16:9",
        "seed": 7,
        "model": "standard",
    }
    first = studio.generate("A fox.", take=2, **fields)
    with pytest.raises(errors.ContentBlocked):
        first.wait(30)
    second = first.rerun()
    assert second.wait(30).status == "succeeded"
    assert (second.request, second.take) == (first.request, 2)
    assert service.posts[0] == service.posts[1]
    assert [job.id for job in studio.history()] == [second.id, first.id]
    assert studio.generate("A fox.", take=2, **fields) is second


def test_after_a_restart_the_input_comes_from_the_library(make_studio, service):
    studio = make_studio()
    service.submits = [BLOCKED]
    job = studio.generate("A fox.", image=Image.new("RGB", (64, 36), "teal"))
    with pytest.raises(errors.ContentBlocked):
        job.wait(30)
    studio.close()
    later = make_studio()
    later.jobs.rerun(job.id).wait(30)
    assert service.posts[0] == service.posts[1]


def test_an_input_that_is_gone_says_so(make_studio, service, tmp_path):
    studio = make_studio()
    job = studio.generate("A fox.", image=Image.new("RGB", (64, 36), "teal")).wait(30)
    studio.close()
    for path in (tmp_path / "library" / "inputs").iterdir():
        path.unlink()
    with pytest.raises(errors.InvalidRequest, match="An input image is gone from the library"):
        make_studio().jobs.rerun(job.id)
    assert len(service.posts) == 1


def test_a_job_that_runs_or_may_have_been_accepted_is_not_asked_for_again(studio, service):
    held = Held()
    service.submits = [held, httpx2.ReadTimeout("no answer")]
    running, lost = studio.generate("A fox."), studio.generate("An owl.")
    with pytest.raises(errors.SubmissionUncertain):
        lost.wait(30)
    assert held.asked.wait(10)
    with pytest.raises(errors.InvalidRequest, match=f"Job {running.id} is submitting"):
        running.rerun()
    with pytest.raises(errors.InvalidRequest, match=f"%veo resubmit {lost.id}"):
        lost.rerun()
    held.give()
    assert len(service.posts) == 2


def test_another_provider_is_not_asked_for_it(make_studio, service):
    job = make_studio().generate("A fox.").wait(30)
    other = make_studio(provider="gemini")
    with pytest.raises(errors.AuthenticationError, match="GPTProto needs a key"):
        other.jobs.rerun(job.id)
    assert len(service.posts) == 1
