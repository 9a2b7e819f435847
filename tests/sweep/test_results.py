"""What came out of a sweep: rated, chosen, sorted, ranked, as a table and as a chart."""

from __future__ import annotations

import builtins
import sys
from typing import Any

import httpx2
import pandas as pd
import pytest
from PIL import Image

from veo_nb import errors
from veo_nb.store.ratings import Rating

PROMPT = "A fox, {{style}}."
AXES: dict[str, Any] = {"style": {"noir": "hard light", "soft": "pastel"}, "seed": [3, 1, 2]}


@pytest.fixture
def sweep(make_studio, service):
    """Six cells in rows of three; the last one is blocked."""
    service.submits = [None] * 5 + [
        httpx2.Response(400, json={"error": {"message": "content policy violation"}})
    ]
    return (
        make_studio(max_in_flight=1).sweep(PROMPT, axes=AXES, resolution="720p", duration_seconds=4).wait(60)
    )


@pytest.fixture
def rated(sweep):
    for cell, rating in zip(sweep.cells, [5, 2, None, 4, 4], strict=False):
        sweep.rate(cell, rating)
    sweep.star(sweep.cells[1])
    sweep.note(sweep.cells[0], "the best light")
    return sweep


# Rating


def test_a_cell_a_job_its_id_a_video_and_a_clip_name_the_same(sweep):
    cell = sweep.cells[0]
    for what in (cell, cell.job, cell.job.id, cell.videos[0], sweep.clips()[0]):
        sweep.rate(what, None)
        sweep.rate(what, 3)
        assert sweep.rating(cell) == Rating(rating=3)


def test_the_ratings_outlive_the_kernel_and_are_those_of_the_clip(rated, make_studio):
    other = make_studio()
    assert other.sweeps.all()[0].rating(rated.cells[0]) == Rating(rating=5, note="the best light")
    same = other.sweep("A fox, hard light.", axes={"seed": [3]}, resolution="720p", duration_seconds=4)
    assert same.rating(same.cells[0]).rating == 5


def test_each_sample_is_rated_by_itself(make_studio, service):
    service.polls = [lambda request: service.finished(request.url.path.partition("/v1beta/")[2], count=2)]
    sweep = (
        make_studio(provider="gemini", model="fast")
        .sweep("A fox.", axes={"seed": [1]}, sample_count=2)
        .wait(60)
    )
    sweep.rate(sweep.cells[0], 5, sample=1)
    sweep.rate(sweep.cells[0].videos[0], 2)
    assert [(clip.sample, clip.rating) for clip in sweep.clips()] == [(0, 2), (1, 5)]
    assert sweep.clips()[0].usd == pytest.approx(0.8)
    with pytest.raises(errors.NotFound, match=r"has no sample 2\. They go from 0 to 1"):
        sweep.rate(sweep.cells[0], 5, sample=2)


def test_what_is_not_of_the_sweep_cannot_be_rated(sweep, make_studio):
    with pytest.raises(errors.NotFound, match="There is no job 'zzzz' in this sweep"):
        sweep.rate("zzzz", 3)
    plan = make_studio().sweep("A fox.", axes={"resolution": ["720p", "1080p"], "duration": [4, 8]})
    with pytest.raises(errors.NotFound, match="no clip to rate"):
        plan.rate(plan.cell(resolution="1080p", duration_seconds=4), 3)
    plan.wait(60)


# Choosing


def seeds(clips) -> list[str]:
    return [f"{clip.cell.labels['style']} {clip.cell.labels['seed']}" for clip in clips]


def test_clips_are_chosen_by_values_and_facts(rated):
    assert seeds(rated.clips(style="noir")) == ["noir 3", "noir 1", "noir 2"]
    assert seeds(rated.clips(style="hard light", seed=1)) == ["noir 1"]
    assert seeds(rated.clips(rating=4)) == ["soft 3", "soft 1"]
    assert seeds(rated.clips(star=True)) == ["noir 1"]
    assert seeds(rated.clips(state="blocked")) == ["soft 2"]
    assert seeds(rated.clips(lambda clip: (clip.rating or 0) > 4)) == ["noir 3"]


def test_clips_are_sorted_by_values_and_facts_and_those_without_come_last(rated):
    assert seeds(rated.clips(sort="-rating")) == ["noir 3", "soft 3", "soft 1", "noir 1", "noir 2", "soft 2"]
    assert seeds(rated.clips(sort="rating"))[:2] == ["noir 1", "soft 3"]
    assert seeds(rated.clips(sort="seed"))[:2] == ["noir 3", "soft 3"]
    assert seeds(rated.clips(sort="-style"))[:3] == ["soft 3", "soft 1", "soft 2"]
    assert seeds(rated.clips(sort="path"))[-1] == "soft 2"


@pytest.mark.parametrize(("how", "word"), [({"sort": "-raiting"}, "rating"), ({"stlye": "noir"}, "style")])
def test_a_name_that_clips_do_not_have_is_refused(rated, how, word):
    with pytest.raises(errors.InvalidRequest, match=f"Clips have no .* Did you mean {word}"):
        rated.clips(**how)


# The best


def test_the_best_is_the_first_of_those_with_the_most(rated):
    assert rated.best().cell is rated.cells[0]
    assert rated.best("star").cell is rated.cells[1]
    assert rated.best("usd").cell is rated.cells[0]


def test_nothing_rated_has_no_best(sweep):
    assert (sweep.best(), sweep.best("star")) == (None, None)
    assert [(one.label, one.mean, one.count) for one in sweep.best(by="style")] == [
        ("noir", None, 0),
        ("soft", None, 0),
    ]


def test_the_values_of_an_axis_are_ranked_by_their_mean(rated):
    first, second = rated.best("rating", by="style")
    assert (first.label, first.value, first.mean, first.count) == ("soft", "pastel", 4.0, 2)
    assert (second.label, second.mean, second.best.cell) == ("noir", 3.5, rated.cells[0])
    assert [one.label for one in rated.best(by="seed")] == ["3", "1", "2"]


def test_less_is_better_of_time_and_money(rated):
    seconds = {one.label: one.mean for one in rated.best("seconds", by="style")}
    assert [*seconds.values()] == sorted(value for value in seconds.values() if value is not None)


def test_what_nobody_ranks_by_is_refused(rated):
    with pytest.raises(errors.InvalidRequest, match=r"not ranked by raiting\. Did you mean rating"):
        rated.best("raiting")
    with pytest.raises(errors.InvalidRequest, match=r"stile is no axis of this sweep\. Did you mean style"):
        rated.best(by="stile")


# The table


def test_the_table_has_a_row_for_each_sample_with_all_that_is_known(rated):
    table = rated.to_dataframe()
    assert len(table) == 6
    first = table.iloc[0]
    assert (first["style"], first["seed"], first["state"]) == ("noir", 3, "succeeded")
    assert (first["rating"], first["note"], first["prompt"]) == (5, "the best light", "A fox, hard light.")
    assert (first["resolution"], first["duration_seconds"], first["model"]) == (
        "720p",
        4,
        "veo-3.1-fast-generate-preview",
    )
    assert (first["path"], first["usd"]) == (str(rated.cells[0].videos[0].path), pytest.approx(0.6))
    last = table.iloc[5]
    assert (last["state"], pd.isna(last["path"]), pd.isna(last["rating"])) == ("blocked", True, True)
    assert "policy" in last["reason"]
    assert [*table.columns[:2]] == ["style", "seed"]


def test_an_axis_keeps_the_order_of_its_values(rated):
    table = rated.to_dataframe()
    assert [*table.groupby("style", observed=True)["rating"].mean()] == [3.5, 4.0]
    assert [*table.sort_values("seed")["seed"]][:2] == [3, 3]
    assert str(table["rating"].dtype) == "Int64"


def test_images_are_in_the_table_by_their_name(make_studio, tmp_path):
    Image.new("RGB", (32, 18)).save(tmp_path / "end.png")
    axes = {"image": [Image.new("RGB", (32, 18))]}
    sweep = make_studio().sweep("A walk.", axes=axes, last_frame=tmp_path / "end.png").wait(60)
    row = sweep.to_dataframe().iloc[0]
    assert (row["image"], row["last_frame"]) == ("image 1", "end.png")


def test_a_sweep_of_takes_has_one_column_of_them(make_studio):
    table = make_studio().sweep("A fox.", axes={"take": [1, 2]}).wait(60).to_dataframe()
    assert [*table["take"]] == [1, 2]


# The chart


def test_the_chart_has_a_bar_for_each_value_and_a_dot_for_each_clip(rated):
    figure = rated.chart(by="style")
    (plot,) = figure.axes
    assert [bar.get_height() for bar in plot.patches] == [3.5, 4.0]
    assert [label.get_text() for label in plot.get_xticklabels()] == ["noir", "soft"]
    assert sum(len(dots.get_offsets()) for dots in plot.collections) == 4
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_a_chart_breaks_long_values_into_lines_as_wide_as_their_bar(make_studio):
    axes = {"style": ["soft light, no shadows", "a very long way to say that it is nearly dark"]}
    (plot,) = make_studio().sweep(PROMPT, axes=axes).wait(60).chart().axes
    assert [label.get_text() for label in plot.get_xticklabels()] == [
        "soft light,\nno shadows",
        "a very long\nway to say\nthat it is\nnear…",
    ]
    assert {label.get_rotation() for label in plot.get_xticklabels()} == {0.0}


def test_a_chart_draws_what_looks_like_mathematics_as_text(make_studio):
    axes = {"style": ["$\\frac{", "a $1 and $2 _x_"]}
    figure = make_studio().sweep(PROMPT, axes=axes).wait(60).chart()
    assert figure._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize(("method", "library"), [("to_dataframe", "pandas"), ("chart", "matplotlib")])
def test_without_the_extra_it_says_which_to_install(rated, monkeypatch, method, library):
    real = builtins.__import__

    def refuse(name, *rest, **more):
        if name.partition(".")[0] == library:
            raise ImportError(name)
        return real(name, *rest, **more)

    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(errors.VeoError, match=rf'This needs {library}\. Run pip install "veo-nb\[data\]"'):
        getattr(rated, method)()
