"""The lives of models: when a person hears of an end, in which words, and that nothing is refused for it."""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from tests.notebook.panel.test_draft import check, draft
from veo_nb import catalog, notices
from veo_nb.catalog import PROVIDERS, Life, registry

END = date(2027, 1, 31)


def seconds(day: date) -> float:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()


def ending(days: int, **changes: str) -> str:
    """What is said of GPTProto's fast model so many days before its end."""
    life = Life(models=("veo-3.1-fast-generate-preview",), until=END.isoformat(), source="a test", **changes)  # type: ignore[arg-type]
    provider = replace(PROVIDERS["gptproto"], lives=(life,))
    return catalog.ending("veo-3.1-fast-generate-preview", provider, seconds(END - timedelta(days=days)))


@pytest.fixture
def untold(monkeypatch):
    """Nothing was told in this process yet."""
    monkeypatch.setattr(notices, "_seen", set())


@pytest.mark.parametrize(("days", "said"), [(31, False), (30, True), (1, True), (0, True), (-400, True)])
def test_an_end_is_seen_from_thirty_days_before_it_on(days, said):
    assert bool(ending(days)) is said


@pytest.mark.parametrize(
    ("sure", "days", "words"),
    [
        ("stated", 3, "stops on 2027-01-31"),
        ("reported", 3, "may stop on 2027-01-31"),
        ("earliest", 3, "may stop any day from 2027-01-31 on"),
        ("stated", 0, "was switched off on 2027-01-31"),
        ("reported", 0, "is reported to be off since 2027-01-31"),
        ("earliest", 0, "may stop any day since 2027-01-31"),
    ],
)
def test_the_words_say_how_sure_it_is(sure, days, words):
    over = " It is asked for all the same." if days == 0 and sure != "earliest" else ""
    expected = f"Veo 3.1 Fast (GPTProto) {words}; gemini-omni-1.2-flash came after it.{over}"
    assert ending(days, sure=sure) == expected


def test_a_successor_that_is_served_there_is_named_as_it_is_typed():
    said = catalog.ending("gemini-omni-1.1-flash", PROVIDERS["gemini"], seconds(date(2026, 11, 29)))
    assert said == (
        "Gemini Omni 1.1 (Gemini API) may stop on 2026-12-03; gemini-omni-1.2-flash (omni) came after it."
    )


def test_an_end_that_is_no_day_is_refused_where_it_is_written():
    with pytest.raises(ValueError, match="Dezember"):
        Life(models=("x",), until="3. Dezember", source="a test")


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=str)
def test_every_life_is_of_models_that_are_served_and_has_a_source(provider):
    models = [model for life in provider.lives for model in life.models]
    assert len(models) == len(set(models))
    assert set(models) <= set(provider.models)
    assert all(life.source for life in provider.lives)
    assert not provider.bills or set(models) == set(provider.models)


def test_those_of_another_package_are_checked_as_the_rest_of_it():
    long = replace(PROVIDERS["gptproto"], lives=(Life(models=("x",), until="2027-01-31", source="a test"),))
    assert registry._plain(registry.Entries(providers=[long])).providers == [long]
    broken = replace(long, lives=({"models": ["x"], "until": "soon", "source": "a test"},))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"the Provider 'gptproto' has a wrong value: .*soon"):
        registry._plain(registry.Entries(providers=[broken]))


def short(provider: str = "gptproto") -> catalog.Provider:
    """A provider whose fast model ended long ago."""
    life = Life(models=("veo-3.1-fast-generate-preview",), until="2026-12-24", source="a test")
    return replace(PROVIDERS[provider], lives=(life,))


def test_it_is_seen_once_and_the_clip_is_made(untold, make_studio, caplog):
    studio = make_studio(provider=short())
    first = studio.generate("A fox.", duration_seconds=4)
    studio.generate("An owl.", duration_seconds=4)
    studio.sweep("A {{animal}}.", axes={"animal": ["stag", "hare"]}, duration_seconds=4)
    assert first.wait(30).video.path.exists()
    (record,) = [one for one in caplog.records if "2026-12-24" in one.message]
    assert record.levelno == logging.WARNING
    assert record.message.startswith("Veo 3.1 Fast (GPTProto) is reported to be off since 2026-12-24; ")


def test_what_is_shown_again_is_not_warned_of(untold, make_studio, caplog):
    make_studio().generate("A fox.").wait(30)
    make_studio(provider=short()).generate("A fox.")
    assert notices._seen == set()
    assert "2026-12-24" not in caplog.text


def test_in_a_notebook_it_stands_under_the_cell(untold, monkeypatch, capsys, caplog):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=object))
    notices.tell_once("It may stop.")
    notices.tell_once("It may stop.")
    notices.tell_once("")
    assert (capsys.readouterr().out, caplog.text) == ("It may stop.\n", "")


def test_a_panel_has_it_among_its_notes_and_a_cell_need_not_say_it_again(untold, make_studio, caplog):
    studio = make_studio(provider=short())
    (note,) = check(studio, draft()).notes
    assert note.startswith("Veo 3.1 Fast (GPTProto) is reported to be off")
    assert check(studio, draft(fields={"model": ["standard"]})).notes == []
    (note,) = check(studio, draft(fields={"model": ["standard", "fast"]})).notes
    studio.generate("A fox.")
    assert "2026-12-24" not in caplog.text
