"""The walk from a `%%veo` cell to the POST: short enough that a newcomer can say it after one look."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any

import pytest

from tests.notebook.conftest import shell
from tests.notebook.test_magics import magics_of
from veo_nb.engine.loop import BackgroundLoop
from veo_nb.notebook.magics import unregister

__all__ = ["shell"]

MOST = 24
"""Functions of ours from the cell to the POST."""
STEPS = [
    "veo_nb/notebook/options.py:parse_cell",
    "veo_nb/studio.py:submit",
    "veo_nb/request.py:make_request",
    "veo_nb/store/ledger.py:add_job",
    "veo_nb/engine/lease.py:start",
    "veo_nb/api/client.py:submit",
]
"""As DESIGN tells it; the dialect has its part in the client's."""


def name_of(code: CodeType) -> str:
    """`veo_nb/studio.py:submit` for a function of ours, and nothing for any other."""
    _, found, path = code.co_filename.replace("\\", "/").rpartition("/veo_nb/")
    return f"veo_nb/{path}:{code.co_name}" if found else ""


def stack(frame: FrameType | None) -> list[str]:
    """Our functions on a stack, the one that was called first first."""
    found = []
    while frame is not None:
        found.append(name_of(frame.f_code))
        frame = frame.f_back
    return [name for name in reversed(found) if name]


def waiting(coroutine: Any) -> Iterator[str]:
    """Our functions that wait for one another in a task."""
    while coroutine is not None:
        code = getattr(coroutine, "cr_code", None)
        if code is not None and name_of(code):
            yield name_of(code)
        coroutine = getattr(coroutine, "cr_await", None)


class Walk:
    """What was on the stacks when the job was handed to the loop, and when the POST went out."""

    def __init__(self) -> None:
        self.cell: list[str] = []
        self.loop: list[str] = []
        self.passed: list[str] = []

    def hand_over(self) -> None:
        if threading.current_thread() is threading.main_thread() and not self.loop:
            self.cell = [*stack(sys._getframe(2)), "veo_nb/engine/loop.py:call"]

    def post(self) -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            self.loop += waiting(task.get_coro())
        self.loop += stack(sys._getframe(1))

    def note(self, frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and (name := name_of(frame.f_code)) in STEPS and name not in self.passed:
            self.passed.append(name)

    def __str__(self) -> str:
        lines = [*self.cell, "-- the loop --", *self.loop]
        return "\n".join([f"{len(self.cell) + len(self.loop)} functions", *lines])


@pytest.fixture
def walk(shell, make_studio, service, monkeypatch):
    """A cell that was run, as far as its POST."""
    walk, call = Walk(), BackgroundLoop.call

    def seen_call(self, function, *arguments):
        walk.hand_over()
        call(self, function, *arguments)

    monkeypatch.setattr(BackgroundLoop, "call", seen_call)

    def seen_post(request):
        if request.method == "POST":
            walk.post()

    monkeypatch.setattr(service, "seen", seen_post)
    studio = make_studio()
    shell.register_magics(magics_of(shell, studio))
    before = sys.getprofile()
    sys.setprofile(walk.note)
    threading.setprofile(walk.note)
    try:
        shell.run_cell("%%veo --out fox\nA fox.")
    finally:
        sys.setprofile(before)
        threading.setprofile(None)
    shell.user_ns["fox"].wait(30)
    unregister(shell)
    return walk


def test_from_the_cell_to_the_post_it_is_a_short_walk(walk):
    assert walk.cell[0] == "veo_nb/notebook/magics.py:veo"
    assert "veo_nb/api/client.py:submit" in walk.loop
    assert len(walk.cell) + len(walk.loop) <= MOST, str(walk)


def test_it_goes_by_the_steps_that_the_plan_names(walk):
    assert walk.passed == STEPS, str(walk)
