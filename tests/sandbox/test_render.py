"""What a recipe looks and sounds like: drawn small here, since the size is part of the recipe."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from veo_nb.media.encode import RATE
from veo_nb.media.frames import frame, last_frame
from veo_nb.media.join import sound_of
from veo_nb.media.probe import probe
from veo_nb.sandbox.reading import FIGURES, plan_stage, read_prompt
from veo_nb.sandbox.render.clip import Shot, render
from veo_nb.sandbox.render.photo import Photo, way
from veo_nb.sandbox.render.stage import Raster, Stage

SIZE = (320, 180)


def recipe(prompt="A quiet lake at dawn", *, size=SIZE, seconds=1.0, samples=1, source=None, **shot):
    base = {"prompts": [prompt], "avoid": "", "start": 0.0, "image": None, "last": None, "references": []}
    return {
        "width": size[0],
        "height": size[1],
        "seconds": seconds,
        "samples": samples,
        "source": source,
        "shot": base | shot,
    }


@pytest.fixture
def make(tmp_path):
    """Render a recipe and give the file."""

    def make(name="clip.mp4", sample=0, *, draft=False, **fields):
        render(recipe(**fields), sample, tmp_path, tmp_path / name, draft=draft)
        return tmp_path / name

    return make


def pixels(image):
    return np.asarray(image.convert("RGB"), dtype=float)


def apart(one, two):
    """How far two pictures are from each other, in levels of 255, leaving out the corner with the mark."""
    difference = np.abs(pixels(one) - pixels(two))
    difference[-30:, -90:] = 0
    return float(difference.mean())


def facts_of(path):
    found = probe(path)
    return found.width, found.height, found.fps, found.duration, found.has_audio


PROMPTS = [
    "Snowy mountains at dawn",
    "A frozen lake at dusk",
    "The sea in a storm, rain",
    "An owl in a forest at night, fireflies",
    "Desert dunes at noon",
    "A city at night",
    "Green hills, a summer afternoon, birds",
    "A campfire, embers rising",
    "\0 🦊 \u202e",
]


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("size", [(320, 180), (180, 320)])
def test_every_place_makes_a_clip_that_moves_and_sounds(make, prompt, size):
    path = make(prompt=prompt, size=size, seconds=0.5)
    facts = probe(path)
    assert (facts.width, facts.height, facts.duration) == (*size, pytest.approx(0.5, abs=0.01))
    picture = pixels(frame(path, 0))
    assert picture.std() > 8, "it shows something"
    assert 2 < picture.mean() < 240, "neither black nor white"
    assert apart(frame(path, 0), last_frame(path)) > 0.15, "it moves"
    level = np.abs(sound_of(path)).max()
    assert 0.005 < level < 0.35, "it is heard, and quiet"


def test_different_prompts_look_different(make):
    pictures = [
        frame(make(f"{index}.mp4", prompt=text, seconds=0.1), 0) for index, text in enumerate(PROMPTS)
    ]
    closest = min(apart(one, two) for index, one in enumerate(pictures) for two in pictures[:index])
    assert closest > 12


def test_the_same_recipe_makes_the_same_clip_in_any_process(make, tmp_path):
    here = make("here.mp4", seconds=0.2)
    script = (
        "import json, sys; from pathlib import Path; from veo_nb.sandbox.render.clip import Shot, render;"
        "render(json.loads(sys.argv[1]), 0, Path(sys.argv[2]), Path(sys.argv[2]) / 'there.mp4')"
    )
    subprocess.run(
        [sys.executable, "-c", script, json.dumps(recipe(seconds=0.2)), str(tmp_path)],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert apart(frame(here, 0.1), frame(tmp_path / "there.mp4", 0.1)) < 0.1


@pytest.mark.parametrize(
    ("prompts", "start"),
    [
        (["A quiet lake at dawn, snow"], 0.0),
        (["An owl in a forest at night, fireflies"], 0.0),
        (["A city at dusk, rain", "Night falls"], 8.0),
    ],
)
def test_what_was_painted_before_leaves_no_trace(tmp_path, prompts, start):
    shot = recipe(prompts=prompts, start=start)["shot"]
    film, still = (Shot(shot, prompts, tmp_path, SIZE, 2.0) for _ in range(2))
    pictures = [film.picture(index).copy() for index in range(28)]
    # Where the sky is painted, where what stands before it is, and where only what is near is.
    for index in (24, 26, 27):
        assert np.array_equal(pictures[index], still.picture(index))
    assert not np.array_equal(pictures[24], pictures[20])


def test_what_is_near_moves_from_picture_to_picture_and_the_sky_seldom(tmp_path):
    painter = Shot(recipe()["shot"], ["A quiet lake at dawn"], tmp_path, SIZE, 2.0)
    pictures = [painter.picture(index)[:180].astype(int) for index in range(25)]
    steps = [np.abs(after - before) for before, after in pairwise(pictures)]
    moved = {index % 4 for index, step in enumerate(steps, 1) if step[:20].any()}
    assert moved == {0}, "every fourth picture at the most"
    assert min(step[160:].mean() for step in steps) > 0.5


def test_samples_and_seeds_differ(make):
    first = frame(make("0.mp4", seconds=0.1, samples=2), 0)
    second = frame(make("1.mp4", sample=1, seconds=0.1, samples=2), 0)
    seeded = frame(make("2.mp4", seconds=0.1, prompt="A quiet lake at dawn #7"), 0)
    assert min(apart(first, second), apart(first, seeded), apart(second, seeded)) > 4


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_who_is_named_stands_in_the_scene(figure):
    for word in figure.words.split():
        staged = plan_stage(read_prompt(f"Dusk. A {word}, alone"))
        assert staged.figure is figure or figure.afloat
        assert staged.place == figure.home or not figure.home
    stage = Stage(staged, Raster(640, 360, slice(0, 1), 360.0), (0.0, 8.0))
    if figure.afloat:
        layer = stage.afloat(figure)
    else:
        layer = stage.ridge(1.0, 1.0, lambda x: np.full_like(x, 20.0), 0.1, figure=figure)
    size = figure.height * 360
    middle = round(stage.middle(layer.speed)) - layer.left
    above = layer.cover[: layer.cover.shape[0] - 22, middle - round(size) : middle + round(size)]
    assert 0.1 < above.sum() / size**2 < 0.8, "a body, with air around it"
    assert layer.cover[: layer.cover.shape[0] - 22].sum() == pytest.approx(above.sum(), rel=0.02), (
        "one, in the middle"
    )


def test_the_mark_is_in_the_corner(make):
    for size in ((640, 360), (360, 640)):
        picture = pixels(frame(make(size=size, prompt="A black cave at night", seconds=0.1), 0)).mean(axis=2)
        corner = picture[-28:-8, -90:]
        # Letters: bright strokes with darker ground between them, in one line.
        assert corner.max() - np.median(corner) > 25
        assert (np.abs(np.diff(corner > np.median(corner) + 20, axis=1)).sum(axis=1)).max() >= 8


# A photograph.


def test_the_first_picture_is_the_very_one_that_was_sent(make, photo, tmp_path):
    photo(320, 180).save(tmp_path / "photo.png")
    path = make(image="photo.png", seconds=1.0)
    assert apart(frame(path, 0), photo(320, 180)) < 2.5
    assert apart(last_frame(path), photo(320, 180)) > 1.0, "then the camera moves"


@pytest.mark.parametrize("shape", [(400, 300), (300, 400), (90, 160), (64, 64), (3000, 500), (1, 1)])
def test_a_photograph_of_any_shape_is_cut_from_its_middle(photo, shape):
    image = photo(*shape)
    luma, chroma = Photo(image, 320, 180).view(0.0)
    assert luma.shape == (1, 180, 320)
    assert chroma.shape == (2, 90, 160)
    scale = max(320 / image.width, 180 / image.height)
    full = image.convert("L").resize(
        (round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS
    )
    left, top = (full.width - 320) // 2, (full.height - 180) // 2
    middle = np.asarray(full.crop((left, top, left + 320, top + 180)), dtype=float)
    assert abs(float(luma.mean() - 16) * 255 / 219 - middle.mean()) < 6


def test_the_camera_moves_without_a_jerk(photo):
    camera = Photo(photo(640, 360), 320, 180)
    boxes = np.array([camera.box(index / 24) for index in range(24 * 60)])
    widths = boxes[:, 2] - boxes[:, 0]
    steps = np.abs(np.diff(boxes, axis=0)).max(axis=1)
    bends = np.abs(np.diff(boxes, n=2, axis=0)).max(axis=1)
    assert steps[:2].max() < 0.02, "it starts at rest"
    assert bends.max() < 0.02, "and changes its speed by fractions of a pixel at a time"
    assert widths[0] == camera.size[0], "on the whole picture"
    assert 0.8 < widths[24 * 8] / widths[0] < 0.93, "after 8 seconds it is a little closer"
    assert widths.min() > 0.6 * widths[0], "and never too close"
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] <= camera.size).all()


def test_movement_below_a_pixel_is_seen(photo):
    camera = Photo(photo(640, 360), 320, 180)
    views = [camera.view(2.0 + index / 24)[0].astype(float) for index in range(4)]
    changes = [float(np.abs(two - one).mean()) for one, two in pairwise(views)]
    # With whole pixels some steps would be nothing and others a jump.
    assert min(changes) > 0.5 * max(changes) > 0


def test_the_prompt_sets_the_pace(photo):
    slow, usual, fast = (
        Photo(photo(), 64, 36, text).rate for text in ("a slow push", "a push", "a fast push")
    )
    assert slow < usual < fast
    assert Photo(photo(), 64, 36, "a static shot").rate < slow


def test_the_way_of_the_camera_has_no_step():
    path = np.array([way(index / 100) for index in range(10_000)])
    assert path[0] == 0
    assert np.abs(np.diff(path)).max() <= 0.0101


def test_a_photograph_that_goes_on_comes_into_the_light_that_is_asked_for(make, photo, tmp_path):
    photo(320, 180).save(tmp_path / "photo.png")
    plain = make("plain.mp4", image="photo.png", start=8.0, prompts=["a shot", "closer"])
    night = make("night.mp4", image="photo.png", start=8.0, prompts=["a shot", "night falls"])
    warm = make("warm.mp4", image="photo.png", start=8.0, prompts=["a shot", "golden hour"])
    assert apart(frame(plain, 0), frame(night, 0)) < 1.0, "it begins where it was"
    plain, night, warm = (pixels(last_frame(path)).mean(axis=(0, 1)) for path in (plain, night, warm))
    assert night.mean() < 0.75 * plain.mean()
    assert (warm[0] - warm[2]) > (plain[0] - plain[2]) + 15


def test_a_last_frame_is_reached(make, photo, tmp_path):
    photo(320, 180, seed=1).save(tmp_path / "a.png")
    photo(320, 180, seed=2).save(tmp_path / "b.png")
    path = make(image="a.png", last="b.png", seconds=1.5)
    assert apart(frame(path, 0), photo(320, 180, seed=1)) < 2.5
    assert apart(last_frame(path), photo(320, 180, seed=2)) < 2.5
    middle = frame(path, 0.75)
    assert apart(middle, photo(320, 180, seed=1)) > 8 < apart(middle, photo(320, 180, seed=2))


def test_a_clip_that_is_not_ours_goes_on_from_its_last_picture(make, tmp_path):
    source = make("source.mp4", prompt="The sea at noon", seconds=1.5)
    last_frame(source).save(tmp_path / "last.png")
    path = make(source="source.mp4", image="last.png", seconds=1.0)
    assert probe(path).duration == pytest.approx(2.5, abs=0.02)
    assert apart(frame(path, 1.5), last_frame(source)) < 2.5
    assert apart(last_frame(path), last_frame(source)) > 0.5
    level = np.abs(sound_of(path)).reshape(-1, RATE // 20, 2).mean(axis=(1, 2))
    assert level[26:36].min() > 0.3 * level[20:40].mean(), "and the sound has no gap"


def test_reference_pictures_appear_in_the_scene(make, tmp_path):
    thing = Image.new("RGB", (100, 100), "white")
    thing.paste((255, 0, 0), (30, 30, 70, 70))
    thing.save(tmp_path / "thing.png")
    without = pixels(frame(make("without.mp4", seconds=0.1), 0))
    with_it = pixels(frame(make("with.mp4", seconds=0.1, references=["thing.png"]), 0))
    redder = (with_it[..., 0] - with_it[..., 1]) - (without[..., 0] - without[..., 1])
    assert (redder > 80).sum() > 200, "the thing"
    changed = np.abs(with_it - without).max(axis=2) > 30
    assert changed.mean() < 0.2, "without the white ground it stood on"


# Large pictures, and sound.


def test_each_resolution_has_its_exact_size(tmp_path, make):
    for size in ((1920, 1080), (2160, 3840)):
        facts = probe(make(size=size, seconds=1 / 24))
        assert (facts.width, facts.height) == size


def test_silence_is_silent(make):
    assert np.abs(sound_of(make(prompt="A lake, silent", seconds=0.2))).max() < 0.001


def test_sound_goes_on_where_it_was(make):
    whole = sound_of(make("whole.mp4", seconds=1.0))
    later = sound_of(make("later.mp4", seconds=0.5, start=0.5))
    ours, theirs = whole[RATE * 6 // 10 : RATE * 9 // 10, 0], later[RATE // 10 : RATE * 4 // 10, 0]
    assert np.corrcoef(ours, theirs)[0, 1] > 0.95


def test_a_draft_is_as_long_and_as_loud_as_the_clip_and_ends_as_it_does(make):
    whole, draft = (make(f"{number}.mp4", seconds=2.0, draft=bool(number)) for number in range(2))
    assert facts_of(draft) == facts_of(whole)
    loud, quiet = (np.sqrt(np.mean(np.square(sound_of(clip)))) for clip in (whole, draft))
    assert quiet == pytest.approx(loud, rel=0.2)
    assert apart(last_frame(draft), last_frame(whole)) < 3


def test_a_draft_stands_still_for_a_second(make):
    draft = make(prompt="The sea in a storm, rain", seconds=3.0, draft=True)
    within = apart(frame(draft, 1.1), frame(draft, 1.9))
    between = apart(frame(draft, 0.9), frame(draft, 1.1))
    assert within < 1 < between
