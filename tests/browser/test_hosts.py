"""Cards, clips, a grid and the panel in VS Code, Colab and Kaggle, as we imitate them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.host import COLAB, VSCODE, Host, Kind, open_host
from tests.browser.kaggle import kaggle
from tests.browser.lab import facts, plays
from tests.browser.looks import keep_picture
from tests.browser.test_panel import PHOTOGRAPH, Panel
from tests.kernel.kernel import WIDGET, Kernel
from tests.kernel.sandbox import Sandbox

pytestmark = pytest.mark.browser

CLOCK = re.compile(r"\d:\d\d")


@contextmanager
def opened(kind: Kind, chromium, folder: Path, sandbox: Sandbox, **environment: str) -> Iterator[Host]:
    folder.mkdir()
    with (
        Kernel(folder, **sandbox.environment, **environment) as kernel,
        open_host(chromium, kernel, kind) as host,
    ):
        host.run("%load_ext veo_nb")
        yield host
        assert host.wrong == []


def has_played(video: Locator, width: int = 1280) -> bool:
    shown = facts(video)
    return (shown["width"], shown["error"]) == (width, None) and plays(video)


def picture(host: Host, name: str) -> None:
    keep_picture(host.page, f"host-{host.kind.name}-{name}")


def test_in_vs_code_a_card_becomes_html_that_plays_by_an_address_beside_the_notebook(
    chromium, tmp_path, slow_sandbox
):
    with opened(VSCODE, chromium, tmp_path / "notebook", slow_sandbox) as host:
        stopped = host.run("%%veo --duration 4 --out job\nAn owl turns its head.")
        stopped.get_by_role("button", name="Cancel").click()
        expect(stopped).to_contain_text("Stopped")
        cell = host.ran("%%veo --duration 4 --out job\nA fox crosses a frozen lake.")
        output = host.under(cell)
        line = output.locator(".veo-line")
        expect(line).to_have_text(CLOCK)
        slow_sandbox.hold()
        expect(line).not_to_have_text(line.inner_text())
        host.rebuild()
        expect(line).to_have_text(CLOCK)
        slow_sandbox.go_on()
        host.wait(lambda: WIDGET not in host.saved(cell))
        assert has_played(output.locator("video"))
        assert len(json.dumps(host.saved(cell))) < 1_000_000
        host.reopen()
        assert has_played(host.under(cell).locator("video"))
        picture(host, "reopened")


def test_in_colab_a_clip_on_a_mounted_drive_plays_from_its_bytes_and_the_notebook_keeps_a_still(
    chromium, tmp_path, sandbox
):
    drive = tmp_path / "drive" / "MyDrive" / "clips"
    with opened(COLAB, chromium, tmp_path / "notebook", sandbox, VEO_NB_LIBRARY=str(drive)) as host:
        # However well a clip is packed, this one is too large for the notebook.
        host.run("from veo_nb.notebook.clip import source\nsource.SMALL = 100_000")
        cell = host.ran("%%veo --duration 8 --resolution 1080p --out job\nA fox crosses a frozen lake.")
        output = host.under(cell)
        play = output.get_by_role("button", name="Play")
        expect(play).to_have_text(re.compile(r"Play · \d\.\d MB"))
        expect(output.locator(".veo-clip img")).to_be_visible()
        # Its address was tried and refused.
        assert [address for address in host.refused if address.endswith(".mp4")]
        picture(host, "play")
        # The connection breaks in the middle of the film.
        host.run("from veo_nb.notebook.clip import pieces\npieces.PIECE = 200_000")
        host.lets_through = 2
        play.click()
        expect(output).to_contain_text(re.compile(r"Fetching · 0\.4 of \d\.\d MB"))
        host.page.clock.fast_forward(31_000)
        again = output.get_by_role("button", name="Try again")
        expect(output.get_by_role("alert")).to_contain_text("broke off at 0.4 of")
        picture(host, "broken")
        host.lets_through = math.inf
        again.click()
        video = output.locator("video")
        shown = facts(video)
        assert (shown["width"], shown["error"]) == (1920, None)
        assert re.match(r"blob:https://outputs-\d\.example/", video.get_attribute("src") or "")
        assert plays(video)
        picture(host, "playing")
        # Saved now: a still, and the widget for as long as there is a kernel.
        assert WIDGET in host.saved(cell)
        assert len(json.dumps(host.saved(cell))) < 1_000_000
        # Run again it is not sent again, and plays as well; so does the clip by itself.
        by_itself = host.run("job.video")
        by_itself.get_by_role("button", name="Play").click()
        assert plays(by_itself.locator("video"))
        with host.page.expect_download() as saving:
            by_itself.get_by_role("button", name="Save the file").click()
        assert saving.value.path().read_bytes() == next(drive.rglob("*.mp4")).read_bytes()
        embedded = host.ran(f"%veo show --embed {host.kernel.value('job.id')}")
        assert WIDGET not in host.saved(embedded)
        host.reopen()
        assert has_played(host.under(embedded).locator("video"), 1920)
        still = host.under(cell)
        expect(still.locator("img")).to_be_visible()
        expect(still).to_contain_text(re.compile(r"Saved as .*/drive/MyDrive/clips/.*\.mp4"))
        expect(still.locator("button, video")).to_have_count(0)
        picture(host, "reopened")


def test_a_grid_in_vs_code_whose_library_is_elsewhere_plays_from_bytes(chromium, tmp_path, sandbox):
    library = tmp_path / "elsewhere"
    with opened(VSCODE, chromium, tmp_path / "notebook", sandbox, VEO_NB_LIBRARY=str(library)) as host:
        cell = host.ran("%%veo --duration 4 --sweep animal=fox,owl --out sweep\nA {{animal}} runs.\n")
        output = host.under(cell)
        host.wait(lambda: host.kernel.value("sweep.summary().over") == "True")
        output.get_by_role("button", name="Play all").click()
        videos = output.locator("video")
        expect(videos).to_have_count(2)
        for at in range(2):
            assert facts(videos.nth(at))["error"] is None
            assert (videos.nth(at).get_attribute("src") or "").startswith("blob:")
        host.wait(lambda: videos.first.evaluate("video => video.currentTime > 0.3"))
        picture(host, "grid")
        assert WIDGET in host.saved(cell)
        assert len(json.dumps(host.saved(cell))) < 2_000_000
        host.reopen()
        expect(host.under(cell).locator("img, video")).to_have_count(2)
        picture(host, "grid-reopened")


def test_in_kaggle_whose_page_has_no_anywidget_card_grid_and_clip_play_beside_the_notebook(
    chromium, tmp_path, sandbox
):
    working = tmp_path / "working"
    working.mkdir()
    cells = [
        # The minute in which a page may say something is not waited for.
        "%load_ext veo_nb\nfrom veo_nb.notebook.clip import output\noutput.DEADLINE_SECONDS = 1",
        "%%veo --duration 4 --out job\nA fox crosses a frozen lake.",
        "%%veo --duration 4 --sweep animal=fox,owl --out sweep\nA {{animal}} runs.",
        "job.video",
    ]
    with kaggle(chromium, working, sandbox.environment, cells) as editor:
        editor.run(0)
        editor.run(1)
        assert has_played(editor.output(1).locator("video"))
        editor.run(2)
        videos = editor.output(2).locator("video")
        expect(videos).to_have_count(2)
        for at in range(2):
            assert has_played(videos.nth(at))
        editor.run(3)
        assert has_played(editor.output(3).locator("video"))
        keep_picture(editor.page, "host-kaggle")


def test_the_panel_takes_a_photograph_and_plays_a_clip_that_came_as_bytes(chromium, tmp_path, slow_sandbox):
    with opened(COLAB, chromium, tmp_path / "notebook", slow_sandbox) as host:
        take_a_photograph(host)


def take_a_photograph(host: Host) -> None:
    panel = Panel(host.run("import veo_nb as veo\nveo.panel()").locator(".veo-panel"))
    panel.button("Clear", panel.compose).click()
    panel.root.get_by_label("First frame: files").set_input_files(PHOTOGRAPH)
    expect(panel.compose.get_by_text("coffee.jpg is not 16:9")).to_be_visible()
    panel.prompt.fill("Steam curls from the cup.")
    panel.generate()
    panel.has_clips(1)
    panel.tiles.first.click()
    video = panel.dialog.locator("video").first
    shown = facts(video)
    assert (shown["ready"], shown["width"], shown["error"]) == (4, 1280, None)
    assert re.match(r"blob:https://outputs-\d\.example/", video.get_attribute("src") or "")
    assert plays(video)
    host.page.keyboard.press("Escape")
    host.rebuild()
    panel.has_clips(1)
    expect(panel.prompt).to_have_value("Steam curls from the cup.")

    # Its messages wait for a cell that runs, as these hosts open no subshell for them.
    panel.prompt.fill("The cup is lifted.")
    busy = host.kernel.begin("import time; time.sleep(3)")
    panel.generate()
    panel.has_clips(2)
    assert busy.done
