"""Waiting in a cell, and what goes on meanwhile."""

from __future__ import annotations

import pytest

from tests.kernel.kernel import Kernel
from tests.kernel.sandbox import Sandbox, submits

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def slow_sandbox(tmp_path_factory):
    with Sandbox(tmp_path_factory.mktemp("sandbox"), latency=5) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def slow(tmp_path_factory, slow_sandbox):
    """One kernel for all: each test has a job of its own."""
    with Kernel(tmp_path_factory.mktemp("notebook"), **slow_sandbox.environment) as kernel:
        kernel.run("%load_ext veo_nb")
        yield kernel


@pytest.fixture
def prompt(request):
    return f"A fox crosses a frozen lake: {request.node.name}."


@pytest.fixture
def card(slow, prompt):
    """The cell of a job that takes 5 seconds, bound to `job`; it does not outlive its test."""
    card = slow.run(f"%%veo -d 4 --out job\n{prompt}")
    assert card.failure is None, card.failure
    yield card
    slow.run("job.cancel()")


def hold(slow, card, slow_sandbox):
    """Stop the provider once it has taken the job, so that this one runs for as long as the test likes."""
    _, widget = slow.widget(card)
    slow.until(lambda: widget.card["state"] == "running")
    slow_sandbox.hold()


def test_wait_returns_when_the_video_is_there(slow, card):
    cell = slow.run("%veo wait")
    assert cell.failure is None
    assert slow.value("job.status, job.video.path.exists()") == "succeeded True"
    assert "<video" in card.html


@pytest.mark.parametrize("wait", ["%veo wait", "job.wait()"])
def test_interrupting_a_wait_leaves_the_job_running_and_says_so(slow, card, wait, slow_sandbox, prompt):
    hold(slow, card, slow_sandbox)
    waiting = slow.begin(wait)
    slow.listen(1)
    assert not waiting.done
    slow.interrupt()
    slow.until(lambda: waiting.done, why="the interrupt did not end the wait")
    slow_sandbox.go_on()
    said = waiting.shown + (waiting.failure.value if waiting.failure else "")
    assert "goes on" in said
    assert not (waiting.failure and len(waiting.failure.traceback) > 1)
    slow.until(lambda: "<video" in card.html, why="the job did not go on")
    assert slow.value("job.status") == "succeeded"
    assert len(slow_sandbox.sent(prompt)) == 1


def test_an_interrupt_does_not_reach_the_sandbox_that_the_kernel_started(kernel, data):
    """Jupyter interrupts a kernel's whole process group."""
    kernel.run("%load_ext veo_nb")
    card = kernel.run("%%veo -d 4\nA fox.")
    kernel.until(lambda: submits(data))
    waiting = kernel.begin("%veo wait")
    kernel.listen(0.5)
    kernel.interrupt()
    kernel.until(lambda: waiting.done)
    kernel.until(lambda: "<video" in card.html, why="the sandbox ended with the wait")
    assert len(submits(data)) == 1


def test_the_notebooks_own_tasks_go_on_during_a_wait(slow, card):
    slow.run("""
        import asyncio
        beats = 0

        async def beat():
            global beats
            while True:
                beats += 1
                await asyncio.sleep(0.05)

        task = asyncio.ensure_future(beat())
    """)
    beats_meanwhile = int(slow.run("before = beats\njob.wait()\nprint(beats - before)").stdout)
    # About 60 in the 3 seconds that are left at least; a wait that blocks the loop hears none.
    assert beats_meanwhile > 20


def test_a_job_can_be_awaited(slow, card):
    cell = slow.run("done = await job\nprint(done is job, done.status)")
    assert cell.stdout.strip() == "True succeeded"


def test_a_wait_with_a_timeout_ends_and_the_job_goes_on(slow, card):
    cell = slow.run("job.wait(timeout=0.5)")
    assert cell.failure
    assert cell.failure.name == "WaitTimeout"
    assert len(cell.failure.traceback) == 1
    slow.until(lambda: "<video" in card.html)


def test_show_puts_a_job_under_another_cell(slow, card):
    slow.run("%veo wait")
    cell = slow.run(f"%veo show {slow.value('job.id')}")
    assert "<video" in cell.html


# From here on jobs are cancelled, whose clips the sandbox makes all the same: who comes after them waits.


@pytest.mark.parametrize("wait", ["%veo wait", "job.wait()"])
def test_cancel_in_the_card_works_during_a_wait(slow, card, wait, slow_sandbox):
    subshell = slow.subshell()
    if subshell is None:
        pytest.skip("this kernel has no subshells: a click waits for the cell")
    hold(slow, card, slow_sandbox)
    comm, card = slow.widget(card)
    waiting = slow.begin(wait)
    slow.listen(1)
    assert not waiting.done
    slow.tell(comm, {"kind": "cancel", "id": "r1", "payload": {}}, subshell=subshell)
    slow.until(
        lambda: [m for m in card.messages if m.get("kind") == "reply"], why="the click was not answered"
    )
    (reply,) = (message for message in card.messages if message.get("kind") == "reply")
    assert reply["id"] == "r1"
    assert "error" not in reply
    slow.until(lambda: waiting.done, why="the wait did not end")
    slow_sandbox.go_on()
    assert slow.value("job.status") == "cancelled"
    assert waiting.failure is None or waiting.failure.name == "Cancelled"


def test_cancel_by_its_id_works(slow, card):
    cell = slow.run(f"%veo cancel {slow.value('job.id')}")
    assert cell.failure is None
    slow.until(lambda: "Stopped" in card.html)
    assert slow.value("job.status") == "cancelled"


def test_the_list_of_jobs_names_the_one_that_runs(slow, card):
    cell = slow.run("%veo")
    assert cell.failure is None
    assert slow.value("job.id") in cell.shown
    assert "A fox crosses" in cell.shown
