"""The library as a whole: who hears of what happens in it, where clips come from, what is sent next."""

from __future__ import annotations

import contextlib
import threading

import pytest

from tests.world import Held
from veo_nb.errors import InvalidRequest, NotFound
from veo_nb.store import changes as streams
from veo_nb.store.changes import EVERYTHING, Change
from veo_nb.store.ledger import Ledger
from veo_nb.store.ratings import Ratings
from veo_nb.store.rows import Owner


def made(studio, prompt="A fox.", **fields):
    return studio.generate(prompt, **fields).wait(30)


# News


def test_all_that_happens_to_a_job_is_heard_of(studio):
    changes: list[Change] = []
    # That all may have changed is said as well, every two seconds of real time, of which this may take any number.
    end = studio.library.on_change(lambda change: changes.append(change) if change.id else None)
    job = made(studio)
    assert {change.id for change in changes} == {job.id}
    for act in (
        lambda: studio.library.rate(job.id, rating=3),
        lambda: studio.library.delete(job.id),
        lambda: studio.library.restore(job.id),
    ):
        changes.clear()
        act()
        assert {change.id for change in changes} == {job.id}
    changes.clear()
    end()
    studio.library.rate(job.id, rating=4)
    assert changes == []


def test_a_joined_clip_is_heard_of(studio):
    job = made(studio)
    changes: list[Change] = []
    studio.library.on_change(lambda change: changes.append(change) if change.id else None)
    both = studio.join([job, job])
    assert changes == [Change("clip", both.job_id)]


def test_what_another_kernel_does_is_heard_of_and_its_beats_are_not(studio, monkeypatch):
    monkeypatch.setattr(streams, "LOOK_SECONDS", 0.01)
    job = made(studio)
    changes, event = [], threading.Event()

    def hear(change):
        changes.append(change)
        event.set()

    studio.library.on_change(hear)
    with contextlib.closing(Ledger(studio.library.files.ledger_path)) as there:
        there.beat(Owner("host:1:x", "host", 1, 5.0))
        assert not event.wait(0.2)
        Ratings(lambda: there, lambda: 5.0).change(job.id, 0, rating=5)
        assert event.wait(10)
    assert changes[0] == EVERYTHING


def test_studios_on_one_library_in_a_process_hear_each_other_at_once(make_studio):
    """As after `veo.configure(...)`, for what was shown before it."""
    before, now = make_studio(), make_studio()
    job = made(now)
    changes: list[Change] = []
    end = before.library.on_change(changes.append)
    now.library.rate(job.id, rating=5)
    assert changes == [Change("rating", job.id)]
    end()
    now.library.rate(job.id, rating=4)
    assert len(changes) == 1


# Where clips come from


def test_a_clip_that_begins_with_a_frame_of_another_knows_that(studio):
    fox = made(studio)
    owl = made(studio, "An owl.", image=fox.video.last_frame())
    stag = made(studio, "A stag.", image=fox.video.frame(0.2).resize((320, 180)), fit="crop")
    found = studio.library.lineage(f"{fox.id}/0")
    assert [(link.key, link.how, link.prompt) for link in found.became] == [
        (f"{owl.id}/0", "its last frame", "An owl."),
        (f"{stag.id}/0", "its frame at 0.2 s", "A stag."),
    ]
    assert [(link.key, link.how) for link in studio.library.lineage(owl.id).came_from] == [
        (f"{fox.id}/0", "its last frame")
    ]


def test_a_clip_that_was_gone_on_from_and_one_that_was_joined_know_that(studio):
    fox = made(studio, resolution="720p")
    longer = made(studio, "It runs on.", video=fox)
    both = studio.join([fox, longer], title="Both")
    assert [(link.key, link.how) for link in studio.library.lineage(fox.id).became] == [
        (f"{longer.id}/0", "goes on from it"),
        (f"{both.job_id}/0", "part of it"),
    ]
    assert [link.key for link in studio.library.lineage(both.job_id).came_from] == [
        f"{fox.id}/0",
        f"{longer.id}/0",
    ]
    assert [link.prompt for link in studio.library.lineage(longer.id).came_from] == ["A fox."]


def test_where_a_frame_came_from_is_no_part_of_the_request(studio, service):
    fox = made(studio)
    image = fox.video.last_frame()
    owl = made(studio, "An owl.", image=image)
    image.info.clear()
    assert made(studio, "An owl.", image=image).id == owl.id
    assert len(service.posts) == 2


def test_what_is_known_of_frames_comes_back_with_a_new_ledger(make_studio):
    studio = make_studio()
    fox = made(studio)
    owl = made(studio, "An owl.", image=fox.video.last_frame())
    studio.close()
    studio.library.files.ledger_path.unlink()
    assert [link.key for link in make_studio().library.lineage(owl.id).came_from] == [f"{fox.id}/0"]


# What is sent next


def test_those_that_wait_can_be_put_in_another_order(make_studio, service):
    studio = make_studio(max_in_flight=1)
    held = Held()
    service.submits = [held]
    first, *rest = [studio.generate(f"Clip {n}.") for n in range(4)]
    held.asked.wait(10)
    ids = [job.id for job in rest]
    assert studio.jobs.waiting() == ids
    studio.jobs.move(ids[2], ids[0])
    assert studio.jobs.waiting() == [ids[2], ids[0], ids[1]]
    studio.jobs.move(ids[2], None)
    assert studio.jobs.waiting() == ids
    studio.jobs.move(ids[1], ids[0])
    with pytest.raises(InvalidRequest, match="was sent already"):
        studio.jobs.move(first.id, None)
    held.give()
    for job in (first, *rest):
        job.wait(30)
    sent = [post["instances"][0]["prompt"] for post in service.posts]
    assert sent == ["Clip 0.", "Clip 2.", "Clip 1.", "Clip 3."]


def test_a_move_is_told_and_one_before_nothing_is_refused(make_studio, service):
    studio = make_studio(max_in_flight=1)
    held = Held()
    service.submits = [held]
    first, second, third = [studio.generate(f"Clip {n}.") for n in range(3)]
    held.asked.wait(10)
    with pytest.raises(NotFound):
        studio.jobs.move(third.id, "none")
    with pytest.raises(NotFound):
        studio.jobs.move("none", None)
    assert studio.jobs.waiting() == [second.id, third.id]
    parts = studio.jobs.workspace.open()
    # Held back they hear of no other number in the line, and it is another line all the same.
    parts.loop.do(lambda: parts.engine.hold({second.id, third.id}, back=True))
    changes: list[Change] = []
    studio.library.on_change(changes.append)
    studio.jobs.move(third.id, second.id)
    assert Change("job", third.id) in changes
    parts.loop.do(lambda: parts.engine.hold({second.id, third.id}, back=False))
    held.give()
    for job in (first, second, third):
        job.wait(30)


def test_a_job_that_another_kernel_sends_is_not_moved_here(make_studio, service):
    here, there = make_studio(max_in_flight=1), make_studio(max_in_flight=1)
    held = Held()
    service.submits = [held]
    first, second = [there.generate(f"Clip {n}.") for n in range(2)]
    held.asked.wait(10)
    with pytest.raises(InvalidRequest, match="does not wait for its turn here") as refused:
        here.jobs.move(second.id, None)
    assert "another notebook" in refused.value.hint
    held.give()
    for job in (first, second):
        job.wait(30)


def test_what_is_not_done_is_listed(studio, service):
    held = Held()
    service.polls = [held]
    job = studio.generate("A fox.")
    held.asked.wait(10)
    assert studio.jobs.unfinished() == [job]
    held.give()
    job.wait(30)
    assert studio.jobs.unfinished() == []


@pytest.mark.parametrize("key", ["nope", "nope/0", "", "/", "a/b/c"])
def test_a_key_of_nothing_is_said_to_be_one(studio, key):
    with pytest.raises(NotFound):
        studio.library.clip(key)


def test_a_library_that_is_not_there_has_nothing_and_is_not_made(studio):
    from veo_nb.store.queries import Query

    assert studio.library.browse(Query()).total == 0
    assert studio.library.summary().total == 0
    assert studio.library.lineage("3f2a").came_from == ()
    assert studio.jobs.unfinished() == studio.jobs.waiting() == []
    assert not studio.library.folder.exists()
