"""Dataclasses that are written late: what can be asked of one is what the standard library's gives."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pickle
import subprocess
import sys
import threading
from typing import Any

import pytest

import veo_nb.records.late
from tests.rooms import MODULES
from veo_nb.records.late import dataclass as late
from veo_nb.store.changes import Change

Library = dataclasses.dataclass


def make(dataclass: Any) -> tuple[type, type, type, type]:
    """A few classes, by the one or the other."""

    @dataclass(frozen=True)
    class Point:
        """A place."""

        x: int
        y: int = 2
        tags: list[str] = dataclasses.field(default_factory=list, compare=False)
        note: str = dataclasses.field(default="", repr=False)

        @property
        def far(self) -> int:
            return self.x + self.y

    @dataclass(frozen=True)
    class Named(Point):
        name: str = "home"

        def __str__(self) -> str:
            return self.name

    @dataclass
    class Open:
        many: list[int] = dataclasses.field(default_factory=list)

        def __post_init__(self) -> None:
            self.many.append(1)

        def __repr__(self) -> str:
            return "open"

    @dataclass(eq=False, kw_only=True, repr=False)
    class Waiter:
        turn: int

    return Point, Named, Open, Waiter


def refusal(call: Any) -> str:
    with pytest.raises(Exception) as caught:
        call()
    return f"{type(caught.value).__name__}: {caught.value}".replace("Library", "")


@pytest.mark.parametrize(
    "ask",
    [
        lambda kinds: repr(kinds[0](1)),
        lambda kinds: repr(kinds[1](1, name="x", note="hidden")),
        lambda kinds: (kinds[0](1) == kinds[0](1, tags=["a"]), kinds[0](1) == kinds[0](2)),
        lambda kinds: kinds[0](1) == kinds[1](1),
        lambda kinds: hash(kinds[0](3)) == hash(kinds[0](3, tags=["b"])),
        lambda kinds: kinds[0](1).far,
        lambda kinds: [one.name for one in dataclasses.fields(kinds[1])],
        lambda kinds: dataclasses.asdict(kinds[1](1, tags=["a"])),
        lambda kinds: repr(dataclasses.replace(kinds[1](1), y=5)),
        lambda kinds: str(inspect.signature(kinds[1])),
        lambda kinds: kinds[1].__match_args__,
        lambda kinds: (kinds[0].y, kinds[0].note, hasattr(kinds[0], "tags")),
        lambda kinds: vars(kinds[0](1)),
        lambda kinds: kinds[1](1).__reduce_ex__(2)[2],
        lambda kinds: (repr(kinds[2]()), kinds[2]().many, kinds[2]() == kinds[2]()),
        lambda kinds: kinds[3](turn=1) == kinds[3](turn=1),
        lambda kinds: len({kinds[3](turn=1), kinds[3](turn=1)}),
        lambda kinds: "object at" in repr(kinds[3](turn=1)),
        lambda kinds: refusal(lambda: setattr(kinds[0](1), "x", 2)),
        lambda kinds: refusal(lambda: setattr(kinds[1](1), "other", 2)),
        lambda kinds: refusal(lambda: delattr(kinds[1](1), "name")),
        lambda kinds: refusal(kinds[0]),
        lambda kinds: refusal(lambda: kinds[3](1)),
        lambda kinds: refusal(lambda: hash(kinds[2]())),
        lambda kinds: kinds[0].__doc__,
    ],
)
def test_it_answers_as_the_standard_librarys(ask):
    assert ask(make(late)) == ask(make(Library))


def test_nothing_is_written_before_somebody_needs_it():
    point = make(late)[0]
    assert not inspect.isfunction(vars(point)["__init__"])
    point(1)
    assert inspect.isfunction(vars(point)["__init__"])
    assert inspect.isfunction(vars(point)["__eq__"])


def test_what_was_pickled_is_the_same_before_anything_was_made():
    script = "import pickle, sys; one, two = pickle.load(sys.stdin.buffer); print(one == two, hash(one) == hash(two), one)"
    pickled = pickle.dumps((Change("job", "a1b2"), Change("job", "a1b2")))
    said = subprocess.run([sys.executable, "-c", script], input=pickled, capture_output=True, check=True)
    assert said.stdout.decode().strip() == f"True True {Change('job', 'a1b2')!r}"


def test_threads_that_need_one_at_once_all_have_it():
    for _ in range(20):
        kind, start = make(late)[1], threading.Barrier(4)
        found: list[str] = []

        def first(kind: Any = kind, found: list[str] = found, start: threading.Barrier = start) -> None:
            start.wait()
            found.append(repr(kind(1, name="x")))

        threads = [threading.Thread(target=first) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [repr(make(Library)[1](1, name="x"))] * 4


def test_each_of_the_package_can_be_written():
    """What is wrong with the fields of one is told only when it is used."""
    kinds = [
        kind
        for name in MODULES
        if not name.endswith("__main__")
        for kind in vars(importlib.import_module(name)).values()
        if isinstance(kind, type) and kind.__module__ == name and "__dataclass_fields__" in vars(kind)
    ]
    assert len(kinds) > 80
    for kind in kinds:
        names = {one.name for one in dataclasses.fields(kind)}
        assert names <= set(inspect.signature(kind).parameters)
        assert not [one for one in vars(kind).values() if isinstance(one, veo_nb.records.late._Promise)]
