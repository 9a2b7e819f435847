"""The disk: full, read-only, files and ledgers that are deleted or damaged. What is paid for comes back."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import leaks
from tests.faults.rows import Row
from tests.faults.test_crash import PROMPT, kill_process
from veo_nb.errors import InvalidRequest, VeoError
from veo_nb.studio import Studio

OLD = "An owl that was made before."


def mount(kind: str, *arguments: str) -> bool:
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    return subprocess.run(["mount", *arguments], check=False, capture_output=True).returncode == 0


@pytest.fixture
def small(tmp_path) -> Iterator[Path]:
    """A disk of 4 MB."""
    place = tmp_path / "small"
    place.mkdir()
    if not mount("tmpfs", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)):
        pytest.skip("this user may not mount a small disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path) -> Path:
    """A file that takes what room there is, to the last byte."""
    ballast = place / "ballast"
    with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        for size in (65_536, 512, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size)
    return ballast


def ended(job) -> None:
    with contextlib.suppress(VeoError):
        job.wait(30)


def videos(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((folder / "veo_library").glob("*/*.mp4"))]


def row_of(case: str, folder: Path, provider, clip: bytes, wanted: int, what: str) -> Row:
    return Row(
        "disk",
        case,
        ended=what,
        tried=wanted,
        submits=len(provider.posts),
        lost=wanted - videos(folder).count(clip),
        doubled=provider.doubled(),
        leaked=leaks(folder),
    )


# A full disk


def test_full_before_the_row_nothing_is_sent(small, provider, studio_in, matrix, clip):
    studio = studio_in(small, provider)
    ended(studio.generate(OLD))
    studio.library.files.reserve_path.unlink()
    fill(small)
    prompt, error = refused(studio, small)
    row = matrix(row_of("full before the row", small, provider, clip, 1, "refused in one sentence, not sent"))
    assert row.sound
    assert "full" in error.message
    assert prompt not in provider.posts


def refused(studio: Studio, place: Path) -> tuple[str, VeoError]:
    """The first prompt that the full disk has no row for; the ledger's file may have room for some in its last page."""
    for number in range(200):
        prompt = f"{PROMPT} {number} {'x' * 3000}"
        try:
            studio.generate(prompt)
        except VeoError as error:
            return prompt, error
        fill(place)
    raise AssertionError("the disk is never full")


def test_full_while_it_is_sent_the_name_is_written_all_the_same(small, provider, studio_in, matrix, clip):
    provider.on_post = lambda: fill(small)
    studio = studio_in(small, provider)
    job = studio.generate(PROMPT)
    ended(job)
    with contextlib.closing(sqlite3.connect(studio.library.files.ledger_path)) as db:
        stored = db.execute("SELECT state, operation FROM jobs").fetchone()
    said = str(job.error)
    (small / "ballast").unlink()
    ended(studio.jobs.retry(job.id))
    row = matrix(
        row_of("full while it is sent", small, provider, clip, 1, f"{stored[0]}, name kept; then retried")
    )
    assert row.sound
    assert stored == (stored[0], job.operation)
    assert "full" in said or "No space left" in said
    assert len(provider.posts) == 1


def test_full_during_the_download_it_is_fetched_once_there_is_room(small, provider, studio_in, matrix, clip):
    provider.on_download = lambda: fill(small)
    studio = studio_in(small, provider)
    job = studio.generate(PROMPT)
    ended(job)
    assert job.status == "failed"
    assert "can't be written: No space left" in str(job.error)
    assert "Make room" in str(job.error)
    assert job.operation
    provider.on_download = lambda: None
    (small / "ballast").unlink()
    # Nobody needs to know the job: the doctor finds it.
    said = str(studio.library.repair())
    row = matrix(row_of("full during the download", small, provider, clip, 1, "failed; then repaired"))
    assert row.sound
    assert f"{job.id}: its video is here now." in said
    assert len(provider.posts) == 1


def test_full_to_the_last_byte_and_killed_the_journal_may_know(small, provider, matrix, clip):
    """No reserve any more: the ledger can't take the name. If the journal can't either, the job is uncertain."""
    code = f"""
import os, signal
from tests.faults.boundaries import shortly
from veo_nb.errors import VeoError
from veo_nb.engine.engine import Engine
from veo_nb.store.ledger import Ledger
from veo_nb.studio import Studio
real = Ledger._write
def write(self, work):
    if armed:
        raise VeoError("database or disk is full")
    return real(self, work)
Ledger._write = write
armed = []
accepted = Engine._accepted
async def accept(self, job, operation):
    armed.append(1)
    try:
        await accepted(self, job, operation)
    finally:
        os.kill(os.getpid(), signal.SIGKILL)
Engine._accepted = accept
Studio(sleep=shortly).generate({PROMPT!r}).wait(30)
"""
    environment = {**provider.environment, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-c", code], cwd=small, env=environment, check=False, timeout=60)
    studio = Studio(environ=provider.environment, folder=small)
    for job in studio.resume():
        ended(job)
    (job,) = studio.history()
    studio.close()
    row = matrix(row_of("ledger full, journal not, killed", small, provider, clip, 1, job.status))
    assert row.sound
    assert (job.status, len(provider.posts)) == ("succeeded", 1)


# A library that can't be written


def test_a_read_only_library_refuses_before_anything_is_sent(folder, provider, studio_in, matrix, clip):
    library = folder / "veo_library"
    library.mkdir()
    if not mount("bind", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", str(library)):
        pytest.skip("this user may not mount")
    try:
        studio = studio_in(folder, provider)
        with pytest.raises(InvalidRequest, match="can't be written: Read-only file system"):
            studio.generate(PROMPT)
        row = matrix(row_of("read-only library", folder, provider, clip, 0, "refused in one sentence"))
        row.tried = 1
        assert row.sound
        assert provider.posts == []
    finally:
        subprocess.run(["umount", "--lazy", str(library)], check=True)


# Files


def damage_video(library: Path) -> None:
    (path,) = library.glob("*/*.mp4")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def delete(pattern: str):
    def action(library: Path) -> None:
        for path in library.glob(pattern):
            path.unlink()

    return action


@pytest.mark.parametrize(
    ("case", "action", "said"),
    [
        ("a bit of a video flipped", damage_video, "its video was damaged; fetched again."),
        ("a video deleted", delete("*/*.mp4"), "its video was missing; fetched again."),
        ("a sidecar deleted", delete("*/*.json"), "its sidecar is written again."),
    ],
)
def test_a_file_that_is_damaged_or_gone(case, action, said, folder, provider, studio_in, matrix, clip):
    studio = studio_in(folder, provider)
    job = studio.generate(PROMPT).wait(30)
    action(studio.library.folder)
    report = str(studio.library.repair())
    row = matrix(row_of(case, folder, provider, clip, 1, said))
    assert row.sound
    assert f"{job.id}: {said}" in report
    assert job.status == "succeeded"
    assert job.video.path.with_suffix(".json").exists()
    assert str(studio.library.repair()).endswith("Nothing to repair.")


def test_a_damaged_video_that_the_provider_no_longer_has_is_left_as_it_is(
    folder, provider, studio_in, matrix, clip
):
    studio = studio_in(folder, provider)
    job = studio.generate(PROMPT).wait(30)
    damage_video(studio.library.folder)
    provider.gone = True
    report = str(studio.library.repair())
    row = matrix(row_of("a video damaged after two days", folder, provider, clip, 1, "kept as it is, said"))
    row.lost = 0
    assert f"{job.id}: its video was damaged and could not be fetched" in report
    assert job.status == "succeeded"
    assert job.video.path.exists()


# The ledger


def scribble(library: Path) -> None:
    """Overwrite the middle of the ledger, as a failing disk does."""
    path = library / "ledger.sqlite"
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - 4096))


def overwrite(library: Path) -> None:
    (library / "ledger.sqlite").write_bytes(b"not a database at all " * 500)


def truncate(library: Path) -> None:
    (library / "ledger.sqlite").write_bytes(b"")


def delete_ledger(library: Path) -> None:
    for path in library.glob("ledger.sqlite*"):
        path.unlink()


LEDGERS = {
    "ledger scribbled over": scribble,
    "ledger overwritten": overwrite,
    "ledger truncated": truncate,
    "ledger deleted": delete_ledger,
}


@pytest.mark.parametrize("case", LEDGERS)
def test_a_ledger_that_is_damaged_or_gone(case, folder, provider, studio_in, matrix, clip):
    """One clip is done and one was under way when the kernel was killed: both come back, and neither is sent again."""
    old = studio_in(folder, provider)
    old.generate(OLD).wait(30)
    old.close()
    kill_process("recorded and not polled", folder, provider)
    LEDGERS[case](folder / "veo_library")

    studio = studio_in(folder, provider)
    for job in studio.resume():
        ended(job)
    found = {job.request.prompt: job.status for job in studio.history()}
    row = matrix(row_of(case, folder, provider, clip, 2, "made anew; " + ", ".join(found.values())))
    assert row.sound
    assert found == {OLD: "succeeded", PROMPT: "succeeded"}
    assert len(provider.posts) == 2
    (said,) = studio.library.notices
    assert "made anew with 2 jobs" in said
    kept = [*(folder / "veo_library").glob("ledger.corrupt-*.sqlite")]
    assert len(kept) == ("damaged" in said) == (case in ("ledger scribbled over", "ledger overwritten"))
    for prompt in found:
        studio.generate(prompt)
    assert len(provider.posts) == 2


def test_an_uncertain_job_stays_uncertain_through_a_lost_ledger(folder, provider, studio_in, matrix, clip):
    """Or its cell, run again, would pay twice."""
    kill_process("answered and not recorded", folder, provider)
    delete_ledger(folder / "veo_library")
    studio = studio_in(folder, provider)
    studio.resume()
    job = studio.generate(PROMPT)
    ended(job)
    row = matrix(row_of("ledger deleted, a job uncertain", folder, provider, clip, 1, job.status))
    row.lost = 0
    assert row.sound
    assert (job.status, len(provider.posts)) == ("uncertain", 1)


def test_without_ledger_and_journal_the_videos_are_found_by_their_sidecars(
    folder, provider, studio_in, matrix, clip
):
    old = studio_in(folder, provider)
    made = old.generate(OLD, duration_seconds=8).wait(30)
    old.close()
    delete_ledger(folder / "veo_library")
    (folder / "veo_library" / "ledger.journal").unlink()
    studio = studio_in(folder, provider)
    job = studio.generate(OLD, duration_seconds=8)
    row = matrix(row_of("ledger and journal deleted", folder, provider, clip, 1, job.status))
    assert row.sound
    assert (job.id, job.status, job.operation, job.estimate) == (
        made.id,
        "succeeded",
        made.operation,
        made.estimate,
    )
    assert len(provider.posts) == 1


@pytest.mark.parametrize("case", LEDGERS)
def test_a_ledger_that_is_damaged_or_deleted_under_a_living_kernel(
    case, folder, provider, studio_in, matrix, clip
):
    """It goes on with the one that is made anew, by itself or by another kernel."""
    provider.hold_submits = True
    studio = studio_in(folder, provider)
    job = studio.generate(PROMPT)
    assert provider.held.wait(30)
    LEDGERS[case](folder / "veo_library")
    provider.release()
    ended(job)
    lived, said = job.status, studio.library.notices
    with contextlib.closing(sqlite3.connect(studio.library.files.ledger_path)) as db:
        # Where it was deleted, this kernel would have gone on writing into a file that nobody can open.
        there = case != "ledger deleted" or (
            said and db.execute("SELECT id FROM jobs").fetchall() == [(job.id,)]
        )
    studio.close()
    again = studio_in(folder, provider)
    again.resume()
    shown = again.generate(PROMPT)
    ended(shown)
    row = matrix(row_of(f"alive: {case}", folder, provider, clip, 1, shown.status))
    assert row.sound
    assert there
    assert (lived, shown.id, shown.status, len(provider.posts)) == ("succeeded", job.id, "succeeded", 1)


def test_damage_that_a_living_kernel_reads_costs_nothing(folder, provider, studio_in, matrix, clip):
    """It has no page of the ledger in memory any more: it says so, and the repair brings back what was paid for."""
    provider.hold_submits = True
    studio = studio_in(folder, provider)
    job = studio.generate(PROMPT)
    assert provider.held.wait(30)
    with contextlib.closing(sqlite3.connect(studio.library.files.ledger_path)) as db:
        # What another process writes makes this one read all of it from the disk again.
        db.execute("INSERT INTO owners VALUES ('nobody', '', 0, 0)")
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    scribble(folder / "veo_library")
    provider.release()
    ended(job)
    lived, said = job.status, job.error
    report = str(studio.library.repair())
    again = studio.generate(PROMPT)
    row = matrix(row_of("alive: damage that is read", folder, provider, clip, 1, f"{lived}; then repaired"))
    assert row.sound
    assert "--repair" in str(said)
    assert "The ledger was damaged, it is kept as" in report
    assert (again.id, again.status, len(provider.posts)) == (job.id, "succeeded", 1)
