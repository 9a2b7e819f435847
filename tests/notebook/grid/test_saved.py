"""The saved grid: a table of videos that is complete without a kernel, small, and whose texts are only text."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from msgspec.structs import replace

from tests.notebook.test_display import HOSTILE, Page, make_video
from veo_nb.engine.video import Video
from veo_nb.notebook.grid import saved
from veo_nb.notebook.grid.protocol import Grid, GridAxis, GridCell, GridClip
from veo_nb.notebook.grid.saved import Table, marks, saved_grid, small_still
from veo_nb.notebook.place import Place

NOW = 1_795_345_200.0


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path, tmp_path, "/")


@pytest.fixture
def video(tmp_path, clip) -> Video:
    path = tmp_path / "veo library" / "fox.mp4"
    path.parent.mkdir()
    path.write_bytes(clip)
    return make_video(path)


def clip_state(**changes: Any) -> Any:
    state = GridClip(
        url="",
        beside="",
        size=0,
        preview="",
        small=0,
        path="fox.mp4",
        fps=24.0,
        rating=0,
        star=False,
        note="",
    )
    return replace(state, **changes)


def cell(key: int, at: list[int], **changes: Any) -> Any:
    state = GridCell(
        key=str(key),
        place=at,
        job="3f2a",
        state="succeeded",
        line=[],
        progress=None,
        shape="16:9",
        actions=[],
        final_cost="",
        clips=[clip_state()],
    )
    return replace(state, **changes)


def grid(rows="animal", columns="time", **axes: list[str]) -> Grid:
    axes = axes or {"animal": ["fox", "owl"], "time": ["dawn", "dusk", "night"]}
    return Grid(
        id="s3f2a",
        axes=[GridAxis(name=name, values=values) for name, values in axes.items()],
        rows=rows,
        columns=columns,
        shape="16:9",
        tag="sandbox",
        batches=1,
        token="a1b2",
    )


def draw(state: Grid, cells: list[GridCell], place: Place, videos=None, **more) -> str:
    table = Table(grid=state, cells=cells, line="2 of 3 done", prompt="A fox.", videos=videos or {}, **more)
    saved = saved_grid(table, place, now=NOW)
    return str(saved._repr_html_())


def test_it_is_a_table_of_videos_under_their_headings(place, video):
    cells = [cell(n, [n // 3, n % 3]) for n in range(6)]
    html = draw(grid(), cells, place, {(str(n), 0): video for n in range(6)})
    page = Page(html)
    tags = [tag for tag, _ in page.elements]
    assert (tags.count("th"), tags.count("video")) == (1 + 3 + 2, 6)
    # Between the tags of a video stands IPython's own word to very old browsers.
    words = [text for text in page.texts if text.strip() and "browser" not in text]
    assert [text for text in words if "element" not in text and text != "video"] == [
        "sandbox",
        "2 of 3 done",
        "animal / time",
        "dawn",
        "dusk",
        "night",
        "fox",
        "owl",
    ]
    first = next(attributes for tag, attributes in page.elements if tag == "video")
    assert first["src"] == "veo%20library/fox.mp4"
    assert first["aria-label"] == "animal fox, time dawn"
    assert first["poster"].startswith("data:image/jpeg;base64,")
    assert {"controls", "loop", "playsinline"} <= set(first)
    assert page.elements[0][1]["data-veo-grid"] == "a1b2"


def test_what_is_too_wide_is_reached_with_the_keyboard_and_has_a_name(place, video):
    page = Page(draw(grid(), [cell(0, [0, 0])], place, {("0", 0): video}))
    (wide,) = (given for _, given in page.elements if "overflow-x:auto" in (given.get("style") or ""))
    assert (wide["tabindex"], wide["role"], wide["aria-label"]) == ("0", "group", "Clips by animal / time")


def test_a_combination_without_a_clip_says_why(place, video):
    cells = [
        cell(0, [0, 0]),
        cell(1, [0, 1], state="empty", clips=[], line=["1080p needs an 8 second clip"]),
        cell(2, [0, 2], state="blocked", clips=[], line=['Blocked: "no owls"']),
    ]
    texts = Page(draw(grid(), cells, place, {("0", 0): video})).texts
    assert "1080p needs an 8 second clip" in texts
    assert 'Blocked: "no owls"' in texts
    assert texts.count("Not part of this sweep") == 3


def test_each_value_of_a_third_axis_has_a_table_and_none_is_left_out(place):
    state = grid(animal=["fox", "owl"], time=["dawn", "dusk"], seed=["1", "2", "3"])
    cells = [cell(n, [n % 2, n // 2 % 2, n // 4]) for n in range(8)]
    page = Page(draw(state, cells, place))
    assert [text for text in page.texts if text.startswith("seed")] == ["seed: 1", "seed: 2"]
    assert [tag for tag, _ in page.elements].count("table") == 2


def test_one_axis_is_a_row_that_wraps(place, video):
    page = Page(
        draw(grid("", "seed", seed=["1", "2"]), [cell(0, [0]), cell(1, [1])], place, {("0", 0): video})
    )
    tags = [tag for tag, _ in page.elements]
    assert (tags.count("figure"), tags.count("table"), tags.count("video")) == (2, 0, 1)


@pytest.mark.parametrize(("shape", "most"), [("16:9", 480), ("9:16", 416)])
def test_cells_take_the_room_there_is(place, video, shape, most):
    def styles(state: Grid, tag: str) -> str:
        cells = [cell(0, [0] * len(state.axes))]
        page = Page(draw(replace(state, shape=shape), cells, place, {("0", 0): video}))
        found = (given.get("style") or "" for name, given in page.elements if name == tag)
        return next(style for style in found if "width" in style)

    # Two columns beside their heads stand side by side at 570 pixels, and at 1250 leave no third of the row empty.
    table = styles(grid(animal=["fox", "owl"], time=["dawn", "dusk"]), "table")
    assert f"width:100%;min-width:{128 + 2 * 168}px;max-width:{128 + 2 * (most + 8)}px" in table
    # Without rows as many as have 240 pixels, but two as soon as they have 160.
    flow = styles(grid("", "seed", seed=["1", "2", "3"]), "div")
    assert "repeat(auto-fit,minmax(max(160px,min(240px,50% - 4px)),1fr))" in flow
    assert flow.endswith(f"max-width:{3 * most + 2 * 8}px")


def test_all_samples_of_a_cell_stand_in_it(place, video):
    both = [cell(0, [0, 0], clips=[clip_state(rating=4), clip_state(star=True)])]
    page = Page(draw(grid(), both, place, {("0", 0): video, ("0", 1): video}))
    assert [tag for tag, _ in page.elements].count("video") == 2
    assert {"4 of 5", "★"} <= set(page.texts)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({}, ""),
        ({"rating": 4}, "4 of 5"),
        ({"star": True, "rating": 4, "note": "the ears"}, "★ 4 of 5 · the ears"),
        ({"note": "the ears"}, "the ears"),
    ],
)
def test_the_marks_are_one_line(state, words):
    assert marks(clip_state(**state)) == words


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_only_text(place, video, text):
    state = grid("a" + text, "b", **{"a" + text: [text], "b": ["1", text + "2"]})
    cells = [
        cell(0, [0, 0], clips=[clip_state(note=text, path=text)]),
        cell(1, [0, 1], clips=[], state="failed", line=[text]),
    ]
    for videos in ({("0", 0): video}, {}):
        page = Page(draw(state, cells, place, videos))
        assert {tag for tag, _ in page.elements} <= {
            "div", "p", "span", "table", "tr", "th", "td", "video", "source", "code",
        }  # fmt: skip
        allowed = {
            "style", "role", "aria-label", "dir", "scope", "data-veo-grid", "src", "poster", "controls", "loop",
            "playsinline", "preload", "class", "title", "tabindex",
        }  # fmt: skip
        assert {name for _, attributes in page.elements for name in attributes} <= allowed
        assert any(text.strip() in found for found in page.texts)


def test_nothing_is_embedded_unless_asked(place, video):
    assert "data:video" not in draw(grid(), [cell(0, [0, 0])], place, {("0", 0): video})
    assert "data:video/mp4;base64," in draw(grid(), [cell(0, [0, 0])], place, {("0", 0): video}, embed=True)


def test_a_video_out_of_reach_is_named_and_one_that_is_gone_as_well(tmp_path, video, monkeypatch):
    elsewhere = Place(tmp_path / "served", tmp_path / "served", "/")
    small = draw(grid(), [cell(0, [0, 0])], elsewhere, {("0", 0): video})
    assert "data:video/mp4;base64," in small
    assert "In this notebook: 0.2 MB" in small
    monkeypatch.setattr(saved, "SMALL", 0)
    large = draw(grid(), [cell(0, [0, 0])], elsewhere, {("0", 0): video})
    assert "<video" not in large
    assert "outside the folder that Jupyter serves" in large
    assert "%veo show s3f2a plays it here" in large
    video.path.unlink()
    assert "no longer there" in draw(grid(), [cell(0, [0, 0])], elsewhere, {("0", 0): video})


def test_200_cells_are_under_a_megabyte_and_load_nothing_before_they_are_played(tmp_path, place, video):
    videos = {}
    for n in range(200):
        path = tmp_path / f"veo library/a-long-name-of-a-clip-{n}.mp4"
        shutil.copy(video.path, path)
        videos[str(n), 0] = make_video(path)
    state = grid(animal=[f"animal {n}" for n in range(20)], time=[f"time {n}" for n in range(10)])
    html = draw(state, [cell(n, [n // 10, n % 10]) for n in range(200)], place, videos)
    assert len(html) < 900_000
    assert html.count("<video") == html.count('preload="none"') == 200
    assert html.count("data:image/jpeg") == 200


def test_a_still_is_as_large_as_its_room_and_none_where_there_is_no_room(video):
    best, small = small_still(video.path, 1_000_000), small_still(video.path, 2_000)
    assert len(best) > len(small) > 0
    assert len(small) <= 2_000
    assert small_still(video.path, 40) == ""
