"""A kernel killed at the worst moments: the next one picks the work up, and nothing is paid for twice."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import pytest

from tests.kernel.kernel import Kernel, ended
from tests.kernel.sandbox import Sandbox, clips, submits

pytestmark = pytest.mark.kernel

CELL = "%%veo -d 4 --out job\nA fox crosses a frozen lake."


@pytest.fixture
def kernel(folder, gateway):
    with Kernel(folder, **gateway.environment) as kernel:
        kernel.run("%load_ext veo_nb")
        yield kernel


def accepted(kernel: Kernel) -> None:
    """Wait until the provider has taken the job and its name is in the ledger."""
    kernel.run("import time\nwhile not job.operation: time.sleep(0.05)")


def resume(kernel: Kernel) -> tuple[Kernel, str]:
    """A new kernel after the old one, and what loading the extension says there."""
    new = kernel.again()
    said = new.run("%load_ext veo_nb")
    assert said.failure is None, said.failure
    return new, said.stdout


def arrives(kernel: Kernel, folder: Path) -> None:
    """The video of the job that was under way, playable, with no rest of a download beside it."""
    assert kernel.run("%veo wait", timeout=90).failure is None
    (clip,) = clips(folder)
    with av.open(str(clip)) as video:
        times = [frame.time for frame in video.decode(video=0)]
    assert len(times) == 96
    assert all(one < two for one, two in pairwise(times))
    assert not [*(folder / "veo_library").rglob("*.part")]
    again = kernel.run(CELL)
    assert "<video" in again.html


def test_killed_during_submit_the_job_is_uncertain_and_never_sent_again(kernel, folder, gateway):
    gateway.hold_submits = True
    kernel.run(CELL)
    assert gateway.held.wait(30)
    kernel.kill()
    gateway.release()
    new, said = resume(kernel)
    assert "resumed" not in said
    assert "being sent when the kernel ended" in said
    new.listen(3)
    assert "the answer was lost" in new.run("%veo").shown
    assert len(gateway.sandbox.submits) == 1


def test_only_a_person_sends_an_uncertain_job_again(kernel, folder, gateway):
    gateway.hold_submits = True
    kernel.run(CELL)
    assert gateway.held.wait(30)
    kernel.kill()
    gateway.release()
    new, _ = resume(kernel)
    new.run("import veo_nb as veo\n(job,) = veo.history()")
    cell = new.run(f"%veo resubmit {new.value('job.id')}")
    assert cell.failure is None, cell.failure
    arrives(new, folder)
    assert "<video" in cell.html
    assert len(gateway.sandbox.submits) == 2


def test_killed_before_the_answer_the_cell_run_again_says_so_and_does_not_pay_twice(kernel, folder, gateway):
    gateway.hold_submits = True
    kernel.run(CELL)
    assert gateway.held.wait(30)
    kernel.kill()
    gateway.release()
    new, _ = resume(kernel)
    again = new.run(CELL)
    new.listen(2)
    said = again.shown + str(new.widgets) + str(again.failure)
    assert "uncertain" in said or "answer was lost" in said
    assert len(gateway.sandbox.submits) == 1


def test_killed_while_it_runs_the_video_arrives_in_the_next_kernel(folder, tmp_path):
    with Sandbox(tmp_path / "sandbox", latency=4) as sandbox:
        with Kernel(folder, **sandbox.environment) as kernel:
            kernel.run("%load_ext veo_nb")
            kernel.run(CELL)
            accepted(kernel)
            kernel.kill()
            new, said = resume(kernel)
            assert "resumed 1 job" in said
            arrives(new, folder)
        assert len(sandbox.submits) == 1


def test_killed_in_the_middle_of_a_sweep_the_next_kernel_makes_the_rest_and_pays_for_nothing_twice(
    folder, tmp_path
):
    cell = "%%veo --sweep animal=fox,owl --sweep seed=1,2,3 -d 4 --out grid\nA {{animal}}."
    with Sandbox(tmp_path / "sandbox", latency=2) as sandbox:
        environment = {**sandbox.environment, "VEO_NB_MAX_IN_FLIGHT": "2"}
        with Kernel(folder, **environment) as kernel:
            kernel.run("%load_ext veo_nb")
            assert kernel.run(cell).failure is None
            # Two are at the provider and the others wait for them: nothing is just being sent.
            kernel.run(
                "import time\nwhile sum(bool(job.operation) for job in grid.jobs) < 2: time.sleep(0.02)"
            )
            kernel.kill()
            assert len(clips(folder)) < 6
            new, said = resume(kernel)
            assert "resumed" in said
            new.run("import veo_nb as veo\n(grid,) = veo.studio().sweeps.all()\ngrid.rate(grid.cells[0], 4)")
            assert new.run("%veo wait", timeout=120).failure is None
            assert new.value("grid.summary().done") == "6"
            assert "6 of 6 done" in new.run(cell).shown
            assert new.value("grid.rating(grid.cells[0]).rating") == "4"
        assert len(clips(folder)) == 6
        assert len(sandbox.submits) == 6


def test_killed_during_the_download_the_video_arrives_in_the_next_kernel(kernel, folder, gateway):
    gateway.bytes_per_second = 50_000
    kernel.run(CELL)
    assert gateway.flowing.wait(60)
    kernel.listen(0.5)
    kernel.kill()
    assert not clips(folder)
    gateway.bytes_per_second = 0
    new, said = resume(kernel)
    assert "resumed 1 job" in said
    arrives(new, folder)
    assert len(gateway.sandbox.submits) == 1


def test_killed_with_the_sandbox_it_had_started_its_operations_are_found_again(folder, data):
    """The sandbox ends with its kernel; the next one starts another on the same data."""
    with Kernel(folder) as kernel:
        kernel.run("%load_ext veo_nb")
        kernel.run(CELL)
        accepted(kernel)
        kernel.kill()
        new, said = resume(kernel)
        assert "resumed 1 job" in said
        arrives(new, folder)
    assert len(submits(data)) == 1


def test_a_killed_kernel_leaves_no_sandbox_behind(folder):
    with Kernel(folder) as kernel:
        kernel.run("%load_ext veo_nb")
        kernel.run(CELL)
        accepted(kernel)
        children = kernel.children()
        assert children
        kernel.kill()
        assert ended(children, 15)
