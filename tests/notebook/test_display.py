"""The static output: complete without a kernel, and every text in it is text, however hostile."""

from __future__ import annotations

import base64
import io
from collections.abc import Set as AbstractSet
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from IPython.display import Video as IPythonVideo
from PIL import Image

from tests.notebook.test_text import NOW
from tests.store.test_billing import bill_of, charge
from tests.world import PROVIDER, NoActions
from veo_nb import catalog, errors
from veo_nb.engine.job import Job, Snapshot
from veo_nb.engine.jobs import Preview
from veo_nb.engine.video import Video
from veo_nb.media.picture import Picture, read_picture
from veo_nb.notebook.clip import source
from veo_nb.notebook.display import backdrop, dry_run, finished, job_table, one_clip, poster, shown_again
from veo_nb.notebook.place import Place
from veo_nb.request import make_request
from veo_nb.store.billing import Quote
from veo_nb.store.rows import State

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</p></div></td><style>*{display:none}</style>",
    "{0} {x} %s {{name}} {}",
    "&lt;b&gt; &amp;",
    "שלום עולם \u202e gnp.exe",
    "🦊👩‍👩‍👧 e\u0301",
    "x" * 20_000,
    "line\nbreak\ttab",
    "${jndi:x} `code` $math$ [a](javascript:alert(1))",
]


class Page(HTMLParser):
    """What a browser sees: the elements with their attributes, and the text between them."""

    VOID = ("img", "input", "br", "source")

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    @property
    def tags(self) -> set[str]:
        return {tag for tag, _ in self.elements}

    def only(self, tag: str) -> dict[str, str]:
        (found,) = [attributes for name, attributes in self.elements if name == tag]
        return found


ALLOWED = {
    "div",
    "p",
    "figure",
    "figcaption",
    "img",
    "span",
    "code",
    "video",
    "table",
    "thead",
    "tbody",
    "tr",
    "td",
    "th",
}
FOLDED = {"a", "br", "details", "summary", "pre"}
"""What pages have beside these."""


def checked(html: str, allowed: AbstractSet[str] = ALLOWED) -> Page:
    """The page, once it is known to be well-formed and to do nothing."""
    page = Page(html)
    assert page.open == []
    assert page.tags <= allowed
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")]
    return page


def make_job(
    prompt: str = "A fox.",
    state: State = State.SUCCEEDED,
    provider=PROVIDER,
    fields=None,
    actions=None,
    **now,
) -> Job:
    return Job(
        id="3f2a",
        request=make_request(provider, prompt=prompt, **(fields or {})),
        provider=provider,
        take=1,
        estimate=3.2,
        now=Snapshot(**{"state": state, "created_at": NOW, **now}),
        actions=actions or NoActions(),
    )


def make_video(path: Path, sample: int = 0) -> Video:
    facts: dict[str, Any] = {"width": 192, "height": 108, "duration": 0.5, "fps": 24.0, "has_audio": True}
    return Video(
        path=path, uri="", sha256="", bytes=path.stat().st_size, job_id="3f2a", sample=sample, **facts
    )


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path, tmp_path)


@pytest.fixture
def put(tmp_path, clip):
    def put(name: str):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(clip)
        return path

    return put


# A finished clip


def test_it_is_a_video_of_ipython_with_the_file_beside_the_notebook(put, place):
    path = put("veo_library/fox.mp4")
    shown = finished(make_job(videos=(make_video(path),), submitted_at=NOW, generated_at=NOW + 72), place)
    assert isinstance(shown, IPythonVideo)
    page = checked(shown._repr_html_())
    video = page.only("video")
    assert video["src"] == "veo_library/fox.mp4"
    assert {"controls", "loop", "playsinline"} <= set(video)
    assert video["preload"] == "metadata"
    text = " ".join(page.texts)
    for words in ("A fox.", "fast", "Made in 1:12 · about $3.20 · veo_library/fox.mp4", "3f2a"):
        assert words in text
    assert "sandbox" not in text


def test_its_poster_is_a_picture_inside_the_page(put, place):
    video = checked(finished(make_job(videos=(make_video(put("fox.mp4")),)), place)._repr_html_()).only(
        "video"
    )
    head, _, data = video["poster"].partition(",")
    assert head == "data:image/jpeg;base64"
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (480, 270)


def test_its_text_is_for_a_terminal(put, place):
    job = make_job(videos=(make_video(put("fox.mp4")),), fields={"aspect_ratio": "9:16"})
    assert repr(finished(job, place)) == "A fox.\nfast · 9:16\nMade · about $3.20 · fox.mp4"


@pytest.mark.parametrize(("ratio", "style"), [("16:9", "aspect-ratio:16/9"), ("9:16", "aspect-ratio:9/16")])
def test_its_box_has_the_shape_of_the_clip(put, place, ratio, style):
    job = make_job(videos=(make_video(put("fox.mp4")),), fields={"aspect_ratio": ratio})
    assert style in checked(finished(job, place)._repr_html_()).only("video")["style"]


def test_several_samples_stand_side_by_side(put, place):
    videos = tuple(make_video(put(f"fox-{number}.mp4"), number) for number in range(3))
    page = checked(finished(make_job(videos=videos), place)._repr_html_())
    found = [attributes["src"] for tag, attributes in page.elements if tag == "video"]
    assert found == ["fox-0.mp4", "fox-1.mp4", "fox-2.mp4"]


def test_samples_that_were_blocked_are_named(put, place):
    job = make_job(videos=(make_video(put("fox.mp4")),), filtered=("Loud noise.",))
    assert 'some samples were blocked: "Loud noise."' in repr(finished(job, place))
    two = make_job(
        videos=(make_video(put("fox.mp4")),), filtered=("Loud noise.",), fields={"sample_count": 2}
    )
    assert '1 of 2 samples was blocked: "Loud noise."' in repr(finished(two, place))


def test_the_sandbox_says_that_nothing_was_charged(put, place):
    job = make_job(provider=catalog.PROVIDERS["sandbox"], videos=(make_video(put("fox.mp4")),))
    text = " ".join(checked(finished(job, place)._repr_html_()).texts)
    assert "sandbox" in text
    assert "would cost about $3.20" in text


@pytest.mark.parametrize("prompt", HOSTILE)
def test_a_hostile_prompt_shows_as_text(put, place, prompt):
    page = checked(finished(make_job(prompt, videos=(make_video(put("fox.mp4")),)), place)._repr_html_())
    assert prompt in page.texts
    assert [a["title"] for tag, a in page.elements if tag == "p"] == [prompt[:2000]]


@given(st.text(min_size=1).filter(str.strip))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)
def test_every_text_comes_out_as_it_went_in(tmp_path, prompt):
    error = errors.ContentBlocked(prompt)
    job = make_job(prompt, State.BLOCKED, error=error, fields={"negative_prompt": prompt})
    page = checked(finished(job, Place(tmp_path))._repr_html_())
    text = "".join(page.texts)
    assert prompt in text


@pytest.mark.parametrize(
    "name", ["a b.mp4", "fox #1?.mp4", "100%.mp4", "Füchse 狐🦊.mp4", "\"'<>&.mp4", "a:b.mp4"]
)
def test_an_odd_file_name_is_found_by_the_browser(put, place, name):
    page = checked(finished(make_job(videos=(make_video(put(f"veo library/{name}")),)), place)._repr_html_())
    src = page.only("video")["src"]
    assert unquote(src) == f"veo library/{name}"
    assert not set('#? "<>') & set(src)
    assert f"veo library/{name}" in " ".join(page.texts)


# A clip by itself


def test_a_clip_by_itself_is_played_beside_the_notebook_with_its_facts(put, place):
    shown = one_clip(make_video(put("veo_library/fox.mp4")), place)
    assert isinstance(shown, IPythonVideo)
    page = checked(shown._repr_html_())
    video = page.only("video")
    assert video["src"] == "veo_library/fox.mp4"
    assert video["poster"].startswith("data:image/jpeg;base64,")
    assert "0.5 s · 192 x 108 · veo_library/fox.mp4" in page.texts
    assert repr(shown) == "0.5 s · 192 x 108 · veo_library/fox.mp4"


@pytest.mark.parametrize(
    ("size", "style"), [((192, 108), "aspect-ratio:16/9"), ((108, 192), "aspect-ratio:9/16")]
)
def test_its_own_box_has_its_shape_too(put, place, size, style):
    video = replace(make_video(put("fox.mp4")), width=size[0], height=size[1])
    assert style in checked(one_clip(video, place)._repr_html_()).only("video")["style"]


@pytest.mark.parametrize("name", ["\"'<>&.mp4", "fox #1?.mp4", "{0}.mp4"])
def test_an_odd_name_of_a_clip_by_itself_is_text(put, place, name):
    page = checked(one_clip(make_video(put(name)), place)._repr_html_())
    assert unquote(page.only("video")["src"]) == name
    assert f"0.5 s · 192 x 108 · {name}" in page.texts


def test_a_clip_by_itself_whose_file_was_deleted_says_so_and_breaks_nothing(put, place):
    path = put("fox.mp4")
    video = make_video(path)
    path.unlink()
    page = checked(one_clip(video, place)._repr_html_())
    assert "video" not in page.tags
    assert "fox.mp4" in " ".join(page.texts)


# Files that can't be linked


def test_a_small_file_outside_the_servers_folder_is_put_into_the_page(put, tmp_path, clip):
    place = Place(tmp_path / "root", tmp_path / "root")
    src = checked(finished(make_job(videos=(make_video(put("fox.mp4")),)), place)._repr_html_()).only(
        "video"
    )["src"]
    assert base64.b64decode(src.removeprefix("data:video/mp4;base64,")) == clip


@pytest.mark.parametrize(
    ("name", "beside", "said"),
    [
        ("<b>.mp4", "root", "outside the folder that Jupyter serves. Keep the library below {root}"),
        (".veo/<b>.mp4", "", "a folder whose name begins with a dot, which Jupyter does not serve. Give"),
    ],
)
def test_a_large_one_is_named_with_what_to_do(put, tmp_path, clip, monkeypatch, name, beside, said):
    monkeypatch.setattr(source, "SMALL", len(clip) - 1)
    place = Place(tmp_path / beside, tmp_path / beside)
    page = checked(finished(make_job(videos=(make_video(put(name)),)), place)._repr_html_())
    assert "video" not in page.tags
    (text,) = [text for text in page.texts if text.startswith(f"Saved as {tmp_path / name}")]
    assert said.format(root=tmp_path / beside) in text
    assert "veo.configure(library=…)" in text


def test_a_large_one_of_a_notebook_that_was_moved_says_so(put, tmp_path, clip, monkeypatch):
    monkeypatch.setattr(source, "SMALL", len(clip) - 1)
    place = Place(tmp_path, tmp_path, "/", tmp_path / "gone.ipynb")
    page = checked(finished(make_job(videos=(make_video(put("fox.mp4")),)), place)._repr_html_())
    assert any("The notebook was moved while its kernel ran: start the kernel again" in t for t in page.texts)


def test_a_small_one_in_a_hidden_folder_is_put_into_the_page(put, place, clip):
    page = checked(finished(make_job(videos=(make_video(put(".veo/fox.mp4")),)), place)._repr_html_())
    assert base64.b64decode(page.only("video")["src"].removeprefix("data:video/mp4;base64,")) == clip


def test_a_file_that_is_gone_says_what_to_do(put, place):
    video = make_video(put("fox.mp4"))
    video.path.unlink()
    page = checked(finished(make_job(videos=(video,)), place)._repr_html_())
    assert "fox.mp4 is no longer there. Run the cell again to fetch it." in page.texts


def test_a_file_that_someone_broke_is_still_shown_without_a_poster(put, place):
    path = put("fox.mp4")
    path.write_bytes(b"broken")
    assert (
        checked(finished(make_job(videos=(make_video(path),)), place)._repr_html_()).only("video")["poster"]
        == ""
    )


def test_a_poster_that_could_not_be_drawn_is_tried_again(put, clip):
    path = put("fox.mp4")
    path.write_bytes(b"broken")
    assert poster(path) == ""
    path.write_bytes(clip)
    assert poster(path).startswith("data:image/jpeg")


# A clip without a video


def test_a_job_that_failed_says_why_in_a_box_of_the_same_shape(place):
    error = errors.InvalidRequest("The provider refused it.", hint="Use 8 s.")
    shown = finished(make_job(state=State.FAILED, error=error), place)
    page = checked(shown._repr_html_())
    assert "Failed: The provider refused it. Use 8 s." in page.texts
    assert "video" not in page.tags
    assert "aspect-ratio:16/9" in shown._repr_html_()
    assert repr(shown).endswith("Use 8 s.")


# Shown again, dry run, table


def test_a_stored_clip_says_that_nothing_was_sent(put, place):
    text = " ".join(
        checked(shown_again(make_job(videos=(make_video(put("fox.mp4")),)), place)._repr_html_()).texts
    )
    assert "shown again, nothing sent · --take 2 for another sample, --fresh to ask anew · fox.mp4" in text


def preview(
    prompt="A fox.", stored=None, usd: float | None = 1.2, provider=PROVIDER, bill=None, note="", **fields
) -> Preview:
    request = make_request(provider, prompt=prompt, **fields)
    found = Quote(usd=usd, note=note)
    return Preview(request, provider, found, 45.4, stored, bill or bill_of(provider=provider))


def test_a_dry_run_says_what_it_would_cost_and_that_nothing_was_sent():
    shown = dry_run(preview(duration_seconds=8))
    assert repr(shown) == "A fox.\nfast · 8 s\nNothing sent · 1 clip · about $1.20 · about 45 s · to GPTProto"
    assert "Nothing sent · 1 clip" in " ".join(checked(shown.data).texts)


def test_a_dry_run_says_whose_price_it_is_and_that_a_budget_has_none():
    note = PROVIDER.price_note
    assert f"about $1.20 ({note}) · about 45 s" in repr(dry_run(preview(note=note)))
    assert repr(dry_run(preview(note=note, bill=bill_of(budget=20)))).endswith("left: it would not be sent")


def test_a_dry_run_and_a_card_say_what_sources_disagree_about(place):
    still = Image.new("RGB", (16, 9))
    asked: dict[str, Any] = {"reference_images": [still], "aspect_ratio": "9:16"}
    doubt = "Sources disagree on whether reference images work at 9:16"
    assert repr(dry_run(preview(**asked))).endswith(f" · {doubt}: it would be sent as it is")
    assert "disagree" not in repr(dry_run(preview(reference_images=[still])))
    for state, says in ((State.FAILED, True), (State.SUCCEEDED, False)):
        shown = finished(make_job(state=state, fields=asked), place)
        assert (doubt in shown.data) is says


def test_a_dry_run_counts_samples_and_knows_when_it_knows_no_price():
    assert "3 clips · price unknown" in repr(dry_run(preview(sample_count=3, usd=None)))


@pytest.mark.parametrize(
    ("bill", "end"),
    [
        (bill_of(), "to GPTProto"),
        (bill_of(charge(usd=3.0)), " · so far about $3.00"),
        (bill_of(budget=20), " · so far about $0.00 of the budget of $20.00, $20.00 left"),
        (
            bill_of(charge(usd=3.0), budget=4),
            " · so far about $3.00 of the budget of $4.00, $1.00 left: it would not be sent",
        ),
    ],
    ids=["nothing yet", "no budget", "it fits", "it does not"],
)
def test_a_dry_run_says_what_was_spent_and_what_is_left(bill, end):
    assert repr(dry_run(preview(bill=bill))).endswith(end)


def test_a_dry_run_of_a_stored_clip_does_not_speak_of_money_that_is_not_spent():
    shown = repr(dry_run(preview(stored=make_job(), bill=bill_of(charge(usd=3.0), budget=4))))
    assert shown.endswith("there already and would be shown")


def test_a_dry_run_says_that_the_clip_is_there_already():
    assert "job 3f2a is there already and would be shown" in repr(dry_run(preview(stored=make_job())))


@pytest.mark.parametrize("prompt", HOSTILE)
def test_a_hostile_prompt_in_a_dry_run_shows_as_text(prompt):
    assert prompt in checked(dry_run(preview(prompt)).data).texts


def test_the_table_lists_jobs_with_their_state():
    jobs = [make_job("One.", State.QUEUED), make_job("Two " * 40, State.SUCCEEDED)]
    shown = job_table(jobs, NOW)
    page = checked(shown.data)
    assert [t for t in page.texts if t in ("Waiting to be sent", "Made")] == ["Waiting to be sent", "Made"]
    assert [len(text) for text in page.texts if text.startswith("Two")] == [72]
    assert [line.split()[0] for line in repr(shown).splitlines()] == ["3f2a", "3f2a"]


@pytest.mark.parametrize("prompt", HOSTILE)
def test_a_hostile_prompt_in_the_table_shows_as_text(prompt):
    short = " ".join(prompt.split())
    short = short if len(short) <= 72 else short[:71] + "…"
    assert short in checked(job_table([make_job(prompt)], NOW).data).texts


def test_an_empty_library_says_how_to_begin():
    assert repr(job_table([], NOW)).endswith("Write a prompt in a %%veo cell.")


@pytest.mark.parametrize("how", ["video", "none", "dry run", "table"])
def test_dollars_are_no_formula(put, place, how):
    """Lab sets what stands between two of them as mathematics, but for elements of these classes."""
    prompt = "$5 and $6"
    html = {
        "video": lambda: finished(
            make_job(prompt, videos=(make_video(put("fox.mp4")),)), place
        )._repr_html_(),
        "none": lambda: finished(make_job(prompt, State.FAILED), place)._repr_html_(),
        "dry run": lambda: dry_run(preview(prompt)).data,
        "table": lambda: job_table([make_job(prompt)], NOW).data,
    }[how]()
    tag, attributes = checked(html).elements[0]
    assert tag == "div"
    assert {"tex2jax_ignore", "mathjax_ignore"} <= set(attributes["class"].split())
    assert html.endswith("</div>")


# The backdrop


def test_a_backdrop_is_a_tiny_picture():
    data = backdrop(read_picture(Image.new("RGB", (640, 360), "teal")))
    assert data.startswith("data:image/jpeg;base64,")
    assert len(data) < 3000


@pytest.mark.parametrize("picture", [None, Picture(b"", "image/png", 8, 8, "fox.png", "0" * 64)])
def test_without_a_picture_there_is_no_backdrop(picture):
    assert backdrop(picture) == ""
