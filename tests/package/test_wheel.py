"""The wheel a stranger gets: built from the sources, whole, and running where there is neither Node nor a clone."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from email import message_from_bytes
from importlib.metadata import distribution
from pathlib import Path

import av
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.package

ROOT = Path(__file__).parents[2]
MADE = (".git", ".venv", ".cache", ".*_cache", "__pycache__", "node_modules", "tests", "veo_library")
"""What a fresh clone does not have, and the tests, which no wheel needs."""
BUILT = (
    "loader.js",
    *(f"{name}.{kind}" for name in ("widget", "panel", "compare", "page") for kind in ("js", "css")),
)


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
    for name in BUILT:
        (copy / "veo_nb" / "static" / name).unlink(missing_ok=True)
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", "dist", ".", folder=copy)
    (wheel,) = (copy / "dist").glob("*.whl")
    return wheel


def test_the_panels_bundle_is_small(wheel):
    with zipfile.ZipFile(wheel) as archive:
        sizes = [len(gzip.compress(archive.read(f"veo_nb/static/panel.{kind}"))) for kind in ("js", "css")]
    assert sum(sizes) < 64_000


def test_everything_that_runs_is_inside(wheel):
    with zipfile.ZipFile(wheel) as archive:
        sizes = {item.filename: item.file_size for item in archive.infolist()}
    for name in ("widget", "panel", "compare", "page"):
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


def wanted(wheel: Path, extra: str) -> set[str]:
    """The distributions that pip would install with the wheel, by their names."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        mine = message_from_bytes(archive.read(name))
    found: set[tuple[str, str]] = set()
    left = [("veo-nb", ""), ("veo-nb", extra)]
    while left:
        if (one := left.pop()) in found:
            continue
        found.add(one)
        name, extra = one
        lines = mine.get_all("Requires-Dist") if name == "veo-nb" else distribution(name).requires
        for line in map(Requirement, lines or []):
            if line.marker is None or line.marker.evaluate({"extra": extra}):
                left += [(canonicalize_name(line.name), more) for more in ("", *line.extras)]
    return {name for name, _ in found} - {"veo-nb"}


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The environment of a machine with Python and nothing else: its `bin`, and variables without Node or keys.

    What pip would fetch with `[lab]` lies in it already, and nothing more: the environment of the tests has fetched it.
    """
    folder = tmp_path_factory.mktemp("stranger")
    venv.create(folder / "venv")
    commands = folder / "venv" / "bin"
    (site,) = folder.glob("venv/lib/python*/site-packages")
    for name in wanted(wheel, "lab"):
        for file in distribution(name).files or []:
            top = site / file.parts[0]
            if file.parts[0] not in ("..", "__pycache__") and not top.exists():
                top.symlink_to(Path(str(distribution(name).locate_file(file.parts[0]))))
    pip = [sys.executable, "-m", "pip", "--python", commands / "python"]
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    run(*pip, "install", "--quiet", "--no-index", f"{wheel}[lab]", folder=folder, environment=alone)
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
