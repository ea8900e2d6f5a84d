"""Classes that notice when one of their methods is replaced after they were made, as notebooks do.

``MyLayer.backward = backward`` in a later cell makes another layer of every object of the class. The contract wraps
the new method too; programs and checks that rely on the old one compare one count to see that they no longer hold.
"""

from __future__ import annotations

import types
from abc import ABCMeta
from collections.abc import Iterator
from typing import Any

__all__ = ["Patchable", "is_patched", "patches", "unwrapped", "wrappers"]

_MISSING = object()
_CODE = (types.FunctionType, property, staticmethod, classmethod)


class _Count:
    """How often a method of a class of layers or losses has been replaced in this process."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


patches = _Count()


class Patchable(ABCMeta):
    """The class of classes that notice which methods are set on them.

    A class of Lincoln's whose method has been replaced is no longer ``own``, nor are those derived from it, until the
    method is put back.

    >>> class Gate(metaclass=Patchable):
    ...     own = True
    >>> before = patches.count
    >>> Gate.forward = lambda self, input: input
    >>> patches.count - before, Gate.own
    (1, False)
    >>> del Gate.forward
    >>> Gate.own
    True
    """

    def __init__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(name, bases, body)
        type.__setattr__(cls, "_born_own", bool(vars(cls).get("own", False)))
        type.__setattr__(cls, "_replaced", {})

    __instancecheck__ = type.__instancecheck__  # ABCMeta is here for subclasses that are ABCs too: its own is slow
    __subclasscheck__ = type.__subclasscheck__

    def __setattr__(cls, name: str, value: Any) -> None:
        before = vars(cls).get(name, _MISSING)
        super().__setattr__(name, value)
        _note(cls, name, before, value)

    def __delattr__(cls, name: str) -> None:
        before = vars(cls).get(name, _MISSING)
        super().__delattr__(name)
        _note(cls, name, before, _MISSING)

    def rewrap(cls, name: str) -> None:
        """Called when a method has been replaced: classes that wrap their methods wrap it again."""


def is_patched(kind: type) -> bool:
    """Whether a method of that very class has been replaced.

    >>> is_patched(int)
    False
    """
    return bool(vars(kind).get("_replaced"))


def unwrapped(value: Any) -> Any:
    """The function that an author wrote, from one that the contract has wrapped.

    >>> unwrapped(len) is len
    True
    """
    return value.__wrapped__ if getattr(value, "__code__", None) in wrappers else value


wrappers: set[types.CodeType] = set()
"""The code of the functions that the contract puts around methods."""


def _note(cls: Any, name: str, before: Any, now: Any) -> None:
    """Remember what stood there first, and whether the class still does what its author wrote."""
    replaced = vars(cls).get("_replaced")
    if replaced is None or name.startswith("__"):  # the class is still being made
        return
    if not (name in replaced or isinstance(before, _CODE) or isinstance(now, _CODE)):
        return  # a number, such as a count of calls, which programs watch by themselves
    patches.count += 1
    original = replaced.setdefault(name, before)
    if unwrapped(now) is unwrapped(original):
        del replaced[name]
    for kind in _derived(cls):
        if vars(kind)["_born_own"]:
            type.__setattr__(kind, "own", not any(map(is_patched, kind.__mro__)))
    cls.rewrap(name)


def _derived(cls: Any) -> Iterator[Any]:
    """A class and all that derive from it."""
    yield cls
    for kind in type.__subclasses__(cls):
        yield from _derived(kind)
