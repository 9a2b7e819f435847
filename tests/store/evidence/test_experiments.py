"""What a sweep is to find out, in the ledger: in any language, on disk at once, and back in a ledger made anew."""

from __future__ import annotations

import pytest

from veo_nb.errors import InvalidRequest
from veo_nb.store.changes import Change
from veo_nb.store.evidence.experiments import ExperimentLedger, ExperimentRow
from veo_nb.store.files import Files
from veo_nb.store.ledger import Ledger
from veo_nb.store.recovery.rebuild import open_ledger

NOW = 1_800_000_000.0
ASKED = {"question": "「どれが映画みたいですか」 <b>&", "hypothesis": "Die Kamerafahrt 🎥"}


@pytest.fixture
def library(tmp_path):
    library = Files(tmp_path / "library")
    library.prepare()
    return library


@pytest.fixture
def open_it(library):
    opened: list[Ledger] = []

    def make() -> Ledger:
        opened.append(open_ledger(library, lambda: NOW, lambda _: None))
        return opened[-1]

    yield make
    for ledger in opened:
        ledger.close()


@pytest.fixture
def kernel(open_it):
    """The experiments of the library as a kernel of its own has them, at a time: `kernel(5)`."""

    def make(at: float = 0.0) -> ExperimentLedger:
        ledger = open_it()
        return ExperimentLedger(lambda: ledger, lambda: NOW + at)

    return make


def test_what_is_written_is_there_for_another_kernel_and_what_is_not_named_stays(kernel):
    here, there = kernel(), kernel(5)
    assert there.of("sab12") == ExperimentRow(sweep_id="sab12")
    here.describe("sab12", ASKED)
    found = there.describe("sab12", {"question": None, "hypothesis": "", "conclusion": " Yes.\n"})
    assert found == here.of("sab12")
    assert found == ExperimentRow(
        sweep_id="sab12", question=ASKED["question"], conclusion="Yes.", changed_at=NOW + 5
    )


def test_it_is_said_once_and_what_is_as_it_was_is_not_written_again(open_it):
    ledger = open_it()
    said: list[Change] = []
    ledger.changed.listen(said.append)
    times = iter([NOW, NOW + 1])
    for _ in range(2):
        ExperimentLedger(lambda: ledger, lambda: next(times)).describe("sab12", ASKED)
    assert said == [Change("evidence", "sab12")]
    assert ExperimentLedger(lambda: ledger, lambda: 0).of("sab12").changed_at == NOW


def test_it_comes_back_from_the_journal(kernel, library):
    here = kernel()
    here.describe("sab12", ASKED)
    before = here.describe("sab12", {"conclusion": "Yes."})
    library.ledger_path.write_bytes(b"no ledger")
    assert kernel().of("sab12") == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (3, "question can't be 3. Write it as text"),
        ("which \ud83e", "question holds half a character, which can't be kept."),
        ("?" * 501, "question has 501 letters, and 500 are kept. Write it shorter"),
    ],
)
def test_what_is_no_text_is_refused_and_what_was_there_stays(kernel, text, said):
    here = kernel()
    before = here.describe("sab12", ASKED)
    with pytest.raises(InvalidRequest, match=said) as caught:
        here.describe("sab12", {"question": text})
    assert caught.value.facts["field"] == "question"
    assert here.of("sab12") == before
