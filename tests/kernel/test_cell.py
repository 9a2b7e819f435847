"""A `%%veo` cell in a real kernel: what it shows, when, and what it sends."""

from __future__ import annotations

import ast
from html.parser import HTMLParser

import av
import pytest

from tests.kernel.kernel import WIDGET, Cell, Kernel, ended
from tests.kernel.sandbox import Sandbox, clips, submits

pytestmark = pytest.mark.kernel

FOX = "%%veo --duration 4\nA fox crosses a frozen lake."


def show(kernel: Kernel, code: str = FOX) -> Cell:
    """The cell once its video is under it."""
    cell = kernel.run(code)
    assert cell.failure is None, cell.failure
    kernel.until(lambda: "<video" in cell.html, why=f"no video came:\n{cell.outputs}")
    return cell


def test_loading_says_in_one_line_what_it_uses(kernel):
    cell = kernel.run("%load_ext veo_nb")
    line = cell.stdout.strip()
    assert cell.failure is None
    assert len(line.splitlines()) == 1
    assert "sandbox" in line
    assert "veo_library" in line


def test_a_stranger_gets_a_video_without_a_key(kernel, folder, data):
    kernel.run("%load_ext veo_nb")
    show(kernel)
    (clip,) = clips(folder)
    with av.open(str(clip)) as video:
        stream = video.streams.video[0]
        assert (stream.width, stream.height, float(stream.average_rate or 0)) == (1280, 720, 24.0)
        assert video.duration == pytest.approx(4 * av.time_base, abs=0.2 * av.time_base)
        assert video.streams.audio
    assert len(submits(data)) == 1


def test_the_sandbox_it_started_ends_with_the_kernel(kernel, data):
    kernel.run("%load_ext veo_nb")
    show(kernel)
    children = kernel.children()
    assert children
    kernel.stop()
    assert ended(children, 10)


def test_the_cards_facts_move_on_while_a_later_cell_sleeps(slow):
    _, card = slow.widget(slow.run(FOX))
    slow.begin("import time; time.sleep(4)")
    slow.until(lambda: card.card["state"] == "running")
    ticking = [part for part in card.card["line"] if isinstance(part, dict)]
    assert {part["clock"] for part in ticking} == {"since", "left"}
    assert card.card["actions"] == ["cancel"]


def test_a_cell_run_again_while_its_job_runs_joins_it(slow, slow_sandbox):
    first, second = slow.run(FOX), slow.run(FOX)
    slow.until(lambda: "<video" in first.html and "<video" in second.html)
    assert len(slow_sandbox.submits) == 1


def test_two_kernels_on_one_library_make_a_clip_once(slow, slow_sandbox):
    with Kernel(slow.folder, **slow_sandbox.environment) as other:
        assert "resumed" not in other.run("%load_ext veo_nb").stdout
        first, second = slow.run(FOX), other.run(FOX)
        slow.until(lambda: "<video" in first.html)
        other.until(lambda: "<video" in second.html)
    assert len(slow_sandbox.submits) == 1


# From here on one kernel for all: each test has a prompt of its own, and counts only what was sent for it.


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def quick(tmp_path_factory, sandbox):
    with Kernel(tmp_path_factory.mktemp("notebook"), **sandbox.environment) as kernel:
        kernel.run("%load_ext veo_nb")
        yield kernel


def test_the_card_becomes_a_video_while_a_later_cell_sleeps(quick):
    cell = quick.run("%%veo -d 4\nA fox asleep.")
    assert WIDGET in cell.outputs[-1].data
    sleeping = quick.begin("import time; time.sleep(600)")
    quick.until(lambda: "<video" in cell.html, why="no video came while the cell slept")
    assert not sleeping.done
    quick.interrupt()
    quick.until(lambda: sleeping.done)


def test_a_name_in_braces_is_read_from_the_notebook(quick, sandbox):
    quick.run("mood = 'harsh noon'")
    cell = show(quick, "%%veo -d 4\nA fox, {{mood}} light.")
    assert "harsh noon" in cell.html
    assert len(sandbox.sent("A fox, harsh noon light.")) == 1


def test_out_binds_the_job(quick):
    show(quick, "%%veo -d 4 --out fox\nA fox in a variable.")
    assert quick.value("fox.status, fox.video.width, fox.video.height, fox.video.path.exists()") == (
        "succeeded 1280 720 True"
    )


def test_a_cell_run_again_shows_the_stored_clip_and_another_sample_is_sent_when_asked_for(quick, sandbox):
    code, prompt = "%%veo -d 4\nA fox, again.", "A fox, again."
    show(quick, code)
    again = quick.run(code)
    assert "<video" in again.html
    assert "shown again" in again.html
    assert len(sandbox.sent(prompt)) == 1
    show(quick, code.replace("%%veo", "%%veo --take 2"))
    assert len(sandbox.sent(prompt)) == 2
    show(quick, code.replace("%%veo", "%%veo --fresh"))
    assert len(sandbox.sent(prompt)) == 3


def test_a_dry_run_sends_nothing_and_says_what_it_would(quick, sandbox):
    cell = quick.run("%%veo --dry-run --aspect-ratio 9:16\nA fox that is never sent.")
    assert cell.failure is None
    assert "$" in cell.html
    assert "9:16" in cell.html
    quick.listen(0.5)
    assert sandbox.sent("A fox that is never sent.") == []


HOSTILE = {
    "a script": "<script>document.title='owned'</script>",
    "quotes and an attribute": """"><img src=x onerror="alert(1)">' & &amp; `${1}`""",
    "an end of a comment and of a style": "--></style></details></figure></video><b>bold",
    "emoji": "A fox 🦊 in 👩‍👩‍👧 snow ❄️",
    "right to left": "שועל חוצה אגם קפוא، ثعلب يعبر \u202e بحيرة",
    "20,000 characters": "A fox crosses a lake. " * 909 + "The end.",
}


class Page(HTMLParser):
    """The elements and the text of some HTML, as a browser would see them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def hostile(quick):
    """The finished cell of each prompt; they are all under way at once."""
    cells = {prompt: quick.run(f"%%veo -d 4\n{prompt}") for prompt in HOSTILE.values()}
    quick.until(lambda: all("<video" in cell.html for cell in cells.values()))
    return cells


@pytest.mark.parametrize("prompt", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_prompt_shows_as_text_and_is_sent_as_it_is(hostile, sandbox, prompt):
    page = Page(hostile[prompt].html)
    assert not {"script", "img", "b", "iframe"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert prompt in page.text
    assert len(sandbox.sent(prompt)) == 1


def test_an_image_sets_the_first_frame(quick, sandbox):
    from PIL import Image

    Image.new("RGB", (640, 360), (20, 120, 220)).save(quick.folder / "blue.png")
    cell = show(quick, "%%veo -d 4 --image blue.png --out job\nThe sky.")
    (sent,) = sandbox.sent("The sky.")
    assert sent["body"]["instances"][0]["image"]["mimeType"] == "image/png"
    assert "blue.png" in cell.html
    red, _, blue = ast.literal_eval(quick.value("tuple(job.video.frame(0).resize((1, 1)).getpixel((0, 0)))"))
    assert blue > 150 > red
