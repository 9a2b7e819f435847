"""The conda recipe and the workflows: what they name is what the project has."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text("utf-8")) for path in ROOT.glob(".github/workflows/*.yml")
}
PYTHONS = [
    found[1]
    for line in PROJECT["classifiers"]
    if (found := re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", line))
]

# The recipe

CONDA = {"matplotlib": "matplotlib-base"}
"""What conda-forge calls otherwise."""


def test_the_recipe_asks_for_what_pyproject_asks_for():
    recipe = read_recipe()
    needs = [Requirement(line.replace(" ", "", 1)) for line in recipe["requirements"]["run"]]
    assert as_conda(PROJECT["dependencies"]) | {"python": SpecifierSet(PROJECT["requires-python"])} == {
        need.name: need.specifier for need in needs
    }
    extras = [
        line
        for name, lines in PROJECT["optional-dependencies"].items()
        if name not in {"dev", "docs"}
        for line in lines
        if not line.startswith("veo-nb[")
    ]
    limits = [Requirement(line.replace(" ", "", 1)) for line in recipe["requirements"]["run_constraints"]]
    assert {need.name: need.specifier for need in limits} == as_conda(extras)


def test_the_recipe_is_this_version_of_this_package():
    recipe = read_recipe()
    assert (recipe["package"]["name"], recipe["package"]["version"]) == (PROJECT["name"], PROJECT["version"])
    assert recipe["build"]["python"]["entry_points"] == [
        f"{name} = {where}" for name, where in PROJECT["scripts"].items()
    ]
    about = recipe["about"]
    assert (about["summary"], about["license"]) == (PROJECT["description"], PROJECT["license"])
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    assert {line.replace(" ", "") for line in recipe["requirements"]["host"]} >= set(build)


def read_recipe():
    """The recipe with its `context` filled in, as rattler-build does."""
    text = (ROOT / ".ci" / "conda" / "recipe.yaml").read_text("utf-8")
    context = yaml.safe_load(text)["context"]
    return yaml.safe_load(re.sub(r"\$\{\{ (\w+) \}\}", lambda found: context.get(found[1], found[0]), text))


def as_conda(lines):
    needs = map(Requirement, lines)
    return {CONDA.get(need.name, need.name): need.specifier for need in needs}


# The workflows

STEPS = [
    pytest.param(job, step, id=f"{workflow}.{name}.{at}")
    for workflow, content in WORKFLOWS.items()
    for name, job in content["jobs"].items()
    for at, step in enumerate(job["steps"])
]
PROGRAMS = {"pipx", "uvx", "test"}
"""What a step may call besides Python and what is in the tree: installed by a step before it, or the shell's."""
FETCHED = {"build", "pip", "pytest", "twine"}
"""Modules that `python -m` runs, which the same job has installed, or Python has."""


def test_there_are_workflows():
    assert {"tests", "release"} <= WORKFLOWS.keys()


@pytest.mark.parametrize(("job", "step"), STEPS)
def test_a_step_uses_a_pinned_action_or_runs_what_is_there(job, step):
    if "uses" in step:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])
        return
    installed = " ".join(other.get("run", "") for other in job["steps"])
    for line in step["run"].splitlines():
        program, *rest = shlex.split(re.sub(r"\$\{\{.*?\}\}", "X", line))
        if program == "python":
            assert rest[0] == "-m"
            module = rest[1]
            if module.partition(".")[0] in {"tests", "veo_nb"}:
                place = ROOT / module.replace(".", "/")
                assert place.with_suffix(".py").is_file() or (place / "__main__.py").is_file()
            else:
                assert module in FETCHED
                assert module == "pip" or re.search(rf"pip install .*\b({module}|dev)\b", installed)
        elif "/" in program:
            assert (ROOT / program).is_file()
        else:
            assert program in PROGRAMS
            assert program == "test" or re.search(r"pip install .*\bpipx uv\b", installed)


def test_each_pin_says_which_version_it_is():
    for path in ROOT.glob(".github/workflows/*.yml"):
        for line in path.read_text("utf-8").splitlines():
            if "uses:" in line:
                assert re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_no_job_may_write_but_those_that_publish():
    writing = set()
    for workflow, content in WORKFLOWS.items():
        assert content["permissions"] == {"contents": "read"}, workflow
        for name, job in content["jobs"].items():
            if any(given == "write" for given in job.get("permissions", {}).values()):
                writing.add((workflow, name))
                assert "environment" in job
                assert not [step for step in job["steps"] if "run" in step], "it runs nothing of ours"
            assert job["timeout-minutes"] <= 90
    assert writing <= {("release", "publish"), ("docs", "publish")}


def test_every_python_that_the_package_names_is_run():
    jobs = WORKFLOWS["tests"]["jobs"]
    (whole,) = [
        step["with"]["python-version"]
        for step in jobs["everything"]["steps"]
        if "python-version" in step.get("with", {})
    ]
    assert [whole, *jobs["pythons"]["strategy"]["matrix"]["python"]] == PYTHONS
    assert WORKFLOWS["release"]["jobs"]["try"]["strategy"]["matrix"]["python"] == PYTHONS
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"


def test_what_is_published_is_what_was_built_and_tried():
    jobs = WORKFLOWS["release"]["jobs"]
    assert jobs["publish"]["needs"] == ["build", "try"]
    assert [
        name for name, job in jobs.items() if any("python -m build" in s.get("run", "") for s in job["steps"])
    ] == ["build"]
