"""What axe-core finds wrong in a part of a page: names that are missing, contrast that is too weak, and the like."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Error, Page

AXE = Path(__file__).parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"

TRIES = 5
COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules that another colour can break."""
# Words that are fading in are paler for a moment; one that is called off meanwhile has no end.
RUN = """async ([selector, options]) => {
    const fading = document.getAnimations().filter(it => it instanceof CSSTransition);
    await Promise.allSettled(fading.map(it => it.finished));
    const {violations} = await axe.run(selector, options);
    return violations.map(it => `${it.id}: ${it.nodes.map(node => node.html.slice(0, 200)).join(" | ")}`);
}"""


def violations(page: Page, selector: str, *, colours_only: bool = False) -> list[str]:
    """Each rule that is broken below `selector`, with the elements that break it; of those on colours alone, if that is asked."""
    options = {"runOnly": COLOURS} if colours_only else {}
    if not page.evaluate("typeof axe === 'object'"):
        page.add_script_tag(path=str(AXE))
    for _ in range(TRIES):
        try:
            found: list[str] = page.evaluate(RUN, [selector, options])
        except Error as error:
            # An element that a living view took away while axe was looking at it.
            moved = error
        else:
            return found
    raise moved
