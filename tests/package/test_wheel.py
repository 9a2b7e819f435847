"""The sdist and the wheel that a stranger gets: whole, without anything else, and running where there is neither Node nor a clone."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from email import message_from_bytes
from importlib.metadata import distribution
from pathlib import Path

import av
import pytest
from packaging.metadata import Metadata
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.package

ROOT = Path(__file__).parents[2]
MADE = (
    ".git",
    ".venv",
    ".cache",
    ".*_cache",
    ".hypothesis",
    "__pycache__",
    "node_modules",
    "artefacts",
    "veo_library",
)
"""What a fresh clone does not have."""
MADE_BY_BUILD = {
    "loader.js",
    *(f"{name}.{kind}" for name in ("widget", "panel", "compare", "page") for kind in ("js", "css")),
    "THIRD_PARTY_LICENSES.txt",
    "bundle.cdx.json",
}
"""What lies in `veo_nb/static`, and Git doesn't have."""


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
def sources(tmp_path_factory):
    """A copy of the sources that has no bundle yet, and a file that nobody wants to publish."""
    copy = tmp_path_factory.mktemp("clone") / "veo_nb"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*MADE))
    for name in MADE_BY_BUILD:
        (copy / "veo_nb" / "static" / name).unlink(missing_ok=True)
    (copy / "notes.txt").write_text("mine")
    return copy


@pytest.fixture(scope="module")
def sdist(sources, tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--sdist", "--outdir", folder, ".", folder=sources)
    (sdist,) = folder.glob("*.tar.gz")
    return sdist


@pytest.fixture(scope="module")
def wheel(sdist, tmp_path_factory):
    """Built from the sdist, as pip does where there is no wheel: without Node, which the sdist makes needless."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (unpacked,) = folder.iterdir()
    nothing = {**os.environ, "PATH": str(folder)}
    command = ("pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", "dist", ".")
    run(sys.executable, "-m", *command, folder=unpacked, environment=nothing)
    (wheel,) = (unpacked / "dist").glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def find_files(folder: Path, top: str) -> set[str]:
    """What a folder has, by its path in `top`, without what was made in passing."""
    return {
        f"{top}/{path.relative_to(folder).as_posix()}"
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_the_package_the_bundle_and_the_notebooks_and_nothing_else(sources, names):
    static = {f"veo_nb/static/{name}" for name in MADE_BY_BUILD - {"bundle.cdx.json"}}
    package = {
        name for name in find_files(ROOT / "veo_nb", "veo_nb") if not name.startswith("veo_nb/static/")
    }
    assert {Path(name).suffix for name in package} <= {".py", ".sql", ".typed"}
    inside = {name for name in names if name.startswith("veo_nb/")}
    assert inside == package | static | find_files(sources / "notebooks", "veo_nb/notebooks")
    about = {name.partition(".dist-info/")[2] for name in names - inside}
    assert about == {
        *("METADATA", "WHEEL", "RECORD", "entry_points.txt"),
        *("licenses/LICENSE", "sboms/bundle.cdx.json"),
    }


def test_the_sdist_holds_what_a_clone_has_and_the_bundle(sources, sdist):
    with tarfile.open(sdist) as archive:
        inside = {item.name.partition("/")[2] for item in archive if item.isfile()}
    built = {f"veo_nb/static/{name}" for name in MADE_BY_BUILD}
    wanted = {
        "pyproject.toml",
        "LICENSE",
        ".gitignore",
        "PKG-INFO",
        *(path.name for path in ROOT.glob("*.md")),
    }
    for top in ("veo_nb", "notebooks", "js", "tests", ".ci", ".github"):
        wanted |= {name for name in find_files(sources / top, top) if "node_modules" not in name}
    assert inside == wanted | built
    assert not [name for name in inside if Path(name).suffix in {".mp4", ".sqlite", ".map", ".pyc", ".whl"}]


def test_the_index_takes_its_metadata(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        content = Metadata.from_email(archive.read(name), validate=True)
        (bom,) = (name for name in archive.namelist() if name.endswith(".cdx.json"))
        component = json.loads(archive.read(bom))["metadata"]["component"]
    assert component["purl"] == f"pkg:pypi/veo-nb@{content.version}"
    assert str(content.version) == json.loads((ROOT / "js" / "package.json").read_text())["version"]
    assert content.description_content_type == "text/markdown"
    assert content.description
    assert content.license_files == ["LICENSE"]


def test_each_package_in_the_bundle_is_named_with_its_licence(wheel):
    locked = json.loads((ROOT / "js" / "package-lock.json").read_text())["packages"]
    expression = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["license"].split(" AND ")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/sboms/bundle.cdx.json"))
        components = json.loads(archive.read(name))["components"]
        texts = archive.read("veo_nb/static/THIRD_PARTY_LICENSES.txt").decode()
        page = archive.read("veo_nb/static/page.js").decode()
    # What the sources import by name, and what that brings; what only the tests and the build use is not in it.
    assert [one["name"] for one in components] == ["preact"]
    for one in components:
        assert one["version"] == locked[f"node_modules/{one['name']}"]["version"]
        (licence,) = one["licenses"]
        assert licence["license"]["id"] in expression
        assert licence["license"]["text"]["content"] in texts
        assert f"{one['name']} {one['version']} ({licence['license']['id']})" in texts
        # An exported page leaves without that file: its first line has the notice.
        assert one["name"] in page.splitlines()[0].lower()


def test_the_panels_bundle_is_small(wheel):
    with zipfile.ZipFile(wheel) as archive:
        sizes = [len(gzip.compress(archive.read(f"veo_nb/static/panel.{kind}"))) for kind in ("js", "css")]
        live = [
            archive.getinfo(f"veo_nb/static/{name}.js") for name in ("widget", "panel", "compare", "page")
        ]
    assert sum(sizes) < 64_000
    assert all(item.file_size > 10_000 for item in live)


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


def find_tops(names: set[str]) -> dict[str, str]:
    """What these distributions have put into this environment's packages, each with its path."""
    tops = {}
    for name in names:
        for line in (distribution(name).read_text("RECORD") or "").splitlines():
            top = line.partition(",")[0].partition("/")[0]
            if top not in ("..", "__pycache__"):
                tops[top] = str(distribution(name).locate_file(top))
    return tops


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The environment of a machine with Python and nothing else: its `bin`, and variables without Node or keys.

    What pip would fetch lies in it already, and nothing more: the environment of the tests has fetched it.
    """
    folder = tmp_path_factory.mktemp("stranger")
    venv.create(folder / "venv")
    commands = folder / "venv" / "bin"
    (site,) = folder.glob("venv/lib/python*/site-packages")
    for name, path in find_tops(wanted(wheel, "")).items():
        (site / name).symlink_to(path)
    pip = [sys.executable, "-m", "pip", "--python", commands / "python"]
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    run(*pip, "install", "--quiet", "--no-index", wheel, folder=folder, environment=alone)
    environment = {"PATH": str(commands), "HOME": str(folder), "LANG": os.environ.get("LANG", "C.UTF-8")}
    assert shutil.which("node", path=environment["PATH"]) is None
    return commands, environment


INSTALLER = """#!{python}
import json, pathlib, sys
print(json.dumps(sys.argv[1:]), file=open({log!r}, "w"))
(site,) = pathlib.Path(sys.argv[sys.argv.index("--python") + 1]).parents[1].glob("lib/python*/site-packages")
for name, path in json.loads(pathlib.Path({tops!r}).read_text()).items():
    (site / name).symlink_to(path)
"""
"""In place of uv: lays out what the extra `lab` needs, as this environment has it."""


@pytest.fixture
def installer(wheel, tmp_path):
    log, tops, uv = tmp_path / "asked.json", tmp_path / "tops.json", tmp_path / "uv"
    tops.write_text(json.dumps(find_tops(wanted(wheel, "lab"))))
    uv.write_text(INSTALLER.format(python=sys.executable, log=str(log), tops=str(tops)))
    uv.chmod(0o755)
    return uv, log


def test_it_imports_without_a_word(installed, tmp_path):
    commands, environment = installed
    assert run(commands / "python", "-c", "import veo_nb", folder=tmp_path, environment=environment) == ""


def test_its_doctor_finds_nothing_wrong(installed, tmp_path):
    commands, environment = installed
    assert "sandbox" in run(commands / "veo-nb", "doctor", folder=tmp_path, environment=environment)


def test_the_demo_makes_playable_videos_where_only_the_package_is(installed, installer, tmp_path):
    commands, environment = installed
    (site,) = commands.parent.glob("lib/python*/site-packages")
    before = sorted(path.name for path in site.iterdir())
    uv, log = installer
    said = run(
        *(commands / "veo-nb", "demo", "--headless"),
        folder=tmp_path,
        environment={**environment, "UV": str(uv)},
    )
    assert "JupyterLab is not here. Fetching it into" in said
    assert [word for word in json.loads(log.read_text()) if word.startswith("jupyterlab")]
    assert sorted(path.name for path in site.iterdir()) == before
    clips = [
        path for line in said.splitlines() for word in line.split() if (path := Path(word)).suffix == ".mp4"
    ]
    assert clips, said
    for clip in clips:
        with av.open(str(tmp_path / clip)) as video:
            assert sum(1 for _ in video.decode(video=0)) >= 4 * 24
            assert video.streams.audio
