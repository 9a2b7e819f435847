"""What was measured of a sweep's clips, as a column, as a measure to rank and chart by, and in its exports."""

from __future__ import annotations

import csv
import math

import pytest

from veo_nb import errors
from veo_nb.media.measures import MEASURES


@pytest.fixture
def sweep(studio):
    """Four clips; the last has not been measured."""
    sweep = studio.sweep(
        "A fox, {{style}}, {{motion}}.",
        axes={"style": ["noir", "soft"], "motion": ["slow", "fast"]},
        resolution="720p",
        duration_seconds=4,
    ).wait(60)
    for job, sharpness, loudness in zip(sweep.jobs, (20.0, 60.0, 40.0), (-20.0, None, -30.0), strict=False):
        found = {
            **dict.fromkeys(MEASURES),
            "sharpness": sharpness,
            "loudness": loudness,
            "flicker": sharpness,
        }
        assert studio.jobs.workspace.measures.keep((job.id, 0), job.video.sha256, found)
    return sweep


@pytest.fixture
def unmeasured(studio):
    return studio.sweep("An owl.", axes={"seed": [1, 2]}, resolution="720p", duration_seconds=4).wait(60)


def test_a_clip_has_its_measures(sweep):
    first, *_, last = sweep.clips()
    assert first.measures["sharpness"] == first.video.measures["sharpness"] == 20.0
    assert last.measures == last.video.measures == {}
    assert [clip.measures.get("sharpness") for clip in sweep.clips(sort="-sharpness")] == [60, 40, 20, None]
    assert [clip.cell.labels["style"] for clip in sweep.clips(loudness=-30.0)] == ["soft"]


def test_the_best_is_the_sharpest_and_the_one_that_flickers_least(sweep):
    assert sweep.best("sharpness").measures["sharpness"] == 60
    assert sweep.best("flicker").measures["flicker"] == 20
    standings = sweep.best("loudness", by="style")
    assert [(one.label, one.mean, one.count) for one in standings] == [("noir", -20, 1), ("soft", -30, 1)]


def test_a_table_has_them_once_there_are_any(sweep, unmeasured):
    frame = sweep.to_dataframe()
    assert [*frame["sharpness"][:3]] == [20, 60, 40]
    assert math.isnan(frame["sharpness"][3])
    # An axis that is called so keeps its name.
    assert [*frame["motion"][:2]] == ["slow", "fast"]
    assert "measured_motion" in frame
    assert not {*MEASURES} & {*unmeasured.to_dataframe()}


def test_a_chart_hangs_from_zero_where_values_are_below_it(sweep):
    figure = sweep.chart("style", measure="loudness")
    (plot,) = figure.axes
    assert plot.get_ylabel() == "loudness LUFS"
    assert [bar.get_height() for bar in plot.patches] == [-20, -30]
    low, high = plot.get_ylim()
    assert low < -30 <= high
    assert sweep.chart("style", measure="sharpness").axes[0].get_ylim()[0] == 0


def test_what_was_not_measured_says_how_it_is(unmeasured):
    for ask in (
        lambda: unmeasured.best("motion"),
        lambda: unmeasured.best("motion", by="seed"),
        lambda: unmeasured.chart("seed", measure="motion"),
    ):
        with pytest.raises(errors.InvalidRequest, match="No clip has its motion measured yet") as raised:
            ask()
        assert "sweep.measure()" in raised.value.hint


def test_a_name_that_is_none_is_asked_back(sweep):
    with pytest.raises(errors.InvalidRequest, match="not ranked by sharpnes") as raised:
        sweep.best("sharpnes")
    assert "sharpness" in raised.value.hint
    with pytest.raises(errors.InvalidRequest, match="Clips have no loudnes"):
        sweep.clips(sort="loudnes")


def test_they_are_in_the_exported_table(sweep, tmp_path):
    path = sweep.export(tmp_path / "grid.csv")
    rows = [*csv.DictReader(path.read_text("utf-8").splitlines())]
    assert [row["sharpness"] for row in rows] == ["20.0", "60.0", "40.0", ""]
