"""The wheel a stranger gets: built from the sources, whole, and running where there is neither Node nor a clone."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import av
import pytest

pytestmark = pytest.mark.package

ROOT = Path(__file__).parents[2]
MADE = (".git", ".venv", ".cache", ".*_cache", "__pycache__", "node_modules", "tests", "veo_library")
"""What a fresh clone does not have, and the tests, which no wheel needs."""


def run(*command: str | Path, folder: Path, environment: dict[str, str] | None = None) -> str:
    """What the command prints; its whole output when it fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built by pip in a copy of the sources that has no bundle yet."""
    copy = tmp_path_factory.mktemp("clone") / "veo_nb"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*MADE))
    for name in ("widget.js", "widget.css", "panel.js", "panel.css", "page.js", "page.css"):
        (copy / "veo_nb" / "static" / name).unlink(missing_ok=True)
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", "dist", ".", folder=copy)
    (wheel,) = (copy / "dist").glob("*.whl")
    return wheel


def test_the_panels_bundle_is_small(wheel):
    with zipfile.ZipFile(wheel) as archive:
        sizes = [len(gzip.compress(archive.read(f"veo_nb/static/panel.{kind}"))) for kind in ("js", "css")]
    assert sum(sizes) < 60_000


def test_everything_that_runs_is_inside(wheel):
    with zipfile.ZipFile(wheel) as archive:
        sizes = {item.filename: item.file_size for item in archive.infolist()}
    for name in ("widget", "panel", "page"):
        assert sizes[f"veo_nb/static/{name}.js"] > 10_000
        assert sizes[f"veo_nb/static/{name}.css"] > 1_000
    assert "veo_nb/py.typed" in sizes
    notebooks = [name for name in sizes if name.startswith("veo_nb/notebooks/")]
    assert "veo_nb/notebooks/01_first_video.ipynb" in notebooks
    assert [name for name in notebooks if name.endswith((".jpg", ".jpeg", ".png"))], "the photo is missing"


def test_nothing_else_is_inside(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"veo_nb"}
    assert not [name for name in names if name.endswith((".ts", ".tsx", ".mp4", ".sqlite", ".map", ".pyc"))]


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The environment of a machine with Python and nothing else: its `bin`, and variables without Node or keys."""
    folder = tmp_path_factory.mktemp("stranger")
    venv.create(folder / "venv", with_pip=True)
    commands = folder / "venv" / "bin"
    # Python compiles what it imports; to compile a hundred packages takes pip longer than all else.
    run(commands / "pip", "install", "--quiet", "--no-compile", f"{wheel}[lab]", folder=folder)
    environment = {"PATH": str(commands), "HOME": str(folder), "LANG": os.environ.get("LANG", "C.UTF-8")}
    assert shutil.which("node", path=environment["PATH"]) is None
    return commands, environment


def test_it_imports_without_a_word(installed, tmp_path):
    commands, environment = installed
    assert run(commands / "python", "-c", "import veo_nb", folder=tmp_path, environment=environment) == ""


def test_its_doctor_finds_nothing_wrong(installed, tmp_path):
    commands, environment = installed
    assert "sandbox" in run(commands / "veo-nb", "doctor", folder=tmp_path, environment=environment)


def test_the_demo_makes_playable_videos_away_from_the_clone(installed, tmp_path):
    commands, environment = installed
    said = run(commands / "veo-nb", "demo", "--headless", folder=tmp_path, environment=environment)
    clips = [
        path for line in said.splitlines() for word in line.split() if (path := Path(word)).suffix == ".mp4"
    ]
    assert clips, said
    for clip in clips:
        with av.open(str(tmp_path / clip)) as video:
            assert sum(1 for _ in video.decode(video=0)) >= 4 * 24
            assert video.streams.audio
