"""A blind comparison as somebody at the keyboard has it: begun, left, the kernel killed, gone on with, finished, ranked."""

from __future__ import annotations

import os
import re
import signal
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.axe import violations
from tests.browser.lab import Notebook, facts
from tests.browser.looks import look

pytestmark = pytest.mark.browser

SWEEP = """%%veo --sweep move=dolly,zoom,crane --duration 4 --wait --out sweep
A {{move}} over a frozen lake."""
COMPARE = """veo_id = sweep.id if "sweep" in globals() else veo.sweeps()[0].id
veo.compare(veo_id, by="move", question="Which looks more like <film>?", rounds=4)"""
PID = "import os, veo_nb as veo; print('pid', os.getpid())"
VOTES = """c = veo.studio().comparisons.all()[0]
print([(v.choice, v.voter, v.seconds is not None) for v in c.votes() if v.undone_at is None])"""
REPORT = "print(veo.sweeps()[0].report('report.html').resolve().as_uri())"
MADE = 400_000
"""Milliseconds for the sandbox to render three clips on a busy machine."""
TELLING = re.compile(r"dolly|zoom|crane|\.mp4|frozen|veo_library|[0-9a-z]{4}/[0-9]", re.IGNORECASE)


def view(notebook: Notebook, index: int) -> Locator:
    return notebook.output(index).locator(".veo-compare")


def progress(notebook: Notebook, index: int) -> Locator:
    return view(notebook, index).locator(".veo-compare-progress")


def tab_into(notebook: Notebook) -> None:
    """Go to the clips with nothing but the Tab key, from the notebook's cell above."""
    for _ in range(60):
        notebook.page.keyboard.press("Tab")
        if notebook.page.evaluate("document.activeElement?.classList.contains('veo-compare-stage') ?? false"):
            return
    pytest.fail("Tab does not come to the clips")


def ready(notebook: Notebook, index: int, number: int) -> None:
    """The pair with this number is shown, both clips of it, for long enough that a key is meant for it."""
    expect(view(notebook, index).get_by_role("group", name=re.compile(f"^Pair {number}:"))).to_be_visible()
    expect(view(notebook, index).locator("video[data-drawn=true]")).to_have_count(2)
    notebook.page.wait_for_timeout(300)


def tells_nothing(notebook: Notebook, index: int) -> None:
    """Neither what is seen nor what is read out, nor any address, says which clip is which."""
    said = view(notebook, index).evaluate(
        """root => [root.innerText, ...[...root.querySelectorAll("*")].flatMap(element =>
            [...element.attributes].filter(it => !/^(data:image|blob:)/.test(it.value)).map(it => it.value))].join("\\n")"""
    )
    assert TELLING.findall(said) == []
    tree = view(notebook, index).aria_snapshot()
    assert TELLING.findall(tree) == []


def pictures(notebook: Notebook, artefact: Any, state: str, index: int) -> None:
    shown = view(notebook, index)
    look(
        notebook,
        artefact,
        f"compare-{state}",
        ".veo-compare",
        index=index,
        height=1000,
        also=shown.scroll_into_view_if_needed,
    )


def test_a_comparison_by_keyboard_is_left_and_resumed_in_another_kernel_ranked_and_reported(
    open_notebook, sandbox, artefact
):
    notebook = open_notebook(
        [PID, SWEEP, COMPARE, VOTES, REPORT], sandbox, viewport={"width": 1600, "height": 1000}
    )
    page = notebook.page
    notebook.command("application:toggle-left-area")
    notebook.run(1)
    notebook.run(2, timeout=MADE / 1000)
    notebook.run(3)

    # Who votes is asked once.
    name = view(notebook, 3).get_by_label("Your name")
    name.wait_for()
    assert violations(page, ".veo-compare") == []
    name.focus()
    page.keyboard.type("ann")
    page.keyboard.press("Enter")
    ready(notebook, 3, 1)
    assert page.evaluate("document.activeElement.className") == "veo-compare-stage"
    expect(progress(notebook, 3)).to_have_text("0 of 4 votes")
    tells_nothing(notebook, 3)
    for video in view(notebook, 3).locator("video").all():
        assert facts(video)["ready"] == 4
    # Lab has taken the widget out of the output: what is saved are words.
    expect(notebook.output(3).locator("[data-veo-compare] .veo-compare")).to_have_count(1)
    pictures(notebook, artefact, "pair", 3)
    page.set_viewport_size({"width": 1600, "height": 1000})

    # With keys alone: a vote, one taken back, a tie; what is held down votes once, and nothing moves.
    notebook.cell(3).locator(".jp-InputArea-editor").click()
    page.keyboard.press("Escape")
    tab_into(notebook)
    before = view(notebook, 3).locator(".veo-compare-votes").bounding_box()
    page.keyboard.press("Space")
    playing = view(notebook, 3).get_by_role("button", name="Pause")
    expect(playing).to_be_visible()
    page.wait_for_function(
        "[...document.querySelectorAll('.veo-compare video')].every(v => v.currentTime > 0.2)"
    )
    page.keyboard.down("ArrowLeft")
    for _ in range(5):
        page.keyboard.down("ArrowLeft")
    page.keyboard.up("ArrowLeft")
    ready(notebook, 3, 2)
    expect(progress(notebook, 3)).to_have_text("1 of 4 votes")
    assert view(notebook, 3).locator(".veo-compare-votes").bounding_box() == before
    page.keyboard.press("u")
    ready(notebook, 3, 1)
    page.keyboard.press("2")
    ready(notebook, 3, 2)
    page.keyboard.press("t")
    ready(notebook, 3, 3)
    notebook.save()
    notebook.run(4)
    expect(notebook.output(4)).to_contain_text("[('right', 'ann', False), ('tie', 'ann', False)]")

    # The kernel is killed in the middle; the notebook that is opened without it says how to go on.
    pid = re.search(r"pid (\d+)", notebook.output(1).inner_text())
    assert pid
    os.kill(int(pid[1]), signal.SIGKILL)
    expect(view(notebook, 3).get_by_role("status")).to_contain_text("Every vote that was saved is kept.")
    page.wait_for_timeout(1000)
    if page.locator(".jp-Dialog").count():
        page.keyboard.press("Escape")
    artefact(notebook, "compare-lost")
    notebook.save()
    notebook.reload()
    saved = notebook.output(3).locator("[data-veo-compare]")
    expect(saved).to_contain_text("Every vote is kept. Run this cell again to go on")
    html = notebook.saved().cells[3].outputs[-1]["data"]
    assert not [kind for kind in html if "widget" in kind]

    # A new kernel, the same cell: the name is known, and it goes on with the third pair.
    notebook.run(0)
    notebook.run(1)
    notebook.run(3)
    ready(notebook, 3, 3)
    expect(view(notebook, 3)).to_contain_text("Voting as ann")
    tab_into(notebook)
    page.keyboard.press("ArrowRight")
    ready(notebook, 3, 4)
    page.keyboard.press("s")
    expect(view(notebook, 3).locator(".veo-compare-ended")).to_have_text(
        "You have voted 4 times, as was asked."
    )
    button = view(notebook, 3).get_by_role("button", name="Show the ranking")
    button.focus()
    page.keyboard.press("Enter")
    expect(view(notebook, 3).locator(".veo-compare-outcome")).to_contain_text("dolly")
    pictures(notebook, artefact, "ranked", 3)
    notebook.run(4)
    expect(notebook.output(4)).to_contain_text("('skip', 'ann'")

    # And reported: a page that opens from disk and has the same ranking.
    notebook.run(5, timeout=MADE / 1000)
    expect(notebook.output(5)).to_contain_text("report.html")
    report = page.context.new_page()
    report.goto(notebook.output(5).inner_text().strip())
    expect(report.get_by_role("region", name="Which looks more like <film>?")).to_contain_text(
        "votes of 1 voter"
    )
    report.locator(".veo-cell").first.focus()
    report.keyboard.press("k")
    expect(report.locator(".veo-cell video[data-drawn=true]").first).to_be_visible()
    report.close()
