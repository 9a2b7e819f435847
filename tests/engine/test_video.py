"""A finished video and the stills out of it."""

from __future__ import annotations

import pytest

from tests.store.test_ledger import VIDEO
from veo_nb.engine.video import Trimmed, video_from_row
from veo_nb.errors import InvalidRequest, NotFound


@pytest.fixture
def video(tmp_path, clip):
    video = video_from_row(VIDEO, tmp_path)
    video.path.parent.mkdir()
    video.path.write_bytes(clip)
    return video


def test_it_is_what_the_ledger_says_in_the_librarys_folder(video, tmp_path):
    assert video.path == tmp_path / "2026-11-22" / "fox-3f2a.mp4"
    assert (video.width, video.height, video.duration, video.fps) == (1280, 720, 4.0, 24.0)
    assert (video.job_id, video.sample, video.bytes, video.sha256) == ("3f2a", 0, 1000, "ab")


def test_a_frame_is_a_picture_of_the_clips_size(video):
    assert video.frame(0.25).size == (192, 108)


def test_the_last_frame_is_another_than_the_first(video):
    assert video.last_frame().tobytes() != video.frame(0).tobytes()
    assert video.last_frame().tobytes() == video.frame(100).tobytes()


def test_a_trim_up_to_the_end_or_past_it_is_up_to_the_clips_own(video):
    assert video.trim() == Trimmed(video)
    assert video.trim(1.5, 4.0) == video.trim(1.5, 99) == Trimmed(video, 1.5, None)
    assert video.trim(end=1) == Trimmed(video, 0.0, 1)


@pytest.mark.parametrize(("start", "end"), [(2, 2), (3, 1), (-0.1, 1), (4.0, None), (float("nan"), None)])
def test_a_trim_of_nothing_is_refused_with_the_clips_length(video, start, end):
    with pytest.raises(InvalidRequest, match=r"of a clip of 4\.0 s"):
        video.trim(start, end)


@pytest.mark.parametrize("still", [lambda video: video.frame(0), lambda video: video.last_frame()])
def test_a_file_that_is_gone_says_what_to_do(video, still):
    video.path.unlink()
    with pytest.raises(NotFound, match="no longer there") as caught:
        still(video)
    assert "Run its cell again" in caught.value.hint
