"""A small copy of a clip shows the same pictures at the same moments."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from veo_nb.media.frames import frame
from veo_nb.media.preview.shrink import is_larger, shrink
from veo_nb.media.probe import UnreadableVideo, probe


def moments(path):
    with av.open(str(path)) as container:
        return [picture.time for picture in container.decode(video=0)]


def red(path, seconds):
    return float(np.asarray(frame(path, seconds), dtype=float)[..., 0].mean())


@pytest.mark.parametrize(("size", "small"), [((1280, 720), (640, 360)), ((720, 1280), (360, 640))])
def test_it_is_small_silent_and_in_step(make_clip, tmp_path, size, small):
    clip, out = make_clip("large.mp4", width=size[0], height=size[1]), tmp_path / "out.mp4"
    shrink(clip, out)
    facts, copy = probe(clip), probe(out)
    assert (copy.width, copy.height, copy.has_audio, copy.is_playable) == (*small, False, True)
    assert copy.fps == facts.fps
    assert copy.duration == pytest.approx(facts.duration, abs=0.001)
    assert moments(out) == moments(clip)
    for second in (0.0, 0.52, 1.02, 1.98):
        assert red(out, second) == pytest.approx(red(clip, second), abs=4)
    # A page plays it before it is there as a whole.
    assert out.read_bytes().index(b"moov") < out.read_bytes().index(b"mdat")


def test_pictures_that_come_at_uneven_moments_keep_them(tmp_path):
    clip, out, at = tmp_path / "uneven.mp4", tmp_path / "out.mp4", [0, 40, 140, 160, 400, 440]
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 960, 540, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, moment in enumerate(at):
            picture = av.VideoFrame.from_ndarray(np.full((540, 960, 3), 40 * number, np.uint8), "rgb24")
            picture.pts, picture.time_base = moment, Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    shrink(clip, out)
    assert moments(out) == pytest.approx(moments(clip), abs=1e-6)
    assert len(moments(out)) == len(at)


def test_what_is_no_larger_needs_none():
    assert [is_larger(*size) for size in ((640, 360), (360, 640), (1280, 720), (720, 1280))] == [
        False,
        False,
        True,
        True,
    ]


def test_a_broken_clip_is_said_to_be_one(clip, tmp_path):
    broken = tmp_path / "broken.mp4"
    for content in (b"", b"<html>", clip.read_bytes()[:3000]):
        broken.write_bytes(content)
        with pytest.raises(UnreadableVideo):
            shrink(broken, tmp_path / "out.mp4")
    with pytest.raises(UnreadableVideo, match="no such file"):
        shrink(clip, tmp_path / "nowhere" / "out.mp4")
