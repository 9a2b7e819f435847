"""Every card, grid and panel of the examples that both languages' tests read, each in a page without a kernel."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "veo_nb/static"
EXAMPLES = ROOT / "tests/fixtures/protocol"
ROWS = 64
"""Rows of a queue that have a trait each."""

# A model as the bundle expects it, which answers what the example says and nothing else.
_SHOW = """async ([script, models]) => {
    const {default: widget} = await import(URL.createObjectURL(new Blob([script], {type: "text/javascript"})));
    const definition = typeof widget === "function" ? await widget() : widget;
    const {signal} = new AbortController();
    for (const [traits, answers] of models) {
        const listeners = [];
        const model = {
            get: name => traits[name],
            on: (event, listener) => event === "msg:custom" && listeners.push(listener),
            off() {},
            send({kind, id}) {
                const ok = answers[kind];
                if (ok) setTimeout(() => listeners.forEach(one => one({kind: "reply", id, ok})));
            },
        };
        const el = document.querySelector("main").appendChild(document.createElement("div"));
        await definition.initialize({model, signal});
        await definition.render({model, el, signal});
    }
}"""


def cards() -> tuple[str, list[Any]]:
    """The bundle that shows them, and the traits and answers of each: waiting, at work, made, failed, refused, stopped."""
    examples = _read("cards")
    answers = {"clock": {"now": examples["now"]}}
    return "widget", [
        ({"_kind": "job", "opened": card, "changed": {}}, answers) for card in examples["cards"].values()
    ]


def grids() -> tuple[str, list[Any]]:
    """As `cards`: cells that are made, at work, blocked and empty."""
    answers = {"clock": {"now": _read("cards")["now"]}}
    return "widget", [
        (
            {
                "_kind": "sweep",
                "grid": {**it["grid"], "batches": 1},
                "summary": it["summary"],
                "cells_0": it["cells"],
            },
            answers,
        )
        for it in _read("grids")["grids"].values()
    ]


def panels() -> tuple[str, list[Any]]:
    """As `cards`: empty, composing, with a queue and full."""
    examples = _read("panels")
    items = examples["items"]
    answers = {
        "clock": {"now": examples["now"]},
        "check": next(iter(examples["checks"].values())),
        "browse": {"total": len(items), "items": items},
        "posters": {"posters": {}},
        "view": {},
    }
    models = []
    for it in examples["panels"].values():
        rows = {f"row_{at}": it["rows"][at] if at < len(it["rows"]) else {} for at in range(ROWS)}
        setup = {**examples["setup"], **it["panel"]}
        models.append(({**it, **rows, "_kind": "panel", "panel": setup}, answers))
    return "panel", models


def show(page: Page, bundle: str, models: list[Any], *, dark: bool) -> None:
    """Show them one below the other, in the colours of a page that has none of its own."""
    theme = "false" if dark else "true"
    ground = "#111" if dark else "#fff"
    page.set_content(
        f'<html lang="en"><body data-jp-theme-light="{theme}" style="background:{ground}"><main></main></body></html>'
    )
    page.add_style_tag(path=STATIC / f"{bundle}.css")
    page.evaluate(_SHOW, [(STATIC / f"{bundle}.js").read_text("utf-8"), models])


def _read(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))
