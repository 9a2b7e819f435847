"""A report: all of an experiment on one page, as a text too, and nothing on it that is nobody else's business."""

from __future__ import annotations

import json
import re
import sys
from urllib.parse import unquote

import pytest
from PIL import Image

from tests.notebook.export.exports import make_sweep
from tests.notebook.export.test_sections import from_markdown
from tests.notebook.export.test_writer import Elements
from tests.world import KEY
from veo_nb import errors
from veo_nb.sweep.sweep import Sweep

QUESTION = "Which <b>looks</b> more like film?"
MEASURED = {"sharpness": 40.0, "motion": 12.34, "cuts": 0.0, "loudness": None}


def measure(sweep: Sweep) -> None:
    """Keep something as measured of each clip, as if it had been."""
    for cell in sweep.cells:
        for video in cell.videos:
            sweep._jobs.workspace.measures.keep((video.job_id, video.sample), video.sha256, MEASURED)


@pytest.fixture
def sweep(make_studio, service):
    found = make_sweep(make_studio, service, seconds=0.5, size=(160, 90))
    measure(found)
    return found


@pytest.fixture
def asked(sweep, make_studio, tmp_path):
    """The sweep after a question, twelve votes of people, a judge's, and a conclusion that says too much."""
    sweep.describe(
        question=QUESTION,
        hypothesis="The owl, as it is rounder.",
        conclusion=f"Owl. {KEY} {tmp_path}/a b.mp4",
    )
    comparison = make_studio().compare(sweep.id, by="animal", show=False)
    label = {cell.job.id: cell.labels["animal"] for cell in sweep.cells if cell.job is not None}
    for number in range(6):
        while pair := comparison.pair_for(f"voter {number}"):
            comparison.vote("left" if label[pair.left.job_id] == "owl" else "right", voter=f"voter {number}")
    comparison.ask(
        lambda left, right, question: "left" if label[left.job_id] == "owl" else "right", name="owls"
    )
    return sweep


def titles(page: Elements) -> list[str]:
    return page.texts("h2")


def test_the_page_says_all_of_it(asked, tmp_path):
    path = asked.report(tmp_path / "given" / "report.html")
    assert path == tmp_path / "given" / "report.html"
    page = Elements(path.read_text("utf-8"))
    assert page.texts("h1") == [QUESTION]
    assert titles(page) == [
        *("Conclusion", "What was expected", QUESTION),
        *("Measures", "Settings", "Cost", "Make it again"),
    ]
    words = "\n".join(text for tag, _, text in page.found if tag in ("p", "li", "caption"))
    assert "Compared by animal, two clips at a time and without their names: 12 votes of 6 people." in words
    assert "The judge 'owls' agrees with people in 12 of 12. 2 pairs are too few to say more" in words
    assert "The owl, as it is rounder." in words
    assert re.search(r"5 of 6 done · 1 blocked · 2 can't be made · about \$\d", words)
    rows = [text.strip() for tag, _, text in page.found if tag in ("th", "td")]
    assert rows.index("owl") < rows.index("fox"), "the strongest first"
    assert any(text.startswith("owl beats fox in ") for text in page.texts("li", dir="auto"))
    assert rows[(at := rows.index("sharpness %")) : at + 3] == ["sharpness %", "motion %/s", "scene cuts"]
    assert "12.3" in rows
    assert "animal" in rows
    assert "fox, owl" in rows
    cells = page.texts("code")
    assert cells[0] == "%load_ext veo_nb\nimport veo_nb as veo"
    assert cells[1].startswith("duration_seconds = {\n    'long & <i>slow</i>': 8,")
    assert cells[2].startswith(
        "%%veo --model fast --out sweep\n--sweep animal=fox,owl\n--sweep duration_seconds=@"
    )
    assert f"veo.compare(sweep, by='animal', question={QUESTION!r})" in cells
    # The grid is the export's own, with all its clips.
    assert len(page.texts("script", type="text/plain")) == 5
    assert json.loads(page.texts("script", id="state")[0])["cells"][0]["clips"]


def test_nothing_on_it_is_nobody_elses_business_or_means_anything(asked, tmp_path):
    page, text = (asked.report(tmp_path / name).read_text("utf-8") for name in ("report.html", "report.md"))
    for written in (page, text):
        assert KEY not in written
        assert str(tmp_path) not in written
        assert "voter 1" not in written
    assert "Owl. [key] a b.mp4" in page
    scripts = [one.get("type") for tag, one, _ in Elements(page).found if tag == "script"]
    assert scripts == ["application/json", *["text/plain"] * 5, "module"]
    assert not [tag for tag, _, _ in Elements(page).found if tag == "b"]
    assert not {"b", "script", "img"} & {*from_markdown(text).tags}


def test_the_text_has_its_clips_beside_it(asked, tmp_path):
    path = asked.report(tmp_path / "my report.md")
    text = path.read_text("utf-8")
    assert text.startswith("# Which \\<b\\>looks\\</b\\> more like film?\n\nSweep ")
    links = re.findall(r"^- \[.*\]\((.*)\)$", text, re.MULTILINE)
    assert len(links) == 5
    assert all((tmp_path / unquote(link)).stat().st_size for link in links)
    assert "content policy violation" in text
    for title in ("## Conclusion", "## Clips", "## Measures", "## Make it again", "| owl |"):
        assert title in text


def test_clips_may_lie_beside_the_page(asked, tmp_path):
    path = asked.report(tmp_path / "report.html", embed=False)
    assert len([*(tmp_path / "report_files").glob("*.mp4")]) == 5
    assert not [one for _, one, _ in Elements(path.read_text("utf-8")).found if "data-clip" in one]


def test_without_votes_or_words_it_is_what_there_is(sweep, tmp_path):
    page = Elements(sweep.report(tmp_path / "report.html").read_text("utf-8"))
    assert titles(page) == ["Measures", "Settings", "Cost", "Make it again"]
    assert page.texts("h1")[0].startswith("A {{animal}}")


def test_the_exported_page_has_the_ranking_once_there_are_votes(asked, sweep, tmp_path):
    page = Elements(sweep.export(tmp_path / "grid.html").read_text("utf-8"))
    assert titles(page) == [QUESTION]
    assert "owl" in page.texts("th")


def test_a_ranking_that_can_not_be_made_says_what_to_do(asked, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "evalica", None)
    page = Elements(asked.report(tmp_path / "report.html").read_text("utf-8"))
    assert 'A ranking needs evalica. Run pip install "veo-nb[rank]".' in page.texts("p")


def test_measures_that_can_not_be_taken_are_no_reason_to_have_no_report(sweep, tmp_path, monkeypatch):
    def measure(self, executor=None):
        raise errors.VeoError("The executor gave up.", hint="Measure again.")

    monkeypatch.setattr(Sweep, "measure", measure)
    page = Elements(sweep.report(tmp_path / "report.html").read_text("utf-8"))
    assert "The executor gave up. Measure again." in page.texts("p")


def test_a_clip_of_two_cells_is_counted_once_and_values_with_commas_stand_apart(studio, tmp_path):
    for name in ("one.png", "two.png"):
        Image.new("RGB", (1280, 720), "red").save(tmp_path / name)
    pictures = [tmp_path / "one.png", tmp_path / "two.png"]
    sweep = studio.sweep(
        "A {{it}}.", axes={"image": pictures, "it": ["fox, red", "owl"]}, duration_seconds=4
    ).wait(60)
    measure(sweep)
    text = sweep.report(tmp_path / "report.md").read_text("utf-8")
    assert "| image | one.png, two.png |\n| it | fox, red |\n| it | owl |" in text
    assert "4 of 4 done · about \\$1.20" in text
    assert "| Veo 3.1 Fast, GPTProto | 2 | \\$1.20 |" in text


@pytest.mark.parametrize(
    ("to", "how", "words"),
    [
        ("report.pdf", {}, r"A report can't be written as \.pdf\. Use report\.html or report\.md\."),
        ("report", {}, r"A report can't be written as 'report'\. Use report\.html"),
        ("  ", {}, "A report needs a name. Use report.html"),
        (".", {}, "A report can't be written as"),
        ("report \ud83e.md", {}, "half a character"),
        ("report.md", {"embed": True}, "A text has no clips in it. Leave embed out, or use report.html."),
    ],
)
def test_what_can_not_be_written_is_refused(sweep, to, how, words):
    with pytest.raises(errors.InvalidRequest, match=words):
        sweep.report(to, **how)
