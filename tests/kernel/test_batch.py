"""Without a person in front of it: scripts, IPython in a terminal, papermill, nbconvert, jupytext, and what Quarto runs.

Each is the real program, but Quarto, whose binary is no package: what its `notebook.py` and `display-data.ts` do with a
document (quarto-cli 1.10, read 2026-11-29) is done here with nbclient.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.kernel.kernel import KEPT
from tests.kernel.sandbox import Sandbox

pytestmark = pytest.mark.kernel

ROOT = Path(__file__).parents[2]
NOBODY = "http://127.0.0.1:9"
"""An address at which nobody answers, so that a job there is not done for as long as the test likes."""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with Sandbox(tmp_path_factory.mktemp("sandbox"), latency=0.2) as sandbox:
        yield sandbox


@pytest.fixture
def run(tmp_path, sandbox):
    """Runs a program of this environment in `tmp_path`, as from a terminal."""
    home = tmp_path / ".home"
    home.mkdir()
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    environment = {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT), **sandbox.environment}

    def run(*command: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            env=environment | more,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def write_notebook(path: Path, *cells: str) -> None:
    nbformat.write(new_notebook(cells=[new_code_cell(cell) for cell in cells]), path)


def test_a_script_waits_and_another_that_does_not_says_what_to_do(run, tmp_path, sandbox):
    (tmp_path / "waits.py").write_text(
        "import asyncio\n"
        "import veo_nb as veo\n"
        "async def main():\n"
        "    return (await veo.generate('A fox in a script.', duration_seconds=4)).video.path\n"
        "print(asyncio.run(main()))\n"
        "print(veo.generate('A blocked one. sandbox:block', duration_seconds=4).wait())\n"
    )
    waits = run("waits.py")
    assert Path(waits.stdout.strip()).exists()
    assert (waits.returncode, waits.stderr.splitlines()[-1].partition(":")[0]) == (
        1,
        "veo_nb.errors.ContentBlocked",
    )
    (tmp_path / "ends.py").write_text(
        "import veo_nb as veo\nprint(veo.generate('An owl in a script.', duration_seconds=4).id)\n"
    )
    ends = run("ends.py", VEO_NB_BASE_URL=NOBODY)
    left = ends.stdout.strip()
    assert ends.returncode == 0
    assert ends.stderr.startswith(f"1 job is not done: {left}. Nothing is lost or paid twice: run this again")
    (goes_on,) = re.findall(r"ask for (.*?)\. ", ends.stderr)
    after = run("-c", f"import veo_nb; print({goes_on}.video.path)")
    assert Path(after.stdout.strip()).exists()
    assert len(sandbox.sent("An owl in a script.")) == 1


def test_ipython_in_a_terminal_prints_words_and_the_path(run, tmp_path):
    write_notebook(
        tmp_path / "cells.ipynb",
        "%load_ext veo_nb",
        "%%veo -d 4 --out fox\nA fox in a terminal.",
        "%veo wait",
        "%%veo -d 4 --sweep animal=fox,owl --wait\nA {{animal}} in a terminal.",
        f"%config VeoMagics.base_url = '{NOBODY}'",
        "%%veo -d 4 --out stag\nA stag in a terminal.",
        "print(stag.id)",
    )
    ran = run("-m", "IPython", "--no-banner", "--simple-prompt", "--colors=NoColor", "cells.ipynb")
    assert (ran.returncode, ran.stderr) == (0, "")
    (path,) = re.findall(r"^Made in .* · (veo_library/\S+\.mp4)$", ran.stdout, re.MULTILINE)
    assert (tmp_path / path).exists()
    assert re.search(r"fox +owl\n +\w{4} succeeded +\w{4} succeeded", ran.stdout)
    assert not re.search(r"<\w|\r|widget|JobView", ran.stdout), "no HTML, and no line that was written over"
    left = ran.stdout.splitlines()[-2]
    assert ran.stdout.splitlines()[-1].startswith(f"1 job is not done: {left}.")
