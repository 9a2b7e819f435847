"""Several clips become one, and sound stays with its picture."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from veo_nb.media.encode import RATE
from veo_nb.media.frames import frame
from veo_nb.media.join import Part, join, sound_of
from veo_nb.media.probe import UnreadableVideo, probe


def red(path, seconds):
    return float(np.asarray(frame(path, seconds), dtype=float)[..., 0].mean())


def loud_at(path):
    """The moments at which a beep begins, in seconds."""
    level = np.abs(sound_of(path)[:, 0]).reshape(-1, RATE // 100).max(axis=1) > 0.2
    return [index / 100 for index in np.flatnonzero(level & ~np.roll(level, 1))]


def test_clips_follow_one_another(clip, tmp_path):
    join([clip, clip, clip], tmp_path / "out.mp4")
    facts = probe(tmp_path / "out.mp4")
    assert (facts.width, facts.height, facts.fps, facts.has_audio) == (320, 180, 24.0, True)
    assert facts.duration == pytest.approx(6.0, abs=0.02)
    for second in (0, 2, 4):
        assert red(tmp_path / "out.mp4", second) == pytest.approx(0, abs=4)
        assert red(tmp_path / "out.mp4", second + 1.95) == pytest.approx(188, abs=6)


def test_clips_that_were_encoded_alike_are_copied_without_loss(clip, tmp_path):
    join([clip, clip], tmp_path / "out.mp4")

    def payloads(path):
        with av.open(str(path)) as container:
            return [bytes(packet) for packet in container.demux(video=0) if packet.size]

    assert payloads(tmp_path / "out.mp4") == payloads(clip) * 2


def test_clips_of_another_size_and_rate_are_encoded_anew_in_the_size_of_the_first(clip, make_clip, tmp_path):
    other = make_clip("other.mp4", frames=60, width=180, height=320, fps=30, shade=200)
    join([clip, other, clip], tmp_path / "out.mp4")
    facts = probe(tmp_path / "out.mp4")
    assert (facts.width, facts.height, facts.fps) == (320, 180, 24.0)
    assert facts.duration == pytest.approx(6.0, abs=0.1)
    middle = np.asarray(frame(tmp_path / "out.mp4", 3.0))
    assert middle[90, 160, 1] > 150, "its picture"
    assert middle[90, 10].max() < 20, "bars beside it"


def test_a_size_can_be_asked_for(clip, tmp_path):
    join([clip, clip], tmp_path / "out.mp4", size=(160, 90))
    assert (probe(tmp_path / "out.mp4").width, probe(tmp_path / "out.mp4").height) == (160, 90)


@pytest.mark.parametrize("copied", [True, False])
def test_a_beep_stays_with_its_picture(make_clip, tmp_path, copied):
    one = make_clip("one.mp4", loud=(24, 25, 26))
    two = make_clip("two.mp4", loud=(12, 13, 14), width=320 if copied else 640, height=180 if copied else 360)
    join([one, two, one], tmp_path / "out.mp4")
    assert loud_at(tmp_path / "out.mp4") == pytest.approx([1.0, 2.5, 5.0], abs=0.011)


def test_a_clip_without_sound_is_silent_among_others(make_clip, tmp_path):
    silent = make_clip("silent.mp4", sound=False)
    beep = make_clip("beep.mp4", loud=range(48))
    join([beep, silent, beep], tmp_path / "out.mp4")
    level = np.abs(sound_of(tmp_path / "out.mp4")[:, 0]).reshape(6, RATE).mean(axis=1)
    assert (level > 0.1).tolist() == [True, True, False, False, True, True]


def test_clips_without_sound_make_a_clip_without_sound(make_clip, tmp_path):
    silent = make_clip("silent.mp4", sound=False)
    join([silent, silent], tmp_path / "out.mp4")
    assert probe(tmp_path / "out.mp4").has_audio is False


def test_one_clip_is_as_it_was(clip, tmp_path):
    join([clip], tmp_path / "out.mp4")
    assert probe(tmp_path / "out.mp4") == probe(clip)


def test_the_index_comes_first(clip, tmp_path):
    join([clip, clip], tmp_path / "out.mp4")
    data = (tmp_path / "out.mp4").read_bytes()
    assert 0 < data.find(b"moov") < data.find(b"mdat")


def test_a_broken_clip_and_no_clip_at_all_are_told(clip, tmp_path):
    (tmp_path / "broken.mp4").write_bytes(clip.read_bytes()[:-100])
    with pytest.raises(UnreadableVideo, match="broken"):
        join([clip, tmp_path / "broken.mp4"], tmp_path / "out.mp4")
    with pytest.raises(ValueError, match="nothing to join"):
        join([], tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_of_a_part_only_its_pictures_are_there_to_the_frame(clip, tmp_path):
    join([Part(clip, 0.5, 1.25), Part(clip, 1.0)], tmp_path / "out.mp4")
    facts = probe(tmp_path / "out.mp4")
    assert facts.duration == pytest.approx(0.75 + 1.0, abs=1e-6)
    for at, source in ((0.0, 0.5), (0.7, 1.2), (0.75, 1.0), (1.7, 1.95)):
        assert red(tmp_path / "out.mp4", at) == pytest.approx(red(clip, source), abs=6)


def test_the_sound_of_a_part_is_that_of_its_pictures(make_clip, tmp_path):
    clip = make_clip("beep.mp4", loud=range(24, 30))
    join([Part(clip, 0.75, 1.5)], tmp_path / "out.mp4")
    assert loud_at(tmp_path / "out.mp4") == [pytest.approx(0.25, abs=0.02)]
    assert len(sound_of(tmp_path / "out.mp4")) == round(0.75 * RATE)


def test_a_part_that_is_the_whole_is_copied_without_loss(clip, tmp_path):
    join([clip, clip], tmp_path / "whole.mp4")
    join([Part(clip), Part(clip, 0.0, None)], tmp_path / "parts.mp4")
    assert (tmp_path / "whole.mp4").read_bytes() == (tmp_path / "parts.mp4").read_bytes()


def test_a_part_after_the_last_picture_is_that_picture(clip, tmp_path):
    """A person may cut at the very end: a clip of 2 s from 1.99 s on rounds to the picture after the last one."""
    join([Part(clip, 0.0, 0.5), Part(clip, 1.99)], tmp_path / "out.mp4")
    assert probe(tmp_path / "out.mp4").duration == pytest.approx(0.5 + 1 / 24, abs=1e-6)
    assert red(tmp_path / "out.mp4", 0.52) == pytest.approx(red(clip, 1.97), abs=6)
    join([Part(clip, 1.99)], tmp_path / "alone.mp4")
    assert probe(tmp_path / "alone.mp4").duration == pytest.approx(1 / 24, abs=1e-6)


def test_a_part_of_a_clip_at_another_rate_is_counted_in_that_of_the_first(clip, make_clip, tmp_path):
    faster = make_clip("faster.mp4", frames=60, fps=30, loud=range(30, 36))
    join([Part(clip, 0.0, 0.5), Part(faster, 0.75, 1.5)], tmp_path / "out.mp4")
    facts = probe(tmp_path / "out.mp4")
    assert facts.fps == 24.0
    assert facts.duration == pytest.approx(1.25, abs=1e-6)
    assert loud_at(tmp_path / "out.mp4") == [pytest.approx(0.5 + 0.25, abs=0.02)]
    assert red(tmp_path / "out.mp4", 0.5) == pytest.approx(red(faster, 0.75), abs=8)


@given(start=st.floats(0, 10), length=st.floats(0, 10), rate=st.sampled_from([24, 25, 30]))
def test_no_part_is_without_a_picture(start, length, rate):
    first, end = Part("", start, start + length).pictures(Fraction(rate))
    assert end is not None
    assert 0 <= first < end
