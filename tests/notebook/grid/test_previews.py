"""Small copies for the cells of a grid: made by a process of their own, once, and never in anybody's way."""

from __future__ import annotations

import shutil
import sys
import threading
from pathlib import Path

import pytest

from tests.media.conftest import make_clip  # noqa: F401  a fixture
from veo_nb.engine.video import Video
from veo_nb.errors import NotFound
from veo_nb.media.probe import probe
from veo_nb.notebook.grid.previews import MOST_ENDS, TRIES, Previews, preview_path, prune_previews
from veo_nb.store.files import Files

SECONDS = 60
"""However slow the machine is."""
DIES = "import sys\nfor line in sys.stdin: open({note!r}, 'a').write('x'); sys.exit(1)"
"""A process that ends over each clip, and leaves a mark."""
DIES_ONCE = """import json, pathlib, shutil, sys
for line in sys.stdin:
    clip, out = json.loads(line)
    mark = pathlib.Path({note!r})
    if "bad" in clip and not mark.exists():
        mark.touch()
        sys.exit(9)
    shutil.copy(clip, out)
    print("made", flush=True)"""


@pytest.fixture
def library(tmp_path):
    """A library with a place for clips."""
    folder = tmp_path / "library"
    (folder / "2026-11-29").mkdir(parents=True)
    return folder


@pytest.fixture
def clip_of(library, make_clip):  # noqa: F811
    """A clip of 720p in the library, of the job with this id."""
    source = make_clip("large.mp4", frames=6, width=1280, height=720)

    def make(job_id: str, *, width: int = 1280, height: int = 720) -> Video:
        path = library / "2026-11-29" / f"fox-{job_id}.mp4"
        shutil.copy(source, path)
        return Video(
            path=path,
            uri="",
            width=width,
            height=height,
            duration=0.25,
            fps=24.0,
            has_audio=True,
            sha256=f"{int(job_id, 16):064x}"[::-1],
            bytes=path.stat().st_size,
            job_id=job_id,
        )

    return make


def made(previews: Previews, *clips: Video) -> bool:
    """Whether the copy of the last of these clips came; those before it were tried by then."""
    ready = threading.Event()
    for one in clips:
        previews.ask(one, ready.set if one is clips[-1] else lambda: None)
    return ready.wait(SECONDS)


def ended(previews: Previews) -> None:
    """Wait until nothing is left to do and the process is gone."""
    if (thread := previews._thread) is not None:
        thread.join(SECONDS)
        assert not thread.is_alive()


def test_a_copy_is_made_once_beside_the_clips(clip_of, library):
    previews, clip = Previews(idle=0.01), clip_of("3f2a")
    assert made(previews, clip)
    small = preview_path(clip)
    assert small.parent == library / "previews", "a hidden folder is not served"
    assert (probe(small).height, probe(small).has_audio) == (360, False)
    previews.ask(clip, lambda: pytest.fail("it is there"))
    ended(previews)
    assert [one.name for one in small.parent.iterdir()] == [small.name]


def test_a_copy_that_is_lost_is_made_again_and_an_older_one_goes(clip_of):
    previews, clip = Previews(idle=0.01), clip_of("3f2a")
    assert made(previews, clip)
    small = preview_path(clip)
    older = small.with_name("3f2a-0-00000000.mp4")
    small.rename(older)
    assert made(previews, clip)
    assert (small.exists(), older.exists()) == (True, False)


def test_a_clip_as_small_as_its_copy_has_none(clip_of):
    previews = Previews(idle=0.01)
    previews.ask(clip_of("3f2a", width=640, height=360), lambda: None)
    assert previews._thread is None


def test_a_broken_a_missing_and_a_deleted_clip_go_without(clip_of):
    previews, broken, missing, good = Previews(idle=0.01), clip_of("bad1"), clip_of("bad2"), clip_of("3f2a")
    broken.path.write_bytes(broken.path.read_bytes()[:2000])
    missing.path.unlink()
    assert made(previews, broken, missing, good)
    assert [one.name for one in preview_path(good).parent.iterdir()] == [preview_path(good).name]


def test_a_library_that_cannot_be_written_has_none(clip_of, library):
    previews, clip = Previews(idle=0.01), clip_of("3f2a")
    # A folder's rights do not keep a superuser out.
    (library / "previews").write_text("in the way")
    previews.ask(clip, lambda: pytest.fail("it can't be there"))
    ended(previews)
    assert previews._process is None


def test_where_a_process_is_killed_the_clip_is_tried_once_more(clip_of, tmp_path):
    script = DIES_ONCE.format(note=str(tmp_path / "mark"))
    previews, bad = Previews([sys.executable, "-c", script], idle=0.01), clip_of("bad1")
    bad = Video(**{**vars(bad), "path": bad.path.rename(bad.path.with_name("bad.mp4"))})
    assert made(previews, clip_of("3f2a"), bad)
    assert (tmp_path / "mark").exists()


def test_where_no_process_lives_no_more_are_started(clip_of, tmp_path):
    note = tmp_path / "note"
    previews = Previews([sys.executable, "-c", DIES.format(note=str(note))], idle=0.01)
    for number in range(MOST_ENDS):
        previews.ask(clip_of(f"{number + 1}a"), lambda: pytest.fail("nobody made it"))
    ended(previews)
    assert len(note.read_text()) == MOST_ENDS
    previews.ask(clip_of("ff"), lambda: None)
    assert previews._thread is None
    assert MOST_ENDS > TRIES


def test_where_none_can_be_started_clips_go_without(clip_of, tmp_path):
    previews = Previews([str(tmp_path / "no such program")], idle=0.01)
    previews.ask(clip_of("3f2a"), lambda: pytest.fail("nobody made it"))
    ended(previews)
    assert not preview_path(clip_of("3f2a")).exists()


def test_the_process_has_no_key_and_lets_others_go_first(clip_of, tmp_path, monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", "secret")
    note = tmp_path / "environment"
    script = (
        "import os, runpy, sys\n"
        f"open({str(note)!r}, 'w').write(os.environ.get('GEMINI_API_KEY', 'none'))\n"
        "runpy.run_module('veo_nb.media.preview', run_name='__main__')"
    )
    previews = Previews([sys.executable, "-c", script])
    assert made(previews, clip_of("3f2a"))
    assert note.read_text() == "none"
    process = previews._process
    assert process is not None
    if Path("/proc").exists():
        nice = int(Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[16])
        assert nice > 0
    previews._end_process()


def test_what_was_deleted_leaves_no_copy(clip_of, library):
    kept, gone = clip_of("3f2a"), clip_of("77aa")
    for one in (kept, gone):
        preview_path(one).parent.mkdir(exist_ok=True)
        preview_path(one).write_bytes(b"small")

    def find(key):
        if key != f"{kept.job_id}/0":
            raise NotFound(key)

    prune_previews(library, find)
    assert (preview_path(kept).exists(), preview_path(gone).exists()) == (True, False)
    Files(library).drop_previews(kept.job_id, 0)
    assert not preview_path(kept).exists()
