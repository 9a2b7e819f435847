"""What stands around a grid: the same as HTML and as Markdown, and in both nothing of it means anything but itself."""

from __future__ import annotations

from html.parser import HTMLParser

import mistune
import pytest
from markupsafe import Markup

from veo_nb.notebook.export.sections import Code, Drawn, Points, Section, Sentences, Table, html_of, plain

HOSTILE = (
    "<script>alert(1)</script> & <b>bold</b>",
    "[link](javascript:alert(1)) ![x](y) `code` *a* _b_ ~~c~~ $x$ a|b \\| \\",
    "# heading",
    "- point",
    "1. one",
    "12) twelve",
    "=====",
    "> quote",
    "    indented",
    "どれが映画みたいですか 🎥 | لماذا؟",
)


class Read(HTMLParser):
    """The elements of a text of HTML, and its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words = ""
        self.feed(str(html))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.words += data


def from_markdown(text: str) -> Read:
    return Read(str(mistune.create_markdown(plugins=["table", "strikethrough", "math"])(text)))


@pytest.mark.parametrize("said", HOSTILE)
def test_a_text_stays_a_text(said):
    words = " ".join(said.split())
    section = Section(
        said, [Sentences(said), Points([said]), Table(["", said], [[said, said]], caption=said)]
    )
    for read in (Read(html_of([section])), from_markdown(section.markdown())):
        assert set(read.tags) <= {
            *("section", "h2", "p", "ul", "li", "div", "table", "caption"),
            *("thead", "tbody", "tr", "th", "td"),
        }
        assert " ".join(read.words.split()).count(words) == 7


def test_code_is_as_it_was_whatever_stands_in_it():
    text = '%%veo --sweep a=1,2\n```\nA <b>fox</b> & "owl".\n````'
    for read in (Read(Code(text).html()), from_markdown(Code(text).markdown())):
        assert read.words.strip() == text
        assert set(read.tags) == {"pre", "code"}


def test_lines_of_a_paragraph_stay_apart():
    assert Sentences("one\ntwo").markdown() == "one  \ntwo"


def test_what_draws_itself_is_left_as_it_is():
    section = Section("Who", [Drawn(Markup("<svg></svg>"), "*One.*"), Sentences("*One.*")])
    assert "<svg></svg>" in section.html(1)
    assert section.markdown() == "## Who\n\n*One.*\n\n\\*One.\\*"


def test_sections_are_numbered_on():
    html = html_of([Section("One", []), Section("Two", [])], 3)
    assert 'aria-labelledby="part-3"' in html
    assert '<h2 id="part-4" dir="auto">Two</h2>' in html


def test_what_is_plain_is_left_as_it_is():
    assert plain("A fox, 4 s: dolly in (slow).") == "A fox, 4 s: dolly in (slow)."
