"""Drafts through a studio: what is sent, what is known as the same, and that a final is paid for once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx2
import pytest

from veo_nb import catalog, errors
from veo_nb.request import restore_request
from veo_nb.store.billing import find_saving
from veo_nb.store.lineage import FINAL
from veo_nb.sweep import dataframe

FULL, CHEAP = 10 * 0.0695, 10 * 0.0232
"""USD for the ten seconds that Omni makes unasked, at 720p and at 360p."""


@pytest.fixture
def studio(make_studio):
    return make_studio(provider="gemini")


def asked(post: dict[str, Any]) -> tuple[str | None, int | None]:
    """The resolution and the seed that were sent."""
    return post["response_format"].get("resolution"), post.get("generation_config", {}).get("seed")


def test_a_draft_is_the_cheapest_and_its_final_is_the_same_in_full(studio, service):
    draft = studio.generate("A fox.", draft=True, duration_seconds=5, aspect_ratio="9:16").wait(30)
    assert draft.is_draft
    assert (draft.estimate, draft.final_quote.usd) == (pytest.approx(5 * 0.0232), pytest.approx(5 * 0.0695))
    assert draft.final is None
    final = draft.finalize().wait(30)
    assert (final.is_draft, draft.final) == (False, final)
    one, two = service.posts
    lines, seed = asked(one)
    assert lines == "360p"
    assert seed is not None
    assert asked(two) == (None, seed)
    del one["response_format"]["resolution"]
    assert one == two


def test_the_resolution_that_is_asked_for_is_that_of_the_final(studio, service):
    draft = studio.generate("A fox.", draft=True, resolution="1080p", seed=7).wait(30)
    draft.finalize().wait(30)
    assert [asked(post) for post in service.posts] == [("360p", 7), ("1080p", 7)]


def test_a_draft_asked_for_again_is_the_stored_one_whatever_became_the_cheapest(make_studio, service):
    draft = make_studio(provider="gemini").generate("A fox.", draft=True).wait(30)
    other = make_studio(provider="gemini")
    other.settings = replace(
        other.settings, prices=catalog.read_prices({"omni": {"720p": 0.01, "4k": 0.001}}, "here")[0]
    )
    other.jobs.settings = other.settings
    assert other.preview("A fox.", draft=True).request.resolution == "4k"
    assert other.generate("A fox.", draft=True).id == draft.id
    assert len(service.posts) == 1


def test_takes_have_seeds_of_their_own_and_a_rerun_keeps_its(studio, service):
    first = studio.generate("A fox.", draft=True).wait(30)
    second = studio.generate("A fox.", draft=True, take=2).wait(30)
    third = second.rerun().wait(30)
    assert third.is_draft
    seeds = [asked(post)[1] for post in service.posts]
    assert seeds[0] != seeds[1] == seeds[2]
    assert first.finalize().wait(30).request.seed == seeds[0]
    assert second.finalize().take == 2


def test_finals_are_paid_for_once_whoever_asks(make_studio, service):
    studio = make_studio(provider="gemini")
    draft = studio.generate("A fox.", draft=True).wait(30)
    final = draft.finalize()
    assert draft.finalize() is final
    final.wait(30)
    # Another kernel, and a cell from which --draft was taken away.
    other = make_studio(provider="gemini")
    assert other.job(draft.id).finalize().id == final.id
    assert other.generate("A fox.").id == final.id
    assert other.generate("A fox.", draft=True).id == draft.id
    assert len(service.posts) == 2


def test_a_draft_asked_for_without_draft_is_made_final_with_its_seed(studio, service):
    draft = studio.generate("A fox.", draft=True).wait(30)
    final = studio.generate("A fox.").wait(30)
    assert final.request.seed == draft.request.seed
    assert draft.final is final
    # Asked for anew it is another clip.
    assert studio.generate("A fox.", fresh=True).wait(30).request.seed is None
    assert len(service.posts) == 3


def test_what_was_made_in_full_before_stays_what_it_is(studio, service):
    full = studio.generate("A fox.").wait(30)
    draft = studio.generate("A fox.", draft=True).wait(30)
    assert studio.generate("A fox.") is full
    final = draft.finalize().wait(30)
    assert final is not full
    assert studio.generate("A fox.") is full
    assert full.rerun().wait(30).request.seed is None
    assert len(service.posts) == 4


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "fast"},
        # As much as in 720p.
        {"model": "standard", "resolution": "1080p"},
        {"model": "omni", "resolution": "360p"},
    ],
)
def test_where_nothing_is_cheaper_the_draft_is_the_clip_itself(studio, fields):
    job = studio.generate("A fox.", draft=True, **fields).wait(30)
    assert not job.is_draft
    assert job.request.seed is None
    assert studio.generate("A fox.", **fields) is job
    with pytest.raises(errors.InvalidRequest, match="is no draft"):
        job.finalize()


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        ({"model": "fast", "resolution": "4k"}, "720p"),
        # Of two that cost the same the one that is more like the final.
        ({"model": "standard", "resolution": "4k"}, "1080p"),
        ({"model": "omni-1.1", "resolution": "1080p"}, "360p"),
    ],
)
def test_which_resolution_a_draft_has(studio, fields, lines):
    assert studio.preview("A fox.", draft=True, duration_seconds=8, **fields).request.resolution == lines


@pytest.mark.parametrize("length", ["16:9", None, -3, 2.5, True])
def test_what_a_form_holds_need_not_be_right_to_say_what_a_draft_saves(length):
    values = {"model": "omni", "prompt": "", "duration_seconds": length, "resolution": "1080p"}
    found = find_saving(values, catalog.PROVIDERS["gemini"], catalog.PRICES)
    assert found is not None
    assert found.resolution == "360p"


def test_the_sound_of_a_draft_is_that_of_its_final(make_studio):
    studio = make_studio(provider="vertex", project="p", api_key="vertex-key")
    found = studio.preview("A fox.", draft=True, model="standard", resolution="4k").request
    assert found.generate_audio is None
    assert found.resolution in ("720p", "1080p")


def test_without_a_price_nobody_says_what_is_cheapest(studio, service):
    studio.jobs.settings = replace(studio.settings, prices=())
    with pytest.raises(errors.InvalidRequest, match="Nobody knows what the cheapest"):
        studio.generate("A fox.", draft=True)
    with pytest.raises(errors.InvalidRequest, match="draft can't be 'yes'"):
        studio.generate("A fox.", draft="yes")
    assert service.posts == []


def test_a_final_respects_the_budget_and_a_draft_fits_what_its_final_does_not(make_studio, service):
    studio = make_studio(provider="gemini", budget=0.5)
    draft = studio.generate("A fox.", draft=True).wait(30)
    assert not studio.jobs.preview(studio.jobs.drafts.full(draft)).fits
    with pytest.raises(errors.BudgetExceeded):
        draft.finalize()
    assert len(service.posts) == 1


def test_a_final_that_failed_is_asked_for_anew_and_one_whose_answer_was_lost_is_not(studio, service):
    draft = studio.generate("A fox.", draft=True).wait(30)
    service.submits = [httpx2.Response(400, json={"error": {"code": "invalid_request", "message": "No."}})]
    with pytest.raises(errors.VeoError):
        draft.finalize().wait(30)
    assert draft.final is None
    service.submits = [httpx2.ReadTimeout("lost")]
    lost = draft.finalize()
    with pytest.raises(errors.SubmissionUncertain):
        lost.wait(30)
    assert draft.finalize() is lost
    assert len(service.posts) == 3


def test_the_final_of_a_model_that_is_gone_is_refused_with_what_to_do(studio, service):
    draft = studio.generate("A fox.", draft=True, model="omni-1.1").wait(30)
    served = replace(catalog.PROVIDERS["gemini"], models=("gemini-omni-1.2-flash",))
    studio.jobs.settings = replace(studio.settings, provider=served)
    with pytest.raises(
        errors.InvalidRequest, match=r"does not serve Gemini Omni 1\.1.*gemini-omni-1\.2-flash"
    ):
        draft.finalize()
    assert len(service.posts) == 1


def test_a_draft_survives_the_ledger_and_its_loss(make_studio, service, tmp_path):
    studio = make_studio(provider="gemini")
    draft = studio.generate("A fox.", draft=True, resolution="1080p").wait(30)
    final = draft.finalize().wait(30)
    stored = draft.request.canonical()
    assert restore_request(stored, lambda *_: b"", "gemini") == draft.request
    studio.close()
    for path in (tmp_path / "library").glob("ledger*"):
        path.unlink()
    again = make_studio(provider="gemini")
    again.library.repair()
    found = again.job(draft.id)
    assert found.is_draft
    assert found.finalize().id == final.id
    assert len(service.posts) == 2


def test_the_table_of_a_sweep_says_what_was_made(studio):
    sweep = studio.sweep("A {{animal}}.", axes=AXES, draft=True, resolution="1080p").wait(30)
    sweep.finalize(cells=sweep.cells[:1])
    rows = dataframe.rows(sweep.wait(30).clips(), sweep.axes)
    assert [(row["resolution"], row.get("draft")) for row in rows] == [("1080p", None), ("360p", True)]


def test_the_final_of_a_change_goes_back_to_what_made_the_clip(studio, service):
    first = studio.generate("A fox.").wait(30)
    draft = first.video.edit("Make it snow", draft=True, resolution="1080p").wait(30)
    final = draft.finalize().wait(30)
    assert service.posts[2]["previous_interaction_id"] == first.operation
    assert final.request.edit == draft.request.edit
    assert draft.finalize() is final


def test_a_final_is_a_step_from_its_draft(studio):
    first = studio.generate("A fox.").wait(30)
    draft = first.video.edit("Make it snow", draft=True, resolution="1080p").wait(30)
    final = draft.finalize().wait(30)
    later = final.video.edit("At night").wait(30)
    assert draft.final_quote.usd == pytest.approx(final.estimate)
    links = studio.library.lineage(f"{final.id}/0")
    assert (f"{draft.id}/0", FINAL) in [(link.key, link.how) for link in links.came_from]
    links = studio.library.lineage(f"{draft.id}/0")
    assert [(link.key, link.how) for link in links.became] == [(f"{final.id}/0", FINAL)]
    for job in (first, draft, final, later):
        steps = studio.library.steps(f"{job.id}/0")
        assert [(step.key, step.parent, step.draft) for step in steps] == [
            (f"{first.id}/0", "", False),
            (f"{draft.id}/0", f"{first.id}/0", True),
            (f"{final.id}/0", f"{draft.id}/0", False),
            (f"{later.id}/0", f"{final.id}/0", False),
        ]


def test_the_final_of_a_draft_that_still_runs_can_be_asked_for(studio):
    draft = studio.generate("A fox.", draft=True)
    final = draft.finalize()
    assert (draft.wait(30).request.resolution, final.wait(30).request.resolution) == ("360p", None)


# Sweeps


AXES = {"animal": ["fox", "owl"]}


def test_a_sweep_of_drafts_says_what_its_finals_cost(studio):
    found = studio.sweeps.preview("A {{animal}}.", axes=AXES, draft=True).forecast
    assert (found.usd, found.usd_in_full) == (pytest.approx(2 * CHEAP), pytest.approx(2 * FULL))
    assert found.in_full == "all 2 in full about $1.39"
    found = studio.sweeps.preview("A {{animal}}.", axes=AXES).forecast
    assert (found.drafts, found.in_full) == (0, "")


def test_a_sweep_over_models_has_what_is_no_cheaper_as_it_is(studio):
    found = studio.sweeps.preview("A fox.", axes={"model": ["fast", "omni"]}, draft=True)
    assert [cell.request.is_draft for cell in found.plan.cells] == [False, True]
    assert found.plan.undrafted == 1
    assert found.forecast.in_full == "in full about $0.70"


def test_neither_drafts_nor_resolutions_of_drafts_are_an_axis(studio):
    with pytest.raises(errors.InvalidRequest, match="draft can't be an axis"):
        studio.sweep("A fox.", axes={"draft": [True, False]})
    with pytest.raises(errors.InvalidRequest, match="resolution is an axis"):
        studio.sweep("A fox.", axes={"resolution": ["720p", "1080p"]}, draft=True)


def test_chosen_cells_are_made_final_and_the_grid_has_them_after_a_restart(make_studio, service):
    studio = make_studio(provider="gemini")
    sweep = studio.sweep("A {{animal}}.", axes=AXES, draft=True).wait(30)
    fox, owl = sweep.cells
    draft = fox.job
    [final] = sweep.finalize(cells=[fox])
    final.wait(30)
    assert (fox.job, fox.draft, owl.draft) == (final, draft, None)
    assert sweep.summary().usd_in_all == pytest.approx(2 * CHEAP + FULL)
    with pytest.raises(errors.InvalidRequest, match="no draft here"):
        sweep.finalize(cells=[fox])
    # The same cell run again, and another kernel.
    assert studio.sweep("A {{animal}}.", axes=AXES, draft=True).cells[0].job is final
    again = make_studio(provider="gemini").sweeps.get(sweep.id)
    assert [cell.job.id for cell in again.cells] == [final.id, owl.job.id]
    assert len(service.posts) == 3
    # Another value is the same sweep, with its own seeds.
    more = studio.sweep("A {{animal}}.", axes={"animal": ["cat", "fox", "owl"]}, draft=True)
    assert more.id == sweep.id


def test_a_final_asked_for_elsewhere_takes_its_cell_over(studio):
    sweep = studio.sweep("A {{animal}}.", axes=AXES, draft=True).wait(30)
    heard: list[Any] = []
    sweep.on_change(heard.append)
    draft = sweep.cells[0].job
    final = draft.finalize().wait(30)
    assert sweep.cells[0].job is final
    assert sweep.cells[0].draft is draft
    assert heard
