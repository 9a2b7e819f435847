"""The demo: the first notebook and its photograph in a folder of their own, opened or run on the sandbox.

`uvx veo-nb demo` and `pipx run veo-nb demo` bring the package without its extra `lab`. The demo then runs in a second
environment, which has JupyterLab too.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from veo_nb.errors import InvalidRequest, NotFound, OperationFailed, VeoError
from veo_nb.notebook.pages.notebooks import NOTEBOOK, find_notebooks

CELL_SECONDS = 600
BY_HAND = 'Or do the same by hand: pip install "veo-nb[lab]", then veo-nb demo.'


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
    if not _is_here(module):
        raise VeoError(f"The demo needs {module}.", hint='Run pip install "veo-nb[lab]".')


def _is_here(module: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(module) is not None


# Where JupyterLab is not in this environment


def needs_lab(*, headless: bool) -> bool:
    """Whether the demo has to run in an environment that has what this one lacks."""
    return not _is_here("nbclient" if headless else "jupyterlab") and Path(sys.prefix) != find_lab()


def find_lab() -> Path:
    """Where that environment lies: one for each minor version of Python, in the person's cache."""
    import platformdirs

    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return platformdirs.user_cache_path("veo_nb") / f"lab-{version}"


def run_in_lab(arguments: Sequence[str], say: Callable[[str], None]) -> int:
    """Run `veo-nb` with these arguments where JupyterLab is, which is fetched the first time; its exit code.

    Nothing is added to the environment that this runs in. The other has packages of its own, and after them those of this
    one, `veo_nb` among them, wherever that came from.

    Raises:
        VeoError: the environment can't be made.
    """
    import filelock

    home = find_lab()
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{home}.lock"):
            _make_lab(home, say)
    except OSError as error:
        raise VeoError(
            f"JupyterLab is not here, and {home} can't be written: {error.strerror or error}.", hint=BY_HAND
        ) from None
    try:
        return subprocess.call([_python_of(home), "-m", "veo_nb", *arguments])
    except KeyboardInterrupt:
        return 0


def list_requirements(extra: str) -> list[str]:
    """What the package needs together with an extra, a line each, as pip takes them.

    Raises:
        VeoError: the package runs without being installed.
    """
    from importlib.metadata import PackageNotFoundError, requires

    from packaging.requirements import Requirement

    try:
        needed = [Requirement(line) for line in requires("veo-nb") or []]
    except PackageNotFoundError:
        raise VeoError(
            "JupyterLab is not here, and veo_nb is not installed.", hint='Run pip install "veo-nb[lab]".'
        ) from None
    taken = [need for need in needed if need.marker is None or need.marker.evaluate({"extra": extra})]
    for need in taken:
        need.marker = None
    return sorted({str(need) for need in taken})


def _make_lab(home: Path, say: Callable[[str], None]) -> None:
    import venv

    needed = list_requirements("lab")
    whole, made_of = home / "whole", "\n".join([sys.version, sys.base_prefix, *needed])
    if not whole.is_file() or whole.read_text(encoding="utf-8") != made_of:
        say(f"JupyterLab is not here. Fetching it into {home}, once: about 150 MB, Ctrl-C stops it…")
        uv = os.environ.get("UV") or shutil.which("uv")
        try:
            venv.EnvBuilder(clear=True, symlinks=os.name != "nt", with_pip=uv is None).create(home)
            install = [uv, "pip"] if uv else [_python_of(home), "-m", "pip", "--disable-pip-version-check"]
            choice = ["--python", _python_of(home)] if uv else []
            # Its words go where mistakes are told: what the demo prints are the paths of videos.
            subprocess.run([*install, "install", "--quiet", *choice, *needed], check=True, stdout=sys.stderr)
        except subprocess.CalledProcessError as error:
            reason = "what went wrong stands above" if not error.output else str(error.output)[-300:].strip()
            raise VeoError(f"JupyterLab could not be fetched: {reason}.", hint=BY_HAND) from None
        except KeyboardInterrupt:
            raise VeoError("Stopped before JupyterLab was here.", hint="") from None
        whole.write_text(made_of, encoding="utf-8")
    _lend(home)


def _lend(home: Path) -> None:
    """Have that environment find what is installed in this one, after its own."""
    from importlib.metadata import distribution

    here = str(distribution("veo-nb").locate_file(""))
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(home), "platbase": str(home)}))
    # As a site of its own, or a package that is installed from its sources would not be found.
    (packages / "veo_nb_lent.pth").write_text(f"import site; site.addsitedir({here!r})\n", encoding="utf-8")


def _python_of(home: Path) -> str:
    folder = sysconfig.get_path("scripts", "venv", {"base": str(home)})
    return str(Path(folder, "python.exe" if os.name == "nt" else "python"))
