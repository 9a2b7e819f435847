"""The help page: it names what there is, no more and no less."""

from __future__ import annotations

from veo_nb.notebook.help import COMMANDS, page
from veo_nb.notebook.options import option_rows


def test_it_has_a_line_for_each_option_and_each_command():
    text = repr(page())
    for name, meaning in [*option_rows(), *COMMANDS]:
        assert any(name in line and line.endswith(meaning) for line in text.splitlines())


def test_the_page_and_the_text_say_the_same():
    shown = page()
    assert shown.data.count("<tr>") == len(repr(shown).splitlines())
    assert "-d, --duration 4|6|8" in shown.data
