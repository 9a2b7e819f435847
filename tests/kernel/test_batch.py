"""Without a person in front of it: scripts, IPython in a terminal, papermill, nbconvert, jupytext, and what Quarto runs.

Each is the real program, but Quarto, whose binary is no package: what its `notebook.py` and `display-data.ts` do with a
document (quarto-cli 1.10, read 2026-11-29) is done here with nbclient.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert.exporters import LatexExporter
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from tests.kernel import fork
from tests.kernel.kernel import KEPT
from tests.kernel.sandbox import Sandbox

pytestmark = pytest.mark.kernel

ROOT = Path(__file__).parents[2]
NOBODY = "http://127.0.0.1:9"
"""An address at which nobody answers, so that a job there is not done for as long as the test likes."""

PROGRAMS = {("-m", name) for name in ("jupytext", "nbconvert", "papermill")}
"""What starts a kernel."""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with Sandbox(tmp_path_factory.mktemp("sandbox"), latency=0.2) as sandbox:
        yield sandbox


@pytest.fixture
def environment(tmp_path, sandbox):
    """Nobody's settings but the sandbox."""
    home = tmp_path / ".home"
    home.mkdir()
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT), **sandbox.environment}


@pytest.fixture
def run(tmp_path, environment):
    """Runs a program of this environment in `tmp_path`, as from a terminal; a kernel that it starts is a fork."""

    def run(*command: str, **more: str) -> subprocess.CompletedProcess[str]:
        forks: list[int] = []
        if command[:2] in PROGRAMS and fork.can_fork():
            forks, command = [fork.door().fileno()], ("-m", "tests.browser.server", *command[1:])
            more[fork.DOOR] = str(forks[0])
        return subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            env=environment | more,
            pass_fds=forks,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


PYTHON = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}


def write_notebook(path: Path, *cells: str) -> None:
    book = new_notebook(cells=[new_code_cell(cell) for cell in cells], metadata=PYTHON)
    for cell in book.cells:
        if cell.source.startswith("# parameters"):
            cell.metadata["tags"] = ["parameters"]
    nbformat.write(book, path)


def outputs(path: Path, words: str) -> list[Any]:
    """What stands under the cell that holds these words."""
    (found,) = [cell for cell in nbformat.read(path, as_version=4).cells if words in cell.source]
    return list(found.outputs)


def sources(html: str) -> list[str]:
    """The addresses of the videos in a page."""
    return re.findall(r'<video[^>]* src="([^"]+)"', html) or re.findall(r'<source src="([^"]+)"', html)


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
    assert re.search(
        r"fox +owl\n +\w{4} succeeded +\w{4} succeeded\n.*\nIn veo_library/", ran.stdout, re.DOTALL
    )
    assert not re.search(r"<\w|\r|widget|JobView", ran.stdout), "no HTML, and no line that was written over"
    left = ran.stdout.splitlines()[-2]
    assert ran.stdout.splitlines()[-1].startswith(f"1 job is not done: {left}.")


@pytest.fixture
def tuned(run, tmp_path, sandbox):
    """A notebook with parameters after papermill has run it, in a folder of its own."""
    write_notebook(
        tmp_path / "in.ipynb",
        "# parameters\nmodel = 'fast'\nseed = None\nanimals = 'fox'",
        "%load_ext veo_nb",
        "%%veo -d 4 --model {{model}} --seed {{seed}} --out owl\nAn owl in papermill.",
        "%%veo -d 4 --sweep animal={{animals}} --out sweep\nA {{animal}} in papermill.",
        "%veo wait",
        "sweep.rate(sweep.clips()[0], 5)",
    )
    (tmp_path / "out").mkdir()
    parameters = ["-p", "model", "standard", "-p", "animals", "fox,stag", "--inject-output-path"]
    ran = run("-m", "papermill", "in.ipynb", "out/out.ipynb", *parameters, "--no-progress-bar")
    assert ran.returncode == 0, ran.stderr
    return tmp_path / "out" / "out.ipynb"


def test_papermill_gives_its_parameters_to_cells_and_keeps_what_plays(tuned, sandbox):
    (owl,) = outputs(tuned, "An owl")
    assert "standard · 4 s" in owl.data["text/plain"]
    assert "seed" not in owl.data["text/plain"], "None leaves it out"
    (grid,) = outputs(tuned, "--sweep")
    files = sources(owl.data["text/html"]) + sources(grid.data["text/html"])
    assert len(files) == 3
    assert all((tuned.parent / file).exists() for file in files), "from where the notebook was written"
    assert "5 of 5" in grid.data["text/html"], "rated in the last cell"
    assert "widget-view" not in str([cell.get("outputs") for cell in nbformat.read(tuned, 4).cells])
    assert len(sandbox.sent("A stag in papermill.")) == 1

    # What LaTeX makes of it: of each output one form.
    tex, resources = LatexExporter().from_filename(str(tuned))
    pictures = [Image.open(io.BytesIO(data)) for data in resources["outputs"].values()]
    assert [picture.width for picture in pictures] == [480, 800]
    assert pictures[0].height > 270, "the caption stands under the clip"
    assert tex.count("\\adjustimage{") == 2
    assert "Made in" not in tex, "in the picture"


def test_nbconvert_runs_a_notebook_to_a_page_whose_videos_play_beside_it(run, tmp_path):
    cells = ["%load_ext veo_nb", "%%veo -d 4\nA fox in nbconvert.", "%veo wait"]
    write_notebook(tmp_path / "good.ipynb", *cells)
    ran = run("-m", "nbconvert", "--execute", "--to", "html", "good.ipynb")
    assert ran.returncode == 0, ran.stderr
    (file,) = sources((tmp_path / "good.html").read_text("utf-8"))
    assert (tmp_path / file).exists()


def test_a_clip_that_failed_fails_the_run_and_says_why(run, tmp_path):
    write_notebook(
        tmp_path / "bad.ipynb",
        "%load_ext veo_nb",
        "%%veo -d 4 --out fox\nA blocked fox in nbconvert. sandbox:block",
        # It ends between two cells: the wait tells of it all the same.
        "import time\nwhile not fox.now.state.final: time.sleep(0.05)",
        "%veo wait",
    )
    ran = run("-m", "nbconvert", "--execute", "--to", "html", "bad.ipynb")
    assert ran.returncode == 1
    assert "ContentBlocked: " in ran.stderr.strip().splitlines()[-1]
    assert not (tmp_path / "bad.html").exists()


SCRIPT = """\
# %%
# %load_ext veo_nb

# %%
# %%veo -d 4 --out fox
A fox in jupytext.

# It isn't "commented".
  {"tone": {"light": "dusk"}}

# %% tags=["active-ipynb"]
# %%veo -d 4
# An owl in jupytext.

# %%
# %veo wait
"""


def test_a_jupytext_script_keeps_its_prompts_and_runs(run, tmp_path, sandbox):
    (tmp_path / "cells.py").write_text(SCRIPT)
    ran = run("-m", "jupytext", "--to", "notebook", "--set-kernel", "python3", "--execute", "cells.py")
    assert ran.returncode == 0, ran.stderr
    prompt = 'A fox in jupytext.\n\n# It isn\'t "commented".\n  {"tone": {"light": "dusk"}}'
    assert len(sandbox.sent(prompt)) == 1
    for words in ("A fox", "An owl"):
        (shown,) = outputs(tmp_path / "cells.ipynb", words)
        assert sources(shown.data["text/html"])
    back = jupytext.writes(jupytext.read(tmp_path / "cells.ipynb"), "py:percent")
    assert SCRIPT in back


DOCUMENT = """\
# A document

```{python}
#| tags: [parameters]
animal = "fox"
```

```{python}
%load_ext veo_nb
```

```{python}
#| label: fig-clip
#| fig-cap: "A clip"
#| echo: false
%%veo -d 4
A {{animal}} in Quarto.
```

```{python}
#| label: grid
%%veo -d 4 --sweep seed=1,2
A {{animal}} in Quarto.
```

```{python}
%veo wait
```
"""
PRIORITY = {
    "html": (
        "application/vnd.jupyter.widget-state+json",
        "application/vnd.jupyter.widget-view+json",
        "application/javascript",
        "text/html",
        *(SHOWN := ("text/markdown", "image/svg+xml", "image/png", "image/jpeg")),
    ),
    "latex": (*SHOWN, "text/latex", "application/pdf"),
    "docx": SHOWN,
}
"""Of each output Quarto shows the first form that there is, by what it writes."""


def render(document: str, folder: Path, environment: Mapping[str, str]) -> list[Any]:
    """The cells of a document as Quarto runs them: one after the other, without the lines of their options."""
    sources = re.findall(r"^```{python}\n(.*?)^```$", document, re.DOTALL | re.MULTILINE)
    book = new_notebook(cells=[new_code_cell(source.rstrip("\n")) for source in sources], metadata=PYTHON)
    client = NotebookClient(book, resources={"metadata": {"path": str(folder)}})
    with fork.forked_kernels(), client.setup_kernel(env=dict(environment)):
        for index, cell in enumerate(book.cells):
            source = cell.source
            cell.source = re.sub(r"\A(#\|.*\n)+", "", source)
            client.execute_cell(cell, index, execution_count=index + 1)
            cell.source = source
    return list(book.cells)


def test_what_quarto_runs_gives_a_page_its_videos_and_paper_its_stills(environment, tmp_path):
    cells = render(DOCUMENT, tmp_path, environment)
    (clip,), (grid,) = cells[2].outputs, cells[3].outputs
    chosen = {
        to: [next(form for form in forms if form in output.data) for output in (clip, grid)]
        for to, forms in PRIORITY.items()
    }
    assert chosen == {
        "html": ["text/html", "text/html"],
        "latex": ["image/jpeg", "image/jpeg"],
        "docx": ["image/jpeg", "image/jpeg"],
    }
    assert all((tmp_path / file).exists() for file in sources(clip.data["text/html"]))
    assert len(sources(grid.data["text/html"])) == 2
