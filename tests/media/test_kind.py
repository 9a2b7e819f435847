"""Videos of every kind: told by their first bytes, and made into an MP4 that every browser plays."""

from __future__ import annotations

import shutil

import av
import pytest

from tests.media.kinds import KINDS, without_ftyp, write
from veo_nb.media.join import convert
from veo_nb.media.kind import LOOK, kind_of, kind_of_file
from veo_nb.media.probe import CutOff, UnreadableVideo, probe


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    return {kind: write(folder / f"{number}.bin", kind) for number, kind in enumerate(KINDS)}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_told_and_becomes_a_clip_that_plays(kind, made, tmp_path):
    path, out = made[kind], tmp_path / "out.mp4"
    given = probe(path)
    assert given.kind == kind.partition(",")[0] == kind_of_file(path)
    assert not given.is_playable
    facts = convert(path, out)
    assert facts == probe(out)
    assert facts.is_playable
    assert (facts.width, facts.height, facts.has_audio) == (320, 180, bool(KINDS[kind][2]))
    assert facts.duration == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("kind", ["webm", "mkv", "mov", "ts", "flv"])
def test_pictures_that_browsers_play_are_copied_without_loss(kind, made, tmp_path):
    convert(made[kind], tmp_path / "out.mp4")
    pictures = []
    for path in (made[kind], tmp_path / "out.mp4"):
        with av.open(str(path)) as container:
            pictures.append([frame.to_ndarray().tobytes() for frame in container.decode(video=0)])
    assert pictures[0] == pictures[1]


def test_a_clip_that_plays_needs_nothing(clip):
    assert probe(clip).is_playable


def test_a_mov_without_ftyp_is_read(clip, tmp_path):
    path = tmp_path / "clip.mov"
    path.write_bytes(without_ftyp(clip.read_bytes()))
    assert probe(path).kind == "mov"
    assert convert(path, tmp_path / "out.mp4").is_playable


@pytest.mark.parametrize(
    "junk", [b"\n", b"\r\n\r\n", b"\x00" * 30, b"--boundary--\r\n", bytes(range(200, 256))]
)
def test_what_somebody_hung_on_after_a_clip_is_no_harm(clip, junk, tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(clip.read_bytes() + junk)
    assert probe(path).is_playable


@pytest.mark.parametrize("kind", ["webm", "mkv", "mov", "avi"])
def test_one_that_lost_its_end_is_cut_off(kind, made, tmp_path):
    content = made[kind].read_bytes()
    for left_out in (1, 500, len(content) // 2):
        (tmp_path / "a").write_bytes(content[:-left_out])
        with pytest.raises(CutOff):
            probe(tmp_path / "a")


@pytest.mark.parametrize(
    "head",
    [b"", b"<html>", b"#EXTM3U\nhttp://x.example/", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"ID3\x04", b"{}", b"%PDF-1.7",
     b"\x00\x00\x00\x18ftypheic", b"\x00\x00\x00\x18ftypavif", b"\x00\x00\x00\x18ftypM4A ", b"RIFF\x00\x00\x00\x00WEBP",
     b"RIFF\x00\x00\x00\x00WAVE", b"ffconcat version 1.0\nfile /etc/passwd"],
)  # fmt: skip
def test_pictures_songs_pages_and_lists_are_no_videos(head, tmp_path):
    assert kind_of(head + bytes(LOOK)) == ""
    (tmp_path / "a.mp4").write_bytes(head + bytes(600))
    with pytest.raises(UnreadableVideo):
        probe(tmp_path / "a.mp4")


def test_nothing_is_left_of_what_can_not_be_made(made, tmp_path):
    path = tmp_path / "a.webm"
    content = made["webm"].read_bytes()
    path.write_bytes(content[:600] + bytes(len(content) - 600))
    with pytest.raises(UnreadableVideo):
        convert(path, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_the_kind_of_a_file_that_is_gone_is_none(tmp_path):
    assert kind_of_file(tmp_path / "gone") == ""
    shutil.rmtree(tmp_path)
    assert kind_of_file(tmp_path) == ""
