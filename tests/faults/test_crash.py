"""The crash matrix: killed with SIGKILL at each step of a job's life, and what the next process makes of it.

Each row counts what the provider saw on its socket. Never is there a second submit that nobody asked for, nor an
operation that was finished and whose video doesn't arrive. Where nobody can know whether a submit arrived the job is
uncertain, and only a person sends it again.
"""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from tests.faults.boundaries import STEPS
from tests.faults.conftest import leaks
from tests.faults.rows import Row
from tests.faults.wires import WIRES
from tests.kernel.fork import launch
from tests.kernel.kernel import Kernel
from veo_nb.errors import SubmissionUncertain

ROOT = Path(__file__).parents[2]
PROMPT = "A fox crosses a frozen lake."
HELD = "POST sent and not answered"

GONE = {"before the row"}
"""Nothing was written, nothing was sent: the cell is run again."""
UNCERTAIN = {"before the POST": 0, HELD: 1, "answered and not recorded": 1}
"""Where nobody can know; and how many submits the provider saw."""
KERNELS = (
    "before the POST",
    HELD,
    "answered and not recorded",
    "polling",
    "mid-download",
    "renamed and not recorded",
)
"""The steps at which a real kernel is killed too; a plain process with a studio is as real for the others."""
SPOKEN = {
    "gemini": tuple(STEPS),
    "interactions": (
        "before the POST",
        HELD,
        "answered and not recorded",
        "recorded and not polled",
        "polling",
        "done and not recorded",
        "mid-download",
    ),
    "videos": (HELD, "answered and not recorded", "polling", "mid-download"),
}
"""The steps by dialect: of a further one those at which it matters which, for most come after its answers were read."""


def kill_process(step: str, folder: Path, provider) -> None:
    """A process with a studio that dies at the step."""
    module, arguments = "tests.faults.boundaries", [step, PROMPT]
    environment = {**provider.environment, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    with launch(module, arguments, folder, environment, streams=(subprocess.DEVNULL, 1, 2)) as process:
        if step == HELD:
            assert provider.held.wait(30)
            process.kill()
        assert process.wait(60) == -signal.SIGKILL


def kill_kernel(step: str, folder: Path, provider) -> None:
    """A kernel that dies at the step, under a cell as a person writes it."""
    with Kernel(folder, **provider.quick) as kernel:
        kernel.run("%load_ext veo_nb")
        kernel.run(f"from tests.faults.boundaries import arm\narm({step!r})")
        kernel.begin(f"%%veo\n{PROMPT}")
        if step == HELD:
            assert provider.held.wait(30)
            kernel.kill()
        assert kernel.process.wait(60) == -signal.SIGKILL


def videos(folder: Path) -> list[Path]:
    return sorted((folder / "veo_library").rglob("*.mp4"))


@pytest.mark.parametrize(("wire", "step"), [(wire, step) for wire, steps in SPOKEN.items() for step in steps])
def test_killed_at(wire, step, folder, provider, studio_in, matrix, clip):
    provider.wire = WIRES[wire]
    provider.slow_polls = 1
    provider.hold_submits = step == HELD
    kill_process(step, folder, provider)
    provider.release()
    before = provider.downloads[PROMPT]

    studio = studio_in(folder, provider)
    resumed = studio.resume()
    for job in resumed:
        try:
            job.wait(30)
        except SubmissionUncertain:
            continue
    (job,) = studio.history() or [None]
    arrived = [path.read_bytes() for path in videos(folder)]
    known = step not in GONE and step not in UNCERTAIN
    row = matrix(
        Row(
            "crash",
            step if wire == "gemini" else f"{wire}: {step}",
            ended="nothing to go on with" if job is None else job.status,
            submits=len(provider.posts),
            lost=int(known and arrived != [clip]),
            doubled=provider.doubled(),
            leaked=leaks(folder),
        )
    )
    assert row.sound
    if step in GONE:
        assert job is None
        assert provider.posts == []
        assert studio.generate(PROMPT).wait(30).status == "succeeded"
        assert len(provider.posts) == 1
        return
    if step in UNCERTAIN:
        assert (job.status, len(provider.posts)) == ("uncertain", UNCERTAIN[step])
        assert "dashboard" in job.error.hint
        # The cell run again sends nothing; a person does.
        assert studio.generate(PROMPT) is job
        assert len(provider.posts) == UNCERTAIN[step]
        row.ended = "uncertain, then sent by a person"
        assert studio.jobs.resubmit(job.id).wait(30).status == "succeeded"
        assert len(provider.posts) == UNCERTAIN[step] + 1
        return
    assert (job.status, len(provider.posts)) == ("succeeded", 1)
    assert job.video.path.read_bytes() == clip
    # The cell run again shows it.
    assert studio.generate(PROMPT) is job
    assert len(provider.posts) == 1
    assert not [*(folder / "veo_library").rglob("*.part")]
    if step == "mid-download":
        # It went on where it was cut.
        assert provider.ranges[-1].startswith("bytes=")
        assert 0 < int(provider.ranges[-1][6:-1]) < len(clip)
    if step in ("renamed and not recorded", "video recorded, end not", "end recorded, nobody told"):
        assert provider.downloads[PROMPT] == before


@pytest.mark.kernel
@pytest.mark.parametrize("step", KERNELS)
def test_kernel_killed_at(step, folder, provider, matrix, clip):
    provider.hold_submits = step == HELD
    kill_kernel(step, folder, provider)
    provider.release()
    with Kernel(folder, **provider.quick) as kernel:
        said = kernel.run("%load_ext veo_nb").stdout
        kernel.run("%veo wait", timeout=60)
        shown = kernel.run("%veo").shown
        arrived = [path.read_bytes() for path in videos(folder)]
        row = matrix(
            Row(
                "crash",
                f"kernel: {step}",
                ended="uncertain" if "being sent when the kernel ended" in said else "video here",
                submits=len(provider.posts),
                lost=int(step not in UNCERTAIN and arrived != [clip]),
                doubled=provider.doubled(),
                leaked=leaks(folder),
            )
        )
        assert row.sound
        if step not in UNCERTAIN:
            assert "resumed 1 job" in said
            assert len(provider.posts) == 1
            return
        assert "the answer was lost" in shown
        assert len(provider.posts) == UNCERTAIN[step]
        kernel.run("import veo_nb as veo\n(job,) = veo.history()")
        kernel.run("%veo resubmit " + kernel.value("job.id"))
        kernel.run("%veo wait")
        row.ended = "uncertain, then sent by a person"
        assert [path.read_bytes() for path in videos(folder)] == [clip]
        assert len(provider.posts) == UNCERTAIN[step] + 1
