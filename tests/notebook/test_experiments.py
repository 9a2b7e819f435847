"""An experiment in cells: asked in `%%veo`, concluded and listed by `%veo`."""

from __future__ import annotations

from tests.notebook.report.test_report import measure
from tests.notebook.test_magics import loaded, run, settings  # noqa: F401  fixtures
from veo_nb.errors import InvalidRequest, NotFound

CELL = """%%veo --sweep animal=fox,owl --out sweep
--question "Which is <b>rounder</b>?" --hypothesis „Die Eule“
A {{animal}}."""


def test_a_cell_asks_and_a_line_concludes(run, loaded):  # noqa: F811
    assert run(CELL.replace("--out", "--dry-run --out")).error is None
    assert "sweep" not in loaded.user_ns
    assert run(CELL).error is None
    sweep = loaded.user_ns["sweep"].wait(60)
    assert (sweep.question, sweep.hypothesis) == ("Which is <b>rounder</b>?", "Die Eule")
    said = run(f"%veo conclude {sweep.id} The owl, but don't ask the fox.").printed
    assert said == f"Kept with sweep {sweep.id}: The owl, but don't ask the fox.\n"
    assert sweep.conclusion == "The owl, but don't ask the fox."
    assert run(f'%veo conclude {sweep.id} ""').printed == f"Sweep {sweep.id} has no conclusion now.\n"
    assert sweep.conclusion == ""


def test_what_can_not_be_concluded_is_one_line(run):  # noqa: F811
    for line in ("%veo conclude", "%veo conclude s3f2a"):
        error = run(line).error
        assert isinstance(error, InvalidRequest)
        assert "needs a sweep's ID and what you conclude, such as s3f2a The slow zoom wins." in str(error)
    assert isinstance(run("%veo conclude s3f2a It is.").error, NotFound)


def test_experiments_are_listed_with_what_is_known(run, loaded, studio, tmp_path):  # noqa: F811
    assert "Nothing is being found out in this library yet" in run("%veo experiments").text
    run(CELL)
    sweep = loaded.user_ns["sweep"].wait(60)
    listed = run("%veo experiments")
    assert "No votes yet." in listed.html
    assert "Which is &lt;b&gt;rounder&lt;/b&gt;?" in listed.html
    comparison = studio.compare(sweep, show=False, voter="ann")
    comparison.vote("left")
    sweep.describe(conclusion="The owl.")
    listed = run("%veo experiments")
    assert f"{sweep.id}  Which is <b>rounder</b>?\n       2 clips, 1 vote, " in listed.text
    assert listed.text.rstrip().endswith("Concluded: The owl.")
    (one,) = studio.experiments()
    assert (one.sweep, one.clips, one.votes, one.question) == (sweep, 2, 1, sweep.question)
    assert one.known == comparison.ranking().sentences[0]
    assert f"<Experiment {sweep.id}: Which is <b>rounder</b>? · 1 vote · " in repr(one)


def test_a_line_writes_the_report(run, loaded, tmp_path):  # noqa: F811
    run(CELL)
    sweep = loaded.user_ns["sweep"].wait(60)
    measure(sweep)
    assert run(f"%veo report {sweep.id} report.html").printed == "Written to report.html\n"
    assert "rounder" in (tmp_path / "report.html").read_text("utf-8")
    error = run(f"%veo report {sweep.id}").error
    assert "needs a sweep's ID and a file, such as s3f2a report.html" in str(error)
