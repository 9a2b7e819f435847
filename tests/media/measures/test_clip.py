"""All measures of files that were made to have known values."""

from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tests.media.measures.conftest import RATE, pan, scene, tone
from veo_nb.media.measures import MEASURES, clip, shown
from veo_nb.media.probe import UnreadableVideo

DIAGONAL = np.hypot(320, 180)
SEEN = ("sharpness", "motion", "flicker", "cuts", "steadiness")
HEARD = ("loudness", "silence", "clipping")


def measure(path, reference=None) -> Any:
    """What is found; a test knows whether it is a number."""
    return clip.measure(path, reference)


@pytest.fixture(scope="session")
def panned(write):
    """Half a second in which everything moves two pixels a picture."""
    return write("pan.mp4", pan(2, 12))


@pytest.fixture(scope="session")
def moves(panned):
    """What is found of it."""
    return measure(panned)


def scaled(pictures, width, height):
    return [
        np.asarray(Image.fromarray(one).resize((width, height), Image.Resampling.LANCZOS)) for one in pictures
    ]


class TestKnownValues:
    def test_a_pan_moves_as_far_as_it_does(self, moves):
        found = moves
        assert found["motion"] == pytest.approx(100 * 2 * 24 / DIAGONAL, rel=0.03)
        assert (found["cuts"], found["flicker"] < 0.2) == (0, True)

    def test_a_still_moves_not_at_all_and_stays_as_it_is(self, write):
        found = measure(write("still.mp4", [scene(180, 320)] * 12))
        assert (found["motion"], found["cuts"]) == (pytest.approx(0, abs=0.05), 0)
        assert found["flicker"] == pytest.approx(0, abs=0.05)
        assert found["steadiness"] > 98

    def test_half_the_light_every_other_picture_is_flicker_and_nothing_else(self, write):
        bright = scene(180, 320)
        found = measure(
            write("flicker.mp4", [bright if n % 2 else (bright * 0.5).astype(np.uint8) for n in range(12)])
        )
        assert found["flicker"] == pytest.approx(100 / 3, abs=1)
        assert found["cuts"] == 0
        assert found["motion"] < 1

    def test_cuts_are_counted_and_are_no_motion_and_no_flicker(self, write):
        shots = [one for seed in (1, 2, 3) for one in pan(1, 8, seed=seed)]
        found = measure(write("cuts.mp4", shots))
        assert found["cuts"] == 2
        assert found["motion"] == pytest.approx(100 * 24 / DIAGONAL, rel=0.05)
        assert found["flicker"] < 0.3

    def test_a_cut_between_colours_of_one_brightness_is_one(self, write):
        red, green = (
            np.broadcast_to(np.array(one, np.uint8), (180, 320, 3)) for one in ((200, 40, 40), (40, 85, 90))
        )
        assert measure(write("colours.mp4", [red] * 8 + [green] * 8))["cuts"] == 1

    def test_a_dissolve_is_none(self, write):
        one, other = scene(180, 320, 1).astype(float), scene(180, 320, 2).astype(float)
        mixed = [((1 - share) * one + share * other).astype(np.uint8) for share in np.linspace(0, 1, 16)]
        assert measure(write("dissolve.mp4", mixed))["cuts"] == 0

    def test_tones_and_silence(self, write):
        one = np.concatenate([tone(-20, 1), np.zeros(RATE)])
        found = measure(write("tone.mov", [scene(180, 320)] * 48, np.stack([one, one])))
        # The blocks in which it ends are quieter.
        assert found["loudness"] == pytest.approx(-20, abs=1)
        assert found["silence"] == pytest.approx(50, abs=1)
        assert found["clipping"] == 0

    def test_sound_that_goes_on_in_another_form_is_one_sound(self):
        sounds = clip._Sounds()
        for rate, kind, layout in ((48_000, "s16", "stereo"), (44_100, "flt", "mono")):
            one = tone(-20, 2, rate=rate)
            packed: Any = np.repeat(one, 2) * 32768 if layout == "stereo" else one
            packed = packed[None].astype(np.int16 if kind == "s16" else np.float32)
            frame = av.AudioFrame.from_ndarray(packed, kind, layout)
            frame.sample_rate = rate
            sounds.add(frame)
        sounds.end()
        found: Any = sounds.found(4)
        # What is in the middle is put on both sides, as loud as it was.
        assert found["loudness"] == pytest.approx(-21.5, abs=1.6)
        assert found["silence"] == pytest.approx(0, abs=1)

    @pytest.mark.parametrize("ending", ["mov", "mkv"])
    def test_sound_all_around_is_told_by_its_channels(self, tmp_path, ending):
        """EBU Tech 3341, test 6, in a file that names its channels and in one that does not."""
        levels = {"FL": -28, "FR": -28, "FC": -24, "LFE": 0, "BL": -30, "BR": -30}
        path = tmp_path / f"around.{ending}"
        with av.open(str(path), "w") as out:
            stream = out.add_stream("pcm_s16le", rate=RATE, layout="5.1")
            channels = np.stack([tone(levels[one.name], 1) for one in stream.layout.channels])
            frame = av.AudioFrame.from_ndarray(
                (channels.T.reshape(1, -1) * 32767).astype(np.int16), "s16", "5.1"
            )
            frame.sample_rate = RATE
            out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        assert measure(path)["loudness"] == pytest.approx(-23, abs=0.1)

    def test_clipping(self, write):
        over = np.clip(tone(6, 1), -1, 1)
        found = measure(write("over.mov", [scene(180, 320)] * 24, np.stack([over, over])))
        assert found["clipping"] == pytest.approx(100 * 2 / 3, abs=1)

    def test_likeness_is_that_of_the_picture_that_is_most_like_it(self, panned, tmp_path):
        given = tmp_path / "given.png"
        Image.fromarray(pan(2, 12)[6]).save(given)
        mine, other = (
            measure(panned, given)["likeness"],
            measure(panned, Image.fromarray(scene(180, 320, 9)))["likeness"],
        )
        assert mine > 95
        assert other < 50
        assert measure(panned, [given, Image.fromarray(scene(180, 320, 9))])["likeness"] == pytest.approx(
            (mine + other) / 2
        )

    def test_a_reference_of_another_shape_is_compared_by_its_middle(self, panned):
        whole = Image.new("RGB", (320, 320), "white")
        whole.paste(Image.fromarray(pan(2, 12)[0]), (0, 70))
        assert measure(panned, whole)["likeness"] > 90


class TestWhatChangesNothing:
    """Motion, flicker and likeness of the same clip in another form are the same."""

    @pytest.mark.parametrize("size", [(480, 270), (213, 121)], ids=str)
    def test_the_number_of_pixels(self, write, moves, size):
        found = measure(write(f"pan{size}.mp4", scaled(pan(2, 12), *size), pixels="yuv444p"))
        assert found["motion"] == pytest.approx(moves["motion"], rel=0.05)
        assert found["steadiness"] == pytest.approx(moves["steadiness"], abs=3)

    def test_more_lines_than_are_looked_at_are_as_sharp_and_fewer_are_less(self, write):
        large = scene(540, 960)[:, :, 1]
        noise = np.random.default_rng(1).integers(-40, 40, (270, 480)).repeat(2, 0).repeat(2, 1)
        whole = np.clip(large + noise, 0, 255).astype(np.uint8)[..., None].repeat(3, 2)
        sharp = {
            lines: measure(write(f"sharp{lines}.mp4", scaled([whole], lines * 16 // 9, lines), crf="1"))[
                "sharpness"
            ]
            for lines in (720, 540, 180)
        }
        assert sharp[720] == pytest.approx(sharp[540], abs=8)
        assert sharp[180] < 0.8 * sharp[720]

    @pytest.mark.parametrize(
        ("codec", "pixels", "name"),
        [
            ("libx265", "yuv420p10le", "ten.mp4"),
            ("libvpx-vp9", "yuv420p", "nine.webm"),
            ("mpeg4", "yuv420p", "four.mkv"),
            ("libx264", "yuvj420p", "full.mp4"),
        ],
    )
    def test_the_codec_its_depth_and_its_range(self, write, moves, codec, pixels, name):
        options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
        found = measure(write(name, pan(2, 12), codec=codec, pixels=pixels, **options))
        assert found["motion"] == pytest.approx(moves["motion"], rel=0.05)
        assert found["steadiness"] == pytest.approx(moves["steadiness"], abs=4)

    @pytest.mark.parametrize(("fps", "step"), [(48, 1), (60, 1)])
    def test_the_rate_of_its_pictures(self, write, fps, step):
        found = measure(write(f"rate{fps}.mp4", pan(step, fps // 5), fps=fps))
        assert found["motion"] == pytest.approx(100 * step * fps / DIAGONAL, rel=0.04)

    def test_how_many_pictures_of_a_long_clip_are_looked_at_for_motion(self, panned, moves, monkeypatch):
        monkeypatch.setattr(clip, "MOST_FLOWS", 3)
        found = measure(panned)
        assert found["motion"] == pytest.approx(moves["motion"], rel=0.03)
        assert {**found, "motion": 0} == {**moves, "motion": 0}

    def test_pictures_that_come_at_uneven_times(self, write):
        times = np.cumsum([0, *([1 / 24, 3 / 24] * 5), 1 / 24])
        found = measure(write("uneven.mkv", pan(2, 12), times=times))
        assert found["motion"] == pytest.approx(100 * 2 * 11 / times[-1] / DIAGONAL, rel=0.05)

    def test_a_clip_that_its_file_turns_is_compared_as_it_is_shown(self, write, panned, tmp_path):
        upright = [np.rot90(one) for one in pan(2, 12)]
        expected = measure(write("upright.mp4", upright), Image.fromarray(upright[0]))
        turned = tmp_path / "turned.mp4"
        turned.write_bytes(_turned(panned.read_bytes()))
        found = measure(turned, Image.fromarray(upright[0]))
        assert found["likeness"] == pytest.approx(expected["likeness"], abs=3)
        for name in ("motion", "steadiness"):
            assert found[name] == pytest.approx(expected[name], rel=0.05)


class TestWhatCanNotBeSaid:
    def test_one_picture(self, write):
        found = measure(write("one.mp4", [scene(180, 320)]))
        assert {name for name in SEEN if found[name] is not None} == {"sharpness"}

    def test_two_pictures(self, write):
        assert measure(write("two.mp4", pan(1, 2)))["flicker"] is None

    def test_no_sound(self, moves):
        assert {moves[name] for name in HEARD} == {None}

    def test_no_picture(self, write):
        one = tone(-20, 1)
        found = measure(write("sound.mkv", sound=np.stack([one, one])))
        assert {found[name] for name in SEEN} == {None}
        assert found["loudness"] == pytest.approx(-20, abs=0.2)

    def test_an_even_black_clip(self, write):
        found = measure(write("black.mp4", [np.zeros((180, 320, 3), np.uint8)] * 6))
        assert found["sharpness"] is None
        assert (found["motion"], found["flicker"], found["cuts"]) == (0, 0, 0)

    @pytest.mark.parametrize("shape", [(2, 2), (16, 640), (640, 10)], ids=str)
    def test_any_shape_is_measured(self, write, shape):
        found = measure(
            write(f"shape{shape}.mkv", [scene(*shape, seed=n) for n in range(4)], codec="ffv1", pixels="bgr0")
        )
        assert all(value is None or np.isfinite(value) for value in found.values())
        assert found["motion"] is not None

    @pytest.mark.parametrize(
        "data", [b"", b"<html>", b"\x00\x00\x00\x18ftypmp42" + bytes(200)], ids=["empty", "page", "cut"]
    )
    def test_what_is_no_video_says_so(self, tmp_path, data):
        path = tmp_path / "clip.mp4"
        path.write_bytes(data)
        with pytest.raises(UnreadableVideo, match=r"clip\.mp4"):
            measure(path)

    def test_a_clip_that_is_cut_off_says_so(self, write, panned, tmp_path):
        path = tmp_path / "half.mp4"
        path.write_bytes(panned.read_bytes()[: panned.stat().st_size // 2])
        with pytest.raises(UnreadableVideo, match=r"half\.mp4"):
            measure(path)

    def test_a_reference_that_is_no_picture_says_so(self, panned, tmp_path):
        (tmp_path / "no.png").write_bytes(b"no")
        with pytest.raises(UnreadableVideo, match="compare"):
            measure(panned, tmp_path / "no.png")


def test_each_measure_says_what_it_is_and_is_found(moves):
    assert [*moves] == [*MEASURES]
    for name, one in MEASURES.items():
        assert one.name == name
        assert all((one.label, one.definition, one.higher, one.source))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("motion", 6.537, "6.5 %/s"),
        ("cuts", 2.0, "2"),
        ("loudness", -23.04, "-23.0 LUFS"),
        ("loudness", -0.01, "0.0 LUFS"),
        ("flicker", None, "–"),
    ],
)
def test_a_value_is_said_with_its_unit(name, value, said):
    assert shown(name, value) == said


def _turned(data):
    """An MP4 that says that it is to be shown turned by a quarter, counterclockwise: the matrix in its track's header."""
    one = (1 << 16).to_bytes(4, "big")
    minus = (0x1_0000_0000 - (1 << 16)).to_bytes(4, "big")
    plain = one + bytes(12) + one + bytes(12) + (1 << 30).to_bytes(4, "big")
    quarter = bytes(4) + minus + bytes(4) + one + bytes(16) + bytes(4) + (1 << 30).to_bytes(4, "big")
    at = data.index(b"tkhd")
    matrix = data.index(plain, at)
    return data[:matrix] + quarter + data[matrix + len(quarter) :]
