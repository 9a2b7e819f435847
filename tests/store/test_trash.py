"""The trash: what is paid for is never lost in it, not by a kill between two steps, not by an opening, not by a cell."""

from __future__ import annotations

from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.world import Held
from veo_nb.errors import DownloadError, InvalidRequest, NotFound, VeoError
from veo_nb.store.ledger import Ledger
from veo_nb.store.queries import Query
from veo_nb.store.rows import error_to_json
from veo_nb.store.trash import FOLDER, KEPT_SECONDS, Trash

DAY = 24 * 3600.0
PAST = (
    ("deleted", "deleted_at"),
    ("jobs", "created_at"),
    ("jobs", "submitted_at"),
    ("jobs", "generated_at"),
    ("jobs", "finished_at"),
)


def made(studio, prompt="A fox.", **fields):
    return studio.generate(prompt, **fields).wait(30)


def pair(studio, service):
    service.polls = [service.finished("one", count=2)]
    return made(studio, sample_count=2)


def keys(studio, *states):
    return {row.key for row in studio.library.browse(Query(states=states, limit=100)).rows}


@contextmanager
def ledger_of(studio):
    """The library's ledger as another process has it open."""
    with closing(Ledger(studio.library.files.ledger_path)) as ledger:
        yield ledger


def mark(studio, job):
    """What a kill leaves that comes between the two steps of a deletion."""
    with ledger_of(studio) as ledger:
        ledger.put("deleted", {"job_id": job.id, "sample": 0, "deleted_at": job.now.finished_at})


def thrown_away_by_hand(studio):
    for path in (studio.library.folder / FOLDER).rglob("*.*"):
        path.unlink()


def let_pass(studio, seconds):
    """Make all that is in the ledger so many seconds older."""
    with ledger_of(studio) as ledger:
        for table, column in PAST:
            ledger.read(f"UPDATE {table} SET {column} = {column} - ?", (seconds,))


@pytest.fixture
def later(make_studio):
    """Another kernel, so many seconds later."""

    def make(studio, seconds):
        studio.close()
        let_pass(studio, seconds)
        again = make_studio()
        again.history()
        return again

    return make


# Emptying


def test_of_a_deleted_clip_no_small_copy_is_left(make_studio):
    studio = make_studio()
    job, other = made(studio), made(studio, "An owl.")
    copies = [studio.library.files.preview_path(one.id, 0, one.video.sha256) for one in (job, other)]
    copies[0].parent.mkdir()
    for copy in copies:
        copy.write_bytes(b"small")
    studio.library.delete(f"{job.id}/0")
    assert [copy.exists() for copy in copies] == [False, True]


def test_a_day_before_its_time_it_is_still_there(studio, later):
    job = made(studio)
    studio.library.delete(job.id)
    again = later(studio, KEPT_SECONDS - DAY)
    again.library.restore(job.id)
    assert again.library.clip(job.id).path.exists()


def test_a_job_is_not_over_while_one_of_its_clips_can_still_be_brought_back(studio, service, later):
    job = pair(studio, service)
    studio.library.delete(f"{job.id}/0")
    let_pass(studio, 5 * DAY)
    studio.library.delete(f"{job.id}/1")
    again = later(studio, KEPT_SECONDS - 4 * DAY)
    assert again.job(job.id).status == "succeeded"
    stored = made(again, sample_count=2)
    assert stored.id == job.id
    assert [video.sample for video in stored.videos] == [1]
    assert len(service.posts) == 1


def test_of_a_clip_that_is_gone_for_good_the_other_sample_is_shown_and_nothing_sent(studio, service, later):
    job = pair(studio, service)
    studio.library.delete(f"{job.id}/1")
    again = later(studio, KEPT_SECONDS + DAY)
    service.on_poll = lambda _: httpx2.Response(404, json={"error": {"code": 404, "message": "Gone."}})
    stored = made(again, sample_count=2)
    assert (stored.id, stored.status) == (job.id, "succeeded")
    assert [video.sample for video in stored.videos] == [0]
    assert len(service.posts) == 1
    with pytest.raises(NotFound, match="no longer in the trash"):
        again.library.restore(f"{job.id}/1")
    assert keys(again) == {f"{job.id}/0"}, "to ask for it in vain brings no clip without a file"


def test_a_trash_that_cannot_be_emptied_keeps_nobody_from_the_library(studio, later, monkeypatch):
    job, other = made(studio), made(studio, "An owl.")
    studio.library.delete(job.id)

    def full(*_, **__):
        raise VeoError("The library's ledger can't be used: database or disk is full.", hint="")

    with monkeypatch.context() as patch:
        patch.setattr("veo_nb.store.ledger.Ledger.update_job", full)
        again = later(studio, KEPT_SECONDS + DAY)
    assert again.library.clip(other.id).path.exists()


# Somebody emptied the folder by hand


def test_what_was_thrown_away_by_hand_is_fetched_while_the_provider_has_it(studio, service):
    job = made(studio)
    studio.library.delete(job.id)
    thrown_away_by_hand(studio)
    with pytest.raises(NotFound, match="no longer in the trash"):
        studio.library.restore(job.id)
    assert keys(studio) == set()
    again = made(studio)
    assert again.id == job.id
    assert again.video.path.exists()
    assert (len(service.posts), len(service.fetched)) == (1, 2)


# A kill between two steps


def test_a_clip_is_marked_before_it_is_moved(studio, monkeypatch):
    """The other way round a kill would leave a clip whose file is nowhere to be found: it would be paid for again."""
    job = made(studio)
    seen = []
    replace = Path.replace

    def spy(path, target):
        if FOLDER in str(target):
            with ledger_of(studio) as ledger:
                seen.append(Trash(studio.library, ledger).of(job.id))
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", spy)
    studio.library.delete(job.id)
    assert seen == [[0], [0]]


def test_a_deletion_that_a_kill_stopped_half_way_can_be_undone_at_any_time(studio, service, later):
    job = made(studio)
    path = job.video.path
    mark(studio, job)
    again = later(studio, KEPT_SECONDS + DAY)
    assert keys(again) == set()
    assert again.job(job.id).status == "succeeded"
    again.library.restore(job.id)
    assert path.exists()
    assert keys(again) == {f"{job.id}/0"}
    assert len(service.fetched) == 1


def test_a_clip_that_is_being_deleted_comes_back_when_its_cell_is_run(studio, service):
    job = made(studio)
    mark(studio, job)
    assert made(studio).video.path.exists()
    assert (len(service.posts), len(service.fetched)) == (1, 1)


def test_a_restore_that_the_ledger_refuses_leaves_the_file_in_the_trash(studio, monkeypatch):
    job = made(studio)
    path = job.video.path
    studio.library.delete(job.id)

    def full(*_):
        raise VeoError("The library's ledger can't be used: database or disk is full.", hint="")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "write", full)
        with pytest.raises(VeoError, match="full"):
            studio.library.restore(job.id)
        assert not path.exists()
    studio.library.restore(job.id)
    assert path.exists()


# Jobs without a clip, whose clip may be at the provider


@pytest.fixture
def lost(studio, service):
    """A job that was paid for and could not be fetched, and was then deleted."""
    service.downloads = [httpx2.Response(200, content=b"no video")] * 3
    job = studio.generate("A fox.")
    with pytest.raises(DownloadError):
        job.wait(30)
    service.downloads = []
    assert [one.job.id for one in studio.jobs.unfetched()] == [job.id]
    studio.library.delete(job.id)
    return job


def test_a_repair_does_not_fetch_what_was_deleted_before_it_came(studio, service, lost):
    before = len(service.fetched)
    report = studio.library.repair()
    assert (report.done, report.left) == ([], [])
    assert studio.job(lost.id).status == "failed"
    assert len(service.fetched) == before
    assert keys(studio, "made", "failed") == set()


def test_a_repair_does_not_enter_a_file_whose_job_was_deleted(studio, service):
    """Its end was lost in a crash: the clip lies in its place, and the ledger calls the job failed."""
    job = made(studio)
    lost = error_to_json(DownloadError("It broke off."))
    with ledger_of(studio) as ledger:
        ledger.read("DELETE FROM videos")
        ledger.update_job(job.id, state="failed", error=lost)
    studio.library.delete(job.id)
    assert studio.library.repair().done == []
    assert studio.job(job.id).status == "failed"
    assert keys(studio, "made", "failed") == set()


def test_a_repair_of_one_sample_does_not_bring_the_deleted_other_one_back(studio, service):
    job = pair(studio, service)
    first, second = (video.path for video in job.videos)
    studio.library.delete(f"{job.id}/1")
    first.write_bytes(b"damaged")
    service.polls = [service.finished("one", count=2)]
    assert "fetched again" in " ".join(studio.library.repair().done)
    assert first.stat().st_size > len(b"damaged")
    assert not second.exists()
    assert len(service.fetched) == 3
    assert [video.sample for video in studio.job(job.id).videos] == [0]
    assert keys(studio) == {f"{job.id}/0"}


def test_a_repair_has_nothing_to_say_of_a_deleted_clip(studio, service):
    studio.library.delete(made(studio).id)
    report = studio.library.repair()
    assert (report.done, report.left) == ([], [])
    assert len(service.fetched) == 1


def test_nobody_is_warned_of_a_clip_that_he_deleted(studio, lost):
    assert studio.jobs.unfetched() == []


@pytest.mark.parametrize("again", [lambda it, job: it.jobs.retry(job.id), lambda it, job: made(it)])
def test_who_asks_for_it_gets_it_and_pays_nothing(studio, service, lost, again):
    again(studio, lost)
    job = studio.job(lost.id).wait(30)
    assert job.video.path.exists()
    assert keys(studio) == {f"{lost.id}/0"}
    assert len(service.posts) == 1


def test_a_retry_of_a_deleted_clip_brings_it_back(studio, service):
    job = made(studio)
    studio.library.delete(job.id)
    assert studio.jobs.retry(job.id).wait(30).video.path.exists()
    assert (len(service.posts), len(service.fetched)) == (1, 1)
    with pytest.raises(InvalidRequest, match="its video is here"):
        studio.jobs.retry(job.id)


def test_an_uncertain_job_that_is_sent_again_is_seen_again(studio, service):
    service.submits = [httpx2.ReadTimeout("no answer")]
    job = studio.generate("A fox.")
    with pytest.raises(VeoError):
        job.wait(30)
    assert job.status == "uncertain"
    studio.library.delete(job.id)
    studio.jobs.resubmit(job.id).wait(30)
    assert keys(studio) == {f"{job.id}/0"}


# Two kernels


def test_what_one_kernel_deleted_another_one_brings_back_unpaid(make_studio, service):
    here, there = make_studio(), make_studio()
    job, same = made(here), made(there)
    assert same.id == job.id
    here.library.delete(job.id)
    assert made(there).video.path.exists()
    assert here.job(job.id).wait(30).id == job.id
    assert keys(here) == {f"{job.id}/0"}
    assert (len(service.posts), len(service.fetched)) == (1, 1)


def test_a_job_that_another_kernel_runs_is_not_deleted(make_studio, service):
    here, there = make_studio(), make_studio()
    held = Held()
    service.polls = [held]
    job = here.generate("A fox.")
    held.asked.wait(10)
    with pytest.raises(InvalidRequest, match="Cancel it first"):
        there.library.delete(job.id)
    held.give()
    job.wait(30)
