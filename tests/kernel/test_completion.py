"""Tab in a real kernel, asked as a front end asks."""

from __future__ import annotations

import pytest

from tests.kernel.kernel import Kernel

pytestmark = pytest.mark.kernel


def complete(kernel: Kernel, code: str, cursor: int | None = None) -> tuple[str, list[str]]:
    """What would be replaced, and by what; the cursor is at the end where it is not given."""
    at = len(code) if cursor is None else cursor
    asked = kernel.client.complete(code, at)
    kernel.until(lambda: asked in kernel.replies, why="no completion came")
    reply = kernel.replies[asked]
    assert reply["status"] == "ok"
    return code[reply["cursor_start"] : reply["cursor_end"]], reply["matches"]


@pytest.mark.parametrize("use_jedi", [True, False])
def test_a_cell_is_completed_with_and_without_jedi(quick, use_jedi):
    quick.run(f"%config IPCompleter.use_jedi = {use_jedi}")
    quick.run(
        "from PIL import Image; still = Image.new('RGB', (32, 18)); still.save('fox one.png'); mood = 'noon'"
    )
    assert complete(quick, "%%veo --asp") == ("--asp", ["--aspect-ratio"])
    assert complete(quick, "%%veo -a ") == ("", ["16:9", "9:16"])
    assert complete(quick, "%%veo --no-") == ("--no-", ["--no-enhance-prompt"])
    assert complete(quick, "%%veo --image ") == ("", ["still", '"fox one.png"'])
    assert complete(quick, "%%veo -d 4\nA fox, {{mo") == ("mo", ["mood}}"])
    assert complete(quick, "%%veo --dur 4\nA fox.", len("%%veo --dur")) == ("--dur", ["--duration"])
    assert complete(quick, "%veo sh") == ("sh", ["show"])


def test_the_ids_of_jobs_are_offered_and_python_is_left_alone(quick):
    quick.run("%%veo -d 4 --out fox --wait\nA fox.", timeout=90)
    job_id = quick.value("fox.id")
    assert complete(quick, "%veo show ") == ("", [job_id])
    assert complete(quick, f"%%veo --video {job_id[:2]}") == (job_id[:2], [job_id])
    assert "fox" in complete(quick, "fo")[1]
    quick.run("%unload_ext veo_nb")
    assert "--aspect-ratio" not in complete(quick, "%%veo --asp")[1]
