"""The studio: nothing is sent twice, nothing is lost, and nothing is left running."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image

from tests.world import PROVIDER, Held, row_of
from veo_nb import errors
from veo_nb.engine import workspace
from veo_nb.engine.job import ALPHABET
from veo_nb.engine.providers.connection import LocalServer
from veo_nb.media.probe import probe
from veo_nb.request import make_request
from veo_nb.store.ledger import Ledger
from veo_nb.store.rows import Owner, State
from veo_nb.studio import Studio

ROOT = Path(__file__).parents[1]
POLICY = httpx2.Response(400, json={"error": {"message": "content policy violation"}})
REFUSED = httpx2.Response(400, json={"error": {"message": "no"}})


def threads() -> set[str]:
    """The names of our own threads that are alive."""
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("veo-nb")}


# One request, one POST


def test_generate_returns_at_once_with_the_job_on_disk(studio, service, tmp_path):
    held = Held()
    service.submits = [held]
    job = studio.generate("A fox.", duration_seconds=4)
    ledger = Ledger(tmp_path / "library" / "ledger.sqlite")
    row: Any = ledger.job(job.id)
    ledger.close()
    assert (row.state in ("queued", "submitting"), row.estimate) == (True, 0.6)
    assert studio.jobs.active() == [job]
    held.give()
    job.wait(30)
    assert (job.status, studio.jobs.active()) == ("succeeded", [])


def test_an_id_is_four_letters_or_digits_that_cannot_be_mistaken(studio):
    ids = {studio.generate(f"Fox {number}.").id for number in range(20)}
    assert len(ids) == 20
    assert all(len(one) == 4 and set(one) <= set(ALPHABET) for one in ids)
    assert not set("01ilo") & set(ALPHABET)


def test_an_id_that_is_taken_is_not_used_again(studio, service, monkeypatch):
    letters = iter("aaaa" + "aaaa" + "bbbb")
    monkeypatch.setattr(secrets, "choice", lambda _: next(letters))
    assert [studio.generate("One.").id, studio.generate("Two.").id] == ["aaaa", "bbbb"]


def test_the_same_request_joins_the_job_that_runs(studio, service):
    held = Held()
    service.submits = [held]
    job = studio.generate("A fox.")
    assert studio.submit("A fox.") == (job, False)
    held.give()
    job.wait(30)
    assert len(service.posts) == 1


def test_the_same_request_shows_the_stored_clip_even_to_another_kernel(make_studio, service):
    first = make_studio()
    job = first.generate("A fox.").wait(30)
    first.close()
    again, new = make_studio().submit("A fox.")
    assert (new, again.id, again.status, again.video) == (False, job.id, "succeeded", job.video)
    assert len(service.posts) == 1


def test_another_prompt_setting_or_picture_is_another_request(studio, service):
    studio.generate("A fox.").wait(30)
    studio.generate("An owl.").wait(30)
    studio.generate("A fox.", aspect_ratio="9:16").wait(30)
    studio.generate("A fox.", image=Image.new("RGB", (16, 16), "red")).wait(30)
    studio.generate("A fox.", image=Image.new("RGB", (16, 16), "blue")).wait(30)
    assert len(service.posts) == 5


def test_a_take_is_another_sample_and_is_stored_too(studio, service):
    first = studio.generate("A fox.").wait(30)
    second, new = studio.submit("A fox.", take=2)
    second.wait(30)
    assert (new, second.take, second.id != first.id) == (True, 2, True)
    assert studio.submit("A fox.", take=2) == (second, False)
    assert len(service.posts) == 2


def test_fresh_asks_anew_and_is_what_is_shown_from_then_on(studio, service):
    studio.generate("A fox.").wait(30)
    fresh = studio.generate("A fox.", fresh=True).wait(30)
    assert len(service.posts) == 2
    assert studio.generate("A fox.") is fresh


@pytest.mark.parametrize(("answer", "state"), [(REFUSED, "failed"), (POLICY, "blocked")])
def test_after_a_failure_or_a_block_it_asks_anew(studio, service, answer, state):
    service.submits = [answer]
    job = studio.generate("A fox.")
    with pytest.raises(errors.VeoError):
        job.wait(30)
    assert job.status == state
    again = studio.generate("A fox.").wait(30)
    assert (again.id != job.id, again.status, len(service.posts)) == (True, "succeeded", 2)


def test_what_was_accepted_and_then_stopped_is_fetched_and_not_paid_again(studio, service):
    held = Held()
    service.polls = [held]
    job = studio.generate("A fox.")
    assert held.asked.wait(10)
    job.cancel()
    with pytest.raises(errors.Cancelled):
        job.wait(30)
    again, new = studio.submit("A fox.")
    assert (again, new) == (job, False)
    assert (again.wait(30).status, len(service.posts)) == ("succeeded", 1)


def test_what_was_accepted_and_then_could_not_be_fetched_is_not_paid_again(studio, service):
    service.downloads = [httpx2.Response(401, json={"error": {"message": "no"}})]
    job = studio.generate("A fox.")
    with pytest.raises(errors.AuthenticationError):
        job.wait(30)
    again, new = studio.submit("A fox.")
    assert (again, new, again.wait(30).status, len(service.posts)) == (job, False, "succeeded", 1)
    assert studio.preview("A fox.").stored is job


def test_what_the_filter_said_of_some_samples_is_still_known_to_the_next_kernel(make_studio, service):
    uri = "https://api.gptproto.com/upload/v1beta/files/a:download?alt=media"
    answer = {
        "generatedSamples": [{"video": {"uri": uri}}],
        "raiMediaFilteredCount": 1,
        "raiMediaFilteredReasons": ["Not this."],
    }
    body = {"name": "n", "done": True, "response": {"generateVideoResponse": answer}}
    service.polls = [httpx2.Response(200, json=body)]
    first = make_studio()
    job = first.generate("A fox.", sample_count=2).wait(30)
    assert job.now.filtered == ("Not this.",)
    first.close()
    assert make_studio().job(job.id).now.filtered == ("Not this.",)


def test_an_error_comes_without_the_frames_in_which_a_server_spoke(studio, service):
    """A verbose traceback prints the variables of each, the headers of an answer among them."""
    service.submits = [httpx2.Response(401, json={"error": {"message": "no"}}, headers={"x-said": "secret"})]
    job = studio.generate("A fox.")
    with pytest.raises(errors.AuthenticationError) as caught:
        job.wait(30)
    frames = [str(entry.path) for entry in caught.traceback]
    assert not [name for name in frames if "/api/" in name]
    assert caught.value.__context__ is None


def test_what_the_provider_could_not_make_is_asked_anew(studio, service):
    service.polls = [
        httpx2.Response(200, json={"name": "n", "done": True, "error": {"code": 3, "message": "No."}})
    ]
    job = studio.generate("A fox.")
    with pytest.raises(errors.OperationFailed):
        job.wait(30)
    assert studio.generate("A fox.").wait(30).id != job.id
    assert len(service.posts) == 2


def test_an_uncertain_job_is_shown_and_not_sent(studio, service):
    service.submits = [httpx2.ReadTimeout("no answer")]
    job = studio.generate("A fox.")
    with pytest.raises(errors.SubmissionUncertain):
        job.wait(30)
    again, new = studio.submit("A fox.")
    assert (again, new, again.status, len(service.posts)) == (job, False, "uncertain", 1)


@pytest.mark.parametrize("again", [False, True])
def test_a_file_that_was_deleted_is_fetched_again_without_a_post(make_studio, service, clip, again):
    studio = make_studio()
    path = studio.generate("A fox.").wait(30).video.path
    path.unlink()
    if again:
        studio.close()
        studio = make_studio()
    job, new = studio.submit("A fox.")
    assert not new
    job.wait(30)
    assert (path.read_bytes(), len(service.posts)) == (clip, 1)


def test_the_same_request_from_many_threads_at_once_is_one_post(studio, service):
    start, jobs = threading.Barrier(8), []

    def submit() -> None:
        start.wait()
        jobs.append(studio.generate("A fox."))

    workers = [threading.Thread(target=submit) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(set(map(id, jobs))) == 1
    jobs[0].wait(30)
    assert len(service.posts) == 1


def test_the_same_request_from_two_kernels_at_once_is_one_post(make_studio, service):
    start, jobs = threading.Barrier(2), []

    def submit(studio: Studio) -> None:
        start.wait()
        jobs.append(studio.generate("A fox."))

    workers = [threading.Thread(target=submit, args=(make_studio(),)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert jobs[0].id == jobs[1].id
    for job in jobs:
        assert job.wait(30).video.path.exists()
    assert len(service.posts) == 1


@pytest.mark.parametrize("where", ["start", "hold"])
def test_a_submit_that_broke_after_its_row_was_written_leaves_none(studio, service, where, monkeypatch):
    studio.generate("An owl.").wait(30)
    parts = studio.jobs.workspace.parts
    real = getattr(parts.leases if where == "start" else parts.registry, where)
    broken: list[object] = []

    def once(job):
        if not broken:
            broken.append(job)
            raise MemoryError
        real(job)

    with monkeypatch.context() as patch:
        patch.setattr(parts.leases if where == "start" else parts.registry, where, once)
        with pytest.raises(MemoryError):
            studio.generate("A fox.")
    assert [job.request.prompt for job in studio.history()] == ["An owl."]
    assert studio.resume() == []
    job, new = studio.submit("A fox.")
    assert (new, job.wait(30).status, len(service.posts)) == (True, "succeeded", 2)


# Before anything is sent


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"aspect_ratio": "4:3"}, "16:9"),
        ({"resolution": "1080p", "duration_seconds": 4}, "8 second"),
        ({"model": "fsat"}, "fast"),
        ({"image": "nowhere.png"}, "nowhere.png"),
        ({"take": 0}, "take"),
        ({"take": True}, "take"),
        ({"take": "2"}, "take"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_request_that_cannot_be_sent_leaves_nothing_behind(studio, service, tmp_path, fields, word):
    with pytest.raises(errors.InvalidRequest) as caught:
        studio.generate("A fox.", **fields)
    assert word in str(caught.value)
    assert (service.requests, [*tmp_path.iterdir()], threads()) == ([], [], set())


def test_without_a_key_nothing_is_written(make_studio, tmp_path, service):
    with pytest.raises(errors.AuthenticationError, match="needs a key") as caught:
        make_studio(api_key=None).generate("A fox.")
    assert "GPTPROTO_API_KEY" in caught.value.hint
    assert (service.requests, [*tmp_path.iterdir()], threads()) == ([], [], set())


def test_a_library_that_cannot_be_written_says_so_each_time_and_leaves_no_thread(make_studio, tmp_path):
    (tmp_path / "taken").write_text("a file")
    studio = make_studio(library=str(tmp_path / "taken" / "library"))
    for _ in range(2):
        with pytest.raises(errors.InvalidRequest, match="can't be written"):
            studio.generate("A fox.")
    assert threads() == set()


def test_a_ledger_that_cannot_be_read_says_so_and_leaves_no_thread(studio, tmp_path):
    (tmp_path / "library" / "ledger.sqlite").mkdir(parents=True)
    with pytest.raises(errors.VeoError, match="unable to open"):
        studio.history()
    assert threads() == set()


@pytest.mark.parametrize("part", ["LeaseHolder", "BackgroundLoop", "Engine", "Registry", "Leases"])
def test_a_start_that_fails_halfway_takes_back_what_was_started(studio, service, part, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(workspace, part, fail)
        with pytest.raises(RuntimeError):
            studio.generate("A fox.")
        assert threads() == set()
    assert studio.generate("A fox.").wait(30).status == "succeeded"


def test_a_picture_that_cannot_be_kept_is_not_sent(studio, service, tmp_path):
    studio.generate("An owl.").wait(30)
    (tmp_path / "library" / "inputs").write_text("a file")
    with pytest.raises(errors.InvalidRequest, match="can't be written"):
        studio.generate("A fox.", image=Image.new("RGB", (16, 16)))
    assert len(service.posts) == 1
    assert len(studio.history()) == 1


# What else can be given


def test_a_clip_of_the_library_is_a_source_whose_address_may_change(studio, service):
    first = studio.generate("A fox.").wait(30)
    studio.generate("It looks back.", video=first).wait(30)
    assert service.posts[1]["instances"][0]["video"] == {"uri": first.video.uri}
    moved = replace(first.video, uri="https://api.gptproto.com/elsewhere")
    assert not studio.submit("It looks back.", video=moved)[1]


def test_a_job_without_a_video_is_no_source(studio, service):
    held = Held()
    service.submits = [held]
    job = studio.generate("A fox.")
    with pytest.raises(errors.NotFound, match="no video yet"):
        studio.generate("It looks back.", video=job)
    held.give()


@pytest.mark.parametrize("name", ["image", "last_frame"])
def test_a_job_is_no_still(studio, name):
    job = studio.generate("A fox.").wait(30)
    with pytest.raises(errors.InvalidRequest, match="whole job") as caught:
        studio.generate("An owl.", **{name: job})
    assert ".last_frame()" in caught.value.hint


def test_a_clip_that_came_inside_an_answer_has_no_address(studio):
    video = replace(studio.generate("A fox.").wait(30).video, uri="")
    with pytest.raises(errors.InvalidRequest, match="no address"):
        studio.generate("It looks back.", video=video)


def test_the_model_of_the_settings_is_used_where_none_is_given(make_studio, service):
    studio = make_studio(model="standard")
    assert studio.generate("A fox.").request.model == "veo-3.1-generate-preview"
    assert studio.generate("A fox.", model="fast").request.model == "veo-3.1-fast-generate-preview"


# Looking


def test_a_preview_sends_and_writes_nothing(studio, service, tmp_path):
    preview = studio.preview("A fox.", duration_seconds=4)
    assert (preview.usd, round(preview.seconds), preview.stored) == (0.6, 45, None)
    assert (service.requests, [*tmp_path.iterdir()]) == ([], [])
    with pytest.raises(errors.InvalidRequest):
        studio.preview("")


def test_a_preview_knows_what_is_there_already(studio):
    job = studio.generate("A fox.").wait(30)
    assert studio.preview("A fox.").stored is job
    assert studio.preview("A fox.", fresh=True).stored is None
    assert studio.preview("A fox.", take=2).stored is None


def test_a_job_is_found_by_its_id_and_a_wrong_one_says_what_is_there(studio):
    job = studio.generate("A fox.")
    assert studio.job(f" {job.id.upper()} ") is job
    with pytest.raises(errors.NotFound, match="There is no job") as caught:
        studio.job("zzzz")
    assert job.id in caught.value.hint


def test_in_an_empty_library_there_is_nothing_and_looking_makes_nothing(studio, tmp_path):
    assert (studio.history(), studio.jobs.active(), studio.resume()) == ([], [], [])
    with pytest.raises(errors.NotFound) as caught:
        studio.job("3f2a")
    assert caught.value.hint == "Nothing has been made here yet."
    assert ([*tmp_path.iterdir()], threads()) == ([], set())


def test_the_newest_job_comes_first(studio):
    ids = [studio.generate(f"Fox {number}.").wait(30).id for number in range(3)]
    assert [job.id for job in studio.history()] == ids[::-1]
    assert [job.id for job in studio.history(limit=1)] == ids[-1:]


def test_its_repr_names_provider_and_library_and_no_key(studio):
    assert repr(studio).startswith("Studio(provider='gptproto', library=")
    assert "sk-" not in repr(studio)


# A person's second try


def test_retry_looks_again_and_sends_nothing(studio, service):
    service.polls = [httpx2.Response(401)]
    job = studio.generate("A fox.")
    with pytest.raises(errors.AuthenticationError):
        job.wait(30)
    assert studio.jobs.retry(job.id) is job
    assert job.wait(30).status == "succeeded"
    assert len(service.posts) == 1


def test_what_the_version_before_gave_up_is_fetched_and_not_paid_for_again(make_studio, service, tmp_path):
    """That version wrote it down as if the provider had failed."""
    first = make_studio()
    service.on_poll = service.running
    job = first.generate("A fox.")
    with pytest.raises(errors.OperationAbandoned) as given_up:
        job.wait(30)
    first.close()
    ledger = Ledger(tmp_path / "library" / "ledger.sqlite")
    ledger.update_job(
        job.id, error={"code": "failed", "message": given_up.value.message, "hint": given_up.value.hint}
    )
    ledger.close()
    second = make_studio()
    assert [one.job.id for one in second.jobs.unfetched()] == [job.id]
    service.on_poll = service.finished
    again, new = second.submit("A fox.")
    assert (again.wait(30).id, new, len(service.posts)) == (job.id, False, 1)


def test_retry_is_refused_where_it_makes_no_sense(studio, service):
    held = Held()
    service.submits = [REFUSED, held]
    failed = studio.generate("A fox.")
    with pytest.raises(errors.InvalidRequest):
        failed.wait(30)
    running = studio.generate("An owl.")
    for job, words in ((failed, "never accepted"), (running, "is (queued|submitting)")):
        with pytest.raises(errors.InvalidRequest, match=words):
            studio.jobs.retry(job.id)
    held.give()
    running.wait(30)
    with pytest.raises(errors.InvalidRequest, match="its video is here"):
        studio.jobs.retry(running.id)


def test_resubmit_sends_an_uncertain_job_again_and_no_other(studio, service):
    service.submits = [httpx2.ReadTimeout("no answer")]
    job = studio.generate("A fox.")
    with pytest.raises(errors.SubmissionUncertain):
        job.wait(30)
    assert studio.jobs.resubmit(job.id) is job
    assert job.wait(30).status == "succeeded"
    with pytest.raises(errors.InvalidRequest, match="not uncertain"):
        studio.jobs.resubmit(job.id)
    assert len(service.posts) == 2


@pytest.mark.parametrize(("action", "state"), [("resubmit", "uncertain"), ("retry", "failed")])
def test_a_job_of_another_provider_is_not_taken_to_this_one(studio, service, tmp_path, action, state):
    """Its clip would be paid for at a second one."""
    studio.library.files.prepare()
    ledger = Ledger(studio.library.files.ledger_path)
    request = make_request(PROVIDER, prompt="A fox.")
    ledger.add_job(row_of(request, provider="gemini", state=state, operation="operations/op1"))
    ledger.close()
    with pytest.raises(errors.AuthenticationError, match="Gemini API needs a key") as caught:
        getattr(studio.jobs, action)("3f2a")
    assert "%veo login gemini" in caught.value.hint
    assert service.requests == []


# Closing


def test_after_the_close_nothing_runs_and_calls_say_so(make_studio, service):
    studio = make_studio()
    held = Held()
    service.polls = [held]
    job = studio.generate("A fox.")
    assert held.asked.wait(10)
    studio.close()
    studio.close()
    assert threads() == set()
    for call in (lambda: studio.generate("An owl."), studio.history, job.cancel, job.wait):
        with pytest.raises(errors.VeoError, match="closed"):
            call()
    assert job.status == "running"


def test_closing_ends_the_waits_of_other_threads(make_studio, service):
    studio = make_studio()
    held, said = Held(), []
    service.polls = [held]
    job = studio.generate("A fox.")

    def wait() -> None:
        try:
            job.wait()
        except errors.VeoError as error:
            said.append(str(error))

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert held.asked.wait(10)
    studio.close()
    waiting.join(10)
    assert not waiting.is_alive()
    assert said == [
        f"The studio of job {job.id} was closed. It stays in the library: %load_ext veo_nb takes it on."
    ]


def test_closing_before_anything_began_is_fine(make_studio):
    make_studio().close()


def test_closing_gives_the_jobs_free(make_studio, service, tmp_path):
    studio = make_studio()
    held = Held()
    service.polls = [held]
    job = studio.generate("A fox.")
    assert held.asked.wait(10)
    studio.close()
    other = make_studio()
    assert [one.id for one in other.resume()] == [job.id]
    assert other.job(job.id).wait(30).status == "succeeded"
    assert len(service.posts) == 1


def test_a_listener_may_ask_the_studio_and_even_look_again(studio, service):
    """It is called on the background thread, which must not wait for itself."""
    service.polls = [httpx2.Response(401)]
    seen = []

    def listen(job) -> None:
        if job.now.state is State.FAILED:
            seen.append(studio.history()[0])
            studio.jobs.retry(job.id)

    held = Held()
    service.submits = [held]
    job = studio.generate("A fox.")
    job.on_change(listen)
    held.give()
    while job.now.state is not State.SUCCEEDED:
        try:
            job.wait(30)
        except errors.NotFound:
            continue
    assert seen == [job]


SCRIPT = """
    import sys, time
    import veo_nb as veo
    veo.configure(provider="sandbox", library=sys.argv[1])
    job = veo.generate("A fox.", duration_seconds=4)
    {wait}
    print(job.id, job.status)
"""


@pytest.mark.parametrize("wait", ["", "while job.operation is None: time.sleep(0.02)"])
def test_a_script_that_ends_with_its_jobs_under_way_says_so_in_one_line_and_at_once(tmp_path, wait):
    """And leaves no sandbox behind; the next process goes on."""
    code = textwrap.dedent(SCRIPT.format(wait=wait))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0
    job_id = done.stdout.split()[0]
    assert done.stderr.startswith(f"1 job is not done: {job_id}. Nothing is lost or paid twice")
    assert done.stderr.count("\n") == 1
    ledger = Ledger(tmp_path / "ledger.sqlite")
    row: Any = ledger.job(job_id)
    owner = ledger.owner(row.owner)
    ledger.close()
    assert owner is None
    assert row.state == ("running" if wait else "queued")


# The whole way, with a real sandbox


def test_the_three_scenes_on_a_real_sandbox(tmp_path, monkeypatch):
    monkeypatch.setattr(workspace, "LocalServer", lambda folder: LocalServer(folder, latency=0.0))
    studio = Studio(provider="sandbox", library=str(tmp_path / "library"), environ={}, folder=tmp_path)
    try:
        text = studio.generate("A fox crosses a frozen lake.", aspect_ratio="9:16", duration_seconds=4)
        image = studio.generate(
            "It turns its head.", image=Image.new("RGB", (64, 36), "teal"), duration_seconds=4
        )
        text.wait(120)
        more = studio.generate("It looks back.", video=text)
        image.wait(120)
        more.wait(120)
        parts: Any = studio.jobs.workspace.parts
        process = parts.engine._routes._server._process
    finally:
        studio.close()
    found = [probe(job.video.path) for job in (text, image, more)]
    assert [(facts.width, facts.height) for facts in found] == [(720, 1280), (1280, 720), (720, 1280)]
    assert [facts.duration for facts in found] == pytest.approx([4, 4, 11], abs=0.2)
    assert all(facts.has_audio and facts.fps == 24 and facts.video_codec == "h264" for facts in found)
    assert text.now.generated_at is not None
    assert process.returncode is not None
    assert threads() == set()


def test_owners_of_closed_studios_are_gone_from_the_ledger(make_studio, tmp_path):
    studio = make_studio()
    studio.generate("A fox.").wait(30)
    studio.close()
    ledger = Ledger(tmp_path / "library" / "ledger.sqlite")
    assert ledger.read("SELECT * FROM owners") == []
    ledger.beat(Owner("x", "h", 1, 1.0))
    ledger.close()


# The budget


def test_a_clip_over_the_budget_is_refused_before_a_row_and_a_request(make_studio, service):
    studio = make_studio(budget=1.0)
    studio.generate("A fox.", duration_seconds=4).wait(30)
    with pytest.raises(
        errors.BudgetExceeded, match=r"about \$0.60, and about \$0.40 of the library's budget"
    ):
        studio.generate("An owl.", duration_seconds=4)
    assert len(studio.history()) == 1
    assert len(service.posts) == 1


def test_a_stored_clip_is_shown_whatever_is_left(make_studio, service):
    studio = make_studio(budget=0.6)
    job = studio.generate("A fox.", duration_seconds=4).wait(30)
    assert studio.generate("A fox.", duration_seconds=4) is job


def test_the_budget_is_for_the_library_whoever_spends_it(make_studio, service):
    one, two = make_studio(budget=1.0), make_studio(budget=1.0)
    one.generate("A fox.", duration_seconds=4).wait(30)
    one.close()
    with pytest.raises(errors.BudgetExceeded):
        two.generate("An owl.", duration_seconds=4)
    bill = two.cost()
    assert (bill.spent, bill.left, bill.budget) == (pytest.approx(0.6), pytest.approx(0.4), 1.0)


def test_what_the_provider_refused_costs_nothing(make_studio, service):
    studio = make_studio(budget=0.6)
    service.submits = [REFUSED]
    with pytest.raises(errors.InvalidRequest):
        studio.generate("A fox.", duration_seconds=4).wait(30)
    assert studio.cost().spent == 0
    studio.generate("A fox.", duration_seconds=4).wait(30)


def test_a_preview_knows_what_is_left_and_writes_nothing(make_studio, tmp_path):
    studio = make_studio(budget=1.0)
    preview = studio.preview("A fox.", duration_seconds=8)
    assert (preview.usd, preview.bill.left, preview.bill.fits(preview.usd)) == (
        pytest.approx(1.2),
        1.0,
        False,
    )
    assert not (tmp_path / "library").exists()


def test_a_price_of_ones_own_is_what_a_job_is_entered_with(make_studio, tmp_path, service):
    (tmp_path / "veo_nb.toml").write_text("[prices]\nfast = {per_call = 0.5}")
    studio = make_studio(budget=1.0)
    assert studio.preview("A fox.").usd == 0.5
    assert studio.generate("A fox.").wait(30).estimate == 0.5
    assert studio.cost().spent == 0.5


def test_sending_again_what_was_lost_may_cost_again(make_studio, service):
    studio = make_studio(budget=1.0)
    service.submits = [httpx2.ReadTimeout("no answer")]
    job = studio.generate("A fox.", duration_seconds=4)
    with pytest.raises(errors.SubmissionUncertain):
        job.wait(30)
    with pytest.raises(errors.BudgetExceeded):
        studio.jobs.resubmit(job.id)
    assert (job.status, len(service.posts)) == ("uncertain", 1)
    studio.close()
    richer = make_studio(budget=1.2)
    again = richer.jobs.resubmit(job.id).wait(30)
    assert again.estimate == pytest.approx(1.2)
    assert richer.cost().spent == pytest.approx(1.2)


def test_sending_again_what_cannot_be_sent_leaves_the_bill(make_studio, service):
    studio = make_studio()
    service.submits = [httpx2.ReadTimeout("no answer")]
    job = studio.generate("A fox.", duration_seconds=4)
    with pytest.raises(errors.SubmissionUncertain):
        job.wait(30)
    studio.close()
    other = make_studio(provider="gemini")
    with pytest.raises(errors.AuthenticationError, match="GPTProto needs a key"):
        other.jobs.resubmit(job.id)
    assert (other.job(job.id).estimate, other.cost().spent) == (pytest.approx(0.6), pytest.approx(0.6))
