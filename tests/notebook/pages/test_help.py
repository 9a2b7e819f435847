"""The help page: it names what there is, no more and no less."""

from __future__ import annotations

import re

import pytest

import veo_nb as veo
from tests.write_readme import README, TABLES, with_table
from veo_nb.catalog import FIELDS, rules
from veo_nb.notebook.magics import SETTINGS, VeoMagics
from veo_nb.notebook.options import option_rows
from veo_nb.notebook.pages import help as help_page
from veo_nb.notebook.pages.help import COMMANDS, page, readme_lives, readme_table, taken_rows
from veo_nb.notebook.pages.notebooks import find_notebooks


def test_it_has_a_line_for_each_option_and_each_command():
    text = repr(page())
    for name, meaning in [*option_rows(), *COMMANDS]:
        assert any(name in line and line.endswith(meaning) for line in text.splitlines())


def test_each_field_that_only_some_wires_have_is_among_who_takes_what():
    asked = {name for _, values in help_page.ASKED for name in values}
    assert {field.name for field in FIELDS if field.dialects} <= asked


def test_the_page_and_the_text_say_the_same():
    shown = page()
    table, _, more = repr(shown).partition("\n\n")
    assert shown.data.count("<tr>") == len(table.splitlines())
    assert "-d, --duration 3|4|…|15" in shown.data
    assert f"<p>{more}</p>" in shown.data


def test_it_ends_with_the_address_of_the_documentation_or_else_with_the_notebooks(monkeypatch):
    monkeypatch.setattr(help_page, "find_documentation", lambda: "https://docs.example/<veo>")
    shown = page()
    assert repr(shown).endswith("\n\nDocumentation: https://docs.example/<veo>")
    assert 'href="https://docs.example/&lt;veo&gt;"' in shown.data
    monkeypatch.setattr(help_page, "find_documentation", lambda: "")
    assert repr(page()).endswith(f"with notebooks that run: {find_notebooks()}")


def test_the_readme_has_the_table_that_the_catalog_makes():
    """Else run `python -m tests.write_readme`."""
    text = README.read_text("utf-8")
    for name, table in TABLES.items():
        assert with_table(text, table(), name) == text


def test_who_takes_what_is_asked_of_the_catalog(monkeypatch):
    heads, rows = taken_rows()
    assert heads == ["GPTProto, Gemini API", "Vertex AI", "Gemini Omni", "Gateway"]
    marks = {said: found for said, *found in rows}
    assert marks["1080p and 4k with 4 or 6 s"] == ["no", "✓", "✓", "✓"]
    assert marks["`--reference` in a clip of 9:16"] == ["?", "?", "✓", "no"]
    assert marks["`lite` with `--video`"] == ["no", "✓", "", "no"]
    assert marks["`--edit`"] == ["no", "no", "✓", "no"]
    assert marks["what `--video` goes on from"][1].startswith("1 to 30 s at 720p, 1080p or 4k")
    monkeypatch.setattr(rules, "RULES", ())
    assert ["1080p and 4k with 4 or 6 s", "✓", "✓", "✓", "✓"] in taken_rows()[1]


def test_each_key_has_what_it_opens_with_its_days():
    rows = readme_lives().splitlines()
    assert rows[3].startswith(
        "| Gemini API: `GEMINI_API_KEY` or `GOOGLE_API_KEY` | Gemini Omni 1.2 (`omni`, the default) |"
    )
    assert "|  | Gemini Omni 1.1 (`omni-1.1`) | 2026-08-27 | 2026-12-03, as others report |" in rows
    assert all(row.count("|") == 5 for row in rows)


def test_the_table_has_a_row_for_each_option_and_its_bars_are_escaped():
    head, line, *rows = readme_table().splitlines()
    assert (head.count("|"), line) == (3, "|---|---|")
    assert len(rows) == len(option_rows())
    assert all(row.replace("\\|", "").count("|") == 3 for row in rows)
    assert "| `-d, --duration 3\\|4\\|…\\|15` | length in seconds |" in rows


def test_a_readme_without_the_marks_is_left_alone():
    with pytest.raises(AssertionError, match="lacks"):
        with_table("# veo_nb", "| a |")


def test_what_the_question_mark_shows_names_only_what_there_is():
    shown = VeoMagics.veo.__doc__
    options = " ".join(names for names, _ in option_rows())
    assert [name for name in re.findall(r"--[a-z-]+", shown) if name not in options] == []
    commands = {line.split()[1] for line, _ in COMMANDS if len(line.split()) > 1}
    named = set(re.findall(r"(?<!%)%veo ([a-z]+)", shown)) - {"alone"}
    assert named <= commands
    assert {"wait", "cost", "doctor", "help"} <= named


def test_the_help_of_configure_names_each_setting():
    named = re.findall(r"`([a-z_]+)`:", veo.configure.__doc__ or "")
    assert {*SETTINGS} - {*named} == set()
