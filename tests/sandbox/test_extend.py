"""A clip that goes on from another: the same world, joined without a jump."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from veo_nb.media.frames import frame
from veo_nb.media.join import sound_of
from veo_nb.media.probe import probe


def change(path, seconds, later=1 / 24):
    """How much the picture changes from one frame to the next, or to a later one, in levels of 255."""
    one, two = (np.asarray(frame(path, seconds + shift), dtype=float) for shift in (0, later))
    return float(np.abs(two - one).mean())


def test_seven_seconds_are_added_to_one_of_our_clips_wherever_its_address_points(sandbox, clip, tmp_path):
    uri = clip.replace(sandbox.url, "https://api.gptproto.com")
    name = sandbox.start({"prompt": "Night falls, and it begins to snow", "video": {"uri": uri}})
    source = sandbox.fetch(clip, tmp_path / "source.mp4")
    longer = sandbox.fetch(sandbox.uris(name)[0], tmp_path / "longer.mp4")
    facts = probe(longer)
    assert (facts.width, facts.height, facts.has_audio) == (1280, 720, True)
    assert facts.duration == pytest.approx(11.0, abs=0.05)
    # What was there is there still, copied.
    for second in (0.0, 2.0, 3.9):
        before, after = (np.asarray(frame(path, second), dtype=float) for path in (source, longer))
        assert np.abs(before - after).mean() < 0.5
    # The seam shows no more than any other key frame does, and the light has changed by the end.
    assert change(longer, 4.0 - 1 / 24) < 1.3 * change(longer, 3.0 - 1 / 24)
    first, last = (np.asarray(frame(longer, second), dtype=float).mean() for second in (4.0, 10.9))
    assert last < 0.7 * first
    # Motion goes on, and so does the sound.
    assert change(longer, 4.5, later=1) > 0.1
    level = np.abs(sound_of(longer)).reshape(-1, 4800, 2).mean(axis=(1, 2))
    assert level[37:44].min() > 0.3 * level[30:50].mean()


def test_a_clip_can_be_sent_along(sandbox, clip, tmp_path):
    source = sandbox.fetch(clip, tmp_path / "source.mp4")
    data = base64.b64encode(source.read_bytes()).decode()
    video = {"bytesBase64Encoded": data, "mimeType": "video/mp4"}
    assert sandbox.ask({"prompt": "sandbox:filter", "video": video}).status_code == 200
    torn = base64.b64encode(source.read_bytes()[:-1000]).decode()
    assert sandbox.ask({"prompt": "sandbox:filter", "video": {"bytesBase64Encoded": torn}}).status_code == 400


def test_the_shape_is_that_of_the_clip(sandbox, clip):
    answer = sandbox.ask({"video": {"uri": clip}}, {"aspectRatio": "9:16"})
    assert answer.status_code == 400
    assert "aspectRatio can't be 9:16: the video is 16:9" in answer.json()["error"]["message"]
    assert sandbox.ask({"video": {"uri": clip}}, {"resolution": "1080p"}).status_code == 400
