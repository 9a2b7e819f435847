"""A library as a former version left it: it opens, holds all it held, is searched, and its unfinished job goes on."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from veo_nb.media.picture import Origin
from veo_nb.store.files import Files
from veo_nb.store.ledger import Ledger
from veo_nb.store.lineage import find_lineage, origin_of
from veo_nb.store.queries import Query, browse, summarize
from veo_nb.store.ratings import Rating, Ratings
from veo_nb.store.recovery.rebuild import open_ledger
from veo_nb.store.sweeps import SweepLedger
from veo_nb.store.trash import FOLDER, Trash

SQL = Path(__file__).with_name("ledger_v3.sql").read_text("utf-8")
NOW = 1_800_000_500.0
FOX, OWL, LOOKS_BACK, DELETED, REFUSED, UNDER_WAY, JOINED = (
    "bkkc",
    "8smt",
    "cafy",
    "wurj",
    "shgt",
    "gpqv",
    "c2q5",
)
SWEEP = ("brcy", "5uvm", "qrh7", "3z52")
FRAME = "0da4f8eb3ba64255c5d6c14f7966acbb86439aa08a49cb2e59efd51dd544ef90"


@pytest.fixture
def library(tmp_path, clip) -> Files:
    """The folder with the ledger and its clips, as it lay there; not yet opened."""
    library = Files(tmp_path / "library")
    library.prepare()
    with contextlib.closing(sqlite3.connect(library.ledger_path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(SQL)
        kept = db.execute("SELECT path, job_id FROM videos UNION SELECT path, id FROM joined").fetchall()
    for path, job_id in kept:
        place = library.folder / (FOLDER if job_id == DELETED else "") / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(clip)
    return library


@pytest.fixture
def ledger(library):
    said: list[str] = []
    ledger = open_ledger(library, lambda: NOW, said.append)
    assert said == []
    yield ledger
    ledger.close()


def found(ledger: Ledger, words: str, **query) -> set[str]:
    return {row.job_id for row in browse(ledger, Query(search=words, **query)).rows}


def test_its_jobs_and_clips_are_there(ledger):
    states = {row.id: row.state for row in ledger.jobs()}
    assert states == {
        **dict.fromkeys([FOX, OWL, LOOKS_BACK, DELETED, *SWEEP], "succeeded"),
        REFUSED: "blocked",
        UNDER_WAY: "running",
    }
    assert [row.id for row in ledger.unfinished()] == [UNDER_WAY]
    assert ledger.videos(FOX)[0].path == "2027-01-15/fox-crosses-bkkc.mp4"
    assert summarize(ledger).total == len([FOX, OWL, LOOKS_BACK, *SWEEP, JOINED])
    assert ledger.job(REFUSED).error["code"] == "blocked"
    assert sum(charge.jobs for charge in ledger.charges()) == len(states)


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("FOX", {FOX, LOOKS_BACK}),
        ("strasse", {FOX}),
        ("dunkel ice", {FOX}),
        ("ärg", {OWL}),
        ("eule", {OWL, JOINED}),
        ("fertig", {JOINED}),
        ("hare", {"brcy", "5uvm"}),
        ("8sm", {OWL}),
        ("狐狸", set()),
    ],
)
def test_it_is_searched(ledger, words, ids):
    assert found(ledger, words) == ids


def test_what_was_thought_of_its_clips_is_there(ledger):
    ratings = Ratings(lambda: ledger, lambda: NOW).of([FOX, OWL, LOOKS_BACK])
    assert ratings == {(FOX, 0): Rating(rating=4, star=True, note="zu DUNKEL"), (OWL, 0): Rating(rating=2)}
    assert found(ledger, "", rating=4) == {FOX, JOINED}


def test_its_sweep_is_there_with_the_job_of_each_cell(ledger):
    book = SweepLedger(lambda: ledger)
    (row,) = book.sweeps()
    assert (row.row_axis, row.column_axis, row.prompt) == ("animal", "seed", "A {{animal}} at dusk")
    cells = book.cells(row.id)
    assert [dict(cell.labels) for cell in cells] == [
        {"animal": animal, "seed": seed} for animal in ("hare", "wolf") for seed in ("1", "2")
    ]
    assert [book.job_id(cell.fingerprint or "", cell.take) for cell in cells] == [*SWEEP]
    assert found(ledger, "", sweep=row.id) == {*SWEEP}


def test_where_clips_came_from_is_known(ledger):
    assert origin_of(ledger, FRAME) == Origin(FOX, 0, None)
    assert [(link.key, link.how) for link in find_lineage(ledger, LOOKS_BACK, 0).came_from] == [
        (f"{FOX}/0", "its last frame")
    ]
    assert {link.key for link in find_lineage(ledger, FOX, 0).became} == {f"{LOOKS_BACK}/0", f"{JOINED}/0"}


def test_what_was_deleted_is_still_deleted_and_can_be_brought_back(library, ledger):
    trash = Trash(library, ledger)
    assert trash.of(DELETED) == [0]
    assert trash.take(DELETED, 0, ledger.videos(DELETED)[0].path)
    assert found(ledger, "狐狸") == {DELETED}


def test_without_its_ledger_all_comes_back_from_the_journal_that_was_begun(library, ledger):
    before = {row.id: row for row in ledger.jobs()}
    ledger.close()
    for path in library.folder.glob("ledger.sqlite*"):
        path.unlink()
    said: list[str] = []
    with contextlib.closing(open_ledger(library, lambda: NOW, said.append)) as again:
        assert {row.id: row for row in again.jobs()} == before
        assert found(again, "eule") == {OWL, JOINED}
        assert origin_of(again, FRAME) == Origin(FOX, 0, None)
        assert Trash(library, again).of(DELETED) == [0]
    assert len(said) == 1


@pytest.mark.usefixtures("library")
def test_its_unfinished_job_goes_on_and_its_finished_ones_are_not_asked_again(make_studio, service):
    studio = make_studio()
    (job,) = studio.resume()
    assert job.id == UNDER_WAY
    assert job.wait(60).status == "succeeded"
    assert job.video.path.exists()
    fox = studio.generate("A fox crosses the Straße. SFX: ice.", duration_seconds=8)
    assert (fox.id, fox.status) == (FOX, "succeeded")
    assert service.posts == []
