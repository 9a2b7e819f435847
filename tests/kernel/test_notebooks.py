"""The notebooks as a batch run has them: without a key, without a browser, from the first cell to the last."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import nbformat
import pytest
from nbclient import NotebookClient

from tests.kernel.fork import forked_kernels
from tests.kernel.sandbox import clips, submits
from tests.site import books
from veo_nb.media.probe import probe

pytestmark = pytest.mark.kernel

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@dataclass
class Ran:
    """A notebook after its run, and the folder it ran in."""

    book: Any
    folder: Path

    def cells(self, words: str) -> list[Any]:
        """The code cells that hold these words."""
        return [cell for cell in self.book.cells if cell.cell_type == "code" and words in cell.source]

    def html(self, words: str) -> str:
        """What is drawn under the last of them."""
        return "".join(
            output.get("data", {}).get("text/html", "") for output in self.cells(words)[-1].outputs
        )

    def text(self, words: str) -> str:
        """What a terminal would show under the last of them."""
        outputs = self.cells(words)[-1].outputs
        return "".join(
            output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in outputs
        )

    @property
    def prompts(self) -> list[str]:
        """What was asked for, each request once."""
        sent = submits(self.folder / "veo_library" / ".sandbox")
        return sorted(prompt_of(entry["body"]) for entry in sent)


def prompt_of(body: Any) -> str:
    """The prompt in the body of a submit, by either form of the wire."""
    return str(body["instances"][0]["prompt"] if "instances" in body else body["input"][-1]["text"])


def run(
    name: str, folder: Path, *, draft: bool = True, variables: Mapping[str, str] = MappingProxyType({})
) -> Ran:
    shutil.copytree(NOTEBOOKS, folder)
    book = nbformat.read(folder / name, as_version=4)
    environment = {
        **os.environ,
        "VEO_NB_PROVIDER": "sandbox",
        "PYTHONPATH": str(NOTEBOOKS.parent),
    } | dict(variables)
    if not draft:
        del environment["VEO_NB_SANDBOX_DRAFT"]
    client = NotebookClient(book, timeout=600, resources={"metadata": {"path": str(folder)}})
    with forked_kernels():
        client.execute(env=environment)
    # For the site, whose tests need not run it again.
    books.keep(Path(name).stem, book, folder, books.DRAFTS)
    return Ran(book, folder)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The second notebook. Drafts are done just when one cell ends and the next begins, where nbclient drops updates."""
    return run("02_image_to_video.ipynb", tmp_path_factory.mktemp("batch") / "notebooks", draft=False)


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory):
    """The third one, which has the most clips."""
    return run("03_sweeps_and_grids.ipynb", tmp_path_factory.mktemp("sweeps") / "notebooks")


class Critic(BaseHTTPRequestHandler):
    """A model that looks at pictures, and finds that better of which more is left when it is compressed."""

    asked = 0
    wrong: ClassVar[list[str]] = []

    def do_POST(self):
        type(self).asked += 1
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        content = body["messages"][0]["content"]
        pictures = [part["image_url"]["url"] for part in content if part["type"] == "image_url"]
        if (self.path, body["model"], len(pictures)) != ("/v1/chat/completions", "critic", 6):
            self.wrong.append(f"{self.path} {body['model']} {len(pictures)}")
        first, second = (sum(map(len, pictures[at : at + 3])) for at in (0, 3))
        word = "tie" if first == second else "First." if first > second else "second"
        answer = json.dumps({"choices": [{"message": {"content": word}}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        """Nobody reads it."""


@pytest.fixture(scope="module")
def critic():
    return Critic


@pytest.fixture(scope="module")
def experiment(tmp_path_factory, critic):
    """The fourth one, with a model to ask."""
    with ThreadingHTTPServer(("127.0.0.1", 0), critic) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        asked = {"JUDGE_BASE_URL": f"http://127.0.0.1:{server.server_port}/v1", "JUDGE_MODEL": "critic"}
        folder = tmp_path_factory.mktemp("experiment") / "notebooks"
        ran = run("04_prompt_experiment.ipynb", folder, variables=asked)
        server.shutdown()
    return ran


@pytest.fixture(scope="module")
def panel(tmp_path_factory):
    """The fifth one, whose panel has nobody in front of it."""
    return run("05_panel.ipynb", tmp_path_factory.mktemp("panel") / "notebooks")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The seventh one, over two forms of the wire."""
    return run("07_many_models.ipynb", tmp_path_factory.mktemp("models") / "notebooks")


@pytest.fixture(scope="module")
def talk(tmp_path_factory):
    """The eighth one, in which each clip is made of another."""
    return run("08_edit_by_talking.ipynb", tmp_path_factory.mktemp("talk") / "notebooks")


def test_every_clip_is_in_its_own_cell_as_a_video(ran):
    book, folder = ran.book, ran.folder
    cells = [cell for cell in book.cells if cell.source.startswith("%%veo")]
    shown = ["<video" in str(cell.outputs) for cell in cells]
    assert shown == ["raises-exception" not in cell.metadata.get("tags", []) for cell in cells]
    assert sum(shown) == len(clips(folder)) == 5
    assert "widget-view" not in str([cell.outputs for cell in cells])


def test_both_refusals_are_one_line_each_and_say_what_to_do(ran):
    book = ran.book
    failed = [
        output for cell in book.cells for output in cell.get("outputs", []) if output.output_type == "error"
    ]
    assert [output.ename for output in failed] == ["InvalidRequest", "ContentBlocked"]
    assert "Give --image as well" in failed[0].evalue
    assert all(len(output.traceback) == 1 for output in failed)
    assert "The filter varies: run the cell again, or change the prompt" in str(book.cells)


def test_the_extension_has_the_clip_before_it_and_seven_seconds_more(ran):
    paths = [*(ran.folder / "veo_library").rglob("hand-lifts-cup-*.mp4")]
    assert len(paths) == 1
    assert probe(paths[0]).duration == pytest.approx(11, abs=0.1)


def test_every_photograph_is_named_with_its_source_and_small():
    text = (NOTEBOOKS / "02_image_to_video.ipynb").read_text("utf-8")
    photographs = sorted(NOTEBOOKS.glob("*.jpg"))
    for photograph in photographs:
        assert photograph.name in text
        assert photograph.stat().st_size < 200_000
    sources = ["coffee", "rocket", "hubble_deep_field", "astronaut", "chelsea"]
    assert len(photographs) == len(sources)
    assert all(f"skimage.data.{source}" in text for source in sources)


ANIMALS = "--sweep animal=fox,owl"
LAKE = "A {} at a frozen lake {}. Slow push in. SFX: ice creaking."
LIGHTS = ("at dawn, pale mist over the ice", "at dusk, the sky red")


def test_a_value_that_is_added_makes_the_new_cells_alone(sweeps):
    lake = [prompt for prompt in sweeps.prompts if "frozen lake" in prompt]
    assert lake == sorted(LAKE.format(animal, light) for animal in ("fox", "owl", "stag") for light in LIGHTS)
    assert "Nothing sent · 2 requests · 2 clips" in sweeps.text("--dry-run")
    assert "4 there already" in sweeps.text("--dry-run")
    assert len(sweeps.prompts) == len(clips(sweeps.folder)) == 13


def test_each_sweep_is_kept_as_a_table_of_videos_with_its_headings(sweeps):
    counts = {"--sweep seed": 4, f"{ANIMALS} ": 4, "--out sweep": 6, "--sweep resolution": 3, "sweep.grid": 6}
    assert {words: sweeps.html(words).count("<video") for words in counts} == counts
    grids = [sweeps.html(words) for words in counts]
    assert [html.count("<table") for html in grids] == [0, 1, 1, 1, 1], "one axis alone needs no table"
    assert [head for head in ("fox", "owl", "stag", "dawn", "dusk") if f">{head}</th>" not in grids[-1]] == []
    assert "widget-view" not in str(sweeps.book.cells)
    # Where a kernel has no subshells each grid has brought the script (`answers_while_busy`), not the first alone.
    views = sweeps.book.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"].values()
    scripts = sorted(len(view["state"].get("_esm", "") + view["state"].get("_css", "")) for view in views)
    assert scripts[-1] < 120_000
    assert len(nbformat.writes(sweeps.book)) - sum(scripts[:-1]) < 60_000 * sum(counts.values())


def test_what_can_not_be_combined_is_an_empty_cell_that_says_why(sweeps):
    assert "1080p needs an 8 second clip; you asked for 4." in sweeps.html("--sweep resolution")
    assert "3 of 3 done · 1 can't be made" in sweeps.text("--sweep resolution")


def test_ratings_are_in_the_grid_with_their_clip(sweeps):
    said = sweeps.text("sweep.rate").splitlines()
    assert [line.split(" ")[0] for line in said] == ["★★★★★", "★★★★", "★★"]
    assert "'animal': 'stag', 'light': 'dusk'" in said[0]
    html = sweeps.html("sweep.grid")
    assert "5 of 5 · the one for the trailer" in html
    assert "★ 4 of 5" in html


def test_the_experiment_makes_three_prompts_in_two_shapes_twice(experiment):
    assert len(set(experiment.prompts)) == 3
    assert experiment.html("--sweep prompt").count("<video") == len(clips(experiment.folder)) == 12
    shapes = {(probe(path).width, probe(path).height) for path in clips(experiment.folder)}
    assert shapes == {(1280, 720), (720, 1280)}


def test_its_votes_are_marked_as_simulated_and_ranked_in_words(experiment):
    assert "people who do not exist" in str(experiment.book.cells)
    assert experiment.text("SIMULATED") == "48 of 48 votes are simulated.\n"
    said = experiment.text('veo.rank(sweep, by="prompt")').splitlines()
    rows = [line.rsplit(maxsplit=5)[0] for line in said[2:5]]
    assert rows == ["light and camera", "light", "bare"], "as the made-up voters think"
    assert any(line.startswith("light and camera beats bare in ") for line in said)
    assert "chance" in experiment.text("ranking.chance").lower()


def test_its_judges_are_compared_with_people(experiment, critic):
    assert experiment.html("sweep.measure()").count("<tr") == 1 + 12
    (line,) = experiment.text("veo.judges.measures").splitlines()
    assert line.startswith("The judge 'more sharpness, less flicker' agrees with people in ")
    lines = experiment.text("film_critic").splitlines()
    assert lines[0].startswith("The judge 'film_critic' agrees with people in ")
    # Drafts of one shape are all alike.
    assert {line.rpartition(": ")[2] for line in (line, *lines)} == {"the judge called every pair a tie."}
    assert critic.asked == 2 * 12, "each pair twice"
    assert critic.wrong == []


def test_it_is_concluded_listed_and_handed_on(experiment):
    listed = experiment.html("%veo experiments")
    assert "Which looks more like film?" in listed
    assert "Concluded: By simulated votes: name the light and the camera." in listed
    page = (experiment.folder / "report.html").read_text("utf-8")
    for words in (
        "light and camera beats bare",
        "film_critic",
        "%%veo --model fast",
        "sharpness",
        "lighthouse",
    ):
        assert words in page
    assert page.count('data-clip="') == 12


def test_the_panel_says_what_it_is_where_nobody_runs_it(panel):
    html = panel.html("veo.panel()")
    assert "Run this cell" in html
    assert "<button" not in html


def test_what_is_joined_is_one_clip_of_both_with_the_trim(panel):
    assert panel.html("veo.join").count("<video") == 1
    (said,) = panel.text("stop()").splitlines()
    assert said.startswith("7.0 s")
    assert len(panel.prompts) == 2


def test_a_deaf_panel_still_hears_what_is_finished(panel):
    assert "Choose clips in the gallery" in panel.text("finished = []")


def test_three_models_are_asked_the_same_and_stand_side_by_side(models):
    assert "Nothing sent · 3 requests · 3 clips · would cost about $2.28" in models.text("--dry-run")
    assert models.html("--out models").count("<video") == 3
    assert len(models.prompts) == len(clips(models.folder)) == 4
    assert len(set(models.prompts)) == 1


def test_what_a_model_cannot_do_is_an_empty_cell(models):
    assert "360p" in models.html("--out sizes")
    assert models.html("--out sizes").count("<video") == 3
    assert "3 of 3 done · 1 can't be made" in models.text("--out sizes")


def test_prices_stand_beside_what_the_clips_are_worth(models):
    lines = [line.split() for line in models.text("models.rate").splitlines()]
    assert [(line[1], line[3]) for line in lines] == [
        ("omni", "$0.28,"),
        ("standard", "$1.60,"),
        ("fast", "$0.40,"),
    ]
    assert models.html('models.best("rating").job').count("<video") == 1
    assert "$2.37" in models.text("%veo cost")


def test_the_steps_are_a_tree_that_branches_and_is_walked_back(talk):
    lines = talk.text("library.steps").splitlines()
    assert [(len(line) - len(line.lstrip()), line.split("  (")[0].strip()) for line in lines] == [
        (0, "A lighthouse on a cliff above the sea at noon, clear sky"),
        (4, "Make it snow"),
        (8, "Make it night"),
        (8, "Make it dusk"),
        (4, "Make it a storm, dark clouds and rain"),
    ]
    assert talk.html("--sweep light").count("<video") == 2
    assert len(talk.prompts) == len(set(talk.prompts)) == len(clips(talk.folder)) == 7


def test_the_clip_is_gone_on_from_and_what_veo_does_is_said(talk):
    assert talk.text("longer.video.duration") == "4 s before, 7 s now\n"
    (refused,) = talk.cells("--model fast")[0].outputs
    assert (refused.ename, len(refused.traceback)) == ("InvalidRequest", 1)
    assert "use the model omni" in refused.evalue
    assert talk.html("thaw.wait()").count("<video") == 1
