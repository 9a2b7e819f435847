"""What stands around the grid of a page that is given away: titles, sentences, tables, code; as HTML and as Markdown. Pure.

Both come from the same blocks, so a page and its text say the same. Every text is escaped for where it goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from markupsafe import Markup

from veo_nb.records.late import dataclass


@dataclass(frozen=True)
class Sentences:
    """A paragraph; its own line breaks stay."""

    text: str

    def html(self) -> Markup:
        """A `p`."""
        return Markup('<p dir="auto">{}</p>\n').format(self.text)

    def markdown(self) -> str:
        """A paragraph, its lines kept apart."""
        return "  \n".join(plain(line) for line in self.text.splitlines())


@dataclass(frozen=True)
class Points:
    """Sentences one under the other, each of them a point."""

    texts: Sequence[str]

    def html(self) -> Markup:
        """A `ul`."""
        items = Markup("").join(Markup('<li dir="auto">{}</li>').format(text) for text in self.texts)
        return Markup("<ul>{}</ul>\n").format(items)

    def markdown(self) -> str:
        """A list."""
        return "\n".join(f"- {plain(' '.join(text.split()))}" for text in self.texts)


@dataclass(frozen=True)
class Table:
    """Rows under heads; the first column names the row, and those from `figures` on are numbers."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    figures: int = 1
    caption: str = ""

    def html(self) -> Markup:
        """A `table` that scrolls where it is wider than the page."""
        heads = Markup("").join(
            Markup('<th scope="col"{}>{}</th>').format(self._side(at), head)
            for at, head in enumerate(self.heads)
        )
        body = Markup("").join(
            Markup("<tr>{}</tr>\n").format(
                Markup("").join(
                    Markup('<th scope="row" dir="auto">{}</th>').format(word)
                    if at == 0
                    else Markup('<td dir="auto"{}>{}</td>').format(self._side(at), word)
                    for at, word in enumerate(row)
                )
            )
            for row in self.rows
        )
        said = Markup("<caption>{}</caption>").format(self.caption) if self.caption else Markup("")
        head = Markup("<thead><tr>{}</tr></thead>").format(heads) if any(self.heads) else Markup("")
        # What scrolls has to be reached by the keyboard, and then has a name.
        return Markup(
            '<div class="wide" tabindex="0" role="group" aria-label="{}"><table>{}{}<tbody>{}</tbody></table></div>\n'
        ).format(self.caption or "Table", said, head, body)

    def markdown(self) -> str:
        """A table, its caption over it."""
        line = [":---" if at < self.figures else "---:" for at in range(len(self.heads))]
        rows = [self.heads, line, *self.rows]
        cells = [row if row is line else [plain(" ".join(word.split())) for word in row] for row in rows]
        table = "\n".join(f"| {' | '.join(row)} |" for row in cells)
        return f"{plain(self.caption)}\n\n{table}" if self.caption else table

    def _side(self, at: int) -> Markup:
        return Markup(' class="figure"') if at >= self.figures else Markup("")


@dataclass(frozen=True)
class Code:
    """Text that is copied as it is."""

    text: str

    def html(self) -> Markup:
        """A `pre`."""
        return Markup(
            '<pre tabindex="0" role="group" aria-label="A cell to copy"><code>{}</code></pre>\n'
        ).format(self.text)

    def markdown(self) -> str:
        """A fence that is longer than any in it."""
        longest = max((len(run) for run in re.findall("`+", self.text)), default=0)
        fence = "`" * max(3, longest + 1)
        return f"{fence}\n{self.text}\n{fence}"


@dataclass(frozen=True)
class Drawn:
    """What draws itself for a page, and says itself as a text."""

    page: Markup
    text: str

    def html(self) -> Markup:
        """As it is."""
        return self.page + "\n"

    def markdown(self) -> str:
        """As it is."""
        return self.text


Block = Sentences | Points | Table | Code | Drawn


@dataclass(frozen=True)
class Section:
    """A title, and what stands under it."""

    title: str
    blocks: Sequence[Block]

    def html(self, number: int) -> Markup:
        """A `section` that has a name; `number` tells it from the others of the page."""
        return Markup(
            '<section aria-labelledby="part-{}">\n<h2 id="part-{}" dir="auto">{}</h2>\n{}</section>\n'
        ).format(number, number, self.title, Markup("").join(block.html() for block in self.blocks))

    def markdown(self) -> str:
        """A heading of the second order, and the blocks."""
        parts = [f"## {plain(' '.join(self.title.split()))}", *(block.markdown() for block in self.blocks)]
        return "\n\n".join(part for part in parts if part)


def html_of(sections: Iterable[Section], first: int = 1) -> Markup:
    """Sections one after the other, numbered from `first`."""
    return Markup("").join(section.html(number) for number, section in enumerate(sections, first))


_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~$&])")
_BULLET = re.compile(r"^([-+=])")
_NUMBER = re.compile(r"^(\d+)([.)])")


def plain(text: str) -> str:
    """A text that Markdown leaves as it is: none of its signs means anything, nor does how it begins."""
    signs = _SIGNS.sub(r"\\\1", text.strip())
    return _NUMBER.sub(r"\1\\\2", _BULLET.sub(r"\\\1", signs))
