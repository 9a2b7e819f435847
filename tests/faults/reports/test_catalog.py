"""The catalog's rows: what a clip costs and whose price that is, and who takes what, asked of studios before and at the POST.

Each row is an input that was misquoted, refused without need, or sent without a word. Nothing is submitted that is refused,
and what is taken is submitted once.
"""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from PIL import Image

from tests.faults.rows import Row
from veo_nb import errors
from veo_nb.notebook.display import dry_run, finished
from veo_nb.notebook.pages.bill import bill_table
from veo_nb.notebook.pages.greeting import greeting
from veo_nb.notebook.place import Place

NOTE = "Google's list price; GPTProto bills per call"
STILL = Image.new("RGB", (32, 18))
OWN = "[prices.gptproto]\nfast = { per_call = 0.9 }\n"


@pytest.fixture
def at(make_studio, service, tmp_path):
    """Studios at a provider, for someone who has said nothing of prices, or what `prices` says."""

    def make(provider: str, prices: str = "", **settings: Any):
        if provider == "vertex":
            service.on_poll = service.inline
        (tmp_path / "veo_nb.toml").write_text(prices)
        return make_studio(provider=provider, **settings)

    return make


PRICED: dict[str, tuple[str, dict[str, Any], float]] = {
    "fast, 8 s at 720p": ("gemini", {"model": "fast"}, 0.80),
    "fast, 8 s at 1080p": ("gemini", {"model": "fast", "resolution": "1080p"}, 0.96),
    "fast, 8 s at 4k": ("gemini", {"model": "fast", "resolution": "4k"}, 2.40),
    "standard, 8 s at 4k": ("gemini", {"model": "standard", "resolution": "4k"}, 4.80),
    "lite, 8 s at 1080p": ("gemini", {"model": "lite", "resolution": "1080p"}, 0.64),
    "standard without sound": ("vertex", {"model": "standard", "generate_audio": False}, 1.60),
    "lite without sound": ("vertex", {"model": "lite", "generate_audio": False}, 0.24),
    "standard, 4 s at 4k": ("vertex", {"model": "standard", "resolution": "4k", "duration_seconds": 4}, 2.40),
}


@pytest.mark.parametrize(("provider", "fields", "usd"), PRICED.values(), ids=PRICED.keys())
def test_a_clip_is_quoted_and_entered_at_its_own_price(matrix, at, service, request, provider, fields, usd):
    studio = at(provider)
    case = request.node.callspec.id
    quoted = studio.preview("A fox.", **fields)
    job = studio.generate("A fox.", **fields).wait(30)
    ended = f"quoted at ${quoted.usd:.2f}, entered at ${job.estimate:.2f}"
    matrix(
        Row(
            "reports",
            f"price: {case}",
            ended=ended,
            submits=len(service.posts),
            doubled=len(service.posts) - 1,
        )
    )
    assert (quoted.usd, job.estimate) == (pytest.approx(usd), pytest.approx(usd))
    assert quoted.quote.note == ""
    assert len(service.posts) == 1


def test_gptprotos_figures_say_whose_they_are_until_ones_own_is_said(matrix, at, service, tmp_path):
    studio = at("gptproto")
    place = Place(tmp_path)
    asked = "what do you pay there?"
    greeted = greeting(studio, [], "1")
    preview = studio.preview("A fox.")
    job = studio.generate("A fox.").wait(30)
    shown = {
        "greeting": asked in greeted,
        "dry run": NOTE in repr(dry_run(preview)),
        "job": NOTE in repr(finished(job, place)),
        "bill": NOTE in repr(bill_table(studio.cost())) and asked in repr(bill_table(studio.cost())),
        "sweep": NOTE in str(studio.sweeps.preview("A fox.", axes={"seed": [1, 2]}).forecast.price),
    }
    again = greeting(studio, [], "1")
    studio.close()
    own = at("gptproto", OWN)
    quiet = NOTE not in repr(dry_run(own.preview("An owl."))) and asked not in greeting(own, [], "1")
    ended = f"said in {', '.join(name for name, said in shown.items() if said)}"
    matrix(Row("reports", "price: GPTProto publishes none", ended=ended, submits=len(service.posts)))
    assert shown == dict.fromkeys(shown, True)
    assert asked not in again
    assert quiet
    assert own.preview("An owl.").usd == 0.9


def asked_for(way: str, studio: Any, lost: str) -> None:
    if way == "clip":
        studio.generate("A fox.")
    elif way == "sweep":
        studio.sweep("A fox.", axes={"seed": [1, 2]})
    else:
        studio.jobs.resubmit(lost)


@pytest.mark.parametrize("way", ["clip", "sweep", "resubmit"])
def test_a_budget_does_not_go_by_somebody_elses_price(matrix, at, service, way):
    lost, before = "", 0
    if way == "resubmit":
        service.submits = [httpx2.ReadTimeout("no answer")]
        job = at("gptproto").generate("A fox.")
        with pytest.raises(errors.SubmissionUncertain):
            job.wait(30)
        lost, before = job.id, 1
    studio = at("gptproto", budget=100)
    with pytest.raises(errors.BudgetExceeded) as caught:
        asked_for(way, studio, lost)
    ended = f"refused: {caught.value.message}"
    matrix(
        Row(
            "reports",
            f"budget: nobody knows GPTProto's price, {way}",
            ended=ended,
            submits=len(service.posts),
            doubled=len(service.posts) - before,
        )
    )
    assert caught.value.message.startswith("GPTProto publishes no price")
    assert "[prices.gptproto]" in caught.value.hint
    assert len(service.posts) == before
    studio.close()
    asked_for(way, at("gptproto", OWN, budget=100), lost)


TAKEN: dict[str, tuple[str, dict[str, Any], str]] = {
    "1080p of 4 s": ("vertex", {"resolution": "1080p", "duration_seconds": 4}, "sent"),
    "4k of 6 s": ("vertex", {"model": "standard", "resolution": "4k", "duration_seconds": 6}, "sent"),
    "1080p of 4 s at GPTProto": ("gptproto", {"resolution": "1080p", "duration_seconds": 4}, "refused"),
    "dont_allow": ("vertex", {"person_generation": "dont_allow"}, "sent"),
    "dont_allow at GPTProto": ("gptproto", {"person_generation": "dont_allow"}, "refused"),
    "no prompt beside an image": ("vertex", {"prompt": "", "image": STILL}, "sent"),
    "no prompt beside an image at GPTProto": ("gptproto", {"prompt": "", "image": STILL}, "warned"),
    "no prompt beside nothing": ("vertex", {"prompt": " "}, "refused"),
    "references at 9:16": ("gptproto", {"reference_images": [STILL], "aspect_ratio": "9:16"}, "warned"),
    "references at 9:16 at Vertex": (
        "vertex",
        {"reference_images": [STILL], "aspect_ratio": "9:16"},
        "warned",
    ),
    "fast at 4k": ("vertex", {"model": "fast", "resolution": "4k"}, "warned"),
    "lite at 4k": ("gemini", {"model": "lite", "resolution": "4k"}, "refused"),
    "lite with references": ("vertex", {"model": "lite", "reference_images": [STILL]}, "refused"),
    "lite goes on from a clip": ("gemini", {"model": "lite", "video": "https://x.example/v"}, "refused"),
    "lite goes on from a clip at Vertex": ("vertex", {"model": "lite", "video": "gs://b/fox.mp4"}, "sent"),
    "a source in a bucket": ("vertex", {"video": "gs://b/fox.mp4", "resolution": "1080p"}, "sent"),
    "a source in a bucket at GPTProto": ("gptproto", {"video": "gs://b/fox.mp4"}, "refused"),
    "a source on the web at Vertex": ("vertex", {"video": "https://x.example/v"}, "refused"),
    "without sound at GPTProto": ("gptproto", {"generate_audio": False}, "refused"),
    "a frame that is to be padded": ("vertex", {"image": STILL, "resize_mode": "pad"}, "sent"),
    "the prompt as it is": ("gptproto", {"enhance_prompt": False}, "warned"),
    "the prompt as it is at Vertex": ("vertex", {"enhance_prompt": False}, "refused"),
}


@pytest.mark.parametrize(("provider", "fields", "right"), TAKEN.values(), ids=TAKEN.keys())
def test_each_provider_gets_what_it_takes_and_nothing_else(
    matrix, at, service, request, tmp_path, provider, fields, right
):
    studio = at(provider)
    asked = {"prompt": "A fox.", **fields}
    try:
        said = repr(dry_run(studio.preview(**asked)))
        job = studio.generate(**asked)
        found = "warned" if "disagree" in said else "sent"
        job.wait(30)
    except errors.InvalidRequest as error:
        found = "refused" if error.hint else "refused without a way out"
    expected = 0 if right == "refused" else 1
    matrix(
        Row(
            "reports",
            f"taken: {request.node.callspec.id}",
            ended=found,
            submits=len(service.posts),
            doubled=max(0, len(service.posts) - expected),
        )
    )
    assert found == right
    assert len(service.posts) == expected
