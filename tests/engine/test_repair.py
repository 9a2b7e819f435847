"""Repairing a library: what is damaged is fetched again, what is unknown is entered, and all of it is said."""

from __future__ import annotations

from contextlib import closing

import httpx2
import pytest

from tests.world import Held
from veo_nb import errors
from veo_nb.engine.repair import Repair
from veo_nb.store.ledger import Ledger

EXPIRED = httpx2.Response(404, json={"error": {"code": 404, "message": "no such file"}})
REFUSED = httpx2.Response(401, json={"error": {"message": "no", "code": "x"}})


@pytest.fixture
def fox(studio):
    return studio.generate("A fox.").wait(30)


def test_a_report_marks_what_is_well_what_was_done_and_what_is_left():
    report = Repair(checked=["The ledger is sound."], done=["3f2a: fetched again."], left=["9c24: gone."])
    assert str(report).splitlines() == [
        "ok  The ledger is sound.",
        "++  3f2a: fetched again.",
        "!!  9c24: gone.",
    ]
    assert str(Repair(checked=["x"])).splitlines() == ["ok  x", "ok  Nothing to repair."]


def test_where_nothing_was_made_there_is_nothing_to_do_and_nothing_is_made(studio, tmp_path):
    assert str(studio.library.repair()) == "ok  Nothing to repair."
    assert [*tmp_path.iterdir()] == []


def test_a_sound_library_is_left_as_it_is(studio, fox, service):
    asked = len(service.requests)
    report = studio.library.repair()
    assert (report.done, report.left) == ([], [])
    assert "1 videos are as they arrived." in str(report)
    assert len(service.requests) == asked


def test_a_damaged_file_is_replaced_without_a_post(studio, fox, service, clip):
    fox.video.path.write_bytes(clip[:-1] + b"?")
    assert studio.library.repair().done == [f"{fox.id}: its video was damaged; fetched again."]
    assert fox.video.path.read_bytes() == clip
    assert len(service.posts) == 1


def test_only_the_sample_that_is_missing_is_fetched(studio, service):
    service.on_poll = lambda name: service.finished(name, count=3)
    job = studio.generate("A fox.", sample_count=3).wait(30)
    fetched = len(service.fetched)
    job.videos[1].path.unlink()
    studio.library.repair()
    assert len(service.fetched) == fetched + 1
    assert job.videos[1].path.exists()


def test_a_damaged_file_is_kept_where_the_provider_has_none_any_more(studio, fox, service):
    fox.video.path.write_bytes(b"half a video")
    service.polls.append(EXPIRED)
    (said,) = studio.library.repair().left
    assert said.startswith(f"{fox.id}: its video was damaged and could not be fetched: ")
    assert fox.video.path.read_bytes() == b"half a video"
    assert (fox.status, studio.job(fox.id).status) == ("succeeded", "succeeded")


def test_a_download_that_failed_is_looked_for_again(studio, service):
    service.downloads.append(REFUSED)
    job = studio.generate("A fox.")
    with pytest.raises(errors.VeoError):
        job.wait(30)
    assert studio.library.repair().done == [f"{job.id}: its video is here now."]
    assert job.video.path.exists()
    assert len(service.posts) == 1


def test_what_still_fails_is_said_with_its_reason(studio, service):
    service.downloads += [REFUSED, REFUSED]
    job = studio.generate("A fox.")
    with pytest.raises(errors.VeoError):
        job.wait(30)
    (said,) = studio.library.repair().left
    assert said.startswith(f"{job.id}: looked for again, and not fetched: ")


def test_what_a_person_stopped_is_named_and_not_fetched(studio, service):
    service.polls = [Held()]
    (poll,) = service.polls
    job = studio.generate("A fox.")
    assert poll.asked.wait(60)
    job.cancel()
    with pytest.raises(errors.Cancelled):
        job.wait(30)
    assert studio.library.repair().left == [
        f"{job.id}: stopped by you; %veo retry {job.id} fetches it all the same."
    ]


def test_a_job_of_another_provider_is_named_with_what_to_do(make_studio, service):
    job = make_studio().generate("A fox.").wait(30)
    job.video.path.unlink()
    other = make_studio(provider="sandbox", api_key=None, base_url="http://127.0.0.1:9")
    (said,) = other.library.repair().left
    assert "GPTProto needs its key (%veo login gptproto)" in said
    assert len(service.posts) == 1


def test_a_video_that_lies_there_with_its_sidecar_is_entered(make_studio, tmp_path):
    """Copied from a colleague's library, or from a backup."""
    mine, theirs = make_studio(), make_studio(library=str(tmp_path / "theirs"))
    mine.generate("A fox.").wait(30)
    job = theirs.generate("An owl.").wait(30)
    for path in (job.video.path, job.video.path.with_suffix(".json")):
        place = mine.library.folder / path.parent.name / path.name
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(path.read_bytes())
    assert mine.library.repair().done == [f"Found by their sidecars and entered: {job.id}."]
    assert mine.job(job.id).video.path.exists()
    assert mine.generate("An owl.").id == job.id


def test_a_job_that_failed_with_its_video_in_place_is_called_done(studio, fox, service, tmp_path):
    """Renamed, killed, and looked for again only after two days, when the provider says that there is none."""
    service.polls.append(EXPIRED)
    with closing(Ledger(studio.library.files.ledger_path)) as ledger:
        ledger.read("DELETE FROM videos")
        ledger.update_job(fox.id, state="failed", error={"code": "expired", "message": "gone", "hint": ""})
    job = studio.job(fox.id)
    assert job.status == "failed"
    assert f"{job.id}: its video was here, and is entered." in studio.library.repair().done
    assert (job.status, job.error, job.video.path.exists()) == ("succeeded", None, True)


def test_a_sidecar_that_is_gone_is_written_again(studio, fox):
    sidecar = fox.video.path.with_suffix(".json")
    before = sidecar.read_text("utf-8")
    sidecar.unlink()
    assert studio.library.repair().done == [f"{fox.id}: its sidecar is written again."]
    assert sidecar.read_text("utf-8") == before


def test_a_ledger_that_is_found_damaged_is_made_anew(studio, fox, caplog):
    """One that is too large to be checked at each opening."""
    with closing(Ledger(studio.library.files.ledger_path)) as ledger:
        ledger.read("PRAGMA wal_checkpoint(TRUNCATE)")
    size = studio.library.files.ledger_path.stat().st_size
    with studio.library.files.ledger_path.open("r+b") as file:
        file.seek(size - 4096)
        file.write(b"\xa5" * 4096)
    report = str(studio.library.repair())
    assert "The ledger was damaged, it is kept as ledger.corrupt-" in report
    assert "The ledger is sound." in report
    assert studio.job(fox.id).status == "succeeded"


def test_the_beginning_of_a_video_that_is_here_is_thrown_away(studio, fox, service):
    part = studio.library.files.part_path(fox.id, 0)
    other = studio.library.files.part_path("9c24", 0)
    for path in (part, other):
        path.write_bytes(b"half")
    studio.library.repair()
    assert (part.exists(), other.exists()) == (False, True)
