"""One object a job, however often it is asked for, and always as the ledger has it."""

from __future__ import annotations

import gc
import hashlib
import weakref
from dataclasses import replace

import pytest

from tests.store.test_ledger import VIDEO
from tests.world import PROVIDER, row_of
from veo_nb.engine.job import Registry
from veo_nb.engine.providers.latency import learn
from veo_nb.engine.providers.past import Latencies
from veo_nb.errors import OperationFailed
from veo_nb.media.picture import Picture
from veo_nb.request import make_request
from veo_nb.store.files import Files
from veo_nb.store.ledger import Ledger
from veo_nb.store.rows import State

ROW = row_of(make_request(PROVIDER, prompt="A fox."))


@pytest.fixture
def library(tmp_path):
    library = Files(tmp_path)
    library.prepare()
    return library


@pytest.fixture
def ledger(library):
    ledger = Ledger(library.ledger_path)
    ledger.add_job(ROW)
    yield ledger
    ledger.close()


@pytest.fixture
def registry(ledger, library):
    return Registry(ledger, library)


def test_a_job_is_one_object_as_long_as_someone_has_it(registry):
    assert registry.job(ROW) is registry.job(ROW)


def test_a_job_that_nobody_has_is_let_go_of(registry):
    seen = weakref.ref(registry.job(ROW))
    gc.collect()
    assert seen() is None


def test_a_job_that_is_not_done_is_kept_until_it_is(registry):
    job = registry.job(ROW)
    registry.hold(job)
    registry.hold(job)
    assert (registry.active(), registry.is_active("3f2a")) == ([job], True)
    job.change(state=State.FAILED, error=OperationFailed("No."))
    assert (registry.active(), registry.is_active("3f2a")) == ([], False)


def test_a_job_that_is_done_is_not_kept(registry):
    job = registry.job(replace(ROW, state="queued"))
    job.change(state=State.CANCELLED)
    registry.hold(job)
    assert registry.active() == []


def test_a_job_that_goes_on_after_its_end_is_kept_again(registry):
    job = registry.job(ROW)
    job.change(state=State.FAILED)
    job.change(state=State.RUNNING)
    registry.hold(job)
    assert registry.active() == [job]
    job.change(state=State.FAILED)
    assert registry.active() == []


def test_jobs_that_are_not_done_come_oldest_first(registry, ledger):
    rows = [replace(ROW, id=f"000{number}", created_at=10.0 - number) for number in range(3)]
    for row in rows:
        ledger.add_job(row, fresh=True)
        registry.hold(registry.job(row))
    assert [job.id for job in registry.active()] == ["0002", "0001", "0000"]


def test_a_job_comes_back_whole(registry, ledger, library):
    ledger.update_job(
        "3f2a", state="succeeded", operation="op", submitted_at=10.0, generated_at=52.0, finished_at=60.0
    )
    ledger.add_video(VIDEO)
    job = registry.job(ROW)
    assert (job.status, job.operation, job.estimate, job.take) == ("succeeded", "op", ROW.estimate, 1)
    assert job.request == make_request(PROVIDER, prompt="A fox.")
    assert (job.now.submitted_at, job.now.generated_at, job.now.finished_at) == (10.0, 52.0, 60.0)
    assert job.video.path == library.folder / "2026-11-22" / "fox-3f2a.mp4"
    assert job.wait(0) is job


def test_a_row_that_was_read_before_the_job_ended_does_not_bring_it_back_to_life(registry, ledger):
    """Else nobody would drive it, and whoever waits for it would wait for ever."""
    ledger.update_job("3f2a", state="cancelled")
    assert registry.job(ROW).status == "cancelled"


def test_a_known_job_hears_what_another_process_has_done_with_it(registry, ledger):
    job = registry.job(ROW)
    changes = []
    job.on_change(lambda job: changes.append(job.status))
    ledger.update_job("3f2a", state="running", operation="op")
    assert registry.job(ROW) is job
    assert (job.status, job.operation, changes) == ("running", "op", ["running"])


def test_a_job_that_is_driven_here_is_not_overwritten_by_the_ledger(registry, ledger):
    job = registry.job(ROW)
    registry.hold(job)
    job.change(state=State.SUBMITTING)
    assert registry.job(ROW).status == "submitting"


def test_what_clips_usually_take_is_learnt_from_the_library(registry, ledger):
    assert registry.job(ROW).now.latency == learn([], [], 45.0)
    gc.collect()
    for number in range(5):
        done = replace(
            ROW, id=f"000{number}", state="succeeded", submitted_at=0.0, generated_at=20.0 + number
        )
        ledger.add_job(done, fresh=True)
    registry.latencies = Latencies(ledger)
    assert registry.job(ROW).now.latency == learn([24.0, 23.0, 22.0, 21.0, 20.0], [], 45.0)


def test_a_job_whose_input_is_gone_from_the_folder_can_still_be_shown(registry, ledger):
    """One file that someone tidied away must not take the whole history with it."""
    sha256 = hashlib.sha256(b"x").hexdigest()
    request = make_request(
        PROVIDER, prompt="A fox.", image=Picture(b"x", "image/png", 8, 8, "fox.png", sha256)
    )
    row = row_of(request, id="9c01")
    ledger.add_job(row)
    job = registry.job(row)
    assert (job.request.image.name, job.request.image.data) == ("fox.png", b"")
    assert job.request.fingerprint() == row.fingerprint


def test_of_a_job_that_was_entered_just_now_nothing_is_read(registry, ledger, monkeypatch):
    registry.latencies.of(PROVIDER, ROW.model, None, None)
    monkeypatch.setattr(ledger, "read", None)
    request = make_request(PROVIDER, prompt="A fox.")
    job = registry.job(ROW, request)
    assert (job.request, job.now.state, job.videos) == (request, State.QUEUED, ())
