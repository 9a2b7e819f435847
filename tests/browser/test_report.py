"""The report of an experiment, opened from disk: it reads as a page, and its clips play."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations
from tests.browser.looks import keep_picture
from tests.browser.test_export import open_page  # noqa: F401  a fixture
from tests.browser.test_grid import play_in_step
from tests.notebook.export.exports import make_sweep
from tests.notebook.report.test_report import measure

pytestmark = pytest.mark.browser

QUESTION = "Which <b>looks</b> more like film?"


@pytest.fixture
def report(make_studio, service, tmp_path) -> Path:
    """A report with votes, measures and a conclusion; the library's own clips are gone."""

    def do() -> Path:
        sweep = make_sweep(make_studio, service, seconds=6.0, size=(640, 360))
        measure(sweep)
        sweep.describe(
            question=QUESTION, hypothesis="The owl, as it is rounder.", conclusion="The owl.\nProbably."
        )
        comparison = make_studio().compare(sweep.id, by="animal", show=False)
        for number in range(8):
            while comparison.pair_for(f"voter {number}"):
                comparison.vote("left" if number % 3 else "tie", voter=f"voter {number}")
        comparison.ask(lambda left, right, question: "tie", name="nobody <i>")
        path = sweep.report(tmp_path / "given" / "report.html")
        for video in (tmp_path / "library").rglob("*.mp4"):
            video.unlink()
        return path

    # Playwright's loop runs in this thread.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(do).result()


def test_a_report_opened_from_disk_reads_and_plays(report, open_page):  # noqa: F811
    # High enough for all of them to be in sight, or they do not play.
    opened = open_page(report, viewport={"width": 1600, "height": 2400})
    page = opened.page
    expect(page.locator("h1")).to_have_text(QUESTION)
    expect(page.get_by_role("region", name="Conclusion")).to_contain_text("The owl.\nProbably.")
    ranking = page.get_by_role("region", name=QUESTION)
    expect(ranking).to_contain_text("16 votes of 8 people")
    expect(ranking.locator("svg[role=img]")).to_have_count(2)
    assert ranking.locator("svg circle").first.evaluate("it => getComputedStyle(it).fill") != "rgb(0, 0, 0)"
    expect(page.get_by_role("region", name="Make it again")).to_contain_text("%%veo --model fast")
    expect(page.get_by_role("region", name="Measures").get_by_role("row")).to_have_count(6)
    opened.cell("0/0").focus()
    opened.press("k")
    play_in_step(page, 3)
    opened.press("k")
    assert opened.wrong == []
    for width, scheme in ((1600, "light"), (600, "dark")):
        page.set_viewport_size({"width": width, "height": 1000})
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        keep_picture(page, f"report-{width}-{scheme}", full_page=True)
    # On paper it is light, and has neither buttons nor anything cut off.
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    expect(page.locator("main button:visible")).to_have_count(0)
    keep_picture(page, "report-print", full_page=True)


def test_a_report_is_read_by_everybody(report, open_page):  # noqa: F811
    # axe is a script of our own here, which the page's policy does not let run.
    page = open_page(report, bypass_csp=True).page
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert violations(page, "body") == [], scheme
