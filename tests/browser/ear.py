"""What a screen reader makes of a page: what it reads out by itself, and what the accessibility tree calls things."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page

# What comes into a live region is read out, and so is the name of what has the focus when it changes there.
_LISTEN = """() => {
    window.veoSpoken = [];
    // A tab serves several tests.
    window.veoEar?.disconnect();
    const isLive = node => node.closest?.("[aria-live]") !== null;
    window.veoEar = new MutationObserver(all => {
        for (const {type, target, addedNodes} of all) {
            if (type === "attributes") {
                if (target === document.activeElement) veoSpoken.push(target.getAttribute("aria-label"));
            } else if (type === "characterData") {
                if (isLive(target.parentElement ?? document.body)) veoSpoken.push(target.data);
            } else if (target.nodeType === 1 && isLive(target)) {
                for (const node of addedNodes) if (node.textContent) veoSpoken.push(node.textContent);
            }
        }
    });
    veoEar.observe(document.body, {
        subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["aria-label"],
    });
}"""


def listen(page: Page) -> None:
    """Begin to note what is read out in this page."""
    page.evaluate(_LISTEN)


def spoken(page: Page) -> list[str]:
    """What was read out since `listen`, or since this was asked last."""
    words: list[str] = page.evaluate("veoSpoken.splice(0)")
    return words


def named(page: Page, role: str) -> list[dict[str, Any]]:
    """The elements of this role as Chromium's accessibility tree has them: `name`, `value` and the rest of what they say."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    return [
        {
            "name": node.get("name", {}).get("value", ""),
            "value": node.get("value", {}).get("value"),
            **{each["name"]: each["value"].get("value") for each in node.get("properties", [])},
        }
        for node in nodes
        if not node["ignored"] and node["role"]["value"] == role
    ]


def focused(page: Page) -> str:
    """What has the keyboard's focus, by its name or its words; empty where nothing has it."""
    name: str = page.evaluate(
        """() => {
            const element = document.activeElement;
            return element === document.body ? "" : element.getAttribute("aria-label") || element.textContent;
        }"""
    )
    return name


def tab_to(page: Page, there: Callable[[], object], most: int = 80, *, back: bool = False) -> None:
    """Press Tab until it is there, as somebody does who looks for something; `back` looks for it before."""
    for _ in range(most):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        if there():
            return
    pytest.fail("Tab does not come there")


def go_to(what: Locator, *, back: bool = False) -> None:
    """Press Tab until the focus is in this element."""
    tab_to(what.page, lambda: what.evaluate("e => e.contains(document.activeElement)"), back=back)
