"""Clips that are deleted, brought back and joined: nothing is lost, nothing paid twice, nothing comes back unasked."""

from __future__ import annotations

import json
import sqlite3

import httpx2
import pytest

from tests.world import Held
from veo_nb.errors import InvalidRequest, NotFound
from veo_nb.media.probe import probe
from veo_nb.store.queries import Query
from veo_nb.store.trash import KEPT_SECONDS


def made(studio, prompt="A fox.", **fields):
    return studio.generate(prompt, **fields).wait(30)


def keys(studio, *states):
    return {row.key for row in studio.library.browse(Query(states=states, limit=100)).rows}


# Deleting


def test_a_deleted_clip_is_in_the_trash_with_its_recipe_and_nowhere_else(studio):
    job = made(studio)
    path = job.video.path
    studio.library.delete(f"{job.id}/0")
    assert not path.exists()
    assert not path.with_suffix(".json").exists()
    inside = studio.library.folder / ".trash" / path.relative_to(studio.library.folder)
    assert inside.exists()
    assert inside.with_suffix(".json").exists()
    assert job.videos == ()
    assert keys(studio) == set()
    with pytest.raises(NotFound, match="no clip"):
        studio.library.clip(f"{job.id}/0")


def test_it_comes_back_as_it_was_after_a_restart_too(make_studio):
    first = make_studio()
    job = made(first)
    path, before = job.video.path, job.video.path.read_bytes()
    first.library.delete(job.id)
    first.close()
    again = make_studio()
    again.library.restore(f"{job.id}/0")
    assert path.read_bytes() == before
    assert again.job(job.id).video.path == path
    assert again.library.clip(job.id).path == path
    assert keys(again) == {f"{job.id}/0"}


def test_a_cell_that_asks_for_it_brings_it_back_and_sends_nothing(studio, service):
    job = made(studio)
    studio.library.delete(job.id)
    again = made(studio)
    assert again.id == job.id
    assert again.video.path.exists()
    assert len(service.posts) == 1
    assert len(service.fetched) == 1


def test_of_several_samples_one_may_go(studio, service):
    service.polls = [service.finished("one", count=2)]
    job = made(studio, sample_count=2)
    second = job.videos[1].path
    studio.library.delete(f"{job.id}/1")
    assert [video.sample for video in job.videos] == [0]
    assert not second.exists()
    assert keys(studio) == {f"{job.id}/0"}
    studio.library.restore(f"{job.id}/1")
    assert [video.sample for video in job.videos] == [0, 1]


def test_a_job_that_still_runs_is_not_deleted(studio, service):
    held = Held()
    service.polls = [held]
    job = studio.generate("A fox.")
    held.asked.wait(10)
    with pytest.raises(InvalidRequest, match="Cancel it first"):
        studio.library.delete(job.id)
    held.give()
    job.wait(30)


def test_a_job_without_a_clip_goes_out_of_sight_and_comes_back(studio, service):
    service.submits = [httpx2.Response(400, json={"error": {"code": 400, "message": "No good."}})]
    job = studio.generate("A fox.")
    with pytest.raises(InvalidRequest):
        job.wait(30)
    assert keys(studio, "failed") == {f"{job.id}/0"}
    studio.library.delete(job.id)
    assert keys(studio, "failed") == set()
    studio.library.restore(job.id)
    assert keys(studio, "failed") == {f"{job.id}/0"}


def test_neither_repair_nor_a_new_ledger_brings_it_back(make_studio, service):
    studio = make_studio()
    job = made(studio)
    studio.library.delete(job.id)
    report = studio.library.repair()
    assert not report.left
    assert keys(studio) == set()
    studio.close()
    studio.library.files.ledger_path.unlink()
    for extra in ("-wal", "-shm"):
        studio.library.files.ledger_path.with_name(f"{studio.library.files.ledger_path.name}{extra}").unlink(
            missing_ok=True
        )
    again = make_studio()
    assert keys(again) == set()
    assert again.library.repair().left == []
    assert keys(again) == set()
    assert len(service.fetched) == 1
    again.library.restore(job.id)
    assert keys(again) == {f"{job.id}/0"}


def test_what_was_brought_back_stays_after_a_new_ledger(make_studio):
    studio = make_studio()
    job = made(studio)
    studio.library.delete(job.id)
    studio.library.restore(job.id)
    studio.close()
    studio.library.files.ledger_path.unlink()
    assert keys(make_studio()) == {f"{job.id}/0"}


def test_a_file_that_cannot_be_moved_leaves_everything_as_it_was(studio, monkeypatch):
    job = made(studio)
    (studio.library.folder / ".trash").write_text("in the way")
    with pytest.raises(InvalidRequest, match="can't be moved"):
        studio.library.delete(job.id)
    assert job.video.path.exists()
    assert job.video.path.with_suffix(".json").exists()
    assert keys(studio) == {f"{job.id}/0"}


def test_a_ledger_that_cannot_be_written_leaves_the_file_where_it_was(studio, monkeypatch):
    job = made(studio)
    ledger = studio.jobs.workspace.open().ledger

    def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(ledger, "write", full)
    with pytest.raises(sqlite3.OperationalError):
        studio.library.delete(job.id)
    assert job.video.path.exists()


def test_after_a_week_it_is_gone_and_the_same_request_is_asked_anew(make_studio, service):
    studio = make_studio()
    job, other = made(studio), made(studio, "An owl.")
    studio.library.delete(job.id)
    studio.close()
    later = make_studio()
    now = later.jobs.workspace.clock
    later.jobs.workspace.clock = lambda: now() + KEPT_SECONDS + 60
    later.jobs.workspace.open()
    assert not [*(later.library.folder / ".trash").rglob("*.mp4")]
    assert later.job(other.id).video.path.exists()
    with pytest.raises(NotFound, match="no longer in the trash"):
        later.library.restore(job.id)
    spent = later.cost().spent
    again = made(later)
    assert again.id != job.id
    assert len(service.posts) == 3
    assert later.cost().spent > spent, "the first was paid for, and stays on the bill"


# Joining


def test_clips_become_one_that_is_found_and_played_as_any_other(studio):
    fox, owl = made(studio), made(studio, "An owl.")
    both = studio.join([fox, owl.video], title="  Fox and\nowl ")
    assert both.duration == pytest.approx(1.0, abs=0.05)
    assert both.path.exists()
    assert both.path.name.startswith("fox-and-owl")
    facts = probe(both.path)
    assert (facts.width, facts.height) == (both.width, both.height) == (192, 108)
    (row,) = studio.library.browse(Query(states=("joined",))).rows
    assert (row.job_id, row.prompt, row.kind) == (both.job_id, "Fox and owl", "joined")
    assert studio.library.clip(both.job_id) == both
    assert both.job_id not in {job.id for job in studio.history()}


def test_a_part_of_a_clip_is_cut_to_the_frame(studio):
    fox = made(studio)
    part = studio.join([fox.video.trim(0.125, 0.375)])
    assert part.duration == pytest.approx(0.25, abs=1e-6)
    assert studio.library.browse(Query(states=("joined",))).rows[0].prompt == "A part of a clip"


def test_a_joined_clip_is_rated_deleted_and_brought_back(studio):
    both = studio.join([made(studio), made(studio, "An owl.")])
    assert studio.library.rate(both.job_id, rating=4).rating == 4
    studio.library.rate(both.job_id, star=True, note="for the trailer")
    (row,) = studio.library.browse(Query(states=("joined",))).rows
    assert (row.rating, row.star, row.note) == (4, True, "for the trailer")
    with pytest.raises(InvalidRequest, match="can't be 9"):
        studio.library.rate(both.job_id, rating=9)
    studio.library.delete(both.job_id)
    assert not both.path.exists()
    studio.library.restore(both.job_id)
    assert both.path.exists()


def test_joined_clips_come_back_with_a_new_ledger(make_studio):
    studio = make_studio()
    both = studio.join([made(studio), made(studio, "An owl.")], title="Both")
    studio.library.rate(both.job_id, rating=5)
    studio.close()
    studio.library.files.ledger_path.unlink()
    (row,) = make_studio().library.browse(Query(states=("joined",))).rows
    assert (row.job_id, row.prompt, row.rating) == (both.job_id, "Both", 5)


def test_a_copy_goes_where_it_is_wanted(studio, tmp_path):
    both = studio.join([made(studio), made(studio, "An owl.")], out=tmp_path / "both.mp4")
    assert (tmp_path / "both.mp4").read_bytes() == both.path.read_bytes()


def test_a_copy_that_cannot_be_written_leaves_the_joined_clip_in_the_library(studio, tmp_path):
    with pytest.raises(InvalidRequest, match=r"copy .* can't be written") as caught:
        studio.join([made(studio), made(studio, "An owl.")], out=tmp_path / "nowhere" / "both.mp4")
    (row,) = studio.library.browse(Query(states=("joined",))).rows
    assert row.job_id in caught.value.hint
    assert studio.library.clip(row.job_id).path.exists()


@pytest.mark.parametrize(
    ("clips", "said"), [([], "0 clips"), (["fox.mp4"], "not str"), ([None], "not NoneType")]
)
def test_what_cannot_be_joined_is_said_before_anything_is_written(studio, clips, said):
    with pytest.raises(InvalidRequest, match=said):
        studio.join(clips)
    assert not (studio.library.folder / "arriving").exists() or not [
        *(studio.library.folder / "arriving").iterdir()
    ]


def test_a_file_that_is_gone_is_named(studio):
    fox = made(studio)
    fox.video.path.unlink()
    with pytest.raises(InvalidRequest, match="no longer there"):
        studio.join([fox])


@pytest.mark.parametrize(("start", "end"), [(0.4, 0.2), (-1.0, None), (0.5, None), (9.0, 10.0)])
def test_a_trim_that_leaves_nothing_is_refused(studio, start, end):
    with pytest.raises(InvalidRequest, match="Nothing is left"):
        made(studio).video.trim(start, end)


def test_the_recipe_beside_a_joined_clip_says_what_it_is_made_of(studio):
    fox = made(studio)
    both = studio.join([fox, fox.video.trim(0.0, 0.25)])
    recipe = json.loads(both.path.with_suffix(".json").read_text("utf-8"))
    assert [(piece["job"], piece["start"], piece["end"]) for piece in recipe["pieces"]] == [
        (fox.id, 0.0, None),
        (fox.id, 0.0, 0.25),
    ]
