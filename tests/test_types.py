"""Every type that a public function or attribute gives is public itself, however far one follows it."""

from __future__ import annotations

import builtins
import inspect
import sys
import typing
from collections.abc import Iterator
from typing import Any

import veo_nb as veo


class Others:
    """A module of somebody else's, whose classes are anybody's."""

    def __getattr__(self, name: str) -> type:
        return object

    def __call__(self) -> None:
        """So that typing takes it for a class itself."""

    def __or__(self, other: Any) -> Any:
        return other


class Names(dict[str, Any]):
    """The names of a module; those that only a type checker sees are the public ones, or anybody's."""

    def __init__(self, module: str) -> None:
        super().__init__(vars(sys.modules[module]))

    def __missing__(self, name: str) -> Any:
        if name.startswith("__"):
            raise KeyError(name)
        if hasattr(builtins, name):
            return getattr(builtins, name)
        # `pd.DataFrame`, `httpx2.AsyncBaseTransport` and the like belong to others.
        return getattr(veo, name, Others())


def hints(thing: Any) -> dict[str, Any]:
    """Its own annotations, without those of the classes above it, which may be others'."""
    written = inspect.get_annotations(thing)
    names = Names(thing.__module__)
    # As `typing.get_type_hints`, which from 3.14 on copies the names and loses those that are made up.
    return {
        name: eval(hint, {}, names) if isinstance(hint, str) else hint
        for name, hint in written.items()
        if name[0] != "_"
    }


def classes(hint: Any) -> Iterator[type]:
    """The classes of ours in an annotation; a shape alone (a Protocol) is met by a public one.

    What a view and its page say to each other (`notebook.protocol`) is for nobody else.
    """
    ours = isinstance(hint, type) and not typing.get_args(hint) and hint.__module__.startswith("veo_nb")
    ours = ours and hint.__module__ != "veo_nb.notebook.protocol"
    if ours and not getattr(hint, "_is_protocol", False):
        yield hint
    for part in typing.get_args(hint):
        if not isinstance(part, list):
            yield from classes(part)


def given(thing: Any) -> Iterator[tuple[str, Any]]:
    """What a public function returns, or the attributes and the methods of a public class give."""
    if inspect.isfunction(thing):
        yield thing.__name__, hints(thing).get("return")
        return
    if inspect.ismodule(thing):
        return
    for one in [one for one in thing.__mro__ if one.__module__.startswith("veo_nb")]:
        for name, hint in hints(one).items():
            yield f"{one.__name__}.{name}", hint
        for name, member in vars(one).items():
            found = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
            if inspect.isfunction(found) and found.__module__.startswith("veo_nb"):
                yield f"{one.__name__}.{name}", hints(found).get("return")


def test_every_type_that_is_given_is_public():
    public = {getattr(veo, name) for name in veo.__all__}
    hidden = {
        f"{where} gives {kind.__module__}.{kind.__name__}"
        for thing in public
        for where, hint in given(thing)
        if not where.rpartition(".")[2].startswith("_")
        for kind in classes(hint)
        # A studio with views is a studio.
        if kind not in public and not any(issubclass(one, kind) for one in public if isinstance(one, type))
    }
    assert hidden == set()


def test_the_types_are_followed_into_what_functions_return():
    """Or the test before would hold for whatever can't be read."""
    assert dict(given(veo.cost))["cost"] is veo.Bill
    assert dict(given(veo.panel))["panel"] is veo.Panel
    assert dict(given(veo.Studio))["Studio.library"] is veo.Library
    assert [*classes(dict(given(veo.Sweep))["Sweep.best"])] == [veo.Result, veo.Standing]
