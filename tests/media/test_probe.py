"""What is told about a file, and which files are turned away."""

from __future__ import annotations

import shutil

import av
import numpy as np
import pytest

from veo_nb.media.probe import UnreadableVideo, probe


def test_it_tells_size_length_rate_sound_and_codec(clip):
    facts = probe(clip)
    assert (facts.width, facts.height, facts.fps) == (320, 180, 24.0)
    assert facts.duration == pytest.approx(2.0, abs=0.01)
    assert facts.has_audio is True
    assert facts.video_codec == "h264"


def test_it_tells_that_there_is_no_sound(make_clip):
    assert probe(make_clip("silent.mp4", sound=False)).has_audio is False


@pytest.mark.parametrize("left_out", [1, 500, 0.5, 0.9])
def test_a_file_that_lost_its_end_is_turned_away(clip, tmp_path, left_out):
    whole = clip.read_bytes()
    gone = left_out if isinstance(left_out, int) else int(len(whole) * left_out)
    part = tmp_path / "part.mp4"
    part.write_bytes(whole[: len(whole) - gone])
    with pytest.raises(UnreadableVideo, match=r"part\.mp4 is cut off"):
        probe(part)


def test_a_file_whose_pictures_are_gone_is_turned_away_though_its_boxes_are_whole(clip, tmp_path):
    whole = bytearray(clip.read_bytes())
    data = whole.find(b"mdat") + 4
    whole[data + (len(whole) - data) // 2 :] = bytes(len(whole) - data - (len(whole) - data) // 2)
    (tmp_path / "hollow.mp4").write_bytes(whole)
    with pytest.raises(UnreadableVideo, match="hollow"):
        probe(tmp_path / "hollow.mp4")


def test_a_file_whose_last_pictures_hold_nothing_is_turned_away(clip, tmp_path):
    filler = b"\0\0\0\2\x0c\xff"
    with av.open(str(clip)) as source, av.open(str(tmp_path / "empty.mp4"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.pts is None:
                continue
            kept = packet if packet.pts * packet.time_base <= 1 else av.Packet(filler)
            kept.pts, kept.dts, kept.time_base, kept.stream = packet.pts, packet.dts, packet.time_base, stream
            target.mux(kept)
    with pytest.raises(UnreadableVideo, match=r"empty\.mp4 is damaged"):
        probe(tmp_path / "empty.mp4")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"<!doctype html><title>502</title>", "is no video. It looks like a web page"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "is no video"),
        (b"\0\0\0\x18ftypmp42" + bytes(12), "index of its pictures is missing"),
        (b"\0\0\0\x18ftypmp42" + bytes(12) + b"\0\0\0\4junk" + bytes(9), "boxes can't be told apart"),
    ],
)
def test_what_is_no_mp4_is_turned_away_in_one_sentence(tmp_path, content, why):
    (tmp_path / "file.mp4").write_bytes(content)
    with pytest.raises(UnreadableVideo, match=why) as caught:
        probe(tmp_path / "file.mp4")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_turned_away(tmp_path):
    with pytest.raises(UnreadableVideo, match=r"gone\.mp4 can't be read: No such file"):
        probe(tmp_path / "gone.mp4")


def test_sound_alone_is_no_video(tmp_path):
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=48000, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 4096), np.float32), format="fltp", layout="stereo")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(UnreadableVideo, match="no picture, only sound"):
        probe(path)


def test_the_type_is_told_by_content_not_by_name(clip, tmp_path):
    shutil.copy(clip, tmp_path / "clip.bin")
    assert probe(tmp_path / "clip.bin").width == 320


def test_of_a_long_clip_only_its_ends_are_decoded(make_clip):
    path = make_clip("long.mp4", frames=192, sound=False)
    whole = probe(path)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    keys = [at for at, packet in enumerate(packets) if packet.is_keyframe]
    with path.open("r+b") as file:
        for packet in packets[keys[1] : keys[-1]]:
            file.seek(packet.pos or 0)
            file.write(bytes(packet.size))
    with av.open(str(path)) as container, pytest.raises(av.FFmpegError):
        assert len([*container.decode(video=0)]) < 192
    assert probe(path) == whole
