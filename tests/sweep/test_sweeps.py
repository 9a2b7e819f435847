"""Sweeps in a studio: sent row by row, steered as one, found again, and never sent twice."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import threading
import time
import weakref
from typing import Any

import httpx2
import pytest
from PIL import Image

from tests.world import Held
from veo_nb import errors
from veo_nb.engine.job import WaitInterrupted
from veo_nb.store.ledger import Ledger
from veo_nb.store.sweeps import SweepLedger
from veo_nb.studio import Studio
from veo_nb.sweep import forecast
from veo_nb.sweep.results import Result
from veo_nb.sweep.sweep import Sweep

PROMPT = "A {{animal}} at {{time}}."
AXES = {"animal": ["fox", "owl"], "time": ["dawn", "dusk"]}
POLICY = httpx2.Response(400, json={"error": {"message": "content policy violation"}})
REFUSED = httpx2.Response(400, json={"error": {"message": "no"}})


def start(studio: Studio, prompt: str | None = PROMPT, axes: Any = None, **how: Any) -> Sweep:
    return studio.sweep(prompt, axes=axes or AXES, **how)


def sent(service) -> list[str]:
    return [post["instances"][0]["prompt"] for post in service.posts]


def wait_for(condition) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture
def ledger(tmp_path):
    """The library's ledger as another process has it open."""
    (tmp_path / "library").mkdir()
    ledger = Ledger(tmp_path / "library" / "ledger.sqlite")
    yield ledger
    ledger.close()


@pytest.fixture
def held(service):
    """The answer to the first submit, which keeps the only slot of a studio with `max_in_flight=1`."""
    service.submits = [Held()]
    return service.submits[0]


# Running


def test_it_is_sent_row_by_row_and_every_cell_gets_its_clip(make_studio, service):
    sweep = start(make_studio(max_in_flight=1)).wait(60)
    assert sent(service) == ["A fox at dawn.", "A fox at dusk.", "A owl at dawn.", "A owl at dusk."]
    assert [cell.state for cell in sweep.cells] == ["succeeded"] * 4
    assert [cell.labels for cell in sweep.cells][1] == {"animal": "fox", "time": "dusk"}
    assert all(cell.videos[0].path.exists() for cell in sweep.cells)
    assert (len(sweep), len(sweep.jobs), sweep.rows, sweep.columns) == (4, 4, "animal", "time")


def test_it_returns_at_once_and_all_of_it_is_on_disk(make_studio, held, ledger):
    sweep = start(make_studio(max_in_flight=1))
    assert [row.state for row in ledger.jobs()].count("queued") >= 3
    now = sweep.summary()
    assert now.waiting + now.running == 4
    held.give()
    sweep.wait(60)


async def test_it_can_be_awaited(studio):
    sweep = start(studio)
    assert await asyncio.wait_for(sweep, 60) is sweep
    assert sweep.summary().done == 4


def test_a_forbidden_combination_is_not_sent_and_says_why(studio, service):
    sweep = start(studio, "A fox.", {"resolution": ["720p", "1080p"], "duration": [4, 8]}).wait(60)
    cell = sweep.cell(resolution="1080p", duration_seconds=4)
    assert (cell.state, cell.job, cell.request) == ("forbidden", None, None)
    assert cell.reason == "1080p needs an 8 second clip; you asked for 4."
    assert len(service.posts) == 3
    assert (sweep.summary().total, sweep.summary().counts["forbidden"]) == (3, 1)


def test_nothing_is_sent_where_anything_is_wrong(studio, service, tmp_path):
    with pytest.raises(errors.InvalidRequest):
        start(studio, axes={**AXES, "image": ["none.png"]})
    assert (service.requests, (tmp_path / "library").exists()) == ([], False)


def test_without_a_key_nothing_is_written(make_studio, tmp_path):
    with pytest.raises(errors.AuthenticationError):
        start(make_studio(api_key=None))
    assert not (tmp_path / "library").exists()


def test_two_cells_of_the_same_request_share_one_job(studio, service):
    sweep = start(studio, None, {"prompt": ["A {{animal}}.", "A bear."], "animal": ["fox", "owl"]}).wait(60)
    assert len(sweep.cells) == 4
    assert sorted(sent(service)) == ["A bear.", "A fox.", "A owl."]
    assert sweep.cells[2].job is sweep.cells[3].job


def test_images_are_kept_so_that_it_can_go_on_after_a_restart(make_studio, service, held):
    pictures = [Image.new("RGB", (32, 18), colour) for colour in ("red", "blue")]
    first = make_studio(max_in_flight=1)
    start(first, "A walk.", {"image": pictures})
    assert held.asked.wait(10)
    held.give()
    first.close()
    second = make_studio()
    second.resume()
    (sweep,) = second.sweeps.all()
    sweep.wait(60)
    assert len({post["instances"][0]["image"]["bytesBase64Encoded"] for post in service.posts}) == 2


# Again


def test_the_same_sweep_sends_nothing_and_another_value_only_what_is_new(studio, service):
    first = start(studio).wait(60)
    again = start(studio)
    assert (again.id, again.jobs, len(service.posts)) == (first.id, first.jobs, 4)
    more = start(studio, axes={**AXES, "animal": ["fox", "bear", "owl"]}).wait(60)
    assert more.id == first.id
    assert sent(service)[4:] == ["A bear at dawn.", "A bear at dusk."]
    assert [sweep.id for sweep in studio.sweeps.all()] == [first.id]
    assert len(studio.sweeps.all()[0]) == 6


def test_another_prompt_is_another_sweep(studio):
    first, second = start(studio), start(studio, "The {{animal}} at {{time}}.")
    assert first.id != second.id
    assert [sweep.id for sweep in studio.sweeps.all()] == [second.id, first.id]


def test_a_cell_that_was_made_by_itself_is_part_of_the_sweep(studio, service):
    job = studio.generate("A fox at dawn.").wait(30)
    assert start(studio).wait(60).cells[0].job is job
    assert len(service.posts) == 4


def test_what_failed_or_was_blocked_is_asked_anew_when_it_is_started_again(make_studio, service):
    studio = make_studio(max_in_flight=1)
    service.submits = [REFUSED, POLICY]
    first = start(studio).wait(60)
    assert [cell.state for cell in first.cells] == ["failed", "blocked", "succeeded", "succeeded"]
    assert start(studio).wait(60).summary().done == 4
    assert len(service.posts) == 6


def test_fresh_asks_for_all_of_it_anew(studio, service):
    sweep = start(studio).wait(60)
    first = sweep.jobs
    assert start(studio, fresh=True) is sweep
    assert sweep.wait(60).summary().done == 4
    assert (len(service.posts), {*first} & {*sweep.jobs}) == (8, set())


def test_takes_are_cells_of_their_own(studio, service):
    sweep = start(studio, "A fox.", {"take": "1,2,3"}).wait(60)
    assert sent(service) == ["A fox."] * 3
    assert [cell.job.take for cell in sweep.cells if cell.job] == [1, 2, 3]


# Large ones


@pytest.fixture
def low(monkeypatch):
    monkeypatch.setattr(forecast, "ASK_ABOVE", 3)


def test_a_large_sweep_asks_with_its_cost(studio, service, low, tmp_path):
    with pytest.raises(errors.InvalidRequest) as caught:
        start(studio)
    assert str(caught.value) == (
        "This sweep asks for 4 clips, about $4.80. Nothing was sent. confirm=True goes ahead (--yes in a cell)."
    )
    assert (service.requests, (tmp_path / "library").exists()) == ([], False)
    assert start(studio, confirm=True).wait(60).summary().done == 4


def test_what_is_there_already_does_not_count(studio, low):
    start(studio, axes={"animal": ["fox"], "time": ["dawn", "dusk"]}).wait(60)
    assert start(studio).wait(60).summary().done == 4


def test_five_thousand_combinations_ask_before_anything_is_sent(studio, service):
    with pytest.raises(errors.InvalidRequest, match=r"asks for 5,000 clips, about \$6,000.00"):
        start(studio, "A fox.", {"seed": "1,2,...,1000", "take": "1,...,5"})
    assert service.requests == []


def test_the_budget_is_asked_once_for_the_whole_sweep(make_studio, service):
    """Four clips of 60 cents: that the first two would fit does not help."""
    studio = make_studio(budget=2.0)
    with pytest.raises(errors.BudgetExceeded, match=r"would cost about \$2.40, and about \$2.00 of the"):
        start(studio, duration_seconds=4)
    assert (service.posts, studio.history(), studio.sweeps.all()) == ([], [], [])
    studio.generate("A fox at dawn.", duration_seconds=4).wait(30)
    # What is there already is not paid again: three new clips and the first one are within 2.40.
    more = make_studio(budget=2.4)
    assert start(more, duration_seconds=4).wait(30).summary().done == 4
    assert len(service.posts) == 4


def test_a_clip_of_this_library_that_can_not_be_extended_is_said_before_anything_is_sent(
    make_studio, service
):
    studio = make_studio()
    clip = studio.generate("A fox.").wait(30).video
    long = dataclasses.replace(clip, duration=200.0, job_id="long")
    with pytest.raises(errors.InvalidRequest, match="can be extended"):
        start(studio, "It runs.", {"video": {"short": clip, "long": long}})
    assert [job.id for job in studio.history()] == [clip.job_id]


def test_samples_count_as_clips(studio):
    with pytest.raises(errors.InvalidRequest, match=r"asks for 120 clips"):
        start(studio, "A fox.", {"seed": "1,2,...,30"}, sample_count=4)


# A dry run


def test_a_preview_tells_all_of_it_and_writes_nothing(studio, service, tmp_path):
    preview = studio.sweeps.preview("A fox.", axes={"resolution": ["720p", "1080p"], "duration": [4, 8]})
    found = preview.forecast
    assert (found.requests, found.clips, found.stored, found.unpriced) == (3, 3, 0, 0)
    assert found.usd == pytest.approx(0.15 * 20)
    assert found.seconds == pytest.approx(45.0 * 5 ** (1 / 3), rel=0.01), "the slowest of three"
    assert [bool(cell.request) for cell in preview.plan.cells] == [True, True, False, True]
    assert (service.requests, (tmp_path / "library").exists()) == ([], False)


def test_a_preview_knows_what_is_there(studio):
    studio.generate("A fox at dusk.").wait(30)
    preview = studio.sweeps.preview(PROMPT, axes=AXES)
    assert (preview.forecast.requests, preview.forecast.stored, preview.stored) == (3, 1, {1})
    assert studio.sweeps.preview(PROMPT, axes=AXES, fresh=True).forecast.requests == 4


# Waiting


def test_cells_that_fail_raise_nothing_while_one_has_a_clip(studio, service):
    service.submits = [REFUSED, POLICY, REFUSED]
    assert start(studio).wait(60).summary().counts == {"failed": 2, "blocked": 1, "succeeded": 1}


def test_where_no_cell_has_a_clip_the_first_error_is_raised(studio, service):
    service.submits = [
        httpx2.Response(403, json={"error": {"message": "insufficient balance"}}) for _ in range(4)
    ]
    with pytest.raises(errors.PermissionDenied, match="insufficient balance"):
        start(studio).wait(60)


def test_a_wait_has_an_end_and_says_how_it_stands(make_studio, held):
    sweep = start(make_studio(max_in_flight=1))
    with pytest.raises(errors.WaitTimeout) as caught:
        sweep.wait(0.05)
    assert caught.value.message.startswith(f"Sweep {sweep.id} is not done after 0.05 s: 0 of 4 done · ")
    held.give()
    sweep.wait(60)


async def test_its_clips_come_one_by_one_as_they_are_done(make_studio, service, held):
    service.submits += [httpx2.Response(200, json={"name": "models/veo/operations/b"}), REFUSED]
    sweep = start(make_studio())
    came: list[Result] = []
    async for clip in sweep:
        if not came:
            # The first that was sent is the last to be answered.
            held.give()
        came.append(clip)
    assert [clip.cell.values for clip in came] != [cell.values for cell in sweep.cells]
    assert sorted(clip.cell.position for clip in came) == [0, 1, 2, 3]
    assert sum(clip.video is None and clip.state == "failed" for clip in came) == 1
    assert [clip async for clip in sweep] != []


async def test_clips_of_a_paused_sweep_do_not_come_for_ever(make_studio, service, held):
    sweep = start(make_studio(max_in_flight=1))
    wait_for(lambda: service.posts)
    sweep.pause()
    held.give()
    clips = aiter(sweep)
    assert (await anext(clips)).video is not None
    with pytest.raises(errors.InvalidRequest, match="paused"):
        await anext(clips)


async def test_an_await_that_is_cancelled_leaves_it_running(make_studio, held):
    sweep = start(make_studio(max_in_flight=1))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(sweep, 0.05)
    held.give()
    assert (await sweep).summary().done == 4


def test_interrupting_a_wait_leaves_it_running(make_studio, held, monkeypatch):
    sweep = start(make_studio(max_in_flight=1))

    def interrupt(timeout: float) -> None:
        raise KeyboardInterrupt

    for job in sweep.jobs:
        monkeypatch.setattr(job, "wait", interrupt)
    with pytest.raises(WaitInterrupted, match=f"Sweep {sweep.id} goes on in the background"):
        sweep.wait(60)
    monkeypatch.undo()
    held.give()
    assert sweep.wait(60).summary().done == 4


# Steering


def test_cancel_stops_all_that_is_not_done(make_studio, service, held):
    sweep = start(make_studio(max_in_flight=1))
    assert held.asked.wait(10)
    sweep.cancel()
    held.give()
    with pytest.raises(errors.Cancelled):
        sweep.wait(60)
    assert [cell.state for cell in sweep.cells] == ["cancelled"] * 4
    assert len(service.posts) == 1


def test_a_pause_holds_back_what_is_not_sent_and_lets_the_rest_go_on(make_studio, service, held):
    sweep = start(make_studio(max_in_flight=1))
    assert held.asked.wait(10)
    sweep.pause()
    held.give()
    wait_for(lambda: sweep.cells[0].state == "succeeded")
    assert (sweep.paused, sweep.summary().waiting, len(service.posts)) == (True, 3, 1)
    assert str(sweep.summary()) == "1 of 4 done · 3 paused · about $1.20 so far of $4.80"
    with pytest.raises(errors.InvalidRequest, match="is paused, and 3 of its clips wait"):
        sweep.wait(60)
    sweep.resume()
    assert sweep.wait(60).summary().done == 4
    assert not sweep.paused


def test_a_pause_during_a_wait_ends_it(make_studio, held, service):
    service.polls = [Held()]
    (poll,) = service.polls
    held.give()
    sweep = start(make_studio(max_in_flight=1))
    assert poll.asked.wait(10)

    def pause() -> None:
        sweep.pause()
        poll.give()

    threading.Timer(0.05, pause).start()
    with pytest.raises(errors.InvalidRequest, match="is paused"):
        sweep.wait(60)
    sweep.resume()
    sweep.wait(60)


def test_a_pause_lasts_over_a_restart(make_studio, service, held):
    first = make_studio(max_in_flight=1)
    sweep = start(first)
    assert held.asked.wait(10)
    sweep.pause()
    held.give()
    wait_for(lambda: sweep.cells[0].state == "succeeded")
    first.close()
    second = make_studio()
    second.resume()
    (same,) = second.sweeps.all()
    assert same.paused
    # Another job goes its whole way meanwhile.
    second.generate("A stone.").wait(30)
    assert len(service.posts) == 2
    same.resume()
    assert same.wait(60).summary().done == 4


def test_starting_a_paused_sweep_again_lets_it_go_on(make_studio, held):
    studio = make_studio(max_in_flight=1)
    sweep = start(studio)
    sweep.pause()
    held.give()
    assert not start(studio).paused
    assert sweep.wait(60).summary().done == 4


def test_rerun_asks_anew_for_what_failed_or_was_blocked_and_for_nothing_else(make_studio, service):
    service.submits = [REFUSED, POLICY, httpx2.ReadTimeout("no answer"), None]
    sweep = start(make_studio(max_in_flight=1)).wait(60)
    assert [cell.state for cell in sweep.cells] == ["failed", "blocked", "uncertain", "succeeded"]
    old = sweep.cells[0].job
    jobs = sweep.rerun()
    assert jobs == [sweep.cells[0].job, sweep.cells[1].job]
    assert sweep.cells[0].job is not old
    sweep.wait(60)
    assert [cell.state for cell in sweep.cells] == ["succeeded", "succeeded", "uncertain", "succeeded"]
    assert len(service.posts) == 6
    assert sweep.rerun() == []


def test_retry_fetches_what_was_made_and_sends_nothing(studio, service):
    service.polls = [httpx2.Response(401)]
    sweep = start(studio, axes={"animal": ["fox"], "time": ["dawn", "dusk"]}).wait(60)
    failed = next(cell for cell in sweep.cells if cell.state == "failed")
    job = failed.job
    sweep.retry()
    assert sweep.wait(60).summary().done == 2
    assert failed.job is job
    assert len(service.posts) == 2


def test_retry_of_a_sweep_never_pays(make_studio, service):
    service.submits = [REFUSED, POLICY, httpx2.ReadTimeout("no answer"), None]
    service.polls = [httpx2.Response(401)]
    sweep = start(make_studio(max_in_flight=1))
    with pytest.raises(errors.InvalidRequest):
        sweep.wait(60)
    assert [cell.state for cell in sweep.cells] == ["failed", "blocked", "uncertain", "failed"]
    assert sweep.retry() == [sweep.cells[3].job]
    assert sweep.retry(cells=sweep.cells[:3]) == []
    assert sweep.wait(60).summary().done == 1
    sweep.cells[3].videos[0].path.unlink()
    assert sweep.retry() == [sweep.cells[3].job]
    assert sweep.wait(60).cells[3].videos[0].path.exists()
    assert len(service.posts) == 4


def test_what_was_stopped_is_asked_anew_only_where_that_is_said(make_studio, service, held):
    sweep = start(make_studio(max_in_flight=1))
    assert held.asked.wait(10)
    sweep.cancel()
    held.give()
    with pytest.raises(errors.Cancelled):
        sweep.wait(60)
    assert sweep.rerun() == []
    assert len(sweep.rerun("cancelled")) == 4
    assert sweep.wait(60).summary().done == 4


def test_a_rerun_that_makes_no_sense_is_refused(make_studio, held):
    studio = make_studio(max_in_flight=1)
    sweep = start(studio)
    with pytest.raises(
        errors.InvalidRequest, match=r"are uncertain can't be asked anew\. It takes failed, blocked"
    ):
        sweep.rerun("uncertain")
    sweep.pause()
    with pytest.raises(errors.InvalidRequest, match="is paused"):
        sweep.rerun()
    sweep.resume()
    held.give()
    sweep.wait(60)


def test_a_large_rerun_asks_too(studio, service, low):
    service.submits = [REFUSED] * 4
    sweep = start(studio, confirm=True)
    with pytest.raises(errors.InvalidRequest):
        sweep.wait(60)
    with pytest.raises(errors.InvalidRequest, match="asks for 4 clips"):
        sweep.rerun()
    sweep.rerun(confirm=True)
    assert sweep.wait(60).summary().done == 4


# Found again


def test_a_sweep_is_found_by_its_id_with_all_that_it_had(make_studio, service):
    first = make_studio()
    before = start(first, axes={**AXES, "take": [1, 2]}, rows="take", resolution="720p").wait(60)
    first.close()
    after = make_studio().sweeps.get(before.id.upper())
    assert (after.prompt, after.rows, after.columns) == (PROMPT, "take", "animal")
    assert after.axes == before.axes
    assert after.fixed == before.fixed
    assert [cell.values for cell in after.cells] == [cell.values for cell in before.cells]
    assert [cell.videos for cell in after.cells] == [cell.videos for cell in before.cells]
    assert str(after.summary()) == str(before.summary())
    assert after.wait(60) is after
    assert len(service.posts) == 8


def test_after_its_studio_was_closed_it_can_still_be_looked_at_and_rated(make_studio):
    first = make_studio()
    sweep = start(first).wait(60)
    first.close()
    assert sweep.summary().done == 4
    sweep.rate(sweep.cells[0], 5)
    assert make_studio().sweeps.get(sweep.id).rating(sweep.cells[0]).rating == 5
    with pytest.raises(errors.VeoError, match="studio is closed"):
        sweep.pause()


def test_an_id_that_is_not_there_says_so(studio):
    with pytest.raises(errors.NotFound, match="No sweep has been made here yet"):
        studio.sweeps.get("s3f2a")
    sweep = start(studio).wait(60)
    with pytest.raises(errors.NotFound, match=f"Did you mean {sweep.id}"):
        studio.sweeps.get(sweep.id[:-1] + "0")
    assert (len(sweep.id), sweep.id[0]) == (5, "s")


def test_a_restart_goes_on_with_it(make_studio, service, held):
    first = make_studio(max_in_flight=1)
    before = start(first)
    assert held.asked.wait(10)
    held.give()
    first.close()
    second = make_studio()
    assert len(second.resume()) >= 3
    assert second.sweeps.get(before.id).wait(60).summary().done == 4
    assert len(service.posts) == 4


def test_a_kernel_that_ends_while_it_enters_the_jobs_is_followed_by_one_that_enters_the_rest(
    make_studio, service, monkeypatch
):
    first = make_studio()
    ledger = first.jobs.workspace.open().ledger
    real = ledger.add_job
    entered: list[Any] = []

    class Killed(BaseException):
        pass

    def enter(row, **how):
        if len(entered) == 2:
            raise Killed
        entered.append(row)
        return real(row, **how)

    ledger.add_job = enter
    with monkeypatch.context() as patch:
        # What a killed process does not do any more.
        patch.setattr(SweepLedger, "mark", lambda *_, **__: None)
        patch.setattr(first.jobs, "_withdraw", lambda *_: True)
        with pytest.raises(Killed):
            start(first)
    first.close()
    second = make_studio()
    second.resume()
    (sweep,) = second.sweeps.all()
    assert sweep.wait(60).summary().done == 4
    assert sorted(sent(service)) == ["A fox at dawn.", "A fox at dusk.", "A owl at dawn.", "A owl at dusk."]
    assert second.resume() == []


@pytest.mark.parametrize("kind", [KeyboardInterrupt, errors.VeoError])
def test_where_the_entering_does_not_end_none_is_sent(make_studio, service, monkeypatch, kind):
    first = make_studio()
    ledger = first.jobs.workspace.open().ledger
    real = ledger.add_job
    entered: list[Any] = []

    def enter(row, **how):
        if len(entered) == 3:
            raise kind("No more.")
        entered.append(row)
        return real(row, **how)

    monkeypatch.setattr(ledger, "add_job", enter)
    with pytest.raises(kind):
        start(first)
    monkeypatch.undo()
    # Nor does an empty one stay in the list.
    assert (first.history(), first.sweeps.all(), first.resume(), service.posts) == ([], [], [], [])
    sweep = start(first).wait(60)
    assert (sweep.summary().done, len(service.posts)) == (4, 4)


def test_where_new_values_are_not_entered_the_sweep_is_what_it_was(studio, service, monkeypatch):
    sweep = start(studio).wait(60)
    ledger = studio.jobs.workspace.open().ledger

    def enter(row, **how):
        raise KeyboardInterrupt

    monkeypatch.setattr(ledger, "add_job", enter)
    with pytest.raises(KeyboardInterrupt):
        start(studio, axes={**AXES, "animal": ["fox", "owl", "bear"]})
    monkeypatch.undo()
    assert studio.sweeps.all() == [sweep]
    assert (sweep.summary().counts, sweep.axes[0].labels) == ({"succeeded": 4}, ("fox", "owl"))
    assert studio.resume() == []
    assert len(service.posts) == 4


def test_however_often_it_is_asked_for_it_is_one_object(studio, service):
    sweep = start(studio).wait(60)
    assert studio.sweeps.get(sweep.id) is sweep
    assert studio.sweeps.all() == [sweep]
    assert start(studio) is sweep
    # Asked for otherwise than through the sweep.
    newer = studio.jobs.rerun(sweep.jobs[0].id).wait(30)
    assert studio.sweeps.get(sweep.id).jobs[0] is newer
    more = start(studio, axes={"animal": ["fox", "owl", "hen"], "time": ["dawn", "dusk"]})
    assert (more.id, len(more), len(sweep)) == (sweep.id, 6, 4)
    assert studio.sweeps.get(sweep.id) is more


def test_nobody_holds_it_for_ever(studio, service):
    sweep = start(studio).wait(60)
    remove = sweep.on_change(print)
    remove()
    gone = weakref.ref(sweep)
    del sweep, remove
    gc.collect()
    assert gone() is None


# Listening


def test_a_listener_hears_which_cells_have_changed_and_nothing_after_it_was_removed(make_studio, held):
    studio = make_studio(max_in_flight=1)
    sweep = start(studio)
    changes: list[str] = []
    remove = sweep.on_change(lambda cells: changes.extend(f"{c.labels['animal']} {c.state}" for c in cells))
    held.give()
    sweep.wait(60)
    wait_for(lambda: changes.count("owl succeeded") >= 2)
    assert "fox running" in changes
    library = studio.jobs.workspace.changed
    before = len(library)
    remove()
    assert len(library) == before - 1
    changes.clear()
    sweep.rate(sweep.cells[0], 5)
    assert changes == []


def test_ratings_pauses_and_reruns_are_heard_too(make_studio, service):
    service.submits = [REFUSED]
    sweep = start(make_studio(max_in_flight=1)).wait(60)
    changes: list[int] = []
    remove = sweep.on_change(lambda cells: changes.append(len(cells)))
    # That all may have changed is heard as well, every two seconds of real time, of which this may take any number.
    sweep.rate(sweep.cells[1], 5)
    assert 1 in changes
    changes.clear()
    sweep.pause()
    sweep.resume()
    assert changes.count(4) >= 2
    changes.clear()
    sweep.rerun()
    sweep.wait(60)
    wait_for(lambda: len(changes) > 3)
    remove()
    assert len(sweep.changed) == 0


def test_a_listener_that_breaks_stops_nothing(studio, caplog):
    def break_down(cells) -> None:
        raise ValueError

    sweep = start(studio)
    remove = sweep.on_change(break_down)
    assert sweep.wait(60).summary().done == 4
    assert "a listener of sweep" in caplog.text
    remove()


def test_its_repr_says_how_it_stands(studio):
    sweep = start(studio).wait(60)
    assert repr(sweep) == f"<Sweep {sweep.id}: 2 animal × 2 time · 4 of 4 done · about $4.80>"  # noqa: RUF001
    assert repr(sweep.cells[0]) == "<Cell animal=fox, time=dawn: succeeded>"


def test_a_cell_is_found_by_its_values(studio):
    sweep = start(studio, "A fox, seed {{seed}}.", {"seed": [1, 2]}).wait(60)
    assert sweep.cell(seed=2) is sweep.cell(seed="2") is sweep.cells[1]
    for wrong in ({"seed": 3}, {"sed": 1}, {}):
        with pytest.raises(errors.NotFound, match="cells of sweep"):
            sweep.cell(**wrong)
