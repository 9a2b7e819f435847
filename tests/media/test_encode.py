"""What is written plays in every browser: H.264 with 4:2:0 colours, AAC, index at the front."""

from __future__ import annotations

from itertools import pairwise

import av
import numpy as np
import pytest

from veo_nb.media.encode import RATE, Writer
from veo_nb.media.frames import frame
from veo_nb.media.probe import probe


def test_it_is_h264_and_aac_as_browsers_want_them(clip):
    with av.open(str(clip)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (audio.codec_context.name, audio.codec_context.sample_rate) == ("aac", 48_000)
        assert audio.codec_context.layout.name == "stereo"
        # Without these a browser guesses the colours, and each its own way.
        assert (video.codec_context.colorspace, video.codec_context.color_range) == (1, 1)


def test_the_index_comes_before_the_data(clip):
    data = clip.read_bytes()
    assert 0 < data.find(b"moov") < data.find(b"mdat")


def test_every_second_has_a_key_frame(clip):
    with av.open(str(clip)) as container:
        keys = [
            packet.pts * packet.time_base
            for packet in container.demux(video=0)
            if packet.is_keyframe and packet.pts is not None
        ]
    assert [round(float(key)) for key in keys] == [0, 1]


def test_sound_and_pictures_lie_side_by_side_in_the_file(tmp_path):
    # Longer than the ten seconds for which FFmpeg itself would hold back one to wait for the other.
    with Writer(tmp_path / "long.mp4", 64, 64) as writer:
        writer.add_sound(np.zeros((RATE * 14, 2), np.float32))
        for _ in range(24 * 14):
            writer.add_picture(np.zeros((64, 64, 3), np.uint8))
    with av.open(str(tmp_path / "long.mp4")) as container:
        order = [
            (packet.stream.type, float(packet.pts * packet.time_base))
            for packet in container.demux()
            if packet.pts is not None
        ]
    ahead = [abs(one[1] - two[1]) for one, two in pairwise(order) if one[0] != two[0]]
    assert max(ahead) < 1.1


def test_sound_shorter_than_the_pictures_is_filled_and_longer_is_cut(tmp_path):
    for name, samples in (("short.mp4", RATE // 4), ("long.mp4", RATE * 9)):
        with Writer(tmp_path / name, 64, 64) as writer:
            writer.add_sound(np.zeros((samples, 2), np.float32))
            for _ in range(24):
                writer.add_picture(np.zeros((64, 64, 3), np.uint8))
        with av.open(str(tmp_path / name)) as container:
            audio = container.streams.audio[0]
            assert audio.duration is not None
            assert audio.time_base is not None
            assert float(audio.duration * audio.time_base) == pytest.approx(1.0, abs=0.025)


def test_planes_and_rgb_of_the_same_colour_look_alike(tmp_path):
    planes = np.full((96, 64), 128, np.uint8)
    planes[:64] = 16 + round(219 * 100 / 255)
    for name, picture in (("rgb.mp4", np.full((64, 64, 3), 100, np.uint8)), ("yuv.mp4", planes)):
        with Writer(tmp_path / name, 64, 64, sound=False) as writer:
            for _ in range(3):
                writer.add_picture(picture)
        seen = np.asarray(frame(tmp_path / name, 0), dtype=float)
        np.testing.assert_allclose(seen.mean(axis=(0, 1)), (100, 100, 100), atol=2)


def test_a_picture_of_another_size_is_scaled_and_keeps_its_colours(tmp_path):
    red = np.concatenate([np.full((64, 64), 63), np.full((16, 64), 102), np.full((16, 64), 240)]).astype(
        np.uint8
    )
    for name, picture in (("rgb.mp4", np.full((64, 64, 3), (255, 0, 0), np.uint8)), ("yuv.mp4", red)):
        with Writer(tmp_path / name, 128, 128, sound=False) as writer:
            writer.add_picture(picture)
        assert (probe(tmp_path / name).width, probe(tmp_path / name).height) == (128, 128)
        seen = np.asarray(frame(tmp_path / name, 0), dtype=float)
        np.testing.assert_allclose(seen.mean(axis=(0, 1)), (255, 0, 0), atol=4)


def test_a_clip_begun_without_sound_takes_none(tmp_path):
    with Writer(tmp_path / "mute.mp4", 64, 64, sound=False) as writer:
        writer.add_picture(np.zeros((64, 64, 3), np.uint8))
        with pytest.raises(ValueError, match="without sound"):
            writer.add_sound(np.zeros((10, 2), np.float32))
