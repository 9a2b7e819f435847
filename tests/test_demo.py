"""The demo: notebooks in a folder of their own, JupyterLab on them, and videos that are really there."""

from __future__ import annotations

import logging
import os
import subprocess
from dataclasses import replace
from importlib.metadata import distribution
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement

from tests.store.test_ledger import ROW, VIDEO
from veo_nb import demo
from veo_nb.demo import copy_notebooks, find_videos, open_lab, run_headless
from veo_nb.errors import DownloadError, InvalidRequest, NotFound, OperationFailed, VeoError
from veo_nb.notebook.pages.notebooks import NOTEBOOK, find_notebooks
from veo_nb.store.ledger import Ledger

# The folder


def test_everything_beside_the_notebook_is_copied(tmp_path):
    first = copy_notebooks(tmp_path / "demo")
    assert first == (tmp_path / "demo" / "notebooks" / NOTEBOOK).resolve()
    here = {path.name for path in first.parent.iterdir()}
    assert here == {path.name for path in find_notebooks().iterdir() if path.is_file()}
    assert "rocket.jpg" in here


def test_what_a_person_has_changed_is_left_alone(tmp_path):
    copy_notebooks(tmp_path).write_text("mine")
    assert copy_notebooks(tmp_path).read_text() == "mine"


def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(InvalidRequest, match="can't be written") as caught:
        copy_notebooks(tmp_path / "taken")
    assert "--folder" in caught.value.hint


# JupyterLab


@pytest.fixture
def started(monkeypatch):
    """The commands that would have been started, each with its environment and folder."""
    calls = []

    def call(command, env, cwd):
        calls.append((command, env, cwd))
        return 3

    monkeypatch.setattr(subprocess, "call", call)
    return calls


def test_the_lab_opens_on_the_notebook_with_the_sandbox_chosen(tmp_path, started, monkeypatch):
    monkeypatch.setenv("VEO_NB_PROVIDER", "gptproto")
    monkeypatch.setenv("VEO_NB_LIBRARY", "/elsewhere")
    assert open_lab(tmp_path) == 3
    ((command, environment, folder),) = started
    assert command[1:3] == ["-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={tmp_path}" in command
    assert f"--LabApp.default_url=/lab/tree/notebooks/{NOTEBOOK}" in command
    assert ("--allow-root" in command) == (hasattr(os, "geteuid") and os.geteuid() == 0)
    assert "--no-browser" not in command
    assert not [option for option in command if "port" in option]
    assert {k: v for k, v in environment.items() if k.startswith("VEO_NB_")} == {"VEO_NB_PROVIDER": "sandbox"}
    assert folder == tmp_path


def test_a_port_and_no_browser_are_passed_on(tmp_path, started):
    open_lab(tmp_path, browser=False, port=0)
    assert {"--no-browser", "--ServerApp.port=0", "--ServerApp.port_retries=0"} <= set(started[0][0])


def test_a_port_that_is_none_is_refused_before_anything_starts(tmp_path, started):
    with pytest.raises(InvalidRequest, match="Port 70000 can't be used"):
        open_lab(tmp_path, port=70000)
    assert started == []


def test_ending_the_lab_with_ctrl_c_is_no_error(tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "call", interrupted)
    assert open_lab(tmp_path) == 0


@pytest.mark.parametrize("start", [open_lab, run_headless])
def test_without_jupyterlab_it_says_what_to_install(tmp_path, monkeypatch, start):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(VeoError, match="The demo needs") as caught:
        start(tmp_path)
    assert "veo-nb[lab]" in caught.value.hint


# Where JupyterLab is not


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """An environment with the package alone: `made` has the commands that fetch, `started` those that run in the other."""
    bare = SimpleNamespace(home=tmp_path / "cache" / "lab", made=[], started=[], said=[], fails=False)

    def fetch(command, **_):
        bare.made.append(command)
        if bare.fails:
            raise subprocess.CalledProcessError(1, command)

    def start(command):
        bare.started.append(command)
        return 3

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(demo, "find_lab", lambda: bare.home)
    monkeypatch.setattr(subprocess, "run", fetch)
    monkeypatch.setattr(subprocess, "call", start)
    monkeypatch.setenv("UV", "/opt/uv")
    bare.run = lambda *arguments: demo.run_in_lab(["demo", *arguments], bare.said.append)
    return bare


def test_the_demo_runs_in_an_environment_that_has_jupyterlab(bare, monkeypatch):
    assert demo.needs_lab(headless=True)
    assert bare.run("--port", "0") == 3
    ((python, *rest),) = bare.started
    assert Path(python).parents[1] == bare.home
    assert rest == ["-m", "veo_nb", "demo", "--port", "0"]
    ((uv, *_, python_of_uv), needed) = bare.made[0][:6], bare.made[0][6:]
    assert (uv, python_of_uv) == ("/opt/uv", python)
    assert needed == demo.list_requirements("lab")
    assert "Fetching it into" in bare.said[0]
    (lent,) = bare.home.rglob("veo_nb_lent.pth")
    assert str(distribution("veo-nb").locate_file("")) in lent.read_text()
    monkeypatch.setattr("sys.prefix", str(bare.home))
    assert not demo.needs_lab(headless=True), "it would start itself for ever"


def test_jupyterlab_is_fetched_once(bare, monkeypatch):
    bare.run()
    bare.run()
    assert (len(bare.made), len(bare.said), len(bare.started)) == (1, 1, 2)
    monkeypatch.setattr(demo, "list_requirements", lambda extra: ["jupyterlab>=9"])
    bare.run()
    assert bare.made[1][-1] == "jupyterlab>=9"


def test_what_was_half_fetched_is_fetched_again(bare):
    bare.fails = True
    with pytest.raises(VeoError, match="could not be fetched") as caught:
        bare.run()
    assert 'pip install "veo-nb[lab]"' in caught.value.hint
    assert bare.started == []
    bare.fails = False
    assert bare.run() == 3
    assert len(bare.made) == 2


def test_without_uv_it_is_fetched_by_the_other_environments_pip(bare, monkeypatch):
    monkeypatch.delenv("UV")
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("venv.EnvBuilder._setup_pip", lambda *_: None)
    bare.run()
    assert bare.made[0][0] == bare.started[0][0]
    assert bare.made[0][1:4] == ["-m", "pip", "--disable-pip-version-check"]


def test_a_cache_that_cannot_be_written_says_what_to_do(bare, tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(VeoError, match="can't be written") as caught:
        bare.run()
    assert "veo-nb[lab]" in caught.value.hint


def test_what_is_fetched_is_the_extra_as_pip_takes_it():
    needed = demo.list_requirements("lab")
    assert {Requirement(line).name for line in needed} > {"jupyterlab", "nbclient", "av", "evalica", "pandas"}
    assert not [line for line in needed if ";" in line or line.startswith(("veo-nb", "pytest"))]


# Running it


class Client:
    """nbclient's, for a notebook that ends as the test says."""

    error: Exception | None = None

    def __init__(self, content, **options) -> None:
        self.options = options

    def execute(self, env) -> None:
        assert env["VEO_NB_PROVIDER"] == "sandbox"
        assert Path(self.options["resources"]["metadata"]["path"]).name == "notebooks"
        if self.error:
            raise self.error


@pytest.fixture
def client(monkeypatch):
    monkeypatch.setattr("nbclient.NotebookClient", Client)
    yield Client
    Client.error = None


def test_what_the_kernel_only_warns_of_is_not_said(tmp_path, monkeypatch, client):
    made = []
    monkeypatch.setattr(client, "__init__", lambda self, content, **options: made.append(options))
    monkeypatch.setattr(client, "execute", lambda self, env: None)
    with pytest.raises(NotFound):
        run_headless(tmp_path)
    assert made[0]["extra_arguments"] == [f"--IPKernelApp.log_level={logging.ERROR}"]


def test_a_cell_that_fails_fails_the_demo(tmp_path, client):
    from nbclient.exceptions import CellExecutionError

    client.error = CellExecutionError("", "InvalidRequest", "The prompt is empty.")
    with pytest.raises(
        OperationFailed, match=f"A cell of {NOTEBOOK} failed: InvalidRequest: The prompt is empty."
    ):
        run_headless(tmp_path)


@pytest.mark.parametrize("name", ["CellTimeoutError", "DeadKernelError"])
def test_a_kernel_that_hangs_or_dies_fails_the_demo_in_one_line(tmp_path, client, name):
    from nbclient import exceptions

    client.error = getattr(exceptions, name)("Kernel\ndied")
    with pytest.raises(OperationFailed, match="did not run to its end: Kernel died"):
        run_headless(tmp_path)


def test_a_notebook_that_made_nothing_fails_the_demo(tmp_path, client):
    with pytest.raises(NotFound, match="made no video"):
        run_headless(tmp_path)


# Its videos


@pytest.fixture
def library(tmp_path, clip):
    """A library with one finished clip; `add` puts another job into it."""
    folder = tmp_path / "veo_library"
    folder.mkdir()
    (folder / "fox.mp4").write_bytes(clip)
    ledger = Ledger(folder / "ledger.sqlite")
    row = replace(ROW, provider="sandbox", state="succeeded")
    ledger.add_job(row)
    ledger.add_video(replace(VIDEO, path="fox.mp4"))
    ledger.close()

    def add(**columns) -> None:
        ledger = Ledger(folder / "ledger.sqlite")
        ledger.add_job(replace(row, id="9c01", **columns), fresh=True)
        ledger.close()

    return SimpleNamespace(path=folder, add=add)


def test_each_video_is_named(library):
    assert find_videos(library.path, 0.0) == [library.path / "fox.mp4"]


@pytest.mark.parametrize("state", ["failed", "blocked", "uncertain", "running"])
def test_a_job_without_a_video_is_a_failure(library, state):
    error = {"code": "failed", "message": "The sky fell.", "hint": ""} if state != "running" else None
    library.add(state=state, error=error, created_at=ROW.created_at + 10)
    with pytest.raises(OperationFailed, match=f"Job 9c01 is {state}") as caught:
        find_videos(library.path, ROW.created_at)
    assert ("The sky fell." in str(caught.value)) == (state != "running")


def test_one_that_was_cancelled_is_none(library):
    library.add(state="cancelled", created_at=ROW.created_at + 10)
    assert len(find_videos(library.path, ROW.created_at)) == 1


def test_what_failed_in_an_earlier_run_does_not_count(library):
    library.add(state="failed", created_at=ROW.created_at - 10)
    assert len(find_videos(library.path, ROW.created_at)) == 1


def test_a_video_that_does_not_play_is_a_failure(library):
    (library.path / "fox.mp4").write_bytes(b"broken")
    with pytest.raises(DownloadError, match="not a playable video"):
        find_videos(library.path, 0.0)
