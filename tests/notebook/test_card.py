"""The live card: what it shows, how often, what it answers, and that it lets go of its job at the end."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.notebook.test_display import HOSTILE, make_job, make_video
from tests.notebook.test_protocol import mismatch
from tests.notebook.test_text import NOW
from tests.world import PROVIDER, Time
from veo_nb import catalog, errors
from veo_nb.engine.job import Job, JobNote
from veo_nb.engine.providers.latency import Latency
from veo_nb.notebook import card as widgets
from veo_nb.notebook.card import JobView, make_card
from veo_nb.notebook.clip import output
from veo_nb.notebook.live import PROGRESS_SECONDS, PUSH_SECONDS, let_clicks_through
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import Card, Estimate, Reply, Transfer, to_json
from veo_nb.store.rows import State

SANDBOX = catalog.PROVIDERS["sandbox"]


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path, tmp_path, "/base/")


@pytest.fixture
def video(tmp_path, clip):
    path = tmp_path / "veo library" / "fox.mp4"
    path.parent.mkdir()
    path.write_bytes(clip)
    return make_video(path)


@pytest.fixture
def time() -> Time:
    return Time()


class Seen(JobView):
    """A view that keeps what it sends to the browser."""

    def __init__(self, *arguments, **options) -> None:
        self.sent: list[dict[str, Any]] = []
        self.buffers: list[list[bytes]] = []
        self.pushed: list[dict[str, Any]] = []
        super().__init__(*arguments, **options)
        self.observe(lambda change: self.pushed.append(change["new"]), "card")

    def send(self, content, buffers=None):
        self.sent.append(content)
        self.buffers.append(buffers or [])


@pytest.fixture
def job() -> Job:
    return make_job(state=State.RUNNING, submitted_at=NOW, operation="op")


@pytest.fixture
def view(job, place, time, shell):
    """The view of the running job."""
    view = Seen(job, place, time.clock)
    yield view
    view.close()


# The card


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("provider", [PROVIDER, SANDBOX], ids=lambda provider: provider.name)
def test_a_card_is_what_the_protocol_says_in_every_state(place, state, provider):
    error = errors.OperationFailed("No.") if state.final and state is not State.SUCCEEDED else None
    job = make_job(state=state, provider=provider, error=error, submitted_at=NOW, received=5, total=10)
    card = make_card(job, place, "")
    assert mismatch(card, Card) == []
    assert card.actions == (["rerun"] if state is State.BLOCKED else [] if state.final else ["cancel"])
    assert card.tag == ("sandbox" if provider is SANDBOX else "")


KINDS = ["slot", "rate", "asked", "offline", "down", "starting", "elsewhere", "stopping"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_is_what_the_protocol_says_whatever_the_job_waits_for(place, kind):
    job = make_job(state=State.RUNNING, note=JobNote(kind=kind, until=NOW, since=NOW, count=2))
    assert mismatch(make_card(job, place, ""), Card) == []


@given(st.text(min_size=1).filter(str.strip))
def test_a_card_carries_every_text_as_it_is(prompt):
    job = make_job(prompt, State.FAILED, error=errors.OperationFailed(prompt))
    card = json.loads(json.dumps(to_json(make_card(job, Place(Path("/srv")), ""))))
    assert card["prompt"] == prompt
    assert prompt.strip() in card["line"][0]


@pytest.mark.parametrize("prompt", HOSTILE)
def test_a_hostile_prompt_is_only_text_to_the_card(place, prompt):
    assert make_card(make_job(prompt, State.QUEUED), place, "").prompt == prompt


def test_progress_is_guessed_while_it_runs_and_counted_while_it_downloads(place):
    running = make_job(state=State.RUNNING, submitted_at=NOW, latency=Latency.around(45.0))
    assert make_card(running, place, "").progress == Estimate(since=NOW, usual=45.0, slope=3.0)
    coming = make_job(state=State.DOWNLOADING, received=3, total=9)
    assert make_card(coming, place, "").progress == Transfer(done=3, total=9)
    for job in (make_job(state=State.QUEUED), make_job(state=State.DOWNLOADING, received=3), make_job()):
        assert make_card(job, place, "").progress is None


def test_a_finished_card_has_its_video_for_a_page_that_was_reloaded(place, video):
    card = make_card(make_job(videos=(video,), submitted_at=NOW, generated_at=NOW + 72), place, "")
    (clip,) = card.videos
    assert clip.url == "/base/files/veo%20library/fox.mp4"
    assert (clip.path, clip.label) == ("veo library/fox.mp4", "")
    assert card.line == ["Made in 1:12", "about $3.20", "veo library/fox.mp4"]
    assert card.cost == ""


def test_several_samples_have_labels(place, video):
    second = make_video(video.path, 1)
    card = make_card(make_job(videos=(video, second)), place, "")
    assert [clip.label for clip in card.videos] == ["sample 1", "sample 2"]


def test_bytes_of_a_video_never_go_into_a_card(place, video):
    assert len(json.dumps(to_json(make_card(make_job(videos=(video,)), place, "")))) < 100_000


def test_the_backdrop_is_the_input_image(place, time, shell):
    job = make_job(state=State.QUEUED, fields={"image": Image.new("RGB", (64, 64), "teal")})
    view = Seen(job, place, time.clock)
    assert view.card["backdrop"].startswith("data:image/jpeg;base64,")
    view.close()


# Pushing


async def test_a_step_is_pushed_soon_and_how_far_it_is_once_a_second(view, job, time, monkeypatch):
    later = []

    def keep(wait, call) -> bool:
        later.append((wait, call))
        return True

    monkeypatch.setattr(view, "_later", keep)
    for received in range(1, 50):
        job.change(latency=Latency.around(float(received)))
    assert (view.pushed, [wait for wait, _ in later]) == ([], [PROGRESS_SECONDS]), "it has just been opened"
    time.now += PROGRESS_SECONDS
    later.pop()[1]()
    assert [card["progress"]["usual"] for card in view.pushed] == [49.0]
    job.change(latency=Latency.around(50.0))
    job.change(state=State.DOWNLOADING)
    assert [wait for wait, _ in later] == [PROGRESS_SECONDS, PUSH_SECONDS]
    time.now += PUSH_SECONDS
    later.pop()[1]()
    assert [card["state"] for card in view.pushed] == ["running", "downloading"]
    later.pop()[1]()
    assert len(view.pushed) == 2, "it was pushed already"
    time.now += PUSH_SECONDS
    job.change(note=JobNote(kind="stopping", until=NOW, since=NOW, count=2))
    assert (len(view.pushed), later) == (3, [])
    time.now -= 3600
    job.change(latency=Latency.around(51.0))
    assert later[0][0] == PROGRESS_SECONDS, "an hour, after the clock was set back by one"


def test_a_page_is_told_what_has_changed_and_the_rest_once(view, job):
    opened = {**view.opened}
    job.change(state=State.DOWNLOADING, received=3, total=9)
    assert view.opened == opened
    assert set(view.changed) == {"state", "line", "progress"}
    assert {**view.opened, **view.changed} == view.card
    assert {"opened", "changed"} <= set(view.keys)
    assert "card" not in view.keys


def test_a_still_comes_when_it_is_asked_for(place, time, shell, video):
    view = Seen(make_job(state=State.SUCCEEDED, videos=(video,)), place, time.clock)
    command = {"kind": "poster", "id": "k1", "payload": {"video": 0}}
    view._handle_custom_msg(command, [])
    view._handle_custom_msg({**command, "payload": {"video": 1}}, [])
    assert [one.get("ok", one.get("error", {}).get("code")) for one in view.sent] == [
        {"kind": "image/webp"},
        "not_found",
    ]
    assert view.buffers[0][0].startswith(b"RIFF")
    view.close()


async def test_the_end_is_pushed_at_once(view, job):
    job.change(latency=Latency.around(1.0))
    job.change(state=State.CANCELLED, error=errors.Cancelled("Stopped."))
    assert view.pushed[-1]["state"] == "cancelled"


def test_a_change_outside_the_loop_is_pushed_too(view, job):
    job.change(latency=Latency.around(1.0))
    job.change(latency=Latency.around(2.0))
    assert view.pushed[-1]["progress"]["usual"] == 2.0


def test_each_push_is_a_snapshot_of_its_own(view, job):
    job.change(latency=Latency.around(1.0))
    job.change(latency=Latency.around(2.0))
    assert view.pushed[0] is not view.pushed[1]


# Who removes the listener


def test_it_listens_until_the_job_is_over(view, job):
    assert len(job.changed) == 1
    job.change(state=State.CANCELLED, error=errors.Cancelled("Stopped."))
    assert len(job.changed) == 0


def test_a_view_of_a_job_that_is_over_listens_to_nothing(place, time, shell):
    job = make_job(state=State.CANCELLED, error=errors.Cancelled("Stopped."))
    view = Seen(job, place, time.clock)
    view._changed(job)
    assert len(job.changed) == 0
    view.close()


def test_a_job_that_ends_while_its_view_is_made_is_seen_to_have_ended(place, time, shell, monkeypatch):
    """Between the first look at its state and the listening."""
    job = make_job(state=State.RUNNING)
    listen = job.on_change

    def too_late(listener):
        job.change(state=State.CANCELLED, error=errors.Cancelled("Stopped."))
        return listen(listener)

    monkeypatch.setattr(job, "on_change", too_late)
    view = Seen(job, place, time.clock)
    assert view.card["state"] == "cancelled"
    assert len(job.changed) == 0
    view.close()


def test_a_view_that_was_closed_hears_nothing_more(view, job):
    view.close()
    assert len(job.changed) == 0
    job.change(latency=Latency.around(1.0))
    assert view.pushed == []


# The finished output


def test_shown_the_card_gives_way_to_the_video_in_the_same_output(view, job, shell, video):
    view.show()
    (first, update), *rest = shell.display_pub.outputs
    assert "application/vnd.jupyter.widget-view+json" in first
    assert (update, rest) == (False, [])
    job.change(state=State.DOWNLOADING)
    job.change(state=State.SUCCEEDED, videos=(video,))
    (data, update) = shell.display_pub.outputs[-1]
    assert update
    assert 'src="veo%20library/fox.mp4"' in data["text/html"]
    assert len(shell.display_pub.outputs) == 2


def test_a_job_that_ended_before_the_card_was_shown_is_shown_finished(view, job, shell):
    job.change(state=State.CANCELLED, error=errors.Cancelled("Stopped."))
    view.show()
    assert "Stopped" in shell.display_pub.outputs[-1][0]["text/html"]


# A blocked job, and another try


class Studio:
    """Makes jobs as asked for again, each on its way."""

    def __init__(self) -> None:
        self.made: list[Job] = []

    def attend(self, job: Job) -> None:
        pass

    def model_name(self, job: Job) -> str:
        return catalog.short_name(job.request.model, job.provider, job.provider)

    def price_note(self, job: Job) -> str:
        return ""

    def cancel(self, job: Job) -> None:
        raise AssertionError

    def extend(self, video: Any, prompt: str, **fields: Any) -> Job:
        raise AssertionError

    def retry(self, job_id: str) -> Job:
        raise AssertionError

    def resubmit(self, job_id: str) -> Job:
        raise AssertionError

    def rerun(self, job_id: str) -> Job:
        job = make_job(state=State.QUEUED, actions=self)
        job.id = f"9c0{len(self.made) + 1}"
        self.made.append(job)
        return job


BLOCKED = {"state": State.BLOCKED, "error": errors.ContentBlocked("Loud noise.")}
REACHED = {"kind": "reached", "id": "k9", "payload": {"plays": True, "apart": False}}
PRESS = {"kind": "rerun", "id": "k6", "payload": {}}


class Blocked:
    """A shown card whose job the filter has just refused; `timers` are what would be done later."""

    def __init__(self, place, clock, shell) -> None:
        self.studio = Studio()
        self.job = make_job(actions=self.studio, state=State.RUNNING, submitted_at=NOW, operation="op")
        self.replaced: list[tuple[Job, Job]] = []
        self.timers: list[tuple[float, Any]] = []
        self.called_off: list[Any] = []
        self.outputs = shell.display_pub.outputs

        def later(seconds, action):
            self.timers.append((seconds, action))
            return lambda: self.called_off.append(action)

        self.view = Seen(
            self.job, place, clock, replaced=lambda *both: self.replaced.append(both), later=later
        )
        self.view.show()

    @property
    def shown(self) -> dict[str, Any]:
        """The bundle under the cell, as it is now."""
        data: dict[str, Any] = self.outputs[-1][0]
        return data


WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def blocked(place, time, shell):
    one = Blocked(place, time.clock, shell)
    yield one
    one.view.close()


def test_where_a_page_is_alive_a_blocked_job_keeps_its_card_with_a_button(blocked):
    tell(blocked.view, {"kind": "clock", "id": "k1", "payload": {}})
    blocked.job.change(**BLOCKED)
    assert blocked.view.card["actions"] == ["rerun"]
    assert 'filter: "Loud noise". ' in blocked.view.card["line"][0]
    assert "The filter varies: Try again, or change the prompt" in blocked.view.card["line"][0]
    assert WIDGET in blocked.shown
    # For who reads the file without a kernel.
    assert "run the cell again, or change the prompt" in blocked.shown["text/html"]
    assert "run the cell again, or change the prompt" in blocked.shown["text/plain"]


def test_where_nobody_looks_a_blocked_job_ends_as_words(blocked):
    blocked.job.change(**BLOCKED)
    assert WIDGET not in blocked.shown
    assert "run the cell again, or change the prompt" in blocked.shown["text/html"]
    assert blocked.timers == []


def test_a_page_that_comes_a_moment_later_gets_the_button(blocked):
    blocked.job.change(**BLOCKED)
    tell(blocked.view, {"kind": "clock", "id": "k1", "payload": {}})
    assert WIDGET in blocked.shown
    assert len(blocked.timers) == 1


def test_the_button_is_there_for_a_while_since_a_card_outlives_its_kernel_as_an_error(blocked):
    tell(blocked.view, {"kind": "clock", "id": "k1", "payload": {}})
    blocked.job.change(**BLOCKED)
    ((seconds, withdraw),) = blocked.timers
    assert seconds == widgets.AGAIN_SECONDS
    withdraw()
    assert WIDGET not in blocked.shown
    assert "run the cell again" in blocked.shown["text/html"]


def test_try_again_has_another_job_take_the_place(blocked, video):
    tell(blocked.view, {"kind": "clock", "id": "k1", "payload": {}})
    blocked.job.change(**BLOCKED)
    assert tell(blocked.view, PRESS) == {"kind": "reply", "id": "k6", "ok": {}}
    (new,) = blocked.studio.made
    assert blocked.replaced == [(blocked.job, new)]
    assert (blocked.view.card["id"], blocked.view.card["actions"]) == (new.id, ["cancel"])
    assert len(blocked.called_off) == 1
    count = len(blocked.outputs)
    new.change(state=State.SUBMITTING)
    assert blocked.view.card["state"] == "submitting"
    assert len(blocked.outputs) == count
    # The timer was on its way already.
    blocked.timers[0][1]()
    assert len(blocked.outputs) == count
    for state in (State.RUNNING, State.DOWNLOADING):
        new.change(state=state)
    new.change(state=State.SUCCEEDED, videos=(video,))
    tell(blocked.view, REACHED)
    assert "<video" in blocked.shown["text/html"]
    assert len(new.changed) == 0


def test_it_can_be_blocked_and_tried_again_and_again(blocked):
    tell(blocked.view, {"kind": "clock", "id": "k1", "payload": {}})
    blocked.job.change(**BLOCKED)
    tell(blocked.view, PRESS)
    blocked.studio.made[0].change(**BLOCKED)
    assert WIDGET in blocked.shown
    tell(blocked.view, PRESS)
    assert blocked.view.card["id"] == "9c02"


def test_pressed_twice_it_is_asked_for_once(blocked):
    blocked.job.change(**BLOCKED)
    tell(blocked.view, PRESS)
    assert tell(blocked.view, PRESS)["error"]["message"] == "Job 9c01 is queued."
    assert len(blocked.studio.made) == 1


def test_what_stands_in_the_way_is_said_and_the_button_stays(blocked):
    def refuse(job_id):
        raise errors.BudgetExceeded("It would go over the budget.", hint="Raise it first.")

    blocked.studio.rerun = refuse
    blocked.job.change(**BLOCKED)
    assert tell(blocked.view, PRESS)["error"]["code"] == "budget"
    assert blocked.view.card["actions"] == ["rerun"]
    assert blocked.replaced == []


def test_a_timer_does_what_it_is_told_unless_it_is_called_off():
    done = threading.Event()
    output.on_timer(0.0, done.set)
    assert done.wait(10)
    never = threading.Event()
    output.on_timer(3600.0, never.set)()
    assert not never.is_set()


# Messages


def tell(view, content) -> Any:
    view._handle_custom_msg(content, [])
    (answer,) = view.sent
    view.sent.clear()
    assert mismatch(json.loads(json.dumps(answer)), Reply) == []
    return answer


def test_cancel_cancels_and_is_answered(view, job, monkeypatch):
    asked: list[Job] = []
    monkeypatch.setattr(job, "cancel", lambda: asked.append(job))
    assert tell(view, {"kind": "cancel", "id": "k1", "payload": {}}) == {
        "kind": "reply",
        "id": "k1",
        "ok": {},
    }
    assert asked == [job]


def test_clock_says_the_kernels_time(view, time):
    assert tell(view, {"kind": "clock", "id": "k2", "payload": {}})["ok"] == {"now": time.now}


@pytest.mark.parametrize(
    "content", [{}, [], "cancel", None, {"kind": "format-disk", "id": "k3", "payload": {}}]
)
def test_anything_else_is_answered_with_an_error(view, content):
    assert tell(view, content)["error"]["code"] == "invalid_request"


def test_a_wish_that_cannot_be_granted_is_answered_with_the_reason(view, job, monkeypatch):
    def refuse():
        raise errors.InvalidRequest("It is made elsewhere.", hint="Stop it there.")

    monkeypatch.setattr(job, "cancel", refuse)
    assert tell(view, {"kind": "cancel", "id": "k4", "payload": {}}) == {
        "kind": "reply",
        "id": "k4",
        "error": {"code": "invalid_request", "message": "It is made elsewhere.", "hint": "Stop it there."},
    }


def test_a_mistake_of_ours_is_answered_too(view, job, monkeypatch, caplog):
    def breaks():
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(job, "cancel", breaks)
    answer = tell(view, {"kind": "cancel", "id": "k5", "payload": {}})
    assert answer["error"]["message"] == "ZeroDivisionError: oops"
    assert "broke" in caplog.text


class Comm:
    """As ipykernel 7.4 has it, with a subshell of its own choice."""

    def _reply_subshell_for(self, data: Any = None, default: Any = None) -> Any:
        return "the busy one"


@pytest.mark.parametrize("comm", [Comm(), object(), None])
def test_a_click_goes_to_the_shell_that_the_browser_chose(comm):
    view: Any = SimpleNamespace(comm=comm)
    let_clicks_through(view)
    if isinstance(comm, Comm):
        assert comm._reply_subshell_for({}, "the free one") == "the free one"


def test_a_job_may_change_on_another_thread_while_its_view_is_made_and_shown(place, shell):
    """Nothing is lost and nothing is left listening, whatever comes first."""
    for _ in range(20):
        job = make_job(state=State.RUNNING)
        start = threading.Barrier(2)

        def end(job=job, start=start) -> None:
            start.wait()
            job.change(latency=Latency.around(1.0))
            job.change(state=State.CANCELLED, error=errors.Cancelled("Stopped."))

        thread = threading.Thread(target=end)
        thread.start()
        start.wait()
        view = Seen(job, place)
        view.show()
        thread.join()
        assert view.card["state"] == "cancelled"
        assert "Stopped" in shell.display_pub.outputs[-1][0]["text/html"]
        assert len(job.changed) == 0
        view.close()
