"""The demo: the first notebook and its photograph in a folder of their own, opened or run on the sandbox."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from veo_nb.errors import InvalidRequest, NotFound, OperationFailed, VeoError
from veo_nb.notebook.pages.notebooks import NOTEBOOK, find_notebooks

CELL_SECONDS = 600


def open_lab(folder: Path, *, browser: bool = True, port: int | None = None) -> int:
    """Open JupyterLab on the first notebook, until the person ends it; the exit code of JupyterLab.

    Raises:
        InvalidRequest: the port is in use, or the folder can't be written.
        VeoError: JupyterLab is missing.
    """
    _need("jupyterlab")
    if port is not None:
        _check_free(port)
    notebook = copy_notebooks(folder)
    root = notebook.parents[1]
    command = [
        *(sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}"),
        f"--LabApp.default_url=/lab/tree/{notebook.relative_to(root).as_posix()}",
        # A first look should not begin with a question about news.
        *("--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"),
    ]
    if port is not None:
        command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    if not browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    try:
        return subprocess.call(command, env=_environment(), cwd=root)
    except KeyboardInterrupt:
        return 0


def run_headless(folder: Path) -> list[Path]:
    """Run the first notebook without a browser; the paths of its videos, each checked to be playable.

    Raises:
        OperationFailed: a cell failed, or a job ended without a video.
        NotFound: the notebook made no video.
        InvalidRequest: the folder can't be written.
        VeoError: nbclient is missing.
    """
    _need("nbclient")
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = copy_notebooks(folder)
    began = time.time()
    content = nbformat.read(notebook, as_version=4)
    client = NotebookClient(
        content,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(notebook.parent)}},
    )
    try:
        client.execute(env=_environment())
    except CellExecutionError as error:
        raise OperationFailed(
            f"A cell of {NOTEBOOK} failed: {error.ename}: {error.evalue}", hint=""
        ) from None
    except (CellTimeoutError, DeadKernelError) as error:
        reason = " ".join(str(error).split())[:300]
        raise OperationFailed(f"{NOTEBOOK} did not run to its end: {reason}", hint="") from None
    nbformat.write(content, notebook)
    return find_videos(notebook.parent / "veo_library", began)


def copy_notebooks(folder: Path) -> Path:
    """Copy the notebooks into `folder`, leaving those that are there already; the path of the first one.

    Raises:
        InvalidRequest: the folder can't be written.
    """
    target = (folder / "notebooks").resolve()
    try:
        target.mkdir(parents=True, exist_ok=True)
        for source in find_notebooks().iterdir():
            if source.is_file() and not (target / source.name).exists():
                shutil.copyfile(source, target / source.name)
    except OSError as error:
        raise InvalidRequest(
            f"The folder {folder} can't be written: {error.strerror or error}.",
            hint="Choose another with --folder.",
        ) from None
    return target / NOTEBOOK


def find_videos(library: Path, began: float) -> list[Path]:
    """The videos of a library, oldest first, each checked to be playable; `began` in epoch seconds.

    Raises:
        OperationFailed: a job made since `began` ended without a video.
        NotFound: there is no video.
        DownloadError: one can't be played.
    """
    from veo_nb.store.files import check_video
    from veo_nb.studio import Studio

    studio = Studio(provider="sandbox", library=str(library), environ={}, folder=library.parent)
    try:
        jobs = studio.history()
    finally:
        studio.close()
    for job in jobs:
        if job.now.created_at >= began and job.status not in ("succeeded", "cancelled"):
            raise OperationFailed(f"Job {job.id} is {job.status}.", hint=str(job.error or ""))
    paths = [video.path for job in reversed(jobs) for video in job.videos]
    if not paths:
        raise NotFound(f"{NOTEBOOK} made no video.", hint="Look at it with veo-nb demo.")
    for path in paths:
        check_video(path)
    return paths


def _environment() -> dict[str, str]:
    """This environment with the sandbox chosen, whatever keys and settings it holds."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VEO_NB_")}
    return {**kept, "VEO_NB_PROVIDER": "sandbox"}


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        try:
            if os.name == "posix":
                # As the server itself does: a port whose last connections are only fading away is free.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InvalidRequest(
                f"Port {port} can't be used: {reason}.", hint="Choose another with --port, or leave it out."
            ) from None


def _need(module: str) -> None:
    import importlib.util

    if importlib.util.find_spec(module) is None:
        raise VeoError(f"The demo needs {module}.", hint='Run pip install "veo-nb[lab]".')
