"""The pages that are written from README, CONTRIBUTING and CHANGELOG: each section of theirs is one.

Nothing is copied by hand, so a section that is added there is a page here. Links between the files become links between
the pages, and a file of the repository that a page names comes along.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.site.books import NAMES, ROOT
from veo_nb.catalog import MODELS, PROVIDERS
from veo_nb.catalog.prices import PRICES

PICTURES = "tests/browser/pictures/"
BUILT = ("What it costs your machine", "How soon a clip is seen", "Work on it")
"""The sections of the README that tell how it is built, and not how it is used."""
COSTS = "What clips cost"

_FENCE = re.compile(r"^ *(```|~~~)")
_LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)\s#]+)")


@dataclass(frozen=True)
class Section:
    """A part of a Markdown file under a heading of the second level; `title` is empty for what comes before the first."""

    title: str
    text: str

    @property
    def page(self) -> str:
        """The name of its page: `what-clips-cost`."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")


def sections(text: str) -> list[Section]:
    """The sections of a Markdown text. Its headings go up by one level: each section is a page of its own."""
    found, title, lines, fenced = [], "", list[str](), False
    for line in text.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        if not fenced and line.startswith("## "):
            found.append(Section(title, "\n".join(lines).strip()))
            title, lines = line[3:].strip(), [line[1:]]
        else:
            lines.append(line[1:] if not fenced and title and line.startswith("##") else line)
    return [*found, Section(title, "\n".join(lines).strip())]


def linked(text: str, target: Path) -> str:
    """A text of the repository's top for a page of the site's top; files that it leads to are put beside it.

    Raises:
        FileNotFoundError: it leads to a file that is not there.
    """

    def turn(found: re.Match[str]) -> str:
        path = found[1]
        if path.startswith("notebooks/") and Path(path).stem in NAMES:
            return f"notebooks/{Path(path).stem}/index.ipynb"
        if path in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
            return {"README.md": "index.md", "CHANGELOG.md": "changelog.md"}.get(path, "set-up-and-test.md")
        place = target / path.replace(PICTURES, "pictures/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, place)
        return place.relative_to(target).as_posix()

    return _LINK.sub(turn, text)


def pictures() -> dict[str, str]:
    """The pictures of the README, each with what is said of it to who does not see it."""
    text = (ROOT / "README.md").read_text("utf-8")
    return {name: said for said, name in re.findall(rf"!\[([^\]]+)\]\({PICTURES}(\w+\.png)\)", text)}


def write_pages(target: Path) -> None:
    """Write the pages of the three files and the first one, which leads to all others.

    Raises:
        FileNotFoundError: one of them leads to a file that is not there.
    """
    first, *parts = sections((ROOT / "README.md").read_text("utf-8"))
    _, *rules = sections((ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    more = {COSTS: price_table()}
    for part in (*parts, *rules):
        text = f"{part.text}\n\n{more.get(part.title, '')}"
        (target / f"{part.page}.md").write_text(linked(text, target), "utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    (target / "changelog.md").write_text(linked(changes, target), "utf-8")
    lists = {
        "Use it": [part.page for part in parts if part.title not in BUILT],
        "Notebooks": [f"notebooks/{name}/index" for name in NAMES],
        "In Python": ["reference/index"],
        "Add to it": [*(part.page for part in rules if " new " in f"{part.title} "), "reference/providers"],
        "How it is built": [
            "house",
            *(part.page for part in rules if " new " not in f"{part.title} "),
            *(part.page for part in parts if part.title in BUILT),
            "changelog",
        ],
    }
    trees = "\n\n".join(_tree(caption, pages) for caption, pages in lists.items())
    (target / "index.md").write_text(f"{linked(first.text, target)}\n\n{trees}\n", "utf-8")


def _tree(caption: str, pages: list[str]) -> str:
    return (
        f"## {caption}\n\n```{{toctree}}\n:caption: {caption}\n:maxdepth: 1\n\n" + "\n".join(pages) + "\n```"
    )


def price_table() -> str:
    """Every list price that the package knows, with its source and when it was read, as Markdown."""
    titles = {name: model.title for name, model in MODELS.items()}
    providers = {name: provider.title for name, provider in PROVIDERS.items()}
    lines = ["## List prices", "", "| provider | model | lines | sound | USD a second | source, read on |"]
    lines.append("|---|---|---|---|---|---|")
    lines += [
        f"| {providers[price.provider]} | {titles.get(price.model, price.model)} | {price.resolution} "
        f"| {'' if price.sound is None else 'with' if price.sound else 'without'} | {price.usd_per_second:g} | {price.origin} |"
        for price in PRICES
    ]
    return "\n".join(lines)
