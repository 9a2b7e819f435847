"""An experiment in cells: asked in `%%veo`, concluded and listed by `%veo`."""

from __future__ import annotations

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
