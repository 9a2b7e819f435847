"""Sharpness, flicker, cuts and likeness of arrays."""

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tests.media.measures.conftest import scene
from veo_nb.media.measures import picture


def sharpness(pixels) -> Any:
    """A number, or None, which a test knows."""
    return picture.sharpness(pixels)


def flicker(light, cuts) -> Any:
    """As `sharpness`."""
    return picture.flicker(light, cuts)


def luma(image):
    return np.asarray(Image.fromarray(image).convert("L"))


class TestSharpness:
    def test_less_of_it_is_left_the_more_is_blurred(self):
        noise = np.random.default_rng(1).integers(0, 256, (200, 300), dtype=np.uint8)
        found = [
            sharpness(np.asarray(Image.fromarray(noise).filter(ImageFilter.GaussianBlur(radius))))
            for radius in (0, 1, 2, 4, 8)
        ]
        assert found == sorted(found, reverse=True)
        assert found[0] > 80
        assert found[-1] < 10

    def test_a_wide_edge_is_all_blur_and_a_hard_one_is_nearly_none(self):
        """A ramp loses nothing when it is blurred once more; of a step as much as the blur is wide."""
        step = np.repeat(np.where(np.arange(200) < 100, 40, 200).astype(np.uint8)[None], 100, axis=0)
        ramp = np.repeat(np.linspace(0, 255, 256).astype(np.uint8)[None], 100, axis=0)
        assert sharpness(step) == pytest.approx(100 * (1 - 1 / picture.BLUR), abs=0.1)
        assert sharpness(ramp) == pytest.approx(0, abs=4)

    def test_contrast_is_no_sharpness(self):
        image = luma(scene(120, 200))
        faint = (100 + image // 2).astype(np.uint8)
        assert sharpness(faint) == pytest.approx(sharpness(image), abs=8)

    def test_what_a_pan_blurs_along_its_way_is_blurred(self):
        noise = np.random.default_rng(1).integers(0, 256, (200, 300), dtype=np.uint8)
        along = np.asarray(Image.fromarray(noise).filter(ImageFilter.GaussianBlur((4, 0))))
        assert sharpness(along) < 0.5 * sharpness(noise)
        assert sharpness(along.T) == pytest.approx(sharpness(along))

    @pytest.mark.parametrize("shape", [(90, 160), (3, 3), (1, 1)])
    def test_of_an_even_picture_nothing_can_be_said(self, shape):
        assert sharpness(np.full(shape, 77, np.uint8)) is None


class TestFlicker:
    def light(self, levels):
        return np.array([picture.brightness(np.full((72, 128), level, np.uint8)) for level in levels])

    def test_half_the_light_every_other_picture_is_a_third_of_modulation(self):
        assert flicker(self.light([200, 100] * 6), []) == pytest.approx(100 / 3)

    def test_a_steady_fade_has_none(self):
        assert flicker(self.light(range(40, 240, 10)), []) == pytest.approx(0)

    def test_that_of_a_quarter_of_the_frame_is_a_quarter_of_it(self):
        whole = np.full((72, 128), 100, np.uint8)
        lit = whole.copy()
        lit[:36, :64] = 200
        found = flicker(np.array([picture.brightness(lit), picture.brightness(whole)] * 4), [])
        assert found == pytest.approx(100 * 4 * 100 / (4 * 300 + 12 * 200))

    def test_a_cut_is_none(self):
        light = self.light([200] * 5 + [40] * 5)
        assert flicker(light, []) > 5
        assert flicker(light, [5]) == 0

    def test_a_level_more_or_less_in_the_dark_is_hardly_any(self):
        assert flicker(self.light([0, 1] * 6), []) < 7

    def test_two_pictures_say_nothing(self):
        assert flicker(self.light([10, 200]), []) is None
        assert flicker(self.light([10, 200, 10]), [1]) is None


class TestCuts:
    def found(self, *levels):
        """The cuts of pictures that are so bright."""
        light = np.array(levels, float)
        return picture.find_cuts(np.abs(np.diff(light)), np.abs(light[2:] - light[:-2]))

    def test_each_is_told_by_its_first_picture(self):
        assert self.found(*[50] * 6, *[150] * 6, *[90] * 6) == [6, 12]

    def test_the_last_picture_may_be_another_one(self):
        assert self.found(*[50] * 8, 150) == [8]

    def test_a_flash_is_none(self):
        assert self.found(*[50] * 6, 250, *[50] * 6) == []

    def test_flicker_is_none(self):
        assert self.found(*[50, 150] * 8) == []

    def test_what_changes_all_the_time_is_none(self):
        assert self.found(*range(0, 250, 25)) == []

    def test_a_little_is_none(self):
        assert self.found(*[50] * 6, *[57] * 6) == []


class TestLikeness:
    def small(self, seed):
        return np.moveaxis(scene(36, 64, seed).astype(np.float32), 2, 0)

    def test_the_same_is_wholly_alike(self):
        assert picture.likeness(self.small(1), self.small(1)) == pytest.approx(100)

    def test_less_so_the_more_noise_there_is_and_the_same_from_either_side(self):
        one = self.small(1)
        noise = np.random.default_rng(2).normal(0, 1, one.shape)
        found = [picture.likeness(one, one + amount * noise) for amount in (2, 8, 24, 60)]
        assert found == sorted(found, reverse=True)
        other = one + 8 * noise
        assert picture.likeness(one, other) == pytest.approx(picture.likeness(other, one))

    def test_others_are_not_and_a_negative_contradicts(self):
        assert picture.likeness(self.small(1), self.small(2)) < 40
        assert picture.likeness(self.small(1), 255 - self.small(1)) == 0

    def test_colour_counts(self):
        one = np.stack([np.full((36, 64), level, np.float32) for level in (120, 90, 128)])
        other = np.stack([np.full((36, 64), level, np.float32) for level in (120, 128, 200)])
        assert 80 < picture.likeness(one, other) < 98
