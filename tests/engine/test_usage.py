"""What the provider counts of a clip: kept with its job, and shown beside the estimate."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from tests.api.test_wire import dialect
from veo_nb import catalog
from veo_nb.catalog import Usage, read_usage
from veo_nb.notebook import text
from veo_nb.notebook.pages.bill import bill_table
from veo_nb.store.recovery.sidecar import find_sidecars, read_sidecar

OMNI = "gemini-omni-1.2-flash"
COUNTED = {
    "total_input_tokens": 20_000,
    "total_output_tokens": 58_000,
    "output_tokens_by_modality": [
        {"modality": "video", "tokens": 57_920},
        {"modality": "text", "tokens": 80},
    ],
    "total_thought_tokens": 1000,
}
USD = (20_000 * 1.5 + 57_920 * 12 + 1080 * 9) / 1e6


@pytest.fixture
def counting(service):
    """A provider that tells tokens."""

    def answer(name: str) -> httpx2.Response:
        told = json.loads(service.interaction(name).content)
        return httpx2.Response(200, json={**told, "usage": COUNTED})

    service.polls = [lambda request: answer(request.url.path.rpartition("/")[2])] * 5
    return service


def counts(**usage: Any) -> Usage | None:
    answer = {"id": "v1_a", "status": "completed", "steps": [], "usage": usage}
    return read_usage(dialect("gemini", "omni").read_operation(json.dumps(answer).encode()).usage)


@pytest.mark.parametrize(
    ("told", "usage"),
    [
        (COUNTED, Usage(input=20_000, video=57_920, text=1080)),
        # The sum of all says whether thought is a part of what came out.
        ({**COUNTED, "total_tokens": 78_000}, Usage(input=20_000, video=57_920, text=80)),
        ({**COUNTED, "total_tokens": 79_000}, Usage(input=20_000, video=57_920, text=1080)),
        ({"total_output_tokens": 57_920}, Usage(video=57_920)),
        ({"total_input_tokens": 23}, Usage(input=23)),
        ({"total_input_tokens": "23"}, Usage(input=23)),
        (
            {"total_output_tokens": 5, "output_tokens_by_modality": [{"modality": "TEXT", "tokens": 5}]},
            Usage(text=5),
        ),
        ({"total_input_tokens": -5, "total_output_tokens": 1.5, "output_tokens_by_modality": 7}, None),
        ({"total_input_tokens": "many", "output_tokens_by_modality": ["video"]}, None),
        ({}, None),
    ],
)
def test_tokens_are_told_apart_as_they_are_paid_for(told, usage):
    assert counts(**told) == usage


@pytest.mark.parametrize(
    ("model", "usd"),
    [
        (OMNI, USD),
        ("gemini-omni-1.1-flash", (20_000 * 1.5 + 57_920 * 17.5 + 1080 * 9) / 1e6),
        ("veo-3.1-generate-001", None),
    ],
)
def test_what_tokens_cost_by_the_dated_price_of_a_million(model, usd):
    assert Usage(input=20_000, video=57_920, text=1080).usd(model) == pytest.approx(usd)


def test_ten_seconds_of_video_cost_what_the_list_says():
    assert Usage(video=57_920).usd(OMNI) == pytest.approx(10 * 0.0695, rel=0.001)


@pytest.mark.parametrize(
    "kept", [None, {}, {"video": -1}, {"video": "5"}, {"video": 1.5}, {"of tomorrow": 3}]
)
def test_what_can_not_be_read_is_none(kept):
    assert read_usage(kept) is None


def test_it_is_kept_with_the_job_and_shown_beside_the_estimate(make_studio, counting):
    studio = make_studio(provider="gemini")
    job = studio.generate("A fox.").wait(30)
    studio.generate("An owl.").wait(30)
    assert job.usage == Usage(input=20_000, video=57_920, text=1080)
    assert text.cost_of(job) == f"about $0.70 · charged by the provider's count: ${USD:.2f}"
    assert text.tokens(job.usage) == "57,920 of video, 1,080 of text and thought, 20,000 that went in"
    page = repr(bill_table(studio.cost()))
    assert (
        f"Charged by the provider's count of tokens: ${2 * USD:.2f} for 2 jobs of $1.39 by estimate" in page
    )
    # The next kernel knows it as well, and so does the recipe beside the clip.
    studio.close()
    again = make_studio(provider="gemini").job(job.id)
    assert again.usage == job.usage
    [sidecar, _] = find_sidecars(studio.library.folder)
    row, _ = read_sidecar(sidecar, studio.library.folder) or (None, None)
    assert row is not None
    assert read_usage(row.usage) == job.usage


def test_of_a_clip_that_was_blocked_it_is_kept_too(make_studio, service):
    answer = {"id": "v1_op1", "status": "completed", "steps": [], "usage": {"total_input_tokens": 23}}
    service.polls = [httpx2.Response(200, json=answer)]
    job = make_studio(provider="gemini").generate("A fox.")
    with pytest.raises(Exception, match="made no video"):
        job.wait(30)
    assert job.usage == Usage(input=23)
    assert make_studio(provider="gemini").job(job.id).usage == Usage(input=23)


def test_where_nothing_is_counted_nothing_is_said(make_studio, service):
    studio = make_studio(provider="gemini")
    job = studio.generate("A fox.").wait(30)
    assert job.usage is None
    assert text.cost_of(job) == "about $0.70"
    assert "count of tokens" not in repr(bill_table(studio.cost()))


def test_the_table_of_a_sweep_has_a_column_for_it(make_studio, counting):
    sweep = make_studio(provider="gemini").sweep("A {{animal}}.", axes={"animal": ["fox", "owl"]})
    sweep.wait(30)
    table = sweep.to_dataframe()
    assert [*table["usd_counted"]] == pytest.approx([USD, USD])


def test_the_prices_of_tokens_have_a_date_and_a_source():
    assert catalog.TOKENS_DATE >= "2026-11-29"
    assert catalog.TOKENS_SOURCE
