"""Loudness, silence and clipping of arrays."""

import av
import numpy as np
import pytest

from tests.media.measures.conftest import RATE, tone
from veo_nb.media.measures.sound import Sound, filter_k, k_weighting

STEREO = ("FL", "FR")


def heard(*channels, names=STEREO, rate=RATE, piece=1024):
    """The sound of these channels, taken in as a decoder gives it."""
    sound, samples = Sound(rate, names), np.array(channels)
    for start in range(0, samples.shape[1], piece):
        sound.add(samples[:, start : start + piece])
    return sound


def loudness(*channels, **how):
    return heard(*channels, **how).loudness()


class TestLoudness:
    def test_the_filters_are_those_of_the_standard(self):
        """The tables 1 and 2 of ITU-R BS.1770-4, for 48 kHz."""
        (above, below), (high_above, high_below) = k_weighting(48_000)
        assert above == pytest.approx([1.53512485958697, -2.69169618940638, 1.19839281085285], abs=1e-9)
        assert below == pytest.approx([1.0, -1.69065929318241, 0.73248077421585], abs=1e-9)
        assert high_above == pytest.approx([1.0, -2.0, 1.0])
        assert high_below == pytest.approx([1.0, -1.99004745483398, 0.99007225036621], abs=1e-9)

    def test_a_filter_is_what_the_recursion_gives(self):
        samples = np.random.default_rng(1).normal(0, 0.1, 3000)
        expected = samples
        for above, below in k_weighting(RATE):
            out = np.zeros_like(expected)
            for n in range(len(out)):
                before = range(min(n, 2) + 1)
                out[n] = sum(above[k] * expected[n - k] for k in before) - sum(
                    below[k] * out[n - k] for k in before if k
                )
            expected = out
        assert filter_k(samples[None], RATE)[0] == pytest.approx(expected, abs=1e-9)

    @pytest.mark.parametrize("decibels", [0, -20, -23, -40])
    def test_a_tone_of_997_hz_in_both_channels_is_as_loud_as_it_is_high(self, decibels):
        """EBU Tech 3341, tests 1 and 2; in one channel it is 3.01 LU quieter, as the standard says of 0 dB."""
        one = tone(decibels, 2)
        assert loudness(one, one) == pytest.approx(decibels, abs=0.05)
        assert loudness(one, 0 * one) == pytest.approx(decibels - 3.01, abs=0.05)
        assert loudness(one, names=["FC"]) == pytest.approx(decibels - 3.01, abs=0.05)

    @pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 96_000])
    def test_it_is_the_same_at_any_rate(self, rate):
        one = tone(-20, 2, rate=rate)
        assert loudness(one, one, rate=rate) == pytest.approx(-20, abs=0.1)

    def test_what_is_ten_lu_quieter_is_no_part_of_the_programme(self):
        """EBU Tech 3341, test 3: 10 s at -36, 60 s at -23, 10 s at -36, here a third of it."""
        quiet, loud = tone(-36, 3), tone(-23, 20)
        one = np.concatenate([quiet, loud, quiet])
        assert loudness(one, one) == pytest.approx(-23, abs=0.1)

    def test_silence_before_and_after_changes_nothing(self):
        silence, loud = np.zeros(3 * RATE), tone(-23, 20)
        one = np.concatenate([silence, loud, silence])
        assert loudness(one, one) == pytest.approx(loudness(loud, loud), abs=0.1)

    def test_sound_from_behind_counts_more_and_the_subwoofer_not_at_all(self):
        """EBU Tech 3341, test 6: front -28, centre -24, surround -30 make -23."""
        names = ["FL", "FR", "FC", "LFE", "BL", "BR"]
        levels = [-28, -28, -24, 0, -30, -30]
        assert loudness(*(tone(one, 2) for one in levels), names=names) == pytest.approx(-23, abs=0.1)

    def test_pieces_make_no_difference(self):
        noise = np.random.default_rng(1).normal(0, 0.1, (2, 3 * RATE))
        found = [loudness(*noise, piece=piece) for piece in (997, 1024, 3 * RATE)]
        assert found == pytest.approx([found[0]] * 3, abs=1e-6)

    def test_it_agrees_with_ffmpeg(self):
        """Which has the standard from others than we have."""
        numbers = np.random.default_rng(5)
        noise = np.cumsum(numbers.normal(0, 0.02, (2, 6 * RATE)), axis=1)
        noise -= np.linspace(0, 1, 6 * RATE) * noise[:, -1:]
        noise = 0.3 * noise / np.abs(noise).max() + numbers.normal(0, 0.02, noise.shape)
        noise[:, : 2 * RATE] *= 0.05
        graph = av.filter.Graph()
        source = graph.add_abuffer(sample_rate=RATE, format="fltp", layout="stereo", time_base=None)
        meter, sink = graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
        source.link_to(meter)
        meter.link_to(sink)
        graph.configure()
        said = ""
        for start in range(0, noise.shape[1], 4800):
            frame = av.AudioFrame.from_ndarray(
                noise[:, start : start + 4800].astype(np.float32), "fltp", "stereo"
            )
            frame.sample_rate, frame.pts = RATE, start
            graph.push(frame)
            try:
                while True:
                    said = graph.pull().metadata.get("lavfi.r128.I", said)
            except (av.BlockingIOError, av.EOFError):
                pass
        assert loudness(*noise) == pytest.approx(float(said), abs=0.1)

    @pytest.mark.parametrize(
        "samples",
        [np.zeros(2 * RATE), tone(-90, 2), tone(-10, 0.3), np.zeros(0)],
        ids=["none", "faint", "short", "empty"],
    )
    def test_what_can_not_be_said_is_none(self, samples):
        assert loudness(samples, samples) is None


class TestSilence:
    def test_it_is_the_share_in_which_nothing_is_heard(self):
        one = np.concatenate([tone(-20, 1), np.zeros(3 * RATE)])
        assert heard(one, one).silence(4) == pytest.approx(75)

    def test_one_channel_is_enough_to_be_heard(self):
        assert heard(np.zeros(RATE), tone(-20, 1)).silence(1) == pytest.approx(0)

    def test_what_is_below_60_db_is_not_heard(self):
        assert heard(tone(-66, 1), tone(-66, 1)).silence(1) == pytest.approx(100)
        assert heard(tone(-50, 1), tone(-50, 1)).silence(1) == pytest.approx(0)

    def test_where_the_sound_has_ended_it_is_silent(self):
        assert heard(tone(-20, 1), tone(-20, 1)).silence(2) == pytest.approx(50)

    def test_a_piece_at_the_end_counts_as_long_as_it_is(self):
        one = np.concatenate([tone(-20, 1.25), np.zeros(int(0.75 * RATE))])
        assert heard(one, one).silence(2) == pytest.approx(100 * 0.7 / 2, abs=3)

    def test_of_nothing_nothing_can_be_said(self):
        assert Sound(RATE, STEREO).silence(0) is None


class TestClipping:
    def test_it_is_the_share_of_samples_that_are_cut_off(self):
        one = np.zeros(1000)
        one[100:110] = 1.0
        one[500:505] = -1.0
        assert heard(one, np.zeros(1000)).clipping() == pytest.approx(100 * 15 / 2000)

    def test_a_wave_that_just_touches_full_scale_is_not(self):
        assert heard(tone(0, 1), tone(0, 1)).clipping() == 0

    def test_one_that_goes_over_is_cut_off_for_as_long_as_it_would(self):
        over = np.clip(tone(6, 1), -1, 1)
        # |sin| > 1/2 for two thirds of its way.
        assert heard(over, over).clipping() == pytest.approx(100 * 2 / 3, abs=1)

    @pytest.mark.parametrize("piece", [1, 2, 3, 7, 1000])
    def test_pieces_make_no_difference(self, piece):
        one = np.zeros(50)
        one[3:5], one[10:13], one[20:31] = 1.0, 1.0, -1.0
        assert heard(one, names=["FC"], piece=piece).clipping() == pytest.approx(100 * 14 / 50)

    def test_of_nothing_nothing_can_be_said(self):
        assert Sound(RATE, STEREO).clipping() is None
