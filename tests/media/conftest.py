"""Small clips to look into, made once: 2 seconds of 320 x 180 that go from dark red to bright, with a beep."""

from __future__ import annotations

import numpy as np
import pytest

from veo_nb.media.encode import FPS, RATE, Writer


@pytest.fixture(scope="session")
def make_clip(tmp_path_factory):
    """Write a clip whose picture number n is of the colour (4n, 20, 30), with a beep under the pictures `loud`."""

    def make(name, *, frames=48, width=320, height=180, fps=FPS, sound=True, loud=(), shade=20):
        path = tmp_path_factory.mktemp("clips") / name
        with Writer(path, width, height, fps=fps, sound=sound, preset="ultrafast") as writer:
            for index in range(frames):
                picture = np.empty((height, width, 3), np.uint8)
                picture[:] = (min(255, 4 * index), shade, 30)
                writer.add_picture(picture)
                if sound:
                    time = np.arange(RATE // fps) / RATE
                    beep = 0.5 * np.sin(2 * np.pi * 1000 * time) * (index in loud)
                    writer.add_sound(np.stack([beep, beep], axis=1).astype(np.float32))
        return path

    return make


@pytest.fixture(scope="session")
def clip(make_clip):
    return make_clip("clip.mp4")
