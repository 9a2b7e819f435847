"""The notebooks as a batch run has them: without a key, without a browser, from the first cell to the last."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.kernel.sandbox import clips
from veo_nb.media.probe import probe

pytestmark = pytest.mark.kernel

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The second notebook after its run, the folder it ran in, and how many seconds that took."""
    folder = tmp_path_factory.mktemp("batch") / "notebooks"
    shutil.copytree(NOTEBOOKS, folder)
    book = nbformat.read(folder / "02_image_to_video.ipynb", as_version=4)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VEO_NB_")}
    environment |= {"VEO_NB_PROVIDER": "sandbox", "PYTHONPATH": str(NOTEBOOKS.parent)}
    began = time.monotonic()
    client = NotebookClient(book, timeout=170, resources={"metadata": {"path": str(folder)}})
    client.execute(env=environment)
    return book, folder, time.monotonic() - began


def test_it_takes_less_than_three_minutes(ran):
    assert ran[2] < 180


def test_every_clip_is_in_its_own_cell_as_a_video(ran):
    book, folder, _ = ran
    cells = [cell for cell in book.cells if cell.source.startswith("%%veo")]
    shown = ["<video" in str(cell.outputs) for cell in cells]
    assert shown == ["raises-exception" not in cell.metadata.get("tags", []) for cell in cells]
    assert sum(shown) == len(clips(folder)) == 5
    assert "widget-view" not in str([cell.outputs for cell in cells])


def test_both_refusals_are_one_line_each_and_say_what_to_do(ran):
    book, _, _ = ran
    failed = [
        output for cell in book.cells for output in cell.get("outputs", []) if output.output_type == "error"
    ]
    assert [output.ename for output in failed] == ["InvalidRequest", "ContentBlocked"]
    assert "Give --image as well" in failed[0].evalue
    assert all(len(output.traceback) == 1 for output in failed)
    assert "The filter varies: run the cell again, or change the prompt" in str(book.cells)


def test_the_extension_has_the_clip_before_it_and_seven_seconds_more(ran):
    _, folder, _ = ran
    paths = [*(folder / "veo_library").rglob("hand-lifts-cup-*.mp4")]
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
