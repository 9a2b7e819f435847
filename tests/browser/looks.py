"""What a view looks like in each colour and width: it stays inside its cell, and axe-core finds nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.browser.axe import violations
from tests.browser.lab import Notebook

ARTEFACTS = Path(__file__).parents[1] / "artefacts"
PICTURES = os.environ.get("TESTS_PICTURES") == "1"
Keep = Callable[[Notebook, str], None]


def keep_picture(page: Page, name: str, **how: Any) -> None:
    """Have a picture of the page for a person to look at, in `tests/artefacts`, where `TESTS_PICTURES=1` asks for them.

    `how` goes to Playwright's `screenshot`.
    """
    if PICTURES:
        ARTEFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTEFACTS / f"{name}.png", **how)


def look(
    notebook: Notebook,
    keep: Keep,
    name: str,
    part: str,
    *,
    index: int,
    widths: tuple[int, ...] = (600, 1600),
    height: int = 1400,
    also: Callable[[], object] = lambda: None,
) -> None:
    """Look at the `part` under a cell in the colours that the page has, and then in the others, which stay.

    What no colour can break, widths and most rules, is looked at in one of them; a picture is there of each.
    """
    for first in (True, False):
        if not first:
            notebook.theme(dark=not notebook.is_dark())
        for width in widths if first or PICTURES else widths[-1:]:
            notebook.page.set_viewport_size({"width": width, "height": height})
            notebook.page.wait_for_timeout(300)
            also()
            state = f"{name}-{width}-{'dark' if notebook.is_dark() else 'light'}"
            keep(notebook, state)
            wide = notebook.output(index).evaluate("e => e.scrollWidth - e.clientWidth")
            assert wide <= 0, f"{state} is wider than its cell"
            found = violations(notebook.page, part, colours_only=not first)
            assert found == [], state
