"""Optical flow of arrays."""

import numpy as np
import pytest

from tests.media.measures.conftest import scene
from veo_nb.media.measures.motion import Pyramid, flow


def moved(step, down=0, size=(128, 224)):
    """A scene, and the same moved by so many pixels to the right and down."""
    whole = scene(size[0] + 64, size[1] + 64, 3)[:, :, 1]
    at = 32
    return (
        whole[at : at + size[0], at : at + size[1]],
        whole[at - down : at - down + size[0], at - step : at - step + size[1]],
    )


@pytest.mark.parametrize(("step", "down"), [(1, 0), (0, -1), (2, 3), (-7, 4), (12, 0), (0, 20)])
def test_a_scene_that_moves_as_a_whole_moves_so_in_each_window(step, down):
    found = flow(*map(Pyramid, moved(step, down)))
    assert np.median(found, axis=0) == pytest.approx([step, down], abs=0.05)
    # Those at the edge, into which something comes that was not there before, may be lost.
    assert np.mean(np.hypot(*(found - [step, down]).T) < 0.25) > 0.75


def test_half_pixels_are_seen():
    whole = scene(256, 500, 3)[:, :, 1].astype(float)
    halves = [whole[:, n : n + 448].reshape(128, 2, 224, 2).mean((1, 3)).astype(np.uint8) for n in (1, 0)]
    assert np.median(flow(*map(Pyramid, halves)), axis=0) == pytest.approx([0.5, 0], abs=0.04)


def test_what_stands_still_does_not_move_however_noisy_it_is():
    still, _ = moved(0)
    noise = np.random.default_rng(1).normal(0, 2, (2, *still.shape))
    one, other = (np.clip(still + part, 0, 255).astype(np.uint8) for part in noise)
    assert not flow(Pyramid(still), Pyramid(still)).any()
    assert np.hypot(*flow(Pyramid(one), Pyramid(other)).T).mean() < 0.02


def test_light_that_changes_does_not_move():
    still, _ = moved(0)
    assert np.hypot(*flow(Pyramid(still), Pyramid((still * 0.5).astype(np.uint8))).T).mean() < 0.02


def test_an_even_picture_does_not_move():
    one, other = (np.full((128, 224), level, np.uint8) for level in (20, 220))
    assert not flow(Pyramid(one), Pyramid(other)).any()


def test_a_thing_that_moves_before_what_stands_moves_alone():
    ground, thing = scene(128, 224, 3)[:, :, 0], scene(48, 48, 5)[:, :, 0]
    one, other = ground.copy(), ground.copy()
    one[48:96, 64:112], other[48:96, 67:115] = thing, thing
    found = flow(Pyramid(one), Pyramid(other)).reshape(8, 14, 2)
    assert found[3:6, 4:7].mean(axis=(0, 1)) == pytest.approx([3, 0], abs=0.3)
    assert not found[:, 9:].any()
    assert not found[:2].any()
