"""The rows' recorder, the provider on a socket, and the studios that come after a crash."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.boundaries import shortly
from tests.faults.provider import KEY, Provider
from tests.faults.rows import Row, save
from veo_nb.studio import Studio

_ROWS: list[Row] = []
ROW = pytest.StashKey[Row]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A row whose test failed is red."""
    report = yield
    if report.failed and (row := item.stash.get(ROW, None)):
        row.red = True
    return report


@pytest.fixture
def matrix(request) -> Callable[[Row], Row]:
    """Hand a row in, before anything is asserted about it."""

    def record(row: Row) -> Row:
        request.node.stash[ROW] = row
        _ROWS.append(row)
        return row

    return record


def pytest_sessionfinish() -> None:
    if _ROWS:
        save(_ROWS)


@pytest.fixture(scope="session")
def _server(clip) -> Iterator[Provider]:
    with Provider(clip) as provider:
        yield provider


@pytest.fixture
def provider(_server) -> Iterator[Provider]:
    """The provider, which has forgotten everything."""
    _server.forget()
    yield _server
    _server.forget()


@pytest.fixture
def folder(tmp_path) -> Path:
    """The folder in which the work is done."""
    return Path(tmp_path)


@pytest.fixture
def studio_in() -> Iterator[Callable[..., Studio]]:
    """Studios that end with their test: `studio_in(folder, provider)`."""
    made: list[Studio] = []

    def make(folder: Path, provider: Provider, **settings: Any) -> Studio:
        values: dict[str, Any] = {"environ": provider.environment, "sleep": shortly, **settings}
        made.append(Studio(folder=folder, **values))
        return made[-1]

    yield make
    for studio in made:
        studio.close()


def leaks(folder: Path) -> int:
    """In how many files of a folder the key is found."""
    return sum(KEY.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())
