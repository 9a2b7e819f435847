"""The card and the panel in VS Code and in Colab, which have no address for a file: by anywidget's protocol alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.host import COLAB, VSCODE, open_host
from tests.browser.lab import facts, plays
from tests.browser.test_panel import PHOTOGRAPH, Panel
from tests.kernel.kernel import Kernel

pytestmark = pytest.mark.browser

CLOCK = re.compile(r"\d:\d\d")


@pytest.fixture(params=[VSCODE, COLAB], ids=lambda kind: kind.name)
def host(request, chromium, tmp_path, slow_sandbox):
    folder = tmp_path / "notebook"
    folder.mkdir()
    with (
        Kernel(folder, **slow_sandbox.environment) as kernel,
        open_host(chromium, kernel, request.param) as host,
    ):
        host.run("%load_ext veo_nb")
        yield host
        assert host.wrong == []


def test_a_card_counts_is_stopped_by_its_button_and_becomes_the_clip(host, slow_sandbox):
    stopped = host.run("%%veo --duration 4 --out job\nAn owl turns its head.")
    stopped.get_by_role("button", name="Cancel").click()
    expect(stopped).to_contain_text("Stopped")
    assert host.kernel.value("job.status") == "cancelled"

    output = host.run("%%veo --duration 4 --out job\nA fox crosses a frozen lake.")
    host.kernel.run("import time\nwhile not job.operation: time.sleep(0.02)")
    slow_sandbox.hold()
    line = output.locator(".veo-line")
    expect(line).to_have_text(CLOCK)
    expect(line).not_to_have_text(line.inner_text())
    host.rebuild()
    expect(line).to_have_text(CLOCK)
    slow_sandbox.go_on()
    # There is no address for the file here, so what stays is its still and where it lies.
    video = output.locator("video")
    expect(video).to_have_attribute("poster", re.compile("^data:image/jpeg"))
    expect(output).to_contain_text(re.compile(r"veo_library/.*fox-crosses-\w{4}\.mp4"))
    assert {url.rpartition(".")[2] for url in host.refused} == {"mp4"}


def test_the_panel_takes_a_photograph_and_plays_a_clip_that_came_as_bytes(host):
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
    assert (video.get_attribute("src") or "").startswith("blob:https://outputs.example/")
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
