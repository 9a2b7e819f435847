"""`dataclass` as the standard library has it, whose methods are written when somebody first needs one of them.

To write and compile them takes half a millisecond for each class: of the ninety of this package that was half of the time
that `%load_ext veo_nb` took, and most of them are not made before a clip is. What is written is the standard library's own,
and so is all that can be asked of such a class: `fields`, `replace`, `asdict`, a signature, a match.
"""

from __future__ import annotations

import copy
import dataclasses
from functools import partial
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(
        kind: type | None = None, /, *, frozen: bool = False, kw_only: bool = False, **how: bool
    ) -> Any:
        """A class of values, as `dataclasses.dataclass`: what is wrong with its fields is told when it is first used."""
        how |= {"frozen": frozen, "kw_only": kw_only}
        if kind is None:
            return partial(dataclass, **how)
        body = dict(vars(kind))
        names = {"__init__", "__match_args__", "__dataclass_fields__", "__dataclass_params__"}
        # For `copy.replace`, from Python 3.13 on.
        names |= {"__replace__"} if hasattr(copy, "replace") else set()
        names |= {name for name in ("__repr__", "__eq__") if how.get(name.strip("_"), True)}
        names -= body.keys()
        if how.get("eq", True) and body.get("__hash__") is None:
            # What can't be hashed says so itself: Python would ask no method.
            names |= {"__hash__"} if frozen else set()
            kind.__hash__ = None
        if frozen:
            _freeze(kind)
        for name, value in body.items():
            if isinstance(value, dataclasses.Field):
                if value.default is dataclasses.MISSING:
                    delattr(kind, name)
                else:
                    setattr(kind, name, value.default)
        written = _Written(kind, body, how, names)
        for name in names:
            setattr(kind, name, _Promise(name, written))
        return kind


class _Written:
    """What the standard library writes for a class."""

    def __init__(self, kind: Any, body: dict[str, Any], how: dict[str, bool], names: set[str]) -> None:
        self._kind, self._body, self._how, self._names = kind, body, how, names

    def find(self, name: str) -> Any:
        """One of the names; all of them are the class's own from then on."""
        kind = self._kind
        # A class just like it, so that no thread ever finds this one without a method. Two that write at once write the same.
        body = {key: value for key, value in self._body.items() if key not in ("__dict__", "__weakref__")}
        body["__qualname__"] = kind.__qualname__
        twin = dataclasses.dataclass(**self._how)(type(kind)(kind.__name__, kind.__bases__, body))
        found = {key: vars(twin)[key] for key in self._names}
        for key, value in found.items():
            setattr(kind, key, value)
        return found[name]


class _Promise:
    """Stands in a class for what is not written yet."""

    def __init__(self, name: str, written: _Written) -> None:
        self._name, self._written = name, written

    def __get__(self, one: object, kind: type) -> Any:
        found = self._written.find(self._name)
        return found.__get__(one, kind) if one is not None and callable(found) else found


def _freeze(kind: Any) -> None:
    """Let no field be set or deleted, in the standard library's words."""

    def is_fixed(one: object, name: str) -> bool:
        return type(one) is kind or name in {field.name for field in dataclasses.fields(kind)}

    def __setattr__(self: Any, name: str, value: object) -> None:  # noqa: N807
        if is_fixed(self, name):
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        super(kind, self).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:  # noqa: N807
        if is_fixed(self, name):
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        super(kind, self).__delattr__(name)

    for method in (__setattr__, __delattr__):
        method.__qualname__ = f"{kind.__qualname__}.{method.__name__}"
        setattr(kind, method.__name__, method)
