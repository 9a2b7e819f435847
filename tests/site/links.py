"""What is broken in a built site: links that lead nowhere, pictures and clips that are not there, files from elsewhere."""

from __future__ import annotations

from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The anchors of a page, where it leads to, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors, self.links, self.loads = set[str](), set[str](), set[str]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take down what this tag names and what it leads to."""
        for name, value in attrs:
            if name in ("id", "name"):
                self.anchors.add(value or "")
            elif name == "href" and tag == "a":
                self.links.add(value or "")
            elif name in ("src", "poster", "href"):
                self.loads.add(value or "")


@cache
def read(path: Path) -> Page:
    """A page, read once."""
    return Page(path.read_text("utf-8"))


def broken(site: Path) -> list[str]:
    """`page: address (why)` for each link of a site that leads nowhere and each file that is not its own.

    Addresses of others are not asked: that they are written with https is all that is looked at.
    """
    read.cache_clear()
    found = []
    for path in sorted(site.rglob("*.html")):
        page = read(path)
        found += [
            f"{path.relative_to(site)}: {address} ({why})"
            for address in sorted(page.links | page.loads)
            if (why := _wrong(site, path, address, loaded=address in page.loads))
        ]
    return found


def _wrong(site: Path, page: Path, address: str, *, loaded: bool) -> str:
    """What is wrong with an address in a page; empty where nothing is."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "is no address"
    if parts.scheme in ("data", "blob"):
        return ""
    if parts.scheme or parts.netloc:
        if loaded:
            return "is loaded from elsewhere"
        return "" if parts.scheme in ("https", "mailto") and (parts.netloc or parts.path) else "is not https"
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if target.is_dir():
        target /= "index.html"
    if not target.is_relative_to(site.resolve()) or not target.is_file():
        return "is not there"
    if (
        parts.fragment
        and target.suffix == ".html"
        and unquote(parts.fragment) not in read(target).anchors | {"top"}
    ):
        return "has no such anchor"
    return ""
