"""What hosts have installed already, which `pip install veo-nb` must leave as it is."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parents[2]
HERE = Path(__file__).parent
REPLACED = {"filelock"}
"""What our code does not run on as it is there: before 4 a forked child that ended took its parent's lock away."""


def pins(host: str) -> dict[str, str]:
    text = (HERE / f"{host}.txt").read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


@pytest.mark.parametrize("extra", ["", "data", "rank", "vertex", "keyring"])
@pytest.mark.parametrize("host", ["colab", "kaggle"])
def test_what_a_host_has_is_left_as_it_is(host, extra):
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = project["optional-dependencies"][extra] if extra else project["dependencies"]
    there = pins(host)
    known = [one for one in map(Requirement, asked) if canonicalize_name(one.name) in there]
    assert known or extra == "rank"
    refused = {one.name for one in known if there[canonicalize_name(one.name)] not in one.specifier}
    assert refused == (REPLACED if not extra else set())
