"""A sweep taken away: as a page, a video, a picture, a table and a folder, whole and without a word too much."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import re
import shutil
import threading
from html.parser import HTMLParser
from pathlib import Path

import httpx2
import numpy as np
import pytest
from PIL import Image

import veo_nb
from tests.notebook.export.exports import COLOURS, PROMPT, make_sweep
from tests.notebook.test_magics import loaded, run, settings  # noqa: F401  fixtures
from tests.notebook.test_protocol import mismatch
from tests.sharing import in_use
from tests.world import KEY, Held
from veo_nb import errors
from veo_nb.media.frames import frame
from veo_nb.media.measures import MEASURES
from veo_nb.media.probe import probe
from veo_nb.notebook.export import page as page_module
from veo_nb.notebook.export import writer as export_module
from veo_nb.notebook.export.writer import kind_of
from veo_nb.notebook.grid.protocol import CellDetails, Grid, GridCell, GridSummary
from veo_nb.store import files

NAMES = [
    f"{name}.mp4"
    for name in (
        "fox_long-i-slow-i_small",
        "owl_long-i-slow-i_small",
        "owl_short_small",
        "fox_long-i-slow-i_large",
        "owl_long-i-slow-i_large",
    )
]


@pytest.fixture
def sweep(make_studio, service, tmp_path):
    return make_sweep(make_studio, service, seconds=0.5, size=(160, 90))


class Elements(HTMLParser):
    """The elements of a page with their texts, as a browser tells them apart."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], str]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs), ""))

    def handle_endtag(self, tag):
        self.found.append(("", {}, ""))

    def handle_data(self, data):
        if self.found:
            tag, attributes, text = self.found[-1]
            self.found[-1] = (tag, attributes, text + data)

    def texts(self, tag: str, **wanted: str) -> list[str]:
        return [
            text
            for name, attributes, text in self.found
            if name == tag and all(attributes.get(key) == value for key, value in wanted.items())
        ]


# Which kind


@pytest.mark.parametrize(
    ("to", "kind"),
    [
        ("grid.html", "page"),
        ("out/GRID.HTML", "page"),
        (Path("grid.mp4"), "video"),
        ("grid.png", "picture"),
        ("grid.csv", "table"),
        ("results/", "folder"),
        ("results", "folder"),
        ("v1.2/", "folder"),
    ],
)
def test_the_ending_says_what_it_is(to, kind):
    assert kind_of(to) == kind


@pytest.mark.parametrize("to", ["grid.gif", "grid.htm", "  ", ""])
def test_another_ending_is_refused_with_those_there_are(sweep, to):
    with pytest.raises(
        errors.InvalidRequest, match=r"grid\.html, grid\.mp4, grid\.png, grid\.csv, or a folder"
    ):
        sweep.export(to)


def test_a_name_that_holds_half_a_character_is_refused(sweep, tmp_path):
    with pytest.raises(errors.InvalidRequest, match=r"to holds half a character.* another name"):
        sweep.export(tmp_path / "grid \ud83e.csv")


@pytest.mark.parametrize(
    ("to", "how"),
    [
        ("a.mp4", {"embed": False}),
        ("a.html", {"sound": "3f2a"}),
        ("a.csv", {"rows": "animal"}),
        ("results/", {"columns": "animal"}),
    ],
)
def test_an_option_of_another_kind_is_refused(sweep, tmp_path, to, how):
    with pytest.raises(errors.InvalidRequest, match=f"{next(iter(how))}= is for a "):
        sweep.export(tmp_path / to, **how)
    with pytest.raises(errors.InvalidRequest, match=r"anmal is no axis of this sweep\. Did you mean animal"):
        sweep.export(tmp_path / "a.html", rows="anmal")


# The page


def test_the_page_holds_the_grid_its_clips_and_nothing_to_be_fetched(sweep, tmp_path):
    sweep.rate(sweep.cells[0], 4)
    path = sweep.export(tmp_path / "new" / "grid.html")
    assert path == tmp_path / "new" / "grid.html"
    page = Elements(path.read_text("utf-8"))
    state = json.loads(page.texts("script", id="state")[0])
    assert mismatch(state["grid"], Grid) == []
    assert mismatch(state["summary"], GridSummary) == []
    assert mismatch(state["cells"], list[GridCell]) == []
    assert mismatch(state["details"], dict[str, CellDetails]) == []
    assert state["cells"][0]["clips"][0]["rating"] == 4
    assert [clip["path"] for cell in state["cells"] for clip in cell["clips"]] == NAMES
    assert state["details"]["0"]["prompt"] == PROMPT.replace("{{animal}}", "fox")
    assert len(state["stills"]) == 5
    assert all(still.startswith("data:image/jpeg;base64,") for still in state["stills"].values())
    video = base64.b64decode(page.texts("script", **{"data-clip": "0/0"})[0])
    assert hashlib.sha256(video).hexdigest() == sweep.cells[0].videos[0].sha256
    # Nothing in it can be asked for, as there is nobody to do it.
    assert state["summary"]["actions"] == []
    assert {action for cell in state["cells"] for action in cell["actions"]} == set()
    assert state["cells"][5]["line"] == [
        '1080p needs an 8 second clip; you asked for 4. Use duration_seconds=8 or resolution="720p".'
    ]
    assert "until the page is closed" in page.texts("footer")[0]
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", path.read_text("utf-8"))


def test_the_page_has_what_was_measured_of_the_clips_that_are_in_it(sweep, tmp_path):
    cell, gone, other = (one for one in sweep.cells[:4] if one.videos)
    for one in (cell, gone):
        found = {**dict.fromkeys(MEASURES), "motion": 6.537}
        assert sweep._jobs.workspace.measures.keep((one.job.id, 0), one.videos[0].sha256, found)
    gone.videos[0].path.unlink()
    page = Elements(sweep.export(tmp_path / "grid.html").read_text("utf-8"))
    details = json.loads(page.texts("script", id="state")[0])["details"]
    ((_, motion, *_),) = details[str(cell.position)]["measures"]
    assert (motion["label"], motion["value"]) == ("Motion", "6.5 %/s")
    assert details[str(gone.position)]["measures"] == []
    assert details[str(other.position)]["measures"] == [[]]


def test_the_page_is_text_where_it_is_hostile(sweep, tmp_path):
    sweep.note(sweep.cells[0], "</script><script>alert(2)</script><!--")
    page = Elements(sweep.export(tmp_path / "grid.html").read_text("utf-8"))
    scripts = [attributes for tag, attributes, _ in page.found if tag == "script"]
    assert [one.get("type") for one in scripts] == ["application/json", *["text/plain"] * 5, "module"]
    assert page.texts("h1") == [PROMPT]
    state = json.loads(page.texts("script", id="state")[0])
    assert state["cells"][0]["clips"][0]["note"] == "</script><script>alert(2)</script><!--"


def test_the_pages_policy_lets_its_own_script_run_and_no_other(sweep, tmp_path):
    page = Elements(sweep.export(tmp_path / "grid.html").read_text("utf-8"))
    (policy,) = [one["content"] or "" for tag, one, _ in page.found if "http-equiv" in one]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))

    def fingerprint(text):
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == fingerprint(page.texts("script", type="module")[0])
    assert rules["style-src"] == fingerprint(page.texts("style")[0])
    assert (rules["media-src"], rules["img-src"]) == ("blob:", "data:")


def test_clips_may_lie_beside_the_page(sweep, tmp_path):
    path = sweep.export(tmp_path / "my grid.html", embed=False)
    page = Elements(path.read_text("utf-8"))
    state = json.loads(page.texts("script", id="state")[0])
    urls = [clip["url"] for cell in state["cells"] for clip in cell["clips"]]
    assert urls == [f"my%20grid_files/{name}" for name in NAMES]
    assert sorted(one.name for one in (tmp_path / "my grid_files").iterdir()) == sorted(NAMES)
    assert not [one for _, one, _ in page.found if "data-clip" in one]


def test_the_heading_says_what_is_the_same_in_all_cells(make_studio, tmp_path):
    sweep = make_studio().sweep("A {{animal}} in {{place}}.", axes={"animal": ["fox"]}, place="snow").wait(60)
    page = Elements(sweep.export(tmp_path / "grid.html").read_text("utf-8"))
    assert page.texts("h1") == ["A {{animal}} in snow."]


def test_too_much_for_one_page_is_refused_with_what_to_do(sweep, tmp_path, monkeypatch):
    total = sum(video.bytes for cell in sweep.cells for video in cell.videos)
    monkeypatch.setattr(page_module, "LARGEST", total - 1)
    with pytest.raises(errors.InvalidRequest, match=r"The 5 clips are .* Use embed=False.* grid_files/"):
        sweep.export(tmp_path / "grid.html")
    assert not (tmp_path / "grid.html").exists()
    sweep.export(tmp_path / "grid.html", embed=False)
    monkeypatch.setattr(page_module, "LARGEST", total)
    sweep.export(tmp_path / "grid.html")


def test_a_page_without_its_script_says_so(sweep, tmp_path, monkeypatch):
    monkeypatch.setattr(page_module, "BUNDLE", tmp_path / "page.js")
    with pytest.raises(errors.VeoError, match="installed without its front end"):
        sweep.export(tmp_path / "grid.html")


def test_rows_and_columns_are_those_that_are_asked_for(sweep, tmp_path):
    page = Elements(sweep.export(tmp_path / "g.html", rows="resolution", columns="animal").read_text("utf-8"))
    grid = json.loads(page.texts("script", id="state")[0])["grid"]
    assert (grid["rows"], grid["columns"]) == ("resolution", "animal")


# The video and the picture


def near(picture: Image.Image, x: float, y: float, colour: tuple[int, ...]) -> bool:
    """Whether the picture has this colour at a place, given as shares of its size."""
    at = round(x * picture.width), round(y * picture.height)
    seen = np.asarray(picture.crop((at[0] - 3, at[1] - 3, at[0] + 3, at[1] + 3)), dtype=float)
    return bool(np.abs(seen.mean(axis=(0, 1)) - colour).max() < 14)


def still(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        whole: Image.Image = picture.convert("RGB")
        return whole


def test_the_video_has_every_cell_in_its_place(sweep, tmp_path):
    state = probe(sweep.export(tmp_path / "grid.mp4"))
    assert (state.fps, state.has_audio) == (24.0, False)
    assert state.duration == pytest.approx(0.5, abs=0.01)
    picture = frame(tmp_path / "grid.mp4", 0.4)
    # Small ones first: fox, then owl, each long and short; then the large ones.
    assert near(picture, 0.1, 0.05, COLOURS["fox"])
    assert near(picture, 0.6, 0.05, (58, 58, 58))
    assert near(picture, 0.1, 0.3, COLOURS["owl"])
    assert near(picture, 0.6, 0.3, COLOURS["owl"])
    assert near(picture, 0.1, 0.55, COLOURS["fox"])
    assert near(picture, 0.52, 0.52, (58, 58, 58))
    earlier = frame(tmp_path / "grid.mp4", 0.0)
    assert np.abs(np.asarray(picture, dtype=float) - np.asarray(earlier)).mean() > 1


def test_the_video_has_the_sound_of_the_cell_that_is_named(sweep, tmp_path):
    assert probe(sweep.export(tmp_path / "grid.mp4", sound=sweep.cells[2])).has_audio
    with pytest.raises(errors.NotFound, match="no clip to be heard"):
        sweep.export(tmp_path / "grid.mp4", sound=sweep.cells[1])
    with pytest.raises(errors.NotFound, match="no clip to rate"):
        sweep.export(tmp_path / "grid.mp4", sound=sweep.cells[5])


def test_the_picture_is_a_still_of_the_video(sweep, tmp_path):
    picture = still(sweep.export(tmp_path / "grid.png"))
    assert (tmp_path / "grid.png").read_bytes().startswith(b"\x89PNG")
    sweep.export(tmp_path / "grid.mp4")
    state = probe(tmp_path / "grid.mp4")
    assert picture.size == (state.width, state.height)
    middle = frame(tmp_path / "grid.mp4", 0.25)
    assert np.abs(np.asarray(picture, dtype=float) - np.asarray(middle)).mean() < 4


def test_a_sweep_along_one_axis_flows(make_studio, tmp_path):
    sweep = make_studio().sweep("A fox.", axes={"seed": "1,2,...,9"}).wait(60)
    width, height = still(sweep.export(tmp_path / "grid.png")).size
    assert 1.2 < width / height < 2.2


def test_a_sweep_without_a_clip_is_no_video_and_says_so(make_studio, service, tmp_path):
    held = Held()
    service.submits = [held]
    sweep = make_studio(max_in_flight=1).sweep("A fox.", axes={"seed": [1, 2]})
    with pytest.raises(errors.InvalidRequest, match="no clip yet"):
        sweep.export(tmp_path / "grid.mp4")
    page = Elements(sweep.export(tmp_path / "grid.html").read_text("utf-8"))
    cells = json.loads(page.texts("script", id="state")[0])["cells"]
    assert [(cell["state"], cell["line"]) for cell in cells] == [("empty", ["Not made yet"])] * 2
    held.give()
    sweep.wait(60)


def test_a_clip_whose_file_is_gone_is_a_box_that_says_so(sweep, tmp_path):
    sweep.cells[0].videos[0].path.unlink()
    page = Elements(sweep.export(tmp_path / "grid.html").read_text("utf-8"))
    cell = json.loads(page.texts("script", id="state")[0])["cells"][0]
    assert (cell["clips"], cell["line"]) == ([], ["Its file is no longer there"])
    picture = still(sweep.export(tmp_path / "grid.png"))
    assert near(picture, 0.1, 0.05, (58, 58, 58))


# The table and the folder


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [*csv.DictReader(file)]


def test_the_table_has_the_columns_of_the_dataframe(sweep, tmp_path):
    sweep.rate(sweep.cells[0], 5)
    rows = read(sweep.export(tmp_path / "grid.csv"))
    assert [*rows[0]] == [*sweep.to_dataframe().columns]
    assert [row["state"] for row in rows] == [clip.state for clip in sweep.clips()]
    assert (rows[0]["animal"], rows[0]["duration_seconds"], rows[0]["rating"]) == ("fox", "8", "5")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d/[\w-]+\.mp4", rows[0]["path"])
    assert rows[1]["path"] == ""


def test_a_spreadsheet_finds_no_formula_in_the_table(sweep, tmp_path):
    sweep.note(sweep.cells[0], '=HYPERLINK("http://elsewhere.example")')
    assert read(sweep.export(tmp_path / "grid.csv"))[0]["note"] == '\'=HYPERLINK("http://elsewhere.example")'


def test_the_folder_has_the_clips_their_recipes_and_the_table(sweep, tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "mine.txt").write_text("kept")
    (folder / NAMES[0]).write_bytes(b"old")
    sweep.export(f"{folder}/")
    recipes = [name.replace(".mp4", ".json") for name in NAMES]
    assert sorted(one.name for one in folder.iterdir()) == sorted(
        [*NAMES, *recipes, "results.csv", "mine.txt"]
    )
    video = sweep.cells[0].videos[0]
    assert hashlib.sha256((folder / NAMES[0]).read_bytes()).hexdigest() == video.sha256
    recipe = json.loads((folder / recipes[0]).read_text("utf-8"))
    assert recipe["axes"] == sweep.cells[0].labels
    assert recipe["request"] == sweep.cells[0].request.canonical()
    assert recipe["video"]["sha256"] == video.sha256
    rows = read(folder / "results.csv")
    assert [row["path"] for row in rows if row["path"]] == NAMES


def test_a_recipe_names_the_clip_it_goes_on_from_and_not_where_that_lies(make_studio, tmp_path):
    studio = make_studio()
    first = studio.generate("A fox.").wait(60)
    sweep = studio.sweep("It looks {{where}}.", axes={"where": ["back"]}, video=first).wait(60)
    folder = sweep.export(tmp_path / "results")
    recipe = json.loads((folder / "back.json").read_text("utf-8"))
    assert recipe["request"]["video"] == f"job:{first.id}/0"
    assert first.video.uri not in "".join(one.read_text("utf-8") for one in folder.glob("*.json"))


def test_the_samples_of_a_cell_are_told_apart(make_studio, service, tmp_path):
    service.polls = [lambda request: service.finished(request.url.path.partition("/v1beta/")[2], count=2)]
    studio = make_studio(provider="gemini", model="fast")
    sweep = studio.sweep("A {{animal}}.", axes={"animal": ["fox"]}, sample_count=2).wait(60)
    sweep.export(tmp_path / "r")
    assert {path.name for path in (tmp_path / "r").glob("*.mp4")} == {"fox_1.mp4", "fox_2.mp4"}
    sweep.cells[0].videos[0].path.unlink()
    shutil.rmtree(tmp_path / "r")
    page = Elements(sweep.export(tmp_path / "g.html").read_text("utf-8"))
    (clip,) = json.loads(page.texts("script", id="state")[0])["cells"][0]["clips"]
    assert clip["path"] == "fox_2.mp4"
    data = base64.b64decode(page.texts("script", **{"data-clip": "0/0"})[0])
    assert hashlib.sha256(data).hexdigest() == sweep.cells[0].videos[1].sha256


# Files


def test_a_table_that_a_spreadsheet_has_open_says_so(sweep, tmp_path, monkeypatch):
    """As on Windows, which keeps it as it is."""
    monkeypatch.setattr(files, "PAUSES", ())
    monkeypatch.setattr(os, "replace", lambda _, path: (_ for _ in ()).throw(in_use(path)))
    with pytest.raises(errors.InvalidRequest, match="being used by another process") as caught:
        sweep.export(tmp_path / "grid.csv")
    assert caught.value.hint == "Close what has it open, or give another place."


@pytest.mark.parametrize("name", ["grid.html", "grid.mp4", "grid.png", "grid.csv"])
def test_a_file_is_replaced_in_one_step_or_stays(sweep, tmp_path, name, monkeypatch):
    path = tmp_path / "out" / name
    path.parent.mkdir()
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        with pytest.raises(errors.InvalidRequest, match=rf"{name} can't be written: No space left"):
            sweep.export(path)
    assert [one.name for one in path.parent.iterdir()] == [name]
    assert path.read_bytes() == b"old"
    sweep.export(path)
    assert [one.name for one in path.parent.iterdir()] == [name]
    assert path.read_bytes() != b"old"


def test_an_interrupted_export_ends_and_leaves_nothing(sweep, tmp_path, monkeypatch):
    def interrupt(future):
        raise KeyboardInterrupt

    monkeypatch.setattr(export_module, "block_on", interrupt)
    with pytest.raises(KeyboardInterrupt):
        sweep.export(tmp_path / "out" / "grid.mp4")
    assert [*(tmp_path / "out").iterdir()] == []
    assert not [
        one for one in threading.enumerate() if one.name.startswith(("veo-nb-export", "veo-nb-sheet"))
    ]


# In a cell


def test_veo_export_writes_it_and_says_where(run, sweep, tmp_path):  # noqa: F811
    ran = run(f"%veo export {sweep.id} given/grid.csv")
    assert (ran.error, ran.printed) == (None, "Written to given/grid.csv\n")
    assert read(tmp_path / "given" / "grid.csv")[0]["animal"] == "fox"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("export", "%veo export needs a sweep's ID and a file, such as s3f2a grid.html."),
        ("export s3f2a", "%veo export needs a sweep's ID and a file, such as s3f2a grid.html."),
        ("export szzzz grid.html", "There is no sweep 'szzzz'"),
    ],
)
def test_veo_export_says_in_one_line_what_it_lacks(run, line, words):  # noqa: F811
    ran = run(f"%veo {line}")
    assert isinstance(ran.error, errors.VeoError)
    assert words in str(ran.error)


def test_veo_export_of_another_ending_is_refused(run, sweep):  # noqa: F811
    assert "can't be exported as .gif" in str(run(f"%veo export {sweep.id} grid.gif").error)


# No key, no path


def test_no_export_names_a_key_or_a_place_on_this_machine(make_studio, service, tmp_path, monkeypatch):
    """Both are put wherever a person or a server can put them, and looked for in every byte."""
    monkeypatch.setenv("GEMINI_API_KEY", other := "AQ.another-key-of-mine")
    # A studio's own key is in no request.
    monkeypatch.setenv("GPTPROTO_API_KEY", KEY)
    secret = f"{KEY} {other} {tmp_path}/attic/fox.png"
    service.submits = [
        httpx2.Response(400, json={"error": {"message": f"content policy violation: {secret}"}})
    ]
    Image.new("RGB", (64, 36)).save(tmp_path / "start.png")
    studio = make_studio(max_in_flight=1, api_key="sk-that-of-this-kernel")
    sweep = studio.sweep(
        "A {{animal}} " + secret,
        axes={"animal": {f"blocked {secret}": "fox", "owl": "owl"}},
        image=tmp_path / "start.png",
        negative_prompt=secret,
    ).wait(60)
    assert [cell.state for cell in sweep.cells] == ["blocked", "succeeded"]
    sweep.note(sweep.cells[1], secret)
    monkeypatch.setattr(veo_nb, "_studio", studio)
    written = []
    for name in ("grid.html", "beside.html", "grid.mp4", "grid.png", "grid.csv", "results/"):
        how = {"embed": False} if name == "beside.html" else {}
        written.append(sweep.export(f"{tmp_path}/given/{name}", **how))
    files = [path for path in (tmp_path / "given").rglob("*") if path.is_file()]
    assert len(files) == 5 + 1 + 3
    for path in files:
        content = path.read_bytes()
        for bad in (KEY, other, str(tmp_path), tmp_path.name, "attic", str(Path.home())):
            where = content.find(bad.encode())
            assert where < 0, f"{path.name}: …{content[max(0, where - 60) : where + 40]!r}…"
            assert bad not in path.name
    assert "start.png" in (tmp_path / "given/results/owl.json").read_text("utf-8")
    monkeypatch.setattr(veo_nb, "_studio", None)
